//! A node's messages on a link: small ones at once, large ones in turns with everything else that the link carries.

use crate::base::time::Instant;
use crate::link::fair_queue::Lane;
use crate::node::api::{Event as NodeEvent, Limit};
use crate::peer::Peer;
use crate::peer::channel::Channel;
use crate::wire::frame::{Frame, FrameType};

/// From this length on a message waits for its turn, and smaller ones overtake it: lookups do not wait behind values.
const LARGE: usize = 4 * 1024;
/// How many bytes of messages may wait for one link. More come only where somebody asks for values and does not read the
/// answers: those are lost, as in any network, and the link stays.
const MAX_WAITING: usize = 8 << 20;
/// So many may wait for each link, whatever waits for all of them together.
const FAIR_SHARE: usize = 1 << 20;

impl Peer {
    /// How many messages were lost because too much waited for a link already.
    pub const fn lost_messages(&self) -> u64 {
        self.lost_messages
    }

    /// Sends a message, or lets it wait for its turn.
    pub(super) fn send_message(&mut self, now: Instant, channel: Channel, body: &[u8]) {
        if body.len() < LARGE && self.takes_urgent(channel, body.len()) {
            self.send_sealed(now, channel, FrameType::Message, body);
            return;
        }
        if !self.takes_waiting(channel, body.len()) {
            self.lost_messages += 1;
            let limit = NodeEvent::LimitReached(Limit::Messages);
            self.on_node_event(now, limit);
            return;
        }
        let frame = Frame::on_link(FrameType::Message, body).encode();
        match channel {
            Channel::Socket(link) => {
                if let Some(flow) = self.flows.get_mut(&link) {
                    flow.queue.push(Lane::Messages, frame);
                    self.pump(link);
                }
            }
            Channel::Circuit(_) => self.queue_data(channel, frame.into()),
        }
    }

    fn takes_urgent(&self, channel: Channel, bytes: usize) -> bool {
        match channel {
            Channel::Socket(link) => self
                .flows
                .get(&link)
                .is_some_and(|flow| flow.queue.takes_urgent(bytes)),
            Channel::Circuit(_) => self
                .links
                .get(&channel)
                .is_some_and(|state| state.circuit.takes_urgent(bytes)),
        }
    }

    fn takes_waiting(&self, channel: Channel, bytes: usize) -> bool {
        let waiting = self.messages_waiting(channel) + bytes;
        let of_all = || self.links.keys().map(|link| self.messages_waiting(*link));
        waiting <= FAIR_SHARE
            || waiting <= MAX_WAITING && of_all().sum::<usize>() <= self.limits.message_bytes
    }

    fn messages_waiting(&self, channel: Channel) -> usize {
        match channel {
            Channel::Socket(link) => self
                .flows
                .get(&link)
                .map_or(0, |flow| flow.queue.waiting(Lane::Messages)),
            // On a circuit they wait together with data.
            Channel::Circuit(_) => self.data_waiting(channel),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_says_what_is_overtaken_and_what_is_lost() {
        crate::page::must_say(&alloc::format!(
            "Messages from {} KiB on may be overtaken by smaller ones. Who asks for more than it reads loses answers: beyond {} MiB",
            LARGE >> 10,
            MAX_WAITING >> 20
        ));
    }
}
