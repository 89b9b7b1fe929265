//! Stops of all kinds: by the user, by the shell, by a terminal that takes nothing.

use std::time::Duration;

use promptlathe::model::Status;
use rustix::process::Signal;

use crate::{place::Place, session::Session};

/// A shell with job control that says when the program stopped, and takes it back when told to.
const SHELL: &str = "set -m; \"$0\" \"$@\"; echo STOPPED; read go; fg > /dev/null; echo ENDED";

fn under_a_shell(place: &Place) -> Session {
    place.start_under(&["/bin/bash", "-c", SHELL], 120, 36, &[])
}

#[test]
fn the_user_stops_it_and_takes_it_back() {
    let place = Place::new();
    let mut session = under_a_shell(&place);
    session.keys("\x1a").expect("Ctrl-Z");
    session.until("STOPPED").expect("the shell has the terminal");
    let screen = session.screen();
    assert!(!screen.alternate_screen() && !screen.hide_cursor() && !screen.bracketed_paste());
    assert_eq!(place.marks(), 0, "the terminal is the shell's");
    session.keys("\r").expect("go on");
    session.until("Classify").expect("everything is drawn again");
    assert!(session.screen().alternate_screen());
    session.keys("R").expect("run");
    session.until("done ").expect("it works as before");
    assert_eq!(place.marks(), 1);
    session.keys("q").expect("quit");
    session.until("ENDED").expect("the shell goes on");
    assert!(!session.screen().alternate_screen());
    assert_eq!(place.records()[0].status, Status::Ok);
}

#[test]
fn an_answer_goes_on_after_a_stop() {
    let place = Place::new();
    place.write(crate::ends::SLOW);
    let mut session = under_a_shell(&place);
    session.keys("R").expect("run");
    session.until("writing").expect("it streams");
    session.keys("\x1a").expect("Ctrl-Z");
    session.until("STOPPED").expect("the shell has the terminal");
    session.keys("\r").expect("go on");
    session.until("done ").expect("the answer is whole");
    session.keys("q").expect("quit");
    session.until("ENDED").expect("the shell goes on");
    assert_eq!(place.records()[0].status, Status::Ok);
}

#[test]
fn a_stop_that_nobody_could_wake_it_from_is_refused() {
    let place = Place::new();
    let mut session = place.start(120, 36);
    session.keys("\x1a").expect("Ctrl-Z");
    session.until("not suspended").expect("it says why");
    crate::ends::signal(&session, Signal::TSTP);
    session.keys("2").expect("history");
    session.until("Every call is kept here").expect("it goes on");
    session.keys("q").expect("quit");
    assert_eq!(session.ended().expect("it ends"), 0);
}

#[test]
fn a_stop_that_nobody_could_see_coming_leaves_no_mark_behind() {
    let place = Place::new();
    let mut session = place.start(120, 36);
    session.keys("2").expect("history");
    session.until("Every call is kept here").expect("it works");
    assert_eq!(place.marks(), 1);
    place.until_marked_anew(|| {
        crate::ends::signal(&session, Signal::STOP);
        crate::ends::signal(&session, Signal::CONT);
    });
    session.keys("q").expect("quit");
    assert_eq!(session.ended().expect("it ends"), 0);
    assert_eq!(place.marks(), 0, "the next start has nothing to tell");
}

#[test]
fn a_terminal_that_takes_nothing_holds_up_neither_streams_nor_records() {
    let place = Place::new();
    place.write(crate::ends::SLOW);
    let mut session = place.start(120, 36);
    for _ in 0..3 {
        session.keys("f").expect("fork");
        session.settle(Duration::from_millis(50)).expect("quiet");
    }
    session.keys("R").expect("run all four");
    session.until("writing").expect("they stream");
    // From here on nothing is read, as behind Ctrl-S; resizes make the program draw all of it.
    for size in [(200, 50), (120, 36), (200, 50), (120, 36), (200, 50), (120, 36)] {
        session.resize(size.0, size.1).expect("resized");
    }
    place.until_recorded(4);
    session
        .until_that("four answers", |screen| screen.matches("done ").count() == 4)
        .expect("done");
    session.keys("q").expect("quit");
    assert_eq!(session.ended().expect("it ends"), 0);
    assert!(place.records().iter().all(|record| record.status == Status::Ok));
}
