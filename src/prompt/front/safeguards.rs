//! What front matter says of guards and recovery.

use serde_json::Value;

use super::{
    read::{FrontError, bad, text_of},
    yaml::{Key, Node, NodeValue},
};
use crate::{
    model::{
        GuardAction, GuardName, GuardRules, Recovery, RecoveryRules, Strategy, did_you_mean,
        nearest,
    },
    safety::guard::check_expression,
};

const GUARDS: [&str; 11] = [
    "injection",
    "threshold",
    "hidden",
    "sanitise",
    "delimiters",
    "hierarchy",
    "canary",
    "output",
    "allowed_hosts",
    "forbidden",
    "required",
];
const RECOVERY: [&str; 3] = ["mode", "max", "strategies"];

/// Reads `guards:`: a word for all of them, or a mapping.
pub(super) fn guards(node: &Node) -> Result<GuardRules, FrontError> {
    let Some(entries) = node.entries() else {
        return match node.value {
            NodeValue::Scalar(Value::Null) => Ok(GuardRules::default()),
            _ => action(node).map(GuardRules::everywhere),
        };
    };
    let mut rules = GuardRules::default();
    for (key, value) in entries {
        if let Some(guard) = GuardName::from_word(&key.text) {
            *rules.action_mut(guard) = Some(action(value)?);
            continue;
        }
        match key.text.as_str() {
            "sanitise" | "sanitize" => rules.sanitise = Some(switch(value, "sanitise")?),
            "delimiters" => rules.delimiters = Some(switch(value, "delimiters")?),
            "threshold" => {
                let number = value.to_json().as_f64().filter(|it| (0.0..=1.0).contains(it));
                let wrong = || bad(value, "threshold must be a number from 0 to 1");
                rules.threshold = Some(number.ok_or_else(wrong)?);
            }
            "allowed_hosts" => rules.allowed_hosts = Some(texts(value, "allowed_hosts")?),
            "forbidden" => rules.forbidden = Some(expressions(value, "forbidden")?),
            "required" => rules.required = Some(expressions(value, "required")?),
            other => return Err(unknown(key, other, "guards", &GUARDS)),
        }
    }
    Ok(rules)
}

/// Reads `recovery:`: `on`, `off`, or a mapping.
pub(super) fn recovery(node: &Node) -> Result<RecoveryRules, FrontError> {
    let mut rules = RecoveryRules::default();
    let Some(entries) = node.entries() else {
        if !matches!(node.value, NodeValue::Scalar(Value::Null)) {
            rules.on = Some(switch(node, "recovery")?);
        }
        return Ok(rules);
    };
    for (key, value) in entries {
        match key.text.as_str() {
            "mode" => rules.on = Some(switch(value, "mode")?),
            "max" => {
                let most = u64::from(Recovery::LIMIT);
                let max = value.to_json().as_u64().filter(|max| *max <= most);
                let wrong = || bad(value, format!("max must be a whole number from 0 to {most}"));
                rules.max = Some(u32::try_from(max.ok_or_else(wrong)?).unwrap_or(Recovery::LIMIT));
            }
            "strategies" => {
                let words = texts(value, "strategies")?;
                let known = Strategy::ALL.map(Strategy::as_str);
                let strategy = |word: &String| {
                    Strategy::from_word(word).ok_or_else(|| {
                        let near = did_you_mean(nearest(word, known));
                        let all = known.join(", ");
                        bad(value, format!("there is no strategy `{word}`; there are {all}{near}"))
                    })
                };
                rules.strategies = Some(words.iter().map(strategy).collect::<Result<_, _>>()?);
            }
            other => return Err(unknown(key, other, "recovery", &RECOVERY)),
        }
    }
    Ok(rules)
}

fn unknown(key: &Key, word: &str, block: &str, known: &[&str]) -> FrontError {
    let near = did_you_mean(nearest(word, known.iter().copied()));
    FrontError {
        offset: key.range.start,
        message: format!("`{word}` is not known under {block}{near}"),
        hint: Some(format!("it may have {}", known.join(", "))),
    }
}

/// How strict a guard is. YAML reads a bare `off` and `on` as truth values.
fn action(node: &Node) -> Result<GuardAction, FrontError> {
    let action = match &node.value {
        NodeValue::Scalar(Value::Bool(on)) => {
            Some(if *on { GuardAction::Warn } else { GuardAction::Off })
        }
        NodeValue::Scalar(Value::String(word)) if word == "on" => Some(GuardAction::Warn),
        NodeValue::Scalar(Value::String(word)) => GuardAction::from_word(word),
        _ => None,
    };
    action.ok_or_else(|| bad(node, "a guard is off, observe, warn or block"))
}

fn switch(node: &Node, key: &str) -> Result<bool, FrontError> {
    match &node.value {
        NodeValue::Scalar(Value::Bool(on)) => Ok(*on),
        NodeValue::Scalar(Value::String(word)) if word == "on" => Ok(true),
        NodeValue::Scalar(Value::String(word)) if word == "off" => Ok(false),
        _ => Err(bad(node, format!("{key} must be on or off"))),
    }
}

/// A list of texts; one alone is a list of one. Nothing is split: a comma may be part of it.
fn texts(node: &Node, key: &str) -> Result<Vec<String>, FrontError> {
    match &node.value {
        NodeValue::List(items) => items.iter().map(|item| text_of(item, key)).collect(),
        NodeValue::Scalar(Value::String(text)) => Ok(vec![text.clone()]),
        NodeValue::Scalar(Value::Null) => Ok(Vec::new()),
        _ => Err(bad(node, format!("{key} must be a list of texts"))),
    }
}

fn expressions(node: &Node, key: &str) -> Result<Vec<String>, FrontError> {
    let expressions = texts(node, key)?;
    for expression in &expressions {
        check_expression(expression).map_err(|error| {
            bad(node, format!("{key}: `{expression}` is no regular expression: {error}"))
        })?;
    }
    Ok(expressions)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prompt::front::yaml;

    fn guards_of(text: &str) -> Result<GuardRules, FrontError> {
        guards(&yaml::read(text).expect("YAML"))
    }

    #[test]
    fn guards_are_read_as_a_word_or_one_by_one() {
        assert_eq!(guards_of("block"), Ok(GuardRules::everywhere(GuardAction::Block)));
        assert_eq!(guards_of("off"), Ok(GuardRules::everywhere(GuardAction::Off)));
        let rules = guards_of(
            "{injection: block, hidden: off, canary: warn, delimiters: on, threshold: 0.7, allowed_hosts: [example.com], forbidden: 'a, b'}",
        )
        .expect("rules");
        assert_eq!(rules.injection, Some(GuardAction::Block));
        assert_eq!(rules.hidden, Some(GuardAction::Off));
        assert_eq!((rules.delimiters, rules.sanitise), (Some(true), None));
        assert_eq!(rules.threshold, Some(0.7));
        assert_eq!(rules.forbidden, Some(vec!["a, b".to_owned()]));
    }

    #[test]
    fn what_is_wrong_is_named_where_it_stands() {
        for (text, offset, part) in [
            ("{injektion: block}", 1, "did you mean `injection`"),
            ("{injection: strict}", 12, "off, observe, warn or block"),
            ("{threshold: 2}", 12, "from 0 to 1"),
            ("{forbidden: ['a(']}", 12, "no regular expression"),
            ("{delimiters: maybe}", 13, "on or off"),
        ] {
            let error = guards_of(text).expect_err(text);
            assert_eq!(error.offset, offset, "{text}");
            assert!(error.message.contains(part), "{}", error.message);
        }
    }

    #[test]
    fn recovery_is_read_as_a_word_or_a_mapping() {
        let read = |text: &str| recovery(&yaml::read(text).expect("YAML"));
        assert_eq!(read("on").expect("on").on, Some(true));
        let rules = read("{mode: on, max: 1, strategies: [simplify, format-fix]}").expect("all");
        assert_eq!(rules.max, Some(1));
        assert_eq!(rules.strategies, Some(vec![Strategy::Simplify, Strategy::FormatFix]));
        assert!(read("{max: 9}").is_err());
        let error = read("{strategies: [simplfy]}").expect_err("no such");
        assert!(error.message.contains("did you mean `simplify`"), "{}", error.message);
    }
}
