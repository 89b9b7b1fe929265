//! Every way the program can be made to end.

use std::process::Command;

use promptlathe::model::Status;
use rustix::process::{Pid, Signal, kill_process};

use crate::{place::Place, session::Session};

/// A prompt the careful model is slow with: it thinks, and then writes a long answer.
pub const SLOW: &str = "---\nversion: 1.0.0\nmodel: demo/careful\n---\nuser:\nClassify and summarise \
    this text, step by step, in many sentences: The council voted to replace the lamps. The lamps \
    use less power. The mayor called it overdue. The opposition asked about schools. Work begins \
    in September. The old town objected. Shields cost more. A motion was rejected.\n";

pub fn streaming(place: &Place) -> Session {
    place.write(SLOW);
    let mut session = place.start(120, 36);
    session.keys("R").expect("run");
    session
        .until_that("an answer on its way", |screen| {
            screen.contains("thinking") || screen.contains("writing")
        })
        .expect("it streams");
    session
}

pub fn signal(session: &Session, signal: Signal) {
    let id = session.process().and_then(|id| i32::try_from(id).ok()).expect("a process");
    kill_process(Pid::from_raw(id).expect("an id"), signal).expect("sent");
}

#[test]
fn a_terminal_that_goes_away_ends_it_and_keeps_what_came() {
    let place = Place::new();
    let mut session = streaming(&place);
    session.hang_up();
    session.ended().expect("it ends");
    let records = place.records();
    assert_eq!(records.len(), 1);
    assert!(matches!(records[0].status, Status::Cancelled | Status::Interrupted));
}

#[test]
fn killed_without_a_word_it_is_interrupted_at_the_next_start() {
    let place = Place::new();
    let mut session = streaming(&place);
    signal(&session, Signal::KILL);
    session.ended().expect("it ends");
    let mut again = place.start(120, 36);
    again.until("cut off").expect("the next start tells of it");
    again.keys("q").expect("quit");
    assert_eq!(again.ended().expect("it ends"), 0);
    assert_eq!(place.records()[0].status, Status::Interrupted);
}

#[test]
fn leaving_while_something_runs_asks_once() {
    let place = Place::new();
    let mut session = streaming(&place);
    session.keys("q").expect("quit");
    session.until("Sure?").expect("it asks");
    session.keys("y").expect("yes");
    assert_eq!(session.ended().expect("it ends"), 0);
    assert_eq!(place.records()[0].status, Status::Cancelled);
}

#[test]
fn without_a_terminal_the_headless_commands_are_named() {
    let place = Place::new();
    for term in ["xterm-256color", "dumb"] {
        let output = Command::new(crate::session::program().expect("the program"))
            .env_clear()
            .env("HOME", place.home())
            .env("TERM", term)
            .output()
            .expect("it runs");
        assert_eq!(output.status.code(), Some(2));
        let told = String::from_utf8(output.stderr).expect("words");
        assert!(told.contains("lathe run") && told.lines().count() == 1, "{told}");
        assert!(output.stdout.is_empty());
    }
}
