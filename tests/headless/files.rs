//! Files that are not what they should be, and places that are not there.

use super::*;

#[test]
fn folders_and_pipes_in_place_of_files_are_told_and_none_is_waited_for() {
    let place = Place::new();
    let pipe = place.path("pipe");
    let made = Command::new("mkfifo").arg(&pipe).status().expect("mkfifo runs");
    assert!(made.success());
    fs::create_dir_all(place.path("prompts/folder.prompty")).expect("a folder");
    let pipe_text = format!("message=@{}", pipe.display());
    let folder_text = format!("message=@{}", place.path("prompts").display());
    let pipe = pipe.to_string_lossy().into_owned();
    for (arguments, words) in [
        (vec!["run", "mood", "--var", &pipe_text], ["pipe", "give a file"]),
        (vec!["run", "mood", "--vars", &pipe], ["pipe", "give a file"]),
        (vec!["run", "mood", "--var", &folder_text], ["prompts", "folder"]),
        (vec!["--config", &pipe, "providers"], ["pipe", "not a regular file"]),
        (vec!["--config", "prompts", "providers"], ["prompts", "folder"]),
        (vec!["run", "folder"], ["`folder`", "template list"]),
        (vec!["--workspace", "prompts/mood.prompty", "template", "list"], ["mood", "folder"]),
        (vec!["--workspace", "nowhere", "template", "list"], ["nowhere", "folder"]),
    ] {
        place.refused(&arguments, 2, &words);
    }
}

#[test]
fn a_pipe_that_a_shell_hands_over_is_read() {
    let place = Place::new();
    let script = "printf '{\"message\": \"I love it\"}' | \"$0\" run mood --vars /dev/stdin";
    let output = Command::new("sh")
        .args(["-c", script, env!("CARGO_BIN_EXE_lathe")])
        .env_clear()
        .env("HOME", place.home.path())
        .env("PATH", "/usr/bin:/bin")
        .current_dir(place.home.path())
        .output()
        .expect("it runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(text(&output).to_lowercase().contains("positive"));
}

#[test]
fn without_a_home_the_way_on_is_named() {
    let place = Place::new();
    let alone =
        |arguments: &[&str]| place.command(arguments).env_remove("HOME").output().expect("it runs");
    let output = alone(&["run", "mood", "--var", "message=x"]);
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{told}");
    assert_eq!(told.lines().count(), 1, "{told}");
    assert!(told.contains("HOME") && told.contains("--db") && told.contains("--config"), "{told}");
    // Both named, it needs none.
    let database = place.path("data/lathe.db").to_string_lossy().into_owned();
    let config = place.path("config.toml").to_string_lossy().into_owned();
    fs::write(&config, "").expect("written");
    let output = alone(&[
        "--db",
        &database,
        "--config",
        &config,
        "run",
        "mood",
        "--var",
        "message=I love it",
    ]);
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{told}");
}

#[test]
fn a_yaml_mistake_is_told_with_its_line_and_column() {
    let place = Place::new();
    place.write("prompts/bad.prompty", "---\nname: x\nversion: [1\n---\nuser:\nhi\n");
    let output = place.run(&["run", "bad", "--model", "demo/fast"]);
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(told.starts_with("lathe: bad:3:10: "), "{told}");
}

#[test]
fn text_from_a_file_is_made_safe_where_it_is_told() {
    let place = Place::new();
    place.write("prompts/evil.prompty", "user:\n{{ a\u{1b}[31m }}\n");
    place.write("prompts/\u{1b}[31mred.prompty", "user:\nhi\n");
    for arguments in [vec!["run", "evil", "--model", "demo/fast"], vec!["template", "list"]] {
        let output = place.run(&arguments);
        let all = [output.stdout, output.stderr].concat();
        assert!(!all.contains(&0x1b), "{arguments:?}: {}", String::from_utf8_lossy(&all));
    }
}
