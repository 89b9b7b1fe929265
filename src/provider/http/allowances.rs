//! What the head of a reply says of the server's limits.

use std::time::Duration;

use jiff::Timestamp;
use reqwest::header::HeaderMap;

use crate::model::{Allowance, ReportedLimits};

/// Reads `OpenAI`'s headers (Groq, Azure and others write the same) or Anthropic's. What makes no
/// sense is left out: it is advice, and calls do not fail over it.
pub(super) fn reported(headers: &HeaderMap, now: Timestamp) -> ReportedLimits {
    let one = |name: [&str; 3]| allowance(headers, name, now);
    let openai = |what: &str| {
        one([
            &format!("x-ratelimit-limit-{what}"),
            &format!("x-ratelimit-remaining-{what}"),
            &format!("x-ratelimit-reset-{what}"),
        ])
    };
    let anthropic = |what: &str| {
        one([
            &format!("anthropic-ratelimit-{what}-limit"),
            &format!("anthropic-ratelimit-{what}-remaining"),
            &format!("anthropic-ratelimit-{what}-reset"),
        ])
    };
    ReportedLimits {
        requests: openai("requests").or_else(|| anthropic("requests")),
        tokens: openai("tokens")
            .or_else(|| anthropic("tokens"))
            .or_else(|| tighter(anthropic("input-tokens"), anthropic("output-tokens"))),
    }
}

fn allowance(headers: &HeaderMap, names: [&str; 3], now: Timestamp) -> Option<Allowance> {
    let [limit, remaining, reset] =
        names.map(|name| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim));
    // A server that has no limit may say 0 or -1 of 0 or -1; that forbids nothing.
    let limit = limit.and_then(|text| text.parse::<i64>().ok());
    if limit.is_some_and(|limit| limit <= 0) {
        return None;
    }
    Some(Allowance {
        limit: limit.and_then(|limit| u64::try_from(limit).ok()),
        remaining: remaining?.parse().ok()?,
        reset_ms: reset.and_then(|text| reset_ms(text, now)),
    })
}

/// Of two allowances that both hold, the one with less left.
fn tighter(a: Option<Allowance>, b: Option<Allowance>) -> Option<Allowance> {
    match (a, b) {
        (Some(a), Some(b)) => Some(if b.remaining < a.remaining { b } else { a }),
        (a, b) => a.or(b),
    }
}

/// The time until an allowance is whole again: a duration as Go writes it (`1m0s`, `12ms`), a
/// number of seconds, or a moment by RFC 3339.
fn reset_ms(text: &str, now: Timestamp) -> Option<u64> {
    go_duration(text).or_else(|| {
        let at: Timestamp = text.parse().ok()?;
        // A moment that has passed means now.
        Some(u64::try_from(at.as_millisecond() - now.as_millisecond()).unwrap_or(0))
    })
}

/// Reads numbers with units one after another; a number alone is seconds.
fn go_duration(text: &str) -> Option<u64> {
    let mut rest = text;
    let mut total = 0.0_f64;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let (number, after) = rest.split_at(digits);
        let number: f64 = number.parse().ok()?;
        let letters = after.find(|c: char| c.is_ascii_digit()).unwrap_or(after.len());
        let (unit, after) = after.split_at(letters);
        total += number
            * match unit {
                "h" => 3_600_000.0,
                "m" => 60_000.0,
                "s" => 1_000.0,
                "ms" => 1.0,
                "us" | "µs" => 0.001,
                "ns" => 0.000_001,
                "" if text.len() == digits => 1_000.0,
                _ => return None,
            };
        rest = after;
    }
    // Longer than the program lives is as good as for ever.
    Duration::try_from_secs_f64(total / 1_000.0)
        .ok()
        .and_then(|duration| u64::try_from(duration.as_millis()).ok())
}

#[cfg(test)]
mod tests {
    use reqwest::header::{HeaderName, HeaderValue};

    use super::*;

    fn read(pairs: &[(&'static str, &'static str)]) -> ReportedLimits {
        let headers = pairs
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
            .collect();
        reported(&headers, "2026-03-01T12:00:00Z".parse().expect("a time"))
    }

    fn allowance(limit: u64, remaining: u64, reset_ms: u64) -> Allowance {
        Allowance { limit: Some(limit), remaining, reset_ms: Some(reset_ms) }
    }

    #[test]
    fn both_ways_of_writing_are_read() {
        let openai = read(&[
            ("x-ratelimit-limit-requests", "60"),
            ("x-ratelimit-remaining-requests", "59"),
            ("x-ratelimit-reset-requests", "1s"),
            ("x-ratelimit-limit-tokens", "150000"),
            ("x-ratelimit-remaining-tokens", "149984"),
            ("x-ratelimit-reset-tokens", "6m0s"),
        ]);
        assert_eq!(openai.requests, Some(allowance(60, 59, 1_000)));
        assert_eq!(openai.tokens, Some(allowance(150_000, 149_984, 360_000)));
        let anthropic = read(&[
            ("anthropic-ratelimit-requests-limit", "50"),
            ("anthropic-ratelimit-requests-remaining", "0"),
            ("anthropic-ratelimit-requests-reset", "2026-03-01T12:00:30Z"),
            ("anthropic-ratelimit-input-tokens-limit", "40000"),
            ("anthropic-ratelimit-input-tokens-remaining", "39000"),
            ("anthropic-ratelimit-input-tokens-reset", "2026-03-01T12:00:02Z"),
            ("anthropic-ratelimit-output-tokens-limit", "8000"),
            ("anthropic-ratelimit-output-tokens-remaining", "100"),
            ("anthropic-ratelimit-output-tokens-reset", "2026-03-01T11:00:00Z"),
        ]);
        assert_eq!(anthropic.requests, Some(allowance(50, 0, 30_000)));
        assert_eq!(anthropic.tokens, Some(allowance(8_000, 100, 0)), "the tighter of the two");
    }

    #[test]
    fn what_makes_no_sense_is_left_out() {
        assert!(read(&[]).is_empty());
        for (limit, remaining) in [("-1", "0"), ("0", "0"), ("60", "-1"), ("60", "many")] {
            let said = read(&[
                ("x-ratelimit-limit-requests", limit),
                ("x-ratelimit-remaining-requests", remaining),
            ]);
            assert!(said.is_empty(), "{limit} {remaining}");
        }
    }

    #[test]
    fn times_are_read_as_servers_write_them() {
        let now = "2026-03-01T12:00:00Z".parse().expect("a time");
        for (text, ms) in [
            ("12ms", Some(12)),
            ("1s", Some(1_000)),
            ("6m0s", Some(360_000)),
            ("1h2m3.5s", Some(3_723_500)),
            ("2m59.56s", Some(179_560)),
            ("0s", Some(0)),
            ("7", Some(7_000)),
            ("7.66", Some(7_660)),
            ("2026-03-01T12:00:01.5Z", Some(1_500)),
            ("2026-03-01T14:00:01+02:00", Some(1_000)),
            ("1999-12-31T23:59:59Z", Some(0)),
            ("1e9s", None),
            ("-1s", None),
            ("soon", None),
            ("", None),
            ("1s2", None),
        ] {
            assert_eq!(reset_ms(text, now), ms, "{text}");
        }
    }
}
