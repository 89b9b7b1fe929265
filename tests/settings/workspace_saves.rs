//! Saves replace a file whole or not at all, and never over somebody else's change.

use std::{
    fs,
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
    thread,
};

use promptlathe::app::workspace::{FILE_LIMIT, FileError, SaveError, Workspace};

use super::workspace::{id, with};

/// The names in a folder, hidden ones too.
fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .expect("listed")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

#[test]
fn a_save_replaces_the_file_and_gives_the_next_stamp() {
    let (folder, workspace) = with(&[("prompts/x.md", "one")]);
    let first = workspace.load(&id("x")).expect("read").stamp;
    let second = workspace.save(&id("x"), "two\r\n", &first).expect("saved");
    let file = folder.path().join("prompts/x.md");
    assert_eq!(fs::read(&file).expect("there"), b"two\r\n");
    assert_ne!(first, second);
    assert_eq!(workspace.load(&id("x")).expect("read").stamp, second);
    let third = workspace.save(&id("x"), "", &second).expect("saved");
    assert_eq!(third.length, 0);
    assert_eq!(names(&folder.path().join("prompts")), ["x.md"]);
}

#[test]
fn a_change_by_another_program_is_never_overwritten() {
    let (folder, workspace) = with(&[("prompts/x.md", "ours")]);
    let file = folder.path().join("prompts/x.md");
    let stamp = workspace.load(&id("x")).expect("read").stamp;
    // Of the same length, so that only the content tells.
    fs::write(&file, "them").expect("written");
    let now = workspace.check_changed(&id("x"), &stamp).expect("read").expect("changed");
    assert_eq!(now.source, "them");
    match workspace.save(&id("x"), "mine", &stamp).expect_err("changed outside") {
        SaveError::ChangedOutside { path, theirs } => {
            assert_eq!(path, Path::new("prompts/x.md"));
            assert_eq!(theirs.expect("still there").source, "them");
        }
        other => panic!("{other}"),
    }
    assert_eq!(fs::read_to_string(&file).expect("there"), "them");
    // Whoever has seen the change may save over it.
    workspace.save(&id("x"), "mine", &now.stamp).expect("saved");
    assert_eq!(fs::read_to_string(&file).expect("there"), "mine");
}

#[test]
fn of_two_who_loaded_the_same_file_the_second_is_told() {
    let (folder, first) = with(&[("prompts/x.md", "start")]);
    let second = Workspace::open(folder.path()).expect("opened twice");
    let seen_by_first = first.load(&id("x")).expect("read").stamp;
    let seen_by_second = second.load(&id("x")).expect("read").stamp;
    assert_eq!(seen_by_first, seen_by_second);
    first.save(&id("x"), "from the first", &seen_by_first).expect("saved");
    let error = second.save(&id("x"), "from the second", &seen_by_second).expect_err("changed");
    assert!(error.to_string().contains("changed by another program"), "{error}");
    assert_eq!(second.load(&id("x")).expect("read").source, "from the first");
}

#[test]
fn the_same_text_written_again_is_no_change() {
    let (folder, workspace) = with(&[("prompts/x.md", "same")]);
    let stamp = workspace.load(&id("x")).expect("read").stamp;
    fs::write(folder.path().join("prompts/x.md"), "same").expect("written");
    assert_eq!(workspace.check_changed(&id("x"), &stamp).expect("read"), None);
    workspace.save(&id("x"), "mine", &stamp).expect("saved");
}

#[test]
fn a_file_removed_meanwhile_does_not_come_back() {
    let (folder, workspace) = with(&[("prompts/x.md", "one")]);
    let stamp = workspace.load(&id("x")).expect("read").stamp;
    fs::remove_file(folder.path().join("prompts/x.md")).expect("removed");
    assert!(matches!(workspace.check_changed(&id("x"), &stamp), Err(FileError::Missing(_))));
    let error = workspace.save(&id("x"), "mine", &stamp).expect_err("gone");
    assert!(matches!(error, SaveError::ChangedOutside { theirs: None, .. }));
    assert_eq!(
        error.to_string(),
        "prompts/x: it was removed by another program since you opened it; nothing was saved, \
         save your text under a new name"
    );
    assert_eq!(names(&folder.path().join("prompts")), [""; 0]);
}

#[test]
fn a_text_that_is_too_large_changes_nothing() {
    let (folder, workspace) = with(&[("prompts/x.md", "small")]);
    let stamp = workspace.load(&id("x")).expect("read").stamp;
    let large = "a".repeat(2 << 20);
    for error in [
        workspace.save(&id("x"), &large, &stamp).expect_err("too large"),
        workspace.create(&id("y"), "md", &large).expect_err("too large"),
    ] {
        assert!(matches!(error, SaveError::File(FileError::TooLarge { limit: FILE_LIMIT, .. })));
    }
    assert_eq!(names(&folder.path().join("prompts")), ["x.md"]);
    assert_eq!(fs::read_to_string(folder.path().join("prompts/x.md")).expect("there"), "small");
}

#[test]
fn a_new_template_does_not_replace_a_file_of_any_form() {
    let (folder, workspace) = with(&[("prompts/x.txt", "theirs")]);
    let error = workspace.create(&id("x"), "prompty", "mine").expect_err("taken");
    assert!(matches!(error, SaveError::Exists(_)), "{error}");
    assert_eq!(names(&folder.path().join("prompts")), ["x.txt"]);
    let made = workspace.create(&id("a/b/c"), "prompty", "mine").expect("made");
    assert_eq!(made.path, Path::new("prompts/a/b/c.prompty"));
    assert_eq!(workspace.load(&id("a/b/c")).expect("read"), made);
}

#[test]
fn readers_see_the_old_text_or_the_new_one_and_nothing_between() {
    let texts = ["a".repeat(300_000), "b".repeat(200_000)];
    let (_folder, workspace) = with(&[("prompts/x.md", &texts[0])]);
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let mut reads = 0_u32;
            while reads == 0 || !done.load(Ordering::Acquire) {
                let seen = workspace.load(&id("x")).expect("always there").source;
                assert!(texts.contains(&seen), "a text of {} bytes was seen", seen.len());
                reads += 1;
            }
        });
        let mut stamp = workspace.load(&id("x")).expect("read").stamp;
        for round in 1..=40 {
            stamp = workspace.save(&id("x"), &texts[round % 2], &stamp).expect("saved");
        }
        done.store(true, Ordering::Release);
        reader.join().expect("no reader saw a torn file");
    });
}

#[cfg(unix)]
mod unix {
    use std::os::unix::fs::{MetadataExt, symlink};

    use super::{
        super::{mode, set_mode},
        *,
    };

    #[test]
    fn the_mode_is_kept_and_a_new_file_is_private() {
        let (folder, workspace) = with(&[("prompts/x.md", "one")]);
        let file = folder.path().join("prompts/x.md");
        for kept in [0o644, 0o640, 0o600, 0o755] {
            set_mode(&file, kept);
            let stamp = workspace.load(&id("x")).expect("read").stamp;
            workspace.save(&id("x"), &format!("{kept:o}"), &stamp).expect("saved");
            assert_eq!(mode(&file), kept);
        }
        workspace.create(&id("new/y"), "md", "two").expect("made");
        assert_eq!(mode(&folder.path().join("prompts/new/y.md")), 0o600);
        assert_eq!(mode(&folder.path().join("prompts/new")), 0o700);
    }

    #[test]
    fn another_file_takes_the_name_so_that_an_open_one_stays_whole() {
        let (folder, workspace) = with(&[("prompts/x.md", "one")]);
        let file = folder.path().join("prompts/x.md");
        let before = fs::File::open(&file).expect("open");
        let stamp = workspace.load(&id("x")).expect("read").stamp;
        workspace.save(&id("x"), "two", &stamp).expect("saved");
        assert_ne!(
            before.metadata().expect("metadata").ino(),
            fs::metadata(&file).expect("metadata").ino()
        );
        assert_eq!(std::io::read_to_string(before).expect("read"), "one");
    }

    #[test]
    fn a_read_only_file_stays_as_it_is() {
        let (folder, workspace) = with(&[("prompts/x.md", "one")]);
        let file = folder.path().join("prompts/x.md");
        set_mode(&file, 0o444);
        let stamp = workspace.load(&id("x")).expect("read").stamp;
        let error = workspace.save(&id("x"), "two", &stamp).expect_err("read-only");
        assert!(matches!(error, SaveError::ReadOnly(_)));
        assert!(error.to_string().contains("chmod u+w"), "{error}");
        assert_eq!(fs::read_to_string(&file).expect("there"), "one");
        assert_eq!(names(&folder.path().join("prompts")), ["x.md"]);
    }

    #[test]
    fn a_link_inside_the_workspace_is_kept_and_what_it_leads_to_replaced() {
        let (folder, workspace) = with(&[("shared/base.md", "one")]);
        let link = folder.path().join("prompts/x.md");
        symlink("../shared/base.md", &link).expect("link");
        let stamp = workspace.load(&id("x")).expect("read").stamp;
        workspace.save(&id("x"), "two", &stamp).expect("saved");
        assert!(fs::symlink_metadata(&link).expect("there").is_symlink());
        assert_eq!(fs::read_to_string(folder.path().join("shared/base.md")).expect("there"), "two");
        assert_eq!(names(&folder.path().join("shared")), ["base.md"]);
    }
}
