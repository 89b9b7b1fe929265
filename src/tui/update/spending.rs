//! What a run costs before it runs, and whether answers are given again.

use crate::{
    model::{CacheMode, VariantName},
    tui::{
        effect::Question,
        keymap::{Action, Context},
        msg::CallEstimate,
        state::{Overlay, Purpose, SpendQuestion},
    },
};

use super::step::Step;

impl Step<'_> {
    /// Goes on to the next mode of the cache, for as long as the program runs.
    pub fn toggle_cache(&mut self) {
        let text = match self.state.spending.next_cache() {
            CacheMode::Off => "Cache off: every call is sent".to_owned(),
            CacheMode::Exact => {
                let key = self.state.keymap.shown_key(Context::Output, Action::RunAnew);
                let key = key.map_or_else(String::new, |key| format!("; {key} asks anew"));
                format!("Cache on: the same call gets the answer it got before{key}")
            }
            CacheMode::Similar => {
                "Cache on: a call alike gets the answer given before, too".to_owned()
            }
        };
        self.tell(text);
    }

    /// Asks what a run costs before it starts.
    pub fn ask_what_it_costs(&mut self, variants: &[VariantName]) {
        let Some(orders) = self.orders(variants) else { return };
        self.ask(Purpose::Estimate(variants.to_vec()), Question::Estimate(orders));
    }

    /// Starts the run, or asks first where it may cost more than is spent without a question.
    pub fn take_estimates(&mut self, variants: Vec<VariantName>, estimates: Vec<CallEstimate>) {
        let limit = self.state.spending.confirm_above.unwrap_or(f64::INFINITY);
        let anew = self.state.spending.anew;
        let question = SpendQuestion { variants, estimates, limit, anew };
        if question.is_to_be_asked() {
            self.state.spending.anew = false;
            self.put_in_front(Overlay::Spend(question));
        } else {
            self.start(&question.variants);
        }
    }

    /// Runs what was asked about, or leaves it.
    pub fn act_in_spend(&mut self, action: Action) {
        if !matches!(action, Action::Yes | Action::Accept) {
            return;
        }
        if let Some(Overlay::Spend(question)) = self.state.overlays.pop() {
            self.state.spending.anew = question.anew;
            self.start(&question.variants);
        }
    }
}
