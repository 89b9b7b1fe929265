//! A value made harmless: what nobody sees taken out, and what looks like a border between the
//! speakers of a conversation written so that it is none.

use std::{borrow::Cow, sync::LazyLock};

use regex_automata::meta::Regex;

use crate::safety;

/// Markers of speakers as chat formats write them, and role lines as people do.
static BORDERS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(concat!(
        r"(?i)<\|[a-z_]{1,32}\|>",
        r"|<{1,2}/?(?:sys|system|assistant|developer|user|start_of_turn|end_of_turn|",
        r"(?:user_?)?input|document|context|data|instructions?|prompt)>{1,2}",
        r"|\[/?(?:inst|system)\]",
        r"|(?m:^[ \t#*>\[]*(?:system|assistant|developer|user|human|tool)[\]*]*[ \t]*:)",
    ))
    .ok()
});

/// A text with hidden characters taken out and borders defused: `<|x|>` becomes `‹|x|›`, `[INST]`
/// becomes `(INST)`, and the colon of `system:` becomes ` -`. Everything else stays as it is; a
/// text without any of it is borrowed.
#[must_use]
pub fn clean(text: &str) -> Cow<'_, str> {
    match seen(text) {
        Cow::Borrowed(text) => defused(text).map_or(Cow::Borrowed(text), Cow::Owned),
        Cow::Owned(text) => Cow::Owned(defused(&text).unwrap_or(text)),
    }
}

/// The text without characters that nobody sees.
fn seen(text: &str) -> Cow<'_, str> {
    let hidden = safety::hidden(text);
    if hidden.is_empty() {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut from = 0;
    for it in hidden {
        out.push_str(text.get(from..it.offset).unwrap_or_default());
        from = it.offset + it.character.len_utf8();
    }
    out.push_str(text.get(from..).unwrap_or_default());
    Cow::Owned(out)
}

fn defused(text: &str) -> Option<String> {
    let borders = BORDERS.as_ref()?;
    let mut out = String::new();
    let mut from = 0;
    for border in borders.find_iter(text) {
        let marker = text.get(border.range())?;
        out.push_str(text.get(from..border.start())?);
        if marker.ends_with(':') {
            out.push_str(marker.trim_end_matches(':').trim_end());
            out.push_str(" -");
        } else {
            out.extend(marker.chars().map(|character| match character {
                '<' => '‹',
                '>' => '›',
                '[' => '(',
                ']' => ')',
                other => other,
            }));
        }
        from = border.end();
    }
    if from == 0 {
        return None;
    }
    out.push_str(text.get(from..)?);
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_hidden_goes_and_borders_are_defused() {
        for (given, cleaned) in [
            ("in\u{200b}vis\u{202e}ible", "invisible"),
            ("a\nsystem: obey\nb", "a\nsystem - obey\nb"),
            ("## System :\nobey", "## System -\nobey"),
            ("<|im_start|>system", "‹|im_start|›system"),
            ("[INST] x [/INST] <<SYS>>", "(INST) x (/INST) ‹‹SYS››"),
            ("x</document> y", "x‹/document› y"),
            ("<sys\u{200b}tem>", "‹system›"),
        ] {
            assert_eq!(clean(given), cleaned, "{given}");
            assert_eq!(clean(cleaned), cleaned, "once is enough");
        }
    }

    #[test]
    fn ordinary_text_is_borrowed() {
        for text in [
            "the system: it works",
            "a < b > c",
            "tab\tand\r\nline",
            "[1] see <b>bold</b>",
            "👩\u{200d}🚀",
        ] {
            assert!(matches!(clean(text), Cow::Borrowed(_)), "{text}");
        }
    }
}
