//! Heads of replies: none, too large, interim ones, and the name a request is given in them.

use promptlathe::{
    engine::Circuit,
    model::{ErrorKind as E, Status},
};

use super::{
    through::{engine, run},
    *,
};

/// Bytes that are no head of a reply, or more of one than is taken.
fn no_heads() -> Vec<(&'static str, String)> {
    let many: Vec<String> = (0..150).map(|number| format!("x-{number}: y\r\n")).collect();
    let many = many.concat();
    let long = "x".repeat(1 << 20);
    vec![
        ("another protocol", "SSH-2.0-OpenSSH_9.6\r\n\r\n".to_owned()),
        ("a status that is none", "HTTP/1.1 abc OK\r\n\r\n".to_owned()),
        ("a version of tomorrow", "HTTP/9.9 200 OK\r\n\r\n".to_owned()),
        ("a header without a name", "HTTP/1.1 200 OK\r\n: x\r\n\r\n".to_owned()),
        ("bytes", "\u{1}\u{2}\u{3}\r\n\r\n".to_owned()),
        ("a hundred and fifty headers", format!("HTTP/1.1 200 OK\r\n{many}\r\n{{}}")),
        ("a header of a mebibyte", format!("HTTP/1.1 200 OK\r\nx: {long}\r\n\r\n{{}}")),
        (
            "two lengths",
            "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nx".to_owned(),
        ),
    ]
}

#[tokio::test]
async fn what_is_no_head_is_told_as_that_and_asked_for_once() {
    for (about, bytes) in no_heads() {
        for kind in KINDS {
            let sent = bytes.clone();
            let server = Server::start(move |_| vec![Step::text(&sent)]).await;
            let outcome = call(&*provider_at(kind, &server.base, &limits()), true).await;
            let error = outcome.error();
            assert_eq!((error.kind, error.retryable), (E::Protocol, false), "{about}: {error}");
            assert!(error.message.contains("HTTP"), "{about}: {error}");
            assert!(error.message.len() < 400, "{about}: {error}");
        }
    }
}

#[tokio::test]
async fn what_is_no_head_is_no_failure_of_the_endpoint_and_not_tried_again() {
    let garbage = no_heads().remove(0).1;
    let server = Server::start(move |_| vec![Step::text(&garbage)]).await;
    let engine = engine(ProviderKind::OpenAi, &server.base);
    let often = limits().breaker_failures + 1;
    for _ in 0..often {
        let record = run(&engine, true).await;
        assert_eq!((record.status, record.attempts.len()), (Status::Error, 1));
        assert_eq!(record.messages[0].content, "Hi", "the prompt stays");
    }
    assert_eq!(engine.endpoints()[0].circuit, Circuit::Closed);
    assert_eq!(server.requests().len() as u64, u64::from(often));
}

#[tokio::test]
async fn interim_replies_pieces_with_extensions_and_trailers_are_nothing_special() {
    for kind in KINDS {
        let content_type = match kind {
            ProviderKind::Ollama => "application/x-ndjson",
            _ => "text/event-stream",
        };
        let body = stream(kind, "hello");
        let (first, second) = body.split_at(body.len() / 2);
        let head = format!(
            "HTTP/1.1 103 Early Hints\r\nlink: </style.css>\r\nx-request-id: early\r\n\r\n\
             HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 200 OK\r\ncontent-type: {content_type}\r\n\
             x-request-id: req-9\r\ntransfer-encoding: chunked\r\ntrailer: x-sum\r\n\r\n"
        );
        let chunk = |text: &str| format!("{:x};name=\"va;lue\"\r\n{text}\r\n", text.len());
        let rest = format!(
            "{}{}0;last\r\nx-sum: 1\r\nx-request-id: late\r\n\r\n",
            chunk(first),
            chunk(second)
        );
        let steps = vec![Step::text(&head), Step::text(&rest)];
        let server = Server::start(move |_| steps.clone()).await;
        let provider = provider_at(kind, &server.base, &limits());
        let outcome = call(&*provider, true).await;
        assert!(outcome.result.is_ok(), "{kind:?} {outcome:?}");
        assert_eq!((outcome.text.as_str(), outcome.finish), ("hello", Some(FinishReason::Stop)));
        assert_eq!(outcome.request_id.as_deref(), Some("req-9"), "that of the reply itself");
    }
}

/// The head of a stream that gives the request a name.
fn named_head(kind: ProviderKind) -> Step {
    let Step::Send(bytes) = head(kind) else { unreachable!("a head is sent") };
    let text = String::from_utf8(bytes).expect("UTF-8");
    Step::text(&text.replacen("\r\n", "\r\nx-request-id: req-9\r\n", 1))
}

#[tokio::test]
async fn the_name_of_a_request_stands_with_whatever_happens_after_the_head() {
    for kind in KINDS {
        let in_band = match kind {
            ProviderKind::Ollama => "{\"error\":\"it broke\"}\n".to_owned(),
            ProviderKind::Anthropic => {
                "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"api_error\",\
                 \"message\":\"it broke\"}}\n\n"
                    .to_owned()
            }
            _ => "data: {\"error\":{\"message\":\"it broke\",\"code\":500}}\n\n".to_owned(),
        };
        let broken = match kind {
            ProviderKind::Ollama => "{broken}\n",
            _ => "data: {broken}\n\n",
        };
        for (about, rest, wanted) in [
            ("an error inside", vec![Step::text(&in_band)], E::Server),
            ("a cut", vec![], E::InterruptedStream),
            ("a reset", vec![Step::text(&opening(kind)), Step::Reset], E::InterruptedStream),
            ("silence", vec![Step::UntilGone], E::Timeout),
            ("a broken frame", vec![Step::text(broken)], E::Protocol),
        ] {
            let steps = [vec![named_head(kind)], rest].concat();
            let server = Server::start(move |_| steps.clone()).await;
            // Only what is to be silent is given up for it: others may be slow to be served.
            let idle = if wanted == E::Timeout { 1 } else { 20 };
            let limits = EngineSettings { idle_timeout: Duration::from_secs(idle), ..limits() };
            let outcome = call(&*provider_at(kind, &server.base, &limits), true).await;
            let error = outcome.error();
            assert_eq!(error.kind, wanted, "{kind:?} {about}: {error}");
            assert_eq!(error.request_id.as_deref(), Some("req-9"), "{kind:?} {about}");
            assert!(error.to_string().ends_with("[request req-9]"), "{error}");
        }
    }
}

#[tokio::test]
async fn the_name_of_a_request_is_recorded_with_its_attempt() {
    let kind = ProviderKind::OpenAi;
    let server = Server::start(move |number| match number {
        0 => vec![Step::text(
            "HTTP/1.1 503 Busy\r\nretry-after-ms: 10\r\nx-request-id: req-1\r\ncontent-length: 4\r\n\
             connection: close\r\n\r\nbusy",
        )],
        _ => vec![named_head(kind), Step::text(&stream(kind, "hello"))],
    })
    .await;
    let record = run(&engine(kind, &server.base), true).await;
    let names: Vec<_> = record.attempts.iter().map(|it| it.request_id.as_deref()).collect();
    assert_eq!((record.status, names), (Status::Ok, vec![Some("req-1"), Some("req-9")]));
    assert_eq!(record.attempts[0].error_body.as_deref(), Some("busy"));
}

#[tokio::test]
async fn a_head_without_a_first_token_ends_by_the_idle_limit_and_is_not_asked_again() {
    for kind in KINDS {
        for opening in [String::new(), opening(kind)] {
            let steps = vec![head(kind), Step::text(&opening), Step::UntilGone];
            let server = Server::start(move |_| steps.clone()).await;
            let limits = EngineSettings { idle_timeout: Duration::from_millis(500), ..limits() };
            let outcome = call(&*provider_at(kind, &server.base, &limits), true).await;
            let error = outcome.error();
            assert_eq!((error.kind, error.retryable), (E::Timeout, false), "{kind:?} {error}");
            assert!(error.hint.as_deref().is_some_and(|it| it.contains("idle_timeout")));
            server.client_is_gone().await;
        }
    }
}

#[tokio::test]
async fn dropping_a_call_hangs_up_before_the_first_token_too() {
    for kind in KINDS {
        for steps in [vec![Step::UntilGone], vec![head(kind), Step::UntilGone]] {
            let heads = steps.len() > 1;
            let server = Server::start(move |_| steps.clone()).await;
            let provider = provider_at(kind, &server.base, &limits());
            let (came, comes) = tokio::sync::oneshot::channel();
            let mut came = Some(came);
            let mut receive = move |event| {
                let due = match event {
                    ProviderEvent::Headers { .. } => heads,
                    ProviderEvent::Sent => !heads,
                    _ => false,
                };
                if let Some(came) = came.take_if(|_| due) {
                    came.send(()).expect("somebody waits");
                }
            };
            let request = request(true);
            tokio::select! {
                outcome = provider.call(&request, &mut receive) => panic!("{outcome:?}"),
                heard = comes => heard.expect("it got so far"),
            }
            server.client_is_gone().await;
        }
    }
}
