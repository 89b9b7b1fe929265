//! Values written into front matter.

use serde_json::Value;

/// A JSON value as YAML flow text that reads back as the same value: plain where that is safe,
/// JSON (which is YAML) everywhere else.
#[must_use]
pub(crate) fn flow_safe_scalar(value: &Value) -> String {
    match value {
        Value::String(text) if is_plain(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Whether a text may stand unquoted in YAML, in block and in flow, and stays a text.
fn is_plain(text: &str) -> bool {
    // Two dots make it no number.
    if semver::Version::parse(text).is_ok() {
        return true;
    }
    let starts_well = text.chars().next().is_some_and(char::is_alphabetic);
    let safe = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '/' | '.' | ' ');
    let lower = text.to_ascii_lowercase();
    let word = matches!(
        lower.as_str(),
        "true" | "false" | "null" | "yes" | "no" | "on" | "off" | "y" | "n" | "nan" | "inf"
    );
    starts_well && !word && text.chars().all(safe) && !text.ends_with(' ')
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::yaml;
    use super::*;

    #[test]
    fn scalars_read_back_as_they_were() {
        for value in [
            json!("plain words"),
            json!("yes"),
            json!("- not a list"),
            json!("a: b"),
            json!("#c"),
            json!("x # y"),
            json!("trailing "),
            json!("é\n\"q\""),
            json!(1.5),
            json!(true),
            json!("1.10"),
            json!("1.10.0-rc.1+5"),
            json!("null"),
            json!(["a", "b: c"]),
            json!({"k": [1]}),
        ] {
            for text in [
                format!("k: {}\n", flow_safe_scalar(&value)),
                format!("{{k: {}, z: 1}}\n", flow_safe_scalar(&value)),
            ] {
                assert_eq!(yaml::read(&text).expect(&text).to_json()["k"], value, "{text}");
            }
        }
    }
}
