"""The tables of this package, as short named steps. A step that has been released is never edited."""

import secrets

from sqlite_utils import Database, Migrations

migrations = Migrations("subscribers")


@migrations()
def m001_people(db: Database) -> None:
    """People, their interests, the evidence of their consent, and whom never to mail."""
    for statement in (
        """
        CREATE TABLE subscribers (
            id INTEGER PRIMARY KEY AUTOINCREMENT, -- never reused: signed links name it
            address TEXT NOT NULL,                -- as mail wants it: A-label domain, local part as typed
            address_key TEXT NOT NULL UNIQUE,     -- case folded
            name TEXT NOT NULL DEFAULT '',
            state TEXT NOT NULL,
            frequency TEXT NOT NULL,
            day INTEGER NOT NULL,
            at TEXT NOT NULL,                     -- local HH:MM
            timezone TEXT NOT NULL,
            created_at TEXT NOT NULL,             -- UTC, ISO 8601, like every time here
            confirmed_at TEXT                     -- null while pending
        ) STRICT
        """,
        "CREATE INDEX subscribers_by_state ON subscribers (state)",
        """
        CREATE TABLE interests (
            subscriber_id INTEGER NOT NULL REFERENCES subscribers (id) ON DELETE CASCADE,
            position INTEGER NOT NULL,
            text TEXT NOT NULL,
            muted INTEGER NOT NULL,
            PRIMARY KEY (subscriber_id, position)
        ) STRICT, WITHOUT ROWID
        """,
        """
        CREATE TABLE evidence (
            id INTEGER PRIMARY KEY,
            subscriber_id INTEGER NOT NULL REFERENCES subscribers (id) ON DELETE CASCADE,
            at TEXT NOT NULL,
            event TEXT NOT NULL,                  -- what was agreed to or withdrawn
            origin TEXT NOT NULL,                 -- page, mail, operator
            words TEXT NOT NULL                   -- what the person was shown, or the operator's statement
        ) STRICT
        """,
        "CREATE INDEX evidence_by_subscriber ON evidence (subscriber_id)",
        """
        CREATE TRIGGER evidence_is_append_only BEFORE UPDATE ON evidence
        BEGIN SELECT RAISE(ABORT, 'evidence is append-only'); END
        """,
        """
        CREATE TABLE suppressions (
            address_hash BLOB PRIMARY KEY,        -- keyed BLAKE2b of the folded address; the address itself is gone
            reason TEXT NOT NULL,                 -- bounced, complained, erased
            at TEXT NOT NULL
        ) STRICT, WITHOUT ROWID
        """,
        "CREATE TABLE suppression_key (id INTEGER PRIMARY KEY CHECK (id = 1), key BLOB NOT NULL) STRICT",
    ):
        db.conn.execute(statement)
    db.conn.execute("INSERT INTO suppression_key VALUES (1, ?)", [secrets.token_bytes(32)])


@migrations()
def m002_what_readers_ask_for(db: Database) -> None:
    """Confirmations, pauses with an end, evidence that says more, bounces, limits."""
    for statement in (
        "ALTER TABLE subscribers ADD COLUMN paused_until TEXT",  # null: until they say so
        "ALTER TABLE subscribers ADD COLUMN announcements INTEGER NOT NULL DEFAULT 1",
        "ALTER TABLE subscribers ADD COLUMN changed_at TEXT",  # of the state
        "ALTER TABLE subscribers ADD COLUMN reminded_at TEXT",  # when the one reminder to confirm went out
        "ALTER TABLE evidence ADD COLUMN page TEXT NOT NULL DEFAULT ''",  # the page's address, or the mail's
        "ALTER TABLE evidence ADD COLUMN message_id TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE evidence ADD COLUMN ip TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE evidence ADD COLUMN agent TEXT NOT NULL DEFAULT ''",
        """
        CREATE TABLE confirmations (
            token_hash BLOB PRIMARY KEY,          -- SHA-256: who reads the database confirms nothing
            subscriber_id INTEGER NOT NULL REFERENCES subscribers (id) ON DELETE CASCADE,
            purpose TEXT NOT NULL,
            detail TEXT NOT NULL,                 -- JSON: what is done once it is confirmed
            created_at TEXT NOT NULL,
            expires_at TEXT NOT NULL,
            used_at TEXT                          -- a second click finds the same answer
        ) STRICT, WITHOUT ROWID
        """,
        "CREATE INDEX confirmations_by_subscriber ON confirmations (subscriber_id)",
        """
        CREATE TABLE bounces (
            subscriber_id INTEGER NOT NULL REFERENCES subscribers (id) ON DELETE CASCADE,
            mail TEXT NOT NULL,                   -- which of our mails: each counts once, however often it is reported
            at TEXT NOT NULL,
            weight REAL NOT NULL,
            why TEXT NOT NULL,                    -- in the other server's words
            PRIMARY KEY (subscriber_id, mail)
        ) STRICT, WITHOUT ROWID
        """,
        """
        CREATE TABLE attempts (                   -- for limits; goes after a day
            key BLOB NOT NULL,                    -- keyed BLAKE2b of an address or a network
            at TEXT NOT NULL
        ) STRICT
        """,
        "CREATE INDEX attempts_by_key ON attempts (key, at)",
        "CREATE INDEX attempts_by_time ON attempts (at)",
    ):
        db.conn.execute(statement)


@migrations()
def m003_when_a_rhythm_began(db: Database) -> None:
    """From when on somebody's due dates count."""
    for statement in (
        "ALTER TABLE subscribers ADD COLUMN joined_at TEXT",  # due dates count from here; null: confirmed_at
        "ALTER TABLE subscribers ADD COLUMN rhythm_at TEXT",  # when day, hour or zone last changed
        # 1: an issue comes at once after joined_at, if their own day is far away
        "ALTER TABLE subscribers ADD COLUMN welcome INTEGER NOT NULL DEFAULT 0",
        "CREATE INDEX subscribers_by_rhythm ON subscribers (state, frequency, day, at, timezone)",
        "CREATE INDEX subscribers_by_joining ON subscribers (joined_at)",
        "CREATE INDEX subscribers_by_change ON subscribers (rhythm_at)",
    ):
        db.conn.execute(statement)
