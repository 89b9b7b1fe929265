//! What a render may take, counted as it goes.
//!
//! Bytes are counted when they are asked for and never given back. So the sum bounds the memory
//! that can be alive at any moment, and the work that copying is, whatever a template does.

use std::sync::Arc;

use super::super::RenderError;

/// What one render may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Expressions, statements, loop turns and items looked at.
    pub steps: u64,
    /// Bytes of one value or one message.
    pub value_bytes: usize,
    /// Bytes of everything made while rendering, whether still needed or not.
    pub total_bytes: usize,
    /// Expressions, blocks, includes and macros inside one another. The evaluator recurses this
    /// deep: 200 levels fit a stack of 2 MiB, as threads have, without optimisation too.
    pub depth: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            steps: 1_000_000,
            value_bytes: 8 * 1024 * 1024,
            total_bytes: 24 * 1024 * 1024,
            depth: 200,
        }
    }
}

/// What one render took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spent {
    /// See [`Limits::steps`].
    pub steps: u64,
    /// The largest value or message, in bytes.
    pub largest_value: usize,
    /// See [`Limits::total_bytes`].
    pub total_bytes: usize,
    /// The deepest nesting reached.
    pub depth: usize,
}

/// Something used that is not there.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Missing {
    /// As it was written: `user.name`.
    pub name: String,
    /// An optional parameter that was not given: empty instead of an error.
    pub optional: bool,
}

/// Why evaluating stopped. Only the machine knows places, so it turns the rest into
/// [`Trouble::Placed`].
#[derive(Debug)]
pub(super) enum Trouble {
    Wrong { message: String, hint: Option<String> },
    Undefined(Arc<Missing>),
    Limit(String),
    Placed(Box<RenderError>),
}

pub(super) type Outcome<T> = Result<T, Trouble>;

impl Trouble {
    pub fn wrong(message: impl Into<String>) -> Self {
        Self::Wrong { message: message.into(), hint: None }
    }

    pub fn hinted(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Wrong { message: message.into(), hint: Some(hint.into()) }
    }
}

/// Limits and what has been taken of them.
#[derive(Debug)]
pub(super) struct Budget {
    limits: Limits,
    spent: Spent,
    depth: usize,
}

impl Budget {
    pub const fn new(limits: Limits) -> Self {
        let spent = Spent { steps: 0, largest_value: 0, total_bytes: 0, depth: 0 };
        Self { limits, spent, depth: 0 }
    }

    pub const fn spent(&self) -> Spent {
        self.spent
    }

    /// One unit of work.
    pub fn step(&mut self) -> Outcome<()> {
        self.steps(1)
    }

    pub fn steps(&mut self, count: usize) -> Outcome<()> {
        let steps = self.spent.steps.saturating_add(count as u64);
        if steps > self.limits.steps {
            return Err(Trouble::Limit(format!("{} steps", self.limits.steps)));
        }
        self.spent.steps = steps;
        Ok(())
    }

    /// Reading through `bytes` bytes of a text.
    pub fn scan(&mut self, bytes: usize) -> Outcome<()> {
        self.steps(1 + bytes / 64)
    }

    /// A value of `bytes` bytes is about to be made; its making is work too.
    pub fn make(&mut self, bytes: usize) -> Outcome<()> {
        self.scan(bytes)?;
        self.size(bytes)?;
        let total = self.spent.total_bytes.saturating_add(bytes);
        if total > self.limits.total_bytes {
            return Err(Trouble::Limit(format!("{} bytes in total", self.limits.total_bytes)));
        }
        self.spent.total_bytes = total;
        Ok(())
    }

    /// `items` things of `each` bytes are about to be made.
    pub fn make_items(&mut self, items: usize, each: usize) -> Outcome<()> {
        self.steps(items)?;
        self.make(items.saturating_mul(each))
    }

    /// A value or a message has come to `bytes` bytes.
    pub fn size(&mut self, bytes: usize) -> Outcome<()> {
        if bytes > self.limits.value_bytes {
            return Err(Trouble::Limit(format!("{} bytes for one text", self.limits.value_bytes)));
        }
        self.spent.largest_value = self.spent.largest_value.max(bytes);
        Ok(())
    }

    /// One level deeper; every success is followed by [`Self::leave`].
    pub fn enter(&mut self) -> Outcome<()> {
        if self.depth >= self.limits.depth {
            return Err(Trouble::Limit(format!("{} levels of nesting", self.limits.depth)));
        }
        self.depth += 1;
        self.spent.depth = self.spent.depth.max(self.depth);
        Ok(())
    }

    pub const fn leave(&mut self) {
        self.depth = self.depth.saturating_sub(1);
    }
}
