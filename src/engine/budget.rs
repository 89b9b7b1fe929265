//! Budgets, which stop a call before they are passed: what it may cost is set aside first, and
//! only if every budget allows it is the call sent.

use std::sync::Arc;

use async_trait::async_trait;
use jiff::{Span, Timestamp, Zoned, tz::TimeZone};

use super::{
    Shared,
    call::Call,
    estimate::{Estimate, Expected, estimate},
    meter::Meter,
    run::RunEventKind,
};
use crate::{
    config::{BudgetSettings, UnknownPrice},
    model::{
        CachePrompt, CallError, ErrorKind, GenerationParameters, Message, ModelRef, TemplateId,
        Usage,
    },
    store::{
        Booking, BudgetLimit, BudgetSpan, Reservation, Reserved, Store, StoreError, TypicalOutput,
    },
};

/// Keeps account of what is spent and set aside. The database in the program.
#[async_trait]
pub trait Ledger: Send + Sync {
    /// Sets money aside for a call, if every limit allows it.
    async fn reserve(
        &self,
        reservation: Reservation,
        limits: Vec<BudgetLimit>,
    ) -> Result<Reserved, StoreError>;
    /// Counts an amount that no record holds as spent.
    async fn book(&self, booking: Booking) -> Result<(), StoreError>;
    /// How long the last complete answers of a model were.
    async fn typical_output(
        &self,
        model: &ModelRef,
        template: Option<&TemplateId>,
    ) -> Result<Option<TypicalOutput>, StoreError>;
}

#[async_trait]
impl Ledger for Store {
    async fn reserve(
        &self,
        reservation: Reservation,
        limits: Vec<BudgetLimit>,
    ) -> Result<Reserved, StoreError> {
        Self::reserve(self, reservation, limits).await
    }

    async fn book(&self, booking: Booking) -> Result<(), StoreError> {
        Self::book(self, booking).await
    }

    async fn typical_output(
        &self,
        model: &ModelRef,
        template: Option<&TemplateId>,
    ) -> Result<Option<TypicalOutput>, StoreError> {
        Self::typical_output(self, model, template).await
    }
}

/// What the budgets are, and where the accounts are kept.
#[derive(Clone)]
pub struct Money {
    pub ledger: Arc<dyn Ledger>,
    pub budget: BudgetSettings,
    /// Whose midnight a day begins at. Asked for when a budget is set and not before, as finding
    /// out may read many folders.
    pub zone: fn() -> TimeZone,
}

/// What an estimate is made from.
pub(super) struct Asked<'a> {
    pub model: &'a ModelRef,
    pub template: Option<&'a TemplateId>,
    pub messages: &'a [Message],
    pub parameters: &'a GenerationParameters,
    pub stream: bool,
}

/// One budget as it stands at a time.
struct Limited {
    /// What it is called in settings.
    name: &'static str,
    limit: BudgetLimit,
    /// When it begins anew; `None` for a run's.
    resets: Option<Zoned>,
}

impl Call<'_> {
    /// Sets aside what the call may cost, with what its attempts so far have cost. Whatever its
    /// end, recording it lets go of that.
    pub(super) async fn reserve(&mut self) -> Result<(), CallError> {
        self.meter = None;
        let shared = self.shared;
        let budget = &shared.parts.money.budget;
        if !budget.is_set() {
            return Ok(());
        }
        let model = self.execution.model_ref();
        // What the request holds may still be what the model before this one was sent.
        let parameters = shared.parameters_sent(&model, &self.asked, &self.without).await;
        let estimate = shared
            .estimate(Asked {
                model: &model,
                template: self.execution.template.as_ref(),
                messages: &self.request.messages,
                parameters: &parameters,
                stream: self.request.stream,
            })
            .await;
        if estimate.aside_usd.is_none() {
            if budget.unknown_price == UnknownPrice::Block {
                return Err(unpriced(&model));
            }
            self.emitter.emit(RunEventKind::Unpriced);
        }
        let amount_usd = self.spent_usd() + estimate.aside_usd.unwrap_or(0.0);
        let (execution, run) = (self.execution.id, self.execution.run_id);
        let reservation = Reservation { execution, run, amount_usd: amount_usd.max(0.0) };
        if amount_usd <= 0.0 {
            // What was set aside for a model that is asked no more keeps others from theirs.
            if !self.execution.attempts.is_empty() {
                shared.let_go(reservation).await;
            }
            return Ok(());
        }
        shared.set_aside(reservation).await?;
        let price = shared.parts.providers.price(&model, &Usage::default());
        // A limit that the call does not name may not be kept to: what one sees must not pass it.
        let unnamed = self.request.stream && parameters.max_tokens.is_none();
        let most = estimate.grows_to.or_else(|| unnamed.then_some(u64::MAX));
        if let (Some(price), Some(most)) = (price, most) {
            self.meter = Some(Meter {
                shared,
                reservation,
                per_token: price.output / 1e6,
                granted: estimate.aside_output_tokens,
                most,
            });
        }
        Ok(())
    }
}

impl Call<'_> {
    /// Books what the call cost at most where its record cannot say what it cost: what stays
    /// unknown there must not pass a budget.
    pub(super) async fn book(&self) {
        let amount_usd = self.spent_usd();
        if self.execution.cost_usd.is_some() || amount_usd <= 0.0 {
            return;
        }
        let (execution, started_at) = (self.execution.id, self.execution.timing.started_at);
        let booking = Booking { execution, started_at, amount_usd };
        if let Err(error) = self.shared.parts.money.ledger.book(booking).await {
            tracing::warn!(%error, amount_usd, "no budget counts what a call cost");
        }
    }
}

impl Shared {
    /// Lets go of what was set aside for a call before: nothing takes its place, which no budget
    /// can be against.
    async fn let_go(&self, nothing: Reservation) {
        if let Err(error) = self.parts.money.ledger.reserve(nothing, Vec::new()).await {
            tracing::warn!(%error, "what was set aside for a call stays so until it ends");
        }
    }

    /// Sets money aside for a call in the place of what was set aside for it before, if every
    /// budget allows that.
    pub(super) async fn set_aside(&self, reservation: Reservation) -> Result<(), CallError> {
        let money = &self.parts.money;
        let limits = money.limits((self.parts.wall)());
        let asked = limits.iter().map(|limited| limited.limit).collect();
        match money.ledger.reserve(reservation, asked).await {
            Ok(Reserved::Granted) => Ok(()),
            Ok(Reserved::Refused { limit, spent_usd, reserved_usd }) => {
                Err(limits.get(limit).map_or_else(
                    || {
                        CallError::new(ErrorKind::Budget, "a budget would be passed")
                            .hint("wait until it begins anew, or raise it under [budget]")
                    },
                    |limited| limited.refusal(spent_usd, reserved_usd, reservation.amount_usd),
                ))
            }
            Err(error) => Err(CallError::new(
                ErrorKind::Budget,
                format!("no account can be kept of the budget, so nothing is sent: {error}"),
            )
            .hint("make the database writable, choose another with --db, or take [budget] out")),
        }
    }

    /// What a call will cost, as far as that is known.
    pub(super) async fn estimate(&self, asked: Asked<'_>) -> Estimate {
        let Asked { model, template, messages, parameters, stream } = asked;
        let input = self.count_prompt(model, messages, parameters).await;
        let known = self.parts.money.ledger.typical_output(model, template).await;
        let usage = Usage { input_tokens: Some(input.tokens as u64), ..Usage::default() };
        let facts = self.parts.providers.answers(model, parameters);
        estimate(&Expected {
            input,
            max_tokens: parameters.max_tokens,
            model_limit: facts.most_tokens,
            typical: known.ok().flatten(),
            price: self.parts.providers.price(model, &usage),
            writes_cache: parameters.cache_prompt.unwrap_or(CachePrompt::Off),
            seen: stream && !facts.thinks_unseen,
        })
    }
}

impl Money {
    /// The budgets that hold at a time.
    fn limits(&self, now: Timestamp) -> Vec<Limited> {
        let zone = (self.zone)();
        let now = now.to_zoned(zone.clone());
        let since = |start: Option<Zoned>, span: Span| {
            let start = start?;
            let resets = start.checked_add(span).ok();
            Some((BudgetSpan::Since(start.timestamp()), resets))
        };
        // Hours are counted as the database sums them: whole hours of UTC.
        let second = now.timestamp().as_second();
        let hour = Timestamp::from_second(second - second.rem_euclid(3_600))
            .ok()
            .map(|start| start.to_zoned(zone));
        let month = now.first_of_month().ok().and_then(|first| first.start_of_day().ok());
        let limited = |name, amount: Option<f64>, span: Option<(BudgetSpan, Option<Zoned>)>| {
            let (span, resets) = span?;
            Some(Limited { name, limit: BudgetLimit { span, limit_usd: amount? }, resets })
        };
        [
            limited("per_run", self.budget.per_run, Some((BudgetSpan::Run, None))),
            limited("hour", self.budget.hour, since(hour, Span::new().hours(1))),
            limited("day", self.budget.day, since(now.start_of_day().ok(), Span::new().days(1))),
            limited("month", self.budget.month, since(month, Span::new().months(1))),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

impl Limited {
    fn refusal(&self, spent: f64, reserved: f64, amount: f64) -> CallError {
        let limit = self.limit.limit_usd;
        let whose = match self.name {
            "per_run" => "run",
            other => other,
        };
        let on_their_way = if reserved > 0.0 {
            format!(", {} set aside for calls on their way", dollars(reserved))
        } else {
            String::new()
        };
        let message = format!(
            "the {whose}'s budget of {} would be passed: {} spent{on_their_way}, and this call may cost {}",
            dollars(limit),
            dollars(spent),
            dollars(amount)
        );
        let next = match &self.resets {
            Some(resets) => format!(
                "it begins anew at {}; until then lower max_tokens, choose a cheaper model, or raise {} under [budget]",
                resets.strftime("%Y-%m-%d %H:%M"),
                self.name
            ),
            None => format!(
                "run fewer at once, lower max_tokens, choose a cheaper model, or raise {} under [budget]",
                self.name
            ),
        };
        CallError::new(ErrorKind::Budget, message).hint(next)
    }
}

fn unpriced(model: &ModelRef) -> CallError {
    CallError::new(
        ErrorKind::Budget,
        format!("the price of {model} is not known, so no budget can count it"),
    )
    .hint(format!(
        "state price_input and price_output under [models.\"{model}\"], or set unknown_price = \"allow\" under [budget]"
    ))
}

/// An amount with as many digits as it takes to see it.
fn dollars(amount: f64) -> String {
    if amount != 0.0 && amount.abs() < 0.01 {
        format!("${amount:.6}")
    } else {
        format!("${amount:.2}")
    }
}
