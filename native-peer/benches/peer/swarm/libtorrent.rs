//! libtorrent, by way of a small script: `bittorrent.py`.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Outcome;
use crate::swarm::child::Child;
use crate::swarm::contest::{Score, Turn};

fn script() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/peer/swarm/bittorrent.py")
}

/// The metainfo file of the turn's file.
pub(crate) fn torrent(python: &Path, turn: &Turn<'_>, tracker: &str) -> Outcome<PathBuf> {
    let torrent = turn.folder.join("file.torrent");
    let mut command = Command::new(python);
    command.arg(script()).arg("make").arg(turn.file);
    Child::start(command.arg(&torrent).arg(tracker))?.wait()?;
    Ok(torrent)
}

/// Ports that are free now.
pub(crate) fn free_ports(count: usize) -> Outcome<Vec<u16>> {
    let mut listeners = Vec::new();
    for _ in 0..count {
        listeners.push(TcpListener::bind("127.0.0.1:0")?);
    }
    let mut ports = Vec::new();
    for listener in &listeners {
        ports.push(listener.local_addr()?.port());
    }
    Ok(ports)
}

pub(crate) fn play(python: &Path, turn: &Turn<'_>) -> Outcome<Score> {
    let torrent = torrent(python, turn, "")?;
    let ports = free_ports(usize::from(turn.leechers) + 1)?;
    let mut peers = Vec::new();
    for (number, port) in (0..).zip(&ports) {
        let place = match number {
            0 => turn.seed_folder().to_path_buf(),
            _ => turn.target(number - 1)?,
        };
        let mut peer = Command::new(python);
        peer.arg(script()).arg("peer").arg(&torrent).arg(place);
        peer.arg(port.to_string());
        let others = ports.iter().filter(|other| *other != port);
        peers.push(Child::start(peer.args(others.map(u16::to_string)))?);
    }
    for peer in &peers {
        peer.expect("ready")?;
    }
    let start = turn.start()?;
    for peer in peers.iter_mut().skip(1) {
        peer.tell("go")?;
    }
    for peer in peers.iter().skip(1) {
        peer.expect("done")?;
    }
    let time = start.elapsed();
    let seed = peers.first_mut().ok_or("there is no seed")?;
    seed.tell("sent")?;
    let sent: f64 = seed.line()?.parse()?;
    let length = std::fs::metadata(turn.file)?.len() as f64;
    let peak_mib = peers.iter_mut().map(Child::peak_mib).max().unwrap_or(0);
    for peer in &mut peers {
        peer.finish()?;
    }
    Ok(Score {
        time,
        peak_mib,
        copies: Some(sent / length),
    })
}
