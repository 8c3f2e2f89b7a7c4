//! Who a node is and where it can be reached.

use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::cmp::Ordering;
use core::fmt;
use core::hash::{Hash, Hasher};

use serde::{Deserialize, Serialize};

use crate::base::id::{Id, Space};
use crate::base::identity::{PublicKey, Purpose, Scheme, Signature, Signer};

/// How many addresses a contact may carry.
pub const MAX_ADDRESSES: usize = 4;
/// How long an address may be, in bytes.
pub const MAX_ADDRESS_LENGTH: usize = 255;
/// How many virtual nodes one key may have.
pub const MAX_VIRTUAL_NODES: u8 = 16;

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

    fn is_well_formed(&self) -> bool {
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

/// What a contact says and signs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Card {
    /// The key that signs, and from which the id follows.
    pub key: PublicKey,
    /// Which virtual node of the key this is.
    pub index: u8,
    /// Newer versions of a contact replace older ones.
    pub version: u64,
    /// Where to reach the node, best first; at most [`MAX_ADDRESSES`].
    pub addresses: Vec<Address>,
    /// The key's signature over all of the above.
    pub signature: Signature,
}

/// A checked, signed contact; cheap to clone. Two contacts are equal when id and version are.
#[derive(Clone)]
pub struct Contact {
    id: Id,
    card: Arc<Card>,
}

impl Contact {
    /// Signs a contact for oneself.
    ///
    /// # Errors
    /// [`ContactError`] when there are too many addresses, one is malformed, or the index is out of range.
    pub fn sign(
        space: Space,
        signer: &Signer,
        index: u8,
        version: u64,
        addresses: Vec<Address>,
    ) -> Result<Self, ContactError> {
        check_shape(index, &addresses)?;
        let key = signer.public_key();
        let signature = signer.sign(
            Purpose::Contact,
            &signed_bytes(key, index, version, &addresses),
        );
        let id = signer.scheme().position(space, key, index);
        let card = Arc::new(Card {
            key,
            index,
            version,
            addresses,
            signature,
        });
        Ok(Self { id, card })
    }

    /// The contact of a simulated node: no addresses, so that nothing can be wrong with it.
    pub fn stand_in(space: Space, signer: &Signer, version: u64) -> Self {
        let key = signer.public_key();
        let bytes = signed_bytes(key, 0, version, &[]);
        let card = Card {
            key,
            index: 0,
            version,
            addresses: Vec::new(),
            signature: signer.sign(Purpose::Contact, &bytes),
        };
        Self {
            id: signer.scheme().position(space, key, 0),
            card: Arc::new(card),
        }
    }

    /// Checks a card that came from outside.
    ///
    /// # Errors
    /// [`ContactError`] names what is wrong with it.
    pub fn verify(space: Space, scheme: Scheme, card: Card) -> Result<Self, ContactError> {
        check_shape(card.index, &card.addresses)?;
        let bytes = signed_bytes(card.key, card.index, card.version, &card.addresses);
        if !scheme.verify(card.key, Purpose::Contact, &bytes, &card.signature) {
            return Err(ContactError::Signature);
        }
        let id = scheme.position(space, card.key, card.index);
        Ok(Self {
            id,
            card: Arc::new(card),
        })
    }

    /// The node's position on the ring.
    pub const fn id(&self) -> Id {
        self.id
    }

    /// What the contact says, as signed.
    pub fn card(&self) -> &Card {
        &self.card
    }

    /// The node's addresses, best first.
    pub fn addresses(&self) -> &[Address] {
        &self.card.addresses
    }

    /// Whether this is a newer contact of the same node.
    pub fn supersedes(&self, other: &Self) -> bool {
        self.id == other.id && self.card.version > other.card.version
    }
}

fn check_shape(index: u8, addresses: &[Address]) -> Result<(), ContactError> {
    if index >= MAX_VIRTUAL_NODES {
        return Err(ContactError::Index);
    }
    if addresses.len() > MAX_ADDRESSES {
        return Err(ContactError::TooManyAddresses);
    }
    if !addresses.iter().all(Address::is_well_formed) {
        return Err(ContactError::Address);
    }
    Ok(())
}

/// The canonical bytes that a contact's signature covers.
fn signed_bytes(key: PublicKey, index: u8, version: u64, addresses: &[Address]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(64);
    bytes.extend_from_slice(&key.0);
    bytes.push(index);
    bytes.extend_from_slice(&version.to_le_bytes());
    for address in addresses {
        let url = address.url().as_bytes();
        bytes.extend_from_slice(&(url.len() as u64).to_le_bytes());
        bytes.extend_from_slice(url);
    }
    bytes
}

impl PartialEq for Contact {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id && self.card.version == other.card.version
    }
}

impl Eq for Contact {}

impl Hash for Contact {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.id.hash(state);
        self.card.version.hash(state);
    }
}

impl PartialOrd for Contact {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Contact {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.id, self.card.version).cmp(&(other.id, other.card.version))
    }
}

impl fmt::Debug for Contact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.id.fmt(f)
    }
}

impl fmt::Display for Contact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let address = self.addresses().first().map(ToString::to_string);
        f.write_str(&address.unwrap_or_else(|| alloc::format!("{:?}", self.id)))
    }
}

/// Why a contact is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ContactError {
    /// An address is no WebSocket URL of a peer.
    Address,
    /// There are more than [`MAX_ADDRESSES`] addresses.
    TooManyAddresses,
    /// The virtual node's index is not below [`MAX_VIRTUAL_NODES`].
    Index,
    /// The signature is not the key's.
    Signature,
}

impl fmt::Display for ContactError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Address => "a peer's address looks like ws://127.0.0.1:7340",
            Self::TooManyAddresses => "a contact carries at most 4 addresses",
            Self::Index => "a key has at most 16 virtual nodes",
            Self::Signature => "the contact's signature is not its key's",
        })
    }
}

impl core::error::Error for ContactError {}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    fn address(url: &str) -> Address {
        Address::parse_url(url).unwrap()
    }

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
        assert_eq!(
            address("https://ring.example").url(),
            "wss://ring.example/ws"
        );
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

    #[test]
    fn a_contact_that_was_changed_is_refused() {
        let signer = Signer::ed25519([3; 32]);
        let contact = Contact::sign(Space::FULL, &signer, 0, 1, vec![address("ws://a:1")]).unwrap();
        let check = |card| Contact::verify(Space::FULL, Scheme::Ed25519, card);
        assert_eq!(check(contact.card().clone()), Ok(contact.clone()));
        let mut moved = contact.card().clone();
        moved.addresses = vec![address("ws://b:1")];
        assert_eq!(check(moved), Err(ContactError::Signature));
        let mut other = contact.card().clone();
        other.key = Signer::ed25519([4; 32]).public_key();
        assert_eq!(check(other), Err(ContactError::Signature));
        let mut crowded = contact.card().clone();
        crowded.addresses = vec![address("ws://b:1"); 5];
        assert_eq!(check(crowded), Err(ContactError::TooManyAddresses));
    }

    #[test]
    fn newer_contacts_of_the_same_node_win() {
        let signer = Signer::stand_in(Id::from_u64(4));
        let [old, new] =
            [1, 2].map(|version| Contact::sign(Space::FULL, &signer, 0, version, vec![]).unwrap());
        assert!(new.supersedes(&old) && !old.supersedes(&new));
    }
}
