//! Every recorded answer of `tests/wire/transcripts`, read through the parser and the decoder of
//! its protocol.
//!
//! A transcript says in its head what it shows, which reader it is for (`stream`, `whole`,
//! `error`, `models`), the status, and line by line what must come out; its body is every byte
//! after `body:`. After a change that means to change what comes out, run the tests once with
//! `LATHE_REWRITE_TRANSCRIPTS=1` and read the difference.

use std::{fmt::Write as _, fs, path::Path, path::PathBuf};

use serde_json::{Value, json};

use super::{
    anthropic::Anthropic,
    gemini::Gemini,
    http::{Frames, Stop},
    ollama::Ollama,
    openai::OpenAi,
    protocol::Protocol,
    quirks::Quirks,
    responses::Responses,
    sse::LineError,
};
use crate::{
    config::Server,
    model::{CallError, ErrorKind, ProviderEvent},
};

const LIMIT: u64 = 1 << 20;

pub(super) struct Transcript {
    path: PathBuf,
    pub protocol: Box<dyn Protocol>,
    /// Whose quirks it shows, where it shows any.
    server: Option<Server>,
    about: String,
    kind: String,
    status: u16,
    expected: String,
    pub body: Vec<u8>,
}

impl Transcript {
    /// The folder it stands in, which names its protocol.
    pub fn folder(&self) -> &str {
        let folder = self.path.parent().and_then(Path::file_name);
        folder.and_then(std::ffi::OsStr::to_str).unwrap_or_default()
    }
}

/// What came out of a body: the events, and whether it was complete.
pub(super) type Outcome = (Vec<ProviderEvent>, Result<(), CallError>);

fn transcripts() -> Vec<Transcript> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/wire/transcripts");
    let mut all = Vec::new();
    for folder in ["anthropic", "gemini", "ollama", "openai", "responses", "servers"] {
        let mut paths: Vec<_> = fs::read_dir(root.join(folder))
            .expect("a folder of transcripts")
            .map(|entry| entry.expect("an entry").path())
            .collect();
        paths.sort();
        assert!(paths.len() >= 20, "{folder} has only {} transcripts", paths.len());
        for path in paths {
            all.push(read_transcript(path, folder));
        }
    }
    all
}

fn read_transcript(path: PathBuf, folder: &str) -> Transcript {
    let bytes = fs::read(&path).expect("a transcript");
    let mark = b"\nbody:\n";
    let at = memchr::memmem::find(&bytes, mark).expect("a body");
    let head = std::str::from_utf8(&bytes[..at]).expect("a head in UTF-8");
    let (fields, expected) = head.split_once("\nexpect:").expect("an expectation");
    let field = |name: &str| {
        let line = fields.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
        line.unwrap_or_else(|| panic!("{}: no {name}", path.display())).to_owned()
    };
    let server = fields.lines().find_map(|line| line.strip_prefix("server: ")).map(|word| {
        Server::from_word(word).unwrap_or_else(|| panic!("{}: no server {word}", path.display()))
    });
    let quirks = Quirks::of(server.unwrap_or(Server::Other));
    let protocol: Box<dyn Protocol> = match folder {
        "anthropic" => Box::new(Anthropic),
        "gemini" => Box::new(Gemini),
        "ollama" => Box::new(Ollama),
        "responses" => Box::new(Responses::new(quirks)),
        _ => Box::new(OpenAi::new(quirks)),
    };
    Transcript {
        server,
        about: field("about"),
        kind: field("kind"),
        status: field("status").parse().expect("a status"),
        expected: expected.strip_prefix('\n').unwrap_or(expected).to_owned(),
        body: bytes[at + mark.len()..].to_vec(),
        protocol,
        path,
    }
}

/// Reads a stream cut into the given chunks, as a connection does.
pub(super) fn read_stream<'b>(
    protocol: &dyn Protocol,
    chunks: impl IntoIterator<Item = &'b [u8]>,
) -> Outcome {
    let mut events = Vec::new();
    let mut sink = |event| events.push(event);
    let mut frames = Frames::new(protocol, LIMIT);
    let read = chunks.into_iter().try_for_each(|chunk| frames.push(chunk, &mut sink));
    let outcome = match read {
        Ok(()) | Err(LineError::Receiver(Stop::Complete)) => frames.finish(&mut sink),
        Err(LineError::Receiver(Stop::Failed(error))) => Err(error),
        Err(LineError::TooLong { limit }) => {
            Err(CallError::new(ErrorKind::ResponseTooLarge, format!("more than {limit} bytes")))
        }
    };
    (events, outcome)
}

fn told(event: &ProviderEvent) -> Value {
    match event {
        ProviderEvent::Sent => json!("sent"),
        ProviderEvent::Limits(_) => json!("limits"),
        ProviderEvent::Headers { http_status, .. } => json!({ "headers": http_status }),
        ProviderEvent::Heartbeat => json!("heartbeat"),
        ProviderEvent::Model(model) => json!({ "model": model }),
        ProviderEvent::Text(text) => json!({ "text": text }),
        ProviderEvent::Reasoning(text) => json!({ "reasoning": text }),
        ProviderEvent::Refusal(text) => json!({ "refusal": text }),
        ProviderEvent::ToolPiece(piece) => json!({ "tool_piece": {
            "index": piece.index, "id": piece.id, "name": piece.name, "arguments": piece.arguments,
        } }),
        ProviderEvent::ToolCall(call) => json!({ "tool_call": call }),
        ProviderEvent::Usage(usage) => json!({ "usage": known(&json!(usage)) }),
        ProviderEvent::Cost(cost) => json!({ "cost": cost }),
        ProviderEvent::ErrorBody(body) => json!({ "error_body": body }),
        ProviderEvent::Finish { reason, raw } => json!({ "finish": reason, "raw": raw }),
    }
}

/// An object without what it does not know.
fn known(value: &Value) -> Value {
    let fields = value.as_object().expect("an object").iter();
    fields
        .filter(|(_, value)| !value.is_null() && *value != &json!(false))
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

fn outcome_line(result: &Result<(), CallError>) -> String {
    match result {
        Ok(()) => json!("complete").to_string(),
        Err(error) => json!({ "error": known(&json!(error)) }).to_string(),
    }
}

fn lines((events, result): &Outcome) -> String {
    let mut out = String::new();
    for event in events {
        let _ = writeln!(out, "{}", told(event));
    }
    out + &outcome_line(result)
}

fn come_out(transcript: &Transcript) -> String {
    let Transcript { protocol, status, body, .. } = transcript;
    match transcript.kind.as_str() {
        "stream" => lines(&read_stream(&**protocol, [body.as_slice()])),
        "whole" => {
            let mut events = Vec::new();
            let result = protocol.whole(body, &mut |event| events.push(event));
            lines(&(events, result))
        }
        "error" => outcome_line(&Err(protocol.error(*status, body))),
        "models" => match protocol.models(body) {
            Ok(models) => {
                let lines: Vec<_> = models
                    .iter()
                    .map(|model| {
                        known(&json!({ "id": model.id, "context_window": model.context_window }))
                            .to_string()
                    })
                    .chain([json!("complete").to_string()])
                    .collect();
                lines.join("\n")
            }
            Err(error) => outcome_line(&Err(error)),
        },
        other => panic!("{}: no reader `{other}`", transcript.path.display()),
    }
}

fn rewrite(transcript: &Transcript, expected: &str) {
    let Transcript { about, kind, status, body, server, .. } = transcript;
    let server = server.map_or_else(String::new, |it| format!("server: {}\n", it.as_str()));
    let mut bytes = format!(
        "about: {about}\n{server}kind: {kind}\nstatus: {status}\nexpect:\n{expected}\nbody:\n"
    )
    .into_bytes();
    bytes.extend_from_slice(body);
    fs::write(&transcript.path, bytes).expect("a writable transcript");
}

#[test]
fn every_transcript_gives_what_it_expects() {
    let rewriting = std::env::var_os("LATHE_REWRITE_TRANSCRIPTS").is_some();
    for transcript in transcripts() {
        let lines = come_out(&transcript);
        if rewriting {
            rewrite(&transcript, &lines);
        } else {
            pretty_assertions::assert_eq!(
                lines,
                transcript.expected,
                "{}: {}",
                transcript.path.display(),
                transcript.about
            );
        }
    }
}

/// Whatever goes wrong, a person is told what to do next, once, and in a sentence that fits.
#[test]
fn every_error_says_what_to_do_next() {
    let mut kinds = std::collections::BTreeSet::new();
    for transcript in transcripts() {
        let Transcript { protocol, body, status, path, .. } = &transcript;
        let ended = match transcript.kind.as_str() {
            "stream" => read_stream(&**protocol, [body.as_slice()]).1,
            "whole" => protocol.whole(body, &mut |_| {}),
            "error" => Err(protocol.error(*status, body)),
            _ => protocol.models(body).map(drop),
        };
        let Err(error) = ended else { continue };
        let hint = error.hint.clone().unwrap_or_default();
        assert!(hint.len() > 15, "{}: {error:?}", path.display());
        assert!(!error.message.contains(&hint), "{}: {error:?}", path.display());
        kinds.insert(error.kind.as_str());
    }
    assert!(kinds.len() >= 12, "only {kinds:?}");
}

pub(super) fn streams() -> Vec<Transcript> {
    of_kinds(&["stream"])
}

pub(super) fn of_kinds(kinds: &[&str]) -> Vec<Transcript> {
    let all = transcripts().into_iter();
    all.filter(|transcript| kinds.contains(&transcript.kind.as_str())).collect()
}

#[test]
fn no_cut_of_the_network_changes_what_comes_out() {
    no_cut_changes(streams());
}

/// Replies that come whole, and errors, where a stream was asked for.
#[test]
fn no_cut_of_the_network_changes_a_reply_that_comes_whole() {
    let whole = of_kinds(&["whole", "error"]);
    assert!(whole.len() >= 75, "only {}", whole.len());
    for transcript in &whole {
        let Transcript { protocol, body, path, .. } = transcript;
        // What begins as no line of a stream does is read as a whole one.
        if transcript.kind == "whole" && body.starts_with(b"{") {
            let (events, result) = read_stream(&**protocol, [body.as_slice()]);
            let mut at_once = Vec::new();
            let whole = protocol.whole(body, &mut |event| at_once.push(event));
            assert_eq!(result.is_ok(), whole.is_ok(), "{}", path.display());
            if result.is_ok() {
                assert_eq!(events, at_once, "{}", path.display());
            }
        }
    }
    no_cut_changes(whole);
}

/// A reply that comes whole and ends early is complete at no byte before its last.
#[test]
fn a_whole_reply_that_ends_early_is_never_complete() {
    let mut complete = 0;
    for Transcript { protocol, body, path, .. } in of_kinds(&["whole"]) {
        let end = body.trim_ascii_end().len();
        for cut in 0..end {
            let early = protocol.whole(&body[..cut], &mut |_| {});
            assert!(early.is_err(), "{}: complete at {cut} of {end}", path.display());
        }
        complete += usize::from(protocol.whole(&body, &mut |_| {}).is_ok());
    }
    assert!(complete >= 10, "only {complete} are complete in the end");
}

fn no_cut_changes(transcripts: Vec<Transcript>) {
    for transcript in transcripts {
        let Transcript { protocol, body, path, .. } = &transcript;
        let whole = read_stream(&**protocol, [body.as_slice()]);
        let bytes = read_stream(&**protocol, body.chunks(1));
        assert_eq!(bytes, whole, "{}: byte by byte", path.display());
        if body.len() > SHORT {
            some_cuts_change_nothing(&transcript, &whole);
            continue;
        }
        for cut in 0..=body.len() {
            let (before, after) = body.split_at(cut);
            let halves = read_stream(&**protocol, [before, after]);
            assert_eq!(halves, whole, "{}: cut at {cut}", path.display());
        }
    }
}

/// Up to this many bytes a body is cut at every one of them.
const SHORT: usize = 1_500;

/// A long body in 500 ways, each of up to nine pieces.
fn some_cuts_change_nothing(transcript: &Transcript, whole: &Outcome) {
    let Transcript { protocol, body, path, .. } = transcript;
    // The numbers are those of a linear congruence (Knuth's MMIX): the same every time.
    let mut number = 0x5EED_u64;
    let mut next = || {
        number =
            number.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(number >> 33).unwrap_or(0)
    };
    for _ in 0..500 {
        let mut cuts: Vec<usize> = (0..=next() % 8).map(|_| next() % body.len()).collect();
        cuts.sort_unstable();
        let mut chunks = Vec::new();
        let mut from = 0;
        for cut in cuts.iter().copied().chain([body.len()]) {
            chunks.push(&body[from..cut]);
            from = cut;
        }
        let pieces = read_stream(&**protocol, chunks);
        assert_eq!(&pieces, whole, "{}: cut at {cuts:?}", path.display());
    }
}

/// Cuts every stream at every byte and lets it end there: it may be complete only where the
/// protocol's own end has been read, with nothing but counts to follow, and what was read before
/// the cut is always what the whole stream gives first.
#[test]
fn a_stream_that_ends_early_is_never_complete() {
    for transcript in streams() {
        let Transcript { protocol, body, path, .. } = &transcript;
        let (events, result) = read_stream(&**protocol, [body.as_slice()]);
        let mut completed = false;
        for cut in 0..body.len() {
            let (early, ended) = read_stream(&**protocol, [&body[..cut]]);
            assert!(
                events.starts_with(&early),
                "{}: cut at {cut} gives other events",
                path.display()
            );
            // Once complete, more bytes cannot undo it.
            assert!(ended.is_ok() || !completed, "{}: cut at {cut} lost its end", path.display());
            completed = ended.is_ok();
            if completed {
                assert!(end_is_in(&early, &body[..cut]), "{}: {cut} is no end", path.display());
                let rest = &events[early.len()..];
                let counts = rest.iter().all(|event| {
                    matches!(
                        event,
                        ProviderEvent::Usage(_) | ProviderEvent::Cost(_) | ProviderEvent::Heartbeat
                    )
                });
                assert!(counts, "{}: complete at {cut}, and more was said", path.display());
                assert_eq!(result, Ok(()), "{}", path.display());
            } else if ended.as_ref().is_err_and(|error| error.kind == ErrorKind::InterruptedStream)
            {
                // The server has taken the request: it is not asked again unbidden.
                assert!(ended.is_err_and(|error| !error.retryable), "{}: {cut}", path.display());
            } else {
                let kinds = [&ended, &result].map(|ended| ended.as_ref().map_err(|e| e.kind).err());
                assert_eq!(kinds[0], kinds[1], "{}: cut at {cut} fails otherwise", path.display());
            }
        }
    }
}

/// Whether the protocol's own end is in what was read: a reason to stop, or OpenAI's marker.
pub(super) fn end_is_in(events: &[ProviderEvent], body: &[u8]) -> bool {
    events.iter().any(|event| matches!(event, ProviderEvent::Finish { .. }))
        || body.split(|byte| matches!(byte, b'\r' | b'\n')).any(|line| {
            let line = line.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(line);
            matches!(line, b"data: [DONE]" | b"data:[DONE]")
        })
}

#[test]
fn no_planted_content_of_a_broken_frame_is_repeated() {
    let mut seen = Vec::new();
    for transcript in streams() {
        if memchr::memmem::find(&transcript.body, b"planted").is_none() {
            continue;
        }
        seen.push(transcript.folder().to_owned());
        let (events, result) = read_stream(&*transcript.protocol, [transcript.body.as_slice()]);
        let said = format!("{events:?} {result:?}");
        assert!(!said.contains("planted"), "{}: {said}", transcript.path.display());
    }
    for folder in ["anthropic", "gemini", "ollama", "openai", "responses"] {
        assert!(seen.iter().any(|it| it == folder), "{folder} plants nothing");
    }
    assert!(seen.len() >= 7, "only {seen:?} plant anything");
}
