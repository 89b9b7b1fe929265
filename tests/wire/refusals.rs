//! What servers refuse, and what is told and kept of it: the field and the limit, the source of a
//! key, the names that could have been meant, the body as it came.

use promptlathe::model::{ErrorKind as E, Status};

use super::{
    through::{engine, run},
    *,
};

/// A reply with a status and a JSON body.
fn reply(status: &str, body: &str) -> Vec<Step> {
    vec![Step::text(&format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\
         connection: close\r\n\r\n{body}",
        body.len()
    ))]
}

/// What each protocol says of a parameter that is out of bounds, and of a prompt that is too
/// long: the field and the limit that its words name.
fn refusals(kind: ProviderKind) -> [(&'static str, E, &'static str); 2] {
    match kind {
        ProviderKind::Anthropic => [
            (
                r#"{"type":"error","error":{"type":"invalid_request_error","message":"max_tokens: 999999 > 8192, which is the maximum allowed number of output tokens"}}"#,
                E::InvalidRequest,
                "max_tokens: 999999 > 8192",
            ),
            (
                r#"{"type":"error","error":{"type":"invalid_request_error","message":"prompt is too long: 205000 tokens > 200000 maximum"}}"#,
                E::ContextLength,
                "200000 maximum",
            ),
        ],
        ProviderKind::Ollama => [
            (
                r#"{"error":"invalid options: temperature must be below 2"}"#,
                E::InvalidRequest,
                "temperature must be below 2",
            ),
            (
                r#"{"error":"the input length exceeds the context length 4096"}"#,
                E::ContextLength,
                "4096",
            ),
        ],
        ProviderKind::Gemini => [
            (
                r#"{"error":{"code":400,"status":"INVALID_ARGUMENT","message":"Unable to submit request because it has a temperature value of 5 but the supported range is from 0 to 2"}}"#,
                E::InvalidRequest,
                "from 0 to 2",
            ),
            (
                r#"{"error":{"code":400,"status":"INVALID_ARGUMENT","message":"The input token count (1200000) exceeds the maximum number of tokens allowed (1048576)."}}"#,
                E::ContextLength,
                "1048576",
            ),
        ],
        _ => [
            (
                r#"{"error":{"message":"Invalid 'temperature': decimal above maximum value. Expected a value <= 2","type":"invalid_request_error","param":"temperature","code":"decimal_above_max_value"}}"#,
                E::InvalidRequest,
                "<= 2",
            ),
            (
                r#"{"error":{"message":"This model's maximum context length is 8192 tokens.","type":"invalid_request_error","param":"messages","code":"context_length_exceeded"}}"#,
                E::ContextLength,
                "8192",
            ),
        ],
    }
}

#[tokio::test]
async fn the_field_and_the_limit_are_told_once_and_the_prompt_stays() {
    for kind in KINDS {
        for (body, wanted, limit) in refusals(kind) {
            let server = Server::start(move |_| reply("400 Bad Request", body)).await;
            let record = run(&engine(kind, &server.base), true).await;
            let error = record.error.as_ref().expect("refused");
            assert_eq!((error.kind, error.retryable), (wanted, false), "{kind:?} {error}");
            assert!(error.message.contains(limit), "{kind:?} {error}");
            let hint = error.hint.as_deref().unwrap_or_default();
            let next = if wanted == E::ContextLength { "shorten" } else { "" };
            assert!(hint.contains(next) && hint.len() > 10, "{kind:?} {error}");
            assert_eq!((record.status, record.attempts.len()), (Status::Error, 1), "{kind:?}");
            assert_eq!(server.requests().len(), 1, "{kind:?}");
            assert_eq!(record.messages[0].content, "Hi");
            assert_eq!(record.attempts[0].error_body.as_deref(), Some(body), "as it came");
        }
    }
}

/// A provider under a name, with a key from somewhere.
fn named(kind: ProviderKind, base: &Url, name: &str, key: KeySource) -> Arc<dyn Provider> {
    let secret = (key != KeySource::None).then(|| Secret::new(KEY.to_owned()));
    let settings = ProviderSettings::new(kind, base.clone(), key);
    build(name, &settings, &limits(), secret.as_ref(), &Arc::new(Catalog::builtin()))
        .expect("built")
}

#[tokio::test]
async fn a_rejected_key_is_told_with_its_source_and_never_shown() {
    let starred = format!("{}****{}", &KEY[..8], &KEY[KEY.len() - 4..]);
    let sources = [
        (KeySource::Env("MY_KEY".to_owned()), "key rejected (from env MY_KEY)"),
        (
            KeySource::Command(vec!["pass".to_owned(), "show".to_owned()]),
            "key rejected (from command pass)",
        ),
        (KeySource::None, "no key was sent: api_key_env under [providers.work]"),
    ];
    for kind in KINDS {
        for (source, words) in sources.clone() {
            let said = match source {
                KeySource::None => "You gave no API key".to_owned(),
                _ => format!("Incorrect API key provided: {starred}. Or {KEY}, or {}…", &KEY[..9]),
            };
            let body = match kind {
                ProviderKind::Ollama => format!("{{\"error\":\"{said}\"}}"),
                _ => format!("{{\"error\":{{\"message\":\"{said}\"}}}}"),
            };
            let server = Server::start(move |_| reply("401 Unauthorized", &body)).await;
            let provider = named(kind, &server.base, "work", source.clone());
            let outcome = call(&*provider, true).await;
            let error = outcome.error();
            assert_eq!((error.kind, error.retryable), (E::Authentication, false), "{error}");
            let hint = error.hint.as_deref().unwrap_or_default();
            assert!(hint.contains(words), "{kind:?}: no `{words}` in {hint}");
            let listed = provider.models().await.expect_err("refused");
            assert!(listed.hint.is_some_and(|hint| hint.contains(words)), "{kind:?}");
            if source == KeySource::None {
                continue;
            }
            assert!(error.message.contains("provided: [key]. Or [key], or [key]"), "{error}");
            let body = outcome.body.clone().expect("the body");
            assert!(!body.contains(&KEY[..8]) && body.contains("[key]"), "{body}");
        }
    }
}

/// A list of models in each protocol's form.
fn list(kind: ProviderKind, names: &[&str]) -> String {
    let rows = |field: &str, prefix: &str| {
        let rows: Vec<String> =
            names.iter().map(|name| format!("{{\"{field}\":\"{prefix}{name}\"}}")).collect();
        rows.join(",")
    };
    match kind {
        ProviderKind::Ollama => format!("{{\"models\":[{}]}}", rows("name", "")),
        ProviderKind::Gemini => format!("{{\"models\":[{}]}}", rows("name", "models/")),
        _ => format!("{{\"data\":[{}]}}", rows("id", "")),
    }
}

/// That a model is not there, in each protocol's words.
fn missing(kind: ProviderKind) -> &'static str {
    match kind {
        ProviderKind::Anthropic => {
            r#"{"type":"error","error":{"type":"not_found_error","message":"model: gpt-4o-minni"}}"#
        }
        ProviderKind::Ollama => r#"{"error":"model 'gpt-4o-minni' not found"}"#,
        ProviderKind::Gemini => {
            r#"{"error":{"code":404,"status":"NOT_FOUND","message":"models/gpt-4o-minni is not found"}}"#
        }
        _ => r#"{"error":{"message":"The model does not exist","code":"model_not_found"}}"#,
    }
}

/// A server without the model; its list is answered with a status.
async fn without_the_model(kind: ProviderKind, status: &'static str, models: String) -> Server {
    Server::asked(move |request| {
        if request.head.starts_with("GET ") {
            reply(status, &models)
        } else {
            reply("404 Not Found", missing(kind))
        }
    })
    .await
}

#[tokio::test]
async fn a_model_that_is_not_there_is_answered_with_the_nearest_of_those_the_server_lists() {
    for kind in KINDS {
        let names = ["gpt-4o-mini", "llama3.2", "gpt-4o-\u{1b}mini", "gpt-4o"];
        let models = list(kind, &names).replace('\u{1b}', "\\u001b");
        let server = without_the_model(kind, "200 OK", models).await;
        let provider = named(kind, &server.base, "work", KeySource::None);
        for asked in 1..=2 {
            let outcome = call(&*provider, true).await;
            let error = outcome.error();
            assert_eq!((error.kind, error.retryable), (E::NotFound, false), "{error}");
            let hint = error.hint.as_deref().unwrap_or_default();
            assert!(hint.contains("did you mean work/gpt-4o-mini, "), "{kind:?}: {hint}");
            assert!(hint.contains(" or work/gpt-4o?"), "{kind:?}: {hint}");
            assert!(!hint.contains("llama3.2"), "{kind:?}: {hint}");
            assert!(hint.contains("`lathe models work` lists them all"), "{kind:?}: {hint}");
            let pull = hint.contains("ollama pull gpt-4o-minni");
            assert_eq!(pull, kind == ProviderKind::Ollama, "{kind:?}: {hint}");
            let lists = server.requests().iter().filter(|it| it.head.starts_with("GET ")).count();
            assert_eq!(lists, 1, "asked for once in a minute, after {asked} errors: {kind:?}");
        }
    }
}

#[tokio::test]
async fn where_no_name_is_near_the_list_itself_is_told() {
    let kind = ProviderKind::OpenAi;
    for (names, words) in [
        (vec![], "work lists no model at all"),
        (vec!["zeta", "theta"], "it has work/zeta or work/theta"),
        (vec!["b", "c", "d", "e"], "it has 4 models, none of such a name"),
        (vec!["gpt-4o-minni"], "work lists gpt-4o-minni all the same"),
    ] {
        let server = without_the_model(kind, "200 OK", list(kind, &names)).await;
        let outcome = call(&*named(kind, &server.base, "work", KeySource::None), true).await;
        let hint = outcome.error().hint.clone().unwrap_or_default();
        assert!(hint.contains(words), "no `{words}` in {hint}");
    }
}

/// What Azure lists can be deployed, and says nothing of what is: no name of it is told.
#[tokio::test]
async fn where_deployments_are_asked_for_no_listed_model_is_told_as_one() {
    let lacking = r#"{"error":{"code":"DeploymentNotFound","message":"It does not exist."}}"#;
    let elsewhere = r#"{"error":{"code":"404","message":"Resource not found"}}"#;
    let kind = ProviderKind::OpenAi;
    for (path, body, words) in [
        ("/", lacking, "create one called `gpt-4o-minni`"),
        ("/openai/v1", lacking, "create one called `gpt-4o-minni`"),
        ("/", elsewhere, "`gpt-4o-minni` is the name of a deployment of work, and base_url and"),
    ] {
        let names = ["gpt-4o-minni", "gpt-4o-mini"];
        let server = Server::asked(move |request| {
            if request.head.starts_with("GET ") {
                reply("200 OK", &list(kind, &names))
            } else {
                reply("404 Not Found", body)
            }
        })
        .await;
        let mut settings = ProviderSettings::new(kind, server.base.clone(), KeySource::None);
        settings.quirks = Some(promptlathe::config::Server::Azure);
        settings.base_url.set_path(path);
        let catalog = Arc::new(Catalog::builtin());
        let provider = build("work", &settings, &limits(), None, &catalog).expect("built");
        let outcome = call(&*provider, true).await;
        let hint = outcome.error().hint.clone().unwrap_or_default();
        assert!(hint.contains(words), "{path}: no `{words}` in {hint}");
        assert_eq!(server.requests().len(), 1, "{path}: no list is asked for");
    }
}

#[tokio::test]
async fn where_there_is_no_list_the_catalogue_is_looked_into() {
    for (kind, name, words) in [
        (ProviderKind::OpenAi, "openai", "did you mean openai/gpt-4o-mini"),
        (ProviderKind::OpenAi, "work", "base_url under [providers.work]"),
        (ProviderKind::Anthropic, "work", "base_url under [providers.work]"),
        (ProviderKind::Ollama, "ollama", "ollama pull"),
        (ProviderKind::Gemini, "gemini", "base_url under [providers.gemini]"),
    ] {
        let server = without_the_model(kind, "500 Oops", String::new()).await;
        let outcome = call(&*named(kind, &server.base, name, KeySource::None), true).await;
        let hint = outcome.error().hint.clone().unwrap_or_default();
        assert!(hint.contains(words), "{kind:?} {name}: no `{words}` in {hint}");
    }
    // One's own name for the usual provider: the names are those of its kind.
    let kind = ProviderKind::Anthropic;
    let server = without_the_model(kind, "500 Oops", String::new()).await;
    let provider = named(kind, &server.base, "work", KeySource::None);
    let request = ChatRequest { model: "claude-sonet-5".to_owned(), ..request(true) };
    let error = provider.call(&request, &mut |_| {}).await.expect_err("not there");
    let hint = error.hint.unwrap_or_default();
    assert!(hint.contains("did you mean work/claude-sonnet-5"), "{hint}");
}

#[tokio::test]
async fn a_limit_that_no_wait_passes_is_not_waited_for() {
    let openai = r#"{"error":{"message":"You exceeded your current quota","type":"insufficient_quota","code":"insufficient_quota"}}"#;
    let anthropic = r#"{"type":"error","error":{"type":"rate_limit_error","message":"Limit reached","details":{"error_code":"enforced_spend_limit_reached"}}}"#;
    let gemini = r#"{"error":{"code":429,"status":"RESOURCE_EXHAUSTED","message":"You exceeded your current quota","details":[{"@type":"type.googleapis.com/google.rpc.QuotaFailure","violations":[{"quotaId":"GenerateRequestsPerDayPerProjectPerModel-FreeTier","quotaValue":"50"}]},{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"3s"}]}}"#;
    for (kind, body) in [
        (ProviderKind::OpenAi, openai),
        (ProviderKind::Responses, openai),
        (ProviderKind::Anthropic, anthropic),
        (ProviderKind::Gemini, gemini),
    ] {
        let server = Server::start(move |_| reply("429 Too Many Requests", body)).await;
        let record = run(&engine(kind, &server.base), true).await;
        let error = record.error.as_ref().expect("refused");
        assert_eq!((error.kind, error.retryable), (E::Quota, false), "{kind:?} {error}");
        assert_eq!((record.attempts.len(), server.requests().len()), (1, 1), "{kind:?}");
        let hint = error.hint.as_deref().unwrap_or_default();
        assert!(hint.contains("credit") || hint.contains("day"), "{kind:?}: {hint}");
    }
    // That of a minute passes.
    let minute = gemini.replace("PerDay", "PerMinute").replace("3s", "0.02s");
    let kind = ProviderKind::Gemini;
    let server = Server::start(move |number| match number {
        0 => reply("429 Too Many Requests", &minute),
        _ => vec![head(kind), Step::text(&stream(kind, "hello"))],
    })
    .await;
    let record = run(&engine(kind, &server.base), true).await;
    assert_eq!((record.status, record.attempts.len()), (Status::Ok, 2));
    let first = record.attempts[0].error.as_ref().expect("refused");
    assert_eq!((first.kind, first.retry_after_ms), (E::RateLimit, Some(20)));
}

#[tokio::test]
async fn the_body_of_a_refusal_is_kept_bounded_and_told_in_a_line() {
    for kind in KINDS {
        let steps = vec![
            Step::text(
                "HTTP/1.1 500 Oops\r\ncontent-type: text/plain\r\nconnection: close\r\n\r\n",
            ),
            Step::text("it broke \u{1b}[2J\r\nbadly "),
            Step::Endless(vec![b'x'; 64 << 10]),
        ];
        let server = Server::start(move |_| steps.clone()).await;
        let outcome = call(&*provider_at(kind, &server.base, &limits()), true).await;
        let error = outcome.error();
        assert_eq!((error.kind, error.http_status), (E::Server, Some(500)), "{kind:?} {error}");
        assert!(error.message.contains("it broke"), "{kind:?} {error}");
        assert!(error.message.chars().count() < 400, "{kind:?} {error}");
        let body = outcome.body.expect("its body");
        assert_eq!(body.len(), 64 << 10, "{kind:?}");
        assert!(body.starts_with("it broke \u{1b}[2J\r\nbadly xxx"), "as it came");
        server.client_is_gone().await;
        // What was read is the limit, and what the system holds on the way.
        assert!(server.sent() < 32 << 20, "{}", server.sent());
    }
}

#[tokio::test]
async fn a_begun_answer_is_not_sent_to_a_model_that_takes_none() {
    let kind = ProviderKind::Anthropic;
    let server = Server::start(move |_| vec![head(kind), Step::text(&stream(kind, "hello"))]).await;
    let provider = provider_at(kind, &server.base, &limits());
    let begun = |model: &str| ChatRequest {
        model: model.to_owned(),
        messages: vec![
            Message::new(Role::User, "Hi"),
            Message::new(Role::Assistant, "{"),
            Message::new(Role::System, "Be brief."),
        ],
        ..request(true)
    };
    for model in ["claude-opus-4-6", "claude-opus-5", "claude-of-tomorrow"] {
        let error = provider.call(&begun(model), &mut |_| {}).await.expect_err("refused");
        assert_eq!((error.kind, error.retryable), (E::InvalidRequest, false), "{error}");
        assert!(error.message.contains(model) && error.message.contains("nothing was sent"));
        assert!(error.hint.is_some_and(|hint| hint.contains("end the prompt with a user message")));
    }
    assert_eq!(server.connections(), 0);
    for model in ["claude-opus-4-5", "claude-sonnet-4-5-20250929", "another-model"] {
        let answered = provider.call(&begun(model), &mut |_| {}).await;
        assert_eq!(answered, Ok(()), "{model}");
    }
    let ended =
        ChatRequest { messages: vec![Message::new(Role::User, "Hi")], ..begun("claude-opus-5") };
    assert_eq!(provider.call(&ended, &mut |_| {}).await, Ok(()));
}
