//! The guards as steps: values are looked over before a call leaves and fenced as it does, and
//! the reply is looked over when it has come.

use std::collections::BTreeSet;

use serde_json::Value;
use uuid::Uuid;

use super::{
    call::Call,
    run::{Obey, cancelled},
};
use crate::{
    model::{CallError, Execution, GuardAction, GuardName, Guards, Untrusted},
    safety::guard::{Canary, Reply, Verdict, fence, incoming, outgoing},
};

/// Up to this many bytes are looked over on the spot: it takes no longer than a few milliseconds,
/// and a thread of its own would take some of them too.
const SMALL: usize = 16 << 10;

/// How a call is guarded.
#[derive(Clone, Debug, PartialEq)]
pub struct Safeguards {
    pub guards: Guards,
    /// What in its messages nobody vouches for, in their order.
    pub untrusted: Vec<Untrusted>,
    /// Guards that may find what they find and stop nothing, this once.
    pub allowed: BTreeSet<GuardName>,
}

impl Safeguards {
    /// No guard at all.
    #[must_use]
    pub fn off() -> Self {
        Self { guards: Guards::off(), untrusted: Vec::new(), allowed: BTreeSet::new() }
    }

    /// The guards as they act this once: one that is let pass warns where it would block.
    fn acting(&self) -> Guards {
        let mut guards = self.guards.clone();
        for guard in &self.allowed {
            let action = guards.action_mut(*guard);
            if *action == GuardAction::Block {
                *action = GuardAction::Warn;
            }
        }
        guards
    }
}

/// What a call keeps of its guards while it is on its way.
pub(super) struct Guarding {
    pub safeguards: Safeguards,
    canary: Option<Canary>,
}

impl Guarding {
    pub const fn new(safeguards: Safeguards) -> Self {
        Self { safeguards, canary: None }
    }
}

impl Call<'_> {
    /// Looks over what values bring. A call that is stopped here is never sent.
    pub(super) async fn guard_values(&mut self) -> Result<(), CallError> {
        let guards = self.guarding.safeguards.acting();
        let untrusted = &self.guarding.safeguards.untrusted;
        let Execution { messages, inputs, .. } = &self.execution;
        let given = inputs.values().filter_map(Value::as_str).map(str::len);
        let bytes: usize = untrusted.iter().map(|value| value.range.len()).chain(given).sum();
        let verdict = if untrusted.is_empty() || bytes <= SMALL {
            incoming(messages, untrusted, inputs, &guards)
        } else {
            let (messages, inputs) = (messages.clone(), inputs.clone());
            let untrusted = untrusted.clone();
            let look = move || incoming(&messages, &untrusted, &inputs, &guards);
            aside(&mut self.orders, look).await?
        };
        self.passed(verdict, false)
    }

    /// Puts around the values what the guards ask for. The record holds what is really sent.
    pub(super) fn fence_values(&mut self) {
        let Safeguards { guards, untrusted, .. } = &self.guarding.safeguards;
        let messages = &mut self.request.messages;
        self.guarding.canary = fence(messages, untrusted, guards, random).canary;
        self.execution.messages.clone_from(messages);
    }

    /// Looks over what came back, and says why it is stopped where it is. A reply that is stopped
    /// here stays in the record.
    ///
    /// # Errors
    /// Where the call is told to end before the reply was looked over: then it must not pass.
    pub(super) async fn guard_reply(&mut self) -> Result<Option<CallError>, CallError> {
        let guards = self.guarding.safeguards.acting();
        let canary = &self.guarding.canary;
        let execution = &self.execution;
        let mut parts = vec![execution.text.as_str()];
        parts.extend([execution.refusal.as_str(), execution.reasoning.as_str()]);
        parts.extend(execution.tool_calls.iter().map(|call| call.arguments_raw.as_str()));
        let messages = &execution.messages;
        let sent = messages.iter().map(|message| message.content.len());
        let bytes: usize = parts.iter().map(|part| part.len()).chain(sent).sum();
        let looks = canary.is_some() || guards.output.looks();
        let verdict = if !looks || bytes <= SMALL {
            outgoing(&Reply { parts: &parts, messages, canary: canary.as_ref() }, &guards)
        } else {
            let parts: Vec<String> = parts.into_iter().map(str::to_owned).collect();
            let (messages, canary) = (messages.clone(), canary.clone());
            let look = move || {
                let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
                let reply = Reply { parts: &parts, messages: &messages, canary: canary.as_ref() };
                outgoing(&reply, &guards)
            };
            aside(&mut self.orders, look).await?
        };
        Ok(self.passed(verdict, true).err())
    }

    fn passed(&mut self, verdict: Verdict, reply: bool) -> Result<(), CallError> {
        self.execution.checks.extend(verdict.checks);
        verdict.blocked.map_or(Ok(()), |blocked| Err(blocked.error(reply)))
    }
}

/// Does what takes its time where that makes no other call wait, and gives its outcome.
///
/// # Errors
/// Where the call is told to end meanwhile, or the program ends: nothing was found out then, and
/// nothing may count as found harmless. A panic goes on as if it had been done here.
async fn aside<T: Send + 'static>(
    orders: &mut Obey,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, CallError> {
    tokio::select! {
        biased;
        () = orders.cancelled() => Err(cancelled()),
        done = tokio::task::spawn_blocking(work) => done.map_err(|error| {
            match error.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                Err(_) => cancelled(),
            }
        }),
    }
}

/// A number nobody can guess.
fn random() -> u128 {
    Uuid::new_v4().as_u128()
}

#[cfg(test)]
mod tests {
    use std::{panic::AssertUnwindSafe, thread};

    use futures_util::FutureExt as _;

    use super::*;
    use crate::{engine::run::control, model::ExecutionId};

    #[tokio::test]
    async fn what_takes_its_time_is_done_on_another_thread() {
        let (_control, mut orders) = control(ExecutionId(Uuid::nil()));
        let there = aside(&mut orders, || thread::current().id()).await.expect("done");
        assert_ne!(there, thread::current().id());
    }

    #[tokio::test]
    async fn a_fault_while_looking_is_no_leave_to_go_on() {
        let (_control, mut orders) = control(ExecutionId(Uuid::nil()));
        let looked = aside(&mut orders, || -> Verdict { panic!("a fault") });
        assert!(AssertUnwindSafe(looked).catch_unwind().await.is_err(), "it goes on as a fault");
    }

    #[tokio::test]
    async fn a_call_that_is_to_end_does_not_wait_for_the_look_and_is_not_let_through() {
        let (control, mut orders) = control(ExecutionId(Uuid::nil()));
        drop(control);
        let (release, held) = std::sync::mpsc::channel::<()>();
        let looked = aside(&mut orders, move || held.recv().is_ok()).await;
        assert_eq!(looked, Err(cancelled()));
        drop(release);
    }
}
