//! The connection to one endpoint.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use reqwest::{
    Certificate, Client, RequestBuilder,
    header::{ACCEPT_ENCODING, AUTHORIZATION, HeaderMap, HeaderName, HeaderValue},
    redirect,
};
use url::Url;

use super::{mask, unreached::cause};
use crate::{
    config::{Authentication, EngineSettings, KeySource, ProviderSettings, Proxy, Secret},
    model::{CallError, ErrorKind},
};

/// A client for one endpoint with everything its requests carry.
pub(in crate::provider) struct Connection {
    client: Client,
    pub base_url: Url,
    headers: HeaderMap,
    pub(super) name: String,
    /// Where the key comes from; `None` where none is sent.
    pub(super) key_source: Option<String>,
    pub(super) proxy: Option<Proxy>,
    secrets: Vec<String>,
}

/// Prepares the connection to a provider. Nothing is sent.
///
/// # Errors
/// A key or a secret header that must not travel over plain http, a certificate that cannot be read, headers that
/// are none.
pub(in crate::provider) fn connect(
    name: &str,
    settings: &ProviderSettings,
    limits: &EngineSettings,
    key: Option<&Secret>,
) -> Result<Connection, CallError> {
    let plain = settings.base_url.scheme() == "http" && !settings.is_local();
    let secret = match key {
        Some(_) => Some(format!("the key of {name}")),
        None => settings.secret_headers().next().map(|(header, _)| {
            format!("the header `{header}` of {name}, whose name says that it is secret,")
        }),
    };
    if let Some(secret) = secret.filter(|_| plain && !settings.allow_plain_http) {
        let host = settings.base_url.host_str().unwrap_or_default();
        return Err(CallError::new(
            ErrorKind::Tls,
            format!("{secret} would travel unencrypted to {host}"),
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
    let proxy = settings.proxy.clone().filter(|_| !settings.is_local());
    if let Some(proxy) = &proxy {
        builder = builder.proxy(through(name, proxy)?);
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
        None => CallError::new(ErrorKind::Connect, format!("{name}: {}", cause(&error)))
            .hint("see that this machine has certificates to trust, or name some with ca_file"),
    })?;
    let headers = headers(name, settings, key)?;
    Ok(Connection {
        client,
        base_url: settings.base_url.clone(),
        secrets: secrets(&headers, proxy.as_ref()),
        headers,
        name: name.to_owned(),
        key_source: key_source(settings, key),
        proxy,
    })
}

/// Sends everything through a proxy.
fn through(name: &str, proxy: &Proxy) -> Result<reqwest::Proxy, CallError> {
    reqwest::Proxy::all(proxy.address()).map_err(|_| {
        CallError::new(
            ErrorKind::Connect,
            format!("{name}: {} names no proxy that can be used", proxy.variable()),
        )
        .hint("write it as http://HOST:PORT or socks5h://HOST:PORT")
    })
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

    /// An error without a secret in it, in case the server repeats what it was sent.
    pub(super) fn masked(&self, mut error: CallError) -> CallError {
        let more = [&mut error.hint, &mut error.provider_code, &mut error.request_id];
        for text in more.into_iter().flatten().chain([&mut error.message]) {
            *text = self.masked_text(text);
        }
        error
    }

    /// A text without the key, the values of other headers, or the proxy's password in it.
    pub(super) fn masked_text(&self, text: &str) -> String {
        self.secrets.iter().fold(text.to_owned(), |text, secret| mask::without(&text, secret))
    }

    /// The host and port of the server.
    pub(super) fn place(&self) -> String {
        let host = self.base_url.host_str().unwrap_or_default();
        match self.base_url.port_or_known_default() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_owned(),
        }
    }
}

/// Where the key of a provider comes from, in the words of its settings; `None` where none is
/// sent.
fn key_source(settings: &ProviderSettings, key: Option<&Secret>) -> Option<String> {
    match (&settings.key, key) {
        (KeySource::None, Some(_)) => Some("this program".to_owned()),
        (source, Some(_)) => Some(source.describe()),
        (_, None) => settings.secret_headers().next().map(|_| "a header in config.toml".to_owned()),
    }
}

/// What must not be told of a connection: the values of its headers, which hold the key, and the
/// password of its proxy.
fn secrets(headers: &HeaderMap, proxy: Option<&Proxy>) -> Vec<String> {
    let values = headers.values().filter_map(|value| value.to_str().ok());
    let values = values.map(|value| value.strip_prefix("Bearer ").unwrap_or(value).to_owned());
    let password = proxy.and_then(|proxy| Url::parse(proxy.address()).ok()).and_then(|url| {
        let (name, raw) = (url.username(), url.password()?);
        // As it is written, as it is meant, and as it travels.
        let query = format!("it={}", raw.replace('+', "%2B"));
        let plain = url::form_urlencoded::parse(query.as_bytes()).next()?.1.into_owned();
        let sent = BASE64_STANDARD.encode(format!("{name}:{plain}"));
        Some([raw.to_owned(), plain, sent])
    });
    let mut secrets: Vec<String> =
        values.chain(password.into_iter().flatten()).filter(|it| mask::is_secret(it)).collect();
    // The longer first, lest a part of one stands where the whole was.
    secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
    secrets.dedup();
    secrets
}
