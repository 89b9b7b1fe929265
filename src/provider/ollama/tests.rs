use rstest::rstest;
use serde_json::json;

use super::*;
use crate::model::{GenerationParameters, Message, Parameter, Role};
use crate::provider::catalog::{ModelFacts, Thinking};

fn request(parameters: &Value) -> ChatRequest {
    let mut asked = GenerationParameters::default();
    for (name, value) in parameters.as_object().expect("an object") {
        asked.set(Parameter::from_word(name).expect("known"), value).expect("in range");
    }
    ChatRequest {
        model: "qwen3:8b".to_owned(),
        messages: vec![Message::new(Role::System, "Be brief."), Message::new(Role::User, "Hi")],
        parameters: asked,
        stream: false,
    }
}

#[test]
fn every_parameter_goes_under_its_own_name() {
    let asked = request(&json!({
        "temperature": 0.5, "top_p": 0.9, "top_k": 40, "frequency_penalty": 0.1,
        "presence_penalty": 0.2, "repetition_penalty": 1.1, "max_tokens": 64, "seed": -1,
        "stop": ["###"], "response_format": "json", "reasoning_effort": "xhigh",
    }));
    let (body, told) = Ollama.request(&asked, None);
    assert_eq!(
        body,
        json!({
            "model": "qwen3:8b",
            "messages": [
                { "role": "system", "content": "Be brief." },
                { "role": "user", "content": "Hi" },
            ],
            "stream": false,
            "truncate": false,
            "options": {
                "temperature": 0.5, "top_p": 0.9, "top_k": 40, "frequency_penalty": 0.1,
                "presence_penalty": 0.2, "repeat_penalty": 1.1, "num_predict": 64, "seed": -1,
                "stop": ["###"],
            },
            "format": "json",
            "think": "high",
        })
    );
    assert_eq!(told.requested, asked.parameters.to_map());
    assert!(told.dropped.is_empty());
    let mut expected = body["options"].clone();
    expected["format"] = json!("json");
    expected["think"] = json!("high");
    assert_eq!(Value::Object(told.sent), expected);
}

#[rstest]
#[case("none", json!(false))]
#[case("minimal", json!("low"))]
#[case("low", json!("low"))]
#[case("medium", json!("medium"))]
#[case("high", json!("high"))]
#[case("max", json!("max"))]
fn thinking_goes_by_level(#[case] effort: &str, #[case] think: Value) {
    let asked = request(&json!({ "reasoning_effort": effort }));
    assert_eq!(Ollama.request(&asked, None).0["think"], think);
    let mut facts = ModelFacts::default();
    facts.capabilities.thinking = Thinking::None;
    let (body, told) = Ollama.request(&asked, Some(&facts));
    assert_eq!(body.get("think"), None);
    assert_eq!(told.dropped.len(), 1);
}

#[test]
fn nothing_asked_is_nothing_sent() {
    let (body, told) = Ollama.request(&request(&json!({})), None);
    let names: Vec<_> = body.as_object().expect("an object").keys().collect();
    assert_eq!(names, ["model", "stream", "messages", "truncate"]);
    assert_eq!(told, SentParameters::default());
    let schema = json!({ "type": "object" });
    let asked = request(&json!({ "response_format": { "schema": schema } }));
    assert_eq!(Ollama.request(&asked, None).0["format"], schema);
}

#[rstest]
#[case(404, "model 'qwen9' not found", "not_found", false, Some("ollama pull qwen9"))]
#[case(
    404,
    "model \"a;b\" not found, try pulling it first",
    "not_found",
    false,
    Some("ollama pull`")
)]
#[case(
    400,
    "\"phi3\" does not support thinking",
    "invalid_request",
    false,
    Some("reasoning_effort")
)]
#[case(
    400,
    "the input length exceeds the context length",
    "context_length",
    false,
    Some("num_ctx")
)]
#[case(
    500,
    "model requires more system memory (9 GiB) than is available",
    "server",
    false,
    Some("smaller")
)]
#[case(
    503,
    "server busy, please try again. maximum pending requests exceeded",
    "overloaded",
    true,
    Some("wait")
)]
#[case(
    500,
    "llama runner process has terminated: exit status 2",
    "server",
    true,
    Some("run again")
)]
fn errors_are_told_by_their_words(
    #[case] status: u16,
    #[case] said: &str,
    #[case] kind: &str,
    #[case] retryable: bool,
    #[case] hint: Option<&str>,
) {
    let error = Ollama.error(status, json!({ "error": said }).to_string().as_bytes());
    assert_eq!((error.kind.as_str(), error.retryable), (kind, retryable), "{error}");
    assert_eq!(error.http_status, Some(status));
    assert!(error.message.contains(said), "{error}");
    let hint = hint.expect("every error has one");
    assert!(error.hint.is_some_and(|said| said.contains(hint)));
}
