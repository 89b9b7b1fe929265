//! Files of tools, which templates offer by name.

use std::{fs, path::Path};

use super::{FileError, Workspace, sample};
use crate::prompt::tool_file;

/// Where tools are, relative to the workspace.
const FOLDER: &str = "tools";

impl Workspace {
    /// The text of a tool's file.
    ///
    /// # Errors
    /// As [`Self::load`].
    pub fn tool_source(&self, name: &str) -> Result<String, FileError> {
        self.read(Path::new(&tool_file(name))).map(|contents| contents.text)
    }

    /// The names of all tools, sorted. None of them is read.
    #[must_use]
    pub fn tool_names(&self) -> Vec<String> {
        let mut names: Vec<String> = match self.folder.get() {
            Some(folder) => {
                let entries = folder.locate(Path::new(FOLDER)).and_then(|real| {
                    fs::read_dir(&real).map_err(|error| FileError::Io { path: real, error })
                });
                let names = entries.into_iter().flatten().flatten();
                names
                    .filter_map(|entry| tool_name(entry.file_name().to_str()?).map(str::to_owned))
                    .collect()
            }
            None => sample::FILES
                .iter()
                .filter_map(|(path, _)| path.strip_prefix(FOLDER)?.strip_prefix('/'))
                .filter_map(|file| tool_name(file).map(str::to_owned))
                .collect(),
        };
        names.sort();
        names
    }
}

/// The tool a file holds, by the file's name.
fn tool_name(file: &str) -> Option<&str> {
    let name = file.strip_suffix(".yaml")?;
    crate::model::is_tool_name(name).then_some(name)
}
