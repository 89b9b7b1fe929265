//! JSON with places: the same tree as [`super::yaml`], and text that knows where it came from.

use std::ops::Range;

use serde_json::Value;

use super::yaml::{Key, Node, NodeValue};

/// Why a text is not the JSON we read, at a byte of the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JsonError {
    pub offset: usize,
    pub message: String,
}

/// Reads a JSON text into a tree of places.
///
/// # Errors
/// [`JsonError`] for text that is not JSON, that is nested deeper than 128 levels, or in which an
/// object has a key twice.
pub fn read(text: &str) -> Result<Node, JsonError> {
    // serde_json is the judge of what is JSON (and of its depth); the walk below only follows.
    serde_json::from_str::<Value>(text).map_err(|error| {
        let line_start = text
            .split_inclusive('\n')
            .take(error.line().saturating_sub(1))
            .map(str::len)
            .sum::<usize>();
        let message = error.to_string();
        let message = message.split(" at line ").next().unwrap_or(&message).to_owned();
        JsonError { offset: line_start + error.column().saturating_sub(1), message }
    })?;
    Reader { text, at: 0 }.node()
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl Reader<'_> {
    fn peek(&mut self) -> u8 {
        let bytes = self.text.as_bytes();
        while bytes.get(self.at).is_some_and(u8::is_ascii_whitespace) {
            self.at += 1;
        }
        bytes.get(self.at).copied().unwrap_or(0)
    }

    fn node(&mut self) -> Result<Node, JsonError> {
        let first = self.peek();
        let start = self.at;
        let value = match first {
            b'{' => NodeValue::Map(self.members()?),
            b'[' => NodeValue::List(self.items()?),
            b'"' => NodeValue::Scalar(Value::String(self.string())),
            _ => {
                let rest = self.text.get(start..).unwrap_or("");
                let len = rest.find([',', ']', '}', ' ', '\n', '\r', '\t']).unwrap_or(rest.len());
                self.at += len.max(1);
                let value = serde_json::from_str(rest.get(..len).unwrap_or("")).unwrap_or_default();
                NodeValue::Scalar(value)
            }
        };
        Ok(Node { value, range: start..self.at })
    }

    fn members(&mut self) -> Result<Vec<(Key, Node)>, JsonError> {
        let mut entries: Vec<(Key, Node)> = Vec::new();
        let mut seen = std::collections::HashSet::new();
        self.at += 1;
        while self.peek() == b'"' {
            let start = self.at;
            let text = self.string();
            if !seen.insert(text.clone()) {
                let message = format!("the key `{text}` stands twice");
                return Err(JsonError { offset: start, message });
            }
            let key = Key { text, range: start..self.at };
            self.skip(b':');
            entries.push((key, self.node()?));
            self.skip(b',');
        }
        self.skip(b'}');
        Ok(entries)
    }

    fn items(&mut self) -> Result<Vec<Node>, JsonError> {
        let mut items = Vec::new();
        self.at += 1;
        while !matches!(self.peek(), b']' | 0) {
            items.push(self.node()?);
            self.skip(b',');
        }
        self.skip(b']');
        Ok(items)
    }

    fn skip(&mut self, byte: u8) {
        if self.peek() == byte {
            self.at += 1;
        }
    }

    fn string(&mut self) -> String {
        let start = self.at;
        let bytes = self.text.as_bytes();
        self.at += 1;
        while let Some(&byte) = bytes.get(self.at) {
            self.at += if byte == b'\\' { 2 } else { 1 };
            if byte == b'"' {
                break;
            }
        }
        serde_json::from_str(self.text.get(start..self.at).unwrap_or("\"\"")).unwrap_or_default()
    }
}

/// A JSON string's text, and for every byte of it the byte of the source it was written with.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Decoded {
    pub text: String,
    /// Starts of runs, in order: byte in `text`, byte in the source. Inside a run both advance
    /// together.
    runs: Vec<(usize, usize)>,
}

impl Decoded {
    /// Decodes a JSON string literal (quotes included) that stands at `range` of `source`.
    #[must_use]
    pub fn new(source: &str, range: Range<usize>) -> Self {
        let literal = source.get(range.clone()).unwrap_or("\"\"");
        let text: String = serde_json::from_str(literal).unwrap_or_default();
        let mut runs = vec![(0, range.start + 1)];
        let mut decoded = 0;
        let bytes = literal.as_bytes();
        let mut at = 1;
        while at + 1 < literal.len() {
            if bytes.get(at) != Some(&b'\\') {
                at += 1;
                decoded += 1;
                continue;
            }
            let (width, bytes_out) = escape(literal.get(at..).unwrap_or(""));
            at += width;
            decoded += bytes_out;
            runs.push((decoded, range.start + at));
        }
        Self { text, runs }
    }

    /// The source's byte for a byte of the text.
    #[must_use]
    pub fn source_offset(&self, offset: usize) -> usize {
        let run = self.runs.partition_point(|&(start, _)| start <= offset).saturating_sub(1);
        let Some(&(decoded, source)) = self.runs.get(run) else { return offset };
        let exact = source + (offset - decoded);
        // A byte inside an escape belongs to where the escape ends at the latest.
        self.runs.get(run + 1).map_or(exact, |&(_, next)| exact.min(next))
    }
}

/// Width of the escape a text begins with, and the bytes of UTF-8 it stands for.
fn escape(text: &str) -> (usize, usize) {
    let unit = |from: usize| {
        text.get(from..from + 4).and_then(|hex| u32::from_str_radix(hex, 16).ok()).unwrap_or(0)
    };
    if text.as_bytes().get(1) != Some(&b'u') {
        return (2, 1);
    }
    let first = unit(2);
    if (0xD800..0xDC00).contains(&first) {
        return (12, 4);
    }
    (6, char::from_u32(first).map_or(3, char::len_utf8))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decoded_text_knows_its_source_bytes() {
        let source = r#"{"template": "a\n{{ x }}\u00e4\ud83d\ude00b{{y}}"}"#;
        let node = read(source).expect("json");
        let range = node.get("template").expect("key").range.clone();
        let decoded = Decoded::new(source, range);
        for name in ["x", "y", "a", "b"] {
            let at = decoded.text.find(name).expect("in the text");
            let there = decoded.source_offset(at);
            assert_eq!(&source[there..=there], name);
        }
    }

    #[test]
    fn places_of_keys_and_values() {
        let source = "{\n  \"version\" : \"1.0.0\",\n  \"n\": [1, {\"k\": null}] }";
        let node = read(source).expect("json");
        let version = node.get("version").expect("key");
        assert_eq!(&source[version.range.clone()], "\"1.0.0\"");
        assert_eq!(node.to_json()["n"][1]["k"], Value::Null);
        assert_eq!(&source[node.get("n").expect("n").range.clone()], "[1, {\"k\": null}]");
    }

    #[test]
    fn a_key_twice_and_broken_text_are_named_by_place() {
        assert_eq!(read("{\"a\":1,\"a\":2}").expect_err("twice").offset, 7);
        let error = read("{\n  \"a\": tru }").expect_err("broken");
        assert!(error.offset >= 9, "{error:?}");
        assert!(!error.message.contains("line"), "{error:?}");
    }
}
