//! Connections that cannot be made, are kept, or are given up.

use std::collections::BTreeMap;

use promptlathe::model::ErrorKind as E;

use super::*;

/// An address on this machine where nobody listens.
async fn nobody() -> Url {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    drop(listener);
    Url::parse(&format!("http://{address}")).expect("an address")
}

#[tokio::test]
async fn a_server_that_does_not_run_is_told_with_its_address() {
    for kind in KINDS {
        let base = nobody().await;
        let outcome = call(&*provider_at(kind, &base, &limits()), true).await;
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
        assert_eq!(error.kind, E::Connect, "{error}");
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
    assert!(matches!(outcome.error().kind, E::Tls | E::Connect), "{}", outcome.error());
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

#[tokio::test]
async fn a_connection_closed_while_it_rested_is_not_an_error() {
    let kind = ProviderKind::OpenAi;
    let server = Server::start(move |_| vec![head(kind), Step::text(&stream(kind, "hello"))]).await;
    let provider = provider_at(kind, &server.base, &limits());
    for _ in 0..5 {
        let outcome = call(&*provider, true).await;
        assert!(outcome.result.is_ok(), "{outcome:?}");
    }
    assert_eq!(server.requests().len(), 5);
}
