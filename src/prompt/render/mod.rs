//! Renders a template into messages.
//!
//! The parser is minijinja's; the evaluator is this room's own, because a template may come from
//! anywhere and must not be able to take the machine's memory or time: every step and every byte
//! is counted against [`Limits`] before it is spent.

mod budget;
mod conditions;
mod expression;
mod filters;
mod functions;
mod inputs;
mod machine;
mod operators;
mod output;
mod scope;
#[cfg(test)]
mod tests;
mod text;
mod value;

use std::{
    collections::{BTreeMap, HashSet},
    ops::Range,
};

use serde_json::Value as Json;

use super::{RenderError, Sources, Template, library::Library, uses};
use crate::model::{Message, Role};

pub use budget::{Limits, Spent};
pub(super) use conditions::NAMES as TEST_NAMES;
pub(super) use filters::NAMES as FILTER_NAMES;
pub(super) use functions::NAMES as FUNCTION_NAMES;
pub(super) use inputs::prepare as prepare_inputs;
pub(super) use machine::span_of;

/// A template's messages.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rendered {
    pub messages: Vec<RenderedMessage>,
}

/// One message, and what in it came from values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RenderedMessage {
    pub role: Role,
    pub content: String,
    /// What an expression of the template wrote, with the variable as it calls it there. In
    /// order, not overlapping.
    pub values: Vec<ValueSpan>,
    /// What came, by whatever way, from an input that nobody vouches for, with that input's
    /// name. In order, not overlapping.
    pub untrusted: Vec<ValueSpan>,
}

/// A stretch of a message that a value gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValueSpan {
    /// Bytes of the message's content.
    pub range: Range<usize>,
    /// The variable or input it came from.
    pub variable: String,
}

impl Rendered {
    /// The messages as they are sent.
    #[must_use]
    pub fn to_messages(&self) -> Vec<Message> {
        let messages = self.messages.iter();
        messages.map(|message| Message::new(message.role, message.content.clone())).collect()
    }
}

/// Renders a template.
///
/// Lines of the template's (and its includes') own text that are role lines open messages; a
/// value never does, and a value is never rendered itself. Blank lines around a message's own
/// text are taken away, and a message that says nothing is left out. An optional parameter
/// without a value is empty; any other name without a value is an error.
///
/// # Errors
/// [`RenderError`]: inputs that do not fit, something undefined, an include that cannot be had,
/// an expression that fails, or more taken than `limits` allow.
pub fn render(
    template: &Template,
    sources: &dyn Sources,
    inputs: &BTreeMap<String, Json>,
    limits: &Limits,
) -> Result<Rendered, RenderError> {
    render_measured(template, sources, inputs, limits).0
}

/// As [`render`], and says what it took, also when it failed.
pub fn render_measured(
    template: &Template,
    sources: &dyn Sources,
    inputs: &BTreeMap<String, Json>,
    limits: &Limits,
) -> (Result<Rendered, RenderError>, Spent) {
    let mut spent = Spent::default();
    let rendered = run(template, sources, inputs, limits, &mut spent);
    (rendered, spent)
}

fn run(
    template: &Template,
    sources: &dyn Sources,
    given: &BTreeMap<String, Json>,
    limits: &Limits,
    spent: &mut Spent,
) -> Result<Rendered, RenderError> {
    let library = Library::load(template, sources)?;
    let program = library.parse()?;
    let (inputs, problems) = inputs::prepare(template, given);
    if !problems.is_empty() {
        return Err(RenderError::Inputs { template: template.id.to_string(), problems });
    }
    let values = inputs::values(template, &inputs, given)?;
    let parameters = template.front.parameters.iter();
    let optional = parameters.filter(|spec| !spec.required).map(|spec| spec.name.clone());
    let mut machine = machine::Machine::new(&program, *limits, values, optional.collect());
    let done = machine.run();
    *spent = machine.budget.spent();
    if let Err(mut error) = done {
        if let RenderError::Undefined { name, others, .. } = &mut error {
            let known: HashSet<&str> = inputs
                .keys()
                .chain(template.front.parameters.iter().map(|spec| &spec.name))
                .map(String::as_str)
                .collect();
            for used in uses::free(&program).uses {
                let new = !known.contains(used.name) && used.name != name && !used.guarded;
                if new && !others.iter().any(|other| other == used.name) {
                    others.push(used.name.to_owned());
                }
            }
        }
        return Err(error);
    }
    let messages = machine.output.finish();
    if messages.is_empty() {
        return Err(RenderError::Empty { template: template.id.to_string() });
    }
    Ok(Rendered { messages })
}
