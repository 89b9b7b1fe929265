//! Tools that are offered to a model. A model may ask for one to be called; nothing ever is.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// A tool as it is offered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tool {
    pub name: String,
    /// What it does, in words for the model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// A JSON Schema of its arguments, which are one object.
    pub parameters: Value,
}

impl Tool {
    /// Reads the form records have: `{name, description, parameters}`.
    #[must_use]
    pub fn from_value(value: &Value) -> Option<Self> {
        let tool: Self = serde_json::from_value(value.clone()).ok()?;
        (is_tool_name(&tool.name) && tool.parameters.is_object()).then_some(tool)
    }

    /// The form records have.
    #[must_use]
    pub fn to_value(&self) -> Value {
        let mut value = json!({ "name": self.name, "parameters": self.parameters });
        if let Some(description) = &self.description {
            value["description"] = Value::from(description.as_str());
        }
        value
    }
}

/// Whether a word can name a tool with every provider: 1 to 64 letters, digits, `-` and `_`, and
/// none of the words a choice has.
#[must_use]
pub fn is_tool_name(word: &str) -> bool {
    (1..=64).contains(&word.len())
        && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
        && !matches!(word, "auto" | "none" | "required")
}

/// Whether a model may, must or must not ask for a tool.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum ToolChoice {
    /// As it finds right.
    Auto,
    /// It must not.
    None,
    /// It must ask for one, whichever.
    Required,
    /// It must ask for this one.
    Named(String),
}

impl ToolChoice {
    /// The choice a word names: `auto`, `none`, `required`, or a tool's name.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Some(match word {
            "auto" => Self::Auto,
            "none" => Self::None,
            "required" => Self::Required,
            name if is_tool_name(name) => Self::Named(name.to_owned()),
            _ => return None,
        })
    }

    /// The word in templates and records.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Auto => "auto",
            Self::None => "none",
            Self::Required => "required",
            Self::Named(name) => name,
        }
    }
}

impl From<ToolChoice> for String {
    fn from(choice: ToolChoice) -> Self {
        choice.as_str().to_owned()
    }
}

impl TryFrom<String> for ToolChoice {
    type Error = String;

    fn try_from(word: String) -> Result<Self, String> {
        Self::from_word(&word).ok_or_else(|| format!("`{word}` is no choice of a tool"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tool_reads_back_as_it_was_written() {
        let tool = json!({ "name": "find_order", "description": "Finds it.",
            "parameters": { "type": "object", "properties": {} } });
        let read = Tool::from_value(&tool).expect("a tool");
        assert_eq!(read.to_value(), tool);
        assert_eq!(serde_json::to_value(&read).expect("JSON"), tool);
        for odd in [json!({ "name": "a b", "parameters": {} }), json!({ "name": "a" }), json!("a")]
        {
            assert_eq!(Tool::from_value(&odd), None, "{odd}");
        }
    }

    #[test]
    fn a_choice_is_a_word() {
        for word in ["auto", "none", "required", "find_order"] {
            assert_eq!(ToolChoice::from_word(word).expect(word).as_str(), word);
        }
        assert_eq!(ToolChoice::from_word("two words"), None);
        let named: ToolChoice = serde_json::from_value(json!("find")).expect("a choice");
        assert_eq!(serde_json::to_value(named).expect("JSON"), json!("find"));
    }
}
