//! The signs the screen is drawn with, in Unicode and in ASCII.

use ratatui::symbols::border;

use crate::{
    config::{Environment, Glyphs as GlyphSetting},
    safety::MarkStyle,
};

/// One set of signs. Every sign is one cell wide.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Glyphs {
    /// Whether anything beyond ASCII may be drawn.
    pub unicode: bool,
    /// The frame of a pane.
    pub border: border::Set<'static>,
    /// Where a line inside a pane meets its frame, left and right.
    pub border_join: (&'static str, &'static str),
    /// A bar's filled cells by eighths: index 0 is an empty cell, the last a full one.
    pub bar: &'static [&'static str],
    /// The ends of a bar, left and right.
    pub bar_ends: (&'static str, &'static str),
    /// It passed.
    pub check: &'static str,
    /// It failed.
    pub cross: &'static str,
    /// Worth a look.
    pub warning: &'static str,
    /// The rest is left out.
    pub ellipsis: &'static str,
    /// A group that is open.
    pub fold_open: &'static str,
    /// A group that is folded.
    pub fold_closed: &'static str,
    /// Something unsaved, or an item of a list.
    pub bullet: &'static str,
    /// The selected row.
    pub pointer: &'static str,
    /// The end of text that is still being written.
    pub cursor: &'static str,
    /// Around the active screen's name, left and right.
    pub tab: (&'static str, &'static str),
    /// Between words that belong to different things.
    pub separator: &'static str,
    /// From, to.
    pub arrow: &'static str,
    /// More, up and down.
    pub up: &'static str,
    /// More, down.
    pub down: &'static str,
    /// The moving part of a scroll bar.
    pub thumb: &'static str,
    /// About.
    pub about: &'static str,
    /// Around a variable, left and right.
    pub variable: (&'static str, &'static str),
    /// There is more beside this, left and right.
    pub beside: (&'static str, &'static str),
    /// How often, as in `5×`.
    pub times: &'static str,
    /// A rating's step that is reached, and one that is not.
    pub star: (&'static str, &'static str),
    /// A sign that turns, in the order of its turns.
    pub turning: &'static [&'static str],
}

impl Glyphs {
    /// Signs for terminals that show Unicode.
    pub const UNICODE: Self = Self {
        unicode: true,
        border: border::ROUNDED,
        border_join: ("├", "┤"),
        bar: &[" ", "▏", "▎", "▍", "▌", "▋", "▊", "▉", "█"],
        bar_ends: ("▕", "▏"),
        check: "✓",
        cross: "✗",
        warning: "⚠",
        ellipsis: "…",
        fold_open: "▾",
        fold_closed: "▸",
        bullet: "●",
        pointer: "▌",
        cursor: "▌",
        tab: ("▌", "▐"),
        separator: "·",
        arrow: "→",
        up: "▲",
        down: "▼",
        thumb: "█",
        about: "≈",
        variable: ("‹", "›"),
        beside: ("◂", "▸"),
        times: "×",
        star: ("★", "☆"),
        turning: &["⠋", "⠙", "⠸", "⠴", "⠦", "⠇"],
    };

    /// Signs for every terminal.
    pub const ASCII: Self = Self {
        unicode: false,
        border: border::Set {
            top_left: "+",
            top_right: "+",
            bottom_left: "+",
            bottom_right: "+",
            vertical_left: "|",
            vertical_right: "|",
            horizontal_top: "-",
            horizontal_bottom: "-",
        },
        border_join: ("+", "+"),
        bar: &[" ", "#"],
        bar_ends: ("[", "]"),
        check: "+",
        cross: "x",
        warning: "!",
        ellipsis: "~",
        fold_open: "-",
        fold_closed: "+",
        bullet: "*",
        pointer: ">",
        cursor: "_",
        tab: ("[", "]"),
        separator: "-",
        arrow: ">",
        up: "^",
        down: "v",
        thumb: "#",
        about: "~",
        variable: ("<", ">"),
        beside: ("<", ">"),
        times: "x",
        star: ("*", "."),
        turning: &["|", "/", "-", "\\"],
    };

    /// The set for a setting; `Auto` asks the locale and `LATHE_ASCII`.
    #[must_use]
    pub fn choose(setting: GlyphSetting, environment: &Environment) -> Self {
        let unicode = match setting {
            GlyphSetting::Auto => environment.speaks_unicode(),
            GlyphSetting::Unicode => true,
            GlyphSetting::Ascii => false,
        };
        if unicode { Self::UNICODE } else { Self::ASCII }
    }

    /// The set that goes with a style of the sanitiser's marks.
    #[must_use]
    pub const fn of(marks: MarkStyle) -> &'static Self {
        match marks {
            MarkStyle::Unicode => &Self::UNICODE,
            MarkStyle::Ascii => &Self::ASCII,
        }
    }

    /// The style of the sanitiser's marks that fits.
    #[must_use]
    pub const fn marks(&self) -> MarkStyle {
        if self.unicode { MarkStyle::Unicode } else { MarkStyle::Ascii }
    }

    /// A bar of `width` cells, filled by `share` in [0, 1]; finer than a cell where the signs
    /// allow it.
    #[must_use]
    pub fn bar(&self, share: f64, width: u16) -> String {
        let steps = self.bar.len().saturating_sub(1).max(1);
        let share = if share.is_finite() { share.clamp(0.0, 1.0) } else { 0.0 };
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "between 0 and the number of eighths of a screen's width"
        )]
        let filled = (share * f64::from(width) * steps as f64).round() as usize;
        (0..usize::from(width))
            .map(|cell| filled.saturating_sub(cell * steps).min(steps))
            .filter_map(|eighths| self.bar.get(eighths).copied())
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use unicode_width::UnicodeWidthStr;

    use super::*;

    fn signs(glyphs: &Glyphs) -> Vec<&'static str> {
        let border = glyphs.border;
        let mut signs = vec![
            border.top_left,
            border.top_right,
            border.bottom_left,
            border.bottom_right,
            border.vertical_left,
            border.vertical_right,
            border.horizontal_top,
            border.horizontal_bottom,
            glyphs.check,
            glyphs.cross,
            glyphs.warning,
            glyphs.ellipsis,
            glyphs.fold_open,
            glyphs.fold_closed,
            glyphs.bullet,
            glyphs.pointer,
            glyphs.cursor,
            glyphs.separator,
            glyphs.arrow,
            glyphs.up,
            glyphs.down,
            glyphs.thumb,
            glyphs.about,
            glyphs.times,
        ];
        for (left, right) in
            [glyphs.border_join, glyphs.bar_ends, glyphs.tab, glyphs.variable, glyphs.star]
        {
            signs.extend([left, right]);
        }
        signs.extend(glyphs.bar);
        signs.extend(glyphs.turning);
        signs
    }

    #[test]
    fn every_sign_is_one_cell_and_ascii_means_ascii() {
        for glyphs in [Glyphs::UNICODE, Glyphs::ASCII] {
            for sign in signs(&glyphs) {
                assert_eq!(sign.width(), 1, "{sign}");
                assert!(glyphs.unicode || sign.is_ascii(), "{sign}");
            }
        }
    }

    #[test]
    fn the_setting_wins_over_the_locale() {
        let plain = Environment::from_pairs([("LANG", "C")]);
        assert_eq!(Glyphs::choose(GlyphSetting::Auto, &plain), Glyphs::ASCII);
        assert_eq!(Glyphs::choose(GlyphSetting::Unicode, &plain), Glyphs::UNICODE);
        let utf8 = Environment::from_pairs([("LANG", "en_GB.UTF-8")]);
        assert_eq!(Glyphs::choose(GlyphSetting::Auto, &utf8), Glyphs::UNICODE);
        assert_eq!(Glyphs::choose(GlyphSetting::Ascii, &utf8), Glyphs::ASCII);
    }

    #[test]
    fn bars_fill_by_eighths_or_by_whole_cells() {
        assert_eq!(Glyphs::UNICODE.bar(0.5, 3), "█▌ ");
        assert_eq!(Glyphs::ASCII.bar(0.5, 4), "##  ");
        assert_eq!(Glyphs::UNICODE.bar(7.0, 2), "██");
        assert_eq!(Glyphs::UNICODE.bar(f64::NAN, 2), "  ");
        assert_eq!(Glyphs::ASCII.bar(1.0, 0), "");
    }
}
