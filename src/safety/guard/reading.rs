//! A text as those who show it read it: with its character references and its escapes taken off.

use std::{borrow::Cow, ops::Range};

/// One way to read a text, and where each part of it stands in the text itself.
#[derive(Debug)]
pub(super) struct Reading<'t> {
    pub text: Cow<'t, str>,
    /// Behind each part that was read as something else: the byte here, and the byte there.
    shifts: Vec<(usize, usize)>,
}

/// A text as it stands, and as the readers of HTML and of Markdown take it where they differ: both
/// take character references for what they mean, Markdown takes off backslashes as well.
pub(super) fn readings(text: &str) -> Vec<Reading<'_>> {
    let mut readings = vec![Reading { text: Cow::Borrowed(text), shifts: Vec::new() }];
    let decoded = [read(text, false), read(text, true)];
    for reading in decoded.into_iter().flatten() {
        if readings.iter().all(|known| known.text != reading.text) {
            readings.push(reading);
        }
    }
    readings
}

impl Reading<'_> {
    /// Where a stretch of it stands in the text itself.
    pub fn origin(&self, range: &Range<usize>) -> Range<usize> {
        let at = |byte: usize| {
            let behind = self.shifts.partition_point(|(here, _)| *here <= byte);
            let last = behind.checked_sub(1).and_then(|last| self.shifts.get(last));
            last.map_or(byte, |(here, there)| there + (byte - here))
        };
        at(range.start)..at(range.end)
    }
}

/// The text with its references, and if wished its escapes, read; `None` where it has none.
fn read(text: &str, escapes: bool) -> Option<Reading<'_>> {
    let bytes = text.as_bytes();
    let mut out = String::new();
    let mut shifts = Vec::new();
    let mut copied = 0;
    let mut from = 0;
    while let Some(found) = memchr::memchr2(b'&', b'\\', bytes.get(from..)?) {
        let at = from + found;
        from = at + 1;
        let behind = text.get(from..).unwrap_or_default();
        let meant = if bytes.get(at) == Some(&b'&') {
            reference(behind)
        } else {
            let next = behind.chars().next();
            next.filter(|next| escapes && next.is_ascii_punctuation()).map(|next| (next, 1))
        };
        let Some((character, length)) = meant else { continue };
        out.push_str(text.get(copied..at).unwrap_or_default());
        out.push(character);
        from += length;
        copied = from;
        shifts.push((out.len(), from));
    }
    if shifts.is_empty() {
        return None;
    }
    out.push_str(text.get(copied..).unwrap_or_default());
    Some(Reading { text: Cow::Owned(out), shifts })
}

/// The names of characters that shape an address. Angle brackets are left out: written in this way
/// they never open anything.
const NAMED: [(&str, char); 13] = [
    ("Tab;", '\t'),
    ("NewLine;", '\n'),
    ("colon;", ':'),
    ("sol;", '/'),
    ("bsol;", '\\'),
    ("period;", '.'),
    ("commat;", '@'),
    ("num;", '#'),
    ("quest;", '?'),
    ("lpar;", '('),
    ("rpar;", ')'),
    ("quot;", '"'),
    ("apos;", '\''),
];

/// What a character reference means whose `&` stands before this text, and how many bytes of it
/// belong to the reference.
fn reference(text: &str) -> Option<(char, usize)> {
    let Some(number) = text.strip_prefix('#') else {
        let (name, character) = NAMED.iter().find(|(name, _)| text.starts_with(name))?;
        return Some((*character, name.len()));
    };
    let hexadecimal = number.strip_prefix(['x', 'X']);
    let (radix, digits) = hexadecimal.map_or((10, number), |digits| (16, digits));
    let end = digits.find(|digit: char| !digit.is_digit(radix)).unwrap_or(digits.len());
    let (digits, behind) = digits.split_at_checked(end)?;
    // Zeros may stand before a number, as many as one likes.
    let number = u32::from_str_radix(digits.trim_start_matches('0'), radix).ok()?;
    let character = char::from_u32(number).filter(|character| !matches!(character, '<' | '>'))?;
    // HTML does without the semicolon.
    Some((character, text.len() - behind.strip_prefix(';').unwrap_or(behind).len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(text: &str) -> Vec<String> {
        readings(text).into_iter().map(|reading| reading.text.into_owned()).collect()
    }

    #[test]
    fn a_text_is_read_with_its_references_and_its_escapes() {
        assert_eq!(texts("Tom & Jerry \\n &lt;b&gt; &#60; &#; &#x110000;").len(), 1);
        assert_eq!(texts("&#104;&#x74;t&#0000112s&colon;&sol;/")[1..], ["https://"]);
        assert_eq!(
            texts("a\\:&sol;\\/b \\&sol;"),
            ["a\\:&sol;\\/b \\&sol;", "a\\:/\\/b \\/", "a://b &sol;"]
        );
    }

    #[test]
    fn every_part_is_known_where_it_stands() {
        let text = "é&#104;ttps\\://&period;x";
        let reading = &readings(text)[2];
        assert_eq!(reading.text, "éhttps://.x");
        for (part, there) in
            [("é", "é"), ("h", "&#104;"), ("tps:", "tps\\:"), (".x", "&period;x"), ("x", "x")]
        {
            let at = reading.text.find(part).expect("a part");
            let origin = reading.origin(&(at..at + part.len()));
            assert_eq!(text.get(origin), Some(there));
        }
    }

    #[test]
    fn references_without_end_are_read_once() {
        for piece in ["&#", "&#x", "&#0", "&", "\\", "&#1"] {
            assert!(readings(&piece.repeat(1 << 20)).len() <= 3, "{piece}");
        }
        assert_eq!(readings(&format!("&#{}", "0".repeat(1 << 20))).len(), 1);
    }
}
