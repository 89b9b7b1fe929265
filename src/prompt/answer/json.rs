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

/// Where in a text JSON was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whence {
    /// It is all of the text.
    Whole,
    /// From the first fence.
    Fence,
    /// From between words.
    Words,
}

/// JSON found in a text.
#[derive(Clone, Debug, PartialEq)]
pub struct Extracted {
    pub value: Value,
    pub whence: Whence,
    /// Each kind of repair once; empty where the whole text is JSON as it stands.
    pub repairs: Vec<Repair>,
}

impl Extracted {
    /// Whether nothing had to be guessed: it reads as it stands, once what is around it is left
    /// out.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        self.repairs.iter().all(|repair| *repair == Repair::Surroundings)
    }
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

/// Finds JSON in a text: the whole text, else the first fence, else the longest object or list
/// that reads as it stands (a footnote such as `[1]` is one as well), else the first that reads
/// with repairs. A text that is JSON comes back as it is. Takes time in proportion to the length
/// of the text.
///
/// # Errors
/// [`NoJson`] where nothing of it can be read, with what is wrong with the nearest.
pub fn extract(text: &str) -> Result<Extracted, NoJson> {
    let whole = text.trim().trim_start_matches('\u{feff}').trim();
    let error = match serde_json::from_str(whole) {
        Ok(value) => return Ok(Extracted { value, whence: Whence::Whole, repairs: Vec::new() }),
        Err(error) => error,
    };
    let fence = fenced(whole).and_then(|inside| inside.get(inside.find(['{', '['])?..));
    let fenced = fence.and_then(|place| first_value(place).ok());
    if let Some((value, _)) = fenced {
        let repairs = vec![Repair::Surroundings];
        return Ok(Extracted { value, whence: Whence::Fence, repairs });
    }
    let broken_off = match longest_value(whole) {
        Ok(Some(value)) => {
            let repairs = vec![Repair::Surroundings];
            return Ok(Extracted { value, whence: Whence::Words, repairs });
        }
        Ok(None) => whole.len(),
        Err(start) => start,
    };
    let mut places = candidates(fence, whole);
    // What stands inside of something that broke off is only a part of what was meant.
    places.retain(|(_, place)| whole.len() - place.len() <= broken_off || fence == Some(*place));
    for (whence, place) in places.iter().take(REPAIRED_STARTS) {
        let mut reader = Reader::new(place);
        if let Some(value) = reader.container(0) {
            reader.end(place.len() < whole.len());
            reader.repairs.sort_unstable();
            reader.repairs.dedup();
            let surrounded = reader.repairs.contains(&Repair::Surroundings);
            let whence = if surrounded { *whence } else { Whence::Whole };
            return Ok(Extracted { value, whence, repairs: reader.repairs });
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
fn candidates<'a>(fence: Option<&'a str>, text: &'a str) -> Vec<(Whence, &'a str)> {
    let starts = text.match_indices(['{', '[']).filter_map(|(at, _)| text.get(at..));
    let starts = starts.take(STARTS).map(|place| (Whence::Words, place));
    fence.map(|place| (Whence::Fence, place)).into_iter().chain(starts).collect()
}

/// The longest of the objects and lists that stand in a text one after another and read as they
/// stand. In one that the text breaks off in, there is none: what is whole inside of it is only a
/// part of what was meant. Where that one begins is the error.
fn longest_value(text: &str) -> Result<Option<Value>, usize> {
    let mut longest: Option<(Value, usize)> = None;
    let mut from = 0;
    for _ in 0..STARTS {
        let Some(at) = text.get(from..).and_then(|rest| rest.find(['{', '['])) else { break };
        let start = from + at;
        from = start + 1;
        match first_value(text.get(start..).unwrap_or_default()) {
            Ok((value, length)) => {
                // What is inside of it is a part of it.
                from = start + length;
                if longest.as_ref().is_none_or(|(_, most)| length > *most) {
                    longest = Some((value, length));
                }
            }
            Err(error) if error.is_eof() => return Err(start),
            Err(_) => {}
        }
    }
    Ok(longest.map(|(value, _)| value))
}

/// What stands in the first fence. A fence begins a line: in a text of JSON there is none.
fn fenced(text: &str) -> Option<&str> {
    // A line at a time: what stands before a mark is looked at once.
    let fence = |line: &str| line.trim_start().starts_with("```");
    let mut inside: Option<usize> = None;
    let mut from = 0;
    for line in text.split_inclusive('\n') {
        let start = from;
        from += line.len();
        if !fence(line) {
            continue;
        }
        let mark = start + line.len() - line.trim_start().len();
        match inside {
            Some(inside) => return text.get(inside..mark),
            None => inside = Some(if line.ends_with('\n') { from } else { mark + 3 }),
        }
    }
    text.get(inside?..)
}

/// The object or list a text begins with, and its length in bytes.
fn first_value(text: &str) -> Result<(Value, usize), serde_json::Error> {
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<Value>();
    let value = values.next().transpose()?.unwrap_or_default();
    Ok((value, values.byte_offset()))
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
            if !self.rest.is_empty() && !self.take(':') {
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
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::{Extracted, Repair, Whence, extract};

    fn read(text: &str) -> (Value, Vec<Repair>) {
        let Extracted { value, repairs, .. } = extract(text).expect(text);
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
    fn it_is_told_where_it_was_found() {
        for (text, whence, plain) in [
            ("{\"a\": 1}", Whence::Whole, true),
            ("```json\n{\"a\": 1}\n```", Whence::Fence, true),
            ("It is {\"a\": 1}.", Whence::Words, true),
            ("It is [1]\n```\n{\"a\": 1}\n```", Whence::Fence, true),
            ("```\nno json\n```\nIt is {\"a\": 1}.", Whence::Words, true),
            ("{a: 1}", Whence::Whole, false),
            ("```json\n{a: 1}\n```", Whence::Fence, false),
        ] {
            let found = extract(text).expect(text);
            assert_eq!((found.whence, found.is_plain()), (whence, plain), "{text}");
        }
    }

    /// What is whole inside of something that broke off is not what was asked for.
    #[test]
    fn a_part_is_not_taken_for_the_whole() {
        for text in [
            "[{\"a\": 1}, {\"a\": 2}, {\"a\"",
            "```json\n{\"list\": [{\"a\": 1}",
            "It is {\"a\": {\"b\": 1}, \"c\": ",
        ] {
            let found = extract(text).expect(text);
            assert!(!found.is_plain(), "{text}: {found:?}");
            assert!(found.repairs.contains(&Repair::Unclosed), "{text}: {found:?}");
        }
    }

    #[test]
    fn a_footnote_is_not_taken_for_the_answer() {
        let text = "As [1] and [2] say: {\"a\": [1, 2, {\"b\": 3}]}. See [1].";
        assert_eq!(read(text).0, json!({"a": [1, 2, {"b": 3}]}));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(10_000))]

        /// Whatever a model writes is JSON or it is not; what is found is JSON, and found again
        /// in what it is written as.
        #[test]
        fn any_text_is_read_or_refused(text in any_answer()) {
            if let Ok(found) = extract(&text) {
                let written = found.value.to_string();
                let again = extract(&written).expect("JSON");
                prop_assert_eq!(&again.value, &found.value);
                prop_assert!(again.repairs.is_empty());
                prop_assert_eq!(found.whence == Whence::Whole, !found.repairs.contains(&Repair::Surroundings));
            }
        }

        #[test]
        fn json_is_found_in_whatever_stands_around_it(
            value in any_json(), before in "[a-z .,:]{0,40}", after in "[a-z .,:]{0,40}", fence in any::<bool>()
        ) {
            let text = if fence {
                format!("{before}\n```json\n{value:#}\n```\n{after}")
            } else {
                format!("{before} {value} {after}")
            };
            let found = extract(&text).expect("there is some");
            prop_assert_eq!(found.value, value);
            prop_assert!(found.repairs.iter().all(|it| *it == Repair::Surroundings));
        }

        /// A value that breaks off somewhere is the beginning of what it was, never something else:
        /// with its end put on again it reads as it stands.
        #[test]
        fn what_breaks_off_is_closed(value in any_json(), share in 0.0..1.0_f64) {
            let written = value.to_string();
            let at = written.char_indices().map(|(at, _)| at).nth(share_of(share, &written));
            let cut = at.map_or(written.as_str(), |at| &written[..at]);
            if let Ok(found) = extract(cut) {
                prop_assert_eq!(found.value.is_array(), value.is_array());
                prop_assert!(found.value.to_string().len() <= written.len() + 8, "{}", found.value);
            }
        }
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "a share of a short text"
    )]
    fn share_of(share: f64, text: &str) -> usize {
        (share * text.chars().count() as f64) as usize
    }

    /// An object or a list.
    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::Bool),
            any::<i64>().prop_map(Value::from),
            "[ -~äßé→]{0,6}".prop_map(Value::from),
        ];
        let inner = leaf.prop_recursive(3, 10, 3, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
                prop::collection::vec(("[a-z_]{1,4}", inner), 0..4)
                    .prop_map(|pairs| Value::Object(pairs.into_iter().collect())),
            ]
        });
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
            prop::collection::vec(("[a-z_]{1,4}", inner), 0..4)
                .prop_map(|pairs| Value::Object(pairs.into_iter().collect())),
        ]
    }

    /// What answers are made of: any text, and pieces of JSON in any order.
    fn any_answer() -> impl Strategy<Value = String> {
        let pieces = prop_oneof![
            "[ -~\u{0}-\u{1f}äé→😀]{0,6}",
            prop::sample::select(vec![
                "{",
                "}",
                "[",
                "]",
                "\"",
                "'",
                ":",
                ",",
                "\\",
                "\\u",
                "\\ud83d",
                "```",
                "```json\n",
                "//",
                "/*",
                "*/",
                "\n",
                "true",
                "None",
                "NaN",
                "-",
                "1e999",
                "1_0",
                "+.5",
                "“",
                "”",
                "{\"a\": 1}",
                "[1, 2,]",
                "\u{0}",
                "\u{feff}",
            ])
            .prop_map(str::to_owned),
        ];
        prop::collection::vec(pieces, 0..12).prop_map(|pieces| pieces.concat())
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

    #[test]
    fn marks_of_fences_that_begin_no_line_are_read_once() {
        // What takes the square of so many bytes takes hours.
        let text = format!("x{}\n```json\n{{\"a\": 1}}\n```", "```".repeat(1 << 19));
        let Extracted { value, whence, .. } = extract(&text).expect("there is one");
        assert_eq!((value, whence), (json!({"a": 1}), Whence::Fence));
    }
}
