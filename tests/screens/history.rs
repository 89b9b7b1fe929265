//! The history: the list, its filter, and one execution in full.

use promptlathe::model::{Attempt, CallError, DroppedParameter, ErrorKind, Execution, ModelRef};
use serde_json::json;

use crate::{
    ALL_SIZES, SIZES, SMALLEST, picture,
    stage::Stage,
    world::{NOW, World},
};

fn shown(size: (u16, u16), world: World, keys: &str) -> Stage {
    let mut stage = Stage::new(size, world);
    stage.press("2").press(keys);
    stage
}

#[test]
fn a_history_of_nothing_says_how_to_begin() {
    picture("history_empty", &[SMALLEST, SIZES[0]], |size| shown(size, World::empty(), ""));
}

#[test]
fn a_long_history_scrolls() {
    let long = || {
        let mut world = World::plain();
        world.history = world.history.iter().cycle().take(70).cloned().collect();
        world
    };
    picture("history_long", &[SIZES[0]], |size| shown(size, long(), "G up up up"));
    picture("history_end", &[SMALLEST, SIZES[0]], |size| shown(size, long(), "G"));
    picture("history_filter_end", &[SMALLEST, SIZES[0]], |size| {
        let mut stage = shown(size, long(), "/");
        stage.typed("defect").wait(1_000).press("enter G");
        stage
    });
}

#[test]
fn a_filter_that_finds_nothing_says_so() {
    for (name, words) in [("history_no_match", "nowhere"), ("history_broken", "broken")] {
        picture(name, &[SIZES[0]], |size| {
            let mut stage = shown(size, World { history: Vec::new(), ..World::plain() }, "/");
            stage.typed(words).wait(1_000).press("enter");
            stage
        });
    }
}

#[test]
fn the_filter_teaches_its_language() {
    picture("history_filter_hint", &[SIZES[0], SIZES[1]], |size| {
        let mut stage = shown(size, World::plain(), "/");
        stage.typed("angry status:").wait(10);
        stage
    });
    picture("history_filter_problem", &[SIZES[0]], |size| {
        let mut stage = shown(size, World::plain(), "/");
        stage.typed("modle:demo/fast").wait(1_000);
        stage
    });
}

#[test]
fn two_executions_are_compared() {
    picture("history_compare", &[SIZES[0], SIZES[1]], |size| {
        shown(size, World::plain(), "c down c")
    });
    picture("history_marked", &[SIZES[0]], |size| shown(size, World::plain(), "down c up"));
}

#[test]
fn an_export_says_how_far_it_is() {
    picture("history_exporting", &[SMALLEST, SIZES[0]], |size| {
        let mut stage = shown(size, World::plain(), "");
        stage.state.exported = Some(12_500);
        stage
    });
}

#[test]
fn lines_are_filled_in() {
    picture("history_tag", &[SIZES[0]], |size| {
        let mut stage = shown(size, World::plain(), "#");
        stage.typed("two words").press("enter");
        stage
    });
    picture("history_export", &[SMALLEST, SIZES[0]], |size| shown(size, World::plain(), "E"));
    picture("history_other_model", &[SIZES[0]], |size| shown(size, World::plain(), "m"));
}

/// An execution with everything a record can hold.
fn rich() -> World {
    let mut world = World::plain();
    let attempt = |outcome: Result<(), CallError>| {
        Attempt::new(&ModelRef::new("demo", "fast"), NOW, 212, &outcome)
    };
    let limited = CallError::new(ErrorKind::RateLimit, "too many calls");
    let parameters = json!({ "temperature": 0, "max_tokens": 16, "top_k": 40 });
    let requested = parameters.as_object().expect("an object").clone();
    let mut sent = requested.clone();
    sent.remove("top_k");
    world.execution = Execution {
        response_model: Some("fast-2026-01-15".to_owned()),
        reasoning: "The customer is angry.\nOne word is asked for.\n".to_owned(),
        text: world.execution.text.repeat(14),
        attempts: vec![attempt(Err(limited)), attempt(Ok(()))],
        rating: Some(4),
        ..world.execution
    };
    world.execution.parameters.requested = requested;
    world.execution.parameters.sent = sent;
    world.execution.parameters.dropped = vec![DroppedParameter {
        name: "top_k".to_owned(),
        reason: "not one of this model's parameters".to_owned(),
    }];
    world.execution.tags.insert("suite".to_owned(), "nightly".to_owned());
    world.execution.usage.cached_input_tokens = Some(64);
    world.execution.usage.reasoning_tokens = Some(12);
    for rule in ["openai-key", "openai-key", "email-address"] {
        world.execution.redactions.add(rule);
    }
    world
}

#[test]
fn one_execution_is_read_in_full() {
    picture("detail", &ALL_SIZES, |size| shown(size, rich(), "enter"));
    picture("detail_prompt", &[SIZES[0], SIZES[1]], |size| shown(size, rich(), "enter right"));
    picture("detail_record", &[SMALLEST, SIZES[0]], |size| {
        shown(size, rich(), "enter right right")
    });
    picture("detail_zoomed", &[SIZES[0], SIZES[1]], |size| shown(size, rich(), "enter z"));
}

/// An answer that was asked for twice: what the first said and what was asked then is read below
/// the prompt.
#[test]
fn answers_that_were_put_aside_are_read() {
    let mut world = World::plain();
    let model = ModelRef::new("demo", "fast");
    let first = Attempt {
        text: Some("It is negative, of course.".to_owned()),
        ..Attempt::new(&model, NOW, 300, &Ok(()))
    };
    let second = Attempt {
        strategy: Some(promptlathe::model::Strategy::FormatFix),
        reason: Some("there is no object and no list in it".to_owned()),
        messages: vec![promptlathe::model::Message::new(
            promptlathe::model::Role::User,
            "Your answer cannot be used as it is:\n- there is no object and no list in it",
        )],
        ..Attempt::new(&model, NOW, 200, &Ok(()))
    };
    world.execution.attempts = vec![first, second];
    world.execution.messages.truncate(1);
    picture("detail_asked_again", &[SIZES[0], SIZES[1]], |size| {
        shown(size, world.clone(), "enter right z")
    });
}

#[test]
fn an_execution_that_failed_says_why() {
    picture("detail_failed", &[SIZES[0], SIZES[1]], |size| {
        let mut world = World::plain();
        world.execution.text.clear();
        world.execution.status = promptlathe::model::Status::Error;
        world.execution.error = Some(
            CallError::new(
                ErrorKind::Connect,
                "nobody answers at http://127.0.0.1:11434: connection refused",
            )
            .hint("Start the server, or set its address in lathe.toml."),
        );
        world.execution.timing.ttft_ms = None;
        world.execution.cost_usd = None;
        shown(size, world, "down down enter")
    });
}

#[test]
fn calls_of_tools_stand_below_the_answer() {
    picture("detail_calls", &[SIZES[0], SIZES[1]], |size| {
        let mut world = World::plain();
        world.execution.text = "I look that up.".to_owned();
        world.execution.finish_reason = Some(promptlathe::model::FinishReason::ToolUse);
        let tool =
            serde_json::json!([{ "name": "find_order", "parameters": { "type": "object" } }]);
        let parameters = &mut world.execution.parameters;
        parameters.requested.insert("tools".to_owned(), tool.clone());
        parameters.sent.insert("tools".to_owned(), tool);
        let call = |name: &str, arguments: Option<serde_json::Value>, raw: &str| {
            promptlathe::model::ToolCall {
                id: "call_simulated_1".to_owned(),
                name: name.to_owned(),
                arguments,
                arguments_raw: raw.to_owned(),
            }
        };
        let arguments = serde_json::json!({ "number": "4711", "quick": true });
        world.execution.tool_calls = vec![
            call("find_order", Some(arguments), "{}"),
            call("find_order", None, "{\"number\": \"47\u{1b}[31m"),
        ];
        shown(size, world, "down down enter")
    });
}
