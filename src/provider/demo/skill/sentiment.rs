//! Sentiment by lexicon. The fast model adds up words; the balanced one knows negation and
//! degree; the careful one also phrases, contrast, sarcasm, questions and signs. All three learn
//! from examples in the prompt.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use super::{
    classify,
    lexicon::{DEGREES, NEGATIONS, PHRASES, SARCASM, SIGNS, finer, plain},
    rank::{as_float, overlap},
};
use crate::provider::demo::{
    DemoModel,
    brief::Brief,
    chance::Chance,
    shape::Draft,
    text::{
        any, capitalise, find, is_stop_word, join_and, listed, lower_words, sentences, topic_stems,
    },
};

/// What a text feels like.
#[derive(Clone, Debug, Default)]
struct Feeling {
    positive: f64,
    negative: f64,
    evidence: Vec<(String, f64)>,
    notes: Vec<String>,
}

impl Feeling {
    fn add(&mut self, words: &str, weight: f64) {
        if weight > 0.0 {
            self.positive += weight;
        } else {
            self.negative -= weight;
        }
        if weight.abs() > 0.2 {
            self.evidence.push((words.to_owned(), weight));
        }
    }

    fn score(&self) -> f64 {
        self.positive - self.negative
    }
}

/// A polarity and the label that stands for it in this prompt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Polarity {
    Positive,
    Negative,
    Neutral,
    Mixed,
}

const NAMES: &[(Polarity, &[&str])] = &[
    (
        Polarity::Positive,
        &[
            "positive",
            "pos",
            "good",
            "happy",
            "satisfied",
            "praise",
            "promoter",
            "favourable",
            "favorable",
            "+",
        ],
    ),
    (
        Polarity::Negative,
        &[
            "negative",
            "neg",
            "bad",
            "unhappy",
            "dissatisfied",
            "angry",
            "complaint",
            "detractor",
            "unfavourable",
            "-",
        ],
    ),
    (Polarity::Neutral, &["neutral", "neu", "none", "factual", "passive", "other", "ok", "okay"]),
    (Polarity::Mixed, &["mixed", "ambivalent", "both"]),
];

fn polarity_of(label: &str) -> Option<Polarity> {
    let lower = label.trim().trim_end_matches('.').to_lowercase();
    NAMES.iter().find(|(_, names)| names.contains(&lower.as_str())).map(|(polarity, _)| *polarity)
}

/// Whether a text is more unhappy than happy.
pub fn is_unhappy(text: &str) -> bool {
    feel(DemoModel::Careful, text).score() < 0.0
}

/// Judges the sentiment of the material.
pub fn respond(model: DemoModel, brief: &Brief, chance: &mut Chance) -> Draft {
    let offered: Vec<(Polarity, &str)> = brief
        .labels
        .iter()
        .filter_map(|label| Some((polarity_of(&label.name)?, label.name.as_str())))
        .collect();
    if brief.labels.len() >= 2 && offered.len() < 2 {
        // Emotions, stars, or labels of another sort.
        return classify::respond(model, brief, chance);
    }
    let mut feeling = feel(model, &brief.material);
    learn(&mut feeling, model, brief);
    let offered = if offered.is_empty() {
        vec![
            (Polarity::Positive, "positive"),
            (Polarity::Negative, "negative"),
            (Polarity::Neutral, "neutral"),
        ]
    } else {
        offered
    };
    let weights: Vec<(f64, f64)> = offered
        .iter()
        .map(|(polarity, _)| {
            let weight = log_odds(*polarity, &feeling, model);
            (weight, weight + chance.noise())
        })
        .collect();
    let mut chosen = 0;
    for (at, weight) in weights.iter().enumerate() {
        if weight.1 > weights[chosen].1 {
            chosen = at;
        }
    }
    let total: f64 = weights.iter().map(|(weight, _)| weight.exp()).sum();
    let confidence = (weights[chosen].0.exp() / total * 100.0).round() / 100.0;
    draft(model, offered[chosen].1, confidence, &feeling, chance)
}

fn log_odds(polarity: Polarity, feeling: &Feeling, model: DemoModel) -> f64 {
    let score = feeling.score();
    match polarity {
        Polarity::Positive => score,
        Polarity::Negative => -score,
        Polarity::Neutral => 0.6 - score.abs() * 0.2,
        Polarity::Mixed if model == DemoModel::Fast => -1.0,
        Polarity::Mixed => {
            let both = feeling.positive.min(feeling.negative);
            if both >= 0.8 { both + 1.2 - score.abs() * 0.6 } else { -2.0 }
        }
    }
}

fn feel(model: DemoModel, text: &str) -> Feeling {
    let mut feeling = Feeling::default();
    match model {
        DemoModel::Fast => {
            for word in lower_words(text) {
                if let Some(weight) = plain(&word) {
                    feeling.add(&word, weight.signum());
                }
            }
        }
        DemoModel::Balanced => {
            for sentence in sentences(text) {
                add_words(&mut feeling, &lower_words(sentence), 1.0, &BTreeSet::new(), plain);
            }
        }
        _ => {
            for sentence in sentences(text) {
                feel_sentence(&mut feeling, sentence);
            }
            for (sign, weight) in SIGNS {
                if text.contains(sign) {
                    feeling.add(sign, *weight);
                }
            }
        }
    }
    feeling
}

/// Adds the words of a clause, with negation and degree. Words in `covered` are left out.
fn add_words(
    feeling: &mut Feeling,
    words: &[String],
    share: f64,
    covered: &BTreeSet<usize>,
    lexicon: fn(&str) -> Option<f64>,
) {
    for (at, word) in words.iter().enumerate() {
        let Some(weight) = lexicon(word).filter(|_| !covered.contains(&at)) else { continue };
        let before = &words[at.saturating_sub(3)..at];
        let negated = before.iter().any(|word| listed(NEGATIONS, word));
        let degree: f64 = before
            .iter()
            .rev()
            .take(2)
            .filter_map(|word| DEGREES.iter().find(|(name, _)| name == word))
            .map(|(_, factor)| factor)
            .product();
        let turned = if negated { weight * -0.8 } else { weight };
        let shown =
            if negated { format!("{} {word}", nearest_negation(before)) } else { word.clone() };
        feeling.add(&shown, turned * degree * share);
    }
}

fn nearest_negation(before: &[String]) -> &str {
    before.iter().rev().find(|word| listed(NEGATIONS, word)).map_or("not", String::as_str)
}

/// A sentence with everything the careful model knows.
fn feel_sentence(feeling: &mut Feeling, sentence: &str) {
    let all = lower_words(sentence);
    let sarcastic = any(&all, SARCASM);
    let question = sentence.ends_with('?');
    let mut own = Feeling::default();
    for (clause, share) in clauses(&all) {
        let mut covered = BTreeSet::new();
        for (pattern, weight) in PHRASES {
            if let Some((start, end)) = find(clause, pattern)
                && (start..end).all(|at| !covered.contains(&at))
            {
                own.add(&clause[start..end].join(" "), weight * share);
                covered.extend(start..end);
            }
        }
        add_words(&mut own, clause, share, &covered, finer);
    }
    if sarcastic {
        feeling.notes.push(format!("“{sentence}” reads as sarcasm, so its praise counts against."));
        feeling.add("sarcasm", -(own.positive + 1.0));
        feeling.negative += own.negative;
        return;
    }
    // A question asks; it seldom judges.
    let factor = if question { 0.4 } else { 1.0 };
    feeling.positive += own.positive * factor;
    feeling.negative += own.negative * factor;
    feeling.evidence.extend(own.evidence);
}

/// The clauses of a sentence with the weight each carries: what follows a `but` counts more than
/// what it answers, what follows an `although` less.
fn clauses(words: &[String]) -> Vec<(&[String], f64)> {
    let is = |word: &String, names: &[&str]| names.contains(&word.as_str());
    let turns = ["but", "however", "yet", "unfortunately", "sadly", "until"];
    let yields = ["although", "though", "despite", "while", "even"];
    if words.first().is_some_and(|word| is(word, &yields)) {
        // The conceded part is taken to be the first half.
        let (conceded, rest) = words.split_at(words.len() / 2);
        return vec![(conceded, 0.5), (rest, 1.4)];
    }
    if let Some(at) = words.iter().position(|word| is(word, &turns)).filter(|at| *at > 0) {
        return vec![(&words[..at], 0.5), (&words[at..], 1.5)];
    }
    if let Some(at) = words.iter().position(|word| is(word, &["although", "though", "despite"])) {
        return vec![(&words[..at], 1.2), (&words[at..], 0.5)];
    }
    vec![(words, 1.0)]
}

/// What the examples teach: words that occur only with one polarity, and near-repeats.
fn learn(feeling: &mut Feeling, model: DemoModel, brief: &Brief) {
    let mut seen: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    let wanted: BTreeSet<String> = topic_stems(&brief.material).into_iter().collect();
    let (mut nearest, mut pull) = (0.0, 0.0);
    for example in &brief.examples {
        let value = match polarity_of(&example.output) {
            Some(Polarity::Positive) => 1.0,
            Some(Polarity::Negative) => -1.0,
            Some(Polarity::Neutral) => 0.0,
            Some(Polarity::Mixed) | None => continue,
        };
        let stems: BTreeSet<String> = topic_stems(&example.input).into_iter().collect();
        let near = overlap(&stems, &wanted);
        if near > nearest {
            (nearest, pull) = (near, value);
        }
        for stem in stems {
            seen.entry(stem).or_default().push(value);
        }
    }
    if model != DemoModel::Careful {
        for word in lower_words(&brief.material) {
            let unknown = !is_stop_word(&word) && plain(&word).is_none();
            let stems = topic_stems(&word);
            if let Some(values) = stems.first().and_then(|stem| seen.get(stem)).filter(|_| unknown)
            {
                let mean = values.iter().sum::<f64>() / as_float(values.len());
                if mean.abs() > 0.5 {
                    feeling.add(&word, mean * 0.9);
                }
            }
        }
    }
    if nearest >= 0.6 {
        feeling.notes.push("An example is very near to this text.".to_owned());
        feeling.add("the nearest example", pull * 1.5);
    }
}

fn draft(
    model: DemoModel,
    label: &str,
    confidence: f64,
    feeling: &Feeling,
    chance: &mut Chance,
) -> Draft {
    let (good, bad) = (quoted(feeling, 1.0), quoted(feeling, -1.0));
    let reason = match (good.is_empty(), bad.is_empty()) {
        (true, true) => "No word in it carries a clear feeling.".to_owned(),
        (false, true) => format!("{} {}.", join_and(&good), speak(chance, good.len(), "for it")),
        (true, false) => format!("{} {}.", join_and(&bad), speak(chance, bad.len(), "against it")),
        (false, false) => format!(
            "{} {}, {} {}.",
            join_and(&good),
            speak(chance, good.len(), "for it"),
            join_and(&bad),
            if bad.len() == 1 { "speaks against it" } else { "speak against it" },
        ),
    };
    let mut text = capitalise(label);
    text.push('.');
    if model != DemoModel::Fast {
        text.push(' ');
        text.push_str(&reason);
    }
    let mut steps = vec![format!(
        "Weight for: {:.1}. Weight against: {:.1}.",
        feeling.positive, feeling.negative
    )];
    steps.push(reason.clone());
    steps.extend(feeling.notes.iter().cloned());
    steps.push(format!("So the label is {label}."));
    Draft {
        bare: Some(label.to_owned()),
        facts: json!({
            "label": label,
            "confidence": confidence,
            "reason": reason,
            "positive_words": good_words(feeling, 1.0),
            "negative_words": good_words(feeling, -1.0),
        }),
        parts: vec![
            (&["sentiment", "label", "verdict"], label.to_owned()),
            (&["reason", "evidence", "why", "explanation"], reason),
        ],
        steps,
        ..Draft::prose(text)
    }
}

fn speak(chance: &mut Chance, count: usize, side: &str) -> String {
    let verbs = if count == 1 { ["speaks", "counts"] } else { ["speak", "count"] };
    format!("{} {side}", chance.pick(&verbs))
}

fn good_words(feeling: &Feeling, sign: f64) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for (word, weight) in &feeling.evidence {
        if weight * sign > 0.0 && !words.contains(word) {
            words.push(word.clone());
        }
    }
    words.truncate(3);
    words
}

fn quoted(feeling: &Feeling, sign: f64) -> Vec<String> {
    good_words(feeling, sign).into_iter().map(|word| format!("“{word}”")).collect()
}
