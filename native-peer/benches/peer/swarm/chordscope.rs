//! Chordscope's own peers as a rival in the contest.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::Outcome;
use crate::swarm::child::Child;
use crate::swarm::contest::{Score, Turn};

struct Peer {
    child: Child,
    address: String,
}

fn command(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_chordscope"));
    command.env("XDG_DATA_HOME", folder);
    command
}

impl Peer {
    fn start(folder: &Path, number: u16, join: Option<&str>) -> Outcome<Self> {
        let mut peer = command(folder);
        peer.args(["peer", "--listen", "127.0.0.1:0", "--json", "--data"])
            .arg(folder.join(format!("peer-{number}")));
        if let Some(address) = join {
            peer.args(["--join", address]);
        }
        let child = Child::start(&mut peer)?;
        let ready: Value = serde_json::from_str(&child.line()?)?;
        let address = ready["address"].as_str().ok_or("a peer has no address")?;
        let address = address.to_string();
        Ok(Self { child, address })
    }

    /// A command to this peer.
    fn command(&self, folder: &Path, words: &[&str]) -> Command {
        let mut command = command(folder);
        let authority = self.address.trim_start_matches("ws://");
        let authority = authority.split('/').next().unwrap_or_default();
        command
            .args(words)
            .args(["--json", "--peer"])
            .arg(format!("http://{authority}"));
        command
    }

    fn ask(&self, folder: &Path, words: &[&str]) -> Outcome<Value> {
        let mut child = Child::start(&mut self.command(folder, words))?;
        let answer = child.line()?;
        child.wait()?;
        Ok(serde_json::from_str(&answer)?)
    }
}

/// A ring of as many peers; all but the first fetch what the first shares.
pub(crate) fn play(turn: &Turn<'_>) -> Outcome<Score> {
    let mut seed = Peer::start(turn.folder, 0, None)?;
    let mut peers = Vec::new();
    for number in 1..=turn.leechers {
        peers.push(Peer::start(turn.folder, number, Some(&seed.address))?);
    }
    let file = turn.file.to_str().ok_or("the path is no text")?;
    let shared = seed.ask(turn.folder, &["share", file])?;
    let link = shared["link"].as_str().ok_or("nothing was shared")?;
    let start = turn.start()?;
    let mut fetches = Vec::new();
    for (leecher, peer) in (0..).zip(&peers) {
        let target = turn.target(leecher)?;
        let target = target.to_str().ok_or("the path is no text")?;
        let words = ["fetch", link, "--output", target];
        fetches.push(Child::start(&mut peer.command(turn.folder, &words))?);
    }
    for fetch in &mut fetches {
        fetch.wait()?;
    }
    let time = start.elapsed();
    let shares = seed.ask(turn.folder, &["shares"])?;
    let sent = shares["transfers"][0]["sent_bytes"].as_f64();
    let length = std::fs::metadata(turn.file)?.len() as f64;
    let peaks = peers.iter_mut().map(|peer| peer.child.peak_mib());
    let peak = peaks.max().unwrap_or(0);
    Ok(Score {
        time,
        peak_mib: peak.max(seed.child.peak_mib()),
        copies: sent.map(|sent| sent / length),
    })
}
