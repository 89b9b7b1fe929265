//! How often and how long calls are tried again, for a person and for a suite.

use pretty_assertions::assert_eq;

use super::*;

/// The settings with a breaker that stays out of the way.
fn settings() -> EngineSettings {
    EngineSettings { breaker_failures: 0, ..EngineSettings::default() }
}

/// A failure that asks for this wait.
fn asking(kind: ErrorKind, after_ms: Option<u64>) -> CallError {
    CallError { retry_after_ms: after_ms, ..failing(kind) }
}

/// What a call comes to that fails in the same way until its attempts are over: how many they
/// were, and how long it all took.
async fn tried(mode: Mode, error: CallError) -> (Execution, usize, u128) {
    let scripts = vec![vec![Step::Fail(error)]; 9];
    let bench = bench_with(settings(), vec![Scripted::new("scripted", scripts)], Memory::default());
    let began = Instant::now();
    let spec = RunSpec { mode, ..run(vec![call(VariantName::A, "scripted")]) };
    all(&mut bench.engine.start(spec)).await;
    let record = bench.memory.finished.lock().unwrap()[0].0.clone();
    let attempts = record.attempts.len();
    (record, attempts, began.elapsed().as_millis())
}

/// However a server words its wish, the attempts and the time they take are bounded.
#[tokio::test(start_paused = true)]
async fn attempts_and_waits_are_bounded_whatever_a_server_asks_for() {
    use ErrorKind::{Connect, Overloaded, RateLimit, Server, Timeout};
    use Mode::{Interactive, Suite};
    for (mode, kind, after_ms, attempts, took) in [
        // Waits of our own: half a second, doubling.
        (Interactive, RateLimit, None, 3, 1_500),
        (Interactive, Overloaded, None, 3, 1_500),
        (Interactive, Server, None, 3, 1_500),
        (Interactive, Connect, None, 3, 1_500),
        (Interactive, Timeout, None, 3, 1_500),
        (Suite, RateLimit, None, 5, 7_500),
        (Suite, Overloaded, None, 5, 7_500),
        (Suite, Server, None, 5, 7_500),
        (Suite, Connect, None, 5, 7_500),
        (Suite, Timeout, None, 5, 7_500),
        // The server's.
        (Interactive, RateLimit, Some(1), 3, 2),
        (Interactive, RateLimit, Some(250), 3, 500),
        (Interactive, RateLimit, Some(20_000), 3, 40_000),
        (Interactive, RateLimit, Some(60_000), 3, 120_000),
        (Suite, RateLimit, Some(60_000), 5, 240_000),
        (Suite, RateLimit, Some(120_000), 5, 480_000),
        (Suite, Overloaded, Some(120_000), 5, 480_000),
        (Suite, Server, Some(120_000), 5, 480_000),
        // More than anybody sits through.
        (Interactive, RateLimit, Some(60_001), 1, 0),
        (Interactive, Overloaded, Some(86_400_000), 1, 0),
        (Interactive, Server, Some(u64::MAX), 1, 0),
        (Suite, RateLimit, Some(120_001), 1, 0),
        (Suite, Overloaded, Some(86_400_000), 1, 0),
        (Suite, Server, Some(u64::MAX), 1, 0),
    ] {
        let (record, made, elapsed) = tried(mode, asking(kind, after_ms)).await;
        // Calls that left after a pause keep some distance, which is at most half a second.
        let spare = if after_ms == Some(1) { 200 } else { 500 * (attempts as u128 - 1) };
        let within = (took..=took + spare).contains(&elapsed);
        assert!(made == attempts && within, "{mode:?} {kind} {after_ms:?}: {made} in {elapsed} ms");
        assert_eq!((record.status, record.error_kind()), (Status::Error, Some(kind)));
    }
}

#[tokio::test(start_paused = true)]
async fn a_wait_that_is_too_long_is_told_with_what_would_have_been_waited_for() {
    for (mode, longest) in [(Mode::Interactive, "60 s"), (Mode::Suite, "120 s")] {
        let (record, ..) = tried(mode, asking(ErrorKind::RateLimit, Some(86_400_000))).await;
        let error = record.error.expect("failed");
        assert!(error.message.contains("86400 s"), "{error}");
        assert!(error.hint.as_deref().is_some_and(|hint| hint.contains(longest)), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_not_worth_it_is_not_tried_again_in_a_suite_either() {
    for kind in [ErrorKind::Quota, ErrorKind::Authentication, ErrorKind::InvalidRequest] {
        let mut error = asking(kind, Some(1_000));
        error.retryable = false;
        let (_, attempts, elapsed) = tried(Mode::Suite, error).await;
        assert_eq!((attempts, elapsed), (1, 0), "{kind}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_settings_say_how_often() {
    for (retries, suite_retries) in [(0, 0), (1, 3), (7, 8)] {
        for (mode, expected) in [(Mode::Interactive, retries + 1), (Mode::Suite, suite_retries + 1)]
        {
            let settings = EngineSettings { retries, suite_retries, ..settings() };
            let scripts = vec![vec![Step::Fail(failing(ErrorKind::Server))]; 9];
            let known = vec![Scripted::new("scripted", scripts)];
            let bench = bench_with(settings, known, Memory::default());
            let spec = RunSpec { mode, ..run(vec![call(VariantName::A, "scripted")]) };
            all(&mut bench.engine.start(spec)).await;
            assert_eq!(bench.scripted.times().len(), expected as usize);
        }
    }
}

#[test]
fn every_wait_of_our_own_lies_within_a_quarter_below_its_double() {
    let backoff = Backoff { attempts: 99, longest_asked: Duration::from_mins(1) };
    for made in 1..20_u32 {
        let doubled = (500_u128 << (made - 1).min(10)).min(8_000);
        for chance in [0.0, 0.25, 0.5, 0.999, 1.0, -1.0, 7.0] {
            let next = backoff.next(made, &failing(ErrorKind::Server), false, chance);
            let NextAttempt::After(wait) = next else { panic!("{next:?}") };
            let bounds = doubled * 3 / 4..=doubled;
            assert!(bounds.contains(&wait.as_millis()), "{made} {chance}: {wait:?}");
        }
    }
}
