//! What stands before the body: the template's own facts, from YAML front matter, from the JSON
//! form, or from front matter written for Prompty.

mod fallback;
pub mod json;
mod kind;
mod prompty;
mod read;
mod safeguards;
mod scalar;
pub mod yaml;

use semver::Version;
use serde_json::{Map, Value};

use super::tools::ToolName;
use crate::model::{
    Fallback, GenerationParameters, GuardRules, ModelRef, RecoveryRules, ResponseFormat,
};

pub use kind::ParameterKind;
pub(crate) use read::{FrontError, Note, NoteLevel, read};
pub(crate) use scalar::flow_safe_scalar;

/// Whose keys a template's front matter uses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Shape {
    /// The keys of this program.
    #[default]
    Own,
    /// Prompty's first version: `inputs`, `sample`, `model.configuration`, `model.parameters`.
    PromptyV1,
    /// Prompty's second version: `model.id`, `model.options`, `outputs`.
    PromptyV2,
}

/// A template's facts. What the file does not say is `None` or empty; keys that are not listed
/// here stay in the file untouched.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FrontMatter {
    pub shape: Shape,
    pub name: Option<String>,
    /// `None` too when the file's version is not a semantic version, which lint reports.
    pub version: Option<Version>,
    pub category: Option<String>,
    pub description: Option<String>,
    pub tags: Vec<String>,
    pub authors: Vec<String>,
    pub model: Option<ModelRef>,
    /// Models to ask where that one does not answer; an empty list asks no other.
    pub fallback: Option<Vec<Fallback>>,
    pub generation: GenerationParameters,
    /// In the order of the file.
    pub parameters: Vec<ParameterSpec>,
    pub validation: Option<Validation>,
    pub response_format: Option<ResponseFormat>,
    /// The tools it offers, by name, in its order.
    pub tools: Vec<ToolName>,
    /// Laid over the settings' own.
    pub guards: GuardRules,
    /// Laid over the settings' own.
    pub recovery: RecoveryRules,
}

impl FrontMatter {
    /// The parameter of a name.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<&ParameterSpec> {
        self.parameters.iter().find(|parameter| parameter.name == name)
    }
}

/// What a template says about one of its variables.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ParameterSpec {
    pub name: String,
    /// Must be given; never true when there is a default.
    pub required: bool,
    pub default: Option<Value>,
    pub description: Option<String>,
    /// The only values allowed, if any are listed.
    pub enum_values: Vec<Value>,
    pub kind: ParameterKind,
    /// A value to try it with; never used unasked.
    pub example: Option<Value>,
    /// The author vouches for its values: guards leave them alone.
    pub trusted: bool,
}

/// What an answer should be like, checked after a call.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Validation {
    pub min_tokens: Option<u64>,
    pub max_tokens: Option<u64>,
    pub required_sections: Vec<String>,
    /// Keys not understood here, for whoever does.
    pub other: Map<String, Value>,
}
