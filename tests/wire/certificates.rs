//! Certificates that are not good: which check failed is told, and nothing was sent.

use std::{
    path::PathBuf,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use promptlathe::model::ErrorKind as E;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    date_time_ymd,
};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig,
        crypto::aws_lc_rs::default_provider,
        pki_types::{CertificateDer, PrivateKeyDer},
    },
};

use super::*;

/// An authority of the test's own.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

impl Authority {
    pub fn new() -> Self {
        Self::named("An authority of a test")
    }

    fn named(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let key = KeyPair::generate().expect("a key");
        let pem = params.self_signed(&key).expect("a certificate").pem();
        Self { issuer: Issuer::new(params, key), pem }
    }
}

/// A certificate and its key.
struct Identity(CertificateDer<'static>, PrivateKeyDer<'static>);

fn params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::new(vec![name.to_owned()]).expect("a name");
    params.distinguished_name.push(DnType::CommonName, "A server of a test");
    params
}

fn signed(authority: &Authority, params: &CertificateParams) -> Identity {
    let key = KeyPair::generate().expect("a key");
    let certificate = params.signed_by(&key, &authority.issuer).expect("a certificate");
    Identity(
        certificate.der().clone(),
        PrivateKeyDer::try_from(key.serialize_der()).expect("a key"),
    )
}

fn self_signed(params: &CertificateParams) -> Identity {
    let key = KeyPair::generate().expect("a key");
    let certificate = params.self_signed(&key).expect("a certificate");
    Identity(
        certificate.der().clone(),
        PrivateKeyDer::try_from(key.serialize_der()).expect("a key"),
    )
}

/// A server that speaks TLS.
pub struct Secure {
    base: Url,
    folder: TempDir,
    trusted: Option<PathBuf>,
    reply: Arc<Mutex<String>>,
    handshakes: Arc<AtomicUsize>,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Secure {
    /// One with a certificate that is good for whoever trusts its authority.
    pub async fn good() -> Self {
        let authority = Authority::new();
        let identity = signed(&authority, &params("localhost"));
        Self::start(identity, Some(&authority.pem)).await
    }

    async fn start(identity: Identity, trusted: Option<&str>) -> Self {
        let provider = Arc::new(default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_no_client_auth()
            .with_single_cert(vec![identity.0], identity.1)
            .expect("an identity");
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let reply = Arc::new(Mutex::new(String::new()));
        let requests: Arc<Mutex<Vec<String>>> = Arc::default();
        let handshakes = Arc::new(AtomicUsize::new(0));
        let seen = (Arc::clone(&reply), Arc::clone(&requests), Arc::clone(&handshakes));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, (reply, requests, handshakes)) = (acceptor.clone(), seen.clone());
                tokio::spawn(async move {
                    handshakes.fetch_add(1, Ordering::SeqCst);
                    // A client that trusts nobody here hangs up.
                    let Ok(mut stream) = acceptor.accept(stream).await else { return };
                    let mut bytes = [0; 8192];
                    let Ok(count @ 1..) = stream.read(&mut bytes).await else { return };
                    let request = String::from_utf8_lossy(&bytes[..count]).into_owned();
                    requests.lock().expect("whole").push(request);
                    let reply = reply.lock().expect("whole").clone();
                    let _ = stream.write_all(reply.as_bytes()).await;
                    let _ = stream.shutdown().await;
                });
            }
        });
        let folder = TempDir::new().expect("a folder");
        let trusted = trusted.map(|pem| {
            let path = folder.path().join("authority.pem");
            std::fs::write(&path, pem).expect("written");
            path
        });
        let base = Url::parse(&format!("https://localhost:{port}")).expect("an address");
        Self { base, folder, trusted, reply, handshakes, requests }
    }

    /// What it answers every request with from now on.
    pub fn answers_with(&self, reply: String) {
        *self.reply.lock().expect("whole") = reply;
    }

    /// The settings of a provider there, with the authority it is to trust.
    pub fn settings(&self, kind: ProviderKind) -> ProviderSettings {
        let settings = ProviderSettings::new(kind, self.base.clone(), KeySource::None);
        ProviderSettings { ca_file: self.trusted.clone(), ..settings }
    }

    async fn called(&self) -> Outcome {
        let key = Secret::new(KEY.to_owned());
        let settings = self.settings(ProviderKind::OpenAi);
        let provider =
            build("test", &settings, &limits(), Some(&key), &Arc::new(Catalog::builtin()));
        call(&*provider.expect("built"), true).await
    }

    /// A call fails by this check, with this to do, and nothing of it arrives.
    async fn fails(&self, check: &str, next: &str) {
        let outcome = self.called().await;
        let error = outcome.error();
        assert_eq!((error.kind, error.retryable), (E::Tls, false), "{error}");
        assert!(error.message.contains(check), "no `{check}` in {error}");
        assert!(error.message.contains("localhost:"), "{error}");
        let hint = error.hint.as_deref().unwrap_or_default();
        assert!(hint.contains(next), "no `{next}` in {hint}");
        assert_eq!(self.handshakes.load(Ordering::SeqCst), 1, "tried once");
        assert!(self.requests.lock().expect("whole").is_empty(), "nothing was sent");
    }
}

#[tokio::test]
async fn a_certificate_of_an_authority_in_ca_file_is_trusted() {
    let server = Secure::good().await;
    let body = stream(ProviderKind::OpenAi, "hello");
    server.answers_with(format!(
        "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n{body}"
    ));
    let outcome = server.called().await;
    assert!(outcome.result.is_ok(), "{outcome:?}");
    assert_eq!(outcome.text, "hello");
    let requests = server.requests.lock().expect("whole").clone();
    assert!(requests[0].contains(KEY), "{requests:?}");
}

#[tokio::test]
async fn a_certificate_that_has_expired_is_told_as_that() {
    let authority = Authority::new();
    let mut old = params("localhost");
    old.not_before = date_time_ymd(2000, 1, 1);
    old.not_after = date_time_ymd(2001, 1, 1);
    let server = Secure::start(signed(&authority, &old), Some(&authority.pem)).await;
    server.fails("its certificate has expired", "renew").await;
}

#[tokio::test]
async fn a_certificate_of_the_future_is_told_as_that() {
    let authority = Authority::new();
    let mut early = params("localhost");
    early.not_before = date_time_ymd(4000, 1, 1);
    early.not_after = date_time_ymd(4001, 1, 1);
    let server = Secure::start(signed(&authority, &early), Some(&authority.pem)).await;
    server.fails("is not valid yet", "clock").await;
}

#[tokio::test]
async fn a_certificate_for_another_host_is_told_with_the_names_it_is_for() {
    let authority = Authority::new();
    let other = params("other.test");
    let server = Secure::start(signed(&authority, &other), Some(&authority.pem)).await;
    server.fails("not for localhost but for", "base_url").await;
    assert!(server.called().await.error().message.contains("other.test"));
}

#[tokio::test]
async fn a_certificate_of_an_authority_nobody_knows_is_told_with_what_to_do() {
    let server = Secure::start(signed(&Authority::new(), &params("localhost")), None).await;
    server.fails("signed by nobody this machine trusts", "ca_file").await;
    // Nor does it help to trust another one.
    let other = Authority::named("Another authority").pem;
    let server = Secure::start(signed(&Authority::new(), &params("localhost")), Some(&other)).await;
    server.fails("signed by nobody this machine trusts", "ca_file").await;
    // Nor one of the same name with a key of another day.
    let former = Authority::new().pem;
    let server =
        Secure::start(signed(&Authority::new(), &params("localhost")), Some(&former)).await;
    server.fails("not signed with the key of the authority", "ca_file").await;
}

#[tokio::test]
async fn a_certificate_that_signs_itself_is_told_as_one() {
    let server = Secure::start(self_signed(&params("localhost")), None).await;
    server.fails("by itself", "ca_file").await;
    // As tools make them that are asked for a certificate and nothing else.
    let mut as_authority = params("localhost");
    as_authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let server = Secure::start(self_signed(&as_authority), None).await;
    server.fails("self-signed", "ca_file").await;
}

#[tokio::test]
async fn a_ca_file_that_is_none_is_told_before_anything_is_sent() {
    let server = Secure::good().await;
    for (name, text) in [("missing.pem", None), ("words.pem", Some("-----BEGIN NOTHING"))] {
        let path = server.folder.path().join(name);
        if let Some(text) = text {
            std::fs::write(&path, text).expect("written");
        }
        let settings =
            ProviderSettings { ca_file: Some(path), ..server.settings(ProviderKind::OpenAi) };
        let built = build("test", &settings, &limits(), None, &Arc::new(Catalog::builtin()));
        let Err(error) = built else {
            // A file without any certificate adds none.
            let outcome = call(&*built.expect("built"), true).await;
            assert_eq!(outcome.error().kind, E::Tls, "{name}");
            continue;
        };
        assert_eq!(error.kind, E::Tls, "{name}: {error}");
        assert!(error.message.contains(name), "{error}");
    }
    assert!(server.requests.lock().expect("whole").is_empty());
}
