//! The values of expressions. Copying one is cheap: texts, lists and maps are shared. Texts and
//! numbers know which input they came from, if nobody vouches for it.

use std::{cmp::Ordering, collections::HashMap, sync::Arc};

use serde_json::{Number, Value as Json};

use super::{
    budget::{Budget, Missing, Outcome, Trouble},
    text::{Origin, Text, Written},
};

/// Lists and maps inside one another. Walking and dropping a value recurse this deep.
pub(super) const MAX_VALUE_DEPTH: usize = 64;

#[derive(Clone, Debug)]
pub(super) enum Value {
    Undefined(Arc<Missing>),
    None,
    Bool(bool),
    Int(i128, Option<Origin>),
    Float(f64, Option<Origin>),
    Text(Text),
    List(Arc<List>),
    Map(Arc<Map>),
    /// A number in the machine's table of macros.
    Macro(usize),
    /// A number in the machine's table of namespaces.
    Namespace(usize),
    Loop(Arc<Turn>),
}

#[derive(Debug, Default)]
pub(super) struct List {
    pub items: Vec<Value>,
    depth: usize,
}

/// Keys are texts; a number as a key is its digits.
#[derive(Debug, Default)]
pub(super) struct Map {
    entries: Vec<(Text, Value)>,
    /// Where each key stands, once there are too many to look through.
    index: HashMap<Arc<str>, usize>,
    depth: usize,
}

/// One turn of a loop: the variable `loop`.
#[derive(Debug)]
pub(super) struct Turn {
    pub index: usize,
    pub items: Arc<List>,
    /// Loops around this one.
    pub depth: usize,
    /// A number in the machine's table of loops, when the loop is recursive.
    pub recursive: Option<usize>,
}

const LINEAR: usize = 8;
/// What an entry of a map takes besides its key's text.
const ENTRY_BYTES: usize = 128;

impl Map {
    pub fn get(&self, key: &str) -> Option<&Value> {
        if self.index.is_empty() {
            return self.entries.iter().find(|(name, _)| **name == *key).map(|(_, value)| value);
        }
        let at = *self.index.get(key)?;
        self.entries.get(at).map(|(_, value)| value)
    }

    pub fn entries(&self) -> &[(Text, Value)] {
        &self.entries
    }

    fn insert(&mut self, key: Text, value: Value) {
        self.depth = self.depth.max(value.depth() + 1);
        let known = if self.index.is_empty() {
            self.entries.iter().position(|(name, _)| **name == *key)
        } else {
            self.index.get(&*key).copied()
        };
        if let Some(entry) = known.and_then(|at| self.entries.get_mut(at)) {
            entry.1 = value;
            return;
        }
        let name = key.shared();
        self.entries.push((key, value));
        if !self.index.is_empty() {
            self.index.insert(name, self.entries.len() - 1);
        } else if self.entries.len() > LINEAR {
            let places = self.entries.iter().enumerate();
            self.index = places.map(|(at, (key, _))| (key.shared(), at)).collect();
        }
    }
}

fn too_deep() -> Trouble {
    Trouble::Limit(format!("{MAX_VALUE_DEPTH} lists or maps inside one another"))
}

impl Value {
    /// A text that has been made; its bytes are counted here.
    pub fn text(budget: &mut Budget, text: Text) -> Outcome<Self> {
        budget.make(text.len() + 16)?;
        Ok(Self::Text(text))
    }

    pub fn list(budget: &mut Budget, items: Vec<Self>) -> Outcome<Self> {
        budget.make_items(items.len(), size_of::<Self>())?;
        let depth = items.iter().map(Self::depth).max().unwrap_or(0) + 1;
        if depth > MAX_VALUE_DEPTH {
            return Err(too_deep());
        }
        Ok(Self::List(Arc::new(List { items, depth })))
    }

    pub fn map(
        budget: &mut Budget,
        entries: impl IntoIterator<Item = (Text, Self)>,
    ) -> Outcome<Self> {
        let mut map = Map::default();
        for (key, value) in entries {
            budget.make(key.len() + ENTRY_BYTES)?;
            map.insert(key, value);
        }
        if map.depth > MAX_VALUE_DEPTH {
            return Err(too_deep());
        }
        Ok(Self::Map(Arc::new(map)))
    }

    pub fn missing(name: impl Into<String>, optional: bool) -> Self {
        Self::Undefined(Arc::new(Missing { name: name.into(), optional }))
    }

    /// A number that is the template's own, or that merely counts.
    pub fn int(number: usize) -> Self {
        Self::own_int(i128::try_from(number).unwrap_or(i128::MAX))
    }

    pub const fn own_int(number: i128) -> Self {
        Self::Int(number, None)
    }

    /// An input as it was given, not counted: its giver has it in memory already. `None` when it
    /// is nested too deep.
    pub fn from_json(json: &Json, origin: Option<&Origin>) -> Option<Self> {
        Self::from_json_below(json, origin, MAX_VALUE_DEPTH)
    }

    fn from_json_below(json: &Json, origin: Option<&Origin>, room: usize) -> Option<Self> {
        let text = |text: &str| Text::new(text, origin.cloned());
        Some(match json {
            Json::Null => Self::None,
            Json::Bool(truth) => Self::Bool(*truth),
            Json::Number(number) => {
                let whole = number.as_i128().or_else(|| number.as_u64().map(i128::from));
                match whole {
                    Some(whole) => Self::Int(whole, origin.cloned()),
                    None => Self::Float(number.as_f64().unwrap_or(0.0), origin.cloned()),
                }
            }
            Json::String(given) => Self::Text(text(given)),
            Json::Array(items) => {
                let room = room.checked_sub(1)?;
                let items: Option<Vec<_>> =
                    items.iter().map(|item| Self::from_json_below(item, origin, room)).collect();
                let items = items?;
                let depth = items.iter().map(Self::depth).max().unwrap_or(0) + 1;
                Self::List(Arc::new(List { items, depth }))
            }
            Json::Object(entries) => {
                let room = room.checked_sub(1)?;
                let mut map = Map { depth: 1, ..Map::default() };
                for (key, value) in entries {
                    map.insert(text(key), Self::from_json_below(value, origin, room)?);
                }
                Self::Map(Arc::new(map))
            }
        })
    }

    /// Who gave a text or a number, if nobody vouches for it.
    pub fn origin(&self) -> Option<Origin> {
        match self {
            Self::Text(text) => text.origin(),
            Self::Int(_, origin) | Self::Float(_, origin) => origin.clone(),
            _ => None,
        }
    }

    fn depth(&self) -> usize {
        match self {
            Self::List(list) => list.depth,
            Self::Map(map) => map.depth,
            Self::Loop(turn) => turn.items.depth + 1,
            _ => 0,
        }
    }

    /// What the value is, in an error.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Undefined(_) => "nothing",
            Self::None => "none",
            Self::Bool(_) => "a truth value",
            Self::Int(..) | Self::Float(..) => "a number",
            Self::Text(_) => "a text",
            Self::List(_) => "a list",
            Self::Map(_) => "a map",
            Self::Macro(_) => "a macro",
            Self::Namespace(_) => "a namespace",
            Self::Loop(_) => "the loop",
        }
    }

    /// The value itself, or an error when it is one that is missing and must not be.
    pub fn defined(self) -> Outcome<Self> {
        match self {
            Self::Undefined(missing) if !missing.optional => Err(Trouble::Undefined(missing)),
            other => Ok(other),
        }
    }

    pub fn is_true(&self) -> Outcome<bool> {
        Ok(match self {
            Self::Undefined(missing) if !missing.optional => {
                return Err(Trouble::Undefined(Arc::clone(missing)));
            }
            Self::Undefined(_) | Self::None => false,
            Self::Bool(truth) => *truth,
            Self::Int(number, _) => *number != 0,
            Self::Float(number, _) => *number != 0.0,
            Self::Text(text) => !text.is_empty(),
            Self::List(list) => !list.items.is_empty(),
            Self::Map(map) => !map.entries.is_empty(),
            Self::Macro(_) | Self::Namespace(_) | Self::Loop(_) => true,
        })
    }

    /// The value as an item or attribute name.
    pub fn to_key(&self, budget: &mut Budget) -> Outcome<Text> {
        match self {
            Self::Text(_) | Self::Int(..) | Self::Float(..) | Self::Bool(_) | Self::None => {
                self.to_text(budget)
            }
            other => Err(Trouble::wrong(format!("{} cannot be a key", other.kind()))),
        }
    }

    /// What a loop goes over.
    pub fn items(&self, budget: &mut Budget) -> Outcome<Arc<List>> {
        Ok(match self {
            Self::Undefined(missing) if !missing.optional => {
                return Err(Trouble::Undefined(Arc::clone(missing)));
            }
            Self::List(list) => Arc::clone(list),
            Self::Undefined(_) => Arc::new(List::default()),
            Self::Map(map) => {
                budget.make_items(map.entries.len(), size_of::<Self>())?;
                let items = map.entries.iter().map(|(key, _)| Self::Text(key.clone()));
                Arc::new(List { items: items.collect(), depth: 1 })
            }
            Self::Text(text) => {
                budget.make_items(text.len(), size_of::<Self>() + 24)?;
                let items = text.characters().into_iter().map(Self::Text);
                Arc::new(List { items: items.collect(), depth: 1 })
            }
            other => return Err(Trouble::wrong(format!("{} has no items", other.kind()))),
        })
    }

    /// Writes the value as it stands in a message. Lists and maps are written as JSON.
    pub fn write(&self, out: &mut Written, budget: &mut Budget) -> Outcome<()> {
        match self {
            Self::Text(text) => {
                budget.size(out.len() + text.len())?;
                budget.make(text.len())?;
                out.push(text, budget)
            }
            Self::Undefined(missing) if !missing.optional => {
                Err(Trouble::Undefined(Arc::clone(missing)))
            }
            Self::Undefined(_) => Ok(()),
            Self::None => push(out, "none", budget),
            other => other.write_json(out, budget, None, 0),
        }
    }

    /// Writes the value as JSON, on one line or with `indent` blanks a level.
    pub fn write_json(
        &self,
        out: &mut Written,
        budget: &mut Budget,
        indent: Option<usize>,
        level: usize,
    ) -> Outcome<()> {
        budget.step()?;
        match self {
            Self::Undefined(missing) if !missing.optional => {
                Err(Trouble::Undefined(Arc::clone(missing)))
            }
            Self::Undefined(_) | Self::None => push(out, "null", budget),
            Self::Bool(truth) => push(out, if *truth { "true" } else { "false" }, budget),
            Self::Int(number, origin) => given(out, &number.to_string(), origin.as_ref(), budget),
            Self::Float(number, origin) => {
                given(out, &float_text(*number), origin.as_ref(), budget)
            }
            Self::Text(text) => quoted(out, text, budget),
            Self::List(list) => {
                let items = list.items.iter().map(|item| (None, item));
                write_items(out, budget, ("[", "]"), items, indent, level)
            }
            Self::Map(map) => {
                let items = map.entries.iter().map(|(key, value)| (Some(key), value));
                write_items(out, budget, ("{", "}"), items, indent, level)
            }
            Self::Macro(_) | Self::Namespace(_) | Self::Loop(_) => {
                Err(Trouble::wrong(format!("{} cannot be written as text", self.kind())))
            }
        }
    }

    /// The text the value is written as.
    pub fn to_text(&self, budget: &mut Budget) -> Outcome<Text> {
        if let Self::Text(text) = self {
            return Ok(text.clone());
        }
        let mut text = Written::default();
        self.write(&mut text, budget)?;
        Ok(text.into_text())
    }
}

fn push(out: &mut Written, text: &str, budget: &mut Budget) -> Outcome<()> {
    given(out, text, None, budget)
}

fn given(
    out: &mut Written,
    text: &str,
    origin: Option<&Origin>,
    budget: &mut Budget,
) -> Outcome<()> {
    budget.size(out.len() + text.len())?;
    budget.make(text.len())?;
    out.push_given(text, origin, budget)
}

/// Writes a text as JSON does; the quotation marks around it are ours.
fn quoted(out: &mut Written, text: &Text, budget: &mut Budget) -> Outcome<()> {
    budget.scan(text.len())?;
    budget.size(text.len())?;
    let escaped = text.rewritten(budget, |piece, out| {
        let quoted = Json::from(piece).to_string();
        out.push_str(quoted.get(1..quoted.len() - 1).unwrap_or(""));
    })?;
    budget.size(out.len() + escaped.len() + 2)?;
    budget.make(escaped.len() + 2)?;
    out.push_own("\"");
    out.push(&escaped, budget)?;
    out.push_own("\"");
    Ok(())
}

fn write_items<'v>(
    out: &mut Written,
    budget: &mut Budget,
    (open, close): (&str, &str),
    items: impl ExactSizeIterator<Item = (Option<&'v Text>, &'v Value)>,
    indent: Option<usize>,
    level: usize,
) -> Outcome<()> {
    let line = |out: &mut Written, budget: &mut Budget, level: usize| match indent {
        Some(width) => {
            push(out, "\n", budget)?;
            push(out, &" ".repeat((width * level).min(1024)), budget)
        }
        None => Ok(()),
    };
    let empty = items.len() == 0;
    out.push_own(open);
    for (at, (key, value)) in items.enumerate() {
        if at > 0 {
            push(out, if indent.is_some() { "," } else { ", " }, budget)?;
        }
        line(out, budget, level + 1)?;
        if let Some(key) = key {
            quoted(out, key, budget)?;
            push(out, ": ", budget)?;
        }
        value.write_json(out, budget, indent, level + 1)?;
    }
    if !empty {
        line(out, budget, level)?;
    }
    out.push_own(close);
    Ok(())
}

/// A float as JSON writes it: `1.0`, `0.1`, `1e300`.
pub(super) fn float_text(number: f64) -> String {
    Number::from_f64(number).map_or_else(|| number.to_string(), |number| number.to_string())
}

/// Whether two values are the same; whole and broken numbers are the same when they are equal.
pub(super) fn equal(a: &Value, b: &Value, budget: &mut Budget) -> Outcome<bool> {
    budget.step()?;
    Ok(match (a, b) {
        (Value::Undefined(missing), _) | (_, Value::Undefined(missing)) if !missing.optional => {
            return Err(Trouble::Undefined(Arc::clone(missing)));
        }
        (Value::Undefined(_) | Value::None, Value::Undefined(_) | Value::None) => true,
        (Value::Bool(a), Value::Bool(b)) => a == b,
        (Value::Int(a, _), Value::Int(b, _)) => a == b,
        (Value::Int(..) | Value::Float(..), Value::Int(..) | Value::Float(..)) => {
            order_numbers(a, b) == Some(Ordering::Equal)
        }
        (Value::Text(a), Value::Text(b)) => {
            budget.scan(a.len().min(b.len()))?;
            **a == **b
        }
        (Value::List(a), Value::List(b)) => {
            if a.items.len() != b.items.len() {
                return Ok(false);
            }
            for (a, b) in a.items.iter().zip(&b.items) {
                if !equal(a, b, budget)? {
                    return Ok(false);
                }
            }
            true
        }
        (Value::Map(a), Value::Map(b)) => {
            if a.entries.len() != b.entries.len() {
                return Ok(false);
            }
            for (key, value) in &a.entries {
                match b.get(key) {
                    Some(other) if equal(value, other, budget)? => {}
                    _ => return Ok(false),
                }
            }
            true
        }
        (Value::Macro(a), Value::Macro(b)) | (Value::Namespace(a), Value::Namespace(b)) => a == b,
        _ => false,
    })
}

#[expect(clippy::cast_precision_loss, reason = "as everywhere, comparing with a float is inexact")]
pub(super) const fn as_float(value: &Value) -> Option<f64> {
    match value {
        Value::Int(number, _) => Some(*number as f64),
        Value::Float(number, _) => Some(*number),
        _ => None,
    }
}

fn order_numbers(a: &Value, b: &Value) -> Option<Ordering> {
    match (a, b) {
        (Value::Int(a, _), Value::Int(b, _)) => Some(a.cmp(b)),
        _ => as_float(a)?.partial_cmp(&as_float(b)?),
    }
}

/// Which of two values comes first.
pub(super) fn order(a: &Value, b: &Value, budget: &mut Budget) -> Outcome<Ordering> {
    budget.step()?;
    match (a, b) {
        (Value::Text(a), Value::Text(b)) => {
            budget.scan(a.len().min(b.len()))?;
            Ok((**a).cmp(&**b))
        }
        (Value::Bool(a), Value::Bool(b)) => Ok(a.cmp(b)),
        (Value::List(a), Value::List(b)) => {
            for (a, b) in a.items.iter().zip(&b.items) {
                let order = order(a, b, budget)?;
                if order != Ordering::Equal {
                    return Ok(order);
                }
            }
            Ok(a.items.len().cmp(&b.items.len()))
        }
        (Value::Undefined(missing), _) | (_, Value::Undefined(missing)) if !missing.optional => {
            Err(Trouble::Undefined(Arc::clone(missing)))
        }
        _ => order_numbers(a, b)
            .ok_or_else(|| Trouble::wrong(format!("{} and {} have no order", a.kind(), b.kind()))),
    }
}
