//! An estimate of a text's tokens for models whose tokenizer is not at hand.
//!
//! Byte-pair tokenizers all begin alike: words with the space before them, numbers, runs of
//! punctuation and white space are pieces of their own. The estimate cuts the same way and
//! charges a piece by its length and script, with figures that sit between today's large
//! vocabularies (200,000 entries) and the older ones (30,000 to 100,000): a common English word
//! is one token, other alphabets take more tokens a letter, Han, kana and Hangul nearly one a
//! character. On prose and code it comes within about a fifth of what OpenAI's newest tokenizer counts,
//! in scripts that tokenizer favours (Korean) up to half above.

use std::iter::Peekable;
use std::str::Chars;

/// Letters of the lightest weight that make one token.
const WORD_WEIGHT: usize = 8;

/// From this weight on a run of letters is no word but data (base64, a hash), whose letters
/// hardly ever merge.
const DATA_WEIGHT: usize = 40;

/// What a character is to a tokenizer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Letter,
    Wide,
    Digit,
    Newline,
    Space,
    Mark,
    Symbol,
}

fn kind(character: char) -> Kind {
    match character {
        '\n' | '\r' => Kind::Newline,
        'a'..='z' | 'A'..='Z' => Kind::Letter,
        '0'..='9' => Kind::Digit,
        ' '..='~' | '\u{a1}'..='\u{bf}' | '\u{2010}'..='\u{205e}' | '\u{3001}'..='\u{3020}'
            if character != ' ' && !matches!(character, 'ª' | 'µ' | 'º') =>
        {
            Kind::Mark
        }
        '\u{2e80}'..='\u{9fff}'
        | '\u{ac00}'..='\u{d7af}'
        | '\u{f900}'..='\u{faff}'
        | '\u{ff00}'..='\u{ffef}'
        | '\u{20000}'..='\u{3ffff}' => Kind::Wide,
        _ if character.is_whitespace() => Kind::Space,
        _ if character.is_numeric() => Kind::Digit,
        // Combining marks are not alphabetic in every script, but they stand among letters.
        _ if character.is_alphabetic() || is_combining(character) => Kind::Letter,
        _ => Kind::Symbol,
    }
}

fn is_combining(character: char) -> bool {
    matches!(character, '\u{300}'..='\u{36f}' | '\u{591}'..='\u{5c7}' | '\u{610}'..='\u{65f}'
        | '\u{900}'..='\u{e4e}')
}

/// How much of a token a letter is, in eighths.
fn weight(letter: char) -> usize {
    match letter {
        _ if letter.is_ascii() => 1,
        // Latin with accents, Greek, Cyrillic, Hebrew, Arabic.
        '\u{80}'..='\u{6ff}' | '\u{1e00}'..='\u{1fff}' => 2,
        _ => 3,
    }
}

/// The estimated tokens of a text, in time proportional to its length.
pub fn tokens(text: &str) -> usize {
    let mut rest = text.chars().peekable();
    let mut total = 0_usize;
    let mut previous = None;
    while let Some(&first) = rest.peek() {
        let this = kind(first);
        total += match this {
            Kind::Letter => word(&mut rest),
            Kind::Wide => (run(&mut rest, this) * 4).div_ceil(5),
            Kind::Digit => run(&mut rest, this).div_ceil(3),
            Kind::Mark => 1 + (run(&mut rest, this) - 1) / 3,
            Kind::Symbol => {
                rest.next();
                first.len_utf8().div_ceil(2)
            }
            // Line ends belong to the punctuation before them.
            Kind::Newline => {
                run(&mut rest, this);
                usize::from(previous != Some(Kind::Mark))
            }
            // One blank belongs to what follows it.
            Kind::Space => usize::from(run(&mut rest, this) > 1 || rest.peek().is_none()),
        };
        previous = Some(this);
    }
    total
}

/// Takes a run of one kind; its length in characters, at least 1.
fn run(rest: &mut Peekable<Chars<'_>>, of: Kind) -> usize {
    let mut length = 0;
    while rest.next_if(|&next| kind(next) == of).is_some() {
        length += 1;
    }
    length.max(1)
}

/// Takes one word, ending where `camelCase` begins a new one; its tokens.
fn word(rest: &mut Peekable<Chars<'_>>) -> usize {
    let mut total = 0;
    let mut was_lower = false;
    while let Some(letter) = rest
        .next_if(|&next| kind(next) == Kind::Letter && !(was_lower && next.is_ascii_uppercase()))
    {
        was_lower = letter.is_ascii_lowercase();
        total += weight(letter);
    }
    if total >= DATA_WEIGHT { total.div_ceil(3) } else { total.div_ceil(WORD_WEIGHT) }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;

    const SAMPLES: [(&str, &str); 8] = [
        (
            "English",
            "You are a senior engineer. Review the following change carefully, explain every \
             defect that matters, and propose the smallest correction.\n\nKeep the tone friendly; \
             don't repeat what the author already said, and never invent facts.\n",
        ),
        (
            "Rust",
            "/// The tokens of a text.\npub fn tokens(text: &str) -> usize {\n    let mut rest = \
             text.chars().peekable();\n    while let Some(&first) = rest.peek() {\n        total \
             += match kind(first) {\n            Kind::Letter => word(&mut rest),\n        };\n    \
             }\n}\n",
        ),
        (
            "JSON",
            "{\"id\": 17, \"customerName\": \"Ada\", \"items\": [{\"sku\": \"A-100\", \"price\": \
             12.50}, {\"sku\": \"B-200\", \"price\": 3.99}], \"paid\": true, \"note\": null}",
        ),
        (
            "German",
            "Fasse den folgenden Text in drei Sätzen zusammen und nenne anschließend die \
             wichtigsten Argumente, ohne sie zu bewerten.",
        ),
        (
            "Russian",
            "Кратко изложи следующий текст в трёх предложениях и перечисли основные аргументы, не \
             оценивая их.",
        ),
        (
            "Chinese",
            "请用三句话概括以下文本，并列出最重要的论点，不要加以评价。输出必须是有效的格式。",
        ),
        ("Japanese", "次の文章を三文で要約し、最も重要な論点を評価せずに列挙してください。"),
        ("Korean", "다음 글을 세 문장으로 요약하고 가장 중요한 논점을 평가 없이 나열하세요."),
    ];

    #[test]
    fn samples_come_near_a_real_tokenizer() {
        let tables = tiktoken_rs::o200k_base_singleton();
        for (name, text) in SAMPLES {
            let real = tables.count(text, &HashSet::new()).expect("counts");
            let estimated = tokens(text);
            let (low, high) = (real * 3 / 4, real * 3 / 2);
            assert!(
                (low..=high).contains(&estimated),
                "{name}: {estimated} estimated, {real} counted"
            );
        }
    }

    #[test]
    fn data_is_dearer_than_words() {
        let base64 = "iVBORwKGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVRmNk".repeat(4);
        assert!(tokens(&base64) > base64.len() / 6);
        assert_eq!(tokens(""), 0);
        assert_eq!(tokens(" word"), 1);
    }

    proptest! {
        #[test]
        fn every_text_has_tokens_and_never_more_than_bytes(text in any::<String>()) {
            let estimated = tokens(&text);
            prop_assert!(estimated <= text.len());
            prop_assert_eq!(estimated == 0, text.is_empty());
        }
    }
}
