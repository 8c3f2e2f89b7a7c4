//! `chordscope peer` and `chordscope ring`: programs that run until they are stopped.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::time::Duration;

use chordscope_core::base::contact::Address;
use chordscope_core::peer::{Peer, Plan};
use chordscope_core::swarm::api::Limits;
use clap::Args;
use clap::builder::{PathBufValueParser, TypedValueParser as _};
use serde::Serialize;
use tokio::net::TcpListener;
use tokio::time::timeout;

use crate::cli::{forming, listen};
use crate::data;
use crate::descriptors;
use crate::driver::Handle;
use crate::failure::Failure;
use crate::links::Inside;
use crate::output;
use crate::peer_url;
use crate::regular_file::is_standard_output;
use crate::running::{self, Options, Running};
use crate::signals;
use crate::views::Outside;

/// The first port that is tried.
const FIRST_PORT: u16 = 7340;
/// The number of ports that are tried.
const MAX_PORTS: u16 = 256;
/// The period in which a peer that joins is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(10);
/// The greatest number of peers of a ring that look for their places at the same time.
const MAX_JOINING: usize = 16;
/// The time that a peer looks for its place before it says why it has none yet, and looks again whether that has changed.
const JOINING_TIMEOUT: Duration = Duration::from_secs(3);
/// The longest name of a ring.
const MAX_RING_NAME: usize = chordscope_core::link::handshake::MAX_RING_NAME;

/// The options of every peer.
#[derive(Debug, Args)]
struct Common {
    /// Keep keys, records and what is shared in this folder [default: of a peer, one for its port; of a ring, a temporary one]
    #[arg(long, value_name = "DIR", value_parser = PathBufValueParser::new().try_map(data_folder))]
    data: Option<PathBuf>,
    /// Serve the page from this folder
    #[arg(long, value_name = "DIR")]
    web: Option<PathBuf>,
    /// The ring's name: peers of different rings do not talk
    #[arg(long, value_name = "NAME", default_value = "main")]
    ring_name: String,
    /// Virtual nodes: positions on the ring that each peer takes; with more of them, keys are shared out more evenly
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=16))]
    virtual_nodes: u8,
    /// Answer requests for this name, such as nas.local or nas.local:8080; addresses are always answered (may be given several times)
    #[arg(long, value_name = "HOST")]
    allow_host: Vec<String>,
    /// Let pages of this origin connect, such as https://example.org (may be given several times)
    #[arg(long, value_name = "URL")]
    allow_origin: Vec<String>,
    /// Send at most so many bytes of files a second, such as 500K or 2M (K, M and G are powers of 1024)
    #[arg(long, value_name = "BYTES", value_parser = parse_rate)]
    limit_up: Option<u64>,
    /// Receive at most so many bytes of files a second
    #[arg(long, value_name = "BYTES", value_parser = parse_rate)]
    limit_down: Option<u64>,
}

/// `chordscope peer`.
#[derive(Debug, Args)]
pub(crate) struct PeerOptions {
    /// Listen here: a port of 127.0.0.1, or an address and a port [default: the first free port from 7340 on 127.0.0.1]
    #[arg(long, value_name = "ADDR", value_parser = listen::parse)]
    listen: Option<SocketAddr>,
    /// Join the ring of the peer at this URL (several are tried in turn)
    #[arg(long, value_name = "URL")]
    join: Vec<String>,
    /// Tell others to connect to this URL
    #[arg(long, value_name = "URL")]
    advertise: Option<String>,
    #[command(flatten)]
    common: Common,
}

/// `chordscope ring`.
#[derive(Debug, Args)]
pub(crate) struct RingOptions {
    /// The number of peers
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=256))]
    peers: u16,
    /// The address at which the first peer listens; the others take the ports after it
    #[arg(long, value_name = "ADDR", value_parser = listen::parse, default_value_t = SocketAddr::from((Ipv4Addr::LOCALHOST, FIRST_PORT)))]
    listen: SocketAddr,
    /// Link the peers with one another by sockets, as peers of separate processes are, instead of in memory
    #[arg(long)]
    sockets: bool,
    #[command(flatten)]
    common: Common,
}

#[derive(Serialize)]
struct PeerReady<'a> {
    id: &'a str,
    url: &'a str,
    address: &'a str,
    data: String,
}

#[derive(Serialize)]
struct RingReady<'a> {
    page: &'a str,
    peers: Vec<PeerReady<'a>>,
}

impl Common {
    fn check(&self) -> Result<(), Failure> {
        if let Some(data) = self.data.as_deref().and_then(data::not_a_folder) {
            let reason = format!("{} is a file: give a folder", data.display());
            return Err(Failure::usage("--data", reason));
        }
        if let Some(web) = self.web.as_ref().filter(|web| !web.is_dir()) {
            let reason = format!(
                "{} is no folder: build the page with `cargo xtask site`",
                web.display()
            );
            return Err(Failure::usage("--web", reason));
        }
        if self.ring_name.is_empty() || self.ring_name.len() > MAX_RING_NAME {
            let reason = format!("a ring's name has 1 to {MAX_RING_NAME} bytes");
            return Err(Failure::usage("--ring-name", reason));
        }
        for host in &self.allow_host {
            let plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-_:[]".contains(&byte);
            if host.is_empty() || !host.bytes().all(plain) {
                let reason = format!(
                    "\"{host}\" is no host: give a name without scheme and path, such as nas.local or nas.local:8080"
                );
                return Err(Failure::usage("--allow-host", reason));
            }
        }
        for origin in &self.allow_origin {
            let host = origin.split_once("://").map(|(_, host)| host);
            let host = host.map(|host| host.trim_end_matches('/'));
            if host.is_none_or(|host| host.is_empty() || host.contains('/')) {
                let reason = format!(
                    "\"{origin}\" is no origin: give scheme and host, as https://example.org"
                );
                return Err(Failure::usage("--allow-origin", reason));
            }
        }
        Ok(())
    }

    fn options(&self, data: PathBuf, plan: Plan, advertise: Option<Address>) -> Options {
        Options {
            data,
            plan,
            ring_name: self.ring_name.clone(),
            web: self.web.clone(),
            advertise,
            allow_host: self.allow_host.clone(),
            allow_origin: self.allow_origin.clone(),
            virtual_nodes: self.virtual_nodes,
            siblings: Vec::new(),
            inside: None,
            limits: Limits {
                up: self.limit_up,
                down: self.limit_down,
                ..Limits::default()
            },
        }
    }
}

/// A folder for data, whatever folder the program is in later. What looks like standard input or output is none.
fn data_folder(path: PathBuf) -> Result<PathBuf, String> {
    match is_standard_output(&path) {
        true => Err("this is a folder, and - is none: ./- is one of this name".to_string()),
        false => std::path::absolute(path).map_err(|error| error.to_string()),
    }
}

/// Bytes a second: a whole number, with K, M or G behind it or not.
fn parse_rate(text: &str) -> Result<u64, String> {
    let (number, unit) = match text.char_indices().last() {
        Some((at, 'k' | 'K')) => (&text[..at], 1 << 10),
        Some((at, 'm' | 'M')) => (&text[..at], 1 << 20),
        Some((at, 'g' | 'G')) => (&text[..at], 1 << 30),
        _ => (text, 1),
    };
    let number: Option<u64> = number.parse().ok();
    let rate = number.and_then(|number| number.checked_mul(unit));
    match rate {
        Some(0) => Err("give at least 1 byte a second".to_string()),
        Some(rate) => Ok(rate),
        None => Err("give bytes a second as a whole number, such as 500K or 2M".to_string()),
    }
}

impl PeerOptions {
    /// Runs until it is told to stop.
    pub(crate) async fn run(self, json: bool) -> Result<(), Failure> {
        self.common.check()?;
        descriptors::raise();
        descriptors::warn_of_few();
        let join = self.join.iter();
        let join = join.map(|text| peer_url::dialed("--join", text));
        let join = join.collect::<Result<Vec<_>, _>>()?;
        let advertise = self.advertise.as_ref();
        let advertise = advertise.map(|text| peer_url::advertised("--advertise", text));
        let advertise = advertise.transpose()?;
        let listener = match self.listen {
            Some(address) => running::bind(address).await?,
            None => bind_first_free().await?,
        };
        let listen = local(&listener)?;
        if !listen.ip().is_loopback() && advertise.is_none() {
            output::note(format_args!(
                "chordscope: warning: peers on other machines cannot reach this one: say its URL with --advertise"
            ));
        }
        let data = match &self.common.data {
            Some(folder) => folder.clone(),
            None => data::default_folder(listen.port())?,
        };
        let plan = match join.is_empty() {
            true => Plan::Resume,
            false => Plan::Join(join),
        };
        let options = self.common.options(data.clone(), plan, advertise);
        let mut stop = signals::stop_of_service(nothing_to_reload)?;
        let peer = running::start(listener, options)?;
        if json {
            output::json(&peer_ready(&peer, &data))?;
        } else {
            let (id, url, data) = (&peer.id, &peer.url, data.display());
            let serves = match &self.common.web {
                Some(_) => "page and control",
                None => "control",
            };
            output::line(&format!("peer {id}\n{serves}: {url}/\ndata: {data}"))?;
        }
        let told = async {
            is_in_a_ring(&peer).await;
            match json {
                true => Ok(()),
                false => output::line(
                    "in a ring; Ctrl-C stops the peer, `chordscope leave` takes it out for good",
                ),
            }
        };
        tokio::select! {
            result = async { told.await?; std::future::pending().await } => result,
            () = stop.asked() => Ok(()),
            () = peer.left() => match json {
                true => Ok(()),
                false => output::line("left the ring for good"),
            },
        }?;
        stop.exit_at_once_when_asked_again();
        peer.stop().await;
        Ok(())
    }
}

impl RingOptions {
    /// Runs until it is told to stop.
    pub(crate) async fn run(self, json: bool) -> Result<(), Failure> {
        self.common.check()?;
        descriptors::raise();
        let size = descriptors::Ring {
            peers: self.peers,
            positions: self.common.virtual_nodes,
            sockets: self.sockets,
        };
        size.check()?;
        let temporary = match self.common.data {
            None => Some(temporary_folder().map_err(|error| {
                Failure::failed(format!("cannot make a temporary folder: {error}"))
            })?),
            Some(_) => None,
        };
        let data = match (&self.common.data, &temporary) {
            (Some(folder), _) => folder.clone(),
            (None, Some(folder)) => folder.path().to_path_buf(),
            (None, None) => PathBuf::new(),
        };
        // All ports first: a ring with a gap is none.
        let mut listeners = Vec::new();
        for offset in 0..self.peers {
            listeners.push(running::bind(port_after(self.listen, offset)?).await?);
        }
        let mut stop = signals::stop_of_service(nothing_to_reload)?;
        if temporary.is_some() && !json {
            output::line(
                "everything is kept in a temporary folder that goes when the ring ends; --data DIR keeps it",
            )?;
        }
        let mut peers: Vec<(Running, PathBuf)> = Vec::new();
        let teller = forming::Teller::new(listeners.len());
        let whole = async {
            let forms = async {
                self.start_all(listeners, &data, &mut peers, &teller)
                    .await?;
                let positions = peers.iter().flat_map(|(peer, _)| &peer.positions);
                forming::is_whole(&positions.collect::<Vec<_>>(), &teller).await;
                Ok::<_, Failure>(())
            };
            teller.tell_during(forms).await?;
            self.show(&peers, json)
        };
        let formed = tokio::select! {
            formed = whole => Some(formed),
            () = stop.asked() => None,
        };
        if let Some(formed) = formed {
            formed?;
            stop.asked().await;
        }
        stop.exit_at_once_when_asked_again();
        let ends = peers.into_iter().map(|(peer, _)| peer.stop());
        futures_util::future::join_all(ends).await;
        Ok(())
    }

    /// Starts a peer on each port, not many of them before those in front of them have joined: a newcomer of a ring that is as it should be
    /// finds its place and its fingers at once, and makes no links that it needs for a moment only.
    async fn start_all(
        &self,
        listeners: Vec<TcpListener>,
        data: &Path,
        peers: &mut Vec<(Running, PathBuf)>,
        teller: &forming::Teller,
    ) -> Result<(), Failure> {
        let siblings: Vec<SocketAddr> = listeners.iter().map(local).collect::<Result<_, _>>()?;
        let inside = (!self.sockets).then(Inside::default);
        for (number, listener) in listeners.into_iter().enumerate() {
            if let Some((before, _)) = number.checked_sub(MAX_JOINING).and_then(|at| peers.get(at))
            {
                // One that takes long holds up nobody: whether the ring is whole is seen later.
                let _ = timeout(JOINING_TIMEOUT, has_a_place(before)).await;
            }
            let folder = data.join(format!("peer-{}", number + 1));
            let plan = match peers.first() {
                None => Plan::Create,
                Some((first, _)) => {
                    Plan::Join(Address::parse_url(&first.address).into_iter().collect())
                }
            };
            let mut options = self.common.options(folder.clone(), plan, None);
            options.siblings.clone_from(&siblings);
            options.inside.clone_from(&inside);
            peers.push((running::start(listener, options)?, folder));
            teller.started(peers.len());
        }
        Ok(())
    }

    /// Prints the ring's peers with their ids and addresses, and the page's address.
    fn show(&self, peers: &[(Running, PathBuf)], json: bool) -> Result<(), Failure> {
        let Some((first, _)) = peers.first() else {
            return Ok(());
        };
        if json {
            return output::json(&RingReady {
                page: &first.url,
                peers: peers
                    .iter()
                    .map(|(peer, data)| peer_ready(peer, data))
                    .collect(),
            });
        }
        let mut text = format!("a ring of {}\n", output::count(peers.len(), "peer"));
        for (peer, _) in peers {
            text.push_str(&format!("  {}  {}\n", peer.id, peer.url));
        }
        text.push_str(&match &self.common.web {
            Some(_) => format!("page: {}/\n", first.url),
            None => {
                "no page: build it by `cargo xtask site`, and give its folder by --web\n".to_owned()
            }
        });
        text.push_str("Ctrl-C stops the ring");
        output::line(&text)
    }
}

fn peer_ready<'a>(peer: &'a Running, data: &Path) -> PeerReady<'a> {
    PeerReady {
        id: &peer.id,
        url: &peer.url,
        address: &peer.address,
        data: data.display().to_string(),
    }
}

/// Waits until the peer has its place. When that takes long it says why, and again when that changes.
async fn is_in_a_ring(peer: &Running) {
    let mut place = pin!(has_a_place(peer));
    let mut said = None;
    while timeout(JOINING_TIMEOUT, &mut place).await.is_err() {
        let why = why_outside(peer).await;
        if said.as_ref() != Some(&why) {
            output::note(format_args!(
                "chordscope: no place in a ring yet{why}; it keeps trying"
            ));
            said = Some(why);
        }
    }
}

/// Returns the outcome of dialing the addresses that the user has named, and what the peer waits for where that is not told by it.
async fn why_outside(peer: &Running) -> String {
    let Some(position) = peer.positions.first() else {
        return String::new();
    };
    let outside = position.look(Outside::of).await.unwrap_or_default();
    match position.troubles() {
        troubles if troubles.is_empty() => outside.describe(),
        // The addresses that are looked for are those in the list of troubles.
        troubles if !outside.sought.is_empty() => format!(" ({troubles})"),
        troubles => format!(" ({troubles}){}", outside.describe()),
    }
}

/// Waits until the peer is a member of a ring, with all its positions.
async fn has_a_place(peer: &Running) {
    for position in &peer.positions {
        until(position, |peer| peer.node().membership().is_member()).await;
    }
}

async fn until(position: &Handle, is_so: impl Fn(&Peer) -> bool + Clone + Send + 'static) {
    while !matches!(position.look(is_so.clone()).await, Ok(true)) {
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// Flags and environment are all that a peer is given, and are read once.
fn nothing_to_reload() {
    tracing::warn!(
        "SIGHUP: there is no configuration file to reload; changed flags take effect at the next start"
    );
}

fn temporary_folder() -> std::io::Result<tempfile::TempDir> {
    tempfile::Builder::new()
        .prefix("chordscope-ring-")
        .tempdir()
}

fn local(listener: &TcpListener) -> Result<SocketAddr, Failure> {
    listener.local_addr().map_err(Failure::failed)
}

async fn bind_first_free() -> Result<TcpListener, Failure> {
    for offset in 0..MAX_PORTS {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, FIRST_PORT + offset));
        if let Ok(listener) = TcpListener::bind(address).await {
            return Ok(listener);
        }
    }
    let last = FIRST_PORT + MAX_PORTS - 1;
    Err(Failure::failed(format!(
        "no port from {FIRST_PORT} to {last} is free: choose one with --listen"
    )))
}

/// Port 0 lets the system choose each.
fn port_after(first: SocketAddr, offset: u16) -> Result<SocketAddr, Failure> {
    let mut address = first;
    if first.port() != 0 {
        let port = first.port().checked_add(offset);
        let reason = "there are not that many ports above it: choose a lower one";
        address.set_port(port.ok_or_else(|| Failure::usage("--listen", reason))?);
    }
    Ok(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_read_as_people_write_them() {
        for (text, rate) in [
            ("1", 1),
            ("500K", 500 << 10),
            ("2m", 2 << 20),
            ("1G", 1 << 30),
        ] {
            assert_eq!(parse_rate(text), Ok(rate));
        }
        for odd in ["", "0", "K", "-1", "1.5M", "1MB", "1ä", "99999999999G"] {
            assert!(parse_rate(odd).is_err(), "{odd}");
        }
    }
}
