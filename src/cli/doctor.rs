//! `lathe doctor`.

use super::{arguments::TextOrJson, error::Failure, output::Output};
use crate::app::{AppOptions, Health, doctor};

/// Prints what was found; 1 where something is wrong.
pub async fn run(
    options: AppOptions,
    format: TextOrJson,
    output: &mut Output,
) -> Result<u8, Failure> {
    let found = doctor(options).await;
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
