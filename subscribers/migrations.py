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
