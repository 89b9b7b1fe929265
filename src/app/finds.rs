//! What is found and kept around templates: places in their texts, sets of inputs, files for
//! fields, the prompt without a file.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{App, AppError, OpenedTemplate, store_key};
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

impl App {
    /// Lines of all templates that hold a text, whatever the case; template, line counted from 0,
    /// and the line itself, cut where it is long.
    pub async fn search_texts(&self, text: &str) -> Vec<(TemplateId, usize, String)> {
        let wanted = text.to_lowercase();
        self.files(move |workspace| {
            let mut places = Vec::new();
            for entry in workspace.list().entries {
                // What cannot be read is told by the library.
                let Ok(loaded) = workspace.load(&entry.id) else { continue };
                for (line, text) in loaded.source.lines().enumerate() {
                    if text.to_lowercase().contains(&wanted) {
                        let shown = text.chars().take(LONGEST_LINE).collect();
                        places.push((entry.id.clone(), line, shown));
                        if places.len() == MOST_PLACES {
                            return places;
                        }
                    }
                }
            }
            places
        })
        .await
    }

    fn input_sets_key(&self, template: &TemplateId) -> String {
        format!("input-sets/{}/{template}", store_key(&self.workspace))
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
    /// A database that cannot be written.
    pub async fn keep_input_sets(
        &self,
        template: &TemplateId,
        sets: &BTreeMap<String, BTreeMap<String, Value>>,
    ) -> Result<(), StoreError> {
        self.keep_setting(&self.input_sets_key(template), &json!(sets)).await
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
            if metadata.len() > LARGEST_FILE {
                return Err(format!("{shown} is larger than 1 MiB"));
            }
            let bytes = std::fs::read(&path).map_err(failed)?;
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
