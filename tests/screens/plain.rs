//! Terminals with less: no colour, no Unicode. Nothing is told by colour alone.

use promptlathe::{model::VariantName as V, safety::MarkStyle, tui::msg::Severity};
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

#[test]
fn without_unicode_every_sign_of_ours_is_ascii() {
    for size in [(40, 12), (80, 24), (120, 36)] {
        for keys in PLACES {
            let mut world = World::plain();
            // What others wrote may be in any script; here it is not.
            world.history.retain(|row| row.excerpt.is_ascii());
            let mut stage = Stage::with_marks(size, world, MarkStyle::Ascii);
            stage.press("f R").accepted(V::A).accepted(V::B);
            stage.thought(V::A, "hm").text(V::A, "negative \u{202e}\u{1b}[31m");
            stage.ended(V::B, "negative", |ended| ended.rating = Some(3));
            stage.notice(Severity::Warning, "the disk is nearly full", Some("Make room."));
            stage.press(keys);
            let buffer = stage.draw(&ascii());
            for row in seen(&buffer) {
                for (x, cell) in row {
                    assert!(
                        cell.symbol().is_ascii(),
                        "{:?} at column {x}, {size:?} after {keys:?}:\n{}",
                        cell.symbol(),
                        rows(&buffer)
                    );
                }
            }
        }
    }
    let stage = working(MarkStyle::Ascii, World::plain(), (120, 30));
    insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!("ascii_workbench", rows(&stage.draw(&ascii())));
    });
}
