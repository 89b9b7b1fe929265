//! From a streamed body's bytes to what its decoder says, and where reading stops.

use crate::{
    model::{CallError, ProviderEvent},
    provider::{
        EventSink,
        ndjson::NdjsonParser,
        protocol::{Decoder, Framing, Protocol},
        sse::{LineError, SseItem, SseParser},
    },
};

/// Why a stream is read no further.
#[derive(Debug)]
pub(in crate::provider) enum Stop {
    /// The protocol's own end was seen.
    Complete,
    Failed(CallError),
}

/// A streamed body being read.
pub(in crate::provider) struct Frames<'p> {
    protocol: &'p dyn Protocol,
    decoder: Box<dyn Decoder>,
    parser: Parser,
    limit: u64,
    /// The body as long as nothing in it was framed as it should be.
    head: Option<Vec<u8>>,
}

enum Parser {
    Sse(SseParser),
    Ndjson(NdjsonParser),
}

impl<'p> Frames<'p> {
    /// A reader that refuses frames longer than `limit` bytes.
    pub fn new(protocol: &'p dyn Protocol, limit: u64) -> Self {
        let (parser, head) = match protocol.endpoint().framing {
            Framing::Sse => (Parser::Sse(SseParser::new(limit)), Some(Vec::new())),
            // A whole reply is a line of the stream: there is nothing to tell apart.
            Framing::Ndjson => (Parser::Ndjson(NdjsonParser::new(limit)), None),
        };
        Self { decoder: protocol.decoder(), protocol, parser, limit, head }
    }

    /// Reads on.
    ///
    /// # Errors
    /// Where nothing more is to be read: the end, a failure, a frame longer than the limit.
    pub fn push(&mut self, chunk: &[u8], events: EventSink<'_>) -> Result<(), LineError<Stop>> {
        let decoder = self.decoder.as_mut();
        let mut framed = false;
        let read = match &mut self.parser {
            Parser::Sse(parser) => parser.push(chunk, |item| {
                framed = true;
                sse_item(item, decoder, events)
            }),
            Parser::Ndjson(parser) => parser.push(chunk, |line| frame(b"", line, decoder, events)),
        };
        self.head = self
            .head
            .take()
            .filter(|head| !framed && (head.len() + chunk.len()) as u64 <= self.limit);
        if let Some(head) = &mut self.head {
            head.extend_from_slice(chunk);
        }
        read
    }

    /// Nothing more is read, as the body has ended or the protocol's own end was seen.
    ///
    /// # Errors
    /// Where the answer is not complete.
    pub fn finish(mut self, events: EventSink<'_>) -> Result<(), CallError> {
        if let Some(body) = self.head.as_deref().filter(|head| is_unframed(head)) {
            // A whole reply, an error or a page that calls itself a stream.
            return self.protocol.whole(body, events);
        }
        let decoder = self.decoder.as_mut();
        // A last line without its end is still one.
        let outcome = match &mut self.parser {
            Parser::Sse(parser) => parser.finish(|item| sse_item(item, decoder, events)),
            Parser::Ndjson(parser) => parser.finish(|line| frame(b"", line, decoder, events)),
        };
        match outcome {
            Ok(()) | Err(Stop::Complete) => self.decoder.end(events),
            Err(Stop::Failed(error)) => Err(error),
        }
    }
}

/// Whether a body begins as no line of server-sent events does.
fn is_unframed(body: &[u8]) -> bool {
    let body = body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body);
    matches!(body.trim_ascii_start().first(), Some(b'{' | b'<' | b'['))
}

fn sse_item(
    item: SseItem<'_>,
    decoder: &mut dyn Decoder,
    events: EventSink<'_>,
) -> Result<(), Stop> {
    match item {
        SseItem::Comment => {
            events(ProviderEvent::Heartbeat);
            Ok(())
        }
        SseItem::Event { name, data } => frame(name, data, decoder, events),
    }
}

fn frame(
    name: &[u8],
    data: &[u8],
    decoder: &mut dyn Decoder,
    events: EventSink<'_>,
) -> Result<(), Stop> {
    match decoder.frame(name, data, events) {
        Ok(false) => Ok(()),
        Ok(true) => Err(Stop::Complete),
        Err(error) => Err(Stop::Failed(error)),
    }
}
