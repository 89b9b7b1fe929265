//! Disks that are really full, and such as can only be read, mounted for the command alone. Where
//! no disk may be mounted that is said; what limits on files prove stands in `database`.
#![cfg(target_os = "linux")]
#![expect(clippy::print_stderr, reason = "what was not tried is said")]

use rusqlite::Connection;
use sha2::{Digest as _, Sha256};

use super::*;

/// Runs a script in which disks may be mounted, `$0` being the program; `None` where none may.
fn with_mounts(place: &Place, script: &str) -> Option<Output> {
    let possible = Command::new("unshare")
        .args(["-rm", "sh", "-c", "mount -t tmpfs none /mnt"])
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    if !possible {
        eprintln!("no disk may be mounted here: this was not tried");
        return None;
    }
    let output = Command::new("unshare")
        .args(["-rm", "sh", "-c", script, env!("CARGO_BIN_EXE_lathe")])
        .env_clear()
        .env("HOME", place.home.path())
        .env("PATH", "/usr/bin:/bin:/usr/sbin:/sbin")
        .current_dir(place.home.path())
        .stdin(Stdio::null())
        .output()
        .expect("it runs");
    Some(output)
}

fn told(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn read(place: &Place, name: &str) -> String {
    fs::read_to_string(place.path(name)).unwrap_or_default()
}

fn integrity(database: &Path) -> String {
    let connection = Connection::open(database).expect("it opens");
    connection.query_row("PRAGMA integrity_check", [], |row| row.get(0)).expect("checked")
}

#[test]
fn a_disk_that_fills_up_costs_records_and_no_answer() {
    let place = Place::new();
    place.write("long.txt", "word ".repeat(4_000));
    fs::create_dir_all(place.path(".local")).expect("made");
    // Forty answers that repeat a long question do not fit; the log grows until nothing does.
    let Some(output) = with_mounts(
        &place,
        "mount -t tmpfs -o size=900k,mode=700 none \"$HOME/.local\" || exit 9
         for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
             \"$0\" run mood --var message=@long.txt > answer.$i 2>> told || echo \"code $?\" >> codes
         done
         dd if=/dev/zero of=\"$HOME/.local/fill\" bs=1k 2> full
         \"$0\" history export --format jsonl > \"$HOME/.local/all.jsonl\" 2>> export.told
         echo $? >> export.code
         rm \"$HOME/.local/all.jsonl\" \"$HOME/.local/fill\"
         mkdir after && cp \"$HOME/.local/share/lathe/\"lathe.db* after/
         mount -o remount,size=50m none \"$HOME/.local\" && \"$0\" run mood --var message=x > again",
    ) else {
        return;
    };
    assert!(output.status.success(), "{}", told(&output));
    let words = read(&place, "told");
    assert!(words.contains("not saved: no room left"), "{words}");
    let answers: Vec<_> =
        (1..=20).filter(|number| !read(&place, &format!("answer.{number}")).is_empty()).collect();
    assert_eq!(answers.len(), 20, "every answer was printed: {words} {}", read(&place, "codes"));
    assert_eq!(integrity(&place.path("after/lathe.db")), "ok");
    let connection = Connection::open(place.path("after/lathe.db")).expect("it opens");
    let kept: u32 = connection
        .query_row("SELECT count(*) FROM executions WHERE status = 'ok'", [], |row| row.get(0))
        .expect("counted");
    assert!((1..20).contains(&kept), "{kept} of 20 fitted");
    assert!(!read(&place, "again").is_empty(), "with room it goes on");
    let words = read(&place, "export.told");
    assert_eq!(read(&place, "export.code").trim(), "2", "{words}");
    assert!(
        words.contains("cannot write to standard output") && words.contains("not whole"),
        "{words}"
    );
}

/// A database of the first schema, as an older program left it.
fn old_database(path: &Path) {
    const FIRST: &str = include_str!("../../src/store/schema/0001_initial.sql");
    let connection = Connection::open(path).expect("it opens");
    let checksum: String =
        Sha256::digest(FIRST).iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat();
    connection.execute_batch(FIRST).expect("made");
    connection
        .execute_batch(&format!(
            "CREATE TABLE migrations (number INTEGER PRIMARY KEY, name TEXT NOT NULL,
                 checksum TEXT NOT NULL, applied_ns INTEGER NOT NULL) STRICT;
             INSERT INTO migrations VALUES (1, 'initial', '{checksum}', 0);
             INSERT INTO settings VALUES ('filler', hex(zeroblob(300000)));
             PRAGMA application_id = 0x4c617468; PRAGMA user_version = 1;"
        ))
        .expect("marked");
}

#[test]
fn a_full_disk_stops_a_migration_and_leaves_nothing_half_made() {
    let place = Place::new();
    old_database(&place.path("old.db"));
    fs::create_dir_all(place.path("disk")).expect("made");
    let Some(output) = with_mounts(
        &place,
        "mount -t tmpfs -o size=1000k,mode=700 none disk && umask 077 && cp old.db disk/old.db
         \"$0\" --db disk/old.db history list 2> told; echo $? > code
         \"$0\" --db disk/old.db history list 2>> told
         ls -A disk > left
         mount -o remount,size=50m none disk
         \"$0\" --db disk/old.db history list 2> again.told; echo $? > again.code
         ls -A disk > made; cp disk/old.db new.db; cp disk/*.backup copy.db",
    ) else {
        return;
    };
    assert!(output.status.success(), "{}", told(&output));
    assert_eq!(read(&place, "code").trim(), "2");
    assert!(read(&place, "told").contains("no room left"), "{}", read(&place, "told"));
    assert_eq!(read(&place, "left").trim(), "old.db", "after two starts");
    assert_eq!(read(&place, "again.code").trim(), "0", "{}", read(&place, "again.told"));
    assert!(read(&place, "again.told").contains("a copy from before is"));
    let made = read(&place, "made");
    assert_eq!(made.lines().filter(|name| name.ends_with(".backup")).count(), 1, "{made}");
    assert!(!made.contains(".part") && !made.contains(".migrating"), "{made}");
    for (database, schema) in [("new.db", 3), ("copy.db", 1)] {
        assert_eq!(integrity(&place.path(database)), "ok");
        let connection = Connection::open(place.path(database)).expect("it opens");
        let found: u32 =
            connection.pragma_query_value(None, "user_version", |row| row.get(0)).expect("read");
        assert!(if schema == 1 { found == 1 } else { found >= schema }, "{database}: {found}");
    }
}

/// Not even the index of the log fits, and what waits in the log is there with room again.
#[test]
fn on_a_disk_that_is_full_from_the_start_the_history_is_shown_and_answers_are_printed() {
    let place = Place::new();
    let Some(output) = with_mounts(
        &place,
        "mkdir disk && mount -t tmpfs -o size=2m,mode=700 none disk
         run() { \"$0\" --db disk/lathe.db run mood --var \"message=I love it\" \"$@\"; }
         run > first 2> first.told || exit 9
         dd if=/dev/zero of=disk/fill bs=1k 2> full
         \"$0\" --db disk/lathe.db history list --format json > listed 2> told; echo $? > code
         run > answer 2> run.told; echo $? > run.code
         run --no-save > unsaved 2> unsaved.told; echo $? > unsaved.code
         \"$0\" --db disk/lathe.db doctor > doctor 2>&1
         rm disk/fill
         run > again 2> again.told; cp disk/lathe.db after.db",
    ) else {
        return;
    };
    assert!(output.status.success(), "{} {}", told(&output), read(&place, "first.told"));
    assert_eq!(read(&place, "code").trim(), "0", "{}", read(&place, "told"));
    assert!(read(&place, "told").contains("There is no room left for"), "{}", read(&place, "told"));
    assert_eq!(read(&place, "listed").lines().count(), 1);
    assert_eq!(read(&place, "answer"), read(&place, "first"), "{}", read(&place, "run.told"));
    let words = read(&place, "run.told");
    assert!(words.contains("not saved: no room left"), "{words}");
    assert_eq!(read(&place, "run.code").trim(), "0", "{words}");
    assert_eq!(read(&place, "unsaved"), read(&place, "first"));
    assert_eq!(read(&place, "unsaved.code").trim(), "0", "{}", read(&place, "unsaved.told"));
    assert!(
        read(&place, "doctor").contains("no room is left for it"),
        "{}",
        read(&place, "doctor")
    );
    assert_eq!(read(&place, "again.told"), "", "with room it goes on");
    let connection = Connection::open(place.path("after.db")).expect("it opens");
    let kept: u32 = connection
        .query_row("SELECT count(*) FROM executions WHERE status = 'ok'", [], |row| row.get(0))
        .expect("counted");
    assert_eq!((kept, integrity(&place.path("after.db")).as_str()), (2, "ok"));
}

/// On a disk that can only be read, the administrator can write as little as anybody.
#[test]
fn what_can_only_be_read_is_shown_and_what_waits_in_the_log_is_told() {
    let place = Place::new();
    assert!(place.run(&["run", "mood", "--var", "message=I love it"]).status.success());
    let data = place.path(".local/share/lathe");
    // As a killed process leaves it: rows in the log, and the log's index gone.
    let holder = Connection::open(data.join("lathe.db")).expect("it opens");
    let count: u32 =
        holder.query_row("SELECT count(*) FROM executions", [], |row| row.get(0)).expect("read");
    assert_eq!(count, 1, "whoever closes next is not the last to have it open");
    assert!(place.run(&["run", "mood", "--var", "message=I hate it"]).status.success());
    let waits = fs::metadata(data.join("lathe.db-wal")).expect("a log").len();
    assert!(waits > 0);
    fs::create_dir(place.path("frozen")).expect("made");
    for name in ["lathe.db", "lathe.db-wal"] {
        fs::copy(data.join(name), place.path("frozen").join(name)).expect("copied");
    }
    drop(holder);
    let script = "chmod 700 frozen && mount --bind frozen frozen && mount -o remount,ro,bind frozen || exit 9
         \"$0\" --db frozen/lathe.db history list --format json > listed 2> told; echo $? > code
         \"$0\" --db frozen/lathe.db run mood --var message=x > answer 2> run.told; echo $? > run.code
         \"$0\" --db frozen/lathe.db run mood --var message=x --no-save > unsaved 2> unsaved.told";
    let Some(output) = with_mounts(&place, script) else { return };
    assert!(output.status.success(), "{}", told(&output));
    assert_eq!(read(&place, "code").trim(), "0", "{}", read(&place, "told"));
    let words = read(&place, "told");
    assert!(words.contains("can only be read here"), "{words}");
    assert!(
        words.contains(&format!("The latest {waits} bytes of work wait in"))
            && words.contains("lathe.db-wal and are not shown"),
        "{words}"
    );
    assert_eq!(read(&place, "listed").lines().count(), 1, "what is in the file itself");
    assert_eq!(read(&place, "run.code").trim(), "2");
    assert!(read(&place, "answer").is_empty(), "nothing was sent");
    assert!(read(&place, "run.told").contains("nothing was sent"), "{}", read(&place, "run.told"));
    assert!(!read(&place, "unsaved").is_empty(), "{}", read(&place, "unsaved.told"));
    assert_eq!(fs::metadata(place.path("frozen/lathe.db-wal")).expect("there").len(), waits);
}
