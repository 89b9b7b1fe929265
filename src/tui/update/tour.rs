//! The walk through the program: on by one key, left by Esc.

use super::step::Step;
use crate::tui::{
    keymap::Action,
    state::{Focus, Overlay, Pane, Tour, TourDeed},
};

impl Step<'_> {
    /// On to the next stop, or to the first one where no walk is under way.
    pub fn tour_on(&mut self) {
        match self.state.tour {
            None => self.tour_to(Some(Tour::begin())),
            Some(tour) => self.tour_to(tour.next()),
        }
    }

    /// The key of the walk where none is under way: it begins one in the demonstration alone, so
    /// that a key pressed by mistake leads nobody away from their work.
    pub fn tour_key(&mut self) {
        if self.state.tour.is_some() || self.state.is_demo {
            return self.act(Action::Tour);
        }
        self.tell(self.spelled("`tour` in {palette} walks through the program"));
    }

    /// Ends the walk; false where there was none.
    pub fn end_tour(&mut self) -> bool {
        let was = self.state.tour.take().is_some();
        if was {
            self.tell(self.spelled("The tour is over; `tour` in {palette} begins it again"));
        }
        was
    }

    fn tour_to(&mut self, tour: Option<Tour>) {
        let Some(tour) = tour else {
            self.end_tour();
            return;
        };
        self.state.tour = Some(tour);
        let stop = tour.stop();
        self.state.overlays.retain(|overlay| !matches!(overlay, Overlay::Diff(_)));
        self.show(stop.screen);
        self.state.zoom = false;
        self.state.set_focus(match stop.focus {
            Focus::Output(variant) if self.state.pane(variant).is_none() => {
                Focus::Output(self.state.variant())
            }
            focus => focus,
        });
        match stop.deed {
            // Only where every model is simulated and every file a copy is anything done.
            _ if !self.state.is_demo => {}
            TourDeed::Nothing | TourDeed::Close => {}
            TourDeed::RunAll => self.act(Action::RunAll),
            TourDeed::Diff => self.tour_compares(),
        }
    }

    /// The difference of a stop, once there are two answers: who goes on at once sees it when the
    /// slower one has ended.
    pub fn tour_compares(&mut self) {
        let waits = self.state.is_demo
            && self.state.tour.is_some_and(|tour| tour.stop().deed == TourDeed::Diff)
            && self.state.overlays.is_empty();
        if !waits {
            return;
        }
        let runs = |pane: &&Pane| pane.shown().is_some_and(|output| output.phase.is_running());
        let late = self.state.panes.iter().find(runs).map(|pane| pane.variant);
        match late {
            Some(late) => {
                let name = self.name(late);
                self.tell(format!("{name} is still writing; the difference comes when it is done"));
            }
            None => self.act(Action::Diff),
        }
    }
}
