//! What is worth saying about a template before it is run.

use std::collections::BTreeMap;

use minijinja::machinery::ast::Stmt;
use serde_json::Value as Json;

use super::{
    InputProblem, Place, RenderError, Shape, Sources, Template, TemplateError,
    body::{Marker, RoleStyle, scan},
    front::NoteLevel,
    library::{Library, Program},
    render::{FILTER_NAMES, TEST_NAMES, prepare_inputs},
    tools,
    uses::{self, Called},
    variables::{Variables, variables},
};
use crate::model::{ResponseFormat, ToolChoice, nearest};

/// How much a finding matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Rendering fails.
    Error,
    /// Rendering works and is probably not what is meant.
    Warning,
    /// Worth knowing.
    Hint,
}

/// Something about a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    pub severity: Severity,
    /// The included file the place is in; `None`: the template itself.
    pub file: Option<String>,
    /// Counted from 1.
    pub line: usize,
    /// Counted from 1, in characters.
    pub column: usize,
    /// A stable word for the kind of finding.
    pub code: &'static str,
    pub message: String,
}

/// Looks a template over. With `inputs`, they are held against its parameters too.
///
/// Findings come in the order of their places, the template's own first.
pub fn lint(
    template: &Template,
    sources: &dyn Sources,
    inputs: Option<&BTreeMap<String, Json>>,
) -> Vec<Finding> {
    let mut lint = Lint { template, findings: Vec::new() };
    lint.notes();
    lint.roles();
    lint.contradictions();
    lint.tools(sources);
    lint.body(sources);
    if let Some(inputs) = inputs {
        lint.inputs(inputs, &variables(template, sources));
    }
    let mut findings = lint.findings;
    findings.sort_by(|a, b| {
        (&a.file, a.line, a.column, a.severity).cmp(&(&b.file, b.line, b.column, b.severity))
    });
    findings
}

struct Lint<'t> {
    template: &'t Template,
    findings: Vec<Finding>,
}

impl Lint<'_> {
    fn at(&mut self, severity: Severity, place: &Place, code: &'static str, message: String) {
        let Place { file, line, column } = place.clone();
        let file = (file != self.template.id.as_str()).then_some(file);
        self.findings.push(Finding { severity, file, line, column, code, message });
    }

    /// A finding at a byte of the source.
    fn say(&mut self, severity: Severity, offset: usize, code: &'static str, message: String) {
        let place = self.template.place(offset);
        self.at(severity, &place, code, message);
    }

    fn notes(&mut self) {
        for note in &self.template.notes {
            let severity = match note.level {
                NoteLevel::Error => Severity::Error,
                NoteLevel::Warning => Severity::Warning,
                NoteLevel::Hint => Severity::Hint,
            };
            let offset = self.template.front_start + note.offset;
            self.say(severity, offset, note.code, note.message.clone());
        }
    }

    /// Messages that say nothing, and lines that nearly open one.
    fn roles(&mut self) {
        if !self.template.has_roles() {
            return;
        }
        let text = self.template.body_text();
        let lenient = self.template.has_lenient_roles();
        let style = if lenient { RoleStyle::Lenient } else { RoleStyle::Exact };
        let lines = scan(text, style).roles;
        let mut opened = lines.iter().filter(|line| line.marker != Marker::Literal).peekable();
        while let Some(line) = opened.next() {
            let end = opened.peek().map_or(text.len(), |next| next.line.start);
            if text.get(line.line.end..end).unwrap_or("").trim().is_empty() {
                let offset = self.template.source_offset(line.line.start);
                let message = "the message is empty and will not be sent".to_owned();
                self.say(Severity::Warning, offset, "empty-message", message);
            }
        }
        if self.template.front.shape == Shape::Own && !lenient {
            for near in scan(text, RoleStyle::Lenient).roles {
                let exact = lines.iter().any(|line| line.line == near.line);
                if let (false, Marker::Opens(role)) = (exact, near.marker) {
                    let offset = self.template.source_offset(near.line.start);
                    let message = format!(
                        "this line is text; to open a message, write exactly `{role}:` on it"
                    );
                    self.say(Severity::Hint, offset, "almost-a-role", message);
                }
            }
        }
    }

    /// Text above the first role line, outside of every tag.
    fn text_before_roles(&mut self, program: &Program<'_>) {
        let (Some(file), Some(Stmt::Template(tree))) =
            (program.files.first(), program.trees.first())
        else {
            return;
        };
        let Some(first) = file.roles.iter().find(|line| line.marker != Marker::Literal) else {
            return;
        };
        for statement in &tree.children {
            let Stmt::EmitRaw(raw) = statement else { continue };
            let start = file.offset_of(raw.raw);
            let Some(room) = first.line.start.checked_sub(start) else { return };
            let text = raw.raw.get(..room).unwrap_or(raw.raw);
            if !text.trim().is_empty() {
                let lead = text.len() - text.trim_start().len();
                let message = "the text before the first role line is sent as a system message";
                let place = file.place(start + lead);
                self.at(Severity::Hint, &place, "text-before-role", message.into());
                return;
            }
        }
    }

    fn contradictions(&mut self) {
        let front = &self.template.front;
        let Some(validation) = &front.validation else { return };
        let place = self.template.key_offset("validation");
        if let (Some(low), Some(most)) = (validation.min_tokens, front.generation.max_tokens)
            && low > most
        {
            let message = format!(
                "validation asks for at least {low} tokens, but generation stops at {most}"
            );
            self.say(Severity::Warning, place, "contradiction", message);
        }
        let json =
            matches!(front.response_format, Some(ResponseFormat::Json | ResponseFormat::Schema(_)));
        if json && !validation.required_sections.is_empty() {
            let message = "an answer in JSON has no sections to require; \
                put the required keys into the schema"
                .to_owned();
            self.say(Severity::Warning, place, "contradiction", message);
        }
        let sections = &validation.required_sections;
        for (at, section) in sections.iter().enumerate() {
            if sections.iter().take(at).any(|known| known == section) {
                let message = format!("the section `{section}` is required twice");
                self.say(Severity::Hint, place, "contradiction", message);
            }
        }
    }

    /// Tools that are not there or cannot be read, and a choice of one that is not offered.
    fn tools(&mut self, sources: &dyn Sources) {
        let front = &self.template.front;
        for named in &front.tools {
            let Err(error) = tools::offered(self.template, named, sources) else { continue };
            let own = error.place.file == self.template.id.as_str();
            let message = match &error.hint {
                Some(hint) => format!("{}; {hint}", error.message),
                None => error.message,
            };
            let code = if own { "unknown-tool" } else { "broken-tool" };
            self.at(Severity::Error, &error.place, code, message);
        }
        let names = || front.tools.iter().map(|tool| tool.name.as_str());
        let place = self.template.key_offset("tool_choice");
        match &front.generation.tool_choice {
            Some(ToolChoice::Named(name)) if !names().any(|offered| offered == name) => {
                let near = crate::model::did_you_mean(nearest(name, names()));
                let message = format!("the tool `{name}` is not among the tools offered{near}");
                self.say(Severity::Error, place, "unknown-tool", message);
            }
            Some(ToolChoice::Required) if front.tools.is_empty() => {
                let message = "a call of a tool is required and none is offered".to_owned();
                self.say(Severity::Error, place, "unknown-tool", message);
            }
            _ => {}
        }
    }

    fn body(&mut self, sources: &dyn Sources) {
        let mut problems = Vec::new();
        let library = Library::load_leniently(self.template, sources, |p| problems.push(p));
        match &library {
            Ok(library) => match library.parse_leniently(|error| problems.push(error.into())) {
                Ok(program) => {
                    let found = uses::free(&program);
                    for called in &found.called {
                        if let Some(file) = program.files.get(called.file()) {
                            self.called(called, &file.place(called.offset()));
                        }
                    }
                    self.text_before_roles(&program);
                    self.variables(&variables(self.template, sources));
                }
                Err(error) => problems.push(error.into()),
            },
            Err(error) => problems.push(error.clone()),
        }
        for problem in problems {
            self.problem(&problem);
        }
    }

    fn problem(&mut self, problem: &RenderError) {
        let code = match problem {
            RenderError::Include { .. } => "include",
            RenderError::Cycle { .. } => "include-cycle",
            RenderError::Limit { .. } => "limit",
            _ => "syntax",
        };
        let message = match problem {
            RenderError::Template(TemplateError { message, hint, .. }) => match hint {
                Some(hint) => format!("{message}; {hint}"),
                None => message.clone(),
            },
            RenderError::Include { error, .. } => error.to_string(),
            other => {
                let text = other.to_string();
                let place = other.place().map(|place| format!("{place}: "));
                let short = place.as_deref().and_then(|place| text.strip_prefix(place));
                short.unwrap_or(&text).to_owned()
            }
        };
        let fallback = self.template.place(self.template.body.start);
        let place = problem.place().unwrap_or(&fallback).clone();
        self.at(Severity::Error, &place, code, message);
    }

    /// Filters and tests that do not exist.
    fn called(&mut self, called: &Called<'_>, place: &Place) {
        let (name, what, near) = match *called {
            Called::Filter { name, .. } if !FILTER_NAMES.contains(&name) => {
                (name, "filter", nearest(name, FILTER_NAMES))
            }
            Called::Test { name, .. } if !TEST_NAMES.contains(&name) => {
                (name, "test", nearest(name, TEST_NAMES))
            }
            _ => return,
        };
        let near = crate::model::did_you_mean(near);
        let message = format!("there is no {what} `{name}`{near}");
        self.at(Severity::Error, place, "unknown-name", message);
    }

    fn variables(&mut self, found: &Variables) {
        let declared: Vec<_> =
            self.template.front.parameters.iter().map(|spec| spec.name.as_str()).collect();
        for variable in &found.used {
            if variable.declared || declared.is_empty() {
                continue;
            }
            let Some(first) = variable.uses.first() else { continue };
            let name = &variable.name;
            let near = nearest(name, declared.iter().copied());
            let (severity, code, message) = if let Some(near) = near {
                let message = format!("`{name}` is no parameter; did you mean `{near}`?");
                (Severity::Warning, "unknown-variable", message)
            } else {
                let message = format!("`{name}` is no parameter; declare it to say what it is for");
                (Severity::Hint, "undeclared-variable", message)
            };
            self.at(severity, &first.place, code, message);
        }
        for unused in &found.unused {
            let message = format!("the parameter `{}` is used nowhere", unused.name);
            self.say(Severity::Warning, unused.range.start, "unused-parameter", message);
        }
    }

    fn inputs(&mut self, inputs: &BTreeMap<String, Json>, found: &Variables) {
        let front = &self.template.front;
        let (_, problems) = prepare_inputs(self.template, inputs);
        let mut misspelt = Vec::new();
        for problem in problems {
            let code = match &problem {
                InputProblem::Missing { .. } => "missing-input",
                InputProblem::Misspelt { .. } => "unknown-input",
                InputProblem::Kind { .. }
                | InputProblem::Choice { .. }
                | InputProblem::Depth { .. } => "bad-input",
            };
            let declared = match &problem {
                InputProblem::Misspelt { name, nearest } => {
                    misspelt.push(name.clone());
                    nearest
                }
                other => other.name(),
            };
            let offset = super::variables::declaration(self.template, declared).start;
            self.say(Severity::Error, offset, code, problem.to_string());
        }
        for variable in found.used.iter().filter(|variable| !variable.declared) {
            let given = inputs.contains_key(&variable.name);
            if let (false, true, Some(first)) = (given, variable.required, variable.uses.first()) {
                let message = format!("`{}` has no value", variable.name);
                self.at(Severity::Error, &first.place, "missing-input", message);
            }
        }
        let known: Vec<&str> = front
            .parameters
            .iter()
            .map(|spec| spec.name.as_str())
            .chain(found.used.iter().map(|variable| variable.name.as_str()))
            .collect();
        let strangers = inputs.keys().filter(|name| !known.contains(&name.as_str()));
        for name in strangers.filter(|name| !misspelt.contains(name)) {
            let near = nearest(name, known.iter().copied().filter(|k| !inputs.contains_key(*k)));
            let severity = if near.is_some() { Severity::Warning } else { Severity::Hint };
            let near = crate::model::did_you_mean(near);
            let message = format!("the input `{name}` is used nowhere{near}");
            self.say(severity, 0, "unknown-input", message);
        }
    }
}

impl Template {
    /// Where a key of the front matter stands, or the beginning.
    fn key_offset(&self, key: &str) -> usize {
        let entries = self.root.entries().unwrap_or_default();
        let entry = entries.iter().find(|(known, _)| known.text == key);
        entry.map_or(0, |(key, _)| self.front_start + key.range.start)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{
        model::TemplateId,
        prompt::{Form, NoSources, parse},
    };

    fn findings(source: &str, inputs: Option<Json>) -> Vec<String> {
        let id = TemplateId::new("t").expect("an id");
        let template = parse(&id, Form::Prompty, source).expect(source);
        let inputs = inputs.map(|json| serde_json::from_value(json).expect("an object"));
        let found = lint(&template, &NoSources, inputs.as_ref());
        let shown =
            found.iter().map(|f| format!("{}:{} {:?} {}", f.line, f.column, f.severity, f.code));
        shown.collect()
    }

    #[test]
    fn a_sound_template_has_none() {
        let source =
            "---\nname: x\nversion: 1.0.0\nparameters: {a: required}\n---\nuser:\n{{ a }}\n";
        assert!(findings(source, Some(json!({"a": 1}))).is_empty());
        assert!(findings("just text", None).is_empty());
    }

    #[test]
    fn what_is_wrong_is_named_where_it_stands() {
        let source = "---\nnam: x\nversion: one\nparameters:\n  language: required\n  old: optional\n\
            validation: {min_tokens: 90}\ngeneration: {max_tokens: 10}\n---\nuser:\n{{ langage }}{{ x }}\n\
            assistant:\n\nUser:\n{{include:nope}}{{ x | uper }}{{ x is definde }}\n";
        assert_eq!(
            findings(source, None),
            [
                "2:1 Warning unknown-key",
                "3:10 Error bad-version",
                "5:3 Warning unused-parameter",
                "6:3 Warning unused-parameter",
                "7:1 Warning contradiction",
                "11:4 Warning unknown-variable",
                "11:17 Hint undeclared-variable",
                "14:1 Hint almost-a-role",
                "15:3 Error include",
                "15:24 Error unknown-name",
                "15:39 Error unknown-name",
            ]
        );
    }

    #[test]
    fn tools_that_are_not_there_are_named() {
        struct Files;
        impl Sources for Files {
            fn source(
                &self,
                name: &str,
            ) -> Result<std::sync::Arc<str>, crate::prompt::SourceError> {
                NoSources.source(name)
            }

            fn tool(&self, name: &str) -> Result<std::sync::Arc<str>, crate::prompt::SourceError> {
                match name {
                    "good" => Ok("description: Fine.".into()),
                    "bad" => Ok("description: Fine.\nparameter: {}".into()),
                    _ => Err(crate::prompt::SourceError::Unknown {
                        name: name.to_owned(),
                        nearest: nearest(name, ["good", "bad"]).map(str::to_owned),
                    }),
                }
            }
        }
        let found = |front: &str| {
            let id = TemplateId::new("t").expect("an id");
            let source = format!("---\n{front}\n---\nhi");
            let template = parse(&id, Form::Prompty, &source).expect("a template");
            lint(&template, &Files, None)
                .into_iter()
                .map(|it| {
                    let file = it.file.map_or_else(String::new, |file| format!("{file}:"));
                    format!("{file}{}:{} {} {}", it.line, it.column, it.code, it.message)
                })
                .collect::<Vec<_>>()
        };
        assert_eq!(found("tools: [good]\ntool_choice: good"), [""; 0]);
        let unknown = found("tools:\n  - good\n  - goood");
        assert_eq!(unknown.len(), 1, "{unknown:?}");
        assert!(
            unknown[0]
                .starts_with("4:5 unknown-tool no tool is called `goood`; did you mean `good`?"),
            "{unknown:?}"
        );
        let broken = found("tools: [bad]");
        assert!(
            broken[0].starts_with("tools/bad.yaml:2:1 broken-tool the key `parameter`"),
            "{broken:?}"
        );
        for (front, said) in [
            ("tools: [good]\ntool_choice: godo", "3:1 unknown-tool the tool `godo` is not among"),
            ("tool_choice: required", "2:1 unknown-tool a call of a tool is required"),
            ("tools: [good, good]", "2:15 repeated-tool"),
            ("generation: {tools: [good]}", "2:14 misplaced-key"),
        ] {
            let found = found(front);
            assert!(found.len() == 1 && found[0].starts_with(said), "{front}: {found:?}");
        }
        assert!(findings("---\ntools: [a]\n---\nhi", None)[0].contains("unknown-tool"));
    }

    #[test]
    fn empty_messages_and_open_tags_are_found() {
        assert_eq!(
            findings("{# c #}\nhi\nsystem:\n\nuser:\n{% set x %}.{% endset %}", None),
            ["2:1 Hint text-before-role", "3:1 Warning empty-message"]
        );
        assert!(findings("{# c #}{% set x = 1 %}\nuser:\n{{ x }}", None).is_empty());
        assert_eq!(findings("user:\n\n{% if x %}", None), ["3:4 Error syntax"]);
        assert_eq!(findings("user:\n{{ a + }}", None), ["2:8 Error syntax"]);
    }

    #[test]
    fn inputs_are_looked_at_when_there_are_any() {
        let source = "---\nparameters:\n  language: required\n  n: {type: integer, default: 1}\n---\n\
            {{ language }}{{ n }}{{ other }}";
        assert_eq!(
            findings(source, Some(json!({"langauge": "x", "n": "many", "stray": 1}))),
            [
                "1:1 Hint unknown-input",
                "3:3 Error unknown-input",
                "4:3 Error bad-input",
                "6:25 Error missing-input",
                "6:25 Hint undeclared-variable",
            ]
        );
    }
}
