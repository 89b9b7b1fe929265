//! Sums by tag. Roll-ups do not know tags, which come and go after an execution has ended, so
//! the tagged executions themselves are summed; what is left of the roll-ups has no tag.

use std::collections::{BTreeMap, HashMap};

use rusqlite::{Connection, params_from_iter, types::Value};

use super::{
    RollupGroup, RollupQuery, RollupRow, Store, StoreError,
    charts::read_sums,
    facts::{COLUMN_COUNT, COLUMNS, Facts},
    fault::Outcome,
    history::{self, Scope},
    rollup::Rollup,
    time,
};
use crate::model::Status;

impl Store {
    /// Sums of finished executions that are not in the trash by tag (`key=value`) and status, all
    /// time in one. An execution with two tags counts in both; what has none is the group without
    /// a tag. What the query says of steps and groups does not matter.
    pub async fn tag_sums(&self, query: RollupQuery) -> Result<Vec<RollupRow>, StoreError> {
        let name = self.workspace_name();
        self.read(move |connection| {
            if query.workspace == Scope::All {
                return sums(connection, query, None);
            }
            match history::workspace_id(connection, &name)? {
                Some(id) => sums(connection, query, Some(id)),
                None => Ok(Vec::new()),
            }
        })
        .await
    }
}

fn sums(
    connection: &Connection,
    mut query: RollupQuery,
    workspace: Option<i64>,
) -> Outcome<Vec<RollupRow>> {
    query.hours = 0;
    query.by = super::RollupBy { status: true, ..super::RollupBy::default() };
    let Tagged { groups, all } = tagged(connection, &query, workspace)?;
    let start = time::hour_start(0);
    let mut rows: Vec<RollupRow> = groups
        .into_iter()
        .map(|((tag, status), rollup)| {
            let group = RollupGroup { tag: Some(tag), status: Some(status), ..Default::default() };
            RollupRow { start, group, rollup }
        })
        .collect();
    for mut row in read_sums(connection, &query, workspace)? {
        if let Some(tagged) = row.group.status.and_then(|status| all.get(status)) {
            row.rollup.subtract(tagged);
        }
        if row.rollup.runs > 0 {
            rows.push(row);
        }
    }
    Ok(rows)
}

#[derive(Default)]
struct Tagged {
    groups: BTreeMap<(String, &'static str), Rollup>,
    /// Every tagged execution once, by status.
    all: HashMap<&'static str, Rollup>,
}

/// Sums the executions that have tags.
fn tagged(connection: &Connection, query: &RollupQuery, workspace: Option<i64>) -> Outcome<Tagged> {
    let mut conditions = String::new();
    let mut values = Vec::new();
    let mut narrow = |condition: &str, value: Value| {
        conditions.push_str(condition);
        values.push(value);
    };
    // Whole hours, as the roll-ups count them.
    if let Some(since) = query.since {
        let hour = time::hour_of(time::to_stored(since));
        narrow(
            " AND t.sequence >= (SELECT coalesce(min(first_sequence), 0) FROM hours WHERE hour >= ?)",
            hour.into(),
        );
        narrow(" AND e.started_ns >= ?", hour.saturating_mul(time::HOUR_NS).into());
    }
    if let Some(until) = query.until {
        let until = time::to_stored(until);
        let end = time::hour_of(until) + i64::from(until.rem_euclid(time::HOUR_NS) != 0);
        narrow(" AND e.started_ns < ?", end.saturating_mul(time::HOUR_NS).into());
    }
    if let Some(workspace) = workspace {
        narrow(" AND e.workspace = ?", workspace.into());
    }
    for (column, value) in query.conditions() {
        narrow(&format!(" AND e.{column} = ?"), value.into());
    }
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {COLUMNS}, t.sequence, t.key, t.value, e.workspace
         FROM tags AS t CROSS JOIN executions AS e ON e.sequence = t.sequence
         WHERE e.deleted_ns IS NULL AND e.status <> 'running'{conditions} ORDER BY t.sequence"
    ))?;
    let mut rows = statement.query(params_from_iter(values))?;
    let mut sums = Tagged::default();
    let mut last = None;
    while let Some(row) = rows.next()? {
        let facts = Facts::read(row)?;
        let sequence: i64 = row.get(COLUMN_COUNT)?;
        let (key, value): (String, String) =
            (row.get(COLUMN_COUNT + 1)?, row.get(COLUMN_COUNT + 2)?);
        let Some((_, rollup)) = facts.contribution(row.get(COLUMN_COUNT + 3)?) else { continue };
        let status = Status::as_str(facts.status);
        if last.replace(sequence) != Some(sequence) {
            sums.all.entry(status).or_default().merge(&rollup);
        }
        let tag = if value.is_empty() { key } else { format!("{key}={value}") };
        sums.groups.entry((tag, status)).or_default().merge(&rollup);
    }
    Ok(sums)
}
