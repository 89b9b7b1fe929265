//! How a store is opened, and what opening it found.

use std::{fmt, path::PathBuf, sync::Arc, time::Duration};

use crate::model::Execution;

/// Which journal the database gets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Journal {
    /// A write-ahead log, but a rollback journal on a network file system.
    #[default]
    Detect,
    /// A write-ahead log: readers never wait. Needs a local file system.
    WriteAhead,
    /// A rollback journal, synced at every commit: slower, and safe over a network.
    Rollback,
}

/// Where the records are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Location {
    File(PathBuf),
    Memory,
}

/// Counts what an execution took that was cut off with its process, and what that cost.
#[derive(Clone)]
pub(super) struct Counting(pub(super) Arc<dyn Fn(&mut Execution) -> f64 + Send + Sync>);

impl fmt::Debug for Counting {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Counting")
    }
}

/// How to open a store.
#[derive(Clone, Debug)]
pub struct StoreOptions {
    pub(super) location: Location,
    pub(super) workspace: String,
    pub(super) journal: Journal,
    pub(super) read_only: bool,
    /// Whether it is only read because there is no room for more.
    pub(super) full: bool,
    pub(super) max_size: Option<u64>,
    pub(super) busy: Duration,
    pub(super) counting: Option<Counting>,
}

impl StoreOptions {
    /// A database file, made if it is absent. Its folder is made too, private to the user.
    pub fn file(path: impl Into<PathBuf>) -> Self {
        Self::at(Location::File(path.into()))
    }

    /// A database that is gone when the store is dropped.
    #[must_use]
    pub fn in_memory() -> Self {
        Self::at(Location::Memory)
    }

    const fn at(location: Location) -> Self {
        Self {
            location,
            workspace: String::new(),
            journal: Journal::Detect,
            read_only: false,
            full: false,
            max_size: None,
            busy: Duration::from_secs(10),
            counting: None,
        }
    }

    /// Which workspace versions, drafts, inputs and new executions belong to. Any text that
    /// stays the same for a workspace; two workspaces may have templates of the same id.
    #[must_use]
    pub fn workspace(mut self, name: impl Into<String>) -> Self {
        self.workspace = name.into();
        self
    }

    /// Which journal to use, instead of what the file system suggests.
    #[must_use]
    pub const fn journal(mut self, journal: Journal) -> Self {
        self.journal = journal;
        self
    }

    /// Only reads, even where writing would be possible.
    #[must_use]
    pub const fn read_only(mut self) -> Self {
        self.read_only = true;
        self
    }

    /// The most the database file may grow to, in bytes; writing beyond it is
    /// [`super::StoreError::Full`].
    #[must_use]
    pub const fn max_size(mut self, bytes: u64) -> Self {
        self.max_size = Some(bytes);
        self
    }

    /// How executions are counted that were cut off with their process: called with each before
    /// it is written as interrupted, it answers the US dollars that budgets count for it beyond its
    /// cost. Without it they are kept as they are.
    #[must_use]
    pub fn counting(
        mut self,
        count: impl Fn(&mut Execution) -> f64 + Send + Sync + 'static,
    ) -> Self {
        self.counting = Some(Counting(Arc::new(count)));
        self
    }

    /// How long a write waits for other processes before it is [`super::StoreError::Busy`];
    /// 10 seconds unless set.
    #[must_use]
    pub const fn busy_timeout(mut self, timeout: Duration) -> Self {
        self.busy = timeout;
        self
    }
}

/// What opening a store found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OpenReport {
    /// Executions of processes that are gone, which are now marked interrupted with what they
    /// had received.
    pub interrupted: usize,
    /// What the user should know, a sentence each.
    pub warnings: Vec<String>,
    /// Whether the database can only be read.
    pub read_only: bool,
    /// SQLite's word for the journal in use: `wal`, `truncate`, `memory`, `off`.
    pub journal_mode: String,
    /// The copy made before the schema was brought up to date, if it was.
    pub backup: Option<PathBuf>,
}
