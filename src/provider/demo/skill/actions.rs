//! Who does what until when, and what was decided. The fast model takes every line with a `will`
//! in it; the balanced one knows who speaks and when it is due; the careful one also hears
//! requests that were accepted, tells decisions from actions, and lists open questions.

use serde_json::json;

use crate::provider::demo::{
    DemoModel,
    brief::Brief,
    shape::Draft,
    text::{any, capitalise, find, lower_words, sentences, strip_list_mark, words},
};

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Action {
    owner: String,
    task: String,
    due: String,
}

#[derive(Debug, Default)]
struct Found {
    actions: Vec<Action>,
    decisions: Vec<String>,
    questions: Vec<String>,
}

const PROMISES: &[&str] =
    &["i'll", "i will|can|take", "i am going to", "i'm going to", "let me", "on me"];
/// Somebody's name before what they are to do.
const DUTIES: &[&str] = &["_ will|must|should", "_ needs|has to"];
const DECISIONS: &[&str] = &[
    "we agreed|decided|go|settled",
    "let's go|keep|use|move|drop|ship",
    "decided|agreed|decision",
];

/// Finds the actions and decisions of the material.
pub fn respond(model: DemoModel, brief: &Brief) -> Draft {
    let mut found = Found::default();
    let mut asked: Option<Action> = None;
    for line in brief.material.lines() {
        let (speaker, said) = speaker(line);
        for sentence in sentences(said) {
            let all = lower_words(sentence);
            if model == DemoModel::Careful {
                // `Can you call them?` is an action once the other one says yes.
                if let Some(action) =
                    asked.take().filter(|action| speaker == action.owner && accepts(&all))
                {
                    found.actions.push(action);
                }
                asked = request(sentence, &all);
                if asked.is_some() {
                    continue;
                }
                if sentence.ends_with('?') {
                    found.questions.push(sentence.to_owned());
                    continue;
                }
                if any(&all, DECISIONS) && !any(&all, &["i'll|i"]) {
                    found.decisions.push(capitalise(sentence.trim_end_matches('.')));
                    continue;
                }
            }
            if let Some(action) = promise(model, speaker, sentence, &all) {
                found.actions.push(action);
            }
        }
    }
    draft(model, &found)
}

/// `Ana: I'll do it` → Ana, and what she said.
fn speaker(line: &str) -> (&str, &str) {
    let line = strip_list_mark(line);
    match line.split_once(':') {
        Some((name, said))
            if (1..=3).contains(&name.split_whitespace().count())
                && name.starts_with(char::is_uppercase) =>
        {
            (name.trim(), said.trim())
        }
        _ => ("", line.trim()),
    }
}

fn accepts(words: &[String]) -> bool {
    any(words, &["yes|sure|ok|okay|yep|certainly|gladly", "will do", "no problem", "of course"])
}

/// What somebody is asked by name: `Ben, can you call the bank by Friday?`
fn request(sentence: &str, words: &[String]) -> Option<Action> {
    let (_, end) = find(words, "can|could|would|will you")?;
    let all = self::words(sentence);
    let owner = all.first().filter(|word| word.is_capitalised() && end > 2)?;
    let from = all.get(end)?.start;
    let (task, due) = split_due(sentence[from..].trim_end_matches(['?', '.']));
    Some(Action { owner: owner.text.to_owned(), task: capitalise(task), due })
}

fn promise(model: DemoModel, speaker: &str, sentence: &str, words: &[String]) -> Option<Action> {
    if model == DemoModel::Fast {
        let task = sentence.trim_end_matches('.').to_owned();
        return any(words, &["will|i'll"]).then(|| Action { task, ..Action::default() });
    }
    let all = self::words(sentence);
    let own = PROMISES.iter().find_map(|pattern| find(words, pattern));
    let (owner, end) = if let Some((_, end)) = own {
        (speaker.to_owned(), end)
    } else {
        let (start, end) = DUTIES.iter().find_map(|pattern| find(words, pattern))?;
        let name = all.get(start).filter(|word| word.is_capitalised())?;
        let plain = matches!(name.lower.as_str(), "it" | "we" | "that" | "this" | "they" | "there");
        (!plain).then(|| (name.text.to_owned(), end))?
    };
    let from = all.get(end)?.start;
    let (task, due) = split_due(sentence[from..].trim_end_matches('.'));
    Some(Action { owner, task: capitalise(task), due })
}

/// What is to be done, and until when: `send it by Friday`.
fn split_due(task: &str) -> (&str, String) {
    let lower = task.to_ascii_lowercase();
    let mark = [" by ", " before ", " until ", " on ", " tomorrow", " next week", " today"]
        .iter()
        .filter_map(|mark| Some((lower.rfind(mark)?, *mark)))
        .filter(|(at, mark)| is_time(lower[at + mark.len()..].trim(), mark))
        .max_by_key(|(at, _)| *at);
    let Some((at, mark)) = mark else { return (task.trim(), String::new()) };
    let named = matches!(mark, " by " | " before " | " until " | " on ");
    let due = if named { &task[at + mark.len()..] } else { &task[at..] };
    (task[..at].trim().trim_end_matches(','), due.trim().to_owned())
}

fn is_time(after: &str, mark: &str) -> bool {
    let when = [
        "monday|tuesday|wednesday|thursday|friday|saturday|sunday|noon|tomorrow|today|tonight",
        "january|february|march|april|may|june|july|august|september|october|november|december",
        "end of|the",
        "next week|month|monday|friday",
        "the end|launch|release|weekend|meeting",
    ];
    match mark {
        " by " | " before " | " until " | " on " => {
            let words = lower_words(after);
            any(&words, &when) || words.first().is_some_and(|word| word.parse::<u32>().is_ok())
        }
        _ => after.is_empty(),
    }
}

fn draft(model: DemoModel, found: &Found) -> Draft {
    let or = |text: &str, other: &str| {
        if text.is_empty() { other.to_owned() } else { text.to_owned() }
    };
    let items: Vec<String> = found
        .actions
        .iter()
        .map(|action| match (action.owner.as_str(), action.due.as_str()) {
            ("", "") => action.task.clone(),
            (owner, "") => format!("{}: {}", or(owner, "Nobody named"), action.task),
            (owner, due) => {
                let day = ["today", "tomorrow", "tonight", "next"];
                let by = if day.iter().any(|word| due.starts_with(word)) { "" } else { "by " };
                format!("{}: {} ({by}{due})", or(owner, "Nobody named"), action.task)
            }
        })
        .collect();
    let bulleted = |items: &[String]| match items {
        [] => "None.".to_owned(),
        items => format!("- {}", items.join("\n- ")),
    };
    let mut text = bulleted(&items);
    if model == DemoModel::Careful {
        for (heading, list) in
            [("Decisions", &found.decisions), ("Open questions", &found.questions)]
        {
            if !list.is_empty() {
                text = format!("{text}\n\n{heading}:\n\n{}", bulleted(list));
            }
        }
    }
    let rows = found
        .actions
        .iter()
        .map(|it| vec![or(&it.owner, "?"), it.task.clone(), or(&it.due, "not said")])
        .collect();
    let facts: Vec<_> = found
        .actions
        .iter()
        .map(|it| {
            let due = (!it.due.is_empty()).then_some(&it.due);
            let owner = (!it.owner.is_empty()).then_some(&it.owner);
            json!({"owner": owner, "task": it.task, "due": due})
        })
        .collect();
    let count = |n: usize, what: &str| format!("{n} {what}{}.", if n == 1 { "" } else { "s" });
    Draft {
        facts: json!({
            "actions": facts, "decisions": found.decisions, "questions": found.questions,
        }),
        parts: vec![
            (&["action", "to do", "task", "next"], bulleted(&items)),
            (&["decision", "agreed"], bulleted(&found.decisions)),
            (&["question", "open"], bulleted(&found.questions)),
        ],
        table: Some((vec!["who", "what", "when"], rows)),
        steps: vec![
            count(found.actions.len(), "action"),
            count(found.decisions.len(), "decision"),
            count(found.questions.len(), "open question"),
        ],
        items,
        ..Draft::prose(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{GenerationParameters, Message, Role};

    const MEETING: &str = "Ana: I'll send the offer to the bank by Friday.\n\
        Ben: We agreed to drop the old importer.\n\
        Ana: Ben, can you call the printer before Tuesday?\n\
        Ben: Sure.\n\
        Chi: Who pays for the flights?\n\
        Ben: It will rain anyway.";

    fn facts(model: DemoModel) -> serde_json::Value {
        let messages = [
            Message::new(Role::System, "List the action items of the meeting."),
            Message::new(Role::User, format!("<transcript>\n{MEETING}\n</transcript>")),
        ];
        let brief = Brief::read(&messages, &GenerationParameters::default());
        respond(model, &brief).facts
    }

    #[test]
    fn the_careful_model_hears_requests_decisions_and_questions() {
        assert_eq!(
            facts(DemoModel::Careful),
            json!({
                "actions": [
                    {"owner": "Ana", "task": "Send the offer to the bank", "due": "Friday"},
                    {"owner": "Ben", "task": "Call the printer", "due": "Tuesday"},
                ],
                "decisions": ["We agreed to drop the old importer"],
                "questions": ["Who pays for the flights?"],
            })
        );
    }

    #[test]
    fn the_others_hear_less() {
        let balanced = facts(DemoModel::Balanced);
        assert_eq!(balanced["actions"].as_array().map(Vec::len), Some(1), "{balanced}");
        let fast = facts(DemoModel::Fast);
        assert_eq!(fast["actions"].as_array().map(Vec::len), Some(2));
        assert!(fast["actions"][0]["owner"].is_null());
    }
}
