//! Answers that could not be kept, and what is done about them.

use super::*;
use crate::tui::{
    msg::Fault,
    state::{Confirm, LineIntent, Overlay},
};

const A: VariantName = VariantName::A;

fn lost() -> Script {
    let mut script = Script::open();
    script.press("r");
    let (run, _) = script.run();
    script.call(run, A, CallEvent::NotSaved { reason: "the disk is full".to_owned() });
    let record = execution(1, "exact \u{1b}[31m answer");
    script.call(run, A, CallEvent::Finished(Box::new(record)));
    script.focus(Focus::Output(A));
    script
}

#[test]
fn an_answer_that_was_not_kept_is_written_to_a_file() {
    let mut script = lost();
    let notice = script.state.notices.current().expect("told").clone();
    assert!(notice.text.contains("the disk is full"), "{notice:?}");
    let hint = notice.hint.expect("what to do");
    assert!(hint.contains("E writes") && hint.contains("H tries again"), "{hint}");
    script.press("E");
    let overlay = script.state.overlays.last();
    assert!(
        matches!(overlay, Some(Overlay::Line(line)) if line.intent == LineIntent::SaveAnswer(A)),
        "{overlay:?}"
    );
    script.press("enter");
    let question = |it: &Question| {
        matches!(it, Question::SaveText { text, path }
            if text == "exact \u{1b}[31m answer" && path.starts_with("answer-A-"))
    };
    script.answer(question, Answer::TextSaved(Ok("/home/answer.txt".to_owned())));
    assert!(script.status().contains("/home/answer.txt"), "{}", script.status());
}

#[test]
fn an_answer_that_was_not_kept_is_kept_later() {
    let mut script = lost();
    let question = |it: &Question| matches!(it, Question::KeepAgain(_));
    script.press("H");
    script.answer(question, Answer::KeptAgain(Err(Fault::new("still full"))));
    assert!(script.status().contains("still full"), "{}", script.status());
    script.press("H");
    script.answer(question, Answer::KeptAgain(Ok(())));
    assert!(script.status().contains("A is in the history now"), "{}", script.status());
    script.press("H");
    assert!(script.status().contains("no answer that is not in the history"));
}

#[test]
fn an_answer_that_is_kept_after_all_is_not_offered_to_be_kept() {
    let mut script = Script::open();
    script.press("r");
    let (run, _) = script.run();
    script.call(run, A, CallEvent::NotSaved { reason: "the database is locked".to_owned() });
    script.call(run, A, CallEvent::Saved);
    assert!(script.status().contains("A is saved after all"), "{}", script.status());
    script.call(run, A, CallEvent::Finished(Box::new(execution(1, "answer"))));
    script.focus(Focus::Output(A));
    script.press("H");
    assert!(script.status().contains("no answer that is not in the history"));
    assert!(
        !script
            .effects
            .iter()
            .any(|it| matches!(it, Effect::Ask { question: Question::KeepAgain(_), .. }))
    );
}

#[test]
fn where_nothing_can_be_saved_a_run_is_asked_about_once() {
    let mut script = Script::open();
    script.state.read_only = true;
    script.press("r");
    let asks = |script: &Script| {
        matches!(script.state.overlays.last(), Some(Overlay::Confirm(Confirm::RunUnsaved)))
    };
    let starts = |script: &Script| {
        script.effects.iter().any(|effect| matches!(effect, Effect::StartRun { .. }))
    };
    assert!(asks(&script) && !starts(&script));
    script.press("n");
    assert!(!asks(&script) && !starts(&script), "a no sends nothing");
    script.press("r");
    script.press("y");
    assert!(starts(&script), "a yes sends what was asked for");
    script.press("r");
    assert!(!asks(&script), "and is not asked for again");
}
