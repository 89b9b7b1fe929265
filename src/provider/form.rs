//! Frames that repeat the one before in all but a piece of text, as nearly all frames of a stream
//! do: such a piece is found by what stands around it, without reading the document again.

/// What stood before and after the piece of text of the last frame.
#[derive(Debug, Default)]
pub(super) struct Form {
    before: Vec<u8>,
    after: Vec<u8>,
}

impl Form {
    /// Remembers what stands around a piece of a frame. A piece that is no part of it, because
    /// something in it was escaped, has nothing around it, and the form is forgotten.
    pub fn learn(&mut self, frame: &[u8], piece: &str) {
        let around = piece.as_ptr().addr().checked_sub(frame.as_ptr().addr()).and_then(|start| {
            let before = frame.get(..start)?;
            Some((before, frame.get(start + piece.len()..)?))
        });
        match around {
            // A string from its first to its last character.
            Some((before @ [.., b'"'], after @ [b'"', ..])) => {
                self.before.clear();
                self.before.extend_from_slice(before);
                self.after.clear();
                self.after.extend_from_slice(after);
            }
            _ => self.forget(),
        }
    }

    /// Forgets it: the next frame is read whole.
    pub fn forget(&mut self) {
        self.before.clear();
    }

    /// The piece of a frame that is as the last one was but for that. The piece is one string in
    /// both: it has neither quotation marks nor escapes in it, and is not empty.
    pub fn piece<'f>(&self, frame: &'f [u8]) -> Option<&'f str> {
        if self.before.is_empty() {
            return None;
        }
        let piece = frame.strip_prefix(&*self.before)?.strip_suffix(&*self.after)?;
        let plain = |byte: &u8| *byte >= b' ' && !matches!(*byte, b'"' | b'\\');
        if piece.is_empty() || !piece.iter().all(plain) {
            return None;
        }
        std::str::from_utf8(piece).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn learnt(frame: &str, piece: &str) -> Form {
        let start = frame.find(piece).expect("a part of it");
        let mut form = Form::default();
        form.learn(frame.as_bytes(), &frame[start..start + piece.len()]);
        form
    }

    #[test]
    fn a_frame_that_differs_in_the_piece_alone_is_read() {
        let form = learnt(r#"{"a":"one","b":1}"#, "one");
        for piece in ["two", "a", "wörd 👍🏽", "one", "}", ",\u{7f}"] {
            let frame = format!(r#"{{"a":"{piece}","b":1}}"#);
            assert_eq!(form.piece(frame.as_bytes()), Some(piece), "{frame}");
        }
    }

    #[test]
    fn any_other_frame_is_not() {
        let form = learnt(r#"{"a":"one","b":1}"#, "one");
        for frame in [
            r#"{"a":"","b":1}"#,
            r#"{"a":"two","b":2}"#,
            r#"{"c":"two","b":1}"#,
            r#"{"a":"t\nwo","b":1}"#,
            r#"{"a":"two","b":1,"a":"three","b":1}"#,
            "{\"a\":\"t\nwo\",\"b\":1}",
            r#"{"a":"two","b":1} "#,
            r#"{"a":","b":1}"#,
            "",
        ] {
            assert_eq!(form.piece(frame.as_bytes()), None, "{frame}");
        }
        assert_eq!(form.piece(b"{\"a\":\"t\xff\",\"b\":1}"), None, "that is no text");
    }

    #[test]
    fn a_piece_that_was_escaped_has_no_form() {
        let mut form = learnt(r#"{"a":"one"}"#, "one");
        form.learn(br#"{"a":"\u006fne"}"#, &String::from("one"));
        assert_eq!(form.piece(br#"{"a":"two"}"#), None);
        assert_eq!(Form::default().piece(b"two"), None);
    }
}
