//! Choosing one of the labels that the prompt offers. The fast model counts words of the label
//! and its description; the balanced one knows word forms and the commonest topics; the careful
//! one all their signs, and weighs the request more than the story. Examples vote in all three.

use std::collections::BTreeSet;

use serde_json::json;

use super::{
    rank::{as_float, overlap},
    topics::{REST, TOPICS, Topic},
};
use crate::provider::demo::{
    DemoModel,
    brief::Brief,
    chance::Chance,
    labels::Label,
    shape::Draft,
    text::{capitalise, find, is_stop_word, join_and, lower_words, sentences, stem, topic_stems},
};

/// A label with what speaks for it.
struct Weighed<'a> {
    label: &'a Label,
    weight: f64,
    signs: Vec<String>,
}

/// Chooses a label for the material.
pub fn respond(model: DemoModel, brief: &Brief, chance: &mut Chance) -> Draft {
    let labels = offered(brief);
    if labels.is_empty() {
        return Draft::prose(
            "I was asked for a label, but the prompt names none: say which labels there are, or \
             give examples.",
        );
    }
    let mut weighed: Vec<Weighed<'_>> =
        labels.iter().map(|label| weigh(model, label, &brief.material)).collect();
    vote(model, &mut weighed, brief);
    let rest = rest_label(model, &labels);
    if let Some(rest) = rest {
        weighed[rest].weight += 0.4;
    }
    let mut chosen = 0;
    let mut best = f64::NEG_INFINITY;
    for (at, label) in weighed.iter().enumerate() {
        let drawn = label.weight + chance.noise() * 0.7;
        if drawn > best {
            (chosen, best) = (at, drawn);
        }
    }
    draft(model, &weighed, chosen)
}

/// The labels of the prompt, else those of its examples.
fn offered(brief: &Brief) -> Vec<Label> {
    if brief.labels.len() >= 2 {
        return brief.labels.clone();
    }
    let mut labels: Vec<Label> = Vec::new();
    for example in &brief.examples {
        let name = example.output.trim();
        if name.len() <= 40 && labels.iter().all(|label| label.name != name) {
            labels.push(Label { name: name.to_owned(), description: String::new() });
        }
    }
    labels
}

/// What is said when nothing speaks for any label; the fast model has no such thought and takes
/// the first.
fn rest_label(model: DemoModel, labels: &[Label]) -> Option<usize> {
    if model == DemoModel::Fast {
        return None;
    }
    labels.iter().position(|label| REST.contains(&label.name.to_lowercase().as_str()))
}

fn weigh<'a>(model: DemoModel, label: &'a Label, material: &str) -> Weighed<'a> {
    let mut weighed = Weighed { label, weight: 0.0, signs: Vec::new() };
    let text = lower_words(material);
    if model == DemoModel::Fast {
        for word in lower_words(&format!("{} {}", label.name, label.description)) {
            if !is_stop_word(&word) && text.contains(&word) {
                weighed.weight += 1.0;
                weighed.signs.push(word);
            }
        }
        return weighed;
    }
    let own = topic_stems(&format!("{} {}", label.name, label.description));
    let mut seen = BTreeSet::new();
    for word in &text {
        let stemmed = stem(word);
        if !is_stop_word(word) && own.iter().any(|own| own == stemmed) && seen.insert(stemmed) {
            weighed.weight += 1.0;
            weighed.signs.push(word.clone());
        }
    }
    let topics = topics_of(&label.name);
    for sentence in sentences(material) {
        let words = lower_words(sentence);
        let share = if model == DemoModel::Careful { importance(sentence, &words) } else { 1.0 };
        for topic in &topics {
            add_signs(&mut weighed, &words, topic.strong, 1.0 * share);
            if model == DemoModel::Careful {
                add_signs(&mut weighed, &words, topic.fine, 1.1 * share);
            }
        }
    }
    weighed
}

fn add_signs(weighed: &mut Weighed<'_>, words: &[String], patterns: &[&str], weight: f64) {
    for pattern in patterns {
        if let Some((start, end)) = find(words, pattern) {
            let negated = start > 0 && matches!(words[start - 1].as_str(), "not" | "no" | "isn't");
            if !negated {
                weighed.weight += weight;
                let sign = words[start..end].join(" ");
                if !weighed.signs.contains(&sign) {
                    weighed.signs.push(sign);
                }
            }
        }
    }
}

/// A request weighs more than the story around it, and pleasantries less.
fn importance(sentence: &str, words: &[String]) -> f64 {
    let asks = sentence.ends_with('?')
        || find(words, "please|can|could|how|need|want|would").is_some()
        || find(words, "i'd like").is_some();
    let settled = find(words, "already|previously|earlier|last time").is_some()
        || find(words, "thanks for|is fine|works fine|not about").is_some();
    match (asks, settled) {
        (_, true) => 0.4,
        (true, false) => 1.5,
        (false, false) => 1.0,
    }
}

fn topics_of(label: &str) -> Vec<&'static Topic> {
    let words = lower_words(&label.replace(['_', '-', '/'], " "));
    TOPICS
        .iter()
        .filter(|topic| words.iter().any(|word| topic.names.contains(&word.as_str())))
        .collect()
}

/// Examples that share words with the material vote for their label.
fn vote(model: DemoModel, weighed: &mut [Weighed<'_>], brief: &Brief) {
    let wanted: BTreeSet<String> = topic_stems(&brief.material).into_iter().collect();
    for example in &brief.examples {
        let stems: BTreeSet<String> = topic_stems(&example.input).into_iter().collect();
        let near = match model {
            DemoModel::Fast => {
                let words = lower_words(&example.input);
                let text = lower_words(&brief.material);
                let shared = words.iter().filter(|w| !is_stop_word(w) && text.contains(w)).count();
                as_float(shared) / 3.0
            }
            _ => overlap(&stems, &wanted) * 2.0,
        };
        let output = example.output.trim();
        if let Some(label) =
            weighed.iter_mut().find(|label| label.label.name.eq_ignore_ascii_case(output))
            && near > 0.3
        {
            label.weight += near * 1.5;
            label.signs.push("an example like it".to_owned());
        }
    }
}

fn draft(model: DemoModel, weighed: &[Weighed<'_>], chosen: usize) -> Draft {
    let winner = &weighed[chosen];
    let total: f64 = weighed.iter().map(|label| label.weight.exp()).sum();
    let confidence = (winner.weight.exp() / total * 100.0).round() / 100.0;
    let signs: Vec<String> = winner.signs.iter().take(3).map(|sign| format!("“{sign}”")).collect();
    let reason = match signs.len() {
        0 => "Nothing in it speaks for any of the labels.".to_owned(),
        1 => format!("{} speaks for it.", signs[0]),
        _ => format!("{} speak for it.", join_and(&signs)),
    };
    let mut steps: Vec<String> = weighed
        .iter()
        .filter(|label| label.weight > 0.0)
        .map(|label| format!("{}: weight {:.1}.", label.label.name, label.weight))
        .collect();
    steps.push(format!("{reason} So the label is {}.", winner.label.name));
    let name = winner.label.name.clone();
    let mut text = format!("{}.", capitalise(&name));
    if model != DemoModel::Fast {
        text.push(' ');
        text.push_str(&reason);
    }
    Draft {
        facts: json!({"label": name, "confidence": confidence, "reason": reason}),
        parts: vec![
            (&["label", "category", "queue", "class"], name.clone()),
            (&["reason", "why", "explanation"], reason),
        ],
        bare: Some(name),
        steps,
        ..Draft::prose(text)
    }
}
