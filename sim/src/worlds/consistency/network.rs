//! The machines of one system and the network between them: nodes of a ring, or machines of the build-up.

use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::time::Duration;

use crate::checks::history::{Answer, Asked, Value, Version};
use crate::engine::malformed::Malformed;
use crate::engine::queue::Queue;
use crate::models::copies::{self, Ask, Machine, Rule};
use crate::worlds::consistency::setup::{Setup, System};
use chordscope_core::base::contact::Contact;
use chordscope_core::base::id::Id;
use chordscope_core::base::identity::Signer;
use chordscope_core::base::rng::Rng;
use chordscope_core::base::time::Instant;
use chordscope_core::chord::ideal::IdealRing;
use chordscope_core::message::{Message, Request, Response};
use chordscope_core::node::Node;
use chordscope_core::node::api::{Event, Level, OperationId, Output, StorageEvent, StoreError};
use chordscope_core::node::config::Config;
use chordscope_core::store::group::configuration::{Configuration, Epoch, Member};
use chordscope_core::store::group::{Control, Entry as GroupEntry};
use chordscope_core::store::message::StoredRecord;
use chordscope_core::store::record::Record;

/// Streams of one seed: the network's own, then one for each birth of a node.
const NETWORK: u64 = 0;
/// The time that a node waits before it tries to join again.
const JOIN_AGAIN: Duration = Duration::from_secs(1);

/// A future event.
#[derive(Clone, Debug)]
enum Coming {
    Arrival(Box<Arrival>),
    JoinAgain(Id),
}

/// A message on its way.
#[derive(Clone, Debug)]
struct Arrival {
    parcel: Parcel,
    body: Body,
}

#[derive(Clone, Debug)]
enum Body {
    Ring(Contact, Message),
    Model(copies::Message),
}

/// A message on its way, as it is painted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parcel {
    /// Counts the messages of a system.
    pub number: u64,
    /// The sender.
    pub from: Id,
    /// The receiver.
    pub to: Id,
    /// The time at which it was sent.
    pub sent: Instant,
    /// The time at which it arrives.
    pub arrives: Instant,
    /// True if it is about records; false for lookups and upkeep of the ring.
    pub is_about_records: bool,
}

/// The disk of a node that is down.
#[derive(Clone, Debug)]
enum Disk {
    /// Records of level `one`, and the saved state of groups. A node must not have forgotten what it promised.
    Node(Vec<StoredRecord>, Option<Box<(Control, Vec<GroupEntry>)>>),
    Machine(Box<Machine>),
}

#[derive(Clone, Debug)]
enum Up {
    Node(Box<Node>),
    Machine(Box<Machine>),
}

/// Something that a network tells its owner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Told {
    /// The operation of this number, which was called at this node, has ended, for this reason where it was refused.
    Ended(Id, u64, Answer, Option<Reason>),
    /// Two versions with one sequence number met at this node.
    Conflict(Id, u8),
    /// A message came to its receiver, or was lost: for the digest.
    Arrived(Parcel, bool),
    /// This node did something: its copies may be other ones.
    Touched(Id),
}

/// The reason why an operation was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Reason {
    /// No node that is responsible for the name answered.
    Unavailable,
    /// No majority of the name's group answered, or it has no primary.
    NoMajority,
    /// No group keeps the name.
    NoGroup,
    /// The client's node is down, or in no ring.
    NoNode,
    /// A write may have taken effect, and if so, another one has replaced it.
    UnknownOutcome,
    /// Anything else: the node is busy, or the record was refused.
    Other,
}

/// The machines of a system, and their network.
#[derive(Clone, Debug)]
pub(super) struct Network {
    setup: Arc<Setup>,
    system: System,
    config: Arc<Config>,
    seed: u64,
    now: Instant,
    up: BTreeMap<Id, Up>,
    disks: BTreeMap<Id, Disk>,
    queue: Queue<Coming>,
    alarms: BTreeSet<(Instant, Id)>,
    due: BTreeMap<Id, Instant>,
    rng: Rng,
    births: u64,
    parcels: u64,
    calls: u64,
    /// The nodes that the others cannot reach, and that cannot reach them.
    cut: BTreeSet<Id>,
    told: Vec<Told>,
}

impl Network {
    /// The network of a system at time zero: a stable ring without records, or machines that keep nothing.
    pub(super) fn new(setup: &Arc<Setup>, system: System, seed: u64) -> Result<Self, Malformed> {
        let mut network = Self {
            setup: Arc::clone(setup),
            system,
            config: Arc::new(setup.config()),
            seed,
            now: Instant::ZERO,
            up: BTreeMap::new(),
            disks: BTreeMap::new(),
            queue: Queue::new(),
            alarms: BTreeSet::new(),
            due: BTreeMap::new(),
            rng: Rng::from_seed(seed, NETWORK),
            births: 0,
            parcels: 0,
            calls: 0,
            cut: BTreeSet::new(),
            told: Vec::new(),
        };
        match system {
            System::OneStore => network.settle_machines(Rule::OneStore),
            System::Copies => network.settle_machines(Rule::Copies),
            System::Messages => network.settle_machines(Rule::Messages),
            System::One | System::Quorum => network.settle_ring()?,
        }
        Ok(network)
    }

    fn settle_machines(&mut self, rule: Rule) {
        let config = self.setup.model(rule);
        for id in &self.setup.nodes {
            let machine = Machine::new(*id, self.setup.nodes.clone(), config);
            self.up.insert(*id, Up::Machine(Box::new(machine)));
        }
    }

    fn settle_ring(&mut self) -> Result<(), Malformed> {
        let ids = self.setup.nodes.clone();
        let ring = IdealRing::new(self.setup.space, ids.clone());
        let ring = ring.map_err(|error| Malformed::new("nodes", &error))?;
        let mut contacts = BTreeMap::new();
        for id in &ids {
            let node = self.birth(*id);
            contacts.insert(*id, node.contact().clone());
            self.up.insert(*id, Up::Node(Box::new(node)));
        }
        let length = usize::from(self.config.successors);
        let others = usize::from(self.setup.copies.saturating_sub(1));
        for id in &ids {
            let of = |ids: Vec<Id>| -> Vec<Contact> {
                ids.iter()
                    .filter_map(|id| contacts.get(id).cloned())
                    .collect()
            };
            let before = Some(ring.predecessor(*id)).filter(|before| before != id);
            let before = before.and_then(|before| contacts.get(&before).cloned());
            let successors = of(ring.successors(*id, length).to_vec());
            let fingers = of(ring.fingers(*id).iter().map(|(_, node)| *node).collect());
            let now = self.now;
            if let Some(Up::Node(node)) = self.up.get_mut(id) {
                node.settle(now, before, &successors, &fingers);
            }
            self.drain(*id);
        }
        for id in &ids {
            let members = core::iter::once(*id).chain(ring.successors(*id, others));
            let members: Vec<Id> = members.collect();
            let group = Configuration {
                lineage: self.seed,
                after: ring.predecessor(*id),
                upto: *id,
                epoch: Epoch {
                    generation: 0,
                    round: 1,
                    proposer: *id,
                },
                members: members
                    .iter()
                    .filter_map(|id| contacts.get(id))
                    .map(|contact| Member {
                        contact: contact.clone(),
                        incarnation: self.config.incarnation,
                        votes: true,
                    })
                    .collect(),
            };
            for member in members {
                if let Some(Up::Node(node)) = self.up.get_mut(&member) {
                    node.assign(group.clone());
                }
            }
        }
        self.told.clear();
        Ok(())
    }

    fn birth(&mut self, id: Id) -> Node {
        self.births += 1;
        let signer = Signer::stand_in(id);
        let rng = Rng::from_seed(self.seed, NETWORK + self.births);
        let contact = Contact::stand_in(self.setup.space, &signer, self.births);
        Node::new(Arc::clone(&self.config), signer, contact, rng)
    }

    /// Returns the time of the next event.
    pub(super) fn next_at(&self) -> Option<Instant> {
        let alarm = self.alarms.first().map(|(at, _)| *at);
        self.queue.first().into_iter().chain(alarm).min()
    }

    /// Sets the clock forward to a time before which nothing happens any more.
    pub(super) fn rest_until(&mut self, to: Instant) {
        self.now = self.now.max(to);
    }

    /// Lets the next event happen, if it happens by this time.
    pub(super) fn step_until(&mut self, end: Instant) -> bool {
        let Some(at) = self.next_at().filter(|at| *at <= end) else {
            return false;
        };
        self.now = self.now.max(at);
        match self.queue.pop_until(at) {
            Some(Coming::Arrival(arrival)) => self.arrive(*arrival),
            Some(Coming::JoinAgain(id)) => self.join_again(id),
            None => {
                if let Some((at, id)) = self.alarms.pop_first() {
                    self.due.remove(&id);
                    match self.up.get_mut(&id) {
                        Some(Up::Node(node)) => node.handle_timeout(at),
                        Some(Up::Machine(machine)) => machine.handle_timeout(at),
                        None => {}
                    }
                    self.drain(id);
                }
            }
        }
        true
    }

    /// Takes what there is to tell.
    pub(super) fn take_told(&mut self) -> Vec<Told> {
        core::mem::take(&mut self.told)
    }

    fn arrive(&mut self, Arrival { parcel, body }: Arrival) {
        let (from, to) = (parcel.from, parcel.to);
        let is_cut = self.cut.contains(&from) != self.cut.contains(&to);
        let now = self.now;
        let arrives = !is_cut && self.up.contains_key(&to);
        self.told.push(Told::Arrived(parcel, arrives));
        if !arrives {
            return;
        }
        match (self.up.get_mut(&to), body) {
            (Some(Up::Node(node)), Body::Ring(sender, message)) => {
                node.handle_message(now, sender, message);
            }
            (Some(Up::Machine(machine)), Body::Model(message)) => {
                machine.handle_message(now, from, message);
            }
            _ => {}
        }
        self.drain(to);
    }

    fn post(&mut self, from: Id, to: Id, body: Body) {
        self.parcels += 1;
        let latency = self.setup.latency.draw(from, to, &mut self.rng);
        let is_about_records = match &body {
            Body::Ring(_, message) => matches!(
                message,
                Message::Request(_, Request::Store(_) | Request::Group(_))
                    | Message::Response(_, Response::Store(_) | Response::Group(_))
            ),
            Body::Model(_) => true,
        };
        let parcel = Parcel {
            number: self.parcels,
            from,
            to,
            sent: self.now,
            arrives: self.now + latency,
            is_about_records,
        };
        if self.rng.chance(self.setup.loss_per_mille.into(), 1_000) {
            return self.told.push(Told::Arrived(parcel, false));
        }
        let arrival = Arrival { parcel, body };
        self.queue
            .push(parcel.arrives, Coming::Arrival(Box::new(arrival)));
    }

    /// Carries out what a machine wants, until it wants nothing more.
    fn drain(&mut self, id: Id) {
        loop {
            let now = self.now;
            match self.up.get_mut(&id) {
                Some(Up::Node(node)) => {
                    let Some(output) = node.poll_output() else {
                        break;
                    };
                    match output {
                        Output::Send { to, message } => {
                            let sender = node.contact().clone();
                            self.post(id, to.id(), Body::Ring(sender, message));
                        }
                        Output::StoreRecord { token, .. } | Output::StoreGroups { token, .. } => {
                            node.handle_storage(now, StorageEvent::Stored(token));
                        }
                        Output::DropRecord(_) | Output::DropEntries(_) | Output::SetAside(_) => {}
                        Output::Event(event) => self.on_event(id, *event),
                    }
                }
                Some(Up::Machine(machine)) => {
                    let Some(output) = machine.poll_output() else {
                        break;
                    };
                    match output {
                        copies::Output::Send(to, message) => {
                            self.post(id, to, Body::Model(message));
                        }
                        copies::Output::Ended(number, outcome) => {
                            let answer = of_model(outcome);
                            let reason = (answer == Answer::Refused).then_some(Reason::Unavailable);
                            self.told.push(Told::Ended(id, number, answer, reason));
                        }
                        copies::Output::Conflict(name) => self.told.push(Told::Conflict(id, name)),
                    }
                }
                None => break,
            }
        }
        let due = match self.up.get(&id) {
            Some(Up::Node(node)) => node.poll_timeout().map(|(at, _)| at),
            Some(Up::Machine(machine)) => machine.poll_timeout(),
            None => None,
        };
        if self.due.get(&id).copied() != due {
            if let Some(before) = self.due.remove(&id) {
                self.alarms.remove(&(before, id));
            }
            if let Some(due) = due {
                self.alarms.insert((due, id));
                self.due.insert(id, due);
            }
        }
        self.told.push(Told::Touched(id));
    }

    fn on_event(&mut self, id: Id, event: Event) {
        let told = match event {
            Event::PutEnded(OperationId(number), outcome) => {
                let (answer, reason) = match outcome {
                    Ok(written) => (Answer::Done(written.sequence), None),
                    Err(error) => of_error(&error),
                };
                Told::Ended(id, number, answer, reason)
            }
            Event::GetEnded(OperationId(number), outcome) => {
                let (answer, reason) = match outcome {
                    Ok(record) => (Answer::Got(record.as_ref().and_then(version)), None),
                    Err(error) => of_error(&error),
                };
                Told::Ended(id, number, answer, reason)
            }
            Event::Conflict(key) => {
                let mut names = self.setup.names.iter();
                let name = names.position(|name| name.key(self.setup.space) == key);
                let Some(name) = name.and_then(|name| u8::try_from(name).ok()) else {
                    return;
                };
                Told::Conflict(id, name)
            }
            Event::JoinFailed | Event::Alone => {
                let again = self.now + JOIN_AGAIN;
                return self.queue.push(again, Coming::JoinAgain(id));
            }
            _ => return,
        };
        self.told.push(told);
    }

    /// Joins a node that is in no ring, or has lost all its neighbours, via the first member: of those that it can reach, if there is one.
    fn join_again(&mut self, id: Id) {
        let now = self.now;
        let members = || {
            self.up.values().filter_map(|up| match up {
                Up::Node(node) if node.id() != id && node.membership().is_member() => Some(&**node),
                _ => None,
            })
        };
        let is_near = |node: &&Node| self.cut.contains(&node.id()) == self.cut.contains(&id);
        let via = members().find(is_near).or_else(|| members().next());
        let via = via.map(|node| node.contact().clone());
        let again = now + JOIN_AGAIN;
        let Some(Up::Node(node)) = self.up.get_mut(&id) else {
            return;
        };
        let is_alone = node.membership().successors().head().is_none();
        match (via, node.membership().is_member()) {
            (Some(via), true) if is_alone => {
                node.look_round(now, &via);
                self.queue.push(again, Coming::JoinAgain(id));
            }
            // That it is looking already is fine.
            (Some(via), false) => drop(node.join(now, via)),
            (None, false) => node.create(now),
            (_, true) => {}
        }
        self.drain(id);
    }

    /// Calls a node for a client. Returns the number that the outcome has, or why there will be none.
    pub(super) fn call(
        &mut self,
        at: Id,
        name: u8,
        (asked, number): (Asked, Value),
        expected: u64,
    ) -> Result<u64, Reason> {
        let now = self.now;
        self.calls += 1;
        let calls = self.calls;
        let label = self.setup.names.get(usize::from(name)).cloned();
        let value = || format!("{number}").into_bytes();
        let called = match (self.up.get_mut(&at), label) {
            (Some(Up::Node(node)), Some(label)) => {
                let level = self.system.level().unwrap_or(Level::One);
                let begun = match asked {
                    Asked::Get => node.get(now, label, level),
                    Asked::Put => node.put(now, label, value(), level),
                    Asked::Delete => node.delete(now, label, level),
                    Asked::Swap(_) => {
                        node.compare_and_set(now, label, expected, Some(value()), level)
                    }
                };
                begun.map(|operation| operation.0).map_err(|error| {
                    let (_, reason) = of_error(&error);
                    reason.unwrap_or(Reason::Other)
                })
            }
            (Some(Up::Machine(machine)), Some(_)) => {
                let ask = match asked {
                    Asked::Get => Ask::Get,
                    Asked::Put | Asked::Delete | Asked::Swap(_) => Ask::Write {
                        by: number,
                        deletes: asked == Asked::Delete,
                        expected: matches!(asked, Asked::Swap(_)).then_some(expected),
                    },
                };
                machine.call(now, calls, name, ask);
                Ok(calls)
            }
            _ => Err(Reason::NoNode),
        };
        self.drain(at);
        called
    }

    pub(super) fn cut(&mut self, nodes: &[Id]) {
        self.cut = nodes.iter().copied().collect();
    }

    pub(super) fn heal(&mut self) {
        self.cut.clear();
    }

    /// The nodes that are cut off from the others.
    pub(super) const fn cut_off(&self) -> &BTreeSet<Id> {
        &self.cut
    }

    pub(super) fn is_up(&self, id: Id) -> bool {
        self.up.contains_key(&id)
    }

    pub(super) fn count(&self) -> usize {
        self.up.len()
    }

    /// Takes a node or machine down. Its disk stays.
    pub(super) fn crash(&mut self, id: Id) {
        if let Some(before) = self.due.remove(&id) {
            self.alarms.remove(&(before, id));
        }
        match self.up.remove(&id) {
            Some(Up::Node(node)) => {
                let keys = node.records().iter().map(|(key, _)| key);
                let records = keys.filter_map(|key| node.records().copy(self.now, key));
                let records = records.collect();
                let groups = node.groups().map(|groups| Box::new(groups.saved(self.now)));
                self.disks.insert(id, Disk::Node(records, groups));
            }
            Some(Up::Machine(mut machine)) => {
                machine.stop();
                self.disks.insert(id, Disk::Machine(machine));
            }
            None => {}
        }
        self.told.push(Told::Touched(id));
    }

    /// Starts a node or machine that is down, with its disk.
    pub(super) fn restart(&mut self, id: Id) {
        let (records, groups) = match self.disks.remove(&id) {
            Some(Disk::Machine(machine)) => {
                self.up.insert(id, Up::Machine(machine));
                return self.drain(id);
            }
            Some(Disk::Node(records, groups)) => (records, groups),
            None => return,
        };
        let mut node = self.birth(id);
        if let Some((control, entries)) = groups.map(|saved| *saved) {
            node.restore_groups(self.now, control, &entries);
        }
        for record in &records {
            node.restore(self.now, record);
        }
        self.up.insert(id, Up::Node(Box::new(node)));
        self.join_again(id);
    }

    /// Loses the message that was sent last and is about records; `false` when none is on its way.
    pub(super) fn lose_message(&mut self) -> bool {
        let about_records = self.messages().filter(|parcel| parcel.is_about_records);
        let Some(last) = about_records.map(|parcel| parcel.number).max() else {
            return false;
        };
        let is_it = |coming: &Coming| matches!(coming, Coming::Arrival(arrival) if arrival.parcel.number == last);
        if let Some(Coming::Arrival(arrival)) = self.queue.remove(is_it) {
            self.told.push(Told::Arrived(arrival.parcel, false));
        }
        true
    }

    /// The messages on their way, earliest arrival first.
    pub(super) fn messages(&self) -> impl Iterator<Item = Parcel> {
        self.queue.iter().filter_map(|coming| match coming {
            Coming::Arrival(arrival) => Some(arrival.parcel),
            Coming::JoinAgain(_) => None,
        })
    }

    /// The nodes of a ring that are up, in ascending order of their ids; none of a step of the build-up.
    pub(super) fn nodes(&self) -> impl Iterator<Item = &Node> {
        self.up.values().filter_map(|up| match up {
            Up::Node(node) => Some(&**node),
            Up::Machine(_) => None,
        })
    }

    /// Returns the version of a name that a node keeps.
    pub(super) fn held(&self, id: Id, name: u8) -> Option<Version> {
        let label = self.setup.names.get(usize::from(name))?;
        match self.up.get(&id)? {
            Up::Node(node) => {
                let key = label.key(self.setup.space);
                match self.system {
                    System::Quorum => node
                        .groups()?
                        .copy(self.now, key)
                        .and_then(|copy| version(&copy.record)),
                    _ => version(&node.records().get(key)?.record),
                }
            }
            Up::Machine(machine) => of_held(machine.held(name).filter(|_| machine.is_store())?),
        }
    }

    /// The memory that it takes, roughly.
    pub(super) fn bytes(&self) -> usize {
        const NODE: usize = 24 << 10;
        self.up.len() * NODE + self.queue.len() * size_of::<Arrival>()
    }
}

/// The version of a record that is not deleted: its value is the number of the operation that wrote it.
fn version(record: &Record) -> Option<Version> {
    let by = core::str::from_utf8(record.value()?).ok()?.parse().ok()?;
    Some(Version {
        sequence: record.sequence(),
        by,
    })
}

fn of_held(held: copies::Held) -> Option<Version> {
    Some(Version {
        sequence: held.sequence,
        by: held.value?,
    })
}

fn of_model(outcome: copies::Outcome) -> Answer {
    match outcome {
        copies::Outcome::Got(held) => Answer::Got(held.and_then(of_held)),
        copies::Outcome::Written(sequence) => Answer::Done(sequence),
        copies::Outcome::Mismatch => Answer::Mismatch,
        copies::Outcome::Refused => Answer::Refused,
    }
}

fn of_error(error: &StoreError) -> (Answer, Option<Reason>) {
    let reason = match error {
        StoreError::Mismatch(_) => return (Answer::Mismatch, None),
        StoreError::Unavailable => Reason::Unavailable,
        StoreError::NoMajority(_) | StoreError::Unstored { .. } => Reason::NoMajority,
        StoreError::NoGroup => Reason::NoGroup,
        StoreError::NotMember => Reason::NoNode,
        StoreError::UnknownOutcome => Reason::UnknownOutcome,
        _ => Reason::Other,
    };
    (Answer::Refused, Some(reason))
}
