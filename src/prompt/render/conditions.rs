//! The tests behind `is`, which `select` and its kin use too.

use minijinja::machinery::ast::CompareOpKind;

use super::{
    budget::{Budget, Outcome, Trouble},
    filters,
    machine::Arguments,
    operators,
    text::Text,
    value::Value,
};
use crate::model::nearest;

/// Every test.
pub(in super::super) const NAMES: [&str; 35] = [
    "defined",
    "undefined",
    "none",
    "true",
    "false",
    "boolean",
    "number",
    "integer",
    "float",
    "string",
    "mapping",
    "sequence",
    "iterable",
    "empty",
    "odd",
    "even",
    "divisibleby",
    "eq",
    "equalto",
    "sameas",
    "ne",
    "lt",
    "lessthan",
    "le",
    "gt",
    "greaterthan",
    "ge",
    "in",
    "containing",
    "startingwith",
    "endingwith",
    "lower",
    "upper",
    "filter",
    "test",
];

/// Whether a value passes a test.
pub(super) fn holds(
    name: &str,
    value: Value,
    mut arguments: Arguments,
    budget: &mut Budget,
) -> Outcome<bool> {
    budget.step()?;
    let missing = matches!(value, Value::Undefined(_));
    let result = match name {
        "defined" => !missing,
        "undefined" => missing,
        _ => present(name, &value.defined()?, &mut arguments, budget)?,
    };
    arguments.end(name)?;
    Ok(result)
}

fn present(
    name: &str,
    value: &Value,
    arguments: &mut Arguments,
    budget: &mut Budget,
) -> Outcome<bool> {
    Ok(match name {
        "none" => matches!(value, Value::None | Value::Undefined(_)),
        "true" => matches!(value, Value::Bool(true)),
        "false" => matches!(value, Value::Bool(false)),
        "boolean" => matches!(value, Value::Bool(_)),
        "number" => matches!(value, Value::Int(..) | Value::Float(..)),
        "integer" => matches!(value, Value::Int(..)),
        "float" => matches!(value, Value::Float(..)),
        "string" => matches!(value, Value::Text(_)),
        "mapping" => matches!(value, Value::Map(_)),
        "sequence" => matches!(value, Value::List(_) | Value::Text(_)),
        "iterable" => matches!(value, Value::List(_) | Value::Text(_) | Value::Map(_)),
        "empty" => !value.is_true()? && !matches!(value, Value::Bool(_) | Value::Int(..)),
        "odd" => whole(value, name)?.rem_euclid(2) == 1,
        "even" => whole(value, name)?.rem_euclid(2) == 0,
        "divisibleby" => match whole(&arguments.need("number", name)?, name)? {
            0 => return Err(Trouble::wrong("a number is divided by zero")),
            by => whole(value, name)? % by == 0,
        },
        "lower" => !value.to_text(budget)?.chars().any(char::is_uppercase),
        "upper" => !value.to_text(budget)?.chars().any(char::is_lowercase),
        "startingwith" | "endingwith" => {
            let part = arguments.need("text", name)?.to_text(budget)?;
            let text = value.to_text(budget)?;
            budget.scan(part.len())?;
            if name == "startingwith" { text.starts_with(&*part) } else { text.ends_with(&*part) }
        }
        "containing" => operators::contains(value, &arguments.need("part", name)?, budget)?,
        "filter" => filters::NAMES.contains(&&*value.to_text(budget)?),
        "test" => NAMES.contains(&&*value.to_text(budget)?),
        _ => {
            let Some(op) = comparison(name) else { return Err(unknown(name)) };
            let other = arguments.need("value", name)?;
            operators::compare(op, value, &other, budget)?
        }
    })
}

fn comparison(name: &str) -> Option<CompareOpKind> {
    Some(match name {
        "eq" | "equalto" | "sameas" | "==" => CompareOpKind::Eq,
        "ne" | "!=" => CompareOpKind::Ne,
        "lt" | "lessthan" | "<" => CompareOpKind::Lt,
        "le" | "<=" => CompareOpKind::Lte,
        "gt" | "greaterthan" | ">" => CompareOpKind::Gt,
        "ge" | ">=" => CompareOpKind::Gte,
        "in" => CompareOpKind::In,
        _ => return None,
    })
}

fn unknown(name: &str) -> Trouble {
    Trouble::Wrong {
        message: format!("there is no test `{name}`"),
        hint: nearest(name, NAMES).map(|near| format!("did you mean `{near}`?")),
    }
}

fn whole(value: &Value, of: &str) -> Outcome<i128> {
    match value {
        Value::Int(number, _) => Ok(*number),
        other => {
            let message = format!("`{of}` needs a whole number, not {}", other.kind());
            Err(Trouble::wrong(message))
        }
    }
}

/// A test given by name and arguments, as `select` takes it. Without a name: whether it is true.
pub(super) struct Condition {
    name: Option<Text>,
    positional: Vec<Value>,
}

impl Condition {
    /// Takes what is left of the arguments.
    pub fn take(arguments: &mut Arguments, budget: &mut Budget) -> Outcome<Self> {
        let name = arguments.next().map(|name| name.to_text(budget)).transpose()?;
        Ok(Self { name, positional: std::mem::take(&mut arguments.positional) })
    }

    pub fn holds(&self, value: Value, budget: &mut Budget) -> Outcome<bool> {
        let Some(name) = &self.name else {
            return match value {
                Value::Undefined(_) => Ok(false),
                value => value.is_true(),
            };
        };
        budget.make_items(self.positional.len(), size_of::<Value>())?;
        let arguments = Arguments { positional: self.positional.clone(), named: Vec::new() };
        holds(name, value, arguments, budget)
    }
}
