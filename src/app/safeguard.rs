//! How a call is guarded: which of its text nobody vouches for, and how strict the guards are.

use std::collections::BTreeSet;

use super::App;
use crate::{
    engine::Safeguards,
    model::{GuardAction, GuardName, Untrusted},
    prompt::Rendered,
};

impl App {
    /// The safeguards of a call without values of its own: the user's words, or messages sent
    /// exactly as before. Only its reply is looked over.
    pub(super) fn safeguards_of_reply(&self, allowed: BTreeSet<GuardName>) -> Safeguards {
        let mut guards = self.settings.guards.clone();
        // What is sent is the user's own to the letter; nothing is put into it.
        guards.delimiters = false;
        guards.hierarchy = GuardAction::Off;
        guards.canary = GuardAction::Off;
        Safeguards { guards, untrusted: Vec::new(), allowed }
    }
}

/// Every stretch of the messages that came from an input which nobody vouches for.
pub(super) fn untrusted(rendered: &Rendered) -> Vec<Untrusted> {
    let mut untrusted = Vec::new();
    for (message, text) in rendered.messages.iter().enumerate() {
        untrusted.extend(text.untrusted.iter().map(|span| Untrusted {
            message,
            range: span.range.clone(),
            variable: span.variable.clone(),
        }));
    }
    untrusted
}
