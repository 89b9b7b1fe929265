//! What people do, from the first key to the last.

use std::{fs, os::unix::fs::PermissionsExt as _, time::Duration};

use promptlathe::model::Status;

use crate::{
    place::{FAR, Place, SMALL, Seat, WIDE},
    session::{Session, Start},
};

fn done(session: &mut Session, count: usize) {
    session
        .until_that("so many answers", |screen| screen.matches("done ").count() >= count)
        .expect("the answers come");
}

/// Runs two variants, edits, saves, rolls back, finds both in the history, and leaves.
fn whole_loop(seat: &Seat<'_>) {
    if !seat.is_there() {
        return;
    }
    let place = Place::new();
    let mut session = place.start_at(seat, &[]);
    session.keys("f").expect("fork");
    session.until("B ").expect("a second pane");
    session.keys("R").expect("run all");
    done(&mut session, 2);

    // Into the editor, to the end of the text, and type.
    session.keys("\x1b[Z\x1b[Z\x1b[Z").expect("back to the editor");
    session.until("i type").expect("the editor has the focus");
    session.keys("i\x1b[1;5F").expect("type at the end");
    session.until("INSERT").expect("keys type");
    session.keys("But I love it.").expect("typed");
    session.until("+ draft").expect("it is a draft");
    session.keys("\x12").expect("Ctrl-R runs while typing");
    session.keys("\x1b").expect("out of typing");
    session.until("i type").expect("keys act again");
    session.until("Neutral.").expect("the draft is answered otherwise");
    done(&mut session, 2);

    // What the other words made of the answer, and how good it is.
    session.keys("\t\t").expect("to the answer of A");
    session.until("W winner").expect("it has the focus");
    session.keys("d").expect("difference");
    session.until("A → B").expect("between the two");
    session.keys("\x1b").expect("back");
    answer_again(&mut session, "A → B");
    session.keys("\x1b3").expect("rate it");
    session.until("Rated 3 of 5").expect("it is rated");

    session.keys("s").expect("save");
    session.until("Save as a version").expect("the dialog");
    session.keys("\t").expect("minor");
    session.keys("warmer\r").expect("why");
    session.until_that("saved", |_| place.read().contains("version: 1.1.0")).expect("the file");
    assert!(place.read().contains("But I love it."));

    session.keys("v").expect("versions");
    session.until("Versions of").expect("the list");
    // The file is there before the record of it is.
    session.until("warmer").expect("the version that was saved");
    session.keys("\x1b[B").expect("to the older one");
    session.keys("b").expect("roll back");
    session
        .until_that("rolled back", |_| place.read().contains("version: 1.1.1"))
        .expect("a new version of the old content");
    assert!(!place.read().contains("But I love it."));

    session.keys("\x1b").expect("close the list");
    answer_again(&mut session, "Versions of");
    session.keys("2").expect("history");
    session.until("1 of 3").expect("the list");
    session.keys("\r").expect("read the newest");
    session.until("mood draft").expect("it was run from the draft");
    session.keys("\x1b[C").expect("to its prompt");
    session.until("But I love it.").expect("what was asked");
    session.keys("\x1b[D\x1b[B\x1b[B").expect("down to the first");
    session.keys("q").expect("quit");
    assert_eq!(session.ended().expect("it ends"), 0);
    let screen = session.screen();
    assert!(!screen.alternate_screen() && !screen.hide_cursor() && !screen.bracketed_paste());

    let records = place.records();
    assert!(records.len() >= 3, "{}", records.len());
    assert!(records.iter().all(|record| record.status == Status::Ok));
    assert!(records.iter().any(|record| {
        record.messages.iter().any(|message| message.content.contains("But I love it."))
    }));
}

/// Waits until what was in front is gone. Half a frame may show it with the footer of before, and
/// a key that is pressed then would come with the escape, as another key.
fn answer_again(session: &mut Session, front: &str) {
    session
        .until_that("the answer again", |screen| {
            screen.contains("W winner") && !screen.contains(front)
        })
        .expect("it is closed");
}

#[test]
fn the_whole_loop_on_a_wide_screen() {
    whole_loop(&WIDE);
}

#[test]
fn the_whole_loop_at_80x24() {
    whole_loop(&SMALL);
}

#[test]
fn the_whole_loop_without_colour_in_tmux_far_away() {
    whole_loop(&FAR);
}

/// From nothing to two answers side by side: one key.
fn first_start(seat: &Seat<'_>) {
    if !seat.is_there() {
        return;
    }
    let mut session = seat.start(Start::default());
    session.until("Welcome to Lathe").expect("the card of the first start");
    session.keys("R").expect("the one key");
    done(&mut session, 2);
    session.keys("q").expect("quit");
    assert_eq!(session.ended().expect("it ends"), 0);
}

#[test]
fn the_first_two_answers_are_one_key_away() {
    first_start(&SMALL);
}

#[test]
fn the_first_two_answers_are_one_key_away_in_tmux_far_away() {
    first_start(&FAR);
}

/// One template on four models that are marked in the list, each in a pane of its own.
fn four_models(seat: &Seat<'_>) {
    if !seat.is_there() {
        return;
    }
    let place = Place::new();
    // A second server with the models of the first, as a company's own beside the public one.
    place.settings("[providers.twin]\nkind = \"demo\"\n");
    let mut session = place.start_at(seat, &[]);
    session.keys("C").expect("compare models");
    session.until("twin/careful").expect("the list");
    let wanted = ["demo/fast", "twin/careful", "demo/careful", "twin/balanced"];
    for (letter, name) in ["A", "B", "C", "D"].into_iter().zip(wanted) {
        session.keys(&format!("\x15{name}")).expect("narrow");
        session.until(&format!("> {name}")).expect("it is looked for");
        session.keys("\t").expect("mark it");
        session.until(&format!("{letter} {name} ")).expect("it is marked");
    }
    session.keys("\r").expect("take them");
    session.until("4 variants side by side").expect("a pane each");
    session.keys("R").expect("run all");
    done(&mut session, 4);
    place.until_recorded(4);
    session.keys("q").expect("quit");
    assert_eq!(session.ended().expect("it ends"), 0);
    let mut records = place.records();
    records.sort_by_key(|record| record.variant);
    let models: Vec<String> = records.iter().map(|record| record.model_ref().to_string()).collect();
    assert_eq!(models, wanted, "each in the order of the marks");
    assert!(records.iter().all(|record| record.status == Status::Ok && !record.text.is_empty()));
    assert!(records.iter().all(|record| record.messages == records[0].messages));
    assert!(records.iter().all(|record| record.run_id == records[0].run_id), "in one run");
}

#[test]
fn one_template_runs_on_four_models_side_by_side() {
    four_models(&Seat { columns: 160, rows: 40, ..WIDE });
}

#[test]
fn four_models_where_three_panes_fit() {
    four_models(&SMALL);
}

#[test]
fn four_models_without_colour_in_tmux_far_away() {
    four_models(&FAR);
}

#[test]
fn the_users_editor_gets_the_terminal_and_gives_it_back() {
    let place = Place::new();
    let script = place.home().join("editor.sh");
    fs::write(&script, "#!/bin/sh\nprintf 'Added outside.\\n' >> \"$1\"\n").expect("a script");
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).expect("it may run");
    let editor = script.to_string_lossy().into_owned();
    let mut session = place.start_with(120, 36, &[("EDITOR", &editor)]);
    session.keys("e").expect("open the editor");
    session.until("+ draft").expect("the text came back changed");
    crate::ends::signal(&session, rustix::process::Signal::TERM);
    assert_eq!(session.ended().expect("it ends"), 143);

    // The draft is found again at the next start.
    let mut session = place.start(120, 36);
    session.until("+ draft").expect("the draft is offered");
    session.keys("q").expect("quit");
    assert_eq!(session.ended().expect("it ends"), 0);
    assert!(!place.read().contains("Added outside."), "the file was not touched");
}

#[test]
fn any_size_and_any_paste_are_survived() {
    let place = Place::new();
    let mut session = place.start(120, 36);
    for (columns, rows) in [(1, 1), (2, 50), (200, 2), (40, 12), (39, 11), (500, 200), (120, 36)] {
        session.resize(columns, rows).expect("resized");
        session.settle(Duration::from_millis(30)).expect("quiet");
    }
    session.until("Prompts").expect("everything is there again");
    session.keys("i").expect("type");
    session.until("INSERT").expect("keys type");
    let paste = format!("\x1b[200~{}\x1b[201~", "pasted words \u{1b}[31m\r\n".repeat(250_000));
    session.keys(&paste).expect("5 MB go in");
    session.until("+ draft").expect("it is in the text");
    session.keys("\x1b").expect("out of typing");
    session.until("i type").expect("keys act again");
    session.keys("q").expect("quit");
    assert_eq!(session.ended().expect("it ends"), 0);
}

#[test]
fn nothing_is_written_while_nothing_happens() {
    let place = Place::new();
    let mut session = place.start(120, 36);
    session.keys("R").expect("run");
    done(&mut session, 1);
    session.settle(Duration::from_millis(1500)).expect("quiet");
    let before = session.bytes();
    session.settle(Duration::from_secs(3)).expect("quiet");
    assert_eq!(session.bytes(), before);
    session.keys("q").expect("quit");
    assert_eq!(session.ended().expect("it ends"), 0);
}

#[test]
fn without_colour_and_without_unicode() {
    let place = Place::new();
    let mut session = place.start_with(80, 24, &[("NO_COLOR", "1"), ("LATHE_ASCII", "1")]);
    session.keys("R").expect("run");
    done(&mut session, 1);
    let screen = session.screen();
    let (rows, columns) = screen.size();
    for row in 0..rows.get() {
        for column in 0..columns.get() {
            let cell = screen.cell(row, column).expect("a cell");
            assert!(cell.contents().is_ascii(), "{:?} at {column} {row}", cell.contents());
            assert_eq!(cell.fgcolor(), vt100::Color::Default, "at {column} {row}");
        }
    }
    session.keys("q").expect("quit");
    assert_eq!(session.ended().expect("it ends"), 0);
}
