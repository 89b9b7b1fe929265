//! The sanitiser's state: what the next character depends on.

use super::{
    MARKS_A_CELL, TAB_WIDTH,
    classify::{Class, Family, classify, family, has_variant, is_pictographic, skip_ascii},
};

/// Where the machine puts what it finds.
pub(super) trait Output {
    /// Text to show as it is.
    fn text(&mut self, text: &str);
    /// A hidden character at a byte of the text. Returns the columns its mark takes.
    fn mark(&mut self, offset: usize, character: char) -> usize;
    /// A combining mark beyond what a cell holds; `first` of this cell or a later one. Returns
    /// the columns that were taken.
    fn pile(&mut self, offset: usize, character: char, first: bool) -> usize;
}

/// A character that is held back until the next one is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Held {
    Nothing,
    CarriageReturn,
    Joiner(char),
}

/// Where the text stands between two characters. Of fixed size, so that a stream of any length
/// costs nothing to remember.
#[derive(Clone, Debug)]
pub(super) struct Machine {
    one_line: bool,
    /// Bytes taken so far.
    offset: usize,
    /// Column of the next cell, for tabs.
    column: usize,
    held: Held,
    /// The character the present cell began with; `None` where nothing could combine.
    base: Option<char>,
    /// The character before, kept as it was, for joiners of scripts.
    before: Option<char>,
    /// Marks, joiners and selectors on the present cell.
    marks: usize,
    /// Whether a joiner was just kept, so that the next base belongs to the present cell.
    joined: bool,
}

impl Machine {
    pub fn new(one_line: bool) -> Self {
        Self {
            one_line,
            offset: 0,
            column: 0,
            held: Held::Nothing,
            base: None,
            before: None,
            marks: 0,
            joined: false,
        }
    }

    /// Takes a piece of text.
    pub fn feed<O: Output>(&mut self, text: &str, out: &mut O) {
        let mut rest = text;
        while !rest.is_empty() {
            if self.held == Held::Nothing && !self.joined {
                rest = self.ascii_run(rest, out);
            }
            let Some(character) = rest.chars().next() else { return };
            self.take(character, out);
            rest = rest.get(character.len_utf8()..).unwrap_or_default();
        }
    }

    /// Ends the text: what is held back has no next character. The machine is then as new.
    pub fn finish<O: Output>(&mut self, out: &mut O) {
        self.release(out);
        *self = Self::new(self.one_line);
    }

    /// Passes a run of printable ASCII through and returns what follows it.
    fn ascii_run<'t, O: Output>(&mut self, text: &'t str, out: &mut O) -> &'t str {
        let rest = skip_ascii(text, b' ');
        let run = text.get(..text.len() - rest.len()).unwrap_or_default();
        if let Some(last) = run.chars().next_back() {
            out.text(run);
            self.offset += run.len();
            self.column += run.len();
            self.begin_cell(last);
        }
        rest
    }

    fn take<O: Output>(&mut self, character: char, out: &mut O) {
        match self.held {
            Held::CarriageReturn if character == '\n' => {
                // CRLF is one line end; in one line it is one mark, for the line feed.
                self.held = Held::Nothing;
            }
            Held::Joiner(joiner) if self.joins(joiner, character) => {
                self.held = Held::Nothing;
                self.keep_joiner(joiner, out);
            }
            _ => self.release(out),
        }
        let at = self.offset;
        self.offset += character.len_utf8();
        match classify(character) {
            Class::Plain(width) => self.plain(character, width, out),
            Class::Combining => self.combine(at, character, out),
            Class::LineFeed if self.one_line => self.hide(at, character, out),
            Class::LineFeed => {
                out.text("\n");
                self.column = 0;
                self.break_cell();
            }
            Class::CarriageReturn => self.held = Held::CarriageReturn,
            Class::Tab => {
                let columns = TAB_WIDTH - self.column % TAB_WIDTH;
                out.text("    ".get(..columns).unwrap_or(" "));
                self.column += columns;
                self.begin_cell(' ');
            }
            Class::Joiner => self.held = Held::Joiner(character),
            Class::Variation => self.vary(at, character, out),
            Class::Hidden => self.hide(at, character, out),
        }
    }

    /// Marks what was held back.
    fn release<O: Output>(&mut self, out: &mut O) {
        match std::mem::replace(&mut self.held, Held::Nothing) {
            Held::Nothing => {}
            Held::CarriageReturn => self.hide(self.offset - 1, '\r', out),
            Held::Joiner(joiner) => self.hide(self.offset - joiner.len_utf8(), joiner, out),
        }
    }

    /// Whether a joiner between the character before and this one is part of the writing: in an
    /// emoji, or between letters of a script that is spelt with joiners.
    fn joins(&self, joiner: char, next: char) -> bool {
        let spelt =
            |before| -> Option<Family> { family(before).filter(|&f| family(next) == Some(f)) };
        if self.before.and_then(spelt).is_some() {
            return true;
        }
        joiner == '\u{200D}'
            && self.marks < MARKS_A_CELL
            && self.base.is_some_and(is_pictographic)
            && is_pictographic(next)
    }

    fn keep_joiner<O: Output>(&mut self, joiner: char, out: &mut O) {
        out.text(joiner.encode_utf8(&mut [0; 4]));
        self.marks += 1;
        // A spelt joiner stands between two cells, an emoji's inside one.
        self.joined = self.base.is_some_and(is_pictographic);
        self.before = Some(joiner);
    }

    fn plain<O: Output>(&mut self, character: char, width: usize, out: &mut O) {
        out.text(character.encode_utf8(&mut [0; 4]));
        let tone = matches!(character, '\u{1F3FB}'..='\u{1F3FF}');
        if self.joined || (tone && self.base.is_some_and(is_pictographic)) {
            self.joined = false;
            if !tone {
                self.base = Some(character);
            }
            self.before = Some(character);
        } else {
            self.column += width;
            self.begin_cell(character);
        }
    }

    fn combine<O: Output>(&mut self, at: usize, character: char, out: &mut O) {
        self.joined = false;
        if self.base.is_none() {
            // It would land on whatever stands before this text on the screen.
            self.hide(at, character, out);
        } else if self.marks < MARKS_A_CELL {
            out.text(character.encode_utf8(&mut [0; 4]));
            self.marks += 1;
            self.before = Some(character);
        } else {
            self.column += out.pile(at, character, self.marks == MARKS_A_CELL);
            self.marks = MARKS_A_CELL + 1;
            self.before = None;
        }
    }

    fn vary<O: Output>(&mut self, at: usize, character: char, out: &mut O) {
        let directly =
            self.before.is_some() && self.before == self.base && self.marks < MARKS_A_CELL;
        if directly && self.base.is_some_and(|base| has_variant(base, character)) {
            out.text(character.encode_utf8(&mut [0; 4]));
            self.marks += 1;
            self.before = Some(character);
        } else {
            self.hide(at, character, out);
        }
    }

    fn hide<O: Output>(&mut self, at: usize, character: char, out: &mut O) {
        self.column += out.mark(at, character);
        self.break_cell();
    }

    fn begin_cell(&mut self, character: char) {
        self.base = Some(character);
        self.before = Some(character);
        self.marks = 0;
        self.joined = false;
    }

    fn break_cell(&mut self) {
        self.base = None;
        self.before = None;
        self.marks = 0;
        self.joined = false;
    }
}
