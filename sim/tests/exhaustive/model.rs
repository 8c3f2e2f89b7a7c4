//! A ring of shipped machines, what is on its way between them, and every move that it can make.

use chordscope_core::base::contact::Contact;
use chordscope_core::chord::membership::{Membership, Phase, Query};
use chordscope_sim::classic::Protocol;

use crate::fault::Fault;
use crate::intern::{Interner, Map};
use crate::machines::{Cause, Deed, Machines, Node, WordNumber, id, index};

/// The grain of a transition: what happens without anything in between.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Grain {
    /// A node's whole join, stabilization or rectification. Any node may notify its successor at any time.
    Step,
    /// A question with its answer: Zave's shared-state model, in which other nodes act between two questions of one.
    Query,
    /// Questions and answers travel on their own and arrive in any order. Notifications are as above.
    Answer,
    /// Questions, answers and notifications travel on their own and arrive in any order.
    Message,
}

/// Something on its way between two nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Parcel {
    pub(crate) from: Node,
    pub(crate) to: Node,
    pub(crate) message: Message,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Message {
    Ask(Query),
    Answer(Query, WordNumber),
    Notify,
    Farewell(WordNumber),
}

/// The numbers of all nodes' machines, then those of the parcels in flight in ascending order.
pub(crate) type State = Box<[u32]>;

/// One thing that may happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Move {
    Join(Node, Node),
    Stabilize(Node),
    Notify(Node, Node),
    /// A node far away names the second to the first as its successor, dead or alive: so rings find back together.
    Hint(Node, Node),
    Deliver(u32),
    /// The asker gives up although the other lives: imperfect detection of failures.
    Doubt(u32),
    Fail(Node),
    Leave(Node),
}

#[derive(Debug)]
pub(crate) struct Model {
    pub(crate) nodes: Node,
    pub(crate) successors: u8,
    pub(crate) grain: Grain,
    pub(crate) fault: Fault,
    pub(crate) machines: Machines,
    parcels: Interner<Parcel>,
    turned: Map<u32, u32>,
}

/// A state that is being changed.
struct Draft {
    nodes: Vec<u32>,
    flight: Vec<u32>,
    /// True if notifications travel as messages, false if they are moves of their own.
    notified: bool,
}

impl Model {
    pub(crate) fn new(nodes: Node, successors: u8, grain: Grain, fault: Fault) -> Self {
        let protocol = match fault {
            Fault::AsFirstPublished => Protocol::Classic,
            _ => Protocol::Corrected,
        };
        Self {
            nodes,
            successors,
            grain,
            fault,
            machines: Machines::new(nodes, successors, protocol),
            parcels: Interner::new(),
            turned: Map::default(),
        }
    }

    pub(crate) fn machine(&self, state: &State, node: Node) -> &Membership {
        self.machines.get(state[usize::from(node)])
    }

    pub(crate) fn parcel(&self, number: u32) -> Parcel {
        *self.parcels.get(number)
    }

    pub(crate) fn flight<'a>(&self, state: &'a State) -> &'a [u32] {
        &state[usize::from(self.nodes)..]
    }

    /// The stable ring of these nodes.
    pub(crate) fn ideal(&mut self, members: &[Node]) -> State {
        let machine = |node| match members.contains(&node) {
            true => self.machines.settled(node, members),
            false => self.machines.outside(node),
        };
        (0..self.nodes).map(machine).collect()
    }

    /// Returns all moves that are possible in a state but for failures and departures.
    pub(crate) fn moves(&self, state: &State) -> Vec<Move> {
        let mut moves = Vec::new();
        for node in 0..self.nodes {
            let machine = self.machine(state, node);
            match machine.phase() {
                Phase::Outside => moves.extend(self.joins(state, node)),
                Phase::Joining(_) => {}
                Phase::Member => {
                    moves.push(Move::Stabilize(node));
                    let head = machine.successors().head().map(|head| index(head.id()));
                    if self.grain != Grain::Message {
                        moves.extend(head.map(|head| Move::Notify(node, head)));
                    }
                }
            }
        }
        for number in self.flight(state) {
            moves.push(Move::Deliver(*number));
            let asks = matches!(self.parcel(*number).message, Message::Ask(_));
            if self.fault == Fault::TheLivingAreTakenForDead && asks {
                moves.push(Move::Doubt(*number));
            }
        }
        moves
    }

    /// A newcomer joins behind a member that is, as far as the member knows, the one before it. Links keep the order of
    /// what they carry, so that a farewell has arrived before its sender comes back.
    fn joins(&self, state: &State, node: Node) -> impl Iterator<Item = Move> {
        let behind = move |behind: &Node| {
            let member = self.machine(state, *behind);
            let mut others = member.successors().entries().iter().map(Contact::id);
            let head = others.find(|other| *other != id(node));
            let head = head.unwrap_or_else(|| id(*behind));
            member.is_member() && id(node).is_between(id(*behind), head)
        };
        let farewell = self.flight(state).iter().any(|number| {
            let parcel = self.parcel(*number);
            parcel.from == node && matches!(parcel.message, Message::Farewell(_))
        });
        let members = 0..if farewell { 0 } else { self.nodes };
        let members = members.filter(behind);
        members.map(move |behind| Move::Join(node, behind))
    }

    /// The state after a move.
    pub(crate) fn after(&mut self, state: &State, step: Move) -> State {
        let mut draft = self.draft(state, self.grain == Grain::Message);
        self.make(&mut draft, step);
        draft.seal()
    }

    /// The state after a calm round: all that is in flight arrives, then every member stabilizes in turn.
    pub(crate) fn after_calm_round(&mut self, state: &State) -> State {
        let mut draft = self.draft(state, true);
        self.deliver_all(&mut draft);
        for node in 0..self.nodes {
            if self
                .machines
                .get(draft.nodes[usize::from(node)])
                .is_member()
            {
                self.make(&mut draft, Move::Stabilize(node));
                self.deliver_all(&mut draft);
            }
        }
        draft.seal()
    }

    fn deliver_all(&mut self, draft: &mut Draft) {
        while let Some(number) = draft.flight.first() {
            self.deliver(draft, *number);
        }
    }

    fn draft(&self, state: &State, notified: bool) -> Draft {
        let (nodes, flight) = state.split_at(usize::from(self.nodes));
        Draft {
            nodes: nodes.to_vec(),
            flight: flight.to_vec(),
            notified,
        }
    }

    fn make(&mut self, draft: &mut Draft, step: Move) {
        let (node, cause) = match step {
            Move::Join(node, behind) => (node, Cause::Join(behind)),
            Move::Stabilize(node) => (node, Cause::Stabilize),
            Move::Notify(from, to) => (to, Cause::Notified(from)),
            Move::Hint(node, candidate) => (node, Cause::Candidate(candidate)),
            Move::Leave(node) => (node, Cause::Leave),
            Move::Deliver(number) => return self.deliver(draft, number),
            Move::Fail(node) => return self.fail(draft, node),
            Move::Doubt(number) => {
                draft.take(number);
                if let Parcel {
                    from,
                    to,
                    message: Message::Ask(query),
                } = self.parcel(number)
                {
                    self.feed(draft, from, Cause::Failed(query, to));
                }
                return;
            }
        };
        let asked = self.feed(draft, node, cause);
        if step == Move::Leave(node) {
            self.fail(draft, node);
        }
        match self.grain {
            // The first question of a step is part of it; those that follow travel on their own.
            Grain::Query => asked
                .into_iter()
                .for_each(|number| self.deliver(draft, number)),
            // Nothing changes between the first question and its arrival that could not have happened before it was asked.
            Grain::Answer if matches!(step, Move::Join(..) | Move::Stabilize(_)) => asked
                .into_iter()
                .for_each(|number| self.deliver(draft, number)),
            Grain::Step => {
                while let Some(number) = self.next_question(draft) {
                    self.deliver(draft, number);
                }
            }
            Grain::Answer | Grain::Message => {}
        }
    }

    fn next_question(&self, draft: &Draft) -> Option<u32> {
        let asks = |number: &u32| matches!(self.parcel(*number).message, Message::Ask(_));
        draft.flight.iter().copied().find(asks)
    }

    /// The node is gone: nothing reaches it any more, and nobody waits for its questions' answers.
    fn fail(&mut self, draft: &mut Draft, node: Node) {
        draft.nodes[usize::from(node)] = self.machines.outside(node);
        draft.flight.retain(|number| {
            let parcel = self.parcels.get(*number);
            match parcel.message {
                Message::Ask(_) => parcel.from != node,
                _ => parcel.to != node,
            }
        });
    }

    fn deliver(&mut self, draft: &mut Draft, number: u32) {
        draft.take(number);
        let Parcel { from, to, message } = self.parcel(number);
        match message {
            Message::Ask(query) => {
                let asker = draft.nodes[usize::from(from)];
                let asked = draft.nodes[usize::from(to)];
                match self.fault.answer(&mut self.machines, query, asker, asked) {
                    Some(word) if matches!(self.grain, Grain::Answer | Grain::Message) => {
                        self.send(draft, to, from, Message::Answer(query, word));
                    }
                    Some(word) => drop(self.feed(draft, from, Cause::Answered(query, to, word))),
                    None => drop(self.feed(draft, from, Cause::Failed(query, to))),
                }
            }
            Message::Answer(query, word) => {
                self.feed(draft, to, Cause::Answered(query, from, word));
            }
            Message::Notify => drop(self.feed(draft, to, Cause::Notified(from))),
            Message::Farewell(word) => drop(self.feed(draft, to, Cause::Left(from, word))),
        }
    }

    /// One transition of one machine. Gives the questions that it asks.
    fn feed(&mut self, draft: &mut Draft, node: Node, cause: Cause) -> Vec<u32> {
        let (new, deeds) = self.machines.step(draft.nodes[usize::from(node)], cause);
        draft.nodes[usize::from(node)] = new;
        let mut asked = Vec::new();
        for deed in deeds {
            match deed {
                Deed::Ask(query, to) => asked.push(self.send(draft, node, to, Message::Ask(query))),
                Deed::Notify(to) if draft.notified && self.fault != Fault::NobodyIsNotified => {
                    self.send(draft, node, to, Message::Notify);
                }
                Deed::Notify(_) => {}
                Deed::Farewell(to, word) => {
                    self.send(draft, node, to, Message::Farewell(word));
                }
            }
        }
        asked
    }

    fn send(&mut self, draft: &mut Draft, from: Node, to: Node, message: Message) -> u32 {
        let (number, _) = self.parcels.number(Parcel { from, to, message });
        let up = self.machines.get(draft.nodes[usize::from(to)]).phase() != Phase::Outside;
        // A question to a node that is down comes back as failed; anything else is lost.
        let kept = up || matches!(message, Message::Ask(_));
        if kept && !draft.flight.contains(&number) {
            draft.flight.push(number);
        }
        number
    }

    /// One for all the states that differ only in where on the circle they lie: the one whose first machine has the least
    /// number, and among those the least.
    pub(crate) fn canonical(&mut self, state: State) -> State {
        let nodes = self.nodes;
        let first = |model: &mut Self, by: Node| {
            let machine = state[usize::from((nodes - by) % nodes)];
            model.machines.turn_by(machine, by)
        };
        let firsts: Vec<u32> = (0..nodes).map(|by| first(self, by)).collect();
        let least = firsts.iter().min().copied();
        let turns = (0..nodes).filter(|by| Some(firsts[usize::from(*by)]) == least);
        let turned = turns.map(|by| self.turn_by(&state, by));
        turned.min().unwrap_or_default()
    }

    fn turn_by(&mut self, state: &State, by: Node) -> State {
        let nodes = usize::from(self.nodes);
        let mut turned = state.clone();
        for (node, number) in state.iter().enumerate() {
            if node < nodes {
                turned[(node + usize::from(by)) % nodes] = self.machines.turn_by(*number, by);
            } else {
                turned[node] = (0..by).fold(*number, |number, _| self.turn_parcel(number));
            }
        }
        turned[nodes..].sort_unstable();
        turned
    }

    fn turn_parcel(&mut self, number: u32) -> u32 {
        if let Some(known) = self.turned.get(&number) {
            return *known;
        }
        let Parcel { from, to, message } = self.parcel(number);
        let message = match message {
            Message::Answer(query, word) => Message::Answer(query, self.machines.turn_word(word)),
            Message::Farewell(word) => Message::Farewell(self.machines.turn_word(word)),
            other => other,
        };
        let next = |node: Node| (node + 1) % self.nodes;
        let (from, to) = (next(from), next(to));
        let (turned, _) = self.parcels.number(Parcel { from, to, message });
        self.turned.insert(number, turned);
        turned
    }
}

impl Draft {
    fn take(&mut self, number: u32) {
        self.flight.retain(|other| *other != number);
    }

    fn seal(mut self) -> State {
        self.flight.sort_unstable();
        self.nodes.extend(self.flight);
        self.nodes.into()
    }
}
