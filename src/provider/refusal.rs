//! Which parameter of a request a server says that its model does not take.

use serde_json::Value;

use super::lenient;
use crate::model::{GenerationParameters, Parameter};

/// Words by which servers say that a parameter is not taken at all, rather than that its value is
/// out of bounds.
const PHRASES: [&str; 15] = [
    "not supported",
    "unsupported",
    "does not support",
    "doesn't support",
    "not support",
    "not permitted",
    "not allowed",
    "not available",
    "not compatible",
    "incompatible",
    "cannot be specified",
    "cannot both be specified",
    "unknown name",
    "unrecognized",
    "deprecated",
];

/// OpenAI's codes for the same, and those of servers that speak like it.
const CODES: [&str; 4] =
    ["unsupported_value", "unsupported_parameter", "unknown_parameter", "unrecognized_parameter"];

/// What a parameter is called in requests of one protocol or another, and in their errors.
const fn names(parameter: Parameter) -> &'static [&'static str] {
    match parameter {
        Parameter::Temperature => &["temperature"],
        Parameter::TopP => &["top_p", "topP"],
        Parameter::TopK => &["top_k", "topK"],
        Parameter::FrequencyPenalty => &["frequency_penalty", "frequencyPenalty"],
        Parameter::PresencePenalty => &["presence_penalty", "presencePenalty"],
        Parameter::RepetitionPenalty => &["repetition_penalty", "repeat_penalty"],
        Parameter::MaxTokens => &[
            "max_tokens",
            "max_completion_tokens",
            "max_output_tokens",
            "maxOutputTokens",
            "num_predict",
        ],
        Parameter::Stop => &["stop", "stop_sequences", "stopSequences"],
        Parameter::Seed => &["seed"],
        Parameter::ResponseFormat => &[
            "response_format",
            "response_schema",
            "responseSchema",
            "responseMimeType",
            "responseJsonSchema",
            "json_schema",
            "output_config.format",
            "output_format",
            "text.format",
        ],
        Parameter::ReasoningEffort => &[
            "reasoning_effort",
            "reasoning.effort",
            "reasoning",
            "output_config.effort",
            "effort",
            "thinking",
            "thinkingConfig",
            "thinking_config",
            "thinkingLevel",
            "thinkingBudget",
        ],
        Parameter::Tools => &["tools"],
        Parameter::ToolChoice => &["tool_choice", "toolConfig", "tool_config"],
        Parameter::CachePrompt => &["cache_control"],
    }
}

/// The parameter among those asked for that an error's body says is not taken. `None` where it
/// names none of them, or only finds fault with a value.
pub(super) fn refused(body: &[u8], asked: &GenerationParameters) -> Option<Parameter> {
    let value = lenient::parse(body)?;
    let value = value.as_array().and_then(|list| list.first()).unwrap_or(&value);
    let error = value.get("error").unwrap_or(value);
    let word = |key: &str| error.get(key).and_then(Value::as_str);
    let said = word("message").or_else(|| error.as_str()).unwrap_or_default();
    let refuses = word("code").is_some_and(|code| CODES.contains(&code)) || {
        let lower = said.to_ascii_lowercase();
        PHRASES.iter().any(|phrase| lower.contains(phrase))
    };
    if !refuses {
        return None;
    }
    let asked = asked.to_map();
    let asked =
        || Parameter::ALL.into_iter().filter(|parameter| asked.contains_key(parameter.as_str()));
    if let Some(named) = word("param").filter(|named| !named.is_empty()) {
        return asked().find(|parameter| names(*parameter).iter().any(|name| is(named, name)));
    }
    // The first that is named: a message tends to go on with what to use instead.
    asked()
        .filter_map(|parameter| {
            let place = names(parameter).iter().filter_map(|name| place_of(said, name)).min()?;
            Some((place, parameter))
        })
        .min_by_key(|(place, _)| *place)
        .map(|(_, parameter)| parameter)
}

/// Whether a path such as `tools[0].type` is a parameter's or lies within it.
fn is(path: &str, name: &str) -> bool {
    path.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}

/// Where a name stands in a text as a word of its own.
fn place_of(text: &str, name: &str) -> Option<usize> {
    let joins = |c: char| c.is_ascii_alphanumeric() || c == '_';
    text.match_indices(name).map(|(at, _)| at).find(|&at| {
        let before = text.get(..at).and_then(|before| before.chars().next_back());
        let after = text.get(at + name.len()..).and_then(|after| after.chars().next());
        !before.is_some_and(joins) && !after.is_some_and(joins)
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::ReasoningEffort;

    fn asked() -> GenerationParameters {
        GenerationParameters {
            temperature: Some(0.5),
            top_k: Some(40),
            max_tokens: Some(100),
            stop: vec!["END".to_owned()],
            reasoning_effort: Some(ReasoningEffort::Low),
            ..GenerationParameters::default()
        }
    }

    fn of(body: &Value) -> Option<&'static str> {
        refused(body.to_string().as_bytes(), &asked()).map(Parameter::as_str)
    }

    fn openai(message: &str, param: Option<&str>, code: Option<&str>) -> Value {
        json!({ "error": {
            "message": message, "type": "invalid_request_error", "param": param, "code": code,
        } })
    }

    #[test]
    fn each_providers_way_of_naming_it_is_understood() {
        for (body, parameter) in [
            (
                openai(
                    "Unsupported value: 'temperature' does not support 0.5 with this model. Only the default (1) value is supported.",
                    Some("temperature"),
                    Some("unsupported_value"),
                ),
                Some("temperature"),
            ),
            (
                openai(
                    "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
                    Some("max_tokens"),
                    Some("unsupported_parameter"),
                ),
                Some("max_tokens"),
            ),
            (
                openai(
                    "Unknown parameter: 'reasoning.effort'.",
                    Some("reasoning.effort"),
                    Some("unknown_parameter"),
                ),
                Some("reasoning_effort"),
            ),
            (openai("Unrecognized request argument supplied: top_k", None, None), Some("top_k")),
            (
                json!({ "type": "error", "error": { "type": "invalid_request_error",
                    "message": "`temperature` is deprecated for this model." } }),
                Some("temperature"),
            ),
            (
                json!({ "type": "error", "error": { "type": "invalid_request_error",
                    "message": "thinking: adaptive thinking is not supported on this model" } }),
                Some("reasoning_effort"),
            ),
            (
                json!({ "type": "error", "error": { "type": "invalid_request_error",
                    "message": "top_k: Extra inputs are not permitted" } }),
                Some("top_k"),
            ),
            (
                json!({ "error": { "code": 400, "status": "INVALID_ARGUMENT",
                    "message": "Invalid JSON payload received. Unknown name \"topK\" at 'generation_config': Cannot find field." } }),
                Some("top_k"),
            ),
            (
                json!([{ "error": { "code": 400, "status": "INVALID_ARGUMENT",
                    "message": "Thinking level is not supported for this model: thinkingConfig" } }]),
                Some("reasoning_effort"),
            ),
            (json!({ "error": "stop is not supported by this runner" }), Some("stop")),
            (
                json!({ "object": "error", "message": "temperature and top_p cannot both be specified", "code": 400 }),
                Some("temperature"),
            ),
        ] {
            assert_eq!(of(&body), parameter, "{body}");
        }
    }

    #[test]
    fn a_value_out_of_bounds_or_something_else_is_no_refusal() {
        for body in [
            openai(
                "Invalid 'temperature': decimal above maximum value.",
                Some("temperature"),
                Some("decimal_above_max_value"),
            ),
            openai(
                "Unsupported value: 'messages[0].role'",
                Some("messages[0].role"),
                Some("unsupported_value"),
            ),
            // Not asked for: there is nothing to drop.
            openai("Unknown parameter: 'seed'.", Some("seed"), Some("unknown_parameter")),
            openai("The stopping of seeds is unsupported, nonstop", None, None),
            json!({ "type": "error", "error": { "message": "max_tokens: must be at most 8192" } }),
            json!({ "error": "model not found" }),
            json!("nothing"),
        ] {
            assert_eq!(of(&body), None, "{body}");
        }
        assert_eq!(refused(b"<html>temperature not supported", &asked()), None);
    }
}
