//! How answers end, as a script meets it: with a label that says so, with what is unknown left
//! unknown, and never as complete before their end.

use super::{
    wires::{command, head, place_with, server, transcript},
    *,
};

/// Runs against a recorded answer; the record, and what the text face prints and says.
fn run(kind: &str, name: &str) -> (Value, String, String) {
    let content_type = if kind == "ollama" { "application/x-ndjson" } else { "text/event-stream" };
    let mut reply = head(content_type).into_bytes();
    reply.extend_from_slice(&transcript(kind, name));
    let port = server(move |stream| stream.write_all(&reply));
    let place = place_with(kind, port);
    let record = json(&command(&place).output().expect("it runs"));
    assert_eq!(newest(&place), record, "{kind}/{name}: history has the record that was printed");
    let mut plain = place.command(&["run", "mood", "--var", "message=x", "--model", "it/m"]);
    let output = plain.env("PLANTED", "sk-planted").output().expect("it runs");
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!told.contains('\u{1b}'), "{told}");
    (record, text(&output), told)
}

#[test]
fn an_ending_that_is_no_plain_one_has_a_label() {
    for (kind, name, reason, words) in [
        ("openai", "length", "length", "cut off at a limit"),
        ("openai", "content-filter", "content_filter", "filter stopped the answer"),
        ("openai", "refusal", "refusal", "the model refused"),
        ("openai-responses", "length", "length", "cut off at a limit"),
        ("openai-responses", "content-filter", "content_filter", "filter stopped the answer"),
        ("openai-responses", "refusal", "refusal", "the model refused"),
        ("openai-responses", "incomplete-unknown", "unknown", "a reason that is not known"),
        ("anthropic", "max-tokens", "length", "cut off at a limit"),
        ("anthropic", "context-exceeded", "length", "cut off at a limit"),
        ("anthropic", "refusal", "refusal", "the model refused (refusal)"),
        ("anthropic", "refusal-bare", "refusal", "the model refused (refusal)"),
        ("anthropic", "pause", "pause", "the model paused"),
        ("gemini", "length", "length", "cut off at a limit"),
        ("gemini", "safety", "content_filter", "filter stopped the answer (SAFETY)"),
        ("gemini", "blocked-prompt", "content_filter", "filter stopped the answer"),
        ("gemini", "recitation", "content_filter", "filter stopped the answer (RECITATION)"),
        ("ollama", "length", "length", "cut off at a limit"),
    ] {
        let (record, printed, told) = run(kind, name);
        assert_eq!((&record["status"], &record["finish_reason"]), (&"ok".into(), &reason.into()));
        assert!(told.contains(words), "{kind}/{name}: no `{words}` in {told:?}");
        assert_eq!(told.lines().filter(|line| line.contains(words)).count(), 1, "{told}");
        let said = [&record["text"], &record["refusal"]].map(|it| it.as_str().unwrap_or("?"));
        assert_eq!(printed.trim_end(), said.concat().trim_end(), "{kind}/{name}");
    }
}

#[test]
fn an_answer_that_simply_ends_has_none() {
    for kind in ["openai", "openai-responses", "anthropic", "gemini", "ollama"] {
        let (record, printed, told) = run(kind, "plain");
        assert_eq!(record["finish_reason"], "stop", "{kind}");
        assert!(!printed.is_empty() && !told.contains("ended") && !told.contains("cut"), "{told}");
    }
}

#[test]
fn what_is_not_reported_is_null_and_never_nothing() {
    for (kind, name) in [
        ("openai", "no-usage"),
        ("openai-responses", "no-usage"),
        ("anthropic", "usage-null"),
        ("gemini", "no-counts"),
        ("ollama", "no-counts"),
    ] {
        let (record, ..) = run(kind, name);
        assert_eq!(record["status"], "ok", "{kind}/{name}: {record}");
        for field in ["input_tokens", "output_tokens", "reasoning_tokens"] {
            assert!(record["usage"][field].is_null(), "{kind}/{name}: {field} {}", record["usage"]);
        }
        assert_eq!(record["usage"]["estimated"], false, "{kind}/{name}");
        assert!(record["cost_usd"].is_null(), "{kind}/{name}: {}", record["cost_usd"]);
        assert!(record["spend"].is_null(), "{kind}/{name}");
        assert!(record["timing"]["tokens_per_second"].is_null(), "{kind}/{name}");
    }
}

#[test]
fn arguments_that_are_not_json_are_shown_as_they_came() {
    for (kind, name) in [
        ("openai", "tool-call-not-json"),
        ("openai-responses", "tool-bad-arguments"),
        ("anthropic", "tool-call-not-json"),
    ] {
        let (record, printed, _) = run(kind, name);
        assert_eq!(record["status"], "ok", "{kind}/{name}");
        let calls = record["tool_calls"].as_array().expect("calls");
        let broken = calls.iter().find(|call| call["arguments"].is_null()).expect("a broken one");
        let raw = broken["arguments_raw"].as_str().expect("as it came");
        assert!(!raw.is_empty() && serde_json::from_str::<Value>(raw).is_err(), "{raw}");
        assert!(printed.contains("its arguments are not JSON"), "{kind}/{name}: {printed}");
        assert!(printed.contains(raw), "{kind}/{name}: {printed}");
    }
}

#[test]
fn a_tool_call_that_breaks_off_is_kept_as_it_came() {
    let (record, printed, told) = run("openai", "tool-call-cut");
    assert_eq!(record["status"], "interrupted");
    assert_eq!(record["attempts"].as_array().map(Vec::len), Some(1));
    let call = &record["tool_calls"][0];
    assert_eq!((&call["name"], &call["arguments"]), (&"find_order".into(), &Value::Null));
    assert_eq!(call["arguments_raw"], "{\"number\":");
    assert!(printed.contains("find_order") && printed.contains("{\"number\":"), "{printed}");
    assert!(told.contains("what arrived is kept"), "{told}");
}

#[test]
fn a_model_that_is_another_than_the_one_asked_is_told() {
    let (record, _, told) = run("openai", "plain");
    let answered = record["response_model"].as_str().expect("another name").to_owned();
    assert_eq!(record["model"], "m", "both names are kept");
    assert!(told.contains(&format!("it/m: {answered} answered")), "{told}");
}

/// One recorded answer of each sort, cut after every frame: only with the protocol's own end in it
/// is it ever stored as complete.
#[test]
fn no_sort_of_answer_is_stored_as_complete_before_its_end() {
    for (kind, name, end) in [
        ("openai", "tool-calls-parallel", "\"finish_reason\":\"tool_calls\""),
        ("openai", "reasoning-deepseek", "\"finish_reason\":\"stop\""),
        ("openai", "refusal", "\"finish_reason\":\"stop\""),
        ("openai-responses", "tool-call", "\"type\":\"response.completed\""),
        ("openai-responses", "reasoning", "\"type\":\"response.completed\""),
        ("openai-responses", "content-filter", "\"type\":\"response.incomplete\""),
        ("anthropic", "tool-call", "\"type\":\"message_stop\""),
        ("anthropic", "thinking", "\"type\":\"message_stop\""),
        ("anthropic", "refusal", "\"type\":\"message_stop\""),
        ("gemini", "tool-calls", "\"finishReason\""),
        ("gemini", "thinking", "\"finishReason\""),
        ("ollama", "tool-call", "\"done\":true"),
        ("ollama", "thinking-and-text", "\"done\":true"),
    ] {
        let body = String::from_utf8(transcript(kind, name)).expect("UTF-8");
        let frames = wires::frames(kind, body.as_bytes());
        let content_type =
            if kind == "ollama" { "application/x-ndjson" } else { "text/event-stream" };
        // Each call is answered with one frame more than the one before.
        let asked = std::sync::atomic::AtomicUsize::new(0);
        let all = frames.clone();
        let port = server(move |stream| {
            let count = asked.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            let body = all[..count.min(all.len())].concat();
            stream.write_all(format!("{}{body}", head(content_type)).as_bytes())
        });
        let place = place_with(kind, port);
        let mut complete = 0;
        for count in 0..=frames.len() {
            let record = json(&command(&place).output().expect("it runs"));
            let kept = newest(&place);
            assert_eq!(kept, record, "{kind}/{name} after {count}");
            let ended = frames[..count].concat().replace(' ', "").contains(end);
            let wanted = if ended { "ok" } else { "interrupted" };
            assert_eq!(kept["status"], wanted, "{kind}/{name} after {count}: {kept}");
            complete += usize::from(ended);
            if !ended {
                assert_eq!(kept["attempts"].as_array().map(Vec::len), Some(1), "{kept}");
                assert!(kept["finish_reason"].is_null() || kind == "anthropic", "{kept}");
            }
        }
        assert!(complete >= 1 && complete < frames.len(), "{kind}/{name}: {complete}");
    }
}
