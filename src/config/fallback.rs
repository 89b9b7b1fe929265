//! Models to fall back to, as settings files name them.

use std::{ops::RangeInclusive, time::Duration};

use toml::de::DeValue;

use super::{
    document::{Section, kind_of},
    quantity::show_duration,
};
use crate::model::{Fallback, ModelRef, did_you_mean, nearest, read_duration};

impl Section<'_, '_> {
    /// A list of models to fall back to: `"provider/model"`, or a table with a `model` and a
    /// `timeout`.
    pub fn fallbacks(&self, key: &str, range: RangeInclusive<Duration>) -> Option<Vec<Fallback>> {
        let found = self.get(key, "a list of models", DeValue::as_array)?;
        let mut all = Vec::new();
        for item in found.value {
            let at = item.span().start;
            match fallback(item.get_ref(), &range) {
                Ok(fallback) => all.push(fallback),
                Err(message) => self.note(at, format!("`{key}`: {message}")),
            }
        }
        Some(all)
    }
}

/// One model to fall back to.
fn fallback(value: &DeValue<'_>, range: &RangeInclusive<Duration>) -> Result<Fallback, String> {
    let model = |text: &str| text.parse::<ModelRef>().map_err(|error| error.to_string());
    match value {
        DeValue::String(text) => Ok(model(text)?.into()),
        DeValue::Table(table) => {
            let mut named = None;
            let mut timeout = None;
            for (key, value) in table {
                match (key.get_ref().as_ref(), value.get_ref().as_str()) {
                    ("model", Some(text)) => named = Some(model(text)?),
                    ("timeout", Some(text)) => {
                        let time = read_duration(text)
                            .map_err(|message| format!("`timeout` {message}"))?;
                        if !range.contains(&time) {
                            return Err(format!(
                                "`timeout` must be between \"{}\" and \"{}\"",
                                show_duration(*range.start()),
                                show_duration(*range.end())
                            ));
                        }
                        timeout = Some(time);
                    }
                    ("model" | "timeout", None) => {
                        return Err(format!("`{}` must be a text", key.get_ref()));
                    }
                    (other, _) => {
                        let near = did_you_mean(nearest(other, ["model", "timeout"]));
                        return Err(format!("unknown key `{other}`{near}"));
                    }
                }
            }
            let model = named.ok_or("this table lacks its `model`")?;
            Ok(Fallback { model, timeout })
        }
        other => Err(format!(
            "a model is \"provider/model\" or {{ model = \"provider/model\", timeout = \"20s\" }}, not {}",
            kind_of(other)
        )),
    }
}
