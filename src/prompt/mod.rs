//! Templates: parse, render, compose, lint, count. Pure: no IO, no clock, no async.

pub mod answer;
mod body;
pub mod diff;
mod edit;
mod error;
pub mod exchange;
mod front;
mod guard;
pub mod highlight;
mod library;
mod lint;
mod position;
mod render;
pub mod similar;
mod sources;
mod template;
pub mod tokens;
mod tools;
mod uses;
mod variables;

pub use edit::{with_key, with_version};
pub use error::{InputProblem, RenderError, SourceError, TemplateError};
pub use front::{FrontMatter, ParameterKind, ParameterSpec, Shape, Validation};
pub use lint::{Finding, Severity, lint};
pub use position::{LineIndex, Place};
pub use render::{Limits, Rendered, RenderedMessage, Spent, ValueSpan, render, render_measured};
pub use sources::{NoSources, Sources, check_name};
pub use template::{Form, MAX_TEMPLATE_BYTES, Template, parse, parse_bytes};
pub use tools::{ToolName, offered_tools, parse_tool, tool_file};
pub use variables::{UnusedParameter, Variable, VariableUse, Variables, variables};
