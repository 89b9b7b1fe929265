//! What each part of a template's line is, for an editor to colour.
//!
//! Lines are looked at one by one: a [`LineState`] carries over what the lines before have
//! opened, so that a key press costs the line it changed, and the lines after it only as far as
//! the state they begin with differs from before (states compare with `==`).
//!
//! This is a reader for half-written text: it never fails, and where a text is not a valid
//! template it says what the writer most likely means. What it calls a variable is every name
//! that an expression looks up, the names bound by a `for` or `set` elsewhere in the template
//! among them; whether a name is known is the caller's to judge.

mod front;
mod tag;

use std::ops::Range;

use self::front::BlockScalar;
use self::tag::Tag;
use super::{
    Form,
    body::{Marker, RoleStyle, role_of},
};

/// What a piece of a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SpanKind {
    /// A `---` around the front matter.
    FrontMatterFence,
    FrontMatterKey,
    FrontMatterValue,
    /// A Jinja comment, or a YAML comment in the front matter.
    Comment,
    /// A line that opens a message.
    Role,
    /// The base name of a variable: `user` of `{{ user.name | upper }}`, and nothing else.
    Variable,
    /// What else stands in `{{ }}` or `{% %}`, delimiters included.
    Tag,
    /// A directive that pulls in another file, whole.
    Include,
    /// Words for the model.
    Text,
}

/// A piece of a line, in bytes of that line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    pub range: Range<usize>,
    pub kind: SpanKind,
}

/// What the lines before a line have opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LineState {
    roles: RoleStyle,
    mode: Mode,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Mode {
    /// Nothing read yet: front matter may open here.
    Start,
    Front(Option<BlockScalar>),
    Body,
    Comment,
    Raw,
    Tag(Tag),
}

impl LineState {
    /// The state before the first line of a file. `lenient_roles`: whether role lines are read as
    /// Prompty reads them ([`Template::has_lenient_roles`](super::Template::has_lenient_roles)).
    ///
    /// The JSON form is one text here: its body stands in a single string, in which no line of
    /// the file is a role line.
    #[must_use]
    pub const fn start(form: Form, lenient_roles: bool) -> Self {
        match (form, lenient_roles) {
            (Form::Prompty, false) => Self { roles: RoleStyle::Exact, mode: Mode::Start },
            (Form::Prompty, true) => Self { roles: RoleStyle::Lenient, mode: Mode::Start },
            (Form::Json | Form::Plain, _) => Self { roles: RoleStyle::None, mode: Mode::Body },
        }
    }

    /// Whether the next line stands in the front matter.
    #[must_use]
    pub const fn in_front_matter(self) -> bool {
        matches!(self.mode, Mode::Front(_))
    }
}

/// The pieces of a line, in order and without gaps, and the state the next line begins with. A
/// line end at the end of `line` belongs to no piece. Costs the line's length.
#[must_use]
pub fn spans(line: &str, state: LineState) -> (Vec<Span>, LineState) {
    let line = line.strip_suffix('\n').unwrap_or(line);
    let line = line.strip_suffix('\r').unwrap_or(line);
    let mut pieces = Pieces { line, at: 0, spans: Vec::new() };
    let mode = match state.mode {
        Mode::Start if is_fence(line.strip_prefix('\u{feff}').unwrap_or(line)) => {
            pieces.take(line.len(), SpanKind::FrontMatterFence);
            Mode::Front(None)
        }
        Mode::Front(_) if is_fence(line) => {
            pieces.take(line.len(), SpanKind::FrontMatterFence);
            Mode::Body
        }
        Mode::Front(block) => Mode::Front(front::line(&mut pieces, block)),
        Mode::Start | Mode::Body if opens_message(line, state.roles) => {
            pieces.take(line.len(), SpanKind::Role);
            Mode::Body
        }
        mode => body(&mut pieces, mode),
    };
    (pieces.spans, LineState { mode, ..state })
}

fn is_fence(line: &str) -> bool {
    line.trim_end() == "---"
}

/// Whether a line opens a message. One with a tag on it never does.
fn opens_message(line: &str, style: RoleStyle) -> bool {
    matches!(role_of(line, style), Some(Marker::Opens(_))) && !line.contains("{{")
}

/// The rest of a line outside the front matter.
fn body(pieces: &mut Pieces<'_>, mut mode: Mode) -> Mode {
    while !pieces.rest().is_empty() {
        mode = match mode {
            Mode::Comment => match pieces.rest().find("#}") {
                Some(end) => {
                    pieces.take(end + 2, SpanKind::Comment);
                    Mode::Body
                }
                None => pieces.take_all(SpanKind::Comment, mode),
            },
            Mode::Raw => match tag::find_endraw(pieces.rest()) {
                Some((before, len)) => {
                    pieces.take(before, SpanKind::Text);
                    pieces.take(len, SpanKind::Tag);
                    Mode::Body
                }
                None => pieces.take_all(SpanKind::Text, mode),
            },
            Mode::Tag(open) => tag::go_on(pieces, open),
            Mode::Start | Mode::Front(_) | Mode::Body => text(pieces),
        };
    }
    // The first line of a body without front matter may have been empty.
    if mode == Mode::Start { Mode::Body } else { mode }
}

/// Text up to the next delimiter, and what that delimiter opens.
fn text(pieces: &mut Pieces<'_>) -> Mode {
    let rest = pieces.rest();
    let opening = rest.match_indices('{').find_map(|(at, _)| {
        let mode = match rest.as_bytes().get(at + 1)? {
            b'#' => Mode::Comment,
            b'{' => Mode::Tag(Tag::expression()),
            b'%' => Mode::Tag(Tag::statement()),
            _ => return None,
        };
        Some((at, mode))
    });
    let Some((at, mode)) = opening else { return pieces.take_all(SpanKind::Text, Mode::Body) };
    pieces.take(at, SpanKind::Text);
    if mode == Mode::Comment {
        pieces.take(2, SpanKind::Comment);
    } else if let Some(len) = tag::include_directive(pieces.rest()) {
        pieces.take(len, SpanKind::Include);
        return Mode::Body;
    } else {
        let (len, kind) = tag::opening(pieces.rest());
        pieces.take(len, kind);
    }
    mode
}

/// A line being cut into spans.
struct Pieces<'l> {
    line: &'l str,
    at: usize,
    spans: Vec<Span>,
}

impl<'l> Pieces<'l> {
    fn rest(&self) -> &'l str {
        self.line.get(self.at..).unwrap_or("")
    }

    /// Makes the next bytes a span, or lengthens the span before if it is of the same kind.
    fn take(&mut self, len: usize, kind: SpanKind) {
        let end = (self.at + len).min(self.line.len());
        if end == self.at {
            return;
        }
        match self.spans.last_mut() {
            Some(last) if last.kind == kind => last.range.end = end,
            _ => self.spans.push(Span { range: self.at..end, kind }),
        }
        self.at = end;
    }

    fn take_all(&mut self, kind: SpanKind, mode: Mode) -> Mode {
        self.take(self.rest().len(), kind);
        mode
    }
}

#[cfg(test)]
mod tests;
