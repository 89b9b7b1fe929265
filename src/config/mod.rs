//! Layered settings, paths, secrets and the facts of the environment.
//!
//! Everything here is read once at start and passed on: the environment is captured into an
//! [`Environment`], files become [`Settings`], and no other room asks the process or the disk
//! how it is configured.

mod budget;
mod cache;
mod document;
mod engine;
mod environment;
mod error;
mod fallback;
mod file;
mod interface;
mod key;
mod keys;
mod layer;
mod limits;
mod models;
mod paths;
mod private;
mod provider;
mod proxy;
mod quantity;
mod redaction;
mod safeguards;
mod secret;
mod server;
mod settings;
mod spending;
mod trust;

pub use budget::{BudgetSettings, UnknownPrice};
pub use cache::CacheSettings;
pub use document::place_in_settings;
pub use engine::{EngineSettings, ProviderLimits};
pub use environment::{ColourDepth, Environment};
pub use error::{ConfigError, Problem, reason};
pub use interface::{Glyphs, InterfaceSettings, KeySet};
pub use key::{KeyError, KeySource};
pub use keys::{SETTING_KEYS, SettingKey, Where};
pub use limits::{keep_memory_private, most_calls_at_once};
pub use models::ModelOverride;
pub use paths::{Overrides, Paths};
pub use private::{Umask, check_owner_above, create_private_dir, create_private_file};
pub use provider::{Authentication, ProviderKind, ProviderSettings, StatedLimits};
pub use proxy::Proxy;
pub use redaction::{RedactWhen, RedactionSettings, SecretWarning};
pub use secret::Secret;
pub use server::Server;
pub use settings::{Notice, NoticeKind, Settings, SettingsFlags, WorkspaceToml};
pub use trust::{is_trusted, templates_hash, trust_workspace};
