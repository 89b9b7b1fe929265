-- The first schema. Once released this file is never edited: a change is a new file.
--
-- Times are nanoseconds since 1970-01-01 UTC. `sequence` numbers executions in the order they
-- were begun; every list is ordered by it and never by a clock, which may jump.

CREATE TABLE workspaces (
    id   INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
) STRICT;

-- Processes that have begun executions. A process lives as long as it holds the lock on the
-- file `lock_name` beside the database.
CREATE TABLE processes (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    lock_name  TEXT NOT NULL,
    pid        INTEGER NOT NULL,
    started_ns INTEGER NOT NULL
) STRICT;

-- What lists, filters and charts read: small rows, so that a scan stays cheap.
CREATE TABLE executions (
    sequence            INTEGER PRIMARY KEY AUTOINCREMENT,
    id                  BLOB NOT NULL,
    run_id              BLOB NOT NULL,
    workspace           INTEGER NOT NULL REFERENCES workspaces (id),
    process             INTEGER REFERENCES processes (id),      -- while it is running
    started_ns          INTEGER NOT NULL,
    template            TEXT,
    version             TEXT,
    content_hash        TEXT,
    variant             TEXT NOT NULL,
    provider            TEXT NOT NULL,
    model               TEXT NOT NULL,
    response_model      TEXT,
    status              TEXT NOT NULL
        CHECK (status IN ('running', 'ok', 'error', 'cancelled', 'interrupted', 'blocked')),
    error_kind          TEXT,
    finish_reason       TEXT,
    input_tokens        INTEGER,
    output_tokens       INTEGER,
    cached_input_tokens INTEGER,
    cache_write_tokens  INTEGER,
    reasoning_tokens    INTEGER,
    usage_estimated     INTEGER NOT NULL,
    cost_usd            REAL,
    headers_ms          INTEGER,
    first_event_ms      INTEGER,
    ttft_ms             INTEGER,
    total_ms            INTEGER,
    tokens_per_second   REAL,
    cache               TEXT NOT NULL,
    attempts            INTEGER NOT NULL,
    checks_passed       INTEGER NOT NULL,
    checks_total        INTEGER NOT NULL,
    quality             REAL,
    rating              INTEGER CHECK (rating BETWEEN 1 AND 5),
    prompt_line         TEXT NOT NULL,                          -- first line of the last message
    answer_line         TEXT NOT NULL,                          -- first line of the answer
    error_line          TEXT,                                   -- the error's message
    deleted_ns          INTEGER                                 -- in the trash since
) STRICT;

CREATE UNIQUE INDEX executions_id ON executions (id);
CREATE INDEX executions_run ON executions (run_id);
CREATE INDEX executions_workspace ON executions (workspace);
CREATE INDEX executions_template ON executions (template);
CREATE INDEX executions_model ON executions (model, provider);
CREATE INDEX executions_status ON executions (status) WHERE status <> 'ok';
CREATE INDEX executions_error ON executions (error_kind) WHERE error_kind IS NOT NULL;
CREATE INDEX executions_rating ON executions (rating) WHERE rating IS NOT NULL;
CREATE INDEX executions_process ON executions (process) WHERE process IS NOT NULL;
CREATE INDEX executions_deleted ON executions (deleted_ns) WHERE deleted_ns IS NOT NULL;

-- What was asked, exactly. Written once, when the execution begins.
CREATE TABLE requests (
    sequence   INTEGER PRIMARY KEY REFERENCES executions (sequence) ON DELETE CASCADE,
    messages   TEXT NOT NULL,                                   -- JSON
    inputs     TEXT NOT NULL,                                   -- JSON
    parameters TEXT NOT NULL                                    -- JSON, as known at the start
) STRICT;

-- What came back, exactly. Written once, when the execution ends.
CREATE TABLE answers (
    sequence  INTEGER PRIMARY KEY REFERENCES executions (sequence) ON DELETE CASCADE,
    text      TEXT NOT NULL,
    reasoning TEXT NOT NULL,
    refusal   TEXT NOT NULL,
    details   TEXT NOT NULL,                                    -- JSON: all the rest
    chunks    BLOB NOT NULL                                     -- times and sizes of the stream
) STRICT;

-- What had come back so far, piece by piece, while the execution runs.
CREATE TABLE checkpoints (
    sequence  INTEGER NOT NULL REFERENCES executions (sequence) ON DELETE CASCADE,
    number    INTEGER NOT NULL,
    text      TEXT NOT NULL,
    reasoning TEXT NOT NULL,
    refusal   TEXT NOT NULL,
    facts     TEXT,                                             -- JSON: timing and usage so far
    PRIMARY KEY (sequence, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE tags (
    sequence INTEGER NOT NULL REFERENCES executions (sequence) ON DELETE CASCADE,
    key      TEXT NOT NULL,
    value    TEXT NOT NULL,
    PRIMARY KEY (sequence, key)
) STRICT, WITHOUT ROWID;

CREATE INDEX tags_key ON tags (key, value, sequence);

-- Words of finished executions; the row number is the execution's sequence. The texts are not
-- kept a second time. `facets` holds marks of template, model and status, so that a search
-- narrowed by them stays fast whichever of the two is rare.
CREATE VIRTUAL TABLE search USING fts5 (
    prompt, response, reasoning, notes, errors, facets,
    content = '', contentless_delete = 1,
    tokenize = 'unicode61 remove_diacritics 2'
);

-- Which sequences an hour (whole hours since 1970 UTC) holds, and what was spent in it.
-- Deleting an execution does not un-spend its cost.
CREATE TABLE hours (
    hour           INTEGER PRIMARY KEY,
    first_sequence INTEGER NOT NULL,
    last_sequence  INTEGER NOT NULL,
    spent_nano     INTEGER NOT NULL                             -- 1e-9 US dollars
) STRICT;

-- Sums of finished executions that are not in the trash, kept with them in one transaction.
-- An absent template, version or error kind is the empty text.
CREATE TABLE rollups (
    step                INTEGER NOT NULL,                       -- hours in a row: 1, and 24 again
    hour                INTEGER NOT NULL,                       -- the first of them
    workspace           INTEGER NOT NULL,
    template            TEXT NOT NULL,
    version             TEXT NOT NULL,
    provider            TEXT NOT NULL,
    model               TEXT NOT NULL,
    status              TEXT NOT NULL,
    error_kind          TEXT NOT NULL,
    runs                INTEGER NOT NULL,
    costed_runs         INTEGER NOT NULL,
    cost_nano           INTEGER NOT NULL,                       -- 1e-9 US dollars
    counted_runs        INTEGER NOT NULL,                       -- runs whose tokens are known
    input_tokens        INTEGER NOT NULL,
    output_tokens       INTEGER NOT NULL,
    cached_input_tokens INTEGER NOT NULL,
    reasoning_tokens    INTEGER NOT NULL,
    cache_hits          INTEGER NOT NULL,
    attempts            INTEGER NOT NULL,
    checks_passed       INTEGER NOT NULL,
    checks_total        INTEGER NOT NULL,
    scored_runs         INTEGER NOT NULL,
    quality_micro       INTEGER NOT NULL,                       -- sum of scores, 1e-6
    rated_runs          INTEGER NOT NULL,
    rating_sum          INTEGER NOT NULL,
    total_sketch        BLOB NOT NULL,
    ttft_sketch         BLOB NOT NULL,
    PRIMARY KEY (step, hour, workspace, template, version, provider, model, status, error_kind)
) STRICT, WITHOUT ROWID;

-- Saved versions of templates; never changed once saved.
CREATE TABLE versions (
    sequence         INTEGER PRIMARY KEY AUTOINCREMENT,
    workspace        INTEGER NOT NULL REFERENCES workspaces (id),
    template         TEXT NOT NULL,
    version          TEXT NOT NULL,
    content_hash     TEXT NOT NULL,
    content          TEXT NOT NULL,
    note             TEXT NOT NULL,
    saved_ns         INTEGER NOT NULL,
    rolled_back_from TEXT,
    UNIQUE (workspace, template, version)
) STRICT;

CREATE TABLE labels (
    workspace INTEGER NOT NULL REFERENCES workspaces (id),
    template  TEXT NOT NULL,
    label     TEXT NOT NULL,
    version   TEXT NOT NULL,
    PRIMARY KEY (workspace, template, label),
    UNIQUE (workspace, template, version)
) STRICT, WITHOUT ROWID;

CREATE TABLE drafts (
    workspace INTEGER NOT NULL REFERENCES workspaces (id),
    template  TEXT NOT NULL,
    text      TEXT NOT NULL,
    saved_ns  INTEGER NOT NULL,
    PRIMARY KEY (workspace, template)
) STRICT;

-- The values last used with a template.
CREATE TABLE inputs (
    workspace INTEGER NOT NULL REFERENCES workspaces (id),
    template  TEXT NOT NULL,
    inputs    TEXT NOT NULL,                                    -- JSON
    PRIMARY KEY (workspace, template)
) STRICT;

-- The state of the faces between two starts.
CREATE TABLE settings (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL                                         -- JSON
) STRICT, WITHOUT ROWID;
