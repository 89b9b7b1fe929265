//! `lathe run --estimate`: what a run would cost, without running it.

use serde_json::{Value, json};

use super::{arguments::RunFormat, error::Failure, inputs, output::Output};
use crate::{
    app::{App, CallOrder},
    engine::{CallSpec, Estimate, OutputFrom},
};

/// Prints what each of the calls would cost.
pub async fn print(
    app: &App,
    orders: Vec<CallOrder>,
    format: RunFormat,
    output: &mut Output,
) -> Result<u8, Failure> {
    let estimates = app.estimate(orders).await?;
    let values: Vec<Value> = estimates.iter().map(|(spec, it)| value(spec, it)).collect();
    match (format, values.as_slice()) {
        (RunFormat::Json, [one]) => output.json(one)?,
        (RunFormat::Json, several) => output.json(&several)?,
        (RunFormat::Jsonl, several) => {
            for value in several {
                output.json(value)?;
            }
        }
        (RunFormat::Text, _) => {
            for (spec, estimate) in &estimates {
                output.line(&line(spec, estimate))?;
            }
        }
    }
    Ok(0)
}

/// Asks before a run that may cost more than the settings let pass without a question, or of
/// which nobody knows what it costs. Where there is nobody to ask, it does not run.
///
/// # Errors
/// Where it is not to be run, with the way to run it all the same.
pub async fn confirm(
    app: &App,
    orders: &[CallOrder],
    yes: bool,
    output: &mut Output,
) -> Result<(), Failure> {
    let Some(limit) = app.settings.budget.confirm_above.filter(|_| !yes) else { return Ok(()) };
    let estimates = app.estimate(orders.to_vec()).await?;
    let of = |amount: fn(&Estimate) -> Option<f64>| -> f64 {
        estimates.iter().filter_map(|(_, estimate)| amount(estimate)).sum()
    };
    let (likely, most) = (of(|estimate| estimate.cost_usd), of(|estimate| estimate.most_usd));
    let unknown: Vec<String> = estimates
        .iter()
        .filter(|(_, estimate)| estimate.most_usd.is_none())
        .map(|(spec, estimate)| match estimate.cost_usd {
            Some(_) => format!("a fallback of {}", spec.model),
            None => spec.model.to_string(),
        })
        .collect();
    if most <= limit && unknown.is_empty() {
        return Ok(());
    }
    let mut cost = Vec::new();
    if unknown.len() < estimates.len() {
        cost.push(format!("${likely:.6} likely, ${most:.6} at most"));
    }
    if !unknown.is_empty() {
        cost.push(format!("an unknown amount for {}", unknown.join(", ")));
    }
    let cost = cost.join(", and ");
    let limit = format!("confirm_above = {limit} under [budget]");
    if app.environment.stdin_is_terminal && app.environment.stderr_is_terminal {
        output.tell(&format!("this costs {cost} ({limit})"));
        if inputs::agreed("Run it? [y/N] ") {
            return Ok(());
        }
        return Err(Failure::Told { message: "nothing was run".to_owned(), code: 4 });
    }
    Err(Failure::Told {
        message: format!(
            "this costs {cost}, and there is nobody to ask ({limit}); --yes runs it all the same"
        ),
        code: 4,
    })
}

fn value(spec: &CallSpec, estimate: &Estimate) -> Value {
    let (from, answers) = match estimate.output_from {
        OutputFrom::History { answers } => ("history", Some(answers)),
        OutputFrom::MaxTokens => ("max_tokens", None),
        OutputFrom::Guess => ("guess", None),
    };
    json!({
        "variant": spec.variant, "model": spec.model.to_string(),
        "input_tokens": estimate.input.tokens, "input_exact": estimate.input.exact,
        "output_tokens": estimate.output_tokens, "output_from": from, "answers": answers,
        "most_output_tokens": estimate.most_output_tokens,
        "cost_usd": estimate.cost_usd, "most_usd": estimate.most_usd, "cached": estimate.cached,
    })
}

fn line(spec: &CallSpec, estimate: &Estimate) -> String {
    let dollars = |amount: f64| format!("${amount:.6}");
    let about = if estimate.input.exact { "" } else { "~" };
    let from = match estimate.output_from {
        OutputFrom::History { answers: 1 } => "as the last answer".to_owned(),
        OutputFrom::History { answers } => format!("as the last {answers} answers"),
        OutputFrom::MaxTokens => "max_tokens".to_owned(),
        OutputFrom::Guess => "a guess".to_owned(),
    };
    let cost = match (estimate.cached, estimate.cost_usd, estimate.most_usd) {
        (true, ..) => "nothing: the answer is in the cache".to_owned(),
        (_, Some(likely), Some(most)) => {
            format!("{} likely, {} at most", dollars(likely), dollars(most.max(likely)))
        }
        (_, Some(likely), None) => format!(
            "{} likely, unknown at most: the price of a fallback is not known",
            dollars(likely)
        ),
        _ => "unknown: the model's price is not known".to_owned(),
    };
    format!(
        "{} {}  {about}{} tokens in, ~{} out ({from})  {cost}",
        spec.variant, spec.model, estimate.input.tokens, estimate.output_tokens
    )
}
