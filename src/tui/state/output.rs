//! One answer of a pane, while it streams and after.

mod figures;

use std::{collections::BTreeSet, time::Duration};

use semver::Version;

use figures::COUNT_EVERY;
pub use figures::{Figures, STALLED_AFTER};

use super::{Answer, Phase};
use crate::{
    model::{
        CallError, Check, Execution, FinishReason, GenerationParameters, GuardName, ModelRef,
        Parameter, Status, Strategy, ToolCall, Usage, VariantSource,
    },
    safety::{MarkStyle, display_with},
    tui::{
        msg::RunToken,
        text::{GrowingText, Scroll, one_line, spelled_out},
    },
};

/// Which part of an answer a row belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowKind {
    /// The one row that stands for folded reasoning.
    Folded,
    Reasoning,
    Text,
    Refusal,
    /// A call of a tool that the model asks for.
    Call,
    Error,
    /// An empty row between two parts.
    Gap,
}

/// What was run, as the title of the pane tells it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Origin {
    pub source: VariantSource,
    /// The version whose content the draft had, if it had one's.
    pub saved: Option<Version>,
    pub model: Option<ModelRef>,
    pub parameters: GenerationParameters,
    /// How many tokens the prompt has by our own count, until the provider tells.
    pub input_tokens: Option<u64>,
}

/// One answer: its text in parts, how far it is, and what it cost.
#[derive(Clone, Debug)]
pub struct Output {
    /// The run it belongs to; `None` for one opened from the history.
    pub run: Option<RunToken>,
    pub origin: Origin,
    pub phase: Phase,
    /// When the phase began, on the monotonic clock.
    pub since: Duration,
    /// When run was pressed, on the monotonic clock.
    pub asked: Duration,
    /// When anything was last heard, on the monotonic clock.
    pub heard: Duration,
    /// When the server last said that it lives and nothing else, on the monotonic clock.
    beat: Option<Duration>,
    /// When words last came, or the phase began; on the monotonic clock.
    spoke: Duration,
    /// How long it took, once it ended.
    pub took: Option<Duration>,
    pub ttft: Option<Duration>,
    /// When the first words came, reasoning too, counted from the start of the call.
    first_words: Option<Duration>,
    pub usage: Usage,
    pub text: Answer,
    pub reasoning: GrowingText,
    pub refusal: GrowingText,
    /// The calls of tools it asks for, each with its arguments. None of them is made.
    pub calls: GrowingText,
    /// Why it failed and what to do next; the record's word for the kind stands first.
    pub error: GrowingText,
    /// How many bytes of it say why; what follows says what to do.
    reason: usize,
    pub reasoning_folded: bool,
    pub scroll: Scroll,
    /// The record, once it ended.
    pub execution: Option<Box<Execution>>,
    /// The model that was turned to, where the one asked for did not answer.
    pub fallback: Option<ModelRef>,
    /// Which answer is asked for again while it comes, and why, safe to draw: `format-fix 1/2`.
    pub again: Option<(String, String)>,
    /// Why the record could not be stored.
    pub not_saved: Option<String>,
    /// When the running figures were last counted, and the bytes that had been written then.
    counted: (Duration, usize),
    marks: MarkStyle,
    /// Cells the texts are wrapped at.
    width: usize,
}

impl Output {
    /// An answer that was just asked for.
    #[must_use]
    pub fn asked(
        run: RunToken,
        origin: Origin,
        now: Duration,
        marks: MarkStyle,
        width: usize,
    ) -> Self {
        Self {
            run: Some(run),
            origin,
            phase: Phase::Asked,
            since: now,
            asked: now,
            heard: now,
            beat: None,
            spoke: now,
            took: None,
            ttft: None,
            first_words: None,
            usage: Usage::default(),
            text: Answer::new(marks, width),
            reasoning: GrowingText::new(marks, width),
            refusal: GrowingText::new(marks, width),
            calls: GrowingText::new(marks, width),
            error: GrowingText::new(marks, width),
            reason: 0,
            reasoning_folded: true,
            scroll: Scroll::default(),
            execution: None,
            fallback: None,
            again: None,
            not_saved: None,
            counted: (now, 0),
            marks,
            width: width.max(1),
        }
    }

    /// An answer of the past, as recorded.
    #[must_use]
    pub fn recorded(
        execution: Box<Execution>,
        now: Duration,
        marks: MarkStyle,
        width: usize,
    ) -> Self {
        let origin = Origin {
            source: execution.version.clone().map_or(VariantSource::Draft, VariantSource::Version),
            saved: execution.version.clone(),
            model: Some(execution.model_ref()),
            parameters: GenerationParameters::default(),
            input_tokens: None,
        };
        let mut output = Self::asked(RunToken(0), origin, now, marks, width);
        output.run = None;
        output.scroll = Scroll::at_top();
        output.text.push(&execution.text);
        output.reasoning.push(&execution.reasoning);
        output.refusal.push(&execution.refusal);
        let hint = execution.error.as_ref().and_then(|error| error.hint.clone());
        output.finish(execution, hint.as_deref(), now);
        output
    }

    /// Changes the phase; its time begins anew only when it is another one.
    pub fn enter(&mut self, phase: Phase, now: Duration) {
        self.heard = now;
        self.spoke = now;
        if self.phase != phase {
            self.phase = phase;
            self.since = now;
        }
    }

    /// Text arrived, `at` after the start of the call.
    pub fn push(
        &mut self,
        text: &str,
        reasoning: &str,
        refusal: &str,
        at: Duration,
        now: Duration,
    ) {
        self.reasoning.push(reasoning);
        self.text.push(text);
        self.refusal.push(refusal);
        self.first_words.get_or_insert(at);
        let (counted, before) = self.counted;
        if before == 0 || now.saturating_sub(counted) >= COUNT_EVERY {
            self.counted = (now, self.text.shown().len() + self.reasoning.shown().len());
        }
        if text.is_empty() && refusal.is_empty() {
            self.enter(Phase::Thinking, now);
        } else {
            self.ttft.get_or_insert(at);
            self.enter(Phase::Writing, now);
        }
    }

    /// It never became a call, or failed before there was a record; `hint` is what to do next.
    pub fn fail(&mut self, error: &CallError, hint: Option<&str>, now: Duration) {
        self.end_texts();
        self.show_error(error, hint);
        self.took = Some(now.saturating_sub(self.asked));
        self.enter(Phase::Failed, now);
    }

    /// The end, with the record; `hint` is what to do next where it failed. The record's text replaces what streamed where they differ in
    /// length, as after a failed attempt whose text was thrown away.
    pub fn finish(&mut self, execution: Box<Execution>, hint: Option<&str>, now: Duration) {
        self.end_texts();
        if self.text.shown() != display_with(&execution.text, self.marks) {
            self.text.clear(self.marks, self.width);
            self.text.push(&execution.text);
            self.text.finish();
        }
        for (shown, exact) in
            [(&mut self.reasoning, &execution.reasoning), (&mut self.refusal, &execution.refusal)]
        {
            if shown.shown() != display_with(exact, self.marks) {
                shown.clear();
                shown.push(exact);
                shown.finish();
            }
        }
        self.calls.clear();
        self.calls.push(&described(&execution.tool_calls));
        self.calls.finish();
        if let Some(error) = &execution.error
            && execution.status != Status::Cancelled
        {
            self.show_error(error, hint);
        } else if execution.status == Status::Ok {
            self.show_checks(&execution);
        }
        self.again = None;
        self.fallback = execution.asked_first().map(|_| execution.model_ref());
        self.usage = execution.usage;
        self.ttft = execution.timing.ttft_ms.map(Duration::from_millis);
        self.took = execution.timing.total_ms.map(Duration::from_millis);
        let phase = match execution.status {
            Status::Ok => Phase::Done,
            Status::Cancelled => Phase::Cancelled,
            Status::Interrupted => Phase::Interrupted,
            Status::Error | Status::Blocked | Status::Running => Phase::Failed,
        };
        self.execution = Some(execution);
        self.enter(phase, now);
    }

    /// The guards that stopped this call, if any did.
    #[must_use]
    pub fn stopped_by(&self) -> BTreeSet<GuardName> {
        self.execution.as_deref().map(Execution::stopped_by).unwrap_or_default()
    }

    /// What did not pass, where the call itself went well: the answer stands, and this below it.
    fn show_checks(&mut self, execution: &Execution) {
        for check in failed_checks(execution) {
            let told = format!("{} {}: {}\n", check.kind, check.name, check.reason);
            self.error.push(&spelled_out(&told, self.marks));
        }
        self.error.finish();
        self.reason = self.error.shown().len();
    }

    fn end_texts(&mut self) {
        self.text.finish();
        self.reasoning.finish();
        self.refusal.finish();
    }

    fn show_error(&mut self, error: &CallError, hint: Option<&str>) {
        self.error.clear();
        let told = format!("{}: {}", error.kind, error.message);
        self.error.push(&spelled_out(&told, self.marks));
        self.reason = self.error.shown().len();
        if let Some(hint) = hint {
            self.error.push("\n");
            self.error.push(&spelled_out(hint, self.marks));
        }
        if let Some(id) = &error.request_id {
            // What the makers of the server ask for first.
            self.error.push(&format!("\nrequest {}", one_line(id, self.marks)));
        }
        self.error.finish();
    }

    /// Throws away what an attempt that failed had written, since the next begins anew.
    pub fn restart(
        &mut self,
        until: Duration,
        number: u32,
        of: u32,
        error: &CallError,
        now: Duration,
    ) {
        self.begin_anew();
        let error =
            one_line(&format!("{}: {}", error.kind, error.message), self.marks).into_owned();
        self.enter(Phase::Retrying { until, number, of, error }, now);
    }

    fn begin_anew(&mut self) {
        self.text.clear(self.marks, self.width);
        self.reasoning.clear();
        self.refusal.clear();
        self.ttft = None;
        self.first_words = None;
        self.usage = Usage::default();
    }

    /// A limit holds the call back for a while.
    pub fn hold(&mut self, provider: &str, held_for: Duration, can_skip: bool, now: Duration) {
        let provider = one_line(provider, self.marks).into_owned();
        self.enter(Phase::Held { until: now + held_for, provider, can_skip }, now);
    }

    /// Nobody listens to it any more: what it has is what there will be.
    pub fn abandon(&mut self, now: Duration) {
        if self.phase.is_running() {
            self.end_texts();
            self.took = Some(now.saturating_sub(self.asked));
            self.enter(Phase::Cancelled, now);
        }
    }

    /// Another model is asked from the beginning.
    pub fn fall_back(&mut self, to: ModelRef, error: &CallError, now: Duration) {
        self.restart(now, 1, 1, error, now);
        self.enter(Phase::Queued, now);
        self.fallback = Some(to);
    }

    /// Puts an answer aside that is not what was asked for: the model is asked again.
    pub fn recover(
        &mut self,
        strategy: Strategy,
        number: u32,
        of: u32,
        reasons: &[String],
        now: Duration,
    ) {
        self.begin_anew();
        let reason = one_line(&reasons.join("; "), self.marks).into_owned();
        self.again = Some((format!("{strategy} {number}/{of}"), reason));
        self.enter(Phase::Queued, now);
    }

    /// The parameter that the model refused, if that is why it failed.
    #[must_use]
    pub fn refused_parameter(&self) -> Option<Parameter> {
        self.execution.as_ref()?.error.as_ref()?.parameter
    }

    /// Whether the answer was given before.
    #[must_use]
    pub fn is_from_cache(&self) -> bool {
        self.execution.as_ref().is_some_and(|execution| execution.cache.is_hit())
    }

    /// Whether there is nothing to read.
    #[must_use]
    pub const fn is_blank(&self) -> bool {
        self.text.is_empty()
            && self.reasoning.is_empty()
            && self.refusal.is_empty()
            && self.calls.is_empty()
            && self.error.is_empty()
    }

    /// What to say in the place of an answer that ended without a word.
    #[must_use]
    pub fn silence(&self) -> Option<String> {
        if !self.is_blank() || self.phase.is_running() {
            return None;
        }
        let ended = self.execution.as_ref().and_then(|execution| execution.finish_reason);
        Some(match (&self.phase, ended.and_then(FinishReason::told)) {
            (Phase::Cancelled, _) => "Cancelled before the first word.".to_owned(),
            (_, Some(how)) => format!("Nothing was written: {how}."),
            (_, None) => "The answer is empty.".to_owned(),
        })
    }

    /// Wraps every part at a width. Nothing happens when it is the same.
    pub fn set_width(&mut self, width: usize) {
        self.width = width.max(1);
        self.text.set_width(width);
        for part in [&mut self.reasoning, &mut self.refusal, &mut self.calls, &mut self.error] {
            part.set_width(width);
        }
    }

    /// The parts that have rows, top first, with their row counts.
    fn parts(&self) -> impl Iterator<Item = (RowKind, usize)> {
        let reasoning = if self.reasoning_folded {
            (RowKind::Folded, usize::from(!self.reasoning.is_empty()))
        } else {
            (RowKind::Reasoning, self.reasoning.row_count())
        };
        [
            reasoning,
            (RowKind::Text, self.text.row_count()),
            (RowKind::Refusal, self.refusal.row_count()),
            (RowKind::Call, self.calls.row_count()),
            (RowKind::Error, self.error.row_count()),
        ]
        .into_iter()
        .filter(|(_, rows)| *rows > 0)
    }

    /// All rows at the present width, with an empty row between two parts.
    #[must_use]
    pub fn row_count(&self) -> usize {
        let (parts, rows) =
            self.parts().fold((0, 0), |(parts, all), (_, rows)| (parts + 1, all + rows));
        rows + usize::saturating_sub(parts, 1)
    }

    /// Which part a row belongs to, and which of its rows it is.
    #[must_use]
    pub fn place(&self, index: usize) -> (RowKind, usize) {
        let mut before = 0;
        for (kind, rows) in self.parts() {
            if index < before + rows {
                return (kind, index - before);
            }
            before += rows;
            if index == before {
                return (RowKind::Gap, 0);
            }
            before += 1;
        }
        (RowKind::Gap, 0)
    }

    /// The row that says why it failed, the first of them; `None` where nothing does.
    #[must_use]
    pub fn row_of_error(&self) -> Option<usize> {
        let rows = self.error.row_count();
        (rows > 0).then(|| self.row_count() - rows)
    }

    /// Whether a row of the error says what to do next rather than what went wrong.
    #[must_use]
    pub fn is_advice(&self, row: usize) -> bool {
        self.error.row_range(row).start > self.reason
    }

    /// The row that a row of the answer's text is among all rows.
    #[must_use]
    pub fn row_of_text(&self, row: usize) -> usize {
        row + self
            .parts()
            .take_while(|(kind, _)| *kind != RowKind::Text)
            .map(|(_, rows)| rows + 1)
            .sum::<usize>()
    }

    /// One row, safe to draw, without what it hangs in. The text of a [`RowKind::Folded`] row is
    /// empty: it stands for the reasoning, whose length is [`GrowingText::row_count`] of
    /// [`Self::reasoning`].
    #[must_use]
    pub fn row(&self, index: usize) -> (RowKind, &str) {
        let (kind, row) = self.place(index);
        let text = match kind {
            RowKind::Folded | RowKind::Gap => "",
            RowKind::Reasoning => self.reasoning.row(row),
            RowKind::Text => self.text.text().get(self.text.row(row).0).unwrap_or(""),
            RowKind::Refusal => self.refusal.row(row),
            RowKind::Call => self.calls.row(row),
            RowKind::Error => self.error.row(row),
        };
        (kind, text)
    }

    /// The exact text of the answer where it is known, else as it is shown.
    #[must_use]
    pub fn exact_text(&self) -> &str {
        match &self.execution {
            Some(execution) if execution.text.is_empty() => &execution.refusal,
            Some(execution) => &execution.text,
            None => self.text.shown(),
        }
    }

    /// The rating a person gave, 1 to 5.
    #[must_use]
    pub fn rating(&self) -> Option<u8> {
        self.execution.as_ref().and_then(|execution| execution.rating)
    }
}

/// Calls as they are read, an empty line between two.
fn described(calls: &[ToolCall]) -> String {
    calls.iter().map(ToolCall::described).collect::<Vec<_>>().join("\n\n")
}

fn failed_checks(execution: &Execution) -> impl Iterator<Item = &Check> {
    execution.checks.iter().filter(|check| !check.passed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ErrorKind;

    fn output() -> Output {
        Output::asked(
            RunToken(1),
            Origin::default(),
            Duration::from_secs(1),
            MarkStyle::Unicode,
            20,
        )
    }

    #[test]
    fn reasoning_then_text_then_error_in_rows() {
        let mut output = output();
        let at = Duration::from_millis(5);
        output.push("", "hm", "", at, Duration::from_secs(2));
        assert_eq!((output.phase.word(), output.ttft), ("thinking", None));
        output.push("one\ntwo", "", "", at, Duration::from_secs(3));
        assert_eq!((output.phase.word(), output.ttft), ("writing", Some(at)));
        output.fail(&CallError::new(ErrorKind::Server, "broke"), None, Duration::from_secs(4));
        let rows: Vec<_> = (0..output.row_count()).map(|row| output.row(row)).collect();
        assert_eq!(
            rows,
            [
                (RowKind::Folded, ""),
                (RowKind::Gap, ""),
                (RowKind::Text, "one"),
                (RowKind::Text, "two"),
                (RowKind::Gap, ""),
                (RowKind::Error, "server: broke"),
            ]
        );
        output.reasoning_folded = false;
        assert_eq!(output.row(0), (RowKind::Reasoning, "hm"));
        assert_eq!(output.row(99), (RowKind::Gap, ""));
    }

    #[test]
    fn the_name_of_a_failed_request_stands_under_what_to_do() {
        let mut output = output();
        let error = CallError {
            request_id: Some("req_\u{1b}7".to_owned()),
            ..CallError::new(ErrorKind::Server, "broke")
        };
        output.fail(&error, Some("Try later"), Duration::from_secs(4));
        let rows: Vec<_> = (0..output.row_count()).map(|row| output.row(row).1).collect();
        assert_eq!(rows, ["server: broke", "Try later", "request req_␛7"]);
        assert_eq!([0, 1, 2].map(|row| output.is_advice(row)), [false, true, true]);
    }

    #[test]
    fn a_phase_that_stays_keeps_its_time_and_silence_is_told() {
        let mut output = output();
        let at = Duration::ZERO;
        output.push("a", "", "", at, Duration::from_secs(2));
        output.push("b", "", "", at, Duration::from_secs(5));
        assert_eq!(output.since, Duration::from_secs(2));
        assert_eq!(output.stalled(Duration::from_secs(6)), None);
        assert_eq!(output.stalled(Duration::from_secs(9)), Some(Duration::from_secs(4)));
    }

    #[test]
    fn calls_of_tools_are_read_with_their_arguments() {
        let call = |arguments: Option<serde_json::Value>, raw: &str| ToolCall {
            id: "c".to_owned(),
            name: "find".to_owned(),
            arguments,
            arguments_raw: raw.to_owned(),
        };
        let calls = [
            call(Some(serde_json::json!({"number": "A-17"})), "{\"number\":\"A-17\"}"),
            call(None, "{\"number\":"),
        ];
        assert_eq!(
            described(&calls),
            "asks for find\n{\n  \"number\": \"A-17\"\n}\n\nasks for find; its arguments are not \
             JSON:\n{\"number\":"
        );
        assert_eq!(described(&[]), "");
    }

    #[test]
    fn an_estimate_says_that_it_is_one() {
        let mut output = output();
        assert_eq!(output.figures(Duration::from_secs(1), None).output_tokens, None);
        output.push("12345678", "", "", Duration::from_secs(1), Duration::from_secs(2));
        let figures = output.figures(Duration::from_secs(4), None);
        assert_eq!((figures.output_tokens, figures.estimated), (Some(2), true));
        assert_eq!(figures.tokens_per_second, Some(1.0));
        assert_eq!((figures.input_tokens, figures.input_estimated), (None, false));
        output.origin.input_tokens = Some(7);
        let figures = output.figures(Duration::from_secs(4), None);
        assert_eq!((figures.input_tokens, figures.input_estimated), (Some(7), true));
        output.usage.input_tokens = Some(9);
        let figures = output.figures(Duration::from_secs(4), None);
        assert_eq!((figures.input_tokens, figures.input_estimated), (Some(9), false));
        output.usage.output_tokens = Some(4);
        let figures = output.figures(Duration::from_secs(4), None);
        assert_eq!((figures.output_tokens, figures.estimated), (Some(4), false));
    }
}
