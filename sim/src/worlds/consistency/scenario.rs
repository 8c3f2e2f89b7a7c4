//! The scenarios of consistency that come with Chordscope: each a set-up with its actions, the conditions at which captions stand, and the
//! goals that the run ticks.

use alloc::string::ToString;
use alloc::vec;
use alloc::vec::Vec;

use crate::checks::judge;
use crate::checks::verdict::Verdict;
use crate::engine::{Timed, World};
use crate::worlds::consistency::ConsistencyWorld;
use crate::worlds::consistency::action::{Action, Deed};
use crate::worlds::consistency::setup::{Client, Setup, System};
use crate::worlds::consistency::side::Register;
use chordscope_core::base::id::Id;
use chordscope_core::base::time::Instant;

/// A world of consistency with something to watch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scenario {
    /// The name in links and on the command line.
    pub name: &'static str,
    /// The title on the page.
    pub title: &'static str,
    /// The sentence that says what to watch.
    pub watch: &'static str,
    /// The seed of all randomness.
    pub seed: u64,
    /// The virtual time at which the scenario ends.
    pub until: Instant,
    /// The set-up, with its actions.
    pub setup: Setup,
    /// The conditions at which a caption stands, in the order in which they come true.
    pub captions: &'static [When],
    /// The operations whose answers can be predicted, by number: the run stops as they are called.
    pub predictions: &'static [u32],
    /// The goals.
    pub goals: &'static [Goal],
}

/// A condition of a caption: from when on it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// From the beginning.
    Begun,
    /// The operation of this number has returned in all systems.
    Returned(u32),
    /// The network is cut.
    Cut,
    /// The cut has healed.
    Healed,
    /// Versions with one sequence number have met in this system.
    Conflict(System),
    /// The shop has refunded an order in this system.
    Refunded(System),
    /// The replicas of this system agree after the cut has healed.
    Agreed(System),
    /// A node is down.
    Down,
}

/// Something that a run of a scenario comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Goal {
    /// No register explains the answers of this system.
    Contradiction(System),
    /// One register explains the answers of this system, after so many operations at least.
    Linearizable(System, usize),
    /// So many operations at least were refused in this system, and none in the other.
    RefusedOnlyIn(System, u32),
    /// So many orders were refunded in this system: those whose confirmation was taken back.
    Refunded(System, usize),
    /// An operation of this number in this system came to this verdict.
    Ends(System, u32, Ending),
    /// All replicas of this system keep the same version at the end, and the network is whole.
    Agreed(System),
    /// Each operation of this system waited for the one before: the second of two that were called together took longer than the first.
    TakesTurns(System),
}

/// The end of an operation, without the numbers of others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The verdict [`Verdict::Fresh`].
    Fresh,
    /// The verdict [`Verdict::Stale`].
    Stale,
    /// The verdict [`Verdict::Refused`].
    Refused,
    /// The verdict [`Verdict::Conflicting`].
    Conflicting,
}

impl Scenario {
    /// All of them, in the order in which they are offered: the build-up, then the ring.
    pub fn all() -> Vec<Self> {
        vec![
            one_store(),
            two_copies(),
            message(),
            lost_message(),
            last_copy(),
            bank(),
            heals(),
            minority(),
            repair(),
        ]
    }

    /// The one of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::all().into_iter().find(|one| one.name == name)
    }
}

impl When {
    /// Returns whether it holds now, after actions up to now.
    pub fn holds(self, world: &ConsistencyWorld) -> bool {
        let done = |wanted: fn(&Action) -> bool| {
            let mut plan = world.setup().actions.iter();
            plan.any(|timed| timed.at <= world.now() && wanted(&timed.action))
        };
        let is_cut = world.sides().iter().any(|side| side.has_cut());
        match self {
            Self::Begun => true,
            Self::Returned(number) => world.sides().iter().all(|side| {
                let operation = side.names().first();
                let operation = operation.and_then(|name| name.history.get(number as usize));
                operation.is_some_and(|operation| operation.returned.is_some())
            }),
            Self::Cut => is_cut,
            Self::Healed => !is_cut && done(|action| matches!(action, Action::Heal)),
            Self::Conflict(system) => {
                of(world, system).is_some_and(|name| !name.decisions.is_empty())
            }
            Self::Refunded(system) => world
                .side(system)
                .is_some_and(|side| !side.refunds().is_empty()),
            Self::Agreed(system) => Self::Healed.holds(world) && agrees(world, system),
            Self::Down => {
                let nodes = &world.setup().nodes;
                let mut sides = world.sides().iter();
                sides.any(|side| nodes.iter().any(|id| !side.is_up(*id)))
            }
        }
    }
}

impl Goal {
    /// Returns whether a run has come to it.
    pub fn is_met(self, world: &ConsistencyWorld) -> bool {
        let verdicts = |system, wanted: fn(Verdict) -> bool| {
            of(world, system).map_or(0, |name| {
                let numbers = 0..name.history.len() as u32;
                let verdicts = numbers.filter_map(|number| name.verdict(number));
                verdicts.filter(|verdict| wanted(*verdict)).count()
            })
        };
        match self {
            Self::Contradiction(system) => of(world, system).is_some_and(|name| {
                matches!(name.judge.verdict(), judge::Verdict::Contradiction { .. })
            }),
            Self::Linearizable(system, count) => of(world, system).is_some_and(|name| {
                let returned = name.history.iter().filter(|one| one.returned.is_some());
                matches!(name.judge.verdict(), judge::Verdict::Linearizable(_))
                    && returned.count() >= count
            }),
            Self::RefusedOnlyIn(system, count) => {
                let refused = |system| verdicts(system, |verdict| verdict == Verdict::Refused);
                let mut others = world.sides().iter().map(super::side::Side::system);
                refused(system) >= count as usize
                    && others.all(|other| other == system || refused(other) == 0)
            }
            Self::Refunded(system, count) => world
                .side(system)
                .is_some_and(|side| side.refunds().len() >= count),
            Self::Ends(system, number, ending) => {
                let verdict = of(world, system).and_then(|name| name.verdict(number));
                matches!(
                    (verdict, ending),
                    (Some(Verdict::Fresh), Ending::Fresh)
                        | (Some(Verdict::Stale { .. }), Ending::Stale)
                        | (Some(Verdict::Refused), Ending::Refused)
                        | (Some(Verdict::Conflicting { .. }), Ending::Conflicting)
                )
            }
            Self::Agreed(system) => {
                let has_cut = world.sides().iter().any(|side| side.has_cut());
                !has_cut && When::Healed.holds(world) && agrees(world, system)
            }
            Self::TakesTurns(system) => of(world, system).is_some_and(|name| {
                let took = |number: usize| {
                    let operation = name.history.get(number)?;
                    Some(operation.returned?.0.since(operation.called))
                };
                took(1).is_some_and(|second| took(0) < Some(second))
            }),
        }
    }
}

/// The first name in a system.
fn of(world: &ConsistencyWorld, system: System) -> Option<&Register> {
    world.side(system)?.names().first()
}

fn agrees(world: &ConsistencyWorld, system: System) -> bool {
    let repair = world.repair(system, 0, Instant::ZERO);
    repair.is_some_and(|repair| repair.agreed.is_some())
}

fn at(millis: u64, action: Action) -> Timed<Action> {
    Timed {
        at: Instant::from_millis(millis),
        action,
    }
}

fn get(client: u8) -> Action {
    call(client, Deed::Get)
}

fn put(client: u8, value: &str) -> Action {
    call(client, Deed::Put(value.to_string()))
}

fn swap(client: u8, value: &str) -> Action {
    call(client, Deed::Swap(value.to_string()))
}

const fn call(client: u8, deed: Deed) -> Action {
    Action::Call {
        client,
        name: 0,
        deed,
    }
}

fn cut(nodes: &[u64]) -> Action {
    Action::Cut(nodes.iter().copied().map(Id::from_u64).collect())
}

/// The clients of the lesson's ring.
const ANNA: u8 = 0;
const BEN: u8 = 1;
const CLEO: u8 = 2;
/// The half of the lesson's ring that has one of the book's three replicas.
const FEW: [u64; 4] = [4, 9, 11, 14];

/// Both write at one moment: the second waits for the first.
fn one_store() -> Scenario {
    let mut setup = Setup::step(System::OneStore);
    setup.actions = vec![
        at(200, put(ANNA, "Anna")),
        at(200, put(BEN, "Ben")),
        at(2_000, get(ANNA)),
        at(2_000, get(BEN)),
        at(3_500, put(ANNA, "Anna again")),
        at(3_600, get(BEN)),
    ];
    Scenario {
        name: "one-store",
        title: "One store, and turns",
        watch: "Anna and Ben use one store. It carries out one operation after the other, so that they agree, and whoever comes second waits.",
        seed: 1,
        until: Instant::from_millis(6_000),
        setup,
        captions: &[When::Begun, When::Returned(1), When::Returned(5)],
        predictions: &[3],
        goals: &[
            Goal::TakesTurns(System::OneStore),
            Goal::Linearizable(System::OneStore, 6),
        ],
    }
}

/// Nobody waits, and they disagree.
fn two_copies() -> Scenario {
    let mut setup = Setup::step(System::Copies);
    setup.actions = vec![
        at(200, put(ANNA, "Anna")),
        at(1_000, get(ANNA)),
        at(1_000, get(BEN)),
        at(2_000, put(BEN, "Ben")),
        at(3_000, get(ANNA)),
        at(3_000, get(BEN)),
    ];
    Scenario {
        name: "two-copies",
        title: "A copy each",
        watch: "Anna and Ben have a copy each. Neither waits for the other’s copy, and neither sees what the other writes.",
        seed: 1,
        until: Instant::from_millis(5_000),
        setup,
        captions: &[When::Begun, When::Returned(2), When::Returned(5)],
        predictions: &[2],
        goals: &[
            Goal::Ends(System::Copies, 2, Ending::Stale),
            Goal::Contradiction(System::Copies),
        ],
    }
}

/// A message for each write.
fn message() -> Scenario {
    let mut setup = Setup::step(System::Messages);
    setup.actions = vec![
        at(200, put(ANNA, "Anna")),
        at(300, get(BEN)),
        at(1_500, get(BEN)),
        at(2_500, put(BEN, "Ben")),
        at(4_000, get(ANNA)),
        at(4_000, get(BEN)),
    ];
    Scenario {
        name: "message",
        title: "A message for each write",
        watch: "Whoever writes tells the other, and waits for the acknowledgement. Both copies agree, and a read at either is fresh.",
        seed: 1,
        until: Instant::from_millis(6_000),
        setup,
        captions: &[When::Begun, When::Returned(0), When::Returned(5)],
        predictions: &[2],
        goals: &[Goal::Linearizable(System::Messages, 6)],
    }
}

/// A partition, and the message that is sent again after it.
fn lost_message() -> Scenario {
    let mut setup = Setup::step(System::Messages);
    setup.actions = vec![
        at(200, put(ANNA, "Anna")),
        at(1_500, get(BEN)),
        at(2_500, cut(&[9])),
        at(2_600, put(ANNA, "Anna again")),
        at(4_500, get(BEN)),
        at(5_500, Action::Heal),
        at(8_000, get(BEN)),
    ];
    Scenario {
        name: "lost-message",
        title: "The message is lost",
        watch: "The network is cut, and the message of Anna’s second write is lost. Ben reads what was there before, until the message that is sent again comes through.",
        seed: 1,
        until: Instant::from_millis(10_000),
        setup,
        captions: &[
            When::Begun,
            When::Cut,
            When::Returned(3),
            When::Healed,
            When::Returned(4),
        ],
        predictions: &[3],
        goals: &[
            Goal::Ends(System::Messages, 3, Ending::Stale),
            Goal::Ends(System::Messages, 4, Ending::Fresh),
            Goal::Contradiction(System::Messages),
        ],
    }
}

/// The last copy of a book: both customers are told that they have it, and one is refunded; or one is refused.
fn last_copy() -> Scenario {
    let mut setup = Setup::lesson();
    setup.shop = true;
    setup.actions = vec![
        at(200, put(ANNA, "1 left")),
        at(900, get(CLEO)),
        at(1_500, cut(&FEW)),
        at(2_300, get(ANNA)),
        at(4_200, put(ANNA, "Anna")),
        at(4_900, get(BEN)),
        at(5_500, get(ANNA)),
        at(6_300, put(BEN, "Ben")),
        at(7_000, get(CLEO)),
        at(7_500, get(ANNA)),
        at(8_600, Action::Heal),
        at(12_200, get(CLEO)),
        at(12_700, get(BEN)),
        at(13_300, get(ANNA)),
    ];
    Scenario {
        name: "last-copy",
        title: "The last copy of a book",
        watch: "The ring is cut, and Anna and Ben order the last copy on either side. Level one accepts both and refunds one; level quorum refuses one.",
        seed: 1,
        until: Instant::from_millis(15_000),
        setup,
        captions: &[
            When::Begun,
            When::Cut,
            When::Returned(3),
            When::Returned(4),
            When::Returned(6),
            When::Healed,
            When::Conflict(System::One),
            When::Refunded(System::One),
            When::Agreed(System::One),
        ],
        predictions: &[4, 7],
        goals: &[
            Goal::Ends(System::One, 6, Ending::Conflicting),
            Goal::Ends(System::Quorum, 6, Ending::Refused),
            Goal::Contradiction(System::One),
            Goal::Linearizable(System::Quorum, 9),
            Goal::Refunded(System::One, 1),
            Goal::Agreed(System::One),
        ],
    }
}

/// A bank: a withdrawal replaces exactly the balance that was read, and is refused where that cannot be known.
fn bank() -> Scenario {
    let mut setup = Setup::lesson();
    setup.actions = vec![
        at(200, put(ANNA, "100")),
        at(900, get(ANNA)),
        at(1_000, get(BEN)),
        at(1_500, cut(&FEW)),
        at(4_000, swap(ANNA, "20")),
        at(4_200, swap(BEN, "40")),
        at(6_000, get(BEN)),
        at(6_100, get(ANNA)),
        at(8_600, Action::Heal),
        at(12_200, get(BEN)),
        at(12_800, get(ANNA)),
    ];
    Scenario {
        name: "bank",
        title: "The bank",
        watch: "Anna withdraws 80 and Ben 60 of the 100 that both have seen. At level one both succeed, and a withdrawal is lost; at level quorum Ben’s is refused.",
        seed: 1,
        until: Instant::from_millis(15_000),
        setup,
        captions: &[
            When::Begun,
            When::Cut,
            When::Returned(3),
            When::Returned(4),
            When::Healed,
            When::Returned(7),
        ],
        predictions: &[4],
        goals: &[
            Goal::Ends(System::One, 4, Ending::Conflicting),
            Goal::Ends(System::Quorum, 4, Ending::Refused),
            Goal::Contradiction(System::One),
            Goal::Linearizable(System::Quorum, 8),
        ],
    }
}

/// One write during a cut, on the majority's side.
fn heals() -> Scenario {
    let mut setup = Setup::lesson();
    setup.actions = vec![
        at(200, put(ANNA, "old")),
        at(1_500, cut(&FEW)),
        at(4_000, put(ANNA, "new")),
        at(5_500, get(BEN)),
        at(7_000, Action::Heal),
        at(10_500, get(BEN)),
        at(11_200, get(CLEO)),
    ];
    Scenario {
        name: "heals",
        title: "A cut that heals",
        watch: "Anna writes while the ring is cut. Ben reads the old value at level one and nothing at level quorum, until the halves have found each other and compared their records.",
        seed: 1,
        until: Instant::from_millis(13_000),
        setup,
        captions: &[
            When::Begun,
            When::Cut,
            When::Returned(2),
            When::Healed,
            When::Agreed(System::One),
            When::Returned(4),
        ],
        predictions: &[2, 3],
        goals: &[
            Goal::Ends(System::One, 2, Ending::Stale),
            Goal::Ends(System::Quorum, 2, Ending::Refused),
            Goal::Ends(System::One, 3, Ending::Fresh),
            Goal::Ends(System::Quorum, 3, Ending::Fresh),
            Goal::Agreed(System::One),
        ],
    }
}

/// The client at a node without a majority: it needs no write to be refused.
fn minority() -> Scenario {
    let mut setup = Setup::lesson();
    setup.actions = vec![
        at(200, put(BEN, "kept")),
        at(1_500, cut(&FEW)),
        at(4_000, get(CLEO)),
        at(4_100, get(ANNA)),
        at(5_500, put(BEN, "written by the few")),
        at(7_000, get(CLEO)),
        at(8_500, Action::Heal),
        at(12_000, get(CLEO)),
        at(12_700, get(ANNA)),
    ];
    Scenario {
        name: "minority",
        title: "The client on the minority’s side",
        watch: "Cleo’s node reaches one of three replicas. At level one it answers for it, rightly as long as the others write nothing; at level quorum it refuses even to read.",
        seed: 1,
        until: Instant::from_millis(14_000),
        setup,
        captions: &[
            When::Begun,
            When::Cut,
            When::Returned(1),
            When::Returned(3),
            When::Healed,
            When::Returned(6),
        ],
        predictions: &[1, 4],
        goals: &[
            Goal::Ends(System::One, 1, Ending::Fresh),
            Goal::Ends(System::Quorum, 1, Ending::Refused),
            Goal::Linearizable(System::Quorum, 7),
            Goal::Linearizable(System::One, 7),
            Goal::RefusedOnlyIn(System::Quorum, 3),
        ],
    }
}

/// A replica was down while a value was written, and is read from while it is repaired.
fn repair() -> Scenario {
    let mut setup = Setup::lesson();
    // At the first node behind the owner, which stands in for it.
    setup.clients.push(Client {
        name: "Dora".to_string(),
        node: Id::from_u64(1),
    });
    let owner = Id::from_u64(28);
    setup.actions = vec![
        at(200, put(ANNA, "old")),
        at(1_500, Action::Crash(owner)),
        at(4_500, put(ANNA, "new")),
        at(6_000, get(BEN)),
        at(7_000, Action::Restart(owner)),
        at(7_150, get(3)),
        at(7_500, get(ANNA)),
        at(8_000, get(BEN)),
        at(8_500, get(CLEO)),
        at(11_000, get(BEN)),
    ];
    Scenario {
        name: "repair",
        title: "A read during repair",
        watch: "The key’s owner was down while Anna wrote, and comes back with the old value on its disk. Reads ask the whole group, so that nobody is told the old value, and the owner is brought up to date.",
        seed: 1,
        until: Instant::from_millis(13_000),
        setup,
        captions: &[
            When::Begun,
            When::Down,
            When::Returned(1),
            When::Returned(3),
            When::Returned(7),
        ],
        predictions: &[3],
        goals: &[
            Goal::Ends(System::One, 7, Ending::Fresh),
            Goal::Ends(System::Quorum, 7, Ending::Fresh),
            Goal::Linearizable(System::Quorum, 8),
        ],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::run::Run;
    use alloc::collections::BTreeSet;
    use alloc::sync::Arc;

    #[test]
    fn each_scenario_comes_to_its_goals_and_captions_come_in_order() {
        let mut wrong = Vec::new();
        for scenario in Scenario::all() {
            let setup = Arc::new(scenario.setup.clone());
            let mut run = Run::<ConsistencyWorld>::begin(&setup, scenario.seed).unwrap();
            let mut shown = 0;
            let mut met: BTreeSet<usize> = BTreeSet::new();
            loop {
                while shown < scenario.captions.len() && scenario.captions[shown].holds(run.world())
                {
                    shown += 1;
                }
                for (place, goal) in scenario.goals.iter().enumerate() {
                    if goal.is_met(run.world()) {
                        met.insert(place);
                    }
                }
                if !run.step_until(scenario.until) {
                    break;
                }
            }
            let world = run.world();
            if shown < scenario.captions.len() || met.len() < scenario.goals.len() {
                let missed = (0..scenario.goals.len()).filter(|place| !met.contains(place));
                let missed: Vec<Goal> = missed.map(|place| scenario.goals[place]).collect();
                wrong.push((scenario.name, shown, missed));
            }
            // All actions of a scenario can be carried out: each call is an operation.
            let calls = setup.actions.iter();
            let calls = calls.filter(|timed| matches!(timed.action, Action::Call { .. }));
            let calls = calls.count();
            for side in world.sides() {
                assert_eq!(side.names()[0].history.len(), calls, "{}", scenario.name);
            }
            for number in scenario.predictions {
                assert!((*number as usize) < calls);
            }
        }
        assert!(wrong.is_empty(), "{wrong:?}");
    }

    #[test]
    fn names_are_different_and_scenarios_are_within_the_limits() {
        let all = Scenario::all();
        let names: BTreeSet<&str> = all.iter().map(|one| one.name).collect();
        assert_eq!(names.len(), all.len());
        for scenario in all {
            assert_eq!(scenario.setup.check(), Ok(()));
            assert!(!scenario.goals.is_empty() && !scenario.predictions.is_empty());
            let key = scenario.setup.names[0].key(scenario.setup.space);
            assert_eq!(key, Id::from_u64(25));
            assert_eq!(Scenario::named(scenario.name), Some(scenario));
        }
        assert_eq!(Scenario::named("lesson-26"), None);
    }
}
