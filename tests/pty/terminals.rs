//! Terminals that are none, that say nothing, or that claim a size nobody has.

use promptlathe::model::Status;

use crate::{
    ends::{STEADY, kept},
    place::{Place, SMALL, Seat, WIDE},
    session::{Session, Start},
};

/// Goes to the history and back, as far as there is room to see it.
fn answers_keys(session: &mut Session) {
    session.keys("2").expect("history");
    session.until("Enter read").expect("keys are answered");
    session.keys("1").expect("back");
    session.until("Simulated text").expect("the answer is there");
}

#[test]
fn a_size_of_nothing_is_taken_for_a_usual_one() {
    let place = Place::new();
    place.write(STEADY);
    let nothing = ["/bin/sh", "-c", "stty rows 0 cols 0; exec \"$0\" \"$@\""];
    let mut session = place.start_at(&SMALL, &nothing);
    session.keys("R").expect("run");
    answers_keys(&mut session);
    session.claim(0, 50).expect("resized");
    session.see(80, 50).expect("as many rows as it says");
    answers_keys(&mut session);
    session.claim(0, 0).expect("resized");
    session.see(80, 24).expect("the usual size");
    answers_keys(&mut session);
    session.keys("qy").expect("quit");
    assert_eq!(session.ended().expect("it ends"), 0);
}

#[test]
fn a_size_beyond_all_screens_is_bounded() {
    let place = Place::new();
    place.write(STEADY);
    let mut session = place.start_at(&WIDE, &[]);
    session.keys("R").expect("run");
    session.until("Simulated text").expect("it streams");
    session.see(1_000, 500).expect("the largest that is drawn");
    session.claim(65_535, 65_535).expect("resized");
    // The footer is where the largest screen ends.
    session
        .until_that("all of it", |screen| {
            screen.lines().nth(499).is_some_and(|row| row.contains("? help"))
        })
        .expect("drawn");
    answers_keys(&mut session);
    let before = session.bytes();
    for claimed in [(65_535, 1), (1, 65_535), (1, 1), (65_535, 65_535), (0, 65_535), (65_535, 0)] {
        session.claim(claimed.0, claimed.1).expect("resized");
        session.take(std::time::Duration::from_millis(50)).expect("it runs");
    }
    // Every screen of these sizes fits into memory, and most of it is blank.
    assert!(session.bytes() - before < 20 << 20, "{}", session.bytes() - before);
    session.resize(120, 36).expect("resized");
    session.until("Prompts").expect("everything is there again");
    answers_keys(&mut session);
    session.keys("qy").expect("quit");
    assert_eq!(session.ended().expect("it ends"), 0);
    let records = place.records();
    assert_eq!(records[0].status, Status::Cancelled);
    kept(&records[0], "Simulated text for a load test. It says nothing, and says it");
}

#[test]
fn many_changes_of_size_while_an_answer_is_written_cost_nothing_of_it() {
    let place = Place::new();
    place.write(&STEADY.replace("tokens=20000 rate=40", "tokens=600 rate=120"));
    let mut session = place.start_at(&WIDE, &[]);
    session.keys("R").expect("run");
    session.until("Simulated text").expect("it streams");
    let sizes = [(1, 1), (0, 0), (200, 60), (65_535, 65_535), (39, 11), (2, 300), (80, 24)];
    for round in 0..1_000_usize {
        let (columns, rows) = sizes[round % sizes.len()];
        session.claim(columns, rows).expect("resized");
        if round % 10 == 0 {
            session.take(std::time::Duration::from_millis(1)).expect("it runs");
        }
    }
    session.resize(120, 36).expect("resized");
    session.until("done ").expect("the answer is whole");
    session.keys("q").expect("quit");
    assert_eq!(session.ended().expect("it ends"), 0);
    let records = place.records();
    assert_eq!(records[0].status, Status::Ok);
    assert_eq!(records[0].usage.output_tokens, Some(600));
}

#[test]
fn where_input_or_output_is_no_terminal_the_line_says_which() {
    for (script, named) in [
        ("\"$0\" \"$@\" < /dev/null; echo CODE $?", "standard input is not a terminal"),
        ("\"$0\" \"$@\" | cat; echo CODE ${PIPESTATUS[0]}", "standard output is not a terminal"),
        ("\"$0\" \"$@\" > /dev/null; echo CODE $?", "standard output is not a terminal"),
    ] {
        let wide = Seat { columns: 200, ..WIDE };
        let place = Place::new();
        let mut session = place.begin_at(&wide, &["/bin/bash", "-c", script]);
        session.until("CODE 2").expect("it ends");
        let screen = session.screen().contents();
        assert!(screen.contains(named) && screen.contains("lathe run"), "{screen}");
        assert_eq!(screen.lines().filter(|line| !line.is_empty()).count(), 2, "{screen}");
        assert!(!session.wrote("\x1b"), "nothing is switched on: {screen}");
        session.ended().expect("it ends");
    }
}

#[test]
fn a_terminal_nobody_has_heard_of_is_drawn_on_and_an_unknown_one_is_not() {
    let place = Place::new();
    let environment = [("TERM", "never-heard-of"), ("COLORTERM", "")];
    let mut session = place.start_with(80, 24, &environment);
    session.keys("R").expect("run");
    session.until("done ").expect("an answer");
    session.keys("q").expect("quit");
    assert_eq!(session.ended().expect("it ends"), 0);
    assert!(!session.screen().alternate_screen());

    let mut session = Session::start(Start {
        environment: vec![("TERM".to_owned(), "unknown".to_owned())],
        home: Some(place.home().to_owned()),
        ..Start::default()
    })
    .expect("it starts");
    assert_eq!(session.ended().expect("it ends"), 2);
    let told = session.screen().contents();
    assert!(told.contains("`unknown`") && told.contains("lathe run"), "{told}");
    assert!(!session.wrote("\x1b"), "{told}");
}
