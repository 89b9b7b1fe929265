//! Which patterns a text can hold at all.
//!
//! Most texts hold none of them, and to make all the automata takes longer than to look over a
//! letter. So the words that a pattern cannot do without are read out of its expression; a text
//! is searched for the words of all patterns at once, and only the patterns whose words are all
//! there are compiled, once each, and looked for.

use std::{
    collections::HashMap,
    sync::{LazyLock, OnceLock},
};

use aho_corasick::{AhoCorasick, BuildError};
use regex_automata::meta::Regex;
use regex_syntax::hir::{Hir, HirKind};

use super::patterns::{self, Pattern};

/// A word of fewer bytes is in nearly every text.
const SHORTEST: usize = 2;
/// A choice of more words than these is no clue.
const MOST_WORDS: usize = 64;

/// A pattern with what a text must hold for it.
pub(super) struct Known {
    pub pattern: &'static Pattern,
    expression: OnceLock<Option<Regex>>,
    /// Of each choice one word must be there. Places in [`Screen::words`].
    choices: Vec<Vec<usize>>,
}

/// All patterns, and the search for their words.
pub(super) struct Screen {
    known: Vec<Known>,
    /// None where it could not be made: then every pattern is looked for.
    search: Option<AhoCorasick>,
    /// How many different words there are.
    words: usize,
}

/// The patterns of the program.
pub(super) static SCREEN: LazyLock<Screen> =
    LazyLock::new(|| Screen::new(patterns::PATTERNS.iter().chain(super::languages::PATTERNS)));

impl Known {
    /// The pattern's expression, compiled when it is first asked for. A test compiles every one;
    /// one that failed would only not be looked for.
    pub fn expression(&self) -> Option<&Regex> {
        let compiled = || patterns::compile(self.pattern.expression).ok();
        self.expression.get_or_init(compiled).as_ref()
    }
}

impl Screen {
    fn new(patterns: impl Iterator<Item = &'static Pattern>) -> Self {
        let mut places: HashMap<Vec<u8>, usize> = HashMap::new();
        let mut words: Vec<Vec<u8>> = Vec::new();
        let known = patterns
            .map(|pattern| {
                let needs = patterns::parse(pattern.expression)
                    .map_or_else(|_| Vec::new(), |hir| needs(&hir));
                let choices = needs.into_iter().map(|choice| {
                    choice
                        .into_iter()
                        .map(|word| {
                            *places.entry(word).or_insert_with_key(|word| {
                                words.push(word.clone());
                                words.len() - 1
                            })
                        })
                        .collect()
                });
                let choices = choices.collect();
                Known { pattern, expression: OnceLock::new(), choices }
            })
            .collect();
        let search = search(&words).ok();
        Self { known, search, words: words.len() }
    }

    /// The patterns that a text can hold, in their order.
    pub fn possible(&self, text: &[u8]) -> impl Iterator<Item = &Known> {
        let seen = self.search.as_ref().map(|search| {
            let mut seen = vec![false; self.words];
            for word in search.find_overlapping_iter(text) {
                if let Some(seen) = seen.get_mut(word.pattern().as_usize()) {
                    *seen = true;
                }
            }
            seen
        });
        self.known.iter().filter(move |known| {
            let is_seen = |word: &usize| {
                seen.as_ref().is_none_or(|seen| seen.get(*word).copied().unwrap_or(true))
            };
            known.choices.iter().all(|choice| choice.iter().any(is_seen))
        })
    }
}

fn search(words: &[Vec<u8>]) -> Result<AhoCorasick, BuildError> {
    AhoCorasick::new(words)
}

/// What every match of an expression holds: of each choice at least one word.
fn needs(expression: &Hir) -> Vec<Vec<Vec<u8>>> {
    match expression.kind() {
        HirKind::Literal(word) if word.0.len() >= SHORTEST => vec![vec![word.0.to_vec()]],
        HirKind::Capture(group) => needs(&group.sub),
        HirKind::Repetition(repeated) if repeated.min > 0 => needs(&repeated.sub),
        HirKind::Concat(parts) => parts.iter().flat_map(needs).collect(),
        HirKind::Alternation(ways) => {
            // Whichever way a match goes, it holds what tells most of that way.
            let each: Option<Vec<_>> = ways.iter().map(|way| best(needs(way))).collect();
            let mut choice = each.unwrap_or_default().concat();
            choice.sort_unstable();
            choice.dedup();
            if choice.is_empty() || choice.len() > MOST_WORDS { Vec::new() } else { vec![choice] }
        }
        _ => Vec::new(),
    }
}

/// The choice that is met most seldom: that of the longest words.
fn best(choices: Vec<Vec<Vec<u8>>>) -> Option<Vec<Vec<u8>>> {
    let shortest = |choice: &Vec<Vec<u8>>| choice.iter().map(Vec::len).min();
    choices.into_iter().max_by_key(shortest)
}

#[cfg(test)]
mod tests {
    use proptest::{
        prelude::*,
        strategy::Union,
        string::{bytes_regex_parsed, string_regex},
    };
    use regex_syntax::ParserBuilder;

    use super::*;

    fn words(expression: &str) -> Vec<Vec<String>> {
        let text = |word: Vec<u8>| String::from_utf8(word).expect("UTF-8");
        let choices = needs(&patterns::parse(expression).expect("valid"));
        choices.into_iter().map(|choice| choice.into_iter().map(text).collect()).collect()
    }

    #[test]
    fn the_words_of_an_expression_are_those_no_match_can_do_without() {
        assert_eq!(
            words("ignore<2> (?:all|previous) rules?"),
            [vec!["ignore"], vec!["all", "previous"], vec!["rule"]]
        );
        assert_eq!(words("(?:ignor(?:e|ing)|forget) a"), [vec!["forget", "ignor"]]);
        assert_eq!(words("(?:never|a) (?:tell)?"), Vec::<Vec<&str>>::new());
        assert_eq!(words("(?:secret){2}"), [vec!["secret"]]);
    }

    /// Texts that an expression describes, but for the ends of words, which say nothing of what
    /// a text holds. None for an expression that is about ends of lines.
    fn described(place: usize) -> Option<BoxedStrategy<(usize, Vec<u8>)>> {
        let expression = SCREEN.known[place].pattern.expression;
        let plain = patterns::spelled(expression).replace(r"(?-u:\b)", "");
        let texts = if expression.is_ascii() {
            let mut parser = ParserBuilder::new().unicode(false).utf8(false).build();
            bytes_regex_parsed(&parser.parse(&plain).expect("valid")).ok()?.boxed()
        } else {
            string_regex(&plain).ok()?.prop_map(String::into_bytes).boxed()
        };
        Some(texts.prop_map(move |text| (place, text)).boxed())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(10_000))]

        #[test]
        fn what_a_pattern_describes_is_never_passed_over(
            (place, text) in Union::new((0..SCREEN.known.len()).filter_map(described)),
        ) {
            let expression = SCREEN.known[place].pattern.expression;
            let mut possible = SCREEN.possible(&text);
            let possible = possible.any(|known| known.pattern.expression == expression);
            prop_assert!(possible, "{}", String::from_utf8_lossy(&text));
        }
    }

    #[test]
    fn most_patterns_are_put_to_that_test() {
        let untold = (0..SCREEN.known.len()).filter(|place| described(*place).is_none()).count();
        assert!(untold * 4 < SCREEN.known.len(), "{untold} of {}", SCREEN.known.len());
    }

    #[test]
    fn nearly_every_pattern_has_words_and_few_texts_have_them() {
        let mut without = Vec::new();
        for known in &SCREEN.known {
            assert!(known.expression().is_some(), "{}", known.pattern.expression);
            if known.choices.is_empty() {
                without.push(known.pattern.expression);
            }
        }
        assert!(without.len() <= 2, "{without:#?}");
        let letter = b"the parcel came on monday, and the lamp in it was broken. could you send \
            another one, please? i have been a customer for years and was always happy so far.";
        let possible: Vec<_> = SCREEN.possible(letter).map(|it| it.pattern.expression).collect();
        assert!(possible.len() * 10 <= SCREEN.known.len(), "{possible:#?}");
    }
}
