//! What an HTTP status and an error's words mean, the same for every protocol.

use serde_json::Value;

use super::{
    advice::{advised, next_step},
    lenient::text,
};
use crate::model::{CallError, ErrorKind};

/// The longest part of a server's own words that an error repeats, in characters.
const QUOTED: usize = 300;

/// The kind a status alone speaks of, and whether the same call may succeed later.
pub(crate) const fn by_status(status: u16) -> (ErrorKind, bool) {
    match status {
        300..=399 => (ErrorKind::Redirect, false),
        401 => (ErrorKind::Authentication, false),
        402 => (ErrorKind::Quota, false),
        403 => (ErrorKind::Permission, false),
        404 | 410 => (ErrorKind::NotFound, false),
        408 | 504 | 522 | 524 => (ErrorKind::Timeout, true),
        413 => (ErrorKind::RequestTooLarge, false),
        429 => (ErrorKind::RateLimit, true),
        503 | 529 => (ErrorKind::Overloaded, true),
        409 | 425 | 500 | 502 | 520 | 521 | 523 => (ErrorKind::Server, true),
        400..=499 => (ErrorKind::InvalidRequest, false),
        501..=599 => (ErrorKind::Server, false),
        // A success status with an error inside, or a status outside every class.
        _ => (ErrorKind::Protocol, false),
    }
}

/// What a server said, on one line and bounded.
pub(crate) fn quoted(words: &str) -> String {
    let mut line = String::new();
    for (at, word) in words.split_whitespace().enumerate() {
        if at > 0 {
            line.push(' ');
        }
        line.push_str(word);
        if line.len() > 4 * QUOTED {
            break;
        }
    }
    match line.char_indices().nth(QUOTED) {
        Some((end, _)) => format!("{}…", line.get(..end).unwrap_or_default()),
        None => line,
    }
}

/// The message of an error a server reported: its status if it came with one, its code, its words.
pub(crate) fn told(server: &str, status: Option<u16>, code: Option<&str>, said: &str) -> String {
    let mut message = match status {
        Some(status) => format!("{server} answered {status}"),
        None => format!("{server} broke off the answer"),
    };
    if let Some(code) = code {
        message = format!("{message} ({})", quoted(code));
    }
    if !said.is_empty() {
        message.push_str(": ");
        message.push_str(&quoted(said));
    }
    message
}

/// What a body is that is not the protocol's own: the title of a page a proxy put there, or the
/// beginning of its text.
fn body_words(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body.get(..64 * 1024).unwrap_or(body));
    match page(&text) {
        Some(page) => page,
        None => match quoted(&text) {
            empty if empty.is_empty() => "an empty body".to_owned(),
            words => words,
        },
    }
}

/// A web page, by its title where it has one.
fn page(text: &str) -> Option<String> {
    let lower = text.to_ascii_lowercase();
    let start = lower.trim_start();
    if !start.starts_with("<!doctype html") && !start.starts_with("<html") {
        return None;
    }
    // Lower case of ASCII alone keeps every offset.
    let title = lower.find("<title").and_then(|at| {
        let rest = text.get(at..)?;
        let open = rest.find('>')? + 1;
        let close = rest.get(open..)?.find('<')?;
        rest.get(open..open + close).map(quoted).filter(|title| !title.is_empty())
    });
    Some(title.map_or_else(|| "a web page".to_owned(), |title| format!("a web page: {title}")))
}

/// The error for an error status around a body the protocol does not know.
pub(crate) fn unreadable(server: &str, status: u16, body: &[u8]) -> CallError {
    let (kind, retryable) = by_status(status);
    let mut error =
        CallError::new(kind, format!("{server} answered {status} with {}", body_words(body)));
    error.http_status = Some(status);
    error.retryable = retryable;
    advised(error)
}

/// The error for a success status around a body the protocol does not know. Except for a page's
/// title nothing of it is repeated: it may be part of an answer.
pub(crate) fn foreign(server: &str, body: &[u8]) -> CallError {
    let text = String::from_utf8_lossy(body.get(..64 * 1024).unwrap_or(body));
    let what = page(&text).unwrap_or_else(|| match text.trim() {
        "" => "an empty body".to_owned(),
        _ => "a body that is not its protocol's".to_owned(),
    });
    advised(CallError::new(ErrorKind::Protocol, format!("{server} answered with {what}")))
}

/// Frame `number` of a stream is not what the protocol says. Its content is left out: it could
/// hold anything, a key included, and errors are recorded and logged.
pub(crate) fn broken_frame(server: &str, number: u64) -> CallError {
    CallError::new(
        ErrorKind::Protocol,
        format!("frame {number} of the stream from {server} is not readable"),
    )
    .hint("what arrived before it is kept; check that the server speaks this protocol")
}

/// The body ended before the protocol's own end. It is not asked for again unbidden: the server
/// has taken the request and may have worked on it.
pub(crate) fn interrupted(server: &str, lacking: &str) -> CallError {
    cut(format!("the answer of {server} ended before {lacking}"))
}

/// An answer that broke off, as told.
pub(crate) fn cut(message: String) -> CallError {
    CallError::new(ErrorKind::InterruptedStream, message)
        .hint(next_step(ErrorKind::InterruptedStream))
}

/// Whether the words of an error speak of a prompt too long for the model.
pub(crate) fn speaks_of_context(words: &str) -> bool {
    let words = words.to_ascii_lowercase();
    [
        "prompt is too long",
        "maximum context length",
        "context length",
        "context window",
        "context_length",
        "exceeds the available context",
        "exceed context limit",
        "maximum prompt length",
        "input is too long",
        // Gemini's and, after it, others' who count for you.
        "input token count",
    ]
    .iter()
    .any(|phrase| words.contains(phrase))
}

/// Whether an error that came with the status of a bad request is about the key: Google gives a
/// reason beside the words, others only words.
pub(crate) fn refuses_the_key(error: &Value, said: &str) -> bool {
    let details = error.get("details").and_then(Value::as_array).into_iter().flatten();
    let words = said.to_ascii_lowercase();
    details.filter_map(|detail| text(detail, "reason")).any(|reason| reason == "API_KEY_INVALID")
        || [
            "api key not valid",
            "api key not found",
            "api key expired",
            "invalid api key",
            "incorrect api key",
            "invalid authorization header",
        ]
        .iter()
        .any(|phrase| words.contains(phrase))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_may_pass_is_retried() {
        let retried: Vec<u16> = (100..=599).filter(|&status| by_status(status).1).collect();
        assert_eq!(retried, [408, 409, 425, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524, 529]);
    }

    #[test]
    fn a_page_is_named_by_its_title() {
        let page = b"<!DOCTYPE html><html><head><TITLE>502\n Bad Gateway</TITLE></head>...";
        assert_eq!(body_words(page), "a web page: 502 Bad Gateway");
        assert_eq!(body_words(b"<html><body>hi"), "a web page");
        assert_eq!(body_words(b" \n "), "an empty body");
        assert_eq!(body_words(b"say <title>x</title>"), "say <title>x</title>");
        assert_eq!(body_words(b"upstream  gone\n"), "upstream gone");
        assert_eq!(body_words("ä".repeat(400).as_bytes()).chars().count(), QUOTED + 1);
    }
}
