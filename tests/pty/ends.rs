//! Every way the program can be made to end.

use std::{
    process::Command,
    time::{Duration, Instant},
};

use promptlathe::model::{Execution, Status};
use rustix::process::{Pid, Signal, kill_process};

use crate::{
    place::Place,
    session::{Session, children_of},
    ways::restored,
};

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

/// Words at a pace that shows them one by one and goes on for minutes.
pub const STEADY: &str =
    "---\nversion: 1.0.0\nmodel: demo/load\n---\nuser:\nClassify: tokens=20000 rate=40\n";

/// A session in the middle of an answer, some of whose words are on the screen.
pub fn writing(place: &Place) -> Session {
    place.write(STEADY);
    let mut session = place.start(120, 36);
    session.keys("R").expect("run");
    until_words(&mut session, 12);
    session
}

/// Waits until so many words of the answer are on the screen.
pub fn until_words(session: &mut Session, count: usize) {
    session
        .until_that("words of an answer", |screen| answer_on(screen).split(' ').count() >= count)
        .expect("they come");
}

/// The words of the one answer on a screen: what stands between the title of its pane and the line
/// above its figures.
pub fn answer_on(screen: &str) -> String {
    let lines = screen.lines().skip_while(|line| !line.starts_with("╭ A "));
    let lines = lines.skip(1).take_while(|line| !line.starts_with('├'));
    let words: Vec<&str> =
        lines.flat_map(|line| line.trim_matches(['│', '█', '▌', ' ']).split_whitespace()).collect();
    words.join(" ")
}

fn words_of(record: &Execution) -> String {
    record.text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Waits until the database has what was on the screen, while the answer goes on.
pub fn until_kept(place: &Place, seen: &str) {
    let end = Instant::now() + Duration::from_mins(1);
    loop {
        let records = place.records();
        assert_eq!(records[0].status, Status::Running);
        if words_of(&records[0]).starts_with(seen) {
            return;
        }
        assert!(Instant::now() < end, "it was never kept: {seen}");
    }
}

/// Looks whether a record has ended, with all that was on the screen and more of the same at most.
/// On a machine that is busy with something else the time to end in order may run out; then the
/// next start finds what was kept until then, and calls it interrupted.
pub fn kept(record: &Execution, seen: &str) {
    assert!(matches!(record.status, Status::Cancelled | Status::Interrupted), "{record:?}");
    let text = words_of(record);
    assert!(text.starts_with(seen), "on the screen:\n{seen}\non record:\n{text}");
}

pub fn signal(session: &Session, signal: Signal) {
    kill(session.process().expect("a process"), signal);
}

pub fn kill(process: u32, signal: Signal) {
    let id = i32::try_from(process).ok().and_then(Pid::from_raw).expect("an id");
    kill_process(id, signal).expect("sent");
}

#[test]
fn a_terminal_that_goes_away_ends_it_and_keeps_what_came() {
    let place = Place::new();
    let mut session = writing(&place);
    let seen = answer_on(&session.screen().contents());
    until_kept(&place, &seen);
    session.hang_up();
    session.ended().expect("it ends");
    let records = place.records();
    assert_eq!(records.len(), 1);
    kept(&records[0], &seen);
}

#[test]
fn killed_without_a_word_it_is_interrupted_at_the_next_start() {
    let place = Place::new();
    let mut session = writing(&place);
    let seen = answer_on(&session.screen().contents());
    until_kept(&place, &seen);
    signal(&session, Signal::KILL);
    session.ended().expect("it ends");
    let mut again = place.start(120, 36);
    again.until("cut off").expect("the next start tells of it");
    again.keys("2").expect("history");
    again.until("1 of 1").expect("the list");
    again.keys("\r").expect("read it");
    again.until("Simulated text").expect("its text is there");
    again.keys("q").expect("quit");
    assert_eq!(again.ended().expect("it ends"), 0);
    let records = place.records();
    assert_eq!(records[0].status, Status::Interrupted);
    kept(&records[0], &seen);
}

#[test]
fn what_is_typed_outlives_an_end_without_a_word() {
    let place = Place::new();
    let before = place.read();
    let mut session = place.start(120, 36);
    session.keys("i\x1b[1;5F").expect("type at the end");
    session.until("INSERT").expect("keys type");
    session.keys("Typed just now.").expect("typed");
    session.until("Typed just now.").expect("it is on the screen");
    let end = Instant::now() + Duration::from_mins(1);
    while !place.draft().is_some_and(|draft| draft.ends_with("Typed just now.")) {
        assert!(Instant::now() < end, "it was never kept");
    }
    // In the middle of the next words.
    session.keys(" And mo").expect("typed");
    signal(&session, Signal::KILL);
    session.ended().expect("it ends");
    assert_eq!(place.read(), before, "the file was not touched");

    let mut again = place.start(120, 36);
    again.until("+ draft").expect("the draft is offered");
    again.until("Typed just now.").expect("with what was typed");
    again.keys("2").expect("history");
    again.until("Every call is kept here").expect("keys work");
    again.keys("q").expect("quit");
    assert_eq!(again.ended().expect("it ends"), 0);
    assert!(place.draft().is_some_and(|draft| draft.contains("Typed just now.")));
}

/// A shell that starts it three times, and looks at what is left after the first.
const THREE_TIMES: &str = "\"$0\" \"$@\"; read go; \"$0\" doctor | grep '^note  terminal'; \
    echo LOOKED; read go; \"$0\" \"$@\"; echo QUIT; read go; exec \"$0\" \"$@\"";

#[test]
#[cfg(target_os = "linux")]
fn after_an_end_without_a_word_the_next_start_says_so_and_puts_the_terminal_right() {
    let place = Place::new();
    let mut session = place.start_under(&["/bin/bash", "-c", THREE_TIMES], 120, 36, &[]);
    // The mark is set after the first frame, and this is one of the next.
    session.keys("2").expect("history");
    session.until("Every call is kept here").expect("it works");
    assert_eq!(place.marks(), 1);
    let shell = session.process().expect("a shell");
    let [program] = children_of(shell)[..] else { panic!("one program") };
    kill(program, Signal::KILL);
    session.until_that("the shell again", |_| children_of(shell).is_empty()).expect("it ends");
    assert_ne!(session.line(), session.line_before(), "the line is left as it was");
    assert!(session.screen().alternate_screen() && session.screen().bracketed_paste());

    session.keys("\n").expect("look");
    session.until("LOOKED").expect("looked");
    let screen = session.screen().contents();
    assert!(screen.contains("ended without cleaning up") && screen.contains("`reset`"), "{screen}");
    session.keys("\n").expect("again");
    session.until("Classify").expect("everything is drawn");
    session.until("run `reset`").expect("it is told what helps");
    session.until("ended without cleaning up").expect("and why");
    assert_eq!(place.marks(), 1, "the one of before is gone");
    session.keys("q").expect("quit");
    session.until("QUIT").expect("it ends");
    restored(&session, &session.line_before());
    assert_eq!(place.marks(), 0);

    session.keys("\n").expect("once more");
    session.until("Classify").expect("everything is drawn");
    session.keys("2").expect("history");
    session.until("Every call is kept here").expect("what was to be told is told");
    assert!(!session.screen().contents().contains("cleaning up"), "it is told once");
    session.keys("q").expect("quit");
    assert_eq!(session.ended().expect("it ends"), 0);
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
