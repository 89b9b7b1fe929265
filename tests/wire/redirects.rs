//! Redirects: never followed, whatever the status, wherever they lead, and nothing goes along.

use promptlathe::{config::Server as Compatible, model::ErrorKind as E};

use super::{certificates::Secure, *};

const CODES: [&str; 5] =
    ["301 Moved Permanently", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"];

/// Each way a key travels: the protocol, and the server where that decides.
const SCHEMES: [(ProviderKind, Option<Compatible>, &str); 4] = [
    (ProviderKind::OpenAi, None, "authorization"),
    (ProviderKind::Anthropic, None, "x-api-key"),
    (ProviderKind::Gemini, None, "x-goog-api-key"),
    (ProviderKind::OpenAi, Some(Compatible::Azure), "api-key"),
];

fn reply(status: &str, location: &str) -> String {
    format!(
        "HTTP/1.1 {status}\r\n{location}x-request-id: req-9\r\ncontent-length: 0\r\n\
         connection: close\r\n\r\n"
    )
}

/// Asks for an answer and for the models; both must fail alike and name the host.
async fn refused(settings: ProviderSettings, host: &str, about: &str) {
    let key = Secret::new(KEY.to_owned());
    let provider = build("test", &settings, &limits(), Some(&key), &Arc::new(Catalog::builtin()))
        .expect("built");
    let outcome = call(&*provider, true).await;
    let error = outcome.error();
    assert_eq!((error.kind, error.retryable), (E::Redirect, false), "{about}: {error}");
    assert!(error.message.contains(host), "{about}: {error}");
    assert!(error.message.contains("never followed"), "{about}: {error}");
    assert_eq!(error.request_id.as_deref(), Some("req-9"), "{about}");
    let listed = provider.models().await.expect_err("not followed");
    assert_eq!((listed.kind, &listed.message), (E::Redirect, &error.message), "{about}");
}

#[tokio::test]
async fn no_status_no_target_and_no_way_of_authentication_makes_one_followed() {
    let elsewhere = Server::start(|_| vec![Step::text("HTTP/1.1 200 OK\r\n\r\n")]).await;
    let port = elsewhere.base.port().expect("a port");
    let secure = Secure::good().await;
    let mut tried = 0;
    for status in CODES {
        for (kind, quirks, header) in SCHEMES {
            for (target, host) in [
                (format!("http://localhost:{port}/v1"), "localhost"),
                (format!("http://127.0.0.1:{port}/v1"), "127.0.0.1"),
                (format!("//127.0.0.1:{port}/v1"), "127.0.0.1"),
                ("/somewhere/else".to_owned(), "127.0.0.1"),
            ] {
                let about = format!("{status} {header} {target}");
                let location = format!("location: {target}\r\n");
                let origin =
                    Server::start(move |_| vec![Step::text(&reply(status, &location))]).await;
                let settings = ProviderSettings::new(kind, origin.base.clone(), KeySource::None);
                refused(ProviderSettings { quirks, ..settings }, host, &about).await;
                let heads: Vec<_> = origin.requests().into_iter().map(|it| it.head).collect();
                assert_eq!(heads.len(), 2, "one for each question: {about}");
                assert!(heads[0].contains(&format!("{header}: ")), "{about}: {}", heads[0]);
                tried += 1;
            }
            // From a secure connection to one that is not.
            let location = format!("location: http://127.0.0.1:{port}/v1\r\n");
            secure.answers_with(reply(status, &location));
            let settings = ProviderSettings { quirks, ..secure.settings(kind) };
            refused(settings, "127.0.0.1", &format!("{status} {header} from https")).await;
            tried += 1;
        }
    }
    assert_eq!(tried, 5 * 4 * 5);
    assert_eq!(elsewhere.connections(), 0, "nobody was sent there");
}

#[tokio::test]
async fn a_redirect_to_nowhere_is_one_too() {
    for location in ["", "location: \r\n", "location: ht!tp://%%%\r\n", "location: \u{e9}\r\n"] {
        let origin = Server::start(move |_| vec![Step::text(&reply("302 Found", location))]).await;
        let outcome =
            call(&*provider_at(ProviderKind::OpenAi, &origin.base, &limits()), true).await;
        assert_eq!(outcome.error().kind, E::Redirect, "{location:?}");
        assert_eq!(origin.requests().len(), 1);
    }
}
