use std::{fs, path::Path};

use promptlathe::{
    model::{ChunkLog, ExecutionId, Status},
    store::{Store, StoreError, StoreOptions},
};

use crate::{
    kill::Holder,
    support::{execution, folder, integrity, keep, open, try_open},
};

#[cfg(unix)]
fn set_mode(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("the mode is set");
}

#[cfg(unix)]
fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    fs::metadata(path).expect("there").permissions().mode() & 0o777
}

#[cfg(unix)]
#[tokio::test]
async fn files_and_folders_are_private() {
    let folder = folder();
    let path = folder.path().join("data").join("lathe.db");
    let store = open(&path);
    keep(&store, &execution("one", "x")).await;
    assert_eq!(mode(path.parent().expect("a folder")), 0o700);
    for entry in fs::read_dir(path.parent().expect("a folder")).expect("listed") {
        let path = entry.expect("listed").path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
}

#[cfg(unix)]
#[tokio::test]
async fn a_database_others_can_write_is_refused() {
    let folder = folder();
    let path = folder.path().join("lathe.db");
    open(&path).close().await.expect("closed");
    set_mode(&path, 0o666);
    let refused = try_open(&path);
    assert!(matches!(refused, Err(StoreError::Refused { .. })), "{:?}", refused.err());
}

#[cfg(unix)]
#[tokio::test]
async fn a_folder_others_can_write_is_refused() {
    let folder = folder();
    let shared = folder.path().join("shared");
    fs::create_dir(&shared).expect("made");
    set_mode(&shared, 0o777);
    let refused = try_open(&shared.join("lathe.db"));
    match &refused {
        Err(error @ StoreError::Refused { .. }) => {
            assert!(error.to_string().contains("chmod go-w"), "{error}");
        }
        other => panic!("{:?}", other.as_ref().err()),
    }
    assert!(!shared.join("lathe.db").exists(), "nothing is made there");
}

#[cfg(unix)]
#[tokio::test]
async fn what_belongs_to_somebody_else_is_refused() {
    let folder = folder();
    let path = folder.path().join("lathe.db");
    // Only the administrator can give a file away; for all others the root folder is another's.
    let path = if rustix::process::geteuid().is_root() {
        open(&path).close().await.expect("closed");
        std::os::unix::fs::chown(&path, Some(12_345), None).expect("given away");
        path
    } else {
        Path::new("/lathe.db").to_path_buf()
    };
    match try_open(&path) {
        Err(error @ StoreError::Refused { .. }) => {
            assert!(error.to_string().contains("belongs to user"), "{error}");
        }
        other => panic!("{:?}", other.err()),
    }
}

#[cfg(unix)]
#[tokio::test]
async fn a_second_name_of_the_file_is_refused() {
    let folder = folder();
    let path = folder.path().join("lathe.db");
    open(&path).close().await.expect("closed");
    let (link, name) = (folder.path().join("link.db"), folder.path().join("name.db"));
    std::os::unix::fs::symlink(&path, &link).expect("linked");
    let refused = try_open(&link);
    assert!(matches!(refused, Err(StoreError::Refused { .. })), "{:?}", refused.err());
    fs::hard_link(&path, &name).expect("linked");
    for path in [&path, &name] {
        let refused = try_open(path);
        assert!(matches!(refused, Err(StoreError::Refused { .. })), "{:?}", refused.err());
    }
    fs::remove_file(&name).expect("removed");
    open(&path).close().await.expect("with one name it opens");
}

#[tokio::test]
async fn a_newer_schema_is_refused_and_every_byte_stays() {
    let folder = folder();
    let path = folder.path().join("lathe.db");
    let store = open(&path);
    keep(&store, &execution("one", "x")).await;
    store.close().await.expect("closed");
    {
        let connection = rusqlite::Connection::open(&path).expect("opens");
        connection.pragma_update(None, "user_version", 4000).expect("written");
        connection.pragma_update(None, "wal_checkpoint", "TRUNCATE").ok();
    }
    let before = fs::read(&path).expect("read");
    match try_open(&path) {
        Err(error @ StoreError::NewerSchema { found: 4000, .. }) => {
            assert!(error.to_string().contains("4000"), "{error}");
        }
        other => panic!("{:?}", other.err()),
    }
    assert_eq!(fs::read(&path).expect("read"), before);
}

#[tokio::test]
async fn what_is_no_database_is_left_alone() {
    let folder = folder();
    let path = folder.path().join("lathe.db");
    let text = "this is a letter, not a database\n".repeat(100);
    promptlathe::config::create_private_file(&path).expect("made");
    fs::write(&path, &text).expect("written");
    let refused = try_open(&path);
    assert!(matches!(refused, Err(StoreError::Corrupt { .. })), "{:?}", refused.err());
    assert_eq!(fs::read_to_string(&path).expect("read"), text);
}

/// A closed database with records of all sizes, its bytes, and the records' ids.
async fn sound(path: &Path) -> (Vec<u8>, Vec<ExecutionId>) {
    let store = open(path);
    let mut ids = Vec::new();
    for number in 0..12 {
        let record = execution("one", &"a long answer ".repeat(number * 400 + 1));
        keep(&store, &record).await;
        ids.push(record.id);
    }
    store.close().await.expect("closed");
    (fs::read(path).expect("read"), ids)
}

const PAGE: usize = 4_096;

#[tokio::test]
async fn a_torn_database_is_told_and_left_as_it_is() {
    let folder = folder();
    let path = folder.path().join("lathe.db");
    let (sound, _) = sound(&path).await;
    // The first page describes everything else: without its tables nothing may be written. And a
    // file that is shorter than it says has lost nobody knows what.
    let mut garbled = sound.clone();
    garbled[100..PAGE].fill(0xa5);
    let mut torn = vec![garbled];
    for pages in [1, 2, sound.len() / PAGE / 2, sound.len() / PAGE - 1] {
        torn.push(sound[..pages * PAGE].to_vec());
        torn.push(sound[..pages * PAGE - 100].to_vec());
    }
    for torn in torn {
        fs::write(&path, &torn).expect("written");
        let refused = try_open(&path);
        match &refused {
            Err(error @ StoreError::Corrupt { .. }) => {
                assert!(error.to_string().contains("lathe doctor --salvage"), "{error}");
            }
            other => panic!("{} of {} bytes: {:?}", torn.len(), sound.len(), other.as_ref().err()),
        }
        assert!(fs::read(&path).expect("read") == torn, "not a byte changes");
    }
}

/// Only reading every page would find damage further on, and that would take minutes. It is told
/// by whoever meets it; from then on not a byte is written.
#[tokio::test]
async fn once_damage_is_met_nothing_more_is_written() {
    let folder = folder();
    let path = folder.path().join("lathe.db");
    let (sound, ids) = sound(&path).await;
    let pages = sound.len() / PAGE;
    let (mut at_once, mut later) = (0, 0);
    for page in 1..pages {
        let mut flipped = sound.clone();
        flipped[page * PAGE..(page + 1) * PAGE].fill(0xa5);
        for suffix in ["-wal", "-shm"] {
            drop(fs::remove_file(format!("{}{suffix}", path.display())));
        }
        fs::write(&path, &flipped).expect("written");
        let store = match try_open(&path) {
            Err(StoreError::Corrupt { .. }) => {
                at_once += 1;
                assert!(fs::read(&path).expect("read") == flipped, "page {page}");
                continue;
            }
            Err(other) => panic!("page {page}: {other:?}"),
            Ok((store, _)) => store,
        };
        let mut met = false;
        for id in &ids {
            met |= matches!(store.get(*id).await, Err(StoreError::Corrupt { .. }));
        }
        let listed = store.history(promptlathe::store::HistoryQuery::default()).await;
        met |= matches!(listed, Err(StoreError::Corrupt { .. }));
        // Whoever writes may meet it too, and before those who read.
        assert!(store.is_read_only() || !met, "page {page}");
        let written = store.finish(&execution("one", "new"), &ChunkLog::default()).await;
        let harmed = match &written {
            Err(error @ StoreError::Harmed { .. }) => {
                let told = error.to_string();
                assert!(told.starts_with("not saved: ") && told.contains("--salvage"), "{told}");
                true
            }
            Err(StoreError::Corrupt { .. }) if !met => true,
            Ok(()) if !met => false,
            other => panic!("page {page}: {other:?}"),
        };
        if harmed {
            later += 1;
            let again = store.finish(&execution("one", "new"), &ChunkLog::default()).await;
            assert!(matches!(again, Err(StoreError::Harmed { .. })), "page {page}: {again:?}");
        }
        drop(store.close().await);
        if harmed {
            assert!(fs::read(&path).expect("read") == flipped, "page {page}: a byte changed");
        }
    }
    assert!(at_once > 0 && later > 5, "{at_once} and {later} of {pages}");
}

#[tokio::test]
async fn a_lock_at_the_start_is_told() {
    let folder = folder();
    let path = folder.path().join("lathe.db");
    open(&path).close().await.expect("made");
    // The exclusive mode keeps readers out too.
    let other = rusqlite::Connection::open(&path).expect("opens");
    other.pragma_update(None, "locking_mode", "exclusive").expect("set");
    other.execute_batch("BEGIN EXCLUSIVE").expect("locked");
    match try_open(&path) {
        Err(error @ StoreError::Busy { waited_ms: 200, .. }) => {
            assert!(error.to_string().contains("try again"), "{error}");
        }
        other => panic!("{:?}", other.err()),
    }
    drop(other);
    open(&path).close().await.expect("it opens again");
}

#[tokio::test]
async fn a_locked_database_is_told_and_works_again() {
    let folder = folder();
    let path = folder.path().join("lathe.db");
    let store = open(&path);
    keep(&store, &execution("one", "before")).await;
    let other = rusqlite::Connection::open(&path).expect("opens");
    other.execute_batch("BEGIN EXCLUSIVE").expect("locked");
    let record = execution("one", "kept later");
    let refused = store.finish(&record, &ChunkLog::default()).await;
    assert!(matches!(refused, Err(StoreError::Busy { .. })), "{refused:?}");
    other.execute_batch("COMMIT").expect("unlocked");
    keep(&store, &record).await;
    assert!(store.get(record.id).await.expect("read").is_some());
}

/// Who holds it is told by the number of the process, whoever it is that asks.
#[tokio::test]
async fn the_process_that_holds_a_database_is_named() {
    let folder = folder();
    let path = folder.path().join("lathe.db");
    let store = open(&path);
    keep(&store, &execution("one", "before")).await;
    let holder = Holder::start(&path, "writes");
    let refused = store.finish(&execution("one", "x"), &ChunkLog::default()).await;
    match &refused {
        Err(error @ StoreError::Busy { waited_ms: 200, .. }) => {
            let told = error.to_string();
            assert!(told.contains(&format!("is held by process {},", holder.id())), "{told}");
            assert!(told.contains("nothing was saved"), "{told}");
        }
        other => panic!("{other:?}"),
    }
    holder.end();
    keep(&store, &execution("one", "x")).await;
}

#[tokio::test]
async fn a_full_database_is_told_and_keeps_what_it_had() {
    let folder = folder();
    let path = folder.path().join("lathe.db");
    let options = StoreOptions::file(&path).workspace("test").max_size(600 * 1024);
    let (store, _) = Store::open(&options).expect("opens");
    let first = execution("one", "small");
    keep(&store, &first).await;
    let large = execution("one", &"long text ".repeat(200_000));
    let refused = store.finish(&large, &ChunkLog::default()).await;
    match &refused {
        Err(error @ StoreError::Full { .. }) => {
            assert!(error.to_string().starts_with("not saved: "), "{error}");
        }
        other => panic!("{other:?}"),
    }
    assert!(store.get(first.id).await.expect("read").is_some());
    assert!(store.get(large.id).await.expect("read").is_none());
    keep(&store, &execution("one", "small again")).await;
}

/// Wherever the room ends, what was acknowledged is there and the file is sound.
#[tokio::test]
async fn no_point_of_running_full_harms_the_database() {
    let folder = folder();
    let path = folder.path().join("lathe.db");
    open(&path).close().await.expect("made");
    let mut refusals = 0;
    for pages in 0..60 {
        let size = fs::metadata(&path).expect("there").len();
        // Room for a few pages more than there are, up to more than one record needs.
        let options =
            StoreOptions::file(&path).workspace("test").max_size(size + pages % 12 * 4_096);
        let (store, report) = Store::open(&options).expect("opens");
        assert_eq!(report.interrupted, 0, "{pages}");
        let mut record = execution("one", "");
        record.status = Status::Running;
        let begun = store.begin(&record).await;
        record.status = Status::Ok;
        record.text = "word ".repeat(4_000);
        let finished = store.finish(&record, &ChunkLog::default()).await;
        for answer in [&begun, &finished] {
            match answer {
                Ok(()) => {}
                Err(StoreError::Full { .. }) => refusals += 1,
                Err(other) => panic!("{pages}: {other}"),
            }
        }
        // Closing may find no room either; the next start then does what it could not.
        drop(store.close().await);
        let store = open(&path);
        let read = store.get(record.id).await.expect("read");
        match (begun, finished) {
            (_, Ok(())) => assert_eq!(read.expect("there").text, record.text, "{pages}"),
            (Ok(()), _) => {
                assert_eq!(read.expect("there").status, Status::Interrupted, "{pages}");
            }
            (Err(_), Err(_)) => assert!(read.is_none(), "{pages}"),
        }
        store.close().await.expect("closed");
        assert_eq!(integrity(&path), "ok", "{pages}");
    }
    assert!(refusals >= 20, "the limit was met: {refusals}");
}

#[cfg(unix)]
#[tokio::test]
async fn a_reader_sees_what_another_process_has_just_written() {
    let folder = folder();
    let path = folder.path().join("lathe.db");
    let writer = open(&path);
    let (reader, report) =
        Store::open(&StoreOptions::file(&path).workspace("test").read_only()).expect("opens");
    assert!(report.read_only && report.warnings.is_empty(), "{:?}", report.warnings);
    let record = execution("one", "x");
    keep(&writer, &record).await;
    assert!(reader.get(record.id).await.expect("read").is_some());
}

#[cfg(unix)]
#[tokio::test]
async fn a_read_only_folder_gives_a_history_that_can_be_read() {
    let folder = folder();
    let path = folder.path().join("data").join("lathe.db");
    let record = execution("one", "x");
    {
        let store = open(&path);
        keep(&store, &record).await;
        store.close().await.expect("closed");
    }
    set_mode(&path, 0o400);
    set_mode(path.parent().expect("a folder"), 0o500);
    let options = StoreOptions::file(&path).workspace("test");
    // The administrator can write everywhere, and must say so.
    let options = if rustix::process::geteuid().is_root() { options.read_only() } else { options };
    let (store, report) = Store::open(&options).expect("it can be read");
    assert!(report.read_only && store.is_read_only());
    assert!(store.get(record.id).await.expect("read").is_some());
    let refused = store.finish(&execution("one", "y"), &ChunkLog::default()).await;
    assert!(matches!(refused, Err(StoreError::ReadOnly { .. })), "{refused:?}");
    set_mode(path.parent().expect("a folder"), 0o700);
}
