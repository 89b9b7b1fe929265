//! Durations and sizes as people write them: `500ms`, `10s`, `2m`; `8KiB`, `64MiB`.

use std::time::Duration;

use crate::model::split_unit;

/// Reads a size in bytes: a whole or decimal number and `B`, `KiB`, `MiB`, `GiB` or `KB`, `MB`,
/// `GB` (thousands), capitals or not.
pub(super) fn size(text: &str) -> Result<u64, &'static str> {
    const EXPECTED: &str = "must be a size with its unit, such as \"512KiB\" or \"64MiB\"";
    let (number, unit) = split_unit(text).ok_or(EXPECTED)?;
    let bytes = match unit.to_ascii_lowercase().as_str() {
        "b" => 1.0,
        "kib" | "k" => 1024.0,
        "mib" | "m" => 1024.0 * 1024.0,
        "gib" | "g" => 1024.0 * 1024.0 * 1024.0,
        "kb" => 1e3,
        "mb" => 1e6,
        "gb" => 1e9,
        _ => return Err(EXPECTED),
    };
    let bytes = (number * bytes).round();
    if bytes > 2f64.powi(53) {
        return Err(EXPECTED);
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a whole number between 0 and 2^53"
    )]
    Ok(bytes as u64)
}

/// A duration in the words this module reads.
pub(super) fn show_duration(duration: Duration) -> String {
    if duration.subsec_nanos() == 0 {
        format!("{}s", duration.as_secs())
    } else {
        format!("{}ms", duration.as_millis())
    }
}

/// A size in the words this module reads.
pub(super) fn show_size(bytes: u64) -> String {
    match bytes {
        0 => "0B".to_owned(),
        _ if bytes.is_multiple_of(1 << 30) => format!("{}GiB", bytes >> 30),
        _ if bytes.is_multiple_of(1 << 20) => format!("{}MiB", bytes >> 20),
        _ if bytes.is_multiple_of(1 << 10) => format!("{}KiB", bytes >> 10),
        _ => format!("{bytes}B"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::read_duration;

    #[test]
    fn durations_need_a_unit() {
        for (text, milliseconds) in [
            ("10s", 10_000),
            ("500ms", 500),
            ("2m", 120_000),
            ("1.5 s", 1500),
            ("1h", 3_600_000),
            ("7d", 604_800_000),
        ] {
            assert_eq!(read_duration(text), Ok(Duration::from_millis(milliseconds)), "{text}");
        }
        for bad in ["10", "s", "", "ten s", "-1s", "1.2.3s", "10w", "1e3s", "∞s"] {
            assert!(read_duration(bad).is_err(), "{bad:?} passed");
        }
    }

    #[test]
    fn sizes_are_binary_or_decimal_as_written() {
        for (text, bytes) in
            [("64MiB", 64 << 20), ("8 kib", 8192), ("1MB", 1_000_000), ("0.5KiB", 512), ("7B", 7)]
        {
            assert_eq!(size(text), Ok(bytes), "{text}");
        }
        for bad in ["64", "MiB", "", "-1MiB", "1TiB", "99999999999999GiB"] {
            assert!(size(bad).is_err(), "{bad:?} passed");
        }
    }

    #[test]
    fn what_is_shown_reads_back() {
        for milliseconds in [0, 1, 999, 1000, 1500, 600_000] {
            let value = Duration::from_millis(milliseconds);
            assert_eq!(read_duration(&show_duration(value)), Ok(value));
        }
        for bytes in [0, 1, 1023, 1024, 64 << 20, (64 << 20) + 1] {
            assert_eq!(size(&show_size(bytes)), Ok(bytes));
        }
    }
}
