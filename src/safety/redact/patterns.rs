//! Many patterns made into one automaton, and what is found with it.

use std::{ops::Range, sync::OnceLock};

use regex_automata::{
    Anchored, Input, PatternID, meta::Regex, nfa::thompson, util::captures::Captures,
};
use regex_syntax::{
    ParserBuilder,
    hir::{Class, ClassUnicode, ClassUnicodeRange, Hir, Repetition},
};

use super::{
    partial,
    rule::{Candidate, Check, Rest, Rule},
};

/// The longest text one pattern may match, in bytes. What a stream holds back is no longer.
pub const LONGEST_MATCH: usize = 1024;

/// The largest automaton, in bytes.
const LARGEST: usize = 64 << 20;
/// The largest that one pattern of the user's own may make: how long it takes goes with it.
const LARGEST_OWN: usize = 4 << 20;

/// Several patterns that are looked for at once.
pub(super) struct Patterns {
    find: Regex,
    /// What any of them may begin with, at the end of a text.
    begins: OnceLock<Option<Regex>>,
    /// Kept for it: whole texts do without it.
    hirs: Vec<Hir>,
    entries: Vec<Entry>,
    longest: usize,
}

/// What to do where one of the patterns is found.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub name: String,
    pub label: String,
    check: Option<Check>,
    rest: Rest,
    /// Its first group is what is taken out.
    has_group: bool,
}

/// A pattern with what to do where it is found.
pub(super) struct Source {
    pub entry: Entry,
    pub hir: Hir,
}

/// What was found, and where a next thing may begin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub range: Range<usize>,
    pub pattern: usize,
}

impl Source {
    pub fn of_rule(rule: &Rule) -> Result<Self, String> {
        let hir = parse(rule.pattern)?;
        let entry = Entry {
            name: rule.name.to_owned(),
            label: rule.label.to_owned(),
            check: rule.check,
            rest: rule.rest,
            has_group: hir.properties().explicit_captures_len() > 0,
        };
        Ok(Self { entry, hir })
    }

    /// A pattern of the user's.
    pub fn of_pattern(name: &str, pattern: &str) -> Result<Self, String> {
        let hir = parse(pattern)?;
        let limit = thompson::Config::new().nfa_size_limit(Some(LARGEST_OWN));
        if thompson::Compiler::new().configure(limit).build_from_hir(&hir).is_err() {
            return Err("it is too large; count less in it".to_owned());
        }
        let entry = Entry {
            name: name.to_owned(),
            label: format!("what the pattern `{name}` finds"),
            check: None,
            rest: Rest::None,
            has_group: hir.properties().explicit_captures_len() > 0,
        };
        Ok(Self { entry, hir })
    }

    /// A text that is to be found, however its characters are escaped.
    pub fn of_text(name: &str, text: &str, escaped: Escaped) -> Self {
        let entry = Entry {
            name: name.to_owned(),
            label: "a key that is in use".to_owned(),
            check: None,
            rest: Rest::None,
            has_group: false,
        };
        let spelled = |character: char| match escaped {
            Escaped::Not => false,
            Escaped::Signs => !character.is_ascii_alphanumeric(),
            Escaped::Any => true,
        };
        let parts = text.chars().map(|character| {
            if spelled(character) { spellings(character) } else { literal(&[character]) }
        });
        Self { entry, hir: Hir::concat(parts.collect()) }
    }
}

/// Which characters of a text may be written in an escaped form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Escaped {
    Not,
    /// All but letters and digits.
    Signs,
    Any,
}

/// Backslashes before an escape: JSON in JSON in JSON has four.
const MOST_BACKSLASHES: u32 = 4;

/// A character as it is, as JSON may escape it, and in percent-encoding.
fn spellings(character: char) -> Hir {
    let backslashes = Hir::repetition(Repetition {
        min: 1,
        max: Some(MOST_BACKSLASHES),
        greedy: true,
        sub: Box::new(literal(&['\\'])),
    });
    let mut ways = vec![literal(&[character])];
    let mut units = [0; 2];
    let mut by_number = Vec::new();
    for unit in character.encode_utf16(&mut units) {
        by_number.extend([backslashes.clone(), literal(&['u']), hex(&format!("{unit:04x}"))]);
    }
    ways.push(Hir::concat(by_number));
    if matches!(character, '/' | '"' | '\\') {
        ways.push(Hir::concat(vec![backslashes, literal(&[character])]));
    }
    let mut bytes = [0; 4];
    let encoded = character.encode_utf8(&mut bytes).bytes();
    let percent = encoded.flat_map(|byte| [literal(&['%']), hex(&format!("{byte:02x}"))]);
    ways.push(Hir::concat(percent.collect()));
    Hir::alternation(ways)
}

/// Hexadecimal digits, large or small.
fn hex(digits: &str) -> Hir {
    let digit = |digit: char| {
        let both = [digit.to_ascii_lowercase(), digit.to_ascii_uppercase()];
        Hir::class(Class::Unicode(ClassUnicode::new(both.map(|it| ClassUnicodeRange::new(it, it)))))
    };
    Hir::concat(digits.chars().map(digit).collect())
}

fn literal(characters: &[char]) -> Hir {
    Hir::literal(characters.iter().collect::<String>().into_bytes())
}

/// Reads a pattern, and refuses one whose matches may be empty or have no end.
fn parse(pattern: &str) -> Result<Hir, String> {
    let hir = ParserBuilder::new().build().parse(pattern).map_err(|error| match error {
        regex_syntax::Error::Parse(error) => error.kind().to_string(),
        regex_syntax::Error::Translate(error) => error.kind().to_string(),
        other => other.to_string(),
    })?;
    if !partial::is_bounded(&hir, LONGEST_MATCH) {
        return Err(format!(
            "it must match at least one and at most {LONGEST_MATCH} bytes: write `.{{0,200}}` instead of `.*`"
        ));
    }
    Ok(hir)
}

impl Patterns {
    /// `None` for no patterns.
    pub fn new(sources: Vec<Source>) -> Result<Option<Self>, String> {
        if sources.is_empty() {
            return Ok(None);
        }
        let (entries, hirs): (Vec<Entry>, Vec<Hir>) =
            sources.into_iter().map(|source| (source.entry, source.hir)).unzip();
        let build = |error: regex_automata::meta::BuildError| match error.size_limit() {
            Some(_) => "the patterns together are too large; count less in them".to_owned(),
            None => error.to_string(),
        };
        let find = Regex::builder()
            .configure(Regex::config().nfa_size_limit(Some(LARGEST)))
            .build_many_from_hir(&hirs)
            .map_err(build)?;
        let lengths = hirs.iter().filter_map(|hir| hir.properties().maximum_len());
        let longest = lengths.max().unwrap_or(LONGEST_MATCH);
        Ok(Some(Self { find, begins: OnceLock::new(), hirs, entries, longest }))
    }

    pub fn entry(&self, pattern: usize) -> &Entry {
        &self.entries[pattern]
    }

    pub fn rest(&self, pattern: usize) -> Rest {
        self.entries[pattern].rest
    }

    /// The byte from which more text could still change what is found; the end where none could.
    pub fn settled(&self, text: &str, from: usize) -> usize {
        let least = from.max(text.len().saturating_sub(self.longest));
        let least = text.ceil_char_boundary(least);
        let begins = self.begins.get_or_init(|| {
            let beginnings = partial::beginnings(&self.hirs);
            let limit = Regex::config().nfa_size_limit(Some(LARGEST));
            Regex::builder().configure(limit).build_from_hir(&beginnings).ok()
        });
        // Without it nothing is settled that could be reached by a match.
        let Some(begins) = begins else { return least };
        begins.search(&Input::new(text).range(least..)).map_or(text.len(), |found| found.start())
    }

    /// The first thing at or after `from` that begins, and whose part to take out begins, before
    /// `before`.
    pub fn next(&self, text: &str, from: usize, before: usize) -> Next {
        let mut from = from;
        while from < before {
            let Some(found) = self.find.search(&Input::new(text).range(from..)) else { break };
            if found.start() >= before {
                break;
            }
            let first = found.pattern().as_usize();
            for pattern in first..self.entries.len() {
                let span = match self.at(text, found.start(), pattern) {
                    Some(span) if pattern > first => span,
                    _ if pattern == first => found.range(),
                    _ => continue,
                };
                let Some(range) = self.confirmed(text, span, pattern) else { continue };
                if range.start >= before {
                    return Next::Later(found.start());
                }
                let better = self.entries[pattern].has_group.then(|| self.named(text, range.start));
                return Next::Found(better.flatten().unwrap_or(Found { range, pattern }));
            }
            from = text.ceil_char_boundary(found.start() + 1);
        }
        Next::Nothing
    }

    /// What a pattern matches exactly here.
    fn at(&self, text: &str, start: usize, pattern: usize) -> Option<Range<usize>> {
        let input = Input::new(text).range(start..).anchored(anchor(pattern));
        self.find.search(&input).map(|found| found.range())
    }

    /// The part of a match that is taken out, if its check agrees.
    fn confirmed(&self, text: &str, span: Range<usize>, pattern: usize) -> Option<Range<usize>> {
        let entry = &self.entries[pattern];
        let range = if entry.has_group { self.group(text, span, pattern)? } else { span };
        let Some(check) = entry.check else { return Some(range) };
        let candidate = Candidate {
            text: text.get(range.clone())?,
            before: text.get(..range.start)?.chars().next_back(),
            after: text.get(range.end..)?.chars().next(),
        };
        check(&candidate).map(|length| range.start..range.start + length)
    }

    fn group(&self, text: &str, span: Range<usize>, pattern: usize) -> Option<Range<usize>> {
        let mut captures: Captures = self.find.create_captures();
        let input = Input::new(text).range(span).anchored(anchor(pattern));
        self.find.search_captures(&input, &mut captures);
        captures.get_group(1).map(|span| span.start..span.end)
    }

    /// A rule that knows by its look what stands beside a name.
    fn named(&self, text: &str, start: usize) -> Option<Found> {
        (0..self.entries.len()).filter(|&pattern| !self.entries[pattern].has_group).find_map(
            |pattern| {
                let span = self.at(text, start, pattern)?;
                let range = self.confirmed(text, span, pattern)?;
                Some(Found { range, pattern })
            },
        )
    }
}

/// Shows nothing: what is looked for may be keys.
impl std::fmt::Debug for Patterns {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Patterns").finish_non_exhaustive()
    }
}

/// What [`Patterns::next`] saw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Next {
    Found(Found),
    /// Something begins here whose part to take out is not settled.
    Later(usize),
    Nothing,
}

fn anchor(pattern: usize) -> Anchored {
    Anchored::Pattern(PatternID::new(pattern).unwrap_or(PatternID::ZERO))
}
