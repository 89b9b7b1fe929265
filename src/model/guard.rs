//! What is guarded on a call's way in and out, and how strictly.

use std::{fmt, ops::Range};

use serde::{Deserialize, Serialize};

/// What a guard does with what it finds.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum GuardAction {
    /// It does not look.
    Off,
    /// It looks and records what it finds; nothing else changes.
    #[default]
    Observe,
    /// It records, and the check counts as failed where people look.
    Warn,
    /// It records, and the call goes no further.
    Block,
}

impl GuardAction {
    /// Every action, the mildest first.
    pub const ALL: [Self; 4] = [Self::Off, Self::Observe, Self::Warn, Self::Block];

    /// The word in templates and settings.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Observe => "observe",
            Self::Warn => "warn",
            Self::Block => "block",
        }
    }

    /// The action a word names, if it names one.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.as_str() == word)
    }

    /// Whether the guard looks at all.
    #[must_use]
    pub fn looks(self) -> bool {
        self != Self::Off
    }
}

/// A guard that can find something and stop a call for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum GuardName {
    /// Instructions in the values of variables that try to take over the prompt.
    Injection,
    /// Characters nobody sees in the values of variables.
    Hidden,
    /// Values of others in the message that ranks above all others.
    Hierarchy,
    /// A secret token in the system message that turns up in the reply.
    Canary,
    /// What a reply must not hold, or must.
    Output,
}

impl GuardName {
    /// Every guard, in the order they look.
    pub const ALL: [Self; 5] =
        [Self::Injection, Self::Hidden, Self::Hierarchy, Self::Canary, Self::Output];

    /// The word in templates, settings, records and on the command line.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Injection => "injection",
            Self::Hidden => "hidden",
            Self::Hierarchy => "hierarchy",
            Self::Canary => "canary",
            Self::Output => "output",
        }
    }

    /// The guard a word names, if it names one.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|guard| guard.as_str() == word)
    }
}

impl fmt::Display for GuardName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A stretch of a message that a value gave which nobody vouches for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Untrusted {
    /// The message's place in the conversation.
    pub message: usize,
    /// Bytes of its content.
    pub range: Range<usize>,
    /// The variable, as the template calls it there.
    pub variable: String,
}

/// The guards of a call, every one decided.
#[derive(Clone, Debug, PartialEq)]
pub struct Guards {
    pub injection: GuardAction,
    /// The risk from which the injection guard acts, in \[0, 1\].
    pub threshold: f64,
    pub hidden: GuardAction,
    /// Whether hidden characters and role markers in values are made harmless before sending.
    pub sanitise: bool,
    /// Whether values are sent between random markers, with a sentence that says they are data.
    pub delimiters: bool,
    /// Whether the system message says that it ranks above all others, and what is done where a
    /// value stands in it.
    pub hierarchy: GuardAction,
    pub canary: GuardAction,
    pub output: GuardAction,
    /// Hosts (and what lies below them) that links of a reply may name; `None`: any, unless the
    /// link looks made to carry data away.
    pub allowed_hosts: Option<Vec<String>>,
    /// Regular expressions a reply must not match.
    pub forbidden: Vec<String>,
    /// Regular expressions a reply must match.
    pub required: Vec<String>,
}

impl Default for Guards {
    fn default() -> Self {
        Self {
            injection: GuardAction::Observe,
            threshold: Self::THRESHOLD,
            hidden: GuardAction::Observe,
            sanitise: false,
            delimiters: false,
            hierarchy: GuardAction::Off,
            canary: GuardAction::Off,
            output: GuardAction::Observe,
            allowed_hosts: None,
            forbidden: Vec::new(),
            required: Vec::new(),
        }
    }
}

impl Guards {
    /// The risk from which the injection guard acts where nobody says otherwise.
    pub const THRESHOLD: f64 = 0.5;

    /// No guard at all.
    #[must_use]
    pub fn off() -> Self {
        Self {
            injection: GuardAction::Off,
            hidden: GuardAction::Off,
            output: GuardAction::Off,
            ..Self::default()
        }
    }

    /// How strict a guard is.
    #[must_use]
    pub const fn action(&self, guard: GuardName) -> GuardAction {
        match guard {
            GuardName::Injection => self.injection,
            GuardName::Hidden => self.hidden,
            GuardName::Hierarchy => self.hierarchy,
            GuardName::Canary => self.canary,
            GuardName::Output => self.output,
        }
    }

    /// As [`Self::action`], to be changed.
    pub const fn action_mut(&mut self, guard: GuardName) -> &mut GuardAction {
        match guard {
            GuardName::Injection => &mut self.injection,
            GuardName::Hidden => &mut self.hidden,
            GuardName::Hierarchy => &mut self.hierarchy,
            GuardName::Canary => &mut self.canary,
            GuardName::Output => &mut self.output,
        }
    }

    /// These guards with everything that `rules` say put over them.
    #[must_use]
    pub fn overlaid(mut self, rules: &GuardRules) -> Self {
        for guard in GuardName::ALL {
            if let Some(action) = rules.action(guard) {
                *self.action_mut(guard) = action;
            }
        }
        self.threshold = rules.threshold.unwrap_or(self.threshold);
        self.sanitise = rules.sanitise.unwrap_or(self.sanitise);
        self.delimiters = rules.delimiters.unwrap_or(self.delimiters);
        if let Some(hosts) = &rules.allowed_hosts {
            self.allowed_hosts = Some(hosts.clone());
        }
        if let Some(forbidden) = &rules.forbidden {
            self.forbidden.clone_from(forbidden);
        }
        if let Some(required) = &rules.required {
            self.required.clone_from(required);
        }
        self
    }

    /// These guards with what `rules` say that makes them stricter, and the names of what would
    /// make them milder and is left out.
    #[must_use]
    pub fn tightened(mut self, rules: &GuardRules) -> (Self, Vec<&'static str>) {
        let mut left_out = Vec::new();
        let mut take = |name, stricter: bool| {
            if !stricter {
                left_out.push(name);
            }
            stricter
        };
        for guard in GuardName::ALL {
            let field = self.action_mut(guard);
            if let Some(action) = rules.action(guard)
                && take(guard.as_str(), action >= *field)
            {
                *field = action;
            }
        }
        for (name, field, said) in [
            ("sanitise", &mut self.sanitise, rules.sanitise),
            ("delimiters", &mut self.delimiters, rules.delimiters),
        ] {
            if let Some(on) = said
                && take(name, on >= *field)
            {
                *field = on;
            }
        }
        if let Some(threshold) = rules.threshold
            && take("threshold", threshold <= self.threshold)
        {
            self.threshold = threshold;
        }
        if let Some(hosts) = &rules.allowed_hosts
            && take("allowed_hosts", self.allowed_hosts.as_ref().is_none_or(|known| known == hosts))
        {
            self.allowed_hosts = Some(hosts.clone());
        }
        // More that is looked for is stricter, whoever looks for it.
        for (field, said) in
            [(&mut self.forbidden, &rules.forbidden), (&mut self.required, &rules.required)]
        {
            for expression in said.iter().flatten() {
                if !field.contains(expression) {
                    field.push(expression.clone());
                }
            }
        }
        (self, left_out)
    }
}

/// What a template or a settings file says about guards; `None` is not said.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GuardRules {
    pub injection: Option<GuardAction>,
    pub threshold: Option<f64>,
    pub hidden: Option<GuardAction>,
    pub sanitise: Option<bool>,
    pub delimiters: Option<bool>,
    pub hierarchy: Option<GuardAction>,
    pub canary: Option<GuardAction>,
    pub output: Option<GuardAction>,
    pub allowed_hosts: Option<Vec<String>>,
    pub forbidden: Option<Vec<String>>,
    pub required: Option<Vec<String>>,
}

impl GuardRules {
    /// What is said of how strict a guard is.
    #[must_use]
    pub const fn action(&self, guard: GuardName) -> Option<GuardAction> {
        match guard {
            GuardName::Injection => self.injection,
            GuardName::Hidden => self.hidden,
            GuardName::Hierarchy => self.hierarchy,
            GuardName::Canary => self.canary,
            GuardName::Output => self.output,
        }
    }

    /// As [`Self::action`], to be changed.
    pub const fn action_mut(&mut self, guard: GuardName) -> &mut Option<GuardAction> {
        match guard {
            GuardName::Injection => &mut self.injection,
            GuardName::Hidden => &mut self.hidden,
            GuardName::Hierarchy => &mut self.hierarchy,
            GuardName::Canary => &mut self.canary,
            GuardName::Output => &mut self.output,
        }
    }

    /// The same strictness for every guard that looks at what passes. Those that change what is
    /// sent are only ever taken away by this.
    #[must_use]
    pub fn everywhere(action: GuardAction) -> Self {
        Self {
            injection: Some(action),
            hidden: Some(action),
            output: Some(action),
            hierarchy: (!action.looks()).then_some(action),
            canary: (!action.looks()).then_some(action),
            sanitise: (!action.looks()).then_some(false),
            delimiters: (!action.looks()).then_some(false),
            ..Self::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_goes_over_what_holds_and_nothing_else_changes() {
        let rules = GuardRules {
            injection: Some(GuardAction::Block),
            delimiters: Some(true),
            ..GuardRules::default()
        };
        let guards = Guards::default().overlaid(&rules);
        assert_eq!(guards.injection, GuardAction::Block);
        assert!(guards.delimiters);
        assert_eq!(guards.hidden, GuardAction::Observe);
        assert_eq!(guards.canary, GuardAction::Off);
        let off = guards.overlaid(&GuardRules::everywhere(GuardAction::Off));
        assert_eq!(off, Guards::off());
    }

    #[test]
    fn a_stranger_makes_guards_stricter_and_never_milder() {
        let strict = Guards {
            injection: GuardAction::Block,
            threshold: 0.4,
            sanitise: true,
            delimiters: true,
            hierarchy: GuardAction::Warn,
            canary: GuardAction::Warn,
            allowed_hosts: Some(vec!["a.example".to_owned()]),
            forbidden: vec!["secret".to_owned()],
            ..Guards::default()
        };
        let milder = GuardRules {
            threshold: Some(0.9),
            allowed_hosts: Some(vec!["evil.example".to_owned()]),
            forbidden: Some(Vec::new()),
            ..GuardRules::everywhere(GuardAction::Off)
        };
        let (kept, left_out) = strict.clone().tightened(&milder);
        assert_eq!(kept, strict);
        assert_eq!(
            left_out,
            [
                "injection",
                "hidden",
                "hierarchy",
                "canary",
                "output",
                "sanitise",
                "delimiters",
                "threshold",
                "allowed_hosts"
            ]
        );
        let stricter = GuardRules {
            hidden: Some(GuardAction::Block),
            threshold: Some(0.3),
            forbidden: Some(vec!["internal".to_owned()]),
            required: Some(vec!["^Summary".to_owned()]),
            ..GuardRules::default()
        };
        let (kept, left_out) = strict.tightened(&stricter);
        assert!(left_out.is_empty());
        assert_eq!((kept.hidden, kept.injection), (GuardAction::Block, GuardAction::Block));
        assert_eq!(kept.threshold.to_string(), "0.3");
        assert_eq!(
            (kept.forbidden, kept.required),
            (vec!["secret".to_owned(), "internal".to_owned()], vec!["^Summary".to_owned()],)
        );
    }

    #[test]
    fn words_and_variants_are_each_others() {
        for action in GuardAction::ALL {
            assert_eq!(GuardAction::from_word(action.as_str()), Some(action));
        }
        for guard in GuardName::ALL {
            assert_eq!(GuardName::from_word(guard.as_str()), Some(guard));
        }
        assert!(GuardAction::Observe < GuardAction::Block);
    }
}
