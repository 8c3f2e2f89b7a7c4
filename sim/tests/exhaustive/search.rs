//! Breadth first through every state, so that the first violation found has the shortest way to it.

use crate::intern::Map;
use crate::judge::{Goal, Judge, Wrong, members};
use crate::model::{Model, Move, State};

/// The outcome of a search.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) states: usize,
    pub(crate) moves: usize,
    pub(crate) depth: u32,
    /// True if every reachable state was seen.
    pub(crate) complete: bool,
    pub(crate) violation: Option<(Wrong, Vec<String>)>,
}

struct Seen {
    parent: u32,
    depth: u32,
}

/// The bounds of a search.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    pub(crate) states: usize,
    /// True if nodes also leave properly; failures are part of every search.
    pub(crate) departures: bool,
    /// True if a node may hear of any nearer successor at any time.
    pub(crate) hints: bool,
    pub(crate) goal: Goal,
}

impl Outcome {
    pub(crate) fn line(&self) -> String {
        let Self {
            states,
            moves,
            depth,
            complete,
            ..
        } = self;
        let all = if *complete { "all" } else { "the first" };
        format!("{all} {states} states, {moves} moves, up to {depth} moves deep")
    }
}

struct Search<'a> {
    model: &'a mut Model,
    judge: Judge,
    known: Map<State, ()>,
    queue: Vec<State>,
    seen: Vec<Seen>,
    moves: usize,
}

/// Sees every state that can be reached, up to a bound, until one is wrong.
pub(crate) fn search(model: &mut Model, starts: Vec<State>, bounds: Bounds) -> Outcome {
    let mut search = Search {
        model,
        judge: Judge::default(),
        known: Map::default(),
        queue: Vec::new(),
        seen: Vec::new(),
        moves: 0,
    };
    for state in starts {
        let state = search.model.canonical(state);
        if !search.known.contains_key(&state) {
            search.add(state, None);
        }
    }
    let mut at = 0;
    let mut violation = None;
    while at < search.queue.len() && search.seen.len() < bounds.states && violation.is_none() {
        violation = search.expand(at, bounds);
        at += 1;
    }
    Outcome {
        states: search.seen.len(),
        moves: search.moves,
        depth: search.seen.last().map_or(0, |last| last.depth),
        complete: at == search.queue.len(),
        violation,
    }
}

impl Search<'_> {
    fn add(&mut self, state: State, parent: Option<usize>) {
        let number = u32::try_from(self.seen.len()).unwrap();
        self.known.insert(state.clone(), ());
        self.queue.push(state);
        self.seen.push(Seen {
            parent: parent.map_or(number, |parent| u32::try_from(parent).unwrap()),
            depth: parent.map_or(0, |parent| self.seen[parent].depth + 1),
        });
    }

    /// Makes every move from a state; gives the first wrong state and the way to it.
    fn expand(&mut self, at: usize, bounds: Bounds) -> Option<(Wrong, Vec<String>)> {
        let state = self.queue[at].clone();
        for step in all_moves(self.model, &state, bounds) {
            let next = self.model.after(&state, step);
            let next = self.model.canonical(next);
            self.moves += 1;
            if self.known.contains_key(&next) {
                continue;
            }
            let goes = matches!(step, Move::Fail(_) | Move::Leave(_));
            if goes && self.judge.invariant(self.model, &next).is_err() {
                // Zave 2017 §III: nobody goes where that breaks the assumptions.
                continue;
            }
            let verdict = self.judge.verdict(self.model, &next, bounds.goal);
            self.add(next, Some(at));
            if verdict.is_err() {
                return Some(self.story(bounds));
            }
        }
        None
    }

    /// Returns the violation of the state that was seen last, and the shortest way to it. The states on it were turned, each as
    /// it likes: so the moves are made once more.
    fn story(&mut self, bounds: Bounds) -> (Wrong, Vec<String>) {
        let mut way = vec![self.seen.len() - 1];
        while let Some(parent) = way.last().map(|at| self.seen[*at].parent as usize)
            && !way.contains(&parent)
        {
            way.push(parent);
        }
        way.reverse();
        let mut at = self.queue[way[0]].clone();
        let mut lines = vec![format!("start: {}", self.model.show(&at))];
        for number in &way[1..] {
            let goal = self.queue[*number].clone();
            for step in all_moves(self.model, &at, bounds) {
                let next = self.model.after(&at, step);
                if self.model.canonical(next.clone()) == goal {
                    lines.push(self.model.tell(step));
                    at = next;
                    break;
                }
            }
        }
        lines.push(format!("end: {}", self.model.show(&at)));
        let verdict = self.judge.verdict(self.model, &at, bounds.goal);
        (verdict.err().unwrap_or(Wrong::NeverIdeal), lines)
    }
}

fn all_moves(model: &Model, state: &State, bounds: Bounds) -> Vec<Move> {
    let here = members(model, state);
    let present = (0..model.nodes).filter(|node| here & (1 << node) != 0);
    let ends = present
        .clone()
        .flat_map(|node| [Move::Fail(node), Move::Leave(node)]);
    let ends = ends.filter(|step| bounds.departures || !matches!(step, Move::Leave(_)));
    let hints = present.flat_map(|node| (0..model.nodes).map(move |of| Move::Hint(node, of)));
    let hints = hints.filter(|_| bounds.hints);
    let moves = model.moves(state).into_iter();
    moves.chain(ends).chain(hints).collect()
}
