//! The chunk that nearly all of a stream consists of — a piece of text and nothing else — read
//! without building a document. Whatever says more than that is left to the reader of everything.

use std::borrow::Cow;

use serde::{Deserialize, de::IgnoredAny};

/// A field that is there and says nothing.
type Nothing = Option<()>;

/// A chunk whose fields are all known to carry no more than these.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Chunk<'c> {
    #[serde(default, rename = "id")]
    _id: IgnoredAny,
    #[serde(default, rename = "object")]
    _object: IgnoredAny,
    #[serde(default, rename = "created")]
    _created: IgnoredAny,
    #[serde(default, rename = "provider")]
    _provider: IgnoredAny,
    #[serde(default, rename = "system_fingerprint")]
    _system_fingerprint: IgnoredAny,
    #[serde(default, rename = "service_tier")]
    _service_tier: IgnoredAny,
    #[serde(default, rename = "obfuscation")]
    _obfuscation: IgnoredAny,
    model: Option<&'c str>,
    #[serde(borrow)]
    choices: [Choice<'c>; 1],
    #[serde(default, rename = "usage")]
    _usage: Nothing,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Choice<'c> {
    #[serde(default)]
    index: u64,
    #[serde(borrow)]
    delta: Delta<'c>,
    #[serde(default, rename = "finish_reason")]
    _finish_reason: Nothing,
    #[serde(default, rename = "native_finish_reason")]
    _native_finish_reason: Nothing,
    #[serde(default, rename = "logprobs")]
    _logprobs: Nothing,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Delta<'c> {
    #[serde(borrow)]
    content: Cow<'c, str>,
    #[serde(default, rename = "role")]
    _role: IgnoredAny,
    #[serde(default, rename = "refusal")]
    _refusal: Nothing,
    #[serde(default, rename = "reasoning")]
    _reasoning: Nothing,
    #[serde(default, rename = "reasoning_content")]
    _reasoning_content: Nothing,
    #[serde(default, rename = "tool_calls")]
    _tool_calls: Nothing,
    #[serde(default, rename = "function_call")]
    _function_call: Nothing,
}

/// The model a chunk names, if any, and its piece of text, which is a part of the chunk where
/// nothing in it is escaped; `None` where it says anything else.
pub(super) fn read(data: &[u8]) -> Option<(Option<&str>, Cow<'_, str>)> {
    let Chunk { model, choices: [choice], .. } = serde_json::from_slice(data).ok()?;
    let piece = choice.delta.content;
    (choice.index == 0 && !piece.is_empty()).then_some((model, piece))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_piece_of_text_is_read() {
        let data = br#"{"id":"c","object":"o","created":1,"model":"m","system_fingerprint":null,
            "choices":[{"index":0,"delta":{"role":"assistant","content":" w\u00f6rd","refusal":null},
            "logprobs":null,"finish_reason":null}],"usage":null}"#;
        assert_eq!(read(data), Some((Some("m"), Cow::from(" w\u{f6}rd"))));
        let short = br#"{"choices":[{"delta":{"content":"a"}}]}"#;
        let Some((None, Cow::Borrowed("a"))) = read(short) else { panic!("it was copied") };
    }

    #[test]
    fn whatever_says_more_is_left_alone() {
        for data in [
            r#"{"choices":[{"delta":{"content":""}}]}"#,
            r#"{"choices":[{"delta":{"content":null}}]}"#,
            r#"{"choices":[{"delta":{"content":[{"text":"a"}]}}]}"#,
            r#"{"choices":[{"delta":{"content":"a","reasoning":"b"}}]}"#,
            r#"{"choices":[{"delta":{"content":"a","reasoning_details":[]}}]}"#,
            r#"{"choices":[{"delta":{"content":"a","tool_calls":[{"id":"1"}]}}]}"#,
            r#"{"choices":[{"delta":{"content":"a"},"finish_reason":"stop"}]}"#,
            r#"{"choices":[{"delta":{"content":"a"},"error":{"message":"no"}}]}"#,
            r#"{"choices":[{"index":1,"delta":{"content":"a"}}]}"#,
            r#"{"choices":[{"index":0,"delta":{"content":"a"}},{"index":1,"delta":{}}]}"#,
            r#"{"choices":[{"delta":{"content":"a","content":"b"}}]}"#,
            r#"{"choices":[{"delta":{"content":"a"}}],"usage":{"prompt_tokens":1}}"#,
            r#"{"choices":[{"delta":{"content":"a"}}],"timings":{"prompt_n":1}}"#,
            r#"{"choices":[{"delta":{"content":"a"}}],"error":{"message":"no"}}"#,
            r#"{"choices":[{"delta":{"content":"\ud800"}}]}"#,
            r#"{"model":"m\u0041","choices":[{"delta":{"content":"a"}}]}"#,
            r#"{"choices":[{"delta":{"content":"a"}}"#,
            r"{}",
            "",
        ] {
            assert_eq!(read(data.as_bytes()), None, "{data}");
        }
    }
}
