//! What was taken out of a record before it was kept.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// How often each rule replaced something, by the rule's name: `openai-key`, `email-address`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Redactions(BTreeMap<String, u64>);

impl Redactions {
    /// Counts one replacement.
    pub fn add(&mut self, rule: &str) {
        match self.0.get_mut(rule) {
            Some(count) => *count += 1,
            None => {
                self.0.insert(rule.to_owned(), 1);
            }
        }
    }

    /// Adds what was replaced elsewhere.
    pub fn join(&mut self, other: &Self) {
        for (rule, count) in &other.0 {
            *self.0.entry(rule.clone()).or_default() += count;
        }
    }

    /// The larger count of each rule: for two places that say the same thing.
    #[must_use]
    pub fn larger(mut self, other: &Self) -> Self {
        for (rule, &count) in &other.0 {
            let here = self.0.entry(rule.clone()).or_default();
            *here = count.max(*here);
        }
        self
    }

    /// Whether nothing was replaced.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How much was replaced in all.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.0.values().sum()
    }

    /// Each rule that replaced something, with how often.
    pub fn iter(&self) -> impl Iterator<Item = (&str, u64)> {
        self.0.iter().map(|(rule, count)| (rule.as_str(), *count))
    }

    /// In words, the rules by name: `openai-key 2, email-address 1`.
    #[must_use]
    pub fn describe(&self) -> String {
        let parts: Vec<String> =
            self.iter().map(|(rule, count)| format!("{rule} {count}")).collect();
        parts.join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_added_by_rule_and_told_in_words() {
        let mut first = Redactions::default();
        assert!(first.is_empty());
        first.add("b");
        first.add("a");
        first.add("b");
        let mut second = Redactions::default();
        second.add("b");
        assert_eq!(first.clone().larger(&second), first);
        second.join(&first);
        assert_eq!((second.total(), second.describe().as_str()), (4, "a 1, b 3"));
        assert_eq!(serde_json::to_string(&second).expect("JSON"), r#"{"a":1,"b":3}"#);
    }
}
