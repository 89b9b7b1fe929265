//! Answers to questions from a given text: the sentence that shares most with the question. The
//! fast model always gives one; the balanced one says when too little is shared; the careful one
//! also checks that the sentence has the kind of thing that was asked for.

use std::collections::BTreeSet;

use serde_json::json;

use super::rank::as_float;
use crate::provider::demo::{
    DemoModel,
    brief::Brief,
    chance::Chance,
    shape::Draft,
    text::{any, find, is_stop_word, lower_words, number_word, sentences, topic_stems, words},
};

/// What a question asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Number,
    Time,
    Person,
    Place,
    Reason,
    Any,
}

/// Answers the question of the prompt from its material.
pub fn respond(model: DemoModel, brief: &Brief, chance: &mut Chance) -> Draft {
    let (question, context) = parts(brief);
    let found = sentences(&context);
    let asked: BTreeSet<String> = topic_stems(&question).into_iter().collect();
    let kind = kind_of(&question);
    let mut best: Option<(f64, &str, usize)> = None;
    for (at, sentence) in found.iter().enumerate() {
        let own: BTreeSet<String> = topic_stems(sentence).into_iter().collect();
        let shared = as_float(asked.intersection(&own).count());
        let share = shared / as_float(asked.len().max(1));
        let fits = model != DemoModel::Careful || has_kind(sentence, kind);
        let score = share + if fits { 0.2 } else { -0.3 };
        // The earlier of two equals stays.
        if best.is_none_or(|(top, _, _)| score > top) {
            best = Some((score, sentence, at));
        }
    }
    let least = match model {
        DemoModel::Fast => f64::NEG_INFINITY,
        DemoModel::Balanced => 0.2 + 0.34,
        _ => 0.2 + 0.4,
    };
    match best.filter(|(score, _, _)| *score >= least) {
        Some((score, sentence, at)) => {
            answered(model, brief, &question, sentence, kind, (score, at))
        }
        None => unanswered(brief, chance),
    }
}

/// The question and the text, however they are marked.
fn parts(brief: &Brief) -> (String, String) {
    if let Some(question) = brief.block(&["question", "q"]) {
        return (question.to_owned(), brief.material.clone());
    }
    // Without marks the questions are what ends in a question mark.
    let (asking, telling): (Vec<&str>, Vec<&str>) =
        sentences(&brief.material).into_iter().partition(|sentence| sentence.ends_with('?'));
    match asking.last() {
        Some(question) => ((*question).to_owned(), telling.join(" ")),
        None => (brief.instructions.clone(), brief.material.clone()),
    }
}

fn kind_of(question: &str) -> Kind {
    let words = lower_words(question);
    let has = |pattern: &str| find(&words, pattern).is_some();
    if has("how many|much|long|tall|high|far|old|big|fast|often")
        || has("what percentage|number|price")
    {
        Kind::Number
    } else if has("when") || has("what|which year|date|day|month") {
        Kind::Time
    } else if has("who|whose|whom") {
        Kind::Person
    } else if has("where") || has("what|which city|country|town|place") {
        Kind::Place
    } else if has("why") {
        Kind::Reason
    } else {
        Kind::Any
    }
}

fn has_kind(sentence: &str, kind: Kind) -> bool {
    let has_digit = sentence.contains(|c: char| c.is_ascii_digit());
    let named =
        words(sentence).iter().skip(1).any(|word| word.text.starts_with(char::is_uppercase));
    let lower = lower_words(sentence);
    let has = |patterns: &[&str]| any(&lower, patterns);
    match kind {
        Kind::Number => has_digit || lower.iter().any(|w| number_word(w).is_some()),
        Kind::Time => {
            has_digit
                || has(&["monday|tuesday|wednesday|thursday|friday|saturday|sunday"])
                || has(&["january|february|march|april|may|june|july|august"])
                || has(&["september|october|november|december|today|tomorrow|yesterday"])
        }
        Kind::Person => named || has(&["by _", "team|committee|engineer*|owner|manager"]),
        Kind::Place => named || has(&["in|at|on|near the _", "room|office|warehouse|city"]),
        Kind::Reason => has(&["because|since|due|caused|after|therefore", "so that", "to _"]),
        Kind::Any => true,
    }
}

fn answered(
    model: DemoModel,
    brief: &Brief,
    question: &str,
    sentence: &str,
    kind: Kind,
    (score, at): (f64, usize),
) -> Draft {
    let short = shortest(question, sentence, kind);
    let cites = brief.says(&["cite|quote|quoting|citing", "evidence|source sentence"]);
    let text = if cites && model != DemoModel::Fast {
        format!("{short}\n\nSource: “{sentence}”")
    } else if cites {
        format!("“{sentence}”")
    } else {
        sentence.to_owned()
    };
    Draft {
        bare: Some(short.clone()),
        facts: json!({
            "answer": short, "quote": sentence, "found": true,
            "confidence": (score.clamp(0.0, 1.0) * 100.0).round() / 100.0,
        }),
        parts: vec![
            (&["answer"], short),
            (&["source", "evidence", "quote"], format!("“{sentence}”")),
        ],
        steps: vec![
            format!("The question: {question}"),
            format!("Sentence {} shares most with it: “{sentence}”", at + 1),
        ],
        ..Draft::prose(text)
    }
}

/// The stretch of the sentence that holds the answer, where its kind tells; else the sentence.
fn shortest(question: &str, sentence: &str, kind: Kind) -> String {
    let asked: BTreeSet<String> = topic_stems(question).into_iter().collect();
    let all = words(sentence);
    let pick = |test: &dyn Fn(usize) -> bool| (0..all.len()).find(|at| test(*at));
    let span = |from: usize, to: usize| sentence[all[from].start..all[to].end()].to_owned();
    let unit = |at: usize| all.get(at + 1).is_some_and(|next| !is_stop_word(&next.lower));
    let is_number = |at: usize| all[at].text.starts_with(|c: char| c.is_ascii_digit());
    match kind {
        Kind::Number => pick(&is_number).map(|at| span(at, at + usize::from(unit(at)))),
        Kind::Person | Kind::Place => {
            let is_name = |at: usize| {
                let stems = topic_stems(all[at].text);
                all[at].is_capitalised()
                    && !is_stop_word(&all[at].lower)
                    && stems.iter().all(|stem| !asked.contains(stem))
            };
            pick(&is_name).map(|from| {
                let to = (from..all.len()).take_while(|at| is_name(*at)).last().unwrap_or(from);
                span(from, to)
            })
        }
        _ => None,
    }
    .unwrap_or_else(|| sentence.to_owned())
}

fn unanswered(brief: &Brief, chance: &mut Chance) -> Draft {
    let wanted = brief.instructions.split(['"', '“', '”']).skip(1).step_by(2).find(|quoted| {
        let words = lower_words(quoted);
        any(&words, &["not", "don't", "no", "unknown|unanswerable"])
    });
    let text = wanted.map_or_else(
        || {
            chance
                .pick(&[
                    "The text does not say.",
                    "That is not in the text.",
                    "The text gives no answer to this.",
                ])
                .to_owned()
        },
        str::to_owned,
    );
    Draft {
        bare: Some(text.clone()),
        facts: json!({"answer": null, "quote": null, "found": false, "confidence": 0.0, "reason": text}),
        parts: vec![(&["answer"], text.clone())],
        steps: vec!["No sentence shares enough with the question.".to_owned()],
        ..Draft::prose(text)
    }
}
