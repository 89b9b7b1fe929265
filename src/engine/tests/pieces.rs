//! What of an answer is known before it is whole: pieces of tool calls, names of requests, costs.

use super::*;
use crate::model::{ToolCall, ToolPiece};

fn piece(index: u64, id: &str, name: &str, arguments: &str) -> Step {
    let [id, name, arguments] = [id, name, arguments].map(str::to_owned);
    Step::Say(ProviderEvent::ToolPiece(ToolPiece { index, id, name, arguments }))
}

fn whole(id: &str, name: &str, arguments: &str) -> Step {
    Step::Say(ProviderEvent::ToolCall(ToolCall {
        id: id.to_owned(),
        name: name.to_owned(),
        arguments: serde_json::from_str(arguments).ok(),
        arguments_raw: arguments.to_owned(),
    }))
}

#[tokio::test(start_paused = true)]
async fn a_call_cut_off_in_the_middle_is_not_asked_again_and_its_text_is_kept() {
    let cut = [
        opening(),
        vec![
            piece(1, "b", "look", "{\"x\": 1}"),
            piece(0, "a", "find", "{\"number\":"),
            whole("b", "look", "{\"x\": 1}"),
            piece(0, "", "", " \"A-1"),
            Step::Fail(failing(ErrorKind::InterruptedStream)),
        ],
    ]
    .concat();
    let bench = bench(vec![cut], Memory::default());
    let record = bench.one().await;
    assert_eq!((record.status, record.attempts.len()), (Status::Interrupted, 1));
    let calls: Vec<_> = record
        .tool_calls
        .iter()
        .map(|call| (call.id.as_str(), call.name.as_str(), &*call.arguments_raw))
        .collect();
    assert_eq!(calls, [("b", "look", "{\"x\": 1}"), ("a", "find", "{\"number\": \"A-1")]);
    assert!(record.tool_calls[0].arguments.is_some(), "the one that came whole");
    assert!(record.tool_calls[1].arguments.is_none(), "never read, however whole it looks");
    // What came of it was written, and is paid for.
    assert!(record.usage.estimated && record.usage.output_tokens > Some(4), "{:?}", record.usage);
    assert!(record.cost_usd.is_some());
}

#[tokio::test(start_paused = true)]
async fn calls_begun_without_end_are_kept_to_a_number() {
    let mut script = opening();
    script.extend((0..10_000).map(|index| piece(index, "", "find", "{")));
    script.push(Step::Fail(failing(ErrorKind::InterruptedStream)));
    let record = bench(vec![script], Memory::default()).one().await;
    assert_eq!((record.status, record.tool_calls.len()), (Status::Interrupted, 256));
}

#[tokio::test(start_paused = true)]
async fn a_call_that_comes_whole_stands_once_however_it_came() {
    let script = answer(&[
        piece(0, "a", "find", ""),
        piece(0, "", "", "{}"),
        piece(7, "", "", "left over"),
        whole("a", "find", "{}"),
    ]);
    let record = bench(vec![script], Memory::default()).one().await;
    assert_eq!((record.status, record.tool_calls.len()), (Status::Ok, 1));
}

#[tokio::test(start_paused = true)]
async fn the_name_of_a_request_and_the_body_of_a_refusal_stand_with_their_attempt() {
    let mut refused = failing(ErrorKind::Server);
    refused.request_id = Some("req-1".to_owned());
    let first = vec![
        Step::Say(ProviderEvent::Sent),
        Step::Say(ProviderEvent::ErrorBody("{\"error\":1}".to_owned())),
        Step::Fail(refused),
    ];
    let mut second = answer(&[say("hello")]);
    second[2] = Step::Say(ProviderEvent::Headers {
        http_status: 200,
        request_id: Some("req-2".to_owned()),
    });
    let record = bench(vec![first, second], Memory::default()).one().await;
    let told: Vec<_> = record
        .attempts
        .iter()
        .map(|it| (it.request_id.as_deref(), it.error_body.as_deref()))
        .collect();
    assert_eq!(told, [(Some("req-1"), Some("{\"error\":1}")), (Some("req-2"), None)]);
}

#[tokio::test(start_paused = true)]
async fn what_a_provider_says_that_an_answer_cost_is_what_it_cost() {
    let script = [answer(&[say("hello")]), vec![Step::Say(ProviderEvent::Cost(0.25))]].concat();
    let record = bench(vec![script], Memory::default()).one().await;
    assert_eq!((record.cost_usd, record.spend), (Some(0.25), None));

    // Where it is not said of an answer that came, the price decides again.
    let script = answer(&[say("hello")]);
    let record = bench(vec![script], Memory::default()).one().await;
    assert_eq!(record.cost_usd, Some(1.0 + 20.0 * 2.0 / 1e6));
}

#[tokio::test(start_paused = true)]
async fn a_wait_of_nothing_is_not_told() {
    let mut stale = failing(ErrorKind::Connect);
    stale.retry_after_ms = Some(0);
    let scripts = vec![vec![Step::Fail(stale)], answer(&[say("hello")])];
    let bench = bench(scripts, Memory::default());
    let mut handle = bench.engine.start(run(vec![call(VariantName::A, "scripted")]));
    let events = words(&all(&mut handle).await);
    assert!(events.iter().any(|event| event.starts_with("attempt 2")), "{events:?}");
    assert!(!events.iter().any(|event| event.starts_with("wait")), "{events:?}");
    assert_eq!(bench.scripted.times(), [0, 0]);
}
