//! The connection to one endpoint, and what it means when it cannot be made.

use std::{error::Error as _, io};

use reqwest::{
    Certificate, Client, RequestBuilder,
    header::{ACCEPT_ENCODING, AUTHORIZATION, HeaderMap, HeaderName, HeaderValue},
    redirect,
};
use url::Url;

use crate::{
    config::{Authentication, EngineSettings, ProviderSettings, Secret},
    model::{CallError, ErrorKind},
};

/// The shortest header value that is taken for a secret, in bytes.
const SHORTEST_SECRET: usize = 8;

/// A client for one endpoint with everything its requests carry.
pub(in crate::provider) struct Connection {
    client: Client,
    pub base_url: Url,
    headers: HeaderMap,
    name: String,
}

/// Prepares the connection to a provider. Nothing is sent.
///
/// # Errors
/// A key that must not travel over plain http, a certificate that cannot be read, headers that
/// are none.
pub(in crate::provider) fn connect(
    name: &str,
    settings: &ProviderSettings,
    limits: &EngineSettings,
    key: Option<&Secret>,
) -> Result<Connection, CallError> {
    let plain = settings.base_url.scheme() == "http" && !settings.is_local();
    if plain && key.is_some() && !settings.allow_plain_http {
        let host = settings.base_url.host_str().unwrap_or_default();
        return Err(CallError::new(
            ErrorKind::Tls,
            format!("the key of {name} would travel unencrypted to {host}"),
        )
        .hint(format!(
            "use https, or allow it with `allow_plain_http = true` under [providers.{name}]"
        )));
    }
    let mut builder = Client::builder()
        .redirect(redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .connect_timeout(limits.connect_timeout)
        .tcp_nodelay(true)
        .user_agent(concat!("lathe/", env!("CARGO_PKG_VERSION")));
    if settings.is_local() {
        builder = builder.no_proxy();
        if settings.base_url.scheme() == "http" {
            // The system's certificates are many files, and nothing here asks for them.
            builder = builder.tls_certs_only(std::iter::empty());
        }
    }
    if let Some(path) = &settings.ca_file {
        let fault = |error: &dyn std::fmt::Display| unusable(name, path, error);
        let pem = std::fs::read(path).map_err(|error| fault(&error))?;
        let certificates =
            Certificate::from_pem_bundle(&pem).map_err(|error| fault(&error.without_url()))?;
        builder = builder.tls_certs_merge(certificates);
    }
    let client = builder.build().map_err(|error| match &settings.ca_file {
        // Of what a client is made of only these can be wrong, and they are looked at only now.
        Some(path) => unusable(name, path, &cause(&error)),
        None => CallError::new(ErrorKind::Connect, format!("{name}: {}", cause(&error))),
    })?;
    let headers = headers(name, settings, key)?;
    Ok(Connection { client, base_url: settings.base_url.clone(), headers, name: name.to_owned() })
}

/// A server's words without what is left of a secret where they were cut off: at the end, or
/// where they say `…`.
fn without_beginning(text: &str, secret: &str) -> String {
    let mut masked = String::with_capacity(text.len());
    for piece in text.split_inclusive('…') {
        let whole = piece.strip_suffix('…').unwrap_or(piece);
        let kept = (SHORTEST_SECRET..secret.len())
            .rev()
            .filter_map(|length| secret.get(..length))
            .find_map(|beginning| whole.strip_suffix(beginning));
        match kept {
            Some(kept) => {
                masked.push_str(kept);
                masked.push_str("[key]");
                masked.push_str(&piece[whole.len()..]);
            }
            None => masked.push_str(piece),
        }
    }
    masked
}

/// Certificates that were to be trusted and are none.
fn unusable(name: &str, path: &std::path::Path, error: &dyn std::fmt::Display) -> CallError {
    CallError::new(
        ErrorKind::Tls,
        format!("{name}: the certificates in {} cannot be used: {error}", path.display()),
    )
    .hint(format!("ca_file under [providers.{name}] names a PEM file"))
}

fn headers(
    name: &str,
    settings: &ProviderSettings,
    key: Option<&Secret>,
) -> Result<HeaderMap, CallError> {
    let refuse = |what: &str| {
        CallError::new(ErrorKind::InvalidRequest, format!("{name}: {what} cannot be sent"))
            .hint(format!("check [providers.{name}] in config.toml"))
    };
    let mut headers = HeaderMap::new();
    for (header, value) in &settings.headers {
        let header = HeaderName::from_bytes(header.as_bytes())
            .map_err(|_| refuse(&format!("the header `{header}`")))?;
        let mut value = HeaderValue::from_str(value)
            .map_err(|_| refuse(&format!("the value of the header `{header}`")))?;
        value.set_sensitive(true);
        headers.insert(header, value);
    }
    if let Some(key) = key {
        let (header, text) = match &settings.authentication {
            Authentication::Bearer => (AUTHORIZATION, format!("Bearer {}", key.expose())),
            Authentication::Header(header) => {
                let header = HeaderName::from_bytes(header.as_bytes())
                    .map_err(|_| refuse("the name of the key's header"))?;
                (header, key.expose().to_owned())
            }
        };
        let mut value = HeaderValue::from_str(&text).map_err(|_| refuse("the key"))?;
        value.set_sensitive(true);
        headers.insert(header, value);
    }
    Ok(headers)
}

impl Connection {
    pub(super) fn get(&self, url: Url) -> RequestBuilder {
        self.client.get(url).headers(self.headers.clone())
    }

    /// A request for an answer, which is wanted as it is written: a compressed stream would come
    /// in lumps.
    pub(super) fn post(&self, url: Url) -> RequestBuilder {
        self.client
            .post(url)
            .headers(self.headers.clone())
            .header(ACCEPT_ENCODING, HeaderValue::from_static("identity"))
    }

    /// An error without the key in it, in case the server repeats what it was sent. The same goes
    /// for the values of every configured header, which may hold keys too.
    pub(super) fn masked(&self, mut error: CallError) -> CallError {
        for value in self.headers.values() {
            let Ok(value) = value.to_str() else { continue };
            let secret = value.strip_prefix("Bearer ").unwrap_or(value);
            // Shorter ones are words, and taking words out of a message would hide what it says.
            if secret.len() < SHORTEST_SECRET {
                continue;
            }
            let more = [&mut error.hint, &mut error.provider_code, &mut error.request_id];
            for text in more.into_iter().flatten().chain([&mut error.message]) {
                if text.contains(secret) {
                    *text = text.replace(secret, "[key]");
                }
                *text = without_beginning(text, secret);
            }
        }
        error
    }

    /// What it means that no reply came.
    pub(super) fn not_reached(&self, error: &reqwest::Error) -> CallError {
        let host = self.base_url.host_str().unwrap_or_default();
        let place = match self.base_url.port_or_known_default() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_owned(),
        };
        let cause = cause(error);
        let said = |kind, message: String| CallError::new(kind, message).retryable();
        let base_url = format!("base_url under [providers.{}] in config.toml", self.name);
        if error.is_timeout() {
            return said(ErrorKind::Timeout, format!("no connection to {place} in time"))
                .hint(format!("check that it can be reached from here, and {base_url}"));
        }
        let all = chain(error);
        if all.contains("dns error") || all.contains("failed to lookup address") {
            return said(ErrorKind::Connect, format!("the name {host} cannot be resolved"))
                .hint(format!("check the network, and {base_url}"));
        }
        if all.contains("certificate") || all.contains("handshake") || all.contains("tls") {
            return CallError::new(
                ErrorKind::Tls,
                format!("no secure connection to {place}: {cause}"),
            )
            .hint(format!("ca_file adds a certificate; check https and {base_url}"));
        }
        if io_kind(error) == Some(io::ErrorKind::ConnectionRefused) {
            return said(ErrorKind::Connect, format!("nothing listens at {place}"))
                .hint(format!("start the server, or correct {base_url}"));
        }
        if error.is_connect() {
            return said(ErrorKind::Connect, format!("no connection to {place}: {cause}"))
                .hint(format!("check the network, and {base_url}"));
        }
        said(ErrorKind::Connect, format!("the connection to {place} ended before a reply: {cause}"))
            .hint("send again".to_owned())
    }
}

/// The innermost cause of an error, without any address: those may hold what nobody should see.
pub(super) fn cause(error: &reqwest::Error) -> String {
    let mut innermost: &dyn std::error::Error = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    if innermost.source().is_none() && error.source().is_none() {
        return "the reply could not be read".to_owned();
    }
    crate::provider::failure::quoted(&innermost.to_string())
}

/// All causes in lower case, to look for words in.
fn chain(error: &reqwest::Error) -> String {
    let mut all = String::new();
    let mut next = error.source();
    while let Some(source) = next {
        all.push_str(&source.to_string().to_lowercase());
        all.push('\n');
        next = source.source();
    }
    all
}

fn io_kind(error: &reqwest::Error) -> Option<io::ErrorKind> {
    let mut next = error.source();
    while let Some(source) = next {
        if let Some(io) = source.downcast_ref::<io::Error>()
            && io.kind() != io::ErrorKind::Other
        {
            return Some(io.kind());
        }
        next = source.source();
    }
    None
}

#[cfg(test)]
mod cut_tests {
    use super::*;

    #[test]
    fn a_key_that_was_cut_off_is_masked_as_far_as_it_came() {
        for (text, masked) in [
            ("the key planted-01234… is wrong", "the key [key]… is wrong"),
            ("500 (planted-0…): planted-0123456789ab", "500 ([key]…): [key]"),
            ("planted is a word", "planted is a word"),
            ("it was planted", "it was planted"),
        ] {
            assert_eq!(without_beginning(text, "planted-0123456789abcdef"), masked);
        }
    }
}
