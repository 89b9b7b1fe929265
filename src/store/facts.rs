//! The small row of an execution: what lists, filters, searches and charts read.

use rusqlite::{Row, Statement, types::ToSql};
use serde::{Deserialize, de::value::StrDeserializer};
use uuid::Uuid;

use super::{
    fault::{Fault, Outcome},
    plain::{first_line, first_words},
    rollup::{Rollup, RollupKey},
    time,
};
use crate::model::{CacheState, ErrorKind, Execution, ExecutionId, RunId, Status, Usage};

/// The columns of `executions` that [`Facts`] is made of, in its order.
pub(super) const COLUMNS: &str = "id, run_id, started_ns, template, version, content_hash, \
    variant, provider, model, response_model, status, error_kind, finish_reason, input_tokens, \
    output_tokens, cached_input_tokens, cache_write_tokens, reasoning_tokens, usage_estimated, \
    cost_usd, headers_ms, first_event_ms, ttft_ms, total_ms, tokens_per_second, cache, attempts, \
    checks_passed, checks_total, quality, rating, prompt_line, answer_line, error_line, similarity, \
    saved_usd";

/// How many columns these are.
pub(super) const COLUMN_COUNT: usize = 36;

/// One small row.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Facts {
    pub(super) id: ExecutionId,
    pub(super) run_id: RunId,
    pub(super) started_ns: i64,
    pub(super) template: Option<String>,
    pub(super) version: Option<String>,
    pub(super) content_hash: Option<String>,
    pub(super) variant: String,
    pub(super) provider: String,
    pub(super) model: String,
    pub(super) response_model: Option<String>,
    pub(super) status: Status,
    pub(super) error_kind: Option<ErrorKind>,
    pub(super) finish_reason: Option<String>,
    pub(super) usage: Usage,
    pub(super) cost_usd: Option<f64>,
    pub(super) headers_ms: Option<u64>,
    pub(super) first_event_ms: Option<u64>,
    pub(super) ttft_ms: Option<u64>,
    pub(super) total_ms: Option<u64>,
    pub(super) tokens_per_second: Option<f64>,
    pub(super) cache: CacheState,
    pub(super) attempts: u64,
    pub(super) checks_passed: u64,
    pub(super) checks_total: u64,
    pub(super) quality: Option<f64>,
    pub(super) rating: Option<u8>,
    pub(super) prompt_line: String,
    pub(super) answer_line: String,
    pub(super) error_line: Option<String>,
    /// How alike the prompts are, for an answer from the cache.
    pub(super) similarity: Option<f64>,
    /// What an answer from the cache did not cost again.
    pub(super) saved_usd: Option<f64>,
}

impl Facts {
    pub(super) fn of(execution: &Execution) -> Self {
        let answer = [&execution.text, &execution.refusal]
            .into_iter()
            .map(|text| first_words(text))
            .find(|line| !line.is_empty())
            .unwrap_or_default();
        let reused = execution.reused.as_ref();
        Self {
            id: execution.id,
            run_id: execution.run_id,
            started_ns: time::to_stored(execution.timing.started_at),
            template: execution.template.as_ref().map(|id| id.as_str().to_owned()),
            version: execution.version.as_ref().map(ToString::to_string),
            content_hash: execution.content_hash.as_ref().map(|hash| hash.as_str().to_owned()),
            variant: execution.variant.as_str().to_owned(),
            provider: execution.provider.clone(),
            model: execution.model.clone(),
            response_model: execution.response_model.clone(),
            status: execution.status,
            error_kind: execution.error_kind(),
            finish_reason: execution.finish_reason.map(|reason| reason.as_str().to_owned()),
            usage: execution.usage,
            // What is no number would come back as nothing at all; it is nothing from the start.
            cost_usd: execution.cost_usd.filter(|cost| !cost.is_nan()),
            headers_ms: execution.timing.headers_ms,
            first_event_ms: execution.timing.first_event_ms,
            ttft_ms: execution.timing.ttft_ms,
            total_ms: execution.timing.total_ms,
            tokens_per_second: execution.timing.tokens_per_second.filter(|rate| !rate.is_nan()),
            cache: execution.cache,
            attempts: execution.attempts.len() as u64,
            checks_passed: execution.checks.iter().filter(|check| check.passed).count() as u64,
            checks_total: execution.checks.len() as u64,
            quality: execution.quality.overall.filter(|score| !score.is_nan()),
            rating: execution.rating,
            prompt_line: execution
                .messages
                .last()
                .map(|message| first_words(&message.content))
                .unwrap_or_default(),
            answer_line: answer,
            error_line: execution.error.as_ref().map(|error| first_line(&error.message)),
            similarity: reused.map(|reused| reused.similarity).filter(|value| !value.is_nan()),
            saved_usd: reused.and_then(|reused| reused.saved_usd).filter(|cost| !cost.is_nan()),
        }
    }

    /// Reads the row from a result whose columns begin with [`COLUMNS`].
    pub(super) fn read(row: &Row<'_>) -> Outcome<Self> {
        let text = |index| row.get::<_, Option<String>>(index);
        let number =
            |index| Ok::<_, rusqlite::Error>(row.get::<_, Option<i64>>(index)?.map(unsigned));
        Ok(Self {
            id: ExecutionId(Uuid::from_bytes(row.get(0)?)),
            run_id: RunId(Uuid::from_bytes(row.get(1)?)),
            started_ns: row.get(2)?,
            template: text(3)?,
            version: text(4)?,
            content_hash: text(5)?,
            variant: row.get(6)?,
            provider: row.get(7)?,
            model: row.get(8)?,
            response_model: text(9)?,
            status: word(&row.get::<_, String>(10)?)?,
            error_kind: text(11)?.as_deref().map(word).transpose()?,
            finish_reason: text(12)?,
            usage: Usage {
                input_tokens: number(13)?,
                output_tokens: number(14)?,
                cached_input_tokens: number(15)?,
                cache_write_tokens: number(16)?,
                reasoning_tokens: number(17)?,
                estimated: row.get(18)?,
                // Among the details, which lists do without.
                cache_write_hour_tokens: None,
            },
            cost_usd: row.get(19)?,
            headers_ms: number(20)?,
            first_event_ms: number(21)?,
            ttft_ms: number(22)?,
            total_ms: number(23)?,
            tokens_per_second: row.get(24)?,
            cache: word(&row.get::<_, String>(25)?)?,
            attempts: unsigned(row.get(26)?),
            checks_passed: unsigned(row.get(27)?),
            checks_total: unsigned(row.get(28)?),
            quality: row.get(29)?,
            rating: row.get(30)?,
            prompt_line: row.get(31)?,
            answer_line: row.get(32)?,
            error_line: text(33)?,
            similarity: row.get(34)?,
            saved_usd: row.get(35)?,
        })
    }

    /// Binds every column in the order of [`COLUMNS`], the first at `?1`.
    pub(super) fn bind(&self, statement: &mut Statement<'_>) -> rusqlite::Result<()> {
        let values: [&dyn ToSql; COLUMN_COUNT] = [
            self.id.0.as_bytes(),
            self.run_id.0.as_bytes(),
            &self.started_ns,
            &self.template,
            &self.version,
            &self.content_hash,
            &self.variant,
            &self.provider,
            &self.model,
            &self.response_model,
            &self.status.as_str(),
            &self.error_kind.map(ErrorKind::as_str),
            &self.finish_reason,
            &self.usage.input_tokens.map(signed),
            &self.usage.output_tokens.map(signed),
            &self.usage.cached_input_tokens.map(signed),
            &self.usage.cache_write_tokens.map(signed),
            &self.usage.reasoning_tokens.map(signed),
            &self.usage.estimated,
            &self.cost_usd,
            &self.headers_ms.map(signed),
            &self.first_event_ms.map(signed),
            &self.ttft_ms.map(signed),
            &self.total_ms.map(signed),
            &self.tokens_per_second,
            &cache_word(self.cache),
            &signed(self.attempts),
            &signed(self.checks_passed),
            &signed(self.checks_total),
            &self.quality,
            &self.rating,
            &self.prompt_line,
            &self.answer_line,
            &self.error_line,
            &self.similarity,
            &self.saved_usd,
        ];
        for (index, value) in values.into_iter().enumerate() {
            statement.raw_bind_parameter(index + 1, value)?;
        }
        Ok(())
    }

    /// The hour it was begun in.
    pub(super) const fn hour(&self) -> i64 {
        time::hour_of(self.started_ns)
    }

    /// What it cost in 1e-9 US dollars.
    pub(super) fn cost_nano(&self) -> Option<i64> {
        self.cost_usd.map(nano)
    }

    /// What this execution adds to the sums of its hour; `None` while it runs.
    pub(super) fn contribution(&self, workspace: i64) -> Option<(RollupKey, Rollup)> {
        if self.status == Status::Running {
            return None;
        }
        let key = RollupKey {
            hour: self.hour(),
            workspace,
            template: self.template.clone().unwrap_or_default(),
            version: self.version.clone().unwrap_or_default(),
            provider: self.provider.clone(),
            model: self.model.clone(),
            status: self.status,
            error_kind: self.error_kind,
        };
        let mut rollup = Rollup {
            runs: 1,
            costed_runs: i64::from(self.cost_usd.is_some()),
            cost_nano: self.cost_nano().unwrap_or(0),
            counted_runs: i64::from(self.usage.is_known()),
            input_tokens: count(self.usage.input_tokens),
            output_tokens: count(self.usage.output_tokens),
            cached_input_tokens: count(self.usage.cached_input_tokens),
            reasoning_tokens: count(self.usage.reasoning_tokens),
            cache_hits: i64::from(self.cache.is_hit()),
            cache_misses: i64::from(self.cache == CacheState::Miss),
            saved_nano: self.saved_usd.map_or(0, nano),
            attempts: count(Some(self.attempts)),
            checks_passed: count(Some(self.checks_passed)),
            checks_total: count(Some(self.checks_total)),
            scored_runs: i64::from(self.quality.is_some()),
            quality_micro: self.quality.map_or(0, |score| scaled(score, 1e6)),
            rated_runs: i64::from(self.rating.is_some()),
            rating_sum: self.rating.map_or(0, i64::from),
            ..Rollup::default()
        };
        // An answer from the cache says nothing of how fast its model is.
        if !self.cache.is_hit() {
            if let Some(total) = self.total_ms {
                rollup.total.push(total);
            }
            if let Some(ttft) = self.ttft_ms {
                rollup.ttft.push(ttft);
            }
        }
        Some((key, rollup))
    }
}

/// The most a single execution may add to a sum: a provider's absurd figure must not make the
/// sums of a whole database overflow.
const MOST: i64 = 1 << 50;

fn count(value: Option<u64>) -> i64 {
    value.map_or(0, |value| i64::try_from(value).unwrap_or(MOST).min(MOST))
}

/// US dollars in 1e-9 of them.
pub(super) fn nano(dollars: f64) -> i64 {
    scaled(dollars, 1e9)
}

#[expect(clippy::cast_possible_truncation, reason = "clamped to 2^50 before")]
#[expect(clippy::cast_precision_loss, reason = "2^50 is exact in a double")]
fn scaled(value: f64, unit: f64) -> i64 {
    (value * unit).round().clamp(-(MOST as f64), MOST as f64) as i64
}

/// A count as SQLite keeps it; what is larger than it can keep becomes the largest it can.
pub(super) fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

fn unsigned(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(0)
}

const fn cache_word(state: CacheState) -> &'static str {
    match state {
        CacheState::Off => "off",
        CacheState::Miss => "miss",
        CacheState::Exact => "exact",
        CacheState::Similar => "similar",
    }
}

/// The value a stored word stands for, by the type's own form in records.
pub(super) fn word<'de, T: Deserialize<'de>>(text: &'de str) -> Outcome<T> {
    let reader = StrDeserializer::<serde::de::value::Error>::new(text);
    T::deserialize(reader).map_err(Fault::damaged)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_columns_are_as_many_as_said() {
        assert_eq!(COLUMNS.split(',').count(), COLUMN_COUNT);
    }

    #[test]
    fn every_word_reads_back() {
        for status in Status::ALL {
            assert_eq!(word::<Status>(status.as_str()).expect("a status"), status);
        }
        for &kind in ErrorKind::ALL {
            assert_eq!(word::<ErrorKind>(kind.as_str()).expect("a kind"), kind);
        }
        for state in [CacheState::Off, CacheState::Miss, CacheState::Exact, CacheState::Similar] {
            assert_eq!(word::<CacheState>(cache_word(state)).expect("a state"), state);
        }
        assert!(word::<Status>("finished").is_err());
    }
}
