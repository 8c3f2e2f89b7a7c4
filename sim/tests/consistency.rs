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
use chordscope_sim::worlds::consistency::action::{Action, Deed};
use chordscope_sim::worlds::consistency::judgement::{Judgement, Limited};
use chordscope_sim::worlds::consistency::scenario::Scenario;
use chordscope_sim::worlds::consistency::setup::{Setup, System};
use chordscope_sim::worlds::consistency::{ConsistencyWorld, History};

fn begin(setup: &Setup, seed: u64) -> ConsistencyWorld {
    ConsistencyWorld::begin(&Arc::new(setup.clone()), seed).unwrap()
}

fn run_until(world: &mut ConsistencyWorld, to: Instant) {
    while world.step_until(to) {}
    world.rest_until(to);
}

/// Random calls, one at a time a client, with faults where wanted; then the network is whole. Machines that tell one another of what
/// they write get no conditional writes: two of these may both succeed.
fn random(setup: &Setup, seed: u64, faults: bool) -> ConsistencyWorld {
    let requests = match setup.systems.contains(&System::Messages) {
        true => 6,
        false => 8,
    };
    let mut rng = Rng::from_seed(seed, 0xc0);
    let mut world = begin(setup, seed);
    let clients = setup.clients.len() as u64;
    for _ in 0..24 {
        let client = rng.below(clients) as u8;
        let is_free = world.sides().iter().all(|side| side.open_of(client) == 0);
        let deed = match rng.below(requests) {
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
            let _ = match rng.below(12) {
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
            };
        }
        let pause = rng.duration(Duration::from_millis(20), Duration::from_millis(700));
        let to = world.now() + pause;
        run_until(&mut world, to);
    }
    world.act(Action::Heal).unwrap();
    for node in &setup.nodes {
        let _ = world.act(Action::Restart(*node));
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
    for seed in 0..32 {
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
    assert!(answered > 150 && refused > 30, "{answered} {refused}");
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
                    let _ = alone.act(action);
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
fn every_way_to_a_moment_gives_the_same_world() {
    for scenario in Scenario::all() {
        let mut history = History::new(scenario.setup.clone(), scenario.seed).unwrap();
        let mut digests = Vec::new();
        let mut rng = Rng::from_seed(7, 0xb4c);
        for millis in (0..scenario.until.as_millis()).step_by(1_500) {
            history.advance_to(Instant::from_millis(millis));
            digests.push((millis, history.world().digest(), history.world().moment(0)));
        }
        for _ in 0..8 {
            let (millis, digest, moment) = &digests[rng.below(digests.len() as u64) as usize];
            history.seek(Instant::from_millis(*millis));
            assert_eq!(
                history.world().digest(),
                *digest,
                "{} {millis}",
                scenario.name
            );
            assert_eq!(history.world().moment(0), *moment);
        }
    }
}

#[test]
fn what_is_foreseen_of_a_call_is_what_comes() {
    for scenario in Scenario::all() {
        let mut history = History::new(scenario.setup.clone(), scenario.seed).unwrap();
        let calls = scenario.setup.actions.iter();
        let calls = calls.filter(|timed| matches!(timed.action, Action::Call { .. }));
        let calls: Vec<Instant> = calls.map(|timed| timed.at).collect();
        for number in scenario.predictions {
            history.seek(calls[*number as usize]);
            let plan = history.actions().to_vec();
            let foreseen = history.world().foresee(&plan, 0, *number).unwrap();
            history.advance_to(scenario.until);
            for (view, foreseen) in history.world().moment(0).iter().zip(&foreseen) {
                let came = &view.bars[*number as usize];
                let seen = (&came.value, came.version, came.returned, came.reason);
                let told = (
                    &foreseen.value,
                    foreseen.version,
                    foreseen.returned,
                    foreseen.reason,
                );
                assert_eq!(seen, told, "{} {number}", scenario.name);
            }
        }
    }
}

/// The sentences of the last copy of a book that a page can say of the run.
#[test]
fn the_facts_of_the_last_copy_are_those_of_its_run() {
    let scenario = Scenario::named("last-copy").unwrap();
    let mut history = History::new(scenario.setup.clone(), scenario.seed).unwrap();
    history.advance_to(Instant::from_millis(7_000));
    let world = history.world();
    for system in [System::One, System::Quorum] {
        let reach = |client| world.reach(system, client, 0).unwrap();
        assert_eq!([0, 1, 2].map(|client| reach(client).replicas), [2, 1, 1]);
        assert_eq!((reach(0).group, reach(0).majority), (3, 2));
    }
    let responsible = |system| -> Vec<Id> {
        let moment = world.moment(0);
        let view = moment.iter().find(|view| view.system == system).unwrap();
        let nodes = view.replicas.iter().filter(|one| one.is_responsible);
        nodes.map(|one| one.node).collect()
    };
    // Each half has an owner of the key.
    assert_eq!(responsible(System::One), [4, 28].map(Id::from_u64));
    let since = Instant::from_millis(8_600);
    history.advance_to(scenario.until);
    let world = history.world();
    let [one, quorum] = &world.moment(0)[..] else {
        panic!("two systems");
    };
    assert_eq!((one.tally.answered, one.tally.refused), (12, 0));
    assert_eq!((quorum.tally.answered, quorum.tally.refused), (9, 3));
    assert!(one.contradicts() && !quorum.contradicts());
    let said = [one, quorum].map(|view| Judgement::of(view).text(view.system));
    assert_eq!(
        said,
        [
            "Level one is not linearizable: 3 operations contradict one another, and no fewer do.",
            "Level quorum is linearizable: one register, used by one client at a time, explains all 9 answers.",
        ]
    );
    assert_eq!([one, quorum].map(Limited::of), [None, None]);
    // A put, one that replaced it and had returned, and a read of the first that was called later.
    let [first, second, read] = one.contradiction() else {
        panic!("{:?}", one.contradiction());
    };
    let bar = |number: &u32| &one.bars[*number as usize];
    assert_eq!(bar(read).version.unwrap().by, *first);
    assert!(bar(second).returned.unwrap() < bar(read).called);
    assert!(bar(first).returned.unwrap() < bar(second).called);
    // Node 4 changed when nobody wrote, and from then on all agree.
    let group: Vec<Id> = [28, 1, 4].map(Id::from_u64).to_vec();
    let of_group = one.replicas.iter().filter(|replica| replica.is_of_group);
    assert!(
        of_group
            .map(|replica| replica.node)
            .all(|node| group.contains(&node))
    );
    let changed = one.unprompted.iter();
    let changed: Vec<_> = changed
        .filter(|change| group.contains(&change.node))
        .collect();
    let nodes: Vec<Id> = changed.iter().map(|change| change.node).collect();
    assert_eq!(nodes, [Id::from_u64(4)]);
    let agreed = world.repair(System::One, 0, since).unwrap().agreed;
    assert_eq!(agreed, Some(changed[0].at));
    let delay = world.refund_delay(System::One, &one.refunds[0]).unwrap();
    assert!(delay > Duration::from_secs(2), "{delay:?}");
    assert!(quorum.refunds.is_empty());
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
