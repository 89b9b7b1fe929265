//! The money set aside for an answer while it comes. Nobody can know how long an answer without
//! a limit will be, and setting aside all that a model may write would let a small budget stop
//! every call. So some is set aside first, more while the answer is written, and where a budget
//! does not allow more the answer ends with what came.

use std::{future::Future, pin::Pin};

use super::Shared;
use crate::{model::CallError, prompt::tokens, store::Reservation};

/// What is set aside for one answer, and what more of it would take.
#[derive(Clone)]
pub(super) struct Meter<'a> {
    pub shared: &'a Shared,
    /// What is set aside now.
    pub reservation: Reservation,
    /// US dollars that a token of the answer costs.
    pub per_token: f64,
    /// Tokens that money is set aside for.
    pub granted: u64,
    /// The most tokens the answer can have.
    pub most: u64,
}

impl Meter<'_> {
    /// Sets aside as much again, but no more than the answer can take.
    #[expect(clippy::cast_precision_loss, reason = "token counts are far below 2^52")]
    async fn extend(mut self) -> (Self, Result<(), CallError>) {
        let more = self.granted.max(1).min(self.most.saturating_sub(self.granted));
        let amount_usd = self.reservation.amount_usd + more as f64 * self.per_token;
        let reservation = Reservation { amount_usd, ..self.reservation };
        let granted = self.shared.set_aside(reservation).await;
        if granted.is_ok() {
            self.granted += more;
            self.reservation = reservation;
        }
        (self, granted)
    }
}

type Asking<'a> = Pin<Box<dyn Future<Output = (Meter<'a>, Result<(), CallError>)> + Send + 'a>>;

/// A meter at work. Without one nothing is ever asked or stopped.
pub(super) struct Metering<'a> {
    meter: Option<Meter<'a>>,
    asking: Option<Asking<'a>>,
    granted: u64,
    refused: Option<CallError>,
}

impl<'a> Metering<'a> {
    pub fn new(meter: Option<Meter<'a>>) -> Self {
        let granted = meter.as_ref().map_or(u64::MAX, |meter| meter.granted);
        Self { meter, asking: None, granted, refused: None }
    }

    /// Asks for more where what is set aside is nearly used up: `written` tokens have come. An
    /// error ends the answer.
    pub fn look(&mut self, written: u64) -> Result<(), CallError> {
        if let Some(meter) = self.meter.take_if(|meter| {
            self.refused.is_none()
                && meter.granted < meter.most
                && written >= meter.granted - meter.granted / 4
        }) {
            self.asking = Some(Box::pin(meter.extend()));
        }
        match &self.refused {
            Some(refused) if written >= self.granted => {
                let mut error = refused.clone();
                error.message = format!("stopped while it was written: {}", error.message);
                Err(error)
            }
            _ => Ok(()),
        }
    }

    /// Whether the answer waits until it is known whether more may be spent on it.
    pub fn holds(&self, written: u64) -> bool {
        self.asking.is_some() && written >= self.granted
    }

    /// Resolves when it is known whether more may be spent; never while nobody asks. Safe to
    /// drop half-way.
    pub async fn answered(&mut self) {
        let Some(asking) = &mut self.asking else { return std::future::pending().await };
        let (meter, result) = asking.as_mut().await;
        self.asking = None;
        self.granted = meter.granted;
        self.refused = result.err();
        self.meter = Some(meter);
    }
}

/// The tokens of a piece as they count against what is set aside. An estimate may be too low; a
/// quarter more covers what estimates are off by.
pub(super) fn tokens_of(piece: &str) -> u64 {
    let tokens = tokens::estimated(piece) as u64;
    tokens + tokens.div_ceil(4)
}
