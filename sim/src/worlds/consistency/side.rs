//! One system of the run: its network, the histories of its names with their judges, the copies that its nodes keep, and the shop.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

use crate::checks::history::{Answer, Asked, Operation, Value, Version};
use crate::checks::judge::Judge;
use crate::checks::verdict::{self, Decision, Verdict};
use crate::engine::malformed::Malformed;
use crate::worlds::consistency::action::{Action, Deed, MAX_OPEN, MAX_OPERATIONS, Refusal};
use crate::worlds::consistency::network::{Network, Parcel, Reason, Told};
use crate::worlds::consistency::setup::{Setup, System};
use crate::worlds::consistency::shop::{Refund, Shop};
use crate::worlds::consistency::trace::What;
use chordscope_core::base::id::Id;
use chordscope_core::base::time::Instant;
use chordscope_core::node::Node;

/// The most changes of copies that are kept; the oldest go first.
pub const MAX_CHANGES: usize = 4_096;

/// A name in one system.
#[derive(Clone, Debug, Default)]
pub struct Register {
    /// The operations in order of their calls. Their numbers are their places here, in every system the same.
    pub history: Vec<Operation>,
    /// The clients that called them, and the values that they wanted to write.
    pub calls: Vec<Call>,
    /// The decisions between versions with one sequence number.
    pub decisions: Vec<Decision>,
    /// The judge of the history.
    pub judge: Judge,
}

/// The part of an operation that its history does without.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// The client's place in the set-up.
    pub client: u8,
    /// The value that it writes.
    pub value: Option<String>,
    /// The reason why it was refused.
    pub reason: Option<Reason>,
}

/// A change of the version of a name that a node keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change {
    /// The time.
    pub at: Instant,
    /// The node.
    pub node: Id,
    /// The name.
    pub name: u8,
    /// The version since then; `None` for none, or a deleted one.
    pub version: Option<Version>,
}

impl Register {
    /// Returns the verdict on the operation of this number.
    pub fn verdict(&self, number: Value) -> Option<Verdict> {
        verdict::verdict(&self.history, &self.decisions, number)
    }
}

/// A system and what has come of it.
#[derive(Clone, Debug)]
pub struct Side {
    setup: Arc<Setup>,
    system: System,
    network: Network,
    names: Vec<Register>,
    /// The operations under way, by node and number there.
    open: BTreeMap<(Id, u64), (u8, Value)>,
    /// The version that a client saw last under a name.
    seen: BTreeMap<(u8, u8), Option<Version>>,
    held: BTreeMap<(Id, u8), Version>,
    changes: Vec<Change>,
    shop: Shop,
    now: Instant,
}

impl Side {
    pub(super) fn new(setup: &Arc<Setup>, system: System, seed: u64) -> Result<Self, Malformed> {
        Ok(Self {
            setup: Arc::clone(setup),
            system,
            network: Network::new(setup, system, seed)?,
            names: setup.names.iter().map(|_| Register::default()).collect(),
            open: BTreeMap::new(),
            seen: BTreeMap::new(),
            held: BTreeMap::new(),
            changes: Vec::new(),
            shop: Shop::default(),
            now: Instant::ZERO,
        })
    }

    /// The system.
    pub const fn system(&self) -> System {
        self.system
    }

    /// The names, in the order of the set-up.
    pub fn names(&self) -> &[Register] {
        &self.names
    }

    /// The changes of copies so far, oldest first; the last [`MAX_CHANGES`].
    pub fn changes(&self) -> &[Change] {
        &self.changes
    }

    /// The refunds of the shop, oldest first.
    pub fn refunds(&self) -> &[Refund] {
        self.shop.refunds()
    }

    /// Returns the version of a name that a node keeps now; `None` for none, or a deleted one.
    pub fn held(&self, node: Id, name: u8) -> Option<Version> {
        self.held.get(&(node, name)).copied()
    }

    /// The nodes of a ring that are up, in ascending order of their ids; none of a step of the build-up.
    pub fn nodes(&self) -> impl Iterator<Item = &Node> {
        self.network.nodes()
    }

    /// Returns whether a node or machine is up.
    pub fn is_up(&self, id: Id) -> bool {
        self.network.is_up(id)
    }

    /// The messages on their way, earliest arrival first.
    pub fn messages(&self) -> impl Iterator<Item = Parcel> {
        self.network.messages()
    }

    /// Returns whether a message between two nodes is lost, as the network is cut now.
    pub fn is_cut(&self, one: Id, other: Id) -> bool {
        let cut = self.network.cut_off();
        cut.contains(&one) != cut.contains(&other)
    }

    /// Returns whether the network is cut.
    pub fn has_cut(&self) -> bool {
        !self.network.cut_off().is_empty()
    }

    /// Returns the number of a client's calls that are under way.
    pub fn open_of(&self, client: u8) -> usize {
        let is_of = |(name, number): &&(u8, Value)| {
            let register = self.names.get(usize::from(*name));
            let call = register.and_then(|register| register.calls.get(*number as usize));
            call.is_some_and(|call| call.client == client)
        };
        self.open.values().filter(is_of).count()
    }

    pub(super) fn next_at(&self) -> Option<Instant> {
        self.network
            .next_at()
            .into_iter()
            .chain(self.shop.next_at())
            .min()
    }

    pub(super) fn rest_until(&mut self, to: Instant) {
        self.now = self.now.max(to);
        self.network.rest_until(to);
    }

    pub(super) fn bytes(&self) -> usize {
        let operations = self.names.iter().map(|name| name.history.len());
        size_of::<Self>() + self.network.bytes() + operations.sum::<usize>() * 256
    }

    /// Lets the next event happen, if it happens by this time.
    pub(super) fn step_until(&mut self, end: Instant, notes: &mut Vec<What>) -> bool {
        let Some(at) = self.next_at().filter(|at| *at <= end) else {
            return false;
        };
        self.now = self.now.max(at);
        if !self.network.step_until(at) {
            self.network.rest_until(at);
            if let Some(read) = self.shop.take_due(self.now) {
                let (node, name, _) = read;
                // The number of the operation is of no use: it writes nothing.
                let called = self.network.call(node, name, (Asked::Get, 0), 0);
                self.shop.on_asked(self.now, read, called.ok());
            }
        }
        self.listen(notes);
        true
    }

    /// Refuses an action that cannot be carried out now.
    pub(super) fn check(&self, action: &Action) -> Result<(), Refusal> {
        match action {
            Action::Call { client, name, .. } => {
                let register = self.names.get(usize::from(*name));
                let count = register.map_or(0, |register| register.history.len());
                match self.open_of(*client) >= MAX_OPEN || count >= MAX_OPERATIONS {
                    true => Err(Refusal::TooMany),
                    false => Ok(()),
                }
            }
            Action::Crash(id) if !self.is_up(*id) => Err(Refusal::Down(*id)),
            Action::Crash(_) if self.network.count() == 1 => Err(Refusal::LastNode),
            Action::Restart(id) if self.is_up(*id) => Err(Refusal::Up(*id)),
            Action::LoseMessage if !self.messages().any(|parcel| parcel.is_about_records) => {
                Err(Refusal::NoMessage)
            }
            _ => Ok(()),
        }
    }

    /// Carries out an action that was checked.
    pub(super) fn act(&mut self, action: &Action, notes: &mut Vec<What>) {
        match action {
            Action::Call { client, name, deed } => self.call(*client, *name, deed, notes),
            Action::Cut(nodes) => self.network.cut(nodes),
            Action::Heal => self.network.heal(),
            Action::Crash(id) => {
                self.network.crash(*id);
                let gone: Vec<(Id, u64)> = self
                    .open
                    .keys()
                    .copied()
                    .filter(|(node, _)| node == id)
                    .collect();
                for (node, number) in gone {
                    self.end((node, number), Answer::Refused, Some(Reason::NoNode), notes);
                }
            }
            Action::Restart(id) => self.network.restart(*id),
            Action::LoseMessage => {
                self.network.lose_message();
            }
        }
        self.listen(notes);
    }

    fn call(&mut self, client: u8, name: u8, deed: &Deed, notes: &mut Vec<What>) {
        let setup = Arc::clone(&self.setup);
        let (Some(register), Some(by)) = (
            self.names.get_mut(usize::from(name)),
            setup.clients.get(usize::from(client)),
        ) else {
            return;
        };
        let seen = self.seen.get(&(client, name)).copied().flatten();
        let (asked, value) = match deed {
            Deed::Get => (Asked::Get, None),
            Deed::Put(value) => (Asked::Put, Some(value.clone())),
            Deed::Delete => (Asked::Delete, None),
            Deed::Swap(value) => (
                Asked::Swap(seen.map(|version| version.by)),
                Some(value.clone()),
            ),
        };
        let number = register.history.len() as Value;
        register.history.push(Operation {
            asked,
            called: self.now,
            returned: None,
        });
        register.calls.push(Call {
            client,
            value,
            reason: None,
        });
        register.judge.on_call(&register.history);
        notes.push(What::Called {
            system: self.system,
            name,
            number,
        });
        let expected = seen.map_or(0, |version| version.sequence);
        let node = by.node;
        match self.network.call(node, name, (asked, number), expected) {
            Ok(called) => {
                self.open.insert((node, called), (name, number));
            }
            Err(reason) => self.close((name, number), Answer::Refused, Some(reason), notes),
        }
    }

    /// Takes in what the network tells.
    fn listen(&mut self, notes: &mut Vec<What>) {
        for told in self.network.take_told() {
            match told {
                Told::Ended(node, number, answer, reason) => {
                    self.end((node, number), answer, reason, notes);
                }
                Told::Conflict(node, name) => {
                    self.note_decision(node, name);
                    notes.push(What::Conflict {
                        system: self.system,
                        node,
                        name,
                    });
                    if self.setup.shop {
                        self.shop.on_conflict(self.now, node, name);
                    }
                }
                Told::Arrived(parcel, arrived) => {
                    notes.push(What::Arrived(self.system, parcel, arrived));
                }
                Told::Touched(node) => self.look_at(node, notes),
            }
        }
    }

    fn end(
        &mut self,
        at: (Id, u64),
        answer: Answer,
        reason: Option<Reason>,
        notes: &mut Vec<What>,
    ) {
        if let Some(operation) = self.open.remove(&at) {
            return self.close(operation, answer, reason, notes);
        }
        let refunds = self.shop.on_ended(self.now, at, answer);
        notes.extend(refunds.into_iter().flatten().map(|refund| What::Refunded {
            system: self.system,
            refund,
        }));
    }

    fn close(
        &mut self,
        (name, number): (u8, Value),
        answer: Answer,
        reason: Option<Reason>,
        notes: &mut Vec<What>,
    ) {
        let Some(register) = self.names.get_mut(usize::from(name)) else {
            return;
        };
        let place = number as usize;
        let Some(operation) = register.history.get_mut(place) else {
            return;
        };
        operation.returned = Some((self.now, answer));
        let asked = operation.asked;
        register.judge.on_return(&register.history, number);
        if let Some(call) = register.calls.get_mut(place) {
            call.reason = reason;
            let version = |sequence| Version {
                sequence,
                by: number,
            };
            let saw = match answer {
                Answer::Got(version) => Some(version),
                Answer::Done(_) if asked == Asked::Delete => Some(None),
                Answer::Done(sequence) => Some(Some(version(sequence))),
                Answer::Mismatch | Answer::Refused => None,
            };
            if let Some(saw) = saw {
                self.seen.insert((call.client, name), saw);
            }
        }
        if let Answer::Done(sequence) = answer
            && asked != Asked::Delete
            && self.setup.shop
        {
            self.shop.on_order(name, sequence, number);
        }
        notes.push(What::Returned {
            system: self.system,
            name,
            number,
            answer,
        });
    }

    /// Notes what stays where two versions with one sequence number have met.
    fn note_decision(&mut self, node: Id, name: u8) {
        let winner = self.network.held(node, name);
        if let Some(register) = self.names.get_mut(usize::from(name))
            && let Some(winner) = winner
            && register.decisions.last().map(|last| last.winner) != Some(winner)
        {
            register.decisions.push(Decision {
                at: self.now,
                winner,
            });
        }
    }

    /// Notes where a node keeps other versions than before.
    fn look_at(&mut self, node: Id, notes: &mut Vec<What>) {
        for name in 0..self.names.len() as u8 {
            let version = self.network.held(node, name);
            let before = match version {
                Some(version) => self.held.insert((node, name), version),
                None => self.held.remove(&(node, name)),
            };
            if before == version {
                continue;
            }
            let change = Change {
                at: self.now,
                node,
                name,
                version,
            };
            if self.changes.len() >= MAX_CHANGES {
                self.changes.drain(..MAX_CHANGES / 2);
            }
            self.changes.push(change);
            notes.push(What::Changed {
                system: self.system,
                change,
            });
        }
    }
}
