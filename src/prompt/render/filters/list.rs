//! Filters on lists and maps.

use std::cmp::Ordering;

use super::{
    super::{
        budget::{Budget, Outcome, Trouble},
        conditions::Condition,
        machine::Arguments,
        operators::{arithmetic, index},
        text::{Text, Written},
        value::{Value, equal, order},
    },
    apply as apply_filter, unknown,
};
use minijinja::machinery::ast::BinOpKind;

pub(super) fn apply(
    name: &str,
    value: &Value,
    arguments: &mut Arguments,
    budget: &mut Budget,
) -> Outcome<Value> {
    match name {
        "list" => of(value.items(budget)?.items.clone(), budget),
        "first" => Ok(end_of(value.items(budget)?.items.first(), "first")),
        "last" => Ok(end_of(value.items(budget)?.items.last(), "last")),
        "join" => join(value, arguments, budget),
        "reverse" => reverse(value, budget),
        "sort" => sort(value, arguments, budget),
        "unique" => unique(value, arguments, budget),
        "min" | "max" => extreme(name, value, arguments, budget),
        "sum" => sum(value, arguments, budget),
        "map" => map(value, arguments, budget),
        "select" | "reject" => select(value, arguments, budget, name == "select"),
        "selectattr" | "rejectattr" => {
            select_attribute(value, arguments, budget, name == "selectattr")
        }
        "groupby" => group(value, arguments, budget),
        "batch" | "slice" => batch(name, value, arguments, budget),
        "items" | "dictsort" | "keys" | "values" => entries(name, value, arguments, budget),
        "attr" => {
            let path = arguments.need("name", name)?.to_text(budget)?;
            at_path(value, &path, budget)
        }
        _ => Err(unknown(name)),
    }
}

fn of(items: Vec<Value>, budget: &mut Budget) -> Outcome<Value> {
    Value::list(budget, items)
}

fn end_of(item: Option<&Value>, which: &str) -> Value {
    item.cloned().unwrap_or_else(|| Value::missing(format!("the {which} of an empty list"), false))
}

/// What a dotted path such as `author.name` or `0.id` leads to.
fn at_path(value: &Value, path: &str, budget: &mut Budget) -> Outcome<Value> {
    let mut at = value.clone();
    for part in path.split('.') {
        budget.step()?;
        let next = match &at {
            Value::Map(map) => map.get(part).cloned(),
            Value::List(list) => part
                .parse()
                .ok()
                .and_then(|number| index(number, list.items.len()))
                .and_then(|number| list.items.get(number))
                .cloned(),
            _ => None,
        };
        at = match next {
            Some(next) => next,
            None => return Ok(Value::missing(format!("….{path}"), false)),
        };
    }
    Ok(at)
}

fn join(value: &Value, arguments: &mut Arguments, budget: &mut Budget) -> Outcome<Value> {
    let items = value.items(budget)?;
    let between = arguments.text("d", budget)?.unwrap_or_else(|| Text::own(""));
    let path = arguments.text("attribute", budget)?;
    let mut out = Written::default();
    for (at, item) in items.items.iter().enumerate() {
        if at > 0 {
            budget.size(out.len() + between.len())?;
            budget.make(between.len())?;
            out.push(&between, budget)?;
        }
        match &path {
            Some(path) => at_path(item, path, budget)?.write(&mut out, budget)?,
            None => item.write(&mut out, budget)?,
        }
    }
    Ok(Value::Text(out.into_text()))
}

fn reverse(value: &Value, budget: &mut Budget) -> Outcome<Value> {
    if let Value::Text(text) = value {
        budget.scan(text.len())?;
        let reversed = text.reversed(budget)?;
        return Value::text(budget, reversed);
    }
    of(value.items(budget)?.items.iter().rev().cloned().collect(), budget)
}

/// What items are compared by: themselves or an attribute, texts without their case if asked.
fn key_of(item: &Value, path: Option<&str>, exact: bool, budget: &mut Budget) -> Outcome<Value> {
    let key = match path {
        Some(path) => at_path(item, path, budget)?.defined()?,
        None => item.clone(),
    };
    match &key {
        Value::Text(text) if !exact => {
            let lower = text.rewritten(budget, |piece, out| out.push_str(&piece.to_lowercase()))?;
            Value::text(budget, lower)
        }
        _ => Ok(key),
    }
}

/// Sorts by key, equal ones in their old order. A comparison that fails ends in its error.
fn sorted(mut keyed: Vec<(Value, Value)>, budget: &mut Budget) -> Outcome<Vec<Value>> {
    let mut failed = None;
    keyed.sort_by(|(a, _), (b, _)| {
        if failed.is_some() {
            return Ordering::Equal;
        }
        order(a, b, budget).unwrap_or_else(|trouble| {
            failed = Some(trouble);
            Ordering::Equal
        })
    });
    match failed {
        Some(trouble) => Err(trouble),
        None => Ok(keyed.into_iter().map(|(_, item)| item).collect()),
    }
}

fn sort(value: &Value, arguments: &mut Arguments, budget: &mut Budget) -> Outcome<Value> {
    let items = value.items(budget)?;
    let backwards = arguments.truth("reverse")?;
    let exact = arguments.truth("case_sensitive")?;
    let path = arguments.text("attribute", budget)?;
    budget.make_items(items.items.len(), 2 * size_of::<Value>())?;
    let mut keyed = Vec::with_capacity(items.items.len());
    for item in &items.items {
        keyed.push((key_of(item, path.as_deref(), exact, budget)?, item.clone()));
    }
    let mut items = sorted(keyed, budget)?;
    if backwards {
        items.reverse();
    }
    of(items, budget)
}

fn unique(value: &Value, arguments: &mut Arguments, budget: &mut Budget) -> Outcome<Value> {
    let items = value.items(budget)?;
    let exact = arguments.truth("case_sensitive")?;
    let path = arguments.text("attribute", budget)?;
    let mut seen: Vec<Value> = Vec::new();
    let mut kept = Vec::new();
    'items: for item in &items.items {
        let key = key_of(item, path.as_deref(), exact, budget)?;
        for known in &seen {
            if equal(known, &key, budget)? {
                continue 'items;
            }
        }
        budget.make(2 * size_of::<Value>())?;
        seen.push(key);
        kept.push(item.clone());
    }
    of(kept, budget)
}

fn extreme(
    name: &str,
    value: &Value,
    arguments: &mut Arguments,
    budget: &mut Budget,
) -> Outcome<Value> {
    let items = value.items(budget)?;
    let path = arguments.text("attribute", budget)?;
    let wanted = if name == "min" { Ordering::Less } else { Ordering::Greater };
    let mut best: Option<(Value, &Value)> = None;
    for item in &items.items {
        let key = key_of(item, path.as_deref(), true, budget)?;
        let better = match &best {
            Some((known, _)) => order(&key, known, budget)? == wanted,
            None => true,
        };
        if better {
            best = Some((key, item));
        }
    }
    Ok(end_of(best.map(|(_, item)| item), name))
}

fn sum(value: &Value, arguments: &mut Arguments, budget: &mut Budget) -> Outcome<Value> {
    let items = value.items(budget)?;
    let path = arguments.text("attribute", budget)?;
    let mut total = arguments.take("start").unwrap_or(Value::own_int(0));
    for item in &items.items {
        let item = match &path {
            Some(path) => at_path(item, path, budget)?.defined()?,
            None => item.clone(),
        };
        budget.step()?;
        total = arithmetic(BinOpKind::Add, &total, &item, budget)?;
    }
    Ok(total)
}

fn named(arguments: &mut Arguments, name: &str) -> Option<Value> {
    let at = arguments.named.iter().position(|(given, _)| **given == *name)?;
    Some(arguments.named.swap_remove(at).1)
}

fn map(value: &Value, arguments: &mut Arguments, budget: &mut Budget) -> Outcome<Value> {
    let items = value.items(budget)?;
    let mut out = Vec::new();
    if let Some(path) = named(arguments, "attribute") {
        let path = path.to_text(budget)?;
        let default = named(arguments, "default");
        for item in &items.items {
            let found = match (at_path(item, &path, budget)?, &default) {
                (Value::Undefined(_), Some(default)) => default.clone(),
                (found, _) => found.defined()?,
            };
            out.push(found);
        }
        return of(out, budget);
    }
    let name = arguments.need("a filter's name, or attribute=…", "map")?.to_text(budget)?;
    let (positional, named) =
        (std::mem::take(&mut arguments.positional), std::mem::take(&mut arguments.named));
    for item in &items.items {
        budget.make_items(positional.len() + named.len(), size_of::<Value>())?;
        let with = Arguments { positional: positional.clone(), named: named.clone() };
        out.push(apply_filter(&name, item.clone(), with, budget)?);
    }
    of(out, budget)
}

fn select(
    value: &Value,
    arguments: &mut Arguments,
    budget: &mut Budget,
    wanted: bool,
) -> Outcome<Value> {
    let items = value.items(budget)?;
    let condition = Condition::take(arguments, budget)?;
    let mut out = Vec::new();
    for item in &items.items {
        budget.step()?;
        if condition.holds(item.clone(), budget)? == wanted {
            out.push(item.clone());
        }
    }
    of(out, budget)
}

fn select_attribute(
    value: &Value,
    arguments: &mut Arguments,
    budget: &mut Budget,
    wanted: bool,
) -> Outcome<Value> {
    let items = value.items(budget)?;
    let path = arguments.need("attribute", "selectattr")?.to_text(budget)?;
    let condition = Condition::take(arguments, budget)?;
    let mut out = Vec::new();
    for item in &items.items {
        let found = at_path(item, &path, budget)?;
        if condition.holds(found, budget)? == wanted {
            out.push(item.clone());
        }
    }
    of(out, budget)
}

/// Groups as pairs of what their items share and the items, in order.
fn group(value: &Value, arguments: &mut Arguments, budget: &mut Budget) -> Outcome<Value> {
    let items = value.items(budget)?;
    let path = arguments.need("attribute", "groupby")?.to_text(budget)?;
    let default = arguments.take("default");
    budget.make_items(items.items.len(), 3 * size_of::<Value>())?;
    let mut keyed = Vec::with_capacity(items.items.len());
    for item in &items.items {
        let key = match (at_path(item, &path, budget)?, &default) {
            (Value::Undefined(_), Some(default)) => default.clone(),
            (found, _) => found.defined()?,
        };
        let pair = Value::list(budget, vec![key.clone(), item.clone()])?;
        keyed.push((key, pair));
    }
    let mut groups: Vec<(Value, Vec<Value>)> = Vec::new();
    for pair in sorted(keyed, budget)? {
        let Value::List(pair) = pair else { continue };
        let [key, item] = &*pair.items else { continue };
        match groups.last_mut() {
            Some((known, list)) if equal(known, key, budget)? => list.push(item.clone()),
            _ => groups.push((key.clone(), vec![item.clone()])),
        }
    }
    let mut out = Vec::with_capacity(groups.len());
    for (key, list) in groups {
        let list = Value::list(budget, list)?;
        out.push(Value::list(budget, vec![key, list])?);
    }
    of(out, budget)
}

fn batch(
    name: &str,
    value: &Value,
    arguments: &mut Arguments,
    budget: &mut Budget,
) -> Outcome<Value> {
    let items = value.items(budget)?;
    let count = arguments.count("count")?.filter(|count| *count > 0);
    let count = count.ok_or_else(|| Trouble::wrong(format!("`{name}` needs a count from 1 up")))?;
    let fill = arguments.take("fill_with");
    let len = items.items.len();
    let mut rows = Vec::new();
    let mut rest = items.items.as_slice();
    let mut row_number = 0;
    while !rest.is_empty() || (name == "slice" && row_number < count) {
        budget.step()?;
        let wanted = if name == "batch" {
            count
        } else {
            len / count + usize::from(row_number < len % count)
        };
        let (row, after) = rest.split_at(wanted.min(rest.len()));
        rest = after;
        row_number += 1;
        let mut row = row.to_vec();
        if let (Some(fill), "batch") = (&fill, name) {
            budget.make_items(wanted.saturating_sub(row.len()), size_of::<Value>())?;
            row.resize(wanted, fill.clone());
        }
        rows.push(Value::list(budget, row)?);
    }
    of(rows, budget)
}

fn entries(
    name: &str,
    value: &Value,
    arguments: &mut Arguments,
    budget: &mut Budget,
) -> Outcome<Value> {
    let Value::Map(map) = value else {
        return match value {
            Value::Undefined(_) => of(Vec::new(), budget),
            other => Err(Trouble::wrong(format!("`{name}` needs a map, not {}", other.kind()))),
        };
    };
    budget.make_items(map.entries().len(), 2 * size_of::<Value>())?;
    let mut keyed = Vec::with_capacity(map.entries().len());
    for (key, value) in map.entries() {
        let key = Value::Text(key.clone());
        let item = match name {
            "keys" => key.clone(),
            "values" => value.clone(),
            _ => Value::list(budget, vec![key.clone(), value.clone()])?,
        };
        keyed.push((key, value, item));
    }
    if name != "dictsort" {
        return of(keyed.into_iter().map(|(.., item)| item).collect(), budget);
    }
    let exact = arguments.truth("case_sensitive")?;
    let by_value = arguments.text("by", budget)?.as_deref() == Some("value");
    let backwards = arguments.truth("reverse")?;
    let mut by_key = Vec::with_capacity(keyed.len());
    for (key, value, item) in keyed {
        let key = if by_value { value } else { &key };
        by_key.push((key_of(key, None, exact, budget)?, item));
    }
    let mut items = sorted(by_key, budget)?;
    if backwards {
        items.reverse();
    }
    of(items, budget)
}
