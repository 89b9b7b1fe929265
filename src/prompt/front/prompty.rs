//! The keys of Prompty's two versions, understood as ours. Files keep their own shape.

use serde_json::{Map, Value, json};

use super::{
    ParameterSpec, Shape,
    read::{FrontError, NoteLevel, Reader, is_identifier, parameter_of, set},
    yaml::{Node, NodeValue},
};
use crate::model::ModelRef;

/// Which shape a tree has, by the keys only one shape uses.
pub(super) fn shape(root: &Node) -> Shape {
    let model = root.get("model");
    let in_model = |key: &str| model.is_some_and(|model| model.get(key).is_some());
    if in_model("configuration") || in_model("parameters") || in_model("api") {
        return Shape::PromptyV1;
    }
    if in_model("id") || in_model("options") || in_model("connection") || in_model("apiType") {
        return Shape::PromptyV2;
    }
    let own = root.get("parameters").is_some() || root.get("generation").is_some();
    match () {
        () if own => Shape::Own,
        () if root.get("sample").is_some() => Shape::PromptyV1,
        () if root.get("displayName").is_some() || root.get("instructions").is_some() => {
            Shape::PromptyV2
        }
        () if root.get("inputs").is_some() || root.get("authors").is_some() => Shape::PromptyV1,
        () => Shape::Own,
    }
}

/// Reads a `model:` mapping: which model, and how it should generate.
pub(super) fn model(node: &Node, reader: &mut Reader<'_>) -> Result<(), FrontError> {
    for (key, value) in node.entries().unwrap_or_default() {
        match key.text.as_str() {
            "parameters" => reader.generation(value, false)?,
            "options" => {
                reader.generation(value, false)?;
                if let Some(more) = value.get("additionalProperties") {
                    reader.generation(more, false)?;
                }
            }
            // `temperature` and the like may also stand directly here.
            other => {
                if let Some(parameter) = parameter_of(other) {
                    set(&mut reader.front.generation, parameter, value)?;
                }
            }
        }
    }
    if let Some(id) = node.get("id").and_then(Node::as_str) {
        let provider = node.get("provider").and_then(Node::as_str).unwrap_or("openai");
        reader.front.model = model_ref(provider, id);
        note_unserved(reader, node, provider, id);
    } else if let Some(configuration) = node.get("configuration") {
        let text = |key: &str| configuration.get(key).and_then(Node::as_str);
        let provider = text("type").unwrap_or("openai");
        let name = text("name").or_else(|| text("model")).or_else(|| text("azure_deployment"));
        if let Some(name) = name {
            reader.front.model = model_ref(provider, name);
            note_unserved(reader, configuration, provider, name);
        }
    }
    Ok(())
}

/// Providers of Prompty that are called the same here. Azure and Foundry name deployments, which
/// only mean something to their own endpoint, so no model is taken from them.
fn model_ref(provider: &str, name: &str) -> Option<ModelRef> {
    let known = matches!(provider, "openai" | "anthropic" | "ollama" | "gemini");
    (known && !name.is_empty() && !name.contains("${")).then(|| ModelRef::new(provider, name))
}

fn note_unserved(reader: &mut Reader<'_>, node: &Node, provider: &str, name: &str) {
    if reader.front.model.is_none() {
        let message = format!(
            "`{name}` at `{provider}` is not taken as the model; the default model is used unless another is chosen"
        );
        reader.note(node.range.start, NoteLevel::Hint, "model-not-taken", message);
    }
}

/// What is left when every key has been read: `sample` gives examples and declares the variables
/// that `inputs` does not.
pub(super) fn finish(root: &Node, reader: &mut Reader<'_>) {
    let Some(sample) = root.get("sample") else { return };
    let NodeValue::Map(entries) = &sample.value else {
        if sample.as_str().is_some() {
            let message = "a sample in another file is not read; give the inputs themselves";
            reader.note(sample.range.start, NoteLevel::Hint, "sample-not-read", message);
        }
        return;
    };
    for (key, node) in entries {
        let example = Some(node.to_json());
        match reader.front.parameters.iter_mut().find(|spec| spec.name == key.text) {
            Some(spec) => spec.example = spec.example.take().or(example),
            None if is_identifier(&key.text) => reader.add_parameter(ParameterSpec {
                name: key.text.clone(),
                required: true,
                example,
                ..Default::default()
            }),
            None => {}
        }
    }
}

/// The providers' own way to ask for a form (`{type: json_object}`), in our words.
pub(super) fn response_format(map: &Map<String, Value>) -> Option<Value> {
    match map.get("type")?.as_str()? {
        "text" => Some(json!("text")),
        "json_object" | "json" => Some(json!("json")),
        "json_schema" => {
            let schema = map.get("json_schema")?.get("schema")?;
            Some(json!({ "schema": schema }))
        }
        _ => None,
    }
}
