//! A TOML file read with the places of its keys and values, so that whatever is wrong in it can
//! be said with line and column. Reading goes on after a problem; all are reported together.

use std::{
    cell::RefCell,
    collections::BTreeMap,
    fmt::Display,
    ops::RangeInclusive,
    path::{Path, PathBuf},
    time::Duration,
};

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{
    ConfigError, Problem,
    file::read_settings,
    keys,
    quantity::{show_duration, show_size, size},
};
use crate::model::{did_you_mean, nearest, read_duration};

/// A value and the byte of the file it begins at.
#[derive(Clone, Debug)]
pub(super) struct Located<T> {
    pub at: usize,
    pub value: T,
}

/// A file being read, with the problems found so far.
pub(super) struct Document<'a> {
    file: PathBuf,
    text: &'a str,
    problems: RefCell<Vec<(usize, String)>>,
}

/// A table of the file, whose keys have been checked to be known.
pub(super) struct Section<'a, 'd> {
    document: &'d Document<'a>,
    entries: BTreeMap<&'d str, &'d Spanned<DeValue<'a>>>,
}

impl<'a> Document<'a> {
    pub fn new(file: &Path, text: &'a str) -> Self {
        Self { file: file.to_path_buf(), text, problems: RefCell::new(Vec::new()) }
    }

    /// Parses the text. `None` when it is not TOML or has a key twice, which is noted: checking
    /// what the rest may have meant would only add misleading problems.
    pub fn parse(&self) -> Option<Spanned<DeTable<'a>>> {
        let (table, errors) = DeTable::parse_recoverable(self.text);
        for error in &errors {
            let span = error.span().unwrap_or_default();
            let message = error.message().lines().next().unwrap_or("this is not TOML");
            match self.text.get(span.clone()) {
                Some(key) if message == "duplicate key" => {
                    self.note(span.start, format!("`{key}` stands here a second time; keep one"));
                }
                _ => self.note(span.start, message),
            }
        }
        errors.is_empty().then_some(table)
    }

    /// Notes a problem at a byte of the text.
    pub fn note(&self, at: usize, message: impl Into<String>) {
        self.problems.borrow_mut().push((at, message.into()));
    }

    /// The end of reading: everything that was noted, in the order of the file.
    pub fn finish(self) -> Result<(), ConfigError> {
        let mut noted = self.problems.take();
        if noted.is_empty() {
            return Ok(());
        }
        noted.sort_by_key(|(at, _)| *at);
        let problems = noted
            .into_iter()
            .map(|(at, message)| {
                let (line, column) = position(self.text, at);
                Problem { file: self.file.clone(), line, column, message }
            })
            .collect();
        Err(ConfigError::Invalid(problems))
    }

    /// Checks a table's keys against those that a table of its kind may have. `kind` is the
    /// table's name in the reference of keys, such as `providers.NAME`, empty for the file
    /// itself; `name` is its own name for messages.
    pub fn section<'d>(
        &'d self,
        kind: &str,
        name: &str,
        table: &'d DeTable<'a>,
    ) -> Section<'a, 'd> {
        let known = keys::in_table(kind);
        let mut entries = BTreeMap::new();
        for (key, value) in table {
            let word = key.get_ref().as_ref();
            if known.contains(&word) {
                entries.insert(word, value);
            } else {
                self.note(key.span().start, unknown_key(name, word, &known));
            }
        }
        Section { document: self, entries }
    }
}

/// What to say about a key that does not exist here: the nearest that does, or where it belongs.
fn unknown_key(table: &str, word: &str, known: &[&str]) -> String {
    let place = if table.is_empty() { String::new() } else { format!(" in [{table}]") };
    let near = nearest(word, known.iter().copied());
    let elsewhere = keys::tables_with(word);
    match (near, elsewhere.as_slice()) {
        (near, []) => format!("unknown key `{word}`{place}{}", did_you_mean(near)),
        (_, [""]) => format!(
            "unknown key `{word}`{place}; it belongs at the top of the file, before any table"
        ),
        (_, tables) => {
            let tables: Vec<_> = tables.iter().map(|table| format!("[{table}]")).collect();
            format!("unknown key `{word}`{place}; it belongs in {}", tables.join(" or "))
        }
    }
}

/// The name of a table below another, quoted where TOML needs it.
fn full_name(table: &str, own: &str) -> String {
    let bare = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    if own.bytes().all(bare) { format!("{table}.{own}") } else { format!("{table}.\"{own}\"") }
}

/// Line and column, counted from 1, the column in characters.
fn position(text: &str, at: usize) -> (usize, usize) {
    let before = text.get(..text.floor_char_boundary(at)).unwrap_or_default();
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    let column = before.get(line_start..).unwrap_or_default().chars().count() + 1;
    (before.matches('\n').count() + 1, column)
}

/// Where a key of a table stands in a settings file, as errors name places; `None` where it does
/// not stand there, or with another text than `value`. For what is checked only after the file has
/// been read, by the face that it is for.
#[must_use]
pub fn place_in_settings(
    file: &Path,
    table: &str,
    key: &str,
    value: Option<&str>,
) -> Option<String> {
    let (text, _) = read_settings(file).ok()??;
    let document = DeTable::parse(&text).ok()?;
    let found = document.get_ref().get(table)?.get_ref().as_table()?.get(key)?;
    if value.is_some() && found.get_ref().as_str() != value {
        return None;
    }
    let (line, column) = position(&text, found.span().start);
    Some(format!("{}:{line}:{column}", file.display()))
}

/// The type of a value in words.
pub(super) fn kind_of(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a fractional number",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

impl<'a, 'd> Section<'a, 'd> {
    /// Notes a problem at a byte of the file.
    pub fn note(&self, at: usize, message: impl Into<String>) {
        self.document.note(at, message);
    }

    /// Where a key's value stands, if the key is there.
    pub fn place(&self, key: &str) -> Option<usize> {
        self.entries.get(key).map(|value| value.span().start)
    }

    /// The names of the keys that are there, in alphabetical order.
    pub fn names(&self) -> impl Iterator<Item = &'d str> {
        self.entries.keys().copied()
    }

    /// A value of the type that `read` takes.
    pub fn get<T>(
        &self,
        key: &str,
        expected: &str,
        read: impl FnOnce(&'d DeValue<'a>) -> Option<T>,
    ) -> Option<Located<T>> {
        let value = self.entries.get(key)?;
        let at = value.span().start;
        let read = read(value.get_ref()).map(|value| Located { at, value });
        if read.is_none() {
            let found = kind_of(value.get_ref());
            self.note(at, format!("`{key}` must be {expected}, not {found}"));
        }
        read
    }

    /// A text.
    pub fn text(&self, key: &str) -> Option<Located<&'d str>> {
        self.get(key, "a text", DeValue::as_str)
    }

    /// `true` or `false`.
    pub fn boolean(&self, key: &str) -> Option<bool> {
        self.get(key, "true or false", DeValue::as_bool).map(|found| found.value)
    }

    /// A whole number within bounds.
    pub fn integer(&self, key: &str, range: RangeInclusive<u64>) -> Option<u64> {
        let expected = format!("a whole number from {} to {}", range.start(), range.end());
        let found = self.get(key, &expected, |value| value.as_integer().cloned())?;
        let number = i64::from_str_radix(found.value.as_str(), found.value.radix())
            .ok()
            .and_then(|number| u64::try_from(number).ok());
        self.within(key, found.at, number, &range, &expected)
    }

    /// A number of dollars or the like: not negative, whole or not.
    pub fn amount(&self, key: &str) -> Option<f64> {
        let expected = "a number that is not negative";
        let found = self.get(key, expected, |value| match value {
            // One that is not decimal is no number to a reader of decimals.
            DeValue::Integer(number) if number.radix() != 10 => Some(
                u32::from_str_radix(number.as_str(), number.radix()).map_or(f64::NAN, f64::from),
            ),
            DeValue::Integer(number) => number.as_str().parse().ok(),
            DeValue::Float(number) => number.as_str().parse().ok(),
            _ => None,
        })?;
        let number = Some(found.value).filter(|number| number.is_finite() && *number >= 0.0);
        if number.is_none() {
            self.note(found.at, format!("`{key}` must be {expected}"));
        }
        number
    }

    /// A duration within bounds.
    pub fn duration(
        &self,
        key: &str,
        range: RangeInclusive<Duration>,
    ) -> Option<Located<Duration>> {
        let found = self.quantity(key, read_duration)?;
        let expected = format!(
            "between \"{}\" and \"{}\"",
            show_duration(*range.start()),
            show_duration(*range.end())
        );
        let value = self.within(key, found.at, Some(found.value), &range, &expected)?;
        Some(Located { at: found.at, value })
    }

    /// A size in bytes within bounds.
    pub fn size(&self, key: &str, range: RangeInclusive<u64>) -> Option<u64> {
        let found = self.quantity(key, size)?;
        let expected = format!(
            "between \"{}\" and \"{}\"",
            show_size(*range.start()),
            show_size(*range.end())
        );
        self.within(key, found.at, Some(found.value), &range, &expected)
    }

    fn quantity<T>(
        &self,
        key: &str,
        read: impl Fn(&str) -> Result<T, &'static str>,
    ) -> Option<Located<T>> {
        let entry = self.entries.get(key)?;
        let at = entry.span().start;
        // A number without its unit reads as text without one: the message is the same.
        let result = read(entry.get_ref().as_str().unwrap_or_default());
        match result {
            Ok(value) => Some(Located { at, value }),
            Err(message) => {
                self.note(at, format!("`{key}` {message}"));
                None
            }
        }
    }

    fn within<T: PartialOrd>(
        &self,
        key: &str,
        at: usize,
        value: Option<T>,
        range: &RangeInclusive<T>,
        expected: &str,
    ) -> Option<T> {
        let value = value.filter(|value| range.contains(value));
        if value.is_none() {
            self.note(at, format!("`{key}` must be {expected}"));
        }
        value
    }

    /// One of a few words.
    pub fn word<T: Copy>(&self, key: &str, words: &[(&'static str, T)]) -> Option<T> {
        let found = self.text(key)?;
        let chosen = words.iter().find(|(word, _)| *word == found.value).map(|(_, value)| *value);
        if chosen.is_none() {
            let names = words.iter().map(|(word, _)| *word);
            let near = did_you_mean(nearest(found.value, names.clone()));
            let all = names.map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(", ");
            self.note(found.at, format!("`{key}` must be one of {all}{near}"));
        }
        chosen
    }

    /// A list of texts.
    pub fn texts(&self, key: &str) -> Option<Located<Vec<String>>> {
        let found = self.get(key, "a list of texts", DeValue::as_array)?;
        let mut texts = Vec::new();
        for item in found.value {
            if let Some(text) = item.get_ref().as_str() {
                texts.push(text.to_owned());
            } else {
                let kind = kind_of(item.get_ref());
                self.note(
                    item.span().start,
                    format!("`{key}` must be a list of texts; this is {kind}"),
                );
            }
        }
        Some(Located { at: found.at, value: texts })
    }

    /// A table with keys of the user's choosing: each key and its value.
    pub fn entries(&self, key: &str) -> Vec<(Located<&'d str>, &'d Spanned<DeValue<'a>>)> {
        let found = self.get(key, "a table", DeValue::as_table);
        let Some(found) = found else { return Vec::new() };
        found
            .value
            .iter()
            .map(|(key, value)| {
                (Located { at: key.span().start, value: key.get_ref().as_ref() }, value)
            })
            .collect()
    }

    /// A table with known keys.
    pub fn section(&self, key: &str) -> Option<Section<'a, 'd>> {
        let found = self.get(key, "a table", DeValue::as_table)?;
        Some(self.document.section(key, key, found.value))
    }

    /// Tables with known keys below names of the user's choosing; `kind` is what the reference
    /// of keys calls them, such as `providers.NAME`.
    pub fn sections(&self, key: &str, kind: &str) -> Vec<(Located<&'d str>, Section<'a, 'd>)> {
        self.entries(key)
            .into_iter()
            .filter_map(|(own, value)| match value.get_ref() {
                DeValue::Table(table) => {
                    let name = full_name(key, own.value);
                    let section = self.document.section(kind, &name, table);
                    Some((own, section))
                }
                other => {
                    let message =
                        format!("`{key}.{}` must be a table, not {}", own.value, kind_of(other));
                    self.note(value.span().start, message);
                    None
                }
            })
            .collect()
    }

    /// A table of texts, each name and value with its place.
    pub fn text_map(&self, key: &str) -> Option<Vec<(Located<&'d str>, Located<&'d str>)>> {
        self.entries.get(key)?;
        let mut pairs = Vec::new();
        for (own, value) in self.entries(key) {
            let at = value.span().start;
            match value.get_ref().as_str() {
                Some(text) => pairs.push((own, Located { at, value: text })),
                None => self.wrong(at, key, own.value, "a text", value.get_ref()),
            }
        }
        Some(pairs)
    }

    /// Notes that a value below `key` has the wrong type.
    pub fn wrong(
        &self,
        at: usize,
        key: &str,
        own: impl Display,
        expected: &str,
        found: &DeValue<'_>,
    ) {
        self.note(at, format!("`{key}.{own}` must be {expected}, not {}", kind_of(found)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters() {
        assert_eq!(position("ä = 1\nöö = 2", 0), (1, 1));
        assert_eq!(position("ä = 1\nöö = 2", 3), (1, 3));
        assert_eq!(position("ä = 1\nöö = 2", 7), (2, 1));
        assert_eq!(position("ä = 1\nöö = 2", 11), (2, 3));
        assert_eq!(position("ä", 1), (1, 1));
        assert_eq!(position("a", 99), (1, 2));
    }

    #[test]
    fn unknown_keys_are_told_where_they_belong() {
        assert_eq!(
            unknown_key("engine", "retry", &["retries", "concurrency"]),
            "unknown key `retry` in [engine]; did you mean `retries`?"
        );
        assert_eq!(
            unknown_key("", "concurrency", &["engine"]),
            "unknown key `concurrency`; it belongs in [providers.NAME] or [engine]"
        );
        assert!(unknown_key("engine", "default_model", &["retries"]).contains("top of the file"));
        assert_eq!(unknown_key("engine", "zzz", &["retries"]), "unknown key `zzz` in [engine]");
    }
}
