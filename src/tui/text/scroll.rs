//! Where a pane stands in a text taller than itself.

/// The scroll position of a pane over `rows` rows, `height` of which are seen.
///
/// With `follow` on, the pane keeps the last row in sight while the text grows; scrolling up
/// turns it off, reaching the end turns it on again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scroll {
    offset: usize,
    follow: bool,
}

impl Default for Scroll {
    fn default() -> Self {
        Self { offset: 0, follow: true }
    }
}

impl Scroll {
    /// A scroll that stays at the top until it is moved.
    #[must_use]
    pub const fn at_top() -> Self {
        Self { offset: 0, follow: false }
    }

    /// The first row in sight, given what there is now.
    #[must_use]
    pub const fn first(&self, rows: usize, height: usize) -> usize {
        let last = rows.saturating_sub(height);
        if self.follow || self.offset > last { last } else { self.offset }
    }

    /// Whether the pane follows the end.
    #[must_use]
    pub const fn follows(&self) -> bool {
        self.follow
    }

    /// Moves by rows; negative is up.
    pub const fn by(&mut self, delta: isize, rows: usize, height: usize) {
        let first = self.first(rows, height);
        let last = rows.saturating_sub(height);
        let to = first.saturating_add_signed(delta);
        self.offset = if to > last { last } else { to };
        if delta < 0 {
            self.follow = false;
        } else if self.offset == last {
            self.follow = true;
        }
    }

    /// To the first row.
    pub const fn to_top(&mut self) {
        self.offset = 0;
        self.follow = false;
    }

    /// To the last row, following from now on.
    pub const fn to_end(&mut self) {
        self.follow = true;
    }

    /// With a row first, or the last rows where there are fewer below it, however tall the pane
    /// becomes. It does not follow.
    pub const fn hold(&mut self, row: usize) {
        self.offset = row;
        self.follow = false;
    }

    /// Brings a row into sight, moving as little as may be.
    pub const fn reveal(&mut self, row: usize, rows: usize, height: usize) {
        let first = self.first(rows, height);
        self.follow = false;
        self.offset = if row < first {
            row
        } else if height > 0 && row >= first + height {
            row + 1 - height
        } else {
            first
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn following_pauses_on_scrolling_up_and_resumes_at_the_end() {
        let mut scroll = Scroll::default();
        assert_eq!(scroll.first(100, 10), 90);
        scroll.by(-5, 100, 10);
        assert_eq!((scroll.first(100, 10), scroll.follows()), (85, false));
        assert_eq!(scroll.first(200, 10), 85, "new text does not move a paused pane");
        scroll.by(1000, 200, 10);
        assert_eq!((scroll.first(200, 10), scroll.follows()), (190, true));
    }

    #[test]
    fn a_row_that_is_held_is_first_in_any_pane_it_fits_into() {
        let mut scroll = Scroll::default();
        scroll.hold(6);
        assert_eq!([2, 5, 20].map(|height| scroll.first(10, height)), [6, 5, 0]);
        assert_eq!(scroll.first(10, 3), 6, "a taller pane has not moved it");
    }

    #[test]
    fn nothing_goes_past_either_end() {
        let mut scroll = Scroll::at_top();
        scroll.by(-3, 5, 10);
        assert_eq!(scroll.first(5, 10), 0);
        scroll.reveal(4, 5, 0);
        assert_eq!(scroll.first(0, 0), 0);
    }
}
