//! What stands in front of the workbench: lists, forms, texts, questions.

use promptlathe::{model::VariantName as V, tui::keymap::Action};

use crate::{ALL_SIZES, SIZES, picture, stage::Stage, world::World};

/// A picture of the open template after some keys, at every size.
fn after(name: &str, keys: &str) {
    picture(name, &ALL_SIZES, |size| {
        let mut stage = Stage::new(size, World::plain());
        stage.press(keys);
        stage
    });
}

#[test]
fn the_tour_says_what_is_true_where_it_is_given() {
    for (name, is_demo) in [("tour_demo", true), ("tour", false)] {
        for (stop, size) in [(1, SIZES[0]), (4, SIZES[0]), (7, SIZES[1]), (9, SIZES[1])] {
            picture(&format!("{name}_{stop}"), &[size], |size| {
                let mut stage = Stage::new(size, World::plain());
                stage.state.is_demo = is_demo;
                stage.act(Action::Tour);
                stage.press(&"space ".repeat(stop - 1));
                stage
            });
        }
    }
}

#[test]
fn the_palette_finds_actions() {
    after("palette_typed", ": r u n");
    after("palette_no_match", ": q q q q");
}

#[test]
fn models_are_picked_by_name() {
    after("models_typed", "m o p e n a i");
    after("models_no_match", "m n o n e");
}

#[test]
fn a_parameter_that_is_no_value_says_so() {
    after("parameters_wrong", "t h o t enter");
}

#[test]
fn versions_are_compared() {
    after("diff_versions", "v down d");
}

#[test]
fn two_answers_that_are_the_same_say_so() {
    picture("diff_same", &[SIZES[0]], |size| {
        let mut stage = Stage::new(size, World::plain());
        stage.press("f R").accepted(V::A).accepted(V::B);
        stage.ended(V::A, "negative", |_| {}).ended(V::B, "negative", |_| {}).press("d");
        stage
    });
}

#[test]
fn a_log_of_nothing_says_so() {
    picture("log_empty", &[SIZES[0]], |size| {
        let mut stage = Stage::new(size, World::plain());
        stage.press("!");
        stage
    });
}
