//! Ring merge: a node looks its own id up from other nodes, those that it took for dead among them.
//!
//! Stabilization keeps one ring whole. It cannot join two rings that a partition left, nor unwind a loopy one, which
//! goes round the circle twice: from close by both look right. What a node far away, or in the other ring, takes for this
//! node's successor shows the difference; the nearer one is asked and adopted, and stabilization closes the ring from there.
//!
//! Sources: Chord (MIT technical report, 2002) §5.3, strong stabilization; SIGCOMM 2001 §7 and MIT's implementation, whose
//! nodes go on asking after dead ones, 60 s to 960 s apart. (ours) The node names itself in `avoid` and asks nodes that it lost, so that
//! one request detects loopy rings and other rings; the report of 2002 asks the successor only.

use alloc::collections::VecDeque;
use alloc::vec;
use alloc::vec::Vec;

use crate::base::contact::Contact;
use crate::base::id::Id;
use crate::base::time::Instant;
use crate::chord::membership::Membership;
use crate::node::api::TimerKind;
use crate::node::lookups::Goal;
use crate::node::ring::Ring;
use crate::node::services::Services;

/// The most rounds between two requests to a lost node.
const LONGEST_PAUSE: u32 = 64;

/// Nodes that did not answer, the one lost first in front.
#[derive(Clone, Debug)]
pub(super) struct RingMerge {
    limit: usize,
    lost: VecDeque<Lost>,
}

#[derive(Clone, Debug)]
struct Lost {
    contact: Contact,
    /// Rounds until it is asked again.
    rounds_left: u32,
    /// Rounds that it then waits.
    pause: u32,
}

impl RingMerge {
    pub(super) const fn new(limit: usize) -> Self {
        Self {
            limit,
            lost: VecDeque::new(),
        }
    }

    /// Takes note that a node did not answer. One that is being asked after already keeps its pause.
    pub(super) fn lose(&mut self, contact: &Contact) {
        if let Some(known) = self.find(contact.id()) {
            known.contact = contact.clone();
            return;
        }
        self.lost.push_back(Lost {
            contact: contact.clone(),
            rounds_left: 1,
            pause: 1,
        });
        if self.lost.len() > self.limit {
            self.lost.pop_front();
        }
    }

    fn find(&mut self, node: Id) -> Option<&mut Lost> {
        let mut lost = self.lost.iter_mut();
        lost.find(|lost| lost.contact.id() == node)
    }

    /// Forgets a node that is in the same ring.
    fn forget(&mut self, node: Id) {
        self.lost.retain(|lost| lost.contact.id() != node);
    }

    /// A round passes: of the nodes that are due, the one that has waited longest is asked next, and the pause doubles.
    fn next(&mut self) -> Option<Contact> {
        for lost in &mut self.lost {
            lost.rounds_left = lost.rounds_left.saturating_sub(1);
        }
        let due = self.lost.iter().position(|lost| lost.rounds_left == 0)?;
        let mut lost = self.lost.remove(due)?;
        lost.pause = (lost.pause * 2).min(LONGEST_PAUSE);
        lost.rounds_left = lost.pause;
        let contact = lost.contact.clone();
        self.lost.push_back(lost);
        Some(contact)
    }

    /// Looks this node up from a lost node, or from any other.
    pub(super) fn on_timer(&mut self, services: &mut Services, ring: &mut Ring, now: Instant) {
        if !ring.is_member() {
            return;
        }
        services.schedule(now, TimerKind::RingMerge, services.config.ring_merge);
        if let Some(via) = self.next().or_else(|| any_contact(services, ring)) {
            look_round(services, ring, now, &via);
        }
    }

    /// Handles the outcome of a lookup of this node's own id, begun at a node of the same ring or at a lost one: the node that owns
    /// it there, and that node's predecessor. Returns the owner if it is nearer than this node's successor, or should have this
    /// node before it.
    pub(super) fn on_looked_round(
        &mut self,
        membership: &Membership,
        via: Option<Id>,
        (owner, before): (Contact, Option<Id>),
    ) -> Option<Contact> {
        let me = membership.me();
        let head = membership.successors().head().map(Contact::id);
        if head == Some(owner.id()) {
            // The answer came from the same ring.
            via.into_iter().for_each(|via| self.forget(via));
            return None;
        }
        let is_nearer = head.is_none_or(|head| owner.id().is_between(me, head));
        // A lookup that had to pass dead nodes ends too far round the ring, where the owner's predecessor may be dead, too:
        // told of this node, the owner would take it, and answer for the keys of all nodes in between.
        let comes_before = before.is_none_or(|before| me.is_between(before, owner.id()));
        (is_nearer || comes_before).then_some(owner)
    }
}

/// Looks up this node's own position from another node, as if this one were not there: the owner is its successor.
pub(super) fn look_round(services: &mut Services, ring: &mut Ring, now: Instant, via: &Contact) {
    let me = services.id();
    // Where too many lookups are under way there is a next round.
    let _ = ring.look_up_at(services, now, (me, Goal::RingMerge), via, vec![me]);
}

/// A successor, the predecessor or a finger, each node as likely as any other.
fn any_contact(services: &mut Services, ring: &Ring) -> Option<Contact> {
    let me = services.id();
    let known = ring.contacts().filter(|contact| contact.id() != me);
    let mut known: Vec<Contact> = known.cloned().collect();
    known.sort_unstable();
    known.dedup_by_key(|contact| contact.id());
    let at = services.rng.below(known.len() as u64);
    known.into_iter().nth(usize::try_from(at).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chord::membership::tests::contact;

    #[test]
    fn pauses_double_up_to_the_longest() {
        let mut ring_merge = RingMerge::new(4);
        ring_merge.lose(&contact(7));
        let asked: Vec<u32> = (1..=300).filter(|_| ring_merge.next().is_some()).collect();
        assert_eq!(asked, [1, 3, 7, 15, 31, 63, 127, 191, 255]);
    }

    #[test]
    fn the_node_lost_first_makes_room_and_one_found_is_asked_no_more() {
        let mut ring_merge = RingMerge::new(2);
        for id in [1, 2, 3, 2] {
            ring_merge.lose(&contact(id));
        }
        ring_merge.forget(Id::from_u64(3));
        assert_eq!(ring_merge.next(), Some(contact(2)));
        assert_eq!(ring_merge.next(), None);
        let mut none = RingMerge::new(0);
        none.lose(&contact(1));
        assert_eq!(none.next(), None);
    }

    #[test]
    fn an_owner_far_off_hears_of_this_node_only_if_it_is_nearer_than_its_predecessor() {
        let id = Id::from_u64;
        let mut membership = Membership::new(id(8), 3);
        membership.settle(Some(contact(4)), &[contact(12)]);
        let heard = |owner: u64, before: Option<u64>| {
            let found = (contact(owner), before.map(id));
            RingMerge::new(0)
                .on_looked_round(&membership, None, found)
                .is_some()
        };
        assert!(heard(10, Some(4)), "a node in between");
        assert!(heard(10, Some(9)), "a node in between, of another ring");
        assert!(heard(20, Some(4)), "it is to have this node before it");
        assert!(heard(20, None));
        assert!(!heard(20, Some(16)), "its predecessor is nearer");
        assert!(!heard(12, Some(4)), "the successor");
    }

    #[test]
    fn the_page_says_how_often_a_silent_node_is_asked_after() {
        let every = crate::node::config::Config::default().ring_merge.unwrap();
        crate::page::must_say(&alloc::format!(
            "each after {} seconds, then twice as long each time, up to {} minutes",
            every.as_secs(),
            (every * LONGEST_PAUSE).as_secs() / 60
        ));
    }
}
