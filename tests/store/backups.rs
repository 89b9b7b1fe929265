//! Copies of a database: made while others write, checked, put back.

use std::{fs, path::Path};

use promptlathe::store::{self, HistoryQuery, StoreError};

use crate::{
    kill::Writers,
    support::{execution, folder, integrity, keep, open, try_open},
};

async fn count(path: &Path) -> usize {
    let store = open(path);
    let rows = store.history(HistoryQuery { limit: 100, ..HistoryQuery::default() }).await;
    store.close().await.expect("closed");
    rows.expect("listed").rows.len()
}

#[tokio::test]
async fn a_copy_holds_everything_and_is_private() {
    let folder = folder();
    let (path, copy) = (folder.path().join("lathe.db"), folder.path().join("copy.db"));
    let store = open(&path);
    for text in ["one", "two", "three"] {
        keep(&store, &execution("one", text)).await;
    }
    // The database stays open, with its newest rows in the log.
    let facts = store::back_up(&path, &copy).expect("copied");
    assert_eq!((facts.executions, facts.versions), (3, 0));
    assert_eq!(store::verify(&copy), Ok(facts));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(fs::metadata(&copy).expect("there").permissions().mode() & 0o777, 0o600);
    }
    let refused = store::back_up(&path, &copy);
    assert!(matches!(refused, Err(StoreError::Refused { .. })), "nothing is overwritten");
    store.close().await.expect("closed");
    assert_eq!(integrity(&copy), "ok");
    assert_eq!(count(&copy).await, 3);
}

#[tokio::test]
async fn a_restored_copy_is_the_database_and_the_old_one_is_kept() {
    let folder = folder();
    let (path, copy) = (folder.path().join("lathe.db"), folder.path().join("copy.db"));
    let store = open(&path);
    keep(&store, &execution("one", "before")).await;
    store::back_up(&path, &copy).expect("copied");
    keep(&store, &execution("one", "after")).await;
    let busy = store::restore(&path, &copy);
    assert!(matches!(busy, Err(StoreError::Busy { .. })), "it is open: {busy:?}");
    assert_eq!(count(&path).await, 2, "and stays as it is");
    store.close().await.expect("closed");

    let restored = store::restore(&path, &copy).expect("restored");
    let kept = restored.kept.expect("the old one is kept");
    assert_eq!((count(&path).await, count(&kept).await), (1, 2));
    assert_eq!((integrity(&path), integrity(&kept)), ("ok".to_owned(), "ok".to_owned()));
    assert!(copy.is_file(), "the copy can be used again");
}

/// A log that a killed process left, with rows of its database in it.
async fn log_of_another(folder: &Path) -> Vec<u8> {
    let path = folder.join("another.db");
    let store = open(&path);
    keep(&store, &execution("one", "of another database")).await;
    let log = fs::read(folder.join("another.db-wal")).expect("a log");
    store.close().await.expect("closed");
    assert!(log.len() > 4_096);
    log
}

/// SQLite reads whatever log lies beside a file back into it, and destroys it with that.
#[tokio::test]
async fn a_log_of_another_database_is_told_and_both_files_stay() {
    let folder = folder();
    let name = |name: &str| folder.path().join(name);
    let (path, copy, log) = (name("lathe.db"), name("copy.db"), name("lathe.db-wal"));
    let foreign = log_of_another(folder.path()).await;
    let store = open(&path);
    keep(&store, &execution("one", "kept")).await;
    store::back_up(&path, &copy).expect("copied");
    store.close().await.expect("closed");
    assert!(!log.exists(), "a store that was closed leaves no log");

    // A copy put by hand where a database was whose log is still there.
    fs::copy(&copy, &path).expect("put there");
    fs::write(&log, &foreign).expect("left there");
    let before = fs::read(&path).expect("read");
    let told = try_open(&path).expect_err("refused");
    assert!(matches!(&told, StoreError::ForeignLog { log: left, .. } if *left == log), "{told:?}");
    assert!(told.to_string().contains("move it away"), "{told}");
    let told = store::back_up(&path, &name("second.db"));
    assert!(matches!(told, Err(StoreError::ForeignLog { .. })), "{told:?}");
    assert_eq!(fs::read(&path).expect("read"), before, "not a byte changed");
    assert_eq!(fs::read(&log).expect("read"), foreign);

    // Restoring puts both aside, together.
    let restored = store::restore(&path, &copy).expect("restored");
    let kept = restored.kept.expect("the one before");
    assert_eq!(fs::read(&kept).expect("read"), before);
    let kept_log = format!("{}-wal", kept.display());
    assert_eq!(fs::read(kept_log).expect("read"), foreign);
    assert_eq!((count(&path).await, integrity(&path)), (1, "ok".to_owned()));

    // The database is gone and its log is not.
    fs::remove_file(&path).expect("removed");
    fs::write(&log, &foreign).expect("left there");
    let told = try_open(&path).expect_err("refused");
    assert!(matches!(told, StoreError::ForeignLog { .. }), "{told:?}");
    assert_eq!(fs::read(&log).expect("read"), foreign, "what may be the last of it is kept");
    fs::remove_file(&path).ok();
    assert_eq!(store::restore(&path, &copy).expect("restored").kept, None);
    assert_eq!((count(&path).await, integrity(&path)), (1, "ok".to_owned()));
}

#[tokio::test]
async fn no_new_database_is_laid_beside_a_log() {
    let folder = folder();
    let name = |name: &str| folder.path().join(name);
    let foreign = log_of_another(folder.path()).await;
    let store = open(&name("lathe.db"));
    keep(&store, &execution("one", "kept")).await;
    store.close().await.expect("closed");
    fs::write(name("new.db-wal"), &foreign).expect("left there");
    for told in [
        store::back_up(&name("lathe.db"), &name("new.db")).map(drop),
        store::salvage(&name("lathe.db"), &name("new.db")).map(drop),
    ] {
        assert!(matches!(told, Err(StoreError::ForeignLog { .. })), "{told:?}");
        assert!(!name("new.db").exists());
    }
}

#[tokio::test]
async fn a_damaged_database_gives_way_to_its_copy_with_every_byte() {
    let folder = folder();
    let (path, copy) = (folder.path().join("lathe.db"), folder.path().join("copy.db"));
    let store = open(&path);
    keep(&store, &execution("one", "before")).await;
    store::back_up(&path, &copy).expect("copied");
    store.close().await.expect("closed");
    let garbage = vec![0xa5; 30_000];
    fs::write(&path, &garbage).expect("written");
    assert!(matches!(try_open(&path), Err(StoreError::Corrupt { .. })));
    let restored = store::restore(&path, &copy).expect("restored");
    assert_eq!(fs::read(restored.kept.expect("kept")).expect("read"), garbage);
    assert_eq!(count(&path).await, 1);
}

#[tokio::test]
async fn what_is_no_whole_copy_is_refused_and_nothing_changes() {
    let folder = folder();
    let (path, copy) = (folder.path().join("lathe.db"), folder.path().join("copy.db"));
    let store = open(&path);
    for number in 0..40 {
        keep(&store, &execution("one", &format!("{number} {}", "text ".repeat(500)))).await;
    }
    store::back_up(&path, &copy).expect("copied");
    store.close().await.expect("closed");
    let whole = fs::read(&copy).expect("read");
    let before = fs::read(&path).expect("read");
    let half = whole.len() / 2 / 4_096 * 4_096;
    let mut flipped = whole.clone();
    flipped[half..half + 4_096].fill(0x5a);
    let foreign = folder.path().join("foreign.db");
    let other = rusqlite::Connection::open(&foreign).expect("opens");
    other.execute_batch("CREATE TABLE bookmarks (url TEXT)").expect("made");
    drop(other);
    let newer = folder.path().join("newer.db");
    fs::copy(&copy, &newer).expect("copied");
    let other = rusqlite::Connection::open(&newer).expect("opens");
    other.pragma_update(None, "user_version", 9_000).expect("set");
    drop(other);
    let bad = folder.path().join("bad.db");
    for bytes in [&whole[..half], &flipped, b"a letter, no database", b""] {
        fs::write(&bad, bytes).expect("written");
        for refused in [store::verify(&bad).map(drop), store::restore(&path, &bad).map(drop)] {
            let told = refused.expect_err("refused");
            assert!(matches!(told, StoreError::BadBackup { .. }), "{told}");
        }
        assert_eq!(fs::read(&bad).expect("read"), bytes, "it is left as it is");
    }
    let foreign = store::restore(&path, &foreign);
    assert!(matches!(foreign, Err(StoreError::Foreign { .. })), "{foreign:?}");
    let newer = store::restore(&path, &newer);
    assert!(matches!(newer, Err(StoreError::NewerSchema { found: 9_000, .. })), "{newer:?}");
    let itself = store::restore(&path, &path);
    assert!(matches!(itself, Err(StoreError::Refused { .. })), "{itself:?}");
    assert_eq!(fs::read(&path).expect("read"), before);
    let names: Vec<_> = fs::read_dir(folder.path()).expect("listed").flatten().collect();
    assert_eq!(names.len(), 5, "nothing is left over: {names:?}");
}

/// Fifty copies while four processes write: each is sound, and none has less than the one
/// before or than what was acknowledged when it began.
#[test]
fn copies_are_whole_while_four_processes_write() {
    let folder = folder();
    let path = folder.path().join("lathe.db");
    store::Store::open(&store::StoreOptions::file(&path))
        .expect("opens")
        .0
        .close_blocking()
        .expect("made");
    let writers = Writers::start(&path, 4);
    writers.until_acknowledged(40);
    let mut last = 0;
    for round in 0..50 {
        let copy = folder.path().join(format!("copy-{round}.db"));
        let acknowledged = writers.begun();
        let facts = store::back_up(&path, &copy).expect("copied");
        assert!(facts.executions >= acknowledged.max(last), "round {round}: {facts:?}");
        last = facts.executions;
        assert_eq!(integrity(&copy), "ok", "round {round}");
        fs::remove_file(&copy).expect("removed");
    }
    let begun = writers.begun();
    writers.kill();
    assert!(begun > 40, "they went on writing: {begun}");
}
