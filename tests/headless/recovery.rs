//! Answers that are not what was asked for, as a script meets them.

use super::{
    Place, json, newest,
    servers::{answering, status, stream},
    text,
};

/// A stream of one piece of text, ended in order.
fn says(words: &str) -> Vec<u8> {
    let words = serde_json::Value::from(words);
    stream(&format!(
        "data: {{\"choices\":[{{\"index\":0,\"delta\":{{\"content\":{words}}}}}]}}\n\n\
         data: {{\"choices\":[{{\"index\":0,\"delta\":{{}},\"finish_reason\":\"stop\"}}]}}\n\n\
         data: [DONE]\n\n"
    ))
}

fn place(recovery: &str, replies: Vec<Vec<u8>>) -> Place {
    let port = answering(replies);
    let place = Place::new();
    place.write(
        ".config/lathe/config.toml",
        format!(
            "[engine]\nretries = 0\n[recovery]\nmode = \"{recovery}\"\n[providers.local]\nkind = \"openai\"\n\
             base_url = \"http://127.0.0.1:{port}/v1\"\n[models.\"local/m\"]\nprice_input = 1\n\
             price_output = 2\n"
        ),
    );
    place.write("prompts/data.prompty", "---\nresponse_format: json\n---\nuser:\nGive me JSON.\n");
    place
}

const RUN: [&str; 4] = ["run", "data", "--model", "local/m"];

fn run(place: &Place, more: &[&str]) -> std::process::Output {
    let arguments: Vec<&str> = RUN.iter().chain(more).copied().collect();
    place.run(&arguments)
}

#[test]
fn a_second_answer_is_told_recorded_and_read_in_full() {
    let place = place("on", vec![says("no json at all"), says("{\"a\": 1}")]);
    let output = run(&place, &[]);
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!((output.status.code(), text(&output).as_str()), (Some(0), "{\"a\": 1}\n"), "{told}");
    assert!(
        told.contains("there is no object and no list in it") && told.contains("1/2: format-fix"),
        "{told}"
    );
    let record = newest(&place);
    let attempts = record["attempts"].as_array().expect("attempts");
    assert_eq!(attempts.len(), 2);
    assert_eq!(attempts[0]["text"], "no json at all");
    assert_eq!(attempts[1]["strategy"], "format-fix");
    let (first, second) = (attempts[0]["cost_usd"].as_f64(), attempts[1]["cost_usd"].as_f64());
    assert!(first.is_none() && second.is_none(), "no tokens were reported: {record}");

    let id = record["id"].as_str().expect("an id");
    let shown = text(&place.run(&["history", "show", id]));
    for part in [
        "attempts: ok",
        "then format-fix ok",
        "## attempt 1: ok",
        "### answer put aside\n\nno json at all",
        "## attempt 2: format-fix ok",
        "asked again because: there is no object and no list in it",
        "### user\n\nYour answer cannot be used as it is",
    ] {
        assert!(shown.contains(part), "no {part}: {shown}");
    }
}

#[test]
fn json_in_a_fence_is_offered_without_another_answer() {
    let fenced = "Here it is:\n```json\n{\"a\": [1, 2]}\n```";
    let place = place("on", vec![says(fenced), status("500 No", "", "{}")]);
    let record = json(&run(&place, &["--format", "json"]));
    assert_eq!((record["text"].as_str(), record["status"].as_str()), (Some(fenced), Some("ok")));
    assert_eq!(record["json"], serde_json::json!({"a": [1, 2]}));
    assert_eq!(record["attempts"].as_array().map(Vec::len), Some(1));
    let check = &record["checks"][0];
    assert_eq!(
        (check["passed"].as_bool(), check["reason"].as_str()),
        (Some(true), Some("JSON taken from a fence"))
    );
    let id = record["id"].as_str().expect("an id");
    assert_eq!(
        json(&place.run(&["history", "show", id, "--format", "json"]))["json"],
        record["json"]
    );
}

#[test]
fn what_has_to_be_guessed_is_not_offered() {
    let place = place("off", vec![says("{\"a\": 1,}")]);
    let output = run(&place, &["--format", "json"]);
    assert_eq!(output.status.code(), Some(1), "a script is told that it is not what was asked for");
    let record = json(&output);
    assert!(record.get("json").is_none(), "{record}");
    assert_eq!(record["checks"][0]["passed"], false);
}
