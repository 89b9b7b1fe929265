use std::sync::Mutex;

use axum::{Json, Router, http::HeaderMap, http::StatusCode, http::Uri, routing};
use serde_json::{Value, json};

use super::*;
use crate::{
    config::{KeySource, ProviderSettings, Secret},
    model::{GenerationParameters, Message, Role},
    provider::build,
};

const KEY: &str = "sk-planted-0123456789";

/// A provider that reaches the given routes on this machine.
async fn provider(kind: ProviderKind, routes: Router) -> Arc<dyn Provider> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move { axum::serve(listener, routes).await });
    let base = Url::parse(&format!("http://{address}")).expect("an address");
    let settings = ProviderSettings::new(kind, base, KeySource::None);
    let limits = EngineSettings::default();
    let key = Secret::new(KEY.to_owned());
    build("test", &settings, &limits, Some(&key), &Arc::new(Catalog::builtin())).expect("settings")
}

fn request() -> ChatRequest {
    ChatRequest {
        model: "m".to_owned(),
        messages: vec![Message::new(Role::User, "Hi")],
        parameters: GenerationParameters::default(),
        stream: true,
    }
}

#[tokio::test]
async fn a_list_is_asked_for_with_the_headers_and_the_query_of_its_protocol() {
    let asked = Arc::new(Mutex::new(None));
    let seen = Arc::clone(&asked);
    let list = move |uri: Uri, headers: HeaderMap| async move {
        let version = headers.get("anthropic-version").cloned();
        *seen.lock().expect("not poisoned") = Some((uri.to_string(), version));
        Json(json!({ "data": [{ "id": "claude-x" }] }))
    };
    let routes = Router::new().route("/v1/models", routing::get(list));
    let models = provider(ProviderKind::Anthropic, routes).await.models().await.expect("a list");
    assert_eq!(models.len(), 1);
    let (uri, version) = asked.lock().expect("not poisoned").take().expect("asked");
    assert_eq!(uri, "/v1/models?limit=1000");
    assert_eq!(version.expect("a version"), "2023-06-01");
}

#[tokio::test]
async fn a_key_the_server_repeats_is_taken_out() {
    let refuse = || async {
        let body = json!({ "error": {
            "message": format!("Incorrect key {KEY}"), "code": KEY, "type": "invalid_request_error",
        } });
        (StatusCode::UNAUTHORIZED, Json::<Value>(body))
    };
    let routes = Router::new()
        .route("/chat/completions", routing::post(refuse))
        .route("/models", routing::get(refuse));
    let provider = provider(ProviderKind::OpenAi, routes).await;
    let called = provider.call(&request(), &mut |_| {}).await.expect_err("refused");
    let listed = provider.models().await.expect_err("refused");
    for error in [called, listed] {
        assert!(error.message.contains("Incorrect key [key]"), "{error}");
        assert!(!format!("{error:?}").contains("planted"), "{error:?}");
    }
}

#[tokio::test]
async fn geminis_key_travels_in_a_header_and_never_in_the_address() {
    let asked = Arc::new(Mutex::new(None));
    let seen = Arc::clone(&asked);
    let answer = move |uri: Uri, headers: HeaderMap| async move {
        let key = headers.get("x-goog-api-key").cloned();
        let bearer = headers.contains_key("authorization");
        *seen.lock().expect("not poisoned") = Some((uri.to_string(), key, bearer));
        let head = [("content-type", "text/event-stream")];
        let body = "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"Hi\"}]},\
                    \"finishReason\":\"STOP\"}]}\n\n";
        (head, body)
    };
    let routes = Router::new().fallback(routing::post(answer));
    let provider = provider(ProviderKind::Gemini, routes).await;
    let mut events = Vec::new();
    provider.call(&request(), &mut |event| events.push(event)).await.expect("answered");
    assert!(events.contains(&ProviderEvent::Text("Hi".to_owned())));
    let (uri, key, bearer) = asked.lock().expect("not poisoned").take().expect("asked");
    assert_eq!(uri, "/v1beta/models/m:streamGenerateContent?alt=sse");
    assert_eq!(key.expect("a key"), KEY);
    assert!(!bearer);
}
