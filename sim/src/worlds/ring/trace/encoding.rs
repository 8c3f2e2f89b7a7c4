//! The trace as bytes: what its digest covers.
//!
//! An entry is its time, its cause and what happened; the digest takes each entry as one part. It is made of
//!
//! | | bytes |
//! |---|---|
//! | a number | 1, 4 or 8, as wide as its type, least significant first |
//! | a flag | 1: 0 or 1 |
//! | an id | 20, most significant first, whatever the width of the space |
//! | a time or a duration | 8: microseconds of virtual time |
//! | data: a name, a value, a salt, a key, a digest | 4 for the length, then the data |
//! | what may be missing | 0; or 1, then what is there |
//! | a list | 4 for the length, then each |
//! | an outcome | 0, then the result; or 1, then the error |
//! | one of several | 1 that says which, then its fields in the order of their declaration |
//! | a contact | its id, then its version |
//! | a message | its number, sender, receiver, when it was sent and arrives, [`Kind`], traffic, and the lookup that it belongs to |
//!
//! The number that says which of several is never used for another one. No text of a log is part of the bytes: nothing here
//! takes text but as data, so that words may change and digests stay.

use alloc::vec::Vec;
use core::time::Duration;

use super::{Entry, Parcel, Traffic, What};
use crate::worlds::ring::action::Action;
use crate::worlds::ring::kind::Kind;
use chordscope_core::base::contact::Contact;
use chordscope_core::base::content::ContentId;
use chordscope_core::base::id::Id;
use chordscope_core::base::identity::PublicKey;
use chordscope_core::base::time::Instant;
use chordscope_core::chord::fingers::Change;
use chordscope_core::chord::invariant::Property;
use chordscope_core::chord::route::{Mode, Routing, Step};
use chordscope_core::node::adopting::{Adoption, AdoptionState};
use chordscope_core::node::api::{
    Event, Level, Limit, LookupError, LookupId, OperationId, Report, Standing, StoreError, Visit,
    Written,
};
use chordscope_core::store::record::{
    Item, Label, Provider, Providers, Record, RecordError, Version,
};
use chordscope_core::store::renewal::Renewal;

impl Entry {
    /// Adds the entry to these bytes.
    pub(crate) fn encode(&self, bytes: &mut Vec<u8>) {
        Encoding(bytes)
            .put(&self.at)
            .put(&self.cause)
            .put(&self.what);
    }
}

/// Bytes that grow field by field.
struct Encoding<'a>(&'a mut Vec<u8>);

/// A part of an entry that goes into the digest. Text is not: a name or a value goes in as [`Data`].
trait Field {
    fn encode(&self, out: &mut Encoding<'_>);
}

/// Bytes that nodes work with.
struct Data<'a>(&'a [u8]);

impl Encoding<'_> {
    fn put(&mut self, field: &impl Field) -> &mut Self {
        field.encode(self);
        self
    }

    /// Puts the number of one of several variants.
    fn which(&mut self, number: u8) -> &mut Self {
        self.put(&number)
    }

    /// A length. Nothing in a trace is longer than four bytes can say.
    fn length(&mut self, length: usize) -> &mut Self {
        self.put(&u32::try_from(length).unwrap_or(u32::MAX))
    }

    /// A name or a value that was given as text.
    fn data(&mut self, text: &str) -> &mut Self {
        self.put(&Data(text.as_bytes()))
    }
}

impl Field for u8 {
    fn encode(&self, out: &mut Encoding<'_>) {
        out.0.push(*self);
    }
}

impl Field for bool {
    fn encode(&self, out: &mut Encoding<'_>) {
        out.put(&u8::from(*self));
    }
}

impl Field for u32 {
    fn encode(&self, out: &mut Encoding<'_>) {
        out.0.extend_from_slice(&self.to_le_bytes());
    }
}

impl Field for u64 {
    fn encode(&self, out: &mut Encoding<'_>) {
        out.0.extend_from_slice(&self.to_le_bytes());
    }
}

impl Field for Id {
    fn encode(&self, out: &mut Encoding<'_>) {
        out.0.extend_from_slice(&self.to_bytes());
    }
}

impl Field for Instant {
    fn encode(&self, out: &mut Encoding<'_>) {
        out.put(&self.as_micros());
    }
}

impl Field for Duration {
    fn encode(&self, out: &mut Encoding<'_>) {
        out.put(&u64::try_from(self.as_micros()).unwrap_or(u64::MAX));
    }
}

impl Field for Data<'_> {
    fn encode(&self, out: &mut Encoding<'_>) {
        out.length(self.0.len()).0.extend_from_slice(self.0);
    }
}

impl Field for PublicKey {
    fn encode(&self, out: &mut Encoding<'_>) {
        out.put(&Data(&self.0));
    }
}

impl Field for ContentId {
    fn encode(&self, out: &mut Encoding<'_>) {
        out.put(&Data(&self.0));
    }
}

impl<F: Field> Field for Option<F> {
    fn encode(&self, out: &mut Encoding<'_>) {
        match self {
            None => out.which(0),
            Some(field) => out.which(1).put(field),
        };
    }
}

impl<F: Field> Field for Vec<F> {
    fn encode(&self, out: &mut Encoding<'_>) {
        out.length(self.len());
        for field in self {
            out.put(field);
        }
    }
}

impl<F: Field, G: Field> Field for (F, G) {
    fn encode(&self, out: &mut Encoding<'_>) {
        out.put(&self.0).put(&self.1);
    }
}

impl<F: Field, E: Field> Field for Result<F, E> {
    fn encode(&self, out: &mut Encoding<'_>) {
        match self {
            Ok(done) => out.which(0).put(done),
            Err(error) => out.which(1).put(error),
        };
    }
}

impl Field for Contact {
    fn encode(&self, out: &mut Encoding<'_>) {
        out.put(&self.id()).put(&self.card().version);
    }
}

impl Field for What {
    fn encode(&self, out: &mut Encoding<'_>) {
        match self {
            Self::Acted(action) => out.which(0).put(action),
            Self::Sent(parcel) => out.which(1).put(parcel),
            Self::Delivered(parcel) => out.which(2).put(parcel),
            Self::Lost(parcel) => out.which(3).put(parcel),
            Self::Garbled(parcel) => out.which(4).put(parcel),
            Self::Node(node, event) => out.which(5).put(node).put(event),
            Self::Broken(property, node) => out.which(6).put(property).put(node),
            Self::Mended(property) => out.which(7).put(property),
        };
    }
}

impl Field for Parcel {
    fn encode(&self, out: &mut Encoding<'_>) {
        out.put(&self.number)
            .put(&self.from)
            .put(&self.to)
            .put(&self.sent)
            .put(&self.arrives)
            .put(&self.kind)
            .put(&self.traffic)
            .put(&self.lookup);
    }
}

impl Field for Kind {
    fn encode(&self, out: &mut Encoding<'_>) {
        out.which(self.number());
    }
}

impl Field for Traffic {
    fn encode(&self, out: &mut Encoding<'_>) {
        out.which(match self {
            Self::Lookup => 0,
            Self::Records => 1,
            Self::Upkeep => 2,
        });
    }
}

impl Field for Property {
    fn encode(&self, out: &mut Encoding<'_>) {
        out.which(match self {
            Self::OneOrderedRing => 0,
            Self::EveryNodeReachable => 1,
            Self::ListsInOrder => 2,
            Self::OneOwnerPerKey => 3,
        });
    }
}

impl Field for Level {
    fn encode(&self, out: &mut Encoding<'_>) {
        out.which(match self {
            Self::One => 0,
            Self::Quorum => 1,
        });
    }
}

impl Field for Routing {
    fn encode(&self, out: &mut Encoding<'_>) {
        out.which(match self {
            Self::Finger => 0,
            Self::Linear => 1,
        });
    }
}

impl Field for Mode {
    fn encode(&self, out: &mut Encoding<'_>) {
        out.which(match self {
            Self::Recursive => 0,
            Self::Iterative => 1,
        });
    }
}

impl Field for Action {
    fn encode(&self, out: &mut Encoding<'_>) {
        match self {
            Self::Lookup {
                from,
                key,
                routing,
                mode,
            } => out.which(0).put(from).put(key).put(routing).put(mode),
            Self::Insert(node) => out.which(1).put(node),
            Self::Remove(node) => out.which(2).put(node),
            Self::Crash(node) => out.which(3).put(node),
            Self::Put { from, name, value } => out.which(4).put(from).data(name).data(value),
            Self::Get { from, name } => out.which(5).put(from).data(name),
            Self::Delete { from, name } => out.which(6).put(from).data(name),
            Self::Swap {
                from,
                name,
                expected,
                value,
            } => out.which(7).put(from).data(name).put(expected).data(value),
            Self::Delay { message, millis } => out.which(8).put(message).put(millis),
            Self::Lose(message) => out.which(9).put(message),
            Self::Split(nodes) => out.which(10).put(nodes),
            Self::Heal => out.which(11),
            Self::Pause(node) => out.which(12).put(node),
            Self::Resume(node) => out.which(13).put(node),
            Self::Slow { node, millis } => out.which(14).put(node).put(millis),
            Self::Corrupt(node) => out.which(15).put(node),
            Self::Misroute(node) => out.which(16).put(node),
            Self::Mend(node) => out.which(17).put(node),
            Self::Restart(node) => out.which(18).put(node),
        };
    }
}

impl Field for Event {
    fn encode(&self, out: &mut Encoding<'_>) {
        match self {
            Self::Joined => out.which(0),
            Self::JoinFailed => out.which(1),
            Self::Left => out.which(2),
            Self::Alone => out.which(3),
            Self::Probed(contact, standing) => out.which(4).put(contact).put(standing),
            Self::Predecessor { old, new } => out.which(5).put(old).put(new),
            Self::Successors(list) => out.which(6).put(list),
            Self::Finger(change) => out.which(7).put(change),
            Self::Routed {
                lookup,
                key,
                step,
                predecessor,
            } => out.which(8).put(lookup).put(key).put(step).put(predecessor),
            Self::LookupEnded(LookupId(number), outcome) => out.which(9).put(number).put(outcome),
            Self::PutEnded(OperationId(number), outcome) => out.which(10).put(number).put(outcome),
            Self::GetEnded(OperationId(number), outcome) => out.which(11).put(number).put(outcome),
            Self::ProvidersFound(OperationId(number), outcome) => {
                out.which(12).put(number).put(outcome)
            }
            Self::Announced {
                content,
                withdrawn,
                outcome,
            } => out.which(13).put(content).put(withdrawn).put(outcome),
            Self::Conflict(key) => out.which(14).put(key),
            Self::RecordKept(key) => out.which(15).put(key),
            Self::RecordDropped(key) => out.which(16).put(key),
            Self::NoAnswer(node) => out.which(17).put(node),
            Self::LimitReached(limit) => out.which(18).put(limit),
            Self::Lifetime(OperationId(number), secs) => out.which(19).put(number).put(secs),
            Self::Renewing(renewal) => out.which(20).put(renewal),
            Self::RangeRepaired(OperationId(number), outcome) => {
                let generation = outcome.as_ref().map(|fence| fence.generation);
                out.which(23).put(number).put(&generation.ok())
            }
            Self::RenewalEnded(key, level) => out.which(21).put(key).put(level),
            Self::Renewed(key, level, copies) => out.which(22).put(key).put(level).put(copies),
            Self::RenewalFailed(key, level, error) => out.which(24).put(key).put(level).put(error),
            Self::LineageConflict(conflict) => {
                out.which(25).put(&conflict.number).put(&conflict.key);
                out.put(&conflict.record)
            }
            Self::AdoptionEnded(adoption) => out.which(26).put(adoption.as_ref()),
        };
    }
}

impl Field for Standing {
    fn encode(&self, out: &mut Encoding<'_>) {
        out.which(match self {
            Self::Alone => 0,
            Self::Member => 1,
            Self::Outside => 2,
        });
    }
}

impl Field for Adoption {
    fn encode(&self, out: &mut Encoding<'_>) {
        out.put(&self.from).put(&self.to);
        match &self.state {
            AdoptionState::Running => out.which(0),
            AdoptionState::Done => out.which(1),
            AdoptionState::Failed(error) => out.which(2).put(error),
            AdoptionState::Unknown => out.which(3),
            AdoptionState::GivenUp(other) => out.which(4).put(other),
            AdoptionState::Held(awaited) => out.which(5).put(awaited),
            AdoptionState::Unanswered => out.which(6),
        };
        out.put(&self.imported)
            .put(&self.present)
            .put(&self.conflicts);
    }
}

impl Field for Renewal {
    fn encode(&self, out: &mut Encoding<'_>) {
        out.put(&self.key)
            .put(&self.version)
            .put(&self.lifetime)
            .put(&self.quorum);
    }
}

impl Field for Version {
    fn encode(&self, out: &mut Encoding<'_>) {
        out.put(&self.sequence)
            .put(&self.author)
            .put(&Data(&self.digest));
    }
}

impl Field for Change {
    fn encode(&self, out: &mut Encoding<'_>) {
        out.put(&self.row)
            .put(&self.start)
            .put(&self.old)
            .put(&self.new);
    }
}

impl Field for Step {
    fn encode(&self, out: &mut Encoding<'_>) {
        match self {
            Self::Here => out.which(0),
            Self::Owner(contact) => out.which(1).put(contact),
            Self::Finger { row, contact } => out.which(2).put(row).put(contact),
            Self::Near { row, contact } => out.which(3).put(row).put(contact),
            Self::Along(contact) => out.which(4).put(contact),
            Self::Back(contact) => out.which(5).put(contact),
        };
    }
}

impl Field for Report {
    fn encode(&self, out: &mut Encoding<'_>) {
        out.put(&self.key)
            .put(&self.routing)
            .put(&self.mode)
            .put(&self.owner)
            .put(&self.group)
            .put(&self.path)
            .put(&self.took);
    }
}

impl Field for Visit {
    fn encode(&self, out: &mut Encoding<'_>) {
        out.put(&self.id).put(&self.contact).put(&self.rtt);
    }
}

impl Field for Written {
    // Without the number of members, which is newer than this encoding.
    fn encode(&self, out: &mut Encoding<'_>) {
        out.put(&self.key).put(&self.sequence).put(&self.copies);
    }
}

/// An error that was added to the core after this encoding was fixed.
const UNNUMBERED: u8 = u8::MAX;

impl Field for LookupError {
    fn encode(&self, out: &mut Encoding<'_>) {
        out.which(match self {
            Self::NotMember => 0,
            Self::Busy => 1,
            Self::Deadline => 2,
            _ => UNNUMBERED,
        });
    }
}

impl Field for StoreError {
    fn encode(&self, out: &mut Encoding<'_>) {
        match self {
            Self::NotMember => out.which(0),
            Self::Busy => out.which(1),
            Self::Unavailable => out.which(2),
            Self::Mismatch(sequence) => out.which(3).put(sequence),
            Self::Record(error) => out.which(4).put(error),
            Self::NoGroup => out.which(5),
            Self::NoMajority(awaited) => out.which(6).put(awaited),
            Self::UnknownOutcome => out.which(7),
            Self::Unsupported => out.which(8),
            Self::Unstored { refused, awaited } => {
                out.which(9);
                for (member, error) in refused {
                    out.put(member).put(error);
                }
                out.put(awaited)
            }
            Self::Away => out.which(10),
            _ => out.which(UNNUMBERED),
        };
    }
}

impl Field for RecordError {
    fn encode(&self, out: &mut Encoding<'_>) {
        out.which(match self {
            Self::Name => 0,
            Self::Value => 1,
            Self::Lifetime => 2,
            Self::Signature => 3,
            Self::SequenceJump => 4,
            Self::Full => 5,
            Self::Storage => 6,
            Self::Salt => 7,
            Self::Providers => 8,
            Self::Level => 9,
            _ => UNNUMBERED,
        });
    }
}

impl Field for Limit {
    fn encode(&self, out: &mut Encoding<'_>) {
        out.which(match self {
            Self::Lookups => 0,
            Self::Operations => 1,
            Self::Requests => 2,
            Self::Path => 3,
            Self::Storing => 4,
            Self::Announced => 5,
            Self::Dials => 6,
            Self::Messages => 7,
            Self::Renewals => 8,
            Self::Handoffs => 9,
        });
    }
}

impl Field for Record {
    fn encode(&self, out: &mut Encoding<'_>) {
        match self {
            Self::Immutable(value) => out.which(0).put(&Data(value)),
            Self::Item(item) => out.which(1).put(item),
            Self::Providers(providers) => out.which(2).put(providers),
        };
    }
}

impl Field for Item {
    fn encode(&self, out: &mut Encoding<'_>) {
        out.put(&self.label)
            .put(&self.value.as_deref().map(Data))
            .put(&self.sequence)
            .put(&self.author)
            .put(&self.lifetime)
            .put(&Data(&self.signature.to_bytes()));
    }
}

impl Field for Label {
    fn encode(&self, out: &mut Encoding<'_>) {
        match self {
            Self::Name(name) => out.which(0).data(name.as_str()),
            Self::Salt(salt) => out.which(1).put(&Data(salt.as_bytes())),
        };
    }
}

impl Field for Providers {
    fn encode(&self, out: &mut Encoding<'_>) {
        out.put(&self.content).put(&self.entries);
    }
}

/// Of the author's card its key, index and version: simulated nodes have no addresses.
impl Field for Provider {
    fn encode(&self, out: &mut Encoding<'_>) {
        out.put(&self.card.key)
            .put(&self.card.index)
            .put(&self.card.version)
            .put(&self.sequence)
            .put(&self.withdrawn)
            .put(&self.lifetime)
            .put(&self.behind);
    }
}

#[cfg(test)]
mod tests;
