use std::{fs, path::Path};

use promptlathe::{
    model::ChunkLog,
    store::{Store, StoreError, StoreOptions},
};

use crate::support::{execution, folder, keep, open, try_open};

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
    let (store, report) = Store::open(&StoreOptions::file(&path).workspace("test").read_only())
        .expect("it can be read");
    assert!(report.read_only && store.is_read_only());
    assert!(store.get(record.id).await.expect("read").is_some());
    let refused = store.finish(&execution("one", "y"), &ChunkLog::default()).await;
    assert!(matches!(refused, Err(StoreError::ReadOnly { .. })), "{refused:?}");
    set_mode(path.parent().expect("a folder"), 0o700);
}
