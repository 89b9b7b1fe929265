//! Which variables a template uses, where, and what its parameters say of them.

use std::ops::Range;

use super::{
    Place, Sources, Template,
    front::yaml::NodeValue,
    library::Library,
    uses::{self, Use},
};

/// The variables of a template.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Variables {
    /// In the order of their first use.
    pub used: Vec<Variable>,
    /// Parameters that are declared and used nowhere.
    pub unused: Vec<UnusedParameter>,
}

impl Variables {
    /// The variable of a name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Variable> {
        self.used.iter().find(|variable| variable.name == name)
    }
}

/// A name the template needs a value for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variable {
    pub name: String,
    /// The template's parameters name it.
    pub declared: bool,
    /// Rendering fails without a value: its parameter says so, or it is not declared and some use
    /// does not look after its absence.
    pub required: bool,
    pub uses: Vec<VariableUse>,
}

/// One place a variable stands at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VariableUse {
    /// The included file it stands in; `None`: the template itself.
    pub file: Option<String>,
    /// Bytes of that file's source. (Of an included JSON file: of its decoded body.)
    pub range: Range<usize>,
    pub place: Place,
}

/// A parameter nothing uses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnusedParameter {
    pub name: String,
    /// Where the template's source declares it.
    pub range: Range<usize>,
}

/// The variables a template uses, through its includes too. What cannot be parsed or included
/// is passed over ([`super::lint()`] reports it): a body that is being typed still has variables
/// once it parses again, and its parameters all the time.
pub fn variables(template: &Template, sources: &dyn Sources) -> Variables {
    let mut used = Vec::new();
    let mut complete = false;
    if let Ok(library) = Library::load_leniently(template, sources, |_| ())
        && let Ok(program) = library.parse_leniently(|_| ())
    {
        complete = true;
        for found in uses::free(&program).uses {
            let Some(file) = program.files.get(found.file) else { continue };
            record(template, &mut used, &found, file);
        }
    }
    let unused = if complete { unused(template, &used) } else { Vec::new() };
    Variables { used, unused }
}

fn record(
    template: &Template,
    used: &mut Vec<Variable>,
    found: &Use<'_>,
    file: &super::library::File<'_>,
) {
    let start = file.source_offset(found.offset);
    let end = file.source_offset(found.offset + found.name.len());
    let place = VariableUse {
        file: (found.file != 0).then(|| file.name.clone()),
        range: start..end,
        place: file.place(found.offset),
    };
    let spec = template.front.parameter(found.name);
    let required = spec.map_or(!found.guarded, |spec| spec.required);
    match used.iter_mut().find(|variable| variable.name == found.name) {
        Some(variable) => {
            variable.required |= required;
            variable.uses.push(place);
        }
        None => used.push(Variable {
            name: found.name.to_owned(),
            declared: spec.is_some(),
            required,
            uses: vec![place],
        }),
    }
}

fn unused(template: &Template, used: &[Variable]) -> Vec<UnusedParameter> {
    let declared = template.front.parameters.iter();
    declared
        .filter(|spec| !used.iter().any(|variable| variable.name == spec.name))
        .map(|spec| UnusedParameter {
            name: spec.name.clone(),
            range: declaration(template, &spec.name),
        })
        .collect()
}

/// Where a parameter is declared: its key, or its item in a list. (Where the front matter
/// begins when it cannot be told.)
pub(super) fn declaration(template: &Template, name: &str) -> Range<usize> {
    let blocks = ["parameters", "inputs", "sample"].into_iter();
    let found =
        blocks.filter_map(|block| template.root.get(block)).find_map(|block| match &block.value {
            NodeValue::Map(entries) => {
                let entry = entries.iter().find(|(key, _)| key.text == name);
                entry.map(|(key, _)| key.range.clone())
            }
            NodeValue::List(items) => items.iter().find_map(|item| {
                let node = item.get("name").unwrap_or(item);
                (node.as_str() == Some(name)).then(|| node.range.clone())
            }),
            NodeValue::Scalar(_) => None,
        });
    let range = found.unwrap_or(0..0);
    template.front_start + range.start..template.front_start + range.end
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, sync::Arc};

    use super::*;
    use crate::{
        model::TemplateId,
        prompt::{Form, NoSources, parse},
    };

    fn template(form: Form, source: &str) -> Template {
        parse(&TemplateId::new("t").expect("an id"), form, source).expect(source)
    }

    #[test]
    fn every_use_knows_its_bytes() {
        let source = "---\nparameters:\n  a: required\n  b: optional\n  zz: {default: 1}\n---\n\
            user:\nä {{ a }} {{ b | upper }}{{include:p}}\n{% for x in xs %}{{ x }}{{ a.y }}{% endfor %}\
            {{ d | default(1) }}{% if e is defined %}{% endif %}{% set s = 1 %}{{ s }}{{ range(a) }}";
        let template = template(Form::Prompty, source);
        let sources =
            BTreeMap::from([("p".to_owned(), Arc::<str>::from("---\nn: 1\n---\n{{ q }}"))]);
        let found = variables(&template, &sources);
        let names: Vec<_> = found
            .used
            .iter()
            .map(|v| (v.name.as_str(), v.declared, v.required, v.uses.len()))
            .collect();
        assert_eq!(
            names,
            [
                ("a", true, true, 3),
                ("b", true, false, 1),
                ("q", false, true, 1),
                ("xs", false, true, 1),
                ("d", false, false, 1),
                ("e", false, false, 1),
            ]
        );
        for variable in &found.used {
            for used in variable.uses.iter().filter(|used| used.file.is_none()) {
                assert_eq!(&source[used.range.clone()], variable.name);
            }
        }
        assert_eq!(found.get("q").map(|q| q.uses[0].place.to_string()).as_deref(), Some("p:4:4"));
        assert_eq!(found.unused.len(), 1);
        assert_eq!(&source[found.unused[0].range.clone()], "zz");
    }

    #[test]
    fn the_json_form_counts_in_its_own_source() {
        let source = r#"{"template": "user:\n\u00e4 {{ name }}", "parameters": {"x": "required"}}"#;
        let template = template(Form::Json, source);
        let found = variables(&template, &NoSources);
        assert_eq!(&source[found.used[0].uses[0].range.clone()], "name");
        assert_eq!(&source[found.unused[0].range.clone()], "\"x\"");
    }

    #[test]
    fn a_body_that_does_not_parse_has_none() {
        let template = template(Form::Prompty, "---\nparameters: {a: required}\n---\n{{ a ");
        assert_eq!(variables(&template, &NoSources), Variables::default());
    }
}
