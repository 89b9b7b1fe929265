//! Requests and replies over HTTP, bounded in time and size, for every protocol.

mod address;
mod allowances;
mod body;
mod client;
mod frames;
mod headers;
mod here;
mod hints;
mod mask;
mod unreached;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use jiff::Timestamp;
use reqwest::{Response, StatusCode, header::CONTENT_TYPE};
use tokio::time::{Instant, timeout, timeout_at};
use url::Url;

use super::{
    Catalog, EventSink, ListedModel, Provider, failure,
    protocol::{Framing, Protocol},
    refusal,
    sse::LineError,
};
use crate::{
    config::{EngineSettings, ProviderKind, Server},
    model::{CallError, ChatRequest, ErrorKind, ModelRef, ProviderEvent, SentParameters},
};

pub(super) use client::{Connection, connect};
pub(super) use frames::{Frames, Stop};
pub use here::out_of_files;
pub(super) use hints::Listing;

/// Most bytes of an error's body that are read.
const MOST_OF_AN_ERROR: u64 = 64 << 10;

/// One endpoint reached over HTTP.
pub(super) struct HttpProvider {
    pub name: String,
    pub kind: ProviderKind,
    /// Which server it is, where it speaks OpenAI's protocol.
    pub server: Server,
    /// Whether it is asked for deployments, which it does not list.
    pub deployments: bool,
    pub connection: Connection,
    pub protocol: Box<dyn Protocol>,
    pub catalog: Arc<Catalog>,
    pub limits: EngineSettings,
    /// The models the endpoint listed.
    pub listing: Listing,
    /// Whether a connection may rest that the server can close any moment.
    pub rested: AtomicBool,
}

#[async_trait]
impl Provider for HttpProvider {
    fn name(&self) -> &str {
        &self.name
    }

    async fn call(&self, request: &ChatRequest, events: EventSink<'_>) -> Result<(), CallError> {
        match self.answer(request, events).await {
            Ok(()) => Ok(()),
            Err(error) => {
                let told = self.told(error, Some(&request.model)).await;
                Err(self.connection.masked(told))
            }
        }
    }

    fn plan(&self, request: &ChatRequest) -> SentParameters {
        self.protocol.request(request, self.facts(request).as_ref()).1
    }

    async fn models(&self) -> Result<Vec<ListedModel>, CallError> {
        match self.list().await {
            Ok(models) => {
                let names = models.iter().map(|model| self.connection.masked_text(&model.id));
                self.listing.keep(Some(names.collect())).await;
                Ok(models)
            }
            Err(error) => Err(self.connection.masked(self.told(error, None).await)),
        }
    }
}

impl HttpProvider {
    async fn answer(&self, request: &ChatRequest, events: EventSink<'_>) -> Result<(), CallError> {
        let deadline = Instant::now() + self.limits.total_timeout;
        let facts = self.facts(request);
        if let Some(objection) = self.protocol.objection(request, facts.as_ref()) {
            return Err(objection);
        }
        let (body, _) = self.protocol.request(request, facts.as_ref());
        let body = serde_json::to_vec(&body).map_err(|error| {
            CallError::new(ErrorKind::InvalidRequest, format!("the request is no JSON: {error}"))
                .hint("look at the parameters and the tools of the template")
        })?;
        let url = self.url(&self.protocol.path(request));
        let patience =
            if request.stream { self.limits.idle_timeout } else { self.limits.total_timeout };
        let response = timeout_at(deadline, self.send(url, body.into(), patience, &mut *events))
            .await
            .unwrap_or_else(|_| Err(self.too_long()))?;
        let limits = allowances::reported(response.headers(), Timestamp::now());
        if !limits.is_empty() {
            events(ProviderEvent::Limits(limits));
        }
        let response = match self.accept(response).await {
            Ok(response) => response,
            Err(refused) => return Err(self.refused(refused, request, events)),
        };
        let request_id = headers::request_id(response.headers());
        events(ProviderEvent::Headers {
            http_status: response.status().as_u16(),
            request_id: request_id.clone(),
        });
        let read = self.read(response, request.stream, events);
        let read = timeout_at(deadline, read).await.unwrap_or_else(|_| Err(self.too_long()));
        read.map_err(|mut error| {
            error.request_id = error.request_id.or(request_id);
            error
        })
    }

    /// The error of a status that is no success, with what it says of the request; the body
    /// around it is told first.
    fn refused(
        &self,
        Refused { mut error, body }: Refused,
        request: &ChatRequest,
        events: EventSink<'_>,
    ) -> CallError {
        if !body.is_empty() {
            let text = String::from_utf8_lossy(&body);
            events(ProviderEvent::ErrorBody(self.connection.masked_text(&text)));
        }
        self.name_parameter(&mut error, &body, request);
        error
    }

    async fn list(&self) -> Result<Vec<ListedModel>, CallError> {
        let url = self.url(self.protocol.endpoint().models);
        let mut request = self.connection.get(url);
        for (name, value) in self.protocol.endpoint().headers {
            request = request.header(*name, *value);
        }
        let response = timeout(self.limits.idle_timeout, request.send())
            .await
            .map_err(|_| self.silent().retryable())?
            .map_err(|error| self.connection.not_reached(&error))?;
        let response = self.accept(response).await.map_err(|refused| refused.error)?;
        let body = self.whole_body(response).await?;
        self.protocol.models(&body)
    }

    fn facts(&self, request: &ChatRequest) -> Option<super::ModelFacts> {
        self.catalog.facts(self.kind, &ModelRef::new(&self.name, &request.model))
    }

    fn url(&self, path: &str) -> Url {
        address::joined(&self.connection.base_url, path)
    }

    /// Sends the request and waits for the head of the reply. `Sent` is told when the whole body
    /// has been handed to the connection.
    async fn send(
        &self,
        url: Url,
        body: Bytes,
        patience: Duration,
        events: EventSink<'_>,
    ) -> Result<Response, CallError> {
        let (body, written) = body::Watched::new(body);
        let mut request = self
            .connection
            .post(url)
            .header(CONTENT_TYPE, "application/json")
            .body(reqwest::Body::wrap(body));
        for (name, value) in self.protocol.endpoint().headers {
            request = request.header(*name, *value);
        }
        let mut reply = std::pin::pin!(request.send());
        let mut sent = false;
        let mut since = Instant::now() + self.limits.connect_timeout;
        loop {
            tokio::select! {
                biased;
                () = written.wait(), if !sent => {
                    sent = true;
                    since = Instant::now();
                    events(ProviderEvent::Sent);
                }
                reply = &mut reply => {
                    if !sent {
                        events(ProviderEvent::Sent);
                    }
                    return match reply {
                        Ok(reply) => {
                            self.rested.store(true, Ordering::Relaxed);
                            Ok(reply)
                        }
                        Err(error) => Err(self.unanswered(&error)),
                    };
                }
                () = tokio::time::sleep_until(since + patience) => {
                    return Err(self.silent().retryable());
                }
            }
        }
    }

    /// The error of a request that was not answered. One that went out over a connection that had
    /// rested, and that the server may have closed just then, is worth a fresh one at once; the
    /// next such error is not.
    fn unanswered(&self, error: &reqwest::Error) -> CallError {
        let mut told = self.connection.not_reached(error);
        if unreached::ended_before_a_reply(error) && self.rested.swap(false, Ordering::Relaxed) {
            told.retry_after_ms = Some(0);
        }
        told
    }

    /// Takes the reply if its status is a success with a body, else makes an error of it.
    async fn accept(&self, response: Response) -> Result<Response, Refused> {
        let status = response.status();
        if status.is_success() && status != StatusCode::NO_CONTENT {
            return Ok(response);
        }
        let request_id = headers::request_id(response.headers());
        let wishes = headers::Wishes::of(response.headers());
        let mut body = Vec::new();
        let mut error = if status.is_redirection() {
            self.redirect(&response)
        } else if status.is_success() {
            CallError::new(
                ErrorKind::Protocol,
                format!("{} answered {} and no content", self.name, status.as_u16()),
            )
            .hint("check the base URL: this address does not answer chat requests")
        } else if status == StatusCode::PROXY_AUTHENTICATION_REQUIRED
            && self.connection.proxy.is_some()
        {
            self.connection.proxy_wants_a_password()
        } else {
            body = self.bounded(response, MOST_OF_AN_ERROR).await;
            self.protocol.error(status.as_u16(), &body)
        };
        error.http_status = Some(status.as_u16());
        error.request_id = error.request_id.or(request_id);
        wishes.apply(&mut error);
        Err(Refused { error, body })
    }

    /// Names the parameter that the model refused, if it refused one, and what to do.
    fn name_parameter(&self, error: &mut CallError, body: &[u8], request: &ChatRequest) {
        if error.kind != ErrorKind::InvalidRequest {
            return;
        }
        error.parameter = refusal::refused(body, &request.parameters);
        if let Some(parameter) = error.parameter {
            let (name, model) = (parameter.as_str(), &request.model);
            error.hint = Some(format!(
                "{}/{model} does not take {name}: to leave it out from now on, drop it and run again",
                self.name
            ));
        }
    }

    fn redirect(&self, response: &Response) -> CallError {
        let target = response
            .headers()
            .get(reqwest::header::LOCATION)
            .and_then(|value| value.to_str().ok())
            .and_then(|text| self.connection.base_url.join(text).ok())
            .and_then(|url| url.host_str().map(str::to_owned));
        let to = target.map_or_else(String::new, |host| format!(" to {host}"));
        let status = response.status().as_u16();
        CallError::new(
            ErrorKind::Redirect,
            format!("{} answered {status}: it redirects{to}, which is never followed", self.name),
        )
    }

    /// Reads a success body, streamed or whole, whichever it is.
    async fn read(
        &self,
        response: Response,
        asked_to_stream: bool,
        events: EventSink<'_>,
    ) -> Result<(), CallError> {
        let kind = headers::content_type(response.headers());
        let streamed = match kind.as_deref() {
            Some("text/event-stream" | "application/x-ndjson" | "application/jsonl") => true,
            Some("text/html") => false,
            // Ollama and proxies before it call a stream plain JSON; OpenAI's answer with plain
            // JSON is a whole one whatever was asked.
            Some("application/json") => {
                asked_to_stream && self.protocol.endpoint().framing == Framing::Ndjson
            }
            _ => asked_to_stream,
        };
        if streamed {
            return self.stream(response, events).await;
        }
        let body = self.whole_body(response).await?;
        if kind.as_deref() == Some("text/html") || body.trim_ascii().is_empty() {
            return Err(failure::foreign(&self.name, &body));
        }
        self.protocol.whole(&body, events)
    }

    async fn stream(&self, mut response: Response, events: EventSink<'_>) -> Result<(), CallError> {
        let mut frames = Frames::new(&*self.protocol, self.limits.max_event);
        let mut received = 0_u64;
        // Many short pieces are a small answer in a large response, and few long ones the reverse.
        let mut written = 0_u64;
        loop {
            let chunk = match timeout(self.limits.idle_timeout, response.chunk()).await {
                Err(_) => return Err(self.silent()),
                Ok(Err(error)) => return Err(self.connection.broken(&error)),
                Ok(Ok(chunk)) => chunk,
            };
            let Some(chunk) = chunk else { return frames.finish(events) };
            received += chunk.len() as u64;
            if received > self.limits.max_response {
                return Err(self.too_large("answer", self.limits.max_response));
            }
            let pushed = frames.push(&chunk, &mut |event| {
                written = written.saturating_add(length_of(&event) as u64);
                events(event);
            });
            if written > self.limits.max_answer {
                return Err(self.too_large("text", self.limits.max_answer));
            }
            match pushed {
                Ok(()) => {}
                Err(LineError::Receiver(Stop::Complete)) => {
                    frames.finish(events)?;
                    release(response);
                    return Ok(());
                }
                Err(LineError::Receiver(Stop::Failed(error))) => return Err(error),
                Err(LineError::TooLong { limit }) => return Err(self.too_large("event", limit)),
            }
        }
    }

    /// A body that comes whole: it is one piece, and no larger than one piece of a stream.
    async fn whole_body(&self, mut response: Response) -> Result<Vec<u8>, CallError> {
        let limit = self.limits.max_event.min(self.limits.max_response);
        let mut body = Vec::new();
        loop {
            match timeout(self.limits.idle_timeout, response.chunk()).await {
                Err(_) => return Err(self.silent()),
                Ok(Err(error)) => return Err(self.connection.broken(&error)),
                Ok(Ok(None)) => return Ok(body),
                Ok(Ok(Some(chunk))) => {
                    if (body.len() + chunk.len()) as u64 > limit {
                        let what =
                            if limit < self.limits.max_response { "reply" } else { "answer" };
                        return Err(self.too_large(what, limit));
                    }
                    body.extend_from_slice(&chunk);
                }
            }
        }
    }

    /// As much of a body as fits; for errors, of which a part says enough.
    async fn bounded(&self, mut response: Response, most: u64) -> Vec<u8> {
        let mut body = Vec::new();
        while let Ok(Ok(Some(chunk))) = timeout(self.limits.idle_timeout, response.chunk()).await {
            body.extend_from_slice(&chunk);
            if body.len() as u64 >= most {
                body.truncate(usize::try_from(most).unwrap_or(usize::MAX));
                break;
            }
        }
        body
    }

    fn silent(&self) -> CallError {
        CallError::new(
            ErrorKind::Timeout,
            format!("{} sent nothing for {} s", self.name, self.limits.idle_timeout.as_secs_f64()),
        )
        .hint("a slow model may need a larger idle_timeout under [engine] in config.toml")
    }

    fn too_long(&self) -> CallError {
        CallError::new(
            ErrorKind::Timeout,
            format!(
                "{} was not done after {} s",
                self.name,
                self.limits.total_timeout.as_secs_f64()
            ),
        )
        .hint("total_timeout under [engine] in config.toml allows more")
    }

    fn too_large(&self, what: &str, limit: u64) -> CallError {
        CallError::new(
            ErrorKind::ResponseTooLarge,
            format!("the {what} of {} is larger than {limit} bytes", self.name),
        )
        .hint(match what {
            "text" => "max_answer under [engine] in config.toml allows more",
            "event" | "reply" => "max_event under [engine] in config.toml allows more",
            _ => "max_response under [engine] in config.toml allows more",
        })
    }
}

/// How much of an answer an event is, in bytes.
fn length_of(event: &ProviderEvent) -> usize {
    match event {
        ProviderEvent::Text(text)
        | ProviderEvent::Reasoning(text)
        | ProviderEvent::Refusal(text) => text.len(),
        ProviderEvent::ToolPiece(piece) => {
            piece.id.len() + piece.name.len() + piece.arguments.len()
        }
        // Some protocols tell a call whole and some in pieces first: those count twice.
        ProviderEvent::ToolCall(call) => call.id.len() + call.name.len() + call.arguments_raw.len(),
        _ => 0,
    }
}

/// A reply that is no success, and as much of its body as was read.
struct Refused {
    error: CallError,
    body: Vec<u8>,
}

/// Lets a connection be used again: what follows the protocol's end is read away, for a moment.
fn release(mut response: Response) {
    tokio::spawn(async move {
        let drain = async { while let Ok(Some(_)) = response.chunk().await {} };
        // Whoever goes on sending after the end loses the connection.
        let _ = timeout(Duration::from_millis(500), drain).await;
    });
}

#[cfg(test)]
mod tests;
