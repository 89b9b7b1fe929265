//! Headless commands whose output is a terminal: whatever comes from a model, a server, a file or
//! the database acts on nothing there.

use std::{collections::BTreeMap, fs, io::Write as _, net::TcpStream};

use promptlathe::{
    model::{
        Attempt, CacheState, CallError, Check, ChunkLog, ErrorKind, Execution, ExecutionId,
        Message, ModelRef, Quality, Role, RunId, SentParameters, Status, TemplateId, Timing,
        ToolCall, Usage, VariantName,
    },
    safety::{MarkStyle, display_line_with, display_with, hidden},
    store::{Store, StoreOptions},
};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    payloads::PAYLOADS,
    place::Place,
    server::{Request, STREAM, reply, serve},
    session::{Session, Start},
};

/// How many payloads the short text of an error has room for.
const SOME: usize = 4;

/// A place whose settings name the server that says every payload.
fn with_server() -> Place {
    let place = Place::new();
    let port = serve(answer);
    place.settings(&format!(
        "[engine]\nretries = 0\n[redaction]\nsecrets = \"never\"\n[providers.hostile]\n\
         kind = \"openai\"\nbase_url = \"http://127.0.0.1:{port}/v1\"\n"
    ));
    place
}

/// A place whose templates, settings and server hold every payload.
struct Hostile {
    place: Place,
    work: String,
}

impl Hostile {
    fn new() -> Self {
        let place = with_server();
        let prompts = place.home().join("work/prompts");
        for (number, payload) in PAYLOADS.iter().enumerate() {
            let named = json!({
                "name": payload, "description": payload, "category": payload,
                "template": format!("Say {payload} to {{{{ who }}}}"),
                "parameters": { "who": "optional" }, "metadata": { "tags": [payload] },
            });
            let path = prompts.join(format!("named/n{number:02}.json"));
            fs::create_dir_all(path.parent().expect("a folder")).expect("made");
            fs::write(path, named.to_string()).expect("written");
            // Words that are quoted where they are wrong.
            let wrong = json!({ "version": payload, "template": "Hello" });
            let path = prompts.join(format!("wrong/w{number:02}.json"));
            fs::create_dir_all(path.parent().expect("a folder")).expect("made");
            fs::write(path, wrong.to_string()).expect("written");
        }
        let body = format!("---\nversion: 1.0.0\n---\nuser:\n{}\n", PAYLOADS.join(" "));
        fs::write(prompts.join("body.prompty"), body).expect("written");
        let work = place.home().join("work").to_string_lossy().into_owned();
        let hostile = Self { place, work };
        hostile.fill();
        hostile
    }

    /// One execution for each payload, which stands in every text of it.
    fn fill(&self) {
        let path = self.place.database();
        fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        let private = std::os::unix::fs::PermissionsExt::from_mode(0o700);
        fs::set_permissions(path.parent().expect("a folder"), private).expect("private");
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        runtime.block_on(async {
            let options = StoreOptions::file(&path).workspace(self.work.clone());
            let (store, _) = Store::open(&options).expect("it opens");
            for (number, payload) in PAYLOADS.iter().enumerate() {
                let record = record(number, payload);
                store.finish(&record, &ChunkLog::default()).await.expect("kept");
            }
            store.close().await.expect("closed");
        });
    }

    /// What a command writes to its terminal, with the code it ends with.
    fn run(&self, words: &[&str], style: MarkStyle) -> (String, u32) {
        self.run_as(words, "xterm-256color", style)
    }

    fn run_as(&self, words: &[&str], term: &str, style: MarkStyle) -> (String, u32) {
        let locale = if style == MarkStyle::Unicode { "C.UTF-8" } else { "C" };
        let mut arguments: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        arguments.extend(["--workspace".to_owned(), self.work.clone()]);
        let mut session = Session::start(Start {
            columns: 200,
            rows: 50,
            arguments,
            environment: vec![
                ("LANG".to_owned(), locale.to_owned()),
                ("TERM".to_owned(), term.to_owned()),
            ],
            home: Some(self.place.home().to_owned()),
            keep: 16 << 20,
            ..Start::default()
        })
        .expect("it starts");
        let code = session.ended().expect("it ends");
        let output = String::from_utf8(session.output().to_vec()).expect("text");
        (output.replace("\r\n", "\n"), code)
    }
}

fn record(number: usize, payload: &str) -> Execution {
    let error = CallError {
        hint: Some(format!("hint {payload}")),
        provider_code: Some(payload.to_owned()),
        request_id: Some(payload.to_owned()),
        ..CallError::new(ErrorKind::Server, format!("message {payload}"))
    };
    let named = |name: &str| format!("{name} {payload}");
    Execution {
        id: ExecutionId(Uuid::from_u128(0x7000_8000_0000_0000_0000 + number as u128)),
        run_id: RunId(Uuid::now_v7()),
        template: Some(TemplateId::new("body").expect("an id")),
        version: None,
        content_hash: None,
        variant: VariantName::A,
        provider: named("provider"),
        model: named("model"),
        response_model: Some(named("answered by")),
        status: Status::Error,
        inputs: BTreeMap::from([(named("name"), Value::from(named("value")))]),
        messages: vec![Message::new(Role::User, named("asked"))],
        text: named("answer"),
        reasoning: named("thought"),
        refusal: named("refused"),
        tool_calls: vec![ToolCall {
            id: named("call"),
            name: named("tool"),
            arguments: None,
            arguments_raw: named("arguments"),
        }],
        finish_reason: None,
        finish_reason_raw: Some(named("reason")),
        parameters: SentParameters::default(),
        usage: Usage::default(),
        cost_usd: None,
        spend: None,
        timing: Timing::started(jiff::Timestamp::now()),
        attempts: vec![Attempt::new(
            &ModelRef::new(named("provider"), named("model")),
            jiff::Timestamp::now(),
            1,
            &Err(error.clone()),
        )],
        cache: CacheState::Off,
        reused: None,
        checks: vec![Check {
            kind: named("kind"),
            name: named("check"),
            passed: false,
            score: None,
            reason: named("because"),
        }],
        quality: Quality::default(),
        tags: BTreeMap::from([("case".to_owned(), named("tag"))]),
        rating: None,
        error: Some(error),
        redactions: promptlathe::model::Redactions::default(),
    }
}

/// The server: its models, its errors, its answers, its calls of tools.
fn answer(request: &Request, stream: &mut TcpStream) {
    if request.line.starts_with("GET") {
        let models: Vec<Value> = PAYLOADS.iter().map(|payload| json!({ "id": payload })).collect();
        let body = json!({ "object": "list", "data": models }).to_string();
        return reply(stream, "200 OK", "application/json", &body);
    }
    let asked: Value = serde_json::from_str(&request.body).unwrap_or_default();
    let model = asked["model"].as_str().unwrap_or_default();
    if let Some(first) = model.strip_prefix("fails-") {
        let first: usize = first.parse().expect("a number");
        let message = some(first).join(" ");
        let body = json!({ "error": { "message": message, "code": message } }).to_string();
        return reply(stream, "400 Bad Request", "application/json", &body);
    }
    let mut deltas = Vec::new();
    match model {
        // Every character comes alone: no piece holds a whole sequence.
        "writes" => deltas.extend(
            PAYLOADS.join(" ").chars().map(|character| json!({ "content": character.to_string() })),
        ),
        "refuses" => deltas.push(json!({ "refusal": PAYLOADS.join(" ") })),
        _ => deltas.extend(PAYLOADS.iter().enumerate().map(|(index, payload)| {
            let function = json!({ "name": payload, "arguments": payload });
            json!({ "tool_calls": [{ "index": index, "id": payload, "function": function }] })
        })),
    }
    let event = |delta: &Value, end: Option<&str>| {
        let choice = json!({ "index": 0, "delta": delta, "finish_reason": end });
        format!("data: {}\n\n", json!({ "choices": [choice] }))
    };
    let mut events: String = deltas.iter().map(|delta| event(delta, None)).collect();
    events.push_str(&event(&json!({}), Some("stop")));
    // Whoever asked may be gone.
    let _ = write!(stream, "{STREAM}{events}data: [DONE]\n\n");
}

fn some(first: usize) -> Vec<&'static str> {
    PAYLOADS.iter().skip(first).take(SOME).copied().collect()
}

/// Nothing in an output acts on a terminal, or hides from whoever reads it.
fn inert(output: &str, command: &[&str]) {
    let found = hidden(output);
    assert!(found.is_empty(), "{command:?} wrote {:?}", found.first());
    let acts = output.char_indices().find(|(_, c)| c.is_control() && *c != '\n');
    assert!(acts.is_none(), "{command:?} wrote {acts:?}");
}

/// Whether a payload is in an output as something to be seen; as it is spelt in a JSON file, too.
fn shows(output: &str, payload: &str, style: MarkStyle) -> bool {
    let spelt = Value::from(payload).to_string();
    let spelt = spelt.trim_matches('"');
    let ways = [payload, spelt].map(|text| {
        [display_line_with(text, style).into_owned(), display_with(text, style).into_owned()]
    });
    ways.iter().flatten().any(|way| output.contains(way))
}

/// Every payload is in the output of a command, to be seen and to do nothing.
fn every_payload_shows(hostile: &Hostile, command: &[&str], code: u32) {
    for style in [MarkStyle::Unicode, MarkStyle::Ascii] {
        let (output, ended) = hostile.run(command, style);
        assert_eq!(ended, code, "{command:?}: {output}");
        inert(&output, command);
        for payload in PAYLOADS {
            assert!(shows(&output, payload, style), "{command:?} lacks {payload:?}: {output}");
        }
    }
}

#[test]
fn what_a_model_says_acts_on_no_terminal() {
    let hostile = Hostile::new();
    for command in [
        &["run", "body", "--model", "hostile/writes"][..],
        &["run", "body", "--model", "hostile/writes", "--no-stream"],
        &["run", "body", "--model", "hostile/refuses"],
        &["run", "body", "--model", "hostile/calls"],
        &["run", "body", "--model", "hostile/writes", "--model", "hostile/calls"],
    ] {
        every_payload_shows(&hostile, command, 0);
    }
    // Whatever of it went to the log is one harmless line each.
    let log = fs::read_to_string(hostile.place.home().join(".local/state/lathe/lathe.log"));
    inert(&log.expect("a log"), &["log"]);
}

#[test]
fn what_a_server_says_of_an_error_acts_on_no_terminal() {
    let hostile = Hostile::new();
    for first in (0..PAYLOADS.len()).step_by(SOME) {
        let model = format!("hostile/fails-{first}");
        let command = ["run", "body", "--model", &model];
        for style in [MarkStyle::Unicode, MarkStyle::Ascii] {
            let (output, code) = hostile.run(&command, style);
            assert_eq!(code, 3, "{output}");
            inert(&output, &command);
            for payload in some(first) {
                // What is quoted of a server is one line, whose spaces are one each.
                let words = payload.split_whitespace().collect::<Vec<_>>().join(" ");
                assert!(shows(&output, &words, style), "{payload:?}: {output}");
            }
        }
    }
}

#[test]
fn what_a_server_lists_acts_on_no_terminal() {
    let hostile = Hostile::new();
    every_payload_shows(&hostile, &["models", "hostile"], 0);
    let (output, _) = hostile.run(&["providers", "--check"], MarkStyle::Unicode);
    assert!(output.contains(&format!("{} models", PAYLOADS.len())), "{output}");
    inert(&output, &["providers"]);
}

#[test]
fn what_is_on_record_acts_on_no_terminal() {
    let hostile = Hostile::new();
    for command in [
        &["history", "list", "--limit", "200"][..],
        &["history", "search", "answer", "--limit", "200"],
        &["history", "export", "--format", "csv"],
        &["stats", "--by", "model", "--range", "24h"],
        &["stats", "--by", "tag", "--range", "24h"],
    ] {
        every_payload_shows(&hostile, command, 0);
    }
    // A file of Markdown has its marks in it, whatever terminal it is written on.
    for style in [MarkStyle::Unicode, MarkStyle::Ascii] {
        let command = ["history", "export", "--format", "markdown"];
        let (output, code) = hostile.run(&command, style);
        assert_eq!(code, 0, "{output}");
        inert(&output, &command);
        for payload in PAYLOADS {
            assert!(shows(&output, payload, MarkStyle::Unicode), "lacks {payload:?}: {output}");
        }
    }
    for number in [0, 35, 49, 64, 81] {
        let id = record(number, "").id.to_string();
        for style in [MarkStyle::Unicode, MarkStyle::Ascii] {
            let command = ["history", "show", &id];
            let (output, code) = hostile.run(&command, style);
            assert_eq!(code, 0, "{output}");
            inert(&output, &command);
            let payload = PAYLOADS[number];
            assert!(shows(&output, &format!("answer {payload}"), style), "{output}");
            assert!(shows(&output, &format!("message {payload}"), style), "{output}");
        }
    }
}

/// JSON means the same whether a program or a person reads it.
#[test]
fn json_on_a_terminal_is_exact_and_acts_on_nothing() {
    let hostile = Hostile::new();
    for command in [
        &["history", "list", "--limit", "200", "--format", "json"][..],
        &["history", "search", "answer", "--limit", "200", "--format", "json"],
        &["history", "export", "--format", "jsonl"],
        &["stats", "--by", "model", "--range", "24h", "--format", "json"],
        &["stats", "--by", "tag", "--range", "24h", "--format", "json"],
        &["template", "list", "--format", "json"],
        &["models", "hostile", "--format", "json"],
        &["run", "body", "--model", "hostile/writes", "--format", "json"],
        &["run", "body", "--model", "hostile/calls", "--format", "jsonl"],
    ] {
        let (output, code) = hostile.run(command, MarkStyle::Unicode);
        assert_eq!(code, 0, "{command:?}: {output}");
        inert(&output, command);
        let mut texts = Vec::new();
        for line in output.lines().filter(|line| line.starts_with(['{', '['])) {
            strings(&serde_json::from_str(line).expect("JSON"), &mut texts);
        }
        for payload in PAYLOADS {
            assert!(texts.iter().any(|text| text.contains(payload)), "{command:?}: {payload:?}");
        }
    }
}

fn strings(value: &Value, texts: &mut Vec<String>) {
    match value {
        Value::String(text) => texts.push(text.clone()),
        Value::Array(values) => values.iter().for_each(|value| strings(value, texts)),
        Value::Object(fields) => {
            texts.extend(fields.keys().cloned());
            fields.values().for_each(|value| strings(value, texts));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[test]
fn what_stands_in_files_acts_on_no_terminal() {
    let hostile = Hostile::new();
    every_payload_shows(&hostile, &["template", "list"], 0);
    every_payload_shows(&hostile, &["template", "show", "body"], 0);
    every_payload_shows(&hostile, &["template", "render", "body"], 0);
    every_payload_shows(&hostile, &["template", "lint"], 1);
    for form in ["prompty", "dotprompt", "llm", "langfuse", "promptfoo"] {
        let command = ["template", "export", "body", "--to", form];
        let (output, code) = hostile.run(&command, MarkStyle::Unicode);
        assert_eq!(code, 0, "{output}");
        inert(&output, &command);
        assert!(output.contains("password"), "{output}");
    }
    // A version with a reason, and what differs from it.
    let saved = hostile.place.home().join("work/prompts/body.prompty");
    let text = fs::read_to_string(&saved).expect("read");
    let note = PAYLOADS.concat().replace('\0', "");
    for command in [
        &["template", "save", "body", "--note", &note][..],
        &["template", "versions", "body"],
        &["template", "diff", "body@1.0.0"],
    ] {
        if command[1] == "diff" {
            fs::write(&saved, text.replace("safe", "unsafe")).expect("written");
        }
        for style in [MarkStyle::Unicode, MarkStyle::Ascii] {
            let (output, _) = hostile.run(command, style);
            inert(&output, command);
        }
    }
}

#[test]
fn what_stands_in_settings_or_on_the_command_line_acts_on_no_terminal() {
    let hostile = Hostile::new();
    // No argument holds the character that ends one.
    let word = PAYLOADS.join(" ").replace('\0', "");
    let (output, _) = hostile.run_as(&["doctor"], &word, MarkStyle::Unicode);
    inert(&output, &["doctor"]);
    assert!(shows(&output, &word, MarkStyle::Unicode), "{output}");
    for command in [
        &[word.as_str()][..],
        &["run", &word],
        &["run", "body", "--var", &word],
        &["run", "body", "--model", &word],
        &["run", "body", "--format", &word],
        &["run", "body", "--param", &word],
        &["stats", "--by", &word],
        &["history", "show", &word],
        &["history", "list", "--since", &word],
        &["template", "show", &word],
        &["template", "import", &word, "--from", "prompty"],
        &["backup", "verify", &word],
        &["models", &word],
    ] {
        for style in [MarkStyle::Unicode, MarkStyle::Ascii] {
            let (output, code) = hostile.run(command, style);
            assert_ne!(code, 0, "{command:?}: {output}");
            assert!(output.contains("error") || output.contains("lathe:"), "{command:?}: {output}");
            assert!(!output.contains("panicked"), "{command:?}: {output}");
            inert(&output, command);
        }
    }
    let settings = hostile.place.home().join(".config/lathe/config.toml");
    let good = fs::read_to_string(&settings).expect("read");
    for payload in [PAYLOADS.join(" "), PAYLOADS.concat()] {
        // As a name, as a value of the wrong kind, as a pattern.
        let text = Value::from(payload).to_string();
        for wrong in [
            format!("[{text}]\nx = 1\n"),
            format!("[keys]\nrun = {text}\n"),
            "[".to_owned() + &text,
        ] {
            fs::write(&settings, format!("{good}{wrong}")).expect("written");
            for style in [MarkStyle::Unicode, MarkStyle::Ascii] {
                let (output, code) = hostile.run(&["models"], style);
                assert_eq!(code, 2, "{wrong:?}: {output}");
                inert(&output, &["models"]);
            }
        }
    }
}

/// An answer of payloads in the workbench, copied: the terminal gets what the program switches
/// itself, and one text for its clipboard that acts on nothing where it is pasted.
#[test]
fn an_answer_that_is_copied_is_text() {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    let place = with_server();
    place.write("---\nversion: 1.0.0\nmodel: hostile/writes\n---\nuser:\nClassify it.\n");
    let mut session = Session::start(Start {
        arguments: place.arguments(),
        home: Some(place.home().to_owned()),
        keep: 16 << 20,
        ..Start::default()
    })
    .expect("it starts");
    session.until("Classify it.").expect("its text");
    session.keys("R").expect("run");
    session.until("done ").expect("an answer");
    session.keys("\t\t").expect("to the answer");
    session.until("W winner").expect("it has the focus");
    session.keys("y").expect("copy");
    session.until("characters became marks").expect("it is said");
    session.keys("q").expect("quit");
    assert_eq!(session.ended().expect("it ends"), 0);

    let output = String::from_utf8_lossy(session.output()).into_owned();
    let copied: Vec<&str> = output.split("\x1b]52;c;").skip(1).collect();
    assert_eq!(copied.len(), 1, "one text for the clipboard");
    let packed = copied[0].split('\x07').next().unwrap_or_default();
    let text = String::from_utf8(STANDARD.decode(packed).expect("base64")).expect("text");
    assert!(text.contains("password") && text.contains("rm -rf"), "{text}");
    assert!(!text.contains(|c: char| c.is_control() && c != '\n'), "{text:?}");
    let rest = output.replacen("\x1b]52;c;", "", 1);
    for begins in ["\x1b]", "\x1bP", "\x1b_", "\x1b^", "\x1bX", "\x1bc", "\u{9b}", "\u{9d}"] {
        assert!(!rest.contains(begins), "{begins:?} was written");
    }
}
