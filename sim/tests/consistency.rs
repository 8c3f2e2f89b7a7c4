//! The world of consistency: what its systems promise, judged over random runs by checkers that share nothing with the stores.
#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing)]

use std::sync::Arc;
use std::time::Duration;

use chordscope_core::base::id::Id;
use chordscope_core::base::rng::Rng;
use chordscope_core::base::time::Instant;
use chordscope_sim::checks::history::{Answer, Asked, Operation, deeds};
use chordscope_sim::checks::judge::Verdict as Judged;
use chordscope_sim::checks::linearizable::is_linearizable;
use chordscope_sim::checks::verdict::Verdict;
use chordscope_sim::engine::World;
use chordscope_sim::worlds::consistency::ConsistencyWorld;
use chordscope_sim::worlds::consistency::action::{Action, Deed};
use chordscope_sim::worlds::consistency::scenario::Scenario;
use chordscope_sim::worlds::consistency::setup::{Setup, System};

fn begin(setup: &Setup, seed: u64) -> ConsistencyWorld {
    ConsistencyWorld::begin(&Arc::new(setup.clone()), seed).unwrap()
}

fn run_until(world: &mut ConsistencyWorld, to: Instant) {
    while world.step_until(to) {}
    world.rest_until(to);
}

/// Random calls, one at a time a client, with faults where wanted; then the network is whole.
fn random(setup: &Setup, seed: u64, faults: bool) -> ConsistencyWorld {
    let mut rng = Rng::from_seed(seed, 0xc0);
    let mut world = begin(setup, seed);
    let clients = setup.clients.len() as u64;
    for _ in 0..24 {
        let client = rng.below(clients) as u8;
        let is_free = world.sides().iter().all(|side| side.open_of(client) == 0);
        let deed = match rng.below(8) {
            0..4 => Deed::Get,
            4..6 => Deed::Put("a value".into()),
            6 => Deed::Delete,
            _ => Deed::Swap("another".into()),
        };
        if is_free {
            let name = 0;
            world.act(Action::Call { client, name, deed }).unwrap();
        }
        if faults {
            let node = setup.nodes[rng.below(setup.nodes.len() as u64) as usize];
            drop(match rng.below(12) {
                0 | 1 => {
                    let half = setup.nodes.iter().filter(|_| rng.chance(1, 2));
                    let half: Vec<Id> = half.copied().collect();
                    world.act(Action::Cut(half))
                }
                2 | 3 => world.act(Action::Heal),
                4 => world.act(Action::Crash(node)),
                5 | 6 => world.act(Action::Restart(node)),
                7 => world.act(Action::LoseMessage),
                _ => Ok(()),
            });
        }
        let pause = rng.duration(Duration::from_millis(20), Duration::from_millis(700));
        let to = world.now() + pause;
        run_until(&mut world, to);
    }
    world.act(Action::Heal).unwrap();
    for node in &setup.nodes {
        drop(world.act(Action::Restart(*node)));
    }
    let end = world.now() + Duration::from_secs(12);
    run_until(&mut world, end);
    world
}

fn history(world: &ConsistencyWorld, system: System) -> &[Operation] {
    &world.side(system).unwrap().names()[0].history
}

fn can_be_ordered(history: &[Operation]) -> bool {
    let deeds: Vec<_> = deeds(history).into_iter().map(|(_, deed)| deed).collect();
    is_linearizable(&deeds)
}

#[test]
fn level_quorum_is_linearizable_whatever_breaks_and_level_one_is_not() {
    let setup = Setup::lesson();
    let (mut answered, mut refused, mut contradictions) = (0, 0, 0);
    for seed in 0..24 {
        let world = random(&setup, seed, true);
        let quorum = history(&world, System::Quorum);
        assert!(can_be_ordered(quorum), "seed {seed}: {quorum:?}");
        answered += quorum.iter().filter(|one| one.is_answered()).count();
        refused += quorum.len() - quorum.iter().filter(|one| one.is_answered()).count();
        let one = history(&world, System::One);
        contradictions += usize::from(!can_be_ordered(one));
        for side in world.sides() {
            let register = &side.names()[0];
            let is_contradiction = matches!(register.judge.verdict(), Judged::Contradiction { .. });
            assert_eq!(
                is_contradiction,
                !can_be_ordered(&register.history),
                "seed {seed}"
            );
            assert!(register.history.iter().all(|one| one.returned.is_some()));
        }
        let stale = |system| {
            let register = &world.side(system).unwrap().names()[0];
            let numbers = 0..register.history.len() as u32;
            let verdicts = numbers.filter_map(|number| register.verdict(number));
            verdicts
                .filter(|one| matches!(one, Verdict::Stale { .. } | Verdict::Conflicting { .. }))
                .count()
        };
        assert_eq!(stale(System::Quorum), 0, "seed {seed}: {quorum:?}");
    }
    assert!(answered > 200 && refused > 30, "{answered} {refused}");
    assert!(contradictions > 5, "{contradictions}");
}

#[test]
fn without_faults_both_levels_answer_everything_with_what_is_fresh() {
    for seed in 0..6 {
        let world = random(&Setup::lesson(), seed, false);
        for side in world.sides() {
            let register = &side.names()[0];
            assert!(
                register.history.iter().all(Operation::is_answered),
                "seed {seed}"
            );
        }
        assert!(can_be_ordered(history(&world, System::Quorum)));
    }
}

#[test]
fn one_store_is_linearizable_and_makes_clients_wait() {
    let setup = Setup::step(System::OneStore);
    let hold = Duration::from_millis(setup.hold_ms.into());
    for seed in 0..20 {
        let world = random(&setup, seed, true);
        let operations = history(&world, System::OneStore);
        assert!(can_be_ordered(operations), "seed {seed}: {operations:?}");
        // No two take effect within the time that the store needs for one.
        let Judged::Linearizable(points) = world.sides()[0].names()[0].judge.verdict() else {
            panic!("seed {seed}");
        };
        assert!(!points.is_empty());
        for one in operations.iter().filter(|one| one.is_answered()) {
            let (at, _) = one.returned.unwrap();
            assert!(at.since(one.called) >= hold);
        }
    }
}

#[test]
fn messages_keep_two_copies_linearizable_until_one_is_lost() {
    let setup = Setup::step(System::Messages);
    let mut contradictions = 0;
    for seed in 0..40 {
        let whole = random(&setup, seed, false);
        let operations = history(&whole, System::Messages);
        assert!(can_be_ordered(operations), "seed {seed}: {operations:?}");
        assert!(operations.iter().all(Operation::is_answered));
        let broken = random(&setup, seed, true);
        contradictions += usize::from(!can_be_ordered(history(&broken, System::Messages)));
    }
    assert!(contradictions > 5, "{contradictions}");
}

#[test]
fn copies_that_tell_one_another_agree_in_the_end_and_others_need_not() {
    let mut apart = 0;
    for seed in 0..20 {
        let told = random(&Setup::step(System::Messages), seed, false);
        let side = &told.sides()[0];
        let nodes = &told.setup().nodes;
        assert_eq!(
            side.held(nodes[0], 0),
            side.held(nodes[1], 0),
            "seed {seed}"
        );
        let untold = random(&Setup::step(System::Copies), seed, false);
        let side = &untold.sides()[0];
        apart += usize::from(side.held(nodes[0], 0) != side.held(nodes[1], 0));
    }
    assert!(apart > 10, "{apart}");
}

#[test]
fn systems_side_by_side_run_as_each_does_alone() {
    let both = Setup::lesson();
    for seed in 0..3 {
        let together = random(&both, seed, true);
        for system in [System::One, System::Quorum] {
            let mut alone = both.clone();
            alone.systems = vec![system];
            let mut alone = begin(&alone, seed);
            // The same actions at the same times: those that were carried out together.
            let mut trace = Vec::new();
            let mut again = together.clone();
            trace.extend(again.take_trace());
            for entry in trace {
                if let chordscope_sim::worlds::consistency::trace::What::Acted(action) = entry.what
                {
                    run_until(&mut alone, entry.at);
                    alone.act(action).unwrap();
                }
            }
            run_until(&mut alone, together.now());
            assert_eq!(history(&alone, system), history(&together, system));
        }
    }
}

#[test]
fn a_refund_is_for_a_confirmed_order_that_another_one_replaced_and_is_paid_once() {
    let mut setup = Setup::lesson();
    setup.shop = true;
    let mut count = 0;
    for seed in 0..24 {
        let world = random(&setup, seed, true);
        for side in world.sides() {
            let register = &side.names()[0];
            let refunds = side.refunds();
            for (place, refund) in refunds.iter().enumerate() {
                let sequence = |number: u32| match register.history[number as usize].answer() {
                    Some(Answer::Done(sequence)) => Some(sequence),
                    _ => None,
                };
                assert_eq!(side.system(), System::One);
                assert!(sequence(refund.order).is_some());
                assert_ne!(refund.order, refund.stands);
                assert!(
                    refunds[..place]
                        .iter()
                        .all(|other| other.order != refund.order)
                );
                count += 1;
            }
        }
    }
    let scenario = Scenario::named("last-copy").unwrap();
    let mut world = begin(&scenario.setup, scenario.seed);
    for timed in &scenario.setup.actions {
        run_until(&mut world, timed.at);
        world.act(timed.action.clone()).unwrap();
    }
    run_until(&mut world, scenario.until);
    let side = world.side(System::One).unwrap();
    let refund = side.refunds()[0];
    let orders: Vec<u32> = (0..)
        .zip(&side.names()[0].history)
        .filter(|(_, one)| one.asked == Asked::Put && one.answer() == Some(Answer::Done(2)))
        .map(|(number, _)| number)
        .collect();
    let mut expected = [refund.order, refund.stands];
    expected.sort_unstable();
    assert_eq!(orders, expected);
    // It is paid after the cut has healed, and by no other way than the event.
    let healed = Instant::from_millis(8_600);
    assert!(refund.at > healed && side.names()[0].decisions[0].at <= refund.at);
    assert!(count + side.refunds().len() > 0);
}

#[test]
fn a_limit_ends_calls_and_is_said() {
    let mut world = begin(&Setup::lesson(), 1);
    let call = || Action::Call {
        client: 0,
        name: 0,
        deed: Deed::Get,
    };
    let done = (0..20).filter(|_| world.act(call()).is_ok()).count();
    assert_eq!(done, chordscope_sim::worlds::consistency::action::MAX_OPEN);
    assert!(world.act(Action::Restart(Id::from_u64(1))).is_err());
    assert!(world.act(Action::Crash(Id::from_u64(2))).is_err());
}
