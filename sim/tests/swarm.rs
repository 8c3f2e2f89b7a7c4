//! Files that go from one to many: everybody gets the right bytes, whoever cheats, leaves or stalls.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::time::Duration;

use chordscope_core::base::content::ContentId;
use chordscope_core::base::id::Id;
use chordscope_core::base::rng::Rng;
use chordscope_core::base::time::Instant;
use chordscope_core::swarm::Swarm;
use chordscope_core::swarm::api::{Event, Fault, Limits, Output, StartError};
use chordscope_core::swarm::bitfield::Bitfield;
use chordscope_core::swarm::layout::Layout;
use chordscope_core::swarm::manifest::{Manifest, digest};
use chordscope_core::swarm::message::{Arrived, Message, Place, Said, Standing};
use chordscope_core::swarm::picker::Order;
use chordscope_sim::experiment::swarm as experiment;
use chordscope_sim::worlds::swarm::{Client, Conduct, Rates, Setup, Stay, SwarmWorld, member};

const KIB: u64 = 1024;
const SEGMENT: u64 = 64 * KIB;
/// Bytes a second of each uplink.
const UP: u64 = 1024 * KIB;

fn setup(seed: u64, segments: u64, members: Vec<Conduct>) -> Setup {
    let clients = members.into_iter().map(Client::of).collect();
    with_uplinks(
        UP,
        Setup {
            seed,
            ..Setup::of(segments * SEGMENT, clients)
        },
    )
}

/// Gives all members this uplink.
fn with_uplinks(up: u64, setup: Setup) -> Setup {
    let rates = Rates::up(up);
    Setup {
        seed_rates: rates,
        ..setup.with_rates(rates)
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
        ..setup(1, 0, vec![Conduct::Honest; 2])
    };
    let world = run(with_uplinks(100 << 20, setup));
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
    let mut setup = setup(2, 128, vec![Conduct::Honest; 7]);
    setup.clients[6].stay = Stay::Until(Instant::from_millis(3_000));
    run(setup);
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

/// The behaviour of a node that names a wrong length and has the right digests.
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

/// Returns the duration of a fetch from one honest node, beside others that lie, which are asked first.
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

/// A swarm that has nothing of a file yet, and a seed that does not choke it.
fn swarm_with_a_seed() -> (Swarm, ContentId, Id) {
    let manifest = manifest(&[7; 300_000]);
    let layout = manifest.layout();
    let (content, now, seed) = (manifest.content(), Instant::ZERO, Id::from_u64(1));
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
    (swarm, content, seed)
}

#[test]
fn a_seed_that_offers_what_is_on_its_way_is_left_in_peace_for_a_while() {
    let (mut swarm, content, seed) = swarm_with_a_seed();
    let mut now = Instant::ZERO;
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
fn a_seed_that_offers_one_segment_for_another_without_end_is_passed_by() {
    let (mut swarm, content, seed) = swarm_with_a_seed();
    let now = Instant::ZERO;
    let segments = manifest(&[7; 300_000]).layout().count();
    let mut asked = 0;
    while let Some(output) = swarm.poll_output() {
        let Output::Send(_, message) = output else {
            continue;
        };
        if let Said::Request(index) = message.said {
            asked += 1;
            assert!(asked < 1_000, "it asks without end");
            // Any that is not on its way: they name each other round and round.
            let other = (index + 2) % segments;
            let said = Said::Reject(index, Some(other));
            swarm.handle_message(now, seed, Message { content, said });
        }
    }
    assert!(asked > 2, "it follows a few offers");
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

/// Carries out the outputs of two swarms until neither has any; the segments that the first one has are of these
/// files. Gives what else they want, the second one's lookups first.
fn talk(
    now: Instant,
    (giver, files): (&mut Swarm, &[Vec<u8>]),
    taker: &mut Swarm,
) -> (Vec<Output>, Vec<Output>) {
    let ids = [member(0), member(1)];
    let mut rest = (Vec::new(), Vec::new());
    loop {
        let mut is_quiet = true;
        while let Some(output) = giver.poll_output() {
            is_quiet = false;
            match output {
                Output::Send(_, message) => taker.handle_message(now, ids[0], message),
                Output::SendBlock(_, block) => {
                    let arrived = Arrived::new(block.place, block.bytes().to_vec());
                    taker.handle_block(now, ids[0], block.content, arrived);
                    giver.handle_waiting(now, ids[1], 0);
                }
                Output::Read(content, index) => {
                    let mut files = files.iter();
                    let file = files.find(|file| ContentId::of(file) == content).unwrap();
                    let layout = Layout::of(file.len() as u64).unwrap();
                    let bytes = segment(file, layout, index).to_vec();
                    giver.handle_read(now, content, index, Some(bytes));
                }
                other => rest.0.push(other),
            }
        }
        while let Some(output) = taker.poll_output() {
            is_quiet = false;
            match output {
                Output::Send(_, message) => giver.handle_message(now, ids[1], message),
                Output::Write(content, index, _) => {
                    taker.handle_written(now, content, index, true);
                }
                other => rest.1.push(other),
            }
        }
        if is_quiet {
            return rest;
        }
    }
}

fn announced(outputs: &[Output]) -> usize {
    let is_told = |output: &&Output| matches!(output, Output::Announce(_, true));
    outputs.iter().filter(is_told).count()
}

#[test]
fn the_files_of_a_folder_are_had_from_whoever_has_the_folder() {
    let limits = Limits {
        announced_parts: 2,
        ..Limits::default()
    };
    let [mut giver, mut taker] =
        [1, 2].map(|stream| Swarm::new(limits.clone(), Rng::from_seed(5, stream)));
    let files: Vec<Vec<u8>> = (1..=6).map(|byte| vec![byte; 70_000]).collect();
    let now = Instant::ZERO;
    for (number, file) in (0..).zip(&files) {
        let manifest = manifest(file);
        let all = Bitfield::all(manifest.layout().count());
        // The first stands for the list of the others.
        let shared = match number {
            0 => giver.share(now, manifest, all),
            _ => giver.share_part(now, manifest, all),
        };
        shared.unwrap();
    }
    let ids: Vec<ContentId> = files.iter().map(|file| ContentId::of(file)).collect();
    let (said, _) = talk(now, (&mut giver, &files), &mut taker);
    assert_eq!(announced(&said), 3, "the list and two files");

    taker.fetch(now, ids[0], Order::RarestFirst).unwrap();
    taker.add_source(now, ids[0], member(0));
    let (_, said) = talk(now, (&mut giver, &files), &mut taker);
    assert!(said.contains(&Output::Event(Event::Complete(ids[0]))));
    for id in &ids[1..] {
        let begun = taker.fetch_part(now, *id, Some(ids[0]), Order::RarestFirst);
        begun.unwrap();
    }
    let (_, said) = talk(now, (&mut giver, &files), &mut taker);
    for id in &ids[1..] {
        assert!(said.contains(&Output::Event(Event::Complete(*id))), "{id}");
    }
    let asks = |output: &Output| matches!(output, Output::Find { .. });
    assert!(
        !said.iter().any(asks),
        "the ring need not be asked: {said:?}"
    );
    assert_eq!(announced(&said), 2);
    // Where nobody is known, it is asked for both.
    let (one, folder) = (ContentId([1; 32]), ContentId([2; 32]));
    let begun = taker.fetch_part(now, one, Some(folder), Order::RarestFirst);
    begun.unwrap();
    let (_, said) = talk(now, (&mut giver, &files), &mut taker);
    let find = |at| Output::Find { content: one, at };
    assert_eq!(said, [find(one), find(folder)]);
    taker.stop(one);

    // One of the others is wanted by itself, and is found by itself from then on; what was announced is announced no more.
    taker.stand_alone(now, ids[5]).unwrap();
    taker.stand_alone(now, ids[1]).unwrap();
    taker.stop(ids[5]);
    let (_, said) = talk(now, (&mut giver, &files), &mut taker);
    assert_eq!(
        said,
        [
            Output::Announce(ids[5], true),
            Output::Announce(ids[5], false)
        ]
    );
}

#[test]
fn there_are_so_many_files_and_so_many_files_of_folders_and_no_more() {
    let limits = Limits {
        transfers: 1,
        parts: 2,
        ..Limits::default()
    };
    let mut swarm = Swarm::new(limits, Rng::from_seed(5, 1));
    let [a, b, c, d, e] = [1_u8, 2, 3, 4, 5].map(|byte| manifest(&[byte; 10]));
    let all = || Bitfield::all(1);
    let now = Instant::ZERO;
    swarm.share_part(now, a.clone(), all()).unwrap();
    swarm.share_part(now, b.clone(), all()).unwrap();
    let refused = swarm.share_part(now, c.clone(), all());
    assert_eq!(refused, Err(StartError::TooManyParts(2)));
    swarm.share(now, d.clone(), all()).unwrap();
    assert_eq!(swarm.share(now, e, all()), Err(StartError::TooMany(1)));
    assert_eq!(
        swarm.stand_alone(now, a.content()),
        Err(StartError::TooMany(1))
    );
    swarm.stop(d.content());
    swarm.stand_alone(now, a.content()).unwrap();
    assert_eq!(swarm.share(now, d, all()), Err(StartError::TooMany(1)));
    swarm.share_part(now, c, all()).unwrap();
}

#[test]
fn who_has_everything_as_this_node_has_is_let_go_after_a_while() {
    let file = vec![7; 200_000];
    let [mut giver, mut taker] =
        [1, 2].map(|stream| Swarm::new(Limits::default(), Rng::from_seed(5, stream)));
    let manifest = manifest(&file);
    let (content, all) = (manifest.content(), Bitfield::all(manifest.layout().count()));
    let mut now = Instant::ZERO;
    giver.share(now, manifest, all).unwrap();
    taker.fetch(now, content, Order::RarestFirst).unwrap();
    taker.add_source(now, content, member(0));
    let files = [file];
    let ends = now + Duration::from_secs(60);
    while let Some(due) = [giver.poll_timeout(), taker.poll_timeout()]
        .into_iter()
        .flatten()
        .min()
    {
        talk(now, (&mut giver, &files), &mut taker);
        now = due;
        assert!(now < ends, "time passes for nothing");
        giver.handle_timeout(now);
        taker.handle_timeout(now);
    }
    assert!(taker.have(content).unwrap().is_full());
    for swarm in [giver, taker] {
        assert_eq!(swarm.view(now, content).unwrap().sources, []);
    }
}

/// A node that shares a file, and another one that says things out of turn.
struct Seed {
    swarm: Swarm,
    file: Vec<u8>,
    manifest: Manifest,
}

impl Seed {
    fn of(file: Vec<u8>) -> Self {
        let manifest = manifest(&file);
        let mut swarm = Swarm::new(Limits::default(), Rng::from_seed(1, 0));
        let all = Bitfield::all(manifest.layout().count());
        swarm.share(Instant::ZERO, manifest.clone(), all).unwrap();
        Self {
            swarm,
            file,
            manifest,
        }
    }

    /// Hands the swarm a message and returns its answers and the blocks that it sends.
    fn hears(&mut self, said: Said) -> (Vec<Said>, Vec<(Place, usize)>) {
        let (now, from) = (Instant::ZERO, Id::from_u64(1));
        let content = self.manifest.content();
        let (mut answers, mut blocks) = (Vec::new(), Vec::new());
        self.swarm
            .handle_message(now, from, Message { content, said });
        while let Some(output) = self.swarm.poll_output() {
            match output {
                Output::Send(_, message) => answers.push(message.said),
                Output::SendBlock(_, block) => blocks.push((block.place, block.bytes().len())),
                Output::Read(_, index) => {
                    let bytes = segment(&self.file, self.manifest.layout(), index).to_vec();
                    self.swarm.handle_read(now, content, index, Some(bytes));
                }
                _ => {}
            }
        }
        (answers, blocks)
    }
}

/// As docs/protocol.md says under "What is said".
#[test]
fn what_is_asked_before_a_hello_while_choked_or_out_of_range_has_its_answer() {
    let nothing = || (Vec::new(), Vec::new());
    let hello = || Said::Hello(Standing::Nothing);
    let reject = |index| (vec![Said::Reject(index, None)], Vec::new());
    let digests = |at, length| (Vec::new(), vec![(Place::Digests(at), length)]);
    let mut seed = Seed::of(vec![7; 3 * 65_536 + 1]);
    assert_eq!(
        seed.hears(Said::Request(0)),
        (vec![Said::Absent], Vec::new())
    );
    for said in [Said::Digests(0), Said::Interested(true), Said::Cancel(0)] {
        assert_eq!(seed.hears(said), nothing());
    }
    let whole = Said::Hello(Standing::Whole(3 * 65_536 + 1));
    assert_eq!(seed.hears(hello()), (vec![whole], Vec::new()));
    assert_eq!(seed.hears(Said::Request(0)), reject(0));
    assert_eq!(seed.hears(Said::Digests(0)), digests(0, 4 * 32));
    assert_eq!(seed.hears(Said::Digests(3 * 32)), digests(3 * 32, 32));
    for at in [4 * 32, 4 * 32 + 1, u32::MAX] {
        assert_eq!(seed.hears(Said::Digests(at)), nothing());
    }
    let unchoked = (vec![Said::Choked(false)], Vec::new());
    assert_eq!(seed.hears(Said::Interested(true)), unchoked);
    for index in [4, u32::MAX] {
        assert_eq!(seed.hears(Said::Request(index)), reject(index));
    }
    let last = (Place::Content(3 * 65_536), 1);
    assert_eq!(seed.hears(Said::Request(3)), (Vec::new(), vec![last]));

    for file in [vec![7], Vec::new()] {
        let length = file.len();
        let mut seed = Seed::of(file);
        seed.hears(hello());
        assert_eq!(seed.hears(Said::Digests(0)), nothing());
        assert_eq!(seed.hears(Said::Interested(true)), unchoked);
        let only = (Place::Content(0), length);
        assert_eq!(seed.hears(Said::Request(0)), (Vec::new(), vec![only]));
    }
}
