//! A value against a JSON Schema: the part of the language that describes an answer's shape.
//!
//! Understood: `type`, `enum`, `const`, `properties`, `required`, `additionalProperties`,
//! `patternProperties` (as names that need not be listed), `minProperties`, `maxProperties`,
//! `items`, `prefixItems`, `minItems`, `maxItems`, `uniqueItems`, `minLength`, `maxLength`,
//! `pattern`, `minimum`, `maximum`, `exclusiveMinimum`, `exclusiveMaximum`, `multipleOf`,
//! `anyOf`, `oneOf`, `allOf`, `not`, and `$ref` into the same schema. Nothing is ever fetched;
//! other keywords hold no value back. A whole implementation brings address parsers and a
//! network client's types for what an answer's shape does not need.

use std::collections::HashMap;

use serde_json::Value;

use crate::safety::{Expression, TooLong};

/// Where a value is not what its schema says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// A path such as `/items/0/name`; empty for the value itself.
    pub path: String,
    pub message: String,
}

/// Most mismatches that are told.
pub const MOST_MISMATCHES: usize = 10;
/// Schemas inside of schemas, references followed.
const DEPTH: usize = 64;
/// Comparisons made for one value.
const STEPS: usize = 200_000;

/// Every mismatch, the first ones first; empty where the value fits.
#[must_use]
pub fn mismatches(schema: &Value, value: &Value) -> Vec<Mismatch> {
    let patterns = HashMap::new();
    let mut checker = Checker { root: schema, found: Vec::new(), steps: STEPS, patterns };
    checker.check(schema, value, "", 0);
    checker.found
}

/// Patterns of one schema that are read; what is beyond them is as if it could not be.
const PATTERNS: usize = 256;
/// The longest pattern that is read, in bytes.
const LONGEST_PATTERN: usize = 4 << 10;

struct Checker<'a> {
    root: &'a Value,
    found: Vec<Mismatch>,
    steps: usize,
    /// Every pattern of the schema that was met, read once.
    patterns: HashMap<&'a str, Result<Expression, String>>,
}

impl<'a> Checker<'a> {
    fn say(&mut self, path: &str, message: impl Into<String>) {
        if self.found.len() < MOST_MISMATCHES {
            self.found.push(Mismatch { path: path.to_owned(), message: message.into() });
        }
    }

    fn check(&mut self, schema: &'a Value, value: &Value, path: &str, depth: usize) {
        let Some(steps) = self.steps.checked_sub(1) else {
            return self.say(path, "the schema takes too many comparisons");
        };
        self.steps = steps;
        let map = match schema {
            Value::Object(map) => map,
            Value::Bool(false) => return self.say(path, "nothing may stand here"),
            _ => return,
        };
        if depth > DEPTH {
            return self.say(path, "the schema refers to itself without end");
        }
        if let Some(reference) = map.get("$ref").and_then(Value::as_str) {
            let target = reference.strip_prefix('#').and_then(|at| self.root.pointer(at));
            match target {
                Some(target) => self.check(target, value, path, depth + 1),
                None => self
                    .say(path, format!("the schema refers to `{reference}`, which is not in it")),
            }
        }
        if let Some(kind) = map.get("type")
            && !is_of(kind, value)
        {
            return self.say(path, format!("must be {}, not {}", kind_words(kind), kind_of(value)));
        }
        if let Some(Value::Array(allowed)) = map.get("enum")
            && !allowed.iter().any(|it| equal(it, value))
        {
            let words: Vec<String> = allowed.iter().take(8).map(Value::to_string).collect();
            self.say(path, format!("must be one of {}", words.join(", ")));
        }
        if let Some(only) = map.get("const")
            && !equal(only, value)
        {
            self.say(path, format!("must be {only}"));
        }
        match value {
            Value::Object(_) => self.object(schema, value, path, depth),
            Value::Array(items) => self.list(schema, items, path, depth),
            Value::String(text) => self.text(schema, text, path),
            Value::Number(number) => self.number(schema, number.as_f64().unwrap_or(0.0), path),
            _ => {}
        }
        self.combined(schema, value, path, depth);
    }

    fn object(&mut self, schema: &'a Value, value: &Value, path: &str, depth: usize) {
        let Value::Object(fields) = value else { return };
        for name in names(schema.get("required")) {
            if !fields.contains_key(name) {
                self.say(path, format!("`{name}` is missing"));
            }
        }
        let known = schema.get("properties").and_then(Value::as_object);
        let patterns = schema.get("patternProperties").and_then(Value::as_object);
        for (name, field) in fields {
            let below = format!("{path}/{}", name.replace('~', "~0").replace('/', "~1"));
            let mut listed = false;
            if let Some(property) = known.and_then(|known| known.get(name)) {
                listed = true;
                self.check(property, field, &below, depth + 1);
            }
            for (pattern, property) in patterns.into_iter().flatten() {
                if self.matches(pattern, name) == Ok(Ok(true)) {
                    listed = true;
                    self.check(property, field, &below, depth + 1);
                }
            }
            match schema.get("additionalProperties") {
                Some(Value::Bool(false)) if !listed => {
                    self.say(path, format!("`{name}` is not in the schema"));
                }
                Some(more @ Value::Object(_)) if !listed => {
                    self.check(more, field, &below, depth + 1);
                }
                _ => {}
            }
        }
        self.count(schema, fields.len(), path, ["minProperties", "maxProperties"], "entries");
    }

    fn list(&mut self, schema: &'a Value, items: &[Value], path: &str, depth: usize) {
        let first = schema.get("prefixItems").and_then(Value::as_array);
        let first = first.map(Vec::as_slice).unwrap_or_default();
        for (index, item) in items.iter().enumerate() {
            let of = first.get(index).or_else(|| schema.get("items"));
            if let Some(of) = of {
                self.check(of, item, &format!("{path}/{index}"), depth + 1);
            }
        }
        self.count(schema, items.len(), path, ["minItems", "maxItems"], "items");
        if schema.get("uniqueItems") == Some(&Value::Bool(true)) {
            let mut texts: Vec<String> = items.iter().map(Value::to_string).collect();
            texts.sort_unstable();
            if texts.windows(2).any(|pair| pair[0] == pair[1]) {
                self.say(path, "holds the same item twice");
            }
        }
    }

    /// Whether a pattern of the schema matches a text; the outer error: it cannot be read.
    fn matches(&mut self, pattern: &'a str, text: &str) -> Result<Result<bool, TooLong>, ()> {
        let room = self.patterns.len() < PATTERNS && pattern.len() <= LONGEST_PATTERN;
        let read = self.patterns.entry(pattern).or_insert_with(|| {
            if room { Expression::new(pattern) } else { Err("too much".to_owned()) }
        });
        read.as_ref().map(|pattern| pattern.is_match(text)).map_err(|_| ())
    }

    fn text(&mut self, schema: &'a Value, text: &str, path: &str) {
        let length = text.chars().count();
        self.count(schema, length, path, ["minLength", "maxLength"], "characters");
        if let Some(pattern) = schema.get("pattern").and_then(Value::as_str) {
            let told = match self.matches(pattern, text) {
                Ok(Ok(true)) => return,
                Ok(Ok(false)) => format!("does not match `{pattern}`"),
                Ok(Err(_)) => format!("is too long for the schema's pattern `{pattern}`"),
                Err(()) => format!("the schema's pattern `{pattern}` cannot be read"),
            };
            self.say(path, told);
        }
    }

    fn number(&mut self, schema: &Value, number: f64, path: &str) {
        let bound = |key: &str| schema.get(key).and_then(Value::as_f64);
        for (key, fails, words) in [
            ("minimum", (|it, bound| it < bound) as fn(f64, f64) -> bool, "at least"),
            ("maximum", |it, bound| it > bound, "at most"),
            ("exclusiveMinimum", |it, bound| it <= bound, "above"),
            ("exclusiveMaximum", |it, bound| it >= bound, "below"),
        ] {
            if let Some(bound) = bound(key).filter(|bound| fails(number, *bound)) {
                self.say(path, format!("must be {words} {bound}"));
            }
        }
        if let Some(step) = bound("multipleOf").filter(|step| *step > 0.0) {
            let times = number / step;
            if (times - times.round()).abs() > 1e-9 {
                self.say(path, format!("must be a multiple of {step}"));
            }
        }
    }

    fn count(&mut self, schema: &Value, count: usize, path: &str, keys: [&str; 2], what: &str) {
        let bound = |key: &str| schema.get(key).and_then(Value::as_u64);
        let count = count as u64;
        if let Some(least) = bound(keys[0]).filter(|least| count < *least) {
            self.say(path, format!("has {count} {what}, at least {least} are asked for"));
        }
        if let Some(most) = bound(keys[1]).filter(|most| count > *most) {
            self.say(path, format!("has {count} {what}, at most {most} are asked for"));
        }
    }

    fn combined(&mut self, schema: &'a Value, value: &Value, path: &str, depth: usize) {
        let list = |key: &str| schema.get(key).and_then(Value::as_array);
        for part in list("allOf").into_iter().flatten() {
            self.check(part, value, path, depth + 1);
        }
        if let Some(parts) = list("anyOf")
            && !parts.iter().any(|part| self.fits(part, value, depth))
        {
            self.say(path, "fits none of the forms it may have");
        }
        if let Some(parts) = list("oneOf") {
            let fitting = parts.iter().filter(|part| self.fits(part, value, depth)).count();
            if fitting != 1 {
                self.say(path, format!("fits {fitting} of the forms of which it must fit one"));
            }
        }
        if let Some(part) = schema.get("not")
            && self.fits(part, value, depth)
        {
            self.say(path, "has the form it must not have");
        }
    }

    fn fits(&mut self, schema: &'a Value, value: &Value, depth: usize) -> bool {
        let before = std::mem::take(&mut self.found);
        self.check(schema, value, "", depth + 1);
        std::mem::replace(&mut self.found, before).is_empty()
    }
}

fn names(value: Option<&Value>) -> impl Iterator<Item = &str> {
    value.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
}

fn is_of(kind: &Value, value: &Value) -> bool {
    match kind {
        Value::String(word) => is_of_word(word, value),
        Value::Array(words) => {
            words.iter().filter_map(Value::as_str).any(|word| is_of_word(word, value))
        }
        _ => true,
    }
}

fn is_of_word(word: &str, value: &Value) -> bool {
    match (word, value) {
        ("integer", Value::Number(number)) => {
            number.is_i64()
                || number.is_u64()
                || number.as_f64().is_some_and(|it| it.fract() == 0.0)
        }
        ("object" | "array" | "string" | "number" | "boolean" | "null" | "integer", _) => {
            word == kind_of(value)
        }
        _ => true,
    }
}

const fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

fn kind_words(kind: &Value) -> String {
    match kind {
        Value::String(word) => word.clone(),
        Value::Array(_) => names(Some(kind)).collect::<Vec<_>>().join(" or "),
        _ => "of its type".to_owned(),
    }
}

/// Whether two values are the same, 1 and 1.0 being one number.
fn equal(a: &Value, b: &Value) -> bool {
    match (a.as_f64(), b.as_f64()) {
        (Some(a), Some(b)) => (a - b).abs() < f64::EPSILON * a.abs().max(1.0),
        _ => a == b,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn told(schema: &Value, value: &Value) -> Vec<String> {
        let found = mismatches(schema, value);
        found.into_iter().map(|it| format!("{} {}", it.path, it.message)).collect()
    }

    #[test]
    fn every_keyword_holds_back_what_it_says() {
        for (schema, good, bad, message) in [
            (json!({"type": "object"}), json!({}), json!([]), " must be object, not array"),
            (
                json!({"type": ["string", "null"]}),
                json!(null),
                json!(1),
                " must be string or null, not number",
            ),
            (json!({"type": "integer"}), json!(2.0), json!(2.5), " must be integer, not number"),
            (json!({"enum": ["a", 1]}), json!(1.0), json!("b"), " must be one of \"a\", 1"),
            (json!({"const": 3}), json!(3), json!(4), " must be 3"),
            (json!({"required": ["a"]}), json!({"a": 1}), json!({}), " `a` is missing"),
            (
                json!({"properties": {"a": {"type": "string"}}}),
                json!({"a": ""}),
                json!({"a": 1}),
                "/a must be string, not number",
            ),
            (
                json!({"properties": {"a": {}}, "additionalProperties": false}),
                json!({"a": 1}),
                json!({"b": 1}),
                " `b` is not in the schema",
            ),
            (
                json!({"additionalProperties": {"type": "number"}}),
                json!({"x": 1}),
                json!({"x": ""}),
                "/x must be number, not string",
            ),
            (
                json!({"patternProperties": {"^x": {}}, "additionalProperties": false}),
                json!({"xy": 1}),
                json!({"y": 1}),
                " `y` is not in the schema",
            ),
            (
                json!({"items": {"type": "number"}}),
                json!([1]),
                json!([1, ""]),
                "/1 must be number, not string",
            ),
            (
                json!({"prefixItems": [{"type": "string"}]}),
                json!(["a", 1]),
                json!([1]),
                "/0 must be string, not number",
            ),
            (
                json!({"minItems": 1}),
                json!([1]),
                json!([]),
                " has 0 items, at least 1 are asked for",
            ),
            (
                json!({"uniqueItems": true}),
                json!([1, 2]),
                json!([1, 1]),
                " holds the same item twice",
            ),
            (
                json!({"maxLength": 2}),
                json!("éé"),
                json!("abc"),
                " has 3 characters, at most 2 are asked for",
            ),
            (json!({"pattern": "^a"}), json!("ab"), json!("b"), " does not match `^a`"),
            (json!({"minimum": 1}), json!(1), json!(0), " must be at least 1"),
            (json!({"exclusiveMaximum": 5}), json!(4), json!(5), " must be below 5"),
            (json!({"multipleOf": 0.1}), json!(0.3), json!(0.35), " must be a multiple of 0.1"),
            (
                json!({"anyOf": [{"type": "string"}, {"type": "null"}]}),
                json!(null),
                json!(1),
                " fits none of the forms it may have",
            ),
            (
                json!({"oneOf": [{"type": "number"}, {"minimum": 3}]}),
                json!(1),
                json!(4),
                " fits 2 of the forms of which it must fit one",
            ),
            (
                json!({"not": {"type": "string"}}),
                json!(1),
                json!("a"),
                " has the form it must not have",
            ),
            (
                json!({"$defs": {"n": {"type": "number"}}, "items": {"$ref": "#/$defs/n"}}),
                json!([1]),
                json!([""]),
                "/0 must be number, not string",
            ),
            (
                json!({"allOf": [{"minimum": 1}, {"maximum": 2}]}),
                json!(1),
                json!(3),
                " must be at most 2",
            ),
        ] {
            assert_eq!(told(&schema, &good), Vec::<String>::new(), "{schema}");
            assert_eq!(told(&schema, &bad), [message], "{schema}");
        }
    }

    /// However many fields and items there are, and however deep in alternatives a pattern stands.
    #[test]
    fn a_pattern_is_read_once() {
        let pattern = "^[a-z]{1,20}[0-9]+$";
        let schema = json!({
            "patternProperties": {pattern: {"pattern": pattern}},
            "anyOf": [{"patternProperties": {pattern: {}}}, {"patternProperties": {pattern: {}}}],
        });
        let fields = (0..500).map(|number| (format!("f{number}"), json!(format!("v{number}"))));
        let value = Value::Object(fields.collect());
        let mut checker =
            Checker { root: &schema, found: Vec::new(), steps: STEPS, patterns: HashMap::new() };
        checker.check(&schema, &value, "", 0);
        assert_eq!((checker.found.len(), checker.patterns.len()), (0, 1));
    }

    #[test]
    fn patterns_without_end_are_not_read() {
        let many: serde_json::Map<String, Value> =
            (0..2 * PATTERNS).map(|number| (format!("^f{number}$"), json!(false))).collect();
        let schema = json!({"patternProperties": many});
        let told = |name: &str| told(&schema, &json!({name: 1})).len();
        assert_eq!((told("f0"), told(&format!("f{}", 2 * PATTERNS - 1))), (1, 0));
        let long = "a".repeat(LONGEST_PATTERN + 1);
        let schema = json!({"pattern": long});
        assert!(self::told(&schema, &json!("a"))[0].contains("cannot be read"));
    }

    #[test]
    fn hostile_schemas_end_and_nothing_is_fetched() {
        let endless = json!({"$ref": "#"});
        assert!(told(&endless, &json!(1))[0].contains("without end"));
        let wide = json!({"anyOf": [{"$ref": "#"}, {"$ref": "#"}, {"$ref": "#"}]});
        assert!(!told(&wide, &json!(1)).is_empty());
        let far = json!({"$ref": "https://example.com/schema.json"});
        assert!(told(&far, &json!(1))[0].contains("not in it"));
        let many = json!({"items": {"type": "string"}});
        assert_eq!(told(&many, &json!(vec![1; 1000])).len(), MOST_MISMATCHES);
    }

    #[test]
    fn a_pattern_of_a_schema_comes_to_an_end_whatever_it_is() {
        const LENGTH: usize = 10 << 20;
        for (pattern, piece) in
            [("(a+)+$", "a"), ("^(a|aa)+$", "a"), (r"^(\w+\s?)*$", "aaaa "), ("(.*)*x", "a")]
        {
            let schema = json!({ "pattern": pattern, "patternProperties": { (pattern): {} } });
            let text = piece.repeat(LENGTH / piece.len()) + "!";
            let told = mismatches(&schema, &json!(text));
            assert!(told.len() == 1 && told[0].message.contains("match"), "{pattern}: {told:?}");
            let fields: serde_json::Map<String, Value> =
                (0..500).map(|at| (format!("{piece}{at}!"), Value::Null)).collect();
            assert_eq!(mismatches(&schema, &Value::Object(fields)), []);
        }
        let large = json!({ "pattern": r"\w{1000}{1000}" });
        assert!(mismatches(&large, &json!("x"))[0].message.contains("cannot be read"));
    }
}
