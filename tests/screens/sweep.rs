//! Every screen and everything in front at all sizes, with texts that mean harm in every place
//! where text enters. Nothing panics, no cell holds what could move the terminal's pen, and
//! everything stays inside its own frame.

use std::sync::LazyLock;

use promptlathe::{
    config::Environment,
    model::{CallError, ErrorKind, Status, VariantName as V},
    tui::{
        keymap::Action,
        msg::{CallEvent, Msg, Severity},
        state::{ListArea, areas},
        text::cell_width,
        theme::{Glyphs, Theme},
        view::Look,
    },
};
use ratatui::{buffer::Buffer, layout::Rect, style::Color};

use crate::{
    payloads::PAYLOADS,
    stage::{Stage, draw, rows, seen},
    world::{ENDLESS, HOSTILE, World},
};

/// The paper that dialogs have here and nothing else: it tells where they stand.
const PAPER: Color = Color::Rgb(1, 2, 3);

/// A look whose dialogs can be told from what is behind them.
static LOOK: LazyLock<Look> = LazyLock::new(|| {
    let folder = tempfile::tempdir().expect("a folder");
    let theme = "name = \"paper\"\n[styles]\ndialog = { background = \"#010203\" }\n";
    std::fs::write(folder.path().join("paper.toml"), theme).expect("a theme");
    let environment =
        Environment::from_pairs([("COLORTERM", "truecolor"), ("TERM", "xterm-256color")]);
    let theme = Theme::load("paper", &environment, folder.path()).expect("a theme");
    Look { theme, glyphs: Glyphs::UNICODE }
});

/// The sizes around every limit in full, the others once each.
fn sizes() -> Vec<(u16, u16)> {
    let limits = [0, 1, 2, 39, 40, 41, 79, 80, 81]
        .into_iter()
        .flat_map(|columns| [0, 1, 2, 11, 12, 13, 23, 24, 25].map(|rows| (columns, rows)));
    let columns = (0..=140).step_by(3).map(|columns| (columns, columns * 7 % 51));
    let wide = [(109, 20), (110, 20), (111, 30), (120, 36), (140, 50)];
    limits.chain(columns).chain(wide).collect()
}

/// Draws a script at all sizes and looks at every cell.
fn sweep(name: &str, stage: &mut Stage) {
    for (columns, rows) in sizes() {
        stage.resize(columns, rows);
        look_at(name, stage);
    }
    stage.resize(120, 36);
}

fn look_at(name: &str, stage: &Stage) {
    let buffer = stage.draw(&LOOK);
    let told = || format!("{name} at {:?}:\n{}", stage.state.size, rows(&buffer));
    for row in seen(&buffer) {
        let mut width = 0;
        for (_, cell) in row {
            let symbol = cell.symbol();
            width += cell_width(symbol).max(1);
            let bad = symbol.chars().find(|character| is_harmful(*character));
            assert_eq!(bad, None, "{}", told());
            assert!(symbol.chars().count() <= 16, "{symbol:?} in {}", told());
        }
        assert_eq!(width, usize::from(buffer.area.width), "{}", told());
    }
    if let Some(outer) = dialog(&buffer) {
        is_framed(&buffer, outer, &told);
        let mut behind = stage.state.clone();
        behind.overlays.clear();
        let behind = draw(&behind, &LOOK);
        is_the_same_outside(&buffer, &behind, outer, &told);
    } else {
        let areas = areas(&stage.state);
        let panes = areas.panes.iter().map(|pane| pane.outer);
        let editor = areas.editor.as_ref().map(|editor| editor.outer);
        let list = |area: Option<ListArea>| area.map(|area| area.outer);
        let detail = areas.detail.map(|area| area.outer);
        let others = [list(areas.library), editor, areas.inputs, list(areas.history), detail];
        for outer in others.into_iter().flatten().chain(panes) {
            is_framed(&buffer, outer, &told);
        }
    }
}

/// Whether a terminal might obey a character, or hide it, or turn text around for it.
fn is_harmful(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}'
            | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}' | '\u{fffe}' | '\u{ffff}' | '\u{e0000}'..='\u{e007f}')
}

/// Where the dialog stands, by its paper.
fn dialog(buffer: &Buffer) -> Option<Rect> {
    let area = buffer.area;
    let mut places = (area.top()..area.bottom())
        .flat_map(|y| (area.left()..area.right()).map(move |x| (x, y)))
        .filter(|&(x, y)| buffer[(x, y)].bg == PAPER);
    let first = places.next()?;
    let (left, right, bottom) = places
        .fold((first.0, first.0, first.1), |(l, r, b), (x, y)| (l.min(x), r.max(x), b.max(y)));
    Some(Rect { x: left, y: first.1, width: right - left + 1, height: bottom - first.1 + 1 })
}

/// The frame around a place is whole: corners, and both sides all the way down.
fn is_framed(buffer: &Buffer, outer: Rect, told: &dyn Fn() -> String) {
    if outer.width < 2 || outer.height < 2 {
        return;
    }
    let border = LOOK.glyphs.border;
    let (left, right) = (outer.x, outer.right() - 1);
    let (top, bottom) = (outer.y, outer.bottom() - 1);
    let joins = [LOOK.glyphs.border_join.0, LOOK.glyphs.border_join.1];
    for (y, row) in (0..).zip(seen(buffer)) {
        if !(top..=bottom).contains(&y) {
            continue;
        }
        let at = |x| {
            row.iter().find(|(at, _)| *at == x).map_or("half a sign", |(_, cell)| cell.symbol())
        };
        if y == top || y == bottom {
            let corners = if y == top {
                (border.top_left, border.top_right)
            } else {
                (border.bottom_left, border.bottom_right)
            };
            assert_eq!(
                (at(left), at(right)),
                corners,
                "corners of {outer:?} in row {y}, {}",
                told()
            );
        } else {
            let sides = [at(left), at(right)];
            let whole = [border.vertical_left, border.vertical_right];
            let thumb = [border.vertical_left, LOOK.glyphs.thumb];
            assert!(
                [whole, joins, thumb].contains(&sides),
                "sides {sides:?} of {outer:?} in row {y}, {}",
                told()
            );
        }
    }
}

/// What is beside a dialog is what was there before it, but for the two lines below that speak of
/// it, and for a wide sign that it covers a half of.
fn is_the_same_outside(buffer: &Buffer, behind: &Buffer, outer: Rect, told: &dyn Fn() -> String) {
    let area = buffer.area;
    for y in area.top()..area.bottom().saturating_sub(2) {
        for x in area.left()..area.right() {
            let covered = outer.contains((x, y).into());
            let half =
                outer.top() <= y && y < outer.bottom() && (x + 1 == outer.x || x == outer.right());
            if !covered && !half {
                assert_eq!(
                    buffer[(x, y)].symbol(),
                    behind[(x, y)].symbol(),
                    "at {x}, {y} outside {outer:?}, {}",
                    told()
                );
            }
        }
    }
}

/// A workbench at work on hostile texts: two panes, one of them writing.
fn at_work() -> Stage {
    let mut stage = Stage::new((120, 36), World::hostile());
    stage.notice(Severity::Error, &HOSTILE, Some(&HOSTILE));
    stage.press("f R").accepted(V::A).accepted(V::B);
    let bad = HOSTILE.as_str();
    stage.thought(V::A, bad).text(V::A, bad).thought(V::B, bad);
    // In pieces that break every sequence.
    for character in bad.chars() {
        stage.text(V::A, &character.to_string());
    }
    stage
}

/// Sweeps over the workbench at work after some keys; `@` pastes a hostile text.
fn sweep_after(scripts: &[&str]) {
    for keys in scripts {
        let mut stage = at_work();
        stage.state.is_demo = true;
        for key in keys.split(' ') {
            if key == "@" {
                stage.tell(Msg::Paste(HOSTILE.clone()));
            } else {
                stage.press(key);
            }
        }
        stage.wait(1_000);
        sweep(keys, &mut stage);
    }
}

#[test]
fn panes_of_the_workbench() {
    sweep_after(&["", "tab", "tab tab", "tab tab tab", "z", "tab z", "tab tab z", "tab tab tab z"]);
}

#[test]
fn text_that_is_typed() {
    sweep_after(&["tab / @", "tab tab i @", "tab tab tab enter @", "tab tab tab down enter @"]);
}

#[test]
fn calls_that_go_wrong() {
    let bad = || CallError::new(ErrorKind::Server, HOSTILE.as_str()).hint(HOSTILE.as_str());
    let mut stage = at_work();
    let retry_in = std::time::Duration::from_secs(9);
    stage.call(V::A, CallEvent::Waiting { retry_in, number: 2, of: 3, error: bad() });
    stage.call(V::B, CallEvent::NotSaved { reason: HOSTILE.clone() });
    sweep("retrying", &mut stage);
    stage.act(Action::ToggleReasoning);
    sweep("reasoning", &mut stage);
    let record = World::hostile().execution;
    stage.call(V::A, CallEvent::Finished(Box::new(record.clone())));
    stage.call(V::B, CallEvent::Refused(bad()));
    sweep("ended", &mut stage);
    stage.press("f f R");
    for variant in V::ALL {
        let mut record = record.clone();
        record.status = if variant == V::A { Status::Error } else { Status::Ok };
        stage.call(variant, CallEvent::Finished(Box::new(record)));
    }
    sweep("four panes", &mut stage);
    for keys in ["d", "esc !", "esc [ ["] {
        stage.press(keys);
        sweep(keys, &mut stage);
    }
}

#[test]
fn lists_in_front() {
    sweep_after(&[
        ":",
        ": @",
        "m",
        "m @",
        "alt-t",
        "alt-t @",
        "ctrl-o",
        "ctrl-o @",
        "S @",
        "I",
        "I enter @",
        "f8",
        "f8 @",
        ";",
        "2 ;",
        "3 ;",
        "tab tab tab @ @ enter",
        "alt-n",
        "v",
        "V",
        "? down",
    ]);
}

#[test]
fn forms_in_front() {
    sweep_after(&["t", "t @", "v L @", "v d", "tab tab i @ esc s @"]);
}

#[test]
fn texts_and_questions_in_front() {
    sweep_after(&["p", "!", "q", "v down d"]);
    let world = World { changed_outside: true, ..World::hostile() };
    let mut stage = Stage::new((120, 36), world);
    stage.press("i x esc").wait(1_000).press("s enter");
    sweep("conflict", &mut stage);
}

#[test]
fn the_history() {
    sweep_after(&["2", "2 / @", "2 enter", "2 enter right", "2 enter z", "2 enter :"]);
    for words in ["nowhere", "broken"] {
        let mut stage = Stage::new((120, 36), World { history: Vec::new(), ..World::hostile() });
        stage.press("2 /").typed(words).wait(1_000);
        sweep(words, &mut stage);
    }
}

#[test]
fn the_charts() {
    sweep_after(&[
        "3",
        "3 tab",
        "3 tab tab",
        "3 left left",
        "3 / @",
        "3 shift-tab",
        "3 shift-tab b",
        "3 z",
        "3 tab tab tab tab enter",
        "3 shift-tab enter",
        "2 c down c",
        "2 # @ enter",
        "2 E @ enter",
        "2 m",
        "space",
        "space space space space",
        "space space space space space",
        "space space space space space space space space",
    ]);
}

/// Every known payload wherever text from outside can stand, at the sizes most people have.
#[test]
fn every_payload_in_every_place() {
    assert!(PAYLOADS.len() >= 60);
    for payload in PAYLOADS {
        let mut stage = Stage::new((120, 36), World::hostile_with(payload));
        stage.notice(Severity::Error, payload, Some(payload));
        stage.press("f R").accepted(V::A).accepted(V::B);
        stage.thought(V::A, payload).text(V::A, payload).text(V::B, payload);
        let bad = CallError::new(ErrorKind::Server, *payload).hint(*payload);
        stage.call(V::B, CallEvent::Refused(bad));
        for keys in [
            "",
            "tab",
            "tab tab",
            "p",
            "esc v",
            "v",
            "esc esc m",
            "esc !",
            "esc ctrl-o",
            "esc S a",
            "esc I",
            "esc :",
            "esc 2",
            "enter",
            "right",
            "esc 3",
            "shift-tab",
        ] {
            stage.press(keys).wait(1_000);
            for size in [(80, 24), (120, 36)] {
                stage.resize(size.0, size.1);
                look_at(keys, &stage);
            }
        }
    }
}

#[test]
fn a_line_of_a_megabyte() {
    let mut stage = Stage::new((120, 36), World::endless());
    stage.press("R").accepted(V::A).text(V::A, &ENDLESS);
    stage.notice(Severity::Error, &ENDLESS, None);
    for keys in ["", "tab tab", "p", "esc v", "esc !", "esc 2", "enter", "right"] {
        stage.press(keys);
        for size in [(40, 12), (80, 24), (120, 36)] {
            stage.resize(size.0, size.1);
            look_at(keys, &stage);
        }
    }
}

#[test]
fn where_nothing_is() {
    for keys in [
        "",
        "tab",
        "tab tab",
        "m",
        "t",
        "v",
        "V",
        "p",
        "2",
        "2 enter",
        "3",
        "3 shift-tab",
        "space",
        "r",
        "d",
        "s",
    ] {
        let mut stage = Stage::new((120, 36), World::empty());
        stage.press(keys);
        sweep(keys, &mut stage);
    }
}
