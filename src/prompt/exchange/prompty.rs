//! Microsoft's Prompty. Its files open here as they are, so an import changes nothing and only
//! says what has no effect; an export writes version 1, which most of its tools read.

use serde_json::{Map, Value, json};

use super::super::{Form, ParameterKind, Shape, parse};
use super::{
    Imported, document,
    draft::Draft,
    jinja::{self, Piece},
};
use crate::model::{ModelRef, ResponseFormat, Role, TemplateId};

/// Keys of either version that have no effect here, and what they would do.
const WITHOUT_EFFECT: [(&str, &str); 5] = [
    ("tools", "tools are not offered to the model"),
    ("outputs", "the described outputs are not checked"),
    ("base", "the base file is not read"),
    ("metadata", "other metadata than authors and tags is kept and has no effect"),
    ("displayName", "the display name is kept and has no effect"),
];

pub(super) fn import(name: &str, text: &str) -> Result<Imported, String> {
    if text.trim().is_empty() {
        return Err("it is empty".to_owned());
    }
    let id = TemplateId::new("imported").map_err(|error| error.to_string())?;
    let template = parse(&id, Form::Prompty, text).map_err(|error| {
        format!("line {}, column {}: {}", error.place.line, error.place.column, error.message)
    })?;
    let front = text
        .get(..template.body.start)
        .unwrap_or("")
        .lines()
        .filter(|line| line.trim_end() != "---")
        .collect::<Vec<_>>()
        .join("\n");
    let map = match document::read(&front) {
        Ok(Value::Object(map)) => map,
        _ => Map::new(),
    };
    let mut not_carried = Vec::new();
    for (key, effect) in WITHOUT_EFFECT {
        if map.contains_key(key) {
            not_carried.push(format!("`{key}`: {effect}"));
        }
    }
    let model = map.get("model");
    if template.front.model.is_none() && model.is_some() {
        not_carried.push("the model's connection: choose a model of a provider set up here".into());
    }
    if front.contains("${") {
        not_carried
            .push("references such as `${env:NAME}` or `${file:path}` are never resolved".into());
    }
    if is_mustache(map.get("template")) {
        not_carried.push(
            "the body is Mustache; it is read as Jinja, in which only `{{ name }}` means the same"
                .into(),
        );
    }
    if template.front.shape == Shape::Own {
        not_carried.push(
            "nothing in it is particular to Prompty: it is read as a template of ours".into(),
        );
    }
    not_carried.extend(template.check_body().err().map(|error| {
        format!("line {} needs a look before it runs: {}", error.place.line, error.message)
    }));
    Ok(Imported {
        name: template.front.name.clone().unwrap_or_else(|| name.to_owned()),
        template_source: text.to_owned(),
        not_carried,
    })
}

/// `template: mustache`, `template: {format: mustache}` or `{format: {kind: mustache}}`.
fn is_mustache(template: Option<&Value>) -> bool {
    let Some(template) = template else { return false };
    let format = template.get("format").unwrap_or(template);
    let kind = format.get("kind").unwrap_or(format);
    kind.as_str() == Some("mustache")
}

/// Writes version 1.
pub(super) fn export(draft: &mut Draft) -> String {
    let front = &draft.front;
    let mut map = Map::new();
    let words = [
        ("name", front.name.clone()),
        ("description", front.description.clone()),
        ("version", front.version.as_ref().map(ToString::to_string)),
    ];
    for (key, word) in words {
        if let Some(word) = word {
            map.insert(key.into(), word.into());
        }
    }
    for (key, list) in [("authors", &front.authors), ("tags", &front.tags)] {
        if !list.is_empty() {
            map.insert(key.into(), json!(list));
        }
    }
    map.insert("model".into(), model(draft).into());
    let front = &draft.front;
    if !front.parameters.is_empty() {
        let inputs: Map<_, _> = front
            .parameters
            .iter()
            .map(|spec| {
                let mut input = Map::new();
                if spec.kind != ParameterKind::Any {
                    input.insert("type".into(), spec.kind.as_str().into());
                }
                if let Some(description) = &spec.description {
                    input.insert("description".into(), description.as_str().into());
                }
                if let Some(default) = &spec.default {
                    input.insert("default".into(), default.clone());
                } else if !spec.required {
                    input.insert("required".into(), false.into());
                }
                (spec.name.clone(), input.into())
            })
            .collect();
        map.insert("inputs".into(), Value::Object(inputs));
        let sample: Map<_, _> = front
            .parameters
            .iter()
            .filter_map(|spec| {
                let value = spec.example.as_ref().or(spec.default.as_ref())?;
                Some((spec.name.clone(), value.clone()))
            })
            .collect();
        if !sample.is_empty() {
            map.insert("sample".into(), sample.into());
        }
    }
    let listed: Vec<String> = front
        .parameters
        .iter()
        .filter(|spec| !spec.enum_values.is_empty())
        .map(|spec| format!("the values allowed for `{}`", spec.name))
        .collect();
    for what in listed {
        draft.leave(what);
    }
    draft.leave_facts(&[
        "name",
        "description",
        "version",
        "authors",
        "tags",
        "model",
        "generation",
        "parameters",
        "response_format",
    ]);
    let body = body(draft);
    document::with_front(map, &body)
}

fn model(draft: &mut Draft) -> Map<String, Value> {
    let mut model = Map::from_iter([("api".to_owned(), Value::from("chat"))]);
    if let Some(ModelRef { provider, model: name }) = draft.front.model.clone() {
        let configuration = json!({ "type": provider, "name": name });
        model.insert("configuration".into(), configuration);
        if provider != "openai" {
            draft.leave(format!(
                "the provider `{provider}` is written as it is; Prompty's own runtimes know openai and azure_openai"
            ));
        }
    }
    let mut parameters = draft.generation();
    let format = match draft.response_format() {
        Some(ResponseFormat::Json) => Some(json!({ "type": "json_object" })),
        Some(ResponseFormat::Schema(schema)) => Some(json!({
            "type": "json_schema", "json_schema": { "name": "answer", "schema": schema },
        })),
        Some(ResponseFormat::Text) | None => None,
    };
    if let Some(format) = format {
        parameters.insert("response_format".into(), format);
    }
    if !parameters.is_empty() {
        model.insert("parameters".into(), parameters.into());
    }
    model
}

fn body(draft: &mut Draft) -> String {
    for message in draft.messages.clone() {
        if message.role == Role::Tool {
            draft.leave("`tool:` opens no message there: it stays as a line of text");
        }
        for piece in jinja::pieces(&message.content) {
            if let Piece::Include(name) = piece {
                draft.leave(format!("the include of `{name}`, which Prompty cannot resolve"));
            }
        }
    }
    let body = draft.body();
    if body.lines().any(|line| line.starts_with('\\') && line.trim_end().ends_with(':')) {
        draft.leave("escaped role lines (`\\user:`), which open a message there");
    }
    body
}
