//! The program's own log: what went wrong behind the screen. Never prompts, answers or keys.

use std::{
    fs,
    io::{self, Write},
    sync::{Arc, Mutex},
};

use tracing::level_filters::LevelFilter;
use tracing_subscriber::{Layer as _, filter::Targets, layer::SubscriberExt as _};

use super::Redaction;
use crate::{
    config::{Paths, create_private_dir},
    safety::{MarkStyle, display_line_with},
};

/// A log that has grown this large is put aside at the next start, in place of the one before.
const LARGEST: u64 = 4 << 20;

/// Begins to log into the state folder, in a file of the user's own. Without one the program
/// works all the same. Keys that are in use are taken out, whoever logged them.
pub fn start(paths: &Paths, redaction: &Arc<Redaction>) {
    let Ok(file) = open(paths) else { return };
    let filter = Targets::new().with_target("promptlathe", LevelFilter::INFO);
    let layer = tracing_subscriber::fmt::layer()
        .with_ansi(false)
        .with_writer(Mutex::new(Clean { file, redaction: Arc::clone(redaction) }))
        .with_filter(filter);
    // A second start in one process keeps the first log.
    let _ = tracing::subscriber::set_global_default(tracing_subscriber::registry().with(layer));
}

/// A file that events reach without keys, each as one line whatever text it quotes: a line that
/// looks like another event cannot be forged.
struct Clean<W> {
    file: W,
    redaction: Arc<Redaction>,
}

impl<W: Write> Write for Clean<W> {
    /// One call is one event.
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(event);
        let text = self.redaction.keys_alone().redact(&text).text;
        let text = text.strip_suffix('\n').unwrap_or(&text);
        let line = format!("{}\n", display_line_with(text, MarkStyle::Ascii));
        self.file.write_all(line.as_bytes())?;
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

fn open(paths: &Paths) -> io::Result<fs::File> {
    create_private_dir(&paths.state_dir)?;
    let path = paths.state_dir.join("lathe.log");
    if fs::metadata(&path).is_ok_and(|facts| facts.len() > LARGEST) {
        fs::rename(&path, path.with_extension("log.1"))?;
    }
    let mut options = fs::OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    options.open(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Environment, Settings};

    fn redaction() -> Arc<Redaction> {
        let environment = Environment::from_pairs([("OPENAI_API_KEY", "planted-key-0001")]);
        let settings = Settings::built_in(&environment).expect("valid");
        Arc::new(Redaction::new(&settings, &environment).expect("valid"))
    }

    #[test]
    fn a_line_reaches_the_file_without_keys() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("log");
        let redaction = redaction();
        let mut clean = Clean { file: fs::File::create(&path).expect("made"), redaction };
        clean
            .write_all(b"ERROR it said planted-key-0001 twice: planted-key-0001\n")
            .expect("written");
        assert_eq!(
            fs::read_to_string(path).expect("read"),
            "ERROR it said [redacted:openai-key] twice: [redacted:openai-key]\n"
        );
    }

    #[derive(Clone, Default)]
    struct Memory(Arc<Mutex<Vec<u8>>>);

    impl Write for Memory {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().expect("not poisoned").extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn no_text_makes_a_line_of_its_own() {
        let memory = Memory::default();
        let clean = Clean { file: memory.clone(), redaction: redaction() };
        let layer =
            tracing_subscriber::fmt::layer().with_ansi(false).with_writer(Mutex::new(clean));
        let hostile = "no\r\n2026-01-01T00:00:00Z  INFO promptlathe: forged\u{1b}[2J\u{202e}\u{85}";
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
            tracing::error!(detail = hostile, "message: {hostile}");
            tracing::info!("the next");
        });
        let written = String::from_utf8(memory.0.lock().expect("not poisoned").clone());
        let written = written.expect("text");
        assert_eq!(written.lines().count(), 2, "{written}");
        assert!(written.contains("forged") && written.is_ascii(), "{written:?}");
        assert!(!written.contains('\u{1b}') && !written.contains('\r'), "{written:?}");
    }
}
