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
        let width = self.size()?.width;
        let mut blanks: Option<Blanks> = None;
        for (x, y, cell) in content {
            let blank = matches!(cell.symbol(), " " | "");
            if blank
                && let Some(run) = &mut blanks
                && (run.x + run.count, run.y) == (x, y)
                && (run.pen == pen_of(cell) || run.pen.same_blank(pen_of(cell)))
            {
                run.count += 1;
                continue;
            }
            if let Some(run) = blanks.take() {
                self.put_blanks(run, width);
            }
            if blank {
                blanks = Some(Blanks { x, y, count: 1, pen: pen_of(cell) });
            } else {
                self.put(x, y, cell, width);
            }
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
