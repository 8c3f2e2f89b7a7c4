//! Bytes that are no messages: sent to a node whole or not at all, behind its messages.

use crate::base::id::Id;
use crate::base::time::Instant;
use crate::link::fair_queue::Lane;
use crate::link::session::Plain;
use crate::peer::Peer;
use crate::peer::api::DataError;
use crate::peer::channel::Channel;
use crate::wire::frame::{Frame, FrameType};

/// The longest data frame's body.
pub const MAX_DATA: usize = 64 * 1024;
/// How much data may wait for one node, in bytes.
pub(super) const MAX_WAITING: usize = 1024 * 1024;

impl Peer {
    /// Sends bytes to a node that there is a link to. They arrive as [`Event::Data`](super::api::Event::Data), in order, unless the
    /// link breaks; messages overtake them.
    ///
    /// # Errors
    /// [`DataError`] says why nothing was sent.
    pub fn send_data(&mut self, now: Instant, to: Id, body: &[u8]) -> Result<(), DataError> {
        if body.len() > MAX_DATA {
            return Err(DataError::TooLong);
        }
        let channel = *self.routes.get(&to).ok_or(DataError::NotLinked)?;
        let is_full = self.data_waiting(channel) + body.len() > MAX_WAITING;
        let state = self.links.get_mut(&channel).ok_or(DataError::NotLinked)?;
        if is_full {
            state.is_full = true;
            return Err(DataError::Full);
        }
        let frame = Frame::on_link(FrameType::Data, body).encode();
        self.queue_data(channel, frame.into());
        self.tell_room(now, channel);
        Ok(())
    }

    /// Sends data, or lets it wait.
    pub(super) fn queue_data(&mut self, channel: Channel, frame: Plain) {
        match channel {
            Channel::Socket(link) => {
                if let Some(flow) = self.flows.get_mut(&link) {
                    flow.queue.push(Lane::Data, frame);
                    self.pump(link);
                }
            }
            Channel::Circuit(leg) => {
                if let Some(state) = self.links.get_mut(&channel) {
                    state.data_bytes += frame.len();
                    state.data.push_back(frame);
                    self.flush_circuit(leg);
                }
            }
        }
    }

    pub(super) fn data_waiting(&self, channel: Channel) -> usize {
        match channel {
            Channel::Socket(link) => self
                .flows
                .get(&link)
                .map_or(0, |flow| flow.queue.waiting(Lane::Data)),
            Channel::Circuit(_) => self.links.get(&channel).map_or(0, |state| state.data_bytes),
        }
    }

    /// Whether there is a link to a node.
    pub fn is_linked(&self, to: Id) -> bool {
        self.routes.contains_key(&to)
    }

    /// How many bytes wait for a node before they are sent.
    pub fn waiting(&self, to: Id) -> usize {
        let channel = self.routes.get(&to);
        channel.map_or(0, |channel| self.data_waiting(*channel))
    }
}
