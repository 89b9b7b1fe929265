//! A text as a reader means it: disguises taken off, each byte traceable to where it came from.
//!
//! Lower case; fullwidth, mathematical and look-alike letters, accents and letters written as
//! digits folded to plain ones; invisible characters dropped, and tag characters read as the
//! ASCII they stand for; runs of blanks joined. Patterns then need one spelling each.

use std::ops::Range;

use super::super::classify::{self, Class};

/// A text made plain, and where each of its bytes stands in the text it was made from.
#[derive(Debug, Default)]
pub(super) struct Normal {
    pub text: String,
    /// For each byte of `text`, the byte of the source its character begins at.
    origins: Vec<u32>,
    /// The length of the source.
    length: usize,
}

impl Normal {
    /// The plain form of a text. Sources are bounded far below 4 GiB by their callers; what lies
    /// beyond is not looked at.
    pub fn of(source: &str) -> Self {
        let mut normal = Self { length: source.len(), ..Self::default() };
        normal.text.reserve(source.len());
        normal.origins.reserve(source.len());
        let mut word = Vec::new();
        for (at, character) in source.char_indices() {
            let Ok(at) = u32::try_from(at) else { break };
            let Some(plain) = visible(character) else { continue };
            if is_of_word(plain) {
                word.push((at, plain));
                // A word without end is no word.
                if word.len() < LONGEST_WORD {
                    continue;
                }
                normal.word(&mut word);
                continue;
            }
            normal.word(&mut word);
            normal.other(at, plain);
        }
        normal.word(&mut word);
        normal
    }

    /// Where a stretch of the plain text stands in the source.
    pub fn origin(&self, range: &Range<usize>) -> Range<usize> {
        let start = self.origins.get(range.start).map_or(self.length, |&at| at as usize);
        // Up to where the next character begins: a dropped one behind the stretch goes with it.
        let end = self.origins.get(range.end).map_or(self.length, |&at| at as usize);
        start..end.max(start)
    }

    fn push(&mut self, at: u32, character: char) {
        self.text.push(character);
        self.origins.resize(self.text.len(), at);
    }

    fn other(&mut self, at: u32, character: char) {
        let blank = match character {
            '\n' | '\r' => '\n',
            _ if character.is_whitespace() => ' ',
            '’' | '‘' | 'ʼ' => return self.push(at, '\''),
            '“' | '”' | '„' | '«' | '»' => return self.push(at, '"'),
            _ => {
                self.push(at, character);
                return;
            }
        };
        match (self.text.as_bytes().last(), blank) {
            (Some(b'\n'), _) | (Some(b' '), ' ') => {}
            (Some(b' '), _) => {
                self.text.pop();
                self.origins.truncate(self.text.len());
                self.push(at, '\n');
            }
            _ => self.push(at, blank),
        }
    }

    /// Writes a word, its look-alikes folded if it is written in Latin letters at all.
    fn word(&mut self, word: &mut Vec<(u32, char)>) {
        let latin = word.iter().any(|(_, character)| character.is_ascii_alphabetic());
        let letters = word.iter().filter(|(_, character)| character.is_alphabetic()).count();
        let others = word.len() - letters;
        // `4nd`, `1gn0r3` and `pr3v10us` are words; `2024` and `3f9` are what they say.
        let spelled = latin && others > 0 && letters >= 2 && letters >= others;
        for (index, (at, character)) in word.drain(..).enumerate() {
            let folded = match character {
                _ if !latin => character,
                // An address, not a letter.
                '@' if index > 1 => character,
                _ if spelled && !character.is_alphabetic() => digit(character),
                _ => look_alike(character),
            };
            for lower in folded.to_lowercase() {
                let plain = without_accent(lower);
                if plain != '\0' {
                    self.push(at, plain);
                }
            }
        }
    }
}

const LONGEST_WORD: usize = 64;

fn is_of_word(character: char) -> bool {
    character.is_alphanumeric() || matches!(character, '@' | '$')
}

/// What a character shows as; `None` for one that nobody sees.
fn visible(character: char) -> Option<char> {
    let code = u32::from(character);
    match character {
        ' '..='~' | '\n' | '\r' | '\t' => Some(character),
        // Tag characters smuggle ASCII: read it.
        '\u{E0020}'..='\u{E007E}' => char::from_u32(code - 0xE0000),
        // Fullwidth forms.
        '\u{FF01}'..='\u{FF5E}' => char::from_u32(code - 0xFEE0),
        // Mathematical alphabets, 26 capitals and 26 small letters each; digits in tens.
        '\u{1D400}'..='\u{1D6A3}' => {
            let index = (code - 0x1D400) % 52;
            let base = if index < 26 { u32::from('A') } else { u32::from('a') - 26 };
            char::from_u32(base + index)
        }
        '\u{1D7CE}'..='\u{1D7FF}' => char::from_u32(u32::from('0') + (code - 0x1D7CE) % 10),
        // Circled letters.
        '\u{24B6}'..='\u{24CF}' => char::from_u32(u32::from('A') + code - 0x24B6),
        '\u{24D0}'..='\u{24E9}' => char::from_u32(u32::from('a') + code - 0x24D0),
        _ => match classify::classify(character) {
            Class::Plain(_) | Class::LineFeed | Class::CarriageReturn | Class::Tab => {
                Some(character)
            }
            // Accents are laid on anything as a disguise; other scripts spell with their marks.
            Class::Combining if !matches!(character, '\u{300}'..='\u{36F}') => Some(character),
            Class::Combining | Class::Joiner | Class::Variation | Class::Hidden => {
                matches!(character, '\u{2028}' | '\u{2029}').then_some('\n')
            }
        },
    }
}

/// The letter a digit or sign stands for inside of a word.
const fn digit(character: char) -> char {
    match character {
        '0' => 'o',
        '1' | '!' => 'i',
        '3' => 'e',
        '4' | '@' => 'a',
        '5' | '$' => 's',
        '7' => 't',
        '8' => 'b',
        other => other,
    }
}

/// The Latin letter that a Cyrillic or Greek one looks like.
const fn look_alike(character: char) -> char {
    match character {
        'а' | 'А' | 'α' | 'Α' => 'a',
        'В' | 'Β' | 'в' => 'b',
        'с' | 'С' | 'ϲ' => 'c',
        'ԁ' => 'd',
        'е' | 'Е' | 'ё' | 'Ε' | 'ε' => 'e',
        'ց' | 'ɡ' => 'g',
        'һ' | 'Н' | 'Η' => 'h',
        'і' | 'І' | 'ї' | 'ι' | 'Ι' | 'ı' => 'i',
        'ј' | 'Ј' => 'j',
        'к' | 'К' | 'κ' | 'Κ' => 'k',
        'ӏ' => 'l',
        'м' | 'М' | 'Μ' => 'm',
        'Ν' | 'п' => 'n',
        'о' | 'О' | 'ο' | 'Ο' | 'σ' => 'o',
        'р' | 'Р' | 'ρ' | 'Ρ' => 'p',
        'ԛ' => 'q',
        'г' => 'r',
        'ѕ' | 'Ѕ' => 's',
        'т' | 'Т' | 'τ' | 'Τ' => 't',
        'υ' => 'u',
        'ν' | 'ѵ' => 'v',
        'ԝ' | 'ω' => 'w',
        'х' | 'Х' | 'χ' | 'Χ' => 'x',
        'у' | 'У' | 'γ' | 'Υ' => 'y',
        'Ζ' => 'z',
        other => other,
    }
}

/// A letter without its accent, for the Latin letters of Europe; U+0307, which lower-casing `İ`
/// leaves behind, is dropped (as NUL).
const fn without_accent(character: char) -> char {
    match character {
        'à'..='å' | 'ā' | 'ă' | 'ą' => 'a',
        'ç' | 'ć' | 'č' => 'c',
        'ď' | 'đ' => 'd',
        'è'..='ë' | 'ē' | 'ė' | 'ę' | 'ě' => 'e',
        'ğ' => 'g',
        'ì'..='ï' | 'ī' | 'į' => 'i',
        'ł' => 'l',
        'ñ' | 'ń' | 'ň' => 'n',
        'ò'..='ö' | 'ø' | 'ō' | 'ő' => 'o',
        'ř' => 'r',
        'ś' | 'š' | 'ş' | 'ș' => 's',
        'ť' | 'ţ' | 'ț' => 't',
        'ù'..='ü' | 'ū' | 'ů' | 'ű' => 'u',
        'ý' | 'ÿ' => 'y',
        'ź' | 'ż' | 'ž' => 'z',
        '\u{307}' => '\0',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(text: &str) -> String {
        Normal::of(text).text
    }

    #[test]
    fn disguises_come_off() {
        for disguised in [
            "Ignore Previous",
            "ign\u{200b}ore\t  previous",
            "ＩＧＮＯＲＥ　ｐｒｅｖｉｏｕｓ",
            "іgnоre рrevіous",
            "1gn0re pr3vi0us",
            "ìgnóre prévious",
            "𝐢𝐠𝐧𝐨𝐫𝐞 𝓹𝓻𝓮𝓿𝓲𝓸𝓾𝓼",
            "ⓘⓖⓝⓞⓡⓔ previous",
            "i\u{301}gno\u{308}re previous",
        ] {
            assert_eq!(plain(disguised), "ignore previous", "{disguised}");
        }
        let tags: String =
            "ignore".chars().map(|c| char::from_u32(0xE0000 + c as u32).unwrap()).collect();
        assert_eq!(plain(&tags), "ignore");
    }

    #[test]
    fn what_is_no_disguise_stays() {
        assert_eq!(plain("игнорируй 2024 3f9 c0"), "игнорируй 2024 3f9 c0");
        assert_eq!(plain("привет"), "привет");
        assert_eq!(plain("a \n\n b"), "a\nb");
    }

    #[test]
    fn every_stretch_is_found_again_in_its_source() {
        let source = "x\u{200b} Ｉｇｎｏｒｅ\u{200b} it";
        let normal = Normal::of(source);
        let at = normal.text.find("ignore").expect("there");
        assert_eq!(&source[normal.origin(&(at..at + 6))], "Ｉｇｎｏｒｅ\u{200b}");
        let all = 0..normal.text.len();
        assert_eq!(normal.origin(&all), 0..source.len());
    }
}
