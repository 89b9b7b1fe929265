//! A home with a workspace whose one template the simulated models answer.

use std::{fs, path::PathBuf, time::Duration};

use promptlathe::{
    model::{Execution, Status, TemplateId},
    store::{HistoryQuery, Scope, Store, StoreOptions},
};
use tempfile::TempDir;

use crate::session::{self, Session, Start};

/// Where somebody sits.
#[derive(Clone, Copy)]
pub struct Seat<'a> {
    pub columns: u16,
    pub rows: u16,
    pub environment: &'a [(&'a str, &'a str)],
    /// In tmux, at the other end of a slow line.
    pub far: bool,
    /// How many bytes a second the terminal takes, where that is little.
    pub pace: Option<u32>,
}

/// A wide terminal on the same machine.
pub const WIDE: Seat<'_> =
    Seat { columns: 120, rows: 36, environment: &[], far: false, pace: None };

/// The smallest everyday terminal.
pub const SMALL: Seat<'_> = Seat { columns: 80, rows: 24, ..WIDE };

/// No colour, in tmux, over a line with a round trip of 120 ms, as between continents.
pub const FAR: Seat<'_> =
    Seat { environment: &[("NO_COLOR", "1"), ("SSH_TTY", "/dev/pts/7")], far: true, ..SMALL };

impl Seat<'_> {
    /// Whether one can sit here; says so where not. Where a machine checks changes, nothing may be
    /// left out.
    #[expect(clippy::print_stderr, reason = "whoever runs the tests learns what was left out")]
    pub fn is_there(&self) -> bool {
        let there = !self.far || session::has_tmux();
        if !there {
            let set =
                |name| std::env::var(name).is_ok_and(|it| !matches!(&*it, "" | "0" | "false"));
            assert!(
                !set("CI") && !set("LATHE_TESTS_NEED_TMUX"),
                "there is no tmux on this machine, and this journey leads through it"
            );
            eprintln!("left out: there is no tmux on this machine");
        }
        there
    }

    pub fn start(&self, start: Start) -> Session {
        let own = self.environment.iter().map(|(name, value)| ((*name).into(), (*value).into()));
        Session::start(Start {
            columns: self.columns,
            rows: self.rows,
            environment: start.environment.into_iter().chain(own).collect(),
            far: self.far.then_some(Duration::from_millis(60)),
            pace: self.pace,
            ..start
        })
        .expect("it starts")
    }
}

pub struct Place {
    home: TempDir,
}

impl Place {
    pub fn new() -> Self {
        let home = TempDir::new().expect("a home");
        let prompts = home.path().join("work/prompts");
        fs::create_dir_all(&prompts).expect("a workspace");
        let place = Self { home };
        place.write(
            "---\nname: Mood\nversion: 1.0.0\nmodel: demo/fast\nparameters:\n  message: \
             {default: \"It broke after one day.\"}\n---\nsystem:\nClassify the sentiment as \
             positive, negative or neutral.\n\nuser:\nMessage: {{ message }}\n",
        );
        place
    }

    pub fn template(&self) -> PathBuf {
        self.home.path().join("work/prompts/mood.prompty")
    }

    pub fn write(&self, text: &str) {
        fs::write(self.template(), text).expect("written");
    }

    /// Writes the user's own settings.
    pub fn settings(&self, text: &str) {
        let folder = self.home.path().join(".config/lathe");
        fs::create_dir_all(&folder).expect("made");
        fs::write(folder.join("config.toml"), text).expect("written");
    }

    pub fn read(&self) -> String {
        fs::read_to_string(self.template()).expect("read")
    }

    pub fn start(&self, columns: u16, rows: u16) -> Session {
        self.start_with(columns, rows, &[])
    }

    pub fn start_with(&self, columns: u16, rows: u16, environment: &[(&str, &str)]) -> Session {
        self.start_under(&[], columns, rows, environment)
    }

    /// Starts it under another program, such as a shell.
    pub fn start_under(
        &self,
        wrapper: &[&str],
        columns: u16,
        rows: u16,
        environment: &[(&str, &str)],
    ) -> Session {
        self.start_at(&Seat { columns, rows, environment, ..WIDE }, wrapper)
    }

    pub fn start_at(&self, seat: &Seat<'_>, wrapper: &[&str]) -> Session {
        let mut session = self.begin_at(seat, wrapper);
        session.until("mood").expect("the template is open");
        session.until("Classify").expect("its text is there");
        session
    }

    /// Starts it without waiting for anything to be drawn.
    pub fn begin_at(&self, seat: &Seat<'_>, wrapper: &[&str]) -> Session {
        seat.start(Start {
            wrapper: wrapper.iter().map(|word| (*word).to_owned()).collect(),
            arguments: self.arguments(),
            home: Some(self.home.path().to_owned()),
            ..Start::default()
        })
    }

    /// What names the workspace.
    pub fn arguments(&self) -> Vec<String> {
        let work = self.home.path().join("work").to_string_lossy().into_owned();
        vec!["--workspace".to_owned(), work]
    }

    pub fn database(&self) -> PathBuf {
        self.home.path().join(".local/share/lathe/lathe.db")
    }

    pub fn home(&self) -> &std::path::Path {
        self.home.path()
    }

    /// How many marks there are that say that a terminal is in use.
    pub fn marks(&self) -> usize {
        self.mark_names().len()
    }

    fn mark_names(&self) -> Vec<String> {
        let folder = fs::read_dir(self.home.path().join(".local/state/lathe"));
        let names = folder.into_iter().flatten().flatten().map(|entry| entry.file_name());
        let names = names.map(|name| name.to_string_lossy().into_owned());
        names.filter(|name| name.starts_with("terminal-")).collect()
    }

    /// Waits, after what is done, until the terminal is marked anew.
    pub fn until_marked_anew(&self, deed: impl FnOnce()) {
        let before = self.mark_names();
        deed();
        let end = std::time::Instant::now() + Duration::from_mins(1);
        while self.mark_names().iter().all(|name| before.contains(name)) {
            assert!(std::time::Instant::now() < end, "it never was");
            std::thread::yield_now();
        }
    }

    /// Waits until so many executions have ended, as the database has them while the program runs.
    pub fn until_recorded(&self, count: usize) {
        let end = std::time::Instant::now() + Duration::from_mins(1);
        loop {
            let records = self.records();
            if records.iter().filter(|record| record.status != Status::Running).count() == count {
                return;
            }
            assert!(std::time::Instant::now() < end, "the executions never ended");
            std::thread::yield_now();
        }
    }

    /// The text that was typed into the template and is not saved, as the database has it.
    pub fn draft(&self) -> Option<String> {
        let path = self.database();
        let work = self.home.path().join("work").to_string_lossy().into_owned();
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        runtime.block_on(async {
            let options = StoreOptions::file(&path).workspace(work);
            let (store, _) = Store::open(&options).expect("the database opens");
            let id = TemplateId::new("mood").expect("an id");
            let draft = store.draft(&id).await.expect("read");
            store.close().await.expect("closed");
            draft.map(|draft| draft.text)
        })
    }

    /// Every execution on record, newest first, as a later start finds them.
    pub fn records(&self) -> Vec<Execution> {
        let path = self.database();
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        runtime.block_on(async {
            let (store, _) = Store::open(&StoreOptions::file(&path)).expect("the database opens");
            let query =
                HistoryQuery { workspace: Scope::All, limit: 1_000, ..HistoryQuery::default() };
            let page = store.history(query).await.expect("listed");
            let mut records = Vec::new();
            for row in page.rows {
                records.push(store.get(row.id).await.expect("read").expect("there"));
            }
            store.close().await.expect("closed");
            records
        })
    }
}
