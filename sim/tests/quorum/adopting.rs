//! Two rings with a lineage each meet, and one lineage is given up for the other.

use std::collections::BTreeMap;
use std::time::Duration;

use chordscope_core::base::id::Id;
use chordscope_core::node::adopting::{AdoptError, Adoption, AdoptionState};
use chordscope_core::node::api::{Event, Level, StoreError};

use crate::nodes::{get, lineage, name, put, settled};
use crate::ring::{Ring, space};

/// Names that are put in both lineages, in the one that stays, and in the one that is given up.
const BOTH: usize = 4;
const NAMES: usize = 12;

struct Meeting {
    ring: Ring,
    /// The members of the lineage that stays.
    stays: Vec<Id>,
    /// The members of the one that is given up.
    goes: Vec<Id>,
    /// The last acknowledged value of each name in the lineage that is given up.
    kept: BTreeMap<String, String>,
    /// The exported conflicts: key and value.
    exported: Vec<(Id, String)>,
    ended: Vec<(Id, Adoption)>,
}

fn contact_of(ring: &Ring, id: Id) -> chordscope_core::base::contact::Contact {
    ring.node(id).unwrap().contact().clone()
}

impl Meeting {
    /// A ring of four, beside it one of so many, which then join the four.
    fn new(seed: u64, others: usize) -> Self {
        Self::at(seed, others, |stays, n| {
            Id::from_u64(stays[n].to_u64().unwrap() ^ 0x1555)
        })
    }

    /// As [`Meeting::new`], with the others at these places.
    fn at(seed: u64, others: usize, place: impl Fn(&[Id], usize) -> Id) -> Self {
        let (mut ring, stays) = settled(seed, 4);
        for number in 0..BOTH {
            let done = put(
                &mut ring,
                stays[0],
                &format!("both {number}"),
                "theirs",
                Level::Quorum,
            );
            assert_eq!(done, Ok(1));
        }
        let goes: Vec<Id> = (0..others).map(|n| place(&stays, n)).collect();
        ring.begin_again(goes[0]);
        for id in &goes[1..] {
            let first = contact_of(&ring, goes[0]);
            ring.start(*id);
            let _ = ring.with(*id, |node, now| node.join(now, first));
            ring.run_for(Duration::from_secs(5));
        }
        ring.run_for(Duration::from_secs(30));
        let mut meeting = Self {
            ring,
            stays,
            goes,
            kept: BTreeMap::new(),
            exported: Vec::new(),
            ended: Vec::new(),
        };
        for number in 0..NAMES {
            let kind = if number < BOTH { "both" } else { "only" };
            meeting.put(number % others, &format!("{kind} {number}"), "mine");
        }
        for id in meeting.goes.clone() {
            let stays = contact_of(&meeting.ring, meeting.stays[0]);
            meeting.ring.crash(id);
            meeting.ring.start(id);
            let _ = meeting.ring.with(id, |node, now| node.join(now, stays));
            meeting.ring.run_for(Duration::from_secs(20));
        }
        assert!(meeting.ring.is_one(), "seed {seed}");
        meeting
    }

    /// Puts a value in the lineage that is given up.
    fn put(&mut self, at: usize, key: &str, value: &str) {
        let done = put(&mut self.ring, self.goes[at], key, value, Level::Quorum);
        assert!(done.is_ok(), "{key}: {done:?}\n{}", self.describe());
        self.kept.insert(key.to_string(), value.to_string());
    }

    fn describe(&self) -> String {
        let of = |id: &Id| {
            let node = self.ring.node(*id).unwrap();
            let groups = node.groups().unwrap();
            let held = groups.held().map(|held| {
                let members = held.group.members.iter();
                let members = members.map(|member| (member.id(), member.votes));
                let decided = held.decided.is_some();
                (
                    held.group.upto,
                    held.group.epoch.round,
                    held.promised.round,
                    decided,
                    members.collect::<Vec<_>>(),
                )
            });
            let ring = node
                .membership()
                .successors()
                .entries()
                .iter()
                .map(|c| c.id());
            format!(
                "{id:?}: {:?}\n  {:?}\n  held {:?}\n  ring {:?}\n",
                node.adoption(),
                groups.unsettled(None, 9),
                held.collect::<Vec<_>>(),
                ring.collect::<Vec<_>>(),
            )
        };
        self.goes.iter().map(of).collect()
    }

    fn adopt(&mut self, at: Id) -> Result<(), AdoptError> {
        let to = lineage(&self.ring, self.stays[0]).unwrap();
        self.ring.with(at, |node, now| node.adopt(now, to)).unwrap()
    }

    /// Goes on for a while; each conflict that is told is exported.
    fn run_for(&mut self, time: Duration) {
        let end = self.ring.now + time;
        while self.ring.now < end {
            self.ring.run_for(Duration::from_millis(50));
            for (at, event) in self.ring.take_events() {
                match event {
                    Event::LineageConflict(conflict) => {
                        let value = conflict.record.into_value().unwrap();
                        let value = String::from_utf8(value).unwrap();
                        self.exported.push((conflict.key, value));
                        let number = conflict.number;
                        self.ring
                            .with(at, |node, now| node.conflict_exported(now, number));
                    }
                    Event::AdoptionEnded(ended) => self.ended.push((at, *ended)),
                    _ => {}
                }
            }
        }
    }

    /// Checks that all members have the lineage that stays, and that all that was acknowledged in the other one is there, or exported.
    fn check(&mut self) {
        let to = lineage(&self.ring, self.stays[0]);
        for id in &self.goes {
            assert_eq!(lineage(&self.ring, *id), to, "{:?}", self.ended);
        }
        let at = [self.goes[0], self.stays[1]];
        for (key, value) in self.kept.clone() {
            for at in at {
                let got = get(&mut self.ring, at, &key, Level::Quorum).unwrap();
                let exported = (name(&key).key(space()), value.clone());
                let there = got.as_ref() == Some(&value) || self.exported.contains(&exported);
                assert!(there, "{key} at {at:?}: {got:?}");
                if key.starts_with("both") {
                    assert_eq!(got, Some("theirs".into()), "{key}");
                }
            }
        }
    }
}

#[test]
fn a_lineage_of_one_is_brought_into_the_ring_s_and_conflicts_are_told() {
    let mut meeting = Meeting::new(31, 1);
    let (newcomer, other) = (meeting.goes[0], meeting.stays[2]);
    let numbers = [newcomer, other].map(|id| lineage(&meeting.ring, id).unwrap());
    let others = |meeting: &Meeting, at: Id| {
        let groups = meeting.ring.node(at).unwrap().groups().unwrap();
        groups.other_lineages().into_iter().collect::<Vec<_>>()
    };
    assert_eq!(others(&meeting, newcomer), [numbers[1]]);
    assert_eq!(others(&meeting, other), [numbers[0]]);
    let begun = [numbers[0], 12_345].map(|lineage| {
        let begun = meeting
            .ring
            .with(newcomer, |node, now| node.adopt(now, lineage));
        meeting.run_for(Duration::from_secs(10));
        begun.unwrap()
    });
    assert_eq!(begun, [Err(AdoptError::Own), Ok(())]);
    let (_, ended) = meeting.ended.remove(0);
    assert_eq!(ended.state, AdoptionState::Unknown, "nobody has that one");
    assert_eq!(meeting.adopt(newcomer), Ok(()));
    meeting.run_for(Duration::from_secs(20));
    meeting.check();
    let (at, ended) = &meeting.ended[0];
    assert_eq!((*at, &ended.state), (newcomer, &AdoptionState::Done));
    assert_eq!(
        (ended.imported, ended.conflicts),
        ((NAMES - BOTH) as u64, BOTH as u64)
    );
    assert_eq!(meeting.exported.len(), BOTH);
    // Who has adopted a lineage is a member of its groups, and stays one.
    meeting.run_for(Duration::from_secs(60));
    assert!(others(&meeting, newcomer).is_empty() && others(&meeting, other).is_empty());
    let held = meeting
        .ring
        .node(newcomer)
        .unwrap()
        .groups()
        .unwrap()
        .held();
    assert!(
        held.map(|held| held.group.lineage)
            .all(|one| one == numbers[1])
    );
    meeting.ring.crash(newcomer);
    meeting.ring.join(newcomer);
    meeting.run_for(Duration::from_secs(30));
    meeting.check();
}

#[test]
fn the_members_of_a_lineage_adopt_another_one_by_one_or_together_and_lose_nothing() {
    for (seed, together) in [(32, false), (33, true), (34, false), (35, true)] {
        let mut meeting = Meeting::new(seed, 3);
        for at in 0..3 {
            let id = meeting.goes[at];
            assert_eq!(meeting.adopt(id), Ok(()));
            if !together {
                meeting.run_for(Duration::from_secs(30));
                // Who is left goes on in the old lineage.
                if at < 2 {
                    let key = format!("late {at}");
                    meeting.put(at + 1, &key, "late");
                    meeting.put(2, "both 0", &format!("mine {at}"));
                }
            }
        }
        meeting.run_for(Duration::from_secs(90));
        meeting.check();
        let done = |(_, ended): &(Id, Adoption)| ended.state == AdoptionState::Done;
        assert!(
            meeting.ended.iter().all(done),
            "seed {seed}: {:?}",
            meeting.ended
        );
    }
}

#[test]
fn an_adoption_that_a_crash_or_a_full_disk_ends_is_taken_up_again() {
    let mut meeting = Meeting::new(36, 3);
    let id = meeting.goes[1];
    let own = lineage(&meeting.ring, id);
    assert_eq!(meeting.adopt(id), Ok(()));
    meeting.run_for(Duration::from_millis(60));
    meeting.ring.crash(id);
    meeting.ring.join(id);
    meeting.run_for(Duration::from_secs(30));
    assert_eq!(
        lineage(&meeting.ring, id),
        own,
        "it has not been asked again"
    );
    assert_eq!(meeting.adopt(id), Ok(()));
    let refusal = StoreError::Unavailable;
    let failed = refusal.clone();
    meeting
        .ring
        .with(id, |node, now| node.abandon_adoption(now, refusal));
    meeting.run_for(Duration::from_secs(10));
    assert_eq!(meeting.ended[0].1.state, AdoptionState::Failed(failed));
    assert_eq!(lineage(&meeting.ring, id), own);
    meeting.put(1, "only 5", "newer");
    for id in meeting.goes.clone() {
        assert_eq!(meeting.adopt(id), Ok(()));
    }
    meeting.run_for(Duration::from_secs(90));
    meeting.check();
}

#[test]
fn nothing_is_dropped_before_its_export_is_on_the_disk() {
    let mut meeting = Meeting::new(37, 1);
    let id = meeting.goes[0];
    let own = lineage(&meeting.ring, id);
    assert_eq!(meeting.adopt(id), Ok(()));
    // Nobody says that the conflicts are exported.
    meeting.ring.run_for(Duration::from_secs(60));
    assert_eq!(lineage(&meeting.ring, id), own);
    let keys = meeting
        .ring
        .node(id)
        .unwrap()
        .groups()
        .unwrap()
        .keys()
        .count();
    assert_eq!(keys, NAMES);
    meeting.run_for(Duration::from_secs(20));
    meeting.check();
}

#[test]
fn behind_many_nodes_of_another_lineage_a_lineage_still_finds_its_own() {
    const OTHERS: usize = 7;
    // All of them between the second and the third of the ring.
    let mut meeting = Meeting::at(38, OTHERS, |stays, n| {
        let [after, before] = [1, 2].map(|at| stays[at].to_u64().unwrap());
        let step = (before - after) / (OTHERS as u64 + 2);
        Id::from_u64(after + step * (n as u64 + 1))
    });
    let stays = meeting.stays.clone();
    let among = |text: &String| name(text).key(space()).is_within(stays[1], meeting.goes[0]);
    let keys: Vec<String> = (0..)
        .map(|n| format!("far {n}"))
        .filter(among)
        .take(4)
        .collect();
    for key in &keys {
        for at in &stays {
            let done = put(&mut meeting.ring, *at, key, "there", Level::Quorum);
            assert!(done.is_ok(), "{key} at {at:?}: {done:?}");
        }
        let got = get(&mut meeting.ring, meeting.goes[3], key, Level::Quorum);
        assert_eq!(got, Ok(None), "{key}");
    }
    for id in meeting.goes.clone() {
        assert_eq!(meeting.adopt(id), Ok(()));
    }
    meeting.run_for(Duration::from_secs(150));
    meeting.check();
}
