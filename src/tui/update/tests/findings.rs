//! What is wrong or odd in a template: told beside the text, listed, and gone to.

use super::*;
use crate::{
    prompt::{Finding, Severity},
    tui::{
        state::{Overlay, Screen},
        widgets::editor::Position,
    },
};

fn finding(file: Option<&str>, (line, column): (usize, usize), severity: Severity) -> Finding {
    Finding {
        severity,
        file: file.map(str::to_owned),
        line,
        column,
        code: "test",
        message: format!("something at {line}"),
    }
}

/// With this found in the open template.
fn found(findings: Vec<Finding>) -> Script {
    let mut script = Script::open();
    script.press("i");
    script.typed(" ");
    script.press("backspace esc");
    script.wake();
    script.answer_analysis(Analysis { findings, ..analysis() });
    script
}

fn listed(script: &Script) -> Vec<String> {
    let Some(Overlay::List(list)) = script.state.overlay() else { panic!("no list") };
    let rows = list.picker.matches.iter().filter_map(|place| list.rows.get(*place));
    rows.map(|row| row.name.clone()).collect()
}

fn cursor(script: &Script) -> Position {
    script.state.document.as_ref().expect("open").editor.buffer().cursor()
}

#[test]
fn everything_found_is_listed_the_gravest_first_and_gone_to() {
    let mut script = found(vec![
        finding(None, (2, 1), Severity::Hint),
        finding(None, (5, 5), Severity::Warning),
        finding(Some("b/second"), (4, 1), Severity::Warning),
        finding(Some("shared/tone"), (3, 9), Severity::Error),
    ]);
    for action in [Action::GoToHistory, Action::GoToCharts] {
        script.act(action);
        script.act(Action::Findings);
        assert_eq!(listed(&script), ["shared/tone:3:9", "5:5", "b/second:4:1", "2:1"]);
        script.press("down enter");
        assert_eq!((script.state.screen, script.state.focus), (Screen::Workbench, Focus::Editor));
        assert_eq!(cursor(&script), Position::new(4, 4));
        assert_eq!(script.status(), "line 5: something at 5");
    }
    script.act(Action::Findings);
    script.typed("at 3");
    assert_eq!(listed(&script), ["shared/tone:3:9"], "one looks for what is said");
    script.press("enter");
    assert_eq!(cursor(&script), Position::new(4, 4), "it is no line of this template");
    assert!(script.status().starts_with("shared/tone, line 3: something at 3"));
    script.act(Action::Findings);
    script.press("down down enter");
    script.answer_open(opened("b/second"));
    assert_eq!(script.state.document.as_ref().expect("open").id, id("b/second"));
    assert_eq!(cursor(&script).line, 3);
}

#[test]
fn a_column_counts_characters_and_a_text_may_have_changed() {
    let mut script = found(vec![finding(None, (1, 3), Severity::Error)]);
    script.press("i");
    script.typed("äöü");
    script.act(Action::Findings);
    script.press("enter");
    assert_eq!(cursor(&script), Position::new(0, "äö".len()));
    let mut script = found(vec![finding(None, (900, 900), Severity::Error)]);
    script.act(Action::Findings);
    script.press("enter");
    assert_eq!(cursor(&script).line, TEXT.lines().count(), "the end is as near as it gets");
}

#[test]
fn nothing_to_list_is_said() {
    let mut script = Script::started();
    script.act(Action::Findings);
    assert!(script.status().contains("No template is open"));
    let mut script = found(Vec::new());
    script.act(Action::Findings);
    assert!(script.state.overlay().is_none());
    assert_eq!(script.status(), "Nothing is wrong or odd in this template");
}

#[test]
fn the_list_follows_a_new_reading() {
    let mut script =
        found(vec![finding(None, (2, 1), Severity::Error), finding(None, (4, 1), Severity::Error)]);
    script.press("i");
    script.typed("x");
    script.press("esc");
    script.act(Action::Findings);
    script.press("down");
    script.wake();
    let again = vec![
        finding(None, (1, 1), Severity::Error),
        finding(None, (2, 1), Severity::Error),
        finding(None, (4, 1), Severity::Error),
    ];
    script.answer_analysis(Analysis { findings: again, ..analysis() });
    assert_eq!(listed(&script), ["1:1", "2:1", "4:1"]);
    let Some(Overlay::List(list)) = script.state.overlay() else { panic!("no list") };
    assert_eq!(list.chosen().map(|row| row.name.as_str()), Some("4:1"), "it stays selected");
}
