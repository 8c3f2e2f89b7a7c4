//! HTTP on the peer's one port: the page, the peer socket, control, metrics. Connections are accepted, and their requests routed.

mod api;
mod caps;
mod gateway;
mod guard;
mod health;
mod metrics;
mod page;
mod socket;

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderName, HeaderValue};
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::get;
use chordscope_core::base::id::Space;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tower::ServiceExt as _;
use tower_http::set_header::SetResponseHeaderLayer;

use crate::burst::Burst;
use crate::clock::Clock;
use crate::descriptors;
use crate::driver::Handle;
use crate::files::Files;
use crate::storage::Health;

pub(crate) use api::{EXPIRES_HEADER, KEY_HEADER, LevelName, SEQUENCE_HEADER, parse_author};
pub(crate) use caps::Caps;
use caps::Permit;
pub(crate) use guard::Allowed;

/// The longest time for a request's head to arrive, also behind an answered request.
const HEAD_TIMEOUT: Duration = Duration::from_secs(5);
/// The longest head of a request, in bytes.
const MAX_HEAD: usize = 16 * 1024;
/// The pause when the system refuses a connection, which it does when files run out.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Connections that the system has refused.
static UNACCEPTED: Burst = Burst::new();

/// The state that the handlers share.
#[derive(Debug)]
pub(crate) struct App {
    /// The driver of the first position, which does what people ask for.
    pub(crate) driver: Handle,
    /// The drivers of all positions on the ring, the first one's first.
    pub(crate) positions: Vec<Handle>,
    /// The health of the stores of all positions, the first one's first.
    pub(crate) stores: Vec<Arc<Health>>,
    /// The folders of all positions, the first one's first.
    pub(crate) folders: Vec<PathBuf>,
    /// The contents that it shares and fetches.
    pub(crate) files: Arc<Files>,
    pub(crate) space: Space,
    pub(crate) token: String,
    pub(crate) allowed: Allowed,
    pub(crate) web: Option<PathBuf>,
    pub(crate) caps: Arc<Caps>,
    pub(crate) clock: Clock,
    /// True if there is a limit for the bytes of files that leave.
    pub(crate) limits_up: bool,
    pub(crate) refused: Refused,
}

impl App {
    /// Returns the reason why nothing can be written to the disk now.
    pub(crate) fn refusing(&self) -> Option<String> {
        self.stores.iter().find_map(|store| store.refusing())
    }
}

/// The number of requests that were refused, by reason.
#[derive(Debug, Default)]
pub(crate) struct Refused {
    pub(crate) host: AtomicU64,
    pub(crate) origin: AtomicU64,
    pub(crate) token: AtomicU64,
}

/// All routes.
pub(crate) fn router(app: Arc<App>) -> Router {
    let control = api::control().layer(from_fn_with_state(Arc::clone(&app), guard::token));
    let api = api::open()
        .merge(control)
        .fallback(api::no_such_path)
        .layer(from_fn_with_state(Arc::clone(&app), guard::origin));
    // A page that may not use it is told so over the socket: a browser shows a page nothing else.
    let socket = Router::new()
        .route("/ws", get(socket::upgrade))
        .route("/ws/{position}", get(socket::upgrade_at));
    let nosniff = SetResponseHeaderLayer::if_not_present(
        HeaderName::from_static("x-content-type-options"),
        HeaderValue::from_static("nosniff"),
    );
    // A content id is a capability: any program that knows it may read the content, a page of any origin too: it cannot be guessed, and nothing in it runs.
    let read = get(gateway::file).options(gateway::preflight);
    let read_below = get(gateway::file_below).options(gateway::preflight);
    let set = |field: &'static str, value: &'static str| {
        let field = HeaderName::from_static(field);
        SetResponseHeaderLayer::overriding(field, HeaderValue::from_static(value))
    };
    let files = Router::new()
        .route("/files/{content}", read)
        .route("/files/{content}/{*path}", read_below)
        .layer(set("access-control-allow-origin", "*"))
        .layer(set(
            "access-control-expose-headers",
            "accept-ranges, content-length, content-range, etag",
        ))
        .layer(set("cross-origin-resource-policy", "cross-origin"));
    Router::new()
        .nest("/api/v1", api)
        .merge(socket)
        .merge(files)
        .route("/metrics", get(metrics::metrics))
        .route("/healthz", get(health::health))
        .route("/readyz", get(health::ready))
        .fallback_service(page::service(app.web.as_deref()))
        .method_not_allowed_fallback(api::no_such_method)
        .layer(from_fn(guard::escapes))
        .layer(from_fn_with_state(Arc::clone(&app), guard::host))
        .layer(nosniff)
        .with_state(app)
}

/// The ways in for connections: by sockets, and from peers of this process.
pub(crate) type Doors = (TcpListener, Option<mpsc::Receiver<DuplexStream>>);

/// Serves until it is dropped.
pub(crate) async fn serve((listener, mut inside): Doors, router: Router, caps: Arc<Caps>) {
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, from)) => {
                    // A lookup is a chain of small messages: none may wait for company.
                    let permit = caps.admit(canonical(from));
                    if let Some(permit) = permit.filter(|_| stream.set_nodelay(true).is_ok()) {
                        tokio::spawn(connection(stream, router.clone(), Some(permit)));
                    }
                }
                Err(error) => {
                    let error = descriptors::explain(error);
                    UNACCEPTED.warn(format!("cannot accept a connection: {error}"));
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            },
            // Each is one link of a peer, which bounds its links itself.
            Some(stream) = next(&mut inside) => {
                tokio::spawn(connection(stream, router.clone(), None));
            }
        }
    }
}

async fn next(inside: &mut Option<mpsc::Receiver<DuplexStream>>) -> Option<DuplexStream> {
    match inside {
        Some(inside) => inside.recv().await,
        None => std::future::pending().await,
    }
}

/// An IPv4 client of an IPv6 socket is the same client.
fn canonical(from: SocketAddr) -> IpAddr {
    from.ip().to_canonical()
}

/// Without a permit it is from a peer of this process.
async fn connection<S>(stream: S, router: Router, permit: Option<Permit>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = service_fn(move |request: Request<Incoming>| {
        let mut request = request.map(Body::new);
        if let Some(permit) = &permit {
            request.extensions_mut().insert(permit.clone());
        }
        router.clone().oneshot(request)
    });
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_buf_size(MAX_HEAD)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades()
        .await;
    if let Err(error) = served {
        tracing::debug!(%error, "a connection ended");
    }
}
