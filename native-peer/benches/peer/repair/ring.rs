//! A ring of real peers, each with a folder of its own.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use chordscope_core::base::id::{Id, Space};
use chordscope_core::chord::ideal::IdealRing;
use chordscope_core::store::record::Name;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::Outcome;
use crate::repair::http::Client;
use crate::repair::now;

/// The longest time for the ring to form.
const TIMEOUT: Duration = Duration::from_secs(60);
const LOOK: Duration = Duration::from_millis(50);
/// The number of peers that keep each value.
const COPIES: usize = 3;

/// The name of a value.
pub(crate) fn name(number: usize) -> String {
    format!("value-{number}")
}

/// Peers, and their folders; both go with it.
pub(crate) struct Ring {
    program: PathBuf,
    folder: TempDir,
    peers: Vec<Peer>,
}

struct Peer {
    child: Child,
    port: u16,
    url: String,
    id: Id,
    token: String,
    runs: bool,
}

impl Ring {
    pub(crate) fn start(program: &Path, count: usize) -> Outcome<Self> {
        let mut ring = Self {
            program: program.to_path_buf(),
            folder: tempfile::tempdir()?,
            peers: Vec::new(),
        };
        for number in 0..count {
            let peer = ring.peer(number, 0, number > 0)?;
            ring.peers.push(peer);
        }
        ring.settle()?;
        Ok(ring)
    }

    fn peer(&self, number: usize, port: u16, joins: bool) -> Outcome<Peer> {
        let data = self.folder.path().join(format!("peer-{number}"));
        let mut command = Command::new(&self.program);
        command
            .args([
                "peer",
                "--json",
                "--listen",
                &format!("127.0.0.1:{port}"),
                "--data",
            ])
            .arg(&data)
            .env("XDG_DATA_HOME", self.folder.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        if let Some(first) = self.peers.first().filter(|_| joins) {
            command.args(["--join", &first.url]);
        }
        let mut child = command.spawn()?;
        let stdout = child.stdout.take().ok_or("the peer has no output")?;
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line)?;
        let ready: Value = serde_json::from_str(&line)?;
        let text = |name: &str| {
            ready[name]
                .as_str()
                .map(str::to_string)
                .ok_or("no such field")
        };
        let url = text("url")?;
        let port = url.rsplit(':').next().ok_or("no port")?.parse()?;
        Ok(Peer {
            child,
            port,
            id: Space::FULL.parse(&text("id")?)?,
            token: std::fs::read_to_string(data.join("token"))?
                .trim()
                .to_string(),
            url,
            runs: true,
        })
    }

    /// Waits until each peer that runs knows its neighbours.
    pub(crate) fn settle(&self) -> Outcome<()> {
        let running = self.peers.iter().filter(|peer| peer.runs);
        let ring = IdealRing::new(Space::FULL, running.clone().map(|peer| peer.id).collect())
            .map_err(|error| error.to_string())?;
        for peer in running {
            let began = now();
            let successors = ring.successors(peer.id, 4);
            let wanted = json!(
                successors
                    .iter()
                    .map(|id| Space::FULL.show(*id))
                    .collect::<Vec<_>>()
            );
            let before = json!(Space::FULL.show(ring.predecessor(peer.id)));
            loop {
                let status: Value =
                    serde_json::from_slice(&peer.client()?.ask("GET", "/api/v1/status", &[])?)?;
                if status["successors"] == wanted && status["predecessor"] == before {
                    break;
                }
                if began.elapsed() > TIMEOUT {
                    return Err("the ring does not form".into());
                }
                std::thread::sleep(LOOK);
            }
        }
        Ok(())
    }

    pub(crate) fn client(&self, number: usize) -> Outcome<Client> {
        self.peers[number].client()
    }

    /// Without a goodbye.
    pub(crate) fn kill(&mut self, number: usize) -> Outcome<()> {
        let peer = &mut self.peers[number];
        peer.runs = false;
        peer.child.kill()?;
        peer.child.wait()?;
        Ok(())
    }

    /// With the folder that it had, and at the same port.
    pub(crate) fn start_again(&mut self, number: usize) -> Outcome<()> {
        self.peers[number] = self.peer(number, self.peers[number].port, true)?;
        Ok(())
    }

    /// Returns how many of so many values are to be at a peer once all run.
    pub(crate) fn kept_by(&self, number: usize, values: usize) -> usize {
        let ids = self.peers.iter().map(|peer| peer.id).collect();
        let me = self.peers[number].id;
        let Ok(ring) = IdealRing::new(Space::FULL, ids) else {
            return 0;
        };
        let keys =
            (0..values).filter_map(|value| Some(Name::new(name(value)).ok()?.key(Space::FULL)));
        let is_mine = |key: &Id| {
            let owner = ring.successor(*key);
            owner == me || ring.successors(owner, COPIES - 1).contains(&me)
        };
        keys.filter(is_mine).count()
    }

    /// Links that ended at all peers together, by reason.
    pub(crate) fn closed(&self) -> Outcome<Value> {
        let mut closed = serde_json::Map::new();
        for peer in self.peers.iter().filter(|peer| peer.runs) {
            for line in peer.client()?.metrics()?.lines() {
                let reason = line.strip_prefix("chordscope_links_closed_total{reason=\"");
                let reason = reason.and_then(|rest| rest.split_once("\"} "));
                let Some((reason, count)) = reason else {
                    continue;
                };
                let count: u64 = count.parse()?;
                if count > 0 {
                    let sum = closed.get(reason).and_then(Value::as_u64).unwrap_or(0) + count;
                    closed.insert(reason.to_string(), sum.into());
                }
            }
        }
        Ok(closed.into())
    }

    /// Counts the records that a peer has after a hard end, alone.
    pub(crate) fn on_disk(&mut self, number: usize) -> Outcome<usize> {
        for number in 0..self.peers.len() {
            self.kill(number)?;
        }
        self.peers[number] = self.peer(number, 0, false)?;
        self.client(number)?.records()
    }
}

impl Peer {
    fn client(&self) -> Outcome<Client> {
        Client::open(self.port, &self.token)
    }
}

impl Drop for Ring {
    fn drop(&mut self) {
        for peer in &mut self.peers {
            // It may have ended by itself.
            let _ = peer.child.kill();
            let _ = peer.child.wait();
        }
    }
}
