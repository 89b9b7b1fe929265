//! An answer as it grows: pieces joined, times taken, and what has not been kept yet.

use std::{collections::BTreeMap, time::Duration};

use jiff::Timestamp;
use tokio::time::Instant;

use super::{account::Reach, run::RunEventKind};
use crate::{
    model::{
        ChunkKind, ChunkLog, Execution, FinishReason, ProviderEvent, Timing, ToolCall, ToolPiece,
        Usage,
    },
    store::Checkpoint,
};

/// Text is kept at most this long after it came …
const LONGEST_UNKEPT: Duration = Duration::from_millis(500);
/// … or once this many bytes wait to be kept.
const MOST_UNKEPT: usize = 4 << 10;

/// Calls of which pieces are kept at once. No model asks for as many, and a server that begins them
/// without end is not to fill the memory with what it never finishes.
const MOST_COMING: usize = 256;

/// Signs of life that come closer together are one in the log of chunks: nothing else is said by
/// them, and a server may send millions.
const BEAT: Duration = Duration::from_millis(100);

/// One attempt's answer so far.
#[derive(Debug)]
pub(super) struct Assembly {
    /// The model that was asked.
    asked: String,
    started: Instant,
    text: String,
    reasoning: String,
    refusal: String,
    tool_calls: Vec<ToolCall>,
    /// Calls of which only pieces have come, by their index.
    coming: BTreeMap<u64, ToolCall>,
    usage: Usage,
    cost_usd: Option<f64>,
    request_id: Option<String>,
    error_body: Option<String>,
    finish: Option<(FinishReason, String)>,
    response_model: Option<String>,
    timing: Timing,
    /// Whether the whole request was handed to the connection.
    sent: bool,
    first_content: Option<Duration>,
    chunks: ChunkLog,
    /// The last sign of life in the log of chunks.
    beat: Option<Duration>,
    /// How much of each text is written for sure.
    kept: [usize; 3],
    /// How much of each the checkpoint on its way holds.
    taken: [usize; 3],
    unkept_since: Option<Instant>,
    /// A checkpoint failed: the next one is not before then.
    not_before: Option<Instant>,
}

impl Assembly {
    /// An answer of which nothing has come, asked for now.
    pub fn new(asked: &str, started: Instant, timing: Timing) -> Self {
        Self {
            asked: asked.to_owned(),
            started,
            text: String::new(),
            reasoning: String::new(),
            refusal: String::new(),
            tool_calls: Vec::new(),
            coming: BTreeMap::new(),
            usage: Usage::default(),
            cost_usd: None,
            request_id: None,
            error_body: None,
            finish: None,
            response_model: None,
            timing,
            sent: false,
            first_content: None,
            chunks: ChunkLog::default(),
            beat: None,
            kept: [0; 3],
            taken: [0; 3],
            unkept_since: None,
            not_before: None,
        }
    }

    /// Takes in what the provider said `now`, and says what is to be told of it.
    pub fn take(&mut self, event: ProviderEvent, now: Instant) -> Option<RunEventKind> {
        let at = now.saturating_duration_since(self.started);
        match event {
            // Said of the server, not of the answer.
            ProviderEvent::Limits(_) => return None,
            ProviderEvent::Sent => {
                self.sent = true;
                return Some(RunEventKind::Sent);
            }
            ProviderEvent::Headers { request_id, .. } => {
                self.timing.headers_ms = Some(millis(at));
                // That the call was accepted is worth keeping too: it is paid for from here on.
                self.unkept_since.get_or_insert(now);
                self.request_id = request_id;
                return Some(RunEventKind::Headers);
            }
            ProviderEvent::ErrorBody(body) => {
                self.error_body = Some(body);
                return None;
            }
            _ => {}
        }
        self.timing.first_event_ms.get_or_insert_with(|| millis(at));
        match event {
            ProviderEvent::Sent
            | ProviderEvent::Limits(_)
            | ProviderEvent::Headers { .. }
            | ProviderEvent::ErrorBody(_) => None,
            ProviderEvent::Heartbeat => {
                if self.beat.is_none_or(|last| at.saturating_sub(last) >= BEAT) {
                    self.beat = Some(at);
                    self.chunks.push(micros(at), ChunkKind::Other, 0);
                }
                Some(RunEventKind::Heartbeat)
            }
            ProviderEvent::Model(model) => {
                self.response_model = Some(model).filter(|model| *model != self.asked);
                None
            }
            ProviderEvent::Text(text) => self.piece(ChunkKind::Text, text, now),
            ProviderEvent::Reasoning(text) => self.piece(ChunkKind::Reasoning, text, now),
            ProviderEvent::Refusal(text) => self.piece(ChunkKind::Refusal, text, now),
            ProviderEvent::ToolPiece(piece) => {
                self.first_content.get_or_insert(at);
                self.chunks.push(micros(at), ChunkKind::Tool, piece.arguments.len());
                self.coming_call(piece);
                Some(RunEventKind::Heartbeat)
            }
            ProviderEvent::ToolCall(call) => {
                self.first_content.get_or_insert(at);
                if !self.has_come(&call) {
                    self.chunks.push(micros(at), ChunkKind::Tool, call.arguments_raw.len());
                }
                self.tool_calls.push(call);
                None
            }
            ProviderEvent::Usage(usage) => {
                self.usage = usage;
                Some(RunEventKind::Usage(usage))
            }
            ProviderEvent::Cost(cost) => {
                self.cost_usd = Some(cost);
                None
            }
            ProviderEvent::Finish { reason, raw } => {
                // Every call is told by then.
                self.coming.clear();
                self.finish = Some((reason, raw));
                None
            }
        }
    }

    /// Joins a piece to the call it belongs to.
    fn coming_call(&mut self, piece: ToolPiece) {
        if self.coming.len() >= MOST_COMING && !self.coming.contains_key(&piece.index) {
            return;
        }
        let call = self.coming.entry(piece.index).or_insert_with(|| ToolCall {
            id: String::new(),
            name: String::new(),
            arguments: None,
            arguments_raw: String::new(),
        });
        if call.id.is_empty() {
            call.id = piece.id;
        }
        if call.name.is_empty() {
            call.name = piece.name;
        }
        call.arguments_raw.push_str(&piece.arguments);
    }

    /// Whether a call came in pieces, which are let go of.
    fn has_come(&mut self, whole: &ToolCall) -> bool {
        let pieces = self.coming.iter();
        let same = |call: &ToolCall| call.id == whole.id && call.name == whole.name;
        let index = pieces.filter(|(_, call)| same(call)).map(|(index, _)| *index).next();
        index.is_some_and(|index| self.coming.remove(&index).is_some())
    }

    fn piece(&mut self, kind: ChunkKind, piece: String, now: Instant) -> Option<RunEventKind> {
        if piece.is_empty() {
            return None;
        }
        let at = now.saturating_duration_since(self.started);
        let at_ms = millis(at);
        self.first_content.get_or_insert(at);
        self.chunks.push(micros(at), kind, piece.len());
        self.unkept_since.get_or_insert(now);
        let none = String::new;
        Some(match kind {
            ChunkKind::Reasoning => {
                self.reasoning.push_str(&piece);
                RunEventKind::Delta { text: none(), reasoning: piece, refusal: none(), at_ms }
            }
            ChunkKind::Refusal => {
                self.timing.ttft_ms.get_or_insert(at_ms);
                self.refusal.push_str(&piece);
                RunEventKind::Delta { text: none(), reasoning: none(), refusal: piece, at_ms }
            }
            _ => {
                self.timing.ttft_ms.get_or_insert(at_ms);
                self.text.push_str(&piece);
                RunEventKind::Delta { text: piece, reasoning: none(), refusal: none(), at_ms }
            }
        })
    }

    /// When it was asked for, by the time of day.
    pub const fn started_at(&self) -> Timestamp {
        self.timing.started_at
    }

    /// What the provider says that the answer cost, in US dollars.
    pub const fn told_cost(&self) -> Option<f64> {
        self.cost_usd
    }

    /// The name the server gave the request.
    pub fn request_id(&self) -> Option<&str> {
        self.request_id.as_deref()
    }

    /// The body of the error status it was answered with.
    pub fn error_body(&self) -> Option<&str> {
        self.error_body.as_deref()
    }

    /// The tokens of prompt and answer, once both are known.
    pub fn tokens(&self) -> Option<u64> {
        Some(self.usage.input_tokens?.saturating_add(self.usage.output_tokens?))
    }

    /// Whether any of the answer has come.
    pub const fn began(&self) -> bool {
        self.first_content.is_some()
    }

    /// Whether the head of a success has come.
    pub const fn is_accepted(&self) -> bool {
        self.timing.headers_ms.is_some()
    }

    /// How far the attempt came.
    pub const fn reach(&self) -> Reach {
        Reach { sent: self.sent, accepted: self.is_accepted(), began: self.began() }
    }

    /// When what has come is to be kept at the latest; `None` while all of it is.
    pub fn keep_by(&self) -> Option<Instant> {
        let since = self.unkept_since?;
        let due = if self.unkept() >= MOST_UNKEPT { since } else { since + LONGEST_UNKEPT };
        Some(self.not_before.map_or(due, |earliest| due.max(earliest)))
    }

    fn unkept(&self) -> usize {
        let lengths = [self.text.len(), self.reasoning.len(), self.refusal.len()];
        lengths.iter().zip(self.kept).map(|(length, kept)| length - kept).sum()
    }

    /// Everything that is not written yet. What becomes of it is for [`Self::was_kept`] and
    /// [`Self::was_not_kept`] to say before the next one is taken.
    pub fn checkpoint(&mut self) -> Checkpoint {
        let pieces = [&self.text, &self.reasoning, &self.refusal];
        let [text_delta, reasoning_delta, refusal_delta] =
            std::array::from_fn(|index| pieces[index][self.kept[index]..].to_owned());
        self.taken = pieces.map(String::len);
        self.unkept_since = None;
        Checkpoint {
            text_delta,
            reasoning_delta,
            refusal_delta,
            timing: Some(self.timing.clone()),
            usage: self.usage.is_known().then_some(self.usage),
            response_model: self.response_model.clone(),
            ..Checkpoint::default()
        }
    }

    /// The checkpoint that was taken is written.
    pub const fn was_kept(&mut self) {
        self.kept = self.taken;
        self.not_before = None;
    }

    /// The checkpoint that was taken could not be written: all of it goes with the next one.
    pub fn was_not_kept(&mut self, now: Instant) {
        self.unkept_since.get_or_insert(now);
        self.not_before = Some(now + LONGEST_UNKEPT);
    }

    /// Writes the answer into its record, and gives back when its pieces came.
    pub fn finish(self, execution: &mut Execution, ended: Instant) -> ChunkLog {
        let total = ended.saturating_duration_since(self.started);
        execution.timing = Timing { total_ms: Some(millis(total)), ..self.timing };
        execution.timing.tokens_per_second = self
            .first_content
            .and_then(|first| rate(self.usage.output_tokens?, total.saturating_sub(first)));
        execution.text = self.text;
        execution.reasoning = self.reasoning;
        execution.refusal = self.refusal;
        execution.tool_calls = self.tool_calls;
        // Of calls that broke off there is what came. It is never read as arguments: cut short,
        // it may look like whole ones.
        execution.tool_calls.extend(self.coming.into_values());
        execution.usage = self.usage;
        if let Some((reason, raw)) = self.finish {
            execution.finish_reason = Some(reason);
            execution.finish_reason_raw = Some(raw);
        }
        execution.response_model = self.response_model;
        self.chunks
    }
}

/// Tokens per second; `None` for a time too short to say (a reply that came whole).
#[expect(clippy::cast_precision_loss, reason = "token counts are far below 2^52")]
fn rate(tokens: u64, time: Duration) -> Option<f64> {
    (time >= Duration::from_millis(10)).then(|| tokens as f64 / time.as_secs_f64())
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_another_model_than_the_one_that_was_asked_is_kept_as_the_one_that_answered() {
        let now = Instant::now();
        for (answered, kept) in [("fast", None), ("fast-2", Some("fast-2"))] {
            let mut assembly = Assembly::new("fast", now, Timing::started(Timestamp::UNIX_EPOCH));
            assembly.take(ProviderEvent::Model(answered.to_owned()), now);
            assert_eq!(assembly.checkpoint().response_model.as_deref(), kept);
        }
    }
}
