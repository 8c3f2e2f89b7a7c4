//! A moment in statements: operations, judgement, repair, the words ACID and BASE, what is under the pointer, the log, the ticks of the timeline.

use chordscope_core::base::id::Id;
use chordscope_core::base::time::Instant;
use chordscope_sim::checks::history::{Answer, Asked, Operation, Value, Version};
use chordscope_sim::checks::verdict::Verdict;
use chordscope_sim::engine::World;
use chordscope_sim::engine::trace::Entry;
use chordscope_sim::worlds::consistency::action::{Action, Deed};
use chordscope_sim::worlds::consistency::judgement::{Judgement, Limited};
use chordscope_sim::worlds::consistency::scenario::{Goal, Scenario};
use chordscope_sim::worlds::consistency::shop::Refund;
use chordscope_sim::worlds::consistency::side::{Call, Change, MAX_CHANGES, Register, Side};
use chordscope_sim::worlds::consistency::trace::What;
use chordscope_sim::worlds::consistency::view::SideView;
use chordscope_sim::worlds::consistency::{ConsistencyWorld, History};

use crate::cap::engine::command::{Over, Thing};
use crate::cap::engine::snapshot::{EventRow, Flight, Lane, OperationView, Share, SideShot};
use crate::cap::engine::statement::{Asks, Came, Judged, Statement, Written};
use crate::player::{Tick, TickKind};

/// The number of lines of the log.
const LINES: usize = 60;
/// The number of entries of the trace, back from now, among which they are looked for.
const LOOK_BACK: usize = 20_000;
/// A microsecond count, from an instant.
fn micros(at: Instant) -> u64 {
    at.as_micros()
}

/// The name of a client.
pub(super) fn client_name(world: &ConsistencyWorld, client: u8) -> String {
    let client = world.setup().clients.get(usize::from(client));
    client.map_or_else(String::new, |client| client.name.clone())
}

/// A name that is called.
pub(super) fn name_text(world: &ConsistencyWorld, name: u8) -> String {
    let name = world.setup().names.get(usize::from(name));
    name.map_or_else(String::new, |name| name.as_str().to_owned())
}

/// The place of a node in the set-up.
pub(super) fn place_of(world: &ConsistencyWorld, id: Id) -> Option<usize> {
    world.setup().nodes.iter().position(|node| *node == id)
}

fn show(world: &ConsistencyWorld, id: Id) -> String {
    world.setup().space.show(id)
}

/// A request of an action, as it is told.
pub(super) fn asks(deed: &Deed) -> Asks {
    match deed {
        Deed::Get => Asks::Get,
        Deed::Put(value) => Asks::Put(value.clone()),
        Deed::Delete => Asks::Delete,
        Deed::Swap(value) => Asks::Swap(value.clone()),
    }
}

fn asked(operation: &Operation, call: &Call) -> Asks {
    let value = || call.value.clone().unwrap_or_default();
    match operation.asked {
        Asked::Get => Asks::Get,
        Asked::Put => Asks::Put(value()),
        Asked::Delete => Asks::Delete,
        Asked::Swap(_) => Asks::Swap(value()),
    }
}

/// A write, by the number of its operation.
pub(super) fn written(world: &ConsistencyWorld, register: &Register, number: Value) -> Written {
    let call = register.calls.get(number as usize);
    Written {
        client: call.map_or_else(String::new, |call| client_name(world, call.client)),
        value: call.and_then(|call| call.value.clone()),
    }
}

fn value_of(register: &Register, version: Version) -> String {
    let call = register.calls.get(version.by as usize);
    call.and_then(|call| call.value.clone()).unwrap_or_default()
}

/// An operation, as it is told.
pub(super) fn operation(
    world: &ConsistencyWorld,
    register: &Register,
    number: Value,
) -> Option<OperationView> {
    let place = number as usize;
    let (operation, call) = register.history.get(place).zip(register.calls.get(place))?;
    let came = operation.answer().map(|answer| match answer {
        Answer::Got(version) => Came::Got(version.map(|version| value_of(register, version))),
        Answer::Done(sequence) => Came::Wrote(sequence),
        Answer::Mismatch => Came::Mismatch,
        Answer::Refused => Came::Refused(call.reason),
    });
    let confirmed = |number: Value| {
        let (at, answer) = register.history.get(number as usize)?.returned?;
        matches!(answer, Answer::Done(_)).then_some(at)
    };
    let verdict = match register.verdict(number)? {
        Verdict::InFlight => None,
        Verdict::Fresh => Some(Judged::Fresh),
        Verdict::Refused => Some(Judged::Refused {
            writes: operation.asked.writes(),
        }),
        Verdict::Stale { newer } => Some(Judged::Stale {
            newer: written(world, register, newer),
            ago: confirmed(newer)
                .filter(|at| *at <= operation.called)
                .map(|at| micros(operation.called) - micros(at)),
        }),
        Verdict::Conflicting { with } => Some(Judged::Conflicting {
            with: written(world, register, with),
            sequence: match register.history.get(with as usize)?.answer() {
                Some(Answer::Done(sequence)) => sequence,
                _ => 0,
            },
        }),
    };
    Some(OperationView {
        number,
        client: call.client,
        name: client_name(world, call.client),
        deed: asked(operation, call),
        came,
        verdict,
        called: micros(operation.called),
        returned: operation.returned.map(|(at, _)| micros(at)),
    })
}

/// The outcome of an operation in a system, or that it is in flight.
pub(super) fn said(
    world: &ConsistencyWorld,
    side: &Side,
    name: u8,
    number: Value,
) -> Option<Statement> {
    let register = side.names().get(usize::from(name))?;
    let told = operation(world, register, number)?;
    let (system, client) = (side.system(), told.name);
    Some(match (told.came, told.verdict, told.returned) {
        (Some(came), Some(verdict), Some(at)) => Statement::Ended {
            system,
            client,
            came,
            took: at - told.called,
            verdict,
        },
        _ => Statement::Waits {
            system,
            client,
            since: micros(world.now()).saturating_sub(told.called),
        },
    })
}

/// A call, in words.
pub(super) fn call(world: &ConsistencyWorld, name: u8, number: Value) -> Option<Statement> {
    let register = world.sides().first()?.names().get(usize::from(name))?;
    let told = operation(world, register, number)?;
    Some(Statement::Calls {
        client: told.name,
        deed: told.deed,
        name: name_text(world, name),
        at: told.called,
    })
}

/// The cuts so far: when each began, and when it healed.
pub(super) fn cuts(history: &History) -> Vec<(u64, Option<u64>)> {
    let now = history.now();
    let mut cuts: Vec<(u64, Option<u64>)> = Vec::new();
    for entry in history.entries().iter().filter(|entry| entry.at <= now) {
        let What::Acted(action) = &entry.what else {
            continue;
        };
        let begins = match action {
            Action::Cut(nodes) => !nodes.is_empty(),
            Action::Heal => false,
            _ => continue,
        };
        let at = micros(entry.at);
        if let Some(open) = cuts.last_mut().filter(|(_, end)| end.is_none()) {
            open.1 = Some(at);
        }
        if begins {
            cuts.push((at, None));
        }
    }
    cuts
}

/// A system at this moment.
pub(super) fn side(
    world: &ConsistencyWorld,
    view: SideView,
    name: u8,
    cuts: &[(u64, Option<u64>)],
) -> Option<SideShot> {
    let side = world.side(view.system)?;
    let register = side.names().get(usize::from(name))?;
    let numbers = 0..register.history.len() as Value;
    let operations: Vec<OperationView> = numbers
        .filter_map(|number| operation(world, register, number))
        .collect();
    let (mut calm, mut cut) = (Share::default(), Share::default());
    for one in &operations {
        let Some(returned) = one.returned else {
            continue;
        };
        let meets = |(from, to): &(u64, Option<u64>)| {
            returned >= *from && to.is_none_or(|to| one.called < to)
        };
        let share = if cuts.iter().any(meets) {
            &mut cut
        } else {
            &mut calm
        };
        share.returned += 1;
        share.answered += u32::from(!matches!(one.came, Some(Came::Refused(_))));
        share.fresh += u32::from(one.verdict == Some(Judged::Fresh));
    }
    Some(SideShot {
        judgement: judgement(&view, &operations),
        lanes: lanes(world, side, &view, register),
        flights: flights(world, side, &view),
        operations,
        view,
        calm,
        cut,
    })
}

/// The replicas of the group over time.
fn lanes(world: &ConsistencyWorld, side: &Side, view: &SideView, register: &Register) -> Vec<Lane> {
    let name = world.sides().iter().find_map(|one| {
        let mut names = (0..).zip(one.names());
        names.find_map(|(name, other)| std::ptr::eq(other, register).then_some(name))
    });
    let group = view.replicas.iter().filter(|replica| replica.is_of_group);
    let lane = |replica: &chordscope_sim::worlds::consistency::view::Replica| {
        let changes = side.changes().iter();
        let own = changes.filter(|change| change.node == replica.node && Some(change.name) == name);
        let step = |change: &Change| {
            let version = change.version;
            let version = version.map(|version| (version, value_of(register, version)));
            (micros(change.at), version)
        };
        Some(Lane {
            node: place_of(world, replica.node)?,
            steps: own.map(step).collect(),
        })
    };
    group.filter_map(lane).collect()
}

fn flights(world: &ConsistencyWorld, side: &Side, view: &SideView) -> Vec<Flight> {
    let now = micros(world.now());
    let flight = |parcel: &chordscope_sim::worlds::consistency::network::Parcel| {
        let (sent, due) = (micros(parcel.sent), micros(parcel.arrives));
        let share = now.saturating_sub(sent) * 1_000 / due.saturating_sub(sent).max(1);
        Some(Flight {
            number: parcel.number,
            from: place_of(world, parcel.from)?,
            to: place_of(world, parcel.to)?,
            share: u16::try_from(share.min(1_000)).unwrap_or(1_000),
            is_cut: side.is_cut(parcel.from, parcel.to),
        })
    };
    view.messages.iter().filter_map(flight).collect()
}

/// The judgement of a system's history in words.
fn judgement(view: &SideView, operations: &[OperationView]) -> Vec<Statement> {
    let system = view.system;
    let mut said = match Judgement::of(view) {
        Judgement::Linearizable { answers } => vec![Statement::Linearizable { system, answers }],
        Judgement::GaveUp => vec![Statement::GaveUp { system }],
        Judgement::Contradiction { is_smallest, .. } => {
            contradiction(view, operations, is_smallest)
        }
    };
    let limited = Limited::of(view);
    said.extend(limited.map(|Limited { judged, called }| Statement::Limited { judged, called }));
    said
}

fn contradiction(
    view: &SideView,
    operations: &[OperationView],
    is_smallest: bool,
) -> Vec<Statement> {
    let set = view.contradiction();
    let of = |number: &Value| operations.get(*number as usize);
    let mut said = vec![Statement::Contradiction {
        system: view.system,
        count: set.len() as u32,
        is_smallest,
    }];
    let members = (1..).zip(set.iter().filter_map(of));
    said.extend(members.map(|(place, one)| Statement::Member {
        place,
        client: one.name.clone(),
        deed: one.deed.clone(),
        came: one.came.clone(),
        called: one.called,
        returned: one.returned,
    }));
    said.extend(
        precedences(view, operations).map(|(first, second)| Statement::Before { first, second }),
    );
    said.extend(reads(view).map(|(reader, writer)| Statement::Reads { reader, writer }));
    said
}

/// The pairs of a contradiction, by place from 1, of which the first had returned before the second was called: without those that follow from
/// two others.
pub fn precedences(
    view: &SideView,
    operations: &[OperationView],
) -> impl Iterator<Item = (u32, u32)> + use<> {
    let set: Vec<&OperationView> = {
        let all = view.contradiction().iter();
        all.filter_map(|number| operations.get(*number as usize))
            .collect()
    };
    let is_before = |one: usize, other: usize| {
        set[one].returned.is_some_and(|at| at < set[other].called)
            && !matches!(set[one].came, Some(Came::Refused(_)))
    };
    let mut pairs = Vec::new();
    for one in 0..set.len() {
        for other in 0..set.len() {
            let is_between = |third: usize| is_before(one, third) && is_before(third, other);
            if is_before(one, other) && !(0..set.len()).any(is_between) {
                pairs.push((one as u32 + 1, other as u32 + 1));
            }
        }
    }
    pairs.into_iter()
}

/// The pairs of a contradiction, by place from 1, of which the first returned what the second wrote.
pub fn reads(view: &SideView) -> impl Iterator<Item = (u32, u32)> + use<> {
    let set = view.contradiction();
    let place = |number: Value| set.iter().position(|one| *one == number);
    let pair = |number: &Value| {
        let bar = view.bars.get(*number as usize)?;
        let writer = bar.version.filter(|_| bar.asked == Asked::Get)?.by;
        Some((place(*number)? as u32 + 1, place(writer)? as u32 + 1))
    };
    let pairs: Vec<(u32, u32)> = set.iter().filter_map(pair).collect();
    pairs.into_iter()
}

/// A refund in words.
pub(super) fn refund(world: &ConsistencyWorld, side: &Side, refund: &Refund) -> Option<Statement> {
    let register = side.names().get(usize::from(refund.name))?;
    let after = world.refund_delay(side.system(), refund)?;
    Some(Statement::Refund {
        system: side.system(),
        order: written(world, register, refund.order),
        stands: written(world, register, refund.stands),
        at: micros(refund.at),
        after: u64::try_from(after.as_micros()).unwrap_or(u64::MAX),
    })
}

/// The meeting of two versions with one number, in words: at this time at a node, by what it kept then. Where it kept nothing, a delete stays.
pub(super) fn conflict(
    world: &ConsistencyWorld,
    side: &Side,
    node: Id,
    name: u8,
    at: Instant,
) -> Option<Statement> {
    let register = side.names().get(usize::from(name))?;
    let mut before = side.changes().iter().rev();
    let of_it = |change: &&Change| change.node == node && change.name == name && change.at <= at;
    let known = before.find(of_it);
    if known.is_none() && side.changes().len() >= MAX_CHANGES / 2 {
        // The oldest changes may be forgotten: then nobody knows what was kept.
        return None;
    }
    let winner = known.and_then(|change| change.version);
    let goes = winner.and_then(|winner| {
        let mut others = (0..).zip(&register.history);
        others.find(|(number, operation)| {
            *number != winner.by
                && operation.returned.is_some_and(|(returned, answer)| {
                    returned <= at && answer == Answer::Done(winner.sequence)
                })
        })
    });
    Some(Statement::Conflict {
        system: side.system(),
        node: show(world, node),
        at: micros(at),
        stays: winner.map(|winner| (written(world, register, winner.by), winner.sequence)),
        goes: goes.map(|(number, _)| written(world, register, number)),
    })
}

/// The meetings of versions of a name, each decision once: nodes at which the same two meet later tell of it again.
pub(super) fn conflicts(history: &History, side: &Side, name: u8) -> Vec<Statement> {
    let mut said: Vec<Statement> = Vec::new();
    for entry in history.entries() {
        let What::Conflict {
            system,
            node,
            name: of,
        } = &entry.what
        else {
            continue;
        };
        if *system != side.system() || *of != name {
            continue;
        }
        let is_told = |one: &Option<(Written, u64)>| {
            let mut known = said.iter();
            known.any(|known| matches!(known, Statement::Conflict { stays, .. } if stays == one))
        };
        match conflict(history.world(), side, *node, name, entry.at) {
            Some(Statement::Conflict { ref stays, .. }) if is_told(stays) => {}
            told => said.extend(told),
        }
    }
    said
}

/// Whether the replicas of a system agree, counted from the end of the last cut.
pub(super) fn agreement(
    world: &ConsistencyWorld,
    side: &Side,
    name: u8,
    healed: u64,
) -> Option<Statement> {
    let since = Instant::from_micros(healed);
    let system = side.system();
    let repair = world.repair(system, name, since)?;
    Some(match repair.agreed {
        Some(at) => Statement::Agreed {
            system,
            after: micros(at) - healed,
        },
        None => {
            let group = world
                .moment(name)
                .into_iter()
                .find(|view| view.system == system)?;
            let mut versions: Vec<Option<Version>> = Vec::new();
            for replica in group
                .replicas
                .iter()
                .filter(|one| one.is_of_group && one.is_up)
            {
                if !versions.contains(&replica.version) {
                    versions.push(replica.version);
                }
            }
            Statement::Differ {
                system,
                versions: versions.len() as u32,
            }
        }
    })
}

/// The replicas that each client reaches now; `None` where there is no ring.
pub(super) fn reach(world: &ConsistencyWorld, name: u8) -> Option<Statement> {
    let system = world
        .sides()
        .iter()
        .find_map(|side| side.system().level().map(|_| side.system()))?;
    let clients = 0..world.setup().clients.len() as u8;
    let reached: Vec<_> = clients
        .filter_map(|client| Some((client, world.reach(system, client, name)?)))
        .collect();
    let (_, first) = reached.first()?;
    Some(Statement::Reach {
        group: first.group,
        majority: first.majority,
        each: reached
            .iter()
            .map(|(client, reach)| (client_name(world, *client), reach.replicas))
            .collect(),
    })
}

/// The words of BASE, each with a fact of the run.
pub(super) fn base(
    world: &ConsistencyWorld,
    shot: &SideShot,
    name: u8,
    healed: Option<u64>,
) -> [(&'static str, Statement); 3] {
    let view = &shot.view;
    let system = view.system;
    let of_group = |id: Id| {
        let mut replicas = view.replicas.iter();
        replicas.any(|replica| replica.node == id && replica.is_of_group)
    };
    let soft: Vec<_> = view
        .unprompted
        .iter()
        .filter(|change| of_group(change.node))
        .collect();
    let side = world.side(system);
    let agreed = side.and_then(|side| agreement(world, side, name, healed.unwrap_or(0)));
    [
        (
            "Basically available",
            Statement::Available {
                system,
                answered: view.tally.answered,
                returned: view.tally.called - view.tally.in_flight,
            },
        ),
        (
            "Soft state",
            Statement::Soft {
                system,
                changes: soft.len() as u32,
                last: soft
                    .last()
                    .map(|change| (show(world, change.node), micros(change.at))),
            },
        ),
        (
            "Eventually consistent",
            match (agreed, healed) {
                (Some(said @ Statement::Differ { .. }), _) | (Some(said), Some(_)) => said,
                _ => Statement::Agreed { system, after: 0 },
            },
        ),
    ]
}

/// The words of ACID, each with a fact of the run.
pub(super) fn acid(
    world: &ConsistencyWorld,
    shot: &SideShot,
    register: &Register,
) -> [(&'static str, Statement); 4] {
    let view = &shot.view;
    let system = view.system;
    let history = &register.history;
    let refused = (0..)
        .zip(history)
        .filter(|(_, one)| one.asked.writes() && one.answer() == Some(Answer::Refused));
    let refused: Vec<Value> = refused.map(|(number, _)| number).collect();
    let was_read = |number: &&Value| {
        history.iter().any(|one| matches!(one.answer(), Some(Answer::Got(Some(version))) if version.by == **number))
    };
    let done: Vec<(Value, u64)> = (0..)
        .zip(history)
        .filter_map(|(number, one)| match one.answer() {
            Some(Answer::Done(sequence)) => Some((number, sequence)),
            _ => None,
        })
        .collect();
    let shares = |(number, sequence): &&(Value, u64)| {
        let mut others = done.iter();
        others.any(|(other, its)| other != number && its == sequence)
    };
    [
        (
            "Atomic",
            Statement::Atomic {
                system,
                refused: refused.len() as u32,
                read: refused.iter().filter(was_read).count() as u32,
            },
        ),
        (
            "Consistent",
            Statement::Rule {
                system,
                doubles: done.iter().filter(shares).count() as u32,
            },
        ),
        (
            "Isolated",
            Statement::Isolated {
                system,
                order: shot.order(),
            },
        ),
        ("Durable", durable(world, view, register, &done)),
    ]
}

/// The newest of the confirmed writes, which are named by operation and sequence number, and who keeps it.
fn durable(
    world: &ConsistencyWorld,
    view: &SideView,
    register: &Register,
    done: &[(Value, u64)],
) -> Statement {
    let history = &register.history;
    let decided = |number: Value| {
        let mut decisions = register.decisions.iter();
        decisions.any(|decision| decision.winner.by == number)
    };
    let newest = done
        .iter()
        .max_by_key(|(number, sequence)| (*sequence, decided(*number), *number));
    let holders = view.replicas.iter().filter(|replica| {
        replica.is_of_group
            && newest.is_some_and(|(number, _)| {
                let asked = history.get(*number as usize).map(|one| one.asked);
                match asked {
                    Some(Asked::Delete) => replica.version.is_none(),
                    _ => replica.version.is_some_and(|version| version.by == *number),
                }
            })
    });
    Statement::Durable {
        system: view.system,
        newest: newest.map(|(number, _)| written(world, register, *number)),
        holders: holders.count() as u32,
        group: view.replicas.iter().filter(|one| one.is_of_group).count() as u32,
    }
}

/// The hint about the thing under the pointer.
pub(super) fn hint(
    world: &ConsistencyWorld,
    sides: &[SideShot],
    name: u8,
    over: Option<Over>,
) -> Vec<Statement> {
    let told = over.and_then(|over| {
        let shot = sides.iter().find(|shot| shot.view.system == over.system)?;
        let side = world.side(over.system)?;
        Some(match over.thing {
            Thing::Node(place) => vec![node(world, side, shot, name, place)?],
            Thing::Lane(place, from) => vec![kept(world, shot, place, from)?],
            Thing::Bar(number) => {
                let bar = shot.view.bars.get(number as usize)?;
                let effect = bar.point.map(|at| Statement::Effect { at: micros(at) });
                [
                    call(world, name, number),
                    said(world, side, name, number),
                    effect,
                ]
                .into_iter()
                .flatten()
                .collect()
            }
            Thing::Message(number) => {
                let parcel = shot.view.messages.iter().find(|one| one.number == number)?;
                vec![Statement::MessageIs {
                    from: show(world, parcel.from),
                    to: show(world, parcel.to),
                    rest: micros(parcel.arrives).saturating_sub(micros(world.now())),
                    is_cut: side.is_cut(parcel.from, parcel.to),
                }]
            }
        })
    });
    told.unwrap_or_default()
}

/// The version that a node's replica kept from this moment on, and until when.
fn kept(world: &ConsistencyWorld, shot: &SideShot, place: usize, from: u64) -> Option<Statement> {
    let lane = shot.lanes.iter().find(|lane| lane.node == place)?;
    // Of changes at one moment the last one lasted.
    let step = lane.steps.iter().rposition(|(at, _)| *at == from)?;
    let (_, version) = lane.steps.get(step)?;
    Some(Statement::Kept {
        node: show(world, *world.setup().nodes.get(place)?),
        version: version
            .as_ref()
            .map(|(version, value)| (version.sequence, value.clone())),
        from,
        until: lane.steps.get(step + 1).map(|(at, _)| *at),
    })
}

fn node(
    world: &ConsistencyWorld,
    side: &Side,
    shot: &SideShot,
    name: u8,
    place: usize,
) -> Option<Statement> {
    let replica = shot.view.replicas.get(place)?;
    let register = side.names().get(usize::from(name))?;
    let is_few = is_cut_off(side, world, replica.node);
    let clients = world.setup().clients.iter();
    Some(Statement::NodeIs {
        node: show(world, replica.node),
        is_up: replica.is_up,
        is_cut: is_few,
        is_responsible: replica.is_responsible,
        is_of_group: replica.is_of_group,
        keeps: replica
            .version
            .map(|version| (version.sequence, value_of(register, version))),
        clients: clients
            .filter(|client| client.node == replica.node)
            .map(|client| client.name.clone())
            .collect(),
    })
}

/// Whether a node is on the side of a cut that has fewer nodes; of two equal ones, the side without the first node.
pub(super) fn is_cut_off(side: &Side, world: &ConsistencyWorld, id: Id) -> bool {
    let nodes = &world.setup().nodes;
    let own = nodes
        .iter()
        .filter(|other| !side.is_cut(id, **other))
        .count();
    let has_first = nodes.first().is_some_and(|first| !side.is_cut(id, *first));
    own * 2 < nodes.len() || own * 2 == nodes.len() && !has_first
}

/// A goal of a scenario in words.
pub(super) fn goal(scenario: &Scenario, goal: Goal) -> Statement {
    let number = match goal {
        Goal::Ends(_, number, _) => Some(number),
        _ => None,
    };
    let mut calls = scenario
        .setup
        .actions
        .iter()
        .filter_map(|timed| match &timed.action {
            Action::Call { client, deed, .. } => Some((timed.at, *client, deed)),
            _ => None,
        });
    let of = number.and_then(|number| calls.nth(number as usize));
    let of = of.and_then(|(at, client, deed)| {
        let client = scenario.setup.clients.get(usize::from(client))?;
        Some((client.name.clone(), asks(deed), micros(at)))
    });
    Statement::Goal { goal, of }
}

/// An action in words; `None` for calls, which are told with what came of them.
pub(super) fn deed(world: &ConsistencyWorld, action: &Action, at: Instant) -> Option<Statement> {
    let at = micros(at);
    Some(match action {
        Action::Cut(nodes) if nodes.is_empty() => Statement::Healed { at },
        Action::Cut(nodes) => Statement::Cut {
            nodes: nodes.iter().map(|id| show(world, *id)).collect(),
            others: (world.setup().nodes.len().saturating_sub(nodes.len())) as u32,
            at,
        },
        Action::Heal => Statement::Healed { at },
        Action::Crash(id) => Statement::Crashed {
            node: show(world, *id),
            at,
        },
        Action::Restart(id) => Statement::Back {
            node: show(world, *id),
            at,
        },
        Action::LoseMessage => Statement::Lost { at },
        Action::Call { client, name, deed } => Statement::Calls {
            client: client_name(world, *client),
            deed: asks(deed),
            name: name_text(world, *name),
            at,
        },
    })
}

/// The last lines of the log.
pub(super) fn events(world: &ConsistencyWorld, entries: &[Entry<What>]) -> Vec<EventRow> {
    let recent = entries.iter().rev().take(LOOK_BACK);
    EventRow::last(recent, LINES, |entry| line(world, entry))
}

fn line(world: &ConsistencyWorld, entry: &Entry<What>) -> Option<Statement> {
    match &entry.what {
        What::Acted(action) => deed(world, action, entry.at),
        What::Called { .. } | What::Changed { .. } | What::Arrived(..) => None,
        What::Returned {
            system,
            name,
            number,
            ..
        } => said(world, world.side(*system)?, *name, *number),
        What::Conflict { system, node, name } => {
            conflict(world, world.side(*system)?, *node, *name, entry.at)
        }
        What::Refunded {
            system,
            refund: one,
        } => refund(world, world.side(*system)?, one),
    }
}

/// The tick of an entry on the timeline: a deed, a call, an answer that is not fresh.
pub(super) fn tick(world: &ConsistencyWorld, entry: &Entry<What>) -> Option<Tick> {
    let kind = match &entry.what {
        What::Acted(Action::Call { .. }) => TickKind::Other,
        What::Acted(_) | What::Refunded { .. } => TickKind::Deed,
        What::Conflict { .. } => TickKind::Fault,
        What::Returned {
            system,
            name,
            number,
            ..
        } => {
            let register = world.side(*system)?.names().get(usize::from(*name))?;
            match register.verdict(*number)? {
                Verdict::Stale { .. } | Verdict::Conflicting { .. } => TickKind::Fault,
                Verdict::Refused => TickKind::Hop,
                Verdict::Fresh | Verdict::InFlight => return None,
            }
        }
        What::Called { .. } | What::Changed { .. } | What::Arrived(..) => return None,
    };
    Some(Tick {
        at: micros(entry.at),
        kind,
        label: line(world, entry)?.text(),
    })
}
