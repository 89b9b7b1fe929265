//! Generation parameters: what the user asks of a model, in one vocabulary for every provider.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use thiserror::Error;

use super::{CachePrompt, ResponseFormat, Tool, ToolChoice, did_you_mean};

/// How much a reasoning model should think.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ReasoningEffort {
    None,
    Minimal,
    Low,
    Medium,
    High,
    Xhigh,
    Max,
}

impl ReasoningEffort {
    /// Every effort, least first.
    pub const ALL: [Self; 7] =
        [Self::None, Self::Minimal, Self::Low, Self::Medium, Self::High, Self::Xhigh, Self::Max];

    /// The word used in templates, records and on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Minimal => "minimal",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Xhigh => "xhigh",
            Self::Max => "max",
        }
    }
}

/// The generation parameters of a call. `None` (or no stop sequence) means: not asked for, the
/// provider's default holds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GenerationParameters {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub temperature: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub top_p: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub top_k: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub frequency_penalty: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub presence_penalty: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repetition_penalty: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_tokens: Option<u64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub stop: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seed: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub response_format: Option<ResponseFormat>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reasoning_effort: Option<ReasoningEffort>,
    /// The tools that are offered.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tools: Vec<Tool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tool_choice: Option<ToolChoice>,
    /// Whether the provider is asked to keep the prompt for the next call.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache_prompt: Option<CachePrompt>,
}

/// The name of a generation parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Parameter {
    Temperature,
    TopP,
    TopK,
    FrequencyPenalty,
    PresencePenalty,
    RepetitionPenalty,
    MaxTokens,
    Stop,
    Seed,
    ResponseFormat,
    ReasoningEffort,
    Tools,
    ToolChoice,
    CachePrompt,
}

/// A parameter that was asked for and not sent, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DroppedParameter {
    pub name: String,
    pub reason: String,
}

/// Why a parameter's value was refused.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum ParameterError {
    #[error("unknown generation parameter `{name}`{}", did_you_mean(.nearest.as_deref()))]
    Unknown { name: String, nearest: Option<String> },
    #[error("{name}: `{value}` is not {expected}")]
    Value { name: &'static str, value: String, expected: &'static str },
}

impl Parameter {
    /// Every parameter, in the order forms and records show them.
    pub const ALL: [Self; 14] = [
        Self::Temperature,
        Self::TopP,
        Self::TopK,
        Self::FrequencyPenalty,
        Self::PresencePenalty,
        Self::RepetitionPenalty,
        Self::MaxTokens,
        Self::Stop,
        Self::Seed,
        Self::ResponseFormat,
        Self::ReasoningEffort,
        Self::Tools,
        Self::ToolChoice,
        Self::CachePrompt,
    ];

    /// The word used in templates, records and `--param`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Temperature => "temperature",
            Self::TopP => "top_p",
            Self::TopK => "top_k",
            Self::FrequencyPenalty => "frequency_penalty",
            Self::PresencePenalty => "presence_penalty",
            Self::RepetitionPenalty => "repetition_penalty",
            Self::MaxTokens => "max_tokens",
            Self::Stop => "stop",
            Self::Seed => "seed",
            Self::ResponseFormat => "response_format",
            Self::ReasoningEffort => "reasoning_effort",
            Self::Tools => "tools",
            Self::ToolChoice => "tool_choice",
            Self::CachePrompt => "cache_prompt",
        }
    }

    /// The parameter a word names, if it names one.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|parameter| parameter.as_str() == word)
    }

    /// What a value must be, as said in an error and in the settings form.
    #[must_use]
    pub const fn expects(self) -> &'static str {
        match self {
            Self::Temperature => "a number from 0 to 2",
            Self::TopP => "a number from 0 to 1",
            Self::TopK | Self::MaxTokens => "a whole number from 1 up",
            Self::FrequencyPenalty | Self::PresencePenalty => "a number from -2 to 2",
            Self::RepetitionPenalty => "a number above 0, up to 2",
            Self::Stop => "one text, or a JSON list of up to 16 texts",
            Self::Seed => "a whole number",
            Self::ResponseFormat => "text, json, or a JSON Schema",
            Self::ReasoningEffort => "none, minimal, low, medium, high, xhigh or max",
            Self::Tools => "a list of {name, description, parameters}",
            Self::ToolChoice => "auto, none, required, or the name of a tool",
            Self::CachePrompt => "true, false, 5m or 1h",
        }
    }
}

impl fmt::Display for Parameter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl GenerationParameters {
    /// The value of a parameter as JSON, if it is set.
    #[must_use]
    pub fn get(&self, parameter: Parameter) -> Option<Value> {
        match parameter {
            Parameter::Temperature => self.temperature.map(Value::from),
            Parameter::TopP => self.top_p.map(Value::from),
            Parameter::TopK => self.top_k.map(Value::from),
            Parameter::FrequencyPenalty => self.frequency_penalty.map(Value::from),
            Parameter::PresencePenalty => self.presence_penalty.map(Value::from),
            Parameter::RepetitionPenalty => self.repetition_penalty.map(Value::from),
            Parameter::MaxTokens => self.max_tokens.map(Value::from),
            Parameter::Stop => (!self.stop.is_empty()).then(|| Value::from(self.stop.clone())),
            Parameter::Seed => self.seed.map(Value::from),
            Parameter::ResponseFormat => {
                self.response_format.as_ref().map(ResponseFormat::to_value)
            }
            Parameter::ReasoningEffort => {
                self.reasoning_effort.map(|effort| Value::from(effort.as_str()))
            }
            Parameter::Tools => {
                (!self.tools.is_empty()).then(|| self.tools.iter().map(Tool::to_value).collect())
            }
            Parameter::ToolChoice => {
                self.tool_choice.as_ref().map(|choice| Value::from(choice.as_str()))
            }
            Parameter::CachePrompt => self.cache_prompt.map(Value::from),
        }
    }

    /// Sets a parameter from JSON; `null` unsets it. This is the one place where values are
    /// checked, whether they come from a file, a flag or the form.
    ///
    /// # Errors
    /// [`ParameterError::Value`] when the value has the wrong type or is out of range; the
    /// parameters are then unchanged.
    pub fn set(&mut self, parameter: Parameter, value: &Value) -> Result<(), ParameterError> {
        let refuse = || ParameterError::Value {
            name: parameter.as_str(),
            value: match value {
                Value::String(text) => text.chars().take(80).collect(),
                other => other.to_string().chars().take(80).collect(),
            },
            expected: parameter.expects(),
        };
        let number = |low: f64, high: f64| match value {
            Value::Null => Ok(None),
            _ => value
                .as_f64()
                .filter(|number| (low..=high).contains(number))
                .map(Some)
                .ok_or_else(refuse),
        };
        let count = || match value {
            Value::Null => Ok(None),
            _ => value.as_u64().filter(|&number| number > 0).map(Some).ok_or_else(refuse),
        };
        match parameter {
            Parameter::Temperature => self.temperature = number(0.0, 2.0)?,
            Parameter::TopP => self.top_p = number(0.0, 1.0)?,
            Parameter::TopK => self.top_k = count()?,
            Parameter::FrequencyPenalty => self.frequency_penalty = number(-2.0, 2.0)?,
            Parameter::PresencePenalty => self.presence_penalty = number(-2.0, 2.0)?,
            Parameter::RepetitionPenalty => {
                self.repetition_penalty = number(f64::MIN_POSITIVE, 2.0)?;
            }
            Parameter::MaxTokens => self.max_tokens = count()?,
            Parameter::Stop => {
                self.stop = match value {
                    Value::Null => Vec::new(),
                    Value::String(text) if !text.is_empty() => vec![text.clone()],
                    Value::Array(items) if items.len() <= 16 => items
                        .iter()
                        .map(|item| item.as_str().map(str::to_owned).filter(|s| !s.is_empty()))
                        .collect::<Option<Vec<_>>>()
                        .ok_or_else(refuse)?,
                    _ => return Err(refuse()),
                };
            }
            Parameter::Seed => {
                self.seed = match value {
                    Value::Null => None,
                    _ => Some(value.as_i64().ok_or_else(refuse)?),
                };
            }
            Parameter::ResponseFormat => {
                self.response_format = match value {
                    Value::Null => None,
                    _ => Some(ResponseFormat::from_value(value).ok_or_else(refuse)?),
                };
            }
            Parameter::ReasoningEffort => {
                self.reasoning_effort = match value {
                    Value::Null => None,
                    _ => Some(
                        ReasoningEffort::ALL
                            .into_iter()
                            .find(|effort| value.as_str() == Some(effort.as_str()))
                            .ok_or_else(refuse)?,
                    ),
                };
            }
            Parameter::Tools => {
                self.tools = match value {
                    Value::Null => Vec::new(),
                    Value::Array(items) => items
                        .iter()
                        .map(Tool::from_value)
                        .collect::<Option<Vec<_>>>()
                        .ok_or_else(refuse)?,
                    _ => return Err(refuse()),
                };
            }
            Parameter::ToolChoice => {
                self.tool_choice = match value {
                    Value::Null => None,
                    _ => Some(value.as_str().and_then(ToolChoice::from_word).ok_or_else(refuse)?),
                };
            }
            Parameter::CachePrompt => {
                self.cache_prompt = match value {
                    Value::Null => None,
                    _ => Some(CachePrompt::from_value(value).ok_or_else(refuse)?),
                };
            }
        }
        Ok(())
    }

    /// Sets a parameter from what a person typed: JSON where it reads as JSON, else text. An
    /// empty text unsets it.
    ///
    /// # Errors
    /// As [`Self::set`].
    pub fn set_text(&mut self, parameter: Parameter, text: &str) -> Result<(), ParameterError> {
        let trimmed = text.trim();
        let value = if trimmed.is_empty() {
            Value::Null
        } else {
            serde_json::from_str(trimmed).unwrap_or_else(|_| Value::from(text))
        };
        // A stop sequence or a word may look like JSON (`"###"` does not, `3` does).
        let value = match (parameter, value) {
            (Parameter::Stop, number @ (Value::Number(_) | Value::Bool(_))) => {
                Value::from(number.to_string())
            }
            (_, value) => value,
        };
        self.set(parameter, &value)
    }

    /// The set parameters as a JSON object, in the order of [`Parameter::ALL`].
    #[must_use]
    pub fn to_map(&self) -> Map<String, Value> {
        Parameter::ALL
            .into_iter()
            .filter_map(|parameter| {
                self.get(parameter).map(|value| (parameter.as_str().to_owned(), value))
            })
            .collect()
    }

    /// These parameters with every parameter that `over` sets replaced by its value.
    #[must_use]
    pub fn overlaid(&self, over: &Self) -> Self {
        let mut merged = self.clone();
        for parameter in Parameter::ALL {
            if let Some(value) = over.get(parameter) {
                // A value that came out of checked parameters is a checked value.
                let _ = merged.set(parameter, &value);
            }
        }
        merged
    }
}

/// Starting points by task. Figures are the usual advice of the providers' own guides: near 0
/// where there is one right answer, higher where variety is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Preset {
    Coding,
    Creative,
    FactualQuestions,
    Classification,
    Extraction,
    Summarisation,
    Mathematics,
    Translation,
}

impl Preset {
    /// Every preset, in the order shown.
    pub const ALL: [Self; 8] = [
        Self::Coding,
        Self::Creative,
        Self::FactualQuestions,
        Self::Classification,
        Self::Extraction,
        Self::Summarisation,
        Self::Mathematics,
        Self::Translation,
    ];

    /// The name shown and accepted by `--preset`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Coding => "coding",
            Self::Creative => "creative",
            Self::FactualQuestions => "factual-qa",
            Self::Classification => "classification",
            Self::Extraction => "extraction",
            Self::Summarisation => "summarisation",
            Self::Mathematics => "math",
            Self::Translation => "translation",
        }
    }

    /// The preset a word names, if it names one.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|preset| preset.as_str() == word)
    }

    /// Its parameters.
    #[must_use]
    pub fn parameters(self) -> GenerationParameters {
        let (temperature, top_p, max_tokens, format) = match self {
            Self::Coding => (0.2, Some(0.95), 2048, None),
            Self::Creative => (1.0, Some(0.95), 2048, None),
            Self::FactualQuestions => (0.1, None, 512, None),
            Self::Classification => (0.0, None, 16, None),
            Self::Extraction => (0.0, None, 1024, Some(ResponseFormat::Json)),
            Self::Summarisation => (0.3, None, 512, None),
            Self::Mathematics => (0.0, None, 1024, None),
            Self::Translation => (0.2, None, 2048, None),
        };
        GenerationParameters {
            temperature: Some(temperature),
            top_p,
            max_tokens: Some(max_tokens),
            response_format: format,
            ..GenerationParameters::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn out_of_range_values_are_refused_and_change_nothing() {
        let mut parameters = GenerationParameters { temperature: Some(0.5), ..Default::default() };
        for (parameter, value) in [
            (Parameter::Temperature, json!(3)),
            (Parameter::Temperature, json!("warm")),
            (Parameter::TopP, json!(1.5)),
            (Parameter::TopK, json!(0)),
            (Parameter::MaxTokens, json!(-1)),
            (Parameter::Stop, json!([1])),
            (Parameter::ReasoningEffort, json!("extreme")),
            (Parameter::Tools, json!(["now"])),
            (Parameter::ToolChoice, json!("two words")),
            (Parameter::CachePrompt, json!("yes")),
            (Parameter::CachePrompt, json!("2h")),
        ] {
            assert!(parameters.set(parameter, &value).is_err(), "{parameter} took {value}");
        }
        assert_eq!(parameters.temperature, Some(0.5));
    }

    #[test]
    fn every_parameter_reads_back_what_was_set() {
        let mut parameters = GenerationParameters::default();
        for (parameter, value) in [
            (Parameter::Temperature, json!(0.5)),
            (Parameter::TopP, json!(0.9)),
            (Parameter::TopK, json!(40)),
            (Parameter::FrequencyPenalty, json!(-1.0)),
            (Parameter::PresencePenalty, json!(1.0)),
            (Parameter::RepetitionPenalty, json!(1.1)),
            (Parameter::MaxTokens, json!(16)),
            (Parameter::Stop, json!(["###"])),
            (Parameter::Seed, json!(-7)),
            (Parameter::ResponseFormat, json!({"schema": {"type": "object"}})),
            (Parameter::ReasoningEffort, json!("high")),
            (Parameter::Tools, json!([{"name": "now", "parameters": {"type": "object"}}])),
            (Parameter::ToolChoice, json!("now")),
            (Parameter::CachePrompt, json!(true)),
        ] {
            parameters.set(parameter, &value).expect("a good value");
            assert_eq!(parameters.get(parameter), Some(value), "{parameter}");
        }
        assert_eq!(parameters.to_map().len(), Parameter::ALL.len());
        for parameter in Parameter::ALL {
            parameters.set(parameter, &Value::Null).expect("unset");
        }
        assert_eq!(parameters, GenerationParameters::default());
    }

    #[test]
    fn how_long_a_prompt_is_kept_is_a_switch_or_a_time() {
        let mut parameters = GenerationParameters::default();
        for (typed, told) in [
            ("true", json!(true)),
            ("5m", json!(true)),
            ("1h", json!("1h")),
            ("false", json!(false)),
        ] {
            parameters.set_text(Parameter::CachePrompt, typed).expect("a good value");
            assert_eq!(parameters.get(Parameter::CachePrompt), Some(told), "{typed}");
            let written = serde_json::to_value(&parameters).expect("JSON");
            assert_eq!(
                serde_json::from_value::<GenerationParameters>(written).expect("read"),
                parameters
            );
        }
    }

    #[test]
    fn typed_text_is_read_as_a_person_means_it() {
        let mut parameters = GenerationParameters::default();
        parameters.set_text(Parameter::Temperature, " 0.7 ").expect("number");
        parameters.set_text(Parameter::Stop, "###").expect("text");
        parameters.set_text(Parameter::ReasoningEffort, "low").expect("word");
        assert_eq!(parameters.temperature, Some(0.7));
        assert_eq!(parameters.stop, ["###"]);
        assert_eq!(parameters.reasoning_effort, Some(ReasoningEffort::Low));
        parameters.set_text(Parameter::Temperature, "").expect("unset");
        assert_eq!(parameters.temperature, None);
    }
}
