//! The URL of a peer, as users write it.

use axum::http::uri::Authority;
use chordscope_core::base::contact::Address;

use crate::failure::Failure;

/// The address of a peer that is to be dialed, from what was given for this argument.
pub(crate) fn dialed(argument: &str, text: &str) -> Result<Address, Failure> {
    let address = told(argument, text)?;
    match address.url().starts_with("ws://") {
        true => Ok(address),
        false => Err(Failure::usage(
            argument,
            "encrypted connections (https, wss) are not possible yet",
        )),
    }
}

/// The address of a peer that others dial.
pub(crate) fn told(argument: &str, text: &str) -> Result<Address, Failure> {
    let wrong = || {
        let reason = format!(
            "\"{text}\" is no address of a peer: give host and port, or a URL, such as http://127.0.0.1:7340"
        );
        Failure::usage(argument, reason)
    };
    let address = Address::parse_url(text).map_err(|_| wrong())?;
    let authority = authority(&address).ok_or_else(wrong)?;
    let names_port = authority.host() != authority.as_str();
    let is_port = authority.port_u16().is_some_and(|port| port > 0);
    match is_port || !names_port {
        true => Ok(address),
        false => Err(wrong()),
    }
}

/// Host and port of an address; the port is that of plain HTTP where none is named.
pub(crate) fn with_port(address: &Address) -> String {
    let text = address.authority();
    match authority(address).is_some_and(|authority| authority.host() == text) {
        true => format!("{text}:80"),
        false => text.to_string(),
    }
}

/// Host and port of an address as they are written; `None` when they are none.
fn authority(address: &Address) -> Option<Authority> {
    address.authority().parse().ok()
}

/// The address that a peer tells others.
pub(crate) fn advertised(argument: &str, text: &str) -> Result<Address, Failure> {
    let address = told(argument, text)?;
    let everywhere = ["0.0.0.0", "[::]"];
    let authority = authority(&address);
    let host = authority.as_ref().map_or("", Authority::host);
    match everywhere.contains(&host) {
        false => Ok(address),
        true => Err(Failure::usage(
            argument,
            format!(
                "{host} means every address of this machine: give one under which others reach it"
            ),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peer_is_named_by_its_url_or_host_and_port() {
        for url in [
            "http://127.0.0.1:7340",
            "ws://[::1]:7340/ws",
            "http://ring.example",
            "127.0.0.1:7340",
            "localhost:7340",
            "ring.example:7340/ws",
        ] {
            assert!(dialed("--peer", url).is_ok(), "{url}");
        }
        for wrong in [
            "foo",
            "127.0.0.1",
            "a:99999",
            "a:0",
            "ftp://a:1",
            "http://a:99999",
            "http://a:b",
            "http://a:",
            "http://a:1:2",
            "http://[::1]:0",
            "http://[::1",
        ] {
            let said = told("--peer", wrong).unwrap_err().to_string();
            assert!(
                said.contains(wrong) && said.contains("http://127"),
                "{said}"
            );
        }
    }

    #[test]
    fn a_port_that_is_not_named_is_that_of_plain_http() {
        for (url, expected) in [
            ("http://ring.example", "ring.example:80"),
            ("http://[::1]", "[::1]:80"),
            ("ws://[::1]:7340/ws", "[::1]:7340"),
            ("ring.example:7340", "ring.example:7340"),
        ] {
            let address = dialed("--peer", url).unwrap();
            assert_eq!(with_port(&address), expected);
        }
    }

    #[test]
    fn an_encrypted_address_is_told_but_not_dialed() {
        assert!(advertised("--advertise", "wss://ring.example").is_ok());
        assert!(advertised("--advertise", "192.168.0.1:7340").is_ok());
        for everywhere in [
            "0.0.0.0:7340",
            "ws://[::]:7340",
            "http://[::]",
            "http://0.0.0.0",
        ] {
            let said = advertised("--advertise", everywhere)
                .unwrap_err()
                .to_string();
            assert!(said.contains("every address"), "{said}");
        }
        let said = dialed("--join", "https://ring.example").unwrap_err();
        assert!(said.to_string().contains("not possible yet"), "{said}");
    }
}
