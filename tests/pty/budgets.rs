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
    on_slow.until("Enter read").expect("keys are answered");
    for session in [&mut on_slow, &mut on_fast] {
        session.keys("q").expect("quit");
        assert_eq!(session.ended().expect("it ends"), 0);
    }
    let records = slow.records();
    assert_eq!(visible(&records), visible(&fast.records()), "nothing is lost");
    assert!(records.iter().all(|record| record.usage.output_tokens == Some(3_000)));
}

/// Types a word at the end of the template; `back` leads to the editor.
fn type_word(session: &mut Session, back: &str, word: &str) {
    session.keys(back).expect("to the editor");
    session.until("i type").expect("it has the focus");
    session.keys("i").expect("type");
    session.until("INSERT").expect("keys type");
    session.keys("\x1b[1;5F").expect("at the end");
    session.keys(word).expect("typed");
    session.until(word).expect("it is in the text");
    session.keys("\x1b").expect("out of typing");
    session.until("i type").expect("keys act again");
}

/// Goes from the editor to the first answer, scrolls it up, where it stays while it grows, and
/// follows it again.
fn scroll(session: &mut Session) {
    session.keys("\t\t").expect("past the inputs to the answer");
    session.until("W winner").expect("it has the focus");
    session.keys("\x1b[5~").expect("a page up");
    session.until(" more \u{2500}").expect("it is held, and says how much there is below");
    session.keys("G").expect("to the end");
    session
        .until_that("the end again", |screen| !screen.contains(" more \u{2500}"))
        .expect("it follows");
}

/// A minute of four streams, in which one types into the template, scrolls an answer and changes
/// the size: every key is answered, no stream is held up, and every word is kept.
#[test]
fn four_streams_go_on_for_a_minute_while_one_types_scrolls_and_resizes() {
    const TOKENS: u32 = 12_000;
    let place = Place::new();
    load(&place, TOKENS, 200);
    let usual = (160, 40);
    let mut session = place.start(usual.0, usual.1);
    panes(&mut session, 4);
    session.keys("R").expect("run");
    session
        .until_that("four streams that fill their panes", |screen| {
            // What there is above the rows in sight has a thumb beside it.
            screen.matches("writing").count() == 4 && screen.matches("█│").count() == 4
        })
        .expect("they stream");
    let sizes = [(120, 36), (80, 24), (200, 50), (100, 30)];
    let mut words = Vec::new();
    // From the last pane to the editor, and later from the first.
    let mut back = "\x1b[Z".repeat(5);
    while session.screen().contents().matches("done ").count() < 4 {
        let word = format!("word{:03}", words.len());
        type_word(&mut session, &back, &format!(" {word}"));
        words.push(word);
        back = "\x1b[Z".repeat(2);
        scroll(&mut session);
        let (columns, rows) = sizes[words.len() % sizes.len()];
        session.resize(columns, rows).expect("resized");
        session.until("? help").expect("it fits");
        session.resize(usual.0, usual.1).expect("resized");
        session
            .until_that("all four panes", |screen| {
                screen.matches("writing").count() + screen.matches("done ").count() == 4
            })
            .expect("they are there");
        let screen = session.screen().contents();
        assert!(!screen.contains("stalled"), "{screen}");
    }
    place.until_recorded(4);
    let end = std::time::Instant::now() + Duration::from_mins(1);
    let typed = words.join(" ");
    while !place.draft().is_some_and(|draft| draft.ends_with(&typed)) {
        assert!(std::time::Instant::now() < end, "{typed} is not all of it: {:?}", place.draft());
    }
    session.keys("q").expect("quit");
    assert_eq!(session.ended().expect("it ends"), 0);
    let records = place.records();
    assert_eq!(records.len(), 4);
    visible(&records);
    let first = &records.first().expect("a record").text;
    assert!(records.iter().all(|record| record.text == *first), "nothing is lost or mixed");
    assert!(
        records.iter().all(|record| record.usage.output_tokens == Some(u64::from(TOKENS))),
        "every token is there"
    );
}
