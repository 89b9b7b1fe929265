//! What runs would cost, before they run.

use super::{App, AppError, CallOrder};
use crate::engine::{CallSpec, Estimate};

impl App {
    /// Prepares every order and estimates its cost. Nothing is sent.
    ///
    /// # Errors
    /// Of the first order that cannot be prepared.
    pub async fn estimate(
        &self,
        orders: Vec<CallOrder>,
    ) -> Result<Vec<(CallSpec, Estimate)>, AppError> {
        let mut calls = Vec::with_capacity(orders.len());
        for order in orders {
            calls.push(self.prepare(order).await?);
        }
        let estimates = self.engine.estimates(&calls).await;
        Ok(calls.into_iter().zip(estimates).collect())
    }
}
