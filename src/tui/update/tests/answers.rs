//! Answers that are read, judged, copied and gone on from.

use super::*;
use crate::{
    model::{CallError, ErrorKind, FinishReason, Parameter},
    tui::state::{Output, Pane},
};

const A: VariantName = VariantName::A;
const B: VariantName = VariantName::B;

#[test]
fn scrolling_pauses_following_and_the_end_resumes_it() {
    let mut script = Script::open();
    script.press("r");
    let (run, _) = script.run();
    script.call(run, A, delta(&"line\n".repeat(100)));
    script.focus(Focus::Output(A));
    let first = |script: &Script| script.state.pane(A).expect("a pane").first_row();
    let height = script.state.pane(A).expect("a pane").height();
    let last = |script: &Script| {
        let pane = script.state.pane(A).expect("a pane");
        pane.shown().expect("an answer").row_count() - pane.height()
    };
    let end = last(&script);
    // A text that is being written and followed moves up by two thirds of the pane at a time.
    let follows = |script: &Script| (last(script)..last(script) + height).contains(&first(script));
    assert!(follows(&script));
    script.press("up");
    assert_eq!(first(&script), end - 1);
    script.call(run, A, delta(&"more\n".repeat(10)));
    assert_eq!(first(&script), end - 1, "a paused pane stays");
    script.press("G");
    script.call(run, A, delta(&"more\n".repeat(10)));
    assert!(follows(&script) && first(&script) >= end + 20);
    script.press("g");
    assert_eq!(first(&script), 0);
    script.press("F");
    assert!(follows(&script));
}

#[test]
fn an_answer_is_rated_and_the_same_rating_takes_it_back() {
    let mut script = Script::open();
    script.focus(Focus::Output(A));
    script.press("alt-4");
    assert!(script.status().contains("no finished answer"));
    script.press("r");
    let (run, _) = script.run();
    script.call(run, A, CallEvent::Finished(Box::new(execution(7, "Hello"))));
    script.press("alt-4");
    let rating =
        |script: &Script| script.state.pane(A).and_then(Pane::shown).and_then(Output::rating);
    assert_eq!(rating(&script), Some(4));
    script.press("alt-4");
    assert_eq!(rating(&script), None);
    let kept: Vec<Option<u8>> = script
        .kept()
        .into_iter()
        .filter_map(|keep| match keep {
            Keep::Rating { rating, .. } => Some(*rating),
            _ => None,
        })
        .collect();
    assert_eq!(kept, [Some(4), None]);
}

#[test]
fn copying_takes_the_exact_text() {
    let mut script = Script::open();
    script.press("r");
    let (run, _) = script.run();
    let exact = "a\tb \u{1b}[31m";
    script.call(run, A, delta(exact));
    script.call(run, A, CallEvent::Finished(Box::new(execution(7, exact))));
    script.focus(Focus::Output(A));
    script.press("y");
    let copied = |it: &Question| matches!(it, Question::Copy(text) if text == exact);
    script.answer(copied, Answer::Copied(Ok("OSC 52".to_owned())));
    assert_eq!(script.status(), "Copied to OSC 52");
    assert!(!script.shown(A).contains('\u{1b}'));
}

#[test]
fn reasoning_is_folded_until_it_is_asked_for() {
    let mut script = Script::open();
    script.press("r");
    let (run, _) = script.run();
    let thought = CallEvent::Delta {
        text: String::new(),
        reasoning: "first\nsecond".to_owned(),
        refusal: String::new(),
        at: Duration::ZERO,
    };
    script.call(run, A, thought);
    script.focus(Focus::Output(A));
    assert_eq!(script.word(A), "thinking");
    let rows = |script: &Script| script.state.pane(A).and_then(Pane::shown).map(Output::row_count);
    assert_eq!(rows(&script), Some(1));
    script.press("T");
    assert_eq!(rows(&script), Some(2));
}

#[test]
fn an_answer_from_the_cache_is_not_compared_by_its_speed() {
    let mut script = Script::open();
    script.press("f R");
    let (run, _) = script.run();
    let ended = |number, total_ms, cache| {
        let mut record = execution(number, "answer");
        record.timing.total_ms = Some(total_ms);
        record.cost_usd = Some(if cache == CacheState::Exact { 0.0 } else { 0.01 });
        record.cache = cache;
        CallEvent::Finished(Box::new(record))
    };
    script.call(run, A, ended(1, 4_000, CacheState::Miss));
    script.call(run, VariantName::B, ended(2, 2, CacheState::Exact));
    let said = script.state.comparison().expect("something to say");
    assert_eq!(said, "B was answered from the cache");
    let mut script = Script::open();
    script.press("f R");
    let (run, _) = script.run();
    script.call(run, A, ended(1, 4_000, CacheState::Miss));
    script.call(run, VariantName::B, ended(2, 400, CacheState::Off));
    assert_eq!(script.state.comparison().as_deref(), Some("B is 10× faster than A"));
}

#[test]
fn two_answers_are_compared_in_a_sentence() {
    let mut script = Script::open();
    assert_eq!(script.state.comparison(), None);
    script.press("f R");
    let (run, _) = script.run();
    for (variant, took, cost) in [(A, 400_u32, 0.001), (B, 2_000, 0.004)] {
        let mut ended = execution(u128::from(took), "x");
        ended.timing.total_ms = Some(u64::from(took));
        ended.cost_usd = Some(cost);
        script.call(run, variant, CallEvent::Finished(Box::new(ended)));
    }
    let sentence = script.state.comparison();
    assert_eq!(sentence.as_deref(), Some("B is 5.0× slower and 4.0× dearer than A"));
}

#[test]
fn an_answer_leads_to_its_execution() {
    let mut script = Script::open();
    script.press("R");
    let (run, _) = script.run();
    let done = Box::new(execution(7, "the answer"));
    script.call(run, VariantName::A, CallEvent::Finished(done));
    script.focus(Focus::Output(VariantName::A));
    script.press(".");
    let asked = |it: &Question| matches!(it, Question::Execution(it) if *it == ExecutionId(Uuid::from_u128(7)));
    assert!(script.question(asked).is_some());
    assert!(script.state.history.in_detail);
}

#[test]
fn an_include_leads_to_its_template() {
    let mut script = Script::open();
    script.state.document.as_mut().expect("open").editor.replace_all("{{include:second}}\n");
    script.press(".");
    assert!(
        script.question(|it| matches!(it, Question::Open(it) if *it == id("b/second"))).is_some()
    );
    script.state.document.as_mut().expect("open").editor.replace_all("{% include \"house\" %}");
    script.press(".");
    assert!(script.status().contains("partials/"), "{}", script.status());
}

#[test]
fn why_a_call_failed_is_read_from_its_beginning() {
    let mut script = Script::open();
    script.send(Msg::Resized { columns: 80, rows: 24 });
    script.press("r");
    let (run, _) = script.run();
    script.call(run, A, delta(&"line\n".repeat(30)));
    let words: Vec<String> = (0..150).map(|number| format!("word{number}")).collect();
    let error = CallError::new(ErrorKind::Server, words.join(" ")).hint("hint");
    script.call(run, A, CallEvent::Refused(error));
    let pane = script.state.pane(A).expect("a pane");
    let output = pane.shown().expect("an answer");
    assert!(output.row_count() - output.row_of_error().expect("told") > pane.height());
    let (_, first) = output.row(pane.first_row());
    assert!(first.starts_with("server: word0 word1"), "{first}");
    script.focus(Focus::Output(A));
    for _ in 0..40 {
        script.act(Action::MoveDown);
    }
    let pane = script.state.pane(A).expect("a pane");
    let output = pane.shown().expect("an answer");
    let (_, last) = output.row(pane.first_row() + pane.height() - 1);
    assert_eq!(last, "hint", "and to its end");
}

#[test]
fn what_helps_is_said_by_its_key() {
    let mut script = Script::open();
    script.press("r");
    let (run, _) = script.run();
    let told = "look at the value of `message`; to let it pass once, run anyway";
    let guarded = CallError::new(ErrorKind::Guard, "the injection guard stopped it").hint(told);
    script.call(run, A, CallEvent::Refused(guarded));
    let output = script.state.pane(A).and_then(Pane::shown).expect("an answer");
    assert!(output.error.shown().ends_with("run anyway (O)"), "{}", output.error.shown());
    let notice = script.state.notices.current().expect("told");
    assert!(notice.hint.as_deref().is_some_and(|hint| hint.ends_with("run anyway (O)")));
    script.press("r");
    let (run, _) = script.run();
    let told = "it does not take top_k: to leave it out from now on, drop it and run again";
    let refused = CallError {
        parameter: Some(Parameter::TopK),
        ..CallError::new(ErrorKind::InvalidRequest, "no").hint(told)
    };
    let mut ended = execution(3, "");
    ended.status = Status::Error;
    ended.error = Some(refused);
    script.call(run, A, CallEvent::Finished(Box::new(ended)));
    let output = script.state.pane(A).and_then(Pane::shown).expect("an answer");
    assert!(
        output.error.shown().ends_with("drop it and run again (Y)"),
        "{}",
        output.error.shown()
    );
    let kept = output.execution.as_ref().and_then(|it| it.error.as_ref()).expect("the record");
    assert_eq!(kept.hint.as_deref(), Some(told), "the record is as it came");
}

#[test]
fn an_answer_without_a_word_says_why() {
    let ended = |status, reason, text: &str| {
        let mut script = Script::open();
        script.press("r");
        let (run, _) = script.run();
        let mut record = execution(7, text);
        (record.status, record.finish_reason) = (status, reason);
        script.call(run, A, CallEvent::Finished(Box::new(record)));
        let pane = script.state.pane(A).expect("a pane");
        pane.shown().expect("an answer").silence()
    };
    let (ok, cancelled) = (Status::Ok, Status::Cancelled);
    let told = ended(ok, Some(FinishReason::Unknown), "").expect("told");
    assert_eq!(told, "Nothing was written: the answer ended for a reason that is not known.");
    assert_eq!(ended(ok, Some(FinishReason::Stop), ""), Some("The answer is empty.".to_owned()));
    let told = ended(cancelled, None, "").expect("told");
    assert_eq!(told, "Cancelled before the first word.");
    assert_eq!(ended(ok, Some(FinishReason::Unknown), "a word"), None);
    let mut script = Script::open();
    script.press("r");
    script.run();
    assert_eq!(script.state.pane(A).and_then(|pane| pane.shown()?.silence()), None, "it comes");
}
