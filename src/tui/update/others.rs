//! What other processes write into the database comes into sight: looked for where somebody
//! looks at it, and never while nothing happens.

use std::time::Duration;

use super::step::Step;
use crate::{
    store::Moment,
    tui::{
        effect::Question,
        msg::Fault,
        state::{Purpose, Screen},
    },
};

/// How old what is in sight may be when a key is pressed.
const FRESH: Duration = Duration::from_secs(1);

impl Step<'_> {
    /// Asks whether others have written.
    pub fn look_for_others(&mut self) {
        self.state.looked_for_others = self.now.monotonic;
        self.ask(Purpose::Moment, Question::Moment);
    }

    /// A key was pressed: asks where what is in sight is of the database and has not been asked
    /// about for a while.
    pub fn look_for_others_again(&mut self) {
        let shown = matches!(self.state.screen, Screen::History | Screen::Charts);
        if shown && self.now.monotonic.saturating_sub(self.state.looked_for_others) >= FRESH {
            self.look_for_others();
        }
    }

    /// Takes the moment it is in the database. Another one than before: what was read is old.
    pub fn take_moment(&mut self, moment: &Result<Option<Moment>, Fault>) {
        // Where the database cannot be asked, whatever else is asked of it says so.
        let Ok(Some(moment)) = moment else { return };
        let before = self.state.moment.replace(*moment);
        if before.is_none_or(|before| before == *moment) {
            return;
        }
        self.state.history.stale = true;
        self.state.charts.stale = true;
        self.ask(Purpose::Spend, Question::Spend);
        match self.state.screen {
            Screen::History => self.refresh_history(),
            Screen::Charts => self.charts_shown(),
            Screen::Workbench => {}
        }
    }
}
