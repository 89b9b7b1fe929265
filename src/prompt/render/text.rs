//! Texts that know which of their bytes came from inputs nobody vouches for.
//!
//! Whoever makes a text of others says what became of whose bytes, so that no filter, block or
//! macro washes an input clean. What a value *decides*, such as a branch taken or a key looked
//! up, is not followed: the words chosen then are the template's own. Numbers and truth values
//! have no room for words and are not followed either.

use std::{
    ops::{Deref, Range},
    sync::Arc,
};

use super::budget::{Budget, Outcome};

/// A stretch of a text that an input gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stretch {
    pub range: Range<usize>,
    /// The name of the input; names where no single one gave it.
    pub input: Arc<str>,
}

/// Which bytes inputs gave: stretches in order that do not overlap. One that ends behind the
/// text ends with it, so that all texts of one input share theirs.
pub(super) type Origin = Arc<Vec<Stretch>>;

/// All of a text, however long, given by one input.
pub(super) fn all_from(input: impl Into<Arc<str>>) -> Origin {
    Arc::new(vec![Stretch { range: 0..usize::MAX, input: input.into() }])
}

/// The origin of something made of two others.
pub(super) fn either(one: Option<&Origin>, other: Option<&Origin>) -> Option<Origin> {
    match (one, other) {
        (Some(only), None) | (None, Some(only)) => Some(Arc::clone(only)),
        (Some(one), Some(other)) if Arc::ptr_eq(one, other) => Some(Arc::clone(one)),
        (Some(one), Some(other)) => {
            all_of(one.iter().chain(&**other).map(|stretch| &stretch.input))
        }
        (None, None) => None,
    }
}

/// What is told of inputs that are too many to name.
const MANY: &str = "several inputs";
/// How many are named together.
const NAMED: usize = 4;

/// All of a text, given by these inputs together.
fn all_of<'a>(inputs: impl Iterator<Item = &'a Arc<str>>) -> Option<Origin> {
    let mut names: Vec<&str> = Vec::new();
    for name in inputs.flat_map(|input| input.split(", ")) {
        if !names.contains(&name) {
            names.push(name);
        }
        if names.len() > NAMED || name == MANY {
            return Some(all_from(MANY));
        }
    }
    (!names.is_empty()).then(|| all_from(names.join(", ")))
}

/// A text as a value. Copying one is cheap.
#[derive(Clone, Debug)]
pub(super) struct Text {
    text: Arc<str>,
    /// `None`: all of it is the template's own.
    origin: Option<Origin>,
}

impl Deref for Text {
    type Target = str;

    fn deref(&self) -> &str {
        &self.text
    }
}

impl Text {
    /// Words of the template, or of somebody the template's author vouches for.
    pub fn own(text: impl Into<Arc<str>>) -> Self {
        Self { text: text.into(), origin: None }
    }

    pub fn new(text: impl Into<Arc<str>>, origin: Option<Origin>) -> Self {
        Self { text: text.into(), origin }
    }

    /// The text alone.
    pub fn shared(&self) -> Arc<str> {
        Arc::clone(&self.text)
    }

    /// Every character as a text of its own.
    pub fn characters(&self) -> Vec<Self> {
        let mut buffer = [0; 4];
        let mut characters = Vec::with_capacity(self.text.len());
        for (piece, input) in self.pieces() {
            let origin = input.map(|input| all_from(Arc::clone(input)));
            characters.extend(
                piece.chars().map(|c| Self::new(&*c.encode_utf8(&mut buffer), origin.clone())),
            );
        }
        characters
    }

    /// Who gave any of it, for something made of the text as a whole.
    pub fn origin(&self) -> Option<Origin> {
        match self.stretches() {
            [] => None,
            [all] if all.range == (0..usize::MAX) => self.origin.clone(),
            stretches => all_of(stretches.iter().map(|stretch| &stretch.input)),
        }
    }

    /// The stretches as they are kept; the last may end behind the text.
    fn stretches(&self) -> &[Stretch] {
        match &self.origin {
            Some(origin) if !self.text.is_empty() => origin,
            _ => &[],
        }
    }

    /// The text in order, cut where the origin changes.
    pub fn pieces(&self) -> impl Iterator<Item = (&str, Option<&Arc<str>>)> {
        let mut at = 0;
        let mut stretches = self.stretches().iter().peekable();
        std::iter::from_fn(move || {
            if at >= self.text.len() {
                return None;
            }
            let (end, input) = match stretches.peek() {
                Some(next) if next.range.start > at => (next.range.start, None),
                Some(_) => {
                    let next = stretches.next()?;
                    (next.range.end, Some(&next.input))
                }
                None => (self.text.len(), None),
            };
            let end = end.min(self.text.len());
            let piece = self.text.get(at..end).unwrap_or("");
            at = end;
            Some((piece, input))
        })
    }

    /// A part of the text, with what is known of it.
    pub fn part(&self, range: Range<usize>, budget: &mut Budget) -> Outcome<Self> {
        if self.origin.is_none() {
            return Ok(Self::own(self.text.get(range).unwrap_or("")));
        }
        let mut out = Written::default();
        out.push_part(self, range, budget)?;
        Ok(out.into_text())
    }

    /// A part that is borrowed from this very text.
    pub fn part_of(&self, part: &str, budget: &mut Budget) -> Outcome<Self> {
        let start = (part.as_ptr() as usize).saturating_sub(self.text.as_ptr() as usize);
        self.part(start..start + part.len(), budget)
    }

    /// The text with every piece of one origin written anew.
    pub fn rewritten(
        &self,
        budget: &mut Budget,
        mut write: impl FnMut(&str, &mut String),
    ) -> Outcome<Self> {
        let mut out = Written::default();
        for (piece, input) in self.pieces() {
            let start = out.text.len();
            write(piece, &mut out.text);
            out.mark(start, input, budget)?;
        }
        Ok(out.into_text())
    }

    /// The characters from behind.
    pub fn reversed(&self, budget: &mut Budget) -> Outcome<Self> {
        let mut out = Written::default();
        let pieces: Vec<_> = self.pieces().collect();
        for (piece, input) in pieces.into_iter().rev() {
            let start = out.text.len();
            out.text.extend(piece.chars().rev());
            out.mark(start, input, budget)?;
        }
        Ok(out.into_text())
    }
}

/// A text that is being written. The bytes are paid for by whoever writes them; what is kept
/// about their origin is paid for here.
#[derive(Debug, Default)]
pub(super) struct Written {
    text: String,
    stretches: Vec<Stretch>,
}

impl Written {
    pub fn with_capacity(bytes: usize) -> Self {
        Self { text: String::with_capacity(bytes), stretches: Vec::new() }
    }

    pub fn as_str(&self) -> &str {
        &self.text
    }

    pub fn len(&self) -> usize {
        self.text.len()
    }

    /// Adds words that are the template's own.
    pub fn push_own(&mut self, text: &str) {
        self.text.push_str(text);
    }

    /// Adds words that somebody gave as a whole.
    pub fn push_given(
        &mut self,
        text: &str,
        origin: Option<&Origin>,
        budget: &mut Budget,
    ) -> Outcome<()> {
        let start = self.text.len();
        self.text.push_str(text);
        let first = origin.and_then(|origin| origin.first());
        self.mark(start, first.map(|stretch| &stretch.input), budget)
    }

    /// Adds a text with what is known of it.
    pub fn push(&mut self, text: &Text, budget: &mut Budget) -> Outcome<()> {
        self.push_part(text, 0..text.len(), budget)
    }

    /// Adds a part of a text.
    pub fn push_part(
        &mut self,
        text: &Text,
        range: Range<usize>,
        budget: &mut Budget,
    ) -> Outcome<()> {
        let start = self.text.len();
        self.text.push_str(text.text.get(range.clone()).unwrap_or(""));
        let stretches = text.stretches();
        let first = stretches.partition_point(|stretch| stretch.range.end <= range.start);
        for stretch in stretches.get(first..).unwrap_or_default() {
            if stretch.range.start >= range.end {
                break;
            }
            let from = stretch.range.start.max(range.start) - range.start + start;
            let to = stretch.range.end.min(range.end) - range.start + start;
            self.add(from..to, &stretch.input, budget)?;
        }
        Ok(())
    }

    /// Says of everything from `start` on which input gave it.
    fn mark(&mut self, start: usize, input: Option<&Arc<str>>, budget: &mut Budget) -> Outcome<()> {
        match input {
            Some(input) if start < self.text.len() => {
                self.add(start..self.text.len(), input, budget)
            }
            _ => Ok(()),
        }
    }

    fn add(&mut self, range: Range<usize>, input: &Arc<str>, budget: &mut Budget) -> Outcome<()> {
        match self.stretches.last_mut() {
            Some(last) if last.range.end == range.start && last.input == *input => {
                last.range.end = range.end;
            }
            _ => {
                budget.make(size_of::<Stretch>())?;
                self.stretches.push(Stretch { range, input: Arc::clone(input) });
            }
        }
        Ok(())
    }

    /// The stretches that inputs gave.
    pub fn stretches(&self) -> &[Stretch] {
        &self.stretches
    }

    /// Where the last byte ends that an input gave.
    pub fn given_end(&self) -> usize {
        self.stretches.last().map_or(0, |last| last.range.end)
    }

    /// Takes back everything from `len` on; no byte of an input may be among it.
    pub fn truncate(&mut self, len: usize) {
        self.text.truncate(len.max(self.given_end()));
    }

    /// Takes away the first bytes; no byte of an input may be among them.
    pub fn drop_start(&mut self, len: usize) {
        let first = self.stretches.first().map_or(usize::MAX, |first| first.range.start);
        let len = len.min(first);
        self.text.drain(..len);
        for stretch in &mut self.stretches {
            stretch.range = stretch.range.start - len..stretch.range.end - len;
        }
    }

    pub fn into_parts(self) -> (String, Vec<Stretch>) {
        (self.text, self.stretches)
    }

    pub fn into_text(self) -> Text {
        let origin = (!self.stretches.is_empty()).then(|| Arc::new(self.stretches));
        Text { text: self.text.into(), origin }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::budget::Limits, *};

    fn given(text: &str, input: &str) -> Text {
        Text::new(text, Some(all_from(input)))
    }

    fn shown(text: &Text) -> String {
        let pieces = text.pieces().map(|(piece, input)| match input {
            Some(input) => format!("<{input}:{piece}>"),
            None => piece.to_owned(),
        });
        pieces.collect()
    }

    #[test]
    fn whose_bytes_they_are_survives_joining_cutting_and_turning() {
        let mut budget = Budget::new(Limits::default());
        let mut out = Written::default();
        out.push_own("say ");
        out.push(&given("héllo", "a"), &mut budget).expect("room");
        out.push(&given("!", "a"), &mut budget).expect("room");
        out.push(&given("?", "b"), &mut budget).expect("room");
        out.push(&given("", "c"), &mut budget).expect("room");
        out.push_own(" now");
        let text = out.into_text();
        assert_eq!(shown(&text), "say <a:héllo!><b:?> now");
        assert_eq!(shown(&text.part(2..5, &mut budget).expect("room")), "y <a:h>");
        assert_eq!(shown(&text.part_of(&text[12..], &mut budget).expect("room")), " now");
        assert_eq!(shown(&text.reversed(&mut budget).expect("room")), "won <b:?><a:!olléh> yas");
        let upper = text.rewritten(&mut budget, |piece, out| out.push_str(&piece.to_uppercase()));
        assert_eq!(shown(&upper.expect("room")), "SAY <a:HÉLLO!><b:?> NOW");
        let whole = |source: &Text| shown(&Text::new("xy", source.origin()));
        assert_eq!(whole(&text), "<a, b:xy>");
        assert_eq!(whole(&given("b", "b")), "<b:xy>");
        assert_eq!(whole(&Text::own("own")), "xy");
        let both = either(text.origin().as_ref(), given("c", "c").origin().as_ref());
        assert_eq!(shown(&Text::new("xy", both)), "<a, b, c:xy>");
    }
}
