//! Requests and replies over HTTP, bounded in time and size, for every protocol.

mod address;
mod allowances;
mod body;
mod client;
mod frames;
mod headers;

use std::{sync::Arc, time::Duration};

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
    config::{EngineSettings, ProviderKind},
    model::{CallError, ChatRequest, ErrorKind, ModelRef, ProviderEvent, SentParameters},
};

pub(super) use client::{Connection, connect};
pub(super) use frames::{Frames, Stop};

/// Most bytes of an error's body that are read.
const MOST_OF_AN_ERROR: u64 = 64 << 10;

/// One endpoint reached over HTTP.
pub(super) struct HttpProvider {
    pub name: String,
    pub kind: ProviderKind,
    pub connection: Connection,
    pub protocol: Box<dyn Protocol>,
    pub catalog: Arc<Catalog>,
    pub limits: EngineSettings,
}

#[async_trait]
impl Provider for HttpProvider {
    fn name(&self) -> &str {
        &self.name
    }

    async fn call(&self, request: &ChatRequest, events: EventSink<'_>) -> Result<(), CallError> {
        self.answer(request, events).await.map_err(|error| self.connection.masked(error))
    }

    fn plan(&self, request: &ChatRequest) -> SentParameters {
        self.protocol.request(request, self.facts(request).as_ref()).1
    }

    async fn models(&self) -> Result<Vec<ListedModel>, CallError> {
        self.list().await.map_err(|error| self.connection.masked(error))
    }
}

impl HttpProvider {
    async fn answer(&self, request: &ChatRequest, events: EventSink<'_>) -> Result<(), CallError> {
        let deadline = Instant::now() + self.limits.total_timeout;
        let (body, _) = self.protocol.request(request, self.facts(request).as_ref());
        let body = serde_json::to_vec(&body).map_err(|error| {
            CallError::new(ErrorKind::InvalidRequest, format!("the request is no JSON: {error}"))
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
        let response = self.accept(response, Some(request)).await?;
        events(ProviderEvent::Headers {
            http_status: response.status().as_u16(),
            request_id: headers::request_id(response.headers()),
        });
        let read = self.read(response, request.stream, events);
        timeout_at(deadline, read).await.unwrap_or_else(|_| Err(self.too_long()))
    }

    async fn list(&self) -> Result<Vec<ListedModel>, CallError> {
        let url = self.url(self.protocol.endpoint().models);
        let mut request = self.connection.get(url);
        for (name, value) in self.protocol.endpoint().headers {
            request = request.header(*name, *value);
        }
        let response = timeout(self.limits.idle_timeout, request.send())
            .await
            .map_err(|_| self.silent())?
            .map_err(|error| self.connection.not_reached(&error))?;
        let response = self.accept(response, None).await?;
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
                    return reply.map_err(|error| self.connection.not_reached(&error));
                }
                () = tokio::time::sleep_until(since + patience) => return Err(self.silent()),
            }
        }
    }

    /// Takes the reply if its status is a success with a body, else makes an error of it.
    async fn accept(
        &self,
        response: Response,
        request: Option<&ChatRequest>,
    ) -> Result<Response, CallError> {
        let status = response.status();
        if status.is_redirection() {
            return Err(self.redirect(&response));
        }
        if status.is_success() && status != StatusCode::NO_CONTENT {
            return Ok(response);
        }
        let request_id = headers::request_id(response.headers());
        let wishes = headers::Wishes::of(response.headers());
        let mut error = if status.is_success() {
            CallError::new(
                ErrorKind::Protocol,
                format!("{} answered {} and no content", self.name, status.as_u16()),
            )
            .hint("check the base URL: this address does not answer chat requests")
        } else {
            let body = self.bounded(response, MOST_OF_AN_ERROR).await;
            let mut error = self.protocol.error(status.as_u16(), &body);
            self.name_parameter(&mut error, &body, request);
            error
        };
        error.http_status = Some(status.as_u16());
        error.request_id = error.request_id.or(request_id);
        wishes.apply(&mut error);
        if error.kind == ErrorKind::NotFound && error.hint.is_none() {
            error.hint = Some(self.not_found(request.map(|request| request.model.as_str())));
        }
        Err(error)
    }

    /// Names the parameter that the model refused, if it refused one, and what to do.
    fn name_parameter(&self, error: &mut CallError, body: &[u8], request: Option<&ChatRequest>) {
        let Some(request) = request.filter(|_| error.kind == ErrorKind::InvalidRequest) else {
            return;
        };
        error.parameter = refusal::refused(body, &request.parameters);
        if let Some(parameter) = error.parameter {
            let (name, model) = (parameter.as_str(), &request.model);
            error.hint = Some(format!(
                "{}/{model} does not take {name}: drop it and run again (`--drop {name}`), now and \
                 from then on",
                self.name
            ));
        }
    }

    fn not_found(&self, model: Option<&str>) -> String {
        let near = model
            .map(|model| ModelRef::new(&self.name, model))
            .and_then(|model| self.catalog.nearest(&model).map(str::to_owned));
        match near {
            Some(near) => format!("did you mean {}/{near}? `lathe models` lists more", self.name),
            None => format!("`lathe models {}` asks the server what it has", self.name),
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
        let mut error = CallError::new(
            ErrorKind::Redirect,
            format!("{} answered {status}: it redirects{to}, which is never followed", self.name),
        )
        .hint("set base_url to the address it should be, if you trust it");
        error.http_status = Some(status);
        error
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
        loop {
            let chunk = match timeout(self.limits.idle_timeout, response.chunk()).await {
                Err(_) => return Err(self.silent()),
                Ok(Err(error)) => {
                    return Err(CallError::new(
                        ErrorKind::InterruptedStream,
                        format!("the connection to {} broke: {}", self.name, client::cause(&error)),
                    )
                    .hint("what arrived is kept; send again for a whole answer")
                    .retryable());
                }
                Ok(Ok(chunk)) => chunk,
            };
            let Some(chunk) = chunk else { return frames.finish(events) };
            received += chunk.len() as u64;
            if received > self.limits.max_response {
                return Err(self.too_large("answer", self.limits.max_response));
            }
            match frames.push(&chunk, events) {
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
                Ok(Err(error)) => {
                    return Err(CallError::new(
                        ErrorKind::InterruptedStream,
                        format!("the connection to {} broke: {}", self.name, client::cause(&error)),
                    )
                    .retryable());
                }
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
        .retryable()
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
            "event" | "reply" => "max_event under [engine] in config.toml allows more",
            _ => "max_response under [engine] in config.toml allows more",
        })
    }
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
