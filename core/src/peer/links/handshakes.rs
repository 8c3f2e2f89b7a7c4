//! Handshakes of new connections, each within a time, and the introductions by which this node says where it is reached and what
//! it can do.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use crate::base::contact::{Address, Contact};
use crate::base::features::Features;
use crate::base::id::Space;
use crate::base::rng::Rng;
use crate::base::time::Instant;
use crate::link::handshake::{Handshake, MAX_RING_NAME, Progress};
use crate::link::reason::CloseReason;
use crate::link::session::Role;
use crate::peer::config::Config;
use crate::peer::dialing::Aim;
use crate::peer::links::channel::{Channel, Link, Stage};
use crate::peer::links::sending::{Channels, Outputs};
use crate::peer::links::{Host, Input};
use crate::peer::parts::Want;
use crate::wire::codec::encode_introduction;
use crate::wire::frame::FrameType;

/// The longest time for a handshake.
pub const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(5);

/// The handshakes under way, and what this node says in each.
#[derive(Clone, Debug)]
pub(super) struct Handshakes {
    /// The end of the time for each, its first introduction included.
    deadlines: BTreeMap<Channel, Instant>,
    ring: String,
    features: Features,
    space: Space,
    rng: Rng,
}

impl Handshakes {
    pub(super) fn new(config: &Config, rng: Rng) -> Self {
        let mut ring = config.ring.clone();
        while ring.len() > MAX_RING_NAME {
            ring.pop();
        }
        Self {
            deadlines: BTreeMap::new(),
            ring,
            features: config.features,
            space: config.node.space,
            rng,
        }
    }

    /// The time at which [`Handshakes::overdue`] has something to give.
    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        self.deadlines.values().min().copied()
    }

    /// Gives the connections whose handshake has taken too long, to close.
    pub(super) fn overdue(&self, now: Instant) -> Vec<Want> {
        let overdue = self.deadlines.iter().filter(|(_, due)| **due <= now);
        let close = |channel| Input::Close(channel, CloseReason::HandshakeTimeout);
        overdue
            .map(|(channel, _)| Want::Links(close(*channel)))
            .collect()
    }

    /// Begins the handshake of a new connection.
    pub(super) fn begin(
        &mut self,
        host: Host<'_>,
        channels: &mut Channels,
        channel: Channel,
        aim: Option<Aim>,
        dialed: Option<&Address>,
    ) {
        let role = match aim {
            Some(_) => Role::Initiator,
            None => Role::Responder,
        };
        let (handshake, hello) = Handshake::start(
            role,
            host.signer,
            host.me.card().index,
            &self.ring,
            !self.features.is_empty(),
            &mut self.rng,
        );
        let mut link = Link::new(role, aim, handshake, host.now);
        link.dialed = dialed.cloned();
        channels.insert(channel, link);
        self.deadlines.insert(channel, host.now + HANDSHAKE_TIMEOUT);
        // There is room: nothing waits.
        let _ = channels.send_frame(channel, hello, host.outputs);
    }

    /// Handles a frame of a handshake. Once the other side has proved its identity, this one introduces itself.
    pub(super) fn on_frame(
        &self,
        host: Host<'_>,
        channels: &mut Channels,
        channel: Channel,
        bytes: &[u8],
    ) -> Result<(), CloseReason> {
        let link = channels.get_mut(channel).ok_or(CloseReason::Gone)?;
        let Stage::Handshake(handshake) = &mut link.stage else {
            return Err(CloseReason::OutOfTurn);
        };
        match handshake.handle(host.signer, bytes)? {
            Progress::Reply(frame) => channels.send_frame(channel, frame, host.outputs),
            Progress::Done {
                key,
                index,
                features,
                session,
            } => {
                let id = host.signer.scheme().position(self.space, key, index);
                let wanted = link.aim.as_ref().and_then(Aim::node);
                if wanted.is_some_and(|wanted| wanted != id) {
                    return Err(CloseReason::OtherNode);
                }
                link.stage = Stage::Proved(id, Box::new(session));
                link.tells_features = features;
                self.introduce(channels, channel, host.me, host.outputs)
            }
        }
    }

    /// Tells the other end where this node is reached, and what it can do.
    pub(super) fn introduce(
        &self,
        channels: &mut Channels,
        channel: Channel,
        me: &Contact,
        outputs: &mut Outputs,
    ) -> Result<(), CloseReason> {
        let link = channels.get(channel);
        let tells_features = link.is_some_and(|link| link.tells_features);
        let features = tells_features.then_some(self.features);
        // A contact is bounded: it can be encoded.
        let Ok(body) = encode_introduction(me, features) else {
            return Ok(());
        };
        channels.send_sealed(channel, FrameType::Introduction, &body, outputs)
    }

    /// Takes note that a connection is open, or has ended.
    pub(super) fn over(&mut self, channel: Channel) {
        self.deadlines.remove(&channel);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::peer::links::testing::{End, SOCKET, linked};

    #[test]
    fn each_side_learns_what_the_other_can_do_unless_one_is_of_release_0_1() {
        let later = Features::UNSUPPORTED | Features::from_bits(1 << 50);
        for (features, told) in [
            ([Features::ALL, later], [later, Features::ALL]),
            ([Features::ALL, Features::NONE], [Features::NONE; 2]),
            ([Features::NONE, Features::ALL], [Features::NONE; 2]),
        ] {
            let ends = linked(features);
            assert_eq!([&ends[0], &ends[1]].map(End::hears), told.map(Some));
        }
    }

    #[test]
    fn a_handshake_that_takes_too_long_is_to_be_closed_and_one_that_is_over_is_not() {
        let due = Instant::ZERO + HANDSHAKE_TIMEOUT;
        let late = Want::Links(Input::Close(SOCKET, CloseReason::HandshakeTimeout));
        let mut end = End::new(1, Features::ALL);
        end.call(|links, host| {
            let Host { now, .. } = host;
            assert_eq!(links.open(host, SOCKET, Some(Aim::Join), None), None);
            assert_eq!(links.handshakes.overdue(now), []);
        });
        assert_eq!(end.links.handshakes.poll_timeout(), Some(due));
        assert_eq!(end.links.handshakes.overdue(due), [late]);
        let [end, _] = linked([Features::ALL; 2]);
        assert_eq!(end.links.handshakes.poll_timeout(), None);
        assert_eq!(end.links.handshakes.overdue(due), []);
    }
}
