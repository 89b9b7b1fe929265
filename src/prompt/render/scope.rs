//! Which name means what, where.
//!
//! Scopes live in one row and know the scope around them by number, so that a macro can keep the
//! scope it was written in without owning it, and nothing can own itself.

use std::collections::HashMap;

use super::value::Value;

#[derive(Debug, Default)]
struct Scope {
    around: Option<usize>,
    names: HashMap<String, Value>,
    /// Something (a macro) still looks names up here after the scope was left.
    kept: bool,
}

/// Every scope of one render; the first is the template's own.
#[derive(Debug)]
pub(super) struct Scopes {
    all: Vec<Scope>,
    current: usize,
}

impl Scopes {
    pub fn new() -> Self {
        Self { all: vec![Scope::default()], current: 0 }
    }

    /// Opens a scope inside another one and gives the one to return to.
    pub fn open(&mut self, around: Option<usize>) -> usize {
        self.all.push(Scope { around, ..Scope::default() });
        std::mem::replace(&mut self.current, self.all.len() - 1)
    }

    /// Opens a scope inside the current one.
    pub fn open_inner(&mut self) -> usize {
        self.open(Some(self.current))
    }

    /// Leaves the current scope for the one [`Self::open`] gave.
    pub fn close(&mut self, back: usize) {
        let last = self.current + 1 == self.all.len();
        if last && self.all.last().is_some_and(|scope| !scope.kept) {
            self.all.pop();
        }
        self.current = back;
    }

    /// Keeps the current scope for as long as the render lasts.
    pub fn keep(&mut self) -> usize {
        if let Some(scope) = self.all.get_mut(self.current) {
            scope.kept = true;
        }
        self.current
    }

    pub fn set(&mut self, name: &str, value: Value) {
        if let Some(scope) = self.all.get_mut(self.current) {
            scope.names.insert(name.to_owned(), value);
        }
    }

    pub fn get(&self, name: &str) -> Option<&Value> {
        let mut at = Some(self.current);
        while let Some(scope) = at.and_then(|at| self.all.get(at)) {
            if let Some(value) = scope.names.get(name) {
                return Some(value);
            }
            at = scope.around;
        }
        None
    }

    /// The names set in the current scope itself.
    pub fn own_names(&self) -> impl Iterator<Item = (&str, &Value)> {
        let scope = self.all.get(self.current);
        scope.into_iter().flat_map(|s| s.names.iter().map(|(name, value)| (name.as_str(), value)))
    }
}
