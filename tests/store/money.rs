//! Answers kept to be given again, and money set aside before it is spent.

use std::{
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use jiff::Timestamp;
use promptlathe::{
    model::{CacheState, ChunkLog, Execution, ExecutionId, FinishReason, Reused, RunId, Usage},
    store::{
        Booking, BudgetLimit, BudgetSpan, CacheEntry, CacheStats, CachedAnswer, HistoryQuery,
        Reservation, Reserved, RollupQuery, RollupRow, Store, StoreOptions,
    },
};
use uuid::Uuid;

use crate::support::{execution, folder, open};

const DATABASE: &str = "LATHE_TEST_RESERVES_IN";

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + seconds).expect("a time")
}

fn key(number: u8) -> [u8; 32] {
    [number; 32]
}

/// Keeps an answer of about `size` bytes to the call of a number.
async fn keep(store: &Store, number: u8, size: usize, now: i64, max_size: u64) -> ExecutionId {
    let record = execution("one", &"x".repeat(size));
    store.finish(&record, &ChunkLog::default()).await.expect("finished");
    let entry = CacheEntry {
        call: key(number),
        kin: key(0),
        shape: Some(vec![number]),
        answer: CachedAnswer {
            execution: record.id,
            answered_at: at(now),
            text: record.text,
            reasoning: String::new(),
            refusal: String::new(),
            tool_calls: Vec::new(),
            finish_reason: FinishReason::Stop,
            finish_reason_raw: None,
            response_model: None,
            usage: record.usage,
            cost_usd: record.cost_usd,
        },
    };
    store.keep_answer(entry, at(now), at(now - 100), max_size).await.expect("kept");
    record.id
}

async fn held(store: &Store, since: i64) -> Vec<u8> {
    let mut found = Vec::new();
    for number in 1..=9 {
        if store.cached(key(number), at(since)).await.expect("read").is_some() {
            found.push(number);
        }
    }
    found
}

#[tokio::test]
async fn what_was_not_used_for_longest_makes_room() {
    let folder = folder();
    let store = open(&folder.path().join("lathe.db"));
    // Each takes a little over 1,000 bytes with its row, so that three fit.
    for number in 1..=3 {
        keep(&store, number, 500, 0, 3_600).await;
    }
    assert_eq!(held(&store, -50).await, [1, 2, 3]);
    store.answer_used(key(1));
    keep(&store, 4, 500, 1, 3_600).await;
    assert_eq!(held(&store, -50).await, [1, 3, 4], "2 was used least lately");
    let stats = store.cache_stats().await.expect("read");
    assert!(stats.entries == 3 && stats.bytes <= 3_600 && stats.hits == 1, "{stats:?}");
    keep(&store, 5, 10_000, 2, 3_600).await;
    assert_eq!(held(&store, -50).await, [1, 3, 4], "one that never fits displaces nothing");
    keep(&store, 6, 500, 3, 1_200).await;
    assert_eq!(held(&store, -50).await, [6], "a smaller bound holds from the next answer on");
    keep(&store, 6, 400, 4, 3_600).await;
    let again = store.cache_stats().await.expect("read");
    assert_eq!(again.entries, 1, "the same call has one answer");
    let cleared = store.clear_cache().await.expect("cleared");
    assert_eq!(cleared, again);
    assert_eq!(store.cache_stats().await.expect("read"), CacheStats::default());
}

#[tokio::test]
async fn an_answer_is_given_for_as_long_as_it_lives() {
    let folder = folder();
    let store = open(&folder.path().join("lathe.db"));
    keep(&store, 1, 10, 0, 1 << 20).await;
    keep(&store, 2, 10, 60, 1 << 20).await;
    assert_eq!(held(&store, 0).await, [1, 2]);
    assert_eq!(held(&store, 1).await, [2]);
    let kin = store.cached_kin(key(0), at(1), 10).await.expect("read");
    assert_eq!(kin.iter().map(|kin| kin.call).collect::<Vec<_>>(), [key(2)]);
    // Keeping one lets those go that are older than its bound, 100 seconds here.
    keep(&store, 3, 10, 150, 1 << 20).await;
    assert_eq!(store.cache_stats().await.expect("read").oldest, Some(at(60)));
}

#[tokio::test]
async fn an_answer_goes_with_the_execution_that_paid_for_it() {
    let folder = folder();
    let store = open(&folder.path().join("lathe.db"));
    let id = keep(&store, 1, 10, 0, 1 << 20).await;
    let deleted = store.delete(vec![id]).await.expect("deleted");
    assert_eq!(held(&store, 0).await, Vec::<u8>::new());
    assert!(store.cached_kin(key(0), at(0), 10).await.expect("read").is_empty());
    store.restore(&deleted).await.expect("restored");
    assert_eq!(held(&store, 0).await, [1]);
}

#[tokio::test]
async fn an_answer_given_again_is_in_its_record_and_out_of_the_latencies() {
    let folder = folder();
    let path = folder.path().join("lathe.db");
    let store = open(&path);
    let paid = execution("one", "text");
    let reused = Reused {
        execution: paid.id,
        answered_at: paid.timing.started_at,
        similarity: 0.97,
        saved_usage: paid.usage,
        saved_usd: paid.cost_usd,
    };
    let hit = Execution {
        cache: CacheState::Similar,
        reused: Some(reused),
        usage: Usage::default(),
        cost_usd: Some(0.0),
        ..execution("one", "text")
    };
    let miss = Execution { cache: CacheState::Miss, ..paid };
    for record in [&miss, &hit] {
        store.finish(record, &ChunkLog::default()).await.expect("finished");
    }
    assert_eq!(store.get(hit.id).await.expect("read").as_ref(), Some(&hit));
    let sum = |rows: &[RollupRow]| rows[0].rollup.clone();
    let both = sum(&store.rollups(RollupQuery::default()).await.expect("summed"));
    assert_eq!((both.runs, both.total.count(), both.ttft.count()), (2, 1, 1));
    assert_eq!((both.hit_rate(), both.saved_nano), (Some(0.5), 1_000_000));
    store.delete(vec![hit.id]).await.expect("deleted");
    let one = sum(&store.rollups(RollupQuery::default()).await.expect("summed"));
    assert_eq!((one.cache_hits, one.saved_nano, one.total.count()), (0, 0, 1));
}

fn dollar(run: RunId) -> Reservation {
    Reservation { execution: ExecutionId(Uuid::now_v7()), run, amount_usd: 1.0 }
}

fn since_ever(limit_usd: f64) -> BudgetLimit {
    BudgetLimit { span: BudgetSpan::Since(Timestamp::UNIX_EPOCH), limit_usd }
}

#[tokio::test]
async fn money_is_set_aside_until_the_record_says_what_was_spent() {
    let folder = folder();
    let store = open(&folder.path().join("lathe.db"));
    let mut record = execution("one", "text");
    record.cost_usd = Some(0.25);
    let mine = Reservation { execution: record.id, run: record.run_id, amount_usd: 1.0 };
    let limits = vec![since_ever(1.5)];
    assert_eq!(store.reserve(mine, limits.clone()).await, Ok(Reserved::Granted));
    // Asking again for the same call counts it once.
    assert_eq!(store.reserve(mine, limits.clone()).await, Ok(Reserved::Granted));
    let other = dollar(RunId(Uuid::now_v7()));
    let refused = Reserved::Refused { limit: 0, spent_usd: 0.0, reserved_usd: 1.0 };
    assert_eq!(store.reserve(other, limits.clone()).await, Ok(refused));
    store.finish(&record, &ChunkLog::default()).await.expect("finished");
    assert_eq!(store.reserve(other, limits.clone()).await, Ok(Reserved::Granted));
    let third = dollar(record.run_id);
    let run = BudgetLimit { span: BudgetSpan::Run, limit_usd: 1.2 };
    let both = vec![since_ever(9.0), run];
    let refused = Reserved::Refused { limit: 1, spent_usd: 0.25, reserved_usd: 0.0 };
    assert_eq!(store.reserve(third, both).await, Ok(refused), "its run has spent a quarter");
    store.release(other.execution).await.expect("let go");
    assert_eq!(store.reserve(third, limits).await, Ok(Reserved::Granted));
}

/// What is booked counts as spent, in its hour and for its run, and is let go with its process.
#[tokio::test]
async fn what_no_record_holds_is_booked_by_itself() {
    let folder = folder();
    let store = open(&folder.path().join("lathe.db"));
    let mut record = execution("one", "text");
    record.cost_usd = None;
    let mine = Reservation { execution: record.id, run: record.run_id, amount_usd: 1.0 };
    assert_eq!(store.reserve(mine, vec![since_ever(1.5)]).await, Ok(Reserved::Granted));
    let (execution, started_at) = (record.id, record.timing.started_at);
    store.book(Booking { execution, started_at, amount_usd: 0.5 }).await.expect("booked");
    let spent = async || store.spend_since(started_at).await.expect("summed");
    assert!((spent().await - 0.5).abs() < 1e-9);
    let third = dollar(record.run_id);
    let run = BudgetLimit { span: BudgetSpan::Run, limit_usd: 1.2 };
    let refused = Reserved::Refused { limit: 0, spent_usd: 0.5, reserved_usd: 0.0 };
    assert_eq!(store.reserve(third, vec![run]).await, Ok(refused));
    // Its record comes after it and says that it does not know.
    store.finish(&record, &ChunkLog::default()).await.expect("finished");
    assert_eq!(store.reserve(third, vec![run]).await, Ok(refused), "it is remembered");
    let other = dollar(RunId(Uuid::now_v7()));
    let refused = Reserved::Refused { limit: 0, spent_usd: 0.5, reserved_usd: 0.0 };
    assert_eq!(store.reserve(other, vec![since_ever(1.4)]).await, Ok(refused));
    assert_eq!(store.history(HistoryQuery::default()).await.expect("listed").rows.len(), 1);
}

/// The program may end between the booking of what a call cost and its record, which is then made
/// without knowing of the booking.
#[tokio::test]
async fn what_was_booked_is_not_counted_again_where_its_record_never_came() {
    // Whether money was set aside, and what the record that is made up is counted with.
    for (set_aside, beyond, spent) in
        [(true, 0.5, 0.5), (true, 0.7, 0.7), (true, 0.2, 0.5), (false, 0.5, 0.5)]
    {
        let folder = folder();
        let path = folder.path().join("lathe.db");
        let options = StoreOptions::file(&path).workspace("test").counting(move |_| beyond);
        let store = Store::open(&options).expect("it opens").0;
        let mut record = execution("one", "text");
        record.cost_usd = None;
        record.status = promptlathe::model::Status::Running;
        store.begin(&record).await.expect("begun");
        let (execution, started_at) = (record.id, record.timing.started_at);
        if set_aside {
            let mine = Reservation { execution, run: record.run_id, amount_usd: 1.0 };
            assert_eq!(store.reserve(mine, vec![since_ever(1.5)]).await, Ok(Reserved::Granted));
        }
        store.book(Booking { execution, started_at, amount_usd: 0.5 }).await.expect("booked");
        store.close().await.expect("closed");
        let store = open(&path);
        let counted = store.spend_since(started_at).await.expect("summed");
        assert!((counted - spent).abs() < 1e-9, "{set_aside} {beyond}: {counted}");
    }
}

/// Not a test of its own: a process that sets money aside, says what became of it, and holds on
/// to it until it is killed.
#[tokio::test]
async fn reserving_process() {
    let Some(path) = std::env::var_os(DATABASE) else { return };
    let store = Store::open(
        &StoreOptions::file(Path::new(&path))
            .workspace("test")
            .busy_timeout(Duration::from_secs(30)),
    )
    .expect("it opens")
    .0;
    let run = RunId(Uuid::now_v7());
    for _ in 0..10 {
        let outcome = store.reserve(dollar(run), vec![since_ever(7.5)]).await.expect("asked");
        println!("answer {}", outcome == Reserved::Granted);
    }
    println!("answer all");
    std::future::pending::<()>().await;
}

fn start(path: &Path) -> Child {
    Command::new(std::env::current_exe().expect("this program"))
        .args(["--exact", "money::reserving_process", "--nocapture", "--test-threads=1"])
        .env(DATABASE, path)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("it starts")
}

/// How often a process was granted what it asked for.
fn granted(child: &mut Child) -> usize {
    let reader = BufReader::new(child.stdout.take().expect("piped"));
    let answers = reader.lines().map_while(Result::ok);
    answers
        .filter_map(|line| line.split_once("answer ").map(|(_, word)| word.to_owned()))
        .take_while(|word| word != "all")
        .filter(|word| word == "true")
        .count()
}

#[tokio::test]
async fn processes_never_pass_a_budget_together() {
    let folder = folder();
    let path = folder.path().join("lathe.db");
    drop(open(&path));
    let mut children: Vec<Child> = (0..3).map(|_| start(&path)).collect();
    let total: usize = children.iter_mut().map(granted).sum();
    assert_eq!(total, 7, "of thirty that asked for a dollar of seven and a half");
    for child in &mut children {
        child.kill().expect("killed");
        child.wait().expect("gone");
    }
    // What processes that are gone had set aside goes with them.
    let store = open(&path);
    let one = dollar(RunId(Uuid::now_v7()));
    assert_eq!(store.reserve(one, vec![since_ever(1.0)]).await, Ok(Reserved::Granted));
}

#[tokio::test]
async fn answers_of_a_damaged_database_are_not_given_again() {
    let folder = folder();
    let (path, new) = (folder.path().join("lathe.db"), folder.path().join("new.db"));
    let store = open(&path);
    keep(&store, 1, 10, 0, 1 << 20).await;
    store.reserve(dollar(RunId(Uuid::now_v7())), vec![since_ever(1.0)]).await.expect("reserved");
    store.close().await.expect("closed");
    promptlathe::store::salvage(&path, &new).expect("salvaged");
    let store = open(&new);
    assert_eq!(store.cache_stats().await.expect("read"), CacheStats::default());
    assert_eq!(held(&store, 0).await, Vec::<u8>::new());
    keep(&store, 2, 10, 1, 1 << 20).await;
    assert_eq!(held(&store, 0).await, [2]);
    let one = dollar(RunId(Uuid::now_v7()));
    assert_eq!(store.reserve(one, vec![since_ever(1.5)]).await, Ok(Reserved::Granted));
}
