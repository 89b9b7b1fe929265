//! A random token that only the system message holds: a reply that has it has leaked the prompt.

use base64::{Engine, prelude::BASE64_STANDARD_NO_PAD};

use super::{border::word, encoded::rotate};

/// The token of one call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Canary {
    token: String,
    /// What to look for among letters and digits alone, and what each is called.
    traces: Vec<Trace>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Trace {
    text: String,
    /// Whether upper and lower case differ.
    exact: bool,
    how: &'static str,
}

const LENGTH: usize = 24;
/// Half a token is 60 random bits: nobody writes it by chance.
const HALF: usize = LENGTH / 2;

fn hexadecimal(text: &str, between: &str) -> String {
    text.bytes().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(between)
}

impl Canary {
    /// The token a random number makes.
    #[must_use]
    pub fn new(random: u128) -> Self {
        let token = word(random, LENGTH);
        let mut traces = Vec::new();
        let mut trace = |text: String, exact: bool, how: &'static str| {
            traces.push(Trace { text, exact, how });
        };
        for half in [&token[..HALF], &token[HALF..]] {
            trace(half.to_owned(), false, "as it is");
            trace(half.chars().rev().collect(), false, "reversed");
            trace(half.chars().map(rotate).collect(), false, "in rot13");
            trace(hexadecimal(half, ""), false, "in hexadecimal");
        }
        // Three bytes make four letters; the token may begin at any of the three.
        for skip in 0..3 {
            let whole = &token.as_bytes()[skip..];
            let whole = &whole[..whole.len() / 3 * 3];
            trace(BASE64_STANDARD_NO_PAD.encode(whole), true, "in base64");
        }
        Self { token, traces }
    }

    /// The token itself: 24 letters and digits.
    #[must_use]
    pub fn token(&self) -> &str {
        &self.token
    }

    /// How a whole text leaks the token, if it does.
    #[must_use]
    pub fn leak(&self, text: &str) -> Option<&'static str> {
        let mut watch = CanaryWatch::new(self.clone());
        watch.push(text);
        watch.finish()
    }

    fn found(&self, window: &str) -> Option<&'static str> {
        let lower = window.to_ascii_lowercase();
        let traces = self.traces.iter();
        let mut found = traces.filter(|trace| {
            let text = if trace.exact { window } else { &lower };
            memchr::memmem::find(text.as_bytes(), trace.text.as_bytes()).is_some()
        });
        found.next().map(|trace| trace.how)
    }

    fn longest(&self) -> usize {
        self.traces.iter().map(|trace| trace.text.len()).max().unwrap_or(0)
    }
}

/// Looks for a canary in a text that comes in pieces, however they are cut. Costs time in
/// proportion to the text and keeps a bounded tail of it.
#[derive(Clone, Debug)]
pub struct CanaryWatch {
    canary: Canary,
    /// Letters and digits not looked through yet, behind a tail of what was.
    window: String,
    fresh: usize,
    found: Option<&'static str>,
}

/// Letters and digits that are gathered before looking.
const GATHERED: usize = 256;

impl CanaryWatch {
    /// A watch at the start of a text.
    #[must_use]
    pub const fn new(canary: Canary) -> Self {
        Self { canary, window: String::new(), fresh: 0, found: None }
    }

    /// Takes the next piece, and says how the text leaks the token as soon as that is seen.
    /// What is seen may lie up to 256 letters behind until [`Self::finish`].
    pub fn push(&mut self, piece: &str) -> Option<&'static str> {
        // Separators are the simplest disguise.
        for character in piece.chars().filter(char::is_ascii_alphanumeric) {
            self.window.push(character);
            self.fresh += 1;
            if self.fresh >= GATHERED {
                self.look();
            }
        }
        self.found
    }

    /// Looks through what is left.
    pub fn finish(&mut self) -> Option<&'static str> {
        self.look();
        self.found
    }

    fn look(&mut self) {
        if self.found.is_none() {
            self.found = self.canary.found(&self.window);
        }
        let keep = self.canary.longest().min(self.window.len());
        self.window.drain(..self.window.len() - keep);
        self.fresh = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn canary() -> Canary {
        Canary::new(0x0123_4567_89ab_cdef_fedc_ba98_7654_3210)
    }

    #[test]
    fn a_leak_is_seen_in_every_simple_disguise() {
        let canary = canary();
        let token = canary.token().to_owned();
        let apart: Vec<String> = token.chars().map(String::from).collect();
        for (text, how) in [
            (format!("the mark is {token}."), "as it is"),
            (token.to_uppercase(), "as it is"),
            (format!("half: {}", &token[..12]), "as it is"),
            (apart.join("-"), "as it is"),
            (token.chars().rev().collect(), "reversed"),
            (token.chars().map(rotate).collect(), "in rot13"),
            (hexadecimal(&token, " ").to_uppercase(), "in hexadecimal"),
            (BASE64_STANDARD_NO_PAD.encode(format!("it is {token}")), "in base64"),
            (BASE64_STANDARD_NO_PAD.encode(format!("it was {token}")), "in base64"),
            (BASE64_STANDARD_NO_PAD.encode(format!("it seems {token}!")), "in base64"),
        ] {
            assert_eq!(canary.leak(&text), Some(how), "{text}");
        }
    }

    #[test]
    fn other_text_leaks_nothing() {
        let other = Canary::new(42);
        let long = "The quick brown fox. ".repeat(500);
        for text in [other.token(), "", &canary().token()[..11], &long] {
            assert_eq!(canary().leak(text), None);
        }
    }

    #[test]
    fn every_cut_of_the_text_is_the_same_to_it() {
        let canary = canary();
        let text = format!("{} {} {}", "x ".repeat(300), canary.token(), "y".repeat(40));
        for size in [1, 2, 3, 7, 11, 100, 1000] {
            let mut watch = CanaryWatch::new(canary.clone());
            let characters: Vec<char> = text.chars().collect();
            for piece in characters.chunks(size) {
                watch.push(&piece.iter().collect::<String>());
            }
            assert_eq!(watch.finish(), Some("as it is"), "pieces of {size}");
            assert!(watch.window.len() <= canary.longest());
        }
    }
}
