//! Typographic signs in the program's own words, for terminals that show only ASCII.

use std::borrow::Cow;

use crate::safety::{MarkStyle, display_line_with};

/// The signs, and what they are typed as.
const TYPED: [(char, &str); 9] = [
    ('\u{2026}', "..."),
    ('\u{2192}', "->"),
    ('\u{2190}', "<-"),
    ('\u{2019}', "'"),
    ('\u{00d7}', "x"),
    ('\u{00b7}', "-"),
    ('\u{2248}', "~"),
    ('\u{2013}', "-"),
    ('\u{2014}', "-"),
];

/// A text of one line, safe to draw, its signs typed out where only ASCII may be drawn. What
/// others wrote keeps its letters.
#[must_use]
pub fn one_line(text: &str, marks: MarkStyle) -> Cow<'_, str> {
    match marks {
        MarkStyle::Unicode => display_line_with(text, marks),
        MarkStyle::Ascii => Cow::Owned(display_line_with(&typed(text), marks).into_owned()),
    }
}

/// A text with its signs typed out where only ASCII may be drawn.
#[must_use]
pub fn spelled_out(text: &str, marks: MarkStyle) -> Cow<'_, str> {
    match marks {
        MarkStyle::Unicode => Cow::Borrowed(text),
        MarkStyle::Ascii => typed(text),
    }
}

fn typed(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match TYPED.iter().find(|(sign, _)| *sign == character) {
            Some((_, typed)) => out.push_str(typed),
            None => out.push(character),
        }
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_are_typed_out_where_only_ascii_is_shown() {
        let text = "the includes go in a circle: a → b → a, {schema: …} é";
        let typed = "the includes go in a circle: a -> b -> a, {schema: ...} é";
        assert_eq!(one_line(text, MarkStyle::Ascii), typed);
        assert_eq!(one_line(text, MarkStyle::Unicode), text);
        assert_eq!(spelled_out("5×", MarkStyle::Ascii), "5x");
    }
}
