//! Holds the inputs against what the template says of its parameters.

use std::collections::{BTreeMap, HashMap};

use serde_json::Value as Json;

use super::{
    super::{InputProblem, ParameterKind, ParameterSpec, RenderError, Template},
    text::all_from,
    value::{MAX_VALUE_DEPTH, Value},
};
use crate::model::nearest;

/// The inputs as the template will see them: of the kinds asked for, defaults filled in; and
/// what is wrong with them.
pub(in super::super) fn prepare(
    template: &Template,
    given: &BTreeMap<String, Json>,
) -> (BTreeMap<String, Json>, Vec<InputProblem>) {
    let mut inputs = BTreeMap::new();
    let mut problems = Vec::new();
    for spec in &template.front.parameters {
        match given.get(&spec.name).filter(|value| spec.required || !value.is_null()) {
            Some(value) => match check(spec, value) {
                Ok(value) => {
                    inputs.insert(spec.name.clone(), value);
                }
                Err(problem) => problems.push(problem),
            },
            None if spec.required => problems.push(absent(template, spec, given)),
            None => {
                // `default: null` says that nothing stands for it.
                if let Some(default) = spec.default.as_ref().filter(|value| !value.is_null()) {
                    inputs.insert(spec.name.clone(), default.clone());
                }
            }
        }
    }
    for (name, value) in given {
        if template.front.parameter(name).is_none() {
            inputs.insert(name.clone(), value.clone());
        }
    }
    (inputs, problems)
}

/// A required parameter that was not given, or was given under a name much like its own.
fn absent(
    template: &Template,
    spec: &ParameterSpec,
    given: &BTreeMap<String, Json>,
) -> InputProblem {
    let strangers = given.keys().filter(|name| template.front.parameter(name).is_none());
    match nearest(&spec.name, strangers.map(String::as_str)) {
        Some(name) => InputProblem::Misspelt { name: name.to_owned(), nearest: spec.name.clone() },
        None => {
            InputProblem::Missing { name: spec.name.clone(), description: spec.description.clone() }
        }
    }
}

/// One input as its parameter wants it.
fn check(spec: &ParameterSpec, value: &Json) -> Result<Json, InputProblem> {
    let name = || spec.name.clone();
    let Some(accepted) = spec.kind.accept(value) else {
        let expected = spec.kind.expects();
        return Err(InputProblem::Kind { name: name(), expected, found: shown(value) });
    };
    if spec.enum_values.is_empty() {
        return Ok(accepted);
    }
    // A form gives texts; the choice `3` is meant by the text "3" too.
    let chosen = spec.enum_values.iter().find(|choice| {
        **choice == accepted || matches!(&accepted, Json::String(text) if plain(choice) == *text)
    });
    chosen.cloned().ok_or_else(|| InputProblem::Choice {
        name: name(),
        allowed: spec.enum_values.iter().map(plain).collect::<Vec<_>>().join(", "),
        found: shown(value),
    })
}

fn plain(value: &Json) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// A value as an error shows it: its beginning.
fn shown(value: &Json) -> String {
    match value {
        Json::Array(items) => format!("a list of {}", items.len()),
        Json::Object(entries) => format!("an object of {} keys", entries.len()),
        Json::Null => "null".into(),
        Json::String(text) => format!("`{}`", start(text)),
        other => format!("`{other}`"),
    }
}

fn start(text: &str) -> String {
    let mut chars = text.chars();
    let mut head: String = chars.by_ref().take(40).collect();
    if chars.next().is_some() {
        head.push('…');
    }
    head
}

/// Whether the template's author answers for a parameter's value: by saying so, by listing all it
/// can be, by a type without room for words, or by having written it as the default.
fn is_vouched_for(spec: &ParameterSpec, given: bool) -> bool {
    let wordless = matches!(
        spec.kind,
        ParameterKind::Number | ParameterKind::Integer | ParameterKind::Boolean
    );
    spec.trusted || wordless || !spec.enum_values.is_empty() || (!given && spec.default.is_some())
}

/// The inputs as values. Those that nobody vouches for know their name.
pub(super) fn values(
    template: &Template,
    inputs: &BTreeMap<String, Json>,
    given: &BTreeMap<String, Json>,
) -> Result<HashMap<String, Value>, RenderError> {
    let mut values = HashMap::with_capacity(inputs.len());
    let mut problems = Vec::new();
    for (name, json) in inputs {
        let spec = template.front.parameter(name);
        let is_given = given.get(name).is_some_and(|value| !value.is_null());
        let vouched_for = spec.is_some_and(|spec| is_vouched_for(spec, is_given));
        let origin = (!vouched_for).then(|| all_from(name.as_str()));
        match Value::from_json(json, origin.as_ref()) {
            Some(value) => {
                values.insert(name.clone(), value);
            }
            None => {
                problems.push(InputProblem::Depth { name: name.clone(), limit: MAX_VALUE_DEPTH });
            }
        }
    }
    if problems.is_empty() {
        return Ok(values);
    }
    Err(RenderError::Inputs { template: template.id.to_string(), problems })
}
