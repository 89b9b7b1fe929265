//! Reading the rows of a damaged table, and a first page to read the others by.

use std::{
    collections::VecDeque,
    fs::{File, OpenOptions},
    io::{Read as _, Seek as _, SeekFrom, Write as _},
    path::Path,
};

use rusqlite::{
    Connection,
    types::{ToSqlOutput, ValueRef},
};

use super::{SalvagedTable, open_damaged};
use crate::store::{
    error::StoreError,
    fault::Outcome,
    migrate::{self, MIGRATIONS, Migration},
    place::{beside, cannot_open},
};

/// How often reading may fail in one table before the rest of it is given up.
const PATIENCE: u64 = 20_000;
/// The highest row number that is looked for where the table does not tell its own.
const HIGHEST: i64 = 1 << 32;
/// The size of a page, which every database of ours has.
const PAGE: usize = 4_096;
/// What stands before the list of tables in the first page.
const HEADER: usize = 100;

/// A table of the new database.
pub(super) struct Table {
    name: String,
    /// What rows are ordered and found by, if it is a number.
    key: Option<String>,
    /// What rows are ordered by where it is not.
    order: String,
    columns: Vec<String>,
}

#[derive(Clone, Copy)]
enum Way {
    Up,
    Down,
}

/// The tables that rows are kept in; those of the search are made anew. Answers of a damaged
/// database are not given again, and money that was set aside is nobody's any more.
pub(super) fn tables(target: &Connection) -> Outcome<Vec<Table>> {
    let mut statement = target.prepare(
        "SELECT name, wr FROM pragma_table_list
         WHERE schema = 'main' AND type = 'table' AND name NOT LIKE 'sqlite~_%' ESCAPE '~'
         AND name NOT IN ('migrations', 'cache', 'cache_size', 'reservations')",
    )?;
    let names: Vec<(String, bool)> =
        statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<Result<_, _>>()?;
    names
        .into_iter()
        .map(|(name, without_rowid)| {
            let columns = columns(target, &name)?;
            let first = columns.iter().find(|(_, _, place)| *place == 1);
            let key = match first {
                _ if !without_rowid => Some("rowid".to_owned()),
                Some((column, kind, _)) if kind == "INTEGER" => Some(column.clone()),
                _ => None,
            };
            let order = key
                .clone()
                .or_else(|| first.map(|(column, ..)| column.clone()))
                .unwrap_or_else(|| "1".to_owned());
            let columns = columns.into_iter().map(|(column, ..)| column).collect();
            Ok(Table { name, key, order, columns })
        })
        .collect()
}

/// Name, type and place in the primary key of each column.
fn columns(connection: &Connection, table: &str) -> Outcome<Vec<(String, String, i64)>> {
    let mut statement = connection.prepare("SELECT name, type, pk FROM pragma_table_info(?)")?;
    let rows = statement.query_map([table], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Takes away rows that refer to others which could not be read.
pub(super) fn remove_orphans(target: &Connection, table: &str) -> Outcome<()> {
    let mut statement =
        target.prepare("SELECT \"table\", \"from\", \"to\" FROM pragma_foreign_key_list(?)")?;
    let parents: Vec<(String, String, String)> = statement
        .query_map([table], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
        .collect::<Result<_, _>>()?;
    for (parent, from, to) in parents {
        target.execute(
            &format!(
                "DELETE FROM \"{table}\" WHERE \"{from}\" IS NOT NULL
                 AND \"{from}\" NOT IN (SELECT \"{to}\" FROM \"{parent}\")"
            ),
            [],
        )?;
    }
    Ok(())
}

impl Table {
    /// Copies every row that can be read.
    pub(super) fn salvage(
        mut self,
        source: &Connection,
        target: &Connection,
    ) -> Outcome<SalvagedTable> {
        let mut found = SalvagedTable { name: self.name.clone(), ..SalvagedTable::default() };
        match columns(source, &self.name) {
            Ok(theirs) if !theirs.is_empty() => {
                self.columns.retain(|mine| theirs.iter().any(|(name, ..)| name == mine));
            }
            _ => {
                found.gaps = 1;
                return Ok(found);
            }
        }
        let transaction = target.unchecked_transaction()?;
        let highest = self.highest(source);
        // What is left is halved breadth first, so that a wide gap is looked into everywhere
        // before patience ends.
        let mut spans = VecDeque::from([(0, highest)]);
        while let Some((low, high)) = spans.pop_front() {
            let Some(begin) = self.read(source, &transaction, low, high, Way::Up, &mut found)?
            else {
                continue;
            };
            if self.key.is_none() {
                self.read(source, &transaction, low, high, Way::Down, &mut found)?;
                break;
            }
            let Some(end) = self.read(source, &transaction, begin, high, Way::Down, &mut found)?
            else {
                continue;
            };
            if begin < end && found.gaps < PATIENCE {
                let middle = begin + (end - begin) / 2;
                spans.push_back((begin, middle));
                spans.push_back((middle + 1, end));
            }
        }
        // Rows of another table, behind a first page that is not this database's own.
        if found.rejected > found.rows {
            transaction.rollback()?;
            found.rows = 0;
        } else {
            transaction.commit()?;
        }
        Ok(found)
    }

    /// The highest key there can be.
    fn highest(&self, source: &Connection) -> i64 {
        let Self { name, key: Some(key), .. } = self else { return HIGHEST };
        let own = source.query_row(
            &format!("SELECT max({key}) FROM \"{name}\" NOT INDEXED"),
            [],
            |row| row.get::<_, Option<i64>>(0),
        );
        let counted = || {
            source.query_row("SELECT max(seq) FROM sqlite_sequence", [], |row| {
                row.get::<_, Option<i64>>(0)
            })
        };
        // One of an empty table is no bound either.
        own.or_else(|_| counted()).ok().flatten().unwrap_or(HIGHEST)
    }

    /// Copies rows until there are no more (`None`) or one cannot be read: the key to go on at.
    fn read(
        &self,
        source: &Connection,
        target: &Connection,
        low: i64,
        high: i64,
        way: Way,
        found: &mut SalvagedTable,
    ) -> Outcome<Option<i64>> {
        let Self { name, key, order, columns } = self;
        let listed =
            columns.iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(", ");
        let (direction, mut at) = match way {
            Way::Up => ("ASC", low),
            Way::Down => ("DESC", high),
        };
        let bounds = key
            .as_ref()
            .map_or_else(|| "?1 <= ?2".to_owned(), |key| format!("{key} BETWEEN ?1 AND ?2"));
        let shown = key.as_deref().unwrap_or("0");
        let asked = format!(
            "SELECT {shown}, {listed} FROM \"{name}\" NOT INDEXED
             WHERE {bounds} ORDER BY {order} {direction}"
        );
        let marks = vec!["?"; columns.len()].join(", ");
        let mut insert = target.prepare_cached(&format!(
            "INSERT OR IGNORE INTO \"{name}\" ({listed}) VALUES ({marks})"
        ))?;
        let Ok(mut statement) = source.prepare_cached(&asked) else {
            found.gaps += 1;
            return Ok(Some(at));
        };
        let mut rows = statement.query([low, high])?;
        loop {
            let row = match rows.next() {
                Ok(Some(row)) => row,
                Ok(None) => return Ok(None),
                Err(_) => {
                    found.gaps += 1;
                    return Ok(Some(at));
                }
            };
            let number: i64 = row.get(0)?;
            at = match way {
                Way::Up => number.saturating_add(1),
                Way::Down => number.saturating_sub(1),
            };
            let mut is_mended = false;
            let mut values = Vec::with_capacity(columns.len());
            for column in 1..=columns.len() {
                values.push(match row.get_ref(column)? {
                    // A page of garbage in the middle of a long text.
                    ValueRef::Text(bytes) if std::str::from_utf8(bytes).is_err() => {
                        is_mended = true;
                        ToSqlOutput::from(String::from_utf8_lossy(bytes).into_owned())
                    }
                    value => ToSqlOutput::Borrowed(value),
                });
            }
            found.mended += u64::from(is_mended);
            match insert.execute(rusqlite::params_from_iter(values)) {
                Ok(1) => found.rows += 1,
                Ok(_) => found.rejected += 1,
                Err(error) if is_constraint(&error) => found.rejected += 1,
                Err(error) => return Err(error.into()),
            }
        }
    }
}

/// Whether a row is none that the table may hold.
fn is_constraint(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(rusqlite::ErrorCode::ConstraintViolation)
}

/// Gives the copy of a damaged database a header, and if that is not enough the whole first page,
/// and then the whole list of its tables, of a new database of its schema: the list says where
/// every table begins, and the steps that made the tables put them at the same places in every
/// database that was made in one go.
pub(super) fn mend_schema(damaged: &Path, sound: &Path) -> Outcome<Connection> {
    let told = |error: std::io::Error| cannot_open(damaged, &error);
    let mut own = vec![0; HEADER];
    let file = File::open(damaged).map_err(told)?;
    file.take(HEADER as u64).read(&mut own).map_err(told)?;
    let mut fresh = Connection::open(sound)?;
    migrate::migrate(&mut fresh, sound, steps_of(&own))?;
    drop(fresh);
    let sound = std::fs::read(sound).map_err(told)?;
    let length = std::fs::metadata(damaged).map_err(told)?.len();
    let pages = u32::try_from(length.div_ceil(PAGE as u64)).unwrap_or(u32::MAX);
    let kind = if beside(damaged, "-wal").is_file() { 2 } else { 1 };
    let first = sound.get(..PAGE).unwrap_or_default();
    let (first_of_list, list) = schema_behind(&sound, pages);
    for (begin, behind) in [(&first[..HEADER], &[][..]), (first, &[]), (&first_of_list, &list)] {
        let mut begin = begin.to_vec();
        let pages = pages + u32::try_from(behind.len() / PAGE).unwrap_or(0);
        // The size, believed where these two counters agree; no free pages; and the journal's kind.
        begin[24..28].copy_from_slice(&1_u32.to_be_bytes());
        begin[92..96].copy_from_slice(&1_u32.to_be_bytes());
        begin[28..32].copy_from_slice(&pages.to_be_bytes());
        begin[32..40].fill(0);
        begin[18..20].fill(kind);
        let mut file = OpenOptions::new().write(true).open(damaged).map_err(told)?;
        file.write_all(&begin).map_err(told)?;
        if !behind.is_empty() {
            file.seek(SeekFrom::Start(length.div_ceil(PAGE as u64) * PAGE as u64))
                .and_then(|_| file.write_all(behind))
                .map_err(told)?;
        }
        drop(file);
        if let Ok(source) = open_damaged(damaged) {
            return Ok(source);
        }
    }
    Err(StoreError::Corrupt {
        path: damaged.to_path_buf(),
        detail: "its tables are not found".to_owned(),
    }
    .into())
}

/// The steps to the schema that a header tells, or all of them where it tells nothing.
fn steps_of(header: &[u8]) -> &'static [Migration] {
    let told = header.starts_with(b"SQLite format 3\0").then(|| header.get(60..64)).flatten();
    let number = told.and_then(|bytes| bytes.try_into().ok()).map(u32::from_be_bytes);
    let last =
        MIGRATIONS.iter().position(|step| number.is_some_and(|it| step.number == i64::from(it)));
    last.map_or(MIGRATIONS, |last| &MIGRATIONS[..=last])
}

/// The first page of a new database, and the pages of the list of tables that it leads to, as
/// they are behind so many other pages: there they take the place of no page with rows.
fn schema_behind(sound: &[u8], pages: u32) -> (Vec<u8>, Vec<u8>) {
    const INTERIOR: u8 = 5;
    let mut first = sound.get(..PAGE).unwrap_or_default().to_vec();
    let mut behind = Vec::new();
    let number = |page: &[u8], at: usize| -> Option<u32> {
        page.get(at..at + 4)?.try_into().ok().map(u32::from_be_bytes)
    };
    let short = |page: &[u8], at: usize| -> Option<usize> {
        page.get(at..at + 2)?.try_into().ok().map(u16::from_be_bytes).map(usize::from)
    };
    if first.get(HEADER) != Some(&INTERIOR) {
        return (first, behind);
    }
    // The list's own head stands behind the header: how many ways lead on, the last of them, and
    // where the others stand.
    let ways = short(&first, HEADER + 3).unwrap_or(0);
    let others = (0..ways).filter_map(|way| short(&first, HEADER + 12 + 2 * way));
    for at in others.chain([HEADER + 8]).collect::<Vec<_>>() {
        let page = number(&first, at).and_then(|page| usize::try_from(page).ok()).unwrap_or(0);
        let page = page.saturating_sub(1) * PAGE;
        let (Some(page), Some(way)) = (sound.get(page..page + PAGE), first.get_mut(at..at + 4))
        else {
            continue;
        };
        behind.extend_from_slice(page);
        let moved = pages + u32::try_from(behind.len() / PAGE).unwrap_or(0);
        way.copy_from_slice(&moved.to_be_bytes());
    }
    (first, behind)
}
