//! The invariant that must hold in every state, Zave 2017's, and the test that a calm ring becomes ideal.

use std::fmt;

use chordscope_core::base::contact::Contact;
use chordscope_core::base::id::Id;
use chordscope_core::chord::invariant::{Health, Property};
use chordscope_core::chord::membership::Query;

use crate::intern::Map;
use crate::machines::{Node, id, index, neighbours};
use crate::model::{Message, Model, State};

/// Sets of nodes are bits: node 0 is the lowest.
type Nodes = u8;

/// A successor list as sets of nodes.
#[derive(Clone, Copy, Debug)]
struct List {
    /// The nodes in the list.
    entries: Nodes,
    /// The nodes that lie between two of its neighbouring entries, or between its owner and its head.
    skipped: Nodes,
}

/// Judges states; remembers what each list amounts to, and from where a calm ring became ideal.
#[derive(Debug, Default)]
pub(crate) struct Judge {
    members: Map<u32, Option<List>>,
    parcels: Map<u32, Option<List>>,
    calm: Map<State, ()>,
}

/// The goal of a search.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Goal {
    /// To see that the invariant holds everywhere, and that each state leads back to the ideal ring.
    AllIsWell,
    /// To find a state in which this property is broken.
    Break(Property),
    /// To find one in which a path from outside into the ring passes its goal: Zave 2012, OrderedAppendages.
    BreakAppendages,
}

/// The violation that a state shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wrong {
    /// No successor of this node lives, or none of those that it is about to adopt.
    NoLiveSuccessor(Id),
    /// Fewer than r + 1 members are in no list's gap.
    TooFewPrincipals(u32),
    /// A property of a whole ring is broken.
    Broken(Property),
    /// The path of this node to the ring passes the ring member where it ends.
    Detour(Id),
    /// However long the ring is left alone, it does not become ideal.
    NeverIdeal,
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoLiveSuccessor(node) => {
                write!(f, "node {} has no live successor", node.to_u64().unwrap())
            }
            Self::TooFewPrincipals(count) => write!(f, "only {count} principals are left"),
            Self::Broken(property) => write!(f, "broken: {}", property.title()),
            Self::Detour(node) => {
                let node = node.to_u64().unwrap();
                write!(f, "the path from node {node} passes its goal")
            }
            Self::NeverIdeal => f.write_str("the ring never becomes ideal again"),
        }
    }
}

impl Judge {
    /// Zave 2017 §IV: OneLiveSuccessor and SufficientPrincipals. With messages in flight, the lists on their way count as
    /// if they had arrived (Verdi-Chord, `RingCorrect.v`).
    pub(crate) fn invariant(&mut self, model: &Model, state: &State) -> Result<(), Wrong> {
        let members = members(model, state);
        let mut principals = members;
        for node in 0..model.nodes {
            let number = state[usize::from(node)];
            let list = self
                .members
                .entry(number)
                .or_insert_with(|| list_of_member(model, number));
            if let Some(list) = list {
                if list.entries & members == 0 {
                    return Err(Wrong::NoLiveSuccessor(id(node)));
                }
                principals &= !list.skipped;
            }
        }
        for number in model.flight(state) {
            let list = self
                .parcels
                .entry(*number)
                .or_insert_with(|| list_of_parcel(model, *number));
            if let Some(list) = list {
                if list.entries & members == 0 {
                    return Err(Wrong::NoLiveSuccessor(id(model.parcel(*number).to)));
                }
                principals &= !list.skipped;
            }
        }
        let enough = u32::from(model.successors) + 1;
        match principals.count_ones() {
            count if count < enough && model.fault.needs_principals() => {
                Err(Wrong::TooFewPrincipals(count))
            }
            _ => Ok(()),
        }
    }

    /// Judges a state by the whole goal. Of the protocol as first published only one property of a whole ring is judged.
    pub(crate) fn verdict(
        &mut self,
        model: &mut Model,
        state: &State,
        goal: Goal,
    ) -> Result<(), Wrong> {
        match goal {
            Goal::AllIsWell => {
                self.invariant(model, state)?;
                self.progress(model, state)
            }
            Goal::BreakAppendages => match detour(model, state) {
                Some(node) => Err(Wrong::Detour(id(node))),
                None => Ok(()),
            },
            Goal::Break(property) => {
                let machines = (0..model.nodes).map(|node| model.machine(state, node));
                match Health::of(machines).holds(property) {
                    true => Ok(()),
                    false => Err(Wrong::Broken(property)),
                }
            }
        }
    }

    /// Checks that the ring becomes ideal when nobody joins or fails any more and all members stabilize in turn.
    fn progress(&mut self, model: &mut Model, state: &State) -> Result<(), Wrong> {
        let mut passed = Vec::new();
        let mut at = model.after_calm_round(state);
        for _ in 0..6 * usize::from(model.nodes) {
            if self.calm.contains_key(&at) || is_ideal(model, &at) {
                self.calm
                    .extend(passed.into_iter().map(|state| (state, ())));
                self.calm.insert(at, ());
                return Ok(());
            }
            let next = model.after_calm_round(&at);
            passed.push(std::mem::replace(&mut at, next));
        }
        Err(Wrong::NeverIdeal)
    }
}

pub(crate) fn members(model: &Model, state: &State) -> Nodes {
    let up = (0..model.nodes).filter(|node| model.machine(state, *node).is_member());
    up.fold(0, |set, node| set | 1 << node)
}

/// A node outside the cycle, from which the way along first live successors passes the node where it meets the cycle.
fn detour(model: &Model, state: &State) -> Option<Node> {
    let members = members(model, state);
    let next = |node: &Node| {
        let entries = model.machine(state, *node).successors().entries().iter();
        let mut entries = entries.map(|entry| index(entry.id()));
        entries.find(|entry| members & (1 << entry) != 0)
    };
    let all = (0..model.nodes).filter(|node| members & (1 << node) != 0);
    let path = |node: Node| std::iter::successors(Some(node), next).skip(1);
    let on_cycle = |node: Node| path(node).take(8).any(|other| other == node);
    all.clone().filter(|node| !on_cycle(*node)).find(|node| {
        let goal = path(*node).take(8).find(|other| on_cycle(*other));
        goal.is_some_and(|goal| {
            let mut before = path(*node).take_while(|other| *other != goal);
            before.any(|other| !id(other).is_between(id(*node), id(goal)))
        })
    })
}

/// Zave 2017 §IV, Ideal.
fn is_ideal(model: &Model, state: &State) -> bool {
    let set = members(model, state);
    let members: Vec<Node> = (0..model.nodes)
        .filter(|node| set & (1 << node) != 0)
        .collect();
    members.iter().enumerate().all(|(at, node)| {
        let machine = model.machine(state, *node);
        let (before, after) = neighbours(&members, at, model.successors);
        let entries = machine.successors().entries().iter();
        let known = machine.predecessor().map(Contact::id);
        known == before.map(id) && entries.map(Contact::id).eq(after.into_iter().map(id))
    })
}

fn list_of_member(model: &Model, number: u32) -> Option<List> {
    let machine = model.machines.get(number);
    let entries = machine.successors().entries().iter().map(Contact::id);
    let extended = std::iter::once(machine.me()).chain(entries.clone());
    machine.is_member().then(|| List {
        entries: set(entries),
        skipped: skipped(model, extended),
    })
}

/// Returns the successor list that the receiver of an answer may adopt of it.
fn list_of_parcel(model: &Model, number: u32) -> Option<List> {
    let parcel = model.parcel(number);
    let Message::Answer(query, word) = parcel.message else {
        return None;
    };
    let answer = model.machines.word(word);
    let theirs = answer.successors.iter().map(Contact::id);
    let sender = std::iter::once(id(parcel.from));
    let extended = sender.clone().chain(theirs.clone());
    let entries = match query {
        Query::Liveness => return None,
        Query::Join => set(theirs.filter(|entry| *entry != id(parcel.to))),
        _ => set(extended.clone().take(usize::from(model.successors))),
    };
    let skipped = skipped(model, extended);
    Some(List { entries, skipped })
}

fn set(ids: impl Iterator<Item = Id>) -> Nodes {
    ids.fold(0, |set, id| set | 1 << index(id))
}

fn skipped(model: &Model, list: impl Iterator<Item = Id> + Clone) -> Nodes {
    let pairs: Vec<(Id, Id)> = list.clone().zip(list.skip(1)).collect();
    let lies_in = |node: Node| {
        pairs
            .iter()
            .any(|(low, high)| id(node).is_between(*low, *high))
    };
    (0..model.nodes)
        .filter(|node| lies_in(*node))
        .fold(0, |set, node| set | 1 << node)
}
