//! Judging answers: which is which hidden, and which one is the best.

use super::step::Step;
use crate::{
    model::{ExecutionId, Status, VariantName},
    tui::{
        effect::Keep,
        msg::RunToken,
        state::{Focus, Pane, Screen},
    },
};

/// The tag that says which answer of a run was picked.
pub const WINNER: &str = "winner";

impl Step<'_> {
    /// Hides which variant is which and mixes their places, or shows it again.
    pub fn toggle_blind(&mut self) {
        if self.state.blind.is_some() {
            self.unveil();
            return self.tell("Names are shown again");
        }
        if self.state.panes.len() < 2 {
            return self.warn("Judging blind needs two variants; fork one first");
        }
        self.state.blind = Some(Vec::new());
        // What was told before names names.
        self.state.notices.veil(true);
        let detail = self.state.history.detail.as_ref().map(|detail| detail.id);
        if detail.is_some_and(|id| self.state.is_hidden(id)) {
            self.state.history.detail = None;
            self.state.history.in_detail = false;
        }
        self.mix();
        self.tell(
            "Names, models and figures are hidden, places mixed; pick the winner to see them",
        );
    }

    /// Shows again which variant is which; false where it was not hidden.
    fn unveil(&mut self) -> bool {
        self.state.notices.veil(false);
        self.state.blind.take().is_some()
    }

    /// Whether what is asked for would tell which variant is which while that is hidden; then it
    /// says so and nothing is to be done.
    pub fn would_unveil(&mut self) -> bool {
        let hidden = self.state.blind.is_some();
        if hidden {
            self.tell(self.spelled("Names are hidden while you judge blind; {blind} shows them"));
        }
        hidden
    }

    /// Mixes the places of the variants while it is hidden which is which.
    pub fn mix(&mut self) {
        if self.state.blind.is_none() {
            return;
        }
        let mut order: Vec<VariantName> = self.state.panes.iter().map(|it| it.variant).collect();
        // The time of a key press is nothing that a person can foresee to the nanosecond.
        let monotonic = u64::from(self.now.monotonic.subsec_nanos());
        let wall = u64::from(self.now.wall.subsec_nanosecond().unsigned_abs());
        let mut seed = (wall << 32 | monotonic) ^ 0x9E37_79B9_7F4A_7C15;
        for last in (1..order.len()).rev() {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            let other = usize::try_from(seed % (last as u64 + 1)).unwrap_or(0);
            order.swap(last, other);
        }
        let first = order.first().copied();
        self.state.blind = Some(order);
        // The focus must not tell either.
        if let (Some(first), Focus::Output(_)) = (first, self.state.focus) {
            self.state.set_focus(Focus::Output(first));
        }
    }

    /// Picks the answer in sight as the best of its run, or takes that back. What was hidden is
    /// shown then.
    pub fn pick_winner(&mut self) {
        if self.state.screen != Screen::Workbench {
            return self.warn("A winner is picked in the workbench, among answers of one run");
        }
        let winner = self.state.variant();
        let run = self
            .state
            .pane(winner)
            .and_then(Pane::shown)
            .filter(|output| output.phase.is_finished())
            .and_then(|output| output.run);
        let Some(run) = run else {
            return self.warn("There is no finished answer of a run here to pick");
        };
        let candidates = self.candidates(run);
        if candidates.len() < 2 {
            let way = "A winner needs another answer of the same run beside it; {run-all} runs all";
            return self.warn(self.spelled(way));
        }
        let is_winner = |execution: &crate::model::Execution| {
            execution.tags.get(WINNER).is_some_and(|value| value == "yes")
        };
        let taken_back = self
            .state
            .pane(winner)
            .and_then(Pane::shown)
            .and_then(|output| output.execution.as_deref())
            .is_some_and(is_winner);
        for (variant, id) in &candidates {
            let value = match (taken_back, *variant == winner) {
                (true, _) => None,
                (false, true) => Some("yes"),
                (false, false) => Some("no"),
            };
            self.tag(*id, WINNER, value);
        }
        let was_blind = self.unveil();
        let name = |variant: VariantName| -> String {
            let model = self
                .state
                .pane(variant)
                .and_then(Pane::shown)
                .and_then(|output| output.origin.model.as_ref());
            match model {
                Some(model) => format!("{variant} ({model})"),
                None => variant.to_string(),
            }
        };
        let others: Vec<String> = candidates
            .iter()
            .filter(|(variant, _)| *variant != winner)
            .map(|(variant, _)| name(*variant))
            .collect();
        let text = match (taken_back, was_blind) {
            (true, _) => format!("{} is no longer the winner", name(winner)),
            (false, true) => {
                format!("{} wins, judged blind, over {}", name(winner), others.join(", "))
            }
            (false, false) => format!("{} wins over {}", name(winner), others.join(", ")),
        };
        self.tell(text);
    }

    /// The finished answers of one run that are in sight, by variant.
    fn candidates(&self, run: RunToken) -> Vec<(VariantName, ExecutionId)> {
        self.state
            .panes
            .iter()
            .filter_map(|pane| {
                let output = pane.shown().filter(|output| output.run == Some(run))?;
                let execution = output.execution.as_ref()?;
                (execution.status == Status::Ok).then_some((pane.variant, execution.id))
            })
            .collect()
    }

    /// Tags an execution wherever it is shown, and for good. `None` takes the tag away.
    pub fn tag(&mut self, id: ExecutionId, key: &str, value: Option<&str>) {
        let shown = self.state.all_panes_mut().flat_map(Pane::outputs_mut);
        let mut executions: Vec<_> =
            shown.filter_map(|output| output.execution.as_deref_mut()).collect();
        for execution in executions.iter_mut().filter(|execution| execution.id == id) {
            match value {
                Some(value) => execution.tags.insert(key.to_owned(), value.to_owned()),
                None => execution.tags.remove(key),
            };
        }
        self.state.history.tag(id, key, value);
        self.keep(Keep::Tag {
            execution: id,
            key: key.to_owned(),
            value: value.map(str::to_owned),
        });
    }
}
