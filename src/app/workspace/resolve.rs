//! From what a person wrote to the template that is meant.

use semver::Version;

use super::{error::ResolveError, listing::split_extension};
use crate::model::{TemplateId, nearest};

/// Which version of a template is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VersionSelector {
    /// `@2.1.0`
    Version(Version),
    /// `@production`
    Label(String),
}

/// A template, and a version of it if one was named; otherwise the file as it is now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolved {
    pub id: TemplateId,
    pub version: Option<VersionSelector>,
}

/// Finds the template that `text` names among `ids`: a full id, the end of one at a slash
/// (`code-review` for `development/code-review`) if it is the only one, or the file's path below
/// the workspace; each may be followed by `@version` or `@label`.
pub(super) fn resolve(text: &str, ids: &[TemplateId]) -> Result<Resolved, ResolveError> {
    let (name, version) = split_version(text)?;
    let id = find(name, ids)?;
    Ok(Resolved { id, version })
}

/// Splits `name@version`. What is not a version is a label.
fn split_version(text: &str) -> Result<(&str, Option<VersionSelector>), ResolveError> {
    let Some((name, version)) = text.rsplit_once('@') else { return Ok((text, None)) };
    let version = version.trim();
    if version.is_empty() {
        return Err(ResolveError::EmptyVersion { text: text.to_owned() });
    }
    let selector = match Version::parse(version.strip_prefix('v').unwrap_or(version)) {
        Ok(version) => VersionSelector::Version(version),
        Err(_) => VersionSelector::Label(version.to_owned()),
    };
    Ok((name, Some(selector)))
}

fn find(text: &str, ids: &[TemplateId]) -> Result<TemplateId, ResolveError> {
    let name = text.trim();
    let name = name.strip_prefix("./").unwrap_or(name);
    let without_folder = name.strip_prefix("prompts/").unwrap_or(name);
    let without_extension =
        split_extension(without_folder).map_or(without_folder, |(name, _)| name);
    // The text as it stands comes first: a name may well end in `.md`.
    for candidate in [name, without_folder, without_extension] {
        if let Some(id) = ids.iter().find(|id| id.as_str() == candidate) {
            return Ok(id.clone());
        }
    }
    let ending = format!("/{without_extension}");
    let matches: Vec<&TemplateId> = if without_extension.is_empty() {
        Vec::new()
    } else {
        ids.iter().filter(|id| id.as_str().ends_with(&ending)).collect()
    };
    match matches.as_slice() {
        [only] => Ok((*only).clone()),
        [] => Err(ResolveError::Unknown {
            name: text.to_owned(),
            nearest: near(without_extension, ids),
        }),
        several => Err(ResolveError::Ambiguous {
            name: text.to_owned(),
            candidates: several.iter().map(|id| (*id).clone()).collect(),
        }),
    }
}

/// The ids that were probably meant: nearest by the last part, and nearest as a whole.
fn near(name: &str, ids: &[TemplateId]) -> Vec<TemplateId> {
    let last = name.rsplit('/').next().unwrap_or(name);
    let by_name = nearest(last, ids.iter().map(TemplateId::name));
    let by_id = nearest(name, ids.iter().map(TemplateId::as_str));
    let mut found: Vec<TemplateId> = ids
        .iter()
        .filter(|id| Some(id.name()) == by_name || Some(id.as_str()) == by_id)
        .cloned()
        .collect();
    found.truncate(3);
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids() -> Vec<TemplateId> {
        ["development/code-review", "analysis/summary", "generation/summary", "top", "odd.md"]
            .iter()
            .map(|id| TemplateId::new(id).expect("an id"))
            .collect()
    }

    fn found(text: &str) -> String {
        match resolve(text, &ids()) {
            Ok(resolved) => format!(
                "{} {:?}",
                resolved.id,
                resolved.version.map(|version| match version {
                    VersionSelector::Version(version) => format!("version {version}"),
                    VersionSelector::Label(label) => format!("label {label}"),
                })
            ),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn names_lead_to_templates() {
        for (text, expected) in [
            ("development/code-review", "development/code-review None"),
            ("code-review", "development/code-review None"),
            ("prompts/development/code-review.prompty", "development/code-review None"),
            ("./prompts/top.md", "top None"),
            ("top", "top None"),
            ("odd.md", "odd.md None"),
            ("code-review@2.1.0", "development/code-review Some(\"version 2.1.0\")"),
            ("code-review@v2.1.0", "development/code-review Some(\"version 2.1.0\")"),
            ("code-review@production", "development/code-review Some(\"label production\")"),
            ("code-review@2.1", "development/code-review Some(\"label 2.1\")"),
        ] {
            assert_eq!(found(text), expected, "{text}");
        }
    }

    #[test]
    fn what_is_not_there_or_not_clear_is_said_with_names() {
        assert_eq!(
            found("code-reviw"),
            "there is no template `code-reviw`; did you mean `development/code-review`?"
        );
        assert_eq!(found("zzz"), "there is no template `zzz`; `lathe template list` shows all");
        assert_eq!(
            found("summary"),
            "`summary` may be `analysis/summary` or `generation/summary`; write more of it"
        );
        assert!(found("top@").contains("nothing stands after the @"));
        for empty in ["", "@1.0.0", "/", "../top", "prompts/"] {
            assert!(resolve(empty, &ids()).is_err(), "{empty:?}");
        }
    }
}
