//! A month of history for demonstrations: the simulated models really answer every prompt, only
//! nobody waits for them, and the clock is set to when somebody might have asked.

use std::collections::BTreeMap;

use futures_util::future::try_join_all;
use jiff::{SignedDuration, Span, Timestamp, Zoned, civil::Weekday};
use semver::Version;
use serde_json::json;
use uuid::{NoContext, Uuid};

use super::{App, AppError, CallOrder, PromptSource, templates::FOUND, workspace::VersionSelector};
use crate::{
    engine::{Played, Providers as _, forward},
    model::{
        CacheMode, CacheUse, CallError, ChatRequest, ChunkLog, ContentHash, ErrorKind, Execution,
        ExecutionId, GenerationParameters, ModelRef, RunId, TemplateId, VariantName, VersionRecord,
    },
    provider::demo::{DemoModel, answer, play},
};

/// Days of history.
const DAYS: i64 = 30;

/// A template that is worked on, with inputs that people gave it.
struct Work {
    template: &'static str,
    parameter: &'static str,
    inputs: &'static [&'static str],
    /// How often it is picked, in parts of all.
    share: u64,
    /// A line that its version before did not have yet, and why it was added.
    added: Option<(&'static str, &'static str)>,
}

const WORK: [Work; 6] = [
    Work {
        template: "analysis/sentiment",
        parameter: "message",
        inputs: &[
            "It broke after one day and nobody answers my mails.",
            "Lovely design, fast delivery, thank you!",
            "The invoice has the number 20931.",
            "The new screen is beautiful, but the export is slower than before.",
            "I have never been disappointed by your support.",
            "Angry is not the word. Third refund that did not arrive.",
        ],
        share: 5,
        added: Some((
            "Begin with the label, then explain which words decided it.\n",
            "say which words decided it",
        )),
    },
    Work {
        template: "development/code-review",
        parameter: "focus",
        inputs: &["security", "speed", "clarity"],
        share: 4,
        added: Some((
            "Use two sections: Analysis, Recommendations.\n",
            "two sections, so that replies can be compared",
        )),
    },
    Work {
        template: "analysis/ticket-routing",
        parameter: "ticket",
        inputs: &[
            "I cannot log in since I changed my password.",
            "You charged me twice for order 4711.",
            "The page keeps loading and the export button does nothing.",
            "Do you have an office in Lisbon?",
        ],
        share: 4,
        added: None,
    },
    Work {
        template: "generation/support-reply",
        parameter: "message",
        inputs: &[
            "My parcel never arrived. The tracking page says it was lost in Graz.",
            "I was charged twice for order #5120, 19.90 each time.",
            "I forgot my password. Can you send it to me by mail?",
        ],
        share: 3,
        added: None,
    },
    Work {
        template: "transformation/summarise",
        parameter: "focus",
        inputs: &["cost", "time", "who decides"],
        share: 3,
        added: Some((
            "Take every figure over exactly.\n",
            "figures were rounded in three of ten answers",
        )),
    },
    Work {
        template: "validation/arithmetic",
        parameter: "problem",
        inputs: &[
            "A baker makes 7 trays of 12 rolls and sells 59. How many rolls are left?",
            "A bus has 52 seats. 37 people get on, 9 get off. How many people are on the bus?",
        ],
        share: 2,
        added: None,
    },
];

/// Numbers that look like chance and are the same every time.
struct Dice(u64);

impl Dice {
    const fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }

    fn pick<'a, T>(&mut self, from: &'a [T]) -> Option<&'a T> {
        let sides = u64::try_from(from.len()).ok().filter(|sides| *sides > 0)?;
        from.get(usize::try_from(self.roll(sides)).ok()?)
    }
}

/// One execution and what a person thought of it.
struct Kept {
    execution: Execution,
    chunks: ChunkLog,
    rating: Option<u8>,
}

impl App {
    /// Fills the database with a month of work on the sample workspace, ending now; how many
    /// executions that is.
    ///
    /// # Errors
    /// A workspace that is not the sample, or a database that cannot be written.
    pub async fn fast_forward_month(&self, now: Zoned) -> Result<usize, AppError> {
        let mut dice = Dice(0x5EED_1A7E_0001);
        let changed_on = self.save_earlier_versions(&now).await?;
        let failures = self.failures().await;
        let mut kept = Vec::new();
        for ago in (0..DAYS).rev() {
            let Ok(day) = now.checked_sub(Span::new().days(ago)) else { continue };
            let at_rest = matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday);
            let runs = if at_rest { dice.roll(3) } else { 4 + dice.roll(8) };
            let mut minutes: Vec<u64> = (0..runs).map(|_| 8 * 60 + dice.roll(10 * 60)).collect();
            minutes.sort_unstable();
            for minute in minutes {
                let Ok(midnight) = day.start_of_day() else { continue };
                let seconds = minute * 60 + dice.roll(60);
                let at = midnight.timestamp()
                    + SignedDuration::from_secs(i64::try_from(seconds).unwrap_or(0));
                if at < now.timestamp() - SignedDuration::from_mins(10) {
                    let run = self.past_run(&mut dice, at, ago, &changed_on, &failures).await?;
                    kept.extend(run);
                }
            }
        }
        let count = kept.len();
        self.keep_month(kept).await?;
        Ok(count)
    }

    /// Saves the versions that the month was worked with, some as they were before a line was
    /// added; on which day of the month (counted back) each of those was changed.
    async fn save_earlier_versions(
        &self,
        now: &Zoned,
    ) -> Result<BTreeMap<&'static str, i64>, AppError> {
        let mut changed_on = BTreeMap::new();
        for (index, work) in WORK.iter().enumerate() {
            let Ok(id) = TemplateId::new(work.template) else { continue };
            // To open it would record it as found today.
            let source = self.load(&id).await?.source;
            let ago = 10 + 4 * i64::try_from(index).unwrap_or(0);
            let saved = |content: String, version, note: &str, days| {
                let at = now
                    .checked_sub(Span::new().days(days))
                    .map_or_else(|_| now.timestamp(), |at| at.timestamp());
                VersionRecord {
                    template: id.clone(),
                    version,
                    content_hash: ContentHash::of(content.as_bytes()),
                    content,
                    note: note.to_owned(),
                    label: None,
                    saved_at: at,
                    rolled_back_from: None,
                }
            };
            let whole = Version::new(1, 0, 0);
            let records = match work.added {
                None => vec![saved(source, whole, FOUND, DAYS)],
                Some((line, note)) => {
                    let before =
                        source.replace(line, "").replacen("version: 1.0.0", "version: 0.9.0", 1);
                    changed_on.insert(work.template, ago);
                    vec![
                        saved(before, Version::new(0, 9, 0), "a first attempt", DAYS),
                        saved(source, whole, note, ago),
                    ]
                }
            };
            for record in records {
                self.store.save_version(&record).await.map_err(|error| AppError::NotRecorded {
                    version: record.version.clone(),
                    error,
                })?;
            }
        }
        Ok(changed_on)
    }

    /// Failures as the simulated server really tells them, to be met again now and then.
    async fn failures(&self) -> Vec<(ModelRef, CallError)> {
        let mut failures = Vec::new();
        for model in ["quick", "carefull"] {
            let request = ChatRequest {
                model: model.to_owned(),
                messages: Vec::new(),
                parameters: GenerationParameters::default(),
                stream: true,
            };
            let Ok(provider) = self.endpoints.provider("demo").await else { continue };
            if let Err(error) = provider.call(&request, &mut |_| {}).await {
                failures.push((ModelRef::new("demo", model), error));
            }
        }
        failures
    }

    /// One press of "run" on some day: one to three models on one prompt.
    async fn past_run(
        &self,
        dice: &mut Dice,
        at: Timestamp,
        ago: i64,
        changed_on: &BTreeMap<&'static str, i64>,
        failures: &[(ModelRef, CallError)],
    ) -> Result<Vec<Kept>, AppError> {
        let mut left = dice.roll(WORK.iter().map(|work| work.share).sum());
        let found = WORK.iter().find(|work| match left.checked_sub(work.share) {
            Some(rest) => {
                left = rest;
                false
            }
            None => true,
        });
        let Some(work) = found else { return Ok(Vec::new()) };
        let Ok(template) = TemplateId::new(work.template) else { return Ok(Vec::new()) };
        let input = dice.pick(work.inputs).copied().unwrap_or_default();
        let inputs = BTreeMap::from([(work.parameter.to_owned(), json!(input))]);
        let version = match changed_on.get(work.template) {
            Some(changed) if ago > *changed => Version::new(0, 9, 0),
            _ => Version::new(1, 0, 0),
        };
        let has_versions = changed_on.contains_key(work.template);
        let models: &[&str] = match dice.roll(10) {
            0..5 => &["fast", "careful"],
            5..7 => &["fast", "balanced", "careful"],
            7..9 => &["balanced"],
            _ => &["careful", "balanced"],
        };
        let run_id = RunId(id_at(at));
        let mut kept: Vec<Kept> = Vec::new();
        for (variant, name) in VariantName::ALL.into_iter().zip(models) {
            let mut model = ModelRef::new("demo", *name);
            let failure = (dice.roll(25) == 0).then(|| dice.pick(failures).cloned()).flatten();
            if let Some((asked, _)) = &failure {
                model = asked.clone();
            }
            let seed = dice.roll(1_000);
            let source = if has_versions {
                PromptSource::Version {
                    template: template.clone(),
                    version: VersionSelector::Version(version.clone()),
                }
            } else {
                PromptSource::File(template.clone())
            };
            let mut spec = self
                .prepare(CallOrder {
                    model: Some(model.clone()),
                    parameters: GenerationParameters {
                        seed: i64::try_from(seed).ok(),
                        ..GenerationParameters::default()
                    },
                    inputs: inputs.clone(),
                    cache: CacheUse::Asked(CacheMode::Off),
                    ..CallOrder::new(variant, source)
                })
                .await?;
            spec.execution_id = ExecutionId(id_at(at));
            let request = ChatRequest {
                model: model.model.clone(),
                messages: spec.messages.clone(),
                parameters: spec.parameters.clone(),
                stream: true,
            };
            let provider = self.endpoints.provider("demo").await?;
            let parameters = provider.plan(&request);
            let mut played = Played {
                parameters,
                events: Vec::new(),
                ended: std::time::Duration::from_millis(3),
                outcome: Ok(()),
            };
            if let Some((_, error)) = failure {
                played.outcome = Err(error);
            } else if let Some(simulated) = DemoModel::from_id(&model.model) {
                let reply = answer(simulated, &spec.messages, &spec.parameters);
                (played.events, played.ended) = play(&reply);
                if dice.roll(40) == 0 {
                    // Somebody had seen enough.
                    played.ended /= 2;
                    played.outcome = Err(CallError::new(ErrorKind::Cancelled, "cancelled"));
                }
            }
            let usage = played
                .events
                .iter()
                .rev()
                .find_map(|(_, event)| match event {
                    crate::model::ProviderEvent::Usage(usage) => Some(*usage),
                    _ => None,
                })
                .unwrap_or_default();
            let price = self.endpoints.price(&model, &usage);
            let (execution, chunks) = forward(run_id, spec, at, played, price);
            kept.push(Kept { execution, chunks, rating: None });
        }
        judge(dice, &mut kept);
        Ok(kept)
    }

    async fn keep_month(&self, kept: Vec<Kept>) -> Result<(), AppError> {
        for some in kept.chunks(64) {
            let begun: Vec<Execution> = some
                .iter()
                .map(|kept| Execution {
                    status: crate::model::Status::Running,
                    ..kept.execution.clone()
                })
                .collect();
            self.store.begin_many(&begun).await?;
            try_join_all(some.iter().map(|kept| self.store.finish(&kept.execution, &kept.chunks)))
                .await?;
            let rated = some.iter().filter(|kept| kept.rating.is_some());
            try_join_all(rated.map(|kept| self.store.rate(kept.execution.id, kept.rating))).await?;
        }
        Ok(())
    }
}

/// An id made at a time, so that ids sort as they would have.
fn id_at(at: Timestamp) -> Uuid {
    let seconds = u64::try_from(at.as_second()).unwrap_or(0);
    let nanoseconds = u32::try_from(at.subsec_nanosecond()).unwrap_or(0);
    Uuid::new_v7(uuid::Timestamp::from_unix(NoContext, seconds, nanoseconds))
}

/// Rates some runs by a rule: the more of the careful model's words an answer to the same prompt
/// has, the better it is. The winner is the best.
fn judge(dice: &mut Dice, kept: &mut [Kept]) {
    if dice.roll(5) > 1 {
        return;
    }
    for one in kept.iter_mut().filter(|one| one.execution.error.is_none()) {
        let asked = GenerationParameters::default();
        let reference = words(&answer(DemoModel::Careful, &one.execution.messages, &asked).text);
        let own = words(&one.execution.text);
        let shared = reference.iter().filter(|word| own.contains(word)).count();
        let rating = 1 + shared * 4 / reference.len().max(1);
        let mood = usize::try_from(dice.roll(2)).unwrap_or(0);
        one.rating = u8::try_from((rating + mood).clamp(1, 5)).ok();
    }
    let best = kept.iter().filter_map(|kept| kept.rating).max();
    if kept.len() > 1 && best.is_some() {
        for one in kept.iter_mut() {
            let value = if one.rating == best { "yes" } else { "no" };
            one.execution.tags.insert("winner".to_owned(), value.to_owned());
        }
    }
}

fn words(text: &str) -> Vec<String> {
    let mut words: Vec<String> = text
        .split(|character: char| !character.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect();
    words.sort();
    words.dedup();
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_is_on_templates_that_are_there() {
        for work in &WORK {
            let path = format!("prompts/{}.prompty", work.template);
            let text = super::super::workspace::sample_text(&path).expect(&path);
            assert!(text.contains(&format!("  {}:", work.parameter)), "{}", work.template);
            assert!(!work.inputs.is_empty());
            if let Some((line, _)) = work.added {
                assert!(text.contains(line), "{}: {line}", work.template);
                assert!(text.contains("version: 1.0.0"), "{}", work.template);
            }
        }
    }

    #[test]
    fn dice_are_the_same_every_time() {
        let rolls = |seed| {
            let mut dice = Dice(seed);
            (0..20).map(|_| dice.roll(6)).collect::<Vec<_>>()
        };
        assert_eq!(rolls(7), rolls(7));
        assert!(rolls(7).iter().any(|roll| *roll != rolls(7)[0]));
    }
}
