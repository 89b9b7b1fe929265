//! Newline-delimited JSON, read incrementally: one document a line.
//!
//! Lines end in LF or CRLF, empty lines mean nothing, a leading byte order mark is skipped. As in
//! [`super::sse`], only whole lines are looked at, so the network's cuts cannot matter.

use memchr::memchr;

use super::sse::LineError;

/// An incremental reader of newline-delimited JSON, bounded per line.
#[derive(Debug)]
pub struct NdjsonParser {
    limit: usize,
    /// The beginning of a line whose end has not arrived.
    line: Vec<u8>,
    at_start: bool,
}

impl NdjsonParser {
    /// A reader that refuses lines longer than `limit` bytes.
    #[must_use]
    pub fn new(limit: u64) -> Self {
        Self {
            limit: usize::try_from(limit).unwrap_or(usize::MAX),
            line: Vec::new(),
            at_start: true,
        }
    }

    /// Reads on. Every line completed by these bytes goes to `receive`, in order, without its
    /// end and without white space around it.
    ///
    /// # Errors
    /// [`LineError::TooLong`] when a line outgrows the limit, and whatever the receiver returns.
    pub fn push<E>(
        &mut self,
        bytes: &[u8],
        mut receive: impl FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<(), LineError<E>> {
        let mut rest = bytes;
        while let Some(end) = memchr(b'\n', rest) {
            let (line, after) = rest.split_at(end);
            rest = after.get(1..).unwrap_or_default();
            if self.line.len() + line.len() > self.limit {
                return Err(self.too_long());
            }
            if self.line.is_empty() {
                self.take_line(line, &mut receive).map_err(LineError::Receiver)?;
            } else {
                let mut whole = std::mem::take(&mut self.line);
                whole.extend_from_slice(line);
                self.take_line(&whole, &mut receive).map_err(LineError::Receiver)?;
                whole.clear();
                self.line = whole;
            }
        }
        if self.line.len() + rest.len() > self.limit {
            return Err(self.too_long());
        }
        self.line.extend_from_slice(rest);
        Ok(())
    }

    /// The bytes have ended. What stands after the last line end is given out too: whether it was
    /// cut shows in whether it is a whole document.
    ///
    /// # Errors
    /// Whatever the receiver returns.
    pub fn finish<E>(&mut self, mut receive: impl FnMut(&[u8]) -> Result<(), E>) -> Result<(), E> {
        let last = std::mem::take(&mut self.line);
        // What was cut inside the byte order mark held no document.
        if self.at_start && b"\xEF\xBB\xBF".starts_with(&last) {
            return Ok(());
        }
        self.take_line(&last, &mut receive)
    }

    fn take_line<E>(
        &mut self,
        mut line: &[u8],
        receive: &mut impl FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        if std::mem::take(&mut self.at_start) {
            line = line.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(line);
        }
        let line = line.trim_ascii();
        if line.is_empty() { Ok(()) } else { receive(line) }
    }

    fn too_long<E>(&self) -> LineError<E> {
        LineError::TooLong { limit: self.limit as u64 }
    }
}
