//! Opening, finding and listing workspaces, and reading what is in them.

use std::{fs, path::Path};

use promptlathe::{
    app::workspace::{FILE_LIMIT, FileError, OpenError, SaveError, Workspace, init},
    model::TemplateId,
};
use tempfile::TempDir;

use super::write;

/// A workspace with these files in it.
pub(crate) fn with(files: &[(&str, &str)]) -> (TempDir, Workspace) {
    let folder = tempfile::tempdir().expect("a folder");
    fs::create_dir(folder.path().join("prompts")).expect("prompts");
    for (name, text) in files {
        write(&folder.path().join(name), text);
    }
    let workspace = Workspace::open(folder.path()).expect("a workspace");
    (folder, workspace)
}

pub(crate) fn id(text: &str) -> TemplateId {
    TemplateId::new(text).expect("an id")
}

fn ids(workspace: &Workspace) -> Vec<String> {
    workspace.list().entries.iter().map(|entry| entry.id.to_string()).collect()
}

#[test]
fn only_a_folder_with_templates_or_settings_is_a_workspace() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path();
    let error = Workspace::open(path).expect_err("empty");
    assert!(matches!(error, OpenError::NotAWorkspace(_)));
    assert!(error.to_string().contains("`lathe init "), "{error}");

    let error = Workspace::open(&path.join("nowhere")).expect_err("missing");
    assert!(matches!(error, OpenError::Missing(_)), "{error}");

    write(&path.join("file"), "");
    let error = Workspace::open(&path.join("file")).expect_err("a file");
    assert!(matches!(error, OpenError::NotAFolder(_)), "{error}");

    write(&path.join("lathe.toml"), "");
    let workspace = Workspace::open(path).expect("settings make one");
    assert!(ids(&workspace).is_empty());
    assert!(!workspace.is_embedded());
    assert_eq!(workspace.sample_hint(), None);
}

#[test]
fn the_workspace_around_a_folder_is_found() {
    let (folder, _) = with(&[("lathe.toml", ""), ("prompts/deep/er/a.prompty", "a")]);
    let root = fs::canonicalize(folder.path()).expect("real");
    assert_eq!(Workspace::find(&root), Some(root.clone()));
    assert_eq!(Workspace::find(&root.join("prompts/deep/er")), Some(root.clone()));
    assert_eq!(Workspace::find(&root.join("nowhere")), None);
    // Without settings, a folder that merely has `prompts` counts only where one stands in it.
    fs::remove_file(root.join("lathe.toml")).expect("removed");
    assert_eq!(Workspace::find(&root), Some(root.clone()));
    assert_ne!(Workspace::find(&root.join("prompts/deep")), Some(root));
}

#[test]
fn templates_are_listed_folder_by_folder() {
    let (_folder, workspace) = with(&[
        ("prompts/b/two.md", "2"),
        ("prompts/b-side.txt", "x"),
        ("prompts/b/one.prompty", "1"),
        ("prompts/a.JSON", "{}"),
        ("prompts/.hidden.md", "no"),
        ("prompts/.git/config.md", "no"),
        ("prompts/notes.pdf", "no"),
        ("partials/style.md", "no"),
        ("README.md", "no"),
    ]);
    assert_eq!(ids(&workspace), ["a", "b/one", "b/two", "b-side"]);
    assert_eq!(workspace.list().notices, []);
    let entry = &workspace.list().entries[1];
    assert_eq!(entry.path, Path::new("prompts/b/one.prompty"));
    assert_eq!(entry.extension, "prompty");
}

#[test]
fn what_is_left_out_is_said() {
    let (_folder, workspace) = with(&[
        ("prompts/same.prompty", "first"),
        ("prompts/same.md", "second"),
        ("prompts/has@sign.md", "x"),
    ]);
    assert_eq!(ids(&workspace), ["same"]);
    let notices: Vec<String> = workspace.list().notices.iter().map(ToString::to_string).collect();
    assert_eq!(notices.len(), 2, "{notices:?}");
    assert!(notices.iter().any(|it| it.starts_with("prompts/has@sign.md is left out: ")));
    assert!(
        notices.contains(
            &"prompts/same.md is left out: prompts/same.prompty has the same id `same`; rename one"
                .to_owned()
        )
    );
    assert_eq!(workspace.load(&id("same")).expect("read").source, "first");
}

#[test]
fn a_file_is_read_exactly() {
    let text = "\u{feff}---\r\nname: x\r\n---\r\nhällo\r\n\r\n";
    let (_folder, workspace) = with(&[("prompts/x.prompty", text)]);
    let loaded = workspace.load(&id("x")).expect("read");
    assert_eq!(loaded.source, text);
    assert_eq!(loaded.stamp.length, text.len() as u64);
    assert!(loaded.stamp.modified.is_some());
    let error = workspace.load(&id("y")).expect_err("missing").to_string();
    assert_eq!(
        error,
        "prompts/y: there is no such file; `lathe template list` shows the templates there are"
    );
}

#[test]
fn bytes_that_are_not_utf8_are_located() {
    let (folder, workspace) = with(&[]);
    let file = folder.path().join("prompts/x.md");
    fs::write(&file, b"one\ntwo\ncaf\xe9\n").expect("written");
    let error = workspace.load(&id("x")).expect_err("not text").to_string();
    assert_eq!(error, "prompts/x.md:3: it is not UTF-8 (byte 12 of the file); save it as UTF-8");
    fs::write(&file, b"\xff\xfeh\0i\0").expect("written");
    let error = workspace.load(&id("x")).expect_err("not text").to_string();
    assert!(error.contains("UTF-16"), "{error}");
}

#[test]
fn a_template_of_two_mebibytes_is_refused_and_one_at_the_limit_is_read() {
    let (folder, workspace) = with(&[]);
    let file = folder.path().join("prompts/x.md");
    fs::write(&file, vec![b'a'; 2 << 20]).expect("written");
    let error = workspace.load(&id("x")).expect_err("too large");
    assert!(matches!(error, FileError::TooLarge { limit: FILE_LIMIT, .. }));
    assert!(error.to_string().contains("prompts/x.md: it is larger than 1024 KiB"), "{error}");

    let limit = usize::try_from(FILE_LIMIT).expect("fits");
    fs::write(&file, vec![b'a'; limit + 1]).expect("written");
    assert!(workspace.load(&id("x")).is_err());
    fs::write(&file, vec![b'a'; limit]).expect("written");
    assert_eq!(workspace.load(&id("x")).expect("at the limit").source.len(), limit);
}

#[test]
fn includes_come_from_partials_before_templates() {
    let (_folder, workspace) = with(&[
        ("partials/style.md", "the partial"),
        ("prompts/style.md", "the template"),
        ("prompts/analysis/only.prompty", "a template"),
    ]);
    assert_eq!(workspace.included("style").expect("found").source, "the partial");
    assert_eq!(workspace.included("analysis/only").expect("found").source, "a template");
    assert!(matches!(workspace.included("none"), Err(FileError::Missing(_))));
    assert_eq!(workspace.includable(), ["style", "analysis/only", "style"]);
}

#[test]
fn a_new_workspace_is_written_once_and_privately() {
    let folder = tempfile::tempdir().expect("a folder");
    let place = folder.path().join("mine");
    let written = init(&place).expect("written");
    assert!(place.join("prompts").is_dir());
    for file in &written {
        assert!(place.join(file).is_file(), "{}", file.display());
        #[cfg(unix)]
        assert_eq!(super::mode(&place.join(file)), 0o600);
    }
    #[cfg(unix)]
    assert_eq!(super::mode(&place.join("prompts")), 0o700);
    assert!(Workspace::open(&place).is_ok());

    let file = folder.path().join("file");
    write(&file, "mine");
    assert!(init(&file).expect_err("a file").to_string().contains("is not a folder; name one"));
    assert_eq!(fs::read_to_string(&file).expect("there"), "mine");
}

#[test]
fn names_no_colleague_could_hold_are_refused() {
    let (folder, workspace) = with(&[("prompts/Summary.md", "x")]);
    for (name, why) in [
        (".hidden", "hidden"),
        ("a/.b", "hidden"),
        ("con", "device on Windows"),
        ("x/AUX.old", "device on Windows"),
        ("what?", "file name on every system"),
        ("ends.", "file name on every system"),
        ("summary", "differs only in capitals"),
    ] {
        let error = workspace.create(&id(name), "md", "text").expect_err(name);
        assert!(matches!(error, SaveError::Name { .. }), "{name}: {error}");
        assert!(error.to_string().contains(why), "{name}: {error}");
    }
    let error = workspace.create(&id("Summary"), "prompty", "text").expect_err("taken");
    assert_eq!(error.to_string(), "there is already a template `Summary`; choose another name");
    assert_eq!(fs::read_dir(folder.path().join("prompts")).expect("listed").count(), 1);
}
