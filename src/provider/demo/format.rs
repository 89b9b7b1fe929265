//! The form that a prompt asks its answer to have.

use serde_json::Value;

use super::text::{count_word, find, lower_words};
use crate::model::{GenerationParameters, ResponseFormat};

/// What is known of the wanted form. Nothing set: a short answer in plain prose.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Format {
    /// JSON and nothing else.
    pub json: bool,
    /// The JSON Schema that the call carried.
    pub schema: Option<Value>,
    /// A JSON sample shown in the prompt, whose keys the answer takes.
    pub skeleton: Option<Value>,
    /// Keys that the prompt names.
    pub keys: Vec<String>,
    /// A list with marks; the number of items where one is given.
    pub bullets: bool,
    pub numbered: bool,
    /// Items of a list, findings, or whatever is counted.
    pub items: Option<usize>,
    pub sentences: Option<usize>,
    pub max_words: Option<usize>,
    /// One word, or the label alone.
    pub bare: bool,
    pub steps: bool,
    pub table: bool,
    /// Headings that the answer must have.
    pub sections: Vec<String>,
}

impl Format {
    /// Reads the wanted form from the instructions and the call's parameters.
    pub fn read(instructions: &str, parameters: &GenerationParameters) -> Self {
        let words = lower_words(instructions);
        let has = |pattern: &str| find(&words, pattern).is_some();
        let mut format = Self {
            json: wants_json(&words),
            steps: has("step by step|steps")
                || has("step-by-step")
                || has("step by step")
                || has("show|showing your|the|each|all work|working|steps|reasoning|calculation*")
                || has("think|reason .. step*|carefully|aloud")
                || has("explain your reasoning|answer|thinking|working"),
            table: has("table") && !has("no table"),
            bullets: has("bullet*") || has("bulleted") || has("bullet-point*"),
            numbered: has("numbered list|steps|points|items"),
            bare: wants_bare(&words),
            max_words: max_words(&words),
            sentences: counted(&words, &["sentence", "sentences"]),
            items: counted(
                &words,
                &["bullet", "bullets", "points", "point", "items", "item", "findings", "finding"],
            ),
            sections: sections(instructions),
            ..Self::default()
        };
        match &parameters.response_format {
            Some(ResponseFormat::Json) => format.json = true,
            Some(ResponseFormat::Schema(schema)) => {
                format.json = true;
                format.schema = Some(schema.clone());
            }
            Some(ResponseFormat::Text) | None => {}
        }
        if format.json {
            format.skeleton = skeleton(instructions);
            format.keys = keys(instructions);
        }
        format
    }
}

fn wants_json(words: &[String]) -> bool {
    let asks = [
        "as|in|valid|return|only|output|a|one|with|raw json",
        "json only|object|array|format|list|document",
        "json with",
    ];
    let avoids =
        ["not|no|without|from|the json", "parse|convert|read json", "from json|csv to|into text"];
    asks.iter().any(|pattern| find(words, pattern).is_some())
        && !avoids.iter().take(1).any(|pattern| {
            find(words, pattern).is_some() && find(words, "as|in|only|valid|return json").is_none()
        })
}

fn wants_bare(words: &[String]) -> bool {
    [
        "one|single word",
        "one-word",
        "only|just the|one|a label|word|number|category|class|queue|name|answer|letter|result",
        "label|number|category|word|queue|answer|result only|alone",
        "nothing else",
        "answer|reply|respond with the|a|one label|number|queue|category|word",
        "no explanation*|prose|commentary",
        "without explanation*|comment*",
    ]
    .iter()
    .any(|pattern| find(words, pattern).is_some())
}

/// The number before one of these words: `3 bullets`, `two short sentences`, `one sentence`.
fn counted(words: &[String], nouns: &[&str]) -> Option<usize> {
    words.iter().enumerate().find_map(|(at, word)| {
        if !nouns.contains(&word.as_str()) {
            return None;
        }
        let number = words[at.saturating_sub(2)..at]
            .iter()
            .rev()
            .find_map(|word| count_word(word).or_else(|| (word == "single").then_some(1)))?;
        (1..=50).contains(&number).then_some(number)
    })
}

/// The most words that are wanted: `under 50 words`, `at most 30 words`, `50 words or fewer`.
fn max_words(words: &[String]) -> Option<usize> {
    words.iter().enumerate().find_map(|(at, word)| {
        if word != "words" && word != "word" {
            return None;
        }
        let number = at.checked_sub(1).and_then(|before| count_word(&words[before]))?;
        let before = words[at.saturating_sub(5)..at - 1].join(" ");
        let under = ["under", "below", "fewer than", "less than"];
        let strict = under.iter().any(|phrase| before.ends_with(phrase));
        (number > 1).then(|| if strict { number - 1 } else { number })
    })
}

/// Headings named after `sections`, as `sections: Analysis, Recommendations`, or shown as
/// Markdown headings in the instructions.
fn sections(instructions: &str) -> Vec<String> {
    let shown: Vec<String> = instructions
        .lines()
        .filter_map(|line| line.trim().strip_prefix("## ").map(|heading| heading.trim().to_owned()))
        .filter(|heading| heading.split_whitespace().count() <= 4)
        .collect();
    if shown.len() >= 2 {
        return shown;
    }
    instructions
        .lines()
        .find_map(|line| {
            let lower = line.to_ascii_lowercase();
            let at = lower.find("section").or_else(|| lower.find("heading"))?;
            let list = line[at..].split_once(':').map(|(_, list)| list)?;
            let names: Vec<String> = list
                .split(['.', ';'])
                .next()?
                .split(',')
                .flat_map(|part| part.split(" and "))
                .map(|name| name.trim().trim_matches(['"', '`', '*', '\'']).trim().to_owned())
                .filter(|name| !name.is_empty() && name.split_whitespace().count() <= 3)
                .collect();
            (names.len() >= 2).then_some(names)
        })
        .unwrap_or_default()
}

/// The largest JSON object or array shown in the instructions.
fn skeleton(instructions: &str) -> Option<Value> {
    instructions
        .char_indices()
        .filter(|(_, c)| matches!(c, '{' | '['))
        .take(64)
        .filter_map(|(at, _)| {
            let mut values =
                serde_json::Deserializer::from_str(&instructions[at..]).into_iter::<Value>();
            let value = values.next()?.ok()?;
            let filled = match &value {
                Value::Object(map) => !map.is_empty(),
                Value::Array(items) => items.first().is_some_and(Value::is_object),
                _ => false,
            };
            filled.then(|| (values.byte_offset(), value))
        })
        .max_by_key(|(length, _)| *length)
        .map(|(_, value)| value)
}

/// Names in quotes or backticks after `keys` or `fields`, else the plain list that follows.
fn keys(instructions: &str) -> Vec<String> {
    let lower = instructions.to_ascii_lowercase();
    let Some(at) = ["keys", "fields", "properties", "key"]
        .iter()
        .find_map(|word| lower.find(word).map(|at| at + word.len()))
    else {
        return Vec::new();
    };
    let after = &instructions[at..];
    let sentence = after.split(['\n', ';']).next().unwrap_or("");
    let sentence = sentence.split(". ").next().unwrap_or("");
    let quoted: Vec<String> = sentence
        .split(['`', '"'])
        .skip(1)
        .step_by(2)
        .filter(|name| is_key(name))
        .map(str::to_owned)
        .collect();
    if !quoted.is_empty() {
        return quoted;
    }
    sentence
        .trim_start_matches([':', ' '])
        .trim_end_matches('.')
        .split(',')
        .flat_map(|part| part.split(" and "))
        .map(|name| name.trim().trim_start_matches("and ").trim().to_owned())
        .filter(|name| is_key(name))
        .collect()
}

fn is_key(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 40
        && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-'))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(instructions: &str) -> Format {
        Format::read(instructions, &GenerationParameters::default())
    }

    #[test]
    fn lengths_and_counts() {
        assert_eq!(read("Summarise in under 50 words.").max_words, Some(49));
        assert_eq!(read("At most thirty words, please").max_words, Some(30));
        assert_eq!(read("Use exactly three short sentences.").sentences, Some(3));
        assert_eq!(read("one sentence").sentences, Some(1));
        let bullets = read("Give me 4 bullet points");
        assert!(bullets.bullets);
        assert_eq!(bullets.items, Some(4));
        assert_eq!(read("Answer with one word: positive or negative.").max_words, None);
    }

    #[test]
    fn bare_steps_and_tables() {
        assert!(read("Answer with one word: positive or negative.").bare);
        assert!(read("Reply with the label only.").bare);
        assert!(!read("Write a friendly reply to the customer.").bare);
        assert!(read("Think step by step.").steps);
        assert!(read("Show your work, then the answer").steps);
        assert!(read("Put the actions in a table").table);
    }

    #[test]
    fn json_with_keys_or_a_sample() {
        assert!(read("Answer as JSON.").json);
        assert!(!read("Explain what this JSON file means.").json);
        assert_eq!(
            read("Return JSON with the keys `people`, `places`.").keys,
            ["people", "places"]
        );
        assert_eq!(
            read("Return JSON with keys people, places and dates.").keys,
            ["people", "places", "dates"]
        );
        let sample = read("Output JSON like {\"label\": \"x\", \"score\": 0.5} only");
        assert_eq!(sample.skeleton, Some(json!({"label": "x", "score": 0.5})));
    }

    #[test]
    fn sections_by_list_or_by_heading() {
        assert_eq!(
            read("Use two sections: Analysis, Recommendations.").sections,
            ["Analysis", "Recommendations"]
        );
        assert_eq!(
            read("Write:\n## Findings\n## Next steps\n").sections,
            ["Findings", "Next steps"]
        );
    }
}
