//! What the terminal is switched to while the screen is up, and how it is put back: from the
//! end, a panic, a signal or a dead line, by whoever comes first, once.

use std::{
    io::{self, Write as _},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread::ThreadId,
};

use ratatui::layout::Size;

use super::mark;
use crate::app::report;

/// Alternate screen, paste as text, focus changes. Mouse modes that another program left on are
/// switched off. The cursor is the frames' matter.
const ENTER: &str = "\x1b[?1049h\x1b[?1000;1002;1003;1006l\x1b[?2004h\x1b[?1004h";
/// Kitty's protocol with one wish only, that keys which look alike be told apart. Terminals
/// that do not know it ignore it; none is asked, since asking waits on the silent ones.
const PUSH_KEYBOARD: &str = "\x1b[>1u";
const POP_KEYBOARD: &str = "\x1b[<1u";
const MOUSE_ON: &str = "\x1b[?1000;1002;1006h";
const MOUSE_OFF: &str = "\x1b[?1000;1002;1006l";
/// Everything back, in an order that also serves terminals which know none of it.
const LEAVE: &str = "\x1b[?1000;1002;1003;1006l\x1b[?1004l\x1b[?2004l\x1b[m\x1b[?25h\x1b[?1049l";
const END_SYNCHRONIZED: &str = "\x1b[?2026l";

/// What is switched on now, for [`restore`], which may be called from anywhere.
static ENTERED: Mutex<Option<Entered>> = Mutex::new(None);
/// Whether another program has the terminal.
static AWAY: AtomicBool = AtomicBool::new(false);

#[derive(Clone, Copy)]
struct Entered {
    keyboard: bool,
    /// The thread that draws; a panic elsewhere leaves the screen up.
    thread: ThreadId,
}

/// What is wanted while the screen is up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Modes {
    /// Whether to ask for Kitty's keyboard protocol.
    pub keyboard: bool,
    pub mouse: bool,
}

/// The bytes that enter.
fn entering(modes: Modes) -> String {
    let keyboard = if modes.keyboard { PUSH_KEYBOARD } else { "" };
    let mouse = if modes.mouse { MOUSE_ON } else { "" };
    format!("{ENTER}{keyboard}{mouse}")
}

/// The bytes that leave.
fn leaving(keyboard: bool) -> String {
    let keyboard = if keyboard { POP_KEYBOARD } else { "" };
    format!("{END_SYNCHRONIZED}{keyboard}{LEAVE}")
}

/// The bytes that turn the mouse on or off.
pub(super) const fn mouse(on: bool) -> &'static str {
    if on { MOUSE_ON } else { MOUSE_OFF }
}

/// Switches the terminal over; when it is already, back and over again, so that nothing is
/// pushed or saved twice.
///
/// # Errors
/// What the system said; the terminal is then as it was.
pub(super) fn enter(modes: Modes) -> io::Result<()> {
    raw::begin()?;
    AWAY.store(false, Ordering::SeqCst);
    let entered = Entered { keyboard: modes.keyboard, thread: std::thread::current().id() };
    let before = ENTERED.lock().unwrap_or_else(PoisonError::into_inner).replace(entered);
    // An earlier session that ended without a word has left its own on.
    let on = before.map(|before| before.keyboard).or_else(mark::left_on);
    let leaving = on.map(leaving).unwrap_or_default();
    raw::write(format!("{leaving}{}", entering(modes)).as_bytes()).inspect_err(|_| restore())
}

/// Puts the terminal back as it was. Does nothing when it is already; safe from any thread, from
/// a panic hook and while a frame is being written.
pub fn restore() {
    let entered = ENTERED.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let Some(entered) = entered {
        // A line that is dead cannot be put back, and there is nobody to tell.
        let _ = raw::write(leaving(entered.keyboard).as_bytes());
        raw::end();
    }
    mark::clear();
}

/// Says that another program has the terminal until [`enter`] is called again, so that keys
/// which signal (Ctrl-C, Ctrl-\\) are its own.
pub(super) fn give_away() {
    AWAY.store(true, Ordering::SeqCst);
    restore();
}

/// Whether another program has the terminal.
pub(super) fn is_away() -> bool {
    AWAY.load(Ordering::SeqCst)
}

/// Makes a panic put the terminal back before it is told, with the report of it. A panic on
/// another thread than the screen's (a task of a run) leaves the screen up and goes to the log:
/// the program goes on, and whoever waits for the task tells of it.
pub fn install_panic_hook() {
    std::panic::set_hook(Box::new(|panic| {
        let thread =
            ENTERED.lock().unwrap_or_else(PoisonError::into_inner).map(|entered| entered.thread);
        if thread.is_some_and(|thread| thread != std::thread::current().id()) {
            let told = report::tell(panic);
            let place = told.report.map(|path| path.display().to_string()).unwrap_or_default();
            tracing::error!(report = place, "panic: {}", told.fault);
            return;
        }
        restore();
        let told = report::tell(panic);
        // Nobody can be told where standard error cannot be written.
        let _ = io::stderr().write_all(told.lines().as_bytes());
    }));
}

/// Asks the terminal for its size.
pub(super) fn size() -> io::Result<Size> {
    raw::size()
}

/// Writes to the terminal, in one call where the system takes it in one.
pub(super) fn write(bytes: &[u8]) -> io::Result<()> {
    raw::write(bytes)
}

#[cfg(unix)]
pub(super) mod raw {
    use std::{io, path::PathBuf, sync::OnceLock};

    use ratatui::layout::Size;
    use rustix::{
        event::{PollFd, PollFlags, poll},
        io::Errno,
        stdio,
        termios::{
            ControlModes, InputModes, LocalModes, OptionalActions, OutputModes, SpecialCodeIndex,
            Termios, tcgetattr, tcgetwinsize, tcsetattr,
        },
    };

    use crate::app::terminal_mark::{self, LineSettings};

    /// How the terminal's line was when the program started. Kept once, so that a child which
    /// leaves the line in disorder cannot make it the state to go back to.
    static LINE: OnceLock<Termios> = OnceLock::new();

    pub fn begin() -> io::Result<()> {
        let line = match LINE.get() {
            Some(line) => line.clone(),
            None => LINE
                .get_or_init({
                    let line = tcgetattr(stdio::stdin())?;
                    move || line
                })
                .clone(),
        };
        let mut raw = line;
        raw.make_raw();
        Ok(tcsetattr(stdio::stdin(), OptionalActions::Now, &raw)?)
    }

    pub fn end() {
        if let Some(line) = LINE.get() {
            // Nothing can be done about a line that is gone.
            let _ = tcsetattr(stdio::stdin(), OptionalActions::Now, line);
        }
    }

    /// The terminal's device.
    pub fn name() -> Option<PathBuf> {
        terminal_mark::terminal()
    }

    /// How the line was when the program started.
    pub fn line() -> Option<LineSettings> {
        let line = LINE.get()?;
        Some(LineSettings {
            input: line.input_modes.bits().into(),
            output: line.output_modes.bits().into(),
            control: line.control_modes.bits().into(),
            local: line.local_modes.bits().into(),
            least: line.special_codes[SpecialCodeIndex::VMIN],
            wait: line.special_codes[SpecialCodeIndex::VTIME],
        })
    }

    /// Takes the line's settings from before an earlier session for those to go back to. Where
    /// somebody has put the line right meanwhile, it stays as it is.
    pub fn adopt(before: LineSettings) {
        let Ok(mut line) = tcgetattr(stdio::stdin()) else { return };
        if line.local_modes.intersects(LocalModes::ICANON | LocalModes::ECHO) {
            return;
        }
        // Numbers of this system, unless the file is from another one.
        let modes = (
            before.input.try_into(),
            before.output.try_into(),
            before.control.try_into(),
            before.local.try_into(),
        );
        let (Ok(input), Ok(output), Ok(control), Ok(local)) = modes else { return };
        line.input_modes = InputModes::from_bits_retain(input);
        line.output_modes = OutputModes::from_bits_retain(output);
        line.control_modes = ControlModes::from_bits_retain(control);
        line.local_modes = LocalModes::from_bits_retain(local);
        line.special_codes[SpecialCodeIndex::VMIN] = before.least;
        line.special_codes[SpecialCodeIndex::VTIME] = before.wait;
        // Before the line is first read, so nothing is there yet.
        let _ = LINE.set(line);
    }

    pub fn size() -> io::Result<Size> {
        let size = tcgetwinsize(stdio::stdout())?;
        Ok(Size { width: size.ws_col, height: size.ws_row })
    }

    /// Writes past the standard library's buffer, which splits at line ends and whose lock a
    /// panicking thread may hold.
    pub fn write(mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            match rustix::io::write(stdio::stdout(), bytes) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => bytes = bytes.get(written..).unwrap_or_default(),
                Err(Errno::INTR) => {}
                // Another program made the line non-blocking; wait as if it were not.
                Err(Errno::AGAIN) => {
                    let stdout = stdio::stdout();
                    let mut ready = [PollFd::new(&stdout, PollFlags::OUT)];
                    match poll(&mut ready, None) {
                        Ok(_) | Err(Errno::INTR) => {}
                        Err(error) => return Err(error.into()),
                    }
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }
}

#[cfg(not(unix))]
pub(super) mod raw {
    use std::{
        io::{self, Write},
        path::PathBuf,
    };

    use ratatui::layout::Size;

    use crate::app::terminal_mark::LineSettings;

    /// A console goes with its window, and has no name to know it again by.
    pub const fn name() -> Option<PathBuf> {
        None
    }

    pub const fn line() -> Option<LineSettings> {
        None
    }

    pub const fn adopt(_before: LineSettings) {}

    pub fn begin() -> io::Result<()> {
        crossterm::terminal::enable_raw_mode()
    }

    pub fn end() {
        // Nothing can be done about a console that is gone.
        let _ = crossterm::terminal::disable_raw_mode();
    }

    pub fn size() -> io::Result<Size> {
        crossterm::terminal::size().map(|(width, height)| Size { width, height })
    }

    pub fn write(bytes: &[u8]) -> io::Result<()> {
        let mut stdout = io::stdout().lock();
        stdout.write_all(bytes)?;
        stdout.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The modes a sequence of bytes switches, by their numbers.
    fn switched(bytes: &str, on: char) -> Vec<u32> {
        let mut numbers = Vec::new();
        for part in bytes.split("\x1b[?").skip(1) {
            let end = part.find(['h', 'l']).expect("a mode's end");
            if part[end..].starts_with(on) {
                numbers.extend(part[..end].split(';').map(|n| n.parse::<u32>().expect("a number")));
            }
        }
        numbers.sort_unstable();
        numbers
    }

    #[test]
    fn whatever_is_switched_on_is_switched_off_again() {
        for keyboard in [true, false] {
            let on = switched(&entering(Modes { keyboard, mouse: true }), 'h');
            let off = switched(&leaving(keyboard), 'l');
            for mode in on {
                assert!(off.contains(&mode), "{mode} stays on");
            }
            assert!(off.contains(&2026), "a frame that was cut would freeze the terminal");
            assert!(switched(&leaving(keyboard), 'h').contains(&25), "the cursor stays hidden");
        }
        assert!(entering(Modes { keyboard: true, mouse: false }).contains(PUSH_KEYBOARD));
        assert!(leaving(true).contains(POP_KEYBOARD));
        let plain = entering(Modes { keyboard: false, mouse: false }) + &leaving(false);
        assert!(!plain.contains('u'), "a terminal that knows no such sequence would print it");
    }

    #[test]
    fn the_keyboard_is_popped_on_the_screen_it_was_pushed_on() {
        let bytes = leaving(true);
        let (pop, other_screen) = (bytes.find(POP_KEYBOARD), bytes.find("\x1b[?1049l"));
        assert!(pop < other_screen, "each screen has its own stack");
        let bytes = entering(Modes { keyboard: true, mouse: false });
        assert!(bytes.find("\x1b[?1049h") < bytes.find(PUSH_KEYBOARD));
    }

    #[test]
    fn restoring_what_was_not_entered_does_nothing() {
        restore();
        restore();
    }
}
