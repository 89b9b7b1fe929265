//! What a body's text says before it is parsed as Jinja: which lines are role lines, and where
//! `{{include:name}}` stands.
//!
//! Role lines are recognised here, in the raw source, and nowhere else. What rendering puts into
//! a message later is never looked at again, so that no value can open a message.

use std::{borrow::Cow, ops::Range};

use crate::model::Role;

/// How role lines are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum RoleStyle {
    /// There are none (a plain file).
    None,
    /// A line exactly `system:`, `user:`, `assistant:` or `tool:` (blanks after it are ignored).
    Exact,
    /// As Prompty reads them: indented, `# system:`, any case, `developer:`, attributes.
    Lenient,
}

/// A line that opens a message, or that would if it were not escaped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RoleLine {
    /// The whole line, its newline included.
    pub line: Range<usize>,
    pub marker: Marker,
}

/// What a role line does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Marker {
    Opens(Role),
    /// It begins with a backslash and stands for itself without it.
    Literal,
}

impl Marker {
    fn new(role: Role, escaped: bool) -> Self {
        if escaped { Self::Literal } else { Self::Opens(role) }
    }
}

/// One `{{include:name}}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Directive {
    /// Where the word `include` stands.
    pub offset: usize,
    pub name: Range<usize>,
}

/// A body after the first look.
#[derive(Clone, Debug)]
pub(super) struct Scanned<'t> {
    /// The text with every include directive replaced, byte for byte, by a variable name, so that
    /// it is plain Jinja and every offset still holds.
    pub masked: Cow<'t, str>,
    pub roles: Vec<RoleLine>,
    pub includes: Vec<Directive>,
}

/// What a line does, if it is a role line.
pub(super) fn role_of(line: &str, style: RoleStyle) -> Option<Marker> {
    let line = line.trim_end();
    match style {
        RoleStyle::None => None,
        RoleStyle::Exact => {
            let (word, escaped) =
                line.strip_prefix('\\').map_or((line, false), |word| (word, true));
            let role = Role::from_word(word.strip_suffix(':')?)?;
            Some(Marker::new(role, escaped))
        }
        RoleStyle::Lenient => lenient_role(line),
    }
}

fn lenient_role(line: &str) -> Option<Marker> {
    let line = line.trim_start();
    let (line, escaped) = line.strip_prefix('\\').map_or((line, false), |word| (word, true));
    let line = line.strip_prefix('#').unwrap_or(line).trim_start();
    let head = line.strip_suffix(':')?.trim_end();
    let word = match head.split_once('[') {
        Some((word, attributes)) if attributes.ends_with(']') => word,
        Some(_) => return None,
        None => head,
    };
    let word = word.to_ascii_lowercase();
    let role = if word == "developer" { Role::System } else { Role::from_word(&word)? };
    Some(Marker::new(role, escaped))
}

/// Looks through a body.
pub(super) fn scan(text: &str, style: RoleStyle) -> Scanned<'_> {
    let mut scanner =
        Scanner { text, style, roles: Vec::new(), includes: Vec::new(), line_start: Some(0) };
    scanner.run();
    let Scanner { roles, includes, .. } = scanner;
    Scanned { masked: mask(text, &includes), roles, includes }
}

fn mask<'t>(text: &'t str, includes: &[Directive]) -> Cow<'t, str> {
    if includes.is_empty() {
        return Cow::Borrowed(text);
    }
    let mut masked = String::with_capacity(text.len());
    let mut at = 0;
    for Directive { offset, name } in includes {
        masked.push_str(text.get(at..*offset).unwrap_or(""));
        masked.push_str("include");
        masked.extend(std::iter::repeat_n('_', name.end - offset - "include".len()));
        at = name.end;
    }
    masked.push_str(text.get(at..).unwrap_or(""));
    Cow::Owned(masked)
}

struct Scanner<'t> {
    text: &'t str,
    style: RoleStyle,
    roles: Vec<RoleLine>,
    includes: Vec<Directive>,
    /// Where the line began, while nothing but text has been seen on it.
    line_start: Option<usize>,
}

impl<'t> Scanner<'t> {
    fn rest(&self, at: usize) -> &'t str {
        self.text.get(at..).unwrap_or("")
    }

    fn run(&mut self) {
        let bytes = self.text.as_bytes();
        let mut at = 0;
        while let Some(found) = self.rest(at).find(['\n', '{']) {
            at += found;
            if bytes.get(at) == Some(&b'\n') {
                self.end_line(at + 1);
                at += 1;
                continue;
            }
            let end = match bytes.get(at + 1) {
                Some(b'{') => self.expression(at),
                Some(b'%') => self.block(at),
                Some(b'#') => self.comment(at),
                _ => {
                    at += 1;
                    continue;
                }
            };
            self.line_start = None;
            at = end.max(at + 2);
        }
        self.end_line(self.text.len());
    }

    fn end_line(&mut self, end: usize) {
        if let Some(start) = self.line_start
            && let Some(marker) = role_of(self.text.get(start..end).unwrap_or(""), self.style)
        {
            self.roles.push(RoleLine { line: start..end, marker });
        }
        self.line_start = Some(end);
    }

    fn comment(&self, at: usize) -> usize {
        self.rest(at + 2).find("#}").map_or(self.text.len(), |found| at + 2 + found + 2)
    }

    fn block(&self, at: usize) -> usize {
        let Some(inner) = raw_tag(self.rest(at + 2), "raw") else { return self.tag_end(at, "%}") };
        let mut from = at + 2 + inner;
        while let Some(found) = self.rest(from).find("{%") {
            from += found + 2;
            if let Some(len) = raw_tag(self.rest(from), "endraw") {
                return from + len;
            }
        }
        self.text.len()
    }

    fn expression(&mut self, at: usize) -> usize {
        let inner_at = at + 2 + usize::from(self.rest(at + 2).starts_with(['-', '+']));
        let trimmed = self.rest(inner_at).trim_start();
        let offset = self.text.len() - trimmed.len();
        if let Some(after) = trimmed.strip_prefix("include")
            && let Some(after) = after.trim_start_matches([' ', '\t']).strip_prefix(':')
            && let Some(len) = after.find("}}")
            && let Some(name) = after.get(..len)
            && !name.contains(['\n', '{'])
        {
            let start = self.text.len() - after.len();
            let name = name.strip_suffix('-').unwrap_or(name);
            let lead = name.len() - name.trim_start().len();
            let range = start + lead..start + name.trim_end().len().max(lead);
            self.includes.push(Directive { offset, name: range });
            return start + len + 2;
        }
        self.tag_end(at, "}}")
    }

    /// The end of a tag, past strings and brackets inside it.
    fn tag_end(&self, at: usize, close: &str) -> usize {
        let bytes = self.text.as_bytes();
        let mut depth = 0_usize;
        let mut from = at + 2;
        while let Some(&byte) = bytes.get(from) {
            if depth == 0
                && bytes.get(from..).is_some_and(|rest| rest.starts_with(close.as_bytes()))
            {
                return from + close.len();
            }
            match byte {
                b'(' | b'[' | b'{' => depth += 1,
                b')' | b']' | b'}' => depth = depth.saturating_sub(1),
                b'"' | b'\'' => {
                    from += 1;
                    while let Some(&inside) = bytes.get(from) {
                        if inside == byte {
                            break;
                        }
                        from += if inside == b'\\' { 2 } else { 1 };
                    }
                }
                _ => {}
            }
            from += 1;
        }
        self.text.len()
    }
}

/// The length of `- name -%}` at the start of a text, if it begins with just that.
fn raw_tag(text: &str, name: &str) -> Option<usize> {
    let rest = text.strip_prefix(['-', '+']).unwrap_or(text).trim_start();
    let rest = rest.strip_prefix(name)?.trim_start();
    let rest = rest.strip_prefix(['-', '+']).unwrap_or(rest).strip_prefix("%}")?;
    Some(text.len() - rest.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn roles(text: &str, style: RoleStyle) -> Vec<(usize, Marker)> {
        scan(text, style).roles.into_iter().map(|line| (line.line.start, line.marker)).collect()
    }

    #[test]
    fn only_whole_lines_of_source_text_are_role_lines() {
        let text = "system:\nyou: x\n user:\nuser: hi\n\\user:\nuser:  \r\nassistant:";
        assert_eq!(
            roles(text, RoleStyle::Exact),
            [
                (0, Marker::Opens(Role::System)),
                (31, Marker::Literal),
                (38, Marker::Opens(Role::User)),
                (47, Marker::Opens(Role::Assistant))
            ]
        );
        assert!(roles(text, RoleStyle::None).is_empty());
    }

    #[test]
    fn lines_inside_tags_comments_and_raw_are_not() {
        for text in [
            "{#\nuser:\n#}",
            "{% raw %}\nuser:\n{% endraw %}",
            "{{ \"a\nuser:\n\" }}",
            "{% set x = [\n1\n] %}user:\n",
            "{{ x }}user:",
            "{%- raw -%}\nuser:\n{{ {%- endraw -%}\n",
        ] {
            assert!(roles(text, RoleStyle::Exact).is_empty(), "{text:?}");
        }
        assert_eq!(roles("{# c #}\nuser:\n", RoleStyle::Exact).len(), 1);
    }

    #[test]
    fn prompty_files_are_read_as_prompty_reads_them() {
        for line in ["System:", "  user:", "# assistant:", "developer:", "user[name=\"a\"]:"] {
            assert!(matches!(role_of(line, RoleStyle::Lenient), Some(Marker::Opens(_))), "{line}");
            assert!(role_of(line, RoleStyle::Exact).is_none(), "{line}");
        }
    }

    #[test]
    fn include_directives_are_masked_byte_for_byte() {
        let text =
            "a {{include:house-style}} {{- include : ../x.y -}} {{ include_it }} ä{{include:é}}";
        let scanned = scan(text, RoleStyle::Exact);
        let names: Vec<_> = scanned.includes.iter().map(|d| &text[d.name.clone()]).collect();
        assert_eq!(names, ["house-style", "../x.y", "é"]);
        assert_eq!(scanned.masked.len(), text.len());
        assert!(!scanned.masked.contains(':'), "{}", scanned.masked);
        assert!(scanned.masked.contains("{{ include_it }}"));
        assert!(
            scan("{# {{include:x}} #}{% raw %}{{include:x}}{% endraw %}", RoleStyle::Exact)
                .includes
                .is_empty()
        );
    }
}
