//! Filters: `value | name(arguments)`.

mod list;
mod number;
mod text;

use super::{
    budget::{Budget, Outcome, Trouble},
    machine::Arguments,
    text::Text,
    value::Value,
};
use crate::model::nearest;

/// Every filter.
pub(in super::super) const NAMES: [&str; 51] = [
    "abs",
    "attr",
    "batch",
    "bool",
    "capitalize",
    "count",
    "d",
    "default",
    "dictsort",
    "e",
    "escape",
    "first",
    "float",
    "fromjson",
    "groupby",
    "indent",
    "int",
    "items",
    "join",
    "keys",
    "last",
    "length",
    "lines",
    "list",
    "lower",
    "map",
    "max",
    "min",
    "occurrences",
    "reject",
    "rejectattr",
    "replace",
    "reverse",
    "round",
    "safe",
    "select",
    "selectattr",
    "slice",
    "sort",
    "split",
    "string",
    "strip",
    "sum",
    "title",
    "tojson",
    "trim",
    "truncate",
    "unique",
    "upper",
    "values",
    "wordcount",
];

/// Applies one filter.
pub(super) fn apply(
    name: &str,
    value: Value,
    mut arguments: Arguments,
    budget: &mut Budget,
) -> Outcome<Value> {
    budget.step()?;
    if matches!(name, "default" | "d") {
        return default(value, arguments);
    }
    let value = value.defined()?;
    budget.enter()?;
    let result = match name {
        "abs" | "bool" | "float" | "int" | "round" => {
            number::apply(name, &value, &mut arguments, budget)
        }
        _ => match text::apply(name, &value, &mut arguments, budget) {
            Some(result) => result,
            None => list::apply(name, &value, &mut arguments, budget),
        },
    };
    budget.leave();
    let result = result?;
    arguments.end(name)?;
    Ok(result)
}

/// The value, or another when there is none (with `true`: also when it is empty).
fn default(value: Value, mut arguments: Arguments) -> Outcome<Value> {
    let other = match arguments.take("default_value") {
        Some(other) => other.defined()?,
        None => Value::Text(Text::own("")),
    };
    let also_empty = arguments.truth("boolean")?;
    arguments.end("default")?;
    let missing = matches!(value, Value::Undefined(_));
    if missing || (also_empty && !value.is_true()?) { Ok(other) } else { Ok(value) }
}

fn unknown(name: &str) -> Trouble {
    Trouble::Wrong {
        message: format!("there is no filter `{name}`"),
        hint: nearest(name, NAMES).map(|near| format!("did you mean `{near}`?")),
    }
}

/// The length of a value, as `length` gives it.
fn length(value: &Value, budget: &mut Budget) -> Outcome<usize> {
    Ok(match value {
        Value::Text(text) => {
            budget.scan(text.len())?;
            text.chars().count()
        }
        Value::List(list) => list.items.len(),
        Value::Map(map) => map.entries().len(),
        Value::Undefined(_) | Value::None => 0,
        other => return Err(Trouble::wrong(format!("{} has no length", other.kind()))),
    })
}
