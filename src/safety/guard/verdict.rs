//! What guards found, as it is recorded, and whether the call goes on.

use crate::{
    model::{CallError, Check, ErrorKind, GuardAction, GuardName, Guards},
    safety,
};

/// The kind of the checks that guards record.
pub const GUARD: &str = "guard";
/// What the reason of a check begins with that passed although something was found.
pub const OBSERVED: &str = "observed: ";

/// What guards say about one side of a call.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    pub checks: Vec<Check>,
    /// The first guard that does not let the call go on.
    pub blocked: Option<Blocked>,
    guards: Guards,
}

/// Why a guard stopped a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blocked {
    pub guard: GuardName,
    /// What was found and where, safe to show.
    pub found: String,
    /// What to look at.
    pub advice: String,
}

impl Blocked {
    /// The error a blocked call ends with. `reply` says that the model had answered already.
    #[must_use]
    pub fn error(&self, reply: bool) -> CallError {
        let guard = self.guard;
        let what = if reply { "the reply" } else { "this call before it was sent" };
        let message = format!("the {guard} guard stopped {what}: {}", self.found);
        CallError::new(ErrorKind::Guard, message)
            .hint(format!("{}; to let it pass once, run anyway", self.advice))
    }
}

impl Verdict {
    pub(super) fn new(guards: &Guards) -> Self {
        Self { checks: Vec::new(), blocked: None, guards: guards.clone() }
    }

    /// Nothing to act on. Guards that only observe keep silent about that, unless they saw some
    /// of it.
    pub(super) fn clean(&mut self, guard: GuardName, score: f64, reason: &str) {
        if self.guards.action(guard) > GuardAction::Observe {
            self.check(guard, true, score, reason.to_owned());
        }
    }

    /// Something to act on.
    pub(super) fn found(&mut self, guard: GuardName, score: f64, found: String, advice: String) {
        let action = self.guards.action(guard);
        let said = match action {
            GuardAction::Off => return,
            GuardAction::Observe => format!("{OBSERVED}{found}"),
            GuardAction::Warn | GuardAction::Block => found.clone(),
        };
        self.check(guard, action == GuardAction::Observe, score, said);
        if action == GuardAction::Block && self.blocked.is_none() {
            self.blocked = Some(Blocked { guard, found, advice });
        }
    }

    fn check(&mut self, guard: GuardName, passed: bool, score: f64, reason: String) {
        let (kind, name) = (GUARD.to_owned(), guard.as_str().to_owned());
        self.checks.push(Check { kind, name, passed, score: Some(score), reason });
    }
}

/// The beginning of some words in quotation marks, on one line and safe to show.
pub(super) fn excerpt(words: &str) -> String {
    const LONGEST: usize = 60;
    let words = words.trim();
    let short: String = words.chars().take(LONGEST).collect();
    let more = if short.len() < words.len() { "…" } else { "" };
    format!("\"{}{more}\"", safety::display_line(&short))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_blocked_call_says_which_guard_what_and_the_way_on() {
        let blocked = Blocked {
            guard: GuardName::Injection,
            found: "risk 0.75 in `text`".into(),
            advice: "look at it".into(),
        };
        let error = blocked.error(false);
        assert_eq!(error.kind, ErrorKind::Guard);
        assert!(error.message.contains("injection") && error.message.contains("`text`"));
        assert!(error.hint.is_some_and(|hint| hint.ends_with("run anyway")));
        assert!(blocked.error(true).message.contains("the reply"));
    }

    #[test]
    fn excerpts_are_short_and_safe() {
        assert_eq!(excerpt(" a\nb\u{1b} "), format!("\"{}\"", safety::display_line("a\nb\u{1b}")));
        assert!(excerpt(&"x".repeat(200)).ends_with("…\""));
        assert!(excerpt(&"é".repeat(200)).chars().count() < 64);
    }
}
