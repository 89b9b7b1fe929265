//! Takes secrets and personal data out of text. Pure: no IO, no clock, no async.
//!
//! A [`Redactor`] knows the keys that are in use, exactly, and rules for what other keys, tokens
//! and personal data look like. What it finds is replaced by `[redacted:NAME]` with the rule's
//! name, so that a reader sees what stood there. Patterns run in time proportional to the text.

mod checks;
mod keys;
mod numbers;
mod partial;
mod patterns;
mod personal;
mod rule;
mod rules;
mod stage;

use std::{borrow::Cow, collections::BTreeSet, ops::Range, sync::Arc};

pub use keys::{KnownKeys, SHORTEST_KEY};
pub use patterns::LONGEST_MATCH;
pub use rule::{Kind, Rule};

use crate::model::Redactions;
use patterns::{Patterns, Source};
use stage::{Sink, Stage};

/// Every built-in rule, secrets first. Names repeat where several patterns share one.
pub fn rules() -> impl Iterator<Item = &'static Rule> {
    rules::SECRETS.iter().chain(personal::PERSONAL)
}

/// What the beginning of a key is called, of which nobody can say whose it is.
const CUT_KEY: &str = "cut-key";

/// What is to be looked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    pub secrets: bool,
    pub personal: bool,
    /// Rules left out, by name.
    pub off: BTreeSet<String>,
    /// Own patterns: a name and a regular expression, whose first group is what is taken out
    /// where it has one.
    pub patterns: Vec<(String, String)>,
}

/// Checks a pattern of one's own.
///
/// # Errors
/// What is wrong with it: its syntax, or that it may match nothing or without end.
pub fn check_pattern(pattern: &str) -> Result<(), String> {
    Patterns::new(vec![Source::of_pattern("own", pattern)?]).map(|_| ())
}

/// Finds and replaces. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Redactor {
    keys: Option<Arc<Patterns>>,
    rules: Option<Arc<Patterns>>,
}

/// A text with what was found in it replaced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redacted<'a> {
    /// Borrowed where nothing was found.
    pub text: Cow<'a, str>,
    pub found: Redactions,
}

/// Something found in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The rule's name.
    pub rule: String,
    /// What it finds, in words: `an OpenAI key`.
    pub label: String,
    /// Where it stands, in bytes.
    pub range: Range<usize>,
}

impl Redactor {
    /// A redactor for what is selected, which knows no keys yet.
    ///
    /// # Errors
    /// Own patterns that are not valid or, together with all others, too large.
    pub fn new(selection: &Selection) -> Result<Self, String> {
        let wanted = |rule: &&Rule| {
            !selection.off.contains(rule.name)
                && match rule.kind {
                    Kind::Secret => selection.secrets,
                    Kind::Personal => selection.personal,
                }
        };
        let own =
            selection.patterns.iter().map(|(name, pattern)| Source::of_pattern(name, pattern));
        let built_in = rules().filter(wanted).map(Source::of_rule);
        let sources = own.chain(built_in).collect::<Result<Vec<_>, _>>()?;
        Ok(Self { keys: None, rules: Patterns::new(sources)?.map(Arc::new) })
    }

    /// The same rules with these keys, which are looked for first.
    #[must_use]
    pub fn with_keys(&self, keys: &KnownKeys) -> Self {
        Self { keys: keys.patterns(), rules: self.rules.clone() }
    }

    /// The keys in use alone, for names by which things are found again.
    #[must_use]
    pub fn keys_alone(&self) -> Self {
        Self { keys: self.keys.clone(), rules: None }
    }

    /// Whether nothing is looked for.
    #[must_use]
    pub const fn is_idle(&self) -> bool {
        self.keys.is_none() && self.rules.is_none()
    }

    /// A whole text with what is found in it replaced.
    #[must_use]
    pub fn redact<'a>(&self, text: &'a str) -> Redacted<'a> {
        let mut redacted = Redacted { text: Cow::Borrowed(text), found: Redactions::default() };
        for patterns in [&self.keys, &self.rules].into_iter().flatten() {
            let before = redacted.found.total();
            let mut out = String::new();
            let mut replacing = Replacing { out: &mut out, found: &mut redacted.found };
            stage::look_through(patterns, &redacted.text, &mut replacing);
            if redacted.found.total() > before {
                redacted.text = Cow::Owned(out);
            }
        }
        redacted
    }

    /// As [`Self::redact`], for a text that was cut off at its end, or where it says `…`: what is
    /// left of a key in use there goes too, if it is not too short to tell.
    #[must_use]
    pub fn redact_cut<'a>(&self, text: &'a str) -> Redacted<'a> {
        let mut redacted = self.redact(text);
        let Some(keys) = &self.keys else { return redacted };
        let mut out = String::new();
        for piece in redacted.text.split_inclusive('…') {
            let whole = piece.strip_suffix('…').unwrap_or(piece);
            let start = keys.settled(whole, 0);
            // `sk-proj-` says who made a key and nothing of it.
            let says_nothing = whole.ends_with(['-', '_']);
            if whole.len() - start < SHORTEST_KEY || says_nothing {
                out.push_str(piece);
                continue;
            }
            out.push_str(&whole[..start]);
            out.push_str(&marker(CUT_KEY));
            out.push_str(&piece[whole.len()..]);
            redacted.found.add(CUT_KEY);
        }
        if out != redacted.text {
            redacted.text = Cow::Owned(out);
        }
        redacted
    }

    /// What is found in a text, in its order.
    #[must_use]
    pub fn findings(&self, text: &str) -> Vec<Finding> {
        let mut findings: Vec<Finding> = Vec::new();
        for patterns in [&self.keys, &self.rules].into_iter().flatten() {
            let mut finding = Locating { at: 0, found: Vec::new() };
            stage::look_through(patterns, text, &mut finding);
            let new = |it: &Finding| {
                !findings
                    .iter()
                    .any(|had| had.range.start < it.range.end && it.range.start < had.range.end)
            };
            let more: Vec<Finding> = finding.found.into_iter().filter(new).collect();
            findings.extend(more);
        }
        findings.sort_by_key(|finding| finding.range.start);
        findings
    }

    /// The start of a text that comes in pieces.
    #[must_use]
    pub fn stream(&self) -> Stream {
        let stage = |patterns: &Arc<Patterns>| Stage::new(Arc::clone(patterns));
        Stream {
            keys: self.keys.as_ref().map(stage),
            rules: self.rules.as_ref().map(stage),
            found: Redactions::default(),
        }
    }
}

/// [`Redactor::redact`] for text that comes in pieces. However the pieces are cut, the result is
/// that for the whole. What could be the beginning of something is held back, at most
/// [`LONGEST_MATCH`] bytes.
#[derive(Clone, Debug)]
pub struct Stream {
    keys: Option<Stage>,
    rules: Option<Stage>,
    found: Redactions,
}

impl Stream {
    /// Appends what is settled of the text so far.
    pub fn push(&mut self, text: &str, out: &mut String) {
        let Some(keys) = &mut self.keys else { return self.rules(text, out) };
        let mut between = String::new();
        keys.push(text, &mut Replacing { out: &mut between, found: &mut self.found });
        self.rules(&between, out);
    }

    fn rules(&mut self, text: &str, out: &mut String) {
        match &mut self.rules {
            Some(rules) => rules.push(text, &mut Replacing { out, found: &mut self.found }),
            None => out.push_str(text),
        }
    }

    /// Appends what was held back and begins a new text.
    pub fn finish(&mut self, out: &mut String) {
        if let Some(keys) = &mut self.keys {
            let mut between = String::new();
            keys.finish(&mut Replacing { out: &mut between, found: &mut self.found });
            self.rules(&between, out);
        }
        if let Some(rules) = &mut self.rules {
            rules.finish(&mut Replacing { out, found: &mut self.found });
        }
    }

    /// What was replaced so far, in all texts.
    #[must_use]
    pub const fn found(&self) -> &Redactions {
        &self.found
    }
}

/// What stands in the place of what was found by a rule.
#[must_use]
pub fn marker(rule: &str) -> String {
    format!("[redacted:{rule}]")
}

struct Replacing<'a> {
    out: &'a mut String,
    found: &'a mut Redactions,
}

impl Sink for Replacing<'_> {
    fn text(&mut self, text: &str) {
        self.out.push_str(text);
    }

    fn taken(&mut self, patterns: &Patterns, pattern: usize, _length: usize) {
        let name = &patterns.entry(pattern).name;
        self.found.add(name);
        self.out.push_str(&marker(name));
    }

    fn more(&mut self, _length: usize) {}
}

struct Locating {
    at: usize,
    found: Vec<Finding>,
}

impl Sink for Locating {
    fn text(&mut self, text: &str) {
        self.at += text.len();
    }

    fn taken(&mut self, patterns: &Patterns, pattern: usize, length: usize) {
        let entry = patterns.entry(pattern);
        let range = self.at..self.at + length;
        self.at = range.end;
        self.found.push(Finding { rule: entry.name.clone(), label: entry.label.clone(), range });
    }

    fn more(&mut self, length: usize) {
        self.at += length;
        if let Some(last) = self.found.last_mut() {
            last.range.end += length;
        }
    }
}

#[cfg(test)]
mod tests;
