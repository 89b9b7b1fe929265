//! How well and how fast the injection detector works: precision and recall at each threshold on
//! the labelled texts, both halves apart, and bytes a second.
//!
//! `cargo bench --bench guards`; with `-- misses`, also what it got wrong in the half it was
//! written with. The held-out half's texts are never listed, so that nobody tunes on them.

#![expect(clippy::print_stdout, reason = "printing the figures is what this is for")]
#![expect(clippy::expect_used, reason = "a benchmark says what it expected and stops")]

use std::{collections::BTreeMap, hint::black_box, time::Instant};

use promptlathe::{model::Guards, safety::guard::detect};

#[path = "../tests/support/labelled.rs"]
mod labelled;

use labelled::{Parted, Scored, scored};

fn main() {
    let started = Instant::now();
    black_box(detect("ready"));
    println!("first use (patterns compiled): {:.1} ms", started.elapsed().as_secs_f64() * 1e3);
    let scored = scored();
    for half in ["tune", "held"] {
        table(half, &scored);
    }
    families(&scored);
    if std::env::args().any(|argument| argument == "misses") {
        misses(&scored);
    }
    speed();
}

fn table(half: &str, scored: &[Scored]) {
    println!(
        "\nhalf `{half}`\nthreshold  precision  recall  found  missed  false alarms  left alone"
    );
    for step in 1..=9 {
        let threshold = f64::from(step) / 10.0;
        let parted = Parted::at(threshold, half, scored);
        println!(
            "      {threshold:.1}      {:.3}   {:.3}  {:>5}  {:>6}  {:>12}  {:>10}",
            parted.precision(),
            parted.recall(),
            parted.found,
            parted.missed,
            parted.alarmed,
            parted.left
        );
    }
}

/// The share called an injection, by family.
fn families(scored: &[Scored]) {
    let mut by: BTreeMap<(&str, &str), [[u32; 2]; 2]> = BTreeMap::new();
    for it in scored {
        let half = usize::from(it.labelled.half == "held");
        let key = (it.labelled.label.as_str(), it.labelled.family.as_str());
        let cell = &mut by.entry(key).or_default()[half];
        cell[0] += u32::from(it.score >= Guards::THRESHOLD);
        cell[1] += 1;
    }
    println!("\ncalled an injection at {}, by family (tune, held)", Guards::THRESHOLD);
    for ((label, family), [tune, held]) in by {
        println!(
            "{label:>9}  {family:<14} {:>2}/{:<2}  {:>2}/{:<2}",
            tune[0], tune[1], held[0], held[1]
        );
    }
}

fn misses(scored: &[Scored]) {
    println!("\nwrong in the half `tune`");
    for it in scored.iter().filter(|it| it.labelled.half == "tune") {
        if it.labelled.is_injection() != (it.score >= Guards::THRESHOLD) {
            let found = detect(&it.labelled.text).patterns().join(", ");
            println!("{:.2} {} [{found}] {:?}", it.score, it.labelled.label, it.labelled.text);
        }
    }
}

fn speed() {
    let prose = include_str!("../README.md").repeat(40);
    let started = Instant::now();
    let mut bytes = 0;
    while started.elapsed().as_secs_f64() < 2.0 {
        black_box(detect(black_box(&prose)));
        bytes += prose.len();
    }
    let megabytes = u32::try_from(bytes >> 20).expect("two seconds' worth");
    println!("\nprose: {:.1} MiB/s", f64::from(megabytes) / started.elapsed().as_secs_f64());
}
