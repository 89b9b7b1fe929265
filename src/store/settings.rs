//! What the faces remember between two starts: values used last, and where the user was.

use std::collections::BTreeMap;

use rusqlite::{OptionalExtension, params};
use serde_json::Value;

use super::{Store, StoreError, record};
use crate::model::TemplateId;

impl Store {
    /// Remembers the values last used with a template.
    pub async fn remember_inputs(
        &self,
        template: &TemplateId,
        inputs: &BTreeMap<String, Value>,
    ) -> Result<(), StoreError> {
        let template = template.clone();
        let inputs = record::json(inputs).map_err(|fault| fault.at(self.path()))?;
        self.write(false, move |session| {
            let workspace = session.workspace()?;
            session
                .connection
                .prepare_cached(
                    "INSERT INTO inputs (workspace, template, inputs) VALUES (?, ?, ?)
                     ON CONFLICT (workspace, template) DO UPDATE SET inputs = excluded.inputs",
                )?
                .execute(params![workspace, template.as_str(), inputs])?;
            Ok(())
        })
        .await
    }

    /// The values last used with a template; none where none were.
    pub async fn inputs(
        &self,
        template: &TemplateId,
    ) -> Result<BTreeMap<String, Value>, StoreError> {
        let (workspace, template) = (self.workspace_name(), template.clone());
        self.read(move |connection| {
            let stored: Option<String> = connection
                .prepare_cached(
                    "SELECT i.inputs FROM inputs AS i JOIN workspaces AS w ON w.id = i.workspace
                     WHERE w.name = ? AND i.template = ?",
                )?
                .query_row([workspace.as_str(), template.as_str()], |row| row.get(0))
                .optional()?;
            stored.as_deref().map_or_else(|| Ok(BTreeMap::new()), record::from_json)
        })
        .await
    }

    /// Something a face kept under a name.
    pub async fn setting(&self, name: &str) -> Result<Option<Value>, StoreError> {
        let name = name.to_owned();
        self.read(move |connection| {
            let stored: Option<String> = connection
                .prepare_cached("SELECT value FROM settings WHERE key = ?")?
                .query_row([name], |row| row.get(0))
                .optional()?;
            stored.as_deref().map(record::from_json).transpose()
        })
        .await
    }

    /// Keeps something for a face under a name, instead of what was kept before.
    pub async fn put_setting(&self, name: &str, value: &Value) -> Result<(), StoreError> {
        let name = name.to_owned();
        let value = record::json(value).map_err(|fault| fault.at(self.path()))?;
        self.write(false, move |session| {
            session
                .connection
                .prepare_cached(
                    "INSERT INTO settings (key, value) VALUES (?, ?)
                     ON CONFLICT (key) DO UPDATE SET value = excluded.value",
                )?
                .execute([&name, &value])?;
            Ok(())
        })
        .await
    }
}
