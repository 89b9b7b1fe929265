//! A small file that says that a workbench has a terminal. Whoever leaves in order takes it away;
//! one that stays behind says that the terminal may be in disorder.
//!
//! The process holds a lock on its file for as long as it lives. The system lets go of it when
//! the process ends, however it ends, so that no process number that was given again can mislead.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::config::{create_private_dir, create_private_file};

/// What begins the name of each file.
const PREFIX: &str = "terminal-";
/// A mark is a few hundred bytes; whatever is longer is none.
const LARGEST: u64 = 64 << 10;

/// The settings of a terminal's line that raw mode changes, as numbers of the system.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineSettings {
    pub input: u64,
    pub output: u64,
    pub control: u64,
    pub local: u64,
    /// Fewest bytes and longest wait of one reading, in the system's units.
    pub least: u8,
    pub wait: u8,
}

/// What a mark says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TerminalMark {
    /// The terminal's device.
    pub terminal: PathBuf,
    pub process: u32,
    pub since: Timestamp,
    /// Whether the keyboard's own protocol was asked for.
    pub keyboard: bool,
    /// How the line was before.
    pub line: Option<LineSettings>,
}

/// What is told where a mark stayed behind.
pub const LEFT_BEHIND: &str = "the last session on this terminal ended without cleaning up";
/// And what to do then.
pub const ADVICE: &str = "if keys or colours look wrong, run `reset`";

/// The device of the terminal that this process reads from.
#[cfg(unix)]
#[must_use]
pub fn terminal() -> Option<PathBuf> {
    use std::{ffi::OsStr, os::unix::ffi::OsStrExt as _};
    let name = rustix::termios::ttyname(rustix::stdio::stdin(), Vec::new()).ok()?;
    Some(PathBuf::from(OsStr::from_bytes(name.as_bytes())))
}

/// A console goes with its window, and has no name to know it again by.
#[cfg(not(unix))]
#[must_use]
pub const fn terminal() -> Option<PathBuf> {
    None
}

/// A mark of this process, set for as long as this lives and the process does.
#[derive(Debug)]
pub struct SetMark {
    path: PathBuf,
    file: File,
}

impl SetMark {
    /// Takes the mark away: the terminal is in order again.
    pub fn clear(self) {
        // Where it cannot be removed the next start says once more than it should.
        let _ = fs::remove_file(&self.path);
        // By word, for a child process that is just being started shares the lock for a moment.
        let _ = self.file.unlock();
    }
}

/// Sets a mark in the state folder.
///
/// # Errors
/// What the system said; nothing then tells of an end without a word.
pub fn set(folder: &Path, mark: &TerminalMark) -> io::Result<SetMark> {
    create_private_dir(folder)?;
    let text = serde_json::to_string(mark).map_err(io::Error::other)?;
    let (path, mut file) = locked(folder)?;
    if let Err(error) = file.write_all(text.as_bytes()) {
        let _ = fs::remove_file(&path);
        return Err(error);
    }
    Ok(SetMark { path, file })
}

/// A new file that is locked before it has any text: one that is empty and can be locked is taken
/// for what was left by a process that was killed, and removed.
fn locked(folder: &Path) -> io::Result<(PathBuf, File)> {
    loop {
        let path = folder.join(format!("{PREFIX}{}.json", Uuid::now_v7().simple()));
        let file = create_private_file(&path)?;
        match file.try_lock() {
            // Somebody may have taken it away before it was locked.
            Ok(()) if path.symlink_metadata().is_ok() => return Ok((path, file)),
            Ok(()) => {}
            Err(locked) => {
                let _ = fs::remove_file(&path);
                // Where the file system knows no locks, everybody would take it for one that was
                // left behind. Where somebody is just looking at it, another name will do.
                if matches!(locked, TryLockError::Error(_)) {
                    return Err(io::ErrorKind::Unsupported.into());
                }
            }
        }
    }
}

/// A mark that was left behind. Its lock is held meanwhile, so that one who sets a mark sees that
/// his is being looked at.
struct Left {
    path: PathBuf,
    file: File,
    /// What it says; nothing where its process did not come to say it.
    mark: Option<TerminalMark>,
}

impl Drop for Left {
    fn drop(&mut self) {
        // By word, for a child process that is just being started shares the lock for a moment.
        let _ = self.file.unlock();
    }
}

/// The marks that were left behind, oldest first.
fn left(folder: &Path) -> Vec<Left> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut paths: Vec<PathBuf> = entries
        .flatten()
        .filter(|entry| is_ours(&entry.file_name().to_string_lossy()))
        .map(|entry| entry.path())
        .collect();
    // Their names are made from the time.
    paths.sort();
    paths.into_iter().filter_map(read).collect()
}

fn is_ours(name: &str) -> bool {
    let id = name.strip_prefix(PREFIX).and_then(|name| name.strip_suffix(".json"));
    id.is_some_and(|id| id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// A mark whose process is gone; nothing while it lives.
fn read(path: PathBuf) -> Option<Left> {
    let facts = fs::symlink_metadata(&path).ok()?;
    if !facts.is_file() || facts.len() > LARGEST {
        return None;
    }
    let file = OpenOptions::new().read(true).write(true).open(&path).ok()?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock | TryLockError::Error(_)) => return None,
    }
    let mark = fs::read_to_string(&path).ok().and_then(|text| serde_json::from_str(&text).ok());
    Some(Left { path, file, mark })
}

/// Whether a terminal is still the one that a mark was set for: a device that was made, or given
/// to somebody else, after it is another terminal of the same name.
fn is_still_there(mark: &TerminalMark) -> bool {
    let Ok(facts) = fs::metadata(&mark.terminal) else { return false };
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        facts.ctime() <= mark.since.as_second()
    }
    #[cfg(not(unix))]
    {
        let _ = facts;
        true
    }
}

/// What the last session on a terminal left behind, for those who only look.
#[must_use]
pub fn look(folder: &Path, terminal: &Path) -> Option<TerminalMark> {
    let marks = left(folder).into_iter().filter_map(|mut left| left.mark.take());
    marks.rev().find(|mark| mark.terminal == terminal && is_still_there(mark))
}

/// What the last session on a terminal left behind. It is told once: the mark goes, and those of
/// terminals that are no more go too.
#[must_use]
pub fn take(folder: &Path, terminal: &Path) -> Option<TerminalMark> {
    let mut last = None;
    for mut left in left(folder) {
        let mark = left.mark.take().filter(is_still_there);
        if mark.as_ref().is_none_or(|mark| mark.terminal == terminal) {
            // One that cannot be removed is told again.
            let _ = fs::remove_file(&left.path);
            last = mark.or(last);
        }
    }
    last
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;

    fn mark(terminal: &Path) -> TerminalMark {
        TerminalMark {
            terminal: terminal.to_path_buf(),
            process: 7,
            since: Timestamp::now(),
            keyboard: true,
            line: Some(LineSettings {
                input: 1,
                output: 2,
                control: 3,
                local: 4,
                least: 1,
                wait: 0,
            }),
        }
    }

    /// A folder for marks, and a file that stands for a terminal.
    fn place() -> (tempfile::TempDir, PathBuf, PathBuf) {
        let folder = tempfile::tempdir().expect("a folder");
        let terminal = folder.path().join("tty");
        fs::write(&terminal, "").expect("made");
        let state = folder.path().join("state");
        (folder, state, terminal)
    }

    fn count(folder: &Path) -> usize {
        fs::read_dir(folder).expect("listed").count()
    }

    #[test]
    fn a_mark_that_was_taken_away_says_nothing() {
        let (_folder, state, terminal) = place();
        let set = set(&state, &mark(&terminal)).expect("set");
        assert_eq!(count(&state), 1);
        assert_eq!(take(&state, &terminal), None, "it is held");
        assert_eq!(count(&state), 1, "what lives is left alone");
        set.clear();
        assert_eq!(count(&state), 0);
        assert_eq!(take(&state, &terminal), None);
    }

    #[test]
    fn a_mark_that_stayed_behind_is_told_once() {
        let (_folder, state, terminal) = place();
        let mark = mark(&terminal);
        // Its file is closed, as at an end without a word.
        drop(set(&state, &mark).expect("set"));
        assert_eq!(look(&state, &terminal), Some(mark.clone()));
        assert_eq!(look(&state, Path::new("/dev/elsewhere")), None);
        assert_eq!(take(&state, Path::new("/dev/elsewhere")), None);
        assert_eq!(take(&state, &terminal), Some(mark));
        assert_eq!(take(&state, &terminal), None);
    }

    #[test]
    fn a_terminal_that_was_made_since_is_another() {
        let (_folder, state, terminal) = place();
        let since = Timestamp::now() - jiff::SignedDuration::from_hours(1);
        drop(set(&state, &TerminalMark { since, ..mark(&terminal) }).expect("set"));
        assert_eq!(take(&state, &terminal), None);
        assert_eq!(count(&state), 0, "and its mark goes");
        drop(set(&state, &mark(&terminal)).expect("set"));
        fs::remove_file(&terminal).expect("gone");
        assert_eq!(take(&state, Path::new("/dev/elsewhere")), None);
        assert_eq!(count(&state), 0, "as does that of a terminal that is gone");
    }

    /// Otherwise one that is just being set could be taken for one that was left, and go.
    #[test]
    fn a_mark_is_held_until_it_is_gone() {
        let (_folder, state, terminal) = place();
        drop(set(&state, &mark(&terminal)).expect("set"));
        let left = left(&state);
        let [mark] = left.as_slice() else { panic!("one was left") };
        let other = File::open(&mark.path).expect("there");
        assert!(matches!(other.try_lock(), Err(TryLockError::WouldBlock)));
        drop(left);
        assert!(other.try_lock().is_ok());
    }

    /// Many come and go beside those that clear up: no mark is lost, and none is told that lives.
    #[test]
    fn marks_are_set_beside_those_who_clear_up() {
        let (_folder, state, terminal) = place();
        create_private_dir(&state).expect("made");
        std::thread::scope(|scope| {
            let setter = scope.spawn(|| {
                for _ in 0..200 {
                    let set = set(&state, &mark(&terminal)).expect("set");
                    assert!(set.path.exists());
                    set.clear();
                }
            });
            while !setter.is_finished() {
                assert_eq!(take(&state, &terminal), None);
            }
        });
        assert_eq!(count(&state), 0);
    }

    #[test]
    fn what_is_no_mark_is_left_alone() {
        let (_folder, state, terminal) = place();
        create_private_dir(&state).expect("made");
        fs::write(state.join("terminal-notes.json"), "{}").expect("written");
        let ours = state.join(format!("terminal-{}.json", Uuid::now_v7().simple()));
        fs::write(&ours, "").expect("killed before it could say anything");
        fs::write(state.join("lathe.log"), "x").expect("written");
        std::os::unix::fs::symlink(&terminal, state.join("terminal-link.json")).expect("a link");
        assert_eq!(take(&state, &terminal), None);
        assert_eq!(count(&state), 3);
        assert!(!ours.exists());
    }
}
