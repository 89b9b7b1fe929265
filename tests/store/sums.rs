//! Sums that are kept, beside the same sums of the records themselves.

use std::{collections::BTreeMap, path::Path};

use jiff::{SignedDuration, Timestamp};
use promptlathe::{
    model::{CallError, ErrorKind, Execution, ModelRef, Status},
    store::{Rollup, RollupBy, RollupGroup, RollupQuery, Scope, Store, StoreOptions},
};

use crate::support::{execution, folder, integrity, keep, open, open_reported};

const HOUR: i64 = 3_600;

/// A generator of repeatable pseudo-random numbers (`SplitMix64`).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % end
    }

    fn one_in(&mut self, many: u64) -> bool {
        self.below(many) == 0
    }

    /// A time within a hundred days of 1970, before it and after it.
    fn time(&mut self) -> Timestamp {
        let seconds = self.below(200 * 24 * 3_600).cast_signed() - 100 * 24 * HOUR;
        Timestamp::from_second(seconds).expect("a time")
    }

    fn record(&mut self) -> Execution {
        let mut record = execution(["one", "two", "folder/three"][self.index(3)], "x");
        if self.one_in(4) {
            (record.template, record.version) = (None, None);
        } else if self.one_in(2) {
            record.version = Some(semver::Version::new(2, 0, 0));
        }
        ["fast", "careful", "small"][self.index(3)].clone_into(&mut record.model);
        if self.one_in(5) {
            "other".clone_into(&mut record.provider);
        }
        if self.one_in(5) {
            let kind = [ErrorKind::RateLimit, ErrorKind::Timeout][self.index(2)];
            record.status = Status::Error;
            record.error = Some(CallError::new(kind, "it failed"));
        }
        if self.one_in(6) {
            record.cost_usd = None;
        }
        record.usage.output_tokens = Some(self.below(9_000));
        record.timing.started_at = self.time();
        record.timing.total_ms = (!self.one_in(7)).then(|| self.below(100_000));
        record.timing.ttft_ms = Some(self.below(3_000));
        record
    }

    fn index(&mut self, end: u64) -> usize {
        usize::try_from(self.below(end)).expect("a small number")
    }

    fn query(&mut self) -> RollupQuery {
        let mut some = |many| self.one_in(many);
        let by = RollupBy {
            template: some(4),
            version: some(4),
            model: some(2),
            status: some(2),
            error_kind: some(2),
        };
        let template = some(8).then(|| "one".parse().expect("an id"));
        let version = some(8).then(|| semver::Version::new(1, 2, 3));
        let model = some(6).then(|| ModelRef::new("demo", "fast"));
        let provider = some(8).then(|| "other".to_owned());
        let status = some(8).then_some(Status::Error);
        let error_kind = some(8).then_some(ErrorKind::Timeout);
        let workspace = if some(2) { Scope::All } else { Scope::This };
        RollupQuery {
            workspace,
            template,
            version,
            model,
            provider,
            status,
            error_kind,
            since: self.one_in(2).then(|| self.time()),
            until: self.one_in(2).then(|| self.time()),
            hours: [0, 1, 7, 24, 48, 240, 720, 1_440][self.index(8)],
            by,
        }
    }
}

/// A record that was kept, whose it is, and whether it still counts.
struct Kept {
    record: Execution,
    own: bool,
    counts: bool,
}

/// Keeps records of two workspaces, rates, deletes and takes back some of them.
async fn filled(path: &Path, numbers: &mut Numbers, count: usize) -> (Store, Vec<Kept>) {
    let store = open(path);
    let (other, _) = Store::open(&StoreOptions::file(path).workspace("another")).expect("it opens");
    let mut kept = Vec::new();
    for _ in 0..count {
        let (record, own) = (numbers.record(), !numbers.one_in(3));
        keep(if own { &store } else { &other }, &record).await;
        kept.push(Kept { record, own, counts: true });
    }
    for one in &mut kept {
        if numbers.one_in(4) {
            let rating = u8::try_from(1 + numbers.below(5)).expect("a rating");
            store.rate(one.record.id, Some(rating)).await.expect("rated");
            one.record.rating = Some(rating);
        }
        if numbers.one_in(4) {
            let deleted = store.delete(vec![one.record.id]).await.expect("deleted");
            one.counts = numbers.one_in(2);
            if one.counts {
                store.restore(&deleted).await.expect("taken back");
            }
        }
    }
    other.close().await.expect("closed");
    (store, kept)
}

/// What one record adds to its sums.
fn alone(record: &Execution) -> Rollup {
    let mut sum = Rollup {
        runs: 1,
        costed_runs: i64::from(record.cost_usd.is_some()),
        cost_nano: record.cost_usd.map_or(0, |_| 1_000_000),
        counted_runs: 1,
        input_tokens: 10,
        output_tokens: record.usage.output_tokens.unwrap_or_default().cast_signed(),
        rated_runs: i64::from(record.rating.is_some()),
        rating_sum: record.rating.map_or(0, i64::from),
        ..Rollup::default()
    };
    if let Some(milliseconds) = record.timing.total_ms {
        sum.total.push(milliseconds);
    }
    if let Some(milliseconds) = record.timing.ttft_ms {
        sum.ttft.push(milliseconds);
    }
    sum
}

/// The sums that a query asks for, from the records themselves.
fn plain(kept: &[Kept], query: &RollupQuery) -> BTreeMap<(Timestamp, RollupGroup), Rollup> {
    let hour_of = |time: Timestamp| time.as_second().div_euclid(HOUR);
    let since = query.since.map(hour_of);
    let until = query
        .until
        .map(|until| hour_of(until) + i64::from(until.as_second().rem_euclid(HOUR) != 0));
    let mut sums: BTreeMap<_, Rollup> = BTreeMap::new();
    for Kept { record, own, .. } in kept.iter().filter(|kept| kept.counts) {
        let kind = record.error.as_ref().map(|error| error.kind);
        let hour = hour_of(record.timing.started_at);
        let asked_for = (*own || query.workspace == Scope::All)
            && query.template.as_ref().is_none_or(|it| record.template.as_ref() == Some(it))
            && query.version.as_ref().is_none_or(|it| record.version.as_ref() == Some(it))
            && query
                .model
                .as_ref()
                .is_none_or(|it| (&it.provider, &it.model) == (&record.provider, &record.model))
            && query.provider.as_ref().is_none_or(|it| record.provider == *it)
            && query.status.is_none_or(|it| record.status == it)
            && query.error_kind.is_none_or(|it| kind == Some(it))
            && since.is_none_or(|since| hour >= since)
            && until.is_none_or(|until| hour < until);
        if !asked_for {
            continue;
        }
        let step = match i64::from(query.hours) {
            0 => 0,
            hours => hour.div_euclid(hours) * hours,
        };
        let by = query.by;
        let template = record.template.as_ref().filter(|_| by.template);
        let group = RollupGroup {
            template: template.map(|template| template.as_str().to_owned()),
            version: record.version.as_ref().filter(|_| by.version).map(ToString::to_string),
            model: by.model.then(|| format!("{}/{}", record.provider, record.model)),
            tag: None,
            status: by.status.then(|| record.status.as_str()),
            error_kind: kind.filter(|_| by.error_kind).map(ErrorKind::as_str),
        };
        let start = Timestamp::UNIX_EPOCH + SignedDuration::from_hours(step);
        sums.entry((start, group)).or_default().merge(&alone(record));
    }
    sums
}

/// Whatever is asked: the sums that are kept are those of the records, whichever of them a query
/// is answered from, after ratings, deletions and deletions that were taken back.
#[tokio::test]
async fn sums_are_those_of_the_records() {
    let folder = folder();
    let mut numbers = Numbers(7);
    let (store, kept) = filled(&folder.path().join("lathe.db"), &mut numbers, 250).await;
    let mut found = 0;
    for _ in 0..400 {
        let query = numbers.query();
        let rows = store.rollups(query.clone()).await.expect("read");
        let rows: Vec<_> =
            rows.into_iter().map(|row| ((row.start, row.group), row.rollup)).collect();
        found += rows.len();
        assert_eq!(rows, plain(&kept, &query).into_iter().collect::<Vec<_>>(), "{query:?}");
    }
    assert!(found > 2_000, "{found}");
}

/// What a table of sums holds, row by row.
fn rows(path: &Path, table: &str) -> Vec<String> {
    let connection = rusqlite::Connection::open(path).expect("opens");
    let names = "step, hour, workspace, template, version, provider, model, status, error_kind";
    let mut statement = connection
        .prepare(&format!("SELECT * FROM {table} ORDER BY {names}"))
        .expect("it is there");
    let columns = statement.column_names().len();
    let read = |row: &rusqlite::Row<'_>| {
        let columns = (0..columns).map(|column| row.get::<_, rusqlite::types::Value>(column));
        columns.map(|value| Ok(format!("{:?} ", value?))).collect::<Result<String, _>>()
    };
    statement.query_map([], read).expect("read").collect::<Result<_, _>>().expect("read")
}

/// Takes the sums of the last schema away, as the one before it was without them.
fn to_schema_five(path: &Path) {
    let connection = rusqlite::Connection::open(path).expect("opens");
    connection
        .execute_batch(
            "DROP TABLE rollup_totals;
             DELETE FROM rollups WHERE step NOT IN (1, 24);
             DELETE FROM migrations WHERE number > 5;
             PRAGMA user_version = 5;",
        )
        .expect("taken away");
}

/// An older database gets by one step what would have been there had it been kept from the start.
#[tokio::test]
async fn sums_of_an_older_schema_are_added_up_as_they_are_kept() {
    let folder = folder();
    let path = folder.path().join("lathe.db");
    let mut numbers = Numbers(11);
    let (store, mut kept) = filled(&path, &mut numbers, 250).await;
    store.close().await.expect("closed");
    let before = (rows(&path, "rollups"), rows(&path, "rollup_totals"));
    to_schema_five(&path);
    assert!(rows(&path, "rollups").len() < before.0.len());
    let (store, report) = open_reported(&path);
    assert!(report.backup.is_some(), "a copy from before");
    store.close().await.expect("closed");
    assert_eq!((rows(&path, "rollups"), rows(&path, "rollup_totals")), before);
    assert_eq!(integrity(&path), "ok");
    // And what is kept from then on is added to them.
    let store = open(&path);
    let record = numbers.record();
    keep(&store, &record).await;
    kept.push(Kept { record, own: true, counts: true });
    for _ in 0..20 {
        let query = numbers.query();
        let found = store.rollups(query.clone()).await.expect("read");
        let found: BTreeMap<_, _> =
            found.into_iter().map(|row| ((row.start, row.group), row.rollup)).collect();
        assert_eq!(found, plain(&kept, &query), "{query:?}");
    }
}

/// A sum that is as large as can be kept stays so; it does not keep the database from being
/// brought up to date.
#[tokio::test]
async fn sums_too_large_to_add_up_do_not_end_a_migration() {
    let folder = folder();
    let path = folder.path().join("lathe.db");
    let (store, _) = filled(&path, &mut Numbers(3), 20).await;
    store.close().await.expect("closed");
    to_schema_five(&path);
    let connection = rusqlite::Connection::open(&path).expect("opens");
    connection.execute("UPDATE rollups SET input_tokens = ?", [i64::MAX]).expect("changed");
    drop(connection);
    let store = open(&path);
    let rows = store.rollups(RollupQuery::default()).await.expect("read");
    assert_eq!(rows[0].rollup.input_tokens, i64::MAX);
}
