//! An output pane: what it runs, the answer it shows, and the answers before.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use jiff::Timestamp;
use serde_json::Value;

use super::{
    Phase,
    output::{Origin, Output},
};
use crate::{
    model::{
        Execution, ExecutionId, GenerationParameters, GuardName, Message, ModelRef, Parameter,
        TemplateId, TemplateStamp, VariantName, VariantSource,
    },
    safety::MarkStyle,
    tui::msg::RunToken,
};

/// Answers kept in a pane beside the present one; older ones are in the history.
const KEPT: usize = 20;

/// What an execution sent, to send it again.
#[derive(Clone, Debug, PartialEq)]
pub struct Recorded {
    pub execution: ExecutionId,
    pub at: Timestamp,
    pub messages: Vec<Message>,
    pub stamp: TemplateStamp,
    pub inputs: BTreeMap<String, Value>,
}

impl Recorded {
    /// What an execution sent.
    #[must_use]
    pub fn of(execution: &Execution) -> Self {
        Self {
            execution: execution.id,
            at: execution.timing.started_at,
            messages: execution.messages.clone(),
            stamp: TemplateStamp {
                template: execution.template.clone(),
                version: execution.version.clone(),
                content_hash: execution.content_hash.clone(),
            },
            inputs: execution.inputs.clone(),
        }
    }
}

/// One of up to four variants side by side.
#[derive(Clone, Debug)]
pub struct Pane {
    pub variant: VariantName,
    pub source: VariantSource,
    /// What was sent before, where that is what it runs.
    pub recorded: Option<Arc<Recorded>>,
    /// `None`: the template's own model, else the default.
    pub model: Option<ModelRef>,
    /// Laid over the template's own parameters.
    pub parameters: GenerationParameters,
    /// Guards that may stop nothing in the next run, and only in that.
    pub allow: BTreeSet<GuardName>,
    /// The parameter to leave out of the run that is being asked for.
    pub without: Option<Parameter>,
    /// Oldest first; the last is the present one.
    outputs: Vec<Output>,
    /// How far back the shown answer is; 0 is the present one.
    back: usize,
    /// Cells the texts are wrapped at, and rows in sight.
    width: usize,
    height: usize,
}

impl Pane {
    /// A pane that runs the draft with the template's own model and parameters.
    #[must_use]
    pub fn new(variant: VariantName) -> Self {
        Self {
            variant,
            source: VariantSource::Draft,
            recorded: None,
            model: None,
            parameters: GenerationParameters::default(),
            allow: BTreeSet::new(),
            without: None,
            outputs: Vec::new(),
            back: 0,
            width: 40,
            height: 1,
        }
    }

    /// A pane under another name that runs the same.
    #[must_use]
    pub fn fork(&self, variant: VariantName) -> Self {
        Self {
            source: self.source.clone(),
            recorded: self.recorded.clone(),
            model: self.model.clone(),
            parameters: self.parameters.clone(),
            width: self.width,
            height: self.height,
            ..Self::new(variant)
        }
    }

    /// The template it runs, where that is another one than the one in the editor.
    #[must_use]
    pub const fn other_template(&self) -> Option<&TemplateId> {
        match &self.source {
            VariantSource::Template(id) => Some(id),
            _ => None,
        }
    }

    /// What the pane runs on, as it is kept between two starts.
    #[must_use]
    pub fn to_setting(&self) -> Value {
        serde_json::json!({
            "variant": self.variant.as_str(),
            "template": self.other_template().map(TemplateId::as_str),
            "model": self.model.as_ref().map(ToString::to_string),
            "parameters": self.parameters.to_map(),
        })
    }

    /// A pane that runs the draft on what was kept; what no longer reads is left out. `None`
    /// where it does not say which pane it is.
    #[must_use]
    pub fn from_setting(kept: &Value) -> Option<Self> {
        let letter = kept.get("variant")?.as_str()?;
        let variant = VariantName::ALL.into_iter().find(|name| name.as_str() == letter)?;
        let mut pane = Self::new(variant);
        let template = kept.get("template").and_then(Value::as_str);
        if let Some(id) = template.and_then(|id| TemplateId::new(id).ok()) {
            pane.source = VariantSource::Template(id);
        }
        pane.model = kept.get("model").and_then(Value::as_str).and_then(|it| it.parse().ok());
        for (name, value) in kept.get("parameters").and_then(Value::as_object).into_iter().flatten()
        {
            if let Some(parameter) = Parameter::from_word(name) {
                // A value that was accepted when it was kept and is not now falls back to the
                // template's.
                let _ = pane.parameters.set(parameter, value);
            }
        }
        Some(pane)
    }

    /// The answer in sight; `None` before the first run.
    #[must_use]
    pub fn shown(&self) -> Option<&Output> {
        let index = self.outputs.len().checked_sub(self.back + 1)?;
        self.outputs.get(index)
    }

    /// The answer in sight, to change.
    pub fn shown_mut(&mut self) -> Option<&mut Output> {
        let index = self.outputs.len().checked_sub(self.back + 1)?;
        self.outputs.get_mut(index)
    }

    /// The newest answer.
    #[must_use]
    pub fn latest(&self) -> Option<&Output> {
        self.outputs.last()
    }

    /// The answer of a run, wherever it stands; late events of a run that was replaced find
    /// theirs here too.
    pub fn output_of(&mut self, run: RunToken) -> Option<&mut Output> {
        self.outputs.iter_mut().rev().find(|output| output.run == Some(run))
    }

    /// Every answer kept, oldest first.
    #[must_use]
    pub fn outputs(&self) -> &[Output] {
        &self.outputs
    }

    /// Every answer kept, to change.
    pub fn outputs_mut(&mut self) -> impl Iterator<Item = &mut Output> {
        self.outputs.iter_mut()
    }

    /// How far back the shown answer is, and how many there are.
    #[must_use]
    pub const fn place(&self) -> (usize, usize) {
        (self.back, self.outputs.len())
    }

    /// Begins an answer; it is the one in sight.
    pub fn begin(&mut self, run: RunToken, origin: Origin, now: Duration, marks: MarkStyle) {
        let folded = self.latest().is_none_or(|output| output.reasoning_folded);
        let mut output = Output::asked(run, origin, now, marks, self.width);
        output.reasoning_folded = folded;
        self.add(output);
    }

    /// Adds an answer as the newest, in sight.
    pub fn add(&mut self, mut output: Output) {
        output.set_width(self.width);
        self.outputs.push(output);
        self.back = 0;
        if self.outputs.len() > KEPT + 1 {
            self.outputs.remove(0);
        }
    }

    /// Shows an older answer (or a newer one); false at either end.
    pub fn step_back(&mut self, older: bool) -> bool {
        let back = if older { self.back + 1 } else { self.back.wrapping_sub(1) };
        let moved = back < self.outputs.len();
        if moved {
            self.back = back;
            if let Some(index) = self.outputs.len().checked_sub(back + 1)
                && let Some(output) = self.outputs.get_mut(index)
            {
                output.set_width(self.width);
            }
        }
        moved
    }

    /// Whether its newest call runs.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.latest().is_some_and(|output| output.phase.is_running())
    }

    /// Takes the size of its text area. Only the answer in sight is wrapped again; others are
    /// when they come into sight.
    pub fn resize(&mut self, width: usize, height: usize) {
        self.width = width.max(1);
        self.height = height;
        let width = self.width;
        if let Some(output) = self.shown_mut() {
            output.set_width(width);
        }
    }

    /// Rows of text in sight.
    #[must_use]
    pub const fn height(&self) -> usize {
        self.height
    }

    /// Scrolls the answer in sight by rows; negative is up.
    pub fn scroll_by(&mut self, by: isize) {
        let height = self.height;
        if let Some(output) = self.shown_mut() {
            let rows = output.row_count();
            output.scroll.by(by, rows, height);
        }
    }

    /// Shows why an answer failed from its beginning, if its end was followed: the first words say
    /// the most.
    pub fn show_error(&mut self, run: RunToken) {
        let Some(output) = self.output_of(run).filter(|output| output.scroll.follows()) else {
            return;
        };
        if let (Phase::Failed, Some(row)) = (&output.phase, output.row_of_error()) {
            output.scroll.hold(row);
        }
    }

    /// The first row in sight. While an answer is written and followed, the text moves up by
    /// two thirds of the pane at a time and then stands still: side by side nothing can scroll
    /// for free, and moving by every row would send each of them many times over.
    #[must_use]
    pub fn first_row(&self) -> usize {
        let Some(output) = self.shown() else { return 0 };
        let rows = output.row_count();
        let last = output.scroll.first(rows, self.height);
        if !(output.phase.is_running() && output.scroll.follows()) {
            return last;
        }
        let step = (self.height * 2 / 3).max(1);
        last.div_ceil(step) * step
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn older_answers_stay_within_reach() {
        let mut pane = Pane::new(VariantName::A);
        assert!(pane.shown().is_none());
        assert!(!pane.step_back(true));
        for run in 1..=30 {
            pane.begin(RunToken(run), Origin::default(), Duration::ZERO, MarkStyle::Unicode);
        }
        assert_eq!(pane.place(), (0, KEPT + 1));
        assert!(pane.step_back(true));
        assert_eq!(pane.shown().and_then(|output| output.run), Some(RunToken(29)));
        assert_eq!(pane.latest().and_then(|output| output.run), Some(RunToken(30)));
        assert!(pane.step_back(false));
        assert!(!pane.step_back(false));
        assert!(pane.output_of(RunToken(2)).is_none(), "long gone");
        pane.step_back(true);
        pane.begin(RunToken(31), Origin::default(), Duration::ZERO, MarkStyle::Unicode);
        assert_eq!(pane.shown().and_then(|output| output.run), Some(RunToken(31)));
    }
}
