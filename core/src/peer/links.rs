//! Open connections: handshake first, then tagged frames.

use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::base::contact::Contact;
use crate::base::id::Id;
use crate::base::time::Instant;
use crate::link::handshake::{Handshake, Progress};
use crate::link::reason::CloseReason;
use crate::link::session::{Role, Session};
use crate::node::api::Event as NodeEvent;
use crate::peer::api::{Event, LinkId, LinkView, Output};
use crate::peer::dialing::Aim;
use crate::peer::{HANDSHAKE_PATIENCE, Peer};
use crate::wire::codec::{decode_contact, decode_message, encode_contact};
use crate::wire::frame::{Frame, FrameType};

/// One connection.
#[derive(Clone, Debug)]
pub(super) struct Link {
    role: Role,
    aim: Option<Aim>,
    stage: Stage,
    sent: u64,
    received: u64,
}

#[derive(Clone, Debug)]
enum Stage {
    /// Neither side is sure of the other.
    Handshake(Box<Handshake>),
    /// The other side has proved this id; its contact is still to come.
    Proved(Id, Box<Session>),
    /// Messages flow.
    Open(Contact, Box<Session>),
}

impl Link {
    const fn contact(&self) -> Option<&Contact> {
        match &self.stage {
            Stage::Open(contact, _) => Some(contact),
            Stage::Handshake(_) | Stage::Proved(..) => None,
        }
    }
}

impl Peer {
    /// An incoming connection is open as this link.
    pub fn handle_accepted(&mut self, now: Instant, link: LinkId) {
        self.open_link(now, link, None);
    }

    /// One binary message has come over a link.
    pub fn handle_frame(&mut self, now: Instant, link: LinkId, bytes: &[u8]) {
        let Some(state) = self.links.get_mut(&link) else {
            return;
        };
        state.received += bytes.len() as u64;
        let outcome = match &mut state.stage {
            Stage::Handshake(handshake) => match handshake.handle(&self.signer, bytes) {
                Ok(progress) => self.on_progress(link, progress),
                Err(reason) => Err(reason),
            },
            Stage::Proved(..) => self.on_introduction(now, link, bytes),
            Stage::Open(..) => self.on_sealed_frame(now, link, bytes),
        };
        if let Err(reason) = outcome {
            self.close(now, link, reason);
        }
        self.drain_node(now);
    }

    /// A connection is gone, without this side having closed it.
    pub fn handle_closed(&mut self, now: Instant, link: LinkId) {
        self.forget_link(now, link, CloseReason::Gone);
        self.drain_node(now);
    }

    /// The owner had to close a connection: its queue is full, or nothing came for too long.
    pub fn handle_broken(&mut self, now: Instant, link: LinkId, reason: CloseReason) {
        self.close(now, link, reason);
        self.drain_node(now);
    }

    /// All links.
    pub fn links(&self) -> impl Iterator<Item = LinkView> {
        self.links.iter().map(|(link, state)| LinkView {
            link: *link,
            role: state.role,
            contact: state.contact().cloned(),
            sent: state.sent,
            received: state.received,
        })
    }

    pub(super) fn open_link(&mut self, now: Instant, link: LinkId, aim: Option<Aim>) {
        if self.links.len() >= self.limits.links {
            self.count(CloseReason::TooManyLinks);
            let reason = CloseReason::TooManyLinks;
            self.outputs.push_back(Output::Close { link, reason });
            if let Some(aim) = aim {
                self.on_aim_missed(now, &aim);
            }
            return;
        }
        let role = match aim {
            Some(_) => Role::Initiator,
            None => Role::Responder,
        };
        let index = self.node.contact().card().index;
        let (handshake, hello) =
            Handshake::start(role, &self.signer, index, &self.ring, &mut self.rng);
        let state = Link {
            role,
            aim,
            stage: Stage::Handshake(Box::new(handshake)),
            sent: 0,
            received: 0,
        };
        self.links.insert(link, state);
        self.deadlines.insert(link, now + HANDSHAKE_PATIENCE);
        self.output_frame(link, hello);
    }

    fn on_progress(&mut self, link: LinkId, progress: Progress) -> Result<(), CloseReason> {
        match progress {
            Progress::Reply(frame) => self.output_frame(link, frame),
            Progress::Done {
                key,
                index,
                session,
            } => {
                let id = self.signer.scheme().position(self.node.space(), key, index);
                let state = self.links.get_mut(&link).ok_or(CloseReason::Gone)?;
                // Another node than the one that was dialed is as good as a forged one.
                if matches!(&state.aim, Some(Aim::Node(wanted)) if *wanted != id) {
                    return Err(CloseReason::ForgedIdentity);
                }
                state.stage = Stage::Proved(id, Box::new(session));
                let body =
                    encode_contact(self.node.contact()).map_err(|_| CloseReason::TooLarge)?;
                self.send_sealed(link, FrameType::Introduction, &body);
            }
        }
        Ok(())
    }

    fn on_introduction(
        &mut self,
        now: Instant,
        link: LinkId,
        bytes: &[u8],
    ) -> Result<(), CloseReason> {
        let state = self.links.get_mut(&link).ok_or(CloseReason::Gone)?;
        let Stage::Proved(id, session) = &mut state.stage else {
            return Err(CloseReason::Garbage);
        };
        let body = unseal(session, bytes, FrameType::Introduction)?;
        let contact =
            decode_contact(body, &mut self.cards).map_err(|_| CloseReason::ForgedIdentity)?;
        if contact.id() != *id {
            return Err(CloseReason::ForgedIdentity);
        }
        state.stage = Stage::Open(contact.clone(), session.clone());
        let aim = state.aim.clone();
        self.deadlines.remove(&link);
        self.on_open(now, link, &contact, aim);
        Ok(())
    }

    fn on_open(&mut self, now: Instant, link: LinkId, contact: &Contact, aim: Option<Aim>) {
        let id = contact.id();
        let role = self.links.get(&link).map(|state| state.role);
        // Two nodes may dial each other at once: one link each way stays. A second one the same way replaces the first,
        // which a restarted node has left behind.
        let older = self.links.iter().find(|(other, state)| {
            **other != link
                && Some(state.role) == role
                && state.contact().is_some_and(|contact| contact.id() == id)
        });
        let older = older.map(|(other, _)| *other);
        self.routes.insert(id, link);
        if let Some(older) = older {
            self.close(now, older, CloseReason::Replaced);
        }
        self.outputs.push_back(Output::Event(Event::LinkUp {
            link,
            contact: contact.clone(),
        }));
        for body in self.dialing.take(id) {
            self.send_on(link, &body);
        }
        if aim == Some(Aim::Join) && self.node.join(now, contact.clone()).is_err() {
            // It has become a member by another way meanwhile.
            self.on_node_event(NodeEvent::Joined);
        }
    }

    fn on_sealed_frame(
        &mut self,
        now: Instant,
        link: LinkId,
        bytes: &[u8],
    ) -> Result<(), CloseReason> {
        let state = self.links.get_mut(&link).ok_or(CloseReason::Gone)?;
        let Stage::Open(contact, session) = &mut state.stage else {
            return Err(CloseReason::Garbage);
        };
        let body = unseal(session, bytes, FrameType::Message)?;
        let message = decode_message(body, &mut self.cards).map_err(|_| CloseReason::Garbage)?;
        let contact = contact.clone();
        self.node.handle_message(now, &contact, message);
        Ok(())
    }

    /// Sends a message's bytes over an open link.
    pub(super) fn send_on(&mut self, link: LinkId, body: &[u8]) {
        self.send_sealed(link, FrameType::Message, body);
    }

    fn send_sealed(&mut self, link: LinkId, kind: FrameType, body: &[u8]) {
        let frame = Frame::on_link(kind, body).encode();
        let sealed = match self.links.get_mut(&link).map(|state| &mut state.stage) {
            Some(Stage::Proved(_, session) | Stage::Open(_, session)) => session.seal(frame),
            Some(Stage::Handshake(_)) | None => return,
        };
        self.output_frame(link, sealed);
    }

    fn output_frame(&mut self, link: LinkId, frame: Vec<u8>) {
        if let Some(state) = self.links.get_mut(&link) {
            state.sent += frame.len() as u64;
        }
        self.outputs.push_back(Output::Send { link, frame });
    }

    pub(super) fn close(&mut self, now: Instant, link: LinkId, reason: CloseReason) {
        if self.links.contains_key(&link) {
            self.outputs.push_back(Output::Close { link, reason });
            self.forget_link(now, link, reason);
        }
    }

    fn forget_link(&mut self, now: Instant, link: LinkId, reason: CloseReason) {
        let Some(state) = self.links.remove(&link) else {
            return;
        };
        self.deadlines.remove(&link);
        self.count(reason);
        let id = state.contact().map(Contact::id);
        self.outputs
            .push_back(Output::Event(Event::LinkDown { link, id, reason }));
        match id {
            Some(id) => self.on_link_lost(now, link, id),
            None => {
                if let Some(aim) = state.aim {
                    self.on_aim_missed(now, &aim);
                }
            }
        }
    }

    /// The way to a node is gone: another link takes over, or the node counts as unreachable.
    fn on_link_lost(&mut self, now: Instant, link: LinkId, id: Id) {
        if self.routes.get(&id) != Some(&link) {
            return;
        }
        let other = self
            .links
            .iter()
            .find(|(_, state)| state.contact().is_some_and(|contact| contact.id() == id));
        match other.map(|(other, _)| *other) {
            Some(other) => {
                self.routes.insert(id, other);
            }
            None => {
                self.routes.remove(&id);
                self.node.handle_unreachable(now, id);
            }
        }
    }

    fn count(&mut self, reason: CloseReason) {
        *self.drops.entry(reason).or_default() += 1;
    }
}

/// The body of a sealed frame, which must be of this type and on the link itself.
fn unseal<'a>(
    session: &mut Session,
    bytes: &'a [u8],
    kind: FrameType,
) -> Result<&'a [u8], CloseReason> {
    let frame = Frame::decode(session.open(bytes)?).map_err(|_| CloseReason::Garbage)?;
    if frame.kind != kind || frame.circuit != 0 {
        return Err(CloseReason::Garbage);
    }
    Ok(frame.body)
}
