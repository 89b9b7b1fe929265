//! Budgets, which stop a call before they are passed: what it may cost is set aside first, and
//! only if every budget allows it is the call sent.

use std::sync::Arc;

use async_trait::async_trait;
use jiff::{Span, Timestamp, Zoned, tz::TimeZone};

use super::{
    call::Call,
    estimate::{Estimate, estimate},
    run::RunEventKind,
};
use crate::{
    config::{BudgetSettings, UnknownPrice},
    model::{CallError, ErrorKind, GenerationParameters, Message, ModelRef, TemplateId, Usage},
    prompt::tokens::{self, TokenCount},
    store::{BudgetLimit, BudgetSpan, Reservation, Reserved, Store, StoreError, TypicalOutput},
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
    /// Whose midnight a day begins at.
    pub zone: TimeZone,
}

/// What an estimate is made from.
pub(super) struct Asked<'a> {
    pub model: &'a ModelRef,
    pub template: Option<&'a TemplateId>,
    pub messages: &'a [Message],
    pub parameters: &'a GenerationParameters,
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
    /// Sets aside what the call may cost. Whatever its end, recording it lets go of that.
    pub(super) async fn reserve(&self) -> Result<(), CallError> {
        let money = &self.shared.parts.money;
        if !money.budget.is_set() {
            return Ok(());
        }
        let model = self.execution.model_ref();
        let estimate = self
            .shared
            .estimate(Asked {
                model: &model,
                template: self.execution.template.as_ref(),
                messages: &self.request.messages,
                parameters: &self.request.parameters,
            })
            .await;
        let Some(amount_usd) = estimate.most_usd else {
            if money.budget.unknown_price == UnknownPrice::Block {
                return Err(unpriced(&model));
            }
            self.emitter.emit(RunEventKind::Unpriced);
            return Ok(());
        };
        if amount_usd <= 0.0 {
            return Ok(());
        }
        let limits = money.limits((self.shared.parts.wall)());
        let reservation =
            Reservation { execution: self.execution.id, run: self.execution.run_id, amount_usd };
        let asked = limits.iter().map(|limited| limited.limit).collect();
        match money.ledger.reserve(reservation, asked).await {
            Ok(Reserved::Granted) => Ok(()),
            Ok(Reserved::Refused { limit, spent_usd, reserved_usd }) => {
                Err(limits.get(limit).map_or_else(
                    || CallError::new(ErrorKind::Budget, "a budget would be passed"),
                    |limited| limited.refusal(spent_usd, reserved_usd, amount_usd),
                ))
            }
            Err(error) => Err(CallError::new(
                ErrorKind::Budget,
                format!("no account can be kept of the budget, so nothing is sent: {error}"),
            )
            .hint("make the database writable, choose another with --db, or take [budget] out")),
        }
    }
}

impl super::Shared {
    /// What a call will cost, as far as that is known.
    pub(super) async fn estimate(&self, asked: Asked<'_>) -> Estimate {
        let (model, messages) = (asked.model.clone(), asked.messages.to_vec());
        let counted =
            tokio::task::spawn_blocking(move || tokens::count_messages(&model, &messages));
        let input = counted.await.unwrap_or(TokenCount { tokens: 0, exact: false });
        let known = self.parts.money.ledger.typical_output(asked.model, asked.template).await;
        let usage = Usage { input_tokens: Some(input.tokens as u64), ..Usage::default() };
        let price = self.parts.providers.price(asked.model, &usage);
        estimate(input, asked.parameters, known.ok().flatten(), price)
    }
}

impl Money {
    /// The budgets that hold at a time.
    fn limits(&self, now: Timestamp) -> Vec<Limited> {
        let now = now.to_zoned(self.zone.clone());
        let since = |start: Option<Zoned>, span: Span| {
            let start = start?;
            let resets = start.checked_add(span).ok();
            Some((BudgetSpan::Since(start.timestamp()), resets))
        };
        // Hours are counted as the database sums them: whole hours of UTC.
        let second = now.timestamp().as_second();
        let hour = Timestamp::from_second(second - second.rem_euclid(3_600))
            .ok()
            .map(|start| start.to_zoned(self.zone.clone()));
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
