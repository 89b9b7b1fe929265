//! The labelled texts, and how well the detector tells them apart. Shared by the test that holds
//! a floor and the bench that prints the figures.

use promptlathe::safety::guard::detect;
use serde::Deserialize;

/// One text with what it is.
#[derive(Debug, Deserialize)]
pub struct Labelled {
    /// `tune` or `held`: patterns were written looking at the misses of the first half alone.
    pub half: String,
    /// `injection` or `benign`.
    pub label: String,
    pub family: String,
    pub text: String,
}

impl Labelled {
    pub fn is_injection(&self) -> bool {
        self.label == "injection"
    }
}

pub const LINES: &str = include_str!("../guards/labelled.jsonl");

pub fn labelled() -> Vec<Labelled> {
    // A test holds that none is left out.
    LINES.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

/// A labelled text with the risk the detector saw in it.
pub struct Scored {
    pub labelled: Labelled,
    pub score: f64,
}

pub fn scored() -> Vec<Scored> {
    let score = |labelled: Labelled| Scored { score: detect(&labelled.text).score, labelled };
    labelled().into_iter().map(score).collect()
}

/// How a threshold parts a half.
#[derive(Clone, Copy, Debug, Default)]
pub struct Parted {
    pub found: u32,
    pub missed: u32,
    pub alarmed: u32,
    pub left: u32,
}

impl Parted {
    pub fn at(threshold: f64, half: &str, scored: &[Scored]) -> Self {
        let mut parted = Self::default();
        for it in scored.iter().filter(|it| it.labelled.half == half) {
            let count = match (it.labelled.is_injection(), it.score >= threshold) {
                (true, true) => &mut parted.found,
                (true, false) => &mut parted.missed,
                (false, true) => &mut parted.alarmed,
                (false, false) => &mut parted.left,
            };
            *count += 1;
        }
        parted
    }

    /// Of what was called an injection, the share that is one.
    pub fn precision(self) -> f64 {
        f64::from(self.found) / f64::from((self.found + self.alarmed).max(1))
    }

    /// Of the injections, the share that was called one.
    pub fn recall(self) -> f64 {
        f64::from(self.found) / f64::from((self.found + self.missed).max(1))
    }
}
