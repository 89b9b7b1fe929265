//! The walk through the program: on by one key, left by Esc.

use super::step::Step;
use crate::tui::{
    keymap::Action,
    state::{Overlay, Tour, TourDeed},
};

impl Step<'_> {
    /// On to the next stop, or to the first one where no walk is under way.
    pub fn tour_on(&mut self) {
        match self.state.tour {
            None => self.tour_to(Some(Tour::begin())),
            Some(tour) => self.tour_to(tour.next()),
        }
    }

    /// Ends the walk; false where there was none.
    pub fn end_tour(&mut self) -> bool {
        let was = self.state.tour.take().is_some();
        if was {
            self.tell("The tour is over; `tour` in the palette (:) begins it again");
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
        self.state.set_focus(stop.focus);
        match stop.deed {
            TourDeed::Nothing | TourDeed::Close => {}
            TourDeed::RunAll => self.act(Action::RunAll),
            TourDeed::Diff => self.act(Action::Diff),
        }
    }
}
