//! Keys: as terminals send them, as settings write them, as the screen shows them.

use std::fmt;

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

/// A key with its modifiers, in one form for every way terminals have of sending it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    code: KeyCode,
    modifiers: KeyModifiers,
}

/// The keys that have a name: in settings (and, in capitals, on screen).
const NAMES: [(&str, &str, KeyCode); 16] = [
    ("enter", "Enter", KeyCode::Enter),
    ("esc", "Esc", KeyCode::Esc),
    ("tab", "Tab", KeyCode::Tab),
    ("space", "Space", KeyCode::Char(' ')),
    ("backspace", "Backspace", KeyCode::Backspace),
    ("delete", "Del", KeyCode::Delete),
    ("insert", "Ins", KeyCode::Insert),
    ("up", "Up", KeyCode::Up),
    ("down", "Down", KeyCode::Down),
    ("left", "Left", KeyCode::Left),
    ("right", "Right", KeyCode::Right),
    ("home", "Home", KeyCode::Home),
    ("end", "End", KeyCode::End),
    ("page-up", "PgUp", KeyCode::PageUp),
    ("page-down", "PgDn", KeyCode::PageDown),
    ("escape", "Esc", KeyCode::Esc),
];

const MODIFIERS: [(&str, KeyModifiers); 4] = [
    ("ctrl", KeyModifiers::CONTROL),
    ("control", KeyModifiers::CONTROL),
    ("alt", KeyModifiers::ALT),
    ("shift", KeyModifiers::SHIFT),
];

impl Key {
    /// The key of an event; `None` for releases and for keys that only modify.
    #[must_use]
    pub fn of(event: &KeyEvent) -> Option<Self> {
        if event.kind == KeyEventKind::Release || matches!(event.code, KeyCode::Modifier(_)) {
            return None;
        }
        Some(Self::normal(event.code, event.modifiers))
    }

    /// One form for all: a letter's case is in the letter, not in Shift, and with Ctrl letters
    /// are small, since a plain terminal sends one byte for both; Shift-Tab is Tab with Shift.
    fn normal(code: KeyCode, modifiers: KeyModifiers) -> Self {
        let known = KeyModifiers::CONTROL | KeyModifiers::ALT | KeyModifiers::SHIFT;
        let mut modifiers = modifiers & known;
        let code = match code {
            KeyCode::BackTab => {
                modifiers |= KeyModifiers::SHIFT;
                KeyCode::Tab
            }
            KeyCode::Char(letter) if modifiers.contains(KeyModifiers::CONTROL) => {
                KeyCode::Char(letter.to_ascii_lowercase())
            }
            KeyCode::Char(letter) if modifiers.contains(KeyModifiers::SHIFT) => {
                modifiers -= KeyModifiers::SHIFT;
                KeyCode::Char(letter.to_ascii_uppercase())
            }
            code => code,
        };
        Self { code, modifiers }
    }

    /// Reads a key as settings write it: `r`, `R`, `ctrl-r`, `alt-enter`, `shift-tab`, `f5`,
    /// `page-up`, `-`. `None` when it names no key.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut rest = text.trim();
        let mut modifiers = KeyModifiers::NONE;
        'modifiers: loop {
            for (name, modifier) in MODIFIERS {
                let Some(word) = rest.get(..name.len()) else { continue };
                let after = rest.get(name.len()..).unwrap_or_default();
                if word.eq_ignore_ascii_case(name)
                    && let Some(after) = after.strip_prefix(['-', '+'])
                    && !after.is_empty()
                {
                    modifiers |= modifier;
                    rest = after;
                    continue 'modifiers;
                }
            }
            break;
        }
        Some(Self::normal(code(rest)?, modifiers))
    }

    /// Whether pressing it where keys type would type a character.
    #[must_use]
    pub fn types(self) -> bool {
        matches!(self.code, KeyCode::Char(_))
            && !self.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT)
    }

    /// The same key without Shift; `None` when Shift is not held.
    #[must_use]
    pub fn without_shift(self) -> Option<Self> {
        self.modifiers
            .contains(KeyModifiers::SHIFT)
            .then(|| Self { modifiers: self.modifiers - KeyModifiers::SHIFT, ..self })
    }

    /// Whether a terminal without any extension sends it as a key of its own. Not so Ctrl with
    /// Enter, Tab, Backspace and most signs, and Shift with Enter; Ctrl-I, Ctrl-M and Ctrl-[
    /// arrive as Tab, Enter and Esc.
    #[must_use]
    pub fn is_plain(self) -> bool {
        let control = self.modifiers.contains(KeyModifiers::CONTROL);
        let shift = self.modifiers.contains(KeyModifiers::SHIFT);
        match self.code {
            KeyCode::Char(letter) if control => {
                !shift
                    && (letter.is_ascii_lowercase() && !matches!(letter, 'i' | 'm')
                        || matches!(letter, '4'..='7'))
            }
            KeyCode::Enter | KeyCode::Backspace | KeyCode::Esc => !control && !shift,
            KeyCode::Tab => !control && self.modifiers != KeyModifiers::SHIFT | KeyModifiers::ALT,
            _ => true,
        }
    }
}

fn code(text: &str) -> Option<KeyCode> {
    let mut characters = text.chars();
    if let (Some(only), None) = (characters.next(), characters.next()) {
        return (!only.is_control() && only != ' ').then_some(KeyCode::Char(only));
    }
    let lower = text.to_ascii_lowercase();
    if let Some((_, _, code)) = NAMES.iter().find(|(name, _, _)| *name == lower) {
        return Some(*code);
    }
    let number: u8 = lower.strip_prefix('f')?.parse().ok()?;
    (1..=12).contains(&number).then_some(KeyCode::F(number))
}

/// As the screen shows it: `Ctrl-R`, `Alt-Enter`, `r`.
impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (modifier, word) in [
            (KeyModifiers::CONTROL, "Ctrl-"),
            (KeyModifiers::ALT, "Alt-"),
            (KeyModifiers::SHIFT, "Shift-"),
        ] {
            if self.modifiers.contains(modifier) {
                f.write_str(word)?;
            }
        }
        if let Some((_, shown, _)) = NAMES.iter().find(|(_, _, code)| *code == self.code) {
            return f.write_str(shown);
        }
        match self.code {
            KeyCode::Char(letter) if self.modifiers.contains(KeyModifiers::CONTROL) => {
                write!(f, "{}", letter.to_ascii_uppercase())
            }
            KeyCode::Char(letter) => write!(f, "{letter}"),
            KeyCode::F(number) => write!(f, "F{number}"),
            other => write!(f, "{other}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(code: KeyCode, modifiers: KeyModifiers) -> Key {
        Key::of(&KeyEvent::new(code, modifiers)).expect("a key")
    }

    #[test]
    fn keys_are_read_and_shown() {
        for (written, shown) in [
            ("r", "r"),
            ("R", "R"),
            ("shift-r", "R"),
            ("ctrl-r", "Ctrl-R"),
            ("Ctrl+R", "Ctrl-R"),
            ("control-alt-delete", "Ctrl-Alt-Del"),
            ("alt-enter", "Alt-Enter"),
            ("shift-tab", "Shift-Tab"),
            ("page-up", "PgUp"),
            ("escape", "Esc"),
            ("F5", "F5"),
            ("-", "-"),
            ("ctrl--", "Ctrl--"),
            ("alt-+", "Alt-+"),
            ("space", "Space"),
            ("é", "é"),
        ] {
            assert_eq!(Key::parse(written).expect(written).to_string(), shown);
        }
        for wrong in ["", "ctrl-", "f0", "f13", "hyper-x", "rr", "ctrl", " "] {
            assert_eq!(Key::parse(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn every_way_of_sending_a_key_is_one_key() {
        let parse = |text| Key::parse(text).expect("a key");
        assert_eq!(event(KeyCode::Char('R'), KeyModifiers::SHIFT), parse("R"));
        assert_eq!(event(KeyCode::Char('r'), KeyModifiers::SHIFT), parse("R"));
        assert_eq!(event(KeyCode::Char('R'), KeyModifiers::NONE), parse("R"));
        assert_eq!(event(KeyCode::Char('R'), KeyModifiers::CONTROL), parse("ctrl-r"));
        assert_eq!(event(KeyCode::BackTab, KeyModifiers::SHIFT), parse("shift-tab"));
        assert_eq!(event(KeyCode::BackTab, KeyModifiers::NONE), parse("shift-tab"));
        assert_eq!(event(KeyCode::Enter, KeyModifiers::ALT), parse("alt-enter"));
        let mut release = KeyEvent::new(KeyCode::Char('r'), KeyModifiers::NONE);
        release.kind = KeyEventKind::Release;
        assert_eq!(Key::of(&release), None);
    }

    #[test]
    fn plain_terminals_lack_some_keys() {
        for (text, plain) in [
            ("ctrl-r", true),
            ("ctrl-i", false),
            ("ctrl-enter", false),
            ("alt-enter", true),
            ("shift-enter", false),
            ("ctrl-/", false),
            ("ctrl-7", true),
            ("shift-tab", true),
            ("ctrl-tab", false),
            ("f5", true),
        ] {
            assert_eq!(Key::parse(text).expect("a key").is_plain(), plain, "{text}");
        }
    }
}
