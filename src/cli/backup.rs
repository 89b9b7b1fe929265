//! `lathe backup`.

use std::path::PathBuf;

use super::{
    arguments::{BackupCommand, TextOrJson},
    error::Failure,
    output::Output,
};
use crate::{
    app::AppOptions,
    config::Paths,
    store::{self, BackupFacts},
};

/// Makes, checks or puts back a copy of the database. The workspace and its settings are not
/// opened: a backup must work where they are broken.
pub fn run(
    options: &AppOptions,
    command: BackupCommand,
    output: &mut Output,
) -> Result<u8, Failure> {
    let paths = Paths::resolve(&options.environment, &options.overrides)?;
    match command {
        BackupCommand::Create { file, format } => {
            let file = file.unwrap_or_else(|| named_for_now(&paths.database));
            let facts = store::back_up(&paths.database, &file)?;
            tell(&facts, format, output)?;
        }
        BackupCommand::Verify { file, format } => tell(&store::verify(&file)?, format, output)?,
        BackupCommand::Restore { file, format } => {
            let restored = store::restore(&paths.database, &file)?;
            if format == TextOrJson::Json {
                output.json(&restored)?;
                return Ok(0);
            }
            tell(&restored.backup, format, output)?;
            output.line(&match &restored.kept {
                Some(kept) => format!("in place; the database of before is {}", kept.display()),
                None => "in place; there was no database before".to_owned(),
            })?;
        }
    }
    Ok(0)
}

fn tell(facts: &BackupFacts, format: TextOrJson, output: &mut Output) -> Result<(), Failure> {
    if format == TextOrJson::Json {
        output.json(facts)?;
        return Ok(());
    }
    let newest = facts.newest.map_or_else(String::new, |time| format!(", newest {time:.0}"));
    output.line(&format!(
        "{}: whole, {} executions{newest}, {} versions, {} bytes",
        facts.path.display(),
        facts.executions,
        facts.versions,
        facts.bytes
    ))?;
    Ok(())
}

/// A name beside the database that says when.
fn named_for_now(database: &std::path::Path) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push(jiff::Timestamp::now().strftime(".%Y%m%dT%H%M%SZ.backup").to_string());
    PathBuf::from(name)
}
