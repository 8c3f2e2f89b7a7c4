//! `chordscope sim …` as scripts see it: the lesson's ring, exact JSON, one-line errors.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fmt::Write as _;

use assert_cmd::Command;
use serde_json::Value;

const LESSON: &str = "1,4,9,11,14,18,20,21,28";

fn sim(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_chordscope"));
    command.arg("sim").args(arguments);
    command
}

fn out(arguments: &[&str]) -> String {
    let output = sim(arguments).assert().success().get_output().clone();
    assert!(output.stderr.is_empty());
    String::from_utf8(output.stdout).unwrap()
}

/// Runs on the lesson's ring.
fn lesson(command: &str, more: &[&str]) -> String {
    let mut arguments = vec![command, "--bits", "5", "--nodes", LESSON, "--json"];
    arguments.extend(more);
    out(&arguments)
}

fn refused(arguments: &[&str], code: i32) -> String {
    let output = sim(arguments).assert().code(code).get_output().clone();
    assert!(output.stdout.is_empty(), "{arguments:?}");
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(text.lines().count(), 1, "{arguments:?}: {text}");
    assert!(text.starts_with("chordscope: "), "{text}");
    text.trim_end().to_string()
}

#[test]
fn the_lessons_lookups_take_the_lessons_paths() {
    assert_eq!(
        lesson("lookup", &["--from", "1", "--key", "26"]),
        "{\"bits\":5,\"from\":1,\"key\":26,\"routing\":\"finger\",\"path\":[1,18,20,21,28],\"owner\":28,\"hops\":4}\n"
    );
    let path = |more: &[&str]| {
        let answer: Value = serde_json::from_str(&lesson("lookup", more)).unwrap();
        answer["path"].to_string()
    };
    assert_eq!(path(&["--from", "28", "--key", "12"]), "[28,4,9,11,14]");
    assert_eq!(path(&["--from", "28", "--key", "28"]), "[28]");
    assert_eq!(path(&["--from", "21", "--key", "30"]), "[21,28,1]");
    assert_eq!(
        path(&["--from", "1", "--key", "26", "--routing", "linear"]),
        "[1,4,9,11,14,18,20,21,28]"
    );
}

#[test]
fn the_lessons_finger_tables_are_right() {
    let expected = [
        (1, 28, [4, 4, 9, 9, 18]),
        (4, 1, [9, 9, 9, 14, 20]),
        (9, 4, [11, 11, 14, 18, 28]),
        (11, 9, [14, 14, 18, 20, 28]),
        (14, 11, [18, 18, 18, 28, 1]),
        (18, 14, [20, 20, 28, 28, 4]),
        (20, 18, [21, 28, 28, 28, 4]),
        (21, 20, [28, 28, 28, 1, 9]),
        (28, 21, [1, 1, 1, 4, 14]),
    ];
    let mut text = String::from("{\"bits\":5,\"nodes\":[");
    for (at, (id, predecessor, nodes)) in expected.iter().enumerate() {
        let comma = if at == 0 { "" } else { "," };
        let rows: Vec<_> = (1..)
            .zip(nodes)
            .map(|(row, node)| {
                let start = (id + (1 << (row - 1))) % 32;
                format!("{{\"row\":{row},\"start\":{start},\"node\":{node}}}")
            })
            .collect();
        let successor = nodes[0];
        let rows = rows.join(",");
        let _ = write!(
            text,
            "{comma}{{\"id\":{id},\"predecessor\":{predecessor},\"successor\":{successor},\"fingers\":[{rows}]}}"
        );
    }
    text.push_str("]}\n");
    assert_eq!(lesson("fingers", &[]), text);
    let two: Value =
        serde_json::from_str(&lesson("fingers", &["--node", "21", "--node", "1"])).unwrap();
    let ids: Vec<_> = two["nodes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|n| n["id"].to_string())
        .collect();
    assert_eq!(ids, ["21", "1"]);
}

#[test]
fn the_lessons_insertion_changes_what_the_lesson_says() {
    assert_eq!(
        lesson("insert", &["--node", "7"]),
        "{\"bits\":5,\"node\":7,\"predecessor\":4,\"successor\":9,\
         \"fingers\":[{\"row\":1,\"start\":8,\"node\":9},{\"row\":2,\"start\":9,\"node\":9},\
         {\"row\":3,\"start\":11,\"node\":11},{\"row\":4,\"start\":15,\"node\":18},{\"row\":5,\"start\":23,\"node\":28}],\
         \"changed\":[{\"node\":1,\"row\":3,\"start\":5,\"old\":9,\"new\":7},\
         {\"node\":4,\"row\":1,\"start\":5,\"old\":9,\"new\":7},{\"node\":4,\"row\":2,\"start\":6,\"old\":9,\"new\":7},\
         {\"node\":21,\"row\":5,\"start\":5,\"old\":9,\"new\":7}]}\n"
    );
}

#[test]
fn a_removal_shows_the_last_table_and_undoes_an_insertion() {
    let with = "1,4,7,9,11,14,18,20,21,28";
    let removed = out(&[
        "remove", "--bits", "5", "--nodes", with, "--node", "7", "--json",
    ]);
    let removed: Value = serde_json::from_str(&removed).unwrap();
    let inserted: Value = serde_json::from_str(&lesson("insert", &["--node", "7"])).unwrap();
    assert_eq!(removed["fingers"], inserted["fingers"]);
    assert_eq!(removed["predecessor"], 4);
    let rows = |answer: &Value, before: &str, after: &str| -> Vec<[Value; 4]> {
        let changed = answer["changed"].as_array().unwrap().iter();
        changed
            .map(|change| ["node", "row", before, after].map(|field| change[field].clone()))
            .collect()
    };
    assert_eq!(
        rows(&removed, "old", "new"),
        rows(&inserted, "new", "old"),
        "a removal undoes the insertion"
    );
}

#[test]
fn wide_ids_are_hexadecimal_text() {
    let a = "0".repeat(39) + "a";
    let f = "f".repeat(40);
    let answer = out(&[
        "lookup",
        "--bits",
        "160",
        "--nodes",
        &format!("{f},10"),
        "--from",
        &a,
        "--key",
        "0xB",
        "--json",
    ]);
    let key = "0".repeat(39) + "b";
    assert_eq!(
        answer,
        format!(
            "{{\"bits\":160,\"from\":\"{a}\",\"key\":\"{key}\",\"routing\":\"finger\",\"path\":[\"{a}\",\"{f}\"],\"owner\":\"{f}\",\"hops\":1}}\n"
        )
    );
    let numbers = out(&[
        "fingers",
        "--bits",
        "53",
        "--nodes",
        "9007199254740991",
        "--json",
    ]);
    assert!(numbers.contains("\"id\":9007199254740991,"), "{numbers}");
    let text = out(&[
        "fingers",
        "--bits",
        "54",
        "--nodes",
        "9007199254740992",
        "--json",
    ]);
    assert!(text.contains("\"id\":\"20000000000000\","), "{text}");
}

#[test]
fn nodes_come_from_a_file_too() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("nodes");
    std::fs::write(&path, LESSON.replace(',', "\r\n") + "\n\n").unwrap();
    let list = format!("@{}", path.display());
    let answer = out(&[
        "lookup", "--bits", "5", "--nodes", &list, "--from", "1", "--key", "26", "--json",
    ]);
    assert_eq!(answer, lesson("lookup", &["--from", "1", "--key", "26"]));
    let missing = refused(
        &["fingers", "--bits", "5", "--nodes", "@/nowhere/at/all"],
        2,
    );
    assert!(missing.contains("--nodes: @/nowhere/at/all"), "{missing}");
    let odd = refused(&["fingers", "--bits", "5", "--nodes", "1,1f"], 2);
    assert!(
        odd.ends_with("entry 2: \"1f\" is no id: an id of 5 bits is a whole decimal number from 0 to 31, or 0x and hexadecimal digits"),
        "{odd}"
    );
}

#[test]
fn a_ring_of_a_million_nodes_is_read_and_looked_up_in() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("nodes");
    // Multiples of an odd number near the golden ratio's share of 2^64, each once and in no order.
    let step = 0x9e37_79b9_7f4a_7c15_u64;
    let node = |number: u64| format!("{:016x}{:024x}", number.wrapping_mul(step), number);
    let text: String = (0..1_000_000).map(|number| node(number) + "\n").collect();
    std::fs::write(&path, text).unwrap();
    let list = format!("@{}", path.display());
    let (from, key) = (node(7), node(999_999));
    let ring = ["lookup", "--bits", "160", "--nodes", &list];
    let mut arguments = ring.to_vec();
    arguments.extend(["--from", &from, "--key", &key, "--json"]);
    let answer: Value = serde_json::from_str(&out(&arguments)).unwrap();
    assert_eq!(answer["owner"], key);
    let hops = answer["hops"].as_u64().unwrap();
    assert!((1..=20).contains(&hops), "{hops}");
}

#[test]
fn wrong_input_is_named_in_one_line() {
    let ring = |bits: &str, nodes: &str| refused(&["fingers", "--bits", bits, "--nodes", nodes], 2);
    for bits in ["0", "161", "-1", "256", "five", ""] {
        let text = ring(bits, "1");
        assert_eq!(
            text,
            "chordscope: --bits: the number of bits must be from 1 to 160"
        );
    }
    assert_eq!(ring("5", ""), "chordscope: --nodes: the list is empty");
    assert_eq!(
        ring("5", "1,3,3"),
        "chordscope: --nodes: node 3 is there twice"
    );
    assert_eq!(
        ring("5", "1,32"),
        "chordscope: --nodes: entry 2: 32 is outside a ring of 5 bits: ids are below 2^5"
    );
    for nodes in ["1,,2", "1,x", "-1", "1,2,", "1 2", "é"] {
        let text = ring("5", nodes);
        assert!(text.contains("--nodes: entry"), "{text}");
    }
    let wide = ring("160", "7,7");
    assert!(
        wide.ends_with(&format!("node {:040x} is there twice", 7)),
        "{wide}"
    );

    let on_lesson = |command: &str, more: &[&str]| {
        let mut arguments = vec![command, "--bits", "5", "--nodes", LESSON];
        arguments.extend(more);
        refused(&arguments, 2)
    };
    let unknown = on_lesson("lookup", &["--from", "2", "--key", "26"]);
    assert_eq!(unknown, "chordscope: --from: node 2 is not in the ring");
    assert!(on_lesson("lookup", &["--from", "1", "--key", "32"]).contains("--key: 32 is outside"));
    assert!(on_lesson("lookup", &["--from", "1", "--key", "-1"]).contains("--key: "));
    for wrong in ["-1", "3.5"] {
        let line = on_lesson("lookup", &["--from", "1", "--key", wrong]);
        let looks = "a whole decimal number from 0 to 31, or 0x and hexadecimal digits";
        assert!(line.contains(&format!("\"{wrong}\" is no id")), "{line}");
        assert!(line.ends_with(looks), "{line}");
    }
    assert!(
        on_lesson("lookup", &["--from", "1", "--key", "2", "--routing", "up"])
            .contains("--routing")
    );
    assert!(on_lesson("lookup", &["--from", "1"]).contains("--key"));
    assert!(on_lesson("fingers", &["--node", "2"]).contains("--node: node 2 is not in the ring"));
    assert!(
        on_lesson("insert", &["--node", "4"]).contains("--node: node 4 is in the ring already")
    );
    assert!(on_lesson("remove", &["--node", "5"]).contains("--node: node 5 is not in the ring"));
    let last = refused(&["remove", "--bits", "5", "--nodes", "4", "--node", "4"], 2);
    assert!(last.contains("--node: node 4 is the last one"), "{last}");
    let crash = refused(&["experiment", "path-length", "--crash"], 2);
    assert_eq!(crash, "chordscope: --crash: goes with churn only");
    assert!(refused(&["dance"], 2).contains("'dance'"));
    assert!(refused(&["fingers", "--nodes", "1"], 2).contains("--bits"));
}

#[test]
fn a_finger_that_lies_on_the_key_is_not_taken() {
    for (from, key, path) in [
        ("1", "18", [1, 9, 14, 18].as_slice()),
        ("1", "26", &[1, 18, 20, 21, 28]),
        ("28", "12", &[28, 4, 9, 11, 14]),
    ] {
        let answer = out(&[
            "lookup", "--bits", "5", "--nodes", LESSON, "--from", from, "--key", key, "--json",
        ]);
        let answer: Value = serde_json::from_str(&answer).unwrap();
        assert_eq!(answer["path"], Value::from(path), "{answer}");
    }
}

#[test]
fn a_person_gets_a_short_text() {
    let text = out(&[
        "lookup", "--bits", "5", "--nodes", LESSON, "--from", "1", "--key", "26",
    ]);
    assert_eq!(
        text,
        "1 → 18 → 20 → 21 → 28\nnode 28 is responsible for 26: 4 hops\n"
    );
    let text = out(&["insert", "--bits", "5", "--nodes", LESSON, "--node", "7"]);
    assert!(text.contains("node 21 row 5 (start 5): 9 → 7"), "{text}");
}

#[test]
fn a_scenario_runs_from_its_name_a_file_or_a_link() {
    let named = out(&["run", "lesson-26", "--json"]);
    assert_eq!(named, out(&["run", "lesson-26", "--json"]));
    let answer: Value = serde_json::from_str(&named).unwrap();
    assert_eq!(answer["digest"].as_str().map(str::len), Some(64));
    assert!(answer["events"].as_u64().unwrap() > 50);
    assert_eq!(answer["violations"], Value::Array(Vec::new()));
    assert!(named.starts_with("{\"digest\":\""), "{named}");

    let text = chordscope_sim::worlds::ring::builtin::named("lesson-26")
        .unwrap()
        .to_json();
    let piped = sim(&["run", "-", "--json"])
        .write_stdin(text)
        .assert()
        .success();
    assert_eq!(String::from_utf8_lossy(&piped.get_output().stdout), named);
    let behaviour = chordscope_sim::engine::behaviour::BEHAVIOUR;
    let link = format!("#/ring?v={behaviour}&s=lesson-26&t=10000000");
    assert_eq!(out(&["run", &link, "--json"]), named);
    assert_ne!(out(&["run", "lesson-26", "--seed", "2", "--json"]), named);
}

#[test]
fn a_run_is_exported_and_traced_and_an_exported_run_has_the_same_digest() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
    let (run, again, trace) = (path("run.json"), path("again.json"), path("trace.json"));
    let whole = out(&[
        "run", "crash-18", "--json", "--export", &run, "--trace", &trace,
    ]);
    assert_eq!(whole, out(&["run", "crash-18", "--json"]));
    assert_eq!(out(&["run", &run, "--json", "--export", &again]), whole);
    let read = |path: &str| std::fs::read_to_string(path).unwrap();
    assert_eq!(read(&run), read(&again));
    let trace: Value = serde_json::from_str(&read(&trace)).unwrap();
    let events = trace["traceEvents"].as_array().unwrap();
    assert!(
        events
            .iter()
            .any(|event| event["name"] == "node 18 crashes")
    );
    assert!(refused(&["run", &run, "--seed", "2"], 2).contains("--seed: an exported run"));
    let broken = path("broken.json");
    let text = read(&run).replace("bits=5&", "bits=500&");
    assert_ne!(text, read(&run));
    std::fs::write(&broken, text).unwrap();
    assert!(refused(&["run", &broken], 2).contains("is no exported run: bits: "));
    std::fs::write(&broken, b"\x89PNG\r\n").unwrap();
    assert!(
        refused(&["run", &broken], 2).contains("broken.json: it is no JSON, as it is not text")
    );
    std::fs::write(&broken, format!("\u{feff}{}", read(&run))).unwrap();
    assert_eq!(out(&["run", &broken, "--json"]), whole);
    let nowhere = path("no/such/folder.json");
    assert!(refused(&["run", "crash-18", "--trace", &nowhere], 1).contains("folder.json"));
}

#[test]
fn a_scenario_without_a_title_is_called_by_its_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mine.json");
    let path = path.to_str().unwrap();
    for (title, called) in [("", path), (r#", "title": "Mine""#, "Mine")] {
        let text = format!("{{\"bits\": 5, \"nodes\": [1, 4], \"until_ms\": 10{title}}}");
        std::fs::write(path, text).unwrap();
        let said = out(&["run", path]);
        assert!(said.starts_with(&format!("{called}: ")), "{said}");
    }
}

#[test]
fn a_run_of_the_consistency_page_tells_each_verdict_and_the_judgement() {
    let text = out(&["run", "last-copy"]);
    for line in [
        "Level one is not linearizable: 3 operations contradict one another, and no fewer do.",
        "Level quorum is linearizable: one register, used by one client at a time, explains all 9 answers.",
    ] {
        assert!(text.lines().any(|one| one == line), "{text}");
    }
    let ends = |verdict: &str| {
        let mut lines = text.lines();
        lines.any(|one| one.starts_with("  Ben put “Ben”, 6.3 s") && one.ends_with(verdict))
    };
    assert!(ends(": conflicting") && ends(": refused"), "{text}");
    let answer: Value = serde_json::from_str(&out(&["run", "last-copy", "--json"])).unwrap();
    let judged = answer["judged"].as_array().unwrap();
    let so: Vec<_> = judged.iter().map(|one| &one["linearizable"]).collect();
    assert_eq!(so, [&Value::from(false), &Value::from(true)], "{answer}");
    let members = judged[0]["contradiction"].as_array().unwrap();
    assert_eq!(members.len(), 3);
    for one in judged {
        // The judgement is that of the page, from the same run.
        assert!(text.contains(one["judgement"].as_str().unwrap()));
        let operations = one["operations"].as_array().unwrap();
        assert_eq!(operations.len(), 12);
        let refused = operations.iter().filter(|one| one["verdict"] == "refused");
        let expected = if one["system"] == "quorum" { 3 } else { 0 };
        assert_eq!(refused.count(), expected, "{one}");
    }
    // Other worlds have nothing of the kind.
    let other: Value = serde_json::from_str(&out(&["run", "crash-18", "--json"])).unwrap();
    assert!(other.get("judged").is_none());
}

#[test]
fn a_scenario_that_cannot_run_is_named_in_one_line() {
    assert!(refused(&["run", "nothing"], 2).contains("SCENARIO: \"nothing\" is neither"));
    assert!(refused(&["run", "s=nothing"], 2).contains("SCENARIO: s: "));
    assert!(refused(&["run", "lesson-26", "--seed", "x"], 2).contains("--seed"));
    let broken = sim(&["run", "-"])
        .write_stdin("{\"bits\": 5}\n")
        .assert()
        .code(2);
    let text = String::from_utf8_lossy(&broken.get_output().stderr).into_owned();
    assert_eq!(text.lines().count(), 1);
    assert!(text.contains("SCENARIO: "), "{text}");
    assert!(text.contains("missing field `nodes`"), "{text}");
}

#[test]
fn the_columns_of_an_experiment_stand_apart() {
    let text = out(&["experiment", "swarm", "--nodes", "2"]);
    let heads: Vec<&str> = text.lines().next().unwrap().split_whitespace().collect();
    assert!(heads.contains(&"random_rounds"), "{text}");
    assert!(heads.contains(&"sequential_rounds"), "{text}");
    for head in heads {
        let said = text
            .lines()
            .filter(|line| line.starts_with(&format!("{head}: ")));
        assert_eq!(said.count(), 1, "{head} is not explained: {text}");
    }
}

#[cfg(unix)]
#[test]
fn a_drawing_goes_into_a_file_and_nothing_else_before_anything_is_measured() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.unwrap().success());
    let inside = pipe.join("plot.svg").display().to_string();
    let pipe = pipe.display().to_string();
    let own = folder.path().display().to_string();
    for (plot, why) in [
        (
            pipe.as_str(),
            "this is no file but a pipe, a socket or a device",
        ),
        (
            "/dev/null",
            "this is no file but a pipe, a socket or a device",
        ),
        (&own, "this is a folder"),
        (&inside, ""),
        ("/nowhere/at/all.svg", ""),
    ] {
        // All of it takes minutes.
        let line = refused(&["experiment", "churn", "--plot", plot], 2);
        let start = format!("chordscope: --plot: {plot}: ");
        assert!(line.starts_with(&start) && line.ends_with(why), "{line}");
    }
}

#[test]
fn a_hyphen_is_standard_output_for_one_result() {
    let folder = tempfile::tempdir().unwrap();
    let told = |arguments: &[&str]| {
        let mut command = sim(arguments);
        command.current_dir(folder.path());
        let output = command.assert().success().get_output().clone();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (text(output.stdout), text(output.stderr))
    };
    let plot = ["experiment", "path-length", "--nodes", "64", "--plot", "-"];
    let (svg, table) = told(&plot);
    assert!(svg.starts_with("<svg") && svg.trim_end().ends_with("</svg>"));
    assert!(
        table.contains("mean_hops") || table.contains("mean hops"),
        "{table}"
    );
    for flag in ["--trace", "--export"] {
        let (json, summary) = told(&["run", "crash-18", flag, "-"]);
        assert!(serde_json::from_str::<Value>(&json).is_ok(), "{json}");
        assert!(summary.contains("digest "), "{summary}");
        let line = refused(&["run", "crash-18", flag, "-", "--json"], 2);
        assert!(line.contains(flag) && line.contains("./-"), "{line}");
    }
    let both = ["run", "crash-18", "--trace", "-", "--export", "-"];
    assert!(refused(&both, 2).contains("--export"));
    assert!(refused(&[&plot[..], &["--json"]].concat(), 2).contains("--plot"));
    assert!(std::fs::read_dir(folder.path()).unwrap().next().is_none());
}

#[test]
fn the_help_says_what_each_id_is() {
    for (command, words) in [
        ("insert", "The id of the new node: none of --nodes"),
        ("remove", "The id of the node that leaves: one of --nodes"),
        ("fingers", "The id of a node, one of --nodes"),
        ("lookup", "The id of the node that asks: one of --nodes"),
    ] {
        let help = out(&[command, "--help"]);
        assert!(help.contains(words), "{help}");
    }
}

#[test]
fn the_papers_figures_stand_only_beside_those_of_a_ring_like_the_papers() {
    // A slow machine is told of progress meanwhile, on stderr.
    let told = |arguments: &[&str]| {
        let output = sim(arguments).assert().success().get_output().clone();
        String::from_utf8(output.stdout).unwrap()
    };
    let figures = |nodes: &str| {
        let words = ["experiment", "failures", "--nodes", nodes];
        let answer = told(&[&words[..], &["--json"]].concat());
        let answer: Value = serde_json::from_str(&answer).unwrap();
        let paper = answer["paper"].as_array().unwrap().len();
        (told(&words), paper)
    };
    let (text, paper) = figures("1000");
    assert!(
        text.contains("  paper\n") && !text.contains("had 1000 nodes"),
        "{text}"
    );
    assert_eq!(paper, 6);
    let (text, paper) = figures("50");
    assert!(
        !text.contains("  paper\n") && text.contains("had 1000 nodes"),
        "{text}"
    );
    assert_eq!(paper, 0);
}

#[test]
fn the_fallacies_stand_beside_the_run_that_believes_them() {
    let folder = tempfile::tempdir().unwrap();
    let plot = folder.path().join("plot.svg").display().to_string();
    let words = [
        "experiment",
        "fallacies",
        "--nodes",
        "9",
        "--json",
        "--plot",
        &plot,
    ];
    // A slow machine is told of progress meanwhile, on stderr.
    let output = sim(&words).assert().success().get_output().clone();
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    let rows = answer["rows"].as_array().unwrap();
    let names: Vec<&str> = rows
        .iter()
        .map(|row| row["fallacy"].as_str().unwrap())
        .collect();
    assert_eq!(
        names,
        [
            "none",
            "reliable",
            "latency",
            "bandwidth",
            "secure",
            "topology",
            "administrator",
            "cost",
            "homogeneous"
        ]
    );
    let number = |row: usize, column: &str| rows[row][column].as_f64().unwrap();
    assert_eq!(number(0, "cents"), 0.0);
    assert!(number(7, "cents") > 0.0);
    assert!(number(2, "p50_ms") > 10.0 * number(0, "p50_ms"), "{answer}");
    assert!(number(3, "file_seconds") > number(0, "file_seconds"));
    let factor = number(2, "p50_ms") / number(0, "p50_ms");
    assert!(number(2, "wrong_by") >= factor - 0.01, "{answer}");
    let svg = std::fs::read_to_string(plot).unwrap();
    assert!(svg.starts_with("<svg") && svg.contains("wrong by"), "{svg}");
}

#[test]
fn freshness_is_of_the_lessons_ring_alone() {
    for nodes in ["8", "10"] {
        let line = refused(&["experiment", "freshness", "--nodes", nodes], 2);
        assert!(
            line.contains("--nodes: ") && line.contains(" 9 nodes"),
            "{line}"
        );
    }
    let help = out(&["experiment", "--help"]);
    for word in ["freshness", "fallacies", "directory", "kademlia"] {
        assert!(help.contains(&format!("- {word}:")), "{help}");
    }
}

#[test]
fn an_experiment_shows_the_papers_figures_beside_ours() {
    let folder = tempfile::tempdir().unwrap();
    let plot = folder.path().join("plot.svg").display().to_string();
    let arguments = ["experiment", "path-length", "--nodes", "1024"];
    let more = ["--seed", "7", "--json", "--plot", &plot];
    let answer: Value = serde_json::from_str(&out(&[&arguments[..], &more].concat())).unwrap();
    assert_eq!(answer["experiment"], "path-length");
    let (ours, paper) = (&answer["rows"][0], &answer["paper"][7]);
    assert_eq!(ours["nodes"], 1024);
    assert_eq!(paper["nodes"], 1024);
    let hops = |row: &Value| row["mean_hops"].as_f64().unwrap();
    assert!((hops(ours) - hops(paper)).abs() < 0.1, "{answer}");
    let svg = std::fs::read_to_string(plot).unwrap();
    assert!(svg.starts_with("<svg"), "{svg}");
    for arguments in [
        ["load", "--nodes", "0"],
        ["churn", "--nodes", "10001"],
        ["swarm", "--nodes", "257"],
    ] {
        let line = refused(&[&["experiment"], &arguments[..]].concat(), 2);
        assert!(line.contains("--nodes"), "{line}");
    }
}
