//! Facts put into the form of a JSON Schema, a sample, or a list of keys.

use serde_json::{Map, Value, json};

/// Names that mean the same. The first lookup is by the name itself.
const SAME: &[&[&str]] = &[
    &["people", "persons", "person", "names", "individuals"],
    &["organisations", "organizations", "companies", "orgs", "organisation", "organization"],
    &["places", "locations", "place", "location", "cities", "countries"],
    &["dates", "date", "when"],
    &["money", "amounts", "amount", "prices", "sums", "monetaryvalues"],
    &["emails", "email", "emailaddresses"],
    &["phones", "phone", "phonenumbers"],
    &["urls", "url", "links"],
    &[
        "label",
        "sentiment",
        "category",
        "class",
        "queue",
        "classification",
        "intent",
        "topic",
        "polarity",
        "route",
        "team",
        "verdict",
        "result",
    ],
    &["confidence", "score", "probability", "certainty"],
    &["reason", "explanation", "rationale", "why", "justification", "evidence"],
    &["answer", "value", "solution", "finalanswer", "result"],
    &["steps", "working", "reasoning", "calculation"],
    &["summary", "abstract", "gist", "tldr", "text", "content", "output", "response"],
    &["keypoints", "points", "bullets", "highlights", "items"],
    &["actions", "actionitems", "todos", "tasks", "items", "followups"],
    &["owner", "assignee", "who", "responsible", "person"],
    &["task", "action", "what", "description", "item", "text", "title"],
    &["due", "deadline", "duedate", "by", "when", "date"],
    &["findings", "issues", "problems", "defects", "bugs", "risks", "items"],
    &["line", "linenumber"],
    &["severity", "level", "risk", "priority"],
    &["rule", "kind", "type", "category", "title", "name", "issue", "risk"],
    &["fix", "recommendation", "suggestion", "remedy", "advice"],
    &["quote", "evidence", "excerpt", "source", "citation"],
    &["reply", "response", "message", "body", "email", "text"],
    &["rows", "records", "data", "items"],
];

/// How deep a schema is followed.
const DEPTH: usize = 16;

/// Facts in the form of a JSON Schema. Every required property is there, every value has its
/// type; what the facts do not hold is empty, or null where the schema allows it.
pub fn fit(schema: &Value, facts: &Value) -> Value {
    Fitter { root: schema }.value(schema, Some(facts), facts, DEPTH)
}

/// Facts in the form of a sample: same keys, same types.
pub fn fit_like(sample: &Value, facts: &Value) -> Value {
    fit(&schema_of(sample), facts)
}

/// Facts under these keys and no others.
pub fn fit_keys(keys: &[String], facts: &Value) -> Value {
    let fields = keys
        .iter()
        .map(|key| (key.clone(), lookup(facts, key).cloned().unwrap_or(Value::Null)))
        .collect();
    Value::Object(fields)
}

/// The schema that a sample is an instance of.
fn schema_of(sample: &Value) -> Value {
    match sample {
        Value::Object(map) => {
            let properties: Map<String, Value> =
                map.iter().map(|(key, value)| (key.clone(), schema_of(value))).collect();
            json!({"type": "object", "properties": properties})
        }
        Value::Array(items) => match items.first() {
            Some(first) => json!({"type": "array", "items": schema_of(first)}),
            None => json!({"type": "array"}),
        },
        // `"low|medium|high"` is how people write an enum in a sample.
        Value::String(text) if text.contains('|') => {
            let choices: Vec<&str> = text.split('|').map(str::trim).collect();
            json!({"type": "string", "enum": choices})
        }
        Value::String(_) => json!({"type": "string"}),
        Value::Number(_) => json!({"type": "number"}),
        Value::Bool(_) => json!({"type": "boolean"}),
        Value::Null => json!({}),
    }
}

fn normal(key: &str) -> String {
    key.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// The fact that a key means.
fn lookup<'a>(facts: &'a Value, key: &str) -> Option<&'a Value> {
    let map = facts.as_object()?;
    let wanted = normal(key);
    let by_name =
        |name: &str| map.iter().find(|(own, _)| normal(own) == name).map(|(_, value)| value);
    by_name(&wanted).or_else(|| {
        SAME.iter()
            .filter(|group| group.contains(&wanted.as_str()))
            .flat_map(|group| group.iter())
            .find_map(|name| by_name(name))
    })
}

struct Fitter<'a> {
    root: &'a Value,
}

impl Fitter<'_> {
    /// A value of the schema: from the fact found for it, else from all facts around it.
    fn value(&self, schema: &Value, fact: Option<&Value>, around: &Value, depth: usize) -> Value {
        if depth == 0 {
            return Value::Null;
        }
        if let Some(target) = schema["$ref"].as_str().and_then(|path| self.resolve(path)) {
            return self.value(target, fact, around, depth - 1);
        }
        for union in ["anyOf", "oneOf"] {
            if let Some(choices) = schema[union].as_array() {
                return self.union(choices, fact, around, depth);
            }
        }
        if let Some(constant) = schema.get("const") {
            return constant.clone();
        }
        if let Some(choices) = schema["enum"].as_array() {
            return choose(choices, fact, around);
        }
        let types = types_of(schema);
        let is = |name: &str| types.contains(&name);
        if is("null") && fact.is_none_or(Value::is_null) {
            return Value::Null;
        }
        if is("object") || (types.is_empty() && schema.get("properties").is_some()) {
            self.object(schema, fact, around, depth)
        } else if is("array") {
            self.array(schema, fact, depth)
        } else if is("integer") {
            json!(whole(number_of(fact)))
        } else if is("number") {
            json!(number_of(fact))
        } else if is("boolean") {
            json!(fact.is_some_and(truth))
        } else if is("string") {
            Value::from(fact.map(text_of).unwrap_or_default())
        } else {
            fact.cloned().unwrap_or(Value::Null)
        }
    }

    fn resolve(&self, path: &str) -> Option<&Value> {
        self.root.pointer(path.strip_prefix('#')?)
    }

    fn union(
        &self,
        choices: &[Value],
        fact: Option<&Value>,
        around: &Value,
        depth: usize,
    ) -> Value {
        let is_null = |schema: &&Value| types_of(schema) == ["null"];
        if fact.is_none_or(Value::is_null) && choices.iter().any(|schema| is_null(&schema)) {
            return Value::Null;
        }
        match choices.iter().find(|schema| !is_null(schema)) {
            Some(schema) => self.value(schema, fact, around, depth - 1),
            None => Value::Null,
        }
    }

    fn object(&self, schema: &Value, fact: Option<&Value>, around: &Value, depth: usize) -> Value {
        let Some(properties) = schema["properties"].as_object() else {
            return fact.filter(|fact| fact.is_object()).cloned().unwrap_or(json!({}));
        };
        // A nested object without facts of its own takes from those around it.
        let source = match fact {
            Some(fact @ Value::Object(_)) => fact.clone(),
            Some(Value::String(text)) => named_text(properties, text),
            _ => around.clone(),
        };
        let fields = properties
            .iter()
            .map(|(key, schema)| {
                let value = self.value(schema, lookup(&source, key), &source, depth - 1);
                (key.clone(), value)
            })
            .collect();
        Value::Object(fields)
    }

    fn array(&self, schema: &Value, fact: Option<&Value>, depth: usize) -> Value {
        let own = match fact {
            Some(Value::Array(items)) => Some(items.clone()),
            Some(Value::Object(map)) => map.values().find_map(Value::as_array).cloned(),
            Some(Value::Null) | None => None,
            Some(one) => Some(vec![one.clone()]),
        };
        let items = own.unwrap_or_default();
        let most = schema["maxItems"].as_u64().and_then(|n| usize::try_from(n).ok());
        let fitted = items
            .iter()
            .take(most.unwrap_or(usize::MAX))
            .map(|item| match schema.get("items") {
                Some(inner) => self.value(inner, Some(item), item, depth - 1),
                None => item.clone(),
            })
            .collect();
        Value::Array(fitted)
    }
}

fn types_of(schema: &Value) -> Vec<&str> {
    match &schema["type"] {
        Value::String(one) => vec![one.as_str()],
        Value::Array(many) => many.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

/// The choice that a fact names, else one that any fact names, else the first.
fn choose(choices: &[Value], fact: Option<&Value>, around: &Value) -> Value {
    let names = |value: &Value| {
        let text = normal(&text_of(value));
        choices.iter().find(|choice| normal(&text_of(choice)) == text)
    };
    fact.and_then(names)
        .or_else(|| around.as_object()?.values().filter(|value| value.is_string()).find_map(names))
        .or_else(|| choices.first())
        .cloned()
        .unwrap_or(Value::Null)
}

/// A text as the property that is most likely meant to hold it.
fn named_text(properties: &Map<String, Value>, text: &str) -> Value {
    let likely = ["text", "name", "value", "item", "title", "description", "point"];
    let key = properties
        .keys()
        .find(|key| likely.contains(&normal(key).as_str()))
        .or_else(|| properties.iter().find(|(_, s)| types_of(s).contains(&"string")).map(|p| p.0));
    match key {
        Some(key) => json!({ key.as_str(): text }),
        None => json!({}),
    }
}

/// A value in words.
pub fn text_of(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        Value::Array(items) => items.iter().map(text_of).collect::<Vec<_>>().join(", "),
        Value::Object(map) => map.values().find(|v| v.is_string()).map(text_of).unwrap_or_default(),
        other => other.to_string(),
    }
}

fn number_of(value: Option<&Value>) -> f64 {
    match value {
        Some(Value::Number(number)) => number.as_f64().unwrap_or(0.0),
        Some(Value::String(text)) => {
            let digits: String =
                text.chars().filter(|c| c.is_ascii_digit() || matches!(c, '.' | '-')).collect();
            digits.parse().unwrap_or(0.0)
        }
        Some(Value::Array(items)) => u32::try_from(items.len()).map_or(0.0, f64::from),
        _ => 0.0,
    }
}

#[expect(clippy::cast_possible_truncation, reason = "out of range it saturates")]
fn whole(number: f64) -> i64 {
    number.round() as i64
}

fn truth(value: &Value) -> bool {
    match value {
        Value::Bool(truth) => *truth,
        Value::String(text) => matches!(text.to_lowercase().as_str(), "yes" | "true"),
        Value::Array(items) => !items.is_empty(),
        Value::Number(number) => number.as_f64().is_some_and(|n| n != 0.0),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_found_by_meaning_and_types_are_kept() {
        let facts = json!({
            "people": ["Ada"], "organisations": [], "label": "negative", "confidence": 0.8,
        });
        let schema = json!({"type": "object", "properties": {
            "persons": {"type": "array", "items": {"type": "string"}},
            "companies": {"type": "array", "items": {"type": "string"}},
            "sentiment": {"enum": ["POSITIVE", "NEGATIVE"]},
            "score": {"type": "number"},
            "percent": {"type": "integer"},
            "comment": {"type": ["string", "null"]},
            "urgent": {"type": "boolean"},
        }});
        assert_eq!(
            fit(&schema, &facts),
            json!({
                "persons": ["Ada"], "companies": [], "sentiment": "NEGATIVE", "score": 0.8,
                "percent": 0, "comment": null, "urgent": false,
            })
        );
    }

    #[test]
    fn lists_of_objects_references_and_nesting() {
        let facts = json!({"actions": [
            {"owner": "Ana", "task": "call the bank", "due": "Friday"},
            {"owner": "Bo", "task": "write the report", "due": null},
        ]});
        let schema = json!({
            "type": "object",
            "properties": {"result": {"type": "object", "properties": {
                "todos": {"type": "array", "items": {"$ref": "#/$defs/todo"}},
            }}},
            "$defs": {"todo": {"type": "object", "properties": {
                "assignee": {"type": "string"},
                "what": {"type": "string"},
                "deadline": {"anyOf": [{"type": "string"}, {"type": "null"}]},
            }}},
        });
        assert_eq!(
            fit(&schema, &facts),
            json!({"result": {"todos": [
                {"assignee": "Ana", "what": "call the bank", "deadline": "Friday"},
                {"assignee": "Bo", "what": "write the report", "deadline": null},
            ]}})
        );
    }

    #[test]
    fn a_schema_that_refers_to_itself_ends() {
        let schema = json!({"type": "object", "properties": {"next": {"$ref": "#"}}});
        assert!(fit(&schema, &json!({})).is_object());
    }

    #[test]
    fn samples_and_keys() {
        let facts = json!({"label": "bug", "reason": "it crashes"});
        let sample = json!({"category": "billing|bug|other", "why": "..."});
        assert_eq!(fit_like(&sample, &facts), json!({"category": "bug", "why": "it crashes"}));
        let keys = ["label".to_owned(), "colour".to_owned()];
        assert_eq!(fit_keys(&keys, &facts), json!({"label": "bug", "colour": null}));
    }
}
