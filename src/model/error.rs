//! What went wrong with a call, in one closed vocabulary.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Parameter;

macro_rules! kinds {
    ($($(#[$doc:meta])* $variant:ident = $word:literal),+ $(,)?) => {
        /// The kind of a failed call. The words are part of the record's format.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum ErrorKind {
            $($(#[$doc])* #[serde(rename = $word)] $variant,)+
        }

        impl ErrorKind {
            /// Every kind, in the order of the record's documentation.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word in records and on screen.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }

            /// The kind a word names, if it names one.
            #[must_use]
            pub fn from_word(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$variant),)+ _ => None }
            }
        }
    };
}

kinds! {
    Authentication = "authentication",
    Permission = "permission",
    NotFound = "not_found",
    InvalidRequest = "invalid_request",
    RequestTooLarge = "request_too_large",
    ContextLength = "context_length",
    ContentFilter = "content_filter",
    RateLimit = "rate_limit",
    Quota = "quota",
    Overloaded = "overloaded",
    Server = "server",
    Timeout = "timeout",
    Connect = "connect",
    Tls = "tls",
    Redirect = "redirect",
    InterruptedStream = "interrupted_stream",
    Protocol = "protocol",
    ResponseTooLarge = "response_too_large",
    CircuitOpen = "circuit_open",
    Budget = "budget",
    Guard = "guard",
    Cancelled = "cancelled",
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A failed call, as recorded and as told. `message` is one sentence that says what happened and
/// where, `hint` what to do next. Neither ever contains a key; both may contain text of a
/// provider and are sanitised by whoever shows them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CallError {
    pub kind: ErrorKind,
    pub message: String,
    /// What to do next, in one sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    pub http_status: Option<u16>,
    /// The provider's own code, such as `insufficient_quota`.
    pub provider_code: Option<String>,
    /// Whether the same call may succeed when sent again unchanged.
    pub retryable: bool,
    /// What the server asked for, in milliseconds; 0 also where a connection that had rested was
    /// closed, and a fresh one is worth asking at once.
    pub retry_after_ms: Option<u64>,
    pub request_id: Option<String>,
    /// The parameter of the request that the model says it does not take.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parameter: Option<Parameter>,
    /// Whether it failed on this side, and says nothing of the provider. Known while the call is
    /// made, and no part of its record.
    #[serde(skip)]
    pub of_this_side: bool,
}

impl CallError {
    /// An error of a kind with a message and nothing else known.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            hint: None,
            http_status: None,
            provider_code: None,
            retryable: false,
            retry_after_ms: None,
            request_id: None,
            parameter: None,
            of_this_side: false,
        }
    }

    /// The same error, marked as one that failed on this side.
    #[must_use]
    pub fn of_this_side(mut self) -> Self {
        self.of_this_side = true;
        self
    }

    /// The same error with what to do next.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The same error, marked as worth sending again.
    #[must_use]
    pub fn retryable(mut self) -> Self {
        self.retryable = true;
        self
    }
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.kind, self.message)?;
        if let Some(hint) = &self.hint {
            write!(f, " ({hint})")?;
        }
        match &self.request_id {
            Some(id) => write!(f, " [request {id}]"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for CallError {}
