//! A moment of a world of consistency for a page: typed facts with their numbers, no words.

use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::time::Duration;

use crate::checks::history::{Answer, Asked, Operation, Value, Version};
use crate::checks::judge;
use crate::checks::verdict::Verdict;
use crate::engine::chrome::Mark;
use crate::engine::trace::Entry;
use crate::engine::{Timed, World};
use crate::worlds::consistency::action::Action;
use crate::worlds::consistency::network::{Parcel, Reason};
use crate::worlds::consistency::setup::{Setup, System};
use crate::worlds::consistency::shop::Refund;
use crate::worlds::consistency::side::{Change, Register, Side};
use crate::worlds::consistency::trace::What;
use crate::worlds::consistency::{ConsistencyWorld, Run};
use chordscope_core::base::id::Id;
use chordscope_core::base::time::Instant;
use chordscope_core::chord::ideal::IdealRing;
use chordscope_core::node::Node;

/// The time in which an operation is expected to end, in times of giving up: at level `one` it asks a silent group more than once.
const FORESIGHT: u32 = 5;
/// The steps in which an end is looked for.
const STRIDE: Duration = Duration::from_millis(50);

/// An operation, as a bar from its call to its return.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bar {
    /// The number on its name.
    pub number: Value,
    /// The client's place in the set-up.
    pub client: u8,
    /// The request.
    pub asked: Asked,
    /// The value that it wrote, tried to write, or read; `None` for nothing.
    pub value: Option<String>,
    /// The version that it wrote or read.
    pub version: Option<Version>,
    /// The time of the call.
    pub called: Instant,
    /// The time of the return; `None` while it is in flight.
    pub returned: Option<Instant>,
    /// The verdict, as of now.
    pub verdict: Verdict,
    /// The reason why it was refused.
    pub reason: Option<Reason>,
    /// The moment at which it takes effect in the order that explains the history, or in the longest beginning of one.
    pub point: Option<Instant>,
}

/// A node's part in keeping a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replica {
    /// The node.
    pub node: Id,
    /// True if it is up.
    pub is_up: bool,
    /// True if it belongs to the replica group of the name in the whole ring.
    pub is_of_group: bool,
    /// True if it thinks that it is responsible for the name's key: a cut ring may have two such nodes.
    pub is_responsible: bool,
    /// The version that it keeps.
    pub version: Option<Version>,
    /// The time since which it keeps that.
    pub since: Option<Instant>,
    /// At level `quorum`, the group of the name as it knows it.
    pub group: Option<Group>,
}

/// The group of a name at level `quorum`, as one of its members knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// The round of its epoch.
    pub epoch: u64,
    /// The node that proposed the epoch.
    pub proposer: Id,
    /// Its members.
    pub members: Vec<Id>,
}

/// The number of operations by verdict.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// All that were called.
    pub called: u32,
    /// Those with an answer: neither refused nor in flight.
    pub answered: u32,
    /// Those that are fresh.
    pub fresh: u32,
    /// Those that are stale.
    pub stale: u32,
    /// Those that conflict with another one.
    pub conflicting: u32,
    /// Those that were refused.
    pub refused: u32,
    /// Those that are in flight.
    pub in_flight: u32,
}

/// The reach of a client: the replicas of a name that its node can exchange messages with, itself among them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reach {
    /// Replicas that are up and on its side.
    pub replicas: u8,
    /// The size of the replica group.
    pub group: u8,
    /// The size of a majority.
    pub majority: u8,
}

/// The end of a partition, and what followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Repair {
    /// The time at which the partition ended, or the time from which it is counted.
    pub since: Instant,
    /// The time from which all replicas that are up keep the same version; `None` while they do not.
    pub agreed: Option<Instant>,
}

/// A system at a moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SideView {
    /// The system.
    pub system: System,
    /// The operations on the name, in order of their calls.
    pub bars: Vec<Bar>,
    /// The judgement of them.
    pub judgement: judge::Verdict,
    /// The number of operations that were judged.
    pub judged: usize,
    /// Their number by verdict.
    pub tally: Tally,
    /// The nodes, in ascending order of their ids.
    pub replicas: Vec<Replica>,
    /// Refunds of orders under the name.
    pub refunds: Vec<Refund>,
    /// The times at which versions with one sequence number met, and the versions that stay.
    pub decisions: Vec<(Instant, Version)>,
    /// Messages about records on their way.
    pub messages: Vec<Parcel>,
    /// Changes of replicas while no write was in flight: soft state, which repair alone has changed.
    pub unprompted: Vec<Change>,
}

impl SideView {
    /// Returns whether nobody explains the answers.
    pub const fn contradicts(&self) -> bool {
        matches!(self.judgement, judge::Verdict::Contradiction { .. })
    }

    /// The operations that contradict one another, in order of their calls.
    pub fn contradiction(&self) -> &[Value] {
        match &self.judgement {
            judge::Verdict::Contradiction { set, .. } => &set.operations,
            _ => &[],
        }
    }
}

impl ConsistencyWorld {
    /// Returns all systems at this moment, as far as they are about a name.
    pub fn moment(&self, name: u8) -> Vec<SideView> {
        self.sides()
            .iter()
            .filter_map(|side| view(self.setup(), side, name))
            .collect()
    }

    /// Returns an operation as it will have ended in all systems, if nothing is done but what is planned: for predictions. `None` where it
    /// has not been called, or does not end in time.
    pub fn foresee(&self, plan: &[Timed<Action>], name: u8, number: Value) -> Option<Vec<Bar>> {
        let ahead = plan.iter().filter(|timed| timed.at > self.now());
        let mut run = Run::of(self.clone(), ahead.cloned().collect());
        let give_up = self.now() + self.setup().give_up() * FORESIGHT;
        loop {
            let views = run.world().moment(name);
            let bars = views.into_iter().map(|view| {
                let bar = view.bars.into_iter().nth(number as usize);
                bar.filter(|bar| bar.returned.is_some())
            });
            if let Some(bars) = bars.collect() {
                return Some(bars);
            }
            // Views cost more than steps.
            let next = run.world().now() + STRIDE;
            if next > give_up {
                return None;
            }
            run.run_until(next);
        }
    }

    /// Returns the replicas of a name that a client can reach; `None` of a step of the build-up, and where there is no such client.
    pub fn reach(&self, system: System, client: u8, name: u8) -> Option<Reach> {
        system.level()?;
        let side = self.side(system)?;
        let node = self.setup().clients.get(usize::from(client))?.node;
        let group = group(self.setup(), system, name);
        let is_near = |id: &&Id| side.is_up(**id) && !side.is_cut(node, **id);
        let count = |count: usize| u8::try_from(count).unwrap_or(u8::MAX);
        Some(Reach {
            replicas: match side.is_up(node) {
                true => count(group.iter().filter(is_near).count()),
                false => 0,
            },
            group: count(group.len()),
            majority: count(group.len() / 2 + 1),
        })
    }

    /// Returns when the replicas of a name agreed again after a time, at which a partition ended.
    pub fn repair(&self, system: System, name: u8, since: Instant) -> Option<Repair> {
        let side = self.side(system)?;
        let members: Vec<Id> = group(self.setup(), system, name)
            .into_iter()
            .filter(|id| side.is_up(*id))
            .collect();
        let versions: BTreeSet<Option<Version>> =
            members.iter().map(|id| side.held(*id, name)).collect();
        let mut last = side.changes().iter().rev();
        let last = last.find(|change| change.name == name && members.contains(&change.node));
        let agreed = (versions.len() <= 1).then(|| last.map_or(since, |last| last.at.max(since)));
        Some(Repair { since, agreed })
    }

    /// Returns the time from an order's confirmation to its refund.
    pub fn refund_delay(&self, system: System, refund: &Refund) -> Option<Duration> {
        let register = self.side(system)?.names().get(usize::from(refund.name))?;
        let (confirmed, _) = register.history.get(refund.order as usize)?.returned?;
        Some(refund.at.since(confirmed))
    }
}

/// The nodes that keep a name in the whole ring: its owner and the next successors. In a step of the build-up, those that keep anything.
fn group(setup: &Setup, system: System, name: u8) -> Vec<Id> {
    match system {
        System::OneStore => return setup.nodes.iter().take(1).copied().collect(),
        System::Copies | System::Messages => return setup.nodes.clone(),
        System::One | System::Quorum => {}
    }
    let Some(name) = setup.names.get(usize::from(name)) else {
        return Vec::new();
    };
    let Ok(ring) = IdealRing::new(setup.space, setup.nodes.clone()) else {
        return Vec::new();
    };
    let owner = ring.successor(name.key(setup.space));
    let others = usize::from(setup.copies.saturating_sub(1));
    core::iter::once(owner)
        .chain(ring.successors(owner, others))
        .collect()
}

fn view(setup: &Setup, side: &Side, name: u8) -> Option<SideView> {
    let register = side.names().get(usize::from(name))?;
    let bars: Vec<Bar> = bars(register);
    let mut tally = Tally::default();
    bars.iter().for_each(|bar| tally.count(bar.verdict));
    let group = group(setup, side.system(), name);
    let replicas = setup.nodes.iter();
    let replicas = replicas.map(|id| replica(setup, side, name, *id, group.contains(id)));
    Some(SideView {
        system: side.system(),
        bars,
        judgement: register.judge.verdict().clone(),
        judged: register.judge.judged(),
        tally,
        replicas: replicas.collect(),
        refunds: side
            .refunds()
            .iter()
            .filter(|refund| refund.name == name)
            .copied()
            .collect(),
        decisions: register
            .decisions
            .iter()
            .map(|decision| (decision.at, decision.winner))
            .collect(),
        messages: side
            .messages()
            .filter(|parcel| parcel.is_about_records)
            .collect(),
        unprompted: side
            .changes()
            .iter()
            .filter(|change| change.name == name && !is_written(&register.history, change.at))
            .copied()
            .collect(),
    })
}

fn bars(register: &Register) -> Vec<Bar> {
    let points = match register.judge.verdict() {
        judge::Verdict::Linearizable(points) => points.as_slice(),
        judge::Verdict::Contradiction { longest, .. } => longest,
        judge::Verdict::GaveUp => &[],
    };
    let text = |version: Version| register.calls.get(version.by as usize)?.value.clone();
    let bars = (0..).zip(register.history.iter().zip(&register.calls));
    let bars = bars.filter_map(|(number, (operation, call))| {
        let version = match operation.answer() {
            Some(Answer::Got(version)) => version,
            Some(Answer::Done(sequence)) => Some(Version {
                sequence,
                by: number,
            }),
            Some(Answer::Mismatch | Answer::Refused) | None => None,
        };
        let point = points.iter().find(|point| point.operation == number);
        Some(Bar {
            number,
            client: call.client,
            asked: operation.asked,
            value: match operation.asked {
                Asked::Get => version.and_then(text),
                _ => call.value.clone(),
            },
            version,
            called: operation.called,
            returned: operation.returned.map(|(at, _)| at),
            verdict: register.verdict(number)?,
            reason: call.reason,
            point: point.map(|point| point.at),
        })
    });
    bars.collect()
}

/// Returns whether a write was in flight at this time.
fn is_written(history: &[Operation], at: Instant) -> bool {
    history.iter().any(|operation| {
        let returned = operation
            .returned
            .is_some_and(|(returned, _)| returned < at);
        operation.asked.writes() && operation.called <= at && !returned
    })
}

fn replica(setup: &Setup, side: &Side, name: u8, id: Id, is_of_group: bool) -> Replica {
    let node = side.nodes().find(|node| node.id() == id);
    let key = setup
        .names
        .get(usize::from(name))
        .map(|name| name.key(setup.space));
    let is_responsible = |node: &Node| {
        let before = node.membership().predecessor();
        key.is_some_and(|key| before.is_none_or(|before| key.is_within(before.id(), id)))
    };
    let group = |node: &Node| {
        let key = key?;
        let mut held = node.groups()?.held().filter(|held| held.decided.is_none());
        let held = held.find(|held| held.group.covers(key))?;
        Some(Group {
            epoch: held.group.epoch.round,
            proposer: held.group.epoch.proposer,
            members: held
                .group
                .members
                .iter()
                .map(|member| member.contact.id())
                .collect(),
        })
    };
    let mut changes = side.changes().iter().rev();
    let change = changes.find(|change| change.node == id && change.name == name);
    let version = side.held(id, name);
    Replica {
        node: id,
        is_up: side.is_up(id),
        is_of_group,
        is_responsible: node.is_some_and(is_responsible),
        version,
        since: change.filter(|_| version.is_some()).map(|change| change.at),
        group: node
            .filter(|_| side.system() == System::Quorum)
            .and_then(group),
    }
}

impl Tally {
    const fn count(&mut self, verdict: Verdict) {
        self.called += 1;
        let part = match verdict {
            Verdict::InFlight => return self.in_flight += 1,
            Verdict::Refused => return self.refused += 1,
            Verdict::Fresh => &mut self.fresh,
            Verdict::Stale { .. } => &mut self.stale,
            Verdict::Conflicting { .. } => &mut self.conflicting,
        };
        *part += 1;
        self.answered += 1;
    }
}

/// Returns an entry of the trace as a chart of time shows it.
pub(super) fn chart(world: &ConsistencyWorld, entry: &Entry<What>) -> Option<Mark> {
    let setup = world.setup();
    let named = |name: &u8| {
        let name = setup.names.get(usize::from(*name));
        name.map_or_else(String::new, |name| name.as_str().to_string())
    };
    let show = |id: &Id| setup.space.show(*id);
    let (row, name, category, since) = match &entry.what {
        What::Acted(action) => (
            "actions".to_string(),
            action.describe(setup),
            "action",
            None,
        ),
        What::Called { .. } | What::Arrived(..) => return None,
        What::Returned {
            system,
            name,
            number,
            ..
        } => {
            let register = world.side(*system)?.names().get(usize::from(*name))?;
            let operation = register.history.get(*number as usize)?;
            let client = register.calls.get(*number as usize)?.client;
            let client = setup.clients.get(usize::from(client))?;
            let verb = match operation.asked {
                Asked::Get => "get",
                Asked::Put => "put",
                Asked::Delete => "delete",
                Asked::Swap(_) => "compare and set",
            };
            (
                format!("{} {}", system.name(), client.name),
                format!("{verb} {}", named(name)),
                "operation",
                Some((operation.called, u64::from(*number))),
            )
        }
        What::Changed { system, change } => (
            format!("{} node {}", system.name(), show(&change.node)),
            match change.version {
                Some(version) => format!("{} version {}", named(&change.name), version.sequence),
                None => format!("{} gone", named(&change.name)),
            },
            "copy",
            None,
        ),
        What::Conflict { system, node, name } => (
            format!("{} node {}", system.name(), show(node)),
            format!("conflict {}", named(name)),
            "conflict",
            None,
        ),
        What::Refunded { system, refund } => (
            format!("{} shop", system.name()),
            format!("refunds order {}", refund.order),
            "refund",
            None,
        ),
    };
    Some(Mark {
        row,
        name,
        category,
        since,
    })
}
