//! Observing a world: the purpose of each message, and whether the ring satisfies its invariant.

use crate::worlds::ring::trace::{Traffic, What};
use crate::worlds::ring::{Coming, JOIN_AGAIN, RingWorld, Sent, Watch};
use chordscope_core::base::id::Id;
use chordscope_core::base::time::Instant;
use chordscope_core::chord::invariant::{Health, Property};
use chordscope_core::chord::message::{Notice, Request as Ask};
use chordscope_core::message::{Message, Request};
use chordscope_core::node::api::Event;

/// The message that caused something, and what it belongs to.
pub(super) type Cause = (u64, (Traffic, Option<(Id, u64)>));

impl Sent {
    pub(super) const fn count(&mut self, traffic: Traffic) {
        match traffic {
            Traffic::Lookup => self.lookup += 1,
            Traffic::Records => self.records += 1,
            Traffic::Upkeep => self.upkeep += 1,
        }
    }
}

impl RingWorld {
    /// Returns the traffic that a message belongs to: by what it says, or by the message that it answers.
    pub(super) fn classify(
        &self,
        (from, to): (Id, Id),
        message: &Message,
        cause: Option<Cause>,
    ) -> (Traffic, Option<(Id, u64)>) {
        let lookup = match message {
            Message::Request(_, Request::Chord(Ask::Forward(forward))) => {
                Some((forward.origin.id(), forward.lookup))
            }
            Message::Request(_, Request::Chord(Ask::Step(question))) => {
                Some((from, question.lookup))
            }
            // It goes to the origin, also when no message but a timeout has caused it.
            Message::Notice(Notice::Found(found)) => Some((to, found.lookup)),
            Message::Request(_, Request::Store(_) | Request::Group(_)) => {
                return (Traffic::Records, None);
            }
            Message::Request(_, Request::Chord(Ask::Neighbours | Ask::Ping))
            | Message::Notice(Notice::Notify | Notice::Leaving(_)) => None,
            Message::Swarm(_) => return (Traffic::Records, None),
            Message::Response(..) => {
                return cause.map_or((Traffic::Upkeep, None), |(_, tag)| tag);
            }
        };
        match lookup.filter(|id| self.lookups.iter().any(|known| known.id == *id)) {
            Some(asked) => (Traffic::Lookup, Some(asked)),
            None => (Traffic::Upkeep, None),
        }
    }

    pub(super) fn on_event(&mut self, node: Id, event: Event, cause: Option<Cause>) {
        self.follow_lookup(node, &event);
        if matches!(event, Event::JoinFailed | Event::Alone) {
            let again = self.now + JOIN_AGAIN;
            self.push(again, Coming::JoinAgain(node));
        }
        let left = matches!(event, Event::Left);
        self.record(cause.map(|(number, _)| number), || What::Node(node, event));
        if left {
            self.take_down(node);
        }
    }

    /// Compares the ring's health with what it was, and records what broke or mended.
    pub(super) fn judge_health(&mut self) {
        if self.watch != Watch::Everything || !self.members_changed() {
            return;
        }
        let health = Health::of(self.nodes().map(chordscope_core::node::Node::membership));
        for property in Property::ALL {
            let (before, after) = (self.health.holds(property), health.holds(property));
            if before && !after {
                let offender = health.broken.get(&property).and_then(|nodes| nodes.first());
                let offender = offender.copied().unwrap_or_default();
                // Predecessors lag behind every join and departure; that is repair at work, not a fault.
                if property != Property::OneOwnerPerKey {
                    self.violations += 1;
                }
                self.record(None, || What::Broken(property, offender));
            } else if !before && after {
                self.record(None, || What::Mended(property));
            }
        }
        self.health = health;
    }

    /// Returns whether the entries of this step may have changed what the ring looks like.
    fn members_changed(&self) -> bool {
        let this_step = |at: Instant| at == self.now;
        self.trace
            .fresh()
            .iter()
            .rev()
            .take_while(|entry| this_step(entry.at))
            .any(|entry| match &entry.what {
                What::Acted(action) => action.changes_members(),
                What::Node(_, event) => matches!(
                    event,
                    Event::Joined | Event::Left | Event::Predecessor { .. } | Event::Successors(_)
                ),
                _ => false,
            })
    }
}
