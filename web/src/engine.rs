//! The simulation and its clock. Knows no Yew: it takes commands and gives snapshots.

pub mod command;
pub mod snapshot;

use std::rc::Rc;

use chordscope_core::base::id::{Id, Space};
use chordscope_core::chord::ideal::IdealRing;
use chordscope_core::chord::route::Routing;

use crate::engine::command::Command;
use crate::engine::snapshot::*;
use crate::scene::{Dot, Motion};

/// The speeds of time, slow to fast: name and virtual seconds per second.
pub const SPEEDS: [(&str, f64); 9] = [
    ("1/64 ×", 1.0 / 64.0),
    ("1/32 ×", 1.0 / 32.0),
    ("1/16 ×", 1.0 / 16.0),
    ("1/8 ×", 1.0 / 8.0),
    ("1/4 ×", 1.0 / 4.0),
    ("1/2 ×", 1.0 / 2.0),
    ("1 ×", 1.0),
    ("4 ×", 4.0),
    ("16 ×", 16.0),
];

/// A stand-in.
#[derive(Debug)]
pub struct Engine {
    ring: IdealRing,
    space: Space,
    from: Id,
    key: Id,
    linear: bool,
    now: f64,
    end: f64,
    playing: bool,
    speed: usize,
    chosen: Option<Id>,
    hovered: Option<Id>,
    news: bool,
    urgent: bool,
    change: Option<ChangeView>,
}

const HOP: f64 = 60_000.0;

impl Engine {
    /// Opens.
    pub fn open(_query: &str, calm: bool) -> Self {
        let space = Space::new(5).unwrap_or(Space::FULL);
        let ids = [1, 4, 9, 11, 14, 18, 20, 21, 28].map(Id::from_u64).to_vec();
        let ring = IdealRing::new(space, ids).unwrap_or_else(|_| unreachable!());
        Self {
            ring, space, from: Id::from_u64(1), key: Id::from_u64(26), linear: false, now: 0.0, end: 300_000.0, playing: !calm, speed: 3,
            chosen: None, hovered: None, news: true, urgent: false, change: None,
        }
    }

    /// All.
    pub fn scenarios() -> Vec<(String, String)> {
        vec![("lesson".to_owned(), "The lesson: lookup(26)".to_owned())]
    }

    /// Link.
    pub fn permalink(&self) -> String {
        "scenario=lesson".to_owned()
    }

    /// Apply.
    pub fn apply(&mut self, command: Command) {
        self.news = true;
        self.urgent = true;
        match command {
            Command::Play(on) => self.playing = on,
            Command::Seek(at) => { self.now = at as f64; self.playing = false; }
            Command::Speed(speed) => self.speed = speed,
            Command::Look { from, key, way } => { self.from = from; self.key = key; self.linear = way.linear; self.now = 0.0; self.playing = true; }
            Command::Choose(id) => self.chosen = Some(id),
            Command::Hover(id) => self.hovered = id,
            Command::StepForward => { self.now = ((self.now / HOP).floor() + 1.0) * HOP; self.playing = false; }
            Command::StepBack => { self.now = (((self.now / HOP).ceil() - 1.0) * HOP).max(0.0); self.playing = false; }
            Command::Insert(id) => if let Ok(rows) = self.ring.insert(id) {
                self.change = Some(ChangeView { title: format!("Node {} joined", self.space.show(id)), node: id, repaired: 0, rule: "Row i of p changes exactly when p + 2^(i-1) lies in (4, 7].".to_owned(),
                    rows: rows.iter().map(|c| ChangedRow { node: c.node, row: c.row, start: c.start, old: c.old, new: c.new, repaired: false }).collect() });
            },
            _ => {}
        }
    }

    fn path(&self) -> Vec<Id> {
        self.ring.path(self.from, self.key, if self.linear { Routing::Linear } else { Routing::Finger })
    }

    /// Advance.
    pub fn advance(&mut self, real: f64, _work: f64, _clock: fn() -> f64) {
        if self.playing {
            let before = (self.now / HOP) as usize;
            self.now += real * 1000.0 * SPEEDS[self.speed].1;
            self.end = self.end.max(self.now);
            self.news = true;
            self.urgent |= before != (self.now / HOP) as usize;
        }
    }

    /// News.
    pub const fn has_news(&self) -> bool { self.news }
    /// Urgent.
    pub const fn is_urgent(&self) -> bool { self.urgent }
    /// Publish.
    pub fn publish(&mut self) -> Snapshot { self.news = false; self.urgent = false; self.snapshot() }

    /// Motion.
    pub fn motion(&self) -> Motion {
        let path = self.path();
        let done = ((self.now / HOP) as usize).min(path.len() - 1);
        let turn = |id| self.space.turn(id);
        let hops = path[..=done].windows(2).map(|pair| (turn(pair[0]), turn(pair[1]))).collect();
        let mut dots = Vec::new();
        if done + 1 < path.len() {
            dots.push(Dot { from: turn(path[done]), to: turn(path[done + 1]), share: self.now / HOP - done as f64, lookup: true, answer: false, upkeep: false });
        }
        for pair in self.ring.ids().windows(2) {
            dots.push(Dot { from: turn(pair[0]), to: turn(pair[1]), share: (self.now / HOP).fract(), lookup: false, answer: false, upkeep: true });
        }
        Motion { hops, dots }
    }

    /// Snapshot.
    pub fn snapshot(&self) -> Snapshot {
        let path = self.path();
        let done = ((self.now / HOP) as usize).min(path.len() - 1);
        let at = path[done];
        let seen = self.chosen.unwrap_or(at);
        Snapshot {
            space: self.space,
            scenario: ScenarioView { name: "lesson".to_owned(), title: "The lesson: lookup(26)".to_owned(), watch: "each hop at least halves the distance to the key.".to_owned(), asks: Some(("26".to_owned(), "1".to_owned())) },
            now: self.now as u64, end: self.end as u64, playing: self.playing, speed: self.speed,
            nodes: Rc::new(self.ring.ids().iter().map(|id| NodeView { id: *id, label: self.space.show(*id), turn: self.space.turn(*id), alive: *id != Id::from_u64(11) }).collect()),
            keys: Rc::new([2, 7, 12, 16, 25, 30].map(Id::from_u64).to_vec()),
            inspected: Some(Inspected { id: seen, alive: true, predecessor: Some(self.ring.predecessor(seen)), successors: self.ring.successors(seen, 2), keys: vec![Id::from_u64(25)],
                fingers: self.ring.fingers(seen).into_iter().enumerate().map(|(i, (start, node))| FingerRow { row: i as u8 + 1, start, node: Some(node), used: path.get(done + 1) == Some(&node), stale: false }).collect() }),
            chosen: self.chosen.is_some(),
            hovered: self.hovered.map(|id| (id, Some(self.ring.predecessor(id)))),
            lookup: Some(LookupView { from: self.from, key: self.key, path: path[..=done].to_vec(), owner: (done + 1 == path.len()).then_some(at), finished: false, failed: None, took: self.now as u64, linear_hops: 8, linear: self.linear }),
            caption: Caption { tone: Tone::Hop, lead: "Node 21 has no finger between itself and 26.".to_owned(), rest: "26 is in (21, 28]: the successor, 28, is responsible.".to_owned() },
            change: self.change.clone(),
            events: (0..=done).map(|i| EventView { index: i as u64, at: (i as f64 * HOP) as u64, text: "18 → 20 find 26".to_owned(), about: About::Lookup }).collect(),
            upkeep_shown: false,
            marks: Rc::new((0..=done).map(|i| MarkView { at: (i as f64 * HOP) as u64, about: About::Lookup, label: "18 → 20 find 26".to_owned() }).collect()),
            health: vec![Check { label: "one ordered ring".to_owned(), holds: true }],
            counters: Counters { lookup: 4, upkeep: 40, other: 0, lost: 0 },
            refused: None,
        }
    }
}
