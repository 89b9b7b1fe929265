//! When things happened in a call, and how the answer came.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Times of one call in milliseconds after `started_at`, taken where bytes are parsed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Timing {
    pub started_at: Timestamp,
    /// Response headers arrived.
    pub headers_ms: Option<u64>,
    /// First data of any sort: a role, a heartbeat, reasoning.
    pub first_event_ms: Option<u64>,
    /// Time to first token: the first visible text.
    pub ttft_ms: Option<u64>,
    pub total_ms: Option<u64>,
    /// Output tokens per second between the first reasoning or text and the end, when the
    /// output tokens are known.
    pub tokens_per_second: Option<f64>,
}

impl Timing {
    /// A call that has just started.
    #[must_use]
    pub fn started(started_at: Timestamp) -> Self {
        Self {
            started_at,
            headers_ms: None,
            first_event_ms: None,
            ttft_ms: None,
            total_ms: None,
            tokens_per_second: None,
        }
    }
}

/// What a chunk carried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChunkKind {
    Text,
    Reasoning,
    Refusal,
    Tool,
    Other,
}

impl ChunkKind {
    const fn code(self) -> u8 {
        match self {
            Self::Text => 0,
            Self::Reasoning => 1,
            Self::Refusal => 2,
            Self::Tool => 3,
            Self::Other => 4,
        }
    }

    const fn from_code(code: u8) -> Option<Self> {
        Some(match code {
            0 => Self::Text,
            1 => Self::Reasoning,
            2 => Self::Refusal,
            3 => Self::Tool,
            4 => Self::Other,
            _ => return None,
        })
    }
}

/// Every chunk's time, kind and size, compactly, so that a stream can be replayed as it came.
///
/// Encoding, per chunk: one varint of `(microseconds since the chunk before) * 8 + kind`, one
/// varint of the bytes of UTF-8 it added. A varint is LEB128 (seven bits a byte, low first).
/// A stream of 50,000 tokens takes about 200 kB.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChunkLog {
    bytes: Vec<u8>,
    last_us: u64,
    count: usize,
}

impl ChunkLog {
    /// Appends a chunk that arrived `at_us` microseconds after the start of the call.
    pub fn push(&mut self, at_us: u64, kind: ChunkKind, added: usize) {
        let delta = at_us.saturating_sub(self.last_us);
        self.last_us = at_us.max(self.last_us);
        self.count += 1;
        put_varint(&mut self.bytes, delta.saturating_mul(8) | u64::from(kind.code()));
        put_varint(&mut self.bytes, added as u64);
    }

    /// How many chunks there were.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.count
    }

    /// Whether nothing arrived.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The encoded form, as stored.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Reads the encoded form back; what does not decode ends the log there.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Self {
        let mut log = Self::default();
        for (at_us, kind, added) in decode(bytes) {
            log.push(at_us, kind, added);
        }
        log
    }

    /// The chunks: microseconds after the start, kind, bytes added.
    pub fn iter(&self) -> impl Iterator<Item = (u64, ChunkKind, usize)> + '_ {
        decode(&self.bytes)
    }
}

fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push((value & 0x7f) as u8);
}

fn take_varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0_u64;
    for shift in (0..64).step_by(7) {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

fn decode(bytes: &[u8]) -> impl Iterator<Item = (u64, ChunkKind, usize)> + '_ {
    let mut rest = bytes;
    let mut at_us = 0_u64;
    std::iter::from_fn(move || {
        let head = take_varint(&mut rest)?;
        let kind = ChunkKind::from_code((head & 7) as u8)?;
        let added = usize::try_from(take_varint(&mut rest)?).ok()?;
        at_us = at_us.saturating_add(head >> 3);
        Some((at_us, kind, added))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_reads_back_as_written() {
        let mut log = ChunkLog::default();
        let chunks = [
            (0, ChunkKind::Other, 0),
            (121_003, ChunkKind::Reasoning, 12),
            (121_003, ChunkKind::Text, 300),
            (9_000_000_000, ChunkKind::Text, 1),
        ];
        for (at, kind, added) in chunks {
            log.push(at, kind, added);
        }
        assert_eq!(log.iter().collect::<Vec<_>>(), chunks);
        assert_eq!(ChunkLog::from_bytes(log.as_bytes()), log);
    }

    #[test]
    fn a_damaged_log_ends_where_the_damage_is() {
        let mut log = ChunkLog::default();
        log.push(10, ChunkKind::Text, 5);
        let mut bytes = log.as_bytes().to_vec();
        bytes.extend([0xff, 0xff]);
        assert_eq!(ChunkLog::from_bytes(&bytes).len(), 1);
    }
}
