//! What can keep a use case from being done, for both faces.

use std::path::PathBuf;

use semver::Version;
use thiserror::Error;

use super::workspace::{FileError, InitError, OpenError, ResolveError, SaveError};
use crate::{
    config::ConfigError,
    model::{CallError, ErrorKind, TemplateId},
    prompt::{RenderError, TemplateError},
    store::StoreError,
};

/// Why something was not done: what, where, and what to do next.
#[derive(Debug, Error)]
pub enum AppError {
    #[error(transparent)]
    Settings(#[from] ConfigError),
    #[error(transparent)]
    Workspace(#[from] OpenError),
    #[error(transparent)]
    File(#[from] FileError),
    #[error(transparent)]
    Name(#[from] ResolveError),
    #[error(transparent)]
    Template(#[from] TemplateError),
    #[error(transparent)]
    Render(#[from] RenderError),
    #[error(transparent)]
    Save(#[from] SaveError),
    #[error(transparent)]
    Init(#[from] InitError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Call(#[from] CallError),
    /// A model of a provider that nobody has named in the settings.
    #[error(transparent)]
    UnknownProvider(CallError),
    #[error("`{template}` has no saved version {version}; {}", listed(.known))]
    UnknownVersion { template: TemplateId, version: String, known: Vec<Version> },
    #[error(
        "no model is named: pass --model provider/model, write `model:` in the template, or set \
         `default_model` in config.toml (`lathe models` lists what can be named)"
    )]
    NoModel,
    #[error("the file was saved, and its version {version} was not recorded: {error}")]
    NotRecorded { version: Version, error: StoreError },
    #[error(
        "nothing was sent: {} can only be read here, so the answer could not be kept; make its \
         folder writable, choose another database with --db, or pass --no-save to run without a \
         record",
        path.display()
    )]
    NothingKept { path: PathBuf },
    #[error(
        "a budget of hours, days or months is counted in the database, also where no record is wanted: {0}"
    )]
    NoAccounts(StoreError),
    #[error("{0}")]
    Usage(String),
}

fn listed(versions: &[Version]) -> String {
    match versions {
        [] => "none has been saved yet".to_owned(),
        versions => {
            let names: Vec<_> = versions.iter().take(8).map(Version::to_string).collect();
            let more = if versions.len() > 8 { " and more" } else { "" };
            format!("saved are {}{more}", names.join(", "))
        }
    }
}

impl AppError {
    /// The exit code of a command that ends with this: 2 for what the user wrote or named, 3
    /// for a provider or the network, 4 for a budget or a guard.
    #[must_use]
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::Call(error) => exit_code_of(error.kind),
            _ => 2,
        }
    }
}

/// The exit code for a call that ended with an error of a kind.
#[must_use]
pub const fn exit_code_of(kind: ErrorKind) -> u8 {
    match kind {
        ErrorKind::Budget | ErrorKind::Guard => 4,
        ErrorKind::Cancelled => 130,
        _ => 3,
    }
}
