//! A node as a member of groups, the acceptor of their changes, and as a follower that may become a member.
//!
//! The state is the roster and the table. Before a request about a group is handled, the router has the member enter the group if that
//! is staged here.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::vec;

use crate::base::contact::Contact;
use crate::base::gather::gather;
use crate::base::id::Id;
use crate::store::group::adopting::Adopting;
use crate::store::group::configuration::{
    Configuration, Epoch, GroupId, Member as Place, Next, Stamp,
};
use crate::store::group::fence::Fences;
use crate::store::group::message::{Introduction, MAX_PAGE, Request, Response};
use crate::store::group::roster::StagedName;
use crate::store::group::shared::{After, Shared};
use crate::store::group::{Entry, Held, Ticket, Token};
use crate::store::record::RecordError;

/// A member while it answers one request.
#[derive(Debug)]
pub(super) struct Member<'a> {
    pub(super) shared: &'a mut Shared,
    pub(super) fences: &'a mut Fences,
    pub(super) adopting: &'a Adopting,
}

impl Member<'_> {
    /// Founds the first group of a ring, unless this node has a lineage or a group.
    pub(super) fn found(self, lineage: u64) {
        let Self { shared, .. } = self;
        let has_one = shared.roster.lineage().is_some() && shared.rules().lineage;
        if has_one || !shared.roster.is_free() {
            return;
        }
        shared.roster.enter_lineage(lineage);
        let me = shared.id();
        let epoch = Epoch {
            generation: 0,
            round: shared.roster.next_round(0),
            proposer: me,
        };
        let group = Configuration {
            lineage,
            after: me,
            upto: me,
            epoch,
            members: vec![Place {
                contact: shared.own.contact.clone(),
                incarnation: shared.own.settings.incarnation,
                votes: true,
            }],
        };
        let lead = After::Lead(group.id());
        shared.roster.hold(group);
        shared.save_control(vec![lead]);
    }

    /// Tells the other members that this node stops for a while.
    pub(super) fn stop(self) {
        let Self { shared, .. } = self;
        let me = shared.id();
        let held = shared.roster.held();
        let members = held.flat_map(|held| held.group.members.clone());
        let others: BTreeMap<Id, Contact> = gather(members.map(|m| (m.id(), m.contact)));
        for (_, other) in others.into_iter().filter(|(id, _)| *id != me) {
            // Nobody waits for the answer.
            shared.ask(Token::Round(0), &other, Request::Stopping);
        }
    }

    /// Takes in an introduction, and answers with its own unless it leaves.
    pub(super) fn meet(self, ticket: Ticket, who: Introduction, leaving: bool) {
        let Self {
            shared, adopting, ..
        } = self;
        // Who leaves for the same lineage is not gone yet: its answers tell.
        if who.lineage.is_none() || who.lineage != adopting.lineage() {
            let asker = shared.asker(&ticket);
            shared.presence.met(shared.own.now, asker, who);
            // One that did not answer while it was down. One of another lineage would be asked in vain, without end: each asks the other.
            if who.lineage.is_none() || who.lineage == shared.roster.lineage_number() {
                shared.presence.is_back(asker);
            }
        }
        let answer = match leaving {
            true => Response::Unknown,
            false => Response::Met(adopting.introduction_to(shared, who)),
        };
        shared.answer(ticket, answer);
    }

    /// Notes that another member stops for a while.
    pub(super) fn on_stopping(self, ticket: Ticket) {
        let Self { shared, .. } = self;
        shared.presence.stops(shared.now(), shared.asker(&ticket));
        shared.look_soon();
        shared.answer(ticket, Response::Done);
    }

    // In a group.

    /// The epoch check: a member keeps nothing for a group that is sealed or over.
    pub(super) fn keep(self, ticket: Ticket, id: GroupId, entry: Option<Box<Entry>>) {
        let Self { shared, .. } = self;
        let from = shared.asker(&ticket);
        let check = shared.rules().epoch_check;
        let key = entry
            .as_ref()
            .map(|entry| shared.table.key(&entry.copy.record));
        let refusal = match shared.roster.get(id) {
            None => Some(shared.roster.unknown(id)),
            Some(held) if held.promised != id.epoch || held.decided.is_some() => {
                Some(Response::Closed(held.promised))
            }
            Some(held) => {
                let primary = held.group.primary().map(Place::id);
                let strange = key.is_some_and(|key| !held.group.covers(key));
                (strange || primary != Some(from)).then_some(Response::Unknown)
            }
        };
        match (refusal.filter(|_| check), entry) {
            (Some(refusal), _) => shared.answer(ticket, refusal),
            (None, Some(entry)) => {
                shared.take_in(&entry, After::Answer(ticket, Response::Done));
            }
            (None, None) => shared.answer(ticket, Response::Done),
        }
    }

    /// Paxos, first phase.
    pub(super) fn prepare(self, ticket: Ticket, id: GroupId, ballot: Epoch) {
        let Self { shared, fences, .. } = self;
        let from = shared.asker(&ticket);
        let answer = match shared.roster.get(id) {
            None => shared.roster.unknown(id),
            Some(Held {
                decided: Some(next),
                ..
            }) => Response::Followed(Box::new(next.clone())),
            Some(held) if !held.group.has(from) => Response::Unknown,
            // The group may lie behind a fence. The requester tries again.
            Some(held) if fences.is_surveying() => Response::Closed(held.promised),
            Some(held) if ballot <= held.promised => Response::Closed(held.promised),
            Some(held) => {
                let promise = Response::Promise(held.accepted.clone().map(Box::new));
                shared.roster.promise(id, ballot);
                return shared.answer_once_saved(ticket, promise);
            }
        };
        shared.answer(ticket, answer);
    }

    /// Paxos, second phase.
    pub(super) fn accept(self, ticket: Ticket, id: GroupId, ballot: Epoch, next: Next) {
        let Self { shared, .. } = self;
        let from = shared.asker(&ticket);
        let answer = match shared.roster.get(id) {
            None => shared.roster.unknown(id),
            Some(Held {
                decided: Some(next),
                ..
            }) => Response::Followed(Box::new(next.clone())),
            Some(held) if !held.group.has(from) || !next.fits(&held.group) => Response::Unknown,
            Some(held) if ballot < held.promised => Response::Closed(held.promised),
            Some(_) => {
                shared.roster.accept(id, ballot, next);
                return shared.answer_once_saved(ticket, Response::Done);
            }
        };
        shared.answer(ticket, answer);
    }

    /// Answers what became of a group, and whether this member can do something for it.
    pub(super) fn check(self, ticket: Ticket, id: GroupId) {
        let Self { shared, .. } = self;
        let refuses = shared.outbox.disk_refuses();
        let answer = match shared.roster.get(id) {
            Some(held) => match held.decided.clone() {
                Some(next) => Response::Followed(Box::new(next)),
                None if refuses => Response::Refused(RecordError::Storage),
                None => Response::Done,
            },
            None => shared.roster.unknown(id),
        };
        shared.answer(ticket, answer);
    }

    /// Keys of a sealed group. Nothing more is kept in its epoch, so that pages fit together.
    pub(super) fn list(self, ticket: Ticket, id: GroupId, last: Option<Id>) {
        let Self { shared, .. } = self;
        let member = shared.roster.is_member(shared.asker(&ticket), id);
        let answer = match shared.roster.get(id) {
            Some(held) if member && held.promised > id.epoch => {
                let (after, upto) = (held.group.after, held.group.upto);
                Response::Page(shared.table.page(after, upto, last, MAX_PAGE))
            }
            _ => Response::Unknown,
        };
        shared.answer(ticket, answer);
    }

    /// Sends one entry of a group to a member of it.
    pub(super) fn fetch(self, ticket: Ticket, id: GroupId, key: Id) {
        let Self { shared, .. } = self;
        let member = shared.roster.is_member(shared.asker(&ticket), id);
        let entry = shared.table.entry(shared.now(), key);
        shared.answer(ticket, Response::Entry(entry.filter(|_| member)));
    }

    // Before a group: what a node does that may become a member.

    /// Expects what may come to follow a group, if this node can be in it.
    pub(super) fn stage(self, ticket: Ticket, parent: Configuration, next: Next) {
        let Self {
            shared,
            fences,
            adopting,
        } = self;
        let me = shared.id();
        let name = (parent.id(), next.epoch);
        let asker = shared.asker(&ticket);
        let claims = shared.roster.is_held_against(&parent) && !shared.is_acquainted_with(asker);
        let strange = !next.fits(&parent) || !parent.has(asker) || claims;
        let later = match strange || shared.roster.staged(name).is_some() {
            true => None,
            false => fences.make_way(shared, &parent, &next),
        };
        let rules = shared.rules();
        let mut mine = next.groups(&parent).filter(|group| group.has(me));
        let barred = mine.any(|group| fences.bars(rules, &group));
        let mut places = next
            .groups(&parent)
            .filter_map(|group| group.member(me).cloned());
        let place = places.next();
        let is_in = place.as_ref().is_some_and(|place| place.votes);
        let incarnation = shared.own.settings.incarnation;
        let lost = place.is_some_and(|place| place.incarnation != incarnation);
        let mut followers = next.groups(&parent).map(|group| group.id());
        let known = shared.roster.staged(name).is_some()
            || followers.any(|follower| shared.roster.holds(follower));
        let over = shared.roster.get(parent.id());
        let over = over.and_then(|held| held.decided.clone());
        let answer = if !is_in || strange || barred {
            Response::Unknown
        } else if let Some(later) = later {
            Response::Closed(later)
        } else if lost && rules.incarnation {
            Response::Met(adopting.introduction(shared))
        } else if known {
            return shared.answer_once_saved(ticket, Response::Done);
        } else if let Some(followed) = over {
            Response::Followed(Box::new(followed))
        } else if let Some(gone) = shared.roster.forgotten(&parent) {
            gone
        } else if shared.roster.is_below_floor(next.epoch) {
            Response::Closed(shared.roster.floor())
        } else if !shared.roster.has_room() {
            Response::Refused(RecordError::Full)
        } else if !shared.moves_to(&parent) {
            Response::Met(adopting.introduction(shared))
        } else {
            shared.roster.stage(parent, next);
            return shared.answer_once_saved(ticket, Response::Done);
        };
        shared.answer(ticket, answer);
    }

    /// Answers what of an offer is lacking here.
    pub(super) fn judge(self, ticket: Ticket, name: StagedName, entries: &[(Id, Stamp)]) {
        let Self { shared, .. } = self;
        let lacks = |(key, stamp): &&(Id, Stamp)| {
            let row = shared.table.get(*key);
            !row.is_some_and(|row| row.stamp >= *stamp && row.saved)
        };
        let lacking = entries.iter().filter(lacks).map(|(key, _)| *key);
        let asker = shared.asker(&ticket);
        let answer = match entries.first() {
            Some((key, _)) if !expects(shared, asker, name, *key) => Response::Unknown,
            _ => Response::Lacking(lacking.collect()),
        };
        shared.answer(ticket, answer);
    }

    /// Keeps an entry for what may come to follow a group.
    pub(super) fn take(self, ticket: Ticket, name: StagedName, entry: &Entry) {
        let Self { shared, .. } = self;
        let key = shared.table.key(&entry.copy.record);
        if expects(shared, shared.asker(&ticket), name, key) {
            shared.take_in(entry, After::Answer(ticket, Response::Done));
        } else {
            shared.answer(ticket, Response::Unknown);
        }
    }

    /// Takes back what was staged.
    pub(super) fn withdraw(self, ticket: Ticket, name: StagedName) {
        let Self { shared, .. } = self;
        let asker = shared.asker(&ticket);
        if shared.roster.withdraw(name, asker) {
            shared.tidy();
        }
        shared.answer(ticket, Response::Done);
    }

    // After a group.

    /// Returns whether to believe that this was decided to follow a group.
    pub(super) fn believes(self, ticket: &Ticket, parent: GroupId, next: &Next) -> bool {
        let Self { shared, .. } = self;
        let asker = shared.asker(ticket);
        let roster = &shared.roster;
        let group = roster.group(parent).or_else(|| roster.parent(parent));
        group.is_none_or(|group| group.has(asker) && next.fits(group))
    }

    /// Acknowledges a decision that this node has followed, if it knows what came of it.
    pub(super) fn acknowledge(self, ticket: Ticket, next: &Next) {
        let Self { shared, .. } = self;
        if shared.roster.lacks(next) {
            shared.answer(ticket, Response::Unknown);
        } else {
            shared.answer_once_saved(ticket, Response::Done);
        }
    }
}

/// Returns whether a key belongs to what the requester has staged here, or had.
fn expects(shared: &Shared, asker: Id, (parent, epoch): StagedName, key: Id) -> bool {
    let me = shared.id();
    let covers = |group: &Configuration| group.has(me) && group.covers(key);
    let mut opened = shared
        .roster
        .open()
        .filter(|held| held.group.epoch == epoch);
    let staged = shared.roster.staged((parent, epoch));
    staged
        .filter(|staged| staged.parent.has(asker))
        .is_some_and(|staged| staged.next.groups(&staged.parent).any(|g| covers(&g)))
        || opened.any(|held| covers(&held.group) && held.group.has(asker))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::time::Instant;
    use crate::store::group::Effect;
    use crate::store::group::shared::Act;
    use crate::store::group::testing::{self, entry, epoch, from, group, id, next};
    use alloc::vec::Vec;

    struct Node {
        shared: Shared,
        fences: Fences,
        adopting: Adopting,
    }

    impl Node {
        fn new(me: u64, groups: &[Configuration]) -> Self {
            Self {
                shared: testing::shared(me, groups),
                fences: Fences::default(),
                adopting: Adopting::default(),
            }
        }

        const fn member(&mut self) -> Member<'_> {
            Member {
                shared: &mut self.shared,
                fences: &mut self.fences,
                adopting: &self.adopting,
            }
        }

        fn acts(&mut self) -> Vec<Act> {
            self.shared.outbox.take_acts()
        }
    }

    fn answer(to: u64, response: Response) -> Act {
        Act::Effect(Effect::Answer(from(to), response))
    }

    fn saved(to: u64, response: Response) -> Act {
        Act::SaveControl(vec![After::Answer(from(to), response)])
    }

    #[test]
    fn whose_disk_refuses_says_so_when_it_is_asked_what_became_of_a_group() {
        let group = group((0, 0), 1, &[1, 2, 3]);
        let mut node = Node::new(2, core::slice::from_ref(&group));
        let refused = Response::Refused(RecordError::Storage);
        for (outcome, said) in [
            (Err(RecordError::Storage), refused),
            (Ok(()), Response::Done),
        ] {
            node.shared.outbox.saved(0, outcome);
            node.member().check(from(3), group.id());
            assert_eq!(node.acts().last(), Some(&answer(3, said)));
        }
    }

    #[test]
    fn a_promise_seals_the_group_and_is_saved_before_it_is_given() {
        let group = group((0, 0), 1, &[1, 2, 3]);
        let mut node = Node::new(2, core::slice::from_ref(&group));
        let kept = entry("a", group.epoch, 1);
        let keep = || Some(Box::new(kept.clone()));
        node.member().keep(from(3), group.id(), keep());
        assert_eq!(
            node.acts(),
            [answer(3, Response::Unknown)],
            "not the primary"
        );
        node.member().keep(from(1), group.id(), keep());
        let acts = node.acts();
        let [Act::Effect(Effect::Save(number, _))] = acts.as_slice() else {
            panic!("{acts:?}");
        };
        node.shared.outbox.saved(*number, Ok(()));
        let done = Act::GoOn(After::Answer(from(1), Response::Done), Ok(()));
        assert_eq!(node.acts().last(), Some(&done));
        node.member().prepare(from(9), group.id(), epoch(0, 3));
        assert_eq!(node.acts(), [answer(9, Response::Unknown)], "a stranger");
        node.member().prepare(from(3), group.id(), epoch(0, 3));
        assert_eq!(node.acts(), [saved(3, Response::Promise(None))]);
        let closed = [answer(1, Response::Closed(epoch(0, 3)))];
        node.member().keep(from(1), group.id(), keep());
        assert_eq!(node.acts(), closed);
        node.member().prepare(from(1), group.id(), epoch(0, 3));
        assert_eq!(node.acts(), closed);
    }

    #[test]
    fn what_is_accepted_is_told_to_the_next_ballot() {
        let group = group((0, 0), 1, &[1, 2, 3]);
        let mut node = Node::new(2, core::slice::from_ref(&group));
        let older = next(epoch(0, 3), &[1, 2]);
        node.member().prepare(from(3), group.id(), epoch(0, 4));
        node.acts();
        let accept = |node: &mut Node, ballot| {
            let next = older.clone();
            node.member().accept(from(3), group.id(), ballot, next);
            node.acts()
        };
        let closed = answer(3, Response::Closed(epoch(0, 4)));
        assert_eq!(accept(&mut node, epoch(0, 3)), [closed]);
        assert_eq!(accept(&mut node, epoch(0, 4)), [saved(3, Response::Done)]);
        node.member().prepare(from(1), group.id(), epoch(0, 5));
        let accepted = Some(Box::new((epoch(0, 4), older)));
        assert_eq!(node.acts(), [saved(1, Response::Promise(accepted))]);
    }

    #[test]
    fn while_it_surveys_fences_a_member_promises_nothing() {
        let group = group((0, 0), 1, &[1, 2]);
        let mut node = Node::new(2, core::slice::from_ref(&group));
        node.fences.begin_survey();
        node.member().prepare(from(1), group.id(), epoch(0, 3));
        assert_eq!(node.acts(), [answer(1, Response::Closed(group.epoch))]);
    }

    #[test]
    fn only_a_sealed_group_is_listed_and_only_to_its_members() {
        let group = group((0, 0), 1, &[1, 2]);
        let mut node = Node::new(2, core::slice::from_ref(&group));
        let kept = entry("a", group.epoch, 1);
        node.shared.table.insert(node.shared.now(), &kept).unwrap();
        let key = node.shared.table.key(&kept.copy.record);
        node.member().list(from(1), group.id(), None);
        assert_eq!(node.acts(), [answer(1, Response::Unknown)]);
        node.shared.roster.promise(group.id(), epoch(0, 2));
        node.member().list(from(1), group.id(), None);
        let page = Response::Page(vec![(key, kept.stamp)]);
        assert_eq!(node.acts(), [answer(1, page)]);
        node.member().fetch(from(1), group.id(), key);
        let found = Response::Entry(Some(Box::new(kept)));
        assert_eq!(node.acts(), [answer(1, found)]);
        node.member().list(from(9), group.id(), None);
        node.member().fetch(from(9), group.id(), key);
        let refused = [Response::Unknown, Response::Entry(None)];
        assert_eq!(node.acts(), refused.map(|response| answer(9, response)));
    }

    #[test]
    fn a_node_expects_a_group_that_it_has_a_vote_in_and_takes_what_belongs_to_it() {
        let parent = group((0, 0), 1, &[1]);
        let mut node = Node::new(2, &[]);
        let next = next(epoch(0, 2), &[1, 2]);
        let name = (parent.id(), next.epoch);
        let given = entry("a", parent.epoch, 1);
        let key = node.shared.table.key(&given.copy.record);
        node.member().take(from(1), name, &given);
        assert_eq!(node.acts(), [answer(1, Response::Unknown)]);
        node.member().stage(from(9), parent.clone(), next.clone());
        assert_eq!(node.acts(), [answer(9, Response::Unknown)], "a stranger");
        for _ in 0..2 {
            node.member().stage(from(1), parent.clone(), next.clone());
            assert_eq!(node.acts(), [saved(1, Response::Done)]);
        }
        let offer = [(key, given.stamp)];
        node.member().judge(from(1), name, &offer);
        assert_eq!(node.acts(), [answer(1, Response::Lacking(vec![key]))]);
        node.member().take(from(1), name, &given);
        assert!(matches!(node.acts()[..], [Act::Effect(Effect::Save(..))]));
        node.shared.table.saved(key, given.stamp);
        node.member().judge(from(1), name, &offer);
        assert_eq!(node.acts(), [answer(1, Response::Lacking(vec![]))]);
        node.member().withdraw(from(1), name);
        let dropped = Act::Effect(Effect::Drop(vec![key]));
        assert_eq!(node.acts(), [dropped, answer(1, Response::Done)]);
    }

    #[test]
    fn who_voted_in_a_group_and_forgot_it_expects_nothing_that_would_follow_it() {
        let parent = group((0, 0), 1, &[1, 2]);
        let mut node = Node::new(2, core::slice::from_ref(&parent));
        node.shared.forget(parent.id());
        node.acts();
        let late = next(epoch(0, 5), &[1, 2]);
        node.member().stage(from(1), parent, late);
        assert_eq!(node.acts(), [answer(1, Response::Gone(2))]);
        assert!(node.shared.roster.is_free());
    }

    #[test]
    fn who_has_lost_its_store_or_keeps_its_lineage_says_so_instead_of_expecting_a_group() {
        let parent = group((0, 0), 1, &[1]);
        let mut next = next(epoch(0, 2), &[1, 2]);
        let mut node = Node::new(2, &[]);
        next.members[1].incarnation = 99;
        node.member().stage(from(1), parent.clone(), next.clone());
        let who = node.adopting.introduction(&node.shared);
        assert_eq!(node.acts(), [answer(1, Response::Met(who))]);
        next.members[1].incarnation = 2;
        let mut other = parent;
        other.lineage += 1;
        node.shared.roster.note_write();
        node.member().stage(from(1), other.clone(), next.clone());
        let who = node.adopting.introduction(&node.shared);
        assert!(who.settled);
        assert_eq!(node.acts(), [answer(1, Response::Met(who))]);
        // One that nothing was written in is given up.
        let mut fresh = Node::new(2, &[]);
        fresh.member().stage(from(1), other.clone(), next);
        assert_eq!(fresh.acts(), [saved(1, Response::Done)]);
        assert_eq!(fresh.shared.roster.lineage_number(), Some(other.lineage));
    }

    #[test]
    fn a_ring_is_founded_once() {
        let mut node = Node::new(2, &[]);
        node.member().found(5);
        assert_eq!(node.acts(), [], "it has a lineage");
        let contact = testing::contact(2);
        node.shared = Shared::new(contact, node.shared.own.settings.clone());
        node.member().found(5);
        let groups = node.shared.roster.ids();
        assert_eq!(
            node.acts(),
            [Act::SaveControl(vec![After::Lead(groups[0])])]
        );
        assert_eq!(node.shared.roster.lineage_number(), Some(5));
        node.member().found(6);
        assert_eq!(node.acts(), []);
    }

    #[test]
    fn a_decision_is_believed_of_a_member_and_acknowledged_once_it_is_known() {
        let parent = group((0, 0), 1, &[1, 2]);
        let mut node = Node::new(2, core::slice::from_ref(&parent));
        let next = next(epoch(0, 2), &[1, 2]);
        assert!(!node.member().believes(&from(9), parent.id(), &next));
        assert!(node.member().believes(&from(1), parent.id(), &next));
        node.member().acknowledge(from(1), &next);
        assert_eq!(
            node.acts(),
            [answer(1, Response::Unknown)],
            "it lacks the group"
        );
        node.shared.roster.hold(group((0, 0), 2, &[1, 2]));
        node.member().acknowledge(from(1), &next);
        assert_eq!(node.acts(), [saved(1, Response::Done)]);
        assert!(node.shared.roster.is_member(id(1), parent.id()));
    }

    #[test]
    fn who_did_not_answer_is_worth_asking_once_it_introduces_itself_in_this_lineage_or_none() {
        let mine = group((0, 0), 2, &[1]);
        let lineage = mine.lineage;
        for (other, is_back) in [
            (Some(lineage), true),
            (None, true),
            (Some(lineage + 1), false),
        ] {
            let mut node = Node::new(1, core::slice::from_ref(&mine));
            node.shared.presence.declines(Instant::ZERO, id(2));
            let who = Introduction {
                incarnation: 2,
                lineage: other,
                settled: true,
            };
            node.member().meet(from(2), who, false);
            assert_eq!(
                node.shared.presence.has_declined(id(2)),
                !is_back,
                "{who:?}"
            );
        }
    }
}
