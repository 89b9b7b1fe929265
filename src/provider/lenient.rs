//! JSON as servers write it, and picking fields out of it.
//!
//! A strict reader refuses a whole frame for one lone surrogate, one number too large for a
//! double or a bare `NaN`, and text that was already paid for would be lost over it. So a document
//! that does not read strictly is mended and read once more. Types stay loose on purpose: a field
//! that is missing or of another type than expected is a field that was not sent.

use serde::de::IgnoredAny;
use serde_json::Value;

/// Documents up to this many bytes are mended; copies of a larger one would cost more memory than
/// what it says is worth.
const MENDED: usize = 2 << 20;

/// The most values of a document that is read. In memory each takes many times the two bytes it
/// may be written with.
const MOST_VALUES: usize = 100_000;

/// Reads a document, mending what servers are known to get wrong: lone surrogates and bytes that
/// are not UTF-8 become U+FFFD, numbers out of range, `NaN` and `Infinity` become null, bare
/// control characters inside strings stand for themselves. `None` when it still is not JSON, as
/// when it was cut, and when it holds more values than any answer does.
pub(crate) fn parse(bytes: &[u8]) -> Option<Value> {
    if is_crowded(bytes) {
        return None;
    }
    if let Ok(value) = serde_json::from_slice(bytes) {
        return Some(value);
    }
    if bytes.len() > MENDED {
        return None;
    }
    serde_json::from_str(&mend(&String::from_utf8_lossy(bytes))).ok()
}

/// Whether a document holds more values than are read. What stands in strings does not count.
fn is_crowded(bytes: &[u8]) -> bool {
    if bytes.len() <= MOST_VALUES {
        return false;
    }
    let (mut values, mut in_string, mut escaped) = (0_usize, false, false);
    for byte in bytes {
        match (in_string, escaped, byte) {
            (true, true, _) => escaped = false,
            (true, false, b'\\') => escaped = true,
            (_, _, b'"') => in_string = !in_string,
            (false, _, b',' | b'[' | b'{') => {
                values += 1;
                if values > MOST_VALUES {
                    return true;
                }
            }
            _ => {}
        }
    }
    false
}

/// Whether a document is the beginning of one, with its end missing.
pub(crate) fn is_cut(bytes: &[u8]) -> bool {
    if bytes.len() > MENDED {
        return false;
    }
    serde_json::from_str::<IgnoredAny>(&mend(&String::from_utf8_lossy(bytes)))
        .is_err_and(|error| error.is_eof())
}

/// Whether a body is the beginning of an object, with its end missing.
pub(crate) fn is_cut_document(body: &[u8]) -> bool {
    body.trim_ascii_start().starts_with(b"{") && is_cut(body)
}

/// The text of a field.
pub(crate) fn text<'v>(value: &'v Value, key: &str) -> Option<&'v str> {
    value.get(key).and_then(Value::as_str)
}

/// The text of a field, unless it is empty.
pub(crate) fn words<'v>(value: &'v Value, key: &str) -> Option<&'v str> {
    text(value, key).filter(|text| !text.is_empty())
}

/// The most of anything that is counted: above it a double no longer holds every whole number, and
/// sums of counts that a server made up stay far from the end of what a number can hold.
const MOST_COUNTED: u64 = 1 << 53;

/// A count of a field, also where the server wrote it as `12.0`.
pub(crate) fn count(value: &Value, key: &str) -> Option<u64> {
    let number = value.get(key)?;
    let count = number.as_u64().or_else(|| {
        let float = number.as_f64().filter(|float| float.fract() == 0.0)?;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "in range and without a fraction"
        )]
        (0.0..=9_007_199_254_740_992.0).contains(&float).then_some(float as u64)
    });
    count.map(|count| count.min(MOST_COUNTED))
}

fn mend(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        if first == '"' {
            rest = mend_string(rest, &mut out);
        } else if first.is_ascii_alphanumeric() || first == '-' {
            let end = rest
                .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.')))
                .unwrap_or(rest.len());
            let (token, after) = rest.split_at(end);
            let number = token.parse::<f64>();
            let unfinished = after.is_empty()
                && number.is_err()
                && (token.starts_with(|c: char| c.is_ascii_digit() || c == '-')
                    || ["NaN", "Infinity"].iter().any(|word| word.starts_with(token)));
            out.push_str(match number {
                Ok(number) if !number.is_finite() => "null",
                // What a cut left of a number is left out: it is a cut, not a mistake.
                _ if unfinished => "",
                _ => token,
            });
            rest = after;
        } else {
            out.push(first);
            rest = rest.get(first.len_utf8()..).unwrap_or_default();
        }
    }
    out
}

/// Copies the string literal `text` begins with, mended, and gives back what follows it.
fn mend_string<'t>(text: &'t str, out: &mut String) -> &'t str {
    out.push('"');
    let mut rest = text.get(1..).unwrap_or_default();
    while let Some(first) = rest.chars().next() {
        let mut length = first.len_utf8();
        match first {
            '"' => {
                out.push('"');
                return rest.get(1..).unwrap_or_default();
            }
            '\\' => match escaped_unit(rest) {
                Some(0xD800..=0xDBFF)
                    if matches!(escaped_unit(tail(rest, 6)), Some(0xDC00..=0xDFFF)) =>
                {
                    length = 12;
                    out.push_str(rest.get(..12).unwrap_or_default());
                }
                Some(0xD800..=0xDFFF) => {
                    length = 6;
                    out.push('\u{FFFD}');
                }
                _ => {
                    length = 1 + rest.chars().nth(1).map_or(0, char::len_utf8);
                    out.push_str(rest.get(..length).unwrap_or_default());
                }
            },
            control if (control as u32) < 0x20 => {
                out.push_str("\\u00");
                out.push(if (control as u32) < 0x10 { '0' } else { '1' });
                out.push(char::from_digit(control as u32 % 16, 16).unwrap_or('0'));
            }
            other => out.push(other),
        }
        rest = tail(rest, length);
    }
    rest
}

fn tail(text: &str, from: usize) -> &str {
    text.get(from..).unwrap_or_default()
}

/// The UTF-16 unit of the `\uXXXX` a text begins with.
fn escaped_unit(text: &str) -> Option<u16> {
    let digits = text.strip_prefix("\\u")?.get(..4)?;
    let plain = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    u16::from_str_radix(digits, 16).ok().filter(|_| plain)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_servers_get_wrong_is_mended() {
        for (given, expected) in [
            (r#"{"a":"x\ud83dy"}"#, json!({"a": "x\u{FFFD}y"})),
            (r#"{"a":"\ude00\ud83d\ude00\ud83d"}"#, json!({"a": "\u{FFFD}😀\u{FFFD}"})),
            (r#"{"a":"\\ud83d \" \ud83d"}"#, json!({"a": "\\ud83d \" \u{FFFD}"})),
            (r#"{"a":1e400,"b":-1e400,"c":-2.5e1}"#, json!({"a": null, "b": null, "c": -25.0})),
            (r#"{"p":NaN,"q":-Infinity,"r":true}"#, json!({"p": null, "q": null, "r": true})),
            ("{\"a\":\"one\ttwo\u{1f}\"}", json!({"a": "one\ttwo\u{1f}"})),
        ] {
            assert_eq!(parse(given.as_bytes()), Some(expected), "{given}");
        }
        assert_eq!(parse(b"{\"a\":\"\xff\"}"), Some(json!({"a": "\u{FFFD}"})));
    }

    #[test]
    fn what_was_cut_stays_unreadable() {
        let whole = br#"{"a":"\ud83d\ude00","b":[1e400,"x"]}"#;
        assert!(parse(whole).is_some());
        for cut in 0..whole.len() {
            assert_eq!(parse(&whole[..cut]), None, "cut at {cut}");
            assert!(is_cut(&whole[..cut]), "cut at {cut}");
        }
    }

    #[test]
    fn what_is_broken_is_not_merely_cut() {
        for broken in ["<html>", "{\"a\" 1}", "data: {}", "{}}"] {
            assert_eq!(parse(broken.as_bytes()), None, "{broken}");
            assert!(!is_cut(broken.as_bytes()), "{broken}");
        }
    }

    #[test]
    fn a_document_of_very_many_values_is_not_read() {
        let many = |count: usize| format!("[{}0]", "0,".repeat(count));
        assert!(parse(many(90_000).as_bytes()).is_some());
        assert_eq!(parse(many(200_000).as_bytes()), None);
        let text = format!("[\"{}\\\"\",1]", ",[{".repeat(200_000));
        assert!(parse(text.as_bytes()).is_some(), "what stands in a string is one value");
        let large = format!("[\"{}\\ud83d\"]", "x".repeat(MENDED));
        assert_eq!(parse(large.as_bytes()), None);
        assert!(!is_cut(&large.as_bytes()[..large.len() - 1]));
    }

    #[test]
    fn counts_are_whole_and_not_negative() {
        let value = json!({"a": 3, "b": 4.0, "c": 4.5, "d": -1, "e": "5", "f": null});
        let read: Vec<_> = ["a", "b", "c", "d", "e", "f", "g"].map(|key| count(&value, key)).into();
        assert_eq!(read, [Some(3), Some(4), None, None, None, None, None]);
    }
}
