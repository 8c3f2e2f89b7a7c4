//! The shipped machines: every state that one was seen in, what each input makes of it, and how it looks from elsewhere on
//! the circle.

use chordscope_core::base::contact::Contact;
use chordscope_core::base::id::{Id, Space};
use chordscope_core::base::identity::Signer;
use chordscope_core::chord::membership::{Effect, Input, Membership, Query};
use chordscope_core::chord::message::Neighbours;
use chordscope_sim::classic::Protocol;

use crate::intern::{Interner, Map};

/// The distance between two positions: six bits hold six of them.
const GAP: u64 = 10;

/// A node, counted round the circle.
pub(crate) type Node = u8;
/// A state of a node's machine.
pub(crate) type MachineNumber = u32;
/// The number of an answer: a node's neighbours as it tells them.
pub(crate) type WordNumber = u32;

/// An [`Input`], with numbers for what is large.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Cause {
    Join(Node),
    Stabilize,
    Notified(Node),
    Candidate(Node),
    Leave,
    Answered(Query, Node, WordNumber),
    Failed(Query, Node),
    Left(Node, WordNumber),
}

/// An [`Effect`] that another node feels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Deed {
    Ask(Query, Node),
    Notify(Node),
    Farewell(Node, WordNumber),
}

/// The origin of a machine's state.
#[derive(Clone, Debug)]
enum Origin {
    Outside(Node),
    Settled(Node, Vec<Node>),
    Step(MachineNumber, Cause),
}

#[derive(Debug)]
pub(crate) struct Machines {
    pub(crate) nodes: Node,
    pub(crate) successors: u8,
    protocol: Protocol,
    contacts: Vec<Contact>,
    machines: Interner<Membership>,
    origins: Vec<Origin>,
    turned: Vec<Option<MachineNumber>>,
    words: Interner<Neighbours>,
    said: Vec<WordNumber>,
    steps: Map<(MachineNumber, Cause), (MachineNumber, Vec<Deed>)>,
}

impl Machines {
    pub(crate) fn new(nodes: Node, successors: u8, protocol: Protocol) -> Self {
        let contact = |node: Node| {
            let signer = Signer::stand_in(id(node));
            Contact::stand_in(Space::new(6).unwrap(), &signer, 0)
        };
        Self {
            nodes,
            successors,
            protocol,
            contacts: (0..nodes).map(contact).collect(),
            machines: Interner::new(),
            origins: Vec::new(),
            turned: Vec::new(),
            words: Interner::new(),
            said: Vec::new(),
            steps: Map::default(),
        }
    }

    pub(crate) fn get(&self, number: MachineNumber) -> &Membership {
        self.machines.get(number)
    }

    pub(crate) fn word(&self, number: WordNumber) -> &Neighbours {
        self.words.get(number)
    }

    /// Returns the number of the answer that a machine gives about its neighbours.
    pub(crate) fn said(&self, number: MachineNumber) -> WordNumber {
        self.said[number as usize]
    }

    pub(crate) fn say(&mut self, word: Neighbours) -> WordNumber {
        self.words.number(word).0
    }

    /// The machine of a node outside.
    pub(crate) fn outside(&mut self, node: Node) -> MachineNumber {
        let machine = Membership::new(id(node), self.successors).under(self.protocol.rules());
        self.add(machine, Origin::Outside(node))
    }

    /// The machine of a member of a stable ring.
    pub(crate) fn settled(&mut self, node: Node, members: &[Node]) -> MachineNumber {
        let at = members.iter().position(|member| *member == node).unwrap();
        let (before, after) = neighbours(members, at, self.successors);
        let contact = |node: Node| self.contacts[usize::from(node)].clone();
        let after: Vec<Contact> = after.into_iter().map(contact).collect();
        let mut machine = Membership::new(id(node), self.successors).under(self.protocol.rules());
        machine.settle(before.map(contact), &after);
        self.add(machine, Origin::Settled(node, members.to_vec()))
    }

    /// One transition of the shipped code.
    pub(crate) fn step(&mut self, old: MachineNumber, cause: Cause) -> (MachineNumber, Vec<Deed>) {
        if let Some(known) = self.steps.get(&(old, cause)) {
            return known.clone();
        }
        let mut machine = self.machines.get(old).clone();
        let effects = machine.step(self.input(cause));
        let new = self.add(machine, Origin::Step(old, cause));
        let deeds: Vec<Deed> = effects
            .into_iter()
            .filter_map(|effect| {
                Some(match effect {
                    Effect::Ask(query, to) => Deed::Ask(query, index(to.id())),
                    Effect::Notify(to) => Deed::Notify(index(to.id())),
                    Effect::Farewell(to, theirs) => {
                        Deed::Farewell(index(to.id()), self.say(theirs))
                    }
                    _ => return None,
                })
            })
            .collect();
        self.steps.insert((old, cause), (new, deeds.clone()));
        (new, deeds)
    }

    /// The same machine some places on: positions matter only relative to one another.
    pub(crate) fn turn_by(&mut self, number: MachineNumber, by: Node) -> MachineNumber {
        (0..by).fold(number, |number, _| self.turn(number))
    }

    fn turn(&mut self, number: MachineNumber) -> MachineNumber {
        if let Some(known) = self.turned[number as usize] {
            return known;
        }
        let next = |node: Node| (node + 1) % self.nodes;
        let turned = match self.origins[number as usize].clone() {
            Origin::Outside(node) => self.outside(next(node)),
            Origin::Settled(node, members) => {
                let mut members: Vec<Node> = members.into_iter().map(next).collect();
                members.sort_unstable();
                self.settled(next(node), &members)
            }
            Origin::Step(old, cause) => {
                let old = self.turn(old);
                let cause = self.turn_cause(cause);
                self.step(old, cause).0
            }
        };
        self.turned[number as usize] = Some(turned);
        turned
    }

    fn turn_cause(&mut self, cause: Cause) -> Cause {
        let next = (1..self.nodes).chain([0]).collect::<Vec<Node>>();
        let next = |node: Node| next[usize::from(node)];
        match cause {
            Cause::Join(node) => Cause::Join(next(node)),
            Cause::Stabilize => Cause::Stabilize,
            Cause::Leave => Cause::Leave,
            Cause::Notified(node) => Cause::Notified(next(node)),
            Cause::Candidate(node) => Cause::Candidate(next(node)),
            Cause::Failed(query, node) => Cause::Failed(query, next(node)),
            Cause::Answered(query, node, word) => {
                Cause::Answered(query, next(node), self.turn_word(word))
            }
            Cause::Left(node, word) => Cause::Left(next(node), self.turn_word(word)),
        }
    }

    pub(crate) fn turn_word(&mut self, word: WordNumber) -> WordNumber {
        let word = self.words.get(word);
        let turn = |contact: &Contact| {
            let next = (index(contact.id()) + 1) % self.nodes;
            self.contacts[usize::from(next)].clone()
        };
        let turned = Neighbours {
            predecessor: word.predecessor.as_ref().map(turn),
            successors: word.successors.iter().map(turn).collect(),
        };
        self.say(turned)
    }

    fn input(&self, cause: Cause) -> Input {
        let contact = |node: Node| self.contacts[usize::from(node)].clone();
        let word = |word: WordNumber| self.words.get(word).clone();
        match cause {
            Cause::Join(behind) => Input::Join(contact(behind)),
            Cause::Stabilize => Input::Stabilize,
            Cause::Notified(node) => Input::Notified(contact(node)),
            Cause::Candidate(node) => Input::Candidate(contact(node)),
            Cause::Leave => Input::Leave,
            Cause::Answered(query, node, said) => Input::Answered(query, contact(node), word(said)),
            Cause::Failed(query, node) => Input::Failed(query, contact(node)),
            Cause::Left(node, said) => Input::Left(contact(node), word(said)),
        }
    }

    fn add(&mut self, machine: Membership, origin: Origin) -> MachineNumber {
        let word = machine.neighbours();
        let (number, new) = self.machines.number(machine);
        if new {
            let word = self.say(word);
            self.said.push(word);
            self.origins.push(origin);
            self.turned.push(None);
        }
        number
    }
}

/// Returns the predecessor and the successors of the member at this place in the stable ring of these members.
pub(crate) fn neighbours(members: &[Node], at: usize, successors: u8) -> (Option<Node>, Vec<Node>) {
    let others = members.len() - 1;
    let ahead = |steps: usize| members[(at + steps) % members.len()];
    let before = (others > 0).then(|| ahead(others));
    let after = (1..=others.min(usize::from(successors))).map(ahead);
    (before, after.collect())
}

/// The position of a node.
pub(crate) fn id(node: Node) -> Id {
    Id::from_u64(u64::from(node) * GAP)
}

/// The node at a position.
pub(crate) fn index(id: Id) -> Node {
    Node::try_from(id.to_u64().unwrap() / GAP).unwrap()
}
