//! Makes the pictures of the README: starts the real program in a terminal of its own, presses
//! keys as a person would, and draws what is then on the screen.
//!
//! `cargo build --release && cargo run --release --example pictures` writes `docs/pictures/*.svg`.

#[expect(dead_code, reason = "shared with measurements that need more of it")]
#[path = "../../tests/support/session.rs"]
mod session;
mod svg;

use std::{fs, path::Path, time::Duration};

use session::{Fallible, Session, Start};

/// Output has paused when none came for so long.
const QUIET: Duration = Duration::from_millis(80);

fn main() -> Fallible<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/pictures");
    fs::create_dir_all(&folder)?;
    let save = |name: &str, session: &Session| -> Fallible<()> {
        fs::write(folder.join(format!("{name}.svg")), svg::draw(session.screen()))?;
        Ok(())
    };

    let mut wide = Session::start(Start::default())?;
    wide.until("code-review")?;
    wide.settle(QUIET)?;
    wide.keys("R")?;
    wide.until_that("both variants writing or done", |screen| {
        screen.matches("writing").count() + screen.matches("done ").count() >= 2
    })?;
    save("streaming", &wide)?;
    wide.until_that("both variants done", |screen| screen.matches("done ").count() >= 2)?;
    wide.settle(QUIET)?;
    wide.keys("d")?;
    wide.until("A → B")?;
    wide.settle(QUIET)?;
    save("difference", &wide)?;
    wide.keys("\x1b")?;
    wide.until("i type")?;
    wide.keys("2")?;
    wide.until("when ")?;
    wide.settle(QUIET)?;
    wide.keys("\r")?;
    wide.until("Prompt")?;
    wide.settle(QUIET)?;
    save("history", &wide)?;
    wide.keys("q")?;
    wide.end()?;

    let mut small = Session::start(Start { columns: 80, rows: 24, ..Start::default() })?;
    small.until("Editor")?;
    small.settle(QUIET)?;
    small.keys("R")?;
    small.until_that("both variants done", |screen| screen.matches("done ").count() >= 2)?;
    small.settle(QUIET)?;
    save("small", &small)?;
    small.keys("q")?;
    small.end()?;
    Ok(())
}
