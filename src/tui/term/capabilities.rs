//! Whether there is a terminal to draw on, and what is known of it without asking it.

use thiserror::Error;

use crate::config::Environment;

/// What works without a screen, for those who have none.
const HEADLESS: &str = "`lathe run`, `lathe template`, `lathe history` and the other commands of `lathe --help` work without one";

/// Why there is no screen to draw on. A usage error (exit code 2).
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum NoScreen {
    #[error("standard input is not a terminal; {HEADLESS}")]
    Input,
    #[error("standard output is not a terminal; {HEADLESS}")]
    Output,
    #[error("TERM is {}, a terminal that cannot be drawn on; {HEADLESS}", shown(.term))]
    Dumb { term: String },
}

fn shown(term: &str) -> String {
    if term.is_empty() {
        "not set".to_owned()
    } else {
        format!("`{}`", crate::safety::display_line(term))
    }
}

/// What is known of the terminal from the environment. It is never asked: a reply may come late
/// and would then be typed into the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capabilities {
    /// Whether Kitty's keyboard protocol may be asked for.
    pub keyboard: bool,
    /// Whether OSC 52 can reach a clipboard.
    pub clipboard: bool,
}

impl Capabilities {
    /// What is known of this process's terminal.
    ///
    /// # Errors
    /// [`NoScreen`] where there is none, or one that cannot be drawn on.
    pub fn of(environment: &Environment) -> Result<Self, NoScreen> {
        if !environment.stdin_is_terminal {
            return Err(NoScreen::Input);
        }
        if !environment.stdout_is_terminal {
            return Err(NoScreen::Output);
        }
        let term = environment.get("TERM").unwrap_or_default();
        // Windows' console sets no TERM.
        if cfg!(unix) && environment.terminal_is_dumb() {
            return Err(NoScreen::Dumb { term: term.to_owned() });
        }
        // The Linux console prints the end of sequences it does not know.
        let console = term == "linux" || term.starts_with("vt");
        Ok(Self { keyboard: !console, clipboard: !console })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(term: &str, input: bool, output: bool) -> Result<Capabilities, NoScreen> {
        let mut environment = Environment::from_pairs([("TERM", term)]);
        environment.stdin_is_terminal = input;
        environment.stdout_is_terminal = output;
        Capabilities::of(&environment)
    }

    #[test]
    fn without_a_screen_the_commands_that_need_none_are_named() {
        for (error, word) in [
            (of("xterm", false, true), "input"),
            (of("xterm", true, false), "output"),
            (of("dumb", true, true), "`dumb`"),
            (of("", true, true), "not set"),
        ] {
            let message = error.expect_err("no screen").to_string();
            assert!(message.contains(word) && message.contains("lathe run"), "{message}");
            assert_eq!(message.lines().count(), 1);
        }
        let hostile = of("unknown", true, true).expect_err("no screen").to_string();
        assert!(!hostile.contains('\x1b'));
    }

    #[test]
    fn consoles_are_spared_what_they_would_print() {
        let known = |term| of(term, true, true).expect("a screen");
        assert!(!known("linux").keyboard);
        assert!(known("xterm-256color").keyboard);
        assert!(known("tmux-256color").clipboard);
    }
}
