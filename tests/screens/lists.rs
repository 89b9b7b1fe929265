//! Lists that lead somewhere, and the letters of jumping.

use promptlathe::{
    prompt::{Finding, Severity},
    tui::{keymap::Action, msg::Analysis},
};

use crate::{SIZES, SMALLEST, picture, stage::Stage, world::World};

fn shown(size: (u16, u16), keys: &str) -> Stage {
    let mut stage = Stage::new(size, World::plain());
    stage.press(keys).wait(1_000);
    stage
}

#[test]
fn a_search_for_nothing_says_what_to_type() {
    picture("list_places_empty", &[SIZES[0]], |size| shown(size, "S"));
}

#[test]
fn what_was_found_in_a_template_is_listed() {
    let finding = |file: Option<&str>, line, severity, message: &str| Finding {
        severity,
        file: file.map(str::to_owned),
        line,
        column: 1,
        code: "test",
        message: message.to_owned(),
    };
    picture("list_findings", &[SMALLEST, SIZES[0], SIZES[1]], |size| {
        let mut world = World::plain();
        world.analysis = Some(Analysis {
            findings: vec![
                finding(None, 3, Severity::Warning, "the parameter `tone` is used nowhere"),
                finding(
                    None,
                    9,
                    Severity::Hint,
                    "`mood` is no parameter; declare it to say what it is for",
                ),
                finding(
                    Some("shared/rules"),
                    2,
                    Severity::Error,
                    "this tag is not closed; write `%}` at its end, or `{{ '{%' }}` where the sign \
                     itself is meant, as this sentence is longer than any row of a list",
                ),
            ],
            ..Analysis::default()
        });
        let mut stage = Stage::new(size, world);
        stage.act(Action::Findings);
        stage
    });
}

#[test]
fn the_number_of_a_line_is_seen_however_long_its_path_is() {
    picture("list_findings_far", &[SMALLEST], |size| {
        let finding = |file: &str, line| Finding {
            severity: Severity::Error,
            file: Some(file.to_owned()),
            line,
            column: 4,
            code: "test",
            message: "this tag is not closed".to_owned(),
        };
        let mut world = World::plain();
        world.analysis = Some(Analysis {
            findings: vec![
                finding("shared/support/quality/rules-for-answers", 128),
                finding("shared/rules", 2),
            ],
            ..Analysis::default()
        });
        let mut stage = Stage::new(size, world);
        stage.act(Action::Findings);
        stage
    });
}

#[test]
fn charts_have_their_letters() {
    picture("jump_charts", &[SIZES[1]], |size| shown(size, "3 ;"));
}

#[test]
fn the_preview_counts_each_message() {
    picture("preview_counts", &[SIZES[1]], |size| shown(size, "p"));
}
