//! What can be wrong with settings, said with file, line and column.

use std::{fmt, io, path::PathBuf};

use thiserror::Error;

/// One thing wrong in a settings file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    pub file: PathBuf,
    /// Counted from 1.
    pub line: usize,
    /// Counted from 1, in characters.
    pub column: usize,
    /// What is wrong and what would be right.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}: {}", self.file.display(), self.line, self.column, self.message)
    }
}

/// Why the program cannot be configured. Every one is a usage error (exit code 2).
#[derive(Debug, Error)]
pub enum ConfigError {
    /// A settings file was read in full; this is everything that is wrong in it, in the order
    /// of the file. `Display` gives one line; faces with room list all.
    #[error("{}", first_of(.0))]
    Invalid(Vec<Problem>),
    #[error("cannot read {}: {}", .path.display(), reason(.error))]
    Unreadable { path: PathBuf, error: io::Error },
    #[error("{}: {reason}", .path.display())]
    Refused { path: PathBuf, reason: String },
    #[error("{variable}: {message}")]
    Variable { variable: String, message: String },
    #[error(
        "HOME is not set, so there is no place for {missing}; set HOME, or name it with {remedy}"
    )]
    NoHome { missing: &'static str, remedy: &'static str },
}

fn first_of(problems: &[Problem]) -> String {
    match problems {
        [] => "the settings are not valid".to_owned(),
        [only] => only.to_string(),
        [first, rest @ ..] => {
            let (more, things) = (rest.len(), if rest.len() == 1 { "problem" } else { "problems" });
            format!("{first} (and {more} more {things}, {})", lines_of(rest))
        }
    }
}

/// Where the other problems stand, so that all can be mended at once.
fn lines_of(problems: &[Problem]) -> String {
    const MOST: usize = 5;
    let mut lines: Vec<usize> = problems.iter().map(|problem| problem.line).collect();
    lines.dedup();
    let named: Vec<String> = lines.iter().take(MOST).map(ToString::to_string).collect();
    let word = if lines.len() == 1 { "in line" } else { "in lines" };
    let more = if lines.len() > MOST { " and more" } else { "" };
    format!("{word} {}{more}", named.join(", "))
}

/// Why the system refused, in its words and without its number.
#[must_use]
pub fn reason(error: &io::Error) -> String {
    let words = error.to_string();
    match words.rsplit_once(" (os error ") {
        Some((reason, _)) => reason.to_owned(),
        None => words,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_has_no_number() {
        let denied = io::Error::from_raw_os_error(13);
        assert!(denied.to_string().contains("os error"), "{denied}");
        assert!(!reason(&denied).is_empty() && denied.to_string().starts_with(&reason(&denied)));
        assert!(!reason(&denied).contains("error"), "{}", reason(&denied));
        assert_eq!(reason(&io::Error::other("the pipe is gone")), "the pipe is gone");
    }
}
