//! The one room that knows SQL: every execution that was ever made, template versions, drafts,
//! and what the faces remember, in one SQLite database.
//!
//! One thread writes, two read; the methods of [`Store`] are async and only wait for them. A
//! write is answered after its commit. Several processes may use one database at the same time.
//! Nobody else knows that this is SQLite, so that a shared server could stand here instead.

mod alone;
mod backup;
mod budget;
mod cache;
mod charts;
mod cleanup;
mod connection;
mod edits;
mod error;
mod executions;
mod facts;
mod fault;
mod harm;
mod history;
mod migrate;
mod moment;
mod options;
mod place;
mod plain;
mod presence;
mod reader;
mod record;
mod recover;
mod refusals;
mod rollup;
mod salvage;
mod search;
mod settings;
mod sketch;
mod tag_sums;
mod time;
mod versions;
mod writer;

use std::{
    path::{Path, PathBuf},
    sync::{Arc, mpsc},
    time::Duration,
};

use rusqlite::Connection;
use tokio::sync::oneshot;

pub use backup::{BackupFacts, Restored, back_up, restore, verify};
pub use budget::{Booking, BudgetLimit, BudgetSpan, Reservation, Reserved, TypicalOutput};
pub use cache::{CacheEntry, CacheKin, CacheStats, CachedAnswer, CallHash};
pub use charts::{RollupBy, RollupGroup, RollupQuery, RollupRow};
pub use cleanup::{CleanupPlan, Forget};
pub use edits::Deleted;
pub use error::StoreError;
pub use executions::Checkpoint;
pub use history::{Cursor, HistoryPage, HistoryQuery, HistoryRow, Scope, TagFilter};
pub use moment::Moment;
pub use options::{Journal, OpenReport, StoreOptions};
pub use refusals::LearnedRefusal;
pub use rollup::Rollup;
pub use salvage::{Salvaged, SalvagedTable, salvage};
pub use sketch::LatencySketch;
pub use versions::Draft;

use fault::Outcome;
use harm::Harm;
use reader::Question;
use writer::{Message, Session, Task, Writer};

/// A database of executions and versions. Cheap to clone; all clones share it.
#[derive(Clone)]
pub struct Store {
    shared: Arc<Shared>,
}

struct Shared {
    path: PathBuf,
    workspace: String,
    busy: Duration,
    /// Absent where the database can only be read.
    writer: Option<mpsc::Sender<Message>>,
    /// Whether that is for want of room.
    full: bool,
    /// Absent in memory, where the writer reads too.
    readers: Option<mpsc::Sender<Question>>,
    /// What was found damaged.
    harm: Harm,
}

impl Store {
    /// Opens a database, making it and its folder if they are absent, and takes care of what
    /// processes that ended in the middle of a call left behind. One that there is no room for
    /// is opened to be read. Blocks; a few milliseconds.
    ///
    /// # Errors
    /// Where the file is not private to the user, of another program, damaged, newer than this
    /// program, or cannot be reached. Nothing was changed then.
    pub fn open(options: &StoreOptions) -> Result<(Self, OpenReport), StoreError> {
        match Self::open_as(options) {
            // Even the index of the log needs room. What is there can be read without one.
            Err(error @ StoreError::Full { .. }) => {
                let full = StoreOptions { read_only: true, full: true, ..options.clone() };
                Self::open_as(&full).map_err(|_| error)
            }
            opened => opened,
        }
    }

    fn open_as(options: &StoreOptions) -> Result<(Self, OpenReport), StoreError> {
        let connection::Opened { connection, access, path, mut report } =
            connection::open(options)?;
        let in_memory = matches!(access, connection::Access::Memory);
        let harm = Harm::default();
        let writer = if report.read_only {
            None
        } else {
            let mut writer = Writer::new(
                connection,
                path.clone(),
                options.workspace.clone(),
                options.busy,
                &report.journal_mode,
                harm.clone(),
            )
            .counting(options.counting.clone());
            if !in_memory {
                report.interrupted = writer.recover()?;
            }
            Some(start_writer(writer, &path)?)
        };
        let readers = if in_memory {
            None
        } else {
            Some(reader::start(&access).map_err(|error| no_thread(&path, &error))?)
        };
        let shared = Shared {
            path,
            workspace: options.workspace.clone(),
            busy: options.busy,
            writer,
            full: options.full,
            readers,
            harm,
        };
        let store = Self { shared: Arc::new(shared) };
        store.empty_old_trash();
        Ok((store, report))
    }

    /// Where the database is; `:memory:` for one in memory.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.shared.path
    }

    /// Whether nothing can be saved.
    #[must_use]
    pub fn is_read_only(&self) -> bool {
        self.shared.writer.is_none() || self.shared.harm.is_known()
    }

    /// Whether nothing can be saved because there was no room when it was opened.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.shared.full
    }

    /// Why nothing can be saved.
    fn unwritable(&self) -> StoreError {
        let path = self.shared.path.clone();
        if self.shared.full {
            let detail = "there was none when it was opened".to_owned();
            return StoreError::Full { path, detail };
        }
        StoreError::ReadOnly { path }
    }

    fn busy(&self) -> Duration {
        self.shared.busy
    }

    /// The name of the workspace that versions, drafts, inputs and new executions belong to.
    #[must_use]
    pub fn workspace_name(&self) -> String {
        self.shared.workspace.clone()
    }

    /// Waits until everything asked before is on disk, ends what is still running as
    /// interrupted, and closes. Whatever is asked after it is [`StoreError::Closed`].
    pub async fn close(self) -> Result<(), StoreError> {
        for reader in self.ask_readers_to_close() {
            // One that is gone has nothing open.
            drop(reader.await);
        }
        match self.ask_writer_to_close() {
            Some(reply) => reply.await.unwrap_or(Ok(())),
            None => Ok(()),
        }
    }

    /// [`Store::close`] for a thread outside the async runtime.
    pub fn close_blocking(self) -> Result<(), StoreError> {
        for reader in self.ask_readers_to_close() {
            drop(reader.blocking_recv());
        }
        match self.ask_writer_to_close() {
            Some(reply) => reply.blocking_recv().unwrap_or(Ok(())),
            None => Ok(()),
        }
    }

    /// The last connection to close moves what is left in the log into the file and takes the log
    /// away. Two that close at the same moment are neither of them the last, so the readers go
    /// first; the writer does meanwhile what it was asked.
    fn ask_readers_to_close(&self) -> Vec<oneshot::Receiver<()>> {
        let Some(readers) = &self.shared.readers else { return Vec::new() };
        let ask = |_| {
            let (done, answer) = oneshot::channel();
            readers.send(Question::Close(done)).ok().map(|()| answer)
        };
        (0..reader::READERS).filter_map(ask).collect()
    }

    fn ask_writer_to_close(&self) -> Option<oneshot::Receiver<Result<(), StoreError>>> {
        let (reply, answer) = oneshot::channel();
        let writer = self.shared.writer.as_ref()?;
        writer.send(Message::Close(reply)).ok()?;
        Some(answer)
    }

    /// Has the writer do something in a transaction. `work` may be called again if the
    /// transaction could not be committed.
    async fn write<T, F>(&self, durable: bool, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnMut(&mut Session<'_>) -> Outcome<T> + Send + 'static,
    {
        let Some(writer) = &self.shared.writer else { return Err(self.unwritable()) };
        let (reply, answer) = oneshot::channel();
        let task = Task { durable, run: work, value: None, reply };
        writer.send(Message::Write(Box::new(task))).map_err(|_| StoreError::Closed)?;
        answer.await.unwrap_or(Err(StoreError::Closed))
    }

    /// Has the writer do something in a transaction that nobody waits for.
    fn write_unwatched<F>(&self, work: F)
    where
        F: FnMut(&mut Session<'_>) -> Outcome<()> + Send + 'static,
    {
        if let Some(writer) = &self.shared.writer {
            let (reply, _) = oneshot::channel();
            let task = Task { durable: false, run: work, value: None, reply };
            // A writer that is gone has nothing to do any more.
            drop(writer.send(Message::Write(Box::new(task))));
        }
    }

    /// Has a reader look something up.
    async fn read<T, F>(&self, look: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Outcome<T> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let (path, busy) = (self.shared.path.clone(), self.shared.busy);
        let harm = self.shared.harm.clone();
        let ask = move |connection: Result<&Connection, StoreError>| {
            let found = connection.and_then(|connection| {
                look(connection).map_err(|fault| fault.at(&path).waited(busy))
            });
            if let Err(error) = &found {
                harm.note(error);
            }
            // A caller that no longer waits needs no answer.
            drop(reply.send(found));
        };
        let sent = match (&self.shared.readers, &self.shared.writer) {
            (Some(readers), _) => readers.send(Question::Look(Box::new(ask))).is_ok(),
            (None, Some(writer)) => {
                let look = Box::new(move |connection: &Connection| ask(Ok(connection)));
                writer.send(Message::Read(look)).is_ok()
            }
            (None, None) => false,
        };
        if !sent {
            return Err(StoreError::Closed);
        }
        answer.await.unwrap_or(Err(StoreError::Closed))
    }
}

impl std::fmt::Debug for Store {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Store").field("path", &self.shared.path).finish_non_exhaustive()
    }
}

fn start_writer(writer: Writer, path: &Path) -> Result<mpsc::Sender<Message>, StoreError> {
    let (sender, inbox) = mpsc::channel();
    std::thread::Builder::new()
        .name("store-writer".to_owned())
        .spawn(move || writer.run(&inbox))
        .map_err(|error| no_thread(path, &error))?;
    Ok(sender)
}

fn no_thread(path: &Path, error: &std::io::Error) -> StoreError {
    StoreError::CannotOpen {
        path: path.to_path_buf(),
        reason: format!("no thread for it can be started ({error})"),
        hint: "close other programs".to_owned(),
    }
}
