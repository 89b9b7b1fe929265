//! A run held back because its prompt holds a secret, until somebody says that it may go.

use std::{
    collections::BTreeSet,
    sync::{Mutex, PoisonError},
};

use tokio::sync::mpsc::{self, error::SendError};

use super::{
    exec::Steer,
    msg::{CallEvent, Msg, Notice, RunToken, Severity},
};
use crate::{
    app::{App, SecretsFound},
    config::SecretWarning,
    engine::CallSpec,
    model::{CallError, ErrorKind},
};

/// What need not be said or asked again until the program ends.
#[derive(Default)]
pub(super) struct Agreed {
    /// The secrets that may be sent.
    secrets: Mutex<SecretsFound>,
    /// Remarks that were told.
    told: Mutex<BTreeSet<String>>,
}

impl Agreed {
    fn covers(&self, secrets: &SecretsFound) -> bool {
        secrets.is_within(&self.secrets.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn add(&self, secrets: SecretsFound) {
        self.secrets.lock().unwrap_or_else(PoisonError::into_inner).join(secrets);
    }

    /// Those of the remarks that nobody was told yet.
    pub fn untold(&self, remarks: &[String]) -> Vec<String> {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        remarks.iter().filter(|remark| told.insert((*remark).clone())).cloned().collect()
    }
}

/// Tells of secrets in these calls and, where the settings say so, waits for the answer. What is
/// left of the calls goes on; those that may not are told as refused.
pub(super) async fn agree(
    app: &App,
    agreed: &Agreed,
    run: RunToken,
    calls: &mut Vec<CallSpec>,
    steered: &mut mpsc::UnboundedReceiver<Steer>,
    events: &mpsc::Sender<Msg>,
) -> Result<(), SendError<Msg>> {
    let mut secrets = SecretsFound::default();
    for call in &*calls {
        secrets.join(app.redaction.secrets_in(&call.messages));
    }
    if secrets.is_empty() || agreed.covers(&secrets) {
        return Ok(());
    }
    let text = secrets.describe();
    if app.redaction.warning() == SecretWarning::Note {
        agreed.add(secrets);
        let notice =
            Notice { severity: Severity::Warning, text: format!("Sent: {text}"), hint: None };
        return events.send(Msg::Notice(notice)).await;
    }
    events.send(Msg::SecretsFound { run, text }).await?;
    while !calls.is_empty() {
        match steered.recv().await {
            Some(Steer::SendAnyway) => {
                agreed.add(secrets);
                return Ok(());
            }
            Some(Steer::Cancel(variant)) => {
                calls.retain(|call| call.variant != variant);
                let error = CallError::new(ErrorKind::Cancelled, "not sent");
                let event = CallEvent::Refused(error);
                events.send(Msg::Run { run, variant, event }).await?;
            }
            Some(Steer::SkipWait(_)) => {}
            None => calls.clear(),
        }
    }
    Ok(())
}
