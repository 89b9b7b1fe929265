//! What to do next about a failed call. Every error that leaves this room has such a sentence: the
//! protocol's own where it knows more, else the one of its kind.

use crate::model::{CallError, ErrorKind};

/// The next step that fits every error of a kind.
pub(crate) const fn next_step(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::Authentication => {
            "check the key and where it is read from; `lathe providers` says"
        }
        ErrorKind::Permission => {
            "this key may not use the model or what was asked of it; take another key or model"
        }
        ErrorKind::NotFound => {
            "check the model's name (`lathe models`) and base_url in config.toml"
        }
        ErrorKind::InvalidRequest => {
            "change what the server names; a parameter that it does not take can be left out"
        }
        ErrorKind::RequestTooLarge => "shorten the prompt: no request of this size is taken",
        ErrorKind::ContextLength => {
            "shorten the prompt, lower max_tokens, or choose a model with a larger window"
        }
        ErrorKind::ContentFilter => {
            "the provider's filter stopped it: word the prompt otherwise, or choose another model"
        }
        ErrorKind::RateLimit => {
            "wait and run again; a lower concurrency or requests_per_minute in config.toml avoids it"
        }
        ErrorKind::Quota => {
            "add credit or raise the limit of the account; waiting for a moment does not help"
        }
        ErrorKind::Overloaded => "run again in a minute, or choose another model",
        ErrorKind::Server => {
            "the fault is the server's: run again, and if it stays tell its makers the request's id"
        }
        ErrorKind::Timeout => {
            "run again; a slow model may need a larger idle_timeout under [engine] in config.toml"
        }
        ErrorKind::Connect => {
            "check the network, that the server runs, and base_url in config.toml"
        }
        ErrorKind::Tls => "check base_url; ca_file names a certificate of your own to trust",
        ErrorKind::Redirect => "set base_url to the address it should be, if you trust it",
        ErrorKind::InterruptedStream => "what arrived is kept; send again for a whole answer",
        ErrorKind::Protocol => {
            "check the base URL and that the server behind it speaks this protocol"
        }
        ErrorKind::ResponseTooLarge => {
            "max_response, max_answer or max_event under [engine] in config.toml allows more"
        }
        ErrorKind::CircuitOpen => "wait for it, or choose another provider",
        ErrorKind::Budget => "[budget] in config.toml says what may be spent",
        ErrorKind::Guard => "change what the guard found, or the guards of the template",
        ErrorKind::Cancelled => "run again for an answer",
    }
}

/// The same error with a next step, where it has none of its own.
pub(crate) fn advised(mut error: CallError) -> CallError {
    error.hint.get_or_insert_with(|| next_step(error.kind).to_owned());
    error
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_a_step_of_its_own() {
        let steps: std::collections::BTreeSet<&str> =
            ErrorKind::ALL.iter().map(|kind| next_step(*kind)).collect();
        assert_eq!(steps.len(), ErrorKind::ALL.len());
    }

    #[test]
    fn what_a_protocol_knows_better_stays() {
        let own = CallError::new(ErrorKind::NotFound, "x").hint("fetch it");
        assert_eq!(advised(own).hint.as_deref(), Some("fetch it"));
        let bare = advised(CallError::new(ErrorKind::RateLimit, "x"));
        assert_eq!(bare.hint.as_deref(), Some(next_step(ErrorKind::RateLimit)));
    }
}
