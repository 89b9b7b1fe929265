//! Every place at all sizes, with texts that mean harm in every place where text enters. Nothing
//! panics, no cell holds what could move the terminal's pen, and everything stays inside its own
//! frame.
//!
//! All 7,191 sizes from 0 × 0 to 140 × 50 for every place take minutes, and are for a build that is
//! optimised: `LATHE_SWEEP=all cargo test --release --test screens sweep`. Otherwise the three screens
//! are drawn at each of them; every other place at every width with two heights and at every height
//! with several widths, others for each place.

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
    places::{Front, Part, Place},
    stage::{Stage, draw, rows, seen},
    world::{ENDLESS, HOSTILE, World},
};

/// The paper that dialogs have here and nothing else: it tells where they stand.
const PAPER: Color = Color::Rgb(1, 2, 3);

/// The largest size that is swept over.
const WIDEST: u16 = 140;
const TALLEST: u16 = 50;

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

/// Every size that there is.
fn every_size() -> impl Iterator<Item = (u16, u16)> {
    (0..=WIDEST).flat_map(|columns| (0..=TALLEST).map(move |rows| (columns, rows)))
}

/// The sizes for a place, of which there are many: all of them where that is asked for.
fn chosen(turn: u16) -> Vec<(u16, u16)> {
    let all = std::env::var_os("LATHE_SWEEP").is_some_and(|word| word == "all");
    if all { every_size().collect() } else { sample(turn).collect() }
}

/// Every width with two heights, and by that every height with several widths; `turn` says which.
fn sample(turn: u16) -> impl Iterator<Item = (u16, u16)> {
    (0..=WIDEST).flat_map(move |columns| {
        let rows = (columns * 7 + turn * 3) % (TALLEST + 1);
        [(columns, rows), (columns, (rows + 25) % (TALLEST + 1))]
    })
}

#[test]
fn a_sample_holds_every_width_and_every_height() {
    for turn in 0..10 {
        let times = |matches: &dyn Fn((u16, u16)) -> bool| {
            sample(turn).filter(|size| matches(*size)).count()
        };
        assert!((0..=WIDEST).all(|columns| times(&|size| size.0 == columns) >= 2));
        assert!((0..=TALLEST).all(|rows| times(&|size| size.1 == rows) >= 4));
    }
}

/// Draws a script at sizes around every limit and looks at every cell.
fn sweep(name: &str, stage: &mut Stage) {
    sweep_over(name, stage, sizes());
}

fn sweep_over(name: &str, stage: &mut Stage, sizes: impl IntoIterator<Item = (u16, u16)>) {
    for (columns, rows) in sizes {
        stage.resize(columns, rows);
        look_at(name, stage);
    }
    stage.resize(120, 36);
}

fn look_at(name: &str, stage: &Stage) {
    let buffer = stage.draw(&LOOK);
    let told = || format!("{name} at {:?}:\n{}", stage.state.size, rows(&buffer));
    let (columns, height) = stage.state.size;
    assert_eq!((buffer.area.width, buffer.area.height), (columns, height));
    for row in seen(&buffer) {
        let mut width = 0;
        for (_, cell) in row {
            let symbol = cell.symbol();
            if matches!(symbol.as_bytes(), [b' '..=b'~']) {
                width += 1;
                continue;
            }
            width += cell_width(symbol).max(1);
            let bad = symbol.chars().find(|character| is_harmful(*character));
            assert_eq!(bad, None, "{}", told());
            assert!(symbol.chars().count() <= 16, "{symbol:?} in {}", told());
        }
        assert_eq!(width, usize::from(buffer.area.width), "{}", told());
    }
    if let Some(outer) = dialog(&buffer) {
        is_framed(&buffer, outer, &told);
        // Drawing what is behind costs as much again: it is looked at once in a few sizes.
        if (columns + height) % 5 == 0 {
            let mut behind = stage.state.clone();
            behind.overlays.clear();
            let behind = draw(&behind, &LOOK);
            // A chart's lower edge says which keys go to it, and they go to the dialog.
            let areas = areas(&stage.state);
            let list = |area: Option<ListArea>| area.map(|area| area.outer);
            let edges = areas.charts.iter().map(|(_, area)| *area).chain(list(areas.chart_table));
            let edges: Vec<u16> = edges.map(|area| area.bottom().saturating_sub(1)).collect();
            is_the_same_outside((&buffer, &behind), outer, &edges, &told);
        }
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
fn is_the_same_outside(
    (buffer, behind): (&Buffer, &Buffer),
    outer: Rect,
    edges: &[u16],
    told: &dyn Fn() -> String,
) {
    let area = buffer.area;
    let rows = area.top()..area.bottom().saturating_sub(2);
    for y in rows.filter(|y| !edges.contains(y)) {
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

/// Sweeps over a place where hostile texts are all around, and again with one typed into it.
fn sweep_place(place: Place, turn: usize) {
    let turn = u16::try_from(turn).expect("not so many places");
    let name = place.name();
    let mut stage = at_work();
    place.go(&mut stage);
    sweep_over(&name, &mut stage, chosen(turn));
    if stage.state.is_typing() {
        stage.tell(Msg::Paste(HOSTILE.clone()));
        stage.wait(1_000);
        sweep_over(&name, &mut stage, chosen(turn + 1).into_iter().step_by(3));
    }
}

#[test]
fn parts_of_the_screens() {
    for (turn, part) in Part::ALL.iter().enumerate() {
        sweep_place(Place::Part(*part), turn);
    }
}

#[test]
fn everything_in_front() {
    for (turn, front) in Front::ALL.iter().enumerate() {
        sweep_place(Place::Front(*front), turn);
    }
}

#[test]
fn captions_and_the_card() {
    let others = Place::all().filter(|place| matches!(place, Place::Stop(_) | Place::Welcome));
    for (turn, place) in others.enumerate() {
        sweep_place(place, turn);
    }
}

/// A screen at each of its sizes.
fn sweep_everywhere(keys: &str) {
    let mut stage = at_work();
    stage.press(keys);
    sweep_over(keys, &mut stage, every_size());
}

#[test]
fn the_workbench_at_every_size() {
    sweep_everywhere("1");
}

#[test]
fn the_history_at_every_size() {
    sweep_everywhere("2 enter");
}

#[test]
fn the_charts_at_every_size() {
    sweep_everywhere("3");
}

#[test]
fn panes_that_have_the_whole_screen() {
    sweep_after(&["z", "tab z", "tab tab z", "tab tab tab z", "2 enter z"]);
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
fn what_follows_from_what_was_typed() {
    sweep_after(&[
        "I enter @",
        "tab tab tab @ @ enter",
        "tab tab i @ esc s @",
        "alt-n",
        "2 ;",
        "3 ;",
        "? down",
        "v space space",
        "v down d",
        "2 enter :",
        "2 c down c",
        "2 # @ enter",
        "2 E @ enter",
        "2 m",
        "3 left left",
        "3 shift-tab b",
        "3 shift-tab enter",
    ]);
}

#[test]
fn a_history_of_nothing() {
    for words in ["nowhere", "broken"] {
        let mut stage = Stage::new((120, 36), World { history: Vec::new(), ..World::hostile() });
        stage.press("2 /").typed(words).wait(1_000);
        sweep(words, &mut stage);
    }
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
