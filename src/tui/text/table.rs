//! A column of names with words beside them, wrapped into rows: facts, help, the log.

use super::{cell_width, wrap_from};

/// A space that no row ends at, so that a figure keeps its unit.
pub const STAYS: char = '\u{a0}';

/// What a stretch of a row is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// The name in the column of names.
    Name,
    /// A key.
    Key,
    /// Over what belongs together.
    Heading,
    Plain,
    /// Known, and rarely what one looks for.
    Aside,
    /// Made by the simulated model.
    Simulated,
    /// Not as asked for.
    Warning,
    /// It failed.
    Bad,
    /// What a person thinks of it.
    Rating,
}

/// A name and what stands beside it. All texts are safe to draw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    name: String,
    name_tone: Tone,
    words: Vec<(String, Tone)>,
}

/// One row on screen: the stretches from left to right.
pub type TableRow = Vec<(String, Tone)>;

impl Entry {
    /// Words beside a name.
    pub fn new(name: impl Into<String>, words: impl Into<String>, tone: Tone) -> Self {
        Self { name: name.into(), name_tone: Tone::Name, words: vec![(words.into(), tone)] }
    }

    /// Words over the whole width.
    pub fn paragraph(words: impl Into<String>, tone: Tone) -> Self {
        Self::new("", words, tone)
    }

    /// The name in another tone.
    #[must_use]
    pub const fn named(mut self, tone: Tone) -> Self {
        self.name_tone = tone;
        self
    }

    /// More words, apart from those before.
    #[must_use]
    pub fn and(mut self, words: Option<String>, tone: Tone) -> Self {
        self.words.extend(words.map(|words| (format!("  {words}"), tone)));
        self
    }

    /// Cells the name takes on one line.
    #[must_use]
    pub fn name_width(&self) -> usize {
        cell_width(&self.name)
    }

    fn rows(&self, names: usize, width: usize, rows: &mut Vec<TableRow>) {
        let heads = if self.name.is_empty() { Vec::new() } else { wrapped(&self.name, names) };
        let indent = if heads.is_empty() { 0 } else { names + 1 };
        let text: String = self.words.iter().map(|(words, _)| words.as_str()).collect();
        let mut wrapped = Vec::new();
        wrap_from(&text, 0, width.saturating_sub(indent).max(1), &mut wrapped);
        for index in 0..heads.len().max(wrapped.len()) {
            let mut row = Vec::new();
            if indent > 0 {
                let head = heads.get(index).map_or("", String::as_str);
                let air = " ".repeat(indent.saturating_sub(cell_width(head)));
                row.push((format!("{head}{air}"), self.name_tone));
            }
            if let Some(range) = wrapped.get(index) {
                // A space at the break hangs over the edge and is not drawn.
                let end = text.get(..range.end).unwrap_or("").trim_end_matches(' ').len();
                let mut at = 0;
                for (words, tone) in &self.words {
                    let (start, end) = (range.start.max(at), end.min(at + words.len()));
                    let stretch = text.get(start..end).filter(|stretch| !stretch.is_empty());
                    row.extend(stretch.map(|stretch| (stretch.replace(STAYS, " "), *tone)));
                    at += words.len();
                }
            }
            rows.push(row);
        }
    }
}

fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut rows = Vec::new();
    wrap_from(text, 0, width.max(1), &mut rows);
    rows.iter()
        .map(|row| text.get(row.start..row.end).unwrap_or("").trim_end().to_owned())
        .collect()
}

/// Entries as rows of a width, the names in a column of at most `names` cells.
#[must_use]
pub fn table_rows(entries: &[Entry], names: usize, width: usize) -> Vec<TableRow> {
    let widest = entries.iter().map(Entry::name_width).max().unwrap_or(0);
    let names = widest.min(names).max(1);
    let mut rows = Vec::new();
    for entry in entries {
        entry.rows(names, width, &mut rows);
    }
    rows
}

/// Rows as text, to be copied.
#[must_use]
pub fn table_text(rows: &[TableRow]) -> String {
    let row = |row: &TableRow| -> String { row.iter().map(|(words, _)| words.as_str()).collect() };
    let rows: Vec<String> = rows.iter().map(|it| row(it).trim_end().to_owned()).collect();
    rows.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_goes_on_below_its_beginning() {
        let entries = [
            Entry::paragraph("above all of it", Tone::Heading),
            Entry::new("model", "one two", Tone::Plain)
                .and(Some("three four".to_owned()), Tone::Warning),
            Entry::new("r Ctrl-R F5", "runs", Tone::Plain).named(Tone::Key),
        ];
        let rows = table_rows(&entries, 8, 18);
        assert_eq!(
            table_text(&rows),
            "above all of it\nmodel    one two\n         three\n         four\nr Ctrl-R runs\nF5"
        );
        assert_eq!(rows[2][1], ("three".to_owned(), Tone::Warning));
        assert_eq!(rows[4][0], ("r Ctrl-R ".to_owned(), Tone::Key));
    }
}
