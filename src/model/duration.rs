//! Durations as people write them: `500ms`, `10s`, `2m`.

use std::time::Duration;

/// Reads a duration: a whole or decimal number and `ms`, `s`, `m`, `h` or `d`.
///
/// # Errors
/// What it must be, to follow the name of the key it was read for.
pub fn read_duration(text: &str) -> Result<Duration, &'static str> {
    const EXPECTED: &str = "must be a duration with its unit, such as \"500ms\", \"10s\" or \"2m\"";
    let (number, unit) = split_unit(text).ok_or(EXPECTED)?;
    let milliseconds = match unit {
        "ms" => 1.0,
        "s" => 1e3,
        "m" | "min" => 60e3,
        "h" => 3600e3,
        "d" => 24.0 * 3600e3,
        _ => return Err(EXPECTED),
    };
    Duration::try_from_secs_f64((number * milliseconds).round() / 1e3).map_err(|_| EXPECTED)
}

/// A number of digits with at most one point, and the unit after it.
pub(crate) fn split_unit(text: &str) -> Option<(f64, &str)> {
    let text = text.trim();
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.')?;
    let (number, unit) = text.split_at(end);
    let number: f64 = number.parse().ok()?;
    number.is_finite().then(|| (number, unit.trim_start()))
}
