//! What can be wrong with a template, said with file, line, column and what to do next.

use std::fmt;

use thiserror::Error;

use super::Place;
use crate::model::did_you_mean;

/// A template that cannot be read: broken front matter, a broken body, a limit.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{place}: {message}{}", tail(.hint.as_deref()))]
pub struct TemplateError {
    pub place: Place,
    pub message: String,
    /// What to do next, in one sentence.
    pub hint: Option<String>,
}

/// Why a partial or another template could not be had.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum SourceError {
    /// There is none of this name.
    #[error("no partial or template is called `{name}`{}", did_you_mean(.nearest.as_deref()))]
    Unknown { name: String, nearest: Option<String> },
    /// The name points outside the workspace or is no portable name.
    #[error("`{name}` cannot be included: {reason}")]
    Refused { name: String, reason: String },
    /// It exists and cannot be read (permission, not UTF-8, not a regular file, too large).
    #[error("`{name}` cannot be read: {reason}")]
    Unreadable { name: String, reason: String },
}

/// What is wrong with one input.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum InputProblem {
    #[error("input `{name}` is missing{}", described(.description.as_deref()))]
    Missing { name: String, description: Option<String> },
    #[error("input `{name}` is not known; did you mean `{nearest}`?")]
    Misspelt { name: String, nearest: String },
    #[error("input `{name}` must be {expected}, not {found}")]
    Kind { name: String, expected: &'static str, found: String },
    #[error("input `{name}` must be one of {allowed}, not {found}")]
    Choice { name: String, allowed: String, found: String },
    #[error("input `{name}` is nested deeper than {limit} levels")]
    Depth { name: String, limit: usize },
}

impl InputProblem {
    /// The input it is about, as it was given (for a misspelt one) or declared.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Missing { name, .. }
            | Self::Misspelt { name, .. }
            | Self::Kind { name, .. }
            | Self::Choice { name, .. }
            | Self::Depth { name, .. } => name,
        }
    }
}

/// Why a template gave no messages.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum RenderError {
    /// Its text cannot be parsed, or an expression failed.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// A variable that has no value was used.
    #[error("{place}: `{name}` is not defined{}{}", did_you_mean(.nearest.as_deref()), also(.others))]
    Undefined {
        place: Place,
        name: String,
        nearest: Option<String>,
        /// Further variables of the template without a value.
        others: Vec<String>,
    },
    /// The inputs do not fit the parameters; every problem is named.
    #[error("{template}: {}", join(.problems))]
    Inputs { template: String, problems: Vec<InputProblem> },
    /// An include named something that could not be had.
    #[error("{place}: {error}")]
    Include { place: Place, error: SourceError },
    /// Includes that lead back to themselves.
    #[error("{place}: the includes go in a circle: {}", .chain.join(" → "))]
    Cycle { place: Place, chain: Vec<String> },
    /// The template asked for more than it may have.
    #[error(
        "{place}: the template takes too much: more than {limit}; look for a loop or a repetition that grows"
    )]
    Limit { place: Place, limit: String },
    /// Nothing was left to send.
    #[error("{template}: every message is empty, there is nothing to send")]
    Empty { template: String },
}

impl RenderError {
    /// Where it happened, if it happened at one place.
    #[must_use]
    pub const fn place(&self) -> Option<&Place> {
        match self {
            Self::Template(error) => Some(&error.place),
            Self::Undefined { place, .. }
            | Self::Include { place, .. }
            | Self::Cycle { place, .. }
            | Self::Limit { place, .. } => Some(place),
            Self::Inputs { .. } | Self::Empty { .. } => None,
        }
    }
}

fn tail(hint: Option<&str>) -> String {
    hint.map(|hint| format!("; {hint}")).unwrap_or_default()
}

fn described(description: Option<&str>) -> String {
    description.map(|text| format!(" ({text})")).unwrap_or_default()
}

fn also(others: &[String]) -> String {
    if others.is_empty() {
        String::new()
    } else {
        format!("; also without a value: {}", others.join(", "))
    }
}

fn join<T: fmt::Display>(items: &[T]) -> String {
    items.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}
