//! Replies that break off after their head: what is kept, what is counted, and that what was
//! sent is not sent again unbidden.

use promptlathe::model::{ErrorKind as E, Status, Usage};

use super::{
    through::{engine, engine_with, run, told},
    *,
};

fn chunk(text: &str) -> String {
    format!("{:x}\r\n{text}\r\n", text.len())
}

/// Every way a reply can end too early, after this much of a stream.
fn endings(kind: ProviderKind, body: &str) -> Vec<(&'static str, Vec<Step>)> {
    let content_type = match kind {
        ProviderKind::Ollama => "application/x-ndjson",
        _ => "text/event-stream",
    };
    let head = |more: &str| {
        Step::text(&format!("HTTP/1.1 200 OK\r\ncontent-type: {content_type}\r\n{more}\r\n"))
    };
    let chunked = || head("transfer-encoding: chunked\r\nconnection: close\r\n");
    let closing = || head("connection: close\r\n");
    let (whole, next) = (chunk(body), chunk("and so on, and so on"));
    vec![
        ("the connection ends", vec![closing(), Step::text(body)]),
        (
            "fewer bytes than were announced",
            vec![
                head(&format!("content-length: {}\r\nconnection: close\r\n", body.len() + 10)),
                Step::text(body),
            ],
        ),
        ("it ends between chunks", vec![chunked(), Step::text(&whole)]),
        (
            "it ends in the middle of a chunk",
            vec![chunked(), Step::text(&format!("{whole}{}", &next[..next.len() - 9]))],
        ),
        ("it ends in the size of a chunk", vec![chunked(), Step::text(&format!("{whole}1"))]),
        (
            "the chunks end as if all were said",
            vec![chunked(), Step::text(&format!("{whole}0\r\n\r\n"))],
        ),
        ("it is reset", vec![closing(), Step::text(body), Step::Reset]),
    ]
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_kept_with_its_usage_and_never_asked_for_again() {
    for kind in KINDS {
        let body = format!("{}{}{}", opening(kind), piece(kind, "so "), piece(kind, "far"));
        for (about, steps) in endings(kind, &body) {
            let reset = about == "it is reset";
            let server = Server::start(move |_| steps.clone()).await;
            let record = run(&engine(kind, &server.base), true).await;
            let told = format!("{kind:?}, {about}: {:?} {:?}", record.error, record.text);
            let error = record.error.as_ref().expect("it broke off");
            assert_eq!((error.kind, error.retryable), (E::InterruptedStream, false), "{told}");
            assert!(error.hint.as_deref().is_some_and(|it| it.contains("what arrived is kept")));
            assert_eq!(record.attempts.len(), 1, "{told}");
            assert_eq!(server.requests().len(), 1, "{told}");
            if reset {
                // A reset may overtake what the system still held.
                assert!("so far".starts_with(&record.text), "{told}");
                continue;
            }
            assert_eq!((record.status, &*record.text), (Status::Interrupted, "so far"), "{told}");
            assert!(record.finish_reason.is_none(), "{told}");
            // The provider did not come to say, so it is counted here and marked as that.
            assert!(record.usage.estimated, "{told}");
            assert!(record.usage.output_tokens >= Some(1), "{told}");
            if kind == ProviderKind::Anthropic {
                assert_eq!(record.usage.input_tokens, Some(3), "as it was told at first: {told}");
            }
            assert_eq!(record.cost_usd, None, "no price is known: {told}");
        }
    }
}

#[tokio::test]
async fn a_reply_of_which_only_the_head_came_is_not_asked_for_again() {
    for kind in KINDS {
        for opening in [String::new(), opening(kind), ": comment\n\n".to_owned()] {
            if kind == ProviderKind::Ollama && !opening.is_empty() {
                continue;
            }
            for end in [None, Some(Step::Reset), Some(Step::UntilGone)] {
                let silent = matches!(end, Some(Step::UntilGone));
                let mut steps = vec![head(kind), Step::text(&opening)];
                steps.extend(end);
                let server = Server::start(move |_| steps.clone()).await;
                // Short where silence is what ends it, and only there: the end of a connection may
                // be seen late.
                let limits = if silent {
                    EngineSettings { idle_timeout: Duration::from_millis(150), ..limits() }
                } else {
                    limits()
                };
                let provider = provider_at(kind, &server.base, &limits);
                let (record, waits) = told(&engine_with(provider, limits), true).await;
                let error = record.error.as_ref().expect("it broke off");
                let wanted = if silent { E::Timeout } else { E::InterruptedStream };
                assert_eq!(error.kind, wanted, "{kind:?} {opening:?} {error}");
                assert_eq!((record.attempts.len(), waits), (1, 0), "{kind:?} {opening:?}");
                assert_eq!(server.requests().len(), 1);
                // The prompt was taken and is paid for; of an answer there is nothing to count.
                let Usage { input_tokens, output_tokens, estimated, .. } = record.usage;
                assert!(input_tokens > Some(0) && estimated, "{kind:?} {opening:?}");
                assert_eq!(output_tokens, Some(0), "{kind:?} {opening:?}");
            }
        }
    }
}

/// An answer that says inside that there is no room.
fn overloaded(kind: ProviderKind) -> String {
    match kind {
        ProviderKind::Anthropic => "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\
                                    \"overloaded_error\",\"message\":\"Overloaded\"}}\n\n"
            .to_owned(),
        ProviderKind::Ollama => "{\"error\":\"server busy, please try again\"}\n".to_owned(),
        ProviderKind::Gemini => "data: {\"error\":{\"code\":503,\"message\":\"busy\",\"status\":\
                                 \"UNAVAILABLE\"}}\r\n\r\n"
            .to_owned(),
        _ => "data: {\"error\":{\"message\":\"busy\",\"code\":529}}\n\n".to_owned(),
    }
}

#[tokio::test]
async fn what_a_server_says_inside_before_the_first_word_is_tried_again() {
    for kind in KINDS {
        let server = Server::start(move |number| match number {
            0 => vec![head(kind), Step::text(&(opening(kind) + &overloaded(kind)))],
            _ => vec![head(kind), Step::text(&stream(kind, "hello"))],
        })
        .await;
        let (record, waits) = told(&engine(kind, &server.base), true).await;
        assert_eq!((record.status, record.attempts.len(), waits), (Status::Ok, 2, 1), "{kind:?}");
        assert_eq!(record.text, "hello");
        let first = record.attempts[0].error.as_ref().expect("it failed");
        assert_eq!((first.kind, first.retryable), (E::Overloaded, true), "{first}");
    }
}

#[tokio::test]
async fn what_a_server_says_inside_after_a_word_ends_the_call_with_it() {
    for kind in KINDS {
        let body = opening(kind) + &piece(kind, "so far") + &overloaded(kind);
        let server = Server::start(move |_| vec![head(kind), Step::text(&body)]).await;
        let record = run(&engine(kind, &server.base), true).await;
        assert_eq!((record.status, &*record.text), (Status::Interrupted, "so far"), "{kind:?}");
        assert_eq!((record.attempts.len(), server.requests().len()), (1, 1));
    }
}

#[tokio::test]
async fn a_tool_call_that_breaks_off_counts_as_begun_and_keeps_its_text() {
    for (kind, body) in [
        (
            ProviderKind::OpenAi,
            "data: {\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":0,\"id\":\"c1\",\
             \"function\":{\"name\":\"find\",\"arguments\":\"\"}}]}}]}\n\ndata: {\"choices\":[{\
             \"index\":0,\"delta\":{\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\
             \"{\\\"a\\\":1\"}}]}}]}\n\n",
        ),
        (
            ProviderKind::Anthropic,
            "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,\
             \"content_block\":{\"type\":\"tool_use\",\"id\":\"c1\",\"name\":\"find\",\"input\":{}}}\n\n\
             event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\
             \"delta\":{\"type\":\"input_json_delta\",\"partial_json\":\"{\\\"a\\\":1\"}}\n\n",
        ),
        (
            ProviderKind::Responses,
            "event: response.output_item.added\ndata: {\"type\":\"response.output_item.added\",\
             \"output_index\":0,\"item\":{\"type\":\"function_call\",\"call_id\":\"c1\",\"name\":\
             \"find\",\"arguments\":\"\"}}\n\nevent: response.function_call_arguments.delta\ndata: {\
             \"type\":\"response.function_call_arguments.delta\",\"output_index\":0,\"delta\":\
             \"{\\\"a\\\":1\"}\n\n",
        ),
    ] {
        let server = Server::start(move |_| vec![head(kind), Step::text(body)]).await;
        let record = run(&engine(kind, &server.base), true).await;
        assert_eq!((record.status, record.attempts.len()), (Status::Interrupted, 1), "{kind:?}");
        assert_eq!(server.requests().len(), 1, "{kind:?}");
        let [call] = record.tool_calls.as_slice() else { panic!("{kind:?}: {record:?}") };
        assert_eq!(
            (&*call.id, &*call.name, &*call.arguments_raw, &call.arguments),
            ("c1", "find", "{\"a\":1", &None),
            "{kind:?}"
        );
        assert!(record.usage.estimated && record.usage.output_tokens > Some(0), "{kind:?}");
    }
}

#[tokio::test]
async fn what_is_not_packed_or_cut_as_it_says_is_told_as_that() {
    for kind in KINDS {
        let packed = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-encoding: gzip\
                      \r\nconnection: close\r\n\r\nthis is not packed at all";
        let cut = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\
                   \r\nconnection: close\r\n\r\nzz\r\nhello\r\n0\r\n\r\n";
        for reply in [packed, cut] {
            let outcome = against(kind, vec![Step::text(reply)]).await;
            let error = outcome.error();
            assert_eq!((error.kind, error.retryable), (E::Protocol, false), "{kind:?} {error}");
        }
    }
}

#[tokio::test]
async fn signs_of_life_keep_a_call_waiting_and_the_total_limit_ends_it() {
    for kind in KINDS {
        let beats: &[&str] = match kind {
            ProviderKind::Ollama => &["{\"message\":{\"content\":\"\"},\"done\":false}\n"],
            ProviderKind::Anthropic => {
                &["event: ping\ndata: {\"type\": \"ping\"}\n\n", ": ping\n\n"]
            }
            _ => &[": keep-alive\n\n", "\n"],
        };
        for beat in beats {
            let steps = vec![head(kind), Step::Endless(beat.repeat(50).into_bytes())];
            let server = Server::start(move |_| steps.clone()).await;
            let limits = EngineSettings {
                total_timeout: Duration::from_millis(300),
                max_response: u64::MAX,
                ..limits()
            };
            let outcome = call(&*provider_at(kind, &server.base, &limits), true).await;
            let error = outcome.error();
            assert_eq!((error.kind, error.retryable), (E::Timeout, false), "{kind:?} {error}");
            assert!(error.hint.as_deref().is_some_and(|it| it.contains("total_timeout")));
            assert!(outcome.text.is_empty());
            server.client_is_gone().await;
        }
    }
}

#[tokio::test]
async fn the_idle_limit_counts_from_the_last_sign_of_life() {
    // Together they take longer than the limit; between two of them there is a fifth of it.
    let (pause, times) = (Duration::from_millis(400), 7);
    let limits = EngineSettings { idle_timeout: Duration::from_secs(2), ..limits() };
    let calls = KINDS.map(|kind| {
        let limits = limits.clone();
        async move {
            let beat = match kind {
                ProviderKind::Ollama => "{\"message\":{\"content\":\"\"},\"done\":false}\n",
                _ => ": keep-alive\n\n",
            };
            let beats = Step::Paced(beat.as_bytes().to_vec(), times, pause);
            let steps = vec![head(kind), beats, Step::text(&stream(kind, "at last"))];
            let server = Server::start(move |_| steps.clone()).await;
            call(&*provider_at(kind, &server.base, &limits), true).await
        }
    });
    for outcome in futures_util::future::join_all(calls).await {
        assert!(outcome.result.is_ok(), "{outcome:?}");
        assert_eq!(outcome.text, "at last");
    }
}
