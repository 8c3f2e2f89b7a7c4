//! Runs whose digests are pinned: the built-in scenarios, and random ones with every kind of action.

use std::sync::Arc;
use std::time::Duration;

use chordscope_core::base::id::{Id, Space};
use chordscope_core::base::rng::Rng;
use chordscope_core::chord::route::{Mode, Routing};
use chordscope_core::store::record::Name;
use chordscope_sim::classic::Protocol;
use chordscope_sim::engine::network::{Bandwidth, Latency, Reorder};
use chordscope_sim::worlds::ring::action::Action;
use chordscope_sim::worlds::ring::builtin;
use chordscope_sim::worlds::ring::scenario::{Scenario, Upkeep};
use chordscope_sim::worlds::ring::{self, RingWorld};

/// The number of random runs.
pub(crate) const RANDOM: u64 = 40;
/// The widths of their spaces, from the narrowest lesson to real ids, and where numbers outgrow a word.
const BITS: [u8; 13] = [5, 6, 8, 16, 32, 33, 53, 54, 64, 65, 96, 129, 160];
/// The number of actions that are tried in each.
const DEEDS: u32 = 60;
/// The duration of a random run after the last of them.
const CALM: Duration = Duration::from_secs(10);

/// A run and what became of it.
#[derive(Debug)]
pub(crate) struct Run {
    /// The scenario's name, or the number of the random run.
    pub(crate) name: String,
    /// The run at its end.
    pub(crate) world: RingWorld,
    /// The actions that were carried out.
    #[allow(dead_code, reason = "only the test natively asks")]
    pub(crate) done: Vec<Action>,
}

impl Run {
    /// The run as a line of the data file.
    pub(crate) fn pin(&self) -> String {
        let (digest, entries) = (self.world.digest(), self.world.events());
        format!("{} {digest} {entries}", self.name)
    }
}

/// All runs, one after the other.
pub(crate) fn all() -> impl Iterator<Item = Run> {
    let scenarios = builtin::all().into_iter().filter_map(of_scenario);
    scenarios.chain((0..RANDOM).filter_map(random))
}

fn of_scenario(scenario: Scenario) -> Option<Run> {
    let (name, seed, until) = (scenario.name.clone(), scenario.seed, scenario.until);
    let mut run = ring::Run::begin(&Arc::new(scenario), seed).ok()?;
    run.run_until(until);
    Some(Run {
        name,
        world: run.into_world(),
        done: Vec::new(),
    })
}

fn random(number: u64) -> Option<Run> {
    let mut rng = Rng::from_seed(number, 0xd19e);
    let scenario = scenario(number, &mut rng)?;
    let world = RingWorld::new(Arc::new(scenario), number).ok()?;
    let mut run = Run {
        name: format!("random-{number}"),
        world,
        done: Vec::new(),
    };
    for _ in 0..DEEDS {
        if let Some(action) = draw(&run.world, &mut rng)
            && run.world.act(action.clone()).is_ok()
        {
            run.done.push(action);
        }
        let pause = rng.duration(Duration::from_millis(20), Duration::from_secs(2));
        let then = run.world.now() + pause;
        run.world.run_until(then);
    }
    let end = run.world.now() + CALM;
    run.world.run_until(end);
    Some(run)
}

fn scenario(number: u64, rng: &mut Rng) -> Option<Scenario> {
    let bits = BITS[usize::try_from(number).ok()? % BITS.len()];
    let space = Space::new(bits).ok()?;
    let mut nodes: Vec<Id> = (0..6 + rng.below(12))
        .map(|_| position(space, rng))
        .collect();
    nodes.sort_unstable();
    nodes.dedup();
    let mut scenario = Scenario::plain(space, nodes).ok()?;
    scenario.protocol = match number % 4 {
        3 => Protocol::Classic,
        _ => Protocol::Corrected,
    };
    scenario.quorum = number % 4 == 1;
    scenario.successors = small(rng, 2, 5);
    scenario.successors_per_finger = small(rng, 1, 3);
    scenario.copies = small(rng, 1, 3);
    let millis = 5 + u32::from(small(rng, 0, 60));
    scenario.latency = match rng.below(4) {
        0 => Latency::Fixed(millis),
        1 => Latency::Uniform(millis, 2 * millis),
        2 => Latency::Exponential(millis),
        _ => Latency::Cube(millis),
    };
    if rng.chance(1, 3) {
        scenario.loss_per_mille = small(rng, 1, 50).into();
    }
    scenario.reorder = rng.chance(1, 3).then(|| Reorder {
        per_mille: small(rng, 1, 200).into(),
        extra_ms: small(rng, 1, 200).into(),
    });
    scenario.bandwidth = rng.chance(1, 3).then(|| Bandwidth {
        up: 1_000 * u32::from(small(rng, 2, 60)),
        down: 1_000 * u32::from(small(rng, 2, 60)),
    });
    scenario.upkeep = Some(Upkeep {
        stabilize_ms: 10 * u32::from(small(rng, 20, 200)),
        fingers_ms: 10 * u32::from(small(rng, 20, 200)),
        repair_ms: 10 * u32::from(small(rng, 50, 250)),
    });
    scenario.records = (0..4)
        .filter_map(|number| Name::new(name(number)).ok())
        .collect();
    Some(scenario)
}

fn draw(world: &RingWorld, rng: &mut Rng) -> Option<Action> {
    let up: Vec<Id> = world.nodes().map(|node| node.id()).collect();
    let who = pick(&up, rng)?;
    let named = name(rng.below(8));
    let in_flight: Vec<u64> = world.in_flight().map(|parcel| parcel.number).collect();
    Some(match rng.below(22) {
        0 | 1 => Action::Lookup {
            from: who,
            key: position(world.space(), rng),
            routing: match rng.chance(1, 4) {
                true => Routing::Linear,
                false => Routing::Finger,
            },
            mode: match rng.chance(1, 2) {
                true => Mode::Recursive,
                false => Mode::Iterative,
            },
        },
        2 | 3 => Action::Insert(position(world.space(), rng)),
        4 if up.len() > 4 => Action::Remove(who),
        5 if up.len() > 4 => Action::Crash(who),
        6 | 7 => Action::Put {
            from: who,
            name: named,
            value: format!("value {}", rng.below(1_000)),
        },
        8 => Action::Get {
            from: who,
            name: named,
        },
        9 => Action::Delete {
            from: who,
            name: named,
        },
        10 => Action::Swap {
            from: who,
            name: named,
            expected: rng.below(3),
            value: "swapped".to_string(),
        },
        11 => Action::Delay {
            message: pick(&in_flight, rng)?,
            millis: small(rng, 1, 200).into(),
        },
        12 => Action::Lose(pick(&in_flight, rng)?),
        13 => Action::Split(up.iter().copied().filter(|_| rng.chance(1, 3)).collect()),
        14 | 15 => Action::Heal,
        16 => Action::Pause(who),
        17 => up
            .iter()
            .copied()
            .find(|id| world.is_paused(*id))
            .map(Action::Resume)?,
        18 => Action::Slow {
            node: who,
            millis: small(rng, 0, 200).into(),
        },
        19 => Action::Corrupt(who),
        20 => match rng.chance(1, 2) {
            true => Action::Misroute(who),
            false => Action::Mend(who),
        },
        _ => Action::Restart(who),
    })
}

fn name(number: u64) -> String {
    format!("name {number}")
}

fn position(space: Space, rng: &mut Rng) -> Id {
    let mut bytes = [0; 20];
    rng.fill(&mut bytes);
    space.truncate(bytes)
}

/// Any number of this range, both ends among them.
fn small(rng: &mut Rng, low: u8, high: u8) -> u8 {
    let width = u64::from(high - low) + 1;
    u8::try_from(rng.below(width)).map_or(low, |above| low + above)
}

fn pick<T: Copy>(all: &[T], rng: &mut Rng) -> Option<T> {
    let at = rng.below((all.len() as u64).max(1));
    all.get(usize::try_from(at).ok()?).copied()
}
