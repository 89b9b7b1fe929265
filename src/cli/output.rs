//! Where words go: data to standard output, everything else to standard error.

use std::{
    fmt::Write as _,
    io::{self, BufWriter, Write},
};

use serde::Serialize;

use crate::{
    config::Environment,
    safety::{Hidden, MarkStyle, Sanitiser, display_line_with, display_with, hidden},
};

/// Standard output and standard error of one command.
pub struct Output {
    data: Box<dyn Write + Send>,
    words: Box<dyn Write + Send>,
    data_is_terminal: bool,
    words_are_seen: bool,
    marks: MarkStyle,
}

/// Why nothing more can be printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Closed {
    /// Nobody reads the output any more, as after `| head`: the command stops, and that is no
    /// error.
    Left,
    /// What was to take it did not, as a file on a full disk: what it has is not whole.
    Failed(io::ErrorKind),
}

impl Closed {
    /// What an error of writing means, to a terminal or to something else.
    fn of(error: &io::Error, terminal: bool) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::Left,
            // A terminal that is gone. Of a file it is a disk that fails.
            _ if cfg!(unix) && terminal && error.raw_os_error() == Some(EIO) => Self::Left,
            kind => Self::Failed(kind),
        }
    }
}

/// JSON up to so long, in bytes, is handed over at once: lines of programs that write to one file
/// do not mix.
const AT_ONCE: usize = 256 << 10;

/// Unix's number for an input or output error.
const EIO: i32 = 5;

impl Output {
    /// The process's own.
    #[must_use]
    pub fn of(environment: &Environment) -> Self {
        Self {
            data: Box::new(io::stdout()),
            words: Box::new(io::stderr()),
            data_is_terminal: environment.stdout_is_terminal,
            words_are_seen: environment.stderr_is_terminal,
            marks: if environment.speaks_unicode() { MarkStyle::Unicode } else { MarkStyle::Ascii },
        }
    }

    /// Text from a model or a file: exact where a program takes it, made safe where it would
    /// reach a terminal.
    ///
    /// # Errors
    /// [`Closed`] when nobody reads it.
    pub fn text(&mut self, text: &str) -> Result<(), Closed> {
        if self.data_is_terminal {
            let safe = display_with(text, self.marks).into_owned();
            self.raw(safe.as_bytes())
        } else {
            self.raw(text.as_bytes())
        }
    }

    /// A line for people, with text of whatever origin in it.
    ///
    /// # Errors
    /// [`Closed`] when nobody reads it.
    pub fn line(&mut self, text: &str) -> Result<(), Closed> {
        let safe = display_line_with(text, self.marks).into_owned();
        self.raw(safe.as_bytes())?;
        self.raw(b"\n")
    }

    /// A value as JSON on one line. On a terminal, what would act on it or hide is escaped, which
    /// means the same.
    ///
    /// # Errors
    /// [`Closed`] when nobody reads it.
    pub fn json<T: Serialize>(&mut self, value: &T) -> Result<(), Closed> {
        if self.data_is_terminal {
            // Everything that is printed here can be written as JSON.
            let text = serde_json::to_string(value).unwrap_or_default();
            return self.raw(format!("{}\n", escaped(&text)).as_bytes());
        }
        // Piece by piece: an answer of control characters is several times as long in JSON.
        let mut pieces = BufWriter::with_capacity(AT_ONCE, &mut self.data);
        let written = serde_json::to_writer(&mut pieces, value)
            .map_err(io::Error::from)
            .and_then(|()| pieces.write_all(b"\n"))
            .and_then(|()| pieces.flush());
        // What could not be written is not tried again.
        drop(pieces.into_parts());
        written
            .and_then(|()| self.data.flush())
            .map_err(|error| Closed::of(&error, self.data_is_terminal))
    }

    /// Bytes as they are.
    ///
    /// # Errors
    /// [`Closed`] when nobody reads them.
    pub fn raw(&mut self, bytes: &[u8]) -> Result<(), Closed> {
        let written = self.data.write_all(bytes).and_then(|()| self.data.flush());
        written.map_err(|error| Closed::of(&error, self.data_is_terminal))
    }

    /// A reader for an answer that streams: safe pieces where it would reach a terminal.
    #[must_use]
    pub fn stream(&self) -> Stream {
        Stream(self.data_is_terminal.then(|| Sanitiser::new(self.marks)))
    }

    /// Tells something on standard error, one line.
    pub fn tell(&mut self, text: &str) {
        let safe = display_line_with(text, self.marks).into_owned();
        // Nobody can be told that nobody can be told.
        let _ = writeln!(self.words, "{safe}");
    }

    /// Tells an error: what, where, and what to do next.
    pub fn fail(&mut self, text: &str) {
        self.tell(&format!("lathe: {text}"));
    }

    /// Tells something that only a person at a terminal cares about.
    pub fn remark(&mut self, text: &str) {
        if self.words_are_seen {
            self.tell(text);
        }
    }

    /// Whether a person reads what goes to standard output.
    #[must_use]
    pub const fn is_read_by_a_person(&self) -> bool {
        self.data_is_terminal
    }
}

/// JSON whose hidden characters are escapes. They stand inside strings alone, and there an escape
/// is the same character.
fn escaped(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    let mut rest = 0;
    for Hidden { offset, character, .. } in hidden(json) {
        out.push_str(&json[rest..offset]);
        for unit in character.encode_utf16(&mut [0; 2]) {
            // Writing into a text cannot fail.
            let _ = write!(out, "\\u{unit:04x}");
        }
        rest = offset + character.len_utf8();
    }
    out.push_str(&json[rest..]);
    out
}

/// An answer on its way to standard output.
pub struct Stream(Option<Sanitiser>);

impl Stream {
    /// What to write of a piece.
    pub fn push(&mut self, piece: &str) -> String {
        match &mut self.0 {
            None => piece.to_owned(),
            Some(sanitiser) => {
                let mut safe = String::new();
                sanitiser.push(piece, &mut safe);
                safe
            }
        }
    }

    /// What was held back.
    pub fn finish(&mut self) -> String {
        let mut safe = String::new();
        if let Some(sanitiser) = &mut self.0 {
            sanitiser.finish(&mut safe);
        }
        safe
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(unix)]
    fn a_terminal_that_is_gone_is_left_and_a_disk_that_fails_is_told() {
        let broken = io::Error::from_raw_os_error(EIO);
        assert_eq!(Closed::of(&broken, true), Closed::Left);
        assert_eq!(Closed::of(&broken, false), Closed::Failed(broken.kind()));
        let unread = io::Error::from(io::ErrorKind::BrokenPipe);
        assert_eq!(Closed::of(&unread, false), Closed::Left);
    }

    #[test]
    fn json_on_a_terminal_means_the_same_and_acts_on_nothing() {
        let hiding =
            ["\u{202e}turned", "zero\u{200b}width", "tag\u{e0041}", "\u{7f}", "👩\u{200d}👧"];
        for text in crate::payloads::PAYLOADS.iter().chain(&hiding) {
            let value = serde_json::json!({ "text": text, *text: 1 });
            let shown = escaped(&value.to_string());
            assert_eq!(
                serde_json::from_str::<serde_json::Value>(&shown).ok(),
                Some(value),
                "{shown}"
            );
            assert!(hidden(&shown).is_empty(), "{shown:?}");
        }
    }
}
