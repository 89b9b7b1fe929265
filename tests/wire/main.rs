//! Faults of servers, over real sockets: what a call makes of them, for every protocol.
#![expect(clippy::expect_used, reason = "a test says what it expected and stops")]

mod answers;
mod bodies;
mod certificates;
mod connections;
mod cuts;
mod demo;
mod discovery;
mod heads;
mod limits;
mod proxies;
mod redirects;
mod refusals;
mod server;
mod servers;
mod statuses;
mod through;

use std::{sync::Arc, time::Duration};

use promptlathe::{
    config::{EngineSettings, KeySource, ProviderKind, ProviderSettings, Secret},
    model::{
        CallError, ChatRequest, FinishReason, GenerationParameters, Message, ProviderEvent, Role,
    },
    provider::{Catalog, Provider, build},
};
use server::{Nobody, Server, Step};
use url::Url;

/// A key that must never be seen anywhere.
const KEY: &str = "sk-planted-0123456789abcdef";

/// The protocols a fault is tried with.
const KINDS: [ProviderKind; 5] = [
    ProviderKind::OpenAi,
    ProviderKind::Anthropic,
    ProviderKind::Ollama,
    ProviderKind::Responses,
    ProviderKind::Gemini,
];

/// Limits small enough to be reached.
fn limits() -> EngineSettings {
    EngineSettings {
        connect_timeout: Duration::from_secs(5),
        idle_timeout: Duration::from_secs(20),
        total_timeout: Duration::from_secs(40),
        max_response: 4 << 20,
        max_event: 1 << 20,
        ..EngineSettings::default()
    }
}

fn provider_at(kind: ProviderKind, base: &Url, limits: &EngineSettings) -> Arc<dyn Provider> {
    let settings = ProviderSettings::new(kind, base.clone(), KeySource::None);
    let key = Secret::new(KEY.to_owned());
    build("test", &settings, limits, Some(&key), &Arc::new(Catalog::builtin())).expect("built")
}

fn request(stream: bool) -> ChatRequest {
    ChatRequest {
        model: "gpt-4o-minni".to_owned(),
        messages: vec![Message::new(Role::User, "Hi")],
        parameters: GenerationParameters::default(),
        stream,
    }
}

/// What became of a call.
#[derive(Debug)]
struct Outcome {
    result: Result<(), CallError>,
    text: String,
    finish: Option<FinishReason>,
    request_id: Option<String>,
    /// The body of the status it was refused with.
    body: Option<String>,
}

impl Outcome {
    /// The error, which tells what, where and what next, and nothing that it must not.
    fn error(&self) -> &CallError {
        let error = self.result.as_ref().expect_err("it fails");
        let told = format!("{error:?} {error}");
        assert!(!told.contains("planted"), "the key is told: {told}");
        assert!(!error.message.contains('\n'), "one line: {told}");
        assert!(!error.message.is_empty(), "{told}");
        assert!(error.hint.as_ref().is_some_and(|hint| hint.len() > 10), "what next: {told}");
        error
    }
}

async fn call(provider: &dyn Provider, stream: bool) -> Outcome {
    let mut text = String::new();
    let (mut finish, mut id, mut body) = (None, None, None);
    let mut receive = |event| match event {
        ProviderEvent::Text(piece) => text.push_str(&piece),
        ProviderEvent::Finish { reason, .. } => finish = Some(reason),
        ProviderEvent::Headers { request_id, .. } => id = request_id,
        ProviderEvent::ErrorBody(text) => body = Some(text),
        _ => {}
    };
    let result = provider.call(&request(stream), &mut receive).await;
    Outcome { result, text, finish, request_id: id, body }
}

/// Calls a server that does these steps with every request.
async fn against(kind: ProviderKind, steps: Vec<Step>) -> Outcome {
    let server = Server::start(move |_| steps.clone()).await;
    call(&*provider_at(kind, &server.base, &limits()), true).await
}

/// The head of a stream.
fn head(kind: ProviderKind) -> Step {
    let kind = match kind {
        ProviderKind::Ollama => "application/x-ndjson",
        _ => "text/event-stream",
    };
    Step::text(&format!("HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\nconnection: close\r\n\r\n"))
}

/// The frames before the first text.
fn opening(kind: ProviderKind) -> String {
    match kind {
        ProviderKind::Anthropic => {
            "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"model\":\"m\",\
             \"usage\":{\"input_tokens\":3,\"output_tokens\":1}}}\n\nevent: content_block_start\n\
             data: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\
             \"text\",\"text\":\"\"}}\n\n"
                .to_owned()
        }
        _ => String::new(),
    }
}

/// A frame with a piece of text.
fn piece(kind: ProviderKind, text: &str) -> String {
    let text = serde_json::Value::from(text);
    match kind {
        ProviderKind::Anthropic => format!(
            "event: content_block_delta\ndata: {{\"type\":\"content_block_delta\",\"index\":0,\
             \"delta\":{{\"type\":\"text_delta\",\"text\":{text}}}}}\n\n"
        ),
        ProviderKind::Ollama => format!(
            "{{\"model\":\"m\",\"message\":{{\"role\":\"assistant\",\"content\":{text}}},\
             \"done\":false}}\n"
        ),
        ProviderKind::Responses => format!(
            "event: response.output_text.delta\ndata: {{\"type\":\"response.output_text.delta\",\
             \"delta\":{text}}}\n\n"
        ),
        ProviderKind::Gemini => format!(
            "data: {{\"candidates\":[{{\"content\":{{\"parts\":[{{\"text\":{text}}}]}},\"index\":\
             0}}]}}\r\n\r\n"
        ),
        _ => {
            format!("data: {{\"choices\":[{{\"index\":0,\"delta\":{{\"content\":{text}}}}}]}}\n\n")
        }
    }
}

/// The frames of an answer's end, one by one.
fn ending(kind: ProviderKind) -> Vec<String> {
    match kind {
        ProviderKind::Anthropic => vec![
            "event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":0}\n\n"
                .to_owned(),
            "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\
             \"end_turn\"},\"usage\":{\"output_tokens\":2}}\n\n"
                .to_owned(),
            "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n".to_owned(),
        ],
        ProviderKind::Ollama => vec![
            "{\"model\":\"m\",\"message\":{\"role\":\"assistant\",\"content\":\"\"},\"done\":true,\
             \"done_reason\":\"stop\",\"prompt_eval_count\":3,\"eval_count\":2}\n"
                .to_owned(),
        ],
        ProviderKind::Responses => vec![
            "event: response.output_text.done\ndata: {\"type\":\"response.output_text.done\"}\n\n"
                .to_owned(),
            "event: response.completed\ndata: {\"type\":\"response.completed\",\"response\":\
             {\"status\":\"completed\",\"output\":[]}}\n\n"
                .to_owned(),
        ],
        ProviderKind::Gemini => vec![
            "data: {\"candidates\":[{\"content\":{\"parts\":[]},\"finishReason\":\"STOP\",\"index\":\
             0}]}\r\n\r\n"
                .to_owned(),
        ],
        _ => vec![
            "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n"
                .to_owned(),
            "data: [DONE]\n\n".to_owned(),
        ],
    }
}

/// A whole stream.
fn stream(kind: ProviderKind, text: &str) -> String {
    format!("{}{}{}", opening(kind), piece(kind, text), ending(kind).concat())
}
