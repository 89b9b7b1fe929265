//! The demonstration: a month of history, a walk, and what people look for in it.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use rustix::process::Signal;
use serde_json::Value;
use tempfile::TempDir;

use crate::{
    ends::signal,
    place::{FAR, SMALL, Seat, WIDE},
    session::{Session, Start, program},
};

struct Demo {
    home: TempDir,
    temporary: TempDir,
}

impl Demo {
    fn new() -> Self {
        Self {
            home: TempDir::new().expect("a home"),
            temporary: TempDir::new().expect("a folder for temporary files"),
        }
    }

    fn start(&self, seat: &Seat<'_>) -> Session {
        let temporary = self.temporary.path().to_string_lossy().into_owned();
        let mut session = seat.start(Start {
            arguments: vec!["demo".to_owned()],
            environment: vec![("TMPDIR".to_owned(), temporary)],
            home: Some(self.home.path().to_owned()),
            ..Start::default()
        });
        session.until("1 of 9").expect("the walk begins by itself");
        session
    }

    /// The temporary database, wherever it is kept.
    fn database(&self) -> PathBuf {
        let found = [&self.home, &self.temporary].into_iter().find_map(|it| find(it.path()));
        found.expect("a database")
    }

    /// What a headless command says of the same database.
    fn ask(&self, words: &[&str]) -> Value {
        let database = self.database();
        let folder = database.parent().expect("a folder");
        let output = Command::new(program().expect("the program"))
            .args(words)
            .args(["--format", "json", "--db"])
            .arg(&database)
            .arg("--workspace")
            .arg(folder.join("demo"))
            .arg("--config")
            .arg(folder.join("config.toml"))
            .env_clear()
            .env("HOME", folder)
            .output()
            .expect("it runs");
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{told}");
        serde_json::from_slice(&output.stdout).expect("JSON")
    }

    /// The p95 of each model in the last seven days, as it is written on the screen.
    fn by_model(&self) -> Vec<(String, String)> {
        let found = self.ask(&["stats", "--by", "model", "--range", "7d"]);
        let groups = found["groups"].as_array().expect("groups");
        let p95 = |group: &Value| group["latency_ms"]["p95"].as_f64().expect("a duration");
        let name = |group: &Value| group["name"].as_str().expect("a name").to_owned();
        groups.iter().map(|group| (name(group), written(p95(group)))).collect()
    }

    /// The execution that began last.
    fn newest(&self) -> Value {
        self.ask(&["history", "list", "--limit", "1"])
    }

    /// Waits until another execution is the last one and has ended.
    fn until_newer(&self, than: &Value) -> Value {
        let end = Instant::now() + Duration::from_mins(1);
        loop {
            let newest = self.newest();
            if newest["id"] != than["id"] && newest["status"] == "ok" {
                return newest;
            }
            assert!(Instant::now() < end, "nothing newer than {than}");
        }
    }

    fn leave(&self, mut session: Session) {
        session.keys("q").expect("quit");
        assert_eq!(session.ended().expect("it ends"), 0);
        self.nothing_stays("q");
    }

    fn nothing_stays(&self, way: &str) {
        let left = |folder: &TempDir| fs::read_dir(folder.path()).expect("read").count();
        assert_eq!(left(&self.home), 0, "{way}: something stays in the user's folder");
        assert_eq!(left(&self.temporary), 0, "{way}: something is in the shared folder");
    }

    /// Where it works, while it does.
    fn folders(&self) -> Vec<PathBuf> {
        let room = self.home.path().join(".local/state/lathe/temporary");
        let entries = fs::read_dir(room).into_iter().flatten().flatten();
        entries.map(|entry| entry.path()).filter(|path| path.is_dir()).collect()
    }
}

#[test]
fn however_it_ends_nothing_stays() {
    for (way, signals, code) in [
        ("TERM", &[Signal::TERM][..], 143),
        ("HUP", &[Signal::HUP], 129),
        ("INT", &[Signal::INT], 130),
        ("TERM twice", &[Signal::TERM, Signal::TERM], 143),
    ] {
        let demo = Demo::new();
        let mut session = demo.start(&WIDE);
        assert_eq!(demo.folders().len(), 1, "{way}: it works below the user's own folder");
        session.keys(" ").expect("on, to where two variants run");
        for sent in signals {
            signal(&session, *sent);
        }
        assert_eq!(session.ended().expect("it ends"), code, "{way}");
        demo.nothing_stays(way);
    }
    let demo = Demo::new();
    let mut session = demo.start(&WIDE);
    session.hang_up();
    session.ended().expect("it ends");
    demo.nothing_stays("the line breaks");
}

#[test]
fn what_a_killed_one_left_the_next_one_removes() {
    let demo = Demo::new();
    let mut session = demo.start(&WIDE);
    let left = demo.folders();
    signal(&session, Signal::KILL);
    session.ended().expect("it ends");
    assert_eq!(demo.folders(), left, "nobody could remove it");
    let mut other = demo.start(&WIDE);
    let session = demo.start(&WIDE);
    let now = demo.folders();
    assert!(now.len() == 2 && !now.contains(&left[0]), "what is in use stays: {now:?}");
    signal(&other, Signal::TERM);
    other.ended().expect("it ends");
    assert_eq!(demo.folders().len(), 1);
    demo.leave(session);
}

/// The database somewhere below a folder.
fn find(folder: &Path) -> Option<PathBuf> {
    let entries = fs::read_dir(folder).ok()?.flatten();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    paths.sort();
    paths
        .iter()
        .find(|path| path.ends_with("lathe.db"))
        .cloned()
        .or_else(|| paths.iter().filter(|path| path.is_dir()).find_map(|path| find(path)))
}

/// A duration as the tables write it.
fn written(milliseconds: f64) -> String {
    if milliseconds < 999.5 {
        format!("{milliseconds:.0} ms")
    } else {
        format!("{:.1} s", milliseconds / 1000.0)
    }
}

/// The p95 of each model in the table on the screen; none where the table is not all there.
fn p95_on_screen(screen: &str) -> Vec<(String, String)> {
    let rows: Vec<&str> = screen.lines().skip_while(|line| !line.contains("By model")).collect();
    let Some((head, end)) =
        rows.get(1).and_then(|head| Some((head, head.find("p95")? + "p95".len())))
    else {
        return Vec::new();
    };
    let column = |line: &str| -> String {
        // Up to where the column ends, back to the two spaces that set it apart.
        let upto: String = line.chars().take(head[..end].chars().count()).collect();
        upto.rsplit("  ").next().unwrap_or_default().trim().to_owned()
    };
    rows.iter()
        .skip(2)
        .filter_map(|line| {
            let words = line.trim_start_matches(['│', ' ', '|']);
            let name = words.split_whitespace().next()?;
            name.starts_with("demo/").then(|| (name.to_owned(), column(line)))
        })
        .collect()
}

#[test]
fn the_walk_goes_through_every_stop_and_leaves_nothing() {
    let demo = Demo::new();
    let mut session = demo.start(&WIDE);
    for stop in 2..=4 {
        session.keys(" ").expect("on");
        session.until(&format!("{stop} of 9")).expect("the next stop");
    }
    session
        .until_that("two answers", |screen| screen.matches("done ").count() >= 2)
        .expect("both variants ran");
    session.keys(" ").expect("on");
    session.until("5 of 9").expect("the difference");
    session.until("→ B").expect("between A and B");
    session.keys("  ").expect("on");
    session.until("7 of 9").expect("the history");
    session.until("of 100+").expect("a month of it");
    session.keys(" ").expect("on");
    session.until("8 of 9").expect("the charts");
    session.until("demo/careful").expect("by model");
    session.keys("  ").expect("to the end");
    session.until("The tour is over").expect("it ends");
    demo.leave(session);
}

/// Finds a good answer of before and runs it again on another model, then reads p95 by model.
fn looks_back(seat: &Seat<'_>) {
    if !seat.is_there() {
        return;
    }
    let demo = Demo::new();
    let mut session = demo.start(seat);
    session.keys("\x1b").expect("leave the walk");
    session.until("The tour is over").expect("it is left");
    session.keys("2").expect("history");
    session.until("of 100+").expect("the list");
    session.keys("/").expect("filter");
    session.until("template:").expect("the filter says what it understands");
    session.keys("refund rating:5 since:30d").expect("typed");
    session.keys("\r").expect("look");
    session
        .until_that("fewer rows", |screen| screen.contains("1 of ") && !screen.contains("100+"))
        .expect("what fits");
    session.keys("m").expect("another model");
    session.until("Run the execution again on").expect("the list of models");
    session.keys("balanced").expect("narrow");
    session
        .until_that("one model", |screen| {
            screen.matches("/M").count() + screen.matches(" per M").count() == 1
        })
        .expect("the model");
    let before = demo.newest();
    session.keys("\r").expect("run");
    session.until("W winner").expect("it is in the workbench");
    let newest = demo.until_newer(&before);
    assert_eq!(newest["model"], "balanced", "{newest}");
    assert_eq!(newest["template"], "generation/support-reply", "{newest}");
    // The answer of before is done as well; what each took tells them apart.
    let took = newest["total_ms"].as_u64().expect("a duration");
    let tenths = format!("{}.{}", took / 1_000, took / 100 % 10);
    let exact = if took < 1_000 { format!("{took} ms") } else { format!("{tenths} s") };
    // A narrow pane is brief.
    let ways = [format!("done {exact}"), format!("done {tenths}s")];
    session
        .until_that("the answer", |screen| ways.iter().any(|way| screen.contains(way)))
        .expect("it is done");
    session.keys("3").expect("charts");
    session.until("last 7 days").expect("the range");
    session.keys("\x1b[Z").expect("to the table");
    session.until("By model").expect("the table");
    session.until("p95").expect("its column");
    let before = demo.by_model();
    assert_eq!(before.len(), 3, "one for each model: {before:?}");
    session
        .until_that(&format!("the figures of the command, {before:?}"), |screen| {
            let shown = p95_on_screen(screen);
            // A new hour may begin between what is asked and what is on the screen.
            shown == before || (shown.len() == 3 && shown == demo.by_model())
        })
        .expect("the same on the screen");
    demo.leave(session);
}

#[test]
fn a_good_answer_is_found_again_and_p95_is_read() {
    looks_back(&WIDE);
}

#[test]
fn the_same_small() {
    looks_back(&SMALL);
}

#[test]
fn the_same_without_colour_in_tmux_far_away() {
    looks_back(&FAR);
}
