//! A reply as server-sent events, each when it is due.

use std::{io, sync::Arc};

use axum::body::{Body, Bytes};
use futures_util::stream;
use serde_json::{Value, json};
use tokio::{
    sync::watch,
    time::{Instant, sleep_until},
};

use super::{
    models::Schedule,
    reply::DemoReply,
    tokens,
    wire::{finish_word, usage},
};

/// Bytes of events that are sent as one piece when more than one is due.
const FRAME: usize = 16 * 1024;

/// Counts the replies being sent; dropping it takes one off.
#[derive(Debug)]
pub struct Active(Arc<watch::Sender<usize>>);

impl Active {
    /// Adds one.
    pub fn new(counter: Arc<watch::Sender<usize>>) -> Self {
        counter.send_modify(|count| *count += 1);
        Self(counter)
    }
}

impl Drop for Active {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count -= 1);
    }
}

/// Where a stream stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Role,
    /// At this byte of the reasoning.
    Reasoning(usize),
    /// At this byte of the text.
    Text(usize),
    /// At this byte of the arguments of this call; `None`: its name is next.
    Call(usize, Option<usize>),
    Finish,
    Ended,
}

/// One streamed reply.
#[derive(Debug)]
pub struct EventStream {
    reply: DemoReply,
    schedule: Schedule,
    started: Instant,
    stage: Stage,
    sent: u64,
    include_usage: bool,
    /// Everything of a chunk before its delta.
    head: String,
    shutdown: watch::Receiver<bool>,
    _active: Active,
}

/// What every chunk of a stream carries.
#[derive(Debug)]
pub struct Envelope<'a> {
    pub id: &'a str,
    pub created: u64,
    pub include_usage: bool,
}

impl EventStream {
    /// A stream that starts now.
    pub fn new(
        reply: DemoReply,
        schedule: Schedule,
        envelope: &Envelope<'_>,
        shutdown: watch::Receiver<bool>,
        active: Active,
    ) -> Self {
        let head = format!(
            "data: {{\"id\":{},\"object\":\"chat.completion.chunk\",\"created\":{},\
             \"model\":\"{}\",\"system_fingerprint\":\"simulated\",\"choices\":",
            Value::from(envelope.id),
            envelope.created,
            reply.model.id()
        );
        Self {
            reply,
            schedule,
            started: Instant::now(),
            stage: Stage::Role,
            sent: 0,
            include_usage: envelope.include_usage,
            head,
            shutdown,
            _active: active,
        }
    }

    /// The body that carries it. Dropping the body (the client went away) ends the work.
    pub fn into_body(self) -> Body {
        Body::from_stream(stream::unfold(self, |mut events| async move {
            let frame = events.next_frame().await?;
            Some((frame, events))
        }))
    }

    /// The events that are due next, waiting until the first of them is.
    async fn next_frame(&mut self) -> Option<Result<Bytes, io::Error>> {
        let mut frame = String::new();
        loop {
            if self.stage == Stage::Ended {
                return (!frame.is_empty()).then(|| Ok(frame.into()));
            }
            let due = self.due();
            if due > Instant::now() {
                if !frame.is_empty() {
                    return Some(Ok(frame.into()));
                }
                if self.wait(due).await.is_err() {
                    self.stage = Stage::Ended;
                    return Some(Err(io::Error::other("the server is stopping")));
                }
            } else if *self.shutdown.borrow() {
                self.stage = Stage::Ended;
                return Some(Err(io::Error::other("the server is stopping")));
            }
            self.write_next(&mut frame);
            // The role goes out at once: a client learns that its request was taken.
            if frame.len() >= FRAME || self.sent == 0 {
                return Some(Ok(frame.into()));
            }
        }
    }

    /// Waits until `due`; an error means that the server is stopping.
    async fn wait(&mut self, due: Instant) -> Result<(), ()> {
        tokio::select! {
            () = sleep_until(due) => Ok(()),
            _ = self.shutdown.wait_for(|stopping| *stopping) => Err(()),
        }
    }

    fn due(&self) -> Instant {
        match self.stage {
            Stage::Role | Stage::Ended => self.started,
            _ => self.started + self.schedule.due(self.sent),
        }
    }

    /// Appends the next event and moves on.
    fn write_next(&mut self, frame: &mut String) {
        match self.stage {
            Stage::Role => {
                self.write_delta(frame, &json!({"role": "assistant", "content": ""}), None);
                self.stage = Stage::Reasoning(0);
                self.skip_empty();
            }
            Stage::Reasoning(at) => {
                let piece = tokens::pieces(&self.reply.reasoning[at..]).next().unwrap_or("");
                let next = at + piece.len();
                self.write_delta(frame, &json!({"reasoning_content": piece}), None);
                self.stage = Stage::Reasoning(next);
                self.sent += 1;
                self.skip_empty();
            }
            Stage::Text(at) => {
                let piece = tokens::pieces(&self.reply.text[at..]).next().unwrap_or("");
                let next = at + piece.len();
                self.write_delta(frame, &json!({"content": piece}), None);
                self.stage = Stage::Text(next);
                self.sent += 1;
                self.skip_empty();
            }
            Stage::Call(index, at) => self.write_call(frame, index, at),
            Stage::Finish => {
                let word = finish_word(self.reply.finish_reason);
                self.write_delta(frame, &json!({}), Some(word));
                if self.include_usage {
                    frame.push_str(&self.head);
                    frame.push_str("[],\"usage\":");
                    frame.push_str(&usage(&self.reply).to_string());
                    frame.push_str("}\n\n");
                }
                frame.push_str("data: [DONE]\n\n");
                self.sent += 1;
                self.stage = Stage::Ended;
            }
            Stage::Ended => {}
        }
    }

    /// Moves past parts that have nothing (left) to send.
    fn skip_empty(&mut self) {
        if self.stage == Stage::Reasoning(self.reply.reasoning.len()) {
            self.stage = Stage::Text(0);
        }
        if self.stage == Stage::Text(self.reply.text.len()) {
            self.stage = Stage::Call(0, None);
        }
        if matches!(self.stage, Stage::Call(index, _) if index >= self.reply.tool_calls.len()) {
            self.stage = Stage::Finish;
        }
    }

    /// Appends the name of a call, or the next piece of its arguments.
    fn write_call(&mut self, frame: &mut String, index: usize, at: Option<usize>) {
        let Some(call) = self.reply.tool_calls.get(index) else {
            self.stage = Stage::Finish;
            return;
        };
        let (delta, next) = match at {
            None => {
                let function = json!({"name": call.name, "arguments": ""});
                let first = json!({
                    "index": index, "id": call.id, "type": "function", "function": function,
                });
                (first, 0)
            }
            Some(at) => {
                let rest = call.arguments_raw.get(at..).unwrap_or_default();
                let piece = tokens::pieces(rest).next().unwrap_or_default();
                (json!({"index": index, "function": {"arguments": piece}}), at + piece.len())
            }
        };
        let is_done = next >= call.arguments_raw.len();
        self.write_delta(frame, &json!({ "tool_calls": [delta] }), None);
        self.stage =
            if is_done { Stage::Call(index + 1, None) } else { Stage::Call(index, Some(next)) };
        self.sent += 1;
        self.skip_empty();
    }

    fn write_delta(&self, frame: &mut String, delta: &Value, finish: Option<&str>) {
        frame.push_str(&self.head);
        frame.push_str("[{\"index\":0,\"delta\":");
        frame.push_str(&delta.to_string());
        frame.push_str(",\"logprobs\":null,\"finish_reason\":");
        match finish {
            Some(word) => frame.push_str(&Value::from(word).to_string()),
            None => frame.push_str("null"),
        }
        frame.push_str(if self.include_usage { "}],\"usage\":null}\n\n" } else { "}]}\n\n" });
    }
}
