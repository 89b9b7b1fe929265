//! The screen as the rest of the program has it: entered once, drawn on, lent out, left.

use std::{
    io::{self, Write},
    sync::atomic::{AtomicBool, Ordering},
};

use ratatui::{Frame, Terminal};

use super::{
    backend::ScreenBackend,
    capabilities::Capabilities,
    mark,
    modes::{self, Modes},
};

/// Whether the next "go on" ends a stop of our own, after which the screen is already back.
static CONTINUE_EXPECTED: AtomicBool = AtomicBool::new(false);

/// Whether a "go on" that has come ends a stop of our own. Answers yes once for each.
pub(super) fn continue_was_expected() -> bool {
    CONTINUE_EXPECTED.swap(false, Ordering::SeqCst)
}

/// The terminal's line, written to directly.
#[derive(Debug)]
struct Line;

impl Write for Line {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        modes::write(bytes)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The screen while it is up. Dropping it puts the terminal back.
///
/// Whoever reads keys must stop while the terminal is lent out or the program is suspended: the
/// keys then belong to somebody else.
pub struct Screen {
    terminal: Terminal<ScreenBackend<Line>>,
    modes: Modes,
    /// Whether the mark for an end without a word is set: after the first frame, so that nobody
    /// waits for a disk to see it.
    marked: bool,
}

impl Screen {
    /// Switches the terminal over.
    ///
    /// # Errors
    /// What the system said; the terminal is then as it was.
    pub fn enter(capabilities: Capabilities, mouse: bool) -> io::Result<Self> {
        let modes = Modes { keyboard: capabilities.keyboard, mouse };
        let terminal = Terminal::new(ScreenBackend::new(Line, modes::size))?;
        modes::enter(modes)?;
        let mut screen = Self { terminal, modes, marked: false };
        screen.repaint()?;
        Ok(screen)
    }

    /// Draws a frame: what differs from the last one is written, in one write; nothing if nothing
    /// does. The size is asked for anew each time.
    ///
    /// # Errors
    /// What the system said. The line is then dead, and the program has to end.
    pub fn draw(&mut self, view: impl FnOnce(&mut Frame<'_>)) -> io::Result<()> {
        self.terminal.draw(view)?;
        if !std::mem::replace(&mut self.marked, true) {
            mark::set(self.modes.keyboard);
        }
        Ok(())
    }

    /// The size in columns and rows.
    ///
    /// # Errors
    /// What the system said.
    pub fn size(&self) -> io::Result<(u16, u16)> {
        self.terminal.size().map(|size| (size.width, size.height))
    }

    /// Makes the next frame write every cell, whatever the terminal shows now.
    ///
    /// # Errors
    /// What the system said.
    pub fn repaint(&mut self) -> io::Result<()> {
        self.terminal.backend_mut().forget();
        self.terminal.clear()
    }

    /// Turns mouse reporting on or off.
    ///
    /// # Errors
    /// What the system said.
    pub fn set_mouse(&mut self, on: bool) -> io::Result<()> {
        self.modes.mouse = on;
        self.write_through(modes::mouse(on).as_bytes())
    }

    /// Sends the terminal a sequence that draws nothing, such as one that fills its clipboard.
    ///
    /// # Errors
    /// What the system said.
    pub fn write_through(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.terminal.backend_mut().write_through(bytes)
    }

    /// Lends the terminal out, put back as it was, to what `work` runs. Interrupts from the
    /// keyboard do not end the program meanwhile. The next frame writes every cell.
    ///
    /// # Errors
    /// What the system said when the terminal was taken back. The line is then dead.
    pub fn lend<T>(&mut self, work: impl FnOnce() -> T) -> io::Result<T> {
        modes::give_away();
        let result = work();
        self.take_back()?;
        Ok(result)
    }

    /// Gives the terminal back to the shell and stops, until `fg`. Where no shell watches over
    /// jobs nothing happens, since nobody could wake the program again.
    ///
    /// # Errors
    /// What the system said when the terminal was taken back. The line is then dead.
    pub fn suspend(&mut self) -> io::Result<Suspended> {
        if !Self::can_suspend() {
            return Ok(Suspended::Refused);
        }
        modes::restore();
        CONTINUE_EXPECTED.store(true, Ordering::SeqCst);
        stop();
        self.take_back()?;
        Ok(Suspended::AndBack)
    }

    /// Whether a shell watches over jobs here, so that a suspension has an end.
    #[must_use]
    pub fn can_suspend() -> bool {
        can_be_woken()
    }

    /// Switches the terminal over again after something else had it, such as a stop that could
    /// not be seen coming.
    ///
    /// # Errors
    /// What the system said. The line is then dead.
    pub fn take_back(&mut self) -> io::Result<()> {
        // Whatever put it back took the mark along.
        self.marked = false;
        modes::enter(self.modes)?;
        self.repaint()
    }

    /// Puts the terminal back as it was, for good.
    pub fn leave(self) {
        drop(self);
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        modes::restore();
    }
}

/// What became of a wish to suspend.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Suspended {
    /// It was suspended and is back.
    AndBack,
    /// No shell watches over jobs here.
    Refused,
}

/// Whether this process runs as a job of a shell: a job is in a process group of its own, and
/// without job control everything is in the group of the session's leader.
#[cfg(unix)]
fn can_be_woken() -> bool {
    rustix::process::getsid(None).is_ok_and(|session| session != rustix::process::getpgrp())
}

/// Stops the whole job, so that a wrapper script stops too. STOP and not TSTP, which the handler
/// for stops from outside would catch.
#[cfg(unix)]
pub(super) fn stop() {
    // It cannot fail for a group that this process is in.
    let _ = rustix::process::kill_current_process_group(rustix::process::Signal::STOP);
}

#[cfg(not(unix))]
const fn can_be_woken() -> bool {
    false
}

#[cfg(not(unix))]
const fn stop() {}
