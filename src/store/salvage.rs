//! Taking what can be read out of a damaged database into a new one.
//!
//! The damaged file is copied and only the copy is touched. Each table is read row by row; where
//! reading fails, the rows behind and between are looked for from the other side and by halving
//! what is left, so that one bad page costs its own rows and no others.

mod reading;

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use rusqlite::{Connection, OpenFlags, config::DbConfig, params};
use serde::Serialize;

use super::{
    alone::HeldBytes,
    backup::{cannot_place, folder_of, no_log_beside, sync_folder, verify},
    error::StoreError,
    executions::index,
    fault::Outcome,
    harm::Harm,
    migrate::{self, MIGRATIONS},
    place::{beside, cannot_open, make_private},
    presence, record,
    search::SearchWords,
    writer::{Session, Writer},
};
use crate::model::{SentParameters, Status};

/// How many executions are put into the search in one transaction.
const BATCH: u32 = 500;
/// A sign of life that nobody can hold, so that the next to open ends what was running.
const NOBODY: &str = ".process-salvaged";

/// What was taken out of a damaged database.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Salvaged {
    pub path: PathBuf,
    /// Whether the first page or the list of tables was so damaged that those of a new database
    /// had to stand for them.
    pub first_page_replaced: bool,
    pub tables: Vec<SalvagedTable>,
    pub executions: u64,
    /// Executions whose prompt could not be read.
    pub without_prompt: u64,
    /// Executions that had ended and whose answer could not be read.
    pub without_answer: u64,
    /// Whether the sums of the charts were made anew, from the executions that are left.
    pub sums_made_anew: bool,
}

/// What was taken out of one table.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct SalvagedTable {
    pub name: String,
    pub rows: u64,
    /// Places where reading failed.
    pub gaps: u64,
    /// Rows that were read and are none of ours.
    pub rejected: u64,
    /// Rows with a text that was no text any more; what cannot be read of it is marked.
    pub mended: u64,
}

impl SalvagedTable {
    const fn is_whole(&self) -> bool {
        self.gaps == 0 && self.rejected == 0 && self.mended == 0
    }
}

/// Reads a damaged database, row by row, into a new file of mode 0600 that must not be there
/// yet. Not a byte of the damaged file changes. Blocks, and needs room for both.
///
/// # Errors
/// Where another process has the database open, idle or at work, or a file cannot be read or written.
pub fn salvage(database: &Path, target: &Path) -> Result<Salvaged, StoreError> {
    if target.symlink_metadata().is_ok() {
        return Err(cannot_place(target, &io::ErrorKind::AlreadyExists.into()));
    }
    no_log_beside(target)?;
    if let Some(holder) = presence::anybody(database) {
        return Err(StoreError::Busy { path: database.to_path_buf(), holder, waited_ms: 0 });
    }
    let folder = folder_of(target);
    let work = tempfile::Builder::new()
        .prefix(".lathe-salvage-")
        .tempdir_in(folder)
        .map_err(|error| cannot_open(folder, &error))?;
    let (damaged, new) = (work.path().join("damaged.db"), work.path().join("new.db"));
    let mut held = HeldBytes::of(database)?;
    copy_bytes(&mut held.file, database, &damaged)?;
    let log = beside(database, "-wal");
    if log.is_file() {
        let mut source = File::open(&log).map_err(|error| cannot_open(&log, &error))?;
        copy_bytes(&mut source, &log, &beside(&damaged, "-wal"))?;
    }
    drop(held);
    let mut salvaged =
        into(&damaged, &new, work.path()).map_err(|fault| match fault.at(target) {
            // Of the copy, which is gone by the time that anybody reads this.
            StoreError::Corrupt { detail, .. } => {
                StoreError::BeyondSalvage { path: database.to_path_buf(), detail }
            }
            other => other,
        })?;
    verify(&new)?;
    place_new(&new, target)?;
    sync_folder(folder);
    target.clone_into(&mut salvaged.path);
    Ok(salvaged)
}

fn copy_bytes(source: &mut File, from: &Path, to: &Path) -> Result<(), StoreError> {
    let metadata = source.metadata().map_err(|error| cannot_open(from, &error))?;
    if !metadata.is_file() {
        return Err(cannot_open(from, &io::Error::other("it is not a regular file")));
    }
    make_private(to)?;
    File::options()
        .write(true)
        .open(to)
        .and_then(|mut copy| io::copy(source, &mut copy))
        .map_err(|error| cannot_open(to, &error))?;
    Ok(())
}

fn place_new(new: &Path, target: &Path) -> Result<(), StoreError> {
    File::open(new).and_then(|new| new.sync_all()).map_err(|error| cannot_open(new, &error))?;
    let placed = match fs::hard_link(new, target) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(error),
        // A file system without second names.
        Err(_) => fs::rename(new, target),
        Ok(()) => Ok(()),
    };
    placed.map_err(|error| cannot_place(target, &error))
}

fn into(damaged: &Path, new: &Path, work: &Path) -> Outcome<Salvaged> {
    let mut salvaged = Salvaged {
        path: new.to_path_buf(),
        first_page_replaced: false,
        tables: Vec::new(),
        executions: 0,
        without_prompt: 0,
        without_answer: 0,
        sums_made_anew: false,
    };
    let opened = open_damaged(damaged);
    salvaged.first_page_replaced = opened.is_err();
    let source = match opened {
        Ok(source) => source,
        Err(_) => reading::mend_schema(damaged, &work.join("sound.db"))?,
    };
    // At the schema of the damaged one, so that its rows fit; brought up to date afterwards.
    let newest = MIGRATIONS.last().map_or(0, |last| last.number);
    let schema = source
        .pragma_query_value(None, "user_version", |row| row.get::<_, i64>(0))
        .ok()
        .filter(|schema| (1..=newest).contains(schema))
        .unwrap_or(newest);
    let steps = MIGRATIONS.iter().take_while(|step| step.number <= schema).count();
    make_private(new)?;
    let mut target = Connection::open(new)?;
    target.pragma_update(None, "foreign_keys", false)?;
    // The file has no name before it is whole, and is synced then.
    target.pragma_update(None, "synchronous", false)?;
    migrate::migrate(&mut target, new, &MIGRATIONS[..steps])?;
    for table in reading::tables(&target)? {
        salvaged.tables.push(table.salvage(&source, &target)?);
    }
    drop(source);
    complete(&target, &mut salvaged)?;
    migrate::migrate(&mut target, new, MIGRATIONS)?;
    let whole =
        |name: &str| salvaged.tables.iter().any(|table| table.name == name && table.is_whole());
    // What an older schema has not got was added up from what it has.
    let had = |name: &str| salvaged.tables.iter().any(|table| table.name == name);
    let totals = whole("rollup_totals") || !had("rollup_totals");
    salvaged.sums_made_anew = !(whole("rollups") && totals && whole("hours"));
    salvaged.executions = count_and_index(target, new, salvaged.sums_made_anew)?;
    Ok(salvaged)
}

/// A connection to the copy of the damaged database that can read the list of its tables.
pub(super) fn open_damaged(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let source = Connection::open_with_flags(path, flags)?;
    source.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    source.pragma_update(None, "trusted_schema", false)?;
    source.pragma_update(None, "query_only", true)?;
    source.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?;
    source.prepare("SELECT sequence FROM executions LIMIT 0")?;
    Ok(source)
}

/// Fills in what a record needs, takes away what belongs to none, and hands what was running to
/// nobody.
fn complete(target: &Connection, salvaged: &mut Salvaged) -> Outcome<()> {
    let count = |sql: &str| target.query_row(sql, [], |row| row.get::<_, i64>(0));
    let nothing = record::json(&SentParameters::default())?;
    // What is no JSON any more would keep the rest of its record from being read.
    target.execute("DELETE FROM requests WHERE NOT json_valid(messages)", [])?;
    target.execute("UPDATE requests SET inputs = '{}' WHERE NOT json_valid(inputs)", [])?;
    target.execute(
        "UPDATE requests SET parameters = ? WHERE NOT json_valid(parameters)",
        [&nothing],
    )?;
    target.execute("UPDATE answers SET details = '{}' WHERE NOT json_valid(details)", [])?;
    target.execute("UPDATE checkpoints SET facts = NULL WHERE NOT json_valid(facts)", [])?;
    salvaged.without_prompt = target.execute(
        "INSERT INTO requests (sequence, messages, inputs, parameters)
         SELECT sequence, '[]', '{}', ? FROM executions
         WHERE sequence NOT IN (SELECT sequence FROM requests)",
        [&nothing],
    )? as u64;
    salvaged.without_answer = count(
        "SELECT count(*) FROM executions WHERE status <> 'running'
         AND sequence NOT IN (SELECT sequence FROM answers)",
    )?
    .unsigned_abs();
    target.execute(
        "INSERT OR IGNORE INTO workspaces (id, name)
         SELECT DISTINCT workspace, 'salvaged ' || workspace FROM executions",
        [],
    )?;
    target.execute("UPDATE executions SET process = NULL", [])?;
    target.execute("DELETE FROM processes", [])?;
    target
        .execute("INSERT INTO processes (lock_name, pid, started_ns) VALUES (?, 0, 0)", [NOBODY])?;
    target.execute(
        "UPDATE executions SET process = ? WHERE status = 'running'",
        [target.last_insert_rowid()],
    )?;
    for table in &salvaged.tables {
        reading::remove_orphans(target, &table.name)?;
    }
    Ok(())
}

/// Makes the search anew, and the sums where they were damaged. Answers how many executions
/// there are.
fn count_and_index(target: Connection, path: &Path, sums: bool) -> Outcome<u64> {
    let mut writer = Writer::new(
        target,
        path.to_path_buf(),
        String::new(),
        Duration::ZERO,
        "delete",
        Harm::default(),
    );
    if sums {
        writer.attempt(false, |session| {
            let sql = "DELETE FROM rollups; DELETE FROM rollup_totals; DELETE FROM hours";
            session.connection.execute_batch(sql)?;
            Ok(())
        })?;
    }
    let mut after = 0;
    while let Some(last) = writer.attempt(true, |session| some(session, after, sums))? {
        after = last;
    }
    writer.attempt(true, |session| {
        let count = |row: &rusqlite::Row<'_>| row.get::<_, i64>(0);
        let executions = session.connection.query_row("SELECT count(*) FROM executions", [], count);
        Ok(executions?.unsigned_abs())
    })
}

/// Indexes the executions that follow; the number of the last, if there were any.
fn some(session: &mut Session<'_>, after: i64, sums: bool) -> Outcome<Option<i64>> {
    let sequences: Vec<i64> = session
        .connection
        .prepare_cached("SELECT sequence FROM executions WHERE sequence > ? ORDER BY 1 LIMIT ?")?
        .query_map(params![after, BATCH], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    for &sequence in &sequences {
        let Ok(Some((facts, standing))) = record::find_sequence(session.connection, sequence)
        else {
            // One row that cannot be understood would keep a whole page of the list from it.
            let sql = "DELETE FROM executions WHERE sequence = ?";
            session.connection.execute(sql, [sequence])?;
            continue;
        };
        if sums {
            let cost = facts.cost_nano().unwrap_or(0);
            session.deltas.hour(facts.hour(), sequence, cost);
        }
        if facts.status == Status::Running || standing.deleted {
            continue;
        }
        if sums {
            session.deltas.add(facts.contribution(standing.workspace));
        }
        if let Ok(execution) = record::load(session.connection, &facts, sequence) {
            index(session, standing, &facts, &SearchWords::of(&execution))?;
        }
    }
    Ok(sequences.last().copied())
}
