-- Answers that may be given again, and money that is spoken for.

-- What an answer from the cache did not cost, and how alike the prompts were.
ALTER TABLE executions ADD COLUMN similarity REAL;
ALTER TABLE executions ADD COLUMN saved_usd REAL;

ALTER TABLE rollups ADD COLUMN cache_misses INTEGER NOT NULL DEFAULT 0;
ALTER TABLE rollups ADD COLUMN saved_nano INTEGER NOT NULL DEFAULT 0;       -- 1e-9 US dollars

-- One answer for each call that was made, whoever made it. It goes with its execution.
CREATE TABLE cache (
    id         INTEGER PRIMARY KEY,
    call       BLOB NOT NULL UNIQUE,                            -- SHA-256 of the whole call
    kin        BLOB NOT NULL,                                   -- SHA-256 of all but its words
    shape      BLOB,                                            -- what its words are compared by
    sequence   INTEGER NOT NULL REFERENCES executions (sequence) ON DELETE CASCADE,
    stored_ns  INTEGER NOT NULL,
    used       INTEGER NOT NULL UNIQUE,                         -- counts uses; the least goes first
    hits       INTEGER NOT NULL,
    bytes      INTEGER NOT NULL,
    answer     TEXT NOT NULL                                    -- JSON
) STRICT;

CREATE INDEX cache_kin ON cache (kin, used);
CREATE INDEX cache_stored ON cache (stored_ns);
CREATE INDEX cache_sequence ON cache (sequence);

-- What the cache holds in all, so that its bound costs no walk through it.
CREATE TABLE cache_size (
    only    INTEGER PRIMARY KEY CHECK (only = 1),
    entries INTEGER NOT NULL,
    bytes   INTEGER NOT NULL
) STRICT;

INSERT INTO cache_size VALUES (1, 0, 0);

CREATE TRIGGER cache_grows AFTER INSERT ON cache BEGIN
    UPDATE cache_size SET entries = entries + 1, bytes = bytes + new.bytes;
END;

CREATE TRIGGER cache_shrinks AFTER DELETE ON cache BEGIN
    UPDATE cache_size SET entries = entries - 1, bytes = bytes - old.bytes;
END;

-- Money that calls on their way may spend. A call that ends is charged and let go in one
-- transaction; those of a process that is gone go with it.
CREATE TABLE reservations (
    execution   BLOB PRIMARY KEY,
    run         BLOB NOT NULL,
    process     INTEGER REFERENCES processes (id) ON DELETE CASCADE,
    amount_nano INTEGER NOT NULL                                -- 1e-9 US dollars
) STRICT, WITHOUT ROWID;

CREATE INDEX reservations_run ON reservations (run);
CREATE INDEX reservations_process ON reservations (process);
