//! What the engine keeps of every server it has called: its limits and its breaker. Providers
//! whose settings lead to one server share them.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, PoisonError},
};

use tokio::{sync::watch, time::Instant};

use super::{
    breaker::{Breaker, Circuit},
    limit::Gate,
};
use crate::config::{EngineSettings, ProviderLimits};

/// One server's limits and breaker, shared by all calls to it.
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
    /// Calls under way to its server.
    pub under_way: usize,
    /// Calls that may be under way at once to its server, as learned.
    pub allowed: usize,
    /// Until when no call leaves, by the settings' limits or the server's word.
    pub held_until: Option<Instant>,
}

/// All of them, made when first called.
pub(super) struct Endpoints {
    all: Mutex<All>,
    changed: watch::Sender<u64>,
}

#[derive(Default)]
struct All {
    by_server: HashMap<String, Arc<Endpoint>>,
    by_provider: BTreeMap<String, Arc<Endpoint>>,
}

impl Endpoints {
    pub fn new() -> Self {
        let (changed, _) = watch::channel(0);
        Self { all: Mutex::default(), changed }
    }

    /// The endpoint of a provider, which is that of its server.
    pub fn of(
        &self,
        provider: &str,
        settings: &EngineSettings,
        server: impl FnOnce() -> String,
        limits: impl FnOnce() -> ProviderLimits,
    ) -> Arc<Endpoint> {
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(endpoint) = all.by_provider.get(provider) {
            return Arc::clone(endpoint);
        }
        let made = || {
            Arc::new(Endpoint {
                gate: Gate::new(),
                breaker: Breaker::new(
                    settings.breaker_failures,
                    settings.breaker_rest,
                    self.changed.clone(),
                ),
            })
        };
        let endpoint = Arc::clone(all.by_server.entry(server()).or_insert_with(made));
        endpoint.gate.admit(provider, limits());
        all.by_provider.insert(provider.to_owned(), Arc::clone(&endpoint));
        endpoint
    }

    /// How each stands, by name.
    pub fn statuses(&self) -> Vec<EndpointStatus> {
        let all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        let status = |(provider, endpoint): (&String, &Arc<Endpoint>)| {
            let (under_way, allowed) = endpoint.gate.figures();
            EndpointStatus {
                provider: provider.clone(),
                circuit: endpoint.breaker.circuit(),
                under_way,
                allowed,
                held_until: endpoint.gate.held_until(provider),
            }
        };
        all.by_provider.iter().map(status).collect()
    }

    /// Told of every change of a circuit.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }
}
