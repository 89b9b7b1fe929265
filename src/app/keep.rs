//! What the faces have kept beside executions, with secrets taken out on the way.

use std::collections::BTreeMap;

use semver::Version;
use serde_json::Value;

use super::{App, AppError};
use crate::{
    model::{ExecutionId, TemplateId},
    store::StoreError,
};

impl App {
    /// Keeps the values last used with a template.
    ///
    /// # Errors
    /// A template whose name holds a key in use; a database that cannot be written.
    pub async fn keep_inputs(
        &self,
        template: &TemplateId,
        inputs: &BTreeMap<String, Value>,
    ) -> Result<(), AppError> {
        self.named_without_keys(template)?;
        Ok(self.store.remember_inputs(template, &self.redaction.inputs(inputs)).await?)
    }

    /// Keeps a text that is being edited. It is the user's own and must come back as it was, so
    /// only keys that are in use are taken out.
    ///
    /// # Errors
    /// A template whose name holds a key in use; a database that cannot be written.
    pub async fn keep_draft(&self, template: &TemplateId, text: &str) -> Result<(), AppError> {
        self.named_without_keys(template)?;
        let text = self.redaction.keys_alone().redact(text).text.into_owned();
        Ok(self.store.save_draft(template, &text).await?)
    }

    /// Sets a tag, or takes it away.
    ///
    /// # Errors
    /// A database that cannot be written.
    pub async fn keep_tag(
        &self,
        execution: ExecutionId,
        key: &str,
        value: Option<&str>,
    ) -> Result<(), StoreError> {
        let redactor = self.redaction.before_storage();
        let (key, value) =
            (redactor.redact(key).text, value.map(|value| redactor.redact(value).text));
        self.store.tag(execution, &key, value.as_deref()).await
    }

    /// Names a version, or takes its name away.
    ///
    /// # Errors
    /// A name, or a template's, that holds a key in use; a database that cannot be written.
    pub async fn label_version(
        &self,
        template: &TemplateId,
        version: &Version,
        label: Option<&str>,
    ) -> Result<(), AppError> {
        self.named_without_keys(template)?;
        let redactor = self.redaction.before_storage();
        if label.is_some_and(|label| !redactor.redact(label).found.is_empty()) {
            return Err(AppError::Usage(
                "the label holds a key or another secret; versions are found by it, so it is kept \
                 as it is: use other words"
                    .to_owned(),
            ));
        }
        Ok(self.store.label_version(template, version, label).await?)
    }

    /// Keeps a face's state.
    ///
    /// # Errors
    /// A database that cannot be written.
    pub async fn keep_setting(&self, name: &str, value: &Value) -> Result<(), StoreError> {
        self.store.put_setting(name, &self.redaction.value(value)).await
    }

    /// Refuses a template whose name holds a key in use: what is kept of it is found by its name.
    pub(super) fn named_without_keys(&self, template: &TemplateId) -> Result<(), AppError> {
        let found = self.redaction.keys_alone().findings(template.as_str());
        let Some(first) = found.first() else { return Ok(()) };
        Err(AppError::Usage(format!(
            "the name of this template holds a key that is in use ({}), and what is kept of a \
             template is found by its name: rename the file",
            first.rule
        )))
    }

    /// Refuses a text that holds a key in use: a version's content is kept as it is.
    pub(super) fn without_keys(&self, text: &str) -> Result<(), AppError> {
        let found = self.redaction.keys_alone().findings(text);
        let Some(first) = found.first() else { return Ok(()) };
        let line = text[..first.range.start].matches('\n').count() + 1;
        Err(AppError::Usage(format!(
            "line {line} holds a key that is in use ({}); take it out, a version is kept as it is",
            first.rule
        )))
    }
}
