//! How much memory a hostile server costs, measured of the program itself: the most that its
//! process ever held (`VmHWM`), beside that of an answer of two words.

use std::{
    io::{Result, Write},
    net::TcpStream,
    thread,
};

use flate2::{Compression, write::GzEncoder};

use super::{
    wires::{command, head, place_with, server},
    *,
};

/// The most that a hostile answer may cost, in bytes.
const MOST: u64 = 40 << 20;

type Reply = Box<dyn Fn(&mut TcpStream) -> Result<()> + Send + Sync>;

/// Runs against a server: the record, and the most memory the program held, in bytes.
fn measured(kind: &str, reply: Reply) -> (Value, u64) {
    let place = place_with(kind, server(reply));
    let mut child =
        command(&place).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("it runs");
    let mut stdout = child.stdout.take().expect("its output");
    let reading = thread::spawn(move || {
        let mut text = String::new();
        std::io::Read::read_to_string(&mut stdout, &mut text).map(|_| text)
    });
    let status = format!("/proc/{}/status", child.id());
    let mut most = 0;
    // The figure never falls, so the last one read before the end is as good as the last.
    while child.try_wait().expect("asked").is_none() {
        let held = fs::read_to_string(&status).unwrap_or_default();
        let line = held.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kilobytes = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<u64>().ok());
        most = most.max(kilobytes.unwrap_or(0) << 10);
        thread::yield_now();
    }
    let text = reading.join().expect("read").expect("UTF-8");
    (serde_json::from_str(&text).expect("a record"), most)
}

fn fixed(bytes: Vec<u8>) -> Reply {
    Box::new(move |stream| stream.write_all(&bytes))
}

/// A head, and then the same bytes until nobody reads them or so many were sent.
fn flood(head: String, piece: Vec<u8>, most: usize) -> Reply {
    Box::new(move |stream| {
        stream.write_all(head.as_bytes())?;
        let mut sent = 0;
        while sent < most {
            stream.write_all(&piece)?;
            sent += piece.len();
        }
        Ok(())
    })
}

/// Half a gibibyte of one byte, packed.
fn bomb(byte: u8) -> Vec<u8> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::best());
    let plain = vec![byte; 1 << 20];
    for _ in 0..512 {
        packed.write_all(&plain).expect("in memory");
    }
    packed.finish().expect("in memory")
}

fn packed(status: &str, content_type: &str, bomb: &[u8]) -> Reply {
    let mut bytes = format!(
        "HTTP/1.1 {status}\r\ncontent-type: {content_type}\r\ncontent-encoding: gzip\r\n\
         content-length: {}\r\nconnection: close\r\n\r\n",
        bomb.len()
    )
    .into_bytes();
    bytes.extend_from_slice(bomb);
    fixed(bytes)
}

fn event(content: &str) -> Reply {
    fixed(format!("{}data: {content}\n\ndata: [DONE]\n\n", head("text/event-stream")).into_bytes())
}

const MEBIBYTE: usize = 1 << 20;

/// The same event so many thousand times, and no end.
fn many(thousands: usize, event: &[u8]) -> Reply {
    flood(head("text/event-stream"), event.repeat(1_000), thousands * 1_000 * event.len())
}

fn million(event: &[u8]) -> Reply {
    many(1_000, event)
}

#[test]
fn no_hostile_answer_costs_more_than_forty_mebibytes() {
    let small = "{\"choices\":[{\"index\":0,\"delta\":{\"content\":\"two words\"}}]}";
    let (record, usual) = measured("openai", event(small));
    assert_eq!((record["status"].as_str(), usual > MEBIBYTE as u64), (Some("ok"), true));

    let bomb_of_spaces = bomb(b' ');
    let bomb_of_letters = bomb(b'a');
    let call = |index: &str| {
        format!(
            "{{\"choices\":[{{\"index\":0,\"delta\":{{\"tool_calls\":[{{\"index\":{index},\
             \"function\":{{\"name\":\"f\",\"arguments\":\"{{}}\"}}}}]}}}}]}}"
        )
    };
    let json_head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n";
    let mut many_calls = String::new();
    for index in 0..50_000 {
        many_calls.push_str("data: ");
        many_calls.push_str(&call(&index.to_string()));
        many_calls.push_str("\n\n");
    }
    let delta = |delta: &str| {
        let event = format!("data: {{\"choices\":[{{\"index\":0,\"delta\":{{{delta}}}}}]}}\n\n");
        flood(head("text/event-stream"), event.into_bytes(), 96 * MEBIBYTE)
    };
    let words = "the quick brown fox ".repeat(200);
    let marks = "\\u001b[31m".repeat(400);
    let zeros = format!("{{\"choices\":[{}0]}}", "0,".repeat(MEBIBYTE - 100));
    let cases: Vec<(&str, &str, Reply)> = vec![
        ("words without end", "openai", delta(&format!("\"content\":\"{words}\""))),
        ("thoughts without end", "openai", delta(&format!("\"reasoning_content\":\"{words}\""))),
        (
            "arguments without end",
            "openai",
            delta(&format!(
                "\"tool_calls\":[{{\"index\":0,\"function\":{{\"arguments\":\"{words}\"}}}}]"
            )),
        ),
        ("escapes without end", "openai", delta(&format!("\"content\":\"{marks}\""))),
        ("two mebibytes of numbers", "openai", event(&zeros)),
        (
            "a document of numbers",
            "openai",
            fixed(format!("{json_head}content-length: {}\r\n\r\n{zeros}", zeros.len()).into()),
        ),
        ("a packed stream", "openai", packed("200 OK", "text/event-stream", &bomb_of_letters)),
        ("a packed document", "openai", packed("200 OK", "application/json", &bomb_of_spaces)),
        ("a packed error", "openai", packed("500 Oops", "application/json", &bomb_of_letters)),
        ("a packed stream", "ollama", packed("200 OK", "application/x-ndjson", &bomb_of_letters)),
        ("a packed document", "gemini", packed("200 OK", "application/json", &bomb_of_spaces)),
        (
            "a length that is too small",
            "openai",
            flood(
                format!("{json_head}content-length: 10\r\n\r\n"),
                vec![b'a'; MEBIBYTE],
                64 * MEBIBYTE,
            ),
        ),
        (
            "a length of an exbibyte",
            "anthropic",
            fixed(format!("{json_head}content-length: 1152921504606846976\r\n\r\n{{").into_bytes()),
        ),
        ("an index of 2^32", "openai", event(&call("4294967296"))),
        ("an index of 2^64", "openai", event(&call("18446744073709551616"))),
        (
            "fifty thousand calls",
            "openai",
            fixed(format!("{}{many_calls}", head("text/event-stream")).into_bytes()),
        ),
        (
            "an answer of brackets",
            "openai",
            event(&small.replace("two words", &"![".repeat(MEBIBYTE / 2))),
        ),
        ("deep nesting", "openai", event(&"[".repeat(4 * MEBIBYTE))),
        ("deep nesting", "openai-responses", event(&"{\"a\":".repeat(MEBIBYTE))),
        ("very many values", "openai", event(&format!("[{}0]", "0,".repeat(3 * MEBIBYTE)))),
        (
            "very many values",
            "ollama",
            fixed(
                format!(
                    "{}{{\"message\":[{}0]}}\n",
                    head("application/x-ndjson"),
                    "{},".repeat(2 * MEBIBYTE)
                )
                .into_bytes(),
            ),
        ),
        ("bytes that are no text", "anthropic", {
            let mut bytes = head("text/event-stream").into_bytes();
            bytes.extend_from_slice(b"data: {\"a\":\"");
            bytes.extend(vec![0xff; 7 * MEBIBYTE]);
            bytes.extend_from_slice(b"\"}\n\n");
            fixed(bytes)
        }),
        (
            "an event of 64 MiB",
            "openai",
            flood(
                format!("{}data: ", head("text/event-stream")),
                vec![b'a'; MEBIBYTE],
                64 * MEBIBYTE,
            ),
        ),
        (
            "a line of 64 MiB",
            "ollama",
            flood(head("application/x-ndjson"), vec![b'a'; MEBIBYTE], 64 * MEBIBYTE),
        ),
        (
            "a document of 64 MiB",
            "anthropic",
            flood(
                format!("{json_head}connection: close\r\n\r\n"),
                vec![b' '; MEBIBYTE],
                64 * MEBIBYTE,
            ),
        ),
        (
            "a line of a gibibyte",
            "openai-responses",
            flood(
                format!("{}data: ", head("text/event-stream")),
                vec![b'a'; MEBIBYTE],
                1 << 10 << 20,
            ),
        ),
        ("two million comments", "openai", million(b":\n\n:\n\n")),
        ("a million events without data", "anthropic", million(b"event: ping\ndata:\n\n")),
        ("a million unknown events", "anthropic", million(b"data: {\"type\":\"x\"}\n\n")),
        (
            "a million pieces of a byte",
            "openai",
            million(b"data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"}}]}\n\n"),
        ),
        (
            "very many empty pieces",
            "openai",
            many(100, b"data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"\"}}]}\n\n"),
        ),
        (
            "very many pieces of thinking",
            "openai",
            many(
                100,
                b"data: {\"choices\":[{\"index\":0,\"delta\":{\"reasoning_content\":\"a\"}}]}\n\n",
            ),
        ),
        (
            "very many pieces of a call",
            "openai",
            many(
                100,
                b"data: {\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":0,\
                  \"function\":{\"arguments\":\"1\"}}]}}]}\n\n",
            ),
        ),
        (
            "very many counts",
            "openai",
            many(
                100,
                b"data: {\"choices\":[],\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":2}}\n\n",
            ),
        ),
        (
            "a header without an end",
            "openai",
            flood("HTTP/1.1 200 OK\r\nx-long: ".to_owned(), vec![b'a'; 64 << 10], 64 * MEBIBYTE),
        ),
        (
            "headers without an end",
            "gemini",
            flood("HTTP/1.1 200 OK\r\n".to_owned(), b"x-many: a\r\n".repeat(1_000), 64 * MEBIBYTE),
        ),
    ];
    for (what, kind, reply) in cases {
        let (record, most) = measured(kind, reply);
        let cost = most.saturating_sub(usual);
        assert!(cost <= MOST, "{what} ({kind}) costs {} KiB: {}", cost >> 10, record["error"]);
        // Calls are no text, but a call that ends with `[DONE]` is an answer.
        let answered = what.starts_with("an index of") || what == "an answer of brackets";
        assert_eq!(record["status"] == "ok", answered, "{what} ({kind}): {}", record["error"]);
    }
}
