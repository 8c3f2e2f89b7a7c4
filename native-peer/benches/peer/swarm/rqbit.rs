//! rqbit, where it is installed.

use std::path::Path;
use std::process::Command;

use crate::Outcome;
use crate::swarm::child::Child;
use crate::swarm::contest::{Score, Turn, one_to_one};
use crate::swarm::libtorrent::free_ports;

fn command(program: &Path, port: u16, api: u16) -> Command {
    let mut command = Command::new(program);
    command
        .args(["--disable-dht", "--disable-lsd", "--disable-trackers"])
        .args(["--disable-upnp-port-forward", "--listen-ip", "127.0.0.1"])
        .args(["--listen-port", &port.to_string()])
        .args(["--http-api-listen-addr", &format!("127.0.0.1:{api}")]);
    command
}

pub(crate) fn play(program: &Path, turn: &Turn<'_>) -> Outcome<Score> {
    let ports = free_ports(4)?;
    let mut seed = command(program, ports[0], ports[1]);
    let mut seed = Child::start(seed.arg("share").arg(turn.file))?;
    let magnet = loop {
        let line = seed.line()?;
        if let Some(at) = line.find("magnet:") {
            break line[at..].trim().to_string();
        }
    };
    let mut leecher = command(program, ports[2], ports[3]);
    leecher
        .args(["download", "--exit-on-finish", "--output-folder"])
        .arg(turn.target(0)?)
        .args(["--initial-peers", &format!("127.0.0.1:{}", ports[0])])
        .arg(magnet);
    one_to_one(turn, &mut seed, &mut leecher)
}
