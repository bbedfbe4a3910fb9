//! Where the log is: the URL of `--log`, taken apart once.

use std::str::FromStr;

/// The longest URL that is read: longer ones are a slip of the shell.
const URL_LEN_MAX: usize = 512;

/// A log at an `http` address.
///
/// ```text
/// http://127.0.0.1:8080            → 127.0.0.1:8080, path prefix ""
/// http://log.example/training/     → log.example:80, path prefix "/training"
/// ```
///
/// TLS is out of scope: the generator shares the machine with the server, and would measure the TLS stack of both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    authority: String,
    address: String,
    prefix: String,
}

impl Target {
    /// What stands in the `host` header: the authority as it was typed.
    pub fn authority(&self) -> &str {
        &self.authority
    }

    /// What a socket connects to: host and port.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The full path of a route, for example `/v1/entries`.
    pub fn path(&self, route: &str) -> String {
        format!("{}{route}", self.prefix)
    }
}

impl FromStr for Target {
    type Err = MalformedTarget;

    fn from_str(url: &str) -> Result<Self, MalformedTarget> {
        if url.len() > URL_LEN_MAX {
            return Err(MalformedTarget::TooLong);
        }
        if url.starts_with("https://") {
            return Err(MalformedTarget::Tls);
        }
        let rest = url
            .strip_prefix("http://")
            .ok_or(MalformedTarget::NotHttp)?;
        let (authority, path) = match rest.find('/') {
            Some(at) => rest.split_at(at),
            None => (rest, ""),
        };
        // The bytes stand in a request head: nothing that could end a line, nothing that asks for a password.
        let plain = |text: &str| text.bytes().all(|b| b.is_ascii_graphic());
        if authority.is_empty() || authority.contains('@') || !plain(authority) {
            return Err(MalformedTarget::Host);
        }
        if !plain(path) || path.contains(['?', '#']) {
            return Err(MalformedTarget::Path);
        }
        Ok(Self {
            authority: authority.to_owned(),
            address: with_port(authority)?,
            prefix: path.trim_end_matches('/').to_owned(),
        })
    }
}

/// Why a URL names no log that can be loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MalformedTarget {
    /// Longer than any address of a log.
    #[error("the URL is longer than {URL_LEN_MAX} characters")]
    TooLong,
    /// The scheme is `https`.
    #[error(
        "load is generated over plain http alone: point --log at the server itself, behind its TLS front"
    )]
    Tls,
    /// Another scheme, or none.
    #[error("the URL begins with http://, for example http://127.0.0.1:8080")]
    NotHttp,
    /// The host is empty, or holds a space, a control character or a user name.
    #[error("the URL names no host, for example http://127.0.0.1:8080")]
    Host,
    /// The port is no number from 1 to 65535.
    #[error("the port of the URL is no number from 1 to 65535")]
    Port,
    /// The path holds a space, a query or a fragment.
    #[error("the URL ends after the path: no space, no ? and no #")]
    Path,
}

/// The authority with a port: 80 where it names none (RFC 9110 §4.2.1). Only the last colon after `]` begins a port.
fn with_port(authority: &str) -> Result<String, MalformedTarget> {
    let after_host = authority.rfind(']').map_or(0, |at| at + 1);
    match authority[after_host..].rfind(':') {
        None => Ok(format!("{authority}:80")),
        Some(colon) => match authority[after_host + colon + 1..].parse::<u16>() {
            Ok(1..) => Ok(authority.to_owned()),
            _ => Err(MalformedTarget::Port),
        },
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_taken_apart() {
        let target: Target = "http://127.0.0.1:8080".parse().unwrap();
        assert_eq!(target.address(), "127.0.0.1:8080");
        assert_eq!(target.path("/v1/log"), "/v1/log");

        let target: Target = "http://log.example/training/".parse().unwrap();
        assert_eq!(target.address(), "log.example:80");
        assert_eq!(target.authority(), "log.example");
        assert_eq!(target.path("/v1/log"), "/training/v1/log");

        let target: Target = "http://[::1]".parse().unwrap();
        assert_eq!(target.address(), "[::1]:80");
        let target: Target = "http://[::1]:9000/".parse().unwrap();
        assert_eq!(target.address(), "[::1]:9000");
    }

    #[test]
    fn each_malformed_address_is_refused_by_name() {
        for (url, why) in [
            ("https://log.example", MalformedTarget::Tls),
            ("log.example:8080", MalformedTarget::NotHttp),
            ("http://", MalformedTarget::Host),
            ("http://user@host", MalformedTarget::Host),
            ("http://ho st", MalformedTarget::Host),
            ("http://host\r\nx: y", MalformedTarget::Host),
            ("http://host:0", MalformedTarget::Port),
            ("http://host:65536", MalformedTarget::Port),
            ("http://host:", MalformedTarget::Port),
            ("http://host/a?b", MalformedTarget::Path),
            ("http://host/a b", MalformedTarget::Path),
        ] {
            assert_eq!(url.parse::<Target>(), Err(why), "{url:?}");
        }
        let long = format!("http://{}", "a".repeat(URL_LEN_MAX));
        assert_eq!(long.parse::<Target>(), Err(MalformedTarget::TooLong));
    }
}
