//! Cards that come from outside become contacts once they are checked.

use alloc::collections::BTreeMap;
use core::fmt;

use crate::base::contact::{Card, Contact, ContactError};
use crate::base::id::Space;
use crate::base::identity::Scheme;

/// The number of checked cards that are remembered, so that a neighbour's card is not checked with every message.
const MAX_KNOWN_CARDS: usize = 4_096;

/// Turns cards into contacts, and remembers which it has checked.
#[derive(Clone, Debug)]
pub struct Cards {
    space: Space,
    scheme: Scheme,
    known: BTreeMap<[u8; 64], Contact>,
}

impl Cards {
    /// Checks cards for a ring of this space and scheme.
    pub const fn new(space: Space, scheme: Scheme) -> Self {
        Self {
            space,
            scheme,
            known: BTreeMap::new(),
        }
    }

    /// Checks a card.
    ///
    /// # Errors
    /// [`DecodeError::Contact`] names what is wrong with it.
    pub fn check(&mut self, card: Card) -> Result<Contact, DecodeError> {
        let signature = card.signature.to_bytes();
        if let Some(contact) = self.known.get(&signature)
            && *contact.card() == card
        {
            return Ok(contact.clone());
        }
        let contact =
            Contact::verify(self.space, self.scheme, card).map_err(DecodeError::Contact)?;
        if self.known.len() >= MAX_KNOWN_CARDS {
            self.known.pop_first();
        }
        self.known.insert(signature, contact.clone());
        Ok(contact)
    }
}

/// The reason why bytes are no message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DecodeError {
    /// The bytes do not follow the format.
    Malformed,
    /// The message is followed by further bytes.
    Trailing,
    /// The bytes are longer than a frame.
    TooLong,
    /// A list has more entries than it may.
    TooMany,
    /// A contact in it is refused.
    Contact(ContactError),
    /// The bytes are a request of this number that this release does not know.
    UnknownRequest(u64),
    /// The bytes are a request of this number as release 0.1 makes them, and no later one.
    RetiredRequest(u64),
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed => f.write_str("the bytes are no message"),
            Self::Trailing => f.write_str("further bytes follow the message"),
            Self::TooLong => f.write_str("the message does not fit in a frame"),
            Self::TooMany => f.write_str("a list in the message is too long"),
            Self::Contact(error) => error.fmt(f),
            Self::UnknownRequest(_) => f.write_str("the request is unknown"),
            Self::RetiredRequest(_) => f.write_str("the request is not in use any more"),
        }
    }
}

impl core::error::Error for DecodeError {}
