use promptlathe::{
    model::{ChunkLog, ErrorKind, Status, Usage},
    store::{
        Checkpoint, HistoryQuery, RollupBy, RollupQuery, Scope, Store, StoreError, StoreOptions,
    },
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
async fn the_model_that_answered_is_the_one_it_is_found_by() {
    let folder = folder();
    let store = open(&folder.path().join("lathe.db"));
    let mut record = execution("one", "");
    (record.provider, record.model) = ("busy".to_owned(), "first".to_owned());
    record.status = Status::Running;
    store.begin(&record).await.expect("begun");
    record.status = Status::Ok;
    (record.provider, record.model) = ("other".to_owned(), "second".to_owned());
    store.finish(&record, &chunks()).await.expect("finished");
    let read = store.get(record.id).await.expect("read").expect("there");
    assert_eq!(read.model_ref().to_string(), "other/second");
    for (provider, found) in [("other", 1), ("busy", 0)] {
        let query = HistoryQuery {
            provider: Some(provider.to_owned()),
            limit: 10,
            ..HistoryQuery::default()
        };
        let page = store.history(query).await.expect("read");
        assert_eq!(page.rows.len(), found, "{provider}");
    }
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
async fn what_was_cut_off_is_counted_before_it_is_written() {
    let folder = folder();
    let path = folder.path().join("lathe.db");
    let counting = |record: &mut promptlathe::model::Execution| {
        record.cost_usd = Some(0.5);
        0.25
    };
    let options = StoreOptions::file(&path).workspace("test").counting(counting);
    let (store, _) = Store::open(&options).expect("opens");
    let mut record = execution("one", "");
    record.status = Status::Running;
    record.cost_usd = None;
    store.begin(&record).await.expect("begun");
    store.close().await.expect("closed");
    let store = open(&path);
    let read = store.get(record.id).await.expect("read").expect("there");
    assert_eq!((read.status, read.cost_usd), (Status::Interrupted, Some(0.5)));
    let spent = store.spend_since(jiff::Timestamp::UNIX_EPOCH).await.expect("summed");
    assert!((spent - 0.75).abs() < 1e-9, "budgets know of it: {spent}");
}

#[tokio::test]
async fn closing_in_order_ends_what_runs_even_after_a_write_failed() {
    let folder = folder();
    let path = folder.path().join("lathe.db");
    let store = open(&path);
    let mut record = execution("one", "");
    record.status = Status::Running;
    store.begin(&record).await.expect("begun");
    let unknown = execution("one", "").id;
    let refused = store.checkpoint(unknown, Checkpoint::default()).await;
    assert_eq!(refused, Err(StoreError::UnknownExecution { id: unknown }));
    store.close().await.expect("closed");
    let (store, report) = open_reported(&path);
    assert_eq!(report.interrupted, 0, "nothing was left for the next start");
    let read = store.get(record.id).await.expect("read").expect("there");
    assert_eq!(read.status, Status::Interrupted);
    assert_eq!(read.error_kind(), Some(ErrorKind::InterruptedStream));
    // Nor is the sign of life left in the folder.
    let names = std::fs::read_dir(folder.path()).expect("listed");
    let left = names.filter(|entry| {
        let name = entry.as_ref().expect("listed").file_name();
        name.to_string_lossy().contains(".process-")
    });
    assert_eq!(left.count(), 0);
}

#[tokio::test]
async fn two_handles_see_each_others_work() {
    let folder = folder();
    let path = folder.path().join("lathe.db");
    let (one, two) = (open(&path), open(&path));
    let records: Vec<_> = (0..20).map(|n| execution("one", &format!("answer {n}"))).collect();
    for (index, record) in records.iter().enumerate() {
        keep(if index % 2 == 0 { &one } else { &two }, record).await;
    }
    for store in [&one, &two] {
        for record in &records {
            assert!(store.get(record.id).await.expect("read").is_some());
        }
        let rows = store.rollups(RollupQuery::default()).await.expect("read");
        assert_eq!(rows.iter().map(|row| row.rollup.runs).sum::<i64>(), 20);
    }
    one.tag(records[1].id, "by", Some("one")).await.expect("tagged");
    let read = two.get(records[1].id).await.expect("read").expect("there");
    assert_eq!(read.tags["by"], "one");
}

#[tokio::test]
async fn several_are_begun_together_or_not_at_all() {
    let folder = folder();
    let store = open(&folder.path().join("lathe.db"));
    let mut records: Vec<_> = (0..3).map(|_| execution("one", "")).collect();
    for record in &mut records {
        record.status = Status::Running;
    }
    store.begin_many(&records).await.expect("begun");
    let mut more = vec![execution("one", ""), records[0].clone()];
    more[0].status = Status::Running;
    let refused = store.begin_many(&more).await;
    assert!(refused.is_err(), "an id is begun once");
    assert!(store.get(more[0].id).await.expect("read").is_none());
    for record in &records {
        assert!(store.get(record.id).await.expect("read").is_some());
    }
}

#[tokio::test]
async fn a_store_in_memory_does_the_same() {
    let (store, report) = Store::open(&StoreOptions::in_memory()).expect("opens");
    assert_eq!(report.journal_mode, "memory");
    let record = full();
    store.finish(&record, &chunks()).await.expect("finished");
    assert_eq!(store.get(record.id).await, Ok(Some(record)));
    store.close().await.expect("closed");
}

#[tokio::test]
async fn a_closed_store_says_so() {
    let folder = folder();
    let store = open(&folder.path().join("lathe.db"));
    let other = store.clone();
    store.close().await.expect("closed");
    let late = other.finish(&execution("one", "x"), &ChunkLog::default()).await;
    assert_eq!(late, Err(StoreError::Closed));
    assert_eq!(other.get(execution("one", "x").id).await, Err(StoreError::Closed));
    other.close().await.expect("closing twice is no mistake");
}

#[tokio::test]
async fn after_closing_everything_is_in_the_one_file() {
    let folder = folder();
    let path = folder.path().join("lathe.db");
    let store = open(&path);
    let record = execution("one", "x");
    keep(&store, &record).await;
    // Readers that have something open do not keep it from being tidied up.
    assert!(store.get(record.id).await.expect("read").is_some());
    store.close().await.expect("closed");
    let names: Vec<_> = std::fs::read_dir(folder.path())
        .expect("listed")
        .map(|entry| entry.expect("listed").file_name())
        .collect();
    assert_eq!(names, ["lathe.db"]);
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

#[tokio::test]
async fn sums_are_kept_apart_by_what_is_asked() {
    let folder = folder();
    let store = open(&folder.path().join("lathe.db"));
    let noon = jiff::Timestamp::from_second(1_800_000_000).expect("a time");
    for (hours, model, total) in [(0, "fast", 40), (1, "fast", 60), (1, "careful", 9_000)] {
        let mut record = execution("one", "x");
        record.timing.started_at = noon + jiff::SignedDuration::from_hours(hours);
        record.timing.total_ms = Some(total);
        model.clone_into(&mut record.model);
        keep(&store, &record).await;
    }
    let mut failed = full();
    failed.timing.started_at = noon;
    keep(&store, &failed).await;

    let by = RollupBy { model: true, error_kind: true, ..RollupBy::default() };
    let rows = store.rollups(RollupQuery { by, ..RollupQuery::default() }).await.expect("read");
    let found: Vec<_> = rows
        .iter()
        .map(|row| {
            let group = &row.group;
            (
                group.model.as_deref(),
                group.error_kind,
                row.rollup.runs,
                row.rollup.total.quantile(1.0),
            )
        })
        .collect();
    let (fast, careful) = (Some("demo/fast"), Some("demo/careful"));
    assert_eq!(found.len(), 3, "{found:?}");
    assert_eq!(found[0].0, careful);
    assert_eq!(found[1], (fast, None, 2, Some(60.0)));
    assert_eq!((found[2].0, found[2].1, found[2].2), (fast, Some("rate_limit"), 1));
    let slow = found[0].3.expect("measured");
    assert!((slow - 9_000.0).abs() <= 9_000.0 / 64.0, "{slow}");

    let counted = async |query: RollupQuery| -> u64 {
        let rows = store.rollups(query).await.expect("read");
        rows.iter().map(|row| u64::try_from(row.rollup.runs).expect("a count")).sum()
    };
    let all = RollupQuery::default;
    assert_eq!(counted(RollupQuery { status: Some(Status::Error), ..all() }).await, 1);
    let limited = RollupQuery { error_kind: Some(ErrorKind::RateLimit), ..all() };
    assert_eq!(counted(limited).await, 1);
    assert_eq!(counted(RollupQuery { provider: Some("demo".to_owned()), ..all() }).await, 4);
    assert_eq!(counted(RollupQuery { provider: Some("none".to_owned()), ..all() }).await, 0);
    let version = Some("7.7.7".parse().expect("a version"));
    assert_eq!(counted(RollupQuery { version, ..all() }).await, 0);

    let later = RollupQuery {
        since: Some(noon + jiff::SignedDuration::from_hours(1)),
        hours: 1,
        ..RollupQuery::default()
    };
    let rows = store.rollups(later).await.expect("read");
    assert_eq!(rows.iter().map(|row| row.rollup.runs).collect::<Vec<_>>(), [2]);
}

#[tokio::test]
async fn days_hold_what_their_hours_hold() {
    let folder = folder();
    let store = open(&folder.path().join("lathe.db"));
    let start = jiff::Timestamp::from_second(1_800_000_000).expect("a time");
    let mut ids = Vec::new();
    for number in 0..60_u32 {
        let mut record = execution(if number % 3 == 0 { "one" } else { "two" }, "x");
        record.timing.started_at = start + jiff::SignedDuration::from_hours(i64::from(number) * 5);
        record.timing.total_ms = Some(u64::from(number) * 100);
        keep(&store, &record).await;
        ids.push(record.id);
    }
    store.delete(ids.into_iter().step_by(7).collect()).await.expect("deleted");
    let by = RollupBy { template: true, ..RollupBy::default() };
    let since = Some(start + jiff::SignedDuration::from_hours(30));
    for until in [None, Some(start + jiff::SignedDuration::from_hours(200))] {
        let read = |hours| {
            let query = RollupQuery { since, until, hours, by, ..RollupQuery::default() };
            let store = store.clone();
            async move { store.rollups(query).await.expect("read") }
        };
        // Steps of an hour and of eleven come from the hours, the others mostly from the days.
        let (hours, elevens) = (read(1).await, read(11).await);
        for rows in [elevens, read(24).await, read(48).await, read(0).await] {
            for template in ["one", "two"] {
                let total = |rows: &[promptlathe::store::RollupRow]| {
                    let mut sum = promptlathe::store::Rollup::default();
                    let of = |name: &Option<String>| name.as_deref() == Some(template);
                    for row in rows.iter().filter(|row| of(&row.group.template)) {
                        sum.merge(&row.rollup);
                    }
                    sum
                };
                assert_eq!(total(&rows), total(&hours));
                assert!(total(&rows).runs > 5);
            }
        }
    }
}

/// Asked for together, sums are those of each query by itself, whichever of them go the same way.
#[tokio::test]
async fn sums_asked_for_together_are_those_of_each() {
    let folder = folder();
    let path = folder.path().join("lathe.db");
    let store = open(&path);
    let (other, _) =
        Store::open(&StoreOptions::file(&path).workspace("another")).expect("it opens");
    let start = jiff::Timestamp::from_second(1_800_000_000).expect("a time");
    for number in 0..60_u32 {
        let mut record = if number % 10 == 0 { full() } else { execution("one", "x") };
        if number % 3 == 0 {
            record.template = None;
        }
        if number % 4 == 0 {
            "careful".clone_into(&mut record.model);
        }
        record.timing.started_at = start + jiff::SignedDuration::from_hours(i64::from(number) * 5);
        record.timing.total_ms = Some(u64::from(number) * 100);
        keep(if number % 7 == 0 { &other } else { &store }, &record).await;
    }
    let since = Some(start + jiff::SignedDuration::from_hours(30));
    let all = RollupQuery::default;
    let model = RollupBy { model: true, status: true, ..RollupBy::default() };
    let template = RollupBy { template: true, error_kind: true, ..RollupBy::default() };
    let queries = [
        RollupQuery { since, hours: 24, by: model, ..all() },
        RollupQuery { since, hours: 1, by: model, ..all() },
        RollupQuery { since, hours: 0, by: template, ..all() },
        RollupQuery { since, hours: 0, workspace: Scope::All, by: template, ..all() },
        RollupQuery { since, hours: 48, provider: Some("demo".to_owned()), ..all() },
        RollupQuery { until: since, by: model, ..all() },
        RollupQuery { since, hours: 0, ..all() },
    ];
    let together = store.rollups_of(queries.clone()).await.expect("read");
    for (query, rows) in queries.into_iter().zip(together) {
        assert!(!rows.is_empty(), "{query:?}");
        assert_eq!(store.rollups(query.clone()).await.expect("read"), rows, "{query:?}");
    }
}
