//! Changes one key of a template's source and leaves every other byte as it is.
//!
//! A change is made by place, not by writing the front matter anew, and is then read back: if
//! anything but the key came out different, the change is not offered.

use std::ops::Range;

use semver::Version;
use serde_json::Value;

use super::{
    Form, Template,
    front::{
        flow_safe_scalar,
        yaml::{Key, Node, NodeValue},
    },
    parse,
    template::{bom_len, split_front},
};

/// The source with only its version changed, or a version put in where it has none. A plain file
/// has no place for one and comes back as it is, as does front matter so unusual that no change
/// by place reads back right (a version that is an alias for another value, for example).
#[must_use]
pub fn with_version(template: &Template, version: &Version) -> String {
    with_key(template, "version", &Value::String(version.to_string()))
        .unwrap_or_else(|| template.source.clone())
}

/// The source with one key at the top of its front matter set to a value, or put in where it is
/// missing. `None` when the form has no front matter, or when the change cannot be made without
/// touching anything else (the old value spans several lines, for example).
#[must_use]
pub fn with_key(template: &Template, key: &str, value: &Value) -> Option<String> {
    let entries = template.root.entries()?;
    let entry = entries.iter().find(|(known, _)| known.text == key);
    let edit = match (template.form, entry) {
        (Form::Plain, _) => return None,
        (Form::Json, Some((_, node))) => Edit::new(template.at(&node.range), value.to_string()),
        (Form::Json, None) => insert_json(template, entries, key, value)?,
        (Form::Prompty, Some((name, node))) => replace_yaml(template, name, node, value),
        (Form::Prompty, None) => insert_yaml(template, entries, key, value),
    };
    let source = edit.apply(&template.source)?;
    reads_back(template, &source, key, value).then_some(source)
}

struct Edit {
    range: Range<usize>,
    text: String,
}

impl Edit {
    const fn new(range: Range<usize>, text: String) -> Self {
        Self { range, text }
    }

    fn apply(self, source: &str) -> Option<String> {
        let (before, after) = (source.get(..self.range.start)?, source.get(self.range.end..)?);
        Some([before, &self.text, after].concat())
    }
}

impl Template {
    /// The bytes of the source for a range of the front matter.
    fn at(&self, range: &Range<usize>) -> Range<usize> {
        self.front_start + range.start..self.front_start + range.end
    }

    /// How the source ends its lines.
    fn newline(&self) -> &'static str {
        match self.source.find('\n') {
            Some(at) if self.source.get(..at).is_some_and(|line| line.ends_with('\r')) => "\r\n",
            _ => "\n",
        }
    }
}

fn reads_back(template: &Template, source: &str, key: &str, value: &Value) -> bool {
    let Ok(changed) = parse(&template.id, template.form, source) else { return false };
    let mut wanted = template.root.to_json();
    if let Value::Object(map) = &mut wanted {
        map.insert(key.to_owned(), value.clone());
    }
    changed.root.to_json() == wanted && changed.body_text() == template.body_text()
}

/// The value in the quotes the old one had, if that keeps it what it is.
fn quoted_as(old: &str, value: &Value) -> String {
    match (old.chars().next(), value) {
        (Some('"'), Value::String(_)) => value.to_string(),
        (Some('\''), Value::String(text)) if !text.contains(['\'', '\n']) => format!("'{text}'"),
        _ => flow_safe_scalar(value),
    }
}

fn replace_yaml(template: &Template, key: &Key, node: &Node, value: &Value) -> Edit {
    let source = &template.source;
    let range = template.at(&node.range);
    let old = source.get(range.clone()).unwrap_or("");
    let one_line = !old.is_empty() && !old.contains('\n');
    if one_line && matches!(node.value, NodeValue::Scalar(_)) && old != "~" {
        return Edit::new(range, quoted_as(old, value));
    }
    // Nothing, an alias, or a list on one line: what stands after the colon, up to a comment.
    let after_key = template.at(&key.range).end;
    let line = source.get(after_key..).unwrap_or("").lines().next().unwrap_or("");
    let colon = line.find(':').map_or(0, |at| at + 1);
    let rest = line.get(colon..).unwrap_or("");
    let comment = rest.find(" #").unwrap_or(rest.len());
    let old = rest.get(..comment).unwrap_or("");
    let start = after_key + colon;
    let end = start + old.trim_end().len();
    Edit::new(start..end, format!(" {}", quoted_as(old.trim_start(), value)))
}

fn insert_yaml(template: &Template, entries: &[(Key, Node)], key: &str, value: &Value) -> Edit {
    let source = &template.source;
    let newline = template.newline();
    let pair = format!("{key}: {}", flow_safe_scalar(value));
    if !matches!(split_front(source), Ok(Some(_))) {
        let at = bom_len(source);
        return Edit::new(at..at, format!("---{newline}{pair}{newline}---{newline}"));
    }
    let Some((first, _)) = entries.first() else {
        let at = template.front_start;
        return Edit::new(at..at, format!("{pair}{newline}"));
    };
    let first = template.at(&first.range).start;
    let before = source.get(template.front_start..first).unwrap_or("");
    if before.trim_end().ends_with('{') {
        return Edit::new(first..first, format!("{pair}, "));
    }
    let indent = before.rsplit('\n').next().unwrap_or("");
    // After a name on one line if there is one, or else before everything.
    let named = entries.iter().find(|(key, _)| key.text == "name").and_then(|(name, node)| {
        let end = template.at(&node.range).end;
        let line = source.get(template.at(&name.range).start..end)?;
        let simple = matches!(node.value, NodeValue::Scalar(_)) && !line.contains('\n');
        let rest = source.get(end..)?;
        simple.then(|| end + rest.find('\n').map_or(rest.len(), |at| at + 1))
    });
    let at = named.unwrap_or(template.front_start);
    Edit::new(at..at, format!("{indent}{pair}{newline}"))
}

fn insert_json(
    template: &Template,
    entries: &[(Key, Node)],
    key: &str,
    value: &Value,
) -> Option<Edit> {
    let pair = format!("{}: {value}", Value::from(key));
    let (near, node) = entries.iter().find(|(key, _)| key.text == "name").or(entries.first())?;
    let start = template.at(&near.range).start;
    let before = template.source.get(..start)?;
    let blank = before.get(before.trim_end().len()..).filter(|blank| !blank.is_empty());
    let blank = blank.unwrap_or(" ");
    Some(if near.text == "name" {
        let end = template.at(&node.range).end;
        Edit::new(end..end, format!(",{blank}{pair}"))
    } else {
        Edit::new(start..start, format!("{pair},{blank}"))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::TemplateId;

    fn template(form: Form, source: &str) -> Template {
        parse(&TemplateId::new("t").expect("an id"), form, source).expect(source)
    }

    fn versioned(form: Form, source: &str) -> String {
        with_version(&template(form, source), &Version::new(2, 0, 1))
    }

    #[test]
    fn only_the_version_changes() {
        for (old, new) in [
            ("---\nversion: 1.0.0 # c\n---\nb", "---\nversion: 2.0.1 # c\n---\nb"),
            ("---\nversion: \"1.0.0\"\n---\n", "---\nversion: \"2.0.1\"\n---\n"),
            ("---\nversion:   '1'\n---\n", "---\nversion:   '2.0.1'\n---\n"),
            ("---\nversion: 1.10\n---\n", "---\nversion: 2.0.1\n---\n"),
            ("---\nversion:\nname: x\n---\n", "---\nversion: 2.0.1\nname: x\n---\n"),
            ("---\nversion: ~\n---\n", "---\nversion: 2.0.1\n---\n"),
            ("---\n{name: x, version: 1.0.0}\n---\n", "---\n{name: x, version: 2.0.1}\n---\n"),
            (
                "\u{feff}---\r\nname: x\r\nversion: 1.0.0\r\n---\r\nb\r\n",
                "\u{feff}---\r\nname: x\r\nversion: 2.0.1\r\n---\r\nb\r\n",
            ),
        ] {
            assert_eq!(versioned(Form::Prompty, old), new, "{old:?}");
        }
        let json =
            "{\n  \"version\" : 1.0,\n  \"template\": \"a\\u00e4 {{ x }}\", \"z\": [1,2]\n}\n";
        assert_eq!(versioned(Form::Json, json), json.replace("1.0", "\"2.0.1\""));
    }

    #[test]
    fn a_missing_version_is_put_in() {
        for (old, new) in [
            ("body\n", "---\nversion: 2.0.1\n---\nbody\n"),
            ("---\r\n---\r\nb", "---\r\nversion: 2.0.1\r\n---\r\nb"),
            (
                "---\n# c\nname: x # n\ntags: [a]\n---\n",
                "---\n# c\nname: x # n\nversion: 2.0.1\ntags: [a]\n---\n",
            ),
            ("---\n# c\n  tags: [a]\n---\n", "---\n  version: 2.0.1\n# c\n  tags: [a]\n---\n"),
            ("---\n{tags: [a]}\n---\n", "---\n{version: 2.0.1, tags: [a]}\n---\n"),
            (
                "---\nname: >\n  long\n  name\n---\n",
                "---\nversion: 2.0.1\nname: >\n  long\n  name\n---\n",
            ),
        ] {
            assert_eq!(versioned(Form::Prompty, old), new, "{old:?}");
        }
        assert_eq!(
            versioned(Form::Json, "{\n  \"name\": \"x\",\n  \"template\": \"\"\n}"),
            "{\n  \"name\": \"x\",\n  \"version\": \"2.0.1\",\n  \"template\": \"\"\n}"
        );
        assert_eq!(
            versioned(Form::Json, "{\"template\": \"\"}"),
            "{\"version\": \"2.0.1\", \"template\": \"\"}"
        );
        assert_eq!(versioned(Form::Plain, "text"), "text");
    }

    #[test]
    fn other_keys_change_when_that_is_simple() {
        let source = "---\nname: A: b\ntags: [a, b] # c\ndescription: |\n  long\n---\nb";
        assert!(parse(&TemplateId::new("t").expect("an id"), Form::Prompty, source).is_err());
        let source = source.replace("A: b", "A");
        let template = template(Form::Prompty, &source);
        assert_eq!(
            with_key(&template, "name", &json!("B: c")),
            Some(source.replace("name: A", "name: \"B: c\""))
        );
        assert_eq!(
            with_key(&template, "tags", &json!(["x"])),
            Some(source.replace("[a, b]", "[\"x\"]"))
        );
        assert_eq!(with_key(&template, "description", &json!("short")), None);
    }
}
