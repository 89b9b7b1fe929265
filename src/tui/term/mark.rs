//! The mark that says that a terminal is in use, set once something is on the screen and taken
//! away whenever the terminal is put back. It tells the next start of an end without a word.

use std::{
    path::{Path, PathBuf},
    sync::{
        Mutex, OnceLock, PoisonError,
        atomic::{AtomicU8, Ordering},
    },
};

use jiff::Timestamp;

use super::modes::raw;
use crate::app::terminal_mark::{self, SetMark, TerminalMark};

/// The folder for marks; nothing is marked before it is known.
static FOLDER: OnceLock<PathBuf> = OnceLock::new();
/// The mark that is set now.
static SET: Mutex<Option<SetMark>> = Mutex::new(None);
/// What an earlier session left on, until it is switched off: one of the values below.
static LEFT_ON: AtomicU8 = AtomicU8::new(NOTHING);

const NOTHING: u8 = 0;
const MODES: u8 = 1;
const MODES_AND_KEYBOARD: u8 = 2;

/// Names the folder for marks, and says whether the last session on this terminal left it as it
/// was. What that left on is switched off with the next [`super::Screen::enter`], and the line
/// will be put back as that session found it.
#[must_use]
pub fn watch_over(folder: &Path) -> bool {
    let Some(terminal) = raw::name() else { return false };
    // A second start in one process keeps the first folder.
    let _ = FOLDER.set(folder.to_path_buf());
    let Some(mark) = terminal_mark::take(folder, &terminal) else { return false };
    let left = if mark.keyboard { MODES_AND_KEYBOARD } else { MODES };
    LEFT_ON.store(left, Ordering::SeqCst);
    if let Some(line) = mark.line {
        raw::adopt(line);
    }
    true
}

/// Whether an earlier session left modes on, and the keyboard's protocol with them. Said once.
pub(super) fn left_on() -> Option<bool> {
    match LEFT_ON.swap(NOTHING, Ordering::SeqCst) {
        MODES => Some(false),
        MODES_AND_KEYBOARD => Some(true),
        _ => None,
    }
}

/// Marks the terminal as in use, anew where it is marked already: after a stop that could not be
/// seen coming, nothing took the mark away.
pub(super) fn set(keyboard: bool) {
    let (Some(folder), Some(terminal)) = (FOLDER.get(), raw::name()) else { return };
    let mark = TerminalMark {
        terminal,
        process: std::process::id(),
        since: Timestamp::now(),
        keyboard,
        line: raw::line(),
    };
    match terminal_mark::set(folder, &mark) {
        Ok(set) => {
            let before = SET.lock().unwrap_or_else(PoisonError::into_inner).replace(set);
            if let Some(before) = before {
                before.clear();
            }
        }
        Err(error) => tracing::warn!(%error, "the terminal could not be marked as in use"),
    }
}

/// Takes the mark away, if one is set.
pub(super) fn clear() {
    let set = SET.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let Some(set) = set {
        set.clear();
    }
}
