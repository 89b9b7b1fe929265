//! Panics while the screen is up. The program has nothing that would make it panic, so a process
//! of these tests, with the same screen and the same hook, stands for it.

use std::thread;

use promptlathe::tui::term::{Capabilities, Screen, install_panic_hook};
use ratatui::widgets::Paragraph;

use crate::{
    place::WIDE,
    session::{Session, Start},
    ways::restored,
};

const WHERE: &str = "LATHE_TEST_PANICS_IN";

/// Panics when it is dropped: a second time where that is because of a first.
struct Bomb;

#[expect(clippy::panic, reason = "what happens then is what is looked at")]
impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("a second fault");
    }
}

fn show(screen: &mut Screen, text: &'static str) {
    screen
        .draw(|frame| frame.render_widget(Paragraph::new(text), frame.area()))
        .expect("it is drawn");
}

/// Not a test of its own: the process that the others start.
#[test]
fn panicking_process() {
    let Ok(place) = std::env::var(WHERE) else { return };
    install_panic_hook();
    let capabilities = Capabilities { keyboard: true, clipboard: false };
    let mut screen = Screen::enter(capabilities, true).expect("entered");
    show(&mut screen, "the first frame");
    match place.as_str() {
        "worker" => {
            let worker = thread::spawn(|| panic!("a fault of a worker"));
            assert!(worker.join().is_err());
            show(&mut screen, "the frame after");
            let mut line = String::new();
            std::io::stdin().read_line(&mut line).expect("a line");
        }
        "twice" => {
            let _bomb = Bomb;
            panic!("a fault of the screen");
        }
        _ => panic!("a fault of the screen"),
    }
}

fn start(place: &str) -> Session {
    let test = std::env::current_exe().expect("this program").to_string_lossy().into_owned();
    let wrapper =
        [&test, "--exact", "panics::panicking_process", "--nocapture", "--test-threads=1"];
    WIDE.start(Start {
        wrapper: wrapper.iter().map(|word| (*word).to_owned()).collect(),
        environment: vec![(WHERE.to_owned(), place.to_owned())],
        ..Start::default()
    })
}

#[test]
fn a_panic_leaves_the_terminal_first_and_is_told_then() {
    for place in ["screen", "twice"] {
        let mut session = start(place);
        assert_ne!(session.ended().expect("it ends"), 0, "{place}");
        restored(&session, &session.line_before());
        assert!(session.wrote_last("a fault of the screen", "\x1b[?1049l"), "{place}");
        assert!(!session.screen().contents().contains("the first frame"), "{place}");
    }
}

#[test]
fn a_panic_of_a_worker_leaves_the_screen_up() {
    let mut session = start("worker");
    session.until("the frame after").expect("the screen goes on");
    assert!(session.screen().alternate_screen());
    assert!(!session.screen().contents().contains("a fault"), "nothing is written over it");
    session.keys("\n").expect("a line");
    session.ended().expect("it ends");
    restored(&session, &session.line_before());
}
