//! What may be spent, and when to ask before spending it.

/// Whether calls whose price is not known are made while a budget is set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UnknownPrice {
    /// They are made, and count as nothing.
    #[default]
    Allow,
    /// They are not made.
    Block,
}

impl UnknownPrice {
    /// Every choice.
    pub const ALL: [Self; 2] = [Self::Allow, Self::Block];

    /// The word in settings.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Block => "block",
        }
    }
}

/// The `[budget]` table. All amounts are US dollars; `None` is no limit.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BudgetSettings {
    /// Of the calls that one press or one command starts.
    pub per_run: Option<f64>,
    /// Since the hour began.
    pub hour: Option<f64>,
    /// Since midnight, local time.
    pub day: Option<f64>,
    /// Since the first of the month, local time.
    pub month: Option<f64>,
    /// A press whose estimate is above this is asked about first.
    pub confirm_above: Option<f64>,
    pub unknown_price: UnknownPrice,
}

impl BudgetSettings {
    /// Whether anything is limited.
    #[must_use]
    pub fn is_set(&self) -> bool {
        [self.per_run, self.hour, self.day, self.month].iter().any(Option::is_some)
    }

    /// Whether anything is limited beyond a single run.
    #[must_use]
    pub fn is_over_time(&self) -> bool {
        [self.hour, self.day, self.month].iter().any(Option::is_some)
    }
}
