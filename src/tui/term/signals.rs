//! Signals, and a terminal that goes away: both are told to the event loop, and if it does not
//! end the program in time, it is ended here.

use std::{
    io,
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::Duration,
};

use tokio::sync::mpsc;

use super::modes;

/// How long the program may take to end in order once it was told to: texts are kept and writes
/// drained meanwhile. With it the program is gone within a second.
pub const GRACE: Duration = Duration::from_millis(900);

/// What a signal wants of the event loop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// End in order.
    End(EndReason),
    /// Suspend, as [`super::Screen::suspend`] does.
    Suspend,
    /// The program runs again after a stop it did not see coming: take the terminal back, as
    /// [`super::Screen::take_back`] does.
    Continued,
}

/// Why the program has to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndReason {
    Interrupt,
    Quit,
    Terminate,
    HangUp,
    /// The terminal is gone: its window was closed, the connection broke.
    TerminalGone,
}

impl EndReason {
    /// The exit code, 128 and the signal's number. A terminal that is gone counts as a hang-up.
    #[must_use]
    pub const fn exit_code(self) -> i32 {
        match self {
            Self::HangUp | Self::TerminalGone => 129,
            Self::Interrupt => 130,
            Self::Quit => 131,
            Self::Terminate => 143,
        }
    }
}

/// The stream of signals.
#[derive(Debug)]
pub struct Signals {
    receiver: mpsc::UnboundedReceiver<Signal>,
}

impl Signals {
    /// The next signal; `None` when listening ended with the runtime.
    pub async fn next(&mut self) -> Option<Signal> {
        self.receiver.recv().await
    }
}

/// Tells the event loop, and makes sure that an end comes.
#[derive(Clone)]
struct Teller {
    sender: mpsc::UnboundedSender<Signal>,
    grace: Duration,
    /// Ends the program.
    end: Arc<dyn Fn(EndReason) + Send + Sync>,
}

impl Teller {
    /// Tells of a signal. `ending` is whether an end was asked for before.
    fn tell(&self, signal: Signal, ending: &mut bool) {
        if signal == Signal::Continued && super::screen::continue_was_expected() {
            return;
        }
        match judge(signal, modes::is_away(), *ending) {
            Verdict::Ignore => {}
            Verdict::Tell => {
                // When nobody listens any more the program is ending.
                let _ = self.sender.send(signal);
            }
            Verdict::EndSoon(reason) => {
                *ending = true;
                let _ = self.sender.send(signal);
                let (grace, end) = (self.grace, Arc::clone(&self.end));
                let waiting = thread::Builder::new().spawn(move || {
                    thread::sleep(grace);
                    end(reason);
                });
                if waiting.is_err() {
                    // Without a thread to wait on, nothing would make sure of the end.
                    (self.end)(reason);
                }
            }
            Verdict::EndNow(reason) => (self.end)(reason),
            Verdict::StopAll => super::screen::stop(),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Ignore,
    Tell,
    EndSoon(EndReason),
    EndNow(EndReason),
    StopAll,
}

/// What to do about a signal. While another program has the terminal, Ctrl-C and Ctrl-\ are its
/// own, and a stop is meant for both. Asked a second time, the end comes at once; but a dead
/// line is told twice by nature, by the hang-up and by the watch on it.
const fn judge(signal: Signal, away: bool, ending: bool) -> Verdict {
    match signal {
        Signal::End(EndReason::Interrupt | EndReason::Quit) | Signal::Continued if away => {
            Verdict::Ignore
        }
        Signal::End(EndReason::HangUp | EndReason::TerminalGone) if ending => Verdict::Ignore,
        Signal::End(reason) if ending => Verdict::EndNow(reason),
        Signal::End(reason) => Verdict::EndSoon(reason),
        Signal::Suspend if away => Verdict::StopAll,
        Signal::Suspend | Signal::Continued => Verdict::Tell,
    }
}

/// What has to be done before the program ends, however it ends.
static LAST: Mutex<Option<Box<dyn FnOnce() + Send>>> = Mutex::new(None);

/// Has something done before the program ends, once, at [`prepare_to_end`] or when it is ended
/// here and now.
pub fn before_sudden_end(last: impl FnOnce() + Send + 'static) {
    *LAST.lock().unwrap_or_else(PoisonError::into_inner) = Some(Box::new(last));
}

/// Does what [`before_sudden_end`] was given, unless it is done already.
pub fn prepare_to_end() {
    // Held meanwhile: who comes second waits for it to be done.
    let mut last = LAST.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(last) = last.take() {
        last();
    }
}

/// Ends the program here and now. What was checkpointed is kept; the next start finds it.
fn end_now(reason: EndReason) -> ! {
    modes::restore();
    prepare_to_end();
    std::process::exit(reason.exit_code())
}

/// Listens for signals and watches the terminal; `grace` after the first that ends the program it
/// is ended here. Must be called inside a tokio runtime, once.
///
/// # Errors
/// What the system said.
#[cfg(unix)]
pub fn listen(grace: Duration) -> io::Result<Signals> {
    use tokio::signal::unix::{SignalKind, signal};

    let (sender, receiver) = mpsc::unbounded_channel();
    let (gone_sender, mut gone) = mpsc::unbounded_channel();
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut quit = signal(SignalKind::quit())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hang_up = signal(SignalKind::hangup())?;
    let mut stop = signal(SignalKind::from_raw(rustix::process::Signal::TSTP.as_raw()))?;
    let mut go_on = signal(SignalKind::from_raw(rustix::process::Signal::CONT.as_raw()))?;
    let teller = Teller { sender, grace, end: Arc::new(|reason| end_now(reason)) };
    tokio::spawn(async move {
        let mut ending = false;
        loop {
            let signal = tokio::select! {
                Some(()) = interrupt.recv() => Signal::End(EndReason::Interrupt),
                Some(()) = quit.recv() => Signal::End(EndReason::Quit),
                Some(()) = terminate.recv() => Signal::End(EndReason::Terminate),
                Some(()) = hang_up.recv() => Signal::End(EndReason::HangUp),
                Some(()) = gone.recv() => Signal::End(EndReason::TerminalGone),
                Some(()) = stop.recv() => Signal::Suspend,
                Some(()) = go_on.recv() => Signal::Continued,
                else => break,
            };
            teller.tell(signal, &mut ending);
        }
    });
    thread::Builder::new().name("terminal-watch".to_owned()).spawn(move || {
        if terminal_went_away() {
            // When nobody listens any more the program is ending.
            let _ = gone_sender.send(());
        }
    })?;
    Ok(Signals { receiver })
}

/// Waits until the terminal's other end is closed. The reader of keys does not notice it: it
/// would spin on an input that ended, on a machine that others use too. `false` where a terminal
/// cannot be watched.
#[cfg(unix)]
fn terminal_went_away() -> bool {
    use rustix::{
        event::{PollFd, PollFlags, poll},
        io::Errno,
    };

    let stdin = rustix::stdio::stdin();
    loop {
        // Asked for nothing, the system still tells of a hang-up, and wakes for nothing else.
        let mut watched = [PollFd::new(&stdin, PollFlags::empty())];
        match poll(&mut watched, None) {
            Err(Errno::INTR) => {}
            Err(_) => return false,
            Ok(_) => {
                let told = watched.first().map_or(PollFlags::empty(), PollFd::revents);
                if told.intersects(PollFlags::HUP | PollFlags::ERR) {
                    return true;
                }
                if told.contains(PollFlags::NVAL) {
                    return false;
                }
            }
        }
    }
}

/// Listens for Ctrl-C from outside the screen. Must be called inside a tokio runtime, once.
///
/// # Errors
/// None; the signature is the same everywhere.
#[cfg(not(unix))]
pub fn listen(grace: Duration) -> io::Result<Signals> {
    let (sender, receiver) = mpsc::unbounded_channel();
    let teller = Teller { sender, grace, end: Arc::new(|reason| end_now(reason)) };
    tokio::spawn(async move {
        let mut ending = false;
        while tokio::signal::ctrl_c().await.is_ok() {
            teller.tell(Signal::End(EndReason::Interrupt), &mut ending);
        }
    });
    Ok(Signals { receiver })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_end_is_in_order_and_the_second_at_once() {
        let terminate = Signal::End(EndReason::Terminate);
        assert_eq!(judge(terminate, false, false), Verdict::EndSoon(EndReason::Terminate));
        assert_eq!(judge(terminate, false, true), Verdict::EndNow(EndReason::Terminate));
    }

    /// A teller that says how the program was ended, with what the event loop hears.
    fn teller(
        grace: Duration,
    ) -> (Teller, mpsc::UnboundedReceiver<Signal>, std::sync::mpsc::Receiver<EndReason>) {
        let (sender, heard) = mpsc::unbounded_channel();
        let (ended, ends) = std::sync::mpsc::channel();
        let end = Arc::new(move |reason| ended.send(reason).expect("somebody listens"));
        (Teller { sender, grace, end }, heard, ends)
    }

    const PATIENCE: Duration = Duration::from_mins(1);

    #[test]
    fn who_is_told_to_end_and_does_not_is_ended_when_the_grace_is_over() {
        assert!(GRACE < Duration::from_secs(1));
        let (teller, mut heard, ends) = teller(Duration::ZERO);
        let mut ending = false;
        teller.tell(Signal::End(EndReason::Terminate), &mut ending);
        assert_eq!(heard.try_recv(), Ok(Signal::End(EndReason::Terminate)), "it may end in order");
        assert_eq!(ends.recv_timeout(PATIENCE), Ok(EndReason::Terminate));
        assert!(ending);
    }

    #[test]
    fn the_second_signal_ends_it_however_long_the_grace_is() {
        let (teller, mut heard, ends) = teller(Duration::from_hours(1));
        let mut ending = false;
        teller.tell(Signal::End(EndReason::Terminate), &mut ending);
        assert!(ends.try_recv().is_err(), "the first leaves it time");
        teller.tell(Signal::End(EndReason::Interrupt), &mut ending);
        assert_eq!(ends.try_recv(), Ok(EndReason::Interrupt));
        assert!(heard.try_recv().is_ok() && heard.try_recv().is_err(), "the loop is told once");
    }

    #[test]
    fn a_dead_line_that_is_told_twice_leaves_the_grace() {
        let (teller, _heard, ends) = teller(Duration::from_hours(1));
        let mut ending = false;
        teller.tell(Signal::End(EndReason::HangUp), &mut ending);
        teller.tell(Signal::End(EndReason::TerminalGone), &mut ending);
        assert!(ends.try_recv().is_err());
    }

    #[test]
    fn a_dead_line_is_one_end_though_it_is_told_twice() {
        let hang_up = Signal::End(EndReason::HangUp);
        let gone = Signal::End(EndReason::TerminalGone);
        assert_eq!(judge(hang_up, false, false), Verdict::EndSoon(EndReason::HangUp));
        assert_eq!(judge(gone, false, true), Verdict::Ignore);
        assert_eq!(judge(gone, true, false), Verdict::EndSoon(EndReason::TerminalGone));
    }

    #[test]
    fn what_is_typed_into_another_program_is_its_own() {
        for reason in [EndReason::Interrupt, EndReason::Quit] {
            assert_eq!(judge(Signal::End(reason), true, false), Verdict::Ignore);
            assert_eq!(judge(Signal::End(reason), false, false), Verdict::EndSoon(reason));
        }
        assert_eq!(judge(Signal::Suspend, true, false), Verdict::StopAll);
        assert_eq!(judge(Signal::Suspend, false, false), Verdict::Tell);
        assert_eq!(judge(Signal::Continued, true, false), Verdict::Ignore);
        assert_eq!(judge(Signal::Continued, false, false), Verdict::Tell);
    }

    #[test]
    fn exit_codes_are_the_shells() {
        assert_eq!(EndReason::Interrupt.exit_code(), 130);
        assert_eq!(EndReason::Terminate.exit_code(), 143);
        assert_eq!(EndReason::TerminalGone.exit_code(), EndReason::HangUp.exit_code());
    }
}
