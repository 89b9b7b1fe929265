//! What a pattern cannot say: checksums, ranges, and whether a text is random enough to be a
//! secret or only stands where one would.

use std::collections::HashMap;

use base64::{Engine as _, engine::general_purpose::STANDARD_NO_PAD};

use super::rule::Candidate;

/// Words that stand where a secret is to be put.
const PLACEHOLDERS: [&str; 14] = [
    "example",
    "your",
    "placeholder",
    "changeme",
    "change_me",
    "change-me",
    "redacted",
    "dummy",
    "insert",
    "replace",
    "sample",
    "xxxx",
    "****",
    "....",
];

/// Anything but a placeholder: `your-api-key`, `xxxxxxxx`, `000000`.
pub(super) fn not_placeholder(candidate: &Candidate<'_>) -> Option<usize> {
    let lower = candidate.text.to_ascii_lowercase();
    let refers = lower.starts_with(['$', '%', '*']) || lower.contains("{{");
    let stands_in = refers || PLACEHOLDERS.iter().any(|word| lower.contains(word));
    (!stands_in).then_some(candidate.text.len())
}

/// More than a mark filled in with the same few characters: `sk-proj-xxxxxxxxxxxxxxxxxxxx`.
pub(super) fn not_filled_in(candidate: &Candidate<'_>) -> Option<usize> {
    (entropy(candidate.text) >= 2.8).then_some(())?;
    not_placeholder(candidate)
}

/// As [`not_filled_in`], of what stands at the end.
pub(super) fn ends_in_disorder(candidate: &Candidate<'_>) -> Option<usize> {
    let end = candidate.text.get(candidate.text.len().checked_sub(10)?..)?;
    (entropy(end) >= 2.0).then_some(candidate.text.len())
}

/// Letters and digits in disorder.
pub(super) fn mixed(candidate: &Candidate<'_>) -> Option<usize> {
    let text = candidate.text;
    let has = |test: fn(&u8) -> bool| text.bytes().any(|byte| test(&byte));
    (has(u8::is_ascii_digit) && has(u8::is_ascii_alphabetic) && entropy(text) >= 3.0)
        .then_some(())?;
    not_placeholder(candidate)
}

/// Letters and digits in disorder, and no more than the forty that were looked at.
pub(super) fn forty(candidate: &Candidate<'_>) -> Option<usize> {
    let goes_on = |next: char| next.is_ascii_alphanumeric() || matches!(next, '/' | '+' | '=');
    if candidate.after.is_some_and(goes_on) { None } else { mixed(candidate) }
}

/// A name and a password, as HTTP encodes them.
pub(super) fn credentials(candidate: &Candidate<'_>) -> Option<usize> {
    let text = candidate.text.trim_end_matches('=');
    // What is cut off in the middle still begins with a name.
    let whole = text.get(..text.len() / 4 * 4)?;
    let decoded = STANDARD_NO_PAD.decode(whole).ok()?;
    let name = decoded.split(|byte| *byte == b':').next()?;
    let printable = name.iter().all(|byte| (b' '..=b'~').contains(byte));
    (printable && name.len() < decoded.len()).then_some(candidate.text.len())
}

/// As [`random`], of what people choose.
pub(super) fn password(candidate: &Candidate<'_>) -> Option<usize> {
    disordered(candidate, 2.5)
}

/// What stands beside a name like `api_key` and is no word, path, call or number.
pub(super) fn random(candidate: &Candidate<'_>) -> Option<usize> {
    disordered(candidate, 3.0)
}

fn disordered(candidate: &Candidate<'_>, bits: f64) -> Option<usize> {
    let text = candidate.text;
    let has = |test: fn(&u8) -> bool| text.bytes().any(|byte| test(&byte));
    // `os.environ`, `config.api_key` and `process.env.KEY` name a secret and are none.
    let names = text.split(['.', '/']).all(|part| {
        part.bytes().all(|byte| byte.is_ascii_alphabetic() || matches!(byte, b'_' | b'-'))
    });
    let called = matches!(candidate.after, Some('(' | '[' | '{'));
    if names || called || !has(u8::is_ascii_digit) || !has(u8::is_ascii_alphabetic) {
        return None;
    }
    (entropy(text) >= bits).then_some(())?;
    not_placeholder(candidate)
}

/// Shannon entropy in bits a character: −Σ p·log₂ p over the text's characters.
#[expect(clippy::cast_precision_loss, reason = "texts of a few hundred characters")]
pub(super) fn entropy(text: &str) -> f64 {
    let mut counts: HashMap<char, usize> = HashMap::new();
    let mut all = 0;
    for character in text.chars() {
        *counts.entry(character).or_default() += 1;
        all += 1;
    }
    let share = |count: usize| count as f64 / f64::from(all);
    counts.into_values().map(|count| -share(count) * share(count).log2()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entropy_is_that_of_the_characters() {
        for (text, bits) in
            [("", 0.0), ("aaaa", 0.0), ("abab", 1.0), ("abcd", 2.0), ("aab", 0.918_295_83)]
        {
            assert!((entropy(text) - bits).abs() < 1e-6, "{text}: {}", entropy(text));
        }
    }
}
