//! Executions for others: JSON lines for programs, CSV for spreadsheets, Markdown to read.

mod csv;
mod markdown;

use std::{
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
};

use tempfile::NamedTempFile;
use thiserror::Error;

pub(super) use markdown::cell;
pub use markdown::{markdown, readable, told};

use super::{App, redaction::redacted};
use crate::{
    config::reason,
    model::{ChunkLog, Execution, ExecutionId},
    store::{HistoryQuery, StoreError},
};

/// Rows a page while everything is gone through.
const PAGE: usize = 500;

/// In what form executions are handed on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ExportFormat {
    #[default]
    Jsonl,
    Csv,
    Markdown,
}

impl ExportFormat {
    /// Every form.
    pub const ALL: [Self; 3] = [Self::Jsonl, Self::Csv, Self::Markdown];

    /// The word in commands, and the ending of a file's name.
    #[must_use]
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Jsonl => "jsonl",
            Self::Csv => "csv",
            Self::Markdown => "md",
        }
    }

    /// The form a file's name ends with, if it names one.
    #[must_use]
    pub fn of_path(path: &Path) -> Option<Self> {
        let ending = path.extension()?.to_str()?.to_ascii_lowercase();
        Self::ALL.into_iter().find(|format| format.extension() == ending)
    }

    /// What stands before the first execution.
    #[must_use]
    pub const fn head(self) -> &'static str {
        match self {
            Self::Csv => csv::HEAD,
            Self::Jsonl | Self::Markdown => "",
        }
    }

    /// One execution, with its line end.
    ///
    /// # Errors
    /// A record that is no JSON, which is a mistake of the program.
    pub fn piece(self, execution: &Execution) -> Result<String, serde_json::Error> {
        Ok(match self {
            Self::Jsonl => format!("{}\n", serde_json::to_string(execution)?),
            Self::Csv => csv::csv(execution),
            Self::Markdown => format!("{}\n---\n\n", markdown(execution)),
        })
    }
}

/// Why executions could not be written to a file.
#[derive(Debug, Error)]
pub enum ExportError {
    #[error("{} is there already; name another file", .0.display())]
    Exists(PathBuf),
    #[error("cannot write {}: {}", .path.display(), reason(.error))]
    Unwritable { path: PathBuf, error: io::Error },
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl App {
    /// Writes the executions of a query, newest first, to a file that must not be there yet, and
    /// tells how many are written as it goes on; how many there were. The file is readable by its
    /// owner alone, and there when it is whole.
    ///
    /// # Errors
    /// [`ExportError`]; nothing is left behind then.
    pub async fn export(
        &self,
        mut query: HistoryQuery,
        format: ExportFormat,
        path: PathBuf,
        tell: impl Fn(usize),
    ) -> Result<usize, ExportError> {
        let mut part = Part::new(&path)?;
        let mut count = 0;
        part.write(format.head())?;
        loop {
            query.limit = PAGE;
            let page = self.store.history(query.clone()).await?;
            for row in page.rows {
                // One that was deleted meanwhile is left out.
                let Some(execution) = self.to_export(row.id).await? else { continue };
                let piece = format.piece(&execution);
                part.write(&piece.map_err(|error| part.unwritable(io::Error::other(error)))?)?;
                count += 1;
            }
            tell(count);
            let Some(next) = page.next else { break };
            query.before = Some(next);
        }
        self.files(move |_| part.name()).await?;
        Ok(count)
    }

    /// A record as it may leave the database for a file or another program.
    ///
    /// # Errors
    /// A database that cannot be read.
    pub async fn to_export(&self, id: ExecutionId) -> Result<Option<Execution>, StoreError> {
        let Some(execution) = self.store.get(id).await? else { return Ok(None) };
        let redactor = self.redaction.before_export();
        let redacted = redacted(&redactor, &execution, &ChunkLog::default());
        Ok(Some(redacted.map_or(execution, |(record, _)| record)))
    }

    /// A path as people name it: `~/` is the home folder, and others begin at the working one.
    #[must_use]
    pub fn named_path(&self, path: &str) -> PathBuf {
        match (path.strip_prefix("~/"), self.environment.path("HOME")) {
            (Some(rest), Some(home)) => home.join(rest),
            _ => self.environment.working_dir.clone().unwrap_or_default().join(path),
        }
    }

    /// Writes a text to a new file of mode 0600, all of it or nothing. Answers where it is.
    ///
    /// # Errors
    /// Where the file is there already or cannot be written.
    pub async fn write_text(&self, path: &str, text: &str) -> Result<String, ExportError> {
        let path = self.named_path(path);
        let text = text.to_owned();
        self.files(move |_| write_whole(&path, &text).map(|()| path.display().to_string())).await
    }
}

fn write_whole(path: &Path, text: &str) -> Result<(), ExportError> {
    let mut part = Part::new(path)?;
    part.write(text)?;
    part.name()
}

/// A file of mode 0600 that gets its name when it is whole, and goes away by itself otherwise.
struct Part {
    file: BufWriter<NamedTempFile>,
    path: PathBuf,
}

impl Part {
    fn new(path: &Path) -> Result<Self, ExportError> {
        // Told before any work is done; what comes there meanwhile is met at the end.
        if path.symlink_metadata().is_ok() {
            return Err(ExportError::Exists(path.to_owned()));
        }
        let folder = match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        let file = tempfile::Builder::new().prefix(".lathe-").suffix(".part").tempfile_in(folder);
        let unwritable = |error| ExportError::Unwritable { path: path.to_owned(), error };
        Ok(Self { file: BufWriter::new(file.map_err(unwritable)?), path: path.to_owned() })
    }

    fn unwritable(&self, error: io::Error) -> ExportError {
        ExportError::Unwritable { path: self.path.clone(), error }
    }

    fn write(&mut self, text: &str) -> Result<(), ExportError> {
        self.file.write_all(text.as_bytes()).map_err(|error| self.unwritable(error))
    }

    fn name(self) -> Result<(), ExportError> {
        let Self { file, path } = self;
        let unwritable = |error| ExportError::Unwritable { path: path.clone(), error };
        let file = file.into_inner().map_err(|failed| unwritable(failed.into_error()))?;
        file.as_file().sync_all().map_err(unwritable)?;
        match file.persist_noclobber(&path) {
            Ok(_) => Ok(()),
            Err(failed) if failed.error.kind() == io::ErrorKind::AlreadyExists => {
                Err(ExportError::Exists(path))
            }
            Err(failed) => Err(unwritable(failed.error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ending_names_the_form() {
        for (path, format) in [
            ("a.jsonl", Some(ExportFormat::Jsonl)),
            ("b/a.CSV", Some(ExportFormat::Csv)),
            ("a.md", Some(ExportFormat::Markdown)),
            ("a.txt", None),
            ("csv", None),
        ] {
            assert_eq!(ExportFormat::of_path(Path::new(path)), format);
        }
    }

    /// An open app in a folder, with one record of so many bytes.
    async fn place(folder: &Path, bytes: usize) -> App {
        let app = crate::app::open_below(folder, crate::config::Overrides::default(), &[]);
        let mut record = crate::app::redaction::record_for_tests("a question", &["an answer"]).0;
        record.text = "word ".repeat(bytes / 5);
        app.keep_again(&record).await.expect("kept");
        app
    }

    fn names(folder: &Path) -> Vec<String> {
        let entries = std::fs::read_dir(folder).expect("listed").flatten();
        let mut names: Vec<_> =
            entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    #[tokio::test]
    async fn a_file_is_there_when_it_is_whole_and_nothing_is_overwritten() {
        let home = tempfile::tempdir().expect("a folder");
        let out = tempfile::tempdir().expect("a folder");
        let app = place(home.path(), 1_000).await;
        let file = out.path().join("all.jsonl");
        let export = |path: &Path| {
            app.export(HistoryQuery::default(), ExportFormat::Jsonl, path.to_path_buf(), |_| {})
        };
        assert_eq!(export(&file).await.expect("written"), 1);
        let whole = std::fs::read_to_string(&file).expect("read");
        assert_eq!(whole.lines().count(), 1);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = std::fs::metadata(&file).expect("there").permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        assert!(matches!(export(&file).await, Err(ExportError::Exists(path)) if path == file));
        assert_eq!(std::fs::read_to_string(&file).expect("read"), whole, "it is as it was");
        #[cfg(unix)]
        {
            // A link is a file that is there, wherever it leads, and is not followed.
            let aim = out.path().join("aim.jsonl");
            for link in [out.path().join("link.jsonl"), out.path().join("dangling.jsonl")] {
                std::os::unix::fs::symlink(&aim, &link).expect("linked");
                assert!(matches!(export(&link).await, Err(ExportError::Exists(_))));
                let text = app.write_text(&link.to_string_lossy(), "x").await;
                assert!(matches!(text, Err(ExportError::Exists(_))));
                assert!(!aim.exists());
            }
        }
        let nowhere = export(&out.path().join("missing/all.jsonl")).await;
        let told = nowhere.expect_err("no folder").to_string();
        assert!(told.contains("missing/all.jsonl"), "{told}");
        assert_eq!(names(out.path()), ["all.jsonl", "dangling.jsonl", "link.jsonl"]);
    }

    /// A folder nobody may write to, the administrator neither: what the kernel makes itself.
    #[tokio::test]
    #[cfg(target_os = "linux")]
    async fn a_folder_that_cannot_be_written_is_told() {
        let home = tempfile::tempdir().expect("a folder");
        let app = place(home.path(), 10).await;
        let path = PathBuf::from("/proc/self/fdinfo/all.csv");
        let told = app.export(HistoryQuery::default(), ExportFormat::Csv, path, |_| {}).await;
        let told = told.expect_err("refused").to_string();
        assert!(told.starts_with("cannot write /proc/self/fdinfo/all.csv: "), "{told}");
    }

    const EXPORTS: &str = "LATHE_TEST_EXPORTS_INTO";
    const DATA: &str = "LATHE_TEST_EXPORTS_FROM";

    /// Not a test of its own: the process that the next one starts where there is little room.
    #[tokio::test]
    async fn exporting_process() {
        let (Some(out), Some(home)) = (std::env::var_os(EXPORTS), std::env::var_os(DATA)) else {
            return;
        };
        let home = PathBuf::from(home);
        let app = crate::app::open_below(&home, crate::config::Overrides::default(), &[]);
        let out = PathBuf::from(out);
        for (format, name) in [(ExportFormat::Jsonl, "all.jsonl"), (ExportFormat::Markdown, "a.md")]
        {
            let told = app.export(HistoryQuery::default(), format, out.join(name), |_| {}).await;
            assert!(matches!(told, Err(ExportError::Unwritable { .. })), "{told:?}");
        }
        let text = "x".repeat(1 << 20);
        let path = out.join("text.txt");
        let told = app.write_text(&path.to_string_lossy(), &text).await;
        assert!(matches!(told, Err(ExportError::Unwritable { .. })), "{told:?}");
        assert_eq!(names(&out), Vec::<String>::new(), "nothing half-written stays");
    }

    /// By a limit on the size of files, which works everywhere, and on a disk that is really full
    /// where one may be mounted.
    #[tokio::test]
    #[cfg(target_os = "linux")]
    #[expect(clippy::print_stderr, reason = "what was not tried is said")]
    async fn without_room_nothing_half_written_stays() {
        let home = tempfile::tempdir().expect("a folder");
        let out = tempfile::tempdir().expect("a folder");
        place(home.path(), 1 << 20).await.close().await.expect("closed");
        let me = std::env::current_exe().expect("this program");
        let run = |words: &[&str], script: &str| {
            std::process::Command::new(words[0])
                .args(&words[1..])
                .args(["sh", "-c", script])
                .arg(&me)
                .args(["--exact", "app::export::tests::exporting_process", "--test-threads=1"])
                .env(EXPORTS, out.path())
                .env(DATA, home.path())
                .output()
                .expect("it runs")
        };
        let limited = run(&["env"], "trap '' XFSZ; ulimit -f 64; exec \"$0\" \"$@\"");
        assert!(limited.status.success(), "{limited:?}");
        let mounts = run(
            &["unshare", "-rm"],
            "mount -t tmpfs -o size=64k none \"$LATHE_TEST_EXPORTS_INTO\"",
        );
        if !mounts.status.success() {
            eprintln!("no disk may be mounted here: only the limit on files was tried");
            return;
        }
        let script =
            "mount -t tmpfs -o size=64k none \"$LATHE_TEST_EXPORTS_INTO\" && exec \"$0\" \"$@\"";
        let full = run(&["unshare", "-rm"], script);
        assert!(full.status.success(), "{full:?}");
        assert!(String::from_utf8_lossy(&full.stdout).contains("1 passed"), "{full:?}");
    }
}
