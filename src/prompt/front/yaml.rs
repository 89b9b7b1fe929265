//! YAML with places: a tree in which every key and every value knows its bytes in the source.
//!
//! The reader is `serde-saphyr`, held to small budgets; what it resolves (numbers, booleans by
//! YAML 1.2, anchors, merges) is taken as it is. Duplicate keys are its error.

use std::{fmt, ops::Range};

use serde::{
    Deserialize, Deserializer,
    de::{Error as _, MapAccess, SeqAccess, Visitor},
};
use serde_json::{Map, Number, Value};
use serde_saphyr::Spanned;

/// A value and the bytes it was written with.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    pub value: NodeValue,
    /// Bytes in the YAML text; quotes included. Collections: from their first byte, length unsure.
    pub range: Range<usize>,
}

/// What a node holds.
#[derive(Clone, Debug, PartialEq)]
pub enum NodeValue {
    Scalar(Value),
    List(Vec<Node>),
    Map(Vec<(Key, Node)>),
}

/// A mapping's key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    pub text: String,
    pub range: Range<usize>,
}

/// Why a text is not YAML we read. Line and column count from 1 inside the YAML text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct YamlError {
    pub line: usize,
    pub column: usize,
    pub message: String,
}

/// Nesting of front matter; deeper is refused, which also bounds every walk over a [`Node`].
const DEPTH: usize = 40;

/// Reads one YAML document. An empty text is an empty mapping.
///
/// # Errors
/// [`YamlError`] for anything that is not one well-formed document inside the budgets: 40 levels
/// deep, 50,000 nodes, 64 anchors, 256 aliases.
pub fn read(text: &str) -> Result<Node, YamlError> {
    if text.lines().all(|line| line.trim().is_empty() || line.trim_start().starts_with('#')) {
        return Ok(Node { value: NodeValue::Map(Vec::new()), range: 0..0 });
    }
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_depth: DEPTH,
            flow_nesting_limit: DEPTH,
            max_nodes: 50_000,
            max_events: 200_000,
            max_anchors: 64,
            max_aliases: 256,
            max_merge_keys: 64,
            max_documents: 1,
            max_total_scalar_bytes: 2 * 1024 * 1024,
        },
        alias_limits: serde_saphyr::alias_limits! {
            max_total_replayed_events: 50_000,
            max_alias_expansions_per_anchor: 256,
        },
        strict_booleans: true,
        with_snippet: false,
    };
    serde_saphyr::from_str_with_options::<Node>(text, options).map_err(|error| {
        let location = error.location();
        let place = |of: Option<u64>| of.and_then(|n| usize::try_from(n).ok()).unwrap_or(1).max(1);
        YamlError {
            line: place(location.map(|at| at.line())),
            column: place(location.map(|at| at.column())),
            message: plain_message(&error),
        }
    })
}

/// The reader's message without the place it appends (we state it ourselves) and without advice
/// that is meant for programmers.
fn plain_message(error: &serde_saphyr::Error) -> String {
    let text = error.without_snippet().to_string();
    let first = text.lines().next().unwrap_or("not valid YAML");
    let end = [" at line ", " (line ", ", line ", " (defined", ", set ", " (used"]
        .into_iter()
        .filter_map(|mark| first.find(mark))
        .min()
        .unwrap_or(first.len());
    first.get(..end).unwrap_or(first).trim_end_matches([':', ',']).to_owned()
}

impl Node {
    /// The node as JSON, places forgotten.
    #[must_use]
    pub fn to_json(&self) -> Value {
        match &self.value {
            NodeValue::Scalar(value) => value.clone(),
            NodeValue::List(items) => items.iter().map(Self::to_json).collect(),
            NodeValue::Map(entries) => Value::Object(
                entries
                    .iter()
                    .map(|(key, node)| (key.text.clone(), node.to_json()))
                    .collect::<Map<_, _>>(),
            ),
        }
    }

    /// The text of a string node.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match &self.value {
            NodeValue::Scalar(Value::String(text)) => Some(text),
            _ => None,
        }
    }

    /// The entries of a mapping.
    #[must_use]
    pub fn entries(&self) -> Option<&[(Key, Self)]> {
        match &self.value {
            NodeValue::Map(entries) => Some(entries),
            _ => None,
        }
    }

    /// A mapping's value by key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Self> {
        self.entries()?.iter().find(|(name, _)| name.text == key).map(|(_, node)| node)
    }
}

fn range_of<T>(spanned: &Spanned<T>) -> Range<usize> {
    let span = spanned.referenced.span();
    let at = |of: Option<u64>| of.and_then(|n| usize::try_from(n).ok()).unwrap_or(0);
    let start = at(span.byte_offset());
    start..start + at(span.byte_len())
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let spanned = Spanned::<NodeValue>::deserialize(deserializer)?;
        let range = range_of(&spanned);
        Ok(Self { value: spanned.value, range })
    }
}

impl<'de> Deserialize<'de> for NodeValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NodeVisitor)
    }
}

struct NodeVisitor;

impl<'de> Visitor<'de> for NodeVisitor {
    type Value = NodeValue;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a YAML value")
    }

    fn visit_unit<E>(self) -> Result<NodeValue, E> {
        Ok(NodeValue::Scalar(Value::Null))
    }

    fn visit_none<E>(self) -> Result<NodeValue, E> {
        Ok(NodeValue::Scalar(Value::Null))
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<NodeValue, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_bool<E>(self, value: bool) -> Result<NodeValue, E> {
        Ok(NodeValue::Scalar(Value::Bool(value)))
    }

    fn visit_i64<E>(self, value: i64) -> Result<NodeValue, E> {
        Ok(NodeValue::Scalar(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<NodeValue, E> {
        Ok(NodeValue::Scalar(value.into()))
    }

    fn visit_i128<E: serde::de::Error>(self, value: i128) -> Result<NodeValue, E> {
        Ok(NodeValue::Scalar(Value::String(value.to_string())))
    }

    fn visit_u128<E: serde::de::Error>(self, value: u128) -> Result<NodeValue, E> {
        Ok(NodeValue::Scalar(Value::String(value.to_string())))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<NodeValue, E> {
        Number::from_f64(value)
            .map(|number| NodeValue::Scalar(Value::Number(number)))
            .ok_or_else(|| E::custom("infinity and not-a-number are no values here"))
    }

    fn visit_str<E>(self, value: &str) -> Result<NodeValue, E> {
        Ok(NodeValue::Scalar(Value::String(value.to_owned())))
    }

    fn visit_string<E>(self, value: String) -> Result<NodeValue, E> {
        Ok(NodeValue::Scalar(Value::String(value)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<NodeValue, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = access.next_element::<Node>()? {
            items.push(item);
        }
        Ok(NodeValue::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<NodeValue, A::Error> {
        let mut entries: Vec<(Key, Node)> = Vec::new();
        while let Some(key) = access.next_key::<Spanned<String>>()? {
            let range = range_of(&key);
            if key.value.len() > 1024 {
                return Err(A::Error::custom("a key is longer than 1,024 bytes"));
            }
            entries.push((Key { text: key.value, range }, access.next_value()?));
        }
        Ok(NodeValue::Map(entries))
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;

    #[test]
    fn every_key_and_scalar_knows_its_bytes() {
        let text = "näme: \"Ä b\"\nversion:   1.10 # c\nlist: [a, {b: 2}]\nblock: |\n  x\n  y\n";
        let node = read(text).expect("yaml");
        let entries = node.entries().expect("a map");
        let slices: Vec<_> = entries
            .iter()
            .map(|(key, node)| (&text[key.range.clone()], &text[node.range.clone()]))
            .collect();
        assert_eq!(slices[0], ("näme", "\"Ä b\""));
        assert_eq!(slices[1], ("version", "1.10"));
        assert_eq!(node.to_json()["list"][1]["b"], 2);
        assert_eq!(node.to_json()["block"], "x\ny\n");
    }

    #[test]
    fn errors_name_line_and_column() {
        for (text, line) in [
            ("a: 1\nb: [1, 2\nc: 3\n", 2..=4),
            ("a: 1\na: 2\n", 2..=2),
            ("a: 1\n\tb: 2\n", 1..=2),
            ("a: 'x\n", 1..=2),
            ("a: *nope\n", 1..=1),
            ("a: b: c\n", 1..=1),
        ] {
            let error = read(text).expect_err(text);
            assert!(line.contains(&error.line), "{text:?}: {error:?}");
            assert!(!error.message.contains(" at line"), "{error:?}");
        }
    }

    #[test]
    fn bombs_are_refused() {
        let deep = format!("a: {}1{}", "[".repeat(5000), "]".repeat(5000));
        assert!(read(&deep).is_err());
        let mut laughs = String::from("a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n");
        for level in 1..20 {
            let items = vec![format!("*a{}", level - 1); 10].join(",");
            writeln!(laughs, "a{level}: &a{level} [{items}]").expect("a string takes it");
        }
        let error = read(&laughs).expect_err("a bomb");
        assert!(error.message.contains("limit"), "{error:?}");
        assert!(read("a: &x 1\nb: *x\n").is_ok());
    }

    #[test]
    fn booleans_follow_yaml_1_2() {
        let node = read("a: yes\nb: true\nc: no\nd: 007\ne: ~\nf: 1e3\n").expect("yaml");
        let json = node.to_json();
        assert_eq!(json["a"], "yes");
        assert_eq!(json["b"], true);
        assert_eq!(json["c"], "no");
        assert_eq!(json["e"], Value::Null);
    }
}
