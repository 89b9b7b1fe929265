//! Every place in rich colours, in sixteen colours and without any: which cells look alike. The
//! words are in the other pictures.

use std::{collections::BTreeSet, fmt::Write as _, path::Path};

use promptlathe::{
    config::Environment,
    tui::{
        theme::{Glyphs, Role, Theme},
        view::Look,
    },
};
use ratatui::{
    buffer::Buffer,
    style::{Color, Style},
};

use crate::{SIZES, SMALLEST, places::Place, stage::Stage, world::World};

const LOOK_SIZES: [(u16, u16); 3] = [SMALLEST, SIZES[0], SIZES[1]];

fn look(theme: &str, folder: &Path, pairs: &[(&str, &str)]) -> Look {
    let environment = Environment::from_pairs(pairs.iter().copied());
    let theme = Theme::load(theme, &environment, folder).expect("a theme");
    Look { theme, glyphs: Glyphs::UNICODE }
}

const RICH: [(&str, &str); 2] = [("TERM", "xterm-256color"), ("COLORTERM", "truecolor")];

/// Rich colours, the terminal's own sixteen, none.
fn looks() -> [(&'static str, Look); 3] {
    let built_in = |pairs| look("harbour", Path::new("/nowhere"), pairs);
    [
        ("colour", built_in(&RICH)),
        ("sixteen", built_in(&[("TERM", "xterm")])),
        ("mono", built_in(&[("TERM", "xterm-256color"), ("NO_COLOR", "1")])),
    ]
}

/// Each row as runs of cells that look alike: how many, and a letter for how. A row like the one
/// above it is counted and not written again.
fn runs(buffer: &Buffer, styles: &mut Vec<Style>) -> String {
    let mut rows: Vec<(String, usize)> = Vec::new();
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
        let cells = cells.join(" ");
        match rows.last_mut() {
            Some((last, count)) if *last == cells => *count += 1,
            _ => rows.push((cells, 1)),
        }
    }
    rows.iter().fold(String::new(), |mut text, (row, count)| {
        let _ = match count {
            1 => writeln!(text, "{row}"),
            _ => writeln!(text, "{row}  × {count}"),
        };
        text
    })
}

fn letter(index: usize) -> String {
    let letter = |index: usize| char::from(b'a' + u8::try_from(index % 26).unwrap_or(0));
    if index < 26 {
        letter(index).to_string()
    } else {
        format!("{}{}", letter(index / 26 - 1), letter(index))
    }
}

/// A place at every size, and what the letters mean.
fn described(place: Place, look: &Look) -> String {
    let mut styles = Vec::new();
    let mut text = String::new();
    for size in LOOK_SIZES {
        let mut stage = Stage::new(size, World::plain());
        place.go(&mut stage);
        let runs = runs(&stage.draw(look), &mut styles);
        let _ = writeln!(text, "{} columns, {} rows\n{runs}", size.0, size.1);
    }
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

/// The captions of the tour look alike; the first stands for them.
fn looked_at() -> impl Iterator<Item = Place> {
    Place::all().filter(|place| !matches!(place, Place::Stop(1..)))
}

#[test]
fn every_place_in_every_depth_of_colour() {
    for (depth, look) in looks() {
        for place in looked_at() {
            insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
                let name = format!("look_{}_{depth}", place.name());
                insta::assert_snapshot!(name, described(place, &look));
            });
        }
    }
}

/// A look in which only these roles have colours: each its own ink, and its own paper if asked for.
fn told_apart(folder: &Path, roles: &[Role], paper: bool) -> Look {
    let mut theme = "name = \"roles\"\nbase = \"none\"\n[styles]\n".to_owned();
    for role in roles {
        let (name, number) = (role.as_str(), *role as usize);
        let part = if paper { "background" } else { "foreground" };
        let _ = writeln!(theme, "{name} = {{ {part} = \"#0100{number:02x}\" }}");
    }
    std::fs::write(folder.join("roles.toml"), theme).expect("a theme");
    look("roles", folder, &RICH)
}

/// Every role stands somewhere in these places, so that one that is no longer drawn is missed.
#[test]
fn every_role_is_in_sight_somewhere() {
    let folder = tempfile::tempdir().expect("a folder");
    let stages: Vec<Stage> = looked_at()
        .flat_map(|place| {
            LOOK_SIZES.map(|size| {
                let mut stage = Stage::new(size, World::plain());
                place.go(&mut stage);
                stage
            })
        })
        .collect();
    let missed = |roles: &[Role], look: &Look| -> Vec<Role> {
        let mut seen = BTreeSet::new();
        for stage in &stages {
            let buffer = stage.draw(look);
            let colours = buffer.content.iter().flat_map(|cell| [cell.fg, cell.bg]);
            seen.extend(colours.filter_map(|colour| match colour {
                Color::Rgb(1, 0, number) => Some(usize::from(number)),
                _ => None,
            }));
        }
        roles.iter().copied().filter(|role| !seen.contains(&(*role as usize))).collect()
    };
    let by_ink = missed(Role::ALL, &told_apart(folder.path(), Role::ALL, false));
    // What is only a ground has the ink of what stands on it.
    let unseen: Vec<&str> = by_ink
        .into_iter()
        .flat_map(|role| missed(&[role], &told_apart(folder.path(), &[role], true)))
        .map(Role::as_str)
        .collect();
    assert!(unseen.is_empty(), "{unseen:?} can be given a look that is drawn nowhere");
}
