//! Settings, secrets and workspaces against real files.

#![expect(clippy::expect_used, reason = "a test that cannot go on fails")]

mod docs;
mod invalid;
mod layers;
mod permissions;
mod properties;
mod sample;
mod workspace;
mod workspace_escapes;
mod workspace_saves;

use std::{fs, path::Path};

use promptlathe::config::{
    ConfigError, Environment, Notice, Overrides, Paths, Settings, WorkspaceToml,
};

/// A home folder of its own, and the places in it.
pub(crate) struct Home {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) paths: Paths,
}

impl Home {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let environment = Environment::from_pairs([("HOME", folder.path())]);
        let paths = if cfg!(target_os = "linux") {
            Paths::resolve(&environment, &Overrides::default()).expect("paths")
        } else {
            let overrides = Overrides {
                database: Some(folder.path().join("data/lathe.db")),
                config: Some(folder.path().join("config/config.toml")),
                workspace: None,
            };
            let paths = Paths::resolve(&environment, &overrides).expect("paths");
            Paths { data_dir: folder.path().join("data"), ..paths }
        };
        let paths = Paths { config_file_named: false, ..paths };
        Self { folder, paths }
    }

    /// A home whose settings file has this text.
    pub(crate) fn with_config(text: &str) -> Self {
        let home = Self::new();
        write(&home.paths.config_file, text);
        home
    }

    pub(crate) fn load(
        &self,
        pairs: &[(&str, &str)],
    ) -> Result<(Settings, Vec<Notice>), ConfigError> {
        self.load_with(None, pairs)
    }

    pub(crate) fn load_with(
        &self,
        workspace: Option<&WorkspaceToml>,
        pairs: &[(&str, &str)],
    ) -> Result<(Settings, Vec<Notice>), ConfigError> {
        let environment = Environment::from_pairs(pairs.iter().copied());
        Settings::load(&self.paths, workspace, &environment)
    }
}

pub(crate) fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().expect("a parent")).expect("folders");
    fs::write(path, text).expect("written");
}

#[cfg(unix)]
pub(crate) fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    fs::metadata(path).expect("metadata").permissions().mode() & 0o7777
}

#[cfg(unix)]
pub(crate) fn set_mode(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, PermissionsExt::from_mode(mode)).expect("chmod");
}
