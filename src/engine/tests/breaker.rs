//! The circuit breaker in calls: what opens it, what does not, and the one probe.

use pretty_assertions::assert_eq;

use super::*;

fn settings() -> EngineSettings {
    EngineSettings { retries: 0, ..EngineSettings::default() }
}

fn failures(kind: ErrorKind, count: usize) -> Vec<Vec<Step>> {
    vec![vec![Step::Fail(failing(kind))]; count]
}

fn with(scripts: Vec<Vec<Step>>) -> Bench {
    bench_with(settings(), vec![Scripted::new("scripted", scripts)], Memory::default())
}

async fn fail(bench: &Bench, count: usize) {
    for _ in 0..count {
        assert_eq!(bench.one().await.status, Status::Error);
    }
}

#[tokio::test(start_paused = true)]
async fn five_failures_in_a_row_open_it_for_a_minute() {
    let bench = with([failures(ErrorKind::Server, 5), vec![answer(&[say("x")])]].concat());
    let mut changes = bench.engine.endpoint_changes();
    fail(&bench, 4).await;
    assert_eq!(bench.circuit(), Circuit::Closed);
    assert!(!changes.has_changed().expect("lives"), "nothing to tell yet");
    fail(&bench, 1).await;
    assert!(matches!(bench.circuit(), Circuit::Open { .. }));
    assert!(changes.has_changed().expect("lives"));
    changes.mark_unchanged();

    tokio::time::advance(Duration::from_secs(18)).await;
    let refused = bench.one().await;
    assert_eq!(refused.error_kind(), Some(ErrorKind::CircuitOpen));
    let error = refused.error.expect("refused");
    assert!(error.message.contains("42 s"), "{error}");
    assert_eq!(error.retry_after_ms, Some(42_000));
    assert!(refused.attempts.is_empty(), "nothing was sent");
    assert_eq!(bench.scripted.times().len(), 5);

    tokio::time::advance(Duration::from_secs(42)).await;
    assert_eq!(bench.one().await.status, Status::Ok);
    assert_eq!(bench.circuit(), Circuit::Closed);
    assert!(changes.has_changed().expect("lives"));
}

/// What is told of the failures is true of however many it takes.
#[tokio::test(start_paused = true)]
async fn one_failure_is_not_told_as_several() {
    for (breaker_failures, words) in
        [(1, "scripted failed and is left alone"), (2, "scripted failed several times in a row")]
    {
        let settings = EngineSettings { breaker_failures, ..settings() };
        let count = breaker_failures as usize;
        let scripted = Scripted::new("scripted", failures(ErrorKind::Server, count));
        let bench = bench_with(settings, vec![scripted], Memory::default());
        fail(&bench, count).await;
        let error = bench.one().await.error.expect("refused");
        assert!(error.message.contains(words), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn only_what_speaks_of_the_endpoint_counts() {
    for kind in ErrorKind::ALL {
        let counts = matches!(
            kind,
            ErrorKind::Connect
                | ErrorKind::Tls
                | ErrorKind::Timeout
                | ErrorKind::Server
                | ErrorKind::Overloaded
                | ErrorKind::InterruptedStream
        );
        let bench = with(failures(*kind, 5));
        bench.one().await;
        for _ in 0..4 {
            bench.one().await;
            tokio::time::advance(Duration::from_mins(1)).await;
        }
        let open = matches!(bench.circuit(), Circuit::Open { .. });
        assert_eq!(open, counts, "{kind}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_put_off_was_answered() {
    for (status, opens) in [(409, false), (425, false), (500, true)] {
        let mut error = failing(ErrorKind::Server);
        error.http_status = Some(status);
        let bench = with(vec![vec![Step::Fail(error)]; 5]);
        fail(&bench, 5).await;
        assert_eq!(matches!(bench.circuit(), Circuit::Open { .. }), opens, "{status}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_failed_on_this_side_says_nothing_of_the_endpoint() {
    let failed = vec![Step::Fail(failing(ErrorKind::Connect).of_this_side())];
    let bench = with(vec![failed; 9]);
    for _ in 0..9 {
        bench.one().await;
    }
    assert_eq!(bench.circuit(), Circuit::Closed);
}

#[tokio::test(start_paused = true)]
async fn an_answer_or_a_refusal_in_between_begins_the_count_anew() {
    for between in [answer(&[say("x")]), vec![Step::Fail(failing(ErrorKind::InvalidRequest))]] {
        let scripts =
            [failures(ErrorKind::Connect, 4), vec![between], failures(ErrorKind::Connect, 4)];
        let bench = with(scripts.concat());
        for _ in 0..9 {
            bench.one().await;
        }
        assert_eq!(bench.circuit(), Circuit::Closed);
    }
}

#[tokio::test(start_paused = true)]
async fn one_call_probes_and_the_others_wait_for_what_it_finds() {
    let probe = vec![Step::Sleep(700), Step::Fail(failing(ErrorKind::Connect))];
    let bench = with([failures(ErrorKind::Server, 5), vec![probe]].concat());
    fail(&bench, 5).await;
    tokio::time::advance(Duration::from_secs(61)).await;
    bench.many(4).await;
    assert_eq!(bench.scripted.times().len(), 6, "one probe and no other call");
    let kinds: Vec<_> = {
        let finished = bench.memory.finished.lock().unwrap();
        finished[5..].iter().map(|(record, _)| record.error_kind()).collect()
    };
    assert_eq!(kinds.iter().filter(|kind| **kind == Some(ErrorKind::Connect)).count(), 1);
    assert_eq!(kinds.iter().filter(|kind| **kind == Some(ErrorKind::CircuitOpen)).count(), 3);
    assert!(matches!(bench.circuit(), Circuit::Open { .. }), "for another minute");
}

#[tokio::test(start_paused = true)]
async fn the_others_go_as_soon_as_the_probe_is_answered() {
    let long = answer(&[say("a"), Step::Sleep(10_000), say("b")]);
    let scripts = [failures(ErrorKind::Server, 5), vec![long.clone(), long.clone(), long]];
    let bench = with(scripts.concat());
    fail(&bench, 5).await;
    tokio::time::advance(Duration::from_mins(1)).await;
    bench.many(3).await;
    let times = bench.scripted.times();
    assert_eq!(times[6] - times[5], 100, "the head came after 100 ms");
    assert_eq!(times[7], times[6]);
    assert_eq!(bench.circuit(), Circuit::Closed);
}

#[tokio::test(start_paused = true)]
async fn a_probe_that_is_called_off_leaves_the_next_call_to_probe() {
    let hangs = vec![Step::Hang];
    let bench = with([failures(ErrorKind::Server, 5), vec![hangs, answer(&[say("x")])]].concat());
    fail(&bench, 5).await;
    tokio::time::advance(Duration::from_mins(1)).await;
    let handle = bench.engine.start(run(vec![call(VariantName::A, "scripted")]));
    tokio::time::sleep(Duration::from_millis(10)).await;
    assert_eq!(bench.circuit(), Circuit::Probing);
    drop(handle);
    bench.engine.idle().await;
    assert_eq!(bench.one().await.status, Status::Ok);
}

#[tokio::test(start_paused = true)]
async fn retries_end_when_it_opens_and_say_what_happened_to_the_call() {
    let scripts = failures(ErrorKind::Server, 5);
    let settings = EngineSettings { retries: 9, ..EngineSettings::default() };
    let bench = bench_with(settings, vec![Scripted::new("scripted", scripts)], Memory::default());
    let record = bench.one().await;
    assert_eq!((record.error_kind(), record.attempts.len()), (Some(ErrorKind::Server), 5));
    let hint = record.error.and_then(|error| error.hint).expect("why no more");
    assert!(hint.contains("60 s"), "{hint}");
}

#[tokio::test(start_paused = true)]
async fn it_can_be_turned_off_and_set() {
    let settings = EngineSettings { retries: 0, breaker_failures: 0, ..EngineSettings::default() };
    let scripts = failures(ErrorKind::Server, 9);
    let bench = bench_with(settings, vec![Scripted::new("scripted", scripts)], Memory::default());
    fail(&bench, 9).await;
    assert_eq!(bench.circuit(), Circuit::Closed);

    let settings = EngineSettings {
        retries: 0,
        breaker_failures: 2,
        breaker_rest: Duration::from_secs(5),
        ..EngineSettings::default()
    };
    let scripts = failures(ErrorKind::Server, 3);
    let bench = bench_with(settings, vec![Scripted::new("scripted", scripts)], Memory::default());
    fail(&bench, 3).await;
    assert_eq!(bench.scripted.times().len(), 2);
    tokio::time::advance(Duration::from_secs(5)).await;
    fail(&bench, 1).await;
    assert_eq!(bench.scripted.times().len(), 3);
}
