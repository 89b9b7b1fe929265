//! Templates through the public door: properties that hold for every text, templates that mean
//! harm, and files made for Prompty.

#![expect(clippy::expect_used, clippy::panic, reason = "a test that cannot go on fails")]

mod forms;
mod hostile;
mod properties;
mod untrusted;

use std::collections::BTreeMap;

use promptlathe::{
    model::TemplateId,
    prompt::{Form, Template, parse},
};
use serde_json::Value;

fn id() -> TemplateId {
    TemplateId::new("t").expect("a sound id")
}

fn template(source: &str) -> Template {
    parse(&id(), Form::Prompty, source).unwrap_or_else(|error| panic!("{source:?}: {error}"))
}

fn inputs(json: Value) -> BTreeMap<String, Value> {
    serde_json::from_value(json).expect("an object")
}
