//! Volume over the wire: messages, their bytes, and what the field's own simulator would have counted for them.

use crate::engine::weight::frame_bytes;
use crate::worlds::ring::RingWorld;
use crate::worlds::ring::trace::Traffic;
use chordscope_core::chord::message::{Neighbours, Notice, Request as Ask, Response as Answer};
use chordscope_core::message::{Message, Request, Response};

/// Messages of one kind of traffic.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Volume {
    /// The number of messages.
    pub messages: u64,
    /// The messages' bytes as frames of a link: header, body and tag. WebSocket, TCP and IP come on top.
    pub bytes: u64,
    /// The messages' bytes as p2psim counts: 20 for a packet, 4 for each node or key that it names, and its data.
    pub p2psim_bytes: u64,
}

/// The volumes that were sent, by the traffic that they belong to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Volumes {
    /// The volume for lookups that a person asked for.
    pub lookup: Volume,
    /// The volume for records.
    pub records: Volume,
    /// The volume for upkeep: overhead.
    pub upkeep: Volume,
}

impl Volumes {
    pub(super) fn count(&mut self, traffic: Traffic, message: &Message) {
        let volume = match traffic {
            Traffic::Lookup => &mut self.lookup,
            Traffic::Records => &mut self.records,
            Traffic::Upkeep => &mut self.upkeep,
        };
        volume.messages += 1;
        volume.bytes += frame_bytes(message);
        volume.p2psim_bytes += PACKET + NAME * named(message);
    }
}

/// The counts of what was sent since they were asked for.
#[derive(Clone, Debug)]
pub(super) struct Scales {
    volumes: Volumes,
    /// Known here only once it is wanted, so that programs which never weigh do without the wire format.
    count: fn(&mut Volumes, Traffic, &Message),
}

impl RingWorld {
    /// Weighs every message from now on.
    pub fn start_weighing(&mut self) {
        self.scales = Some(Scales {
            volumes: Volumes::default(),
            count: Volumes::count,
        });
    }

    /// Returns the volumes that were sent since [`RingWorld::start_weighing`].
    pub fn volumes(&self) -> Volumes {
        self.scales
            .as_ref()
            .map_or_else(Volumes::default, |scales| scales.volumes)
    }

    pub(super) fn weigh(&mut self, traffic: Traffic, message: &Message) {
        if let Some(scales) = &mut self.scales {
            (scales.count)(&mut scales.volumes, traffic, message);
        }
    }
}

/// The bytes that p2psim counts for the head of a packet, and for each node or key: `PKT_OVERHEAD` and `record_bw_stat`.
const PACKET: u64 = 20;
const NAME: u64 = 4;

/// Returns the number of nodes and keys that a message of the ring names. Those about records and files are not asked for.
fn named(message: &Message) -> u64 {
    let around = |neighbours: &Neighbours| {
        neighbours.successors.len() + usize::from(neighbours.predecessor.is_some())
    };
    let named = match message {
        Message::Request(_, Request::Chord(ask)) => match ask {
            Ask::Neighbours | Ask::Ping => 0,
            Ask::Step(question) => 1 + question.avoid.len(),
            Ask::Forward(forward) => 2 + forward.path.len(),
        },
        Message::Response(_, Response::Chord(answer)) => match answer {
            Answer::Neighbours(neighbours) => around(neighbours),
            Answer::Step(hop) => usize::from(hop.step.next().is_some()) + around(&hop.neighbours),
            Answer::Pong | Answer::Forwarded | Answer::NotMember => 0,
        },
        Message::Notice(Notice::Notify) => 1,
        Message::Notice(Notice::Found(found)) => found.path.len() + around(&found.neighbours),
        Message::Notice(Notice::Leaving(neighbours)) => around(neighbours),
        Message::Request(_, Request::Store(_) | Request::Group(_))
        | Message::Response(_, Response::Store(_) | Response::Group(_) | Response::Unsupported)
        | Message::Swarm(_) => 0,
    };
    named as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ping_is_a_header_a_tag_and_three_bytes() {
        let ping = Message::Request(7, Request::Chord(Ask::Ping));
        assert_eq!(frame_bytes(&ping), 6 + 24 + 3);
        let mut volumes = Volumes::default();
        volumes.count(Traffic::Upkeep, &ping);
        let counted = Volume {
            messages: 1,
            bytes: 33,
            p2psim_bytes: 20,
        };
        assert_eq!(volumes.upkeep, counted);
    }
}
