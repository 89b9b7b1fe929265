//! Picoschema, dotprompt's short form of JSON Schema.

use serde_json::{Map, Value, json};

use super::super::{ParameterKind, ParameterSpec};

/// A schema as JSON Schema. What is one already stays as it is.
pub(super) fn to_json_schema(schema: &Value) -> Value {
    match schema {
        Value::Object(map) if is_json_schema(map) => schema.clone(),
        Value::Object(map) => object(map),
        Value::String(text) => scalar(text),
        _ => json!({}),
    }
}

/// A map with a `type` that JSON Schema knows is one; a field may be called `type` as well.
fn is_json_schema(map: &Map<String, Value>) -> bool {
    let known = ["object", "array", "string", "number", "integer", "boolean", "null"];
    map.get("$ref").is_some()
        || map.get("type").and_then(Value::as_str).is_some_and(|kind| {
            known.contains(&kind)
                && map
                    .iter()
                    .all(|(key, value)| key == "type" || !value.is_string() || is_keyword(key))
        })
}

fn is_keyword(key: &str) -> bool {
    matches!(
        key,
        "description" | "title" | "$schema" | "$id" | "format" | "pattern" | "default" | "const"
    )
}

fn object(map: &Map<String, Value>) -> Value {
    let mut properties = Map::new();
    let mut required = Vec::new();
    let mut additional = Value::from(false);
    for (key, value) in map {
        let (name, kind, description) = field(key);
        if name.is_empty() && kind == Some("*") {
            additional = to_json_schema(value);
            continue;
        }
        let is_optional = name.ends_with('?');
        let name = name.trim_end_matches('?');
        let mut schema = match kind {
            Some("array") => json!({ "type": "array", "items": to_json_schema(value) }),
            Some("enum") => json!({ "enum": value }),
            _ => to_json_schema(value),
        };
        if let (Some(description), Some(schema)) = (description, schema.as_object_mut()) {
            schema.insert("description".into(), description.into());
        }
        if !is_optional {
            required.push(Value::from(name));
        }
        properties.insert(name.to_owned(), schema);
    }
    let mut schema =
        json!({ "type": "object", "properties": properties, "additionalProperties": additional });
    if let (false, Some(schema)) = (required.is_empty(), schema.as_object_mut()) {
        schema.insert("required".into(), required.into());
    }
    schema
}

/// `name?(kind, description)` taken apart; a wildcard `(*)` has no name.
fn field(key: &str) -> (&str, Option<&str>, Option<&str>) {
    let Some((name, rest)) = key.split_once('(') else { return (key.trim(), None, None) };
    let inner = rest.trim_end().trim_end_matches(')');
    match inner.split_once(',') {
        Some((kind, description)) => (name.trim(), Some(kind.trim()), Some(description.trim())),
        None => (name.trim(), Some(inner.trim()), None),
    }
}

/// `type, description`.
fn scalar(text: &str) -> Value {
    let (kind, description) = match text.split_once(',') {
        Some((kind, description)) => (kind.trim(), Some(description.trim())),
        None => (text.trim(), None),
    };
    let mut schema = Map::new();
    if kind != "any" {
        schema.insert("type".into(), kind.into());
    }
    if let Some(description) = description {
        schema.insert("description".into(), description.into());
    }
    schema.into()
}

/// The inputs a schema of an object describes.
pub(super) fn parameters(schema: &Value) -> Vec<ParameterSpec> {
    let schema = to_json_schema(schema);
    let required: Vec<&str> = schema
        .get("required")
        .and_then(Value::as_array)
        .map(|names| names.iter().filter_map(Value::as_str).collect())
        .unwrap_or_default();
    let Some(Value::Object(properties)) = schema.get("properties") else { return Vec::new() };
    properties
        .iter()
        .map(|(name, property)| {
            let text = |key: &str| property.get(key).and_then(Value::as_str);
            ParameterSpec {
                name: name.clone(),
                required: required.contains(&name.as_str()),
                default: property.get("default").cloned(),
                description: text("description").map(str::to_owned),
                enum_values: property
                    .get("enum")
                    .and_then(Value::as_array)
                    .cloned()
                    .unwrap_or_default(),
                kind: text("type").and_then(ParameterKind::from_word).unwrap_or_default(),
                example: None,
                trusted: false,
            }
        })
        .collect()
}

/// Inputs in the short form.
pub(super) fn of_parameters(parameters: &[ParameterSpec]) -> Map<String, Value> {
    let mut map = Map::new();
    for spec in parameters {
        let name = format!("{}{}", spec.name, if spec.required { "" } else { "?" });
        let comma = |description: &Option<String>| {
            let words = description.as_ref().map(|text| text.replace(['(', ')', '\n'], " "));
            words.map(|text| format!(", {text}")).unwrap_or_default()
        };
        let description = comma(&spec.description);
        if !spec.enum_values.is_empty() {
            map.insert(format!("{name}(enum{description})"), spec.enum_values.clone().into());
            continue;
        }
        match spec.kind {
            ParameterKind::List => {
                map.insert(format!("{name}(array{description})"), "any".into());
            }
            ParameterKind::Object => {
                map.insert(format!("{name}(object{description})"), json!({ "(*)": "any" }));
            }
            kind => {
                let description = spec.description.as_ref();
                let description = description.map(|text| format!(", {text}")).unwrap_or_default();
                map.insert(name, format!("{}{description}", kind.as_str()).into());
            }
        }
    }
    map
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_short_form_says_what_json_schema_says() {
        let schema = json!({
            "title": "string, of the page",
            "tags?(array, what it is about)": "string",
            "status(enum)": ["draft", "done"],
            "author(object)": { "name": "string", "age?": "integer" },
            "(*)": "any",
        });
        assert_eq!(
            to_json_schema(&schema),
            json!({
                "type": "object",
                "properties": {
                    "title": { "type": "string", "description": "of the page" },
                    "tags": { "type": "array", "items": { "type": "string" }, "description": "what it is about" },
                    "status": { "enum": ["draft", "done"] },
                    "author": {
                        "type": "object",
                        "properties": { "name": { "type": "string" }, "age": { "type": "integer" } },
                        "additionalProperties": false,
                        "required": ["name"],
                    },
                },
                "additionalProperties": {},
                "required": ["title", "status", "author"],
            })
        );
    }

    #[test]
    fn a_field_called_type_is_no_json_schema() {
        let schema = to_json_schema(&json!({ "type": "string", "name": "string" }));
        assert_eq!(schema["required"], json!(["type", "name"]));
        let real = json!({ "type": "object", "properties": {} });
        assert_eq!(to_json_schema(&real), real);
    }

    #[test]
    fn inputs_survive_the_way_there_and_back() {
        let specs = vec![
            ParameterSpec { name: "a".into(), required: true, ..Default::default() },
            ParameterSpec {
                name: "b".into(),
                description: Some("a choice, of two".into()),
                enum_values: vec!["x".into(), "y".into()],
                ..Default::default()
            },
            ParameterSpec {
                name: "c".into(),
                required: true,
                kind: ParameterKind::List,
                description: Some("many".into()),
                ..Default::default()
            },
            ParameterSpec { name: "d".into(), kind: ParameterKind::Integer, ..Default::default() },
        ];
        assert_eq!(parameters(&of_parameters(&specs).into()), specs);
    }
}
