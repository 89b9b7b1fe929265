//! What the program does while calls run: what it shows when, how often it draws, and how it ends.

use std::time::Duration;

use crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers};

use super::{
    Home, Whole, script,
    server::{STREAM, Say, Server},
};
use crate::{
    model::{Execution, Status},
    tui::{
        runtime::Ended,
        term::{EndReason, Signal},
    },
};

/// A workbench whose model is a server under the script's control, one call on its way.
async fn calling(home: &Home) -> (Whole, Server) {
    let server = Server::start().await;
    home.settings(&server.settings());
    home.write("prompts/mood.prompty", "---\nversion: 1.0.0\n---\nHow are you?\n");
    let whole = Whole::start(home, (120, 36), &[]).await;
    whole.until("How are you?").await;
    whole.press("R").await;
    whole.until_that("the request", |_| server.requests() == 1).await;
    (whole, server)
}

/// The same, after the first words of the answer.
async fn writing(home: &Home) -> (Whole, Server) {
    let (whole, server) = calling(home).await;
    server.tell(Say::Bytes(STREAM.to_owned()));
    server.tell(Say::Text("Quite well".to_owned()));
    whole.until("Quite well").await;
    (whole, server)
}

async fn only_record(home: &Home) -> Execution {
    let mut records = home.records().await;
    assert_eq!(records.len(), 1);
    records.remove(0)
}

fn shows_one_of(whole: &Whole, texts: &[&str]) {
    let screen = whole.screen();
    assert!(texts.iter().any(|text| screen.contains(text)), "none of {texts:?} on\n{screen}");
}

#[test]
fn silence_is_counted_and_an_answer_that_goes_on_ends_it() {
    script(async || {
        let home = Home::new();
        let (whole, server) = writing(&home).await;
        assert!(!whole.screen().contains("stalled"));
        whole.pass(Duration::from_secs(7)).await;
        // The count is drawn when its second has passed, which the frame may follow a little.
        shows_one_of(&whole, &["writing stalled for 6 s", "writing stalled for 7 s"]);
        server.tell(Say::Text(", thank you".to_owned()));
        whole.until("Quite well, thank you").await;
        assert!(!whole.screen().contains("stalled"));
        server.tell(Say::Done);
        whole.until("done ").await;
        whole.press("q").await;
        assert!(matches!(whole.ended().await, Ok(Ended::Quit)));
        assert_eq!(only_record(&home).await.text, "Quite well, thank you");
    });
}

#[test]
fn silence_for_too_long_ends_the_call_and_keeps_its_text() {
    script(async || {
        let home = Home::new();
        let (whole, _server) = writing(&home).await;
        whole.pass(Duration::from_secs(55)).await;
        assert!(whole.screen().contains("stalled for 5"), "{}", whole.screen());
        whole.until("interrupted").await;
        assert!(whole.screen().contains("Quite well"));
        whole.press("q").await;
        assert!(matches!(whole.ended().await, Ok(Ended::Quit)));
        let record = only_record(&home).await;
        assert_eq!((record.status, record.text.as_str()), (Status::Interrupted, "Quite well"));
    });
}

#[test]
fn a_retry_counts_down_in_seconds_and_can_be_skipped() {
    script(async || {
        let home = Home::new();
        let (whole, server) = calling(&home).await;
        let refusal = "HTTP/1.1 429 Too Many Requests\r\nretry-after: 40\r\ncontent-length: \
                       0\r\nconnection: close\r\n\r\n";
        server.tell(Say::Bytes(refusal.to_owned()));
        server.tell(Say::Close);
        whole.until("try 2/3 in 40 s").await;
        whole.pass(Duration::from_secs(10)).await;
        shows_one_of(&whole, &["try 2/3 in 31 s", "try 2/3 in 30 s", "try 2/3 in 29 s"]);
        assert_eq!(server.requests(), 1);
        whole.press("w").await;
        whole.until_that("the second request", |_| server.requests() == 2).await;
        server.tell(Say::Bytes(STREAM.to_owned()));
        server.tell(Say::Text("Well".to_owned()));
        server.tell(Say::Done);
        whole.until("2 attempts").await;
        whole.press("q").await;
        assert!(matches!(whole.ended().await, Ok(Ended::Quit)));
        let record = only_record(&home).await;
        assert_eq!((record.status, record.attempts.len()), (Status::Ok, 2));
    });
}

/// From the failures of a server to what the status line says of it, and back.
#[test]
fn a_server_that_fails_is_left_alone_and_the_status_line_says_for_how_long() {
    script(async || {
        let home = Home::new();
        let (whole, server) = calling(&home).await;
        let failure = "HTTP/1.1 500 No\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
        let fail = |times| {
            for _ in 0..times {
                server.tell(Say::Bytes(failure.to_owned()));
                server.tell(Say::Close);
            }
        };
        fail(3);
        whole
            .until_that("three attempts", |screen| {
                server.requests() == 3 && screen.contains("server")
            })
            .await;
        assert!(!whole.screen().contains("open, tries again"), "{}", whole.screen());
        fail(2);
        whole.press("r").await;
        whole.until("is left alone for another 60 s").await;
        // What went wrong is told first.
        whole.press("esc").await;
        whole.until("local: open, tries again in").await;
        assert_eq!(server.requests(), 5);
        // How long it took until then is of no matter: the clock goes on while a socket is waited
        // for.
        let left = || -> Option<u64> {
            let screen = whole.screen();
            let (_, rest) = screen.split_once("tries again in ")?;
            rest.split_once(" s")?.0.parse().ok()
        };
        let before = left().expect("seconds");
        assert!((20..=60).contains(&before), "{before}");
        whole.pass(Duration::from_secs(20)).await;
        let after = left().expect("seconds");
        assert!((before - 21..=before - 19).contains(&after), "{before} s, then {after} s");
        whole.press("r").await;
        whole.until("circuit_open").await;
        assert_eq!(server.requests(), 5, "nothing is sent meanwhile");
        whole.press("q").await;
        assert!(matches!(whole.ended().await, Ok(Ended::Quit)));
    });
}

#[test]
fn a_call_that_the_servers_limit_holds_back_counts_down_and_can_be_sent_at_once() {
    script(async || {
        let home = Home::new();
        let (whole, server) = calling(&home).await;
        let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\
                    x-ratelimit-limit-requests: 1\r\nx-ratelimit-remaining-requests: 0\r\n\
                    x-ratelimit-reset-requests: 30s\r\nconnection: close\r\n\r\n";
        let answers = |head: &str| {
            server.tell(Say::Bytes(head.to_owned()));
            server.tell(Say::Text("Well".to_owned()));
            server.tell(Say::Done);
        };
        answers(head);
        whole.until("done ").await;
        whole.press("r").await;
        whole.until(" s (w now)  by the limit of local").await;
        assert_eq!(server.requests(), 1);
        whole.press("w").await;
        whole.until_that("the second request", |_| server.requests() == 2).await;
        answers(STREAM);
        whole.until("done ").await;
        whole.press("q").await;
        assert!(matches!(whole.ended().await, Ok(Ended::Quit)));
    });
}

#[test]
fn nothing_is_drawn_while_nothing_happens() {
    script(async || {
        let home = Home::new();
        let (whole, server) = writing(&home).await;
        server.tell(Say::Done);
        whole.until("done ").await;
        whole.pass(Duration::from_secs(10)).await;
        let frames = whole.seen.borrow().frames;
        whole.pass(Duration::from_mins(2)).await;
        assert_eq!(whole.seen.borrow().frames, frames);
        whole.press("q").await;
        assert!(matches!(whole.ended().await, Ok(Ended::Quit)));
    });
}

#[test]
fn a_flood_of_text_draws_no_more_than_twenty_times_a_second_and_keys_come_between() {
    script(async || {
        let home = Home::new();
        let (whole, server) = writing(&home).await;
        let before = whole.seen.borrow().frames;
        for _ in 0..200 {
            server.tell(Say::Text(" and on".to_owned()));
            whole.pass(Duration::from_millis(5)).await;
        }
        let frames = whole.seen.borrow().frames - before;
        // A second has passed; the running clock in the state line is part of these frames.
        assert!((10..=32).contains(&frames), "{frames}");
        let before = whole.seen.borrow().frames;
        whole.press("?").await;
        whole.pass(Duration::from_millis(17)).await;
        assert!(whole.seen.borrow().frames > before);
        assert!(whole.screen().contains("Esc"), "{}", whole.screen());
        whole.press("esc").await;
        server.tell(Say::Done);
        whole.until("done ").await;
        whole.press("q").await;
        assert!(matches!(whole.ended().await, Ok(Ended::Quit)));
        assert_eq!(only_record(&home).await.text.matches(" and on").count(), 200);
    });
}

#[test]
fn told_to_end_it_keeps_what_came() {
    for (signal, code) in [(EndReason::Terminate, 143), (EndReason::HangUp, 129)] {
        script(async || {
            let home = Home::new();
            let (whole, _server) = writing(&home).await;
            whole.signal(Signal::End(signal));
            let Ok(Ended::Told(reason)) = whole.ended().await else { panic!("not told") };
            assert_eq!(reason.exit_code(), code);
            let record = only_record(&home).await;
            assert_eq!(record.text, "Quite well");
            assert!(matches!(record.status, Status::Cancelled | Status::Interrupted));
        });
    }
}

#[test]
fn a_cut_line_keeps_what_came() {
    script(async || {
        let home = Home::new();
        let (mut whole, _server) = writing(&home).await;
        whole.cut();
        // Whether the missing keys or the dead screen are seen first, it ends.
        let _ = whole.ended().await;
        assert_eq!(only_record(&home).await.text, "Quite well");
    });
}

/// The screen is found to be dead before anything else says so: what came and what was typed just
/// then is kept all the same.
#[test]
fn a_dead_screen_ends_it_in_order() {
    script(async || {
        let home = Home::new();
        let (whole, _server) = writing(&home).await;
        whole.focus_where("i type").await;
        whole.press("i ctrl-end").await;
        whole.seen.borrow_mut().dead = true;
        for character in "Typed last.".chars() {
            whole.event(Event::Key(KeyEvent::new(KeyCode::Char(character), KeyModifiers::NONE)));
        }
        // The next frame is due, and cannot be drawn.
        whole.pass(Duration::from_millis(40)).await;
        let ended = whole.ended().await;
        assert!(matches!(ended, Ok(Ended::Told(EndReason::TerminalGone))));
        let record = only_record(&home).await;
        assert_eq!((record.status, record.text.as_str()), (Status::Cancelled, "Quite well"));
        let mut again = Whole::start(&home, (120, 36), &[]).await;
        again.until("Typed last.").await;
        again.until("+ draft").await;
        again.cut();
        drop(again.ended().await);
    });
}

#[test]
fn leaving_while_a_call_runs_is_asked_about_and_records_it_as_cancelled() {
    script(async || {
        let home = Home::new();
        let (whole, _server) = writing(&home).await;
        whole.press("q").await;
        whole.until("y yes").await;
        whole.press("y").await;
        assert!(matches!(whole.ended().await, Ok(Ended::Quit)));
        let record = only_record(&home).await;
        assert_eq!((record.status, record.text.as_str()), (Status::Cancelled, "Quite well"));
    });
}

#[test]
fn cancelling_hangs_up_and_the_next_run_is_a_call_of_its_own() {
    script(async || {
        let home = Home::new();
        let (whole, server) = writing(&home).await;
        whole.press("X").await;
        whole.until("cancelled").await;
        assert!(whole.screen().contains("Quite well"));
        // The server notices when it next writes.
        server.tell(Say::Text("nobody hears this".to_owned()));
        server.tell(Say::Close);
        whole.press("R").await;
        whole.until_that("the second request", |_| server.requests() == 2).await;
        server.tell(Say::Bytes(STREAM.to_owned()));
        server.tell(Say::Text("Again well".to_owned()));
        server.tell(Say::Done);
        whole.until("done ").await;
        assert!(!whole.screen().contains("nobody hears this"));
        whole.press("q").await;
        assert!(matches!(whole.ended().await, Ok(Ended::Quit)));
        let statuses: Vec<Status> =
            home.records().await.iter().map(|record| record.status).collect();
        assert_eq!(statuses, [Status::Ok, Status::Cancelled]);
    });
}

#[test]
fn any_size_is_survived_while_an_answer_is_written() {
    script(async || {
        let home = Home::new();
        let (whole, server) = writing(&home).await;
        for (columns, rows) in [(1, 1), (0, 0), (2, 50), (200, 2), (40, 12), (39, 11), (500, 200)] {
            whole.resize(columns, rows);
            server.tell(Say::Text(format!(" {columns}x{rows}")));
            whole.pass(Duration::from_millis(60)).await;
        }
        whole.resize(120, 36);
        server.tell(Say::Done);
        whole.until("done ").await;
        assert!(whole.screen().contains("500x200"));
        whole.press("q").await;
        assert!(matches!(whole.ended().await, Ok(Ended::Quit)));
    });
}

#[test]
fn a_stop_that_nobody_could_wake_is_refused_and_one_from_outside_is_taken_back() {
    script(async || {
        let home = Home::new();
        let whole = Whole::start(&home, (120, 36), &[]).await;
        whole.until("Classify the").await;
        whole.press("ctrl-z").await;
        whole.until("it was not suspended").await;
        whole.signal(Signal::Continued);
        whole.settle().await;
        let (suspended, taken_back) = {
            let seen = whole.seen.borrow();
            (seen.suspended, seen.taken_back)
        };
        assert_eq!((suspended, taken_back), (1, 1));
        whole.press("ctrl-l").await;
        assert_eq!(whole.seen.borrow().repaints, 1);
        whole.press("q").await;
        assert!(matches!(whole.ended().await, Ok(Ended::Quit)));
    });
}

#[test]
fn copying_over_ssh_sends_the_text_through_the_terminal() {
    script(async || {
        let home = Home::new();
        let server = Server::start().await;
        home.settings(&server.settings());
        let whole = Whole::start(&home, (120, 36), &[("SSH_TTY", "/dev/pts/9")]).await;
        whole.until("Classify the").await;
        whole.press("tab").await;
        whole.press("R").await;
        whole.until("done ").await;
        whole.focus_where("f fork").await;
        whole.press("y").await;
        whole.until("OSC 52").await;
        let written = whole.seen.borrow().written.clone();
        assert!(written.starts_with(b"\x1b]52;c;"), "{written:?}");
        whole.press("q").await;
        assert!(matches!(whole.ended().await, Ok(Ended::Quit)));
    });
}

#[test]
fn the_users_editor_is_lent_the_terminal() {
    script(async || {
        let home = Home::new();
        let whole =
            Whole::start(&home, (120, 36), &[("EDITOR", "true"), ("PATH", "/usr/bin:/bin")]).await;
        whole.until("Classify the").await;
        whole.press("e").await;
        whole.until_that("the loan", |_| whole.seen.borrow().lent == 1).await;
        assert!(!whole.screen().contains("+ draft"), "it left the text as it was");
        whole.press("q").await;
        assert!(matches!(whole.ended().await, Ok(Ended::Quit)));
    });
}
