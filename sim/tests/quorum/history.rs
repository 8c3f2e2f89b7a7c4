//! One history: a ring, some clients, faults drawn from the seed, then calm and a last look at every name. In some, rings are
//! begun apart and meet: then each lineage has names of its own.

use std::collections::BTreeMap;

use chordscope_core::base::id::Id;
use chordscope_core::base::rng::Rng;
use chordscope_core::store::group::Rules;
use chordscope_core::store::record::{Label, Name, Salt};

use crate::checker::Operation;
use crate::client::{Client, Register, key_of};
use crate::world::World;
use chordscope_sim::checks::linearizable::is_linearizable;

/// The duration of the faults, in virtual milliseconds.
const STORM: u64 = 2_000;
/// The time for the ring to recover, in virtual milliseconds.
const CALM: u64 = 12_000;
const MAX_NAMES: u64 = 2;

/// The outcome of a history.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// The operations on a name that no register could have had.
    pub(crate) violation: Option<Vec<Operation>>,
    /// The operation that did not work again after all faults had ended.
    pub(crate) stuck: Option<String>,
    pub(crate) answered: usize,
    pub(crate) unavailable: usize,
    /// The greatest round of any epoch.
    pub(crate) rounds: u64,
    /// True if a group was repaired by hand.
    pub(crate) repaired: bool,
    /// The number of records that members which were given up have set aside.
    pub(crate) aside: usize,
}

/// Decides whether a single register could have had this history.
pub(crate) type Check<'a> = &'a dyn Fn(&[Operation]) -> bool;

fn fault(world: &mut World, next_id: &mut u64) {
    let up = world.up();
    let pick = |world: &mut World, ids: &[Id]| {
        let n = world.rng.below(ids.len() as u64) as usize;
        ids[n]
    };
    match world.rng.below(20) {
        15 if up.len() > 2 => {
            let id = pick(world, &up);
            world.stop(id);
        }
        16 if world.rng.chance(1, 4) => {
            for id in up {
                world.stop(id);
            }
        }
        which @ (17 | 19) if !world.wiped => {
            let down = world.actors.keys().copied().filter(|id| !up.contains(id));
            let down: Vec<Id> = down.collect();
            if !down.is_empty() {
                let id = pick(world, &down);
                match world.apart > 0 && which == 19 {
                    true => world.found_anew(id),
                    false => world.wipe(id),
                }
            }
        }
        18 => world.meet(),
        0..3 if up.len() > 2 => {
            let id = pick(world, &up);
            world.crash(id);
        }
        3..6 => {
            let down: Vec<Id> = world
                .actors
                .keys()
                .copied()
                .filter(|id| !up.contains(id))
                .collect();
            if !down.is_empty() {
                let id = pick(world, &down);
                world.restart(id);
            }
        }
        6 => world.part(),
        7..9 => world.heal(),
        9 if up.len() > 3 => {
            let id = pick(world, &up);
            world.actors.get_mut(&id).unwrap().leaving = true;
        }
        10 if world.actors.len() < 8 => {
            let id = world.add(another(next_id));
            if let Some(other) = up.first() {
                world.put_beside(id, *other);
            }
        }
        12..15 if up.len() > 1 => {
            let (a, b) = (pick(world, &up), pick(world, &up));
            world.cut(a, b);
        }
        _ => {}
    }
}

/// Fills a disk or makes room on one, in some histories.
fn fill(world: &mut World, disks: &mut Rng) {
    let ids: Vec<Id> = world.actors.keys().copied().collect();
    let id = ids[disks.below(ids.len() as u64) as usize];
    let is_full = disks.chance(1, 2);
    world.actors.get_mut(&id).unwrap().is_full = is_full;
}

/// Another id, through all of eight bits, none twice.
fn another(last: &mut u64) -> u64 {
    *last = (*last * 5 + 77) % 256;
    *last
}

/// Names and salts with keys of their own: the small world has only 256.
pub(crate) fn names(seed: u64, number: usize) -> Vec<Label> {
    let mut names: Vec<Label> = Vec::new();
    for n in 0.. {
        let text = format!("{seed} {n}");
        let label = match n % 3 {
            0 => Label::Salt(Salt::new(text).unwrap()),
            _ => Label::Name(Name::new(text).unwrap()),
        };
        if names.len() == number {
            break;
        }
        if names.iter().all(|other| key_of(other) != key_of(&label)) {
            names.push(label);
        }
    }
    names
}

pub(crate) fn run(seed: u64, rules: Rules) -> Outcome {
    let mut world = World::new(seed, rules);
    world.loss = [0, 10, 60, 200][world.rng.below(4) as usize];
    world.has_big_values = world.rng.chance(1, 32);
    let mut next_id = 1 + world.rng.below(255);
    let first: Vec<u64> = (0..1 + world.rng.below(5))
        .map(|_| another(&mut next_id))
        .collect();
    if world.rng.chance(1, 3) {
        let id = world.add(first[0]);
        world.found(id);
        for id in &first[1..] {
            world.add(*id);
        }
    } else {
        world.settle(&first);
    }
    if world.rng.chance(1, 4) {
        let count = 1 + world.rng.below(3);
        let others: Vec<Id> = (0..count)
            .map(|_| world.add(another(&mut next_id)))
            .collect();
        world.begin_apart(&others);
    }
    let number = 1 + world.rng.below(MAX_NAMES) as usize;
    let names = names(seed, number);
    let writes = [15, 40, 75][world.rng.below(3) as usize];
    let clients = 2 + world.rng.below(2) as u32;
    for number in 1..=clients {
        let up = world.up();
        let home = up[world.rng.below(up.len() as u64) as usize];
        world.add_client(Client::new(number, home, &names, writes));
    }
    let mut disks = Rng::from_seed(seed, 0xd15c);
    let fills = disks.chance(1, 3);
    while world.now < STORM {
        let pause = 40 + world.rng.below(260);
        let end = world.now + pause;
        world.run_until(end);
        fault(&mut world, &mut next_id);
        if fills {
            fill(&mut world, &mut disks);
        }
    }
    calm(&mut world);
    judge(&mut world, &names, &|history| is_linearizable(history))
}

/// All faults end; every name is read once more.
pub(crate) fn calm(world: &mut World) {
    world.heal();
    world.meet();
    world.loss = 0;
    world.confused = false;
    let ids: Vec<Id> = world.actors.keys().copied().collect();
    for id in ids {
        let actor = world.actors.get_mut(&id).unwrap();
        (actor.leaving, actor.is_full) = (false, false);
        if world.actors[&id].machine.is_none() {
            world.restart(id);
        }
    }
    for client in &mut world.clients {
        client.last_reads = Some(0);
    }
    let end = world.now + CALM;
    let number = world.clients[0].names.len();
    let read = |world: &World| {
        let mut clients = world.clients.iter();
        clients.all(|client| client.last_reads >= Some(number))
    };
    while world.now < end && !read(world) {
        let next = world.now + 100;
        world.run_until(next);
    }
}

pub(crate) fn judge(world: &mut World, names: &[Label], check: Check<'_>) -> Outcome {
    let stuck = world
        .clients
        .iter()
        .filter(|client| client.last_reads < Some(names.len()))
        // A lineage beside another one may lack the nodes that it needs: what it answers must be right, but it need not answer.
        .find(|client| client.lineage.is_none() && !world.is_blocked(names));
    let stuck = stuck.map(|client| {
        let groups: Vec<String> = world
            .actors
            .iter()
            .filter_map(|(id, actor)| Some((id, actor.machine.as_ref()?)))
            .map(|(id, machine)| format!("{id:?}: {machine:?}"))
            .collect();
        format!(
            "{:?} of {names:?} in {:?}\n{}",
            client.last_reads,
            client.lineage,
            groups.join("\n")
        )
    });
    let mut clients = std::mem::take(&mut world.clients);
    for client in &mut clients {
        client.finish(world);
    }
    let mut histories: BTreeMap<Register, Vec<Operation>> = BTreeMap::new();
    for (register, operation) in clients.iter().flat_map(|client| &client.history) {
        histories.entry(*register).or_default().push(*operation);
    }
    let mut bad = histories.into_values().filter(|history| !check(history));
    let machines = world.actors.values().filter_map(|a| a.machine.as_ref());
    let rounds = machines.flat_map(|machine| machine.held().map(|held| held.promised.round));
    Outcome {
        violation: bad.next(),
        stuck,
        answered: world.answered,
        unavailable: clients.iter().map(|client| client.unavailable).sum(),
        rounds: rounds.max().unwrap_or_default(),
        repaired: false,
        aside: 0,
    }
}
