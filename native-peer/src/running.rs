//! A running peer: its store, its driver and its server, on one port.

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use chordscope_core::base::contact::Address;
use chordscope_core::base::id::Space;
use chordscope_core::base::identity::Signer;
use chordscope_core::peer::{Config, Known, Peer, Plan};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::address_space::AddressSpace;
use crate::clock::Clock;
use crate::data::{self, Registered};
use crate::driver::{Driver, Handle};
use crate::failure::Failure;
use crate::http::{self, Allowed, App, Caps, Refused};
use crate::storage;

/// How long leaving the ring and writing what is left may take together.
const STOP_PATIENCE: Duration = Duration::from_secs(4);
/// Connections in all: links, pages and commands.
const MAX_CONNECTIONS: usize = 1_024;
/// Connections from one address. A whole ring may live on one machine.
const MAX_PER_ADDRESS: usize = 384;

/// How a peer is to run.
#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) data: PathBuf,
    pub(crate) plan: Plan,
    pub(crate) ring_name: String,
    pub(crate) web: Option<PathBuf>,
    pub(crate) advertise: Option<Address>,
    pub(crate) allow_origin: Vec<String>,
    /// Peers that this one was started with.
    pub(crate) siblings: Vec<SocketAddr>,
}

/// A peer that runs.
#[derive(Debug)]
pub(crate) struct Running {
    pub(crate) id: String,
    /// Where the page and control are.
    pub(crate) url: String,
    /// Where other peers connect.
    pub(crate) address: String,
    pub(crate) handle: Handle,
    driver: JoinHandle<()>,
    server: JoinHandle<()>,
    _registered: Option<Registered>,
}

/// Takes a port. Each peer has one for everything.
pub(crate) async fn bind(address: SocketAddr) -> Result<TcpListener, Failure> {
    TcpListener::bind(address).await.map_err(|error| {
        let (ip, port) = (address.ip(), address.port());
        Failure::failed(match error.kind() {
            io::ErrorKind::AddrInUse => format!(
                "port {port} on {ip} is taken: stop what listens there, or choose another port with --listen"
            ),
            io::ErrorKind::PermissionDenied => format!(
                "port {port} on {ip} may not be used: choose one above 1023 with --listen"
            ),
            _ => format!("cannot listen on {address}: {error}"),
        })
    })
}

/// Starts a peer on a port.
pub(crate) fn start(listener: TcpListener, options: Options) -> Result<Running, Failure> {
    let fail = |error: &dyn std::fmt::Display| Failure::failed(error);
    let listen = listener.local_addr().map_err(|error| fail(&error))?;
    let advertised = options.advertise.as_ref().map(authority);
    let address = match options.advertise {
        Some(address) => address,
        None => Address::parse_url(&format!("ws://{}", reachable(listen)))
            .map_err(|error| fail(&error))?,
    };
    data::make_private_folder(&options.data)?;
    let (to_stored, stored) = mpsc::unbounded_channel();
    let (kept, storage) = storage::open(&options.data, to_stored)?;
    let token = data::token(&options.data)?;

    let mut seed = [0; 32];
    getrandom::fill(&mut seed).map_err(|error| fail(&error))?;
    let config = Config {
        ring: options.ring_name,
        ..Config::default()
    };
    let signer = Signer::ed25519(kept.secret);
    let addresses = vec![address.clone()];
    let clock = Clock::start();
    let mut peer =
        Peer::new(config, signer, addresses, kept.version, seed).map_err(|error| fail(&error))?;
    for copy in &kept.records {
        peer.restore(clock.now(), copy);
    }
    peer.restore_groups(clock.now(), kept.control, &kept.entries);
    let known = kept.known.iter();
    let known = known.filter_map(|line| Known::read(line)).collect();
    let id = Space::FULL.show(peer.node().id());
    let friends: Vec<String> = match &options.plan {
        Plan::Join(addresses) => addresses.iter().map(authority).collect(),
        Plan::Create | Plan::Resume => Vec::new(),
    };
    let siblings = options.siblings.iter().map(|address| reachable(*address));
    let friends: Vec<String> = friends
        .into_iter()
        .chain(siblings.map(|address| address.to_string()))
        .collect();
    let within = space_of(&address);
    let (driver, handle) = Driver::new(peer, clock, storage, stored, options.plan, known, within);

    let caps = Caps::new(MAX_CONNECTIONS, MAX_PER_ADDRESS);
    let app = Arc::new(App {
        driver: handle.clone(),
        space: Space::FULL,
        token,
        allowed: Allowed::new(listen, advertised, &options.allow_origin, &friends),
        web: options.web,
        caps: Arc::clone(&caps),
        clock,
        refused: Refused {
            host: AtomicU64::new(0),
            origin: AtomicU64::new(0),
            token: AtomicU64::new(0),
        },
    });
    let router = http::router(app);
    Ok(Running {
        id,
        url: format!("http://{}", reachable(listen)),
        address: address.url().to_string(),
        handle,
        driver: tokio::spawn(driver.run()),
        server: tokio::spawn(http::serve(listener, router, caps)),
        _registered: register(listen.port(), &options.data),
    })
}

impl Running {
    /// Leaves the ring and ends.
    pub(crate) async fn stop(self) {
        self.handle.leave().await;
        if timeout(STOP_PATIENCE, self.driver).await.is_err() {
            tracing::warn!("leaving took too long; the ring notices by itself");
        }
        self.server.abort();
    }
}

/// Without its entry a peer works, but commands need `--peer` and the default folder to find it.
fn register(port: u16, data: &Path) -> Option<Registered> {
    data::register(port, data)
        .map_err(|error| tracing::warn!(%error, "commands may not find this peer's token"))
        .ok()
}

/// The address under which this machine reaches the port itself.
fn reachable(listen: SocketAddr) -> SocketAddr {
    let mut address = listen;
    if listen.ip().is_unspecified() {
        let loopback: std::net::IpAddr = match listen {
            SocketAddr::V4(_) => std::net::Ipv4Addr::LOCALHOST.into(),
            SocketAddr::V6(_) => std::net::Ipv6Addr::LOCALHOST.into(),
        };
        address.set_ip(loopback);
    }
    address
}

/// The space in which others reach this peer. A name that was advertised is taken for a public one.
fn space_of(address: &Address) -> AddressSpace {
    let authority = authority(address);
    let literal: Option<SocketAddr> = authority.parse().ok();
    match literal {
        Some(at) => AddressSpace::of(at.ip()),
        None if authority.starts_with("localhost:") => AddressSpace::Loopback,
        None => AddressSpace::Public,
    }
}

/// Host and port of an address, as a `Host` header has them.
fn authority(address: &Address) -> String {
    let url = address.url();
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.trim_end_matches("/ws").to_string()
}
