//! `demo/load`: as many tokens as the prompt asks for, at the rate it asks for.
//!
//! The last user message is read for `tokens=N` (1 to 1,000,000; 1,000 where it is missing),
//! `rate=N` (tokens a second; 0 or missing: as fast as possible) and `text=prose|markdown|wide`.

use crate::{
    model::{GenerationParameters, Message, Role},
    provider::demo::{
        DemoModel,
        reply::{DemoReply, finish},
        tokens,
    },
};

const PROSE: &str = "Simulated text for a load test. It says nothing, and says it at length: one \
                     sentence follows another, each of a usual length, until enough of them have \
                     been written.\n\n";

const MARKDOWN: &str = "## Simulated section\n\nA paragraph with **bold**, `code` and a \
                        [link](https://example.org).\n\n- first item\n- second item\n\n```rust\n\
                        fn simulated() -> u32 {\n    42\n}\n```\n\n| column | value |\n|---|---|\n\
                        | a | 1 |\n\n";

const WIDE: &str = "Simulated 幅の広い文字 and family 👩\u{200d}👩\u{200d}👧 with cafe\u{301} and \
                    текст, for the wrap of wide text.\n";

/// The reply to a load prompt.
pub fn reply(
    messages: &[Message],
    parameters: &GenerationParameters,
    input_tokens: u64,
) -> DemoReply {
    let prompt = messages
        .iter()
        .rev()
        .find(|message| message.role == Role::User)
        .map_or("", |message| message.content.as_str());
    let setting = |name: &str| {
        prompt
            .split(|c: char| c.is_whitespace() || c == ',')
            .find_map(|word| word.strip_prefix(name)?.strip_prefix('='))
    };
    let number = |name| setting(name).and_then(|text| text.parse::<u64>().ok());
    let count = number("tokens").unwrap_or(1_000).clamp(1, DemoModel::Load.max_output());
    let rate = number("rate").map_or(0, |rate| u32::try_from(rate).unwrap_or(u32::MAX));
    let filler = match setting("text") {
        Some("markdown") => MARKDOWN,
        Some("wide") => WIDE,
        _ => PROSE,
    };
    let text = fill(filler, usize::try_from(count).unwrap_or(usize::MAX));
    finish(DemoModel::Load, String::new(), text, parameters, input_tokens, Some(rate))
}

/// The filler over and over, cut after so many tokens. Every filler ends in a line break, so its
/// tokens are the same wherever it stands.
fn fill(filler: &str, tokens: usize) -> String {
    let per_round = tokens::pieces(filler).count();
    let mut text = filler.repeat(tokens / per_round);
    text.extend(tokens::pieces(filler).take(tokens % per_round));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_the_tokens_that_were_asked_for() {
        for text in ["prose", "markdown", "wide"] {
            for count in [1, 7, 1_000, 50_000] {
                let prompt = format!("Please: tokens={count} rate=250 text={text}");
                let reply =
                    reply(&[Message::new(Role::User, prompt)], &GenerationParameters::default(), 1);
                assert_eq!(reply.usage.output_tokens, Some(count), "{text}");
                assert_eq!(reply.pieces().count() as u64, count, "{text}");
                assert_eq!(reply.rate, Some(250));
            }
        }
    }
}
