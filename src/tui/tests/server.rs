//! A model server that does as a script says: it writes pieces of an answer when it is told to.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::{Mutex, mpsc},
    task::spawn_local,
};

/// What a connection does next.
pub enum Say {
    /// Bytes as they are.
    Bytes(String),
    /// A text chunk in the protocol of chat completions.
    Text(String),
    /// The end of the answer in order.
    Done,
    /// The connection is closed.
    Close,
}

/// The beginning of every answer that is a stream.
pub const STREAM: &str =
    "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n";

/// A server, and the line on which it is told what to say.
pub struct Server {
    pub port: u16,
    pub say: mpsc::UnboundedSender<Say>,
    requests: Arc<AtomicUsize>,
}

impl Server {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let (say, said) = mpsc::unbounded_channel();
        let requests = Arc::new(AtomicUsize::new(0));
        let (said, count) = (Arc::new(Mutex::new(said)), Arc::clone(&requests));
        spawn_local(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (said, count) = (Arc::clone(&said), Arc::clone(&count));
                spawn_local(async move {
                    // A client that hangs up ends its connection, and nothing else.
                    let _ = serve(stream, &said, &count).await;
                });
            }
        });
        Self { port, say, requests }
    }

    /// Settings that name this server `local`.
    pub fn settings(&self) -> String {
        format!(
            "default_model = \"local/any\"\n[providers.local]\nkind = \"openai\"\nbase_url = \
             \"http://127.0.0.1:{}/v1\"\n",
            self.port
        )
    }

    pub fn tell(&self, what: Say) {
        assert!(self.say.send(what).is_ok(), "the server is there");
    }

    pub fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }
}

async fn serve(
    mut stream: TcpStream,
    said: &Mutex<mpsc::UnboundedReceiver<Say>>,
    requests: &AtomicUsize,
) -> std::io::Result<()> {
    let mut request = Vec::new();
    loop {
        let mut piece = [0; 4096];
        let count = stream.read(&mut piece).await?;
        request.extend_from_slice(&piece[..count]);
        if count == 0 || is_whole(&request) {
            break;
        }
    }
    let head = String::from_utf8_lossy(&request).into_owned();
    if !head.starts_with("POST") {
        // The models are asked for by whoever looks for servers.
        return stream.write_all(b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n").await;
    }
    requests.fetch_add(1, Ordering::SeqCst);
    let mut said = said.lock().await;
    while let Some(what) = said.recv().await {
        match what {
            Say::Bytes(bytes) => stream.write_all(bytes.as_bytes()).await?,
            Say::Text(text) => stream.write_all(chunk(&text, "null").as_bytes()).await?,
            Say::Done => {
                let end = chunk("", "\"stop\"") + "data: [DONE]\n\n";
                return stream.write_all(end.as_bytes()).await;
            }
            Say::Close => return Ok(()),
        }
    }
    Ok(())
}

fn chunk(text: &str, reason: &str) -> String {
    let text = serde_json::Value::from(text);
    format!(
        "data: {{\"choices\":[{{\"index\":0,\"delta\":{{\"content\":{text}}},\"finish_reason\":{reason}}}]}}\n\n"
    )
}

fn is_whole(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request);
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head
        .lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .and_then(|(_, value)| value.trim().parse().ok())
        .unwrap_or(0);
    body.len() >= length
}
