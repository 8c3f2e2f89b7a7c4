//! Files that go from one to many: everybody gets the right bytes, whoever cheats, leaves or stalls.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::time::Duration;

use chordscope_core::base::id::Id;
use chordscope_core::base::rng::Rng;
use chordscope_core::base::time::Instant;
use chordscope_core::sim::experiment::swarm as experiment;
use chordscope_core::sim::swarm::{Conduct, Setup, SwarmWorld, member};
use chordscope_core::swarm::Swarm;
use chordscope_core::swarm::api::{Event, Fault, Limits, Output};
use chordscope_core::swarm::bitfield::Bitfield;
use chordscope_core::swarm::layout::Layout;
use chordscope_core::swarm::manifest::{Manifest, digest};
use chordscope_core::swarm::message::{Arrived, Message, Place, Said, Standing};
use chordscope_core::swarm::picker::Order;

const KIB: u64 = 1024;
const SEGMENT: u64 = 64 * KIB;
/// Bytes a second of each uplink.
const UP: u64 = 1024 * KIB;

fn setup(seed: u64, segments: u64, members: Vec<Conduct>) -> Setup {
    Setup {
        seed,
        length: segments * SEGMENT,
        up: UP,
        latency: Duration::from_millis(20),
        order: Order::RarestFirst,
        members,
        is_server: false,
    }
}

/// Runs a swarm to its end.
fn run(setup: Setup) -> SwarmWorld {
    let seed = setup.seed;
    let mut world = SwarmWorld::new(setup).unwrap();
    world.run_until(Instant::from_millis(600_000));
    for number in 0..=4 {
        if let Some(view) = world.view(member(number)).filter(|_| !world.is_complete()) {
            println!(
                "{number}: {} {:?} {:?}",
                view.have.len(),
                view.limit,
                view.sources
            );
        }
    }
    assert!(world.is_complete(), "seed {seed} at {:?}", world.now());
    world
}

fn copies(world: &SwarmWorld, length: u64) -> f64 {
    world.sent(member(0)) as f64 / length as f64
}

fn faults(world: &SwarmWorld) -> Vec<(u64, Fault)> {
    let faults = world
        .events()
        .iter()
        .filter_map(|(_, _, event)| match event {
            Event::Banned(id, _, fault) => Some((id.to_u64().unwrap() - 1, *fault)),
            _ => None,
        });
    faults.collect()
}

#[test]
fn one_gets_everything_whatever_the_length() {
    for length in [0, 1, 65_536, 65_537, 3_000_000] {
        let world = run(Setup {
            length,
            ..setup(length, 0, vec![Conduct::Honest])
        });
        let most = length + 32 * length.div_ceil(SEGMENT);
        assert!((length..=most).contains(&world.sent(member(0))), "{length}");
    }
}

#[test]
fn segments_of_many_blocks_arrive_whole() {
    let length = 130 * 1024 * KIB + 77;
    let setup = Setup {
        length,
        up: 100 << 20,
        ..setup(1, 0, vec![Conduct::Honest; 2])
    };
    let world = run(setup);
    assert!(copies(&world, length) < 1.2, "{}", copies(&world, length));
}

#[test]
fn the_first_seed_sends_little_more_than_one_copy_and_all_is_done_soon_after() {
    for leechers in [8, 64] {
        let world = run(setup(1, 256, vec![Conduct::Honest; leechers]));
        let sent = copies(&world, 256 * SEGMENT);
        println!("{leechers} leechers: {sent:.2} copies, {:?}", world.now());
        assert!(sent <= 1.15, "{leechers} leechers: {sent}");
        let rounds = world.now().as_micros() * UP / SEGMENT / 1_000_000;
        let best = 256 + u64::from(leechers.ilog2());
        assert!(
            rounds * 4 <= best * 5,
            "{leechers} leechers: {rounds} rounds"
        );
    }
}

#[test]
fn a_swarm_takes_little_longer_than_the_optimum_and_one_server_takes_as_long_as_there_are_many() {
    // The command measures more of them.
    let sizes = [8, 16];
    let rows = experiment::run(1, &sizes, experiment::SEGMENTS, &mut |_| true);
    assert_eq!(rows.len(), sizes.len());
    println!("{rows:#?}");
    for row in &rows {
        let (leechers, segments) = (f64::from(row.leechers), f64::from(row.segments));
        assert!(
            row.makespan_rounds <= 1.25 * f64::from(row.optimal_rounds),
            "{row:?}"
        );
        assert!(row.makespan_rounds >= segments, "{row:?}");
        assert!(row.seed_copies <= 1.15, "{row:?}");
        let each = row.server_rounds / (leechers * segments);
        assert!((1.0..1.4).contains(&each), "{row:?}");
    }
    // Among few it hardly matters what is picked.
    let row = rows[1];
    assert!(row.makespan_rounds < row.random_rounds, "{row:?}");
    assert!(row.random_rounds < row.sequential_rounds, "{row:?}");
}

#[test]
fn who_sends_wrong_bytes_is_banned_and_named() {
    let mut members = vec![Conduct::Honest; 8];
    members[2] = Conduct::Corrupts;
    let world = run(setup(1, 128, members));
    let faults = faults(&world);
    assert!(faults.iter().all(|(number, _)| *number == 3), "{faults:?}");
    assert!(
        faults
            .iter()
            .any(|(_, fault)| matches!(fault, Fault::Segment(_))),
        "{faults:?}"
    );
}

#[test]
fn who_takes_requests_and_sends_nothing_is_passed_by() {
    let mut members = vec![Conduct::Honest; 4];
    members.extend([Conduct::Stalls; 2]);
    let world = run(setup(1, 128, members));
    assert!(
        world.now() < Instant::from_millis(60_000),
        "{:?}",
        world.now()
    );
}

#[test]
fn who_boasts_costs_little() {
    let honest = run(setup(1, 128, vec![Conduct::Honest; 4])).now();
    let mut members = vec![Conduct::Honest; 4];
    members.extend([Conduct::Boasts; 3]);
    let world = run(setup(1, 128, members));
    assert!(
        world.now().as_millis() < honest.as_millis() * 3 / 2,
        "{:?}, {honest:?}",
        world.now()
    );
}

#[test]
fn a_wrong_length_is_found_out() {
    for seed in 0..8 {
        let members = vec![Conduct::Stretches, Conduct::Honest, Conduct::Honest];
        let world = run(setup(seed, 32, members));
        assert!(
            faults(&world).iter().all(|(number, _)| *number == 1),
            "seed {seed}"
        );
    }
}

#[test]
fn a_swarm_survives_the_first_seed_once_every_segment_is_out() {
    let mut members = vec![Conduct::Honest; 6];
    members.push(Conduct::Leaves(Instant::from_millis(3_000)));
    run(setup(2, 128, members));
}

#[test]
fn the_same_seed_gives_the_same_transfer() {
    let once = || {
        let world = run(setup(7, 64, vec![Conduct::Honest; 5]));
        (world.now(), world.sent(member(0)), world.events().len())
    };
    assert_eq!(once(), once());
}

#[test]
fn a_reader_gets_the_file_in_order() {
    let order = Order::From(0);
    let mut world = SwarmWorld::new(Setup {
        order,
        ..setup(1, 64, vec![Conduct::Honest])
    })
    .unwrap();
    world.run_until(Instant::from_millis(2_500));
    let have = world.view(member(1)).unwrap().have;
    let in_order = (0..64).take_while(|index| have.contains(*index)).count();
    assert!(
        have.len() > 10 && in_order + 2 >= have.len() as usize,
        "{in_order} of {}",
        have.len()
    );
}

/// What somebody does who names a wrong length and has the right digests.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Lie {
    /// Rejects what it is asked for.
    Rejects,
    /// Says nothing.
    Silent,
    /// Names another length each time that it is asked.
    Wavers,
}

/// The bytes of one segment of a file.
fn segment(file: &[u8], layout: Layout, index: u32) -> &[u8] {
    let range = layout.range(index);
    &file[range.start as usize..range.end as usize]
}

fn manifest(file: &[u8]) -> Manifest {
    let layout = Layout::of(file.len() as u64).unwrap();
    let part = |index| digest(layout, index, segment(file, layout, index));
    Manifest::of(layout, (0..layout.count()).map(part).collect()).unwrap()
}

/// How long a fetch takes from one honest node, beside others that lie, which are asked first.
fn fetch_beside(lies: &[Lie]) -> Option<Duration> {
    let mut file = vec![0; 200_000];
    Rng::from_seed(3, 0).fill(&mut file);
    let manifest = manifest(&file);
    let layout = manifest.layout();
    let part = |index| segment(&file, layout, index);
    let content = manifest.content();
    let mut swarm = Swarm::new(Limits::default(), Rng::from_seed(1, 0));
    let mut now = Instant::ZERO;
    swarm.fetch(now, content, Order::RarestFirst).unwrap();
    for number in 0..=lies.len() as u64 {
        swarm.add_source(now, content, Id::from_u64(number));
    }
    let mut wavers = 0;
    while now < Instant::from_millis(600_000) {
        while let Some(output) = swarm.poll_output() {
            let (to, said) = match output {
                Output::Send(to, message) => (to, message.said),
                Output::Write(_, index, pieces) => {
                    assert_eq!(pieces.concat(), part(index));
                    swarm.handle_written(now, content, index, true);
                    continue;
                }
                Output::Event(Event::Complete(_)) => return Some(now.since(Instant::ZERO)),
                _ => continue,
            };
            let lie = lies.get(to.to_u64().unwrap() as usize).copied();
            let mut say = |said| swarm.handle_message(now, to, Message { content, said });
            match (said, lie) {
                (Said::Hello(_), None) => {
                    say(Said::Hello(Standing::Whole(layout.length())));
                    say(Said::Choked(false));
                }
                (Said::Hello(_), Some(lie)) => {
                    wavers += u64::from(lie == Lie::Wavers);
                    let length = layout.length() - 1 - to.to_u64().unwrap() - wavers % 7;
                    say(Said::Hello(Standing::Whole(length)));
                    say(Said::Choked(false));
                }
                (Said::Digests(at), _) => {
                    let list = &manifest.encode()[at as usize..];
                    let arrived = Arrived::new(Place::Digests(at), list.to_vec());
                    swarm.handle_block(now, to, content, arrived);
                }
                (Said::Request(index), None) => {
                    let place = Place::Content(layout.range(index).start);
                    let arrived = Arrived::new(place, part(index).to_vec());
                    swarm.handle_block(now, to, content, arrived);
                }
                (Said::Request(index), Some(Lie::Rejects | Lie::Wavers)) => {
                    say(Said::Reject(index, None));
                }
                _ => {}
            }
        }
        now = swarm.poll_timeout().unwrap().max(now);
        swarm.handle_timeout(now);
    }
    None
}

/// Seeds are not told what others have, so that they offer it: whoever only asked again would do so for ever.
#[test]
fn a_seed_that_offers_what_is_here_already_is_told_so() {
    let file = vec![7; 300_000];
    let manifest = manifest(&file);
    let layout = manifest.layout();
    let part = |index| segment(&file, layout, index);
    let (content, now, seed) = (manifest.content(), Instant::ZERO, Id::from_u64(1));
    let mut swarm = Swarm::new(Limits::default(), Rng::from_seed(1, 0));
    swarm.fetch(now, content, Order::RarestFirst).unwrap();
    swarm.add_source(now, content, seed);
    let (mut here, mut told, mut rejected) = (BTreeSet::new(), BTreeSet::new(), 0);
    while let Some(output) = swarm.poll_output() {
        let said = match output {
            Output::Send(_, message) => message.said,
            Output::Write(_, index, _) => {
                here.insert(index);
                swarm.handle_written(now, content, index, true);
                continue;
            }
            _ => continue,
        };
        let mut say = |said| swarm.handle_message(now, seed, Message { content, said });
        match said {
            Said::Hello(_) => {
                say(Said::Hello(Standing::Whole(layout.length())));
                say(Said::Choked(false));
            }
            Said::Have(index) => {
                told.insert(index);
            }
            Said::Digests(_) => {
                let arrived = Arrived::new(Place::Digests(0), manifest.encode().to_vec());
                swarm.handle_block(now, seed, content, arrived);
            }
            Said::Request(index) => {
                // The seed has sent this to others, and what is here to nobody.
                if let Some(other) = here.difference(&told).next().copied() {
                    rejected += 1;
                    assert!(rejected < 100, "it asks without end");
                    say(Said::Reject(index, Some(other)));
                } else {
                    let place = Place::Content(layout.range(index).start);
                    let arrived = Arrived::new(place, part(index).to_vec());
                    swarm.handle_block(now, seed, content, arrived);
                }
            }
            _ => {}
        }
    }
    assert_eq!(here.len(), layout.count() as usize);
    assert!((1..=2 * here.len()).contains(&rejected), "{rejected} times");
}

#[test]
fn a_seed_that_offers_what_is_on_its_way_is_left_in_peace_for_a_while() {
    let manifest = manifest(&[7; 300_000]);
    let layout = manifest.layout();
    let (content, mut now, seed) = (manifest.content(), Instant::ZERO, Id::from_u64(1));
    let mut swarm = Swarm::new(Limits::default(), Rng::from_seed(1, 0));
    let none = Bitfield::none(layout.count());
    swarm.share(now, manifest, none).unwrap();
    swarm.add_source(now, content, seed);
    for said in [
        Said::Hello(Standing::Whole(layout.length())),
        Said::Choked(false),
    ] {
        swarm.handle_message(now, seed, Message { content, said });
    }
    let requests = |swarm: &mut Swarm| -> Vec<u32> {
        let outputs = std::iter::from_fn(|| swarm.poll_output());
        let requests = outputs.filter_map(|output| match output {
            Output::Send(_, message) => match message.said {
                Said::Request(index) => Some(index),
                _ => None,
            },
            _ => None,
        });
        requests.collect()
    };
    let asked = requests(&mut swarm);
    let [first, second] = asked[..] else {
        panic!("{asked:?}");
    };
    let said = Said::Reject(first, Some(second));
    swarm.handle_message(now, seed, Message { content, said });
    assert!(requests(&mut swarm).is_empty(), "not at once");
    while now < Instant::from_millis(1_500) {
        now = swarm.poll_timeout().unwrap().max(now);
        swarm.handle_timeout(now);
    }
    assert!(!requests(&mut swarm).is_empty(), "but later");
}

#[test]
fn blocks_that_are_shorter_than_they_should_be_are_not_kept() {
    let file = vec![7; 65_536];
    let layout = Layout::of(file.len() as u64).unwrap();
    let manifest = Manifest::of(layout, vec![digest(layout, 0, &file)]).unwrap();
    let (content, now, from) = (manifest.content(), Instant::ZERO, Id::from_u64(1));
    let mut swarm = Swarm::new(Limits::default(), Rng::from_seed(1, 0));
    swarm.fetch(now, content, Order::RarestFirst).unwrap();
    swarm.add_source(now, content, from);
    for said in [
        Said::Hello(Standing::Whole(layout.length())),
        Said::Choked(false),
    ] {
        swarm.handle_message(now, from, Message { content, said });
    }
    let mut send = |part: &[u8]| {
        let arrived = Arrived::new(Place::Content(0), part.to_vec());
        swarm.handle_block(now, from, content, arrived);
        let outputs = std::iter::from_fn(|| swarm.poll_output());
        let written = outputs.filter(|output| matches!(output, Output::Write(..)));
        (written.count(), swarm.view(now, content).unwrap().wasted)
    };
    assert_eq!(send(&file[..1]), (0, 1));
    assert_eq!(send(&file[..65_535]), (0, 65_536));
    assert_eq!(send(&file), (1, 65_536));
}

#[test]
fn who_names_a_wrong_length_and_never_proves_it_does_not_hold_up_a_fetch() {
    assert!(fetch_beside(&[]).unwrap() < Duration::from_secs(1));
    for lies in [
        &[Lie::Rejects][..],
        &[Lie::Silent],
        &[Lie::Wavers],
        &[Lie::Rejects, Lie::Silent, Lie::Wavers, Lie::Rejects],
    ] {
        let took = fetch_beside(lies);
        let most = Duration::from_secs(20 * lies.len() as u64);
        assert!(took.is_some_and(|took| took < most), "{lies:?}: {took:?}");
    }
}
