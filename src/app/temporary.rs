//! A folder for what is only needed while the program runs, below the user's own state folder:
//! never in the one for temporary files, which everybody on the machine shares.
//!
//! It is removed when the program ends. What a program left behind that was killed without a word
//! is removed by the next one, which knows by a lock whether its owner still runs.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use crate::config::{Paths, create_private_dir};

/// Where the folders of one user stand, each beside its lock.
const ROOM: &str = "temporary";
/// Held while folders are made and cleared, so that none is cleared that is being made. It says
/// how many of the folders around it were made for it, and go with the last one.
const GATE: &str = "gate";

/// A private folder that goes with the program.
#[derive(Debug)]
pub struct TemporaryFolder {
    path: PathBuf,
    /// Held for as long as the folder is in use.
    lock: Option<File>,
}

impl TemporaryFolder {
    /// Makes an empty folder, 0700, and removes those whose programs are gone.
    ///
    /// # Errors
    /// What the system said about the state folder.
    pub fn make(paths: &Paths) -> io::Result<Self> {
        let room = paths.state_dir.join(ROOM);
        let missing = |folder: &&Path| matches!(folder.try_exists(), Ok(false));
        let made = room.ancestors().take_while(missing).count();
        create_private_dir(&paths.state_dir)?;
        create_private_dir(&room)?;
        let mut gate = lock_file(&room.join(GATE))?;
        gate.lock()?;
        if gate.metadata()?.len() == 0 {
            gate.write_all(made.to_string().as_bytes())?;
        }
        clear(&room);
        let name = format!("run-{}-{}", std::process::id(), uuid::Uuid::new_v4().simple());
        let path = room.join(&name);
        let lock = lock_file(&lock_of(&path))?;
        lock.lock()?;
        create_private_dir(&path)?;
        Ok(Self { path, lock: Some(lock) })
    }

    /// Removes what is in it, and itself; whether nothing is left. Others may still be writing into
    /// it by its name, and faster than it is emptied, so it loses its name first. Whoever makes it
    /// anew does so once, not time and again.
    fn clear_away(&self) -> bool {
        let away = self.path.with_extension("gone");
        for _ in 0..8 {
            if fs::rename(&self.path, &away).is_err() {
                let _ = fs::remove_dir_all(&self.path);
            }
            let _ = fs::remove_dir_all(&away);
            if !self.path.exists() && !away.exists() {
                return true;
            }
        }
        false
    }

    /// The folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Removes it now, with the folders around it that were made for it and hold nothing else.
    /// Doing so twice does nothing. What cannot be removed is left to the next program.
    pub fn remove(&mut self) {
        if self.lock.is_none() {
            return;
        }
        let Some(room) = self.path.parent() else { return };
        // Nobody is waited for on the way out; what then stays is empty.
        let gate = lock_file(&room.join(GATE)).ok().filter(|gate| gate.try_lock().is_ok());
        let gone = self.clear_away();
        self.lock = None;
        if gone {
            let _ = fs::remove_file(lock_of(&self.path));
        }
        if gone && gate.is_some() && is_empty_but_for(room, GATE) {
            let made = fs::read_to_string(room.join(GATE)).ok();
            let made = made.and_then(|made| made.parse().ok()).unwrap_or(0);
            let _ = fs::remove_file(room.join(GATE));
            for folder in room.ancestors().take(made) {
                // Those that hold anything else stay.
                let _ = fs::remove_dir(folder);
            }
        }
    }
}

impl Drop for TemporaryFolder {
    fn drop(&mut self) {
        self.remove();
    }
}

fn lock_of(folder: &Path) -> PathBuf {
    folder.with_extension("lock")
}

/// A file that is there to be locked. A link in its place is not followed.
fn lock_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
        let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
        options.custom_flags(i32::try_from(flags.bits()).unwrap_or(0));
    }
    options.open(path)
}

/// Removes every folder whose program is gone.
fn clear(room: &Path) {
    let Ok(entries) = fs::read_dir(room) else { return };
    for entry in entries.flatten() {
        let path = entry.path();
        if !entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            continue;
        }
        let Ok(lock) = lock_file(&lock_of(&path)) else { continue };
        match lock.try_lock() {
            Ok(()) => {
                let _ = fs::remove_dir_all(&path);
                if !path.exists() {
                    let _ = fs::remove_file(lock_of(&path));
                }
            }
            // In use; or nobody can tell here, and then nothing is touched.
            Err(TryLockError::WouldBlock | TryLockError::Error(_)) => {}
        }
    }
}

fn is_empty_but_for(folder: &Path, name: &str) -> bool {
    fs::read_dir(folder)
        .is_ok_and(|entries| entries.flatten().all(|entry| entry.file_name().as_os_str() == name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Environment, Overrides};

    fn paths(home: &Path) -> Paths {
        let environment = Environment::from_pairs([("HOME", home.as_os_str().to_owned())]);
        Paths::resolve(&environment, &Overrides::default()).expect("paths")
    }

    #[test]
    fn it_is_private_and_nothing_of_it_stays() {
        let home = tempfile::tempdir().expect("a home");
        let mut folder = TemporaryFolder::make(&paths(home.path())).expect("made");
        fs::write(folder.path().join("kept"), "x").expect("written");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = fs::metadata(folder.path()).expect("there").permissions().mode();
            assert_eq!(mode & 0o777, 0o700);
        }
        folder.remove();
        folder.remove();
        assert_eq!(fs::read_dir(home.path()).expect("read").count(), 0);
    }

    #[test]
    fn nothing_stays_where_others_write_into_it_while_it_goes() {
        for _ in 0..20 {
            let home = tempfile::tempdir().expect("a home");
            let mut folder = TemporaryFolder::make(&paths(home.path())).expect("made");
            let (begun, begins) = std::sync::mpsc::channel();
            let into = folder.path().to_path_buf();
            let writer = std::thread::spawn(move || {
                let written = (0..1 << 20).take_while(|number: &u32| {
                    let written = fs::write(into.join(number.to_string()), "x").is_ok();
                    let _ = begun.send(());
                    written
                });
                written.count()
            });
            begins.recv().expect("it writes");
            folder.remove();
            assert!(writer.join().expect("no panic") > 0);
            assert_eq!(fs::read_dir(home.path()).expect("read").count(), 0);
        }
    }

    #[test]
    fn what_is_in_use_stays_and_what_was_left_behind_goes() {
        let home = tempfile::tempdir().expect("a home");
        let paths = paths(home.path());
        fs::create_dir_all(&paths.state_dir).expect("made");
        fs::write(paths.state_dir.join("lathe.log"), "x").expect("written");
        let first = TemporaryFolder::make(&paths).expect("made");
        let mut killed = TemporaryFolder::make(&paths).expect("made");
        fs::write(killed.path().join("kept"), "x").expect("written");
        // As when the system ends a program: the lock goes, the folder stays.
        drop(killed.lock.take());
        let left = killed.path().to_path_buf();
        drop(killed);
        assert!(left.exists());
        let second = TemporaryFolder::make(&paths).expect("made");
        assert!(!left.exists() && !lock_of(&left).exists());
        assert!(first.path().exists() && second.path().exists());
        drop((first, second));
        let names = fs::read_dir(&paths.state_dir).expect("read").flatten();
        let names: Vec<_> = names.map(|entry| entry.file_name()).collect();
        assert_eq!(names, ["lathe.log"], "what was there before stays");
    }
}
