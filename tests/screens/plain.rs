//! Terminals with less: no colour, no Unicode. Nothing is told by colour alone.

use promptlathe::{
    model::{CallError, ErrorKind, VariantName as V},
    safety::MarkStyle,
    tui::{
        keymap::Action,
        msg::{CallEvent, Severity},
    },
};
use ratatui::style::{Color, Modifier};

use crate::{
    stage::{Stage, ascii, mono, rows, seen, styled, unicode},
    world::World,
};

/// Keys to every screen and everything in front, from the open template, in turn.
const PLACES: [&str; 13] =
    ["", ":", "?", "m", "t", "v", "V", "v L", "v down d", "p", "!", "2", "2 enter"];

fn working(marks: MarkStyle, world: World, size: (u16, u16)) -> Stage {
    let mut stage = Stage::with_marks(size, world, marks);
    stage.press("f R").accepted(V::A).accepted(V::B);
    stage.thought(V::A, "hm, é and 漢字").text(V::A, "negative…\n\u{1b}[31m");
    stage.ended(V::B, "negative", |ended| ended.rating = Some(3));
    stage.notice(Severity::Warning, "the disk is nearly full", Some("Make room."));
    stage
}

#[test]
fn styles_of_the_workbench_without_colour() {
    let stage = working(MarkStyle::Unicode, World::plain(), (120, 30));
    insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!("styles_workbench_mono", styled(&stage.draw(&mono())));
        insta::assert_snapshot!("styles_workbench_colour", styled(&stage.draw(&unicode())));
    });
}

#[test]
fn a_parameter_that_is_used_nowhere_is_marked_where_it_is_declared() {
    let mut stage = Stage::new((80, 24), World::plain());
    stage.press("g z");
    for look in [mono(), unicode()] {
        let buffer = stage.draw(&look);
        let row = (0..24)
            .find(|y| {
                (0..80).map(|x| buffer[(x, *y)].symbol()).collect::<String>().contains("tone: {")
            })
            .expect("its line is in sight");
        let styles: Vec<Modifier> = (0..80)
            .filter(|x| "tone".contains(buffer[(*x, row)].symbol()))
            .map(|x| buffer[(x, row)].modifier)
            .take(4)
            .collect();
        assert!(styles.iter().all(|it| it.contains(Modifier::CROSSED_OUT)), "{styles:?}");
        let crossed =
            buffer.content.iter().filter(|it| it.modifier.contains(Modifier::CROSSED_OUT));
        assert_eq!(crossed.count(), 4, "only its name");
    }
}

#[test]
fn styles_of_lists_without_colour() {
    for (name, keys) in [("palette", ": down"), ("history", "2 down"), ("diff", "v down d")] {
        let mut stage = Stage::new((80, 24), World::plain());
        stage.press(keys);
        insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
            insta::assert_snapshot!(format!("styles_{name}_mono"), styled(&stage.draw(&mono())));
        });
    }
}

#[test]
fn without_colour_no_cell_has_one_and_the_selected_row_is_reversed() {
    for keys in PLACES {
        let mut stage = working(MarkStyle::Unicode, World::plain(), (120, 36));
        stage.press(keys);
        let buffer = stage.draw(&mono());
        for cell in &buffer.content {
            assert_eq!((cell.fg, cell.bg), (Color::Reset, Color::Reset), "after {keys:?}");
        }
    }
    for keys in [":", "m", "v", "V", "2"] {
        let mut stage = Stage::new((120, 36), World::plain());
        stage.press(keys);
        let buffer = stage.draw(&mono());
        let reversed = (0..36)
            .filter(|y| {
                (20..100).filter(|x| buffer[(*x, *y)].modifier.contains(Modifier::REVERSED)).count()
                    > 60
            })
            .count();
        assert_eq!(reversed, 1, "one row is selected after {keys:?}:\n{}", rows(&buffer));
    }
}

/// Every cell of a screen without Unicode.
fn is_ascii(stage: &Stage, place: &str) {
    let buffer = stage.draw(&ascii());
    for row in seen(&buffer) {
        for (x, cell) in row {
            assert!(
                cell.symbol().is_ascii(),
                "{:?} at column {x}, {:?} in {place}:\n{}",
                cell.symbol(),
                stage.state.size,
                rows(&buffer)
            );
        }
    }
}

/// A world in which nobody but the program could have written anything else than ASCII.
fn ascii_world() -> World {
    let mut world = World::plain();
    world.history.retain(|row| row.excerpt.is_ascii());
    world
}

/// The workbench at work, with all that the program may say there.
fn at_work(size: (u16, u16), world: World) -> Stage {
    let mut stage = Stage::with_marks(size, world, MarkStyle::Ascii);
    stage.press("f R").accepted(V::A).accepted(V::B);
    stage.thought(V::A, "hm").text(V::A, "negative \u{202e}\u{1b}[31m");
    stage.ended(V::B, "negative", |ended| {
        ended.rating = Some(3);
        ended.timing.total_ms = Some(20_000);
        ended.cost_usd = Some(0.01);
    });
    stage
}

#[test]
fn without_unicode_every_sign_of_ours_is_ascii() {
    let others = [
        "ctrl-o",
        "S a",
        "I",
        "I alt-n",
        "P",
        "alt-C tab",
        "alt-t",
        ";",
        "/ x",
        "a",
        "D",
        "3",
        "3 tab",
        "3 tab tab tab tab",
        "3 shift-tab",
        "3 /",
        "3 / m o d l e : x",
        "3 ;",
        "2 /",
        "2 / e r r o r :",
        "2 / m o d l e : x",
        "2 #",
        "2 E",
        "2 E x enter",
        "2 c down c",
        "2 enter right",
        "2 enter right right",
        "2 enter /",
        "i",
        "i f1",
        "alt-s",
        "! ?",
        "R",
        "b",
        "b d",
        "V up enter",
    ];
    for size in [(40, 12), (80, 24), (120, 36), (200, 50)] {
        for keys in PLACES.iter().chain(&others) {
            let mut stage = at_work(size, ascii_world());
            stage.notice(Severity::Warning, "the disk is nearly full", Some("Make room."));
            stage.press(keys).wait(1_000);
            is_ascii(&stage, keys);
        }
        let mut stage = at_work(size, ascii_world());
        stage.wait(60_000);
        is_ascii(&stage, "the comparison");
        stage.state.welcome = true;
        is_ascii(&stage, "the card");
        stage.state.welcome = false;
        for is_demo in [false, true] {
            stage.state.is_demo = is_demo;
            stage.act(Action::Tour);
            while stage.state.tour.is_some() {
                is_ascii(&stage, "the tour");
                stage.press("space");
            }
        }
        let mut stage = Stage::with_marks(size, World::empty(), MarkStyle::Ascii);
        for keys in ["", "tab", "tab", "tab", "m", "esc 2", "3"] {
            stage.press(keys);
            is_ascii(&stage, "a workspace without anything");
        }
        is_ascii(&questions(size), "a question");
        is_ascii(&spent(size), "what a run costs");
        is_ascii(&failed(size), "an error");
        is_ascii(&charts_without(size), "charts of nothing");
    }
    let stage = working(MarkStyle::Ascii, World::plain(), (120, 30));
    insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!("ascii_workbench", rows(&stage.draw(&ascii())));
    });
}

fn questions(size: (u16, u16)) -> Stage {
    let world = World { changed_outside: true, ..ascii_world() };
    let mut stage = Stage::with_marks(size, world, MarkStyle::Ascii);
    stage.press("R").secrets(V::A, "the prompt holds what looks like an OpenAI key");
    is_ascii(&stage, "secrets");
    stage.press("esc q");
    is_ascii(&stage, "quitting");
    stage.press("esc i x esc").wait(1_000).press("s enter");
    stage
}

fn spent(size: (u16, u16)) -> Stage {
    let mut stage = Stage::with_marks(size, ascii_world(), MarkStyle::Ascii);
    stage.state.spending.confirm_above = Some(0.10);
    stage.press("f R");
    stage
}

/// Errors of the program's own words, signs and all, and every state a call can be in.
fn failed(size: (u16, u16)) -> Stage {
    let mut stage = at_work(size, ascii_world());
    let told = "the includes go in a circle: a \u{2192} b \u{2192} a";
    let error = || CallError::new(ErrorKind::RateLimit, told).hint("write {schema: \u{2026}}");
    let retry_in = std::time::Duration::from_secs(9);
    stage.call(V::A, CallEvent::Waiting { retry_in, number: 2, of: 3, error: error() });
    is_ascii(&stage, "a retry");
    stage.call(V::A, CallEvent::NotSaved { reason: "the disk is full".to_owned() });
    stage.call(V::A, CallEvent::Refused(error()));
    stage.left_alone("demo", retry_in);
    stage.notice(Severity::Error, told, Some("see \u{2019}there\u{2019}"));
    is_ascii(&stage, "an error told");
    stage.press("!");
    stage
}

fn charts_without(size: (u16, u16)) -> Stage {
    let mut stage = Stage::with_marks(size, World::empty(), MarkStyle::Ascii);
    stage.press("3 shift-tab");
    stage
}
