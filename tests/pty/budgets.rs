//! What the program may cost: bytes to the terminal and wake-ups, counted and not timed.

use std::time::Duration;

use promptlathe::model::{Execution, Status};

use crate::{
    place::Place,
    session::{self, Session},
};

fn load(place: &Place, tokens: u32, rate: u32) {
    place.write(&format!(
        "---\nversion: 1.0.0\nmodel: demo/load\n---\nuser:\nClassify: tokens={tokens} rate={rate}\n"
    ));
}

fn panes(session: &mut Session, count: usize) {
    for name in ["B ", "C ", "D "].into_iter().take(count - 1) {
        session.keys("f").expect("fork");
        session.until(name).expect("another pane");
    }
}

fn visible(records: &[Execution]) -> u64 {
    assert!(records.iter().all(|record| record.status == Status::Ok), "every answer is whole");
    records.iter().map(|record| record.text.len() as u64).sum()
}

#[test]
fn a_minute_of_nothing_costs_nothing() {
    let place = Place::new();
    let mut session = place.start(120, 36);
    // Threads that only the start needed end after ten seconds.
    session.settle(Duration::from_secs(12)).expect("all is drawn");
    let process = session.process().expect("a process");
    let (bytes, before) = (session.bytes(), session::wake_ups(process));
    // Not a wait for something: the minute itself is what is looked at.
    assert!(!session.take(Duration::from_mins(1)).expect("it runs"), "something was written");
    assert_eq!(session.bytes(), bytes);
    assert_eq!(session::wake_ups(process) - before, 0, "a thread woke up");
}

#[test]
fn two_streams_cost_at_most_four_times_what_is_seen() {
    let place = Place::new();
    load(&place, 900, 60);
    let mut session = place.start(120, 36);
    panes(&mut session, 2);
    session.settle(Duration::from_millis(300)).expect("all is drawn");
    let before = session.bytes();
    session.keys("R").expect("run");
    session
        .until_that("both answers", |screen| screen.matches("done ").count() == 2)
        .expect("they come");
    let sent = session.bytes() - before;
    session.keys("q").expect("quit");
    session.ended().expect("it ends");
    let seen = visible(&place.records());
    assert!(sent <= 4 * seen, "{sent} bytes for {seen} that are seen");
}

#[test]
fn four_streams_go_on_while_one_types_scrolls_and_resizes() {
    let place = Place::new();
    load(&place, 3_000, 200);
    let mut session = place.start(120, 36);
    panes(&mut session, 4);
    session.keys("R").expect("run");
    session
        .until_that("four streams", |screen| screen.matches("writing").count() == 4)
        .expect("they stream");
    let mut typed = 0;
    while session.screen().contents().matches("done ").count() < 4 {
        let turn = typed % 8;
        match turn {
            0 => session.keys("\x1b[A\x1b[A\x1b[A").expect("scroll up"),
            1 => session.keys("G").expect("follow again"),
            2 => session.resize(80 + typed % 60, 24 + typed % 12).expect("resize"),
            3 => session.keys("z").expect("zoom"),
            4 => session.keys("z").expect("and back"),
            5 => session.keys("\t").expect("to the next pane"),
            6 => session.keys(":x\x7f").expect("type into the palette"),
            _ => session.keys("\x1b").expect("and out of it"),
        }
        typed += 1;
        session.take(Duration::from_millis(60)).expect("it runs");
        assert!(typed < 2_000, "the answers never ended");
        if turn == 7 && typed % 3 == 0 {
            session.resize(160, 40).expect("where all four panes fit");
        }
    }
    session.keys("\x1b").expect("whatever stands in front goes");
    session.settle(Duration::from_millis(100)).expect("it settled");
    session.keys("q").expect("quit");
    assert_eq!(session.ended().expect("it ends"), 0);
    let records = place.records();
    assert_eq!(records.len(), 4);
    let whole = visible(&records);
    let first = &records.first().expect("a record").text;
    assert!(records.iter().all(|record| record.text == *first), "nothing is lost or mixed");
    assert!(whole > 4 * 10_000, "{whole}");
}
