//! Words for the full-text index, and a person's search text as a safe query of it. Pure.
//!
//! What is stored stays exact; only the index gets a copy without what would mislead it: NUL,
//! at which SQL ends a text, and our own facet mark. Chinese and Japanese have no spaces, so each
//! of their characters becomes a word of its own, here and in the query, and a search for
//! several of them is a search for that sequence.

use std::{borrow::Cow, collections::BTreeMap};

use rusqlite::{Connection, params};

use super::facts::Facts;
use crate::model::{Execution, Status};

/// Begins every facet. A private-use character that the tokenizer takes as a letter; it is
/// taken out of all other text, so that nothing a model or a person writes can be a facet.
const FACET: char = '\u{e000}';
/// The most of one text that is indexed, in bytes.
const MOST: usize = 1 << 20;
/// Shorter last words are searched as they are; a longer one also finds what begins with it.
const PREFIX: usize = 3;

/// What the index holds of one execution.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct SearchWords {
    pub(super) prompt: String,
    pub(super) response: String,
    pub(super) reasoning: String,
    pub(super) notes: String,
    pub(super) errors: String,
}

impl SearchWords {
    /// The words of an execution. Notes are its tags; they are filled in by who knows them all.
    pub(super) fn of(execution: &Execution) -> Self {
        let mut words = Self::default();
        for message in &execution.messages {
            add(&mut words.prompt, &message.content);
        }
        add(&mut words.response, &execution.text);
        add(&mut words.response, &execution.refusal);
        for call in &execution.tool_calls {
            add(&mut words.response, &call.name);
            add(&mut words.response, &call.arguments_raw);
        }
        add(&mut words.reasoning, &execution.reasoning);
        if let Some(error) = &execution.error {
            add(&mut words.errors, &error.message);
            add(&mut words.errors, error.provider_code.as_deref().unwrap_or_default());
        }
        words
    }
}

/// Adds a text to what is indexed, cleaned and cut.
pub(super) fn add(words: &mut String, text: &str) {
    let room = MOST.saturating_sub(words.len());
    if !words.is_empty() {
        words.push('\n');
    }
    words.push_str(&clean(text.get(..text.floor_char_boundary(room)).unwrap_or_default()));
}

/// Puts the words of an execution into an index, the database's own or one that is made like it.
pub(super) fn put(
    connection: &Connection,
    sequence: i64,
    words: &SearchWords,
    tags: &BTreeMap<String, String>,
    facets: &str,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO search (rowid, prompt, response, reasoning, notes, errors, facets)
             VALUES (?, ?, ?, ?, ?, ?, ?)",
        )?
        .execute(params![
            sequence,
            words.prompt,
            words.response,
            words.reasoning,
            notes(tags),
            words.errors,
            facets
        ])?;
    Ok(())
}

/// What is indexed of tags.
fn notes(tags: &BTreeMap<String, String>) -> String {
    let mut notes = String::new();
    for (key, value) in tags {
        add(&mut notes, key);
        add(&mut notes, value);
    }
    notes
}

/// The text as the tokenizer should see it.
fn clean(text: &str) -> Cow<'_, str> {
    // Plain ASCII without NUL is the common case and needs no copy.
    if text.is_ascii() && !text.contains('\0') {
        return Cow::Borrowed(text);
    }
    let mut clean = String::with_capacity(text.len() + text.len() / 8);
    for letter in text.chars() {
        match letter {
            '\0' | FACET => clean.push(' '),
            letter if stands_alone(letter) => {
                clean.push(' ');
                clean.push(letter);
                clean.push(' ');
            }
            letter => clean.push(letter),
        }
    }
    Cow::Owned(clean)
}

/// Whether a character belongs to a script written without spaces between words: Han, Hiragana,
/// Katakana and their extensions.
const fn stands_alone(letter: char) -> bool {
    matches!(letter,
        '\u{3040}'..='\u{30ff}' | '\u{31f0}'..='\u{31ff}' | '\u{3400}'..='\u{4dbf}'
        | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
}

/// The facets of an execution: words that no text can hold, one each for its workspace, its
/// template, its model, its provider and its status.
pub(super) fn facets(workspace: i64, facts: &Facts) -> String {
    let template = facts.template.as_deref().map(template_facet).unwrap_or_default();
    format!(
        "{} {template} {} {} {}",
        workspace_facet(workspace),
        model_facet(&facts.model),
        provider_facet(&facts.provider),
        status_facet(facts.status)
    )
}

pub(super) fn workspace_facet(id: i64) -> String {
    format!("{FACET}w{id}")
}

pub(super) fn template_facet(id: &str) -> String {
    facet('t', id)
}

pub(super) fn model_facet(name: &str) -> String {
    facet('m', name)
}

pub(super) fn provider_facet(name: &str) -> String {
    facet('p', name)
}

pub(super) fn status_facet(status: Status) -> String {
    facet('s', status.as_str())
}

/// A name's hash behind a letter for its kind: FNV-1a with 64 bits. Two names that share one
/// only make a search read a few rows more, since rows are compared by name as well.
fn facet(kind: char, name: &str) -> String {
    let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    format!("{FACET}{kind}{hash:x}")
}

/// A person's search text as a query of the index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Search {
    /// Nothing was typed but spaces and quotes: everything matches.
    Everything,
    /// Nothing in what was typed can be in the index: nothing matches.
    Nothing,
    /// An expression in which every word of the person is quoted.
    Words(String),
}

/// Reads what a person typed. Words must all occur, in any order; words in double quotes must
/// follow one another; the last word also finds words that begin with it, if it is at least
/// three characters long and nothing follows it. No character has any other meaning.
pub(super) fn parse(typed: &str) -> Search {
    let mut expression = String::new();
    let mut anything = false;
    let open = typed.matches('"').count() % 2 == 1;
    let parts: Vec<&str> = typed.split('"').collect();
    let last = parts.len() - 1;
    for (index, part) in parts.iter().enumerate() {
        let quoted = index % 2 == 1;
        anything |= !part.trim().is_empty();
        if quoted {
            push_phrase(&mut expression, part, open && index == last);
            continue;
        }
        let mut words = part.split_whitespace().peekable();
        while let Some(word) = words.next() {
            let ends = index == last && words.peek().is_none() && part.ends_with(word);
            push_phrase(&mut expression, word, ends);
        }
    }
    match (expression.is_empty(), anything) {
        (false, _) => Search::Words(expression),
        (true, true) => Search::Nothing,
        (true, false) => Search::Everything,
    }
}

/// Whether an expression ends with a word that may go on.
pub(super) fn goes_on(expression: &str) -> bool {
    // Every word is quoted, so a star at the end is ours.
    expression.ends_with('*')
}

/// Adds a quoted phrase, if anything in it can be in the index.
fn push_phrase(expression: &mut String, text: &str, may_go_on: bool) {
    let text = clean(text);
    if !text.chars().any(char::is_alphanumeric) {
        return;
    }
    if !expression.is_empty() {
        expression.push(' ');
    }
    expression.push('"');
    expression.push_str(text.trim());
    expression.push('"');
    let last_word = text
        .trim_end()
        .rsplit(|letter: char| !letter.is_alphanumeric())
        .next()
        .map_or(0, |word| word.chars().count());
    if may_go_on && last_word >= PREFIX && !text.ends_with(char::is_whitespace) {
        expression.push('*');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(typed: &str) -> String {
        match parse(typed) {
            Search::Words(words) => words,
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn every_word_is_quoted_and_only_the_last_goes_on() {
        for (typed, expected) in [
            ("refund", "\"refund\"*"),
            ("refund ", "\"refund\""),
            ("late refund", "\"late\" \"refund\"*"),
            ("re", "\"re\""),
            ("\"late refund\" order", "\"late refund\" \"order\"*"),
            ("order \"late refund\"", "\"order\" \"late refund\""),
            ("\"late ref", "\"late ref\"*"),
            ("foo_bar.baz", "\"foo_bar.baz\"*"),
            ("NEAR(a b) OR -c NOT d*", "\"NEAR(a\" \"b)\" \"OR\" \"-c\" \"NOT\" \"d*\""),
            ("text:secret ^start", "\"text:secret\" \"^start\"*"),
            ("!!! refund", "\"refund\"*"),
        ] {
            assert_eq!(words(typed), expected, "{typed:?}");
        }
    }

    #[test]
    fn only_what_is_typed_last_goes_on() {
        for (typed, expected) in [
            ("refund", true),
            ("late refund", true),
            ("refund ", false),
            ("re", false),
            ("refund*", false),
            ("\"late refund*\"", false),
        ] {
            assert_eq!(goes_on(&words(typed)), expected, "{typed:?}");
        }
    }

    #[test]
    fn what_cannot_be_found_is_told_from_nothing_typed() {
        for typed in ["", "   ", "\"", "\"\"", " \" \" "] {
            assert_eq!(parse(typed), Search::Everything, "{typed:?}");
        }
        for typed in ["!!!", "\"--\"", "😀"] {
            assert_eq!(parse(typed), Search::Nothing, "{typed:?}");
        }
    }

    #[test]
    fn no_text_can_be_a_facet() {
        let forged = status_facet(Status::Ok);
        assert!(!clean(&forged).contains(FACET));
        assert!(!words(&forged).contains(FACET));
    }

    #[test]
    fn scripts_without_spaces_are_split_by_character() {
        assert_eq!(clean("a東京b"), "a 東  京 b");
        assert!(matches!(clean("plain words"), Cow::Borrowed(_)));
        assert_eq!(clean("a\0b"), "a b");
    }

    #[test]
    fn a_long_text_is_cut_at_a_character() {
        let mut long = "x".to_owned();
        add(&mut long, &"é".repeat(MOST));
        assert!(long.len() <= MOST + 2);
    }
}
