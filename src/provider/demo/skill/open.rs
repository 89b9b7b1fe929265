//! What is said where no known task is recognised: what was understood, and what stands in the
//! text. A simulated model knows nothing of the world and says so.

use std::collections::BTreeMap;

use serde_json::json;

use super::rank::{Depth, as_float, choose, rank};
use crate::provider::demo::{
    DemoModel,
    brief::Brief,
    chance::Chance,
    shape::Draft,
    task::Task,
    text::{any, join_and, lower_words, topic_stems, word_count, words},
};

const CAN_DO: &str = "sentiment, entity extraction, classification, summaries, action items, \
                      contract risks, code review, release notes and commit messages, support \
                      replies, questions about a given text, and word problems";

/// Answers a brief without a known task.
pub fn respond(model: DemoModel, brief: &Brief, chance: &mut Chance) -> Draft {
    if let Some(draft) = complete_examples(brief) {
        return draft;
    }
    if brief.task == Task::Translate {
        return Draft::prose(format!(
            "I am a simulated model and know no languages, so I cannot translate. What I can do \
             on a given text: {CAN_DO}."
        ));
    }
    let asked = lower_words(&brief.material);
    if asked.len() <= 12
        && any(&asked, &["hello|hi|hey|greetings", "who|what are you", "your name"])
    {
        let hello = chance.pick(&["Hello.", "Hi.", "Good day."]);
        return Draft::prose(format!(
            "{hello} I am demo/{}, a simulated model: plain rules, no language model. I can do \
             {CAN_DO}.",
            model.id()
        ));
    }
    let sentences = rank(&brief.material, depth(model));
    if sentences.len() >= 3 {
        return key_points(model, brief, chance);
    }
    let topics = topics(&brief.material, 3);
    let about = if topics.is_empty() {
        "I found no topic words in it.".to_owned()
    } else {
        format!("It seems to be about {}.", join_and(&topics))
    };
    let opening = chance.pick(&[
        "I am a simulated model and have no knowledge to answer this from.",
        "This needs knowledge that a simulated model does not have.",
        "I cannot answer this: I am a simulated model without knowledge of the world.",
    ]);
    let text = format!("{opening} {about} What I can do on a given text: {CAN_DO}.");
    let facts = json!({"answer": null, "topics": topics, "summary": text, "simulated": true});
    Draft { facts, ..Draft::prose(text) }
}

/// Goes on as the examples do: the output of the nearest one.
fn complete_examples(brief: &Brief) -> Option<Draft> {
    if brief.examples.len() < 2 {
        return None;
    }
    let wanted = topic_stems(&brief.material);
    let nearest = brief.examples.iter().rev().max_by_key(|example| {
        topic_stems(&example.input).iter().filter(|stem| wanted.contains(stem)).count()
    })?;
    let answer = nearest.output.trim().to_owned();
    let step = format!("No rule for this task: the nearest example says `{answer}`.");
    Some(Draft {
        bare: Some(answer.clone()),
        facts: json!({"answer": answer, "label": answer}),
        steps: vec![step],
        ..Draft::prose(answer)
    })
}

const fn depth(model: DemoModel) -> Depth {
    match model {
        DemoModel::Fast => Depth::Frequency,
        _ => Depth::Full,
    }
}

fn key_points(model: DemoModel, brief: &Brief, chance: &mut Chance) -> Draft {
    let ranked = rank(&brief.material, depth(model));
    let count = brief.format.items.or(brief.format.sentences).unwrap_or(3);
    let mut best = choose(&ranked, count, model != DemoModel::Fast);
    best.sort_by_key(|sentence| sentence.at);
    let items: Vec<String> = best.iter().map(|sentence| sentence.text.to_owned()).collect();
    let topics = topics(&brief.material, 3);
    let opening = chance.pick(&[
        "I do not recognise the task, so here is what stands out",
        "This is no task I know; these points stand out",
    ]);
    let about =
        if topics.is_empty() { String::new() } else { format!(" about {}", join_and(&topics)) };
    let list: Vec<String> = items.iter().map(|item| format!("- {item}")).collect();
    let text = format!(
        "{opening} in the {} words{about}:\n\n{}",
        word_count(&brief.material),
        list.join("\n")
    );
    Draft {
        facts: json!({"summary": items.join(" "), "keypoints": items, "topics": topics}),
        items,
        ..Draft::prose(text)
    }
}

/// The words a text is about, as first written, most frequent first.
pub fn topics(text: &str, most: usize) -> Vec<String> {
    let mut counts: BTreeMap<String, (usize, usize, String)> = BTreeMap::new();
    for (at, word) in words(text).iter().enumerate() {
        let stems = topic_stems(word.text);
        if let [stem] = stems.as_slice()
            && word.lower.len() > 3
            && !word.lower.starts_with(|c: char| c.is_ascii_digit())
        {
            let entry = counts.entry(stem.clone()).or_insert((0, at, word.lower.clone()));
            entry.0 += 1;
        }
    }
    let mut found: Vec<_> = counts.into_values().collect();
    found.sort_by(|a, b| as_float(b.0).total_cmp(&as_float(a.0)).then(a.1.cmp(&b.1)));
    found.into_iter().take(most).map(|(_, _, word)| word).collect()
}
