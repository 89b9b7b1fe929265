//! What the terminal, the shell and the place it runs in can do to it.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::PathBuf,
    time::{Duration, Instant},
};

use promptlathe::model::{Execution, Status};
use rustix::process::Signal;

use crate::{
    ends::{STEADY, answer_on, kept, signal, until_kept, writing},
    place::{Place, WIDE},
    session::{Session, Start},
};

/// The terminal is as it was before: the line's settings, the screen, every mode.
pub fn restored(session: &Session, before: &str) {
    let screen = session.screen();
    assert!(!screen.alternate_screen() && !screen.hide_cursor() && !screen.bracketed_paste());
    assert_eq!(screen.mouse_protocol_mode(), vt100::MouseProtocolMode::None);
    for (on, off) in [("\x1b[?1004h", "\x1b[?1004l"), ("\x1b[>1u", "\x1b[<1u")] {
        assert!(session.wrote_last(off, on), "{off:?} did not come after {on:?}");
    }
    assert_eq!(session.line(), before, "the line's settings");
}

#[test]
fn every_signal_leaves_the_line_as_it_was() {
    for (sent, code) in
        [(Signal::QUIT, 131), (Signal::TERM, 143), (Signal::INT, 130), (Signal::HUP, 129)]
    {
        let place = Place::new();
        let mut session = writing(&place);
        let seen = answer_on(&session.screen().contents());
        until_kept(&place, &seen);
        signal(&session, sent);
        assert_eq!(session.ended().expect("it ends"), code);
        restored(&session, &session.line_before());
        assert_eq!(place.marks(), 0, "{code}");
        let records = place.records();
        assert_eq!(records.len(), 1, "{code}");
        kept(&records[0], &seen);
    }
}

/// Another program holds the database, so that nothing can be kept: the program is ended although
/// it still waits, and what was kept before is there.
#[test]
fn what_cannot_end_in_order_is_ended_all_the_same() {
    let place = Place::new();
    let mut session = writing(&place);
    let seen = answer_on(&session.screen().contents());
    until_kept(&place, &seen);
    let holder = rusqlite::Connection::open(place.database()).expect("it opens");
    let end = Instant::now() + Duration::from_mins(1);
    while holder.execute_batch("BEGIN IMMEDIATE").is_err() {
        assert!(Instant::now() < end, "the database was never free");
    }
    signal(&session, Signal::TERM);
    // It waits for the database longer than this leaves it, and says so with another code.
    assert_eq!(session.ended().expect("it ends"), 143);
    restored(&session, &session.line_before());
    drop(holder);
    let records = place.records();
    assert_eq!(records[0].status, Status::Interrupted);
    kept(&records[0], &seen);
}

/// Twenty times the line breaks while three answers stream, under a shell that hears nothing of
/// it, as `sudo` does.
#[test]
fn a_line_that_breaks_ends_it_even_where_the_hang_up_is_swallowed() {
    let place = Place::new();
    place.write(STEADY);
    let deaf = ["/bin/sh", "-c", "trap '' HUP; \"$0\" \"$@\""];
    for round in 1..=20 {
        let mut session = place.start_under(&deaf, 160, 40, &[]);
        // The panes of the round before are there again, unless its end came before they were kept.
        for name in ["B ", "C "] {
            if !session.screen().contents().contains(&format!("╭ {name}")) {
                session.keys("f").expect("fork");
                session.until(name).expect("another pane");
            }
        }
        session.keys("R").expect("run all");
        session
            .until_that("three answers on their way", |screen| {
                screen.matches("Simulated text for").count() >= 3
            })
            .expect("they stream");
        let end = Instant::now() + Duration::from_mins(1);
        let begun = |record: &Execution| record.text.starts_with("Simulated text for");
        while !place.records().iter().take(3).all(begun) {
            assert!(Instant::now() < end, "round {round}: it was never kept");
        }
        // Away from the text: the emulator types an end of input into a line that it closes.
        session.keys("2").expect("history");
        session.until("Enter read").expect("another screen");
        session.hang_up();
        session.ended().expect("it ends");
        let records = place.records();
        assert_eq!(records.len(), 3 * round, "round {round}");
        for record in &records[..3] {
            kept(record, "Simulated text for");
        }
    }
}

#[test]
fn started_in_the_background_it_waits_for_the_terminal() {
    let place = Place::new();
    let shell = "set -m; \"$0\" \"$@\" & echo STARTED; read go; fg > /dev/null; echo ENDED";
    let mut session = place.begin_at(&WIDE, &["/bin/bash", "-c", shell]);
    session.until("STARTED").expect("the shell has the terminal");
    session.keys("\r").expect("take it to the front");
    session.until("Classify").expect("everything is drawn");
    session.keys("q").expect("quit");
    session.until("ENDED").expect("the shell goes on");
    assert!(!session.screen().alternate_screen());
}

fn editor(place: &Place, name: &str, script: &str) -> String {
    let path: PathBuf = place.home().join(name);
    fs::write(&path, format!("#!/bin/sh\n{script}\n")).expect("a script");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("it may run");
    path.to_string_lossy().into_owned()
}

#[test]
fn an_editor_that_misbehaves_costs_neither_the_text_nor_the_terminal() {
    let place = Place::new();
    // It spoils the line, turns the mouse on, hides the cursor, and is killed.
    let killed = editor(
        &place,
        "killed.sh",
        "stty raw -echo; printf '\\033[?1000h\\033[?1003h\\033[?25l'; echo spoiled > \"$1\"; kill -9 $$",
    );
    let fails = editor(&place, "fails.sh", "echo spoiled > \"$1\"; exit 3");
    let away = editor(&place, "away.sh", "cd /; stty raw -echo; printf '\\033[?1000h'; exit 0");
    for (command, told) in [
        (killed.as_str(), "failed"),
        (fails.as_str(), "failed"),
        ("/nowhere/editor", "not found"),
        (away.as_str(), "left the text as it was"),
    ] {
        let mut session = place.start_with(120, 36, &[("EDITOR", command)]);
        session.keys("e").expect("open the editor");
        session.until(told).expect("it is told");
        session.settle(Duration::from_millis(300)).expect("quiet");
        session.keys("2").expect("history");
        session.until("Every call is kept here").expect("keys work");
        assert!(session.screen().alternate_screen());
        assert_eq!(session.screen().mouse_protocol_mode(), vt100::MouseProtocolMode::None);
        session.keys("1").expect("back");
        session.until("Classify").expect("the text is as it was");
        assert!(!session.screen().contents().contains("+ draft"), "{command}");
        session.keys("q").expect("quit");
        assert_eq!(session.ended().expect("it ends"), 0);
        restored(&session, &session.line_before());
    }
}

#[test]
fn two_workbenches_on_one_database_both_work() {
    let place = Place::new();
    let mut first = place.start(120, 36);
    let mut second = place.start(120, 36);
    for session in [&mut first, &mut second] {
        session.keys("R").expect("run");
        session.until("done ").expect("an answer");
        session.settle(Duration::from_millis(200)).expect("quiet");
    }
    first.keys("2").expect("history");
    first.until("of 2").expect("both executions are listed");
    // What the other one does meanwhile is seen on coming back to the window,
    second.keys("R").expect("run");
    place.until_recorded(3);
    first.keys("\x1b[O\x1b[I").expect("away and back");
    first.until("of 3").expect("the third one is listed");
    // and with a key, where the window was never left.
    second.keys("R").expect("run");
    place.until_recorded(4);
    let end = Instant::now() + Duration::from_mins(1);
    while !first.screen().contents().contains("of 4") {
        assert!(Instant::now() < end, "{}", first.screen().contents());
        first.keys("\x1b[B").expect("down");
        first.take(Duration::from_millis(50)).expect("it runs");
    }
    second.until("done ").expect("an answer");
    second.settle(Duration::from_millis(200)).expect("quiet");
    for session in [&mut first, &mut second] {
        session.keys("q").expect("quit");
        assert_eq!(session.ended().expect("it ends"), 0);
    }
    let records = place.records();
    assert_eq!(records.len(), 4);
    assert!(records.iter().all(|record| record.status == Status::Ok));
}

/// Ten megabytes with everything in them that is no text, the end of a paste among it: what
/// follows that is typed, and typed characters are text too where keys type.
#[test]
fn a_paste_of_ten_megabytes_is_text_and_one_step() {
    let place = Place::new();
    let mut session = place.start(120, 36);
    session.keys("i").expect("type");
    session.until("INSERT").expect("keys type");
    let piece = "pasted \u{0} words \u{1b}[31m \u{1b}]52;c;aGk=\u{7}\r\n";
    let paste = format!("\x1b[200~{}\x1b[201~", piece.repeat((10 << 20) / piece.len()));
    session.keys(&paste).expect("it goes in");
    session.until("+ draft").expect("it is in the text");
    session.keys("\x1b[200~one\x1b[201~q two\x1b[201~").expect("an end in the middle");
    session.until("oneq two").expect("all of it is text");
    session.keys("\x1b").expect("out of typing");
    session.until("i type").expect("keys act again");
    // The large one, the small one, and the words that were typed.
    for _ in 0..5 {
        session.keys("u").expect("undo");
        session.settle(Duration::from_millis(100)).expect("quiet");
    }
    session
        .until_that("no draft", |screen| !screen.contains("+ draft"))
        .expect("everything is undone in a few steps");
    session.keys("q").expect("quit");
    assert_eq!(session.ended().expect("it ends"), 0);
}

#[test]
fn a_poor_terminal_gets_ascii_and_a_dumb_one_a_line() {
    let place = Place::new();
    for environment in [
        [("TERM", "linux"), ("LANG", "C"), ("LC_ALL", "C")],
        [("TERM", "xterm"), ("LANG", "POSIX"), ("LC_ALL", "POSIX")],
    ] {
        let mut session = place.start_with(80, 24, &environment);
        session.keys("R").expect("run");
        session.until("done ").expect("an answer");
        assert!(session.screen().contents().is_ascii(), "{environment:?}");
        session.keys("q").expect("quit");
        assert_eq!(session.ended().expect("it ends"), 0);
    }
    for term in ["dumb", ""] {
        let mut session = Session::start(Start {
            environment: vec![("TERM".to_owned(), term.to_owned())],
            home: Some(place.home().to_owned()),
            ..Start::default()
        })
        .expect("it starts");
        assert_eq!(session.ended().expect("it ends"), 2, "TERM={term}");
        let told = session.screen().contents();
        assert!(told.contains("lathe run") && !session.screen().alternate_screen(), "{told}");
    }
}

/// A child of the program has neither the database nor any other of its files.
#[test]
#[cfg(target_os = "linux")]
fn the_editor_inherits_no_file() {
    let place = Place::new();
    let list = place.home().join("open-files");
    let script = format!("ls -l /proc/self/fd > '{}'", list.display());
    let command = editor(&place, "list.sh", &script);
    let mut session = place.start_with(120, 36, &[("EDITOR", &command)]);
    session.keys("e").expect("open the editor");
    session.until("left the text as it was").expect("it ran");
    let listed = fs::read_to_string(&list).expect("read");
    for name in ["lathe.db", "socket", "eventpoll"] {
        assert!(!listed.contains(name), "{name} in {listed}");
    }
    session.keys("q").expect("quit");
    assert_eq!(session.ended().expect("it ends"), 0);
}
