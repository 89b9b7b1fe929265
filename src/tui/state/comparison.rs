//! What two panes differ in, in one sentence.

use std::fmt::Write as _;

use super::{Figures, Output, Pane, State};
use crate::tui::theme::Glyphs;

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
        let given: Vec<&str> = [first, second]
            .into_iter()
            .filter(|pane| pane.shown().is_some_and(Output::is_from_cache))
            .map(|pane| pane.variant.as_str())
            .collect();
        // It says nothing of how fast its model is, nor of what that costs.
        match given.as_slice() {
            [] => {}
            [one] => return Some(format!("{one} was answered from the cache")),
            both => return Some(format!("{} were answered from the cache", both.join(" and "))),
        }
        let (a, b) = (self.figures_of(first)?, self.figures_of(second)?);
        let running = |pane: &Pane| pane.shown().is_some_and(|output| output.phase.is_running());
        let runs = (running(first), running(second));
        let remarks = remarks(&a, &b, runs, Glyphs::of(self.marks).times);
        if remarks.is_empty() {
            return None;
        }
        let so_far = if runs.0 || runs.1 { " so far" } else { "" };
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

/// What to say of the second against the first; figures that are alike are passed over. What a
/// call that still runs has taken so far can only grow: it is called neither faster nor cheaper.
fn remarks(a: &Figures, b: &Figures, runs: (bool, bool), times: &str) -> Vec<String> {
    let settled = |ratio: &f64| if *ratio >= 1.0 { !runs.0 } else { !runs.1 };
    let seconds = |figures: &Figures| figures.elapsed.map(|elapsed| elapsed.as_secs_f64());
    [
        ratio(seconds(a), seconds(b))
            .filter(settled)
            .map(|ratio| remark(ratio, times, "slower", "faster")),
        ratio(a.cost, b.cost)
            .filter(settled)
            .map(|ratio| remark(ratio, times, "dearer", "cheaper")),
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

fn remark(ratio: f64, times: &str, more: &str, less: &str) -> Option<String> {
    let (factor, word) = if ratio >= 1.0 { (ratio, more) } else { (1.0 / ratio, less) };
    // One decimal where it says something, none where it would only flicker.
    match factor {
        factor if factor < ALIKE => None,
        factor if factor < 10.0 => Some(format!("{factor:.1}{times} {word}")),
        factor => Some(format!("{factor:.0}{times} {word}")),
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
        let of = |a: &Figures, b: &Figures| remarks(a, b, (false, false), "×");
        assert_eq!(
            of(&figures(2, Some(0.001)), &figures(10, Some(0.02))),
            ["5.0× slower", "20× dearer"]
        );
        assert_eq!(of(&figures(10, Some(0.02)), &figures(5, Some(0.019))), ["2.0× faster"]);
        assert!(of(&figures(10, None), &figures(10, Some(1.0))).is_empty());
        assert!(of(&figures(0, Some(0.0)), &figures(5, Some(1.0))).is_empty());
    }

    #[test]
    fn what_still_runs_is_not_called_faster() {
        let (long, short) = (figures(10, Some(0.02)), figures(2, Some(0.001)));
        let of = |a, b, runs| remarks(a, b, runs, "x");
        assert!(of(&long, &short, (false, true)).is_empty());
        assert_eq!(of(&short, &long, (false, true)), ["5.0x slower", "20x dearer"]);
        assert!(of(&short, &long, (true, false)).is_empty());
        assert_eq!(of(&long, &short, (true, false)), ["5.0x faster", "20x cheaper"]);
    }
}
