//! The rules as first published, with their faults, to compare with the corrected ones. Peers do not have them.
//!
//! Sources: Stoica et al., SIGCOMM 2001, Fig. 7 (join, stabilize, notify); ToN 11(1), 2003, §IV-E (successor lists,
//! departures); Zave, CCR 42(2), 2012, which names the steps stabilize, rectify, reconcile, update and flush.
//!
//! What makes the difference: pointers are adopted without asking whether they live, a newcomer begins with one
//! successor, a list that lost its head has a hole until the next stabilization fills it, and a live predecessor is
//! told from a dead one by a check of its own.

use alloc::vec::Vec;

use crate::base::contact::Contact;
use crate::chord::membership::{Effect, Input, Membership, Query};
use crate::chord::successors::Neighbours;

impl Membership {
    pub(super) fn classic_step(&mut self, input: Input, fx: &mut Vec<Effect>) {
        match input {
            Input::Create => self.create(fx),
            Input::Join(behind) => self.join(behind, fx),
            Input::Stabilize if self.is_member() => self.classic_stabilize(fx),
            Input::Notified(notifier) if self.is_member() => self.classic_rectify(notifier, fx),
            Input::Left(node, theirs) if self.is_member() => self.classic_left(&node, &theirs, fx),
            Input::Answered(Query::Join, node, theirs) => self.classic_place(node, &theirs, fx),
            Input::Answered(Query::FromSuccessor, node, theirs) => {
                self.classic_adopt(node, &theirs, fx);
            }
            Input::Failed(Query::Join, node) => self.failed(Query::Join, &node, fx),
            Input::Failed(Query::FromSuccessor, node) => self.classic_update(&node, fx),
            Input::Failed(Query::Liveness, node) => self.classic_flush(&node, fx),
            Input::Leave => self.leave(fx),
            _ => {}
        }
    }

    /// SIGCOMM 2001, Fig. 7, join: the successor alone, dead or alive, and no predecessor.
    fn classic_place(&mut self, node: Contact, theirs: &Neighbours, fx: &mut Vec<Effect>) {
        self.place(node, theirs, fx);
        if self.is_member() {
            self.predecessor = None;
            if let Some(head) = self.successors.head().cloned() {
                self.successors.adopt(&head, &[]);
            }
        }
    }

    fn classic_stabilize(&mut self, fx: &mut Vec<Effect>) {
        if self.stabilizing.is_some() {
            return;
        }
        if let Some(before) = &self.predecessor {
            fx.push(Effect::Ask(Query::Liveness, before.clone()));
        }
        match (self.successors.head(), &self.predecessor) {
            (Some(head), _) => self.ask(Query::FromSuccessor, head.clone(), fx),
            // A ring of one is its own successor, and its own predecessor lies in between.
            (None, Some(companion)) => {
                self.adopt(&companion.clone(), &[], fx);
                self.notify(fx);
            }
            (None, None) => {}
        }
    }

    /// Stabilize: a better successor is taken unasked, in place of the first. Otherwise reconcile: the successor's list.
    fn classic_adopt(&mut self, head: Contact, theirs: &Neighbours, fx: &mut Vec<Effect>) {
        if self.stabilizing.take() != Some((Query::FromSuccessor, head.id())) {
            return;
        }
        let better = theirs.predecessor.as_ref().filter(|candidate| {
            candidate.id() != self.me && candidate.id().is_between(self.me, head.id())
        });
        match better {
            Some(candidate) => {
                let tail: Vec<Contact> =
                    self.successors.entries().iter().skip(1).cloned().collect();
                self.adopt(candidate, &tail, fx);
            }
            None => self.adopt(&head, &theirs.successors, fx),
        }
        self.notify(fx);
    }

    /// Update: the next entry moves up, dead or alive. The last one stays, as there is no other.
    fn classic_update(&mut self, dead: &Contact, fx: &mut Vec<Effect>) {
        let asked = self.stabilizing.take() == Some((Query::FromSuccessor, dead.id()));
        let others = self.successors.entries().len() > 1;
        if asked && others && self.successors.remove(dead.id()) {
            fx.push(Effect::SuccessorsChanged);
        }
    }

    /// Flush: a dead predecessor is dropped. ToN 2003, Fig. 6, check_predecessor.
    fn classic_flush(&mut self, dead: &Contact, fx: &mut Vec<Effect>) {
        if self.predecessor.as_ref().map(Contact::id) == Some(dead.id()) {
            self.set_predecessor(None, fx);
        }
    }

    /// SIGCOMM 2001, Fig. 7, notify: only a nearer node, or any where there is none.
    fn classic_rectify(&mut self, notifier: Contact, fx: &mut Vec<Effect>) {
        let nearer = match &self.predecessor {
            Some(before) => notifier.id().is_between(before.id(), self.me),
            None => true,
        };
        if nearer && notifier.id() != self.me {
            self.set_predecessor(Some(notifier), fx);
        }
    }

    /// A neighbour's departure. ToN 2003 §IV-E: its predecessor and the last of its list are taken over unseen.
    fn classic_left(&mut self, node: &Contact, theirs: &Neighbours, fx: &mut Vec<Effect>) {
        if self.predecessor.as_ref().map(Contact::id) == Some(node.id()) {
            let before = theirs.predecessor.clone();
            self.set_predecessor(before.filter(|before| before.id() != self.me), fx);
        }
        let entries = self.successors.entries().iter();
        let kept: Vec<Contact> = entries
            .filter(|entry| entry.id() != node.id())
            .chain(theirs.successors.last())
            .cloned()
            .collect();
        if self.successors.entries().contains(node) {
            self.successors.replace(&kept);
            fx.push(Effect::SuccessorsChanged);
        }
        if self
            .stabilizing
            .is_some_and(|(_, asked)| asked == node.id())
        {
            self.stabilizing = None;
        }
    }
}
