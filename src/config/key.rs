//! Where a provider's key comes from.

use std::{
    collections::BTreeSet,
    io::Read,
    process::{Child, Command, Stdio},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use thiserror::Error;

use super::{Environment, Secret};

/// How long a key command may take.
const COMMAND_TIMEOUT: Duration = Duration::from_secs(10);
/// How much a key command may say.
const COMMAND_OUTPUT: u64 = 64 << 10;

/// Where a provider's key comes from. The key itself is never kept in settings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum KeySource {
    /// The provider needs none.
    #[default]
    None,
    /// The environment variable of this name.
    Env(String),
    /// The first line this program prints. Run without a shell, with nothing on its standard
    /// input, for at most ten seconds.
    Command(Vec<String>),
}

/// Why there is no key. Never holds anything a key command printed, nor its arguments.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum KeyError {
    #[error("no key: the environment variable {0} is not set")]
    NotSet(String),
    #[error(
        "the key in the environment variable {0} holds a line break or another control character; \
         set it to the key alone"
    )]
    Malformed(String),
    #[error("the key command `{program}` {reason}")]
    Command { program: String, reason: String },
}

impl KeySource {
    /// Fetches the key. `None` when the provider needs none.
    ///
    /// Blocks for as long as a key command takes: call it off the async threads. A command gets
    /// the environment of this program, but for the variables named as `hidden`: to fetch one
    /// key nobody needs those of other providers.
    ///
    /// # Errors
    /// [`KeyError`], which names the variable or the program and nothing secret.
    pub fn resolve(
        &self,
        environment: &Environment,
        hidden: &BTreeSet<String>,
    ) -> Result<Option<Secret>, KeyError> {
        match self {
            Self::None => Ok(None),
            Self::Env(name) => {
                let key = environment
                    .get(name)
                    .map(str::trim)
                    .filter(|key| !key.is_empty())
                    .ok_or_else(|| KeyError::NotSet(name.clone()))?;
                if key.chars().any(char::is_control) {
                    return Err(KeyError::Malformed(name.clone()));
                }
                Ok(Some(Secret::new(key.to_owned())))
            }
            Self::Command(words) => run(words, hidden, COMMAND_TIMEOUT).map(Some),
        }
    }

    /// Whether a key could be there, without running anything: a command counts as one.
    #[must_use]
    pub fn is_available(&self, environment: &Environment) -> bool {
        match self {
            Self::None | Self::Command(_) => true,
            Self::Env(name) => environment.get(name).is_some_and(|key| !key.trim().is_empty()),
        }
    }

    /// The source in words for screens and errors: `env OPENAI_API_KEY`, `command pass`.
    #[must_use]
    pub fn describe(&self) -> String {
        match self {
            Self::None => "no key".to_owned(),
            Self::Env(name) => format!("env {name}"),
            Self::Command(words) => {
                format!("command {}", words.first().map_or("", String::as_str))
            }
        }
    }
}

/// Runs a key command and takes its first line.
fn run(words: &[String], hidden: &BTreeSet<String>, timeout: Duration) -> Result<Secret, KeyError> {
    let Some((program, arguments)) = words.split_first() else {
        return Err(KeyError::Command { program: String::new(), reason: "is empty".to_owned() });
    };
    let fail = |reason: String| KeyError::Command { program: program.clone(), reason };
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    for variable in hidden {
        command.env_remove(variable);
    }
    #[cfg(unix)]
    {
        use std::os::unix::process::CommandExt;
        // A group of its own, so that giving up reaches its children as well.
        command.process_group(0);
    }
    let mut child =
        command.spawn().map_err(|error| fail(format!("could not be started: {error}")))?;
    let result = first_line(&mut child, timeout);
    if result.is_err() {
        stop(&mut child);
    }
    result.map_err(fail)
}

fn first_line(child: &mut Child, timeout: Duration) -> Result<Secret, String> {
    let started = Instant::now();
    let late = || format!("took longer than {} s", timeout.as_secs());
    let pipe = child.stdout.take().ok_or("has no output")?;
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut output = Vec::new();
        let read = pipe.take(COMMAND_OUTPUT + 1).read_to_end(&mut output);
        // The receiver may have given up; then nobody wants the answer.
        let _ = sender.send(read.map(|_| output));
    });
    let output = receiver
        .recv_timeout(timeout)
        .map_err(|_| late())?
        .map_err(|error| format!("could not be read: {error}"))?;
    if output.len() as u64 > COMMAND_OUTPUT {
        return Err(format!("printed more than {} KiB", COMMAND_OUTPUT >> 10));
    }
    let status = loop {
        match child.try_wait() {
            Ok(Some(status)) => break status,
            Ok(None) if started.elapsed() < timeout => thread::sleep(Duration::from_millis(2)),
            Ok(None) => return Err(late()),
            Err(error) => return Err(format!("could not be waited for: {error}")),
        }
    };
    if !status.success() {
        return Err(format!("failed ({status})"));
    }
    let text = String::from_utf8(output).map_err(|_| "printed something that is not text")?;
    let key = text.lines().next().unwrap_or_default().trim();
    if key.is_empty() {
        return Err("printed nothing on its first line".to_owned());
    }
    if key.chars().any(char::is_control) {
        return Err("printed a key with a control character in it".to_owned());
    }
    Ok(Secret::new(key.to_owned()))
}

/// Ends the command and whatever it started, and collects it.
fn stop(child: &mut Child) {
    #[cfg(unix)]
    if let Ok(id) = i32::try_from(child.id())
        && let Some(group) = rustix::process::Pid::from_raw(id)
    {
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
    }
    let _ = child.kill();
    let _ = child.wait();
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;

    fn command(script: &str) -> Vec<String> {
        ["/bin/sh", "-c", script].map(str::to_owned).to_vec()
    }

    fn fetched(source: &KeySource, environment: &Environment) -> Result<Option<Secret>, KeyError> {
        source.resolve(environment, &BTreeSet::new())
    }

    fn key(result: Result<Option<Secret>, KeyError>) -> Result<Option<String>, KeyError> {
        result.map(|secret| secret.map(|secret| secret.expose().to_owned()))
    }

    #[test]
    fn a_variable_is_trimmed_and_must_hold_something() {
        let environment =
            Environment::from_pairs([("A", " sk-1 \n"), ("B", "  "), ("C", "sk\n-1")]);
        let resolve = |name: &str| key(fetched(&KeySource::Env(name.to_owned()), &environment));
        assert_eq!(resolve("A"), Ok(Some("sk-1".to_owned())));
        assert_eq!(resolve("B"), Err(KeyError::NotSet("B".to_owned())));
        assert_eq!(resolve("D"), Err(KeyError::NotSet("D".to_owned())));
        assert_eq!(resolve("C"), Err(KeyError::Malformed("C".to_owned())));
    }

    #[test]
    fn a_command_gives_its_first_line_trimmed() {
        let source = KeySource::Command(command("echo ' sk-2 '; echo second"));
        assert_eq!(key(fetched(&source, &Environment::default())), Ok(Some("sk-2".to_owned())));
    }

    #[test]
    fn a_command_gets_what_it_needs_and_no_other_key() {
        // Any variable that this process has: tests share their environment and must not set one.
        let (name, value) = std::env::vars()
            .find(|(name, value)| {
                name != "PATH" && !value.trim().is_empty() && !value.contains(char::is_control)
            })
            .expect("an environment");
        let script = format!("echo \"<${{{name}-}}>\"");
        let run = |hidden: &[&str]| {
            let hidden = hidden.iter().map(|&name| name.to_owned()).collect();
            key(KeySource::Command(command(&script)).resolve(&Environment::default(), &hidden))
        };
        assert_eq!(run(&["OTHER_API_KEY"]), Ok(Some(format!("<{value}>"))));
        assert_eq!(run(&["OTHER_API_KEY", &name]), Ok(Some("<>".to_owned())));
    }

    #[test]
    fn arguments_are_not_shell_text() {
        let words = ["echo", "$HOME;", "`id`"].map(str::to_owned).to_vec();
        let resolved = key(fetched(&KeySource::Command(words), &Environment::default()));
        assert_eq!(resolved, Ok(Some("$HOME; `id`".to_owned())));
    }

    #[test]
    fn what_goes_wrong_names_the_program_and_no_secret() {
        for (script, expected) in [
            ("echo sk-planted; exit 3", "failed"),
            ("echo", "nothing"),
            ("printf 'sk-planted\\001x\\n'", "control"),
            ("printf '\\377\\376\\n'", "not text"),
            ("yes sk-planted", "more than 64 KiB"),
            ("head -c 70000 /dev/zero; echo sk-planted", "more than 64 KiB"),
        ] {
            let source = KeySource::Command(command(script));
            let error =
                key(fetched(&source, &Environment::default())).expect_err(script).to_string();
            assert!(error.contains("`/bin/sh`") && error.contains(expected), "{error}");
            assert!(!error.contains("planted"), "{error}");
        }
        let missing = KeySource::Command(vec!["/nonexistent/program".to_owned()]);
        let error = key(fetched(&missing, &Environment::default())).expect_err("missing");
        assert!(error.to_string().contains("could not be started"), "{error}");
    }

    #[test]
    fn a_command_that_hangs_is_ended_with_its_children() {
        // Its child keeps the pipe open; the wait ends by the bound and not by the pipe.
        let run = |script| run(&command(script), &BTreeSet::new(), Duration::from_millis(50));
        let error = run("sleep 1000 & echo sk-3; wait").err().expect("late");
        assert!(error.to_string().contains("took longer"), "{error}");
        let closed = run("exec >&-; sleep 1000");
        assert!(closed.err().is_some_and(|error| error.to_string().contains("took longer")));
    }
}
