//! The end of a run of the world of consistency in words and numbers: the verdict on each operation, and whether the answers of each
//! system are linearizable. The sentences are the page's.

use std::fmt::Write;

use chordscope_core::base::time::Instant;
use chordscope_sim::checks::history::Asked;
use chordscope_sim::engine::time_text::time_text;
use chordscope_sim::worlds::consistency::ConsistencyWorld;
use chordscope_sim::worlds::consistency::judgement::{Judgement, Limited};
use chordscope_sim::worlds::consistency::setup::Setup;
use chordscope_sim::worlds::consistency::view::{Bar, SideView};
use serde::Serialize;

/// One name in one system.
#[derive(Debug, Serialize)]
pub(super) struct Judged {
    system: &'static str,
    name: String,
    /// `None` where the search for an order was given up.
    linearizable: Option<bool>,
    /// The operations that contradict one another, by their places in `operations`, from 0.
    contradiction: Vec<u32>,
    /// The judgement in words.
    judgement: String,
    operations: Vec<Operation>,
}

/// A call of a client.
#[derive(Debug, Serialize)]
struct Operation {
    client: String,
    asked: &'static str,
    /// The value that it wrote, wanted to write, or got.
    value: Option<String>,
    /// The sequence number of the version that it wrote or got.
    sequence: Option<u64>,
    called_ms: f64,
    returned_ms: Option<f64>,
    verdict: &'static str,
    /// Its line.
    #[serde(skip)]
    line: String,
}

/// Judges all names in all systems of a run, as of now.
pub(super) fn judge(world: &ConsistencyWorld) -> Vec<Judged> {
    let setup = world.setup();
    let mut all = Vec::new();
    for (place, name) in (0..).zip(&setup.names) {
        let views = world.moment(place);
        all.extend(views.iter().map(|view| judged(setup, name.as_str(), view)));
    }
    all
}

fn judged(setup: &Setup, name: &str, view: &SideView) -> Judged {
    let judgement = Judgement::of(view);
    let mut text = judgement.text(view.system);
    if let Some(limited) = Limited::of(view) {
        text.push(' ');
        text.push_str(&limited.text());
    }
    Judged {
        system: view.system.name(),
        name: name.to_owned(),
        linearizable: judgement.is_linearizable(),
        contradiction: view.contradiction().to_vec(),
        judgement: text,
        operations: view.bars.iter().map(|bar| operation(setup, bar)).collect(),
    }
}

fn operation(setup: &Setup, bar: &Bar) -> Operation {
    let client = setup.clients.get(usize::from(bar.client));
    let client = client.map_or_else(String::new, |client| client.name.clone());
    let asked = match bar.asked {
        Asked::Get => "get",
        Asked::Put => "put",
        Asked::Delete => "delete",
        Asked::Swap(_) => "put if unchanged",
    };
    let (value, verdict) = (bar.value.clone(), bar.verdict.word());
    let called = time_text(bar.called.as_micros());
    let until = bar.returned.map_or_else(String::new, |at| {
        format!(" to {}", time_text(at.as_micros()))
    });
    let shown = value
        .as_ref()
        .map_or_else(String::new, |value| format!(" “{value}”"));
    let ms = |at: Instant| at.as_micros() as f64 / 1e3;
    Operation {
        line: format!("{client} {asked}{shown}, {called}{until}: {verdict}"),
        client,
        asked,
        value,
        sequence: bar.version.map(|version| version.sequence),
        called_ms: ms(bar.called),
        returned_ms: bar.returned.map(ms),
        verdict,
    }
}

/// The lines of a run's summary.
pub(super) fn text(all: &[Judged]) -> String {
    let mut text = String::new();
    for one in all {
        // Writing into a string cannot fail.
        let _ = writeln!(text, "\n{}, “{}”", one.system, one.name);
        for operation in &one.operations {
            let _ = writeln!(text, "  {}", operation.line);
        }
        let _ = writeln!(text, "{}", one.judgement);
    }
    text
}
