//! A small deterministic world of group machines: messages are delayed, reordered and lost, nodes crash and restart with
//! what their disk had, join and leave, the network breaks and heals. Rings that were begun apart meet.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use chordscope_core::base::contact::Contact;
use chordscope_core::base::id::{Id, Space};
use chordscope_core::base::identity::{Scheme, Signer};
use chordscope_core::base::rng::Rng;
use chordscope_core::base::time::Instant;
use chordscope_core::store::group::configuration::{Configuration, Epoch, Member};
use chordscope_core::store::group::fence::Fence;
use chordscope_core::store::group::message::{Request, Response};
use chordscope_core::store::group::repair::RepairError;
use chordscope_core::store::group::{
    Control, Effect, Entry, Groups, Held, Input, Look, Patience, Rules, Save, Settings, Ticket,
    Token,
};
use chordscope_core::store::record::Label;

use crate::client::{Client, key_of};

/// The time after which an unanswered question counts as failed, in virtual milliseconds.
const TIMEOUT: u64 = 120;

pub(crate) const BITS: u8 = 8;
/// The lineage of the first ring; those of others count up from it.
const FIRST_LINEAGE: u64 = 7;

/// The contents of a node's disk.
#[derive(Clone, Debug, Default)]
pub(crate) struct Disk {
    control: Control,
    entries: BTreeMap<Id, Entry>,
    /// Entries that were set aside.
    aside: Vec<Entry>,
    /// Handed over, but not written yet.
    waiting: VecDeque<(u64, Work)>,
}

#[derive(Clone, Debug)]
enum Work {
    Save(Save),
    Drop(Vec<Id>),
    SetAside(Vec<Id>),
}

#[derive(Debug)]
pub(crate) struct Actor {
    pub(crate) contact: Contact,
    pub(crate) machine: Option<Groups>,
    disk: Disk,
    /// True if the disk refuses what it is given.
    pub(crate) is_full: bool,
    /// Counts the stores that the node has had.
    incarnation: u64,
    life: u64,
    asked: BTreeMap<u64, (Token, Id)>,
    pub(crate) leaving: bool,
    /// True if the others count the node to the ring.
    pub(crate) in_ring: bool,
    /// The ring that the node is in: rings begun apart know nothing of one another.
    ring: u64,
    side: bool,
}

/// Two nodes, the lesser first.
type Pair = (Id, Id);

#[derive(Debug)]
enum Event {
    Request(Id, Id, u64, u64, Request),
    Response(Id, Id, u64, u64, Response),
    Timeout(Id, u64, u64),
    Written(Id, u64),
    Look(Id, u64),
    LookOnce(Id, u64),
    Located(Id, u64, Id, Vec<Contact>),
    ClientRequest(usize, Id, u64, Request),
    ClientResponse(usize, u64, Option<Response>),
    ClientNext(usize),
}

#[derive(Debug)]
pub(crate) struct World {
    pub(crate) now: u64,
    pub(crate) rng: Rng,
    pub(crate) actors: BTreeMap<Id, Actor>,
    pub(crate) clients: Vec<Client>,
    queue: BTreeMap<(u64, u64), Event>,
    /// The pairs of nodes between which nothing arrives.
    cut: BTreeSet<Pair>,
    sequence: u64,
    rules: Rules,
    /// The number of messages of a thousand that are lost.
    pub(crate) loss: u64,
    /// True if looks may be wrong about which nodes are alive.
    pub(crate) confused: bool,
    pub(crate) answered: usize,
    /// True if a node has lost its store.
    pub(crate) wiped: bool,
    /// True if some values are nearly as large as they may be.
    pub(crate) has_big_values: bool,
    /// The outcomes of repairs by hand.
    pub(crate) repairs: Vec<Result<Fence, RepairError>>,
    /// The number of rings that were begun apart from the first one.
    pub(crate) apart: u64,
}

pub(crate) fn contact(id: u64) -> Contact {
    let space = Space::new(BITS).unwrap();
    Contact::stand_in(space, &Signer::stand_in(Id::from_u64(id)), 1)
}

impl World {
    pub(crate) fn new(seed: u64, rules: Rules) -> Self {
        Self {
            now: 0,
            rng: Rng::from_seed(seed, 0x9041),
            actors: BTreeMap::new(),
            clients: Vec::new(),
            queue: BTreeMap::new(),
            cut: BTreeSet::new(),
            sequence: 0,
            rules,
            loss: 0,
            confused: true,
            answered: 0,
            wiped: false,
            has_big_values: false,
            repairs: Vec::new(),
            apart: 0,
        }
    }

    fn settings(&self, incarnation: u64) -> Settings {
        Settings {
            space: Space::new(BITS).unwrap(),
            scheme: Scheme::STAND_IN,
            copies: 3,
            records: 64,
            record_bytes: 4 << 20,
            incarnation,
            patience: Patience {
                silent: Duration::from_millis(300),
                stopped: Duration::from_millis(900),
                // Time to ask all neighbours, as in a real ring.
                declined: Duration::from_millis(3_000),
            },
            rules: self.rules,
        }
    }

    fn push(&mut self, delay: u64, event: Event) {
        self.sequence += 1;
        self.queue.insert((self.now + delay, self.sequence), event);
    }

    // Nodes.

    /// A node that may become a member.
    pub(crate) fn add(&mut self, id: u64) -> Id {
        let contact = contact(id);
        let id = contact.id();
        let machine = Groups::new(contact.clone(), self.settings(0));
        let actor = Actor {
            contact,
            machine: Some(machine),
            disk: Disk::default(),
            is_full: false,
            incarnation: 0,
            life: 0,
            asked: BTreeMap::new(),
            leaving: false,
            in_ring: true,
            ring: 0,
            side: false,
        };
        self.actors.insert(id, actor);
        self.push(1, Event::Look(id, 0));
        id
    }

    pub(crate) fn found(&mut self, id: Id) {
        self.input(id, Input::Found(FIRST_LINEAGE));
    }

    /// Another ring, with a lineage of its own, which these begin.
    pub(crate) fn begin_apart(&mut self, ids: &[Id]) {
        self.apart += 1;
        for id in ids {
            self.actors.get_mut(id).unwrap().ring = self.apart;
        }
        self.input(ids[0], Input::Found(FIRST_LINEAGE + self.apart));
    }

    /// A node that is down loses all it had, and begins a ring as if there had been none.
    pub(crate) fn found_anew(&mut self, id: Id) {
        let actor = self.actors.get_mut(&id).unwrap();
        actor.disk = Disk::default();
        actor.incarnation += 1;
        self.wiped = true;
        self.restart(id);
        self.begin_apart(&[id]);
    }

    /// All rings find one another and close up.
    pub(crate) fn meet(&mut self) {
        for actor in self.actors.values_mut() {
            actor.ring = 0;
        }
    }

    /// Another node is in the same ring as this one.
    pub(crate) fn put_beside(&mut self, id: Id, other: Id) {
        self.actors.get_mut(&id).unwrap().ring = self.actors[&other].ring;
    }

    /// Returns whether a node that is up is or was in a group for a key.
    pub(crate) fn covers(&self, id: Id, key: Id) -> bool {
        let machine = self.actors[&id].machine.as_ref();
        machine.is_some_and(|machine| machine.covers(key))
    }

    /// Returns the lineage of a node's groups, if it is up and knows.
    pub(crate) fn lineage(&self, id: Id) -> Option<u64> {
        let machine = self.actors[&id].machine.as_ref()?;
        machine.lineage().map(|lineage| lineage.number)
    }

    /// A ring that is stable from the start.
    pub(crate) fn settle(&mut self, ids: &[u64]) {
        let mut ids: Vec<Id> = ids.iter().map(|id| self.add(*id)).collect();
        ids.sort_unstable();
        let epoch = Epoch {
            generation: 0,
            round: 1,
            proposer: Id::default(),
        };
        for n in 0..ids.len() {
            let members = (0..3.min(ids.len())).map(|k| ids[(n + k) % ids.len()]);
            let group = Configuration {
                lineage: FIRST_LINEAGE,
                after: ids[(n + ids.len() - 1) % ids.len()],
                upto: ids[n],
                epoch,
                members: members
                    .map(|id| Member {
                        contact: self.actors[&id].contact.clone(),
                        incarnation: 0,
                        votes: true,
                    })
                    .collect(),
            };
            for member in group.members.clone() {
                let actor = self.actors.get_mut(&member.id()).unwrap();
                actor.machine.as_mut().unwrap().assign(group.clone());
            }
        }
        for id in ids {
            // The first look has it saved.
            self.input(id, Input::Look(Look::default()));
        }
    }

    pub(crate) fn crash(&mut self, id: Id) {
        let Some(actor) = self.actors.get_mut(&id) else {
            return;
        };
        actor.machine = None;
        actor.life += 1;
        actor.asked.clear();
        // Some of what was handed over last may have been written.
        let written = self.rng.below(1 + actor.disk.waiting.len() as u64);
        for _ in (0..written).filter(|_| !actor.is_full) {
            let _ = actor.disk.write();
        }
        actor.disk.waiting.clear();
    }

    /// Says that it stops, and stops once all is written.
    pub(crate) fn stop(&mut self, id: Id) {
        self.input(id, Input::Stop);
        let actor = self.actors.get_mut(&id).unwrap();
        while !actor.is_full && actor.disk.write().is_some() {}
        self.crash(id);
    }

    /// The store of a node that is down is lost, or some of it is damaged.
    pub(crate) fn wipe(&mut self, id: Id) {
        let whole = self.rng.chance(1, 2);
        let actor = self.actors.get_mut(&id).unwrap();
        self.wiped = true;
        match whole {
            true => actor.disk = Disk::default(),
            false => actor.disk.entries.clear(),
        }
        actor.incarnation += 1;
    }

    /// Returns the number of entries that a node has set aside.
    pub(crate) fn aside(&self, id: Id) -> usize {
        self.actors[&id].disk.aside.len()
    }

    /// Returns whether a name's group has lost its majority with a store, so that only a repair by hand helps.
    pub(crate) fn is_blocked(&self, names: &[Label]) -> bool {
        let whole = |member: &&Member| self.actors[&member.id()].incarnation == member.incarnation;
        let machines = self.actors.values().filter_map(|a| a.machine.as_ref());
        let held: Vec<&Held> = machines.flat_map(Groups::held).collect();
        let stands = |name: &Label| {
            let held = held.iter().filter(|held| held.group.covers(key_of(name)));
            // Who was away may hold an older one, and not know that others have decided what follows.
            let newest = held.max_by_key(|held| held.group.epoch);
            newest.is_some_and(|held| {
                held.decided.is_none()
                    && held.group.voters().filter(whole).count() >= held.group.majority()
            })
        };
        self.wiped && !names.iter().all(stands)
    }

    pub(crate) fn restart(&mut self, id: Id) {
        let settings = self.settings(self.actors[&id].incarnation);
        let now = Instant::from_millis(self.now);
        let actor = self.actors.get_mut(&id).unwrap();
        let mut machine = Groups::new(actor.contact.clone(), settings);
        let entries: Vec<Entry> = actor.disk.entries.values().cloned().collect();
        machine.restore(now, actor.disk.control.clone(), &entries);
        actor.machine = Some(machine);
        actor.in_ring = true;
        let life = actor.life;
        self.push(5, Event::Look(id, life));
        // The only one that runs would begin a ring, and did have groups before: it is to wait for those who have them.
        if self.up() == [id] && self.lineage(id).is_some() {
            self.input(id, Input::Found(FIRST_LINEAGE));
        }
    }

    /// Breaks the network in two.
    pub(crate) fn part(&mut self) {
        let ids: Vec<Id> = self.actors.keys().copied().collect();
        for id in ids {
            let side = self.rng.chance(1, 2);
            self.actors.get_mut(&id).unwrap().side = side;
        }
    }

    /// Cuts two nodes off one another; a third may still reach both.
    pub(crate) fn cut(&mut self, a: Id, b: Id) {
        self.cut.insert((a.min(b), a.max(b)));
    }

    pub(crate) fn heal(&mut self) {
        self.cut.clear();
        for actor in self.actors.values_mut() {
            actor.side = false;
        }
    }

    pub(crate) fn up(&self) -> Vec<Id> {
        let up = self.actors.iter().filter(|(_, a)| a.machine.is_some());
        up.map(|(id, _)| *id).collect()
    }

    /// Returns whether two nodes are in one ring, as far as the network lets them.
    fn is_beside(&self, a: Id, b: Id) -> bool {
        self.actors[&a].ring == self.actors[&b].ring && self.reaches(a, b)
    }

    fn reaches(&self, a: Id, b: Id) -> bool {
        self.actors[&a].side == self.actors[&b].side && !self.cut.contains(&(a.min(b), a.max(b)))
    }

    /// Returns the nodes to be asked about a key, first to last: the ring as a node sees it.
    pub(crate) fn owners(&self, from: Id, key: Id) -> Vec<Id> {
        let space = Space::new(BITS).unwrap();
        let ring = self.actors.iter();
        let ring =
            ring.filter(|(id, a)| a.machine.is_some() && a.in_ring && self.is_beside(from, **id));
        let mut ring: Vec<Id> = ring.map(|(id, _)| *id).collect();
        ring.sort_by_key(|id| space.distance(key, *id));
        ring.truncate(5);
        ring
    }

    /// Returns a node's neighbours as it knows them, which is not always right, and the bounds between which they are all nodes.
    fn neighbours(&mut self, id: Id) -> (Vec<Contact>, Option<(Id, Id)>) {
        let space = Space::new(BITS).unwrap();
        let mut ring: Vec<Id> = Vec::new();
        let others: Vec<Id> = self.actors.keys().copied().filter(|o| *o != id).collect();
        for other in others {
            let actor = &self.actors[&other];
            let lives = actor.machine.is_some() && actor.in_ring && self.is_beside(id, other);
            let known = actor.ring == self.actors[&id].ring;
            let wrong = known && self.confused && self.rng.chance(1, 25);
            if lives != wrong {
                ring.push(other);
            }
        }
        ring.sort_by_key(|other| space.distance(id, *other));
        let before = ring.last().copied();
        let arc = match ring.as_slice() {
            [_, _, _, last, _, .., before] => Some((*before, *last)),
            _ => None,
        };
        let known: BTreeSet<Id> = ring.into_iter().take(4).chain(before).collect();
        let contacts = known.iter().map(|other| self.actors[other].contact.clone());
        (contacts.collect(), arc)
    }

    // What happens.

    pub(crate) fn step(&mut self) -> bool {
        let Some(((at, _), event)) = self.queue.pop_first() else {
            return false;
        };
        self.now = at;
        self.happen(event);
        true
    }

    pub(crate) fn run_until(&mut self, end: u64) {
        while self.queue.keys().next().is_some_and(|(at, _)| *at <= end) {
            self.step();
        }
        self.now = end;
    }

    fn delay(&mut self) -> u64 {
        match self.rng.below(20) {
            0 => 20 + self.rng.below(300),
            1..5 => 5 + self.rng.below(30),
            _ => 1 + self.rng.below(5),
        }
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Request(from, to, life, number, request) => {
                if self.reaches(from, to) {
                    let from = self.actors[&from].contact.clone();
                    // The number carries the asker's life, so that an answer does not reach a later one.
                    let ticket = Ticket::Peer(from, life << 32 | number);
                    self.input(to, Input::Asked(ticket, request));
                }
            }
            Event::Response(from, to, life, number, response) => {
                if self.actors[&to].life == life
                    && self.reaches(from, to)
                    && let Some((token, _)) =
                        self.actors.get_mut(&to).unwrap().asked.remove(&number)
                {
                    self.input(to, Input::Answered(token, from, response));
                }
            }
            Event::Timeout(at, life, number) => {
                let actor = self.actors.get_mut(&at).unwrap();
                if actor.life == life
                    && let Some((token, to)) = actor.asked.remove(&number)
                {
                    self.input(at, Input::Failed(token, to));
                }
            }
            Event::Written(at, life) => {
                let actor = self.actors.get_mut(&at).unwrap();
                if actor.life == life {
                    let token = match actor.is_full {
                        true => actor.disk.waiting.pop_front().map(|(token, _)| token),
                        false => actor.disk.write(),
                    };
                    let saved = !actor.is_full;
                    if let Some(token) = token {
                        self.input(at, Input::Saved(token, saved));
                    }
                }
            }
            Event::Look(at, life) => {
                if self.look(at, life) {
                    let wait = 60 + self.rng.below(80);
                    self.push(wait, Event::Look(at, life));
                }
            }
            Event::Located(at, life, key, found) => {
                if self.actors[&at].life == life {
                    self.input(at, Input::Located(key, found));
                }
            }
            Event::LookOnce(at, life) => {
                self.look(at, life);
            }
            Event::ClientRequest(client, to, number, request) => {
                let client_contact = contact(0);
                let number = (client as u64) << 32 | number;
                let ticket = Ticket::Peer(client_contact, u64::MAX / 2 + number);
                self.input(to, Input::Asked(ticket, request));
            }
            Event::ClientResponse(client, number, response) => {
                self.client_hears(client, number, response);
            }
            Event::ClientNext(client) => self.client_acts(client),
        }
    }

    /// Returns whether the node lives on.
    fn look(&mut self, id: Id, life: u64) -> bool {
        if self.actors[&id].life != life {
            return false;
        }
        let (ring, arc) = self.neighbours(id);
        let leaving = self.actors[&id].leaving;
        let look = Look { ring, arc, leaving };
        self.input(id, Input::Look(look));
        let actor = self.actors.get_mut(&id).unwrap();
        let gone = leaving && actor.machine.as_ref().is_some_and(Groups::is_free);
        if gone {
            actor.in_ring = false;
            actor.leaving = false;
            actor.machine = None;
            actor.life += 1;
            while !actor.is_full && actor.disk.write().is_some() {}
            // What a full disk refuses is lost with the run. Left there, it would hold up what a later run saves.
            actor.disk.waiting.clear();
        }
        !gone
    }

    pub(crate) fn input(&mut self, id: Id, input: Input) {
        let now = Instant::from_millis(self.now);
        let Some(machine) = self.actors.get_mut(&id).and_then(|a| a.machine.as_mut()) else {
            return;
        };
        for effect in machine.step(now, input) {
            self.carry_out(id, effect);
        }
    }

    fn carry_out(&mut self, id: Id, effect: Effect) {
        let life = self.actors[&id].life;
        match effect {
            Effect::Ask(token, to, request) => {
                self.sequence += 1;
                let number = self.sequence;
                let actor = self.actors.get_mut(&id).unwrap();
                actor.asked.insert(number, (token, to.id()));
                self.push(TIMEOUT, Event::Timeout(id, life, number));
                if !self.rng.chance(self.loss, 1_000) {
                    let delay = self.delay();
                    self.push(delay, Event::Request(id, to.id(), life, number, request));
                }
            }
            Effect::Answer(Ticket::Peer(_, number), response) if number > u64::MAX / 2 => {
                let number = number - u64::MAX / 2;
                let (client, number) = ((number >> 32) as usize, number & 0xffff_ffff);
                let delay = self.delay();
                let home = self.clients[client].home;
                if self.reaches(home, id) {
                    self.push(delay, Event::ClientResponse(client, number, Some(response)));
                }
            }
            Effect::Answer(Ticket::Peer(to, number), response) => {
                if !self.rng.chance(self.loss, 1_000) {
                    let delay = self.delay();
                    let (life, number) = (number >> 32, number & 0xffff_ffff);
                    self.push(delay, Event::Response(id, to.id(), life, number, response));
                }
            }
            Effect::Answer(ticket, _) => panic!("nobody waits: {ticket:?}"),
            Effect::Save(token, save) => self.write_later(id, token, Work::Save(save)),
            Effect::Drop(keys) => self.write_later(id, 0, Work::Drop(keys)),
            Effect::SetAside(keys) => self.write_later(id, 0, Work::SetAside(keys)),
            Effect::Repaired(_, outcome) => self.repairs.push(outcome),
            Effect::Locate(key) => {
                let owners = self.owners(id, key);
                let found = match self.rng.chance(1, 10) {
                    true => Vec::new(),
                    false => owners
                        .iter()
                        .map(|id| self.actors[id].contact.clone())
                        .collect(),
                };
                let delay = self.delay();
                self.push(delay, Event::Located(id, life, key, found));
            }
            Effect::Adopted(_) => {}
            Effect::LookSoon => self.push(15, Event::LookOnce(id, life)),
        }
    }

    fn write_later(&mut self, id: Id, token: u64, work: Work) {
        let actor = self.actors.get_mut(&id).unwrap();
        actor.disk.waiting.push_back((token, work));
        let life = actor.life;
        let delay = 1 + self.rng.below(8);
        self.push(delay, Event::Written(id, life));
    }

    // Clients.

    pub(crate) fn add_client(&mut self, client: Client) {
        self.clients.push(client);
        let wait = 1 + self.rng.below(40);
        let number = self.clients.len() - 1;
        self.push(wait, Event::ClientNext(number));
    }

    fn client_acts(&mut self, number: usize) {
        let mut client = std::mem::take(&mut self.clients[number]);
        let ask = client.begin(self);
        self.clients[number] = client;
        match ask {
            Some((to, question, request)) => self.client_asks(number, to, question, request),
            None => {
                let wait = 10 + self.rng.below(60);
                self.push(wait, Event::ClientNext(number));
            }
        }
    }

    fn client_asks(&mut self, client: usize, to: Id, number: u64, request: Request) {
        self.push(2 * TIMEOUT, Event::ClientResponse(client, number, None));
        if self.reaches(self.clients[client].home, to) && !self.rng.chance(self.loss, 1_000) {
            let delay = self.delay();
            self.push(delay, Event::ClientRequest(client, to, number, request));
        }
    }

    fn client_hears(&mut self, number: usize, question: u64, response: Option<Response>) {
        let mut client = std::mem::take(&mut self.clients[number]);
        let waits = client.waits_for(question);
        let ask = match waits {
            true => client.hear(self, response),
            false => None,
        };
        self.clients[number] = client;
        match ask {
            Some((to, question, request)) => self.client_asks(number, to, question, request),
            None if waits => {
                let wait = 1 + self.rng.below(30);
                self.push(wait, Event::ClientNext(number));
            }
            None => {}
        }
    }
}

impl Disk {
    fn write(&mut self) -> Option<u64> {
        let (token, work) = self.waiting.pop_front()?;
        match work {
            Work::Save(Save::Control(control)) => self.control = *control,
            Work::Save(Save::Entry(entry)) => {
                let key = entry.copy.record.key(Space::new(BITS).unwrap());
                self.entries.insert(key, *entry);
            }
            Work::Drop(keys) => self.entries.retain(|key, _| !keys.contains(key)),
            Work::SetAside(keys) => {
                let entries = keys.iter().filter_map(|key| self.entries.remove(key));
                self.aside.extend(entries);
            }
        }
        Some(token)
    }
}
