//! How fast the answers of providers are read, from a socket, beside a bare loop over the same
//! bytes that splits lines, reads each as JSON and joins the pieces, and checks nothing.
//!
//! `cargo bench --bench wire`

#![expect(clippy::expect_used, reason = "a benchmark says what it expected and stops")]

use std::{
    hint::black_box,
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    sync::Arc,
    thread,
};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use promptlathe::{
    config::{EngineSettings, KeySource, ProviderKind, ProviderSettings},
    model::{ChatRequest, GenerationParameters, Message, ProviderEvent, Role},
    provider::{Catalog, build},
};
use serde_json::Value;
use tokio::runtime::Runtime;
use url::Url;

const TOKENS: usize = 50_000;

/// The frames of one answer: its beginning, one token, its end, and where the token's text lies.
struct Wire {
    name: &'static str,
    kind: ProviderKind,
    content_type: &'static str,
    opening: &'static str,
    token: &'static str,
    ending: &'static str,
    pointer: &'static str,
}

const WIRES: [Wire; 3] = [
    Wire {
        name: "chat completions",
        kind: ProviderKind::OpenAi,
        content_type: "text/event-stream",
        opening: "",
        token: "data: {\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\",\"created\":1,\
                \"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\" word\"},\
                \"finish_reason\":null}]}\n\n",
        ending: "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n\
                 data: [DONE]\n\n",
        pointer: "/choices/0/delta/content",
    },
    Wire {
        name: "messages",
        kind: ProviderKind::Anthropic,
        content_type: "text/event-stream",
        opening: "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"model\":\
                  \"m\",\"usage\":{\"input_tokens\":3}}}\n\nevent: content_block_start\ndata: \
                  {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\
                  \"text\",\"text\":\"\"}}\n\n",
        token: "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\
                \"delta\":{\"type\":\"text_delta\",\"text\":\" word\"}}\n\n",
        ending: "event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":0}\
                 \n\nevent: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":\
                 {\"stop_reason\":\"end_turn\"},\"usage\":{\"output_tokens\":2}}\n\nevent: \
                 message_stop\ndata: {\"type\":\"message_stop\"}\n\n",
        pointer: "/delta/text",
    },
    Wire {
        name: "ollama",
        kind: ProviderKind::Ollama,
        content_type: "application/x-ndjson",
        opening: "",
        token: "{\"model\":\"m\",\"created_at\":\"2026-01-01T00:00:00Z\",\"message\":{\"role\":\
                \"assistant\",\"content\":\" word\"},\"done\":false}\n",
        ending: "{\"model\":\"m\",\"message\":{\"role\":\"assistant\",\"content\":\"\"},\"done\":\
                 true,\"done_reason\":\"stop\"}\n",
        pointer: "/message/content",
    },
];

impl Wire {
    fn body(&self) -> Vec<u8> {
        format!("{}{}{}", self.opening, self.token.repeat(TOKENS), self.ending).into_bytes()
    }

    /// Answers every request with the same stream; the port.
    fn serve(&self) -> u16 {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let body = Arc::new(self.body());
        let head = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: {}\r\nconnection: close\r\n\r\n",
            self.content_type
        );
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (body, head) = (Arc::clone(&body), head.clone());
                thread::spawn(move || answer(stream, &head, &body));
            }
        });
        port
    }
}

fn answer(mut stream: TcpStream, head: &str, body: &[u8]) {
    let mut reader = BufReader::new(stream.try_clone().expect("cloned"));
    let mut length = 0;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap_or(0) == 0 || line == "\r\n" {
            break;
        }
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().unwrap_or(0);
        }
    }
    let mut request = vec![0; length];
    if reader.read_exact(&mut request).is_ok() {
        // Who does not read on is not waited for.
        let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body));
    }
}

/// The least that can be done: lines, JSON, text.
fn bare(port: u16, pointer: &str) -> usize {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("connected");
    stream.write_all(b"POST / HTTP/1.1\r\ncontent-length: 2\r\n\r\n{}").expect("sent");
    let mut reader = BufReader::with_capacity(64 << 10, stream);
    let (mut text, mut line) = (String::new(), Vec::new());
    loop {
        line.clear();
        if reader.read_until(b'\n', &mut line).expect("read") == 0 {
            return text.len();
        }
        let data = line.strip_prefix(b"data: ").unwrap_or(&line);
        if data.first() == Some(&b'{')
            && let Ok(value) = serde_json::from_slice::<Value>(data)
            && let Some(piece) = value.pointer(pointer).and_then(Value::as_str)
        {
            text.push_str(piece);
        }
    }
}

fn reading(criterion: &mut Criterion) {
    let runtime = Runtime::new().expect("a runtime");
    for wire in &WIRES {
        let port = wire.serve();
        let base = Url::parse(&format!("http://127.0.0.1:{port}")).expect("an address");
        let settings = ProviderSettings::new(wire.kind, base, KeySource::None);
        let catalog = Arc::new(Catalog::builtin());
        let provider =
            build("bench", &settings, &EngineSettings::default(), None, &catalog).expect("built");
        let request = ChatRequest {
            model: "m".to_owned(),
            messages: vec![Message::new(Role::User, "Hi")],
            parameters: GenerationParameters::default(),
            stream: true,
        };
        let mut group = criterion.benchmark_group(format!("{TOKENS} tokens, {}", wire.name));
        group.sample_size(20);
        group.throughput(Throughput::Bytes(wire.body().len() as u64));
        group.bench_function("bare loop", |bencher| {
            bencher.iter(|| assert_eq!(bare(port, wire.pointer), TOKENS * 5));
        });
        group.bench_function("provider", |bencher| {
            bencher.iter(|| {
                let mut text = String::new();
                let mut receive = |event| {
                    if let ProviderEvent::Text(piece) = event {
                        text.push_str(&piece);
                    }
                };
                runtime.block_on(provider.call(&request, &mut receive)).expect("answered");
                assert_eq!(black_box(text).len(), TOKENS * 5);
            });
        });
        group.finish();
    }
}

criterion_group!(benches, reading);
criterion_main!(benches);
