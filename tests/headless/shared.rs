//! A machine that others use too: who may read what is written, where a key may go, and how
//! little the system may leave to the program.
#![cfg(unix)]

use std::{
    os::unix::fs::PermissionsExt as _,
    sync::{Arc, Mutex},
};

use super::{
    servers::{recording, status, stream},
    *,
};

/// Runs a command of a place in a shell that does something first.
fn after(place: &Place, first: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new("sh");
    command
        .arg("-c")
        .arg(format!("{first} && exec \"$0\" \"$@\""))
        .arg(env!("CARGO_BIN_EXE_lathe"))
        .args(arguments)
        .env_clear()
        .env("HOME", place.home.path())
        .env("PATH", "/usr/bin:/bin")
        .current_dir(place.home.path())
        .stdin(Stdio::null());
    command
}

fn modes(folder: &Path, wrong: &mut Vec<String>) -> usize {
    let mut count = 0;
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let mode = fs::metadata(&path).expect("facts").permissions().mode() & 0o777;
        let wanted = if path.is_dir() { 0o700 } else { 0o600 };
        if mode != wanted {
            wrong.push(format!("{} is {mode:04o}", path.display()));
        }
        count += 1;
        if path.is_dir() {
            count += modes(&path, wrong);
        }
    }
    count
}

#[test]
fn all_that_is_written_is_the_users_alone_whatever_the_mask() {
    for mask in ["000", "022", "077"] {
        let place = Place::new();
        let first = format!("umask {mask}");
        let run = after(&place, &first, &["run", "mood", "--var", "message=x"]).output();
        assert!(run.expect("it runs").status.success());
        let init = after(&place, &first, &["init", "mine"]).output().expect("it runs");
        assert!(init.status.success(), "{}", String::from_utf8_lossy(&init.stderr));
        let backup = after(&place, &first, &["backup", "create", "copy.db"]).output();
        let backup = backup.expect("it runs");
        assert!(backup.status.success(), "{}", String::from_utf8_lossy(&backup.stderr));
        let mut wrong = Vec::new();
        let mut count = 0;
        for folder in [".local/share/lathe", ".local/state/lathe", "mine"] {
            count += modes(&place.path(folder), &mut wrong);
        }
        for path in [".local/share/lathe", ".local/state/lathe", "copy.db"] {
            let mode = fs::metadata(place.path(path)).expect(path).permissions().mode();
            if mode & 0o077 != 0 {
                wrong.push(format!("{path} is {mode:04o}"));
            }
        }
        assert!(wrong.is_empty() && count >= 2, "umask {mask}: {wrong:?}");
    }
}

#[test]
fn of_several_providers_a_dead_one_stops_no_other() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let place = Place::new();
    // A port that nobody listens at.
    let dead = 9;
    let mut config = "[engine]\nretries = 0\n".to_owned();
    let mut arguments: Vec<String> =
        ["run", "mood", "--var", "message=x", "--format", "jsonl"].map(str::to_owned).to_vec();
    for number in 1..=4 {
        let port = if number == 2 { dead } else { recording(stream(DONE), Arc::clone(&seen)) };
        let address = format!("http://127.0.0.1:{port}/v1");
        config.extend([
            format!("[providers.p{number}]\nkind = \"openai\"\n"),
            format!("base_url = \"{address}\"\n"),
        ]);
        arguments.extend(["--model".to_owned(), format!("p{number}/m")]);
    }
    place.write(".config/lathe/config.toml", config);
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let output = place.run(&arguments);
    assert_eq!(output.status.code(), Some(3), "{}", String::from_utf8_lossy(&output.stderr));
    let records: Vec<Value> =
        text(&output).lines().map(|line| serde_json::from_str(line).expect("a record")).collect();
    let outcomes: Vec<(Option<&str>, Option<&str>)> = records
        .iter()
        .map(|record| (record["provider"].as_str(), record["status"].as_str()))
        .collect();
    assert_eq!(
        outcomes,
        [
            (Some("p1"), Some("ok")),
            (Some("p2"), Some("error")),
            (Some("p3"), Some("ok")),
            (Some("p4"), Some("ok")),
        ]
    );
    assert_eq!(records[1]["error"]["kind"], "connect");
}

/// As `sudo` without `-H` leaves it: the administrator, in the home of somebody.
#[test]
fn in_another_s_home_nothing_is_made() {
    let place = Place::new();
    let home = place.path("home");
    fs::create_dir(&home).expect("made");
    let given = std::os::unix::fs::chown(&home, Some(12_345), None).is_ok();
    // Only the administrator can give a folder away; for all others the root folder is another's,
    // and cannot be written either.
    let home = if given { home } else { PathBuf::from("/") };
    for arguments in [&["run", "mood", "--var", "message=x"][..], &["history", "list"]] {
        let mut command = place.command(arguments);
        command.env("HOME", &home).env("LATHE_WORKSPACE", place.home.path());
        let output = command.output().expect("it runs");
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {told}");
        assert!(told.contains("--db"), "{told}");
        if given {
            assert!(told.contains("uid 12345") && told.contains("sudo -H"), "{told}");
            assert_eq!(fs::read_dir(&home).expect("listed").count(), 0, "nothing was made");
        }
    }
}

#[test]
fn a_key_command_gets_no_other_key() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let port = recording(stream(DONE), Arc::clone(&seen));
    let place = Place::new();
    place.write(
        ".config/lathe/config.toml",
        format!(
            "[providers.work]\nkind = \"openai\"\nbase_url = \"http://127.0.0.1:{port}/v1\"\n\
             api_key_command = [\"sh\", \"-c\", \"echo work-$VAULT-${{OPENAI_API_KEY-none}}-${{MINE-none}}\"]\n\
             [providers.other]\nkind = \"openai\"\napi_key_env = \"MINE\"\n"
        ),
    );
    let mut command = place.command(&RUN);
    command.env("OPENAI_API_KEY", "planted-1").env("MINE", "planted-2").env("VAULT", "its-own");
    let output = command.output().expect("it runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let asked = seen.lock().expect("whole").join("\n");
    assert!(asked.contains("Bearer work-its-own-none-none"), "{asked}");
}

const DONE: &str = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"hello\"},\
    \"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";

const RUN: [&str; 6] = ["run", "mood", "--var", "message=x", "--model", "work/m"];

fn first_lines(seen: &Mutex<Vec<String>>) -> Vec<String> {
    let seen = seen.lock().expect("whole");
    seen.iter().filter_map(|it| it.lines().next()).map(str::to_owned).collect()
}

#[test]
fn a_workspace_from_elsewhere_gets_no_key_until_it_is_trusted() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let port = recording(stream(DONE), Arc::clone(&seen));
    let place = Place::new();
    place.write(
        "lathe.toml",
        format!(
            "[providers.openai]\nbase_url = \"http://127.0.0.1:{port}/v1\"\n\
             headers = {{ \"X-Mine\" = \"1\" }}\n[providers.work]\nkind = \"openai\"\n\
             base_url = \"http://127.0.0.1:{port}/v1\"\napi_key_env = \"OPENAI_API_KEY\"\n\
             [engine]\nconnect_timeout = \"200ms\"\nretries = 0\n"
        ),
    );
    let run = |trust: &str| {
        place
            .command(&RUN)
            .env("OPENAI_API_KEY", "planted-0123456789")
            .env("LATHE_TRUST", trust)
            .output()
            .expect("it runs")
    };
    let refused = run("");
    let told = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(2), "{told}");
    assert!(told.contains("providers.work.base_url") && told.contains("LATHE_TRUST="), "{told}");
    assert_eq!(seen.lock().expect("whole").len(), 0, "nothing was asked");
    let digits = told.split("LATHE_TRUST=").nth(1).expect("digits").get(..16).expect("digits");

    let trusted = run(digits);
    assert!(trusted.status.success(), "{}", String::from_utf8_lossy(&trusted.stderr));
    assert_eq!(seen.lock().expect("whole").len(), 1);
    // Another content is another question.
    let path = place.path("lathe.toml");
    let text = fs::read_to_string(&path).expect("read");
    fs::write(&path, format!("{text}max_event = \"1MiB\"\n")).expect("written");
    assert_eq!(run(digits).status.code(), Some(2));
    assert_eq!(seen.lock().expect("whole").len(), 1);
}

/// A place with a provider on another machine, reached over plain http or https.
fn elsewhere(scheme: &str, plain: bool) -> Place {
    let place = Place::new();
    place.write(
        ".config/lathe/config.toml",
        format!(
            "[engine]\nretries = 0\nconnect_timeout = \"5s\"\n[providers.work]\nkind = \"openai\"\n\
             base_url = \"{scheme}://model.invalid/v1\"\napi_key_env = \"WORK_SECRET\"\n\
             allow_plain_http = {plain}\n"
        ),
    );
    place
}

#[test]
fn a_key_does_not_travel_unencrypted_unless_it_may() {
    let place = elsewhere("http", false);
    let output = place.command(&RUN).env("WORK_SECRET", "planted-0123456789").output();
    let output = output.expect("it runs");
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(3), "{told}");
    for word in ["unencrypted", "model.invalid", "allow_plain_http"] {
        assert!(told.contains(word), "{told}");
    }
    assert!(!told.contains("planted"), "{told}");
}

#[test]
fn proxies_of_the_environment_are_used_and_left_out_as_it_says() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let port = recording(stream(DONE), Arc::clone(&seen));
    let proxy = format!("http://127.0.0.1:{port}");
    let place = elsewhere("http", true);
    for variable in ["http_proxy", "HTTP_PROXY", "ALL_PROXY", "all_proxy"] {
        let output = place
            .command(&RUN)
            .env("WORK_SECRET", "planted-0123456789")
            .env(variable, &proxy)
            .output()
            .expect("it runs");
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success() && text(&output).contains("hello"), "{variable}: {told}");
    }
    let asked = first_lines(&seen);
    assert_eq!(asked, ["POST http://model.invalid/v1/chat/completions HTTP/1.1"; 4]);

    // A host that is to be reached without it is not found, and the proxy is not asked.
    let output = place
        .command(&RUN)
        .env("WORK_SECRET", "planted-0123456789")
        .env("http_proxy", &proxy)
        .env("no_proxy", "other.invalid,model.invalid")
        .output()
        .expect("it runs");
    assert_eq!(output.status.code(), Some(3));
    assert_eq!(first_lines(&seen).len(), 4);
}

#[test]
fn a_proxy_that_is_down_is_told_by_its_place_and_never_by_its_password() {
    // A port that nobody listens at.
    let port = 9;
    let proxy = format!("http://somebody:planted-password@127.0.0.1:{port}");
    for (scheme, variable) in [("http", "http_proxy"), ("https", "HTTPS_PROXY")] {
        let place = elsewhere(scheme, true);
        let output = place
            .command(&RUN)
            .env("WORK_SECRET", "planted-0123456789")
            .env(variable, &proxy)
            .output()
            .expect("it runs");
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(3), "{told}");
        let place_of_it = format!("nothing listens at the proxy 127.0.0.1:{port}");
        for words in [&place_of_it, variable, "NO_PROXY"] {
            assert!(told.contains(words), "no `{words}` in {told}");
        }
        let record = newest(&place).to_string();
        for hidden in ["planted", "somebody"] {
            assert!(!told.contains(hidden) && !record.contains(hidden), "{told} {record}");
        }
    }
}

#[test]
fn an_encrypted_call_goes_through_a_proxy_as_a_tunnel_without_the_key() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let port = recording(status("502 Bad Gateway", "", "{}"), Arc::clone(&seen));
    let place = elsewhere("https", false);
    let output = place
        .command(&RUN)
        .env("WORK_SECRET", "planted-0123456789")
        .env("HTTPS_PROXY", format!("http://127.0.0.1:{port}"))
        .output()
        .expect("it runs");
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(3), "{told}");
    assert_eq!(first_lines(&seen), ["CONNECT model.invalid:443 HTTP/1.1"]);
    assert!(
        !seen.lock().expect("whole").concat().contains("planted"),
        "the key is not the proxy's"
    );
}

#[test]
fn a_certificate_file_that_cannot_be_used_is_named() {
    let place = Place::new();
    place.write("company.pem", "-----BEGIN CERTIFICATE-----\nnot one\n-----END CERTIFICATE-----\n");
    for (file, word) in [("company.pem", "cannot be used"), ("nowhere.pem", "No such file")] {
        place.write(
            ".config/lathe/config.toml",
            format!(
                "[providers.work]\nkind = \"openai\"\nbase_url = \"https://model.invalid/v1\"\n\
                 ca_file = \"../../{file}\"\n"
            ),
        );
        let output = place.run(&RUN);
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(3), "{told}");
        assert!(told.contains(file) && told.contains(word), "{told}");
    }
}

#[test]
fn with_few_files_to_open_there_are_fewer_calls_and_no_crash() {
    let place = Place::new();
    place.write(".config/lathe/config.toml", "[engine]\nconcurrency = 64\n");
    let arguments = [
        "run",
        "mood",
        "--var",
        "message=I love it",
        "--format",
        "jsonl",
        "--model",
        "demo/fast",
        "--model",
        "demo/careful",
        "--model",
        "demo/fast",
        "--model",
        "demo/careful",
    ];
    let output = after(&place, "ulimit -n 64", &arguments).output().expect("it runs");
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(0), "{told}");
    assert!(told.contains("64 files") && told.contains("8 calls at once and not for 64"), "{told}");
    assert_eq!(text(&output).lines().count(), 4);

    // Where there is not even enough for the database, one line says so.
    let output = after(&place, "ulimit -n 8", &arguments).output().expect("it runs");
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(matches!(output.status.code(), Some(2 | 3)), "{:?}: {told}", output.status);
    assert!(!told.contains("panicked"), "{told}");
}

#[test]
fn nothing_is_left_in_the_shared_folder_for_temporary_files() {
    let place = Place::new();
    fs::create_dir(place.path("tmp")).expect("a folder");
    let output = place
        .command(&["run", "mood", "--var", "message=x"])
        .env("TMPDIR", place.path("tmp"))
        .output()
        .expect("it runs");
    assert!(output.status.success());
    assert_eq!(fs::read_dir(place.path("tmp")).expect("listed").count(), 0);
}

/// What the system knows of this process while it runs, told by its own key command.
#[cfg(target_os = "linux")]
#[test]
fn its_memory_is_its_own() {
    let place = Place::new();
    place.write(
        ".config/lathe/config.toml",
        "[providers.work]\nkind = \"openai\"\nbase_url = \"http://127.0.0.1:9/v1\"\n\
         api_key_command = [\"sh\", \"-c\", \"grep -i core /proc/$PPID/limits > limits; \
         tr '\\\\0' ' ' < /proc/$PPID/cmdline > words; stat -c %u /proc/$PPID/environ > owner; echo planted-0123456789\"]\n\
         [engine]\nretries = 0\n",
    );
    place.run(&RUN);
    let limits = fs::read_to_string(place.path("limits")).expect("the limits");
    let soft = limits.split_whitespace().nth(4);
    assert_eq!(soft, Some("0"), "{limits}");
    let words = fs::read_to_string(place.path("words")).expect("the words");
    assert!(words.contains("run mood") && !words.contains("planted"), "{words}");
    // What another program of the same user may not read belongs to the administrator.
    let owner = fs::read_to_string(place.path("owner")).expect("the owner");
    assert_eq!(owner.trim(), "0", "its environment is nobody's to read");
}
