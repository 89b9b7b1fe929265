//! Stress, code and links within a line of Markdown.

use super::markdown::{Kind, Tone};

/// How often in one stretch a sign may turn out to open nothing before the rest is taken as it
/// is: each costs a look through the rest of the line.
const PATIENCE: usize = 64;

/// How deep stress may stand in stress.
const DEEPEST: usize = 8;

/// Adds a stretch as it is.
pub(super) fn push(text: &mut String, tones: &mut Vec<(usize, Tone)>, stretch: &str, tone: Tone) {
    if !stretch.is_empty() {
        text.push_str(stretch);
        tones.push((text.len(), tone));
    }
}

/// Adds a stretch, rendered.
pub(super) fn render(text: &mut String, tones: &mut Vec<(usize, Tone)>, line: &str, tone: Tone) {
    stretch(text, tones, line, tone, 0);
}

fn stretch(
    text: &mut String,
    tones: &mut Vec<(usize, Tone)>,
    line: &str,
    tone: Tone,
    depth: usize,
) {
    let mut plain = 0;
    let mut at = 0;
    let mut failures = 0;
    while let Some(found) =
        line.get(at..).and_then(|rest| rest.find(['*', '_', '`', '~', '[', '\\']))
    {
        at += found;
        if depth >= DEEPEST || failures >= PATIENCE {
            break;
        }
        let before = line.get(..at).unwrap_or_default();
        let rest = line.get(at..).unwrap_or_default();
        let Some(mark) = read(before, rest) else {
            failures += 1;
            // The whole run of a sign stands for itself.
            let sign = rest.as_bytes().first().copied().unwrap_or(b' ');
            at += rest.bytes().take_while(|byte| *byte == sign).count().max(1);
            continue;
        };
        push(text, tones, line.get(plain..at).unwrap_or_default(), tone);
        at += mark.length;
        plain = at;
        match mark.what {
            What::Literal(sign) => push(text, tones, sign, tone),
            What::Code(code) => {
                push(text, tones, code, Tone { kind: code_kind(tone), ..tone });
            }
            What::Strong(inner) => {
                stretch(text, tones, inner, Tone { strong: true, ..tone }, depth + 1);
            }
            What::Emphasis(inner) => {
                stretch(text, tones, inner, Tone { emphasis: true, ..tone }, depth + 1);
            }
            What::Struck(inner) => stretch(text, tones, inner, tone, depth + 1),
            What::Link { words, target } => {
                stretch(text, tones, words, Tone { kind: Kind::Link, ..tone }, depth + 1);
                push(text, tones, " (", Tone::of(Kind::Sign));
                push(text, tones, target, Tone::of(Kind::Sign));
                push(text, tones, ")", Tone::of(Kind::Sign));
            }
        }
    }
    push(text, tones, line.get(plain..).unwrap_or_default(), tone);
}

/// Code in a heading stays a heading.
const fn code_kind(tone: Tone) -> Kind {
    match tone.kind {
        Kind::Heading => Kind::Heading,
        _ => Kind::Code,
    }
}

/// Something that was marked, and the bytes it takes with its marks.
struct Mark<'l> {
    what: What<'l>,
    length: usize,
}

enum What<'l> {
    Literal(&'l str),
    Code(&'l str),
    Strong(&'l str),
    Emphasis(&'l str),
    Struck(&'l str),
    Link { words: &'l str, target: &'l str },
}

/// What begins at the start of `rest`, if anything does.
fn read<'l>(before: &str, rest: &'l str) -> Option<Mark<'l>> {
    match rest.as_bytes().first()? {
        b'\\' => {
            let sign = rest.get(1..2).filter(|sign| sign.as_bytes()[0].is_ascii_punctuation())?;
            Some(Mark { what: What::Literal(sign), length: 2 })
        }
        b'`' => code(rest),
        b'[' => link(rest),
        b'~' => {
            let (inner, length) = between(rest, "~~")?;
            Some(Mark { what: What::Struck(inner), length })
        }
        b'*' => {
            if let Some((inner, length)) = between(rest, "**") {
                return Some(Mark { what: What::Strong(inner), length });
            }
            let (inner, length) = between(rest, "*")?;
            Some(Mark { what: What::Emphasis(inner), length })
        }
        _ => {
            // Within a word it is part of a name.
            if before.ends_with(|last: char| last.is_alphanumeric()) {
                return None;
            }
            let (what, inner, length) = match between(rest, "__") {
                // `__init__` is a name.
                Some((inner, _)) if !inner.contains(' ') => return None,
                Some((inner, length)) => (What::Strong(inner), inner, length),
                None => {
                    let (inner, length) = between(rest, "_")?;
                    (What::Emphasis(inner), inner, length)
                }
            };
            let after = rest.get(length..).unwrap_or_default();
            (!inner.is_empty() && !after.starts_with(char::is_alphanumeric))
                .then_some(Mark { what, length })
        }
    }
}

/// What stands between two of a sign, and the bytes of both signs and it. The first stands
/// before a word and the second after one.
fn between<'l>(rest: &'l str, sign: &str) -> Option<(&'l str, usize)> {
    let inner = rest.strip_prefix(sign)?;
    let own = *sign.as_bytes().first()?;
    let opening = rest.bytes().take_while(|byte| *byte == own).count();
    // Three open both kinds of stress, the stronger first.
    let opens = opening == sign.len() || (sign.len(), opening) == (2, 3);
    if !opens || inner.is_empty() || inner.starts_with(' ') {
        return None;
    }
    let mut from = 0;
    loop {
        let run_at = from + inner.get(from..)?.find(char::from(own))?;
        let run = inner.get(run_at..)?.bytes().take_while(|byte| *byte == own).count();
        let closes = run >= sign.len() && (sign.len() > 1 || run != 2);
        if closes && !inner.get(..run_at)?.ends_with([' ', '\\']) {
            // Of a longer run the last signs close this one, the others what is inside.
            let end = run_at + (run - sign.len());
            return Some((inner.get(..end)?, end + 2 * sign.len()));
        }
        from = run_at + run;
    }
}

/// Code between as many backticks on either side.
fn code(rest: &str) -> Option<Mark<'_>> {
    let count = rest.bytes().take_while(|byte| *byte == b'`').count();
    let inner = rest.get(count..)?;
    let mut from = 0;
    loop {
        let at = from + inner.get(from..)?.find('`')?;
        let run = inner.get(at..)?.bytes().take_while(|byte| *byte == b'`').count();
        if run == count {
            let code = inner.get(..at)?;
            let trimmed = code.strip_prefix(' ').and_then(|code| code.strip_suffix(' '));
            let code = trimmed.filter(|code| !code.trim().is_empty()).unwrap_or(code);
            return Some(Mark { what: What::Code(code), length: at + 2 * count });
        }
        from = at + run;
    }
}

/// `[words](target)`.
fn link(rest: &str) -> Option<Mark<'_>> {
    let middle = rest.find("](")?;
    let words = rest.get(1..middle)?;
    if words.is_empty() || words.contains('[') {
        return None;
    }
    let after = rest.get(middle + 2..)?;
    let end = after.find(')')?;
    let target = after.get(..end)?;
    if target.is_empty() || target.contains(' ') {
        return None;
    }
    Some(Mark { what: What::Link { words, target }, length: middle + 3 + end })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(line: &str) -> Vec<(String, Tone)> {
        let (mut text, mut tones) = (String::new(), Vec::new());
        render(&mut text, &mut tones, line, Tone::default());
        let mut at = 0;
        tones
            .into_iter()
            .map(|(end, tone)| {
                let stretch = text[at..end].to_owned();
                at = end;
                (stretch, tone)
            })
            .collect()
    }

    fn plain(line: &str) -> String {
        shown(line).into_iter().map(|(stretch, _)| stretch).collect()
    }

    #[test]
    fn marks_are_taken_away_and_tell_the_tone() {
        let strong = Tone { strong: true, ..Tone::default() };
        let emphasis = Tone { emphasis: true, ..Tone::default() };
        assert_eq!(shown("**a**"), [("a".to_owned(), strong)]);
        assert_eq!(shown("__a b__"), [("a b".to_owned(), strong)]);
        assert_eq!(shown("*a*"), [("a".to_owned(), emphasis)]);
        assert_eq!(shown("_a b_"), [("a b".to_owned(), emphasis)]);
        assert_eq!(shown("``a`b``"), [("a`b".to_owned(), Tone::of(Kind::Code))]);
        assert_eq!(plain("***both***"), "both");
        assert_eq!(plain("~~gone~~ \\*kept\\*"), "gone *kept*");
        assert_eq!(plain("see [here](https://a.example/b)"), "see here (https://a.example/b)");
    }

    #[test]
    fn signs_that_open_nothing_stand_for_themselves() {
        for line in [
            "snake_case_name and __init__.py",
            "2 * 3 * 4",
            "*args and **kwargs",
            "a ** b",
            "`open",
            "**open",
            "[a] (b)",
            "[](x)",
            "~about~",
            "C:\\path",
        ] {
            assert_eq!(plain(line), line);
        }
    }

    #[test]
    fn many_signs_cost_no_more_than_their_line() {
        let line = "*a ".repeat(1300);
        assert_eq!(plain(&line), line);
        let deep = format!("{}a{}", "*".repeat(900), "*".repeat(900));
        assert!(plain(&deep).contains('a'));
    }
}
