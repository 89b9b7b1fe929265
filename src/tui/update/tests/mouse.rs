//! The mouse goes to what is drawn where it is.

use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::Rect;

use super::*;
use crate::tui::state::{FormRow, areas, form_slots};

const A: VariantName = VariantName::A;

fn mouse(script: &mut Script, kind: MouseEventKind, column: u16, row: u16) {
    script.send(Msg::Mouse(MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE }));
}

fn click(script: &mut Script, column: u16, row: u16) {
    mouse(script, MouseEventKind::Down(MouseButton::Left), column, row);
}

#[test]
fn the_name_of_a_tab_brings_it_into_sight() {
    let mut script = Script::open();
    script.state.size = (80, 24);
    script.send(Msg::Resized { columns: 80, rows: 24 });
    let places = areas(&script.state);
    assert!(places.tabs);
    let outer = places.editor.expect("in sight").outer;
    // Behind the corner and a space: `Editor  Inputs  Prompts`.
    for (at, focus) in [(10, Focus::Inputs), (18, Focus::Library), (2, Focus::Editor)] {
        click(&mut script, outer.x + at, outer.y);
        assert_eq!((script.state.focus, script.state.tab), (focus, focus));
    }
    click(&mut script, outer.x + 8, outer.y);
    assert_eq!(script.state.tab, Focus::Editor, "between two names there is none");
}

#[test]
fn a_click_focuses_and_selects() {
    let mut script = Script::open();
    let places = areas(&script.state);
    let library = places.library.expect("in sight").rows;
    click(&mut script, library.x + 3, library.y + 3);
    assert_eq!(script.state.focus, Focus::Library);
    assert_eq!(script.state.library.selected_entry().map(|it| it.id.clone()), Some(id("b/second")));
    let editor = places.editor.expect("in sight");
    click(&mut script, editor.text.x + 8, editor.text.y + 1);
    assert_eq!(script.state.focus, Focus::Editor);
    let cursor = script.state.document.as_ref().expect("open").editor.buffer().cursor();
    assert_eq!(cursor.line, 1);
    let inputs = places.inputs.expect("in sight");
    let slots = form_slots(&script.state, inputs);
    let (_, place) = slots.iter().find(|(row, _)| *row == FormRow::Field(1)).expect("in sight");
    click(&mut script, place.x, place.y);
    assert_eq!(script.state.focus, Focus::Inputs);
    assert_eq!(script.state.document.as_ref().expect("open").inputs.row(), FormRow::Field(1));
    let pane = places.panes.first().expect("in sight").outer;
    click(&mut script, pane.x + 1, pane.y + 1);
    assert_eq!(script.state.focus, Focus::Output(A));
}

#[test]
fn the_wheel_scrolls_what_is_under_it_whatever_has_the_focus() {
    let mut script = Script::open();
    script.press("r");
    let (run, _) = script.run();
    script.call(run, A, delta(&"line\n".repeat(100)));
    let shown = script.state.pane(A).expect("a pane");
    let end = shown.shown().expect("an answer").row_count() - shown.height();
    let pane = areas(&script.state).panes.first().expect("in sight").text;
    mouse(&mut script, MouseEventKind::ScrollUp, pane.x, pane.y);
    assert_eq!(script.state.pane(A).expect("a pane").first_row(), end - 3);
    assert_eq!(script.state.focus, Focus::Editor);
}

#[test]
fn the_wheel_scrolls_together_what_the_keys_do() {
    let mut script = Script::open();
    script.act(Action::AddPane);
    script.act(Action::RunAll);
    let (run, _) = script.run();
    for variant in [A, VariantName::B] {
        script.call(run, variant, delta(&"line\n".repeat(100)));
    }
    let rows = |script: &Script| {
        [A, VariantName::B].map(|name| script.state.pane(name).expect("a pane").first_row())
    };
    let before = rows(&script);
    let pane = areas(&script.state).panes.first().expect("in sight").text;
    mouse(&mut script, MouseEventKind::ScrollUp, pane.x, pane.y);
    let apart = rows(&script);
    assert!(apart[0] < before[0] && apart[1] == before[1], "{before:?} {apart:?}");
    script.act(Action::ScrollTogether);
    mouse(&mut script, MouseEventKind::ScrollUp, pane.x, pane.y);
    let together = rows(&script);
    assert!(together[0] < apart[0] && together[1] < apart[1], "{apart:?} {together:?}");
}

#[test]
fn what_is_in_front_keeps_clicks_to_itself() {
    let mut script = Script::open();
    script.press("?");
    let library = areas(&script.state).library.expect("in sight").rows;
    click(&mut script, library.x + 1, library.y + 1);
    assert_eq!(script.state.focus, Focus::Editor);
}

fn history_of(count: u128) -> Script {
    let mut script = Script::open();
    script.press("2");
    let first = |it: &Question| matches!(it, Question::History { .. });
    script.answer(first, history::page(0..count, false));
    script
}

#[test]
fn a_click_in_the_history_selects_the_row_under_it() {
    for filter in [false, true] {
        let mut script = history_of(90);
        script.send(Msg::Resized { columns: 80, rows: 24 });
        script.act(Action::MoveToBottom);
        if filter {
            script.press("/");
            script.typed("status:");
        }
        let rows = areas(&script.state).history.expect("in sight").rows;
        for offset in [0, 1, 5, rows.height - 1] {
            script.act(Action::MoveToBottom);
            let first = script.state.history.first_row();
            click(&mut script, rows.x + 2, rows.y + offset);
            let under = first + usize::from(offset);
            assert_eq!(script.state.history.selected(), under, "{filter}");
            assert!(!script.state.history.filtering, "keys act on the list again");
            if filter {
                script.press("/");
            }
        }
        script.act(Action::MoveToBottom);
        let selected = script.state.history.selected();
        let outer = areas(&script.state).history.expect("in sight").outer;
        click(&mut script, outer.x + 2, outer.y);
        let heads = areas(&script.state).history.expect("in sight").heads;
        click(&mut script, heads.x + 2, heads.y);
        assert_eq!(script.state.history.selected(), selected, "heads and frame are no rows");
    }
}

#[test]
fn a_click_in_a_filtered_library_selects_the_row_under_it() {
    let mut script = Script::open();
    script.focus(Focus::Library);
    script.press("/");
    script.typed("s");
    let area = areas(&script.state).library.expect("in sight");
    assert_eq!(area.filter.height, 1);
    click(&mut script, area.rows.x + 3, area.rows.y + 3);
    assert_eq!(script.state.library.selected_entry().map(|it| it.id.clone()), Some(id("b/second")));
    click(&mut script, area.filter.x + 3, area.filter.y);
    assert!(script.state.library.filtering, "a click into the filter types there");
}

#[test]
fn a_template_that_is_gone_to_is_in_sight_in_the_library() {
    let mut script = Script::started();
    let names: Vec<String> = (0..400).map(|number| format!("group/template-{number:03}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    script.answer_library(&names);
    script.answer_open(opened("group/template-000"));
    script.press("ctrl-o");
    script.typed("template-317");
    script.press("enter");
    let library = &script.state.library;
    let rows = areas(&script.state).library.expect("in sight").rows;
    let first = library.first_row();
    let selected = library.selected();
    assert_eq!(library.selected_entry().map(|it| it.id.clone()), Some(id("group/template-317")));
    assert!((first..first + usize::from(rows.height)).contains(&selected), "{selected} {first}");
}

/// Whether rectangles share a cell.
fn overlap(a: Rect, b: Rect) -> bool {
    !a.intersection(b).is_empty()
}

#[test]
fn places_lie_inside_the_screen_and_apart_at_every_size() {
    for columns in (40..=200).step_by(13) {
        for rows in (12..=60).step_by(7) {
            for panes in 1..=4 {
                let mut script = Script::open();
                for _ in 1..panes {
                    script.press("f");
                }
                script.send(Msg::Resized { columns, rows });
                for (zoom, history) in [(false, false), (true, false), (false, true)] {
                    script.state.zoom = zoom;
                    script.act(if history { Action::GoToHistory } else { Action::GoToWorkbench });
                    let places = areas(&script.state);
                    let screen = Rect { x: 0, y: 0, width: columns, height: rows };
                    let mut all: Vec<Rect> = vec![places.title, places.status, places.footer];
                    all.extend(places.library.map(|it| it.outer));
                    all.extend(places.editor.map(|it| it.outer));
                    all.extend(places.inputs);
                    all.extend(places.panes.iter().map(|it| it.outer));
                    all.extend(places.history.map(|it| it.outer));
                    all.extend(places.detail.map(|it| it.outer));
                    for (index, place) in all.iter().enumerate() {
                        assert_eq!(place.intersection(screen), *place, "{columns}x{rows}");
                        for other in &all[index + 1..] {
                            assert!(!overlap(*place, *other), "{columns}x{rows} {place} {other}");
                        }
                    }
                    if !history && (!zoom || matches!(script.state.focus, Focus::Output(_))) {
                        let variant = script.state.variant();
                        let shown = places.panes.iter().any(|it| it.variant == variant);
                        assert!(shown, "the variant in focus is in sight at {columns}x{rows}");
                    }
                }
            }
        }
    }
}
