//! What the program may cost: bytes to the terminal and wake-ups, counted and not timed.

use std::time::Duration;

use promptlathe::model::{Execution, Status};

use crate::{
    place::{Place, SMALL, Seat},
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

/// A line of 9600 baud, which takes less than two streams write: they and their records go on as
/// fast as they come, frames are left out, and keys are answered when the line comes to them.
#[test]
fn a_line_of_9600_baud_holds_up_neither_streams_nor_records() {
    const BYTES_A_SECOND: u32 = 960;
    let (slow, fast) = (Place::new(), Place::new());
    let begin = |place: &Place, pace| {
        load(place, 3_000, 200);
        let mut session = place.start_at(&Seat { pace, ..SMALL }, &[]);
        panes(&mut session, 2);
        session.settle(Duration::from_millis(500)).expect("all is drawn");
        let before = session.bytes();
        session.keys("R").expect("run");
        (session, before)
    };
    let (mut on_slow, before_slow) = begin(&slow, Some(BYTES_A_SECOND));
    let (mut on_fast, before_fast) = begin(&fast, None);

    slow.until_recorded(2);
    while on_slow.take(Duration::ZERO).expect("it runs") {}
    let delivered = on_slow.bytes();
    let seen = on_slow.screen().contents();
    assert!(!seen.contains("done "), "the line is not as far as the answers are: {seen}");
    for (session, place) in [(&mut on_slow, &slow), (&mut on_fast, &fast)] {
        session
            .until_that("both answers", |screen| screen.matches("done ").count() == 2)
            .expect("they come");
        place.until_recorded(2);
    }
    let behind = on_slow.bytes() - delivered;
    assert!(behind > u64::from(4 * BYTES_A_SECOND), "only {behind} bytes were still on their way");
    let (sent_slow, sent_fast) = (on_slow.bytes() - before_slow, on_fast.bytes() - before_fast);
    assert!(4 * sent_slow < 3 * sent_fast, "{sent_slow} bytes where {sent_fast} are usual");

    on_slow.keys("2").expect("history");
    on_slow.until("Enter open").expect("keys are answered");
    for session in [&mut on_slow, &mut on_fast] {
        session.keys("q").expect("quit");
        assert_eq!(session.ended().expect("it ends"), 0);
    }
    let records = slow.records();
    assert_eq!(visible(&records), visible(&fast.records()), "nothing is lost");
    assert!(records.iter().all(|record| record.usage.output_tokens == Some(3_000)));
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
