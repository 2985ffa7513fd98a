"""The tables of this package, as short named steps. A step that has been released is never edited."""

import secrets

from sqlite_utils import Database, Migrations

migrations = Migrations("newsletter")


@migrations()
def m001_the_main_line(db: Database) -> None:
    """Sources, entries, vectors, issues, deliveries, and the key that signs links."""
    for statement in (
        """
        CREATE TABLE sources (                    -- what is remembered of each source between pulls
            name TEXT PRIMARY KEY,
            location TEXT NOT NULL,               -- the validators are good for this one only
            pulled_at TEXT,                       -- UTC, ISO 8601, like every time here
            error TEXT,                           -- null if the last pull went well
            etag TEXT,
            last_modified TEXT
        ) STRICT
        """,
        """
        CREATE TABLE entries (
            id INTEGER PRIMARY KEY AUTOINCREMENT, -- grows with arrival: an issue's candidates are a range of ids
            title TEXT NOT NULL,
            summary TEXT NOT NULL,
            authors TEXT NOT NULL,                -- JSON list of names
            url TEXT,                             -- null where the source gave none
            published TEXT,                       -- ISO date, null where unknown
            categories TEXT NOT NULL,             -- JSON list
            popularity INTEGER,                   -- null where unknown
            content_hash BLOB NOT NULL,           -- of the text that is embedded
            first_seen TEXT NOT NULL
        ) STRICT
        """,
        """
        CREATE TABLE entry_keys (                 -- every identity under which an entry is known
            key TEXT PRIMARY KEY,                 -- doi:… arxiv:… url:… title:…
            entry_id INTEGER NOT NULL REFERENCES entries (id)
        ) STRICT, WITHOUT ROWID
        """,
        "CREATE INDEX entry_keys_by_entry ON entry_keys (entry_id)",
        """
        CREATE TABLE entry_sources (              -- where an entry was seen
            entry_id INTEGER NOT NULL REFERENCES entries (id),
            source TEXT NOT NULL,
            document TEXT NOT NULL,               -- file name or URL
            seen_at TEXT NOT NULL,
            PRIMARY KEY (entry_id, source, document)
        ) STRICT, WITHOUT ROWID
        """,
        """
        CREATE TABLE vectors (
            content_hash BLOB NOT NULL,
            model TEXT NOT NULL,
            vector BLOB NOT NULL,                 -- float16, unit length
            PRIMARY KEY (content_hash, model)
        ) STRICT, WITHOUT ROWID
        """,
        """
        CREATE TABLE issues (
            id INTEGER PRIMARY KEY,
            frequency TEXT NOT NULL,
            due_date TEXT NOT NULL,               -- local to each reader
            state TEXT NOT NULL,
            frozen_at TEXT NOT NULL,
            up_to_entry INTEGER NOT NULL,         -- the next issue begins behind this one
            edition TEXT NOT NULL,                -- JSON: the frozen pieces that all copies share
            UNIQUE (frequency, due_date)
        ) STRICT
        """,
        """
        CREATE TABLE issue_entries (
            issue_id INTEGER NOT NULL REFERENCES issues (id),
            entry_id INTEGER NOT NULL REFERENCES entries (id),
            pin INTEGER,                          -- place among the editor's choices
            card TEXT NOT NULL,                   -- JSON: the frozen pieces of this entry
            PRIMARY KEY (issue_id, entry_id)
        ) STRICT, WITHOUT ROWID
        """,
        """
        CREATE TABLE deliveries (
            id INTEGER PRIMARY KEY,
            issue_id INTEGER NOT NULL REFERENCES issues (id),
            subscriber_id INTEGER NOT NULL,       -- of the subscribers' package
            period TEXT NOT NULL,                 -- 2026-11-27, 2026-W48 or 2026-11
            state TEXT NOT NULL,
            due_at TEXT NOT NULL,                 -- not before
            recipe TEXT NOT NULL,                 -- JSON: what to put together
            why TEXT NOT NULL DEFAULT '',         -- of the state, in words
            date TEXT,                            -- the Date header, fixed at the first claim
            attempts INTEGER NOT NULL DEFAULT 0,
            worker TEXT,                          -- whose claim it is
            changed_at TEXT NOT NULL,
            UNIQUE (issue_id, subscriber_id),
            UNIQUE (subscriber_id, period)
        ) STRICT
        """,
        "CREATE INDEX deliveries_by_state ON deliveries (state, due_at)",
        """
        CREATE TABLE received (                   -- what a reader has had, from the claim on
            subscriber_id INTEGER NOT NULL,
            entry_id INTEGER NOT NULL,
            delivery_id INTEGER NOT NULL,
            PRIMARY KEY (subscriber_id, entry_id)
        ) STRICT, WITHOUT ROWID
        """,
        "CREATE INDEX received_by_entry ON received (entry_id)",
        "CREATE INDEX received_by_delivery ON received (delivery_id)",
        """
        CREATE TABLE link_keys (                  -- the newest signs; older ones go on verifying
            id INTEGER PRIMARY KEY,
            key BLOB NOT NULL
        ) STRICT
        """,
    ):
        db.conn.execute(statement)
    db.conn.execute("INSERT INTO link_keys (key) VALUES (?)", [secrets.token_bytes(32)])


@migrations()
def m002_readers(db: Database) -> None:
    """Notices in the ledger of deliveries, votes, mail that came in, search, what the operator switched."""
    for statement in (
        """
        CREATE TABLE outbox (
            id INTEGER PRIMARY KEY AUTOINCREMENT, -- never reused: the return path of a mail names it
            issue_id INTEGER REFERENCES issues (id), -- null for a notice
            subscriber_id INTEGER,                -- of the subscribers' package; null where nobody is one
            period TEXT,                          -- 2026-11-27, 2026-W48 or 2026-11; null for a notice
            notice TEXT,                          -- its kind; null for a copy of an issue
            key TEXT UNIQUE,                      -- a notice's own: what was asked for once is mailed once
            state TEXT NOT NULL,
            due_at TEXT NOT NULL,                 -- not before
            recipe TEXT NOT NULL,                 -- JSON: what to put together; a notice's words, until it is sent
            why TEXT NOT NULL DEFAULT '',         -- of the state, in words
            date TEXT,                            -- the Date header, fixed at the first claim
            attempts INTEGER NOT NULL DEFAULT 0,
            worker TEXT,                          -- whose claim it is
            changed_at TEXT NOT NULL,
            UNIQUE (issue_id, subscriber_id),
            UNIQUE (subscriber_id, period)
        ) STRICT
        """,
        "INSERT INTO outbox (id, issue_id, subscriber_id, period, state, due_at, recipe, why, date, attempts, worker, "
        "changed_at) SELECT id, issue_id, subscriber_id, period, state, due_at, recipe, why, date, attempts, worker, "
        "changed_at FROM deliveries",
        "DROP TABLE deliveries",
        "ALTER TABLE outbox RENAME TO deliveries",
        "CREATE INDEX deliveries_by_state ON deliveries (state, due_at)",
        "CREATE INDEX notices_by_state ON deliveries (state, due_at) WHERE notice IS NOT NULL",
        # The archive's page asks of every issue when it went out first.
        "CREATE INDEX deliveries_sent ON deliveries (issue_id, date) WHERE state = 'sent'",
        "ALTER TABLE issues ADD COLUMN general TEXT",  # JSON: everybody's edition, for the archive
        """
        CREATE TABLE votes (
            subscriber_id INTEGER NOT NULL,
            entry_id INTEGER NOT NULL REFERENCES entries (id),
            value INTEGER NOT NULL,               -- 1 for more like this, -1 for less
            at TEXT NOT NULL,
            PRIMARY KEY (subscriber_id, entry_id)
        ) STRICT, WITHOUT ROWID
        """,
        """
        CREATE TABLE incoming (                   -- mail that was dealt with: what comes twice is done once
            key BLOB PRIMARY KEY,                 -- of the Message-ID, or of the whole mail
            at TEXT NOT NULL
        ) STRICT, WITHOUT ROWID
        """,
        """
        CREATE TABLE switches (                   -- what the operator switched, such as sending
            name TEXT PRIMARY KEY,
            off INTEGER NOT NULL,
            why TEXT NOT NULL,
            at TEXT NOT NULL
        ) STRICT, WITHOUT ROWID
        """,
    ):
        db.conn.execute(statement)
    db["entries"].enable_fts(["title", "summary"], tokenize="porter", create_triggers=True)  # type: ignore[union-attr]


@migrations()
def m003_the_clock(db: Database) -> None:
    """What is remembered between pulls and ticks, the operator's word about issues, what readers suggest."""
    for statement in (
        "ALTER TABLE sources ADD COLUMN good_at TEXT",  # the last pull that went well
        "ALTER TABLE sources ADD COLUMN next_at TEXT",  # not before; null: as often as the settings say
        "ALTER TABLE sources ADD COLUMN failures INTEGER NOT NULL DEFAULT 0",  # in a row
        "ALTER TABLE sources ADD COLUMN failing_since TEXT",
        "ALTER TABLE sources ADD COLUMN moved_to TEXT",  # where the server says that it is for good
        "ALTER TABLE sources ADD COLUMN files TEXT",  # JSON: what each file of a folder was like when it was read
        """
        CREATE TABLE hosts (                      -- when a server may be asked again, by whichever process
            host TEXT PRIMARY KEY,
            free_at TEXT NOT NULL
        ) STRICT, WITHOUT ROWID
        """,
        "ALTER TABLE entries ADD COLUMN thanks TEXT NOT NULL DEFAULT ''",  # to whom, where a reader suggested it
        """
        CREATE TABLE issue_words (                -- the operator's last word about an issue, made or not made yet
            frequency TEXT NOT NULL,
            due_date TEXT NOT NULL,
            word TEXT NOT NULL,                   -- hold, release, skip or cancel
            at TEXT NOT NULL,
            PRIMARY KEY (frequency, due_date)
        ) STRICT, WITHOUT ROWID
        """,
        "ALTER TABLE issues ADD COLUMN held_until TEXT",  # null: until the operator says so
        "CREATE INDEX issues_by_state ON issues (state)",
        """
        CREATE TABLE suggestions (                -- links that readers sent in
            id INTEGER PRIMARY KEY AUTOINCREMENT, -- never reused: signed links name it
            subscriber_id INTEGER,                -- of the subscribers' package; null once they were erased
            url TEXT NOT NULL,
            why TEXT NOT NULL,                    -- in the reader's words
            named INTEGER NOT NULL,               -- may they be thanked by name?
            state TEXT NOT NULL,                  -- new, waiting, accepted, declined, unreadable
            entry TEXT NOT NULL DEFAULT '',       -- JSON: what was found behind the link
            trouble TEXT NOT NULL DEFAULT '',     -- why nothing was
            tries INTEGER NOT NULL DEFAULT 0,
            next_at TEXT,                         -- not before
            entry_id INTEGER REFERENCES entries (id), -- once it is accepted
            at TEXT NOT NULL,
            changed_at TEXT NOT NULL
        ) STRICT
        """,
        "CREATE INDEX suggestions_by_state ON suggestions (state)",
        "CREATE INDEX suggestions_by_subscriber ON suggestions (subscriber_id)",
        """
        CREATE TABLE ticks (                      -- what runs by itself, and how it went last
            name TEXT PRIMARY KEY,                -- pull, make, deliver, tend
            began_at TEXT,
            ended_at TEXT,
            good_at TEXT,                         -- when it last ended well
            failing_since TEXT,
            error TEXT                            -- null if it ended well
        ) STRICT, WITHOUT ROWID
        """,
    ):
        db.conn.execute(statement)


@migrations()
def m004_delivery(db: Database) -> None:
    """What servers said, waiting copies by issue, pacing over restarts, whether the database went back in time."""
    for statement in (
        "ALTER TABLE deliveries ADD COLUMN answer TEXT NOT NULL DEFAULT ''",  # what the server said when it took it
        "ALTER TABLE deliveries ADD COLUMN took INTEGER",  # milliseconds from its first byte to that answer
        "ALTER TABLE deliveries ADD COLUMN tried_since TEXT",  # when it was claimed first, since it was queued
        # Copies of one issue that wait: those of a held one must not be in the way of others.
        "CREATE INDEX deliveries_waiting ON deliveries (issue_id, due_at) "
        "WHERE notice IS NULL AND state IN ('queued', 'deferred')",
        "ALTER TABLE issues ADD COLUMN held_why TEXT NOT NULL DEFAULT ''",  # where the program held it, not a person
        "ALTER TABLE issues ADD COLUMN through_at TEXT",  # when nothing of it waited any more, and that was told
        """
        CREATE TABLE paces (                      -- how fast mail may leave, kept over restarts
            name TEXT PRIMARY KEY,                -- a provider's domain; '' for all mail
            free_at REAL NOT NULL,                -- when the next message may begin, seconds since 1970
            paused_until TEXT,                    -- a server asked for it, or went on saying "later"
            why TEXT NOT NULL DEFAULT '',         -- in its words
            storms INTEGER NOT NULL DEFAULT 0     -- pauses in a row
        ) STRICT, WITHOUT ROWID
        """,
        """
        CREATE TABLE sent_by_minute (             -- of the last day, for limits an hour and a day
            minute INTEGER PRIMARY KEY,           -- since 1970
            messages INTEGER NOT NULL
        ) STRICT
        """,
        """
        CREATE TABLE senders (                    -- addresses that we send from, for their slow start
            address TEXT PRIMARY KEY,
            since TEXT NOT NULL                   -- when the first message left
        ) STRICT, WITHOUT ROWID
        """,
        """
        CREATE TABLE handed_over (                -- one row: so often was something claimed for sending
            id INTEGER PRIMARY KEY CHECK (id = 1),
            claims INTEGER NOT NULL,              -- a file beside the database knows it too, and sees it go back
            doubted_until TEXT                    -- what was due by then may have been sent by a lost database
        ) STRICT
        """,
        "INSERT INTO handed_over (id, claims) VALUES (1, 0)",
    ):
        db.conn.execute(statement)


@migrations()
def m005_cheaper_sending(db: Database) -> None:
    """What a reader has had is found by its reader: two more indexes cost each message more than the rows."""
    db.conn.execute("DROP INDEX received_by_entry")
    db.conn.execute("DROP INDEX received_by_delivery")


@migrations()
def m006_restored_copies(db: Database) -> None:
    """Notices that a restored copy makes itself are in no doubt."""
    # The newest delivery when `doubted_until` was set.
    db.conn.execute("ALTER TABLE handed_over ADD COLUMN doubted_newest INTEGER NOT NULL DEFAULT 0")


@migrations()
def m007_the_editors_desk(db: Database) -> None:
    """Until when the operator's word holds an issue, and what the editor dropped from one and edited in it."""
    for statement in (
        "ALTER TABLE issue_words ADD COLUMN until TEXT",  # of a hold: when it ends by itself; null: by a word only
        "ALTER TABLE issues ADD COLUMN editorial TEXT NOT NULL DEFAULT ''",  # JSON: intro, drops, edits; '' before this
    ):
        db.conn.execute(statement)


@migrations()
def m008_pictures(db: Database) -> None:
    """Entries may have a picture."""
    db.conn.execute("ALTER TABLE entries ADD COLUMN image TEXT NOT NULL DEFAULT ''")  # https link; empty for none


@migrations()
def m009_cheaper_looking(db: Database) -> None:
    """What came in of late, and who likes it, is found without reading all that ever came in and was voted."""
    db.conn.execute("CREATE INDEX entries_by_arrival ON entries (first_seen)")
    db.conn.execute("CREATE INDEX votes_by_entry ON votes (entry_id, value)")


@migrations()
def m010_ranking(db: Database) -> None:
    """Models, papers that readers name as interests, proposals, when the last vote came."""
    for statement in (
        """
        CREATE TABLE models (                     -- whose vectors are kept
            vectors TEXT PRIMARY KEY,             -- vectors.model
            model TEXT NOT NULL,                  -- as the settings named it: model.name and model.backend
            backend TEXT NOT NULL,
            serving INTEGER NOT NULL,             -- of one at most: everything goes by it
            at TEXT NOT NULL                      -- since when it serves, or does not any more
        ) STRICT, WITHOUT ROWID
        """,
        "CREATE UNIQUE INDEX models_serving ON models (serving) WHERE serving",
        "CREATE INDEX vectors_by_model ON vectors (model)",
        # Until now a model's vectors had the name of its setting; that of most of them is taken for the one in use.
        "INSERT INTO models SELECT model, iif(model LIKE 'all-MiniLM-L6-v2@%', 'bundled', model), 'auto', 1, "
        "strftime('%Y-%m-%dT%H:%M:%S+00:00', 'now') FROM vectors GROUP BY model ORDER BY count(*) DESC LIMIT 1",
        """
        CREATE TABLE papers (                     -- what readers name in their interests; not who names it
            key TEXT PRIMARY KEY,                 -- as in entry_keys
            title TEXT NOT NULL DEFAULT '',       -- '' while nothing is known
            summary TEXT NOT NULL DEFAULT '',
            url TEXT,
            authors TEXT NOT NULL DEFAULT '[]',   -- JSON list of names
            written TEXT NOT NULL,                -- where to look for it: an arXiv id, a DOI, a link
            tries INTEGER NOT NULL DEFAULT 0,
            next_at TEXT,                         -- not before; null: not looked for any more
            trouble TEXT NOT NULL DEFAULT '',     -- why nothing is known, in a sentence
            at TEXT NOT NULL                      -- when a reader last named it
        ) STRICT, WITHOUT ROWID
        """,
        "CREATE INDEX papers_to_look_for ON papers (next_at)",
        """
        CREATE TABLE proposals (                  -- interests that votes show and nobody wrote
            subscriber_id INTEGER NOT NULL,       -- of the subscribers' package
            text TEXT NOT NULL,                   -- as a line of interest
            entry_ids TEXT NOT NULL,              -- JSON: what they liked that is about it
            state TEXT NOT NULL,                  -- proposed, followed, declined, ignored
            times INTEGER NOT NULL,               -- in how many issues it stood
            at TEXT NOT NULL,                     -- when it was first proposed
            PRIMARY KEY (subscriber_id, text)
        ) STRICT, WITHOUT ROWID
        """,
        # Every look at an issue asks whether somebody has voted since.
        "CREATE INDEX votes_by_time ON votes (at)",
    ):
        db.conn.execute(statement)
