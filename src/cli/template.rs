//! `lathe template`.

use std::{collections::BTreeMap, fmt::Write as _};

use serde_json::json;

use super::{
    arguments::{BumpWord, TemplateCommand, TextOrJson},
    error::Failure,
    inputs,
    output::Output,
};
use crate::{
    app::{App, PromptSource, workspace::VersionSelector},
    model::{Bump, TemplateId},
    prompt::{
        Severity,
        diff::{self, SegmentKind},
        exchange::{self, Format},
        lint,
    },
};

/// Carries out a command.
pub async fn run(app: &App, command: TemplateCommand, output: &mut Output) -> Result<u8, Failure> {
    match command {
        TemplateCommand::List { format } => list(app, format, output).await,
        TemplateCommand::Show { template, format } => show(app, &template, format, output).await,
        TemplateCommand::Render { template, variables, variable_file, format } => {
            let inputs = inputs::variables(&variables, variable_file.as_ref())?;
            render(app, &template, inputs, format, output).await
        }
        TemplateCommand::Lint { templates, format } => check(app, templates, format, output).await,
        TemplateCommand::Versions { template, format } => {
            versions(app, &template, format, output).await
        }
        TemplateCommand::Diff { from, to } => compare(app, &from, to.as_deref(), output).await,
        TemplateCommand::Save { template, bump, note } => {
            let id = app.workspace.resolve(&template)?.id;
            let opened = app.open_template(&id).await?;
            let bump = match bump {
                BumpWord::Patch => Bump::Patch,
                BumpWord::Minor => Bump::Minor,
                BumpWord::Major => Bump::Major,
            };
            let saved =
                app.save_version(&id, &opened.text, bump, &note, Some(&opened.base)).await?;
            output.line(&format!("{id}@{}", saved.record.version))?;
            Ok(0)
        }
        TemplateCommand::Rollback { template } => {
            let resolved = app.workspace.resolve(&template)?;
            let Some(selector) = resolved.version else {
                return Err(Failure::usage(format!(
                    "which version? write {}@VERSION; `lathe template versions {}` lists them",
                    resolved.id, resolved.id
                )));
            };
            let old = app.saved_version(&resolved.id, &selector).await?;
            let saved = app.roll_back(&resolved.id, &old.version, None).await?;
            output.line(&format!("{}@{}", resolved.id, saved.record.version))?;
            output.remark(&format!("its content is that of {}", old.version));
            Ok(0)
        }
        TemplateCommand::New { template } => create(app, &template, output),
        TemplateCommand::Import { file, from } => import(app, &file, &from, output),
        TemplateCommand::Export { template, to } => {
            let format = format_named(&to)?;
            let template = app.template(source(app, &template)?).await?;
            let exported = exchange::export(format, &template);
            output.text(&exported.text)?;
            for left in &exported.not_carried {
                output.tell(&format!("not carried: {left}"));
            }
            Ok(0)
        }
    }
}

/// The template, version or label a text names.
fn source(app: &App, name: &str) -> Result<PromptSource, Failure> {
    let resolved = app.workspace.resolve(name)?;
    Ok(match resolved.version {
        Some(version) => PromptSource::Version { template: resolved.id, version },
        None => PromptSource::File(resolved.id),
    })
}

async fn list(app: &App, format: TextOrJson, output: &mut Output) -> Result<u8, Failure> {
    let (rows, left_out) = app.templates().await;
    for row in rows {
        match format {
            TextOrJson::Json => output.json(&json!({
                "id": row.id, "path": row.path, "category": row.category, "name": row.name,
                "version": row.version, "description": row.description, "broken": row.broken,
            }))?,
            TextOrJson::Text => {
                let version = row.version.map_or_else(|| "-".to_owned(), |it| it.to_string());
                let about = match row.broken {
                    Some(reason) => format!("cannot be used: {reason}"),
                    None => row.description.or(row.name).unwrap_or_default(),
                };
                let id = row.id.as_str();
                output.line(format!("{id:<34} {version:<9} {about}").trim_end())?;
            }
        }
    }
    for reason in left_out {
        output.tell(&format!("note: {reason}"));
    }
    Ok(0)
}

async fn show(
    app: &App,
    name: &str,
    format: TextOrJson,
    output: &mut Output,
) -> Result<u8, Failure> {
    let template = app.template(source(app, name)?).await?;
    match format {
        TextOrJson::Text => output.text(&template.source)?,
        TextOrJson::Json => {
            let front = &template.front;
            let parameters: Vec<_> = front
                .parameters
                .iter()
                .map(|parameter| {
                    json!({
                        "name": parameter.name, "required": parameter.required,
                        "default": parameter.default, "description": parameter.description,
                        "enum": parameter.enum_values, "type": parameter.kind.as_str(),
                    })
                })
                .collect();
            output.json(&json!({
                "id": template.id, "name": front.name, "version": front.version,
                "category": front.category, "description": front.description,
                "tags": front.tags, "model": front.model,
                "generation": front.generation.to_map(), "parameters": parameters,
                "source": template.source,
            }))?;
        }
    }
    Ok(0)
}

async fn render(
    app: &App,
    name: &str,
    inputs: BTreeMap<String, serde_json::Value>,
    format: TextOrJson,
    output: &mut Output,
) -> Result<u8, Failure> {
    let source = source(app, name)?;
    inputs::check_names(&app.template(source.clone()).await?, &*app.workspace, &inputs)?;
    let rendered = app.render(source, inputs).await?;
    let messages = rendered.to_messages();
    match format {
        TextOrJson::Json => output.json(&messages)?,
        TextOrJson::Text => {
            for message in &messages {
                output.text(&format!("{}:\n{}\n\n", message.role, message.content))?;
            }
        }
    }
    Ok(0)
}

async fn check(
    app: &App,
    names: Vec<String>,
    format: TextOrJson,
    output: &mut Output,
) -> Result<u8, Failure> {
    let ids: Vec<TemplateId> = if names.is_empty() {
        app.workspace.list().entries.into_iter().map(|entry| entry.id).collect()
    } else {
        names
            .iter()
            .map(|name| app.workspace.resolve(name).map(|resolved| resolved.id))
            .collect::<Result<_, _>>()?
    };
    let mut errors = 0;
    for id in ids {
        let findings = match app.template(PromptSource::File(id.clone())).await {
            Ok(template) => lint(&template, &*app.workspace, None),
            Err(error) => {
                errors += 1;
                match format {
                    TextOrJson::Text => output.line(&format!("error {error}"))?,
                    TextOrJson::Json => output.json(&json!({
                        "template": id, "severity": "error", "message": error.to_string(),
                    }))?,
                }
                continue;
            }
        };
        for finding in findings {
            let severity = match finding.severity {
                Severity::Error => "error",
                Severity::Warning => "warning",
                Severity::Hint => "hint",
            };
            errors += u32::from(finding.severity == Severity::Error);
            let file = finding.file.as_deref().unwrap_or(id.as_str());
            match format {
                TextOrJson::Text => output.line(&format!(
                    "{severity} {file}:{}:{}: {}",
                    finding.line, finding.column, finding.message
                ))?,
                TextOrJson::Json => output.json(&json!({
                    "template": id, "file": file, "severity": severity, "code": finding.code,
                    "line": finding.line, "column": finding.column, "message": finding.message,
                }))?,
            }
        }
    }
    Ok(u8::from(errors > 0))
}

async fn versions(
    app: &App,
    name: &str,
    format: TextOrJson,
    output: &mut Output,
) -> Result<u8, Failure> {
    let id = app.workspace.resolve(name)?.id;
    for record in app.open_template(&id).await?.versions {
        match format {
            TextOrJson::Json => output.json(&record)?,
            TextOrJson::Text => {
                let from = record
                    .rolled_back_from
                    .map_or_else(String::new, |from| format!(" (content of {from})"));
                let label = record.label.map_or_else(String::new, |label| format!(" [{label}]"));
                output.line(&format!(
                    "{:<10} {}  {}{label}{from}  {}",
                    record.version.to_string(),
                    record.saved_at,
                    record.content_hash.short(),
                    record.note
                ))?;
            }
        }
    }
    Ok(0)
}

/// Compares a version with another or with the file. Exit code 0 for the same, 1 for different,
/// as `diff` has it.
async fn compare(
    app: &App,
    from: &str,
    to: Option<&str>,
    output: &mut Output,
) -> Result<u8, Failure> {
    let resolved = app.workspace.resolve(from)?;
    let Some(selector) = resolved.version else {
        return Err(Failure::usage(format!("from which version? write {}@VERSION", resolved.id)));
    };
    let old = app.saved_version(&resolved.id, &selector).await?.content;
    let new = match to {
        None => app.template(PromptSource::File(resolved.id.clone())).await?.source,
        Some(text) => {
            let version = text.trim_start_matches('@');
            let selector = match version.parse() {
                Ok(version) => VersionSelector::Version(version),
                Err(_) => VersionSelector::Label(version.to_owned()),
            };
            app.saved_version(&resolved.id, &selector).await?.content
        }
    };
    if old == new {
        return Ok(0);
    }
    let lines = diff::words(&old, &new);
    for row in diff::fold(&lines, 3) {
        match row {
            diff::Row::Fold { lines, .. } => {
                output.line(&format!("@@ {lines} unchanged lines @@"))?;
            }
            diff::Row::Line(line) => {
                let sign = match line {
                    line if line.is_same() => ' ',
                    line if line.is_all(SegmentKind::Removed) => '-',
                    line if line.is_all(SegmentKind::Added) => '+',
                    _ => '~',
                };
                let mut text = String::from(sign);
                for segment in &line.segments {
                    let piece = segment.text.trim_end_matches('\n');
                    match segment.kind {
                        SegmentKind::Same => text.push_str(piece),
                        _ if sign != '~' => text.push_str(piece),
                        SegmentKind::Removed => {
                            let _ = write!(text, "[-{piece}-]");
                        }
                        SegmentKind::Added => {
                            let _ = write!(text, "{{+{piece}+}}");
                        }
                    }
                }
                output.line(&text)?;
            }
        }
    }
    Ok(1)
}

fn create(app: &App, name: &str, output: &mut Output) -> Result<u8, Failure> {
    let id: TemplateId = name
        .parse()
        .map_err(|error: crate::model::TemplateIdError| Failure::usage(error.to_string()))?;
    let title = id.name().replace(['-', '_'], " ");
    let text = format!(
        "---\nname: {title}\nversion: 1.0.0\ndescription: \nparameters:\n  text: required\n---\n\
         system:\nYou are a careful assistant.\n\nuser:\n{{{{ text }}}}\n"
    );
    let loaded = app.workspace.create(&id, "prompty", &text)?;
    output.line(&loaded.path.display().to_string())?;
    Ok(0)
}

fn format_named(word: &str) -> Result<Format, Failure> {
    Format::from_word(word).ok_or_else(|| {
        let known: Vec<&str> = Format::ALL.iter().map(|format| format.as_str()).collect();
        Failure::usage(format!("there is no format `{word}`; there are {}", known.join(", ")))
    })
}

fn import(
    app: &App,
    file: &std::path::Path,
    from: &str,
    output: &mut Output,
) -> Result<u8, Failure> {
    let format = format_named(from)?;
    let text = inputs::read(file)?;
    let stem = file.file_stem().and_then(|stem| stem.to_str()).unwrap_or("imported");
    let imported = exchange::import(format, stem, &text)
        .map_err(|error| Failure::usage(format!("{}: {error}", file.display())))?;
    for prompt in imported {
        let id: TemplateId = prompt
            .name
            .parse()
            .map_err(|error: crate::model::TemplateIdError| Failure::usage(error.to_string()))?;
        let loaded = app.workspace.create(&id, "prompty", &prompt.template_source)?;
        output.line(&loaded.path.display().to_string())?;
        for left in &prompt.not_carried {
            output.tell(&format!("{id}: not carried: {left}"));
        }
    }
    Ok(0)
}
