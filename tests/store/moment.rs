//! Telling the writes of others from one's own.

use promptlathe::store::{Store, StoreOptions};
use serde_json::json;

use crate::support::{execution, folder, keep, open};

#[tokio::test]
async fn the_moment_changes_with_the_writes_of_others_alone() {
    let folder = folder();
    let path = folder.path().join("lathe.db");
    let (ours, theirs) = (open(&path), open(&path));
    let before = ours.moment().await.expect("read");
    assert!(before.is_some());
    keep(&ours, &execution("one", "our own")).await;
    ours.history(promptlathe::store::HistoryQuery::default()).await.expect("read");
    assert_eq!(ours.moment().await.expect("read"), before, "our own writes make no difference");
    theirs.history(promptlathe::store::HistoryQuery::default()).await.expect("read");
    assert_eq!(ours.moment().await.expect("read"), before, "nor does another's reading");

    let record = execution("two", "theirs");
    keep(&theirs, &record).await;
    let after = ours.moment().await.expect("read");
    assert_ne!(after, before);
    assert_eq!(ours.moment().await.expect("read"), after, "it is told once");
    theirs.tag(record.id, "by", Some("them")).await.expect("tagged");
    let tagged = ours.moment().await.expect("read");
    assert_ne!(tagged, after);
    theirs.put_setting("test", &json!(1)).await.expect("kept");
    assert_ne!(ours.moment().await.expect("read"), tagged);
}

#[tokio::test]
async fn where_nobody_else_can_write_there_is_no_moment() {
    let (store, _) = Store::open(&StoreOptions::in_memory()).expect("it opens");
    assert_eq!(store.moment().await.expect("read"), None);
}
