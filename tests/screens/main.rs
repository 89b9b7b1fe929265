//! The screens as they are drawn, from messages alone: pictures in text at several sizes, and a
//! sweep over all sizes with text that means harm.
#![cfg(feature = "tui")]
#![expect(clippy::expect_used, reason = "a test says what it expected and stops")]

#[path = "../support/payloads.rs"]
mod payloads;

mod blind;
mod charts;
mod front;
mod history;
mod lists;
mod looks;
mod places;
mod plain;
mod spending;
mod stage;
mod sweep;
mod texts;
mod workbench;
mod world;

/// The sizes that every screen is drawn at: the smallest common terminal, one where panes stand
/// side by side, and a large one.
const SIZES: [(u16, u16); 3] = [(80, 24), (120, 36), (200, 50)];

/// The smallest terminal that anything is drawn in.
const SMALLEST: (u16, u16) = (40, 12);

/// Every size that a place is pictured at.
const ALL_SIZES: [(u16, u16); 4] = [SMALLEST, SIZES[0], SIZES[1], SIZES[2]];

#[test]
fn every_place_is_pictured() {
    for place in places::Place::all() {
        picture(&place.name(), &ALL_SIZES, |size| {
            let mut stage = stage::Stage::new(size, world::World::plain());
            place.go(&mut stage);
            stage
        });
    }
}

/// Compares what a script shows with the picture kept under its name and size.
fn picture(name: &str, sizes: &[(u16, u16)], script: impl Fn((u16, u16)) -> stage::Stage) {
    for &(columns, rows) in sizes {
        let stage = script((columns, rows));
        insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
            insta::assert_snapshot!(format!("{name}_{columns}x{rows}"), stage.picture());
        });
    }
}
