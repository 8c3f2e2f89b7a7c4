//! The closeness of a URL's host, as far as its name or number tells. Browsers order address spaces in the same way.

use std::net::{IpAddr, Ipv4Addr};

/// From far to near.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Closeness {
    /// Somewhere in the world.
    World,
    /// In the local network.
    Network,
    /// On this machine.
    Machine,
}

impl Closeness {
    /// The closeness of the host of a URL.
    pub fn of(url: &str) -> Self {
        let name = name(host(url));
        match name.parse().map(|address: IpAddr| address.to_canonical()) {
            Ok(address) if address.is_loopback() || address.is_unspecified() => Self::Machine,
            Ok(IpAddr::V4(v4)) if is_local(v4) => Self::Network,
            Ok(IpAddr::V6(v6)) if v6.is_unique_local() || v6.is_unicast_link_local() => {
                Self::Network
            }
            Ok(_) => Self::World,
            Err(_) if name == "localhost" || name.ends_with(".localhost") => Self::Machine,
            Err(_) if name.ends_with(".local") || !name.contains('.') => Self::Network,
            Err(_) => Self::World,
        }
    }
}

fn is_local(address: Ipv4Addr) -> bool {
    let [first, second, ..] = address.octets();
    // 100.64.0.0/10, addresses behind a provider's translation. RFC 6598.
    let translated = first == 100 && second & 0xc0 == 64;
    address.is_private() || address.is_link_local() || translated
}

/// Host and port of a URL.
pub fn host(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split('/').next().unwrap_or_default()
}

/// The host without its port and brackets.
fn name(host: &str) -> &str {
    match host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((name, _)) => name,
        None => host.split(':').next().unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers_tell_how_close_they_are() {
        use Closeness::{Machine, Network, World};
        for (url, expected) in [
            ("http://localhost:7340", Machine),
            ("ws://127.4.5.6:1/ws", Machine),
            ("ws://[::1]:7340/ws", Machine),
            ("ws://[::ffff:127.0.0.1]/ws", Machine),
            ("ws://0.0.0.0/ws", Machine),
            ("ws://10.0.0.1/ws", Network),
            ("ws://100.64.0.1/ws", Network),
            ("http://printer.local", Network),
            ("ws://[fd00::1]:1/ws", Network),
            ("https://8.8.8.8", World),
            ("https://ring.example", World),
        ] {
            assert_eq!(Closeness::of(url), expected, "{url}");
        }
    }
}
