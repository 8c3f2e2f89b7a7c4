//! Receiving sealed frames: checking them, and passing what they carry to other parts.

use alloc::vec;
use alloc::vec::Vec;

use bytes::Bytes;

use crate::base::contact::Contact;
use crate::base::features::Features;
use crate::base::id::{Id, Space};
use crate::base::identity::Scheme;
use crate::link::reason::CloseReason;
use crate::link::relay_message::RelayMessage;
use crate::link::{Leg, LinkId};
use crate::message::{Message, Response};
use crate::peer::api::{Event, Output};
use crate::peer::links::Input;
use crate::peer::links::channel::{Channel, Stage, unseal};
use crate::peer::links::routes::Routes;
use crate::peer::links::sending::{Channels, MAX_DATA, Outputs};
use crate::peer::parts::{ToNode, Want};
use crate::peer::{leasing, relaying, transfers};
use crate::swarm::message::Arrived;
use crate::wire::block::decode_block;
use crate::wire::codec::{Cards, DecodeError, decode_introduction, decode_message};
use crate::wire::frame::FrameType;

/// The reader of sealed frames. It checks each contact in them once.
#[derive(Clone, Debug)]
pub(super) struct Receiving {
    cards: Cards,
}

impl Receiving {
    pub(super) const fn new(space: Space, scheme: Scheme) -> Self {
        Self {
            cards: Cards::new(space, scheme),
        }
    }

    /// Handles the first frame of a node that has proved its id, which introduces it: the link is open from then on.
    pub(super) fn on_introduction(
        &mut self,
        channels: &mut Channels,
        channel: Channel,
        frame: &[u8],
    ) -> Result<Contact, CloseReason> {
        let link = channels.get_mut(channel).ok_or(CloseReason::Gone)?;
        let Stage::Proved(id, session) = &mut link.stage else {
            return Err(CloseReason::OutOfTurn);
        };
        let (kind, body, _) = unseal(session, frame)?;
        if kind != FrameType::Introduction {
            return Err(CloseReason::BeforeIntroduction);
        }
        let introduction = decode_introduction(body, link.tells_features, &mut self.cards);
        let (contact, features) = introduction.map_err(|_| CloseReason::WrongCard)?;
        if contact.id() != *id {
            return Err(CloseReason::WrongCard);
        }
        link.stage = Stage::Open(contact.clone(), session.clone());
        link.features = features;
        Ok(contact)
    }

    /// Handles a frame of an open link.
    pub(super) fn on_frame(
        &mut self,
        channels: &mut Channels,
        routes: &Routes,
        channel: Channel,
        frame: &Bytes,
        outputs: &mut Outputs,
    ) -> Result<Vec<Want>, CloseReason> {
        let link = channels.get_mut(channel).ok_or(CloseReason::Gone)?;
        let Stage::Open(contact, session) = &mut link.stage else {
            return Err(CloseReason::OutOfTurn);
        };
        let (kind, body, value) = unseal(session, frame)?;
        let want = match kind {
            FrameType::Message => match decode_message(body, &mut self.cards) {
                Ok(Message::Swarm(message)) => {
                    Want::Transfers(transfers::Input::Message(contact.id(), message))
                }
                Ok(message) => Want::Node(ToNode::Message(contact.clone(), message)),
                Err(DecodeError::UnknownRequest(number) | DecodeError::RetiredRequest(number))
                    if link.features.has(Features::UNSUPPORTED) =>
                {
                    let answer = Message::Response(number, Response::Unsupported);
                    Want::Links(Input::Send(contact.clone(), answer))
                }
                // Release 0.1 understands no refusal: silence is one.
                Err(DecodeError::RetiredRequest(_)) => return Ok(Vec::new()),
                Err(error) => return Err(error.into()),
            },
            FrameType::Block => {
                let (content, place, bytes) = decode_block(body).ok_or(CloseReason::Block)?;
                let arrived = Arrived {
                    place,
                    bytes: frame.slice_ref(bytes),
                    value,
                };
                Want::Transfers(transfers::Input::Block(contact.id(), content, arrived))
            }
            FrameType::Data if body.len() > MAX_DATA => return Err(CloseReason::TooLarge),
            FrameType::Data => {
                let (from, body) = (contact.id(), body.to_vec());
                let data = Event::Data { from, body };
                Want::Owner(Output::Event(data))
            }
            FrameType::Introduction => {
                let introduction = decode_introduction(body, link.tells_features, &mut self.cards);
                let (newer, features) = introduction.map_err(|_| CloseReason::StaleCard)?;
                if !newer.supersedes(contact) {
                    return Err(CloseReason::StaleCard);
                }
                *contact = newer.clone();
                link.features = features;
                Want::Node(ToNode::Refresh(newer))
            }
            FrameType::Relay => {
                let Channel::Socket(link) = channel else {
                    return Err(CloseReason::RelayOnCircuit);
                };
                let (from, said) = (contact.id(), RelayMessage::decode(body)?);
                return on_relay_message(channels, routes, link, from, said, outputs);
            }
            FrameType::Hello | FrameType::Proof => return Err(CloseReason::OutOfTurn),
        };
        Ok(vec![want])
    }
}

/// Handles a message about leases and circuits from the node at the other end of a link.
fn on_relay_message(
    channels: &mut Channels,
    routes: &Routes,
    link: LinkId,
    from: Id,
    said: RelayMessage,
    outputs: &mut Outputs,
) -> Result<Vec<Want>, CloseReason> {
    let want = match said {
        RelayMessage::Lease => Want::Relaying(relaying::Input::Lease(link, from)),
        RelayMessage::Leased { .. } => Want::Leasing(leasing::Input::Leased(from)),
        RelayMessage::Refused(reason) => Want::Leasing(leasing::Input::Refused(
            from,
            CloseReason::from_byte(reason),
        )),
        RelayMessage::Release => Want::Relaying(relaying::Input::Release(from)),
        RelayMessage::Open {
            circuit,
            target,
            relay: by,
        } => {
            let near = Leg { link, circuit };
            channels.take_leg(near)?;
            Want::Relaying(relaying::Input::Relay {
                near,
                from,
                target,
                by,
            })
        }
        RelayMessage::Close { circuit, reason } => {
            let leg = Leg { link, circuit };
            let reason = CloseReason::from_byte(reason);
            let ended = Want::Links(Input::End(
                Channel::Circuit(leg),
                reason,
                Some(reason.into()),
            ));
            return Ok(vec![
                ended,
                Want::Relaying(relaying::Input::Closed(leg, reason)),
            ]);
        }
        RelayMessage::Credit { circuit, bytes } => {
            let leg = Leg { link, circuit };
            if channels.grant(leg, bytes, outputs)? {
                let waits = routes.waits_on(channels, Channel::Circuit(leg));
                return Ok(waits.into_iter().collect());
            }
            Want::Relaying(relaying::Input::Credit(leg, bytes))
        }
    };
    Ok(vec![want])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::peer::links::testing::{End, SOCKET, exchange, linked};

    #[test]
    fn an_unknown_request_is_answered_to_who_understands_that_and_ends_other_links() {
        for (features, is_open) in [(Features::ALL, true), (Features::NONE, false)] {
            let mut ends = linked([features, Features::ALL]);
            let kind = FrameType::Message;
            let unknown = [0, 77, 99];
            let End { links, outputs, .. } = &mut ends[0];
            let sent = links.channels.send_sealed(SOCKET, kind, &unknown, outputs);
            assert_eq!(sent, Ok(()));
            assert_eq!(exchange(&mut ends), [1, usize::from(is_open)]);
            assert_eq!(ends[1].hears().is_some(), is_open);
            let refused = ends[1].links.drops().get(&CloseReason::Message);
            assert_eq!(refused.is_some(), !is_open);
        }
    }
}
