//! What every format is read into and written from: a template's facts and its messages, the
//! messages still with their variables, in the syntax of our bodies.

use serde_json::{Map, Value, json};

use super::super::{
    FrontMatter, ParameterKind, ParameterSpec, Template,
    body::{Marker, RoleStyle, scan},
    front::flow_safe_scalar,
};
use super::jinja;
use crate::model::{Message, ModelRef, Parameter, ResponseFormat, Role};

/// Notes and inputs kept of one prompt; more only come from files made to exhaust a reader.
const MOST_NOTES: usize = 100;
const MOST_PARAMETERS: usize = 1000;

/// A prompt on its way between two formats.
#[derive(Clone, Debug, Default)]
pub(super) struct Draft {
    pub front: FrontMatter,
    pub messages: Vec<Message>,
    pub not_carried: Vec<String>,
}

impl Draft {
    /// A template as a draft: its body cut at the role lines, escapes of role lines resolved.
    pub fn of_template(template: &Template) -> Self {
        let body = template.body_text().replace("\r\n", "\n");
        let style = match (template.has_roles(), template.has_lenient_roles()) {
            (false, _) => RoleStyle::None,
            (true, false) => RoleStyle::Exact,
            (true, true) => RoleStyle::Lenient,
        };
        let roles = scan(&body, style).roles;
        let has_roles = roles.iter().any(|line| line.marker != Marker::Literal);
        let first = if has_roles { Role::System } else { Role::User };
        let mut messages = vec![Message::new(first, "")];
        let mut at = 0;
        for line in roles {
            let text = body.get(at..line.line.start).unwrap_or("");
            let words = body.get(line.line.clone()).unwrap_or("");
            at = line.line.end;
            if let Some(message) = messages.last_mut() {
                message.content.push_str(text);
                if line.marker == Marker::Literal {
                    message.content.push_str(&words.replacen('\\', "", 1));
                }
            }
            if let Marker::Opens(role) = line.marker {
                messages.push(Message::new(role, ""));
            }
        }
        if let Some(message) = messages.last_mut() {
            message.content.push_str(body.get(at..).unwrap_or(""));
        }
        for message in &mut messages {
            message.content = without_blank_edges(&message.content).to_owned();
        }
        messages.retain(|message| !message.content.is_empty());
        Self { front: template.front.clone(), messages, not_carried: Vec::new() }
    }

    /// Notes something that is left behind, once.
    pub fn leave(&mut self, what: impl Into<String>) {
        let what = what.into();
        if self.not_carried.len() < MOST_NOTES && !self.not_carried.contains(&what) {
            self.not_carried.push(what);
            if self.not_carried.len() == MOST_NOTES {
                self.not_carried.push("and more, which is not listed".to_owned());
            }
        }
    }

    /// Notes every key of a list that the other side does not know.
    pub fn leave_keys(&mut self, map: &Map<String, Value>, known: &[&str]) {
        for key in map.keys().filter(|key| !known.contains(&key.as_str())) {
            self.leave(format!("`{key}` has no counterpart"));
        }
    }

    /// Whether each message closes the blocks it opens, so that a format may hold them apart.
    /// If not, the messages become one text with their role lines in it, which is noted.
    pub fn separate(&mut self) {
        if self.messages.iter().all(|message| jinja::is_balanced(&message.content)) {
            return;
        }
        self.leave(
            "a loop or condition spans messages: the whole body is written as one user message, \
             its role lines as plain text",
        );
        let body = self.body();
        self.messages = vec![Message::new(Role::User, without_blank_edges(&body))];
    }

    /// Takes the generation parameters from another tool's settings; what is not one of them, or
    /// has a value we refuse, is noted.
    pub fn take_generation(&mut self, map: &Map<String, Value>) {
        for (key, value) in map {
            let Some(parameter) = parameter_of(key) else {
                self.leave(format!("the setting `{key}` has no counterpart"));
                continue;
            };
            if let Err(error) = self.front.generation.set(parameter, value) {
                self.leave(format!("the setting `{key}`: {error}"));
            }
        }
    }

    /// Adds a parameter unless there is one of its name.
    pub fn add_parameter(&mut self, spec: ParameterSpec) {
        if !jinja::is_name(&spec.name) {
            self.leave(format!("the input `{}` cannot be a variable's name here", spec.name));
        } else if self.front.parameters.len() >= MOST_PARAMETERS {
            self.leave(format!("inputs beyond the first {MOST_PARAMETERS}"));
        } else if self.front.parameter(&spec.name).is_none() {
            self.front.parameters.push(spec);
        }
    }

    /// The generation parameters without the response format, which formats keep elsewhere.
    pub fn generation(&self) -> Map<String, Value> {
        let mut map = self.front.generation.to_map();
        map.shift_remove(Parameter::ResponseFormat.as_str());
        // It is a choice among tools, which stay behind.
        map.shift_remove(Parameter::ToolChoice.as_str());
        map
    }

    /// What form the answer must have, wherever the template says it.
    pub fn response_format(&self) -> Option<&ResponseFormat> {
        self.front.response_format.as_ref().or(self.front.generation.response_format.as_ref())
    }

    /// Notes the facts that a format without a place for them leaves behind.
    pub fn leave_facts(&mut self, carried: &[&str]) {
        let front = &self.front;
        let facts = [
            ("name", front.name.is_some()),
            ("version", front.version.is_some()),
            ("tools", !front.tools.is_empty()),
            ("category", front.category.is_some()),
            ("description", front.description.is_some()),
            ("tags", !front.tags.is_empty()),
            ("authors", !front.authors.is_empty()),
            ("model", front.model.is_some()),
            ("generation", !self.generation().is_empty()),
            ("parameters", !front.parameters.is_empty()),
            ("validation", front.validation.is_some()),
            ("response_format", self.response_format().is_some()),
        ];
        for (name, is_set) in facts {
            if is_set && !carried.contains(&name) {
                self.leave(format!("`{name}` has no counterpart"));
            }
        }
    }

    /// Notes that only the names and defaults of parameters are carried, where more is said.
    pub fn leave_parameter_details(&mut self) {
        let names: Vec<&str> = self
            .front
            .parameters
            .iter()
            .filter(|spec| {
                spec.description.is_some()
                    || spec.example.is_some()
                    || !spec.enum_values.is_empty()
                    || spec.kind != ParameterKind::Any
            })
            .map(|spec| spec.name.as_str())
            .collect();
        if !names.is_empty() {
            let names = names.join(", ");
            self.leave(format!("types, descriptions, examples and enums of the inputs {names}"));
        }
    }

    /// Defaults by parameter name.
    pub fn defaults(&self) -> Map<String, Value> {
        let specs = self.front.parameters.iter();
        specs.filter_map(|spec| Some((spec.name.clone(), spec.default.clone()?))).collect()
    }

    /// The body: role lines and messages.
    pub fn body(&self) -> String {
        let mut body = String::new();
        for message in &self.messages {
            if !body.is_empty() {
                body.push('\n');
            }
            body.push_str(message.role.as_str());
            body.push_str(":\n");
            let content = message.content.as_str();
            let mut at = 0;
            for line in scan(content, RoleStyle::Exact).roles {
                body.push_str(content.get(at..line.line.start).unwrap_or(""));
                match line.marker {
                    Marker::Opens(_) => body.push('\\'),
                    Marker::Literal => body.push_str("{{ \"\" }}"),
                }
                at = line.line.start;
            }
            body.push_str(content.get(at..).unwrap_or(""));
            body.push('\n');
        }
        body
    }

    /// A template file.
    pub fn to_source(&self) -> String {
        let front = &self.front;
        let mut lines = Vec::new();
        let mut line = |key: &str, value: Value| {
            lines.push(format!("{key}: {}", flow_safe_scalar(&value)));
        };
        let words = [
            ("name", front.name.clone()),
            ("version", front.version.as_ref().map(ToString::to_string)),
            ("category", front.category.clone()),
            ("description", front.description.clone()),
            ("model", front.model.as_ref().map(ModelRef::to_string)),
        ];
        for (key, word) in words {
            if let Some(word) = word {
                line(key, Value::from(word));
            }
        }
        if !front.tags.is_empty() {
            line("tags", json!(front.tags));
        }
        if !front.authors.is_empty() {
            line("metadata", json!({ "authors": front.authors }));
        }
        let generation = self.generation();
        if !generation.is_empty() {
            line("generation", Value::Object(generation));
        }
        if let Some(validation) = front.validation.as_ref() {
            line("validation", validation_value(validation));
        }
        if let Some(format) = self.response_format() {
            line("response_format", format.to_value());
        }
        if !front.parameters.is_empty() {
            lines.push("parameters:".to_owned());
            for spec in &front.parameters {
                lines.push(format!(
                    "  {}: {}",
                    spec.name,
                    flow_safe_scalar(&parameter_value(spec))
                ));
            }
        }
        format!("---\n{}\n---\n{}", lines.join("\n"), self.body())
    }
}

/// A parameter as our front matter writes it, as short as it can be.
fn parameter_value(spec: &ParameterSpec) -> Value {
    let mut map = Map::new();
    if spec.kind != ParameterKind::Any {
        map.insert("type".into(), spec.kind.as_str().into());
    }
    if let Some(description) = &spec.description {
        map.insert("description".into(), description.as_str().into());
    }
    if !spec.enum_values.is_empty() {
        map.insert("enum".into(), spec.enum_values.clone().into());
    }
    if let Some(default) = &spec.default {
        map.insert("default".into(), default.clone());
    }
    if let Some(example) = &spec.example {
        map.insert("example".into(), example.clone());
    }
    match (map.is_empty(), spec.required) {
        (true, true) => "required".into(),
        (true, false) => "optional".into(),
        (false, required) => {
            if !required && spec.default.is_none() {
                map.insert("required".into(), false.into());
            }
            map.into()
        }
    }
}

/// What an answer should be like, as front matter writes it.
pub(super) fn validation_value(validation: &super::super::Validation) -> Value {
    let mut map = validation.other.clone();
    if let Some(tokens) = validation.min_tokens {
        map.insert("min_tokens".into(), tokens.into());
    }
    if let Some(tokens) = validation.max_tokens {
        map.insert("max_tokens".into(), tokens.into());
    }
    if !validation.required_sections.is_empty() {
        map.insert("required_sections".into(), json!(validation.required_sections));
    }
    map.into()
}

/// The generation parameter another tool's word names, in snake or camel case.
pub(super) fn parameter_of(word: &str) -> Option<Parameter> {
    let plain = word.replace('_', "").to_ascii_lowercase();
    match plain.as_str() {
        "maxoutputtokens" | "maxcompletiontokens" | "numpredict" => Some(Parameter::MaxTokens),
        "stopsequences" => Some(Parameter::Stop),
        _ => Parameter::ALL.into_iter().find(|parameter| {
            !matches!(
                parameter,
                Parameter::ResponseFormat | Parameter::Tools | Parameter::ToolChoice
            ) && parameter.as_str().replace('_', "") == plain
        }),
    }
}

/// The provider whose models are called like this, where a tool names only the model.
pub(super) fn infer_model(name: &str) -> Option<ModelRef> {
    let lower = name.to_ascii_lowercase();
    let has = |families: &[&str]| families.iter().any(|family| lower.starts_with(family));
    let provider = match () {
        () if has(&["gpt-", "chatgpt-", "o1", "o3", "o4"]) => "openai",
        () if has(&["claude-"]) => "anthropic",
        () if has(&["gemini-"]) => "gemini",
        () => return None,
    };
    Some(ModelRef::new(provider, name))
}

/// The other tool's word for a role, as ours.
pub(super) fn role_of_word(word: &str) -> Option<Role> {
    match word {
        "developer" => Some(Role::System),
        "model" | "ai" => Some(Role::Assistant),
        "human" => Some(Role::User),
        "function" => Some(Role::Tool),
        other => Role::from_word(other),
    }
}

/// A text without blank lines before and after it. The first line keeps its indent.
pub(super) fn without_blank_edges(text: &str) -> &str {
    let text = text.trim_end();
    let blank = text.len() - text.trim_start().len();
    let start = text.get(..blank).and_then(|lead| lead.rfind('\n')).map_or(0, |at| at + 1);
    text.get(start..).unwrap_or("")
}
