//! Replies that are no success.

use promptlathe::model::ErrorKind as E;

use super::*;

/// A reply with a status, headers and a JSON body.
fn reply(status: &str, headers: &str, body: &str) -> Vec<Step> {
    vec![Step::text(&format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n{headers}\
         connection: close\r\n\r\n{body}",
        body.len()
    ))]
}

/// An error as each protocol words it.
fn body(kind: ProviderKind, code: &str, message: &str) -> String {
    let message = serde_json::Value::from(message);
    match kind {
        ProviderKind::Anthropic => {
            format!(
                "{{\"type\":\"error\",\"error\":{{\"type\":\"{code}\",\"message\":{message}}}}}"
            )
        }
        ProviderKind::Ollama => format!("{{\"error\":{message}}}"),
        _ => format!(
            "{{\"error\":{{\"message\":{message},\"type\":\"{code}\",\"code\":\"{code}\"}}}}"
        ),
    }
}

#[tokio::test]
async fn every_status_has_its_kind() {
    let cases = [
        ("400 Bad Request", "invalid_request_error", E::InvalidRequest, false),
        ("401 Unauthorized", "authentication_error", E::Authentication, false),
        ("403 Forbidden", "permission_error", E::Permission, false),
        ("404 Not Found", "not_found_error", E::NotFound, false),
        ("408 Request Timeout", "timeout", E::Timeout, true),
        ("413 Payload Too Large", "request_too_large", E::RequestTooLarge, false),
        ("429 Too Many Requests", "rate_limit_error", E::RateLimit, true),
        ("500 Internal Server Error", "api_error", E::Server, true),
        ("502 Bad Gateway", "bad_gateway", E::Server, true),
        ("503 Service Unavailable", "overloaded", E::Overloaded, true),
        ("529 Overloaded", "overloaded_error", E::Overloaded, true),
    ];
    for kind in KINDS {
        for (status, code, wanted, retryable) in cases {
            let outcome = against(kind, reply(status, "", &body(kind, code, "no"))).await;
            let error = outcome.error();
            let told = format!("{kind:?} {status}: {error:?}");
            assert_eq!(error.kind, wanted, "{told}");
            assert_eq!(error.retryable, retryable, "{told}");
            assert_eq!(error.http_status, status[..3].parse().ok(), "{told}");
            assert!(error.message.contains("no"), "the server's own words: {told}");
        }
    }
}

#[tokio::test]
async fn the_wait_a_server_asks_for_is_read_in_each_of_its_forms() {
    let cases = [
        ("retry-after: 7\r\n", Some(7_000..=7_000)),
        ("retry-after-ms: 1500\r\n", Some(1_500..=1_500)),
        ("retry-after-ms: 250\r\nretry-after: 9\r\n", Some(250..=250)),
        ("", None),
        ("retry-after: soon\r\n", None),
    ];
    for kind in KINDS {
        for (headers, wanted) in cases.clone() {
            let steps =
                reply("429 Too Many Requests", headers, &body(kind, "rate_limit_error", "slow"));
            let error = against(kind, steps).await.error().clone();
            match (&wanted, error.retry_after_ms) {
                (Some(range), Some(asked)) => assert!(range.contains(&asked), "{headers}: {asked}"),
                (None, None) => {}
                other => panic!("{kind:?} {headers}: {other:?}"),
            }
            assert!(error.retryable);
        }
        let date = jiff::Timestamp::now() + Duration::from_secs(30);
        let date = jiff::fmt::rfc2822::DateTimePrinter::new()
            .timestamp_to_rfc9110_string(&date)
            .expect("a date");
        let headers = format!("retry-after: {date}\r\n");
        let steps =
            reply("429 Too Many Requests", &headers, &body(kind, "rate_limit_error", "slow"));
        let asked = against(kind, steps).await.error().retry_after_ms.expect("a wait");
        assert!((15_000..=31_000).contains(&asked), "{asked}");
    }
}

#[tokio::test]
async fn a_server_says_whether_to_try_again() {
    for kind in KINDS {
        let no = reply(
            "500 Internal Server Error",
            "x-should-retry: false\r\n",
            &body(kind, "api_error", "no"),
        );
        assert!(!against(kind, no).await.error().retryable);
    }
}

#[tokio::test]
async fn a_request_id_is_kept_from_errors_and_from_successes() {
    let id = "x-request-id: req-123\r\nrequest-id: req-123\r\n";
    for kind in [ProviderKind::OpenAi, ProviderKind::Anthropic] {
        let error = against(kind, reply("500 Oops", id, &body(kind, "api_error", "no"))).await;
        assert_eq!(error.error().request_id.as_deref(), Some("req-123"));
        let head = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n{id}connection: close\r\n\r\n{}",
            stream(kind, "hello")
        );
        let outcome = against(kind, vec![Step::text(&head)]).await;
        assert_eq!(outcome.request_id.as_deref(), Some("req-123"));
        assert!(outcome.result.is_ok(), "{outcome:?}");
    }
}

#[tokio::test]
async fn what_an_error_says_is_made_safe_and_short() {
    let hostile = format!("bad\u{1b}[2J\u{7}\r\nline {KEY} {}", "x".repeat(1 << 20));
    for kind in KINDS {
        let error = against(kind, reply("400 Bad", "", &body(kind, "e\u{1b}x", &hostile))).await;
        let error = error.error();
        assert!(error.message.len() < 4_096, "{}", error.message.len());
        assert!(error.message.contains("[key]"), "{error}");
        let code = error.provider_code.clone().unwrap_or_default();
        assert!(!code.contains('\u{1b}'), "{code:?}");
    }
}

#[tokio::test]
async fn bodies_of_errors_may_be_anything() {
    for body in
        ["", "null", "[]", "\"text\"", "<html>\u{1b}[31m</html>", "{\"error\":null}", "\u{0}"]
    {
        for kind in KINDS {
            let error = against(kind, reply("500 Oops", "", body)).await;
            assert_eq!((error.error().kind, error.error().http_status), (E::Server, Some(500)));
        }
    }
}

#[tokio::test]
async fn a_success_without_content_is_none() {
    for kind in KINDS {
        let none = vec![Step::text("HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n")];
        assert_eq!(against(kind, none).await.error().kind, E::Protocol);
        let empty = against(kind, reply("200 OK", "", "")).await;
        // To a protocol of lines, nothing is a stream that broke off at once.
        assert!(matches!(empty.error().kind, E::Protocol | E::InterruptedStream), "{empty:?}");
    }
}
