//! A key on its way from where it is kept to the header it travels in.

use std::hint::black_box;

/// A secret text. It has no `Debug`, `Display` or `Serialize`, so that it cannot reach a log, a
/// record, an error or the screen by accident; whoever needs the text says [`Secret::expose`].
/// The bytes are overwritten when it is dropped.
#[derive(Clone)]
pub struct Secret(Vec<u8>);

impl Secret {
    /// Keeps a text secret.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(text.into_bytes())
    }

    /// The text itself, for a header marked sensitive and for nothing else.
    #[must_use]
    pub fn expose(&self) -> &str {
        // The bytes came out of a `String`, so this never falls back.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        self.0.fill(0);
        // Without a reader the optimiser may leave the overwriting out.
        black_box(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gives_back_the_text_only_when_asked() {
        let secret = Secret::new("sk-çé-1".to_owned());
        assert_eq!(secret.expose(), "sk-çé-1");
        assert_eq!(secret.clone().expose(), "sk-çé-1");
    }
}
