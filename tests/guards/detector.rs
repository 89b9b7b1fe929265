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
