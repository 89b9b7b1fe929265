//! The labels that a prompt offers.

use super::text::{is_list_item, strip_list_mark};

/// A label, and what the prompt says of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// As written in the prompt.
    pub name: String,
    /// May be empty.
    pub description: String,
}

/// Words after which a list of labels follows; the more telling ones first.
const TRIGGERS: &[&str] = &[
    "one of the following labels",
    "one of the following categories",
    "one of the following",
    "one of these labels",
    "one of these categories",
    "one of these",
    "exactly one of",
    "one of",
    "labels are",
    "labels",
    "label must be",
    "categories are",
    "categories",
    "classes",
    "queues",
    "options are",
    "options",
    "choices",
    "intents",
    "one word",
    "single word",
    "either",
    "classify it as",
    "classify as",
    "sentiment as",
    "message as",
    "review as",
    "text as",
    "label it as",
    "label it",
    "as",
    "into",
    "whether it is",
    "is it",
];

/// The labels named in the instructions; none when fewer than two are.
pub fn read(instructions: &str) -> Vec<Label> {
    let listed = listed(instructions);
    if listed.len() >= 2 {
        return listed;
    }
    let found = TRIGGERS.iter().find_map(|trigger| {
        let names = inline(instructions, trigger)?;
        (names.len() >= 2).then_some(names)
    });
    found
        .unwrap_or_default()
        .into_iter()
        .map(|name| Label { name, description: String::new() })
        .collect()
}

/// Labels in a list with one on each line: `- billing: invoices and refunds`.
fn listed(instructions: &str) -> Vec<Label> {
    let lower = instructions.to_lowercase();
    let about_labels = ["label", "categor", "class", "queue", "route", "intent", "topic"];
    if !about_labels.iter().any(|word| lower.contains(word)) {
        return Vec::new();
    }
    instructions
        .lines()
        .filter(|line| is_list_item(line))
        .filter_map(|line| {
            let item = strip_list_mark(line).trim();
            let (name, description) = [": ", " - ", " — ", " – ", " = "]
                .iter()
                .filter_map(|mark| item.split_once(mark))
                .min_by_key(|(name, _)| name.len())
                .unwrap_or((item, ""));
            let name = clean(name);
            is_label(&name, 3).then(|| Label { name, description: description.trim().to_owned() })
        })
        .collect()
}

/// Labels in running text after a trigger: `as billing, bug or other`.
fn inline(instructions: &str, trigger: &str) -> Option<Vec<String>> {
    let lower = instructions.to_ascii_lowercase();
    let mut from = 0;
    while let Some(found) = lower[from..].find(trigger) {
        let at = from + found;
        from = at + trigger.len();
        let whole = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric());
        if !whole(lower[..at].chars().next_back()) || !whole(lower[from..].chars().next()) {
            continue;
        }
        let names = split_list(&instructions[from..]);
        if names.len() >= 2 {
            return Some(names);
        }
    }
    None
}

fn split_list(after: &str) -> Vec<String> {
    let after = after.trim_start_matches([' ', ':', '=', '(', '[', '"', '\n']);
    let end = after.find(['.', '\n', ';', ')', ']', '?', '(']).unwrap_or(after.len());
    let list = &after[..end];
    let names: Vec<String> = list
        .split([',', '|', '/'])
        .flat_map(|part| part.split(" or "))
        .flat_map(|part| part.split(" and "))
        .map(|part| {
            let part = part.trim();
            clean(part.strip_prefix("or ").or(part.strip_prefix("and ")).unwrap_or(part))
        })
        .filter(|name| !name.is_empty())
        .collect();
    if names.iter().all(|name| is_label(name, 2)) { names } else { Vec::new() }
}

fn clean(name: &str) -> String {
    name.trim().trim_matches(['"', '\'', '`', '*', '“', '”', ':', '<', '>']).trim().to_owned()
}

fn is_label(name: &str, most_words: usize) -> bool {
    let words = name.split_whitespace().count();
    (1..=most_words).contains(&words)
        && name.len() <= 40
        && name.chars().any(char::is_alphanumeric)
        && !matches!(name.to_lowercase().as_str(), "the" | "a" | "an" | "follows" | "example")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(instructions: &str) -> Vec<String> {
        read(instructions).into_iter().map(|label| label.name).collect()
    }

    #[test]
    fn inline_lists() {
        let wanted = ["positive", "negative", "neutral"];
        for instructions in [
            "Answer with one word: positive, negative, neutral.",
            "Classify the text as positive, negative or neutral.",
            "Labels: positive | negative | neutral",
            "Say one of \"positive\", \"negative\", or \"neutral\".",
            "The label must be one of: positive/negative/neutral",
        ] {
            assert_eq!(names(instructions), wanted, "{instructions}");
        }
        assert!(names("Summarise the text as well as you can.").is_empty());
    }

    #[test]
    fn listed_labels_keep_their_descriptions() {
        let labels = read(
            "Route the ticket to one queue:\n- billing: invoices, refunds\n- `bug`: it is broken\n- other",
        );
        let found: Vec<_> =
            labels.iter().map(|l| (l.name.as_str(), l.description.as_str())).collect();
        assert_eq!(
            found,
            [("billing", "invoices, refunds"), ("bug", "it is broken"), ("other", "")]
        );
    }
}
