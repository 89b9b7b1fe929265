//! JSON out of answers: whatever comes, it ends well, and what is JSON is left as it is.

use promptlathe::prompt::answer::{extract, mismatches};
use proptest::prelude::*;
use serde_json::{Map, Value};

fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "\\PC{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("\\PC{0,6}", inner, 0..4)
                .prop_map(|fields| Value::Object(fields.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

fn piece() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<char>().prop_map(String::from),
        prop::sample::select(vec![
            "{",
            "}",
            "[",
            "]",
            ",",
            ":",
            "\"",
            "'",
            "\\",
            "\\u",
            "\\ud83d",
            "//",
            "/*",
            "*/",
            "```",
            "```json\n",
            "true",
            "None",
            "1",
            "-",
            ".5",
            "1e999",
            "key",
            " ",
            "\n",
            "“",
            "”",
            "\u{feff}",
        ])
        .prop_map(str::to_owned),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 10_000, ..ProptestConfig::default() })]

    #[test]
    fn json_is_left_as_it_is_and_found_among_words(value in json()) {
        let found = extract(&value.to_string()).expect("it is JSON");
        prop_assert_eq!(&found.value, &value);
        prop_assert!(found.repairs.is_empty());
        if value.is_object() || value.is_array() {
            let among = format!("Here it is:\n```json\n{value}\n```\nDone.");
            prop_assert_eq!(extract(&among).expect("still JSON").value, value);
        }
    }

    #[test]
    fn any_text_is_read_or_refused_and_what_is_read_is_json(
        text in prop::collection::vec(piece(), 0..40).prop_map(|pieces| pieces.concat()),
    ) {
        match extract(&text) {
            Ok(found) => {
                let again = found.value.to_string();
                prop_assert_eq!(extract(&again).expect("JSON").value, found.value);
            }
            Err(error) => prop_assert!(!error.message.is_empty()),
        }
    }

    #[test]
    fn a_schema_of_any_shape_ends(schema in json(), value in json()) {
        let found = mismatches(&schema, &value);
        prop_assert!(found.len() <= promptlathe::prompt::answer::MOST_MISMATCHES);
    }
}
