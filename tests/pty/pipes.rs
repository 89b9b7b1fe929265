//! Headless commands in a shell whose reader leaves early, or that have nowhere to write at all.

use promptlathe::model::Status;

use crate::{
    ends::STEADY,
    place::{Place, Seat, WIDE},
    session::Session,
};

/// More than any pipe holds, so that whoever writes it meets the end of its reader.
const LONG: &str =
    "---\nversion: 1.0.0\nmodel: demo/load\n---\nuser:\nClassify: tokens=60000 rate=0\n";

/// Runs a line of a shell, in which `lathe` is the program in its workspace.
fn shell(place: &Place, line: &str) -> Session {
    let wide = Seat { columns: 200, rows: 50, ..WIDE };
    let script = format!("lathe() {{ \"$0\" \"$@\" {}; }}; {line}", place.arguments().join(" "));
    // The program is the shell's own name; its arguments are given where it is called.
    place.begin_at(&wide, &["/bin/bash", "-c", &script])
}

/// What a line of a shell wrote to the terminal.
fn written(place: &Place, line: &str) -> String {
    let mut session = shell(place, line);
    session.ended().expect("it ends");
    let text = String::from_utf8(session.output().to_vec()).expect("text");
    text.replace("\r\n", "\n")
}

#[test]
fn a_reader_that_leaves_early_ends_every_command_in_silence() {
    let place = Place::new();
    place.write(LONG);
    let ran = written(&place, "lathe run mood > answer; echo CODE $?");
    assert_eq!(ran, "CODE 0\n");
    let text =
        format!("---\nversion: 1.0.0\n---\nuser:\n{}\n", "A long template.\n".repeat(20_000));
    std::fs::write(place.home().join("work/prompts/long.prompty"), text).expect("written");
    for (command, first) in [
        ("history export --format markdown | head -c 3", "# 0"),
        ("history export --format jsonl | head -c 6", "{\"id\":"),
        ("history export --format csv | head -c 2", "id"),
        ("history list | head -1 | cut -c1-4", ""),
        ("template show long | head -1", "---\n"),
        ("template render long | head -1", "user:\n"),
        ("man | head -c 3", ".ie"),
        ("run mood | head -c 9", "Simulated"),
        ("run mood --format json | head -c 6", "{\"id\":"),
    ] {
        let line = format!("lathe {command}; echo \" CODES ${{PIPESTATUS[*]}}\"");
        let told = written(&place, &line);
        assert!(told.starts_with(first), "{command}: {told}");
        let (_, codes) = told.rsplit_once("CODES ").expect("codes");
        assert!(codes.trim().split(' ').all(|code| code == "0"), "{command}: {told}");
        assert!(told.lines().count() <= 2 && told.len() < 100, "{command}: {told}");
    }
}

/// The call would go on for minutes; it ends with its reader, and what came is kept.
#[test]
fn a_stream_ends_with_its_reader_and_is_kept_as_far_as_it_came() {
    let place = Place::new();
    place.write(STEADY);
    let told = written(&place, "lathe run mood | head -c 9; echo \" CODES ${PIPESTATUS[*]}\"");
    assert_eq!(told, "Simulated CODES 0 0\n");
    let records = place.records();
    assert_eq!(records.len(), 1);
    assert_eq!(records[0].status, Status::Cancelled);
    assert!(records[0].text.starts_with("Simulated"), "{}", records[0].text);
}

/// A file that is opened next would get the number of the output that is closed: nothing of what
/// is printed may end up in the database.
#[test]
fn with_nowhere_to_write_nothing_is_damaged() {
    let place = Place::new();
    place.write(&LONG.replace("60000", "50"));
    for closed in [">&-", "2>&-", ">&- 2>&-", "<&-", "<&- >&- 2>&-"] {
        for command in ["run mood", "history list", "history export --format jsonl", "doctor"] {
            let told = written(&place, &format!("lathe {command} {closed}; echo \" CODE $?\""));
            assert!(told.ends_with("CODE 0\n"), "{command} {closed}: {told}");
            assert!(!told.contains("panicked"), "{command} {closed}: {told}");
        }
    }
    let records = place.records();
    assert_eq!(records.len(), 5);
    assert!(records.iter().all(|record| record.status == Status::Ok));
    let told = written(&place, "lathe doctor | grep database; echo CODE $?");
    assert!(told.contains("sound"), "{told}");
}
