//! The facts of a moment, read from the nodes themselves and from what happened, without a word of what makes the sentences.

use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeMap, BTreeSet};

use chordscope_core::base::contact::Contact;
use chordscope_core::base::id::Id;
use chordscope_core::chord::membership::Membership;
use chordscope_core::chord::route::{Mode, Step};
use chordscope_core::node::api::Event;
use chordscope_sim::worlds::ring::History;
use chordscope_sim::worlds::ring::RingWorld;
use chordscope_sim::worlds::ring::action::{Action, Timed};
use chordscope_sim::worlds::ring::trace::{Entry, Parcel, What};

/// One node, by its own state.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct NodeFacts {
    pub(crate) member: bool,
    pub(crate) paused: bool,
    pub(crate) predecessor: Option<u64>,
    pub(crate) successors: Vec<u64>,
    /// From row 1.
    pub(crate) fingers: Vec<Option<u64>>,
    pub(crate) keys: Vec<u64>,
}

/// A ring at a moment.
#[derive(Clone, Debug)]
pub(crate) struct Ring {
    pub(crate) bits: u32,
    pub(crate) nodes: BTreeMap<u64, NodeFacts>,
}

pub(crate) fn number(id: Id) -> u64 {
    id.to_u64().expect("a small ring")
}

impl Ring {
    pub(crate) fn of(world: &RingWorld) -> Self {
        let bits = u32::from(world.space().bits());
        let nodes = world.nodes().map(|node| {
            let membership: &Membership = node.membership();
            let id = |contact: &Contact| number(contact.id());
            let facts = NodeFacts {
                member: membership.is_member(),
                paused: world.is_paused(node.id()),
                predecessor: membership.predecessor().map(id),
                successors: membership.successors().entries().iter().map(id).collect(),
                fingers: (1..=world.space().bits())
                    .map(|row| node.fingers().get(row).map(id))
                    .collect(),
                keys: node.records().iter().map(|(key, _)| number(key)).collect(),
            };
            (number(node.id()), facts)
        });
        Self {
            bits,
            nodes: nodes.collect(),
        }
    }

    fn size(&self) -> u64 {
        1 << self.bits
    }

    /// From one position clockwise to another.
    pub(crate) fn way(&self, from: u64, to: u64) -> u64 {
        (to + self.size() - from) % self.size()
    }

    /// Whether `id` lies in (after, upto]; from a position to itself is all the way round.
    pub(crate) fn within(&self, id: u64, after: u64, upto: u64) -> bool {
        if after == upto {
            return true;
        }
        let way = self.way(after, id);
        way > 0 && way <= self.way(after, upto)
    }

    /// Whether `id` lies in (after, before).
    pub(crate) fn between(&self, id: u64, after: u64, before: u64) -> bool {
        id != before && id != after && self.within(id, after, before)
    }

    pub(crate) fn up(&self) -> Vec<u64> {
        self.nodes.keys().copied().collect()
    }

    pub(crate) fn members(&self) -> Vec<u64> {
        let members = self.nodes.iter().filter(|(_, node)| node.member);
        members.map(|(id, _)| *id).collect()
    }

    /// The first of these at or after a position.
    pub(crate) fn first_from(&self, among: &[u64], position: u64) -> Option<u64> {
        among
            .iter()
            .copied()
            .min_by_key(|id| self.way(position, *id))
    }

    /// The last of these strictly before a position, which may be itself where there is no other.
    pub(crate) fn last_before(&self, among: &[u64], position: u64) -> Option<u64> {
        let back = |id: &u64| match self.way(*id, position) {
            0 => self.size(),
            way => way,
        };
        among.iter().copied().min_by_key(back)
    }

    pub(crate) fn start(&self, node: u64, row: usize) -> u64 {
        (node + (1 << (row - 1))) % self.size()
    }

    /// The first live member that a member's list names; itself with an empty list.
    pub(crate) fn next(&self, id: u64) -> Option<u64> {
        let node = &self.nodes[&id];
        if node.successors.is_empty() {
            return Some(id);
        }
        let live = |id: &&u64| self.nodes.get(*id).is_some_and(|node| node.member);
        node.successors.iter().find(live).copied()
    }

    /// The sets of members that follow one another round and round.
    pub(crate) fn cycles(&self) -> BTreeSet<Vec<u64>> {
        let mut cycles = BTreeSet::new();
        for first in self.members() {
            let mut at = first;
            let mut track = vec![at];
            while let Some(next) = self.next(at) {
                if next == first {
                    let least = track.iter().enumerate().min_by_key(|(_, id)| **id);
                    let least = least.map_or(0, |(at, _)| at);
                    track.rotate_left(least);
                    cycles.insert(track);
                    break;
                }
                if track.contains(&next) {
                    break;
                }
                track.push(next);
                at = next;
            }
        }
        cycles
    }

    /// Whether a cycle goes round the circle once.
    pub(crate) fn is_ordered(&self, cycle: &[u64]) -> bool {
        let all: u64 = (0..cycle.len())
            .map(
                |at| match self.way(cycle[at], cycle[(at + 1) % cycle.len()]) {
                    0 => self.size(),
                    way => way,
                },
            )
            .sum();
        all == self.size()
    }

    /// Members whose walk along successors never comes to this cycle.
    pub(crate) fn outside(&self, cycle: &[u64]) -> usize {
        let reaches = |first: u64| {
            let mut at = first;
            for _ in 0..=self.nodes.len() {
                if cycle.contains(&at) {
                    return true;
                }
                match self.next(at) {
                    Some(next) => at = next,
                    None => return false,
                }
            }
            false
        };
        self.members()
            .into_iter()
            .filter(|id| !reaches(*id))
            .count()
    }

    pub(crate) fn lists_out_of_order(&self) -> usize {
        let wrong = |id: &u64| {
            let list = &self.nodes[id].successors;
            let ways: Vec<u64> = list.iter().map(|next| self.way(*id, *next)).collect();
            ways.contains(&0) || ways.windows(2).any(|pair| pair[0] >= pair[1])
        };
        self.members().iter().filter(|id| wrong(id)).count()
    }

    /// How many keys have not exactly one member that takes itself for responsible.
    pub(crate) fn keys_without_one_owner(&self) -> usize {
        let members = self.members();
        let owns = |id: &u64, key: u64| match self.nodes[id].predecessor {
            Some(before) => self.within(key, before, *id),
            None => members.len() == 1,
        };
        let owners = |key: u64| members.iter().filter(|id| owns(id, key)).count();
        (0..self.size()).filter(|key| owners(*key) != 1).count()
    }

    pub(crate) fn wrong_predecessors(&self) -> usize {
        let members = self.members();
        let right = |id: &u64| match self.last_before(&members, *id) {
            Some(before) if before == *id => {
                self.nodes[id].predecessor.is_none() || self.nodes[id].predecessor == Some(*id)
            }
            before => self.nodes[id].predecessor == before,
        };
        members.iter().filter(|id| !right(id)).count()
    }

    /// Members that name a wrong successor or predecessor.
    pub(crate) fn wrong_neighbours(&self) -> usize {
        let members = self.members();
        let right = |id: &u64| {
            let after = self.first_from(&members, (id + 1) % self.size());
            let before = self.last_before(&members, *id);
            self.nodes[id].predecessor == before
                && self.nodes[id].successors.first().copied() == after
        };
        members.iter().filter(|id| !right(id)).count()
    }

    /// The nodes that a lookup visits by Chord's rule, with correct fingers.
    pub(crate) fn path(&self, from: u64, key: u64) -> Vec<u64> {
        let all = self.up();
        let owner = self.first_from(&all, key).expect("a node");
        let mut path = vec![from];
        let mut at = from;
        while at != owner {
            let next = self
                .first_from(&all, (at + 1) % self.size())
                .expect("a node");
            at = if self.within(key, at, next) {
                next
            } else {
                let fingers = (1..=self.bits as usize)
                    .map(|row| self.first_from(&all, self.start(at, row)).expect("a node"));
                let preceding = fingers.filter(|finger| self.between(*finger, at, key));
                preceding
                    .max_by_key(|finger| self.way(at, *finger))
                    .unwrap_or(next)
            };
            path.push(at);
        }
        path
    }
}

/// What happened to a lookup.
#[derive(Clone, Debug)]
pub(crate) struct LookupFacts {
    pub(crate) id: (Id, u64),
    pub(crate) key: u64,
    pub(crate) mode: Mode,
    pub(crate) started: u64,
    /// The index of the entry that asks for it.
    pub(crate) entry: u64,
    /// When it ended, and with which path, if any.
    pub(crate) ended: Option<(u64, Option<Vec<u64>>)>,
    pub(crate) sent: Vec<Parcel>,
    pub(crate) delivered: Vec<Parcel>,
    pub(crate) lost: Vec<Parcel>,
    /// When, where, what step, by which predecessor: until it ended. What goes on without its origin is no longer what the page shows.
    pub(crate) routed: Vec<(u64, u64, Step, Option<u64>)>,
}

/// A moment of a run.
pub(crate) struct Facts<'a> {
    pub(crate) history: &'a History,
    pub(crate) ring: Ring,
    pub(crate) now: u64,
    pub(crate) entries: &'a [Entry],
    pub(crate) lookup: Option<LookupFacts>,
    /// What was predicted, and what the node decided at that moment, more than once where somebody was silent.
    pub(crate) predicted: &'a [(u64, Vec<u64>)],
    memory: &'a Memory,
    affected: OnceCell<Vec<AffectedRow>>,
    group: OnceCell<Vec<Change>>,
}

/// A row of another node that a change affects: the node, the row, its start, the right node before, the right node now.
pub(crate) type AffectedRow = (u64, usize, u64, u64, u64);

/// The rings of earlier moments, as long as the run is the same.
#[derive(Default)]
pub(crate) struct Memory(RefCell<(Vec<Timed>, BTreeMap<u64, Ring>)>);

impl<'a> Facts<'a> {
    /// The facts now; `asked` is the lookup that the page shows: its origin, key and beginning.
    pub(crate) fn of(
        history: &'a History,
        asked: Option<(Id, Id, u64)>,
        predicted: &'a [(u64, Vec<u64>)],
        memory: &'a Memory,
    ) -> Self {
        Self {
            history,
            ring: Ring::of(history.world()),
            now: history.now().as_micros(),
            entries: history.entries(),
            lookup: asked.map(|asked| follow(history.entries(), asked)),
            predicted,
            memory,
            affected: OnceCell::new(),
            group: OnceCell::new(),
        }
    }

    /// Another moment of the same run.
    pub(crate) fn at(&self, micros: u64) -> History {
        let mut history = self.history.clone();
        history.seek(chordscope_core::base::time::Instant::from_micros(micros));
        history
    }

    /// The ring at an earlier moment.
    pub(crate) fn ring_at(&self, micros: u64) -> Ring {
        let mut known = self.memory.0.borrow_mut();
        if known.0 != self.history.actions() {
            *known = (self.history.actions().to_vec(), BTreeMap::new());
        }
        let ring = known.1.entry(micros);
        ring.or_insert_with(|| Ring::of(self.at(micros).world()))
            .clone()
    }

    pub(crate) fn deeds(&self) -> impl DoubleEndedIterator<Item = (u64, &'a Action)> {
        self.entries.iter().filter_map(|entry| match &entry.what {
            What::Acted(action) => Some((entry.at.as_micros(), action)),
            _ => None,
        })
    }

    /// Whether other nodes came or went, or the network was cut or healed, after an entry.
    pub(crate) fn has_turned_since(&self, index: u64) -> bool {
        self.entries.iter().any(|entry| {
            let turns = match &entry.what {
                What::Acted(deed) => {
                    deed.changes_members() || matches!(deed, Action::Split(_) | Action::Heal)
                }
                _ => false,
            };
            entry.index > index && turns
        })
    }

    pub(crate) fn last_deed(&self) -> Option<(u64, &'a Action)> {
        self.deeds()
            .rfind(|(_, deed)| !matches!(deed, Action::Lookup { .. }))
    }

    pub(crate) fn last_change(&self) -> Option<(u64, &'a Action)> {
        self.deeds().rfind(|(_, deed)| {
            matches!(
                deed,
                Action::Insert(_) | Action::Remove(_) | Action::Crash(_) | Action::Restart(_)
            )
        })
    }

    /// The nodes that came, or crashed, at the moment of the last change one after the other, the last of them among them, ascending.
    pub(crate) fn changed_at_once(&self) -> Vec<Id> {
        let Some((when, last)) = self.last_change() else {
            return Vec::new();
        };
        let mut nodes = Vec::new();
        for (at, deed) in self.deeds().rev() {
            match (deed, last) {
                _ if at > when => {}
                _ if at < when => break,
                (Action::Insert(id), Action::Insert(_))
                | (Action::Remove(id), Action::Remove(_))
                | (Action::Crash(id), Action::Crash(_)) => {
                    nodes.push(*id);
                }
                (
                    Action::Insert(_) | Action::Remove(_) | Action::Crash(_) | Action::Restart(_),
                    _,
                ) => break,
                _ => {}
            }
        }
        nodes.sort_unstable();
        nodes.dedup();
        nodes
    }

    pub(crate) fn planned(&self) -> Vec<&Timed> {
        let all = self.history.actions().iter();
        all.filter(|timed| timed.at.as_micros() > self.now)
            .collect()
    }

    pub(crate) fn is_cut(&self) -> bool {
        let last = self
            .deeds()
            .rfind(|(_, deed)| matches!(deed, Action::Split(_) | Action::Heal));
        matches!(last, Some((_, Action::Split(_))))
    }

    /// The last change that a node made.
    pub(crate) fn change_of(&self, id: Id) -> Option<&'a Action> {
        let mut changes = self.deeds().rev().filter_map(|(_, deed)| match deed {
            Action::Insert(node)
            | Action::Remove(node)
            | Action::Crash(node)
            | Action::Restart(node)
                if *node == id =>
            {
                Some(deed)
            }
            _ => None,
        });
        changes.next()
    }

    /// The rows of others that the last changes affect.
    pub(crate) fn affected(&self) -> &[AffectedRow] {
        self.affected
            .get_or_init(|| rows_of(self.group(), &self.ring))
    }

    /// Where the affected rows of each of these changes begin behind, and the node of the change.
    pub(crate) fn affected_arcs(&self) -> Vec<(u64, u64)> {
        let group = self.group();
        let up = settled(group, &self.ring);
        if up.is_empty() {
            return Vec::new();
        }
        let arc = |change: &Change| Some((change.after(&self.ring, &up)?, change.node));
        group.iter().filter_map(arc).collect()
    }

    /// Whether a finger of these rows has named the right node since the first of the changes.
    pub(crate) fn has_been_right(&self, (node, row, _, _, now): &AffectedRow) -> bool {
        let first = self.group().first().map_or(0, |change| change.when);
        self.entries.iter().any(|entry| {
            let names = |contact: &Contact| number(contact.id()) == *now;
            entry.at.as_micros() >= first
                && matches!(&entry.what, What::Node(id, Event::Finger(change))
                    if number(*id) == *node && usize::from(change.row) == *row
                        && change.new.as_ref().is_some_and(names))
        })
    }

    /// The last change of membership, and before it those that were under way when the next one began.
    fn group(&self) -> &[Change] {
        self.group.get_or_init(|| self.find_group())
    }

    fn find_group(&self) -> Vec<Change> {
        let mut group: Vec<Change> = Vec::new();
        for (at, entry) in self.entries.iter().enumerate() {
            let What::Acted(deed) = &entry.what else {
                continue;
            };
            let (node, comes) = match deed {
                Action::Insert(id) => (number(*id), true),
                Action::Remove(id) | Action::Crash(id) => (number(*id), false),
                Action::Restart(_) => {
                    group.clear();
                    continue;
                }
                _ => continue,
            };
            let when = entry.at.as_micros();
            let before = self.ring_before(when, at);
            let is_open = |change: &Change| match before.nodes.get(&change.node) {
                Some(node) => !change.comes || !node.member,
                None => false,
            };
            let wrong = |(node, row, _, _, now): &AffectedRow| {
                before.nodes[node].fingers[row - 1] != Some(*now)
            };
            let goes_on = group.last().is_some_and(|last| last.when == when)
                || group.iter().any(is_open)
                || rows_of(&group, &before).iter().any(wrong);
            if !goes_on || group.iter().any(|change| change.node == node) {
                group.clear();
            }
            group.push(Change {
                when,
                node,
                comes,
                known: before.members(),
            });
        }
        group
    }

    /// The ring just before an entry.
    fn ring_before(&self, when: u64, index: usize) -> Ring {
        let mut ring = match when {
            0 => {
                let (scenario, seed) = (self.history.setup(), self.history.world().seed());
                let run = History::new(scenario.clone(), seed).expect("a run");
                Ring::of(run.world())
            }
            when => self.ring_at(when - 1),
        };
        let here = self.entries[..index].iter().rev();
        let mut here: Vec<&Entry> = here
            .take_while(|entry| entry.at.as_micros() == when)
            .collect();
        here.reverse();
        for entry in here {
            match &entry.what {
                What::Acted(Action::Crash(id)) | What::Node(id, Event::Left) => {
                    ring.nodes.remove(&number(*id));
                }
                What::Acted(Action::Restart(id)) => {
                    if let Some(node) = ring.nodes.get_mut(&number(*id)) {
                        node.member = false;
                        node.fingers.fill(None);
                    }
                }
                What::Acted(Action::Insert(id)) => {
                    let node = NodeFacts {
                        member: false,
                        paused: false,
                        predecessor: None,
                        successors: Vec::new(),
                        fingers: vec![None; ring.bits as usize],
                        keys: Vec::new(),
                    };
                    ring.nodes.insert(number(*id), node);
                }
                What::Node(id, Event::Joined) => {
                    if let Some(node) = ring.nodes.get_mut(&number(*id)) {
                        node.member = true;
                    }
                }
                What::Node(id, Event::Finger(change)) => {
                    if let Some(node) = ring.nodes.get_mut(&number(*id)) {
                        let named = change.new.as_ref().map(|contact| number(contact.id()));
                        node.fingers[usize::from(change.row) - 1] = named;
                    }
                }
                _ => {}
            }
        }
        ring
    }
}

/// A change of membership.
#[derive(Clone, Debug)]
struct Change {
    when: u64,
    node: u64,
    comes: bool,
    /// The members before it.
    known: Vec<u64>,
}

impl Change {
    /// Where its rows begin behind: the nearer of the member before its node when it came or went, and of the node before it now.
    fn after(&self, ring: &Ring, up: &[u64]) -> Option<u64> {
        let others = |all: &[u64]| {
            let mut all = all.to_vec();
            all.retain(|id| *id != self.node);
            ring.last_before(&all, self.node)
        };
        let back = |id: &u64| ring.way(*id, self.node);
        let both = [others(&self.known), others(up)];
        both.into_iter().flatten().min_by_key(back)
    }
}

/// The nodes that are up, without those that are about to go.
fn settled(group: &[Change], ring: &Ring) -> Vec<u64> {
    let mut up = ring.up();
    let goes = |id: &u64| group.iter().any(|one| one.node == *id && !one.comes);
    up.retain(|id| !goes(id));
    up
}

/// The rows of others that these changes affect.
fn rows_of(group: &[Change], ring: &Ring) -> Vec<AffectedRow> {
    let first = group.first().filter(|first| !first.known.is_empty());
    let (up, Some(first)) = (settled(group, ring), first) else {
        return Vec::new();
    };
    if up.is_empty() {
        return Vec::new();
    }
    let mut rows = BTreeMap::new();
    for change in group {
        if !change.comes && !change.known.contains(&change.node) {
            continue;
        }
        let Some(after) = change.after(ring, &up) else {
            continue;
        };
        let there = |id: &&u64| **id != change.node && ring.nodes.contains_key(*id);
        for owner in change.known.iter().filter(there) {
            for row in 1..=ring.bits as usize {
                let start = ring.start(*owner, row);
                if ring.within(start, after, change.node) {
                    let now = ring.first_from(&up, start).expect("a node");
                    let old = ring.first_from(&first.known, start).expect("a node");
                    let known = (*owner, row, start, old, now);
                    rows.entry((*owner, row)).or_insert(known);
                }
            }
        }
    }
    rows.into_values().collect()
}

fn follow(entries: &[Entry], (from, key, started): (Id, Id, u64)) -> LookupFacts {
    // Of two alike at one moment the page shows the later.
    let begins = entries.iter().rposition(|entry| {
        let is_it = |action: &Action| matches!(action, Action::Lookup { from: f, key: k, .. } if *f == from && *k == key);
        entry.at.as_micros() == started && matches!(&entry.what, What::Acted(action) if is_it(action))
    });
    let begins = begins.expect("the lookup that is shown was asked for");
    let What::Acted(Action::Lookup { mode, .. }) = &entries[begins].what else {
        unreachable!()
    };
    let routed = entries[begins..]
        .iter()
        .find_map(|entry| match &entry.what {
            What::Node(_, Event::Routed { lookup, key: k, .. })
                if lookup.0 == from && *k == key =>
            {
                Some(*lookup)
            }
            _ => None,
        });
    let id = routed.expect("a lookup is decided at once");
    let mut facts = LookupFacts {
        id,
        key: number(key),
        mode: *mode,
        started,
        entry: entries[begins].index,
        ended: None,
        sent: Vec::new(),
        delivered: Vec::new(),
        lost: Vec::new(),
        routed: Vec::new(),
    };
    for entry in &entries[begins..] {
        let at = entry.at.as_micros();
        match &entry.what {
            What::Sent(parcel) if parcel.lookup == Some(id) => facts.sent.push(parcel.clone()),
            What::Delivered(parcel) if parcel.lookup == Some(id) => {
                facts.delivered.push(parcel.clone())
            }
            What::Lost(parcel) | What::Garbled(parcel) if parcel.lookup == Some(id) => {
                facts.lost.push(parcel.clone());
            }
            What::Node(
                node,
                Event::Routed {
                    lookup,
                    step,
                    predecessor,
                    ..
                },
            ) if *lookup == id && facts.ended.is_none() => {
                facts
                    .routed
                    .push((at, number(*node), step.clone(), predecessor.map(number)));
            }
            What::Node(node, Event::LookupEnded(lookup, outcome))
                if (*node, lookup.0) == id && facts.ended.is_none() =>
            {
                let path = outcome.as_ref().ok();
                let path =
                    path.map(|report| report.path.iter().map(|visit| number(visit.id)).collect());
                facts.ended = Some((at, path));
            }
            What::Acted(Action::Crash(node) | Action::Restart(node))
                if *node == from && facts.ended.is_none() =>
            {
                facts.ended = Some((at, None));
            }
            What::Node(node, Event::Left) if *node == from && facts.ended.is_none() => {
                facts.ended = Some((at, None));
            }
            _ => {}
        }
    }
    facts
}

/// The node that a step leads to.
pub(crate) fn leads_to(step: &Step) -> Option<u64> {
    let contact = match step {
        Step::Here => return None,
        Step::Owner(contact) | Step::Along(contact) | Step::Back(contact) => contact,
        Step::Finger { contact, .. } | Step::Near { contact, .. } => contact,
    };
    Some(number(contact.id()))
}
