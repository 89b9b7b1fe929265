//! What two panes differ in, in one sentence.

use std::fmt::Write as _;

use super::{Figures, Pane, State};

/// Below this ratio two figures are called alike.
const ALIKE: f64 = 1.15;

impl State {
    /// How the focused variant's answer compares with the first other one, by time and cost; `None`
    /// while there is nothing to compare.
    #[must_use]
    pub fn comparison(&self) -> Option<String> {
        if self.blind.is_some() {
            return None;
        }
        let mine = self.pane(self.variant())?;
        let other = self
            .panes
            .iter()
            .find(|pane| pane.variant != mine.variant && self.figures_of(pane).is_some())?;
        // The later letter is compared with the earlier, whichever is in focus.
        let (first, second) =
            if mine.variant < other.variant { (mine, other) } else { (other, mine) };
        let (a, b) = (self.figures_of(first)?, self.figures_of(second)?);
        let remarks = remarks(&a, &b);
        if remarks.is_empty() {
            return None;
        }
        let running = |pane: &Pane| pane.shown().is_some_and(|output| output.phase.is_running());
        let so_far = if running(first) || running(second) { " so far" } else { "" };
        let mut sentence = format!("{} is ", second.variant);
        for (index, remark) in remarks.iter().enumerate() {
            let joint = if index == 0 { "" } else { " and " };
            // Writing to a string cannot fail.
            let _ = write!(sentence, "{joint}{remark}");
        }
        let _ = write!(sentence, " than {}{so_far}", first.variant);
        Some(sentence)
    }
}

/// What to say of the second against the first; figures that are alike are passed over.
fn remarks(a: &Figures, b: &Figures) -> Vec<String> {
    let seconds = |figures: &Figures| figures.elapsed.map(|elapsed| elapsed.as_secs_f64());
    [
        ratio(seconds(a), seconds(b)).map(|ratio| remark(ratio, "slower", "faster")),
        ratio(a.cost, b.cost).map(|ratio| remark(ratio, "dearer", "cheaper")),
    ]
    .into_iter()
    .flatten()
    .flatten()
    .collect()
}

fn ratio(a: Option<f64>, b: Option<f64>) -> Option<f64> {
    let (a, b) = (a?, b?);
    (a > 0.0 && b > 0.0).then(|| b / a)
}

fn remark(ratio: f64, more: &str, less: &str) -> Option<String> {
    let (factor, word) = if ratio >= 1.0 { (ratio, more) } else { (1.0 / ratio, less) };
    // One decimal where it says something, none where it would only flicker.
    match factor {
        factor if factor < ALIKE => None,
        factor if factor < 10.0 => Some(format!("{factor:.1}× {word}")),
        factor => Some(format!("{factor:.0}× {word}")),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn figures(seconds: u64, cost: Option<f64>) -> Figures {
        Figures { elapsed: Some(Duration::from_secs(seconds)), cost, ..Figures::default() }
    }

    #[test]
    fn figures_that_are_alike_or_unknown_are_passed_over() {
        let of = |a: &Figures, b: &Figures| remarks(a, b);
        assert_eq!(
            of(&figures(2, Some(0.001)), &figures(10, Some(0.02))),
            ["5.0× slower", "20× dearer"]
        );
        assert_eq!(of(&figures(10, Some(0.02)), &figures(5, Some(0.019))), ["2.0× faster"]);
        assert!(of(&figures(10, None), &figures(10, Some(1.0))).is_empty());
        assert!(of(&figures(0, Some(0.0)), &figures(5, Some(1.0))).is_empty());
    }
}
