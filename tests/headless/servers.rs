//! Servers that misbehave, as a script meets them.

use std::{
    io::{Read as _, Write},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

use super::*;

/// A server that answers every call with the same bytes and closes; `then` may go on.
pub fn server(reply: Vec<u8>, then: impl Fn(&mut TcpStream) + Send + Sync + 'static) -> u16 {
    serve(reply, then, |_| {})
}

/// A server that answers every call with the same bytes, closes, and notes what it was asked.
pub fn recording(reply: Vec<u8>, seen: Arc<Mutex<Vec<String>>>) -> u16 {
    let note = move |request: &[u8]| {
        let text = String::from_utf8_lossy(request).into_owned();
        seen.lock().expect("whole").push(text);
    };
    serve(reply, |_| {}, note)
}

/// A server that answers one call after another with these replies, and then no more.
pub fn answering(replies: Vec<Vec<u8>>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    thread::spawn(move || {
        let mut replies = replies.into_iter();
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let request = request_of(&mut stream);
            // Whoever looks for servers asks for their models.
            let reply = if request.starts_with(b"POST") {
                replies.next()
            } else {
                Some(status("404 Not Found", "", ""))
            };
            let Some(reply) = reply else { return };
            let _ = stream.write_all(&reply);
        }
    });
    port
}

fn serve(
    reply: Vec<u8>,
    then: impl Fn(&mut TcpStream) + Send + Sync + 'static,
    asked: impl Fn(&[u8]) + Send + 'static,
) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let request = request_of(&mut stream);
            asked(&request);
            if stream.write_all(&reply).is_ok() {
                then(&mut stream);
            }
        }
    });
    port
}

/// A request, as far as it comes.
pub(super) fn request_of(stream: &mut TcpStream) -> Vec<u8> {
    let mut request = Vec::new();
    let mut piece = [0; 4096];
    while let Ok(count @ 1..) = stream.read(&mut piece) {
        request.extend_from_slice(&piece[..count]);
        if is_whole(&request) {
            break;
        }
    }
    request
}

fn is_whole(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request);
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head
        .lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .and_then(|(_, value)| value.trim().parse().ok())
        .unwrap_or(0);
    body.len() >= length
}

fn place_with(port: u16) -> Place {
    let place = Place::new();
    place.write(
        ".config/lathe/config.toml",
        format!(
            "[engine]\nretries = 0\nidle_timeout = \"400ms\"\nmax_event = \"1MiB\"\n[providers.local]\n\
             kind = \"openai\"\nbase_url = \"http://127.0.0.1:{port}/v1\"\napi_key_env = \"PLANTED\"\n"
        ),
    );
    place
}

const RUN: [&str; 6] = ["run", "mood", "--var", "message=x", "--model", "local/m"];

fn run(place: &Place) -> Output {
    place.command(&RUN).env("PLANTED", "sk-planted-secret").output().expect("it runs")
}

pub fn status(line: &str, headers: &str, body: &str) -> Vec<u8> {
    format!(
        "HTTP/1.1 {line}\r\ncontent-type: application/json\r\n{headers}content-length: {}\r\n\
         connection: close\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

pub fn stream(frames: &str) -> Vec<u8> {
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n";
    format!("{head}{frames}").into_bytes()
}

const TEXT: &str = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"so far\"}}]}\n\n";

/// Runs against a reply: the code is 3, one line holds the words, no control character and no
/// key comes out, and the record says this kind.
fn fails(reply: Vec<u8>, then: fn(&mut TcpStream), kind: &str, words: &[&str]) {
    let place = place_with(server(reply, then));
    let output = run(&place);
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(3), "{kind}: {told}");
    assert_eq!(told.lines().count(), 1, "{kind}: {told}");
    assert!(!told.contains('\u{1b}') && !told.contains("planted-secret"), "{told}");
    for word in words {
        assert!(told.contains(word), "{kind}: no `{word}` in {told}");
    }
    let record = newest(&place);
    assert_eq!(record["error"]["kind"], kind, "{record}");
    let partial = record["text"].as_str().expect("its text");
    assert_eq!(text(&output).trim_end(), partial, "what was printed is what is kept");
}

fn nothing(_: &mut TcpStream) {}

/// Waits until the client has hung up.
fn hold(stream: &mut TcpStream) {
    while matches!(stream.read(&mut [0]), Ok(1..)) {}
}

fn endless(stream: &mut TcpStream) {
    while stream.write_all(&[b'a'; 8_192]).is_ok() {}
}

#[test]
fn refusals_are_told_by_their_kind() {
    let error = |message: &str| format!("{{\"error\":{{\"message\":\"{message}\"}}}}");
    let wrong = error("wrong \\u001b[31m sk-planted-secret");
    fails(status("401 No", "", &wrong), nothing, "authentication", &["wrong", "[key]"]);
    fails(
        status("404 No", "", &error("no model m")),
        nothing,
        "not_found",
        &["no model m", "models"],
    );
    let slow = error("slow down");
    fails(status("429 No", "retry-after: 2\r\n", &slow), nothing, "rate_limit", &["slow down"]);
    fails(status("429 No", "", &slow), nothing, "rate_limit", &["slow down"]);
    fails(status("500 No", "", &error("oops")), nothing, "server", &["oops"]);
    fails(status("529 No", "", &error("busy")), nothing, "overloaded", &["busy"]);
    let quota = "{\"error\":{\"message\":\"spent\",\"code\":\"insufficient_quota\"}}";
    fails(status("429 No", "", quota), nothing, "quota", &["spent"]);
}

#[test]
fn answers_that_are_none_are_told() {
    let page = "<!doctype html><title>Sign in</title>";
    let reply = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: {}\r\n\r\n{page}",
        page.len()
    );
    fails(reply.into_bytes(), nothing, "protocol", &["web page", "base URL"]);
    let none = b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n".to_vec();
    fails(none, nothing, "protocol", &["204"]);
    let moved = status("302 Found", "location: http://elsewhere.test/\r\n", "");
    fails(moved, nothing, "redirect", &["elsewhere.test", "never followed"]);
}

#[test]
fn streams_that_break_off_keep_their_text() {
    fails(stream(TEXT), nothing, "interrupted_stream", &["finish reason"]);
    fails(stream(&format!("{TEXT}data: {{broken}}\n\n")), nothing, "protocol", &[]);
    fails(stream(TEXT), hold, "timeout", &["0.4 s", "idle_timeout"]);
    fails(stream(&format!("{TEXT}data: ")), endless, "response_too_large", &["max_event"]);
}

#[test]
fn a_retry_is_told_with_its_wait_and_works() {
    let error = status("429 No", "retry-after-ms: 20\r\n", "{\"error\":{\"message\":\"slow\"}}");
    let good = stream(&format!(
        "{TEXT}data: {{\"choices\":[{{\"index\":0,\"delta\":{{}},\"finish_reason\":\"stop\"}}]}}\n\n\
         data: [DONE]\n\n"
    ));
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    thread::spawn(move || {
        let mut posts = 0;
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let request = request_of(&mut stream);
            let first = request.starts_with(b"POST") && posts == 0;
            posts += usize::from(request.starts_with(b"POST"));
            let _ = stream.write_all(if first { &error } else { &good });
        }
    });
    let place = place_with(port);
    let config = place.path(".config/lathe/config.toml");
    let settings = fs::read_to_string(&config).expect("read").replace("retries = 0", "retries = 2");
    fs::write(&config, settings).expect("written");
    let output = run(&place);
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(0), "{told}");
    assert_eq!(text(&output), "so far");
    assert!(told.contains("slow") && told.contains("attempt 2 of 3"), "{told}");
}

#[test]
fn a_reader_who_leaves_early_ends_the_run_in_silence() {
    let place =
        place_with(server(stream(""), |stream| while stream.write_all(TEXT.as_bytes()).is_ok() {}));
    let mut child = place
        .command(&RUN)
        .env("PLANTED", "sk-planted-secret")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    let mut output = child.stdout.take().expect("piped");
    let mut first = [0; 12];
    output.read_exact(&mut first).expect("some of it");
    drop(output);
    let ended = child.wait_with_output().expect("it ends");
    assert!(ended.status.success() && ended.stderr.is_empty(), "{ended:?}");
    let record = newest(&place);
    assert_eq!(record["status"], "cancelled");
    assert!(record["text"].as_str().is_some_and(|text| text.starts_with("so far")));
}

#[test]
#[cfg(unix)]
fn an_interrupt_keeps_what_came() {
    use rustix::process::{Pid, Signal, kill_process};
    let place = place_with(server(stream(TEXT), hold));
    let config = place.path(".config/lathe/config.toml");
    let settings = fs::read_to_string(&config).expect("read").replace("400ms", "60s");
    fs::write(&config, settings).expect("written");
    let mut child = place
        .command(&RUN)
        .env("PLANTED", "sk-planted-secret")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    let mut output = child.stdout.take().expect("piped");
    let mut first = [0; 6];
    output.read_exact(&mut first).expect("the text");
    let id = i32::try_from(child.id()).ok().and_then(Pid::from_raw).expect("an id");
    kill_process(id, Signal::INT).expect("sent");
    assert_eq!(child.wait().expect("it ends").code(), Some(130));
    let record = newest(&place);
    assert_eq!(
        (record["status"].as_str(), record["text"].as_str()),
        (Some("cancelled"), Some("so far"))
    );
}

#[test]
fn a_model_that_does_not_answer_is_followed_by_the_one_named_with_fallback() {
    let busy = status("503 Service Unavailable", "", r#"{"error":{"message":"busy"}}"#);
    let place = place_with(server(busy, |_| {}));
    let mut arguments = RUN.to_vec();
    arguments.extend(["--fallback", "demo/fast", "--format", "json"]);
    let output =
        place.command(&arguments).env("PLANTED", "sk-planted-secret").output().expect("it runs");
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{told}");
    assert!(told.contains("busy") && told.contains("demo/fast is asked instead"), "{told}");
    let record: Value = serde_json::from_slice(&output.stdout).expect("a record");
    assert_eq!((&record["provider"], &record["model"]), (&"demo".into(), &"fast".into()));
    let tried: Vec<_> = record["attempts"]
        .as_array()
        .expect("attempts")
        .iter()
        .map(|attempt| (attempt["provider"].as_str(), attempt["status"].as_str()))
        .collect();
    assert_eq!(tried, [(Some("local"), Some("error")), (Some("demo"), Some("ok"))]);
}

#[test]
fn a_refused_parameter_is_named_dropped_remembered_and_forgotten() {
    let refusal = status(
        "400 Bad Request",
        "",
        r#"{"error":{"message":"Unsupported value: 'temperature' does not support 0.2 with this model.","type":"invalid_request_error","param":"temperature","code":"unsupported_value"}}"#,
    );
    let place = place_with(server(refusal, |_| {}));
    let run = |more: &[&str]| {
        let mut arguments = RUN.to_vec();
        arguments.extend(["--param", "temperature=0.2", "--format", "json"]);
        arguments.extend(more);
        let output = place
            .command(&arguments)
            .env("PLANTED", "sk-planted-secret")
            .output()
            .expect("it runs");
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        let record: Value = serde_json::from_slice(&output.stdout).expect("a record");
        (record, told)
    };
    let dropped = |record: &Value| {
        let dropped = record["parameters"]["dropped"].as_array().expect("a list");
        dropped.iter().map(|it| it["name"].as_str().unwrap_or("?").to_owned()).collect::<Vec<_>>()
    };
    let (record, told) = run(&[]);
    assert_eq!(record["error"]["parameter"], "temperature", "{record}");
    assert!(told.contains("--drop temperature"), "{told}");
    assert!(dropped(&record).is_empty());
    let (record, _) = run(&["--drop", "temperature"]);
    assert_eq!(dropped(&record), ["temperature"]);
    let reason = record["parameters"]["dropped"][0]["reason"].as_str().expect("a reason");
    assert!(reason.starts_with("local/m refused it on 2"), "{reason}");
    let (record, _) = run(&[]);
    assert_eq!(dropped(&record), ["temperature"], "from then on");
    let forgot = place.command(&["models", "forget", "local/m"]).output().expect("it runs");
    assert_eq!(forgot.status.code(), Some(0));
    let (record, _) = run(&[]);
    assert!(dropped(&record).is_empty());
}
