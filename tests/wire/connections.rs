//! Connections that cannot be made, are kept, or are given up.

use std::collections::BTreeMap;

use promptlathe::{
    engine::RunEventKind,
    model::{ErrorKind as E, Status},
};

use super::{
    through::{engine, engine_with, start, told},
    *,
};

#[tokio::test]
async fn a_server_that_does_not_run_is_told_with_its_address() {
    for kind in KINDS {
        let nobody = Nobody::new();
        let outcome = call(&*provider_at(kind, &nobody.base, &limits()), true).await;
        let error = outcome.error();
        assert_eq!((error.kind, error.retryable), (E::Connect, true));
        assert!(error.message.contains("nothing listens at 127.0.0.1:"), "{error}");
        assert!(error.hint.as_deref().is_some_and(|hint| hint.contains("start the server")));
    }
}

#[tokio::test]
async fn a_name_that_does_not_resolve_is_told() {
    for kind in KINDS {
        let base = Url::parse("https://no-such-host.invalid/v1").expect("an address");
        let outcome = call(&*provider_at(kind, &base, &limits()), true).await;
        let error = outcome.error();
        assert_eq!((error.kind, error.retryable), (E::Connect, true), "{error}");
        assert!(error.message.contains("no-such-host.invalid cannot be resolved"), "{error}");
    }
}

#[tokio::test]
async fn a_server_without_tls_where_tls_is_expected_is_told() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let base = Url::parse(&format!("https://{}", listener.local_addr().expect("an address")));
    let base = base.expect("an address");
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let refusal = b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n";
            tokio::io::AsyncWriteExt::write_all(&mut stream, refusal).await.expect("written");
        }
    });
    let outcome = call(&*provider_at(ProviderKind::OpenAi, &base, &limits()), true).await;
    let error = outcome.error();
    assert_eq!((error.kind, error.retryable), (E::Tls, false), "{error}");
    assert!(error.message.contains("it does not speak TLS"), "{error}");
    assert!(error.hint.as_deref().is_some_and(|hint| hint.contains("http://")), "{error}");
}

#[tokio::test]
async fn a_key_does_not_travel_in_the_open() {
    for kind in KINDS {
        let base = Url::parse("http://models.example.test/v1").expect("an address");
        let settings = ProviderSettings::new(kind, base, KeySource::None);
        let key = Secret::new(KEY.to_owned());
        let catalog = Arc::new(Catalog::builtin());
        let refused = build("test", &settings, &limits(), Some(&key), &catalog);
        let error = refused.err().expect("refused");
        assert_eq!(error.kind, E::Tls);
        assert!(error.hint.as_deref().is_some_and(|hint| hint.contains("allow_plain_http")));
        assert!(!format!("{error:?}").contains("planted"));
        let allowed = ProviderSettings { allow_plain_http: true, ..settings.clone() };
        assert!(build("test", &allowed, &limits(), Some(&key), &catalog).is_ok());
        assert!(build("test", &settings, &limits(), None, &catalog).is_ok(), "no key, no secret");
        for header in ["authorization", "x-team-token", "x-api-key", "cookie"] {
            let headers = BTreeMap::from([(header.to_owned(), "planted-header-0001".to_owned())]);
            let settings = ProviderSettings { headers, ..settings.clone() };
            let refused = build("test", &settings, &limits(), None, &catalog);
            let error = refused.err().expect(header);
            assert_eq!(error.kind, E::Tls);
            assert!(error.message.contains(header), "{error}");
            assert!(!format!("{error:?}").contains("planted"), "{error:?}");
            let allowed = ProviderSettings { allow_plain_http: true, ..settings };
            assert!(build("test", &allowed, &limits(), None, &catalog).is_ok());
        }
        let headers = BTreeMap::from([("x-team".to_owned(), "prompts".to_owned())]);
        let named = ProviderSettings { headers, ..settings };
        assert!(build("test", &named, &limits(), None, &catalog).is_ok(), "no secret in it");
    }
}

#[tokio::test]
async fn the_key_goes_in_the_header_of_the_protocol() {
    for (kind, header) in [
        (ProviderKind::OpenAi, format!("authorization: Bearer {KEY}")),
        (ProviderKind::Anthropic, format!("x-api-key: {KEY}")),
        (ProviderKind::Ollama, format!("authorization: Bearer {KEY}")),
    ] {
        let server =
            Server::start(move |_| vec![head(kind), Step::text(&stream(kind, "hello"))]).await;
        let outcome = call(&*provider_at(kind, &server.base, &limits()), true).await;
        assert!(outcome.result.is_ok(), "{outcome:?}");
        let head = server.requests()[0].head.clone();
        assert!(head.contains(&header), "{kind:?}");
        let first = head.lines().next().unwrap_or_default().to_owned();
        assert!(!first.contains(KEY), "never in the address");
    }
}

#[tokio::test]
async fn dropping_a_call_hangs_up() {
    for kind in KINDS {
        let steps =
            vec![head(kind), Step::text(&(opening(kind) + &piece(kind, "so"))), Step::UntilGone];
        let server = Server::start(move |_| steps.clone()).await;
        let provider = provider_at(kind, &server.base, &limits());
        let (came, comes) = tokio::sync::oneshot::channel();
        let mut came = Some(came);
        let request = request(true);
        let mut receive = move |event| {
            if matches!(event, ProviderEvent::Text(_))
                && let Some(came) = came.take()
            {
                came.send(()).expect("somebody waits");
            }
        };
        tokio::select! {
            outcome = provider.call(&request, &mut receive) => panic!("{outcome:?}"),
            heard = comes => heard.expect("text came"),
        }
        server.client_is_gone().await;
    }
}

#[tokio::test]
async fn calls_one_after_the_other_share_a_connection() {
    for kind in KINDS {
        let body = stream(kind, "hello");
        let kind_of_body =
            if kind == ProviderKind::Ollama { "application/x-ndjson" } else { "text/event-stream" };
        let reply = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: {kind_of_body}\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        let server = Server::start(move |_| vec![Step::text(&reply)]).await;
        let provider = provider_at(kind, &server.base, &limits());
        for _ in 0..3 {
            let outcome = call(&*provider, true).await;
            assert!(outcome.result.is_ok(), "{kind:?} {outcome:?}");
            assert_eq!(outcome.text, "hello");
        }
        let connections: std::collections::BTreeSet<usize> =
            server.requests().iter().map(|request| request.connection).collect();
        assert_eq!((server.requests().len(), connections.len()), (3, 1), "{kind:?}");
    }
}

/// The server of a kept connection closes it while the next request is on its way: that one is
/// sent again over a fresh connection, without a word and without a wait.
#[tokio::test]
async fn a_connection_closed_while_it_rested_is_asked_again_on_a_fresh_one() {
    for kind in KINDS {
        let content_type =
            if kind == ProviderKind::Ollama { "application/x-ndjson" } else { "text/event-stream" };
        let body = stream(kind, "hello");
        let reply = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: {content_type}\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        // The second request is read, on the connection of the first, and never answered.
        let server = Server::start(move |number| match number {
            1 => vec![Step::Reset],
            _ => vec![Step::text(&reply)],
        })
        .await;
        let engine = engine(kind, &server.base);
        let (first, _) = told(&engine, true).await;
        assert_eq!((first.status, first.attempts.len()), (Status::Ok, 1), "{kind:?}");
        let (second, waits) = told(&engine, true).await;
        assert_eq!((second.status, &*second.text), (Status::Ok, "hello"), "{kind:?} {second:?}");
        assert_eq!((second.attempts.len(), waits), (2, 0), "recorded, and not told: {kind:?}");
        let error = second.attempts[0].error.as_ref().expect("closed");
        assert_eq!((error.kind, error.retryable), (E::Connect, true), "{error}");
        assert!(error.message.contains("ended before a reply"), "{error}");
        let connections: Vec<usize> = server.requests().iter().map(|it| it.connection).collect();
        assert_eq!(connections, [0, 0, 1], "{kind:?}");
    }
}

/// A server that closes every connection without an answer is not asked without end: only the
/// first time may be a connection's own fault.
#[tokio::test]
async fn a_server_that_never_answers_is_asked_as_often_as_it_may_and_no_more() {
    let kind = ProviderKind::OpenAi;
    let body = stream(kind, "hello");
    let reply = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    let server = Server::start(move |number| match number {
        0 => vec![Step::text(&reply)],
        _ => vec![Step::Reset],
    })
    .await;
    let settings = EngineSettings { retries: 2, ..limits() };
    let engine = engine_with(provider_at(kind, &server.base, &settings), settings);
    told(&engine, true).await;
    let (record, waits) = told(&engine, true).await;
    assert_eq!((record.status, record.attempts.len(), waits), (Status::Error, 3, 1));
    assert_eq!(server.requests().len(), 4);
}

#[tokio::test]
async fn a_server_that_does_not_run_is_asked_as_often_as_it_may_and_no_more() {
    for retries in [0, 1] {
        let nobody = Nobody::new();
        let settings = EngineSettings { retries, ..limits() };
        let provider = provider_at(ProviderKind::Ollama, &nobody.base, &settings);
        let (record, waits) = told(&engine_with(provider, settings), true).await;
        let made = usize::try_from(retries).expect("few") + 1;
        assert_eq!((record.status, record.attempts.len()), (Status::Error, made));
        assert_eq!(waits, made - 1, "each further one is waited for and told");
        assert_eq!(record.messages[0].content, "Hi", "the prompt stays");
    }
}

/// A place on this machine where connections are swallowed: nobody takes those that wait, and
/// there is room for no more.
#[cfg(target_os = "linux")]
mod swallowed {
    use std::{future::Future, pin::Pin};

    use tokio::net::{TcpListener, TcpSocket, TcpStream};

    use super::*;

    type Waiting = Pin<Box<dyn Future<Output = std::io::Result<TcpStream>> + Send>>;

    struct Hole {
        base: Url,
        _listener: TcpListener,
        _waiting: Vec<Waiting>,
    }

    async fn hole() -> Hole {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.bind("127.0.0.1:0".parse().expect("an address")).expect("bound");
        let listener = socket.listen(0).expect("it listens");
        let address = listener.local_addr().expect("an address");
        let mut waiting: Vec<Waiting> = Vec::new();
        for _ in 0..8 {
            let mut connect: Waiting = Box::pin(TcpStream::connect(address));
            // Once is enough: the first step asks the system for the connection.
            let _ = futures_util::future::poll_immediate(&mut connect).await;
            waiting.push(connect);
        }
        let base = Url::parse(&format!("http://{address}")).expect("an address");
        Hole { base, _listener: listener, _waiting: waiting }
    }

    #[tokio::test]
    async fn a_connection_that_is_swallowed_ends_by_its_own_limit() {
        for kind in KINDS {
            let hole = hole().await;
            let limits = EngineSettings { connect_timeout: Duration::from_millis(250), ..limits() };
            let outcome = call(&*provider_at(kind, &hole.base, &limits), true).await;
            let error = outcome.error();
            assert_eq!((error.kind, error.retryable), (E::Timeout, true), "{error}");
            assert!(error.message.contains("no connection to 127.0.0.1:"), "{error}");
            assert!(error.message.contains("in time"), "{error}");
            let models = provider_at(kind, &hole.base, &limits).models().await;
            assert_eq!(models.expect_err("swallowed").kind, E::Timeout);
        }
    }

    #[tokio::test]
    async fn cancelling_while_a_connection_is_swallowed_works_at_once() {
        let hole = hole().await;
        let hour = Duration::from_hours(1);
        let settings = EngineSettings {
            connect_timeout: hour,
            idle_timeout: hour,
            total_timeout: hour,
            ..limits()
        };
        let provider = provider_at(ProviderKind::OpenAi, &hole.base, &settings);
        let mut handle = start(&engine_with(provider, settings), true);
        // Were it not to end at once, nobody would wait for it.
        loop {
            match handle.next().await.expect("an end").kind {
                RunEventKind::Attempt { .. } => handle.cancel_all(),
                RunEventKind::Finished(record) => {
                    assert_eq!(record.status, Status::Cancelled);
                    assert_eq!(record.messages[0].content, "Hi", "the prompt stays");
                    return;
                }
                _ => {}
            }
        }
    }
}
