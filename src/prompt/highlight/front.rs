//! YAML of the front matter, as far as colours need it.

use super::{Pieces, SpanKind};

/// A text that runs over lines (`key: |`): lines indented deeper than this belong to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct BlockScalar {
    indent: usize,
}

/// Cuts one line of front matter; what it leaves open.
pub(super) fn line(pieces: &mut Pieces<'_>, block: Option<BlockScalar>) -> Option<BlockScalar> {
    let line = pieces.rest();
    let content = line.trim_start();
    let indent = line.len() - content.len();
    if let Some(open) = block
        && (content.is_empty() || indent > open.indent)
    {
        pieces.take(line.len(), SpanKind::FrontMatterValue);
        return block;
    }
    if content.starts_with('#') {
        pieces.take(line.len(), SpanKind::Comment);
        return None;
    }
    // List markers before a key: `- name: x`.
    let marks: usize = {
        let mut rest = content;
        while let Some(after) = rest.strip_prefix("- ") {
            rest = after.trim_start();
        }
        content.len() - rest.len()
    };
    let item = content.get(marks..).unwrap_or("");
    pieces.take(indent, SpanKind::Text);
    pieces.take(marks, SpanKind::FrontMatterValue);
    if let Some(len) = key_len(item) {
        pieces.take(len, SpanKind::FrontMatterKey);
    }
    let value = pieces.rest();
    let comment = comment_start(value).unwrap_or(value.len());
    let bare = value.get(..comment).unwrap_or("").trim();
    pieces.take(comment, SpanKind::FrontMatterValue);
    pieces.take(value.len() - comment, SpanKind::Comment);
    is_block_header(bare).then_some(BlockScalar { indent: indent + marks })
}

/// The length of a key and its colon at the start of a text.
fn key_len(text: &str) -> Option<usize> {
    let end = match text.chars().next()? {
        quote @ ('"' | '\'') => text.get(1..)?.find(quote)? + 2,
        // What begins like a flow collection, an anchor, a tag or a text is no key.
        '{' | '[' | '&' | '*' | '!' | '|' | '>' | '?' | '@' | '`' => return None,
        _ => text.match_indices(':').map(|(at, _)| at).find(|&at| {
            text.get(at + 1..)
                .is_some_and(|after| after.is_empty() || after.starts_with([' ', '\t']))
        })?,
    };
    let after = text.get(end..)?.strip_prefix(':')?;
    (after.is_empty() || after.starts_with([' ', '\t'])).then_some(end + 1)
}

/// Where a comment begins: a `#` after a blank, outside quotes.
fn comment_start(text: &str) -> Option<usize> {
    let mut quote = None;
    let mut before = ' ';
    for (at, character) in text.char_indices() {
        match (quote, character) {
            (None, '#') if before.is_whitespace() => return Some(at),
            // A quote opens a text only where a value may begin: `don't` holds none.
            (None, '"' | '\'') if matches!(before, ' ' | '\t' | '[' | '{' | ',' | ':') => {
                quote = Some(character);
            }
            (Some(open), _) if open == character && before != '\\' => quote = None,
            _ => {}
        }
        before = character;
    }
    None
}

/// Whether a value announces a text on the following lines: `|`, `>-`, `|2+`.
fn is_block_header(value: &str) -> bool {
    value
        .strip_prefix(['|', '>'])
        .is_some_and(|indicators| indicators.chars().all(|c| matches!(c, '+' | '-' | '0'..='9')))
}
