//! Limits: what the settings allow, what headers and refusals teach, and pauses that all keep.

use pretty_assertions::assert_eq;

use super::*;
use crate::model::{Allowance, ReportedLimits};

fn with(settings: EngineSettings, scripts: Vec<Vec<Step>>) -> Bench {
    bench_with(settings, vec![Scripted::new("scripted", scripts)], Memory::default())
}

fn quick() -> Vec<Step> {
    answer(&[say("x")])
}

fn too_many(after_ms: Option<u64>) -> Vec<Step> {
    let mut error = failing(ErrorKind::RateLimit);
    error.retry_after_ms = after_ms;
    vec![Step::Sleep(10), Step::Fail(error)]
}

/// The head of a reply that tells of limits, before the rest of an answer.
fn telling(limits: ReportedLimits) -> Vec<Step> {
    [vec![Step::Say(ProviderEvent::Limits(limits))], quick()].concat()
}

fn allowance(limit: u64, remaining: u64, reset_ms: u64) -> Allowance {
    Allowance { limit: Some(limit), remaining, reset_ms: Some(reset_ms) }
}

#[tokio::test(start_paused = true)]
async fn no_minute_has_more_requests_than_allowed() {
    let settings =
        EngineSettings { requests_per_minute: 3, concurrency: 8, ..EngineSettings::default() };
    let bench = with(settings, vec![quick(); 8]);
    bench.many(8).await;
    assert_eq!(bench.scripted.times(), [0, 0, 0, 60_000, 60_000, 60_000, 120_000, 120_000]);
}

#[tokio::test(start_paused = true)]
async fn tokens_are_thought_of_before_and_settled_after() {
    // Each answer really takes a million tokens in and 20 out.
    let settings = EngineSettings {
        tokens_per_minute: 1_000_100,
        concurrency: 8,
        ..EngineSettings::default()
    };
    let bench = with(settings, vec![quick(); 3]);
    bench.one().await;
    bench.one().await;
    bench.one().await;
    // Thought to be small, the first went at once; what it took fills the minute for the second.
    assert_eq!(bench.scripted.times(), [0, 60_000, 120_000]);
}

#[tokio::test(start_paused = true)]
async fn a_call_larger_than_a_minute_goes_alone() {
    let settings =
        EngineSettings { tokens_per_minute: 10, concurrency: 8, ..EngineSettings::default() };
    let bench = with(settings, vec![quick(); 2]);
    bench.many(2).await;
    assert_eq!(bench.scripted.times(), [0, 60_000]);
}

#[tokio::test(start_paused = true)]
async fn refusals_halve_the_calls_at_once_and_successes_add_one() {
    let settings = EngineSettings { concurrency: 8, retries: 0, ..EngineSettings::default() };
    let bench = with(settings, [vec![too_many(Some(0)); 8], vec![quick(); 30]].concat());
    let allowed = || bench.engine.endpoints()[0].allowed;
    bench.many(8).await;
    assert_eq!(allowed(), 4, "eight refusals of one moment count once");
    for (calls, expected) in [(3, 4), (1, 5), (5, 6), (6, 7), (7, 8), (8, 8)] {
        for _ in 0..calls {
            bench.one().await;
        }
        assert_eq!(allowed(), expected);
    }
}

#[tokio::test(start_paused = true)]
async fn it_never_falls_below_one() {
    let settings = EngineSettings { concurrency: 2, retries: 0, ..EngineSettings::default() };
    let bench = with(settings, [vec![too_many(Some(0)); 5], vec![quick()]].concat());
    for _ in 0..5 {
        bench.one().await;
    }
    assert_eq!(bench.engine.endpoints()[0].allowed, 1);
    assert_eq!(bench.one().await.status, Status::Ok);
}

#[tokio::test(start_paused = true)]
async fn eight_workers_do_not_come_back_in_step() {
    let settings = EngineSettings { concurrency: 8, ..EngineSettings::default() };
    let bench = with(settings, [vec![too_many(Some(4_000)); 8], vec![quick(); 8]].concat());
    let calls = (0..8).map(|_| call(VariantName::A, "scripted")).collect();
    let mut handle = bench.engine.start(run(calls));
    let events = all(&mut handle).await;
    let mut times = bench.scripted.times().split_off(8);
    assert!(times[0] >= 4_010, "the wait that was asked for is kept: {times:?}");
    assert!(times.is_sorted());
    times.dedup();
    assert_eq!(times.len(), 8, "each at a time of its own: {times:?}");
    // What was told is what happened.
    let mut told: Vec<u128> = events
        .iter()
        .filter_map(|event| match event.kind {
            RunEventKind::Waiting { retry_in_ms, .. } => Some(u128::from(retry_in_ms) + 10),
            _ => None,
        })
        .collect();
    told.sort_unstable();
    assert_eq!(told[..4], times[..4]);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_was_not_refused_itself_keeps_the_pause_too() {
    let settings = EngineSettings { concurrency: 2, ..EngineSettings::default() };
    let bench = with(settings, vec![too_many(Some(5_000)), quick(), quick()]);
    let first = bench.engine.start(run(vec![call(VariantName::A, "scripted")]));
    tokio::time::sleep(Duration::from_millis(100)).await;
    let paused = bench.engine.endpoints()[0].held_until.expect("paused");
    assert_eq!((paused - bench.scripted.origin).as_millis(), 5_010);
    bench.one().await;
    drop(first);
    let times = bench.scripted.times();
    assert!(times[1..].iter().all(|at| *at >= 5_010), "{times:?}");
}

#[tokio::test(start_paused = true)]
async fn skipping_a_wait_ends_the_pause_for_that_call() {
    let bench = with(EngineSettings::default(), vec![too_many(Some(30_000)), quick()]);
    let spec = call(VariantName::A, "scripted");
    let id = spec.execution_id;
    let mut handle = bench.engine.start(run(vec![spec]));
    while let Some(event) = handle.next().await {
        if matches!(event.kind, RunEventKind::Waiting { .. }) {
            handle.skip_wait(id);
        }
    }
    assert_eq!(bench.scripted.times(), [0, 10]);
}

#[tokio::test(start_paused = true)]
async fn a_success_is_never_sent_again_because_nothing_remains() {
    let nothing = ReportedLimits {
        requests: Some(allowance(60, 0, 20_000)),
        tokens: Some(allowance(1_000, 0, 20_000)),
    };
    let bench = with(EngineSettings::default(), vec![telling(nothing)]);
    let record = bench.one().await;
    assert_eq!((record.status, record.attempts.len()), (Status::Ok, 1));
    assert_eq!(bench.scripted.times(), [0]);
}

#[tokio::test(start_paused = true)]
async fn the_next_call_waits_until_there_is_room_by_the_servers_own_word() {
    let said = ReportedLimits { requests: Some(allowance(60, 0, 60_000)), tokens: None };
    let bench = with(EngineSettings::default(), vec![telling(said), quick()]);
    bench.one().await;
    bench.one().await;
    // One of sixty comes back each second; the word came at the start of the first call.
    assert_eq!(bench.scripted.times(), [0, 1_000]);
}

#[tokio::test(start_paused = true)]
async fn no_header_holds_calls_back_for_longer_than_a_minute() {
    let said = ReportedLimits {
        requests: Some(Allowance { limit: None, remaining: 0, reset_ms: Some(86_400_000) }),
        tokens: None,
    };
    let bench = with(EngineSettings::default(), vec![telling(said), quick()]);
    bench.one().await;
    bench.one().await;
    assert_eq!(bench.scripted.times(), [0, 60_000]);
}

#[tokio::test(start_paused = true)]
async fn a_header_without_a_reset_holds_nothing_back() {
    let said = ReportedLimits {
        requests: Some(Allowance { limit: Some(60), remaining: 0, reset_ms: None }),
        tokens: None,
    };
    let bench = with(EngineSettings::default(), vec![telling(said), quick()]);
    bench.one().await;
    bench.one().await;
    assert_eq!(bench.scripted.times(), [0, 100]);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_tries_again_does_not_queue_up_a_second_time() {
    let settings = EngineSettings { concurrency: 1, ..EngineSettings::default() };
    let scripts =
        [vec![vec![Step::Fail(failing(ErrorKind::Connect))]], vec![answer(&[Step::Sleep(900)]); 5]];
    let bench = with(settings, scripts.concat());
    let calls: Vec<_> = (0..5).map(|_| call(VariantName::A, "scripted")).collect();
    let first = calls[0].execution_id;
    let mut handle = bench.engine.start(run(calls));
    let events = all(&mut handle).await;
    let ended: Vec<_> = events
        .iter()
        .filter(|event| matches!(event.kind, RunEventKind::Finished(_)))
        .map(|event| event.execution_id)
        .collect();
    assert_eq!(ended.iter().position(|id| *id == first), Some(1), "second, not last");
}
