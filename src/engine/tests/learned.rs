//! Parameters that a model refused: remembered, left out where somebody decided so, forgotten.

use pretty_assertions::assert_eq;

use super::*;

fn refusing() -> Vec<Step> {
    let mut error = CallError::new(ErrorKind::InvalidRequest, "temperature is not supported");
    error.parameter = Some(Parameter::Temperature);
    vec![Step::Fail(error)]
}

/// An engine over one database, which is looked into as well.
fn with(scripts: Vec<Vec<Step>>) -> (Bench, Store) {
    let memory = Arc::new(Memory::default());
    let scripted = Scripted::new("scripted", scripts);
    let (store, _) = Store::open(&StoreOptions::in_memory()).expect("it opens");
    let engine = Engine::new(EngineParts {
        capabilities: Arc::new(store.clone()),
        ..parts(vec![Arc::clone(&scripted)], &memory)
    });
    (Bench { engine, scripted, memory }, store)
}

fn without(parameter: Parameter) -> CallSpec {
    CallSpec { without: vec![parameter], ..call(VariantName::A, "scripted") }
}

fn dropped(record: &Execution) -> Vec<(String, String)> {
    let dropped = record.parameters.dropped.iter();
    dropped.map(|dropped| (dropped.name.clone(), dropped.reason.clone())).collect()
}

#[tokio::test]
async fn a_refused_parameter_is_left_out_once_that_was_decided() {
    let (bench, store) = with(vec![refusing(), refusing(), answer(&[]), answer(&[]), refusing()]);
    let refused = bench.one().await;
    assert_eq!(refused.error.and_then(|error| error.parameter), Some(Parameter::Temperature));
    assert_eq!(refused.attempts.len(), 1, "nothing is sent again unasked");
    let second = bench.one().await;
    assert_eq!(dropped(&second), [], "a refusal alone changes nothing");

    let reason = "scripted/m refused it on 1970-01-01".to_owned();
    let left_out = [("temperature".to_owned(), reason)];
    let decided = bench.one_of(without(Parameter::Temperature)).await;
    assert_eq!((decided.status, dropped(&decided)), (Status::Ok, left_out.to_vec()));
    assert!(decided.parameters.sent.is_empty());
    assert_eq!(decided.parameters.requested["temperature"], 0.5);
    let from_then_on = bench.one().await;
    assert_eq!((from_then_on.status, dropped(&from_then_on)), (Status::Ok, left_out.to_vec()));

    let model = ModelRef::new("scripted", "m");
    assert_eq!(store.forget_refusals(&model).await, Ok(1));
    assert_eq!(store.forget_refusals(&model).await, Ok(0));
    assert_eq!(dropped(&bench.one().await), []);
}

#[tokio::test]
async fn what_was_never_refused_is_left_out_once_and_not_remembered() {
    let (bench, store) = with(vec![answer(&[]), answer(&[])]);
    let once = bench.one_of(without(Parameter::Temperature)).await;
    assert_eq!(dropped(&once), [("temperature".to_owned(), "it was to be left out".to_owned())]);
    let model = ModelRef::new("scripted", "m");
    assert_eq!(store.dropped_parameters(&model).await, Ok(Vec::new()));
    assert_eq!(dropped(&bench.one().await), []);
}

#[tokio::test]
async fn another_model_is_sent_everything() {
    let (bench, _) = with(vec![refusing(), answer(&[]), answer(&[])]);
    bench.one().await;
    bench.one_of(without(Parameter::Temperature)).await;
    let mut other = call(VariantName::A, "scripted");
    other.model = ModelRef::new("scripted", "n");
    assert_eq!(dropped(&bench.one_of(other).await), []);
}

#[tokio::test]
async fn what_was_not_asked_for_is_not_told_as_left_out() {
    let (bench, _) = with(vec![answer(&[])]);
    assert_eq!(dropped(&bench.one_of(without(Parameter::TopK)).await), []);
}
