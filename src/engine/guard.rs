//! The guards as steps: values are looked over before a call leaves and fenced as it does, and
//! the reply is looked over when it has come.

use std::collections::BTreeSet;

use uuid::Uuid;

use super::call::Call;
use crate::{
    model::{CallError, Execution, GuardAction, GuardName, Guards, Untrusted},
    safety::guard::{Canary, Reply, Verdict, fence, incoming, outgoing},
};

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
    pub(super) fn guard_values(&mut self) -> Result<(), CallError> {
        let safeguards = &self.guarding.safeguards;
        let Execution { messages, inputs, .. } = &self.execution;
        let verdict = incoming(messages, &safeguards.untrusted, inputs, &safeguards.acting());
        self.passed(verdict, false)
    }

    /// Puts around the values what the guards ask for. The record holds what is really sent.
    pub(super) fn fence_values(&mut self) {
        let Safeguards { guards, untrusted, .. } = &self.guarding.safeguards;
        let messages = &mut self.request.messages;
        self.guarding.canary = fence(messages, untrusted, guards, random).canary;
        self.execution.messages.clone_from(messages);
    }

    /// Looks over what came back. A reply that is stopped here stays in the record.
    pub(super) fn guard_reply(&mut self) -> Result<(), CallError> {
        let execution = &self.execution;
        let mut parts = vec![execution.text.as_str()];
        parts.extend([execution.refusal.as_str(), execution.reasoning.as_str()]);
        parts.extend(execution.tool_calls.iter().map(|call| call.arguments_raw.as_str()));
        let reply = Reply {
            parts: &parts,
            messages: &execution.messages,
            canary: self.guarding.canary.as_ref(),
        };
        let verdict = outgoing(&reply, &self.guarding.safeguards.acting());
        self.passed(verdict, true)
    }

    fn passed(&mut self, verdict: Verdict, reply: bool) -> Result<(), CallError> {
        self.execution.checks.extend(verdict.checks);
        verdict.blocked.map_or(Ok(()), |blocked| Err(blocked.error(reply)))
    }
}

/// A number nobody can guess.
fn random() -> u128 {
    Uuid::new_v4().as_u128()
}
