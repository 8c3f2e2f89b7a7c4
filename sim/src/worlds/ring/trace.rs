//! The trace of a world: entries, each with its cause.

mod encoding;

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use crate::engine::chrome::{Charted, Mark};
use crate::worlds::ring::RingWorld;
use crate::worlds::ring::action::Action;
use crate::worlds::ring::kind::Kind;
use chordscope_core::base::contact::Contact;
use chordscope_core::base::id::{Id, Space};
use chordscope_core::base::time::Instant;
use chordscope_core::chord::invariant::Property;
use chordscope_core::chord::route::{Mode, Routing, Step};
use chordscope_core::node::adopting::AdoptionState;
use chordscope_core::node::api::{Event, StoreError};

/// The purpose of a message's traffic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Traffic {
    /// A lookup that a person asked for.
    Lookup,
    /// Reading and writing records.
    Records,
    /// The ring's upkeep of itself: overhead.
    Upkeep,
}

/// A message between two nodes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parcel {
    /// The message's number in the world.
    pub number: u64,
    /// The sender.
    pub from: Id,
    /// The receiver.
    pub to: Id,
    /// The time at which it was sent.
    pub sent: Instant,
    /// The time at which it arrives.
    pub arrives: Instant,
    /// The kind of message.
    pub kind: Kind,
    /// The traffic that it belongs to.
    pub traffic: Traffic,
    /// The lookup it belongs to: its origin and the origin's number.
    pub lookup: Option<(Id, u64)>,
}

impl Parcel {
    /// Returns the fraction of its way that it has come at `now`, 0 to 1: all that a drawing needs.
    pub fn progress(&self, now: Instant) -> f64 {
        let whole = self.arrives.since(self.sent).as_micros().max(1);
        let done = now.since(self.sent).as_micros().min(whole);
        done as f64 / whole as f64
    }
}

/// An event in a ring.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// A user acted.
    Acted(Action),
    /// A message was sent.
    Sent(Parcel),
    /// A message arrived.
    Delivered(Parcel),
    /// A message did not arrive: its receiver is gone, or the network lost it.
    Lost(Parcel),
    /// A message arrived broken: its link is closed.
    Garbled(Parcel),
    /// A node reports something.
    Node(Id, Event),
    /// A property of the ring stopped holding, at this node.
    Broken(Property, Id),
    /// A property of the ring holds again.
    Mended(Property),
}

/// One entry of the trace.
pub type Entry = crate::engine::trace::Entry<What>;

/// A lookup that a person asked for, as far as it has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LookupTrace {
    /// The node that asks and its number for the lookup.
    pub id: (Id, u64),
    /// The key.
    pub key: Id,
    /// Along fingers or successors.
    pub routing: Routing,
    /// The mode, which says which node drives it.
    pub mode: Mode,
    /// The time at which it began.
    pub started: Instant,
    /// The index of the trace's entry that asks for it: what happens at one moment has an order there.
    pub first_entry: u64,
    /// The time at which it ended.
    pub finished: Option<Instant>,
    /// The index of the trace's entry that ended it.
    pub last_entry: Option<u64>,
    /// The nodes reached so far, origin first: of the branch that leads, where a lookup has fallen into several.
    pub path: Vec<Id>,
    /// The owner, once found.
    pub owner: Option<Id>,
    /// True if the lookup ended without an owner.
    pub failed: bool,
    /// True if the lookup ended because its origin stopped.
    pub stopped: bool,
    /// The number of times that a node was asked that is gone: a timeout, as ToN 2003 §V counts them.
    pub timeouts: u32,
    /// Each decision so far, of the branches that led.
    pub decisions: Vec<Decision>,
    /// The wait of the lookup, while the message that carried it on is lost.
    pub wait: Option<Wait>,
    /// True if the origin asks each node in turn: from the start, or since the recursive lookup took too long.
    pub driven: bool,
    /// True if the origin asks a node again that has decided already: the node that it named, or its own answer, did not come through.
    pub asks_again: bool,
    /// The node that the message that carries it on goes to or names: another than was decided where a node misroutes.
    pub leads_to: Option<Id>,
    /// The number of the message that carries it on.
    pub(super) carrier: Option<u64>,
    /// The origin's last decision beside the branch that leads, or one by which it has asked no node.
    pub(super) aside: Option<Decision>,
    /// The node that its origin's question has reached, and that has not decided yet.
    pub(super) asked: Option<Id>,
}

/// A wait for a message that will not come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wait {
    /// The node that waits.
    pub node: Id,
    /// The node that it waits for.
    pub silent: Id,
    /// The time since which it waits.
    pub since: Instant,
    /// The time at which it stops waiting.
    pub until: Instant,
}

/// One node's decision about a lookup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// The time.
    pub at: Instant,
    /// The index of the trace's entry that tells it.
    pub entry: u64,
    /// The node.
    pub node: Id,
    /// The decision.
    pub step: Step,
    /// The predecessor by which it was made.
    pub predecessor: Option<Id>,
}

impl Decision {
    /// The rule in words with its numbers.
    pub fn explain(&self, space: Space, key: Id) -> String {
        self.step.explain(space, self.node, self.predecessor, key)
    }

    /// The node that comes next.
    pub fn next(&self) -> Option<Id> {
        self.step.next().map(Contact::id)
    }
}

impl What {
    /// Returns whether it is worth stopping at in a step: an arrival of a lookup or record message, a change of a node's state, a deed, a
    /// loss.
    pub const fn is_notable(&self) -> bool {
        match self {
            Self::Acted(_)
            | Self::Broken(..)
            | Self::Mended(_)
            | Self::Lost(_)
            | Self::Garbled(_) => true,
            Self::Sent(_) => false,
            Self::Delivered(parcel) => {
                !matches!(parcel.traffic, Traffic::Upkeep) && !parcel.kind.is_acknowledgement()
            }
            Self::Node(_, event) => matches!(
                event,
                Event::Joined
                    | Event::JoinFailed
                    | Event::Left
                    | Event::Alone
                    | Event::Probed(..)
                    | Event::Predecessor { .. }
                    | Event::Successors(_)
                    | Event::Finger(_)
                    | Event::LookupEnded(..)
                    | Event::PutEnded(..)
                    | Event::GetEnded(..)
            ),
        }
    }
}

impl Entry {
    /// Returns whether it is worth stopping at in a step.
    pub const fn is_notable(&self) -> bool {
        self.what.is_notable()
    }

    /// Returns whether it belongs to the ring's upkeep only.
    pub const fn is_upkeep(&self) -> bool {
        match &self.what {
            What::Sent(parcel)
            | What::Delivered(parcel)
            | What::Lost(parcel)
            | What::Garbled(parcel) => {
                matches!(parcel.traffic, Traffic::Upkeep)
            }
            _ => false,
        }
    }

    /// The entry in words.
    pub fn describe(&self, space: Space) -> String {
        match &self.what {
            What::Acted(action) => action.describe(space),
            What::Sent(parcel) => parcel.describe(space),
            What::Delivered(parcel) => format!("{} arrives", parcel.describe(space)),
            What::Lost(parcel) => format!("{} lost", parcel.describe(space)),
            What::Garbled(parcel) => {
                let parcel = parcel.describe(space);
                format!("{parcel} arrives corrupted: the link is closed")
            }
            What::Node(node, event) => describe_event(space, *node, event),
            What::Broken(property, node) => {
                format!(
                    "violated at node {}: {}",
                    space.show(*node),
                    property.title()
                )
            }
            // Also where it holds of no node at all, as no node is a member.
            What::Mended(property) => format!("no longer violated: {}", property.title()),
        }
    }
}

impl Charted for RingWorld {
    fn chart(&self, entry: &Entry) -> Option<Mark> {
        let space = self.space();
        let row = |id: Id| format!("node {}", space.show(id));
        let (row, category, since) = match &entry.what {
            // It is shown when it arrives, or does not.
            What::Sent(_) => return None,
            What::Delivered(parcel) | What::Lost(parcel) | What::Garbled(parcel) => {
                let category = match parcel.traffic {
                    Traffic::Lookup => "lookup",
                    Traffic::Records => "records",
                    Traffic::Upkeep => "upkeep",
                };
                let since = Some((parcel.sent, parcel.number));
                (row(parcel.from), category, since)
            }
            What::Node(node, _) => (row(*node), "event", None),
            What::Acted(_) => ("actions".to_string(), "action", None),
            What::Broken(..) | What::Mended(_) => ("invariants".to_string(), "invariant", None),
        };
        let name = entry.describe(space);
        (!name.is_empty()).then_some(Mark {
            row,
            name,
            category,
            since,
        })
    }
}

impl Parcel {
    fn describe(&self, space: Space) -> String {
        format!(
            "{} → {} {}",
            space.show(self.from),
            space.show(self.to),
            self.kind.label()
        )
    }
}

fn count(number: u64, one: &str, many: &str) -> String {
    let unit = if number == 1 { one } else { many };
    format!("{number} {unit}")
}

fn show_all(space: Space, contacts: &[Contact]) -> String {
    let ids = contacts.iter().map(|contact| space.show(contact.id()));
    ids.collect::<Vec<_>>().join(", ")
}

/// Returns a description of an event at the records of a node.
fn describe_record_event(space: Space, me: &str, event: &Event) -> String {
    match event {
        Event::RangeRepaired(_, Ok(fence)) => format!(
            "{me} repaired the range up to {}: generation {}",
            space.show(fence.upto),
            fence.generation
        ),
        Event::RangeRepaired(_, Err(error)) => format!("{me}: {error}"),
        Event::Lifetime(_, secs) => format!("{me}: the record is held for {secs} s"),
        Event::Renewing(renewal) => format!("{me} renews {}", space.show(renewal.key)),
        Event::RenewalEnded(key, _) => format!("{me} renews {} no more", space.show(*key)),
        Event::Renewed(key, _, copies) => {
            format!("{me} renewed {} in {copies} copies", space.show(*key))
        }
        Event::RenewalFailed(key, _, error) => {
            format!("{me} cannot renew {} now: {error}", space.show(*key))
        }
        Event::LineageConflict(conflict) => format!(
            "{me} exports {}: the other lineage has something else",
            space.show(conflict.key)
        ),
        Event::AdoptionEnded(adoption) => match &adoption.state {
            AdoptionState::Running => String::new(),
            AdoptionState::Done => format!("{me} has adopted lineage {:016x}", adoption.to),
            AdoptionState::Unknown => {
                format!("{me} finds no group of lineage {:016x}", adoption.to)
            }
            AdoptionState::GivenUp(other) => {
                let to = adoption.to;
                format!("{me} keeps its lineage: {to:016x} is being given up for {other:016x}")
            }
            AdoptionState::Held(_) => {
                format!("{me} keeps its lineage: its groups cannot be read or left now")
            }
            AdoptionState::Unanswered => {
                let to = adoption.to;
                format!("{me} keeps its lineage: no group of {to:016x} says that it stands")
            }
            AdoptionState::Failed(error) => {
                format!("{me} keeps its lineage: {error}")
            }
        },
        Event::Conflict(key) => format!("{me}: conflicting writes of key {}", space.show(*key)),
        Event::RecordKept(key) => format!("{me} stores a replica of key {}", space.show(*key)),
        Event::RecordDropped(key) => format!("{me} drops its replica of key {}", space.show(*key)),
        Event::PutEnded(_, Ok(written)) => format!(
            "{me} stored {}: {}, version {}",
            space.show(written.key),
            count(written.copies.into(), "replica", "replicas"),
            written.sequence
        ),
        // As a put is told: by the record's version.
        Event::PutEnded(_, Err(StoreError::Mismatch(version))) => {
            format!("{me}: the record has version {version}")
        }
        Event::GetEnded(_, Ok(Some(record))) => format!("{me} got {record:?}"),
        Event::GetEnded(_, Ok(None)) => format!("{me}: there is no such record"),
        _ => String::new(),
    }
}

fn describe_event(space: Space, node: Id, event: &Event) -> String {
    let me = space.show(node);
    let show = |contact: &Option<Contact>| {
        let id = contact.as_ref().map(|contact| space.show(contact.id()));
        id.unwrap_or_else(|| "none".to_string())
    };
    match event {
        Event::Joined => format!("{me} is a member"),
        Event::JoinFailed => format!("{me} could not join"),
        Event::Left => format!("{me} has left"),
        Event::Alone => format!("{me} has lost its neighbours: a ring of one"),
        Event::Probed(contact, _) => format!("{me} heard from {}", space.show(contact.id())),
        Event::Predecessor { old, new } => {
            format!("{me} predecessor {} → {}", show(old), show(new))
        }
        Event::Successors(list) => format!("{me} successors {}", show_all(space, list)),
        Event::Finger(change) => format!(
            "{me} finger {}: {} → {}",
            change.row,
            show(&change.old),
            show(&change.new)
        ),
        Event::Routed {
            key,
            step,
            predecessor,
            ..
        } => step.explain(space, node, *predecessor, *key),
        Event::LookupEnded(_, Ok(report)) => format!(
            "{me}: the successor of {} is {}, {}",
            space.show(report.key),
            space.show(report.owner.id()),
            count(report.hops() as u64, "hop", "hops")
        ),
        Event::LookupEnded(_, Err(error)) => format!("{me}: {error}"),
        Event::Lifetime(..)
        | Event::Renewing(_)
        | Event::RenewalEnded(..)
        | Event::Renewed(..)
        | Event::RenewalFailed(..)
        | Event::LineageConflict(_)
        | Event::AdoptionEnded(_)
        | Event::RecordKept(_)
        | Event::RecordDropped(_)
        | Event::Conflict(_)
        | Event::RangeRepaired(..)
        | Event::PutEnded(_, Ok(_) | Err(StoreError::Mismatch(1..)))
        | Event::GetEnded(_, Ok(_)) => describe_record_event(space, &me, event),
        Event::PutEnded(_, Err(error))
        | Event::GetEnded(_, Err(error))
        | Event::ProvidersFound(_, Err(error))
        | Event::Announced {
            outcome: Err(error),
            ..
        } => format!("{me}: {error}"),
        Event::ProvidersFound(_, Ok(contacts)) => {
            format!("{me}: providers {}", show_all(space, contacts))
        }
        Event::Announced {
            content,
            withdrawn,
            outcome: Ok(copies),
        } => format!(
            "{me} {} {content:?}: {}",
            if *withdrawn { "withdraws" } else { "announces" },
            count((*copies).into(), "replica", "replicas")
        ),
        Event::NoAnswer(other) => format!("{me}: no answer from {}", space.show(*other)),
        Event::LimitReached(what) => format!("{me}: limit of {what} reached"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chordscope_core::node::api::OperationId;

    #[test]
    fn a_compare_and_set_that_fails_names_the_version_as_a_put_does() {
        let space = Space::new(5).unwrap();
        let says = |sequence| {
            let error = Err(StoreError::Mismatch(sequence));
            let event = Event::PutEnded(OperationId(1), error);
            describe_event(space, Id::from_u64(4), &event)
        };
        assert_eq!(says(2), "4: the record has version 2");
        assert_eq!(says(0), "4: there is no such record");
    }
}
