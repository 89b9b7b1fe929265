//! Frames as bytes: what ratatui found to have changed, in one write.

use std::io::{self, Write};

use ratatui::{
    backend::{Backend, ClearType, WindowSize},
    buffer::Cell,
    layout::{Position, Size},
};
use unicode_width::UnicodeWidthStr;

use super::pen::{Pen, go};

/// The largest screen that is drawn; what a terminal claims beyond it stays empty.
const LARGEST: Size = Size { width: 1000, height: 500 };
/// What is assumed of a terminal that does not know its size, as serial lines do not.
const UNKNOWN: Size = Size { width: 80, height: 24 };

/// Frames shorter than this reach the terminal in one piece anyway and cannot tear, so they are
/// spared the bytes around them.
const SHORT_FRAME: usize = 128;
const BEGIN_SYNCHRONIZED: &[u8] = b"\x1b[?2026h";
const END_SYNCHRONIZED: &[u8] = b"\x1b[?2026l";

/// Blank cells in a row that are worth erasing instead of writing: at the end of a line, and
/// inside one, where the cursor has to be moved past them.
const ERASE_TO_END: u16 = 4;
const ERASE_INSIDE: u16 = 12;

/// Unchanged cells that are written again rather than jumped over, which takes three bytes or
/// more; and blanks, which are erased together with those around them.
const BRIDGE: u16 = 3;
const BRIDGE_BLANKS: u16 = 24;

/// A terminal behind a writer. A frame is gathered and written at once; when nothing changed
/// nothing is written.
#[derive(Debug)]
pub struct ScreenBackend<W> {
    writer: W,
    size: fn() -> io::Result<Size>,
    /// The frame being gathered.
    frame: Vec<u8>,
    pen: Pen,
    /// Where the cursor is, if that is certain.
    at: Option<(u16, u16)>,
    shown: bool,
    wanted: Cursor,
    shadow: Shadow,
}

/// What is on the screen, as far as it is certain: a short gap between changes is cheaper to
/// write again than to jump over.
#[derive(Debug)]
struct Shadow {
    width: u16,
    cells: Vec<Option<Cell>>,
}

impl Shadow {
    const fn new() -> Self {
        Self { width: 0, cells: Vec::new() }
    }

    /// Takes the screen's size; everything is uncertain where it is another one.
    fn fit(&mut self, size: Size) {
        let count = usize::from(size.width) * usize::from(size.height);
        if self.width != size.width || self.cells.len() != count {
            self.width = size.width;
            self.cells.clear();
            self.cells.resize(count, None);
        }
    }

    fn fill(&mut self, cell: Option<&Cell>) {
        self.cells.fill(cell.cloned());
    }

    fn place(&self, x: u16, y: u16) -> usize {
        usize::from(y) * usize::from(self.width) + usize::from(x)
    }

    fn get(&self, x: u16, y: u16) -> Option<&Cell> {
        self.cells.get(self.place(x, y))?.as_ref()
    }

    /// Notes what was drawn. What is beside a wide sign is uncertain, and so is every sign of
    /// which terminals may disagree how wide it is.
    fn set(&mut self, x: u16, y: u16, cell: &Cell) {
        let place = self.place(x, y);
        let plain = cell.symbol().is_ascii();
        if let Some(known) = self.cells.get_mut(place) {
            *known = plain.then(|| cell.clone());
        }
        if cell.symbol().width() > 1 {
            for beside in [place.wrapping_sub(1), place + 1] {
                if let Some(known) = self.cells.get_mut(beside) {
                    *known = None;
                }
            }
        }
    }
}

/// What the cursor is to be when the frame is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Cursor {
    shown: bool,
    at: (u16, u16),
}

/// A stretch of blank cells that has not been written yet.
#[derive(Clone, Copy)]
struct Blanks {
    x: u16,
    y: u16,
    count: u16,
    pen: Pen,
}

impl<W: Write> ScreenBackend<W> {
    /// A backend that writes to `writer` and asks `size` how large the terminal is.
    pub const fn new(writer: W, size: fn() -> io::Result<Size>) -> Self {
        Self {
            writer,
            size,
            frame: Vec::new(),
            pen: Pen {
                foreground: ratatui::style::Color::Reset,
                background: ratatui::style::Color::Reset,
                modifiers: ratatui::style::Modifier::empty(),
            },
            at: None,
            shown: true,
            wanted: Cursor { shown: false, at: (0, 0) },
            shadow: Shadow::new(),
        }
    }

    /// Forgets what is known of the terminal, after somebody else had it: the next frame begins
    /// with a plain pen and a hidden cursor, whatever they were.
    pub fn forget(&mut self) {
        self.frame.clear();
        self.frame.extend_from_slice(b"\x1b[m\x1b[?25l");
        self.at = None;
        self.shown = false;
        self.pen = Pen::default();
        self.shadow.fill(None);
    }

    /// Writes bytes that draw nothing, at once.
    ///
    /// # Errors
    /// What the system said.
    pub fn write_through(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.writer.write_all(bytes)?;
        self.writer.flush()
    }

    /// The writer.
    pub const fn writer(&self) -> &W {
        &self.writer
    }

    fn put(&mut self, x: u16, y: u16, cell: &Cell, width: u16) {
        let pen = pen_of(cell);
        let symbol = match cell.symbol() {
            "" => " ",
            // Texts are made safe long before; this is the last gate, and no control character
            // passes it.
            symbol if symbol.chars().any(char::is_control) => "?",
            symbol => symbol,
        };
        go(self.at, (x, y), &mut self.frame);
        if symbol != " " || !self.pen.same_blank(pen) {
            self.pen.turn(pen, &mut self.frame);
        }
        self.frame.extend_from_slice(symbol.as_bytes());
        let cells = u16::try_from(symbol.width()).unwrap_or(2);
        let after = x.saturating_add(cells);
        // Past the last column the cursor waits to wrap. Of a sign made of several characters
        // terminals disagree how wide it is. Either way its place is told anew.
        let certain = after < width && (symbol.is_ascii() || symbol.chars().nth(1).is_none());
        self.at = certain.then_some((after, y));
    }

    /// The unchanged cells between two changes, where writing them again is shorter than jumping
    /// over them: a few that look like what follows, or more blanks in a stretch of blanks.
    fn bridge(
        &self,
        last: Option<(u16, u16)>,
        (x, y): (u16, u16),
        cell: &Cell,
        blanks: Option<&Blanks>,
    ) -> Vec<(u16, Cell)> {
        let Some((from, row)) = last else { return Vec::new() };
        if row != y || from >= x {
            return Vec::new();
        }
        let in_blanks = blanks.is_some() && is_blank(cell);
        let most = if in_blanks { BRIDGE_BLANKS } else { BRIDGE };
        if x - from > most {
            return Vec::new();
        }
        let pen = pen_of(cell);
        let fits = |known: &Cell| {
            let same = if is_blank(known) {
                pen_of(known).same_blank(pen) && self.pen.same_blank(pen_of(known))
            } else {
                !in_blanks && pen_of(known) == pen && self.pen == pen
            };
            same.then(|| known.clone())
        };
        let between: Option<Vec<(u16, Cell)>> =
            (from..x).map(|at| Some((at, fits(self.shadow.get(at, y)?)?))).collect();
        between.unwrap_or_default()
    }

    /// Draws one cell; blank ones are gathered, since many of them are erased in one.
    fn take(&mut self, x: u16, y: u16, cell: &Cell, width: u16, blanks: &mut Option<Blanks>) {
        let blank = is_blank(cell);
        if blank
            && let Some(run) = blanks
            && (run.x + run.count, run.y) == (x, y)
            && (run.pen == pen_of(cell) || run.pen.same_blank(pen_of(cell)))
        {
            run.count += 1;
            return;
        }
        if let Some(run) = blanks.take() {
            self.put_blanks(run, width);
        }
        if blank {
            *blanks = Some(Blanks { x, y, count: 1, pen: pen_of(cell) });
        } else {
            self.put(x, y, cell, width);
        }
    }

    fn put_blanks(&mut self, blanks: Blanks, width: u16) {
        let Blanks { x, y, count, pen } = blanks;
        let to_end = x + count >= width && count >= ERASE_TO_END;
        if pen.erases() && (to_end || count >= ERASE_INSIDE) {
            go(self.at, (x, y), &mut self.frame);
            self.at = Some((x, y));
            if !self.pen.same_blank(pen) {
                self.pen.turn(pen, &mut self.frame);
            }
            if to_end {
                self.frame.extend_from_slice(b"\x1b[K");
            } else {
                self.frame.extend_from_slice(format!("\x1b[{count}X").as_bytes());
            }
            return;
        }
        let mut blank = Cell::EMPTY;
        (blank.fg, blank.bg, blank.modifier) = (pen.foreground, pen.background, pen.modifiers);
        for offset in 0..count {
            self.put(x + offset, y, &blank, width);
        }
    }
}

fn is_blank(cell: &Cell) -> bool {
    matches!(cell.symbol(), " " | "")
}

fn pen_of(cell: &Cell) -> Pen {
    Pen { foreground: cell.fg, background: cell.bg, modifiers: cell.modifier }
}

/// The size to draw, from what the terminal claims.
pub(super) fn sensible(claimed: Size) -> Size {
    Size {
        width: if claimed.width == 0 { UNKNOWN.width } else { claimed.width.min(LARGEST.width) },
        height: if claimed.height == 0 {
            UNKNOWN.height
        } else {
            claimed.height.min(LARGEST.height)
        },
    }
}

impl<W: Write> Backend for ScreenBackend<W> {
    type Error = io::Error;

    fn draw<'a, I>(&mut self, content: I) -> io::Result<()>
    where
        I: Iterator<Item = (u16, u16, &'a Cell)>,
    {
        let size = self.size()?;
        let width = size.width;
        self.shadow.fit(size);
        let mut blanks: Option<Blanks> = None;
        // Where the last change ended.
        let mut last: Option<(u16, u16)> = None;
        for (x, y, cell) in content {
            for (between, known) in self.bridge(last, (x, y), cell, blanks.as_ref()) {
                self.take(between, y, &known, width, &mut blanks);
            }
            self.take(x, y, cell, width, &mut blanks);
            self.shadow.set(x, y, cell);
            let cells = u16::try_from(cell.symbol().width()).unwrap_or(2).max(1);
            last = Some((x.saturating_add(cells), y));
        }
        if let Some(run) = blanks {
            self.put_blanks(run, width);
        }
        Ok(())
    }

    fn hide_cursor(&mut self) -> io::Result<()> {
        self.wanted.shown = false;
        Ok(())
    }

    fn show_cursor(&mut self) -> io::Result<()> {
        self.wanted.shown = true;
        Ok(())
    }

    fn get_cursor_position(&mut self) -> io::Result<Position> {
        Ok(self.wanted.at.into())
    }

    fn set_cursor_position<P: Into<Position>>(&mut self, position: P) -> io::Result<()> {
        let position = position.into();
        self.wanted.at = (position.x, position.y);
        Ok(())
    }

    fn clear(&mut self) -> io::Result<()> {
        self.clear_region(ClearType::All)
    }

    fn clear_region(&mut self, clear_type: ClearType) -> io::Result<()> {
        self.pen.turn(Pen::default(), &mut self.frame);
        let erase: &[u8] = match clear_type {
            ClearType::All => b"\x1b[2J",
            ClearType::AfterCursor => b"\x1b[J",
            ClearType::BeforeCursor => b"\x1b[1J",
            ClearType::CurrentLine => b"\x1b[2K",
            ClearType::UntilNewLine => b"\x1b[K",
        };
        if clear_type != ClearType::All {
            go(self.at, self.wanted.at, &mut self.frame);
            self.at = Some(self.wanted.at);
        }
        self.frame.extend_from_slice(erase);
        let known = (clear_type == ClearType::All).then_some(&Cell::EMPTY);
        self.shadow.fill(known);
        Ok(())
    }

    fn size(&self) -> io::Result<Size> {
        (self.size)().map(sensible)
    }

    fn window_size(&mut self) -> io::Result<WindowSize> {
        Ok(WindowSize { columns_rows: self.size()?, pixels: Size::ZERO })
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.wanted.shown && self.at != Some(self.wanted.at) {
            go(self.at, self.wanted.at, &mut self.frame);
            self.at = Some(self.wanted.at);
        }
        if self.wanted.shown != self.shown {
            self.shown = self.wanted.shown;
            let sequence: &[u8] = if self.shown { b"\x1b[?25h" } else { b"\x1b[?25l" };
            self.frame.extend_from_slice(sequence);
        }
        if self.frame.is_empty() {
            return Ok(());
        }
        if self.frame.len() > SHORT_FRAME {
            self.frame.splice(0..0, BEGIN_SYNCHRONIZED.iter().copied());
            self.frame.extend_from_slice(END_SYNCHRONIZED);
        }
        let written = self.writer.write_all(&self.frame);
        self.frame.clear();
        written?;
        self.writer.flush()
    }
}

#[cfg(test)]
mod tests;
