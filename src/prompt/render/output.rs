//! Where rendered text goes: into messages, or into a value that is being made.

use super::{
    RenderedMessage, ValueSpan,
    budget::{Budget, Outcome, Trouble},
    text::{Text, Written},
};
use crate::model::Role;

/// Text under way.
#[derive(Debug)]
pub(super) struct Output {
    messages: Vec<Draft>,
    /// Texts being caught for `set`, `filter` and macros used as values; the last one is written.
    captures: Vec<Written>,
}

#[derive(Debug, Default)]
struct Draft {
    /// `None`: what stands before the first role line.
    role: Option<Role>,
    text: Written,
    values: Vec<ValueSpan>,
}

/// A point in the output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    sink: usize,
    len: usize,
}

/// What a message or a span takes besides its text.
const RECORD_BYTES: usize = 96;

impl Output {
    pub fn new() -> Self {
        Self { messages: vec![Draft::default()], captures: Vec::new() }
    }

    pub const fn is_captured(&self) -> bool {
        !self.captures.is_empty()
    }

    pub fn capture(&mut self) {
        self.captures.push(Written::default());
    }

    pub fn captured(&mut self) -> Text {
        self.captures.pop().unwrap_or_default().into_text()
    }

    fn text(&mut self) -> Option<&mut Written> {
        match self.captures.last_mut() {
            Some(text) => Some(text),
            None => self.messages.last_mut().map(|draft| &mut draft.text),
        }
    }

    /// Opens a message. Only text of a template's source may lead here.
    pub fn open(&mut self, role: Role, budget: &mut Budget) -> Outcome<()> {
        if self.is_captured() {
            return Err(Trouble::hinted(
                "a role line cannot stand in text that becomes a value",
                "move it out of the set or filter block, or write a backslash before it",
            ));
        }
        budget.make(RECORD_BYTES)?;
        self.messages.push(Draft { role: Some(role), ..Draft::default() });
        Ok(())
    }

    /// Writes text of a template's source. Lines end in a newline alone, however they were saved.
    pub fn raw(&mut self, text: &str, budget: &mut Budget) -> Outcome<()> {
        let Some(out) = self.text() else { return Ok(()) };
        budget.size(out.len() + text.len())?;
        budget.make(text.len())?;
        let mut parts = text.split("\r\n");
        out.push_own(parts.next().unwrap_or(""));
        for part in parts {
            out.push_own("\n");
            out.push_own(part);
        }
        Ok(())
    }

    /// Writes a value's text, remembering which variable it came from.
    pub fn value(
        &mut self,
        text: &Text,
        variable: Option<&str>,
        budget: &mut Budget,
    ) -> Outcome<()> {
        let captured = self.is_captured();
        let Some(out) = self.text().filter(|_| !text.is_empty()) else { return Ok(()) };
        let start = out.len();
        budget.size(start + text.len())?;
        budget.make(text.len())?;
        out.push(text, budget)?;
        let range = start..out.len();
        if let (false, Some(variable), Some(draft)) = (captured, variable, self.messages.last_mut())
        {
            budget.make(RECORD_BYTES + variable.len())?;
            draft.values.push(ValueSpan { range, variable: variable.to_owned() });
        }
        Ok(())
    }

    /// The point reached so far.
    pub fn mark(&self) -> Mark {
        let captures = self.captures.len();
        match self.captures.last() {
            Some(text) => Mark { sink: usize::MAX - captures, len: text.len() },
            None => Mark {
                sink: self.messages.len(),
                len: self.messages.last().map_or(0, |draft| draft.text.len()),
            },
        }
    }

    /// Takes back one newline at the end, if it was written after `mark` and is no value's.
    pub fn chomp(&mut self, mark: Mark) {
        let now = self.mark();
        let fixed = match self.captures.last() {
            Some(text) => text.given_end(),
            None => self.messages.last().map_or(0, Draft::values_end),
        };
        let floor = if now.sink == mark.sink { mark.len.max(fixed) } else { fixed };
        if let Some(text) = self.text()
            && text.as_str().ends_with('\n')
            && text.len() > floor
        {
            text.truncate(text.len() - 1);
        }
    }

    /// The messages that say anything, blank lines around their own text taken away. What stands
    /// before the first role line is the system's, as in Prompty, or the user's when it is all.
    pub fn finish(self) -> Vec<RenderedMessage> {
        let alone = self.messages.iter().all(|draft| draft.role.is_none());
        let first = if alone { Role::User } else { Role::System };
        let drafts = self.messages.into_iter();
        drafts.filter_map(|draft| draft.finish(first)).collect()
    }
}

impl Draft {
    fn values_end(&self) -> usize {
        self.values.last().map_or(0, |span| span.range.end).max(self.text.given_end())
    }

    fn finish(mut self, first: Role) -> Option<RenderedMessage> {
        if self.text.as_str().trim().is_empty() {
            return None;
        }
        // A value's own blanks belong to the value and stay.
        let end = self.text.as_str().trim_end().len().max(self.values_end());
        self.text.truncate(end);
        let given = self.text.stretches().first().map_or(end, |stretch| stretch.range.start);
        let fixed = self.values.first().map_or(end, |span| span.range.start).min(given);
        let head = self.text.as_str().get(..fixed).unwrap_or("");
        let blank = head.len() - head.trim_start().len();
        // Only whole blank lines go; the first line's own indent stays.
        let skip = head.get(..blank).and_then(|lead| lead.rfind('\n')).map_or(0, |at| at + 1);
        self.text.drop_start(skip);
        for span in &mut self.values {
            span.range = span.range.start - skip..span.range.end - skip;
        }
        let (content, stretches) = self.text.into_parts();
        let untrusted = stretches
            .into_iter()
            .map(|stretch| ValueSpan { range: stretch.range, variable: stretch.input.to_string() });
        Some(RenderedMessage {
            role: self.role.unwrap_or(first),
            content,
            values: self.values,
            untrusted: untrusted.collect(),
        })
    }
}
