//! Templates: parse, render, compose, lint, count. Pure: no IO, no clock, no async.

mod body;
pub mod diff;
mod error;
mod front;
mod guard;
pub mod highlight;
mod library;
mod position;
mod sources;
mod template;
pub mod tokens;

pub use error::{InputProblem, RenderError, SourceError, TemplateError};
pub use front::{FrontMatter, ParameterKind, ParameterSpec, Shape, Validation};
pub use position::{LineIndex, Place};
pub use sources::{NoSources, Sources, check_name};
pub use template::{Form, MAX_TEMPLATE_BYTES, Template, parse, parse_bytes};
