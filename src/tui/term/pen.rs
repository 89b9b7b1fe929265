//! Cells as bytes: the fewest that lead from one style to another and from one place to another.

use std::fmt::Write as _;

use ratatui::style::{Color, Modifier};

/// What the terminal draws characters with now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Pen {
    pub foreground: Color,
    pub background: Color,
    pub modifiers: Modifier,
}

/// What shows on a cell without a character.
const ON_BLANK: Modifier =
    Modifier::REVERSED.union(Modifier::UNDERLINED).union(Modifier::CROSSED_OUT);

/// Each modifier, the number that begins it and the one that ends it (ECMA-48, SGR). Bold and
/// dim end together.
const MODIFIERS: [(Modifier, u8, u8); 8] = [
    (Modifier::BOLD, 1, 22),
    (Modifier::DIM, 2, 22),
    (Modifier::ITALIC, 3, 23),
    (Modifier::UNDERLINED, 4, 24),
    (Modifier::SLOW_BLINK, 5, 25),
    (Modifier::RAPID_BLINK, 6, 25),
    (Modifier::REVERSED, 7, 27),
    (Modifier::CROSSED_OUT, 9, 29),
];

impl Pen {
    /// Whether a blank cell drawn with this pen is an erased one.
    pub fn erases(self) -> bool {
        self.background == Color::Reset && !self.modifiers.intersects(ON_BLANK)
    }

    /// Whether a blank cell looks the same with both.
    pub fn same_blank(self, other: Self) -> bool {
        self.background == other.background
            && !(self.modifiers | other.modifiers).intersects(ON_BLANK)
    }

    /// Appends what turns this pen into another, and becomes it.
    pub fn turn(&mut self, to: Self, out: &mut Vec<u8>) {
        if *self == to {
            return;
        }
        if to == Self::default() {
            out.extend_from_slice(b"\x1b[m");
        } else {
            let (step, whole) = (self.step(to), Self::default().step(to));
            // A step counts from what is there, the whole one from a reset.
            let chosen = if step.len() <= whole.len() + 1 { step } else { format!(";{whole}") };
            out.extend_from_slice(b"\x1b[");
            out.extend_from_slice(chosen.as_bytes());
            out.push(b'm');
        }
        *self = to;
    }

    /// The numbers that lead from this pen to another, joined.
    fn step(self, to: Self) -> String {
        let mut numbers = Numbers::default();
        let ended = self.modifiers - to.modifiers;
        let mut begun = to.modifiers - self.modifiers;
        let mut last_end = 0;
        for (modifier, _, end) in MODIFIERS {
            if ended.contains(modifier) && end != last_end {
                numbers.push(end);
                last_end = end;
                // What ends with it and is still wanted begins anew.
                for (other, _, other_end) in MODIFIERS {
                    if other_end == end && to.modifiers.contains(other) {
                        begun |= other;
                    }
                }
            }
        }
        for (modifier, begin, _) in MODIFIERS {
            if begun.contains(modifier) {
                numbers.push(begin);
            }
        }
        if self.foreground != to.foreground {
            numbers.colour(to.foreground, 30);
        }
        if self.background != to.background {
            numbers.colour(to.background, 40);
        }
        numbers.0
    }
}

#[derive(Default)]
struct Numbers(String);

impl Numbers {
    fn push(&mut self, number: u8) {
        if !self.0.is_empty() {
            self.0.push(';');
        }
        // Writing to a string cannot fail.
        let _ = write!(self.0, "{number}");
    }

    /// A colour for the foreground (`base` 30) or the background (40). The terminal's own
    /// sixteen are sent in the form that every terminal knows.
    fn colour(&mut self, colour: Color, base: u8) {
        let own = |index: u8| if index < 8 { base + index } else { base + 52 + index };
        match colour {
            Color::Reset => self.push(base + 9),
            Color::Black => self.push(own(0)),
            Color::Red => self.push(own(1)),
            Color::Green => self.push(own(2)),
            Color::Yellow => self.push(own(3)),
            Color::Blue => self.push(own(4)),
            Color::Magenta => self.push(own(5)),
            Color::Cyan => self.push(own(6)),
            Color::Gray => self.push(own(7)),
            Color::DarkGray => self.push(own(8)),
            Color::LightRed => self.push(own(9)),
            Color::LightGreen => self.push(own(10)),
            Color::LightYellow => self.push(own(11)),
            Color::LightBlue => self.push(own(12)),
            Color::LightMagenta => self.push(own(13)),
            Color::LightCyan => self.push(own(14)),
            Color::White => self.push(own(15)),
            Color::Indexed(index) => {
                for number in [base + 8, 5, index] {
                    self.push(number);
                }
            }
            Color::Rgb(red, green, blue) => {
                for number in [base + 8, 2, red, green, blue] {
                    self.push(number);
                }
            }
        }
    }
}

/// Appends the shortest way to a place, counted from 0. `from` is where the cursor is, if that is
/// certain.
pub(super) fn go(from: Option<(u16, u16)>, to: (u16, u16), out: &mut Vec<u8>) {
    if from == Some(to) {
        return;
    }
    let (x, y) = to;
    let mut best = match (x, y) {
        (0, 0) => "\x1b[H".to_owned(),
        (0, _) => format!("\x1b[{}H", y + 1),
        _ => format!("\x1b[{};{}H", y + 1, x + 1),
    };
    let mut offer = |way: String| {
        if way.len() < best.len() {
            best = way;
        }
    };
    if let Some((from_x, from_y)) = from {
        let count = |by: u16| if by == 1 { String::new() } else { by.to_string() };
        if from_y == y {
            if x == 0 {
                offer("\r".to_owned());
            } else if x > from_x {
                offer(format!("\x1b[{}C", count(x - from_x)));
            } else {
                let back = from_x - x;
                offer(if back <= 4 {
                    "\x08".repeat(usize::from(back))
                } else {
                    format!("\x1b[{back}D")
                });
            }
        } else if from_y + 1 == y && x == 0 {
            offer("\r\n".to_owned());
        } else if from_x == x && y > from_y {
            offer(format!("\x1b[{}B", count(y - from_y)));
        } else if from_x == x {
            offer(format!("\x1b[{}A", count(from_y - y)));
        }
    }
    out.extend_from_slice(best.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn turned(from: Pen, to: Pen) -> String {
        let mut pen = from;
        let mut out = Vec::new();
        pen.turn(to, &mut out);
        assert_eq!(pen, to);
        String::from_utf8(out).expect("ASCII").replace('\x1b', "^")
    }

    fn pen(foreground: Color, modifiers: Modifier) -> Pen {
        Pen { foreground, background: Color::Reset, modifiers }
    }

    #[test]
    fn styles_change_by_the_fewest_bytes() {
        let plain = Pen::default();
        let cyan = pen(Color::Cyan, Modifier::BOLD);
        assert_eq!(turned(plain, plain), "");
        assert_eq!(turned(plain, cyan), "^[1;36m");
        assert_eq!(turned(cyan, plain), "^[m");
        assert_eq!(turned(cyan, pen(Color::Cyan, Modifier::empty())), "^[22m");
        assert_eq!(turned(cyan, pen(Color::LightRed, Modifier::BOLD)), "^[91m");
        let both = pen(Color::Reset, Modifier::BOLD | Modifier::DIM);
        assert_eq!(turned(both, pen(Color::Reset, Modifier::DIM)), "^[;2m");
        let busy = Pen {
            foreground: Color::Rgb(1, 2, 3),
            background: Color::Indexed(200),
            modifiers: Modifier::REVERSED | Modifier::UNDERLINED,
        };
        assert_eq!(turned(plain, busy), "^[4;7;38;2;1;2;3;48;5;200m");
        assert_eq!(turned(busy, pen(Color::Reset, Modifier::BOLD)), "^[;1m");
    }

    #[test]
    fn ways_are_the_shortest() {
        let way = |from, to| {
            let mut out = Vec::new();
            go(from, to, &mut out);
            String::from_utf8(out).expect("ASCII").replace('\x1b', "^")
        };
        assert_eq!(way(Some((3, 3)), (3, 3)), "");
        assert_eq!(way(None, (0, 0)), "^[H");
        assert_eq!(way(None, (0, 9)), "^[10H");
        assert_eq!(way(None, (4, 9)), "^[10;5H");
        assert_eq!(way(Some((3, 3)), (4, 3)), "^[C");
        assert_eq!(way(Some((3, 3)), (50, 3)), "^[47C");
        assert_eq!(way(Some((3, 3)), (1, 3)), "\x08\x08");
        assert_eq!(way(Some((90, 3)), (10, 3)), "^[80D");
        assert_eq!(way(Some((3, 3)), (0, 3)), "\r");
        assert_eq!(way(Some((3, 3)), (0, 4)), "\r\n");
        assert_eq!(way(Some((3, 3)), (3, 4)), "^[B");
        assert_eq!(way(Some((3, 9)), (3, 2)), "^[7A");
    }
}
