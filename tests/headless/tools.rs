//! Tools from a workspace's files to the record of a call.

use super::*;

const OFFERING: &str = "---\nname: Help\nversion: 1.0.0\nmodel: demo/careful\ntools: [find_order]\n\
    ---\nuser:\nWhere is my order A-17?\n";

const FIND: &str = "description: Looks an order up by its number.\nparameters:\n  properties:\n    \
    number: {type: string}\n  required: [number]\n";

#[test]
fn a_call_that_a_model_asks_for_is_told_and_recorded_and_never_made() {
    let place = Place::new();
    place.write("prompts/help.prompty", OFFERING);
    place.write("tools/find_order.yaml", FIND);
    for stream in ["--stream", "--no-stream"] {
        let record = json(&place.run(&["run", "help", "--format", "json", stream]));
        assert_eq!((&record["status"], &record["text"]), (&"ok".into(), &"".into()), "{record}");
        assert_eq!(record["finish_reason"], "tool_use");
        let call = &record["tool_calls"][0];
        assert_eq!(call["name"], "find_order");
        assert_eq!(call["arguments"], serde_json::json!({"number": "A-17"}));
        assert!(call["id"].as_str().is_some_and(|id| id.contains("simulated")), "{call}");
        assert_eq!(record["parameters"]["requested"]["tools"][0]["name"], "find_order");
        let sent = &record["parameters"]["sent"]["tools"][0]["function"];
        assert_eq!(sent["parameters"]["type"], "object");
    }
    let words = text(&place.run(&["run", "help"]));
    assert_eq!(words, "asks for find_order\n{\n  \"number\": \"A-17\"\n}\n");
    let kept = newest(&place);
    assert_eq!(kept["tool_calls"][0]["arguments"]["number"], "A-17");

    let none =
        json(&place.run(&["run", "help", "--param", "tool_choice=none", "--format", "json"]));
    assert_eq!(
        (&none["tool_calls"], &none["finish_reason"]),
        (&serde_json::json!([]), &"stop".into())
    );
}

#[test]
fn a_tool_that_is_not_there_or_not_right_is_named_with_its_place() {
    let place = Place::new();
    place.write("prompts/help.prompty", OFFERING);
    place.write("tools/find_orders.yaml", FIND);
    let words = ["help:5:9", "no tool is called `find_order`", "did you mean `find_orders`"];
    place.refused(&["run", "help"], 2, &words);
    let linted = place.run(&["template", "lint", "help"]);
    assert_eq!(linted.status.code(), Some(1));
    assert!(text(&linted).contains("no tool is called"), "{}", text(&linted));

    place.write("tools/find_order.yaml", "description: x\nparameters:\n  type: list\n");
    let words = ["tools/find_order.yaml:3:9", "must be `object`"];
    place.refused(&["run", "help"], 2, &words);
    let linted = place.run(&["template", "lint", "help"]);
    assert!(text(&linted).contains("tools/find_order.yaml:3:9"), "{}", text(&linted));
}

#[test]
fn the_sample_offers_tools() {
    let place = Place::new();
    let sample = place.path("sample");
    let sample = sample.to_string_lossy();
    assert!(place.run(&["init", &sample]).status.success());
    let arguments = ["--workspace", &*sample, "run", "validation/tool-call", "--format", "json"];
    let record = json(&place.run(&arguments));
    assert_eq!(record["tool_calls"][0]["name"], "pay_back", "{record}");
    assert_eq!(record["tool_calls"][0]["arguments"]["order"], "4711");
}
