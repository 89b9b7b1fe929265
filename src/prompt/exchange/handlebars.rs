//! Handlebars bodies of dotprompt, written as ours.
//!
//! Blocks keep their meaning: inside `#each` and `#with` names belong to the item, `../` to what
//! is around it. What has no counterpart stays as the plain words it is written with, and is
//! noted.

use super::{
    draft::{Draft, role_of_word, without_blank_edges},
    jinja::{escaped, is_name},
};
use crate::model::{Message, Role};

/// How deep blocks may stand in each other.
const MOST_BLOCKS: usize = 100;

/// An open block.
#[derive(Clone, Debug)]
enum Frame {
    /// `#if`, `#unless` and the like: names mean what they mean around it.
    Condition,
    /// `#each`: names belong to this item.
    Each { item: String, parameters: Vec<String> },
    /// `#with`: names belong to this path.
    With(String),
    /// A block without counterpart, kept as words.
    Words,
}

/// Reads a body into messages, noting what is not carried.
///
/// # Errors
/// A sentence for a body that is no Handlebars: a tag that is never closed, or blocks nested
/// beyond reason.
pub(super) fn read(body: &str, draft: &mut Draft) -> Result<Vec<Message>, String> {
    let mut reader =
        Reader { draft, frames: Vec::new(), loops: 0, done: vec![Message::new(Role::User, "")] };
    let mut rest = body;
    while let Some((before, after)) = rest.split_once("{{") {
        // One backslash makes the braces plain words, two are one that does not.
        let before = match before.strip_suffix('\\') {
            Some(before) if !before.ends_with('\\') => {
                reader.push(&escaped(before));
                reader.push(&escaped("{{"));
                rest = after;
                continue;
            }
            Some(before) => before,
            None => before,
        };
        reader.push(&escaped(before));
        let Some((tag, len)) = Tag::read(after) else {
            return Err("a tag `{{` in its body is never closed".to_owned());
        };
        rest = after.get(len..).unwrap_or("");
        reader.tag(&tag);
        if reader.frames.len() > MOST_BLOCKS {
            return Err(format!("its blocks are nested deeper than {MOST_BLOCKS}"));
        }
    }
    reader.push(&escaped(rest));
    let mut messages = reader.done;
    for message in &mut messages {
        message.content = without_blank_edges(&message.content).to_owned();
    }
    messages.retain(|message| !message.content.is_empty());
    Ok(messages)
}

/// One `{{ }}`.
struct Tag<'t> {
    text: &'t str,
    trims: (bool, bool),
    is_comment: bool,
}

impl<'t> Tag<'t> {
    /// Reads what stands after `{{`; the second value is its length, the closing braces included.
    fn read(after: &'t str) -> Option<(Self, usize)> {
        let opened = after.strip_prefix('~').unwrap_or(after);
        let close = match () {
            () if opened.starts_with("!--") => "--",
            () if opened.starts_with('{') => "}}}",
            () => "}}",
        };
        let (inner, len) = if close == "--" {
            let (end, sign) = after.match_indices("--").find_map(|(at, _)| {
                let sign = after.get(at + 2..)?;
                let closes = sign.strip_prefix('~').unwrap_or(sign).starts_with("}}");
                (at > 2 && closes).then(|| (at, usize::from(sign.starts_with('~'))))
            })?;
            (after.get(..end)?, end + 4 + sign)
        } else {
            let end = after.find(close)?;
            (after.get(..end)?, end + close.len())
        };
        let whole = after.get(..len)?;
        let before = inner.starts_with('~');
        let text = inner.strip_prefix('~').unwrap_or(inner);
        let text = text.strip_prefix('{').unwrap_or(text);
        let trims_after = whole.trim_end_matches('}').ends_with('~');
        let text = text.strip_suffix('~').unwrap_or(text).trim();
        let comment = text.strip_prefix('!');
        let text = comment.map_or(text, |text| text.trim_start_matches("--").trim());
        let tag = Self { text, trims: (before, trims_after), is_comment: comment.is_some() };
        Some((tag, len))
    }
}

struct Reader<'d> {
    draft: &'d mut Draft,
    frames: Vec<Frame>,
    loops: usize,
    done: Vec<Message>,
}

impl Reader<'_> {
    fn push(&mut self, text: &str) {
        if let Some(message) = self.done.last_mut() {
            message.content.push_str(text);
        }
    }

    fn output(&mut self, tag: &Tag<'_>, inner: &str) {
        let (before, after) = signs(tag.trims);
        self.push(&format!("{{{{{before} {inner} {after}}}}}"));
    }

    fn statement(&mut self, tag: &Tag<'_>, inner: &str) {
        let (before, after) = signs(tag.trims);
        self.push(&format!("{{%{before} {inner} {after}%}}"));
    }

    /// Keeps a tag as the words it is written with.
    fn words(&mut self, tag: &Tag<'_>) {
        self.draft.leave(format!("`{{{{{}}}}}` stays as plain text", tag.text));
        self.push(&escaped(&format!("{{{{{}}}}}", tag.text)));
    }

    fn tag(&mut self, tag: &Tag<'_>) {
        if tag.is_comment {
            if !tag.text.is_empty() {
                let comment = tag.text.replace("#}", "# }");
                self.push(&format!("{{# {comment} #}}"));
            }
        } else if let Some(name) = tag.text.strip_prefix('>') {
            self.partial(tag, name.trim());
        } else if let Some(block) = tag.text.strip_prefix('#') {
            self.open(tag, block.trim());
        } else if tag.text.starts_with('/') {
            self.close(tag);
        } else if tag.text == "else" || tag.text == "^" {
            match self.frames.last() {
                Some(Frame::Condition | Frame::Each { .. }) => self.statement(tag, "else"),
                _ => self.words(tag),
            }
        } else if let Some(condition) = tag.text.strip_prefix("else if ") {
            match (self.frames.last(), self.condition("if", condition)) {
                (Some(Frame::Condition), Some(condition)) => {
                    self.statement(tag, &format!("elif {condition}"));
                }
                _ => self.words(tag),
            }
        } else if let Some(condition) = tag.text.strip_prefix('^') {
            self.open_condition(tag, "unless", condition.trim());
        } else {
            self.expression(tag);
        }
    }

    fn partial(&mut self, tag: &Tag<'_>, call: &str) {
        let mut words = call.split_whitespace();
        let name = words.next().unwrap_or("");
        if name.is_empty() || name.contains(['{', '}', '(']) {
            self.words(tag);
            return;
        }
        if words.next().is_some() {
            self.draft
                .leave(format!("what is given to the partial `{name}`: it sees every variable"));
        }
        self.push(&format!("{{{{include:{name}}}}}"));
    }

    fn open(&mut self, tag: &Tag<'_>, block: &str) {
        let (helper, rest) = block.split_once(char::is_whitespace).unwrap_or((block, ""));
        match helper {
            "if" | "unless" | "ifEquals" | "unlessEquals" => {
                self.open_condition(tag, helper, rest.trim());
            }
            "each" => self.open_each(tag, rest.trim()),
            "with" => match self.path(rest.trim()) {
                Some(path) => self.frames.push(Frame::With(path)),
                None => self.open_words(tag),
            },
            _ => self.open_words(tag),
        }
    }

    fn open_words(&mut self, tag: &Tag<'_>) {
        self.words(tag);
        self.frames.push(Frame::Words);
    }

    fn open_condition(&mut self, tag: &Tag<'_>, helper: &str, condition: &str) {
        match self.condition(helper, condition) {
            Some(condition) => {
                self.statement(tag, &format!("if {condition}"));
                self.frames.push(Frame::Condition);
            }
            None => self.open_words(tag),
        }
    }

    fn condition(&self, helper: &str, text: &str) -> Option<String> {
        let negates = helper.starts_with("unless");
        if helper.ends_with("Equals") {
            let words = words(text)?;
            let [left, right] = words.as_slice() else { return None };
            let sign = if negates { "!=" } else { "==" };
            return Some(format!("{} {sign} {}", self.value(left)?, self.value(right)?));
        }
        let value = self.value(text)?;
        Some(if negates { format!("not {value}") } else { value })
    }

    fn open_each(&mut self, tag: &Tag<'_>, text: &str) {
        let (path, parameters) = match text.split_once(" as |") {
            Some((path, names)) => (path.trim(), names.trim_end_matches('|')),
            None => (text, ""),
        };
        let parameters: Vec<String> = parameters.split_whitespace().map(str::to_owned).collect();
        let Some(list) = self.path(path).filter(|_| parameters.len() <= 1) else {
            self.open_words(tag);
            return;
        };
        self.loops += 1;
        let item = match (parameters.first(), self.loops) {
            (Some(name), _) if is_name(name) => name.clone(),
            (_, 1) => "item".to_owned(),
            (_, number) => format!("item_{number}"),
        };
        self.statement(tag, &format!("for {item} in {list}"));
        self.frames.push(Frame::Each { item, parameters });
    }

    fn close(&mut self, tag: &Tag<'_>) {
        match self.frames.pop() {
            Some(Frame::Condition) => self.statement(tag, "endif"),
            Some(Frame::Each { .. }) => self.statement(tag, "endfor"),
            Some(Frame::With(_)) => {}
            Some(Frame::Words) | None => self.words(tag),
        }
    }

    fn expression(&mut self, tag: &Tag<'_>) {
        let Some(call) = words(tag.text) else {
            self.words(tag);
            return;
        };
        match call.as_slice() {
            ["role", role] => match role_of_word(role.trim_matches(['"', '\''])) {
                Some(role) => self.done.push(Message::new(role, "")),
                None => self.words(tag),
            },
            ["history"] => {
                self.draft.leave("`{{history}}`: earlier messages are not put in");
            }
            ["json", value, options @ ..] => {
                let indent = options.iter().find_map(|option| option.strip_prefix("indent="));
                match (self.value(value), indent) {
                    (Some(value), Some(indent)) if indent.bytes().all(|b| b.is_ascii_digit()) => {
                        self.output(tag, &format!("{value} | tojson(indent={indent})"));
                    }
                    (Some(value), None) => self.output(tag, &format!("{value} | tojson")),
                    _ => self.words(tag),
                }
            }
            ["lookup", value, key] => match (self.value(value), self.value(key)) {
                (Some(value), Some(key)) => self.output(tag, &format!("{value}[{key}]")),
                _ => self.words(tag),
            },
            // A literal standing alone is a name to Handlebars, so only paths are values here.
            [value] => match self.path(value) {
                Some(value) => self.output(tag, &value),
                None => self.words(tag),
            },
            _ => self.words(tag),
        }
    }

    /// A path or a literal as an expression of ours.
    fn value(&self, text: &str) -> Option<String> {
        let text = text.trim();
        match text {
            "true" | "false" => return Some(text.to_owned()),
            "null" | "undefined" => return Some("none".to_owned()),
            _ => {}
        }
        let is_quoted = |quote: char| {
            text.len() > 1
                && text.starts_with(quote)
                && text.ends_with(quote)
                && text.matches(quote).count() == 2
                && !text.contains(['\\', '\n'])
        };
        if is_quoted('"') || is_quoted('\'') || text.parse::<f64>().is_ok_and(f64::is_finite) {
            return Some(text.to_owned());
        }
        self.path(text)
    }

    fn path(&self, text: &str) -> Option<String> {
        if text.contains(char::is_whitespace) {
            return None;
        }
        let in_each = || matches!(self.scopes().next(), Some(Frame::Each { .. }));
        match text {
            "@index" if in_each() => return Some("loop.index0".to_owned()),
            "@first" if in_each() => return Some("loop.first".to_owned()),
            "@last" if in_each() => return Some("loop.last".to_owned()),
            _ => {}
        }
        if let Some(path) = text.strip_prefix("@root.") {
            return joined(None, path);
        }
        let mut path = text;
        let mut up = 0;
        while let Some(outer) = path.strip_prefix("..") {
            path = outer.strip_prefix('/').unwrap_or(outer);
            up += 1;
        }
        let mut path = path.strip_prefix("./").unwrap_or(path);
        let mut is_this = path.is_empty() || path == ".";
        if let Some(rest) = path.strip_prefix("this")
            && (rest.is_empty() || rest.starts_with(['.', '/']))
        {
            path = rest.trim_start_matches(['.', '/']);
            is_this = path.is_empty();
        }
        let first = path.split(['.', '/']).next().unwrap_or("");
        let is_block_parameter = self.frames.iter().any(|frame| {
            matches!(frame, Frame::Each { parameters, .. } if parameters.iter().any(|name| name == first))
        });
        if is_block_parameter && up == 0 {
            return joined(None, path);
        }
        let context = match self.scopes().nth(up) {
            Some(Frame::Each { item, .. }) => Some(item.clone()),
            Some(Frame::With(path)) => Some(path.clone()),
            _ => None,
        };
        match (is_this, context) {
            (true, context) => context,
            (false, context) => joined(context.as_deref(), path),
        }
    }

    /// The blocks that change what names belong to, the innermost first.
    fn scopes(&self) -> impl Iterator<Item = &Frame> {
        self.frames
            .iter()
            .rev()
            .filter(|frame| matches!(frame, Frame::Each { .. } | Frame::With(_)))
    }
}

const fn signs(trims: (bool, bool)) -> (&'static str, &'static str) {
    (if trims.0 { "-" } else { "" }, if trims.1 { "-" } else { "" })
}

/// A path of ours from one of theirs: `a.b`, `a/b`, `a.[0]`, `a.[x-y]`.
fn joined(context: Option<&str>, path: &str) -> Option<String> {
    let mut out = context.unwrap_or("").to_owned();
    for part in path.split(['.', '/']) {
        let plain = part.strip_prefix('[').and_then(|it| it.strip_suffix(']')).unwrap_or(part);
        if plain.is_empty() || plain.contains(['"', '\'', '\\', '{', '}', '[', ']', '(', ')', '@'])
        {
            return None;
        }
        match () {
            () if is_name(plain) && out.is_empty() => out.push_str(plain),
            () if out.is_empty() => return None,
            () if is_name(plain) => {
                out.push('.');
                out.push_str(plain);
            }
            () if plain.bytes().all(|b| b.is_ascii_digit()) => {
                out.extend(["[", plain, "]"]);
            }
            () => out.extend(["[\"", plain, "\"]"]),
        }
    }
    Some(out)
}

/// A call's words; quoted texts are one word, and a nested call is none.
fn words(text: &str) -> Option<Vec<&str>> {
    let mut words = Vec::new();
    let mut rest = text.trim();
    while let Some(first) = rest.chars().next() {
        let mut quote = None;
        let mut end = rest.len();
        for (at, character) in rest.char_indices() {
            match quote {
                Some(open) if character == open => quote = None,
                None if matches!(character, '"' | '\'') => quote = Some(character),
                None if character.is_whitespace() => {
                    end = at;
                    break;
                }
                _ => {}
            }
        }
        if first == '(' || quote.is_some() {
            return None;
        }
        let (word, after) = rest.split_at(end);
        words.push(word);
        rest = after.trim_start();
    }
    (!words.is_empty()).then_some(words)
}
