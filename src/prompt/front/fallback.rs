//! `fallback:` of the front matter: the models asked where the template's own does not answer.

use serde_json::Value;

use super::{
    read::{FrontError, Reader, bad},
    yaml::{Node, NodeValue},
};
use crate::model::{Fallback, ModelRef, read_duration};

/// What to write.
const EXPECTED: &str =
    "fallback is a list of models, such as [demo/fast, {model: demo/careful, timeout: 20s}]";

/// Reads a list of models, or one alone; each by its name or with a `timeout`.
pub(super) fn read(node: &Node, reader: &mut Reader<'_>) -> Result<(), FrontError> {
    reader.front.fallback = Some(match &node.value {
        NodeValue::List(items) => items.iter().map(one).collect::<Result<_, _>>()?,
        NodeValue::Scalar(Value::Null) => Vec::new(),
        _ => vec![one(node)?],
    });
    Ok(())
}

fn one(node: &Node) -> Result<Fallback, FrontError> {
    match &node.value {
        NodeValue::Scalar(Value::String(text)) => Ok(model(node, text)?.into()),
        NodeValue::Map(entries) => {
            let mut named = None;
            let mut timeout = None;
            for (key, value) in entries {
                match (key.text.as_str(), &value.value) {
                    ("model", NodeValue::Scalar(Value::String(text))) => {
                        named = Some(model(value, text)?);
                    }
                    ("timeout", NodeValue::Scalar(Value::String(text))) => {
                        timeout = Some(
                            read_duration(text).ok().filter(|time| !time.is_zero()).ok_or_else(
                                || {
                                    bad(
                                        value,
                                        "timeout must be a duration with its unit, such as 20s",
                                    )
                                },
                            )?,
                        );
                    }
                    _ => return Err(bad(value, EXPECTED)),
                }
            }
            let model = named.ok_or_else(|| bad(node, EXPECTED))?;
            Ok(Fallback { model, timeout })
        }
        _ => Err(bad(node, EXPECTED)),
    }
}

fn model(node: &Node, text: &str) -> Result<ModelRef, FrontError> {
    text.parse::<ModelRef>().map_err(|error| bad(node, error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        model::TemplateId,
        prompt::{Form, parse},
    };

    fn read(front: &str) -> Result<Option<Vec<Fallback>>, String> {
        let id: TemplateId = "t".parse().expect("an id");
        let source = format!("---\n{front}\n---\nuser:\nHi\n");
        parse(&id, Form::Prompty, &source)
            .map(|template| template.front.fallback)
            .map_err(|error| error.to_string())
    }

    #[test]
    fn models_are_read_with_and_without_a_timeout() {
        assert_eq!(read("name: x"), Ok(None));
        assert_eq!(read("fallback: []"), Ok(Some(Vec::new())));
        let fast = Fallback::from(ModelRef::new("demo", "fast"));
        assert_eq!(read("fallback: demo/fast"), Ok(Some(vec![fast.clone()])));
        let careful = Fallback {
            model: ModelRef::new("demo", "careful"),
            timeout: Some(std::time::Duration::from_secs(20)),
        };
        assert_eq!(
            read("fallback:\n  - demo/fast\n  - model: demo/careful\n    timeout: 20s"),
            Ok(Some(vec![fast, careful]))
        );
    }

    #[test]
    fn what_is_no_model_is_told() {
        for (front, words) in [
            ("fallback: [fast]", "`fast` does not name a model"),
            ("fallback: [7]", "fallback is a list of models"),
            ("fallback: [{timeout: 20s}]", "fallback is a list of models"),
            ("fallback: [{model: demo/fast, timeout: 20}]", "fallback is a list of models"),
            ("fallback: [{model: demo/fast, timeout: soon}]", "with its unit"),
            ("fallback: [{model: demo/fast, time: 1s}]", "fallback is a list of models"),
        ] {
            let told = read(front).expect_err(front);
            assert!(told.contains(words), "{front}: {told}");
        }
    }
}
