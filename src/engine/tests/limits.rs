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

/// Starts a call and lets it run beside what follows.
fn start(bench: &Bench, spec: CallSpec) -> RunHandle {
    bench.engine.start(run(vec![spec]))
}

async fn after(milliseconds: u64) {
    tokio::time::sleep(Duration::from_millis(milliseconds)).await;
}

#[tokio::test(start_paused = true)]
async fn a_success_that_left_before_the_pause_does_not_end_it() {
    let long = answer(&[Step::Sleep(5_000), say("x")]);
    let bench = with(
        EngineSettings { retries: 0, ..EngineSettings::default() },
        vec![long, too_many(Some(30_000)), quick(), quick()],
    );
    let first = start(&bench, call(VariantName::A, "scripted"));
    after(200).await;
    let refused = bench.one().await;
    assert_eq!(refused.error_kind(), Some(ErrorKind::RateLimit));
    after(6_000).await;
    assert_eq!(bench.memory.finished.lock().unwrap().len(), 2, "the first has ended well");
    bench.one().await;
    assert_eq!(bench.scripted.times()[2], 30_210, "the wait is kept");
    // One that left after it does end it.
    bench.one().await;
    assert_eq!(bench.scripted.times()[3], 30_310);
    drop(first);
}

/// When eight calls that failed in step are to be sent again, and when all were that were sent
/// after that: one that came meanwhile is among them.
async fn retried(error: CallError) -> (Vec<u128>, Vec<u128>) {
    let settings =
        EngineSettings { concurrency: 16, breaker_failures: 0, ..EngineSettings::default() };
    let failed = vec![Step::Sleep(10), Step::Fail(error)];
    let bench = with(settings, [vec![failed; 8], vec![quick(); 9]].concat());
    let calls = (0..8).map(|_| call(VariantName::A, "scripted")).collect();
    let mut handle = bench.engine.start(run(calls));
    after(100).await;
    let other = start(&bench, call(VariantName::B, "scripted"));
    let events = all(&mut handle).await;
    bench.engine.idle().await;
    drop(other);
    let told = events.iter().filter_map(|event| match event.kind {
        RunEventKind::Waiting { retry_in_ms, .. } => Some(u128::from(retry_in_ms) + 10),
        _ => None,
    });
    (told.collect(), bench.scripted.times().split_off(8))
}

/// Every error that is worth another attempt, be it of the server or of the way to it.
#[tokio::test(start_paused = true)]
async fn eight_workers_never_try_again_in_step_whatever_failed() {
    for kind in [
        ErrorKind::Server,
        ErrorKind::Connect,
        ErrorKind::Timeout,
        ErrorKind::Overloaded,
        ErrorKind::RateLimit,
    ] {
        let (mut told, times) = retried(failing(kind)).await;
        told.sort_unstable();
        assert_eq!((told.len(), told[0]), (8, 510), "{kind}: {told:?}");
        assert!(told.windows(2).all(|two| two[1] - two[0] >= 50), "{kind}: {told:?}");
        let mut apart = times.clone();
        apart.dedup();
        assert_eq!(apart.len(), 9, "{kind}: each at a time of its own: {times:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn only_a_server_that_is_asked_too_much_holds_up_everybody() {
    for (kind, held) in [
        (ErrorKind::Server, false),
        (ErrorKind::Connect, false),
        (ErrorKind::Overloaded, true),
        (ErrorKind::RateLimit, true),
    ] {
        let (_, times) = retried(failing(kind)).await;
        assert_eq!(times[0] == 100, !held, "{kind}: {times:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_overloaded_server_gets_fewer_calls_at_once() {
    let settings = EngineSettings { concurrency: 8, retries: 0, ..EngineSettings::default() };
    let mut busy = failing(ErrorKind::Overloaded);
    busy.retry_after_ms = Some(0);
    let bench = with(settings, vec![vec![Step::Sleep(10), Step::Fail(busy)]; 8]);
    bench.many(8).await;
    assert_eq!(bench.engine.endpoints()[0].allowed, 4);
}

/// Twenty calls one after another, all at once refused, then spaced.
#[tokio::test(start_paused = true)]
async fn a_refusal_halves_the_requests_a_minute_too() {
    let settings = EngineSettings { concurrency: 20, retries: 0, ..EngineSettings::default() };
    let scripts = [vec![too_many(Some(0)); 20], vec![quick(); 30]].concat();
    let bench = with(settings, scripts);
    bench.many(20).await;
    after(10_000).await;
    bench.many(30).await;
    let times = bench.scripted.times().split_off(20);
    // Twenty in one second are 1,200 a minute; ten a second go now, after those that the time
    // since has left unused.
    let seconds = times.last().expect("sent") - times[0];
    assert!((1_200..=2_400).contains(&seconds), "{times:?}");
}

/// Two entries of the settings that lead to one server.
fn shared(
    settings: EngineSettings,
    names: [&'static str; 2],
    scripts: [Vec<Vec<Step>>; 2],
) -> Bench {
    let [one, other] = scripts;
    let known = vec![Scripted::new(names[0], one), Scripted::new(names[1], other)];
    bench_with(settings, known, Memory::default())
}

#[tokio::test(start_paused = true)]
async fn entries_of_one_server_keep_its_pause_and_its_limit_together() {
    let settings = EngineSettings { concurrency: 4, retries: 0, ..EngineSettings::default() };
    let scripts = [vec![too_many(Some(5_000))], vec![quick(); 5]];
    let bench = shared(settings.clone(), ["host-a", "host-b"], scripts);
    bench.one_of(call(VariantName::A, "host-a")).await;
    let began = Instant::now();
    bench.one_of(call(VariantName::A, "host-b")).await;
    assert_eq!(began.elapsed().as_millis(), 5_100, "the other keeps the wait too");
    let names: Vec<_> = bench.engine.endpoints().into_iter().map(|it| it.provider).collect();
    assert_eq!(names, ["host-a", "host-b"], "each is told by its name");

    let slow = || answer(&[Step::Sleep(1_000)]);
    let bench = shared(settings, ["host-a", "host-b"], [vec![slow(); 4], vec![slow(); 4]]);
    let calls = |name| (0..4).map(move |_| call(VariantName::A, name));
    let handle = bench.engine.start(run(calls("host-a").chain(calls("host-b")).collect()));
    after(500).await;
    assert_eq!(bench.engine.endpoints()[0].under_way, 4, "four of both together");
    bench.engine.idle().await;
    drop(handle);
}

#[tokio::test(start_paused = true)]
async fn entries_of_one_server_share_its_breaker() {
    let settings = EngineSettings { retries: 0, ..EngineSettings::default() };
    let down = vec![Step::Fail(failing(ErrorKind::Connect))];
    let bench = shared(settings, ["host-a", "host-b"], [vec![down; 5], Vec::new()]);
    for _ in 0..5 {
        bench.one_of(call(VariantName::A, "host-a")).await;
    }
    let refused = bench.one_of(call(VariantName::A, "host-b")).await;
    assert_eq!(refused.error_kind(), Some(ErrorKind::CircuitOpen));
    let open = bench.engine.endpoints().into_iter();
    assert!(open.map(|it| it.circuit).all(|it| matches!(it, Circuit::Open { .. })));
}

#[tokio::test(start_paused = true)]
async fn an_entry_keeps_its_own_limit_and_holds_up_no_other() {
    let settings = EngineSettings { concurrency: 8, ..EngineSettings::default() };
    let bench = shared(settings, ["host-1", "host-3"], [vec![quick(); 3], vec![quick(); 4]]);
    let calls = |name, count: usize| (0..count).map(move |_| call(VariantName::A, name));
    let all_of_them = calls("host-1", 2).chain(calls("host-3", 3)).collect();
    let mut handle = bench.engine.start(run(all_of_them));
    after(200).await;
    let counts = || bench.engine.endpoints().iter().map(|it| it.under_way).sum::<usize>() / 2;
    assert_eq!(counts(), 0, "what may go has gone and come back");
    let done = || bench.memory.finished.lock().unwrap().len();
    // One of the first, and two of the other: three a minute is what the larger of them allows.
    assert_eq!(done(), 3);
    all(&mut handle).await;
    assert_eq!(done(), 5);
}

#[tokio::test(start_paused = true)]
async fn what_headers_say_of_one_model_holds_back_no_other() {
    let said = ReportedLimits { requests: Some(allowance(60, 0, 60_000)), tokens: None };
    let bench = with(EngineSettings::default(), vec![telling(said), quick(), quick()]);
    bench.one().await;
    let mut other = call(VariantName::A, "scripted");
    other.model.model = "other".to_owned();
    let same = call(VariantName::A, "scripted");
    let mut handle = bench.engine.start(run(vec![same, other]));
    all(&mut handle).await;
    let came = bench.scripted.came.lock().unwrap().clone();
    let came: Vec<_> = came.iter().map(|(at, model)| (*at, model.as_str())).collect();
    assert_eq!(came, [(0, "m"), (100, "other"), (1_000, "m")]);
}

/// The events of one call, which is told to go now at the first that holds it back.
async fn skipping(bench: &Bench, spec: CallSpec) -> (Vec<String>, u128) {
    let began = Instant::now();
    let id = spec.execution_id;
    let mut handle = start(bench, spec);
    let mut told = Vec::new();
    while let Some(event) = handle.next().await {
        if matches!(event.kind, RunEventKind::Held { .. }) {
            handle.skip_wait(id);
        }
        told.push(word(&event));
    }
    (told, began.elapsed().as_millis())
}

#[tokio::test(start_paused = true)]
async fn what_the_server_asks_for_is_told_and_can_be_skipped() {
    let nothing = ReportedLimits {
        requests: Some(Allowance { limit: None, remaining: 0, reset_ms: Some(60_000) }),
        tokens: None,
    };
    let bench = with(EngineSettings::default(), vec![telling(nothing), quick(), quick()]);
    bench.one().await;
    let (told, took) = skipping(&bench, call(VariantName::A, "scripted")).await;
    assert_eq!(told[..3], ["queued", "held scripted 59900 Server", "attempt 1/3"]);
    assert_eq!(took, 100);

    let settings = EngineSettings { retries: 0, ..EngineSettings::default() };
    let bench = with(settings, vec![too_many(Some(30_000)), quick()]);
    bench.one().await;
    let (told, took) = skipping(&bench, call(VariantName::A, "scripted")).await;
    assert_eq!(told[1], "held scripted 30000 Server");
    assert_eq!(took, 100);
}

#[tokio::test(start_paused = true)]
async fn a_limit_of_the_settings_is_told_and_never_skipped() {
    let settings =
        EngineSettings { requests_per_minute: 1, concurrency: 8, ..EngineSettings::default() };
    let bench = with(settings, vec![quick(), quick()]);
    bench.one().await;
    let (told, took) = skipping(&bench, call(VariantName::A, "scripted")).await;
    assert_eq!(told[1], "held scripted 59900 Settings");
    assert_eq!(took, 60_000);

    // Nor is it by a retry that is told to go now.
    let settings =
        EngineSettings { requests_per_minute: 1, concurrency: 8, ..EngineSettings::default() };
    let bench = with(settings, vec![too_many(Some(30_000)), quick()]);
    let spec = call(VariantName::A, "scripted");
    let id = spec.execution_id;
    let mut handle = start(&bench, spec);
    while let Some(event) = handle.next().await {
        if matches!(event.kind, RunEventKind::Waiting { .. }) {
            handle.skip_wait(id);
        }
    }
    assert_eq!(bench.scripted.times(), [0, 60_000]);
}

#[tokio::test(start_paused = true)]
async fn everybody_in_line_hears_of_a_hold() {
    let settings = EngineSettings { retries: 0, ..EngineSettings::default() };
    let bench = with(settings, [vec![too_many(Some(20_000))], vec![quick(); 3]].concat());
    bench.one().await;
    let calls = (0..3).map(|_| call(VariantName::A, "scripted")).collect();
    let mut handle = bench.engine.start(run(calls));
    let events = all(&mut handle).await;
    let held: std::collections::BTreeSet<_> = events
        .iter()
        .filter(|event| matches!(event.kind, RunEventKind::Held { .. }))
        .map(|event| event.execution_id.0)
        .collect();
    assert_eq!(held.len(), 3);
}

/// Who tries again goes first where it could go, and not where its own model's limit holds it.
#[tokio::test(start_paused = true)]
async fn a_call_held_by_its_own_models_limit_holds_up_no_other_model() {
    let limits = ReportedLimits { requests: Some(allowance(1, 0, 30_000)), tokens: None };
    let head = Step::Say(ProviderEvent::Limits(limits));
    let busy = [vec![head], vec![Step::Fail(failing(ErrorKind::Server))]].concat();
    let bench = with(EngineSettings::default(), vec![busy, quick(), quick()]);
    let held = bench.engine.start(run(vec![call(VariantName::A, "scripted")]));
    tokio::time::sleep(Duration::from_secs(10)).await;
    let mut other = call(VariantName::A, "scripted");
    other.model.model = "n".to_owned();
    bench.one_of(other).await;
    drop(held);
    bench.engine.idle().await;
    let came = bench.scripted.came.lock().unwrap().clone();
    assert_eq!(came[1], (10_000, "n".to_owned()), "{came:?}");
}

/// A server may count as it likes.
#[tokio::test(start_paused = true)]
async fn a_count_without_sense_neither_wraps_nor_ends_the_program() {
    let usage = Usage { output_tokens: Some(u64::MAX), ..Usage::default() };
    let counted = Step::Say(ProviderEvent::Usage(usage));
    let odd = [opening(), vec![counted.clone(), say("x")], ending(), vec![counted]].concat();
    let settings =
        EngineSettings { tokens_per_minute: 100, concurrency: 8, ..EngineSettings::default() };
    let bench = with(settings, vec![odd; 3]);
    for _ in 0..3 {
        assert_eq!(bench.one().await.status, Status::Ok);
    }
    assert_eq!(bench.scripted.times(), [0, 60_000, 120_000]);
}
