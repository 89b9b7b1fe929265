use std::collections::BTreeMap;

use jiff::Timestamp;
use promptlathe::{
    model::{ContentHash, TemplateId, VersionRecord},
    store::StoreError,
};
use semver::Version;
use serde_json::json;

use crate::support::{folder, open};

fn id() -> TemplateId {
    TemplateId::new("folder/one").expect("an id")
}

fn record(version: &str, content: &str) -> VersionRecord {
    VersionRecord {
        template: id(),
        version: Version::parse(version).expect("a version"),
        content_hash: ContentHash::of(content.as_bytes()),
        content: content.to_owned(),
        note: "why".to_owned(),
        label: None,
        saved_at: Timestamp::UNIX_EPOCH,
        rolled_back_from: None,
    }
}

#[tokio::test]
async fn versions_never_change_and_come_newest_first() {
    let folder = folder();
    let store = open(&folder.path().join("lathe.db"));
    let first = record("1.0.0", "one\r\n");
    let mut second = record("1.1.0", "two");
    second.rolled_back_from = Some(Version::new(1, 0, 0));
    for version in [&first, &second, &first] {
        store.save_version(version).await.expect("saved");
    }
    let other = store.save_version(&record("1.0.0", "something else")).await;
    assert!(matches!(other, Err(StoreError::VersionExists { .. })), "{other:?}");
    assert_eq!(store.versions(&id()).await, Ok(vec![second, first.clone()]));
    assert_eq!(store.version(&id(), &first.version).await, Ok(Some(first)));
    assert_eq!(store.version(&id(), &Version::new(9, 0, 0)).await, Ok(None));
}

#[tokio::test]
async fn a_label_names_one_version() {
    let folder = folder();
    let store = open(&folder.path().join("lathe.db"));
    let versions = [record("1.0.0", "one"), record("1.1.0", "two")];
    for version in &versions {
        store.save_version(version).await.expect("saved");
    }
    for version in &versions {
        store.label_version(&id(), &version.version, Some("production")).await.expect("named");
    }
    let labels: Vec<_> =
        store.versions(&id()).await.expect("read").into_iter().map(|record| record.label).collect();
    assert_eq!(labels, [Some("production".to_owned()), None]);
    for bad in ["", "a b", "1.2.0", "v2.0.0", "x@y"] {
        let refused = store.label_version(&id(), &versions[0].version, Some(bad)).await;
        assert!(matches!(refused, Err(StoreError::Invalid { .. })), "{bad:?}");
    }
    let unknown = store.label_version(&id(), &Version::new(7, 0, 0), Some("x")).await;
    assert!(matches!(unknown, Err(StoreError::UnknownVersion { .. })));
}

#[tokio::test]
async fn drafts_inputs_and_settings_outlive_the_process() {
    let folder = folder();
    let path = folder.path().join("lathe.db");
    let inputs = BTreeMap::from([("list".to_owned(), json!([1, {"a": null}]))]);
    {
        let store = open(&path);
        store.save_draft(&id(), "first").await.expect("kept");
        store.save_draft(&id(), "second").await.expect("kept");
        store.remember_inputs(&id(), &inputs).await.expect("kept");
        store.put_setting("workbench", &json!({"template": "folder/one"})).await.expect("kept");
        store.close().await.expect("closed");
    }
    let store = open(&path);
    let draft = store.draft(&id()).await.expect("read").expect("there");
    assert_eq!(draft.text, "second");
    assert_eq!(store.drafts().await, Ok(vec![id()]));
    assert_eq!(store.inputs(&id()).await, Ok(inputs));
    let setting = store.setting("workbench").await.expect("read");
    assert_eq!(setting, Some(json!({"template": "folder/one"})));
    store.clear_draft(&id()).await.expect("forgotten");
    assert_eq!(store.draft(&id()).await, Ok(None));
    assert_eq!(store.setting("other").await, Ok(None));
}
