//! `lathe doctor`.

use std::{fmt::Write as _, path::Path};

use super::{arguments::TextOrJson, error::Failure, output::Output};
use crate::{
    app::{AppOptions, FaceCheck, Health, doctor},
    config::Paths,
    store,
};

/// Prints what was found; 1 where something is wrong.
pub async fn run(
    options: AppOptions,
    face: FaceCheck,
    format: TextOrJson,
    output: &mut Output,
) -> Result<u8, Failure> {
    let found = doctor(options, face).await;
    for checkup in &found {
        if format == TextOrJson::Json {
            output.json(checkup)?;
            continue;
        }
        let sign = match checkup.health {
            Health::Good => "ok  ",
            Health::Note => "note",
            Health::Bad => "BAD ",
        };
        let hint = checkup.hint.as_ref().map_or_else(String::new, |hint| format!("; {hint}"));
        output.line(&format!("{sign}  {:<10} {}{hint}", checkup.area, checkup.text))?;
    }
    Ok(u8::from(found.iter().any(|checkup| checkup.health == Health::Bad)))
}

/// Takes what can be read out of the database into a new one, and says what that is.
pub fn salvage(
    options: &AppOptions,
    file: &Path,
    format: TextOrJson,
    output: &mut Output,
) -> Result<u8, Failure> {
    let paths = Paths::resolve(&options.environment, &options.overrides)?;
    let salvaged = store::salvage(&paths.database, file)?;
    if format == TextOrJson::Json {
        output.json(&salvaged)?;
        return Ok(0);
    }
    for table in &salvaged.tables {
        let mut damage = String::new();
        if table.gaps > 0 {
            damage.push_str(", the rest cannot be read");
        }
        if table.mended > 0 {
            let _ = write!(damage, ", {} with marks for what is lost", table.mended);
        }
        if table.rejected > 0 {
            let _ = write!(damage, ", {} of no use left out", table.rejected);
        }
        output.line(&format!("{:<12} {} rows{damage}", table.name, table.rows))?;
    }
    output.line(&format!(
        "{} executions, {} without their prompt, {} without their answer",
        salvaged.executions, salvaged.without_prompt, salvaged.without_answer
    ))?;
    output.line(&format!(
        "{} was not touched; look at the new one with: lathe history list --db {}",
        paths.database.display(),
        file.display()
    ))?;
    Ok(0)
}
