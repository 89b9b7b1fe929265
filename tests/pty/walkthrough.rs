//! The walk through the workbench is done as the page says it.

use std::{fs, path::Path};

use crate::{
    place::{FAR, SMALL, Seat},
    session::Start,
};

/// One thing to do or to see.
#[derive(Debug)]
enum Deed {
    Press(Vec<String>),
    Type(String),
    See(String, usize),
}

/// What stands between backquotes.
fn quoted(line: &str) -> Vec<String> {
    line.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// What a page says is to be done, in its order. Nothing of it is passed over.
fn deeds(page: &str) -> Vec<Deed> {
    page.lines().filter_map(|line| line.strip_prefix("- ")).map(deed).collect()
}

fn deed(line: &str) -> Deed {
    let (what, rest) = line.split_once(':').expect("what is done: `what with`");
    let words = quoted(rest);
    let first = words.first().cloned().expect("what it is done with");
    match what {
        "Press" => Deed::Press(words),
        "Type" => Deed::Type(first),
        "You see" => Deed::See(first, 1),
        times => {
            let count = times.strip_prefix("You see ").and_then(|it| it.strip_suffix(" times"));
            let count = count.and_then(|count| count.parse().ok());
            assert!(count.is_some(), "nobody can do this: {line}");
            Deed::See(first, count.unwrap_or_default())
        }
    }
}

/// The bytes that a terminal sends for a key.
fn bytes(key: &str) -> String {
    if let Some(letter) = key.strip_prefix("Alt-") {
        return format!("\x1b{letter}");
    }
    match key {
        "Enter" => "\r".to_owned(),
        "Esc" => "\x1b".to_owned(),
        "Tab" => "\t".to_owned(),
        "Shift-Tab" => "\x1b[Z".to_owned(),
        "Down" => "\x1b[B".to_owned(),
        "Ctrl-End" => "\x1b[1;5F".to_owned(),
        "Ctrl-R" => "\x12".to_owned(),
        letter => {
            assert_eq!(letter.chars().count(), 1, "no such key: {letter}");
            letter.to_owned()
        }
    }
}

fn page() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/walkthrough.md");
    fs::read_to_string(path).expect("the page")
}

fn walk(seat: &Seat<'_>) {
    if !seat.is_there() {
        return;
    }
    let deeds = deeds(&page());
    assert!(deeds.len() > 40, "{}", deeds.len());
    let mut session = seat.start(Start::default());
    for deed in deeds {
        match &deed {
            Deed::Press(keys) => {
                for key in keys {
                    session.keys(&bytes(key)).expect("pressed");
                    if key == "Esc" {
                        // What follows an escape too soon would be taken for one key with it.
                        session.settle(std::time::Duration::from_millis(80)).expect("settled");
                    }
                }
            }
            Deed::Type(text) => session.keys(text).expect("typed"),
            Deed::See(text, count) => session
                .until_that(&format!("{deed:?}"), |screen| {
                    screen.matches(text.as_str()).count() >= *count
                })
                .expect("it is on the screen"),
        }
    }
    assert_eq!(session.ended().expect("it ends"), 0);
}

/// Each numbered step has something to do, and is looked at: by what one sees, or by the program's
/// end.
#[test]
fn every_step_of_the_page_is_one_to_do() {
    let page = page();
    let steps: Vec<&str> = page.split("\n### ").skip(1).collect();
    assert!(steps.len() >= 10, "{}", steps.len());
    for (index, step) in steps.iter().enumerate() {
        let number = format!("{}. ", index + 1);
        assert!(step.starts_with(&number), "{number} is not where it belongs: {step}");
        let deeds = deeds(step);
        let (is_first, is_last) = (index == 0, index + 1 == steps.len());
        let does = deeds.iter().any(|deed| !matches!(deed, Deed::See(..)));
        let sees = deeds.iter().any(|deed| matches!(deed, Deed::See(..)));
        assert!((does || is_first) && (sees || is_last), "{step}");
    }
}

#[test]
fn every_step_of_the_page_holds() {
    walk(&SMALL);
}

#[test]
fn every_step_holds_without_colour_in_tmux_far_away() {
    walk(&FAR);
}
