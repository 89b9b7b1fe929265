//! JSON Schemas as protocols want them.

use serde_json::{Map, Value};

/// Says of every object in a schema that says nothing about it that it has no other properties:
/// the protocol refuses a schema that leaves it open.
pub(super) fn close(schema: &mut Value) {
    match schema {
        Value::Object(map) => {
            // A property may itself be called `type`: then its value is a schema, not a word.
            if is_object(map) && !map.contains_key("additionalProperties") {
                map.insert("additionalProperties".to_owned(), Value::Bool(false));
            }
            for (key, value) in map.iter_mut() {
                if !holds_values(key) {
                    close(value);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(close),
        _ => {}
    }
}

/// Whether a schema leaves nothing open: every object names all it may hold, and all of it is
/// required. Only such a schema can be held to the letter.
pub(super) fn is_closed(schema: &Value) -> bool {
    match schema {
        Value::Object(map) => {
            if is_object(map) && !lists_everything(map) {
                return false;
            }
            map.iter().filter(|(key, _)| !holds_values(key)).all(|(_, value)| is_closed(value))
        }
        Value::Array(items) => items.iter().all(is_closed),
        _ => true,
    }
}

fn lists_everything(object: &Map<String, Value>) -> bool {
    let properties = object.get("properties").and_then(Value::as_object);
    let required = object.get("required").and_then(Value::as_array);
    object.get("additionalProperties") == Some(&Value::Bool(false))
        && properties.is_some_and(|properties| {
            properties.keys().all(|name| {
                required.is_some_and(|required| required.iter().any(|it| it == name.as_str()))
            })
        })
}

fn is_object(schema: &Map<String, Value>) -> bool {
    schema.get("type").is_some_and(|kind| match kind {
        Value::String(word) => word == "object",
        Value::Array(words) => words.iter().any(|word| word == "object"),
        _ => false,
    })
}

/// Whether a key's value is data and no schema.
fn holds_values(key: &str) -> bool {
    matches!(key, "enum" | "const" | "default" | "examples" | "required")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_schema_is_closed_where_every_object_is() {
        let open = json!({"type": "object", "properties": {"a": {"type": "string"}}});
        assert!(!is_closed(&open));
        let mut closed = open.clone();
        close(&mut closed);
        assert!(!is_closed(&closed), "nothing is required yet");
        closed["required"] = json!(["a"]);
        assert!(is_closed(&closed));
        closed["properties"]["a"] = json!({"type": "array", "items": open});
        assert!(!is_closed(&closed));
        closed["properties"]["a"] = json!({"type": "string", "enum": [{"type": "object"}]});
        assert!(is_closed(&closed), "an enum holds values and no schemas");
        assert!(is_closed(&json!({"type": "array", "items": {"type": "number"}})));
    }

    #[test]
    fn a_property_called_type_is_a_property() {
        let schema = json!({
            "type": ["object", "null"],
            "properties": {"type": {"type": "object", "properties": {}}},
        });
        let mut closed = schema;
        close(&mut closed);
        assert_eq!(
            closed,
            json!({
                "type": ["object", "null"],
                "properties": {
                    "type": {"type": "object", "properties": {}, "additionalProperties": false},
                },
                "additionalProperties": false,
            })
        );
    }
}
