//! What a member does from time to time: see that the group is as the ring is, and tell what was decided.

use alloc::boxed::Box;
use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use crate::base::contact::Contact;
use crate::base::id::Id;
use crate::store::group::configuration::{Configuration, GroupId, has};
use crate::store::group::message::{Request, Response};
use crate::store::group::{Groups, Held, MAX_SPLIT, Token};

/// What a member has noticed of a group. Nothing depends on it but when something is tried.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Watch {
    /// For how many looks the group has not been as it should.
    looks: usize,
    /// Members before this one that did not answer.
    silent: BTreeSet<Id>,
    /// Who knows what was decided.
    told: BTreeSet<Id>,
    /// The parts of what followed, by their last key, that are over.
    over: BTreeSet<Id>,
}

/// Who should be in what follows a group, and where it should be split.
type Wanted = (Vec<Contact>, Option<(Id, Vec<Contact>)>);

impl Groups {
    pub(super) fn look(&mut self, ring: &[Contact], leaving: bool) {
        let ids: Vec<GroupId> = self.held.keys().copied().collect();
        for id in ids {
            match self.held.get(&id) {
                Some(held) if held.decided.is_some() => self.tell(id),
                Some(_) if !self.changes.contains_key(&id) => self.consider(id, ring, leaving),
                _ => {}
            }
        }
        let staged = self.staged.values();
        // Where this node is a member of the parent as well, it hears there what becomes of it.
        let staged = staged.filter(|staged| !self.held.contains_key(&staged.parent.id()));
        let parents: Vec<Configuration> = staged.map(|staged| staged.parent.clone()).collect();
        for parent in parents {
            self.check_with(parent.id(), &parent.members);
        }
        self.tidy();
    }

    /// The first member that lives changes a group that is not as it should be.
    fn consider(&mut self, id: GroupId, ring: &[Contact], leaving: bool) {
        let Some(held) = self.held.get(&id) else {
            return;
        };
        let me = self.me.id();
        let group = held.group.clone();
        let sealed = held.promised != id.epoch;
        let newer = |other: &Held| other.group.epoch > id.epoch && other.group.overlaps(&group);
        if self.held.values().any(newer) {
            // It is over, but this node missed it: the others know what followed.
            return self.check_with(id, &group.members);
        }
        let Some((members, split)) = self.wanted(&group, ring, leaving) else {
            return;
        };
        let ids = |members: &[Contact]| members.iter().map(Contact::id).collect::<Vec<_>>();
        let fits = split.is_none() && ids(&members) == ids(&group.members);
        let first = group.primary().map(Contact::id) == Some(me);
        let leads = self.leading.get(&id).is_some_and(|leading| !leading.doubt);
        if fits && !sealed && (leads || !first) {
            self.watching.remove(&id);
            return;
        }
        if first || leaving {
            return self.start_change(id, members, split);
        }
        let mut before = group.members.clone();
        before.truncate(group.members.iter().take_while(|m| m.id() != me).count());
        let watch = self.watching.entry(id).or_default();
        watch.looks += 1;
        if before
            .iter()
            .all(|member| watch.silent.contains(&member.id()))
        {
            *watch = Watch::default();
            return self.start_change(id, members, split);
        }
        // Those who come first have some time to see to it.
        if watch.looks >= 2 * before.len() {
            watch.looks = 0;
            watch.silent.clear();
            self.check_with(id, &before);
        }
    }

    /// Asks other members what became of a group.
    fn check_with(&mut self, id: GroupId, members: &[Contact]) {
        let me = self.me.id();
        for member in members.iter().filter(|member| member.id() != me) {
            self.ask(Token::Check(id), member, Request::Check(id));
        }
    }

    /// What the ring asks for: the first nodes from the range's end on, no two of one peer, and a split where a node lies
    /// inside. A node that is
    /// reached through a relay is no member: it shares its relay's fate, and a tab's comings and goings are its user's.
    fn wanted(&self, group: &Configuration, ring: &[Contact], leaving: bool) -> Option<Wanted> {
        let me = &self.me;
        let mut nodes: Vec<Contact> = Vec::new();
        for node in ring.iter().chain(Some(me)) {
            let goes = leaving && node.id() == me.id();
            let relayed = !node.relays().is_empty();
            if !goes && !relayed && !has(&nodes, node.id()) {
                nodes.push(node.clone());
            }
        }
        let space = self.settings.space;
        let copies = usize::from(self.settings.copies.max(1));
        let behind = |key: Id| {
            let mut nodes = nodes.clone();
            nodes.sort_by_key(|node| space.distance(key, node.id()));
            Contact::of_each_peer(nodes.iter(), copies)
        };
        let inside = nodes
            .iter()
            .map(Contact::id)
            .filter(|node| group.covers(*node) && *node != group.upto);
        let at = inside.max_by_key(|node| space.distance(group.after, *node));
        let at = at.filter(|_| self.held.len() < MAX_SPLIT && !leaving);
        let members = behind(group.upto);
        (!members.is_empty()).then(|| (members, at.map(|at| (at, behind(at)))))
    }

    /// What became of a group, from another member of it.
    pub(super) fn on_checked(&mut self, id: GroupId, from: Id, response: Option<Response>) {
        match response {
            Some(Response::Followed(next)) => self.follow(id, &next),
            Some(Response::Gone) => {
                self.forget(id);
                // Had it been decided that what is staged here follows, this node would know.
                self.staged.retain(|(parent, _), _| *parent != id);
                self.dirty = true;
                self.tidy();
            }
            Some(_) => {
                if let Some(watch) = self.watching.get_mut(&id) {
                    watch.silent.clear();
                }
            }
            None => {
                if let Some(watch) = self.watching.get_mut(&id) {
                    watch.silent.insert(from);
                }
            }
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
        let others = group.members.iter().filter(|_| first);
        for node in followers
            .iter()
            .chain(others.filter(|m| !has(&followers, m.id())))
        {
            if !told.contains(&node.id()) {
                let decided = Request::Decided(id, Box::new(next.clone()));
                self.ask(Token::Tell(id), node, decided);
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
                self.ask(Token::Over(id, part.upto), node, check);
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

    pub(super) fn on_over(&mut self, id: GroupId, upto: Id, response: Option<&Response>) {
        if matches!(response, Some(Response::Followed(_) | Response::Gone))
            && let Some(watch) = self.watching.get_mut(&id)
        {
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
            let told = |node: &Contact| watch.told.contains(&node.id());
            watch.over.contains(&part.upto) || part.members.iter().all(told)
        });
        if known {
            self.forget(id);
        }
        known
    }
}
