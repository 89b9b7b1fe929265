//! Bodies of templates taken apart, for formats that write them otherwise.

/// A piece of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Piece<'t> {
    /// Words that stand for themselves, those of raw blocks and of `{{ "…" }}` among them.
    Text(&'t str),
    /// `{{ inner }}`, trimmed.
    Output(Inner<'t>),
    /// `{% inner %}`, trimmed.
    Tag(Inner<'t>),
    /// What stands between `{#` and `#}`.
    Comment(&'t str),
    /// `{{include:name}}` or `{% include "name" %}`.
    Include(&'t str),
}

/// What stands between two delimiters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Inner<'t> {
    /// Without delimiters, blanks and white space control.
    pub text: &'t str,
    /// As written, delimiters included.
    pub source: &'t str,
    /// Whether white space before and after is taken away (`{{-`, `-}}`).
    pub trims: (bool, bool),
}

/// Takes a body apart, in time linear in its length. Never fails: from a tag that is never
/// closed on, everything is text.
pub(super) fn pieces(body: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = body;
    while let Some((before, opening)) = split_at_opening(rest) {
        // What is never closed is an error to Jinja; here everything from it on is words.
        let Some((piece, len)) = piece(opening) else { break };
        if !before.is_empty() {
            pieces.push(Piece::Text(before));
        }
        rest = opening.get(len..).unwrap_or("");
        // The line end after a tag goes with it, as in rendering.
        if opening.starts_with("{#") || matches!(piece, Piece::Text(_)) && opening.starts_with("{%")
        {
            rest = rest.strip_prefix('\n').unwrap_or(rest);
        }
        pieces.push(piece);
    }
    if !rest.is_empty() {
        pieces.push(Piece::Text(rest));
    }
    pieces
}

fn split_at_opening(text: &str) -> Option<(&str, &str)> {
    let at = text
        .match_indices('{')
        .map(|(at, _)| at)
        .find(|&at| matches!(text.as_bytes().get(at + 1), Some(b'{' | b'%' | b'#')))?;
    Some(text.split_at(at))
}

/// The piece a text begins with and its length.
fn piece(text: &str) -> Option<(Piece<'_>, usize)> {
    if let Some(comment) = text.strip_prefix("{#") {
        let len = comment.find("#}")?;
        return Some((Piece::Comment(comment.get(..len)?), len + 4));
    }
    if text.starts_with("{{")
        && let Some(found) = directive(text)
    {
        return Some(found);
    }
    let close = if text.starts_with("{{") { "}}" } else { "%}" };
    let len = tag_len(text, close)?;
    let inner = inner(text.get(..len)?);
    if close == "}}" {
        let piece = literal(inner).map_or(Piece::Output(inner), Piece::Text);
        return Some((piece, len));
    }
    match inner.text.split_once(char::is_whitespace) {
        None if inner.text == "raw" => {
            let raw = text.get(len..)?;
            let raw_start = if raw.starts_with('\n') { len + 1 } else { len };
            let (end, after) = find_endraw(text.get(raw_start..)?)?;
            Some((Piece::Text(text.get(raw_start..raw_start + end)?), raw_start + after))
        }
        Some(("include", name)) => {
            let name = name.trim();
            let quoted = |quote: char| name.strip_prefix(quote)?.strip_suffix(quote);
            match quoted('"').or_else(|| quoted('\'')) {
                Some(name) if !name.contains(['"', '\'']) => Some((Piece::Include(name), len)),
                _ => Some((Piece::Tag(inner), len)),
            }
        }
        _ => Some((Piece::Tag(inner), len)),
    }
}

/// The words of `{{ "words" }}`, which is how braces are written as text.
fn literal(inner: Inner<'_>) -> Option<&str> {
    let words = inner.text.strip_prefix('"')?.strip_suffix('"')?;
    (inner.trims == (false, false) && !words.contains(['"', '\\'])).then_some(words)
}

fn inner(source: &str) -> Inner<'_> {
    let text = source.get(2..source.len() - 2).unwrap_or("");
    let (before, text) =
        text.strip_prefix(['-', '+']).map_or((false, text), |rest| (text.starts_with('-'), rest));
    let (after, text) =
        text.strip_suffix(['-', '+']).map_or((false, text), |rest| (text.ends_with('-'), rest));
    Inner { text: text.trim(), source, trims: (before, after) }
}

fn directive(text: &str) -> Option<(Piece<'_>, usize)> {
    let inner = text.get(2..)?;
    let inner = inner.strip_prefix(['-', '+']).unwrap_or(inner).trim_start();
    let name = inner.strip_prefix("include")?.trim_start_matches([' ', '\t']).strip_prefix(':')?;
    let end = name.find(['{', '}', '\n'])?;
    let len = text.len() - name.len() + end + 2;
    name.get(end..)?.starts_with("}}").then_some(())?;
    let name = name.get(..end)?;
    Some((Piece::Include(name.strip_suffix('-').unwrap_or(name).trim()), len))
}

/// The length of a tag, past strings and brackets in it.
fn tag_len(text: &str, close: &str) -> Option<usize> {
    let mut depth = 0_usize;
    let mut quote = None;
    let mut is_escaped = false;
    for (at, character) in text.char_indices().skip(2) {
        if let Some(open) = quote {
            if is_escaped {
                is_escaped = false;
            } else if character == '\\' {
                is_escaped = true;
            } else if character == open {
                quote = None;
            }
            continue;
        }
        if depth == 0 && text.get(at..).is_some_and(|rest| rest.starts_with(close)) {
            return Some(at + close.len());
        }
        match character {
            '"' | '\'' => quote = Some(character),
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    None
}

fn find_endraw(text: &str) -> Option<(usize, usize)> {
    text.match_indices("{%").find_map(|(at, _)| {
        let word = text.get(at + 2..)?;
        let word = word.strip_prefix(['-', '+']).unwrap_or(word).trim_start();
        let after = word.strip_prefix("endraw")?.trim_start();
        let after = after.strip_prefix(['-', '+']).unwrap_or(after).strip_prefix("%}")?;
        Some((at, text.len() - after.len()))
    })
}

/// Words of another tool as a body that renders to just them.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, opening)) = split_at_opening(rest) {
        let (delimiter, after) = opening.split_at(2);
        out.push_str(before);
        out.push_str("{{ \"");
        out.push_str(delimiter);
        out.push_str("\" }}");
        rest = after;
    }
    out.push_str(rest);
    // A brace at the end would join those of a tag that follows.
    if let Some(words) = out.strip_suffix('{') {
        out = format!("{words}{{{{ \"{{\" }}}}");
    }
    out
}

/// Whether a text is a name, or names joined by dots.
pub(super) fn is_path(text: &str) -> bool {
    !text.is_empty() && text.split('.').all(is_name)
}

/// Whether a text can name a variable.
pub(super) fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// Whether every block that a text opens is closed in it.
pub(super) fn is_balanced(body: &str) -> bool {
    let mut depth = 0_usize;
    for piece in pieces(body) {
        let Piece::Tag(inner) = piece else { continue };
        let word = inner.text.split(|c: char| !c.is_alphanumeric()).next().unwrap_or("");
        match word {
            "if" | "for" | "macro" | "block" | "filter" | "with" | "call" | "autoescape" => {
                depth += 1;
            }
            "set" if !inner.text.contains('=') => depth += 1,
            "elif" | "else" if depth == 0 => return false,
            _ if word.starts_with("end") => match depth.checked_sub(1) {
                Some(less) => depth = less,
                None => return false,
            },
            _ => {}
        }
    }
    depth == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_come_apart() {
        let body = "a {{- x.y | upper }} {% if a == \"%}\" %}b{% endif %}{# c #}\n{{include: p }}\
                    {% include 'q' %}{% raw %}\n{{ z }}{% endraw %}\n{{ open";
        let found = pieces(body);
        let outline: Vec<String> = found
            .iter()
            .map(|piece| match piece {
                Piece::Text(text) => format!("T{text}"),
                Piece::Output(inner) => format!("O{}{:?}", inner.text, inner.trims),
                Piece::Tag(inner) => format!("S{}", inner.text),
                Piece::Comment(text) => format!("C{text}"),
                Piece::Include(name) => format!("I{name}"),
            })
            .collect();
        assert_eq!(
            outline,
            [
                "Ta ",
                "Ox.y | upper(true, false)",
                "T ",
                "Sif a == \"%}\"",
                "Tb",
                "Sendif",
                "C c ",
                "Ip",
                "Iq",
                "T{{ z }}",
                "T{{ open"
            ]
        );
    }

    #[test]
    fn escaped_words_hold_no_tag() {
        let body = escaped("a {{ b }} {% c %} {# d #} { e }");
        assert_eq!(body, "a {{ \"{{\" }} b }} {{ \"{%\" }} c %} {{ \"{#\" }} d #} { e }");
        assert_eq!(escaped("f {"), "f {{ \"{\" }}");
        assert_eq!(escaped("{{{x}}}"), "{{ \"{{\" }}{x}}}");
    }

    #[test]
    fn blocks_across_messages_are_seen() {
        assert!(is_balanced("{% for x in y %}{% if x %}a{% else %}b{% endif %}{% endfor %}"));
        for body in ["{% for x in y %}", "{% endfor %}", "{% else %}", "{% set x %}"] {
            assert!(!is_balanced(body), "{body}");
        }
        assert!(is_balanced("{% set x = 1 %}"));
    }
}
