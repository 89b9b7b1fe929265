//! A record to read.

use std::{borrow::Cow, fmt::Write as _};

use crate::{
    model::{Attempt, CacheState, Check, Execution},
    safety::{display, display_line},
};

/// Where a record is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// On a terminal, as it is; whoever prints it makes it safe.
    Terminal,
    /// In a file that a program may draw.
    File,
}

/// A record as people read it on a terminal.
#[must_use]
pub fn readable(execution: &Execution) -> String {
    written(execution, Place::Terminal)
}

/// A record as Markdown, in which nothing of a prompt, an answer or a name is Markdown itself: no
/// program that draws it runs a script, fetches an image or takes a line for a heading.
#[must_use]
pub fn markdown(execution: &Execution) -> String {
    written(execution, Place::File)
}

impl Place {
    /// Words in a line.
    fn words(self, text: &str) -> Cow<'_, str> {
        match self {
            Self::Terminal => Cow::Borrowed(text),
            Self::File => inert(text),
        }
    }

    /// A text of its own.
    fn text(self, text: &str) -> Cow<'_, str> {
        match self {
            Self::Terminal => Cow::Borrowed(text),
            Self::File => Cow::Owned(fenced(text)),
        }
    }
}

/// Words in a cell of a table, in which a bar is a border even where it stands in code.
pub(in crate::app) fn cell(text: &str) -> String {
    let text = inert(text);
    // A backslash before it would free an escaped bar again.
    let bar = if text.contains("\\|") { "¦" } else { "\\|" };
    text.replace('|', bar)
}

/// Words that Markdown takes for words: as they are where they are plain, else as code.
fn inert(text: &str) -> Cow<'_, str> {
    let text = display_line(text);
    if is_plain(&text) {
        return text;
    }
    let ticks = "`".repeat(longest_run(&text, '`') + 1);
    Cow::Owned(format!("{ticks} {text} {ticks}"))
}

/// Whether no program that draws Markdown sees anything but words: no emphasis, no formula, and
/// no address, which many make a link of though nothing marks it as one.
fn is_plain(text: &str) -> bool {
    let mut before = None;
    let mut rest = text.chars().peekable();
    while let Some(sign) = rest.next() {
        let is_word = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
        let plain = match sign {
            '_' => is_word(before) && is_word(rest.peek().copied()),
            '$' => rest.peek().is_some_and(char::is_ascii_digit),
            _ => sign.is_alphanumeric() || " .,:;/@%+-?'()=".contains(sign),
        };
        if !plain {
            return false;
        }
        before = Some(sign);
    }
    let is_mail = |word: &str| {
        let domain = word.split_once('@').map(|(_, domain)| domain);
        // A version is no domain.
        domain.is_some_and(|it| it.contains('.') && it.contains(char::is_alphabetic))
    };
    let lower = text.to_lowercase();
    !lower.contains("://") && !lower.contains("www.") && !lower.split(' ').any(is_mail)
}

/// A text between fences that it cannot close.
fn fenced(text: &str) -> String {
    let text = display(text);
    let fence = "`".repeat(longest_run(&text, '`').max(2) + 1);
    let end = if text.ends_with('\n') { "" } else { "\n" };
    format!("{fence}text\n{text}{end}{fence}")
}

fn longest_run(text: &str, of: char) -> usize {
    let runs = text.split(|c| c != of).map(str::len);
    runs.max().unwrap_or(0)
}

fn written(execution: &Execution, place: Place) -> String {
    // Writing to a string cannot fail.
    let mut text = format!("# {}\n\n", execution.id);
    let mut fact = |name: &str, value: String| {
        if !value.is_empty() {
            let _ = writeln!(text, "- {name}: {}", place.words(&value));
        }
    };
    let template = execution.template.as_ref().map_or_else(String::new, |id| {
        let version = execution.version.as_ref();
        version.map_or_else(|| format!("{id} (draft)"), |version| format!("{id}@{version}"))
    });
    fact("template", template);
    fact("variant", execution.variant.to_string());
    fact("model", execution.model_ref().to_string());
    if let Some(asked) = execution.asked_first() {
        fact("asked for", asked.to_string());
    }
    fact("started", execution.timing.started_at.to_string());
    fact("status", execution.status.as_str().to_owned());
    if let Some(error) = &execution.error {
        fact("error", error.to_string());
    }
    let milliseconds = |value: Option<u64>| value.map_or_else(String::new, |ms| format!("{ms} ms"));
    if let Some(reused) = &execution.reused {
        let alike = match execution.cache {
            CacheState::Similar => format!(" ({:.3} alike)", reused.similarity),
            _ => String::new(),
        };
        let saved = reused.saved_usd.map_or_else(String::new, |saved| format!(", saved ${saved}"));
        let (kind, whose) = (execution.cache.as_str(), reused.execution);
        fact("cached", format!("{kind}{alike}: the answer of {whose}{saved}"));
    }
    fact("took", milliseconds(execution.timing.total_ms));
    fact("first token after", milliseconds(execution.timing.ttft_ms));
    let number = |value: Option<u64>| value.map_or_else(|| "?".to_owned(), |it| it.to_string());
    if execution.usage.is_known() {
        let usage = &execution.usage;
        fact(
            "tokens",
            format!(
                "{} in, {} out{}",
                number(usage.input_tokens),
                number(usage.output_tokens),
                if usage.estimated { ", estimated" } else { "" }
            ),
        );
    }
    let retry = execution.spend.map_or(0.0, |spend| spend.retry);
    let beside =
        if retry > 0.0 { format!(", ${retry} of it by other attempts") } else { String::new() };
    fact(
        "cost",
        execution.cost_usd.map_or_else(|| "unknown".to_owned(), |cost| format!("${cost}{beside}")),
    );
    if execution.attempts.len() > 1 {
        let model = execution.model_ref();
        let told = |attempt: &Attempt| attempt.summary_beside(&model);
        let attempts: Vec<String> = execution.attempts.iter().map(told).collect();
        fact("attempts", attempts.join(", then "));
    }
    fact("redacted", execution.redactions.describe());
    for dropped in &execution.parameters.dropped {
        fact("not sent", format!("{}: {}", dropped.name, dropped.reason));
    }
    for (key, value) in &execution.tags {
        fact("tag", format!("{key}={value}"));
    }
    for check in &execution.checks {
        fact("check", told(check));
    }
    let mut section = |name: &str, content: &str| {
        let _ = write!(text, "\n## {name}\n\n{}\n", place.text(content));
    };
    for message in &execution.messages {
        section(message.role.as_str(), &message.content);
    }
    if !execution.reasoning.is_empty() {
        section("reasoning", &execution.reasoning);
    }
    section("answer", &execution.text);
    for call in &execution.tool_calls {
        section("tool call", &call.described());
    }
    if !execution.refusal.is_empty() {
        section("refusal", &execution.refusal);
    }
    for (number, attempt) in (1..).zip(&execution.attempts) {
        if attempt.has_texts() {
            let summary = attempt.summary_beside(&execution.model_ref());
            text.push_str(&extra(number, &summary, attempt, place));
        }
    }
    text
}

/// An attempt with a prompt or an answer of its own.
fn extra(number: usize, summary: &str, attempt: &Attempt, place: Place) -> String {
    let mut text = format!("\n## attempt {number}: {}\n", place.words(summary));
    if let Some(reason) = &attempt.reason {
        let _ = write!(text, "\nasked again because: {}\n", place.words(reason));
    }
    for message in &attempt.messages {
        let _ = write!(text, "\n### {}\n\n{}\n", message.role, place.text(&message.content));
    }
    if let Some(aside) = &attempt.text {
        let _ = write!(text, "\n### answer put aside\n\n{}\n", place.text(aside));
    }
    text
}

/// A check in one line: `guard injection: failed: …`.
#[must_use]
pub fn told(check: &Check) -> String {
    let Check { kind, name, passed, score, reason } = check;
    let outcome = if *passed { "passed" } else { "failed" };
    let score = score.map_or_else(String::new, |score| format!(" ({score:.2})"));
    let reason = if reason.is_empty() { String::new() } else { format!(": {reason}") };
    format!("{kind} {name} {outcome}{score}{reason}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{ModelRef, Strategy};

    #[test]
    fn every_answer_that_was_asked_for_is_read() {
        let model = ModelRef::new("demo", "fast");
        let mut first = Attempt::new(&model, jiff::Timestamp::UNIX_EPOCH, 300, &Ok(()));
        let mut second = first.clone();
        first.text = Some("no json".to_owned());
        second.strategy = Some(Strategy::FormatFix);
        second.reason = Some("there is no object in it".to_owned());
        let read = |number, attempt: &Attempt, place| {
            extra(number, &attempt.summary_beside(&model), attempt, place)
        };
        let text = [read(1, &first, Place::Terminal), read(2, &second, Place::Terminal)].concat();
        for part in [
            "## attempt 1: ok 300 ms",
            "### answer put aside\n\nno json",
            "## attempt 2: format-fix ok 300 ms",
            "asked again because: there is no object in it",
        ] {
            assert!(text.contains(part), "no {part}: {text}");
        }
        assert!(read(1, &first, Place::File).contains("```text\nno json\n```"));
    }

    #[test]
    fn an_attempt_of_another_model_names_it() {
        let (mut execution, _) = crate::app::redaction::record_for_tests("x", &["y"]);
        let other = ModelRef::new("it", "other");
        let mut first = Attempt::new(&other, jiff::Timestamp::UNIX_EPOCH, 300, &Ok(()));
        first.text = Some("no json".to_owned());
        let model = execution.model_ref();
        let mut second = Attempt::new(&model, jiff::Timestamp::UNIX_EPOCH, 20, &Ok(()));
        second.strategy = Some(Strategy::FormatFix);
        execution.attempts = vec![first, second];
        let text = readable(&execution);
        for part in [
            "attempts: it/other ok 300 ms, then format-fix ok 20 ms",
            "## attempt 1: it/other ok 300 ms\n",
            "## attempt 2: format-fix ok 20 ms\n",
        ] {
            assert!(text.contains(part), "no {part}: {text}");
        }
    }

    #[test]
    fn nothing_of_a_text_is_markdown() {
        for hostile in [
            "<script>alert(1)</script>",
            "![x](https://evil.example/a.png)",
            "![x][y]\n\n[y]: https://evil.example/a.png",
            "<img src='https://evil.example/a.png'>",
            "```\n<script>alert(1)</script>\n```",
            "````\n</details>\n`````\n# forged\n",
            "~~~\n<b>x</b>",
            "    \n# a heading\n---\n",
            "a \u{1b}]0;title\u{7}b",
        ] {
            let text = fenced(hostile);
            let (first, rest) = text.split_once('\n').expect("lines");
            let fence = first.trim_end_matches("text");
            let inside = rest.strip_suffix(fence).expect("closed");
            // A fence ends at a line of at least as many backticks, and there is none inside.
            assert!(inside.lines().all(|line| !line.trim_start().starts_with(fence)), "{text}");
            assert!(fence.len() >= 3 && !text.contains('\u{1b}'), "{text}");
            if !hostile.contains('\u{1b}') {
                assert_eq!(inside.trim_end_matches('\n'), hostile.trim_end_matches('\n'));
            }
        }
        for (words, written) in [
            ("demo/fast", "demo/fast"),
            ("it took 3.5 s (of 10)", "it took 3.5 s (of 10)"),
            ("<img src=x>", "` <img src=x> `"),
            ("![x](http://evil.example)", "` ![x](http://evil.example) `"),
            ("a `b` c", "`` a `b` c ``"),
            ("**bold** [link](x)", "` **bold** [link](x) `"),
            ("two\nlines", "` two␊lines `"),
            ("development/code_review@1.2.3", "development/code_review@1.2.3"),
            ("_x_", "` _x_ `"),
            ("a _b c_ d", "` a _b c_ d `"),
            ("snake_case and __init__", "` snake_case and __init__ `"),
            ("see https://evil.example/a", "` see https://evil.example/a `"),
            ("HTTP://EVIL.EXAMPLE", "` HTTP://EVIL.EXAMPLE `"),
            ("(www.evil.example)", "` (www.evil.example) `"),
            ("write to a@evil.example", "` write to a@evil.example `"),
            ("$0.02, $0.01 of it by other attempts", "$0.02, $0.01 of it by other attempts"),
            ("$x$", "` $x$ `"),
        ] {
            assert_eq!(inert(words), written);
        }
    }
}
