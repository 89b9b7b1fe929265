//! `lathe models` and `lathe providers`.

use futures_util::future::join_all;
use serde_json::json;

use super::{arguments::TextOrJson, error::Failure, output::Output};
use crate::{
    app::{App, AppError, ProviderCheck},
    model::{CallError, ErrorKind, ModelRef},
};

/// Lists every model that can be named, or those one provider says it has.
pub async fn models(
    app: &App,
    provider: Option<&str>,
    format: TextOrJson,
    output: &mut Output,
) -> Result<u8, Failure> {
    app.look_for_models().await;
    if let Some(provider) = provider {
        let listed = app.list_models(provider).await.map_err(told)?;
        for model in listed {
            match format {
                TextOrJson::Text => output.line(&format!("{provider}/{}", model.id))?,
                TextOrJson::Json => output.json(&json!({
                    "model": format!("{provider}/{}", model.id),
                    "context_window": model.context_window,
                }))?,
            }
        }
        return Ok(0);
    }
    for choice in app.models() {
        let price = choice.price;
        match format {
            TextOrJson::Json => output.json(&json!({
                "model": choice.model.to_string(),
                "origin": choice.origin.as_str(),
                "context_window": choice.context_window,
                "price": price,
                "unavailable": choice.unavailable,
            }))?,
            TextOrJson::Text => {
                let window = choice.context_window.map_or_else(String::new, |it| it.to_string());
                let price = price.map_or_else(String::new, |price| {
                    format!("${} in, ${} out per million", price.input, price.output)
                });
                let state = choice.unavailable.unwrap_or_else(|| choice.origin.as_str().to_owned());
                let name = choice.model.to_string();
                output.line(format!("{name:<36} {window:>9}  {price:<36} {state}").trim_end())?;
            }
        }
    }
    Ok(0)
}

/// Forgets what a model refused.
pub async fn forget(app: &App, model: &ModelRef, output: &mut Output) -> Result<u8, Failure> {
    let forgotten = app.store.forget_refusals(model).await.map_err(AppError::from)?;
    output.tell(&match forgotten {
        0 => format!("{model} is not known to have refused a parameter"),
        1 => format!("{model}: one parameter is sent again"),
        many => format!("{model}: {many} parameters are sent again"),
    });
    Ok(0)
}

/// Lists the providers.
pub fn providers(app: &App, format: TextOrJson, output: &mut Output) -> Result<u8, Failure> {
    for (name, settings) in app.endpoints.all() {
        let unavailable = app.endpoints.unavailable(&settings);
        let address = match settings.kind {
            crate::config::ProviderKind::Demo => "in this program (simulated)".to_owned(),
            _ => settings.base_url.to_string(),
        };
        match format {
            TextOrJson::Json => output.json(&json!({
                "name": name,
                "kind": settings.kind.as_str(),
                "base_url": address,
                "key": settings.key.describe(),
                "unavailable": unavailable,
            }))?,
            TextOrJson::Text => {
                let key = unavailable.unwrap_or_else(|| settings.key.describe());
                output.line(&format!(
                    "{name:<14} {:<10} {address:<44} {key}",
                    settings.kind.as_str()
                ))?;
            }
        }
    }
    Ok(0)
}

/// Asks every provider that could be called for its models and for a few tokens, all at once, and
/// says what became of it; 3 where one of them does not work.
pub async fn check_providers(
    app: &App,
    format: TextOrJson,
    output: &mut Output,
) -> Result<u8, Failure> {
    app.discover().await;
    let all = app.endpoints.all();
    let asked = all.iter().map(|(name, settings)| app.check_provider(name, settings));
    let mut failed = false;
    for check in join_all(asked).await {
        let (works, text) = (check.works(), check.describe());
        failed |= works == Some(false);
        match format {
            TextOrJson::Json => output.json(&row(&check))?,
            TextOrJson::Text => {
                let sign = match works {
                    Some(true) => "ok  ",
                    Some(false) => "BAD ",
                    None => "-   ",
                };
                output.line(&format!("{sign}  {:<14} {text}", check.name))?;
            }
        }
    }
    Ok(if failed { 3 } else { 0 })
}

/// A check as data.
fn row(check: &ProviderCheck) -> serde_json::Value {
    json!({
        "name": check.name,
        "works": check.works(),
        "reachable": check.is_reachable(),
        "key": check.key.as_ref().map(|source| {
            json!({ "source": source, "accepted": check.key_is_accepted() })
        }),
        "models": check.listed.as_ref().and_then(|listed| listed.as_ref().ok()),
        "call": check.call.as_ref().map(|call| json!({
            "model": call.model.to_string(),
            "answered": call.outcome.is_ok(),
            "ms": u64::try_from(call.took.as_millis()).unwrap_or(u64::MAX),
            "cost_usd": call.cost_usd,
        })),
        "text": check.describe(),
        "error": check.error(),
    })
}

#[expect(clippy::needless_pass_by_value, reason = "the end of an error's way")]
fn told(error: CallError) -> Failure {
    let code = match error.kind {
        // An unknown provider is a wrong word and not a failed call.
        ErrorKind::NotFound if error.http_status.is_none() => 2,
        _ => AppError::Call(error.clone()).exit_code(),
    };
    Failure::Told { message: error.to_string(), code }
}
