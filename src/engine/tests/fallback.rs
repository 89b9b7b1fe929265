//! The models asked where the first one does not answer.

use pretty_assertions::assert_eq;

use super::*;
use crate::model::Fallback;

/// Two providers; the first is asked, the second is turned to.
fn two(first: Vec<Vec<Step>>, second: Vec<Vec<Step>>) -> (Bench, Arc<Scripted>) {
    let other = Scripted::new("other", second);
    let known = vec![Scripted::new("scripted", first), Arc::clone(&other)];
    (bench_with(EngineSettings::default(), known, Memory::default()), other)
}

fn falling_back(models: &[&str]) -> CallSpec {
    let fallback =
        models.iter().map(|model| Fallback::from(model.parse::<ModelRef>().expect("a model")));
    CallSpec { fallback: fallback.collect(), ..call(VariantName::A, "scripted") }
}

fn down(kind: ErrorKind) -> Vec<Step> {
    vec![Step::Fail(CallError::new(kind, format!("it is {kind}")))]
}

#[tokio::test(start_paused = true)]
async fn the_next_model_is_asked_after_the_retries_of_the_first() {
    let busy = vec![vec![Step::Fail(failing(ErrorKind::Overloaded))]; 3];
    let (bench, other) = two(busy, vec![answer(&[say("from the other")])]);
    let mut handle = bench.engine.start(run(vec![falling_back(&["other/n"])]));
    let events = words(&all(&mut handle).await);
    assert!(events.contains(&"fallback other/n".to_owned()), "{events:?}");
    let record = bench.memory.finished.lock().unwrap()[0].0.clone();
    assert_eq!((record.status, record.text.as_str()), (Status::Ok, "from the other"));
    assert_eq!(record.model_ref(), ModelRef::new("other", "n"), "the one that answered");
    assert_eq!(record.asked_first(), Some(ModelRef::new("scripted", "m")));
    let tried: Vec<_> = record
        .attempts
        .iter()
        .map(|attempt| format!("{}/{} {:?}", attempt.provider, attempt.model, attempt.status))
        .collect();
    assert_eq!(tried, ["scripted/m Error", "scripted/m Error", "scripted/m Error", "other/n Ok"]);
    assert_eq!(other.came.lock().unwrap()[0].1, "n", "asked by its own name");
    let begun =
        bench.memory.log.lock().unwrap().iter().filter(|(_, l)| l.starts_with("begin")).count();
    assert_eq!(begun, 1, "one record for one call");
}

#[tokio::test(start_paused = true)]
async fn they_are_asked_in_their_order() {
    let (bench, other) = two(
        vec![down(ErrorKind::Quota), down(ErrorKind::NotFound)],
        vec![down(ErrorKind::Permission), answer(&[say("x")])],
    );
    let record = bench.one_of(falling_back(&["other/a", "scripted/b", "other/c"])).await;
    assert_eq!(record.model_ref().to_string(), "other/c");
    let asked = |scripted: &Scripted| -> Vec<String> {
        scripted.came.lock().unwrap().iter().map(|(_, model)| model.clone()).collect()
    };
    assert_eq!(asked(&bench.scripted), ["m", "b"]);
    assert_eq!(asked(&other), ["a", "c"]);
}

#[tokio::test(start_paused = true)]
async fn what_the_request_or_a_person_is_to_blame_for_is_not_passed_on() {
    for kind in [
        ErrorKind::InvalidRequest,
        ErrorKind::RequestTooLarge,
        ErrorKind::ContextLength,
        ErrorKind::ContentFilter,
        ErrorKind::ResponseTooLarge,
        ErrorKind::Budget,
        ErrorKind::Guard,
        ErrorKind::Cancelled,
    ] {
        let (bench, other) = two(vec![down(kind)], Vec::new());
        let record = bench.one_of(falling_back(&["other/n"])).await;
        assert_eq!(record.error_kind(), Some(kind));
        assert!(other.times().is_empty(), "{kind}");
    }
}

#[tokio::test(start_paused = true)]
async fn once_text_has_come_no_other_model_is_asked() {
    let broken = [opening(), vec![say("half"), Step::Fail(failing(ErrorKind::Connect))]].concat();
    let (bench, other) = two(vec![broken], Vec::new());
    let record = bench.one_of(falling_back(&["other/n"])).await;
    assert_eq!((record.status, record.text.as_str()), (Status::Interrupted, "half"));
    assert!(other.times().is_empty());
}

#[tokio::test(start_paused = true)]
async fn where_all_fail_the_first_error_is_told_with_the_last() {
    let (bench, _) = two(vec![down(ErrorKind::Quota)], vec![down(ErrorKind::Authentication)]);
    let record = bench.one_of(falling_back(&["other/n"])).await;
    assert_eq!(record.error_kind(), Some(ErrorKind::Quota));
    let message = record.error.as_ref().expect("failed").message.clone();
    assert_eq!(message, "it is quota; then other/n: it is authentication");
    assert_eq!(record.model_ref().to_string(), "scripted/m");
    assert_eq!(record.attempts.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_provider_that_is_not_there_or_left_alone_is_passed_over_and_leaves_a_trace() {
    let (bench, _) = two(Vec::new(), vec![answer(&[say("x")])]);
    let mut spec = falling_back(&["other/n"]);
    spec.model = ModelRef::new("nobody", "m");
    let record = bench.one_of(spec).await;
    assert_eq!(record.status, Status::Ok);
    assert_eq!(record.asked_first().map(|model| model.to_string()), Some("nobody/m".to_owned()));
    assert_eq!(record.attempts[0].duration_ms, 0);

    let (bench, _) =
        two(vec![vec![Step::Fail(failing(ErrorKind::Server))]; 5], vec![answer(&[say("x")]); 3]);
    for _ in 0..2 {
        bench.one_of(falling_back(&["other/n"])).await;
    }
    assert!(matches!(bench.engine.endpoints()[1].circuit, Circuit::Open { .. }));
    let record = bench.one_of(falling_back(&["other/n"])).await;
    let kinds: Vec<_> = record.attempts.iter().map(|a| a.error.as_ref().map(|e| e.kind)).collect();
    assert_eq!(kinds, [Some(ErrorKind::CircuitOpen), None]);
}

#[tokio::test(start_paused = true)]
async fn a_model_turned_to_has_a_timeout_of_its_own() {
    let slow = vec![Step::Sleep(60_000)];
    let (bench, other) = two(vec![down(ErrorKind::Quota)], vec![slow, answer(&[])]);
    let mut spec = falling_back(&["other/slow", "other/fast"]);
    spec.fallback[0].timeout = Some(Duration::from_secs(2));
    let began = Instant::now();
    let record = bench.one_of(spec).await;
    assert_eq!((record.status, record.model.as_str()), (Status::Ok, "fast"));
    assert_eq!(record.attempts[1].duration_ms, 2_000);
    assert_eq!(record.attempts[1].error.as_ref().map(|e| e.kind), Some(ErrorKind::Timeout));
    assert!(began.elapsed() < Duration::from_secs(3), "{:?}", other.times());
}

/// Its own time is short by somebody's wish, which says nothing of the server.
#[tokio::test(start_paused = true)]
async fn a_timeout_of_a_fallbacks_own_does_not_count_against_its_server() {
    let slow = vec![Step::Sleep(60_000)];
    let (bench, _) = two(vec![down(ErrorKind::Quota); 6], vec![slow; 6]);
    for _ in 0..6 {
        let mut spec = falling_back(&["other/slow"]);
        spec.fallback[0].timeout = Some(Duration::from_secs(2));
        let record = bench.one_of(spec).await;
        let last = record.attempts[1].error.as_ref().map(|error| error.kind);
        assert_eq!(last, Some(ErrorKind::Timeout), "and not an open circuit");
    }
    assert_eq!(bench.engine.endpoints()[0].circuit, Circuit::Closed);
}
