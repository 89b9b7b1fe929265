//! Keys taken out of what a server says, in case it repeats what it was sent.

/// The shortest value that is taken for a secret, in bytes. Shorter ones are words, and taking
/// words out of a message would hide what it says.
const SHORTEST_SECRET: usize = 8;
/// The shortest part of a key that is one where a server has starred out the rest, in bytes.
const SHORTEST_PART: usize = 3;
/// What stands in the place of a key.
const MASK: &str = "[key]";

/// Whether a value is long enough to be taken for a secret.
pub(super) const fn is_secret(value: &str) -> bool {
    value.len() >= SHORTEST_SECRET
}

/// A text without a secret: neither whole, nor cut off, nor with a part of it starred out.
pub(super) fn without(text: &str, secret: &str) -> String {
    let text = text.replace(secret, MASK);
    without_parts(&without_beginning(&text, secret), secret)
}

/// A text without what is left of a secret where it was cut off: at the end, or where it says
/// `…`.
fn without_beginning(text: &str, secret: &str) -> String {
    let mut masked = String::with_capacity(text.len());
    for piece in text.split_inclusive('…') {
        let whole = piece.strip_suffix('…').unwrap_or(piece);
        let kept = (SHORTEST_SECRET..secret.len())
            .rev()
            .filter_map(|length| secret.get(..length))
            .find_map(|beginning| whole.strip_suffix(beginning));
        match kept {
            Some(kept) => {
                masked.push_str(kept);
                masked.push_str(MASK);
                masked.push_str(&piece[whole.len()..]);
            }
            None => masked.push_str(piece),
        }
    }
    masked
}

/// A text without words such as `sk-12****89`, where a server that refuses a key shows its ends.
fn without_parts(text: &str, secret: &str) -> String {
    let mut masked = String::with_capacity(text.len());
    for word in text.split_inclusive(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '`')) {
        match starred(word, secret) {
            Some((before, after)) => {
                masked.push_str(before);
                masked.push_str(MASK);
                masked.push_str(after);
            }
            None => masked.push_str(word),
        }
    }
    masked
}

/// What stands before and after a secret of which a word shows the ends, if it shows one.
fn starred<'w>(word: &'w str, secret: &str) -> Option<(&'w str, &'w str)> {
    let (from, to) = stars(word)?;
    let (head, tail) = (word.get(..from)?, word.get(to..)?);
    // Other signs may stand before the key, as in `key=sk-12****89`, and after it.
    let beginning = (0..head.len())
        .filter_map(|at| Some((head.get(..at)?, head.get(at..)?)))
        .find(|(_, part)| part.len() >= SHORTEST_PART && secret.starts_with(part));
    let end = (SHORTEST_PART..=tail.len())
        .rev()
        .filter_map(|at| Some((tail.get(..at)?, tail.get(at..)?)))
        .find(|(part, _)| secret.ends_with(part));
    match (beginning, end) {
        (None, None) => None,
        (beginning, end) => {
            let letters = |c: char| !c.is_ascii_alphanumeric();
            // Where only one end is known for the key's, the other may be a part that is not.
            let before = beginning.map_or("", |(before, _)| before);
            let after = end.map_or_else(
                || tail.find(letters).and_then(|at| tail.get(at..)).unwrap_or_default(),
                |(_, after)| after,
            );
            Some((before, after))
        }
    }
}

/// Where a word has three stars or dots in a row, or more.
fn stars(word: &str) -> Option<(usize, usize)> {
    ['*', '•', '.', 'x', 'X'].into_iter().find_map(|star| {
        let run: String = std::iter::repeat_n(star, 3).collect();
        let from = word.find(&run)?;
        let rest = word.get(from..)?;
        let length = rest.find(|c: char| c != star).unwrap_or(rest.len());
        Some((from, from + length))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "planted-0123456789abcdef";

    #[test]
    fn a_key_that_was_cut_off_is_masked_as_far_as_it_came() {
        for (text, masked) in [
            ("the key planted-01234… is wrong", "the key [key]… is wrong"),
            ("500 (planted-0…): planted-0123456789ab", "500 ([key]…): [key]"),
            ("planted is a word", "planted is a word"),
            ("it was planted", "it was planted"),
        ] {
            assert_eq!(without(text, KEY), masked);
        }
    }

    #[test]
    fn a_key_of_which_only_the_ends_are_shown_is_masked_with_them() {
        for (text, masked) in [
            ("wrong key: planted-********cdef. Find yours", "wrong key: [key]. Find yours"),
            ("key=pla...ef and more", "key=[key] and more"),
            ("\"****cdef\" is wrong", "\"[key]\" is wrong"),
            ("plaXXXXXXXX", "[key]"),
            ("wait... the planning *** of cdef", "wait... the planning *** of cdef"),
            ("planted-0123456789abcdef it is", "[key] it is"),
        ] {
            assert_eq!(without(text, KEY), masked, "{text}");
        }
    }
}
