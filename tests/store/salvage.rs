//! Damaged databases, and what is taken out of them.

use std::{
    fs,
    path::{Path, PathBuf},
};

use promptlathe::{
    model::{Execution, Status},
    store::{self, HistoryQuery, RollupQuery, Salvaged, StoreError},
};

use crate::support::{execution, folder, full, integrity, keep, open};

const PAGE: usize = 4_096;

/// A database with records of all sizes, closed, and the records.
async fn filled(path: &Path, count: usize) -> Vec<Execution> {
    let store = open(path);
    let mut records = vec![full()];
    for number in 0..count {
        records.push(execution("one", &format!("answer {number} {}", "word ".repeat(number * 40))));
    }
    for record in &records {
        keep(&store, record).await;
        store.tag(record.id, "number", Some("one")).await.expect("tagged");
    }
    store.put_setting("screen", &serde_json::json!(3)).await.expect("kept");
    store.close().await.expect("closed");
    for record in &mut records {
        record.tags.insert("number".to_owned(), "one".to_owned());
    }
    records
}

/// Salvages a file of these bytes; the new database, where the old one kept every byte.
fn salvaged(folder: &Path, bytes: &[u8]) -> (Salvaged, PathBuf) {
    let (damaged, new) = (folder.join("damaged.db"), folder.join("new.db"));
    fs::write(&damaged, bytes).expect("written");
    for left in ["", "-wal", "-shm"] {
        drop(fs::remove_file(format!("{}{left}", new.display())));
    }
    let found = store::salvage(&damaged, &new).expect("salvaged");
    assert_eq!(fs::read(&damaged).expect("read"), bytes, "the old one is left alone");
    assert_eq!(integrity(&new), "ok");
    (found, new)
}

/// How many of the records are in a database as they were; none may be there as another.
async fn intact(path: &Path, records: &[Execution]) -> usize {
    let store = open(path);
    let mut count = 0;
    for record in records {
        let Some(read) = store.get(record.id).await.expect("it can be read") else { continue };
        if read == *record {
            count += 1;
        } else {
            assert!(
                read.messages.is_empty()
                    || read.text.is_empty()
                    || read.tags.is_empty()
                    || read.text.contains('\u{fffd}'),
                "what is missing can be seen: {read:?}"
            );
        }
    }
    store.close().await.expect("closed");
    count
}

#[tokio::test]
async fn a_sound_database_comes_through_whole() {
    let folder = folder();
    let path = folder.path().join("lathe.db");
    let records = filled(&path, 30).await;
    let (found, new) = salvaged(folder.path(), &fs::read(&path).expect("read"));
    assert!(found.tables.iter().all(|table| table.gaps == 0 && table.rejected == 0), "{found:?}");
    assert!(!found.first_page_replaced && !found.sums_made_anew);
    assert_eq!((found.executions, found.without_prompt, found.without_answer), (31, 0, 0));
    assert_eq!(intact(&new, &records).await, 31);
    let store = open(&new);
    let query = HistoryQuery { text: Some("answer".to_owned()), ..HistoryQuery::default() };
    assert_eq!(store.history(query).await.expect("listed").rows.len(), 30, "words are found");
    assert_eq!(store.setting("screen").await, Ok(Some(serde_json::json!(3))));
    let again = store::salvage(&path, &new);
    assert!(matches!(again, Err(StoreError::Refused { .. })), "nothing is overwritten: {again:?}");
}

#[tokio::test]
async fn one_bad_page_costs_its_own_rows_and_no_others() {
    let folder = folder();
    let path = folder.path().join("lathe.db");
    let records = filled(&path, 60).await;
    let sound = fs::read(&path).expect("read");
    let pages = sound.len() / PAGE;
    assert!(pages > 100, "{pages}");
    for page in (1..pages).step_by(3) {
        let mut bytes = sound.clone();
        bytes[page * PAGE..(page + 1) * PAGE].fill(0xa5);
        let (found, new) = salvaged(folder.path(), &bytes);
        let kept = intact(&new, &records).await;
        // A page holds some dozen small rows, or is the way to at most all of one table.
        let lost = found.tables.iter().filter(|table| table.gaps + table.mended > 0).count();
        assert!(lost <= 1, "page {page}: {found:?}");
        let whole_table = found.tables.iter().any(|table| table.gaps > 0 && table.rows == 0);
        assert!(kept >= 30 || whole_table, "page {page}: {kept} of 61 left, {found:?}");
        if lost == 0 {
            assert_eq!(kept, 61, "page {page}: nothing was lost");
        }
        if found.sums_made_anew {
            let store = open(&new);
            let rows = store.rollups(RollupQuery::default()).await.expect("read");
            let runs: i64 = rows.iter().map(|row| row.rollup.runs).sum();
            assert_eq!(runs.unsigned_abs(), found.executions, "page {page}");
            store.close().await.expect("closed");
        }
    }
}

#[tokio::test]
async fn a_header_and_a_first_page_of_garbage_cost_nothing() {
    let folder = folder();
    let path = folder.path().join("lathe.db");
    let records = filled(&path, 20).await;
    let sound = fs::read(&path).expect("read");
    for length in [16, 100, PAGE] {
        let mut bytes = sound.clone();
        bytes[..length].fill(0xa5);
        let (found, new) = salvaged(folder.path(), &bytes);
        assert!(found.first_page_replaced);
        assert_eq!(intact(&new, &records).await, 21, "{length} bytes");
    }
}

/// The pages of the list of tables.
fn pages_of_list(path: &Path) -> Vec<usize> {
    let connection = rusqlite::Connection::open(path).expect("opens");
    let sql = "SELECT pageno FROM dbstat WHERE name IN ('sqlite_schema', 'sqlite_master')";
    let mut statement = connection.prepare(sql).expect("compiled in");
    let pages = statement.query_map([], |row| row.get::<_, u16>(0)).expect("read");
    pages.map(|page| page.expect("read").into()).collect()
}

#[tokio::test]
async fn a_list_of_tables_of_garbage_costs_nothing() {
    let folder = folder();
    let path = folder.path().join("lathe.db");
    let records = filled(&path, 20).await;
    let sound = fs::read(&path).expect("read");
    let pages = pages_of_list(&path);
    assert!(pages.len() > 2 && pages.contains(&1), "{pages:?}");
    let one_each = pages.iter().map(|page| vec![*page]);
    for damaged in one_each.chain([pages.clone()]) {
        for garbage in [0, 0xa5] {
            let mut bytes = sound.clone();
            for page in &damaged {
                bytes[(page - 1) * PAGE..page * PAGE].fill(garbage);
            }
            let (found, new) = salvaged(folder.path(), &bytes);
            assert!(found.first_page_replaced, "{damaged:?}");
            assert!(found.tables.iter().all(|table| table.gaps + table.rejected == 0), "{found:?}");
            assert_eq!(intact(&new, &records).await, 21, "{damaged:?}");
        }
    }
}

#[tokio::test]
async fn a_file_cut_short_gives_what_is_before_the_cut() {
    let folder = folder();
    let path = folder.path().join("lathe.db");
    let records = filled(&path, 60).await;
    let sound = fs::read(&path).expect("read");
    let half = sound.len() * 3 / 4 / PAGE * PAGE;
    let (found, new) = salvaged(folder.path(), &sound[..half]);
    let kept = intact(&new, &records).await;
    assert!(kept >= 10, "{kept} of 61 left: {found:?}");
    let nothing = folder.path().join("none.db");
    fs::write(&nothing, b"a letter").expect("written");
    let refused = store::salvage(&nothing, &folder.path().join("other.db")).expect_err("a letter");
    assert!(matches!(&refused, StoreError::BeyondSalvage { path, .. } if *path == nothing));
    assert!(!refused.to_string().contains("--salvage"), "that was it: {refused}");
    assert!(!folder.path().join("other.db").exists());
}

/// A process may have it open that has begun nothing, and that had it open before it was damaged.
#[tokio::test]
async fn what_somebody_has_open_is_not_salvaged_though_they_only_look() {
    let folder = folder();
    let (path, new) = (folder.path().join("lathe.db"), folder.path().join("new.db"));
    filled(&path, 3).await;
    let sound = fs::read(&path).expect("read");
    let holder = crate::kill::Holder::start(&path, "idle");
    for damaged in [false, true] {
        if damaged {
            let file = fs::OpenOptions::new().write(true).open(&path).expect("opens");
            std::os::unix::fs::FileExt::write_all_at(&file, &[0xa5; 100], 0).expect("written");
        }
        let busy = store::salvage(&path, &new);
        assert!(matches!(busy, Err(StoreError::Busy { .. })), "damaged {damaged}: {busy:?}");
        assert!(!new.exists());
        let copy = folder.path().join("copy.db");
        fs::write(&copy, &sound).expect("written");
        let busy = store::restore(&path, &copy);
        assert!(matches!(busy, Err(StoreError::Busy { .. })), "damaged {damaged}: {busy:?}");
    }
    holder.end();
    store::salvage(&path, &new).expect("nobody has it any more");
}

/// What a killed process left in the log is read too, and what was running is ended by the next
/// to open the new database.
#[tokio::test]
async fn the_log_is_read_and_what_ran_is_interrupted() {
    let folder = folder();
    let (path, left) = (folder.path().join("lathe.db"), folder.path().join("left.db"));
    let store = open(&path);
    let mut record = execution("one", "");
    record.status = Status::Running;
    store.begin(&record).await.expect("begun");
    let delta = store::Checkpoint { text_delta: "half an".to_owned(), ..Default::default() };
    store.checkpoint(record.id, delta).await.expect("kept");
    // As a machine that stops leaves them.
    for suffix in ["", "-wal"] {
        let name = |path: &Path| PathBuf::from(format!("{}{suffix}", path.display()));
        fs::copy(name(&path), name(&left)).expect("copied");
    }
    let new = folder.path().join("new.db");
    let busy = store::salvage(&path, &new);
    assert!(matches!(busy, Err(StoreError::Busy { .. })), "it is in use: {busy:?}");
    store::salvage(&left, &new).expect("salvaged");
    let (fresh, report) = crate::support::open_reported(&new);
    assert_eq!(report.interrupted, 1);
    let read = fresh.get(record.id).await.expect("read").expect("there");
    assert_eq!((read.status, read.text.as_str()), (Status::Interrupted, "half an"));
    store.close().await.expect("closed");
}
