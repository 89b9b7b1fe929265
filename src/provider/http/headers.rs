//! What replies say in their heads.

use std::time::{Duration, SystemTime};

use reqwest::header::{CONTENT_TYPE, HeaderMap};

use crate::{
    model::{CallError, ErrorKind},
    provider::failure,
};

/// The media type of a body, in lower case and without its parameters.
pub(super) fn content_type(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(CONTENT_TYPE)?.to_str().ok()?;
    Some(value.split(';').next().unwrap_or(value).trim().to_ascii_lowercase())
}

/// The name a server gives a request, for asking its makers about it.
pub(super) fn request_id(headers: &HeaderMap) -> Option<String> {
    ["x-request-id", "request-id", "x-generation-id", "cf-ray"]
        .iter()
        .find_map(|name| headers.get(*name)?.to_str().ok())
        .map(failure::quoted)
        .filter(|id| !id.is_empty())
}

/// What a server wishes about trying again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Wishes {
    retry: Option<bool>,
    after: Option<Duration>,
}

impl Wishes {
    pub fn of(headers: &HeaderMap) -> Self {
        Self::at(headers, SystemTime::now())
    }

    /// What headers that were read at a time wish.
    fn at(headers: &HeaderMap, now: SystemTime) -> Self {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let retry = match text("x-should-retry") {
            Some("true") => Some(true),
            Some("false") => Some(false),
            _ => None,
        };
        let milliseconds = text("retry-after-ms").and_then(|text| duration(text, 0.001));
        let after = milliseconds.or_else(|| {
            let text = text("retry-after")?;
            duration(text, 1.0).or_else(|| {
                let date = httpdate::parse_http_date(text.trim()).ok()?;
                // A date that has passed says nothing of how long to wait: clocks differ.
                date.duration_since(now).ok().filter(|wait| !wait.is_zero())
            })
        });
        Self { retry, after }
    }

    /// Puts the wishes into an error. A server knows best whether its error will pass, but a key
    /// that is refused and a quota that is spent stay so however often one asks.
    pub fn apply(self, error: &mut CallError) {
        let lasting = matches!(
            error.kind,
            ErrorKind::Authentication | ErrorKind::Permission | ErrorKind::Quota
        );
        match self.retry {
            Some(true) => error.retryable |= !lasting,
            Some(false) => error.retryable = false,
            None => {}
        }
        error.retry_after_ms = self
            .after
            .map(|after| u64::try_from(after.as_millis()).unwrap_or(u64::MAX))
            .or(error.retry_after_ms);
    }
}

/// A number of units as a time; nothing for what is negative, endless or no number.
fn duration(text: &str, unit: f64) -> Option<Duration> {
    let number: f64 = text.trim().parse().ok()?;
    if !number.is_finite() || number < 0.0 {
        return None;
    }
    Some(Duration::try_from_secs_f64(number * unit).unwrap_or(Duration::MAX))
}

#[cfg(test)]
mod tests {
    use reqwest::header::{HeaderName, HeaderValue};

    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| {
                let value = HeaderValue::from_str(value).expect("a value");
                (HeaderName::from_static(name), value)
            })
            .collect()
    }

    /// Every form that servers write, and what is none, against a clock that stands still.
    #[test]
    fn waits_are_read_as_servers_write_them() {
        let now = httpdate::parse_http_date("Sun, 01 Mar 2026 12:00:00 GMT").expect("a date");
        let seconds = |text: &'static str| vec![("retry-after", text)];
        let milliseconds = |text: &'static str| vec![("retry-after-ms", text)];
        let both =
            |ms: &'static str, s: &'static str| vec![("retry-after-ms", ms), ("retry-after", s)];
        for (pairs, expected) in [
            (vec![], None),
            (seconds("2"), Some(2_000)),
            (seconds("0"), Some(0)),
            (seconds("1.5"), Some(1_500)),
            (seconds(" 7 "), Some(7_000)),
            (seconds("+3"), Some(3_000)),
            (seconds("1e1"), Some(10_000)),
            (seconds("0.0004"), Some(0)),
            (seconds("60"), Some(60_000)),
            (seconds("61"), Some(61_000)),
            (seconds("86400"), Some(86_400_000)),
            (seconds("1e300"), Some(u64::MAX)),
            (seconds("99999999999999999999"), Some(u64::MAX)),
            (seconds("-1"), None),
            (seconds("-0.5"), None),
            (seconds("nan"), None),
            (seconds("NaN"), None),
            (seconds("inf"), None),
            (seconds("-inf"), None),
            (seconds("infinity"), None),
            (seconds("soon"), None),
            (seconds(""), None),
            (seconds("5 seconds"), None),
            (seconds("0x10"), None),
            (milliseconds("250"), Some(250)),
            (milliseconds("0"), Some(0)),
            (milliseconds("12.7"), Some(12)),
            (milliseconds("-250"), None),
            (milliseconds("nan"), None),
            (both("250", "9"), Some(250)),
            (both("soon", "9"), Some(9_000)),
            (both("-1", "9"), Some(9_000)),
            (seconds("Sun, 01 Mar 2026 12:00:30 GMT"), Some(30_000)),
            (seconds("Sunday, 01-Mar-26 12:00:30 GMT"), Some(30_000)),
            (seconds("Sun Mar  1 12:00:30 2026"), Some(30_000)),
            (seconds("Mon, 02 Mar 2026 12:00:00 GMT"), Some(86_400_000)),
            (seconds("Sun, 01 Mar 2026 12:00:00 GMT"), None),
            (seconds("Sun, 01 Mar 2026 11:59:59 GMT"), None),
            (seconds("Fri, 31 Dec 1999 23:59:59 GMT"), None),
            (seconds("Sat, 01 Jan 100000 00:00:00 GMT"), None),
            (seconds("Sun, 31 Feb 2026 12:00:00 GMT"), None),
        ] {
            let mut error = CallError::new(ErrorKind::RateLimit, "x");
            Wishes::at(&headers(&pairs), now).apply(&mut error);
            assert_eq!(error.retry_after_ms, expected, "{pairs:?}");
        }
        // What the body said holds where the head says nothing that can be used.
        let mut error = CallError::new(ErrorKind::RateLimit, "x");
        error.retry_after_ms = Some(4_000);
        Wishes::at(&headers(&seconds("soon")), now).apply(&mut error);
        assert_eq!(error.retry_after_ms, Some(4_000));
    }

    #[test]
    fn a_server_may_forbid_and_demand_but_not_what_cannot_help() {
        use ErrorKind::{Authentication, InvalidRequest, Permission, Quota, Server};
        for (value, kind, before, after) in [
            ("false", Server, true, false),
            ("false", InvalidRequest, false, false),
            ("true", Server, true, true),
            ("true", Server, false, true),
            ("true", InvalidRequest, false, true),
            ("true", Quota, false, false),
            ("true", Authentication, false, false),
            ("true", Permission, false, false),
            ("maybe", Server, true, true),
            ("maybe", InvalidRequest, false, false),
        ] {
            let mut error = CallError::new(kind, "x");
            error.retryable = before;
            Wishes::of(&headers(&[("x-should-retry", value)])).apply(&mut error);
            assert_eq!(error.retryable, after, "{value} {kind} {before}");
        }
    }
}
