//! What keeping an execution costs beside SQLite itself, and what finding one costs when there
//! are 100,000 and 1,000,000.
//!
//! `cargo bench --bench store`; with `-- record` or `-- look` only half of it. The million is made
//! once, which takes some minutes and 2 GB below `target`, when `-- million` is said.

#![expect(clippy::expect_used, reason = "a benchmark says what it expected and stops")]

use std::{collections::BTreeMap, fmt::Write as _, hint::black_box, path::Path};

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use futures_util::future::join_all;
use jiff::{SignedDuration, Timestamp};
use promptlathe::{
    model::{
        CacheState, ChunkLog, ContentHash, Execution, ExecutionId, FinishReason, Message, ModelRef,
        Quality, Role, RunId, SentParameters, Status, TemplateId, Timing, Usage, VariantName,
    },
    store::{HistoryQuery, RollupBy, RollupQuery, Store, StoreOptions, TagFilter},
};
use rusqlite::{Connection, params};
use tokio::runtime::Runtime;
use uuid::Uuid;

/// How many executions the lists are looked up in.
const MANY: usize = 100_000;
/// How many are recorded together.
const HUNDRED: usize = 100;
/// Bytes of a prompt, and of an answer.
const LENGTH: usize = 2_048;
/// Different words in all texts.
const VOCABULARY: u64 = 20_000;

/// A generator of repeatable pseudo-random numbers (`SplitMix64`).
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    /// Words as a language has them: few are common and most are rare.
    fn text(&mut self, length: usize) -> String {
        let mut text = String::with_capacity(length + 16);
        while text.len() < length {
            let end = 1 + self.below(VOCABULARY);
            let word = self.below(end);
            let _ = write!(text, "word{word} ");
        }
        text
    }
}

/// One of many executions, all of them different; `age` hours old.
fn execution(numbers: &mut Numbers, age: i64) -> Execution {
    execution_with(numbers, age, LENGTH)
}

fn execution_with(numbers: &mut Numbers, age: i64, length: usize) -> Execution {
    let started_at = Timestamp::now() - SignedDuration::from_hours(age);
    let template = format!("folder/template-{}", numbers.below(20));
    let model = ["fast", "careful", "small"][usize::try_from(numbers.below(3)).unwrap_or(0)];
    let rare = numbers.below(1_000) == 0;
    Execution {
        id: ExecutionId(Uuid::now_v7()),
        run_id: RunId(Uuid::now_v7()),
        template: TemplateId::new(&template).ok(),
        version: Some(semver::Version::new(1, numbers.below(5), 0)),
        content_hash: Some(ContentHash::of(template.as_bytes())),
        variant: VariantName::A,
        provider: "demo".to_owned(),
        model: model.to_owned(),
        response_model: None,
        status: Status::Ok,
        inputs: BTreeMap::from([("subject".to_owned(), "words".into())]),
        messages: vec![Message { role: Role::User, content: numbers.text(length) }],
        text: numbers.text(length),
        reasoning: String::new(),
        refusal: String::new(),
        tool_calls: Vec::new(),
        finish_reason: Some(FinishReason::Stop),
        finish_reason_raw: Some("stop".to_owned()),
        parameters: SentParameters::default(),
        usage: Usage { input_tokens: Some(500), output_tokens: Some(480), ..Usage::default() },
        cost_usd: Some(0.001),
        spend: None,
        timing: Timing {
            ttft_ms: Some(100 + numbers.below(400)),
            total_ms: Some(1_000 + numbers.below(9_000)),
            ..Timing::started(started_at)
        },
        attempts: Vec::new(),
        cache: CacheState::Off,
        reused: None,
        checks: Vec::new(),
        quality: Quality { overall: Some(0.75), ..Quality::default() },
        tags: if rare {
            BTreeMap::from([("ticket".to_owned(), "rare".to_owned())])
        } else {
            BTreeMap::new()
        },
        rating: None,
        error: None,
        redactions: promptlathe::model::Redactions::default(),
    }
}

fn open(path: &Path, workspace: &str) -> Store {
    Store::open(&StoreOptions::file(path).workspace(workspace)).expect("the database opens").0
}

/// As the engine does it: committed as running, then as ended.
async fn record(store: &Store, ended: &[Execution], chunks: &ChunkLog) {
    let begun: Vec<Execution> = ended
        .iter()
        .map(|execution| Execution {
            status: Status::Running,
            text: String::new(),
            ..execution.clone()
        })
        .collect();
    store.begin_many(&begun).await.expect("begun");
    let finished = join_all(ended.iter().map(|execution| store.finish(execution, chunks))).await;
    finished.into_iter().collect::<Result<(), _>>().expect("finished");
}

/// SQLite alone with the same tables, indexes and search, and nothing else.
fn bare(path: &Path, synchronous: &str) -> Connection {
    let connection = Connection::open(path).expect("opens");
    connection.pragma_update(None, "journal_mode", "wal").expect("set");
    connection.pragma_update(None, "synchronous", synchronous).expect("set");
    connection.pragma_update(None, "foreign_keys", true).expect("set");
    connection.pragma_update(None, "cache_size", -8_000).expect("set");
    connection
        .execute_batch(include_str!("../src/store/schema/0001_initial.sql"))
        .expect("the schema is made");
    connection.execute("INSERT INTO workspaces (name) VALUES ('bench')", []).expect("inserted");
    connection
}

fn insert_bare(connection: &mut Connection, executions: &[Execution]) {
    let transaction = connection.transaction().expect("begun");
    for execution in executions {
        let messages = serde_json::to_string(&execution.messages).expect("JSON");
        let inputs = serde_json::to_string(&execution.inputs).expect("JSON");
        transaction
            .prepare_cached(
                "INSERT INTO executions (id, run_id, workspace, started_ns, template, version,
                     content_hash, variant, provider, model, status, finish_reason, input_tokens,
                     output_tokens, usage_estimated, cost_usd, ttft_ms, total_ms, cache, attempts,
                     checks_passed, checks_total, quality, prompt_line, answer_line)
                 VALUES (?, ?, 1, ?, ?, ?, ?, 'A', ?, ?, 'ok', 'stop', 500, 480, 0, 0.001, ?, ?,
                         'off', 1, 0, 0, 0.75, ?, ?)",
            )
            .and_then(|mut statement| {
                statement.execute(params![
                    execution.id.0.as_bytes(),
                    execution.run_id.0.as_bytes(),
                    i64::try_from(execution.timing.started_at.as_nanosecond()).unwrap_or(0),
                    execution.template.as_ref().map(TemplateId::as_str),
                    execution.version.as_ref().map(ToString::to_string),
                    execution.content_hash.as_ref().map(ContentHash::as_str),
                    execution.provider,
                    execution.model,
                    execution.timing.ttft_ms.and_then(|value| i64::try_from(value).ok()),
                    execution.timing.total_ms.and_then(|value| i64::try_from(value).ok()),
                    &execution.messages[0].content[..200],
                    &execution.text[..200],
                ])
            })
            .expect("inserted");
        let sequence = transaction.last_insert_rowid();
        transaction
            .prepare_cached("INSERT INTO requests VALUES (?, ?, ?, '{}')")
            .and_then(|mut statement| statement.execute(params![sequence, messages, inputs]))
            .expect("inserted");
        transaction
            .prepare_cached("INSERT INTO answers VALUES (?, ?, '', '', '{}', x'')")
            .and_then(|mut statement| statement.execute(params![sequence, execution.text]))
            .expect("inserted");
        transaction
            .prepare_cached("INSERT INTO search (rowid, prompt, response) VALUES (?, ?, ?)")
            .and_then(|mut statement| {
                let prompt = &execution.messages[0].content;
                statement.execute(params![sequence, prompt, execution.text])
            })
            .expect("inserted");
    }
    transaction.commit().expect("committed");
}

fn recording(criterion: &mut Criterion) {
    let runtime = Runtime::new().expect("a runtime");
    let mut numbers = Numbers(1);
    let chunks = ChunkLog::default();
    for (name, count) in [("record one", 1), ("record a hundred", HUNDRED)] {
        let mut group = criterion.benchmark_group(name);
        group.throughput(Throughput::Elements(count as u64));
        let mut some = || (0..count).map(|_| execution(&mut numbers, 0)).collect::<Vec<_>>();
        for synchronous in ["normal", "full"] {
            let folder = tempfile::tempdir().expect("a folder");
            let mut connection = bare(&folder.path().join("bare.db"), synchronous);
            group.bench_function(format!("bare, synchronous={synchronous}"), |bencher| {
                bencher.iter_batched(
                    &mut some,
                    |executions| insert_bare(&mut connection, &executions),
                    BatchSize::PerIteration,
                );
            });
        }
        let folder = tempfile::tempdir().expect("a folder");
        let store = open(&folder.path().join("lathe.db"), "bench");
        group.bench_function("begin and finish", |bencher| {
            bencher.iter_batched(
                &mut some,
                |executions| runtime.block_on(record(&store, &executions, &chunks)),
                BatchSize::PerIteration,
            );
        });
        group.finish();
        store.close_blocking().expect("closed");
    }
}

fn looking(criterion: &mut Criterion) {
    let runtime = Runtime::new().expect("a runtime");
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("lathe.db");
    let (store, seldom) = (open(&path, "bench"), open(&path, "seldom used"));
    let mut numbers = Numbers(2);
    let chunks = ChunkLog::default();
    // Spread over a year, oldest first, as they would have come.
    let year = 365 * 24;
    for first in (0..MANY).step_by(HUNDRED) {
        let age = year - i64::try_from(first * 365 * 24 / MANY).unwrap_or(0);
        let some: Vec<_> = (0..HUNDRED).map(|_| execution(&mut numbers, age)).collect();
        runtime.block_on(record(&store, &some, &chunks));
        // Of another workspace in the same database there are far fewer.
        if first % 2_000 == 0 {
            runtime.block_on(record(&seldom, &[execution(&mut numbers, age)], &chunks));
        }
    }
    let half_a_year_ago = Timestamp::now() - SignedDuration::from_hours(year / 2);
    let all = HistoryQuery::default;
    let text = |words: &str| HistoryQuery { text: Some(words.to_owned()), ..all() };
    let mut group = criterion.benchmark_group("look among 100,000");
    for (name, query) in [
        ("first page", all()),
        ("page half a year ago", HistoryQuery { until: Some(half_a_year_ago), ..all() }),
        (
            "page of a template",
            HistoryQuery { template: TemplateId::new("folder/template-7").ok(), ..all() },
        ),
        ("page of a model", HistoryQuery { model: Some(ModelRef::new("demo", "fast")), ..all() }),
        (
            "page of a rare tag",
            HistoryQuery {
                tag: Some(TagFilter { key: "ticket".to_owned(), value: Some("rare".to_owned()) }),
                ..all()
            },
        ),
        ("search a common word", text("word1 ")),
        ("search a rare word", text("word19990 ")),
        ("search two words", text("word12 word345 ")),
        ("search words that begin so", text("word19")),
    ] {
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                let page = runtime.block_on(store.history(query.clone())).expect("listed");
                black_box(page.rows.len())
            });
        });
    }
    for (name, query) in [
        ("first page of a seldom used workspace", all()),
        ("search a common word in a seldom used workspace", text("word1 ")),
    ] {
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                let page = runtime.block_on(seldom.history(query.clone())).expect("listed");
                black_box(page.rows.len())
            });
        });
    }
    let by = RollupBy { model: true, status: true, ..RollupBy::default() };
    let query = RollupQuery { hours: 24, by, ..RollupQuery::default() };
    group.bench_function("a year of charts", |bencher| {
        bencher.iter(|| {
            let rows = runtime.block_on(store.rollups(query.clone())).expect("read");
            black_box(rows.len())
        });
    });
    for store in [store, seldom] {
        store.close_blocking().expect("closed");
    }
    group.bench_function("open and close", |bencher| {
        bencher.iter(|| open(&path, "bench").close_blocking().expect("closed"));
    });
    group.finish();
}

/// The database of a million, made where it is not there: short texts, as those of a month of
/// suites, over a year.
fn million() -> std::path::PathBuf {
    const COUNT: usize = 1_000_000;
    const BATCH: usize = 500;
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("million");
    let (path, ready) = (folder.join("lathe.db"), folder.join("ready"));
    if ready.exists() {
        return path;
    }
    let _ = std::fs::remove_dir_all(&folder);
    let runtime = Runtime::new().expect("a runtime");
    let store = open(&path, "bench");
    let (mut numbers, chunks) = (Numbers(3), ChunkLog::default());
    for first in (0..COUNT).step_by(BATCH) {
        let age = 365 * 24 - i64::try_from(first * 365 * 24 / COUNT).unwrap_or(0);
        let some: Vec<_> = (0..BATCH).map(|_| execution_with(&mut numbers, age, 200)).collect();
        // What ended without a beginning is written once.
        let written = join_all(some.iter().map(|execution| store.finish(execution, &chunks)));
        runtime.block_on(written).into_iter().collect::<Result<Vec<_>, _>>().expect("finished");
    }
    store.close_blocking().expect("closed");
    std::fs::write(ready, "").expect("written");
    path
}

fn looking_among_a_million(criterion: &mut Criterion) {
    if !std::env::args().any(|argument| argument.contains("million")) {
        return;
    }
    let path = million();
    let runtime = Runtime::new().expect("a runtime");
    let store = open(&path, "bench");
    let text =
        |words: &str| HistoryQuery { text: Some(words.to_owned()), ..HistoryQuery::default() };
    let mut group = criterion.benchmark_group("look among a million");
    group.sample_size(20);
    for (name, query) in [
        ("first page", HistoryQuery::default()),
        ("search a common word", text("word1 ")),
        ("search a rare word", text("word19990 ")),
        ("search two words", text("word12 word345 ")),
        ("search words that begin so, few", text("word1999")),
        ("search words that begin so, many", text("word19")),
        ("search words that begin so, nearly all", text("wor")),
    ] {
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                let page = runtime.block_on(store.history(query.clone())).expect("listed");
                black_box(page.rows.len())
            });
        });
    }
    // What the charts ask for: a curve by model and outcome, and the table.
    let by = RollupBy { model: true, status: true, error_kind: true, ..RollupBy::default() };
    let curve = RollupQuery { hours: 24, by, ..RollupQuery::default() };
    let by = RollupBy { template: true, version: true, model: true, ..RollupBy::default() };
    let table = RollupQuery { hours: 0, by, ..RollupQuery::default() };
    group.bench_function("all charts of a year", |bencher| {
        bencher.iter(|| {
            let asked = [curve.clone(), table.clone()];
            let [curve, table] = runtime.block_on(store.rollups_of(asked)).expect("read");
            black_box(curve.len() + table.len())
        });
    });
    group.finish();
    store.close_blocking().expect("closed");
}

criterion_group!(benches, recording, looking, looking_among_a_million);
criterion_main!(benches);
