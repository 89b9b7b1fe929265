//! The program's own log: what went wrong behind the screen. Never prompts, answers or keys.

use std::{fs, io, sync::Mutex};

use tracing::level_filters::LevelFilter;
use tracing_subscriber::{Layer as _, filter::Targets, layer::SubscriberExt as _};

use crate::config::{Paths, create_private_dir};

/// A log that has grown this large is put aside at the next start, in place of the one before.
const LARGEST: u64 = 4 << 20;

/// Begins to log into the state folder, in a file of the user's own. Without one the program
/// works all the same.
pub fn start(paths: &Paths) {
    let Ok(file) = open(paths) else { return };
    let filter = Targets::new().with_target("promptlathe", LevelFilter::INFO);
    let layer = tracing_subscriber::fmt::layer()
        .with_ansi(false)
        .with_writer(Mutex::new(file))
        .with_filter(filter);
    // A second start in one process keeps the first log.
    let _ = tracing::subscriber::set_global_default(tracing_subscriber::registry().with(layer));
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
