//! The floors of the house, checked import by import.
//!
//! Reads every source file and fails with `file:line` where a room reaches for one above it, or
//! for a crate that belongs to another room. Test modules are held to the floors as well, except
//! that they may use what `allowed_in_tests` names.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// A room, the rooms it may use, and the outside crates and paths it must not name.
struct Room {
    name: &'static str,
    uses: &'static [&'static str],
    forbidden: &'static [&'static str],
}

/// No input or output, no clock, no async.
const PURE: &[&str] = &[
    "std::fs",
    "std::env",
    "std::process",
    "std::net",
    "std::thread",
    "Instant::now",
    "SystemTime::now",
    "Timestamp::now",
    "Zoned::now",
    "now_v7",
    "tokio",
    "reqwest",
    "rusqlite",
    "axum",
    "ratatui",
    "crossterm",
    "rustix",
];

const ROOMS: &[Room] = &[
    Room { name: "model", uses: &[], forbidden: PURE },
    Room { name: "safety", uses: &["model"], forbidden: PURE },
    Room { name: "prompt", uses: &["model", "safety"], forbidden: PURE },
    Room {
        name: "config",
        uses: &["model", "safety", "prompt"],
        forbidden: &["reqwest", "rusqlite", "axum", "ratatui", "crossterm"],
    },
    Room {
        name: "provider",
        uses: &["model", "safety", "prompt", "config"],
        forbidden: &["rusqlite", "ratatui", "crossterm"],
    },
    Room {
        name: "store",
        uses: &["model", "safety", "config"],
        forbidden: &["reqwest", "axum", "ratatui", "crossterm"],
    },
    Room {
        name: "engine",
        uses: &["model", "safety", "prompt", "config", "provider", "store"],
        forbidden: &["reqwest", "rusqlite", "axum", "ratatui", "crossterm"],
    },
    Room {
        name: "app",
        uses: &["model", "safety", "prompt", "config", "provider", "store", "engine"],
        forbidden: &["reqwest", "rusqlite", "axum", "ratatui", "crossterm"],
    },
    Room {
        name: "cli",
        uses: &["model", "safety", "prompt", "config", "provider", "store", "engine", "app"],
        forbidden: &["reqwest", "rusqlite", "axum", "ratatui", "crossterm"],
    },
    Room {
        name: "tui",
        uses: &["model", "safety", "prompt", "config", "provider", "store", "engine", "app"],
        forbidden: &["reqwest", "rusqlite", "axum"],
    },
];

/// Parts of the full-screen face that touch nothing outside: what they know arrives in messages,
/// what they want leaves as effects.
const PURE_FACE: &[&str] =
    &["tui/state", "tui/update", "tui/view", "tui/widgets", "tui/text", "tui/keymap"];
const PURE_FACE_FORBIDDEN: &[&str] = &[
    "std::fs",
    "std::env",
    "std::process",
    "std::net",
    "std::thread",
    "Instant::now",
    "SystemTime::now",
    "Timestamp::now",
    "Zoned::now",
    "now_v7",
    "tokio",
    "reqwest",
    "rusqlite",
    "crate::store::Store",
    "crate::engine::Engine",
];

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

fn files_below(folder: &Path, out: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let path = entry.path();
        if path.is_dir() {
            files_below(&path, out);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            out.push(path);
        }
    }
}

/// The code of a file: comments and string contents blanked out, so that prose about a crate is
/// not a use of it. Lines keep their numbers.
fn code_of(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for line in text.lines() {
        let code = line.split("//").next().unwrap_or("");
        let mut inside = false;
        let mut escaped = false;
        for character in code.chars() {
            match character {
                '"' if !escaped => inside = !inside,
                _ if inside => {}
                _ => out.push(character),
            }
            escaped = inside && character == '\\' && !escaped;
        }
        out.push('\n');
    }
    out
}

/// Whether `word` stands in `line` as a path of its own.
fn names(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + word.len()..].chars().next();
        let boundary = |c: Option<char>| !c.is_some_and(|c| c.is_alphanumeric() || c == '_');
        boundary(before) && boundary(after)
    })
}

/// The rooms a line names through `crate::room` (or, inside a braced `use crate::{…}`, by name).
fn rooms_named(line: &str) -> impl Iterator<Item = &'static str> + '_ {
    ROOMS.iter().map(|room| room.name).filter(move |name| {
        names(line, &format!("crate::{name}")) || names(line, &format!("promptlathe::{name}"))
    })
}

/// Joins `use crate::{ a::…, b::… };` into lines that name each room, keeping line numbers.
fn expand_braced_uses(code: &str) -> Vec<(usize, String)> {
    let mut lines = Vec::new();
    let mut depth = 0_usize;
    let mut inside = false;
    for (index, line) in code.lines().enumerate() {
        let mut text = line.to_owned();
        if inside || line.trim_start().starts_with("use crate::{") {
            if !inside {
                inside = true;
                depth = 0;
            }
            let mut piece = String::new();
            let body = line.trim_start().strip_prefix("use crate::").unwrap_or(line);
            for character in body.chars() {
                match character {
                    '{' => {
                        depth += 1;
                        piece.clear();
                    }
                    '}' => depth = depth.saturating_sub(1),
                    ',' => piece.clear(),
                    _ => piece.push(character),
                }
                if depth == 1 && !piece.trim().is_empty() {
                    for room in ROOMS {
                        if piece.trim() == room.name {
                            text.push_str(" crate::");
                            text.push_str(room.name);
                            text.push(' ');
                        }
                    }
                }
            }
            if depth == 0 {
                inside = false;
            }
        }
        lines.push((index + 1, text));
    }
    lines
}

#[test]
fn no_room_reaches_above_its_floor() {
    let root = source();
    let mut faults = Vec::new();
    for room in ROOMS {
        let mut files = Vec::new();
        files_below(&root.join(room.name), &mut files);
        assert!(!files.is_empty(), "the room {} is gone: mend the list", room.name);
        for file in files {
            let text = fs::read_to_string(&file).expect("a source file");
            for (number, line) in expand_braced_uses(&code_of(&text)) {
                let place = format!("{}:{number}", file.strip_prefix(&root).unwrap().display());
                for used in rooms_named(&line) {
                    if used != room.name && !room.uses.contains(&used) {
                        faults.push(format!(
                            "{place}: `{}` uses `{used}`, which stands above it",
                            room.name
                        ));
                    }
                }
                for word in room.forbidden {
                    if names(&line, word) {
                        faults.push(format!("{place}: `{}` must not name `{word}`", room.name));
                    }
                }
            }
        }
    }
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

#[test]
fn the_pure_parts_of_the_face_touch_nothing() {
    let root = source();
    let mut faults = Vec::new();
    for part in PURE_FACE {
        let mut files = Vec::new();
        files_below(&root.join(part), &mut files);
        assert!(!files.is_empty(), "{part} is gone: mend the list");
        for file in files {
            let text = fs::read_to_string(&file).expect("a source file");
            for (number, line) in code_of(&text).lines().enumerate() {
                for word in PURE_FACE_FORBIDDEN {
                    if names(line, word) {
                        faults.push(format!(
                            "{}:{}: names `{word}`",
                            file.strip_prefix(&root).unwrap().display(),
                            number + 1
                        ));
                    }
                }
            }
        }
    }
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

#[test]
fn every_room_is_known_to_this_test() {
    let mut rooms: Vec<String> = fs::read_dir(source())
        .expect("src")
        .flatten()
        .filter(|entry| entry.path().is_dir())
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    rooms.sort();
    let mut known: Vec<&str> = ROOMS.iter().map(|room| room.name).collect();
    known.sort_unstable();
    assert_eq!(rooms, known);
}

#[test]
fn the_scan_sees_what_it_should() {
    let code = "use crate::{\n    model::Message,\n    tui::text::Row,\n};\n// crate::cli\nlet s = \"tokio\";";
    let lines = expand_braced_uses(&code_of(code));
    let named: Vec<(usize, &str)> = lines
        .iter()
        .flat_map(|(number, line)| rooms_named(line).map(move |room| (*number, room)))
        .collect();
    assert_eq!(named, [(2, "model"), (3, "tui")]);
    assert!(!lines.iter().any(|(_, line)| names(line, "tokio")));
    assert!(names("    tokio::spawn(x)", "tokio") && !names("my_tokio::x", "tokio"));
}

/// The places that start other programs. None of them is handed what a model wrote as anything
/// but text on its standard input or in a file, and nothing else in the house can start one.
const STARTS_PROGRAMS: [&str; 4] = [
    "config/key.rs",         // the key command of the user's own settings
    "config/private.rs",     // the mask for the two below
    "tui/term/clipboard.rs", // the clipboard's program, by a fixed name
    "tui/term/external.rs",  // the user's editor
];

#[test]
fn few_places_start_programs_and_no_answer_is_run() {
    let root = source();
    let mut files = Vec::new();
    files_below(&root, &mut files);
    let mut found = Vec::new();
    for file in files {
        let name = file.strip_prefix(&root).expect("below").to_string_lossy().into_owned();
        let text = fs::read_to_string(&file).expect("a source file");
        let text = text.split("#[cfg(test)]").next().unwrap_or_default();
        let text = text.split("#[cfg(all(test").next().unwrap_or_default();
        let starts = ["Command::new", "process::Command", ".command("];
        let is_test = name.contains("tests") || name.ends_with("killed.rs");
        let code = code_of(text);
        if !is_test && starts.iter().any(|word| code.contains(word)) {
            found.push(name);
        }
    }
    found.sort();
    assert_eq!(found, STARTS_PROGRAMS);
}

#[test]
#[cfg(unix)]
fn a_licence_that_is_not_allowed_is_refused() {
    use std::{
        io::Write as _,
        process::{Command, Stdio},
    };
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join(".ci/licences");
    if !script.is_file() {
        // As in a package.
        return;
    }
    for (licence, allowed) in [
        ("MIT", true),
        ("MIT OR GPL-3.0", true),
        ("GPL-3.0 OR MIT", true),
        ("MIT/Apache-2.0", true),
        ("(MIT OR Apache-2.0) AND Unicode-3.0", true),
        ("Apache-2.0 WITH LLVM-exception", true),
        ("GPL-3.0 OR (MIT AND ISC)", true),
        ("GPL-3.0", false),
        ("MIT AND GPL-3.0", false),
        ("GPL-3.0 AND MIT", false),
        ("(MIT OR Apache-2.0) AND GPL-3.0", false),
        ("GPL-3.0 OR (MIT AND AGPL-3.0)", false),
        ("GPL-2.0 WITH Classpath-exception-2.0", false),
        ("MIT WITH something-else", false),
        ("MIT AND", false),
        ("(MIT", false),
        ("MIT Apache-2.0", false),
        ("", false),
    ] {
        let input = format!("sound v1.0.0|MIT\nlooked-at v0.1.0|{licence}\n");
        let mut child = Command::new(&script)
            .arg("-")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it starts");
        child.stdin.take().expect("piped").write_all(input.as_bytes()).expect("read");
        let output = child.wait_with_output().expect("it ends");
        let said = String::from_utf8([output.stdout, output.stderr].concat()).expect("words");
        assert_eq!(output.status.success(), allowed, "{licence}: {said}");
        assert_eq!(said.contains("looked-at v0.1.0"), !allowed, "{licence}: {said}");
    }
}
