//! The keys that are in use, found exactly, in every form they may be written in.

use std::sync::{Arc, OnceLock};

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD},
};

use super::patterns::{Escaped, Patterns, Source};

/// Keys shorter than this, in bytes, are words (`ollama`, `none`) that a local server is given
/// because something must be; they are left in texts.
pub const SHORTEST_KEY: usize = 8;
/// A piece of base64 shorter than this may be in any text.
const SHORTEST_PIECE: usize = 12;

/// More keys than anybody has; so many can be looked for at once.
const MOST_KEYS: usize = 500;

/// The keys in use. Shows nothing of them.
#[derive(Clone, Default)]
pub struct KnownKeys {
    /// The name and every form of each key, the key itself first.
    forms: Vec<(String, Vec<String>)>,
    /// Made when they are first looked for: many programs end before that.
    patterns: OnceLock<Option<Arc<Patterns>>>,
}

impl KnownKeys {
    /// Adds the key of something, such as `openai`. One that is known already, or so short that
    /// it is no secret, changes nothing.
    ///
    /// # Errors
    /// Where there are so many keys, hundreds of them, that they cannot all be looked for.
    pub fn add(&mut self, owner: &str, key: &str) -> Result<(), String> {
        let key = key.trim();
        let known = self.forms.iter().filter_map(|(_, forms)| forms.first());
        if key.len() < SHORTEST_KEY || known.into_iter().any(|known| known == key) {
            return Ok(());
        }
        if self.forms.len() == MOST_KEYS {
            return Err(format!("there are more than {MOST_KEYS} keys"));
        }
        self.forms.push((format!("{owner}-key"), forms(key)));
        self.patterns = OnceLock::new();
        Ok(())
    }

    pub(super) fn patterns(&self) -> Option<Arc<Patterns>> {
        self.patterns.get_or_init(|| self.build()).clone()
    }

    fn build(&self) -> Option<Arc<Patterns>> {
        let mut texts: Vec<(&str, &str, Escaped)> = Vec::new();
        for (name, forms) in &self.forms {
            for (number, form) in forms.iter().enumerate() {
                let escaped = if number == 0 { Escaped::Any } else { Escaped::Signs };
                texts.push((name, form, escaped));
            }
        }
        // Where one begins with another, all of the longer one is to go.
        texts.sort_by_key(|(_, form, _)| std::cmp::Reverse(form.len()));
        let sources = |escaped: fn(Escaped) -> Escaped| {
            let sources =
                texts.iter().map(|(name, form, how)| Source::of_text(name, form, escaped(*how)));
            Patterns::new(sources.collect()).ok().flatten().map(Arc::new)
        };
        // Texts as they are make no wrong pattern. Hundreds of long ones in every spelling may be
        // too much together; as they are they never are.
        sources(|how| how).or_else(|| sources(|_| Escaped::Not))
    }
}

impl std::fmt::Debug for KnownKeys {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("KnownKeys").finish_non_exhaustive()
    }
}

/// A key as it is, and the base64 of it wherever it begins in what was encoded.
fn forms(key: &str) -> Vec<String> {
    let mut forms = vec![key.to_owned()];
    for alphabet in [STANDARD_NO_PAD, URL_SAFE_NO_PAD] {
        for before in 0..3 {
            let piece = piece_of_base64(&alphabet, key, before);
            if piece.len() >= SHORTEST_PIECE && !forms.contains(&piece) {
                forms.push(piece);
            }
        }
    }
    forms
}

/// The characters of the base64 of a text that depend on the key in it alone, where the key
/// begins `before` bytes after a multiple of three.
fn piece_of_base64(alphabet: &base64::engine::GeneralPurpose, key: &str, before: usize) -> String {
    let mut bytes = vec![0; before];
    bytes.extend_from_slice(key.as_bytes());
    let encoded = alphabet.encode(&bytes);
    // Bits of the bytes before reach into the first characters, of those after into the last.
    let first = (before * 8).div_ceil(6);
    let last = bytes.len() * 8 / 6;
    encoded.get(first..last).unwrap_or_default().to_owned()
}
