//! What a server says is left of what it allows.

/// One allowance of a server: so much in its own period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// How much a period has in all, where the server says.
    pub limit: Option<u64>,
    /// How much of it is left.
    pub remaining: u64,
    /// Until the whole of it is there again, in milliseconds; it comes back little by little.
    pub reset_ms: Option<u64>,
}

/// What the head of a reply said of a server's limits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReportedLimits {
    pub requests: Option<Allowance>,
    pub tokens: Option<Allowance>,
}

impl ReportedLimits {
    /// Whether nothing was said.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.requests.is_none() && self.tokens.is_none()
    }
}
