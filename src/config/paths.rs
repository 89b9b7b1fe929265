//! Where things are kept.

use std::path::{Path, PathBuf};

use super::{ConfigError, Environment};

/// Places named on the command line. They win over the environment's `LATHE_DB`,
/// `LATHE_CONFIG` and `LATHE_WORKSPACE`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Overrides {
    /// `--db PATH`
    pub database: Option<PathBuf>,
    /// `--config FILE`
    pub config: Option<PathBuf>,
    /// `--workspace DIR`
    pub workspace: Option<PathBuf>,
}

/// Where everything of this user is kept. Nothing is created by asking for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paths {
    /// The user's settings, `config.toml`.
    pub config_file: PathBuf,
    /// Whether the settings file was named by the user, so that its absence is an error.
    pub config_file_named: bool,
    /// Themes added by the user.
    pub themes_dir: PathBuf,
    /// The database's default folder; also holds the kept sample workspace and the list of
    /// trusted workspaces. Created 0700.
    pub data_dir: PathBuf,
    /// The database file.
    pub database: PathBuf,
    /// Logs and crash reports. Created 0700.
    pub state_dir: PathBuf,
    /// The workspace named by the user, if any.
    pub workspace: Option<PathBuf>,
}

/// The three folders the platform gives a program.
struct Folders {
    config: PathBuf,
    data: PathBuf,
    state: PathBuf,
}

impl Paths {
    /// Works out all places: what was named, else what the environment names, else the
    /// platform's folders (XDG on Linux).
    ///
    /// # Errors
    /// [`ConfigError::NoHome`] when a place is needed that only a home folder could give. With
    /// both the database and the settings named no home is needed.
    pub fn resolve(environment: &Environment, overrides: &Overrides) -> Result<Self, ConfigError> {
        let named = |over: &Option<PathBuf>, variable| {
            over.clone()
                .filter(|path| !path.as_os_str().is_empty())
                .or_else(|| environment.path(variable))
        };
        let database = named(&overrides.database, "LATHE_DB");
        let config = named(&overrides.config, "LATHE_CONFIG");
        let workspace = named(&overrides.workspace, "LATHE_WORKSPACE");
        let config_file_named = config.is_some();

        let folders = match (Folders::of(environment), &database, &config) {
            (Some(folders), _, _) => folders,
            (None, Some(database), Some(config)) => {
                let beside = parent(database);
                Folders { config: parent(config), data: beside.clone(), state: beside }
            }
            (None, None, _) => {
                return Err(ConfigError::NoHome {
                    missing: "the database",
                    remedy: "--db PATH (or LATHE_DB), and the settings with --config FILE (or LATHE_CONFIG)",
                });
            }
            (None, Some(_), None) => {
                return Err(ConfigError::NoHome {
                    missing: "the settings",
                    remedy: "--config FILE (or LATHE_CONFIG)",
                });
            }
        };
        Ok(Self {
            config_file: config.unwrap_or_else(|| folders.config.join("config.toml")),
            config_file_named,
            themes_dir: folders.config.join("themes"),
            database: database.unwrap_or_else(|| folders.data.join("lathe.db")),
            data_dir: folders.data,
            state_dir: folders.state,
            workspace,
        })
    }

    /// The list of workspace settings the user trusts.
    #[must_use]
    pub fn trust_file(&self) -> PathBuf {
        self.data_dir.join("trusted-workspaces")
    }

    /// Where the built-in sample workspace is kept once something in it was changed.
    #[must_use]
    pub fn sample_workspace(&self) -> PathBuf {
        self.data_dir.join("sample-workspace")
    }
}

fn parent(file: &Path) -> PathBuf {
    match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_path_buf(),
        _ => PathBuf::from("."),
    }
}

impl Folders {
    /// XDG, read from the captured environment and not from the process, so that tests and the
    /// whole program agree on one environment. Relative values are ignored, as the
    /// specification demands.
    #[cfg(all(unix, not(target_os = "macos")))]
    fn of(environment: &Environment) -> Option<Self> {
        let absolute = |name| environment.path(name).filter(|path| path.is_absolute());
        let home = absolute("HOME");
        let folder = |variable, below_home: &str| {
            absolute(variable)
                .or_else(|| home.as_ref().map(|home| home.join(below_home)))
                .map(|path| path.join("lathe"))
        };
        Some(Self {
            config: folder("XDG_CONFIG_HOME", ".config")?,
            data: folder("XDG_DATA_HOME", ".local/share")?,
            state: folder("XDG_STATE_HOME", ".local/state")?,
        })
    }

    /// The platform's own folders. `LATHE_HOME`-like variables do not exist here; tests name
    /// their places.
    #[cfg(not(all(unix, not(target_os = "macos"))))]
    fn of(_environment: &Environment) -> Option<Self> {
        let folders = directories::ProjectDirs::from("", "", "lathe")?;
        Some(Self {
            config: folders.config_dir().to_path_buf(),
            data: folders.data_dir().to_path_buf(),
            state: folders.state_dir().unwrap_or(folders.data_local_dir()).to_path_buf(),
        })
    }
}

#[cfg(test)]
#[cfg(all(unix, not(target_os = "macos")))]
mod tests {
    use super::*;

    fn resolve(pairs: &[(&str, &str)], overrides: &Overrides) -> Result<Paths, ConfigError> {
        Paths::resolve(&Environment::from_pairs(pairs.iter().copied()), overrides)
    }

    #[test]
    fn home_gives_the_usual_places() {
        let paths = resolve(&[("HOME", "/home/ada")], &Overrides::default()).expect("paths");
        assert_eq!(paths.config_file, Path::new("/home/ada/.config/lathe/config.toml"));
        assert_eq!(paths.database, Path::new("/home/ada/.local/share/lathe/lathe.db"));
        assert_eq!(paths.state_dir, Path::new("/home/ada/.local/state/lathe"));
        assert_eq!(paths.themes_dir, Path::new("/home/ada/.config/lathe/themes"));
        assert!(!paths.config_file_named);
        assert_eq!(paths.workspace, None);
    }

    #[test]
    fn xdg_folders_are_honoured_when_absolute() {
        let paths = resolve(
            &[("HOME", "/h"), ("XDG_CONFIG_HOME", "/c"), ("XDG_DATA_HOME", "relative")],
            &Overrides::default(),
        )
        .expect("paths");
        assert_eq!(paths.config_file, Path::new("/c/lathe/config.toml"));
        assert_eq!(paths.data_dir, Path::new("/h/.local/share/lathe"));
    }

    #[test]
    fn flags_win_over_variables() {
        let paths = resolve(
            &[("HOME", "/h"), ("LATHE_DB", "/env.db"), ("LATHE_WORKSPACE", "/ws")],
            &Overrides { database: Some("/flag.db".into()), ..Overrides::default() },
        )
        .expect("paths");
        assert_eq!(paths.database, Path::new("/flag.db"));
        assert_eq!(paths.workspace.as_deref(), Some(Path::new("/ws")));
        assert_eq!(paths.data_dir, Path::new("/h/.local/share/lathe"));
    }

    #[test]
    fn without_a_home_the_error_names_the_way_out() {
        let error = resolve(&[], &Overrides::default()).expect_err("no home").to_string();
        for word in ["HOME", "--db", "LATHE_DB", "--config", "LATHE_CONFIG"] {
            assert!(error.contains(word), "{error}");
        }
        let error = resolve(&[("LATHE_DB", "/d/x.db"), ("HOME", "")], &Overrides::default())
            .expect_err("no settings")
            .to_string();
        assert!(error.contains("--config") && !error.contains("--db"), "{error}");
    }

    #[test]
    fn without_a_home_named_places_suffice() {
        let paths = resolve(
            &[("LATHE_DB", "/d/x.db"), ("LATHE_CONFIG", "/c/me.toml")],
            &Overrides::default(),
        )
        .expect("paths");
        assert_eq!(paths.data_dir, Path::new("/d"));
        assert_eq!(paths.themes_dir, Path::new("/c/themes"));
        assert!(paths.config_file_named);
    }
}
