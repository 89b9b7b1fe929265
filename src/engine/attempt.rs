//! One attempt: the request leaves once, and what comes back is told and kept as it comes.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{sync::Notify, time::Instant};

use super::{
    assembly::Assembly,
    breaker::Verdict,
    keeping::Keeper,
    meter::{self, Meter, Metering},
    patience::{LOOK, Patience, overslept},
    run::{Obey, cancelled},
};
use crate::{
    model::{
        Attempt, CallError, ChatRequest, ErrorKind, ModelRef, ProviderEvent, ReportedLimits, Timing,
    },
    provider::Provider,
};

/// What is sent, and how long it may take.
pub(super) struct Sending<'a> {
    pub provider: &'a dyn Provider,
    pub request: &'a ChatRequest,
    /// Longest whole attempt; `None` for the provider's own bound.
    pub timeout: Option<Duration>,
    /// Its limits by a clock that knows of the machine's sleep.
    pub patience: Patience,
    /// What is set aside for the answer, where that is to be watched.
    pub meter: Option<Meter<'a>>,
}

/// What the head of a reply tells before its body is read.
pub(super) enum Head {
    Limits(ReportedLimits),
    /// Its status is a success.
    Success,
}

/// How one attempt ended: what was said, and what came by then.
pub(super) struct Ended {
    pub outcome: Result<(), CallError>,
    pub assembly: Assembly,
    pub started: Instant,
    pub at: Instant,
    /// Whether it was ended from here, which says nothing of the server.
    pub from_here: bool,
}

impl Ended {
    /// What it says of the endpoint.
    pub fn verdict(&self) -> Verdict {
        if self.from_here { Verdict::Unknown } else { Verdict::of(&self.outcome) }
    }

    /// The attempt as it is recorded.
    pub fn attempt(&self, model: &ModelRef) -> Attempt {
        let took = self.at.saturating_duration_since(self.started);
        let took = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        let mut attempt = Attempt::new(model, self.assembly.started_at(), took, &self.outcome);
        let told = self.assembly.request_id().map(str::to_owned);
        attempt.request_id = attempt.request_id.or(told);
        attempt.error_body = self.assembly.error_body().map(str::to_owned);
        attempt
    }
}

impl Keeper<'_> {
    /// Sends once, telling what comes and keeping it as it comes. Keeping never holds up the
    /// stream: a slow disk delays checkpoints, not text.
    pub async fn attempt(
        &mut self,
        sending: Sending<'_>,
        timing: Timing,
        heard: &mut (dyn FnMut(Head) + Send),
        orders: &mut Obey,
    ) -> Ended {
        let started = Instant::now();
        let number = self.next_attempt();
        let emitter = self.emitter();
        let assembly = Mutex::new(Assembly::new(&sending.request.model, started, timing));
        let grown = Notify::new();
        let written = Written::of(sending.meter.is_some());
        let mut metering = Metering::new(sending.meter);
        let mut patience = sending.patience;
        let ear = patience.ear();
        let mut look = started + LOOK;
        let mut from_here = true;
        let outcome = {
            let mut receive = |event| {
                ear.hears();
                if written.count(&event) {
                    grown.notify_one();
                }
                match event {
                    ProviderEvent::Limits(limits) => heard(Head::Limits(limits)),
                    ProviderEvent::Headers { .. } => heard(Head::Success),
                    _ => {}
                }
                let mut assembly = locked(&assembly);
                let due_before = assembly.keep_by();
                let told = assembly.take(event, Instant::now());
                let due = assembly.keep_by();
                drop(assembly);
                if due != due_before {
                    grown.notify_one();
                }
                if let Some(kind) = told {
                    emitter.emit(kind);
                }
            };
            let name = sending.provider.name();
            let mut answer = sending.provider.call(sending.request, &mut receive);
            let deadline = sending.timeout.map(|timeout| started + timeout);
            loop {
                let due = locked(&assembly).keep_by().filter(|_| self.is_idle());
                if let Err(refused) = metering.look(written.tokens()) {
                    break Err(refused);
                }
                tokio::select! {
                    biased;
                    () = orders.cancelled() => break Err(cancelled()),
                    outcome = &mut answer, if !metering.holds(written.tokens()) => {
                        from_here = false;
                        break outcome;
                    }
                    () = until(deadline) => break Err(out_of_time(name, sending.timeout)),
                    () = metering.answered() => {}
                    () = tokio::time::sleep_until(look) => {
                        look = Instant::now() + LOOK;
                        if let Some(took) = patience.over(Instant::now()) {
                            let accepted = locked(&assembly).is_accepted();
                            break Err(overslept(name, took, accepted));
                        }
                    }
                    (attempt, kept) = self.done() => {
                        // What an earlier attempt left is not of this one's text.
                        if attempt == number {
                            let mut assembly = locked(&assembly);
                            if kept {
                                assembly.was_kept();
                            } else {
                                assembly.was_not_kept(Instant::now());
                            }
                        }
                    }
                    () = grown.notified() => {}
                    () = until(due) => {
                        let checkpoint = locked(&assembly).checkpoint();
                        self.start(number, checkpoint);
                    }
                }
            }
        };
        let at = Instant::now();
        let assembly = assembly.into_inner().unwrap_or_else(PoisonError::into_inner);
        Ended { outcome, assembly, started, at, from_here }
    }
}

/// The error of an attempt that took longer than its model was given.
fn out_of_time(provider: &str, timeout: Option<Duration>) -> CallError {
    let seconds = timeout.unwrap_or_default().as_secs_f64();
    CallError::new(ErrorKind::Timeout, format!("{provider} was not done after {seconds} s"))
        .hint("the fallback's own timeout was over")
}

/// How many tokens have come, where somebody wants to know.
struct Written(Option<Mutex<Count>>);

/// Tokens by where they were seen.
#[derive(Debug, Default)]
struct Count {
    tokens: u64,
    /// Of the arguments of calls, as pieces of them came …
    pieces: u64,
    /// … and as the whole calls were told, which mostly says the same again.
    calls: u64,
}

impl Written {
    fn of(wanted: bool) -> Self {
        Self(wanted.then(Mutex::default))
    }

    /// Counts an event; whether there is anything to look at.
    fn count(&self, event: &ProviderEvent) -> bool {
        self.0.as_ref().is_some_and(|count| locked(count).take(event))
    }

    fn tokens(&self) -> u64 {
        self.0.as_ref().map_or(0, |count| locked(count).tokens)
    }
}

impl Count {
    fn take(&mut self, event: &ProviderEvent) -> bool {
        let arguments = self.pieces.max(self.calls);
        match event {
            ProviderEvent::Text(piece)
            | ProviderEvent::Reasoning(piece)
            | ProviderEvent::Refusal(piece) => {
                self.tokens = self.tokens.saturating_add(meter::tokens_of(piece));
            }
            ProviderEvent::ToolPiece(piece) => self.pieces += meter::tokens_of(&piece.arguments),
            ProviderEvent::ToolCall(call) => self.calls += meter::tokens_of(&call.arguments_raw),
            // What the provider itself counts may hold what is not seen.
            ProviderEvent::Usage(usage) => {
                self.tokens = self.tokens.max(usage.output_tokens.unwrap_or(0));
            }
            _ => return false,
        }
        let more = self.pieces.max(self.calls) - arguments;
        self.tokens = self.tokens.saturating_add(more);
        true
    }
}

async fn until(due: Option<Instant>) {
    match due {
        Some(due) => tokio::time::sleep_until(due).await,
        None => std::future::pending().await,
    }
}

fn locked<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{ToolCall, ToolPiece, Usage};

    #[test]
    fn arguments_count_as_they_come_and_not_again_once_they_are_whole() {
        let words = "words that cost money and more of them ".repeat(10);
        let piece = |text: &str| {
            ProviderEvent::ToolPiece(ToolPiece {
                arguments: text.to_owned(),
                ..ToolPiece::default()
            })
        };
        let whole = |text: &str| {
            ProviderEvent::ToolCall(ToolCall {
                id: String::new(),
                name: String::new(),
                arguments: None,
                arguments_raw: text.to_owned(),
            })
        };
        let written = Written::of(true);
        for number in 1..=20 {
            assert!(written.count(&piece(&words)));
            assert_eq!(written.tokens(), number * meter::tokens_of(&words));
        }
        let came = written.tokens();
        written.count(&whole(&words.repeat(20)));
        assert_eq!(written.tokens(), came, "they are the same arguments");
        written.count(&whole(&words.repeat(5)));
        assert!(written.tokens() > came, "another call came whole");
        let output = Some(1_000_000);
        written.count(&ProviderEvent::Usage(Usage { output_tokens: output, ..Usage::default() }));
        written.count(&piece(&words));
        assert_eq!(Some(written.tokens()), output, "less than what came is nothing new");
        assert!(!Written::of(false).count(&piece(&words)), "nobody wants to know");
    }
}
