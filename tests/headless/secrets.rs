//! Keys and secrets, as a run that meets them in every place leaves them behind: nowhere.

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE},
};

use super::{
    servers::{server, status, stream},
    *,
};

/// Six keys, one for each way by which one is known: variables of providers, usual and named, a
/// header, a command, and a variable nobody asked for in this run.
const KEYS: [&str; 6] = [
    "planted+one/0123456789abc",
    "planted-two-4567890123def",
    "planted.three?89012345ghi",
    "planted~four=01234567890=",
    "planted%five&567890abcdef",
    "planted_six_9012345678xyz",
];

/// Runs to the end and leaves the files of everything that a run writes.
fn place_of_keys(port: u16) -> Place {
    let place = Place::new();
    place.write(
        ".config/lathe/config.toml",
        format!(
            "[cache]\nmode = \"similar\"\nany_temperature = true\n[engine]\nretries = 0\n[providers.local]\nkind = \"openai\"\n\
             base_url = \"http://127.0.0.1:{port}/v1\"\napi_key_env = \"LOCAL_SECRET\"\n\
             headers = {{ \"X-Gateway-Token\" = \"{}\" }}\n[providers.vault]\nkind = \"openai\"\n\
             base_url = \"http://127.0.0.1:{port}/v1\"\n\
             api_key_command = [\"printf\", \"{}\"]\n",
            KEYS[2],
            KEYS[3].replace('%', "%%"),
        ),
    );
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let config = place.path(".config/lathe/config.toml");
        fs::set_permissions(config, fs::Permissions::from_mode(0o600)).expect("private");
    }
    place
}

fn with_keys(place: &Place, arguments: &[&str]) -> Command {
    let mut command = place.command(arguments);
    command
        .env("LOCAL_SECRET", KEYS[0])
        .env("OPENAI_API_KEY", KEYS[1])
        .env("ANTHROPIC_API_KEY", KEYS[4])
        .env("GROQ_API_KEY", KEYS[5]);
    command
}

fn percent(key: &str, lower: bool) -> String {
    let encode = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
            char::from(byte).to_string()
        }
        other if lower => format!("%{other:02x}"),
        other => format!("%{other:02X}"),
    };
    key.bytes().map(encode).collect()
}

/// Every form a key may be written in.
fn forms(key: &str) -> Vec<String> {
    let mut forms = vec![key.to_owned(), percent(key, false), percent(key, true)];
    for before in ["", "u", "u:"] {
        forms.push(STANDARD.encode(format!("{before}{key}")));
        forms.push(URL_SAFE.encode(format!("{before}{key}")));
    }
    forms
}

/// All forms of the keys that a run knows, in one line. That of a command is known to a run that
/// has asked the command.
fn everything(model: &str) -> String {
    let known = KEYS.iter().filter(|key| **key != KEYS[3] || model == "vault/m");
    let all: Vec<String> = known.flat_map(|key| forms(key)).collect();
    all.join(" ")
}

/// What must be in no file: of base64 the middle, whose characters hold nothing but the key.
fn traces() -> Vec<String> {
    KEYS.iter()
        .flat_map(|key| {
            let encoded = forms(key).split_off(3).into_iter();
            let middles = encoded.map(|form| form[4..form.len() - 8].to_owned());
            forms(key).into_iter().take(3).chain(middles).collect::<Vec<_>>()
        })
        .collect()
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() { files(&path, found) } else { found.push(path) }
    }
}

/// Every file of a place but the settings, in which one key stands because the user wrote it.
fn written(place: &Place) -> Vec<PathBuf> {
    let mut found = Vec::new();
    files(place.home.path(), &mut found);
    found.retain(|path| !path.ends_with("config.toml"));
    found
}

fn assert_no_trace(what: &str, bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    for trace in traces() {
        let at = text.find(&trace).map(|at| text.floor_char_boundary(at.saturating_sub(80)));
        assert_eq!(at, None, "{what} holds {trace}: {}", &text[at.unwrap_or(text.len())..]);
    }
}

fn event(delta: &Value) -> String {
    let chunk = serde_json::json!({ "choices": [{ "index": 0, "delta": delta }] });
    format!("data: {chunk}\n\n")
}

/// Servers that repeat every key: in an answer, in one that breaks off, in an error.
fn repeating(all: &str) -> [(u16, i32); 3] {
    let (first, second) = all.split_at(all.len() / 2);
    let frames = [
        event(&serde_json::json!({ "reasoning_content": all })),
        event(&serde_json::json!({ "content": first })),
        event(&serde_json::json!({ "content": second })),
        "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n"
            .to_owned(),
    ];
    let body = serde_json::json!({ "error": { "message": all, "code": all, "type": "x" } });
    let error = status("500 Internal Server Error", "", &body.to_string());
    [
        (server(stream(&frames.concat()), |_| {}), 0),
        (server(stream(&frames[..2].concat()), |_| {}), 3),
        (server(error, |_| {}), 3),
    ]
}

#[test]
fn no_file_that_a_run_writes_holds_a_key_in_any_form() {
    for model in ["local/m", "vault/m"] {
        let all = everything(model);
        for (port, code) in repeating(&all) {
            let place = place_of_keys(port);
            let variable = format!("message={all}");
            let tag = format!("note={}", KEYS[1]);
            let arguments = ["run", "mood", "--var", &variable, "--model", model, "--tag", &tag];
            let output = with_keys(&place, &arguments).output().expect("it runs");
            let told = String::from_utf8_lossy(&output.stderr).into_owned();
            assert_eq!(output.status.code(), Some(code), "{told}");
            assert!(
                told.contains("warning: the prompt holds what looks like a key that is in use")
            );
            for key in KEYS {
                assert!(!told.contains(key), "{told}");
            }
            let export = with_keys(&place, &["history", "export"]).output().expect("it runs");
            assert_eq!(text(&export).lines().count(), 1);
            assert_no_trace("the export", &export.stdout);
            let written = written(&place);
            assert!(written.iter().any(|path| path.ends_with("lathe.db")), "{written:?}");
            for path in written {
                assert_no_trace(&path.display().to_string(), &fs::read(&path).expect("read"));
            }
        }
    }
}

/// A made-up token, put together so that nobody takes this file for a leak.
fn token() -> String {
    ["gh", "p_", "aB3dE6gH9jK2mN5pQ8sT1vW4yZ7cF0aB3dE6"].concat()
}

#[test]
fn a_secret_in_a_prompt_is_told_of_sent_and_kept_as_a_mark() {
    let place = Place::new();
    let variable = format!("message=I love {} and so on", token());
    let output = place.run(&["run", "mood", "--var", &variable, "--format", "json"]);
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(told.contains("a GitHub token (user message, line 1); it is sent as it is"), "{told}");
    assert!(!told.contains(&token()), "{told}");
    let record = json(&output);
    assert!(record["messages"][1]["content"].as_str().is_some_and(|it| it.contains(&token())));
    assert_eq!(record["redactions"]["github-token"], 1, "{record}");
    let kept = newest(&place);
    assert_eq!(kept["messages"][1]["content"], "Message: I love [redacted:github-token] and so on");
    assert_eq!(kept["inputs"]["message"], "I love [redacted:github-token] and so on");
    assert_eq!(kept["redactions"], record["redactions"]);
    // What is searched is what is kept.
    for (words, rows) in [("love", 1), ("github", 1), (&*token(), 0)] {
        let found = place.run(&["history", "search", words, "--format", "json"]);
        assert_eq!(text(&found).lines().count(), rows, "{words}");
    }
    let shown = text(&place.run(&["history", "show", kept["id"].as_str().expect("an id")]));
    assert!(shown.contains("- redacted: github-token 1"), "{shown}");
}

#[test]
fn what_is_taken_out_before_export_stays_in_the_database() {
    let place = Place::new();
    place.write(
        ".config/lathe/config.toml",
        "[redaction]\nsecrets = \"before_export\"\npersonal = \"before_export\"\nwarn = \"never\"\n",
    );
    let variable = format!("message={} of jane@host.test", token());
    let output = place.run(&["run", "mood", "--var", &variable]);
    assert_eq!((output.status.code(), output.stderr.len()), (Some(0), 0));
    assert_eq!(newest(&place)["inputs"]["message"], variable["message=".len()..]);
    for format in ["jsonl", "csv", "markdown"] {
        let export = text(&place.run(&["history", "export", "--format", format]));
        assert!(export.contains("[redacted:github-token] of [redacted:email-address]"), "{export}");
        assert!(!export.contains(&token()) && !export.contains("jane"), "{export}");
    }
}

#[test]
fn a_version_that_holds_a_key_in_use_is_not_saved() {
    let place = Place::new();
    place.write("prompts/leak.prompty", format!("user:\nIt is\n{}\n", KEYS[1]));
    let output =
        with_keys(&place, &["template", "save", "leak", "--bump", "patch"]).output().expect("runs");
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{told}");
    assert!(told.contains("line 3 holds a key that is in use (openai-key)"), "{told}");
    let database = place.path(".local/share/lathe/lathe.db");
    assert_no_trace("the database", &fs::read(database).expect("read"));
}

/// Paths and names are kept to find things by, and a key in one of them would be kept with it.
#[test]
fn a_key_in_the_name_of_a_place_is_kept_nowhere_and_its_history_is_found() {
    let place = Place::new();
    let workspace = format!("work-{}", KEYS[1]);
    let leak = format!("leak-{}", KEYS[5]);
    place.write(&format!("{workspace}/lathe.toml"), "");
    let prompt = "---\nmodel: demo/fast\n---\nuser:\nSay hello.\n";
    place.write(&format!("{workspace}/prompts/hello.prompty"), prompt);
    place.write(&format!("{workspace}/prompts/{leak}.prompty"), prompt);
    let run = |arguments: &[&str]| {
        let all = [&["--workspace", &workspace], arguments].concat();
        with_keys(&place, &all).output().expect("it runs")
    };
    let told = |output: &Output| String::from_utf8_lossy(&output.stderr).into_owned();

    for command in [&["run", "hello"][..], &["run", &leak], &["template", "save", "hello"]] {
        let output = run(command);
        assert_eq!(output.status.code(), Some(0), "{}", told(&output));
    }
    let refused = run(&["template", "save", &leak]);
    assert_eq!(refused.status.code(), Some(2), "{}", told(&refused));
    assert!(told(&refused).contains("name of this template holds a key"), "{}", told(&refused));
    assert_no_trace("the error", &refused.stderr);

    let versions = text(&run(&["template", "versions", "hello"]));
    assert!(versions.contains("1.0.0"), "{versions}");
    let history = text(&run(&["history", "list", "--format", "json"]));
    assert_eq!(history.lines().count(), 2, "{history}");
    let database = place.path(".local/share/lathe/lathe.db");
    for file in written(&place)
        .into_iter()
        .filter(|file| file.starts_with(database.parent().expect("a folder")))
    {
        assert_no_trace(&file.display().to_string(), &fs::read(&file).expect("read"));
    }
}
