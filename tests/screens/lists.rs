//! Lists that lead somewhere, and the letters of jumping.

use crate::{SIZES, SMALLEST, picture, stage::Stage, world::World};

fn shown(size: (u16, u16), keys: &str) -> Stage {
    let mut stage = Stage::new(size, World::plain());
    stage.press(keys).wait(1_000);
    stage
}

#[test]
fn lists_say_where_they_lead() {
    for (name, keys) in
        [("templates", "ctrl-o"), ("places", "S m o o d"), ("input_sets", "I"), ("presets", "P")]
    {
        picture(&format!("list_{name}"), &[SMALLEST, SIZES[0], SIZES[1]], |size| shown(size, keys));
    }
    picture("list_places_empty", &[SIZES[0]], |size| shown(size, "S"));
}

#[test]
fn every_place_has_its_letter() {
    picture("jump", &[SMALLEST, SIZES[0], SIZES[1]], |size| shown(size, ";"));
    picture("jump_charts", &[SIZES[1]], |size| shown(size, "3 ;"));
}

#[test]
fn the_preview_counts_each_message() {
    picture("preview_counts", &[SIZES[1]], |size| shown(size, "p"));
}
