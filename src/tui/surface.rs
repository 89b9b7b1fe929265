//! What the loop draws on and reads from: the terminal, or a test's stand-in.

use std::{io, time::Duration};

use crossterm::event::{Event, EventStream};
use futures_util::StreamExt as _;
use ratatui::Frame;

use super::term::{Screen, Suspended};

/// What the loop draws on.
pub trait Surface {
    /// Draws one frame.
    ///
    /// # Errors
    /// What the system said; the line is then dead.
    fn draw(&mut self, view: &mut dyn FnMut(&mut Frame<'_>)) -> io::Result<()>;
    /// Columns and rows.
    ///
    /// # Errors
    /// As for drawing.
    fn size(&self) -> io::Result<(u16, u16)>;
    /// Makes the next frame write every cell.
    ///
    /// # Errors
    /// As for drawing.
    fn repaint(&mut self) -> io::Result<()>;
    /// Turns mouse reporting on or off.
    ///
    /// # Errors
    /// As for drawing.
    fn set_mouse(&mut self, on: bool) -> io::Result<()>;
    /// Sends a sequence that draws nothing.
    ///
    /// # Errors
    /// As for drawing.
    fn write_through(&mut self, bytes: &[u8]) -> io::Result<()>;
    /// Lends the terminal out while `work` runs.
    ///
    /// # Errors
    /// As for drawing.
    fn lend(&mut self, work: &mut dyn FnMut()) -> io::Result<()>;
    /// Whether there is anybody who could wake the program from a suspension.
    fn can_suspend(&self) -> bool;
    /// Gives the terminal to the shell until `fg`.
    ///
    /// # Errors
    /// As for drawing.
    fn suspend(&mut self) -> io::Result<Suspended>;
    /// Takes the terminal back after a stop that nobody saw coming.
    ///
    /// # Errors
    /// As for drawing.
    fn take_back(&mut self) -> io::Result<()>;
}

impl Surface for Screen {
    fn draw(&mut self, view: &mut dyn FnMut(&mut Frame<'_>)) -> io::Result<()> {
        Self::draw(self, view)
    }

    fn size(&self) -> io::Result<(u16, u16)> {
        Self::size(self)
    }

    fn repaint(&mut self) -> io::Result<()> {
        Self::repaint(self)
    }

    fn set_mouse(&mut self, on: bool) -> io::Result<()> {
        Self::set_mouse(self, on)
    }

    fn write_through(&mut self, bytes: &[u8]) -> io::Result<()> {
        Self::write_through(self, bytes)
    }

    fn lend(&mut self, work: &mut dyn FnMut()) -> io::Result<()> {
        Self::lend(self, work)
    }

    fn can_suspend(&self) -> bool {
        Self::can_suspend()
    }

    fn suspend(&mut self) -> io::Result<Suspended> {
        Self::suspend(self)
    }

    fn take_back(&mut self) -> io::Result<()> {
        Self::take_back(self)
    }
}

/// What the loop reads keys from.
pub trait Keys {
    /// The next event; `None` when there will be no more. Safe to drop half-way.
    fn next(&mut self) -> impl Future<Output = Option<io::Result<Event>>>;
    /// Stops reading, so that keys go to whoever has the terminal now.
    fn pause(&mut self);
}

/// The terminal's keys, read from when they are next asked for.
#[derive(Default)]
pub struct TerminalKeys {
    stream: Option<EventStream>,
    /// How often the stream, new after a pause, is still to be asked whether it missed a key. The
    /// thread of the one before may take the first key into the common queue without waking
    /// anybody; it is gone soon, and nothing may wake up for ever.
    asks: u8,
}

/// How often a stream that has given nothing since a pause is asked, and how far apart.
const ASKS: u8 = 75;
const ASK_AGAIN: Duration = Duration::from_millis(40);

impl Keys for TerminalKeys {
    async fn next(&mut self) -> Option<io::Result<Event>> {
        let stream = self.stream.get_or_insert_with(EventStream::new);
        while self.asks > 0 {
            tokio::select! {
                event = stream.next() => {
                    self.asks = 0;
                    return event;
                }
                () = tokio::time::sleep(ASK_AGAIN) => self.asks -= 1,
            }
        }
        stream.next().await
    }

    fn pause(&mut self) {
        self.stream = None;
        self.asks = ASKS;
    }
}
