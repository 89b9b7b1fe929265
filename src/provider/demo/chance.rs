//! The only source of variety: a sequence of numbers that follows from seed, model and prompt.

use sha2::{Digest as _, Sha256};

use super::DemoModel;
use crate::model::{GenerationParameters, Message};

/// Draws that are the same whenever seed, model, messages and temperature are the same.
///
/// At temperature 0 nothing is drawn: every choice takes its first alternative.
#[derive(Clone, Debug)]
pub struct Chance {
    state: u64,
    temperature: f64,
}

impl Chance {
    /// The draws for a call. A call without a seed has seed 0: the simulated models never vary
    /// by themselves.
    pub fn new(model: DemoModel, messages: &[Message], parameters: &GenerationParameters) -> Self {
        let mut hasher = Sha256::new();
        hasher.update(parameters.seed.unwrap_or(0).to_le_bytes());
        hasher.update(model.id().as_bytes());
        for message in messages {
            hasher.update([0]);
            hasher.update(message.role.as_str().as_bytes());
            hasher.update([0]);
            hasher.update(message.content.as_bytes());
        }
        let digest = hasher.finalize();
        let state = digest.iter().take(8).fold(0, |state, byte| state << 8 | u64::from(*byte));
        Self { state, temperature: parameters.temperature.unwrap_or(0.0) }
    }

    /// The next number (`SplitMix64`, Steele, Lea and Flood 2014).
    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number in [0, 1).
    #[expect(clippy::cast_precision_loss, reason = "53 bits fit")]
    pub fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// One of several wordings: the first at temperature 0, and the more often another one the
    /// higher the temperature.
    pub fn pick<'a>(&mut self, wordings: &[&'a str]) -> &'a str {
        self.pick_index(wordings.len()).and_then(|index| wordings.get(index)).copied().unwrap_or("")
    }

    /// The position of one of several alternatives, as [`Self::pick`]; `None` of none.
    pub fn pick_index(&mut self, count: usize) -> Option<usize> {
        if count == 0 {
            return None;
        }
        // Both numbers are drawn even when unused, so that one choice does not shift the next.
        let (leave, which) = (self.unit(), self.unit());
        if leave >= self.temperature.min(1.0) {
            return Some(0);
        }
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a handful of alternatives"
        )]
        Some(((which * count as f64) as usize).min(count - 1))
    }

    /// Noise to add to a score when a decision is sampled: Gumbel noise scaled by the
    /// temperature, 0 at temperature 0. Adding it to log-odds and taking the greatest samples
    /// from their softmax at that temperature.
    pub fn noise(&mut self) -> f64 {
        let unit = self.unit().clamp(1e-12, 1.0 - 1e-12);
        -(-unit.ln()).ln() * self.temperature
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Role;

    fn chance(temperature: f64, seed: i64) -> Chance {
        let parameters = GenerationParameters {
            temperature: Some(temperature),
            seed: Some(seed),
            ..GenerationParameters::default()
        };
        Chance::new(DemoModel::Fast, &[Message::new(Role::User, "hello")], &parameters)
    }

    #[test]
    fn temperature_nought_takes_the_first_wording() {
        for seed in 0..50 {
            assert_eq!(chance(0.0, seed).pick(&["a", "b", "c"]), "a");
            assert!(chance(0.0, seed).noise().abs() < f64::EPSILON);
        }
    }

    #[test]
    fn warmth_varies_by_seed_and_repeats_for_one_seed() {
        let picks: Vec<_> = (0..50).map(|seed| chance(1.0, seed).pick(&["a", "b", "c"])).collect();
        let again: Vec<_> = (0..50).map(|seed| chance(1.0, seed).pick(&["a", "b", "c"])).collect();
        assert_eq!(picks, again);
        for word in ["a", "b", "c"] {
            assert!(picks.contains(&word), "{word} never picked");
        }
    }
}
