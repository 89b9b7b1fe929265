use promptlathe::{
    model::{ChunkLog, Status, Usage},
    store::{Checkpoint, RollupQuery, Scope, StoreError},
};

use crate::support::{chunks, execution, folder, full, keep, open, open_reported};

#[tokio::test]
async fn a_full_record_comes_back_exactly() {
    let folder = folder();
    let path = folder.path().join("lathe.db");
    let record = full();
    {
        let store = open(&path);
        let mut begun = record.clone();
        begun.status = Status::Running;
        store.begin(&begun).await.expect("begun");
        store.finish(&record, &chunks()).await.expect("finished");
        store.close().await.expect("closed");
    }
    let store = open(&path);
    let read = store.get(record.id).await.expect("read").expect("there");
    assert_eq!(
        serde_json::to_value(&read).expect("JSON"),
        serde_json::to_value(&record).expect("JSON")
    );
    assert_eq!(store.chunks(record.id).await.expect("read"), chunks());
}

#[tokio::test]
async fn checkpoints_stand_in_until_the_end_is_recorded() {
    let folder = folder();
    let store = open(&folder.path().join("lathe.db"));
    let mut record = execution("one", "");
    record.status = Status::Running;
    store.begin(&record).await.expect("begun");
    for (text, reasoning) in [("", "thinking"), ("one ", ""), ("two", "")] {
        let checkpoint = Checkpoint {
            text_delta: text.to_owned(),
            reasoning_delta: reasoning.to_owned(),
            usage: Some(Usage { input_tokens: Some(5), ..Usage::default() }),
            ..Checkpoint::default()
        };
        store.checkpoint(record.id, checkpoint).await.expect("kept");
    }
    let read = store.get(record.id).await.expect("read").expect("there");
    assert_eq!((read.text.as_str(), read.reasoning.as_str()), ("one two", "thinking"));
    assert_eq!((read.status, read.usage.input_tokens), (Status::Running, Some(5)));
    record.status = Status::Ok;
    record.text = "one two three".to_owned();
    keep(&store, &record).await;
    let read = store.get(record.id).await.expect("read").expect("there");
    assert_eq!((read.text.as_str(), read.reasoning.as_str()), ("one two three", ""));
    let late = store.checkpoint(record.id, Checkpoint::default()).await;
    assert_eq!(late, Err(StoreError::UnknownExecution { id: record.id }));
}

#[tokio::test]
async fn what_runs_in_this_process_is_not_taken_for_left_behind() {
    let folder = folder();
    let path = folder.path().join("lathe.db");
    let store = open(&path);
    let mut record = execution("one", "");
    record.status = Status::Running;
    store.begin(&record).await.expect("begun");
    let (other, report) = open_reported(&path);
    assert_eq!(report.interrupted, 0);
    let read = other.get(record.id).await.expect("read").expect("there");
    assert_eq!(read.status, Status::Running);
    // Closing in order ends what still runs.
    store.close().await.expect("closed");
    let read = other.get(record.id).await.expect("read").expect("there");
    assert_eq!(read.status, Status::Interrupted);
}

#[tokio::test]
async fn a_closed_store_says_so() {
    let folder = folder();
    let store = open(&folder.path().join("lathe.db"));
    let other = store.clone();
    store.close().await.expect("closed");
    let late = other.finish(&execution("one", "x"), &ChunkLog::default()).await;
    assert_eq!(late, Err(StoreError::Closed));
}

#[tokio::test]
async fn sums_follow_the_records() {
    let folder = folder();
    let store = open(&folder.path().join("lathe.db"));
    let records = [execution("one", "x"), execution("one", "y"), execution("two", "z")];
    for record in &records {
        keep(&store, record).await;
    }
    let sum = || async {
        let rows = store
            .rollups(RollupQuery { workspace: Scope::This, ..RollupQuery::default() })
            .await
            .expect("read");
        rows.iter().map(|row| (row.rollup.runs, row.rollup.output_tokens)).collect::<Vec<_>>()
    };
    assert_eq!(sum().await, [(3, 60)]);
    let deleted = store.delete(vec![records[0].id]).await.expect("deleted");
    assert_eq!(sum().await, [(2, 40)]);
    store.restore(&deleted).await.expect("restored");
    assert_eq!(sum().await, [(3, 60)]);
    let spent = store.spend_since(jiff::Timestamp::UNIX_EPOCH).await.expect("read");
    assert!((spent - 0.003).abs() < 1e-9, "{spent}");
}
