-- A database as version 0.1.0 leaves it: two people, one erased, three entries, one issue. Never edited.
PRAGMA application_id = 1313625170;
BEGIN TRANSACTION;
CREATE TABLE "_sqlite_migrations" (
   "id" INTEGER PRIMARY KEY,
   "migration_set" TEXT,
   "name" TEXT,
   "applied_at" TEXT
);
INSERT INTO "_sqlite_migrations" VALUES(1,'subscribers','m001_people','2026-11-20 09:00:00+00:00');
INSERT INTO "_sqlite_migrations" VALUES(2,'newsletter','m001_the_main_line','2026-11-20 09:00:00+00:00');
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
        ;
INSERT INTO "deliveries" VALUES(1,1,1,'2026-W48','sent','2026-11-27T07:00:00+00:00','{}','','Fri, 27 Nov 2026 07:00:00 +0000',1,NULL,'2026-11-27T07:00:01+00:00');
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
        ;
INSERT INTO "entries" VALUES(1,'On the Songs of Suspension Bridges','Wind plays them; we write the notes down.','["N. One"]','https://arxiv.org/abs/2611.00001','2026-11-19','[]',NULL,X'64E4BC9EBB458A3E077272039E910FE2','2026-11-20T09:00:00+00:00');
INSERT INTO "entries" VALUES(2,'It’s naïve: a “quoted” title with 🧬','','["Á. Nobody"]','https://example.org/quoted',NULL,'["cs.XX"]',3,X'A432ECF9DCC23BB187BDF6833556A678','2026-11-20T09:00:00+00:00');
INSERT INTO "entries" VALUES(3,'Editorial','','[]','https://example.org/editorial',NULL,'[]',NULL,X'D25A1A2F2A0B372C8565F5A95A89A336','2026-11-20T09:00:00+00:00');
CREATE TABLE entry_keys (                 -- every identity under which an entry is known
            key TEXT PRIMARY KEY,                 -- doi:… arxiv:… url:… title:…
            entry_id INTEGER NOT NULL REFERENCES entries (id)
        ) STRICT, WITHOUT ROWID
        ;
INSERT INTO "entry_keys" VALUES('arxiv:2611.00001',1);
INSERT INTO "entry_keys" VALUES('title:onthesongsofsuspensionbridges',1);
INSERT INTO "entry_keys" VALUES('url:arxiv.org/abs/2611.00001',1);
INSERT INTO "entry_keys" VALUES('doi:10.5555/12345678',2);
INSERT INTO "entry_keys" VALUES('title:itsnaiveaquotedtitlewith',2);
INSERT INTO "entry_keys" VALUES('url:example.org/quoted',2);
INSERT INTO "entry_keys" VALUES('title:editorial',3);
INSERT INTO "entry_keys" VALUES('url:example.org/editorial',3);
CREATE TABLE entry_sources (              -- where an entry was seen
            entry_id INTEGER NOT NULL REFERENCES entries (id),
            source TEXT NOT NULL,
            document TEXT NOT NULL,               -- file name or URL
            seen_at TEXT NOT NULL,
            PRIMARY KEY (entry_id, source, document)
        ) STRICT, WITHOUT ROWID
        ;
INSERT INTO "entry_sources" VALUES(1,'a made-up feed','https://example.org/feed','2026-11-20T09:00:00+00:00');
INSERT INTO "entry_sources" VALUES(1,'made-up papers','2026-11-19.txt','2026-11-20T09:00:00+00:00');
INSERT INTO "entry_sources" VALUES(2,'made-up papers','2026-11-19.txt','2026-11-20T09:00:00+00:00');
INSERT INTO "entry_sources" VALUES(3,'a made-up feed','https://example.org/feed','2026-11-20T09:00:00+00:00');
CREATE TABLE evidence (
            id INTEGER PRIMARY KEY,
            subscriber_id INTEGER NOT NULL REFERENCES subscribers (id) ON DELETE CASCADE,
            at TEXT NOT NULL,
            event TEXT NOT NULL,                  -- what was agreed to or withdrawn
            origin TEXT NOT NULL,                 -- page, mail, operator
            words TEXT NOT NULL                   -- what the person was shown, or the operator's statement
        ) STRICT
        ;
INSERT INTO "evidence" VALUES(1,1,'2026-11-20T09:00:00+00:00','subscribed and confirmed','operator','The operator states that this person asked for the newsletter.');
INSERT INTO "evidence" VALUES(2,2,'2026-11-20T09:00:00+00:00','subscribed and confirmed','operator','The operator states that this person asked for the newsletter.');
INSERT INTO "evidence" VALUES(3,2,'2026-11-20T09:00:00+00:00','active → paused','page','Pause my newsletter');
CREATE TABLE interests (
            subscriber_id INTEGER NOT NULL REFERENCES subscribers (id) ON DELETE CASCADE,
            position INTEGER NOT NULL,
            text TEXT NOT NULL,
            muted INTEGER NOT NULL,
            PRIMARY KEY (subscriber_id, position)
        ) STRICT, WITHOUT ROWID
        ;
INSERT INTO "interests" VALUES(1,0,'bridges that sing',0);
INSERT INTO "interests" VALUES(1,1,'surveys',1);
CREATE TABLE issue_entries (
            issue_id INTEGER NOT NULL REFERENCES issues (id),
            entry_id INTEGER NOT NULL REFERENCES entries (id),
            pin INTEGER,                          -- place among the editor's choices
            card TEXT NOT NULL,                   -- JSON: the frozen pieces of this entry
            PRIMARY KEY (issue_id, entry_id)
        ) STRICT, WITHOUT ROWID
        ;
INSERT INTO "issue_entries" VALUES(1,1,1,'{}');
INSERT INTO "issue_entries" VALUES(1,2,NULL,'{}');
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
        ;
INSERT INTO "issues" VALUES(1,'weekly','2026-11-27','frozen','2026-11-27T05:00:00+00:00',3,'{}');
CREATE TABLE link_keys (                  -- the newest signs; older ones go on verifying
            id INTEGER PRIMARY KEY,
            key BLOB NOT NULL
        ) STRICT
        ;
INSERT INTO "link_keys" VALUES(1,X'0000000000000000000000000000000000000000000000000000000000000000');
CREATE TABLE received (                   -- what a reader has had, from the claim on
            subscriber_id INTEGER NOT NULL,
            entry_id INTEGER NOT NULL,
            delivery_id INTEGER NOT NULL,
            PRIMARY KEY (subscriber_id, entry_id)
        ) STRICT, WITHOUT ROWID
        ;
INSERT INTO "received" VALUES(1,1,1);
CREATE TABLE sources (                    -- what is remembered of each source between pulls
            name TEXT PRIMARY KEY,
            location TEXT NOT NULL,               -- the validators are good for this one only
            pulled_at TEXT,                       -- UTC, ISO 8601, like every time here
            error TEXT,                           -- null if the last pull went well
            etag TEXT,
            last_modified TEXT
        ) STRICT
        ;
INSERT INTO "sources" VALUES('a made-up feed','https://example.org/feed','2026-11-20T09:00:00+00:00',NULL,'"v1"',NULL);
INSERT INTO "sources" VALUES('made-up papers','papers','2026-11-20T09:00:00+00:00','the folder is empty',NULL,NULL);
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
        ;
INSERT INTO "subscribers" VALUES(1,'Ada@example.org','ada@example.org','Ada','active','weekly',5,'08:00','Europe/Paris','2026-11-20T09:00:00+00:00','2026-11-20T09:00:00+00:00');
INSERT INTO "subscribers" VALUES(2,'bob@xn--bcher-kva.example','bob@xn--bcher-kva.example','','paused','daily',0,'06:30','UTC','2026-11-20T09:00:00+00:00','2026-11-20T09:00:00+00:00');
CREATE TABLE suppression_key (id INTEGER PRIMARY KEY CHECK (id = 1), key BLOB NOT NULL) STRICT;
INSERT INTO "suppression_key" VALUES(1,X'0000000000000000000000000000000000000000000000000000000000000000');
CREATE TABLE suppressions (
            address_hash BLOB PRIMARY KEY,        -- keyed BLAKE2b of the folded address; the address itself is gone
            reason TEXT NOT NULL,                 -- bounced, complained, erased
            at TEXT NOT NULL
        ) STRICT, WITHOUT ROWID
        ;
INSERT INTO "suppressions" VALUES(X'186AA37FE2844A044C03DF1DE582CEB0AB2ED6706DB53F86EC90C279059577E3','erased','2026-11-20T09:00:00+00:00');
INSERT INTO "suppressions" VALUES(X'C925C78B9A03D81E6B84C6F8ADB75850612EB397102CC3F2A578B29F7218DD37','complained','2026-11-20T09:00:00+00:00');
CREATE TABLE vectors (
            content_hash BLOB NOT NULL,
            model TEXT NOT NULL,
            vector BLOB NOT NULL,                 -- float16, unit length
            PRIMARY KEY (content_hash, model)
        ) STRICT, WITHOUT ROWID
        ;
INSERT INTO "vectors" VALUES(X'64E4BC9EBB458A3E077272039E910FE2','bundled',X'0000000000000000');
CREATE UNIQUE INDEX "idx__sqlite_migrations_migration_set_name"
    ON "_sqlite_migrations" ("migration_set", "name");
CREATE INDEX subscribers_by_state ON subscribers (state);
CREATE INDEX evidence_by_subscriber ON evidence (subscriber_id);
CREATE TRIGGER evidence_is_append_only BEFORE UPDATE ON evidence
        BEGIN SELECT RAISE(ABORT, 'evidence is append-only'); END;
CREATE INDEX entry_keys_by_entry ON entry_keys (entry_id);
CREATE INDEX deliveries_by_state ON deliveries (state, due_at);
CREATE INDEX received_by_entry ON received (entry_id);
CREATE INDEX received_by_delivery ON received (delivery_id);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('subscribers',3);
INSERT INTO "sqlite_sequence" VALUES('entries',3);
COMMIT;
