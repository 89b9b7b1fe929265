//! The program's own log: what went wrong behind the screen. Never prompts, answers or keys.

use std::{
    fs, io,
    sync::{Arc, Mutex},
};

use tracing::level_filters::LevelFilter;
use tracing_subscriber::{Layer as _, filter::Targets, layer::SubscriberExt as _};

use super::Redaction;
use crate::config::{Paths, create_private_dir};

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

/// A file that lines reach without keys. A line comes in one piece.
struct Clean {
    file: fs::File,
    redaction: Arc<Redaction>,
}

impl io::Write for Clean {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(line);
        self.file.write_all(self.redaction.keys_alone().redact(&text).text.as_bytes())?;
        Ok(line.len())
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
    use std::io::Write as _;

    use super::*;
    use crate::config::{Environment, Settings};

    #[test]
    fn a_line_reaches_the_file_without_keys() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("log");
        let environment = Environment::from_pairs([("OPENAI_API_KEY", "planted-key-0001")]);
        let settings = Settings::built_in(&environment).expect("valid");
        let redaction = Arc::new(Redaction::new(&settings, &environment).expect("valid"));
        let mut clean = Clean { file: fs::File::create(&path).expect("made"), redaction };
        clean
            .write_all(b"ERROR it said planted-key-0001 twice: planted-key-0001\n")
            .expect("written");
        assert_eq!(
            fs::read_to_string(path).expect("read"),
            "ERROR it said [redacted:openai-key] twice: [redacted:openai-key]\n"
        );
    }
}
