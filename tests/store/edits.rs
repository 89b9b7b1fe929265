use promptlathe::store::{HistoryQuery, StoreError};

use crate::support::{execution, folder, keep, open};

#[tokio::test]
async fn what_is_deleted_is_gone_until_it_is_taken_back() {
    let folder = folder();
    let store = open(&folder.path().join("lathe.db"));
    let record = execution("one", "peculiar answer");
    keep(&store, &record).await;
    let found = |text: &'static str| {
        let query = HistoryQuery { text: Some(text.to_owned()), ..HistoryQuery::default() };
        let store = store.clone();
        async move { store.history(query).await.expect("listed").rows.len() }
    };
    let deleted = store.delete(vec![record.id]).await.expect("deleted");
    assert_eq!((deleted.len(), found("").await, found("peculiar").await), (1, 0, 0));
    assert!(store.get(record.id).await.expect("read").is_none());
    assert!(store.delete(vec![record.id]).await.expect("nothing to do").is_empty());
    assert_eq!(store.restore(&deleted).await, Ok(1));
    assert_eq!((found("").await, found("peculiar").await), (1, 1));
    assert_eq!(store.restore(&deleted).await, Ok(0));
}

#[tokio::test]
async fn tags_and_ratings_are_kept_found_and_taken_away() {
    let folder = folder();
    let store = open(&folder.path().join("lathe.db"));
    let record = execution("one", "x");
    keep(&store, &record).await;
    store.tag(record.id, "ticket", Some("zebra")).await.expect("tagged");
    store.rate(record.id, Some(5)).await.expect("rated");
    let read = store.get(record.id).await.expect("read").expect("there");
    assert_eq!((read.tags["ticket"].as_str(), read.rating), ("zebra", Some(5)));
    let query = HistoryQuery { text: Some("zebra".to_owned()), ..HistoryQuery::default() };
    assert_eq!(store.history(query).await.expect("listed").rows.len(), 1);
    store.tag(record.id, "ticket", None).await.expect("taken away");
    store.rate(record.id, None).await.expect("taken away");
    let read = store.get(record.id).await.expect("read").expect("there");
    assert!(read.tags.is_empty() && read.rating.is_none());
    for bad in [0, 6] {
        let refused = store.rate(record.id, Some(bad)).await;
        assert!(matches!(refused, Err(StoreError::Invalid { .. })), "{refused:?}");
    }
    assert!(matches!(store.tag(record.id, " ", Some("x")).await, Err(StoreError::Invalid { .. })));
    let unknown = execution("one", "never kept").id;
    assert_eq!(
        store.rate(unknown, Some(1)).await,
        Err(StoreError::UnknownExecution { id: unknown })
    );
}
