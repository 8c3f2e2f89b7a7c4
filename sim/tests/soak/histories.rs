//! Histories of operations at level `quorum` in whole rings: per name, one register must explain them.

use std::collections::BTreeMap;
use std::time::Duration;

use chordscope_core::base::id::Id;
use chordscope_core::base::rng::Rng;
use chordscope_core::base::time::Instant;
use chordscope_core::node::api::{Event, OperationId, StoreError};
use chordscope_core::store::record::Record;
use chordscope_sim::worlds::ring::RingWorld;
use chordscope_sim::worlds::ring::action::{Action, Timed};
use chordscope_sim::worlds::ring::trace::What;

use chordscope_sim::checks::linearizable::{Operation, is_linearizable};
use chordscope_sim::checks::register::{Act, Asked, Outcome};

/// The number of names: few, so that operations meet.
const NAMES: u64 = 3;
/// Between two operations, in virtual milliseconds. Some 35 a name make a history.
const PAUSE: (u64, u64) = (400, 1_800);
/// By when an operation has ended, one way or the other: its deadline is ten seconds.
const TIMEOUT: Duration = Duration::from_secs(12);

/// Operations by any of these nodes until `end`; those who are down by then do nothing.
pub(crate) fn operations(seed: u64, nodes: &[Id], end: u64) -> Vec<Timed> {
    let mut rng = Rng::from_seed(seed, 0x9043);
    let (mut at, mut actions) = (1_000, Vec::new());
    while at < end {
        let node = usize::try_from(rng.below(nodes.len() as u64)).unwrap();
        let (from, name) = (nodes[node], format!("name-{}", rng.below(NAMES)));
        let value = actions.len().to_string();
        let action = match rng.below(8) {
            0..3 => Action::Get { from, name },
            3..5 => Action::Put { from, name, value },
            5 => Action::Delete { from, name },
            _ => Action::Swap {
                from,
                name,
                // What was last heard of is put in when it is done.
                expected: 0,
                value,
            },
        };
        let at_time = Instant::from_millis(at);
        actions.push(Timed {
            at: at_time,
            action,
        });
        at += PAUSE.0 + rng.below(PAUSE.1 - PAUSE.0 + 1);
    }
    actions
}

/// The longest time that a world may go on unheard: it forgets the oldest of very many events.
pub(crate) const LISTEN: Duration = Duration::from_secs(1);

struct Open {
    name: String,
    asked: Asked,
    start: Instant,
}

/// The operations of a run, while it goes on.
#[derive(Default)]
pub(crate) struct Histories {
    /// By node and number.
    open: BTreeMap<(Id, u64), Open>,
    ended: BTreeMap<String, Vec<Operation<Act>>>,
    /// The sequence numbers last heard of.
    latest: BTreeMap<String, u64>,
    /// The actions so far, for a link that plays them again.
    pub(crate) done: Vec<Timed>,
}

impl Histories {
    /// Carries out all that is planned, and listens.
    pub(crate) fn follow(&mut self, world: &mut RingWorld) {
        let plan = world.scenario().actions.clone();
        for Timed { at, action } in plan {
            self.listen(world, at);
            self.act(world, action);
        }
    }

    /// Lets time pass.
    fn listen(&mut self, world: &mut RingWorld, until: Instant) {
        while world.now() < until {
            let next = world.now() + LISTEN;
            world.run_until(next.min(until));
            self.hear(world);
        }
    }

    /// Takes in what has happened since the last time.
    pub(crate) fn hear(&mut self, world: &mut RingWorld) {
        for entry in world.take_trace() {
            match entry.what {
                What::Node(node, Event::PutEnded(OperationId(number), outcome)) => {
                    let outcome = match outcome {
                        Ok(written) => Outcome::Written(written.sequence),
                        Err(StoreError::Mismatch(found)) => Outcome::Mismatch(found),
                        Err(_) => Outcome::Unsure,
                    };
                    self.end((node, number), outcome, entry.at);
                }
                What::Node(node, Event::GetEnded(OperationId(number), outcome)) => {
                    let outcome = outcome.map_or(Outcome::Unsure, |record| {
                        Outcome::Got(record.as_ref().and_then(read))
                    });
                    self.end((node, number), outcome, entry.at);
                }
                What::Node(node, Event::Left) => self.lose(node),
                _ => {}
            }
        }
    }

    fn act(&mut self, world: &mut RingWorld, mut action: Action) {
        if let Action::Swap { name, expected, .. } = &mut action {
            *expected = self.latest.get(name).copied().unwrap_or_default();
        }
        let at = world.now();
        self.done.push(Timed {
            at,
            action: action.clone(),
        });
        let begins = match &action {
            Action::Get { from, name } => Some((*from, name.clone(), Asked::Get)),
            Action::Put { from, name, value } => {
                let value = Some(value.parse().unwrap());
                Some((*from, name.clone(), Asked::Put(value)))
            }
            Action::Delete { from, name } => Some((*from, name.clone(), Asked::Put(None))),
            Action::Swap {
                from,
                name,
                expected,
                value,
            } => {
                let asked = Asked::Swap(*expected, value.parse().unwrap());
                Some((*from, name.clone(), asked))
            }
            _ => None,
        };
        let number = begins.as_ref().and_then(|(from, ..)| world.node(*from));
        let number = number.map(|node| node.next_number());
        let stops = match action {
            Action::Crash(node) | Action::Restart(node) => Some(node),
            _ => None,
        };
        if world.act(action).is_err() {
            return;
        }
        if let Some(((from, name, asked), number)) = begins.zip(number) {
            let start = at;
            self.open
                .insert((from, number), Open { name, asked, start });
        }
        if let Some(node) = stops {
            self.lose(node);
        }
    }

    fn end(&mut self, id: (Id, u64), outcome: Outcome, at: Instant) {
        let Some(open) = self.open.remove(&id) else {
            return;
        };
        let name = open.name.clone();
        match outcome {
            Outcome::Got(got) => {
                let sequence = got.map_or(0, |(_, sequence)| sequence);
                self.latest.insert(name.clone(), sequence);
            }
            Outcome::Written(sequence) if open.asked != Asked::Put(None) => {
                self.latest.insert(name.clone(), sequence);
            }
            Outcome::Written(_) => drop(self.latest.insert(name.clone(), 0)),
            Outcome::Mismatch(found) => drop(self.latest.insert(name.clone(), found)),
            Outcome::Unsure if open.asked == Asked::Get => return,
            Outcome::Unsure => {}
        }
        let ended = match outcome {
            Outcome::Unsure => unsure(&open),
            _ => Operation {
                act: Act(open.asked, outcome),
                start: open.start.as_micros(),
                end: at.as_micros(),
            },
        };
        self.ended.entry(name).or_default().push(ended);
    }

    /// A node is gone, and with it the outcome of what it had begun.
    fn lose(&mut self, node: Id) {
        let mine = self.open.keys().filter(|(from, _)| *from == node);
        let mine: Vec<(Id, u64)> = mine.copied().collect();
        for id in mine {
            self.end(id, Outcome::Unsure, Instant::ZERO);
        }
    }

    /// Checks that every name can be read again, and every operation has ended.
    pub(crate) fn judge(&mut self, world: &mut RingWorld) -> Result<(), String> {
        let from = world.nodes().map(|node| node.id()).next().unwrap();
        let asked = world.now();
        let gets = (0..NAMES).map(|n| format!("name-{n}"));
        for name in gets {
            self.act(world, Action::Get { from, name });
        }
        self.listen(world, asked + TIMEOUT);
        if let Some((_, open)) = self.open.first_key_value() {
            return Err(format!(
                "what was asked of {} at {:?} never ended: {:?}",
                open.name, open.start, open.asked
            ));
        }
        for n in 0..NAMES {
            let name = format!("name-{n}");
            let history = self.ended.get(&name).map_or(&[][..], Vec::as_slice);
            let newest = history.last().map_or(0, |last| last.start);
            if newest < asked.as_micros() {
                return Err(format!("{name} is not available"));
            }
        }
        Ok(())
    }

    /// Checks that one register a name explains the answers.
    pub(crate) fn explain(&self) -> Result<(), String> {
        let mut histories = self.ended.clone();
        // What was asked and not answered yet may have taken effect.
        for open in self.open.values().filter(|open| open.asked != Asked::Get) {
            let history = histories.entry(open.name.clone()).or_default();
            history.push(unsure(open));
        }
        let strange = histories
            .iter()
            .find(|(_, history)| !is_linearizable(history));
        match strange {
            Some((name, history)) => Err(format!("{name} is no register: {history:?}")),
            None => Ok(()),
        }
    }
}

/// A write of which nobody knows what became.
fn unsure(open: &Open) -> Operation<Act> {
    Operation {
        act: Act(open.asked, Outcome::Unsure),
        start: open.start.as_micros(),
        end: u64::MAX,
    }
}

fn read(record: &Record) -> Option<(u32, u64)> {
    let text = std::str::from_utf8(record.value()?).unwrap();
    Some((text.parse().unwrap(), record.sequence()))
}
