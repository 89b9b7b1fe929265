//! What each attempt took and cost, and what the call did together.

use pretty_assertions::assert_eq;

use super::*;
use crate::model::{Attempt, Recovery, ResponseFormat};

/// Both figures, to billionths of a dollar.
fn alike(one: Option<f64>, other: f64) -> bool {
    one.is_some_and(|it| (it - other).abs() < 1e-9)
}

fn used(input: u64, output: u64) -> Step {
    Step::Say(ProviderEvent::Usage(Usage {
        input_tokens: Some(input),
        output_tokens: Some(output),
        ..Usage::default()
    }))
}

/// A call that wants JSON and may ask again twice.
fn wants_json() -> CallSpec {
    let mut spec = call(VariantName::A, "scripted");
    spec.parameters.response_format = Some(ResponseFormat::Json);
    spec.expectations.recovery = Recovery { on: true, ..Recovery::default() };
    spec
}

/// Runs a call that is cancelled at the first event of a sort.
async fn cancelled_at(
    bench: &Bench,
    spec: CallSpec,
    at: impl Fn(&RunEventKind) -> bool,
) -> Execution {
    let mut handle = bench.engine.start(run(vec![spec]));
    while let Some(event) = handle.next().await {
        if at(&event.kind) {
            handle.cancel_all();
        }
        if let RunEventKind::Finished(execution) = event.kind {
            return *execution;
        }
    }
    panic!("a call always ends");
}

#[tokio::test(start_paused = true)]
async fn what_a_failed_attempt_reported_is_not_hidden_by_the_next() {
    let busy = failing(ErrorKind::Overloaded);
    let first = [opening(), vec![used(2_000_000, 0), Step::Fail(busy)]].concat();
    let bench = bench(vec![first, answer(&[say("x")])], Memory::default());
    let record = bench.one().await;
    let [failed, went_well] = record.attempts.as_slice() else { panic!("two attempts") };
    assert!(alike(failed.cost_usd, 2.0), "{failed:?}");
    assert!(alike(went_well.cost_usd, 1.000_04), "{went_well:?}");
    assert_eq!(record.usage.input_tokens, Some(3_000_000));
    let spend = record.spend.expect("known");
    assert!(alike(Some(spend.retry), 2.0) && alike(Some(spend.input), 1.0), "{spend:?}");
    assert!(alike(record.cost_usd, 3.000_04), "{:?}", record.cost_usd);
}

#[tokio::test(start_paused = true)]
async fn answers_that_were_asked_for_again_are_told_apart_from_the_one_that_is_kept() {
    let scripts = vec![answer(&[say("no json")]), answer(&[say("{}")])];
    let bench = bench(scripts, Memory::default());
    let record = bench.one_of(wants_json()).await;
    assert_eq!((record.text.as_str(), record.attempts.len()), ("{}", 2));
    let spend = record.spend.expect("known");
    assert!(alike(Some(spend.retry), 1.000_04), "{spend:?}");
    assert!(alike(Some(spend.visible), 0.000_04), "{spend:?}");
    assert!(alike(record.cost_usd, 2.000_08), "{:?}", record.cost_usd);
}

/// Three prompts of a million tokens are not one of three, for which no price is known.
#[tokio::test(start_paused = true)]
async fn each_attempt_is_priced_by_its_own_length() {
    let scripts = vec![answer(&[say("one")]), answer(&[say("two")]), answer(&[say("{}")])];
    let bench = bench(scripts, Memory::default());
    let spec = CallSpec { model: ModelRef::new("scripted", "tiered"), ..wants_json() };
    let record = bench.one_of(spec).await;
    assert_eq!(record.usage.input_tokens, Some(3_000_000));
    assert!(alike(record.cost_usd, 3.000_12), "{:?}", record.cost_usd);
}

#[tokio::test(start_paused = true)]
async fn one_unknown_price_leaves_the_sum_unknown() {
    let first = vec![used(5, 5), Step::Fail(CallError::new(ErrorKind::Quota, "spent"))];
    let bench = bench(vec![first, answer(&[say("x")])], Memory::default());
    let mut spec = call(VariantName::A, "scripted");
    spec.model.model = "unpriced".to_owned();
    spec.fallback = vec![ModelRef::new("scripted", "m").into()];
    let record = bench.one_of(spec).await;
    assert_eq!((record.status, record.model.as_str()), (Status::Ok, "m"));
    assert_eq!((record.cost_usd, record.spend), (None, None));
    assert!(alike(record.attempts[1].cost_usd, 1.000_04), "what is known stays with its attempt");
}

/// Thinking that is not shown is paid for as well: the prompt was read by then.
#[tokio::test(start_paused = true)]
async fn a_call_cancelled_before_a_word_came_is_counted_from_when_it_was_sent() {
    let thinking = [opening(), vec![Step::Say(ProviderEvent::Heartbeat), Step::Hang]].concat();
    let unanswered = vec![Step::Say(ProviderEvent::Sent), Step::Hang];
    let bench = bench(vec![thinking, unanswered, vec![Step::Hang]], Memory::default());
    for at in ["heartbeat", "sent"] {
        let spec = call(VariantName::A, "scripted");
        let record = cancelled_at(&bench, spec, |kind| match kind {
            RunEventKind::Heartbeat => at == "heartbeat",
            RunEventKind::Sent => at == "sent",
            _ => false,
        });
        let record = record.await;
        assert_eq!(record.status, Status::Cancelled);
        let expected = Usage {
            input_tokens: Some(8),
            output_tokens: Some(0),
            estimated: true,
            ..Usage::default()
        };
        assert_eq!(record.usage, expected, "{at}");
        assert!(alike(record.cost_usd, 0.000_008), "{at}: {:?}", record.cost_usd);
    }
    // Nothing has left the machine: nothing is paid for.
    let spec = call(VariantName::A, "scripted");
    let record =
        cancelled_at(&bench, spec, |kind| matches!(kind, RunEventKind::Attempt { .. })).await;
    assert_eq!((record.usage, record.cost_usd), (Usage::default(), None));
}

#[tokio::test(start_paused = true)]
async fn a_refused_request_took_nothing() {
    let mut refused = CallError::new(ErrorKind::Timeout, "gateway timeout");
    refused.http_status = Some(504);
    let scripts = vec![vec![Step::Say(ProviderEvent::Sent), Step::Fail(refused)]];
    let bench = bench(scripts, Memory::default());
    let record = bench.one().await;
    assert_eq!((record.usage, record.cost_usd), (Usage::default(), None));
}

#[tokio::test(start_paused = true)]
async fn an_extra_answer_that_is_cancelled_is_paid_for_and_the_first_one_kept() {
    let second = [opening(), vec![say("{\"a\": and six words more"), Step::Hang]].concat();
    let bench = bench(vec![answer(&[say("no json")]), second], Memory::default());
    let record = cancelled_at(
        &bench,
        wants_json(),
        |kind| matches!(kind, RunEventKind::Delta { text, .. } if text.starts_with('{')),
    );
    let record = record.await;
    assert_eq!((record.status, record.text.as_str()), (Status::Ok, "no json"));
    let [first, second] = record.attempts.as_slice() else { panic!("two attempts") };
    assert!(alike(first.cost_usd, 1.000_04), "{first:?}");
    assert_eq!(second.status, AttemptStatus::Cancelled);
    assert_eq!(second.text.as_deref(), Some("{\"a\": and six words more"));
    assert!(second.usage.is_some_and(|usage| usage.estimated && usage.output_tokens > Some(4)));
    let spend = record.spend.expect("known");
    assert_eq!(Some(spend.retry), second.cost_usd);
    assert!(record.usage.estimated, "a part of it is");
}

#[tokio::test(start_paused = true)]
async fn a_broken_extra_answer_is_paid_for() {
    let cut = CallError::new(ErrorKind::InterruptedStream, "cut");
    let second = [opening(), vec![say("half"), Step::Fail(cut)]].concat();
    let bench = bench(vec![answer(&[say("no json")]), second], Memory::default());
    let record = bench.one_of(wants_json()).await;
    assert_eq!((record.status, record.text.as_str()), (Status::Ok, "no json"));
    assert!(record.attempts[1].cost_usd > Some(0.0));
    assert!(record.spend.is_some_and(|spend| spend.retry > 0.0));
}

/// What a killed process left is counted by its next start, each answer by itself.
#[test]
fn what_was_cut_off_with_its_process_is_counted_from_what_was_kept() {
    let price = |_: &ModelRef, _: &Usage| {
        Some(Price {
            input: 1.0,
            output: 2.0,
            cached_input: None,
            cache_write: None,
            cache_write_hour: None,
        })
    };
    let spec = call(VariantName::A, "scripted");
    let run_id = RunId(Uuid::now_v7());
    let mut record = record::running(run_id, spec, Timestamp::UNIX_EPOCH);
    let untouched = record.clone();
    count_cut_off(&mut record, price);
    assert_eq!(record, untouched, "nobody is known to have read it");

    record.timing.headers_ms = Some(5);
    count_cut_off(&mut record, price);
    assert_eq!((record.usage.input_tokens, record.usage.output_tokens), (Some(8), Some(0)));
    assert!(record.usage.estimated && alike(record.cost_usd, 0.000_008), "{record:?}");

    let mut record = untouched;
    record.text = "four words of text".to_owned();
    record.usage.input_tokens = Some(100);
    let outcome = Err(failing(ErrorKind::Overloaded));
    record.attempts = vec![Attempt {
        usage: Some(Usage { input_tokens: Some(50), output_tokens: Some(0), ..Usage::default() }),
        cost_usd: Some(0.000_05),
        ..Attempt::new(&record.model_ref(), Timestamp::UNIX_EPOCH, 1, &outcome)
    }];
    count_cut_off(&mut record, price);
    assert_eq!((record.usage.input_tokens, record.usage.output_tokens), (Some(150), Some(4)));
    let spend = record.spend.expect("known");
    assert!(alike(Some(spend.retry), 0.000_05) && alike(Some(spend.input), 0.000_1), "{spend:?}");
}

fn untold() -> Vec<Step> {
    let finish = ProviderEvent::Finish { reason: FinishReason::Stop, raw: "stop".to_owned() };
    [opening(), vec![say("four words of text"), Step::Say(finish)]].concat()
}

/// What a provider does not report stays unknown, unless a budget has to count something.
#[tokio::test(start_paused = true)]
async fn an_answer_without_figures_is_estimated_where_a_budget_is_set() {
    for (day, known) in [(None, false), (Some(10.0), true)] {
        let scripted = Scripted::new("scripted", vec![untold(), untold()]);
        let memory = Arc::new(Memory::default());
        let mut parts = parts(vec![scripted], &memory);
        parts.money.budget.day = day;
        let engine = Engine::new(parts);
        all(&mut engine.start(run(vec![call(VariantName::A, "scripted")]))).await;
        let mut unpriced = call(VariantName::A, "scripted");
        unpriced.model.model = "unpriced".to_owned();
        all(&mut engine.start(run(vec![unpriced]))).await;
        let finished = memory.finished.lock().unwrap();
        let (record, other) = (&finished[0].0, &finished[1].0);
        assert_eq!((record.usage.is_known(), record.usage.estimated), (known, known));
        assert_eq!(record.cost_usd.is_some_and(|cost| cost > 0.0), known);
        assert_eq!((other.usage, other.cost_usd), (Usage::default(), None));
    }
}
