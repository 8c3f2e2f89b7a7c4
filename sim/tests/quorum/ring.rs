//! A network of whole nodes: messages take time and are lost, nodes crash and come back with what their disk had, and the
//! network breaks in two. Upkeep, lookups and operations are the nodes' own.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use chordscope_core::base::contact::Contact;
use chordscope_core::base::features::Features;
use chordscope_core::base::id::{Id, Space};
use chordscope_core::base::identity::Signer;
use chordscope_core::base::rng::Rng;
use chordscope_core::base::time::Instant;
use chordscope_core::message::{Message, Response};
use chordscope_core::node::Node;
use chordscope_core::node::api::{Event, OperationId, Output, StorageEvent};
use chordscope_core::node::config::Config;
use chordscope_core::store::group::{Control, Entry, Save};
use chordscope_core::store::message::StoredRecord;

/// The wait of a node before it tries to join again.
const JOIN_AGAIN: Duration = Duration::from_millis(500);

pub(crate) fn space() -> Space {
    Space::new(16).unwrap()
}

struct Actor {
    node: Option<Node>,
    disk: Disk,
    life: u64,
    /// True if the disk refuses what it is given.
    is_full: bool,
    /// The side of the partition that the node is on.
    side: u8,
}

#[derive(Default)]
struct Disk {
    records: BTreeMap<Id, StoredRecord>,
    control: Control,
    entries: BTreeMap<Id, Entry>,
    /// Records of level `quorum` that were set aside.
    aside: Vec<StoredRecord>,
}

enum Coming {
    Message(Id, Contact, Message),
    Saved(Id, u64, u64, Work),
    Join(Id),
}

enum Work {
    Record(Id, StoredRecord),
    Groups(Save),
}

pub(crate) struct Ring {
    pub(crate) now: Instant,
    pub(crate) rng: Rng,
    actors: BTreeMap<Id, Actor>,
    queue: BTreeMap<(Instant, u64), Coming>,
    sequence: u64,
    /// The number of messages of a thousand that are lost.
    pub(crate) loss: u64,
    /// The configuration of nodes that start from now on.
    pub(crate) config: Config,
    /// Nodes of a release that knows no touches and no origins.
    pub(crate) older: BTreeSet<Id>,
    /// The events that were not taken yet.
    pub(crate) events: Vec<(Id, Event)>,
}

impl Ring {
    /// A ring that one node begins and the others join.
    pub(crate) fn new(seed: u64, ids: &[Id]) -> Self {
        let config = Config {
            space: space(),
            stabilize: Some(Duration::from_millis(400)),
            fingers: Some(Duration::from_millis(700)),
            repair: Some(Duration::from_millis(900)),
            lookup_deadline: Duration::from_secs(6),
            ..Config::default()
        };
        Self::configured(seed, ids, config)
    }

    /// Such a ring of nodes of this configuration.
    pub(crate) fn configured(seed: u64, ids: &[Id], config: Config) -> Self {
        let mut ring = Self {
            now: Instant::ZERO,
            rng: Rng::from_seed(seed, 0x4199),
            actors: BTreeMap::new(),
            queue: BTreeMap::new(),
            sequence: 0,
            loss: 0,
            config,
            older: BTreeSet::new(),
            events: Vec::new(),
        };
        for (number, id) in ids.iter().enumerate() {
            ring.start(*id);
            if number == 0 {
                ring.with(*id, |node, now| node.create(now));
            } else {
                ring.push(Duration::from_millis(100), Coming::Join(*id));
            }
        }
        ring
    }

    fn push(&mut self, after: Duration, coming: Coming) {
        self.sequence += 1;
        self.queue.insert((self.now + after, self.sequence), coming);
    }

    /// A node comes to be, or comes back, with what its disk has. It is in no ring.
    pub(crate) fn start(&mut self, id: Id) {
        let config = self.config.clone();
        let actor = self.actors.entry(id).or_insert_with(|| Actor {
            node: None,
            disk: Disk::default(),
            life: 0,
            is_full: false,
            side: 0,
        });
        actor.life += 1;
        let signer = Signer::stand_in(id);
        let contact = Contact::stand_in(space(), &signer, actor.life);
        let rng = Rng::from_seed(self.rng.next_u64(), actor.life);
        let mut node = Node::new(config, signer, contact, rng);
        for copy in actor.disk.records.values() {
            node.restore(self.now, copy);
        }
        let entries: Vec<Entry> = actor.disk.entries.values().cloned().collect();
        node.restore_groups(self.now, actor.disk.control.clone(), &entries);
        actor.node = Some(node);
    }

    pub(crate) fn join(&mut self, id: Id) {
        self.start(id);
        self.push(Duration::ZERO, Coming::Join(id));
    }

    pub(crate) fn crash(&mut self, id: Id) {
        if let Some(actor) = self.actors.get_mut(&id) {
            actor.node = None;
            actor.life += 1;
        }
    }

    pub(crate) fn leave(&mut self, id: Id) {
        self.with(id, |node, now| node.leave(now));
    }

    /// An orderly stop, after which the node may be started again.
    pub(crate) fn stop(&mut self, id: Id) {
        self.with(id, |node, now| node.stop(now));
    }

    /// Fills a node's disk, so that nothing more is stored on it, or makes room again.
    pub(crate) fn fill(&mut self, id: Id, is_full: bool) {
        self.actors.get_mut(&id).unwrap().is_full = is_full;
    }

    /// Breaks the network: these on one side, all others on the other.
    pub(crate) fn part(&mut self, some: &[Id]) {
        for (id, actor) in &mut self.actors {
            actor.side = u8::from(some.contains(id));
        }
    }

    pub(crate) fn heal(&mut self) {
        self.part(&[]);
    }

    /// The records of level `quorum` that a node has set aside.
    pub(crate) fn aside(&self, id: Id) -> &[StoredRecord] {
        &self.actors[&id].disk.aside
    }

    pub(crate) fn up(&self) -> Vec<Id> {
        let up = self.actors.iter().filter(|(_, actor)| actor.node.is_some());
        up.map(|(id, _)| *id).collect()
    }

    pub(crate) fn down(&self) -> Vec<Id> {
        let down = self.actors.iter().filter(|(_, actor)| actor.node.is_none());
        down.map(|(id, _)| *id).collect()
    }

    pub(crate) fn node(&self, id: Id) -> Option<&Node> {
        self.actors.get(&id)?.node.as_ref()
    }

    /// Calls a node and carries out its outputs.
    pub(crate) fn with<T>(
        &mut self,
        id: Id,
        deed: impl FnOnce(&mut Node, Instant) -> T,
    ) -> Option<T> {
        let node = self.actors.get_mut(&id)?.node.as_mut()?;
        let done = deed(node, self.now);
        self.drain(id);
        Some(done)
    }

    fn drain(&mut self, id: Id) {
        loop {
            let Some(actor) = self.actors.get_mut(&id) else {
                return;
            };
            let (life, side) = (actor.life, actor.side);
            let Some(node) = &mut actor.node else {
                return;
            };
            let contact = node.contact().clone();
            let Some(output) = node.poll_output() else {
                return;
            };
            let Some(output) = self.as_sent(id, output) else {
                continue;
            };
            let disk = self.actors.get_mut(&id).map(|actor| &mut actor.disk);
            match (output, disk) {
                (Output::Send { to, message }, _) => {
                    let reaches = self.actors.get(&to.id()).is_some_and(|a| a.side == side);
                    let delay = self
                        .rng
                        .duration(Duration::from_millis(2), Duration::from_millis(40));
                    if reaches && !self.rng.chance(self.loss, 1_000) {
                        self.push(delay, Coming::Message(to.id(), contact, message));
                    }
                }
                (Output::StoreRecord { token, key, copy }, _) => {
                    let work = Work::Record(key, *copy);
                    self.push(
                        Duration::from_millis(3),
                        Coming::Saved(id, life, token, work),
                    );
                }
                (Output::StoreGroups { token, save }, _) => {
                    let work = Work::Groups(save);
                    self.push(
                        Duration::from_millis(3),
                        Coming::Saved(id, life, token, work),
                    );
                }
                (Output::DropRecord(key), Some(disk)) => {
                    disk.records.remove(&key);
                }
                (Output::DropEntries(keys), Some(disk)) => {
                    disk.entries.retain(|key, _| !keys.contains(key));
                }
                (Output::SetAside(keys), Some(disk)) => {
                    let entries = keys.iter().filter_map(|key| disk.entries.remove(key));
                    let entries = entries.map(|entry| entry.copy);
                    disk.aside.extend(entries);
                }
                (Output::Event(event), _) => {
                    if *event == Event::JoinFailed {
                        self.push(JOIN_AGAIN, Coming::Join(id));
                    }
                    if *event == Event::Left {
                        self.crash(id);
                    }
                    self.events.push((id, *event));
                }
                (Output::DropRecord(_) | Output::DropEntries(_) | Output::SetAside(_), None) => {}
            }
        }
    }

    /// An output as a peer's links send it: to an older release in words that it knows, and unanswerable requests are answered at once.
    fn as_sent(&mut self, id: Id, output: Output) -> Option<Output> {
        let (to, message) = match output {
            Output::Send { to, message } if self.older.contains(&to.id()) => (to, message),
            output => return Some(output),
        };
        let needs = message.needs();
        let is_new = needs.has(Features::TOUCH) || needs.has(Features::ORIGINS);
        match (message.plainer().filter(|_| is_new), message) {
            (Some(message), _) => Some(Output::Send { to, message }),
            (None, Message::Request(number, _)) if is_new => {
                // As a peer answers for who does not say the bit.
                let answer = Message::Response(number, Response::Unsupported);
                self.push(Duration::ZERO, Coming::Message(id, to, answer));
                None
            }
            (None, message) => Some(Output::Send { to, message }),
        }
    }

    fn happen(&mut self, coming: Coming) {
        match coming {
            Coming::Message(to, from, message) => {
                let near = self.actors.get(&from.id()).map(|actor| actor.side);
                if self.actors.get(&to).map(|actor| actor.side) == near {
                    self.with(to, |node, now| node.handle_message(now, from, message));
                }
            }
            Coming::Saved(id, life, token, work) => {
                let Some(actor) = self.actors.get_mut(&id) else {
                    return;
                };
                if actor.life != life {
                    return;
                }
                if actor.is_full {
                    let failed = StorageEvent::Failed(token);
                    self.with(id, |node, now| node.handle_storage(now, failed));
                    return;
                }
                match work {
                    Work::Record(key, copy) => drop(actor.disk.records.insert(key, copy)),
                    Work::Groups(Save::Control(control)) => actor.disk.control = *control,
                    Work::Groups(Save::Entry(entry)) => {
                        let key = entry.copy.record.key(space());
                        actor.disk.entries.insert(key, *entry);
                    }
                }
                let stored = StorageEvent::Stored(token);
                self.with(id, |node, now| node.handle_storage(now, stored));
            }
            Coming::Join(id) => self.join_via_somebody(id),
        }
    }

    fn join_via_somebody(&mut self, id: Id) {
        let side = self.actors[&id].side;
        let members = self.actors.iter().filter(|(other, actor)| {
            let member = actor
                .node
                .as_ref()
                .is_some_and(|n| n.membership().is_member());
            **other != id && actor.side == side && member
        });
        let members: Vec<Contact> = members
            .filter_map(|(_, actor)| Some(actor.node.as_ref()?.contact().clone()))
            .collect();
        if members.is_empty() {
            self.push(JOIN_AGAIN, Coming::Join(id));
            return;
        }
        let via = self.rng.below(members.len() as u64) as usize;
        // A node that is a member already, or crashed meanwhile, needs nothing.
        let _ = self.with(id, |node, now| node.join(now, members[via].clone()));
    }

    /// A node that is all that is left begins the ring again; it keeps its groups.
    pub(crate) fn begin_again(&mut self, id: Id) {
        self.start(id);
        self.with(id, |node, now| node.create(now));
    }

    pub(crate) fn run_for(&mut self, duration: Duration) {
        let end = self.now + duration;
        loop {
            let nodes = self
                .actors
                .iter()
                .filter_map(|(id, actor)| Some((actor.node.as_ref()?.poll_timeout()?.0, *id)));
            let timer = nodes.min();
            let coming = self.queue.keys().next().map(|(at, _)| *at);
            match (timer, coming) {
                (Some((at, id)), coming) if at <= end && coming.is_none_or(|c| at < c) => {
                    self.now = self.now.max(at);
                    self.with(id, |node, now| node.handle_timeout(now));
                }
                (_, Some(at)) if at <= end => {
                    self.now = self.now.max(at);
                    let (_, coming) = self.queue.pop_first().unwrap();
                    self.happen(coming);
                }
                _ => break,
            }
        }
        self.now = end;
    }

    /// Waits for the end of an operation.
    pub(crate) fn outcome(&mut self, at: Id, number: OperationId) -> Event {
        for _ in 0..200 {
            let mine = |(id, event): &(Id, Event)| {
                let ended = match event {
                    Event::PutEnded(ended, _)
                    | Event::GetEnded(ended, _)
                    | Event::RangeRepaired(ended, _) => Some(*ended),
                    _ => None,
                };
                *id == at && ended == Some(number)
            };
            if let Some(found) = self.events.iter().position(mine) {
                return self.events.remove(found).1;
            }
            self.run_for(Duration::from_millis(100));
        }
        panic!("an operation never ended");
    }

    /// Returns whether the members that are up make one ring, each with the right neighbours.
    pub(crate) fn is_one(&self) -> bool {
        let ids = self.up();
        let known = |id: &Id| {
            let node = self.actors[id].node.as_ref()?;
            let head = node.membership().successors().head()?.id();
            Some((head, node.membership().predecessor()?.id()))
        };
        let n = ids.len();
        (0..n).all(|at| {
            let (next, before) = (ids[(at + 1) % n], ids[(at + n - 1) % n]);
            n == 1 || known(&ids[at]) == Some((next, before))
        })
    }

    /// All events since the last call.
    pub(crate) fn take_events(&mut self) -> Vec<(Id, Event)> {
        std::mem::take(&mut self.events)
    }

    pub(crate) fn sides(&self) -> BTreeSet<u8> {
        self.actors.values().map(|actor| actor.side).collect()
    }
}
