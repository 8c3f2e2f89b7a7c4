//! State transfer: a group's entries to the members of the next group, and from a sealed majority.

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::vec;
use alloc::vec::Vec;

use crate::base::contact::Contact;
use crate::base::id::Id;
use crate::base::time::Instant;
use crate::store::group::configuration::{Configuration, Epoch, GroupId, Next, Stamp};
use crate::store::group::message::{MAX_PAGE, Request};
use crate::store::group::table::Table;

/// Through the keys of the range, page by page, with one node after another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Walk {
    left: VecDeque<Contact>,
    last: Option<Id>,
    /// Answers that are still to come before it goes on.
    open: usize,
    /// True if the page was the last.
    ended: bool,
}

/// The next step of a walk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// Asks the node in turn.
    Ask(Contact, Vec<Request>),
    /// Waits for answers.
    Wait,
    /// The transfer has been with every node.
    End,
}

/// A change from the view of the next group's members.
#[derive(Clone, Copy, Debug)]
pub(super) struct Handover<'a> {
    pub(super) group: &'a Configuration,
    pub(super) next: &'a Next,
    pub(super) table: &'a Table,
    /// True if the members of the next group are given the state; false in tests alone.
    pub(super) gives: bool,
}

impl Walk {
    pub(super) fn new(left: impl IntoIterator<Item = Contact>) -> Self {
        Self {
            left: left.into_iter().collect(),
            last: None,
            open: 1,
            ended: false,
        }
    }

    /// Counts one more answer. Returns whether it was the last one that was awaited.
    pub(super) const fn is_answered(&mut self) -> bool {
        self.open = self.open.saturating_sub(1);
        self.open == 0
    }

    // To those who will follow.

    /// Asks the next one to expect the group.
    pub(super) fn stage(&mut self, to: Handover<'_>) -> Turn {
        let Some(node) = self.left.front().cloned() else {
            return Turn::End;
        };
        (self.last, self.open) = (None, 1);
        let stage = Request::Stage(Box::new((to.group.clone(), to.next.clone())));
        Turn::Ask(node, vec![stage])
    }

    /// Offers the next page of what the node in turn should keep.
    pub(super) fn offer(&mut self, to: Handover<'_>) -> Turn {
        let Handover { group, next, .. } = to;
        loop {
            let Some(node) = self.left.front().cloned() else {
                return Turn::Wait;
            };
            let page = to.table.page(group.after, group.upto, self.last, MAX_PAGE);
            let Some((last, _)) = page.last().filter(|_| to.gives) else {
                self.left.pop_front();
                return self.stage(to);
            };
            self.last = Some(*last);
            let theirs = next.groups(group).filter(|g| g.has(node.id()));
            let theirs: Vec<Configuration> = theirs.collect();
            let belongs = |(key, _): &(Id, Stamp)| theirs.iter().any(|group| group.covers(*key));
            let offer: Vec<_> = page.into_iter().filter(belongs).collect();
            if !offer.is_empty() {
                self.open = 1;
                let offer = Request::Offer(group.id(), next.epoch, offer);
                return Turn::Ask(node, vec![offer]);
            }
        }
    }

    /// Gives the node in turn what it lacks.
    pub(super) fn give(&mut self, to: Handover<'_>, now: Instant, lacking: &[Id]) -> Turn {
        let entries = lacking.iter().filter_map(|key| to.table.entry(now, *key));
        let (id, epoch): (GroupId, Epoch) = (to.group.id(), to.next.epoch);
        let gifts: Vec<Request> = entries
            .map(|entry| Request::Give(id, epoch, entry))
            .collect();
        self.open = gifts.len();
        match self.left.front().cloned() {
            None => Turn::Wait,
            Some(_) if gifts.is_empty() => self.offer(to),
            Some(node) => Turn::Ask(node, gifts),
        }
    }

    // From those who promised.

    /// Asks for the next page of the node in turn, or of the next one.
    pub(super) fn list(&mut self, id: GroupId) -> Turn {
        if core::mem::take(&mut self.ended) {
            self.left.pop_front();
            self.last = None;
        }
        let Some(node) = self.left.front().cloned() else {
            return Turn::End;
        };
        self.open = 1;
        Turn::Ask(node, vec![Request::List(id, self.last)])
    }

    /// Fetches what is newer on a page than what is here.
    pub(super) fn fetch(&mut self, id: GroupId, table: &Table, page: &[(Id, Stamp)]) -> Turn {
        self.last = page.last().map(|(key, _)| *key);
        self.ended = page.len() < MAX_PAGE;
        let newer = |(key, stamp): &&(Id, Stamp)| {
            let row = table.get(*key);
            row.is_none_or(|row| row.stamp < *stamp)
        };
        let keys = page.iter().filter(newer).map(|(key, _)| *key);
        let fetches: Vec<Request> = keys.map(|key| Request::Fetch(id, key)).collect();
        self.open = fetches.len();
        match self.left.front().cloned() {
            None => Turn::Wait,
            Some(_) if fetches.is_empty() => self.list(id),
            Some(node) => Turn::Ask(node, fetches),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::group::testing::{contact, entry, epoch, group, id, next, shared};
    use alloc::format;

    /// A table with so many entries of one epoch.
    fn filled(entries: u64) -> Table {
        let mut table = shared(1, &[]).table;
        for n in 0..entries {
            let entry = entry(&format!("name {n}"), epoch(0, 1), 1);
            table.insert(Instant::ZERO, &entry).unwrap();
        }
        table
    }

    fn stamped(table: &Table, index: u64) -> Vec<(Id, Stamp)> {
        let epoch = epoch(0, 1);
        let keys = table.keys();
        keys.map(|key| (key, Stamp { epoch, index })).collect()
    }

    #[test]
    fn every_node_is_listed_page_by_page_and_only_what_is_newer_is_fetched() {
        let id = group((0, 100), 1, &[1, 2, 3]).id();
        let table = filled(2);
        let mut walk = Walk::new([contact(2), contact(3)]);
        let list = |node, last| Turn::Ask(contact(node), vec![Request::List(id, last)]);
        assert_eq!(walk.list(id), list(2, None));
        // A full page of what is here already leads to the next page of the same node.
        let known = stamped(&table, 1);
        let page: Vec<(Id, Stamp)> = known.iter().copied().cycle().take(MAX_PAGE).collect();
        let last = page.last().map(|(key, _)| *key);
        assert_eq!(walk.fetch(id, &table, &page), list(2, last));
        // What is newer is fetched, then the next node is listed from the beginning: the page was the last.
        let newer = stamped(&table, 2);
        let fetches: Vec<Request> = newer
            .iter()
            .map(|(key, _)| Request::Fetch(id, *key))
            .collect();
        assert_eq!(fetches.len(), 2);
        assert_eq!(
            walk.fetch(id, &table, &newer),
            Turn::Ask(contact(2), fetches)
        );
        assert!(!walk.is_answered());
        assert!(walk.is_answered());
        assert_eq!(walk.list(id), list(3, None));
        assert_eq!(walk.fetch(id, &table, &[]), Turn::End);
    }

    #[test]
    fn who_will_follow_is_offered_what_belongs_to_it_and_given_what_it_lacks() {
        let table = filled(5);
        let parent = group((0, 0), 1, &[1]);
        let keys: Vec<Id> = table.keys().collect();
        let middle = keys[1];
        let mut next = next(epoch(0, 2), &[1, 3]);
        next.split = Some((middle, vec![crate::store::group::testing::member(2)]));
        let to = Handover {
            group: &parent,
            next: &next,
            table: &table,
            gives: true,
        };
        let mut walk = Walk::new([contact(2), contact(3)]);
        let stage = |node| {
            let stage = Request::Stage(Box::new((parent.clone(), next.clone())));
            Turn::Ask(contact(node), vec![stage])
        };
        let offers = |node, keys: &[Id]| {
            let stamped = stamped(&table, 1).into_iter();
            let offer = stamped.filter(|(key, _)| keys.contains(key)).collect();
            let offer = Request::Offer(parent.id(), next.epoch, offer);
            Turn::Ask(contact(node), vec![offer])
        };
        assert_eq!(walk.stage(to), stage(2));
        assert!(walk.is_answered());
        assert_eq!(walk.offer(to), offers(2, &keys[..2]));
        let gift = table.entry(Instant::ZERO, keys[0]).unwrap();
        let give = Request::Give(parent.id(), next.epoch, gift);
        let lacking = [keys[0], id(255)];
        let given = walk.give(to, Instant::ZERO, &lacking);
        assert_eq!(given, Turn::Ask(contact(2), vec![give]));
        assert!(walk.is_answered());
        assert_eq!(walk.offer(to), stage(3), "there is no further page");
        assert_eq!(walk.offer(to), offers(3, &keys[2..]));
        assert_eq!(
            walk.give(to, Instant::ZERO, &[]),
            Turn::End,
            "it lacks nothing"
        );
    }

    #[test]
    fn without_the_rule_nobody_is_given_anything() {
        let table = filled(1);
        let parent = group((0, 0), 1, &[1]);
        let next = next(epoch(0, 2), &[1, 2]);
        let to = Handover {
            group: &parent,
            next: &next,
            table: &table,
            gives: false,
        };
        let mut walk = Walk::new([contact(2)]);
        assert!(matches!(walk.stage(to), Turn::Ask(..)));
        assert_eq!(walk.offer(to), Turn::End);
    }
}
