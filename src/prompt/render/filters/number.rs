//! Filters that give numbers and truth values.

use super::super::{
    budget::{Budget, Outcome, Trouble},
    machine::Arguments,
    operators::finite,
    value::{Value, as_float},
};

pub(super) fn apply(
    name: &str,
    value: &Value,
    arguments: &mut Arguments,
    budget: &mut Budget,
) -> Outcome<Value> {
    match (name, value) {
        ("bool", _) => value.is_true().map(Value::Bool),
        ("abs", Value::Int(number, origin)) => {
            Ok(Value::Int(number.saturating_abs(), origin.clone()))
        }
        ("abs", Value::Float(number, origin)) => Ok(Value::Float(number.abs(), origin.clone())),
        ("round", Value::Int(..)) => {
            arguments.take("precision");
            Ok(value.clone())
        }
        ("round", Value::Float(number, origin)) => {
            let precision = arguments.count("precision")?.unwrap_or(0).min(15);
            let method = arguments.text("method", budget)?;
            let scale = 10_f64.powi(i32::try_from(precision).unwrap_or(0));
            let scaled = number * scale;
            let rounded = match method.as_deref() {
                None | Some("common") => scaled.round(),
                Some("ceil") => scaled.ceil(),
                Some("floor") => scaled.floor(),
                Some(other) => {
                    let message = format!("`{other}` is no way to round: common, ceil or floor");
                    return Err(Trouble::wrong(message));
                }
            };
            let rounded = if scaled.is_finite() { rounded / scale } else { *number };
            finite(rounded, origin.clone())
        }
        ("int", _) => {
            let read = match value {
                Value::Int(number, _) => Some(*number),
                Value::Bool(truth) => Some(i128::from(*truth)),
                Value::Float(number, _) => truncated(*number),
                Value::Text(text) => {
                    let text = text.trim();
                    budget.scan(text.len())?;
                    text.parse().ok().or_else(|| truncated(text.parse().ok()?))
                }
                _ => None,
            };
            let read = read.map(|number| Value::Int(number, value.origin()));
            or_default(read, value, arguments, "a whole number")
        }
        ("float", _) => {
            let read = match value {
                Value::Text(text) => {
                    budget.scan(text.len())?;
                    text.trim().parse().ok()
                }
                Value::Bool(truth) => Some(f64::from(*truth)),
                other => as_float(other),
            };
            let read = read.filter(|number: &f64| number.is_finite());
            let read = read.map(|number| Value::Float(number, value.origin()));
            or_default(read, value, arguments, "a number")
        }
        _ => Err(Trouble::wrong(format!("`{name}` needs a number, not {}", value.kind()))),
    }
}

fn or_default(
    read: Option<Value>,
    value: &Value,
    arguments: &mut Arguments,
    what: &str,
) -> Outcome<Value> {
    let default = arguments.take("default");
    read.or(default).ok_or_else(|| {
        let message = format!("{} cannot be read as {what}", value.kind());
        Trouble::hinted(message, "a default can be given, for example int(default=0)")
    })
}

#[expect(clippy::cast_possible_truncation, reason = "the range is checked first")]
fn truncated(number: f64) -> Option<i128> {
    (number.abs() < 1e30).then(|| number.trunc() as i128)
}
