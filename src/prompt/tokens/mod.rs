//! How many tokens a text has, before it is sent.
//!
//! OpenAI's models are counted with their own tokenizers; for all others the number is an
//! estimate and says so, because their tokenizers are not public or are not worth tens of
//! megabytes each. What a provider reports afterwards always wins over what is counted here.
//!
//! Counting never takes unreasonably long and never fails. A tokenizer cuts a text into pieces
//! by a regular expression and merges the bytes of each piece; time grows faster than length
//! only inside one piece, and the expression gives up on a very long one. So a text above
//! [`EXACT_TEXT_LIMIT`] bytes, or with a run of one kind of character above
//! [`EXACT_RUN_LIMIT`] characters, is estimated.

mod estimate;

use std::collections::HashSet;

use tiktoken_rs::{CoreBPE, cl100k_base_singleton, o200k_base_singleton};

use crate::model::{Message, ModelRef, Role};

/// The largest text, in bytes, that is counted with a tokenizer.
pub const EXACT_TEXT_LIMIT: usize = 256 * 1024;

/// The longest run of letters, of white space or of other marks, in characters, that is still
/// given to a tokenizer. Prose and code stay far below; a base64 image or a ruler of dashes does
/// not.
pub const EXACT_RUN_LIMIT: usize = 8 * 1024;

/// Tokens around each message of a conversation and before the answer, as OpenAI's cookbook
/// documents them ("How to count tokens with tiktoken"): three a message besides its role's
/// word, and three that open the answer.
const MESSAGE_OVERHEAD: usize = 3;
const ANSWER_OVERHEAD: usize = 3;

/// A number of tokens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TokenCount {
    pub tokens: usize,
    /// Whether the model itself would count the same; if not, the number is shown with a `~`.
    pub exact: bool,
}

/// A tokenizer of OpenAI's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Encoding {
    /// Models since GPT-4o.
    O200k,
    /// GPT-4 and GPT-3.5.
    Cl100k,
}

impl Encoding {
    /// The tokenizer of a model by its name, if it is known to have one of these.
    fn of_model(model: &str) -> Option<Self> {
        let name = base_name(model);
        let is = |family: &str| {
            name.strip_prefix(family).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
        };
        let since_4o = ["gpt-4o", "gpt-4.1", "gpt-4.5", "gpt-5", "gpt-oss", "chatgpt-4o"];
        if since_4o.iter().any(|family| name.starts_with(family))
            || ["o1", "o3", "o4", "codex-mini"].into_iter().any(is)
        {
            Some(Self::O200k)
        } else if is("gpt-4") || name.starts_with("gpt-3.5") || name.starts_with("gpt-35") {
            Some(Self::Cl100k)
        } else {
            None
        }
    }

    /// The tokenizer's tables, read on the first use (tens of megabytes and some tenths of a
    /// second, once a process), so that nobody who needs no OpenAI model pays for them.
    fn tables(self) -> &'static CoreBPE {
        match self {
            Self::O200k => o200k_base_singleton(),
            Self::Cl100k => cl100k_base_singleton(),
        }
    }

    /// The tokens of a text, or `None` when it is too long in a way the tokenizer cannot take.
    /// What looks like a control token (`<|endoftext|>`) is counted as the plain text it is
    /// when it stands in a message.
    fn count(self, text: &str) -> Option<usize> {
        if text.len() > EXACT_TEXT_LIMIT || has_long_run(text) {
            return None;
        }
        self.tables().count(text, &HashSet::new()).ok()
    }
}

/// Counts the tokens of a text.
///
/// The first count for a model of OpenAI's reads its tokenizer's tables; faces that must not
/// wait a few tenths of a second count on another thread.
#[must_use]
pub fn count(model: &ModelRef, text: &str) -> TokenCount {
    match Encoding::of_model(&model.model).and_then(|encoding| encoding.count(text)) {
        Some(tokens) => TokenCount { tokens, exact: is_openai(model) },
        None => TokenCount { tokens: estimate::tokens(text), exact: text.is_empty() },
    }
}

/// The estimated tokens of a text whatever the model, in time proportional to its length: for
/// where no table may be read.
#[must_use]
pub fn estimated(text: &str) -> usize {
    estimate::tokens(text)
}

/// The estimated input tokens of a conversation, likewise.
#[must_use]
pub fn estimated_messages(messages: &[Message]) -> usize {
    let each = |message: &Message| MESSAGE_OVERHEAD + 1 + estimated(&message.content);
    ANSWER_OVERHEAD + messages.iter().map(each).sum::<usize>()
}

/// Counts the input tokens of a conversation, the tokens around its messages included.
///
/// Exact only where OpenAI documents what stands around a message: the GPT-3.5, GPT-4 and
/// GPT-4o families, without tool messages.
#[must_use]
pub fn count_messages(model: &ModelRef, messages: &[Message]) -> TokenCount {
    let mut total = TokenCount { tokens: ANSWER_OVERHEAD, exact: has_documented_framing(model) };
    for message in messages {
        let content = count(model, &message.content);
        // Every role's word is one token in both tokenizers.
        total.tokens += MESSAGE_OVERHEAD + 1 + content.tokens;
        total.exact &= message.role != Role::Tool && content.exact;
    }
    total
}

/// A model's name without a router's or a fine-tune's additions: `openai/gpt-4o` and
/// `ft:gpt-4o:team::id` are `gpt-4o`.
fn base_name(model: &str) -> &str {
    let name = model.rsplit('/').next().unwrap_or(model);
    let name = name.strip_prefix("ft:").unwrap_or(name);
    name.split(':').next().unwrap_or(name)
}

/// Whether the name can be trusted to mean OpenAI's model: another endpoint may serve anything
/// under it, so there the same tokenizer's count is an estimate.
fn is_openai(model: &ModelRef) -> bool {
    model.provider == "openai" || model.model.starts_with("openai/")
}

fn has_documented_framing(model: &ModelRef) -> bool {
    let name = base_name(&model.model);
    is_openai(model)
        && (name == "gpt-4"
            || ["gpt-3.5-turbo", "gpt-4-", "gpt-4o"].iter().any(|family| name.starts_with(family)))
}

/// Whether one kind of character follows itself more often than a tokenizer should be given.
fn has_long_run(text: &str) -> bool {
    let mut kind = None;
    let mut run = 0_usize;
    text.chars().any(|character| {
        let this = if character.is_whitespace() {
            0_u8
        } else if character.is_ascii() {
            1 + u8::from(character.is_ascii_alphabetic())
        } else {
            // Letters and combining marks of any script share pieces; telling symbols apart
            // from them is not needed for a bound.
            2
        };
        run = if kind == Some(this) { run + 1 } else { 1 };
        kind = Some(this);
        run > EXACT_RUN_LIMIT
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn openai(model: &str) -> ModelRef {
        ModelRef::new("openai", model)
    }

    #[test]
    fn models_find_their_tokenizer() {
        for model in
            ["gpt-4o", "gpt-4o-mini", "gpt-4.1-nano", "gpt-5.4-pro", "o1", "o3-mini", "ft:gpt-4o:x"]
        {
            assert_eq!(Encoding::of_model(model), Some(Encoding::O200k), "{model}");
        }
        for model in ["gpt-4", "gpt-4-0613", "gpt-3.5-turbo", "gpt-35-turbo", "openai/gpt-4"] {
            assert_eq!(Encoding::of_model(model), Some(Encoding::Cl100k), "{model}");
        }
        for model in ["claude-opus-4-7", "llama3", "o1000", "gpt-6", "gpt-40", "orca"] {
            assert_eq!(Encoding::of_model(model), None, "{model}");
        }
    }

    #[test]
    fn known_counts_are_exact() {
        // Figures from OpenAI's own tokenizer for these texts.
        let text = "antidisestablishmentarianism";
        assert_eq!(count(&openai("gpt-4"), text), TokenCount { tokens: 6, exact: true });
        assert_eq!(count(&openai("gpt-4o"), text), TokenCount { tokens: 6, exact: true });
        let text = "お誕生日おめでとう";
        assert_eq!(count(&openai("gpt-4"), text).tokens, 9);
        assert_eq!(count(&openai("gpt-4o"), text).tokens, 8);
    }

    #[test]
    fn control_tokens_in_a_text_are_plain_text() {
        assert!(count(&openai("gpt-4"), "<|endoftext|>").tokens > 1);
    }

    #[test]
    fn a_conversation_counts_as_openai_documents_it() {
        let messages = [
            Message::new(Role::System, "You are a helpful assistant."),
            Message::new(Role::User, "hello"),
        ];
        let counted = count_messages(&openai("gpt-4o"), &messages);
        assert_eq!(counted, TokenCount { tokens: 3 + (4 + 6) + (4 + 1), exact: true });
    }

    #[test]
    fn only_what_is_really_exact_says_so() {
        let text = "hello world";
        assert!(count(&openai("gpt-5"), text).exact);
        assert!(!count(&ModelRef::new("local", "gpt-5"), text).exact);
        assert!(!count(&ModelRef::new("anthropic", "claude-opus-4-7"), text).exact);
        let messages = [Message::new(Role::User, text)];
        assert!(!count_messages(&openai("gpt-5"), &messages).exact, "undocumented framing");
        let tool = [Message::new(Role::Tool, text)];
        assert!(!count_messages(&openai("gpt-4o"), &tool).exact);
    }

    #[test]
    fn long_runs_are_estimated_and_the_longest_exact_ones_pass_the_tokenizer() {
        let model = openai("gpt-4o");
        for character in ["a", "A", " ", "-", "\n", "字", "é", "\u{301}", "🙂", "7", "\t"] {
            let below = character.repeat(EXACT_RUN_LIMIT);
            assert!(count(&model, &below).exact, "{character:?} failed in the tokenizer");
            let above = character.repeat(EXACT_RUN_LIMIT + 1);
            assert!(!count(&model, &above).exact, "{character:?}");
        }
        let long = "word ".repeat(EXACT_TEXT_LIMIT / 5 + 1);
        assert!(!count(&model, &long).exact);
        assert!(count(&model, &long).tokens > EXACT_TEXT_LIMIT / 8);
    }
}
