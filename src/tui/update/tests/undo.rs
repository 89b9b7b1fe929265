//! What was deleted, removed or replaced comes back, and nothing is lost on the way.

use super::*;
use crate::tui::{
    msg::{DeletedExecutions, Fault},
    state::{Overlay, Pane},
};

const A: VariantName = VariantName::A;
const B: VariantName = VariantName::B;
const C: VariantName = VariantName::C;
const D: VariantName = VariantName::D;

fn letters(script: &Script) -> Vec<VariantName> {
    script.state.panes.iter().map(|pane| pane.variant).collect()
}

fn answered(script: &mut Script, variant: VariantName, number: u128, text: &str) {
    script.focus(Focus::Output(variant));
    script.press("r");
    let (run, _) = script.run();
    let record = Execution { variant, ..execution(number, text) };
    script.call(run, variant, CallEvent::Finished(Box::new(record)));
}

fn history_of(count: u128) -> Script {
    let mut script = Script::open();
    script.press("2");
    let first = |it: &Question| matches!(it, Question::History { .. });
    script.answer(first, history::page(0..count, false));
    script.effects.clear();
    script
}

fn delete(script: &mut Script, count: usize) {
    script.press("D");
    let deleted = DeletedExecutions { count, undo: Arc::new(count) };
    script.answer(|it| matches!(it, Question::Delete(_)), Answer::Deleted(Ok(deleted)));
}

/// Which deletion was asked to be taken back last.
fn restored(script: &Script) -> Option<usize> {
    script.effects.iter().rev().find_map(|effect| match effect {
        Effect::Ask { question: Question::Restore(deleted), .. } => Some(deleted.count),
        _ => None,
    })
}

fn is_restore(question: &Question) -> bool {
    matches!(question, Question::Restore(_))
}

#[test]
fn deletions_are_taken_back_one_after_the_other() {
    let mut script = history_of(5);
    delete(&mut script, 1);
    delete(&mut script, 2);
    script.press("u");
    assert_eq!(restored(&script), Some(2), "the last one first");
    script.press("u");
    assert_eq!(restored(&script), Some(1), "while that is on its way, the one before");
    script.answer(is_restore, Answer::Restored(Ok(1)));
    script.press("u");
    assert_eq!(script.status(), "There is no deletion to take back");
}

#[test]
fn a_deletion_that_could_not_be_taken_back_can_be_tried_again() {
    let mut script = history_of(3);
    delete(&mut script, 1);
    script.press("u");
    script.answer(is_restore, Answer::Restored(Err(Fault::new("the database is locked"))));
    assert!(script.status().contains("locked"));
    script.effects.clear();
    script.press("u");
    assert_eq!(restored(&script), Some(1));
    script.answer(is_restore, Answer::Restored(Ok(1)));
    assert!(script.status().contains("1 brought back"));
}

#[test]
fn a_removed_pane_takes_another_letter_where_its_own_is_in_use() {
    let mut script = Script::open();
    script.press("f");
    answered(&mut script, B, 8, "of the first B");
    script.press("D");
    assert_eq!(letters(&script), [A]);
    script.press("f");
    answered(&mut script, B, 9, "of the second B");
    script.press("u");
    assert_eq!(letters(&script), [A, B, C]);
    assert_eq!(
        (script.shown(B), script.shown(C)),
        ("of the second B".into(), "of the first B".into())
    );
    assert!(script.status().contains("B as C is back"), "{}", script.status());
}

#[test]
fn a_pane_for_which_there_is_no_room_waits() {
    let mut script = Script::open();
    script.press("f");
    answered(&mut script, B, 8, "kept");
    script.press("D f f f");
    for variant in [B, C, D] {
        answered(&mut script, variant, 9, "x");
    }
    script.press("u");
    assert!(script.status().contains("no room"), "{}", script.status());
    script.focus(Focus::Output(D));
    script.press("D u");
    assert_eq!(letters(&script), [A, B, C, D]);
    assert_eq!(script.shown(D), "x", "the last one that went comes first");
    script.press("D");
    script.state.undos.latest(|_, _| true).expect("both wait");
}

#[test]
fn panes_that_models_were_put_into_come_back_with_their_answers() {
    let mut script = Script::open();
    script.answer_models(&["demo/fast", "demo/careful"]);
    script.press("f f");
    for (variant, text) in [(A, "a"), (B, "b"), (C, "c")] {
        answered(&mut script, variant, 7, text);
    }
    script.press("C");
    script.typed("demo");
    script.press("tab tab enter");
    assert_eq!(letters(&script), [A, B]);
    assert!(script.status().contains("brings back what was here"), "{}", script.status());
    script.press("alt-z");
    assert_eq!(letters(&script), [A, B, C]);
    assert_eq!(script.shown(C), "c");
    assert!(script.state.panes.iter().all(|pane| pane.model.is_none()), "and run what they ran");
}

#[test]
fn what_ran_in_a_removed_pane_has_ended_when_it_comes_back() {
    let mut script = Script::open();
    script.press("f r");
    let (run, _) = script.run();
    script.call(run, B, delta("half an ans"));
    script.press("D u");
    assert_eq!((script.word(B), script.shown(B)), ("cancelled", "half an ans".to_owned()));
    assert_eq!(script.state.running(), 0);
}

#[test]
fn a_pane_comes_back_only_to_the_template_it_was_of() {
    let mut script = Script::open();
    script.press("f");
    answered(&mut script, B, 8, "of the first template");
    script.press("D ctrl-o");
    script.typed("second");
    script.press("enter");
    script.answer_open(opened("b/second"));
    script.answer_analysis(analysis());
    script.focus(Focus::Output(A));
    script.press("u");
    assert_eq!(letters(&script), [A]);
    assert!(script.status().contains("no removed pane"), "{}", script.status());
    script.press("ctrl-o");
    script.typed("first");
    script.press("enter");
    script.focus(Focus::Output(A));
    script.press("u");
    assert_eq!(script.shown(B), "of the first template");
}

#[test]
fn tags_come_back_with_what_they_said() {
    let mut script = history_of(2);
    let id = script.state.history.rows()[0].id;
    let mut known = Execution { id, ..execution(0, "x") };
    known.tags.insert("case".to_owned(), "angry".to_owned());
    let is_read = |it: &Question| matches!(it, Question::Execution(_));
    script.press("#");
    script.typed("case=");
    script.press("enter");
    script.answer(is_read, Answer::Execution(Ok(Some(Box::new(known)))));
    let tag = |value: Option<&str>| Keep::Tag {
        execution: id,
        key: "case".to_owned(),
        value: value.map(str::to_owned),
    };
    assert!(script.kept().contains(&&tag(None)));
    script.press("u");
    assert_eq!(script.kept().last(), Some(&&tag(Some("angry"))));
}

#[test]
fn what_a_set_or_a_tag_is_called_is_told_as_it_was_typed() {
    let mut script = Script::open();
    script.press("I");
    let sets = BTreeMap::from([("{undo}".to_owned(), set("!"))]);
    script.answer(|it| matches!(it, Question::InputSets(_)), Answer::InputSets(Ok(sets)));
    script.press("ctrl-x");
    assert_eq!(script.status(), "The set {undo} is deleted; Alt-z brings it back");
    let mut script = history_of(1);
    let known = Execution { id: script.state.history.rows()[0].id, ..execution(0, "x") };
    script.press("#");
    script.typed("{run}={undo}");
    script.press("enter");
    let is_read = |it: &Question| matches!(it, Question::Execution(_));
    script.answer(is_read, Answer::Execution(Ok(Some(Box::new(known)))));
    assert_eq!(script.status(), "Tagged {run}={undo}; the filter tag:{run} finds it");
}

#[test]
fn a_version_gets_its_name_back() {
    let mut script = unnamed(Ok(()));
    assert!(script.status().contains("u brings it back"), "{}", script.status());
    script.press("u");
    let back =
        |it: &Question| matches!(it, Question::Label { label: Some(it), .. } if it == "production");
    script.answer(back, Answer::Labelled(Ok(())));
    let document = script.state.document.as_ref().expect("open");
    assert_eq!(document.versions[0].label.as_deref(), Some("production"));
}

fn set(value: &str) -> BTreeMap<String, Value> {
    BTreeMap::from([("message".to_owned(), json!(value))])
}

/// The list of sets in front, with two of them.
fn sets_listed() -> Script {
    let mut script = Script::open();
    script.press("I");
    let sets = BTreeMap::from([("angry".to_owned(), set("!")), ("mild".to_owned(), set("."))]);
    script.answer(|it| matches!(it, Question::InputSets(_)), Answer::InputSets(Ok(sets)));
    script.effects.clear();
    script
}

fn kept_sets(script: &Script) -> BTreeMap<String, BTreeMap<String, Value>> {
    let found = script.kept().into_iter().rev().find_map(|keep| match keep {
        Keep::InputSets { sets, .. } => Some(sets.clone()),
        _ => None,
    });
    found.expect("the sets are kept")
}

fn listed(script: &Script) -> Vec<String> {
    match script.state.overlay() {
        Some(Overlay::List(list)) => list.rows.iter().map(|row| row.name.clone()).collect(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn sets_of_inputs_are_deleted_renamed_and_brought_back() {
    let mut script = sets_listed();
    script.press("ctrl-x");
    assert_eq!(kept_sets(&script).into_keys().collect::<Vec<_>>(), ["mild"]);
    assert_eq!(listed(&script)[0], "mild");
    script.press("alt-z");
    assert_eq!(kept_sets(&script).get("angry"), Some(&set("!")));
    assert_eq!(listed(&script)[..2], ["angry", "mild"]);
    script.press("up");
    script.press("alt-n");
    script.press("ctrl-u");
    script.typed("mild");
    script.press("enter");
    assert!(matches!(script.state.overlay(), Some(Overlay::Line(_))), "that name is taken");
    script.press("ctrl-u");
    script.typed("cross");
    script.press("enter");
    assert_eq!(listed(&script)[..2], ["cross", "mild"]);
    script.press("alt-z");
    assert_eq!(kept_sets(&script).into_keys().collect::<Vec<_>>(), ["angry", "mild"]);
}

#[test]
fn a_set_that_was_replaced_comes_back() {
    let mut script = sets_listed();
    script.press("down down enter");
    script.typed("mild");
    script.press("enter");
    assert_eq!(kept_sets(&script).get("mild"), Some(&set("hello")));
    assert!(script.status().contains("Alt-z brings those before back"), "{}", script.status());
    script.press("alt-z");
    assert_eq!(kept_sets(&script).get("mild"), Some(&set(".")));
}

#[test]
fn sets_of_another_template_are_never_taken_for_this_ones() {
    let mut script = Script::open();
    script.press("I");
    // The list is not there yet, or could not be read.
    let is_sets = |it: &Question| matches!(it, Question::InputSets(_));
    script.answer(is_sets, Answer::InputSets(Err(Fault::new("the database is locked"))));
    script.press("enter");
    script.typed("mild");
    script.effects.clear();
    script.press("enter");
    assert!(script.kept().is_empty(), "which there are is not known");
    let id = script.question(is_sets).expect("they are read first");
    let sets = BTreeMap::from([("angry".to_owned(), set("!"))]);
    script.send(Msg::Answered { id, answer: Answer::InputSets(Ok(sets)) });
    assert_eq!(kept_sets(&script).into_keys().collect::<Vec<_>>(), ["angry", "mild"]);
}

#[test]
fn a_pane_that_is_removed_says_how_it_comes_back() {
    let mut script = Script::open();
    script.press("f D");
    assert!(script.status().contains("B is removed; Alt-z brings it back"), "{}", script.status());
    script.press("alt-z");
    assert_eq!(letters(&script), [A, B]);
    script.press("alt-z");
    assert!(script.status().contains("Nothing was deleted"), "{}", script.status());
    assert!(script.state.pane(B).and_then(Pane::shown).is_none());
}

#[test]
fn a_pane_that_comes_back_leaves_what_was_done_to_the_others_since() {
    let mut script = Script::open();
    script.answer_models(&["demo/fast", "demo/careful"]);
    script.press("f D f f");
    assert_eq!(letters(&script), [A, B, C]);
    script.focus(Focus::Output(A));
    let careful = Some(model("demo/careful"));
    script.state.pane_mut(A).expect("a pane").model.clone_from(&careful);
    script.press("u");
    assert_eq!(letters(&script), [A, B, C, D], "those that have not answered yet stay");
    assert_eq!(script.state.pane(A).expect("a pane").model, careful, "and run what they run");
}

/// With a version's name just taken away, or not, as the answer says.
fn unnamed(answer: Result<(), Fault>) -> Script {
    let mut script = Script::open();
    let mut named = record("a/first", "1.0.0", TEXT);
    named.label = Some("production".to_owned());
    script.press("v");
    script.answer(|it| matches!(it, Question::Versions(_)), Answer::Versions(Ok(vec![named])));
    script.press("L ctrl-u enter");
    script.answer(is_label, Answer::Labelled(answer));
    script.effects.clear();
    script
}

fn is_label(question: &Question) -> bool {
    matches!(question, Question::Label { .. })
}

#[test]
fn a_name_that_could_not_be_brought_back_can_be_tried_again() {
    let mut script = unnamed(Ok(()));
    script.press("u");
    script.answer(is_label, Answer::Labelled(Err(Fault::new("the database is locked"))));
    script.effects.clear();
    script.press("u");
    script.answer(is_label, Answer::Labelled(Ok(())));
    assert!(script.status().contains("is called production"), "{}", script.status());
    script.effects.clear();
    script.press("u");
    assert!(script.question(is_label).is_none(), "it came back once");
}

#[test]
fn a_name_that_could_not_be_taken_away_has_nothing_to_bring_back() {
    let mut script = unnamed(Err(Fault::new("the database is locked")));
    script.press("u");
    assert!(script.question(is_label).is_none());
    assert!(script.status().contains("No version lost a name"), "{}", script.status());
}

#[test]
fn sets_that_could_not_be_read_to_come_back_can_be_tried_again() {
    let mut script = sets_listed();
    script.press("ctrl-x esc");
    script.state.input_sets = None;
    let is_sets = |it: &Question| matches!(it, Question::InputSets(_));
    script.press("alt-z");
    script.answer(is_sets, Answer::InputSets(Err(Fault::new("the database is locked"))));
    script.effects.clear();
    script.press("alt-z");
    let mild = BTreeMap::from([("mild".to_owned(), set("."))]);
    script.answer(is_sets, Answer::InputSets(Ok(mild)));
    assert_eq!(kept_sets(&script).into_keys().collect::<Vec<_>>(), ["angry", "mild"]);
}
