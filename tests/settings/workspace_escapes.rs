//! Nothing outside a workspace is read or written through it, and nothing that is not a regular
//! file is opened, whatever stands in the folder.
#![cfg(unix)]

use std::{
    fs,
    os::unix::{fs::symlink, net::UnixListener},
    path::Path,
    process::Command,
};

use promptlathe::{
    app::workspace::{FileError, SaveError, Workspace},
    model::TemplateId,
};
use tempfile::TempDir;

use super::{
    workspace::{id, with},
    write,
};

const SECRET: &str = "planted";

/// A workspace, and beside it a folder with a secret that no way may lead to.
fn with_neighbour() -> (TempDir, Workspace) {
    let folder = tempfile::tempdir().expect("a folder");
    write(&folder.path().join("outside/secret.md"), SECRET);
    fs::create_dir_all(folder.path().join("ws/prompts")).expect("prompts");
    fs::create_dir_all(folder.path().join("ws/partials")).expect("partials");
    let workspace = Workspace::open(&folder.path().join("ws")).expect("a workspace");
    (folder, workspace)
}

fn notices(workspace: &Workspace) -> Vec<String> {
    workspace.list().notices.iter().map(ToString::to_string).collect()
}

fn secret_is_untouched(folder: &TempDir) {
    let outside = folder.path().join("outside");
    assert_eq!(fs::read_to_string(outside.join("secret.md")).expect("there"), SECRET);
    assert_eq!(fs::read_dir(outside).expect("listed").count(), 1, "a file was added outside");
}

fn make_fifo(path: &Path) {
    assert!(Command::new("mkfifo").arg(path).status().expect("mkfifo").success());
}

#[test]
fn a_link_to_a_file_outside_is_not_followed() {
    let (folder, workspace) = with_neighbour();
    let link = folder.path().join("ws/prompts/x.md");
    for target in [folder.path().join("outside/secret.md"), "../../outside/secret.md".into()] {
        symlink(&target, &link).expect("link");
        assert!(workspace.list().entries.is_empty());
        assert!(notices(&workspace)[0].contains("leads out of the workspace"));
        let error = workspace.load(&id("x")).expect_err("outside");
        assert!(matches!(error, FileError::Outside { .. }), "{error}");
        assert!(!error.to_string().contains(SECRET));
        fs::remove_file(&link).expect("removed");
    }
}

#[test]
fn a_link_to_a_folder_outside_is_not_walked_read_or_written() {
    let (folder, workspace) = with_neighbour();
    symlink(folder.path().join("outside"), folder.path().join("ws/prompts/sub")).expect("link");
    assert!(workspace.list().entries.is_empty());
    assert!(matches!(workspace.load(&id("sub/secret")), Err(FileError::Outside { .. })));
    for new in ["sub/new", "sub/deeper/new"] {
        let error = workspace.create(&id(new), "md", "mine").expect_err("outside");
        assert!(matches!(error, SaveError::File(FileError::Outside { .. })), "{error}");
    }
    secret_is_untouched(&folder);
}

#[test]
fn prompts_itself_may_not_lead_outside() {
    let folder = tempfile::tempdir().expect("a folder");
    write(&folder.path().join("outside/secret.md"), SECRET);
    write(&folder.path().join("ws/lathe.toml"), "");
    symlink(folder.path().join("outside"), folder.path().join("ws/prompts")).expect("link");
    let workspace = Workspace::open(&folder.path().join("ws")).expect("a workspace");
    assert!(workspace.list().entries.is_empty());
    assert!(notices(&workspace)[0].contains("leads out"), "{:?}", notices(&workspace));
    assert!(workspace.load(&id("secret")).is_err());
    assert!(workspace.create(&id("new"), "md", "mine").is_err());
    secret_is_untouched(&folder);
}

#[test]
fn a_file_swapped_for_a_link_after_it_was_loaded_is_not_written_through() {
    let (folder, workspace) = with_neighbour();
    let file = folder.path().join("ws/prompts/x.md");
    // The same content, so that only where it leads tells the two apart.
    write(&file, SECRET);
    let loaded = workspace.load(&id("x")).expect("read");
    fs::remove_file(&file).expect("removed");
    symlink(folder.path().join("outside/secret.md"), &file).expect("link");
    let error = workspace.save(&id("x"), "mine", &loaded.stamp).expect_err("outside");
    assert!(matches!(error, SaveError::File(FileError::Outside { .. })), "{error}");
    secret_is_untouched(&folder);
}

#[test]
fn a_settings_file_that_leads_outside_is_not_read() {
    let (folder, workspace) = with_neighbour();
    symlink("../outside/secret.md", folder.path().join("ws/lathe.toml")).expect("link");
    assert!(matches!(workspace.settings(), Err(FileError::Outside { .. })));
}

#[test]
fn dots_are_no_part_of_a_name() {
    let (folder, workspace) = with_neighbour();
    write(&folder.path().join("ws/secret.md"), SECRET);
    for name in ["../secret", "a/../../secret", "..", ".", "/etc/passwd", "a//b", "a\\..\\b"] {
        assert!(TemplateId::new(name).is_err(), "{name}");
        let error = workspace.included(name).expect_err(name);
        assert!(matches!(error, FileError::Name(_)), "{name}: {error}");
        assert!(workspace.resolve(name).is_err(), "{name}");
    }
}

#[test]
fn links_inside_the_workspace_are_followed_and_circles_end() {
    let (folder, workspace) = with(&[("shared/base.md", "base"), ("prompts/real.md", "real")]);
    let prompts = folder.path().join("prompts");
    symlink("real.md", prompts.join("alias.md")).expect("link");
    symlink("../shared", prompts.join("more")).expect("link");
    symlink(".", prompts.join("again")).expect("link");
    let listing = workspace.list();
    let ids: Vec<&str> = listing.entries.iter().map(|entry| entry.id.as_str()).collect();
    assert_eq!(ids, ["alias", "more/base", "real"]);
    assert_eq!(listing.notices.len(), 1);
    assert!(listing.notices[0].message.contains("leads back to a folder above it"));
    assert_eq!(workspace.load(&id("more/base")).expect("read").source, "base");
}

#[test]
fn links_that_lead_nowhere_or_to_themselves_are_errors() {
    let (folder, workspace) = with(&[]);
    let prompts = folder.path().join("prompts");
    symlink("nothing.md", prompts.join("dangling.md")).expect("link");
    symlink("circle.md", prompts.join("circle.md")).expect("link");
    assert!(workspace.list().entries.is_empty());
    assert_eq!(workspace.list().notices.len(), 2);
    assert!(matches!(workspace.load(&id("dangling")), Err(FileError::Missing(_))));
    assert!(workspace.load(&id("circle")).is_err());
}

#[test]
fn a_folder_a_fifo_and_a_socket_are_no_templates_and_never_waited_for() {
    let (folder, workspace) = with(&[]);
    let prompts = folder.path().join("prompts");
    fs::create_dir(prompts.join("folder.md")).expect("folder");
    make_fifo(&prompts.join("fifo.md"));
    let _socket = UnixListener::bind(prompts.join("socket.md")).expect("socket");
    symlink("fifo.md", prompts.join("link.md")).expect("link");

    assert!(workspace.list().entries.is_empty());
    assert_eq!(workspace.list().notices.len(), 3, "{:?}", notices(&workspace));
    for (name, what) in [("folder", "a folder"), ("fifo", "a FIFO"), ("link", "a FIFO")] {
        let error = workspace.load(&id(name)).expect_err(name).to_string();
        assert_eq!(
            error,
            format!("prompts/{name}.md: it is {what}, not a regular file; remove it or rename it")
        );
    }
    // The system itself does not open a socket as a file.
    assert!(workspace.load(&id("socket")).is_err());
}

#[test]
fn a_file_swapped_for_a_fifo_or_a_folder_is_not_saved_over() {
    let (folder, workspace) = with(&[("prompts/x.md", "mine")]);
    let file = folder.path().join("prompts/x.md");
    let loaded = workspace.load(&id("x")).expect("read");
    fs::remove_file(&file).expect("removed");
    make_fifo(&file);
    let error = workspace.save(&id("x"), "new", &loaded.stamp).expect_err("a FIFO");
    assert!(matches!(error, SaveError::File(FileError::NotAFile { .. })), "{error}");
    fs::remove_file(&file).expect("removed");
    fs::create_dir(&file).expect("a folder");
    let error = workspace.save(&id("x"), "new", &loaded.stamp).expect_err("a folder");
    assert!(matches!(error, SaveError::File(FileError::NotAFile { .. })), "{error}");
    assert!(file.is_dir());
}

#[test]
fn a_file_where_a_folder_is_needed_is_said() {
    let (_folder, workspace) = with(&[("prompts/a", "a file without an extension")]);
    let error = workspace.create(&id("a/b"), "md", "x").expect_err("a file is in the way");
    assert_eq!(
        error.to_string(),
        "prompts/a: it is a file where a folder is needed; choose another name"
    );
}
