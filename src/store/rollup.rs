//! Sums by hour, by day and by thirty days, kept in the same transaction as the executions they
//! sum, so that a year of charts is read at once.

use std::collections::HashMap;

use rusqlite::{
    Connection, OptionalExtension, Row,
    functions::{Aggregate, Context, FunctionFlags},
    params,
};

use super::sketch::{LatencySketch, SketchSum};
use crate::model::{ErrorKind, Status};

/// Which executions a sum is of.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct RollupKey {
    pub(super) hour: i64,
    pub(super) workspace: i64,
    pub(super) template: String,
    pub(super) version: String,
    pub(super) provider: String,
    pub(super) model: String,
    pub(super) status: Status,
    pub(super) error_kind: Option<ErrorKind>,
}

/// Sums over finished executions. All of them add, so sums of sums are right too.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rollup {
    pub runs: i64,
    /// Runs whose cost is known.
    pub costed_runs: i64,
    /// In 1e-9 US dollars, over the runs whose cost is known.
    pub cost_nano: i64,
    /// Runs whose tokens are known.
    pub counted_runs: i64,
    pub input_tokens: i64,
    pub output_tokens: i64,
    pub cached_input_tokens: i64,
    pub reasoning_tokens: i64,
    /// Runs answered from the cache.
    pub cache_hits: i64,
    /// Attempts at sending; more than the runs where some were repeated.
    pub attempts: i64,
    pub checks_passed: i64,
    pub checks_total: i64,
    /// Runs with an overall quality.
    pub scored_runs: i64,
    /// Sum of the overall qualities, in 1e-6.
    pub quality_micro: i64,
    /// Runs that a person rated.
    pub rated_runs: i64,
    pub rating_sum: i64,
    /// Runs that asked the cache and had to be sent.
    pub cache_misses: i64,
    /// In 1e-9 US dollars: what answers from the cache did not cost again.
    pub saved_nano: i64,
    /// Whole durations in milliseconds, answers from the cache left out.
    pub total: LatencySketch,
    /// Times to first token in milliseconds, answers from the cache left out.
    pub ttft: LatencySketch,
}

impl Rollup {
    /// Adds another sum to this one.
    pub fn merge(&mut self, other: &Self) {
        self.merge_but_durations(other);
        self.total.merge(&other.total);
    }

    /// Adds another sum to this one, without how long the whole of its calls took.
    pub fn merge_but_durations(&mut self, other: &Self) {
        self.combine(other, 1);
        self.ttft.merge(&other.ttft);
    }

    /// Takes another sum away from this one.
    pub(super) fn subtract(&mut self, other: &Self) {
        self.combine(other, -1);
        self.total.subtract(&other.total);
        self.ttft.subtract(&other.ttft);
    }

    fn combine(&mut self, other: &Self, sign: i64) {
        for (mine, theirs) in self.numbers_mut().into_iter().zip(other.numbers()) {
            *mine = mine.saturating_add(sign * theirs);
        }
    }

    /// US dollars over the runs whose cost is known; `None` if there are none.
    #[must_use]
    #[expect(
        clippy::cast_precision_loss,
        reason = "a sum beyond 2^52 billionths is 4 million dollars"
    )]
    pub fn cost_usd(&self) -> Option<f64> {
        (self.costed_runs > 0).then(|| self.cost_nano as f64 / 1e9)
    }

    /// US dollars that answers from the cache did not cost again.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "as for the cost")]
    pub fn saved_usd(&self) -> f64 {
        self.saved_nano as f64 / 1e9
    }

    /// The share of answers from the cache among the runs that asked it, in \[0, 1\]; `None`
    /// where none did.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
    pub fn hit_rate(&self) -> Option<f64> {
        let asked = self.cache_hits + self.cache_misses;
        (asked > 0).then(|| self.cache_hits as f64 / asked as f64)
    }

    /// Mean overall quality in \[0, 1\] over the runs that have one.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
    pub fn quality(&self) -> Option<f64> {
        (self.scored_runs > 0).then(|| self.quality_micro as f64 / 1e6 / self.scored_runs as f64)
    }

    /// Mean rating from 1 to 5 over the runs that have one.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
    pub fn rating(&self) -> Option<f64> {
        (self.rated_runs > 0).then(|| self.rating_sum as f64 / self.rated_runs as f64)
    }

    const fn numbers(&self) -> [i64; 18] {
        [
            self.runs,
            self.costed_runs,
            self.cost_nano,
            self.counted_runs,
            self.input_tokens,
            self.output_tokens,
            self.cached_input_tokens,
            self.reasoning_tokens,
            self.cache_hits,
            self.attempts,
            self.checks_passed,
            self.checks_total,
            self.scored_runs,
            self.quality_micro,
            self.rated_runs,
            self.rating_sum,
            self.cache_misses,
            self.saved_nano,
        ]
    }

    const fn numbers_mut(&mut self) -> [&mut i64; 18] {
        [
            &mut self.runs,
            &mut self.costed_runs,
            &mut self.cost_nano,
            &mut self.counted_runs,
            &mut self.input_tokens,
            &mut self.output_tokens,
            &mut self.cached_input_tokens,
            &mut self.reasoning_tokens,
            &mut self.cache_hits,
            &mut self.attempts,
            &mut self.checks_passed,
            &mut self.checks_total,
            &mut self.scored_runs,
            &mut self.quality_micro,
            &mut self.rated_runs,
            &mut self.rating_sum,
            &mut self.cache_misses,
            &mut self.saved_nano,
        ]
    }

    /// Adds the numbers of a sum as it is stored.
    fn add_numbers(&mut self, stored: &StoredSum<'_>) {
        for (mine, theirs) in self.numbers_mut().into_iter().zip(stored.numbers) {
            *mine = mine.saturating_add(theirs);
        }
    }

    /// Adds a sum as it is stored.
    fn merge_stored(&mut self, stored: &StoredSum<'_>) {
        self.add_numbers(stored);
        self.total.merge_bytes(stored.total);
        self.ttft.merge_bytes(stored.ttft);
    }
}

/// Many stored sums being added up.
#[derive(Debug, Default)]
pub(super) struct RollupSum {
    /// Without durations.
    numbers: Rollup,
    total: SketchSum,
    ttft: SketchSum,
}

impl RollupSum {
    pub(super) fn add(&mut self, stored: &StoredSum<'_>) {
        self.numbers.add_numbers(stored);
        self.total.merge_bytes(stored.total);
        self.ttft.merge_bytes(stored.ttft);
    }

    pub(super) fn finish(self) -> Rollup {
        Rollup { total: self.total.finish(), ttft: self.ttft.finish(), ..self.numbers }
    }
}

/// A sum as a row holds it, to be added to several without being read again.
pub(super) struct StoredSum<'row> {
    numbers: [i64; 18],
    total: &'row [u8],
    ttft: &'row [u8],
}

impl<'row> StoredSum<'row> {
    /// Reads the sum of a row whose columns begin with [`SUMS`].
    pub(super) fn read(row: &'row Row<'_>) -> rusqlite::Result<Self> {
        let mut numbers = [0; 18];
        for (index, number) in numbers.iter_mut().enumerate() {
            *number = row.get(index)?;
        }
        let blob = |column: usize| Ok::<_, rusqlite::Error>(row.get_ref(column)?.as_blob()?);
        Ok(Self { numbers, total: blob(18)?, ttft: blob(19)? })
    }
}

/// Hours in a day.
pub(super) const DAY: i64 = 24;
/// Hours in thirty days.
pub(super) const THIRTY_DAYS: i64 = 30 * DAY;

/// The tables that hold sums.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum SumTable {
    /// Every template and version apart.
    Apart,
    /// All templates and versions together, as most charts want them: far fewer rows.
    Together,
}

impl SumTable {
    /// The name of the table.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Apart => "rollups",
            Self::Together => "rollup_totals",
        }
    }

    /// Of how many hours each its sums are, the fewest first. Each divides the next, so that the
    /// longer ones hold whole shorter ones.
    pub(super) const fn steps(self) -> &'static [i64] {
        match self {
            Self::Apart => &[1, DAY, THIRTY_DAYS],
            // Days are so few here that a year of them costs less than keeping more.
            Self::Together => &[1, DAY],
        }
    }

    /// The sum of this table that an execution of an hour belongs to.
    fn key(self, hour: &RollupKey, step: i64) -> RollupKey {
        let mut key = RollupKey { hour: hour.hour.div_euclid(step) * step, ..hour.clone() };
        if self == Self::Together {
            key.template.clear();
            key.version.clear();
        }
        key
    }
}

/// The columns of a [`Rollup`], in its order.
pub(super) const SUMS: &str = "runs, costed_runs, cost_nano, counted_runs, input_tokens, output_tokens, \
    cached_input_tokens, reasoning_tokens, cache_hits, attempts, checks_passed, checks_total, \
    scored_runs, quality_micro, rated_runs, rating_sum, cache_misses, saved_nano, total_sketch, \
    ttft_sketch";

/// What the executions of one transaction change in the sums.
#[derive(Debug, Default)]
pub(super) struct Deltas {
    rollups: HashMap<RollupKey, Rollup>,
    hours: HashMap<i64, HourDelta>,
}

#[derive(Clone, Copy, Debug)]
struct HourDelta {
    first: i64,
    last: i64,
    spent_nano: i64,
}

impl Deltas {
    /// A finished execution counts from now on.
    pub(super) fn add(&mut self, contribution: Option<(RollupKey, Rollup)>) {
        if let Some((key, rollup)) = contribution {
            self.rollups.entry(key).or_default().merge(&rollup);
        }
    }

    /// A finished execution counts no more.
    pub(super) fn subtract(&mut self, contribution: Option<(RollupKey, Rollup)>) {
        if let Some((key, rollup)) = contribution {
            self.rollups.entry(key).or_default().subtract(&rollup);
        }
    }

    /// An hour holds this sequence, and so much more (or less) was spent in it.
    pub(super) fn hour(&mut self, hour: i64, sequence: i64, spent_nano: i64) {
        let delta = self.hours.entry(hour).or_insert(HourDelta {
            first: sequence,
            last: sequence,
            spent_nano: 0,
        });
        delta.first = delta.first.min(sequence);
        delta.last = delta.last.max(sequence);
        delta.spent_nano = delta.spent_nano.saturating_add(spent_nano);
    }

    /// So much was spent in an hour by what has no sequence.
    pub(super) fn spent(&mut self, hour: i64, spent_nano: i64) {
        let none = HourDelta { first: i64::MAX, last: 0, spent_nano: 0 };
        let delta = self.hours.entry(hour).or_insert(none);
        delta.spent_nano = delta.spent_nano.saturating_add(spent_nano);
    }

    /// What is not written yet of what was spent in an hour and those after it.
    pub(super) fn spent_since(&self, hour: i64) -> i64 {
        let since = self.hours.iter().filter(|(at, _)| **at >= hour);
        since.fold(0, |sum, (_, delta)| sum.saturating_add(delta.spent_nano))
    }

    /// Writes the changes. Called last in the transaction.
    pub(super) fn flush(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        for (hour, delta) in self.hours.drain() {
            connection
                .prepare_cached(
                    "INSERT INTO hours (hour, first_sequence, last_sequence, spent_nano)
                     VALUES (?1, ?2, ?3, ?4)
                     ON CONFLICT (hour) DO UPDATE SET
                         first_sequence = min(first_sequence, ?2),
                         last_sequence = max(last_sequence, ?3),
                         spent_nano = spent_nano + ?4",
                )?
                .execute(params![hour, delta.first, delta.last, delta.spent_nano])?;
        }
        for table in [SumTable::Apart, SumTable::Together] {
            for &step in table.steps() {
                let mut sums: HashMap<RollupKey, Rollup> = HashMap::new();
                for (hour, delta) in &self.rollups {
                    sums.entry(table.key(hour, step)).or_default().merge(delta);
                }
                for (key, delta) in sums {
                    write_sum(connection, table, step, &key, delta)?;
                }
            }
        }
        self.rollups.clear();
        Ok(())
    }

    /// Forgets the changes of a transaction that did not happen.
    pub(super) fn clear(&mut self) {
        self.rollups.clear();
        self.hours.clear();
    }
}

const KEY_IS: &str = "step = ?1 AND hour = ?2 AND workspace = ?3 AND template = ?4 AND \
    version = ?5 AND provider = ?6 AND model = ?7 AND status = ?8 AND error_kind = ?9";

/// Changes the sum of one hour, or of the `step` hours that begin with it.
fn write_sum(
    connection: &Connection,
    table: SumTable,
    step: i64,
    key: &RollupKey,
    delta: Rollup,
) -> rusqlite::Result<()> {
    let table = table.name();
    let error_kind = key.error_kind.map_or("", ErrorKind::as_str);
    let names: [&dyn rusqlite::ToSql; 9] = [
        &step,
        &key.hour,
        &key.workspace,
        &key.template,
        &key.version,
        &key.provider,
        &key.model,
        &key.status.as_str(),
        &error_kind,
    ];
    let mut sum = delta;
    let found = connection
        .prepare_cached(&format!("SELECT {SUMS} FROM {table} WHERE {KEY_IS}"))?
        .query_row(&names[..], |row| {
            sum.merge_stored(&StoredSum::read(row)?);
            Ok(())
        })
        .optional()?;
    if sum.runs <= 0 {
        if found.is_some() {
            connection
                .prepare_cached(&format!("DELETE FROM {table} WHERE {KEY_IS}"))?
                .execute(&names[..])?;
        }
        return Ok(());
    }
    let mut statement = connection.prepare_cached(&format!(
        "INSERT OR REPLACE INTO {table}
         (step, hour, workspace, template, version, provider, model, status, error_kind, {SUMS})
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
    ))?;
    let mut index = 0;
    let mut bind = |value: &dyn rusqlite::ToSql| {
        index += 1;
        statement.raw_bind_parameter(index, value)
    };
    for name in names {
        bind(name)?;
    }
    for number in sum.numbers() {
        bind(&number)?;
    }
    bind(&sum.total.to_bytes())?;
    bind(&sum.ttft.to_bytes())?;
    statement.raw_execute()?;
    Ok(())
}

/// Gives a connection what a migration adds sums up with: `add_sums` of numbers and `add_sketches`
/// of stored sketches, which do it as recording does. SQLite's own sum would end a migration at a
/// sum too large for it.
pub(super) fn add_functions(connection: &Connection) -> rusqlite::Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8
        | FunctionFlags::SQLITE_DETERMINISTIC
        | FunctionFlags::SQLITE_DIRECTONLY;
    connection.create_aggregate_function("add_sums", 1, flags, AddSums)?;
    connection.create_aggregate_function("add_sketches", 1, flags, AddSketches)
}

struct AddSums;

impl Aggregate<i64, i64> for AddSums {
    fn init(&self, _: &mut Context<'_>) -> rusqlite::Result<i64> {
        Ok(0)
    }

    fn step(&self, context: &mut Context<'_>, sum: &mut i64) -> rusqlite::Result<()> {
        *sum = sum.saturating_add(context.get(0)?);
        Ok(())
    }

    fn finalize(&self, _: &mut Context<'_>, sum: Option<i64>) -> rusqlite::Result<i64> {
        Ok(sum.unwrap_or(0))
    }
}

struct AddSketches;

impl Aggregate<SketchSum, Vec<u8>> for AddSketches {
    fn init(&self, _: &mut Context<'_>) -> rusqlite::Result<SketchSum> {
        Ok(SketchSum::default())
    }

    fn step(&self, context: &mut Context<'_>, sum: &mut SketchSum) -> rusqlite::Result<()> {
        sum.merge_bytes(context.get_raw(0).as_blob()?);
        Ok(())
    }

    fn finalize(&self, _: &mut Context<'_>, sum: Option<SketchSum>) -> rusqlite::Result<Vec<u8>> {
        Ok(sum.unwrap_or_default().finish().to_bytes())
    }
}
