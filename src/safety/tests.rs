//! The sanitiser against hostile and innocent text.

use std::borrow::Cow;

use proptest::prelude::*;
use unicode_width::UnicodeWidthChar;

use super::*;

use crate::payloads::PAYLOADS;

/// Text that hides: the character alone must become a mark.
const HIDING: &[&str] = &[
    "\u{202A}",
    "\u{202B}",
    "\u{202C}",
    "\u{202D}",
    "\u{202E}",
    "\u{2066}",
    "\u{2067}",
    "\u{2068}",
    "\u{2069}",
    "\u{200E}",
    "\u{200F}",
    "\u{61C}",
    "\u{200B}",
    "\u{200C}",
    "\u{200D}",
    "\u{2060}",
    "\u{FEFF}",
    "\u{180E}",
    "\u{2061}",
    "\u{2064}",
    "\u{206A}",
    "\u{E0001}",
    "\u{E0041}",
    "\u{E007F}",
    "\u{FE0F}",
    "\u{FE00}",
    "\u{E0100}",
    "\u{E01EF}",
    "\u{AD}",
    "\u{115F}",
    "\u{1160}",
    "\u{3164}",
    "\u{FFA0}",
    "\u{2028}",
    "\u{2029}",
    "\u{FFF9}",
    "\u{FFFA}",
    "\u{FFFB}",
    "\u{34F}",
    "\u{17B4}",
    "\u{1D173}",
    "\u{1BCA0}",
    "\u{FFFE}",
    "\u{10FFFF}",
    "\u{E01F0}",
];

/// What is allowed to leave the sanitiser: no control but a line feed, nothing that hides.
fn is_inert(shown: &str) -> bool {
    shown.chars().all(|character| {
        character == '\n'
            || (!character.is_control() && classify::classify(character) != classify::Class::Hidden)
    })
}

#[test]
fn every_payload_is_disarmed_and_still_to_be_seen() {
    assert!(PAYLOADS.len() >= 60);
    for payload in PAYLOADS {
        for (style, sign) in [(MarkStyle::Unicode, "␛"), (MarkStyle::Ascii, "^[")] {
            let shown = display_with(payload, style);
            assert!(is_inert(&shown), "{payload:?} became {shown:?}");
            assert!(has_hidden(payload) > 0, "{payload:?} went unnoticed");
            if payload.starts_with('\x1b') {
                assert!(shown.starts_with(sign), "{payload:?} became {shown:?}");
            }
            let line = display_line_with(payload, style);
            assert!(is_inert(&line) && !line.contains('\n'), "{payload:?} became {line:?}");
            assert!(holds_in_order(&shown, payload), "{payload:?} lost text in {shown:?}");
        }
        assert!(display_with(payload, MarkStyle::Ascii).is_ascii(), "{payload:?}");
    }
}

/// Whether every printable character of a payload is still there, in its order.
fn holds_in_order(shown: &str, payload: &str) -> bool {
    let mut shown = shown.chars();
    payload.chars().filter(|c| !c.is_control()).all(|wanted| shown.any(|c| c == wanted))
}

#[test]
fn what_hides_becomes_a_mark_with_its_code_point() {
    assert!(HIDING.len() >= 30);
    for text in HIDING {
        let character = text.chars().next().expect("one character");
        let mark = format!("⟨U+{:04X}⟩", u32::from(character));
        for (before, after) in [("", ""), ("a", "b"), ("ä", "ö"), ("\n", "\n"), ("👍 ", " 👍")]
        {
            let whole = format!("{before}{text}{after}");
            assert_eq!(display(&whole), format!("{before}{mark}{after}"), "{whole:?}");
            assert_eq!(has_hidden(&whole), 1, "{whole:?}");
            let found = hidden(&whole);
            assert_eq!((found[0].offset, found[0].character), (before.len(), character));
            assert!(!found[0].name.is_empty());
        }
    }
}

#[test]
fn a_message_smuggled_in_tag_characters_is_shown_letter_by_letter() {
    let smuggled: String =
        "hi".chars().filter_map(|c| char::from_u32(0xE0000 + c as u32)).collect();
    assert_eq!(display(&format!("ok{smuggled}")), "ok⟨U+E0068⟩⟨U+E0069⟩");
    assert!(hidden(&smuggled).iter().all(|found| found.name == "tag character"));
}

#[test]
fn a_message_smuggled_in_variation_selectors_is_shown() {
    let smuggled: String = (0..5).filter_map(|i| char::from_u32(0xE0100 + i)).collect();
    assert_eq!(has_hidden(&format!("😊{smuggled}")), 5);
    assert_eq!(has_hidden(&format!("❤\u{FE0F}{smuggled}")), 5);
    assert_eq!(has_hidden("a\u{FE0F}"), 1);
    assert_eq!(has_hidden("❤\u{FE0F}\u{FE0F}"), 1);
}

#[test]
fn writing_stays_as_it_is() {
    for text in [
        "plain ASCII\nof two lines",
        "Grüße, žluťoučký kůň, Ελληνικά, русский",
        "日本語の文章、全角。",
        "한국어 텍스트",
        "👍 👍🏽 ❤️ 1️⃣ #️⃣ ☺︎ 🇩🇪",
        "👩‍💻 👨‍👩‍👧‍👦 🏳️‍🌈 👩🏽‍❤️‍💋‍👨🏻 🧑🏿‍🚀 ❤️‍🔥",
        "می‌خواهم نامه‌ای بنویسم",
        "العربية مُشَكَّلَة",
        "עִבְרִית",
        "हिन्दी क्‍ष क्‌ष",
        "ශ්‍රී ලංකාව",
        "അവന്‍റെ",
        "ภาษาไทย กำลัง",
        "e\u{301} o\u{308}\u{304}",
        "葛\u{E0100}飾",
        "ᠮᠣᠩᠭᠣᠯ\u{180B}",
        "\u{E0B0} nerd \u{F121} font",
        "⠋⠙⠹ ▁▂▃ ┌─┐",
        "a\u{A0}b",
    ] {
        let shown = display(text);
        assert_eq!(shown, text);
        assert_eq!(has_hidden(text), 0, "{text:?}: {:?}", hidden(text));
    }
}

#[test]
fn a_joiner_at_the_end_of_a_word_cannot_be_told_from_hiding() {
    // Old spellings of Malayalam do end words so; showing one mark too many is the safe error.
    assert_eq!(display("ന്\u{200D} "), "ന്⟨U+200D⟩ ");
}

#[test]
fn plain_text_is_borrowed() {
    for text in ["", "plain", "two\nlines", "Grüße 日本 👍", &"x".repeat(1000)] {
        assert!(matches!(display(text), Cow::Borrowed(_)), "{text:?}");
    }
    assert!(matches!(display_line("one line"), Cow::Borrowed(_)));
    assert!(matches!(display_line("two\nlines"), Cow::Owned(_)));
}

#[test]
fn line_ends_are_line_feeds_and_a_lone_return_shows() {
    assert_eq!(display("a\r\nb\rc\r\r\nd\r"), "a\nb␍c␍\nd␍");
    assert_eq!(display_line("a\r\nb\nc\rd"), "a␊b␊c␍d");
    assert_eq!(display_with("a\rb", MarkStyle::Ascii), "a^Mb");
    assert_eq!(has_hidden("a\r\nb\n"), 0);
    assert_eq!(has_hidden("a\rb"), 1);
}

#[test]
fn tabs_run_to_the_next_stop_on_the_screen() {
    assert_eq!(display("\tx"), "    x");
    assert_eq!(display("a\tb\tc"), "a   b   c");
    assert_eq!(display("abcd\te"), "abcd    e");
    assert_eq!(display("日\tx"), "日  x");
    assert_eq!(display("日本\tx"), "日本    x");
    assert_eq!(display("e\u{301}\tx"), "e\u{301}   x");
    assert_eq!(display("👩‍💻\tx"), "👩‍💻  x");
    assert_eq!(display("👍🏽\tx"), "👍🏽  x");
    assert_eq!(display("abc\n\tx"), "abc\n    x");
    assert_eq!(display("\x1b\tx"), "␛   x");
    assert_eq!(display_with("\x1b\tx", MarkStyle::Ascii), "^[  x");
}

#[test]
fn a_pile_of_marks_is_cut_at_eight() {
    let pile = |count: usize| format!("a{}b", "\u{301}".repeat(count));
    assert_eq!(display(&pile(8)), pile(8));
    assert_eq!(display(&pile(9)), format!("a{}⟨+marks⟩b", "\u{301}".repeat(8)));
    assert_eq!(display(&pile(500)), format!("a{}⟨+marks⟩b", "\u{301}".repeat(8)));
    assert_eq!(has_hidden(&pile(500)), 492);
    assert_eq!(display("\u{301}x"), "⟨U+0301⟩x");
    assert_eq!(display("a\n\u{301}"), "a\n⟨U+0301⟩");
    let chain = "👩\u{200D}".repeat(20);
    let shown = display(&chain);
    assert!(shown.split("⟨U+200D⟩").all(|cell| cell.matches('\u{200D}').count() <= 8), "{shown}");
}

#[test]
fn marks_take_the_columns_they_are_counted_with() {
    for style in [MarkStyle::Unicode, MarkStyle::Ascii] {
        for character in (0..0x20).chain([0x7f, 0x9b, 0x202e, 0xe0041]).filter_map(char::from_u32) {
            let mut out = String::new();
            let columns = classify::write_mark(character, style, &mut out);
            let width: usize = out.chars().filter_map(UnicodeWidthChar::width).sum();
            assert_eq!(columns, width, "{character:?} {out:?}");
        }
    }
}

#[test]
fn a_sanitiser_counts_what_it_marked() {
    let mut sanitiser = Sanitiser::new(MarkStyle::Unicode);
    let mut out = String::new();
    for piece in ["a\x1b", "[2J\r", "\nb\r", "", "c\u{200d}"] {
        sanitiser.push(piece, &mut out);
    }
    sanitiser.finish(&mut out);
    assert_eq!(out, "a␛[2J\nb␍c⟨U+200D⟩");
    assert_eq!(sanitiser.marked(), 3);
}

/// Characters that make the sanitiser think, mixed with innocent ones.
fn text() -> impl Strategy<Value = String> {
    let interesting = prop::sample::select(vec![
        'a',
        'Z',
        ' ',
        '\n',
        '\r',
        '\t',
        '\x1b',
        '\x07',
        '\u{9b}',
        '\u{200D}',
        '\u{200C}',
        '\u{FE0F}',
        '\u{FE00}',
        '\u{E0100}',
        '\u{301}',
        '\u{308}',
        '👩',
        '💻',
        '❤',
        '🏽',
        '🇩',
        '日',
        '本',
        'م',
        'ي',
        'क',
        '\u{94D}',
        'ष',
        '\u{202E}',
        '\u{E0041}',
        '\u{1100}',
        '\u{1161}',
        '1',
        '\u{20E3}',
        'é',
    ]);
    let character = prop_oneof![4 => interesting, 1 => any::<char>()];
    prop::collection::vec(character, 0..60).prop_map(|list| list.into_iter().collect())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    #[test]
    fn the_result_is_the_same_however_the_text_is_cut(
        text in text(),
        cuts in prop::collection::vec(0usize..240, 0..20),
        ascii in any::<bool>(),
    ) {
        let style = if ascii { MarkStyle::Ascii } else { MarkStyle::Unicode };
        let mut cuts: Vec<usize> = cuts.into_iter().filter(|&at| text.is_char_boundary(at)).collect();
        cuts.extend([0, text.len()]);
        cuts.sort_unstable();
        let mut sanitiser = Sanitiser::new(style);
        let mut out = String::new();
        for pair in cuts.windows(2) {
            sanitiser.push(&text[pair[0]..pair[1]], &mut out);
        }
        sanitiser.finish(&mut out);
        let whole = display_with(&text, style);
        prop_assert_eq!(out.as_str(), whole.as_ref());
        prop_assert_eq!(sanitiser.marked(), has_hidden(&text));
        prop_assert_eq!(hidden(&text).len(), has_hidden(&text));
    }

    #[test]
    fn the_result_is_inert_and_stays_as_it_is(text in text()) {
        for shown in [display(&text), display_line(&text)] {
            prop_assert!(is_inert(&shown), "{:?} became {:?}", text, shown);
            prop_assert!(!shown.contains('\t'));
            let again = display(&shown);
            prop_assert_eq!(again.as_ref(), shown.as_ref());
        }
        prop_assert!(!display_line(&text).contains('\n'));
    }

    #[test]
    fn each_hidden_character_is_where_it_is_said_to_be(text in text()) {
        for found in hidden(&text) {
            prop_assert!(text[found.offset..].starts_with(found.character));
        }
    }

    #[test]
    fn printable_ascii_is_never_touched(text in "[ -~\n]{0,400}") {
        prop_assert!(matches!(display(&text), Cow::Borrowed(_)));
        prop_assert_eq!(has_hidden(&text), 0);
    }

    #[test]
    fn the_result_is_not_much_longer_than_the_text(text in text()) {
        // The longest mark, ⟨U+10FFFF⟩, has 14 bytes; its character has at least one.
        prop_assert!(display(&text).len() <= text.len() * 14);
    }
}
