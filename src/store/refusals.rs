//! Parameters that models refused, and which of them are left out since.

use jiff::{Timestamp, tz::TimeZone};
use rusqlite::params;

use super::{Store, StoreError, time};
use crate::model::{ModelRef, Parameter};

/// A parameter that is left out of calls to a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LearnedRefusal {
    pub parameter: Parameter,
    /// When the model refused it last.
    pub refused_at: Timestamp,
}

impl LearnedRefusal {
    /// Why it is left out, for the record.
    #[must_use]
    pub fn reason(&self, model: &ModelRef) -> String {
        format!("{model} refused it on {}", self.refused_at.to_zoned(TimeZone::UTC).date())
    }
}

impl Store {
    /// Notes that a model refused a parameter. It is still sent until somebody decides otherwise.
    pub async fn parameter_refused(
        &self,
        model: &ModelRef,
        parameter: Parameter,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let model = model.clone();
        self.write(false, move |session| {
            session
                .connection
                .prepare_cached(
                    "INSERT INTO refused_parameters (provider, model, parameter, refused_ns, dropped)
                     VALUES (?, ?, ?, ?, 0)
                     ON CONFLICT (provider, model, parameter)
                     DO UPDATE SET refused_ns = excluded.refused_ns",
                )?
                .execute(params![
                    model.provider,
                    model.model,
                    parameter.as_str(),
                    time::to_stored(at)
                ])?;
            Ok(())
        })
        .await
    }

    /// Leaves a parameter out of all calls to a model from now on, if the model has refused it.
    /// Whether it has.
    pub async fn drop_parameter(
        &self,
        model: &ModelRef,
        parameter: Parameter,
    ) -> Result<bool, StoreError> {
        let model = model.clone();
        self.write(false, move |session| {
            let changed = session
                .connection
                .prepare_cached(
                    "UPDATE refused_parameters SET dropped = 1
                     WHERE provider = ? AND model = ? AND parameter = ?",
                )?
                .execute(params![model.provider, model.model, parameter.as_str()])?;
            Ok(changed > 0)
        })
        .await
    }

    /// The parameters that are left out of calls to a model, in the order of their names.
    pub async fn dropped_parameters(
        &self,
        model: &ModelRef,
    ) -> Result<Vec<LearnedRefusal>, StoreError> {
        let model = model.clone();
        self.read(move |connection| {
            let mut statement = connection.prepare_cached(
                "SELECT parameter, refused_ns FROM refused_parameters
                 WHERE provider = ? AND model = ? AND dropped = 1 ORDER BY parameter",
            )?;
            let rows = statement.query_map(params![model.provider, model.model], |row| {
                Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?))
            })?;
            let mut dropped = Vec::new();
            for row in rows {
                let (name, refused_ns) = row?;
                // A name of another edition of the program is none of ours to leave out.
                if let Some(parameter) = Parameter::from_word(&name) {
                    let refused_at = time::from_stored(refused_ns);
                    dropped.push(LearnedRefusal { parameter, refused_at });
                }
            }
            Ok(dropped)
        })
        .await
    }

    /// Forgets what a model refused, so that everything is sent again. How much was forgotten.
    pub async fn forget_refusals(&self, model: &ModelRef) -> Result<usize, StoreError> {
        let model = model.clone();
        self.write(false, move |session| {
            let forgotten = session
                .connection
                .prepare_cached("DELETE FROM refused_parameters WHERE provider = ? AND model = ?")?
                .execute(params![model.provider, model.model])?;
            Ok(forgotten)
        })
        .await
    }
}
