//! What is known of a text after reading it as a template.

use std::collections::BTreeMap;

use semver::Version;
use serde_json::Value;

use super::App;
use crate::{
    model::{GenerationParameters, Message, ModelRef, TemplateId},
    prompt::{
        Finding, Form, Limits, ParameterKind, ParameterSpec, Severity, Sources, TemplateError,
        Variable, lint, offered_tools, parse, render,
        tokens::{TokenCount, count, count_messages},
        variables,
    },
    store::TypicalOutput,
};

/// What is known of a text after reading it as a template.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Analysis {
    /// The version in the front matter.
    pub version: Option<Version>,
    /// The template's own model, if it names one.
    pub model: Option<ModelRef>,
    /// The template's own generation parameters.
    pub generation: GenerationParameters,
    /// The parameters, in the order of the file, then variables that are used and not declared.
    pub fields: Vec<InputField>,
    /// Uses of variables, in the order of the text.
    pub variables: Vec<VariableUse>,
    pub findings: Vec<Finding>,
    /// Tokens of the rendered messages; `None` while it does not render.
    pub tokens: Option<TokenCount>,
    /// Tokens of each rendered message by itself.
    pub message_tokens: Vec<TokenCount>,
    /// The context window of the model, in tokens, where known.
    pub context_window: Option<u64>,
    /// How long the last answers of the model were, where there are some.
    pub typical: Option<TypicalOutput>,
    /// The rendered messages, where it renders.
    pub messages: Vec<Message>,
}

/// One field of the inputs form.
#[derive(Clone, Debug, PartialEq)]
pub struct InputField {
    pub name: String,
    pub required: bool,
    pub default: Option<Value>,
    pub description: Option<String>,
    /// The values it may take; empty for any.
    pub choices: Vec<Value>,
    /// The kind a value must have, in a word (`text`, `number`, `list`), where declared.
    pub kind: Option<String>,
    /// Whether the front matter declares it.
    pub declared: bool,
    /// Whether the body uses it.
    pub used: bool,
}

/// One place where the body uses a variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VariableUse {
    pub name: String,
    /// Bytes of the source.
    pub range: std::ops::Range<usize>,
}

/// Reads a text as a template, with these inputs. Tokens are counted as `model` counts them,
/// else as the template's own model does. A text that is no template gives its error as the one
/// finding.
pub fn analyse(
    id: &TemplateId,
    form: Form,
    text: &str,
    inputs: &BTreeMap<String, Value>,
    model: Option<&ModelRef>,
    sources: &dyn Sources,
) -> Analysis {
    let template = match parse(id, form, text) {
        Ok(template) => template,
        Err(error) => {
            return Analysis { findings: vec![finding(id, &error)], ..Analysis::default() };
        }
    };
    let used = variables(&template, sources);
    let mut generation = template.front.generation.clone();
    if generation.response_format.is_none() {
        generation.response_format.clone_from(&template.front.response_format);
    }
    // What is wrong with them is a finding.
    generation.tools = offered_tools(&template, sources).unwrap_or_default();
    let declared = template.front.parameters.iter().map(|spec| {
        let used = used.get(&spec.name).is_some();
        declared_field(spec, used)
    });
    let undeclared = used.used.iter().filter(|variable| !variable.declared).map(undeclared_field);
    let mut uses: Vec<VariableUse> = used
        .used
        .iter()
        .flat_map(|variable| {
            let own = variable.uses.iter().filter(|place| place.file.is_none());
            own.map(|place| VariableUse { name: variable.name.clone(), range: place.range.clone() })
        })
        .collect();
    uses.sort_by_key(|place| place.range.start);
    let mut findings = lint(&template, sources, None);
    // A missing input is told by its field; any other reason not to render is a finding.
    let messages = match render(&template, sources, inputs, &Limits::default()) {
        Ok(rendered) => rendered.to_messages(),
        Err(crate::prompt::RenderError::Template(error)) => {
            let told = finding(id, &error);
            if !findings.iter().any(|known| known.line == told.line && known.file == told.file) {
                findings.push(told);
            }
            Vec::new()
        }
        Err(_) => Vec::new(),
    };
    let counted = model.or(template.front.model.as_ref());
    let nameless = ModelRef::new("", "");
    let counted = counted.unwrap_or(&nameless);
    let tokens = (!messages.is_empty()).then(|| count_messages(counted, &messages));
    let message_tokens = messages.iter().map(|message| count(counted, &message.content)).collect();
    Analysis {
        version: template.front.version.clone(),
        model: template.front.model.clone(),
        generation,
        fields: declared.chain(undeclared).collect(),
        variables: uses,
        findings,
        tokens,
        message_tokens,
        context_window: None,
        typical: None,
        messages,
    }
}

impl App {
    /// [`analyse`] with the workspace's partials and what is known of the model, on a thread
    /// where it harms nobody.
    pub async fn analyse(
        &self,
        id: &TemplateId,
        text: String,
        inputs: BTreeMap<String, Value>,
        model: Option<ModelRef>,
    ) -> Analysis {
        let form = self.form_of(id).await;
        let template = id.clone();
        let id = id.clone();
        let asked = model.clone();
        let mut analysis = self
            .files(move |workspace| analyse(&id, form, &text, &inputs, asked.as_ref(), workspace))
            .await;
        let model = model.or_else(|| analysis.model.clone());
        let model = model.or_else(|| self.settings.default_model.clone());
        if let Some(model) = model {
            analysis.context_window = self.context_window(&model);
            // Without the database there is nothing to learn from.
            analysis.typical =
                self.store.typical_output(&model, Some(&template)).await.ok().flatten();
        }
        analysis
    }
}

fn finding(id: &TemplateId, error: &TemplateError) -> Finding {
    let message = match &error.hint {
        Some(hint) => format!("{}; {hint}", error.message),
        None => error.message.clone(),
    };
    Finding {
        severity: Severity::Error,
        file: (error.place.file != id.as_str()).then(|| error.place.file.clone()),
        line: error.place.line,
        column: error.place.column,
        code: "syntax",
        message,
    }
}

fn declared_field(spec: &ParameterSpec, used: bool) -> InputField {
    InputField {
        name: spec.name.clone(),
        required: spec.required,
        default: spec.default.clone(),
        description: spec.description.clone(),
        choices: spec.enum_values.clone(),
        kind: (spec.kind != ParameterKind::default()).then(|| spec.kind.as_str().to_owned()),
        declared: true,
        used,
    }
}

fn undeclared_field(variable: &Variable) -> InputField {
    InputField {
        name: variable.name.clone(),
        required: variable.required,
        default: None,
        description: None,
        choices: Vec::new(),
        kind: None,
        declared: false,
        used: true,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn a_fault_in_an_included_file_names_that_file() {
        let id = TemplateId::new("a/first").expect("an id");
        let text = "user:\nhello\n{{include:tone}}\n{{ gone.name }}\n";
        let partial = |text: &str| BTreeMap::from([("tone".to_owned(), Arc::<str>::from(text))]);
        let found = |sources: &BTreeMap<String, Arc<str>>| {
            let inputs = BTreeMap::from([("gone".to_owned(), Value::from(1))]);
            let analysis = analyse(&id, Form::Prompty, text, &inputs, None, sources);
            let errors = analysis.findings.into_iter().filter(|it| it.severity == Severity::Error);
            errors.map(|it| (it.file, it.line)).collect::<Vec<_>>()
        };
        let tone = Some("tone".to_owned());
        assert_eq!(found(&partial("one\n{% if %}\n")), [(tone.clone(), 2)]);
        // Only rendering finds this one.
        assert_eq!(found(&partial("one\ntwo\n{{ 1 + [] }}\n")), [(tone, 3)]);
    }
}
