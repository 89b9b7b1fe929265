use promptlathe::{
    model::Guards,
    safety::guard::{MOST_FINDINGS, detect},
};
use proptest::prelude::*;

use super::labelled::{LINES, Parted, labelled, scored};

#[test]
fn the_labelled_texts_are_many_varied_and_in_two_halves() {
    let all = labelled();
    assert_eq!(all.len(), LINES.lines().count(), "a line is not a labelled text");
    for half in ["tune", "held"] {
        let of = |injection: bool| {
            all.iter().filter(|it| it.half == half && it.is_injection() == injection).count()
        };
        assert!(of(true) >= 60 && of(false) >= 80, "{half}: {} and {}", of(true), of(false));
    }
    let mut texts: Vec<_> = all.iter().map(|it| &it.text).collect();
    texts.sort_unstable();
    texts.dedup();
    assert_eq!(texts.len(), all.len(), "a text stands twice");
    assert!(all.iter().all(|it| it.half == "tune" || it.half == "held"));
    assert!(all.iter().all(|it| it.label == "injection" || it.label == "benign"));
    assert!(all.iter().all(|it| !it.family.is_empty()));
}

#[test]
fn the_held_out_half_is_told_apart_at_least_this_well() {
    let parted = Parted::at(Guards::THRESHOLD, "held", &scored());
    assert!(parted.precision() >= 0.8, "{parted:?}");
    assert!(parted.recall() >= 0.6, "{parted:?}");
}

/// What the page of safety says of the detector is what it does.
#[test]
fn the_figures_of_the_page_are_those_of_the_texts() {
    let page = include_str!("../../docs/safety.md");
    let (_, section) = page.split_once("### How well that works").expect("a section");
    let (section, _) = section.split_once("\n## ").expect("its end");
    let scored = scored();
    let mut rows = 0;
    for line in section.lines().filter(|line| line.starts_with("| ")) {
        let cells: Vec<&str> =
            line.trim_matches('|').split('|').map(|it| it.trim().trim_matches('*')).collect();
        let [threshold, precision, recall] = cells.as_slice() else {
            panic!("three cells: {line}")
        };
        let Ok(threshold) = threshold.parse::<f64>() else { continue };
        let parted = Parted::at(threshold, "held", &scored);
        let found = (format!("{:.3}", parted.precision()), format!("{:.3}", parted.recall()));
        assert_eq!((*precision, *recall), (&*found.0, &*found.1), "at {threshold}");
        rows += 1;
    }
    assert_eq!(rows, 6);
    let words = section.split_whitespace().collect::<Vec<_>>().join(" ");
    let tuned = Parted::at(Guards::THRESHOLD, "tune", &scored);
    let attempts = scored.iter().filter(|it| it.labelled.is_injection()).count();
    let share = (100 * attempts + scored.len() / 2) / scored.len();
    for told in [
        format!("precision at 0.5 is {:.3} and recall {:.3}", tuned.precision(), tuned.recall()),
        format!("{} texts in", scored.len()),
        format!("{attempts} attempts and {} harmless texts", scored.len() - attempts),
        format!("far below the {share} % here"),
    ] {
        assert!(words.contains(&told), "the page does not say: {told}");
    }
}

/// Pieces that patterns are made of, so that random texts come near them.
fn piece() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<char>().prop_map(String::from),
        "\\PC{0,12}",
        prop::sample::select(vec![
            "ignore ",
            "all ",
            "previous ",
            "instructions",
            "\nsystem: ",
            "you are now ",
            "![x](http://",
            "?q=",
            ")",
            "</user>",
            "\u{e0069}",
            "\u{200b}",
            "%49",
            "&#105;",
            "\\u0069",
            "aWdub3Jl",
            "i g n o r e ",
            "01101001 ",
            "снигнорируй",
            "\"",
            "`",
            "<|im_start|>",
            "0x69",
            "==",
        ])
        .prop_map(str::to_owned),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 10_000, ..ProptestConfig::default() })]

    #[test]
    fn any_text_has_a_risk_and_findings_inside_of_it(
        text in prop::collection::vec(piece(), 0..24).prop_map(|pieces| pieces.concat()),
    ) {
        let risk = detect(&text);
        prop_assert!((0.0..=1.0).contains(&risk.score));
        prop_assert!(risk.findings.len() <= MOST_FINDINGS);
        prop_assert_eq!(risk.score > 0.0, !risk.findings.is_empty());
        for finding in &risk.findings {
            prop_assert!(text.get(finding.range.clone()).is_some(), "{:?}", finding);
            prop_assert!(finding.weight > 0.0 && finding.weight < 1.0);
        }
    }
}
