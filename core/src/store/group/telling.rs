//! Sending of decisions: all nodes concerned hear what follows a group, until the members of the next group know it.

use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet};

use crate::base::id::Id;
use crate::store::group::configuration::{GroupId, Member, has};
use crate::store::group::message::{Request, Response};
use crate::store::group::shared::Shared;
use crate::store::group::{Held, Token};

/// The groups that are over, each until the members of the next group know it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Telling(BTreeMap<GroupId, Told>);

/// The nodes that know of one decision, as far as this node has heard.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Told {
    /// The number of times that it was told.
    times: usize,
    /// The nodes that know it.
    by: BTreeSet<Id>,
    /// The parts of what followed, by their last key, that are over.
    over: BTreeSet<Id>,
}

impl Telling {
    /// Ends the telling of what follows a group.
    pub(super) fn end(&mut self, id: GroupId) {
        self.0.remove(&id);
    }

    /// Sends a decision to all nodes concerned, until the members of the next group know it.
    pub(super) fn tell(&mut self, shared: &mut Shared, id: GroupId) {
        if self.forget_if_known(shared, id) {
            return;
        }
        let Some(Held {
            group,
            decided: Some(next),
            ..
        }) = shared.roster.get(id).cloned()
        else {
            return;
        };
        let told = self.0.entry(id).or_default();
        told.times += 1;
        let first = told.times == 1;
        let followers = next.members();
        let others = group.voters().filter(|_| first);
        let others = others.filter(|node| !has(&followers, node.id()));
        let concerned = followers.iter().filter(|node| node.votes).chain(others);
        for node in concerned.filter(|node| !told.by.contains(&node.id())) {
            let decided = Request::Decided(id, Box::new(next.clone()));
            shared.ask(Token::Tell(id), &node.contact, decided);
        }
        if first {
            return;
        }
        // A node does not answer: the next group may be over by now, and then the node need not be told. Those who know may be gone as well.
        let parts = next.groups(&group);
        for part in parts.filter(|part| !told.over.contains(&part.upto)) {
            let know = part.members.iter().filter(|it| told.by.contains(&it.id()));
            for node in know {
                let check = Request::Check(part.id());
                shared.ask(Token::Over(id, part.upto), &node.contact, check);
            }
        }
    }

    /// Takes a node's answer: it knows the decision, or not.
    pub(super) fn on_told(
        &mut self,
        shared: &mut Shared,
        id: GroupId,
        from: Id,
        response: Option<&Response>,
    ) {
        if response == Some(&Response::Done)
            && let Some(told) = self.0.get_mut(&id)
        {
            told.by.insert(from);
            self.forget_if_known(shared, id);
        }
    }

    /// Takes what a member of a part of what followed says became of that.
    pub(super) fn on_over(
        &mut self,
        shared: &mut Shared,
        (id, upto): (GroupId, Id),
        from: Id,
        response: Option<&Response>,
    ) {
        let part = shared.roster.get(id).and_then(|held| {
            let next = held.decided.as_ref()?;
            next.groups(&held.group).find(|part| part.upto == upto)
        });
        let member = part.as_ref().and_then(|part| part.member(from));
        let was_in = |who: u64| member.is_some_and(|m| m.votes && m.incarnation == who);
        let over = match response {
            Some(Response::Followed(_)) => true,
            Some(Response::Gone(who)) => was_in(*who),
            _ => false,
        };
        if over && let Some(told) = self.0.get_mut(&id) {
            told.over.insert(upto);
            self.forget_if_known(shared, id);
        }
    }

    /// Forgets a group once each part of what followed is over, or known to all of its members.
    fn forget_if_known(&self, shared: &mut Shared, id: GroupId) -> bool {
        let Some(Held {
            group,
            decided: Some(next),
            ..
        }) = shared.roster.get(id)
        else {
            return false;
        };
        let Some(told) = self.0.get(&id) else {
            return false;
        };
        let known = next.groups(group).all(|part| {
            let known = part
                .voters()
                .map(Member::id)
                .all(|node| told.by.contains(&node));
            told.over.contains(&part.upto) || known
        });
        if known {
            shared.forget(id);
        }
        known
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    use crate::store::group::shared::Act;
    use crate::store::group::testing::{self, asked, epoch, group, id, next};

    fn requests(shared: &mut Shared) -> Vec<(Id, Request)> {
        let acts = shared.outbox.take_acts();
        let asked = asked(shared, acts).into_iter();
        asked.map(|(node, _, request)| (node, request)).collect()
    }

    #[test]
    fn a_decision_is_told_until_all_who_follow_know_it_or_are_over_themselves() {
        let parent = group((0, 0), 1, &[1, 2]);
        let follows = next(epoch(0, 2), &[1, 3]);
        let decided = Request::Decided(parent.id(), Box::new(follows.clone()));
        let part = group((0, 0), 2, &[1, 3]);
        for is_over in [true, false] {
            let mut shared = testing::shared(1, core::slice::from_ref(&parent));
            let mut telling = Telling::default();
            shared.roster.follow(parent.id(), &follows, |_| false);
            telling.tell(&mut shared, parent.id());
            let told = [1, 3, 2].map(|node| (id(node), decided.clone()));
            assert_eq!(requests(&mut shared), told);
            telling.on_told(&mut shared, parent.id(), id(1), Some(&Response::Done));
            telling.on_told(&mut shared, parent.id(), id(3), None);
            assert!(shared.roster.holds(parent.id()));
            telling.tell(&mut shared, parent.id());
            let check = (id(1), Request::Check(part.id()));
            assert_eq!(requests(&mut shared), [(id(3), decided.clone()), check]);
            if is_over {
                let name = (parent.id(), part.upto);
                let stranger = Response::Gone(9);
                telling.on_over(&mut shared, name, id(1), Some(&stranger));
                assert!(shared.roster.holds(parent.id()));
                telling.on_over(&mut shared, name, id(1), Some(&Response::Gone(1)));
            } else {
                telling.on_told(&mut shared, parent.id(), id(3), Some(&Response::Done));
            }
            assert!(!shared.roster.holds(parent.id()));
            assert_eq!(shared.outbox.take_acts(), [Act::Ended(parent.id())]);
        }
    }

    #[test]
    fn all_who_know_a_decision_are_asked_whether_what_followed_is_over() {
        let parent = group((0, 0), 1, &[1, 2]);
        let follows = next(epoch(0, 2), &[1, 3, 4]);
        let part = group((0, 0), 2, &[1, 3, 4]);
        let mut shared = testing::shared(1, core::slice::from_ref(&parent));
        let mut telling = Telling::default();
        shared.roster.follow(parent.id(), &follows, |_| false);
        telling.tell(&mut shared, parent.id());
        for node in [1, 4] {
            telling.on_told(&mut shared, parent.id(), id(node), Some(&Response::Done));
        }
        requests(&mut shared);
        telling.tell(&mut shared, parent.id());
        let check = |node| (id(node), Request::Check(part.id()));
        let decided = Request::Decided(parent.id(), Box::new(follows));
        let asked = [(id(3), decided), check(1), check(4)];
        assert_eq!(requests(&mut shared), asked);
    }
}
