//! What a rule is made of.

/// What a rule finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// Keys, tokens, passwords: whoever has them may act with them.
    Secret,
    /// What tells who somebody is, or how to reach them.
    Personal,
}

/// One rule of the built-in table.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// The name in settings and in what stands for the text taken out. Several patterns may
    /// share one.
    pub name: &'static str,
    /// What it finds, in words: `an OpenAI key`.
    pub label: &'static str,
    pub kind: Kind,
    /// Of bounded length. A first group is the part that is taken out; without one it is all.
    pub(super) pattern: &'static str,
    pub(super) check: Option<Check>,
    pub(super) rest: Rest,
}

/// Looks at what a pattern found: how many bytes of it count, if any do.
pub(super) type Check = fn(&Candidate<'_>) -> Option<usize>;

/// What a pattern found, and what stands around it.
pub(super) struct Candidate<'a> {
    pub text: &'a str,
    pub before: Option<char>,
    pub after: Option<char>,
}

/// What belongs to a secret after what its pattern found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rest {
    None,
    /// Letters, digits, `_` and `-`.
    Token,
    /// And one `.` between them.
    Dotted,
    /// And `/`.
    Path,
    /// Whatever a password may hold but spaces, quotes, brackets and separators.
    Value,
    /// A block of base64 to the line that ends it.
    KeyBlock,
}

impl Rule {
    pub(super) const fn check(self, check: Check) -> Self {
        Self { check: Some(check), ..self }
    }

    pub(super) const fn rest(self, rest: Rest) -> Self {
        Self { rest, ..self }
    }
}

/// Longest block taken out whole, in bytes: a key of 16,384 bits takes less.
const LONGEST_BLOCK: usize = 16 << 10;

/// How far the rest of a secret goes, told character by character.
#[derive(Clone, Debug)]
pub(super) struct Swallow {
    rest: Rest,
    taken: usize,
    dotted: bool,
    /// The last few characters of a block.
    recent: String,
    /// Dashes after the word that ends a block.
    closing: Option<usize>,
    done: bool,
}

impl Swallow {
    /// `None` where nothing follows.
    pub fn new(rest: Rest) -> Option<Self> {
        let start = Self {
            rest,
            taken: 0,
            dotted: false,
            recent: String::new(),
            closing: None,
            done: false,
        };
        (rest != Rest::None).then_some(start)
    }

    /// How many bytes of the text still belong to it, and whether it may go on after them.
    pub fn take(&mut self, text: &str) -> (usize, bool) {
        for (at, character) in text.char_indices() {
            if self.done || !self.belongs(character) {
                self.done = true;
                return (at, false);
            }
        }
        (text.len(), !self.done)
    }

    fn belongs(&mut self, character: char) -> bool {
        self.taken += character.len_utf8();
        let token = character.is_ascii_alphanumeric() || matches!(character, '_' | '-');
        match self.rest {
            Rest::None => false,
            Rest::Token => token,
            Rest::Dotted => {
                token || (character == '.' && !std::mem::replace(&mut self.dotted, true))
            }
            Rest::Path => token || character == '/',
            Rest::Value => {
                character.is_ascii_alphanumeric() || "_.~+/=!@$%^&*-".contains(character)
            }
            Rest::KeyBlock => self.in_block(character),
        }
    }

    fn in_block(&mut self, character: char) -> bool {
        if self.taken > LONGEST_BLOCK {
            return false;
        }
        if let Some(dashes) = &mut self.closing {
            if character == '-' {
                *dashes += 1;
                self.done = *dashes == 5;
                return true;
            }
            return *dashes == 0 && (character.is_ascii_alphanumeric() || character == ' ');
        }
        if self.recent.len() == 8 {
            self.recent.remove(0);
        }
        let fits = character.is_ascii_alphanumeric() || "+/=\\- \t\r\n".contains(character);
        if fits {
            self.recent.push(character);
            if self.recent == "-----END" {
                self.closing = Some(0);
            }
        }
        fits
    }
}
