//! The loop: the only place where the face waits. Keys come before frames, frames before what
//! streams, so that neither a flood of text nor a slow terminal makes a key wait.

use std::io;

use crossterm::event::{Event, KeyEventKind};
use jiff::Timestamp;
use tokio::time::Instant;

use super::{
    effect::{Effect, Question},
    exec::{Exec, Inbox},
    msg::{Answer, CallEvent, Fault, Msg, Notice, Now, RequestId, Severity},
    state::State,
    surface::{Keys, Surface},
    term::{Capabilities, EndReason, ExternalEditor, FrameClock, Signal, Suspended, copy},
    update,
    view::{self, Look},
};
use crate::{app::App, config::Umask};

/// What to do where the user's editor does not run.
const EDITOR_HINT: &str = "set $VISUAL or $EDITOR to an editor that stays in the terminal";

/// Everything the loop holds.
pub(super) struct Runtime<S, K> {
    pub app: App,
    pub state: State,
    pub look: Look,
    pub surface: S,
    pub keys: K,
    pub clock: FrameClock,
    pub capabilities: Capabilities,
    pub exec: Exec,
    pub inbox: Inbox,
    /// What shells and editors that are started here give new files.
    pub umask: Umask,
    /// The beginning of the monotonic clock: that of the timers, so that all time is told alike.
    pub origin: Instant,
}

/// Why the loop ended.
pub(super) enum Ended {
    /// The user left.
    Quit,
    /// A signal, or the terminal is gone.
    Told(EndReason),
}

/// What woke the loop.
enum Woken {
    Signal(Option<Signal>),
    Key(Option<io::Result<Event>>),
    Frame,
    Message(Option<Msg>),
}

impl<S: Surface, K: Keys> Runtime<S, K> {
    /// Runs until the user leaves or the program is told to. `signals` is asked for the next
    /// signal as often as one came.
    ///
    /// # Errors
    /// What the terminal said when it could not be drawn on, though it is there; what was running
    /// and what was typed is kept.
    pub async fn run(
        mut self,
        mut signals: impl AsyncFnMut() -> Option<Signal>,
    ) -> io::Result<Ended> {
        let ended = match self.go_on(&mut signals).await {
            Err(error) => {
                // Nothing can be shown any more, and all the same nothing is to be lost.
                let now = self.now();
                let effects = update::update(&mut self.state, Msg::EndRequested, now);
                let _ = self.carry_out(effects).await;
                if is_gone(&error) { Ok(Ended::Told(EndReason::TerminalGone)) } else { Err(error) }
            }
            ended => ended,
        };
        // The terminal belongs to the user again before anything is waited for.
        drop(self.surface);
        drop(self.keys);
        drop(self.inbox);
        let drained = self.exec.end().await;
        drop(self.app);
        if let Err(error) = drained {
            return Err(io::Error::other(error.to_string()));
        }
        ended
    }

    /// Until it ends, or the terminal cannot be drawn on.
    async fn go_on(
        &mut self,
        signals: &mut impl AsyncFnMut() -> Option<Signal>,
    ) -> io::Result<Ended> {
        self.clock.request(Instant::now().into_std());
        self.frame()?;
        let now = self.now();
        let effects = update::start(&mut self.state, now);
        self.exec.discover();
        let mut ended = self.carry_out(effects).await?;
        loop {
            if let Some(ended) = ended {
                return Ok(ended);
            }
            ended = match self.wait(signals).await {
                Woken::Frame => {
                    self.frame()?;
                    None
                }
                Woken::Signal(signal) => self.signal(signal).await?,
                Woken::Key(event) => self.event(event).await?,
                Woken::Message(message) => self.message(message).await?,
            };
        }
    }

    async fn wait(&mut self, signals: &mut impl AsyncFnMut() -> Option<Signal>) -> Woken {
        let due = self.clock.due().map(Instant::from_std);
        let frame = async {
            match due {
                Some(due) => tokio::time::sleep_until(due).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            signal = signals() => Woken::Signal(signal),
            event = self.keys.next() => Woken::Key(event),
            () = frame => Woken::Frame,
            message = self.inbox.messages.recv() => Woken::Message(message),
            message = self.inbox.events.recv() => Woken::Message(message),
        }
    }

    fn now(&self) -> Now {
        Now { monotonic: self.origin.elapsed(), wall: Timestamp::now() }
    }

    fn frame(&mut self) -> io::Result<()> {
        let (state, look) = (&self.state, &self.look);
        self.surface.draw(&mut |frame| view::draw(state, look, frame))?;
        self.clock.drawn(Instant::now().into_std());
        Ok(())
    }

    async fn signal(&mut self, signal: Option<Signal>) -> io::Result<Option<Ended>> {
        match signal {
            None => Ok(Some(Ended::Quit)),
            Some(Signal::End(reason)) => {
                // Drafts and values are kept; nothing is asked back.
                self.message(Some(Msg::EndRequested)).await?;
                Ok(Some(Ended::Told(reason)))
            }
            Some(Signal::Suspend) => {
                self.suspend()?;
                Ok(None)
            }
            Some(Signal::Continued) => {
                self.keys.pause();
                self.surface.take_back()?;
                self.resized()?;
                Ok(None)
            }
        }
    }

    async fn event(&mut self, event: Option<io::Result<Event>>) -> io::Result<Option<Ended>> {
        let message = match event {
            // No more keys: the terminal is gone.
            None | Some(Err(_)) => {
                self.message(Some(Msg::EndRequested)).await?;
                return Ok(Some(Ended::Told(EndReason::TerminalGone)));
            }
            Some(Ok(Event::Key(key))) if key.kind != KeyEventKind::Release => Msg::Key(key),
            Some(Ok(Event::Key(_))) => return Ok(None),
            Some(Ok(Event::Paste(text))) => Msg::Paste(text),
            Some(Ok(Event::Mouse(event))) => Msg::Mouse(event),
            // What the event claims may be no size at all; the surface knows what can be drawn.
            Some(Ok(Event::Resize(..))) => {
                let (columns, rows) = self.surface.size()?;
                Msg::Resized { columns, rows }
            }
            Some(Ok(Event::FocusGained)) => Msg::Focused(true),
            Some(Ok(Event::FocusLost)) => Msg::Focused(false),
        };
        self.message(Some(message)).await
    }

    async fn message(&mut self, message: Option<Msg>) -> io::Result<Option<Ended>> {
        let Some(message) = message else { return Ok(Some(Ended::Quit)) };
        let now = self.now();
        let streams = matches!(
            message,
            Msg::Run { event: CallEvent::Delta { .. } | CallEvent::Usage(_), .. }
        );
        let effects = update::update(&mut self.state, message, now);
        if streams {
            self.clock.request_lazily(Instant::now().into_std());
        } else {
            self.clock.request(Instant::now().into_std());
        }
        self.carry_out(effects).await
    }

    async fn carry_out(&mut self, effects: Vec<Effect>) -> io::Result<Option<Ended>> {
        for effect in effects {
            match effect {
                Effect::StartRun { run, calls } => self.exec.start_run(run, calls),
                Effect::Cancel { run, variant } => self.exec.cancel(run, variant),
                Effect::SendAnyway { run } => self.exec.send_anyway(run),
                Effect::SkipWait { run, variant } => self.exec.skip_wait(run, variant),
                Effect::Ask { id, question: Question::Edit { text, extension } } => {
                    self.edit(id, &text, extension)?;
                }
                Effect::Ask { id, question: Question::Copy(text) } => self.copy(id, &text).await?,
                Effect::Ask { id, question } => self.exec.ask(id, question),
                Effect::Keep(keep) => self.exec.keep(keep),
                Effect::Schedule { id, after } => self.exec.schedule(id, after),
                Effect::Wear(theme) => self.look.theme = *theme,
                Effect::Mouse(on) => self.surface.set_mouse(on)?,
                Effect::Repaint => self.surface.repaint()?,
                Effect::Suspend => self.suspend()?,
                Effect::Quit => return Ok(Some(Ended::Quit)),
            }
        }
        Ok(None)
    }

    /// Lends the terminal to the user's editor. Streams go on meanwhile.
    fn edit(&mut self, id: RequestId, text: &str, extension: &str) -> io::Result<()> {
        self.keys.pause();
        let folder = self.app.paths.state_dir.clone();
        let umask = self.umask;
        let hidden = self.app.settings.secret_variables();
        let mut edited = None;
        match ExternalEditor::of(&self.app.environment) {
            Err(error) => edited = Some(Err(Fault::told(&error).or_hint(EDITOR_HINT))),
            Ok(editor) => self.surface.lend(&mut || {
                let result = editor.edit(text, extension, &folder, umask, &hidden);
                edited = Some(result.map_err(|error| Fault::told(&error).or_hint(EDITOR_HINT)));
            })?,
        }
        let answer = Answer::Edited(edited.unwrap_or(Ok(None)));
        self.exec.tell(Msg::Answered { id, answer });
        self.resized()
    }

    async fn copy(&mut self, id: RequestId, text: &str) -> io::Result<()> {
        let folder = self.app.paths.state_dir.clone();
        let hidden = self.app.settings.secret_variables();
        let copied = copy(text, &self.app.environment, self.capabilities, &folder, &hidden).await;
        let answer = match copied {
            Ok(copied) => {
                if let Some(sequence) = &copied.sequence {
                    self.surface.write_through(sequence.as_bytes())?;
                }
                Ok(copied.to_string())
            }
            Err(error) => {
                Err(Fault::told(&error).or_hint("{save-answer-as} writes an answer to a file"))
            }
        };
        self.exec.tell(Msg::Answered { id, answer: Answer::Copied(answer) });
        Ok(())
    }

    fn suspend(&mut self) -> io::Result<()> {
        // Reading is not paused for nothing: a key on its way could be late.
        let refused = !self.surface.can_suspend() || {
            self.keys.pause();
            self.surface.suspend()? == Suspended::Refused
        };
        if refused {
            self.exec.tell(Msg::Notice(Notice {
                severity: Severity::Warning,
                text: "nothing here could wake the program again, so it was not suspended"
                    .to_owned(),
                hint: None,
            }));
        }
        self.resized()
    }

    /// The terminal may have another size than before somebody else had it.
    fn resized(&mut self) -> io::Result<()> {
        let (columns, rows) = self.surface.size()?;
        self.exec.tell(Msg::Resized { columns, rows });
        Ok(())
    }
}

/// Whether an error says that the terminal's other end is closed.
fn is_gone(error: &io::Error) -> bool {
    // A line that was hung up answers with an error of input and output.
    #[cfg(unix)]
    let hung_up = error.raw_os_error() == Some(rustix::io::Errno::IO.raw_os_error());
    #[cfg(not(unix))]
    let hung_up = false;
    hung_up || error.kind() == io::ErrorKind::BrokenPipe
}
