//! The process's environment, captured once.

use std::{collections::BTreeMap, ffi::OsString, fmt, io::IsTerminal, path::PathBuf};

/// How many colours the terminal says it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ColourDepth {
    /// None at all, or `NO_COLOR`.
    Mono,
    Sixteen,
    TwoHundredFiftySix,
    True,
}

/// What the environment said when the program started. `main` captures it once; everything else
/// is told through this type, so that no test and no call ever depends on, or changes, the
/// process's own environment.
///
/// It holds keys, therefore `Debug` prints the variables' names only.
#[derive(Clone, Default)]
pub struct Environment {
    variables: BTreeMap<String, OsString>,
    /// Whether standard input is a terminal.
    pub stdin_is_terminal: bool,
    /// Whether standard output is a terminal.
    pub stdout_is_terminal: bool,
    /// Whether standard error is a terminal.
    pub stderr_is_terminal: bool,
    /// The folder the program was started in, where it still exists.
    pub working_dir: Option<PathBuf>,
}

impl Environment {
    /// Captures the environment of this process. Variables whose names are not UTF-8 are left
    /// out.
    #[must_use]
    pub fn capture() -> Self {
        let variables = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value)))
            .collect();
        Self {
            variables,
            stdin_is_terminal: std::io::stdin().is_terminal(),
            stdout_is_terminal: std::io::stdout().is_terminal(),
            stderr_is_terminal: std::io::stderr().is_terminal(),
            working_dir: std::env::current_dir().ok(),
        }
    }

    /// An environment with just these variables and no terminal.
    pub fn from_pairs<N: Into<String>, V: Into<OsString>>(
        pairs: impl IntoIterator<Item = (N, V)>,
    ) -> Self {
        Self {
            variables: pairs.into_iter().map(|(n, v)| (n.into(), v.into())).collect(),
            ..Self::default()
        }
    }

    /// A variable's value, empty or not. `None` also when it is not UTF-8, which only paths
    /// may be (see [`Self::path`]).
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.variables.get(name).and_then(|value| value.to_str())
    }

    /// A variable's value as a path, when it is set and not empty.
    #[must_use]
    pub fn path(&self, name: &str) -> Option<PathBuf> {
        self.variables.get(name).filter(|value| !value.is_empty()).map(PathBuf::from)
    }

    /// A variable's value when it is set and not empty, which is what most conventions mean.
    #[must_use]
    pub fn filled(&self, name: &str) -> Option<&str> {
        self.get(name).filter(|value| !value.is_empty())
    }

    /// The same environment with only the variables that pass, and these over them.
    #[must_use]
    pub fn narrowed(
        &self,
        keep: impl Fn(&str) -> bool,
        over: impl IntoIterator<Item = (String, OsString)>,
    ) -> Self {
        let mut variables = self.variables.clone();
        variables.retain(|name, _| keep(name));
        variables.extend(over);
        Self { variables, ..self.clone() }
    }

    /// The names of all variables, in alphabetical order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.variables.keys().map(String::as_str)
    }

    /// Whether colours are unwanted: `NO_COLOR` set and not empty (no-color.org).
    #[must_use]
    pub fn no_colour(&self) -> bool {
        self.filled("NO_COLOR").is_some()
    }

    /// How many colours to use, from `NO_COLOR`, `COLORTERM` and `TERM`, in this order.
    #[must_use]
    pub fn colour_depth(&self) -> ColourDepth {
        if self.no_colour() {
            return ColourDepth::Mono;
        }
        if matches!(self.get("COLORTERM"), Some("truecolor" | "24bit")) {
            return ColourDepth::True;
        }
        match self.get("TERM").unwrap_or_default() {
            "" | "dumb" | "vt100" | "vt102" | "vt220" => ColourDepth::Mono,
            term if term.ends_with("-direct") => ColourDepth::True,
            term if term.contains("256color") => ColourDepth::TwoHundredFiftySix,
            _ => ColourDepth::Sixteen,
        }
    }

    /// Whether glyphs beyond ASCII may be drawn: not when `LATHE_ASCII` is set (to anything but
    /// `0`), and not when the locale (`LC_ALL`, `LC_CTYPE`, `LANG`; the first that is not empty)
    /// names another encoding than UTF-8. Where no locale is set at all, as in most containers,
    /// the terminal is taken to be a present-day one.
    #[must_use]
    pub fn speaks_unicode(&self) -> bool {
        if self.filled("LATHE_ASCII").is_some_and(|value| value != "0") {
            return false;
        }
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(|name| self.filled(name));
        locale.is_none_or(|locale| {
            let locale = locale.to_ascii_lowercase();
            locale.contains("utf-8") || locale.contains("utf8")
        })
    }

    /// Whether nothing is to move by itself.
    #[must_use]
    pub fn wants_stillness(&self) -> bool {
        self.filled("ACCESSIBLE").is_some_and(|value| value != "0")
    }

    /// Whether the terminal is at the far end of an SSH connection.
    #[must_use]
    pub fn over_ssh(&self) -> bool {
        ["SSH_CONNECTION", "SSH_CLIENT", "SSH_TTY"].iter().any(|name| self.filled(name).is_some())
    }

    /// Whether tmux stands between this program and the terminal.
    #[must_use]
    pub fn in_tmux(&self) -> bool {
        self.filled("TMUX").is_some()
    }

    /// Whether GNU screen stands between this program and the terminal.
    #[must_use]
    pub fn in_screen(&self) -> bool {
        self.filled("STY").is_some()
    }

    /// Whether `TERM` says that the terminal can do nothing, or says nothing.
    #[must_use]
    pub fn terminal_is_dumb(&self) -> bool {
        matches!(self.get("TERM").unwrap_or_default(), "" | "dumb" | "unknown")
    }

    /// The editor's command line, which may hold arguments: `VISUAL`, else `EDITOR`.
    #[must_use]
    pub fn editor(&self) -> Option<&str> {
        ["VISUAL", "EDITOR"]
            .into_iter()
            .filter_map(|name| self.get(name))
            .map(str::trim)
            .find(|command| !command.is_empty())
    }

    /// The proxy that requests to `scheme` (`http` or `https`) would go through, after the name
    /// of the variable that says so: the lower-case variable first, then the upper-case one, then
    /// the one for all schemes. `HTTP_PROXY` in upper case is ignored where a CGI server may have
    /// set it from a request's header.
    #[must_use]
    pub fn proxy(&self, scheme: &str) -> Option<(String, &str)> {
        let lower = format!("{scheme}_proxy");
        let upper = lower.to_ascii_uppercase();
        let from_request = scheme == "http" && self.get("REQUEST_METHOD").is_some();
        let upper = if from_request { lower.clone() } else { upper };
        [lower, upper, "all_proxy".to_owned(), "ALL_PROXY".to_owned()]
            .into_iter()
            .find_map(|name| self.filled(&name).map(|value| (name.clone(), value)))
    }
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Environment")
            .field("names", &self.variables.keys().collect::<Vec<_>>())
            .field("stdin_is_terminal", &self.stdin_is_terminal)
            .field("stdout_is_terminal", &self.stdout_is_terminal)
            .field("stderr_is_terminal", &self.stderr_is_terminal)
            .field("working_dir", &self.working_dir)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(pairs: &[(&str, &str)]) -> Environment {
        Environment::from_pairs(pairs.iter().copied())
    }

    #[test]
    fn debug_shows_names_and_no_value() {
        let text = format!("{:?}", with(&[("OPENAI_API_KEY", "sk-planted")]));
        assert!(text.contains("OPENAI_API_KEY"), "{text}");
        assert!(!text.contains("sk-planted"), "{text}");
    }

    #[test]
    fn colours_follow_the_conventions() {
        for (pairs, depth) in [
            (&[("TERM", "xterm-256color")][..], ColourDepth::TwoHundredFiftySix),
            (&[("TERM", "xterm"), ("COLORTERM", "truecolor")], ColourDepth::True),
            (
                &[("TERM", "xterm"), ("COLORTERM", "truecolor"), ("NO_COLOR", "1")],
                ColourDepth::Mono,
            ),
            (&[("TERM", "xterm"), ("NO_COLOR", "")], ColourDepth::Sixteen),
            (&[("TERM", "linux")], ColourDepth::Sixteen),
            (&[("TERM", "xterm-direct")], ColourDepth::True),
            (&[("TERM", "dumb")], ColourDepth::Mono),
            (&[], ColourDepth::Mono),
        ] {
            assert_eq!(with(pairs).colour_depth(), depth, "{pairs:?}");
        }
    }

    #[test]
    fn the_locale_decides_on_glyphs() {
        for (pairs, unicode) in [
            (&[("LANG", "de_DE.UTF-8")][..], true),
            (&[("LANG", "C.utf8")], true),
            (&[("LANG", "C")], false),
            (&[("LANG", "de_DE.UTF-8"), ("LC_ALL", "C")], false),
            (&[("LANG", "C"), ("LC_CTYPE", "en_US.UTF-8")], true),
            (&[("LC_ALL", ""), ("LANG", "en_US.UTF-8")], true),
            (&[("LANG", "en_US.ISO-8859-1")], false),
            (&[], true),
            (&[("LANG", "en_US.UTF-8"), ("LATHE_ASCII", "1")], false),
            (&[("LANG", "en_US.UTF-8"), ("LATHE_ASCII", "0")], true),
        ] {
            assert_eq!(with(pairs).speaks_unicode(), unicode, "{pairs:?}");
        }
    }

    #[test]
    fn visual_comes_before_editor_and_blanks_do_not_count() {
        assert_eq!(with(&[("EDITOR", "vi"), ("VISUAL", "code -w")]).editor(), Some("code -w"));
        assert_eq!(with(&[("EDITOR", "vi"), ("VISUAL", "  ")]).editor(), Some("vi"));
        assert_eq!(with(&[]).editor(), None);
    }

    #[test]
    fn proxies_are_found_in_their_usual_order() {
        let both = with(&[("https_proxy", "http://a"), ("HTTPS_PROXY", "http://b")]);
        assert_eq!(both.proxy("https"), Some(("https_proxy".to_owned(), "http://a")));
        let all = with(&[("ALL_PROXY", "http://c")]);
        assert_eq!(all.proxy("http"), Some(("ALL_PROXY".to_owned(), "http://c")));
        let cgi = with(&[("HTTP_PROXY", "http://d"), ("REQUEST_METHOD", "GET")]);
        assert_eq!(cgi.proxy("http"), None);
    }
}
