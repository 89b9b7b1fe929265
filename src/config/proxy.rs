//! The proxy that requests to an address go through.

use std::fmt;

use hyper_util::client::proxy::matcher::Matcher;
use url::Url;

use super::Environment;

/// A proxy as a variable of the environment names it. Its address may hold a password, so `Debug`
/// and everything that is shown leave that out.
#[derive(Clone, PartialEq, Eq)]
pub struct Proxy {
    address: String,
    place: String,
    variable: String,
}

impl Proxy {
    /// The proxy that requests to this address go through, if they go through one: `NO_PROXY`
    /// leaves hosts out, and what is no address is as good as not set.
    #[must_use]
    pub fn of(environment: &Environment, address: &Url) -> Option<Self> {
        let (variable, proxy) = environment.proxy(address.scheme())?;
        let target: http::Uri = address.as_str().parse().ok()?;
        let spared = ["no_proxy", "NO_PROXY"].into_iter().find_map(|name| environment.filled(name));
        let matcher = Matcher::builder().all(proxy).no(spared.unwrap_or_default()).build();
        matcher.intercept(&target)?;
        Self::at(proxy, &variable)
    }

    /// The proxy at an address, named by a variable.
    #[must_use]
    pub fn at(address: &str, variable: &str) -> Option<Self> {
        let full =
            if address.contains("://") { address.to_owned() } else { format!("http://{address}") };
        let url = Url::parse(&full).ok()?;
        let host = url.host_str().filter(|host| !host.is_empty())?;
        let usual = if url.scheme().starts_with("socks") { 1080 } else { 80 };
        let port = url.port_or_known_default().unwrap_or(usual);
        let place = format!("{host}:{port}");
        Some(Self { address: full, place, variable: variable.to_owned() })
    }

    /// The whole address, with the name and the password in it.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Its host and port.
    #[must_use]
    pub fn place(&self) -> &str {
        &self.place
    }

    /// The variable that names it.
    #[must_use]
    pub fn variable(&self) -> &str {
        &self.variable
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proxy")
            .field("place", &self.place)
            .field("variable", &self.variable)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn through(pairs: &[(&str, &str)], address: &str) -> Option<String> {
        let environment = Environment::from_pairs(pairs.iter().copied());
        let proxy = Proxy::of(&environment, &Url::parse(address).expect("an address"))?;
        Some(format!("{} by {}", proxy.place(), proxy.variable()))
    }

    #[test]
    fn the_variables_say_which_hosts_go_through_which_proxy() {
        let both = [
            ("https_proxy", "http://name:secret@one.test:3128"),
            ("HTTP_PROXY", "two.test:8080"),
            ("NO_PROXY", "spared.test, 10.0.0.0/8"),
        ];
        for (address, proxy) in [
            ("https://models.test/v1", Some("one.test:3128 by https_proxy")),
            ("http://models.test/v1", Some("two.test:8080 by HTTP_PROXY")),
            ("https://spared.test/v1", None),
            ("https://api.spared.test/v1", None),
            ("https://notspared.test/v1", Some("one.test:3128 by https_proxy")),
            ("http://10.1.2.3/v1", None),
            ("http://11.1.2.3/v1", Some("two.test:8080 by HTTP_PROXY")),
        ] {
            assert_eq!(through(&both, address).as_deref(), proxy, "{address}");
        }
        assert_eq!(through(&[], "https://models.test"), None);
        assert_eq!(
            through(&[("ALL_PROXY", "socks5h://n:secret@three.test")], "https://models.test"),
            Some("three.test:1080 by ALL_PROXY".to_owned())
        );
        assert_eq!(
            through(&[("all_proxy", "http://x"), ("no_proxy", "*")], "https://a.test"),
            None
        );
        assert_eq!(through(&[("https_proxy", "http://")], "https://a.test"), None);
    }

    #[test]
    fn its_password_is_never_shown() {
        let proxy = Proxy::at("http://name:secret@proxy.test:3128", "HTTPS_PROXY").expect("one");
        assert!(proxy.address().contains("secret"));
        let shown = format!("{proxy:?} {}", proxy.place());
        assert!(!shown.contains("secret") && !shown.contains("name:"), "{shown}");
    }
}
