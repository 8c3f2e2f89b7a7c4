//! Messages and contacts to bytes and back.
//!
//! In a serialized message contacts are bare cards, since a card is a contact only once it is checked. The order of the variants is the
//! protocol: new ones go to the end.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::base::contact::{Card, Contact};
use crate::base::features::Features;
use crate::base::id::Id;
use crate::chord::message as chord;
use crate::chord::route::{Routing, Step};
use crate::message::{Message, Request, Response};
use crate::store::message as store;
use crate::store::record::{RecordError, Version};
use crate::swarm::message as swarm;
pub use crate::wire::cards::{Cards, DecodeError};
use crate::wire::frame::MAX_FRAME;
use crate::wire::groups::{WireGroupRequest, WireGroupResponse};
pub use crate::wire::kept::{
    decode_control, decode_copy, decode_entry, decode_renewal, encode_control, encode_copy,
    encode_entry, encode_renewal,
};

#[cfg(test)]
mod tests;

/// The number of known kinds of requests: those from this number on are unknown.
const KNOWN_REQUESTS: u32 = 9;
/// The number of requests about groups without lineages, which release 0.1 makes.
const RETIRED: u32 = 7;
/// The number of [`WireRequest::Group`].
const GROUP: u32 = 8;

/// The bytes of a message.
///
/// # Errors
/// [`DecodeError::TooLong`] when they do not fit in a frame.
pub fn encode_message(message: &Message) -> Result<Vec<u8>, DecodeError> {
    encode(&WireMessage::of(message))
}

/// Reads a message and checks every contact in it.
///
/// # Errors
/// [`DecodeError`] names what is wrong.
pub fn decode_message(bytes: &[u8], cards: &mut Cards) -> Result<Message, DecodeError> {
    if let Some(error) = unknown_request(bytes) {
        return Err(error);
    }
    decode::<WireMessage>(bytes)?.check(cards)
}

/// A message as it is sent, for receivers of different features: what needs one that they lack is said plainer, or not at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Body {
    pub(crate) bytes: Vec<u8>,
    /// The features that the receiver must have.
    needs: Features,
    /// The features that a receiver without them must have for the plainer message, and its bytes.
    plainer: Option<(Features, Vec<u8>)>,
    /// The message's request number, if it is a request.
    pub(crate) request: Option<u64>,
}

impl Body {
    /// `None` for a message that fits no frame: only a lookup's path of hundreds of nodes grows beyond one, and its origin asks hop
    /// by hop instead.
    pub(crate) fn of(message: &Message) -> Option<Self> {
        Some(Self {
            bytes: encode_message(message).ok()?,
            needs: message.needs(),
            plainer: message.plainer().and_then(|plainer| {
                let bytes = encode_message(&plainer).ok()?;
                Some((plainer.needs(), bytes))
            }),
            request: match message {
                Message::Request(number, _) => Some(*number),
                _ => None,
            },
        })
    }

    /// Returns the bytes for a receiver of these features; `None` when it would not understand the message.
    pub(crate) fn understood_with(&self, features: Features) -> Option<&[u8]> {
        let plainer = self.plainer.as_ref();
        match features.has(self.needs) {
            true => Some(&self.bytes),
            false => plainer
                .filter(|(needs, _)| features.has(*needs))
                .map(|(_, bytes)| bytes.as_slice()),
        }
    }
}

/// The bytes of a contact.
///
/// # Errors
/// [`DecodeError::TooLong`] never, as a contact is bounded.
pub fn encode_contact(contact: &Contact) -> Result<Vec<u8>, DecodeError> {
    encode(contact.card())
}

/// Reads and checks a contact.
///
/// # Errors
/// [`DecodeError`] names what is wrong.
pub fn decode_contact(bytes: &[u8], cards: &mut Cards) -> Result<Contact, DecodeError> {
    cards.check(decode(bytes)?)
}

/// The bytes of an introduction: a contact, and the sender's features where the receiver reads them.
///
/// # Errors
/// [`DecodeError::TooLong`] never, as a contact is bounded.
pub fn encode_introduction(
    contact: &Contact,
    features: Option<Features>,
) -> Result<Vec<u8>, DecodeError> {
    match features {
        Some(features) => encode(&(contact.card(), features.bits())),
        None => encode_contact(contact),
    }
}

/// Reads an introduction and checks the contact. With features what stands behind them is ignored: a later release may say more.
///
/// # Errors
/// [`DecodeError`] names what is wrong.
pub fn decode_introduction(
    bytes: &[u8],
    features: bool,
    cards: &mut Cards,
) -> Result<(Contact, Features), DecodeError> {
    if !features {
        return Ok((decode_contact(bytes, cards)?, Features::NONE));
    }
    if bytes.len() > MAX_FRAME {
        return Err(DecodeError::TooLong);
    }
    let ((card, bits), _) =
        postcard::take_from_bytes::<(Card, u64)>(bytes).map_err(|_| DecodeError::Malformed)?;
    Ok((cards.check(card)?, Features::from_bits(bits)))
}

/// Returns the reason why a request cannot be read that is of a kind that this release does not know; `None` for whatever else the
/// bytes are.
fn unknown_request(bytes: &[u8]) -> Option<DecodeError> {
    let (kind, bytes) = postcard::take_from_bytes::<u32>(bytes).ok()?;
    let (number, bytes) = (kind == 0).then(|| postcard::take_from_bytes::<u64>(bytes).ok())??;
    let (request, bytes) = postcard::take_from_bytes::<u32>(bytes).ok()?;
    let known = match request {
        RETIRED => return Some(DecodeError::RetiredRequest(number)),
        GROUP => postcard::take_from_bytes::<u32>(bytes).ok()?.0 < WireGroupRequest::KNOWN,
        request => request < KNOWN_REQUESTS,
    };
    (!known).then_some(DecodeError::UnknownRequest(number))
}

pub(super) fn encode(value: &impl Serialize) -> Result<Vec<u8>, DecodeError> {
    let bytes = postcard::to_allocvec(value).map_err(|_| DecodeError::Malformed)?;
    if bytes.len() > MAX_FRAME {
        return Err(DecodeError::TooLong);
    }
    Ok(bytes)
}

pub(super) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, DecodeError> {
    if bytes.len() > MAX_FRAME {
        return Err(DecodeError::TooLong);
    }
    let (value, rest) = postcard::take_from_bytes(bytes).map_err(|_| DecodeError::Malformed)?;
    if rest.is_empty() {
        Ok(value)
    } else {
        Err(DecodeError::Trailing)
    }
}

#[derive(Serialize, Deserialize)]
enum WireMessage {
    Request(u64, WireRequest),
    Response(u64, WireResponse),
    Notice(WireNotice),
    Swarm(swarm::Message),
}

#[derive(Serialize, Deserialize)]
enum WireRequest {
    Neighbours,
    Ping,
    Step(chord::Question),
    Forward(Box<WireForward>),
    Read(Id),
    Write(Box<store::StoredRecord>),
    Offer(Vec<(Id, Version)>),
    /// A request of release 0.1: groups without lineages.
    Retired(Retired),
    Group(WireGroupRequest),
}

/// A part of the vocabulary that is not spoken any more: nothing is a value of it.
#[derive(Serialize, Deserialize)]
enum Retired {}

#[derive(Serialize, Deserialize)]
enum WireResponse {
    Neighbours(WireNeighbours),
    Pong,
    Step(WireStep, WireNeighbours),
    Forwarded,
    NotMember,
    Value(Option<Box<store::StoredRecord>>),
    Written,
    Refused(RecordError),
    Wanted(Vec<Id>, Vec<Id>),
    /// A reply of release 0.1: groups without lineages.
    Retired(Retired),
    Unsupported,
    Group(WireGroupResponse),
}

#[derive(Serialize, Deserialize)]
enum WireNotice {
    Notify,
    Found(u64, Vec<Id>, WireNeighbours),
    Leaving(WireNeighbours),
}

#[derive(Serialize, Deserialize)]
struct WireNeighbours {
    predecessor: Option<Card>,
    successors: Vec<Card>,
}

#[derive(Serialize, Deserialize)]
enum WireStep {
    Here,
    Owner(Card),
    Finger(u8, Card),
    Along(Card),
    Back(Card),
}

#[derive(Serialize, Deserialize)]
struct WireForward {
    lookup: u64,
    origin: Card,
    key: Id,
    routing: Routing,
    arrived: bool,
    path: Vec<Id>,
}

pub(super) fn card(contact: &Contact) -> Card {
    contact.card().clone()
}

pub(super) fn limit<T>(list: Vec<T>, most: usize) -> Result<Vec<T>, DecodeError> {
    if list.len() > most {
        return Err(DecodeError::TooMany);
    }
    Ok(list)
}

impl WireMessage {
    fn of(message: &Message) -> Self {
        match message {
            Message::Request(number, request) => Self::Request(*number, WireRequest::of(request)),
            Message::Response(number, response) => {
                Self::Response(*number, WireResponse::of(response))
            }
            Message::Notice(notice) => Self::Notice(WireNotice::of(notice)),
            Message::Swarm(message) => Self::Swarm(message.clone()),
        }
    }

    fn check(self, cards: &mut Cards) -> Result<Message, DecodeError> {
        Ok(match self {
            Self::Request(number, request) => Message::Request(number, request.check(cards)?),
            Self::Response(number, response) => Message::Response(number, response.check(cards)?),
            Self::Notice(notice) => Message::Notice(notice.check(cards)?),
            Self::Swarm(message) => Message::Swarm(message),
        })
    }
}

impl WireRequest {
    fn of(request: &Request) -> Self {
        match request {
            Request::Chord(chord::Request::Neighbours) => Self::Neighbours,
            Request::Chord(chord::Request::Ping) => Self::Ping,
            Request::Chord(chord::Request::Step(question)) => Self::Step(question.as_ref().clone()),
            Request::Chord(chord::Request::Forward(forward)) => {
                Self::Forward(Box::new(WireForward {
                    lookup: forward.lookup,
                    origin: card(&forward.origin),
                    key: forward.key,
                    routing: forward.routing,
                    arrived: forward.arrived,
                    path: forward.path.clone(),
                }))
            }
            Request::Store(store::Request::Read(key)) => Self::Read(*key),
            Request::Store(store::Request::Write(copy)) => Self::Write(copy.clone()),
            Request::Store(store::Request::Offer(entries)) => Self::Offer(entries.clone()),
            Request::Group(request) => Self::Group(WireGroupRequest::of(request)),
        }
    }

    fn check(self, cards: &mut Cards) -> Result<Request, DecodeError> {
        Ok(match self {
            Self::Neighbours => Request::Chord(chord::Request::Neighbours),
            Self::Ping => Request::Chord(chord::Request::Ping),
            Self::Step(question) => {
                let avoid = limit(question.avoid, chord::MAX_AVOID)?;
                let question = chord::Question { avoid, ..question };
                Request::Chord(chord::Request::Step(Box::new(question)))
            }
            Self::Forward(forward) => {
                let forward = chord::Forward {
                    lookup: forward.lookup,
                    origin: cards.check(forward.origin)?,
                    key: forward.key,
                    routing: forward.routing,
                    arrived: forward.arrived,
                    path: limit(forward.path, chord::MAX_PATH)?,
                };
                Request::Chord(chord::Request::Forward(Arc::new(forward)))
            }
            Self::Read(key) => Request::Store(store::Request::Read(key)),
            Self::Write(copy) => Request::Store(store::Request::Write(copy)),
            Self::Offer(entries) => {
                let entries = limit(entries, store::MAX_OFFER)?;
                Request::Store(store::Request::Offer(entries))
            }
            Self::Retired(never) => match never {},
            Self::Group(request) => Request::Group(Box::new(request.check(cards)?)),
        })
    }
}

impl WireResponse {
    fn of(response: &Response) -> Self {
        match response {
            Response::Chord(chord::Response::Neighbours(neighbours)) => {
                Self::Neighbours(WireNeighbours::of(neighbours))
            }
            Response::Chord(chord::Response::Pong) => Self::Pong,
            Response::Chord(chord::Response::Step(hop)) => {
                Self::Step(WireStep::of(&hop.step), WireNeighbours::of(&hop.neighbours))
            }
            Response::Chord(chord::Response::Forwarded) => Self::Forwarded,
            Response::Chord(chord::Response::NotMember) => Self::NotMember,
            Response::Store(store::Response::Value(copy)) => Self::Value(copy.clone()),
            Response::Store(store::Response::Written) => Self::Written,
            Response::Store(store::Response::Refused(error)) => Self::Refused(*error),
            Response::Store(store::Response::Wanted { lacking, newer }) => {
                Self::Wanted(lacking.clone(), newer.clone())
            }
            Response::Group(response) => Self::Group(WireGroupResponse::of(response)),
            Response::Unsupported => Self::Unsupported,
        }
    }

    fn check(self, cards: &mut Cards) -> Result<Response, DecodeError> {
        Ok(match self {
            Self::Neighbours(neighbours) => {
                Response::Chord(chord::Response::Neighbours(neighbours.check(cards)?))
            }
            Self::Pong => Response::Chord(chord::Response::Pong),
            Self::Step(step, neighbours) => {
                let hop = chord::NextHop {
                    step: step.check(cards)?,
                    neighbours: neighbours.check(cards)?,
                };
                Response::Chord(chord::Response::Step(Box::new(hop)))
            }
            Self::Forwarded => Response::Chord(chord::Response::Forwarded),
            Self::NotMember => Response::Chord(chord::Response::NotMember),
            Self::Value(copy) => Response::Store(store::Response::Value(copy)),
            Self::Written => Response::Store(store::Response::Written),
            Self::Refused(error) => Response::Store(store::Response::Refused(error)),
            Self::Wanted(lacking, newer) => Response::Store(store::Response::Wanted {
                lacking: limit(lacking, store::MAX_OFFER)?,
                newer: limit(newer, store::MAX_OFFER)?,
            }),
            Self::Retired(never) => match never {},
            Self::Group(response) => Response::Group(response.check(cards)?),
            Self::Unsupported => Response::Unsupported,
        })
    }
}

impl WireNotice {
    fn of(notice: &chord::Notice) -> Self {
        match notice {
            chord::Notice::Notify => Self::Notify,
            chord::Notice::Found(found) => Self::Found(
                found.lookup,
                found.path.clone(),
                WireNeighbours::of(&found.neighbours),
            ),
            chord::Notice::Leaving(neighbours) => Self::Leaving(WireNeighbours::of(neighbours)),
        }
    }

    fn check(self, cards: &mut Cards) -> Result<chord::Notice, DecodeError> {
        Ok(match self {
            Self::Notify => chord::Notice::Notify,
            Self::Found(lookup, path, neighbours) => chord::Notice::Found(Box::new(chord::Found {
                lookup,
                path: limit(path, chord::MAX_PATH + 1)?,
                neighbours: neighbours.check(cards)?,
            })),
            Self::Leaving(neighbours) => chord::Notice::Leaving(neighbours.check(cards)?),
        })
    }
}

impl WireNeighbours {
    fn of(neighbours: &chord::Neighbours) -> Self {
        Self {
            predecessor: neighbours.predecessor.as_ref().map(card),
            successors: neighbours.successors.iter().map(card).collect(),
        }
    }

    fn check(self, cards: &mut Cards) -> Result<chord::Neighbours, DecodeError> {
        let predecessor = self.predecessor.map(|card| cards.check(card)).transpose()?;
        let successors = limit(self.successors, chord::MAX_SUCCESSORS)?
            .into_iter()
            .map(|card| cards.check(card))
            .collect::<Result<_, _>>()?;
        Ok(chord::Neighbours {
            predecessor,
            successors,
        })
    }
}

impl WireStep {
    fn of(step: &Step) -> Self {
        match step {
            Step::Here => Self::Here,
            Step::Owner(contact) => Self::Owner(card(contact)),
            // How the node of a row was chosen makes no difference to the requester.
            Step::Finger { row, contact } | Step::Near { row, contact } => {
                Self::Finger(*row, card(contact))
            }
            Step::Along(contact) => Self::Along(card(contact)),
            Step::Back(contact) => Self::Back(card(contact)),
        }
    }

    fn check(self, cards: &mut Cards) -> Result<Step, DecodeError> {
        Ok(match self {
            Self::Here => Step::Here,
            Self::Owner(card) => Step::Owner(cards.check(card)?),
            Self::Finger(row, card) => Step::Finger {
                row,
                contact: cards.check(card)?,
            },
            Self::Along(card) => Step::Along(cards.check(card)?),
            Self::Back(card) => Step::Back(cards.check(card)?),
        })
    }
}
