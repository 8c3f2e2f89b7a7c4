//! Two rings with a lineage each meet, and one lineage is given up for the other.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use chordscope_core::base::id::Id;
use chordscope_core::base::rng::Rng;
use chordscope_core::node::adopting::{AdoptError, Adoption, AdoptionState};
use chordscope_core::node::api::{Event, Level, StoreError};

use crate::nodes::{delete, get, lineage, name, put, settled, swap};
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
    /// The last acknowledged value of each name in the lineage that is given up, none where it was deleted, and those of puts after it that
    /// may have taken effect.
    kept: BTreeMap<String, BTreeSet<Option<String>>>,
    /// The exported conflicts: key, and value or deletion.
    exported: Vec<(Id, Option<String>)>,
    ended: Vec<(Id, Adoption)>,
}

fn contact_of(ring: &Ring, id: Id) -> chordscope_core::base::contact::Contact {
    ring.node(id).unwrap().contact().clone()
}

impl Meeting {
    /// A ring of four, beside it one of so many, which then join the four.
    fn new(seed: u64, others: usize) -> Self {
        Self::at(seed, (4, others), |stays, n| {
            Id::from_u64(stays[n].to_u64().unwrap() ^ 0x1555)
        })
    }

    /// As [`Meeting::new`], with so many nodes in the first ring, and the others at these places.
    fn at(seed: u64, (count, others): (usize, usize), place: impl Fn(&[Id], usize) -> Id) -> Self {
        let (mut ring, stays) = settled(seed, count);
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
        self.note(key, Some(value), &done);
    }

    fn delete(&mut self, at: usize, key: &str) {
        let done = delete(&mut self.ring, self.goes[at], key, Level::Quorum);
        assert!(done.is_ok(), "{key}: {done:?}\n{}", self.describe());
        self.note(key, None, &done);
    }

    /// Takes note of a value that was put in the lineage that is given up, or may have been.
    fn note(&mut self, key: &str, value: Option<&str>, done: &Result<u64, StoreError>) {
        let values = self.kept.entry(key.to_string()).or_default();
        match done {
            Ok(_) => values.clear(),
            Err(StoreError::Mismatch(_)) => return,
            Err(_) if values.is_empty() => drop(values.insert(None)),
            Err(_) => {}
        }
        values.insert(value.map(str::to_string));
    }

    fn describe(&self) -> String {
        let of = |id: &Id| {
            let Some(node) = self.ring.node(*id) else {
                return format!("{id:?} is down\n");
            };
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
                        let value = conflict.record.into_value();
                        let value = value.map(|value| String::from_utf8(value).unwrap());
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

    /// Checks that all members have the lineage that stays, and that what was acknowledged last in the other one is there: or exported, where users of
    /// the lineage that stays have put the name themselves.
    fn check(&mut self) {
        let to = lineage(&self.ring, self.stays[0]);
        for id in &self.goes {
            assert_eq!(lineage(&self.ring, *id), to, "{:?}", self.ended);
        }
        let at = [self.goes[0], self.stays[1]];
        for (key, values) in self.kept.clone() {
            for at in at {
                let got = get(&mut self.ring, at, &key, Level::Quorum).unwrap();
                if key.starts_with("both") {
                    let key = name(&key).key(space());
                    let is_exported = |value: &Option<String>| {
                        let lost = value.is_some() && *value != Some("theirs".into());
                        !lost || self.exported.contains(&(key, value.clone()))
                    };
                    assert_eq!(got, Some("theirs".into()), "{key:?}");
                    assert!(values.iter().any(is_exported), "{key:?}: {values:?}");
                } else {
                    assert!(values.contains(&got), "{key} at {at:?}: {got:?} {values:?}");
                }
            }
        }
        let ours = |number| name(&format!("both {number}")).key(space());
        let ours: Vec<Id> = (0..BOTH).map(ours).collect();
        assert!(self.exported.iter().all(|(key, _)| ours.contains(key)));
    }

    fn has_adopted(&self, at: usize) -> bool {
        lineage(&self.ring, self.goes[at]) == lineage(&self.ring, self.stays[0])
    }

    /// Has a member adopt the lineage that stays, to the end.
    fn adopt_wholly(&mut self, at: usize) {
        assert_eq!(self.adopt(self.goes[at]), Ok(()));
        let end = self.ring.now + Duration::from_secs(120);
        while !self.has_adopted(at) {
            let told = || format!("{:?}\n{}", self.ended, self.describe());
            assert!(self.ring.now < end, "{}", told());
            self.run_for(Duration::from_secs(1));
        }
    }

    /// A put, a compare-and-set or a delete of some name by a member that has its lineage still.
    fn write_something(&mut self, rng: &mut Rng, at: usize) {
        if self.has_adopted(at) {
            return;
        }
        let kind = if rng.chance(1, 6) { "both" } else { "only" };
        let first = if kind == "both" { 0 } else { BOTH as u64 };
        let last = if kind == "both" { BOTH } else { NAMES } as u64;
        let key = format!("{kind} {}", first + rng.below(last - first));
        let value = format!("{} at {at}", rng.below(1 << 20));
        let (ring, id) = (&mut self.ring, self.goes[at]);
        let (value, done) = match rng.below(4) {
            0 => (None, delete(ring, id, &key, Level::Quorum)),
            1 => {
                let done = swap(ring, id, &key, 1 + rng.below(3), &value);
                (Some(value), done)
            }
            _ => {
                let done = put(ring, id, &key, &value, Level::Quorum);
                (Some(value), done)
            }
        };
        self.note(&key, value.as_deref(), &done);
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
    let mut meeting = Meeting::at(38, (4, OTHERS), |stays, n| {
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

/// Checks that the members of the lineage that is given up have a vote in each of their groups, and that each group leads.
fn check_all_take_part(meeting: &mut Meeting) {
    for id in &meeting.goes {
        let groups = meeting.ring.node(*id).unwrap().groups().unwrap();
        for held in groups.held() {
            let votes = held.group.voters().count();
            assert_eq!(votes, meeting.goes.len(), "{}", meeting.describe());
        }
    }
    for number in 0..NAMES {
        let kind = if number < BOTH { "both" } else { "only" };
        meeting.put(
            number % meeting.goes.len(),
            &format!("{kind} {number}"),
            "again",
        );
    }
}

#[test]
fn members_with_nodes_of_another_lineage_between_them_lead_again_after_a_restart() {
    // A node has four successors.
    let mut meeting = Meeting::at(60, (12, 3), |stays, n| {
        Id::from_u64(stays[4 * n + 3].to_u64().unwrap() + 1)
    });
    for id in &meeting.goes {
        let membership = meeting.ring.node(*id).unwrap().membership();
        let neighbours = membership.successors().entries().iter();
        let mut neighbours = neighbours.chain(membership.predecessor());
        assert!(neighbours.all(|other| !meeting.goes.contains(&other.id())));
    }
    check_all_take_part(&mut meeting);
    for at in 0..3 {
        let id = meeting.goes[at];
        meeting.ring.crash(id);
        meeting.ring.join(id);
        meeting.run_for(Duration::from_secs(20));
        check_all_take_part(&mut meeting);
    }
    // One stays away: the next one leads, and it is taken in again when it is back.
    for at in 0..3 {
        let id = meeting.goes[at];
        meeting.ring.crash(id);
        meeting.run_for(Duration::from_secs(40));
        for number in BOTH..NAMES {
            meeting.put((at + 1) % 3, &format!("only {number}"), "without one");
        }
        meeting.ring.join(id);
        meeting.run_for(Duration::from_secs(60));
        check_all_take_part(&mut meeting);
    }
    for at in 0..3 {
        meeting.adopt_wholly(at);
    }
    meeting.check();
}

/// A lineage on 3 of 12 nodes, two side by side, and the third far from both.
fn two_near_and_one_distant(seed: u64) -> Meeting {
    let meeting = Meeting::at(seed, (9, 3), |stays, n| {
        let (after, step) = [(0, 1), (0, 2), (5, 1)][n];
        Id::from_u64(stays[after].to_u64().unwrap() + step)
    });
    let is_neighbour = |at: usize, other: usize| {
        let id = meeting.goes[at];
        let membership = meeting.ring.node(id).unwrap().membership();
        let neighbours = membership.successors().entries().iter();
        let mut neighbours = neighbours.chain(membership.predecessor());
        neighbours.any(|one| one.id() == meeting.goes[other])
    };
    assert!(is_neighbour(0, 1) && is_neighbour(1, 0));
    for near in 0..2 {
        assert!(!is_neighbour(near, 2) && !is_neighbour(2, near));
    }
    meeting
}

#[test]
fn a_distant_member_beside_a_majority_that_is_near_is_given_its_vote_again() {
    let mut meeting = two_near_and_one_distant(61);
    check_all_take_part(&mut meeting);
    for at in [0, 1, 2, 1, 0] {
        let id = meeting.goes[at];
        meeting.ring.crash(id);
        meeting.ring.join(id);
        meeting.run_for(Duration::from_secs(40));
        check_all_take_part(&mut meeting);
    }
    // While it is away it loses its vote, and a majority of all three is left once it is back.
    for away in [2, 0, 1] {
        let id = meeting.goes[away];
        meeting.ring.crash(id);
        meeting.run_for(Duration::from_secs(60));
        for number in BOTH..NAMES {
            meeting.put((away + 1) % 3, &format!("only {number}"), "without one");
        }
        meeting.ring.join(id);
        meeting.run_for(Duration::from_secs(60));
        check_all_take_part(&mut meeting);
    }
    for at in 0..3 {
        meeting.adopt_wholly(at);
    }
    meeting.check();
}

#[test]
fn a_distant_member_that_missed_writes_is_given_them() {
    for (seed, others) in [(62, false), (63, true)] {
        let mut meeting = match others {
            false => two_near_and_one_distant(seed),
            true => Meeting::at(seed, (12, 3), |stays, n| {
                Id::from_u64(stays[4 * n + 3].to_u64().unwrap() + 1)
            }),
        };
        let far = meeting.goes[2];
        for (round, pause) in [1, 20].into_iter().enumerate() {
            let value = format!("newer {round}");
            meeting.ring.crash(far);
            meeting.run_for(Duration::from_secs(pause));
            // The groups that it leads wait for it, or for one of the others.
            let missed: Vec<String> = (BOTH..NAMES)
                .map(|number| format!("only {number}"))
                .filter(|key| {
                    let done = put(
                        &mut meeting.ring,
                        meeting.goes[0],
                        key,
                        &value,
                        Level::Quorum,
                    );
                    meeting.note(key, Some(&value), &done);
                    done.is_ok()
                })
                .collect();
            assert!(!missed.is_empty());
            meeting.ring.join(far);
            meeting.run_for(Duration::from_secs(60));
            let now = meeting.ring.now;
            let groups = meeting.ring.node(far).unwrap().groups().unwrap();
            let stale = missed.iter().filter(|key| {
                let copy = groups.copy(now, name(key).key(space()));
                copy.and_then(|copy| copy.record.into_value()) != Some(value.clone().into_bytes())
            });
            assert_eq!(stale.count(), 0, "seed {seed}\n{}", meeting.describe());
            assert_eq!(groups.awaited(), []);
            check_all_take_part(&mut meeting);
        }
    }
}

#[test]
fn what_is_overwritten_after_an_adoption_was_interrupted_is_brought_when_it_is_ordered_again() {
    let mut meeting = Meeting::new(39, 3);
    let id = meeting.goes[1];
    assert_eq!(meeting.adopt(id), Ok(()));
    meeting.run_for(Duration::from_millis(700));
    let imported = meeting.ring.node(id).unwrap().adoption().unwrap().imported;
    assert!(imported > 0, "it has begun");
    meeting.ring.crash(id);
    meeting.ring.join(id);
    meeting.run_for(Duration::from_secs(30));
    for number in BOTH..NAMES {
        meeting.put(1, &format!("only {number}"), "newer");
    }
    for at in 0..3 {
        meeting.adopt_wholly(at);
    }
    meeting.check();
}

#[test]
fn what_is_overwritten_or_deleted_after_a_member_has_adopted_is_brought_by_the_last_one() {
    let mut meeting = Meeting::new(40, 3);
    meeting.adopt_wholly(0);
    meeting.put(1, "only 5", "newer");
    meeting.put(2, "only 6", "newer");
    meeting.delete(2, "only 6");
    meeting.delete(1, "only 7");
    meeting.delete(1, "both 1");
    meeting.adopt_wholly(1);
    meeting.delete(2, "only 8");
    meeting.put(2, "only 7", "again");
    meeting.adopt_wholly(2);
    meeting.check();
    let deleted = (name("both 1").key(space()), None);
    assert!(meeting.exported.contains(&deleted), "a deletion is told");
}

#[test]
fn the_same_value_in_both_lineages_is_no_conflict_and_one_that_is_there_is_counted() {
    let mut meeting = Meeting::new(41, 1);
    for number in 0..BOTH {
        meeting.put(0, &format!("both {number}"), "theirs");
    }
    let id = meeting.goes[0];
    assert_eq!(meeting.adopt(id), Ok(()));
    let imported = |meeting: &Meeting| meeting.ring.node(id).unwrap().adoption().unwrap().imported;
    while imported(&meeting) == 0 {
        meeting.ring.run_for(Duration::from_millis(2));
    }
    meeting.ring.crash(id);
    meeting.ring.join(id);
    meeting.run_for(Duration::from_secs(30));
    meeting.adopt_wholly(0);
    meeting.check();
    assert_eq!(meeting.exported, []);
    let ended = &meeting.ended[0].1;
    assert_eq!(
        (ended.imported + ended.present, ended.conflicts),
        (NAMES as u64, 0)
    );
    assert!(ended.present > BOTH as u64, "{ended:?}");
}

/// Primaries of an older release take no origins: what came after is a conflict there.
#[test]
fn a_lineage_of_an_older_release_is_adopted_too_and_what_came_after_is_exported() {
    let mut meeting = Meeting::new(42, 3);
    meeting.ring.older = meeting.stays.iter().copied().collect();
    meeting.adopt_wholly(0);
    meeting.put(1, "only 5", "newer");
    meeting.adopt_wholly(1);
    meeting.adopt_wholly(2);
    let newer = (name("only 5").key(space()), Some("newer".to_string()));
    assert!(meeting.exported.contains(&newer), "{:?}", meeting.exported);
    let got = get(&mut meeting.ring, meeting.stays[1], "only 5", Level::Quorum);
    assert_eq!(got, Ok(Some("mine".into())));
}

#[test]
fn members_adopt_with_interruptions_while_others_write_and_nothing_is_lost() {
    // In 204 and 211 a primary restarts whose only fellow member is not its neighbour.
    for seed in 200..216 {
        let mut rng = Rng::from_seed(seed, 0x0ad0);
        let mut meeting = Meeting::new(seed, 3);
        let mut order = [0, 1, 2];
        order.rotate_left(rng.below(3) as usize);
        if rng.chance(1, 2) {
            order.swap(1, 2);
        }
        for turn in 0..3 {
            let (at, id) = (order[turn], meeting.goes[order[turn]]);
            for _ in 0..rng.below(3) {
                if meeting.has_adopted(at) {
                    break;
                }
                assert_eq!(meeting.adopt(id), Ok(()));
                meeting.run_for(Duration::from_millis(20 + rng.below(900)));
                if let Some(writer) = order.get(turn + 1) {
                    meeting.write_something(&mut rng, *writer);
                }
                meeting.ring.crash(id);
                meeting.ring.join(id);
                meeting.run_for(Duration::from_secs(30));
                for _ in 0..4 {
                    let writer = order[turn + rng.below(3 - turn as u64) as usize];
                    meeting.write_something(&mut rng, writer);
                }
            }
            if !meeting.has_adopted(at) {
                meeting.adopt_wholly(at);
            }
            for _ in 0..4 {
                if let Some(writer) = order.get(turn + 1) {
                    meeting.write_something(&mut rng, *writer);
                }
            }
        }
        meeting.check();
    }
}

#[test]
fn of_two_lineages_that_adopt_one_another_one_is_refused_at_once() {
    let mut refused = [false; 2];
    for seed in 50..58 {
        let mut meeting = Meeting::new(seed, 1);
        let sides = [meeting.goes[0], meeting.stays[0]];
        let numbers = sides.map(|id| lineage(&meeting.ring, id).unwrap());
        let lesser = usize::from(numbers[1] < numbers[0]);
        let orders: Vec<(Id, u64)> = [(meeting.goes[0], numbers[1])]
            .into_iter()
            .chain(meeting.stays.iter().map(|id| (*id, numbers[0])))
            .collect();
        for (id, to) in &orders {
            let begun = meeting.ring.with(*id, |node, now| node.adopt(now, *to));
            assert_eq!(begun, Some(Ok(())));
        }
        meeting.run_for(Duration::from_secs(4));
        let own = numbers[lesser];
        let gave_way: Vec<Id> = meeting.ended.iter().map(|(id, _)| *id).collect();
        for (id, to) in &orders {
            if *to != own {
                assert!(gave_way.contains(id), "seed {seed}: {:?}", meeting.ended);
            }
        }
        for (_, ended) in meeting.ended.iter().filter(|(_, ended)| ended.to != own) {
            assert_eq!(ended.state, AdoptionState::GivenUp(own), "seed {seed}");
        }
        let goes_on = orders.iter().any(|(id, _)| {
            let adoption = meeting.ring.node(*id).unwrap().adoption();
            let refused = |state: &AdoptionState| matches!(state, AdoptionState::GivenUp(_));
            adoption.is_some_and(|one| one.to == own && !refused(&one.state))
        });
        assert!(goes_on, "seed {seed}");
        refused[lesser] = true;
        meeting.run_for(Duration::from_secs(60));
        // Those that were refused before the others gave way are ordered once more.
        for (id, to) in &orders {
            if *to == own && lineage(&meeting.ring, *id) != Some(own) {
                let begun = meeting.ring.with(*id, |node, now| node.adopt(now, own));
                assert_eq!(begun, Some(Ok(())));
            }
        }
        meeting.run_for(Duration::from_secs(60));
        for (id, _) in &orders {
            assert_eq!(
                lineage(&meeting.ring, *id),
                Some(own),
                "seed {seed}: {:?}",
                meeting.ended
            );
            let done = put(&mut meeting.ring, *id, "after", "all", Level::Quorum);
            assert!(done.is_ok(), "seed {seed}: {done:?}");
            let got = get(&mut meeting.ring, *id, "only 5", Level::Quorum);
            assert_eq!(got, Ok(Some("mine".into())), "seed {seed}");
        }
    }
    assert_eq!(refused, [true; 2], "both sides are seen to give way");
}

#[test]
fn an_order_is_refused_at_once_while_that_lineage_is_given_up_for_this_one() {
    let mut meeting = Meeting::new(55, 1);
    let (newcomer, other) = (meeting.goes[0], meeting.stays[0]);
    let own = lineage(&meeting.ring, newcomer).unwrap();
    assert_eq!(meeting.adopt(newcomer), Ok(()));
    // Nobody says that the conflicts are exported.
    meeting.ring.run_for(Duration::from_secs(10));
    let begun = meeting.ring.with(other, |node, now| node.adopt(now, own));
    assert_eq!(begun, Some(Ok(())));
    meeting.run_for(Duration::from_secs(1));
    let (at, ended) = &meeting.ended[0];
    let to = lineage(&meeting.ring, other).unwrap();
    assert_eq!((*at, &ended.state), (other, &AdoptionState::GivenUp(to)));
}

/// The members of a lineage that are left when one of its three is gone.
fn others_than(gone: usize) -> [usize; 2] {
    [(gone + 1) % 3, (gone + 2) % 3]
}

/// Ends a member's run in this way.
type Goes = fn(&mut Ring, Id);

#[test]
fn a_lineage_is_adopted_without_a_member_that_is_gone_for_good_which_does_no_harm_should_it_return()
{
    let far = |stays: &[Id], n: usize| Id::from_u64(stays[4 * n + 3].to_u64().unwrap() + 1);
    let ways: [Goes; 2] = [Ring::crash, Ring::stop];
    for seed in 70..76 {
        let gone = seed as usize % 3;
        let mut meeting = match seed < 73 {
            true => Meeting::new(seed, 3),
            false => Meeting::at(seed, (12, 3), far),
        };
        // It is gone for a while when the first order comes, or just now.
        ways[seed as usize % 2](&mut meeting.ring, meeting.goes[gone]);
        meeting.run_for(Duration::from_secs(if seed < 72 { 60 } else { 8 }));
        meeting.ring.crash(meeting.goes[gone]);
        let [first, last] = others_than(gone);
        for number in BOTH..NAMES {
            meeting.put(first, &format!("only {number}"), "without it");
        }
        meeting.delete(last, "only 5");
        meeting.adopt_wholly(first);
        // The one that is left goes on, also if it restarts.
        meeting.put(last, "only 6", "later");
        meeting.delete(last, "only 7");
        let id = meeting.goes[last];
        meeting.ring.crash(id);
        meeting.ring.join(id);
        meeting.run_for(Duration::from_secs(40));
        meeting.put(last, "only 8", "after a restart");
        // It comes back while the lineage is there, or later.
        let (late, is_near) = (seed % 2 == 0, seed < 73);
        if late {
            meeting.adopt_wholly(last);
        }
        meeting.ring.join(meeting.goes[gone]);
        meeting.run_for(Duration::from_secs(60));
        if !late && is_near {
            // A neighbour has taken it in again.
            for (key, value) in [("only 6", Some("later".to_string())), ("only 7", None)] {
                let got = get(&mut meeting.ring, meeting.goes[gone], key, Level::Quorum);
                assert_eq!(got, Ok(value), "seed {seed}\n{}", meeting.describe());
            }
            meeting.put(gone, "only 9", "by the one that is back");
        } else {
            let groups = meeting.ring.node(meeting.goes[gone]).unwrap().groups();
            let held = groups.unwrap().held().count();
            assert_eq!(held, 0, "seed {seed}\n{}", meeting.describe());
            assert_eq!(groups.unwrap().keys().count(), 0);
        }
        if !late {
            meeting.adopt_wholly(last);
        }
        meeting.adopt_wholly(gone);
        meeting.check();
        let done = |(_, ended): &(Id, Adoption)| ended.state == AdoptionState::Done;
        assert!(meeting.ended.iter().all(done), "{:?}", meeting.ended);
    }
}

#[test]
fn where_a_majority_of_the_lineage_is_gone_an_adoption_says_so_and_ends_after_a_repair() {
    let mut meeting = Meeting::new(80, 3);
    meeting.adopt_wholly(0);
    let [left, gone] = [meeting.goes[1], meeting.goes[2]];
    // Of the two that are left both are needed.
    meeting.ring.crash(gone);
    meeting.run_for(Duration::from_secs(40));
    meeting.ended.clear();
    assert_eq!(meeting.adopt(left), Ok(()));
    // As docs/running-a-peer.md says.
    meeting.run_for(Duration::from_secs(120));
    let ended = meeting.ended.first().map(|(_, ended)| &ended.state);
    let Some(AdoptionState::Held(awaited)) = ended else {
        panic!("{:?}\n{}", meeting.ended, meeting.describe());
    };
    let awaited: Vec<Id> = awaited.iter().map(|member| member.id()).collect();
    assert_eq!(awaited, [gone]);
    let groups = meeting.ring.node(left).unwrap().groups().unwrap();
    let ranges: Vec<Id> = groups.held().map(|held| held.group.upto).collect();
    for upto in ranges {
        let begun = meeting
            .ring
            .with(left, |node, now| node.repair_range(now, upto, vec![gone]));
        match meeting.ring.outcome(left, begun.unwrap().unwrap()) {
            Event::RangeRepaired(_, outcome) => assert!(outcome.is_ok(), "{outcome:?}"),
            other => panic!("{other:?}"),
        }
    }
    meeting.put(1, "only 5", "after the repair");
    meeting.adopt_wholly(1);
    meeting.ring.join(gone);
    meeting.run_for(Duration::from_secs(60));
    let groups = meeting.ring.node(gone).unwrap().groups().unwrap();
    assert_eq!((groups.held().count(), groups.keys().count()), (0, 0));
    assert!(
        !meeting.ring.aside(gone).is_empty(),
        "what it had is set aside"
    );
    meeting.adopt_wholly(2);
    meeting.check();
}
