//! Every screen and everything in front in colour, in sixteen colours and without any: which cells
//! look alike. The words are in the other pictures.

use std::{fmt::Write as _, path::Path};

use promptlathe::{
    config::Environment,
    model::VariantName as V,
    tui::{
        theme::{Glyphs, Theme},
        view::Look,
    },
};
use ratatui::{buffer::Buffer, style::Style};

use crate::{SIZES, SMALLEST, stage::Stage, world::World};

const LOOK_SIZES: [(u16, u16); 3] = [SMALLEST, SIZES[0], SIZES[1]];

fn look(theme: &str, pairs: &[(&str, &str)]) -> Look {
    let environment = Environment::from_pairs(pairs.iter().copied());
    let theme = Theme::load(theme, &environment, Path::new("/nowhere")).expect("built in");
    Look { theme, glyphs: Glyphs::UNICODE }
}

/// Rich colours, the terminal's own sixteen, none.
fn looks() -> [(&'static str, Look); 3] {
    [
        ("colour", look("harbour", &[("TERM", "xterm-256color"), ("COLORTERM", "truecolor")])),
        ("sixteen", look("harbour", &[("TERM", "xterm")])),
        ("mono", look("harbour", &[("TERM", "xterm-256color"), ("NO_COLOR", "1")])),
    ]
}

/// Each row as runs of cells that look alike: how many, and a letter for how. The letters are
/// explained below.
fn runs(buffer: &Buffer) -> String {
    let mut styles: Vec<Style> = Vec::new();
    let mut text = String::new();
    for y in buffer.area.top()..buffer.area.bottom() {
        let mut row: Vec<(usize, usize)> = Vec::new();
        for x in buffer.area.left()..buffer.area.right() {
            let style = buffer[(x, y)].style();
            let index = styles.iter().position(|known| *known == style).unwrap_or_else(|| {
                styles.push(style);
                styles.len() - 1
            });
            match row.last_mut() {
                Some((last, count)) if *last == index => *count += 1,
                _ => row.push((index, 1)),
            }
        }
        let cells: Vec<String> =
            row.iter().map(|(index, count)| format!("{count}{}", letter(*index))).collect();
        let _ = writeln!(text, "{}", cells.join(" "));
    }
    text.push('\n');
    for (index, style) in styles.iter().enumerate() {
        let _ = writeln!(
            text,
            "{}: {:?} on {:?} {:?}",
            letter(index),
            style.fg.unwrap_or_default(),
            style.bg.unwrap_or_default(),
            style.add_modifier
        );
    }
    text
}

fn letter(index: usize) -> String {
    let letter = |index: usize| char::from(b'a' + u8::try_from(index % 26).unwrap_or(0));
    if index < 26 {
        letter(index).to_string()
    } else {
        format!("{}{}", letter(index / 26 - 1), letter(index))
    }
}

fn seen(name: &str, make: impl Fn((u16, u16)) -> Stage) {
    for (depth, look) in looks() {
        for size in LOOK_SIZES {
            let buffer = make(size).draw(&look);
            let name = format!("look_{name}_{depth}_{}x{}", size.0, size.1);
            insta::assert_snapshot!(name, runs(&buffer));
        }
    }
}

fn after(keys: &'static str) -> impl Fn((u16, u16)) -> Stage {
    move |size| {
        let mut stage = Stage::new(size, World::plain());
        stage.press(keys).wait(1_000);
        stage
    }
}

#[test]
fn the_workbench_streams() {
    seen("streaming", |size| {
        let mut stage = Stage::new(size, World::plain());
        stage.press("f R").accepted(V::A).accepted(V::B);
        stage.thought(V::A, "Look at the words.").text(V::A, "**negative**, since `defect`");
        stage
    });
}

#[test]
fn the_screens() {
    for (name, keys) in [
        ("library", "shift-tab"),
        ("typing", "i"),
        ("inputs", "tab"),
        ("history", "2"),
        ("history_filter", "2 /"),
        ("detail", "2 enter"),
        ("charts", "3"),
        ("chart_table", "3 shift-tab"),
    ] {
        seen(name, after(keys));
    }
    seen("tour", |size| {
        let mut stage = Stage::new(size, World::plain());
        stage.state.is_demo = true;
        stage.press("space");
        stage
    });
}

#[test]
fn what_stands_in_front() {
    for (name, keys) in [
        ("palette", ":"),
        ("help", "?"),
        ("models", "m"),
        ("parameters", "t"),
        ("save", "i x esc s"),
        ("versions", "v"),
        ("preview", "p"),
        ("diff", "v down d"),
        ("messages", "!"),
        ("themes", "alt-t"),
        ("line", "2 #"),
        ("marked_versions", "v space space"),
        ("templates", "ctrl-o"),
        ("places", "S s a y"),
        ("input_sets", "I"),
        ("findings", "f8"),
        ("jump", ";"),
        ("trust", ": t r u s t enter"),
    ] {
        seen(name, after(keys));
    }
}

#[test]
fn questions() {
    seen("quit", |size| {
        let mut stage = Stage::new(size, World::plain());
        stage.press("R").accepted(V::A).press("q");
        stage
    });
    seen("secrets", |size| {
        let mut stage = Stage::new(size, World::plain());
        stage
            .press("R")
            .secrets(V::A, "the prompt holds what looks like an OpenAI key (user message, line 3)");
        stage
    });
    seen("changed_outside", |size| {
        let world = World { changed_outside: true, ..World::plain() };
        let mut stage = Stage::new(size, world);
        stage.press("i x esc").wait(1_000).press("s enter");
        stage
    });
    seen("welcome", |size| {
        let mut stage = Stage::new(size, World::plain());
        stage.state.welcome = true;
        stage
    });
}
