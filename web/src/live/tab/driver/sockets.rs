//! Dialing, and what sockets say.

use std::rc::Rc;

use chordscope_core::base::contact::Address;
use chordscope_core::peer::api::LinkId;

use super::Driver;
use crate::live::closeness::Closeness;
use crate::live::tab::link::{Heard, Link};
use crate::live::talk::Cause;

/// What a browser gives for a connection that was lost without a close frame (RFC 6455 §7.1.5).
const LOST: u16 = 1_006;

impl Driver {
    /// Opens a connection; what comes of it is heard later.
    pub(super) fn dial(&mut self, address: Address) {
        if !self.may_dial(&address) {
            return self.dial_failed(&address, Cause::Unreachable);
        }
        self.next_link += 1;
        let id = LinkId(self.next_link);
        let me = self.me.clone();
        let hear = Rc::new(move |heard| Self::happen(&me, |driver| driver.heard(id, heard)));
        match Link::dial(address.clone(), Rc::clone(&self.spent), hear) {
            Some(link) => {
                self.links.insert(id, link);
            }
            None => self.dial_failed(&address, Cause::Unreachable),
        }
    }

    /// Whoever is in a ring names its own address, and could name one that only this machine reaches. So nobody is dialed
    /// who is closer to it than the peer that the user has named.
    fn may_dial(&self, address: &Address) -> bool {
        let named = self.named.as_ref();
        named.is_some_and(|named| Closeness::of(address.url()) <= Closeness::of(named.url()))
    }

    /// Tells the peer what has left over each link, and looks again soon while something waits: a browser does not say
    /// by itself when its buffers empty.
    pub(super) fn tell_written(&mut self) {
        let now = self.clock.now();
        for (id, link) in &mut self.links {
            let bytes = link.written();
            if bytes > 0 {
                self.peer.handle_written(now, *id, bytes);
            }
        }
        self.carry_out();
        // No more than a quarter of a mebibyte leaves between two looks, so that how often they are bounds how fast a tab sends.
        if self.links.values().any(Link::is_writing) {
            self.writing.call();
        }
    }

    fn dial_failed(&mut self, address: &Address, cause: Cause) {
        self.last_end = Some(cause);
        self.peer.handle_dial_failed(self.clock.now(), address);
    }

    fn heard(&mut self, id: LinkId, heard: Heard) {
        let now = self.clock.now();
        let Some(link) = self.links.get_mut(&id) else {
            return;
        };
        match heard {
            Heard::Opened => {
                link.opened();
                self.peer.handle_dialed(now, id, &link.address);
            }
            Heard::Frame(frame) => self.peer.handle_frame(now, id, frame),
            Heard::Wrong(reason) => {
                self.last_end = Some(Cause::Broken(reason.to_string()));
                self.peer.handle_broken(now, id, reason);
            }
            Heard::Closed(code, words) => self.closed(id, Cause::Closed(code, words)),
            Heard::Overdue => self.closed(id, Cause::Silent),
        }
    }

    fn closed(&mut self, id: LinkId, cause: Cause) {
        let Some(link) = self.links.remove(&id) else {
            return;
        };
        if link.open {
            let now = self.clock.now();
            match &cause {
                Cause::Closed(code, words) if *code != LOST => {
                    self.peer.handle_goodbye(now, id, *code, words);
                }
                _ => self.peer.handle_closed(now, id),
            }
            self.last_end = Some(cause);
            return;
        }
        let cause = match cause {
            // What the browser says of anything that failed before it was open.
            Cause::Closed(LOST, _) => Cause::Unreachable,
            cause => cause,
        };
        self.dial_failed(&link.address, cause);
    }
}
