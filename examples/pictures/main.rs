//! Makes the pictures of the README: starts the real program in a terminal of its own, presses
//! keys as a person would, and draws what is then on the screen.
//!
//! `cargo build --release && cargo run --release --example pictures` writes `docs/pictures/*.svg`;
//! another folder can be named behind `--`.

#[expect(dead_code, reason = "shared with measurements that need more of it")]
#[path = "../../tests/support/session.rs"]
mod session;
mod svg;

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use session::{Fallible, Session, Start};

/// Output has paused when none came for so long.
const QUIET: Duration = Duration::from_millis(80);

/// Where pictures go.
struct Album(PathBuf);

impl Album {
    fn save(&self, name: &str, session: &Session) -> Fallible<()> {
        fs::write(self.0.join(format!("{name}.svg")), svg::draw(session.screen()))?;
        Ok(())
    }
}

fn main() -> Fallible<()> {
    let folder = std::env::args()
        .nth(1)
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/pictures"), PathBuf::from);
    fs::create_dir_all(&folder)?;
    let album = Album(folder);
    workbench(&album)?;
    month(&album)?;
    small(&album)?;
    album.save("large", &large("ember")?)?;
    album.save("light", &large("paper")?)
}

/// Two answers streaming side by side in a theme with colours of its own, and their difference.
fn workbench(album: &Album) -> Fallible<()> {
    let mut wide = Session::start(Start {
        arguments: vec!["--theme".to_owned(), "harbour".to_owned()],
        environment: vec![("COLORTERM".to_owned(), "truecolor".to_owned())],
        ..Start::default()
    })?;
    wide.until("code-review")?;
    wide.settle(QUIET)?;
    wide.keys("R")?;
    wide.until_that("B writes", |screen| screen.contains("writing") && screen.contains("line 6"))?;
    album.save("streaming", &wide)?;
    wide.until_that("both variants done", |screen| screen.matches("done ").count() >= 2)?;
    wide.settle(QUIET)?;
    wide.keys("d")?;
    wide.until("A → B")?;
    wide.settle(QUIET)?;
    album.save("difference", &wide)?;
    wide.keys("\x1b")?;
    wide.until("i type")?;
    wide.keys("q")?;
    wide.end()
}

/// What a month of history looks like.
fn month(album: &Album) -> Fallible<()> {
    let mut demo =
        Session::start(Start { arguments: vec!["demo".to_owned()], ..Start::default() })?;
    demo.until("1 of 9")?;
    demo.settle(QUIET)?;
    album.save("tour", &demo)?;
    demo.keys("\x1b")?;
    demo.until("The tour is over")?;
    demo.keys("2")?;
    demo.until("of 100+")?;
    demo.keys("/")?;
    demo.until("template:")?;
    demo.keys("refund since:30d\r")?;
    demo.until_that("what fits", |screen| !screen.contains("100+") && screen.contains("1 of "))?;
    demo.keys("\r")?;
    demo.until("answer, prompt")?;
    demo.settle(QUIET)?;
    album.save("history", &demo)?;
    demo.keys("3")?;
    demo.until("last 7 days")?;
    demo.keys("t")?;
    demo.until("last 30 days")?;
    demo.settle(QUIET)?;
    album.save("charts", &demo)?;
    demo.keys("q")?;
    demo.end()
}

/// The smallest terminal that people have.
fn small(album: &Album) -> Fallible<()> {
    let mut small = Session::start(Start { columns: 80, rows: 24, ..Start::default() })?;
    small.until("Editor")?;
    small.settle(QUIET)?;
    small.keys("R")?;
    small.until_that("both variants done", |screen| screen.matches("done ").count() >= 2)?;
    small.settle(QUIET)?;
    album.save("small", &small)?;
    small.keys("q")?;
    small.end()
}

/// Four variants on the largest screen, in a theme with colours of its own.
fn large(theme: &str) -> Fallible<Session> {
    let mut large = Session::start(Start {
        columns: 200,
        rows: 50,
        arguments: vec!["--theme".to_owned(), theme.to_owned()],
        environment: vec![("COLORTERM".to_owned(), "truecolor".to_owned())],
        ..Start::default()
    })?;
    large.until("code-review")?;
    large.settle(QUIET)?;
    large.keys("ffR")?;
    large.until_that("all are done", |screen| screen.matches("done ").count() >= 4)?;
    large.settle(QUIET)?;
    Ok(large)
}
