//! Words, sentences and patterns: the tools that every skill shares.

use std::{collections::HashSet, sync::LazyLock};

/// Words that carry no topic.
const STOP_WORDS: &str = "\
    a about above after again all also am an and any are as at be because been before being \
    both but by can could did do does doing during each for from further get got had has \
    have having he her here hers him his how i if in into is it its itself just let may me \
    might more most much must my no nor not now of off on once only or other our ours out \
    over own same she should so some such than that the their theirs them then there these \
    they this those through to too under until up upon us very was we were what when where \
    which while who whom why will with would you your yours i'm i've it's we're they're \
    that's there's";

/// Short forms whose full stop does not end a sentence.
const ABBREVIATIONS: &str = "\
    mr mrs ms dr prof sr jr st no nos inc ltd co corp vs etc e.g i.e approx dept est fig jan \
    feb mar apr jun jul aug sep sept oct nov dec a.m p.m u.s u.k art sec";

/// A word with its place in the text it came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word<'a> {
    pub text: &'a str,
    /// The word in lower case, with a plain apostrophe.
    pub lower: String,
    pub start: usize,
}

impl Word<'_> {
    /// The byte after the word.
    pub fn end(&self) -> usize {
        self.start + self.text.len()
    }

    /// Whether the word begins with a capital letter.
    pub fn is_capitalised(&self) -> bool {
        self.text.chars().next().is_some_and(char::is_uppercase)
    }
}

fn is_word_char(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The words of a text. Apostrophes and hyphens inside a word belong to it, and so do points and
/// commas inside a number.
pub fn words(text: &str) -> Vec<Word<'_>> {
    let mut words = Vec::new();
    let mut rest = text.char_indices().peekable();
    while let Some((start, first)) = rest.next() {
        if !is_word_char(first) {
            continue;
        }
        let mut end = start + first.len_utf8();
        let mut numeric = first.is_ascii_digit();
        while let Some(&(at, c)) = rest.peek() {
            let after = text[at + c.len_utf8()..].chars().next();
            let joins = match c {
                '\'' | '’' | '-' => after.is_some_and(char::is_alphanumeric) && !numeric,
                '.' | ',' => numeric && after.is_some_and(|next| next.is_ascii_digit()),
                _ => is_word_char(c),
            };
            if !joins {
                break;
            }
            numeric = numeric && (c.is_ascii_digit() || matches!(c, '.' | ','));
            end = at + c.len_utf8();
            rest.next();
        }
        let word = &text[start..end];
        words.push(Word { text: word, lower: word.to_lowercase().replace('’', "'"), start });
    }
    words
}

/// The words of a text in lower case.
pub fn lower_words(text: &str) -> Vec<String> {
    words(text).into_iter().map(|word| word.lower).collect()
}

/// Whether a word carries no topic.
pub fn is_stop_word(lower: &str) -> bool {
    static SET: LazyLock<HashSet<&str>> = LazyLock::new(|| STOP_WORDS.split_whitespace().collect());
    SET.contains(lower)
}

/// Whether a list of words with spaces between has this word.
pub fn listed(list: &str, word: &str) -> bool {
    list.split_ascii_whitespace().any(|listed| listed == word)
}

/// A word without its commonest English endings, so that forms of one word meet. It is crude on
/// purpose: what matters is only that the same is done to both sides.
pub fn stem(lower: &str) -> &str {
    let word = lower.strip_suffix("'s").unwrap_or(lower);
    for (ending, least) in [
        ("ations", 4),
        ("ation", 4),
        ("ments", 4),
        ("ment", 4),
        ("ingly", 4),
        ("edly", 4),
        ("ings", 4),
        ("ing", 4),
        ("ies", 3),
        ("ied", 3),
        ("ers", 4),
        ("ed", 4),
        ("er", 4),
        ("ly", 4),
        ("es", 4),
        ("s", 3),
        ("e", 4),
        ("y", 3),
    ] {
        if let Some(stem) = word.strip_suffix(ending)
            && stem.len() >= least
            && !(ending == "s" && stem.ends_with('s'))
        {
            return undouble(stem);
        }
    }
    word
}

/// `shipp` to `ship`, as in shipping.
fn undouble(stem: &str) -> &str {
    let bytes = stem.as_bytes();
    match bytes {
        [.., a, b]
            if a == b && a.is_ascii_alphabetic() && !matches!(a, b'l' | b's' | b'e' | b'o') =>
        {
            &stem[..stem.len() - 1]
        }
        _ => stem,
    }
}

/// The stems of a text's topic words, in order, with repeats.
pub fn topic_stems(text: &str) -> Vec<String> {
    words(text)
        .iter()
        .filter(|word| word.lower.len() > 1 && !is_stop_word(&word.lower))
        .map(|word| stem(&word.lower).to_owned())
        .collect()
}

/// The sentences of a text, in order, without white space around them. Blank lines, list items
/// and headings end sentences too.
pub fn sentences(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    for paragraph in paragraphs_and_items(text) {
        split_sentences(paragraph, &mut found);
    }
    found
}

/// Stretches of text that no sentence crosses.
fn paragraphs_and_items(text: &str) -> Vec<&str> {
    let mut stretches = Vec::new();
    let (mut start, mut at) = (0, 0);
    let mut before_was_closed = true;
    for line in text.split_inclusive('\n') {
        let trimmed = line.trim();
        let opens = before_was_closed || trimmed.is_empty() || is_list_item(trimmed);
        if opens && at > start {
            stretches.push(&text[start..at]);
            start = at;
        }
        at += line.len();
        before_was_closed = trimmed.is_empty()
            || trimmed.starts_with('#')
            || (trimmed.len() < 60 && trimmed.ends_with(':'));
    }
    stretches.push(&text[start..]);
    stretches.retain(|stretch| !stretch.trim().is_empty());
    stretches
}

/// Whether a line starts with a list mark.
pub fn is_list_item(line: &str) -> bool {
    strip_list_mark(line).len() < line.trim_start().len()
}

/// A line without its list mark (`- `, `* `, `• `, `1. `, `2) `).
pub fn strip_list_mark(line: &str) -> &str {
    let line = line.trim_start();
    if let Some(rest) = ["- ", "* ", "• ", "– "].iter().find_map(|mark| line.strip_prefix(mark))
    {
        return rest.trim_start();
    }
    let digits = line.bytes().take_while(u8::is_ascii_digit).count();
    if (1..=3).contains(&digits)
        && let Some(rest) = line[digits..].strip_prefix(". ").or(line[digits..].strip_prefix(") "))
    {
        return rest.trim_start();
    }
    line
}

fn split_sentences<'a>(stretch: &'a str, found: &mut Vec<&'a str>) {
    let mut start = 0;
    let mut marks = stretch.char_indices().peekable();
    while let Some((at, c)) = marks.next() {
        if !matches!(c, '.' | '!' | '?' | '…' | '。') {
            continue;
        }
        let mut end = at + c.len_utf8();
        while let Some(&(next, mark)) = marks.peek() {
            if !matches!(mark, '.' | '!' | '?' | '"' | '”' | '\'' | '’' | ')' | ']') {
                break;
            }
            end = next + mark.len_utf8();
            marks.next();
        }
        let after = &stretch[end..];
        let next = after.trim_start().chars().next();
        let spaced = after.starts_with(char::is_whitespace) || after.is_empty() || c == '。';
        let begins = next.is_none_or(|next| !next.is_lowercase());
        if spaced && begins && !(c == '.' && ends_with_abbreviation(&stretch[start..at])) {
            push_trimmed(&stretch[start..end], found);
            start = end;
        }
    }
    push_trimmed(&stretch[start..], found);
}

fn ends_with_abbreviation(before: &str) -> bool {
    let word = before.rsplit(|c: char| c.is_whitespace() || c == '(').next().unwrap_or("");
    let lower = word.to_lowercase();
    let initial = word.chars().count() == 1 && word.chars().all(char::is_uppercase) && word != "I";
    initial || listed(ABBREVIATIONS, &lower)
}

fn push_trimmed<'a>(sentence: &'a str, found: &mut Vec<&'a str>) {
    let sentence = sentence.trim();
    if sentence.chars().any(char::is_alphanumeric) {
        found.push(sentence);
    }
}

/// Finds a pattern among words in lower case; gives the first match as a range of words.
///
/// A pattern is words with spaces between: `refund*` is any word that starts so, `a|b` either,
/// `_` any one word, `..` up to four words.
pub fn find<S: AsRef<str>>(words: &[S], pattern: &str) -> Option<(usize, usize)> {
    let parts: Vec<&str> = pattern.split(' ').collect();
    (0..words.len())
        .find_map(|start| match_at(&words[start..], &parts).map(|length| (start, start + length)))
}

/// Whether any of the patterns is found.
pub fn any<S: AsRef<str>>(words: &[S], patterns: &[&str]) -> bool {
    patterns.iter().any(|pattern| find(words, pattern).is_some())
}

fn match_at<S: AsRef<str>>(words: &[S], parts: &[&str]) -> Option<usize> {
    let Some((part, rest)) = parts.split_first() else { return Some(0) };
    if *part == ".." {
        return (0..=words.len().min(4))
            .find_map(|skip| match_at(&words[skip..], rest).map(|length| skip + length));
    }
    let word = words.first()?.as_ref();
    let matches = part.split('|').any(|choice| match choice.strip_suffix('*') {
        Some(prefix) => word.starts_with(prefix),
        None => choice == "_" || choice == word,
    });
    if matches { match_at(&words[1..], rest).map(|length| length + 1) } else { None }
}

/// The first letter in upper case, the rest as it is.
pub fn capitalise(text: &str) -> String {
    let mut chars = text.chars();
    match chars.next() {
        Some(first) => first.to_uppercase().chain(chars).collect(),
        None => String::new(),
    }
}

/// `a`, `a and b`, `a, b and c`.
pub fn join_and<S: AsRef<str>>(items: &[S]) -> String {
    match items {
        [] => String::new(),
        [one] => one.as_ref().to_owned(),
        [first @ .., last] => {
            let first: Vec<&str> = first.iter().map(AsRef::as_ref).collect();
            format!("{} and {}", first.join(", "), last.as_ref())
        }
    }
}

/// How many words a text has, as a person counts.
pub fn word_count(text: &str) -> usize {
    text.split_whitespace().count()
}

/// A number written as a word, up to twenty, and the tens.
pub fn number_word(lower: &str) -> Option<u32> {
    const WORDS: [&str; 21] = [
        "zero",
        "one",
        "two",
        "three",
        "four",
        "five",
        "six",
        "seven",
        "eight",
        "nine",
        "ten",
        "eleven",
        "twelve",
        "thirteen",
        "fourteen",
        "fifteen",
        "sixteen",
        "seventeen",
        "eighteen",
        "nineteen",
        "twenty",
    ];
    const TENS: [&str; 7] = ["thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"];
    if let Some(at) = WORDS.iter().position(|word| *word == lower) {
        return u32::try_from(at).ok();
    }
    if let Some(at) = TENS.iter().position(|word| *word == lower) {
        return u32::try_from(at * 10 + 30).ok();
    }
    let (tens, ones) = lower.split_once('-')?;
    let tens = number_word(tens).filter(|tens| *tens >= 20 && tens % 10 == 0)?;
    Some(tens + number_word(ones).filter(|ones| (1..10).contains(ones))?)
}

/// A count written in digits or as a word.
pub fn count_word(lower: &str) -> Option<usize> {
    let number = lower.parse().ok().or_else(|| number_word(lower))?;
    usize::try_from(number).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn words_keep_apostrophes_and_numbers() {
        let found = lower_words("Don’t pay $1,200.50 — it's well-known, Bob.");
        assert_eq!(found, ["don't", "pay", "1,200.50", "it's", "well-known", "bob"]);
    }

    #[test]
    fn sentences_know_abbreviations_and_lists() {
        let text = "Dr. Ada Lovelace paid 3.50 to Acme Inc. for it. Really?! \"Yes.\" she said.\n\
                    - first item\n- second item. With more\n\nA heading:\nThe end";
        assert_eq!(
            sentences(text),
            [
                "Dr. Ada Lovelace paid 3.50 to Acme Inc. for it.",
                "Really?!",
                "\"Yes.\" she said.",
                "- first item",
                "- second item.",
                "With more",
                "A heading:",
                "The end",
            ]
        );
    }

    #[test]
    fn stems_of_one_word_meet() {
        for family in [
            &["refund", "refunds", "refunded", "refunding"][..],
            &["ship", "shipped", "shipping", "shipment"],
            &["invoice", "invoices", "invoiced"],
            &["delivery", "deliveries"],
        ] {
            for word in family {
                assert_eq!(stem(word), stem(family[0]), "{word}");
            }
        }
    }

    #[test]
    fn patterns_match_words_prefixes_choices_and_gaps() {
        let text = lower_words("Nobody ever answered any of my mails, so please cancel it");
        assert!(find(&text, "nobody _ answer*").is_some());
        assert!(find(&text, "nobody .. mails|letters").is_none());
        assert!(find(&text, "answered .. mails|letters").is_some());
        assert_eq!(find(&text, "please cancel|stop"), Some((8, 10)));
        assert!(find(&text, "cancel it now").is_none());
    }

    #[test]
    fn numbers_in_words() {
        assert_eq!(number_word("twenty-three"), Some(23));
        assert_eq!(number_word("forty"), Some(40));
        assert_eq!(number_word("three-twenty"), None);
        assert_eq!(count_word("12"), Some(12));
    }

    proptest! {
        #[test]
        fn nothing_panics_and_every_slice_is_of_the_text(text in "(?s).{0,300}") {
            for word in words(&text) {
                prop_assert_eq!(&text[word.start..word.end()], word.text);
                stem(&word.lower);
            }
            for sentence in sentences(&text) {
                prop_assert!(text.contains(sentence));
            }
        }
    }
}
