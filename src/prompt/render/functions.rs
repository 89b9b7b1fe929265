//! Functions, and the methods of texts and maps that people know from Python.

use std::sync::Arc;

use super::{
    budget::{Budget, Outcome, Trouble},
    filters,
    machine::Arguments,
    text::Text,
    value::{Map, Turn, Value, equal},
};
use crate::model::nearest;

/// Every function.
pub(in super::super) const NAMES: [&str; 4] = ["range", "dict", "namespace", "raise_exception"];

impl Arguments {
    /// The next argument that was given without a name.
    pub fn next(&mut self) -> Option<Value> {
        if self.positional.is_empty() { None } else { Some(self.positional.remove(0)) }
    }

    /// An argument by name, or else the next one without.
    pub fn take(&mut self, name: &str) -> Option<Value> {
        match self.named.iter().position(|(given, _)| **given == *name) {
            Some(at) => Some(self.named.swap_remove(at).1),
            None => self.next(),
        }
    }

    /// An argument that must be given.
    pub fn need(&mut self, name: &str, of: &str) -> Outcome<Value> {
        let missing = || Trouble::wrong(format!("`{of}` needs an argument: {name}"));
        self.take(name).ok_or_else(missing)?.defined()
    }

    /// A text, if given.
    pub fn text(&mut self, name: &str, budget: &mut Budget) -> Outcome<Option<Text>> {
        match self.take(name) {
            None | Some(Value::None) => Ok(None),
            Some(value) => value.to_text(budget).map(Some),
        }
    }

    /// A truth value; false when not given.
    pub fn truth(&mut self, name: &str) -> Outcome<bool> {
        self.take(name).map_or(Ok(false), |value| value.is_true())
    }

    /// A count, if given.
    pub fn count(&mut self, name: &str) -> Outcome<Option<usize>> {
        match self.take(name) {
            None | Some(Value::None) => Ok(None),
            Some(value) => match value.defined()? {
                Value::Int(number, _) => usize::try_from(number).map(Some).map_err(|_| {
                    Trouble::wrong(format!("{name} must be a whole number from 0 up"))
                }),
                other => {
                    let message = format!("{name} must be a whole number, not {}", other.kind());
                    Err(Trouble::wrong(message))
                }
            },
        }
    }

    /// That nothing is left over.
    pub fn end(&self, of: &str) -> Outcome<()> {
        match (self.named.first(), self.positional.is_empty()) {
            (Some((name, _)), _) => {
                Err(Trouble::wrong(format!("`{of}` has no argument `{}`", &**name)))
            }
            (None, false) => Err(Trouble::wrong(format!("`{of}` has too many arguments"))),
            (None, true) => Ok(()),
        }
    }
}

/// `range(stop)`, `range(start, stop, step)`.
pub(super) fn range(arguments: &Arguments, budget: &mut Budget) -> Outcome<Value> {
    let mut numbers = Vec::new();
    for value in &arguments.positional {
        match value.clone().defined()? {
            Value::Int(number, _) => numbers.push(number),
            other => {
                return Err(Trouble::wrong(format!("`range` needs numbers, not {}", other.kind())));
            }
        }
    }
    let (start, stop, step) = match *numbers {
        [stop] => (0, stop, 1),
        [start, stop] => (start, stop, 1),
        [start, stop, step] if step != 0 => (start, stop, step),
        _ => return Err(Trouble::wrong("write range(stop) or range(start, stop, step)")),
    };
    let mut items = Vec::new();
    let mut at: i128 = start;
    while if step > 0 { at < stop } else { at > stop } {
        budget.make_items(1, size_of::<Value>())?;
        items.push(Value::own_int(at));
        at = at.saturating_add(step);
    }
    Value::list(budget, items)
}

/// Filters that may also be called as methods, in the words of Python.
const TEXT_FILTERS: [(&str, &str); 9] = [
    ("upper", "upper"),
    ("lower", "lower"),
    ("title", "title"),
    ("capitalize", "capitalize"),
    ("strip", "trim"),
    ("replace", "replace"),
    ("split", "split"),
    ("splitlines", "lines"),
    ("count", "occurrences"),
];

/// Calls a method.
pub(super) fn method(
    value: &Value,
    name: &str,
    mut arguments: Arguments,
    budget: &mut Budget,
) -> Outcome<Value> {
    match value {
        Value::Text(text) => text_method(text, value, name, arguments, budget),
        Value::Map(map) => map_method(map, name, arguments, budget),
        Value::List(list) if matches!(name, "index" | "count") => {
            let wanted = arguments.need("value", name)?;
            let mut count = 0;
            for (at, item) in list.items.iter().enumerate() {
                if equal(item, &wanted, budget)? {
                    if name == "index" {
                        return Ok(Value::int(at));
                    }
                    count += 1;
                }
            }
            if name == "count" {
                return Ok(Value::int(count));
            }
            Err(Trouble::wrong("the list does not have this value"))
        }
        Value::Loop(turn) if name == "cycle" => cycle(turn, arguments),
        other => Err(no_method(other, name, &[])),
    }
}

fn no_method(value: &Value, name: &str, known: &[&str]) -> Trouble {
    let near = nearest(name, known.iter().copied());
    Trouble::Wrong {
        message: format!("{} has no method `{name}`", value.kind()),
        hint: near.map(|near| format!("did you mean `{near}`?")),
    }
}

fn cycle(turn: &Turn, mut arguments: Arguments) -> Outcome<Value> {
    let count = arguments.positional.len();
    if count == 0 {
        return Err(Trouble::wrong("`loop.cycle` needs values to go through"));
    }
    Ok(arguments.positional.swap_remove(turn.index % count))
}

fn text_method(
    text: &Text,
    value: &Value,
    name: &str,
    mut arguments: Arguments,
    budget: &mut Budget,
) -> Outcome<Value> {
    if let Some((_, filter)) = TEXT_FILTERS.iter().find(|(method, _)| *method == name) {
        return filters::apply(filter, value.clone(), arguments, budget);
    }
    budget.scan(text.len())?;
    match name {
        "startswith" | "endswith" | "find" => {
            let part = arguments.need("text", name)?.to_text(budget)?;
            arguments.end(name)?;
            Ok(match name {
                "startswith" => Value::Bool(text.starts_with(&*part)),
                "endswith" => Value::Bool(text.ends_with(&*part)),
                _ => text.find(&*part).map_or(Value::own_int(-1), |at| {
                    Value::int(text.get(..at).unwrap_or("").chars().count())
                }),
            })
        }
        "lstrip" | "rstrip" => {
            let chars = arguments.text("chars", budget)?;
            arguments.end(name)?;
            let strips = |c: char| chars.as_ref().map_or(c.is_whitespace(), |set| set.contains(c));
            let kept = if name == "lstrip" {
                text.trim_start_matches(strips)
            } else {
                text.trim_end_matches(strips)
            };
            let kept = text.part_of(kept, budget)?;
            Value::text(budget, kept)
        }
        "isdigit" => {
            let digits = !text.is_empty() && text.chars().all(char::is_numeric);
            Ok(Value::Bool(digits))
        }
        "join" => {
            let items = arguments.need("items", name)?;
            let with = Arguments { positional: vec![value.clone()], named: Vec::new() };
            filters::apply("join", items, with, budget)
        }
        _ => {
            let mut known: Vec<_> = TEXT_FILTERS.iter().map(|(method, _)| *method).collect();
            known.extend(["startswith", "endswith", "find", "lstrip", "rstrip", "isdigit", "join"]);
            Err(no_method(value, name, &known))
        }
    }
}

fn map_method(
    map: &Arc<Map>,
    name: &str,
    mut arguments: Arguments,
    budget: &mut Budget,
) -> Outcome<Value> {
    match name {
        "get" => {
            let key = arguments.need("key", name)?.to_key(budget)?;
            let default = arguments.next().unwrap_or(Value::None);
            arguments.end(name)?;
            Ok(map.get(&key).cloned().unwrap_or(default))
        }
        "keys" | "values" | "items" => {
            arguments.end(name)?;
            let mut items = Vec::new();
            for (key, value) in map.entries() {
                budget.step()?;
                let key = Value::Text(key.clone());
                items.push(match name {
                    "keys" => key,
                    "values" => value.clone(),
                    _ => Value::list(budget, vec![key, value.clone()])?,
                });
            }
            Value::list(budget, items)
        }
        _ => {
            let value = Value::Map(Arc::clone(map));
            Err(no_method(&value, name, &["get", "keys", "values", "items"]))
        }
    }
}
