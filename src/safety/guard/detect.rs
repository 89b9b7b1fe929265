//! How much a text looks like an attempt to take over a prompt.

use std::ops::Range;

use super::{encoded, normal::Normal, patterns::Pattern, screen::SCREEN};
use crate::safety;

/// A known trait found in a text.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// The pattern's stable name.
    pub pattern: &'static str,
    /// Bytes of the text that was looked at.
    pub range: Range<usize>,
    /// How much it says here, in (0, 1): the pattern's own weight, less where the words are
    /// spoken of and not spoken.
    pub weight: f64,
    /// How it was hidden, if it was: `base64`, `rot13`, `tag characters`.
    pub disguise: Option<&'static str>,
}

/// What was found in a text, and the risk that follows from it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Risk {
    /// In \[0, 1\]: 1 − Π(1 − wᵢ) over the strongest finding of each pattern name (noisy or).
    /// Several weak traits add up, repeating one does not, and no sum passes 1.
    pub score: f64,
    /// In the order of the text, at most [`MOST_FINDINGS`].
    pub findings: Vec<Finding>,
}

/// Most findings told of one text.
pub const MOST_FINDINGS: usize = 64;
/// Payloads inside of payloads that are unpacked.
const DEPTH: usize = 2;
/// What a finding keeps of its weight when it stands in quotation marks …
const QUOTED: f64 = 0.7;
/// … and when the words around it speak of such texts.
const MENTIONED: f64 = 0.7;
/// What being hidden adds to a finding's weight: nobody hides by accident what is to be read.
const DISGUISED: f64 = 0.15;
/// Most a finding may say on its own.
const MOST_WEIGHT: f64 = 0.95;

/// Looks a text over. Takes time in proportion to its length.
#[must_use]
pub fn detect(text: &str) -> Risk {
    let mut findings = Vec::new();
    look(text, DEPTH, &mut findings);
    hidden_words(text, &mut findings);
    Risk::of(findings)
}

impl Risk {
    fn of(mut findings: Vec<Finding>) -> Self {
        findings.sort_by(|a, b| {
            (a.range.start, a.range.end, a.pattern)
                .cmp(&(b.range.start, b.range.end, b.pattern))
                .then(b.weight.total_cmp(&a.weight))
        });
        findings.dedup_by(|a, b| a.pattern == b.pattern && a.range == b.range);
        let mut strongest: Vec<(&str, f64)> = Vec::new();
        for finding in &findings {
            match strongest.iter_mut().find(|(name, _)| *name == finding.pattern) {
                Some((_, weight)) => *weight = weight.max(finding.weight),
                None => strongest.push((finding.pattern, finding.weight)),
            }
        }
        let clean: f64 = strongest.iter().map(|(_, weight)| 1.0 - weight).product();
        findings.truncate(MOST_FINDINGS);
        Self { score: 1.0 - clean, findings }
    }

    /// The finding that says most.
    #[must_use]
    pub fn strongest(&self) -> Option<&Finding> {
        self.findings.iter().reduce(|a, b| if b.weight > a.weight { b } else { a })
    }

    /// The names of the patterns found, each once.
    #[must_use]
    pub fn patterns(&self) -> Vec<&'static str> {
        let mut names: Vec<_> = self.findings.iter().map(|finding| finding.pattern).collect();
        names.sort_unstable();
        names.dedup();
        names
    }
}

fn look(text: &str, depth: usize, findings: &mut Vec<Finding>) {
    let normal = Normal::of(text);
    for (pattern, range) in matches(&normal.text) {
        let weight = pattern.weight * mention(&normal.text, &range);
        let range = normal.origin(&range);
        findings.push(Finding { pattern: pattern.name, range, weight, disguise: None });
    }
    if depth == 0 {
        return;
    }
    for (name, turned) in
        [("rot13", encoded::rotated(&normal.text)), ("reversed", encoded::reversed(&normal.text))]
    {
        // What was turned as a whole has no place of its own.
        for (pattern, _) in turned.iter().flat_map(|turned| matches(turned)) {
            findings.push(disguised(pattern.name, pattern.weight, 0..text.len(), name));
        }
    }
    for payload in encoded::payloads(text) {
        let mut inner = Vec::new();
        look(&payload.text, depth - 1, &mut inner);
        if payload.encoding == "spelled out" {
            inner.extend(run_together(&payload.text));
        }
        let place = || payload.range.clone();
        findings.extend(
            inner.iter().map(|it| disguised(it.pattern, it.weight, place(), payload.encoding)),
        );
    }
}

fn disguised(
    pattern: &'static str,
    weight: f64,
    range: Range<usize>,
    disguise: &'static str,
) -> Finding {
    let weight = (weight + DISGUISED).min(MOST_WEIGHT);
    Finding { pattern, range, weight, disguise: Some(disguise) }
}

/// Every pattern's stretches, a few for each.
fn matches(plain: &str) -> Vec<(&'static Pattern, Range<usize>)> {
    const MOST_OF_ONE: usize = 8;
    let mut found = Vec::new();
    for known in SCREEN.possible(plain.as_bytes()) {
        let Some(expression) = known.expression() else { continue };
        let stretches = expression.find_iter(plain.as_bytes()).take(MOST_OF_ONE);
        found.extend(stretches.map(|stretch| (known.pattern, stretch.range())));
    }
    found
}

/// Phrases an attempt is known by when all blanks are gone.
const TOGETHER: [&str; 8] = [
    "ignoreall",
    "ignoreprevious",
    "ignoretheabove",
    "ignoreyour",
    "disregardall",
    "disregardprevious",
    "revealyour",
    "systemprompt",
];

fn run_together(text: &str) -> Option<Finding> {
    let joined: String = text.chars().filter(char::is_ascii_alphabetic).collect();
    let joined = joined.to_ascii_lowercase();
    TOGETHER.iter().any(|phrase| joined.contains(phrase)).then_some(Finding {
        pattern: "ignore-instructions",
        range: 0..text.len(),
        weight: 0.6,
        disguise: None,
    })
}

/// Words that tell of attempts and do not make one.
const SPOKEN_OF: [&str; 42] = [
    "prompt injection",
    "prompt-injection",
    "injection attack",
    "attacker",
    "attackers",
    "for example",
    "e.g.",
    "such as",
    "phrases like",
    "something like",
    "texts like",
    "words like",
    "should flag",
    "classifier",
    "strings like",
    "inputs like",
    "phrase",
    "payload",
    "for instance",
    "so-called",
    "jailbreaks",
    "jailbreak prompts",
    "detect",
    "malicious",
    "adversarial",
    "vulnerab",
    "the famous",
    "classic",
    "known as",
    "security",
    "researcher",
    "red team",
    "red-team",
    "test case",
    "would say",
    "tried to",
    "tries to",
    "in the paper",
    "untrusted",
    "the user wrote",
    "users who",
    "mitigat",
];

/// What the words around a stretch leave of its weight: those who write about attempts quote
/// them, and say what they are.
fn mention(plain: &str, range: &Range<usize>) -> f64 {
    const BEFORE: usize = 160;
    const AFTER: usize = 120;
    let start = plain.floor_char_boundary(range.start.saturating_sub(BEFORE));
    let end = plain.floor_char_boundary(range.end + AFTER);
    // Patterns see bytes and may end inside of a character.
    let before = plain.get(start..plain.floor_char_boundary(range.start)).unwrap_or_default();
    let after = plain.get(plain.floor_char_boundary(range.end)..end).unwrap_or_default();
    let opens = before
        .trim_end_matches(|character: char| character.is_alphanumeric() || character == ' ')
        .ends_with(['"', '`', '\'', '「']);
    let closes = after.contains(['"', '`', '\'', '」']);
    let quoted = if opens && closes { QUOTED } else { 1.0 };
    let spoken = SPOKEN_OF.iter().any(|word| before.contains(word) || after.contains(word));
    quoted * if spoken { MENTIONED } else { 1.0 }
}

/// Tag characters in a row spell words that nobody sees; outside of flags they have no use.
fn hidden_words(text: &str, findings: &mut Vec<Finding>) {
    const FEW: usize = 8;
    let mut run: Option<(Range<usize>, usize)> = None;
    let mut close = |run: &mut Option<(Range<usize>, usize)>| {
        if let Some((range, _)) = run.take().filter(|(_, count)| *count >= FEW) {
            findings.push(Finding {
                pattern: "hidden-words",
                range,
                weight: 0.7,
                disguise: Some("tag characters"),
            });
        }
    };
    if safety::has_hidden(text) == 0 {
        return;
    }
    for (at, character) in text.char_indices() {
        if matches!(character, '\u{E0020}'..='\u{E007E}') {
            let end = at + character.len_utf8();
            let (range, count) = run.get_or_insert((at..end, 0));
            range.end = end;
            *count += 1;
        } else {
            close(&mut run);
        }
    }
    close(&mut run);
}
