//! The status line and the log of messages behind it.

use std::{collections::VecDeque, time::Duration};

use jiff::{Timestamp, tz::TimeZone};

use crate::{
    safety::MarkStyle,
    tui::{
        msg::{Fault, Notice, Now, Severity},
        text::{Entry, Scroll, TableRow, Tone, figures, one_line, table_rows, table_text},
        theme::Glyphs,
    },
};

/// Messages kept.
const KEPT: usize = 500;

/// How long something told stays in the status line, and something warned of. What failed stays
/// until it is put away, or something else is told.
const TOLD_FOR: Duration = Duration::from_secs(5);
const WARNED_FOR: Duration = Duration::from_secs(10);

/// A message that was shown, safe to draw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoggedNotice {
    pub at: Timestamp,
    pub notice: Notice,
    /// How often it came in a row.
    pub count: u32,
    /// How much had been told before.
    serial: u64,
}

/// The last message and those before it.
#[derive(Clone, Debug, Default)]
pub struct Notices {
    log: VecDeque<LoggedNotice>,
    current: bool,
    /// How often anything was told.
    told: u64,
    /// What was told up to here is not shown.
    veiled: u64,
    marks: MarkStyle,
}

impl Notices {
    /// No message yet; texts will be shown with the given marks.
    #[must_use]
    pub fn new(marks: MarkStyle) -> Self {
        Self { marks, ..Self::default() }
    }

    /// Shows a message and keeps it. The same one again only counts.
    pub fn add(&mut self, severity: Severity, text: &str, hint: Option<&str>, now: Now) {
        let safe = |text: &str| one_line(text, self.marks).into_owned();
        let notice = Notice { severity, text: safe(text), hint: hint.map(safe) };
        self.current = true;
        self.told += 1;
        if let Some(last) = self.log.back_mut()
            && last.notice == notice
            && last.serial > self.veiled
        {
            last.count += 1;
            last.at = now.wall;
            return;
        }
        self.log.push_back(LoggedNotice { at: now.wall, notice, count: 1, serial: self.told });
        if self.log.len() > KEPT {
            self.log.pop_front();
        }
    }

    /// Something was done as asked.
    pub fn tell(&mut self, text: &str, now: Now) {
        self.add(Severity::Information, text, None, now);
    }

    /// Something cannot be done as asked.
    pub fn warn(&mut self, text: &str, now: Now) {
        self.add(Severity::Warning, text, None, now);
    }

    /// Something failed.
    pub fn fail(&mut self, fault: &Fault, now: Now) {
        self.add(Severity::Error, &fault.message, fault.hint.as_deref(), now);
    }

    /// The message of the status line, if there is one.
    #[must_use]
    pub fn current(&self) -> Option<&Notice> {
        self.log().next_back().filter(|_| self.current).map(|logged| &logged.notice)
    }

    /// Hides all that was told so far, or shows it again in the log.
    pub const fn veil(&mut self, on: bool) {
        self.veiled = if on { self.told } else { 0 };
        if on {
            self.current = false;
        }
    }

    /// How often anything was told: another number is another message, or the same once more.
    #[must_use]
    pub const fn told(&self) -> u64 {
        self.told
    }

    /// How long the message of the status line stays there by itself; `None` for ever.
    #[must_use]
    pub fn stays_for(&self) -> Option<Duration> {
        match self.current()?.severity {
            Severity::Information => Some(TOLD_FOR),
            Severity::Warning => Some(WARNED_FOR),
            Severity::Error => None,
        }
    }

    /// Empties the status line; the log keeps all.
    pub const fn clear_current(&mut self) {
        self.current = false;
    }

    /// Every message kept that may be shown, oldest first.
    pub fn log(&self) -> impl DoubleEndedIterator<Item = &LoggedNotice> {
        self.log.iter().filter(|logged| logged.serial > self.veiled)
    }
}

/// The message log in front: every message in full.
#[derive(Clone, Debug, Default)]
pub struct Log {
    pub scroll: Scroll,
    rows: Vec<TableRow>,
    /// What the rows were made for: how often anything was told, what is veiled, and the width.
    fitted: Option<(u64, u64, usize)>,
}

impl Log {
    /// The rows at the present width, the last message at the end.
    #[must_use]
    pub fn rows(&self) -> &[TableRow] {
        &self.rows
    }

    /// Wraps the messages at a width. Nothing happens when they are the same.
    pub fn fit(&mut self, notices: &Notices, wall: Timestamp, zone: &TimeZone, width: usize) {
        let fitted = Some((notices.told, notices.veiled, width));
        if self.fitted != fitted {
            self.fitted = fitted;
            self.rows = table_rows(&notices.entries(wall, zone), width / 2, width);
        }
    }
}

impl Notices {
    fn entries(&self, wall: Timestamp, zone: &TimeZone) -> Vec<Entry> {
        let glyphs = Glyphs::of(self.marks);
        self.log()
            .map(|logged| {
                let tone = match logged.notice.severity {
                    Severity::Information => Tone::Plain,
                    Severity::Warning => Tone::Warning,
                    Severity::Error => Tone::Bad,
                };
                let sign = match logged.notice.severity {
                    Severity::Information => String::new(),
                    Severity::Warning => format!("{} ", glyphs.warning),
                    Severity::Error => format!("{} ", glyphs.cross),
                };
                let text = format!("{sign}{}", logged.notice.text);
                let count =
                    (logged.count > 1).then(|| format!("({}{})", logged.count, glyphs.times));
                let hint = logged.notice.hint.as_ref();
                Entry::new(figures::when(logged.at, wall, zone), text, tone)
                    .and(count, Tone::Aside)
                    .and(hint.map(|hint| format!("{} {hint}", glyphs.separator)), Tone::Aside)
            })
            .collect()
    }

    /// Every message as text, one a line.
    #[must_use]
    pub fn as_text(&self, wall: Timestamp, zone: &TimeZone) -> String {
        const FAR: usize = usize::MAX / 2;
        table_text(&table_rows(&self.entries(wall, zone), FAR, FAR))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_message_again_only_counts() {
        let now = Now { monotonic: Duration::ZERO, wall: Timestamp::UNIX_EPOCH };
        let mut notices = Notices::new(MarkStyle::Unicode);
        notices.tell("saved", now);
        notices.tell("saved", now);
        notices.warn("bad \u{1b}[2J name", now);
        assert_eq!(notices.log().count(), 2);
        assert_eq!(notices.log().next().map(|logged| logged.count), Some(2));
        let text = notices.current().map(|notice| notice.text.clone()).unwrap_or_default();
        assert!(!text.contains('\u{1b}'), "{text}");
        notices.clear_current();
        assert_eq!(notices.current(), None);
    }
}
