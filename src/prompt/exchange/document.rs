//! YAML and JSON documents of other tools, read within bounds and written.

use serde_json::{Map, Value};

use super::super::front::yaml;

/// Reads one YAML document (JSON is YAML too), held to the same budgets as front matter.
///
/// # Errors
/// A sentence with the place.
pub(super) fn read(text: &str) -> Result<Value, String> {
    yaml::read(text)
        .map(|node| node.to_json())
        .map_err(|error| format!("line {}, column {}: {}", error.line, error.column, error.message))
}

/// Reads a JSON document, or YAML where it is not JSON: many tools take either.
///
/// # Errors
/// A sentence with the place.
pub(super) fn read_any(text: &str) -> Result<Value, String> {
    serde_json::from_str(text).or_else(|_| read(text))
}

/// Writes a document as YAML, texts of several lines as blocks.
pub(super) fn write(value: &Value) -> String {
    let options = serde_saphyr::ser_options! {
        indent_step: 2,
        // Long lines stay one line: folding would make every edit a bigger difference.
        folded_wrap_chars: usize::MAX,
        prefer_block_scalars: true,
    };
    let written = serde_saphyr::to_string_with_options(value, options).ok();
    // What is written must read back as what was meant; JSON always does, being YAML as well.
    let same = |text: &String| yaml::read(text).is_ok_and(|node| node.to_json() == *value);
    written.filter(same).unwrap_or_else(|| format!("{value:#}\n"))
}

/// A text of several lines after a `---` block of YAML.
pub(super) fn with_front(front: Map<String, Value>, body: &str) -> String {
    if front.is_empty() {
        return format!("---\n---\n{body}");
    }
    format!("---\n{}---\n{body}", write(&front.into()))
}

/// The text of a value, numbers and truths as written.
pub(super) fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        _ => None,
    }
}

/// A list of texts; one text alone is a list of one.
pub(super) fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::Array(items) => items.iter().filter_map(text).collect(),
        other => text(other).into_iter().collect(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn texts_of_several_lines_are_blocks() {
        let text = write(&json!({"prompt": "You are.\n\n  Be brief.\n", "model": "gpt-4o"}));
        assert!(text.starts_with("prompt: |\n"), "{text}");
        assert!(text.contains("\nmodel: gpt-4o\n"), "{text}");
    }

    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i32>().prop_map(Value::from),
            "[ -~\n\té\u{85}\u{2028}]{0,12}".prop_map(Value::from),
            "(yes|no|null|~|1.0|0x1f|---|- a|a: b|#c| lead|trail |\n\n|\"|'){0,3}"
                .prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::vec(("[a-z:# -]{1,6}", inner), 0..4)
                    .prop_map(|entries| Value::Object(entries.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(10_000))]

        #[test]
        fn what_is_written_reads_back(value in value()) {
            let value = json!({ "root": value });
            prop_assert_eq!(read(&write(&value)).expect("yaml"), value);
        }
    }
}
