//! Regular expressions that somebody else wrote: run in a bounded number of steps, whatever they
//! are and whatever they are held against.
//!
//! None of them ever backtracks. What is left that could take long is a large expression over a
//! long text: its automaton is made as it is needed, and where it would have to be made anew all
//! the time, or cannot be used at all, the number of steps decides whether it is run without.

use std::{
    cell::{OnceCell, RefCell},
    fmt,
    ops::Range,
};

use regex_automata::{
    Input,
    hybrid::{dfa, regex},
    nfa::thompson::{self, pikevm::PikeVM},
    util::syntax,
};

/// Bytes of memory an expression may take.
const SIZE: usize = 4 << 20;
/// Bytes of memory for the automaton that is made of it.
const CACHE: usize = 8 << 20;
/// How often the automaton may be forgotten for want of room before it has to prove useful …
const FORGOTTEN: usize = 8;
/// … by so many bytes of text for each state that was made.
const USEFUL: usize = 1_000;
/// Steps that may be taken without an automaton: states of the expression times bytes of text.
const STEPS: usize = 300_000_000;

/// A regular expression, in the syntax of Rust's `regex`.
pub struct Expression {
    source: String,
    automaton: regex::Regex,
    cache: RefCell<regex::Cache>,
    /// For where the automaton gives up; made once it does.
    machine: OnceCell<Option<PikeVM>>,
}

/// A text is too long for an expression as large as this.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLong;

impl fmt::Display for TooLong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the expression is too large for a text as long as this")
    }
}

impl Expression {
    /// Reads an expression.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub fn new(expression: &str) -> Result<Self, String> {
        let lazily = dfa::Config::new()
            // Only as far as the text is ASCII; the machine knows the rest.
            .unicode_word_boundary(true)
            .skip_cache_capacity_check(true)
            .cache_capacity(CACHE)
            .minimum_cache_clear_count(Some(FORGOTTEN))
            .minimum_bytes_per_state(Some(USEFUL));
        // Which sort of error it is cannot be asked, so the syntax is read first.
        if let Err(error) = syntax::parse(expression) {
            let told = error.to_string();
            let last = told.lines().last().unwrap_or_default();
            return Err(super::display_line(last.trim_start_matches("error: ")).into_owned());
        }
        let automaton = regex::Builder::new()
            .dfa(lazily)
            .thompson(states())
            .build(expression)
            .map_err(|_| "the expression is too large".to_owned())?;
        let cache = RefCell::new(automaton.create_cache());
        Ok(Self { source: expression.to_owned(), automaton, cache, machine: OnceCell::new() })
    }

    /// The first match in a text.
    ///
    /// # Errors
    /// [`TooLong`] where looking for it would take too many steps.
    pub fn find(&self, text: &str) -> Result<Option<Range<usize>>, TooLong> {
        let mut cache = self.cache.borrow_mut();
        if let Ok(found) = self.automaton.try_search(&mut cache, &Input::new(text)) {
            return Ok(found.map(|found| found.range()));
        }
        let build = || PikeVM::builder().thompson(states()).build(&self.source).ok();
        // The automaton was made of the same states, so the machine can be made.
        let machine = self.machine.get_or_init(build).as_ref().ok_or(TooLong)?;
        if machine.get_nfa().states().len().saturating_mul(text.len()) > STEPS {
            return Err(TooLong);
        }
        let mut cache = machine.create_cache();
        Ok(machine.find(&mut cache, text).map(|found| found.range()))
    }

    /// Whether it matches anywhere in a text.
    ///
    /// # Errors
    /// [`TooLong`] where looking for it would take too many steps.
    pub fn is_match(&self, text: &str) -> Result<bool, TooLong> {
        self.find(text).map(|found| found.is_some())
    }
}

/// How the states of an expression are made: not more of them than there is room for.
fn states() -> thompson::Config {
    thompson::Config::new().nfa_size_limit(Some(SIZE))
}

impl fmt::Debug for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Expression").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Expressions that take for ever in engines that backtrack, and what they are held against.
    const HOSTILE: [(&str, &str, &str); 25] = [
        ("(a+)+$", "a", "!"),
        ("(a*)*b", "a", ""),
        ("(a|a)*b", "a", ""),
        ("(a|aa)+$", "a", "!"),
        ("(a|a?)+$", "a", "!"),
        ("(.*)*x", "a", ""),
        ("(.*a){20}", "b", ""),
        ("(.*){1,32}[bc]", "a", ""),
        ("^(([a-z])+.)+[A-Z]([a-z])+$", "a", ""),
        (r"^(\w+\s?)*$", "aaaaaaaaaa ", "!"),
        (r"^\s+|\s+$", " ", "x "),
        (r"(\d+)*\.(\d+)*e", "1", ""),
        (r"([a-zA-Z0-9])(([\-.]|[_]+)?([a-zA-Z0-9]+))*(@){1}[a-z0-9]+", "a", "!"),
        (r"^([a-zA-Z0-9_\.\-])+\@(([a-zA-Z0-9\-])+\.)+([a-zA-Z0-9]{2,4})+$", "a", "@a."),
        (r"(x+x+)+y", "x", ""),
        (r"((a{1,10}){1,10}){1,5}b", "a", ""),
        (r"(a?){60}a{60}$", "a", "!"),
        (r"^(?:.?)+Y", "x", ""),
        (r"<!--([\s\S]*?)*-->", "<!--", ""),
        (r"(?i)(\b\w+\b[^.]*)+\?", "word, ", "!"),
        (r"\b(\w+)\b(.*\b\w+\b)*!", "wört ", ""),
        (r"(\p{L}+\p{M}*)+\d", "é", ""),
        (r"[\w\s]{0,50}z{20}", "y ", ""),
        (r"(?s)^(.|\n)*END", "line\n", ""),
        (r"(([^,]*),)*;", "a,", ""),
    ];

    #[test]
    fn no_expression_takes_for_ever() {
        const LENGTH: usize = 10 << 20;
        let mut answered = 0;
        for (expression, piece, end) in HOSTILE {
            let compiled = Expression::new(expression).expect(expression);
            let text = piece.repeat(LENGTH / piece.len()) + end;
            // An answer, or that there is none in so many steps: either way it comes to an end.
            answered += u32::from(compiled.find(&text).is_ok());
            // And on what people write it is an answer.
            let short = piece.repeat(200) + end;
            assert!(compiled.find(&short).is_ok(), "{expression}");
        }
        assert!(answered >= 20, "{answered} of 25");
    }

    #[test]
    fn one_that_is_too_large_is_refused_and_a_long_text_is_too_long_for_a_large_one() {
        assert_eq!(
            Expression::new(r"\w{1000}{1000}").expect_err("refused"),
            "the expression is too large"
        );
        assert!(Expression::new("a(").expect_err("refused").contains("unclosed group"));
        // Nearly every byte needs a state of its own, of thousands of states at once.
        let large = Expression::new(r"(?:[ab]{0,150}[bc]{0,150}a){1,12}d\b").expect("read");
        let mut text = String::new();
        let mut random = 1_u64;
        while text.len() < 1 << 20 {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            text.push(if random >> 60 < 8 { 'a' } else { 'b' });
        }
        text.push('é');
        assert_eq!(large.find(&text), Err(TooLong));
        assert_eq!(large.find(&text[..500]), Ok(None));
    }

    #[test]
    fn it_finds_what_it_is_to_find() {
        for (expression, text, found) in [
            ("b+", "abbc", Some(1..3)),
            ("^x", "yx", None),
            (r"\bé\b", "è é", Some(3..5)),
            ("", "abc", Some(0..0)),
            ("(?i)internal only", "this is INTERNAL ONLY", Some(8..21)),
        ] {
            let expression = Expression::new(expression).expect(expression);
            assert_eq!(expression.find(text), Ok(found), "{expression:?} on {text}");
        }
    }
}
