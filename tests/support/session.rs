//! The real program in a pseudo-terminal, with folders of its own, its screen read by a terminal
//! emulator. Shared by the pictures and the measurements.

use std::{
    io::{Read, Write},
    num::NonZeroU16,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{Receiver, RecvTimeoutError, Sender, channel},
    },
    thread,
    time::{Duration, Instant},
};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use tempfile::TempDir;

/// How long anything may take before it is given up.
const PATIENCE: Duration = Duration::from_mins(1);

pub type Fallible<T> = Result<T, Box<dyn std::error::Error>>;

/// How to start the program.
pub struct Start {
    pub columns: u16,
    pub rows: u16,
    pub arguments: Vec<String>,
    pub environment: Vec<(String, String)>,
    /// What starts it, with its first arguments; nothing for the program itself.
    pub wrapper: Vec<String>,
    /// A home to start in; a fresh, empty one when none is given.
    pub home: Option<PathBuf>,
    /// The program is inside tmux, whose client is at the other end of a line that takes this
    /// long each way. The terminal is a row taller, for tmux's own line.
    pub far: Option<Duration>,
    /// How much of the output is kept as it came.
    pub keep: usize,
    /// The terminal is at the other end of a line that takes so many bytes a second.
    pub pace: Option<u32>,
}

impl Default for Start {
    fn default() -> Self {
        Self {
            columns: 120,
            rows: 36,
            arguments: Vec::new(),
            environment: Vec::new(),
            wrapper: Vec::new(),
            home: None,
            far: None,
            keep: TAIL,
            pace: None,
        }
    }
}

/// One run of the program.
pub struct Session {
    parser: vt100::Parser,
    output: Receiver<(Instant, Vec<u8>)>,
    writer: Box<dyn Write + Send>,
    child: Box<dyn Child + Send + Sync>,
    master: Option<Box<dyn MasterPty + Send>>,
    /// Whether the reader is to let go of the terminal with the next output.
    gone: Arc<AtomicBool>,
    _tmux: Option<Tmux>,
    _home: Option<TempDir>,
    started: Instant,
    bytes: u64,
    last_output: Instant,
    /// What was written last, as it came, and how much of it is kept.
    tail: Vec<u8>,
    keep: usize,
    /// The line's settings before the program ran.
    line_before: String,
}

/// How much of the output is kept as it came, where nothing else is asked for.
const TAIL: usize = 64 << 10;

/// The settings of a terminal's line, in a form that can be compared.
#[cfg(unix)]
fn line_of(master: &(dyn MasterPty + Send)) -> String {
    format!("{:?}", master.get_termios())
}

#[cfg(not(unix))]
fn line_of(_: &(dyn MasterPty + Send)) -> String {
    String::new()
}

fn cells(count: u16) -> Fallible<NonZeroU16> {
    Ok(NonZeroU16::try_from(count)?)
}

/// The built program beside the running bench, test or example.
pub fn program() -> Fallible<PathBuf> {
    std::env::current_exe()?
        .ancestors()
        .skip(1)
        .take(3)
        .map(|folder| folder.join("lathe"))
        .find(|program| program.exists())
        .ok_or_else(|| "build the program first: cargo build --release".into())
}

/// The environment of a plain terminal, and nothing of the caller's.
pub fn environment(home: &Path) -> Vec<(String, String)> {
    [
        ("HOME", home.to_string_lossy().as_ref()),
        ("TERM", "xterm-256color"),
        ("COLORTERM", "truecolor"),
        ("LANG", "C.UTF-8"),
        ("PATH", "/usr/bin:/bin"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .to_vec()
}

/// A tmux server of its own, which goes with the session.
struct Tmux {
    folder: TempDir,
}

impl Tmux {
    fn new() -> Fallible<Self> {
        let folder = TempDir::new()?;
        // Two escapes in half a second would be taken for one key, which is why people set this.
        std::fs::write(folder.path().join("settings"), "set -sg escape-time 10\n")?;
        Ok(Self { folder })
    }

    /// The command that everything of this server begins with.
    fn command(&self) -> Vec<String> {
        let path = |name| self.folder.path().join(name).to_string_lossy().into_owned();
        let options = [("-f", "settings"), ("-S", "socket")];
        let options = options.into_iter().flat_map(|(flag, name)| [flag.to_owned(), path(name)]);
        std::iter::once("tmux".to_owned()).chain(options).collect()
    }
}

impl Drop for Tmux {
    fn drop(&mut self) {
        let command = self.command();
        // Nothing is left to end where the program has ended by itself.
        let _ = std::process::Command::new(&command[0])
            .args(&command[1..])
            .arg("kill-server")
            .stderr(std::process::Stdio::null())
            .status();
    }
}

/// Whether this machine has tmux.
pub fn has_tmux() -> bool {
    std::process::Command::new("tmux").arg("-V").output().is_ok()
}

/// A line that delivers what is put in so much later, in order.
struct Line<T> {
    delay: Duration,
    entry: Sender<(Instant, T)>,
}

impl<T: Send + 'static> Line<T> {
    fn new(delay: Duration, mut deliver: impl FnMut(Instant, T) -> bool + Send + 'static) -> Self {
        let (entry, under_way) = channel::<(Instant, T)>();
        thread::spawn(move || {
            for (due, item) in under_way {
                // This is the line itself, not a wait for something to happen.
                thread::sleep(due.saturating_duration_since(Instant::now()));
                if !deliver(due, item) {
                    break;
                }
            }
        });
        Self { delay, entry }
    }

    /// False where nobody is at the other end any more.
    fn send(&self, item: T) -> bool {
        self.entry.send((Instant::now() + self.delay, item)).is_ok()
    }
}

/// The near end of a line to a writer.
struct Late(Line<Vec<u8>>);

impl Write for Late {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if self.0.send(bytes.to_vec()) {
            Ok(bytes.len())
        } else {
            Err(std::io::ErrorKind::BrokenPipe.into())
        }
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Session {
    /// Starts the program.
    pub fn start(start: Start) -> Fallible<Self> {
        let tmux = start.far.map(|_| Tmux::new()).transpose()?;
        let delay = start.far.unwrap_or_default();
        let height = start.rows + u16::from(tmux.is_some());
        let fresh = if start.home.is_none() { Some(TempDir::new()?) } else { None };
        let home = start
            .home
            .clone()
            .or_else(|| fresh.as_ref().map(|folder| folder.path().to_owned()))
            .ok_or("a home")?;
        let pty = native_pty_system().openpty(PtySize {
            rows: height,
            cols: start.columns,
            pixel_width: 0,
            pixel_height: 0,
        })?;
        let program = program()?.to_string_lossy().into_owned();
        let outer = tmux.as_ref().map(|tmux| [tmux.command(), vec!["new-session".into()]].concat());
        let words = outer.into_iter().flatten().chain(start.wrapper).chain([program]);
        let mut words = words.chain(start.arguments);
        let mut command = CommandBuilder::new(words.next().ok_or("a program")?);
        command.args(words);
        command.env_clear();
        for (name, value) in environment(&home).into_iter().chain(start.environment) {
            command.env(name, value);
        }
        command.cwd(&home);
        let mut reader = pty.master.try_clone_reader()?;
        let mut writer = pty.master.take_writer()?;
        if tmux.is_some() {
            let mut far_end = writer;
            writer = Box::new(Late(Line::new(delay, move |_, bytes: Vec<u8>| {
                far_end.write_all(&bytes).and_then(|()| far_end.flush()).is_ok()
            })));
        }
        let line_before = line_of(pty.master.as_ref());
        let started = Instant::now();
        let child = pty.slave.spawn_command(command)?;
        drop(pty.slave);
        let (sender, output) = channel();
        let gone = Arc::new(AtomicBool::new(false));
        let stop = Arc::clone(&gone);
        let far = tmux.is_some().then(|| {
            let sender = sender.clone();
            Line::new(delay, move |due, bytes: Vec<u8>| sender.send((due, bytes)).is_ok())
        });
        let hand_over = move |bytes: Vec<u8>| match &far {
            Some(far) => far.send(bytes),
            None => sender.send((Instant::now(), bytes)).is_ok(),
        };
        let pace = start.pace;
        thread::spawn(move || {
            // A slow line takes a tenth of a second's worth at a time.
            let most = pace.map_or(65_536, |pace| pace as usize / 10);
            let mut chunk = vec![0; most.max(1)];
            let mut free = Instant::now();
            while let Ok(count @ 1..) = reader.read(&mut chunk) {
                if let Some(pace) = pace {
                    let took = Duration::from_secs(1) * u32::try_from(count).unwrap_or(pace) / pace;
                    free = free.max(Instant::now()) + took;
                    // This is the line itself, not a wait for something to happen.
                    thread::sleep(free.saturating_duration_since(Instant::now()));
                }
                if stop.load(Ordering::SeqCst) || !hand_over(chunk[..count].to_vec()) {
                    break;
                }
            }
        });
        Ok(Self {
            parser: vt100::Parser::new(cells(height)?, cells(start.columns)?, 0),
            output,
            writer,
            child,
            master: Some(pty.master),
            gone,
            _tmux: tmux,
            _home: fresh,
            started,
            bytes: 0,
            last_output: started,
            tail: Vec::new(),
            keep: start.keep,
            line_before,
        })
    }

    /// What is on the screen now.
    pub fn screen(&self) -> &vt100::Screen {
        self.parser.screen()
    }

    /// Bytes the program has written to its terminal.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// From the start of the program to its last output.
    pub fn since_start(&self) -> Duration {
        self.last_output - self.started
    }

    /// When the last output came.
    pub fn last_output(&self) -> Instant {
        self.last_output
    }

    /// The program's process.
    pub fn process(&self) -> Option<u32> {
        self.child.process_id()
    }

    /// The settings of the terminal's line now.
    pub fn line(&self) -> String {
        self.master.as_deref().map(line_of).unwrap_or_default()
    }

    /// The settings of the terminal's line before the program ran.
    pub fn line_before(&self) -> String {
        self.line_before.clone()
    }

    /// Whether of two sequences the first was the last to be written.
    pub fn wrote_last(&self, first: &str, other: &str) -> bool {
        let last = |bytes: &str| {
            let bytes = bytes.as_bytes();
            self.tail.windows(bytes.len()).rposition(|window| window == bytes)
        };
        last(first).is_some_and(|at| last(other).is_none_or(|before| before < at))
    }

    /// What was written last, as it came.
    pub fn output(&self) -> &[u8] {
        &self.tail
    }

    /// Whether a sequence is among what was written last.
    pub fn wrote(&self, sequence: &str) -> bool {
        let sequence = sequence.as_bytes();
        self.tail.windows(sequence.len()).any(|window| window == sequence)
    }

    /// Presses keys, as the bytes a terminal sends for them.
    pub fn keys(&mut self, bytes: &str) -> Fallible<()> {
        self.writer.write_all(bytes.as_bytes())?;
        self.writer.flush()?;
        Ok(())
    }

    /// Waits until a text is on the screen.
    pub fn until(&mut self, text: &str) -> Fallible<()> {
        self.until_that(text, |screen| screen.contains(text))
    }

    /// Waits until the screen's text is as `holds` wants it. A frame that is announced as one is
    /// seen once it is whole, as terminals show it; tmux takes that away, so that there half a
    /// frame may be seen.
    pub fn until_that(&mut self, what: &str, holds: impl Fn(&str) -> bool) -> Fallible<()> {
        let end = Instant::now() + PATIENCE;
        // What was ended amid a frame never says that it is whole.
        let mut quiet = false;
        while (self.amid_frame() && !quiet) || !holds(&self.screen().contents()) {
            if Instant::now() > end {
                return Err(format!("never saw {what}:\n{}", self.screen().contents()).into());
            }
            quiet = !self.take(Duration::from_millis(100))?;
        }
        Ok(())
    }

    /// Whether a frame has begun that is not whole yet.
    fn amid_frame(&self) -> bool {
        self.wrote_last("\x1b[?2026h", "\x1b[?2026l")
    }

    /// Waits until there has been no output for so long.
    pub fn settle(&mut self, quiet: Duration) -> Fallible<()> {
        while self.take(quiet)? {}
        Ok(())
    }

    /// Takes in one piece of output; false when there was none for so long.
    pub fn take(&mut self, wait: Duration) -> Fallible<bool> {
        match self.output.recv_timeout(wait) {
            Ok((at, bytes)) => {
                self.bytes += bytes.len() as u64;
                self.last_output = at;
                self.parser.process(&bytes);
                self.tail.extend_from_slice(&bytes);
                self.tail.drain(..self.tail.len().saturating_sub(self.keep));
                Ok(true)
            }
            Err(RecvTimeoutError::Timeout) => Ok(false),
            Err(RecvTimeoutError::Disconnected) => {
                Err(format!("the program ended:\n{}", self.screen().contents()).into())
            }
        }
    }

    /// Gives the terminal another size.
    pub fn resize(&mut self, columns: u16, rows: u16) -> Fallible<()> {
        self.claim(columns, rows)?;
        self.see(columns, rows)
    }

    /// Has the terminal say that it is of a size, whatever is seen of it.
    pub fn claim(&mut self, columns: u16, rows: u16) -> Fallible<()> {
        let size = PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 };
        if let Some(master) = &self.master {
            master.resize(size)?;
        }
        Ok(())
    }

    /// Sees so much of the terminal, whatever size it says it is.
    pub fn see(&mut self, columns: u16, rows: u16) -> Fallible<()> {
        self.parser.screen_mut().set_size(cells(rows)?, cells(columns)?);
        Ok(())
    }

    /// Takes the terminal away from the program, as a closed window does.
    pub fn hang_up(&mut self) {
        self.gone.store(true, Ordering::SeqCst);
        // The reader lets go with the next output, and a change of size is answered with some.
        let (rows, columns) = self.screen().size();
        let _ = self.resize(columns.get() - 1, rows.get());
        self.master = None;
        self.writer = Box::new(std::io::sink());
    }

    /// Waits until the program has ended by itself; its exit code.
    pub fn ended(&mut self) -> Fallible<u32> {
        let end = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait()? {
                // What it wrote last is still on its way, up to the end of its terminal.
                while self.take(Duration::from_secs(1)).unwrap_or(false) {}
                return Ok(status.exit_code());
            }
            if Instant::now() > end {
                return Err(format!("it did not end:\n{}", self.screen().contents()).into());
            }
            // An ended program's terminal answers at once; only its end is waited for.
            if self.take(Duration::from_millis(20)).is_err() {
                thread::yield_now();
            }
        }
    }

    /// Ends the program.
    pub fn end(mut self) -> Fallible<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }
}

/// One number of `/proc/PID/status` in its own unit (kB for sizes), where there is such a file.
pub fn status_of(process: u32, field: &str) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'))?;
    line.split_whitespace().next()?.parse().ok()
}

/// The processes that a process has started and that live.
pub fn children_of(process: u32) -> Vec<u32> {
    let list = std::fs::read_to_string(format!("/proc/{process}/task/{process}/children"));
    let list = list.unwrap_or_default();
    list.split_whitespace().filter_map(|id| id.parse().ok()).collect()
}

/// How often the threads of a process have gone to sleep of their own will: each is a wake-up.
pub fn wake_ups(process: u32) -> u64 {
    let tasks = std::fs::read_dir(format!("/proc/{process}/task"));
    tasks
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|task| std::fs::read_to_string(task.path().join("status")).ok())
        .filter_map(|status| {
            let line = status.lines().find_map(|l| l.strip_prefix("voluntary_ctxt_switches:"))?;
            line.trim().parse::<u64>().ok()
        })
        .sum()
}
