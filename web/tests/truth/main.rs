//! Nothing on the ring page says what is not so: every statement of every built-in scenario and of random runs, held against the nodes'
//! own state and what happened; and of each kind a falsehood that was planted is found.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test")]
#![allow(
    clippy::too_many_lines,
    reason = "one arm a kind of statement, and they are many"
)]

mod facts;
mod judge;
mod kept;
mod lies;
mod watch;

use std::collections::{BTreeMap, BTreeSet};

use chordscope_core::base::id::Id;
use chordscope_core::base::rng::Rng;
use chordscope_sim::classic::Protocol;
use chordscope_sim::worlds::ring::builtin;
use chordscope_sim::worlds::ring::trace::{Traffic, What};
use chordscope_web::player::{Control, Driven};
use chordscope_web::ring::engine::Engine;
use chordscope_web::ring::engine::command::{Command, Way};
use chordscope_web::ring::engine::snapshot::{ChangedRow, FingerRow, Snapshot, Standing};
use chordscope_web::ring::engine::statement::Statement;
use chordscope_web::scene::hit::Under;

use crate::facts::{AffectedRow, Facts, Memory, leads_to, number};
use crate::judge::judge;
use crate::lies::{carries, kind, lies};

/// The number of random runs, unless `SEEDS=a..b` names others.
const RUNS: u64 = 300;
/// How many true statements of a kind falsehoods are made of.
const PLANTED: usize = 40;

/// What has been seen so far.
#[derive(Default)]
struct Seen {
    /// By kind: how many statements, and how many planted falsehoods.
    kinds: BTreeMap<String, (usize, usize)>,
    /// By kind and place among its falsehoods: how many of these were found. (A falsehood may happen to be true.)
    found: BTreeMap<(String, usize), usize>,
    /// The faults: of each sort the first that was found.
    wrong: BTreeMap<String, String>,
    memory: Memory,
    /// Kinds without a number that were found false at a moment at which the page did not say them.
    denied: BTreeSet<&'static str>,
}

impl Seen {
    fn assert_all_is_so(&self) {
        let wrong = self.wrong.iter();
        let wrong: Vec<String> = wrong
            .map(|(sort, first)| format!("{sort}: {first}"))
            .collect();
        assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    }
}

/// All that a snapshot says.
fn statements(shot: &Snapshot) -> Vec<Statement> {
    let caption = shot.caption.statements();
    let health = shot.health.iter().chain([&shot.violations]);
    let lookup = shot.lookup.iter().flat_map(|lookup| {
        let card = [&lookup.progress, &lookup.measured];
        card.into_iter().chain(&lookup.failed).chain(&lookup.ring)
    });
    let change = shot.change.iter().flat_map(|change| {
        let titles = change.titles.iter();
        titles.chain(&change.affected).chain(&change.rules)
    });
    let since = shot.inspected.iter().filter_map(|seen| seen.since.as_ref());
    let rest = shot.picture.iter().chain(&shot.claim).chain(since);
    let all = caption
        .chain(health)
        .chain(lookup)
        .chain(change)
        .chain(rest);
    all.cloned().collect()
}

/// Holds everything that the page says against the facts.
fn look(engine: &Engine, place: &str, predicted: &[(u64, Vec<u64>)], seen: &mut Seen) {
    let memory = std::mem::take(&mut seen.memory);
    let shot = engine.snapshot();
    let asked = shot
        .lookup
        .as_ref()
        .map(|lookup| (lookup.from, lookup.key, lookup.started));
    let facts = Facts::of(engine.history(), asked, predicted, &memory);
    let said = statements(&shot);
    for statement in &said {
        let text = statement.text(shot.space);
        let kind = kind(statement);
        let known = seen.kinds.entry(kind.clone()).or_default();
        known.0 += 1;
        if let Err(why) = judge(statement, &facts) {
            let found = format!(
                "{place}, at {} µs: “{text}”\n{statement:?}\n{why}\ndone: {:?}",
                shot.time.now,
                facts.deeds().collect::<Vec<_>>()
            );
            seen.wrong
                .entry(format!("{kind} is not so"))
                .or_insert(found);
            continue;
        }
        if !carries(statement, &text) {
            let found = format!("{place}: “{text}” is not {statement:?}");
            seen.wrong
                .entry(format!("{kind} in words"))
                .or_insert(found);
        }
        if known.0 > PLANTED {
            continue;
        }
        for (at, lie) in lies(statement, shot.space).into_iter().enumerate() {
            known.1 += 1;
            let found = seen.found.entry((kind.clone(), at)).or_default();
            *found += usize::from(judge(&lie, &facts).is_err());
            let differs = lies::numbers(&lie) != lies::numbers(statement);
            if differs && carries(&lie, &text) {
                let found = format!("{place}: “{text}” passes for {lie:?}");
                seen.wrong
                    .entry(format!("{kind} passes in words"))
                    .or_insert(found);
            }
        }
    }
    let unsaid = [
        ("Placing", Statement::Placing(Protocol::Corrected)),
        ("NoMember", Statement::NoMember),
    ];
    for (name, statement) in unsaid {
        if !said.contains(&statement) && judge(&statement, &facts).is_err() {
            seen.denied.insert(name);
        }
    }
    for (table, wrong) in tables(&shot, &facts) {
        let found = format!(
            "{place}, at {} µs: {:?}\n{wrong}",
            shot.time.now, shot.caption
        );
        seen.wrong.entry(format!("table {table}")).or_insert(found);
    }
    seen.memory = memory;
}

/// Holds the tables of the cards against the facts: what differs, by table.
fn tables(shot: &Snapshot, facts: &Facts<'_>) -> Vec<(&'static str, String)> {
    let ring = &facts.ring;
    let mut wrong = Vec::new();
    let mut same = |table: &'static str, shown: String, real: String| {
        if shown != real {
            wrong.push((table, format!("{shown} is shown, {real} is so")));
        }
    };
    let up = shot.nodes.iter().filter(|node| node.is_up());
    let up: Vec<(u64, bool)> = up.map(|node| (number(node.id), node.is_member())).collect();
    let real: Vec<(u64, bool)> = ring
        .nodes
        .iter()
        .map(|(id, node)| (*id, node.member))
        .collect();
    same("nodes", format!("{up:?}"), format!("{real:?}"));
    let crashed = shot
        .nodes
        .iter()
        .filter(|node| node.standing == Standing::Crashed);
    let there = crashed.filter(|node| ring.nodes.contains_key(&number(node.id)));
    same("crashed nodes", there.count().to_string(), "0".to_owned());
    if let Some(seen) = shot.inspected.as_ref().filter(|seen| seen.is_there()) {
        let node = &ring.nodes[&number(seen.id)];
        let rows: Vec<_> = seen
            .fingers
            .iter()
            .map(|row| (row.node.map(number), row.stale))
            .collect();
        let right = |(at, names): (usize, &Option<u64>)| {
            let right = ring.first_from(&ring.up(), ring.start(number(seen.id), at + 1));
            (*names, *names != right)
        };
        let real: Vec<_> = node.fingers.iter().enumerate().map(right).collect();
        same("fingers", format!("{rows:?}"), format!("{real:?}"));
        let successors: Vec<u64> = seen.successors.iter().copied().map(number).collect();
        let keys: Vec<u64> = seen.keys.iter().copied().map(number).collect();
        let shown = format!("{:?} {successors:?} {keys:?}", seen.predecessor.map(number));
        let real = format!(
            "{:?} {:?} {:?}",
            node.predecessor, node.successors, node.keys
        );
        same("node card", shown, real);
    }
    if let Some(seen) = shot.inspected.as_ref().filter(|seen| seen.is_there()) {
        // A row that is highlighted names what the lookup took there, or the card says that it has changed since.
        let row = |row: &&FingerRow| row.used && seen.since.is_none();
        let named = seen.fingers.iter().find(row);
        let named = named.map(|row| row.node.map(number));
        let mut routed = facts.lookup.iter().flat_map(|lookup| lookup.routed.iter());
        if let Some(named) = named {
            let took =
                routed.any(|(_, at, step, _)| *at == number(seen.id) && leads_to(step) == named);
            same("highlighted row", took.to_string(), "true".to_owned());
        }
    }
    // Where no node is a member, the panel of the ring's health tells of no invariant.
    let mut holds = shot
        .events
        .iter()
        .filter(|event| event.text.starts_with("holds"));
    same("events", format!("{:?}", holds.next()), "None".to_owned());
    if let Some(change) = shot
        .change
        .as_ref()
        .filter(|change| change.affected.is_some())
    {
        let row = |row: &ChangedRow| {
            let ids = (number(row.start), number(row.old), number(row.new));
            (number(row.node), usize::from(row.row), ids.0, ids.1, ids.2)
        };
        let rows: Vec<AffectedRow> = change.rows.iter().map(row).collect();
        same(
            "changed fingers",
            format!("{rows:?}"),
            format!("{:?}", facts.affected()),
        );
    }
    if let (Some(lookup), Some(known)) = (&shot.lookup, &facts.lookup) {
        let hops = lookup.path[1..]
            .iter()
            .filter(|hop| **hop != lookup.path[0]);
        let came = |hop: &&Id| known.delivered.iter().any(|parcel| parcel.to == **hop);
        let unseen: Vec<&Id> = hops.filter(|hop| !came(hop)).collect();
        same("path", format!("{unseen:?}"), "[]".to_owned());
    }
    let count = |is: &dyn Fn(&What) -> bool| {
        facts.entries.iter().filter(|entry| is(&entry.what)).count() as u64
    };
    let sent = |traffic: Traffic| {
        count(&|what| matches!(what, What::Sent(parcel) if parcel.traffic == traffic))
    };
    let shown = [
        shot.counters.lookup,
        shot.counters.other,
        shot.counters.upkeep,
        shot.counters.lost,
    ];
    let lost = count(&|what| matches!(what, What::Lost(_)));
    let real = [
        sent(Traffic::Lookup),
        sent(Traffic::Records),
        sent(Traffic::Upkeep),
        lost,
    ];
    same("counters", format!("{shown:?}"), format!("{real:?}"));
    wrong
}

fn frames(engine: &mut Engine, count: u64) {
    for _ in 0..count {
        engine.advance(16.0, 7.0, || 0.0);
    }
}

/// Every built-in scenario, watched from step to step and in between.
fn watch_scenarios(seen: &mut Seen) {
    for scenario in builtin::all() {
        let mut engine = Engine::open("", true);
        engine.apply(Command::Load(scenario.name.clone()));
        for _ in 0..2_000 {
            frames(&mut engine, 9);
            look(&engine, &scenario.name, &[], seen);
            let shot = engine.snapshot();
            if !shot.time.can_continue {
                break;
            }
            if !shot.time.playing {
                engine.apply(Control::Continue);
            }
        }
        assert!(
            !engine.snapshot().time.can_continue,
            "{} has not ended",
            scenario.name
        );
    }
}

/// A ring of its own with a plan of its own, or a built-in scenario with another seed, as a link.
fn random_link(rng: &mut Rng) -> String {
    let behaviour = chordscope_sim::engine::behaviour::BEHAVIOUR;
    let seed = rng.below(1_000);
    if rng.chance(1, 8) {
        let all = builtin::all();
        let name = &all[rng.below(all.len() as u64) as usize].name;
        return format!("v={behaviour}&s={name}&seed={seed}&t=0");
    }
    let bits = 3 + rng.below(6);
    let space = 1_u64 << bits;
    let count = 1 + rng.below(space.min(12));
    let mut nodes: Vec<u64> = (0..count).map(|_| rng.below(space)).collect();
    nodes.sort_unstable();
    nodes.dedup();
    let mut link = format!(
        "bits={bits}&nodes={}&until={}",
        list(&nodes),
        5_000 + rng.below(60_000)
    );
    if rng.chance(1, 4) {
        link += "&rules=classic";
    } else if rng.chance(1, 6) {
        link += "&quorum=1";
    }
    if rng.chance(1, 3) {
        link += &format!("&loss={}", 20 + rng.below(250));
    }
    if rng.chance(1, 3) {
        link += &format!("&successors={}", 1 + rng.below(4));
    }
    if rng.chance(1, 2) {
        link += "&records=anna,ben,cleo";
    }
    if rng.chance(1, 4) {
        let fastest = rng.below(40);
        link += &format!("&latency={fastest},{}", fastest + rng.below(400));
    }
    let (stabilize, fingers) = (500 + rng.below(4_000), 500 + rng.below(4_000));
    if rng.chance(9, 10) {
        link += &format!("&upkeep={stabilize},{fingers},8000");
    }
    let plan = random_plan(rng, &nodes, space);
    format!("v={behaviour}&{link}&do={plan}&seed={seed}&t=0")
}

fn list(ids: &[u64]) -> String {
    ids.iter().map(u64::to_string).collect::<Vec<_>>().join(",")
}

/// The planned actions, some of them at one moment.
fn random_plan(rng: &mut Rng, nodes: &[u64], space: u64) -> String {
    let mut at = 0;
    let mut plan = Vec::new();
    for _ in 0..rng.below(9) {
        if rng.chance(3, 4) {
            at += rng.below(4_000_000);
        }
        let node = match rng.chance(3, 4) {
            true => nodes[rng.below(nodes.len() as u64) as usize],
            false => rng.below(space),
        };
        let key = rng.below(space);
        plan.push(match rng.below(20) {
            0 | 1 => format!("{at}:lookup,{node},{key}"),
            2 => format!("{at}:lookup,{node},{key},iterative"),
            3 | 4 => format!("{at}:insert,{key}"),
            5 | 6 => format!("{at}:crash,{node}"),
            7 => format!("{at}:remove,{node}"),
            8 => format!("{at}:split,{}", list(&nodes[..nodes.len().div_ceil(2)])),
            9 => format!("{at}:heal"),
            10 => format!("{at}:pause,{node}"),
            11 => format!("{at}:resume,{node}"),
            12 => format!("{at}:restart,{node}"),
            13 => format!("{at}:get,{node},anna"),
            14 => format!("{at}:delete,{node},ben"),
            15 => format!("{at}:slow,{node},{}", rng.below(900)),
            16 => format!("{at}:corrupt,{node}"),
            17 => format!("{at}:misroute,{node}"),
            18 => format!("{at}:mend,{node}"),
            _ => format!("{at}:put,{node},anna,{key}"),
        });
    }
    plan.join(";")
}

/// What a user might do.
fn random_command(rng: &mut Rng, shot: &Snapshot) -> Command {
    let space = 1_u64 << shot.space.bits();
    let any = |rng: &mut Rng| Id::from_u64(rng.below(space));
    let node = shot.nodes[rng.below(shot.nodes.len() as u64) as usize].id;
    let key = any(rng);
    let way = Way {
        linear: rng.chance(1, 4),
        iterative: rng.chance(1, 3),
    };
    match rng.below(32) {
        0..=4 => Command::Look {
            from: node,
            key,
            way,
        },
        5 => Command::Predict {
            from: node,
            key,
            way,
        },
        6 | 7 => Command::Insert(key),
        8 => Command::Remove(node),
        9 | 10 => Command::Crash(node),
        11 => Control::Seek(rng.below(shot.time.end + 1)).into(),
        12 => Control::StepForward.into(),
        13 => Control::StepBack.into(),
        14..=18 => Control::Continue.into(),
        19 => Control::Play(rng.chance(3, 4)).into(),
        20 => Control::Speed(rng.below(11) as usize).into(),
        21 => Command::Hover(Some(Under::Node(node))),
        22 => Command::Hover(Some(Under::Key(key))),
        23 => Command::Hover(None),
        24 => Command::ShowUpkeep(rng.chance(1, 2)),
        25 => Command::StopPredicting,
        26 => Command::Move(node),
        _ => Command::Choose(node),
    }
}

fn watch_random_run(seed: u64, seen: &mut Seen) {
    let mut rng = Rng::from_seed(seed, 0);
    let link = random_link(&mut rng);
    let mut engine = Engine::open(&link, true);
    let place = format!("seed {seed}, {link}");
    assert_eq!(engine.snapshot().refused, None, "{place}");
    let mut predicted = Vec::new();
    // By steps, or with time running.
    engine.apply(match rng.chance(1, 2) {
        true => Control::Continue,
        false => Control::Play(true),
    });
    for _ in 0..6 + rng.below(26) {
        let shot = engine.snapshot();
        if shot.nodes.is_empty() {
            return;
        }
        let mut command = random_command(&mut rng, &shot);
        let question = question(&engine, &shot);
        if let (Some(next), true) = (question, shot.predicting) {
            // A question waits: most of the time it is answered.
            if rng.chance(4, 5) {
                let said = if rng.chance(1, 2) {
                    Id::from_u64(next[0])
                } else {
                    shot.nodes[0].id
                };
                predicted.push((number(said), next));
                command = Command::Choose(said);
            } else if matches!(command, Command::Choose(_)) {
                command = Command::StopPredicting;
            }
        }
        if matches!(command, Command::Predict { .. }) {
            predicted.clear();
        }
        engine.apply(command);
        look(&engine, &place, &predicted, seen);
        for _ in 0..1 + rng.below(3) {
            let count = 1 + rng.below(60);
            frames(&mut engine, count);
            look(&engine, &place, &predicted, seen);
        }
    }
}

/// The nodes that the decisions lead to of which one waits for a prediction, the last first.
fn question(engine: &Engine, shot: &Snapshot) -> Option<Vec<u64>> {
    let asked = shot.caption.statements().find_map(|one| match one {
        Statement::Question { node, .. } => Some(number(*node)),
        _ => None,
    })?;
    let lookup = shot.lookup.as_ref()?;
    let lookup = (lookup.from, lookup.key, lookup.started);
    let memory = Memory::default();
    let facts = Facts::of(engine.history(), Some(lookup), &[], &memory);
    let routed = facts.lookup?.routed;
    let there = routed.iter().rev().filter(|(_, node, ..)| *node == asked);
    let last = there.clone().next().map(|(at, ..)| *at);
    let made = there.filter(|(at, ..)| Some(*at) == last);
    let made: Vec<u64> = made.filter_map(|(_, _, step, _)| leads_to(step)).collect();
    (!made.is_empty()).then_some(made)
}

#[test]
fn everything_that_the_page_says_is_so_and_each_planted_falsehood_is_found() {
    let mut seen = Seen::default();
    let named = std::env::var("SEEDS").ok().map(|text| {
        let (from, to) = text.split_once("..").expect("SEEDS=a..b");
        from.parse().unwrap()..to.parse().unwrap()
    });
    watch_scenarios(&mut seen);
    for seed in named.clone().unwrap_or(0..RUNS) {
        watch_random_run(seed, &mut seen);
    }
    seen.assert_all_is_so();
    if named.is_some() {
        return;
    }
    for (kind, (count, planted)) in &seen.kinds {
        println!("{kind}: {count} statements, {planted} falsehoods planted");
        let silent = ["Advice", "NoMember"].contains(&kind.as_str());
        assert!(silent || *planted > 0, "{kind}");
    }
    for ((kind, at), found) in &seen.found {
        assert!(*found > 0, "no falsehood of sort {at} of {kind} is found");
    }
    assert_eq!(seen.denied.len(), 2, "{:?}", seen.denied);
    for kind in [
        "Waits",
        "AsksItself",
        "Misplaced",
        "OriginStopped",
        "Alone",
        "Restarted",
        "Unchanged",
        "Happened",
        "RowSince",
        "SuccessorSince",
    ] {
        assert!(seen.kinds.contains_key(kind), "no {kind} was seen");
    }
}
