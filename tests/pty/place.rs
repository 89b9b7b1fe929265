//! A home with a workspace whose one template the simulated models answer.

use std::{fs, path::PathBuf};

use promptlathe::{
    model::{Execution, Status},
    store::{HistoryQuery, Scope, Store, StoreOptions},
};
use tempfile::TempDir;

use crate::session::{Session, Start};

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
        let mut session = Session::start(Start {
            wrapper: wrapper.iter().map(|word| (*word).to_owned()).collect(),
            columns,
            rows,
            arguments: vec![
                "--workspace".to_owned(),
                self.home.path().join("work").to_string_lossy().into_owned(),
            ],
            environment: environment
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
            home: Some(self.home.path().to_owned()),
        })
        .expect("it starts");
        session.until("mood").expect("the template is open");
        session.until("Classify").expect("its text is there");
        session
    }

    pub fn home(&self) -> &std::path::Path {
        self.home.path()
    }

    /// Waits until so many executions have ended, as the database has them while the program runs.
    pub fn until_recorded(&self, count: usize) {
        let end = std::time::Instant::now() + std::time::Duration::from_mins(1);
        loop {
            let records = self.records();
            if records.iter().filter(|record| record.status != Status::Running).count() == count {
                return;
            }
            assert!(std::time::Instant::now() < end, "the executions never ended");
            std::thread::yield_now();
        }
    }

    /// Every execution on record, newest first, as a later start finds them.
    pub fn records(&self) -> Vec<Execution> {
        let path = self.home.path().join(".local/share/lathe/lathe.db");
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        runtime.block_on(async {
            let (store, _) = Store::open(&StoreOptions::file(&path)).expect("the database opens");
            let query = HistoryQuery { workspace: Scope::All, ..HistoryQuery::default() };
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
