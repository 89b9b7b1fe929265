//! What is known of an execution besides its texts, in words: an entry for each matter.

use jiff::tz::TimeZone;

use crate::{
    model::{Attempt, CacheState, Execution, Spend},
    safety::MarkStyle,
    tui::{
        text::{Entry as Fact, STAYS, Tone, figures, one_line},
        theme::Glyphs,
    },
};

/// Cells of the column with the names, but for longer ones.
pub(super) const NAMES: usize = 18;

/// What is known of an execution, what one looks for first at the top.
#[must_use]
pub fn facts(execution: &Execution, zone: &TimeZone, marks: MarkStyle) -> Vec<Fact> {
    let glyphs = Glyphs::of(marks);
    let safe = |text: &str| one_line(text, marks).into_owned();
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
        let told = |attempt: &Attempt| attempt.summary_beside(&model);
        let tries: Vec<String> = execution.attempts.iter().map(told).collect();
        facts.push(Fact::new("attempts", safe(&tries.join(", then ")), Tone::Plain));
        if let Some(reason) = execution.attempts.iter().rev().find_map(|it| it.reason.as_ref()) {
            facts.push(Fact::new("asked again", safe(reason), Tone::Warning));
        }
    }
    if let Some(id) = request(execution) {
        facts.push(Fact::new("request", safe(id), Tone::Plain));
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

/// The name the server gave the request that counts: the one that failed, else the last.
fn request(execution: &Execution) -> Option<&String> {
    let failed = execution.error.as_ref().and_then(|error| error.request_id.as_ref());
    failed.or_else(|| execution.attempts.last()?.request_id.as_ref())
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
    if execution.has_price() {
        words.push(execution.cost_usd.map_or_else(|| "cost unknown".to_owned(), figures::dollars));
    }
    if execution.usage.is_known() {
        let usage = &execution.usage;
        let (input, output) = (usage.input_tokens, usage.output_tokens);
        words.push(figures::tokens(input, output, usage.estimated, glyphs));
        for (count, word) in [
            (usage.cached_input_tokens, "cached"),
            (usage.cache_write_tokens, "kept"),
            (usage.reasoning_tokens, "reasoning"),
        ] {
            // None of them says nothing.
            words.extend(count.filter(|count| *count > 0).map(|count| format!("{count} {word}")));
        }
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
        ("other attempts", spend.retry),
    ]
    .into_iter()
    .filter(|(_, amount)| *amount > 0.0)
    .map(|(name, amount)| format!("{name} {}", figures::dollars(amount)))
    .collect();
    (parts.len() > 1).then(|| parts.join("  "))
}
