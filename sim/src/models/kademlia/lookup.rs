//! An iterative lookup, as its origin drives it. §2.3.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use crate::models::kademlia::distance;
use chordscope_core::base::id::Id;
use chordscope_core::base::time::Instant;

/// The nodes that a lookup remembers without having asked them, in k; the farthest go first.
const REMEMBERED: usize = 8;
/// The nodes that a lookup asks at most, in k. It ends by itself far sooner, unless nodes make up others without end.
const ASKED: usize = 16;

/// A node that a lookup asked, in the order in which it did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Visit {
    /// The node.
    pub node: Id,
    /// The node that named it first; `None` where the origin knew it.
    pub via: Option<Id>,
    /// The hops to it: 1 for a node that the origin knew, one more than to the node that named it.
    pub depth: u8,
    /// The time of the question.
    pub asked: Instant,
    /// The time of the answer.
    pub answered: Option<Instant>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Heard,
    /// Asked: the place among the visits.
    Asked(usize),
    Answered,
    Silent,
}

#[derive(Clone, Copy, Debug)]
struct Candidate {
    node: Id,
    via: Option<Id>,
    depth: u8,
    state: State,
}

/// A lookup under way.
#[derive(Clone, Debug)]
pub struct Lookup {
    me: Id,
    target: Id,
    k: usize,
    alpha: usize,
    /// The nodes heard of, by their distance.
    candidates: BTreeMap<Id, Candidate>,
    visits: Vec<Visit>,
    /// Questions without an answer yet.
    open: usize,
    /// Answers in a row that named nobody closer than the closest node heard of.
    idle: usize,
}

impl Lookup {
    /// A lookup of `target` that begins with the nodes that its origin knows.
    pub fn new(me: Id, target: Id, k: usize, alpha: usize, known: &[Id]) -> Self {
        let mut lookup = Self {
            me,
            target,
            k: k.max(1),
            alpha: alpha.max(1),
            candidates: BTreeMap::new(),
            visits: Vec::new(),
            open: 0,
            idle: 0,
        };
        for node in known {
            lookup.hear(*node, None, 1);
        }
        lookup
    }

    /// The id that is looked up.
    pub const fn target(&self) -> Id {
        self.target
    }

    /// The nodes asked so far, in order.
    pub fn visits(&self) -> &[Visit] {
        &self.visits
    }

    fn hear(&mut self, node: Id, via: Option<Id>, depth: u8) {
        if node == self.me {
            return;
        }
        let place = distance(node, self.target);
        self.candidates.entry(place).or_insert(Candidate {
            node,
            via,
            depth,
            state: State::Heard,
        });
        let waiting = self.candidates.len().saturating_sub(self.visits.len());
        if waiting > REMEMBERED * self.k {
            let mut farthest = self.candidates.iter().rev();
            let heard = farthest.find(|(_, one)| one.state == State::Heard);
            if let Some(place) = heard.map(|(place, _)| *place) {
                self.candidates.remove(&place);
            }
        }
    }

    /// The k closest nodes heard of, without those that did not answer.
    fn window(&self) -> impl Iterator<Item = &Candidate> {
        let rest = self.candidates.values();
        let rest = rest.filter(|one| one.state != State::Silent);
        rest.take(self.k)
    }

    /// The nodes to ask now: the closest of the k closest that were not asked, alpha at a time. After alpha answers in a row that named
    /// nobody closer, all of the k closest at once.
    pub fn next(&mut self, now: Instant) -> Vec<Id> {
        let at_a_time = match self.idle >= self.alpha {
            true => self.k,
            false => self.alpha,
        };
        let room = at_a_time.saturating_sub(self.open);
        let left = (ASKED * self.k).saturating_sub(self.visits.len());
        let heard = self.window().filter(|one| one.state == State::Heard);
        let chosen: Vec<Candidate> = heard.take(room.min(left)).copied().collect();
        for one in &chosen {
            let visit = self.visits.len();
            self.visits.push(Visit {
                node: one.node,
                via: one.via,
                depth: one.depth,
                asked: now,
                answered: None,
            });
            self.open += 1;
            self.set(one.node, State::Asked(visit));
        }
        chosen.iter().map(|one| one.node).collect()
    }

    fn set(&mut self, node: Id, state: State) -> Option<Candidate> {
        let place = distance(node, self.target);
        let candidate = self.candidates.get_mut(&place)?;
        let before = *candidate;
        candidate.state = state;
        Some(before)
    }

    /// Takes note of an answer, and of the nodes that it names.
    pub fn on_answer(&mut self, now: Instant, from: Id, named: &[Id]) {
        let Some(before) = self.set(from, State::Answered) else {
            return;
        };
        let State::Asked(visit) = before.state else {
            return;
        };
        if let Some(visit) = self.visits.get_mut(visit) {
            visit.answered = Some(now);
        }
        self.open -= 1;
        let closest = self.candidates.keys().next().copied();
        for node in named.iter().take(self.k) {
            self.hear(*node, Some(from), before.depth.saturating_add(1));
        }
        match self.candidates.keys().next().copied() < closest {
            true => self.idle = 0,
            false => self.idle += 1,
        }
    }

    /// Takes note that a node did not answer.
    pub fn on_silence(&mut self, from: Id) {
        let before = self.set(from, State::Silent);
        if before.is_some_and(|before| matches!(before.state, State::Asked(_))) {
            self.open -= 1;
        }
    }

    /// Returns whether the k closest nodes heard of have all answered.
    pub fn is_done(&self) -> bool {
        let all = self.window().all(|one| one.state == State::Answered);
        all || (self.open == 0 && self.visits.len() >= ASKED * self.k)
    }

    /// The closest nodes that answered, the closest first; k at most.
    pub fn closest(&self) -> Vec<Id> {
        let answered = self.candidates.values();
        let answered = answered.filter(|one| one.state == State::Answered);
        answered.take(self.k).map(|one| one.node).collect()
    }

    /// Returns the hops to a node that was heard of.
    pub fn depth(&self, node: Id) -> Option<u8> {
        let candidate = self.candidates.get(&distance(node, self.target))?;
        Some(candidate.depth)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(numbers: &[u64]) -> Vec<Id> {
        numbers.iter().copied().map(Id::from_u64).collect()
    }

    fn at(millis: u64) -> Instant {
        Instant::from_millis(millis)
    }

    #[test]
    fn it_asks_alpha_at_a_time_and_ends_when_the_k_closest_have_answered() {
        let mut lookup = Lookup::new(
            Id::from_u64(99),
            Id::from_u64(0),
            3,
            2,
            &ids(&[64, 32, 16, 8]),
        );
        assert_eq!(lookup.next(at(0)), ids(&[8, 16]));
        assert_eq!(lookup.next(at(0)), [], "two are open");
        lookup.on_answer(at(1), Id::from_u64(16), &ids(&[4, 99]));
        assert_eq!(lookup.next(at(1)), ids(&[4]));
        lookup.on_answer(at(2), Id::from_u64(8), &ids(&[2]));
        assert_eq!(lookup.next(at(2)), ids(&[2]));
        lookup.on_answer(at(3), Id::from_u64(2), &[]);
        assert!(!lookup.is_done());
        lookup.on_answer(at(3), Id::from_u64(4), &[]);
        assert!(lookup.is_done(), "2, 4 and 8 have answered");
        assert_eq!(lookup.closest(), ids(&[2, 4, 8]));
        assert_eq!(lookup.depth(Id::from_u64(2)), Some(2));
    }

    #[test]
    fn a_node_that_is_silent_leaves_its_place_to_the_next() {
        let mut lookup = Lookup::new(Id::from_u64(99), Id::from_u64(0), 2, 1, &ids(&[1, 2, 3]));
        assert_eq!(lookup.next(at(0)), ids(&[1]));
        lookup.on_silence(Id::from_u64(1));
        assert_eq!(lookup.next(at(0)), ids(&[2]));
        lookup.on_answer(at(1), Id::from_u64(2), &[]);
        assert_eq!(lookup.next(at(1)), ids(&[3]));
        lookup.on_answer(at(2), Id::from_u64(3), &[]);
        assert!(lookup.is_done());
        assert_eq!(lookup.closest(), ids(&[2, 3]));
    }

    #[test]
    fn alpha_answers_without_progress_open_the_question_to_all_k() {
        let known = ids(&[1, 2, 3, 4, 5, 6]);
        let mut lookup = Lookup::new(Id::from_u64(99), Id::from_u64(0), 6, 2, &known);
        assert_eq!(lookup.next(at(0)), ids(&[1, 2]));
        lookup.on_answer(at(1), Id::from_u64(1), &ids(&[7]));
        assert_eq!(lookup.next(at(1)), ids(&[3]));
        lookup.on_answer(at(1), Id::from_u64(2), &[]);
        assert_eq!(lookup.next(at(1)), ids(&[4, 5, 6]));
    }

    #[test]
    fn nodes_that_name_others_without_end_are_asked_a_limited_number_of_times() {
        let mut lookup = Lookup::new(Id::from_u64(0), Id::from_u64(1), 2, 1, &ids(&[1 << 60]));
        let mut next = 1_u64 << 60;
        let mut asked = 0;
        while let Some(node) = lookup.next(at(asked)).first().copied() {
            asked += 1;
            next -= 1;
            lookup.on_answer(at(asked), node, &ids(&[next]));
        }
        assert!(lookup.is_done());
        assert_eq!(asked, 32);
    }
}
