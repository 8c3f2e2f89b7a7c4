//! What a member does from time to time: see that the group is as the ring is, and tell what was decided.

use alloc::boxed::Box;
use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use crate::base::contact::Contact;
use crate::base::id::Id;
use crate::store::group::configuration::{Configuration, GroupId, MAX_MEMBERS, Member, has};
use crate::store::group::message::{Request, Response};
use crate::store::group::{Effect, Groups, Held, Look, MAX_SPLIT, Token};

/// The limit on attempts in a row that soon follow one without an answer.
const MAX_SOON: u8 = 5;

/// What a member has noticed of a group. Nothing depends on it but when something is tried.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Watch {
    /// The nodes at the middle of the range, once they were asked for, and once they are known.
    pub(super) middle: Option<Option<Vec<Contact>>>,
    /// The number of attempts in a row to change the group that ended for want of an answer.
    unanswered: u8,
    /// For how many looks the group has not been as it should.
    looks: usize,
    /// Members before this one that did not answer.
    silent: BTreeSet<Id>,
    /// Who knows what was decided.
    told: BTreeSet<Id>,
    /// The parts of what followed, by their last key, that are over.
    over: BTreeSet<Id>,
}

/// What should follow a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wanted {
    pub(super) members: Vec<Contact>,
    /// Where the range should be split, and the members of the first part.
    pub(super) split: Option<(Id, Vec<Contact>)>,
    /// Which of all these are away.
    pub(super) absent: BTreeSet<Id>,
    /// In a repair: the members that are given up.
    pub(super) lost: BTreeSet<Id>,
    /// In a repair: who may know of a later group.
    pub(super) around: Vec<Contact>,
}

impl Groups {
    pub(super) fn look(&mut self, look: &Look) {
        let Look { ring, leaving, .. } = look;
        self.leaving = *leaving;
        self.is_last = *leaving && self.candidates(look).is_empty();
        let me = self.me.id();
        let members = self.held.values().flat_map(|held| &held.group.members);
        let members: BTreeSet<Id> = members.map(Member::id).filter(|id| *id != me).collect();
        let own = self.lineage.map(|lineage| lineage.number);
        self.presence
            .look(self.now, &members, look, self.settings.patience, own);
        if !*leaving {
            self.introduce(ring);
        }
        self.spread_fences(ring);
        self.survey_ring(ring);
        let ids: Vec<GroupId> = self.held.keys().copied().collect();
        for id in ids {
            let Some(held) = self.held.get(&id) else {
                continue;
            };
            if held.decided.is_some() {
                self.tell(id);
            } else if !self.is_surveying()
                && !self.changes.contains_key(&id)
                && !self.attempt_repair(id, look)
            {
                self.consider(id, look);
            }
        }
        let staged = self.staged.values();
        // Where this node is a member of the parent as well, it hears there what becomes of it.
        let staged = staged.filter(|staged| !self.held.contains_key(&staged.parent.id()));
        let parents: Vec<Configuration> = staged.map(|staged| staged.parent.clone()).collect();
        for parent in parents {
            self.check_with(&parent);
        }
        if self.gives_up() {
            self.take_other_lineage();
        }
        self.tidy();
    }

    /// Each two neighbours tell one another who they are, once in a life. Who has lost its store is known by that, and who has no
    /// lineage yet takes the ring's.
    fn introduce(&mut self, ring: &[Contact]) {
        let me = self.introduction();
        for node in self.presence.not_introduced(ring) {
            self.ask(Token::Meet, &node, Request::Meet(me));
        }
    }

    pub(super) fn on_met(&mut self, from: Id, response: Option<Response>) {
        let Some(Response::Met(who)) = response else {
            return self.presence.has_missed_introduction(from);
        };
        self.presence.met(self.now, from, who);
        match who.lineage {
            Some(lineage) if self.lineage.is_none() => self.enter_lineage(lineage),
            // It may have one the next time.
            None if self.lineage.is_none() => self.presence.has_missed_introduction(from),
            _ => {}
        }
    }

    /// The first member that lives changes a group that is not as it should be.
    fn consider(&mut self, id: GroupId, look: &Look) {
        let Some(held) = self.held.get(&id) else {
            return;
        };
        let me = self.me.id();
        let group = held.group.clone();
        let sealed = held.promised != id.epoch;
        let newer = |other: &Held| other.group.epoch > id.epoch && other.group.overlaps(&group);
        if self.held.values().any(newer) {
            // It is over, but this node missed it: the others know what followed.
            return self.check_with(&group);
        }
        if self.gives_up() {
            return self.hand_on(id);
        }
        let Some(wanted) = self.wanted(&group, look) else {
            return;
        };
        let before = group.members.iter().map(Member::id);
        let same = before.eq(wanted.members.iter().map(Contact::id));
        let lapsed = |member: &Member| self.presence.has_lapsed(member);
        // Who is back is given the state.
        let lacks = |member: &Member| {
            lapsed(member) || !member.votes && !wanted.absent.contains(&member.id())
        };
        let fits = wanted.split.is_none() && same && !group.members.iter().any(lacks);
        let split = wanted.split.is_some();
        let first = group.primary().map(Member::id) == Some(me);
        // Who is away has missed something and cannot be given it now.
        let settled =
            |missed: &BTreeSet<Id>| missed.iter().all(|node| self.presence.is_unseen(*node));
        let leading = self.leading.get(&id);
        let leads = leading.is_some_and(|leading| settled(&leading.missed));
        if fits && !sealed && (leads || !first) {
            self.watching.remove(&id);
            return;
        }
        let before = group.voters().take_while(|member| member.id() != me);
        let before: Vec<Member> = before.cloned().collect();
        let lapsed: BTreeSet<Id> = before
            .iter()
            .filter(|m| lapsed(m))
            .map(Member::id)
            .collect();
        if first && split && !look.leaving && !self.knows_middle(id, &group) {
            return;
        }
        if first || look.leaving {
            return self.start_change(id, wanted);
        }
        let presence = &self.presence;
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
            return self.start_change(id, wanted);
        }
        // Those who come first have some time to see to it, unless there is evidence that they are away.
        let away = |member: &Member| is_out(member) || presence.is_away(member.id());
        if before.iter().all(away) || watch.looks >= 2 * before.len() {
            watch.looks = 0;
            watch.silent.clear();
            self.ask_what_became_of(id, &before);
        }
    }

    /// Whether it is known who is at the middle of a range; asks for it once.
    fn knows_middle(&mut self, id: GroupId, group: &Configuration) -> bool {
        let watch = self.watching.entry(id).or_default();
        if watch.middle.is_none() {
            watch.middle = Some(None);
            let middle = self.settings.space.middle(group.after, group.upto);
            self.effects.push(Effect::Locate(middle));
        }
        matches!(watch.middle, Some(Some(_)))
    }

    pub(super) fn on_located(&mut self, key: Id, nodes: &[Contact]) {
        let space = self.settings.space;
        for held in self.held.values() {
            let group = &held.group;
            if space.middle(group.after, group.upto) == key
                && let Some(watch) = self.watching.get_mut(&group.id())
            {
                let members = nodes.iter().filter(|node| node.relays().is_empty());
                watch.middle = Some(Some(members.cloned().collect()));
            }
        }
        self.effects.push(Effect::LookSoon);
    }

    /// Asks other members what became of a group.
    fn check_with(&mut self, group: &Configuration) {
        let voters: Vec<Member> = group.voters().cloned().collect();
        self.ask_what_became_of(group.id(), &voters);
    }

    fn ask_what_became_of(&mut self, id: GroupId, members: &[Member]) {
        let me = self.me.id();
        for member in members.iter().filter(|member| member.id() != me) {
            self.ask(Token::Check(id), &member.contact, Request::Check(id));
        }
    }

    /// The neighbours that can be members, and this node. One that is reached through a relay cannot: it shares its relay's fate,
    /// and a tab's comings and goings are its user's.
    pub(super) fn candidates(&self, look: &Look) -> Vec<Contact> {
        let me = self.me.id();
        let mut there: Vec<Contact> = Vec::new();
        for node in look.ring.iter().chain(Some(&self.me)) {
            let stays = node.relays().is_empty() && !self.presence.has_declined(node.id());
            let goes = look.leaving && node.id() == me;
            if stays && !goes && !is_in(&there, node.id()) {
                there.push(node.clone());
            }
        }
        there
    }

    /// The nodes at the middle of a group's range, the one that is responsible for it first, where they are known.
    fn at_middle(&self, group: &Configuration) -> Vec<Contact> {
        let watch = self.watching.get(&group.id());
        let nodes = watch.and_then(|watch| watch.middle.as_ref()?.as_deref());
        let nodes = nodes.unwrap_or_default().iter();
        let nodes = nodes.filter(|node| !self.presence.has_declined(node.id()));
        nodes.cloned().collect()
    }

    /// Where to split a group's range: at the node inside that is nearest to the middle, so that a young ring has all its groups
    /// after a few steps.
    fn split_at<'a>(
        &self,
        group: &Configuration,
        nodes: impl Iterator<Item = &'a Contact>,
    ) -> Option<&'a Contact> {
        let space = self.settings.space;
        let middle = space.middle(group.after, group.upto);
        let inside = nodes.filter(|node| group.covers(node.id()) && node.id() != group.upto);
        let at = inside.min_by_key(|node| {
            let id = node.id();
            space.distance(id, middle).min(space.distance(middle, id))
        });
        at.filter(|_| self.held.len() < MAX_SPLIT)
    }

    /// What the ring asks for: the first nodes from the range's end on, no two of one peer, and a split where a node lies inside. A
    /// member that is away keeps its place for a while, and for as long as nobody can take it. `None` when too few are there to be
    /// given the state.
    fn wanted(&self, group: &Configuration, look: &Look) -> Option<Wanted> {
        let (there, far) = (self.candidates(look), self.at_middle(group));
        let me = self.me.id();
        let has_state = |node: Id| group.member(node).is_some_and(|member| member.votes);
        // Who leaves does not wait for a member that is away and was never given the state: it may have left itself before it was one.
        let with_me = |node: Id| node == me || !has_state(node) && !is_in(&there, node);
        let goes =
            |node: Id| look.leaving && with_me(node) || self.presence.has_left(node, group.lineage);
        let away = group.members.iter().map(|member| &member.contact);
        let away = away.filter(|node| !is_in(&there, node.id()) && !goes(node.id()));
        let (given_up, kept): (Vec<&Contact>, Vec<&Contact>) = away.partition(|node| {
            let patience = self.settings.patience;
            self.presence.is_given_up(self.now, node.id(), patience)
        });
        let kept: Vec<Contact> = kept.into_iter().cloned().collect();
        let space = self.settings.space;
        let copies = usize::from(self.settings.copies.max(1));
        let stay = group.members.iter().filter(|member| !goes(member.id()));
        let least = stay.count().min(copies);
        let behind = |key: Id| {
            let mut nodes: Vec<&Contact> = there.iter().chain(&kept).collect();
            nodes.sort_by_key(|node| space.distance(key, node.id()));
            let mut nodes = Contact::of_each_peer(nodes.into_iter(), copies);
            let missing = least.saturating_sub(nodes.len());
            nodes.extend(given_up.iter().take(missing).map(|node| (*node).clone()));
            nodes.truncate(MAX_MEMBERS);
            // Who is away cannot be the primary.
            nodes.sort_by_key(|node| !is_in(&there, node.id()));
            nodes
        };
        let nodes = there.iter().chain(far.first());
        let at = self.split_at(group, nodes).filter(|_| !look.leaving);
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

    /// What became of a group, from another member of it.
    pub(super) fn on_checked(&mut self, id: GroupId, from: Id, response: Option<Response>) {
        match response {
            Some(Response::Followed(next)) => self.follow(id, &next),
            Some(Response::Gone(who)) if self.was_in(id, from, who) => {
                self.forget(id);
                self.skip_what_follows(id);
                self.dirty = true;
                self.tidy();
            }
            Some(_) => {
                if let Some(watch) = self.watching.get_mut(&id) {
                    watch.silent.clear();
                }
            }
            None => {
                if let Some(watch) = self.watching.get_mut(&id)
                    && watch.silent.insert(from)
                {
                    self.effects.push(Effect::LookSoon);
                }
            }
        }
    }

    /// A change got no answer from somebody who was thought to be there: it may just be coming back. A few attempts follow soon, and then
    /// those of the usual looks.
    pub(super) fn try_again_soon(&mut self, id: GroupId) {
        let watch = self.watching.entry(id).or_default();
        if watch.unanswered < MAX_SOON {
            watch.unanswered += 1;
            self.effects.push(Effect::LookSoon);
        }
    }

    // After a decision.

    /// Tells everybody concerned what was decided, until those who follow know it.
    pub(super) fn tell(&mut self, id: GroupId) {
        if self.forget_if_known(id) {
            return;
        }
        let Some(Held {
            group,
            decided: Some(next),
            ..
        }) = self.held.get(&id).cloned()
        else {
            return;
        };
        let watch = self.watching.entry(id).or_default();
        watch.looks += 1;
        let told = watch.told.clone();
        let over = watch.over.clone();
        let first = watch.looks == 1;
        let followers = next.members();
        let others = group.voters().filter(|_| first);
        for node in followers
            .iter()
            .filter(|node| node.votes)
            .chain(others.filter(|m| !has(&followers, m.id())))
        {
            if !told.contains(&node.id()) {
                let decided = Request::Decided(id, Box::new(next.clone()));
                self.ask(Token::Tell(id), &node.contact, decided);
            }
        }
        if first {
            return;
        }
        // Somebody does not answer: what followed may be over by now, and then it needs no telling.
        for part in next.groups(&group) {
            let known = part.members.iter().find(|node| told.contains(&node.id()));
            if let Some(node) = known.filter(|_| !over.contains(&part.upto)) {
                let check = Request::Check(part.id());
                self.ask(Token::Over(id, part.upto), &node.contact, check);
            }
        }
    }

    pub(super) fn on_told(&mut self, id: GroupId, from: Id, response: Option<&Response>) {
        if response == Some(&Response::Done)
            && let Some(watch) = self.watching.get_mut(&id)
        {
            watch.told.insert(from);
            self.forget_if_known(id);
        }
    }

    pub(super) fn on_over(&mut self, id: GroupId, from: Id, upto: Id, response: Option<&Response>) {
        let part = self.held.get(&id).and_then(|held| {
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
        if over && let Some(watch) = self.watching.get_mut(&id) {
            watch.over.insert(upto);
            self.forget_if_known(id);
        }
    }

    /// Forgets a group once each part of what followed is over, or known to all of its members.
    fn forget_if_known(&mut self, id: GroupId) -> bool {
        let Some(Held {
            group,
            decided: Some(next),
            ..
        }) = self.held.get(&id)
        else {
            return false;
        };
        let Some(watch) = self.watching.get(&id) else {
            return false;
        };
        let known = next.groups(group).all(|part| {
            let known = part
                .voters()
                .map(Member::id)
                .all(|node| watch.told.contains(&node));
            watch.over.contains(&part.upto) || known
        });
        if known {
            self.forget(id);
        }
        known
    }
}

fn is_in(nodes: &[Contact], node: Id) -> bool {
    nodes.iter().any(|other| other.id() == node)
}
