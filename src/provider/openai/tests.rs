use pretty_assertions::assert_eq;
use serde_json::json;

use super::*;
use crate::{
    config::{ProviderKind, Server},
    model::{
        FinishReason, GenerationParameters, Message, ModelRef, ReasoningEffort, ResponseFormat,
        Role, Usage,
    },
    provider::catalog::Catalog,
};

fn ask(model: &str, parameters: GenerationParameters) -> ChatRequest {
    ChatRequest {
        model: model.to_owned(),
        messages: vec![Message { role: Role::User, content: "hi".to_owned() }],
        parameters,
        stream: true,
    }
}

fn build(host: &str, model: &str, parameters: GenerationParameters) -> (Value, SentParameters) {
    let catalog = Catalog::builtin();
    let protocol = OpenAi::new(Quirks::at(host));
    let facts = catalog.facts(ProviderKind::OpenAi, &ModelRef::new("openai", model));
    protocol.request(&ask(model, parameters), facts.as_ref())
}

#[test]
fn every_parameter_a_local_server_knows_is_sent() {
    let parameters = GenerationParameters {
        temperature: Some(0.5),
        top_k: Some(40),
        repetition_penalty: Some(1.1),
        max_tokens: Some(10),
        seed: Some(7),
        stop: vec!["###".to_owned()],
        response_format: Some(ResponseFormat::Json),
        ..GenerationParameters::default()
    };
    let (body, sent) = build("127.0.0.1", "llama", parameters);
    assert_eq!(sent.dropped, []);
    assert_eq!(
        body,
        json!({
            "model": "llama",
            "messages": [{"role": "user", "content": "hi"}],
            "stream": true,
            "stream_options": {"include_usage": true},
            "temperature": 0.5,
            "top_k": 40,
            "repetition_penalty": 1.1,
            "repeat_penalty": 1.1,
            "max_tokens": 10,
            "stop": ["###"],
            "seed": 7,
            "response_format": {"type": "json_object"},
        })
    );
}

#[test]
fn what_a_reasoning_model_refuses_is_dropped_with_the_reason() {
    let parameters = GenerationParameters {
        temperature: Some(0.5),
        max_tokens: Some(10),
        presence_penalty: Some(0.1),
        stop: vec!["x".to_owned()],
        reasoning_effort: Some(ReasoningEffort::Max),
        top_k: Some(3),
        ..GenerationParameters::default()
    };
    let (body, sent) = build("api.openai.com", "gpt-5-mini", parameters);
    let dropped: Vec<&str> = sent.dropped.iter().map(|it| it.name.as_str()).collect();
    assert_eq!(dropped, ["temperature", "top_k", "presence_penalty", "stop", "reasoning_effort"]);
    assert_eq!(body["max_completion_tokens"], 10);
    assert_eq!(body["stream_options"]["include_obfuscation"], false);
    assert_eq!(body.get("temperature"), None);
}

#[test]
fn sampling_comes_back_where_reasoning_is_off() {
    let parameters = |effort| GenerationParameters {
        temperature: Some(0.5),
        reasoning_effort: effort,
        ..GenerationParameters::default()
    };
    for (effort, dropped) in
        [(None, 0), (Some(ReasoningEffort::None), 0), (Some(ReasoningEffort::High), 1)]
    {
        let (_, sent) = build("api.openai.com", "gpt-5.4", parameters(effort));
        assert_eq!(sent.dropped.len(), dropped, "{effort:?}");
    }
}

#[test]
fn a_schema_is_asked_for_in_the_protocols_way_or_told() {
    let schema = json!({"type": "object"});
    let parameters = || GenerationParameters {
        response_format: Some(ResponseFormat::Schema(schema.clone())),
        ..GenerationParameters::default()
    };
    let (body, _) = build("api.openai.com", "gpt-4o", parameters());
    assert_eq!(body["response_format"]["json_schema"]["schema"], schema);
    let (body, sent) = build("api.deepseek.com", "deepseek-v4-pro", parameters());
    assert_eq!(body["response_format"], json!({"type": "json_object"}));
    assert_eq!(sent.dropped.len(), 1);
}

fn stream(frames: &[&str]) -> (Vec<ProviderEvent>, Result<(), CallError>) {
    let mut reader = OpenAi::new(Quirks::of(Server::Other)).decoder();
    let mut events = Vec::new();
    let mut receive = |event| events.push(event);
    for frame in frames {
        match reader.frame(b"", frame.as_bytes(), &mut receive) {
            Ok(false) => {}
            Ok(true) => break,
            Err(error) => return (events, Err(error)),
        }
    }
    let end = reader.end(&mut receive);
    (events, end)
}

#[test]
fn a_stream_with_everything_in_it() {
    let (events, end) = stream(&[
        r#"{"model":"m-1","choices":[{"index":0,"delta":{"role":"assistant","content":""}}]}"#,
        r#"{"model":"m-1","choices":[{"index":0,"delta":{"reasoning_content":"hm"}}]}"#,
        r#"{"choices":[{"index":0,"delta":{"content":"Hi"}}],"usage":null}"#,
        r#"{"choices":[{"index":1,"delta":{"content":"other"}}]}"#,
        r#"{"choices":[{"delta":{"tool_calls":[{"index":0,"id":"c","function":{"name":"f","arguments":"{\"a\""}}]}}]}"#,
        r#"{"choices":[{"delta":{"tool_calls":[{"index":0,"function":{"arguments":":1}"}}]}}]}"#,
        r#"{"choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}]}"#,
        r#"{"choices":[],"usage":{"prompt_tokens":5,"completion_tokens":2,"prompt_tokens_details":{"cached_tokens":4}}}"#,
        "[DONE]",
    ]);
    assert_eq!(end, Ok(()));
    assert_eq!(
        events,
        [
            ProviderEvent::Model("m-1".to_owned()),
            ProviderEvent::Reasoning("hm".to_owned()),
            ProviderEvent::Text("Hi".to_owned()),
            ProviderEvent::Heartbeat,
            ProviderEvent::ToolPiece(crate::model::ToolPiece {
                index: 0,
                id: "c".to_owned(),
                name: "f".to_owned(),
                arguments: "{\"a\"".to_owned(),
            }),
            ProviderEvent::ToolPiece(crate::model::ToolPiece {
                arguments: ":1}".to_owned(),
                ..crate::model::ToolPiece::default()
            }),
            ProviderEvent::ToolCall(crate::model::ToolCall {
                id: "c".to_owned(),
                name: "f".to_owned(),
                arguments: Some(json!({"a": 1})),
                arguments_raw: "{\"a\":1}".to_owned(),
            }),
            ProviderEvent::Finish { reason: FinishReason::ToolUse, raw: "tool_calls".to_owned() },
            ProviderEvent::Usage(Usage {
                input_tokens: Some(5),
                output_tokens: Some(2),
                cached_input_tokens: Some(4),
                ..Usage::default()
            }),
        ]
    );
}

#[test]
fn a_stream_without_its_end_is_not_complete() {
    let frame = r#"{"choices":[{"index":0,"delta":{"content":"Hi"}}]}"#;
    let (_, end) = stream(&[frame]);
    assert_eq!(end.expect_err("cut").kind, ErrorKind::InterruptedStream);
    let (_, end) = stream(&[frame, "[DONE]"]);
    assert_eq!(end, Ok(()));
    let (_, end) = stream(&[frame, r#"{"choices":[{"delta":{},"finish_reason":"stop"}]}"#]);
    assert_eq!(end, Ok(()));
}

#[test]
fn errors_inside_a_stream_are_errors() {
    for (frame, kind) in [
        (r#"{"error":{"message":"busy","code":529}}"#, ErrorKind::Overloaded),
        (r#"{"object":"error","message":"it broke","code":500}"#, ErrorKind::Server),
        (r#"{"choices":[{"error":{"message":"no","code":429}}]}"#, ErrorKind::RateLimit),
        ("{nonsense", ErrorKind::Protocol),
        ("[1]", ErrorKind::Protocol),
    ] {
        let (_, end) = stream(&[frame]);
        assert_eq!(end.expect_err(frame).kind, kind, "{frame}");
    }
}

#[test]
fn error_bodies_are_told_apart() {
    let protocol = OpenAi::new(Quirks::of(Server::Other));
    for (status, body, kind, retryable) in [
        (
            429,
            r#"{"error":{"message":"x","type":"insufficient_quota","code":"credit_balance_exhausted"}}"#,
            ErrorKind::Quota,
            false,
        ),
        (
            429,
            r#"{"error":{"message":"slow","code":"rate_limit_exceeded"}}"#,
            ErrorKind::RateLimit,
            true,
        ),
        (
            429,
            r#"{"error":{"message":"Rate limit reached for gpt-4o on requests per day (RPD): Limit 200, Used 200, Requested 1. Please try again in 7m12s.","type":"requests","code":"rate_limit_exceeded"}}"#,
            ErrorKind::Quota,
            false,
        ),
        (
            429,
            r#"{"error":{"message":"Rate limit exceeded: free-models-per-day","code":429}}"#,
            ErrorKind::Quota,
            false,
        ),
        (
            429,
            r#"{"error":{"message":"Request too large for gpt-4o on tokens per min (TPM): Limit 30000, Requested 60000. The input or output tokens must be reduced in order to run successfully.","type":"tokens","code":"rate_limit_exceeded"}}"#,
            ErrorKind::RequestTooLarge,
            false,
        ),
        (
            429,
            r#"{"error":{"message":"Rate limit reached for gpt-4o on tokens per min (TPM): Limit 30000, Used 29000, Requested 6000. Please try again in 10s.","type":"tokens","code":"rate_limit_exceeded"}}"#,
            ErrorKind::RateLimit,
            true,
        ),
        (
            400,
            r#"{"error":{"message":"maximum context length is 8"}}"#,
            ErrorKind::ContextLength,
            false,
        ),
        (
            404,
            r#"{"error":{"message":"no such model","code":"model_not_found"}}"#,
            ErrorKind::NotFound,
            false,
        ),
        (401, r#"{"error":"Unauthorized"}"#, ErrorKind::Authentication, false),
        (422, r#"{"detail":"field required"}"#, ErrorKind::InvalidRequest, false),
        (502, "<html><title>Bad Gateway</title>", ErrorKind::Server, true),
        (
            400,
            r#"{"object":"error","message":"bad","type":"BadRequestError"}"#,
            ErrorKind::InvalidRequest,
            false,
        ),
    ] {
        let error = protocol.error(status, body.as_bytes());
        assert_eq!((error.kind, error.retryable), (kind, retryable), "{body}");
        assert_eq!(error.http_status, Some(status), "{body}");
    }
}

#[test]
fn lists_of_models_are_read_as_servers_write_them() {
    let protocol = OpenAi::new(Quirks::of(Server::Other));
    let models = protocol
        .models(
            br#"{"data":[{"id":"a","context_length":8192},{"id":"b","meta":{"n_ctx":4096}},{}]}"#,
        )
        .expect("a list");
    assert_eq!(
        models,
        [
            ListedModel { id: "a".to_owned(), context_window: Some(8192) },
            ListedModel { id: "b".to_owned(), context_window: Some(4096) },
        ]
    );
    assert!(protocol.models(b"<html>").is_err());
}
