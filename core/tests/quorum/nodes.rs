//! Level `quorum` through whole nodes.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use chordscope_core::base::id::Id;
use chordscope_core::base::rng::Rng;
use chordscope_core::node::api::{Event, Level, OperationId, StoreError};
use chordscope_core::store::record::{Name, Record};

use crate::checker::{Act, Operation, Value};
use crate::linearizable::is_linearizable;
use crate::ring::{Ring, space};

/// How many histories of whole nodes are checked unless told otherwise.
const HISTORIES: u64 = 60;
const MAX_OPERATIONS: usize = 100;

fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

fn ids(rng: &mut Rng, count: usize) -> Vec<Id> {
    let mut ids: Vec<Id> = Vec::new();
    while ids.len() < count {
        let id = Id::from_u64(rng.below(1 << 16));
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    ids
}

/// A ring of this many that has settled.
fn settled(seed: u64, count: usize) -> (Ring, Vec<Id>) {
    let mut ids = ids(&mut Rng::from_seed(seed, 5), count);
    let mut ring = Ring::new(seed, &ids);
    ring.run_for(Duration::from_secs(40));
    assert!(ring.is_one(), "seed {seed}: no ring");
    ids.sort_unstable();
    (ring, ids)
}

fn put(ring: &mut Ring, at: Id, key: &str, value: &str, level: Level) -> Result<u64, StoreError> {
    let value = value.as_bytes().to_vec();
    let begun = ring.with(at, |node, now| node.put(now, name(key), value, level));
    let number = begun.unwrap()?;
    match ring.outcome(at, number) {
        Event::PutEnded(_, outcome) => outcome.map(|written| written.sequence),
        other => panic!("{other:?}"),
    }
}

fn swap(ring: &mut Ring, at: Id, key: &str, old: u64, value: &str) -> Result<u64, StoreError> {
    let value = Some(value.as_bytes().to_vec());
    let begun = ring.with(at, |node, now| {
        node.compare_and_set(now, name(key), old, value, Level::Quorum)
    });
    let number = begun.unwrap()?;
    match ring.outcome(at, number) {
        Event::PutEnded(_, outcome) => outcome.map(|written| written.sequence),
        other => panic!("{other:?}"),
    }
}

fn get(ring: &mut Ring, at: Id, key: &str, level: Level) -> Result<Option<String>, StoreError> {
    let begun = ring.with(at, |node, now| node.get(now, name(key), level));
    let number = begun.unwrap()?;
    let text = |record: Record| String::from_utf8(record.into_value().unwrap()).unwrap();
    match ring.outcome(at, number) {
        Event::GetEnded(_, outcome) => outcome.map(|record| record.map(text)),
        other => panic!("{other:?}"),
    }
}

/// A name whose key the node at this place of the ring owns.
fn name_owned_by(ids: &[Id], at: usize) -> String {
    let before = ids[(at + ids.len() - 1) % ids.len()];
    let owned = |text: &String| name(text).key(space()).is_within(before, ids[at]);
    (0..).map(|n| format!("name {n}")).find(owned).unwrap()
}

#[test]
fn what_one_member_put_all_members_get_and_swap() {
    let (mut ring, ids) = settled(1, 6);
    assert_eq!(put(&mut ring, ids[0], "a", "one", Level::Quorum), Ok(1));
    for at in &ids {
        let got = get(&mut ring, *at, "a", Level::Quorum);
        assert_eq!(got, Ok(Some("one".into())));
    }
    assert_eq!(
        swap(&mut ring, ids[1], "a", 0, "two"),
        Err(StoreError::Mismatch(1))
    );
    assert_eq!(swap(&mut ring, ids[2], "a", 1, "two"), Ok(2));
    assert_eq!(
        swap(&mut ring, ids[3], "b", 7, "two"),
        Err(StoreError::Mismatch(0))
    );
    assert_eq!(swap(&mut ring, ids[3], "b", 0, "two"), Ok(1));
    let deleted = ring.with(ids[4], |node, now| {
        node.delete(now, name("a"), Level::Quorum)
    });
    let ended = ring.outcome(ids[4], deleted.unwrap().unwrap());
    assert!(matches!(ended, Event::PutEnded(_, Ok(_))), "{ended:?}");
    assert_eq!(get(&mut ring, ids[5], "a", Level::Quorum), Ok(None));
    assert_eq!(swap(&mut ring, ids[1], "a", 0, "again"), Ok(4));
    let got = get(&mut ring, ids[0], "a", Level::Quorum);
    assert_eq!(got, Ok(Some("again".into())));
}

#[test]
fn the_side_without_a_majority_is_unavailable_and_level_one_tells_of_the_conflict() {
    let (mut ring, ids) = settled(2, 6);
    // The owner is cut off from the other two of its group.
    let key = name_owned_by(&ids, 2);
    let (cut, other) = (ids[2], ids[4]);
    assert_eq!(put(&mut ring, other, &key, "before", Level::Quorum), Ok(1));
    ring.part(&[cut]);
    assert_eq!(
        get(&mut ring, cut, &key, Level::Quorum),
        Err(StoreError::Unavailable)
    );
    assert_eq!(
        put(&mut ring, cut, &key, "stale", Level::Quorum),
        Err(StoreError::Unavailable)
    );
    ring.run_for(Duration::from_secs(20));
    assert_eq!(put(&mut ring, other, &key, "after", Level::Quorum), Ok(2));
    assert_eq!(
        get(&mut ring, cut, &key, Level::Quorum),
        Err(StoreError::Unavailable)
    );
    // Level one answers on both sides.
    let doubled = format!("{key} at level one");
    assert_eq!(put(&mut ring, cut, &doubled, "here", Level::One), Ok(1));
    assert_eq!(put(&mut ring, other, &doubled, "there", Level::One), Ok(1));
    let got = get(&mut ring, cut, &doubled, Level::One);
    assert_eq!(got, Ok(Some("here".into())));
    let got = get(&mut ring, other, &doubled, Level::One);
    assert_eq!(got, Ok(Some("there".into())));

    ring.heal();
    ring.take_events();
    ring.crash(cut);
    ring.join(cut);
    ring.run_for(Duration::from_secs(60));
    assert!(ring.is_one());
    let conflict = Event::Conflict(name(&doubled).key(space()));
    let told = ring
        .take_events()
        .iter()
        .any(|(_, event)| *event == conflict);
    assert!(told, "nobody tells of the conflict");
    let one = get(&mut ring, cut, &doubled, Level::One).unwrap();
    let two = get(&mut ring, other, &doubled, Level::One).unwrap();
    assert!(one.is_some() && one == two, "{one:?} and {two:?}");
    let got = get(&mut ring, cut, &key, Level::Quorum);
    assert_eq!(got, Ok(Some("after".into())));
}

#[test]
fn a_write_outlives_its_group_one_member_after_another() {
    let (mut ring, ids) = settled(3, 7);
    let key = name_owned_by(&ids, 0);
    assert_eq!(put(&mut ring, ids[5], &key, "kept", Level::Quorum), Ok(1));
    for gone in [0, 1, 2, 3] {
        if gone % 2 == 0 {
            ring.crash(ids[gone]);
        } else {
            ring.leave(ids[gone]);
        }
        ring.run_for(Duration::from_secs(40));
        let got = get(&mut ring, ids[5], &key, Level::Quorum);
        assert_eq!(got, Ok(Some("kept".into())), "without {gone}");
    }
}

#[test]
fn a_whole_ring_that_comes_back_has_what_it_had() {
    let (mut ring, ids) = settled(4, 5);
    assert_eq!(put(&mut ring, ids[1], "a", "kept", Level::Quorum), Ok(1));
    for id in &ids {
        ring.crash(*id);
    }
    ring.begin_again(ids[0]);
    for id in &ids[1..] {
        ring.join(*id);
    }
    ring.run_for(Duration::from_secs(60));
    assert!(ring.is_one());
    let got = get(&mut ring, ids[3], "a", Level::Quorum);
    assert_eq!(got, Ok(Some("kept".into())));
}

#[test]
fn a_node_that_was_alone_in_a_ring_of_its_own_moves_and_keeps_its_records_at_level_one() {
    let (mut ring, ids) = settled(5, 4);
    let newcomer = Id::from_u64(ids[0].to_u64().unwrap() + 1);
    ring.begin_again(newcomer);
    assert_eq!(
        put(&mut ring, newcomer, "own", "mine", Level::Quorum),
        Ok(1)
    );
    // It goes and joins the others, with the disk that it has.
    ring.crash(newcomer);
    ring.join(newcomer);
    ring.run_for(Duration::from_secs(40));
    assert!(ring.is_one());
    let rings = |id: Id| -> BTreeSet<u64> {
        let held = ring.node(id).unwrap().groups().held();
        held.map(|held| held.group.ring).collect()
    };
    assert_eq!(rings(newcomer), rings(ids[0]));
    let got = get(&mut ring, ids[2], "own", Level::One);
    assert_eq!(got, Ok(Some("mine".into())));
    assert_eq!(get(&mut ring, ids[2], "own", Level::Quorum), Ok(None));
    assert_eq!(put(&mut ring, newcomer, "a", "one", Level::Quorum), Ok(1));
}

#[test]
fn ranges_follow_the_ring_and_nothing_is_left_over() {
    let (ring, ids) = settled(6, 8);
    for (at, id) in ids.iter().enumerate() {
        let before = ids[(at + ids.len() - 1) % ids.len()];
        let members: Vec<Id> = (0..3).map(|n| ids[(at + n) % ids.len()]).collect();
        for member in &ids {
            let groups = ring.node(*member).unwrap().groups();
            let mine = groups.held().filter(|held| held.group.covers(*id));
            let mine: Vec<_> = mine.map(|held| &held.group).collect();
            if members.contains(member) {
                assert_eq!(mine.len(), 1, "{member:?} for {id:?}");
                assert_eq!((mine[0].after, mine[0].upto), (before, *id));
                let of_group = mine[0].members.iter().map(|contact| contact.id());
                assert_eq!(of_group.collect::<Vec<_>>(), members);
            } else {
                assert!(mine.is_empty(), "{member:?} for {id:?}");
            }
        }
    }
}

/// Operations under way: the node, what, since when.
struct Open {
    write: Option<(Value, Option<Value>)>,
    start: u64,
}

struct Run {
    seed: u64,
    ring: Ring,
    rng: Rng,
    key: Name,
    open: BTreeMap<(Id, OperationId), Open>,
    history: Vec<Operation>,
    /// The sequence numbers of values, as far as they are known.
    sequences: BTreeMap<Value, u64>,
    last: (Value, u64),
    values: Value,
    answered: usize,
}

impl Run {
    fn new(seed: u64) -> Self {
        let mut rng = Rng::from_seed(seed, 0xabcd);
        let count = 4 + rng.below(4) as usize;
        let (mut ring, _) = settled(seed, count);
        ring.loss = [0, 5, 30][rng.below(3) as usize];
        ring.take_events();
        Self {
            seed,
            ring,
            rng,
            key: name("the name"),
            open: BTreeMap::new(),
            history: Vec::new(),
            sequences: BTreeMap::new(),
            last: (0, 0),
            values: 0,
            answered: 0,
        }
    }

    fn pick(&mut self, ids: &[Id]) -> Id {
        ids[self.rng.below(ids.len() as u64) as usize]
    }

    fn operate(&mut self) {
        let up = self.ring.up();
        let at = self.pick(&up);
        let key = self.key.clone();
        let start = self.ring.now.as_micros();
        let kind = self.rng.below(4);
        let write = (kind > 1).then(|| {
            self.values += 1;
            (self.values, (kind == 3).then_some(self.last.0))
        });
        let expected = self.last.1;
        let begun = self.ring.with(at, |node, now| match write {
            None => node.get(now, key, Level::Quorum),
            Some((new, None)) => node.put(now, key, new.to_le_bytes().to_vec(), Level::Quorum),
            Some((new, Some(_))) => {
                let new = Some(new.to_le_bytes().to_vec());
                node.compare_and_set(now, key, expected, new, Level::Quorum)
            }
        });
        if let Some(Ok(number)) = begun {
            self.open.insert((at, number), Open { write, start });
        }
    }

    fn fault(&mut self) {
        let (up, down) = (self.ring.up(), self.ring.down());
        match self.rng.below(10) {
            0..3 if up.len() > 3 => {
                let id = self.pick(&up);
                self.ring.crash(id);
            }
            3..5 if !down.is_empty() => {
                let id = self.pick(&down);
                self.ring.join(id);
            }
            5 if up.len() > 3 => {
                let id = self.pick(&up);
                self.ring.leave(id);
            }
            6 if self.ring.sides().len() == 1 => {
                let id = self.pick(&up);
                self.ring.part(&[id]);
            }
            7 => self.reunite(),
            8 if up.len() + down.len() < 9 => {
                let id = Id::from_u64(self.rng.below(1 << 16));
                if !up.contains(&id) && !down.contains(&id) {
                    self.ring.join(id);
                }
            }
            _ => {}
        }
    }

    /// The network heals. Who was alone on its side joins the others again; if all were, the first one stays.
    fn reunite(&mut self) {
        self.ring.heal();
        let is_member = |id: &Id| self.ring.node(*id).unwrap().membership().is_member();
        let members: Vec<Id> = self.ring.up().into_iter().filter(is_member).collect();
        let is_alone = |id: &Id| {
            let node = self.ring.node(*id).unwrap();
            node.membership().successors().head().is_none()
        };
        let mut alone: Vec<Id> = members.iter().copied().filter(is_alone).collect();
        if alone.len() == members.len() && !alone.is_empty() {
            alone.remove(0);
        }
        for id in alone {
            self.ring.crash(id);
            self.ring.join(id);
        }
    }

    fn note(&mut self) {
        let end = self.ring.now.as_micros();
        for (at, event) in self.ring.take_events() {
            let (number, outcome) = match event {
                Event::PutEnded(number, Ok(written)) => (number, Ok(written.sequence)),
                Event::PutEnded(number, Err(error)) => (number, Err(error)),
                Event::GetEnded(number, Ok(record)) => {
                    let value = record.as_ref().and_then(|r| r.value());
                    let value = value.map_or(0, |v| Value::from_le_bytes(v.try_into().unwrap()));
                    let sequence = record.map_or(0, |record| record.sequence());
                    self.last = (value, sequence);
                    self.sequences.insert(value, sequence);
                    if let Some(open) = self.open.remove(&(at, number)) {
                        self.answered += 1;
                        let (act, start) = (Act::Read(value), open.start);
                        self.history.push(Operation { act, start, end });
                    }
                    continue;
                }
                Event::GetEnded(number, Err(_)) => {
                    self.open.remove(&(at, number));
                    continue;
                }
                _ => continue,
            };
            let Some(Open {
                write: Some((new, expected)),
                start,
            }) = self.open.remove(&(at, number))
            else {
                continue;
            };
            let (act, end) = match (outcome, expected) {
                (Ok(_), Some(expected)) => (Act::Swapped { expected, new }, end),
                (Ok(_), None) => (Act::Wrote(new), end),
                (Err(StoreError::Mismatch(_)), Some(expected)) => (Act::Differs(expected), end),
                (Err(_), Some(expected)) => (Act::Unsure { expected, new }, u64::MAX),
                (Err(_), None) => (Act::MaybeWrote(new), u64::MAX),
            };
            self.answered += usize::from(end != u64::MAX);
            self.history.push(Operation { act, start, end });
        }
    }

    fn storm(&mut self) {
        for _ in 0..24 {
            for _ in 0..2 {
                if self.history.len() + self.open.len() < MAX_OPERATIONS {
                    self.operate();
                }
            }
            let pause = self
                .rng
                .duration(Duration::from_millis(100), Duration::from_millis(2_500));
            self.ring.run_for(pause);
            self.note();
            if self.rng.chance(1, 2) {
                self.fault();
            }
        }
    }

    fn calm(&mut self) {
        self.ring.loss = 0;
        let up = self.ring.up();
        let is_member = |id: &Id| self.ring.node(*id).unwrap().membership().is_member();
        if !up.iter().any(is_member) {
            self.ring.begin_again(up[0]);
        }
        self.reunite();
        // Who is leaving goes within its patience, whether or not its groups have let it go: with two members of three gone for
        // good a group rightly stays unavailable. They come back, too.
        self.ring.run_for(Duration::from_secs(5));
        for id in self.ring.down() {
            self.ring.join(id);
        }
        self.ring.run_for(Duration::from_secs(60));
        self.reunite();
        self.ring.run_for(Duration::from_secs(30));
        self.note();
        for ((_, _), open) in std::mem::take(&mut self.open) {
            let (start, end) = (open.start, u64::MAX);
            let act = match open.write {
                Some((new, Some(expected))) => Act::Unsure { expected, new },
                Some((new, None)) => Act::MaybeWrote(new),
                None => continue,
            };
            self.history.push(Operation { act, start, end });
        }
        // Two rings that lost one another come together by other means than groups, or not at all.
        if !self.ring.is_one() {
            return;
        }
        let seed = self.seed;
        let at = self.ring.up()[0];
        let start = self.ring.now.as_micros();
        let key = self.key.clone();
        let begun = self
            .ring
            .with(at, |node, now| node.get(now, key, Level::Quorum));
        let number = begun.unwrap().unwrap();
        let Event::GetEnded(_, Ok(record)) = self.ring.outcome(at, number) else {
            panic!(
                "NODES={seed}..{}: not available after all faults ended",
                seed + 1
            );
        };
        let value = record.and_then(|record| record.into_value());
        let value = value.map_or(0, |v| Value::from_le_bytes(v[..4].try_into().unwrap()));
        let (act, end) = (Act::Read(value), self.ring.now.as_micros());
        self.history.push(Operation { act, start, end });
    }
}

#[test]
fn histories_of_whole_nodes_are_linearizable() {
    let seeds = match std::env::var("NODES") {
        Ok(text) => {
            let (from, to) = text.split_once("..").expect("NODES=a..b");
            from.parse().unwrap()..to.parse().unwrap()
        }
        Err(_) => 0..HISTORIES,
    };
    let (mut answered, mut all, mut apart, mut runs) = (0, 0, 0, 0);
    for seed in seeds {
        runs += 1;
        let mut run = Run::new(seed);
        run.storm();
        run.calm();
        assert!(
            is_linearizable(&run.history),
            "NODES={seed}..{}: {:?}",
            seed + 1,
            run.history
        );
        answered += run.answered;
        all += run.history.len();
        apart += usize::from(!run.ring.is_one());
    }
    println!(
        "{runs} histories, {apart} of rings that stayed apart: {answered} operations answered, {} unsure writes",
        all - answered
    );
    assert!(answered * 2 > all, "most operations go through");
    assert!(apart * 20 <= runs, "{apart} of {runs} rings stayed apart");
}
