//! Figures as people read them: a unit each, enough digits and no more, widths that stay.

use std::time::Duration;

use jiff::{Timestamp, tz::TimeZone};

use crate::tui::theme::Glyphs;

/// A time: `121 ms`, `1.9 s`, `12.3 s`, `2 m 03 s`.
#[must_use]
pub fn duration(time: Duration) -> String {
    let millis = time.as_millis();
    match millis {
        0..1_000 => format!("{millis} ms"),
        1_000..100_000 => format!("{:.1} s", tenths(time)),
        100_000..3_600_000 => format!("{} m {:02} s", millis / 60_000, millis / 1_000 % 60),
        _ => format!("{} h {:02} m", millis / 3_600_000, millis / 60_000 % 60),
    }
}

/// Seconds with one digit, for counters that run: `0.4 s`.
#[must_use]
pub fn seconds(time: Duration) -> String {
    if time.as_secs() >= 100 { duration(time) } else { format!("{:.1} s", tenths(time)) }
}

/// The same where room is scarce: `121ms`, `1.9s`, `2m03s`.
#[must_use]
pub fn short_duration(time: Duration) -> String {
    duration(time).replace(' ', "")
}

/// Seconds where room is scarce: `0.4s`.
#[must_use]
pub fn short_seconds(time: Duration) -> String {
    seconds(time).replace(' ', "")
}

/// Cut to tenths, so that a counter never shows a moment that has not come.
fn tenths(time: Duration) -> f64 {
    (time.as_secs_f64() * 10.0).floor() / 10.0
}

/// Tokens a second: `58 tok/s`, `3.4 tok/s`.
#[must_use]
pub fn rate(tokens_per_second: f64) -> String {
    if tokens_per_second >= 10.0 {
        format!("{tokens_per_second:.0} tok/s")
    } else {
        format!("{tokens_per_second:.1} tok/s")
    }
}

/// The same where room is scarce: `58t/s`.
#[must_use]
pub fn short_rate(tokens_per_second: f64) -> String {
    rate(tokens_per_second).replace(" tok", "t")
}

/// Tokens in and out: `118→2`, `131→~19`; a count that is not known is `?`.
#[must_use]
pub fn tokens(input: Option<u64>, output: Option<u64>, estimated: bool, glyphs: &Glyphs) -> String {
    let word = |count: Option<u64>| count.map_or_else(|| "?".to_owned(), grouped);
    let about = if estimated && output.is_some() { "~" } else { "" };
    format!("{}{}{about}{}", word(input), glyphs.arrow, word(output))
}

/// A whole number with a comma between thousands.
#[must_use]
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// US dollars: four decimals below a dollar, two above, and `<$0.0001` for what is there and
/// too small to show.
#[must_use]
pub fn dollars(amount: f64) -> String {
    if amount >= 1.0 {
        format!("${amount:.2}")
    } else if amount > 0.0 && amount < 0.000_05 {
        "<$0.0001".to_owned()
    } else {
        format!("${amount:.4}")
    }
}

/// A moment as one reads it today: the time today, the day this year, else the date.
#[must_use]
pub fn when(at: Timestamp, now: Timestamp, zone: &TimeZone) -> String {
    let (at, now) = (at.to_zoned(zone.clone()), now.to_zoned(zone.clone()));
    let format = if at.date() == now.date() {
        "%H:%M:%S"
    } else if at.year() == now.year() {
        "%d %b %H:%M"
    } else {
        "%Y-%m-%d"
    };
    at.strftime(format).to_string()
}

/// A window of tokens: `8k`, `128k`, `1M`.
#[must_use]
pub fn window(tokens: u64) -> String {
    match tokens {
        0..1_000 => tokens.to_string(),
        1_000..1_000_000 => format!("{}k", tokens / 1_000),
        _ if tokens % 1_000_000 < 100_000 => format!("{}M", tokens / 1_000_000),
        _ => format!("{:.1}M", f64::from(u32::try_from(tokens / 1_000).unwrap_or(u32::MAX)) / 1e3),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_read_well() {
        for (millis, text) in [
            (0, "0 ms"),
            (121, "121 ms"),
            (1_949, "1.9 s"),
            (99_999, "99.9 s"),
            (123_000, "2 m 03 s"),
            (3_720_000, "1 h 02 m"),
        ] {
            assert_eq!(duration(Duration::from_millis(millis)), text);
        }
        assert_eq!(seconds(Duration::from_millis(449)), "0.4 s");
        assert_eq!(rate(58.4), "58 tok/s");
        assert_eq!(rate(3.44), "3.4 tok/s");
        assert_eq!(short_rate(58.4), "58t/s");
        assert_eq!(short_duration(Duration::from_secs(123)), "2m03s");
        assert_eq!(short_seconds(Duration::from_millis(412)), "0.4s");
        assert_eq!(tokens(Some(1180), Some(2), false, &Glyphs::UNICODE), "1,180→2");
        assert_eq!(tokens(None, Some(19), true, &Glyphs::ASCII), "?>~19");
        assert_eq!(grouped(1_234_567), "1,234,567");
        assert_eq!(dollars(0.0), "$0.0000");
        assert_eq!(dollars(0.000_01), "<$0.0001");
        assert_eq!(dollars(0.0041), "$0.0041");
        assert_eq!(dollars(12.345), "$12.35");
        assert_eq!(window(8_192), "8k");
        assert_eq!(window(1_050_000), "1M");
    }
}
