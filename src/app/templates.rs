//! Templates as people work on them: open, save as a version, go back.

use std::collections::BTreeMap;

use jiff::Timestamp;
use semver::Version;
use serde_json::Value;

use super::{
    App, AppError,
    workspace::{FileError, Loaded, SaveError, VersionSelector},
};
use crate::{
    model::{Bump, ContentHash, TemplateId, VersionRecord},
    prompt::{Form, Template, parse, with_version},
};

/// The note of a version that was not saved but met.
pub(super) const FOUND: &str = "as found in the file";

/// One template of the workspace, as lists show it.
#[derive(Clone, Debug)]
pub struct TemplateRow {
    pub id: TemplateId,
    /// The file, relative to the workspace.
    pub path: std::path::PathBuf,
    /// What it is grouped under: the front matter's word, else its folder.
    pub category: String,
    pub name: Option<String>,
    pub version: Option<Version>,
    pub description: Option<String>,
    /// Why the file cannot be used, if it cannot.
    pub broken: Option<String>,
}

/// A template as it was opened for editing.
#[derive(Clone, Debug, PartialEq)]
pub struct OpenedTemplate {
    pub id: TemplateId,
    pub form: Form,
    /// The file's exact text.
    pub text: String,
    pub base: ContentHash,
    /// Text that was being edited when the program last ended, if it differs from the file.
    pub draft: Option<String>,
    /// The values last used.
    pub inputs: BTreeMap<String, Value>,
    /// Saved versions, newest first.
    pub versions: Vec<VersionRecord>,
    /// Whether the file can be written.
    pub writable: bool,
}

/// A version that was saved, and the file as it now is.
#[derive(Clone, Debug, PartialEq)]
pub struct SavedVersion {
    pub record: VersionRecord,
    pub text: String,
    pub base: ContentHash,
}

impl App {
    /// All templates with what their front matter says, and what was left out.
    pub async fn templates(&self) -> (Vec<TemplateRow>, Vec<String>) {
        self.files(|workspace| {
            let listing = workspace.list();
            let rows = listing
                .entries
                .into_iter()
                .map(|entry| {
                    let form = Form::of_extension(entry.extension).unwrap_or(Form::Prompty);
                    let read = workspace.load(&entry.id).map_err(|error| error.to_string());
                    let parsed = read.and_then(|loaded| {
                        parse(&entry.id, form, &loaded.source).map_err(|error| error.to_string())
                    });
                    let folder = entry.id.folder().unwrap_or("prompts").to_owned();
                    let (front, broken) = match parsed {
                        Ok(template) => (Some(template.front), None),
                        Err(error) => (None, Some(error)),
                    };
                    let front = front.unwrap_or_default();
                    TemplateRow {
                        id: entry.id,
                        path: entry.path,
                        category: front.category.unwrap_or(folder),
                        name: front.name,
                        version: front.version,
                        description: front.description,
                        broken,
                    }
                })
                .collect();
            (rows, listing.notices.into_iter().map(|notice| notice.message).collect())
        })
        .await
    }

    /// Opens a template for editing, with the draft and the values of last time.
    ///
    /// # Errors
    /// Where the file or the database cannot be read.
    pub async fn open_template(&self, id: &TemplateId) -> Result<OpenedTemplate, AppError> {
        let loaded = self.load(id).await?;
        let base = ContentHash::of(loaded.source.as_bytes());
        let form = Form::of_extension(loaded.extension).unwrap_or(Form::Prompty);
        if let Ok(template) = parse(id, form, &loaded.source)
            && let Some(version) = template.front.version.clone()
        {
            self.adopt(&template, &version, &base).await;
        }
        let path = loaded.path.clone();
        let writable = self.files(move |workspace| workspace.is_writable(&path)).await;
        let draft = self.store.draft(id).await?.map(|draft| draft.text);
        Ok(OpenedTemplate {
            id: id.clone(),
            form,
            draft: draft.filter(|draft| *draft != loaded.source),
            text: loaded.source,
            base,
            inputs: self.store.inputs(id).await?,
            versions: self.store.versions(id).await?,
            writable,
        })
    }

    /// Saves a text as the next version: the file first, then the database.
    ///
    /// `base` is what the file is expected to hold; `None` saves over whatever is there.
    ///
    /// # Errors
    /// [`SaveError::ChangedOutside`] when the file holds something else; then nothing was saved.
    /// [`AppError::Template`] for a text that is no template.
    pub async fn save_version(
        &self,
        id: &TemplateId,
        text: &str,
        bump: Bump,
        note: &str,
        base: Option<&ContentHash>,
    ) -> Result<SavedVersion, AppError> {
        let loaded = self.load(id).await?;
        self.save_as(id, loaded, text, bump, note, base, None).await
    }

    /// Makes a new version whose content is an old one's, in file and database.
    ///
    /// # Errors
    /// As [`Self::save_version`], and where there is no such version.
    pub async fn roll_back(
        &self,
        id: &TemplateId,
        to: &Version,
        base: Option<&ContentHash>,
    ) -> Result<SavedVersion, AppError> {
        let old = self.saved_version(id, &VersionSelector::Version(to.clone())).await?;
        let loaded = self.load(id).await?;
        let note = format!("back to {to}");
        self.save_as(id, loaded, &old.content, Bump::Patch, &note, base, Some(to.clone())).await
    }

    #[expect(clippy::too_many_arguments, reason = "the one place where a save's facts meet")]
    async fn save_as(
        &self,
        id: &TemplateId,
        loaded: Loaded,
        text: &str,
        bump: Bump,
        note: &str,
        base: Option<&ContentHash>,
        rolled_back_from: Option<Version>,
    ) -> Result<SavedVersion, AppError> {
        let now = ContentHash::of(loaded.source.as_bytes());
        if base.is_some_and(|base| *base != now) {
            let path = loaded.path.clone();
            return Err(SaveError::ChangedOutside { path, theirs: Some(Box::new(loaded)) }.into());
        }
        self.named_without_keys(id)?;
        self.without_keys(text)?;
        let form = Form::of_extension(loaded.extension).unwrap_or(Form::Prompty);
        let template = parse(id, form, text)?;
        // What the file holds now is a version too, even if nobody saved it here.
        if let Ok(before) = parse(id, form, &loaded.source)
            && let Some(version) = before.front.version.clone()
        {
            self.adopt(&before, &version, &now).await;
        }
        let version = self.next_version(&template, bump).await?;
        let text = with_version(&template, &version);
        let stamp = loaded.stamp;
        let (name, written) = (id.clone(), text.clone());
        self.files(move |workspace| workspace.save(&name, &written, &stamp)).await?;
        let record = VersionRecord {
            template: id.clone(),
            version: version.clone(),
            content_hash: ContentHash::of(text.as_bytes()),
            content: text.clone(),
            note: self.redaction.before_storage().redact(note).text.into_owned(),
            label: None,
            saved_at: Timestamp::now(),
            rolled_back_from,
        };
        if let Err(error) = self.store.save_version(&record).await {
            return Err(AppError::NotRecorded { version, error });
        }
        // The draft is what the version is now; failing to forget it loses nothing.
        let _ = self.store.clear_draft(id).await;
        Ok(SavedVersion { base: record.content_hash.clone(), record, text })
    }

    /// A number above every one this template has had. The first is 1.0.0.
    async fn next_version(&self, template: &Template, bump: Bump) -> Result<Version, AppError> {
        let saved = self.store.versions(&template.id).await?;
        let newest = saved.iter().map(|record| &record.version).max();
        let highest = template.front.version.iter().chain(newest).max();
        Ok(highest.map_or_else(|| Version::new(1, 0, 0), |version| bump.apply(version)))
    }

    /// A saved version by number or label.
    ///
    /// # Errors
    /// [`AppError::UnknownVersion`] with those there are.
    pub async fn saved_version(
        &self,
        id: &TemplateId,
        which: &VersionSelector,
    ) -> Result<VersionRecord, AppError> {
        // The file's own version counts as saved, met or not.
        if let Ok(loaded) = self.load(id).await {
            let form = Form::of_extension(loaded.extension).unwrap_or(Form::Prompty);
            if let Ok(template) = parse(id, form, &loaded.source)
                && let Some(version) = template.front.version.clone()
            {
                let hash = ContentHash::of(loaded.source.as_bytes());
                self.adopt(&template, &version, &hash).await;
            }
        }
        let saved = self.store.versions(id).await?;
        let (wanted, found) = match which {
            VersionSelector::Version(version) => {
                (version.to_string(), saved.iter().find(|record| record.version == *version))
            }
            VersionSelector::Label(label) => (
                format!("`{label}`"),
                saved.iter().find(|record| record.label.as_deref() == Some(label)),
            ),
        };
        found.cloned().ok_or_else(|| AppError::UnknownVersion {
            template: id.clone(),
            version: wanted,
            known: saved.iter().map(|record| record.version.clone()).collect(),
        })
    }

    /// Records the version a file names, if the file holds exactly this content and the number
    /// is free. Whether the version now stands for this content.
    pub(super) async fn adopt(
        &self,
        template: &Template,
        version: &Version,
        hash: &ContentHash,
    ) -> bool {
        match self.store.version(&template.id, version).await {
            Ok(Some(record)) => return record.content_hash == *hash,
            Ok(None) => {}
            Err(_) => return false,
        }
        let in_file = self
            .load(&template.id)
            .await
            .is_ok_and(|loaded| ContentHash::of(loaded.source.as_bytes()) == *hash);
        let holds_key = || {
            self.named_without_keys(&template.id).is_err()
                || self.without_keys(&template.source).is_err()
        };
        if !in_file || holds_key() {
            return false;
        }
        let record = VersionRecord {
            template: template.id.clone(),
            version: version.clone(),
            content_hash: hash.clone(),
            content: template.source.clone(),
            note: FOUND.to_owned(),
            label: None,
            saved_at: Timestamp::now(),
            rolled_back_from: None,
        };
        self.store.save_version(&record).await.is_ok()
    }

    pub(super) async fn load(&self, id: &TemplateId) -> Result<Loaded, FileError> {
        let name = id.clone();
        self.files(move |workspace| workspace.load(&name)).await
    }
}
