//! What stands in front of the workbench: lists, forms, texts, questions.

use promptlathe::{
    model::VariantName as V,
    tui::{keymap::Action, msg::Severity},
};

use crate::{SIZES, SMALLEST, picture, stage::Stage, world::World};

const ALL_SIZES: [(u16, u16); 4] = [SMALLEST, SIZES[0], SIZES[1], SIZES[2]];

/// A picture of the open template after some keys, at every size.
fn after(name: &str, keys: &str) {
    picture(name, &ALL_SIZES, |size| {
        let mut stage = Stage::new(size, World::plain());
        stage.press(keys);
        stage
    });
}

#[test]
fn the_first_start_says_what_to_press() {
    picture("welcome", &[SMALLEST, SIZES[0], SIZES[1], SIZES[2]], |size| {
        let mut stage = Stage::new(size, World::plain());
        stage.state.welcome = true;
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
fn the_palette_lists_every_action() {
    after("palette", ":");
    after("palette_typed", ": r u n");
    after("palette_no_match", ": q q q q");
}

#[test]
fn help_names_every_key_of_the_pane() {
    after("help", "?");
}

#[test]
fn models_are_picked_by_name() {
    after("models", "m");
    after("models_typed", "m o p e n a i");
    after("models_no_match", "m n o n e");
}

#[test]
fn parameters_show_what_the_template_says_and_what_is_refused() {
    after("parameters", "t");
    after("parameters_wrong", "t h o t enter");
}

#[test]
fn versions_are_listed_named_and_compared() {
    after("versions", "v");
    after("pick_version", "V");
    after("label", "v L");
    after("diff_versions", "v down d");
}

#[test]
fn the_preview_shows_what_would_be_sent() {
    after("preview", "p");
}

#[test]
fn saving_asks_for_the_bump_and_a_reason() {
    picture("save", &ALL_SIZES, |size| {
        let mut stage = Stage::new(size, World::plain());
        stage.press("i x esc").wait(1_000).press("s tab").typed("the labels are given");
        stage
    });
}

#[test]
fn a_file_that_changed_outside_is_a_question() {
    picture("conflict", &ALL_SIZES, |size| {
        let mut stage = Stage::new(size, World { changed_outside: true, ..World::plain() });
        stage.press("i x esc").wait(1_000).press("s enter down");
        stage
    });
}

#[test]
fn leaving_while_calls_run_is_a_question() {
    picture("confirm", &ALL_SIZES, |size| {
        let mut stage = Stage::new(size, World::plain());
        stage.press("f R").accepted(V::A).press("q");
        stage
    });
    picture("confirm_discard", &[SIZES[0]], |size| {
        let mut stage = Stage::new(size, World::plain());
        stage.press("i x esc").wait(1_000).act(Action::DiscardDraft);
        stage
    });
}

#[test]
fn two_answers_are_compared_word_by_word() {
    picture("diff", &ALL_SIZES, |size| {
        let mut stage = Stage::new(size, World::plain());
        stage.press("f R").accepted(V::A).accepted(V::B);
        let same = "A line that both have.\n".repeat(12);
        let first = format!("The sentiment is clearly negative.\n{same}The end of A.\n");
        let second = format!("The mood is negative.\n{same}One more line.\nThe end of B.\n");
        stage.ended(V::A, &first, |_| {}).ended(V::B, &second, |_| {}).press("d");
        stage
    });
    picture("diff_same", &[SIZES[0]], |size| {
        let mut stage = Stage::new(size, World::plain());
        stage.press("f R").accepted(V::A).accepted(V::B);
        stage.ended(V::A, "negative", |_| {}).ended(V::B, "negative", |_| {}).press("d");
        stage
    });
}

#[test]
fn what_was_told_is_kept_in_a_log() {
    picture("log_empty", &[SIZES[0]], |size| {
        let mut stage = Stage::new(size, World::plain());
        stage.press("!");
        stage
    });
    picture("log", &ALL_SIZES, |size| {
        let mut stage = Stage::new(size, World::plain());
        stage.notice(Severity::Information, "Saved analysis/sentiment as 1.2.1", None);
        for _ in 0..3 {
            stage.notice(Severity::Warning, "the disk is nearly full", Some("Make room."));
        }
        stage.notice(
            Severity::Error,
            "A context_length: this model's maximum context length is 8192 tokens, however you \
             requested 9311 tokens (9295 in the messages, 16 in the completion)",
            Some("Shorten the inputs, or pick a model with a larger window."),
        );
        stage.press("!");
        stage
    });
}
