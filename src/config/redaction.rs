//! The `[redaction]` table: what is taken out of texts, and when.

use std::collections::{BTreeMap, BTreeSet};

use super::document::Section;
use crate::{
    model::{did_you_mean, nearest},
    safety::redact::{self, Selection},
};

/// When something is taken out of a text. What is taken out before it is stored is out of what
/// is exported too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RedactWhen {
    Never,
    /// The database keeps the original.
    BeforeExport,
    BeforeStorage,
}

impl RedactWhen {
    /// Every choice, the strictest first.
    pub const ALL: [Self; 3] = [Self::BeforeStorage, Self::BeforeExport, Self::Never];

    /// The word in settings.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Never => "never",
            Self::BeforeExport => "before_export",
            Self::BeforeStorage => "before_storage",
        }
    }
}

/// What happens when a prompt that is about to be sent holds a secret.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum SecretWarning {
    Never,
    /// It is sent, and said.
    Note,
    /// The workbench asks first; commands send it and say so.
    #[default]
    Confirm,
}

impl SecretWarning {
    /// Every choice, the strictest first.
    pub const ALL: [Self; 3] = [Self::Confirm, Self::Note, Self::Never];

    /// The word in settings.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Never => "never",
            Self::Note => "note",
            Self::Confirm => "confirm",
        }
    }
}

/// The `[redaction]` table. The keys of providers are taken out whatever it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RedactionSettings {
    /// Keys, tokens and passwords, and what the own patterns find.
    pub secrets: RedactWhen,
    /// Addresses and numbers of persons. Prompts are often about just these, so nothing is
    /// taken out unless it is asked for.
    pub personal: RedactWhen,
    pub warn: SecretWarning,
    /// Rules left out, by name.
    pub off: BTreeSet<String>,
    /// Own patterns by name.
    pub patterns: BTreeMap<String, String>,
}

impl Default for RedactionSettings {
    fn default() -> Self {
        Self {
            secrets: RedactWhen::BeforeStorage,
            personal: RedactWhen::Never,
            warn: SecretWarning::default(),
            off: BTreeSet::new(),
            patterns: BTreeMap::new(),
        }
    }
}

impl RedactionSettings {
    /// What is to be looked for before something is stored.
    #[must_use]
    pub fn before_storage(&self) -> Selection {
        let now = |when| when == RedactWhen::BeforeStorage;
        self.selection(now(self.secrets), now(self.personal))
    }

    /// What is to be looked for before something is exported.
    #[must_use]
    pub fn before_export(&self) -> Selection {
        let now = |when| when >= RedactWhen::BeforeExport;
        self.selection(now(self.secrets), now(self.personal))
    }

    /// What is warned of before something is sent.
    #[must_use]
    pub fn before_sending(&self) -> Selection {
        self.selection(self.warn != SecretWarning::Never, false)
    }

    fn selection(&self, secrets: bool, personal: bool) -> Selection {
        let own = self.patterns.iter().filter(|_| secrets);
        Selection {
            secrets,
            personal,
            off: self.off.clone(),
            patterns: own.map(|(name, pattern)| (name.clone(), pattern.clone())).collect(),
        }
    }

    /// Reads the table over these settings. A file that is not trusted may have more taken out
    /// and never less; the keys of it that were left out are added to `untrusted`.
    pub(super) fn apply(
        &mut self,
        section: &Section<'_, '_>,
        full: bool,
        untrusted: &mut Vec<String>,
    ) {
        let mut take = |name: &str, stricter: bool| {
            if !full && !stricter {
                untrusted.push(format!("redaction.{name}"));
            }
            full || stricter
        };
        let words = RedactWhen::ALL.map(|when| (when.as_str(), when));
        for (name, field) in [("secrets", &mut self.secrets), ("personal", &mut self.personal)] {
            if let Some(when) = section.word(name, &words)
                && take(name, when >= *field)
            {
                *field = when;
            }
        }
        let words = SecretWarning::ALL.map(|warning| (warning.as_str(), warning));
        if let Some(warn) = section.word("warn", &words)
            && take("warn", warn >= self.warn)
        {
            self.warn = warn;
        }
        if let Some(off) = rules_left_out(section)
            && take("off", off.is_subset(&self.off))
        {
            self.off = off;
        }
        if let Some(patterns) = patterns(section)
            && take("patterns", patterns.is_empty())
        {
            self.patterns.extend(patterns);
        }
    }
}

fn rules_left_out(section: &Section<'_, '_>) -> Option<BTreeSet<String>> {
    let stated = section.texts("off")?;
    let known: BTreeSet<&str> = redact::rules().map(|rule| rule.name).collect();
    for name in stated.value.iter().filter(|name| !known.contains(name.as_str())) {
        let near = did_you_mean(nearest(name, known.iter().copied()));
        section.note(stated.at, format!("`off` names the unknown rule `{name}`{near}"));
    }
    Some(stated.value.into_iter().collect())
}

fn patterns(section: &Section<'_, '_>) -> Option<BTreeMap<String, String>> {
    let mut patterns = BTreeMap::new();
    for (name, pattern) in section.text_map("patterns")? {
        let fits = (1..=40).contains(&name.value.len())
            && name
                .value
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
        if !fits {
            section.note(
                name.at,
                format!(
                    "`{}` cannot name a pattern: use up to 40 small letters, digits and `-`",
                    name.value
                ),
            );
        } else if let Err(reason) = redact::check_pattern(pattern.value) {
            section.note(pattern.at, format!("the pattern `{}`: {reason}", name.value));
        } else {
            patterns.insert(name.value.to_owned(), pattern.value.to_owned());
        }
    }
    Some(patterns)
}
