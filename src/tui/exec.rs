//! Effects carried out: questions answered by the use cases, runs started and steered, time
//! waited for. Everything happens on other tasks; what comes of it returns as messages.

use std::{collections::HashMap, sync::Arc, time::Duration};

use jiff::Zoned;
use tokio::{sync::mpsc, task::JoinHandle, time::Instant};

use super::theme::Theme;
use super::{
    effect::{CallOrder, CallSource, Keep, Question},
    exec_secrets::{Agreed, agree},
    msg::{
        Answer, CallEstimate, CallEvent, DeletedExecutions, Fault, HistoryCursor, HistoryLine,
        HistoryPage, LibraryEntry, Msg, Notice, ParameterPlan, RequestId, RunToken, SaveFault,
        Severity, TimerId,
    },
};
use crate::{
    app::{self, App, AppError, ExportFormat, Filter, PromptSource, workspace},
    engine::{
        CallSpec, Circuit, Engine, HeldBy, Mode, Providers, RunEventKind, RunHandle, RunSpec,
    },
    model::{
        CachePrompt, CallError, ChatRequest, ErrorKind, Execution, ExecutionId,
        GenerationParameters, ModelRef, Parameter, ReasoningEffort, ResponseFormat, Tool,
        ToolChoice, VariantName,
    },
    store::{Cursor, Deleted, HistoryQuery, HistoryRow},
};

/// What to do where something could not be kept.
const KEEP_HINT: &str = "what is on the screen is still there; `lathe doctor` says what is wrong";

/// Run events on their way to the loop. What does not fit waits in the engine, where pieces of
/// one answer join: a loop that is late takes them in one go.
const EVENTS_AT_ONCE: usize = 64;

/// Carries out effects.
pub(super) struct Exec {
    app: App,
    messages: mpsc::UnboundedSender<Msg>,
    events: mpsc::Sender<Msg>,
    runs: HashMap<RunToken, mpsc::UnboundedSender<Steer>>,
    /// The secrets that may be sent.
    agreed: Arc<Agreed>,
    /// What is to be kept, in the order it was asked; the program does not end before it is.
    keeps: mpsc::UnboundedSender<Keep>,
    keeper: JoinHandle<()>,
    /// Tells which providers are left alone.
    watcher: JoinHandle<()>,
}

/// What comes back.
pub(super) struct Inbox {
    pub messages: mpsc::UnboundedReceiver<Msg>,
    /// Bounded, so that streams wait here and never keys.
    pub events: mpsc::Receiver<Msg>,
}

/// An order to a run that is under way.
#[derive(Clone, Copy, Debug)]
pub(super) enum Steer {
    Cancel(VariantName),
    SkipWait(VariantName),
    /// The secrets in the prompt may go.
    SendAnyway,
}

impl Exec {
    pub fn new(app: App) -> (Self, Inbox) {
        let (messages, messages_in) = mpsc::unbounded_channel();
        let (events, events_in) = mpsc::channel(EVENTS_AT_ONCE);
        let (keeps, to_keep) = mpsc::unbounded_channel();
        let keeper = tokio::spawn(keep_all(app.clone(), to_keep, messages.clone()));
        let watcher = tokio::spawn(watch_circuits(app.engine.clone(), messages.clone()));
        let (runs, agreed) = (HashMap::new(), Arc::default());
        let exec = Self { app, messages, events, runs, agreed, keeps, keeper, watcher };
        (exec, Inbox { messages: messages_in, events: events_in })
    }

    /// A message to the loop from within it, after what is on its way already.
    pub fn tell(&self, message: Msg) {
        // Nobody listens any more when the loop has ended.
        let _ = self.messages.send(message);
    }

    /// Looks for model servers on this machine; what is found is told.
    pub fn discover(&self) {
        let (app, messages) = (self.app.clone(), self.messages.clone());
        tokio::spawn(async move {
            if app.discover().await {
                let _ = messages.send(Msg::ModelsChanged(app.models()));
            }
        });
    }

    pub fn start_run(&mut self, run: RunToken, orders: Vec<CallOrder>) {
        self.runs.retain(|_, steer| !steer.is_closed());
        let (steer, steered) = mpsc::unbounded_channel();
        self.runs.insert(run, steer);
        let (app, events) = (self.app.clone(), self.events.clone());
        let agreed = Arc::clone(&self.agreed);
        tokio::spawn(async move {
            // The loop has ended when it cannot be told; the calls end with their handle.
            let _ = carry_out(&app, &agreed, run, orders, steered, &events).await;
        });
    }

    pub fn cancel(&self, run: RunToken, variant: VariantName) {
        self.steer(run, Steer::Cancel(variant));
    }

    pub fn skip_wait(&self, run: RunToken, variant: VariantName) {
        self.steer(run, Steer::SkipWait(variant));
    }

    pub fn send_anyway(&self, run: RunToken) {
        self.steer(run, Steer::SendAnyway);
    }

    fn steer(&self, run: RunToken, order: Steer) {
        if let Some(steer) = self.runs.get(&run) {
            // A run that has ended needs no steering.
            let _ = steer.send(order);
        }
    }

    pub fn ask(&self, id: RequestId, question: Question) {
        let (app, messages) = (self.app.clone(), self.messages.clone());
        tokio::spawn(async move {
            let answer = answer(&app, id, question, &messages).await;
            let _ = messages.send(Msg::Answered { id, answer });
        });
    }

    pub fn keep(&self, keep: Keep) {
        // The keeper lives as long as this does.
        let _ = self.keeps.send(keep);
    }

    pub fn schedule(&self, id: TimerId, after: Duration) {
        let messages = self.messages.clone();
        tokio::spawn(async move {
            tokio::time::sleep(after).await;
            let _ = messages.send(Msg::Timer(id));
        });
    }

    /// Ends in order: running calls are cancelled with what they have, writes are drained.
    pub async fn end(self) -> Result<(), AppError> {
        let Self { app, runs, keeps, keeper, watcher, .. } = self;
        watcher.abort();
        drop(keeps);
        // It ends when everything is kept, and cannot fail otherwise than by a bug of its own.
        let _ = keeper.await;
        // The runs' tasks end when nobody can steer them.
        drop(runs);
        app.close().await
    }
}

/// Tells of every change of which providers are left alone, for as long as somebody listens.
async fn watch_circuits(engine: Engine, messages: mpsc::UnboundedSender<Msg>) {
    let mut changes = engine.endpoint_changes();
    while changes.changed().await.is_ok() {
        let now = Instant::now();
        let open = engine.endpoints().into_iter().filter_map(|status| match status.circuit {
            Circuit::Closed => None,
            Circuit::Open { until } => {
                Some((status.provider, Some(until.saturating_duration_since(now))))
            }
            Circuit::Probing => Some((status.provider, None)),
        });
        if messages.send(Msg::Circuits(open.collect())).is_err() {
            return;
        }
    }
}

/// Keeps what is asked, one after the other: a draft and its removal must not overtake each other.
async fn keep_all(
    app: App,
    mut asked: mpsc::UnboundedReceiver<Keep>,
    messages: mpsc::UnboundedSender<Msg>,
) {
    while let Some(keep) = asked.recv().await {
        let kept: Result<(), AppError> = match keep {
            Keep::Inputs { template, inputs } => app.keep_inputs(&template, &inputs).await,
            Keep::InputSets { template, sets } => app.keep_input_sets(&template, &sets).await,
            Keep::Draft { template, text: Some(text) } => app.keep_draft(&template, &text).await,
            Keep::Draft { template, text: None } => {
                app.store.clear_draft(&template).await.map_err(Into::into)
            }
            Keep::Rating { execution, rating } => {
                app.store.rate(execution, rating).await.map_err(Into::into)
            }
            Keep::Tag { execution, key, value } => {
                app.keep_tag(execution, &key, value.as_deref()).await.map_err(Into::into)
            }
            Keep::Setting { name, value } => {
                app.keep_setting(name, &value).await.map_err(Into::into)
            }
        };
        if let Err(error) = kept {
            // Other errors say themselves what to do.
            let of_database = matches!(error, AppError::Store(_));
            let _ = messages.send(Msg::Notice(Notice {
                severity: Severity::Error,
                text: format!("It was not kept: {error}"),
                hint: of_database.then(|| KEEP_HINT.to_owned()),
            }));
        }
    }
}

/// Prepares the calls of a run, starts those that can be sent, and passes on what happens.
async fn carry_out(
    app: &App,
    agreed: &Agreed,
    run: RunToken,
    orders: Vec<CallOrder>,
    mut steered: mpsc::UnboundedReceiver<Steer>,
    events: &mpsc::Sender<Msg>,
) -> Result<(), mpsc::error::SendError<Msg>> {
    let mut calls: Vec<CallSpec> = Vec::with_capacity(orders.len());
    for order in orders {
        let variant = order.variant;
        match app.prepare(prepared(order)).await {
            Ok(call) => {
                for text in agreed.untold(&call.remarks) {
                    let notice = Notice { severity: Severity::Warning, text, hint: None };
                    events.send(Msg::Notice(notice)).await?;
                }
                calls.push(call);
            }
            Err(error) => {
                let event = CallEvent::Refused(refusal(error));
                events.send(Msg::Run { run, variant, event }).await?;
            }
        }
    }
    agree(app, agreed, run, &mut calls, &mut steered, events).await?;
    if calls.is_empty() {
        return Ok(());
    }
    let ids: Vec<(VariantName, ExecutionId)> =
        calls.iter().map(|call| (call.variant, call.execution_id)).collect();
    let spec = RunSpec { run_id: app::new_run_id(), calls, mode: Mode::Interactive };
    let mut handle = app.engine.start(spec);
    loop {
        tokio::select! {
            biased;
            order = steered.recv() => match order {
                Some(order) => obey(&handle, &ids, order),
                None => return Ok(()),
            },
            event = handle.next() => {
                let Some(event) = event else { return Ok(()) };
                let variant = event.variant;
                let event = call_event(event.kind);
                events.send(Msg::Run { run, variant, event }).await?;
            }
        }
    }
}

fn obey(handle: &RunHandle, ids: &[(VariantName, ExecutionId)], order: Steer) {
    let id_of = |variant| ids.iter().find(|(name, _)| *name == variant).map(|(_, id)| *id);
    match order {
        Steer::Cancel(variant) => id_of(variant).into_iter().for_each(|id| handle.cancel(id)),
        Steer::SkipWait(variant) => id_of(variant).into_iter().for_each(|id| handle.skip_wait(id)),
        // It is on its way.
        Steer::SendAnyway => {}
    }
}

fn prepared(order: CallOrder) -> app::CallOrder {
    let source = match order.source {
        CallSource::Text { text, .. } => PromptSource::Text { template: order.template, text },
        CallSource::Version(version) => PromptSource::Version {
            template: order.template,
            version: workspace::VersionSelector::Version(version),
        },
        CallSource::Opened => PromptSource::Opened(order.template),
        CallSource::Messages { messages, stamp } => PromptSource::Messages { messages, stamp },
    };
    app::CallOrder {
        model: order.model,
        parameters: order.parameters,
        inputs: order.inputs,
        cache: order.cache,
        allow: order.allow,
        without: order.without,
        ..app::CallOrder::new(order.variant, source)
    }
}

/// The error of a call that could not be prepared. It says what to do next; actions in braces
/// stand for their keys.
fn refusal(error: AppError) -> CallError {
    match error {
        AppError::Call(error) | AppError::UnknownProvider(error) => error,
        AppError::NoModel => {
            CallError::new(ErrorKind::InvalidRequest, "no model is named for this variant").hint(
                "{pick-model} picks one; `model:` in the template or `default_model` in \
                 config.toml names one for good",
            )
        }
        other => {
            let Fault { message, hint } = fault(other)
                .or_hint("look at the prompt ({preview}) and the parameters ({edit-parameters})");
            CallError { hint, ..CallError::new(ErrorKind::InvalidRequest, message) }
        }
    }
}

fn call_event(kind: RunEventKind) -> CallEvent {
    match kind {
        RunEventKind::Queued => CallEvent::Queued,
        RunEventKind::Held { provider, for_ms, by } => CallEvent::Held {
            provider,
            held_for: Duration::from_millis(for_ms),
            can_skip: by == HeldBy::Server,
        },
        RunEventKind::Attempt { number, of } => CallEvent::Attempt { number, of },
        RunEventKind::Waiting { retry_in_ms, number, of, error } => {
            CallEvent::Waiting { retry_in: Duration::from_millis(retry_in_ms), number, of, error }
        }
        RunEventKind::FellBack { to, error } => CallEvent::FellBack { to, error },
        RunEventKind::Recovering { strategy, number, of, reasons } => {
            CallEvent::Recovering { strategy, number, of, reasons }
        }
        RunEventKind::Sent => CallEvent::Sent,
        RunEventKind::Headers => CallEvent::Headers,
        RunEventKind::Heartbeat => CallEvent::Heartbeat,
        RunEventKind::Delta { text, reasoning, refusal, at_ms } => {
            CallEvent::Delta { text, reasoning, refusal, at: Duration::from_millis(at_ms) }
        }
        RunEventKind::Unpriced => CallEvent::Unpriced,
        RunEventKind::Usage(usage) => CallEvent::Usage(usage),
        RunEventKind::NotSaved { reason } => CallEvent::NotSaved { reason },
        RunEventKind::Saved => CallEvent::Saved,
        RunEventKind::Finished(execution) => CallEvent::Finished(execution),
    }
}

async fn answer(
    app: &App,
    id: RequestId,
    question: Question,
    messages: &mpsc::UnboundedSender<Msg>,
) -> Answer {
    match question {
        Question::Library => Answer::Library(library(app, messages).await),
        Question::Open(id) => {
            Answer::Opened(app.open_or_scratch(&id).await.map(Box::new).map_err(fault))
        }
        Question::Analyse { template, text, inputs, model } => {
            Answer::Analysed(Box::new(app.analyse(&template, text, inputs, model).await))
        }
        Question::Save { template, text, bump, note, base } => {
            let saved = app.save_version(&template, &text, bump, &note, base.as_ref()).await;
            Answer::Saved(saved.map(Box::new).map_err(save_fault))
        }
        Question::Versions(id) => {
            Answer::Versions(app.store.versions(&id).await.map_err(|error| Fault::told(&error)))
        }
        Question::RollBack { template, to, base } => {
            let saved = app.roll_back(&template, &to, base.as_ref()).await;
            Answer::RolledBack(saved.map(Box::new).map_err(save_fault))
        }
        Question::Label { template, version, label } => {
            let named = app.label_version(&template, &version, label.as_deref()).await;
            Answer::Labelled(named.map_err(|error| Fault::told(&error)))
        }
        Question::Models => Answer::Models(app.models()),
        Question::LookForModels => {
            app.look_for_models().await;
            Answer::Models(app.models())
        }
        Question::Plan { model } => Answer::Planned(plan(app, &model).await),
        Question::Themes => themes(app).await,
        Question::Places(text) => {
            Answer::Places(app.search_texts(&text).await.map_err(|error| Fault::told(&error)))
        }
        Question::InputSets(template) => {
            let sets = app.input_sets(&template).await;
            Answer::InputSets(sets.map_err(|error| Fault::told(&error)))
        }
        Question::ReadFile(path) => {
            let read = app.read_input_file(&path).await.map_err(Fault::new);
            Answer::FileRead(
                read.map_err(|fault| fault.or_hint("name another file, or type the value")),
            )
        }
        Question::Create { template, text } => {
            let created = app.create_template(&template, &text).await.map_err(fault);
            let hint = "{save-version} asks for another name";
            Answer::Created(created.map_err(|fault| fault.or_hint(hint)))
        }
        Question::Trust => {
            let trusted = app.trust_workspace().await.map_err(Fault::new);
            let hint = "look at the workspace's lathe.toml, then {trust-workspace} asks again";
            Answer::Trusted(trusted.map_err(|fault| fault.or_hint(hint)))
        }
        Question::Pair(one, other) => Answer::Pair(pair(app, one, other).await),
        Question::Export { filter, path } => {
            let tell = |done| {
                // Nobody is left to tell when the loop has ended.
                let _ = messages.send(Msg::Progress { id, done });
            };
            Answer::Exported(export(app, &filter, &path, tell).await)
        }
        Question::SaveText { text, path } => {
            let hint = "name another file, or {copy} copies the answer";
            let saved = app.write_text(&path, &text).await;
            Answer::TextSaved(saved.map_err(|error| Fault::told(&error).or_hint(hint)))
        }
        Question::KeepAgain(execution) => {
            let kept = app.keep_again(&execution).await;
            let hint = "{save-answer-as} writes the answer to a file";
            Answer::KeptAgain(kept.map_err(|error| Fault::told(&error).or_hint(hint)))
        }
        Question::History { filter, before, limit } => {
            let before = before.and_then(|cursor| cursor.0.downcast_ref::<Cursor>().copied());
            let query = HistoryQuery { before, limit, ..filter.query() };
            let page = app.store.history(query).await;
            Answer::History(page.map_err(|error| Fault::told(&error)).map(|page| HistoryPage {
                rows: page.rows.into_iter().map(history_line).collect(),
                next: page.next.map(|cursor| HistoryCursor(Arc::new(cursor))),
            }))
        }
        Question::Moment => {
            Answer::Moment(app.store.moment().await.map_err(|error| Fault::told(&error)))
        }
        Question::Execution(id) => {
            let read = app.store.get(id).await;
            Answer::Execution(
                read.map(|found| found.map(Box::new)).map_err(|error| Fault::told(&error)),
            )
        }
        Question::Delete(ids) => {
            let deleted = app.store.delete(ids).await;
            Answer::Deleted(
                deleted.map_err(|error| Fault::told(&error)).map(|deleted| DeletedExecutions {
                    count: deleted.len(),
                    undo: Arc::new(deleted),
                }),
            )
        }
        Question::Restore(deleted) => Answer::Restored(restore(app, &deleted).await),
        Question::Spend => Answer::Spend(spend_today(app).await),
        Question::Estimate(orders) => Answer::Estimated(estimate(app, orders).await),
        Question::Charts(query) => {
            let charts = app.charts(query, Zoned::now()).await;
            Answer::Charts(charts.map(Box::new).map_err(|error| Fault::told(&error)))
        }
        // These two need the terminal; the loop answers them itself.
        Question::Edit { .. } => Answer::Edited(Ok(None)),
        Question::Copy(_) => Answer::Copied(Err(Fault::new("nothing was copied"))),
    }
}

async fn library(
    app: &App,
    messages: &mpsc::UnboundedSender<Msg>,
) -> Result<Vec<LibraryEntry>, Fault> {
    let (rows, left_out) = app.templates().await;
    for text in left_out {
        let notice = Notice { severity: Severity::Warning, text, hint: None };
        let _ = messages.send(Msg::Notice(notice));
    }
    let drafts = app.store.drafts().await.map_err(|error| Fault::told(&error))?;
    Ok(rows
        .into_iter()
        .map(|row| LibraryEntry {
            draft: drafts.contains(&row.id),
            id: row.id,
            category: row.category,
            name: row.name,
            version: row.version,
            broken: row.broken,
        })
        .collect())
}

/// Reads every theme; files are read where waiting harms nobody.
async fn themes(app: &App) -> Answer {
    let (environment, folder) = (app.environment.clone(), app.paths.themes_dir.clone());
    let read = tokio::task::spawn_blocking(move || {
        let mut broken = Vec::new();
        let themes = Theme::names(&folder)
            .into_iter()
            .filter_map(|name| match Theme::load(&name, &environment, &folder) {
                Ok(theme) => Some(theme.named(&name)),
                Err(error) => {
                    broken.push(error.to_string());
                    None
                }
            })
            .collect();
        Answer::Themes(themes, broken)
    });
    read.await.unwrap_or_else(|error| Answer::Themes(Vec::new(), vec![error.to_string()]))
}

async fn pair(
    app: &App,
    one: ExecutionId,
    other: ExecutionId,
) -> Result<Box<(Execution, Execution)>, Fault> {
    let gone = || {
        Fault::new("one of the two executions is no longer stored")
            .hint("{reload} lists what is there")
    };
    let one = app.store.get(one).await.map_err(|error| Fault::told(&error))?.ok_or_else(gone)?;
    let other =
        app.store.get(other).await.map_err(|error| Fault::told(&error))?.ok_or_else(gone)?;
    Ok(Box::new((one, other)))
}

/// Writes what a filter lists; where a path begins with `~/`, the home folder is meant.
async fn export(
    app: &App,
    filter: &Filter,
    path: &str,
    tell: impl Fn(usize),
) -> Result<(usize, String), Fault> {
    let path = app.named_path(path);
    let format = ExportFormat::of_path(&path).unwrap_or_default();
    let shown = path.display().to_string();
    let count = app.export(filter.query(), format, path, tell).await;
    count
        .map(|count| (count, shown))
        .map_err(|error| Fault::told(&error).or_hint("{export} asks for another file"))
}

async fn restore(app: &App, deleted: &DeletedExecutions) -> Result<usize, Fault> {
    match deleted.undo.downcast_ref::<Deleted>() {
        Some(deleted) => app.store.restore(deleted).await.map_err(|error| Fault::told(&error)),
        None => Ok(0),
    }
}

/// What calls would cost. One that cannot be prepared costs nothing; it says why when it runs.
async fn estimate(app: &App, orders: Vec<CallOrder>) -> Vec<CallEstimate> {
    let mut calls = Vec::with_capacity(orders.len());
    for order in orders {
        calls.extend(app.prepare(prepared(order)).await.ok());
    }
    let estimates = app.engine.estimates(&calls).await;
    let told = calls.into_iter().zip(estimates);
    told.map(|(CallSpec { variant, model, .. }, estimate)| CallEstimate {
        variant,
        model,
        estimate,
    })
    .collect()
}

async fn spend_today(app: &App) -> Option<f64> {
    let midnight = Zoned::now().start_of_day().ok()?;
    app.store.spend_since(midnight.timestamp()).await.ok()
}

/// What a model would refuse if everything were asked of it.
async fn plan(app: &App, model: &ModelRef) -> Result<ParameterPlan, Fault> {
    let provider = app
        .endpoints
        .provider(&model.provider)
        .await
        .map_err(|error| Fault { message: error.message, hint: error.hint })?;
    let request = ChatRequest {
        model: model.model.clone(),
        messages: Vec::new(),
        parameters: GenerationParameters {
            temperature: Some(0.5),
            top_p: Some(0.9),
            top_k: Some(40),
            frequency_penalty: Some(0.1),
            presence_penalty: Some(0.1),
            repetition_penalty: Some(1.1),
            max_tokens: Some(256),
            stop: vec!["###".to_owned()],
            seed: Some(1),
            response_format: Some(ResponseFormat::Json),
            reasoning_effort: Some(ReasoningEffort::Medium),
            tools: vec![Tool {
                name: "tool".to_owned(),
                description: None,
                parameters: serde_json::json!({ "type": "object", "properties": {} }),
            }],
            tool_choice: Some(ToolChoice::Required),
            cache_prompt: Some(CachePrompt::Short),
        },
        stream: true,
    };
    let refused = provider
        .plan(&request)
        .dropped
        .into_iter()
        .filter_map(|dropped| Some((Parameter::from_word(&dropped.name)?, dropped.reason)));
    let mut refused: Vec<_> = refused.collect();
    let learned = app.store.dropped_parameters(model).await.map_err(|error| Fault::told(&error))?;
    for refusal in learned {
        if !refused.iter().any(|(parameter, _)| *parameter == refusal.parameter) {
            refused.push((refusal.parameter, refusal.reason(model)));
        }
    }
    Ok(ParameterPlan { refused })
}

fn history_line(row: HistoryRow) -> HistoryLine {
    HistoryLine {
        id: row.id,
        at: row.started_at,
        template: row.template,
        version: row.version,
        variant: row.variant,
        model: ModelRef::new(row.provider, row.model),
        status: row.status,
        error_kind: row.error_kind,
        excerpt: row.excerpt,
        total_ms: row.total_ms,
        ttft_ms: row.ttft_ms,
        usage: row.usage,
        cost_usd: row.cost_usd,
        rating: row.rating,
        cache: row.cache,
    }
}

#[expect(clippy::needless_pass_by_value, reason = "the end of an error's way")]
fn fault(error: AppError) -> Fault {
    Fault::told(&error)
}

fn save_fault(error: AppError) -> SaveFault {
    match error {
        AppError::Save(workspace::SaveError::ChangedOutside { theirs: Some(theirs), .. }) => {
            SaveFault::ChangedOutside {
                base: crate::model::ContentHash::of(theirs.source.as_bytes()),
                text: theirs.source,
            }
        }
        other => SaveFault::Failed(
            fault(other).or_hint("the text is kept as a draft; {save-version} tries again"),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_that_cannot_be_prepared_says_what_to_do_next() {
        let hint = |error| refusal(error).hint;
        assert!(hint(AppError::NoModel).is_some_and(|hint| hint.starts_with("{pick-model}")));
        assert!(hint(AppError::Usage("no".to_owned())).is_some_and(|it| it.contains("{preview}")));
        let told = refusal(AppError::Usage("no such version; saved are 1.0.0".to_owned()));
        assert_eq!(told.message, "no such version");
        assert_eq!(told.hint.as_deref(), Some("saved are 1.0.0"));
    }
}
