//! The user's own editor on a text.

use std::{
    collections::BTreeSet,
    ffi::OsString,
    io::{self, Read as _, Write as _},
    path::{Path, PathBuf},
    process::ExitStatus,
};

use thiserror::Error;

use crate::config::{Environment, Umask, create_private_dir, reason};

/// A text may not come back longer than this: the most a template may have is far below.
const LONGEST: u64 = 16 * 1024 * 1024;

/// Why the editor's text is not taken. The text before it stands.
#[derive(Debug, Error)]
pub enum EditError {
    #[error("VISUAL or EDITOR is `{command}`, whose quotes do not match")]
    Quotes { command: String },
    #[error("cannot write the text for the editor into {}: {}", .folder.display(), reason(.error))]
    Prepare { folder: PathBuf, error: io::Error },
    #[error("cannot start the editor `{program}`: {}; set VISUAL or EDITOR", reason(.error))]
    Start { program: String, error: io::Error },
    #[error("the editor `{program}` was not found; set VISUAL or EDITOR")]
    NotFound { program: String },
    #[error("the editor `{program}` failed ({status}); the text is as it was")]
    Failed { program: String, status: ExitStatus },
    #[error("cannot read the text back from {}: {}; the text is as it was", .path.display(), reason(.error))]
    ReadBack { path: PathBuf, error: io::Error },
}

/// An editor with its arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExternalEditor {
    program: String,
    arguments: Vec<String>,
}

impl ExternalEditor {
    /// `VISUAL`, else `EDITOR`, else `vi`. Arguments and quotes are understood as a shell does,
    /// but no shell is run.
    ///
    /// # Errors
    /// [`EditError::Quotes`] when the quotes do not match.
    pub fn of(environment: &Environment) -> Result<Self, EditError> {
        let default = if cfg!(windows) { "notepad" } else { "vi" };
        let command = environment.editor().unwrap_or(default);
        let mut words = shlex::split(command)
            .ok_or_else(|| EditError::Quotes { command: command.to_owned() })?
            .into_iter();
        let program = words.next().unwrap_or_else(|| default.to_owned());
        Ok(Self { program, arguments: words.collect() })
    }

    /// The program's name.
    #[must_use]
    pub fn program(&self) -> &str {
        &self.program
    }

    /// Lets the user edit a text; `None` when it comes back as it was. The text lies in a file
    /// of mode 0600 in `folder` meanwhile, which is removed. The terminal must have been lent out
    /// (see [`super::Screen::lend`]); this waits until the editor ends. The variables named as
    /// `hidden` are not in its environment: no editor needs the keys of model providers.
    ///
    /// # Errors
    /// [`EditError`]; the text before then stands.
    pub fn edit(
        &self,
        text: &str,
        extension: &str,
        folder: &Path,
        umask: Umask,
        hidden: &BTreeSet<String>,
    ) -> Result<Option<String>, EditError> {
        let prepare = |error| EditError::Prepare { folder: folder.to_path_buf(), error };
        create_private_dir(folder).map_err(prepare)?;
        let mut file = tempfile::Builder::new()
            .prefix("edit-")
            .suffix(&format!(".{extension}"))
            .tempfile_in(folder)
            .map_err(prepare)?;
        file.write_all(text.as_bytes()).and_then(|()| file.flush()).map_err(prepare)?;
        // Closed before the editor opens it, for systems that lock open files; removed when
        // this goes out of scope, whatever happens.
        let path = file.into_temp_path();
        let status = self.run(&path, umask, hidden)?;
        if !status.success() {
            return Err(EditError::Failed { program: self.program.clone(), status });
        }
        // By its name and not by the open file: editors put a new file in the place of the old.
        let after = read_text(&path)
            .map_err(|error| EditError::ReadBack { path: path.to_path_buf(), error })?;
        Ok((after != text).then_some(after))
    }

    fn run(
        &self,
        path: &Path,
        umask: Umask,
        hidden: &BTreeSet<String>,
    ) -> Result<ExitStatus, EditError> {
        let mut arguments: Vec<OsString> = self.arguments.iter().map(OsString::from).collect();
        arguments.push(path.into());
        let mut command = umask.command(&self.program);
        for variable in hidden {
            command.env_remove(variable);
        }
        let status = command
            .args(arguments)
            .status()
            .map_err(|error| EditError::Start { program: self.program.clone(), error })?;
        // The shell that sets the mask says with these codes that it found no such program, or
        // may not run it.
        match status.code() {
            Some(127) => Err(EditError::NotFound { program: self.program.clone() }),
            Some(126) => Err(EditError::Start {
                program: self.program.clone(),
                error: io::ErrorKind::PermissionDenied.into(),
            }),
            _ => Ok(status),
        }
    }
}

/// A file's text, unless it is no regular file or too long.
fn read_text(path: &Path) -> io::Result<String> {
    if !std::fs::metadata(path)?.is_file() {
        return Err(io::Error::other("it is not a regular file any more"));
    }
    let mut text = String::new();
    std::fs::File::open(path)?.take(LONGEST + 1).read_to_string(&mut text)?;
    if text.len() as u64 > LONGEST {
        return Err(io::Error::other("it is longer than 16 MiB"));
    }
    Ok(text)
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;

    fn editor(command: &str) -> ExternalEditor {
        ExternalEditor::of(&Environment::from_pairs([("EDITOR", command)])).expect("an editor")
    }

    fn edit(command: &str, text: &str) -> (Result<Option<String>, EditError>, usize) {
        let folder = tempfile::tempdir().expect("a folder");
        let result = editor(command).edit(
            text,
            "prompty",
            folder.path(),
            Umask::of(0o022),
            &BTreeSet::from(["HOME".to_owned()]),
        );
        (result, std::fs::read_dir(folder.path()).expect("listed").count())
    }

    #[test]
    fn commands_are_split_as_a_shell_would() {
        let found = editor("'my editor' --wait \"a b\"");
        assert_eq!(found.program(), "my editor");
        assert_eq!(found.arguments, ["--wait", "a b"]);
        let none = ExternalEditor::of(&Environment::default()).expect("the default");
        assert_eq!(none.program(), "vi");
        let open = ExternalEditor::of(&Environment::from_pairs([("EDITOR", "vi 'x")]));
        assert!(matches!(open, Err(EditError::Quotes { .. })));
    }

    #[test]
    fn what_the_editor_wrote_comes_back_and_no_file_stays() {
        let (result, left) = edit("sh -c 'printf \" and more\" >> \"$0\"'", "text");
        assert_eq!(result.expect("edited"), Some("text and more".to_owned()));
        assert_eq!(left, 0);
    }

    #[test]
    fn hidden_variables_are_not_in_its_environment() {
        let (result, _) = edit("sh -c 'echo \"<$HOME>\" >> \"$0\"'", "home: ");
        assert_eq!(result.expect("edited"), Some("home: <>\n".to_owned()));
    }

    #[test]
    fn an_editor_that_puts_a_new_file_in_place_is_understood() {
        let (result, _) = edit("sh -c 'printf new > \"$0.x\"; mv \"$0.x\" \"$0\"'", "text");
        assert_eq!(result.expect("edited"), Some("new".to_owned()));
    }

    #[test]
    fn the_file_is_private_and_named_for_its_kind() {
        let command = "sh -c 'case \"$0\" in *.prompty) stat -c %a \"$0\" > \"$0.m\"; mv \"$0.m\" \"$0\";; esac'";
        let (result, _) = edit(command, "text");
        assert_eq!(result.expect("edited"), Some("600\n".to_owned()));
    }

    #[test]
    fn nothing_changed_is_nothing_to_take() {
        assert_eq!(edit("true", "text").0.expect("edited"), None);
    }

    #[test]
    fn an_editor_that_fails_changes_nothing_and_leaves_nothing() {
        for (command, words) in [
            ("sh -c 'echo spoiled > \"$0\"; exit 3'", "failed"),
            ("no-such-editor-here", "was not found"),
            ("sh -c 'rm \"$0\"'", "cannot read"),
            ("sh -c 'printf \"\\377\" > \"$0\"'", "UTF-8"),
            ("sh -c 'rm \"$0\"; mkfifo \"$0\"'", "not a regular file"),
        ] {
            let (result, left) = edit(command, "text");
            let message = result.expect_err(command).to_string();
            assert!(message.contains(words), "{message}");
            assert_eq!(left, 0, "{command}");
        }
    }
}
