//! The successor list, which keeps the ring together when nodes fail.

use alloc::sync::Arc;

use crate::base::contact::Contact;
use crate::base::id::Id;

/// The nearest nodes clockwise, nearest first: ordered, without duplicates, never the node itself.
///
/// An empty list means that the node is alone and its own successor.
///
/// (ours) Zave's lists always have r entries, filled up with artificial ones where members are missing; a list here
/// is shorter instead, which says the same, as no artificial entry ever answers.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SuccessorList {
    me: Id,
    limit: u8,
    /// The last entry; `me` when there is none. All entries lie between: a node that does not is not searched for among them,
    /// as they are elsewhere in memory.
    last: Id,
    /// Shared with the answers that name it, and replaced when it changes.
    entries: Arc<[Contact]>,
}

impl SuccessorList {
    /// The empty list of node `me`, with room for `limit` entries (at least 1).
    pub fn new(me: Id, limit: u8) -> Self {
        Self {
            me,
            limit: limit.max(1),
            last: me,
            entries: Arc::default(),
        }
    }

    /// The entries, nearest first.
    pub fn entries(&self) -> &[Contact] {
        &self.entries
    }

    /// The entries, to be kept or sent.
    pub fn share(&self) -> Arc<[Contact]> {
        Arc::clone(&self.entries)
    }

    /// The successor; `None` when the node is alone.
    pub fn head(&self) -> Option<&Contact> {
        self.entries.first()
    }

    /// The last entry's id; the node's own when there is none.
    pub const fn last(&self) -> Id {
        self.last
    }

    /// Returns the length that the list may have: Zave's r.
    pub const fn limit(&self) -> u8 {
        self.limit
    }

    /// Replaces the list by `head : tail`, cut to the limit; says whether it was another one.
    /// Zave 2017 §III, `head : butLast(head.list)`.
    ///
    /// The list ends where the circle comes back to this node, and at the first entry out of ring order: a tail comes
    /// from another node, and a broken one must not break the list.
    pub fn adopt(&mut self, head: &Contact, tail: &[Contact]) -> bool {
        self.replace(core::iter::once(head).chain(tail))
    }

    /// Replaces the list by the usable front part of another node's list; says whether it was another one.
    pub fn replace<'a, I>(&mut self, list: I) -> bool
    where
        I: IntoIterator<Item = &'a Contact>,
        I::IntoIter: Clone,
    {
        let me = self.me;
        let mut last = me;
        let in_order = move |contact: &&Contact| {
            let in_order = contact.id() != me && contact.id().is_between(last, me);
            last = contact.id();
            in_order
        };
        let list = list.into_iter().take(usize::from(self.limit));
        let list = list.take_while(in_order);
        // Nearly always it is the list that is kept already.
        if list.clone().eq(self.entries.iter()) {
            return false;
        }
        self.set(list.cloned().collect());
        true
    }

    /// Takes a node out; says whether it was in.
    pub fn remove(&mut self, id: Id) -> bool {
        let is_listed = self.entries.iter().any(|entry| entry.id() == id);
        if is_listed {
            let others = self.entries.iter().filter(|entry| entry.id() != id);
            self.set(others.cloned().collect());
        }
        is_listed
    }

    fn set(&mut self, entries: Arc<[Contact]>) {
        self.last = entries.last().map_or(self.me, Contact::id);
        self.entries = entries;
    }

    /// Puts a newer contact of a listed node in its place.
    pub fn refresh(&mut self, contact: &Contact) {
        if !contact.id().is_within(self.me, self.last) {
            return;
        }
        if self.entries.iter().any(|entry| contact.supersedes(entry)) {
            let newest = |entry: &Contact| match contact.supersedes(entry) {
                true => contact.clone(),
                false => entry.clone(),
            };
            self.entries = self.entries.iter().map(newest).collect();
        }
    }
}

/// A node's neighbours as it knows them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Neighbours {
    /// The node before it.
    pub predecessor: Option<Contact>,
    /// The nodes behind it, nearest first; empty when it is alone.
    pub successors: Arc<[Contact]>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;
    use alloc::vec::Vec;

    use crate::base::id::Space;
    use crate::base::identity::Signer;
    use crate::chord::membership::tests::{contact, contacts};

    fn ids(list: &SuccessorList) -> Vec<u64> {
        let id = |contact: &Contact| contact.id().to_u64().unwrap();
        list.entries().iter().map(id).collect()
    }

    #[test]
    fn a_list_is_cut_to_its_limit_and_ends_at_its_own_node() {
        let mut list = SuccessorList::new(Id::from_u64(9), 3);
        list.adopt(&contact(11), &contacts([14, 18, 20]));
        assert_eq!(ids(&list), [11, 14, 18]);
        list.adopt(&contact(28), &contacts([1, 9, 11]));
        assert_eq!(ids(&list), [28, 1]);
        list.adopt(&contact(9), &contacts([11]));
        assert!(ids(&list).is_empty());
    }

    #[test]
    fn a_list_out_of_order_is_cut_where_the_order_breaks() {
        let mut list = SuccessorList::new(Id::from_u64(9), 4);
        list.adopt(&contact(14), &contacts([18, 11, 20]));
        assert_eq!(ids(&list), [14, 18]);
        list.adopt(&contact(14), &contacts([14, 18]));
        assert_eq!(ids(&list), [14]);
    }

    #[test]
    fn every_entry_gives_way_to_a_newer_contact_and_nobody_else_comes_in() {
        let newer = |id| Contact::stand_in(Space::FULL, &Signer::stand_in(Id::from_u64(id)), 1);
        let versions = |list: &SuccessorList| -> Vec<u64> {
            let entries = list.entries().iter();
            entries.map(|entry| entry.card().version).collect()
        };
        let mut list = SuccessorList::new(Id::from_u64(9), 3);
        list.refresh(&newer(11));
        assert!(ids(&list).is_empty());
        list.adopt(&contact(28), &contacts([1, 4]));
        for id in [4, 28, 5, 20] {
            list.refresh(&newer(id));
        }
        assert_eq!(ids(&list), [28, 1, 4]);
        assert_eq!(versions(&list), [1, 0, 1]);
        list.remove(Id::from_u64(4));
        list.refresh(&newer(1));
        assert_eq!((ids(&list), versions(&list)), (vec![28, 1], vec![1, 1]));
    }
}
