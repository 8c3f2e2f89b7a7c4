//! Directories of four kinds beside one another: what is found, by whom, at what cost, against what must come out.
#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing)]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use chordscope_core::base::id::Id;
use chordscope_core::base::rng::Rng;
use chordscope_core::base::time::Instant;
use chordscope_core::chord::ideal::IdealRing;
use chordscope_sim::engine::World;
use chordscope_sim::models::kademlia::distance;
use chordscope_sim::worlds::directory::action::{Action, Part, Refusal};
use chordscope_sim::worlds::directory::measure::{LookupTrace, Outcome, Subject, Traffic};
use chordscope_sim::worlds::directory::scenario::{self, BACK, END, OUT, Scenario};
use chordscope_sim::worlds::directory::setup::{Kind, Setup};
use chordscope_sim::worlds::directory::{DirectoryWorld, History, Run};

/// All lookups of titles of a run up to a time, with whether the title was there when they ended, roughly: it is looked at each second.
fn lookups(scenario: &Scenario) -> (Vec<LookupTrace>, DirectoryWorld) {
    let setup = Arc::new(scenario.setup.clone());
    let mut run = Run::begin(&setup, scenario.seed).unwrap();
    let mut all = BTreeMap::new();
    let mut now = Instant::ZERO;
    while now < scenario.until {
        now += Duration::from_secs(10);
        run.run_until(now);
        for kind in Kind::ALL {
            all.extend(run.world().last(kind).map(|one| (one.number, one.clone())));
        }
    }
    (all.into_values().collect(), run.into_world())
}

fn title(lookup: &LookupTrace) -> u32 {
    match lookup.subject {
        Subject::Title(title) => title,
        Subject::Key(_) => panic!("a key"),
    }
}

fn within(lookup: &LookupTrace, from: Instant, to: Instant) -> bool {
    lookup.began >= from && lookup.ended.unwrap() < to
}

fn secs(at: Instant, secs: u64) -> Instant {
    at + Duration::from_secs(secs)
}

/// What is found of those that began from one time on and ended before another.
fn outcomes(
    all: &[LookupTrace],
    kind: Kind,
    (from, to): (Instant, Instant),
) -> BTreeMap<Outcome, usize> {
    let mut found = BTreeMap::new();
    let some = all
        .iter()
        .filter(|one| one.kind == kind && within(one, from, to));
    for lookup in some {
        *found.entry(lookup.outcome.unwrap()).or_default() += 1;
    }
    found
}

#[test]
fn while_everything_is_there_all_four_find_every_title() {
    let mut setup = Setup::plain(24, 5);
    // With 20 of 24 peers keeping each title, hardly any peer would have to ask another one.
    setup.k = 4;
    let scenario = Scenario {
        name: "",
        title: "",
        watch: "",
        goals: &[],
        seed: 5,
        setup,
        until: Instant::from_millis(60_000),
    };
    let (all, world) = lookups(&scenario);
    for kind in Kind::ALL {
        let found = outcomes(&all, kind, (Instant::from_millis(10_000), scenario.until));
        assert_eq!(
            found.keys().collect::<Vec<_>>(),
            [&Outcome::Found],
            "{kind:?}"
        );
        assert!(found[&Outcome::Found] > 150);
        let summary = world.summary(kind);
        assert_eq!((summary.lookups, summary.found), (100, 100));
        assert!(summary.messages >= 200 && summary.slowest >= summary.median);
    }
    // One machine answers everything; of four trackers the first of a title's two.
    assert_eq!(world.summary(Kind::Central).busiest.unwrap().1, 100);
    assert_eq!(world.summary(Kind::Central).messages, 200);
    let trackers = world.summary(Kind::Trackers).busiest.unwrap().1;
    assert!((34..=66).contains(&trackers), "{trackers}");
    for kind in [Kind::Chord, Kind::Kademlia] {
        let busiest = world.summary(kind).busiest.unwrap().1;
        assert!((100 / 24..34).contains(&busiest), "{kind:?} {busiest}");
    }
    // Each of 60 titles is registered by its two holders, at one machine, at two trackers.
    let central = world.state(Kind::Central);
    assert_eq!((central.fullest, central.entries), (120, 120));
    let trackers = world.state(Kind::Trackers);
    assert_eq!(trackers.entries, 240);
    // Three replicas in the ring, the four closest in Kademlia.
    assert_eq!(world.state(Kind::Chord).entries, 360);
    assert_eq!(world.state(Kind::Kademlia).entries, 480);
}

#[test]
fn the_directory_goes_and_nothing_is_found_there_until_it_is_back() {
    let scenario = scenario::named("directory-goes").unwrap();
    let (all, _) = lookups(&scenario);
    let gone = (OUT, BACK);
    let central = outcomes(&all, Kind::Central, gone);
    assert_eq!(central.keys().collect::<Vec<_>>(), [&Outcome::NoAnswer]);
    for kind in [Kind::Trackers, Kind::Chord, Kind::Kademlia] {
        let others = outcomes(&all, kind, gone);
        assert_eq!(
            others.keys().collect::<Vec<_>>(),
            [&Outcome::Found],
            "{kind:?}"
        );
    }
    // It comes back and knows nothing; clients register again within five quarters of a third of the lifetime.
    let at_once = outcomes(&all, Kind::Central, (BACK, secs(BACK, 10)));
    assert!(at_once.contains_key(&Outcome::Nothing), "{at_once:?}");
    let later = outcomes(&all, Kind::Central, (secs(BACK, 51), END));
    assert_eq!(later.keys().collect::<Vec<_>>(), [&Outcome::Found]);
}

#[test]
fn one_tracker_of_four_goes_and_its_titles_are_found_at_another_but_later() {
    let scenario = scenario::named("tracker-goes").unwrap();
    let (all, world) = lookups(&scenario);
    let timeout = Duration::from_millis(2 * 2 * 80 + 2 * 100);
    for lookup in all
        .iter()
        .filter(|one| one.kind == Kind::Trackers && one.began >= OUT)
    {
        assert_eq!(lookup.outcome, Some(Outcome::Found));
        let asks_gone_first = world.titles()[title(lookup) as usize].trackers[0] == 0;
        // Two questions to the silent one, each for a timeout.
        assert_eq!(lookup.took().unwrap() >= timeout, asks_gone_first);
    }
    let late = all
        .iter()
        .filter(|one| one.kind == Kind::Trackers && one.began >= OUT);
    assert!(late.filter(|one| one.took().unwrap() >= timeout).count() > 100);
}

/// With t of T trackers gone, exactly the titles that no other one lists are not found.
#[test]
fn what_trackers_find_is_the_share_of_titles_on_those_that_are_left() {
    for (each, gone) in [(1, 1), (1, 3), (2, 2), (2, 3), (3, 2), (2, 4)] {
        let mut setup = Setup::plain(20, 3);
        setup.trackers_per_title = each;
        setup.ask_every = None;
        let mut run = Run::begin(&Arc::new(setup), 3).unwrap();
        run.run_until(Instant::from_millis(10_000));
        let mut world = run.into_world();
        for tracker in 0..gone {
            world.act(Action::TakeOut(Part::Tracker(tracker))).unwrap();
        }
        let listed: BTreeSet<u32> = (0..)
            .zip(world.titles())
            .filter(|(_, title)| title.trackers.iter().any(|at| *at >= gone))
            .map(|(number, _)| number)
            .collect();
        let peers: Vec<Id> = world.peers().collect();
        for number in 0..60 {
            let peer = peers[number as usize % peers.len()];
            world
                .act(Action::Ask {
                    peer,
                    title: number,
                })
                .unwrap();
        }
        let mut run = Run::of(world, Vec::new());
        run.run_until(Instant::from_millis(20_000));
        let found: BTreeSet<u32> = run
            .world()
            .last(Kind::Trackers)
            .filter(|one| one.outcome == Some(Outcome::Found))
            .map(title)
            .collect();
        assert_eq!(found, listed, "{each} trackers a title, {gone} gone");
        assert_eq!(
            run.world().summary(Kind::Trackers).found as usize,
            listed.len()
        );
    }
}

/// After the lifetime of an entry nothing is named that is gone, and all that anybody has is found: in every kind.
fn heals(name: &str) {
    let scenario = scenario::named(name).unwrap();
    let (all, world) = lookups(&scenario);
    assert!(world.peers().count() <= 24);
    let healed = secs(OUT.max(BACK), 121);
    let mut there = 0;
    for lookup in all.iter().filter(|one| one.began >= healed) {
        let exists = world.exists(title(lookup));
        there += usize::from(exists);
        let expected = match exists {
            true => Outcome::Found,
            false => Outcome::Nothing,
        };
        assert_eq!(
            lookup.outcome,
            Some(expected),
            "{:?} {lookup:?}",
            lookup.kind
        );
    }
    assert!(there > 400);
}

#[test]
fn peers_go_and_ring_and_kademlia_find_again_all_that_anybody_has() {
    heals("peers-go");
    // Before that, some lookups are answered with peers that are gone, by machines too: they cannot know.
    let (all, world) = lookups(&scenario::named("peers-go").unwrap());
    assert_eq!(world.peers().count(), 16);
    for kind in Kind::ALL {
        let at_once = outcomes(&all, kind, (OUT, secs(OUT, 20)));
        assert!(
            at_once.contains_key(&Outcome::Stale),
            "{kind:?} {at_once:?}"
        );
    }
}

#[test]
fn a_region_goes_from_all_round_the_ring_and_comes_back() {
    let scenario = scenario::named("region-goes").unwrap();
    let setup = Arc::new(scenario.setup.clone());
    let mut run = Run::begin(&setup, scenario.seed).unwrap();
    run.run_until(secs(OUT, 1));
    let left: BTreeSet<Id> = run.world().peers().collect();
    assert_eq!(left.len(), 18);
    // Of any four neighbours on the ring one is gone, and never two side by side.
    let places: Vec<bool> = setup.peers.iter().map(|id| left.contains(id)).collect();
    let pairs = places.iter().zip(places.iter().cycle().skip(1));
    assert!(pairs.filter(|(one, next)| !**one && !**next).count() == 0);
    heals("region-goes");
}

#[test]
fn ring_and_kademlia_each_reach_the_node_that_their_metric_says() {
    let mut setup = Setup::plain(64, 9);
    setup.titles = 0;
    let mut world = DirectoryWorld::new(Arc::new(setup.clone()), 9).unwrap();
    let ring = IdealRing::new(setup.space, setup.peers.clone()).unwrap();
    let mut rng = Rng::from_seed(9, 9);
    let mut differ = 0;
    for _ in 0..50 {
        let mut bytes = [0; 20];
        rng.fill(&mut bytes);
        let key = setup.space.truncate(bytes);
        let peer = setup.peers[rng.below(64) as usize];
        world.act(Action::Find { peer, key }).unwrap();
        let mut run = Run::of(world, Vec::new());
        let end = run.world().now() + Duration::from_secs(5);
        run.run_until(end);
        world = run.into_world();
        let owner = ring.successor(key);
        let nearest = setup
            .peers
            .iter()
            .min_by_key(|id| distance(**id, key))
            .unwrap();
        differ += usize::from(owner != *nearest);
        let last: Vec<LookupTrace> = world.finds().rev_two();
        for lookup in last {
            let wanted = match lookup.kind {
                Kind::Chord => owner,
                _ => *nearest,
            };
            assert_eq!(
                lookup.outcome,
                Some(Outcome::Reached(wanted)),
                "{:?}",
                lookup.kind
            );
            assert_eq!(lookup.route[0].node, peer);
            assert_eq!(lookup.route.last().unwrap().node, wanted);
            assert!(lookup.route.is_sorted_by_key(|hop| hop.at), "{lookup:?}");
            assert!(lookup.hops() <= 6, "{} hops", lookup.hops());
            assert!(lookup.volume.messages >= 2 * lookup.hops() as u64 || lookup.hops() == 0);
        }
    }
    assert!(
        differ > 5,
        "owner and nearest are often not the same: {differ}"
    );
}

trait RevTwo {
    fn rev_two(self) -> Vec<LookupTrace>;
}

impl<'a, I: Iterator<Item = &'a LookupTrace>> RevTwo for I {
    /// The last two.
    fn rev_two(self) -> Vec<LookupTrace> {
        let all: Vec<&LookupTrace> = self.collect();
        all[all.len() - 2..].iter().copied().cloned().collect()
    }
}

#[test]
fn questions_cost_nothing_of_what_upkeep_costs() {
    let run = |ask_every| {
        let mut setup = Setup::plain(24, 2);
        setup.k = 4;
        setup.ask_every = ask_every;
        let mut run = Run::begin(&Arc::new(setup), 2).unwrap();
        run.run_until(Instant::from_millis(60_000));
        run.into_world()
    };
    let (asked, quiet) = (run(Some(Duration::from_millis(250))), run(None));
    for kind in Kind::ALL {
        assert_eq!(quiet.volume(kind, Traffic::Lookup).messages, 0, "{kind:?}");
        assert!(asked.volume(kind, Traffic::Lookup).messages > 400);
    }
    // Machines need no upkeep of their own; registrations are all there is.
    for kind in [Kind::Central, Kind::Trackers] {
        assert_eq!(quiet.volume(kind, Traffic::Upkeep).messages, 0);
        assert_eq!(
            asked.volume(kind, Traffic::Publish),
            quiet.volume(kind, Traffic::Publish)
        );
        assert!(quiet.upkeep_rate(kind) > 0);
    }
}

#[test]
fn every_way_to_a_moment_gives_the_same_world() {
    let scenario = scenario::named("peers-go").unwrap();
    let mut history = History::new(scenario.setup, scenario.seed).unwrap();
    history.seek(secs(OUT, 5));
    let digest = history.world().trace_digest();
    history.seek(secs(OUT, 30));
    history.seek(Instant::from_millis(7_000));
    history.seek(secs(OUT, 5));
    assert_eq!(history.world().trace_digest(), digest);
    history.seek(Instant::from_millis(20_000));
    history.act(Action::TakeOut(Part::Directory)).unwrap();
    history.seek(secs(OUT, 5));
    assert_ne!(history.world().trace_digest(), digest);
    history.undo().unwrap();
    history.seek(secs(OUT, 5));
    assert_eq!(history.world().trace_digest(), digest);
}

#[test]
fn what_cannot_be_done_is_refused_and_changes_nothing() {
    let mut world = DirectoryWorld::new(Arc::new(Setup::plain(8, 1)), 1).unwrap();
    let digest = world.trace_digest();
    let peer = world.peers().next().unwrap();
    let no = [
        (Action::Ask { peer, title: 60 }, Refusal::NoTitle),
        (
            Action::Ask {
                peer: Id::from_u64(1),
                title: 0,
            },
            Refusal::NoPeer,
        ),
        (Action::TakeOut(Part::Tracker(4)), Refusal::NoPart),
        (Action::TakeOut(Part::Peers(9)), Refusal::NoPart),
        (Action::TakeOut(Part::Region(7)), Refusal::NoPart),
        (Action::PutBack(Part::Directory), Refusal::NoPart),
        (Action::PutBack(Part::Peers(1)), Refusal::NoPart),
    ];
    for (action, refusal) in no {
        assert_eq!(world.act(action), Err(refusal));
    }
    assert_eq!(world.trace_digest(), digest);
    let mut setup = Setup::plain(8, 1);
    setup.trackers = 0;
    assert_eq!(
        DirectoryWorld::new(Arc::new(setup), 1).unwrap_err().place,
        "trackers"
    );
}

/// The digests of the built-in scenarios: what happens in them changes on purpose only.
#[test]
fn scenarios_have_the_digests_that_are_pinned() {
    let pinned = include_str!("directories/pins.txt");
    let mut found = String::new();
    for scenario in scenario::all() {
        let mut run = Run::begin(&Arc::new(scenario.setup), scenario.seed).unwrap();
        run.run_until(scenario.until);
        let digest = run.world().trace_digest();
        let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        found += &format!("{} {hex} {}\n", scenario.name, run.world().events());
    }
    if std::env::var_os("CHORDSCOPE_BLESS").is_some() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/directories/pins.txt");
        return std::fs::write(path, found).unwrap();
    }
    assert_eq!(found, pinned);
}
