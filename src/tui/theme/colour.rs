//! Colours: how themes write them, and what is left of them on terminals with fewer.

use ratatui::style::Color;

use crate::config::ColourDepth;

/// The names of the terminal's own sixteen colours, and of its default.
const NAMED: [(&str, Color); 17] = [
    ("default", Color::Reset),
    ("black", Color::Black),
    ("red", Color::Red),
    ("green", Color::Green),
    ("yellow", Color::Yellow),
    ("blue", Color::Blue),
    ("magenta", Color::Magenta),
    ("cyan", Color::Cyan),
    ("white", Color::Gray),
    ("bright_black", Color::DarkGray),
    ("bright_red", Color::LightRed),
    ("bright_green", Color::LightGreen),
    ("bright_yellow", Color::LightYellow),
    ("bright_blue", Color::LightBlue),
    ("bright_magenta", Color::LightMagenta),
    ("bright_cyan", Color::LightCyan),
    ("bright_white", Color::White),
];

/// The sixteen colours as xterm draws them, in the order of [`NAMED`] after the default. What a
/// terminal really draws is the user's choice; this is the usual ground for comparing.
const XTERM: [(u8, u8, u8); 16] = [
    (0, 0, 0),
    (205, 0, 0),
    (0, 205, 0),
    (205, 205, 0),
    (0, 0, 238),
    (205, 0, 205),
    (0, 205, 205),
    (229, 229, 229),
    (127, 127, 127),
    (255, 0, 0),
    (0, 255, 0),
    (255, 255, 0),
    (92, 92, 255),
    (255, 0, 255),
    (0, 255, 255),
    (255, 255, 255),
];

/// The six levels of a channel in the 6×6×6 cube of the 256 colours.
const CUBE: [u8; 6] = [0, 95, 135, 175, 215, 255];

/// The names a theme may use.
pub(super) fn names() -> impl Iterator<Item = &'static str> + Clone {
    NAMED.iter().map(|(name, _)| *name)
}

/// Reads a name or `#rrggbb`.
pub(super) fn parse(text: &str) -> Option<Color> {
    if let Some(digits) = text.strip_prefix('#') {
        let number = read_six(digits)?;
        let [_, red, green, blue] = number.to_be_bytes();
        return Some(Color::Rgb(red, green, blue));
    }
    NAMED.iter().find(|(name, _)| *name == text).map(|(_, colour)| *colour)
}

/// Exactly six hexadecimal digits; a sign, which the standard parser takes, is none.
fn read_six(digits: &str) -> Option<u32> {
    let exact = digits.len() == 6 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    exact.then(|| u32::from_str_radix(digits, 16).ok()).flatten()
}

/// The nearest colour a terminal of this depth can show; `None` where it shows none.
pub(super) fn degrade(colour: Color, depth: ColourDepth) -> Option<Color> {
    match (colour, depth) {
        (_, ColourDepth::Mono) => None,
        (Color::Rgb(red, green, blue), ColourDepth::TwoHundredFiftySix) => {
            Some(Color::Indexed(nearest_indexed((red, green, blue))))
        }
        (Color::Rgb(red, green, blue), ColourDepth::Sixteen) => {
            Some(nearest_named((red, green, blue)))
        }
        (Color::Indexed(index), ColourDepth::Sixteen) => Some(nearest_named(channels(index))),
        (colour, _) => Some(colour),
    }
}

/// The channels of one of the 256 colours.
pub(super) fn channels(index: u8) -> (u8, u8, u8) {
    match index {
        0..=15 => XTERM.get(usize::from(index)).copied().unwrap_or_default(),
        16..=231 => {
            let place = index - 16;
            let level = |step: u8| CUBE.get(usize::from(step % 6)).copied().unwrap_or_default();
            (level(place / 36), level(place / 6), level(place))
        }
        232..=255 => {
            let grey = 8 + 10 * (index - 232);
            (grey, grey, grey)
        }
    }
}

/// The nearest of the cube and the greys; the first sixteen are left out, since users change
/// them.
fn nearest_indexed(wanted: (u8, u8, u8)) -> u8 {
    (16..=255).min_by_key(|index| distance(wanted, channels(*index))).unwrap_or(16)
}

fn nearest_named(wanted: (u8, u8, u8)) -> Color {
    XTERM
        .iter()
        .zip(NAMED.iter().skip(1))
        .min_by_key(|(channels, _)| distance(wanted, **channels))
        .map_or(Color::Reset, |(_, (_, colour))| *colour)
}

/// How different two colours look: the squared distance with the channels weighted by the mean
/// of red, the usual low-cost approximation ("redmean",
/// <https://www.compuphase.com/cmetric.htm>), in 1/256.
fn distance(a: (u8, u8, u8), b: (u8, u8, u8)) -> i32 {
    let mean = i32::midpoint(i32::from(a.0), i32::from(b.0));
    let square = |a: u8, b: u8| (i32::from(a) - i32::from(b)).pow(2);
    (512 + mean) * square(a.0, b.0) + 1024 * square(a.1, b.1) + (767 - mean) * square(a.2, b.2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_read_by_name_and_by_channels() {
        assert_eq!(parse("bright_black"), Some(Color::DarkGray));
        assert_eq!(parse("white"), Some(Color::Gray));
        assert_eq!(parse("#ff8000"), Some(Color::Rgb(255, 128, 0)));
        for wrong in ["#ff80", "#gggggg", "#+12345", "grey", ""] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn poorer_terminals_get_the_nearest_colour() {
        let orange = Color::Rgb(255, 135, 0);
        assert_eq!(degrade(orange, ColourDepth::True), Some(orange));
        assert_eq!(degrade(orange, ColourDepth::TwoHundredFiftySix), Some(Color::Indexed(208)));
        assert_eq!(degrade(orange, ColourDepth::Mono), None);
        assert_eq!(degrade(Color::Rgb(250, 10, 5), ColourDepth::Sixteen), Some(Color::LightRed));
        assert_eq!(degrade(Color::Indexed(46), ColourDepth::Sixteen), Some(Color::LightGreen));
        assert_eq!(degrade(Color::Cyan, ColourDepth::Sixteen), Some(Color::Cyan));
        assert_eq!(degrade(Color::Reset, ColourDepth::Sixteen), Some(Color::Reset));
    }

    #[test]
    fn the_cube_and_the_greys_are_where_terminals_have_them() {
        assert_eq!(channels(16), (0, 0, 0));
        assert_eq!(channels(196), (255, 0, 0));
        assert_eq!(channels(67), (95, 135, 175));
        assert_eq!(channels(255), (238, 238, 238));
        assert_eq!(nearest_indexed((128, 128, 128)), 244);
    }
}
