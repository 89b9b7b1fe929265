//! The loopback HTTP server in front of the simulated models.

use std::{
    io,
    net::Ipv4Addr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{SystemTime, UNIX_EPOCH},
};

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::{Path, Request, State},
    http::{HeaderValue, StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde_json::json;
use tokio::{net::TcpListener, sync::watch, time::sleep};
use url::Url;
use uuid::Uuid;

use super::{
    DemoModel, Pace,
    models::Schedule,
    reply::{DemoReply, answer},
    stream::{Active, Envelope, EventStream},
    wire::{self, ChatCall, Refused},
};
use crate::config::Secret;

/// The largest request body that is read.
const MAX_REQUEST: usize = 8 * 1024 * 1024;

/// Prompts from this many bytes up are answered off the async threads.
const LARGE_PROMPT: usize = 16 * 1024;

/// Who may call.
#[derive(Default)]
pub enum Access {
    /// Whoever has the token that this start made up.
    #[default]
    RandomToken,
    /// Whoever has this token.
    Token(Secret),
    /// Everyone who can reach the loopback address.
    Open,
}

/// How to start the server.
#[derive(Default)]
pub struct DemoConfig {
    /// The port on 127.0.0.1; a free one is taken where it is `None`.
    pub port: Option<u16>,
    pub access: Access,
    pub pace: Pace,
}

/// A running server. Dropping it stops it: replies being sent break off.
pub struct DemoServer {
    /// The address a client needs, `/v1` included.
    pub base_url: Url,
    token: Option<Arc<Secret>>,
    stop: watch::Sender<bool>,
    active: Arc<watch::Sender<usize>>,
}

struct Shared {
    token: Option<Arc<Secret>>,
    pace: Pace,
    stop: watch::Receiver<bool>,
    active: Arc<watch::Sender<usize>>,
    calls: AtomicU64,
}

impl DemoServer {
    /// Starts the server on the loopback address.
    ///
    /// # Errors
    /// When the port is taken or the system has no loopback address.
    pub async fn start(config: DemoConfig) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, config.port.unwrap_or(0))).await?;
        let address = listener.local_addr()?;
        let base_url = Url::parse(&format!("http://{address}/v1")).map_err(io::Error::other)?;
        let token = match config.access {
            Access::Open => None,
            Access::Token(token) => Some(Arc::new(token)),
            Access::RandomToken => Some(Arc::new(Secret::new(format!(
                "demo-{}{}",
                Uuid::new_v4().simple(),
                Uuid::new_v4().simple()
            )))),
        };
        let (stop, stopping) = watch::channel(false);
        let active = Arc::new(watch::Sender::new(0));
        let shared = Arc::new(Shared {
            token: token.clone(),
            pace: config.pace,
            stop: stopping.clone(),
            active: Arc::clone(&active),
            calls: AtomicU64::new(0),
        });
        tokio::spawn(serve(listener, router(shared), stopping));
        Ok(Self { base_url, token, stop, active })
    }

    /// The token a caller needs; `None` when it is open to everyone.
    #[must_use]
    pub fn token(&self) -> Option<&Secret> {
        self.token.as_deref()
    }

    /// How many replies are being sent, now and whenever that changes.
    #[must_use]
    pub fn active(&self) -> watch::Receiver<usize> {
        self.active.subscribe()
    }
}

impl Drop for DemoServer {
    fn drop(&mut self) {
        self.stop.send_replace(true);
    }
}

async fn serve(listener: TcpListener, router: Router, mut stopping: watch::Receiver<bool>) {
    let stopped = async move {
        let _ = stopping.wait_for(|stop| *stop).await;
    };
    let served = axum::serve(listener, router).with_graceful_shutdown(stopped).await;
    if let Err(error) = served {
        tracing::warn!(%error, "the demo server ended");
    }
}

fn router(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/v1/models", get(list_models))
        .route("/v1/models/{*id}", get(one_model))
        .route("/v1/chat/completions", post(chat))
        .fallback(|| async { Refused::unknown_path() })
        .method_not_allowed_fallback(|| async { Refused::method() })
        .layer(middleware::from_fn_with_state(Arc::clone(&shared), admit))
        .with_state(shared)
}

/// Checks the token before anything of the body is read, and numbers the reply.
async fn admit(State(shared): State<Arc<Shared>>, request: Request, next: Next) -> Response {
    let number = shared.calls.fetch_add(1, Ordering::Relaxed) + 1;
    let mut response = match check_token(&shared, &request) {
        Ok(()) => next.run(request).await,
        Err(refused) => refused.into_response(),
    };
    if let Ok(id) = HeaderValue::from_str(&format!("demo-{number}")) {
        response.headers_mut().insert("x-request-id", id);
    }
    response
}

fn check_token(shared: &Shared, request: &Request) -> Result<(), Refused> {
    let Some(token) = &shared.token else { return Ok(()) };
    let given = request
        .headers()
        .get(header::AUTHORIZATION)
        .map(HeaderValue::as_bytes)
        .and_then(|value| value.split_at_checked(7))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case(b"bearer "))
        .map(|(_, token)| token.trim_ascii());
    match given {
        Some(given) if same(given, token.expose().as_bytes()) => Ok(()),
        given => Err(Refused::authentication(given.is_some())),
    }
}

/// Whether two texts are the same, in a time that tells only their lengths.
fn same(left: &[u8], right: &[u8]) -> bool {
    left.len() == right.len()
        && left.iter().zip(right).fold(0, |differ, (l, r)| differ | (l ^ r)) == 0
}

async fn list_models() -> Response {
    let data: Vec<_> = DemoModel::LISTED.into_iter().map(wire::model_entry).collect();
    wire::json_response(StatusCode::OK, &json!({"object": "list", "data": data}))
}

async fn one_model(Path(id): Path<String>) -> Response {
    match DemoModel::from_id(&id) {
        Some(model) => wire::json_response(StatusCode::OK, &wire::model_entry(model)),
        None => Refused::unknown_model(&id).into_response(),
    }
}

async fn chat(State(shared): State<Arc<Shared>>, request: Request) -> Result<Response, Refused> {
    let body = read_body(request.into_body()).await?;
    let call = ChatCall::read(&body)?;
    let (stream, include_usage) = (call.stream, call.include_usage);
    let active = Active::new(Arc::clone(&shared.active));
    let reply = think(call, body.len()).await?;
    let schedule = Schedule::new(reply.model, shared.pace, reply.rate);
    let id = format!("chatcmpl-demo-{}", Uuid::now_v7().simple());
    let created = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    if stream {
        let envelope = Envelope { id: &id, created, include_usage };
        let events = EventStream::new(reply, schedule, &envelope, shared.stop.clone(), active);
        let headers = [
            (header::CONTENT_TYPE, "text/event-stream; charset=utf-8"),
            (header::CACHE_CONTROL, "no-cache"),
        ];
        return Ok((headers, events.into_body()).into_response());
    }
    let mut stop = shared.stop.clone();
    tokio::select! {
        () = sleep(schedule.due(reply.usage.output_tokens.unwrap_or(0))) => {}
        _ = stop.wait_for(|stopping| *stopping) => {
            return Err(Refused::server("The server is stopping."));
        }
    }
    drop(active);
    Ok(wire::json_response(StatusCode::OK, &wire::completion(&id, created, &reply)))
}

async fn read_body(body: Body) -> Result<Vec<u8>, Refused> {
    match to_bytes(body, MAX_REQUEST).await {
        Ok(bytes) => Ok(bytes.into()),
        Err(error) if is_limit(&error) => Err(Refused::too_large(MAX_REQUEST)),
        Err(_) => Err(Refused::unreadable()),
    }
}

/// Whether reading stopped at the limit rather than because the client went away.
fn is_limit(error: &axum::Error) -> bool {
    let mut source: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(current) = source {
        if current.to_string().contains("length limit exceeded") {
            return true;
        }
        source = current.source();
    }
    false
}

/// Answers, on a blocking thread when the prompt is large.
async fn think(call: ChatCall, bytes: usize) -> Result<DemoReply, Refused> {
    let work = move || answer(call.model, &call.messages, &call.parameters);
    if bytes < LARGE_PROMPT {
        return Ok(work());
    }
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|_| Refused::server("The simulated model failed on this prompt."))
}
