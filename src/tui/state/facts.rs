//! What is known of an execution besides its texts, in words: a matter each, wrapped into rows.

use jiff::tz::TimeZone;

use crate::{
    model::{CacheState, Execution, Spend},
    safety::{MarkStyle, display_line_with},
    tui::{
        text::{cell_width, figures, wrap_from},
        theme::Glyphs,
    },
};

/// Cells of the column with the names.
const NAMES: usize = 9;

/// A space that no row ends at, so that a figure keeps its unit.
const STAYS: char = '\u{a0}';

/// What a stretch of a fact is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// The name of the matter.
    Name,
    Plain,
    /// Known, and rarely what one looks for.
    Aside,
    /// Made by the simulated model.
    Simulated,
    /// Not as asked for.
    Warning,
    /// What a person thinks of it.
    Rating,
}

/// One matter: its name, and what is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    /// Safe to draw, as all texts here.
    pub name: String,
    pub words: Vec<(String, Tone)>,
}

/// One row on screen: the stretches from left to right.
pub type FactRow = Vec<(String, Tone)>;

impl Fact {
    fn new(name: impl Into<String>, words: impl Into<String>, tone: Tone) -> Self {
        Self { name: name.into(), words: vec![(words.into(), tone)] }
    }

    fn and(mut self, words: Option<String>, tone: Tone) -> Self {
        self.words.extend(words.map(|words| (format!("  {words}"), tone)));
        self
    }

    /// The rows it takes, the names in a column of their own.
    fn rows(&self, width: usize, rows: &mut Vec<FactRow>) {
        let name = format!("{:<NAMES$}", format!("{} ", self.name));
        let indent = cell_width(&name);
        let text: String = self.words.iter().map(|(words, _)| words.as_str()).collect();
        let mut wrapped = Vec::new();
        wrap_from(&text, 0, width.saturating_sub(indent).max(1), &mut wrapped);
        for (index, row) in wrapped.into_iter().enumerate() {
            let before = if index == 0 { name.clone() } else { " ".repeat(indent) };
            let mut stretches = vec![(before, Tone::Name)];
            // A space at the break hangs over the edge and is not drawn.
            let row_end = text.get(..row.end).unwrap_or("").trim_end_matches(' ').len();
            let mut at = 0;
            for (words, tone) in &self.words {
                let (start, end) = (row.start.max(at), row_end.min(at + words.len()));
                if let Some(stretch) = text.get(start..end).filter(|stretch| !stretch.is_empty()) {
                    stretches.push((stretch.replace(STAYS, " "), *tone));
                }
                at += words.len();
            }
            rows.push(stretches);
        }
    }
}

/// The facts as rows of a width.
#[must_use]
pub fn wrapped(facts: &[Fact], width: usize) -> Vec<FactRow> {
    let mut rows = Vec::new();
    for fact in facts {
        fact.rows(width, &mut rows);
    }
    rows
}

/// What is known of an execution, what one looks for first at the top.
#[must_use]
pub fn facts(execution: &Execution, zone: &TimeZone, marks: MarkStyle) -> Vec<Fact> {
    let glyphs = Glyphs::of(marks);
    let safe = |text: &str| display_line_with(text, marks).into_owned();
    let mut facts = Vec::new();
    let template = match (&execution.template, &execution.version) {
        (Some(id), Some(version)) => format!("{id} {version}"),
        (Some(id), None) => format!("{id} draft"),
        (None, _) => "none".to_owned(),
    };
    facts.push(Fact::new("template", safe(&template), Tone::Plain));
    let model = execution.model_ref();
    let simulated = model.is_simulated().then(|| "simulated".to_owned());
    let asked = execution.asked_first();
    let asked = asked.map(|asked| format!("fallback for {}", safe(&asked.to_string())));
    let answered = execution.response_model.as_ref();
    let answered = answered.map(|answered| format!("answered by {}", safe(answered)));
    facts.push(
        Fact::new("model", safe(&model.to_string()), Tone::Plain)
            .and(simulated, Tone::Simulated)
            .and(asked, Tone::Warning)
            .and(answered, Tone::Aside),
    );
    facts.push(measures(execution, glyphs));
    let started = execution.timing.started_at.to_zoned(zone.clone());
    let started = started.strftime("%Y-%m-%d %H:%M:%S %Z").to_string();
    facts.push(Fact::new("started", started, Tone::Plain));
    if let Some(spared) = spared(execution, zone, glyphs) {
        facts.push(Fact::new("cache", spared, Tone::Plain));
    }
    if let Some(parts) = execution.spend.as_ref().and_then(parts) {
        facts.push(Fact::new("spend", parts, Tone::Plain));
    }
    if !execution.parameters.requested.is_empty() {
        let sent: Vec<String> = execution
            .parameters
            .sent
            .iter()
            .map(|(name, value)| match name.as_str() {
                "tools" => format!("tools {}", tool_names(execution)),
                _ => format!("{name} {value}"),
            })
            .collect();
        facts.push(Fact::new("sent", safe(&sent.join("  ")), Tone::Plain));
    }
    for dropped in &execution.parameters.dropped {
        let told = format!("{}: {}", dropped.name, dropped.reason);
        facts.push(Fact::new("not sent", safe(&told), Tone::Warning));
    }
    if !execution.redactions.is_empty() {
        let rules = execution.redactions.describe();
        facts.push(Fact::new("redacted", safe(&rules), Tone::Warning));
    }
    if execution.attempts.len() > 1 {
        let tries: Vec<String> = execution
            .attempts
            .iter()
            .map(|attempt| {
                let outcome = attempt.error.as_ref().map_or("ok", |error| error.kind.as_str());
                format!("{outcome} {} ms", attempt.duration_ms)
            })
            .collect();
        facts.push(Fact::new("attempts", tries.join(", then "), Tone::Plain));
    }
    for check in &execution.checks {
        let tone = if check.passed { Tone::Plain } else { Tone::Warning };
        let verdict = if check.passed { "passed" } else { "failed" };
        let told = format!("{} {} {verdict}: {}", check.kind, check.name, check.reason);
        facts.push(Fact::new("check", safe(&told), tone));
    }
    if !execution.tags.is_empty() {
        let tags: Vec<String> =
            execution.tags.iter().map(|(key, value)| format!("{key}={value}")).collect();
        facts.push(Fact::new("tags", safe(&tags.join("  ")), Tone::Plain));
    }
    facts
}

/// The tools that were offered, by name: each provider describes them in its own way.
fn tool_names(execution: &Execution) -> String {
    let tools = execution.parameters.requested.get("tools").and_then(|tools| tools.as_array());
    let names = tools.into_iter().flatten().filter_map(|tool| tool.get("name")?.as_str());
    names.collect::<Vec<_>>().join(", ")
}

fn measures(execution: &Execution, glyphs: &Glyphs) -> Fact {
    let millis = |ms: u64| figures::duration(std::time::Duration::from_millis(ms));
    let timing = &execution.timing;
    let mut words = Vec::new();
    words.extend(timing.total_ms.map(millis));
    words.extend(timing.ttft_ms.map(|ms| format!("ttft {}", millis(ms))));
    words.extend(timing.tokens_per_second.map(figures::rate));
    words.push(execution.cost_usd.map_or_else(|| "cost unknown".to_owned(), figures::dollars));
    if execution.usage.is_known() {
        let usage = &execution.usage;
        let (input, output) = (usage.input_tokens, usage.output_tokens);
        words.push(figures::tokens(input, output, usage.estimated, glyphs));
        words.extend(usage.cached_input_tokens.map(|count| format!("{count} cached")));
        words.extend(usage.cache_write_tokens.map(|count| format!("{count} kept")));
        words.extend(usage.reasoning_tokens.map(|count| format!("{count} reasoning")));
    }
    let status = match &execution.error {
        Some(error) => error.kind.as_str(),
        None => execution.status.as_str(),
    };
    let stars = execution.rating.map(|rating| {
        let (full, empty) = glyphs.star;
        full.repeat(usize::from(rating)) + &empty.repeat(usize::from(5 - rating.min(5)))
    });
    let words: Vec<String> =
        words.into_iter().map(|word| word.replace(' ', &STAYS.to_string())).collect();
    Fact::new(status, words.join("  "), Tone::Plain).and(stars, Tone::Rating)
}

/// What an answer that was given before is called: `cached`, `≈ cached 0.97`.
#[must_use]
pub fn cached(cache: CacheState, similarity: Option<f64>, glyphs: &Glyphs) -> Option<String> {
    match (cache, similarity) {
        (CacheState::Exact, _) => Some("cached".to_owned()),
        // Cut and not rounded: 1.00 would say that the prompts are the same.
        (CacheState::Similar, Some(similarity)) => {
            let hundredths = (similarity * 100.0).floor() / 100.0;
            Some(format!("{} cached {hundredths:.2}", glyphs.about))
        }
        (CacheState::Similar, None) => Some(format!("{} cached", glyphs.about)),
        (CacheState::Off | CacheState::Miss, _) => None,
    }
}

/// The same of an execution.
#[must_use]
pub fn cached_mark(execution: &Execution, glyphs: &Glyphs) -> Option<String> {
    let similarity = execution.reused.as_ref().map(|reused| reused.similarity);
    cached(execution.cache, similarity, glyphs)
}

/// What an answer from the cache was spared, and whose answer it is.
fn spared(execution: &Execution, zone: &TimeZone, glyphs: &Glyphs) -> Option<String> {
    let reused = execution.reused.as_ref()?;
    let mark = cached_mark(execution, glyphs)?;
    let id = reused.execution.to_string();
    let when = reused.answered_at.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M");
    let mut words = vec![mark];
    if let Some(saved) = reused.saved_usd {
        words.push(format!("{} saved", figures::dollars(saved)));
    }
    let usage = &reused.saved_usage;
    if usage.is_known() {
        let (input, output) = (usage.input_tokens, usage.output_tokens);
        words.push(figures::tokens(input, output, usage.estimated, glyphs));
    }
    words.push(format!("first given by {} {when}", id.get(..8).unwrap_or(&id)));
    Some(words.join("  "))
}

/// The parts of a cost that are not nothing; `None` where there is one at most, which the sum
/// says already.
fn parts(spend: &Spend) -> Option<String> {
    let parts: Vec<String> = [
        ("input", spend.input),
        ("cached", spend.cached_input),
        ("written", spend.cache_write),
        ("answer", spend.visible),
        ("reasoning", spend.reasoning),
    ]
    .into_iter()
    .filter(|(_, amount)| *amount > 0.0)
    .map(|(name, amount)| format!("{name} {}", figures::dollars(amount)))
    .collect();
    (parts.len() > 1).then(|| parts.join("  "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_goes_on_below_its_beginning() {
        let fact = Fact::new("model", "one two", Tone::Plain)
            .and(Some("three four".to_owned()), Tone::Warning);
        let rows = wrapped(&[fact], 18);
        let text: Vec<String> =
            rows.iter().map(|row| row.iter().map(|(words, _)| words.as_str()).collect()).collect();
        assert_eq!(text, ["model    one two", "         three", "         four"]);
        assert_eq!(rows[1][1], ("three".to_owned(), Tone::Warning));
        assert!(rows.iter().all(|row| row[0].1 == Tone::Name));
    }
}
