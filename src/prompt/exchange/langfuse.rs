//! Langfuse's JSON: one prompt, or a list of them as its API gives it.
//!
//! Its text knows nothing but `{{name}}`; everything else in it is plain words.

use serde_json::{Map, Value, json};

use super::super::ParameterSpec;
use super::{
    document,
    draft::{Draft, infer_model, role_of_word},
    jinja::{self, Piece},
};
use crate::model::{Message, ModelRef, Role};

/// Reads a prompt, a list of prompts, or the API's page of prompts (`{data: […]}`).
pub(super) fn import(text: &str) -> Result<Vec<Draft>, String> {
    let value: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let prompts = match value {
        Value::Array(items) => items,
        Value::Object(mut map) if !map.contains_key("prompt") => match map.remove("data") {
            Some(Value::Array(items)) => items,
            _ => return Err("there is no `prompt` in it".to_owned()),
        },
        one => vec![one],
    };
    if prompts.is_empty() {
        return Err("the list of prompts is empty".to_owned());
    }
    prompts.into_iter().map(prompt).collect()
}

fn prompt(value: Value) -> Result<Draft, String> {
    let Value::Object(map) = value else { return Err("a prompt must be an object".to_owned()) };
    let mut draft = Draft::default();
    draft.messages = match map.get("prompt") {
        Some(Value::String(text)) => vec![Message::new(Role::User, variables(text, &mut draft))],
        Some(Value::Array(items)) => {
            let messages: Result<Vec<_>, _> =
                items.iter().map(|item| message(item, &mut draft)).collect();
            messages?.into_iter().flatten().collect()
        }
        _ => return Err("its `prompt` must be a text or a list of messages".to_owned()),
    };
    let text = |key: &str| map.get(key).and_then(document::text);
    draft.front.name = text("name");
    draft.front.tags = map.get("tags").map(document::texts).unwrap_or_default();
    if let Some(version) = text("version") {
        draft.leave(format!(
            "Langfuse's version {version}, which counts saves; begin one of your own"
        ));
    }
    if let Some(labels) = map.get("labels").map(document::texts).filter(|labels| !labels.is_empty())
    {
        draft.leave(format!("the labels {}", labels.join(", ")));
    }
    if let Some(message) = text("commitMessage") {
        draft.leave(format!("the commit message `{message}`"));
    }
    config(map.get("config"), &mut draft);
    Ok(draft)
}

/// Settings have no fixed names there; by habit they are those of the model's API.
fn config(config: Option<&Value>, draft: &mut Draft) {
    let Some(Value::Object(config)) = config else { return };
    let mut config = config.clone();
    if let Some(Value::String(name)) = config.get("model") {
        match name.parse::<ModelRef>().ok().or_else(|| infer_model(name)) {
            Some(model) => draft.front.model = Some(model),
            None => draft.leave(format!("the model `{name}`, since no provider is named")),
        }
        config.shift_remove("model");
    }
    draft.take_generation(&config);
}

fn message(item: &Value, draft: &mut Draft) -> Result<Option<Message>, String> {
    if item.get("type").and_then(Value::as_str) == Some("placeholder") {
        let name = item.get("name").and_then(Value::as_str).unwrap_or("?");
        draft.leave(format!("the placeholder `{name}` for messages given at run time"));
        return Ok(None);
    }
    let role = item.get("role").and_then(Value::as_str).unwrap_or("user");
    let Some(content) = item.get("content").and_then(Value::as_str) else {
        return Err("a message needs a `content` text".to_owned());
    };
    let role = role_of_word(role).unwrap_or_else(|| {
        draft.leave(format!("the role `{role}`: its message is the user's"));
        Role::User
    });
    Ok(Some(Message::new(role, variables(content, draft))))
}

/// `{{name}}` kept, all else escaped.
fn variables(text: &str, draft: &mut Draft) -> String {
    let mut body = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((_, after)) = rest.split_once("{{") {
        // Of three braces the last two open the variable.
        let after = after.trim_start_matches('{');
        let opened = rest.len() - after.len();
        let before = rest.get(..opened - 2).unwrap_or("");
        // No name holds a brace, and looking no further keeps this linear.
        let end = after.find(['{', '}']).unwrap_or(after.len());
        let (name, closing) = after.split_at(end);
        let name = name.trim();
        match closing.strip_prefix("}}") {
            Some(after) if jinja::is_name(name) => {
                body.push_str(&jinja::escaped(before));
                body.push_str("{{ ");
                body.push_str(name);
                body.push_str(" }}");
                draft.add_parameter(ParameterSpec {
                    name: name.to_owned(),
                    required: true,
                    ..ParameterSpec::default()
                });
                rest = after;
            }
            _ => {
                body.push_str(&jinja::escaped(rest.get(..opened).unwrap_or("")));
                rest = after;
            }
        }
    }
    if text.contains("@@@langfusePrompt:") {
        draft.leave("references to other prompts (`@@@langfusePrompt:…@@@`) stay as plain text");
    }
    body.push_str(&jinja::escaped(rest));
    body
}

/// Writes one prompt as the API takes it.
pub(super) fn export(draft: &mut Draft) -> String {
    draft.separate();
    let mut messages = Vec::new();
    for message in draft.messages.clone() {
        let content = plain(&message.content, draft);
        messages.push(json!({ "role": message.role.as_str(), "content": content }));
    }
    let is_text = matches!(draft.messages.as_slice(), [only] if only.role == Role::User);
    let prompt = match messages.first().filter(|_| is_text).and_then(|only| only.get("content")) {
        Some(content) => content.clone(),
        None => messages.into(),
    };
    let mut config = Map::new();
    if let Some(model) = &draft.front.model {
        config.insert("model".into(), model.to_string().into());
    }
    config.extend(draft.generation());
    draft.leave_facts(&["name", "tags", "model", "generation", "parameters"]);
    draft.leave_parameter_details();
    for name in draft.defaults().keys().cloned().collect::<Vec<_>>() {
        draft.leave(format!("the default of `{name}`"));
    }
    let written = json!({
        "name": draft.front.name.as_deref().unwrap_or("prompt"),
        "type": if is_text { "text" } else { "chat" },
        "prompt": prompt,
        "config": config,
        "tags": draft.front.tags,
        "labels": [],
    });
    format!("{written:#}\n")
}

/// A message's words with `{{name}}` and nothing else.
fn plain(content: &str, draft: &mut Draft) -> String {
    let mut text = String::with_capacity(content.len());
    for piece in jinja::pieces(content) {
        match piece {
            Piece::Text(words) => {
                if words.contains("{{") {
                    draft.leave(
                        "double braces meant as text, which may be read as a variable there",
                    );
                }
                text.push_str(words);
            }
            Piece::Output(inner) if jinja::is_name(inner.text) => {
                text.push_str("{{");
                text.push_str(inner.text);
                text.push_str("}}");
            }
            Piece::Output(inner) | Piece::Tag(inner) => {
                draft.leave(format!("`{}` stays as plain text", inner.source));
                text.push_str(inner.source);
            }
            Piece::Comment(_) => draft.leave("comments"),
            Piece::Include(name) => {
                draft.leave(format!("the include of `{name}` stays as plain text"));
                text.push_str("{{include:");
                text.push_str(name);
                text.push_str("}}");
            }
        }
    }
    text
}
