//! What servers say of their limits, over real sockets: told on success and on refusal, kept by
//! the calls that follow, and never a reason to ask for an answer twice.

use promptlathe::model::{Allowance, ReportedLimits, Status};
use tokio::time::Instant;

use super::{
    through::{engine, run},
    *,
};

const OPENAI: &str = "x-ratelimit-limit-requests: 60\r\nx-ratelimit-remaining-requests: 0\r\n\
                      x-ratelimit-reset-requests: 30s\r\nx-ratelimit-limit-tokens: 150000\r\n\
                      x-ratelimit-remaining-tokens: 149984\r\nx-ratelimit-reset-tokens: 6m0s\r\n";

/// A whole answer, with further headers.
fn whole(headers: &str) -> Vec<Step> {
    let body = r#"{"id":"c","object":"chat.completion","model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"Hello"},"finish_reason":"stop"}]}"#;
    vec![Step::text(&format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n{headers}\
         connection: close\r\n\r\n{body}",
        body.len()
    ))]
}

fn refusal(headers: &str) -> Vec<Step> {
    let body =
        r#"{"error":{"message":"slow down","type":"requests","code":"rate_limit_exceeded"}}"#;
    vec![Step::text(&format!(
        "HTTP/1.1 429 Too Many Requests\r\ncontent-type: application/json\r\n\
         content-length: {}\r\n{headers}connection: close\r\n\r\n{body}",
        body.len()
    ))]
}

/// What was told of limits during one call.
async fn told(steps: Vec<Step>) -> Option<ReportedLimits> {
    let server = Server::start(move |_| steps.clone()).await;
    let provider = provider_at(ProviderKind::OpenAi, &server.base, &limits());
    let mut told = None;
    let mut receive = |event| {
        if let ProviderEvent::Limits(limits) = event {
            told = Some(limits);
        }
    };
    let _ = provider.call(&request(false), &mut receive).await;
    told
}

#[tokio::test]
async fn limits_are_told_whatever_the_status() {
    let requests = Some(Allowance { limit: Some(60), remaining: 0, reset_ms: Some(30_000) });
    let tokens =
        Some(Allowance { limit: Some(150_000), remaining: 149_984, reset_ms: Some(360_000) });
    let wanted = Some(ReportedLimits { requests, tokens });
    assert_eq!(told(whole(OPENAI)).await, wanted);
    assert_eq!(told(refusal(OPENAI)).await, wanted);
    assert_eq!(told(whole("")).await, None);
    let anthropic = "anthropic-ratelimit-requests-limit: 50\r\n\
                     anthropic-ratelimit-requests-remaining: 49\r\n\
                     anthropic-ratelimit-requests-reset: 2020-01-01T00:00:00Z\r\n";
    let read = told(whole(anthropic)).await.and_then(|limits| limits.requests);
    assert_eq!(read, Some(Allowance { limit: Some(50), remaining: 49, reset_ms: Some(0) }));
}

#[tokio::test]
async fn an_answer_that_uses_up_the_limit_is_taken_as_it_is() {
    let server = Server::start(|_| whole(OPENAI)).await;
    let record = run(&engine(ProviderKind::OpenAi, &server.base), false).await;
    assert_eq!((record.status, record.text.as_str()), (Status::Ok, "Hello"));
    assert_eq!(record.attempts.len(), 1);
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn what_the_head_said_holds_the_next_call_back() {
    let used_up = "x-ratelimit-limit-requests: 2\r\nx-ratelimit-remaining-requests: 0\r\n\
                   x-ratelimit-reset-requests: 1m0s\r\n";
    let server = Server::start(move |_| whole(used_up)).await;
    let engine = engine(ProviderKind::OpenAi, &server.base);
    assert!(engine.endpoints().is_empty());
    run(&engine, false).await;
    // One of two comes back after half a minute.
    let status = engine.endpoints().remove(0);
    let until = status.held_until.expect("held back");
    assert!(until <= Instant::now() + Duration::from_secs(30));
}

#[tokio::test]
async fn a_refusal_with_a_wait_is_kept_and_followed_by_the_answer() {
    let server = Server::start(|number| match number {
        0 => refusal("retry-after-ms: 30\r\n"),
        _ => whole(""),
    })
    .await;
    let record = run(&engine(ProviderKind::OpenAi, &server.base), false).await;
    assert_eq!((record.status, record.attempts.len()), (Status::Ok, 2));
    let first = record.attempts[0].error.as_ref().expect("refused");
    assert_eq!(first.retry_after_ms, Some(30));
}
