//! Asking again when an answer is not what was asked for.

use pretty_assertions::assert_eq;

use crate::{
    model::{Recovery, ResponseFormat, Strategy},
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
