//! JSON out of what a model wrote: bare, in a fence, or with words around it, and repaired where
//! what is meant is plain.

use serde_json::{Map, Number, Value};

/// What was done to a text to read it as JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Repair {
    /// Words or a fence around it were left out.
    Surroundings,
    /// A comma before a closing bracket was left out.
    TrailingComma,
    /// A comma between two entries was put in.
    MissingComma,
    /// Texts in other quotation marks were read as texts.
    Quotes,
    /// Keys without quotation marks were read as texts.
    BareKey,
    /// Comments were left out.
    Comment,
    /// Another language's word was read: `True`, `None`, `undefined`, `NaN`.
    Word,
    /// A number written as JSON does not was read: `+1`, `.5`, `1_000`.
    Number,
    /// Line ends and other control characters inside of a text were kept.
    ControlCharacter,
    /// A backslash that escapes nothing was kept.
    Escape,
    /// What was open at the end was closed.
    Unclosed,
}

impl Repair {
    /// What was done, in words.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Surroundings => "words around it left out",
            Self::TrailingComma => "trailing comma left out",
            Self::MissingComma => "missing comma put in",
            Self::Quotes => "other quotation marks read",
            Self::BareKey => "key without quotation marks read",
            Self::Comment => "comment left out",
            Self::Word => "word of another language read",
            Self::Number => "number in another notation read",
            Self::ControlCharacter => "line end inside of a text kept",
            Self::Escape => "stray backslash kept",
            Self::Unclosed => "open end closed",
        }
    }
}

/// JSON found in a text.
#[derive(Clone, Debug, PartialEq)]
pub struct Extracted {
    pub value: Value,
    /// Each kind of repair once; empty where the whole text is JSON as it stands.
    pub repairs: Vec<Repair>,
}

/// Why a text holds no JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoJson {
    /// One sentence, with line and column where there are some.
    pub message: String,
}

/// Places an object or list may begin that are tried before giving up.
const STARTS: usize = 64;
/// Of these, how many are tried with repairs.
const REPAIRED_STARTS: usize = 4;
/// Brackets inside of one another, as `serde_json` has it.
const DEPTH: usize = 120;

/// Finds JSON in a text: the whole text, else the first fence, else the first object or list
/// that reads as it stands, else the first that reads with repairs. A text that is JSON comes
/// back as it is. Takes time in proportion to the length of the text.
///
/// # Errors
/// [`NoJson`] where nothing of it can be read, with what is wrong with the nearest.
pub fn extract(text: &str) -> Result<Extracted, NoJson> {
    let whole = text.trim().trim_start_matches('\u{feff}').trim();
    let error = match serde_json::from_str(whole) {
        Ok(value) => return Ok(Extracted { value, repairs: Vec::new() }),
        Err(error) => error,
    };
    let places = candidates(whole);
    let strict = places.iter().take(STARTS).find_map(|place| first_value(place));
    if let Some(value) = strict {
        return Ok(Extracted { value, repairs: vec![Repair::Surroundings] });
    }
    for place in places.iter().take(REPAIRED_STARTS) {
        let mut reader = Reader::new(place);
        if let Some(value) = reader.container(0) {
            reader.end(place.len() < whole.len());
            reader.repairs.sort_unstable();
            reader.repairs.dedup();
            return Ok(Extracted { value, repairs: reader.repairs });
        }
    }
    let message = if whole.is_empty() {
        "the answer is empty".to_owned()
    } else if places.is_empty() {
        "there is no object and no list in it".to_owned()
    } else {
        format!("it does not read as JSON: {error}")
    };
    Err(NoJson { message })
}

/// Where an object or a list may begin, the first fence first.
fn candidates(text: &str) -> Vec<&str> {
    let mut places = Vec::new();
    if let Some(inside) = fenced(text) {
        places.extend(inside.find(['{', '[']).and_then(|at| inside.get(at..)));
    }
    let starts = text.match_indices(['{', '[']).filter_map(|(at, _)| text.get(at..));
    places.extend(starts.take(STARTS));
    places
}

/// What stands in the first fence.
fn fenced(text: &str) -> Option<&str> {
    let (_, after) = text.split_once("```")?;
    let inside = after.split_once('\n').map_or(after, |(_, inside)| inside);
    Some(inside.split_once("```").map_or(inside, |(inside, _)| inside))
}

/// The object or list a text begins with, if it reads as it stands.
fn first_value(text: &str) -> Option<Value> {
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<Value>();
    values.next()?.ok()
}

/// Reads JSON as people and models write it.
struct Reader<'a> {
    rest: &'a str,
    repairs: Vec<Repair>,
}

impl<'a> Reader<'a> {
    const fn new(text: &'a str) -> Self {
        Self { rest: text, repairs: Vec::new() }
    }

    fn note(&mut self, repair: Repair) {
        if !self.repairs.contains(&repair) {
            self.repairs.push(repair);
        }
    }

    fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    fn skip(&mut self, bytes: usize) {
        self.rest = self.rest.get(bytes..).unwrap_or_default();
    }

    fn take(&mut self, character: char) -> bool {
        let is_next = self.rest.starts_with(character);
        if is_next {
            self.skip(character.len_utf8());
        }
        is_next
    }

    /// What stands behind the value: words, or the end of a fence.
    fn end(&mut self, words_before: bool) {
        self.blanks();
        if words_before || !self.rest.is_empty() {
            self.note(Repair::Surroundings);
        }
    }

    fn blanks(&mut self) {
        loop {
            self.rest = self.rest.trim_start();
            let end = if self.rest.starts_with("//") {
                self.rest.find('\n').unwrap_or(self.rest.len())
            } else if self.rest.starts_with("/*") {
                self.rest.find("*/").map_or(self.rest.len(), |at| at + 2)
            } else {
                return;
            };
            self.skip(end);
            self.note(Repair::Comment);
        }
    }

    fn container(&mut self, depth: usize) -> Option<Value> {
        match self.peek()? {
            '{' => self.object(depth),
            '[' => self.list(depth),
            _ => None,
        }
    }

    fn value(&mut self, depth: usize) -> Option<Value> {
        match self.peek()? {
            '{' | '[' if depth < DEPTH => self.container(depth),
            '"' | '\'' | '“' | '‘' => self.text().map(Value::String),
            '-' | '+' | '.' | '0'..='9' => self.number(),
            _ => self.word(),
        }
    }

    fn object(&mut self, depth: usize) -> Option<Value> {
        self.skip(1);
        let mut map = Map::new();
        loop {
            self.blanks();
            if self.closed('}') {
                return Some(Value::Object(map));
            }
            let key = self.key()?;
            self.blanks();
            if !self.take(':') {
                return None;
            }
            self.blanks();
            if self.rest.is_empty() {
                // The text broke off before the value: the key says nothing.
                self.note(Repair::Unclosed);
                return Some(Value::Object(map));
            }
            let value = self.value(depth + 1)?;
            map.insert(key, value);
            self.between('}');
        }
    }

    fn list(&mut self, depth: usize) -> Option<Value> {
        self.skip(1);
        let mut items = Vec::new();
        loop {
            self.blanks();
            if self.closed(']') {
                return Some(Value::Array(items));
            }
            items.push(self.value(depth + 1)?);
            self.between(']');
        }
    }

    /// Whether a container ends here, by its bracket or with the text.
    fn closed(&mut self, bracket: char) -> bool {
        if self.rest.is_empty() {
            self.note(Repair::Unclosed);
            return true;
        }
        self.take(bracket)
    }

    /// What stands between two entries.
    fn between(&mut self, bracket: char) {
        self.blanks();
        if self.take(',') {
            self.blanks();
            if self.rest.starts_with(bracket) {
                self.note(Repair::TrailingComma);
            }
        } else if !self.rest.is_empty() && !self.rest.starts_with(bracket) {
            self.note(Repair::MissingComma);
        }
    }

    fn key(&mut self) -> Option<String> {
        if matches!(self.peek()?, '"' | '\'' | '“' | '‘') {
            return self.text();
        }
        let is_of_key = |character: char| character.is_alphanumeric() || "_-$.".contains(character);
        let end = self.rest.find(|character| !is_of_key(character)).unwrap_or(self.rest.len());
        let key = self.rest.get(..end).filter(|key| !key.is_empty())?;
        self.skip(end);
        self.note(Repair::BareKey);
        Some(key.to_owned())
    }

    fn text(&mut self) -> Option<String> {
        let opening = self.peek()?;
        let closing = match opening {
            '“' => '”',
            '‘' => '’',
            same => same,
        };
        if opening != '"' {
            self.note(Repair::Quotes);
        }
        self.skip(opening.len_utf8());
        let mut out = String::new();
        loop {
            let Some(character) = self.peek() else {
                self.note(Repair::Unclosed);
                return Some(out);
            };
            self.skip(character.len_utf8());
            match character {
                _ if character == closing => return Some(out),
                '\\' => self.escape(&mut out),
                '\0'..='\u{1f}' => {
                    self.note(Repair::ControlCharacter);
                    out.push(character);
                }
                _ => out.push(character),
            }
        }
    }

    fn escape(&mut self, out: &mut String) {
        let Some(character) = self.peek() else { return out.push('\\') };
        let plain = match character {
            '"' | '\\' | '/' | '\'' => Some(character),
            'n' => Some('\n'),
            't' => Some('\t'),
            'r' => Some('\r'),
            'b' => Some('\u{8}'),
            'f' => Some('\u{c}'),
            _ => None,
        };
        if character == '\'' {
            self.note(Repair::Escape);
        }
        if let Some(plain) = plain {
            self.skip(character.len_utf8());
            return out.push(plain);
        }
        if let Some((character, length)) = self.unicode() {
            self.skip(length);
            return out.push(character);
        }
        self.note(Repair::Escape);
        out.push('\\');
    }

    /// The character a `uXXXX` names, with the second half of a pair.
    fn unicode(&self) -> Option<(char, usize)> {
        let unit = |at: usize| {
            let digits = self.rest.get(at..at + 4)?;
            digits.bytes().all(|it| it.is_ascii_hexdigit()).then_some(())?;
            u32::from_str_radix(digits, 16).ok()
        };
        if !self.rest.starts_with('u') {
            return None;
        }
        let first = unit(1)?;
        if let Some(character) = char::from_u32(first) {
            return Some((character, 5));
        }
        let second = (self.rest.get(5..7)? == "\\u").then(|| unit(7)).flatten()?;
        let pair = 0x10000 + ((first.checked_sub(0xD800)?) << 10) + second.checked_sub(0xDC00)?;
        Some((char::from_u32(pair)?, 11))
    }

    fn number(&mut self) -> Option<Value> {
        let is_of_number = |byte: u8| byte.is_ascii_alphanumeric() || b"+-._".contains(&byte);
        let end = self.rest.bytes().position(|byte| !is_of_number(byte)).unwrap_or(self.rest.len());
        let written = self.rest.get(..end)?;
        if let Ok(number) = serde_json::from_str::<Number>(written) {
            self.skip(end);
            return Some(Value::Number(number));
        }
        if matches!(written.trim_start_matches(['+', '-']), "Infinity" | "inf" | "NaN") {
            return self.word();
        }
        let plain = written.replace('_', "");
        let number =
            plain.trim_start_matches('+').parse::<f64>().ok().and_then(Number::from_f64)?;
        self.skip(end);
        self.note(Repair::Number);
        Some(Value::Number(number))
    }

    fn word(&mut self) -> Option<Value> {
        let sign = usize::from(self.rest.starts_with(['+', '-']));
        let tail = self.rest.get(sign..)?;
        let end = tail.find(|it: char| !it.is_ascii_alphabetic()).unwrap_or(tail.len());
        let word = tail.get(..end)?;
        let value = match word {
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            "null" => Value::Null,
            _ => {
                let value = match word {
                    "True" | "TRUE" => Value::Bool(true),
                    "False" | "FALSE" => Value::Bool(false),
                    "None" | "NULL" | "Null" | "nil" | "undefined" | "NaN" | "Infinity" | "inf" => {
                        Value::Null
                    }
                    _ => return None,
                };
                self.note(Repair::Word);
                value
            }
        };
        self.skip(sign + end);
        Some(value)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(text: &str) -> (Value, Vec<Repair>) {
        let Extracted { value, repairs } = extract(text).expect(text);
        (value, repairs)
    }

    #[test]
    fn json_as_it_stands_is_not_touched() {
        for text in [" {\"a\": 1} ", "[1, 2]", "\"text\"", "12", "null"] {
            let (value, repairs) = read(text);
            assert_eq!(value, serde_json::from_str::<Value>(text).expect("JSON"));
            assert!(repairs.is_empty(), "{text}");
        }
    }

    #[test]
    fn words_and_fences_are_left_out() {
        for text in [
            "Sure, here it is:\n```json\n{\"a\": [1]}\n```\nAnything else?",
            "The result is {\"a\": [1]} as asked.",
            "```\n{\"a\": [1]}\n```",
            "Use {braces} like so: {\"a\": [1]}",
        ] {
            assert_eq!(read(text), (json!({"a": [1]}), vec![Repair::Surroundings]), "{text}");
        }
    }

    #[test]
    fn what_is_plainly_meant_is_repaired_and_told() {
        for (text, value, repairs) in [
            ("{\"a\": 1,}", json!({"a": 1}), vec![Repair::TrailingComma]),
            ("{'a': 'it\\'s'}", json!({"a": "it's"}), vec![Repair::Quotes, Repair::Escape]),
            ("{a: 1}", json!({"a": 1}), vec![Repair::BareKey]),
            ("{\"a\": True, \"b\": None}", json!({"a": true, "b": null}), vec![Repair::Word]),
            ("{\"a\": 1 // one\n}", json!({"a": 1}), vec![Repair::Comment]),
            ("{\"a\": 1 \"b\": 2}", json!({"a": 1, "b": 2}), vec![Repair::MissingComma]),
            ("[\"a\nb\"]", json!(["a\nb"]), vec![Repair::ControlCharacter]),
            ("{\"a\": [1, 2", json!({"a": [1, 2]}), vec![Repair::Unclosed]),
            ("{\"a\": \"tex", json!({"a": "tex"}), vec![Repair::Unclosed]),
            ("[+1, .5, 1_000]", json!([1.0, 0.5, 1000.0]), vec![Repair::Number]),
            ("[\"\\d\"]", json!(["\\d"]), vec![Repair::Escape]),
            ("{“a”: 1}", json!({"a": 1}), vec![Repair::Quotes]),
            ("x {a: 1} y", json!({"a": 1}), vec![Repair::Surroundings, Repair::BareKey]),
        ] {
            assert_eq!(read(text), (value, repairs), "{text}");
        }
    }

    #[test]
    fn what_is_not_json_is_refused_with_its_reason() {
        for (text, part) in
            [("", "empty"), ("no json here", "no object"), ("{nothing at all}", "line 1")]
        {
            let error = extract(text).expect_err(text);
            assert!(error.message.contains(part), "{}", error.message);
        }
        assert!(extract(&"[".repeat(100_000)).is_err());
        assert!(extract(&"{\"a\":".repeat(100_000)).is_err());
    }
}
