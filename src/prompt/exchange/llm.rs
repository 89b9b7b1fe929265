//! Templates of the `llm` command: a YAML mapping (or one text) with `$name` variables.

use serde_json::{Map, Value};

use super::super::ParameterSpec;
use super::{
    document,
    draft::{Draft, infer_model},
    jinja::{self, Piece},
};
use crate::model::{Message, ModelRef, ResponseFormat, Role};

/// Keys that are read; the rest of llm's keys load files, run code or shape the answer.
const KEYS: [&str; 7] =
    ["name", "prompt", "system", "model", "options", "defaults", "schema_object"];

pub(super) fn import(text: &str) -> Result<Draft, String> {
    let map = match document::read(text)? {
        Value::Object(map) => map,
        Value::String(prompt) => Map::from_iter([("prompt".to_owned(), prompt.into())]),
        _ => return Err("it must be a mapping or one text".to_owned()),
    };
    let mut draft = Draft::default();
    let part = |key: &str| match map.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => document::text(value).map(Some).ok_or(format!("`{key}` must be a text")),
    };
    let (system, prompt) = (part("system")?, part("prompt")?);
    if system.is_none() && prompt.is_none() {
        return Err("it has neither `prompt` nor `system`".to_owned());
    }
    if let Some(system) = system {
        let content = variables(&system, &mut draft);
        draft.messages.push(Message::new(Role::System, content));
    }
    // Without a prompt, llm sends what it is given.
    let content = variables(prompt.as_deref().unwrap_or("$input"), &mut draft);
    draft.messages.push(Message::new(Role::User, content));
    draft.front.name = part("name")?;
    if let Some(model) = part("model")? {
        match model.parse::<ModelRef>().ok().or_else(|| infer_model(&model)) {
            Some(model) => draft.front.model = Some(model),
            None => draft.leave(format!("the model `{model}`, since no provider is named")),
        }
    }
    if let Some(Value::Object(options)) = map.get("options") {
        draft.take_generation(options);
    }
    if let Some(Value::Object(defaults)) = map.get("defaults") {
        for spec in &mut draft.front.parameters {
            if let Some(default) = defaults.get(&spec.name) {
                spec.default = Some(default.clone());
                spec.required = false;
            }
        }
    }
    draft.front.response_format = map.get("schema_object").cloned().map(ResponseFormat::Schema);
    if map.contains_key("functions") {
        draft.leave("`functions`: it is Python code, which is never run");
    }
    let known: Vec<&str> = KEYS.into_iter().chain(["functions"]).collect();
    draft.leave_keys(&map, &known);
    Ok(draft)
}

/// `$name` and `${name}` as variables, `$$` as a dollar, all else as plain words.
fn variables(text: &str, draft: &mut Draft) -> String {
    let mut body = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        body.push_str(&jinja::escaped(before));
        if let Some(after) = after.strip_prefix('$') {
            body.push('$');
            rest = after;
            continue;
        }
        let braced = after.strip_prefix('{');
        let start = braced.unwrap_or(after);
        let end = start.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        let (name, after_name) = start.split_at(end.unwrap_or(start.len()));
        let closed = if braced.is_some() { after_name.strip_prefix('}') } else { Some(after_name) };
        if let Some(after_name) = closed.filter(|_| jinja::is_name(name)) {
            body.push_str("{{ ");
            body.push_str(name);
            body.push_str(" }}");
            draft.add_parameter(ParameterSpec {
                name: name.to_owned(),
                required: true,
                ..ParameterSpec::default()
            });
            rest = after_name;
        } else {
            body.push('$');
            rest = after;
        }
    }
    body.push_str(&jinja::escaped(rest));
    body
}

/// Writes system and user message; llm's templates have no others.
pub(super) fn export(draft: &mut Draft) -> String {
    draft.separate();
    let mut map = Map::new();
    if let Some(name) = &draft.front.name {
        map.insert("name".into(), name.as_str().into());
    }
    for (index, message) in draft.messages.clone().into_iter().enumerate() {
        let key = match message.role {
            Role::System if !map.contains_key("system") && !map.contains_key("prompt") => "system",
            Role::User if !map.contains_key("prompt") => "prompt",
            role => {
                draft.leave(format!(
                    "message {} ({role}): there is room for one system and one user message",
                    index + 1
                ));
                continue;
            }
        };
        let text = dollars(&message.content, draft);
        map.insert(key.into(), text.into());
    }
    if let Some(model) = &draft.front.model {
        // OpenAI's models are built in there; plugins prefix theirs with the provider.
        let name = if model.provider == "openai" { model.model.clone() } else { model.to_string() };
        map.insert("model".into(), name.into());
    }
    let generation = draft.generation();
    if !generation.is_empty() {
        map.insert("options".into(), generation.into());
    }
    let defaults = draft.defaults();
    if !defaults.is_empty() {
        map.insert("defaults".into(), defaults.into());
    }
    let mut carried = vec!["name", "model", "generation", "parameters"];
    if let Some(ResponseFormat::Schema(schema)) = draft.response_format() {
        map.insert("schema_object".into(), schema.clone());
        carried.push("response_format");
    }
    draft.leave_facts(&carried);
    draft.leave_parameter_details();
    document::write(&map.into())
}

/// A message's words with `$name`.
fn dollars(content: &str, draft: &mut Draft) -> String {
    let mut text = String::with_capacity(content.len());
    let literal = |words: &str, text: &mut String| text.push_str(&words.replace('$', "$$"));
    for piece in jinja::pieces(content) {
        match piece {
            Piece::Text(words) => literal(words, &mut text),
            Piece::Output(inner) if jinja::is_name(inner.text) => {
                text.push_str("${");
                text.push_str(inner.text);
                text.push('}');
            }
            Piece::Output(inner) | Piece::Tag(inner) => {
                draft.leave(format!("`{}` stays as plain text", inner.source));
                literal(inner.source, &mut text);
            }
            Piece::Comment(_) => draft.leave("comments"),
            Piece::Include(name) => {
                draft.leave(format!("the include of `{name}` stays as plain text"));
                literal(&format!("{{{{include:{name}}}}}"), &mut text);
            }
        }
    }
    text
}
