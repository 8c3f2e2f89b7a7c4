//! A running peer: its store, its driver and its server, on one port.
//!
//! A peer with virtual nodes is one core peer for each position on the ring, with a driver and a store of its own; key, port and
//! server are the same. Connections to another position than the first come at a path of its own, `/ws/1` to `/ws/15`.

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use chordscope_core::base::contact::Address;
use chordscope_core::base::id::{Id, Space};
use chordscope_core::base::identity::Signer;
use chordscope_core::node::config::Config as NodeConfig;
use chordscope_core::peer::{self, Config, Known, Peer, Plan};
use chordscope_core::swarm::api::{Event as TransferEvent, Limits};
use futures_util::future::join_all;
use tokio::io::DuplexStream;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::address_space::AddressSpace;
use crate::burst::Burst;
use crate::clock::Clock;
use crate::data::{self, Registered};
use crate::driver::{Driver, Handle};
use crate::failure::Failure;
use crate::files::Files;
use crate::http::{self, Allowed, App, Caps, Refused};
use crate::links::Inside;
use crate::storage::{self, Health};

/// The longest time for handing records over and writing what is left together.
const STOP_TIMEOUT: Duration = Duration::from_secs(8);
/// Connections in all: links, pages and commands.
const MAX_CONNECTIONS: usize = 1_024;
/// Connections from one address. A whole ring may live on one machine.
const MAX_PER_ADDRESS: usize = 384;

/// The options that a peer runs with.
#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) data: PathBuf,
    pub(crate) plan: Plan,
    pub(crate) ring_name: String,
    pub(crate) web: Option<PathBuf>,
    pub(crate) advertise: Option<Address>,
    /// Names under which the peer may be asked, besides the one that is advertised.
    pub(crate) allow_host: Vec<String>,
    pub(crate) allow_origin: Vec<String>,
    /// The number of positions on the ring: 1 to 16.
    pub(crate) virtual_nodes: u8,
    /// Peers that this one was started with.
    pub(crate) siblings: Vec<SocketAddr>,
    /// The peers of this process that are reached in memory, this one among them; `None` where sockets are to be used.
    pub(crate) inside: Option<Inside>,
    /// The limits of files.
    pub(crate) limits: Limits,
}

/// Peers of which commands do not know; in a ring it may be all.
static UNREGISTERED: Burst = Burst::new();

/// A peer that runs.
#[derive(Debug)]
pub(crate) struct Running {
    pub(crate) id: String,
    /// The URL of the page and control.
    pub(crate) url: String,
    /// The address that other peers connect to.
    pub(crate) address: String,
    /// A way to each position's driver, the first one's first.
    pub(crate) positions: Vec<Handle>,
    drivers: Vec<JoinHandle<()>>,
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
            io::ErrorKind::AddrNotAvailable => format!(
                "{ip} is no address of this machine: listen on one that is, or on 0.0.0.0 for all of them"
            ),
            _ => format!("cannot listen on {address}: {error}"),
        })
    })
}

/// Starts a peer on a port.
pub(crate) fn start(listener: TcpListener, options: Options) -> Result<Running, Failure> {
    let listen = listener.local_addr().map_err(Failure::failed)?;
    let advertised = options.advertise.as_ref();
    let advertised = advertised.map(|address| address.authority().to_string());
    let address = match &options.advertise {
        Some(address) => address.clone(),
        None => {
            Address::parse_url(&format!("ws://{}", reachable(listen))).map_err(Failure::failed)?
        }
    };
    data::make_private_folder(&options.data)?;
    let token = data::token(&options.data)?;
    let clock = Clock::start();
    let mut first = Position::take(0, None, &address, &options, clock)?;
    let (_, none) = mpsc::unbounded_channel();
    // All positions share what the first one does.
    let transfers = std::mem::replace(&mut first.transfers, none);
    let folder = options.data.join("files");
    let files = Files::open(folder, first.handle.clone(), clock, transfers);
    let id = Space::FULL.show(first.id);
    let secret = first.secret;
    let mut all = vec![first];
    for index in 1..options.virtual_nodes {
        all.push(Position::take(
            index,
            Some(secret),
            &address,
            &options,
            clock,
        )?);
    }
    let positions: Vec<Handle> = all.iter().map(|one| one.handle.clone()).collect();
    let caps = Caps::new(MAX_CONNECTIONS, MAX_PER_ADDRESS);
    let app = Arc::new(App {
        positions: positions.clone(),
        stores: all.iter().map(|one| Arc::clone(&one.health)).collect(),
        folders: all.iter().map(|one| one.folder.clone()).collect(),
        driver: all[0].handle.clone(),
        files,
        space: Space::FULL,
        token,
        allowed: Allowed::new(
            listen,
            advertised,
            &options.allow_host,
            &options.allow_origin,
            &friends(&options),
        ),
        web: options.web,
        caps: Arc::clone(&caps),
        clock,
        limits_up: options.limits.up.is_some(),
        refused: Refused {
            host: AtomicU64::new(0),
            origin: AtomicU64::new(0),
            token: AtomicU64::new(0),
        },
    });
    let router = http::router(app);
    let inside = take_inside(options.inside.as_ref(), listen);
    Ok(Running {
        id,
        url: format!("http://{}", reachable(listen)),
        address: address.url().to_string(),
        positions,
        drivers: all
            .into_iter()
            .map(|one| tokio::spawn(one.driver.run()))
            .collect(),
        server: tokio::spawn(http::serve((listener, inside), router, caps)),
        _registered: register(listen.port(), &options.data),
    })
}

/// Takes connections from peers of this process at the address that they dial.
fn take_inside(
    inside: Option<&Inside>,
    listen: SocketAddr,
) -> Option<mpsc::Receiver<DuplexStream>> {
    inside.map(|inside| inside.listen(reachable(listen)))
}

/// One position on the ring, with what it kept.
struct Position {
    id: Id,
    secret: [u8; 32],
    driver: Driver,
    handle: Handle,
    health: Arc<Health>,
    folder: PathBuf,
    transfers: mpsc::UnboundedReceiver<TransferEvent>,
}

impl Position {
    /// The first position has the key and looks for the ring; the others join by it.
    fn take(
        index: u8,
        secret: Option<[u8; 32]>,
        first: &Address,
        options: &Options,
        clock: Clock,
    ) -> Result<Self, Failure> {
        let folder = match index {
            0 => options.data.clone(),
            _ => options.data.join(format!("position-{index}")),
        };
        let plan = match index {
            0 => options.plan.clone(),
            _ => Plan::Join(vec![first.clone()]),
        };
        data::make_private_folder(&folder)?;
        let (to_stored, stored) = mpsc::unbounded_channel();
        let (kept, storage) = storage::open(&folder, to_stored)?;
        let health = storage.health();
        let secret = secret.unwrap_or(kept.secret);
        let mut seed = [0; 32];
        getrandom::fill(&mut seed).map_err(Failure::failed)?;
        let config = Config {
            node: NodeConfig {
                incarnation: kept.incarnation,
                ..NodeConfig::for_virtual_nodes(options.virtual_nodes)
            },
            index,
            ring: options.ring_name.clone(),
            limits: peer::Limits {
                swarm: options.limits.clone(),
                ..peer::Limits::default()
            },
            ..Config::default()
        };
        let address = first.at_position(index).map_err(Failure::failed)?;
        let within = space_of(&address);
        let signer = Signer::ed25519(secret);
        let mut peer = Peer::new(config, signer, vec![address], kept.version, seed)
            .map_err(Failure::failed)?;
        for copy in &kept.records {
            peer.restore(clock.now(), copy);
        }
        peer.restore_groups(clock.now(), kept.control, &kept.entries);
        peer.restore_renewals(clock.now(), &kept.renewals);
        let id = peer.node().id();
        let known = kept.known.iter();
        let known = known.filter_map(|line| Known::read(line)).collect();
        let (to_transfers, transfers) = mpsc::unbounded_channel();
        let (driver, handle) = Driver::new(
            peer,
            clock,
            (storage, stored),
            (plan, known),
            (within, options.inside.clone().unwrap_or_default()),
            to_transfers,
        );
        Ok(Self {
            transfers,
            id,
            secret,
            driver,
            handle,
            health,
            folder,
        })
    }
}

/// Peers whose pages may come in: those that this one joins, and those that it was started with.
fn friends(options: &Options) -> Vec<String> {
    let joined = match &options.plan {
        Plan::Join(addresses) => addresses.as_slice(),
        Plan::Create | Plan::Resume => &[],
    };
    let siblings = options.siblings.iter().map(|address| reachable(*address));
    let joined = joined.iter().map(|address| address.authority().to_string());
    joined
        .chain(siblings.map(|address| address.to_string()))
        .collect()
}

impl Running {
    /// Waits until the peer has left its ring for good.
    pub(crate) async fn left(&self) {
        join_all(self.positions.iter().map(Handle::ended)).await;
    }

    /// Stops for a while, so that it can be started again, and ends.
    pub(crate) async fn stop(self) {
        for position in &self.positions {
            position.stop().await;
        }
        if timeout(STOP_TIMEOUT, join_all(self.drivers)).await.is_err() {
            tracing::warn!(
                "stopping took too long and was cut short: the other peers will notice that this one is gone"
            );
        }
        self.server.abort();
    }
}

/// Without its entry a peer works, but commands need `--peer` and the default folder to find it.
fn register(port: u16, data: &Path) -> Option<Registered> {
    data::register(port, data)
        .map_err(|error| {
            UNREGISTERED.warn(format!("commands may not find this peer's token: {error}"));
        })
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
    let authority = address.authority();
    let literal: Option<SocketAddr> = authority.parse().ok();
    match literal {
        Some(at) => AddressSpace::of(at.ip()),
        None if authority.starts_with("localhost:") => AddressSpace::Loopback,
        None => AddressSpace::Public,
    }
}
