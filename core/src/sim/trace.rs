//! What happened in a world, entry by entry, with its cause.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use crate::base::contact::Contact;
use crate::base::digest::Digest;
use crate::base::id::{Id, Space};
use crate::base::time::Instant;
use crate::chord::invariant::Property;
use crate::chord::route::{Mode, Routing, Step};
use crate::node::api::Event;
use crate::sim::action::Action;

/// What a message belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Traffic {
    /// A lookup that a person asked for.
    Lookup,
    /// Reading and writing records.
    Records,
    /// What the ring does to keep itself in order: overhead.
    Upkeep,
}

/// A message between two nodes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parcel {
    /// Its number in the world.
    pub number: u64,
    /// The sender.
    pub from: Id,
    /// The receiver.
    pub to: Id,
    /// When it was sent.
    pub sent: Instant,
    /// When it arrives.
    pub arrives: Instant,
    /// What it is called.
    pub label: &'static str,
    /// Whether it answers a question.
    pub answer: bool,
    /// What it belongs to.
    pub traffic: Traffic,
    /// The lookup it belongs to: its origin and the origin's number.
    pub lookup: Option<(Id, u64)>,
}

impl Parcel {
    /// How far it has come at `now`, 0 to 1: all that a drawing needs.
    pub fn progress(&self, now: Instant) -> f64 {
        let whole = self.arrives.since(self.sent).as_micros().max(1);
        let done = now.since(self.sent).as_micros().min(whole);
        done as f64 / whole as f64
    }
}

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// Somebody acted.
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
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Counts the entries from 0.
    pub index: u64,
    /// When.
    pub at: Instant,
    /// The message whose arrival caused it, if one did.
    pub cause: Option<u64>,
    /// What.
    pub what: What,
}

/// A lookup that a person asked for, as far as it has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LookupTrace {
    /// The node that asks and its number for the lookup.
    pub id: (Id, u64),
    /// The key.
    pub key: Id,
    /// Along fingers or successors.
    pub routing: Routing,
    /// Who drives it.
    pub mode: Mode,
    /// When it began.
    pub started: Instant,
    /// When it ended.
    pub finished: Option<Instant>,
    /// The nodes reached so far, origin first.
    pub path: Vec<Id>,
    /// The owner, once found.
    pub owner: Option<Id>,
    /// Whether it ended without an owner.
    pub failed: bool,
    /// How often a node was asked that is gone: a timeout, as ToN 2003 §V counts them.
    pub timeouts: u32,
    /// Each decision so far.
    pub decisions: Vec<Decision>,
}

/// One node's decision about a lookup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// When.
    pub at: Instant,
    /// Which node.
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

impl Entry {
    /// Whether it belongs to the ring's upkeep only.
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

    /// Whether it is worth stopping at when somebody steps through: an arrival of a lookup or record message, a change
    /// of a node's state, a deed, a loss.
    pub const fn is_notable(&self) -> bool {
        match &self.what {
            What::Acted(_)
            | What::Broken(..)
            | What::Mended(_)
            | What::Lost(_)
            | What::Garbled(_) => true,
            What::Sent(_) => false,
            What::Delivered(parcel) => {
                !matches!(parcel.traffic, Traffic::Upkeep) && !is_receipt(parcel)
            }
            What::Node(_, event) => matches!(
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

    /// The entry in words.
    pub fn describe(&self, space: Space) -> String {
        match &self.what {
            What::Acted(action) => action.describe(space),
            What::Sent(parcel) => parcel.describe(space, "→"),
            What::Delivered(parcel) => parcel.describe(space, "⇥"),
            What::Lost(parcel) => format!("{} lost", parcel.describe(space, "→")),
            What::Garbled(parcel) => {
                let parcel = parcel.describe(space, "→");
                format!("{parcel} arrives broken: the link is closed")
            }
            What::Node(node, event) => describe_event(space, *node, event),
            What::Broken(property, node) => {
                format!("broken at {}: {}", space.show(*node), property.title())
            }
            What::Mended(property) => format!("holds again: {}", property.title()),
        }
    }

    /// Adds the entry to a running digest.
    pub(super) fn absorb(&self, digest: &mut Digest) {
        digest.absorb(&self.at.as_micros().to_le_bytes());
        digest.absorb(&self.cause.unwrap_or(u64::MAX).to_le_bytes());
        let (kind, parcel) = match &self.what {
            What::Sent(parcel) => (b"sent", parcel),
            What::Delivered(parcel) => (b"took", parcel),
            What::Lost(parcel) => (b"lost", parcel),
            // All else is rare enough to be put into words.
            _ => return digest.absorb(self.describe(Space::FULL).as_bytes()),
        };
        digest.absorb(kind);
        digest.absorb(&parcel.number.to_le_bytes());
        digest.absorb(&parcel.from.to_bytes());
        digest.absorb(&parcel.to.to_bytes());
        digest.absorb(parcel.label.as_bytes());
    }
}

/// A message that only says that another one arrived.
const fn is_receipt(parcel: &Parcel) -> bool {
    // "taken over" acknowledges one hop of a recursive lookup.
    parcel.answer && matches!(parcel.label.as_bytes(), b"taken over")
}

impl Parcel {
    fn describe(&self, space: Space, arrow: &str) -> String {
        format!(
            "{} {arrow} {} {}",
            space.show(self.from),
            space.show(self.to),
            self.label
        )
    }
}

fn show_all(space: Space, contacts: &[Contact]) -> String {
    let ids = contacts.iter().map(|contact| space.show(contact.id()));
    ids.collect::<Vec<_>>().join(", ")
}

fn describe_event(space: Space, node: Id, event: &Event) -> String {
    let me = space.show(node);
    let show = |contact: &Option<Contact>| {
        contact
            .as_ref()
            .map_or_else(|| "none".to_string(), |contact| space.show(contact.id()))
    };
    match event {
        Event::Joined => format!("{me} is a member"),
        Event::JoinFailed => format!("{me} found no place in the ring"),
        Event::Left => format!("{me} has left"),
        Event::Alone => format!("{me} is alone"),
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
            "{me} found {} at {} in {} hops",
            space.show(report.key),
            space.show(report.owner.id()),
            report.hops()
        ),
        Event::LookupEnded(_, Err(error)) => format!("{me}: {error}"),
        Event::PutEnded(_, Ok(written)) => format!(
            "{me} put {} #{} in {} copies",
            space.show(written.key),
            written.sequence,
            written.copies
        ),
        Event::PutEnded(_, Err(error))
        | Event::GetEnded(_, Err(error))
        | Event::ProvidersFound(_, Err(error))
        | Event::Announced {
            outcome: Err(error),
            ..
        } => format!("{me}: {error}"),
        Event::GetEnded(_, Ok(Some(record))) => format!("{me} got {record:?}"),
        Event::GetEnded(_, Ok(None)) => format!("{me} found no such name"),
        Event::ProvidersFound(_, Ok(contacts)) => {
            format!("{me} found {}", show_all(space, contacts))
        }
        Event::Announced {
            content,
            withdrawn,
            outcome: Ok(copies),
        } => format!(
            "{me} {} {content:?}, which {copies} know",
            if *withdrawn { "has no more" } else { "has" }
        ),
        Event::Conflict(key) => format!(
            "{me}: two authors wrote key {} without knowing of one another",
            space.show(*key)
        ),
        Event::RecordKept(key) => format!("{me} keeps key {}", space.show(*key)),
        Event::RecordDropped(key) => format!("{me} drops key {}", space.show(*key)),
        Event::NoAnswer(other) => format!("{me}: no answer from {}", space.show(*other)),
        Event::LimitReached(what) => format!("{me}: limit of {what} reached"),
    }
}
