//! A machine that sleeps while an answer comes.

use std::cell::Cell;

use pretty_assertions::assert_eq;

use super::*;

thread_local! {
    /// How long the machine slept; every test runs on a thread of its own.
    static ASLEEP: Cell<Duration> = const { Cell::new(Duration::ZERO) };
    static ORIGIN: Cell<Option<Instant>> = const { Cell::new(None) };
}

/// The time since the first look, with all sleep.
pub(super) fn clock() -> Duration {
    let origin = ORIGIN.get().unwrap_or_else(|| {
        let now = Instant::now();
        ORIGIN.set(Some(now));
        now
    });
    origin.elapsed() + ASLEEP.get()
}

fn sleeps(time: Duration) {
    ASLEEP.set(ASLEEP.get() + time);
}

/// Runs a call over which the machine falls asleep at a time.
async fn asleep(bench: &Bench, at_ms: u64, time: Duration) -> (Execution, u128) {
    let mut handle = bench.engine.start(run(vec![call(VariantName::A, "scripted")]));
    tokio::time::sleep(Duration::from_millis(at_ms)).await;
    sleeps(time);
    let woke = Instant::now();
    let mut ended = None;
    while let Some(event) = handle.next().await {
        if let RunEventKind::Finished(execution) = event.kind {
            ended = Some((*execution, woke.elapsed().as_millis()));
        }
    }
    ended.expect("a call always ends")
}

#[tokio::test(start_paused = true)]
async fn a_dead_connection_is_given_up_after_an_hour_of_sleep() {
    let steps = [opening(), vec![say("half an answer"), Step::Hang]].concat();
    let bench = bench(vec![steps], Memory::default());
    let (record, took) = asleep(&bench, 2_000, Duration::from_hours(1)).await;
    assert_eq!((record.status, record.text.as_str()), (Status::Interrupted, "half an answer"));
    let error = record.error.as_ref().expect("it says why");
    assert_eq!(error.kind, ErrorKind::Timeout);
    assert!(error.message.contains("slept") && error.message.contains("360"), "{error}");
    assert!(took <= 5_000, "at the next look: {took}");
    assert_eq!(bench.circuit(), Circuit::Closed, "it is not the server's fault");
    assert!(record.usage.estimated && record.cost_usd.is_some(), "it was paid for");
}

#[tokio::test(start_paused = true)]
async fn a_call_that_nobody_had_answered_is_sent_again() {
    let steps = vec![Step::Say(ProviderEvent::Sent), Step::Hang];
    let bench = bench(vec![steps, answer(&[say("after the sleep")])], Memory::default());
    let (record, _) = asleep(&bench, 2_000, Duration::from_hours(1)).await;
    assert_eq!((record.status, record.text.as_str()), (Status::Ok, "after the sleep"));
    assert_eq!(record.attempts.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_is_heard_again_is_listened_to() {
    let steps = [say("before "), Step::Sleep(6_000), say("after"), Step::Sleep(60_000)];
    let bench = bench(vec![answer(&steps)], Memory::default());
    let (record, _) = asleep(&bench, 2_000, Duration::from_secs(90)).await;
    assert_eq!((record.status, record.text.as_str()), (Status::Ok, "before after"));
}
