//! Starting calls, cancelling them, and what becomes of them.

use std::time::Duration;

use crate::{
    model::{CallError, ErrorKind, Status, VariantName, VariantSource},
    safety::display_line_with,
    tui::{
        effect::{CallOrder, CallSource, Effect, Question},
        keymap::{Action, Context},
        msg::{CallEvent, RequestId, RunToken, Severity},
        state::{
            Confirm, Document, Ending, Focus, FormRow, Mode, OpenCircuit, Origin, Output, Overlay,
            Pane, Phase, Purpose, Screen, SecretQuestion, TICK, TURN, Wake,
        },
    },
};

use super::step::Step;

/// What to do about a call that failed and says nothing of it.
const ANY_HINT: &str = "{run} runs it again; `lathe doctor` says what is wrong";

impl Step<'_> {
    /// Runs the variant in focus, or the one that was.
    pub fn run_focused(&mut self) {
        if self.waits_for_a_template(Action::Run) {
            return;
        }
        self.state.spending.anew = false;
        self.guard_again();
        let variant = self.state.variant();
        self.run(&[variant]);
    }

    /// Runs the variant in focus past the cache.
    pub fn run_anew(&mut self) {
        if self.waits_for_a_template(Action::RunAnew) {
            return;
        }
        self.state.spending.anew = true;
        self.guard_again();
        let variant = self.state.variant();
        self.run(&[variant]);
    }

    /// Runs the focused variant again and lets the guards pass that stopped it.
    pub fn run_anyway(&mut self) {
        let variant = self.state.variant();
        let stopped = self.state.pane(variant).and_then(Pane::latest).map(Output::stopped_by);
        let stopped = stopped.unwrap_or_default();
        if stopped.is_empty() {
            return self.tell(format!("No guard stopped {}", self.name(variant)));
        }
        if let Some(pane) = self.state.pane_mut(variant) {
            pane.allow = stopped;
        }
        self.run(&[variant]);
    }

    /// Forgets what was let pass for a run that was called off.
    pub fn guard_again(&mut self) {
        for pane in &mut self.state.panes {
            pane.allow.clear();
        }
    }

    /// Runs every variant side by side.
    pub fn run_all(&mut self) {
        if self.waits_for_a_template(Action::RunAll) {
            return;
        }
        self.state.spending.anew = false;
        self.guard_again();
        let variants: Vec<VariantName> = self.state.panes.iter().map(|pane| pane.variant).collect();
        self.mix();
        self.run(&variants);
    }

    /// Whether the template to run is still being opened, which takes a moment at the start. The
    /// run then begins as soon as it is there.
    fn waits_for_a_template(&mut self, action: Action) -> bool {
        let comes = self.state.library.loading
            || self.state.pending.is_asked(|it| matches!(it, Purpose::Open { .. }));
        let waits = self.state.document.is_none() && comes;
        if waits {
            self.state.run_when_open = Some(action);
        }
        waits
    }

    /// Begins the run that was asked for before its template was open.
    pub fn run_what_waited(&mut self) {
        match self.state.run_when_open.take() {
            Some(Action::RunAll) => self.run_all(),
            Some(Action::RunAnew) => self.run_anew(),
            Some(_) => self.run_focused(),
            None => {}
        }
    }

    /// Runs these variants, once what they cost was agreed to where that is to be asked.
    pub fn run(&mut self, variants: &[VariantName]) {
        for variant in variants {
            if let Some(pane) = self.state.pane_mut(*variant) {
                pane.without = None;
            }
        }
        self.run_as_they_are(variants);
    }

    fn run_as_they_are(&mut self, variants: &[VariantName]) {
        let Some(document) = &self.state.document else {
            return self.warn("No template is open; pick one in the library");
        };
        let reads = |variant: &VariantName| {
            let source = self.state.pane(*variant).map(|pane| &pane.source);
            !matches!(source, Some(VariantSource::Recorded(_)))
        };
        if document.analysed.is_none() && variants.iter().any(reads) {
            // Which inputs it takes is not known yet; it is a matter of moments.
            self.state.run_when_read = Some((document.id.clone(), variants.to_vec()));
            return;
        }
        if self.stopped_by_a_field(variants) {
            return;
        }
        if self.state.read_only && !self.state.unsaved {
            self.state.run_unsaved = variants.to_vec();
            return self.put_in_front(Overlay::Confirm(Confirm::RunUnsaved));
        }
        if self.state.spending.confirm_above.is_some() {
            self.ask_what_it_costs(variants);
        } else {
            self.start(variants);
        }
    }

    /// Starts one run of these variants. Their panes are cleared to the waiting line at once; a
    /// call that still runs in one of them is cancelled.
    pub fn start(&mut self, variants: &[VariantName]) {
        let Some(orders) = self.orders(variants) else { return };
        self.state.spending.anew = false;
        // What went wrong before is past; the log has it.
        self.state.notices.clear_current();
        for order in &orders {
            self.cancel_in(order.variant);
        }
        let run = self.state.pending.run();
        let saved = self.state.document.as_ref().and_then(|it| it.saved_as().cloned());
        let (now, marks) = (self.now.monotonic, self.state.marks);
        for order in &orders {
            let Some(pane) = self.state.pane(order.variant) else { continue };
            let origin = Origin {
                source: pane.source.clone(),
                saved: saved.clone().filter(|_| pane.source == VariantSource::Draft),
                model: self.state.model_of(pane).cloned(),
                parameters: self.state.parameters_of(pane),
                input_tokens: self.state.counted_input(pane),
            };
            if let Some(pane) = self.state.pane_mut(order.variant) {
                // Once is once.
                pane.allow.clear();
                pane.begin(run, origin, now, marks);
            }
        }
        self.effects.push(Effect::StartRun { run, calls: orders });
        self.keep_inputs();
        if self.state.screen != Screen::Workbench && self.state.gone_elsewhere {
            self.tell("It runs in the workbench");
        } else {
            self.state.screen = Screen::Workbench;
            if !matches!(self.state.focus, Focus::Output(_)) {
                // What starts has to be seen.
                self.state.zoom = false;
            }
        }
        self.wake_for_counters();
    }

    /// Wakes up when something in sight has moved on: a turn of the sign, or a second.
    fn wake_for_counters(&mut self) {
        let after = if self.state.turns() { TURN } else { TICK };
        self.wake(Wake::Tick, after);
    }

    /// So many executions are written.
    pub fn take_progress(&mut self, id: RequestId, done: usize) {
        if matches!(self.state.pending.asked_for(id), Some(Purpose::Export)) {
            self.state.exported = Some(done);
        }
    }

    /// Whether a draft or another template cannot run for want of an input; the focus then goes to
    /// its field.
    fn stopped_by_a_field(&mut self, variants: &[VariantName]) -> bool {
        let Some(document) = &self.state.document else { return false };
        let missing = variants.iter().find_map(|variant| {
            let pane = self.state.pane(*variant)?;
            match &pane.source {
                VariantSource::Draft => Some((document.inputs.first_missing(None)?, None)),
                VariantSource::Template(id) => {
                    Some((document.inputs.first_missing(Some(id))?, Some(id.name().to_owned())))
                }
                VariantSource::Version(_) | VariantSource::Recorded(_) => None,
            }
        });
        let Some((index, by)) = missing else { return false };
        let Some(field) = document.inputs.fields().get(index) else { return false };
        let name = display_line_with(&field.spec.name, self.state.marks).into_owned();
        let by = by.map_or_else(String::new, |by| format!(" by {by}"));
        let text = match field.value() {
            Err(reason) => format!("{name} is {reason}: change it, then run again"),
            Ok(_) => format!("{name} is required{by} and has no value: type one, then run again"),
        };
        if let Some(document) = &mut self.state.document {
            document.inputs.select(FormRow::Field(index));
        }
        if !self.state.gone_elsewhere {
            self.state.screen = Screen::Workbench;
            self.state.zoom = false;
            self.state.set_focus(Focus::Inputs);
        }
        self.state.notices.add(Severity::Warning, &text, None, self.now);
        true
    }

    /// The calls that these variants make.
    pub fn orders(&self, variants: &[VariantName]) -> Option<Vec<CallOrder>> {
        let document = self.state.document.as_ref()?;
        let panes = variants.iter().filter_map(|variant| self.state.pane(*variant));
        Some(panes.map(|pane| self.order(document, pane)).collect())
    }

    fn order(&self, document: &Document, pane: &Pane) -> CallOrder {
        let mut template = document.id.clone();
        let mut inputs = document.inputs.values();
        let source = match (&pane.source, &pane.recorded) {
            (VariantSource::Recorded(_), Some(recorded)) => {
                inputs.clone_from(&recorded.inputs);
                template = recorded.stamp.template.clone().unwrap_or(template);
                let (messages, stamp) = (recorded.messages.clone(), recorded.stamp.clone());
                CallSource::Messages { messages, stamp }
            }
            (VariantSource::Template(id), _) => {
                template = id.clone();
                let beside = self.state.beside.get(id);
                if let Some(analysis) = beside.and_then(|beside| beside.analysis.as_ref()) {
                    inputs = document.inputs.values_named(&analysis.fields);
                }
                match self.state.shelf.get(id) {
                    Some(shelved) => CallSource::Text {
                        text: shelved.document.editor.text(),
                        saved: shelved.document.saved_as().cloned(),
                    },
                    None => CallSource::Opened,
                }
            }
            (VariantSource::Version(version), _) => CallSource::Version(version.clone()),
            _ => CallSource::Text {
                text: document.editor.text(),
                saved: document.saved_as().cloned(),
            },
        };
        CallOrder {
            variant: pane.variant,
            template,
            source,
            model: pane.model.clone(),
            parameters: pane.parameters.clone(),
            inputs,
            without: pane.without.into_iter().collect(),
            cache: self.state.spending.cache_use(),
            allow: pane.allow.clone(),
        }
    }

    /// Runs a variant again without the parameter its model refused. What is known of the model
    /// changes with it.
    pub fn drop_parameter_and_run(&mut self) {
        let variant = self.state.variant();
        if self.would_unveil() {
            return;
        }
        let output = self.state.pane(variant).and_then(Pane::latest);
        let Some(parameter) = output.and_then(Output::refused_parameter) else {
            let name = self.name(variant);
            return self.tell(format!("{name} was not refused for one of its parameters"));
        };
        let model = self.state.pane(variant).and_then(|pane| self.state.model_of(pane)).cloned();
        if let Some(model) = model {
            self.state.plans.remove(&model);
        }
        self.guard_again();
        if let Some(pane) = self.state.pane_mut(variant) {
            pane.without = Some(parameter);
        }
        self.run_as_they_are(&[variant]);
    }

    pub fn cancel_focused(&mut self) {
        let variant = self.state.variant();
        if !self.cancel_in(variant) {
            self.tell(format!("{} is not running", self.name(variant)));
        }
    }

    pub fn cancel_all(&mut self) {
        let running: Vec<(RunToken, VariantName)> =
            self.state.all_panes().flat_map(running_calls).collect();
        if running.is_empty() {
            let key = self
                .state
                .keymap
                .keys_of(Action::Quit)
                .first()
                .map_or_else(String::new, |key| format!("; {key} quits"));
            return self.tell(format!("Nothing is running{key}"));
        }
        self.state.ending = match running.len() {
            1 => None,
            left => Some(Ending { left, cancelled: 0 }),
        };
        for (run, variant) in running {
            self.effects.push(Effect::Cancel { run, variant });
        }
    }

    /// A call has ended. True where it was cancelled with others: they are told of as one.
    fn ended_with_others(&mut self, status: Status) -> bool {
        let Some(ending) = &mut self.state.ending else { return false };
        ending.left = ending.left.saturating_sub(1);
        ending.cancelled += usize::from(status == Status::Cancelled);
        let Ending { left, cancelled } = *ending;
        if left == 0 {
            self.state.ending = None;
            match (cancelled, status) {
                (0, _) => {}
                (1, Status::Cancelled) => return false,
                (1, _) => self.tell("One call cancelled; its text is kept"),
                _ => self.tell(format!("{cancelled} calls cancelled; their texts are kept")),
            }
        }
        status == Status::Cancelled
    }

    /// Cancels what runs in a pane; true when something did.
    pub fn cancel_in(&mut self, variant: VariantName) -> bool {
        let running: Vec<(RunToken, VariantName)> =
            self.state.pane(variant).into_iter().flat_map(running_calls).collect();
        for &(run, variant) in &running {
            self.effects.push(Effect::Cancel { run, variant });
        }
        !running.is_empty()
    }

    /// A run waits: its prompt holds secrets. One that was cancelled meanwhile is past asking.
    pub fn ask_about_secrets(&mut self, run: RunToken, found: String) {
        let waits = self.state.all_panes().flat_map(running_calls).any(|(of, _)| of == run);
        if waits {
            self.put_in_front(Overlay::Secrets(SecretQuestion { run, found }));
        }
    }

    /// Nothing of a run is sent.
    pub fn hold_back(&mut self, question: &SecretQuestion) {
        let held: Vec<(RunToken, VariantName)> = self
            .state
            .all_panes()
            .flat_map(running_calls)
            .filter(|(run, _)| *run == question.run)
            .collect();
        for (run, variant) in held {
            self.effects.push(Effect::Cancel { run, variant });
        }
    }

    pub fn skip_wait(&mut self) {
        let variant = self.state.variant();
        let output = self.state.pane(variant).and_then(Pane::latest);
        let run = output.and_then(|output| output.run);
        match (output.map(|output| &output.phase), run) {
            (Some(Phase::Retrying { .. } | Phase::Held { can_skip: true, .. }), Some(run)) => {
                self.effects.push(Effect::SkipWait { run, variant });
            }
            (Some(Phase::Held { .. }), _) => {
                let name = self.name(variant);
                self.tell(format!(
                    "{name} is held by a limit of your settings, which is not skipped"
                ));
            }
            _ => {
                let name = self.name(variant);
                self.tell(format!("{name} is not waiting for another attempt"));
            }
        }
    }

    /// A second has passed: counters move on while something runs or a provider's rest is
    /// counted down, and not after.
    pub fn tick(&mut self) {
        if self.counts() {
            self.wake_for_counters();
        }
    }

    /// Whether anything in sight changes by the passing of time alone.
    fn counts(&self) -> bool {
        let now = self.now.monotonic;
        self.state.running() > 0
            || self.state.exported.is_some()
            || self.state.circuits.iter().any(|circuit| circuit.counts_down(now))
    }

    /// Which providers are left alone has changed.
    pub fn take_circuits(&mut self, circuits: &[(String, Option<Duration>)]) {
        let (now, marks) = (self.now.monotonic, self.state.marks);
        self.state.circuits = circuits
            .iter()
            .map(|(provider, again_in)| OpenCircuit::new(provider, *again_in, now, marks))
            .collect();
        if !self.state.pending.is_waking(Wake::Tick) {
            self.tick();
        }
    }

    /// Something about a call. One that has no pane any more, or has ended, is past caring.
    pub fn call_event(&mut self, run: RunToken, variant: VariantName, event: CallEvent) {
        let now = self.now.monotonic;
        let hint = match &event {
            CallEvent::Refused(error) => self.advice(error),
            CallEvent::Finished(execution) => {
                execution.error.as_ref().and_then(|error| self.advice(error))
            }
            _ => None,
        };
        let output = self
            .state
            .all_panes_mut()
            .filter(|pane| pane.variant == variant)
            .find_map(|pane| pane.output_of(run));
        let Some(output) = output else { return };
        if let CallEvent::NotSaved { reason } = event {
            output.not_saved = Some(reason.clone());
            let text = format!("{} is not in the history: {reason}", self.name(variant));
            let hint = self.ways_to_keep();
            return self.state.notices.add(Severity::Warning, &text, Some(&hint), self.now);
        }
        if matches!(event, CallEvent::Saved) {
            output.not_saved = None;
            return self.tell(format!("{} is saved after all", self.name(variant)));
        }
        if !output.phase.is_running() {
            return;
        }
        match event {
            CallEvent::Unpriced => {
                let name = self.name(variant);
                self.warn(format!(
                    "{name}: no price is known for its model, so budgets count only what its \
                     provider says it cost"
                ));
            }
            CallEvent::Refused(error) => {
                output.fail(&error, hint.as_deref(), now);
                self.show_error(run, variant);
                self.call_ended(variant, Status::Error, Some((&error, hint.as_deref())));
                self.after_an_end();
            }
            CallEvent::Finished(execution) => {
                let (status, error) = (execution.status, execution.error.clone());
                output.finish(execution, hint.as_deref(), now);
                self.show_error(run, variant);
                let error = error.as_ref().map(|error| (error, hint.as_deref()));
                self.call_ended(variant, status, error);
                self.after_an_end();
            }
            event => advance(output, event, now),
        }
    }

    /// What waited for an answer to be whole.
    fn after_an_end(&mut self) {
        self.follow_diff();
        self.tour_compares();
    }

    fn show_error(&mut self, run: RunToken, variant: VariantName) {
        for pane in self.state.all_panes_mut().filter(|pane| pane.variant == variant) {
            pane.show_error(run);
        }
    }

    /// What to do about an error, with the key that does it.
    fn advice(&self, error: &CallError) -> Option<String> {
        if error.kind == ErrorKind::Cancelled {
            return error.hint.clone();
        }
        let hint = error.hint.as_deref().unwrap_or(ANY_HINT);
        let hint = self.state.keymap.spell(Context::Output, hint);
        let action = match (error.kind, error.parameter) {
            (ErrorKind::Guard, _) => Action::RunAnyway,
            (_, Some(_)) => Action::DropParameter,
            (_, None) => return Some(hint),
        };
        Some(format!("{hint} ({})", self.state.keymap.way_to(Context::Output, action)))
    }

    /// What follows every end: the spend, the history, a word on what went wrong.
    fn call_ended(
        &mut self,
        variant: VariantName,
        status: Status,
        error: Option<(&CallError, Option<&str>)>,
    ) {
        let name = self.name(variant);
        match (status, error) {
            _ if self.ended_with_others(status) => {}
            (Status::Ok, _) => {}
            (Status::Cancelled, _) => self.tell(format!("{name} cancelled; its text is kept")),
            // What an error says, of a server or of a model, would tell which is which.
            (_, Some(_)) if self.state.blind.is_some() => {
                let hint = self.spelled("{blind} shows names, and why it failed");
                let text = format!("{name} failed");
                self.state.notices.add(Severity::Error, &text, Some(&hint), self.now);
            }
            (_, Some((error, hint))) => {
                let text = format!("{name} {}: {}", error.kind, error.message);
                self.state.notices.add(Severity::Error, &text, hint, self.now);
            }
            (status, None) => self.warn(format!("{name} {}", status.as_str())),
        }
        self.ask(Purpose::Spend, Question::Spend);
        self.state.history.stale = true;
        self.state.charts.stale = true;
        if self.state.screen == Screen::History {
            self.refresh_history();
        }
        if !self.counts() {
            self.state.pending.forget(Wake::Tick);
        }
    }

    /// Moves the focus to a variant's pane, if there is one.
    pub fn focus_variant(&mut self, variant: VariantName) {
        if self.state.pane(variant).is_some() {
            self.state.set_focus(Focus::Output(variant));
            self.state.mode = Mode::Act;
        }
    }
}

fn running_calls(pane: &Pane) -> impl Iterator<Item = (RunToken, VariantName)> {
    let variant = pane.variant;
    pane.outputs()
        .iter()
        .filter(|output| output.phase.is_running())
        .filter_map(move |output| Some((output.run?, variant)))
}

/// The events between asking and the end.
fn advance(output: &mut Output, event: CallEvent, now: Duration) {
    match event {
        CallEvent::Queued => output.enter(Phase::Queued, now),
        CallEvent::Held { provider, held_for, can_skip } => {
            output.hold(&provider, held_for, can_skip, now);
        }
        CallEvent::Attempt { number, of } => output.enter(Phase::Connecting { number, of }, now),
        CallEvent::Waiting { retry_in, number, of, error } => {
            output.restart(now + retry_in, number, of, &error, now);
        }
        CallEvent::FellBack { to, error } => output.fall_back(to, &error, now),
        CallEvent::Recovering { strategy, number, of, reasons } => {
            output.recover(strategy, number, of, &reasons, now);
        }
        CallEvent::Sent => output.enter(Phase::Waiting, now),
        CallEvent::Headers => output.enter(Phase::Accepted, now),
        CallEvent::Heartbeat => output.beat(now),
        CallEvent::Delta { text, reasoning, refusal, at } => {
            output.push(&text, &reasoning, &refusal, at, now);
        }
        CallEvent::Usage(usage) => output.usage = usage,
        // Handled by the caller: they end the call or say something of its record.
        CallEvent::Refused(_)
        | CallEvent::Unpriced
        | CallEvent::NotSaved { .. }
        | CallEvent::Saved
        | CallEvent::Finished(_) => {}
    }
}
