//! Addresses: the socket URLs at which a node can be reached.

use alloc::string::String;
use core::fmt;

use serde::{Deserialize, Serialize};

use crate::base::contact::{ContactError, MAX_VIRTUAL_NODES};

/// The greatest length of an address, in bytes.
pub const MAX_ADDRESS_LENGTH: usize = 255;

/// A socket URL at which a node can be reached.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Address {
    /// A WebSocket URL, such as `ws://127.0.0.1:7340/ws`; `…/ws/3` for another one of a peer's positions on the ring.
    Socket(String),
}

impl Address {
    /// A socket address from the URL of a peer: `http(s)` or `ws(s)`, with or without `/ws`, or `/ws/1` to `/ws/15`, behind
    /// the host. Where a port is named, the scheme may be left out: `127.0.0.1:7340`.
    ///
    /// # Errors
    /// [`ContactError::Address`] when the text is no such URL or too long.
    pub fn parse_url(text: &str) -> Result<Self, ContactError> {
        let text = text.trim();
        let (scheme, rest) = match text.split_once("://") {
            Some(("ws" | "http", rest)) => ("ws", rest),
            Some(("wss" | "https", rest)) => ("wss", rest),
            // A word without a port is more likely a mistake.
            None if names_port(text) => ("ws", text),
            _ => return Err(ContactError::Address),
        };
        let rest = rest.trim_end_matches('/');
        let (host, path) = rest.split_once('/').unwrap_or((rest, "ws"));
        let address = Self::Socket(alloc::format!("{scheme}://{host}/{path}"));
        match address.is_well_formed() {
            true => Ok(address),
            false => Err(ContactError::Address),
        }
    }

    /// Host and port, as the URL has them.
    pub fn authority(&self) -> &str {
        let url = self.url();
        let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
        rest.split_once('/').map_or(rest, |(host, _)| host)
    }

    /// Returns the address of the same peer at another one of its positions.
    ///
    /// # Errors
    /// [`ContactError`] when it has no such position, or the URL gets too long.
    pub fn at_position(&self, index: u8) -> Result<Self, ContactError> {
        let parts = self.url().split_once("://");
        let (scheme, _) = parts.ok_or(ContactError::Address)?;
        let host = self.authority();
        Self::parse_url(&match index {
            0 => alloc::format!("{scheme}://{host}"),
            _ => alloc::format!("{scheme}://{host}/ws/{index}"),
        })
    }

    /// The URL to open a WebSocket to.
    pub fn url(&self) -> &str {
        match self {
            Self::Socket(url) => url,
        }
    }

    pub(super) fn is_well_formed(&self) -> bool {
        let url = self.url();
        let rest = url
            .strip_prefix("ws://")
            .or_else(|| url.strip_prefix("wss://"));
        let Some((host, path)) = rest.and_then(|rest| rest.split_once('/')) else {
            return false;
        };
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-:[]_".contains(&byte);
        url.len() <= MAX_ADDRESS_LENGTH
            && (path == "ws" || path.strip_prefix("ws/").is_some_and(is_position))
            && !host.is_empty()
            && host.bytes().all(plain)
    }
}

/// Returns whether a port stands behind the host.
fn names_port(text: &str) -> bool {
    let authority = text
        .split_once('/')
        .map_or(text, |(authority, _)| authority);
    let (host, port) = authority.rsplit_once(':').unwrap_or_default();
    let is_host = !host.is_empty() && (!host.contains(':') || host.ends_with(']'));
    is_host && port.parse::<u16>().is_ok()
}

/// Returns whether this is a number from 1 to 15 as one writes it.
fn is_position(text: &str) -> bool {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
    digits
        && text
            .parse()
            .is_ok_and(|index: u8| index < MAX_VIRTUAL_NODES)
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.url())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_of_a_peer_is_read_in_every_form() {
        let expected = Address::Socket("ws://127.0.0.1:7340/ws".into());
        for text in [
            "http://127.0.0.1:7340",
            "http://127.0.0.1:7340/",
            "ws://127.0.0.1:7340/ws",
            " ws://127.0.0.1:7340/ws/ ",
            "127.0.0.1:7340",
            " 127.0.0.1:7340/ws ",
        ] {
            assert_eq!(Address::parse_url(text), Ok(expected.clone()), "{text}");
        }
        for (text, url) in [
            ("localhost:7340", "ws://localhost:7340/ws"),
            ("[::1]:7340", "ws://[::1]:7340/ws"),
            ("ring.example:80/ws/3", "ws://ring.example:80/ws/3"),
        ] {
            assert_eq!(Address::parse_url(text).unwrap().url(), url);
        }
        let secure = Address::parse_url("https://ws.example").unwrap();
        assert_eq!(secure.url(), "wss://ws.example/ws");
        let ninth = Address::parse_url("https://ws.example/ws/9").unwrap();
        assert_eq!(ninth.url(), "wss://ws.example/ws/9");
        assert_eq!(secure.at_position(9), Ok(ninth.clone()));
        assert_eq!(ninth.at_position(0), Ok(secure.clone()));
        assert_eq!(secure.at_position(16), Err(ContactError::Address));
        for text in [
            "",
            "127.0.0.1",
            "ring.example",
            "ring.example:port",
            "::1:7340",
            ":7340",
            "ftp://host",
            "ws://",
            "ws://a b",
            "ws://host/other",
            "ws://host/ws/0",
            "ws://host/ws/03",
            "ws://host/ws/+3",
            "ws://host/ws/16",
            "ws://host/ws/3/4",
            "ws://host//ws",
            "ws://user@host",
            &alloc::format!("ws://{}", "h".repeat(300)),
        ] {
            assert_eq!(
                Address::parse_url(text),
                Err(ContactError::Address),
                "{text}"
            );
        }
    }
}
