//! The story of a run, in words: the log, the timeline's map, the deeds. Kept beside the history, which knows no words.

use std::collections::BTreeSet;
use std::rc::Rc;

use chordscope_core::base::contact::Contact;
use chordscope_core::base::gather::gather;
use chordscope_core::base::id::{Id, Space};
use chordscope_core::base::time::Instant;
use chordscope_core::chord::invariant::Property;
use chordscope_core::node::Node;
use chordscope_core::node::api::Event;
use chordscope_sim::worlds::ring::History;
use chordscope_sim::worlds::ring::RingWorld;
use chordscope_sim::worlds::ring::action::Action;
use chordscope_sim::worlds::ring::trace::{Entry, Traffic, What};

use crate::brief::brief;
use crate::player::{Tick, TickKind};
use crate::ring::engine::snapshot::{About, EventView, Gone};
use crate::ring::engine::statement::Fate;

/// The most lines that the log shows.
const LINES: usize = 60;
/// The number of entries, from the last one back, in which it looks for them.
const DEPTH: usize = 20_000;

/// The story so far, and what was read of times ahead that were reached before. What is so now follows from the entries up to now: their
/// index says which of them have happened, and in which order, as many may have the same time.
#[derive(Debug, Default)]
pub(super) struct Story {
    /// The index of the first entry not read yet.
    next: u64,
    ticks: Rc<Vec<Tick>>,
    deeds: Vec<Told<Action>>,
    losses: Vec<Told<()>>,
    /// Changes of the ring: of members, pointers, invariants.
    news: Vec<Told<()>>,
    /// Nodes that have come to belong to a ring, or have stopped.
    turnover: Vec<Told<()>>,
    /// Fingers that began to name a node.
    fingers: Vec<Told<NamedFinger>>,
}

/// Something that an entry of the trace tells.
#[derive(Clone, Copy, Debug)]
pub(super) struct Told<T> {
    /// The entry's index.
    pub(super) entry: u64,
    /// Its time.
    pub(super) at: Instant,
    /// The thing.
    pub(super) what: T,
}

/// Those of a list, in order of their entries, that have happened by now.
fn happened_of<T>(all: &[Told<T>], events: u64) -> &[Told<T>] {
    &all[..all.partition_point(|told| told.entry < events)]
}

/// A node's finger, and the node that it names: whose, which row, which node.
pub(super) type NamedFinger = (Id, u8, Id);

impl Story {
    /// Reads what is new in the history.
    pub(super) fn read(&mut self, history: &History) {
        let (entries, space) = (history.entries(), history.world().space());
        let from = entries.partition_point(|entry| entry.index < self.next);
        let Some(last) = entries.last().filter(|_| from < entries.len()) else {
            return;
        };
        self.next = last.index + 1;
        for entry in &entries[from..] {
            match &entry.what {
                What::Acted(action) => self.deeds.push(told(entry, action.clone())),
                What::Lost(_) => self.losses.push(told(entry, ())),
                What::Node(node, Event::Finger(change)) => {
                    let named = change.new.as_ref().map(Contact::id);
                    let named = named.map(|named| told(entry, (*node, change.row, named)));
                    self.fingers.extend(named);
                }
                _ => {}
            }
            if changes_the_ring(entry) {
                self.news.push(told(entry, ()));
            }
            if changes_the_members(entry) {
                self.turnover.push(told(entry, ()));
            }
            if entry.is_notable() {
                Rc::make_mut(&mut self.ticks).push(tick(entry, space));
            }
        }
    }

    /// Forgets what happened from `at` on: something was done there, and everything after it is different.
    pub(super) fn forget_from(&mut self, at: Instant, history: &History) {
        let entries = history.entries();
        let kept = entries.partition_point(|entry| entry.at < at);
        self.next = entries.get(kept).map_or(self.next, |entry| entry.index);
        Rc::make_mut(&mut self.ticks).retain(|tick| tick.at < at.as_micros());
        self.deeds.retain(|told| told.at < at);
        self.losses.retain(|told| told.at < at);
        self.news.retain(|told| told.at < at);
        self.turnover.retain(|told| told.at < at);
        self.fingers.retain(|told| told.at < at);
    }

    /// The timeline's map, without what lookups did from `secret` on.
    pub(super) fn ticks(&self, secret: Option<Instant>) -> Rc<Vec<Tick>> {
        let Some(secret) = secret else {
            return Rc::clone(&self.ticks);
        };
        let is_told = |tick: &&Tick| tick.kind != TickKind::Hop || tick.at < secret.as_micros();
        Rc::new(self.ticks.iter().filter(is_told).cloned().collect())
    }

    /// The number of messages lost by now.
    pub(super) fn lost(&self, world: &RingWorld) -> u64 {
        happened_of(&self.losses, world.events()).len() as u64
    }

    /// The deeds up to now, oldest first.
    fn deeds(&self, world: &RingWorld) -> &[Told<Action>] {
        happened_of(&self.deeds, world.events())
    }

    /// The nodes that crashed and did not come back by now.
    pub(super) fn crashed(&self, world: &RingWorld) -> Vec<Id> {
        let mut crashed = Vec::new();
        for deed in self.deeds(world) {
            if let Action::Crash(id) = &deed.what {
                crashed.push(*id);
            } else if let Action::Insert(id) = &deed.what {
                crashed.retain(|gone| gone != id);
            }
        }
        crashed
    }

    /// Returns the reason why a node is not there now.
    pub(super) fn fate(&self, id: Id, world: &RingWorld) -> Gone {
        let until = self.deeds(world).iter().rev();
        let fate = |deed: &Told<Action>| match &deed.what {
            Action::Crash(gone) if *gone == id => Some(Gone::Crashed),
            Action::Remove(gone) if *gone == id => Some(Gone::Left),
            _ => None,
        };
        until.filter_map(fate).next().unwrap_or(Gone::NotYet)
    }

    /// The nodes that fingers have named since the last deeds that changed who is in the ring, `from` the first of them.
    pub(super) fn named(&self, from: Instant, world: &RingWorld) -> BTreeSet<NamedFinger> {
        let known = happened_of(&self.fingers, world.events());
        let since = known.partition_point(|told| told.at < from);
        gather(known[since..].iter().map(|told| told.what))
    }

    /// The nodes that came or went at the moment of the last change, as the node of that change did, ascending; and their fate.
    pub(super) fn together(&self, world: &RingWorld) -> Option<(Vec<Id>, Fate)> {
        let last = self.last_change(world)?;
        let all = self.deeds(world).iter().rev();
        let all = all.take_while(|deed| deed.at == last.at);
        let changes = all.filter(|deed| deed.what.changes_members());
        // What was undone at that very moment is not among them.
        let kind = std::mem::discriminant(&last.what);
        let same = changes.take_while(|deed| std::mem::discriminant(&deed.what) == kind);
        let node = |deed: &Told<Action>| match &deed.what {
            Action::Insert(id) | Action::Remove(id) | Action::Crash(id) => Some(*id),
            _ => None,
        };
        let mut nodes: Vec<Id> = same.filter_map(node).collect();
        nodes.sort_unstable();
        nodes.dedup();
        let all = |is: fn(&Node) -> bool| nodes.iter().all(|id| world.node(*id).is_some_and(is));
        let is_any_up = || nodes.iter().any(|id| world.node(*id).is_some());
        let fate = match &last.what {
            Action::Insert(_) if all(|node| node.membership().is_member()) => Fate::Joined,
            Action::Insert(_) => Fate::Join,
            Action::Remove(_) if is_any_up() => Fate::Leave,
            Action::Remove(_) => Fate::Left,
            _ => Fate::Crashed,
        };
        Some((nodes, fate))
    }

    fn last_of(&self, world: &RingWorld, is: fn(&Action) -> bool) -> Option<&Told<Action>> {
        self.deeds(world).iter().rfind(|deed| is(&deed.what))
    }

    /// The last deed that changed who is in the ring.
    pub(super) fn last_change(&self, world: &RingWorld) -> Option<&Told<Action>> {
        self.last_of(world, Action::changes_members)
    }

    /// The last deed that was no lookup.
    pub(super) fn last_deed(&self, world: &RingWorld) -> Option<&Told<Action>> {
        self.last_of(world, |deed| !matches!(deed, Action::Lookup { .. }))
    }

    /// The last deed that makes another ring or another network.
    pub(super) fn last_turn(&self, world: &RingWorld) -> Option<&Told<Action>> {
        let turns = |deed: &Action| {
            deed.changes_members() || matches!(deed, Action::Split(_) | Action::Heal)
        };
        self.last_of(world, turns)
    }

    /// Whether the network is cut.
    pub(super) fn is_cut(&self, world: &RingWorld) -> bool {
        let cuts = |deed: &Action| matches!(deed, Action::Split(_) | Action::Heal);
        let last = self.last_of(world, cuts);
        last.is_some_and(|deed| matches!(deed.what, Action::Split(_)))
    }

    /// Whether the nodes on the ring are those that were there when the entry of this index was written.
    pub(super) fn has_same_nodes_since(&self, entry: u64, world: &RingWorld) -> bool {
        let known = happened_of(&self.turnover, world.events()).last();
        known.is_none_or(|last| last.entry <= entry)
    }

    /// The last change of the ring.
    pub(super) fn last_news(&self, world: &RingWorld) -> Option<Told<()>> {
        happened_of(&self.news, world.events()).last().copied()
    }
}

fn told<T>(entry: &Entry, what: T) -> Told<T> {
    Told {
        entry: entry.index,
        at: entry.at,
        what,
    }
}

/// Whether there are other nodes on the ring since an entry.
const fn changes_the_members(entry: &Entry) -> bool {
    match &entry.what {
        What::Acted(action) => action.changes_members(),
        What::Node(_, event) => matches!(event, Event::Joined | Event::Left),
        _ => false,
    }
}

/// Whether an entry is a change of the ring: of members, pointers, invariants, or something done to it.
const fn changes_the_ring(entry: &Entry) -> bool {
    match &entry.what {
        What::Broken(..) | What::Mended(_) => true,
        What::Acted(action) => !matches!(action, Action::Lookup { .. }),
        What::Node(_, event) => matches!(
            event,
            Event::Joined
                | Event::Left
                | Event::Alone
                | Event::Predecessor { .. }
                | Event::Successors(_)
                | Event::Finger(_)
        ),
        _ => false,
    }
}

/// The last lines of the log, oldest first, without what lookups did from `secret` on.
pub(super) fn lines(history: &History, upkeep: bool, secret: Option<Instant>) -> Vec<EventView> {
    let (world, space) = (history.world(), history.world().space());
    let is_secret = |entry: &&Entry| {
        about(entry) == About::Lookup && secret.is_some_and(|secret| entry.at >= secret)
    };
    let mut lines: Vec<EventView> = history
        .entries()
        .iter()
        .rev()
        .take(DEPTH)
        .filter(|entry| !is_secret(entry))
        .filter(|entry| upkeep || is_told(entry, world))
        .take(LINES)
        .map(|entry| EventView {
            index: entry.index,
            at: entry.at.as_micros(),
            text: brief(&entry.describe(space)),
            about: about(entry),
        })
        .collect();
    lines.reverse();
    lines
}

/// Whether the log tells an entry while upkeep is hidden: deeds, lookups asked for, changes, losses.
fn is_told(entry: &Entry, world: &RingWorld) -> bool {
    match &entry.what {
        What::Sent(parcel) => {
            parcel.traffic != Traffic::Upkeep && !parcel.kind.is_acknowledgement()
        }
        What::Delivered(_) => false,
        What::Lost(parcel) => parcel.traffic != Traffic::Upkeep,
        What::Node(_, Event::Routed { lookup, .. }) => {
            world.lookups().iter().any(|known| known.id == *lookup)
        }
        _ => true,
    }
}

fn about(entry: &Entry) -> About {
    match &entry.what {
        What::Acted(_) => About::Action,
        What::Sent(parcel) | What::Delivered(parcel) => match parcel.traffic {
            Traffic::Lookup => About::Lookup,
            Traffic::Records => About::Other,
            Traffic::Upkeep => About::Upkeep,
        },
        What::Lost(_) | What::Garbled(_) => About::Lost,
        // Predecessors lag behind every change of membership: repair at work, not a fault.
        What::Broken(property, _) if *property != Property::OneOwnerPerKey => About::Violation,
        What::Node(_, Event::Routed { .. } | Event::LookupEnded(..)) => About::Lookup,
        What::Node(..) | What::Broken(..) | What::Mended(_) => About::Other,
    }
}

fn tick(entry: &Entry, space: Space) -> Tick {
    Tick {
        at: entry.at.as_micros(),
        kind: match about(entry) {
            About::Lookup => TickKind::Hop,
            About::Action => TickKind::Deed,
            About::Lost | About::Violation => TickKind::Fault,
            About::Upkeep | About::Other => TickKind::Other,
        },
        label: brief(&entry.describe(space)),
    }
}
