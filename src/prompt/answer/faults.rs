//! What is wrong with an answer, told without asking anyone.

use std::collections::BTreeSet;

use crate::{
    model::{FinishReason, ResponseFormat},
    prompt::Validation,
};

use super::{
    json::{self, Extracted, Whence},
    schema,
};

/// What sort of fault it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FaultKind {
    /// It does not have the form that was asked for.
    Format,
    /// It says nothing, refuses, goes in circles or breaks off.
    Content,
    /// A guard found something in it.
    Safety,
    /// It says itself that it is not sure.
    Confidence,
}

impl FaultKind {
    /// The word in records: the kind of the check.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Format => "format",
            Self::Content => "content",
            Self::Safety => "guard",
            Self::Confidence => "confidence",
        }
    }
}

/// Something wrong with an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    pub kind: FaultKind,
    /// A stable word: `json`, `schema`, `sections`, `length`, `empty`, `refusal`, `repetition`,
    /// `truncated`, `hedging`, or a guard's name.
    pub name: &'static str,
    /// What is wrong, so that the model understands it too.
    pub reason: String,
}

/// An answer as it came.
#[derive(Clone, Copy, Debug, Default)]
pub struct Answer<'a> {
    pub text: &'a str,
    pub refusal: &'a str,
    pub finish: Option<FinishReason>,
    /// Whether it calls tools, and so need not say anything.
    pub calls_tools: bool,
    /// Tokens of the text.
    pub tokens: u64,
}

/// One thing that a template asks of an answer, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wish {
    pub name: &'static str,
    /// How it is met, or why it is not.
    pub outcome: Result<&'static str, Fault>,
}

impl Wish {
    fn of(name: &'static str, outcome: Result<&'static str, String>) -> Self {
        let fault = |reason| Fault { kind: FaultKind::Format, name, reason };
        Self { name, outcome: outcome.map_err(fault) }
    }
}

/// What is said of a wish that is met as it stands.
pub const AS_ASKED: &str = "as asked for";

/// What a template asks of an answer, each with its outcome.
#[must_use]
pub fn wishes(
    answer: &Answer<'_>,
    format: Option<&ResponseFormat>,
    validation: Option<&Validation>,
) -> Vec<Wish> {
    let mut outcomes = Vec::new();
    if answer.calls_tools && answer.text.trim().is_empty() {
        return outcomes;
    }
    match format {
        Some(ResponseFormat::Json) => {
            outcomes.push(Wish::of("json", taken(answer.text)));
        }
        Some(ResponseFormat::Schema(schema)) => {
            outcomes.push(Wish::of("schema", formed(answer.text, schema)));
        }
        Some(ResponseFormat::Text) | None => {}
    }
    let Some(validation) = validation else { return outcomes };
    if !validation.required_sections.is_empty() {
        let missing: Vec<&str> = validation
            .required_sections
            .iter()
            .map(String::as_str)
            .filter(|section| !has_section(answer.text, section))
            .collect();
        let reason = format!("there is no section headed {}", missing.join(", "));
        let outcome = if missing.is_empty() { Ok(AS_ASKED) } else { Err(reason) };
        outcomes.push(Wish::of("sections", outcome));
    }
    if validation.min_tokens.is_some() || validation.max_tokens.is_some() {
        let outcome = length(answer.tokens, validation).map_or(Ok(AS_ASKED), Err);
        outcomes.push(Wish::of("length", outcome));
    }
    outcomes
}

/// Whether an answer is JSON of a form, and how it was found; all that it falls short of, else: who
/// is told of one fault alone is asked once more for each of the others.
fn formed(text: &str, schema: &serde_json::Value) -> Result<&'static str, String> {
    let found = json::extract(text).map_err(|error| error.message)?;
    let faults = [repaired(&found), against(schema, &found.value)];
    let faults: Vec<String> = faults.into_iter().flatten().collect();
    if faults.is_empty() { Ok(how(found.whence)) } else { Err(faults.join("; ")) }
}

/// How the JSON of an answer was found, taken out of what stands around it where that needs no
/// guess; why there is none, else.
fn taken(text: &str) -> Result<&'static str, String> {
    let found = json::extract(text).map_err(|error| error.message)?;
    repaired(&found).map_or_else(|| Ok(how(found.whence)), Err)
}

/// What had to be guessed for an answer to be JSON.
fn repaired(found: &Extracted) -> Option<String> {
    let repairs: Vec<_> = found.repairs.iter().map(|it| it.as_str()).collect();
    (!found.is_plain()).then(|| format!("it is JSON only when repaired: {}", repairs.join(", ")))
}

const fn how(whence: Whence) -> &'static str {
    match whence {
        Whence::Whole => AS_ASKED,
        Whence::Fence => "JSON taken from a fence",
        Whence::Words => "JSON taken from between words",
    }
}

fn against(form: &serde_json::Value, value: &serde_json::Value) -> Option<String> {
    let found = schema::mismatches(form, value);
    let told: Vec<String> = found
        .iter()
        .map(|it| match it.path.as_str() {
            "" => it.message.clone(),
            path => format!("{path} {}", it.message),
        })
        .collect();
    (!told.is_empty()).then(|| told.join("; "))
}

/// Whether a section stands in a text: a heading, a line in bold, a line that ends in a colon, or
/// a key of that name.
fn has_section(text: &str, section: &str) -> bool {
    let plain = |words: &str| -> String {
        let kept = words.chars().filter(|it| it.is_alphanumeric() || it.is_whitespace());
        let lower: String = kept.flat_map(char::to_lowercase).collect();
        lower.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let wanted = plain(&section.replace(['_', '-'], " "));
    text.lines().any(|line| {
        let line = line.trim();
        let key = line.strip_prefix('"').and_then(|rest| rest.split_once("\":"));
        if let Some((key, _)) = key {
            return plain(&key.replace(['_', '-'], " ")) == wanted;
        }
        let marked = line.starts_with('#')
            || line.starts_with("**")
            || line.starts_with("__")
            || line.trim_end_matches(['*', '_']).ends_with(':');
        let head = line.split_once(':').map_or(line, |(head, _)| head);
        let numberless =
            head.trim_start_matches(|it: char| it.is_ascii_digit() || " #.)*_".contains(it));
        (marked || head.len() < line.len()) && plain(numberless) == wanted
            || (marked && plain(line.trim_start_matches(|it: char| "#*_ ".contains(it))) == wanted)
    })
}

fn length(tokens: u64, validation: &Validation) -> Option<String> {
    if let Some(least) = validation.min_tokens.filter(|least| tokens < *least) {
        return Some(format!("it has {tokens} tokens, at least {least} are asked for"));
    }
    let most = validation.max_tokens.filter(|most| tokens > *most)?;
    Some(format!("it has {tokens} tokens, at most {most} are asked for"))
}

/// What is wrong with an answer whatever was asked.
#[must_use]
pub fn troubles(answer: &Answer<'_>) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut say = |kind, name, reason: String| faults.push(Fault { kind, name, reason });
    let text = answer.text.trim();
    if text.is_empty() && answer.refusal.trim().is_empty() && !answer.calls_tools {
        say(FaultKind::Content, "empty", "the answer is empty".to_owned());
    }
    if !answer.refusal.trim().is_empty() || refuses(text) {
        say(FaultKind::Content, "refusal", "it refuses to answer".to_owned());
    }
    if let Some(repeated) = repeats(text) {
        say(FaultKind::Content, "repetition", format!("it says \"{repeated}\" again and again"));
    }
    if answer.finish == Some(FinishReason::Length) {
        say(FaultKind::Content, "truncated", "it breaks off at the limit of its length".to_owned());
    }
    let hedges = hedging(text);
    if hedges >= UNSURE {
        say(
            FaultKind::Confidence,
            "hedging",
            format!("{:.0} of 100 sentences say that they are not sure", hedges * 100.0),
        );
    }
    faults
}

/// A refusal is short and says so at its beginning; an answer that speaks of refusing is not one.
fn refuses(text: &str) -> bool {
    const LONGEST: usize = 400;
    const BEGINNING: usize = 160;
    const PHRASES: [&str; 14] = [
        "i can't help",
        "i cannot help",
        "i can't assist",
        "i cannot assist",
        "i'm unable to",
        "i am unable to",
        "i can't comply",
        "i cannot comply",
        "i can't provide",
        "i cannot provide",
        "i won't be able to",
        "i'm sorry, but i can",
        "as an ai language model, i",
        "i must decline",
    ];
    let beginning: String = text.chars().take(BEGINNING).flat_map(char::to_lowercase).collect();
    let beginning = beginning.replace('’', "'");
    // A sentence must begin with it: who quotes a refusal does not refuse.
    let opens = |phrase: &str| {
        beginning.match_indices(phrase).any(|(at, _)| {
            let before = beginning.get(..at).unwrap_or_default().trim_end();
            let before = before.trim_end_matches("but").trim_end();
            before.is_empty() || before.ends_with(['.', '!', '?', ',', ';', ':'])
        })
    };
    text.len() <= LONGEST && PHRASES.iter().any(|phrase| opens(phrase))
}

/// Words that stand again and again at the end of a text: the mark of a model in a loop.
fn repeats(text: &str) -> Option<String> {
    const TIMES: usize = 5;
    const LONGEST: usize = 40;
    const LEAST: usize = 40;
    let words: Vec<&str> = text.split_whitespace().rev().take(TIMES * LONGEST).collect();
    for length in 1..=words.len() / TIMES {
        let unit = &words[..length];
        let same = words.chunks_exact(length).take_while(|chunk| *chunk == unit).count();
        let bytes: usize = unit.iter().map(|word| word.len() + 1).sum::<usize>() * same;
        if same >= TIMES && bytes >= LEAST {
            let shown: Vec<&str> = unit.iter().rev().take(8).copied().collect();
            return Some(shown.join(" "));
        }
    }
    None
}

/// The share of unsure sentences from which an answer counts as unsure.
const UNSURE: f64 = 0.5;

/// The share of sentences that hold a phrase of doubt, in \[0, 1\]; 0 for fewer than two
/// sentences. Counts words, not knowledge: a sure tone proves nothing.
#[must_use]
pub fn hedging(text: &str) -> f64 {
    const PHRASES: [&str; 16] = [
        "i think",
        "i believe",
        "i'm not sure",
        "i am not sure",
        "not certain",
        "might be",
        "may be",
        "could be",
        "possibly",
        "perhaps",
        "probably",
        "it seems",
        "as far as i know",
        "hard to say",
        "i don't know",
        "it is unclear",
    ];
    let lower = text.to_lowercase().replace('’', "'");
    let sentences: Vec<&str> =
        lower.split(['.', '!', '?', '\n']).filter(|it| it.trim().len() > 3).collect();
    if sentences.len() < 2 {
        return 0.0;
    }
    let unsure = sentences.iter().filter(|it| PHRASES.iter().any(|phrase| it.contains(phrase)));
    let share = |count: usize| f64::from(u32::try_from(count).unwrap_or(u32::MAX));
    share(unsure.count()) / share(sentences.len())
}

/// The names of the faults of two kinds that matter for choosing what to do.
pub(super) fn has(faults: &[Fault], kinds: &[FaultKind], names: &[&str]) -> bool {
    let names: BTreeSet<&str> = names.iter().copied().collect();
    faults.iter().any(|fault| kinds.contains(&fault.kind) || names.contains(fault.name))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn of(text: &str) -> Answer<'_> {
        Answer { text, tokens: text.split_whitespace().count() as u64, ..Answer::default() }
    }

    fn reasons(text: &str, format: &ResponseFormat, validation: &Validation) -> Vec<String> {
        let outcomes = wishes(&of(text), Some(format), Some(validation));
        outcomes.into_iter().filter_map(|wish| Some(wish.outcome.err()?.reason)).collect()
    }

    #[test]
    fn a_template_s_wishes_are_held_against_the_answer() {
        let none = Validation::default();
        assert_eq!(reasons("{\"a\": 1}", &ResponseFormat::Json, &none), Vec::<String>::new());
        let broken = reasons("```json\n{\"a\": 1,}\n```", &ResponseFormat::Json, &none);
        let words = "words around it left out, trailing comma left out";
        assert_eq!(broken, [format!("it is JSON only when repaired: {words}")]);
        let schema = ResponseFormat::Schema(
            json!({"required": ["a"], "properties": {"a": {"type": "string"}}}),
        );
        assert_eq!(reasons("{\"a\": 1}", &schema, &none), ["/a must be string, not number"]);
        // Who is asked again is told all of it, or mends one thing and is asked for the next.
        assert_eq!(
            reasons("{\"a\": 1,}", &schema, &none),
            [
                "it is JSON only when repaired: trailing comma left out; /a must be string, not number"
            ]
        );
        let wanted = Validation {
            min_tokens: Some(3),
            max_tokens: Some(10),
            required_sections: vec!["analysis".into(), "next_steps".into()],
            ..Validation::default()
        };
        let text = ResponseFormat::Text;
        assert_eq!(
            reasons("## Analysis\nfine\n\n**Next steps:** none", &text, &wanted),
            Vec::<String>::new()
        );
        assert_eq!(
            reasons("ok", &text, &wanted),
            [
                "there is no section headed analysis, next_steps",
                "it has 1 tokens, at least 3 are asked for"
            ]
        );
        assert!(
            reasons("My analysis is short, next steps too", &text, &wanted)[0].contains("analysis")
        );
    }

    /// What needs no guess costs no further answer, and is told.
    #[test]
    fn json_in_a_fence_or_between_words_will_do() {
        let schema = ResponseFormat::Schema(json!({"required": ["a"]}));
        for (text, how) in [
            ("{\"a\": 1}", AS_ASKED),
            ("```json\n{\"a\": 1}\n```", "JSON taken from a fence"),
            ("Sure: {\"a\": 1} is it.", "JSON taken from between words"),
        ] {
            for format in [&ResponseFormat::Json, &schema] {
                let outcomes = wishes(&of(text), Some(format), None);
                assert_eq!(outcomes[0].outcome, Ok(how), "{text}");
            }
        }
        assert_eq!(
            reasons("```json\n{\"b\": 1}\n```", &schema, &Validation::default()),
            ["`a` is missing"]
        );
    }

    #[test]
    fn answers_that_say_nothing_are_known() {
        let names = |answer: &Answer<'_>| -> Vec<&str> {
            troubles(answer).into_iter().map(|fault| fault.name).collect()
        };
        assert_eq!(names(&of("  ")), ["empty"]);
        assert_eq!(names(&Answer { calls_tools: true, ..of("") }), Vec::<&str>::new());
        assert_eq!(names(&of("I’m sorry, but I can't help with that.")), ["refusal"]);
        assert_eq!(names(&of(&"the same words over ".repeat(9))), ["repetition"]);
        let cut = Answer { finish: Some(FinishReason::Length), ..of("It was a dark") };
        assert_eq!(names(&cut), ["truncated"]);
        assert_eq!(names(&of("I think it is so. It might be not. Perhaps.")), ["hedging"]);
        let plain = "Paris is the capital of France. A refusal says \"I can't help\" and it could be polite. It is old. It is large.";
        assert_eq!(
            names(&of(&format!("{plain} {}", "More facts follow here. ".repeat(3)))),
            Vec::<&str>::new()
        );
    }
}
