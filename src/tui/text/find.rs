//! Finding words in a text that is shown.

use std::ops::Range;

/// Where words stand in a text, without overlaps. Capitals matter only where the words have some.
#[must_use]
pub fn find(text: &str, words: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    if words.is_empty() {
        return found;
    }
    if words.chars().any(char::is_uppercase) {
        found.extend(text.match_indices(words).map(|(at, words)| at..at + words.len()));
        return found;
    }
    let mut from = 0;
    while let Some(rest) = text.get(from..) {
        let next = rest.char_indices().find_map(|(at, _)| {
            let length = begins(rest.get(at..)?, words)?;
            Some(from + at..from + at + length)
        });
        let Some(next) = next else { break };
        from = next.end;
        found.push(next);
    }
    found
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

    /// Looks again in a text that changed; the present place stays as near as may be.
    pub fn refresh(&mut self, text: &str) {
        self.found = find(text, &self.words);
        self.present = self.present.min(self.found.len().saturating_sub(1));
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
        find.refresh("one");
        assert_eq!((find.number(), find.found().len()), (1, 1));
        assert_eq!(find.within(1..2).map(|(_, present)| present).collect::<Vec<_>>(), [true]);
        find.refresh("nothing of it");
        assert_eq!((find.number(), find.present()), (0, None));
    }
}
