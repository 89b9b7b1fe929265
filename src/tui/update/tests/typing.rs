//! Typing into the editor, fields and lines; pasting; the outside editor.

use serde_json::json;

use super::*;
use crate::tui::{
    msg::Fault,
    state::{FormRow, Overlay},
};

const A: VariantName = VariantName::A;

#[test]
fn a_default_is_there_to_be_changed_and_stays_the_templates_where_it_is_not() {
    let mut script = Script::open();
    let tone = InputField { default: Some(json!("warm")), ..field("tone", false) };
    script.act(Action::Reload);
    script.state.document.as_mut().expect("open").inputs.set_fields(&[tone]);
    let typed = |script: &Script| {
        script.state.document.as_ref().expect("open").inputs.fields()[0].editor.text()
    };
    script.focus(Focus::Inputs);
    script.press("enter");
    assert_eq!(typed(&script), "warm");
    script.press("esc");
    assert_eq!(typed(&script), "", "nothing was changed");
    script.press("enter right");
    script.typed("er");
    script.press("esc");
    assert_eq!(typed(&script), "warmer");
    script.press("enter esc");
    assert_eq!(typed(&script), "warmer", "what is typed is nobody's default");
    script.state.document.as_mut().expect("open").inputs.fill(&BTreeMap::new());
    script.press("enter");
    script.typed("cold");
    script.press("esc");
    assert_eq!(typed(&script), "cold", "who types at once replaces it");
}

#[test]
fn an_edit_rests_before_it_is_analysed_and_kept() {
    let mut script = Script::open();
    script.press("i");
    script.typed("XY");
    assert!(script.question(|it| matches!(it, Question::Analyse { .. })).is_none());
    assert!(script.kept().is_empty());
    script.wake();
    assert!(
        script
            .question(|it| matches!(it, Question::Analyse { text, .. } if text.starts_with("XY")))
            .is_some()
    );
    let drafts: Vec<&Keep> = script.kept();
    assert!(
        matches!(drafts.as_slice(), [Keep::Draft { text: Some(text), .. }] if text.starts_with("XY"))
    );
    assert!(script.state.library.entry(&id("a/first")).expect("listed").draft);
}

#[test]
fn keys_that_act_type_while_typing() {
    let mut script = Script::open();
    script.press("i");
    script.typed("q?:r");
    assert!(script.text().starts_with("q?:r"));
    assert!(!script.quits());
    script.press("esc q");
    assert!(script.quits());
}

#[test]
fn a_text_back_at_the_files_is_no_draft() {
    let mut script = Script::open();
    script.press("i");
    script.typed("X");
    script.press("backspace");
    script.wake();
    assert!(matches!(script.kept().as_slice(), [Keep::Draft { text: None, .. }]));
    assert!(!script.state.library.entry(&id("a/first")).expect("listed").draft);
}

#[test]
fn moves_with_shift_select_and_typing_replaces() {
    let mut script = Script::open();
    script.press("i shift-right shift-right shift-right");
    script.typed("#");
    assert!(script.text().starts_with("#\nversion"), "{}", script.text());
}

#[test]
fn tab_goes_on_to_the_next_field() {
    let mut script = Script::open();
    script.focus(Focus::Inputs);
    script.press("enter");
    script.typed("!");
    script.press("tab");
    script.typed("kind");
    assert_eq!(script.input("message"), Some(json!("hello!")));
    assert_eq!(script.input("tone"), Some(json!("kind")));
    script.press("tab");
    assert!(!script.state.is_typing(), "after the last field keys act");
    let inputs = &script.state.document.as_ref().expect("open").inputs;
    assert_eq!(inputs.row(), FormRow::Model);
    script.wake();
    assert!(script.question(|it| matches!(it, Question::Analyse { .. })).is_some());
}

#[test]
fn a_paste_is_text_and_one_step() {
    let mut script = Script::open();
    script.send(Msg::Paste("q\r\nr\u{1b}[2J".to_owned()));
    assert!(script.text().starts_with("q\nr\u{1b}[2J"), "exact, and nothing acted");
    assert!(!script.quits());
    script.press("u");
    assert_eq!(script.text(), TEXT);
    script.focus(Focus::Library);
    script.send(Msg::Paste("q".to_owned()));
    assert!(script.status().contains("takes text"));
}

#[test]
fn appending_at_the_end_of_a_line_stays_in_it() {
    let mut script = Script::open();
    script.press("$");
    script.act(Action::Append);
    script.typed("X");
    assert!(script.text().starts_with("---X\nversion"), "{}", script.text());
    script.press("esc 0");
    script.act(Action::Append);
    script.typed("Y");
    assert!(script.text().starts_with("-Y--X\nversion"), "{}", script.text());
    script.press("esc G");
    script.act(Action::Append);
    script.typed("Z");
    assert!(script.text().ends_with("{{ message }}\nZ"), "{}", script.text());
}

#[test]
fn the_outside_editor_gets_what_is_in_focus() {
    let mut script = Script::open();
    script.press("e");
    script.answer(
        |it| matches!(it, Question::Edit { text, extension: "md" } if text == TEXT),
        Answer::Edited(Ok(Some("edited\n".to_owned()))),
    );
    assert_eq!(script.text(), "edited\n");
    assert!(script.effects.iter().any(|effect| matches!(effect, Effect::Repaint)));
    script.focus(Focus::Inputs);
    script.press("e");
    script.answer(
        |it| matches!(it, Question::Edit { text, extension: "txt" } if text == "hello"),
        Answer::Edited(Ok(Some("long\ntext\n".to_owned()))),
    );
    assert_eq!(script.input("message"), Some(json!("long\ntext")), "no line end nobody typed");
    script.press("e");
    script.answer(|it| matches!(it, Question::Edit { .. }), Answer::Edited(Ok(None)));
    script.press("e");
    let fault = Answer::Edited(Err(Fault::new("EDITOR is not set")));
    script.answer(|it| matches!(it, Question::Edit { .. }), fault);
    assert_eq!(script.status(), "EDITOR is not set");
}

#[test]
fn escape_goes_one_step_back_each_time() {
    let mut script = Script::open();
    script.press("z i");
    assert!(script.state.zoom && script.state.is_typing());
    script.press("esc");
    assert!(script.state.zoom && !script.state.is_typing());
    script.press("esc");
    assert!(!script.state.zoom);
}

#[test]
fn tab_walks_the_panes_round() {
    let mut script = Script::open();
    script.press("f");
    let mut seen = Vec::new();
    for _ in 0..5 {
        script.press("tab");
        seen.push(script.state.focus);
    }
    let output = Focus::Output;
    assert_eq!(
        seen,
        [
            Focus::Library,
            Focus::Editor,
            Focus::Inputs,
            output(VariantName::A),
            output(VariantName::B)
        ]
    );
    script.press("shift-tab");
    assert_eq!(script.state.focus, output(VariantName::A));
}

#[test]
fn a_terminal_too_small_still_quits() {
    let mut script = Script::open();
    script.send(Msg::Resized { columns: 20, rows: 5 });
    script.press("q");
    assert!(script.quits());
}

#[test]
fn words_are_looked_for_in_the_editor_as_they_are_typed() {
    let mut script = Script::open();
    script.press("/");
    script.typed("say");
    let selected = |script: &Script| {
        script.state.document.as_ref().expect("open").editor.buffer().selected_text()
    };
    assert_eq!(selected(&script).as_deref(), Some("Say"), "case does not matter");
    script.typed(" {{");
    assert_eq!(selected(&script).as_deref(), Some("Say {{"));
    script.act(Action::Escape);
    let cursor = script.state.document.as_ref().expect("open").editor.buffer().cursor();
    assert_eq!((cursor.line, cursor.byte), (0, 0), "Esc goes back to where one was");
    script.press("/");
    script.typed("s");
    script.press("enter");
    let at =
        |script: &Script| script.state.document.as_ref().expect("open").editor.buffer().cursor();
    let first = at(&script);
    script.press("n");
    assert_ne!(at(&script), first, "on to the next place");
    script.press("N");
    assert_eq!(at(&script), first, "and back");
    script.press("/");
    script.typed("nowhere to be found");
    assert_eq!(script.state.found_in_text, Some((0, 0)));
    script.press("enter n");
    assert!(script.status().contains("not in this text"));
}

#[test]
fn places_in_the_editor_are_counted_and_capitals_matter_where_there_are_some() {
    let mut script = Script::open();
    script.press("/");
    assert_eq!(script.state.found_in_text, None);
    script.typed("s");
    assert_eq!(script.state.found_in_text, Some((1, 5)), "version, user, Say, message");
    script.press("enter n");
    assert_eq!(script.state.found_in_text, Some((2, 5)));
    script.press("/");
    script.typed("S");
    assert_eq!(script.state.found_in_text, Some((1, 1)));
    script.press("esc");
    assert_eq!(script.state.found_in_text, None);
}

#[test]
fn the_editor_is_changed_while_keys_act() {
    let mut script = Script::open();
    script.act(Action::RowEnd);
    script.act(Action::OpenLine);
    assert!(script.state.is_typing());
    script.typed("name: x");
    script.act(Action::Escape);
    script.act(Action::RowStart);
    script.act(Action::WordRight);
    script.act(Action::DeleteToLineEnd);
    assert!(script.text().starts_with("---\nname\n"), "{}", script.text());
    script.act(Action::DeleteLine);
    assert_eq!(script.text(), TEXT);
    script.act(Action::DeleteForward);
    assert!(script.text().starts_with("---\nersion"), "{}", script.text());
    script.act(Action::Append);
    script.typed("!");
    assert!(script.text().starts_with("---\ne!rsion"), "{}", script.text());
}

#[test]
fn what_is_cut_or_copied_is_pasted_again_without_asking_the_terminal() {
    let mut script = Script::open();
    let copies = |script: &mut Script, words: &str| {
        let asked = |it: &Question| matches!(it, Question::Copy(text) if text == words);
        script.answer(asked, Answer::Copied(Ok("OSC 52".to_owned())));
    };
    script.press("i ctrl-v");
    assert!(script.status().starts_with("Nothing was copied here yet"), "{}", script.status());
    script.press("down ctrl-x");
    copies(&mut script, "version: 1.0.0\n");
    assert!(script.text().starts_with("---\n---\n"), "{}", script.text());
    assert_eq!(script.status(), "Copied to OSC 52");
    script.press("right ctrl-v");
    assert_eq!(script.text(), TEXT, "lines are pasted above the line, not into it");
    script.press("home shift-right shift-right ctrl-x");
    copies(&mut script, "--");
    script.press("end ctrl-v ctrl-v");
    assert!(script.text().starts_with("---\nversion: 1.0.0\n-----\n"), "{}", script.text());
    script.press("alt-w");
    copies(&mut script, "-----\n");
    script.press("alt-u alt-u alt-u");
    assert_eq!(script.text(), TEXT);
    // What is deleted by the line can be pasted, too; nothing else replaces what was copied.
    let asked = script.question(|it| matches!(it, Question::Copy(_)));
    script.press("ctrl-home down alt-d ctrl-k alt-d up end ctrl-v");
    assert!(script.text().starts_with("---: 1.0.0\n---\n"), "{}", script.text());
    assert_eq!(script.question(|it| matches!(it, Question::Copy(_))), asked, "no clipboard");
    script.press("esc");
    script.act(Action::Paste);
    assert!(script.text().starts_with("---: 1.0.0: 1.0.0\n"), "{}", script.text());
    script.focus(Focus::Library);
    script.act(Action::CutSelection);
    assert!(script.status().contains("focus the editor"), "{}", script.status());
}

#[test]
fn an_answer_that_was_copied_is_pasted_into_a_line_as_one_line() {
    let mut script = Script::open();
    script.press("r");
    let (run, _) = script.run();
    script.call(run, A, CallEvent::Finished(Box::new(execution(7, "one\ntwo\n"))));
    script.focus(Focus::Output(A));
    script.press("y ctrl-p ctrl-v");
    let Some(Overlay::Palette(palette)) = script.state.overlay() else { panic!("the palette") };
    assert_eq!(palette.picker.query.text(), "one two");
}
