//! Panics while the screen is up. The program has nothing that would make it panic, so a process
//! of these tests, with the same screen and the same hook, stands for it.

use std::{fs, os::unix::fs::PermissionsExt as _, path::PathBuf, sync::Arc, thread};

use promptlathe::{
    app::{Redaction, report, start_log},
    config::{Environment, Overrides, Paths, Settings},
    tui::term::{Capabilities, Screen, install_panic_hook},
};
use ratatui::widgets::Paragraph;

use tempfile::TempDir;

use crate::{
    place::WIDE,
    session::{Session, Start},
    ways::restored,
};

const WHERE: &str = "LATHE_TEST_PANICS_IN";
/// What must not come out of the process that panics over it.
const KEY: &str = "planted-key-0123456789";

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
    let environment = Environment::capture();
    let paths = Paths::resolve(&environment, &Overrides::default()).expect("paths");
    let settings = Settings::built_in(&environment).expect("valid");
    let redaction = Arc::new(Redaction::new(&settings, &environment).expect("valid"));
    start_log(&paths, &redaction);
    report::prepare(&paths, &redaction, &environment);
    let capabilities = Capabilities { keyboard: true, clipboard: false };
    let mut screen = Screen::enter(capabilities, true).expect("entered");
    show(&mut screen, "the first frame");
    match place.as_str() {
        "worker" => {
            let worker = thread::spawn(|| panic!("a fault of a worker, {KEY}"));
            assert!(worker.join().is_err());
            show(&mut screen, "the frame after");
            let mut line = String::new();
            std::io::stdin().read_line(&mut line).expect("a line");
        }
        "twice" => {
            let _bomb = Bomb;
            panic!("a fault of the screen, {KEY}\x1b[31m\x1b]0;title\x07");
        }
        _ => panic!("a fault of the screen, {KEY}\x1b[31m\x1b]0;title\x07"),
    }
}

fn start(place: &str, home: &TempDir) -> Session {
    let test = std::env::current_exe().expect("this program").to_string_lossy().into_owned();
    let wrapper =
        [&test, "--exact", "panics::panicking_process", "--nocapture", "--test-threads=1"];
    WIDE.start(Start {
        wrapper: wrapper.iter().map(|word| (*word).to_owned()).collect(),
        environment: vec![
            (WHERE.to_owned(), place.to_owned()),
            ("OPENAI_API_KEY".to_owned(), KEY.to_owned()),
        ],
        home: Some(home.path().to_owned()),
        ..Start::default()
    })
}

/// The reports there are, each with its path, after a look at who can read them.
fn reports(home: &TempDir) -> Vec<(PathBuf, String)> {
    let folder = home.path().join(".local/state/lathe");
    let paths = fs::read_dir(folder).expect("the state folder").map(|it| it.expect("it").path());
    let mut reports: Vec<PathBuf> =
        paths.filter(|path| path.extension().is_some_and(|it| it == "txt")).collect();
    reports.sort();
    reports
        .into_iter()
        .map(|path| {
            let mode = fs::metadata(&path).expect("facts").permissions().mode() & 0o777;
            assert_eq!(mode, 0o600, "{}", path.display());
            let report = fs::read_to_string(&path).expect("read");
            assert!(!report.contains(KEY) && !report.contains('\x1b'), "{report}");
            (path, report)
        })
        .collect()
}

#[test]
fn a_panic_leaves_the_terminal_first_and_is_told_then() {
    // A fault while another one is cleaned up is followed by the end of all cleaning.
    let twice = [
        ("a fault of the screen", "tests/pty/panics.rs:"),
        ("a second fault", "tests/pty/panics.rs:"),
        ("destructor during cleanup", "panicking.rs:"),
    ];
    for (place, faults) in [("screen", &twice[..1]), ("twice", &twice)] {
        let home = TempDir::new().expect("a home");
        let mut session = start(place, &home);
        assert_ne!(session.ended().expect("it ends"), 0, "{place}");
        restored(&session, &session.line_before());
        assert!(session.wrote_last("a fault of the screen", "\x1b[?1049l"), "{place}");
        let screen = session.screen().contents();
        assert!(!screen.contains("the first frame"), "{place}");
        // Neither the key nor what would drive the terminal, in the message and in the report.
        assert!(!screen.contains(KEY) && screen.contains("[redacted:openai-key]"), "{screen}");
        assert!(!session.wrote("\x1b[31m") && !session.wrote("\x1b]0;"), "{place}");
        let reports = reports(&home);
        assert_eq!(reports.len(), faults.len(), "{place}");
        // The lines of the terminal cut the path.
        let joined: String = screen.lines().collect();
        for ((path, report), (fault, line)) in reports.iter().zip(faults) {
            assert!(report.contains(fault) && report.contains(line), "{report}");
            assert!(report.contains("TERM=xterm-256color"), "{report}");
            assert!(report.contains("panics::panicking_process"), "no backtrace: {report}");
            assert!(joined.contains(&path.display().to_string()), "{screen}");
        }
    }
}

#[test]
fn a_panic_of_a_worker_leaves_the_screen_up() {
    let home = TempDir::new().expect("a home");
    let mut session = start("worker", &home);
    session.until("the frame after").expect("the screen goes on");
    assert!(session.screen().alternate_screen());
    assert!(!session.screen().contents().contains("a fault"), "nothing is written over it");
    let reports = reports(&home);
    assert_eq!(reports.len(), 1);
    assert!(reports[0].1.contains("a fault of a worker"), "{}", reports[0].1);
    let log = fs::read_to_string(home.path().join(".local/state/lathe/lathe.log")).expect("a log");
    assert!(log.contains("a fault of a worker") && !log.contains(KEY), "{log}");
    assert!(log.contains(&reports[0].0.display().to_string()), "{log}");
    session.keys("\n").expect("a line");
    session.ended().expect("it ends");
    restored(&session, &session.line_before());
}
