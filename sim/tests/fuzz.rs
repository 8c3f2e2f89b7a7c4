//! The fuzz targets as a test on the stable compiler: every input that the vectors and the scenarios give, and each of
//! them changed in many ways. `ROUNDS=100000` changes more of them; `fuzz/` runs the same targets under a fuzzer.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::{Path, PathBuf};

use chordscope_core::base::rng::Rng;
use chordscope_core::base::time::Instant;
use chordscope_sim::engine::history::export;
use chordscope_sim::fuzz_targets as targets;
use chordscope_sim::worlds::ring::action::Action;
use chordscope_sim::worlds::ring::scenario::Scenario;
use chordscope_sim::worlds::ring::{History, builtin};
use data_encoding::HEXLOWER;
use serde_json::Value;

/// The number of changed inputs that each target gets.
const ROUNDS: u64 = 1_500;
/// The longest input.
const LONGEST: usize = 4_096;

/// Tells the input that a target fails at.
struct Input<'a>(&'a str, &'a [u8]);

impl Drop for Input<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let hex = HEXLOWER.encode(self.1);
            eprintln!("target {} fails at {hex}", self.0);
        }
    }
}

/// All bytes that the vectors pin.
fn vectors() -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../core/tests/vectors");
    let mut found = Vec::new();
    for file in fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        if path.extension().is_some_and(|name| name == "json") {
            let json: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
            collect(&json, &mut found);
        }
    }
    found.sort();
    found.dedup();
    found
}

fn collect(value: &Value, found: &mut Vec<Vec<u8>>) {
    match value {
        Value::String(text) => found.extend(bytes(text).filter(|bytes| bytes.len() <= LONGEST)),
        Value::Array(list) => list.iter().for_each(|value| collect(value, found)),
        Value::Object(map) => map.values().for_each(|value| collect(value, found)),
        _ => {}
    }
}

fn bytes(hex: &str) -> Option<Vec<u8>> {
    let bytes = HEXLOWER.decode(hex.as_bytes()).ok();
    bytes.filter(|bytes| !bytes.is_empty())
}

fn texts(name: &str) -> Vec<Vec<u8>> {
    let text = |scenario: &Scenario| match name {
        "scenario" => scenario.to_json(),
        "exported" => exported(scenario),
        _ => format!(
            "s={}&t=5&do=1:lookup,1,26,linear;2:put,1,a,b",
            scenario.name
        ),
    };
    let mut found: Vec<_> = builtin::all()
        .iter()
        .map(|one| text(one).into_bytes())
        .collect();
    if name == "permalink" {
        let lines = include_str!("../src/worlds/ring/scenarios.txt").lines();
        found.extend(lines.map(|line| line.as_bytes().to_vec()));
    }
    found
}

/// A run of a scenario with a branch, as a file has it.
fn exported(scenario: &Scenario) -> String {
    let mut history = History::new(scenario.clone(), scenario.seed).unwrap();
    history.advance_to(Instant::from_millis(2_000));
    history.seek(Instant::from_millis(500));
    history.act(Action::Crash(scenario.nodes[0])).unwrap();
    export::to_json(&history).line()
}

/// The script of a node target: messages from others, with time passing in between.
fn script(inputs: &[Vec<u8>], rng: &mut Rng) -> Vec<u8> {
    let mut script = Vec::new();
    for _ in 0..8 {
        let piece = pick(inputs, rng);
        let length = piece.len().min(255);
        script.push(u8::try_from(length).unwrap());
        script.push(u8::try_from(rng.below(256)).unwrap());
        script.extend(&piece[..length]);
    }
    script
}

fn pick<'a>(from: &'a [Vec<u8>], rng: &mut Rng) -> &'a [u8] {
    &from[usize::try_from(rng.below(from.len() as u64)).unwrap()]
}

/// A few changes: a byte set, a bit turned, a part cut out or doubled, two inputs joined.
fn change(inputs: &[Vec<u8>], mut input: Vec<u8>, rng: &mut Rng) -> Vec<u8> {
    for _ in 0..=rng.below(3) {
        let at = usize::try_from(rng.below(input.len().max(1) as u64)).unwrap();
        let byte = u8::try_from(rng.below(256)).unwrap();
        match rng.below(5) {
            0 => input.insert(at, byte),
            1 if at < input.len() => input[at] = byte,
            2 if at < input.len() => input[at] ^= 1 << (byte % 8),
            3 => input.truncate(at),
            4 => {
                let other = pick(inputs, rng);
                let from = usize::from(byte).min(other.len());
                input.truncate(at);
                input.extend(&other[from..]);
            }
            _ => {}
        }
    }
    input.truncate(LONGEST);
    input
}

fn inputs(name: &str) -> Vec<Vec<u8>> {
    let mut rng = Rng::from_seed(1, 0);
    let vectors = vectors();
    match name {
        _ if targets::TEXT.contains(&name) => texts(name),
        "node" | "swarm" => (0..200).map(|_| script(&vectors, &mut rng)).collect(),
        _ => vectors,
    }
}

#[test]
fn no_target_panics_at_what_is_pinned_or_at_changes_of_it() {
    let rounds = std::env::var("ROUNDS").map_or(ROUNDS, |text| text.parse().unwrap());
    for (seed, (name, target)) in (0..).zip(targets::ALL) {
        let inputs = inputs(name);
        assert!(inputs.len() >= 9, "{name} has a corpus");
        let mut rng = Rng::from_seed(2, seed);
        for input in &inputs {
            let _named = Input(name, input);
            target(input);
        }
        for _ in 0..rounds {
            let input = pick(&inputs, &mut rng).to_vec();
            let input = change(&inputs, input, &mut rng);
            let _named = Input(name, &input);
            target(&input);
        }
    }
}

/// `CHORDSCOPE_CORPUS=fuzz/corpus` writes what the fuzzer begins with.
#[test]
fn every_target_has_a_corpus_and_a_program() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    for (name, _) in targets::ALL {
        let program = root.join(format!("fuzz/fuzz_targets/{name}.rs"));
        let text = fs::read_to_string(&program).unwrap();
        assert!(
            text.contains(&format!("fuzz_targets::{name}(data)")),
            "{name}"
        );
        if let Some(folder) = std::env::var_os("CHORDSCOPE_CORPUS") {
            let folder: PathBuf = root.join(folder).join(name);
            fs::create_dir_all(&folder).unwrap();
            for (number, input) in inputs(name).iter().enumerate() {
                fs::write(folder.join(format!("{number:04}")), input).unwrap();
            }
        }
    }
}
