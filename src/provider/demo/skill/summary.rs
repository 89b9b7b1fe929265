//! Extractive summaries. The fast model takes the beginning; the balanced one the sentences with
//! the commonest words; the careful one also weighs position, figures and cue words, leaves out
//! what repeats, trims asides, and fits the wanted length.

use serde_json::json;

use super::{
    open::topics,
    rank::{Depth, Ranked, choose, rank},
};
use crate::provider::demo::{
    DemoModel,
    brief::Brief,
    chance::Chance,
    shape::Draft,
    text::{capitalise, join_and, strip_list_mark, topic_stems, word_count},
};

/// Openings that join a sentence to the one before it, which a summary leaves out.
const JOINTS: &[&str] = &[
    "however, ",
    "in addition, ",
    "moreover, ",
    "furthermore, ",
    "also, ",
    "as a result, ",
    "therefore, ",
    "meanwhile, ",
    "on the other hand, ",
    "for example, ",
    "in fact, ",
    "and ",
    "but ",
    "so ",
    "additionally, ",
    "nevertheless, ",
    "in conclusion, ",
    "in short, ",
    "in summary, ",
];

/// Summarises the material.
pub fn respond(model: DemoModel, brief: &Brief, chance: &mut Chance) -> Draft {
    let depth = if model == DemoModel::Careful { Depth::Full } else { Depth::Frequency };
    let mut ranked = rank(&brief.material, depth);
    if ranked.is_empty() {
        return Draft::prose("There is no text to summarise in the prompt.");
    }
    if model != DemoModel::Fast {
        favour_focus(&mut ranked, brief);
    }
    let list = brief.format.bullets || brief.format.numbered || brief.format.json;
    let wanted = brief.format.sentences.or(brief.format.items).unwrap_or(if list {
        3
    } else {
        ranked.len().div_ceil(4).clamp(1, 4)
    });
    let mut chosen = match model {
        DemoModel::Fast => ranked.iter().take(wanted).cloned().collect(),
        DemoModel::Balanced => choose(&ranked, wanted, false),
        _ => within_limit(choose(&ranked, wanted, true), brief.format.max_words),
    };
    let best = chosen.first().map(|sentence| sentence.text);
    chosen.sort_by_key(|sentence| sentence.at);
    let items: Vec<String> = chosen
        .iter()
        .map(|sentence| {
            // Lines are wrapped where they stood, not where they go.
            let text: Vec<&str> = strip_list_mark(sentence.text).split_whitespace().collect();
            let text = text.join(" ");
            if model == DemoModel::Careful { trimmed(&text) } else { text }
        })
        .collect();
    let text = items.join(" ");
    let topics = topics(&brief.material, 4);
    let steps = vec![
        format!(
            "The text has {} sentences and {} words, mostly about {}.",
            ranked.len(),
            word_count(&brief.material),
            join_and(&topics)
        ),
        format!(
            "{} {wanted}.",
            chance.pick(&["Sentences to keep:", "I keep this many sentences:"])
        ),
        best.map(|best| format!("The weightiest is: “{best}”")).unwrap_or_default(),
    ];
    Draft {
        facts: json!({"summary": text, "keypoints": items, "topics": topics}),
        parts: vec![
            (&["summary", "abstract", "overview"], text.clone()),
            (&["points", "highlights", "details"], format!("- {}", items.join("\n- "))),
            (&["topic", "keyword", "tags"], join_and(&topics)),
        ],
        items,
        steps,
        ..Draft::prose(text)
    }
}

/// Raises sentences about what the prompt tells to look at.
fn favour_focus(ranked: &mut [Ranked<'_>], brief: &Brief) {
    let lower = brief.instructions.to_lowercase();
    let asked = ["focus on ", "focus: ", "interested in ", "about the ", "audience: "]
        .iter()
        .find_map(|phrase| lower.split_once(phrase))
        .map_or("", |(_, after)| after.split(['.', '\n', ';']).next().unwrap_or(""));
    let stems = topic_stems(asked);
    for sentence in ranked {
        let own = topic_stems(sentence.text);
        let shared = stems.iter().filter(|stem| own.contains(stem)).count();
        if shared > 0 {
            sentence.score *= 2.0;
        }
    }
}

/// As many of the best sentences, best first, as fit; at least one.
fn within_limit<'a>(best: Vec<Ranked<'a>>, limit: Option<usize>) -> Vec<Ranked<'a>> {
    let Some(limit) = limit else { return best };
    let fits = |sentence: &Ranked<'_>| word_count(sentence.text) <= limit;
    let mut left = limit;
    let mut kept: Vec<Ranked<'a>> = Vec::new();
    for sentence in best.iter().filter(|sentence| fits(sentence)) {
        let words = word_count(sentence.text);
        if words <= left {
            left -= words;
            kept.push(sentence.clone());
        }
    }
    if kept.is_empty() { best.into_iter().take(1).collect() } else { kept }
}

/// A sentence without the word that joins it to another one and without bracketed asides.
fn trimmed(sentence: &str) -> String {
    let lower = sentence.to_ascii_lowercase();
    let joint =
        JOINTS.iter().find(|joint| lower.starts_with(*joint)).map_or(0, |joint| joint.len());
    let mut text = String::new();
    let mut depth = 0_u32;
    for c in sentence[joint..].chars() {
        match c {
            '(' => depth += 1,
            ')' if depth > 0 => {
                depth -= 1;
                // The space before the bracket goes too.
                while text.ends_with(' ') {
                    text.pop();
                }
            }
            _ if depth == 0 => text.push(c),
            _ => {}
        }
    }
    // A bracket that is never closed, or nothing but an aside, is no aside.
    let aside = depth == 0 && text.chars().any(char::is_alphanumeric);
    capitalise(if aside { text.trim() } else { sentence[joint..].trim() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn asides_go_and_what_only_looks_like_one_stays() {
        for (sentence, kept) in [
            ("However, it rose (as in May) by ten.", "It rose by ten."),
            ("It rose (as in May by ten.", "It rose (as in May by ten."),
            ("(All of it.)", "(All of it.)"),
            ("And so on.", "So on."),
        ] {
            assert_eq!(trimmed(sentence), kept, "{sentence}");
        }
    }
}
