//! Which sentences of a text say most.

use std::collections::{BTreeMap, BTreeSet};

use crate::provider::demo::text::{any, lower_words, sentences, topic_stems};

/// Sentences that are looked at; a longer text is ranked by its beginning.
const MOST_SENTENCES: usize = 1_500;

/// Phrases by which writers mark what matters.
const CUES: &[&str] = &[
    "in conclusion|summary|short|total",
    "as a result",
    "therefore|consequently|thus",
    "most important*",
    "important*|crucial*|key|main|critical*",
    "must|required|deadline",
    "decided|agreed|concluded|found|showed|shows",
    "the study|report|team|committee found|says|concludes",
    "because|due to",
    "will",
    "increase*|decrease*|rose|fell|doubled|halved|record",
];

/// Phrases by which writers mark an aside.
const ASIDES: &[&str] = &[
    "for example|instance",
    "such as",
    "by the way",
    "incidentally",
    "in other words",
    "meanwhile",
    "as an aside",
];

/// A sentence with what is known of it.
#[derive(Clone, Debug)]
pub struct Ranked<'a> {
    pub at: usize,
    pub text: &'a str,
    pub score: f64,
    stems: BTreeSet<String>,
}

/// What a ranking looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// How often a sentence's words occur in the text (Luhn 1958).
    Frequency,
    /// Also position, marks of weight, figures, and asides (Edmundson 1969).
    Full,
}

/// The sentences of a text in order, scored.
pub fn rank(text: &str, depth: Depth) -> Vec<Ranked<'_>> {
    let found: Vec<&str> = sentences(text).into_iter().take(MOST_SENTENCES).collect();
    let stems: Vec<Vec<String>> = found.iter().map(|sentence| topic_stems(sentence)).collect();
    let mut counts: BTreeMap<&str, f64> = BTreeMap::new();
    for stem in stems.iter().flatten() {
        *counts.entry(stem).or_default() += 1.0;
    }
    let total = found.len();
    found
        .iter()
        .zip(&stems)
        .enumerate()
        .map(|(at, (sentence, own))| {
            let weight: f64 =
                own.iter().map(|stem| counts.get(stem.as_str()).map_or(0.0, |n| n - 0.5)).sum();
            let mut score = weight / as_float(own.len() + 3);
            if depth == Depth::Full {
                score *= emphasis(sentence, at, total);
            }
            Ranked { at, text: sentence, score, stems: own.iter().cloned().collect() }
        })
        .collect()
}

/// How much a sentence's place and wording raise or lower it.
fn emphasis(sentence: &str, at: usize, total: usize) -> f64 {
    let words = lower_words(sentence);
    let mut factor = 1.0;
    if at == 0 {
        factor += 0.5;
    } else if at + 1 == total {
        factor += 0.2;
    }
    let cues = CUES.iter().filter(|cue| any(&words, &[cue])).count();
    factor += 0.25 * as_float(cues.min(3));
    if words.iter().any(|word| word.starts_with(|c: char| c.is_ascii_digit())) {
        factor += 0.3;
    }
    if any(&words, ASIDES) {
        factor *= 0.6;
    }
    if sentence.ends_with('?') || words.len() < 5 {
        factor *= 0.5;
    }
    factor
}

/// The best sentences, best first, each new one weighed against what is already taken (maximal
/// marginal relevance, Carbonell and Goldstein 1998).
pub fn choose<'a>(ranked: &[Ranked<'a>], count: usize, avoid_repeats: bool) -> Vec<Ranked<'a>> {
    let mut left: Vec<&Ranked<'a>> = ranked.iter().collect();
    let mut taken: Vec<Ranked<'a>> = Vec::new();
    while taken.len() < count {
        let worth = |sentence: &Ranked<'_>| {
            let repeat = if avoid_repeats {
                taken.iter().map(|other| overlap(&other.stems, &sentence.stems)).fold(0.0, f64::max)
            } else {
                0.0
            };
            sentence.score * (1.0 - 0.8 * repeat)
        };
        let best = left
            .iter()
            .enumerate()
            // The earlier of two equals: `max_by` would take the later.
            .rev()
            .max_by(|(_, a), (_, b)| worth(a).total_cmp(&worth(b)))
            .map(|(at, _)| at);
        match best {
            Some(at) => taken.push(left.remove(at).clone()),
            None => break,
        }
    }
    taken
}

/// How much of the smaller set the larger one shares.
pub fn overlap(left: &BTreeSet<String>, right: &BTreeSet<String>) -> f64 {
    let smaller = left.len().min(right.len());
    if smaller == 0 {
        return 0.0;
    }
    as_float(left.intersection(right).count()) / as_float(smaller)
}

/// A count as a number to reckon with.
#[expect(clippy::cast_precision_loss, reason = "counts of words and sentences")]
pub fn as_float(count: usize) -> f64 {
    count as f64
}
