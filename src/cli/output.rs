//! Where words go: data to standard output, everything else to standard error.

use std::io::{self, Write};

use serde::Serialize;

use crate::{
    config::Environment,
    safety::{MarkStyle, Sanitiser, display_line_with, display_with},
};

/// Standard output and standard error of one command.
pub struct Output {
    data: Box<dyn Write + Send>,
    words: Box<dyn Write + Send>,
    data_is_terminal: bool,
    words_are_seen: bool,
    marks: MarkStyle,
}

/// Nobody reads the output any more, as after `| head`: the command stops, and that is no error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Closed;

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

    /// A value as JSON on one line.
    ///
    /// # Errors
    /// [`Closed`] when nobody reads it.
    pub fn json<T: Serialize>(&mut self, value: &T) -> Result<(), Closed> {
        // Everything that is printed here can be written as JSON.
        let mut text = serde_json::to_string(value).unwrap_or_default();
        text.push('\n');
        self.raw(text.as_bytes())
    }

    /// Bytes as they are.
    ///
    /// # Errors
    /// [`Closed`] when nobody reads them.
    pub fn raw(&mut self, bytes: &[u8]) -> Result<(), Closed> {
        self.data.write_all(bytes).and_then(|()| self.data.flush()).map_err(|_| Closed)
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
