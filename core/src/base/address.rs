//! Where a node can be reached.

use alloc::string::String;
use core::fmt;

use serde::{Deserialize, Serialize};

use crate::base::contact::ContactError;

/// How long an address may be, in bytes.
pub const MAX_ADDRESS_LENGTH: usize = 255;

/// Where a node can be reached.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Address {
    /// A WebSocket URL, such as `ws://127.0.0.1:7340/ws`.
    Socket(String),
}

impl Address {
    /// A socket address from the URL of a peer: `http(s)` or `ws(s)`, with or without `/ws` behind the host.
    ///
    /// # Errors
    /// [`ContactError::Address`] when the text is no such URL or too long.
    pub fn parse_url(text: &str) -> Result<Self, ContactError> {
        let (scheme, rest) = text.trim().split_once("://").ok_or(ContactError::Address)?;
        let scheme = match scheme {
            "ws" | "http" => "ws",
            "wss" | "https" => "wss",
            _ => return Err(ContactError::Address),
        };
        let rest = rest.trim_end_matches('/');
        let host = rest.strip_suffix("/ws").unwrap_or(rest);
        let address = Self::Socket(alloc::format!("{scheme}://{host}/ws"));
        if host.contains('/') || !address.is_well_formed() {
            return Err(ContactError::Address);
        }
        Ok(address)
    }

    /// The URL to open a WebSocket to.
    pub fn url(&self) -> &str {
        match self {
            Self::Socket(url) => url,
        }
    }

    pub(super) fn is_well_formed(&self) -> bool {
        let url = self.url();
        let host = url
            .strip_prefix("ws://")
            .or_else(|| url.strip_prefix("wss://"))
            .and_then(|rest| rest.strip_suffix("/ws"));
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-:[]_".contains(&byte);
        url.len() <= MAX_ADDRESS_LENGTH
            && host.is_some_and(|host| !host.is_empty() && host.bytes().all(plain))
    }
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
        ] {
            assert_eq!(Address::parse_url(text), Ok(expected.clone()), "{text}");
        }
        let secure = Address::parse_url("https://ring.example").unwrap();
        assert_eq!(secure.url(), "wss://ring.example/ws");
        for text in [
            "",
            "127.0.0.1:7340",
            "ftp://host",
            "ws://",
            "ws://a b",
            "ws://host/other",
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
