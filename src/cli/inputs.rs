//! Variables, parameters and tags from the command line.

use std::{
    collections::BTreeMap,
    fs,
    io::{BufRead as _, Read as _, Write as _},
    path::{Path, PathBuf},
};

use serde_json::Value;

use super::error::Failure;
use crate::{
    model::{GenerationParameters, Parameter, Preset, did_you_mean, nearest},
    prompt::{self, Sources, Template},
};

/// A file or prompt that is read whole is not larger.
const MOST: u64 = 16 << 20;

/// The variables of `--vars` with those of `--var` over them.
///
/// # Errors
/// Where a file cannot be read or is neither JSON nor YAML, or a `--var` has no `=`.
pub fn variables(
    pairs: &[String],
    file: Option<&PathBuf>,
) -> Result<BTreeMap<String, Value>, Failure> {
    let mut variables = match file {
        Some(path) => variable_file(path)?,
        None => BTreeMap::new(),
    };
    for pair in pairs {
        let (name, value) = split("--var", pair)?;
        let value = match value.strip_prefix('@') {
            Some(path) => read(Path::new(path))?,
            None => value.to_owned(),
        };
        variables.insert(name.to_owned(), Value::from(value));
    }
    Ok(variables)
}

fn variable_file(path: &Path) -> Result<BTreeMap<String, Value>, Failure> {
    let text = if path == Path::new("-") { standard_input()? } else { read(path)? };
    let json: Result<BTreeMap<String, Value>, _> = serde_json::from_str(&text);
    json.or_else(|_| serde_saphyr::from_str(&text)).map_err(|error| {
        Failure::usage(format!(
            "{}: not a JSON or YAML mapping of variables to values: {error}",
            path.display()
        ))
    })
}

/// Refuses a variable the template does not have, with the nearest it has: a value that goes
/// nowhere is a mistake, and silence about it would cost a call.
///
/// # Errors
/// For the first variable that neither the parameters nor the text know.
pub fn check_names(
    template: &Template,
    sources: &dyn Sources,
    given: &BTreeMap<String, Value>,
) -> Result<(), Failure> {
    let used = prompt::variables(template, sources);
    let declared = template.front.parameters.iter().map(|parameter| parameter.name.as_str());
    let known: Vec<&str> =
        declared.chain(used.used.iter().map(|variable| variable.name.as_str())).collect();
    match given.keys().find(|name| !known.contains(&name.as_str())) {
        None => Ok(()),
        Some(name) => {
            let near = did_you_mean(nearest(name, known.iter().copied()));
            let list = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
            Err(Failure::usage(format!(
                "{} has no variable `{name}`{near} (it has {list})",
                template.id
            )))
        }
    }
}

/// The parameters of a preset with those of `--param` over them.
///
/// # Errors
/// For a parameter that does not exist (with the nearest) or a value it cannot have.
pub fn parameters(
    preset: Option<Preset>,
    pairs: &[String],
) -> Result<GenerationParameters, Failure> {
    let mut parameters = preset.map_or_else(GenerationParameters::default, Preset::parameters);
    for pair in pairs {
        let (name, value) = split("--param", pair)?;
        let parameter = Parameter::from_word(name).ok_or_else(|| {
            let known = Parameter::ALL.iter().map(|parameter| parameter.as_str());
            let near = nearest(name, known.clone())
                .map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
            Failure::usage(format!(
                "there is no parameter `{name}`{near} (there are {})",
                known.collect::<Vec<_>>().join(", ")
            ))
        })?;
        parameters
            .set_text(parameter, value)
            .map_err(|error| Failure::usage(format!("--param {name}: {error}")))?;
    }
    Ok(parameters)
}

/// `key=value` pairs as tags.
///
/// # Errors
/// For one without `=`.
pub fn tags(pairs: &[String]) -> Result<BTreeMap<String, String>, Failure> {
    pairs
        .iter()
        .map(|pair| split("--tag", pair).map(|(key, value)| (key.to_owned(), value.to_owned())))
        .collect()
}

/// Splits `name=value`.
///
/// # Errors
/// Where there is no `=` or no name.
pub fn split<'p>(flag: &str, pair: &'p str) -> Result<(&'p str, &'p str), Failure> {
    match pair.split_once('=') {
        Some((name, value)) if !name.trim().is_empty() => Ok((name.trim(), value)),
        _ => Err(Failure::usage(format!("{flag} `{pair}`: write name=value"))),
    }
}

/// Everything on standard input.
///
/// # Errors
/// Where it cannot be read, is too large or is not UTF-8.
pub fn standard_input() -> Result<String, Failure> {
    take(std::io::stdin().lock(), "standard input")
}

/// Asks at the terminal; anything but a yes is a no.
pub fn agreed(question: &str) -> bool {
    let mut words = std::io::stderr();
    let asked = words.write_all(question.as_bytes()).and_then(|()| words.flush());
    let mut answer = String::new();
    let read = std::io::stdin().lock().read_line(&mut answer);
    asked.is_ok() && read.is_ok() && ["y", "yes"].contains(&answer.trim().to_lowercase().as_str())
}

/// A file, whole.
///
/// # Errors
/// Where it cannot be read, is too large, a folder or not UTF-8.
pub fn read(path: &Path) -> Result<String, Failure> {
    let fault = |error: std::io::Error| Failure::usage(format!("{}: {error}", path.display()));
    let metadata = fs::metadata(path).map_err(fault)?;
    if metadata.is_dir() {
        return Err(Failure::usage(format!("{}: it is a folder, not a file", path.display())));
    }
    if is_named_pipe(path, &metadata) {
        return Err(Failure::usage(format!(
            "{}: it is a named pipe, which may never be written to; give a file",
            path.display()
        )));
    }
    take(fs::File::open(path).map_err(fault)?, &path.display().to_string())
}

/// Whether reading would wait for whoever may never come. What a shell hands over, as in
/// `<(command)`, has somebody at its other end.
#[cfg(unix)]
fn is_named_pipe(path: &Path, metadata: &fs::Metadata) -> bool {
    use std::os::unix::fs::FileTypeExt as _;
    metadata.file_type().is_fifo() && !path.starts_with("/dev") && !path.starts_with("/proc")
}

#[cfg(not(unix))]
const fn is_named_pipe(_: &Path, _: &fs::Metadata) -> bool {
    false
}

fn take(reader: impl std::io::Read, name: &str) -> Result<String, Failure> {
    let mut bytes = Vec::new();
    reader
        .take(MOST + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| Failure::usage(format!("{name}: {error}")))?;
    if bytes.len() as u64 > MOST {
        return Err(Failure::usage(format!("{name}: it is larger than {} MiB", MOST >> 20)));
    }
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        Failure::usage(format!("{name}: it is not UTF-8 (byte {at})"))
    })
}
