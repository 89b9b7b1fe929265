//! Charts: figures, plots, the table, and what is read in them.

use crate::{SIZES, SMALLEST, picture, stage::Stage, world::World};

const ALL_SIZES: [(u16, u16); 4] = [SMALLEST, SIZES[0], SIZES[1], SIZES[2]];

fn shown(size: (u16, u16), world: World, keys: &str) -> Stage {
    let mut stage = Stage::new(size, world);
    stage.press("3").press(keys);
    stage
}

#[test]
fn a_week_is_drawn_over_time() {
    picture("charts", &ALL_SIZES, |size| shown(size, World::plain(), ""));
    picture("charts_empty", &[SMALLEST, SIZES[1]], |size| shown(size, World::empty(), ""));
}

#[test]
fn every_chart_can_have_the_whole_screen() {
    let charts = [
        "latency",
        "runs",
        "cost",
        "tokens",
        "errors",
        "ratings",
        "histogram",
        "cache",
        "frontier",
        "table",
    ];
    for (index, name) in charts.into_iter().enumerate() {
        let keys = format!("{}enter", "tab ".repeat(index));
        let keys = if name == "table" { keys.replace("enter", "z") } else { keys };
        picture(&format!("chart_{name}"), &[SIZES[0]], |size| shown(size, World::plain(), &keys));
    }
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

#[test]
fn the_filter_says_what_it_does_not_understand() {
    picture("charts_filter", &[SIZES[0]], |size| {
        let mut stage = shown(size, World::plain(), "/");
        stage.typed("modle:demo/fast").wait(1_000);
        stage
    });
}
