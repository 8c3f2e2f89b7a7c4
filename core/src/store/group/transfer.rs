//! Moving what a group keeps: to those who will follow, and from a sealed majority.

use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::base::contact::Contact;
use crate::base::id::Id;
use crate::store::group::Groups;
use crate::store::group::change::Step;
use crate::store::group::configuration::{Configuration, GroupId, Stamp};
use crate::store::group::message::{MAX_PAGE, Request};

/// Through the keys of the range, page by page, with one node after another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Walk {
    pub(super) left: Vec<Contact>,
    pub(super) last: Option<Id>,
    /// Answers that are still to come before it goes on.
    pub(super) open: usize,
    /// Whether the page was the last.
    pub(super) ended: bool,
}

impl Walk {
    const fn new(left: Vec<Contact>) -> Self {
        Self {
            left,
            last: None,
            open: 1,
            ended: false,
        }
    }
}

impl Groups {
    // To those who will follow.

    pub(super) fn stage_all(&mut self, id: GroupId, sealed: bool) {
        let Some(change) = self.changes.get(&id) else {
            return;
        };
        let nodes = change.next.members().into_iter();
        let there = nodes.filter(|node| node.votes);
        let walk = Walk::new(there.map(|node| node.contact).collect());
        self.enter(id, Step::Staging { sealed, walk });
        self.stage_first(id);
    }

    /// Asks the next one to expect the group, or goes on when there is none.
    fn stage_first(&mut self, id: GroupId) {
        let token = self.token(id);
        let Some(group) = self.held.get(&id).map(|held| held.group.clone()) else {
            return;
        };
        let Some(change) = self.changes.get_mut(&id) else {
            return;
        };
        let Step::Staging { sealed, walk } = &mut change.step else {
            return;
        };
        match walk.left.first().cloned() {
            Some(to) => {
                (walk.last, walk.open) = (None, 1);
                let stage = Request::Stage(Box::new((group, change.next.clone())));
                self.ask(token, &to, stage);
            }
            None if *sealed => self.propose(id),
            None => self.seek_promises(id),
        }
    }

    /// Offers the next page of what the node in turn should keep.
    pub(super) fn stage_page(&mut self, id: GroupId) {
        let token = self.token(id);
        let transfer = self.settings.rules.hand_over;
        let Some(group) = self.held.get(&id).map(|held| held.group.clone()) else {
            return;
        };
        loop {
            let Some(change) = self.changes.get_mut(&id) else {
                return;
            };
            let Step::Staging { walk, .. } = &mut change.step else {
                return;
            };
            let Some(to) = walk.left.first().cloned() else {
                return;
            };
            let page = self
                .table
                .page(group.after, group.upto, walk.last, MAX_PAGE);
            let Some((last, _)) = page.last().filter(|_| transfer) else {
                walk.left.remove(0);
                return self.stage_first(id);
            };
            walk.last = Some(*last);
            let theirs = change.next.groups(&group).filter(|g| g.has(to.id()));
            let theirs: Vec<Configuration> = theirs.collect();
            let belongs = |(key, _): &(Id, Stamp)| theirs.iter().any(|group| group.covers(*key));
            let offer: Vec<_> = page.into_iter().filter(belongs).collect();
            if !offer.is_empty() {
                walk.open = 1;
                let offer = Request::Offer(id, change.next.epoch, offer);
                return self.ask(token, &to, offer);
            }
        }
    }

    pub(super) fn give(&mut self, id: GroupId, keys: &[Id]) {
        let token = self.token(id);
        let entries = keys
            .iter()
            .filter_map(|key| self.table.entry(self.now, *key));
        let entries: Vec<_> = entries.collect();
        let Some(change) = self.changes.get_mut(&id) else {
            return;
        };
        let epoch = change.next.epoch;
        let Step::Staging { walk, .. } = &mut change.step else {
            return;
        };
        walk.open = entries.len();
        let Some(to) = walk.left.first().cloned() else {
            return;
        };
        if entries.is_empty() {
            return self.stage_page(id);
        }
        for entry in entries {
            self.ask(token, &to, Request::Give(id, epoch, entry));
        }
    }

    // From those who promised.

    pub(super) fn collect(&mut self, id: GroupId, mut promises: Vec<Contact>) {
        promises.retain(|member| member.id() != self.me.id());
        if !self.settings.rules.hand_over {
            promises.clear();
        }
        self.enter(id, Step::Collecting(Walk::new(promises)));
        self.collect_page(id);
    }

    pub(super) fn collect_page(&mut self, id: GroupId) {
        let token = self.token(id);
        let Some(change) = self.changes.get_mut(&id) else {
            return;
        };
        let Step::Collecting(walk) = &mut change.step else {
            return;
        };
        if core::mem::take(&mut walk.ended) {
            walk.left.remove(0);
            walk.last = None;
        }
        match walk.left.first().cloned() {
            Some(from) => {
                walk.open = 1;
                let list = Request::List(id, walk.last);
                self.ask(token, &from, list);
            }
            None => self.stage_all(id, true),
        }
    }

    pub(super) fn fetch(&mut self, id: GroupId, page: &[(Id, Stamp)]) {
        let token = self.token(id);
        let newer = |(key, stamp): &&(Id, Stamp)| {
            let row = self.table.get(*key);
            row.is_none_or(|row| row.stamp < *stamp)
        };
        let keys: Vec<Id> = page.iter().filter(newer).map(|(key, _)| *key).collect();
        let Some(change) = self.changes.get_mut(&id) else {
            return;
        };
        let Step::Collecting(walk) = &mut change.step else {
            return;
        };
        walk.open = keys.len();
        let Some(from) = walk.left.first().cloned() else {
            return;
        };
        if keys.is_empty() {
            return self.collect_page(id);
        }
        for key in keys {
            self.ask(token, &from, Request::Fetch(id, key));
        }
    }
}
