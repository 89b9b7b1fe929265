//! Checks of personal data: the checksums and ranges that tell such a number from any other.

use core::net::{Ipv4Addr, Ipv6Addr};

use super::rule::Candidate;

/// A host name of labels that may be one, and a local part without stray dots.
pub(super) fn email(candidate: &Candidate<'_>) -> Option<usize> {
    let (local, host) = candidate.text.split_once('@')?;
    let dots = |text: &str| text.ends_with('.') || text.contains("..");
    let label = |label: &str| {
        (1..=63).contains(&label.len()) && !label.starts_with('-') && !label.ends_with('-')
    };
    let joined = candidate
        .before
        .is_some_and(|before| before.is_alphanumeric() || "@/:.%+".contains(before))
        || matches!(candidate.after, Some('@'));
    let file = ["png", "jpg", "jpeg", "gif", "svg", "webp"];
    let ending = host.rsplit('.').next()?.to_ascii_lowercase();
    let fits =
        !joined && !dots(local) && host.split('.').all(label) && !file.contains(&ending.as_str());
    fits.then_some(candidate.text.len())
}

fn digits(text: &str) -> Vec<u32> {
    text.chars().filter_map(|character| character.to_digit(10)).collect()
}

/// Whether a number stands alone, and is not a piece of a longer one or of a decimal.
fn alone(candidate: &Candidate<'_>) -> bool {
    let glued = |next: Option<char>| {
        next.is_some_and(|it| {
            it.is_alphanumeric() || matches!(it, '-' | '_' | '+' | '/' | '=' | '#')
        })
    };
    !glued(candidate.before) && candidate.before != Some('.') && !glued(candidate.after)
}

/// A number whose issuer, length and last digit are right.
///
/// The last digit by Luhn's algorithm, ISO/IEC 7812-1; the ranges by the card networks.
pub(super) fn payment_card(candidate: &Candidate<'_>) -> Option<usize> {
    let number = digits(candidate.text);
    let first = |count: usize| number.iter().take(count).fold(0, |all, digit| all * 10 + digit);
    let maestro =
        matches!(first(4), 5018 | 5020 | 5038 | 5612 | 5893 | 6304 | 6390) || first(2) == 67;
    let fits = match number.len() {
        13 if first(1) == 4 => true,
        14 => matches!(first(3), 300..=305) || matches!(first(2), 36 | 38 | 39),
        15 => matches!(first(2), 34 | 37),
        // Mir, Discover, JCB and UnionPay have up to 19 digits.
        16..=19 => {
            matches!(first(2), 62 | 65)
                || matches!(first(4), 2200..=2204 | 3528..=3589 | 6011)
                || matches!(first(3), 644..=649)
                || (number.len() == 16
                    && (matches!(first(2), 51..=55) || matches!(first(4), 2221..=2720)))
                || (matches!(number.len(), 16 | 19) && first(1) == 4)
        }
        _ => false,
    };
    let fits = fits || (maestro && matches!(number.len(), 12..=19));
    let mut groups: Vec<usize> = candidate.text.split([' ', '-']).map(str::len).collect();
    // Written in groups as cards are, of which the last may be short, or without.
    let last = groups.pop().unwrap_or(0);
    let grouped = groups.iter().all(|length| (3..=7).contains(length))
        && last <= if groups.is_empty() { 19 } else { 7 };
    (fits && grouped && alone(candidate) && luhn(&number)).then_some(candidate.text.len())
}

/// Luhn's algorithm: every second digit from the right is doubled, nines are cast out, and the
/// sum is a multiple of ten.
fn luhn(number: &[u32]) -> bool {
    let sum: u32 = number
        .iter()
        .rev()
        .enumerate()
        .map(|(at, &digit)| match (at % 2, digit * 2) {
            (0, _) => digit,
            (_, doubled) if doubled > 9 => doubled - 9,
            (_, doubled) => doubled,
        })
        .sum();
    sum.is_multiple_of(10)
}

/// An area, group and serial number that may have been given out.
///
/// Never given out: areas 000, 666 and 900 to 999, group 00, serial 0000 (US Social Security
/// Administration); and two numbers that stood in advertisements.
pub(super) fn social_security(candidate: &Candidate<'_>) -> Option<usize> {
    let number = digits(candidate.text);
    let value = |range: std::ops::Range<usize>| {
        number.get(range).unwrap_or_default().iter().fold(0, |all, digit| all * 10 + digit)
    };
    let (area, group, serial) = (value(0..3), value(3..5), value(5..9));
    let advertised =
        matches!((area, group, serial), (78, 5, 1120) | (219, 9, 9999) | (123, 45, 6789));
    let given = !matches!(area, 0 | 666 | 900..) && group != 0 && serial != 0 && !advertised;
    (given && alone(candidate)).then_some(candidate.text.len())
}

/// Lengths of bank account numbers by country, after the SWIFT IBAN registry.
const IBAN_LENGTHS: &[(&str, usize)] = &[
    ("AD", 24),
    ("AE", 23),
    ("AL", 28),
    ("AT", 20),
    ("AZ", 28),
    ("BA", 20),
    ("BE", 16),
    ("BG", 22),
    ("BH", 22),
    ("BI", 27),
    ("BR", 29),
    ("BY", 28),
    ("CH", 21),
    ("CR", 22),
    ("CY", 28),
    ("CZ", 24),
    ("DE", 22),
    ("DJ", 27),
    ("DK", 18),
    ("DO", 28),
    ("EE", 20),
    ("EG", 29),
    ("ES", 24),
    ("FI", 18),
    ("FK", 18),
    ("FO", 18),
    ("FR", 27),
    ("GB", 22),
    ("GE", 22),
    ("GI", 23),
    ("GL", 18),
    ("GR", 27),
    ("GT", 28),
    ("HR", 21),
    ("HU", 28),
    ("IE", 22),
    ("IL", 23),
    ("IQ", 23),
    ("IS", 26),
    ("IT", 27),
    ("JO", 30),
    ("KW", 30),
    ("KZ", 20),
    ("LB", 28),
    ("LC", 32),
    ("LI", 21),
    ("LT", 20),
    ("LU", 20),
    ("LV", 21),
    ("LY", 25),
    ("MC", 27),
    ("MD", 24),
    ("ME", 22),
    ("MK", 19),
    ("MN", 20),
    ("MR", 27),
    ("MT", 31),
    ("MU", 30),
    ("NI", 28),
    ("NL", 18),
    ("NO", 15),
    ("OM", 23),
    ("PK", 24),
    ("PL", 28),
    ("PS", 29),
    ("PT", 25),
    ("QA", 29),
    ("RO", 24),
    ("RS", 22),
    ("RU", 33),
    ("SA", 24),
    ("SC", 31),
    ("SD", 18),
    ("SE", 24),
    ("SI", 19),
    ("SK", 24),
    ("SM", 27),
    ("SO", 23),
    ("ST", 25),
    ("SV", 28),
    ("TL", 23),
    ("TN", 24),
    ("TR", 26),
    ("UA", 29),
    ("VA", 22),
    ("VG", 24),
    ("XK", 20),
    ("YE", 30),
];

/// A number of its country's length whose check digits are right; words after it do not count.
///
/// ISO 13616: the first four characters moved to the end and letters read as 10 to 35, the
/// number leaves 1 when divided by 97.
pub(super) fn iban(candidate: &Candidate<'_>) -> Option<usize> {
    let country = candidate.text.get(..2)?;
    let known = |(known, _): &&(&str, usize)| known.eq_ignore_ascii_case(country);
    let (_, length) = IBAN_LENGTHS.iter().find(known)?;
    let mut compact = String::with_capacity(*length);
    let mut end = 0;
    for (at, character) in candidate.text.char_indices() {
        if character.is_ascii_alphanumeric() {
            compact.push(character);
        }
        end = at + 1;
        if compact.len() == *length {
            break;
        }
    }
    let next = candidate.text.get(end..)?.chars().next().or(candidate.after);
    let ends = compact.len() == *length && !next.is_some_and(char::is_alphanumeric);
    let (head, tail) = compact.split_at_checked(4)?;
    let remainder = tail.chars().chain(head.chars()).try_fold(0_u32, |remainder, character| {
        let value = character.to_digit(36)?;
        let shifted = remainder * if value < 10 { 10 } else { 100 };
        Some((shifted + value) % 97)
    })?;
    // In small letters it may be words: then it has to be written as such numbers are.
    let number = candidate.text.get(..end)?;
    let shouted = !number.bytes().any(|byte| byte.is_ascii_lowercase());
    (ends && remainder == 1 && (shouted || in_fours(number))).then_some(end)
}

/// Whether a number is written in one piece, or in groups of four and a rest.
fn in_fours(number: &str) -> bool {
    let mut groups = number.split([' ', '-']);
    let last = groups.next_back().unwrap_or_default();
    let groups: Vec<&str> = groups.collect();
    groups.is_empty() || (groups.iter().all(|group| group.len() == 4) && last.len() <= 4)
}

/// A number of a length that can be dialled, written the way numbers to dial are.
pub(super) fn phone(candidate: &Candidate<'_>) -> Option<usize> {
    let text = candidate.text;
    let number = digits(text);
    let decimal = matches!(candidate.before, Some('.' | ',' | '$' | '€' | '£'));
    if !alone(candidate) || decimal {
        return None;
    }
    // The longest number of E.164 has 15 digits; no country's whole number has fewer than 7.
    let international = text.starts_with('+');
    let length = if international { 8..=15 } else { 8..=11 };
    let separated = text.contains([' ', '-', '.', '/', '(']);
    // A leading zero is no country, and a number of one digit only is none.
    let country = !international || number.first() != Some(&0);
    let varied = number.iter().any(|digit| Some(digit) != number.first());
    let balanced = text.matches('(').count() == text.matches(')').count();
    let fits = length.contains(&number.len()) && (international || separated);
    (fits && country && varied && balanced && !is_date(text)).then_some(text.len())
}

/// Whether the last group looks like a year after a day and a month.
fn is_date(text: &str) -> bool {
    let groups: Vec<&str> = text.split(['-', '/', '.']).collect();
    matches!(groups.as_slice(), [a, b, c] if a.len() <= 4 && b.len() <= 2 && c.len() <= 4)
}

/// An address of four numbers up to 255 that belongs to some machine other than this.
pub(super) fn ipv4(candidate: &Candidate<'_>) -> Option<usize> {
    let glued =
        |next: Option<char>| next.is_some_and(|it| it.is_alphanumeric() || matches!(it, '_' | '-'));
    if glued(candidate.before) || glued(candidate.after) || candidate.before == Some('.') {
        return None;
    }
    let address: Ipv4Addr = candidate.text.parse().ok()?;
    let nobodys = address.is_loopback() || address.is_unspecified() || address.is_broadcast();
    let mask = address.octets().first() == Some(&255);
    (!nobodys && !mask).then_some(candidate.text.len())
}

/// An address that belongs to some machine other than this. Paths of programs (`a::b`) are none.
pub(super) fn ipv6(candidate: &Candidate<'_>) -> Option<usize> {
    let glued =
        |next: Option<char>| next.is_some_and(|it| it.is_alphanumeric() || matches!(it, '_' | ':'));
    if glued(candidate.before) || glued(candidate.after) {
        return None;
    }
    let address: Ipv6Addr = candidate.text.parse().ok()?;
    let nobodys = address.is_loopback() || address.is_unspecified();
    let numbered = candidate.text.bytes().any(|byte| byte.is_ascii_digit());
    (!nobodys && numbered).then_some(candidate.text.len())
}
