//! aria2, which finds its peer by a tracker.

use std::path::Path;
use std::process::Command;

use crate::Outcome;
use crate::swarm::child::Child;
use crate::swarm::contest::{Score, Turn, one_to_one};
use crate::swarm::libtorrent::{free_ports, torrent};
use crate::swarm::tracker::Tracker;

fn command(program: &Path, torrent: &Path, folder: &Path, port: u16) -> Command {
    let mut command = Command::new(program);
    command
        .args(["--no-conf", "--quiet", "--file-allocation=none"])
        .args([
            "--enable-dht=false",
            "--enable-dht6=false",
            "--disable-ipv6",
        ])
        .args(["--bt-enable-lpd=false", "--enable-peer-exchange=false"])
        .args(["--interface=127.0.0.1", "--bt-external-ip=127.0.0.1"])
        .args(["--bt-max-peers=0", "--bt-tracker-interval=2"])
        .arg(format!("--listen-port={port}"))
        .arg("--dir")
        .arg(folder)
        .arg(torrent);
    command
}

pub(crate) fn play(program: &Path, python: &Path, turn: &Turn<'_>) -> Outcome<Score> {
    let tracker = Tracker::start()?;
    let torrent = torrent(python, turn, tracker.url())?;
    let ports = free_ports(2)?;
    let mut seed = command(program, &torrent, turn.seed_folder(), ports[0]);
    let mut seed = Child::start(seed.args(["--check-integrity", "--seed-ratio=0.0"]))?;
    tracker.wait_for(ports[0])?;
    let mut leecher = command(program, &torrent, &turn.target(0)?, ports[1]);
    one_to_one(turn, &mut seed, leecher.arg("--seed-time=0"))
}
