//! What is found and kept around templates: places in their texts, sets of inputs, files for
//! fields, the prompt without a file.

use std::{collections::BTreeMap, io::Read as _};

use serde_json::{Value, json};

use super::{App, AppError, OpenedTemplate};
use crate::{
    model::{ContentHash, TemplateId},
    prompt::Form,
    store::StoreError,
};

/// Places listed at most.
const MOST_PLACES: usize = 200;
/// A line is shown so long at most.
const LONGEST_LINE: usize = 200;
/// The largest file that goes into a field.
const LARGEST_FILE: u64 = 1024 * 1024;

/// The id of the prompt without a file.
const SCRATCH: &str = "scratch";

/// What the prompt without a file begins with.
const SCRATCH_TEXT: &str = "system:\n\n\nuser:\n";

/// A line of a template that holds a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundLine {
    pub template: TemplateId,
    /// Counted from 0.
    pub line: usize,
    /// The line itself, cut where it is long.
    pub text: String,
    /// Whether it is of a draft that was kept, rather than of the file.
    pub in_draft: bool,
}

impl App {
    /// Lines of all templates that hold a text, whatever the case. A template with a draft is
    /// looked through as that stands, for it is what opening the template shows.
    ///
    /// # Errors
    /// A database that cannot be read.
    pub async fn search_texts(&self, text: &str) -> Result<Vec<FoundLine>, StoreError> {
        let wanted = text.to_lowercase();
        let mut drafts = BTreeMap::new();
        for id in self.store.drafts().await? {
            if let Some(draft) = self.store.draft(&id).await? {
                drafts.insert(id, draft.text);
            }
        }
        let found = self.files(move |workspace| {
            let mut places = Vec::new();
            for entry in workspace.list().entries {
                let draft = drafts.remove(&entry.id);
                let in_draft = draft.is_some();
                // What cannot be read is told by the library.
                let read = || workspace.load(&entry.id).ok().map(|loaded| loaded.source);
                let Some(source) = draft.or_else(read) else { continue };
                for (line, text) in source.lines().enumerate() {
                    if text.to_lowercase().contains(&wanted) {
                        let text = text.chars().take(LONGEST_LINE).collect();
                        places.push(FoundLine { template: entry.id.clone(), line, text, in_draft });
                        if places.len() == MOST_PLACES {
                            return places;
                        }
                    }
                }
            }
            places
        });
        Ok(found.await)
    }

    fn input_sets_key(&self, template: &TemplateId) -> String {
        format!("input-sets/{}/{template}", self.store.workspace_name())
    }

    /// The named sets of inputs of a template.
    ///
    /// # Errors
    /// A database that cannot be read.
    pub async fn input_sets(
        &self,
        template: &TemplateId,
    ) -> Result<BTreeMap<String, BTreeMap<String, Value>>, StoreError> {
        let kept = self.store.setting(&self.input_sets_key(template)).await?;
        Ok(kept.and_then(|kept| serde_json::from_value(kept).ok()).unwrap_or_default())
    }

    /// Keeps the named sets of inputs of a template.
    ///
    /// # Errors
    /// A template whose name holds a key in use; a database that cannot be written.
    pub async fn keep_input_sets(
        &self,
        template: &TemplateId,
        sets: &BTreeMap<String, BTreeMap<String, Value>>,
    ) -> Result<(), AppError> {
        self.named_without_keys(template)?;
        Ok(self.keep_setting(&self.input_sets_key(template), &json!(sets)).await?)
    }

    /// The text of a file for a field: a regular file of at most 1 MiB in UTF-8. A path that
    /// begins with `~/` is below the home folder, one that is relative below the folder the
    /// program was started in.
    ///
    /// # Errors
    /// What, where and why, in one sentence.
    pub async fn read_input_file(&self, path: &str) -> Result<String, String> {
        let path = match (path.strip_prefix("~/"), self.environment.path("HOME")) {
            (Some(rest), Some(home)) => home.join(rest),
            _ => self.environment.working_dir.clone().unwrap_or_default().join(path),
        };
        self.files(move |_| {
            let shown = path.display();
            let failed = |error: std::io::Error| format!("cannot read {shown}: {error}");
            let metadata = std::fs::metadata(&path).map_err(failed)?;
            if !metadata.is_file() {
                return Err(format!("{shown} is not a regular file"));
            }
            let too_large = || format!("{shown} is larger than 1 MiB");
            if metadata.len() > LARGEST_FILE {
                return Err(too_large());
            }
            // A file may grow meanwhile, and those of the system tell no size.
            let mut bytes = Vec::new();
            let file = std::fs::File::open(&path).map_err(failed)?;
            file.take(LARGEST_FILE + 1).read_to_end(&mut bytes).map_err(failed)?;
            if bytes.len() as u64 > LARGEST_FILE {
                return Err(too_large());
            }
            String::from_utf8(bytes).map_err(|_| format!("{shown} is not UTF-8 text"))
        })
        .await
    }

    /// Opens a template, or the prompt without a file where its id names no file.
    ///
    /// # Errors
    /// As [`App::open_template`].
    pub async fn open_or_scratch(&self, id: &TemplateId) -> Result<OpenedTemplate, AppError> {
        match self.open_template(id).await {
            Err(_) if id.as_str() == SCRATCH => Ok(OpenedTemplate {
                id: id.clone(),
                form: Form::Prompty,
                text: SCRATCH_TEXT.to_owned(),
                base: ContentHash::of(SCRATCH_TEXT.as_bytes()),
                draft: self.store.draft(id).await?.map(|draft| draft.text),
                inputs: self.store.inputs(id).await?,
                versions: Vec::new(),
                writable: false,
            }),
            opened => opened,
        }
    }

    /// Writes a new template's file.
    ///
    /// # Errors
    /// Where a template of this id is there already, or the file cannot be written.
    pub async fn create_template(&self, id: &TemplateId, text: &str) -> Result<(), AppError> {
        let (name, written) = (id.clone(), text.to_owned());
        self.files(move |workspace| workspace.create(&name, "prompty", &written)).await?;
        // What was a draft of the prompt without a file has a file now.
        if let Ok(scratch) = TemplateId::new(SCRATCH) {
            let _ = self.store.clear_draft(&scratch).await;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{app::open_below, config::Overrides};

    /// Such a file says that it is empty, and so does one that grows while it is read.
    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn a_file_that_is_larger_than_it_says_is_not_read_whole() {
        let folder = tempfile::tempdir().expect("a folder");
        let app = open_below(folder.path(), Overrides::default(), &[]);
        let mut other = std::process::Command::new("cat");
        for number in 0..10 {
            other.env(format!("LONG_{number}"), "x".repeat(120_000));
        }
        let (piped, null) = (std::process::Stdio::piped, std::process::Stdio::null);
        let mut other = other.stdin(piped()).stdout(null()).spawn().expect("it runs");
        let path = format!("/proc/{}/environ", other.id());
        let read = app.read_input_file(&path).await;
        drop(other.stdin.take());
        other.wait().expect("it ends");
        assert_eq!(read.map(|text| text.len()), Err(format!("{path} is larger than 1 MiB")));
    }

    #[tokio::test]
    async fn a_template_with_a_draft_is_looked_through_as_that_stands() {
        let folder = tempfile::tempdir().expect("a folder");
        let prompts = folder.path().join("work/prompts");
        std::fs::create_dir_all(&prompts).expect("made");
        for name in ["one", "two"] {
            let text = "user:\nSay the old word\n";
            std::fs::write(prompts.join(format!("{name}.prompty")), text).expect("written");
        }
        let workspace = Some(folder.path().join("work"));
        let app = open_below(folder.path(), Overrides { workspace, ..Overrides::default() }, &[]);
        let [one, two] = ["one", "two"].map(|name| TemplateId::new(name).expect("an id"));
        app.store.save_draft(&two, "user:\n\nSay the NEW word\n").await.expect("kept");
        let line = |template: &TemplateId, line, text: &str, in_draft| FoundLine {
            template: template.clone(),
            line,
            text: text.to_owned(),
            in_draft,
        };
        let old = app.search_texts("old word").await;
        assert_eq!(old, Ok(vec![line(&one, 1, "Say the old word", false)]));
        let new = app.search_texts("new").await;
        assert_eq!(new, Ok(vec![line(&two, 2, "Say the NEW word", true)]));
    }
}
