//! Which characters hide or control, what they are called, and how they are marked.

use std::fmt::Write;

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthChar;

use super::MarkStyle;

/// What the sanitiser does with a character.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    /// Shown as it is; takes this many columns (1 or 2).
    Plain(usize),
    /// Shown as it is on the cell before, up to a bound.
    Combining,
    LineFeed,
    CarriageReturn,
    Tab,
    /// U+200C or U+200D: kept where a script or an emoji needs it.
    Joiner,
    /// Kept once after a character that has variants.
    Variation,
    /// Made visible.
    Hidden,
}

/// The class of a character, without regard to its neighbours.
pub(super) fn classify(character: char) -> Class {
    match character {
        ' '..='~' => Class::Plain(1),
        '\n' => Class::LineFeed,
        '\r' => Class::CarriageReturn,
        '\t' => Class::Tab,
        '\u{200C}' | '\u{200D}' => Class::Joiner,
        '\u{FE00}'..='\u{FE0F}'
        | '\u{E0100}'..='\u{E01EF}'
        | '\u{180B}'..='\u{180D}'
        | '\u{180F}' => Class::Variation,
        _ if is_hidden(character) => Class::Hidden,
        _ => match character.width() {
            Some(0) => Class::Combining,
            Some(width) => Class::Plain(width),
            None => Class::Hidden,
        },
    }
}

/// Characters that control or that nobody sees, whatever stands around them: C0 (but for tab and
/// line ends), DEL, C1, and Unicode's default ignorable and format characters with no form of
/// their own, plus noncharacters.
fn is_hidden(character: char) -> bool {
    matches!(character,
        '\0'..='\x1F' | '\x7F'..='\u{9F}'
        | '\u{AD}'                                  // soft hyphen
        | '\u{34F}'                                 // combining grapheme joiner
        | '\u{61C}'                                 // Arabic letter mark
        | '\u{115F}' | '\u{1160}'                   // Hangul fillers
        | '\u{17B4}' | '\u{17B5}'                   // Khmer inherent vowels
        | '\u{180E}'                                // Mongolian vowel separator
        | '\u{200B}' | '\u{200E}' | '\u{200F}'      // zero-width space, direction marks
        | '\u{2028}'..='\u{202E}'                   // separators, embeddings, overrides
        | '\u{2060}'..='\u{206F}'                   // word joiner, invisible operators, isolates
        | '\u{3164}' | '\u{FFA0}'                   // Hangul fillers
        | '\u{FDD0}'..='\u{FDEF}'                   // noncharacters
        | '\u{FEFF}'                                // byte order mark
        | '\u{FFF0}'..='\u{FFFB}'                   // interlinear annotation and its block
        | '\u{13430}'..='\u{1343F}'                 // Egyptian format controls
        | '\u{1BCA0}'..='\u{1BCA3}'                 // shorthand format controls
        | '\u{1D173}'..='\u{1D17A}'                 // musical format controls
        | '\u{E0000}'..='\u{E00FF}'                 // tag characters and their block
        | '\u{E01F0}'..='\u{E0FFF}'
    ) || (character as u32) & 0xFFFE == 0xFFFE
}

/// Whether a text shows exactly as it is. May say no to a text that does; never yes to one that
/// does not. ASCII is checked a block at a time.
pub(super) fn is_plain(text: &str, line_feeds: bool) -> bool {
    let feed = if line_feeds { b'\n' } else { b' ' };
    let mut rest = text;
    loop {
        rest = skip_ascii(rest, feed);
        let Some(character) = rest.chars().next() else { return true };
        if character.is_ascii() || !matches!(classify(character), Class::Plain(_)) {
            return false;
        }
        rest = rest.get(character.len_utf8()..).unwrap_or_default();
    }
}

/// The text after its longest beginning of printable ASCII and `feed`.
pub(super) fn skip_ascii(text: &str, feed: u8) -> &str {
    const BLOCK: usize = 64;
    let plain = |byte: u8| byte.wrapping_sub(b' ') < 0x5F || byte == feed;
    let bytes = text.as_bytes();
    let mut length = 0;
    // Without an early exit inside a block the compiler compares many bytes at once.
    for block in bytes.chunks_exact(BLOCK) {
        if !block.iter().fold(true, |all, &byte| all & plain(byte)) {
            break;
        }
        length += BLOCK;
    }
    let tail = bytes.get(length..).unwrap_or_default();
    length += tail.iter().position(|&byte| !plain(byte)).unwrap_or(tail.len());
    // Only ASCII was skipped, so this is a boundary.
    text.get(length..).unwrap_or_default()
}

/// Whether a character is an emoji's base (`Extended_Pictographic`): exactly those are joined by a
/// zero-width joiner into one grapheme.
pub(super) fn is_pictographic(character: char) -> bool {
    if character.is_ascii() || !matches!(classify(character), Class::Plain(_)) {
        return false;
    }
    let mut buffer = String::from("\u{231A}\u{200D}");
    buffer.push(character);
    buffer.graphemes(true).count() == 1
}

/// The family of scripts in which joiners are part of the spelling.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Family {
    Arabic,
    Indic,
    Mongolian,
}

/// The family a letter or mark belongs to, if its script uses joiners.
pub(super) fn family(character: char) -> Option<Family> {
    match character {
        '\u{600}'..='\u{7FF}'
        | '\u{840}'..='\u{8FF}'
        | '\u{FB50}'..='\u{FDCF}'
        | '\u{FDF0}'..='\u{FDFF}'
        | '\u{FE70}'..='\u{FEFC}' => Some(Family::Arabic),
        // Devanagari to Sinhala, Myanmar, Khmer, and the scripts of Indonesia and the hills.
        '\u{900}'..='\u{DFF}'
        | '\u{1000}'..='\u{109F}'
        | '\u{1780}'..='\u{17FF}'
        | '\u{1A20}'..='\u{1AAF}'
        | '\u{1B00}'..='\u{1BFF}'
        | '\u{A980}'..='\u{A9DF}'
        | '\u{11000}'..='\u{11FFF}' => Some(Family::Indic),
        '\u{1800}'..='\u{18AF}' => Some(Family::Mongolian),
        _ => None,
    }
}

/// Whether a variation selector means something after a base character.
pub(super) fn has_variant(base: char, selector: char) -> bool {
    match selector {
        '\u{FE0E}' | '\u{FE0F}' => matches!(base, '0'..='9' | '#' | '*') || is_pictographic(base),
        '\u{180B}'..='\u{180D}' | '\u{180F}' => family(base) == Some(Family::Mongolian),
        '\u{FE00}' => is_ideograph(base) || is_operator(base),
        _ => is_ideograph(base),
    }
}

fn is_ideograph(character: char) -> bool {
    matches!(character,
        '\u{3400}'..='\u{4DBF}' | '\u{4E00}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}'
        | '\u{20000}'..='\u{3FFFF}')
}

fn is_operator(character: char) -> bool {
    matches!(character, '\u{2200}'..='\u{22FF}' | '\u{2A00}'..='\u{2AFF}')
}

/// Writes a character's mark and returns how many columns it takes.
pub(super) fn write_mark(character: char, style: MarkStyle, out: &mut String) -> usize {
    let code = u32::from(character);
    let start = out.len();
    match (style, code) {
        // The picture of a control character stands 0x2400 above it.
        (MarkStyle::Unicode, 0..=0x1F) => out.extend(char::from_u32(0x2400 + code)),
        (MarkStyle::Unicode, 0x7F) => out.push('␡'),
        (MarkStyle::Ascii, 0..=0x1F | 0x7F) => {
            out.push('^');
            out.extend(char::from_u32(code ^ 0x40));
        }
        (MarkStyle::Unicode, _) => {
            // Writing to a String cannot fail.
            let _ = write!(out, "⟨U+{code:04X}⟩");
        }
        (MarkStyle::Ascii, _) => {
            let _ = write!(out, "<U+{code:04X}>");
        }
    }
    columns(out, start)
}

/// Writes the mark for combining marks beyond the bound and returns its columns.
pub(super) fn write_pile(style: MarkStyle, out: &mut String) -> usize {
    let start = out.len();
    out.push_str(match style {
        MarkStyle::Unicode => "⟨+marks⟩",
        MarkStyle::Ascii => "<+marks>",
    });
    columns(out, start)
}

/// Marks are made of characters of one column each.
fn columns(out: &str, start: usize) -> usize {
    out.get(start..).map_or(0, |mark| mark.chars().count())
}

/// What a hidden character is called.
pub(super) fn name(character: char) -> &'static str {
    match character {
        '\0' => "null",
        '\x07' => "bell",
        '\x08' => "backspace",
        '\r' => "carriage return without a line feed",
        '\x1B' => "escape",
        '\x7F' => "delete",
        '\u{9B}' => "control sequence introducer",
        '\u{90}' => "device control string",
        '\u{9D}' => "operating system command",
        '\0'..='\x1F' | '\u{80}'..='\u{9F}' => "control character",
        '\u{AD}' => "soft hyphen",
        '\u{34F}' => "combining grapheme joiner",
        '\u{61C}' => "Arabic letter mark",
        '\u{115F}' | '\u{1160}' | '\u{3164}' | '\u{FFA0}' => "Hangul filler",
        '\u{200B}' => "zero-width space",
        '\u{200C}' => "zero-width non-joiner",
        '\u{200D}' => "zero-width joiner",
        '\u{200E}' => "left-to-right mark",
        '\u{200F}' => "right-to-left mark",
        '\u{2028}' => "line separator",
        '\u{2029}' => "paragraph separator",
        '\u{202A}' => "left-to-right embedding",
        '\u{202B}' => "right-to-left embedding",
        '\u{202C}' => "pop directional formatting",
        '\u{202D}' => "left-to-right override",
        '\u{202E}' => "right-to-left override",
        '\u{2060}' => "word joiner",
        '\u{2061}'..='\u{2064}' => "invisible operator",
        '\u{2066}' => "left-to-right isolate",
        '\u{2067}' => "right-to-left isolate",
        '\u{2068}' => "first strong isolate",
        '\u{2069}' => "pop directional isolate",
        '\u{FEFF}' => "byte order mark",
        '\u{FFF9}'..='\u{FFFB}' => "interlinear annotation",
        '\u{E0000}'..='\u{E007F}' => "tag character",
        '\u{FE00}'..='\u{FE0F}'
        | '\u{E0100}'..='\u{E01EF}'
        | '\u{180B}'..='\u{180D}'
        | '\u{180F}' => "variation selector",
        _ if character.width() == Some(0) && !is_hidden(character) => {
            "combining mark with nothing to sit on"
        }
        _ => "invisible format character",
    }
}
