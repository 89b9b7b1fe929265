//! What it means that no reply came, and that one broke off.

use std::{error::Error, io};

use rustls::CertificateError;

use super::{client::Connection, here::out_of_files};
use crate::{
    model::{CallError, ErrorKind},
    provider::{
        advice::advised,
        failure::{self, quoted},
    },
};

/// One cause of an error after the other, what an input or output error holds among them.
fn causes(error: &reqwest::Error) -> Vec<&(dyn Error + 'static)> {
    let mut causes = Vec::new();
    let mut next = error.source();
    while let Some(cause) = next {
        causes.push(cause);
        // Such an error calls the cause of what it holds its own, and not what it holds.
        let held = cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        next = match held {
            Some(held) => Some(held),
            None => cause.source(),
        };
    }
    causes
}

fn find<'e, E: Error + 'static>(causes: &[&'e (dyn Error + 'static)]) -> Option<&'e E> {
    causes.iter().find_map(|cause| cause.downcast_ref::<E>())
}

/// The innermost cause of an error, without any address: those may hold what nobody should see.
pub(super) fn cause(error: &reqwest::Error) -> String {
    match causes(error).last() {
        Some(innermost) => quoted(&innermost.to_string()),
        None => "the reply could not be read".to_owned(),
    }
}

/// What the system says of a connection.
fn io_kind(causes: &[&(dyn Error + 'static)]) -> Option<io::ErrorKind> {
    let kinds = causes.iter().filter_map(|cause| cause.downcast_ref::<io::Error>());
    kinds.map(io::Error::kind).find(|kind| *kind != io::ErrorKind::Other)
}

/// Whether a connection that stood ended before any reply came, which happens to one that has
/// rested when the server closes it.
pub(super) fn ended_before_a_reply(error: &reqwest::Error) -> bool {
    let came = find::<hyper::Error>(&causes(error)).is_some_and(hyper::Error::is_parse);
    !error.is_connect() && !error.is_timeout() && !came
}

impl Connection {
    /// The error of a request that was not answered.
    pub(super) fn not_reached(&self, error: &reqwest::Error) -> CallError {
        let causes = causes(error);
        let io = || causes.iter().filter_map(|cause| cause.downcast_ref::<io::Error>());
        if let Some(error) = io().find_map(out_of_files) {
            return error;
        }
        let told = if let Some(fault) = find::<rustls::Error>(&causes) {
            self.not_trusted(fault)
        } else if find::<hyper::Error>(&causes).is_some_and(hyper::Error::is_parse) {
            self.no_http(&causes)
        } else {
            self.no_connection(error, &causes)
        };
        advised(told)
    }

    /// Where the connection was to lead: the server, or the proxy before it.
    fn first_place(&self) -> String {
        match &self.proxy {
            Some(proxy) => format!("the proxy {}", proxy.place()),
            None => self.place(),
        }
    }

    /// The words that name the proxy, where there is one.
    fn via(&self) -> String {
        self.proxy
            .as_ref()
            .map_or_else(String::new, |proxy| format!(" via the proxy {}", proxy.place()))
    }

    /// What to look at where a connection cannot be made.
    fn check(&self, first: &str) -> String {
        match &self.proxy {
            Some(proxy) => format!(
                "{first}; {} names the proxy, and NO_PROXY leaves hosts out",
                proxy.variable()
            ),
            None => format!(
                "{first}, or correct base_url under [providers.{}] in config.toml",
                self.name
            ),
        }
    }

    fn no_connection(
        &self,
        error: &reqwest::Error,
        causes: &[&(dyn Error + 'static)],
    ) -> CallError {
        let (place, via) = (self.place(), self.via());
        let said = |kind, message: String| CallError::new(kind, message).retryable();
        if error.is_timeout() {
            return said(ErrorKind::Timeout, format!("no connection to {place} in time{via}"))
                .hint(self.check("check that it can be reached from here"));
        }
        // The types of these are not to be named from here; their words are.
        let words: Vec<String> = causes.iter().map(ToString::to_string).collect();
        let says = |text: &str| words.iter().any(|word| word.contains(text));
        if self.proxy.is_some() && says("proxy authorization required") {
            return self.proxy_wants_a_password();
        }
        if self.proxy.is_some() && says("tunnel error: unsuccessful") {
            let first = self.first_place();
            return said(ErrorKind::Connect, format!("{first} makes no connection to {place}"))
                .hint(self.check("ask whoever runs the proxy to let it through"));
        }
        if says("dns error") || says("failed to lookup address") {
            // Some kinds of proxies are given an address and no name.
            let looked_up_here = says("error resolving for socks proxy");
            let host = match self.proxy.as_ref().filter(|_| !looked_up_here) {
                Some(proxy) => format!("of the proxy {}", proxy.place()),
                None => self.base_url.host_str().unwrap_or_default().to_owned(),
            };
            let next = if looked_up_here {
                "check the network, or write socks5h:// to have the proxy look names up"
            } else {
                "check the network"
            };
            return said(ErrorKind::Connect, format!("the name {host} cannot be resolved"))
                .hint(self.check(next));
        }
        if io_kind(causes) == Some(io::ErrorKind::ConnectionRefused) {
            let first = self.first_place();
            return said(ErrorKind::Connect, format!("nothing listens at {first}"))
                .hint(self.check("start the server"));
        }
        let cause = cause(error);
        if error.is_connect() {
            return said(ErrorKind::Connect, format!("no connection to {place}{via}: {cause}"))
                .hint(self.check("check the network"));
        }
        let message = format!("the connection to {place}{via} ended before a reply: {cause}");
        said(ErrorKind::Connect, message)
            .hint("send again; if it stays so, the server's own log may say why")
    }

    /// A proxy lets nobody through without a name and a password.
    pub(super) fn proxy_wants_a_password(&self) -> CallError {
        let variable = self
            .proxy
            .as_ref()
            .map_or_else(|| "https_proxy".to_owned(), |it| it.variable().to_owned());
        CallError::new(
            ErrorKind::Authentication,
            format!("{} lets nobody through without a password (407)", self.first_place()),
        )
        .hint(format!("put a valid one into {variable}, as in http://NAME:PASSWORD@HOST:PORT"))
    }

    /// What came back is no HTTP, or more than a reply's head may be. The server would answer so
    /// again.
    fn no_http(&self, causes: &[&(dyn Error + 'static)]) -> CallError {
        let what = find::<hyper::Error>(causes).map_or_else(String::new, ToString::to_string);
        CallError::new(
            ErrorKind::Protocol,
            format!(
                "{}{} answered with what cannot be read as HTTP: {}",
                self.place(),
                self.via(),
                quoted(&what)
            ),
        )
        .hint(format!(
            "check the port and that base_url under [providers.{}] in config.toml leads to its API",
            self.name
        ))
    }

    /// A connection that is not secure, and which check of it failed. Nothing was sent.
    fn not_trusted(&self, fault: &rustls::Error) -> CallError {
        let place = self.place();
        let table = format!("[providers.{}] in config.toml", self.name);
        let (what, next) = match fault {
            rustls::Error::InvalidCertificate(certificate) => self.certificate(certificate, &table),
            rustls::Error::InvalidMessage(_) => (
                "it does not speak TLS".to_owned(),
                format!("check the port, or write http:// in base_url under {table}"),
            ),
            other => (
                quoted(&other.to_string()),
                format!("check that base_url under {table} leads to the right server"),
            ),
        };
        let message = format!("no secure connection to {place}{}: {what}", self.via());
        CallError::new(ErrorKind::Tls, message).hint(next)
    }

    fn certificate(&self, fault: &CertificateError, table: &str) -> (String, String) {
        let host = self.base_url.host_str().unwrap_or_default();
        match fault {
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => (
                "its certificate has expired".to_owned(),
                "whoever runs the server must renew it; check the clock of this machine too"
                    .to_owned(),
            ),
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => (
                "its certificate is not valid yet".to_owned(),
                "check the clock of this machine".to_owned(),
            ),
            CertificateError::NotValidForName => (
                format!("its certificate is not for {host}"),
                format!("base_url under {table} must have a name the certificate is for"),
            ),
            CertificateError::NotValidForNameContext { presented, .. } => (
                format!("its certificate is not for {host} but for {}", names(presented)),
                format!("base_url under {table} must have a name the certificate is for"),
            ),
            CertificateError::UnknownIssuer => (
                "its certificate is signed by nobody this machine trusts: by itself, or by an \
                 authority that is not known here"
                    .to_owned(),
                format!("ca_file under {table} names a PEM file with a certificate to trust"),
            ),
            CertificateError::BadSignature => (
                "its certificate is not signed with the key of the authority it names that is \
                 trusted here"
                    .to_owned(),
                format!(
                    "the certificate in ca_file under {table} may be one from before: get the \
                     authority's present one"
                ),
            ),
            CertificateError::Revoked => (
                "its certificate has been revoked".to_owned(),
                "whoever runs the server must replace it".to_owned(),
            ),
            // What an authority signs itself with and a server must not present.
            CertificateError::Other(other) if other.to_string().contains("CaUsedAsEndEntity") => (
                "its certificate is self-signed as an authority's, and no server's".to_owned(),
                "whoever runs the server must make one for a server (CA:FALSE), and ca_file names \
                 who signed it"
                    .to_owned(),
            ),
            other => (
                format!("its certificate is not good: {}", quoted(&other.to_string())),
                format!("ca_file under {table} names a PEM file with a certificate to trust"),
            ),
        }
    }

    /// A reply that broke off after its head.
    pub(super) fn broken(&self, error: &reqwest::Error) -> CallError {
        let causes = causes(error);
        let cause = cause(error);
        match io_kind(&causes) {
            Some(io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput) => {
                advised(CallError::new(
                    ErrorKind::Protocol,
                    format!("the reply of {} is not packed or cut as it says: {cause}", self.name),
                ))
            }
            _ => failure::cut(format!("the connection to {} broke: {cause}", self.name)),
        }
    }
}

/// The names a certificate is for, on one line.
fn names(presented: &[String]) -> String {
    match presented {
        [] => "no name at all".to_owned(),
        names => quoted(&names.join(", ")),
    }
}
