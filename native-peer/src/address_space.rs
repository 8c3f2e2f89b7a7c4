//! The privacy of an address. A node in a ring names its own address, and could name one that only this machine reaches; so
//! contacts are not dialed into a more private space than the one this peer itself is reached in.

use std::net::{IpAddr, Ipv6Addr};

/// The spaces of addresses, from the widest to the most private, as browsers order them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum AddressSpace {
    /// The internet.
    Public,
    /// A private network.
    Local,
    /// The machine itself.
    Loopback,
}

impl AddressSpace {
    /// The space of an address.
    pub(crate) fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            address if address.is_loopback() || address.is_unspecified() => Self::Loopback,
            IpAddr::V4(v4) if v4.is_private() || v4.is_link_local() => Self::Local,
            // 100.64.0.0/10, addresses behind a provider's translation. RFC 6598.
            IpAddr::V4(v4) if v4.octets()[0] == 100 && v4.octets()[1] & 0xc0 == 64 => Self::Local,
            IpAddr::V6(v6) if is_local(v6) => Self::Local,
            _ => Self::Public,
        }
    }
}

const fn is_local(address: Ipv6Addr) -> bool {
    address.is_unique_local() || address.is_unicast_link_local()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn private_spaces_are_known_in_every_spelling() {
        use AddressSpace::{Local, Loopback, Public};
        for (text, space) in [
            ("127.0.0.1", Loopback),
            ("127.9.9.9", Loopback),
            ("::1", Loopback),
            ("::ffff:127.0.0.1", Loopback),
            ("0.0.0.0", Loopback),
            ("10.1.2.3", Local),
            ("172.16.0.1", Local),
            ("192.168.1.1", Local),
            ("169.254.169.254", Local),
            ("100.64.0.1", Local),
            ("::ffff:10.0.0.1", Local),
            ("fd00::1", Local),
            ("fe80::1", Local),
            ("100.128.0.1", Public),
            ("8.8.8.8", Public),
            ("2001:4860:4860::8888", Public),
        ] {
            assert_eq!(AddressSpace::of(text.parse().unwrap()), space, "{text}");
        }
        assert!(Public < Local && Local < Loopback);
    }
}
