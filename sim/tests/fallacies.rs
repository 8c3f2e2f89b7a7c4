//! The eight fallacies: what each run measures against oracles, and what is said of each against what must come out.
#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing)]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use chordscope_core::base::id::Id;
use chordscope_core::base::time::Instant;
use chordscope_sim::engine::World;
use chordscope_sim::engine::history::export;
use chordscope_sim::engine::trace::Entry;
use chordscope_sim::worlds::fallacies::action::{Action, Refusal};
use chordscope_sim::worlds::fallacies::comparison::{Effect, Pair, Side, Table};
use chordscope_sim::worlds::fallacies::lever::{Fallacy, Levers};
use chordscope_sim::worlds::fallacies::measure::Measure;
use chordscope_sim::worlds::fallacies::permalink::Permalink;
use chordscope_sim::worlds::fallacies::price::Prices;
use chordscope_sim::worlds::fallacies::scenario::{Goal, Scenario, Step};
use chordscope_sim::worlds::fallacies::setup::{FETCH_AT, SEGMENT, Setup};
use chordscope_sim::worlds::fallacies::terms::{Policy, Role};
use chordscope_sim::worlds::fallacies::trace::{Operation, Outcome, Reason, What};
use chordscope_sim::worlds::fallacies::work::OperationTrace;
use chordscope_sim::worlds::fallacies::{FallaciesWorld, History, Run};
use chordscope_sim::worlds::swarm;

const SEED: u64 = 7;

fn faced(fallacies: &[Fallacy]) -> Setup {
    let levers = fallacies
        .iter()
        .fold(Levers::all(false), |levers, of| levers.switched(*of, true));
    Setup {
        length: Duration::from_secs(40),
        ..Setup::usual(levers)
    }
}

/// A run to its end, with all entries of its trace and all operations that ended.
fn watched(setup: &Setup, seed: u64) -> (FallaciesWorld, Vec<Entry<What>>, Vec<OperationTrace>) {
    let end = Instant::ZERO + setup.length;
    let mut run = Run::begin(&Arc::new(setup.clone()), seed).unwrap();
    let (mut entries, mut ended) = (Vec::new(), BTreeMap::new());
    let mut now = Instant::ZERO;
    while now < end {
        now = end.min(now + Duration::from_secs(2));
        run.run_until(now);
        entries.extend(run.take_trace());
        let own = run.world().ended();
        ended.extend(own.map(|one| (one.number, one.clone())));
    }
    (run.into_world(), entries, ended.into_values().collect())
}

fn finished(setup: &Setup, seed: u64) -> FallaciesWorld {
    watched(setup, seed).0
}

/// The owner of a key among all peers: the first at it or behind it.
fn owner(world: &FallaciesWorld, key: Id) -> Id {
    let ids: Vec<Id> = (0..world.setup().peers)
        .map(|peer| world.peer(peer).unwrap().id)
        .collect();
    let behind = ids.iter().filter(|id| **id >= key).min();
    *behind.or_else(|| ids.iter().min()).unwrap()
}

// What is measured, against oracles.

#[test]
fn lookups_are_right_where_they_name_the_first_peer_at_or_behind_the_key() {
    for fallacies in [&[][..], &[Fallacy::Secure], &[Fallacy::Reliable]] {
        let (world, _, ended) = watched(&faced(fallacies), SEED);
        let mut right = 0;
        for lookup in &ended {
            let (Operation::Lookup(key), Some(named)) = (lookup.operation, lookup.path.last())
            else {
                continue;
            };
            let named = world.peer(*named).unwrap();
            let expected = match named.id == owner(&world, key) {
                true => Outcome::Right,
                false => Outcome::Wrong {
                    by_liar: named.traits.is_liar,
                },
            };
            assert_eq!(lookup.outcome, Some(expected), "{lookup:?}");
            right += u64::from(expected == Outcome::Right);
        }
        let measured = world.measured();
        assert_eq!(measured.lookups.right, right);
        // Every 100 ms but for the quiet end.
        assert_eq!(measured.lookups.all(), 280);
    }
}

#[test]
fn percentiles_and_hops_are_those_of_all_lookups_that_were_right() {
    let (world, _, ended) = watched(&faced(&[Fallacy::Latency]), SEED);
    let right = ended
        .iter()
        .filter(|one| one.outcome == Some(Outcome::Right));
    let right: Vec<&OperationTrace> = right.collect();
    let took = |one: &&OperationTrace| one.ended.unwrap().as_micros() - one.began.as_micros();
    let mut times: Vec<u64> = right.iter().map(took).collect();
    times.sort_unstable();
    let measured = world.measured();
    for (percent, of) in [(50, measured.p50), (99, measured.p99)] {
        let at_most = times.iter().filter(|time| **time <= of.unwrap()).count();
        let below = times.iter().filter(|time| **time < of.unwrap()).count();
        assert!(at_most * 100 >= times.len() * percent);
        assert!(below * 100 < times.len() * percent);
    }
    let hops: usize = right.iter().map(|one| one.path.len() - 1).sum();
    assert_eq!(measured.lookups.hops, hops as u64);
    // Each hop takes 40 to 80 ms, and so does the answer.
    for lookup in right.iter().filter(|one| one.path.len() > 1) {
        let messages = lookup.path.len() as u64;
        let (least, most) = (messages * 40_000, messages * 80_000 + 5_000);
        assert!((least..=most).contains(&took(lookup)), "{lookup:?}");
    }
}

#[test]
fn the_file_arrives_as_it_was_and_never_sooner_than_the_textbooks_bound() {
    let (world, entries, _) = watched(&faced(&[Fallacy::Bandwidth]), SEED);
    let file = world.file().unwrap();
    assert_eq!((file.clients, file.served), (8, 8));
    let (length, rate) = (32.0 * SEGMENT as f64, 250_000.0);
    // All lines are alike: F/u, or N F over the uplinks of seed and clients.
    let bound = f64::max(length / rate, 8.0 * length / (9.0 * rate));
    assert!(file.took.as_secs_f64() > bound);
    assert!(file.took.as_secs_f64() < 2.5 * bound);
    let mut complete = BTreeSet::new();
    let mut last = Instant::ZERO;
    for entry in &entries {
        if let What::Complete(peer) = entry.what {
            complete.insert(peer);
            last = entry.at;
        }
    }
    assert_eq!(last.since(Instant::ZERO + FETCH_AT), file.took);
    for peer in complete {
        let peer = world.peer(peer).unwrap();
        assert_eq!((peer.role, peer.complete.is_some()), (Role::Client, true));
        let swarm = peer.swarm.unwrap();
        let content = swarm.contents().next().unwrap();
        assert!(swarm.have(content).unwrap().is_full());
        assert_eq!(swarm.manifest(content).unwrap().content(), content);
    }
    // Each segment that was written was compared with the file.
    assert_eq!(world.measured().damage.kept, 0);
}

#[test]
fn bytes_are_the_sum_of_what_was_given_to_lines_and_money_is_bytes_by_the_list() {
    let mut setup = faced(&[Fallacy::Bandwidth, Fallacy::Cost]);
    setup.received_price = 3;
    let world = finished(&setup, SEED);
    let measured = world.measured();
    let network = measured.network;
    let given = network.ring.bytes + network.records.bytes + network.file.bytes;
    let waiting: u64 = (0..32).map(|peer| world.peer(peer).unwrap().waiting).sum();
    assert_eq!(measured.sent + waiting, given);
    let bills = world.bills();
    assert_eq!(
        bills.iter().map(|bill| bill.sent).sum::<u64>(),
        measured.sent
    );
    let on_its_way = world.in_flight();
    let on_its_way = on_its_way.filter(|parcel| parcel.left.is_none());
    let unsent: u64 = on_its_way.map(|parcel| parcel.bytes).sum();
    let received: u64 = bills.iter().map(|bill| bill.received).sum();
    assert_eq!(received + unsent, given);
    let prices = Prices {
        sent: 8,
        received: 3,
    };
    let sum: u64 = bills
        .iter()
        .map(|bill| prices.cost(bill.sent, bill.received))
        .sum();
    assert_eq!(measured.nanocents, sum);
    assert!(bills.is_sorted_by_key(|bill| std::cmp::Reverse(bill.nanocents)));
    // Eight copies of 2 MiB and what goes with them.
    assert!(network.file.bytes > 8 * 32 * SEGMENT);
}

#[test]
fn gets_and_puts_are_counted_as_the_trace_has_them() {
    let (world, entries, _) = watched(&faced(&[Fallacy::Secure, Fallacy::Topology]), SEED);
    let mut operations = BTreeMap::new();
    let (mut fresh, mut stale, mut missing, mut written) = (0, 0, 0, 0);
    for entry in &entries {
        match entry.what {
            What::Began(number, _, operation) => drop(operations.insert(number, operation)),
            What::Ended(number, _, outcome) => match (operations[&number], outcome) {
                (Operation::Get(_), Outcome::Fresh) => fresh += 1,
                (Operation::Get(_), Outcome::Stale) => stale += 1,
                (Operation::Get(_), Outcome::Missing) => missing += 1,
                (Operation::Put(_), Outcome::Written) => written += 1,
                _ => {}
            },
            _ => {}
        }
    }
    let values = world.measured().values;
    let found = (values.fresh, values.stale, values.missing, values.written);
    assert_eq!(found, (fresh, stale, missing, written));
    assert!(missing > 0, "liars deny");
}

// What each fallacy does.

fn row(fallacy: Fallacy) -> chordscope_sim::worlds::fallacies::comparison::Row {
    let mut table = Table::new(faced(&[]), SEED, &[fallacy]).unwrap();
    assert!(table.advance_within(usize::MAX));
    table.rows()[0].clone()
}

#[test]
fn every_fallacy_has_an_effect_and_each_is_the_one_that_its_name_says() {
    let mut table = Table::new(faced(&[]), SEED, &Fallacy::ALL).unwrap();
    assert!(table.advance_within(usize::MAX));
    let rows = table.rows();
    assert_eq!(rows.len(), 8);
    for row in rows {
        assert_ne!(row.effect, Effect::None, "{:?}", row.fallacy);
        assert!(row.facts.does.len() <= 3 && row.facts.cannot.len() <= 3);
        assert!(!row.facts.does.is_empty() && !row.facts.cannot.is_empty());
        // All rows have one assumed run: nothing is faced in it.
        assert!(Arc::ptr_eq(&row.assumed, &rows[0].assumed));
    }
    let assumed = &rows[0].assumed;
    assert_eq!(assumed.lookups.right, assumed.lookups.all());
    assert_eq!(assumed.values.failed(), 0);
    for none in [
        Measure::StaleReads,
        Measure::Money,
        Measure::Damage,
        Measure::PeersLost,
    ] {
        assert_eq!(assumed.value(none).unwrap().amount, 0, "{none:?}");
    }
    let measure = |at: usize| match rows[at].effect {
        Effect::Factor { measure, .. } | Effect::FromNothing { measure, .. } => measure,
        Effect::None => panic!(),
    };
    let [reliable, latency, bandwidth] = [0, 1, 2].map(measure);
    assert_eq!(reliable, Measure::P99);
    assert!(matches!(latency, Measure::P50 | Measure::P99));
    assert_eq!(bandwidth, Measure::FileTime);
    assert_eq!(measure(6), Measure::Money);
}

#[test]
fn lost_datagrams_are_asked_for_again_and_look_like_dead_peers() {
    let row = row(Fallacy::Reliable);
    let counts = finished(&faced(&[Fallacy::Reliable]), SEED);
    let counts = counts.counts();
    assert!(counts.retried > 100 && counts.timeouts > 10);
    assert_eq!(counts.suspected, counts.timeouts, "nobody is dead");
    let network = row.faced.network;
    // Packets of 1,400 bytes are lost five times in a hundred; most messages are one.
    let messages = network.ring.messages + network.records.messages;
    let part = network.lost as f64 / messages as f64;
    assert!((0.045..0.065).contains(&part), "{part}");
    assert!(network.resent > 0);
}

#[test]
fn liars_are_believed_about_owners_and_not_about_segments() {
    let row = row(Fallacy::Secure);
    assert!(row.faced.lookups.deceived > 20);
    assert_eq!(row.faced.lookups.deceived, row.faced.damage.deceived);
    assert!(row.faced.damage.caught > 0);
    assert_eq!(row.faced.damage.kept, 0);
    let (_, entries, _) = watched(&faced(&[Fallacy::Secure]), SEED);
    let world = finished(&faced(&[Fallacy::Secure]), SEED);
    let mut pairs = BTreeSet::new();
    for entry in entries {
        if let What::Caught { by, liar } = entry.what {
            assert!(world.peer(liar).unwrap().traits.is_liar);
            assert!(pairs.insert((by, liar)), "once banned, for good");
        }
    }
}

#[test]
fn peers_come_and_go_and_come_back_with_their_disks() {
    let setup = faced(&[Fallacy::Topology]);
    let (world, entries, _) = watched(&setup, SEED);
    let count = |is: fn(&What) -> bool| entries.iter().filter(|one| is(&one.what)).count();
    let gone = count(|what| matches!(what, What::Gone(_)));
    let joined = count(|what| matches!(what, What::Joined(_)));
    // A median of 90 s, 31 peers, 40 s.
    assert!((4..=16).contains(&gone), "{gone}");
    assert!(joined > 0 && joined <= gone);
    assert_eq!(world.counts().departed, gone as u64);
    let values = world.measured().values;
    assert!(values.fresh * 100 >= values.answered() * 98, "{values:?}");
}

#[test]
fn each_rule_of_an_administrator_refuses_what_it_says() {
    let setup = faced(&[Fallacy::Administrator]);
    let (world, entries, _) = watched(&setup, SEED);
    let mut by = BTreeMap::new();
    for entry in entries {
        if let What::Refused {
            by: peer,
            reason: Reason::Policy(policy),
            ..
        } = entry.what
        {
            assert!(world.peer(peer).unwrap().traits.has(policy));
            by.entry(policy).or_insert_with(BTreeSet::new).insert(peer);
        }
    }
    assert_eq!(by.len(), Policy::ALL.len(), "{by:?}");
    let refusers = by.into_values().flatten().collect::<BTreeSet<u16>>();
    assert_eq!(world.measured().refusers.by_policy, refusers);
    for peer in 0..32 {
        let view = world.peer(peer).unwrap();
        if view.traits.has(Policy::StoresNothing) {
            assert!(view.node.unwrap().records().is_empty());
        }
    }
}

#[test]
fn a_price_changes_nothing_but_the_bill() {
    let mut pair = Pair::new(&faced(&[]), Fallacy::Cost, SEED).unwrap();
    pair.advance_to(pair.end());
    let [assumed, faced] = Side::ALL.map(|side| pair.world(side));
    assert_eq!(assumed.digest(), faced.digest());
    let is_money = |effect| {
        matches!(
            effect,
            Effect::FromNothing {
                measure: Measure::Money,
                ..
            }
        )
    };
    assert!(is_money(pair.effect()));
    assert_eq!(faced.measured().nanocents, 8 * faced.measured().sent);
}

#[test]
fn an_older_release_is_never_sent_what_it_does_not_know() {
    let setup = faced(&[Fallacy::Homogeneous]);
    let (world, entries, _) = watched(&setup, SEED);
    assert!(world.counts().unknown > 0);
    let old: BTreeSet<u16> = (0..32)
        .filter(|peer| world.peer(*peer).unwrap().traits.is_other)
        .collect();
    assert_eq!(old.len(), 8);
    let mut began = BTreeMap::new();
    for entry in entries {
        match entry.what {
            What::Refused {
                by,
                reason: Reason::Version,
                ..
            } => assert!(old.contains(&by)),
            What::Began(number, peer, _) => drop(began.insert(number, peer)),
            What::Ended(number, _, Outcome::NotKnown) => assert!(old.contains(&began[&number])),
            _ => {}
        }
    }
    for peer in old {
        let node = world.peer(peer).unwrap().node.unwrap();
        assert!(node.groups().is_none() && node.records().len() <= 4);
    }
    assert_eq!(world.measured().refusers.by_version.len(), 8);
}

// Runs.

#[test]
fn small_steps_and_large_ones_come_to_the_same_moment() {
    let setup = Setup {
        length: Duration::from_secs(15),
        ..faced(&Fallacy::ALL)
    };
    let mut large = Pair::new(&setup, Fallacy::Latency, SEED).unwrap();
    large.advance_to(large.end());
    let mut small = Pair::new(&setup, Fallacy::Latency, SEED).unwrap();
    let mut steps = 0;
    while !small.advance_within(small.end(), 700) {
        steps += 1;
    }
    assert!(steps > 10 && small.now() == large.now());
    for side in Side::ALL {
        assert_eq!(small.world(side).digest(), large.world(side).digest());
        assert_eq!(small.world(side).measured(), large.world(side).measured());
    }
    let mut table = Table::new(setup.clone(), SEED, &[Fallacy::Latency]).unwrap();
    let mut before = 0;
    while !table.advance_within(5_000) {
        assert!(table.done() >= before);
        before = table.done();
    }
    assert_eq!(table.done(), 1_000);
    assert_eq!(table.rows(), [large.row()]);
}

#[test]
fn a_history_goes_back_and_forth_with_actions_and_is_exported_and_linked() {
    let mut history = History::new(faced(&Fallacy::ALL), 3).unwrap();
    let at = Instant::from_millis;
    history.advance_to(at(4_000));
    history.act(Action::Crash(5)).unwrap();
    history.act(Action::Put { peer: 1, name: 2 }).unwrap();
    history.advance_to(at(6_500));
    history.act(Action::Return(5)).unwrap();
    let key = Id::from_u64(4_711);
    history.act(Action::Lookup { peer: 1, key }).unwrap();
    history.advance_to(at(9_250));
    let digest = history.world().digest();
    history.seek(at(2_000));
    history.seek(at(9_250));
    assert_eq!(history.world().digest(), digest);
    let again: export::Imported<FallaciesWorld> = export::read(&export::write(&history)).unwrap();
    assert_eq!(again.history.world().digest(), digest);
    let link = Permalink::of(&history, Some(1)).unwrap();
    let url = format!("https://example.org/#/fallacies?{link}");
    assert!(Permalink::is_one(&url) && Permalink::is_one(&link));
    assert!(!swarm::permalink::Permalink::is_one(&link), "{link}");
    let link = Permalink::parse(&url).unwrap();
    assert_eq!((link.selected, link.seed), (Some(1), 3));
    assert_eq!(link.open().unwrap().world().digest(), digest);
}

#[test]
fn actions_that_cannot_be_done_are_refused() {
    let mut world = FallaciesWorld::new(Arc::new(faced(&[])), SEED).unwrap();
    let no_key = Id::from_u64(1 << 16);
    let cases = [
        (Action::Crash(32), Refusal::NoPeer(32)),
        (Action::Get { peer: 0, name: 40 }, Refusal::NoName(40)),
        (
            Action::Lookup {
                peer: 0,
                key: no_key,
            },
            Refusal::NoKey(no_key),
        ),
        (Action::Return(3), Refusal::NotGone(3)),
    ];
    for (action, refusal) in cases {
        assert_eq!(world.act(action), Err(refusal));
    }
    world.act(Action::Crash(3)).unwrap();
    let get = Action::Get { peer: 3, name: 0 };
    assert_eq!(world.act(get), Err(Refusal::NoPeer(3)));
}

#[test]
fn links_of_other_worlds_are_none_and_broken_ones_are_named() {
    for other in [
        "s=lesson-26",
        "#/ring?s=sixteen",
        "len=9&latency=20000",
        "nodes=1,4&bandwidth=9,9",
        "",
    ] {
        assert!(!Permalink::is_one(other), "{other}");
    }
    let place = |link: &str| Permalink::parse(link).unwrap_err().place;
    assert_eq!(place("s=nothing"), "s");
    assert_eq!(place("secure=51"), "secure");
    assert_eq!(place("secure=x"), "secure");
    assert_eq!(place("members=99999999"), "members");
    assert_eq!(place("members=3"), "members");
    assert_eq!(place("ask=1,2"), "ask");
    assert_eq!(place("ask=1,2,3"), "pauses");
    assert_eq!(place("s=liars&do=5:dance"), "do[0]");
}

// Scenarios.

#[test]
fn each_scenario_reaches_its_steps_in_order_and_its_goals_at_its_end() {
    let mut missed = Vec::new();
    for scenario in Scenario::all() {
        let (_, entries, _) = watched(&scenario.setup, scenario.seed);
        let mut steps: Vec<Step> = scenario.steps.to_vec();
        for entry in &entries {
            if steps
                .first()
                .is_some_and(|step| step.is_reached(&entry.what))
            {
                steps.remove(0);
            }
        }
        let mut pair = Pair::new(&scenario.setup, scenario.fallacy, scenario.seed).unwrap();
        pair.advance_to(pair.end());
        let open = scenario.goals.iter().filter(|goal| !goal.is_met(&pair));
        let open: Vec<&Goal> = open.collect();
        if !steps.is_empty() || !open.is_empty() {
            missed.push(format!(
                "{}: {steps:?} {open:?} {:?}",
                scenario.name,
                pair.effect()
            ));
        }
    }
    assert!(missed.is_empty(), "{missed:#?}");
}

#[test]
fn names_of_scenarios_are_different_and_each_faces_its_own_fallacy() {
    let all = Scenario::all();
    let names: BTreeSet<&str> = all.iter().map(|one| one.name).collect();
    assert_eq!((all.len(), names.len()), (8, 8));
    for scenario in all {
        assert_eq!(scenario.setup.check(), Ok(()));
        assert_eq!(Scenario::named(scenario.name), Some(scenario.clone()));
        for of in Fallacy::ALL {
            let is_faced = scenario.setup.levers.lever(of).is_faced;
            assert_eq!(is_faced, of == scenario.fallacy);
        }
    }
}

/// The digests of the built-in scenarios: what happens in them changes on purpose only.
#[test]
fn scenarios_have_the_digests_that_are_pinned() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fallacies/pins.txt");
    let mut found = String::new();
    for scenario in Scenario::all() {
        let (world, ..) = watched(&scenario.setup, scenario.seed);
        let (digest, entries) = (world.digest(), world.events());
        found += &format!("{} {digest} {entries}\n", scenario.name);
    }
    if std::env::var_os("CHORDSCOPE_BLESS").is_some() {
        return std::fs::write(path, found).unwrap();
    }
    assert_eq!(found, std::fs::read_to_string(path).unwrap());
}
