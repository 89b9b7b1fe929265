//! Reading a theme's file, with the place of everything that is wrong in it.

use std::{collections::BTreeMap, path::Path};

use ratatui::style::{Color, Modifier, Style};
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::{colour, role::Role};
use crate::{
    config::{ConfigError, Problem},
    model::{did_you_mean, nearest},
};

/// What a theme's file says.
#[derive(Clone, Debug, Default)]
pub(super) struct Written {
    /// What holds for roles it does not name.
    pub base: Option<String>,
    /// The theme used in its place where a terminal has sixteen colours.
    pub sixteen: Option<String>,
    pub styles: BTreeMap<Role, Style>,
}

const TOP_KEYS: [&str; 5] = ["name", "base", "sixteen", "colours", "styles"];
const BASES: [&str; 4] = ["default", "light", "mono", "none"];
const SIXTEEN: [&str; 2] = ["default", "light"];
const MODIFIERS: [(&str, Modifier); 6] = [
    ("bold", Modifier::BOLD),
    ("dim", Modifier::DIM),
    ("italic", Modifier::ITALIC),
    ("underline", Modifier::UNDERLINED),
    ("reverse", Modifier::REVERSED),
    ("strikethrough", Modifier::CROSSED_OUT),
];
const COLOUR_KEYS: [&str; 2] = ["foreground", "background"];

/// Reads a theme's text. Everything wrong in it is told at once.
pub(super) fn read(file: &Path, text: &str) -> Result<Written, ConfigError> {
    let mut reader = Reader { text, problems: Vec::new(), colours: BTreeMap::new() };
    let (table, errors) = DeTable::parse_recoverable(text);
    for error in errors {
        let at = error.span().map_or(0, |span| span.start);
        reader.note(at, error.message().lines().next().unwrap_or("this is not TOML"));
    }
    let written = reader.theme(table.get_ref());
    reader.finish(file).map(|()| written)
}

struct Reader<'t> {
    text: &'t str,
    problems: Vec<(usize, String)>,
    /// The theme's own names.
    colours: BTreeMap<String, Color>,
}

impl Reader<'_> {
    fn note(&mut self, at: usize, message: impl Into<String>) {
        self.problems.push((at, message.into()));
    }

    fn finish(mut self, file: &Path) -> Result<(), ConfigError> {
        if self.problems.is_empty() {
            return Ok(());
        }
        self.problems.sort_by_key(|(at, _)| *at);
        let text = self.text;
        let problems = self.problems.into_iter().map(|(at, message)| {
            let before = text.get(..at).unwrap_or(text);
            let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
            Problem {
                file: file.to_path_buf(),
                line: before.matches('\n').count() + 1,
                column: before.get(line_start..).unwrap_or_default().chars().count() + 1,
                message,
            }
        });
        Err(ConfigError::Invalid(problems.collect()))
    }

    fn theme(&mut self, table: &DeTable<'_>) -> Written {
        let mut written = Written::default();
        for (key, _) in table {
            let word = key.get_ref().as_ref();
            if !TOP_KEYS.contains(&word) {
                let near = did_you_mean(nearest(word, TOP_KEYS));
                self.note(key.span().start, format!("unknown key `{word}`{near}"));
            }
        }
        if let Some(name) = table.get("name") {
            self.text_of("name", name);
        }
        written.base = self.choice(table, "base", &BASES);
        written.sixteen = self.choice(table, "sixteen", &SIXTEEN);
        // Own names first: styles use them, whatever the order of the file.
        if let Some(colours) = table.get("colours") {
            for (name, value) in self.entries("colours", colours) {
                if let Some(colour) = self.colour(&name, value) {
                    self.colours.insert(name, colour);
                }
            }
        }
        if let Some(styles) = table.get("styles") {
            self.styles(styles, &mut written);
        }
        written
    }

    /// A word that must be one of a few.
    fn choice(&mut self, table: &DeTable<'_>, key: &str, known: &[&str]) -> Option<String> {
        let value = table.get(key)?;
        let word = self.text_of(key, value)?;
        if known.contains(&word.as_str()) {
            return Some(word);
        }
        let near = did_you_mean(nearest(&word, known.iter().copied()));
        let listed: Vec<String> = known.iter().map(|word| format!("\"{word}\"")).collect();
        let message = format!("`{key}` must be one of {}{near}", listed.join(", "));
        self.note(value.span().start, message);
        None
    }

    fn styles(&mut self, styles: &Spanned<DeValue<'_>>, written: &mut Written) {
        let Some(table) = styles.get_ref().as_table() else {
            self.note(styles.span().start, "`styles` must be a table");
            return;
        };
        for (key, value) in table {
            let word = key.get_ref().as_ref();
            if let Some(role) = Role::named(word) {
                let style = self.style(word, value);
                written.styles.insert(role, style);
            } else {
                let names = Role::ALL.iter().map(|role| role.as_str());
                let near = did_you_mean(nearest(word, names));
                self.note(key.span().start, format!("unknown key `{word}` in [styles]{near}"));
            }
        }
    }

    fn style(&mut self, role: &str, value: &Spanned<DeValue<'_>>) -> Style {
        let mut style = Style::new();
        let Some(table) = value.get_ref().as_table() else {
            self.note(
                value.span().start,
                format!(
                    "`{role}` must be a table such as {{ foreground = \"cyan\", bold = true }}"
                ),
            );
            return style;
        };
        for (key, value) in table {
            let word = key.get_ref().as_ref();
            match word {
                "foreground" => style.fg = self.colour(word, value),
                "background" => style.bg = self.colour(word, value),
                _ => {
                    if let Some((_, modifier)) = MODIFIERS.iter().find(|(name, _)| *name == word) {
                        match value.get_ref().as_bool() {
                            Some(true) => style = style.add_modifier(*modifier),
                            Some(false) => {}
                            None => self.note(
                                value.span().start,
                                format!("`{word}` must be true or false"),
                            ),
                        }
                    } else {
                        let known = MODIFIERS.iter().map(|(name, _)| *name).chain(COLOUR_KEYS);
                        let near = did_you_mean(nearest(word, known));
                        self.note(
                            key.span().start,
                            format!("unknown key `{word}` in the style `{role}`{near}"),
                        );
                    }
                }
            }
        }
        style
    }

    /// A colour: one of the theme's own names, a name of the terminal's, `#rrggbb`, or the
    /// number of one of the 256.
    fn colour(&mut self, key: &str, value: &Spanned<DeValue<'_>>) -> Option<Color> {
        if let Some(number) = value.get_ref().as_integer() {
            let index = u8::from_str_radix(number.as_str(), number.radix()).ok();
            if index.is_none() {
                self.note(value.span().start, format!("`{key}` must be a number from 0 to 255"));
            }
            return index.map(Color::Indexed);
        }
        let word = self.text_of(key, value)?;
        let found = self.colours.get(&word).copied().or_else(|| colour::parse(&word));
        if found.is_none() {
            let own = self.colours.keys().map(String::as_str);
            let names: Vec<&str> = own.chain(colour::names().map(|name| name as &str)).collect();
            let near = did_you_mean(nearest(&word, names));
            self.note(
                value.span().start,
                format!(
                    "`{word}` is no colour: use a name such as \"cyan\" or \"bright_black\", \"#rrggbb\" or a number from 0 to 255{near}"
                ),
            );
        }
        found
    }

    fn text_of(&mut self, key: &str, value: &Spanned<DeValue<'_>>) -> Option<String> {
        let text = value.get_ref().as_str().map(str::to_owned);
        if text.is_none() {
            self.note(value.span().start, format!("`{key}` must be a text"));
        }
        text
    }

    fn entries<'d, 'v>(
        &mut self,
        key: &str,
        value: &'d Spanned<DeValue<'v>>,
    ) -> Vec<(String, &'d Spanned<DeValue<'v>>)> {
        let Some(table) = value.get_ref().as_table() else {
            self.note(value.span().start, format!("`{key}` must be a table"));
            return Vec::new();
        };
        table.iter().map(|(key, value)| (key.get_ref().as_ref().to_owned(), value)).collect()
    }
}
