//! The line of a text that stands for it in a list: its words, without the marks that Markdown
//! has for their looks.

/// Characters of a text kept for a list.
const LONGEST: usize = 200;
/// Characters read for that: more, as marks go.
const READ: usize = 4 * LONGEST;

/// The first line with something on it, without the spaces around it, cut for a list.
pub(super) fn first_line(text: &str) -> String {
    lines(text).next().unwrap_or_default().chars().take(LONGEST).collect()
}

/// The first line that says something, as plain words: without the marks of headings, lists,
/// stress and code. What could be data stays as it is, and so does a mark that opens nothing.
pub(super) fn first_words(text: &str) -> String {
    let mut in_fence = false;
    for line in lines(text) {
        if is_fence(line) {
            in_fence = !in_fence;
        } else if in_fence || is_data(line) {
            return first_line(line);
        } else if !is_rule(line) {
            let line: String = line.chars().take(READ).collect();
            let words = without_stress(without_lead(&line));
            if !words.trim().is_empty() {
                return first_line(&words);
            }
        }
    }
    first_line(text)
}

/// The lines with something on them, without the spaces around it.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.split(['\n', '\r']).map(str::trim).filter(|line| !line.is_empty())
}

/// Whether a block of code begins or ends here.
fn is_fence(line: &str) -> bool {
    let ticks = line.trim_start_matches('`');
    let told = ticks.len() + 3 <= line.len() && !ticks.contains('`');
    told || line.starts_with("~~~")
}

/// Whether it is a line that is drawn, and no words.
fn is_rule(line: &str) -> bool {
    let signs = line.chars().filter(|sign| !sign.is_whitespace());
    ['-', '*', '_', '='].into_iter().any(|rule| signs.clone().all(|sign| sign == rule))
        && signs.count() >= 3
}

/// Whether it looks like JSON or XML, in which every sign counts.
fn is_data(line: &str) -> bool {
    line.starts_with(['{', '<']) || (line.starts_with('[') && !line.contains("]("))
}

/// A line without what makes a heading or an item of a list of it. Numbers stay: they say which.
fn without_lead(line: &str) -> &str {
    let heading = line.trim_start_matches('#');
    if (1..=6).contains(&(line.len() - heading.len())) && heading.starts_with(' ') {
        let bare = heading.trim_end_matches('#');
        // Signs at the end close a heading only where they stand apart.
        return if bare.ends_with(' ') { bare.trim() } else { heading.trim() };
    }
    let Some(item) = ["- ", "* ", "+ ", "• "].iter().find_map(|mark| line.strip_prefix(mark))
    else {
        return line;
    };
    item.trim_start()
}

/// A line without the signs around what is stressed, struck out or code.
fn without_stress(line: &str) -> String {
    let mut words = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(sign) = rest.chars().next() {
        let run = rest.len() - rest.trim_start_matches(sign).len();
        let inside = match sign {
            '`' => code(rest, run),
            '*' | '_' | '~' => stressed(words.chars().next_back(), rest, run),
            _ => None,
        };
        if let Some(inside) = inside {
            if sign == '`' {
                words.push_str(inside.trim());
            } else {
                words.push_str(&without_stress(inside));
            }
            rest = &rest[inside.len() + 2 * run..];
        } else {
            // Of signs that open nothing the whole run is passed over.
            let passed = if "`*_~".contains(sign) { run } else { sign.len_utf8() };
            words.push_str(&rest[..passed]);
            rest = &rest[passed..];
        }
    }
    words
}

/// What stands between a run of backticks and the next one of the same length.
fn code(text: &str, run: usize) -> Option<&str> {
    let after = &text[run..];
    closings(after, '`').find(|(_, length)| *length == run).map(|(at, _)| &after[..at])
}

/// What stands between a run of signs at the beginning of a word and the next one of the same
/// length at the end of one.
fn stressed(before: Option<char>, text: &str, run: usize) -> Option<&str> {
    let sign = text.chars().next()?;
    let most = if sign == '~' { 2..=2 } else { 1..=3 };
    let after = &text[run..];
    let opens = !before.is_some_and(char::is_alphanumeric)
        && after.chars().next().is_some_and(|next| !next.is_whitespace());
    if !opens || !most.contains(&run) {
        return None;
    }
    let closes = |at: usize| {
        let ends = after[..at].chars().next_back().is_some_and(|last| !last.is_whitespace());
        let next = after[at + run..].chars().next();
        ends && (sign != '_' || !next.is_some_and(char::is_alphanumeric))
    };
    // Three at the end close what is stressed twice, of which the inner one is left within.
    let ends = closings(after, sign).filter(|(_, length)| *length == run || *length == 3);
    let mut ends = ends.map(|(at, length)| at + length - run);
    ends.find(|at| closes(*at)).map(|at| &after[..at])
}

/// Where runs of a sign stand, and how long each is.
fn closings(text: &str, sign: char) -> impl Iterator<Item = (usize, usize)> + '_ {
    let mut at = 0;
    std::iter::from_fn(move || {
        let start = at + text[at..].find(sign)?;
        let length = text[start..].len() - text[start..].trim_start_matches(sign).len();
        at = start + length;
        Some((start, length))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_for_a_list_is_the_first_that_says_something() {
        assert_eq!(first_line("\n\r\n  \n  hello \nworld"), "hello");
        assert_eq!(first_line(""), "");
        assert_eq!(first_line(&"x".repeat(500)).len(), LONGEST);
        assert_eq!(first_words("\n\r\n  \n  hello \nworld"), "hello");
        assert_eq!(first_words(""), "");
        assert_eq!(first_words(&"x".repeat(500)).len(), LONGEST);
    }

    #[test]
    fn marks_go_and_words_stay() {
        for (text, words) in [
            ("# Findings\n\ntext", "Findings"),
            ("### C# and F# ###", "C# and F#"),
            ("## On C#", "On C#"),
            ("- **Bold** and *slanted*, __both__ _ways_", "Bold and slanted, both ways"),
            ("* `cargo test` ~~fails~~ passes", "cargo test fails passes"),
            ("***All of it*** is said", "All of it is said"),
            ("**Verdict: `ok` by *all***", "Verdict: ok by all"),
            ("*a **b** c*", "a b c"),
            ("1. **First** step", "1. First step"),
            ("---\n\nAfter a rule", "After a rule"),
            ("```rust\nlet _a_ = **b;\n```", "let _a_ = **b;"),
            ("~~~\n~~~\nafter an empty block", "after an empty block"),
            ("``a ` b`` is code", "a ` b is code"),
        ] {
            assert_eq!(first_words(text), words, "{text}");
        }
    }

    #[test]
    fn what_is_no_mark_stays_as_it_is() {
        for text in [
            "2 * 3 * 4 = 24",
            "2*3*4 = 24 and a**b**c",
            "snake_case_name and _private",
            "#include <stdio.h>",
            "-5 degrees",
            "{\"a\": \"_x_ **y**\"}",
            "[\"*a*\", \"*b*\"]",
            "<p>**x**</p>",
            "a ` b and ** c",
            "> quoted",
            "~5 or ~6",
            "#1 of 3",
            "ünïcödé — „so“",
        ] {
            assert_eq!(first_words(text), text);
        }
        // Where there is nothing but marks, they are what there is.
        for text in ["---", "```", "**"] {
            assert_eq!(first_words(text), text);
        }
    }
}
