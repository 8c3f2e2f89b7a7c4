//! Contacts: a node's identity and the addresses and relays that reach it, signed.

use alloc::string::ToString;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::cmp::Ordering;
use core::fmt;
use core::hash::{Hash, Hasher};

use serde::{Deserialize, Serialize};

pub use crate::base::address::Address;
use crate::base::id::{Id, Space};
use crate::base::identity::{PublicKey, Purpose, Scheme, Signature, Signer};

/// The greatest number of addresses in a contact, relays included.
pub const MAX_ADDRESSES: usize = 4;
/// The greatest number of virtual nodes of one key.
pub const MAX_VIRTUAL_NODES: u8 = 16;

/// The content of a contact that its signature covers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Card {
    /// The key that signs, and from which the id follows.
    pub key: PublicKey,
    /// The index of the virtual node among those of its key.
    pub index: u8,
    /// The version of the contact: newer ones replace older ones.
    pub version: u64,
    /// The addresses of the node, best first.
    pub addresses: Vec<Address>,
    /// The relays that pass messages on to the node, best first: a browser tab cannot be dialed. At most [`MAX_ADDRESSES`]
    /// together with the addresses.
    pub relays: Vec<RelayCard>,
    /// The key's signature over all of the above.
    pub signature: Signature,
}

/// The card of a relay inside another card. It has addresses only: relays behind relays cannot be said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RelayCard {
    /// As [`Card::key`].
    pub key: PublicKey,
    /// As [`Card::index`].
    pub index: u8,
    /// As [`Card::version`].
    pub version: u64,
    /// As [`Card::addresses`].
    pub addresses: Vec<Address>,
    /// As [`Card::signature`].
    pub signature: Signature,
}

impl From<RelayCard> for Card {
    fn from(relay: RelayCard) -> Self {
        Self {
            key: relay.key,
            index: relay.index,
            version: relay.version,
            addresses: relay.addresses,
            relays: Vec::new(),
            signature: relay.signature,
        }
    }
}

/// A checked, signed contact; cheap to clone. Two contacts are equal when id and version are.
#[derive(Clone)]
pub struct Contact {
    id: Id,
    checked: Arc<Checked>,
}

/// A card, and the contacts of its relays.
struct Checked {
    card: Card,
    relays: Vec<Contact>,
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
        Self::sign_relayed(space, signer, index, version, addresses, &[])
    }

    /// Signs a contact that others reach through relays, too. A relay's own relays are left out.
    ///
    /// # Errors
    /// As [`Contact::sign`].
    pub fn sign_relayed(
        space: Space,
        signer: &Signer,
        index: u8,
        version: u64,
        addresses: Vec<Address>,
        relays: &[Self],
    ) -> Result<Self, ContactError> {
        let relays: Vec<_> = relays
            .iter()
            .filter_map(|relay| Some((relay.as_relay()?, relay.clone())))
            .collect();
        let (cards, relays) = relays.into_iter().unzip();
        let mut card = Card {
            key: signer.public_key(),
            index,
            version,
            addresses,
            relays: cards,
            signature: Signature::from_bytes([0; 64]),
        };
        check_shape(&card)?;
        card.signature = signer.sign(Purpose::Contact, &signed_bytes(&card));
        Ok(Self {
            id: signer.scheme().position(space, card.key, index),
            checked: Arc::new(Checked { card, relays }),
        })
    }

    /// The contact of a simulated node: no addresses, so that nothing can be wrong with it.
    pub fn stand_in(space: Space, signer: &Signer, version: u64) -> Self {
        let mut card = Card {
            key: signer.public_key(),
            index: 0,
            version,
            addresses: Vec::new(),
            relays: Vec::new(),
            signature: Signature::from_bytes([0; 64]),
        };
        card.signature = signer.sign(Purpose::Contact, &signed_bytes(&card));
        Self {
            id: signer.scheme().position(space, card.key, 0),
            checked: Arc::new(Checked {
                card,
                relays: Vec::new(),
            }),
        }
    }

    /// Checks a card that came from outside, and its relays' cards.
    ///
    /// # Errors
    /// [`ContactError`] names what is wrong with it.
    pub fn verify(space: Space, scheme: Scheme, card: Card) -> Result<Self, ContactError> {
        check_shape(&card)?;
        if !scheme.verify(
            card.key,
            Purpose::Contact,
            &signed_bytes(&card),
            &card.signature,
        ) {
            return Err(ContactError::Signature);
        }
        let relays = card.relays.iter().cloned();
        // A relay's card has no relays: this goes one level deep.
        let relays = relays
            .map(|relay| Self::verify(space, scheme, relay.into()))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            id: scheme.position(space, card.key, card.index),
            checked: Arc::new(Checked { card, relays }),
        })
    }

    /// The node's position on the ring.
    pub const fn id(&self) -> Id {
        self.id
    }

    /// Returns the content of the contact, as signed.
    pub fn card(&self) -> &Card {
        &self.checked.card
    }

    /// The node's addresses, best first.
    pub fn addresses(&self) -> &[Address] {
        &self.checked.card.addresses
    }

    /// The nodes that pass on what is sent to this one, best first.
    pub fn relays(&self) -> &[Self] {
        &self.checked.relays
    }

    /// Returns whether both are positions of one peer: they live and die together.
    pub fn is_same_peer(&self, other: &Self) -> bool {
        self.is_copy(other) || self.card().key == other.card().key
    }

    /// The first of each peer, at most so many, in the order in which they come.
    pub fn of_each_peer<'a>(contacts: impl Iterator<Item = &'a Self>, most: usize) -> Vec<Self> {
        let mut first: Vec<Self> = Vec::new();
        for contact in contacts {
            if first.len() < most && !first.iter().any(|other| other.is_same_peer(contact)) {
                first.push(contact.clone());
            }
        }
        first
    }

    /// These contacts in the order of the circle, clockwise from an id; no two are of one node.
    pub fn clockwise<'a>(
        space: Space,
        from: Id,
        contacts: impl Iterator<Item = &'a Self>,
    ) -> Vec<&'a Self> {
        let mut contacts: Vec<&Self> = contacts.collect();
        contacts.sort_unstable_by_key(|contact| space.distance(from, contact.id()));
        contacts
    }

    /// Returns whether this is a newer contact of the same node.
    pub fn supersedes(&self, other: &Self) -> bool {
        self.id == other.id && !self.is_copy(other) && self.card().version > other.card().version
    }

    /// Returns whether both are clones of one contact. That is known without a look at the card, which is seldom in a cache.
    fn is_copy(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.checked, &other.checked)
    }

    /// Returns this contact's card for use inside another; `None` for one that has no address of its own.
    fn as_relay(&self) -> Option<RelayCard> {
        let card = self.card();
        let can_be_dialed = !card.addresses.is_empty() && card.relays.is_empty();
        can_be_dialed.then(|| RelayCard {
            key: card.key,
            index: card.index,
            version: card.version,
            addresses: card.addresses.clone(),
            signature: card.signature,
        })
    }
}

fn check_shape(card: &Card) -> Result<(), ContactError> {
    if card.index >= MAX_VIRTUAL_NODES {
        return Err(ContactError::Index);
    }
    if card.addresses.len() + card.relays.len() > MAX_ADDRESSES {
        return Err(ContactError::TooManyAddresses);
    }
    if !card.addresses.iter().all(Address::is_well_formed) {
        return Err(ContactError::Address);
    }
    Ok(())
}

/// The canonical bytes that a contact's signature covers.
fn signed_bytes(card: &Card) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(128);
    bytes.extend_from_slice(&card.key.0);
    bytes.push(card.index);
    bytes.extend_from_slice(&card.version.to_le_bytes());
    put_count(&mut bytes, card.addresses.len());
    for address in &card.addresses {
        put_sized(&mut bytes, address.url().as_bytes());
    }
    put_count(&mut bytes, card.relays.len());
    for relay in &card.relays {
        put_sized(&mut bytes, &signed_bytes(&relay.clone().into()));
        bytes.extend_from_slice(&relay.signature.to_bytes());
    }
    bytes
}

fn put_count(bytes: &mut Vec<u8>, count: usize) {
    bytes.extend_from_slice(&(count as u64).to_le_bytes());
}

fn put_sized(bytes: &mut Vec<u8>, part: &[u8]) {
    put_count(bytes, part.len());
    bytes.extend_from_slice(part);
}

impl PartialEq for Contact {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id && (self.is_copy(other) || self.card().version == other.card().version)
    }
}

impl Eq for Contact {}

impl Hash for Contact {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.id.hash(state);
        self.card().version.hash(state);
    }
}

impl PartialOrd for Contact {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Contact {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.id, self.card().version).cmp(&(other.id, other.card().version))
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

/// The reason why a contact is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ContactError {
    /// An address is no WebSocket URL of a peer.
    Address,
    /// The contact has more than [`MAX_ADDRESSES`] addresses.
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
    fn a_contact_that_was_changed_is_refused() {
        let signer = Signer::ed25519([3; 32]);
        let contact = Contact::sign(Space::FULL, &signer, 0, 1, vec![address("ws://a:1")]).unwrap();
        let check = |card| Contact::verify(Space::FULL, Scheme::ED25519, card);
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
    fn relays_are_part_of_what_is_signed_and_are_checked() {
        let sign = |secret: u8, relays: &[Contact]| {
            let signer = Signer::ed25519([secret; 32]);
            let addresses = match relays {
                [] => vec![address("ws://a:1")],
                _ => vec![],
            };
            Contact::sign_relayed(Space::FULL, &signer, 0, 1, addresses, relays).unwrap()
        };
        let check = |card| Contact::verify(Space::FULL, Scheme::ED25519, card);
        let (one, two) = (sign(1, &[]), sign(2, &[]));
        let tab = sign(3, &[one.clone(), two]);
        let checked = check(tab.card().clone()).unwrap();
        assert_eq!(checked.relays(), tab.relays());
        let mut fewer = tab.card().clone();
        fewer.relays.pop();
        assert_eq!(check(fewer), Err(ContactError::Signature));
        let mut forged = tab.card().clone();
        forged.relays[0].signature = forged.relays[1].signature;
        assert_eq!(check(forged), Err(ContactError::Signature));
        let behind = sign(4, &[tab, one]);
        assert_eq!(behind.relays().len(), 1, "who has no address cannot relay");
    }

    #[test]
    fn newer_contacts_of_the_same_node_win() {
        let signer = Signer::stand_in(Id::from_u64(4));
        let [old, new] =
            [1, 2].map(|version| Contact::sign(Space::FULL, &signer, 0, version, vec![]).unwrap());
        assert!(new.supersedes(&old) && !old.supersedes(&new));
    }
}
