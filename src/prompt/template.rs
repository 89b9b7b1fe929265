//! A template file, read: which form it has, what its front matter says, where its body stands.

use std::{borrow::Cow, ops::Range};

use super::{
    FrontMatter, LineIndex, Place, Shape, TemplateError,
    front::{
        self, FrontError, Note,
        json::{self, Decoded},
        yaml::{self, Node, NodeValue},
    },
};
use crate::model::TemplateId;

/// The largest template file, in bytes.
pub const MAX_TEMPLATE_BYTES: usize = 1024 * 1024;

/// How a template is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Form {
    /// YAML front matter between two `---` lines, then a body with role lines.
    Prompty,
    /// One JSON object whose `template` is the body.
    Json,
    /// Nothing but the text of one user message. It has no place for a version.
    Plain,
}

impl Form {
    /// Every form.
    pub const ALL: [Self; 3] = [Self::Prompty, Self::Json, Self::Plain];

    /// The form of a file by its extension (without the dot), if files of it are templates.
    #[must_use]
    pub fn of_extension(extension: &str) -> Option<Self> {
        match extension.to_ascii_lowercase().as_str() {
            "prompty" => Some(Self::Prompty),
            "json" => Some(Self::Json),
            "md" | "txt" => Some(Self::Plain),
            _ => None,
        }
    }

    /// The extension a new file of this form gets.
    #[must_use]
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Prompty => "prompty",
            Self::Json => "json",
            Self::Plain => "md",
        }
    }
}

/// A template as read from its source. The body's own syntax is not looked at yet: a half-written
/// body still has parameters, a name and a version. See [`Template::check_body`].
#[derive(Clone, Debug)]
pub struct Template {
    pub id: TemplateId,
    pub form: Form,
    /// The whole file, byte for byte (a byte order mark and CRLF included).
    pub source: String,
    pub front: FrontMatter,
    /// Where the body stands in `source`. In the JSON form: the string literal, quotes included.
    pub body: Range<usize>,
    /// The line (from 1) the body begins on.
    pub body_line: usize,
    /// The front matter as a tree whose places count from `front_start`.
    pub(super) root: Node,
    pub(super) front_start: usize,
    pub(super) notes: Vec<Note>,
    decoded: Option<Decoded>,
    lines: LineIndex,
}

impl Template {
    /// The body as text: what is rendered. Borrowed except in the JSON form, where escapes have
    /// been resolved.
    #[must_use]
    pub fn body_text(&self) -> &str {
        match &self.decoded {
            Some(decoded) => &decoded.text,
            None => self.source.get(self.body.clone()).unwrap_or(""),
        }
    }

    /// The byte of `source` for a byte of [`Self::body_text`].
    #[must_use]
    pub fn source_offset(&self, body_offset: usize) -> usize {
        match &self.decoded {
            Some(decoded) => decoded.source_offset(body_offset),
            None => self.body.start + body_offset,
        }
    }

    /// Line and column (from 1) of a byte of `source`.
    #[must_use]
    pub fn locate(&self, offset: usize) -> (usize, usize) {
        self.lines.locate(&self.source, offset)
    }

    /// The place of a byte of `source`.
    #[must_use]
    pub fn place(&self, offset: usize) -> Place {
        let (line, column) = self.locate(offset);
        Place { file: self.id.to_string(), line, column }
    }

    /// Whether role lines open messages: everywhere but in a plain file.
    #[must_use]
    pub const fn has_roles(&self) -> bool {
        !matches!(self.form, Form::Plain)
    }

    /// Whether role lines are read as Prompty reads them (indented, `# system:`, any case).
    #[must_use]
    pub fn has_lenient_roles(&self) -> bool {
        self.form == Form::Prompty && self.front.shape != Shape::Own
    }

    /// Parses the body (not what it includes) and forgets the result.
    ///
    /// # Errors
    /// [`TemplateError`] where the body is not a template.
    pub fn check_body(&self) -> Result<(), TemplateError> {
        super::library::check(self)
    }
}

/// Reads a template from a file's bytes.
///
/// # Errors
/// [`TemplateError`] when the bytes are not UTF-8 (naming line and byte), and as [`parse`].
pub fn parse_bytes(id: &TemplateId, form: Form, bytes: &[u8]) -> Result<Template, TemplateError> {
    match std::str::from_utf8(bytes) {
        Ok(source) => parse(id, form, source),
        Err(error) => {
            let valid = bytes.get(..error.valid_up_to()).unwrap_or_default();
            let line = memchr::memchr_iter(b'\n', valid).count() + 1;
            let start = valid.iter().rposition(|&byte| byte == b'\n').map_or(0, |at| at + 1);
            let before = String::from_utf8_lossy(valid.get(start..).unwrap_or_default());
            let wide = bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]);
            let what = if wide { "it looks like UTF-16" } else { "its encoding is another" };
            Err(TemplateError {
                place: Place { file: id.to_string(), line, column: before.chars().count() + 1 },
                message: format!("not UTF-8 at byte {}: {what}", error.valid_up_to()),
                hint: Some("save the file as UTF-8".into()),
            })
        }
    }
}

/// Reads a template.
///
/// # Errors
/// [`TemplateError`] for a file above 1 MiB, front matter that is not closed, not YAML or not
/// what its keys must be, and JSON without a `template`.
pub fn parse(id: &TemplateId, form: Form, source: &str) -> Result<Template, TemplateError> {
    if source.len() > MAX_TEMPLATE_BYTES {
        return Err(TemplateError {
            place: Place { file: id.to_string(), line: 1, column: 1 },
            message: format!(
                "the template has {} bytes; the limit is {MAX_TEMPLATE_BYTES} (1 MiB)",
                source.len()
            ),
            hint: Some("give long material as an input, or include it in parts".into()),
        });
    }
    let lines = LineIndex::new(source);
    let fail = |offset: usize, message: String, hint: Option<String>| {
        let (line, column) = lines.locate(source, offset);
        TemplateError { place: Place { file: id.to_string(), line, column }, message, hint }
    };
    let parts = match form {
        Form::Prompty => prompty_parts(source),
        Form::Json => json_parts(source),
        Form::Plain => Ok(Parts::plain(source)),
    }
    .map_err(|Failure { offset, message, hint }| fail(offset, message, hint))?;
    let yaml_text = source.get(parts.front.clone()).unwrap_or("");
    let (mut front, notes) =
        front::read(&parts.root, yaml_text).map_err(|FrontError { offset, message, hint }| {
            fail(parts.front.start + offset, message, hint)
        })?;
    for tool in &mut front.tools {
        tool.range = parts.front.start + tool.range.start..parts.front.start + tool.range.end;
    }
    Ok(Template {
        id: id.clone(),
        form,
        source: source.to_owned(),
        front,
        body_line: lines.locate(source, parts.body.start).0,
        body: parts.body,
        root: parts.root,
        front_start: parts.front.start,
        notes,
        decoded: parts.decoded,
        lines,
    })
}

struct Parts {
    /// What places in `root` count from, and the text they are places of.
    front: Range<usize>,
    root: Node,
    body: Range<usize>,
    decoded: Option<Decoded>,
}

struct Failure {
    offset: usize,
    message: String,
    hint: Option<String>,
}

impl Parts {
    fn plain(source: &str) -> Self {
        let start = bom_len(source);
        Self {
            front: start..start,
            root: Node { value: NodeValue::Map(Vec::new()), range: 0..0 },
            body: start..source.len(),
            decoded: None,
        }
    }
}

/// The bytes of a byte order mark at the start of a text.
pub(super) fn bom_len(source: &str) -> usize {
    if source.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 }
}

/// Where front matter and body stand: `None` when the text has no front matter, an error offset
/// when it is opened and never closed.
pub(super) fn split_front(source: &str) -> Result<Option<(Range<usize>, usize)>, usize> {
    let start = bom_len(source);
    let rest = source.get(start..).unwrap_or("");
    let is_fence = |line: &str| line.trim_end() == "---";
    let first = rest.split_inclusive('\n').next().unwrap_or("");
    if !is_fence(first) {
        return Ok(None);
    }
    let front_start = start + first.len();
    let mut at = front_start;
    for line in source.get(front_start..).unwrap_or("").split_inclusive('\n') {
        if is_fence(line) {
            return Ok(Some((front_start..at, at + line.len())));
        }
        at += line.len();
    }
    Err(start)
}

fn prompty_parts(source: &str) -> Result<Parts, Failure> {
    let split = split_front(source).map_err(|offset| Failure {
        offset,
        message: "the front matter opened here is never closed".into(),
        hint: Some("end it with a line that is only ---".into()),
    })?;
    let Some((front, body)) = split else { return Ok(Parts::plain(source)) };
    let text = source.get(front.clone()).unwrap_or("");
    let root = yaml::read(text).map_err(|error| Failure {
        offset: front.start + LineIndex::new(text).offset(text, error.line, error.column),
        message: format!("the front matter is not valid YAML: {}", error.message),
        hint: None,
    })?;
    Ok(Parts { front, root, body: body..source.len(), decoded: None })
}

fn json_parts(source: &str) -> Result<Parts, Failure> {
    let start = bom_len(source);
    let text = source.get(start..).unwrap_or("");
    let root = json::read(text).map_err(|error| Failure {
        offset: start + error.offset,
        message: format!("not valid JSON: {}", error.message),
        hint: None,
    })?;
    let fail = |offset: usize, message: &str| Failure {
        offset: start + offset,
        message: message.to_owned(),
        hint: Some("the form is {\"name\": …, \"template\": \"…\", \"parameters\": {…}}".into()),
    };
    if root.entries().is_none() {
        return Err(fail(root.range.start, "the template must be one JSON object"));
    }
    let Some(template) = root.get("template") else {
        return Err(fail(root.range.start, "the JSON form needs a `template` text"));
    };
    if template.as_str().is_none() {
        return Err(fail(template.range.start, "`template` must be a text"));
    }
    let body = start + template.range.start..start + template.range.end;
    let decoded = Decoded::new(source, body.clone());
    Ok(Parts { front: start..source.len(), root, body, decoded: Some(decoded) })
}

/// The text of a partial or of another template as it is included: its body, without its own
/// front matter and byte order mark. The second value is where that text begins.
pub(super) fn included_body(form: Form, source: &str) -> (Cow<'_, str>, usize) {
    let from = |start: usize| (Cow::Borrowed(source.get(start..).unwrap_or("")), start);
    match form {
        Form::Json => match json_parts(source) {
            Ok(Parts { decoded: Some(decoded), body, .. }) => {
                (Cow::Owned(decoded.text), body.start)
            }
            _ => from(bom_len(source)),
        },
        Form::Prompty | Form::Plain => match split_front(source) {
            Ok(Some((_, body))) => from(body),
            _ => from(bom_len(source)),
        },
    }
}
