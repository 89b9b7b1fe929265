//! Proxies: the error names them and never their password.

use promptlathe::{config::Proxy, model::ErrorKind as E};

use super::*;

const PASSWORD: &str = "planted-proxy-password";

/// A call to a server that is only to be reached through a proxy there.
async fn through(proxy: &Url, target: &str) -> Outcome {
    let place = format!("{}:{}", proxy.host_str().expect("a host"), proxy.port().expect("a port"));
    let address = format!("http://somebody:{PASSWORD}@{place}");
    let base = Url::parse(target).expect("an address");
    let settings = ProviderSettings::new(ProviderKind::OpenAi, base, KeySource::None);
    let settings = ProviderSettings {
        allow_plain_http: true,
        proxy: Proxy::at(&address, "https_proxy"),
        ..settings
    };
    let key = Secret::new(KEY.to_owned());
    let provider = build("test", &settings, &limits(), Some(&key), &Arc::new(Catalog::builtin()));
    let outcome = call(&*provider.expect("built"), true).await;
    if outcome.result.is_err() {
        let error = outcome.error();
        assert!(error.message.contains(&place), "which proxy: {error}");
        assert!(!error.message.contains("somebody"), "{error}");
    }
    outcome
}

const TARGETS: [&str; 2] = ["http://models.example.test/v1", "https://models.example.test/v1"];

#[tokio::test]
async fn one_that_is_down_is_told_and_not_the_server_behind_it() {
    for target in TARGETS {
        let nobody = Nobody::new();
        let port = nobody.base.port().expect("a port");
        let outcome = through(&nobody.base, target).await;
        let error = outcome.error();
        assert_eq!((error.kind, error.retryable), (E::Connect, true), "{error}");
        let wanted = format!("nothing listens at the proxy 127.0.0.1:{port}");
        assert!(error.message.contains(&wanted), "{error}");
        assert!(!error.message.contains("models.example.test"), "{error}");
        let hint = error.hint.as_deref().unwrap_or_default();
        assert!(hint.contains("https_proxy") && hint.contains("NO_PROXY"), "{hint}");
    }
}

#[tokio::test]
async fn a_name_that_is_looked_up_before_it_is_told_as_the_servers() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let place = listener.local_addr().expect("an address");
    let base = Url::parse("https://no-such-host.invalid/v1").expect("an address");
    let settings = ProviderSettings::new(ProviderKind::OpenAi, base, KeySource::None);
    let settings = ProviderSettings {
        proxy: Proxy::at(&format!("socks5://{place}"), "ALL_PROXY"),
        ..settings
    };
    let key = Secret::new(KEY.to_owned());
    let provider = build("test", &settings, &limits(), Some(&key), &Arc::new(Catalog::builtin()));
    let outcome = call(&*provider.expect("built"), true).await;
    let error = outcome.error();
    assert_eq!((error.kind, error.retryable), (E::Connect, true), "{error}");
    assert!(error.message.contains("the name no-such-host.invalid cannot be resolved"), "{error}");
    let hint = error.hint.as_deref().unwrap_or_default();
    assert!(hint.contains("socks5h://") && hint.contains("ALL_PROXY"), "{hint}");
}

#[tokio::test]
async fn one_that_wants_another_password_is_told() {
    for target in TARGETS {
        let proxy = Server::start(|_| {
            vec![Step::text(
                "HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\
                 connection: close\r\n\r\n",
            )]
        })
        .await;
        let outcome = through(&proxy.base, target).await;
        let error = outcome.error();
        assert_eq!((error.kind, error.retryable), (E::Authentication, false), "{target} {error}");
        assert!(error.message.contains("lets nobody through without a password"), "{error}");
        let hint = error.hint.as_deref().unwrap_or_default();
        assert!(hint.contains("https_proxy") && !hint.contains("key"), "{hint}");
        let head = proxy.requests()[0].head.to_lowercase();
        assert!(head.contains("proxy-authorization: basic "), "{head}");
        assert!(target.starts_with("http:") || !head.contains("planted-01234"), "a key: {head}");
    }
}

#[tokio::test]
async fn one_that_lets_nobody_through_is_told_with_where_to() {
    let proxy = Server::start(|_| {
        vec![Step::text("HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")]
    })
    .await;
    let outcome = through(&proxy.base, TARGETS[1]).await;
    let error = outcome.error();
    assert_eq!(error.kind, E::Connect, "{error}");
    assert!(error.message.contains("makes no connection to models.example.test:443"), "{error}");
}

#[tokio::test]
async fn one_that_breaks_off_is_named_too() {
    for target in TARGETS {
        let proxy = Server::start(|_| vec![Step::Reset]).await;
        let outcome = through(&proxy.base, target).await;
        let error = outcome.error();
        assert_eq!((error.kind, error.retryable), (E::Connect, true), "{error}");
        assert!(error.message.contains("via the proxy"), "{error}");
    }
}

#[tokio::test]
async fn through_one_that_works_an_answer_comes() {
    let kind = ProviderKind::OpenAi;
    let proxy = Server::start(move |_| vec![head(kind), Step::text(&stream(kind, "hello"))]).await;
    let outcome = through(&proxy.base, TARGETS[0]).await;
    assert!(outcome.result.is_ok(), "{outcome:?}");
    let head = proxy.requests()[0].head.clone();
    assert!(head.starts_with("POST http://models.example.test/v1/chat/completions "), "{head}");
}

#[tokio::test]
async fn a_server_of_this_machine_is_never_asked_through_one() {
    let kind = ProviderKind::OpenAi;
    let proxy = Server::start(|_| vec![Step::Reset]).await;
    let server = Server::start(move |_| vec![head(kind), Step::text(&stream(kind, "near"))]).await;
    let outcome = through(&proxy.base, server.base.as_str()).await;
    assert!(outcome.result.is_ok(), "{outcome:?}");
    assert_eq!((proxy.connections(), server.requests().len()), (0, 1));
}

#[tokio::test]
async fn its_password_is_taken_out_of_what_it_says() {
    let said = format!("{{\"error\":{{\"message\":\"not with {PASSWORD} and {KEY}\"}}}}");
    let length = said.len();
    let proxy = Server::start(move |_| {
        vec![Step::text(&format!(
            "HTTP/1.1 502 Bad Gateway\r\ncontent-type: application/json\r\ncontent-length: \
             {length}\r\nconnection: close\r\n\r\n{said}"
        ))]
    })
    .await;
    let place = proxy.base.to_string().replace("http://", &format!("http://x:{PASSWORD}@"));
    let base = Url::parse(TARGETS[0]).expect("an address");
    let settings = ProviderSettings::new(ProviderKind::OpenAi, base, KeySource::None);
    let settings = ProviderSettings {
        allow_plain_http: true,
        proxy: Proxy::at(&place, "http_proxy"),
        ..settings
    };
    let key = Secret::new(KEY.to_owned());
    let provider = build("test", &settings, &limits(), Some(&key), &Arc::new(Catalog::builtin()));
    let outcome = call(&*provider.expect("built"), true).await;
    assert!(outcome.error().message.contains("not with [key] and [key]"), "{}", outcome.error());
    let body = outcome.body.clone().expect("its body");
    assert!(!body.contains("planted"), "{body}");
}
