//! The address at which a peer listens, as users write it.

use std::net::{Ipv4Addr, SocketAddr};

/// Reads address and port; a port alone, and `localhost`, mean loopback.
pub(super) fn parse(text: &str) -> Result<SocketAddr, String> {
    let text = text.trim();
    let port = text.strip_prefix("localhost:").unwrap_or(text);
    let local = port.parse().ok().map(|port| (Ipv4Addr::LOCALHOST, port));
    let address = local.map(SocketAddr::from).or_else(|| text.parse().ok());
    address.ok_or_else(|| {
        "give a port, as 7340, or an address and a port, as 127.0.0.1:7340 or 0.0.0.0:7340"
            .to_string()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_alone_is_one_of_loopback() {
        for (text, address) in [
            ("7451", "127.0.0.1:7451"),
            ("localhost:7451", "127.0.0.1:7451"),
            ("127.0.0.1:0", "127.0.0.1:0"),
            ("0.0.0.0:7451", "0.0.0.0:7451"),
            ("[::1]:7451", "[::1]:7451"),
        ] {
            assert_eq!(parse(text).unwrap().to_string(), address, "{text}");
        }
        for wrong in [
            "",
            ":7451",
            "127.0.0.1",
            "65536",
            "ring.example:7451",
            "http://127.0.0.1:7451",
        ] {
            assert!(
                parse(wrong).unwrap_err().contains("127.0.0.1:7340"),
                "{wrong}"
            );
        }
    }
}
