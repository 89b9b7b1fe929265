//! What comes too late changes nothing.

use serde_json::json;

use super::*;
use crate::tui::{
    msg::{HistoryPage, SavedVersion, TimerId},
    state::Overlay,
};

const A: VariantName = VariantName::A;

#[test]
fn an_answer_nobody_waits_for_is_dropped() {
    let mut script = Script::open();
    let entries = vec![entry("x/y")];
    script.send(Msg::Answered { id: RequestId(9_999), answer: Answer::Library(Ok(entries)) });
    assert_eq!(script.state.library.entries().len(), 2);
}

#[test]
fn an_answer_comes_once() {
    let mut script = Script::started();
    let asked = script.question(|it| matches!(it, Question::Spend)).expect("asked");
    script.send(Msg::Answered { id: asked, answer: Answer::Spend(Some(1.0)) });
    script.send(Msg::Answered { id: asked, answer: Answer::Spend(Some(2.0)) });
    assert_eq!(script.state.spend_today, Some(1.0));
}

#[test]
fn an_answer_of_another_kind_is_dropped() {
    let mut script = Script::started();
    let asked = script.question(|it| matches!(it, Question::Spend)).expect("asked");
    script.send(Msg::Answered { id: asked, answer: Answer::Library(Ok(vec![entry("x/y")])) });
    assert!(script.state.library.entries().is_empty());
}

#[test]
fn only_the_last_template_asked_for_opens() {
    let mut script = Script::started();
    script.answer_library(&["a/first", "b/second"]);
    let first = script.question(|it| matches!(it, Question::Open(_))).expect("asked");
    script.press("down down enter");
    script.answer_open(opened("b/second"));
    script
        .send(Msg::Answered { id: first, answer: Answer::Opened(Ok(Box::new(opened("a/first")))) });
    assert_eq!(script.state.document.as_ref().map(|it| it.id.clone()), Some(id("b/second")));
}

#[test]
fn only_the_last_analysis_counts() {
    let mut script = Script::open();
    script.press("i");
    script.typed("X");
    script.wake();
    let old = script.question(|it| matches!(it, Question::Analyse { .. })).expect("asked");
    script.typed("Y");
    script.wake();
    script.answer_analysis(Analysis { version: Some(version("2.0.0")), ..analysis() });
    let late = Analysis { version: Some(version("9.0.0")), ..analysis() };
    script.send(Msg::Answered { id: old, answer: Answer::Analysed(Box::new(late)) });
    assert_eq!(
        script.state.document.as_ref().and_then(|it| it.version().cloned()),
        Some(version("2.0.0"))
    );
}

#[test]
fn an_analysis_of_a_template_that_was_left_is_dropped() {
    let mut script = Script::open();
    script.press("i");
    script.typed("X");
    script.press("esc");
    script.wake();
    let of_first = script.question(|it| matches!(it, Question::Analyse { .. })).expect("asked");
    // The other template's own question comes before its answer: both are under way.
    script.focus(Focus::Library);
    script.press("down down enter");
    script.answer_open(opened("b/second"));
    let late = Analysis { version: Some(version("9.0.0")), ..analysis() };
    script.send(Msg::Answered { id: of_first, answer: Answer::Analysed(Box::new(late)) });
    assert_eq!(script.state.document.as_ref().and_then(|it| it.version().cloned()), None);
}

#[test]
fn an_older_wake_up_does_nothing() {
    let mut script = Script::open();
    script.press("i");
    script.typed("X");
    let first = script.effects.iter().find_map(|effect| match effect {
        Effect::Schedule { id, .. } => Some(*id),
        _ => None,
    });
    script.typed("Y");
    script.send(Msg::Timer(first.expect("scheduled")));
    script.send(Msg::Timer(TimerId(9_999)));
    assert!(script.question(|it| matches!(it, Question::Analyse { .. })).is_none());
    assert!(script.kept().is_empty());
}

#[test]
fn events_of_another_run_or_variant_are_dropped() {
    let mut script = Script::open();
    script.press("r");
    let (run, _) = script.run();
    script.call(RunToken(run.0 + 1_000), A, delta("not mine"));
    script.call(run, VariantName::B, delta("nobody's"));
    assert_eq!(script.shown(A), "");
    assert_eq!(script.word(A), "starting");
}

#[test]
fn events_after_the_end_are_dropped_but_for_a_record_that_was_not_stored() {
    let mut script = Script::open();
    script.press("r");
    let (run, _) = script.run();
    script.call(run, A, CallEvent::Finished(Box::new(execution(7, "whole"))));
    script.call(run, A, delta(" and more"));
    script.call(run, A, CallEvent::Attempt { number: 2, of: 3 });
    script.call(run, A, CallEvent::Finished(Box::new(execution(8, "twice"))));
    assert_eq!((script.shown(A).as_str(), script.word(A)), ("whole", "done"));
    script.call(run, A, CallEvent::NotSaved { reason: "the disk is full".to_owned() });
    let output = script.state.pane(A).and_then(|it| it.shown()).expect("an answer");
    assert_eq!(output.not_saved.as_deref(), Some("the disk is full"));
    assert!(script.status().contains("the disk is full"));
}

#[test]
fn events_of_a_pane_that_was_removed_are_dropped() {
    let mut script = Script::open();
    script.press("f r");
    let (run, _) = script.run();
    script.press("D");
    script.call(run, VariantName::B, delta("too late"));
    assert_eq!(script.state.panes.len(), 1);
    assert!(script.state.panes[0].shown().is_none());
}

#[test]
fn rows_of_an_older_filter_are_dropped() {
    let mut script = Script::open();
    script.press("2");
    let first = script.question(|it| matches!(it, Question::History { .. })).expect("asked");
    script.press("/");
    script.typed("x");
    script.wake();
    script.send(Msg::Answered { id: first, answer: Answer::History(Ok(HistoryPage::default())) });
    assert!(!script.state.history.loaded);
    assert!(script.state.history.loading, "the new search goes on");
}

#[test]
fn an_execution_read_before_another_was_chosen_is_dropped() {
    let mut script = Script::open();
    let wanted = ExecutionId(Uuid::from_u128(2));
    script.state.history.detail = Some(crate::tui::state::Detail::asked(wanted));
    let id = script
        .state
        .pending
        .ask(crate::tui::state::Purpose::Detail(ExecutionId(Uuid::from_u128(1))));
    script.send(Msg::Answered {
        id,
        answer: Answer::Execution(Ok(Some(Box::new(execution(1, "old"))))),
    });
    assert!(script.state.history.detail.as_ref().is_some_and(|it| it.output.is_none()));
}

#[test]
fn a_save_that_ends_after_its_template_was_left_still_counts() {
    let mut script = Script::open();
    script.press("i");
    script.typed("X");
    script.press("esc s enter");
    let save = script.question(|it| matches!(it, Question::Save { .. })).expect("asked");
    script.focus(Focus::Library);
    script.press("down down enter");
    script.answer_open(opened("b/second"));
    let saved = SavedVersion {
        record: record("a/first", "1.0.1", "saved"),
        text: "saved".to_owned(),
        base: ContentHash::of(b"saved"),
    };
    script.send(Msg::Answered { id: save, answer: Answer::Saved(Ok(Box::new(saved))) });
    assert_eq!(script.text(), TEXT, "the template in sight is another");
    let shelved = &script.state.shelf.get(&id("a/first")).expect("kept").document;
    assert!(!shelved.is_draft() && !shelved.saving);
    assert_eq!(shelved.editor.text(), "saved");
}

#[test]
fn an_edited_text_of_a_template_that_was_left_is_not_put_into_another() {
    let mut script = Script::open();
    script.press("e");
    let edit = script.question(|it| matches!(it, Question::Edit { .. })).expect("asked");
    script.focus(Focus::Library);
    script.press("down down enter");
    script.answer_open(opened("b/second"));
    let answer = Answer::Edited(Ok(Some("not here".to_owned())));
    script.send(Msg::Answered { id: edit, answer });
    assert_eq!(script.text(), TEXT);
    assert!(script.status().contains("no longer open"));
}

#[test]
fn inputs_survive_what_comes_late() {
    let mut script = Script::open();
    script.press("m");
    assert!(matches!(script.state.overlay(), Some(Overlay::Models(_))));
    script.answer_models(&["demo/fast", "demo/careful"]);
    let Some(Overlay::Models(picker)) = script.state.overlay() else { panic!("still open") };
    assert_eq!(picker.picker.matches.len(), 2, "models that come late are listed");
    assert_eq!(script.input("message"), Some(json!("hello")));
}

#[test]
fn a_list_of_versions_from_before_a_save_does_not_hide_what_was_saved() {
    let mut script = Script::open();
    script.press("i x esc s enter v");
    let list = |it: &Question| matches!(it, Question::Versions(_));
    let first = script.question(list).expect("the list is asked for while the save is under way");
    let saved = SavedVersion {
        record: record("a/first", "1.0.1", "new"),
        text: script.text(),
        base: ContentHash::of(b"new"),
    };
    let save = |it: &Question| matches!(it, Question::Save { .. });
    script.answer(save, Answer::Saved(Ok(Box::new(saved))));
    let before = vec![record("a/first", "1.0.0", TEXT)];
    script.send(Msg::Answered { id: first, answer: Answer::Versions(Ok(before)) });
    let versions = |script: &Script| script.state.document.as_ref().expect("open").versions.len();
    assert_eq!(versions(&script), 2, "the older list is dropped");
    assert_ne!(script.question(list), Some(first), "and asked for again");
}
