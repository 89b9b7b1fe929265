//! Saving, versions, rolling back, the file that changed outside.

use super::*;
use crate::{
    model::{Bump, VariantSource},
    tui::{
        msg::{Fault, SaveFault, SavedVersion},
        state::{ConflictChoice, Overlay},
    },
};

const SAVED: &str = "---\nversion: 1.1.0\n---\nuser:\nXSay {{ message }}\n";

fn edited() -> Script {
    let mut script = Script::open();
    script.press("i");
    script.typed("X");
    script.press("esc");
    script.wake();
    script
}

fn saved() -> Answer {
    Answer::Saved(Ok(Box::new(SavedVersion {
        record: record("a/first", "1.1.0", SAVED),
        text: SAVED.to_owned(),
        base: ContentHash::of(SAVED.as_bytes()),
    })))
}

fn is_save(question: &Question) -> bool {
    matches!(question, Question::Save { .. })
}

fn changed_outside(script: &mut Script) {
    let text = "theirs\n".to_owned();
    let base = ContentHash::of(text.as_bytes());
    script.answer(is_save, Answer::Saved(Err(SaveFault::ChangedOutside { text, base })));
}

/// The last save asked for.
fn last_save(script: &Script) -> (Bump, String, String, Option<ContentHash>) {
    script
        .effects
        .iter()
        .rev()
        .find_map(|effect| match effect {
            Effect::Ask { question: Question::Save { text, bump, note, base, .. }, .. } => {
                Some((*bump, note.clone(), text.clone(), base.clone()))
            }
            _ => None,
        })
        .expect("a save was asked for")
}

#[test]
fn saving_asks_only_for_bump_and_reason() {
    let mut script = edited();
    script.press("s");
    let Some(Overlay::Save(dialog)) = script.state.overlay() else { panic!("no dialog") };
    assert_eq!(dialog.next(), version("1.0.1"));
    script.press("down");
    script.typed("shorter");
    script.press("enter");
    let (bump, note, text, base) = last_save(&script);
    assert_eq!((bump, note.as_str()), (Bump::Minor, "shorter"));
    assert_eq!(text, format!("X{TEXT}"));
    assert_eq!(base, Some(ContentHash::of(TEXT.as_bytes())));

    script.answer(is_save, saved());
    let document = script.state.document.as_ref().expect("open");
    assert!(!document.is_draft() && !document.saving);
    assert_eq!(document.versions.first().map(|it| it.version.clone()), Some(version("1.1.0")));
    assert_eq!(document.saved_as(), Some(&version("1.1.0")));
    assert!(script.kept().iter().any(|it| matches!(it, Keep::Draft { text: None, .. })));
    assert!(!script.state.library.entry(&id("a/first")).expect("listed").draft);
    assert_eq!(script.text(), SAVED);
    script.press("u");
    assert_eq!(script.text(), format!("X{TEXT}"), "undo goes on across a save");
}

#[test]
fn what_is_typed_while_a_save_is_under_way_stays() {
    let mut script = edited();
    script.press("s enter s");
    assert!(script.status().contains("under way"));
    script.press("i");
    script.typed("Y");
    script.answer(is_save, saved());
    assert!(script.text().starts_with("XY"), "{}", script.text());
    assert!(script.state.document.as_ref().expect("open").is_draft());
}

#[test]
fn a_text_that_is_a_version_already_and_a_sample_are_not_saved() {
    let mut script = Script::open();
    script.press("s");
    assert!(script.status().contains("the text is version 1.0.0"));
    let mut script = edited();
    script.state.document.as_mut().expect("open").writable = false;
    script.press("s");
    assert!(script.status().contains("lathe init"));
    assert!(script.state.overlay().is_none());
}

#[test]
fn a_save_that_fails_says_why_and_can_be_tried_again() {
    let mut script = edited();
    script.press("s enter");
    let fault = Fault::new("the disk is full").hint("free some space");
    script.answer(is_save, Answer::Saved(Err(SaveFault::Failed(fault))));
    assert_eq!(script.status(), "the disk is full");
    script.press("s");
    assert!(matches!(script.state.overlay(), Some(Overlay::Save(_))));
}

#[test]
fn a_file_changed_outside_is_compared_first() {
    let mut script = edited();
    script.press("s enter");
    changed_outside(&mut script);
    script.press("enter");
    assert!(matches!(script.state.overlay(), Some(Overlay::Diff(_))));
    script.press("esc");
    let Some(Overlay::Conflict(conflict)) = script.state.overlay() else { panic!("back to it") };
    assert_eq!(conflict.selected, ConflictChoice::SeeDiff);
    script.press("esc");
    assert!(script.state.overlay().is_none());
    assert_eq!(script.text(), format!("X{TEXT}"), "nothing was lost");
}

#[test]
fn keeping_mine_overwrites_just_what_was_shown() {
    let mut script = edited();
    script.press("s");
    script.typed("why");
    script.press("enter");
    changed_outside(&mut script);
    script.press("down enter");
    let (bump, note, _, base) = last_save(&script);
    assert_eq!((bump, note.as_str()), (Bump::Patch, "why"));
    assert_eq!(base, Some(ContentHash::of(b"theirs\n")));
}

#[test]
fn taking_theirs_can_be_undone() {
    let mut script = edited();
    script.press("s enter");
    changed_outside(&mut script);
    script.press("down down enter");
    assert_eq!(script.text(), "theirs\n");
    assert!(!script.state.document.as_ref().expect("open").is_draft());
    script.press("u");
    assert_eq!(script.text(), format!("X{TEXT}"));
}

#[test]
fn discarding_a_draft_asks_and_can_be_undone() {
    let mut script = edited();
    script.act(Action::DiscardDraft);
    script.press("n");
    assert_eq!(script.text(), format!("X{TEXT}"));
    script.act(Action::DiscardDraft);
    script.press("y");
    assert_eq!(script.text(), TEXT);
    script.press("u");
    assert_eq!(script.text(), format!("X{TEXT}"));
    script.press("U");
    script.act(Action::DiscardDraft);
    assert!(script.state.overlay().is_none(), "there is none");
}

fn with_versions(keys: &str) -> Script {
    let mut script = edited();
    script.press(keys);
    let versions = vec![record("a/first", "1.0.0", TEXT), record("a/first", "0.9.0", "old\n")];
    script.answer(|it| matches!(it, Question::Versions(_)), Answer::Versions(Ok(versions)));
    script
}

#[test]
fn versions_are_compared_with_the_text() {
    let mut script = with_versions("v");
    script.press("down d");
    let Some(Overlay::Diff(view)) = script.state.overlay() else { panic!("no difference") };
    assert_eq!(view.titles, ("0.9.0".to_owned(), "draft".to_owned()));
    script.press("esc");
    assert!(matches!(script.state.overlay(), Some(Overlay::Versions(list)) if list.selected == 1));
}

#[test]
fn rolling_back_makes_a_new_version() {
    let mut script = with_versions("v");
    script.press("down b");
    let is_roll_back = |it: &Question| matches!(it, Question::RollBack { to, base: Some(_), .. } if *to == version("0.9.0"));
    let mut new = record("a/first", "1.0.1", "old\n");
    new.rolled_back_from = Some(version("0.9.0"));
    let saved =
        SavedVersion { record: new, text: "old\n".to_owned(), base: ContentHash::of(b"old\n") };
    script.answer(is_roll_back, Answer::RolledBack(Ok(Box::new(saved))));
    assert_eq!(script.text(), "old\n");
    assert!(script.status().contains("1.0.1 has the content of 0.9.0"));
    script.press("esc u");
    assert_eq!(script.text(), format!("X{TEXT}"), "the draft is an undo away");
}

#[test]
fn a_version_gets_a_name() {
    let mut script = with_versions("v");
    script.press("L");
    script.typed("production");
    script.press("enter");
    let is_label = |it: &Question| matches!(it, Question::Label { label: Some(label), .. } if label == "production");
    script.answer(is_label, Answer::Labelled(Ok(())));
    let document = script.state.document.as_ref().expect("open");
    assert_eq!(document.versions[0].label.as_deref(), Some("production"));
}

#[test]
fn a_variant_runs_a_picked_version_and_the_draft_again() {
    let mut script = with_versions("V");
    script.press("down down enter");
    let source = |script: &Script| script.state.panes[0].source.clone();
    assert_eq!(source(&script), VariantSource::Version(version("0.9.0")));
    assert!(script.state.overlay().is_none());
    script.press("V enter");
    assert_eq!(source(&script), VariantSource::Draft);
}

#[test]
fn versions_run_side_by_side_on_one_model() {
    let mut script = Script::open();
    script.state.pane_mut(VariantName::A).expect("a pane").model = Some(model("demo/careful"));
    let document = script.state.document.as_mut().expect("open");
    document.versions = vec![record("a/first", "1.1.0", "new"), record("a/first", "1.0.0", TEXT)];
    script.press("v space space enter R");
    script.press("v space space enter");
    assert_eq!(script.state.panes.len(), 2, "{}", script.status());
    script.press("R");
    let (_, orders) = script.run();
    let ran: Vec<_> = orders.iter().map(|order| (&order.source, &order.model)).collect();
    let source = |number| crate::tui::effect::CallSource::Version(version(number));
    let careful = Some(model("demo/careful"));
    assert_eq!(ran, [(&source("1.1.0"), &careful), (&source("1.0.0"), &careful)]);
}
