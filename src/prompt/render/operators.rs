//! What operators do.

use std::{cmp::Ordering, sync::Arc};

use minijinja::machinery::ast::{BinOpKind, CompareOpKind};

use super::{
    budget::{Budget, Outcome, Trouble},
    text::{Origin, Text, Written, either},
    value::{Value, as_float, equal, order},
};

fn too_large() -> Trouble {
    Trouble::wrong("the number is too large")
}

pub(super) fn finite(number: f64, origin: Option<Origin>) -> Outcome<Value> {
    if number.is_finite() { Ok(Value::Float(number, origin)) } else { Err(too_large()) }
}

pub(super) fn negate(value: &Value) -> Outcome<Value> {
    match value {
        Value::Int(number, origin) => {
            let negative = number.checked_neg().ok_or_else(too_large)?;
            Ok(Value::Int(negative, origin.clone()))
        }
        Value::Float(number, origin) => Ok(Value::Float(-number, origin.clone())),
        other => Err(Trouble::wrong(format!("{} has no negative", other.kind()))),
    }
}

/// `a ~ b`: both as text, one after the other.
pub(super) fn concatenate(a: &Value, b: &Value, budget: &mut Budget) -> Outcome<Value> {
    let (a, b) = (a.to_text(budget)?, b.to_text(budget)?);
    joined(&a, &b, budget)
}

fn joined(a: &Text, b: &Text, budget: &mut Budget) -> Outcome<Value> {
    budget.make(a.len() + b.len())?;
    let mut out = Written::with_capacity(a.len() + b.len());
    out.push(a, budget)?;
    out.push(b, budget)?;
    Ok(Value::Text(out.into_text()))
}

pub(super) fn arithmetic(
    op: BinOpKind,
    a: &Value,
    b: &Value,
    budget: &mut Budget,
) -> Outcome<Value> {
    match (op, a, b) {
        (BinOpKind::Add, Value::Text(a), Value::Text(b)) => return joined(a, b, budget),
        (BinOpKind::Add, Value::List(a), Value::List(b)) => {
            budget.make_items(a.items.len() + b.items.len(), size_of::<Value>())?;
            return Value::list(budget, [&a.items[..], &b.items[..]].concat());
        }
        (BinOpKind::Mul, Value::Text(text), Value::Int(times, _))
        | (BinOpKind::Mul, Value::Int(times, _), Value::Text(text)) => {
            let times = usize::try_from(*times).unwrap_or(0);
            budget.make(text.len().saturating_mul(times))?;
            let mut out = Written::with_capacity(text.len().saturating_mul(times));
            if !text.is_empty() {
                for _ in 0..times {
                    out.push(text, budget)?;
                }
            }
            return Ok(Value::Text(out.into_text()));
        }
        (BinOpKind::Mul, Value::List(list), Value::Int(times, _)) => {
            let times = usize::try_from(*times).unwrap_or(0);
            budget.make_items(list.items.len().saturating_mul(times), size_of::<Value>())?;
            let items = std::iter::repeat_n(&list.items, times).flatten().cloned();
            return Value::list(budget, items.collect());
        }
        (BinOpKind::Rem, Value::Text(_), _) => {
            return Err(Trouble::hinted(
                "a text cannot be divided",
                "to put values into a text, write them in it, or use `~`",
            ));
        }
        _ => {}
    }
    let origin = either(a.origin().as_ref(), b.origin().as_ref());
    if let (Value::Int(a, _), Value::Int(b, _)) = (a, b) {
        return integers(op, *a, *b, origin);
    }
    if let (Some(a), Some(b)) = (as_float(a), as_float(b)) {
        return floats(op, a, b, origin);
    }
    let message = format!("`{}` does not work on {} and {}", sign(op), a.kind(), b.kind());
    Err(if matches!(op, BinOpKind::Add) {
        Trouble::hinted(message, "to join texts, use `~`")
    } else {
        Trouble::wrong(message)
    })
}

const fn sign(op: BinOpKind) -> &'static str {
    match op {
        BinOpKind::Add => "+",
        BinOpKind::Sub => "-",
        BinOpKind::Mul => "*",
        BinOpKind::Div => "/",
        BinOpKind::FloorDiv => "//",
        BinOpKind::Rem => "%",
        BinOpKind::Pow => "**",
        _ => "this operator",
    }
}

fn integers(op: BinOpKind, a: i128, b: i128, origin: Option<Origin>) -> Outcome<Value> {
    let by_zero = matches!(op, BinOpKind::Div | BinOpKind::FloorDiv | BinOpKind::Rem) && b == 0;
    if by_zero {
        return Err(Trouble::wrong("a number is divided by zero"));
    }
    let result = match op {
        BinOpKind::Add => a.checked_add(b),
        BinOpKind::Sub => a.checked_sub(b),
        BinOpKind::Mul => a.checked_mul(b),
        BinOpKind::FloorDiv => a.checked_div_euclid(b),
        BinOpKind::Rem => a.checked_rem_euclid(b),
        BinOpKind::Pow if b >= 0 => u32::try_from(b).ok().and_then(|b| a.checked_pow(b)),
        _ => {
            let (a, b) = (Value::own_int(a), Value::own_int(b));
            return floats(op, as_float(&a).unwrap_or(0.0), as_float(&b).unwrap_or(0.0), origin);
        }
    };
    result.map(|number| Value::Int(number, origin)).ok_or_else(too_large)
}

fn floats(op: BinOpKind, a: f64, b: f64, origin: Option<Origin>) -> Outcome<Value> {
    if matches!(op, BinOpKind::Div | BinOpKind::FloorDiv | BinOpKind::Rem) && b == 0.0 {
        return Err(Trouble::wrong("a number is divided by zero"));
    }
    let result = match op {
        BinOpKind::Add => a + b,
        BinOpKind::Sub => a - b,
        BinOpKind::Mul => a * b,
        BinOpKind::Div => a / b,
        BinOpKind::FloorDiv => (a / b).floor(),
        BinOpKind::Rem => a.rem_euclid(b),
        BinOpKind::Pow => a.powf(b),
        _ => return Err(Trouble::wrong("the operator does not work on numbers")),
    };
    finite(result, origin)
}

pub(super) fn compare(
    op: CompareOpKind,
    a: &Value,
    b: &Value,
    budget: &mut Budget,
) -> Outcome<bool> {
    Ok(match op {
        CompareOpKind::Eq => equal(a, b, budget)?,
        CompareOpKind::Ne => !equal(a, b, budget)?,
        CompareOpKind::Lt => order(a, b, budget)? == Ordering::Less,
        CompareOpKind::Lte => order(a, b, budget)? != Ordering::Greater,
        CompareOpKind::Gt => order(a, b, budget)? == Ordering::Greater,
        CompareOpKind::Gte => order(a, b, budget)? != Ordering::Less,
        CompareOpKind::In => contains(b, a, budget)?,
        CompareOpKind::NotIn => !contains(b, a, budget)?,
    })
}

/// Whether a text, list or map has something in it.
pub(super) fn contains(whole: &Value, part: &Value, budget: &mut Budget) -> Outcome<bool> {
    match whole {
        Value::Text(text) => {
            let part = part.to_text(budget)?;
            budget.scan(text.len())?;
            Ok(text.contains(&*part))
        }
        Value::List(list) => {
            for item in &list.items {
                if equal(item, part, budget)? {
                    return Ok(true);
                }
            }
            Ok(false)
        }
        Value::Map(map) => Ok(map.get(&part.to_key(budget)?).is_some()),
        Value::Undefined(missing) if !missing.optional => {
            Err(Trouble::Undefined(Arc::clone(missing)))
        }
        Value::Undefined(_) | Value::None => Ok(false),
        other => Err(Trouble::wrong(format!("{} has nothing in it", other.kind()))),
    }
}

/// A place counted from the start, or from the end when negative.
pub(super) fn index(at: i128, len: usize) -> Option<usize> {
    let len = i128::try_from(len).ok()?;
    let at = if at < 0 { at + len } else { at };
    (0..len).contains(&at).then(|| usize::try_from(at).ok()).flatten()
}

/// `value[start:stop:step]`, as in Python.
pub(super) fn slice(
    value: &Value,
    [start, stop, step]: [Option<i128>; 3],
    budget: &mut Budget,
) -> Outcome<Value> {
    let step = step.unwrap_or(1);
    if step == 0 {
        return Err(Trouble::wrong("a slice cannot go by steps of zero"));
    }
    match value {
        Value::Undefined(_) | Value::None => Ok(value.clone()),
        Value::Text(text) => {
            budget.make(text.len().saturating_mul(size_of::<usize>()))?;
            // Where each character begins, and the text's end.
            let ends = text.char_indices().map(|(at, _)| at).chain([text.len()]);
            let ends: Vec<usize> = ends.collect();
            let mut out = Written::default();
            for at in places(ends.len() - 1, start, stop, step, budget)? {
                if let (Some(&from), Some(&to)) = (ends.get(at), ends.get(at + 1)) {
                    out.push_part(text, from..to, budget)?;
                }
            }
            Value::text(budget, out.into_text())
        }
        Value::List(list) => {
            let places = places(list.items.len(), start, stop, step, budget)?;
            let items = places.iter().filter_map(|&at| list.items.get(at)).cloned().collect();
            Value::list(budget, items)
        }
        other => Err(Trouble::wrong(format!("{} has no slices", other.kind()))),
    }
}

fn places(
    len: usize,
    start: Option<i128>,
    stop: Option<i128>,
    step: i128,
    budget: &mut Budget,
) -> Outcome<Vec<usize>> {
    let len = i128::try_from(len).unwrap_or(i128::MAX);
    let (low, high) = if step > 0 { (0, len) } else { (-1, len - 1) };
    let bound = |given: Option<i128>, missing: i128| {
        given.map_or(missing, |at| {
            (if at < 0 { at.saturating_add(len) } else { at }).clamp(low, high)
        })
    };
    let (first, last) = if step > 0 { (low, high) } else { (high, low) };
    let (mut at, stop) = (bound(start, first), bound(stop, last));
    let mut places = Vec::new();
    while if step > 0 { at < stop } else { at > stop } {
        budget.make(size_of::<usize>())?;
        places.extend(usize::try_from(at));
        at = at.saturating_add(step);
    }
    Ok(places)
}
