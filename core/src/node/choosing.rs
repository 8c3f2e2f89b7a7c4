//! Fingers that choose the nearest of several nodes: who they are, and which one a lookup takes.

use crate::base::contact::Contact;
use crate::base::time::Instant;
use crate::chord::message::Request as Ask;
use crate::chord::route::{Step, Turn};
use crate::message::Request;
use crate::node::Node;
use crate::node::requests::Purpose;

impl Node {
    /// A finger has named its successors. Those that are new are asked: who answers is there, and its round trip is known.
    pub(super) fn look_behind(&mut self, now: Instant, finger: &Contact, successors: &[Contact]) {
        let me = self.contact.id();
        if !self.candidates.are_wanted() || finger.id() == me {
            return;
        }
        self.candidates.keep_to(&self.fingers);
        let strangers = self.candidates.learn(me, finger.id(), successors);
        let unmeasured = self.rtt(finger.id()).smoothed().is_none();
        for node in unmeasured.then_some(finger).into_iter().chain(&strangers) {
            let purpose = Purpose::Candidate(finger.id());
            self.ask(now, node.clone(), purpose, Request::Chord(Ask::Ping));
        }
    }

    /// By way of this row: to its node, or to one behind it.
    pub(super) fn choose(&self, row: u8, finger: Contact, turn: Turn<'_>) -> Step {
        let round_trip = |node| self.rtt(node).smoothed();
        let chosen = self
            .candidates
            .nearest(&finger, turn.key, turn.avoid, round_trip);
        match chosen.id() == finger.id() {
            true => Step::Finger {
                row,
                contact: finger,
            },
            false => Step::Near {
                row,
                contact: chosen.clone(),
            },
        }
    }
}
