//! Copying: by the way that works here, and saying which it was.

use std::{
    borrow::Cow,
    collections::BTreeSet,
    fmt, io,
    io::Write as _,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use thiserror::Error;
use tokio::{io::AsyncWriteExt as _, process::Command, time::timeout};

use super::Capabilities;
use crate::{
    config::{Environment, create_private_dir, create_private_file, reason},
    safety::display_line,
};

/// How long a program that takes the text may need.
const PATIENCE: Duration = Duration::from_secs(1);
/// Most bytes of text for OSC 52: with its ends and in base64 it stays below the 100,000 bytes
/// that terminals agree to take.
const MOST_BY_TERMINAL: usize = 74_000;

/// By which way a text was copied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Route {
    /// tmux has it, and gave it to its terminal.
    Tmux,
    /// It was sent to the terminal (OSC 52), which does not say whether it took it.
    Terminal,
    /// A program of this desktop has it.
    Program(&'static str),
    /// It is in a file.
    File(PathBuf),
}

/// The words for the status line.
impl fmt::Display for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tmux => f.write_str("the tmux buffer"),
            Self::Terminal => f.write_str("the terminal (OSC 52), if it allows it"),
            Self::Program(name) => write!(f, "the clipboard ({name})"),
            Self::File(path) => {
                write!(f, "{}", display_line(&path.display().to_string()))
            }
        }
    }
}

/// A text that was copied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copied {
    pub route: Route,
    /// What the screen has to send to the terminal for it (see
    /// [`super::Screen::write_through`]), by [`Route::Terminal`] alone.
    pub sequence: Option<String>,
    /// How many control characters became marks.
    pub marked: usize,
}

/// The words for the status line.
impl fmt::Display for Copied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.route)?;
        match self.marked {
            0 => Ok(()),
            1 => f.write_str("; one control character became a mark"),
            many => write!(f, "; {many} control characters became marks"),
        }
    }
}

/// Why a text was not copied: no way worked, and not even a file could be written.
#[derive(Debug, Error)]
#[error("cannot copy: no clipboard was found, and {} cannot be written: {}", .path.display(), reason(.error))]
pub struct CopyError {
    path: PathBuf,
    error: io::Error,
}

/// A way to try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Tmux,
    Terminal,
    Program(&'static str, &'static [&'static str]),
}

/// The ways to try, best first. tmux comes first, since it stands between this program and the
/// terminal. Over SSH this machine's desktop is somebody else's, and the terminal is the user's.
fn ways(environment: &Environment, capabilities: Capabilities, length: usize) -> Vec<Way> {
    let mut ways = Vec::new();
    if environment.in_tmux() {
        ways.push(Way::Tmux);
    }
    if !environment.over_ssh() {
        if cfg!(target_os = "macos") {
            ways.push(Way::Program("pbcopy", &[]));
        }
        if cfg!(windows) {
            ways.push(Way::Program("clip", &[]));
        }
        if environment.filled("WAYLAND_DISPLAY").is_some() {
            ways.push(Way::Program("wl-copy", &[]));
        }
        if environment.filled("DISPLAY").is_some() {
            ways.push(Way::Program("xclip", &["-selection", "clipboard"]));
            ways.push(Way::Program("xsel", &["--clipboard", "--input"]));
        }
    }
    if capabilities.clipboard && length <= MOST_BY_TERMINAL {
        ways.push(Way::Terminal);
    }
    ways
}

/// A text that does nothing but be text wherever it is pasted: into a shell, an escape sequence
/// would be carried out and the end of a paste would end it. Tabs and line ends stay, and so does
/// every other character. Says how many became marks.
fn pasteable(text: &str) -> (Cow<'_, str>, usize) {
    let acts = |(at, character): &(usize, char)| match character {
        '\t' | '\n' => false,
        '\r' => !text[at + 1..].starts_with('\n'),
        character => character.is_control(),
    };
    let marked = text.char_indices().filter(acts).count();
    if marked == 0 {
        return (Cow::Borrowed(text), 0);
    }
    let mut safe = String::with_capacity(text.len() + 2 * marked);
    for (at, character) in text.char_indices() {
        if acts(&(at, character)) {
            safe.push_str(&display_line(character.encode_utf8(&mut [0; 4])));
        } else {
            safe.push(character);
        }
    }
    (Cow::Owned(safe), marked)
}

/// Copies a text by the best way that works; the last is a file of mode 0600 in `folder`. What
/// would act where it is pasted becomes a mark. The variables named as `hidden` are in no started
/// program's environment.
///
/// # Errors
/// [`CopyError`] when not even the file could be written.
pub async fn copy(
    text: &str,
    environment: &Environment,
    capabilities: Capabilities,
    folder: &Path,
    hidden: &BTreeSet<String>,
) -> Result<Copied, CopyError> {
    let (text, marked) = pasteable(text);
    let text = &*text;
    for way in ways(environment, capabilities, text.len()) {
        let route = match way {
            Way::Terminal => {
                let sequence = Some(to_terminal(text, environment));
                return Ok(Copied { route: Route::Terminal, sequence, marked });
            }
            Way::Tmux => {
                let arguments = &["load-buffer", "-w", "-"];
                give(text, "tmux", arguments, hidden).await.then_some(Route::Tmux)
            }
            Way::Program(name, arguments) => {
                give(text, name, arguments, hidden).await.then_some(Route::Program(name))
            }
        };
        if let Some(route) = route {
            return Ok(Copied { route, sequence: None, marked });
        }
    }
    let path = folder.join("copied.txt");
    match write_private(&path, text, folder) {
        Ok(()) => Ok(Copied { route: Route::File(path), sequence: None, marked }),
        Err(error) => Err(CopyError { path, error }),
    }
}

/// Gives a text to a program's input; whether it took it. Some of them stay in the background to
/// serve the text, so only the one that was started is waited for.
async fn give(text: &str, program: &str, arguments: &[&str], hidden: &BTreeSet<String>) -> bool {
    let mut command = Command::new(program);
    for variable in hidden {
        command.env_remove(variable);
    }
    let started = command
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    let Ok(mut child) = started else { return false };
    let work = async {
        let mut input = child.stdin.take()?;
        input.write_all(text.as_bytes()).await.ok()?;
        drop(input);
        child.wait().await.ok().filter(std::process::ExitStatus::success)
    };
    let took = timeout(PATIENCE, work).await.ok().flatten().is_some();
    if !took {
        // One that hangs is of no more use; one that ended cannot be killed, which is as well.
        let _ = child.start_kill();
    }
    took
}

/// OSC 52, in the wrapping that passes what stands between here and the terminal.
fn to_terminal(text: &str, environment: &Environment) -> String {
    let plain = format!("\x1b]52;c;{}\x07", STANDARD.encode(text));
    if environment.in_tmux() {
        format!("\x1bPtmux;{}\x1b\\", plain.replace('\x1b', "\x1b\x1b"))
    } else if environment.in_screen() {
        in_pieces(&plain)
    } else {
        plain
    }
}

/// GNU screen passes device control strings on, but only short ones.
fn in_pieces(sequence: &str) -> String {
    const PIECE: usize = 240;
    let mut pieces = String::new();
    let mut rest = sequence;
    // The sequence is ASCII, so every byte is a boundary.
    while let Some((piece, after)) = rest.split_at_checked(PIECE.min(rest.len())) {
        if piece.is_empty() {
            break;
        }
        pieces.push_str("\x1bP");
        pieces.push_str(piece);
        pieces.push_str("\x1b\\");
        rest = after;
    }
    pieces
}

fn write_private(path: &Path, text: &str, folder: &Path) -> io::Result<()> {
    create_private_dir(folder)?;
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    create_private_file(path)?.write_all(text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::payloads::PAYLOADS;

    const KNOWN: Capabilities = Capabilities { keyboard: true, clipboard: true };

    fn environment(pairs: &[(&str, &str)]) -> Environment {
        Environment::from_pairs(pairs.iter().copied())
    }

    fn names(pairs: &[(&str, &str)], length: usize) -> Vec<String> {
        ways(&environment(pairs), KNOWN, length)
            .into_iter()
            .map(|way| match way {
                Way::Tmux => "tmux".to_owned(),
                Way::Terminal => "terminal".to_owned(),
                Way::Program(name, _) => name.to_owned(),
            })
            .collect()
    }

    #[test]
    #[cfg(all(unix, not(target_os = "macos")))]
    fn the_place_decides_on_the_way() {
        for (pairs, expected) in [
            (&[][..], &["terminal"][..]),
            (&[("WAYLAND_DISPLAY", "wayland-0")], &["wl-copy", "terminal"]),
            (&[("DISPLAY", ":0")], &["xclip", "xsel", "terminal"]),
            (&[("DISPLAY", ":0"), ("SSH_TTY", "/dev/pts/0")], &["terminal"]),
            (&[("TMUX", "/tmp/tmux"), ("SSH_TTY", "x")], &["tmux", "terminal"]),
        ] {
            assert_eq!(names(pairs, 10), expected, "{pairs:?}");
        }
        assert!(names(&[], MOST_BY_TERMINAL + 1).is_empty());
        let console = Capabilities { keyboard: false, clipboard: false };
        assert!(ways(&environment(&[]), console, 1).is_empty());
    }

    #[test]
    fn sequences_pass_what_stands_between() {
        assert_eq!(to_terminal("hi", &environment(&[])), "\x1b]52;c;aGk=\x07");
        let tmux = to_terminal("hi", &environment(&[("TMUX", "x")]));
        assert_eq!(tmux, "\x1bPtmux;\x1b\x1b]52;c;aGk=\x07\x1b\\");
        let long = to_terminal(&"x".repeat(1000), &environment(&[("STY", "x")]));
        let pieces: Vec<&str> = long.split("\x1b\\").filter(|piece| !piece.is_empty()).collect();
        assert!(pieces.len() > 1 && pieces.iter().all(|piece| piece.len() <= 242));
        let whole: String = pieces.iter().map(|piece| piece.trim_start_matches("\x1bP")).collect();
        assert_eq!(whole, to_terminal(&"x".repeat(1000), &environment(&[])));
    }

    #[tokio::test]
    async fn the_last_way_is_a_private_file() {
        let folder = tempfile::tempdir().expect("a folder");
        let state = folder.path().join("state");
        let console = Capabilities { keyboard: false, clipboard: false };
        for text in ["first", "second, longer"] {
            let hidden = BTreeSet::new();
            let copied = copy(text, &environment(&[]), console, &state, &hidden).await;
            let copied = copied.expect("copied");
            let Route::File(path) = copied.route else { panic!("{:?}", copied.route) };
            assert_eq!(std::fs::read_to_string(&path).expect("read"), text);
            #[cfg(unix)]
            {
                use std::os::unix::fs::PermissionsExt;
                let mode = std::fs::metadata(&path).expect("metadata").permissions().mode();
                assert_eq!(mode & 0o777, 0o600);
            }
        }
    }

    #[test]
    fn what_is_pasted_is_text_and_nothing_else() {
        let plain = "a\tb\r\nc\n\u{202e}d \u{5d0} 👩\u{200d}👧";
        assert_eq!(pasteable(plain), (Cow::Borrowed(plain), 0), "only what acts becomes a mark");
        assert_eq!(pasteable("a\rb\x1b[201~\u{9b}c"), ("a␍b␛[201~⟨U+009B⟩c".into(), 3));
    }

    /// Whatever a text holds, the terminal gets one sequence with nothing but base64 in it, in the
    /// wrapping of the place, and what it unpacks to does not act.
    #[tokio::test]
    async fn every_payload_is_text_by_every_way() {
        let folder = tempfile::tempdir().expect("a folder");
        let inert = |text: &str, payload: &str| {
            let control = |c: char| c.is_control() && !matches!(c, '\n' | '\t');
            assert!(!text.contains(control), "{payload:?} is copied as {text:?}");
            let visible: String = payload.chars().filter(char::is_ascii_graphic).collect();
            let kept: String = text.chars().filter(char::is_ascii_graphic).collect();
            assert!(kept.len() >= visible.len(), "{payload:?} lost words: {text:?}");
        };
        for payload in PAYLOADS {
            for (pairs, before, after) in [
                (&[][..], "", ""),
                (&[("TMUX", "/nowhere"), ("PATH", "/nowhere")][..], "\x1bPtmux;\x1b", "\x1b\\"),
            ] {
                let sequence = to_terminal(&pasteable(payload).0, &environment(pairs));
                let inner = sequence.strip_prefix(before).and_then(|it| it.strip_suffix(after));
                let packed = inner
                    .and_then(|it| it.strip_prefix("\x1b]52;c;")?.strip_suffix('\x07'))
                    .expect("one sequence");
                let text = STANDARD.decode(packed).expect("nothing but base64");
                inert(&String::from_utf8(text).expect("text"), payload);
            }
            let pieces = to_terminal(&pasteable(payload).0, &environment(&[("STY", "x")]));
            let whole = pieces.replace("\x1bP", "").replace("\x1b\\", "");
            assert_eq!(whole, to_terminal(&pasteable(payload).0, &environment(&[])));

            let console = Capabilities { keyboard: false, clipboard: false };
            let copied = copy(payload, &environment(&[]), console, folder.path(), &BTreeSet::new())
                .await
                .expect("copied");
            let Route::File(path) = &copied.route else { panic!("{:?}", copied.route) };
            inert(&std::fs::read_to_string(path).expect("read"), payload);
            let told = copied.to_string();
            assert!(told.contains("control character"), "{told}");
            assert!(!told.contains(char::is_control), "{told:?}");
        }
    }

    #[tokio::test]
    #[cfg(unix)]
    async fn a_program_that_fails_or_is_missing_is_passed_over() {
        let hidden = BTreeSet::new();
        assert!(give("text", "cat", &[], &hidden).await);
        assert!(!give("text", "false", &[], &hidden).await);
        assert!(!give("text", "no-such-program-here", &[], &hidden).await);
    }

    #[tokio::test]
    #[cfg(unix)]
    async fn a_program_that_copies_gets_no_key() {
        // Any variable that this process has: tests share their environment and must not set one.
        let name = std::env::vars().map(|(name, _)| name).find(|name| name != "PATH");
        let name = name.expect("an environment");
        let script = format!("cat > /dev/null; test -z \"${{{name}+set}}\"");
        let arguments = ["-c", script.as_str()];
        assert!(!give("text", "sh", &arguments, &BTreeSet::new()).await, "it is there");
        assert!(give("text", "sh", &arguments, &BTreeSet::from([name])).await);
    }
}
