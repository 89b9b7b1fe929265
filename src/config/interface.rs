//! How the full-screen face behaves.

/// Which glyphs borders, bars and signs are drawn with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Glyphs {
    /// By the locale and `LATHE_ASCII` (see [`super::Environment::speaks_unicode`]).
    #[default]
    Auto,
    Unicode,
    Ascii,
}

impl Glyphs {
    /// Every choice.
    pub const ALL: [Self; 3] = [Self::Auto, Self::Unicode, Self::Ascii];

    /// The word in settings.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Unicode => "unicode",
            Self::Ascii => "ascii",
        }
    }
}

/// Whose habits the keys follow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum KeySet {
    #[default]
    Default,
    Emacs,
    Vi,
}

impl KeySet {
    /// Every set.
    pub const ALL: [Self; 3] = [Self::Default, Self::Emacs, Self::Vi];

    /// The word in settings.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::Emacs => "emacs",
            Self::Vi => "vi",
        }
    }
}

/// The `[interface]` table, without the theme's name, which stands in
/// [`super::Settings::theme`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InterfaceSettings {
    /// Most frames a second; `None` lets the place decide (62 locally, 30 over SSH).
    pub fps: Option<u32>,
    /// Whether the mouse is listened to from the start.
    pub mouse: bool,
    pub glyphs: Glyphs,
    /// Which habits the keys follow, before the `[keys]` table.
    pub key_set: KeySet,
    /// Columns the Tab key indents by in the editor.
    pub tab_width: u8,
    /// Whether nothing moves by itself but figures, whatever `ACCESSIBLE` says.
    pub reduce_motion: bool,
}

impl Default for InterfaceSettings {
    fn default() -> Self {
        Self {
            fps: None,
            mouse: false,
            glyphs: Glyphs::Auto,
            key_set: KeySet::Default,
            tab_width: 2,
            reduce_motion: false,
        }
    }
}
