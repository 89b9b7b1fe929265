//! Times as the database keeps them: whole nanoseconds since 1970-01-01 UTC.

use jiff::Timestamp;

/// Nanoseconds in an hour.
pub(super) const HOUR_NS: i64 = 3_600_000_000_000;

/// A time as stored. What lies outside the years 1677 to 2262 becomes the nearest of them.
pub(super) fn to_stored(time: Timestamp) -> i64 {
    let nanoseconds = time.as_nanosecond();
    i64::try_from(nanoseconds).unwrap_or(if nanoseconds < 0 { i64::MIN } else { i64::MAX })
}

/// A stored time. Every stored number is a time.
pub(super) fn from_stored(nanoseconds: i64) -> Timestamp {
    Timestamp::from_nanosecond(i128::from(nanoseconds)).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// The hour a stored time lies in, counted from 1970.
pub(super) const fn hour_of(nanoseconds: i64) -> i64 {
    nanoseconds.div_euclid(HOUR_NS)
}

/// The beginning of an hour.
pub(super) fn hour_start(hour: i64) -> Timestamp {
    from_stored(hour.saturating_mul(HOUR_NS))
}
