//! Who may write and read what settings are kept in. The modes of files are Unix's.
#![cfg(unix)]

use std::{fs, os::unix::fs::symlink, process::Command};

use promptlathe::{
    config::{NoticeKind, create_private_dir, trust_workspace},
    model::ContentHash,
};

use super::{Home, mode, set_mode};

#[test]
fn settings_everybody_may_write_to_are_refused_with_the_cure() {
    let home = Home::with_config("[engine]\nretries = 1\n");
    set_mode(&home.paths.config_file, 0o666);
    let error = home.load(&[]).expect_err("refused").to_string();
    assert!(error.contains("config.toml: ") && error.contains("chmod go-w"), "{error}");
}

#[test]
fn settings_a_group_may_write_to_are_noticed() {
    let home = Home::with_config("[engine]\nretries = 1\n");
    set_mode(&home.paths.config_file, 0o664);
    let (settings, notices) = home.load(&[]).expect("valid");
    assert_eq!(settings.engine.retries, 1);
    assert_eq!(notices.len(), 1);
    assert_eq!(notices[0].kind, NoticeKind::Permissions);
    assert!(notices[0].message.contains("chmod g-w"), "{}", notices[0]);
}

#[test]
fn readable_settings_are_fine_unless_they_hold_a_secret() {
    let home = Home::with_config("[providers.openai]\nheaders = { \"X-Team\" = \"a\" }\n");
    set_mode(&home.paths.config_file, 0o644);
    assert_eq!(home.load(&[]).expect("valid").1, []);

    let home = Home::with_config("[providers.openai]\nheaders = { Authorization = \"planted\" }\n");
    set_mode(&home.paths.config_file, 0o644);
    let (_, notices) = home.load(&[]).expect("valid");
    assert!(notices[0].message.contains("chmod 600"), "{}", notices[0]);
    assert!(!notices[0].message.contains("planted"));
    set_mode(&home.paths.config_file, 0o600);
    assert_eq!(home.load(&[]).expect("valid").1, []);
}

#[test]
fn settings_may_be_a_link_but_not_a_folder_a_fifo_or_a_device() {
    let home = Home::new();
    let file = &home.paths.config_file;
    let elsewhere = home.folder.path().join("dotfiles.toml");
    fs::write(&elsewhere, "[engine]\nretries = 1\n").expect("written");
    fs::create_dir_all(file.parent().expect("parent")).expect("folders");
    symlink(&elsewhere, file).expect("link");
    assert_eq!(home.load(&[]).expect("valid").0.engine.retries, 1);

    for (what, make) in [("a folder", "mkdir"), ("regular", "mkfifo")] {
        fs::remove_file(file).or_else(|_| fs::remove_dir(file)).expect("removed");
        assert!(Command::new(make).arg(file).status().expect(make).success());
        let error = home.load(&[]).expect_err(make).to_string();
        assert!(error.contains(what), "{error}");
    }
    fs::remove_file(file).expect("removed");
    symlink("/dev/zero", file).expect("link");
    let error = home.load(&[]).expect_err("a device").to_string();
    assert!(error.contains("not a regular file"), "{error}");
}

#[test]
fn settings_that_are_too_large_or_not_text_are_refused() {
    let home = Home::with_config(&"# padding\n".repeat(200_000));
    let error = home.load(&[]).expect_err("too large").to_string();
    assert!(error.contains("larger than 1 MiB"), "{error}");
    fs::write(&home.paths.config_file, b"# caf\xe9\n").expect("written");
    let error = home.load(&[]).expect_err("not text").to_string();
    assert!(error.contains("not UTF-8 (byte 6"), "{error}");
}

#[test]
fn the_list_of_trust_is_private_and_believed_only_then() {
    let home = Home::new();
    let text = "[providers.x]\nkind = \"ollama\"\n";
    let file = promptlathe::config::WorkspaceToml {
        path: "lathe.toml".into(),
        text: text.to_owned(),
        built_in: false,
    };
    let is_trusted =
        || home.load_with(Some(&file), &[]).expect("valid").0.providers.contains_key("x");
    assert!(!is_trusted());
    trust_workspace(&home.paths, &ContentHash::of(text.as_bytes())).expect("remembered");
    assert_eq!(mode(&home.paths.trust_file()), 0o600);
    assert_eq!(mode(&home.paths.data_dir), 0o700);
    assert!(is_trusted());
    set_mode(&home.paths.trust_file(), 0o620);
    assert!(!is_trusted(), "a list others can write to was believed");

    fs::remove_file(home.paths.trust_file()).expect("removed");
    let planted = home.folder.path().join("planted");
    symlink(&planted, home.paths.trust_file()).expect("link");
    assert!(trust_workspace(&home.paths, &ContentHash::of(b"")).is_err());
    assert!(!planted.exists());
}

#[test]
fn a_data_folder_that_others_may_write_to_is_refused() {
    let home = Home::new();
    create_private_dir(&home.paths.data_dir).expect("created");
    set_mode(&home.paths.data_dir, 0o770);
    let error = trust_workspace(&home.paths, &ContentHash::of(b"")).expect_err("refused");
    assert!(error.to_string().contains("chmod go-w"), "{error}");
}
