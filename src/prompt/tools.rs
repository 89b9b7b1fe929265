//! Files of tools: `{name, description, parameters}` in YAML, and what a template offers of them.

use std::{ops::Range, sync::Arc};

use serde_json::{Map, Value, json};

use super::{
    Place, SourceError, Sources, Template, TemplateError,
    front::yaml::{self, Key, Node, NodeValue},
    position::LineIndex,
};
use crate::model::{Tool, did_you_mean, is_tool_name, nearest};

/// A tool that a template's front matter names, where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToolName {
    pub name: String,
    /// Bytes of the template's source.
    pub range: Range<usize>,
}

/// The keys of a tool's file.
const KEYS: [&str; 3] = ["name", "description", "parameters"];

/// The words a schema's `type` may have.
const TYPES: [&str; 7] = ["object", "array", "string", "number", "integer", "boolean", "null"];

/// The file of a tool's name, relative to the workspace.
#[must_use]
pub fn tool_file(name: &str) -> String {
    format!("tools/{name}.yaml")
}

/// Reads a tool's file. Its name is the file's; one inside must be the same.
///
/// # Errors
/// [`TemplateError`] at the line and column of what is wrong.
pub fn parse_tool(name: &str, source: &str) -> Result<Tool, TemplateError> {
    let reader = Reader { file: tool_file(name), source, lines: LineIndex::new(source) };
    let root = yaml::read(source).map_err(|error| TemplateError {
        place: Place { file: reader.file.clone(), line: error.line, column: error.column },
        message: format!("not valid YAML: {}", error.message),
        hint: None,
    })?;
    reader.tool(name, &root)
}

struct Reader<'s> {
    file: String,
    source: &'s str,
    lines: LineIndex,
}

impl Reader<'_> {
    fn fail(&self, at: &Range<usize>, message: impl Into<String>, hint: &str) -> TemplateError {
        let (line, column) = self.lines.locate(self.source, at.start);
        TemplateError {
            place: Place { file: self.file.clone(), line, column },
            message: message.into(),
            hint: (!hint.is_empty()).then(|| hint.to_owned()),
        }
    }

    fn tool(&self, name: &str, root: &Node) -> Result<Tool, TemplateError> {
        if !is_tool_name(name) {
            return Err(self.fail(
                &(0..0),
                format!("`{name}` cannot name a tool"),
                "name the file with 1 to 64 letters, digits, - and _, and not auto, none or required",
            ));
        }
        let Some(entries) = root.entries() else {
            let hint = "begin with a line such as `description: What it does`";
            return Err(self.fail(&root.range, "a tool must be a mapping of keys to values", hint));
        };
        for (key, _) in entries {
            if !KEYS.contains(&key.text.as_str()) {
                let near = did_you_mean(nearest(&key.text, KEYS));
                let message = format!("the key `{}` is not known of a tool{near}", key.text);
                return Err(self.fail(&key.range, message, ""));
            }
        }
        if let Some(node) = root.get("name")
            && node.as_str() != Some(name)
        {
            let message = format!("the name must be the file's, `{name}`");
            return Err(self.fail(&node.range, message, "rename the file, or leave `name` out"));
        }
        let description = match root.get("description") {
            None => None,
            Some(node) => Some(
                node.as_str()
                    .ok_or_else(|| self.fail(&node.range, "the description must be a text", ""))?
                    .to_owned(),
            ),
        };
        let parameters = match root.get("parameters") {
            None => json!({ "type": "object", "properties": {} }),
            Some(node) => self.parameters(node)?,
        };
        Ok(Tool { name: name.to_owned(), description, parameters })
    }

    /// A schema of an object, which is what the arguments of a call are.
    fn parameters(&self, node: &Node) -> Result<Value, TemplateError> {
        let Some(entries) = node.entries() else {
            let message = "parameters must be a JSON Schema of an object";
            return Err(self.fail(&node.range, message, "write `type: object` and `properties`"));
        };
        let kind = node.get("type");
        if kind.is_some_and(|kind| kind.as_str() != Some("object")) {
            let at = kind.map_or(&node.range, |kind| &kind.range);
            let hint = "the arguments of a call are always one object";
            return Err(self.fail(at, "the type of the parameters must be `object`", hint));
        }
        self.schema(entries)?;
        let mut schema = match node.to_json() {
            Value::Object(map) => map,
            _ => Map::new(),
        };
        schema.entry("type").or_insert_with(|| Value::from("object"));
        schema.entry("properties").or_insert_with(|| json!({}));
        Ok(Value::Object(schema))
    }

    /// The parts of a schema that are often mistaken; everything else is the provider's to judge.
    fn schema(&self, entries: &[(Key, Node)]) -> Result<(), TemplateError> {
        let get = |name: &str| entries.iter().find(|(key, _)| key.text == name).map(|(_, it)| it);
        if let Some(kind) = get("type") {
            self.kinds(kind)?;
        }
        let mut names: Vec<&str> = Vec::new();
        if let Some(properties) = get("properties") {
            let Some(properties) = properties.entries() else {
                return Err(self.fail(
                    &properties.range,
                    "properties must be a mapping of names to schemas",
                    "",
                ));
            };
            for (name, property) in properties {
                names.push(&name.text);
                self.below(property, &format!("the property `{}`", name.text))?;
            }
        }
        if let Some(required) = get("required") {
            let NodeValue::List(items) = &required.value else {
                let message = "required must be a list of names of properties";
                return Err(self.fail(&required.range, message, ""));
            };
            for item in items {
                match item.as_str() {
                    Some(name) if names.contains(&name) => {}
                    Some(name) => {
                        let near = did_you_mean(nearest(name, names.iter().copied()));
                        let message = format!("`{name}` is required and is no property{near}");
                        return Err(self.fail(&item.range, message, ""));
                    }
                    None => {
                        return Err(self.fail(&item.range, "required holds names only", ""));
                    }
                }
            }
        }
        if let Some(choices) = get("enum")
            && !matches!(&choices.value, NodeValue::List(items) if !items.is_empty())
        {
            return Err(self.fail(&choices.range, "enum must be a list with a value in it", ""));
        }
        match get("items") {
            Some(items) => self.below(items, "items"),
            None => Ok(()),
        }
    }

    fn below(&self, node: &Node, what: &str) -> Result<(), TemplateError> {
        match (&node.value, node.entries()) {
            (_, Some(entries)) => self.schema(entries),
            // `true` and `false` are schemas that take anything and nothing.
            (NodeValue::Scalar(Value::Bool(_)), _) => Ok(()),
            _ => Err(self.fail(
                &node.range,
                format!("{what} must be a schema"),
                "write a mapping such as {type: string}",
            )),
        }
    }

    fn kinds(&self, node: &Node) -> Result<(), TemplateError> {
        let one = |node: &Node| match node.as_str() {
            Some(word) if TYPES.contains(&word) => Ok(()),
            Some(word) => {
                let near = did_you_mean(nearest(word, TYPES));
                Err(self.fail(&node.range, format!("`{word}` is no type of JSON{near}"), ""))
            }
            None => Err(self.fail(&node.range, "a type must be a word such as string", "")),
        };
        match &node.value {
            NodeValue::List(items) => items.iter().try_for_each(one),
            _ => one(node),
        }
    }
}

/// The tools a template offers, in its order.
///
/// # Errors
/// [`TemplateError`] at the name of one that is not there, or inside the file of one that is.
pub fn offered_tools(
    template: &Template,
    sources: &dyn Sources,
) -> Result<Vec<Tool>, TemplateError> {
    template.front.tools.iter().map(|named| offered(template, named, sources)).collect()
}

/// One tool a template names.
pub(super) fn offered(
    template: &Template,
    named: &ToolName,
    sources: &dyn Sources,
) -> Result<Tool, TemplateError> {
    let ToolName { name, range } = named;
    let fail = |message: String| TemplateError {
        place: template.place(range.start),
        message,
        hint: Some(format!("tools are files of the workspace, such as {}", tool_file(name))),
    };
    if !is_tool_name(name) {
        return Err(fail(format!("`{name}` cannot name a tool")));
    }
    let source: Arc<str> = sources.tool(name).map_err(|error| match error {
        SourceError::Unknown { nearest, .. } => {
            fail(format!("no tool is called `{name}`{}", did_you_mean(nearest.as_deref())))
        }
        other => fail(other.to_string()),
    })?;
    parse_tool(name, &source)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tool_is_its_file() {
        let source = "description: Finds an order.\nparameters:\n  properties:\n    number: {type: \
            string}\n  required: [number]\n";
        let tool = parse_tool("find_order", source).expect("a tool");
        assert_eq!(
            tool.to_value(),
            json!({
                "name": "find_order",
                "description": "Finds an order.",
                "parameters": {
                    "type": "object",
                    "properties": {"number": {"type": "string"}},
                    "required": ["number"],
                },
            })
        );
        let bare = parse_tool("now", "name: now\n").expect("a tool without parameters");
        assert_eq!(bare.parameters, json!({"type": "object", "properties": {}}));
    }

    #[test]
    fn what_is_wrong_is_named_where_it_stands() {
        for (source, said) in [
            ("- a", "tools/t.yaml:1:1: a tool must be a mapping of keys to values"),
            (
                "desciption: x",
                "1:1: the key `desciption` is not known of a tool; did you mean `description`?",
            ),
            ("name: other", "1:7: the name must be the file's, `t`"),
            ("description: [a]", "1:14: the description must be a text"),
            ("parameters: text", "1:13: parameters must be a JSON Schema of an object"),
            ("parameters:\n  type: array", "2:9: the type of the parameters must be `object`"),
            (
                "parameters:\n  properties:\n    a: {type: strng}",
                "3:15: `strng` is no type of JSON; did you mean `string`?",
            ),
            (
                "parameters:\n  properties:\n    number: {type: string}\n  required: [numbr]",
                "4:14: `numbr` is required and is no property; did you mean `number`?",
            ),
            ("parameters:\n  properties: [a]", "2:15: properties must be a mapping"),
            ("parameters:\n  properties:\n    a: text", "3:8: the property `a` must be a schema"),
            (
                "parameters:\n  properties:\n    a: {type: array, items: {enum: []}}",
                "3:36: enum must be a list with a value in it",
            ),
            ("a: 1\na: 2", "2:1: not valid YAML"),
        ] {
            let error = parse_tool("t", source).expect_err(source).to_string();
            assert!(error.contains(said), "{source:?}: {error}");
        }
        assert!(parse_tool("two words", "").is_err());
        assert!(parse_tool("auto", "").is_err());
    }
}
