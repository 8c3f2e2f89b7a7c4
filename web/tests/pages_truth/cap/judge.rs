//! The oracle: it reads the trace, the actions and the set-up, and shares no function with the page or with the checker of histories.

use std::collections::{BTreeMap, BTreeSet};

use chordscope_core::base::id::Id;
use chordscope_sim::checks::history::{Answer, Version};
use chordscope_sim::worlds::consistency::History;
use chordscope_sim::worlds::consistency::action::{Action, Deed};
use chordscope_sim::worlds::consistency::setup::System;
use chordscope_sim::worlds::consistency::trace::What;
use chordscope_web::cap::engine::command::Thing;
use chordscope_web::cap::engine::predict::Guess;
use chordscope_web::cap::engine::snapshot::{Order, SideShot, Snapshot};
use chordscope_web::cap::engine::statement::{Asks, Came, Judged, Statement, Written};

/// A call, and what each system said of it.
#[derive(Clone, Debug)]
struct Call {
    at: u64,
    client: u8,
    deed: Deed,
    came: BTreeMap<&'static str, (u64, Answer)>,
}

/// The world as the oracle sees it.
pub(crate) struct Facts<'a> {
    history: &'a History,
    now: u64,
    /// The calls of each name, in order.
    calls: BTreeMap<u8, Vec<Call>>,
    /// The changes of replicas: when, at which node, to which version.
    changes: BTreeMap<(&'static str, u8), Vec<(u64, Id, Option<Version>)>>,
    /// The meetings of versions: when, where, and which one is there afterwards; none where a delete stays.
    conflicts: BTreeMap<(&'static str, u8), Vec<(u64, Id, Option<Version>)>>,
    deeds: Vec<(u64, Action)>,
    cut: BTreeSet<Id>,
    down: BTreeSet<Id>,
    healed: Option<u64>,
}

type Said = Result<(), String>;

fn check(is_so: bool, why: &str) -> Said {
    if is_so { Ok(()) } else { Err(why.to_owned()) }
}

impl<'a> Facts<'a> {
    pub(crate) fn of(history: &'a History) -> Self {
        let mut facts = Self {
            history,
            now: history.now().as_micros(),
            calls: BTreeMap::new(),
            changes: BTreeMap::new(),
            conflicts: BTreeMap::new(),
            deeds: Vec::new(),
            cut: BTreeSet::new(),
            down: BTreeSet::new(),
            healed: None,
        };
        let mut met: Vec<(&'static str, u8, u64, Id)> = Vec::new();
        for entry in history.entries() {
            let at = entry.at.as_micros();
            match &entry.what {
                What::Acted(Action::Call { client, name, deed }) => {
                    let (client, deed, came) = (*client, deed.clone(), BTreeMap::new());
                    let call = Call {
                        at,
                        client,
                        deed,
                        came,
                    };
                    facts.calls.entry(*name).or_default().push(call);
                }
                What::Acted(action) => facts.act(at, action),
                What::Returned {
                    system,
                    name,
                    number,
                    answer,
                } => {
                    let call = &mut facts.calls.get_mut(name).unwrap()[*number as usize];
                    call.came.insert(system.name(), (at, *answer));
                }
                What::Changed { system, change } => {
                    let key = (system.name(), change.name);
                    let change = (at, change.node, change.version);
                    facts.changes.entry(key).or_default().push(change);
                }
                What::Conflict { system, node, name } => {
                    met.push((system.name(), *name, at, *node));
                }
                _ => {}
            }
        }
        for (system, name, at, node) in met {
            let there = facts.held_at(system, name, node, at);
            let all = facts.conflicts.entry((system, name)).or_default();
            all.push((at, node, there));
        }
        facts
    }

    fn act(&mut self, at: u64, action: &Action) {
        self.deeds.push((at, action.clone()));
        match action {
            Action::Cut(nodes) => {
                if nodes.is_empty() && !self.cut.is_empty() {
                    self.healed = Some(at);
                }
                if !nodes.is_empty() {
                    self.healed = None;
                }
                self.cut = nodes.iter().copied().collect();
            }
            Action::Heal => {
                if !self.cut.is_empty() {
                    self.healed = Some(at);
                }
                self.cut.clear();
            }
            Action::Crash(id) => {
                self.down.insert(*id);
            }
            Action::Restart(id) => {
                self.down.remove(id);
            }
            Action::LoseMessage | Action::Call { .. } => {}
        }
    }

    fn show(&self, id: Id) -> String {
        self.history.setup().space.show(id)
    }

    fn client(&self, client: u8) -> &str {
        &self.history.setup().clients[usize::from(client)].name
    }

    fn calls(&self, name: u8) -> &[Call] {
        self.calls.get(&name).map_or(&[], Vec::as_slice)
    }

    fn held_at(&self, system: &'static str, name: u8, node: Id, at: u64) -> Option<Version> {
        let changes = self.changes.get(&(system, name))?.iter().rev();
        let mut own = changes.filter(|(when, id, _)| *id == node && *when <= at);
        own.next().and_then(|(_, _, version)| *version)
    }

    /// The nodes that keep a name in the whole ring, or all machines that keep anything.
    fn group(&self, system: System, name: u8) -> Vec<Id> {
        let setup = self.history.setup();
        match system {
            System::OneStore => setup.nodes[..1].to_vec(),
            System::Copies | System::Messages => setup.nodes.clone(),
            System::One | System::Quorum => {
                let key = setup.names[usize::from(name)].key(setup.space);
                let first = setup.nodes.iter().position(|id| *id >= key).unwrap_or(0);
                let mut ring = setup.nodes.clone();
                ring.rotate_left(first);
                ring.truncate(usize::from(setup.copies));
                ring
            }
        }
    }

    fn value(&self, name: u8, by: u32) -> String {
        match &self.calls(name)[by as usize].deed {
            Deed::Put(value) | Deed::Swap(value) => value.clone(),
            Deed::Get | Deed::Delete => String::new(),
        }
    }

    fn is_write(&self, name: u8, by: u32, told: &Written) -> bool {
        let call = &self.calls(name)[by as usize];
        let value = match &call.deed {
            Deed::Put(value) | Deed::Swap(value) => Some(value.clone()),
            Deed::Get | Deed::Delete => None,
        };
        self.client(call.client) == told.client && value == told.value
    }

    /// The confirmed writes: operation, sequence number, time.
    fn confirmed(&self, system: System, name: u8) -> Vec<(u32, u64, u64)> {
        let all = (0..).zip(self.calls(name));
        let done = all.filter_map(|(by, call)| match call.came.get(system.name()) {
            Some((at, Answer::Done(sequence))) => Some((by, *sequence, *at)),
            _ => None,
        });
        done.collect()
    }

    fn came_is(&self, name: u8, answer: Answer, told: &Came) -> bool {
        match (answer, told) {
            (Answer::Got(version), Came::Got(value)) => {
                version.map(|version| self.value(name, version.by)) == *value
            }
            (Answer::Done(sequence), Came::Wrote(said)) => sequence == *said,
            (Answer::Mismatch, Came::Mismatch) | (Answer::Refused, Came::Refused(_)) => true,
            _ => false,
        }
    }

    /// Holds a verdict against what was confirmed when.
    fn verdict(&self, system: System, name: u8, number: u32, told: &Judged) -> Said {
        let call = &self.calls(name)[number as usize];
        let Some((_, answer)) = call.came.get(system.name()).copied() else {
            return Err("it has not returned".to_owned());
        };
        let confirmed = self.confirmed(system, name);
        let before: Vec<_> = confirmed
            .iter()
            .filter(|(_, _, at)| *at < call.at)
            .collect();
        let got = match answer {
            Answer::Got(version) => version,
            _ => None,
        };
        let decided = |sequence: u64| {
            let met = self.conflicts.get(&(system.name(), name));
            let past = met.into_iter().flatten().filter(|(at, ..)| *at <= call.at);
            let mut winners = past.filter_map(|(_, _, winner)| *winner);
            let winner = winners.rfind(|winner| winner.sequence == sequence);
            winner.map(|winner| winner.by)
        };
        match told {
            Judged::Refused { writes } => {
                check(answer == Answer::Refused, "it was not refused")?;
                check(*writes == (call.deed != Deed::Get), "whether it writes")
            }
            Judged::Conflicting { with, sequence } => {
                let is_other = |(by, its, _): &&(u32, u64, u64)| {
                    self.is_write(name, *by, with) && its == sequence && *by != number
                };
                check(
                    confirmed.iter().any(|one| is_other(&one)),
                    "no such other write",
                )?;
                match answer {
                    Answer::Done(own) => check(own == *sequence, "another number"),
                    _ => {
                        let got = got.ok_or("it got nothing")?;
                        check(got.sequence == *sequence, "another number")?;
                        check(decided(*sequence).is_none(), "it was decided")
                    }
                }
            }
            Judged::Stale { newer, ago } => {
                let newest: Vec<_> = before
                    .iter()
                    .filter(|(by, _, _)| self.is_write(name, *by, newer))
                    .collect();
                check(
                    newest.iter().any(|(by, sequence, at)| {
                        let is_newer = got.is_none_or(|got| {
                            *sequence > got.sequence || decided(got.sequence) == Some(*by)
                        });
                        is_newer && Some(call.at - at) == *ago
                    }),
                    "nothing newer was confirmed then",
                )
            }
            Judged::Fresh => match answer {
                Answer::Got(Some(got)) => {
                    check(
                        !before
                            .iter()
                            .any(|(_, sequence, _)| *sequence > got.sequence),
                        "a newer one was confirmed",
                    )?;
                    check(
                        decided(got.sequence).is_none_or(|by| by == got.by),
                        "it was decided otherwise",
                    )
                }
                Answer::Done(sequence) => check(
                    !confirmed
                        .iter()
                        .any(|(by, its, _)| *by != number && *its == sequence),
                    "another write has this version",
                ),
                Answer::Refused => Err("it was refused".to_owned()),
                Answer::Got(None) | Answer::Mismatch => Ok(()),
            },
        }
    }

    /// The calls on a name as one system has them: what each demands of a register.
    fn demands(&self, system: System, name: u8) -> Vec<Demand> {
        let all = (0..).zip(self.calls(name));
        all.map(|(number, call)| {
            let came = call.came.get(system.name()).copied();
            let known = came.filter(|(_, answer)| *answer != Answer::Refused);
            Demand {
                number,
                deed: call.deed.clone(),
                from: call.at,
                to: known.map_or(u64::MAX, |(at, _)| at),
                answer: known.map(|(_, answer)| answer),
                expects: self.seen(system, name, number),
            }
        })
        .collect()
    }

    /// What the client of a call had seen last under the name, as a conditional write expects it.
    fn seen(&self, system: System, name: u8, number: u32) -> Option<u32> {
        let calls = self.calls(name);
        let call = &calls[number as usize];
        let mut seen: Vec<(u64, Option<u32>)> = Vec::new();
        for (by, other) in (0..).zip(calls) {
            let Some((at, answer)) = other.came.get(system.name()) else {
                continue;
            };
            if other.client != call.client || *at > call.at {
                continue;
            }
            match answer {
                Answer::Got(version) => seen.push((*at, version.map(|version| version.by))),
                Answer::Done(_) if other.deed == Deed::Delete => seen.push((*at, None)),
                Answer::Done(_) => seen.push((*at, Some(by))),
                _ => {}
            }
        }
        seen.sort_by_key(|(at, _)| *at);
        seen.last().and_then(|(_, by)| *by)
    }
}

/// A call as a register has to explain it.
#[derive(Clone, Debug)]
struct Demand {
    number: u32,
    deed: Deed,
    from: u64,
    to: u64,
    answer: Option<Answer>,
    expects: Option<u32>,
}

impl Demand {
    /// The state after it, if it is possible in this state.
    fn apply(&self, state: Option<u32>) -> Option<Option<u32>> {
        match (&self.deed, self.answer) {
            (Deed::Get, Some(Answer::Got(got))) => {
                (got.map(|got| got.by) == state).then_some(state)
            }
            (Deed::Put(_), _) => Some(Some(self.number)),
            (Deed::Delete, Some(Answer::Done(_))) => state.is_some().then_some(None),
            (Deed::Delete, Some(_)) => state.is_none().then_some(state),
            (Deed::Delete, None) => Some(None),
            (Deed::Swap(_), Some(Answer::Mismatch)) => (state != self.expects).then_some(state),
            (Deed::Swap(_), _) => (state == self.expects).then_some(Some(self.number)),
            (Deed::Get, _) => None,
        }
    }
}

/// Whether one register explains all answers of `must`, where each other write took effect at any time after its call, or never.
fn can_be_ordered(all: &[Demand], must: &dyn Fn(u32) -> bool) -> bool {
    let parts: Vec<(Demand, bool)> = all
        .iter()
        .filter_map(|one| {
            let is_sure = one.answer.is_some() && must(one.number);
            if is_sure {
                return Some((one.clone(), true));
            }
            // What is not in the set may have been, as far as its answer does not matter.
            let mut free = one.clone();
            free.to = u64::MAX;
            free.answer = None;
            (one.deed != Deed::Get && one.answer != Some(Answer::Mismatch)).then_some((free, false))
        })
        .collect();
    let mut known = BTreeSet::new();
    let mut open = vec![(0_u64, None)];
    while let Some((done, state)) = open.pop() {
        if !known.insert((done, state)) {
            continue;
        }
        let rest = parts
            .iter()
            .enumerate()
            .filter(|(at, _)| done >> at & 1 == 0);
        let limit = rest
            .clone()
            .filter(|(_, (_, sure))| *sure)
            .map(|(_, (one, _))| one.to)
            .min();
        let Some(limit) = limit else {
            return true;
        };
        for (at, (one, _)) in rest {
            if one.from <= limit
                && let Some(after) = one.apply(state)
            {
                open.push((done | 1 << at, after));
            }
        }
    }
    false
}

/// Holds the judgement of a system against a search of its own.
pub(crate) fn judgement(side: &SideShot, facts: &Facts<'_>, shot: &Snapshot) -> Said {
    let (system, name) = (side.view.system, shot.name);
    let demands = facts.demands(system, name);
    let is_linearizable = can_be_ordered(&demands, &|_| true);
    let set = side.view.contradiction().to_vec();
    for statement in &side.judgement {
        match statement {
            Statement::Linearizable { answers, .. } => {
                check(is_linearizable, "it is not linearizable")?;
                let answered = demands.iter().filter(|one| one.answer.is_some());
                check(
                    answered.count() == *answers as usize,
                    "the number of answers",
                )?;
            }
            Statement::Contradiction {
                count, is_smallest, ..
            } => {
                check(!is_linearizable, "it is linearizable")?;
                check(set.len() == *count as usize, "the size of the set")?;
                check(
                    !can_be_ordered(&demands, &|one| set.contains(&one)),
                    "the set can be ordered",
                )?;
                for left in &set {
                    let is_in = |one: u32| one != *left && set.contains(&one);
                    check(
                        can_be_ordered(&demands, &is_in),
                        "fewer contradict one another",
                    )?;
                }
                if *is_smallest && set.len() == 3 {
                    for one in 0..demands.len() as u32 {
                        for other in 0..one {
                            let is_pair = |this: u32| this == one || this == other;
                            check(
                                can_be_ordered(&demands, &is_pair),
                                "two contradict one another",
                            )?;
                        }
                    }
                }
            }
            Statement::Member {
                place,
                client,
                came,
                called,
                returned,
                ..
            } => {
                let number = set[*place as usize - 1];
                let call = &facts.calls(name)[number as usize];
                check(
                    facts.client(call.client) == client && call.at == *called,
                    "another call",
                )?;
                let its = call.came.get(system.name());
                check(its.map(|(at, _)| *at) == *returned, "another return")?;
                if let (Some((_, answer)), Some(came)) = (its, came) {
                    check(facts.came_is(name, *answer, came), "another outcome")?;
                }
            }
            Statement::Before { first, second } => {
                let of = |place: u32| &facts.calls(name)[set[place as usize - 1] as usize];
                let returned = of(*first).came.get(system.name()).map(|(at, _)| *at);
                check(
                    returned.is_some_and(|at| at < of(*second).at),
                    "it had not returned",
                )?;
            }
            Statement::Reads { reader, writer } => {
                let number = |place: u32| set[place as usize - 1];
                let call = &facts.calls(name)[number(*reader) as usize];
                let Some((_, Answer::Got(Some(got)))) = call.came.get(system.name()) else {
                    return Err("it is no read".to_owned());
                };
                check(got.by == number(*writer), "it read another one")?;
            }
            _ => {}
        }
    }
    Ok(())
}

/// The sort of a statement.
pub(crate) fn kind(statement: &Statement) -> &'static str {
    let text = format!("{statement:?}");
    let name: String = text
        .chars()
        .take_while(|letter| letter.is_alphanumeric())
        .collect();
    match KINDS.iter().find(|kind| **kind == name) {
        Some(kind) => kind,
        None => "other",
    }
}

const KINDS: [&str; 24] = [
    "Begins",
    "Calls",
    "Waits",
    "Ended",
    "Reach",
    "Cut",
    "Healed",
    "Agreed",
    "Differ",
    "Crashed",
    "Back",
    "Lost",
    "Conflict",
    "Refund",
    "Available",
    "Soft",
    "Atomic",
    "Rule",
    "Isolated",
    "Durable",
    "Predicted",
    "NodeIs",
    "Kept",
    "Effect",
];

/// Statements that are not so: one number or name is another one.
pub(crate) fn lies(statement: &Statement) -> Vec<Statement> {
    let mut lie = statement.clone();
    match &mut lie {
        Statement::Begins { nodes, .. } => *nodes += 1,
        Statement::Calls { at, .. }
        | Statement::Healed { at }
        | Statement::Crashed { at, .. }
        | Statement::Back { at, .. }
        | Statement::Lost { at }
        | Statement::Conflict { at, .. } => *at += 1,
        Statement::Waits { since, .. } => *since += 1,
        Statement::Effect { at } => *at = 0,
        Statement::Ended { took, .. } => *took += 1,
        Statement::Reach { each, .. } => each[0].1 += 1,
        Statement::Cut { others, .. } => *others += 1,
        Statement::Agreed { after, .. } => *after += 1,
        Statement::Differ { versions, .. } => *versions += 1,
        Statement::Refund { after, .. } => *after += 1,
        Statement::Available { answered, .. } => *answered += 1,
        Statement::Soft { changes, .. } => *changes += 1,
        Statement::Atomic { refused, .. } => *refused += 1,
        Statement::Rule { doubles, .. } => *doubles += 1,
        Statement::Isolated { order, .. } => {
            *order = match order {
                Order::Found | Order::NotKnown => Order::Missing,
                Order::NoCall | Order::NoAnswer | Order::Missing => Order::Found,
            }
        }
        Statement::Durable { holders, .. } => *holders += 1,
        Statement::NodeIs { is_of_group, .. } => *is_of_group = !*is_of_group,
        Statement::Kept { from, .. } => *from += 1,
        Statement::Predicted { came, .. } => {
            *came = match came {
                Some(Guess::Refused) => Some(Guess::Nothing),
                _ => Some(Guess::Refused),
            }
        }
        _ => return Vec::new(),
    }
    let mut lies = vec![lie];
    if let Statement::Kept { from, until, .. } = statement {
        // Another version, and another end.
        for (is_end, mut lie) in [(false, statement.clone()), (true, statement.clone())] {
            if let Statement::Kept {
                version,
                until: ends,
                ..
            } = &mut lie
            {
                match is_end {
                    true => *ends = until.is_none().then_some(from + 1),
                    false => *version = Some((0, "no such version".to_owned())),
                }
            }
            lies.push(lie);
        }
    }
    lies
}

/// Holds a statement against the facts.
pub(crate) fn judge(statement: &Statement, facts: &Facts<'_>, shot: &Snapshot) -> Said {
    let name = shot.name;
    let setup = facts.history.setup();
    let acted = |at: u64, is_it: &dyn Fn(&Action) -> bool| {
        facts
            .deeds
            .iter()
            .any(|(when, action)| *when == at && is_it(action))
    };
    let versions = |system: System| -> BTreeSet<Option<Version>> {
        let group = facts.group(system, name).into_iter();
        let up = group.filter(|id| !facts.down.contains(id));
        up.map(|id| facts.held_at(system.name(), name, id, facts.now))
            .collect()
    };
    match statement {
        Statement::Begins {
            nodes,
            clients,
            name: called,
            key,
            keepers,
        } => {
            check(*nodes as usize == setup.nodes.len(), "the nodes")?;
            check(*clients as usize == setup.clients.len(), "the clients")?;
            check(
                *called == setup.names[usize::from(name)].as_str(),
                "the name",
            )?;
            let own = setup.names[usize::from(name)].key(setup.space);
            check(
                key.as_ref().is_none_or(|key| *key == facts.show(own)),
                "the key",
            )?;
            let mut group: Vec<String> = facts
                .group(setup.systems[0], name)
                .into_iter()
                .map(|id| facts.show(id))
                .collect();
            let mut said = keepers.clone();
            group.sort();
            said.sort();
            check(said == group, "who keeps it")
        }
        Statement::Calls {
            client,
            deed,
            at,
            name: called,
        } => {
            let is_it = |call: &Call| {
                let same = match (&call.deed, deed) {
                    (Deed::Get, Asks::Get) | (Deed::Delete, Asks::Delete) => true,
                    (Deed::Put(one), Asks::Put(other)) | (Deed::Swap(one), Asks::Swap(other)) => {
                        one == other
                    }
                    _ => false,
                };
                same && call.at == *at && facts.client(call.client) == client
            };
            let place = setup.names.iter().position(|one| one.as_str() == called);
            let place = place.ok_or("no such name")? as u8;
            check(facts.calls(place).iter().any(is_it), "no such call")
        }
        Statement::Waits {
            system,
            client,
            since,
        } => {
            let all = facts.calls.values().flatten();
            let mut open = all.filter(|call| !call.came.contains_key(system.name()));
            check(
                open.any(|call| {
                    facts.client(call.client) == client && facts.now - call.at == *since
                }),
                "nobody waits so long",
            )
        }
        Statement::Ended {
            system,
            client,
            came,
            took,
            verdict,
        } => {
            let mut why = "no such call".to_owned();
            for (name, calls) in &facts.calls {
                for (number, call) in (0..).zip(calls) {
                    let Some((at, answer)) = call.came.get(system.name()) else {
                        continue;
                    };
                    let is_it = facts.client(call.client) == client
                        && at - call.at == *took
                        && facts.came_is(*name, *answer, came);
                    if is_it {
                        match facts.verdict(*system, *name, number, verdict) {
                            Ok(()) => return Ok(()),
                            Err(because) => why = because,
                        }
                    }
                }
            }
            Err(why)
        }
        Statement::Reach {
            each,
            group,
            majority,
        } => {
            let keepers = facts.group(System::One, name);
            check(
                keepers.len() == usize::from(*group),
                "the size of the group",
            )?;
            check(
                usize::from(*majority) == keepers.len() / 2 + 1,
                "the majority",
            )?;
            for (client, (told, reached)) in setup.clients.iter().zip(each) {
                let is_near = |id: &&Id| {
                    facts.cut.contains(id) == facts.cut.contains(&client.node)
                        && !facts.down.contains(id)
                        && !facts.down.contains(&client.node)
                };
                let near = keepers.iter().filter(is_near).count();
                check(
                    *told == client.name && near == usize::from(*reached),
                    "what a client reaches",
                )?;
            }
            Ok(())
        }
        Statement::Cut { nodes, others, at } => check(
            acted(*at, &|action| match action {
                Action::Cut(ids) => {
                    let ids: Vec<String> = ids.iter().map(|id| facts.show(*id)).collect();
                    ids == *nodes && setup.nodes.len() - ids.len() == *others as usize
                }
                _ => false,
            }),
            "no such cut",
        ),
        Statement::Healed { at } => check(
            acted(*at, &|action| match action {
                Action::Heal => true,
                Action::Cut(nodes) => nodes.is_empty(),
                _ => false,
            }),
            "it did not heal then",
        ),
        Statement::Crashed { node, at } => check(
            acted(
                *at,
                &|action| matches!(action, Action::Crash(id) if facts.show(*id) == *node),
            ),
            "it did not crash",
        ),
        Statement::Back { node, at } => check(
            acted(
                *at,
                &|action| matches!(action, Action::Restart(id) if facts.show(*id) == *node),
            ),
            "it did not come back",
        ),
        Statement::Lost { at } => check(
            acted(*at, &|action| *action == Action::LoseMessage),
            "nothing was lost",
        ),
        Statement::Agreed { system, after } => {
            check(versions(*system).len() <= 1, "they differ")?;
            let healed = facts.healed.unwrap_or(0);
            let group = facts.group(*system, name);
            let changes = facts.changes.get(&(system.name(), name));
            let own = changes
                .into_iter()
                .flatten()
                .filter(|(_, id, _)| group.contains(id) && !facts.down.contains(id));
            let last = own.map(|(at, ..)| *at).max().unwrap_or(0).max(healed);
            // Without a cut it is not counted.
            check(
                facts.healed.is_none() && *after == 0 || last - healed == *after,
                "since when",
            )
        }
        Statement::Differ {
            system,
            versions: count,
        } => check(
            versions(*system).len() == *count as usize && *count > 1,
            "how many ways",
        ),
        Statement::Conflict {
            system,
            node,
            at,
            stays,
            goes,
        } => {
            let mut met = facts
                .conflicts
                .iter()
                .filter(|((of, _), _)| *of == system.name())
                .flat_map(|((_, name), all)| all.iter().map(move |one| (*name, one)));
            let found = met.find(|(_, (when, id, _))| when == at && facts.show(*id) == *node);
            let (name, (_, _, winner)) = found.ok_or("no versions met there")?;
            let Some((stays, sequence)) = stays else {
                let is_delete = winner.is_none() && goes.is_none();
                let calls = facts.calls(name).iter();
                let mut deletes = calls.filter(|call| call.deed == Deed::Delete && call.at <= *at);
                return check(
                    is_delete && deletes.next().is_some(),
                    "no delete stays there",
                );
            };
            let winner = winner.ok_or("a delete stays there")?;
            check(
                winner.sequence == *sequence && facts.is_write(name, winner.by, stays),
                "which one stays",
            )?;
            match goes {
                Some(goes) => {
                    let confirmed = facts.confirmed(*system, name);
                    let is_it = |(by, its, when): &(u32, u64, u64)| {
                        its == sequence
                            && *by != winner.by
                            && when <= at
                            && facts.is_write(name, *by, goes)
                    };
                    check(confirmed.iter().any(is_it), "which one goes")
                }
                None => Ok(()),
            }
        }
        Statement::Refund {
            system,
            order,
            stands,
            at,
            after,
        } => {
            let refunds = facts
                .history
                .entries()
                .iter()
                .filter_map(|entry| match &entry.what {
                    What::Refunded { system: of, refund }
                        if of == system && entry.at.as_micros() == *at =>
                    {
                        Some(refund)
                    }
                    _ => None,
                });
            let mut refunds = refunds.filter(|one| {
                facts.is_write(one.name, one.order, order)
                    && facts.is_write(one.name, one.stands, stands)
            });
            let refund = refunds.next().ok_or("no such refund")?;
            let confirmed = facts.calls(refund.name)[refund.order as usize]
                .came
                .get(system.name());
            check(
                confirmed.is_some_and(|(when, _)| at - when == *after),
                "how long it took",
            )
        }
        Statement::Available {
            system,
            answered,
            returned,
        } => {
            let came: Vec<Answer> = facts
                .calls(name)
                .iter()
                .filter_map(|call| Some(call.came.get(system.name())?.1))
                .collect();
            check(came.len() == *returned as usize, "those that returned")?;
            check(
                came.iter()
                    .filter(|answer| **answer != Answer::Refused)
                    .count()
                    == *answered as usize,
                "those that were answered",
            )
        }
        Statement::Soft {
            system,
            changes,
            last,
        } => {
            let group = facts.group(*system, name);
            let all = facts
                .changes
                .get(&(system.name(), name))
                .into_iter()
                .flatten();
            let is_alone = |at: u64| {
                !facts.calls(name).iter().any(|call| {
                    let end = call.came.get(system.name()).map_or(u64::MAX, |(at, _)| *at);
                    call.deed != Deed::Get && call.at <= at && end >= at
                })
            };
            let soft: Vec<_> = all
                .filter(|(at, id, _)| group.contains(id) && is_alone(*at))
                .collect();
            check(soft.len() == *changes as usize, "how many")?;
            let said = last.clone();
            check(
                soft.last().map(|(at, id, _)| (facts.show(*id), *at)) == said,
                "the last",
            )
        }
        Statement::Atomic {
            system,
            refused,
            read,
        } => {
            let calls = (0..).zip(facts.calls(name));
            let lost: Vec<u32> = calls
                .filter(|(_, call)| {
                    call.deed != Deed::Get
                        && matches!(call.came.get(system.name()), Some((_, Answer::Refused)))
                })
                .map(|(by, _)| by)
                .collect();
            check(lost.len() == *refused as usize, "refused writes")?;
            let seen = lost.iter().filter(|by| facts.calls(name).iter().any(|call| matches!(call.came.get(system.name()), Some((_, Answer::Got(Some(got)))) if got.by == **by)));
            check(seen.count() == *read as usize, "those that were read")
        }
        Statement::Rule { system, doubles } => {
            let done = facts.confirmed(*system, name);
            let shares = done.iter().filter(|(by, sequence, _)| {
                done.iter()
                    .any(|(other, its, _)| other != by && its == sequence)
            });
            check(
                shares.count() == *doubles as usize,
                "those that share a number",
            )
        }
        Statement::Isolated { system, order } => {
            let demands = facts.demands(*system, name);
            let is_answered = demands.iter().any(|one| one.answer.is_some());
            let is_so = match order {
                Order::NoCall => demands.is_empty(),
                Order::NoAnswer => !demands.is_empty() && !is_answered,
                Order::Found => is_answered && can_be_ordered(&demands, &|_| true),
                Order::Missing => !can_be_ordered(&demands, &|_| true),
                Order::NotKnown => true,
            };
            check(is_so, "whether there is an order")
        }
        Statement::Durable {
            system,
            newest,
            holders,
            group,
        } => {
            let keepers = facts.group(*system, name);
            check(keepers.len() == *group as usize, "the group")?;
            let Some(newest) = newest else {
                return check(
                    facts.confirmed(*system, name).is_empty() && *holders == 0,
                    "there is one",
                );
            };
            let done = facts.confirmed(*system, name);
            let highest = done.iter().map(|(_, sequence, _)| *sequence).max();
            let is_it = |(by, sequence, _): &&(u32, u64, u64)| {
                Some(*sequence) == highest && facts.is_write(name, *by, newest)
            };
            let fits = done.iter().filter(is_it).any(|(by, ..)| {
                let deletes = facts.calls(name)[*by as usize].deed == Deed::Delete;
                let keeps = |id: &&Id| match facts.held_at(system.name(), name, **id, facts.now) {
                    Some(version) => version.by == *by,
                    None => deletes,
                };
                keepers.iter().filter(keeps).count() == *holders as usize
            });
            check(fits, "the newest, or who holds it")
        }
        Statement::Predicted { system, came, .. } => {
            let all = facts.calls(name).iter();
            let fits = all
                .map(|call| call.came.get(system.name()).map(|(_, answer)| *answer))
                .any(|answer| match (answer, came) {
                    (None, None)
                    | (Some(Answer::Done(_)), Some(Guess::Done))
                    | (Some(Answer::Mismatch), Some(Guess::Mismatch))
                    | (Some(Answer::Refused), Some(Guess::Refused))
                    | (Some(Answer::Got(None)), Some(Guess::Nothing)) => true,
                    (Some(Answer::Got(Some(got))), Some(Guess::Value(value))) => {
                        facts.value(name, got.by) == *value
                    }
                    _ => false,
                });
            check(fits, "nothing came to that")
        }
        Statement::NodeIs {
            node,
            is_up,
            is_of_group,
            keeps,
            is_cut,
            clients,
            ..
        } => {
            let id = setup
                .nodes
                .iter()
                .find(|id| facts.show(**id) == *node)
                .ok_or("no such node")?;
            let system = shot.hovered.ok_or("nothing is under the pointer")?.system;
            check(*is_up != facts.down.contains(id), "whether it is up")?;
            check(
                *is_of_group == facts.group(system, name).contains(id),
                "whether it is a replica",
            )?;
            let others = setup
                .nodes
                .iter()
                .filter(|other| facts.cut.contains(other) == facts.cut.contains(id))
                .count();
            let here = setup.clients.iter().filter(|client| client.node == *id);
            let here: Vec<&String> = here.map(|client| &client.name).collect();
            check(here == clients.iter().collect::<Vec<_>>(), "its clients")?;
            check(
                !is_cut || others * 2 <= setup.nodes.len(),
                "whether it is cut off",
            )?;
            let held = facts
                .held_at(system.name(), name, *id, facts.now)
                .filter(|_| *is_up);
            let held = held.map(|version| (version.sequence, facts.value(name, version.by)));
            check(held == *keeps || !is_up, "what it keeps")
        }
        Statement::Kept {
            node,
            version,
            from,
            until,
        } => {
            let system = shot.hovered.ok_or("nothing is under the pointer")?.system;
            let changes = facts.changes.get(&(system.name(), name));
            let own: Vec<_> = changes
                .into_iter()
                .flatten()
                .filter(|(at, id, _)| facts.show(*id) == *node && *at <= facts.now)
                .collect();
            let begins = own.iter().rposition(|(at, ..)| at == from);
            let begins = begins.ok_or("nothing changed at its beginning")?;
            let told = own[begins].2;
            let told = told.map(|version| (version.sequence, facts.value(name, version.by)));
            check(told == *version, "what it kept")?;
            let ends = own.get(begins + 1).map(|(at, ..)| *at);
            check(ends == *until, "until when")
        }
        Statement::Effect { at } => {
            let over = shot.hovered.ok_or("nothing is under the pointer")?;
            let Thing::Bar(number) = over.thing else {
                return Err("it is no call".to_owned());
            };
            let call = &facts.calls(name)[number as usize];
            let end = call
                .came
                .get(over.system.name())
                .filter(|(_, answer)| *answer != Answer::Refused);
            check(
                *at >= call.at && end.is_none_or(|(end, _)| at <= end),
                "it takes effect at another time",
            )
        }
        _ => Ok(()),
    }
}
