//! Signals to a program that does not end by itself. The real one always does in time, so a
//! process of these tests, with the same screen and the same listening, stands for it.

use std::time::Duration;

use promptlathe::tui::term::{Capabilities, Screen, Signal, listen};
use ratatui::widgets::Paragraph;
use rustix::process::Signal as Sent;

use crate::{
    ends::signal,
    place::WIDE,
    session::{Session, Start},
    ways::restored,
};

const GRACE: &str = "LATHE_TEST_GRACE_IN_SECONDS";

/// Not a test of its own: the process that the others start. It hears every wish to end, and
/// never does.
#[test]
fn waiting_process() {
    let Ok(grace) = std::env::var(GRACE) else { return };
    let grace = Duration::from_secs(grace.parse().expect("a number"));
    let capabilities = Capabilities { keyboard: true, clipboard: false };
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let mut signals = listen(grace).expect("it listens");
        let mut screen = Screen::enter(capabilities, true).expect("entered");
        let mut told = 0;
        loop {
            let text = format!("told {told} times");
            screen
                .draw(|frame| frame.render_widget(Paragraph::new(text), frame.area()))
                .expect("it is drawn");
            if let Some(Signal::End(_)) = signals.next().await {
                told += 1;
            }
        }
    });
}

fn start(grace: &str) -> Session {
    let test = std::env::current_exe().expect("this program").to_string_lossy().into_owned();
    let wrapper = [&test, "--exact", "signals::waiting_process", "--nocapture", "--test-threads=1"];
    let mut session = WIDE.start(Start {
        wrapper: wrapper.iter().map(|word| (*word).to_owned()).collect(),
        environment: vec![(GRACE.to_owned(), grace.to_owned())],
        ..Start::default()
    });
    session.until("told 0 times").expect("it waits");
    session
}

#[test]
fn the_first_signal_leaves_time_and_the_second_none() {
    for (second, code) in [(Sent::TERM, 143), (Sent::INT, 130), (Sent::QUIT, 131)] {
        let mut session = start("3600");
        signal(&session, Sent::TERM);
        session.until("told 1 times").expect("it goes on");
        signal(&session, second);
        assert_eq!(session.ended().expect("it ends"), code);
        restored(&session, &session.line_before());
    }
}

#[test]
fn who_does_not_end_is_ended_when_the_grace_is_over() {
    let mut session = start("0");
    signal(&session, Sent::TERM);
    assert_eq!(session.ended().expect("it ends"), 143);
    restored(&session, &session.line_before());
}
