//! How the simulated models count and stream text.
//!
//! A token here is: up to eight letters or digits together with one space before them; one
//! punctuation mark or symbol, again with one space before it; or a run of other white space.
//! That comes to about four and a half characters a token in English, near what real tokenizers
//! give, and it is the very unit that is streamed, so the reported usage is exact.

use unicode_segmentation::UnicodeSegmentation as _;

use crate::model::Message;

/// Letters of a word that one token holds.
const WORD: usize = 8;

/// Tokens that wrap every message (role, start, end), as the wire formats of real models do.
const MESSAGE_OVERHEAD: u64 = 4;

/// The tokens of a text, in order; joined they are the text again.
pub fn pieces(text: &str) -> Pieces<'_> {
    Pieces { rest: text }
}

/// Iterator over the tokens of a text.
#[derive(Clone, Debug)]
pub struct Pieces<'a> {
    rest: &'a str,
}

impl<'a> Iterator for Pieces<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        if self.rest.is_empty() {
            return None;
        }
        let (piece, rest) = self.rest.split_at(piece_len(self.rest));
        self.rest = rest;
        Some(piece)
    }
}

fn piece_len(text: &str) -> usize {
    let bytes = text.as_bytes();
    let start = usize::from(bytes[0] == b' ' && bytes.get(1).is_some_and(|b| *b != b' '));
    let body = &text[start..];
    let first = body.chars().next().unwrap_or(' ');
    if first.is_whitespace() {
        // All white space but a single space before a word, which belongs to the word.
        let run = text.len() - text.trim_start().len();
        let keep_space = text[..run].ends_with(' ') && run < text.len() && run > 1;
        return (run - usize::from(keep_space)).max(1);
    }
    if first.is_alphanumeric() && !is_wide_script(first) {
        let mut end = start;
        for cluster in body.graphemes(true).take(WORD) {
            let letter = cluster.chars().next().unwrap_or(' ');
            if !letter.is_alphanumeric() || is_wide_script(letter) {
                break;
            }
            end += cluster.len();
        }
        return end;
    }
    start + body.graphemes(true).next().map_or(body.len(), str::len)
}

/// Scripts written without spaces, in which every character is a token.
fn is_wide_script(c: char) -> bool {
    matches!(u32::from(c), 0x2e80..=0x9fff | 0xac00..=0xd7af | 0xf900..=0xfaff | 0x20000..=0x3ffff)
}

/// How many tokens a text has.
pub fn count(text: &str) -> u64 {
    pieces(text).count() as u64
}

/// How many input tokens a conversation has.
pub fn count_messages(messages: &[Message]) -> u64 {
    messages.iter().map(|message| count(&message.content) + MESSAGE_OVERHEAD).sum()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn words_take_their_space_along() {
        let split: Vec<_> = pieces("Hello, wonderful world!\n\n- two  spaces").collect();
        assert_eq!(
            split,
            ["Hello", ",", " wonderfu", "l", " world", "!", "\n\n", "-", " two", " ", " spaces"]
        );
    }

    #[test]
    fn clusters_stay_whole() {
        let family = "👩\u{200d}👩\u{200d}👧";
        assert_eq!(pieces(family).count(), 1);
        assert_eq!(pieces("日本語").count(), 3);
        assert_eq!(pieces("e\u{301}te\u{301}").count(), 1);
    }

    proptest! {
        #[test]
        fn pieces_join_to_the_text(text in "\\PC{0,200}|[ \\n\\ta-z]{0,80}") {
            prop_assert_eq!(pieces(&text).collect::<String>(), text.clone());
            prop_assert!(pieces(&text).all(|piece| !piece.is_empty()));
        }
    }
}
