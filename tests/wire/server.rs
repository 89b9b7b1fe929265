//! A server that does as it is told, byte by byte, and remembers what it was asked.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpSocket, TcpStream},
    sync::Notify,
};
use url::Url;

/// A port of this machine where nobody listens, and that nobody else is given meanwhile.
pub struct Nobody {
    pub base: Url,
    _socket: TcpSocket,
}

impl Nobody {
    pub fn new() -> Self {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.bind(([127, 0, 0, 1], 0).into()).expect("a port");
        let address = socket.local_addr().expect("an address");
        let base = Url::parse(&format!("http://{address}")).expect("an address");
        Self { base, _socket: socket }
    }
}

/// What the server does next on a connection.
#[derive(Clone, Debug)]
pub enum Step {
    /// Writes bytes.
    Send(Vec<u8>),
    /// Writes the same bytes for as long as somebody reads them.
    Endless(Vec<u8>),
    /// Writes the same bytes this often, with this long before each.
    Paced(Vec<u8>, u32, Duration),
    /// Waits until the client hangs up, and counts that.
    UntilGone,
    /// Ends the connection as a crash would.
    Reset,
}

impl Step {
    pub fn text(text: &str) -> Self {
        Self::Send(text.as_bytes().to_vec())
    }
}

/// One request as it came.
#[derive(Clone, Debug)]
pub struct Request {
    pub connection: usize,
    pub head: String,
}

#[derive(Default)]
struct Seen {
    requests: Mutex<Vec<Request>>,
    sent: AtomicU64,
    connections: AtomicUsize,
    gone: Notify,
}

/// A running server; it ends with the test's runtime.
pub struct Server {
    pub base: Url,
    seen: Arc<Seen>,
}

impl Server {
    /// Starts one that does the steps `script` gives for the number of the request, from 0. A
    /// connection whose last reply asks for it (`connection: close`), or has no other end, is
    /// closed; others stay open.
    pub async fn start(script: impl Fn(usize) -> Vec<Step> + Send + Sync + 'static) -> Self {
        Self::scripted(move |number, _| script(number)).await
    }

    /// As [`Self::start`], by what is asked.
    pub async fn asked(script: impl Fn(&Request) -> Vec<Step> + Send + Sync + 'static) -> Self {
        Self::scripted(move |_, request| script(request)).await
    }

    async fn scripted(
        script: impl Fn(usize, &Request) -> Vec<Step> + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let seen = Arc::new(Seen::default());
        let (shared, script) = (Arc::clone(&seen), Arc::new(script));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (seen, script) = (Arc::clone(&shared), Arc::clone(&script));
                let connection = seen.connections.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(async move {
                    // A client that hangs up ends its connection, and nothing else.
                    let _ = serve(stream, connection, &seen, &*script).await;
                });
            }
        });
        Self { base: Url::parse(&format!("http://{address}")).expect("an address"), seen }
    }

    pub fn requests(&self) -> Vec<Request> {
        self.seen.requests.lock().expect("not poisoned").clone()
    }

    /// How many connections were made.
    pub fn connections(&self) -> usize {
        self.seen.connections.load(Ordering::SeqCst)
    }

    /// Bytes of replies that were handed to the system.
    pub fn sent(&self) -> u64 {
        self.seen.sent.load(Ordering::SeqCst)
    }

    /// Waits until a client hung up during [`Step::UntilGone`] or [`Step::Endless`].
    pub async fn client_is_gone(&self) {
        self.seen.gone.notified().await;
    }
}

async fn serve(
    mut stream: TcpStream,
    connection: usize,
    seen: &Seen,
    script: &(impl Fn(usize, &Request) -> Vec<Step> + Sync),
) -> std::io::Result<()> {
    loop {
        let Some(head) = read_request(&mut stream).await? else { return Ok(()) };
        let request = Request { connection, head };
        let number = {
            let mut requests = seen.requests.lock().expect("not poisoned");
            requests.push(request.clone());
            requests.len() - 1
        };
        let mut closes = true;
        for step in script(number, &request) {
            match step {
                Step::Send(bytes) => {
                    let text = String::from_utf8_lossy(&bytes);
                    let ends = text.contains("content-length") || text.contains("chunked");
                    closes = !ends || text.contains("connection: close");
                    stream.write_all(&bytes).await?;
                    seen.sent.fetch_add(bytes.len() as u64, Ordering::SeqCst);
                }
                Step::Endless(bytes) => loop {
                    if stream.write_all(&bytes).await.is_err() {
                        seen.gone.notify_one();
                        return Ok(());
                    }
                    seen.sent.fetch_add(bytes.len() as u64, Ordering::SeqCst);
                },
                Step::Paced(bytes, times, pause) => {
                    for _ in 0..times {
                        tokio::time::sleep(pause).await;
                        stream.write_all(&bytes).await?;
                    }
                }
                Step::UntilGone => {
                    let mut byte = [0];
                    while matches!(stream.read(&mut byte).await, Ok(count) if count > 0) {}
                    seen.gone.notify_one();
                    return Ok(());
                }
                Step::Reset => {
                    stream.set_zero_linger()?;
                    return Ok(());
                }
            }
        }
        if closes {
            return stream.shutdown().await;
        }
    }
}

/// The head of the next request, its body read away; `None` when there is none.
async fn read_request(stream: &mut TcpStream) -> std::io::Result<Option<String>> {
    let mut bytes = Vec::new();
    loop {
        let mut piece = [0; 8192];
        let count = stream.read(&mut piece).await?;
        if count == 0 {
            return Ok(None);
        }
        bytes.extend_from_slice(&piece[..count]);
        let text = String::from_utf8_lossy(&bytes);
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length: usize = head
            .lines()
            .filter_map(|line| line.split_once(':'))
            .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
            .and_then(|(_, value)| value.trim().parse().ok())
            .unwrap_or(0);
        if body.len() >= length {
            return Ok(Some(head.to_owned()));
        }
    }
}
