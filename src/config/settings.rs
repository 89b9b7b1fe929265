//! The settings as everything else sees them, put together from their layers.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    path::PathBuf,
};

use super::{
    BudgetSettings, CacheSettings, ConfigError, EngineSettings, Environment, Glyphs,
    InterfaceSettings, KeySource, ModelOverride, Paths, ProviderSettings, RedactionSettings,
    document::Document,
    file,
    layer::{self, Layer},
    provider::{self, KNOWN},
    trust,
};
use crate::model::{ContentHash, Guards, ModelRef, Recovery};

/// All settings, each from the last layer that named it: built in, the user's `config.toml`, the
/// workspace's `lathe.toml`, the environment, flags.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// By name. `openai`, `anthropic`, `ollama` and `demo` are always there; other well-known
    /// ones once their key is set.
    pub providers: BTreeMap<String, ProviderSettings>,
    /// Used where neither the template nor the command names a model.
    pub default_model: Option<ModelRef>,
    pub engine: EngineSettings,
    pub cache: CacheSettings,
    pub budget: BudgetSettings,
    /// What guards hold for templates that say nothing of them.
    pub guards: Guards,
    /// What holds for templates that say nothing of recovery.
    pub recovery: Recovery,
    /// The theme's name; `None` for the terminal's own colours.
    pub theme: Option<String>,
    pub interface: InterfaceSettings,
    pub redaction: RedactionSettings,
    /// Keys by action, as written; the table of actions checks them.
    pub keys: BTreeMap<String, Vec<String>>,
    /// Facts that replace the catalogue's, by model.
    pub models: BTreeMap<ModelRef, ModelOverride>,
}

/// What the command line says about settings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SettingsFlags {
    pub default_model: Option<ModelRef>,
    pub theme: Option<String>,
}

/// A workspace's `lathe.toml`, as read with the workspace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkspaceToml {
    pub path: PathBuf,
    pub text: String,
    /// Whether it is the built-in sample's, which is part of the program and trusted like it.
    pub built_in: bool,
}

/// Something the user should know, that stops nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    pub kind: NoticeKind,
    /// One sentence or two: what, where, what to do.
    pub message: String,
}

/// What a notice is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoticeKind {
    /// Settings of a workspace that were left out until the user trusts the file; confirming
    /// is [`super::trust_workspace`] with this hash.
    WorkspaceNotTrusted {
        path: PathBuf,
        hash: ContentHash,
        /// The keys that were left out, in full: `providers.work.base_url`.
        keys: Vec<String>,
    },
    /// Settings of a workspace that never count there.
    WorkspaceMayNot { path: PathBuf, keys: Vec<String> },
    /// A file that others can read or write.
    Permissions,
    /// Anything else about the workspace.
    Workspace,
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Settings {
    /// The settings before any file: the built-in providers, with what their own variables say.
    ///
    /// # Errors
    /// [`ConfigError::Variable`] for a variable that cannot be understood.
    pub fn built_in(environment: &Environment) -> Result<Self, ConfigError> {
        let mut settings = Self::bare(environment);
        settings.apply_environment(environment, &BTreeSet::new())?;
        Ok(settings)
    }

    fn bare(environment: &Environment) -> Self {
        Self {
            providers: provider::built_in(environment),
            default_model: None,
            engine: EngineSettings::default(),
            cache: CacheSettings::default(),
            budget: BudgetSettings::default(),
            guards: Guards::default(),
            recovery: Recovery::default(),
            theme: None,
            interface: InterfaceSettings::default(),
            redaction: RedactionSettings::default(),
            keys: BTreeMap::new(),
            models: BTreeMap::new(),
        }
    }

    /// Loads all layers but the flags (see [`Self::with_flags`]).
    ///
    /// # Errors
    /// The first file or variable that is not valid; of a file, everything that is wrong in it.
    pub fn load(
        paths: &Paths,
        workspace: Option<&WorkspaceToml>,
        environment: &Environment,
    ) -> Result<(Self, Vec<Notice>), ConfigError> {
        let mut settings = Self::bare(environment);
        let mut notices = Vec::new();
        // Providers whose key a file named: their usual variables then have no say in it.
        let mut keyed = BTreeSet::new();

        match file::read_settings(&paths.config_file)? {
            Some((text, metadata)) => {
                notices.extend(file::check_written_by_us(&paths.config_file, &metadata)?);
                let outcome = settings.apply_file(
                    &paths.config_file,
                    &text,
                    Layer::User,
                    environment,
                    &mut keyed,
                )?;
                if outcome.secret_headers {
                    notices.extend(file::check_kept_secret(&paths.config_file, &metadata));
                }
            }
            None if paths.config_file_named => {
                return Err(ConfigError::Refused {
                    path: paths.config_file.clone(),
                    reason: "there is no such settings file (named by --config or LATHE_CONFIG)"
                        .to_owned(),
                });
            }
            None => {}
        }
        if let Some(workspace) = workspace {
            let hash = ContentHash::of(workspace.text.as_bytes());
            let trusted = workspace.built_in || trust::is_trusted(paths, environment, &hash);
            let layer = Layer::Workspace { trusted };
            let outcome = settings.apply_file(
                &workspace.path,
                &workspace.text,
                layer,
                environment,
                &mut keyed,
            )?;
            notices.extend(outcome.notices(workspace, &hash, paths));
        }
        settings.apply_environment(environment, &keyed)?;
        Ok((settings, notices))
    }

    fn apply_file(
        &mut self,
        path: &std::path::Path,
        text: &str,
        layer: Layer,
        environment: &Environment,
        keyed: &mut BTreeSet<String>,
    ) -> Result<layer::Outcome, ConfigError> {
        let document = Document::new(path, text);
        let outcome = match document.parse() {
            Some(table) => {
                let root = document.section("", "", table.get_ref());
                let folder = path.parent().unwrap_or(path);
                layer::apply(self, &root, layer, folder, environment, keyed)
            }
            None => layer::Outcome::default(),
        };
        document.finish().map(|()| outcome)
    }

    fn apply_environment(
        &mut self,
        environment: &Environment,
        keyed: &BTreeSet<String>,
    ) -> Result<(), ConfigError> {
        provider::apply_variables(&mut self.providers, environment, &|name| keyed.contains(name))?;
        if let Some(text) = environment.filled("LATHE_MODEL") {
            self.default_model =
                Some(text.parse().map_err(|error: crate::model::ModelRefError| {
                    ConfigError::Variable {
                        variable: "LATHE_MODEL".to_owned(),
                        message: error.to_string(),
                    }
                })?);
        }
        if let Some(theme) = environment.filled("LATHE_THEME") {
            self.theme = Some(theme.to_owned());
        }
        if self.interface.glyphs == Glyphs::Auto && !environment.speaks_unicode() {
            self.interface.glyphs = Glyphs::Ascii;
        }
        Ok(())
    }

    /// The settings with what the command line says put over them.
    #[must_use]
    pub fn with_flags(mut self, flags: &SettingsFlags) -> Self {
        if let Some(model) = &flags.default_model {
            self.default_model = Some(model.clone());
        }
        if let Some(theme) = &flags.theme {
            self.theme = Some(theme.clone());
        }
        self
    }

    /// The names of all variables that hold keys, set or not: they are removed from the
    /// environment of programs started for the user, and their values from whatever is shown.
    #[must_use]
    pub fn secret_variables(&self) -> BTreeSet<String> {
        let usual = KNOWN.iter().map(|known| known.key).filter(|name| !name.is_empty());
        // Also those that another name in the settings takes the place of: they may be set still.
        let others =
            ["ANTHROPIC_AUTH_TOKEN", "GOOGLE_API_KEY", "OLLAMA_API_KEY", provider::AZURE_KEY];
        let configured = self.providers.values().filter_map(|provider| match &provider.key {
            KeySource::Env(name) => Some(name.clone()),
            _ => None,
        });
        usual.chain(others).map(str::to_owned).chain(configured).collect()
    }
}
