//! What replies say in their heads.

use std::time::{Duration, SystemTime};

use reqwest::header::{CONTENT_TYPE, HeaderMap};

use crate::{model::CallError, provider::failure};

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
                // A date that has passed means now.
                Some(date.duration_since(SystemTime::now()).unwrap_or_default())
            })
        });
        Self { retry, after }
    }

    /// Puts the wishes into an error. A server may forbid to try again what usually may be, and
    /// not demand it where it cannot help.
    pub fn apply(self, error: &mut CallError) {
        error.retryable &= self.retry != Some(false);
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
    use crate::model::ErrorKind;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| {
                let value = HeaderValue::from_str(value).expect("a value");
                (HeaderName::from_static(name), value)
            })
            .collect()
    }

    #[test]
    fn waits_are_read_as_servers_write_them() {
        for (pairs, expected) in [
            (vec![("retry-after", "2")], Some(2_000)),
            (vec![("retry-after", "0")], Some(0)),
            (vec![("retry-after", "1.5")], Some(1_500)),
            (vec![("retry-after-ms", "250"), ("retry-after", "9")], Some(250)),
            (vec![("retry-after", "-1")], None),
            (vec![("retry-after", "nan")], None),
            (vec![("retry-after", "inf")], None),
            (vec![("retry-after", "soon")], None),
            (vec![("retry-after", "86400")], Some(86_400_000)),
            (vec![("retry-after", "1e300")], Some(u64::MAX)),
            (vec![("retry-after", "Fri, 31 Dec 1999 23:59:59 GMT")], Some(0)),
            (vec![], None),
        ] {
            let mut error = CallError::new(ErrorKind::RateLimit, "x");
            Wishes::of(&headers(&pairs)).apply(&mut error);
            assert_eq!(error.retry_after_ms, expected, "{pairs:?}");
        }
        let later = httpdate::fmt_http_date(SystemTime::now() + Duration::from_secs(100));
        let mut error = CallError::new(ErrorKind::RateLimit, "x");
        Wishes::of(&headers(&[("retry-after", &later)])).apply(&mut error);
        let wait = error.retry_after_ms.expect("read");
        assert!((95_000..=100_000).contains(&wait), "{wait}");
    }

    #[test]
    fn a_server_may_forbid_and_not_demand() {
        for (value, before, after) in
            [("false", true, false), ("true", false, false), ("true", true, true)]
        {
            let mut error = CallError::new(ErrorKind::Server, "x");
            error.retryable = before;
            Wishes::of(&headers(&[("x-should-retry", value)])).apply(&mut error);
            assert_eq!(error.retryable, after, "{value} {before}");
        }
    }
}
