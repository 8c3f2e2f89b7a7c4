//! What happened, in words: the log, the timeline's map, the deeds. Kept beside the history, which knows no words.

use std::collections::BTreeSet;
use std::rc::Rc;

use chordscope_core::base::contact::Contact;
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
use crate::engine::snapshot::{About, EventView, Gone, MarkView};
use crate::engine::statement::{Fate, happened};

/// How many lines the log shows.
const LINES: usize = 60;
/// How far back it looks for them.
const DEPTH: usize = 20_000;

/// The story so far.
#[derive(Debug, Default)]
pub(super) struct Story {
    /// The index of the first entry not read yet.
    next: u64,
    marks: Rc<Vec<MarkView>>,
    deeds: Vec<(Instant, Action)>,
    losses: Vec<Instant>,
    /// When the ring has changed: members, pointers, invariants.
    news: Vec<Instant>,
    /// When a finger began to name a node: whose, which row, which node.
    fingers: Vec<(Instant, NamedFinger)>,
}

/// A node's finger, and the node that it names.
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
                What::Acted(action) => self.deeds.push((entry.at, action.clone())),
                What::Lost(_) => self.losses.push(entry.at),
                What::Node(node, Event::Finger(change)) => {
                    let named = change.new.as_ref().map(Contact::id);
                    let named = named.map(|named| (entry.at, (*node, change.row, named)));
                    self.fingers.extend(named);
                }
                _ => {}
            }
            if changes_the_ring(entry) && self.news.last() != Some(&entry.at) {
                self.news.push(entry.at);
            }
            if entry.is_notable() {
                Rc::make_mut(&mut self.marks).push(mark(entry, space));
            }
        }
    }

    /// Forgets what happened from `at` on: something was done there, and everything after it is different.
    pub(super) fn forget_from(&mut self, at: Instant, history: &History) {
        let entries = history.entries();
        let kept = entries.partition_point(|entry| entry.at < at);
        self.next = entries.get(kept).map_or(self.next, |entry| entry.index);
        Rc::make_mut(&mut self.marks).retain(|mark| mark.at < at.as_micros());
        self.deeds.retain(|(when, _)| *when < at);
        self.losses.retain(|when| *when < at);
        self.news.retain(|when| *when < at);
        self.fingers.retain(|(when, _)| *when < at);
    }

    /// The timeline's map, without what lookups did from `secret` on.
    pub(super) fn marks(&self, secret: Option<Instant>) -> Rc<Vec<MarkView>> {
        let Some(secret) = secret else {
            return Rc::clone(&self.marks);
        };
        let is_told =
            |mark: &&MarkView| mark.about != About::Lookup || mark.at < secret.as_micros();
        Rc::new(self.marks.iter().filter(is_told).cloned().collect())
    }

    /// How many messages were lost by now.
    pub(super) fn lost(&self, now: Instant) -> u64 {
        self.losses.partition_point(|at| *at <= now) as u64
    }

    /// The nodes that crashed and did not come back by now.
    pub(super) fn crashed(&self, now: Instant) -> Vec<Id> {
        let mut crashed = Vec::new();
        for (_, deed) in self.deeds.iter().take_while(|(at, _)| *at <= now) {
            if let Action::Crash(id) = deed {
                crashed.push(*id);
            } else if let Action::Insert(id) = deed {
                crashed.retain(|gone| gone != id);
            }
        }
        crashed
    }

    /// Returns the reason why a node is not there now.
    pub(super) fn fate(&self, id: Id, now: Instant) -> Gone {
        let until = self.deeds.iter().rev().filter(|(at, _)| *at <= now);
        let fate = |(_, deed): &(Instant, Action)| match deed {
            Action::Crash(gone) if *gone == id => Some(Gone::Crashed),
            Action::Remove(gone) if *gone == id => Some(Gone::Left),
            _ => None,
        };
        until.filter_map(fate).next().unwrap_or(Gone::NotYet)
    }

    /// The nodes that fingers have named in a stretch of time.
    pub(super) fn named(&self, from: Instant, now: Instant) -> BTreeSet<NamedFinger> {
        let at = |when: Instant, late: bool| {
            self.fingers
                .partition_point(|(at, _)| *at < when || late && *at == when)
        };
        let stretch = self.fingers.get(at(from, false)..at(now, true));
        let stretch = stretch.unwrap_or_default().iter();
        stretch.map(|(_, named)| *named).collect()
    }

    /// The nodes that came or went at the moment of the last change, as the node of that change did, ascending; and their fate.
    pub(super) fn together(&self, world: &RingWorld) -> Option<(Vec<Id>, Fate)> {
        let (when, last) = self.last_change(world.now())?;
        let all = self.deeds.iter().rev().filter(|(at, _)| *at == when);
        let changes = all.filter(|(_, deed)| deed.changes_members());
        // What was undone at that very moment is not among them.
        let kind = std::mem::discriminant(last);
        let same = changes.take_while(|(_, deed)| std::mem::discriminant(deed) == kind);
        let node = |(_, deed): &(Instant, Action)| match deed {
            Action::Insert(id) | Action::Remove(id) | Action::Crash(id) => Some(*id),
            _ => None,
        };
        let mut nodes: Vec<Id> = same.filter_map(node).collect();
        nodes.sort_unstable();
        nodes.dedup();
        let all = |is: fn(&Node) -> bool| nodes.iter().all(|id| world.node(*id).is_some_and(is));
        let is_any_up = || nodes.iter().any(|id| world.node(*id).is_some());
        let fate = match last {
            Action::Insert(_) if all(|node| node.membership().is_member()) => Fate::Joined,
            Action::Insert(_) => Fate::Join,
            Action::Remove(_) if is_any_up() => Fate::Leave,
            Action::Remove(_) => Fate::Left,
            _ => Fate::Crashed,
        };
        Some((nodes, fate))
    }

    fn last_of(&self, now: Instant, is: fn(&Action) -> bool) -> Option<(Instant, &Action)> {
        let known = self.deeds.iter().rev().filter(|(at, _)| *at <= now);
        known
            .map(|(at, deed)| (*at, deed))
            .find(|(_, deed)| is(deed))
    }

    /// The last deed that changed who is in the ring, and when.
    pub(super) fn last_change(&self, now: Instant) -> Option<(Instant, &Action)> {
        self.last_of(now, Action::changes_members)
    }

    /// The last deed that was no lookup, and when.
    pub(super) fn last_deed(&self, now: Instant) -> Option<(Instant, &Action)> {
        self.last_of(now, |deed| !matches!(deed, Action::Lookup { .. }))
    }

    /// The last deed that makes another ring or another network.
    pub(super) fn last_turn(&self, now: Instant) -> Option<Instant> {
        let turns = |deed: &Action| {
            deed.changes_members() || matches!(deed, Action::Split(_) | Action::Heal)
        };
        self.last_of(now, turns).map(|(at, _)| at)
    }

    /// Whether the network is cut.
    pub(super) fn is_cut(&self, now: Instant) -> bool {
        let cuts = |deed: &Action| matches!(deed, Action::Split(_) | Action::Heal);
        let last = self.last_of(now, cuts);
        matches!(last, Some((_, Action::Split(_))))
    }

    /// When the ring changed last.
    pub(super) fn last_news(&self, now: Instant) -> Option<Instant> {
        let known = self.news.partition_point(|at| *at <= now);
        self.news[..known].last().copied()
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
            text: brief(&happened(entry, space)),
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

fn mark(entry: &Entry, space: Space) -> MarkView {
    MarkView {
        at: entry.at.as_micros(),
        about: about(entry),
        label: brief(&happened(entry, space)),
    }
}
