//! Nodes that have gone lately. Where all nodes that kept a record are among them, those that are there cannot know of it.
//!
//! (ours) The replica group of a key is its owner and the next successors. So where as many nodes as keep a record have gone from between
//! the key and its present owner, none of those that kept it answers now: a get that finds nothing there is no proof that there is nothing.
//! That is so for moments while a whole ring starts again, or after many of its nodes have stopped at once.

use alloc::vec::Vec;
use core::time::Duration;

use crate::base::id::{Id, Space};
use crate::base::time::Instant;

/// The time for which a node that has gone is remembered. A node that is restarted is back by then; the records of one that is not
/// may be lost for good.
const REMEMBERED: Duration = Duration::from_secs(30);
/// The most nodes that are remembered.
const MAX_GONE: usize = 64;

/// Nodes that have gone, and until when that is remembered: for an earlier run's, without a time before this node is a member.
#[derive(Clone, Debug, Default)]
pub(super) struct Gone(Vec<(Id, Option<Instant>)>);

impl Gone {
    /// Takes note that a node does not answer, or has said that it goes.
    pub(super) fn note(&mut self, now: Instant, node: Id) {
        self.0
            .retain(|(other, until)| *other != node && until.is_none_or(|until| until > now));
        self.add(node, Some(now + REMEMBERED));
    }

    /// Takes nodes of an earlier run, which may be on their way back as this one is.
    pub(super) fn expect(&mut self, nodes: impl IntoIterator<Item = Id>) {
        for node in nodes {
            self.add(node, None);
        }
    }

    fn add(&mut self, node: Id, until: Option<Instant>) {
        if self.0.len() >= MAX_GONE {
            self.0.remove(0);
        }
        self.0.push((node, until));
    }

    /// Takes note that this node is a member.
    pub(super) fn joined(&mut self, now: Instant) {
        for (_, until) in &mut self.0 {
            until.get_or_insert(now + REMEMBERED);
        }
    }

    /// Returns whether all nodes that kept a record of this key, so many, may have gone. A single one that goes in order hands its
    /// records over.
    pub(super) fn may_have_had(
        &self,
        now: Instant,
        space: Space,
        (key, owner): (Id, Id),
        copies: u8,
    ) -> bool {
        let before = space.previous(key);
        let kept = |node: Id| node != owner && node.is_within(before, owner);
        let gone = self
            .0
            .iter()
            .filter(|(node, until)| kept(*node) && until.is_none_or(|until| until > now));
        gone.count() >= usize::from(copies.max(2))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPACE: Space = Space::FULL;

    fn id(value: u64) -> Id {
        Id::from_u64(value)
    }

    fn at(secs: u64) -> Instant {
        Instant::from_millis(secs * 1_000)
    }

    #[test]
    fn as_many_nodes_as_keep_a_record_must_have_gone_from_before_its_owner() {
        let mut gone = Gone::default();
        let hides =
            |gone: &Gone, key, owner| gone.may_have_had(at(1), SPACE, (id(key), id(owner)), 3);
        for node in [20, 30, 20, 40, 60] {
            gone.note(at(0), id(node));
        }
        assert!(hides(&gone, 15, 50));
        assert!(hides(&gone, 20, 50), "a node keeps its own position");
        assert!(!hides(&gone, 21, 50), "one of three is there");
        assert!(!hides(&gone, 15, 40), "and here, too");
        assert!(hides(&gone, 55, 50), "round the circle");
        assert!(!gone.may_have_had(at(30), SPACE, (id(15), id(50)), 3));
    }

    #[test]
    fn the_page_says_for_how_long_nodes_that_have_gone_are_remembered() {
        let seconds = REMEMBERED.as_secs();
        crate::page::must_say(&alloc::format!(
            "have gone from before the owner in the last {seconds} seconds"
        ));
    }

    #[test]
    fn one_node_that_went_has_handed_over() {
        let mut gone = Gone::default();
        gone.note(at(0), id(20));
        assert!(!gone.may_have_had(at(0), SPACE, (id(15), id(50)), 1));
        gone.note(at(0), id(30));
        assert!(gone.may_have_had(at(0), SPACE, (id(15), id(50)), 1));
    }

    #[test]
    fn an_earlier_runs_nodes_are_expected_until_a_while_after_this_one_is_a_member() {
        let mut gone = Gone::default();
        gone.expect([20, 30].map(id));
        let hides = |gone: &Gone, secs| gone.may_have_had(at(secs), SPACE, (id(15), id(50)), 2);
        assert!(hides(&gone, 1_000));
        gone.joined(at(1_000));
        assert!(hides(&gone, 1_029));
        assert!(!hides(&gone, 1_030));
    }

    #[test]
    fn no_more_are_remembered_than_the_limit_says() {
        let mut gone = Gone::default();
        for node in 0..2 * MAX_GONE as u64 {
            gone.note(at(0), id(node));
        }
        assert_eq!(gone.0.len(), MAX_GONE);
        gone.note(at(40), id(7));
        assert_eq!(gone.0.len(), 1);
    }
}
