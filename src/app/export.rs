//! Executions for others: JSON lines for programs, CSV for spreadsheets, Markdown to read.

use std::{
    fmt::Write as _,
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
};

use thiserror::Error;

use super::{App, redaction::redacted};
use crate::{
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
            Self::Csv => CSV_HEAD,
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
            Self::Csv => csv(execution),
            Self::Markdown => format!("{}\n---\n\n", markdown(execution)),
        })
    }
}

/// Why executions could not be written to a file.
#[derive(Debug, Error)]
pub enum ExportError {
    #[error("{} is there already; name another file", .0.display())]
    Exists(PathBuf),
    #[error("cannot write {}: {error}", .path.display())]
    Unwritable { path: PathBuf, error: io::Error },
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl App {
    /// Writes the executions of a query, newest first, to a file that must not be there yet; how
    /// many there were. The file is readable by its owner alone.
    ///
    /// # Errors
    /// [`ExportError`]; a file begun is taken away again.
    pub async fn export(
        &self,
        mut query: HistoryQuery,
        format: ExportFormat,
        path: PathBuf,
    ) -> Result<usize, ExportError> {
        let mut file = create(&path)?;
        let written = async {
            let mut count = 0;
            write(&mut file, &path, format.head())?;
            loop {
                query.limit = PAGE;
                let page = self.store.history(query.clone()).await?;
                for row in page.rows {
                    count += self.export_one(row.id, format, &mut file, &path).await?;
                }
                let Some(next) = page.next else { break };
                query.before = Some(next);
            }
            let flushed = file.flush();
            flushed.map_err(|error| ExportError::Unwritable { path: path.clone(), error })?;
            Ok(count)
        }
        .await;
        if written.is_err() {
            // What is told is why it failed; half a file would only mislead.
            let _ = std::fs::remove_file(&path);
        }
        written
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

    async fn export_one(
        &self,
        id: ExecutionId,
        format: ExportFormat,
        file: &mut BufWriter<std::fs::File>,
        path: &Path,
    ) -> Result<usize, ExportError> {
        // One that was deleted meanwhile is left out.
        let Some(execution) = self.to_export(id).await? else { return Ok(0) };
        let piece = format.piece(&execution).map_err(|error| ExportError::Unwritable {
            path: path.to_owned(),
            error: io::Error::other(error),
        })?;
        write(file, path, &piece)?;
        Ok(1)
    }
}

fn write_whole(path: &Path, text: &str) -> Result<(), ExportError> {
    let unwritable = |error| ExportError::Unwritable { path: path.to_owned(), error };
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    // Its name is given to it when it is whole; until then it goes away by itself.
    let mut part = tempfile::Builder::new()
        .prefix(".lathe-")
        .suffix(".part")
        .tempfile_in(folder)
        .map_err(unwritable)?;
    part.write_all(text.as_bytes()).and_then(|()| part.as_file().sync_all()).map_err(unwritable)?;
    match part.persist_noclobber(path) {
        Ok(_) => Ok(()),
        Err(failed) if failed.error.kind() == io::ErrorKind::AlreadyExists => {
            Err(ExportError::Exists(path.to_owned()))
        }
        Err(failed) => Err(unwritable(failed.error)),
    }
}

fn create(path: &Path) -> Result<BufWriter<std::fs::File>, ExportError> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(BufWriter::new).map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => ExportError::Exists(path.to_owned()),
        _ => ExportError::Unwritable { path: path.to_owned(), error },
    })
}

fn write(file: &mut BufWriter<std::fs::File>, path: &Path, text: &str) -> Result<(), ExportError> {
    file.write_all(text.as_bytes())
        .map_err(|error| ExportError::Unwritable { path: path.to_owned(), error })
}

const CSV_HEAD: &str = "id,started_at,template,version,variant,model,status,error_kind,\
    input_tokens,output_tokens,cost_usd,total_ms,ttft_ms,rating,tags,prompt,text\r\n";

/// A row with a cell for each fact, without its head.
#[must_use]
pub fn csv(execution: &Execution) -> String {
    let number = |value: Option<u64>| value.map_or_else(String::new, |value| value.to_string());
    let prompt: Vec<String> = execution
        .messages
        .iter()
        .map(|message| format!("{}:\n{}", message.role, message.content))
        .collect();
    let tags: Vec<String> =
        execution.tags.iter().map(|(key, value)| format!("{key}={value}")).collect();
    let cells = [
        execution.id.to_string(),
        execution.timing.started_at.to_string(),
        execution.template.as_ref().map_or_else(String::new, ToString::to_string),
        execution.version.as_ref().map_or_else(String::new, ToString::to_string),
        execution.variant.to_string(),
        execution.model_ref().to_string(),
        execution.status.as_str().to_owned(),
        execution.error_kind().map_or_else(String::new, |kind| kind.to_string()),
        number(execution.usage.input_tokens),
        number(execution.usage.output_tokens),
        execution.cost_usd.map_or_else(String::new, |cost| cost.to_string()),
        number(execution.timing.total_ms),
        number(execution.timing.ttft_ms),
        execution.rating.map_or_else(String::new, |rating| rating.to_string()),
        tags.join(" "),
        prompt.join("\n\n"),
        execution.text.clone(),
    ];
    let row: Vec<String> = cells.iter().map(|cell| csv_cell(cell)).collect();
    format!("{}\r\n", row.join(","))
}

/// A cell that no spreadsheet takes for a formula: one that begins like it gets an apostrophe.
fn csv_cell(text: &str) -> String {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let guarded = if formula { format!("'{text}") } else { text.to_owned() };
    if guarded.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", guarded.replace('"', "\"\""))
    } else {
        guarded
    }
}

/// A record as people read it.
#[must_use]
pub fn markdown(execution: &Execution) -> String {
    // Writing to a string cannot fail.
    let mut text = format!("# {}\n\n", execution.id);
    let mut fact = |name: &str, value: String| {
        if !value.is_empty() {
            let _ = writeln!(text, "- {name}: {value}");
        }
    };
    let template = execution.template.as_ref().map_or_else(String::new, |id| {
        let version = execution.version.as_ref();
        version.map_or_else(|| format!("{id} (draft)"), |version| format!("{id}@{version}"))
    });
    fact("template", template);
    fact("variant", execution.variant.to_string());
    fact("model", execution.model_ref().to_string());
    fact("started", execution.timing.started_at.to_string());
    fact("status", execution.status.as_str().to_owned());
    if let Some(error) = &execution.error {
        fact("error", error.to_string());
    }
    let milliseconds = |value: Option<u64>| value.map_or_else(String::new, |ms| format!("{ms} ms"));
    fact("took", milliseconds(execution.timing.total_ms));
    fact("first token after", milliseconds(execution.timing.ttft_ms));
    let number = |value: Option<u64>| value.map_or_else(|| "?".to_owned(), |it| it.to_string());
    if execution.usage.is_known() {
        let usage = &execution.usage;
        fact(
            "tokens",
            format!("{} in, {} out", number(usage.input_tokens), number(usage.output_tokens)),
        );
    }
    fact(
        "cost",
        execution.cost_usd.map_or_else(|| "unknown".to_owned(), |cost| format!("${cost}")),
    );
    fact("redacted", execution.redactions.describe());
    for dropped in &execution.parameters.dropped {
        fact("not sent", format!("{}: {}", dropped.name, dropped.reason));
    }
    for message in &execution.messages {
        let _ = write!(text, "\n## {}\n\n{}\n", message.role, message.content);
    }
    if !execution.reasoning.is_empty() {
        let _ = write!(text, "\n## reasoning\n\n{}\n", execution.reasoning);
    }
    let _ = write!(text, "\n## answer\n\n{}\n", execution.text);
    for call in &execution.tool_calls {
        let _ = write!(text, "\n## tool call\n\n{}\n", call.described());
    }
    if !execution.refusal.is_empty() {
        let _ = write!(text, "\n## refusal\n\n{}\n", execution.refusal);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula() {
        for (text, cell) in [
            ("plain", "plain"),
            ("=1+1", "'=1+1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("-2", "'-2"),
            ("\tx", "'\tx"),
            ("a,b", "\"a,b\""),
            ("say \"hi\"\n", "\"say \"\"hi\"\"\n\""),
        ] {
            assert_eq!(csv_cell(text), cell);
        }
    }

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
}
