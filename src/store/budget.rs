//! Money that is spoken for: what a call may spend is reserved before it is sent and let go in
//! the transaction that records what it did spend, so that no number of calls at once, in any
//! number of processes, passes a budget together.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, params, types::Value};

use super::{Store, StoreError, facts, fault::Outcome, time, writer::Session};
use crate::model::{ExecutionId, ModelRef, RunId, TemplateId};

/// How many of the last answers say what is typical.
const LAST: usize = 50;

/// What a call may spend.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reservation {
    pub execution: ExecutionId,
    pub run: RunId,
    /// US dollars.
    pub amount_usd: f64,
}

/// What a budget counts for a call of which no record says it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Booking {
    pub execution: ExecutionId,
    /// When the call began.
    pub started_at: Timestamp,
    /// US dollars.
    pub amount_usd: f64,
}

/// Over which calls a budget counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BudgetSpan {
    /// Those of the reservation's own run.
    Run,
    /// All that began in the hour of this time or later, in every workspace, and all that are on
    /// their way.
    Since(Timestamp),
}

/// A limit that a reservation must keep.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BudgetLimit {
    pub span: BudgetSpan,
    /// US dollars.
    pub limit_usd: f64,
}

/// Whether money could be set aside.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Reserved {
    Granted,
    /// A limit would be passed; nothing was set aside.
    Refused {
        /// Which of the limits, by its place in the list.
        limit: usize,
        /// US dollars spent in its span.
        spent_usd: f64,
        /// US dollars that calls on their way may still spend.
        reserved_usd: f64,
    },
}

/// How long answers were, in tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TypicalOutput {
    /// Half of them were at most this long.
    pub median: u64,
    pub longest: u64,
    /// How many answers say so.
    pub answers: usize,
}

impl Store {
    /// Sets money aside for a call if every limit allows it, looking and setting aside in one
    /// transaction that no other process can come between.
    pub async fn reserve(
        &self,
        reservation: Reservation,
        limits: Vec<BudgetLimit>,
    ) -> Result<Reserved, StoreError> {
        self.write(false, move |session| reserve(session, reservation, &limits)).await
    }

    /// Counts an amount that no record holds as spent, in the place of what was set aside for its
    /// call. Nothing else is kept of it.
    pub async fn book(&self, booking: Booking) -> Result<(), StoreError> {
        self.write(true, move |session| book(session, booking)).await
    }

    /// Lets go of what was set aside for a call that will not be sent. A call that is recorded
    /// as ended lets go by itself.
    pub async fn release(&self, execution: ExecutionId) -> Result<(), StoreError> {
        self.write(false, move |session| release(session, execution)).await
    }

    /// How long the last complete answers of a model were, to a template where there are some,
    /// else to anything; `None` where there are none.
    pub async fn typical_output(
        &self,
        model: &ModelRef,
        template: Option<&TemplateId>,
    ) -> Result<Option<TypicalOutput>, StoreError> {
        let model = model.clone();
        let template = template.map(|id| id.as_str().to_owned());
        self.read(move |connection| {
            if template.is_some()
                && let Some(found) = typical(connection, &model, template)?
            {
                return Ok(Some(found));
            }
            typical(connection, &model, None)
        })
        .await
    }
}

fn reserve(
    session: &mut Session<'_>,
    reservation: Reservation,
    limits: &[BudgetLimit],
) -> Outcome<Reserved> {
    let process = session.process()?;
    let connection = session.connection;
    let amount = facts::nano(reservation.amount_usd);
    for (index, limit) in limits.iter().enumerate() {
        let (spent, reserved) = match limit.span {
            BudgetSpan::Run => of_run(connection, reservation)?,
            BudgetSpan::Since(since) => of_time(session, reservation, since)?,
        };
        if spent.saturating_add(reserved).saturating_add(amount) > facts::nano(limit.limit_usd) {
            return Ok(Reserved::Refused {
                limit: index,
                spent_usd: dollars(spent),
                reserved_usd: dollars(reserved),
            });
        }
    }
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO reservations (execution, run, process, amount_nano)
             VALUES (?, ?, ?, ?)",
        )?
        .execute(params![
            reservation.execution.0.as_bytes(),
            reservation.run.0.as_bytes(),
            process,
            amount
        ])?;
    Ok(Reserved::Granted)
}

fn book(session: &mut Session<'_>, booking: Booking) -> Outcome<()> {
    let amount = facts::nano(booking.amount_usd);
    let process = session.process()?;
    let execution = booking.execution.0;
    let changed = session
        .connection
        .prepare_cached(
            "UPDATE reservations SET amount_nano = 0, spent_nano = spent_nano + ?
             WHERE execution = ?",
        )?
        .execute(params![amount, execution.as_bytes()])?;
    if changed == 0 {
        // Nothing was set aside. It is noted all the same: should the process end before the
        // record is written, it must not be counted once more.
        session
            .connection
            .prepare_cached(
                "INSERT INTO reservations (execution, run, process, amount_nano, spent_nano)
                 SELECT id, run_id, ?, 0, ? FROM executions WHERE id = ?",
            )?
            .execute(params![process, amount, execution.as_bytes()])?;
    }
    session.deltas.spent(time::hour_of(time::to_stored(booking.started_at)), amount);
    Ok(())
}

/// What was booked for a call, in nano-dollars.
pub(super) fn booked(connection: &Connection, execution: ExecutionId) -> Outcome<i64> {
    let booked = connection
        .prepare_cached("SELECT spent_nano FROM reservations WHERE execution = ?")?
        .query_row([execution.0.as_bytes()], |row| row.get(0))
        .optional()?;
    Ok(booked.unwrap_or(0))
}

/// Lets go of what was set aside for a call.
pub(super) fn release(session: &Session<'_>, execution: ExecutionId) -> Outcome<()> {
    session
        .connection
        .prepare_cached("DELETE FROM reservations WHERE execution = ? AND spent_nano = 0")?
        .execute([execution.0.as_bytes()])?;
    Ok(())
}

/// What a run spent, and what the rest of it may still spend.
fn of_run(connection: &Connection, reservation: Reservation) -> Outcome<(i64, i64)> {
    let (run, own) = (reservation.run.0, reservation.execution.0);
    let spent: f64 = connection
        .prepare_cached("SELECT coalesce(sum(cost_usd), 0.0) FROM executions WHERE run_id = ?")?
        .query_row([run.as_bytes()], |row| row.get(0))?;
    let (booked, reserved): (i64, i64) = connection
        .prepare_cached(
            "SELECT coalesce(sum(spent_nano), 0),
                 coalesce(sum(iif(execution <> ?2, amount_nano, 0)), 0)
             FROM reservations WHERE run = ?1",
        )?
        .query_row([run.as_bytes(), own.as_bytes()], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok((facts::nano(spent).saturating_add(booked), reserved))
}

/// What everybody spent since a time, and what all that is on its way may still spend.
fn of_time(
    session: &Session<'_>,
    reservation: Reservation,
    since: Timestamp,
) -> Outcome<(i64, i64)> {
    let connection = session.connection;
    let hour = time::hour_of(time::to_stored(since));
    let spent: i64 = connection
        .prepare_cached("SELECT coalesce(sum(spent_nano), 0) FROM hours WHERE hour >= ?")?
        .query_row([hour], |row| row.get(0))?;
    // What ended earlier in the same transaction has let go of its money already.
    let spent = spent.saturating_add(session.deltas.spent_since(hour));
    let reserved = connection
        .prepare_cached(
            "SELECT coalesce(sum(amount_nano), 0) FROM reservations WHERE execution <> ?",
        )?
        .query_row([reservation.execution.0.as_bytes()], |row| row.get(0))?;
    Ok((spent, reserved))
}

fn typical(
    connection: &Connection,
    model: &ModelRef,
    template: Option<String>,
) -> Outcome<Option<TypicalOutput>> {
    let narrowed = if template.is_some() { " AND template = ?" } else { "" };
    let mut statement = connection.prepare_cached(&format!(
        "SELECT output_tokens FROM executions
         WHERE model = ? AND provider = ? AND status = 'ok' AND output_tokens IS NOT NULL
             AND cache IN ('off', 'miss'){narrowed}
         ORDER BY sequence DESC LIMIT {LAST}"
    ))?;
    let values = [Some(model.model.clone()), Some(model.provider.clone()), template];
    let values = values.into_iter().flatten().map(Value::Text);
    let mut tokens: Vec<u64> = statement
        .query_map(rusqlite::params_from_iter(values), |row| row.get::<_, i64>(0))?
        .map(|tokens| Ok(u64::try_from(tokens?).unwrap_or(0)))
        .collect::<Result<_, rusqlite::Error>>()?;
    tokens.sort_unstable();
    let (Some(&median), Some(&longest)) =
        (tokens.get(tokens.len().saturating_sub(1) / 2), tokens.last())
    else {
        return Ok(None);
    };
    Ok(Some(TypicalOutput { median, longest, answers: tokens.len() }))
}

#[expect(clippy::cast_precision_loss, reason = "far below 2^52 nano-dollars")]
fn dollars(nano: i64) -> f64 {
    nano as f64 / 1e9
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use uuid::Uuid;

    use super::*;
    use crate::store::StoreOptions;

    /// The writer takes what waits for it into one transaction.
    #[tokio::test]
    async fn what_was_booked_in_the_same_transaction_is_spent() {
        let store = Store::open(&StoreOptions::in_memory()).expect("it opens").0;
        let dollar = || Reservation {
            execution: ExecutionId(Uuid::now_v7()),
            run: RunId(Uuid::now_v7()),
            amount_usd: 1.0,
        };
        let limit = BudgetLimit { span: BudgetSpan::Since(Timestamp::UNIX_EPOCH), limit_usd: 1.5 };
        let (mine, other) = (dollar(), dollar());
        assert_eq!(store.reserve(mine, vec![limit]).await, Ok(Reserved::Granted));
        let (go, wait) = mpsc::channel::<()>();
        let busy = store.write(false, move |_| {
            // Nobody says anything; it ends when the other side is gone.
            let _ = wait.recv();
            Ok(())
        });
        let (execution, started_at) = (mine.execution, Timestamp::UNIX_EPOCH);
        let (_, booked, reserved, ()) = tokio::join!(
            busy,
            store.book(Booking { execution, started_at, amount_usd: 1.0 }),
            store.reserve(other, vec![limit]),
            async move { drop(go) },
        );
        assert_eq!(booked, Ok(()));
        let refused = Reserved::Refused { limit: 0, spent_usd: 1.0, reserved_usd: 0.0 };
        assert_eq!(reserved, Ok(refused));
    }
}
