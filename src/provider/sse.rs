//! Server-sent events, read incrementally.
//!
//! Follows the stream interpretation of the HTML standard: lines end in LF, CR or CRLF, a leading
//! byte order mark is skipped, lines that begin with a colon are comments, several `data` lines
//! join with LF, and an empty line ends the event. `id` and `retry` are of no use here.
//!
//! Every chunking of the same bytes gives the same events: only whole lines are looked at, so no
//! character, line end or mark can be misread where the network cut it. The cost of a byte does
//! not grow with the length of the event it belongs to.

use memchr::memchr2;

/// What a line or an empty line said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SseItem<'a> {
    /// A whole event.
    Event {
        /// The event's name; empty when none was given.
        name: &'a [u8],
        /// Its data lines, joined with LF.
        data: &'a [u8],
    },
    /// A comment, sent to keep the connection alive.
    Comment,
}

/// Why a stream cannot be read on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LineError<E> {
    /// A line or an event is longer than allowed, in bytes.
    TooLong { limit: u64 },
    /// The receiver stopped.
    Receiver(E),
}

/// An incremental reader of server-sent events, bounded per event.
#[derive(Debug)]
pub struct SseParser {
    limit: usize,
    /// The beginning of a line whose end has not arrived.
    line: Vec<u8>,
    /// The name of the event being read.
    name: Vec<u8>,
    /// The data lines of the event being read, except one still borrowed from the chunk.
    data: Vec<u8>,
    has_data: bool,
    /// The line before ended in CR, so that an LF right here belongs to it.
    after_cr: bool,
    at_start: bool,
}

impl SseParser {
    /// A reader that refuses lines and events longer than `limit` bytes.
    #[must_use]
    pub fn new(limit: u64) -> Self {
        Self {
            limit: usize::try_from(limit).unwrap_or(usize::MAX),
            line: Vec::new(),
            name: Vec::new(),
            data: Vec::new(),
            has_data: false,
            after_cr: false,
            at_start: true,
        }
    }

    /// Reads on. Every event completed by these bytes goes to `receive`, in order.
    ///
    /// # Errors
    /// [`LineError::TooLong`] when a line or the data of an event outgrows the limit, and
    /// whatever the receiver returns. Neither the rest of the bytes nor later ones can be read
    /// after that.
    pub fn push<E>(
        &mut self,
        bytes: &[u8],
        mut receive: impl FnMut(SseItem<'_>) -> Result<(), E>,
    ) -> Result<(), LineError<E>> {
        let mut rest = bytes;
        // The only data line of the event being read, while it is still in this chunk: in the
        // usual stream an event is one line, and its data is never copied.
        let mut fresh: Option<&[u8]> = None;
        loop {
            if self.after_cr && !rest.is_empty() {
                self.after_cr = false;
                if rest.first() == Some(&b'\n') {
                    rest = rest.get(1..).unwrap_or_default();
                }
            }
            let Some(end) = memchr2(b'\n', b'\r', rest) else { break };
            let (line, after) = rest.split_at(end);
            self.after_cr = after.first() == Some(&b'\r');
            rest = after.get(1..).unwrap_or_default();
            if self.line.len() + line.len() > self.limit {
                return Err(self.too_long());
            }
            if self.line.is_empty() {
                self.take_line(line, &mut fresh, &mut receive)?;
            } else {
                // The line began in an earlier chunk.
                let mut whole = std::mem::take(&mut self.line);
                whole.extend_from_slice(line);
                let mut none = None;
                self.settle(&mut fresh);
                self.take_line(&whole, &mut none, &mut receive)?;
                self.settle(&mut none);
                whole.clear();
                self.line = whole;
            }
        }
        self.settle(&mut fresh);
        if self.line.len() + rest.len() > self.limit {
            return Err(self.too_long());
        }
        self.line.extend_from_slice(rest);
        Ok(())
    }

    /// The bytes have ended. An event whose lines are whole but which lacks its empty line is
    /// given out, as some servers forget that line; a line without its end is not, since it may
    /// have been cut.
    ///
    /// # Errors
    /// Whatever the receiver returns.
    pub fn finish<E>(
        &mut self,
        mut receive: impl FnMut(SseItem<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        self.line.clear();
        if std::mem::take(&mut self.has_data) {
            receive(SseItem::Event { name: &self.name, data: &self.data })?;
        }
        self.data.clear();
        self.name.clear();
        Ok(())
    }

    /// Keeps the borrowed data line beyond the chunk it lies in.
    fn settle(&mut self, fresh: &mut Option<&[u8]>) {
        if let Some(line) = fresh.take() {
            self.data.extend_from_slice(line);
        }
    }

    fn take_line<'c, E>(
        &mut self,
        mut line: &'c [u8],
        fresh: &mut Option<&'c [u8]>,
        receive: &mut impl FnMut(SseItem<'_>) -> Result<(), E>,
    ) -> Result<(), LineError<E>> {
        if std::mem::take(&mut self.at_start) {
            line = line.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(line);
        }
        if line.is_empty() {
            if std::mem::take(&mut self.has_data) {
                let data = fresh.take().unwrap_or(&self.data);
                let given = receive(SseItem::Event { name: &self.name, data });
                self.data.clear();
                self.name.clear();
                return given.map_err(LineError::Receiver);
            }
            self.name.clear();
            return Ok(());
        }
        if let Some(value) = line.strip_prefix(b"data:") {
            return self.add_data(value.strip_prefix(b" ").unwrap_or(value), fresh);
        }
        if line.first() == Some(&b':') {
            return receive(SseItem::Comment).map_err(LineError::Receiver);
        }
        let (field, value) = match memchr::memchr(b':', line) {
            Some(colon) => {
                let value = line.get(colon + 1..).unwrap_or_default();
                (line.get(..colon).unwrap_or(line), value.strip_prefix(b" ").unwrap_or(value))
            }
            None => (line, &b""[..]),
        };
        match field {
            b"data" => self.add_data(value, fresh),
            b"event" => {
                self.name.clear();
                self.name.extend_from_slice(value);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn add_data<'c, E>(
        &mut self,
        value: &'c [u8],
        fresh: &mut Option<&'c [u8]>,
    ) -> Result<(), LineError<E>> {
        if !std::mem::replace(&mut self.has_data, true) {
            *fresh = Some(value);
            return Ok(());
        }
        self.settle(fresh);
        if self.data.len() + 1 + value.len() > self.limit {
            return Err(self.too_long());
        }
        self.data.push(b'\n');
        self.data.extend_from_slice(value);
        Ok(())
    }

    fn too_long<E>(&self) -> LineError<E> {
        LineError::TooLong { limit: self.limit as u64 }
    }
}
