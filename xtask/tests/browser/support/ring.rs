//! A ring of real peers, as `cargo xtask up` starts it.

use std::fs::{self, File};
use std::net::{Ipv4Addr, TcpListener};
use std::ops::Range;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::atomic::{AtomicU32, Ordering};

use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

use super::{Result, dist, eventually, path_from};

/// A running `chordscope ring` or `chordscope peer`. It ends when dropped.
pub(crate) struct Ring {
    process: Child,
    port: u16,
    folder: TempDir,
    /// The id of its first peer.
    id: String,
}

impl Ring {
    /// Starts a ring that serves the page, and waits until it answers.
    pub(crate) async fn start(peers: u16) -> Result<Self> {
        Self::spawn(&["ring", "--peers", &peers.to_string()], peers).await
    }

    /// The same, of peers that send no more of files a second than this, such as `8M`.
    pub(crate) async fn limited(peers: u16, rate: &str) -> Result<Self> {
        let count = peers.to_string();
        Self::spawn(&["ring", "--peers", &count, "--limit-up", rate], peers).await
    }

    /// Starts a single peer that serves the page, in a ring of its own or in the one of the peer at this address.
    pub(crate) async fn peer(join: Option<&str>) -> Result<Self> {
        match join {
            Some(url) => Self::spawn(&["peer", "--join", url], 1).await,
            None => Self::spawn(&["peer"], 1).await,
        }
    }

    /// Starts so many processes of one peer each, all in the ring of the first.
    pub(crate) async fn peers(count: usize) -> Result<Vec<Self>> {
        let mut peers = vec![Self::peer(None).await?];
        let first = peers[0].url();
        while peers.len() < count {
            peers.push(Self::peer(Some(&first)).await?);
        }
        Ok(peers)
    }

    /// Starts a single peer in the ring of the one at this address, which receives no more of files a second than this, such as `8M`.
    pub(crate) async fn slow(join: &str, rate: &str) -> Result<Self> {
        Self::spawn(&["peer", "--join", join, "--limit-down", rate], 1).await
    }

    /// Starts a single peer that pages of this origin may use.
    pub(crate) async fn allowing(origin: &str) -> Result<Self> {
        Self::spawn(&["peer", "--allow-origin", origin], 1).await
    }

    /// Starts a single peer in a ring of its own on this port.
    pub(crate) async fn peer_at(port: u16) -> Result<Self> {
        Self::spawn_at(&["peer"], port).await
    }

    async fn spawn(arguments: &[&str], peers: u16) -> Result<Self> {
        Self::spawn_at(arguments, free_ports(peers)?).await
    }

    async fn spawn_at(arguments: &[&str], port: u16) -> Result<Self> {
        let folder = TempDir::new()?;
        let said = File::create(folder.path().join("said"))?;
        let process = Command::new(binary())
            .args(arguments)
            .args(["--listen", &format!("127.0.0.1:{port}"), "--web"])
            .arg(dist()?)
            .arg("--data")
            .arg(folder.path().join("data"))
            .stdin(Stdio::null())
            .stdout(said.try_clone()?)
            .stderr(said)
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| format!("cannot start {}: {error}", binary().display()))?;
        let mut ring = Self {
            process,
            port,
            folder,
            id: String::new(),
        };
        eventually(&format!("the ring on port {port}"), async || {
            ring.is_up().await
        })
        .await?;
        let status = ring.json(&["status"]).await?;
        status["id"]
            .as_str()
            .ok_or("no id")?
            .clone_into(&mut ring.id);
        Ok(ring)
    }

    /// SIGKILL, at once and without waiting for the end.
    pub(crate) fn kill(&mut self) -> Result<()> {
        Ok(self.process.start_kill()?)
    }

    /// The id of the first peer.
    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    /// The address of the page that the first peer serves.
    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}/", self.port)
    }

    /// Returns the address at which other peers dial the first peer.
    pub(crate) fn socket(&self) -> String {
        format!("ws://127.0.0.1:{}/ws", self.port)
    }

    /// The first peer's port; the others follow.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Runs a `chordscope` command against the first peer, and returns what it printed.
    pub(crate) async fn command(&self, arguments: &[&str]) -> Result<String> {
        chordscope(arguments, &["--peer", &self.url()]).await
    }

    /// The same, with `--json`.
    pub(crate) async fn json(&self, arguments: &[&str]) -> Result<serde_json::Value> {
        let said = self.command(&[arguments, &["--json"]].concat()).await?;
        Ok(serde_json::from_str(&said)?)
    }

    async fn is_up(&mut self) -> Result<Option<()>> {
        if let Some(status) = self.process.try_wait()? {
            let said = fs::read_to_string(self.folder.path().join("said"))?;
            return Err(format!("the ring ended ({status}): {said}").into());
        }
        Ok(healthy(self.port).await.unwrap_or(false).then_some(()))
    }
}

/// Runs a `chordscope` command and returns what it printed.
pub(crate) async fn chordscope(arguments: &[&str], more: &[&str]) -> Result<String> {
    let output = Command::new(binary())
        .args(arguments)
        .args(more)
        .output()
        .await?;
    if output.status.success() {
        Ok(String::from_utf8(output.stdout)?)
    } else {
        let said = String::from_utf8_lossy(&output.stderr);
        Err(format!("chordscope {arguments:?}: {said}").into())
    }
}

async fn healthy(port: u16) -> Result<bool> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await?;
    let request =
        format!("GET /healthz HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    Ok(answer.starts_with("HTTP/1.1 200"))
}

fn binary() -> PathBuf {
    path_from("CHORDSCOPE_BINARY", "target/release/chordscope")
}

/// The range of ports for peers: below those that the system gives to outgoing connections, of which any could take a port between the
/// moment when it is found free and the one when a peer listens there.
const PORTS: Range<u16> = 10_000..32_000;
/// The number of ports that have been handed out: no two tests get the same.
static HANDED_OUT: AtomicU32 = AtomicU32::new(0);

/// The first of so many free ports in a row.
pub(crate) fn free_ports(count: u16) -> Result<u16> {
    let room = u32::from(PORTS.end - PORTS.start - count);
    for _ in 0..1_000 {
        let taken = HANDED_OUT.fetch_add(u32::from(count), Ordering::Relaxed);
        // Two runs side by side begin at different places.
        let offset = std::process::id().wrapping_mul(97).wrapping_add(taken) % room;
        let first = PORTS.start + u16::try_from(offset)?;
        let is_free = |port| TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok();
        if (first..first + count).all(is_free) {
            return Ok(first);
        }
    }
    Err(format!("there are no {count} free ports in a row").into())
}
