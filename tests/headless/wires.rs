//! What servers do to the program, protocol by protocol: what is stored of an answer that broke
//! off, what leaks of a frame that is none, how much memory a hostile body costs, and whether a
//! check of the providers tells the truth.

use std::{
    io::Write,
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

use super::*;

/// The kinds of providers, the content type of their streams, and what only an end holds.
const KINDS: [(&str, &str, &str); 5] = [
    ("openai", "text/event-stream", "\"finish_reason\":\"stop\""),
    ("openai-responses", "text/event-stream", "\"type\":\"response.completed\""),
    ("anthropic", "text/event-stream", "\"type\":\"message_stop\""),
    ("gemini", "text/event-stream", "\"finishReason\""),
    ("ollama", "application/x-ndjson", "\"done\":true"),
];

/// A server that answers every call with what `reply` writes, and closes.
pub(super) fn server(
    reply: impl Fn(&mut TcpStream) -> std::io::Result<()> + Send + Sync + 'static,
) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let reply = Arc::new(reply);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let reply = Arc::clone(&reply);
            thread::spawn(move || {
                servers::request_of(&mut stream);
                // A client that hangs up ends its connection, and nothing else.
                let _ = reply(&mut stream);
            });
        }
    });
    port
}

/// A place whose provider `it` is of a kind and at a port.
pub(super) fn place_with(kind: &str, port: u16) -> Place {
    let place = Place::new();
    place.write(
        ".config/lathe/config.toml",
        format!(
            "[engine]\nretries = 0\nidle_timeout = \"20s\"\n[providers.it]\nkind = \"{kind}\"\n\
             base_url = \"http://127.0.0.1:{port}\"\napi_key_env = \"PLANTED\"\n"
        ),
    );
    place
}

pub(super) fn command(place: &Place) -> Command {
    let mut command = place.command(&[
        "run",
        "mood",
        "--var",
        "message=x",
        "--model",
        "it/m",
        "--format",
        "json",
    ]);
    command.env("PLANTED", "sk-planted-in-the-settings");
    command
}

/// The body of a recorded answer.
pub(super) fn transcript(kind: &str, name: &str) -> Vec<u8> {
    let folder = if kind == "openai-responses" { "responses" } else { kind };
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join(format!("tests/wire/transcripts/{folder}/{name}.txt"));
    let text = fs::read_to_string(path).expect("a transcript");
    text.split_once("\nbody:\n").expect("a body").1.as_bytes().to_vec()
}

/// A stream's frames, each with its end.
pub(super) fn frames(kind: &str, body: &[u8]) -> Vec<String> {
    let text = std::str::from_utf8(body).expect("UTF-8");
    let end = match kind {
        "ollama" => "\n",
        "gemini" => "\r\n\r\n",
        _ => "\n\n",
    };
    let frames: Vec<String> = text.split_inclusive(end).map(str::to_owned).collect();
    assert!(frames.len() >= 2, "{kind}: {frames:?}");
    frames
}

pub(super) fn head(content_type: &str) -> String {
    format!("HTTP/1.1 200 OK\r\ncontent-type: {content_type}\r\nconnection: close\r\n\r\n")
}

#[test]
fn an_answer_that_ends_after_any_frame_but_the_last_is_never_stored_as_complete() {
    for (kind, content_type, end) in KINDS {
        let frames = frames(kind, &transcript(kind, "plain"));
        let (mut whole, mut texts) = (0, Vec::new());
        for count in 0..=frames.len() {
            let body = frames[..count].concat();
            let reply = format!("{}{body}", head(content_type));
            let port = server(move |stream| stream.write_all(reply.as_bytes()));
            let place = place_with(kind, port);
            let output = command(&place).output().expect("it runs");
            let record = json(&output);
            let kept = newest(&place);
            assert_eq!(record["status"], kept["status"], "{kind} after {count} frames");
            if body.contains(end) {
                whole += 1;
                assert_eq!(record["status"], "ok", "{kind} after {count} frames: {record}");
                assert_eq!(output.status.code(), Some(0));
            } else {
                let told = &record["error"]["kind"];
                assert_eq!(record["status"], "interrupted", "{kind} after {count}: {record}");
                assert_eq!(told, "interrupted_stream", "{kind} after {count}: {record}");
                assert_eq!(output.status.code(), Some(3));
            }
            texts.push(record["text"].as_str().expect("a text").to_owned());
        }
        let last = texts.last().expect("a text").clone();
        assert!(!last.is_empty() && texts.iter().all(|text| last.starts_with(text)), "{texts:?}");
        assert!(whole >= 1 && whole <= frames.len(), "{kind}: {whole} of {}", frames.len());
    }
}

/// Whether any file below a folder holds these bytes.
fn is_in_a_file(folder: &Path, wanted: &[u8]) -> Option<PathBuf> {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            if let Some(found) = is_in_a_file(&path, wanted) {
                return Some(found);
            }
        } else if fs::read(&path)
            .is_ok_and(|bytes| bytes.windows(wanted.len()).any(|window| window == wanted))
        {
            return Some(path);
        }
    }
    None
}

#[test]
fn nothing_of_a_frame_that_is_none_reaches_a_screen_a_log_or_the_database() {
    let broken = [
        ("openai", "broken-frame"),
        ("openai", "broken-frame-late"),
        ("openai-responses", "broken-frame"),
        ("anthropic", "broken-frame"),
        ("gemini", "broken-frame"),
        ("ollama", "broken-line"),
        ("ollama", "broken-late"),
    ];
    for (kind, name) in broken {
        let body = transcript(kind, name);
        assert!(body.windows(7).any(|window| window == b"planted"), "{kind}/{name}");
        let content_type = KINDS.iter().find(|(it, ..)| *it == kind).expect("known").1;
        let mut reply = head(content_type).into_bytes();
        reply.extend_from_slice(&body);
        let port = server(move |stream| stream.write_all(&reply));
        let place = place_with(kind, port);
        let output = command(&place).env("RUST_LOG", "trace").output().expect("it runs");
        let record = json(&output);
        assert_eq!(record["error"]["kind"], "protocol", "{kind}/{name}: {record}");
        for said in [&output.stdout, &output.stderr] {
            let said = String::from_utf8_lossy(said);
            assert!(!said.contains("planted"), "{kind}/{name}: {said}");
        }
        let found = is_in_a_file(place.home.path(), b"planted");
        assert_eq!(found, None, "{kind}/{name}");
    }
}

/// A server that answers a list of models with one reply and everything else with another, and
/// counts what it was asked.
fn listing(list: Vec<u8>, answer: Vec<u8>) -> (u16, Arc<Mutex<Vec<String>>>) {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&asked);
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let request = servers::request_of(&mut stream);
            let text = String::from_utf8_lossy(&request).into_owned();
            let reply = if text.starts_with("GET") { &list } else { &answer };
            seen.lock().expect("whole").push(text);
            // A client that hangs up ends its connection, and nothing else.
            let _ = stream.write_all(reply);
        }
    });
    (port, asked)
}

fn whole(status: &str, body: &str) -> Vec<u8> {
    format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\
         connection: close\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// What a check says of the provider `it`, as data and as a line, and its exit code.
fn checked(kind: &str, port: u16) -> (Value, String, Option<i32>) {
    let place = place_with(kind, port);
    let check = |more: &[&str]| {
        let mut command = place.command(&["providers", "--check"]);
        command.args(more).env("PLANTED", "sk-planted").output().expect("it runs")
    };
    let output = check(&["--format", "json"]);
    let told = text(&output);
    let row = told
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .find(|row| row["name"] == "it")
        .expect("a row");
    let told = text(&check(&[]));
    let line = told.lines().find(|line| line.contains(" it ")).expect("a line").to_owned();
    assert!(!line.contains("sk-planted") && !row.to_string().contains("sk-planted"), "{line}");
    (row, line, output.status.code())
}

const LISTS: [(&str, &str); 5] = [
    ("openai", "{\"data\":[{\"id\":\"text-embedding\"},{\"id\":\"b-mini\"},{\"id\":\"a\"}]}"),
    (
        "openai-responses",
        "{\"data\":[{\"id\":\"text-embedding\"},{\"id\":\"b-mini\"},{\"id\":\"a\"}]}",
    ),
    (
        "anthropic",
        "{\"data\":[{\"id\":\"embed\"},{\"id\":\"b-mini\"},{\"id\":\"a\"}],\"has_more\":false}",
    ),
    (
        "gemini",
        "{\"models\":[{\"name\":\"models/embed\"},{\"name\":\"models/b-mini\"},{\"name\":\"models/a\"}]}",
    ),
    ("ollama", "{\"models\":[{\"name\":\"nomic-embed\"},{\"name\":\"b-mini\"},{\"name\":\"a\"}]}"),
];

#[test]
fn a_server_of_this_machine_that_is_set_up_shows_its_models_where_one_picks() {
    let (_, list) = LISTS[0];
    let (port, _) = listing(whole("200 OK", list), Vec::new());
    let place = Place::new();
    place.write(
        ".config/lathe/config.toml",
        format!("[providers.mine]\nkind = \"openai\"\nbase_url = \"http://127.0.0.1:{port}/v1\"\n"),
    );
    let listed = text(&place.run(&["models"]));
    assert!(listed.contains("mine/b-mini") && listed.contains("found here"), "{listed}");
}

const REFUSAL: &str = "{\"error\":{\"message\":\"no\",\"type\":\"authentication_error\"}}";

#[test]
fn a_check_of_the_providers_asks_a_model_of_each_protocol_for_as_little_as_it_gives() {
    for (kind, list) in LISTS {
        let (_, content_type, _) = KINDS.iter().find(|(it, ..)| *it == kind).expect("known");
        let mut answer = head(content_type).into_bytes();
        answer.extend_from_slice(&transcript(kind, "plain"));
        let (port, asked) = listing(whole("200 OK", list), answer);
        let (row, line, code) = checked(kind, port);
        assert_eq!((&row["works"], &row["reachable"]), (&true.into(), &true.into()), "{row}");
        assert_eq!((&row["models"], &row["key"]["accepted"]), (&3.into(), &true.into()), "{row}");
        assert_eq!(row["key"]["source"], "env PLANTED");
        assert_eq!(row["call"]["model"], "it/b-mini", "the small one that chats: {row}");
        assert_eq!(row["call"]["answered"], true);
        assert!(row["error"].is_null(), "{row}");
        for words in ["ok ", "key accepted (env PLANTED)", "lists 3 models", "it/b-mini answered"] {
            assert!(line.contains(words), "{kind}: no `{words}` in {line}");
        }
        // Whatever else this machine has, `it` is no reason to fail.
        assert!(matches!(code, Some(0 | 3)));
        let asked = asked.lock().expect("whole").clone();
        let posts: Vec<_> = asked.iter().filter(|request| request.starts_with("POST")).collect();
        assert_eq!(posts.len(), 2, "one of each check: {asked:?}");
        let body: Value =
            serde_json::from_str(posts[0].split_once("\r\n\r\n").expect("a body").1).expect("JSON");
        let limit = [
            &body["max_tokens"],
            &body["max_output_tokens"],
            &body["generationConfig"]["maxOutputTokens"],
            &body["options"]["num_predict"],
        ];
        let limit = limit.into_iter().find_map(Value::as_u64).expect("a limit");
        assert!(limit <= 16, "{kind}: {body}");
        assert!(posts[0].len() < 1_000, "{kind}: {}", posts[0]);
    }
}

#[test]
fn a_check_of_the_providers_says_of_each_protocol_what_is_wrong() {
    for (kind, list) in LISTS {
        for (status, list, answer, models, accepted, words) in [
            // A list that anyone is shown says nothing of the key.
            (
                "200 OK",
                list,
                whole("401 No", REFUSAL),
                Some(3),
                Some(false),
                "key rejected (from env PLANTED)",
            ),
            ("401 No", REFUSAL, whole("401 No", REFUSAL), None, Some(false), "401"),
            ("200 OK", list, whole("500 Oops", ""), Some(3), None, "it/b-mini did not answer"),
            ("200 OK", list, whole("200 OK", "{}"), Some(3), None, "did not answer"),
            (
                "200 OK",
                "<html><title>Sign in</title></html>",
                Vec::new(),
                None,
                None,
                "a web page: Sign in",
            ),
            ("200 OK", "{}", Vec::new(), None, None, "not its protocol's"),
            ("500 Oops", "", Vec::new(), None, None, "500"),
        ] {
            let (port, _) = listing(whole(status, list), answer);
            let (row, line, code) = checked(kind, port);
            assert_eq!(row["works"], false, "{kind} {status}: {row}");
            assert_eq!(row["models"].as_u64(), models, "{kind} {status}: {row}");
            assert_eq!(row["key"]["accepted"].as_bool(), accepted, "{kind} {status}: {row}");
            assert!(line.starts_with("BAD ") && line.contains(words), "{kind} {status}: {line}");
            assert!(!row["error"].is_null(), "{kind} {status}: {row}");
            assert_eq!(code, Some(3), "{kind} {status}");
        }
        // Nobody is there: the port is one that no server is given.
        let (row, line, _) = checked(kind, 9);
        assert_eq!((&row["reachable"], &row["works"]), (&false.into(), &false.into()), "{row}");
        assert!(line.starts_with("BAD ") && line.contains("nothing listens"), "{kind}: {line}");
    }
}

#[test]
fn a_key_that_may_not_list_and_may_call_works() {
    let mut answer = head("text/event-stream").into_bytes();
    answer.extend_from_slice(&transcript("openai", "plain"));
    let forbidden = "{\"error\":{\"message\":\"not this\",\"type\":\"permission_error\"}}";
    let (port, _) = listing(whole("403 No", forbidden), answer);
    let place = place_with("openai", port);
    let config = fs::read_to_string(place.path(".config/lathe/config.toml")).expect("read");
    place.write(".config/lathe/config.toml", format!("default_model = \"it/own\"\n{config}"));
    let mut command = place.command(&["providers", "--check"]);
    let told = text(&command.env("PLANTED", "sk-planted").output().expect("it runs"));
    let line = told.lines().find(|line| line.contains(" it ")).expect("a line");
    assert!(line.starts_with("ok ") && line.contains("it/own answered"), "{told}");
    assert!(line.contains("lists no models: the server answered 403"), "{told}");
}

/// The settings of a provider `it` that asks deployments of Azure at a port, below more settings.
fn azure_at(port: u16, more: &str) -> Place {
    let place = place_with("openai", port);
    let config = fs::read_to_string(place.path(".config/lathe/config.toml")).expect("read");
    place.write(".config/lathe/config.toml", format!("{more}{config}quirks = \"azure\"\n"));
    place
}

/// What Azure lists are models that could be deployed: none of them can be asked.
const BASE_MODELS: &str = "{\"data\":[{\"id\":\"gpt-4o-mini\"},{\"id\":\"gpt-4o\"}]}";
const NO_DEPLOYMENT: &str = "{\"error\":{\"code\":\"DeploymentNotFound\",\"message\":\"The API \
                             deployment for this resource does not exist.\"}}";

#[test]
fn a_check_of_azure_asks_no_model_that_is_only_listed() {
    let (port, asked) = listing(whole("200 OK", BASE_MODELS), whole("404 No", NO_DEPLOYMENT));
    let place = azure_at(port, "");
    let check = |more: &[&str]| {
        let mut command = place.command(&["providers", "--check"]);
        command.args(more).env("PLANTED", "sk-planted").output().expect("it runs")
    };
    let told = text(&check(&[]));
    let line = told.lines().find(|line| line.contains(" it ")).expect("a line");
    assert!(line.starts_with("-  ") && line.contains("lists 2 models"), "{told}");
    assert!(line.contains("no deployment is known") && line.contains("default_model"), "{told}");
    let rows = text(&check(&["--format", "json"]));
    let row = rows
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .find(|row| row["name"] == "it")
        .expect("a row");
    assert_eq!((&row["works"], &row["call"]), (&Value::Null, &Value::Null), "{row}");
    assert_eq!((&row["reachable"], &row["error"]), (&true.into(), &Value::Null), "{row}");
    let asked = asked.lock().expect("whole");
    assert!(asked.iter().all(|request| request.starts_with("GET")), "{asked:?}");
}

#[test]
fn a_check_of_azure_asks_the_deployment_that_is_the_default_and_says_what_fails() {
    let mut answer = head("text/event-stream").into_bytes();
    answer.extend_from_slice(&transcript("openai", "plain"));
    for (list, answer, sign, words) in [
        (whole("200 OK", BASE_MODELS), answer, "ok ", "it/mine answered"),
        (whole("200 OK", BASE_MODELS), whole("404 No", NO_DEPLOYMENT), "BAD", "`mine`"),
    ] {
        let (port, asked) = listing(list, answer);
        let place = azure_at(port, "default_model = \"it/mine\"\n");
        let mut command = place.command(&["providers", "--check"]);
        let told = text(&command.env("PLANTED", "sk-planted").output().expect("it runs"));
        let line = told.lines().find(|line| line.contains(" it ")).expect("a line");
        assert!(line.starts_with(sign) && line.contains(words), "{told}");
        let asked = asked.lock().expect("whole");
        let called = "POST /openai/deployments/mine/chat/completions";
        assert!(asked.iter().any(|request| request.starts_with(called)), "{asked:?}");
    }
    let (port, _) = listing(whole("401 No", REFUSAL), Vec::new());
    let place = azure_at(port, "");
    let mut command = place.command(&["providers", "--check"]);
    let output = command.env("PLANTED", "sk-planted").output().expect("it runs");
    let told = text(&output);
    let line = told.lines().find(|line| line.contains(" it ")).expect("a line");
    assert!(line.starts_with("BAD") && line.contains("key rejected"), "{told}");
    assert_eq!(output.status.code(), Some(3));
}

#[test]
fn a_deployment_that_answers_under_its_models_name_is_no_news() {
    let mut answer = head("text/event-stream").into_bytes();
    answer.extend_from_slice(&transcript("openai", "plain"));
    let (port, _) = listing(whole("200 OK", BASE_MODELS), answer);
    let place = azure_at(port, "");
    let output = command(&place).output().expect("it runs");
    let record = json(&output);
    assert!(record["response_model"].is_string(), "the record tells: {record}");
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!told.contains("answered"), "{told}");
}
