//! What the engine keeps of every provider it has called: its limits and its breaker.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::{sync::watch, time::Instant};

use super::{
    breaker::{Breaker, Circuit},
    limit::Gate,
};
use crate::config::{EngineSettings, ProviderLimits};

/// One provider's limits and breaker, shared by all calls to it.
#[derive(Debug)]
pub(super) struct Endpoint {
    pub gate: Gate,
    pub breaker: Breaker,
}

/// How a provider stands now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndpointStatus {
    pub provider: String,
    pub circuit: Circuit,
    /// Calls under way.
    pub under_way: usize,
    /// Calls that may be under way at once, as learned.
    pub allowed: usize,
    /// Until when no call leaves, by the settings' limits or the server's word.
    pub held_until: Option<Instant>,
}

/// All of them, made when first called.
pub(super) struct Endpoints {
    all: Mutex<HashMap<String, Arc<Endpoint>>>,
    changed: watch::Sender<u64>,
}

impl Endpoints {
    pub fn new() -> Self {
        let (changed, _) = watch::channel(0);
        Self { all: Mutex::default(), changed }
    }

    /// The endpoint of a provider.
    pub fn of(
        &self,
        provider: &str,
        settings: &EngineSettings,
        limits: impl FnOnce() -> ProviderLimits,
    ) -> Arc<Endpoint> {
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(endpoint) = all.get(provider) {
            return Arc::clone(endpoint);
        }
        let endpoint = Arc::new(Endpoint {
            gate: Gate::new(limits()),
            breaker: Breaker::new(
                settings.breaker_failures,
                settings.breaker_rest,
                self.changed.clone(),
            ),
        });
        all.insert(provider.to_owned(), Arc::clone(&endpoint));
        endpoint
    }

    /// How each stands, by name.
    pub fn statuses(&self) -> Vec<EndpointStatus> {
        let all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        let mut statuses: Vec<_> = all
            .iter()
            .map(|(provider, endpoint)| {
                let (under_way, allowed) = endpoint.gate.figures();
                EndpointStatus {
                    provider: provider.clone(),
                    circuit: endpoint.breaker.circuit(),
                    under_way,
                    allowed,
                    held_until: endpoint.gate.held_until(),
                }
            })
            .collect();
        drop(all);
        statuses.sort_by(|a, b| a.provider.cmp(&b.provider));
        statuses
    }

    /// Told of every change of a circuit.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }
}
