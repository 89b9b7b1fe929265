//! From a tree of places to a template's facts.

use semver::Version;
use serde_json::{Map, Value};

use super::{
    FrontMatter, ParameterKind, ParameterSpec, Shape, Validation, fallback, prompty, safeguards,
    yaml::{Key, Node, NodeValue},
};
use crate::model::{
    GenerationParameters, ModelRef, Parameter, ParameterError, ResponseFormat, nearest,
};
use crate::prompt::tools::ToolName;

/// Front matter that cannot be used, at a byte of its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FrontError {
    pub offset: usize,
    pub message: String,
    pub hint: Option<String>,
}

/// How much a note matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoteLevel {
    Error,
    Warning,
    Hint,
}

/// Something in front matter that is worth saying and stops nothing; lint reports it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Note {
    pub offset: usize,
    pub level: NoteLevel,
    pub code: &'static str,
    pub message: String,
}

/// The keys of this program's own shape.
const OWN_KEYS: [&str; 15] = [
    "name",
    "version",
    "category",
    "description",
    "tags",
    "model",
    "fallback",
    "generation",
    "parameters",
    "validation",
    "response_format",
    "tools",
    "tool_choice",
    "guards",
    "recovery",
];

/// Keys that are understood or known to be somebody's, and so are no misspellings.
const KNOWN_KEYS: [&str; 13] = [
    "authors",
    "author",
    "metadata",
    "id",
    "template",
    "displayName",
    "inputs",
    "outputs",
    "sample",
    "instructions",
    "base",
    "created",
    "config",
];

/// Reads a template's facts from its tree. `text` is what the tree was read from.
pub(crate) fn read(root: &Node, text: &str) -> Result<(FrontMatter, Vec<Note>), FrontError> {
    let Some(entries) = root.entries() else {
        return Err(FrontError {
            offset: root.range.start,
            message: "the front matter must be a mapping of keys to values".into(),
            hint: Some("begin it with a line such as `name: My template`".into()),
        });
    };
    let mut reader = Reader {
        text,
        front: FrontMatter { shape: prompty::shape(root), ..Default::default() },
        notes: Vec::new(),
    };
    for (key, node) in entries {
        reader.entry(key, node)?;
    }
    if reader.front.shape != Shape::Own {
        prompty::finish(root, &mut reader);
    }
    if let (Some(format), None) =
        (&reader.front.response_format, &reader.front.generation.response_format)
    {
        reader.front.generation.response_format = Some(format.clone());
    }
    Ok((reader.front, reader.notes))
}

/// Gathers facts and notes while walking.
pub(super) struct Reader<'a> {
    pub text: &'a str,
    pub front: FrontMatter,
    pub notes: Vec<Note>,
}

impl Reader<'_> {
    fn entry(&mut self, key: &Key, node: &Node) -> Result<(), FrontError> {
        match key.text.as_str() {
            "name" => self.front.name = Some(text_of(node, "name")?),
            "description" => self.front.description = Some(text_of(node, "description")?),
            "category" => self.front.category = Some(text_of(node, "category")?),
            "version" => self.version(node),
            "tags" => self.front.tags = words_of(node, "tags")?,
            "authors" | "author" => self.front.authors = words_of(node, "authors")?,
            "model" => self.model(node)?,
            "fallback" => fallback::read(node, self)?,
            "generation" => self.generation(node, true)?,
            "parameters" => self.parameters(node, "parameters")?,
            "inputs" => self.parameters(node, "inputs")?,
            "validation" => self.front.validation = Some(validation(node)?),
            "response_format" => self.front.response_format = Some(response_format(node)?),
            "tools" => self.tools(node)?,
            "tool_choice" => set(&mut self.front.generation, Parameter::ToolChoice, node)?,
            "guards" => self.front.guards = safeguards::guards(node)?,
            "recovery" => self.front.recovery = safeguards::recovery(node)?,
            "metadata" => self.metadata(node)?,
            other => self.unknown_key(other, key),
        }
        Ok(())
    }

    pub(super) fn note(
        &mut self,
        offset: usize,
        level: NoteLevel,
        code: &'static str,
        message: impl Into<String>,
    ) {
        self.notes.push(Note { offset, level, code, message: message.into() });
    }

    fn unknown_key(&mut self, word: &str, key: &Key) {
        if KNOWN_KEYS.contains(&word) {
            return;
        }
        let at = key.range.start;
        if Parameter::from_word(word).is_some() {
            let message = format!("`{word}` belongs under `generation:`; here it has no effect");
            self.note(at, NoteLevel::Warning, "misplaced-key", message);
        } else if let Some(near) = nearest(word, OWN_KEYS) {
            let message = format!("the key `{word}` is not known; did you mean `{near}`?");
            self.note(at, NoteLevel::Warning, "unknown-key", message);
        } else {
            let message = format!("the key `{word}` is not known; it is kept and has no effect");
            self.note(at, NoteLevel::Hint, "unknown-key", message);
        }
    }

    fn version(&mut self, node: &Node) {
        // `1.10` is a number to YAML and would lose its zero, so the written text decides.
        let written = self.text.get(node.range.clone()).unwrap_or("").trim();
        let written = written.trim_matches(['"', '\'']);
        self.front.version = lenient_version(written);
        if self.front.version.is_none() && !written.is_empty() {
            let message = format!("`{written}` is not a semantic version; write one such as 1.2.0");
            self.note(node.range.start, NoteLevel::Error, "bad-version", message);
        }
    }

    fn model(&mut self, node: &Node) -> Result<(), FrontError> {
        match &node.value {
            NodeValue::Scalar(Value::String(text)) => match text.parse::<ModelRef>() {
                Ok(model) => self.front.model = Some(model),
                // Prompty lets a model stand alone; the default provider then decides.
                Err(_) if self.front.shape != Shape::Own => {}
                Err(error) => return Err(bad(node, error.to_string())),
            },
            NodeValue::Map(_) => prompty::model(node, self)?,
            NodeValue::Scalar(Value::Null) => {}
            _ => return Err(bad(node, "model must be provider/model, for example demo/fast")),
        }
        Ok(())
    }

    /// The names of the tools it offers. Prompty defines tools in place, which is kept and noted.
    fn tools(&mut self, node: &Node) -> Result<(), FrontError> {
        let items = match &node.value {
            NodeValue::List(items) => items.as_slice(),
            NodeValue::Scalar(Value::Null) => &[],
            _ => return Err(bad(node, "tools must be a list of names, for example [find_order]")),
        };
        for item in items {
            match (item.as_str(), self.front.shape) {
                (Some(name), _) if self.front.tools.iter().any(|it| it.name == name) => {
                    let message = format!("the tool `{name}` is named twice");
                    self.note(item.range.start, NoteLevel::Warning, "repeated-tool", message);
                }
                (Some(name), _) => {
                    let range = item.range.clone();
                    self.front.tools.push(ToolName { name: name.to_owned(), range });
                }
                (None, Shape::Own) => {
                    return Err(bad(item, "a tool is named here, and written in tools/NAME.yaml"));
                }
                (None, _) => {
                    let message = "a tool written in place is kept and not offered; \
                        move it to tools/NAME.yaml and name it here";
                    self.note(item.range.start, NoteLevel::Hint, "tool-in-place", message);
                }
            }
        }
        Ok(())
    }

    /// Reads generation parameters. Unknown names are noted when they stand in our own block.
    pub(super) fn generation(&mut self, node: &Node, own: bool) -> Result<(), FrontError> {
        let Some(entries) = node.entries() else {
            return match node.value {
                NodeValue::Scalar(Value::Null) => Ok(()),
                _ => Err(bad(node, "generation must be a mapping, for example {temperature: 0.2}")),
            };
        };
        for (key, value) in entries {
            let Some(parameter) = parameter_of(&key.text) else {
                if own {
                    let known = Parameter::ALL.map(Parameter::as_str);
                    let error = ParameterError::Unknown {
                        name: key.text.clone(),
                        nearest: nearest(&key.text, known).map(str::to_owned),
                    };
                    let message = error.to_string();
                    self.note(key.range.start, NoteLevel::Warning, "unknown-parameter", message);
                }
                continue;
            };
            if parameter == Parameter::Tools {
                let message = "`tools` stands beside `generation:`; here it has no effect";
                self.note(key.range.start, NoteLevel::Warning, "misplaced-key", message);
                continue;
            }
            set(&mut self.front.generation, parameter, value)?;
        }
        Ok(())
    }

    fn parameters(&mut self, node: &Node, block: &str) -> Result<(), FrontError> {
        match &node.value {
            NodeValue::Scalar(Value::Null) => {}
            NodeValue::Map(entries) => {
                for (key, value) in entries {
                    let spec = self.parameter(&key.text, value, key.range.start)?;
                    self.add_parameter(spec);
                }
            }
            NodeValue::List(items) => {
                for item in items {
                    let spec = match (&item.value, item.get("name").and_then(Node::as_str)) {
                        (NodeValue::Scalar(Value::String(name)), _) => {
                            let name = name.clone();
                            ParameterSpec { name, required: true, ..Default::default() }
                        }
                        (NodeValue::Map(_), Some(name)) => {
                            self.parameter(name, item, item.range.start)?
                        }
                        _ => return Err(bad(item, "a parameter needs a name")),
                    };
                    self.add_parameter(spec);
                }
            }
            NodeValue::Scalar(_) => {
                return Err(bad(
                    node,
                    format!("{block} must be a mapping of names to what they are"),
                ));
            }
        }
        Ok(())
    }

    pub(super) fn add_parameter(&mut self, spec: ParameterSpec) {
        match self.front.parameters.iter_mut().find(|known| known.name == spec.name) {
            Some(known) => *known = spec,
            None => self.front.parameters.push(spec),
        }
    }

    fn parameter(
        &mut self,
        name: &str,
        node: &Node,
        at: usize,
    ) -> Result<ParameterSpec, FrontError> {
        if !is_identifier(name) {
            return Err(FrontError {
                offset: at,
                message: format!("`{name}` cannot be a variable's name"),
                hint: Some("use letters, digits and _, beginning with a letter".into()),
            });
        }
        let mut spec = ParameterSpec { name: name.to_owned(), ..Default::default() };
        match &node.value {
            NodeValue::Scalar(Value::Null) => spec.required = true,
            NodeValue::Scalar(Value::String(word)) if word == "required" => spec.required = true,
            NodeValue::Scalar(Value::String(word)) if word == "optional" => {}
            NodeValue::Map(entries) => self.parameter_facts(&mut spec, entries)?,
            _ => spec.default = Some(node.to_json()),
        }
        Ok(spec)
    }

    fn parameter_facts(
        &mut self,
        spec: &mut ParameterSpec,
        entries: &[(Key, Node)],
    ) -> Result<(), FrontError> {
        let mut required = None;
        for (key, node) in entries {
            match key.text.as_str() {
                "name" | "strict" => {}
                "required" => required = Some(truth_of(node, "required")?),
                "optional" => required = Some(!truth_of(node, "optional")?),
                "default" => spec.default = Some(node.to_json()),
                "description" => spec.description = Some(text_of(node, "description")?),
                "example" | "sample" => spec.example = Some(node.to_json()),
                "trusted" => spec.trusted = truth_of(node, "trusted")?,
                "type" | "kind" => spec.kind = self.kind(node),
                "enum" | "enumValues" => match &node.value {
                    NodeValue::List(items) => {
                        spec.enum_values = items.iter().map(Node::to_json).collect();
                    }
                    _ => return Err(bad(node, "enum must be a list of values")),
                },
                other => {
                    let known = [
                        "type",
                        "required",
                        "optional",
                        "default",
                        "description",
                        "enum",
                        "example",
                        "trusted",
                    ];
                    let message = nearest(other, known).map_or_else(
                        || format!("`{other}` is not known of a parameter; it has no effect"),
                        |near| {
                            format!("`{other}` is not known of a parameter; did you mean `{near}`?")
                        },
                    );
                    self.note(key.range.start, NoteLevel::Warning, "unknown-key", message);
                }
            }
        }
        // A default answers for the value, so that nothing with one is ever missing.
        spec.required = spec.default.is_none() && required.unwrap_or(true);
        check_default(spec, entries)
    }

    fn kind(&mut self, node: &Node) -> ParameterKind {
        let word = node.as_str().unwrap_or("");
        ParameterKind::from_word(word).unwrap_or_else(|| {
            let words = ParameterKind::ALL.map(ParameterKind::as_str).join(", ");
            let message = format!("`{word}` is no type; it is read as any (types: {words})");
            self.note(node.range.start, NoteLevel::Warning, "unknown-type", message);
            ParameterKind::Any
        })
    }

    fn metadata(&mut self, node: &Node) -> Result<(), FrontError> {
        // The JSON form keeps author and tags here.
        if let Some(tags) = node.get("tags") {
            self.front.tags = words_of(tags, "tags")?;
        }
        if let Some(author) = node.get("author").or_else(|| node.get("authors")) {
            self.front.authors = words_of(author, "authors")?;
        }
        Ok(())
    }
}

fn check_default(spec: &mut ParameterSpec, entries: &[(Key, Node)]) -> Result<(), FrontError> {
    let Some(default) = spec.default.take() else { return Ok(()) };
    let node = entries.iter().find(|(key, _)| key.text == "default").map(|(_, node)| node);
    let offset = node.map_or(0, |node| node.range.start);
    let refuse = |message: String| FrontError { offset, message, hint: None };
    if default.is_null() {
        spec.default = Some(default);
        return Ok(());
    }
    let Some(accepted) = spec.kind.accept(&default) else {
        let expects = spec.kind.expects();
        return Err(refuse(format!("the default of `{}` is not {expects}", spec.name)));
    };
    if !spec.enum_values.is_empty() && !spec.enum_values.contains(&accepted) {
        return Err(refuse(format!("the default of `{}` is not in its enum", spec.name)));
    }
    spec.default = Some(accepted);
    Ok(())
}

/// Sets one generation parameter, or says where the value stands and what it should be.
pub(super) fn set(
    generation: &mut GenerationParameters,
    parameter: Parameter,
    node: &Node,
) -> Result<(), FrontError> {
    let value = node.to_json();
    let value = match (parameter, &value) {
        // A Prompty file writes `{type: json_object}` or a schema where we write a word.
        (Parameter::ResponseFormat, Value::Object(map)) if !map.contains_key("schema") => {
            prompty::response_format(map).unwrap_or(value)
        }
        _ => value,
    };
    generation.set(parameter, &value).map_err(|error| bad(node, error.to_string()))
}

/// The generation parameter a word names, in our words and in those of Prompty and the providers.
pub(super) fn parameter_of(word: &str) -> Option<Parameter> {
    Some(match word {
        "maxOutputTokens" | "max_output_tokens" | "max_completion_tokens" | "maxTokens" => {
            Parameter::MaxTokens
        }
        "topP" => Parameter::TopP,
        "topK" => Parameter::TopK,
        "frequencyPenalty" => Parameter::FrequencyPenalty,
        "presencePenalty" => Parameter::PresencePenalty,
        "stopSequences" | "stop_sequences" => Parameter::Stop,
        "responseFormat" => Parameter::ResponseFormat,
        "reasoningEffort" => Parameter::ReasoningEffort,
        other => return Parameter::from_word(other),
    })
}

/// A semantic version, with the parts a person leaves out: `2` and `1.4` are 2.0.0 and 1.4.0.
fn lenient_version(text: &str) -> Option<Version> {
    let text = text.strip_prefix('v').unwrap_or(text);
    let dots = text.bytes().filter(|&byte| byte == b'.').count();
    let plain = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    match (plain, dots) {
        (true, 0) => Version::parse(&format!("{text}.0.0")).ok(),
        (true, 1) => Version::parse(&format!("{text}.0")).ok(),
        _ => Version::parse(text).ok(),
    }
}

/// Whether a word can name a variable in an expression.
pub(super) fn is_identifier(word: &str) -> bool {
    let mut bytes = word.bytes();
    bytes.next().is_some_and(|byte| byte.is_ascii_alphabetic() || byte == b'_')
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        && word.len() <= 200
}

pub(super) fn bad(node: &Node, message: impl Into<String>) -> FrontError {
    FrontError { offset: node.range.start, message: message.into(), hint: None }
}

pub(super) fn text_of(node: &Node, key: &str) -> Result<String, FrontError> {
    match &node.value {
        NodeValue::Scalar(Value::String(text)) => Ok(text.clone()),
        NodeValue::Scalar(Value::Null) => Ok(String::new()),
        NodeValue::Scalar(other) => Ok(other.to_string()),
        _ => Err(bad(node, format!("{key} must be a text"))),
    }
}

fn truth_of(node: &Node, key: &str) -> Result<bool, FrontError> {
    match node.value {
        NodeValue::Scalar(Value::Bool(truth)) => Ok(truth),
        _ => Err(bad(node, format!("{key} must be true or false"))),
    }
}

/// A list of words; one word alone is a list of one.
fn words_of(node: &Node, key: &str) -> Result<Vec<String>, FrontError> {
    match &node.value {
        NodeValue::List(items) => items.iter().map(|item| text_of(item, key)).collect(),
        NodeValue::Scalar(Value::Null) => Ok(Vec::new()),
        NodeValue::Scalar(Value::String(text)) => Ok(text
            .split(',')
            .map(|word| word.trim().to_owned())
            .filter(|w| !w.is_empty())
            .collect()),
        _ => Err(bad(node, format!("{key} must be a list of words"))),
    }
}

fn validation(node: &Node) -> Result<Validation, FrontError> {
    let mut validation = Validation::default();
    let Some(entries) = node.entries() else {
        return match node.value {
            NodeValue::Scalar(Value::Null) => Ok(validation),
            _ => Err(bad(node, "validation must be a mapping")),
        };
    };
    let mut other = Map::new();
    for (key, value) in entries {
        let count =
            || {
                value.to_json().as_u64().map(Some).ok_or_else(|| {
                    bad(value, format!("{} must be a whole number from 0 up", key.text))
                })
            };
        match key.text.as_str() {
            "min_tokens" => validation.min_tokens = count()?,
            "max_tokens" => validation.max_tokens = count()?,
            "required_sections" => {
                validation.required_sections = words_of(value, "required_sections")?;
            }
            _ => {
                other.insert(key.text.clone(), value.to_json());
            }
        }
    }
    if let (Some(low), Some(high)) = (validation.min_tokens, validation.max_tokens)
        && low > high
    {
        return Err(bad(node, format!("min_tokens ({low}) is above max_tokens ({high})")));
    }
    validation.other = other;
    Ok(validation)
}

fn response_format(node: &Node) -> Result<ResponseFormat, FrontError> {
    ResponseFormat::from_value(&node.to_json())
        .ok_or_else(|| bad(node, "response_format must be text, json, or {schema: …}"))
}
