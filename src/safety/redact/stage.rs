//! Text that comes in pieces, with what the patterns find replaced. However it is cut, the
//! result is that for the whole.

use std::{ops::Range, sync::Arc};

use super::{
    patterns::{Next, Patterns},
    rule::Swallow,
};

/// Where text goes that has been looked through.
pub(super) trait Sink {
    /// A piece that stays as it is.
    fn text(&mut self, text: &str);
    /// Something is taken out, of which this many bytes are known.
    fn taken(&mut self, patterns: &Patterns, pattern: usize, length: usize);
    /// More bytes of what was taken out last.
    fn more(&mut self, length: usize);
}

/// One set of patterns laid over a stream.
#[derive(Clone, Debug)]
pub(super) struct Stage {
    patterns: Arc<Patterns>,
    /// What is not settled, after one character that is, for what looks back.
    held: String,
    /// Where in it the unsettled begins.
    from: usize,
    swallow: Option<Swallow>,
}

impl Stage {
    pub fn new(patterns: Arc<Patterns>) -> Self {
        Self { patterns, held: String::new(), from: 0, swallow: None }
    }

    pub fn push(&mut self, text: &str, sink: &mut dyn Sink) {
        if text.is_empty() {
            return;
        }
        self.held.push_str(text);
        self.from = look(&self.patterns, &self.held, self.from, &mut self.swallow, false, sink);
        let kept = self.held[..self.from].chars().next_back().map_or(0, char::len_utf8);
        self.held.drain(..self.from - kept);
        self.from = kept;
    }

    /// Lets go of what was held back and begins a new text.
    pub fn finish(&mut self, sink: &mut dyn Sink) {
        look(&self.patterns, &self.held, self.from, &mut self.swallow, true, sink);
        self.held.clear();
        self.from = 0;
        self.swallow = None;
    }
}

/// Looks through a whole text.
pub(super) fn look_through(patterns: &Patterns, text: &str, sink: &mut dyn Sink) {
    look(patterns, text, 0, &mut None, true, sink);
}

/// Hands on all from `from` that is settled; where the unsettled begins.
fn look(
    patterns: &Patterns,
    text: &str,
    mut from: usize,
    swallow: &mut Option<Swallow>,
    ended: bool,
    sink: &mut dyn Sink,
) -> usize {
    loop {
        if let Some(swallowing) = swallow {
            let (length, goes_on) = swallowing.take(&text[from..]);
            sink.more(length);
            from += length;
            if goes_on {
                return from;
            }
            *swallow = None;
        }
        let settled = if ended { text.len() } else { patterns.settled(text, from) };
        match patterns.next(text, from, settled) {
            Next::Found(found) => {
                let Range { start, end } = found.range;
                sink.text(&text[from..start]);
                sink.taken(patterns, found.pattern, end - start);
                from = end;
                *swallow = Swallow::new(patterns.rest(found.pattern));
            }
            Next::Later(start) => {
                sink.text(&text[from..start]);
                return start;
            }
            Next::Nothing => {
                sink.text(&text[from..settled]);
                return settled;
            }
        }
    }
}
