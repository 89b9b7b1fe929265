//! Markdown as models write it, rendered line by line while it arrives.
//!
//! Models write headings, lists, quotes, code, tables, and stress; that is what is rendered here.
//! A line never depends on one below it, so what has been shown stays where it is. Nothing is
//! lost: a sign that opens nothing stands for itself.

use super::{Row, cell_width, inline, wrap_from};
use crate::safety::MarkStyle;

/// A line longer than this is shown as it is: it is data, and reading it again with every piece
/// would cost its length each time.
const LONGEST_LINE: usize = 4096;

/// Cells a line needs beside what hangs before it.
const LEAST_WIDTH: usize = 12;

/// What a stretch of rendered text is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kind {
    #[default]
    Text,
    Heading,
    Code,
    Link,
    /// Signs that stand for structure: bullets, bars, where a link leads.
    Sign,
}

/// How a stretch of rendered text is to look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tone {
    pub kind: Kind,
    pub strong: bool,
    pub emphasis: bool,
}

impl Tone {
    /// A tone without stress.
    #[must_use]
    pub const fn of(kind: Kind) -> Self {
        Self { kind, strong: false, emphasis: false }
    }
}

/// A row of rendered text: a byte range, and how far it hangs in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MarkdownRow {
    pub start: usize,
    pub end: usize,
    /// Empty cells before it.
    pub indent: usize,
}

/// A rendered text that grows with its source.
#[derive(Clone)]
pub struct Markdown {
    text: String,
    /// Where each stretch ends, and its tone; without gaps.
    tones: Vec<(usize, Tone)>,
    rows: Vec<MarkdownRow>,
    width: usize,
    unicode: bool,
    fence: Option<Fence>,
    /// Bytes of the source that were read for good.
    read: usize,
    /// What stays when more of the last line comes.
    kept: Kept,
    /// Whether the line being read is one of those that are shown as they are.
    long: bool,
}

/// A block of code that is open: its sign and how many of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Fence {
    sign: u8,
    count: usize,
}

#[derive(Clone, Copy, Debug, Default)]
struct Kept {
    text: usize,
    tones: usize,
    rows: usize,
    fence: Option<Fence>,
}

impl std::fmt::Debug for Markdown {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Markdown")
            .field("bytes", &self.text.len())
            .field("rows", &self.rows.len())
            .field("width", &self.width)
            .finish_non_exhaustive()
    }
}

impl Markdown {
    /// An empty text, to be wrapped at `width` cells.
    #[must_use]
    pub fn new(style: MarkStyle, width: usize) -> Self {
        Self {
            text: String::new(),
            tones: Vec::new(),
            rows: Vec::new(),
            width: width.max(1),
            unicode: style == MarkStyle::Unicode,
            fence: None,
            read: 0,
            kept: Kept::default(),
            long: false,
        }
    }

    /// Reads on in a source that only ever grew since it was read last, and is safe to draw.
    pub fn read(&mut self, source: &str) {
        self.take_back();
        while let Some(rest) = source.get(self.read..).filter(|rest| !rest.is_empty()) {
            if let Some(end) = rest.find('\n') {
                let line = rest.get(..end).unwrap_or_default();
                if self.long {
                    self.go_on(line);
                } else if line.len() > LONGEST_LINE {
                    self.put("", 0, |text, tones| inline::push(text, tones, line, Tone::default()));
                } else {
                    self.line(line);
                }
                self.long = false;
                self.text.push('\n');
                self.tone(Tone::default());
                self.read += end + 1;
                self.keep();
            } else {
                if self.long {
                    self.go_on(rest);
                } else if rest.len() > LONGEST_LINE {
                    self.long = true;
                    self.put("", 0, |text, tones| inline::push(text, tones, rest, Tone::default()));
                } else {
                    // More of this line may come and make something else of it.
                    self.line(rest);
                    return;
                }
                self.read = source.len();
                self.keep();
            }
        }
    }

    /// Renders at another width, from the source. Nothing happens when it is the same; whether it
    /// was another comes back.
    pub fn set_width(&mut self, width: usize, source: &str) -> bool {
        let width = width.max(1);
        let another = width != self.width;
        if another {
            let style = if self.unicode { MarkStyle::Unicode } else { MarkStyle::Ascii };
            *self = Self::new(style, width);
            self.read(source);
        }
        another
    }

    /// Screen rows at the present width.
    #[must_use]
    pub const fn row_count(&self) -> usize {
        self.rows.len()
    }

    /// One row; an empty one past the end.
    #[must_use]
    pub fn row(&self, index: usize) -> MarkdownRow {
        self.rows.get(index).copied().unwrap_or(MarkdownRow { start: 0, end: 0, indent: 0 })
    }

    /// The whole rendered text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The bytes of the rendered text that stay as they are, whatever comes.
    #[must_use]
    pub const fn settled(&self) -> usize {
        self.kept.text
    }

    /// The row that holds a byte of the rendered text.
    #[must_use]
    pub fn row_of(&self, byte: usize) -> usize {
        self.rows.partition_point(|row| row.start <= byte).saturating_sub(1)
    }

    /// The stretches of a row with their tones, in order.
    pub fn stretches(&self, row: MarkdownRow) -> impl Iterator<Item = (&str, Tone)> {
        let first = self.tones.partition_point(|(end, _)| *end <= row.start);
        let mut at = row.start;
        self.tones.get(first..).unwrap_or_default().iter().map_while(move |&(end, tone)| {
            let end = end.min(row.end);
            let stretch = self.text.get(at..end).filter(|stretch| !stretch.is_empty())?;
            at = end;
            Some((stretch, tone))
        })
    }

    fn keep(&mut self) {
        self.kept = Kept {
            text: self.text.len(),
            tones: self.tones.len(),
            rows: self.rows.len(),
            fence: self.fence,
        };
    }

    fn take_back(&mut self) {
        self.text.truncate(self.kept.text);
        self.tones.truncate(self.kept.tones);
        self.rows.truncate(self.kept.rows);
        self.fence = self.kept.fence;
    }

    /// What was added last has this tone.
    fn tone(&mut self, tone: Tone) {
        self.tones.push((self.text.len(), tone));
    }

    /// More of a line that is shown as it is.
    fn go_on(&mut self, piece: &str) {
        let from = self.rows.pop().map_or(self.text.len(), |row| row.start);
        inline::push(&mut self.text, &mut self.tones, piece, Tone::default());
        self.wrap(from, from, 0);
    }

    fn line(&mut self, line: &str) {
        let body = line.trim_start_matches(' ');
        let indent = (line.len() - body.len()).min(16);
        if let Some(fence) = self.fence {
            let count = body.bytes().take_while(|byte| *byte == fence.sign).count();
            if count >= fence.count && body.trim_end().len() == count {
                self.fence = None;
            } else {
                self.code(line);
            }
            return;
        }
        if let Some((fence, language)) = fence(body) {
            self.fence = Some(fence);
            if !language.is_empty() {
                self.put("  ", 2, |text, tones| {
                    inline::push(text, tones, language, Tone::of(Kind::Sign));
                });
            }
        } else if let Some(heading) = heading(body) {
            self.put("", 0, |text, tones| {
                inline::render(text, tones, heading, Tone::of(Kind::Heading));
            });
        } else if is_rule(body) {
            let sign = if self.unicode { "─" } else { "-" };
            let rule = sign.repeat(self.width);
            self.put("", 0, |text, tones| inline::push(text, tones, &rule, Tone::of(Kind::Sign)));
        } else if body.starts_with('|') {
            self.table_row(body);
        } else {
            let (marker, rest) = self.marker(body);
            let marker = format!("{}{marker}", " ".repeat(indent));
            let hang = cell_width(&marker);
            self.put(&marker, hang, |text, tones| {
                inline::render(text, tones, rest, Tone::default());
            });
        }
    }

    /// What stands before a quote's or an item's words, as it is shown, and the words.
    fn marker<'l>(&self, body: &'l str) -> (String, &'l str) {
        let (bar, bullet) = if self.unicode { ("│ ", "• ") } else { ("| ", "- ") };
        if let Some(quoted) = body.strip_prefix('>') {
            let (inner, rest) = self.marker(quoted.strip_prefix(' ').unwrap_or(quoted));
            return (format!("{bar}{inner}"), rest);
        }
        if let Some(item) = ["- ", "* ", "+ "].iter().find_map(|sign| body.strip_prefix(sign)) {
            return (bullet.to_owned(), item.trim_start_matches(' '));
        }
        let digits = body.bytes().take_while(u8::is_ascii_digit).count();
        if (1..=9).contains(&digits)
            && let Some(rest) = body.get(digits..)
            && let Some(item) = rest.strip_prefix(". ").or_else(|| rest.strip_prefix(") "))
            && let Some(number) = body.get(..digits + 2)
        {
            return (number.to_owned(), item);
        }
        (String::new(), body)
    }

    /// A row of a table, its bars drawn, or the line below its head.
    fn table_row(&mut self, body: &str) {
        let bar = if self.unicode { "│" } else { "|" };
        let sign = Tone::of(Kind::Sign);
        if body.bytes().all(|byte| matches!(byte, b'|' | b'-' | b':' | b' ')) {
            let line = if self.unicode { "─" } else { "-" };
            let drawn = body.replace('|', bar).replace(['-', ':', ' '], line);
            return self.put("", 0, |text, tones| inline::push(text, tones, &drawn, sign));
        }
        self.put("", 0, |text, tones| {
            for (place, cell) in body.split('|').enumerate() {
                if place > 0 {
                    inline::push(text, tones, bar, sign);
                }
                inline::render(text, tones, cell, Tone::default());
            }
        });
    }

    fn code(&mut self, line: &str) {
        self.put("  ", 2, |text, tones| inline::push(text, tones, line, Tone::of(Kind::Code)));
    }

    /// Adds a line: what stands before it, and words that hang behind that.
    fn put(
        &mut self,
        marker: &str,
        hang: usize,
        words: impl FnOnce(&mut String, &mut Vec<(usize, Tone)>),
    ) {
        let start = self.text.len();
        self.text.push_str(marker);
        self.tone(Tone::of(Kind::Sign));
        let from = self.text.len();
        words(&mut self.text, &mut self.tones);
        if hang + LEAST_WIDTH > self.width {
            self.wrap(start, start, 0);
        } else {
            self.wrap(start, from, hang);
        }
    }

    /// Wraps the text from `from` on; the first row begins at `start`, where its marker stands.
    fn wrap(&mut self, start: usize, from: usize, hang: usize) {
        let mut rows: Vec<Row> = Vec::new();
        wrap_from(&self.text, from, self.width - hang, &mut rows);
        self.rows.extend(rows.iter().enumerate().map(|(place, row)| match place {
            0 => MarkdownRow { start, end: row.end, indent: 0 },
            _ => MarkdownRow { start: row.start, end: row.end, indent: hang },
        }));
    }
}

/// The beginning of a block of code, and the word after it.
fn fence(body: &str) -> Option<(Fence, &str)> {
    let sign = *body.as_bytes().first().filter(|sign| matches!(sign, b'`' | b'~'))?;
    let count = body.bytes().take_while(|byte| *byte == sign).count();
    let language = body.get(count..)?.trim();
    (count >= 3 && !language.contains('`')).then_some((Fence { sign, count }, language))
}

/// The words of a heading.
fn heading(body: &str) -> Option<&str> {
    let level = body.bytes().take_while(|byte| *byte == b'#').count();
    let words = body.get(level..)?.strip_prefix(' ')?;
    (1..=6).contains(&level).then(|| words.trim().trim_end_matches('#').trim_end())
}

/// Whether a line is nothing but a line.
fn is_rule(body: &str) -> bool {
    let mut signs = body.bytes().filter(|byte| *byte != b' ');
    let Some(sign) = signs.next().filter(|sign| matches!(sign, b'-' | b'*' | b'_')) else {
        return false;
    };
    let mut count = 1;
    signs.all(|byte| {
        count += 1;
        byte == sign
    }) && count >= 3
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shown(source: &str, width: usize) -> Vec<String> {
        let mut markdown = Markdown::new(MarkStyle::Unicode, width);
        markdown.read(source);
        rows(&markdown)
    }

    fn rows(markdown: &Markdown) -> Vec<String> {
        (0..markdown.row_count())
            .map(|index| {
                let row = markdown.row(index);
                let text: String = markdown.stretches(row).map(|(text, _)| text).collect();
                format!("{}{text}", " ".repeat(row.indent))
            })
            .collect()
    }

    #[test]
    fn what_models_write_is_rendered() {
        let source = "# A *fine* heading #\n\n- **one**: `a_b`\n  - two\n10. ten\n> said\n> > \
                      twice\n```rust\nlet a = *b;\n\n```\n---\n| a | b |\n|---|:-:|\n| 1 | 2 |\nend";
        assert_eq!(
            shown(source, 20),
            [
                "A fine heading",
                "",
                "• one: a_b",
                "  • two",
                "10. ten",
                "│ said",
                "│ │ twice",
                "  rust",
                "  let a = *b;",
                "  ",
                "────────────────────",
                "│ a │ b │",
                "│───│───│",
                "│ 1 │ 2 │",
                "end",
            ]
        );
    }

    #[test]
    fn words_hang_behind_their_bullet() {
        assert_eq!(
            shown("- one two three four five", 14),
            ["• one two ", "  three four ", "  five"]
        );
        assert_eq!(shown("- one two three", 8), ["• one ", "two ", "three"]);
    }

    #[test]
    fn what_is_no_markdown_stays() {
        for text in ["#hash", "-dash", "1.5 is a number", "a | b", "``` a ` b", "--", "2 * 3 * 4"] {
            assert_eq!(shown(text, 40), [text]);
        }
    }

    #[test]
    fn tones_say_what_is_what() {
        let mut markdown = Markdown::new(MarkStyle::Ascii, 40);
        markdown.read("- **a *b*** `c`");
        let tones: Vec<(String, Tone)> = markdown
            .stretches(markdown.row(0))
            .map(|(text, tone)| (text.to_owned(), tone))
            .collect();
        let strong = Tone { strong: true, ..Tone::default() };
        assert_eq!(
            tones,
            [
                ("- ".to_owned(), Tone::of(Kind::Sign)),
                ("a ".to_owned(), strong),
                ("b".to_owned(), Tone { emphasis: true, ..strong }),
                (" ".to_owned(), Tone::default()),
                ("c".to_owned(), Tone::of(Kind::Code)),
            ]
        );
    }

    #[test]
    fn a_line_without_end_is_shown_as_it_is() {
        let mut markdown = Markdown::new(MarkStyle::Unicode, 80);
        let mut source = "- **".to_owned();
        for _ in 0..3000 {
            source.push_str("a long line ");
            markdown.read(&source);
        }
        source.push_str("\n- b");
        markdown.read(&source);
        let rows = rows(&markdown);
        assert_eq!(rows.last().map(String::as_str), Some("• b"));
        assert!(
            rows.first().is_some_and(|row| row.starts_with("- **a long")),
            "{:?}",
            rows.first()
        );
        assert!(rows.len() > 400);
    }

    proptest! {
        #[test]
        fn pieces_and_the_whole_render_alike(
            source in "([#>*_`~|\\[\\]()! a-c日-]|\n|\\*\\*|```|- |1\\. ){0,60}",
            width in 1_usize..30,
        ) {
            let mut whole = Markdown::new(MarkStyle::Unicode, width);
            whole.read(&source);
            let mut grown = Markdown::new(MarkStyle::Unicode, width);
            for (at, _) in source.char_indices().skip(1) {
                grown.read(&source[..at]);
            }
            grown.read(&source);
            prop_assert_eq!(rows(&grown), rows(&whole));
            let mut turned = Markdown::new(MarkStyle::Unicode, 7);
            turned.read(&source);
            turned.set_width(width, &source);
            prop_assert_eq!(rows(&turned), rows(&whole));
        }

        #[test]
        fn no_word_is_lost(source in "[a-c0-9#>*_`~|\\[\\]() \n-]{0,80}") {
            let letters = |text: &str| -> String {
                text.chars().filter(char::is_ascii_alphanumeric).collect()
            };
            let mut markdown = Markdown::new(MarkStyle::Ascii, 20);
            markdown.read(&source);
            prop_assert_eq!(letters(markdown.text()), letters(&source));
        }
    }
}
