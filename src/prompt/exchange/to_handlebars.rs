//! Our bodies written as Handlebars, for dotprompt.

use super::{
    draft::Draft,
    jinja::{Inner, Piece, is_name, is_path, pieces},
};

/// An open block.
#[derive(Clone, Debug)]
enum Frame {
    /// A condition, closed by this helper's name.
    Condition(&'static str),
    /// `for NAME in …`: inside, the item is `this`.
    Each(String),
    /// A block without counterpart, kept as words.
    Words,
}

/// Writes one message's content, noting what is not carried.
pub(super) fn write(content: &str, frames: &mut Frames, draft: &mut Draft) -> String {
    let mut out = Writer::default();
    for piece in pieces(content) {
        match piece {
            Piece::Text(words) => out.words.push_str(words),
            Piece::Comment(comment) => {
                let comment = comment.trim().replace("--", "- -");
                out.tag((false, false), &format!("!-- {comment} --"));
            }
            Piece::Include(name) => out.tag((false, false), &format!(">{name}")),
            Piece::Output(inner) => match frames.output(inner.text) {
                Some(text) => out.tag(inner.trims, &text),
                None => out.left(inner, draft),
            },
            Piece::Tag(inner) => match frames.statement(inner.text) {
                Some(text) => out.tag(inner.trims, &text),
                None => out.left(inner, draft),
            },
        }
    }
    out.end_words();
    out.text
}

/// A body under way.
#[derive(Default)]
struct Writer {
    text: String,
    /// Plain words since the last tag; only together do they show where braces meet.
    words: String,
}

impl Writer {
    /// Keeps a tag as the words it is written with.
    fn left(&mut self, inner: Inner<'_>, draft: &mut Draft) {
        draft.leave(format!("`{}` stays as plain text", inner.source));
        self.words.push_str(inner.source);
    }

    /// Writes the plain words; a backslash takes the meaning from double braces.
    fn end_words(&mut self) {
        for (index, part) in std::mem::take(&mut self.words).split("{{").enumerate() {
            if index > 0 {
                if self.text.ends_with('\\') {
                    // Two backslashes would give the braces their meaning back: an empty comment
                    // stands between the words' own and ours.
                    self.text.push_str("\\{{!}}");
                }
                self.text.push_str("\\{{");
            }
            self.text.push_str(part);
        }
    }

    /// Writes a tag so that the words before it do not change what it is.
    fn tag(&mut self, (mut before, after): (bool, bool), text: &str) {
        self.end_words();
        if self.text.ends_with('\\') {
            // One backslash would make the tag plain words; two are one that does not.
            self.text.push('\\');
        } else if self.text.ends_with('{') {
            // Three braces are another tag: a blank parts them, and the tag takes it away again.
            self.text.push(' ');
            before = true;
        }
        let sign = |trims: bool| if trims { "~" } else { "" };
        self.text.push_str("{{");
        self.text.push_str(sign(before));
        self.text.push_str(text);
        self.text.push_str(sign(after));
        self.text.push_str("}}");
    }
}

/// How deep blocks may stand in each other; deeper ones are kept as words.
const MOST_BLOCKS: usize = 100;

/// The blocks open at a point; they may span messages.
#[derive(Clone, Debug, Default)]
pub(super) struct Frames {
    open: Vec<Frame>,
    /// Blocks open beyond [`MOST_BLOCKS`].
    beyond: usize,
}

impl Frames {
    fn push(&mut self, frame: Frame) {
        if self.open.len() < MOST_BLOCKS {
            self.open.push(frame);
        } else {
            self.beyond += 1;
        }
    }

    fn pop(&mut self) -> Option<Frame> {
        match self.beyond.checked_sub(1) {
            Some(less) => {
                self.beyond = less;
                Some(Frame::Words)
            }
            None => self.open.pop(),
        }
    }

    fn last(&self) -> Option<&Frame> {
        self.open.last().filter(|_| self.beyond == 0)
    }

    /// A block that has a counterpart, while there is room for it.
    fn has_room(&self) -> bool {
        self.open.len() < MOST_BLOCKS
    }

    fn output(&self, expression: &str) -> Option<String> {
        match expression.split_once('|') {
            // A literal standing alone would be looked up as a name.
            None => self.path(expression),
            Some((value, filter)) => {
                let filter: String = filter.split_whitespace().collect();
                let value = self.value(value.trim())?;
                if filter == "tojson" {
                    return Some(format!("json {value}"));
                }
                let indent = filter.strip_prefix("tojson(")?.strip_suffix(')')?;
                let indent = indent.strip_prefix("indent=").unwrap_or(indent);
                let is_number = !indent.is_empty() && indent.bytes().all(|b| b.is_ascii_digit());
                is_number.then(|| format!("json {value} indent={indent}"))
            }
        }
    }

    /// What a statement is there; it opens and closes blocks on the way.
    fn statement(&mut self, text: &str) -> Option<String> {
        let (word, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
        let rest = rest.trim();
        match word {
            "if" => {
                let found = self.condition(rest).filter(|_| self.has_room());
                self.push(found.as_ref().map_or(Frame::Words, |(name, _)| Frame::Condition(name)));
                found.map(|(name, condition)| format!("#{name} {condition}"))
            }
            "elif" => match (self.last(), self.condition(rest)) {
                (Some(Frame::Condition("if")), Some(("if", condition))) => {
                    Some(format!("else if {condition}"))
                }
                _ => None,
            },
            "else" => match self.last() {
                Some(Frame::Condition(_) | Frame::Each(_)) => Some("else".to_owned()),
                _ => None,
            },
            "for" => {
                let found = self.each(rest).filter(|_| self.has_room());
                let frame =
                    found.as_ref().map_or(Frame::Words, |(item, _)| Frame::Each(item.clone()));
                self.push(frame);
                found.map(|(_, list)| format!("#each {list}"))
            }
            "endif" | "endfor" => match self.pop() {
                Some(Frame::Condition(name)) => Some(format!("/{name}")),
                Some(Frame::Each(_)) => Some("/each".to_owned()),
                Some(Frame::Words) | None => None,
            },
            _ => {
                if matches!(word, "macro" | "block" | "filter" | "with" | "call")
                    || (word == "set" && !rest.contains('='))
                {
                    self.push(Frame::Words);
                } else if word.starts_with("end") {
                    self.pop();
                }
                None
            }
        }
    }

    fn condition(&self, text: &str) -> Option<(&'static str, String)> {
        for (sign, helper) in [("==", "ifEquals"), ("!=", "unlessEquals")] {
            if let Some((left, right)) = text.split_once(sign) {
                let (left, right) = (self.value(left.trim())?, self.value(right.trim())?);
                return Some((helper, format!("{left} {right}")));
            }
        }
        match text.strip_prefix("not ") {
            Some(value) => Some(("unless", self.value(value.trim())?)),
            None => Some(("if", self.value(text)?)),
        }
    }

    fn each(&self, text: &str) -> Option<(String, String)> {
        let (item, list) = text.split_once(" in ")?;
        let item = item.trim();
        is_name(item).then_some(())?;
        Some((item.to_owned(), self.path(list.trim())?))
    }

    fn value(&self, text: &str) -> Option<String> {
        let is_quoted = |quote: char| {
            text.len() > 1
                && text.starts_with(quote)
                && text.ends_with(quote)
                && text.matches(quote).count() == 2
                && !text.contains('\\')
        };
        if is_quoted('"') || is_quoted('\'') || text.parse::<f64>().is_ok_and(f64::is_finite) {
            return Some(text.to_owned());
        }
        match text {
            "true" | "True" => Some("true".to_owned()),
            "false" | "False" => Some("false".to_owned()),
            "none" | "None" => Some("null".to_owned()),
            _ => self.path(text),
        }
    }

    fn path(&self, text: &str) -> Option<String> {
        let loops: Vec<&str> = self
            .open
            .iter()
            .rev()
            .filter_map(|frame| match frame {
                Frame::Each(item) => Some(item.as_str()),
                _ => None,
            })
            .collect();
        match text {
            "loop.index0" if !loops.is_empty() => return Some("@index".to_owned()),
            "loop.first" if !loops.is_empty() => return Some("@first".to_owned()),
            "loop.last" if !loops.is_empty() => return Some("@last".to_owned()),
            _ => {}
        }
        let is_word = matches!(text, "not" | "and" | "or" | "is" | "in" | "if" | "else");
        if !is_path(text) || is_word || text.starts_with("loop.") {
            return None;
        }
        let (root, rest) =
            text.split_once('.').map_or((text, None), |(root, rest)| (root, Some(rest)));
        let depth = loops.iter().position(|item| *item == root);
        match (depth, rest) {
            (Some(0), None) => Some("this".to_owned()),
            (Some(0), Some(rest)) => Some(format!("this.{rest}")),
            (Some(up), None) => Some(vec![".."; up].join("/")),
            (Some(up), Some(rest)) => Some(format!("{}{rest}", "../".repeat(up))),
            (None, _) => Some(format!("{}{text}", "../".repeat(loops.len()))),
        }
    }
}
