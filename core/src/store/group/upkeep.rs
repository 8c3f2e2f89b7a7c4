//! The upkeep of groups, at each look at the ring: changing a group whose members are not those that the ring asks for.
//!
//! (ours) Ranges are split at the node nearest to the middle, and never merged; a node in [`MAX_SPLIT`] groups splits no more. A merge
//! needs two groups to agree; coarser ranges cost balance, not correctness.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use crate::base::contact::Contact;
use crate::base::id::Id;
use crate::store::group::adopting::Adopting;
use crate::store::group::change::Wanted;
use crate::store::group::configuration::{Configuration, GroupId, MAX_MEMBERS, Member};
use crate::store::group::leading::Leading;
use crate::store::group::message::{Request, Response};
use crate::store::group::presence::Presence;
use crate::store::group::shared::{Act, Shared};
use crate::store::group::{Effect, Held, Look, MAX_SPLIT, Token};

/// The limit on attempts in a row that soon follow one without an answer.
const MAX_SOON: u8 = 5;

/// The observations of a member of one group. Nothing depends on it but when something is tried.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Watch {
    /// The nodes at the middle of the range, once they were asked for, and once they are known.
    middle: Option<Option<Vec<Contact>>>,
    /// The number of attempts in a row to change the group that ended for want of an answer.
    unanswered: u8,
    /// The number of looks for which the group has not been as it should.
    looks: usize,
    /// True if a node that leaves the lineage waits for an end of the group.
    is_awaited: bool,
    /// Members before this one that did not answer, or that cannot store anything.
    silent: BTreeSet<Id>,
}

/// The care that a node takes of its groups.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Upkeep {
    watching: BTreeMap<GroupId, Watch>,
    /// True if this node wants to be in no group any more, since it leaves for good.
    leaving: bool,
    /// True if no neighbour can be a member of a group.
    is_last: bool,
}

impl Upkeep {
    pub(super) const fn is_leaving(&self) -> bool {
        self.leaving
    }

    /// Returns whether this node wants to leave its groups, and none of its neighbours could take its places.
    pub(super) const fn has_no_followers(&self) -> bool {
        self.leaving && self.is_last
    }

    /// Ends all that is tried with a group.
    pub(super) fn end(&mut self, id: GroupId) {
        self.watching.remove(&id);
    }

    /// Takes in how the ring looks, and has this node introduce itself.
    pub(super) fn look(&mut self, shared: &mut Shared, look: &Look) {
        self.leaving = look.leaving;
        let candidates = shared.candidates(look);
        self.is_last = look.leaving && candidates.is_empty();
        let me = shared.id();
        let members = shared.roster.held().flat_map(|held| &held.group.members);
        let members: BTreeSet<Id> = members.map(Member::id).filter(|id| *id != me).collect();
        let own = shared.roster.lineage_number();
        let patience = shared.own.settings.patience;
        shared
            .presence
            .look(shared.own.now, &members, look, patience, own);
        if !look.leaving {
            introduce(shared, &look.ring);
        }
        if shared.outbox.disk_refuses() {
            // It may take something again.
            shared.save_control(Vec::new());
        }
    }

    /// Returns the change that is wanted of a group that is not as it should be, if this node is the first member that lives.
    pub(super) fn consider(
        &mut self,
        shared: &mut Shared,
        (leading, adopting): (&Leading, &Adopting),
        id: GroupId,
        look: &Look,
    ) -> Option<Wanted> {
        let held = shared.roster.get(id)?;
        let me = shared.id();
        let group = held.group.clone();
        let sealed = held.promised != id.epoch;
        let newer = |other: &Held| other.group.epoch > id.epoch && other.group.overlaps(&group);
        // It is over, but this node missed it: the others know what followed. They change it, too, while the disk here refuses.
        if shared.roster.held().any(newer) || shared.outbox.disk_refuses() {
            check_with(shared, &group);
            return None;
        }
        if adopting.gives_up(shared) {
            return Adopting::hand_on(shared, held);
        }
        let first = group.primary().map(Member::id) == Some(me);
        let Distant::Known(distant) = distant_members(shared, &group, look) else {
            return None;
        };
        // Who is away has missed something and cannot be given it now, nor can who has no room.
        let is_out = |node: &Id| {
            let unseen = shared.presence.is_unseen(*node) && !is_in(&distant, *node);
            unseen || shared.refuses(*node)
        };
        let settled = |missed: &BTreeSet<Id>| missed.iter().all(is_out);
        let leads = leading.missed(id).is_some_and(settled);
        let watch = self.watching.get_mut(&id);
        let is_awaited = watch.is_some_and(|watch| core::mem::take(&mut watch.is_awaited));
        let works = !sealed && (leads || !first) && !is_awaited;
        let present = (look, distant.as_slice());
        let wanted = self.wanted(shared, &group, present, |node| shared.refuses(node))?;
        let lapsed = |member: &Member| shared.presence.has_lapsed(member);
        let split = wanted.split.is_some();
        let does = || self.does_with(shared, &group, present);
        if works && (fits(shared, &group, &wanted) || does()) {
            self.watching.remove(&id);
            return None;
        }
        let before = group.voters().take_while(|member| member.id() != me);
        let before: Vec<Member> = before.cloned().collect();
        let lapsed: BTreeSet<Id> = before
            .iter()
            .filter(|m| lapsed(m))
            .map(Member::id)
            .collect();
        if first && split && !look.leaving && !self.knows_middle(shared, &group) {
            return None;
        }
        if first || look.leaving {
            return Some(wanted);
        }
        let presence = &shared.presence;
        let watch = self.watching.entry(id).or_default();
        watch.looks += 1;
        // Who has said that it stops, and has, is not waited for: nothing is acknowledged without a primary.
        let is_out = |member: &Member| {
            let node = member.id();
            watch.silent.contains(&node) || lapsed.contains(&node) || presence.has_stopped(node)
        };
        if before.iter().all(is_out) {
            watch.looks = 0;
            watch.silent.clear();
            return Some(wanted);
        }
        // Those who come first have some time to see to it, unless there is evidence that they are away.
        let away = |member: &Member| {
            let node = member.id();
            is_out(member) || presence.is_away(node) || shared.refuses(node)
        };
        if before.iter().all(away) || watch.looks >= 2 * before.len() {
            watch.looks = 0;
            watch.silent.clear();
            ask_what_became_of(shared, id, &before);
        }
        None
    }

    /// Returns whether a group does although members of it have no room: it is as the ring is but for that. Such a primary may be unable
    /// to lead.
    fn does_with(
        &self,
        shared: &Shared,
        group: &Configuration,
        present: (&Look, &[Contact]),
    ) -> bool {
        let leads = |member: &Member| !shared.refuses(member.id());
        let (now, patience) = (shared.now(), shared.own.settings.patience);
        let given_up = |node| shared.presence.is_given_up(now, node, patience);
        let wanted = self.wanted(shared, group, present, given_up);
        group.primary().is_some_and(leads) && wanted.is_some_and(|it| fits(shared, group, &it))
    }

    /// Returns whether the nodes at the middle of a range are known; asks for them once.
    fn knows_middle(&mut self, shared: &mut Shared, group: &Configuration) -> bool {
        let watch = self.watching.entry(group.id()).or_default();
        if watch.middle.is_none() {
            watch.middle = Some(None);
            let space = shared.own.settings.space;
            let middle = space.middle(group.after, group.upto);
            shared.outbox.effect(Effect::Locate(middle));
        }
        matches!(watch.middle, Some(Some(_)))
    }

    pub(super) fn on_located(&mut self, shared: &mut Shared, key: Id, nodes: &[Contact]) {
        let space = shared.own.settings.space;
        for held in shared.roster.held() {
            let group = &held.group;
            if space.middle(group.after, group.upto) == key
                && let Some(watch) = self.watching.get_mut(&group.id())
            {
                // (ours) Nodes behind relays are in no group: a tab shares its relay's fate, and its user closes it at any time.
                let members = nodes.iter().filter(|node| node.relays().is_empty());
                watch.middle = Some(Some(members.cloned().collect()));
            }
        }
        shared.look_soon();
    }

    /// The nodes at the middle of a group's range, the one that is responsible for it first, where they are known.
    fn at_middle(&self, presence: &Presence, group: &Configuration) -> Vec<Contact> {
        let watch = self.watching.get(&group.id());
        let nodes = watch.and_then(|watch| watch.middle.as_ref()?.as_deref());
        let nodes = nodes.unwrap_or_default().iter();
        let stays = |node: &&Contact| {
            !presence.has_declined(node.id()) && !presence.has_left(node.id(), group.lineage)
        };
        let nodes = nodes.filter(stays);
        nodes.cloned().collect()
    }

    /// The group that the ring asks for: the first nodes from the range's end on, no two of one peer, and a split where a node lies inside. A
    /// member that is away or out keeps its place for a while, and for as long as no other node can take it. `None` when too few are there to be
    /// given the state. Besides the neighbours these distant members are there; no range is split at one of them.
    fn wanted(
        &self,
        shared: &Shared,
        group: &Configuration,
        (look, distant): (&Look, &[Contact]),
        is_out: impl Fn(Id) -> bool,
    ) -> Option<Wanted> {
        let presence = &shared.presence;
        let mut there = presence.candidates(&shared.own.contact, look, Some(group.lineage));
        there.extend(distant.iter().cloned());
        there.retain(|node| !is_out(node.id()));
        let mut far = self.at_middle(presence, group);
        far.retain(|node| !is_out(node.id()));
        let me = shared.id();
        let has_state = |node: Id| group.member(node).is_some_and(|member| member.votes);
        // Who leaves does not wait for a member that is away and was never given the state: it may have left itself before it was one.
        let with_me = |node: Id| node == me || !has_state(node) && !is_in(&there, node);
        let goes = |node: Id| {
            let left = presence.has_left(node, group.lineage) || presence.is_going(node);
            look.leaving && with_me(node) || left
        };
        let away = group.members.iter().map(|member| &member.contact);
        let away = away.filter(|node| !is_in(&there, node.id()) && !goes(node.id()));
        let (given_up, kept): (Vec<&Contact>, Vec<&Contact>) = away.partition(|node| {
            let patience = shared.own.settings.patience;
            presence.is_given_up(shared.now(), node.id(), patience)
        });
        let kept: Vec<Contact> = kept.into_iter().cloned().collect();
        let space = shared.own.settings.space;
        let copies = usize::from(shared.own.settings.copies.max(1));
        let stay = group.members.iter().filter(|member| !goes(member.id()));
        let least = stay.count().min(copies);
        let behind = |key: Id| {
            let nodes = Contact::clockwise(space, key, there.iter().chain(&kept));
            let mut nodes = Contact::of_each_peer(nodes.into_iter(), copies);
            let missing = least.saturating_sub(nodes.len());
            nodes.extend(given_up.iter().take(missing).map(|node| (*node).clone()));
            nodes.truncate(MAX_MEMBERS);
            // Who is away cannot be the primary.
            let is_there = |node: &Contact| is_in(&there, node.id());
            let (mut nodes, away): (Vec<_>, Vec<_>) = nodes.into_iter().partition(is_there);
            nodes.extend(away);
            nodes
        };
        let near = there.iter().filter(|node| !is_in(distant, node.id()));
        let nodes = near.chain(far.first());
        let at = split_at(shared, group, nodes).filter(|_| !look.leaving);
        let members = behind(group.upto);
        let split = at.map(|at| {
            let nodes = match far.first() {
                Some(first) if first.id() == at.id() => Contact::of_each_peer(far.iter(), copies),
                _ => behind(at.id()),
            };
            (at.id(), nodes)
        });
        let is_there = |node: Id| is_in(&there, node) || is_in(&far, node);
        let lists = core::iter::once(&members).chain(split.iter().map(|(_, list)| list));
        let enough = |list: &Vec<Contact>| {
            let given = list.iter().filter(|node| is_there(node.id()));
            given.count() > list.len() / 2
        };
        if !lists.clone().all(enough) {
            return None;
        }
        let absent = lists.flatten().map(Contact::id);
        let absent = absent.filter(|node| !is_there(*node)).collect();
        Some(Wanted {
            members,
            split,
            absent,
            lost: BTreeSet::new(),
            around: Vec::new(),
        })
    }

    /// Takes note that a node asks what became of a group that it has no part in: it was to follow it in an attempt that ended, and was not
    /// reached by [`Request::Withdraw`]. If it leaves the lineage it is in no later attempt, and cannot go before it knows that this one was
    /// not decided. Only the next change tells it, so that the primary makes one. A stranger does not move it.
    pub(super) fn on_check(&mut self, shared: &Shared, id: GroupId, from: Id) {
        let waits = |group: &Configuration| {
            let leads = group.primary().map(Member::id) == Some(shared.id());
            let presence = &shared.presence;
            let left = presence.has_left(from, group.lineage) || presence.is_going(from);
            leads && !group.has(from) && left
        };
        let open = shared.roster.get(id).filter(|held| held.decided.is_none());
        if open.is_some_and(|held| waits(&held.group)) && shared.is_acquainted_with(from) {
            self.watching.entry(id).or_default().is_awaited = true;
        }
    }

    /// Takes what another member has said of the end of a group, or its failure to answer.
    pub(super) fn on_checked(
        &mut self,
        shared: &mut Shared,
        id: GroupId,
        from: Id,
        response: Option<Response>,
    ) {
        match response {
            Some(Response::Followed(next)) => shared.outbox.act(Act::Follow(id, next)),
            Some(Response::Gone(who)) if shared.roster.was_in(id, from, who) => {
                shared.forget(id);
                shared.roster.skip_what_follows(id);
                shared.roster.note_change();
                shared.tidy();
            }
            Some(Response::Done) => {
                if let Some(watch) = self.watching.get_mut(&id) {
                    watch.silent.clear();
                }
            }
            // Who cannot store anything cannot change the group either, nor can who does not know it: it has lost its store.
            Some(_) | None => {
                if let Some(watch) = self.watching.get_mut(&id)
                    && watch.silent.insert(from)
                {
                    shared.look_soon();
                }
            }
        }
    }

    /// Tries a change again soon that got no answer from a node that was thought to be there: it may just be coming back. A few
    /// attempts follow soon, and then those of the usual looks.
    pub(super) fn try_again_soon(&mut self, shared: &mut Shared, id: GroupId) {
        let watch = self.watching.entry(id).or_default();
        if watch.unanswered < MAX_SOON {
            watch.unanswered += 1;
            shared.look_soon();
        }
    }

    /// Takes note that an attempt to change a group has failed.
    pub(super) fn on_attempt_ended(&mut self, id: GroupId) {
        if let Some(watch) = self.watching.get_mut(&id) {
            // The ring may have changed.
            watch.middle = None;
        }
    }
}

/// The distant members of a group: those that are no neighbours, nor would be if they lived.
enum Distant {
    /// Answers of some are outstanding. To leave one out that has not answered yet would cost it its vote.
    Asked,
    /// These are there, and the others are not.
    Known(Vec<Contact>),
}

/// Returns which distant members of a group are there, and asks those of which nothing was heard lately: the members of a lineage may lie
/// far from one another on the ring, behind nodes of another one. Where all neighbours can be members none is asked: those that are there
/// become neighbours.
fn distant_members(shared: &mut Shared, group: &Configuration, look: &Look) -> Distant {
    let (me, now) = (shared.id(), shared.now());
    let presence = &mut shared.presence;
    let may_take_part = |node: &Contact| presence.may_take_part(node, Some(group.lineage));
    if look.ring.iter().all(may_take_part) {
        return Distant::Known(Vec::new());
    }
    let others = group.members.iter().filter(|member| {
        let node = member.id();
        let near = node == me || presence.is_neighbour(node) || look.knows_around(node);
        !near && !presence.has_left(node, group.lineage)
    });
    let (there, others): (Vec<&Member>, Vec<&Member>) =
        others.partition(|member| presence.is_distant(member.id()));
    let may_answer = |member: &&Member| {
        let node = member.id();
        !presence.is_away(node) && !presence.has_declined(node)
    };
    let is_open = others.iter().any(may_answer);
    let others = others.into_iter().cloned();
    let asked = others.filter(|member| presence.is_to_be_asked(now, member.id()));
    let asked: Vec<Member> = asked.collect();
    let there = there.into_iter().map(|member| member.contact.clone());
    let there = there.collect();
    ask_what_became_of(shared, group.id(), &asked);
    match is_open {
        true => Distant::Asked,
        false => Distant::Known(there),
    }
}

/// Returns whether a group is as it is wanted.
fn fits(shared: &Shared, group: &Configuration, wanted: &Wanted) -> bool {
    let before = group.members.iter().map(Member::id);
    let same = before.eq(wanted.members.iter().map(Contact::id));
    // Who is back is given the state.
    let lacks = |member: &Member| {
        let is_back = !member.votes && !wanted.absent.contains(&member.id());
        shared.presence.has_lapsed(member) || is_back
    };
    wanted.split.is_none() && same && !group.members.iter().any(lacks)
}

fn is_in(nodes: &[Contact], node: Id) -> bool {
    nodes.iter().any(|other| other.id() == node)
}

/// Introduces this node to its neighbours, once each in a life. An introduction shows that a node has lost its store, and a node without a
/// lineage takes the ring's.
fn introduce(shared: &mut Shared, ring: &[Contact]) {
    let nodes = shared.presence.not_introduced(ring);
    shared.outbox.act(Act::Introduce(Token::Meet, nodes));
}

/// Takes a neighbour's answer to an introduction, which is its own, or its failure.
pub(super) fn on_met(shared: &mut Shared, from: Id, response: Option<Response>) {
    let Some(Response::Met(who)) = response else {
        return shared.presence.has_missed_introduction(from);
    };
    shared.presence.met(shared.own.now, from, who);
    let is_without = shared.roster.lineage().is_none();
    match who.lineage {
        Some(lineage) if is_without => shared.roster.enter_lineage(lineage),
        // It may have one the next time.
        None if is_without => shared.presence.has_missed_introduction(from),
        _ => {}
    }
}

/// Asks the members of groups whose successors are staged here what became of them. Where this node is a member of the parent as
/// well, it hears there what becomes of it.
pub(super) fn check_parents(shared: &mut Shared) {
    for parent in shared.roster.foreign_parents() {
        check_with(shared, &parent);
    }
}

/// Asks other members what became of a group.
fn check_with(shared: &mut Shared, group: &Configuration) {
    let voters: Vec<Member> = group.voters().cloned().collect();
    ask_what_became_of(shared, group.id(), &voters);
}

fn ask_what_became_of(shared: &mut Shared, id: GroupId, members: &[Member]) {
    let me = shared.id();
    for member in members.iter().filter(|member| member.id() != me) {
        shared.ask(Token::Check(id), &member.contact, Request::Check(id));
    }
}

/// Returns the node at which to split a group's range: the one inside that is nearest to the middle, so that a young ring has all
/// its groups after a few steps.
fn split_at<'a>(
    shared: &Shared,
    group: &Configuration,
    nodes: impl Iterator<Item = &'a Contact>,
) -> Option<&'a Contact> {
    let space = shared.own.settings.space;
    let middle = space.middle(group.after, group.upto);
    let inside = nodes.filter(|node| group.covers(node.id()) && node.id() != group.upto);
    let at = inside.min_by_key(|node| {
        let id = node.id();
        space.distance(id, middle).min(space.distance(middle, id))
    });
    at.filter(|_| shared.roster.count() < MAX_SPLIT)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::group::message::Introduction;
    use crate::store::group::testing::{self, asked, contact, epoch, group, id};
    use crate::store::record::RecordError;
    use alloc::vec;

    /// Looks once at the node's only group.
    fn considered(
        upkeep: &mut Upkeep,
        shared: &mut Shared,
        leading: &Leading,
        look: &Look,
    ) -> Option<Wanted> {
        let id = shared.roster.ids()[0];
        upkeep.look(shared, look);
        let parts = (leading, &Adopting::default());
        upkeep.consider(shared, parts, id, look)
    }

    fn ring(nodes: &[u64]) -> Look {
        Look {
            ring: nodes.iter().copied().map(contact).collect(),
            ..Look::default()
        }
    }

    fn requests(shared: &mut Shared) -> Vec<(Id, Request)> {
        let acts = shared.outbox.take_acts();
        let asked = asked(shared, acts).into_iter();
        asked.map(|(node, _, request)| (node, request)).collect()
    }

    #[test]
    fn a_primary_takes_neighbours_in_and_splits_at_the_middle_once_it_knows_who_is_there() {
        let alone = group((1, 1), 1, &[1]);
        let mut shared = testing::shared(1, core::slice::from_ref(&alone));
        let mut leading = Leading::default();
        leading.begin(alone.id());
        let mut upkeep = Upkeep::default();
        let look = ring(&[100, 200]);
        assert_eq!(considered(&mut upkeep, &mut shared, &leading, &look), None);
        let middle = shared.own.settings.space.middle(id(1), id(1));
        let locate = Act::Effect(Effect::Locate(middle));
        assert!(shared.outbox.take_acts().contains(&locate));
        assert_eq!(considered(&mut upkeep, &mut shared, &leading, &look), None);
        assert!(!shared.outbox.take_acts().contains(&locate), "once");
        upkeep.on_located(&mut shared, middle, &[contact(200), contact(1)]);
        let wanted = considered(&mut upkeep, &mut shared, &leading, &look).unwrap();
        assert_eq!(wanted.members, [1, 100, 200].map(contact));
        let (at, first) = wanted.split.unwrap();
        assert_eq!((at, first.len()), (id(100), 3));
        assert!(wanted.absent.is_empty());
        // The ring may have changed: after an attempt that failed it asks again.
        upkeep.on_attempt_ended(alone.id());
        assert_eq!(considered(&mut upkeep, &mut shared, &leading, &look), None);
        assert!(shared.outbox.take_acts().contains(&locate));
    }

    #[test]
    fn neighbours_that_stay_in_another_lineage_are_wanted_in_no_group() {
        let both = group((3, 1), 1, &[1, 2]);
        let mut shared = testing::shared(1, core::slice::from_ref(&both));
        let (leading, mut upkeep) = (Leading::default(), Upkeep::default());
        let introduction = |lineage, settled| Introduction {
            incarnation: 3,
            lineage: Some(lineage),
            settled,
        };
        let elsewhere = introduction(testing::LINEAGE + 1, true);
        shared.presence.met(shared.now(), id(3), elsewhere);
        let look = ring(&[3, 2]);
        let wanted = considered(&mut upkeep, &mut shared, &leading, &look).unwrap();
        assert_eq!(wanted.members, [1, 2].map(contact));
        // One that would give its lineage up for this one is, and so is one that has changed its mind.
        for who in [
            introduction(testing::LINEAGE + 1, false),
            introduction(testing::LINEAGE, true),
        ] {
            shared.presence.met(shared.now(), id(3), who);
            let wanted = considered(&mut upkeep, &mut shared, &leading, &look).unwrap();
            assert_eq!(wanted.members, [1, 2, 3].map(contact));
            shared.presence.met(shared.now(), id(3), elsewhere);
        }
        let leaving = Look {
            leaving: true,
            ..ring(&[3])
        };
        upkeep.look(&mut shared, &leaving);
        assert!(
            upkeep.has_no_followers(),
            "it cannot leave its places to that"
        );
    }

    #[test]
    fn who_leaves_keeps_no_place_in_a_group_that_is_changed_until_it_introduces_itself() {
        let all = group((3, 1), 1, &[1, 2, 3]);
        let mut shared = testing::shared(1, core::slice::from_ref(&all));
        let (leading, mut upkeep) = (Leading::default(), Upkeep::default());
        let look = ring(&[2, 3]);
        let mut wanted = |shared: &mut Shared| {
            let wanted = considered(&mut upkeep, shared, &leading, &look).unwrap();
            (wanted.members, wanted.absent)
        };
        let three = [1, 2, 3].map(contact).to_vec();
        shared.presence.declines(shared.now(), id(3));
        let absent = (three.clone(), BTreeSet::from([id(3)]));
        assert_eq!(wanted(&mut shared), absent, "it does not answer");
        shared.presence.goes(shared.now(), id(3));
        let two = ([1, 2].map(contact).to_vec(), BTreeSet::new());
        assert_eq!(wanted(&mut shared), two);
        shared.presence.is_back(id(3));
        assert_eq!(wanted(&mut shared), (three.clone(), BTreeSet::new()));
        shared.presence.goes(shared.now(), id(3));
        shared.own.now = shared.now() + shared.own.settings.patience.declined;
        assert_eq!(wanted(&mut shared), (three, BTreeSet::new()), "it stayed");
    }

    #[test]
    fn a_group_that_is_as_the_ring_is_stays_unless_a_member_that_is_there_missed_something() {
        let all = group((3, 1), 1, &[1, 2, 3]);
        let mut shared = testing::shared(1, core::slice::from_ref(&all));
        let mut leading = Leading::default();
        let mut upkeep = Upkeep::default();
        let look = ring(&[2, 3]);
        let restarted = considered(&mut upkeep, &mut shared, &leading, &look);
        assert!(restarted.is_some(), "it does not lead");
        leading.begin(all.id());
        assert_eq!(considered(&mut upkeep, &mut shared, &leading, &look), None);
        shared.roster.promise(all.id(), epoch(0, 2));
        let sealed = considered(&mut upkeep, &mut shared, &leading, &look);
        assert!(sealed.is_some());
    }

    /// A part of a ring in which nodes of another lineage are all around this node, 1.
    fn among_others(shared: &mut Shared) -> Look {
        for node in [220, 240, 200] {
            shared.presence.met(shared.now(), id(node), elsewhere());
        }
        Look {
            arc: Some((id(200), id(240))),
            ..ring(&[220, 240, 200])
        }
    }

    fn elsewhere() -> Introduction {
        Introduction {
            incarnation: 3,
            lineage: Some(testing::LINEAGE + 1),
            settled: true,
        }
    }

    #[test]
    fn a_primary_that_restarted_goes_on_with_members_that_are_no_neighbours_and_answer() {
        let both = group((3, 1), 1, &[1, 2]);
        let mut shared = testing::shared(1, core::slice::from_ref(&both));
        let (mut leading, mut upkeep) = (Leading::default(), Upkeep::default());
        let check = (id(2), Request::Check(both.id()));
        let is_asked = |shared: &mut Shared| requests(shared).contains(&check);
        // Where all nodes have one lineage, those that are there become neighbours.
        let unknown = Look {
            arc: Some((id(1), id(1))),
            ..ring(&[])
        };
        assert_eq!(
            considered(&mut upkeep, &mut shared, &leading, &unknown),
            None
        );
        assert!(!is_asked(&mut shared));
        let look = among_others(&mut shared);
        for asks in [true, false] {
            assert_eq!(considered(&mut upkeep, &mut shared, &leading, &look), None);
            assert_eq!(is_asked(&mut shared), asks);
        }
        shared.presence.heard(shared.now(), id(2));
        let wanted = considered(&mut upkeep, &mut shared, &leading, &look).unwrap();
        assert_eq!(wanted.members, [1, 2].map(contact));
        assert!(wanted.absent.is_empty() && !is_asked(&mut shared));
        // One that does not go along is left alone for a while.
        shared.presence.declines(shared.now(), id(2));
        assert_eq!(considered(&mut upkeep, &mut shared, &leading, &look), None);
        assert!(!is_asked(&mut shared));
        shared.presence.is_back(id(2));
        // A group that works is not changed while it is asked, nor once it has answered.
        leading.begin(both.id());
        shared.own.now = shared.now() + shared.own.settings.patience.silent;
        for asks in [true, false] {
            assert_eq!(considered(&mut upkeep, &mut shared, &leading, &look), None);
            assert_eq!(is_asked(&mut shared), asks);
        }
        shared.presence.heard(shared.now(), id(2));
        assert_eq!(considered(&mut upkeep, &mut shared, &leading, &look), None);
        assert!(!is_asked(&mut shared));
    }

    #[test]
    fn a_distant_member_beside_a_majority_that_is_near_is_asked_before_it_counts_as_away() {
        let mut all = group((3, 1), 1, &[1, 2, 3]);
        let mut shared = testing::shared(1, core::slice::from_ref(&all));
        let (mut leading, mut upkeep) = (Leading::default(), Upkeep::default());
        let mut look = among_others(&mut shared);
        look.ring.push(contact(2));
        look.arc = Some((id(200), id(2)));
        let check = |group: &Configuration| (id(3), Request::Check(group.id()));
        // It has restarted, and leads nothing.
        for asked in [vec![check(&all)], vec![]] {
            assert_eq!(considered(&mut upkeep, &mut shared, &leading, &look), None);
            assert_eq!(checks(&mut shared), asked);
        }
        let mut answers = (shared.clone(), upkeep.clone());
        answers.0.presence.heard(shared.now(), id(3));
        let wanted = considered(&mut answers.1, &mut answers.0, &leading, &look).unwrap();
        assert!(wanted.absent.is_empty(), "it keeps its vote");
        shared.presence.missed(shared.now(), id(3));
        let wanted = considered(&mut upkeep, &mut shared, &leading, &look).unwrap();
        assert_eq!(wanted.absent, BTreeSet::from([id(3)]));
        // So it was decided, and it is back.
        shared.forget(all.id());
        all.epoch = epoch(0, 2);
        all.members[2].votes = false;
        shared.roster.hold(all.clone());
        leading.begin(all.id());
        checks(&mut shared);
        for secs in [5, 10] {
            shared.own.now = shared.now() + core::time::Duration::from_secs(secs);
            assert_eq!(considered(&mut upkeep, &mut shared, &leading, &look), None);
            assert_eq!(checks(&mut shared), [check(&all)], "it is silent");
        }
        shared.presence.heard(shared.now(), id(3));
        let wanted = considered(&mut upkeep, &mut shared, &leading, &look).unwrap();
        assert_eq!(wanted.members, [1, 2, 3].map(contact));
        assert!(wanted.absent.is_empty());
    }

    #[test]
    fn a_distant_member_that_missed_something_is_given_it_once_it_answers() {
        let all = group((3, 1), 1, &[1, 2, 3]);
        for near in [false, true] {
            let mut shared = testing::shared(1, core::slice::from_ref(&all));
            let (mut leading, mut upkeep) = (Leading::default(), Upkeep::default());
            let mut look = among_others(&mut shared);
            if near {
                look.ring.push(contact(2));
                look.arc = Some((id(200), id(2)));
            }
            leading.begin(all.id());
            assert_eq!(considered(&mut upkeep, &mut shared, &leading, &look), None);
            for node in [2, 3] {
                shared.presence.heard(shared.now(), id(node));
            }
            assert_eq!(considered(&mut upkeep, &mut shared, &leading, &look), None);
            leading.misses(all.id(), id(3));
            shared.presence.missed(shared.now(), id(3));
            assert_eq!(considered(&mut upkeep, &mut shared, &leading, &look), None);
            shared.presence.heard(shared.now(), id(3));
            let wanted = considered(&mut upkeep, &mut shared, &leading, &look).unwrap();
            assert_eq!(wanted.members, [1, 2, 3].map(contact), "{near}");
            assert!(wanted.absent.is_empty());
        }
    }

    /// The requests of kind [`Request::Check`] that wait to be sent.
    fn checks(shared: &mut Shared) -> Vec<(Id, Request)> {
        let mut requests = requests(shared);
        requests.retain(|(_, request)| matches!(request, Request::Check(_)));
        requests
    }

    #[test]
    fn a_member_that_is_no_neighbour_loses_its_vote_only_once_it_did_not_answer_and_is_given_it_again()
     {
        let mut all = group((3, 1), 1, &[1, 2, 3]);
        let mut shared = testing::shared(1, core::slice::from_ref(&all));
        let (mut leading, mut upkeep) = (Leading::default(), Upkeep::default());
        let look = among_others(&mut shared);
        assert_eq!(considered(&mut upkeep, &mut shared, &leading, &look), None);
        shared.presence.heard(shared.now(), id(2));
        assert_eq!(considered(&mut upkeep, &mut shared, &leading, &look), None);
        shared.presence.missed(shared.now(), id(3));
        let wanted = considered(&mut upkeep, &mut shared, &leading, &look).unwrap();
        assert_eq!(wanted.members, [1, 2, 3].map(contact));
        assert_eq!(wanted.absent, BTreeSet::from([id(3)]));
        // So it was decided.
        shared.forget(all.id());
        all.epoch = epoch(0, 2);
        all.members[2].votes = false;
        shared.roster.hold(all.clone());
        leading.begin(all.id());
        requests(&mut shared);
        shared.own.now = shared.now() + core::time::Duration::from_secs(5);
        assert_eq!(considered(&mut upkeep, &mut shared, &leading, &look), None);
        assert_eq!(requests(&mut shared), [(id(3), Request::Check(all.id()))]);
        shared.presence.heard(shared.now(), id(3));
        let wanted = considered(&mut upkeep, &mut shared, &leading, &look).unwrap();
        assert_eq!(wanted.members, [1, 2, 3].map(contact));
        assert!(wanted.absent.is_empty());
        // One that was not heard of for a while is asked before it loses its vote.
        shared.own.now = shared.now() + shared.own.settings.patience.silent;
        shared.presence.heard(shared.now(), id(3));
        assert_eq!(considered(&mut upkeep, &mut shared, &leading, &look), None);
        let asked = requests(&mut shared);
        assert!(
            asked.contains(&(id(2), Request::Check(all.id()))),
            "{asked:?}"
        );
    }

    #[test]
    fn a_primary_changes_its_group_for_a_node_that_leaves_the_lineage_and_asks_what_became_of_it() {
        let both = group((3, 1), 1, &[1, 2]);
        let mut shared = testing::shared(1, core::slice::from_ref(&both));
        let (mut leading, mut upkeep) = (Leading::default(), Upkeep::default());
        leading.begin(both.id());
        for node in [3, 9] {
            shared.presence.met(shared.now(), id(node), elsewhere());
        }
        // Another one of this lineage that takes no part.
        shared.presence.declines(shared.now(), id(4));
        let look = ring(&[2, 3, 4]);
        for (from, changes) in [(3, true), (2, false), (4, false), (9, false)] {
            assert_eq!(considered(&mut upkeep, &mut shared, &leading, &look), None);
            upkeep.on_check(&shared, both.id(), id(from));
            let wanted = considered(&mut upkeep, &mut shared, &leading, &look);
            assert_eq!(wanted.is_some(), changes, "{from}");
            let members = wanted.map(|wanted| wanted.members);
            assert!(members.is_none_or(|members| members == [1, 2].map(contact)));
        }
    }

    #[test]
    fn another_member_asks_those_before_it_and_acts_once_none_of_them_answers() {
        let all = group((3, 1), 1, &[1, 2, 3]);
        let mut shared = testing::shared(3, core::slice::from_ref(&all));
        let (leading, mut upkeep) = (Leading::default(), Upkeep::default());
        // Neither is a neighbour any more, and two nodes could take their places after a while.
        let look = ring(&[4, 5]);
        assert_eq!(considered(&mut upkeep, &mut shared, &leading, &look), None);
        assert_eq!(requests(&mut shared), []);
        shared.own.now = shared.now() + shared.own.settings.patience.silent;
        assert_eq!(considered(&mut upkeep, &mut shared, &leading, &look), None);
        let checks = [1, 2].map(|node| (id(node), Request::Check(all.id())));
        assert_eq!(requests(&mut shared)[..], checks);
        // One has lost its store, and this node has not met it since.
        let answers = [(1, Some(Response::Unknown)), (2, None)];
        for (node, answer) in answers {
            upkeep.on_checked(&mut shared, all.id(), id(node), answer);
        }
        let acts = shared.outbox.take_acts();
        assert_eq!(acts, vec![Act::Effect(Effect::LookSoon); 2]);
        let wanted = considered(&mut upkeep, &mut shared, &leading, &look);
        assert!(wanted.is_some());
    }

    #[test]
    fn a_primary_that_cannot_store_is_passed_by_and_one_behind_it_keeps_its_place_for_a_while() {
        let all = group((3, 1), 1, &[1, 2, 3]);
        let look = ring(&[1, 2, 3]);
        let mut shared = testing::shared(2, core::slice::from_ref(&all));
        let (leading, mut upkeep) = (Leading::default(), Upkeep::default());
        assert_eq!(considered(&mut upkeep, &mut shared, &leading, &look), None);
        shared.presence.refused(shared.now(), id(3));
        assert_eq!(considered(&mut upkeep, &mut shared, &leading, &look), None);
        let mut shared = testing::shared(2, core::slice::from_ref(&all));
        shared.presence.refused(shared.now(), id(1));
        assert_eq!(considered(&mut upkeep, &mut shared, &leading, &look), None);
        let check = (id(1), Request::Check(all.id()));
        assert_eq!(requests(&mut shared), [check], "it may lead still");
        let refused = Response::Refused(RecordError::Storage);
        upkeep.on_checked(&mut shared, all.id(), id(1), Some(refused));
        assert_eq!(shared.outbox.take_acts(), [Act::Effect(Effect::LookSoon)]);
        let wanted = considered(&mut upkeep, &mut shared, &leading, &look).unwrap();
        assert_eq!(wanted.members, [2, 3, 1].map(contact));
        assert_eq!(wanted.absent, BTreeSet::from([id(1)]));
        // After the patience it is tried again.
        shared.own.now = shared.now() + shared.own.settings.patience.silent;
        assert_eq!(considered(&mut upkeep, &mut shared, &leading, &look), None);
    }

    #[test]
    fn while_its_disk_refuses_a_node_changes_nothing_and_tries_the_disk_at_each_look() {
        let all = group((3, 1), 1, &[1, 2, 3]);
        let mut shared = testing::shared(1, core::slice::from_ref(&all));
        let (leading, mut upkeep) = (Leading::default(), Upkeep::default());
        let look = ring(&[2, 3]);
        shared.outbox.saved(0, Err(RecordError::Storage));
        assert_eq!(considered(&mut upkeep, &mut shared, &leading, &look), None);
        let acts = shared.outbox.take_acts();
        assert!(acts.contains(&Act::SaveControl(vec![])), "{acts:?}");
        let checks = asked(&shared, acts).into_iter();
        let checks = checks.map(|(node, _, request)| (node, request));
        let check = |node| (id(node), Request::Check(all.id()));
        assert_eq!(checks.collect::<Vec<_>>(), [2, 3].map(check));
        shared.outbox.saved(0, Ok(()));
        assert_eq!(shared.outbox.take_acts(), [Act::Effect(Effect::LookSoon)]);
        let wanted = considered(&mut upkeep, &mut shared, &leading, &look);
        assert!(wanted.is_some(), "it leads what it could not before");
    }

    #[test]
    fn attempts_without_an_answer_are_repeated_soon_so_often_and_no_more() {
        let mut shared = testing::shared(1, &[]);
        let mut upkeep = Upkeep::default();
        let group = group((0, 0), 1, &[]).id();
        for _ in 0..2 * MAX_SOON {
            upkeep.try_again_soon(&mut shared, group);
        }
        let soon = shared.outbox.take_acts();
        assert_eq!(
            soon,
            vec![Act::Effect(Effect::LookSoon); usize::from(MAX_SOON)]
        );
    }

    #[test]
    fn only_who_was_in_a_group_ends_it_by_saying_that_it_is_gone() {
        let parent = group((0, 0), 1, &[1, 2]);
        let mut shared = testing::shared(1, core::slice::from_ref(&parent));
        let mut upkeep = Upkeep::default();
        for (from, incarnation) in [(9, 9), (2, 99)] {
            let gone = Some(Response::Gone(incarnation));
            upkeep.on_checked(&mut shared, parent.id(), id(from), gone);
            assert!(shared.roster.holds(parent.id()));
        }
        upkeep.on_checked(&mut shared, parent.id(), id(2), Some(Response::Gone(2)));
        assert!(shared.roster.is_free() && shared.roster.is_dirty());
    }

    #[test]
    fn who_leaves_says_so_and_the_last_one_has_no_followers() {
        let mut shared = testing::shared(1, &[group((0, 0), 1, &[1])]);
        let mut upkeep = Upkeep::default();
        upkeep.look(&mut shared, &ring(&[2]));
        assert!(!upkeep.is_leaving() && !upkeep.has_no_followers());
        let leaving = |nodes: &[u64]| Look {
            leaving: true,
            ..ring(nodes)
        };
        upkeep.look(&mut shared, &leaving(&[2]));
        assert!(upkeep.is_leaving() && !upkeep.has_no_followers());
        upkeep.look(&mut shared, &leaving(&[]));
        assert!(upkeep.has_no_followers());
    }
}
