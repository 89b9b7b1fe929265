//! Reading the sums that charts are drawn from.

use std::{collections::HashMap, fmt::Write as _};

use jiff::Timestamp;
use rusqlite::{Connection, Row, params_from_iter, types::Value};
use semver::Version;
use serde::Serialize;

use super::{
    Store, StoreError,
    facts::word,
    fault::Outcome,
    history::{self, Scope},
    rollup::{Rollup, RollupSum, SUMS, StoredSum, SumTable, THIRTY_DAYS},
    time,
};
use crate::model::{ErrorKind, ModelRef, Status, TemplateId};

/// More hours than any stored time is away from 1970.
const FAR: i64 = 4_200 * THIRTY_DAYS;

/// By what sums are kept apart. Hours are merged where [`RollupQuery::hours`] says so.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RollupBy {
    pub template: bool,
    pub version: bool,
    pub model: bool,
    pub status: bool,
    pub error_kind: bool,
}

/// Which sums to read.
#[derive(Clone, Debug, Default)]
pub struct RollupQuery {
    pub workspace: Scope,
    pub template: Option<TemplateId>,
    pub version: Option<Version>,
    pub model: Option<ModelRef>,
    pub provider: Option<String>,
    pub status: Option<Status>,
    pub error_kind: Option<ErrorKind>,
    /// From the hour this time lies in.
    pub since: Option<Timestamp>,
    /// Up to and without the hour this time lies in, or with it if it is not its beginning.
    pub until: Option<Timestamp>,
    /// How many hours make one step of time; 0 for all time in one.
    pub hours: u32,
    pub by: RollupBy,
}

impl RollupQuery {
    /// Where its sums are: all templates together wherever it does not look at them.
    fn table(&self) -> SumTable {
        let Self { template, version, by, .. } = self;
        if template.is_some() || version.is_some() || by.template || by.version {
            SumTable::Apart
        } else {
            SumTable::Together
        }
    }

    /// The columns that must hold something, and what; named alike in sums and in executions.
    pub(super) fn conditions(&self) -> Vec<(&'static str, String)> {
        let template = self.template.as_ref().map(|template| template.as_str().to_owned());
        let model = self.model.as_ref();
        let provider = self.provider.clone();
        [
            ("template", template),
            ("version", self.version.as_ref().map(ToString::to_string)),
            ("provider", model.map(|model| model.provider.clone())),
            ("model", model.map(|model| model.model.clone())),
            ("provider", provider),
            ("status", self.status.map(|status| status.as_str().to_owned())),
            ("error_kind", self.error_kind.map(|kind| kind.as_str().to_owned())),
        ]
        .into_iter()
        .filter_map(|(column, value)| Some((column, value?)))
        .collect()
    }
}

/// The sum of one step of time and one group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RollupRow {
    /// The beginning of the step; steps are counted from 1970 UTC.
    pub start: Timestamp,
    pub group: RollupGroup,
    pub rollup: Rollup,
}

/// What a sum is of; `None` where it was not asked to be kept apart, or where there is none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct RollupGroup {
    pub template: Option<String>,
    pub version: Option<String>,
    pub model: Option<String>,
    /// `key=value`, or the key alone where it has no value.
    pub tag: Option<String>,
    pub status: Option<&'static str>,
    pub error_kind: Option<&'static str>,
}

impl Store {
    /// Sums of finished executions that are not in the trash, ordered by time and group.
    pub async fn rollups(&self, query: RollupQuery) -> Result<Vec<RollupRow>, StoreError> {
        let [rows] = self.rollups_of([query]).await?;
        Ok(rows)
    }

    /// The sums of several queries. Those that look at the same executions are read together.
    pub async fn rollups_of<const COUNT: usize>(
        &self,
        queries: [RollupQuery; COUNT],
    ) -> Result<[Vec<RollupRow>; COUNT], StoreError> {
        let name = self.workspace_name();
        self.read(move |connection| {
            let own = history::workspace_id(connection, &name)?;
            let mut found = [const { Vec::new() }; COUNT];
            let mut of_all = Vec::with_capacity(COUNT);
            for (query, found) in queries.iter().zip(&mut found) {
                match (query.workspace, own) {
                    (Scope::All, _) => of_all.push((query, None, found)),
                    (Scope::This, Some(id)) => of_all.push((query, Some(id), found)),
                    // Nothing was ever run in it.
                    (Scope::This, None) => {}
                }
            }
            while let Some((query, workspace, first)) = of_all.pop() {
                let walk = Walk::of(query, workspace);
                let same = |it: &mut (&RollupQuery, Option<i64>, &mut Vec<RollupRow>)| {
                    Walk::of(it.0, it.1) == walk
                };
                let (mut asked, mut places) = (vec![query], vec![first]);
                for (query, _, place) in of_all.extract_if(.., same) {
                    asked.push(query);
                    places.push(place);
                }
                for (rows, place) in walk.read(connection, &asked)?.into_iter().zip(places) {
                    *place = rows;
                }
            }
            Ok(found)
        })
        .await
    }
}

/// Reads the sums of one workspace, or of all.
pub(super) fn read_sums(
    connection: &Connection,
    query: &RollupQuery,
    workspace: Option<i64>,
) -> Outcome<Vec<RollupRow>> {
    Ok(Walk::of(query, workspace).read(connection, &[query])?.pop().unwrap_or_default())
}

/// Which stored sums a query goes through.
#[derive(PartialEq, Eq)]
struct Walk {
    table: SumTable,
    workspace: Option<i64>,
    conditions: Vec<(&'static str, String)>,
    spans: Vec<Span>,
}

impl Walk {
    fn of(query: &RollupQuery, workspace: Option<i64>) -> Self {
        let table = query.table();
        let spans = spans(query, table.steps());
        Self { table, workspace, conditions: query.conditions(), spans }
    }

    /// Goes through them once for all these queries, whose way it is.
    fn read(
        &self,
        connection: &Connection,
        queries: &[&RollupQuery],
    ) -> Outcome<Vec<Vec<RollupRow>>> {
        let mut narrowed = String::new();
        let mut values = Vec::new();
        if let Some(workspace) = self.workspace {
            narrowed.push_str(" AND workspace = ?");
            values.push(Value::Integer(workspace));
        }
        for (column, value) in &self.conditions {
            // Writing to a string cannot fail.
            let _ = write!(narrowed, " AND {column} = ?");
            values.push(Value::Text(value.clone()));
        }
        let sql = format!(
            "SELECT {SUMS}, hour, template, version, provider, model, status, error_kind
             FROM {} WHERE step = ? AND hour >= ? AND hour < ?{narrowed}",
            self.table.name()
        );
        let mut statement = connection.prepare_cached(&sql)?;
        let mut names = Names::default();
        let mut sums: Vec<Sums> = queries.iter().map(|query| Sums::new(query)).collect();
        let wanted: [bool; 6] =
            std::array::from_fn(|column| sums.iter().any(|sums| sums.wanted[column]));
        for Span { step, first, end } in &self.spans {
            let bounds = [step, first, end].map(|it| Value::Integer(*it));
            let values = bounds.into_iter().chain(values.iter().cloned());
            let mut rows = statement.query(params_from_iter(values))?;
            while let Some(row) = rows.next()? {
                let stored = StoredSum::read(row)?;
                let hour: i64 = row.get(HOUR)?;
                let key = names.key(row, wanted)?;
                for sums in &mut sums {
                    sums.add(hour, key, &stored);
                }
            }
        }
        sums.into_iter().map(|sums| sums.finish(&names)).collect()
    }
}

/// Sums of `step` hours each, from an hour up to and without another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Span {
    step: i64,
    first: i64,
    end: i64,
}

/// Which sums make up the time of a query: the longest that its steps allow, since there are far
/// fewer of them, and shorter ones for what is left at both ends.
fn spans(query: &RollupQuery, steps: &[i64]) -> Vec<Span> {
    let first = query.since.map_or(-FAR, |since| time::hour_of(time::to_stored(since)));
    let end = query.until.map_or(FAR, |until| {
        let until = time::to_stored(until);
        time::hour_of(until) + i64::from(until.rem_euclid(time::HOUR_NS) != 0)
    });
    let allowed = steps.partition_point(|step| i64::from(query.hours) % step == 0);
    let mut spans = Vec::new();
    divide(first, end, &steps[..allowed], &mut spans);
    spans
}

/// Divides the hours from one up to and without another among sums of these steps, the fewest
/// hours first.
fn divide(first: i64, end: i64, steps: &[i64], spans: &mut Vec<Span>) {
    let Some((&step, shorter)) = steps.split_last() else { return };
    if first >= end {
        return;
    }
    let whole_first = (first + step - 1).div_euclid(step) * step;
    let whole_end = end.div_euclid(step) * step;
    if whole_first >= whole_end {
        return divide(first, end, shorter, spans);
    }
    divide(first, whole_first, shorter, spans);
    spans.push(Span { step, first: whole_first, end: whole_end });
    divide(whole_end, end, shorter, spans);
}

/// The columns that may tell groups apart, counted from the one after the hour.
const TEMPLATE: usize = 0;
const VERSION: usize = 1;
const PROVIDER: usize = 2;
const MODEL: usize = 3;
const STATUS: usize = 4;
const ERROR_KIND: usize = 5;
/// Where the hour stands after the columns of [`SUMS`].
const HOUR: usize = 20;

/// A group by the numbers of its names; 0 is the empty name, or one that is not asked for.
type GroupKey = [usize; 6];

/// The names of groups, each kept once and compared by its number, as there are a hundred thousand
/// rows and a handful of names.
#[derive(Default)]
struct Names {
    numbers: HashMap<String, usize>,
    /// Without the empty name, which is 0.
    texts: Vec<String>,
    /// What the row before was called: rows come in the order of their names, so that it is mostly
    /// the same.
    last: GroupKey,
}

impl Names {
    /// The group of a row by the columns that are wanted.
    fn key(&mut self, row: &Row<'_>, wanted: [bool; 6]) -> Outcome<GroupKey> {
        for (index, wanted) in wanted.into_iter().enumerate() {
            if wanted {
                let name =
                    row.get_ref(HOUR + 1 + index)?.as_str().map_err(rusqlite::Error::from)?;
                if self.name(self.last[index]) != Some(name) {
                    self.last[index] = self.number(name);
                }
            }
        }
        Ok(self.last)
    }

    fn number(&mut self, name: &str) -> usize {
        if name.is_empty() {
            return 0;
        }
        if let Some(&number) = self.numbers.get(name) {
            return number;
        }
        self.texts.push(name.to_owned());
        let number = self.texts.len();
        self.numbers.insert(name.to_owned(), number);
        number
    }

    /// The name of a number; `None` for the empty one.
    fn name(&self, number: usize) -> Option<&str> {
        self.texts.get(number.checked_sub(1)?).map(String::as_str)
    }

    fn group(&self, key: GroupKey) -> Outcome<RollupGroup> {
        let name = |column: usize| self.name(key[column]);
        let status = name(STATUS).map(word::<Status>).transpose()?;
        let kind = name(ERROR_KIND).map(word::<ErrorKind>).transpose()?;
        Ok(RollupGroup {
            template: name(TEMPLATE).map(str::to_owned),
            version: name(VERSION).map(str::to_owned),
            model: match (name(PROVIDER), name(MODEL)) {
                (Some(provider), Some(model)) => Some(format!("{provider}/{model}")),
                (provider, model) => provider.or(model).map(str::to_owned),
            },
            tag: None,
            status: status.map(Status::as_str),
            error_kind: kind.map(ErrorKind::as_str),
        })
    }
}

/// Sums by step and group while rows are read.
struct Sums {
    hours: i64,
    wanted: [bool; 6],
    groups: HashMap<(i64, GroupKey), RollupSum>,
}

impl Sums {
    fn new(query: &RollupQuery) -> Self {
        let RollupBy { template, version, model, status, error_kind } = query.by;
        Self {
            hours: i64::from(query.hours),
            wanted: [template, version, model, model, status, error_kind],
            groups: HashMap::new(),
        }
    }

    fn add(&mut self, hour: i64, mut key: GroupKey, stored: &StoredSum<'_>) {
        let step = match self.hours {
            0 => 0,
            hours => hour.div_euclid(hours) * hours,
        };
        for (number, wanted) in key.iter_mut().zip(self.wanted) {
            if !wanted {
                *number = 0;
            }
        }
        self.groups.entry((step, key)).or_default().add(stored);
    }

    fn finish(self, names: &Names) -> Outcome<Vec<RollupRow>> {
        let mut rows = self
            .groups
            .into_iter()
            .map(|((step, key), sum)| {
                let group = names.group(key)?;
                Ok(RollupRow { start: time::hour_start(step), group, rollup: sum.finish() })
            })
            .collect::<Outcome<Vec<_>>>()?;
        rows.sort_by(|a, b| (a.start, &a.group).cmp(&(b.start, &b.group)));
        Ok(rows)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(since: i64, until: i64, hours: u32) -> RollupQuery {
        let at = |hour| Some(time::hour_start(hour));
        RollupQuery { since: at(since), until: at(until), hours, ..RollupQuery::default() }
    }

    #[test]
    fn the_longest_sums_are_taken_that_the_steps_allow() {
        let span = |step, first, end| Span { step, first, end };
        let all = |hours| RollupQuery { hours, ..RollupQuery::default() };
        for (query, expected) in [
            (query(24, 72, 24), vec![span(24, 24, 72)]),
            (query(24, 72, 1), vec![span(1, 24, 72)]),
            (query(20, 75, 48), vec![span(1, 20, 24), span(24, 24, 72), span(1, 72, 75)]),
            (query(20, 75, 0), vec![span(1, 20, 24), span(24, 24, 72), span(1, 72, 75)]),
            (query(25, 47, 24), vec![span(1, 25, 47)]),
            (query(-30, 30, 24), vec![span(1, -30, -24), span(24, -24, 24), span(1, 24, 30)]),
            (query(7, 7, 24), vec![]),
            (
                query(719, 1_500, 0),
                vec![
                    span(1, 719, 720),
                    span(720, 720, 1_440),
                    span(24, 1_440, 1_488),
                    span(1, 1_488, 1_500),
                ],
            ),
            (
                query(-1_400, 0, 720),
                vec![span(1, -1_400, -1_392), span(24, -1_392, -720), span(720, -720, 0)],
            ),
            (
                query(719, 1_500, 240),
                vec![span(1, 719, 720), span(24, 720, 1_488), span(1, 1_488, 1_500)],
            ),
            (all(24), vec![span(24, -FAR, FAR)]),
            (all(0), vec![span(720, -FAR, FAR)]),
        ] {
            assert_eq!(spans(&query, SumTable::Apart.steps()), expected, "{query:?}");
        }
        assert_eq!(spans(&all(0), SumTable::Together.steps()), [span(24, -FAR, FAR)]);
    }

    #[test]
    fn templates_are_gone_through_only_where_they_are_looked_at() {
        let all = RollupQuery::default;
        let by = RollupBy { model: true, status: true, error_kind: true, ..RollupBy::default() };
        for (query, expected) in [
            (all(), SumTable::Together),
            (RollupQuery { by, status: Some(Status::Ok), ..all() }, SumTable::Together),
            (RollupQuery { by: RollupBy { template: true, ..by }, ..all() }, SumTable::Apart),
            (RollupQuery { by: RollupBy { version: true, ..by }, ..all() }, SumTable::Apart),
            (RollupQuery { template: TemplateId::new("one").ok(), ..all() }, SumTable::Apart),
            (RollupQuery { version: Some(Version::new(1, 0, 0)), ..all() }, SumTable::Apart),
        ] {
            assert_eq!(query.table(), expected, "{query:?}");
        }
    }
}
