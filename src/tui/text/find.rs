//! Finding words in a text that is shown.

use std::ops::Range;

/// Where words stand in a text, without overlaps. Capitals matter only where the words have some.
#[must_use]
pub fn find(text: &str, words: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    find_from(text, words, 0, &mut found);
    found
}

/// Adds the places from a byte on, which is the start of a character.
fn find_from(text: &str, words: &str, mut from: usize, found: &mut Vec<Range<usize>>) {
    if words.is_empty() {
        return;
    }
    let Some(rest) = text.get(from..) else { return };
    if words.chars().any(char::is_uppercase) {
        let places = rest.match_indices(words);
        found.extend(places.map(|(at, words)| from + at..from + at + words.len()));
        return;
    }
    while let Some(rest) = text.get(from..) {
        let next = rest.char_indices().find_map(|(at, _)| {
            let length = begins(rest.get(at..)?, words)?;
            Some(from + at..from + at + length)
        });
        let Some(next) = next else { break };
        from = next.end;
        found.push(next);
    }
}

/// The bytes that words take at the start of a text, whatever the capitals there.
fn begins(text: &str, words: &str) -> Option<usize> {
    let mut characters = text.char_indices();
    for wanted in words.chars() {
        let (_, found) = characters.next()?;
        let same = found == wanted
            || (found.is_uppercase() && found.to_lowercase().eq(std::iter::once(wanted)));
        if !same {
            return None;
        }
    }
    Some(characters.next().map_or(text.len(), |(at, _)| at))
}

/// Words that are looked for in one text, and which of the places found is the present one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Find {
    words: String,
    found: Vec<Range<usize>>,
    present: usize,
}

impl Find {
    /// Looks for words; the present place is the first at or after `from`.
    #[must_use]
    pub fn new(text: &str, words: &str, from: usize) -> Self {
        let found = find(text, words);
        let present = found.iter().position(|place| place.start >= from).unwrap_or(0);
        Self { words: words.to_owned(), found, present }
    }

    /// What is looked for.
    #[must_use]
    pub fn words(&self) -> &str {
        &self.words
    }

    /// Every place, in order.
    #[must_use]
    pub fn found(&self) -> &[Range<usize>] {
        &self.found
    }

    /// The present place.
    #[must_use]
    pub fn present(&self) -> Option<&Range<usize>> {
        self.found.get(self.present)
    }

    /// The number of the present place, from 1; 0 where nothing was found.
    #[must_use]
    pub fn number(&self) -> usize {
        if self.found.is_empty() { 0 } else { self.present + 1 }
    }

    /// Goes to the next place, or the one before, around the end.
    pub fn step(&mut self, forwards: bool) {
        let count = self.found.len();
        if count > 0 {
            let by = if forwards { 1 } else { count - 1 };
            self.present = (self.present + by) % count;
        }
    }

    /// Looks again in a text of which the first `same` bytes are as they were; the present place
    /// stays as near as may be. The bytes that were looked through come back: those that changed,
    /// and as many before as the words could take.
    pub fn refresh(&mut self, text: &str, same: usize) -> usize {
        let kept = self.found.partition_point(|place| place.end <= same);
        self.found.truncate(kept);
        // In other capitals a character can take more bytes, yet never more than four.
        let longest = 4 * self.words.chars().count();
        let from = text.floor_char_boundary(same.min(text.len()).saturating_sub(longest));
        let from = from.max(self.found.last().map_or(0, |place| place.end));
        find_from(text, &self.words, from, &mut self.found);
        self.present = self.present.min(self.found.len().saturating_sub(1));
        text.len().saturating_sub(from)
    }

    /// The places that touch a range, and whether each is the present one.
    pub fn within(&self, range: Range<usize>) -> impl Iterator<Item = (&Range<usize>, bool)> {
        let first = self.found.partition_point(|place| place.end <= range.start);
        self.found
            .iter()
            .enumerate()
            .skip(first)
            .take_while(move |(_, place)| place.start < range.end)
            .map(|(number, place)| (place, number == self.present))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn starts(text: &str, words: &str) -> Vec<usize> {
        find(text, words).into_iter().map(|place| place.start).collect()
    }

    #[test]
    fn capitals_matter_only_where_there_are_some() {
        assert_eq!(find("An apple, AN ant", "an"), [0..2, 10..12, 13..15]);
        assert_eq!(starts("An apple, AN ant", "An"), [0]);
        assert_eq!(starts("Ärger mit Bär", "är"), [0, 12]);
        assert_eq!(find("aaaa", "aa"), [0..2, 2..4]);
        assert!(find("anything", "").is_empty());
        assert_eq!(starts("日本語", "本"), [3]);
        assert!(find("short", "much longer").is_empty());
    }

    #[test]
    fn places_go_round() {
        let mut find = Find::new("one two one two one", "one", 5);
        assert_eq!((find.number(), find.present()), (2, Some(&(8..11))));
        find.step(true);
        find.step(true);
        assert_eq!(find.number(), 1);
        find.step(false);
        assert_eq!(find.number(), 3);
        find.refresh("one", 0);
        assert_eq!((find.number(), find.found().len()), (1, 1));
        assert_eq!(find.within(1..2).map(|(_, present)| present).collect::<Vec<_>>(), [true]);
        find.refresh("nothing of it", 0);
        assert_eq!((find.number(), find.present()), (0, None));
    }

    #[test]
    fn a_text_that_grows_is_looked_through_where_it_grew() {
        for (text, words) in [
            ("one and one and One", "one"),
            ("aaaaaaa", "aa"),
            ("Ärger mit Bär, ärger", "är"),
            ("K\u{212a}k k\u{212a}", "kk"),
            ("日本 日本語 本", "本語"),
            ("An anAn An", "An"),
        ] {
            let mut find = Find::new("", words, 0);
            let mut same = 0;
            for (at, character) in text.char_indices() {
                let end = at + character.len_utf8();
                find.refresh(&text[..end], same);
                same = end;
            }
            assert_eq!(find.found(), super::find(text, words), "{words} in {text}");
        }
    }
}
