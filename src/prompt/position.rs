//! Where something stands in a text: lines and columns for people, byte offsets for machines.

use std::fmt;

/// A place in a file, as errors and findings name it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The template's id, or the name of the included file.
    pub file: String,
    /// Counted from 1.
    pub line: usize,
    /// Counted from 1, in characters.
    pub column: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}

/// The starts of a text's lines, so that an offset becomes a line and a column without reading
/// the text from its beginning each time.
#[derive(Clone, Debug)]
pub struct LineIndex {
    starts: Vec<usize>,
}

impl LineIndex {
    /// Indexes a text. Lines end at `\n`; a `\r` before it belongs to the line.
    #[must_use]
    pub fn new(text: &str) -> Self {
        let mut starts = vec![0];
        starts.extend(text.bytes().enumerate().filter(|&(_, b)| b == b'\n').map(|(at, _)| at + 1));
        Self { starts }
    }

    /// Line and column (both from 1, the column in characters) of a byte offset. An offset past
    /// the end, or inside a character, is taken back to the last whole character.
    #[must_use]
    pub fn locate(&self, text: &str, offset: usize) -> (usize, usize) {
        let offset = text.floor_char_boundary(offset);
        let line = self.starts.partition_point(|&start| start <= offset);
        let start = self.starts.get(line.wrapping_sub(1)).copied().unwrap_or(0);
        let column = text.get(start..offset).map_or(0, |before| before.chars().count());
        (line.max(1), column + 1)
    }

    /// The byte offset of a line and a column (both from 1, the column in characters), held
    /// inside the line.
    #[must_use]
    pub fn offset(&self, text: &str, line: usize, column: usize) -> usize {
        let start = self.starts.get(line.saturating_sub(1)).copied().unwrap_or(text.len());
        let rest = text.get(start..).unwrap_or("");
        let line_text = rest.split('\n').next().unwrap_or("");
        let inside = line_text
            .char_indices()
            .nth(column.saturating_sub(1))
            .map_or(line_text.len(), |(at, _)| at);
        start + inside
    }

    /// The number of lines; a text that ends in a newline has an empty last line.
    #[must_use]
    pub fn lines(&self) -> usize {
        self.starts.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_columns_count_characters_from_one() {
        let text = "äb\r\ncd\n";
        let index = LineIndex::new(text);
        assert_eq!(index.locate(text, 0), (1, 1));
        assert_eq!(index.locate(text, 2), (1, 2));
        assert_eq!(index.locate(text, 1), (1, 1), "inside a character");
        assert_eq!(index.locate(text, 5), (2, 1));
        assert_eq!(index.locate(text, 999), (3, 1));
        assert_eq!(index.offset(text, 2, 2), 6);
        assert_eq!(index.offset(text, 1, 99), 4);
        assert_eq!(index.lines(), 3);
    }
}
