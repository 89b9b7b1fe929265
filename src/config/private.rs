//! Files that are nobody else's business: the creation mask, private folders and files.

use std::{ffi::OsStr, fs::File, io, path::Path, process::Command};

#[cfg(unix)]
type RawMode = rustix::fs::RawMode;
#[cfg(not(unix))]
type RawMode = u32;

/// The file creation mask the program was started with.
///
/// `main` calls [`Umask::restrict`] first of all, so that whatever is created afterwards, by
/// whichever library, is 0600 or 0700. An editor that the user asked for gets the old mask back
/// through [`Umask::command`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Umask {
    before: RawMode,
}

impl Umask {
    /// Sets the mask of this process to 077 and remembers the one before.
    #[must_use]
    pub fn restrict() -> Self {
        #[cfg(unix)]
        {
            let before = rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o077));
            Self { before: before.as_raw_mode() }
        }
        #[cfg(not(unix))]
        Self { before: 0o022 }
    }

    /// A mask as it was before, for tests and for callers that never restricted it.
    #[must_use]
    pub const fn of(before: RawMode) -> Self {
        Self { before: before & 0o777 }
    }

    /// A command that runs `program` under the mask the user has.
    ///
    /// A mask belongs to the whole process, and changing it back for a moment would give other
    /// threads' files the wrong mode; so a shell sets it and becomes the program. The program
    /// and its arguments are passed as arguments and never read as shell text. A program that
    /// does not exist ends with code 127.
    #[must_use]
    pub fn command(self, program: impl AsRef<OsStr>) -> Command {
        if cfg!(unix) {
            let mut command = Command::new("/bin/sh");
            command
                .arg("-c")
                .arg("umask \"$0\" && exec \"$@\"")
                .arg(format!("{:04o}", self.before))
                .arg(program);
            command
        } else {
            Command::new(program)
        }
    }
}

/// Refuses to make folders below one that belongs to another user than this one and root: under
/// `sudo` with somebody's home, they would be root's, and stand in their way ever after.
///
/// # Errors
/// `PermissionDenied` with the folder, whose it is, and what to do.
pub fn check_owner_above(path: &Path) -> io::Result<()> {
    #[cfg(unix)]
    if let Some((above, metadata)) = path
        .ancestors()
        .filter(|above| !above.as_os_str().is_empty())
        .find_map(|above| Some((above, std::fs::metadata(above).ok()?)))
        && above != path
        && let Some(reason) = foreign_owner(&metadata)
    {
        return Err(io::Error::new(
            io::ErrorKind::PermissionDenied,
            format!(
                "{} would be made in {}, but {reason}; run the program as that user (`sudo -H` \
                 sets the home of another one), or name files of your own with --db and --config",
                path.display(),
                above.display()
            ),
        ));
    }
    #[cfg(not(unix))]
    let _ = path;
    Ok(())
}

/// Creates a folder and its missing parents, each 0700, and checks an existing one: it must
/// belong to this user (or to root) and must not be writable by others.
///
/// # Errors
/// What the system said, or `PermissionDenied` with the reason and the command that helps.
pub fn create_private_dir(path: &Path) -> io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt;
        builder.mode(0o700);
    }
    check_owner_above(path)?;
    builder.create(path)?;
    check_private(path, &std::fs::metadata(path)?)
}

/// Creates a file that must not exist yet, 0600, not following a link.
///
/// # Errors
/// What the system said, `AlreadyExists` among it.
pub fn create_private_file(path: &Path) -> io::Result<File> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    options.open(path)
}

/// Refuses what another user owns or may write to.
#[cfg(unix)]
fn check_private(path: &Path, metadata: &std::fs::Metadata) -> io::Result<()> {
    use std::os::unix::fs::MetadataExt;
    if let Some(reason) = foreign_owner(metadata) {
        return Err(io::Error::new(
            io::ErrorKind::PermissionDenied,
            format!("{}: {reason}", path.display()),
        ));
    }
    if metadata.mode() & 0o022 != 0 {
        return Err(io::Error::new(
            io::ErrorKind::PermissionDenied,
            format!(
                "{} can be written by other users (mode {:04o}); run `chmod go-w {}`",
                path.display(),
                metadata.mode() & 0o7777,
                path.display(),
            ),
        ));
    }
    Ok(())
}

#[cfg(not(unix))]
fn check_private(_path: &Path, _metadata: &std::fs::Metadata) -> io::Result<()> {
    Ok(())
}

/// Why a file's owner cannot be trusted, if so: anyone but this user and root.
#[cfg(unix)]
pub(super) fn foreign_owner(metadata: &std::fs::Metadata) -> Option<String> {
    use std::os::unix::fs::MetadataExt;
    let me = rustix::process::geteuid().as_raw();
    is_foreign(metadata.uid(), me)
        .then(|| format!("it belongs to another user (uid {}, you are {me})", metadata.uid()))
}

/// Whether what belongs to one user is nothing that another, `me`, may take for theirs.
#[cfg(unix)]
const fn is_foreign(owner: u32, me: u32) -> bool {
    owner != me && owner != 0
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn mode(path: &Path) -> u32 {
        std::fs::metadata(path).expect("metadata").permissions().mode() & 0o777
    }

    #[test]
    fn folders_and_files_are_private_whatever_the_mask() {
        let root = tempfile::tempdir().expect("a folder");
        let folder = root.path().join("a/b");
        create_private_dir(&folder).expect("created");
        assert_eq!((mode(&folder), mode(&root.path().join("a"))), (0o700, 0o700));
        let file = folder.join("f");
        drop(create_private_file(&file).expect("created"));
        assert_eq!(mode(&file), 0o600);
        assert!(create_private_file(&file).is_err(), "an existing file was taken");
    }

    #[test]
    fn another_s_home_is_no_place_for_new_folders() {
        // Root in the home of somebody, somebody in another's, and what is one's own or root's.
        assert!(is_foreign(1000, 0) && is_foreign(1000, 1001));
        assert!(!is_foreign(1000, 1000) && !is_foreign(0, 1000) && !is_foreign(0, 0));
        let root = tempfile::tempdir().expect("a folder");
        let home = root.path().join("home");
        std::fs::create_dir(&home).expect("created");
        let folder = home.join(".local/share/lathe");
        check_owner_above(&folder).expect("it is ours");
        if std::os::unix::fs::chown(&home, Some(12_345), None).is_err() {
            // Only the administrator can give a folder away; what decides was looked at above.
            return;
        }
        let error = create_private_dir(&folder).expect_err("refused").to_string();
        for part in ["home", "uid 12345", "sudo -H", "--db", "--config"] {
            assert!(error.contains(part), "{part}: {error}");
        }
        assert!(!home.join(".local").exists(), "nothing was made");
    }

    #[test]
    fn a_folder_others_may_write_to_is_refused_with_the_cure() {
        let root = tempfile::tempdir().expect("a folder");
        let folder = root.path().join("open");
        std::fs::create_dir(&folder).expect("created");
        std::fs::set_permissions(&folder, PermissionsExt::from_mode(0o777)).expect("chmod");
        let error = create_private_dir(&folder).expect_err("refused").to_string();
        assert!(error.contains("chmod go-w"), "{error}");
    }

    #[test]
    fn a_link_is_not_followed_into_a_new_file() {
        let root = tempfile::tempdir().expect("a folder");
        let link = root.path().join("link");
        std::os::unix::fs::symlink(root.path().join("elsewhere"), &link).expect("link");
        assert!(create_private_file(&link).is_err());
        assert!(!root.path().join("elsewhere").exists());
    }

    #[test]
    fn a_child_gets_the_mask_of_the_user_and_its_arguments_whole() {
        let output = Umask::of(0o027)
            .command("sh")
            .args(["-c", "umask; echo \"$1\"", "x", "a b; $(false) 'q'"])
            .output()
            .expect("sh runs");
        let text = String::from_utf8(output.stdout).expect("text");
        assert_eq!(text, "0027\na b; $(false) 'q'\n");
    }
}
