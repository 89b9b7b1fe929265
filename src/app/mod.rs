//! Use cases both faces share: open a workspace, run variants, save versions, look back.

mod analyse;
mod answer;
mod chart_time;
mod charts;
mod check;
mod clock;
mod demo;
mod doctor;
mod endpoints;
mod error;
mod estimate;
mod export;
pub mod filter;
mod finds;
mod keep;
mod log;
mod models;
mod prepare;
mod redaction;
pub mod report;
mod safeguard;
mod sources;
mod templates;
mod temporary;
pub mod terminal_mark;
pub mod threads;
mod trust;
mod unsaved;
pub mod workspace;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use jiff::{Timestamp, tz::TimeZone};
use uuid::Uuid;

pub use analyse::{Analysis, InputField, VariableUse, analyse};
pub use answer::WithJson;
pub use chart_time::{ChartRange, ChartScale, ChartSpan};
pub use charts::{ChartBy, ChartGroup, ChartQuery, ChartStep, Charts, Sum, markdown_table};
pub use check::{ProviderCheck, TestCall};
pub use doctor::{Checkup, FaceCheck, Health, doctor};
pub use endpoints::Endpoints;
pub use error::{AppError, exit_code_of};
pub use export::{ExportError, ExportFormat, markdown, readable, told};
pub use filter::{Filter, FilterContext, FilterError};
pub use finds::FoundLine;
pub use log::start as start_log;
pub use models::{ModelChoice, ModelOrigin};
pub use prepare::{CallOrder, PromptSource};
pub use redaction::{RedactingRecorder, Redaction, SecretsFound};
pub use templates::{OpenedTemplate, SavedVersion, TemplateRow};
pub use temporary::TemporaryFolder;
pub use trust::{Trusted, trust_templates};

use crate::{
    config::{
        ConfigError, Environment, Notice, NoticeKind, Overrides, Paths, Settings, SettingsFlags,
        most_calls_at_once,
    },
    engine::{Engine, EngineParts, Mode, Money, Recorder, RunHandle, RunSpec, count_cut_off},
    model::{Execution, ExecutionId, RunId},
    provider::Catalog,
    store::{OpenReport, Store, StoreError, StoreOptions},
};
use trust::TemplateTrust;
use unsaved::UnsavedRecorder;
use workspace::Workspace;

/// What a face says when it opens the program's rooms.
#[derive(Clone, Debug, Default)]
pub struct AppOptions {
    pub environment: Environment,
    pub overrides: Overrides,
    pub flags: SettingsFlags,
    /// Whether nothing that runs is to be kept: the database is needed for budgets alone then.
    pub unsaved: bool,
    /// Whether calls follow at once: what they need is made ready while the database is opened.
    pub calls: bool,
}

/// An open workspace with everything needed to work in it. Cheap to clone.
#[derive(Clone)]
pub struct App {
    pub environment: Environment,
    pub paths: Arc<Paths>,
    pub settings: Arc<Settings>,
    pub workspace: Arc<Workspace>,
    pub store: Store,
    pub engine: Engine,
    pub endpoints: Arc<Endpoints>,
    /// What is taken out of texts before they are kept or handed on.
    pub redaction: Arc<Redaction>,
    /// Settings of the workspace that were left out because its file is not trusted.
    untrusted: Arc<Vec<NoticeKind>>,
    /// Whether its templates may be milder than the settings.
    templates: TemplateTrust,
    /// Where records go.
    recorder: Arc<dyn Recorder>,
    /// Whether calls may leave although nothing can be saved.
    unsaved: bool,
}

/// Calls that are on their way, and what is to be said of them.
pub struct Started {
    pub handle: RunHandle,
    /// The secrets that are sent with them.
    pub secrets: SecretsFound,
    /// What of the templates does not count here, each said once.
    pub remarks: Vec<String>,
}

impl App {
    /// Opens settings, workspace and database, and says what the user should know about them.
    /// Blocks for some milliseconds; asks no server anything.
    ///
    /// # Errors
    /// Settings that are not valid, a workspace that is none, a database that cannot be opened.
    pub fn open(options: AppOptions) -> Result<(Self, Vec<Notice>), AppError> {
        let AppOptions { environment, overrides, flags, unsaved, calls } = options;
        let paths = Paths::resolve(&environment, &overrides)?;
        let workspace = open_workspace(&paths, &environment)?;
        let workspace_settings = workspace.settings()?;
        let (settings, mut notices) =
            Settings::load(&paths, workspace_settings.as_ref(), &environment)?;
        let mut settings = settings.with_flags(&flags);
        notices.extend(fit_to_open_files(&mut settings));
        let untrusted = notices.iter().map(|notice| notice.kind.clone()).collect();
        let templates = TemplateTrust::of(&workspace, &paths, &environment);
        let redaction =
            Redaction::new(&settings, &environment).map_err(|reason| ConfigError::Refused {
                path: paths.config_file.clone(),
                reason: format!("[redaction.patterns]: {reason}"),
            })?;
        let redaction = Arc::new(redaction);
        if calls && let Ok(runtime) = tokio::runtime::Handle::try_current() {
            let redaction = Arc::clone(&redaction);
            drop(runtime.spawn_blocking(move || redaction.make_ready()));
        }
        let name = store_key(&workspace, &redaction);
        let catalog = Arc::new(Catalog::builtin().with_overrides(&settings.models));
        // Budgets over time are counted in the database, also where nothing else is kept.
        let needed = !unsaved || settings.budget.is_over_time();
        let (store, report) = open_store(&paths.database, &name, needed, &catalog)
            .map_err(|error| if unsaved { AppError::NoAccounts(error) } else { error.into() })?;
        let records: Arc<dyn Recorder> = if unsaved {
            let records = Store::open(&StoreOptions::in_memory().workspace(name))?.0;
            Arc::new(UnsavedRecorder { records, ledger: store.clone() })
        } else {
            Arc::new(store.clone())
        };
        let notice = |message| Notice { kind: NoticeKind::Workspace, message };
        notices.extend(report.warnings.into_iter().map(notice));
        if report.interrupted > 0 {
            notices.push(notice(match report.interrupted {
                1 => "one answer was cut off when the program last ended; History has what came"
                    .to_owned(),
                many => format!(
                    "{many} answers were cut off when the program last ended; History has what came"
                ),
            }));
        }
        notices.extend(Redaction::too_short(&settings, &environment).into_iter().map(notice));
        let endpoints =
            Arc::new(Endpoints::new(&settings, &environment, catalog, Arc::clone(&redaction)));
        let recorder: Arc<dyn Recorder> =
            Arc::new(RedactingRecorder::new(records, Arc::clone(&redaction)));
        let engine = Engine::new(EngineParts {
            providers: Arc::clone(&endpoints) as Arc<dyn crate::engine::Providers>,
            recorder: Arc::clone(&recorder),
            capabilities: Arc::new(store.clone()),
            settings: settings.engine.clone(),
            money: Money {
                ledger: Arc::new(store.clone()),
                budget: settings.budget.clone(),
                zone: TimeZone::system,
            },
            answers: Arc::new(store.clone()),
            cache: settings.cache.clone(),
            wall: Timestamp::now,
            with_sleep: clock::with_sleep,
            chance,
        });
        let app = Self {
            environment,
            paths: Arc::new(paths),
            settings: Arc::new(settings),
            workspace: Arc::new(workspace),
            store,
            engine,
            endpoints,
            redaction,
            untrusted: Arc::new(untrusted),
            templates,
            recorder,
            unsaved,
        };
        Ok((app, notices))
    }

    /// Records an execution that has ended and could not be recorded then.
    ///
    /// # Errors
    /// What still keeps it from being written.
    pub async fn keep_again(&self, execution: &Execution) -> Result<(), StoreError> {
        // When its pieces came is known to the engine, or to a database that has it after all.
        let chunks = match self.engine.unkept_chunks(execution.id) {
            Some(chunks) => chunks,
            None => self.store.chunks(execution.id).await?,
        };
        self.recorder.finish(execution, &chunks).await.map(drop)
    }

    /// Prepares every order and starts the calls together. An order that cannot be prepared
    /// starts nothing.
    ///
    /// # Errors
    /// Of the first order that cannot be prepared; where nothing can be saved and nobody agreed
    /// to that.
    pub async fn run(&self, orders: Vec<CallOrder>, mode: Mode) -> Result<Started, AppError> {
        // A disk that is full costs the record alone, whether at the start or in the middle.
        if self.store.is_read_only() && !self.store.is_full() && !self.unsaved {
            return Err(AppError::NothingKept { path: self.store.path().to_path_buf() });
        }
        let mut calls = Vec::with_capacity(orders.len());
        let mut secrets = SecretsFound::default();
        let mut remarks = Vec::new();
        for order in orders {
            let call = self.prepare(order).await?;
            secrets.join(self.redaction.secrets_in(&call.messages));
            for remark in &call.remarks {
                if !remarks.contains(remark) {
                    remarks.push(remark.clone());
                }
            }
            calls.push(call);
        }
        let handle = self.engine.start(RunSpec { run_id: new_run_id(), calls, mode });
        Ok(Started { handle, secrets, remarks })
    }

    /// Ends in order: waits for running calls to be recorded, then for the database.
    ///
    /// # Errors
    /// What could not be written.
    pub async fn close(self) -> Result<(), AppError> {
        self.engine.idle().await;
        let store = self.store.clone();
        drop(self);
        Ok(store.close().await?)
    }

    /// Does something with the workspace's files on a thread where waiting harms nobody.
    async fn files<T, F>(&self, work: F) -> T
    where
        T: Send + 'static,
        F: FnOnce(&Workspace) -> T + Send + 'static,
    {
        let workspace = Arc::clone(&self.workspace);
        match tokio::task::spawn_blocking(move || work(&workspace)).await {
            Ok(done) => done,
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        }
    }
}

/// Makes a write beyond the limit on the size of files an error like a full disk, where it would
/// end the process without a word. Must be called inside a tokio runtime.
pub fn outlive_file_size_limits() {
    #[cfg(unix)]
    {
        let number = rustix::process::Signal::XFSZ.as_raw();
        let kind = tokio::signal::unix::SignalKind::from_raw(number);
        // A system that will not have it ends the process as before; nothing else rests on it.
        drop(tokio::signal::unix::signal(kind));
    }
}

/// A new id for a run. Ids sort by the time they were made.
#[must_use]
pub fn new_run_id() -> RunId {
    RunId(Uuid::now_v7())
}

/// A new id for an execution. Ids sort by the time they were made.
#[must_use]
pub fn new_execution_id() -> ExecutionId {
    ExecutionId(Uuid::now_v7())
}

/// A random number in \[0, 1).
#[expect(clippy::cast_precision_loss, reason = "53 bits fit a double exactly")]
fn chance() -> f64 {
    let bits = (Uuid::new_v4().as_u128() & ((1 << 53) - 1)) as u64;
    bits as f64 / (1_u64 << 53) as f64
}

/// Lowers how many calls there are at once to what the system has files for.
fn fit_to_open_files(settings: &mut Settings) -> Option<Notice> {
    let (calls, files) = most_calls_at_once()?;
    let wanted = settings.engine.concurrency;
    if calls >= wanted {
        return None;
    }
    settings.engine.concurrency = calls;
    let message = format!(
        "a program may open {files} files here, which is enough for {} at once and not for {wanted}; raise it with `ulimit -n 1024`",
        if calls == 1 { "one call".to_owned() } else { format!("{calls} calls") },
    );
    Some(Notice { kind: NoticeKind::Workspace, message })
}

/// The database; one in memory where it is not needed and cannot be opened.
fn open_store(
    path: &Path,
    workspace: &str,
    needed: bool,
    catalog: &Arc<Catalog>,
) -> Result<(Store, OpenReport), StoreError> {
    let catalog = Arc::clone(catalog);
    let options = StoreOptions::file(path).workspace(workspace).counting(move |execution| {
        count_cut_off(execution, |model, usage| catalog.price(model, usage))
    });
    let opened = Store::open(&options);
    if !needed && opened.is_err() {
        return Store::open(&StoreOptions::in_memory().workspace(workspace));
    }
    opened
}

/// The named workspace, else the one around the working folder, else the sample.
fn open_workspace(paths: &Paths, environment: &Environment) -> Result<Workspace, AppError> {
    let folder: Option<PathBuf> =
        paths.workspace.clone().or_else(|| Workspace::find(environment.working_dir.as_deref()?));
    Ok(match folder {
        Some(folder) => Workspace::open(&folder)?,
        None => Workspace::sample(paths.sample_workspace()),
    })
}

/// What tells one workspace's versions, drafts and history from another's: its whole path, since
/// many folders are called `prompts`. There is one sample, wherever it is kept. Of a key in the
/// path only the name stays, which leads to the same workspace each time.
fn store_key(workspace: &Workspace, redaction: &Redaction) -> String {
    match workspace.folder() {
        Some(folder) if !workspace.is_embedded() => {
            redaction.keys_alone().redact(&folder.to_string_lossy()).text.into_owned()
        }
        _ => workspace.name(),
    }
}

/// An app of its own below a folder, which is its home; its database, too, where `overrides` name
/// none.
#[cfg(test)]
pub(crate) fn open_below(home: &Path, overrides: Overrides, more: &[(&str, &str)]) -> App {
    let database = overrides.database.or_else(|| Some(home.join("data/lathe.db")));
    let more = more.iter().map(|(name, value)| (*name, std::ffi::OsStr::new(value)));
    let environment = Environment::from_pairs(more.chain([("HOME", home.as_os_str())]));
    let overrides = Overrides { database, ..overrides };
    App::open(AppOptions { environment, overrides, ..AppOptions::default() }).expect("it opens").0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::TemplateId;

    #[tokio::test]
    async fn two_workspaces_of_one_name_keep_their_drafts_apart() {
        let folder = tempfile::tempdir().expect("a folder");
        let open = |parent: &str| {
            let workspace = folder.path().join(parent).join("work");
            std::fs::create_dir_all(workspace.join("prompts")).expect("made");
            let overrides = Overrides { workspace: Some(workspace), ..Overrides::default() };
            open_below(folder.path(), overrides, &[])
        };
        let (one, two) = (open("one"), open("two"));
        assert_eq!(one.workspace.name(), two.workspace.name());
        let id = TemplateId::new("greeting").expect("an id");
        one.store.save_draft(&id, "of the first").await.expect("kept");
        assert_eq!(two.store.draft(&id).await, Ok(None));
        let draft = open("one").store.draft(&id).await.expect("read").expect("there");
        assert_eq!(draft.text, "of the first");
    }
}
