//! Repair by hand: a majority of a group is gone, somebody goes on without it, and then it returns.

use std::collections::BTreeSet;

use chordscope_core::base::id::Id;
use chordscope_core::store::group::configuration::Configuration;
use chordscope_core::store::group::repair::RepairError;
use chordscope_core::store::group::{Groups, Input, Rules};

use crate::checker::{Act, Operation, Value};
use crate::client::{Client, key_of};
use crate::history::{Outcome, calm, judge, names};
use crate::run_all;
use crate::world::World;
use chordscope_sim::checks::linearizable::is_linearizable;

/// The number of histories with a repair that are checked.
const HISTORIES: u64 = 1_500;
/// The time for which a repair is tried again, in virtual milliseconds.
const TIMEOUT: u64 = 6_000;

/// The group of a key that all of its members are in.
fn group_of(world: &World, key: Id) -> Option<Configuration> {
    let machine = |id: Id| world.actors.get(&id)?.machine.as_ref();
    let holds = |machine: &Groups, group: &Configuration| {
        let mut held = machine.held();
        held.any(|held| held.group.id() == group.id() && held.decided.is_none())
    };
    let machines = world.actors.values().filter_map(|a| a.machine.as_ref());
    let groups = machines.flat_map(Groups::held);
    let groups = groups.filter(|held| held.decided.is_none() && held.group.covers(key));
    let mut groups = groups.map(|held| held.group.clone());
    groups.find(|group| {
        let mut members = group.members.iter();
        members.all(|m| machine(m.id()).is_some_and(|machine| holds(machine, group)))
    })
}

/// Returns whether a register explains what is left of a history once everything from before a moment may be lost: it begins with a value
/// that was written before, and a write that was under way may take effect or not.
fn is_linearizable_from(history: &[Operation], from: u64) -> bool {
    let after = history.iter().filter(|op| op.start >= from).copied();
    let under_way = history.iter().filter(|op| op.start < from);
    let under_way = under_way.filter_map(|op| match op.act {
        Act::Unsure { expected, new } | Act::Swapped { expected, new } if op.end >= from => {
            let (act, end) = (Act::Unsure { expected, new }, u64::MAX);
            Some(Operation { act, end, ..*op })
        }
        _ => None,
    });
    let rest: Vec<Operation> = under_way.chain(after).collect();
    let written = history.iter().filter(|op| op.start < from);
    let written = written.filter_map(|op| match op.act {
        Act::Unsure { new, .. } | Act::Swapped { new, .. } => Some(new),
        _ => None,
    });
    let values: BTreeSet<Value> = written.chain([0]).collect();
    values.into_iter().any(|value| {
        let act = Act::Wrote(value);
        let (start, end) = (0, 0);
        let first = Operation { act, start, end };
        let whole: Vec<Operation> = [first].into_iter().chain(rest.iter().copied()).collect();
        is_linearizable(&whole)
    })
}

/// Orders the repair until it is done; when it was.
fn repair(world: &mut World, at: Id, key: Id, lost: &[Id]) -> Option<u64> {
    let end = world.now + TIMEOUT;
    let mut orders = Vec::new();
    while world.now < end {
        orders.push(world.now);
        world.input(at, Input::Repair(world.now, key, lost.to_vec()));
        let next = world.now + 900;
        while world.now < next {
            let soon = world.now + 20;
            world.run_until(soon);
            let ended = std::mem::take(&mut world.repairs);
            if ended.iter().any(Result::is_ok) {
                return Some(world.now);
            }
            // The others are not missed yet, or an earlier order is still under way.
            if !ended.is_empty() {
                break;
            }
        }
        let again = world.now + 100;
        world.run_until(again);
    }
    // What is left of it must not take effect later, unnoticed.
    for number in orders {
        world.input(at, Input::EndRepair(number));
    }
    let ended = std::mem::take(&mut world.repairs);
    ended.iter().any(Result::is_ok).then_some(world.now)
}

fn run(seed: u64, rules: Rules) -> Outcome {
    let mut world = World::new(seed, rules);
    world.confused = false;
    world.loss = [0, 0, 10, 60][world.rng.below(4) as usize];
    let first = world.rng.below(256);
    let ring: Vec<u64> = (0..4 + world.rng.below(3))
        .map(|n| (first + 41 * n) % 256)
        .collect();
    world.settle(&ring);
    let names = names(seed, 1);
    let key = key_of(&names[0]);
    for number in 1..=3 {
        let up = world.up();
        let home = up[world.rng.below(up.len() as u64) as usize];
        world.add_client(Client::new(number, home, &names, 60));
    }
    let begin = 300 + world.rng.below(400);
    world.run_until(begin);
    let Some(group) = group_of(&world, key) else {
        calm(&mut world);
        return judge(&mut world, &names, &|history| is_linearizable(history));
    };
    let mut lost: Vec<Id> = group.members.iter().map(|member| member.id()).collect();
    let at = lost.remove(world.rng.below(lost.len() as u64) as usize);
    for id in lost.clone() {
        world.crash(id);
        let soon = world.now + world.rng.below(80);
        world.run_until(soon);
    }
    let Some(repaired) = repair(&mut world, at, key, &lost) else {
        // A change had been decided, and the group of now can be another one.
        calm(&mut world);
        return judge(&mut world, &names, &|history| is_linearizable(history));
    };
    let on = world.now + 400 + world.rng.below(500);
    world.run_until(on);
    if world.rng.chance(1, 3) {
        world.crash(at);
    }
    // The old majority returns, in any order, and some of it again.
    for _ in 0..1 + world.rng.below(3) {
        if world.rng.chance(1, 2) {
            lost.reverse();
        }
        for id in lost.clone() {
            world.restart(id);
            let soon = world.now + world.rng.below(300);
            world.run_until(soon);
        }
        let on = world.now + world.rng.below(900);
        world.run_until(on);
        for id in lost.clone() {
            world.crash(id);
        }
    }
    calm(&mut world);
    let outcome = judge(&mut world, &names, &|history| {
        is_linearizable_from(history, repaired)
    });
    let aside: usize = lost.iter().map(|id| world.aside(*id)).sum();
    Outcome {
        repaired: true,
        aside,
        ..outcome
    }
}

#[test]
fn histories_with_a_repair_stay_linearizable_when_the_old_majority_returns() {
    let failed = |outcome: &Outcome| outcome.violation.is_some() || outcome.stuck.is_some();
    let (outcomes, bad) = run_all(0..HISTORIES, Rules::ALL, run, failed);
    if let Some((seed, outcome)) = bad {
        panic!("seed {seed}: {outcome:?}");
    }
    let repaired = outcomes.iter().filter(|outcome| outcome.repaired).count();
    let aside = outcomes.iter().filter(|outcome| outcome.aside > 0).count();
    println!(
        "{} histories, {repaired} repaired, {aside} with records set aside",
        outcomes.len()
    );
    assert!(repaired > outcomes.len() / 2, "most can be repaired");
    assert!(aside > repaired / 2, "most old members have had records");
}

#[test]
fn histories_miss_the_fence() {
    let rules = Rules {
        fence: false,
        ..Rules::ALL
    };
    let (_, caught) = run_all(0..HISTORIES, rules, run, |outcome| {
        outcome.violation.is_some()
    });
    println!(
        "without fences: caught by seed {:?}",
        caught.as_ref().map(|(seed, _)| seed)
    );
    assert!(caught.is_some(), "nobody misses the fence");
}

#[test]
fn a_repair_is_refused_with_the_reason() {
    let mut world = World::new(1, Rules::ALL);
    world.confused = false;
    world.settle(&[10, 60, 110, 160, 210]);
    world.run_until(500);
    let names = names(1, 1);
    let key = key_of(&names[0]);
    let group = group_of(&world, key).unwrap();
    let [at, b, c] = [0, 1, 2].map(|n| group.members[n].id());
    let stranger = world
        .actors
        .keys()
        .find(|id| !group.has(**id))
        .copied()
        .unwrap();
    let order = |world: &mut World, at: Id, lost: &[Id]| {
        world.input(at, Input::Repair(1, key, lost.to_vec()));
        world.repairs.pop()
    };
    let refused = |error| Some(Err(error));
    assert_eq!(
        order(&mut world, stranger, &[b, c]),
        refused(RepairError::NoGroup)
    );
    assert_eq!(order(&mut world, at, &[b]), refused(RepairError::NotNeeded));
    assert_eq!(
        order(&mut world, at, &[b, stranger]),
        refused(RepairError::NotMember(stranger))
    );
    assert_eq!(
        order(&mut world, at, &[b, at]),
        refused(RepairError::Itself)
    );
    assert_eq!(
        order(&mut world, at, &[b, c]),
        refused(RepairError::Present(b))
    );
    world.crash(b);
    world.crash(c);
    let soon = world.now + 250;
    world.run_until(soon);
    // It is another one, and lost in the same way, if the group has changed in this moment.
    assert_eq!(order(&mut world, at, &[b]), refused(RepairError::NotNeeded));
    assert_eq!(order(&mut world, at, &[b, c]), None, "it begins");
    assert_eq!(order(&mut world, at, &[b, c]), refused(RepairError::Busy));
    let soon = world.now + 900;
    world.run_until(soon);
    let fence = world.repairs.pop().unwrap().unwrap();
    let lost: Vec<Id> = fence.lost.iter().map(|(id, _)| *id).collect();
    assert_eq!((fence.generation, lost), (1, vec![b, c]));
    assert_eq!(
        order(&mut world, at, &[b, c]),
        refused(RepairError::Repaired(b, 1))
    );
    assert_eq!(
        order(&mut world, at, &[Id::from_u64(255)]),
        refused(RepairError::NotMember(Id::from_u64(255)))
    );
}
