//! The demonstration: a month of history, a walk, and what people look for in it.

use std::fs;

use tempfile::TempDir;

use crate::{
    place::{FAR, SMALL, Seat, WIDE},
    session::{Session, Start},
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

    fn leave(&self, mut session: Session) {
        session.keys("q").expect("quit");
        assert_eq!(session.ended().expect("it ends"), 0);
        let left = |folder: &TempDir| fs::read_dir(folder.path()).expect("read").count();
        assert_eq!(left(&self.home), 0, "nothing of the user's was touched");
        assert_eq!(left(&self.temporary), 0, "nothing stays behind");
    }
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
        .until_that("one model", |screen| screen.matches(" out /M").count() == 1)
        .expect("the model");
    session.keys("\r").expect("run");
    session.until("done ").expect("it runs in the workbench");
    session.keys("3").expect("charts");
    session.until("last 7 days").expect("the range");
    session.keys("\x1b[Z").expect("to the table");
    session.until("By model").expect("the table");
    session.until("p95").expect("its column");
    session.until("demo/careful").expect("its rows");
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
