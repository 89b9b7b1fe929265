//! The one thread that writes. Jobs queue before it; what has queued up while it was busy goes
//! into one transaction, so that many small writes cost little more than one.

use std::{
    cell::Cell,
    collections::HashMap,
    path::{Path, PathBuf},
    sync::mpsc::{Receiver, TryRecvError},
    thread,
    time::{Duration, Instant},
};

use rusqlite::{Connection, OptionalExtension, config::DbConfig, params};
use tokio::sync::oneshot;

use super::{
    connection::{LONGEST_LOG, is_busy},
    error::StoreError,
    fault::{Fault, Outcome},
    harm::Harm,
    options::Counting,
    place::beside,
    presence::Presence,
    recover,
    rollup::Deltas,
    time,
};
use crate::model::ExecutionId;

/// The most jobs in one transaction: enough to spread the cost of a commit, few enough that the
/// first does not wait for long.
const BATCH: usize = 256;

/// A job that only looks.
pub(super) type Look = Box<dyn FnOnce(&Connection) + Send>;

/// What the writer is asked.
pub(super) enum Message {
    Write(Box<dyn Job>),
    /// Only where there is no reader: a database in memory.
    Read(Look),
    /// Finish what was asked before, then end.
    Close(oneshot::Sender<Result<(), StoreError>>),
}

/// One change. It may be done more than once, if the transaction it was in could not be
/// committed, so doing it keeps what it needs.
pub(super) trait Job: Send {
    /// Whether the change must survive the loss of power once it is answered.
    fn durable(&self) -> bool;
    /// Does the change and keeps its answer.
    fn apply(&mut self, session: &mut Session<'_>) -> Outcome<()>;
    /// Tells the caller, after the commit.
    fn answer(self: Box<Self>, result: Result<(), StoreError>);
}

/// A closure as a [`Job`].
pub(super) struct Task<T, F> {
    pub(super) durable: bool,
    pub(super) run: F,
    pub(super) value: Option<T>,
    pub(super) reply: oneshot::Sender<Result<T, StoreError>>,
}

impl<T, F> Job for Task<T, F>
where
    T: Send,
    F: FnMut(&mut Session<'_>) -> Outcome<T> + Send,
{
    fn durable(&self) -> bool {
        self.durable
    }

    fn apply(&mut self, session: &mut Session<'_>) -> Outcome<()> {
        self.value = Some((self.run)(session)?);
        Ok(())
    }

    fn answer(self: Box<Self>, result: Result<(), StoreError>) {
        let Self { value, reply, .. } = *self;
        // A caller that no longer waits needs no answer.
        drop(reply.send(result.and_then(|()| value.ok_or(StoreError::Closed))));
    }
}

/// What this writer knows of an execution that it began and that has not ended.
#[derive(Clone, Copy, Debug)]
pub(super) struct Underway {
    pub(super) fingerprint: u64,
    pub(super) checkpoints: i64,
}

/// What the writer remembers from one transaction to the next. All of it can be lost: it only
/// saves looking things up.
#[derive(Default)]
pub(super) struct Memory {
    pub(super) underway: HashMap<ExecutionId, Underway>,
    workspace: Option<i64>,
    process: Option<i64>,
    presence: Option<Presence>,
}

/// What a job works with: the transaction, and what it changes in the sums.
pub(super) struct Session<'a> {
    pub(super) connection: &'a Connection,
    pub(super) path: &'a Path,
    pub(super) deltas: &'a mut Deltas,
    pub(super) memory: &'a mut Memory,
    pub(super) counting: Option<&'a Counting>,
    workspace_name: &'a str,
    has_file: bool,
}

impl Session<'_> {
    /// The number of this store's workspace.
    pub(super) fn workspace(&mut self) -> Outcome<i64> {
        if let Some(id) = self.memory.workspace {
            return Ok(id);
        }
        self.connection
            .prepare_cached("INSERT INTO workspaces (name) VALUES (?) ON CONFLICT DO NOTHING")?
            .execute([self.workspace_name])?;
        let id = self
            .connection
            .prepare_cached("SELECT id FROM workspaces WHERE name = ?")?
            .query_row([self.workspace_name], |row| row.get(0))?;
        self.memory.workspace = Some(id);
        Ok(id)
    }

    /// The number of this store among the processes that have begun executions.
    pub(super) fn process(&mut self) -> Outcome<Option<i64>> {
        if !self.has_file {
            return Ok(None);
        }
        if let Some(id) = self.memory.process {
            return Ok(Some(id));
        }
        if self.memory.presence.is_none() {
            self.memory.presence = Some(Presence::announce(self.path)?);
        }
        let name = self.memory.presence.as_ref().map(Presence::name).unwrap_or_default();
        let known = self
            .connection
            .query_row("SELECT id FROM processes WHERE lock_name = ?", [name], |row| row.get(0))
            .optional()?;
        let id = if let Some(id) = known {
            id
        } else {
            self.connection.execute(
                "INSERT INTO processes (lock_name, pid, started_ns) VALUES (?, ?, ?)",
                params![name, std::process::id(), time::to_stored(jiff::Timestamp::now())],
            )?;
            self.connection.last_insert_rowid()
        };
        self.memory.process = Some(id);
        Ok(Some(id))
    }
}

thread_local! {
    /// How long this thread waits for a lock that others hold.
    static PATIENCE: Cell<Duration> = const { Cell::new(Duration::ZERO) };
    /// Since when it waits for the present one.
    static WAITS_SINCE: Cell<Option<Instant>> = const { Cell::new(None) };
}

/// Waits a little for a lock that others hold, unless that was done for long enough; `times` says
/// how often for this one.
fn look_again(times: i32) -> bool {
    let now = Instant::now();
    if times == 0 {
        WAITS_SINCE.set(Some(now));
    }
    let since = WAITS_SINCE.get().unwrap_or(now);
    let waits = now.duration_since(since) < PATIENCE.get();
    if waits {
        let milliseconds = u64::try_from(times).unwrap_or(0).clamp(1, 5);
        thread::sleep(Duration::from_millis(milliseconds));
    }
    waits
}

/// The writing thread's state.
pub(super) struct Writer {
    connection: Connection,
    path: PathBuf,
    workspace: String,
    busy: Duration,
    has_file: bool,
    /// Whether commits can be made more careful one by one; a rollback journal always is.
    adjustable: bool,
    careful: bool,
    deltas: Deltas,
    memory: Memory,
    counting: Option<Counting>,
    harm: Harm,
    /// A write-ahead log larger than this, in bytes, is written into the file when there is
    /// nothing else to do.
    longest_log: u64,
    /// How large the log was when somebody who reads kept it from being written back.
    kept_log: u64,
}

impl Writer {
    pub(super) fn new(
        connection: Connection,
        path: PathBuf,
        workspace: String,
        busy: Duration,
        journal_mode: &str,
        harm: Harm,
    ) -> Self {
        Self {
            connection,
            path,
            workspace,
            busy,
            has_file: journal_mode != "memory",
            adjustable: journal_mode == "wal",
            careful: false,
            deltas: Deltas::default(),
            memory: Memory::default(),
            counting: None,
            harm,
            longest_log: LONGEST_LOG.into(),
            kept_log: 0,
        }
    }

    /// Counts what was cut off before it is written as that.
    pub(super) fn counting(mut self, counting: Option<Counting>) -> Self {
        self.counting = counting;
        self
    }

    /// Does what it is asked until it is told to close, or nobody can ask any more.
    pub(super) fn run(self, inbox: &Receiver<Message>) {
        self.run_resting(inbox, |inbox| inbox.recv().ok());
    }

    /// As [`Self::run`]; `rest` waits for the next message where there is nothing to do.
    fn run_resting(
        mut self,
        inbox: &Receiver<Message>,
        rest: impl Fn(&Receiver<Message>) -> Option<Message>,
    ) {
        self.wait_in_turn();
        let mut drained = None;
        loop {
            let next = match drained.take().map_or_else(|| inbox.try_recv(), Ok) {
                Ok(message) => Some(message),
                Err(TryRecvError::Empty) => {
                    self.shorten_log();
                    rest(inbox)
                }
                Err(TryRecvError::Disconnected) => None,
            };
            match next {
                Some(Message::Write(job)) => {
                    let mut batch = vec![job];
                    drained = drain(inbox, &mut batch);
                    self.run_batch(batch);
                }
                Some(Message::Read(look)) => look(&self.connection),
                Some(Message::Close(reply)) => {
                    let result = self.close();
                    // The file is let go of before anybody is told that it is.
                    drop(self);
                    drop(reply.send(result));
                    return;
                }
                None => {
                    drop(self.close());
                    return;
                }
            }
        }
    }

    /// One transaction for all; if it cannot be, one for each.
    fn run_batch(&mut self, mut batch: Vec<Box<dyn Job>>) {
        match self.transact(&mut batch) {
            Ok(()) => {
                for job in batch {
                    job.answer(Ok(()));
                }
            }
            // A lock was in everybody's way; if each waited for it alone, one after another, the
            // last of them would wait for minutes.
            Err(error) if batch.len() == 1 || matches!(error, StoreError::Busy { .. }) => {
                for job in batch {
                    job.answer(Err(error.clone()));
                }
            }
            // One job's failure must not be another's.
            Err(_) => {
                for job in batch {
                    self.run_batch(vec![job]);
                }
            }
        }
    }

    fn transact(&mut self, batch: &mut [Box<dyn Job>]) -> Result<(), StoreError> {
        let careful = batch.iter().any(|job| job.durable());
        let result = self
            .attempt(careful, |session| batch.iter_mut().try_for_each(|job| job.apply(session)));
        result.map_err(|fault| {
            let error = self.explain(fault);
            self.harm.note(&error);
            error
        })
    }

    /// Does something in a transaction, and undoes it if it fails.
    pub(super) fn attempt<T>(
        &mut self,
        careful: bool,
        work: impl FnOnce(&mut Session<'_>) -> Outcome<T>,
    ) -> Outcome<T> {
        self.harm.check(&self.path)?;
        self.set_care(careful)?;
        self.connection.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
        let known = (self.memory.workspace, self.memory.process);
        let mut session = Session {
            connection: &self.connection,
            path: &self.path,
            deltas: &mut self.deltas,
            memory: &mut self.memory,
            counting: self.counting.as_ref(),
            workspace_name: &self.workspace,
            has_file: self.has_file,
        };
        let result = work(&mut session).and_then(|value| {
            self.deltas.flush(&self.connection)?;
            self.connection.prepare_cached("COMMIT")?.execute([])?;
            Ok(value)
        });
        if result.is_err() {
            self.undo();
            // What was committed before is still there; only what this made is not.
            (self.memory.workspace, self.memory.process) = known;
        }
        result
    }

    fn undo(&mut self) {
        // A full disk may have undone it already.
        if !self.connection.is_autocommit() {
            drop(self.connection.execute_batch("ROLLBACK"));
        }
        self.deltas.clear();
    }

    /// Whether commits from now on wait until the disk has them.
    fn set_care(&mut self, careful: bool) -> Outcome<()> {
        if self.adjustable && self.careful != careful {
            let level = if careful { "full" } else { "normal" };
            self.connection.pragma_update(None, "synchronous", level)?;
            self.careful = careful;
        }
        Ok(())
    }

    /// Has this thread look every few milliseconds whether a lock is free. SQLite's own waiting
    /// looks every tenth of a second after a while: where many write, whoever waits longest looks
    /// most seldom, and others that just came are in time each time.
    fn wait_in_turn(&self) {
        PATIENCE.set(self.busy);
        // Without it SQLite's own waiting stays, which is as long.
        drop(self.connection.busy_handler(Some(look_again)));
    }

    /// Writes a log that has grown large into the file and cuts it off, if nobody needs it. Waits
    /// for nobody: while somebody reads what the log holds, it is left until it has grown again.
    fn shorten_log(&mut self) {
        if !self.adjustable || self.harm.is_known() {
            return;
        }
        let log = beside(&self.path, "-wal");
        let size = std::fs::metadata(log).map_or(0, |log| log.len());
        if size <= self.longest_log || size == self.kept_log {
            return;
        }
        let attempt = || -> rusqlite::Result<i64> {
            self.connection.busy_timeout(Duration::ZERO)?;
            self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))
        };
        let outcome = attempt();
        self.wait_in_turn();
        self.kept_log = match outcome {
            Ok(0) => 0,
            // What kept it may be told when something is written; here nobody waits for it.
            Ok(_) | Err(_) => size,
        };
    }

    fn explain(&self, fault: Fault) -> StoreError {
        match &fault {
            Fault::Sqlite(error) if is_busy(error) => StoreError::Busy {
                path: self.path.clone(),
                holder: recover::living(&self.connection, &self.path),
                waited_ms: 0,
            }
            .waited(self.busy),
            _ => fault.at(&self.path),
        }
    }

    /// Ends what this store began and nobody will finish, and says good-bye.
    fn close(&mut self) -> Result<(), StoreError> {
        if self.harm.is_known() {
            // The log would be written into the damaged file.
            let keep = DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE;
            drop(self.connection.set_db_config(keep, true));
        }
        let ended = match self.memory.process {
            Some(process) => self.attempt(true, |session| {
                recover::interrupt(session, process)?;
                session.connection.execute("DELETE FROM processes WHERE id = ?", [process])?;
                Ok(())
            }),
            None => Ok(()),
        };
        // Whatever became of that: who opens the database next ends what a process without a sign
        // of life has begun.
        if let Some(presence) = self.memory.presence.take() {
            presence.withdraw();
        }
        // The last to close takes the log away; one who is not should not leave a large one.
        self.shorten_log();
        ended.map_err(|fault| self.explain(fault))
    }

    /// Marks what processes that are gone left running. Called once, before the thread starts.
    pub(super) fn recover(&mut self) -> Result<usize, StoreError> {
        let began = Instant::now();
        let dead =
            recover::dead(&self.connection, &self.path).map_err(|fault| self.explain(fault))?;
        if dead.is_empty() {
            return Ok(0);
        }
        tracing::info!(processes = dead.len(), "recovering what ended processes left");
        let count = self
            .attempt(true, |session| {
                dead.iter().try_fold(0, |count, (process, _)| {
                    let interrupted = recover::interrupt(session, *process)?;
                    session.connection.execute("DELETE FROM processes WHERE id = ?", [process])?;
                    Ok(count + interrupted)
                })
            })
            .map_err(|fault| self.explain(fault))?;
        for (_, remains) in dead {
            remains.clear();
        }
        tracing::info!(count, elapsed_ms = began.elapsed().as_millis(), "recovered");
        Ok(count)
    }
}

/// Adds what waits to the batch, as long as it is writes. Answers what must come after it.
fn drain(inbox: &Receiver<Message>, batch: &mut Vec<Box<dyn Job>>) -> Option<Message> {
    while batch.len() < BATCH {
        match inbox.try_recv() {
            Ok(Message::Write(job)) => batch.push(job),
            Ok(other) => return Some(other),
            Err(TryRecvError::Empty | TryRecvError::Disconnected) => break,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::store::migrate::{self, MIGRATIONS};

    static WAITS: AtomicUsize = AtomicUsize::new(0);

    fn wait_once(_: i32) -> bool {
        WAITS.fetch_add(1, Ordering::SeqCst);
        false
    }

    #[test]
    fn all_that_wait_behind_a_lock_wait_together() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("lathe.db");
        let mut connection = Connection::open(&path).expect("opens");
        migrate::migrate(&mut connection, &path, MIGRATIONS).expect("migrated");
        connection.busy_handler(Some(wait_once)).expect("set");
        let workspace = String::new();
        let patience = Duration::from_secs(7);
        let mut writer =
            Writer::new(connection, path.clone(), workspace, patience, "delete", Harm::default());
        let other = Connection::open(&path).expect("opens");
        other.execute_batch("BEGIN IMMEDIATE").expect("locked");

        let mut answers = Vec::new();
        let mut batch: Vec<Box<dyn Job>> = Vec::new();
        for number in 0..3 {
            let (reply, answer) = oneshot::channel();
            let run = move |_: &mut Session<'_>| Ok(number);
            batch.push(Box::new(Task { durable: false, run, value: None, reply }));
            answers.push(answer);
        }
        writer.run_batch(batch);
        assert_eq!(WAITS.load(Ordering::SeqCst), 1);
        for answer in answers {
            match answer.blocking_recv().expect("answered") {
                Err(StoreError::Busy { waited_ms: 7_000, .. }) => {}
                other => panic!("{other:?}"),
            }
        }
    }

    /// A task that writes so many bytes; its answer.
    fn written(writer: &mut Writer, bytes: usize) -> Result<(), StoreError> {
        let (reply, answer) = oneshot::channel();
        let run = move |session: &mut Session<'_>| {
            let text = "x".repeat(bytes);
            let sql = "INSERT OR REPLACE INTO settings (key, value) VALUES ('large', ?)";
            session.connection.execute(sql, [text])?;
            Ok(())
        };
        writer.run_batch(vec![Box::new(Task { durable: false, run, value: None, reply })]);
        answer.blocking_recv().expect("answered")
    }

    #[test]
    fn a_log_that_a_reader_made_grow_is_written_back_when_the_reader_is_gone() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("lathe.db");
        let mut connection = Connection::open(&path).expect("opens");
        connection.pragma_update(None, "journal_mode", "wal").expect("set");
        migrate::migrate(&mut connection, &path, MIGRATIONS).expect("migrated");
        let (workspace, patience) = (String::new(), Duration::from_millis(30));
        let mut writer =
            Writer::new(connection, path.clone(), workspace, patience, "wal", Harm::default());
        writer.longest_log = 64 << 10;
        let log = || std::fs::metadata(beside(&path, "-wal")).expect("there").len();

        let reader = Connection::open(&path).expect("opens");
        reader.execute_batch("BEGIN; SELECT count(*) FROM settings").expect("reads");
        let count = || reader.query_row("SELECT count(*) FROM settings", [], |row| row.get(0));
        assert_eq!(count(), Ok(0), "it has the moment it sees");
        written(&mut writer, 1 << 20).expect("written");
        writer.shorten_log();
        assert!(log() > 1 << 20, "somebody still reads what was there before");
        assert_eq!(writer.kept_log, log());
        reader.execute_batch("COMMIT").expect("done");
        written(&mut writer, 10).expect("written");
        writer.shorten_log();
        assert_eq!(log(), 0);
        // It waits for locks again, and in turn.
        reader.execute_batch("BEGIN IMMEDIATE").expect("held");
        assert_eq!(WAITS_SINCE.get(), None);
        assert!(matches!(written(&mut writer, 10), Err(StoreError::Busy { .. })));
        assert!(WAITS_SINCE.get().is_some());
    }

    /// What a process leaves is what the next one can do something with.
    #[test]
    fn a_store_that_cannot_end_its_calls_closes_all_the_same() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("lathe.db");
        let mut connection = Connection::open(&path).expect("opens");
        connection.pragma_update(None, "journal_mode", "wal").expect("set");
        migrate::migrate(&mut connection, &path, MIGRATIONS).expect("migrated");
        let mut writer = Writer::new(
            connection,
            path.clone(),
            String::new(),
            Duration::from_secs(7),
            "wal",
            Harm::default(),
        );
        writer.longest_log = 0;
        writer.attempt(true, |session| session.process().map(drop)).expect("it has begun");
        let signs = || {
            let names = std::fs::read_dir(folder.path()).expect("listed").flatten();
            let names = names.map(|entry| entry.file_name().to_string_lossy().into_owned());
            names.filter(|name| name.contains(".process-")).count()
        };
        assert_eq!(signs(), 1);
        let refuses = "CREATE TRIGGER refuses BEFORE DELETE ON processes
                       BEGIN SELECT RAISE(ABORT, 'not now'); END";
        writer.connection.execute_batch(refuses).expect("made");
        let told = writer.close().expect_err("it could not");
        assert!(told.to_string().contains("not now"), "{told}");
        assert_eq!(signs(), 0);
        assert_eq!(std::fs::metadata(beside(&path, "-wal")).expect("there").len(), 0);
        assert_eq!(recover::dead(&writer.connection, &path).expect("read").len(), 1);
    }

    /// A log is cut off whenever there is nothing to do: one that another process left, too.
    #[test]
    fn whoever_writes_cuts_the_log_off_before_resting() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("lathe.db");
        let mut connection = Connection::open(&path).expect("opens");
        connection.pragma_update(None, "journal_mode", "wal").expect("set");
        // As while somebody reads: what is written stays in the log.
        connection.pragma_update(None, "wal_autocheckpoint", 0).expect("set");
        migrate::migrate(&mut connection, &path, MIGRATIONS).expect("migrated");
        let log = || std::fs::metadata(beside(&path, "-wal")).map_or(0, |log| log.len());
        let large = "REPLACE INTO settings VALUES ('large', hex(zeroblob(1000000)))";
        connection.execute(large, []).expect("written");
        assert!(log() > 1 << 20);

        let (workspace, patience) = (String::new(), Duration::from_secs(7));
        let mut writer =
            Writer::new(connection, path.clone(), workspace, patience, "wal", Harm::default());
        writer.longest_log = 64 << 10;
        let (_sender, inbox) = std::sync::mpsc::channel();
        let (reply, answer) = oneshot::channel();
        let run = move |session: &mut Session<'_>| {
            session.connection.execute(large, [])?;
            Ok(())
        };
        let first = Task { durable: false, run, value: None, reply };
        let rests = std::cell::RefCell::new(vec![Message::Write(Box::new(first))]);
        let lengths = std::cell::RefCell::new(Vec::new());
        writer.run_resting(&inbox, |_| {
            lengths.borrow_mut().push(log());
            rests.borrow_mut().pop()
        });
        answer.blocking_recv().expect("answered").expect("written");
        assert_eq!(*lengths.borrow(), [0, 0], "at the start, and after what was written");
    }
}
