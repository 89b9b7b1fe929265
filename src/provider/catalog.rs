//! What is known of models and services beforehand: a dated table that settings can override.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::{
    config::{ModelOverride, ProviderKind},
    model::{ModelRef, Price, ReasoningEffort, Usage},
};

const TABLE: &str = include_str!("catalog.toml");

/// What is known of a model.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ModelFacts {
    /// Tokens of prompt and answer together.
    pub context_window: Option<u64>,
    /// Most tokens of one answer.
    pub max_output: Option<u64>,
    pub price: Option<Price>,
    /// The longest prompt, in tokens, the price holds for.
    pub price_up_to: Option<u64>,
    /// The day the facts were true, as a date.
    pub as_of: String,
    pub capabilities: Capabilities,
}

/// Whether a model thinks before it answers, and how that is asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Thinking {
    /// It does not.
    None,
    /// With a budget of tokens.
    Budget,
    /// As much as it finds right, within an effort.
    #[default]
    Adaptive,
}

/// How a model that thinks is told not to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ThinkingOff {
    #[default]
    Disabled,
    /// It thinks between calls of tools alone, so not at all where there are none.
    BetweenTools,
}

impl ThinkingOff {
    /// The word on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Disabled => "disabled",
            Self::BetweenTools => "between_tools",
        }
    }
}

/// When a model takes temperature, `top_p` and `top_k`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sampling {
    #[default]
    Always,
    WithoutReasoning,
    Never,
}

/// What a model accepts. The default is what is taken of a model nothing is known of.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Capabilities {
    pub sampling: Sampling,
    pub thinking: Thinking,
    pub thinking_off: ThinkingOff,
    /// Whether temperature and `top_p` exclude each other.
    pub temperature_or_top_p: bool,
    /// Whether a request may end in the beginning of the answer.
    pub prefill: bool,
    /// Whether an answer can be held to a JSON Schema.
    pub schema: bool,
    /// Whether frequency and presence penalties are taken.
    pub penalties: bool,
    /// Whether stop texts are taken.
    pub stop: bool,
    /// The name under which the limit on the answer is sent, where it is not the usual one.
    pub max_tokens: Option<String>,
    /// The reasoning efforts it knows; `None` where that is not known.
    pub efforts: Option<Vec<ReasoningEffort>>,
    /// The effort it takes where none is asked for.
    pub default_effort: Option<ReasoningEffort>,
}

impl Default for Capabilities {
    fn default() -> Self {
        Self {
            sampling: Sampling::default(),
            thinking: Thinking::default(),
            thinking_off: ThinkingOff::default(),
            temperature_or_top_p: false,
            prefill: true,
            schema: true,
            penalties: true,
            stop: true,
            max_tokens: None,
            efforts: None,
            default_effort: None,
        }
    }
}

impl Capabilities {
    /// Whether a model of this family may think without showing all of it, so that nobody sees how
    /// much it has written. OpenAI shows nothing of it, Anthropic and Gemini a summary at most.
    #[must_use]
    pub fn may_think_unseen(&self, kind: ProviderKind, asked: Option<ReasoningEffort>) -> bool {
        let efforts = self.efforts.as_deref();
        match kind {
            ProviderKind::OpenAi | ProviderKind::Responses => {
                efforts.is_some_and(|efforts| !efforts.is_empty())
                    && asked.or(self.default_effort) != Some(ReasoningEffort::None)
            }
            ProviderKind::Anthropic => {
                // An effort that a model does not know is not sent.
                match asked.filter(|asked| efforts.is_none_or(|efforts| efforts.contains(asked))) {
                    Some(effort) => {
                        effort != ReasoningEffort::None && self.thinking != Thinking::None
                    }
                    // Those that take a budget think when they are given one; of the others some
                    // do unless they are told not to.
                    None => self.thinking == Thinking::Adaptive,
                }
            }
            ProviderKind::Gemini => asked != Some(ReasoningEffort::None),
            ProviderKind::Ollama | ProviderKind::Demo => false,
        }
    }
}

#[derive(Deserialize)]
struct Table {
    as_of: String,
    model: Vec<ModelRow>,
    family: Vec<Family>,
}

#[derive(Deserialize)]
struct ModelRow {
    provider: String,
    names: Vec<String>,
    context_window: Option<u64>,
    max_output: Option<u64>,
    price: Option<Price>,
    price_up_to: Option<u64>,
    as_of: String,
}

#[derive(Clone, Debug, Deserialize)]
struct Family {
    protocol: String,
    prefixes: Vec<String>,
    #[serde(flatten)]
    capabilities: Capabilities,
}

/// The table of models and families.
#[derive(Clone, Debug, Default)]
pub struct Catalog {
    as_of: String,
    models: BTreeMap<ModelRef, ModelFacts>,
    families: Vec<Family>,
    overrides: BTreeMap<ModelRef, ModelOverride>,
}

impl Catalog {
    /// The table that is part of the program. A test proves that it reads.
    #[must_use]
    pub fn builtin() -> Self {
        read(TABLE).unwrap_or_default()
    }

    /// The same table with the user's own figures over it.
    #[must_use]
    pub fn with_overrides(mut self, overrides: &BTreeMap<ModelRef, ModelOverride>) -> Self {
        self.overrides.clone_from(overrides);
        self
    }

    /// The day the table was made, as a date.
    #[must_use]
    pub fn as_of(&self) -> &str {
        &self.as_of
    }

    /// Every model of the table, by name.
    #[must_use]
    pub fn all(&self) -> Vec<ModelRef> {
        self.models.keys().cloned().collect()
    }

    /// What is known of a model; a dated snapshot (`gpt-4o-2024-08-06`) is its model. `None`
    /// where neither the table nor the user's settings name it.
    #[must_use]
    pub fn lookup(&self, model: &ModelRef) -> Option<ModelFacts> {
        let listed = self.models.get(model).or_else(|| {
            let undated = ModelRef::new(&model.provider, undated(&model.model)?);
            self.models.get(&undated)
        });
        let Some(over) = self.overrides.get(model) else { return listed.cloned() };
        let mut facts = listed.cloned().unwrap_or_default();
        let replaced = over.price(facts.price);
        if replaced != facts.price {
            facts.price = replaced;
            facts.price_up_to = None;
        }
        facts.context_window = over.context_window.or(facts.context_window);
        facts.max_output = over.max_output.or(facts.max_output);
        Some(facts)
    }

    /// What is known of a model at a provider of a kind, with what its family accepts.
    #[must_use]
    pub fn facts(&self, kind: ProviderKind, model: &ModelRef) -> Option<ModelFacts> {
        let listed = self.lookup(model);
        let capabilities = self.capabilities(kind, &model.model);
        if listed.is_none() && capabilities.is_none() {
            return None;
        }
        let mut facts = listed.unwrap_or_default();
        facts.capabilities = capabilities.unwrap_or_default();
        Some(facts)
    }

    /// What the family of a model accepts: the longest prefix decides, of the name's last part
    /// (`openai/gpt-5` at a service that resells it).
    fn capabilities(&self, kind: ProviderKind, name: &str) -> Option<Capabilities> {
        let protocol = match kind {
            ProviderKind::OpenAi | ProviderKind::Responses => "openai",
            ProviderKind::Anthropic => "anthropic",
            _ => return None,
        };
        let name = name.rsplit('/').next().unwrap_or(name).to_ascii_lowercase();
        self.families
            .iter()
            .filter(|family| family.protocol == protocol)
            .filter_map(|family| {
                let longest = family
                    .prefixes
                    .iter()
                    .filter(|prefix| name.starts_with(prefix.as_str()))
                    .map(String::len)
                    .max()?;
                Some((longest, family))
            })
            .max_by_key(|(length, _)| *length)
            .map(|(_, family)| family.capabilities.clone())
    }

    /// The price of a call of this size. `None` where it is not known, also for a prompt longer
    /// than the known price holds for: a cost that is too low would be worse than none.
    #[must_use]
    pub fn price(&self, model: &ModelRef, usage: &Usage) -> Option<Price> {
        let facts = self.lookup(model)?;
        let covered = match (facts.price_up_to, usage.input_tokens) {
            (Some(most), Some(tokens)) => tokens <= most,
            _ => true,
        };
        facts.price.filter(|_| covered)
    }

    /// The names of a provider's models.
    pub fn names(&self, provider: &str) -> impl Iterator<Item = &str> {
        let known = self.models.keys().filter(move |known| known.provider == provider);
        known.map(|known| known.model.as_str())
    }
}

fn read(table: &str) -> Result<Catalog, toml::de::Error> {
    let table: Table = toml::from_str(table)?;
    let mut models = BTreeMap::new();
    for row in table.model {
        for name in row.names {
            let facts = ModelFacts {
                context_window: row.context_window,
                max_output: row.max_output,
                price: row.price,
                price_up_to: row.price_up_to,
                as_of: row.as_of.clone(),
                capabilities: Capabilities::default(),
            };
            models.insert(ModelRef::new(&row.provider, name), facts);
        }
    }
    Ok(Catalog { as_of: table.as_of, models, families: table.family, overrides: BTreeMap::new() })
}

/// A name without the date (`-2024-08-06`, `-20250929`) or `-latest` it ends in.
fn undated(name: &str) -> Option<&str> {
    if let Some(base) = name.strip_suffix("-latest").or_else(|| name.strip_suffix(":latest")) {
        return Some(base);
    }
    let digits = |text: &str, length: usize| {
        text.len() == length && text.bytes().all(|byte| byte.is_ascii_digit())
    };
    let (rest, last) = name.rsplit_once('-')?;
    if digits(last, 8) {
        return Some(rest);
    }
    let (rest, month) = rest.rsplit_once('-')?;
    let (base, year) = rest.rsplit_once('-')?;
    (digits(last, 2) && digits(month, 2) && digits(year, 4)).then_some(base)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_reads_and_says_what_it_is() {
        let catalog = read(TABLE).expect("the table is valid");
        assert!(catalog.models.len() > 25 && !catalog.as_of.is_empty());
        for (model, facts) in &catalog.models {
            assert!(!facts.as_of.is_empty(), "{model} is not dated");
        }
        for model in ["fast", "balanced", "careful"] {
            assert!(catalog.lookup(&ModelRef::new("demo", model)).is_some(), "{model}");
        }
    }

    #[test]
    fn a_dated_snapshot_is_its_model() {
        let catalog = Catalog::builtin();
        for name in ["gpt-4o-2024-08-06", "gpt-4o-latest", "gpt-4o"] {
            assert!(catalog.lookup(&ModelRef::new("openai", name)).is_some(), "{name}");
        }
        assert!(catalog.lookup(&ModelRef::new("openai", "gpt-4o-audio")).is_none());
        let haiku = ModelRef::new("anthropic", "claude-haiku-4-5-20251001");
        assert!(catalog.lookup(&haiku).is_some());
    }

    #[test]
    fn the_longest_prefix_decides_the_family() {
        let catalog = Catalog::builtin();
        let sampling = |kind, name: &str| {
            catalog.capabilities(kind, name).map(|capabilities| capabilities.sampling)
        };
        assert_eq!(sampling(ProviderKind::OpenAi, "gpt-5-mini"), Some(Sampling::Never));
        assert_eq!(sampling(ProviderKind::OpenAi, "gpt-5.4"), Some(Sampling::WithoutReasoning));
        assert_eq!(sampling(ProviderKind::OpenAi, "openai/gpt-4o"), Some(Sampling::Always));
        assert_eq!(sampling(ProviderKind::OpenAi, "llama-3"), None);
        assert_eq!(sampling(ProviderKind::Ollama, "gpt-5"), None);
    }

    #[test]
    fn thinking_that_is_summed_up_or_hidden_is_unseen() {
        use ProviderKind::{Anthropic, Gemini, Ollama, OpenAi, Responses};
        use ReasoningEffort::{High, Max, None as Off};
        let catalog = Catalog::builtin();
        for (kind, name, asked, unseen) in [
            (OpenAi, "gpt-5-mini", None, true),
            (OpenAi, "gpt-5.4", None, false),
            (Responses, "gpt-5.4", Some(High), true),
            (OpenAi, "gpt-4o", None, false),
            (OpenAi, "llama-3", None, false),
            (Anthropic, "claude-opus-5", None, true),
            (Anthropic, "claude-opus-5", Some(High), true),
            (Anthropic, "claude-opus-5", Some(Off), false),
            // It cannot be told not to.
            (Anthropic, "claude-fable-5", Some(Off), true),
            // It thinks only where it is given a budget for that, and knows no such effort.
            (Anthropic, "claude-haiku-4-5", None, false),
            (Anthropic, "claude-haiku-4-5", Some(Max), false),
            (Anthropic, "claude-haiku-4-5", Some(High), true),
            (Anthropic, "claude-3-haiku", Some(High), false),
            (Anthropic, "of-another-house", None, true),
            (Gemini, "gemini-3-pro", None, true),
            (Gemini, "gemini-2.5-flash", Some(High), true),
            (Gemini, "gemini-2.5-flash", Some(Off), false),
            (Ollama, "qwen", Some(High), false),
        ] {
            let known = catalog.capabilities(kind, name).unwrap_or_default();
            assert_eq!(known.may_think_unseen(kind, asked), unseen, "{name} {asked:?}");
        }
    }

    #[test]
    fn a_price_ends_where_it_no_longer_holds() {
        let catalog = Catalog::builtin();
        let model = ModelRef::new("openai", "gpt-5.4");
        let usage = |tokens| Usage { input_tokens: Some(tokens), ..Usage::default() };
        assert!(catalog.price(&model, &usage(1000)).is_some());
        assert!(catalog.price(&model, &usage(300_000)).is_none());
        let own = ModelOverride {
            price_input: Some(1.0),
            price_output: Some(1.0),
            ..ModelOverride::default()
        };
        let catalog = catalog.with_overrides(&BTreeMap::from([(model.clone(), own)]));
        assert!(catalog.price(&model, &usage(300_000)).is_some());
    }
}
