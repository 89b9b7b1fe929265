//! Calls that are answered, fail, are cancelled, and what is told and recorded of them.

use pretty_assertions::assert_eq;

use super::*;

#[tokio::test(start_paused = true)]
async fn an_answer_is_told_timed_and_recorded() {
    let script =
        answer(&[Step::Sleep(50), say("one "), Step::Sleep(300), say("two"), Step::Sleep(50)]);
    let bench = bench(vec![script], Memory::default());
    let mut handle = bench.engine.start(run(vec![call(VariantName::A, "scripted")]));
    let events = all(&mut handle).await;
    assert_eq!(
        words(&events),
        [
            "queued",
            "attempt 1/3",
            "sent",
            "headers",
            "delta one || 150",
            "delta two|| 450",
            "usage",
            "finished ok",
        ]
    );
    let finished = bench.memory.finished.lock().unwrap();
    let (record, chunks) = &finished[0];
    assert_eq!(record.text, "one two");
    assert_eq!(record.status, Status::Ok);
    assert_eq!(record.timing.headers_ms, Some(100));
    assert_eq!(record.timing.ttft_ms, Some(150));
    assert_eq!(record.timing.total_ms, Some(500));
    let rate = record.timing.tokens_per_second.expect("known");
    assert!((rate - 20.0 / 0.35).abs() < 1e-6, "{rate}");
    assert!((record.cost_usd.expect("known") - 1.00004).abs() < 1e-9);
    assert_eq!(
        chunks.iter().map(|(at, _, size)| (at, size)).collect::<Vec<_>>(),
        [(150_000, 4), (450_000, 3)]
    );
    assert_eq!(record.attempts.len(), 1);
    assert_eq!(record.parameters.sent["temperature"], 0.5);
}

#[tokio::test(start_paused = true)]
async fn the_record_begins_before_the_request_leaves() {
    let bench = bench(vec![answer(&[say("x")])], Memory::default());
    let mut handle = bench.engine.start(run(vec![call(VariantName::A, "scripted")]));
    all(&mut handle).await;
    let log: Vec<_> =
        bench.memory.log.lock().unwrap().iter().map(|(_, what)| what.clone()).collect();
    assert_eq!(log, ["begin running", "finish ok"]);
}

#[tokio::test(start_paused = true)]
async fn text_is_kept_every_half_second_and_every_four_kibibytes() {
    let mut steps = Vec::new();
    for _ in 0..12 {
        steps.extend([say("0123456789"), Step::Sleep(100)]);
    }
    steps.extend([say(&"x".repeat(5000)), Step::Sleep(1), say("y")]);
    let bench = bench(vec![answer(&steps)], Memory::default());
    let mut handle = bench.engine.start(run(vec![call(VariantName::A, "scripted")]));
    all(&mut handle).await;
    let log = bench.memory.log.lock().unwrap().clone();
    let kept: Vec<_> = log
        .iter()
        .filter(|(_, what)| what.starts_with("checkpoint"))
        .map(|(at, what)| (at.as_millis(), what.as_str()))
        .collect();
    // The first piece came at 100 ms; a piece of the very moment may or may not be in.
    assert_eq!(kept.len(), 3, "{kept:?}");
    assert_eq!((kept[0].0, kept[1].0, kept[2].0), (600, 1200, 1300), "{kept:?}");
    let total: usize =
        kept.iter().map(|(_, what)| what[11..].parse::<usize>().expect("a number")).sum();
    assert_eq!(total, 5120);
}

/// The call beside it goes on, and the text that was kept is not written over with less.
#[tokio::test(start_paused = true)]
async fn a_fault_of_ours_ends_its_call_and_no_other() {
    let steps = [say("half an answer"), Step::Sleep(700), say("x"), Step::Panic];
    let bench = bench(vec![answer(&steps), answer(&[say("whole")])], Memory::default());
    let calls = vec![call(VariantName::A, "scripted"), call(VariantName::B, "scripted")];
    let events = all(&mut bench.engine.start(run(calls))).await;
    let ended: Vec<_> = events
        .iter()
        .filter_map(|event| match &event.kind {
            RunEventKind::Finished(execution) => Some((event.variant, execution.status)),
            _ => None,
        })
        .collect();
    assert!(ended.contains(&(VariantName::A, Status::Interrupted)), "{ended:?}");
    assert!(ended.contains(&(VariantName::B, Status::Ok)), "{ended:?}");
    bench.engine.idle().await;
    let log = bench.memory.log.lock().unwrap().clone();
    assert!(log.iter().any(|(_, what)| what == "checkpoint 14"), "{log:?}");
    let finished = bench.memory.finished.lock().unwrap();
    assert_eq!(finished.len(), 1, "only the whole one is written to its end");
}

#[tokio::test(start_paused = true)]
async fn a_slow_disk_does_not_hold_up_the_stream() {
    let mut steps = Vec::new();
    for _ in 0..20 {
        steps.extend([say("word "), Step::Sleep(100)]);
    }
    let memory = Memory { slow: Some(Duration::from_hours(1)), ..Memory::default() };
    let bench = bench(vec![answer(&steps)], memory);
    let mut handle = bench.engine.start(run(vec![call(VariantName::A, "scripted")]));
    all(&mut handle).await;
    let finished = bench.memory.finished.lock().unwrap();
    assert_eq!(finished[0].0.timing.total_ms, Some(2100));
    assert_eq!(finished[0].0.text.len(), 100);
}

#[tokio::test(start_paused = true)]
async fn a_failed_attempt_is_followed_by_another_and_both_are_recorded() {
    let mut asked = failing(ErrorKind::RateLimit);
    asked.retry_after_ms = Some(4_000);
    let scripts = vec![
        vec![Step::Fail(failing(ErrorKind::Connect))],
        vec![Step::Sleep(10), Step::Fail(asked)],
        answer(&[say("at last")]),
    ];
    let bench = bench(scripts, Memory::default());
    let mut handle = bench.engine.start(run(vec![call(VariantName::A, "scripted")]));
    let events = all(&mut handle).await;
    let waits: Vec<_> =
        words(&events).into_iter().filter(|word| word.starts_with("wait")).collect();
    assert_eq!(waits, ["wait 500 2", "wait 4000 3"]);
    let record = &bench.memory.finished.lock().unwrap()[0].0;
    assert_eq!(
        record.attempts.iter().map(|attempt| attempt.status).collect::<Vec<_>>(),
        [AttemptStatus::Error, AttemptStatus::Error, AttemptStatus::Ok]
    );
    assert_eq!(record.error, None);
    // Times count from the attempt that answered, so that waiting is not taken for slowness.
    assert_eq!(record.timing.ttft_ms, Some(100));
}

#[tokio::test(start_paused = true)]
async fn attempts_end_and_hopeless_errors_are_not_repeated() {
    let scripts = vec![
        vec![Step::Fail(failing(ErrorKind::Server))],
        vec![Step::Fail(failing(ErrorKind::Server))],
        vec![Step::Fail(failing(ErrorKind::Overloaded))],
        vec![Step::Fail(CallError::new(ErrorKind::Authentication, "no"))],
    ];
    let bench = bench(scripts, Memory::default());
    for (kind, attempts) in [(ErrorKind::Overloaded, 3), (ErrorKind::Authentication, 1)] {
        let mut handle = bench.engine.start(run(vec![call(VariantName::A, "scripted")]));
        all(&mut handle).await;
        let finished = bench.memory.finished.lock().unwrap();
        let record = &finished.last().expect("recorded").0;
        assert_eq!((record.status, record.error_kind()), (Status::Error, Some(kind)));
        assert_eq!(record.attempts.len(), attempts);
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_is_asked_for_twice_once_it_began() {
    let mut steps = opening();
    steps.extend([
        Step::Say(ProviderEvent::Reasoning("hm".to_owned())),
        Step::Fail(failing(ErrorKind::Connect)),
    ]);
    let bench = bench(vec![steps], Memory::default());
    let mut handle = bench.engine.start(run(vec![call(VariantName::A, "scripted")]));
    all(&mut handle).await;
    let record = &bench.memory.finished.lock().unwrap()[0].0;
    assert_eq!((record.status, record.reasoning.as_str()), (Status::Interrupted, "hm"));
    assert_eq!(record.attempts.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_asks_for_too_long_a_wait_is_not_waited_for() {
    let mut asked = failing(ErrorKind::RateLimit);
    asked.retry_after_ms = Some(61_000);
    let bench = bench(vec![vec![Step::Fail(asked)]], Memory::default());
    let mut handle = bench.engine.start(run(vec![call(VariantName::A, "scripted")]));
    all(&mut handle).await;
    let record = &bench.memory.finished.lock().unwrap()[0].0;
    let error = record.error.as_ref().expect("failed");
    assert!(error.message.contains("61 s"), "{error}");
    assert!(error.hint.as_deref().is_some_and(|hint| hint.contains("60 s")), "{error}");
}

#[tokio::test(start_paused = true)]
async fn one_of_two_is_cancelled_with_what_it_had() {
    let slow = [opening(), vec![say("part"), Step::Hang]].concat();
    let bench = bench(vec![slow, answer(&[say("whole")])], Memory::default());
    let calls = vec![call(VariantName::A, "scripted"), call(VariantName::B, "scripted")];
    let first = calls[0].execution_id;
    let mut handle = bench.engine.start(run(calls));
    let mut ends = Vec::new();
    while let Some(event) = handle.next().await {
        if matches!(event.kind, RunEventKind::Delta { .. }) && event.execution_id == first {
            handle.cancel(first);
        }
        if let RunEventKind::Finished(execution) = event.kind {
            ends.push((event.variant, execution.status, execution.text));
        }
    }
    ends.sort_by_key(|end| end.0);
    assert_eq!(
        ends,
        [
            (VariantName::A, Status::Cancelled, "part".to_owned()),
            (VariantName::B, Status::Ok, "whole".to_owned()),
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn dropping_the_handle_cancels_and_still_records() {
    let steps = [opening(), vec![say("part"), Step::Hang]].concat();
    let bench = bench(vec![steps], Memory::default());
    let mut handle = bench.engine.start(run(vec![call(VariantName::A, "scripted")]));
    while let Some(event) = handle.next().await {
        if matches!(event.kind, RunEventKind::Delta { .. }) {
            break;
        }
    }
    assert_eq!(bench.engine.active(), 1);
    drop(handle);
    bench.engine.idle().await;
    let record = &bench.memory.finished.lock().unwrap()[0].0;
    assert_eq!((record.status, record.text.as_str()), (Status::Cancelled, "part"));
    assert_eq!(bench.scripted.at_once.load(Ordering::SeqCst), 0, "the connection was let go");
}

#[tokio::test(start_paused = true)]
async fn a_wait_can_be_skipped_or_cancelled() {
    let mut asked = failing(ErrorKind::RateLimit);
    asked.retry_after_ms = Some(50_000);
    for (skip, status) in [(true, Status::Ok), (false, Status::Cancelled)] {
        let scripts = vec![vec![Step::Fail(asked.clone())], answer(&[say("x")])];
        let bench = bench(scripts, Memory::default());
        let spec = call(VariantName::A, "scripted");
        let id = spec.execution_id;
        let began = Instant::now();
        let mut handle = bench.engine.start(run(vec![spec]));
        while let Some(event) = handle.next().await {
            match event.kind {
                RunEventKind::Waiting { .. } if skip => handle.skip_wait(id),
                RunEventKind::Waiting { .. } => handle.cancel(id),
                RunEventKind::Finished(execution) => assert_eq!(execution.status, status),
                _ => {}
            }
        }
        assert!(began.elapsed() < Duration::from_secs(1), "it waited all the same");
    }
}

#[tokio::test(start_paused = true)]
async fn no_more_calls_at_once_than_allowed() {
    let scripts = (0..4).map(|_| answer(&[say("x"), Step::Sleep(1000)])).collect();
    let bench = bench(scripts, Memory::default());
    let calls = VariantName::ALL.into_iter().map(|name| call(name, "scripted")).collect();
    let mut handle = bench.engine.start(run(calls));
    let events = all(&mut handle).await;
    let ended = events.iter().filter(|event| word(event) == "finished ok").count();
    assert_eq!(ended, 4);
    assert_eq!(bench.scripted.most_at_once.load(Ordering::SeqCst), 2);
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_recorded_is_told_and_streams_on() {
    let memory = Memory { broken: true, ..Memory::default() };
    let bench = bench(vec![answer(&[say("text")])], memory);
    let mut handle = bench.engine.start(run(vec![call(VariantName::A, "scripted")]));
    let events = all(&mut handle).await;
    let told = words(&events);
    assert_eq!(told.iter().filter(|word| *word == "not saved").count(), 2, "{told:?}");
    assert_eq!(told.last().map(String::as_str), Some("finished ok"));
}

#[tokio::test(start_paused = true)]
async fn an_unknown_provider_is_an_error_on_record() {
    let bench = bench(Vec::new(), Memory::default());
    let mut handle = bench.engine.start(run(vec![call(VariantName::A, "nobody")]));
    let events = all(&mut handle).await;
    assert_eq!(words(&events), ["queued", "finished error"]);
    let record = &bench.memory.finished.lock().unwrap()[0].0;
    assert_eq!(record.error_kind(), Some(ErrorKind::NotFound));
    assert_eq!(record.parameters.requested["temperature"], 0.5);
}

#[tokio::test(start_paused = true)]
async fn pieces_nobody_took_wait_as_one() {
    let steps: Vec<Step> = (0..10_000).map(|_| say("ab")).collect();
    let bench = bench(vec![answer(&steps)], Memory::default());
    let mut handle = bench.engine.start(run(vec![call(VariantName::A, "scripted")]));
    bench.engine.idle().await;
    let events = all(&mut handle).await;
    let deltas: Vec<_> = words(&events).into_iter().filter(|w| w.starts_with("delta")).collect();
    assert_eq!(deltas.len(), 1);
    assert_eq!(deltas[0].matches("ab").count(), 10_000);
}

/// Signs of life and counts between the pieces keep none of it from joining, and what comes after
/// a pause is told after it.
#[tokio::test(start_paused = true)]
async fn signs_of_life_and_counts_that_nobody_took_wait_as_one() {
    let count = |tokens| {
        Step::Say(ProviderEvent::Usage(Usage { output_tokens: Some(tokens), ..Usage::default() }))
    };
    let steps: Vec<Step> = (1..=5_000)
        .flat_map(|number| [Step::Say(ProviderEvent::Heartbeat), say("ab"), count(number)])
        .collect();
    let bench = bench(vec![answer(&steps)], Memory::default());
    let mut handle = bench.engine.start(run(vec![call(VariantName::A, "scripted")]));
    bench.engine.idle().await;
    let events = all(&mut handle).await;
    assert!(events.len() < 12, "{} events wait", events.len());
    let mut text = String::new();
    let mut counts = Vec::new();
    for event in &events {
        match &event.kind {
            RunEventKind::Delta { text: piece, .. } => text.push_str(piece),
            RunEventKind::Usage(usage) => counts.push(usage.output_tokens),
            _ => {}
        }
    }
    assert_eq!(text, "ab".repeat(5_000));
    // The last is that of the script's own end.
    assert_eq!(counts, [Some(20)]);
    let sequences: Vec<_> = events.iter().map(|event| event.sequence).collect();
    assert!(sequences.is_sorted(), "{sequences:?}");
}

/// A sign of life is logged, and a million of them at once are one.
#[tokio::test(start_paused = true)]
async fn signs_of_life_are_logged_apart_and_not_by_the_million() {
    let beat = || Step::Say(ProviderEvent::Heartbeat);
    let at_once = (0..20_000).map(|_| beat());
    let apart = (0..3).flat_map(|_| [Step::Sleep(200), beat()]);
    let steps: Vec<Step> = at_once.chain(apart).collect();
    let bench = bench(vec![answer(&steps)], Memory::default());
    bench.one().await;
    let chunks = bench.memory.finished.lock().unwrap()[0].1.clone();
    let beats: Vec<_> = chunks.iter().map(|(at, kind, _)| (at / 1_000, kind)).collect();
    let expected = [100, 300, 500, 700].map(|at| (at, ChunkKind::Other));
    assert_eq!(beats, expected);
}

#[test]
fn waits_double_up_to_eight_seconds() {
    let backoff = Backoff { attempts: 10, longest_asked: Duration::from_mins(1) };
    let error = failing(ErrorKind::Server);
    let waits: Vec<_> = (1..=6)
        .map(|made| match backoff.next(made, &error, false, 0.0) {
            NextAttempt::After(wait) => wait.as_millis(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(waits, [500, 1000, 2000, 4000, 8000, 8000]);
    let NextAttempt::After(least) = backoff.next(1, &error, false, 1.0) else { panic!("retries") };
    assert_eq!(least.as_millis(), 375);
}
