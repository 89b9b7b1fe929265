//! The sample workspace: from memory, kept on the first save, written by `init`.

use std::fs;

use promptlathe::app::workspace::{InitError, SaveError, Workspace, init};

use super::{workspace::id, write};

#[test]
fn the_first_save_keeps_the_whole_sample() {
    let folder = tempfile::tempdir().expect("a folder");
    let keep = folder.path().join("data/sample-workspace");
    let workspace = Workspace::sample(keep.clone());
    assert!(workspace.is_embedded());
    assert_eq!(workspace.folder(), None);
    assert_eq!(workspace.name(), "sample");
    assert!(workspace.sample_hint().expect("a hint").contains("`lathe init DIR`"));
    let before = workspace.list();

    let name = id("analysis/sentiment");
    let loaded = workspace.load(&name).expect("read");
    let stamp = workspace.save(&name, "mine", &loaded.stamp).expect("saved");
    assert_eq!(fs::read_dir(keep.parent().expect("data")).expect("listed").count(), 1);
    assert_eq!(workspace.list(), before);
    assert_eq!(workspace.load(&name).expect("read").stamp, stamp);
    #[cfg(unix)]
    assert_eq!(super::mode(&keep), 0o700);

    // What was kept opens from now on, and its settings are still the program's own.
    let again = Workspace::sample(keep.clone());
    assert_eq!(again.load(&name).expect("read").source, "mine");
    assert!(again.settings().expect("readable").expect("there").built_in);
    write(&keep.join("lathe.toml"), "default_model = \"openai/x\"\n");
    assert!(!again.settings().expect("readable").expect("there").built_in);
}

#[test]
fn a_save_from_memory_over_a_change_keeps_nothing_of_ours() {
    let folder = tempfile::tempdir().expect("a folder");
    let keep = folder.path().join("sample-workspace");
    let name = id("analysis/sentiment");
    let (first, second) = (Workspace::sample(keep.clone()), Workspace::sample(keep));
    let stamp = first.load(&name).expect("read").stamp;
    first.save(&name, "from the first", &stamp).expect("saved");
    let error = second.save(&name, "from the second", &stamp).expect_err("changed");
    assert!(matches!(error, SaveError::ChangedOutside { .. }), "{error}");
    assert_eq!(second.load(&name).expect("read").source, "from the first");
}

#[test]
fn a_new_workspace_has_every_file_and_replaces_none() {
    let folder = tempfile::tempdir().expect("a folder");
    let place = folder.path().join("mine");
    init(&place).expect("written");
    let (written, sample) =
        (Workspace::open(&place).expect("opened"), Workspace::sample(folder.path().join("none")));
    assert_eq!(written.list(), sample.list());
    assert!(!written.is_embedded());

    fs::remove_dir_all(place.join("prompts")).expect("removed");
    let error = init(&place).expect_err("a file is in the way");
    assert!(
        matches!(&error, InitError::Exists { files, .. } if files.contains(&"lathe.toml".to_owned()))
    );
    assert!(error.to_string().contains("nothing was written"), "{error}");
    assert!(!place.join("prompts").exists());
}
