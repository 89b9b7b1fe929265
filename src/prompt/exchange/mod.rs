//! Prompts of other tools: read them as templates, write templates for them.
//!
//! No format carries everything. What is left behind is never silent: each import and export
//! says in plain sentences what it could not carry, so that a person can finish the work. Nothing
//! that a file names is opened, called or run.

mod document;
mod dotprompt;
mod draft;
mod handlebars;
mod jinja;
mod langfuse;
mod llm;
mod picoschema;
mod promptfoo;
mod prompty;
mod to_handlebars;

use thiserror::Error;

use self::draft::Draft;
use super::{Form, Shape, Template, parse};
use crate::model::TemplateId;

/// The largest file that is imported, in bytes. It may hold several prompts.
pub const MAX_IMPORT_BYTES: usize = 8 * 1024 * 1024;

/// A format of another tool.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// Google's dotprompt (`.prompt`): YAML front matter and Handlebars.
    Dotprompt,
    /// Microsoft's Prompty, version 1 (`.prompty`). Both versions are read.
    Prompty,
    /// promptfoo: a prompt file (text or a list of messages) or a whole `promptfooconfig.yaml`;
    /// the latter is written.
    Promptfoo,
    /// A template of Simon Willison's `llm` (YAML, `$name` variables).
    Llm,
    /// A prompt as Langfuse's API gives it (JSON).
    Langfuse,
}

impl Format {
    /// Every format.
    pub const ALL: [Self; 5] =
        [Self::Dotprompt, Self::Prompty, Self::Promptfoo, Self::Llm, Self::Langfuse];

    /// The word on the command line and in messages.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Dotprompt => "dotprompt",
            Self::Prompty => "prompty",
            Self::Promptfoo => "promptfoo",
            Self::Llm => "llm",
            Self::Langfuse => "langfuse",
        }
    }

    /// The format a word names, if it names one.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.as_str() == word)
    }

    /// The extension of files of this format, without the dot.
    #[must_use]
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Dotprompt => "prompt",
            Self::Prompty => "prompty",
            Self::Promptfoo | Self::Llm => "yaml",
            Self::Langfuse => "json",
        }
    }
}

/// One prompt read from another tool's file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Imported {
    /// What the prompt is called there, or the name given to [`import`].
    pub name: String,
    /// A template file in [`Form::Prompty`].
    pub template_source: String,
    /// A sentence for each thing that was left behind or changed its meaning.
    pub not_carried: Vec<String>,
}

/// A template written for another tool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exported {
    pub text: String,
    /// A sentence for each thing that was left behind or changed its meaning.
    pub not_carried: Vec<String>,
}

/// Why a text could not be imported.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{name} is not a {} prompt: {message}", .format.as_str())]
pub struct ImportError {
    pub format: Format,
    /// The name given to [`import`].
    pub name: String,
    pub message: String,
}

/// Reads another tool's prompts. Most files hold one; a promptfoo file or a Langfuse list may
/// hold several. `name` is what a prompt is called that does not say so itself, usually the
/// file's name without its extension.
///
/// # Errors
/// [`ImportError`] when the text is not of this format or holds no prompt.
pub fn import(format: Format, name: &str, text: &str) -> Result<Vec<Imported>, ImportError> {
    let fail = |message: String| ImportError { format, name: name.to_owned(), message };
    if text.len() > MAX_IMPORT_BYTES {
        return Err(fail(format!(
            "it has {} bytes; the limit is {MAX_IMPORT_BYTES} (8 MiB)",
            text.len()
        )));
    }
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let drafts = match format {
        Format::Prompty => {
            return prompty::import(name, text).map(|imported| vec![imported]).map_err(fail);
        }
        Format::Dotprompt => dotprompt::import(text).map(|draft| vec![draft]),
        Format::Promptfoo => promptfoo::import(text),
        Format::Llm => llm::import(text).map(|draft| vec![draft]),
        Format::Langfuse => langfuse::import(text),
    };
    Ok(drafts.map_err(fail)?.into_iter().map(|draft| finish(name, draft)).collect())
}

/// Writes a template for another tool.
#[must_use]
pub fn export(format: Format, template: &Template) -> Exported {
    if format == Format::Prompty && template.front.shape != Shape::Own {
        // It is a Prompty file already, in the version its writer chose.
        return Exported { text: template.source.clone(), not_carried: Vec::new() };
    }
    let mut draft = Draft::of_template(template);
    let text = match format {
        Format::Dotprompt => dotprompt::export(&mut draft),
        Format::Prompty => prompty::export(&mut draft),
        Format::Promptfoo => promptfoo::export(&mut draft),
        Format::Llm => llm::export(&mut draft),
        Format::Langfuse => langfuse::export(&mut draft),
    };
    Exported { text, not_carried: draft.not_carried }
}

/// Writes a draft as a template and looks whether it is one.
fn finish(name: &str, mut draft: Draft) -> Imported {
    let name = draft.front.name.get_or_insert_with(|| name.to_owned()).clone();
    let template_source = draft.to_source();
    draft.not_carried.extend(problem(&template_source));
    Imported { name, template_source, not_carried: draft.not_carried }
}

/// What keeps a source from being a template, as a sentence.
fn problem(source: &str) -> Option<String> {
    // Only for the places errors name; nothing is looked up by it.
    let id = TemplateId::new("imported").ok()?;
    let checked = parse(&id, Form::Prompty, source).and_then(|template| template.check_body());
    checked.err().map(|error| {
        format!(
            "line {} of the template needs a look before it runs: {}",
            error.place.line, error.message
        )
    })
}

#[cfg(test)]
mod tests;
