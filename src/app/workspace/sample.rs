//! The sample workspace that is part of the program.

use std::{
    fs, io,
    io::Write,
    path::{Path, PathBuf},
};

use super::error::InitError;
use crate::config::create_private_file;

/// Every file of the sample: its path with `/`, and its text. Sorted by path.
pub(super) const FILES: &[(&str, &str)] =
    include!(concat!(env!("OUT_DIR"), "/sample_workspace.rs"));

/// The text of one file of the sample.
pub(crate) fn text(path: &str) -> Option<&'static str> {
    FILES
        .binary_search_by(|(name, _)| (*name).cmp(path))
        .ok()
        .and_then(|at| FILES.get(at))
        .map(|(_, text)| *text)
}

/// Writes the sample workspace into a folder, which is created if it does not exist, and returns
/// the paths written, relative to it. Files are 0600 and folders 0700.
///
/// # Errors
/// [`InitError::Exists`] when any of the files is there already; then nothing is written.
pub fn init(folder: &Path) -> Result<Vec<PathBuf>, InitError> {
    if folder.exists() && !folder.is_dir() {
        return Err(InitError::NotAFolder(folder.to_path_buf()));
    }
    let in_the_way: Vec<String> = FILES
        .iter()
        .filter(|(name, _)| fs::symlink_metadata(folder.join(name)).is_ok())
        .map(|(name, _)| (*name).to_owned())
        .collect();
    if !in_the_way.is_empty() {
        return Err(InitError::Exists { folder: folder.to_path_buf(), files: in_the_way });
    }
    let mut written = Vec::with_capacity(FILES.len());
    for (name, text) in FILES {
        let path = folder.join(name);
        write(&path, text).map_err(|error| InitError::Io { path: path.clone(), error })?;
        written.push(PathBuf::from(name));
    }
    // A workspace without templates is one as well.
    let prompts = folder.join("prompts");
    create_dirs(&prompts).map_err(|error| InitError::Io { path: prompts, error })?;
    Ok(written)
}

fn write(path: &Path, text: &str) -> io::Result<()> {
    create_dirs(path.parent().unwrap_or(path))?;
    let mut file = create_private_file(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

fn create_dirs(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt;
        builder.mode(0o700);
    }
    builder.create(path)
}

/// Keeps the sample in a folder of the user's data, whole or not at all: it is written beside
/// and renamed. When another process was first, its copy is used.
pub(super) fn keep(folder: &Path) -> io::Result<()> {
    let parent = folder.parent().unwrap_or(folder);
    crate::config::create_private_dir(parent)?;
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    let private = std::os::unix::fs::PermissionsExt::from_mode(0o700);
    #[cfg(unix)]
    builder.permissions(private);
    let beside = builder.prefix(".sample-").tempdir_in(parent)?;
    init(beside.path()).map_err(io::Error::other)?;
    match fs::rename(beside.path(), folder) {
        Ok(()) => {
            // It has moved; there is nothing left to remove under the old name.
            let _ = beside.keep();
            Ok(())
        }
        Err(_) if folder.is_dir() => Ok(()),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;
    use crate::{
        app::workspace::{Loaded, TemplateEntry, Workspace},
        config::{Environment, Overrides, Paths, Settings},
        model::{FinishReason, GenerationParameters, Message},
        prompt::{Form, Limits, Severity, Template, lint, offered_tools, parse, render},
        provider::demo::{DemoModel, answer},
    };

    fn sample() -> Workspace {
        Workspace::sample(PathBuf::from("/nowhere/sample-workspace"))
    }

    fn templates(workspace: &Workspace) -> Vec<(Loaded, Template)> {
        let listing = workspace.list();
        assert_eq!(listing.notices, []);
        let read = |entry: &TemplateEntry| {
            let loaded = workspace.load(&entry.id).expect("read");
            let form = Form::of_extension(loaded.extension).expect("a template's extension");
            let template = parse(&loaded.id, form, &loaded.source).expect("valid");
            (loaded, template)
        };
        listing.entries.iter().map(read).collect()
    }

    /// What a template sends when nothing is filled in.
    fn call(workspace: &Workspace, template: &Template) -> (Vec<Message>, GenerationParameters) {
        let rendered = render(template, workspace, &BTreeMap::new(), &Limits::default())
            .unwrap_or_else(|error| panic!("{}: {error}", template.id));
        let mut parameters = template.front.generation.clone();
        parameters.response_format =
            parameters.response_format.or(template.front.response_format.clone());
        parameters.tools = offered_tools(template, workspace).expect("its tools");
        (rendered.to_messages(), parameters)
    }

    #[test]
    fn every_template_says_what_it_is() {
        let workspace = sample();
        let templates = templates(&workspace);
        assert!(templates.len() >= 10);
        for (_, template) in &templates {
            let (id, front) = (&template.id, &template.front);
            assert!(front.name.is_some() && front.description.is_some(), "{id}");
            assert_eq!(front.version, Some(semver::Version::new(1, 0, 0)), "{id}");
            assert_eq!(front.category.as_deref(), id.folder(), "{id}");
            assert!(!front.tags.is_empty(), "{id}");
            let model = front.model.as_ref().expect("a model");
            let known = DemoModel::LISTED.iter().any(|listed| listed.id() == model.model);
            assert!(model.provider == "demo" && known, "{id}: {model}");
            assert_ne!(front.generation, GenerationParameters::default(), "{id}");
            for parameter in &front.parameters {
                assert!(parameter.default.is_some(), "{id}: {} has no default", parameter.name);
                assert!(parameter.description.is_some(), "{id}: {}", parameter.name);
            }
        }
        let mut categories: Vec<_> =
            templates.iter().filter_map(|(_, it)| it.id.folder()).collect();
        categories.dedup();
        assert_eq!(
            categories,
            ["analysis", "development", "generation", "transformation", "validation"]
        );
    }

    #[test]
    fn nothing_is_to_be_found_fault_with() {
        let workspace = sample();
        for (_, template) in templates(&workspace) {
            let faults: Vec<String> = lint(&template, &workspace, Some(&BTreeMap::new()))
                .into_iter()
                .filter(|found| found.severity != Severity::Hint)
                .map(|found| format!("{}:{} {}", found.line, found.column, found.message))
                .collect();
            assert!(faults.is_empty(), "{}: {faults:#?}", template.id);
        }
    }

    #[test]
    fn every_template_runs_as_it_is_and_every_model_answers_in_its_own_way() {
        let workspace = sample();
        for (_, template) in templates(&workspace) {
            let (messages, parameters) = call(&workspace, &template);
            if !parameters.tools.is_empty() {
                for model in DemoModel::LISTED {
                    let reply = answer(model, &messages, &parameters);
                    assert_eq!(reply.finish_reason, FinishReason::ToolUse, "{}", template.id);
                    let call = &reply.tool_calls[0];
                    assert_eq!(call.name, "pay_back");
                    let arguments = call.arguments.as_ref().expect("an object");
                    assert_eq!(
                        (&arguments["order"], &arguments["amount"]),
                        (&"4711".into(), &39.9.into())
                    );
                }
                continue;
            }
            let texts = DemoModel::LISTED.map(|model| {
                let reply = answer(model, &messages, &parameters);
                assert!(!reply.text.trim().is_empty(), "{}: {}", template.id, model.id());
                assert_eq!(reply.finish_reason, FinishReason::Stop, "{}", template.id);
                for refusal in ["simulated model", "do not recognise"] {
                    assert!(!reply.text.contains(refusal), "{}: {}", template.id, reply.text);
                }
                reply.text
            });
            let different: BTreeSet<&String> = texts.iter().collect();
            assert_eq!(different.len(), 3, "{}: {texts:#?}", template.id);
            let careful = texts[2].to_lowercase();
            for section in template.front.validation.iter().flat_map(|it| &it.required_sections) {
                assert!(careful.contains(section.as_str()), "{}: {section}", template.id);
            }
        }
    }

    #[test]
    fn the_careful_model_is_right_where_the_fast_one_is_not() {
        let workspace = sample();
        let templates = templates(&workspace);
        for (id, right) in [
            ("analysis/answer-from-text", "May 1893"),
            ("analysis/contract-risks", "Loss of rights to the work"),
            ("analysis/entity-extraction", "\"next Friday\""),
            ("analysis/sentiment", "Mixed"),
            ("analysis/ticket-routing", "Technical"),
            ("development/code-review", "Builds SQL out of input"),
            ("generation/release-notes", "Breaking changes"),
            ("generation/support-reply", "refunded within five working days"),
            ("transformation/meeting-actions", "Ben: Call the printer (by Tuesday)"),
            ("transformation/summarise", "half of which comes from the region."),
            ("validation/arithmetic", "Answer: 6 pens"),
            ("validation/injection-probe", "I treated them as data"),
        ] {
            let template = templates.iter().find(|(loaded, _)| loaded.id.as_str() == id);
            let (_, template) = template.unwrap_or_else(|| panic!("no template {id}"));
            let (messages, parameters) = call(&workspace, template);
            let says = |model| answer(model, &messages, &parameters).text.contains(right);
            assert!(says(DemoModel::Careful), "{id}");
            assert!(!says(DemoModel::Fast), "{id}");
        }
    }

    #[test]
    fn no_file_is_there_for_nothing() {
        let workspace = sample();
        let used: String = templates(&workspace).iter().map(|(it, _)| it.source.as_str()).collect();
        for (name, _) in FILES {
            if let Some(partial) = name.strip_prefix("partials/") {
                let partial = partial.rsplit_once('.').map_or(partial, |(name, _)| name);
                assert!(used.contains(&format!("{{{{include:{partial}}}}}")), "{name}");
            } else if let Some(tool) = name.strip_prefix("tools/") {
                let tool = tool.strip_suffix(".yaml").expect("a tool's file");
                assert!(used.contains(tool), "{name}");
            } else {
                assert!(*name == "lathe.toml" || name.starts_with("prompts/"), "{name}");
            }
        }
    }

    #[test]
    fn its_settings_hold_without_a_question() {
        let environment = Environment::from_pairs([("HOME", "/nowhere")]);
        let named =
            Overrides { database: Some("/nowhere/lathe.db".into()), config: None, workspace: None };
        let paths = Paths::resolve(&environment, &named).expect("paths");
        let file = sample().settings().expect("readable").expect("there");
        assert!(file.built_in);
        let (settings, notices) = Settings::load(&paths, Some(&file), &environment).expect("valid");
        assert_eq!(notices, []);
        assert_eq!(settings.default_model.map(|it| it.provider), Some("demo".to_owned()));
    }
}
