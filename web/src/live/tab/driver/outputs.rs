//! What the peer wants done.

use chordscope_core::link::reason::CloseReason;
use chordscope_core::node::api::StorageEvent;
use chordscope_core::peer::api::Output;

use super::Driver;
use crate::live::talk::Cause;

impl Driver {
    /// Carries out what the peer wants, until it wants nothing more.
    pub(super) fn carry_out(&mut self) {
        while let Some(output) = self.peer.poll_output() {
            let now = self.clock.now();
            match output {
                Output::Send { link, frame } => {
                    let sent = self.links.get_mut(&link).map(|link| link.send(&frame));
                    if sent == Some(false) {
                        self.peer.handle_broken(now, link, CloseReason::QueueFull);
                    }
                }
                Output::Dial(address) => self.dial(address),
                Output::Close { link, reason } => {
                    if let Some(link) = self.links.remove(&link) {
                        self.last_end = Some(Cause::Broken(reason.to_string()));
                        link.close(reason);
                    }
                }
                Output::StoreRecord { token, key, copy } => {
                    let event = self.storage.keep(token, key, &copy);
                    self.peer.handle_storage(now, event);
                }
                Output::DropRecord(key) => self.storage.drop_record(key),
                // A tab is in no group of level `quorum`.
                Output::StoreGroups { token, .. } => {
                    self.peer.handle_storage(now, StorageEvent::Failed(token));
                }
                Output::DropEntries(_) | Output::SetAside(_) => {}
                Output::ReadSegment { content, index } => self.read_segment(content, index),
                Output::WriteSegment {
                    content,
                    index,
                    pieces,
                } => {
                    let done = self.write_segment(content, index, &pieces.concat());
                    self.peer.handle_segment_written(now, content, index, done);
                }
                Output::Event(event) => self.on_event(event),
            }
        }
    }
}
