//! `lathe run`: the same engine and records as the workbench, for scripts.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use jiff::tz::TimeZone;

use super::{
    arguments::{RunArguments, RunFormat},
    error::Failure,
    estimate, inputs,
    output::Output,
};
use crate::{
    app::{App, CallOrder, PromptSource, Started, WithJson, exit_code_of, told},
    engine::{HeldBy, Mode, RunEventKind},
    model::{
        CacheState, CallError, Check, Execution, GenerationParameters, ModelRef, Reused, Status,
        VariantName,
    },
    provider::asks_deployments,
    safety::guard::{GUARD, OBSERVED},
};

/// Least time between two pieces of an answer on standard output: no reader can tell.
const BETWEEN_PIECES: Duration = Duration::from_millis(4);

/// Runs what was asked for and prints the outcome. The exit code says how the worst call ended.
pub async fn run(app: &App, arguments: RunArguments, output: &mut Output) -> Result<u8, Failure> {
    if arguments.models.len() > VariantName::ALL.len() {
        return Err(Failure::usage(format!(
            "{} models: at most {} run side by side",
            arguments.models.len(),
            VariantName::ALL.len()
        )));
    }
    let parameters = inputs::parameters(arguments.preset, &arguments.parameters)?;
    let tags = inputs::tags(&arguments.tags)?;
    let variables = inputs::variables(&arguments.variables, arguments.variable_file.as_ref())?;
    let source = source(app, &arguments.template)?;
    if !variables.is_empty() {
        let template = app.template(source.clone()).await?;
        inputs::check_names(&template, &*app.workspace, &variables)?;
    }
    // A server of this machine may be named without being configured.
    let configured = app.endpoints.all();
    if arguments.models.iter().any(|model| !configured.contains_key(&model.provider)) {
        app.discover().await;
    }
    let orders = orders(&arguments, &source, &parameters, &variables, &tags);
    if arguments.estimate {
        return estimate::print(app, orders, arguments.format, output).await;
    }
    estimate::confirm(app, &orders, arguments.yes, output).await?;
    let streams_text = arguments.format == RunFormat::Text && orders.len() == 1;
    let Started { mut handle, secrets, remarks } = app.run(orders, Mode::Interactive).await?;
    for remark in &remarks {
        output.tell(&format!("note: {remark}"));
    }
    // What is written cannot be taken back for another answer.
    let streams_text = streams_text && !handle.asks_again();
    if !secrets.is_empty() {
        output.tell(&format!("warning: {}; it is sent as it is", secrets.describe()));
    }
    let mut stream = output.stream();
    let mut ended: Vec<Box<Execution>> = Vec::new();
    let mut interrupted = std::pin::pin!(interrupted());
    let mut code = 0;
    // A record that cannot be begun cannot be ended either, for the same reason.
    let mut not_saved = BTreeSet::new();
    loop {
        let event = tokio::select! {
            biased;
            signal = &mut interrupted, if code == 0 => {
                // What arrived is recorded before the program ends.
                code = signal;
                handle.cancel_all();
                continue;
            }
            event = handle.next() => event,
        };
        let Some(event) = event else { break };
        match event.kind {
            RunEventKind::Delta { text, refusal, .. } if streams_text => {
                for piece in [text, refusal] {
                    let safe = stream.push(&piece);
                    output.raw(safe.as_bytes())?;
                }
                // What comes meanwhile joins: a flood is written in pieces worth a system call.
                tokio::time::sleep(BETWEEN_PIECES).await;
            }
            RunEventKind::Waiting { retry_in_ms, number, of, error } => output.tell(&format!(
                "{}; attempt {number} of {of} in {:.1} s",
                error.message,
                Duration::from_millis(retry_in_ms).as_secs_f64()
            )),
            RunEventKind::Held { provider, for_ms, by } => {
                let whose = match by {
                    HeldBy::Settings => "a limit of your settings for",
                    HeldBy::Server => "the limit of",
                };
                let seconds = Duration::from_millis(for_ms).as_secs_f64();
                output.tell(&format!("held by {whose} {provider} for {seconds:.1} s"));
            }
            RunEventKind::Unpriced => output.tell(
                "no budget counts this call, since the price of its model is not known; state it \
                 under [models], or set unknown_price = \"block\" under [budget]",
            ),
            RunEventKind::FellBack { to, error } => {
                output.tell(&format!("{}; {to} is asked instead", error.message));
            }
            RunEventKind::Recovering { strategy, number, of, reasons } => output.tell(&format!(
                "the answer is not what was asked for ({}); asking again {number}/{of}: {strategy}",
                reasons.join("; ")
            )),
            RunEventKind::NotSaved { reason } if !not_saved.contains(&reason) => {
                output.tell(&reason);
                not_saved.insert(reason);
            }
            RunEventKind::Finished(execution) => ended.push(execution),
            _ => {}
        }
    }
    ended.sort_by_key(|execution| execution.variant);
    if streams_text {
        let rest = stream.finish();
        output.raw(rest.as_bytes())?;
        let ends_in_newline = ended.first().is_none_or(|execution| {
            let written = [&execution.refusal, &execution.text];
            let last = written.into_iter().find(|text| !text.is_empty());
            last.is_none_or(|text| text.ends_with('\n'))
        });
        if output.is_read_by_a_person() && !ends_in_newline {
            output.raw(b"\n")?;
        }
    }
    if streams_text {
        calls(&ended, output)?;
    }
    print(&ended, arguments.format, streams_text, output)?;
    if arguments.format == RunFormat::Text {
        for execution in &ended {
            findings(execution, output);
        }
    }
    let providers = app.endpoints.all();
    let is_deployment = |asked: &Execution| {
        providers.get(&asked.model_ref().provider).is_some_and(asks_deployments)
    };
    let outcomes =
        ended.iter().map(|execution| outcome(execution, is_deployment(execution), output));
    let worst = outcomes.max().unwrap_or(0);
    Ok(if code == 0 { worst } else { code })
}

/// What is meant by the first argument.
fn source(app: &App, name: &str) -> Result<PromptSource, Failure> {
    if name == "-" {
        let text = inputs::standard_input()?;
        if text.trim().is_empty() {
            return Err(Failure::usage("there is no prompt on standard input"));
        }
        return Ok(PromptSource::Plain(text));
    }
    let resolved = app.workspace.resolve(name)?;
    Ok(match resolved.version {
        Some(version) => PromptSource::Version { template: resolved.id, version },
        None => PromptSource::File(resolved.id),
    })
}

fn orders(
    arguments: &RunArguments,
    source: &PromptSource,
    parameters: &GenerationParameters,
    variables: &BTreeMap<String, serde_json::Value>,
    tags: &BTreeMap<String, String>,
) -> Vec<CallOrder> {
    let models: Vec<Option<ModelRef>> = match arguments.models.as_slice() {
        [] => vec![None],
        models => models.iter().cloned().map(Some).collect(),
    };
    VariantName::ALL
        .into_iter()
        .zip(models)
        .map(|(variant, model)| CallOrder {
            model,
            parameters: parameters.clone(),
            inputs: variables.clone(),
            tags: tags.clone(),
            stream: !arguments.no_stream,
            cache: arguments.cache_use(),
            without: arguments.drop.clone(),
            fallback: arguments.fallback.iter().cloned().map(Into::into).collect(),
            allow: arguments.allow.iter().copied().collect(),
            ..CallOrder::new(variant, source.clone())
        })
        .collect()
}

/// Prints the calls of tools that were asked for. None of them is made.
fn calls(ended: &[Box<Execution>], output: &mut Output) -> Result<(), Failure> {
    for call in ended.iter().flat_map(|execution| &execution.tool_calls) {
        output.text(&format!("{}\n", call.described()))?;
    }
    Ok(())
}

fn print(
    ended: &[Box<Execution>],
    format: RunFormat,
    streamed: bool,
    output: &mut Output,
) -> Result<(), Failure> {
    match (format, ended) {
        (RunFormat::Json, [one]) => output.json(&WithJson::of(one))?,
        (RunFormat::Json, several) => {
            let several: Vec<_> = several.iter().map(|one| WithJson::of(one)).collect();
            output.json(&several)?;
        }
        (RunFormat::Jsonl, several) => {
            for execution in several {
                output.json(&WithJson::of(execution))?;
            }
        }
        (RunFormat::Text, _) if streamed => {}
        (RunFormat::Text, [one]) => {
            output.text(&one.text)?;
            output.text(&one.refusal)?;
            output.raw(b"\n")?;
            calls(ended, output)?;
        }
        (RunFormat::Text, several) => {
            for execution in several {
                output.line(&format!("{} {}", execution.variant, execution.model_ref()))?;
                output.text(&execution.text)?;
                output.text(&execution.refusal)?;
                output.raw(b"\n\n")?;
                calls(std::slice::from_ref(execution), output)?;
            }
        }
    }
    Ok(())
}

/// Tells what guards found and what the answer falls short of. A guard that stopped the call is
/// told by its error.
fn findings(execution: &Execution, output: &mut Output) {
    for check in &execution.checks {
        let found = !check.passed || check.reason.starts_with(OBSERVED);
        let told_already = execution.status == Status::Blocked && check.kind == GUARD;
        if found && !told_already {
            output.tell(&format!("{}: {}", execution.variant, told(check)));
        }
    }
}

/// Tells how a call ended, if it did not end well, and the exit code that goes with it.
fn outcome(execution: &Execution, is_deployment: bool, output: &mut Output) -> u8 {
    for dropped in &execution.parameters.dropped {
        output.remark(&format!("{} was not sent: {}", dropped.name, dropped.reason));
    }
    if let Some(reused) = &execution.reused {
        output.tell(&reuse(execution, reused));
    }
    // A deployment has its own name and always answers under its model's: the record has both.
    if let Some(model) = execution.response_model.as_ref().filter(|_| !is_deployment) {
        let told = format!("{}: {model} answered", execution.model_ref());
        // A dated name of the model that was asked is no surprise.
        if is_dated(&execution.model, model) {
            output.remark(&told);
        } else {
            output.tell(&told);
        }
    }
    if let Some(how) = ending(execution) {
        output.tell(&format!("{}: {how}", execution.model_ref()));
    }
    if execution.status == Status::Ok {
        // A guard that warns lets the answer through, and has said so.
        let fell_short = |check: &Check| !check.passed && check.kind != GUARD;
        return u8::from(execution.checks.iter().any(fell_short));
    }
    let Some(error) = &execution.error else { return 3 };
    output.fail(&format!("{}: {}", execution.model_ref(), with_option(execution, error)));
    exit_code_of(error.kind)
}

/// Whether a name is another with nothing but a date or a number behind it: `gpt-4o-2024-08-06` is
/// `gpt-4o`, `gpt-4o-mini` is not.
fn is_dated(asked: &str, answered: &str) -> bool {
    answered.strip_prefix(asked).is_some_and(|rest| {
        rest.is_empty()
            || rest.strip_prefix(['-', '@', ':']).is_some_and(|date| {
                let digits =
                    |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
                date.split('-').all(digits)
            })
    })
}

/// An error whose advice names the option that does what it says.
fn with_option(execution: &Execution, error: &CallError) -> CallError {
    let guards = execution.stopped_by().into_iter().map(|guard| format!("--allow {guard}"));
    let dropped = error.parameter.map(|parameter| format!("--drop {}", parameter.as_str()));
    let options: Vec<String> = guards.chain(dropped).collect();
    if options.is_empty() {
        return error.clone();
    }
    let hint = error.hint.as_deref().unwrap_or("run it again");
    CallError { hint: Some(format!("{hint} (`{}`)", options.join(" "))), ..error.clone() }
}

/// How an answer ended that did not simply end, with the provider's own word.
fn ending(execution: &Execution) -> Option<String> {
    let how = execution.finish_reason?.told()?;
    let raw = execution.finish_reason_raw.as_deref().filter(|raw| !raw.is_empty());
    Some(raw.map_or_else(|| how.to_owned(), |raw| format!("{how} ({raw})")))
}

/// Says that an answer was given before: by which call, how alike, and what that saved.
fn reuse(execution: &Execution, reused: &Reused) -> String {
    let how = match execution.cache {
        CacheState::Similar => format!("cached, similar {:.3}", reused.similarity),
        _ => "cached".to_owned(),
    };
    let saved = reused.saved_usd.map_or_else(String::new, |cost| format!(", saved ${cost:.6}"));
    let when = reused.answered_at.to_zoned(TimeZone::system()).strftime("%Y-%m-%d %H:%M");
    format!("{} {how}: the answer of {} from {when}{saved}", execution.variant, reused.execution)
}

/// Resolves with an exit code when the user or the system wants the program to end.
pub(super) async fn interrupted() -> u8 {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let listen = |kind| signal(kind).ok();
        let mut terminate = listen(SignalKind::terminate());
        let mut hang_up = listen(SignalKind::hangup());
        let wait = |signal: &mut Option<tokio::signal::unix::Signal>| match signal.take() {
            Some(mut signal) => futures_util::future::Either::Left(async move {
                signal.recv().await;
            }),
            None => futures_util::future::Either::Right(std::future::pending()),
        };
        let (terminate, hang_up) = (wait(&mut terminate), wait(&mut hang_up));
        tokio::select! {
            _ = tokio::signal::ctrl_c() => 130,
            () = terminate => 143,
            () = hang_up => 129,
        }
    }
    #[cfg(not(unix))]
    {
        let _ = tokio::signal::ctrl_c().await;
        130
    }
}

#[cfg(test)]
mod tests {
    use super::is_dated;

    #[test]
    fn another_model_with_a_longer_name_is_not_a_dated_one() {
        for answered in ["gpt-4o", "gpt-4o-2024-08-06", "gpt-4o@20240806", "gpt-4o-001", "gpt-4o:2"]
        {
            assert!(is_dated("gpt-4o", answered), "{answered}");
        }
        for answered in ["gpt-4o-mini", "gpt-4o-mini-2024-07-18", "gpt-4o1", "gpt-4", "gpt-4o-", ""]
        {
            assert!(!is_dated("gpt-4o", answered), "{answered}");
        }
    }
}
