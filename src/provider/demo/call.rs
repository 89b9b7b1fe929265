//! Asking for a tool: which of those offered, and with what arguments. Nothing is understood
//! here either: the tool whose description shares most words with what the user wrote is asked
//! for, and its arguments are filled with what plain rules find in the text.

use serde_json::{Value, json};

use super::{
    DemoModel,
    brief::Brief,
    schema, skill,
    text::{sentences, topic_stems},
};
use crate::model::{GenerationParameters, Message, Role, Tool, ToolCall, ToolChoice};

/// The call a model asks for, if it asks for one: where it may choose, only for a tool that has a
/// word in common with the user's, and only until a tool has answered.
pub fn choose(
    model: DemoModel,
    messages: &[Message],
    parameters: &GenerationParameters,
) -> Option<ToolCall> {
    let may_choose = match &parameters.tool_choice {
        Some(ToolChoice::None) => return None,
        Some(ToolChoice::Required | ToolChoice::Named(_)) => false,
        None | Some(ToolChoice::Auto) => true,
    };
    if may_choose && messages.last().is_some_and(|message| message.role == Role::Tool) {
        return None;
    }
    let asked = messages.iter().rev().find(|message| message.role == Role::User);
    let text = asked.map_or("", |message| message.content.as_str());
    let stems = topic_stems(text);
    let shared = |tool: &Tool| {
        let words = tool.name.replace(['_', '-'], " ");
        let described = format!("{words} {}", tool.description.as_deref().unwrap_or_default());
        let own = topic_stems(&described);
        stems.iter().filter(|stem| own.contains(stem)).count()
    };
    let tool = match &parameters.tool_choice {
        Some(ToolChoice::Named(name)) => parameters.tools.iter().find(|tool| tool.name == *name)?,
        // Of several that share as much, the first.
        _ => parameters.tools.iter().rev().max_by_key(|tool| shared(tool))?,
    };
    if may_choose && shared(tool) == 0 {
        return None;
    }
    let arguments = schema::fit(&tool.parameters, &facts(model, messages, parameters, tool, text));
    Some(ToolCall {
        id: "call_simulated_1".to_owned(),
        name: tool.name.clone(),
        arguments_raw: arguments.to_string(),
        arguments: Some(arguments),
    })
}

/// What the text holds, under the names the tool's parameters have.
fn facts(
    model: DemoModel,
    messages: &[Message],
    parameters: &GenerationParameters,
    tool: &Tool,
    text: &str,
) -> Value {
    let mut facts = match skill::entities(model, &Brief::read(messages, parameters)) {
        Value::Object(map) => map,
        _ => serde_json::Map::new(),
    };
    let names = tool.parameters["properties"].as_object().into_iter().flatten();
    for (name, property) in names {
        let lower = name.to_lowercase();
        let says = |words: &[&str]| words.iter().any(|word| lower.contains(word));
        let number = matches!(property["type"].as_str(), Some("number" | "integer"));
        let value = if says(&["number", "id", "code", "reference", "order", "ticket"]) && !number {
            code(text).map(Value::from)
        } else if number {
            amount(text).map(|number| json!(number))
        } else if says(&["reason", "message", "query", "question", "note", "text", "problem"]) {
            sentences(text).first().map(|first| json!(first.trim()))
        } else {
            None
        };
        if let Some(value) = value {
            facts.insert(name.clone(), value);
        }
    }
    Value::Object(facts)
}

fn tokens(text: &str) -> impl Iterator<Item = &str> {
    text.split_whitespace()
        .map(|token| token.trim_matches(|c: char| !c.is_alphanumeric() && c != '#' && c != '€'))
}

/// The first token that looks like the name of a thing: digits with letters or `#`.
fn code(text: &str) -> Option<&str> {
    tokens(text)
        .find(|token| {
            let digit = token.contains(|c: char| c.is_ascii_digit());
            let upper = token.contains(|c: char| c.is_ascii_uppercase());
            digit && (token.starts_with('#') || upper)
        })
        .map(|token| token.trim_start_matches('#'))
}

/// The first sum of money, or else the first number.
fn amount(text: &str) -> Option<f64> {
    let number = |token: &str| token.trim_matches(['€', '$', '#', '.', ',']).parse::<f64>().ok();
    let money = tokens(text).find(|token| token.contains(['€', '$'])).and_then(number);
    money.or_else(|| tokens(text).find_map(number))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(text: &str, choice: Option<&str>) -> Option<ToolCall> {
        let tool = |name: &str, about: &str, properties: Value| Tool {
            name: name.to_owned(),
            description: Some(about.to_owned()),
            parameters: json!({ "type": "object", "properties": properties }),
        };
        let parameters = GenerationParameters {
            tools: vec![
                tool(
                    "find_order",
                    "Looks an order up by its number.",
                    json!({ "number": { "type": "string" } }),
                ),
                tool(
                    "refund",
                    "Pays money back for an order.",
                    json!({ "order": { "type": "string" }, "amount": { "type": "number" } }),
                ),
            ],
            tool_choice: choice.and_then(ToolChoice::from_word),
            ..GenerationParameters::default()
        };
        choose(DemoModel::Careful, &[Message::new(Role::User, text)], &parameters)
    }

    #[test]
    fn the_tool_that_shares_words_is_asked_for() {
        let call = asked("Where is my order A-17?", None).expect("a call");
        assert_eq!(
            (call.name.as_str(), call.arguments),
            ("find_order", Some(json!({"number": "A-17"})))
        );
        let call = asked("Give me my money back: €39.90 for order #4711.", None).expect("a call");
        assert_eq!(call.name, "refund");
        assert_eq!(call.arguments, Some(json!({"order": "4711", "amount": 39.9})));
        assert_eq!(asked("What is the capital of France?", None), None);
    }

    #[test]
    fn a_choice_is_obeyed() {
        assert_eq!(asked("Where is my order A-17?", Some("none")), None);
        let call = asked("What is the capital of France?", Some("required")).expect("a call");
        assert_eq!(call.name, "find_order");
        let call = asked("Where is my order A-17?", Some("refund")).expect("a call");
        assert_eq!(call.name, "refund");
        assert_eq!(asked("Where is my order A-17?", Some("unknown")), None);
    }
}
