-- Sums of longer times and of all templates together, so that neither a year of one template nor
-- all that was ever run has to be added up from single days of single versions.

-- As rollups, of all templates and versions together: both are the empty text. Of hours and days.
CREATE TABLE rollup_totals (
    step                INTEGER NOT NULL,                       -- hours in a row: 1, and 24 again
    hour                INTEGER NOT NULL,                       -- the first of them
    workspace           INTEGER NOT NULL,
    template            TEXT NOT NULL CHECK (template = ''),
    version             TEXT NOT NULL CHECK (version = ''),
    provider            TEXT NOT NULL,
    model               TEXT NOT NULL,
    status              TEXT NOT NULL,
    error_kind          TEXT NOT NULL,
    runs                INTEGER NOT NULL,
    costed_runs         INTEGER NOT NULL,
    cost_nano           INTEGER NOT NULL,                       -- 1e-9 US dollars
    counted_runs        INTEGER NOT NULL,
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
    cache_misses        INTEGER NOT NULL,
    saved_nano          INTEGER NOT NULL,                       -- 1e-9 US dollars
    total_sketch        BLOB NOT NULL,
    ttft_sketch         BLOB NOT NULL,
    PRIMARY KEY (step, hour, workspace, template, version, provider, model, status, error_kind)
) STRICT, WITHOUT ROWID;

-- `add_sums` and `add_sketches` are the program's own: they add as it does whenever it records.
INSERT INTO rollup_totals
SELECT step, hour, workspace, '', '', provider, model, status, error_kind,
    add_sums(runs), add_sums(costed_runs), add_sums(cost_nano), add_sums(counted_runs),
    add_sums(input_tokens), add_sums(output_tokens), add_sums(cached_input_tokens),
    add_sums(reasoning_tokens), add_sums(cache_hits), add_sums(attempts),
    add_sums(checks_passed), add_sums(checks_total), add_sums(scored_runs),
    add_sums(quality_micro), add_sums(rated_runs), add_sums(rating_sum),
    add_sums(cache_misses), add_sums(saved_nano),
    add_sketches(total_sketch), add_sketches(ttft_sketch)
FROM rollups
GROUP BY step, hour, workspace, provider, model, status, error_kind;

-- Thirty days in a row are a third step of rollups. Where they begin is counted from 1970, too.
INSERT INTO rollups (step, hour, workspace, template, version, provider, model, status, error_kind,
    runs, costed_runs, cost_nano, counted_runs, input_tokens, output_tokens, cached_input_tokens,
    reasoning_tokens, cache_hits, attempts, checks_passed, checks_total, scored_runs,
    quality_micro, rated_runs, rating_sum, cache_misses, saved_nano, total_sketch, ttft_sketch)
SELECT 720, hour - (hour % 720 + 720) % 720, workspace, template, version, provider, model, status,
    error_kind,
    add_sums(runs), add_sums(costed_runs), add_sums(cost_nano), add_sums(counted_runs),
    add_sums(input_tokens), add_sums(output_tokens), add_sums(cached_input_tokens),
    add_sums(reasoning_tokens), add_sums(cache_hits), add_sums(attempts),
    add_sums(checks_passed), add_sums(checks_total), add_sums(scored_runs),
    add_sums(quality_micro), add_sums(rated_runs), add_sums(rating_sum),
    add_sums(cache_misses), add_sums(saved_nano),
    add_sketches(total_sketch), add_sketches(ttft_sketch)
FROM rollups
WHERE step = 24
GROUP BY 2, workspace, template, version, provider, model, status, error_kind;
