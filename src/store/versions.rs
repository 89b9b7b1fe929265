//! Saved versions of templates, their names, and drafts that are no version yet.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, params};
use semver::Version;

use super::{
    Store, StoreError,
    fault::{Fault, Outcome},
    time,
};
use crate::model::{ContentHash, TemplateId, VersionRecord};

/// The longest label, in characters.
const LONGEST_LABEL: usize = 60;

const COLUMNS: &str = "v.template, v.version, v.content_hash, v.content, v.note, v.saved_ns, \
    v.rolled_back_from, l.label";

const TABLES: &str = "versions AS v
    JOIN workspaces AS w ON w.id = v.workspace
    LEFT JOIN labels AS l
        ON l.workspace = v.workspace AND l.template = v.template AND l.version = v.version";

/// A text that was being edited.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    pub text: String,
    pub saved_at: Timestamp,
}

impl Store {
    /// Saves a version, which never changes afterwards. Saving the same content under the same
    /// number again does nothing.
    ///
    /// # Errors
    /// [`StoreError::VersionExists`] when the number stands for another content.
    pub async fn save_version(&self, record: &VersionRecord) -> Result<(), StoreError> {
        let record = record.clone();
        self.write(true, move |session| {
            let workspace = session.workspace()?;
            let template = record.template.as_str();
            let number = record.version.to_string();
            let known: Option<String> = session
                .connection
                .prepare_cached(
                    "SELECT content_hash FROM versions
                     WHERE workspace = ? AND template = ? AND version = ?",
                )?
                .query_row(params![workspace, template, number], |row| row.get(0))
                .optional()?;
            match known {
                Some(hash) if hash == record.content_hash.as_str() => return Ok(()),
                Some(_) => {
                    return Err(StoreError::VersionExists {
                        template: record.template.clone(),
                        version: record.version.clone(),
                    }
                    .into());
                }
                None => {}
            }
            session
                .connection
                .prepare_cached(
                    "INSERT INTO versions (workspace, template, version, content_hash, content,
                                           note, saved_ns, rolled_back_from)
                     VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                )?
                .execute(params![
                    workspace,
                    template,
                    number,
                    record.content_hash.as_str(),
                    record.content,
                    record.note,
                    time::to_stored(record.saved_at),
                    record.rolled_back_from.as_ref().map(ToString::to_string),
                ])?;
            match &record.label {
                Some(label) => set_label(session.connection, workspace, template, &number, label),
                None => Ok(()),
            }
        })
        .await
    }

    /// Every saved version of a template, newest first.
    pub async fn versions(&self, template: &TemplateId) -> Result<Vec<VersionRecord>, StoreError> {
        let (workspace, template) = (self.workspace_name(), template.clone());
        self.read(move |connection| {
            let mut statement = connection.prepare_cached(&format!(
                "SELECT {COLUMNS} FROM {TABLES}
                 WHERE w.name = ? AND v.template = ? ORDER BY v.sequence DESC"
            ))?;
            let mut rows = statement.query([workspace.as_str(), template.as_str()])?;
            let mut versions = Vec::new();
            while let Some(row) = rows.next()? {
                versions.push(read_version(row)?);
            }
            Ok(versions)
        })
        .await
    }

    /// One saved version.
    pub async fn version(
        &self,
        template: &TemplateId,
        version: &Version,
    ) -> Result<Option<VersionRecord>, StoreError> {
        let (workspace, template) = (self.workspace_name(), template.clone());
        let version = version.to_string();
        self.read(move |connection| {
            let mut statement = connection.prepare_cached(&format!(
                "SELECT {COLUMNS} FROM {TABLES}
                 WHERE w.name = ? AND v.template = ? AND v.version = ?"
            ))?;
            let mut rows = statement.query([&workspace, template.as_str(), &version])?;
            rows.next()?.map(read_version).transpose()
        })
        .await
    }

    /// Gives a version a name, which another version of the template may have had until now;
    /// or takes its name away.
    ///
    /// # Errors
    /// [`StoreError::UnknownVersion`], and [`StoreError::Invalid`] for a name that could not be
    /// told from a version number.
    pub async fn label_version(
        &self,
        template: &TemplateId,
        version: &Version,
        label: Option<&str>,
    ) -> Result<(), StoreError> {
        if let Some(label) = label {
            check_label(label)?;
        }
        let (template, version) = (template.clone(), version.clone());
        let label = label.map(str::to_owned);
        self.write(true, move |session| {
            let workspace = session.workspace()?;
            let number = version.to_string();
            let known: Option<i64> = session
                .connection
                .prepare_cached(
                    "SELECT sequence FROM versions
                     WHERE workspace = ? AND template = ? AND version = ?",
                )?
                .query_row(params![workspace, template.as_str(), number], |row| row.get(0))
                .optional()?;
            if known.is_none() {
                let (template, version) = (template.clone(), version.clone());
                return Err(StoreError::UnknownVersion { template, version }.into());
            }
            session
                .connection
                .prepare_cached(
                    "DELETE FROM labels WHERE workspace = ? AND template = ? AND version = ?",
                )?
                .execute(params![workspace, template.as_str(), number])?;
            match &label {
                Some(label) => {
                    set_label(session.connection, workspace, template.as_str(), &number, label)
                }
                None => Ok(()),
            }
        })
        .await
    }

    /// Keeps a text that is being edited, instead of the one kept before.
    pub async fn save_draft(&self, template: &TemplateId, text: &str) -> Result<(), StoreError> {
        let (template, text) = (template.clone(), text.to_owned());
        self.write(false, move |session| {
            let workspace = session.workspace()?;
            session
                .connection
                .prepare_cached(
                    "INSERT INTO drafts (workspace, template, text, saved_ns) VALUES (?, ?, ?, ?)
                     ON CONFLICT (workspace, template)
                     DO UPDATE SET text = excluded.text, saved_ns = excluded.saved_ns",
                )?
                .execute(params![
                    workspace,
                    template.as_str(),
                    text,
                    time::to_stored(Timestamp::now())
                ])?;
            Ok(())
        })
        .await
    }

    /// The text of a template that was being edited, if one was kept.
    pub async fn draft(&self, template: &TemplateId) -> Result<Option<Draft>, StoreError> {
        let (workspace, template) = (self.workspace_name(), template.clone());
        self.read(move |connection| {
            let draft = connection
                .prepare_cached(
                    "SELECT d.text, d.saved_ns FROM drafts AS d
                     JOIN workspaces AS w ON w.id = d.workspace
                     WHERE w.name = ? AND d.template = ?",
                )?
                .query_row([workspace.as_str(), template.as_str()], |row| {
                    Ok(Draft { text: row.get(0)?, saved_at: time::from_stored(row.get(1)?) })
                })
                .optional()?;
            Ok(draft)
        })
        .await
    }

    /// The templates of which a draft is kept.
    pub async fn drafts(&self) -> Result<Vec<TemplateId>, StoreError> {
        let workspace = self.workspace_name();
        self.read(move |connection| {
            let mut statement = connection.prepare_cached(
                "SELECT d.template FROM drafts AS d JOIN workspaces AS w ON w.id = d.workspace
                 WHERE w.name = ? ORDER BY d.template",
            )?;
            let names = statement.query_map([workspace], |row| row.get::<_, String>(0))?;
            names
                .map(|name| TemplateId::new(&name?).map_err(Fault::damaged))
                .collect::<Outcome<_>>()
        })
        .await
    }

    /// Forgets the draft of a template, if there is one.
    pub async fn clear_draft(&self, template: &TemplateId) -> Result<(), StoreError> {
        let template = template.clone();
        self.write(false, move |session| {
            let workspace = session.workspace()?;
            session
                .connection
                .prepare_cached("DELETE FROM drafts WHERE workspace = ? AND template = ?")?
                .execute(params![workspace, template.as_str()])?;
            Ok(())
        })
        .await
    }
}

fn check_label(label: &str) -> Result<(), StoreError> {
    let reason = if label.trim().is_empty() {
        "it is empty".to_owned()
    } else if label.chars().count() > LONGEST_LABEL {
        format!("it is longer than {LONGEST_LABEL} characters")
    } else if label.chars().any(|c| c.is_control() || c.is_whitespace() || c == '@') {
        "it holds a space, an @ or a control character".to_owned()
    } else if Version::parse(label.trim_start_matches('v')).is_ok() {
        "it reads like a version number".to_owned()
    } else {
        return Ok(());
    };
    Err(StoreError::Invalid { what: "a version's label", reason })
}

/// Puts a label on a version; the version that had it until now has it no longer.
fn set_label(
    connection: &Connection,
    workspace: i64,
    template: &str,
    version: &str,
    label: &str,
) -> Outcome<()> {
    connection
        .prepare_cached(
            "INSERT INTO labels (workspace, template, label, version) VALUES (?, ?, ?, ?)
             ON CONFLICT (workspace, template, label) DO UPDATE SET version = excluded.version",
        )?
        .execute(params![workspace, template, label, version])?;
    Ok(())
}

fn read_version(row: &Row<'_>) -> Outcome<VersionRecord> {
    let template: String = row.get(0)?;
    let version: String = row.get(1)?;
    let from: Option<String> = row.get(6)?;
    Ok(VersionRecord {
        template: TemplateId::new(&template).map_err(Fault::damaged)?,
        version: Version::parse(&version).map_err(Fault::damaged)?,
        content_hash: ContentHash::from_stored(row.get(2)?),
        content: row.get(3)?,
        note: row.get(4)?,
        saved_at: time::from_stored(row.get(5)?),
        rolled_back_from: from
            .as_deref()
            .map(Version::parse)
            .transpose()
            .map_err(Fault::damaged)?,
        label: row.get(7)?,
    })
}
