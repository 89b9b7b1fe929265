//! An answer as a program takes it.

use serde::Serialize;
use serde_json::Value;

use crate::{
    model::Execution,
    prompt::answer::{Extracted, extract},
};

/// A record with the JSON that was asked for beside its text.
#[derive(Debug, Serialize)]
pub struct WithJson<'a> {
    #[serde(flatten)]
    record: &'a Execution,
    /// The value of an answer that was to be JSON, taken out of a fence or of the words around
    /// it where that needed no guess.
    #[serde(skip_serializing_if = "Option::is_none")]
    json: Option<Value>,
}

impl<'a> WithJson<'a> {
    /// A record as it is printed.
    #[must_use]
    pub fn of(record: &'a Execution) -> Self {
        let asked = record.parameters.requested.get("response_format");
        let wanted = asked.is_some_and(|form| !form.is_null() && form != "text");
        let found = wanted.then(|| extract(&record.text).ok()).flatten();
        Self { record, json: found.filter(Extracted::is_plain).map(|found| found.value) }
    }
}
