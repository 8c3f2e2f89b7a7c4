//! The oracle: it reads the core's own view of each transfer, the trace and the blocks' times, and shares no function with the page.

use std::collections::{BTreeMap, BTreeSet};

use chordscope_core::base::id::Id;
use chordscope_core::swarm::api::{Event, Fault, Limit, TransferView, Why};
use chordscope_sim::engine::history::History;
use chordscope_sim::worlds::swarm::acting::{Action, What};
use chordscope_sim::worlds::swarm::scenario::Goal;
use chordscope_sim::worlds::swarm::view::LimitedBy;
use chordscope_sim::worlds::swarm::{Conduct, SwarmWorld, member};
use chordscope_web::swarm::engine::snapshot::{EventRow, Snapshot};
use chordscope_web::swarm::engine::statement::Statement;

/// The bytes of a segment.
const SEGMENT: u64 = 64 * 1024;

/// The swarm as the oracle sees it.
pub(crate) struct Facts<'a> {
    history: &'a History<SwarmWorld>,
    views: BTreeMap<u64, TransferView>,
    /// What is on its way, by receiver and segment: from whom, and percent.
    coming: BTreeMap<(u64, u32), Vec<(u64, u64)>>,
    /// The clients that the set-up and the user's deeds have brought, and which of all members are here.
    here: BTreeSet<u64>,
    clients: u64,
    segments: u32,
    now: u64,
}

impl<'a> Facts<'a> {
    pub(crate) fn of(history: &'a History<SwarmWorld>) -> Self {
        let setup = history.setup();
        let now = history.now().as_micros();
        let clients = setup.clients.len() as u64;
        let mut here = BTreeSet::from([0]);
        here.extend(
            (1..=clients).filter(|one| setup.clients[*one as usize - 1].arrives.as_micros() <= now),
        );
        for entry in history.entries() {
            if let What::Left(id) = entry.what {
                here.remove(&of(id));
            }
        }
        let views = (0..=clients).filter_map(|one| Some((one, history.world().view(member(one))?)));
        Self {
            history,
            views: views.collect(),
            coming: coming(history.world(), now),
            here,
            clients,
            segments: setup.length.div_ceil(SEGMENT) as u32,
            now,
        }
    }

    fn has(&self, one: u64, segment: u32) -> bool {
        self.views
            .get(&one)
            .is_some_and(|view| view.have.contains(segment))
    }

    fn count(&self, one: u64) -> u32 {
        (0..self.segments)
            .filter(|segment| self.has(one, *segment))
            .count() as u32
    }

    /// What is on its way to a member: from whom, and percent.
    fn coming(&self, one: u64, segment: u32) -> Vec<(u64, u64)> {
        self.coming
            .get(&(one, segment))
            .cloned()
            .unwrap_or_default()
    }

    fn clients_here(&self) -> impl Iterator<Item = u64> {
        (1..=self.clients).filter(|one| self.here.contains(one))
    }

    fn all_came(&self) -> bool {
        let setup = self.history.setup();
        setup
            .clients
            .iter()
            .all(|client| client.arrives.as_micros() <= self.now)
    }

    /// When a member had everything, by the trace.
    fn finished(&self, one: u64) -> Option<u64> {
        let entries = self.history.entries().iter();
        let mut done = entries.filter(
            |entry| matches!(entry.what, What::Member(id, Event::Complete(_)) if of(id) == one),
        );
        done.next().map(|entry| entry.at.as_micros())
    }

    fn happened(&self, is: impl Fn(&What) -> bool) -> bool {
        self.history.entries().iter().any(|entry| is(&entry.what))
    }
}

fn coming(world: &SwarmWorld, now: u64) -> BTreeMap<(u64, u32), Vec<(u64, u64)>> {
    let mut coming: BTreeMap<(u64, u32), Vec<(u64, u64)>> = BTreeMap::new();
    for flow in world.flows() {
        let (begins, ends) = (flow.begins.as_micros(), flow.ends.as_micros());
        let percent = now.saturating_sub(begins).min(ends - begins) * 100 / (ends - begins).max(1);
        coming
            .entry((flow.to, flow.segment))
            .or_default()
            .push((flow.from, percent));
    }
    coming
}

fn of(id: Id) -> u64 {
    id.to_u64().unwrap() - 1
}

fn check(is: bool, why: impl Into<String>) -> Result<(), String> {
    if is { Ok(()) } else { Err(why.into()) }
}

fn near(said: u64, is: u64) -> bool {
    said.abs_diff(is) <= 1
}

/// Whether a statement is so.
pub(crate) fn judge(statement: &Statement, facts: &Facts<'_>) -> Result<(), String> {
    match *statement {
        Statement::Waits { clients, segments } => {
            let nothing = !facts.happened(|what| matches!(what, What::Asked(..)));
            check(clients == facts.clients_here().count() as u64 && segments == facts.segments && nothing, "something else waits")
        }
        Statement::Asks { client, source, segment } => check(
            facts.happened(|what| matches!(what, What::Asked(id, pick) if of(*id) == client && of(pick.source) == source && pick.segment == segment)),
            "it never asked so",
        ),
        Statement::Because { why, copies, among } => {
            let fits = |what: &What| matches!(what, What::Asked(_, pick) if (pick.why, pick.copies, pick.among) == (why, copies, among));
            check(facts.happened(fits), "no request had this reason")?;
            // At the moment of a request for the rarest no other one that the source has is rarer among the clients it knows: core says so;
            // the order of the set-up must allow it.
            let order = facts.history.setup().order;
            let random = order == chordscope_core::swarm::picker::Order::Random;
            check(!(random && why == Why::Rarest), "nothing is rarest first here")
        }
        Statement::Described { client } => check(
            facts.happened(|what| matches!(what, What::Member(id, Event::Described(_)) if of(*id) == client)),
            "it does not know the file",
        ),
        Statement::HasAll { client } => check(facts.finished(client).is_some(), "it is not done"),
        Statement::Complete { client, done, of } => {
            let full = facts.clients_here().filter(|one| facts.count(*one) == facts.segments);
            check(full.count() as u64 == done, "another number is done")?;
            check(facts.clients_here().count() as u64 == of, "another number is here")?;
            check(facts.finished(client).is_some(), "it is not done")
        }
        Statement::Served { clients, at } => {
            let all = facts.clients_here().all(|one| facts.count(one) == facts.segments);
            check(all && facts.all_came(), "somebody waits")?;
            check(facts.clients_here().count() as u64 == clients, "another number is here")?;
            let last = facts.clients_here().filter_map(|one| facts.finished(one)).max();
            check(last == Some(at), format!("the last one was done at {last:?}"))
        }
        Statement::Over { done, of } => {
            check(facts.history.world().is_complete(), "a client waits")?;
            check(of == facts.clients, "another number is in the swarm")?;
            let got = (1..=facts.clients).filter(|one| facts.finished(*one).is_some());
            check(got.count() as u64 == done, "another number got it")
        }
        Statement::Bound { least, percent } => bound(least, percent, facts),
        Statement::SeedSent { hundredths, server } => {
            // Blocks that have left, and the part of the one that is leaving: at most one more.
            let (sent, length) = (facts.history.world().sent(member(0)), u64::from(facts.segments) * SEGMENT);
            let most = (sent + SEGMENT) * 100 / length;
            let least = sent.saturating_sub(u64::from(facts.segments) * 32 * (facts.clients + 1)) * 100 / length;
            check((least.saturating_sub(1)..=most).contains(&hundredths), format!("it sent {sent} bytes"))?;
            check(server == facts.clients_here().count() as u64, "a server sends a copy to each")
        }
        Statement::Banned { by, liar, fault } => check(
            facts.happened(|what| matches!(what, What::Member(id, Event::Banned(who, _, how)) if (of(*id), of(*who), *how) == (by, liar, fault))),
            "nobody was banned so",
        ),
        Statement::Left { member: one, had } => {
            check(facts.happened(|what| matches!(what, What::Left(id) if of(*id) == one)), "it is here")?;
            check(had <= facts.segments, "there are not so many")
        }
        Statement::HasLeft { member: one } | Statement::Gone { member: one } => {
            check(facts.happened(|what| matches!(what, What::Left(id) if of(*id) == one)), "it is here")
        }
        Statement::Joined { member: one } => check(
            facts.happened(|what| matches!(what, What::Arrived(id) if of(*id) == one)),
            "it did not come",
        ),
        Statement::Awaited { member: one } => {
            let client = facts.history.setup().clients.get((one as usize).wrapping_sub(1));
            check(client.is_some_and(|client| client.arrives.as_micros() > facts.now), "it is here")
        }
        Statement::Corrupts { member: one } => check(facts.happened(|what| *what == What::Acted(Action::Corrupt(one))), "it does not"),
        Statement::Mends { member: one } => check(facts.happened(|what| *what == What::Acted(Action::Mend(one))), "it does not"),
        Statement::Lost { segment } => {
            let held = facts.here.iter().any(|one| facts.has(*one, segment));
            let coming = facts.here.iter().any(|one| !facts.coming(*one, segment).is_empty());
            check(segment < facts.segments && !held && !coming && facts.all_came(), "somebody has it")
        }
        Statement::Has { member: one, has, of, arriving } => {
            check(of == facts.segments, "the file has another length")?;
            if facts.here.contains(&one) {
                check(has == facts.count(one), format!("it has {}", facts.count(one)))?;
            }
            let mut coming = (0..facts.segments).filter(|segment| !facts.has(one, *segment) && !facts.coming(one, *segment).is_empty()).collect::<Vec<_>>();
            coming.dedup();
            check(arriving as usize == coming.len(), format!("{coming:?} arrive"))
        }
        Statement::LimitedBy { limit, down } => {
            let fits = |view: &TransferView| {
                let expected = match limit {
                    LimitedBy::Complete => Limit::Complete,
                    LimitedBy::NoSource => Limit::NoSource,
                    LimitedBy::Choked => Limit::Choked,
                    LimitedBy::Rare => Limit::Rare,
                    LimitedBy::Senders | LimitedBy::Downlink => Limit::Network,
                };
                let is = view.limit == expected;
                is && (limit != LimitedBy::Senders || view.sources.iter().map(|source| source.down).sum::<u64>() == down)
            };
            check(facts.views.values().any(fits), "nobody is limited so")
        }
        Statement::CellHas { member: one, segment } => check(segment < facts.segments && (facts.has(one, segment) || !facts.here.contains(&one)), "it lacks it"),
        Statement::CellArrives { member: one, segment, from, percent } => {
            let coming = facts.coming(one, segment);
            let most = coming.iter().map(|(_, percent)| *percent).max();
            check(!facts.has(one, segment) && most.is_some_and(|most| near(percent.into(), most)), format!("{coming:?}"))?;
            check(from.is_none_or(|from| coming.iter().any(|(sender, _)| *sender == from)), "another one sends it")
        }
        Statement::CellRefused { member: one, segment, from } => {
            let fits = |what: &What| matches!(what, What::Member(id, Event::Banned(who, _, Fault::Segment(wrong))) if (of(*id), of(*who), *wrong) == (one, from, segment));
            check(facts.happened(fits), "it refused no such segment")?;
            check(!facts.has(one, segment) && facts.coming(one, segment).is_empty(), "it has it, or it comes")
        }
        // Goals are no facts: their rows are judged. The three ways are judged as a table.
        Statement::Goal { .. } | Statement::Ways { .. } => Ok(()),
        Statement::CellLacks { member: one, segment, asked } => {
            let view = facts.views.get(&one);
            check(!facts.has(one, segment) && facts.coming(one, segment).is_empty(), "it has it, or it comes")?;
            check(view.is_some_and(|view| view.asked.contains(&segment)) == asked && segment < facts.segments, "asked or not")
        }
        Statement::Copies { segment, copies, of, arriving } => {
            let held = facts.clients_here().filter(|one| facts.has(*one, segment)).count();
            check(held == copies as usize && segment < facts.segments, format!("{held} have it"))?;
            check(of as usize == facts.clients_here().count(), "another number is here")?;
            let coming = facts.clients_here().filter(|one| !facts.has(*one, segment) && !facts.coming(*one, segment).is_empty());
            let coming = coming.count();
            check(coming == arriving as usize, format!("{coming} get it"))
        }
        Statement::Flows { from, to, segment, percent } => {
            let coming = facts.coming(to, segment);
            check(coming.iter().any(|(sender, is)| *sender == from && near(percent.into(), *is)), format!("{coming:?}"))
        }
    }
}

/// The textbook's bound and the one for whole segments, by hand.
fn bound(least: u64, percent: u64, facts: &Facts<'_>) -> Result<(), String> {
    let setup = facts.history.setup();
    let length = u128::from(facts.segments) * u128::from(SEGMENT);
    let micros = |bytes: u128, rate: u64| (bytes * 1_000_000 / u128::from(rate)) as u64;
    let gives = |conduct| matches!(conduct, Conduct::Honest);
    let ups = setup.clients.iter().map(|client| {
        if gives(client.conduct) {
            client.rates.up
        } else {
            0
        }
    });
    let wants = setup
        .clients
        .iter()
        .filter(|client| matches!(client.conduct, Conduct::Honest | Conduct::FreeRides))
        .count() as u128;
    let seed = setup.seed_rates.up;
    let all: u64 = seed + ups.clone().sum::<u64>();
    let mut is = micros(length, seed).max(micros(wants * length, all));
    if ups.clone().all(|up| up == seed) {
        let rounds = u128::from(facts.segments) + u128::from(wants.ilog2());
        is = is.max(micros(rounds * u128::from(SEGMENT), seed));
    }
    check(least == is, format!("the bound is {is}"))?;
    let at = facts
        .clients_here()
        .filter_map(|one| facts.finished(one))
        .max()
        .unwrap_or_default();
    check(at >= is, format!("done at {at}, before the bound {is}"))?;
    check(near(percent, at * 100 / is), format!("{at} of {is}"))
}

/// The card and the grid.
pub(crate) fn tables(shot: &Snapshot, facts: &Facts<'_>) -> Result<(), String> {
    for (number, view) in &facts.views {
        let cells = &shot.moment.members[*number as usize].cells;
        for segment in 0..facts.segments {
            let is = cells[segment as usize] == chordscope_sim::worlds::swarm::view::Cell::Has;
            check(
                is == view.have.contains(segment),
                format!("segment {segment} at {number}"),
            )?;
        }
    }
    let Some(seen) = &shot.selected else {
        return Ok(());
    };
    let Some(view) = facts.views.get(&seen.number) else {
        return check(seen.lacks.is_empty(), "it is not here, and lacks something");
    };
    let sources = |chokes: bool| {
        view.sources
            .iter()
            .filter(move |source| source.chokes == chokes)
            .map(|source| of(source.id))
            .collect::<Vec<_>>()
    };
    check(
        seen.slots == sources(false) && seen.choked_by == sources(true),
        "slots",
    )?;
    let given: Vec<u64> = view
        .sources
        .iter()
        .filter(|source| !source.is_choked)
        .map(|source| of(source.id))
        .collect();
    check(seen.gives_to == given, "slots given")?;
    let mut last = (0, 0);
    for lack in &seen.lacks {
        check(!view.have.contains(lack.segment), "it has it")?;
        let held = facts
            .clients_here()
            .filter(|one| facts.has(*one, lack.segment))
            .count();
        check(held == lack.copies as usize, "copies")?;
        check(last <= (lack.copies, lack.segment), "rarest first")?;
        last = (lack.copies, lack.segment);
        check(lack.asked == view.asked.contains(&lack.segment), "asked")?;
        let open: Vec<u64> = sources(false)
            .into_iter()
            .filter(|one| facts.has(*one, lack.segment))
            .collect();
        check(lack.open == open, format!("could come from {open:?}"))?;
        let closed: Vec<u64> = sources(true)
            .into_iter()
            .filter(|one| facts.has(*one, lack.segment))
            .collect();
        check(lack.closed == closed, format!("choked by {closed:?}"))?;
    }
    let lacked = (0..facts.segments)
        .filter(|segment| !view.have.contains(*segment))
        .count();
    check(seen.lacks.len() == lacked, "all that it lacks")
}

/// A line of the log: at its time something of its sort happened.
pub(crate) fn event(row: &EventRow, facts: &Facts<'_>) -> Result<(), String> {
    let entry = facts
        .history
        .entries()
        .iter()
        .find(|entry| entry.index == row.index);
    check(
        entry.is_some_and(|entry| entry.at.as_micros() == row.at),
        "another time",
    )?;
    judge(&row.what, facts)?;
    check(carries(&row.what, &row.what.text()), "other words")
}

/// The name of a statement's kind.
pub(crate) fn kind(statement: &Statement) -> &'static str {
    match statement {
        Statement::Waits { .. } => "Waits",
        Statement::Asks { .. } => "Asks",
        Statement::Because { .. } => "Because",
        Statement::Described { .. } => "Described",
        Statement::HasAll { .. } => "HasAll",
        Statement::Complete { .. } => "Complete",
        Statement::Served { .. } => "Served",
        Statement::Over { .. } => "Over",
        Statement::Bound { .. } => "Bound",
        Statement::SeedSent { .. } => "SeedSent",
        Statement::Banned { .. } => "Banned",
        Statement::Left { .. } => "Left",
        Statement::HasLeft { .. } => "HasLeft",
        Statement::Joined { .. } => "Joined",
        Statement::Awaited { .. } => "Awaited",
        Statement::Corrupts { .. } => "Corrupts",
        Statement::Mends { .. } => "Mends",
        Statement::Lost { .. } => "Lost",
        Statement::Has { .. } => "Has",
        Statement::LimitedBy { .. } => "LimitedBy",
        Statement::Gone { .. } => "Gone",
        Statement::CellHas { .. } => "CellHas",
        Statement::CellArrives { .. } => "CellArrives",
        Statement::CellRefused { .. } => "CellRefused",
        Statement::CellLacks { .. } => "CellLacks",
        Statement::Goal { .. } => "Goal",
        Statement::Ways { .. } => "Ways",
        Statement::Copies { .. } => "Copies",
        Statement::Flows { .. } => "Flows",
    }
}

/// The numbers that the words of a statement must carry, in order.
fn numbers(statement: &Statement) -> Vec<u64> {
    let name = |one: u64| (one > 0).then_some(one);
    let some = |list: &[Option<u64>]| list.iter().flatten().copied().collect::<Vec<u64>>();
    let wide = |one: u32| Some(u64::from(one));
    match *statement {
        Statement::Waits { clients, segments } => some(&[Some(clients), wide(segments)]),
        Statement::Asks {
            client,
            source,
            segment,
        } => some(&[name(client), name(source), wide(segment)]),
        Statement::Because {
            why: Why::Rarest | Why::Random,
            copies,
            among,
        } => some(&[Some(copies.into()), wide(among).filter(|among| *among > 1)]),
        Statement::Because { .. } | Statement::Served { .. } | Statement::LimitedBy { .. } => {
            Vec::new()
        }
        Statement::Over { done, of } => vec![done, of],
        Statement::Bound { percent, .. } => vec![percent],
        Statement::Described { client } | Statement::HasAll { client } => some(&[name(client)]),
        Statement::Complete { client, done, of } => some(&[name(client), Some(done), Some(of)]),
        Statement::SeedSent { hundredths, server } => {
            vec![hundredths / 100, hundredths % 100, server]
        }
        Statement::Banned { by, liar, fault } => {
            let segment = match fault {
                Fault::Segment(index) => wide(index),
                _ => None,
            };
            some(&[name(liar), segment, name(by)])
        }
        Statement::Left { member, had } => some(&[name(member), wide(had)]),
        Statement::HasLeft { member }
        | Statement::Joined { member }
        | Statement::Awaited { member }
        | Statement::Gone { member } => some(&[name(member)]),
        Statement::Corrupts { member } | Statement::Mends { member } => some(&[name(member)]),
        Statement::Lost { segment } => vec![segment.into()],
        Statement::Has {
            member,
            has,
            of,
            arriving,
        } => some(&[
            name(member),
            wide(has),
            wide(of),
            wide(arriving).filter(|count| *count > 0),
        ]),
        Statement::Goal { goal, .. } => aims(goal),
        Statement::Ways { percent, .. } => percent.to_vec(),
        Statement::CellRefused {
            member,
            segment,
            from,
        } => some(&[name(member), wide(segment), name(from)]),
        Statement::CellHas { member, segment }
        | Statement::CellLacks {
            member, segment, ..
        } => some(&[name(member), wide(segment)]),
        Statement::CellArrives {
            member,
            segment,
            from,
            percent,
        } => some(&[
            wide(segment),
            name(member),
            from.and_then(name),
            Some(percent.into()),
        ]),
        Statement::Copies {
            segment,
            copies,
            of,
            arriving,
        } => some(&[
            wide(copies),
            wide(of),
            wide(segment),
            wide(arriving).filter(|count| *count > 0),
        ]),
        Statement::Flows {
            from,
            to,
            segment,
            percent,
        } => some(&[wide(segment), name(from), name(to), Some(percent.into())]),
    }
}

/// The numbers of a goal.
fn aims(goal: Goal) -> Vec<u64> {
    let thousandths = |share: u32| vec![u64::from(share) / 1_000, u64::from(share) % 1_000 / 10];
    match goal {
        Goal::AllServed | Goal::DoneWithoutSeed | Goal::LaterThanTwin => Vec::new(),
        Goal::SeedSendsAtMost(share) | Goal::NoSlowerThanTheFirst(share) => thousandths(share),
        Goal::Banned { client, by } => vec![by as u64, client],
        Goal::GivesNothing(client) => vec![client],
        Goal::OneClub { segment, clients } => vec![clients as u64, segment.into()],
    }
}

/// Whether the words say the statement's own numbers, in order, and nothing else of the sort.
pub(crate) fn carries(statement: &Statement, text: &str) -> bool {
    let words = text.split(|one: char| !one.is_ascii_digit());
    let said: Vec<u64> = words.filter_map(|word| word.parse().ok()).collect();
    let wanted = numbers(statement);
    match statement {
        // Times and rates are written in units of their own.
        Statement::Served { .. } | Statement::LimitedBy { .. } => true,
        Statement::Bound { .. } | Statement::Ways { .. } => said.ends_with(&wanted),
        // The other swarm is described in words of the scenario's.
        Statement::Goal {
            goal: Goal::LaterThanTwin,
            ..
        } => true,
        _ => said == wanted,
    }
}

/// Falsehoods of the same kind: one number is another.
pub(crate) fn lies(statement: &Statement) -> Vec<Statement> {
    let mut all = Vec::new();
    macro_rules! lie {
        ($($field:ident += $by:expr),* ; $kind:ident) => {{
            $( {
                let mut lie = statement.clone();
                if let Statement::$kind { $field, .. } = &mut lie { *$field += $by; }
                all.push(lie);
            } )*
        }};
    }
    match statement {
        Statement::Waits { .. } => lie!(clients += 1, segments += 1; Waits),
        Statement::Asks { .. } => lie!(client += 40, source += 40, segment += 200; Asks),
        Statement::Because { .. } => lie!(copies += 70, among += 300; Because),
        Statement::Described { .. } => lie!(client += 40; Described),
        Statement::HasAll { .. } => lie!(client += 40; HasAll),
        Statement::Complete { .. } => lie!(client += 40, done += 1, of += 1; Complete),
        Statement::Served { .. } => lie!(clients += 1, at += 1; Served),
        Statement::Over { .. } => lie!(done += 1, of += 1; Over),
        Statement::Bound { .. } => lie!(least += 2, percent += 3; Bound),
        Statement::SeedSent { .. } => lie!(hundredths += 300, server += 1; SeedSent),
        Statement::Banned { .. } => lie!(by += 40, liar += 40; Banned),
        Statement::Left { .. } => lie!(member += 40, had += 100; Left),
        Statement::HasLeft { .. } => lie!(member += 40; HasLeft),
        Statement::Joined { .. } => lie!(member += 40; Joined),
        Statement::Awaited { .. } => lie!(member += 40; Awaited),
        Statement::Corrupts { .. } => lie!(member += 40; Corrupts),
        Statement::Mends { .. } => lie!(member += 40; Mends),
        Statement::Lost { .. } => lie!(segment += 200; Lost),
        Statement::Has { .. } => lie!(has += 1, of += 1, arriving += 1; Has),
        Statement::LimitedBy { .. } => lie!(down += 1; LimitedBy),
        Statement::Gone { .. } => lie!(member += 40; Gone),
        Statement::CellHas { .. } => lie!(segment += 200; CellHas),
        Statement::CellArrives { .. } => {
            lie!(member += 40, segment += 200, percent += 3; CellArrives)
        }
        Statement::CellRefused { .. } => {
            lie!(member += 40, segment += 200, from += 40; CellRefused)
        }
        Statement::CellLacks { .. } => lie!(segment += 200; CellLacks),
        Statement::Goal { .. } | Statement::Ways { .. } => {}
        Statement::Copies { .. } => lie!(copies += 1, of += 1, arriving += 1; Copies),
        Statement::Flows { .. } => lie!(from += 40, to += 40, segment += 200, percent += 3; Flows),
    }
    all
}
