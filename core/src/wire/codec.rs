//! Messages, contacts and records to bytes and back.

use alloc::vec::Vec;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::base::contact::{Card, Contact};
use crate::base::features::Features;
use crate::message::Message;
use crate::store::group::{Control, Entry};
use crate::store::message::StoredRecord;
use crate::store::renewal::Renewal;
pub use crate::wire::cards::{Cards, DecodeError};
use crate::wire::frame::MAX_FRAME;
use crate::wire::groups::WireControl;
use crate::wire::vocabulary::{self, WireMessage};

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
    if let Some(error) = vocabulary::unknown_request(bytes) {
        return Err(error);
    }
    decode::<WireMessage>(bytes)?.check(cards)
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

/// The bytes of a record and its remaining life, as kept on disk.
///
/// # Errors
/// [`DecodeError::TooLong`] never, as a record is bounded.
pub fn encode_copy(copy: &StoredRecord) -> Result<Vec<u8>, DecodeError> {
    encode(copy)
}

/// Reads a kept record. Its signature is checked when a node takes it in.
///
/// # Errors
/// [`DecodeError::Malformed`] when it is none.
pub fn decode_copy(bytes: &[u8]) -> Result<StoredRecord, DecodeError> {
    decode(bytes)
}

/// The bytes of a renewal, as kept on disk.
///
/// # Errors
/// [`DecodeError::TooLong`] never, as a renewal is bounded.
pub fn encode_renewal(renewal: &Renewal) -> Result<Vec<u8>, DecodeError> {
    encode(renewal)
}

/// Reads a kept renewal.
///
/// # Errors
/// [`DecodeError::Malformed`] when it is none.
pub fn decode_renewal(bytes: &[u8]) -> Result<Renewal, DecodeError> {
    decode(bytes)
}

/// The bytes of what a node remembers of its groups, as kept on disk.
///
/// # Errors
/// [`DecodeError::Malformed`] never.
pub fn encode_control(control: &Control) -> Result<Vec<u8>, DecodeError> {
    let bytes = postcard::to_allocvec(&WireControl::of(control));
    // Fences stand behind all else: a control without them ends before.
    let bytes = match control.fences.is_empty() {
        true => bytes,
        false => bytes.and_then(|bytes| postcard::to_extend(&control.fences, bytes)),
    };
    bytes.map_err(|_| DecodeError::Malformed)
}

/// Reads what a node remembered of its groups.
///
/// # Errors
/// [`DecodeError`] names what is wrong.
pub fn decode_control(bytes: &[u8], cards: &mut Cards) -> Result<Control, DecodeError> {
    let taken = postcard::take_from_bytes(bytes).map_err(|_| DecodeError::Malformed)?;
    let (control, rest): (WireControl, &[u8]) = taken;
    let fences = match rest.is_empty() {
        true => Vec::new(),
        false => match postcard::take_from_bytes(rest) {
            Ok((fences, [])) => fences,
            _ => return Err(DecodeError::Malformed),
        },
    };
    control.check(fences, cards)
}

/// The bytes of a group's entry, as kept on disk.
///
/// # Errors
/// [`DecodeError::TooLong`] never, as a record is bounded.
pub fn encode_entry(entry: &Entry) -> Result<Vec<u8>, DecodeError> {
    encode(entry)
}

/// Reads a kept entry.
///
/// # Errors
/// [`DecodeError::Malformed`] when it is none.
pub fn decode_entry(bytes: &[u8]) -> Result<Entry, DecodeError> {
    decode(bytes)
}

fn encode(value: &impl Serialize) -> Result<Vec<u8>, DecodeError> {
    let bytes = postcard::to_allocvec(value).map_err(|_| DecodeError::Malformed)?;
    if bytes.len() > MAX_FRAME {
        return Err(DecodeError::TooLong);
    }
    Ok(bytes)
}

fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, DecodeError> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::contact::{Address, ContactError};
    use crate::base::id::{Id, Space};
    use crate::base::identity::{Scheme, Signer};
    use crate::base::rng::Rng;
    use crate::chord::message::{
        Forward, Found, MAX_AVOID, Neighbours, NextHop, Notice, Question, Request as Ask,
        Response as Answer,
    };
    use crate::chord::route::{Routing, Step};
    use crate::message::{Request, Response};
    use crate::store::group::fence::Fence;
    use crate::store::message as store;
    use crate::store::record::{MAX_VALUE, Name, Record, RecordError};
    use crate::wire::groups::WireGroupRequest;
    use alloc::boxed::Box;
    use alloc::sync::Arc;
    use alloc::vec;
    use core::time::Duration;

    fn contact(secret: u8) -> Contact {
        let address = Address::parse_url("ws://127.0.0.1:7340").unwrap();
        let signer = Signer::ed25519([secret; 32]);
        Contact::sign(Space::FULL, &signer, 0, 3, vec![address]).unwrap()
    }

    fn cards() -> Cards {
        Cards::new(Space::FULL, Scheme::ED25519)
    }

    fn largest_copy() -> Box<StoredRecord> {
        let name = Name::new("n".repeat(255)).unwrap();
        let value = Some(vec![7; MAX_VALUE]);
        let life = Duration::from_secs(60);
        let record = Record::sign(&Signer::ed25519([1; 32]), name, value, 9, life).unwrap();
        Box::new(StoredRecord {
            record,
            remaining: 60,
        })
    }

    fn neighbours() -> Neighbours {
        Neighbours {
            predecessor: Some(contact(1)),
            successors: [contact(2), contact(3)].into(),
        }
    }

    /// Returns one message of each kind.
    fn messages() -> Vec<Message> {
        let requests = requests().into_iter();
        let requests = requests.map(|request| Message::Request(1, request));
        let responses = responses().into_iter();
        let responses = responses.map(|response| Message::Response(u64::MAX, response));
        let notices = notices().map(Message::Notice);
        requests.chain(responses).chain(notices).collect()
    }

    fn requests() -> Vec<Request> {
        let key = Id::from_bytes([9; 20]);
        let version = largest_copy().record.version();
        let question = Question {
            lookup: 5,
            key,
            routing: Routing::Linear,
            arrived: true,
            avoid: vec![key; MAX_AVOID],
        };
        let forward = Forward {
            lookup: 6,
            origin: contact(4),
            key,
            routing: Routing::Finger,
            arrived: false,
            path: vec![key, key],
        };
        vec![
            Request::Chord(Ask::Neighbours),
            Request::Chord(Ask::Ping),
            Request::Chord(Ask::Step(Box::new(question))),
            Request::Chord(Ask::Forward(Arc::new(forward))),
            Request::Store(store::Request::Read(key)),
            Request::Store(store::Request::Write(largest_copy())),
            Request::Store(store::Request::Offer(vec![(key, version)])),
        ]
    }

    fn responses() -> Vec<Response> {
        let finger = Step::Finger {
            row: 160,
            contact: contact(5),
        };
        let step = |step| {
            let neighbours = neighbours();
            Response::Chord(Answer::Step(Box::new(NextHop { step, neighbours })))
        };
        vec![
            Response::Chord(Answer::Neighbours(neighbours())),
            Response::Chord(Answer::Pong),
            step(Step::Here),
            step(Step::Owner(contact(5))),
            step(finger),
            step(Step::Along(contact(5))),
            step(Step::Back(contact(5))),
            Response::Chord(Answer::Forwarded),
            Response::Chord(Answer::NotMember),
            Response::Store(store::Response::Value(Some(largest_copy()))),
            Response::Store(store::Response::Value(None)),
            Response::Store(store::Response::Written),
            Response::Store(store::Response::Refused(RecordError::Full)),
            Response::Store(store::Response::Wanted {
                lacking: vec![Id::from_bytes([9; 20])],
                newer: vec![],
            }),
            Response::Unsupported,
        ]
    }

    fn notices() -> [Notice; 3] {
        let found = Found {
            lookup: 7,
            path: vec![Id::from_bytes([9; 20])],
            neighbours: neighbours(),
        };
        [
            Notice::Notify,
            Notice::Found(Box::new(found)),
            Notice::Leaving(neighbours()),
        ]
    }

    #[test]
    fn every_message_goes_there_and_back() {
        for message in messages() {
            let bytes = encode_message(&message).unwrap();
            assert_eq!(decode_message(&bytes, &mut cards()), Ok(message));
        }
    }

    #[test]
    fn a_message_with_a_byte_too_many_or_too_few_is_refused() {
        for message in messages() {
            let mut bytes = encode_message(&message).unwrap();
            bytes.push(0);
            let longer = decode_message(&bytes, &mut cards());
            assert!(matches!(
                longer,
                Err(DecodeError::Trailing | DecodeError::TooLong)
            ));
            bytes.truncate(bytes.len() - 2);
            assert!(decode_message(&bytes, &mut cards()).is_err());
        }
    }

    #[test]
    fn an_unknown_request_is_told_from_garbage() {
        let decode = |bytes: &[u8]| decode_message(bytes, &mut cards());
        for number in [0, 127, 300, u64::MAX] {
            let unknown = Err(DecodeError::UnknownRequest(number));
            for request in [vocabulary::KNOWN_REQUESTS, 99, u32::MAX] {
                let bytes = postcard::to_allocvec(&(0_u32, number, request, [7_u8; 20])).unwrap();
                assert_eq!(decode(&bytes), unknown, "request {request}");
            }
            let group = vocabulary::KNOWN_REQUESTS - 1;
            for request in [WireGroupRequest::KNOWN, u32::MAX] {
                let bytes = postcard::to_allocvec(&(0_u32, number, group, request)).unwrap();
                assert_eq!(decode(&bytes), unknown, "group request {request}");
            }
        }
        // Neither a known request with nonsense in it nor anything else that is unknown.
        assert_eq!(decode(&[0, 1, 5, 9]), Err(DecodeError::Malformed));
        for kind in [1, 2, 3, 4] {
            assert_eq!(decode(&[kind, 99, 99, 99]), Err(DecodeError::Malformed));
        }
    }

    #[test]
    fn features_stand_behind_the_card_and_more_may_follow() {
        let contact = contact(1);
        let features = Features::from_bits(1 << 40 | 3);
        let mut bytes = encode_introduction(&contact, Some(features)).unwrap();
        let expected = Ok((contact.clone(), features));
        assert_eq!(decode_introduction(&bytes, true, &mut cards()), expected);
        assert!(decode_introduction(&bytes, false, &mut cards()).is_err());
        bytes.extend([1, 2, 3]);
        assert_eq!(decode_introduction(&bytes, true, &mut cards()), expected);
        let bare = encode_introduction(&contact, None).unwrap();
        let none = Ok((contact, Features::NONE));
        assert_eq!(decode_introduction(&bare, false, &mut cards()), none);
        assert!(decode_introduction(&bare, true, &mut cards()).is_err());
    }

    #[test]
    fn a_control_without_fences_ends_before_them() {
        let fence = Fence {
            lineage: 1,
            after: Id::from_bytes([1; 20]),
            upto: Id::from_bytes([2; 20]),
            generation: 1,
            lost: vec![(Id::from_bytes([3; 20]), 4)],
        };
        let bare = Control::default();
        let fenced = Control {
            fences: vec![fence],
            ..Control::default()
        };
        let [short, long] = [&bare, &fenced].map(|control| encode_control(control).unwrap());
        assert!(long.starts_with(&short));
        let decode = |bytes: &[u8]| decode_control(bytes, &mut cards());
        assert_eq!((decode(&short), decode(&long)), (Ok(bare), Ok(fenced)));
        let trailing = [long, vec![0]].concat();
        assert_eq!(decode(&trailing), Err(DecodeError::Malformed));
    }

    #[test]
    fn a_forged_contact_is_refused_even_beside_a_known_one() {
        let mut cards = cards();
        let good = contact(1);
        assert!(cards.check(good.card().clone()).is_ok());
        let mut forged = good.card().clone();
        forged.version += 1;
        assert_eq!(
            cards.check(forged),
            Err(DecodeError::Contact(ContactError::Signature))
        );
    }

    #[test]
    fn random_and_mutated_bytes_never_panic() {
        let mut rng = Rng::from_seed(1, 0);
        let mut cards = cards();
        let samples: Vec<Vec<u8>> = messages()
            .iter()
            .map(|message| encode_message(message).unwrap())
            .filter(|bytes| bytes.len() < 4_096)
            .collect();
        for round in 0..3_000_usize {
            let mut bytes = samples[round % samples.len()].clone();
            for _ in 0..=rng.below(3) {
                let at = usize::try_from(rng.below(bytes.len() as u64)).unwrap();
                bytes[at] = u8::try_from(rng.below(256)).unwrap();
            }
            let _ = decode_message(&bytes, &mut cards);
            let mut noise = vec![0; usize::try_from(rng.below(64)).unwrap()];
            rng.fill(&mut noise);
            let _ = decode_message(&noise, &mut cards);
            let _ = decode_copy(&noise);
            let _ = crate::wire::frame::Frame::decode(&noise);
        }
    }
}
