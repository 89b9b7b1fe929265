//! From what is asked for to a call that can be sent.

use std::collections::{BTreeMap, BTreeSet};

use semver::Version;
use serde_json::Value;

use super::{App, AppError, new_execution_id, safeguard::untrusted, workspace::VersionSelector};
use crate::{
    engine::{CallSpec, Expectations, Safeguards},
    model::{
        CacheUse, ContentHash, Fallback, GenerationParameters, GuardName, Message, ModelRef,
        Parameter, Role, TemplateId, TemplateStamp, VariantName,
    },
    prompt::{Form, FrontMatter, Limits, Rendered, Template, offered_tools, parse, render},
};

/// What a call is made from.
#[derive(Clone, Debug, PartialEq)]
pub enum PromptSource {
    /// The template's file as it is now.
    File(TemplateId),
    /// The template as it is when it is opened: the draft of it that was kept, else its file.
    Opened(TemplateId),
    /// A text that may differ from the file: what stands in an editor.
    Text { template: TemplateId, text: String },
    /// A saved version.
    Version { template: TemplateId, version: VersionSelector },
    /// Text without a template: one user message, sent as it is.
    Plain(String),
    /// Messages that were sent before, sent again exactly.
    Messages { messages: Vec<Message>, stamp: TemplateStamp },
}

/// One call that is asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct CallOrder {
    pub variant: VariantName,
    pub source: PromptSource,
    /// `None`: the template's own model, else the default.
    pub model: Option<ModelRef>,
    /// Laid over the template's own parameters.
    pub parameters: GenerationParameters,
    pub inputs: BTreeMap<String, Value>,
    pub tags: BTreeMap<String, String>,
    pub stream: bool,
    pub cache: CacheUse,
    /// Models to ask where this one does not answer; empty: the template's own, else those of
    /// the settings.
    pub fallback: Vec<Fallback>,
    /// Guards that may stop nothing, this once.
    pub allow: BTreeSet<GuardName>,
    /// Parameters to leave out, and to go on leaving out where the model has refused them.
    pub without: Vec<Parameter>,
}

impl CallOrder {
    /// A call that is streamed, of a prompt as it says itself, without inputs.
    #[must_use]
    pub fn new(variant: VariantName, source: PromptSource) -> Self {
        Self {
            variant,
            source,
            model: None,
            parameters: GenerationParameters::default(),
            inputs: BTreeMap::new(),
            tags: BTreeMap::new(),
            stream: true,
            cache: CacheUse::default(),
            fallback: Vec::new(),
            allow: BTreeSet::new(),
            without: Vec::new(),
        }
    }
}

/// A template read, with the stamp its executions carry.
struct Read {
    template: Template,
    stamp: TemplateStamp,
}

impl App {
    /// Reads, renders and completes an order. Nothing is sent.
    ///
    /// # Errors
    /// Where the template cannot be read or does not render with these inputs, no model is named
    /// anywhere, or one of an unknown provider is.
    pub async fn prepare(&self, order: CallOrder) -> Result<CallSpec, AppError> {
        let CallOrder { variant, source, model, parameters, inputs, tags, stream, .. } = order;
        let CallOrder { cache, fallback, allow, without, .. } = order;
        let mut recovery = self.settings.recovery.clone();
        let mut remarks = Vec::new();
        let (messages, stamp, front, safeguards) = match source {
            PromptSource::Plain(text) => {
                let message = Message { role: Role::User, content: text };
                let safeguards = self.safeguards_of_reply(allow);
                (vec![message], TemplateStamp::default(), FrontMatter::default(), safeguards)
            }
            PromptSource::Messages { messages, stamp } => {
                (messages, stamp, FrontMatter::default(), self.safeguards_of_reply(allow))
            }
            source => {
                let Read { mut template, stamp } = self.read(source).await?;
                let rules = self.rules_of(&mut template);
                recovery = rules.recovery;
                remarks.extend(rules.remark);
                let mut front = template.front.clone();
                if front.generation.response_format.is_none() {
                    front.generation.response_format = front.response_format.take();
                }
                let given = inputs.clone();
                let (rendered, tools) = self
                    .files(move |workspace| {
                        let tools = offered_tools(&template, workspace)?;
                        render(&template, workspace, &given, &Limits::default())
                            .map(|rendered| (rendered, tools))
                            .map_err(AppError::from)
                    })
                    .await?;
                front.generation.tools = tools;
                let untrusted = untrusted(&rendered);
                let safeguards = Safeguards { guards: rules.guards, untrusted, allowed: allow };
                (rendered.to_messages(), stamp, front, safeguards)
            }
        };
        let model = model
            .or(front.model)
            .or_else(|| self.settings.default_model.clone())
            .ok_or(AppError::NoModel)?;
        self.endpoints.check(&model.provider).map_err(AppError::UnknownProvider)?;
        Ok(CallSpec {
            execution_id: new_execution_id(),
            variant,
            stamp,
            model,
            messages,
            parameters: front.generation.overlaid(&parameters),
            inputs,
            tags,
            stream,
            cache,
            fallback: if fallback.is_empty() {
                front.fallback.unwrap_or_else(|| self.settings.engine.fallback.clone())
            } else {
                fallback
            },
            safeguards,
            expectations: Expectations { recovery, validation: front.validation },
            without,
            remarks,
        })
    }

    /// Renders a template without running it.
    ///
    /// # Errors
    /// Where it cannot be read or does not render with these inputs.
    pub async fn render(
        &self,
        source: PromptSource,
        inputs: BTreeMap<String, Value>,
    ) -> Result<Rendered, AppError> {
        let Read { template, .. } = self.read(source).await?;
        let rendered = self
            .files(move |workspace| render(&template, workspace, &inputs, &Limits::default()))
            .await?;
        Ok(rendered)
    }

    /// Reads and parses what a source names.
    ///
    /// # Errors
    /// Where there is no such template or version, or it cannot be read or parsed.
    pub async fn template(&self, source: PromptSource) -> Result<Template, AppError> {
        Ok(self.read(source).await?.template)
    }

    async fn read(&self, source: PromptSource) -> Result<Read, AppError> {
        match source {
            PromptSource::File(id) => {
                let name = id.clone();
                let loaded = self.files(move |workspace| workspace.load(&name)).await?;
                let form = Form::of_extension(loaded.extension).unwrap_or(Form::Prompty);
                self.stamped(parse(&id, form, &loaded.source)?).await
            }
            PromptSource::Opened(id) => {
                let opened = self.open_template(&id).await?;
                let text = opened.draft.unwrap_or(opened.text);
                self.stamped(parse(&id, opened.form, &text)?).await
            }
            PromptSource::Text { template, text } => {
                let form = self.form_of(&template).await;
                self.stamped(parse(&template, form, &text)?).await
            }
            PromptSource::Version { template, version } => {
                let record = self.saved_version(&template, &version).await?;
                let form = self.form_of(&template).await;
                Ok(Read {
                    template: parse(&template, form, &record.content)?,
                    stamp: TemplateStamp {
                        template: Some(template),
                        version: Some(record.version),
                        content_hash: Some(record.content_hash),
                    },
                })
            }
            PromptSource::Plain(text) => {
                let id = TemplateId::new("prompt").map_err(super::workspace::FileError::from)?;
                let template = parse(&id, Form::Plain, &text)?;
                Ok(Read { template, stamp: TemplateStamp::default() })
            }
            PromptSource::Messages { .. } => Err(AppError::Usage(
                "messages that were sent before are not rendered again".to_owned(),
            )),
        }
    }

    /// The stamp of a text: the version whose content it is, if it is one's. The version the
    /// front matter names is recorded when it is first met, so that it can be named and gone
    /// back to later.
    async fn stamped(&self, template: Template) -> Result<Read, AppError> {
        let hash = ContentHash::of(template.source.as_bytes());
        let version = match &template.front.version {
            Some(version) => self.matching_version(&template, version, &hash).await,
            None => self.version_of_content(&template.id, &hash).await,
        };
        Ok(Read {
            stamp: TemplateStamp {
                template: Some(template.id.clone()),
                version,
                content_hash: Some(hash),
            },
            template,
        })
    }

    /// How a template's file is written; versions keep only its text.
    pub(super) async fn form_of(&self, id: &TemplateId) -> Form {
        let name = id.clone();
        self.files(move |workspace| workspace.load(&name))
            .await
            .ok()
            .and_then(|loaded| Form::of_extension(loaded.extension))
            .unwrap_or(Form::Prompty)
    }

    async fn matching_version(
        &self,
        template: &Template,
        version: &Version,
        hash: &ContentHash,
    ) -> Option<Version> {
        match self.store.version(&template.id, version).await {
            Ok(Some(record)) => (record.content_hash == *hash).then(|| version.clone()),
            // A text that is being edited names a version it no longer is; only the file itself
            // is taken as that version.
            Ok(None) => self.adopt(template, version, hash).await.then(|| version.clone()),
            Err(_) => None,
        }
    }

    async fn version_of_content(&self, id: &TemplateId, hash: &ContentHash) -> Option<Version> {
        let versions = self.store.versions(id).await.ok()?;
        versions.into_iter().find(|record| record.content_hash == *hash).map(|it| it.version)
    }
}
