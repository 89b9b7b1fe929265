//! Charts: figures, plots, the table, and what is read in them.

use crate::{SIZES, SMALLEST, picture, stage::Stage, world::World};

fn shown(size: (u16, u16), world: World, keys: &str) -> Stage {
    let mut stage = Stage::new(size, world);
    stage.press("3").press(keys);
    stage
}

#[test]
fn charts_of_nothing_say_so() {
    picture("charts_empty", &[SMALLEST, SIZES[1]], |size| shown(size, World::empty(), ""));
}

#[test]
fn a_value_is_read_step_by_step() {
    picture("chart_reading", &[SIZES[0], SIZES[1]], |size| {
        shown(size, World::plain(), "left left left left left left")
    });
}

#[test]
fn a_stretch_of_time_is_chosen() {
    picture("charts_choosing", &[SMALLEST, SIZES[0]], |size| shown(size, World::plain(), "f"));
    picture("charts_chosen", &[SMALLEST, SIZES[0]], |size| {
        let mut stage = shown(size, World::plain(), "f");
        stage.typed("2026-03-01..2026-03-10").press("enter");
        stage
    });
    picture("charts_not_by_tag", &[SMALLEST, SIZES[0], SIZES[1]], |size| {
        let mut stage = shown(size, World::plain(), "/");
        stage.typed("tag:winner rating:5").wait(1_000);
        stage
    });
}
