//! How things look: roles with their styles, and the signs things are drawn with.
//!
//! Eight themes are built in: `default` and `light` use the terminal's own colours on a dark and
//! on a light ground, `mono` none, and five bring colours of their own. Users add theirs as `themes/NAME.toml` beside their settings:
//!
//! ```toml
//! base = "default"            # what holds for roles not named here; "none" for nothing
//!
//! sixteen = "light"           # used in its place on terminals with sixteen colours
//!
//! [colours]                   # names of one's own
//! sea = "#3a7ca5"
//!
//! [styles]                    # by role; see Role::ALL
//! accent = { foreground = "sea", bold = true }
//! ```

mod colour;
mod file;
mod glyphs;
mod role;

use std::{
    io,
    path::{Path, PathBuf},
};

use ratatui::style::{Color, Modifier, Style};
use thiserror::Error;

pub use self::{glyphs::Glyphs, role::Role};
pub use crate::config::ColourDepth;
use crate::{
    config::{ConfigError, Environment, reason},
    model::{VariantName, did_you_mean, nearest},
};

/// The built-in themes, by name.
const BUILT_IN: [(&str, &str); 8] = [
    ("default", include_str!("../../../themes/default.toml")),
    ("light", include_str!("../../../themes/light.toml")),
    ("contrast", include_str!("../../../themes/contrast.toml")),
    ("harbour", include_str!("../../../themes/harbour.toml")),
    ("ember", include_str!("../../../themes/ember.toml")),
    ("moss", include_str!("../../../themes/moss.toml")),
    ("paper", include_str!("../../../themes/paper.toml")),
    ("mono", include_str!("../../../themes/mono.toml")),
];

/// The theme used where none is named.
pub const DEFAULT_THEME: &str = "default";

/// A theme's file may not be longer; a real one has 3 KiB.
const MAX_FILE_BYTES: u64 = 256 * 1024;

/// Why a theme cannot be used.
#[derive(Debug, Error)]
pub enum ThemeError {
    /// What is wrong in the file, with line and column.
    #[error(transparent)]
    Invalid(ConfigError),
    #[error("there is no theme `{name}`{}; there are {}", did_you_mean(.near.as_deref()), .known.join(", "))]
    Unknown { name: String, near: Option<String>, known: Vec<String> },
    #[error("cannot read the theme {}: {}", .path.display(), reason(.error))]
    Unreadable { path: PathBuf, error: io::Error },
    #[error("`{name}` cannot be a theme's name: use letters, digits, `-` and `_`")]
    BadName { name: String },
}

/// A style for every role, already fitted to the terminal's colours.
#[derive(Clone, Debug, PartialEq)]
pub struct Theme {
    name: String,
    depth: ColourDepth,
    styles: Vec<Style>,
}

impl Theme {
    /// The theme with a name: one of the user's, else a built-in one. Where the environment
    /// wants no colour the theme is still read, so that its mistakes are told, and `mono` is
    /// used.
    ///
    /// # Errors
    /// Everything wrong in the file with line, column and the nearest valid key; or a name
    /// nothing is known by.
    pub fn load(
        name: &str,
        environment: &Environment,
        user_dir: &Path,
    ) -> Result<Self, ThemeError> {
        let depth = environment.colour_depth();
        let (path, text) = find(name, user_dir)?;
        let written = file::read(&path, &text).map_err(ThemeError::Invalid)?;
        if depth == ColourDepth::Mono {
            return Ok(Self::mono());
        }
        if let (ColourDepth::Sixteen, Some(instead)) = (depth, &written.sixteen) {
            return Ok(Self { name: name.to_owned(), ..Self::of_built_in(instead, depth) });
        }
        let base = match written.base.as_deref() {
            Some("none") => None,
            Some(base) => Some(built_in(base)),
            None => Some(built_in(DEFAULT_THEME)),
        };
        let base = base.and_then(|(path, text)| file::read(&path, text).ok());
        Ok(Self::fitted(name, depth, &written, base.as_ref()))
    }

    /// The built-in theme without colour.
    #[must_use]
    pub fn mono() -> Self {
        Self::of_built_in("mono", ColourDepth::Mono)
    }

    /// The built-in theme in the terminal's own colours.
    #[must_use]
    pub fn terminal() -> Self {
        Self::of_built_in(DEFAULT_THEME, ColourDepth::Sixteen)
    }

    fn of_built_in(name: &str, depth: ColourDepth) -> Self {
        let (path, text) = built_in(name);
        let written = file::read(&path, text).unwrap_or_default();
        Self::fitted(name, depth, &written, None)
    }

    fn fitted(
        name: &str,
        depth: ColourDepth,
        written: &file::Written,
        base: Option<&file::Written>,
    ) -> Self {
        let styles = Role::ALL
            .iter()
            .map(|role| {
                let style = written.styles.get(role).or_else(|| base?.styles.get(role));
                fit(style.copied().unwrap_or_default(), depth)
            })
            .collect();
        Self { name: name.to_owned(), depth, styles }
    }

    /// The same look under another name: without colour every theme looks like `mono`.
    #[must_use]
    pub fn named(self, name: &str) -> Self {
        Self { name: name.to_owned(), ..self }
    }

    /// The theme's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The colours its styles were fitted to.
    #[must_use]
    pub const fn depth(&self) -> ColourDepth {
        self.depth
    }

    /// How a role looks.
    #[must_use]
    pub fn style(&self, role: Role) -> Style {
        self.styles.get(role as usize).copied().unwrap_or_default()
    }

    /// How a variant's name looks.
    #[must_use]
    pub fn variant(&self, name: VariantName) -> Style {
        self.style(Role::variant(name))
    }

    /// The names of all themes: the built-in ones, then the user's that can be listed.
    #[must_use]
    pub fn names(user_dir: &Path) -> Vec<String> {
        let mut users: Vec<String> = std::fs::read_dir(user_dir)
            .into_iter()
            .flatten()
            .filter_map(|entry| {
                let path = entry.ok()?.path();
                let name = path.file_stem()?.to_str()?.to_owned();
                (path.extension()? == "toml" && is_name(&name)).then_some(name)
            })
            .filter(|name| BUILT_IN.iter().all(|(built_in, _)| built_in != name))
            .collect();
        users.sort();
        BUILT_IN.iter().map(|(name, _)| (*name).to_owned()).chain(users).collect()
    }
}

/// The text of a built-in theme and the name its file has in errors.
fn built_in(name: &str) -> (PathBuf, &'static str) {
    let text = BUILT_IN.iter().find(|(own, _)| *own == name).map_or("", |(_, text)| *text);
    (PathBuf::from(format!("themes/{name}.toml")), text)
}

/// Whether a word can name a theme, and so a file in the themes' folder and nowhere else.
fn is_name(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
}

fn find(name: &str, user_dir: &Path) -> Result<(PathBuf, String), ThemeError> {
    if !is_name(name) {
        return Err(ThemeError::BadName { name: name.to_owned() });
    }
    let path = user_dir.join(format!("{name}.toml"));
    match read_bounded(&path) {
        Ok(text) => return Ok((path, text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(ThemeError::Unreadable { path, error }),
    }
    if BUILT_IN.iter().any(|(own, _)| *own == name) {
        let (path, text) = built_in(name);
        return Ok((path, text.to_owned()));
    }
    let known = Theme::names(user_dir);
    let near = nearest(name, known.iter().map(String::as_str)).map(str::to_owned);
    Err(ThemeError::Unknown { name: name.to_owned(), near, known })
}

/// A small regular file's text. A folder, a pipe or a device is refused and not waited on.
fn read_bounded(path: &Path) -> io::Result<String> {
    let metadata = std::fs::metadata(path)?;
    if !metadata.is_file() {
        return Err(io::Error::other("it is not a regular file"));
    }
    if metadata.len() > MAX_FILE_BYTES {
        return Err(io::Error::other("it is larger than 256 KiB"));
    }
    std::fs::read_to_string(path)
}

/// A style as a terminal of this depth can show it.
fn fit(style: Style, depth: ColourDepth) -> Style {
    let fitted = |colour: Option<Color>| colour.and_then(|colour| colour::degrade(colour, depth));
    let mut fit = Style { fg: fitted(style.fg), bg: fitted(style.bg), ..style };
    // A background that is gone would leave a selection unseen.
    if style.bg.is_some() && fit.bg.is_none() {
        fit = fit.add_modifier(Modifier::REVERSED);
    }
    fit
}

#[cfg(test)]
mod tests;
