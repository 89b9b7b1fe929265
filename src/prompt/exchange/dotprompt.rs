//! dotprompt: YAML front matter, then Handlebars. Facts that its keys do not cover travel under
//! `lathe.…`: a dotted key is its way to extend it.

use serde_json::{Map, Value, json};

use super::super::{ParameterSpec, template::split_front};
use super::{
    document,
    draft::{Draft, infer_model, validation_value},
    handlebars, picoschema, to_handlebars,
};
use crate::model::{ModelRef, ResponseFormat, Role};

/// Keys that are read.
const KEYS: [&str; 13] = [
    "name",
    "version",
    "description",
    "model",
    "config",
    "input",
    "output",
    "lathe.version",
    "lathe.category",
    "lathe.tags",
    "lathe.authors",
    "lathe.validation",
    "metadata",
];

/// dotprompt's word for a provider, and ours.
const PROVIDERS: [(&str, &str); 5] = [
    ("googleai", "gemini"),
    ("vertexai", "gemini"),
    ("openai", "openai"),
    ("anthropic", "anthropic"),
    ("ollama", "ollama"),
];

pub(super) fn import(text: &str) -> Result<Draft, String> {
    // Comment lines (a licence) may stand before the front matter.
    let head: usize = text
        .split_inclusive('\n')
        .take_while(|line| line.starts_with('#') || line.trim().is_empty())
        .map(str::len)
        .sum();
    let after_head = text.get(head..).unwrap_or("");
    let (front, body) = match split_front(after_head) {
        Ok(Some((front, body))) => {
            (after_head.get(front).unwrap_or(""), after_head.get(body..).unwrap_or(""))
        }
        // Without front matter the `#` lines are the prompt's own.
        Ok(None) => ("", text),
        Err(_) => return Err("its front matter is never closed by a line that is only ---".into()),
    };
    let Value::Object(map) = document::read(front)? else {
        return Err("its front matter must be a mapping".to_owned());
    };
    let mut draft = Draft::default();
    facts(&map, &mut draft);
    draft.messages = handlebars::read(&body.replace("\r\n", "\n"), &mut draft)?;
    Ok(draft)
}

fn facts(map: &Map<String, Value>, draft: &mut Draft) {
    let text = |key: &str| map.get(key).and_then(document::text);
    draft.front.name = text("name");
    draft.front.description = text("description");
    draft.front.category = text("lathe.category");
    draft.front.tags = map.get("lathe.tags").map(document::texts).unwrap_or_default();
    draft.front.authors = map.get("lathe.authors").map(document::texts).unwrap_or_default();
    if let Some(version) = text("lathe.version").or_else(|| text("version")) {
        match version.parse() {
            Ok(version) => draft.front.version = Some(version),
            Err(_) => draft.leave(format!("the version `{version}`, which is not a semantic one")),
        }
    }
    if let Some(Value::Object(validation)) = map.get("lathe.validation") {
        draft.front.validation =
            Some(super::super::Validation { other: validation.clone(), ..Default::default() });
    }
    if let Some(model) = text("model") {
        let known = model.split_once('/').and_then(|(provider, name)| {
            let ours = PROVIDERS.iter().find(|(theirs, _)| *theirs == provider)?.1;
            Some(ModelRef::new(ours, name))
        });
        match known.or_else(|| infer_model(&model)) {
            Some(model) => draft.front.model = Some(model),
            None => draft.leave(format!("the model `{model}`: its provider is not known here")),
        }
    }
    if let Some(Value::Object(config)) = map.get("config") {
        draft.take_generation(config);
    }
    if let Some(Value::Object(input)) = map.get("input") {
        inputs(input, draft);
    }
    if let Some(Value::Object(output)) = map.get("output") {
        draft.front.response_format = match (output.get("schema"), document_format(output)) {
            (Some(schema), _) => Some(ResponseFormat::Schema(picoschema::to_json_schema(schema))),
            (None, Some("json")) => Some(ResponseFormat::Json),
            (None, Some("text")) => Some(ResponseFormat::Text),
            (None, Some(other)) => {
                draft.leave(format!("the output format `{other}`"));
                None
            }
            (None, None) => None,
        };
    }
    if map.contains_key("metadata") {
        draft.leave("`metadata` has no counterpart");
    }
    draft.leave_keys(map, &KEYS);
}

fn document_format(output: &Map<String, Value>) -> Option<&str> {
    output.get("format").and_then(Value::as_str)
}

fn inputs(input: &Map<String, Value>, draft: &mut Draft) {
    if let Some(schema) = input.get("schema") {
        let specs = picoschema::parameters(schema);
        if specs.is_empty() {
            draft.leave("the input schema, which names no fields");
        }
        for spec in specs {
            draft.add_parameter(spec);
        }
    }
    let Some(Value::Object(defaults)) = input.get("default") else { return };
    for (name, value) in defaults {
        let known = draft.front.parameters.iter_mut().find(|spec| spec.name == *name);
        let default = Some(value.clone());
        if let Some(spec) = known {
            spec.default = default;
            spec.required = false;
        } else {
            let name = name.clone();
            draft.add_parameter(ParameterSpec { name, default, ..Default::default() });
        }
    }
}

pub(super) fn export(draft: &mut Draft) -> String {
    let front = &draft.front;
    let mut map = Map::new();
    let words = [
        ("name", front.name.clone()),
        ("description", front.description.clone()),
        ("lathe.version", front.version.as_ref().map(ToString::to_string)),
        ("lathe.category", front.category.clone()),
    ];
    for (key, word) in words {
        if let Some(word) = word {
            map.insert(key.into(), word.into());
        }
    }
    for (key, list) in [("lathe.tags", &front.tags), ("lathe.authors", &front.authors)] {
        if !list.is_empty() {
            map.insert(key.into(), json!(list));
        }
    }
    if let Some(validation) = &front.validation {
        map.insert("lathe.validation".into(), validation_value(validation));
    }
    if let Some(model) = &front.model {
        let provider = PROVIDERS.iter().find(|(_, ours)| *ours == model.provider);
        let provider = provider.map_or(model.provider.as_str(), |(theirs, _)| theirs);
        map.insert("model".into(), format!("{provider}/{}", model.model).into());
    }
    let config: Map<_, _> =
        draft.generation().into_iter().map(|(key, value)| (camel_case(&key), value)).collect();
    if !config.is_empty() {
        map.insert("config".into(), config.into());
    }
    write_inputs(draft, &mut map);
    match draft.response_format() {
        Some(ResponseFormat::Json) => {
            map.insert("output".into(), json!({ "format": "json" }));
        }
        Some(ResponseFormat::Schema(schema)) => {
            map.insert("output".into(), json!({ "format": "json", "schema": typed(schema) }));
        }
        Some(ResponseFormat::Text) => {
            map.insert("output".into(), json!({ "format": "text" }));
        }
        None => {}
    }
    let body = body(draft);
    document::with_front(map, &body)
}

/// A schema without a `type` would be read as the short form.
fn typed(schema: &Value) -> Value {
    let mut schema = schema.clone();
    if let Some(map) = schema.as_object_mut()
        && !map.contains_key("type")
        && !map.contains_key("$ref")
    {
        map.insert("type".into(), "object".into());
    }
    schema
}

/// A generation parameter as Gemini's settings call it, dotprompt's own habit.
fn camel_case(name: &str) -> String {
    match name {
        "max_tokens" => "maxOutputTokens".to_owned(),
        "stop" => "stopSequences".to_owned(),
        other => {
            let mut words = other.split('_');
            let mut out = words.next().unwrap_or("").to_owned();
            for word in words {
                let (first, rest) = word.split_at(word.len().min(1));
                out.push_str(&first.to_ascii_uppercase());
                out.push_str(rest);
            }
            out
        }
    }
}

fn write_inputs(draft: &mut Draft, map: &mut Map<String, Value>) {
    if draft.front.parameters.is_empty() {
        return;
    }
    let mut input = Map::new();
    input.insert("schema".into(), picoschema::of_parameters(&draft.front.parameters).into());
    let defaults = draft.defaults();
    if !defaults.is_empty() {
        input.insert("default".into(), defaults.into());
    }
    map.insert("input".into(), input.into());
    let examples: Vec<String> = draft
        .front
        .parameters
        .iter()
        .filter(|spec| spec.example.is_some())
        .map(|spec| format!("the example of `{}`", spec.name))
        .collect();
    for example in examples {
        draft.leave(example);
    }
}

fn body(draft: &mut Draft) -> String {
    let mut frames = to_handlebars::Frames::default();
    let messages = draft.messages.clone();
    let is_one = matches!(messages.as_slice(), [only] if only.role == Role::User);
    let mut body = String::new();
    for message in messages {
        if !is_one {
            let role = match message.role {
                Role::Assistant => "model",
                role => role.as_str(),
            };
            body.extend(["{{role \"", role, "\"}}\n"]);
        }
        body.push_str(&to_handlebars::write(&message.content, &mut frames, draft));
        body.push('\n');
    }
    body
}
