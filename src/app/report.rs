//! What is left of a fault in the program itself: a report without secrets in the user's state
//! folder, and a few safe lines that say where it is.

use std::{
    backtrace::Backtrace,
    fmt::Write as _,
    fs,
    io::{self, Write as _},
    panic::PanicHookInfo,
    path::{Path, PathBuf},
    sync::{Arc, OnceLock, mpsc},
    thread,
    time::Duration,
};

use jiff::Timestamp;

use super::Redaction;
use crate::{
    config::{Environment, Paths, create_private_dir, create_private_file},
    safety::{MarkStyle, display_line_with, display_with},
};

/// How many reports are kept; the oldest go first.
const KEPT: usize = 20;
/// How many characters of a message are told; the report has all of it.
const TOLD: usize = 300;
/// How long the program waits for its report. The fault may have left a lock behind that the
/// report needs, and then it ends without one.
const PATIENCE: Duration = Duration::from_secs(2);
/// The thread that writes a report; a fault there is not reported again.
const WRITER: &str = "report";

/// Where reports go and what is taken out of them, once that is known.
static PLACE: OnceLock<Place> = OnceLock::new();

struct Place {
    folder: PathBuf,
    redaction: Arc<Redaction>,
    surroundings: String,
}

/// A fault as the system tells it.
struct Fault {
    message: String,
    location: String,
    thread: String,
    backtrace: String,
}

/// What the user is told of a fault: safe to print.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// What happened and where, on one line.
    pub fault: String,
    /// The report, where one was written.
    pub report: Option<PathBuf>,
}

impl Told {
    /// The lines for standard error.
    #[must_use]
    pub fn lines(&self) -> String {
        let report = match &self.report {
            Some(path) => {
                let path = path.display().to_string();
                format!(
                    "a report without keys, for those who can mend it, is in {}",
                    display_line_with(&path, MarkStyle::Ascii)
                )
            }
            None => "no report of it could be written".to_owned(),
        };
        format!(
            "lathe: a fault in the program, which panicked: {}\nlathe: what was recorded is kept; {report}\n",
            self.fault
        )
    }
}

/// Says where reports go from now on. Before that a fault is told and leaves no report.
pub fn prepare(paths: &Paths, redaction: &Arc<Redaction>, environment: &Environment) {
    // A second start in one process keeps the first place.
    let _ = PLACE.set(Place {
        folder: paths.state_dir.clone(),
        redaction: Arc::clone(redaction),
        surroundings: surroundings(environment),
    });
}

/// Makes a fault of a headless command leave a report, and tells of it in a few safe lines.
pub fn install() {
    std::panic::set_hook(Box::new(|panic| {
        let told = tell(panic);
        // Nobody can be told where standard error cannot be written.
        let _ = io::stderr().write_all(told.lines().as_bytes());
    }));
}

/// Writes a report of a fault and says what is to be told of it.
#[must_use]
pub fn tell(panic: &PanicHookInfo<'_>) -> Told {
    let current = thread::current();
    let fault = Fault {
        message: panic.payload_as_str().unwrap_or("no message").to_owned(),
        location: panic.location().map_or_else(|| "unknown".to_owned(), ToString::to_string),
        thread: current.name().unwrap_or("without a name").to_owned(),
        backtrace: String::new(),
    };
    let withheld = || Told { fault: safe_line(&fault.location), report: None };
    if current.name() == Some(WRITER) {
        return withheld();
    }
    let fault = Fault { backtrace: Backtrace::force_capture().to_string(), ..fault };
    let location = fault.location.clone();
    // On a thread of its own: what the fault interrupted may hold locks that this needs.
    let (sender, told) = mpsc::channel();
    let started = thread::Builder::new().name(WRITER.to_owned()).spawn(move || {
        let told = write(&fault, PLACE.get());
        // Nobody waits any more after the patience is over.
        let _ = sender.send(told);
    });
    let told = started.ok().and_then(|_| told.recv_timeout(PATIENCE).ok());
    told.unwrap_or_else(|| Told { fault: safe_line(&location), report: None })
}

fn write(fault: &Fault, place: Option<&Place>) -> Told {
    let Some(place) = place else {
        // Which keys there are is not known yet, so nothing of the message is repeated.
        return Told { fault: safe_line(&fault.location), report: None };
    };
    let message = place.redaction.everything().redact(&fault.message).text.into_owned();
    let shown: String = message.chars().take(TOLD).collect();
    let dots = if shown.len() < message.len() { " ..." } else { "" };
    let told = safe_line(&format!("{shown}{dots} ({})", fault.location));
    let text = text(fault, &message, place);
    Told { fault: told, report: keep(&place.folder, &text).ok() }
}

fn safe_line(text: &str) -> String {
    display_line_with(text, MarkStyle::Ascii).into_owned()
}

fn text(fault: &Fault, message: &str, place: &Place) -> String {
    let mut text = String::new();
    // Writing into a text cannot fail.
    let _ = write!(
        text,
        "Lathe {}, {} on {}\n{}\nprocess {}, thread {}\n{}\nmessage: {message}\nplace: {}\n\n{}\n",
        env!("CARGO_PKG_VERSION"),
        std::env::consts::OS,
        std::env::consts::ARCH,
        Timestamp::now(),
        std::process::id(),
        fault.thread,
        place.surroundings,
        fault.location,
        fault.backtrace,
    );
    let text = place.redaction.keys_alone().redact(&text).text.into_owned();
    display_with(&text, MarkStyle::Ascii).into_owned()
}

/// What is known of the terminal, on one line.
fn surroundings(environment: &Environment) -> String {
    let names = ["TERM", "COLORTERM", "TERM_PROGRAM", "LANG", "LC_ALL", "LC_CTYPE"];
    let mut facts: Vec<String> = names
        .iter()
        .filter_map(|name| Some(format!("{name}={}", environment.filled(name)?)))
        .collect();
    for (holds, words) in [
        (environment.over_ssh(), "over SSH"),
        (environment.in_tmux(), "in tmux"),
        (environment.in_screen(), "in screen"),
        (!environment.stdin_is_terminal, "input is no terminal"),
        (!environment.stdout_is_terminal, "output is no terminal"),
    ] {
        if holds {
            facts.push(words.to_owned());
        }
    }
    safe_line(&format!("terminal: {}", facts.join(", ")))
}

/// Writes a report that only the user can read, and lets the oldest ones go.
fn keep(folder: &Path, text: &str) -> io::Result<PathBuf> {
    create_private_dir(folder)?;
    let now = Timestamp::now().strftime("%Y%m%dT%H%M%SZ");
    let process = std::process::id();
    for number in 1..=KEPT {
        let path = folder.join(format!("report-{now}-{process}-{number}.txt"));
        match create_private_file(&path) {
            Ok(mut file) => {
                file.write_all(text.as_bytes())?;
                let_the_oldest_go(folder);
                return Ok(path);
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}

fn let_the_oldest_go(folder: &Path) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    let is_report = |path: &PathBuf| {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
        path.extension().is_some_and(|extension| extension == "txt")
            && name.is_some_and(|name| name.starts_with("report-"))
    };
    let mut reports: Vec<PathBuf> =
        entries.flatten().map(|entry| entry.path()).filter(is_report).collect();
    // Their names begin with the time.
    reports.sort();
    for path in reports.iter().take(reports.len().saturating_sub(KEPT)) {
        // One that cannot be removed is one too many, and no more than that.
        let _ = fs::remove_file(path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Settings;

    const KEY: &str = "planted-key-0123456789";

    fn place(folder: &Path) -> Place {
        let environment =
            Environment::from_pairs([("OPENAI_API_KEY", KEY), ("TERM", "xterm\u{1b}[2J")]);
        let settings = Settings::built_in(&environment).expect("valid");
        let redaction = Redaction::new(&settings, &environment).expect("valid");
        Place {
            folder: folder.join("state"),
            redaction: Arc::new(redaction),
            surroundings: surroundings(&environment),
        }
    }

    fn fault(message: String) -> Fault {
        Fault {
            message,
            location: "src/somewhere.rs:12:3".to_owned(),
            thread: "main".to_owned(),
            backtrace: format!("   0: a::frame\n   1: called with {KEY}\u{1b}]52;c;AA\u{7}"),
        }
    }

    #[test]
    fn a_report_has_the_facts_and_neither_keys_nor_escapes() {
        let folder = tempfile::tempdir().expect("a folder");
        let place = place(folder.path());
        let mail = "ada@example.com";
        let message = format!("index of `{KEY}` by {mail}\r\nforged\u{1b}[2J\u{202e}");
        let told = write(&fault(message), Some(&place));
        let path = told.report.clone().expect("a report");
        let report = fs::read_to_string(&path).expect("read");
        for word in [
            "index of",
            "src/somewhere.rs:12:3",
            "a::frame",
            env!("CARGO_PKG_VERSION"),
            std::env::consts::OS,
            "TERM=xterm",
            "thread main",
        ] {
            assert!(report.contains(word), "{word}: {report}");
        }
        let lines = told.lines();
        for text in [&report, &lines] {
            assert!(!text.contains(KEY) && !text.contains(mail), "{text}");
            assert!(text.is_ascii() && !text.contains('\u{1b}') && !text.contains('\r'), "{text}");
        }
        assert_eq!(lines.lines().count(), 2, "{lines}");
        assert!(lines.contains(&path.display().to_string()) && lines.contains("index of"));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = fs::metadata(&path).expect("facts").permissions().mode() & 0o777;
            assert_eq!(mode, 0o600);
        }
    }

    #[test]
    fn a_long_message_is_told_in_short_and_reported_whole() {
        let folder = tempfile::tempdir().expect("a folder");
        let message = "long ".repeat(1_000);
        let told = write(&fault(message.clone()), Some(&place(folder.path())));
        assert!(told.fault.len() < 400 && told.fault.contains("..."), "{}", told.fault);
        let report = fs::read_to_string(told.report.expect("a report")).expect("read");
        assert!(report.contains(message.trim_end()));
    }

    #[test]
    fn before_the_keys_are_known_nothing_of_the_message_is_repeated() {
        let told = write(&fault(KEY.to_owned()), None);
        assert_eq!(told, Told { fault: "src/somewhere.rs:12:3".to_owned(), report: None });
        assert!(!told.lines().contains(KEY));
    }

    #[test]
    fn the_oldest_reports_go() {
        let folder = tempfile::tempdir().expect("a folder");
        let place = place(folder.path());
        create_private_dir(&place.folder).expect("made");
        for number in 0..KEPT {
            let name = format!("report-19700101T0000{number:02}Z-1-1.txt");
            fs::write(place.folder.join(name), "old").expect("written");
        }
        fs::write(place.folder.join("lathe.log"), "kept").expect("written");
        let told = write(&fault("new".to_owned()), Some(&place));
        let names: Vec<String> = fs::read_dir(&place.folder)
            .expect("listed")
            .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
            .collect();
        assert_eq!(names.len(), KEPT + 1, "{names:?}");
        assert!(names.contains(&"lathe.log".to_owned()));
        assert!(!names.contains(&"report-19700101T000000Z-1-1.txt".to_owned()));
        assert!(told.report.expect("a report").exists());
    }
}
