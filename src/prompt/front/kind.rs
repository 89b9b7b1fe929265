//! The types a parameter may ask for.

use serde_json::{Number, Value};

/// The type of a parameter's value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ParameterKind {
    #[default]
    Any,
    Text,
    Number,
    Integer,
    Boolean,
    List,
    Object,
}

impl ParameterKind {
    /// Every kind, in the order messages list them.
    pub const ALL: [Self; 7] = [
        Self::Text,
        Self::Number,
        Self::Integer,
        Self::Boolean,
        Self::List,
        Self::Object,
        Self::Any,
    ];

    /// The word written in a template.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Any => "any",
            Self::Text => "string",
            Self::Number => "number",
            Self::Integer => "integer",
            Self::Boolean => "boolean",
            Self::List => "array",
            Self::Object => "object",
        }
    }

    /// The kind a word names; the words of JSON Schema, Prompty and Python are all read.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Some(match word.to_ascii_lowercase().as_str() {
            "any" => Self::Any,
            "string" | "str" | "text" => Self::Text,
            "number" | "float" | "double" => Self::Number,
            "integer" | "int" => Self::Integer,
            "boolean" | "bool" => Self::Boolean,
            "array" | "list" => Self::List,
            "object" | "map" | "dict" => Self::Object,
            _ => return None,
        })
    }

    /// What a value must be, as said in an error.
    #[must_use]
    pub const fn expects(self) -> &'static str {
        match self {
            Self::Any => "a value",
            Self::Text => "a text",
            Self::Number => "a number",
            Self::Integer => "a whole number",
            Self::Boolean => "true or false",
            Self::List => "a list",
            Self::Object => "an object",
        }
    }

    /// The value as this kind, or `None` when it is of another. Text that reads as the kind is
    /// taken as it, because forms and flags only give text: `"3"` is a number, `"[1]"` a list.
    #[must_use]
    pub fn accept(self, value: &Value) -> Option<Value> {
        let fits = match self {
            Self::Any => true,
            Self::Text => value.is_string(),
            Self::Number => value.is_number(),
            Self::Integer => is_integer(value),
            Self::Boolean => value.is_boolean(),
            Self::List => value.is_array(),
            Self::Object => value.is_object(),
        };
        if fits {
            return Some(value.clone());
        }
        match (self, value) {
            (Self::Text, Value::Number(number)) => Some(Value::String(number.to_string())),
            (Self::Text, Value::Bool(truth)) => Some(Value::String(truth.to_string())),
            (Self::Any | Self::Text, _) => None,
            (_, Value::String(text)) => {
                let read: Value = serde_json::from_str(text.trim()).ok()?;
                if read.is_string() { None } else { self.accept(&read) }
            }
            (Self::Integer, Value::Number(number)) => whole(number),
            _ => None,
        }
    }
}

fn is_integer(value: &Value) -> bool {
    value.is_i64() || value.is_u64()
}

#[expect(clippy::cast_possible_truncation, reason = "only whole numbers below 2^53 pass")]
fn whole(number: &Number) -> Option<Value> {
    let float = number.as_f64()?;
    (float.fract() == 0.0 && float.abs() < 9e15).then(|| Value::from(float as i64))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn text_from_a_form_becomes_the_kind_it_reads_as() {
        assert_eq!(ParameterKind::Integer.accept(&json!(" 3 ")), Some(json!(3)));
        assert_eq!(ParameterKind::Number.accept(&json!("0.5")), Some(json!(0.5)));
        assert_eq!(ParameterKind::Boolean.accept(&json!("true")), Some(json!(true)));
        assert_eq!(ParameterKind::List.accept(&json!("[1,2]")), Some(json!([1, 2])));
        assert_eq!(ParameterKind::Text.accept(&json!(5)), Some(json!("5")));
        assert_eq!(ParameterKind::Integer.accept(&json!(4.0)), Some(json!(4)));
        for (kind, value) in [
            (ParameterKind::Integer, json!("3.5")),
            (ParameterKind::Number, json!("three")),
            (ParameterKind::Number, json!("\"3\"")),
            (ParameterKind::Boolean, json!("yes")),
            (ParameterKind::Object, json!([1])),
            (ParameterKind::Text, json!(null)),
        ] {
            assert_eq!(kind.accept(&value), None, "{kind:?} took {value}");
        }
    }

    #[test]
    fn every_word_reads_back() {
        for kind in ParameterKind::ALL {
            assert_eq!(ParameterKind::from_word(kind.as_str()), Some(kind));
        }
    }
}
