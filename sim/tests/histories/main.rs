//! Histories of all three worlds: seek, step back, branches, undo and redo, export and import, against a run from the beginning.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation
)]

mod ring;

use std::sync::Arc;

use chordscope_core::base::id::Id;
use chordscope_core::base::rng::Rng;
use chordscope_core::base::time::Instant;
use chordscope_core::chord::route::{Mode, Routing};
use chordscope_sim::engine::history::export::{self, MAX_EXPORT, Portable};
use chordscope_sim::engine::history::{BranchId, History};
use chordscope_sim::engine::run::Run;
use chordscope_sim::engine::{World, chrome};
use chordscope_sim::worlds::peers::{self, Conditions, Peers};
use chordscope_sim::worlds::ring::RingWorld;
use chordscope_sim::worlds::ring::action::Action;
use chordscope_sim::worlds::ring::builtin;
use chordscope_sim::worlds::ring::scenario::Scenario;
use chordscope_sim::worlds::swarm::{self, Stay, SwarmWorld};

fn millis(millis: u64) -> Instant {
    Instant::from_millis(millis)
}

fn pick<T: Clone>(rng: &mut Rng, from: &[T]) -> T {
    from[rng.below(from.len() as u64) as usize].clone()
}

/// The digest and the number of entries of this moment, and of the same one come to from the beginning.
fn assert_as_replayed<W: World>(setup: &Arc<W::Setup>, history: &History<W>, context: &str) {
    let world = W::begin(setup, history.seed()).unwrap();
    let mut run = Run::of(world, history.actions().to_vec());
    run.run_until(history.now());
    let (found, expected) = (history.world(), run.world());
    assert_eq!(found.events(), expected.events(), "{context}");
    assert_eq!(found.trace_digest(), expected.trace_digest(), "{context}");
    let indices = history.entries().iter().map(|entry| entry.index);
    assert!(indices.eq(0..expected.events()), "{context}");
}

/// One random thing to do with a history.
fn wander<W: World>(
    history: &mut History<W>,
    rng: &mut Rng,
    horizon: u64,
    draw: fn(&W, &mut Rng) -> W::Action,
) {
    match rng.below(9) {
        0..=2 => {
            let action = draw(history.world(), rng);
            // What the world refuses changes nothing.
            drop(history.act(action));
        }
        3 => _ = history.undo(),
        4 => _ = history.redo(),
        5 => {
            let view = pick(rng, &history.branches());
            assert!(history.switch_to(view.id));
            assert_eq!(history.current(), view.id);
        }
        6 => history.step_back(),
        7 => history.step_forward(),
        _ => history.seek(millis(rng.below(horizon))),
    }
}

fn walk<W: Portable>(
    setup: fn() -> W::Setup,
    (seeds, steps, horizon): (u64, usize, u64),
    draw: fn(&W, &mut Rng) -> W::Action,
) {
    let shared = Arc::new(setup());
    for seed in 0..seeds {
        let mut rng = Rng::from_seed(seed, 0x415);
        let mut history = History::<W>::new(setup(), seed).unwrap();
        for step in 0..steps {
            wander(&mut history, &mut rng, horizon, draw);
            assert_as_replayed(&shared, &history, &format!("seed {seed}, step {step}"));
        }
        let views = history.branches();
        assert!(views.len() > 1, "seed {seed} has no branches");
        assert!(views.iter().any(|view| view.label.is_some()));
        let text = export::write(&history);
        let imported = export::read::<W>(&text).unwrap();
        let mut again = imported.history;
        assert_eq!(again.branches(), views, "seed {seed}");
        assert_eq!(export::write(&again), text, "seed {seed}");
        assert_as_replayed(&shared, &again, &format!("seed {seed}, imported"));
        assert_eq!(again.can_undo(), history.can_undo());
        for view in views {
            again.switch_to(view.id);
            history.switch_to(view.id);
            history.seek(again.now());
            assert_eq!(again.world().trace_digest(), history.world().trace_digest());
        }
    }
}

/// An action in the past begins a branch, the former future stays, and steps lead back.
fn assert_branches<W: World>(setup: W::Setup, action: W::Action, horizon: u64) {
    let mut history = History::<W>::new(setup, 3).unwrap();
    history.advance_to(millis(horizon));
    let former = history.world().trace_digest();
    history.step_back();
    assert!(history.now() < millis(horizon));
    history.seek(millis(horizon / 2));
    let moved = history.act(action);
    assert_eq!(moved.ok().map(|moved| moved.to), Some(BranchId(1)));
    history.advance_to(millis(horizon));
    assert_ne!(history.world().trace_digest(), former);
    assert_eq!(history.branches().len(), 2);
    assert!(history.switch_to(BranchId(0)));
    assert_eq!(history.now(), millis(horizon));
    assert_eq!(history.world().trace_digest(), former);
}

fn crash() -> Scenario {
    builtin::named("crash-18").unwrap()
}

fn draw_ring(world: &RingWorld, rng: &mut Rng) -> Action {
    let ids: Vec<Id> = world.nodes().map(|node| node.id()).collect();
    let who = pick(rng, &ids);
    match rng.below(5) {
        0 => Action::Insert(Id::from_u64(rng.below(32))),
        1 => Action::Crash(who),
        2 => Action::Split(vec![who]),
        3 => Action::Heal,
        _ => Action::Lookup {
            from: who,
            key: Id::from_u64(rng.below(32)),
            routing: Routing::Finger,
            mode: Mode::Recursive,
        },
    }
}

fn peers() -> peers::acting::Setup {
    peers::acting::Setup {
        direct: 3,
        tabs: 1,
        conditions: Conditions::default(),
        actions: Vec::new(),
    }
}

fn draw_peers(_: &Peers, rng: &mut Rng) -> peers::acting::Action {
    use peers::acting::Action;
    let member = rng.below(5) as usize;
    let name = format!("name {}", rng.below(3));
    match rng.below(8) {
        0 => Action::Add {
            relayed: rng.chance(1, 2),
        },
        1 => Action::Kill(member),
        2 => Action::Start(member),
        3 => Action::Leave(member),
        4 => Action::Unplug(member),
        5 => Action::Split(vec![member]),
        6 => Action::Put {
            member,
            name,
            value: "value".to_string(),
        },
        _ => Action::Get { member, name },
    }
}

fn swarm() -> swarm::Setup {
    let mut setup = swarm::Setup::new(3, 16).unwrap();
    setup.clients[2].stay = Stay::Until(millis(4_000));
    setup
}

fn draw_swarm(_: &SwarmWorld, rng: &mut Rng) -> swarm::acting::Action {
    use swarm::acting::Action;
    let member = rng.below(5);
    match rng.below(4) {
        0 => Action::Join,
        1 => Action::Leave(1 + member),
        2 => Action::Corrupt(member),
        _ => Action::Mend(member),
    }
}

#[test]
fn a_ring_has_branches() {
    assert_branches::<RingWorld>(crash(), Action::Insert(Id::from_u64(7)), 9_000);
}

#[test]
fn peers_have_branches() {
    assert_branches::<Peers>(peers(), peers::acting::Action::Kill(2), 20_000);
}

#[test]
fn a_swarm_has_branches() {
    assert_branches::<SwarmWorld>(swarm(), swarm::acting::Action::Join, 5_000);
}

#[test]
fn however_one_comes_to_a_moment_of_a_ring_it_is_the_same() {
    walk(crash, (8, 40, 30_000), draw_ring);
}

#[test]
fn however_one_comes_to_a_moment_of_peers_it_is_the_same() {
    walk(peers, (2, 20, 20_000), draw_peers);
}

#[test]
fn however_one_comes_to_a_moment_of_a_swarm_it_is_the_same() {
    walk(swarm, (4, 30, 8_000), draw_swarm);
}

/// A run of a ring with two branches.
fn exported() -> String {
    let mut history = History::<RingWorld>::new(crash(), 1).unwrap();
    history.advance_to(millis(6_000));
    history.seek(millis(2_000));
    history.act(Action::Insert(Id::from_u64(7))).unwrap();
    history.advance_to(millis(3_000));
    export::write(&history)
}

#[test]
fn an_exported_run_opens_at_its_moment() {
    let text = exported();
    let imported = export::read::<RingWorld>(&text).unwrap();
    let history = imported.history;
    assert_eq!(
        imported.behaviour,
        chordscope_sim::engine::behaviour::BEHAVIOUR
    );
    assert_eq!(
        (history.now(), history.end()),
        (millis(3_000), millis(3_000))
    );
    assert_eq!(
        (history.current(), history.branches().len()),
        (BranchId(1), 2)
    );
    assert_eq!(history.setup(), &crash());
    assert!(history.world().node(Id::from_u64(7)).is_some());
}

#[test]
fn a_run_of_version_1_opens_too() {
    let text = r#"{"format": "chordscope run", "version": 1, "world": "ring", "behaviour": 4, "seed": 18446744073709551615,
        "setup": {"bits": 5, "nodes": [1, 9, 20], "seed": 7},
        "branches": [{"id": 0, "end_us": 9000000, "actions": [{"at_us": 3000000, "do": {"insert": 7}}]},
            {"id": 1, "parent": 0, "from_us": 2000000, "shared": 0, "end_us": 4000000,
             "actions": [{"at_us": 2000000, "do": {"crash": 9}}]}],
        "current": 1, "at_us": 4000000}"#;
    let history = export::read::<RingWorld>(text).unwrap().history;
    assert_eq!((history.seed(), history.setup().seed), (u64::MAX, 7));
    assert_eq!(history.branches().len(), 2);
    let written = export::write(&history);
    assert!(written.contains("\"seed\": \"18446744073709551615\""));
    let again = export::read::<RingWorld>(&written).unwrap().history;
    assert_eq!(again.setup(), history.setup());
    assert_eq!(again.world().digest(), history.world().digest());
}

#[test]
fn a_wrong_run_is_refused_with_the_place_and_the_reason() {
    let text = exported();
    for (old, new, part) in [
        ("chordscope run", "a run", "format: "),
        ("\"version\": 2", "\"version\": 3", "version: is 3"),
        ("\"world\": \"ring\"", "\"world\": \"swarm\"", "world: "),
        ("bits=5", "bits=200", "bits: "),
        (
            "\"parent\": 0",
            "\"parent\": 1",
            "branches[1]: all branches but",
        ),
        ("\"shared\": 2", "\"shared\": 9", "branches[1].shared: "),
        ("\"id\": 1", "\"id\": 0", "branches[1]: the ids must ascend"),
        ("insert,7", "insert,700", "branches[1].actions[0]: "),
        (
            "insert,7",
            "dance,7",
            "branches[1].actions[0]: there is no such action",
        ),
        (
            "\"from_us\": 2000000",
            "\"from_us\": 99999999999999",
            "branches[1].from_us: ",
        ),
        (
            "\"from_us\": 2000000",
            "\"from_us\": 5000000",
            "branches[1].end_us: ",
        ),
        (
            "\"at_us\": 2000000",
            "\"at_us\": 100",
            "branches[1].actions[0]: is before",
        ),
        (
            "\"at_us\": 2000000",
            "\"at_us\": 7000000",
            "branches[1].actions[0]: is after",
        ),
        (
            "\"id\": 1",
            "\"id\": 4294967295",
            "branches[1]: the id is too large",
        ),
        ("\"current\": 1", "\"current\": 5", "current: "),
        (
            "\"at_us\": 3000000",
            "\"at_us\": 3000001",
            "at_us: is after",
        ),
        (
            "\"seed\"",
            "\"colour\": 1, \"seed\"",
            "unknown field `colour`",
        ),
    ] {
        assert!(text.contains(old), "{old} is not in {text}");
        let wrong = text.replace(old, new);
        let refusal = export::read::<RingWorld>(&wrong).unwrap_err().to_string();
        assert!(refusal.contains(part), "{new}: {refusal}");
    }
}

#[test]
fn what_is_no_run_at_all_is_refused() {
    let text = exported();
    let deep = format!("{{\"setup\": {}", "[".repeat(100_000));
    let none = text.split_once("\"branches\"").unwrap().0;
    let none = format!("{none}\"branches\": [], \"current\": 0, \"at_us\": 0}}");
    for (wrong, part) in [
        (none.as_str(), "branches: there is none"),
        ("", "EOF"),
        (&deep, "recursion limit"),
        (&" ".repeat(MAX_EXPORT + 1), "at most 16 MiB"),
    ] {
        let refusal = export::read::<RingWorld>(wrong).unwrap_err().to_string();
        assert!(refusal.contains(part), "{part}: {refusal}");
    }
}

#[test]
fn too_many_branches_or_actions_are_refused() {
    let text = exported();
    let (head, rest) = text.split_once("\"branches\": [").unwrap();
    let tail = rest.rsplit_once(']').unwrap().1;
    let branch = |id: u32, actions: &str| {
        let parent = id
            .checked_sub(1)
            .map_or_else(String::new, |_| "\"parent\": 0,".to_string());
        format!("{{\"id\": {id}, {parent} \"end_us\": 0, \"actions\": [{actions}]}}")
    };
    let many: Vec<String> = (0..65).map(|id| branch(id, "")).collect();
    let heal = "{\"at_us\": 0, \"do\": \"heal\"}";
    let long = branch(0, &vec![heal; 12_001].join(","));
    for (branches, part) in [
        (many.join(","), "branches: at most 64"),
        (long, "branches[0].actions: a branch has at most 12000"),
    ] {
        let text = format!("{head}\"branches\": [{branches}]{tail}");
        let refusal = export::read::<RingWorld>(&text).unwrap_err().to_string();
        assert!(refusal.contains(part), "{refusal}");
    }
}

#[test]
fn no_damage_to_an_exported_run_makes_it_panic() {
    let text = exported().into_bytes();
    let mut rng = Rng::from_seed(1, 0xf022);
    let (mut opened, mut refused) = (0, 0);
    for _ in 0..3_000 {
        let mut bytes = text.clone();
        for _ in 0..=rng.below(3) {
            let at = rng.below(bytes.len() as u64) as usize;
            match rng.below(4) {
                0 => bytes[at] = b'0' + rng.below(10) as u8,
                1 => drop(bytes.remove(at)),
                2 => bytes.insert(at, pick(&mut rng, b"0123456789,:{}[]\"")),
                _ => {
                    let end = (at + rng.below(40) as usize).min(bytes.len());
                    let part = bytes[at..end].to_vec();
                    bytes.splice(at..at, part);
                }
            }
        }
        let Ok(text) = String::from_utf8(bytes) else {
            continue;
        };
        match export::read::<RingWorld>(&text) {
            Ok(imported) => {
                opened += 1;
                let mut history = imported.history;
                history.undo();
                for view in history.branches() {
                    assert!(history.switch_to(view.id));
                }
            }
            Err(_) => refused += 1,
        }
    }
    assert!(
        opened > 20 && refused > 1_000,
        "{opened} opened, {refused} refused"
    );
}

#[test]
fn a_trace_is_written_for_a_chart_of_time() {
    let mut history = History::<RingWorld>::new(crash(), 1).unwrap();
    history.advance_to(millis(3_000));
    let text = chrome::write(history.world(), history.entries());
    let chart: serde_json::Value = serde_json::from_str(&text).unwrap();
    let events = chart["traceEvents"].as_array().unwrap();
    let count = |phase: &str| events.iter().filter(|event| event["ph"] == phase).count();
    assert!(count("b") > 20 && count("b") == count("e"));
    assert!(count("i") >= 2 && count("M") >= 9);
    for event in events.iter().filter(|event| event["ph"] != "M") {
        assert!(event["ts"].as_u64().unwrap() <= 3_000_000 && event["tid"].is_u64());
    }
}
