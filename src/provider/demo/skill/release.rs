//! Release notes and commit messages from a list of changes. The fast model repeats the list; the
//! balanced one sorts it by the kind each change names; the careful one also judges changes that
//! name none, leaves out what users do not notice, and puts what breaks first.

use serde_json::{Map, Value, json};

use crate::provider::demo::{
    DemoModel,
    brief::Brief,
    shape::Draft,
    task::Task,
    text::{any, capitalise, lower_words, strip_list_mark},
};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Group {
    Breaking,
    Added,
    Changed,
    Fixed,
    Internal,
}

impl Group {
    const ALL: [Self; 5] =
        [Self::Breaking, Self::Added, Self::Changed, Self::Fixed, Self::Internal];

    const fn name(self) -> &'static str {
        match self {
            Self::Breaking => "Breaking changes",
            Self::Added => "Added",
            Self::Changed => "Changed",
            Self::Fixed => "Fixed",
            Self::Internal => "Internal",
        }
    }
}

/// Writes about the changes of the material.
pub fn respond(model: DemoModel, brief: &Brief) -> Draft {
    let changes: Vec<(Group, String)> = brief
        .material
        .lines()
        .map(|line| read(model, strip_list_mark(line)))
        // A kind alone (`feat:`) says nothing of a change.
        .filter(|(_, text)| text.chars().any(char::is_alphanumeric))
        .collect();
    if changes.is_empty() {
        return Draft::prose("There are no changes to write about in the prompt.");
    }
    if brief.task == Task::CommitMessage {
        return commit(&changes);
    }
    let shown = |group: Group| model != DemoModel::Careful || group != Group::Internal;
    let of = |group: Group| -> Vec<String> {
        changes.iter().filter(|(own, _)| *own == group).map(|(_, text)| text.clone()).collect()
    };
    let groups: Vec<(Group, Vec<String>)> = Group::ALL
        .into_iter()
        .filter(|group| shown(*group))
        .map(|group| (group, of(group)))
        .filter(|(_, items)| !items.is_empty())
        .collect();
    let items: Vec<String> = groups.iter().flat_map(|(_, items)| items.clone()).collect();
    let text = if model == DemoModel::Fast {
        format!("- {}", items.join("\n- "))
    } else {
        let sections: Vec<String> = groups
            .iter()
            .map(|(group, items)| format!("## {}\n\n- {}", group.name(), items.join("\n- ")))
            .collect();
        sections.join("\n\n")
    };
    let facts: Map<String, Value> =
        groups.iter().map(|(group, items)| (group.name().to_lowercase(), json!(items))).collect();
    let left_out = changes.len() - items.len();
    let mut steps: Vec<String> =
        groups.iter().map(|(group, items)| format!("{}: {}.", group.name(), items.len())).collect();
    if left_out > 0 {
        steps.push(format!("Left out, since users do not notice it: {left_out}."));
    }
    Draft { facts: Value::Object(facts), items, steps, ..Draft::prose(text) }
}

/// The kind of a change, and what it says.
fn read(model: DemoModel, line: &str) -> (Group, String) {
    // A short hash, as `git log --oneline` writes it.
    let line = match line.split_once(' ') {
        Some((hash, rest))
            if model != DemoModel::Fast
                && (7..=12).contains(&hash.len())
                && hash.chars().all(|c| c.is_ascii_hexdigit()) =>
        {
            rest
        }
        _ => line,
    };
    if model == DemoModel::Fast {
        return (Group::Changed, line.trim().to_owned());
    }
    let (kind, text) = match line.split_once(": ") {
        Some((kind, text)) if kind.split_whitespace().count() == 1 => (kind.to_lowercase(), text),
        _ => (String::new(), line),
    };
    let breaking = kind.ends_with('!') || line.contains("BREAKING");
    let bare = kind.trim_end_matches('!').split('(').next().unwrap_or_default();
    let group = match bare {
        _ if breaking => Group::Breaking,
        "feat" | "feature" | "add" => Group::Added,
        "fix" | "bugfix" => Group::Fixed,
        "chore" | "ci" | "test" | "build" | "refactor" | "style" | "docs" => Group::Internal,
        "perf" | "change" => Group::Changed,
        _ if model == DemoModel::Careful => judged(text),
        _ => Group::Changed,
    };
    (group, capitalise(text.trim()))
}

/// The kind of a change that names none.
fn judged(text: &str) -> Group {
    let all = lower_words(text);
    let first = all.get(..all.len().min(2)).unwrap_or_default();
    if any(&all, &["remove*|drop|drops|rename*", "no longer"]) {
        Group::Breaking
    } else if any(first, &["add*|new|support*|introduce*|allow*"]) {
        Group::Added
    } else if any(first, &["fix*|correct*|repair*|prevent*|stop*"]) {
        Group::Fixed
    } else if any(&all, &["test|tests|refactor*|lint*|dependency|dependencies|bump*|ci"]) {
        Group::Internal
    } else {
        Group::Changed
    }
}

/// A commit message: the weightiest change as its subject, the others below it.
fn commit(changes: &[(Group, String)]) -> Draft {
    let mut sorted: Vec<&(Group, String)> = changes.iter().collect();
    sorted.sort_by_key(|(group, _)| *group);
    let subject = sorted.first().map_or("", |(_, text)| text.as_str()).trim_end_matches('.');
    let rest: Vec<String> = sorted.iter().skip(1).map(|(_, text)| format!("- {text}")).collect();
    let text = format!("{subject}\n\n{}", rest.join("\n")).trim_end().to_owned();
    Draft { facts: json!({"subject": subject, "body": rest.join("\n")}), ..Draft::prose(text) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{GenerationParameters, Message, Role};

    const CHANGES: &str = "a1b2c3d feat: export to CSV\nfix(sync): no lost rows\nRemove the old API\n\
                           chore: bump the linter\nDraw faster";

    fn notes(model: DemoModel) -> String {
        let messages = [
            Message::new(Role::System, "Write release notes for users."),
            Message::new(Role::User, format!("<changes>\n{CHANGES}\n</changes>")),
        ];
        respond(model, &Brief::read(&messages, &GenerationParameters::default())).text
    }

    #[test]
    fn a_kind_without_a_change_is_no_change() {
        for asked in ["Write a commit message.", "Write release notes."] {
            let messages = [
                Message::new(Role::System, asked),
                Message::new(Role::User, "<changes>\nfeat: \n:\n</changes>"),
            ];
            let brief = Brief::read(&messages, &GenerationParameters::default());
            let text = respond(DemoModel::Balanced, &brief).text;
            assert_eq!(text, "There are no changes to write about in the prompt.");
        }
    }

    #[test]
    fn what_breaks_comes_first_and_what_nobody_notices_is_left_out() {
        assert_eq!(
            notes(DemoModel::Careful),
            "## Breaking changes\n\n- Remove the old API\n\n## Added\n\n- Export to CSV\n\n\
             ## Changed\n\n- Draw faster\n\n## Fixed\n\n- No lost rows"
        );
        let balanced = notes(DemoModel::Balanced);
        assert!(balanced.contains("Internal") && !balanced.contains("Breaking"), "{balanced}");
        assert!(notes(DemoModel::Fast).starts_with("- a1b2c3d feat"));
    }
}
