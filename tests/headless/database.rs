//! Databases that cannot be used: the answer is printed where there is one, the reason is told.

use rusqlite::Connection;

use super::*;

/// A place with a database that a first run has made.
fn used() -> (Place, PathBuf) {
    let place = Place::new();
    let first = place.run(&["run", "mood", "--var", "message=I love it"]);
    assert!(first.status.success(), "{}", String::from_utf8_lossy(&first.stderr));
    let database = place.path(".local/share/lathe/lathe.db");
    assert!(database.is_file());
    (place, database)
}

const RUN: [&str; 4] = ["run", "mood", "--var", "message=I hate it"];

#[test]
fn a_damaged_database_is_left_as_it_is() {
    let (place, database) = used();
    let damaged = vec![0xA5; 20_000];
    fs::write(&database, &damaged).expect("written");
    place.refused(&RUN, 2, &["lathe.db", "not a readable database", "move it aside"]);
    assert_eq!(fs::read(&database).expect("read"), damaged);
}

#[test]
fn a_newer_database_is_left_as_it_is() {
    let (place, database) = used();
    let connection = Connection::open(&database).expect("it opens");
    connection.pragma_update(None, "user_version", 999).expect("changed");
    drop(connection);
    place.refused(&RUN, 2, &["999", "newer version of the program"]);
    let connection = Connection::open(&database).expect("it opens");
    let count: u32 = connection
        .query_row("SELECT count(*) FROM executions", [], |row| row.get(0))
        .expect("counted");
    assert_eq!(count, 1);
}

#[test]
fn a_database_that_another_holds_costs_the_record_and_not_the_answer() {
    let (place, database) = used();
    let connection = Connection::open(&database).expect("it opens");
    connection.execute_batch("BEGIN EXCLUSIVE").expect("held");
    let output = place.run(&RUN);
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(text(&output).to_lowercase().contains("negative"), "{told}");
    assert!(
        told.contains("held by another process") && told.contains("nothing was saved"),
        "{told}"
    );
    assert_eq!(told.lines().count(), 1, "{told}");
    drop(connection);
    let output = place.run(&["history", "list", "--format", "json"]);
    assert_eq!(text(&output).lines().count(), 1, "the first run's record is there");
}

/// Runs with files that may not grow beyond so many blocks of 512 bytes.
#[cfg(target_os = "linux")]
fn run_with_little_room(place: &Place, blocks: u64, arguments: &[&str]) -> Output {
    let script = format!("ulimit -f {blocks}; exec \"$0\" \"$@\"");
    Command::new("sh")
        .args(["-c", &script, env!("CARGO_BIN_EXE_lathe")])
        .args(arguments)
        .env_clear()
        .env("HOME", place.home.path())
        .env("PATH", "/usr/bin:/bin")
        .current_dir(place.home.path())
        .output()
        .expect("it runs")
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_costs_the_record_and_not_the_answer() {
    let (place, database) = used();
    let size = |name: &Path| fs::metadata(name).map_or(0, |metadata| metadata.len());
    // The database itself may stay as large as it is, and nothing may grow.
    let blocks = size(&database) / 512;
    // An answer that repeats much of a long question needs more room than there is.
    let long = "word ".repeat(6_000);
    place.write("long.txt", &long);
    let arguments = ["run", "mood", "--var", "message=@long.txt"];
    let output = run_with_little_room(&place, blocks.min(80), &arguments);
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(told.contains("not saved: no room left"), "{told}");
    assert!(!text(&output).trim().is_empty(), "the answer is printed: {told}");
    // What was recorded before is whole, and the next run is recorded.
    let output = place.run(&RUN);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let connection = Connection::open(&database).expect("it opens");
    let whole: String =
        connection.query_row("PRAGMA integrity_check", [], |row| row.get(0)).expect("checked");
    assert_eq!(whole, "ok");
    let listed = text(&place.run(&["history", "list", "--status", "ok", "--format", "json"]));
    assert_eq!(listed.lines().count(), 2, "{listed}");
}

#[test]
fn a_file_in_place_of_the_data_folder_is_told() {
    let place = Place::new();
    place.write(".local/share/lathe", "not a folder");
    place.refused(&RUN, 2, &["lathe", "--db"]);
}

#[test]
#[cfg(unix)]
fn a_folder_that_others_may_write_to_is_refused() {
    use std::os::unix::fs::PermissionsExt as _;
    let (place, database) = used();
    let folder = database.parent().expect("a folder");
    fs::set_permissions(folder, fs::Permissions::from_mode(0o777)).expect("opened up");
    let output = place.run(&RUN);
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{told}");
    assert!(told.contains("chmod"), "{told}");
}

#[test]
#[cfg(unix)]
fn a_data_folder_that_cannot_be_written_is_read() {
    use std::os::unix::fs::PermissionsExt as _;
    let (place, database) = used();
    let folder = database.parent().expect("a folder").to_path_buf();
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o500)).expect("closed");
    let writable = fs::write(folder.join("probe"), "x").is_ok();
    if writable {
        // No permission stops this user; a disk that can only be read does, and `disks` has one.
        fs::remove_file(folder.join("probe")).expect("removed");
        return nowhere_to_write(&place);
    }
    let output = place.run(&RUN);
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(told.contains("only be read") || told.contains("not saved"), "{told}");
    let listed = place.run(&["history", "list", "--format", "json"]);
    assert_eq!(text(&listed).lines().count(), 1);
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).expect("opened");
}

/// A place where nobody can make a folder.
#[cfg(unix)]
fn nowhere_to_write(place: &Place) {
    let nowhere = "/proc/self/fdinfo/lathe/lathe.db";
    place.refused(&["--db", nowhere, "run", "mood", "--var", "message=x"], 2, &["--db"]);
}

#[test]
fn a_backup_is_made_checked_and_put_back() {
    let (place, database) = used();
    let made = json(&place.run(&["backup", "create", "copy.db", "--format", "json"]));
    assert_eq!((made["executions"].as_u64(), made["path"].as_str()), (Some(1), Some("copy.db")));
    assert!(place.run(&RUN).status.success());
    let verified = place.run(&["backup", "verify", "copy.db"]);
    assert!(text(&verified).contains("copy.db: whole, 1 executions"), "{}", text(&verified));
    let restored = json(&place.run(&["backup", "restore", "copy.db", "--format", "json"]));
    let kept = restored["kept"].as_str().expect("the old one").to_owned();
    assert!(kept.starts_with(&*database.to_string_lossy()) && kept.contains(".replaced-"));
    let count = |arguments: &[&str]| {
        let listed = place.run(&[&["history", "list", "--format", "json"], arguments].concat());
        text(&listed).lines().count()
    };
    assert_eq!((count(&[]), count(&["--db", &kept])), (1, 2));
    place.refused(&["backup", "create", "copy.db"], 2, &["copy.db", "exists already"]);
    place.refused(&["backup", "verify", "nowhere.db"], 2, &["nowhere.db"]);
    place.write("letter.db", "no database");
    place.refused(&["backup", "restore", "letter.db"], 2, &["letter.db", "not a whole backup"]);
    let by_itself = place.run(&["backup", "create"]);
    assert!(text(&by_itself).contains("Z.backup: whole"), "{}", text(&by_itself));
}

#[test]
fn old_executions_are_forgotten_and_their_sums_stay() {
    let (place, database) = used();
    let old = place.run(&RUN);
    assert!(old.status.success());
    // The first of the two was long ago.
    let connection = Connection::open(&database).expect("it opens");
    connection
        .execute("UPDATE executions SET started_ns = 1700000000000000000 WHERE sequence = 1", [])
        .expect("changed");
    drop(connection);
    let count = || text(&place.run(&["history", "list", "--format", "json"])).lines().count();
    let plan =
        json(&place.run(&["cleanup", "--older-than", "90d", "--dry-run", "--format", "json"]));
    assert_eq!((plan["executions"].as_u64(), count()), (Some(1), 2), "{plan}");
    let done = json(&place.run(&["cleanup", "--older-than", "90d", "--format", "json"]));
    assert_eq!((done["deleted"].as_u64(), count()), (Some(1), 1), "{done}");
    let stats = json(&place.run(&["stats", "--format", "json"]));
    assert_eq!(stats["total"]["runs"], 2, "{stats}");
    let found = text(&place.run(&["history", "search", "love"]));
    assert!(found.is_empty(), "its words are gone too: {found}");
    let id = newest(&place)["id"].as_str().expect("an id").to_owned();
    assert!(place.run(&["history", "delete", &id]).status.success());
    // However old it is, what is in the trash is forgotten with the trash alone.
    let connection = Connection::open(&database).expect("it opens");
    connection.execute("UPDATE executions SET started_ns = 1700000000000000000", []).expect("old");
    drop(connection);
    let done = json(&place.run(&["cleanup", "--older-than", "90d", "--format", "json"]));
    assert_eq!(done["deleted"], 0, "{done}");
    let done = json(&place.run(&["cleanup", "--older-than", "90d", "--trash", "--format", "json"]));
    assert_eq!(done["deleted"], 1, "{done}");
    place.refused(&["cleanup", "--older-than", "soon"], 2, &["soon", "90d"]);
}

#[test]
fn what_can_be_read_of_a_damaged_database_is_taken_out() {
    let (place, database) = used();
    let mut bytes = fs::read(&database).expect("read");
    bytes[..100].fill(0xA5);
    fs::write(&database, &bytes).expect("written");
    place.refused(&["history", "list"], 2, &["lathe doctor --salvage"]);
    let output = place.run(&["doctor", "--salvage", "new.db"]);
    let told = text(&output);
    assert!(told.contains("1 executions, 0 without their prompt"), "{output:?}");
    assert_eq!(fs::read(&database).expect("read"), bytes, "the damaged one is not touched");
    let listed = place.run(&["history", "list", "--db", "new.db", "--format", "json"]);
    assert_eq!(text(&listed).lines().count(), 1);
    place.refused(&["doctor", "--salvage", "new.db"], 2, &["new.db", "exists already"]);
}

/// Where nothing can be written, nothing leaves before somebody says that no record is wanted.
#[test]
#[cfg(unix)]
fn nothing_is_sent_that_cannot_be_kept_unless_that_is_wanted() {
    let (place, database) = used();
    // A copy on a file system that can only be read stands for the folder; without the right to
    // make one, a folder without the right to write does.
    let folder = database.parent().expect("a folder").to_path_buf();
    let _frozen = Frozen::new(&folder);
    if fs::write(folder.join("probe"), "x").is_ok() {
        fs::remove_file(folder.join("probe")).expect("removed");
        return;
    }
    let refused = place.run(&RUN);
    let told = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(2), "{told}");
    assert!(told.contains("nothing was sent") && told.contains("--no-save"), "{told}");
    assert!(refused.stdout.is_empty());
    let output = place.run(&[&RUN[..], &["--no-save"]].concat());
    assert!(text(&output).to_lowercase().contains("negative"), "{output:?}");
    let listed = text(&place.run(&["history", "list", "--format", "json"]));
    assert_eq!(listed.lines().count(), 1, "the history can be read");
}

#[test]
fn what_is_not_to_be_kept_is_not_kept() {
    let (place, _) = used();
    let output = place.run(&[&RUN[..], &["--no-save", "--format", "json"]].concat());
    assert_eq!(json(&output)["status"], "ok");
    let listed = text(&place.run(&["history", "list", "--format", "json"]));
    assert_eq!(listed.lines().count(), 1);
    // Without a database that can be opened it works too.
    let nowhere = ["--db", "/proc/self/fdinfo/lathe/lathe.db"];
    let output = place.run(&[&nowhere[..], &RUN, &["--no-save"]].concat());
    assert!(text(&output).to_lowercase().contains("negative"), "{output:?}");
}

/// A folder that cannot be written for as long as this lives: mounted anew for reading only where
/// that is allowed, which stops the administrator too, or without the right to write.
#[cfg(unix)]
struct Frozen {
    folder: PathBuf,
    mounted: bool,
}

#[cfg(unix)]
impl Frozen {
    fn new(folder: &Path) -> Self {
        use std::os::unix::fs::PermissionsExt as _;
        let mount = |arguments: &[&str]| {
            let status = Command::new("mount")
                .args(arguments)
                .arg(folder)
                .stderr(Stdio::null())
                .stdout(Stdio::null())
                .status();
            status.is_ok_and(|status| status.success())
        };
        let source = folder.to_string_lossy().into_owned();
        let mounted = mount(&["--bind", &source]) && mount(&["-o", "remount,ro,bind"]);
        fs::set_permissions(folder, fs::Permissions::from_mode(0o500)).ok();
        Self { folder: folder.to_path_buf(), mounted }
    }
}

#[cfg(unix)]
impl Drop for Frozen {
    fn drop(&mut self) {
        use std::os::unix::fs::PermissionsExt as _;
        if self.mounted {
            drop(Command::new("umount").arg(&self.folder).status());
        }
        drop(fs::set_permissions(&self.folder, fs::Permissions::from_mode(0o700)));
    }
}

/// Wherever the room ends, from a database that cannot be made to a record that just does not
/// fit: the answer is printed or the reason is told, and the next run finds a sound database.
#[test]
#[cfg(target_os = "linux")]
fn wherever_the_room_ends_the_answer_is_there_or_the_reason() {
    let mut answered = 0;
    let mut refused = 0;
    let mut lost = 0;
    let words = "word ".repeat(4_000);
    for blocks in (0..2_000).step_by(80) {
        let place = Place::new();
        place.write("long.txt", &words);
        let output =
            run_with_little_room(&place, blocks, &["run", "mood", "--var", "message=@long.txt"]);
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        let code = output.status.code();
        assert!(code == Some(0) || code == Some(2), "{blocks}: no signal ended it: {told}");
        let has_answer = !text(&output).trim().is_empty();
        let says = told.contains("no room left") || told.contains("too large");
        assert!(has_answer || says, "{blocks}: {told}");
        assert!(says || code == Some(0), "{blocks}: {told}");
        answered += u32::from(has_answer);
        refused += u32::from(!has_answer);
        lost += u32::from(has_answer && says);
        let again = place.run(&RUN);
        assert!(again.status.success(), "{blocks}: {}", String::from_utf8_lossy(&again.stderr));
        let connection =
            Connection::open(place.path(".local/share/lathe/lathe.db")).expect("it opens");
        let whole: String =
            connection.query_row("PRAGMA integrity_check", [], |row| row.get(0)).expect("checked");
        assert_eq!(whole, "ok", "{blocks}");
    }
    assert!(answered > 0 && refused > 0 && lost > 0, "{answered} {refused} {lost}");
}

/// What takes the output has no room: what is in it is not whole, and that is no success.
#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_behind_the_output_is_told() {
    let (place, _) = used();
    for arguments in [
        &["history", "list", "--format", "json"][..],
        &["history", "export", "--format", "csv"],
        &RUN,
    ] {
        let full = fs::OpenOptions::new().write(true).open("/dev/full").expect("it opens");
        let output = place.command(arguments).stdout(full).output().expect("it runs");
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {told}");
        assert!(told.contains("not whole"), "{arguments:?}: {told}");
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_backup_without_room_is_told_and_leaves_nothing() {
    let (place, database) = used();
    let before = fs::read(&database).expect("read");
    for arguments in [vec!["backup", "create", "copy.db"], vec!["doctor", "--salvage", "copy.db"]] {
        let output = run_with_little_room(&place, 40, &arguments);
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {told}");
        assert!(told.contains("no room left") || told.contains("too large"), "{told}");
        let names: Vec<_> = fs::read_dir(place.home.path())
            .expect("listed")
            .flatten()
            .map(|entry| entry.file_name().to_string_lossy().into_owned())
            .collect();
        let left = names.iter().any(|name| name.contains("copy.db") || name.contains(".lathe-"));
        assert!(!left, "{names:?}");
    }
    assert_eq!(fs::read(&database).expect("read"), before);
}

/// The beginning of several names is no template that is gone.
#[test]
fn a_name_that_may_be_several_is_told_and_not_taken_for_one_that_is_gone() {
    let (place, _database) = used();
    let template = fs::read_to_string(place.path("prompts/mood.prompty")).expect("read");
    for folder in ["one", "two"] {
        place.write(&format!("prompts/{folder}/same.prompty"), &template);
    }
    for command in [&["history", "list"][..], &["history", "export"], &["stats"]] {
        let arguments = [command, &["--template", "same"]].concat();
        place.refused(&arguments, 2, &["one/same", "two/same", "write more of it"]);
    }
    assert!(place.run(&["history", "list", "--template", "gone"]).status.success());
}
