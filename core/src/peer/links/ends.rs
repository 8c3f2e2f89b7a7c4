//! Ends of connections: the work that follows each, and the number of ends by reason.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::time::Duration;

use crate::base::contact::Contact;
use crate::base::time::Instant;
use crate::link::Leg;
use crate::link::reason::{CloseReason, Goodbye};
use crate::peer::api::{Event, Output};
use crate::peer::links::Input;
use crate::peer::links::channel::Channel;
use crate::peer::links::sending::{Channels, Outputs};
use crate::peer::parts::Want;
use crate::peer::{dialing, finding, leasing, relaying};

/// A circuit that ended sooner is not made again unasked: a node that ends each at once would have it made without end.
const SHORTEST_CIRCUIT: Duration = Duration::from_secs(1);

/// Counts of connections that have ended so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Ends {
    drops: BTreeMap<CloseReason, u64>,
    goodbyes: BTreeMap<Option<CloseReason>, u64>,
    late_frames: u64,
}

impl Ends {
    /// Connections that were closed or refused by this side, or lost: their number by reason.
    pub(super) const fn drops(&self) -> &BTreeMap<CloseReason, u64> {
        &self.drops
    }

    /// Connections that the other side has closed: their number by the reason that it gave.
    pub(super) const fn goodbyes(&self) -> &BTreeMap<Option<CloseReason>, u64> {
        &self.goodbyes
    }

    /// The number of frames that crossed the message that closed their circuit.
    pub(super) const fn late_frames(&self) -> u64 {
        self.late_frames
    }

    /// Refuses a connection, or a circuit that this side ends or does not take.
    pub(super) fn refuse(
        &mut self,
        channels: &mut Channels,
        channel: Channel,
        reason: CloseReason,
        outputs: &mut Outputs,
    ) {
        self.count(reason);
        say_closed(channels, channel, reason, outputs);
    }

    /// Closes a connection.
    #[must_use]
    pub(super) fn close(
        &mut self,
        now: Instant,
        channels: &mut Channels,
        channel: Channel,
        reason: CloseReason,
        outputs: &mut Outputs,
    ) -> Vec<Want> {
        if channels.get(channel).is_none() {
            return Vec::new();
        }
        say_closed(channels, channel, reason, outputs);
        self.end(now, channels, channel, reason, None, outputs)
    }

    /// Ends a connection, for a reason of this side's or for what the other side said.
    #[must_use]
    pub(super) fn end(
        &mut self,
        now: Instant,
        channels: &mut Channels,
        channel: Channel,
        reason: CloseReason,
        said: Option<Goodbye>,
        outputs: &mut Outputs,
    ) -> Vec<Want> {
        let mut wants = Vec::new();
        let Some(link) = channels.remove(channel) else {
            return wants;
        };
        match &said {
            Some(said) => *self.goodbyes.entry(said.reason()).or_default() += 1,
            None => self.count(reason),
        }
        let contact = link.contact().cloned();
        outputs.push_back(Output::Event(Event::LinkDown {
            link: channel.link(),
            id: contact.as_ref().map(Contact::id),
            reason,
            said,
        }));
        if let Channel::Socket(socket) = channel {
            wants.push(Want::Relaying(relaying::Input::SocketGone(socket)));
            let carried = channels.circuits_over(socket);
            wants.extend(
                carried
                    .map(|circuit| Want::Links(Input::End(circuit, CloseReason::RelayGone, None))),
            );
        }
        if let (CloseReason::Itself, Some(address)) = (reason, link.dialed) {
            wants.push(Want::Finding(finding::Input::Itself(address)));
        }
        match (contact, link.aim) {
            (Some(node), _) => {
                if let Channel::Socket(_) = channel {
                    wants.push(Want::Leasing(leasing::Input::RelayGone(node.id())));
                }
                // Behind a circuit that broke the node may well be there.
                let is_old = now >= link.opened + SHORTEST_CIRCUIT;
                let again = matches!(channel, Channel::Circuit(_))
                    && reason != CloseReason::Leaving
                    && is_old;
                wants.push(Want::Links(Input::Reroute {
                    ended: channel,
                    node,
                    again,
                }));
            }
            (None, Some(aim)) => wants.push(Want::Dialing(dialing::Input::Missed(aim))),
            (None, None) => {}
        }
        wants
    }

    /// Handles a frame on a circuit that is unknown here.
    #[must_use]
    pub(super) fn on_late_frame(&mut self, channels: &Channels, leg: Leg) -> Option<Want> {
        if !channels.knows(leg) {
            let socket = Channel::Socket(leg.link);
            return Some(Want::Links(Input::Close(
                socket,
                CloseReason::UnknownCircuit,
            )));
        }
        // It crossed the message that closed its circuit.
        self.late_frames += 1;
        None
    }

    /// Counts one more connection or circuit that this side refused or closed.
    fn count(&mut self, reason: CloseReason) {
        *self.drops.entry(reason).or_default() += 1;
    }
}

/// Tells the other end that this side closes a connection, or refuses it.
fn say_closed(
    channels: &mut Channels,
    channel: Channel,
    reason: CloseReason,
    outputs: &mut Outputs,
) {
    match channel {
        Channel::Socket(link) => outputs.push_back(Output::Close { link, reason }),
        Channel::Circuit(leg) => channels.refuse(leg, reason, outputs),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::link::session::Role;
    use crate::peer::links::channel::Link;
    use crate::peer::links::testing::{LINK, SOCKET};
    use crate::peer::parts::fixture::contact_of;

    /// The channels with an open socket to another node.
    fn channels() -> Channels {
        let mut channels = Channels::new(1 << 20, 8);
        channels.insert(SOCKET, Link::assume_open(Role::Initiator, &contact_of(2)));
        channels
    }

    #[test]
    fn a_frame_that_crosses_the_end_of_its_circuit_is_late_and_any_other_a_fault() {
        let (mut ends, mut channels) = (Ends::default(), channels());
        let leg = channels.new_leg(LINK).unwrap();
        assert_eq!(ends.on_late_frame(&channels, leg), None);
        assert_eq!(ends.late_frames(), 1);
        let never = Leg { circuit: 2, ..leg };
        let closed = Input::Close(SOCKET, CloseReason::UnknownCircuit);
        let fault = ends.on_late_frame(&channels, never);
        assert_eq!(fault, Some(Want::Links(closed)));
    }

    #[test]
    fn a_node_is_looked_for_again_behind_a_circuit_that_broke_after_a_while() {
        let later = Instant::ZERO + SHORTEST_CIRCUIT;
        for (now, reason, again) in [
            (later, CloseReason::RelayGone, true),
            (later, CloseReason::Leaving, false),
            (Instant::ZERO, CloseReason::RelayGone, false),
        ] {
            let (mut ends, mut channels) = (Ends::default(), channels());
            let circuit = Channel::Circuit(channels.new_leg(LINK).unwrap());
            let node = contact_of(3);
            channels.insert(circuit, Link::assume_open(Role::Initiator, &node));
            let wants = ends.end(
                now,
                &mut channels,
                circuit,
                reason,
                None,
                &mut Outputs::new(),
            );
            let ended = circuit;
            let reroute = Input::Reroute { ended, node, again };
            assert_eq!(wants, [Want::Links(reroute)]);
        }
    }

    #[test]
    fn with_a_socket_go_its_circuits() {
        let (mut ends, mut channels) = (Ends::default(), channels());
        let circuit = Channel::Circuit(channels.new_leg(LINK).unwrap());
        channels.insert(circuit, Link::assume_open(Role::Initiator, &contact_of(3)));
        let (now, reason) = (Instant::ZERO, CloseReason::Idle);
        let mut outputs = Outputs::new();
        let wants = ends.close(now, &mut channels, SOCKET, reason, &mut outputs);
        let with_it = Want::Links(Input::End(circuit, CloseReason::RelayGone, None));
        assert!(wants.contains(&with_it), "{wants:?}");
        assert_eq!(outputs.front(), Some(&Output::Close { link: LINK, reason }));
        assert_eq!(ends.drops().get(&reason), Some(&1));
        let again = ends.close(now, &mut channels, SOCKET, reason, &mut outputs);
        assert_eq!(again, [], "it is closed already");
    }
}
