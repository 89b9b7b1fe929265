//! `{{ }}` and `{% %}`: where they end, and which names in them are variables.

use super::{Mode, Pieces, SpanKind};

/// A tag that has been opened and not yet closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Tag {
    kind: Kind,
    is_expression: bool,
    /// The quote of a string that is open.
    quote: Option<char>,
    /// Brackets that are open: `}}` inside them does not end the tag.
    depth: u16,
    before: Before,
    /// Inside `for … in` or `set … =`, where names are bound and not looked up.
    is_binding: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Kind {
    /// A statement whose first word is still to come.
    Opened,
    /// Names in it are variables.
    Plain,
    /// Names in it are those of blocks, filters or macros.
    Names,
    Include,
    Raw,
}

/// What stands before a name and decides what it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Before {
    Other,
    /// `.name` is an attribute.
    Dot,
    /// `| name` is a filter.
    Pipe,
    /// `is name` is a test.
    Is,
}

/// Words of the template language that are not names.
const WORDS: [&str; 22] = [
    "and", "break", "caller", "context", "continue", "do", "elif", "else", "false", "False", "if",
    "ignore", "in", "is", "loop", "missing", "none", "None", "not", "or", "true", "True",
];

impl Tag {
    pub(super) const fn expression() -> Self {
        Self { kind: Kind::Plain, is_expression: true, ..Self::statement() }
    }

    pub(super) const fn statement() -> Self {
        Self {
            kind: Kind::Opened,
            is_expression: false,
            quote: None,
            depth: 0,
            before: Before::Other,
            is_binding: false,
        }
    }

    const fn span_kind(self) -> SpanKind {
        if matches!(self.kind, Kind::Include) { SpanKind::Include } else { SpanKind::Tag }
    }

    /// Learns a statement's kind from its first word.
    fn open(&mut self, word: &str) {
        self.is_binding = matches!(word, "for" | "set");
        self.kind = match word {
            "include" | "import" | "from" | "extends" => Kind::Include,
            "raw" => Kind::Raw,
            "macro" | "block" | "filter" => Kind::Names,
            _ if word.starts_with("end") => Kind::Names,
            _ => Kind::Plain,
        };
    }

    /// Whether a name is looked up as a variable. `after` is what follows it.
    fn is_variable(self, name: &str, after: &str) -> bool {
        let after = after.trim_start();
        let is_argument_name = after.starts_with('=') && !after.starts_with("==");
        self.kind == Kind::Plain
            && !self.is_binding
            && self.before == Before::Other
            && !WORDS.contains(&name)
            && !is_argument_name
            && !after.starts_with('(')
    }
}

/// Takes a tag on, to its end or the line's.
pub(super) fn go_on(pieces: &mut Pieces<'_>, mut tag: Tag) -> Mode {
    let close = if tag.is_expression { "}}" } else { "%}" };
    while let Some(next) = pieces.rest().chars().next() {
        let rest = pieces.rest();
        if let Some(quote) = tag.quote {
            let (len, is_closed) = string_end(rest, quote);
            pieces.take(len, tag.span_kind());
            tag.quote = (!is_closed).then_some(quote);
        } else if tag.depth == 0 && rest.starts_with(close) {
            pieces.take(2, tag.span_kind());
            return if tag.kind == Kind::Raw { Mode::Raw } else { Mode::Body };
        } else if next.is_alphabetic() || next == '_' {
            name(pieces, &mut tag);
        } else {
            let len = if next.is_numeric() { number_len(rest) } else { next.len_utf8() };
            pieces.take(len, tag.span_kind());
            mark(&mut tag, next, rest);
        }
    }
    Mode::Tag(tag)
}

/// Takes a name.
fn name(pieces: &mut Pieces<'_>, tag: &mut Tag) {
    let rest = pieces.rest();
    let len = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
    let (word, after) = rest.split_at(len);
    if tag.kind == Kind::Opened {
        tag.open(word);
        pieces.take(len, tag.span_kind());
        return;
    }
    let is_variable = tag.is_variable(word, after);
    pieces.take(len, if is_variable { SpanKind::Variable } else { tag.span_kind() });
    tag.is_binding &= word != "in";
    tag.before = match (word, tag.before) {
        ("is", Before::Other) | ("not", Before::Is) => Before::Is,
        _ => Before::Other,
    };
}

/// Notes what a character that is no name changes.
fn mark(tag: &mut Tag, character: char, rest: &str) {
    match character {
        '(' | '[' | '{' => tag.depth = tag.depth.saturating_add(1),
        ')' | ']' | '}' => tag.depth = tag.depth.saturating_sub(1),
        '"' | '\'' => tag.quote = Some(character),
        '=' if !rest.starts_with("==") => tag.is_binding = false,
        _ => {}
    }
    tag.before = match character {
        '.' => Before::Dot,
        '|' => Before::Pipe,
        _ if character.is_whitespace() => tag.before,
        _ => Before::Other,
    };
}

fn number_len(rest: &str) -> usize {
    rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len())
}

/// How far a string goes on, its closing quote included, and whether it is closed there.
fn string_end(rest: &str, quote: char) -> (usize, bool) {
    let mut is_escaped = false;
    for (at, character) in rest.char_indices() {
        if is_escaped {
            is_escaped = false;
        } else if character == '\\' {
            is_escaped = true;
        } else if character == quote {
            return (at + character.len_utf8(), true);
        }
    }
    (rest.len(), false)
}

/// The length of `{{include:name}}` at the start of a text that begins with `{{`, if it is one.
pub(super) fn include_directive(text: &str) -> Option<usize> {
    let inner = text.strip_prefix("{{")?;
    let inner = inner.strip_prefix(['-', '+']).unwrap_or(inner).trim_start();
    let name = inner.strip_prefix("include")?.trim_start().strip_prefix(':')?;
    // No name holds a brace; looking no further keeps a line of many openings linear.
    let end = name.find(['{', '}'])?;
    name.get(end..)?.starts_with("}}").then_some(text.len() - name.len() + end + 2)
}

/// How far a tag's opening delimiter goes at the start of a text, the blanks before its first
/// word included, and its kind: that of an include if the word says so.
pub(super) fn opening(text: &str) -> (usize, SpanKind) {
    let inner = text.get(2..).unwrap_or("");
    let inner = inner.strip_prefix(['-', '+']).unwrap_or(inner).trim_start();
    let end = inner.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(inner.len());
    let mut tag = Tag::statement();
    if text.starts_with("{%") {
        tag.open(inner.get(..end).unwrap_or(""));
    }
    (text.len() - inner.len(), tag.span_kind())
}

/// Where the tag that ends a raw block begins, and its length.
pub(super) fn find_endraw(text: &str) -> Option<(usize, usize)> {
    text.match_indices("{%").find_map(|(at, _)| {
        let inner = text.get(at + 2..)?;
        let word = inner.strip_prefix(['-', '+']).unwrap_or(inner).trim_start();
        let after = word.strip_prefix("endraw")?.trim_start();
        let after = after.strip_prefix(['-', '+']).unwrap_or(after).strip_prefix("%}")?;
        Some((at, text.len() - at - after.len()))
    })
}
