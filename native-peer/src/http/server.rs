//! Accepting connections: not too many, not too slow.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tower::ServiceExt as _;

use crate::burst::Burst;
use crate::descriptors;

/// The longest time for a request's head to arrive, also behind an answered request.
const HEAD_TIMEOUT: Duration = Duration::from_secs(5);
/// The longest head of a request, in bytes.
const MAX_HEAD: usize = 16 * 1024;
/// The pause when the system refuses a connection, which it does when files run out.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Connections that the system has refused.
static UNACCEPTED: Burst = Burst::new();

/// The greatest number of connections, and the present one.
#[derive(Debug)]
pub(crate) struct Caps {
    total: usize,
    per_address: usize,
    open: Mutex<HashMap<IpAddr, usize>>,
    refused: AtomicU64,
}

/// A connection's place; given back when the connection, or the link that it became, ends.
#[derive(Clone, Debug)]
pub(crate) struct Permit(#[allow(dead_code, reason = "held for its drop alone")] Arc<Place>);

#[derive(Debug)]
struct Place {
    caps: Arc<Caps>,
    address: IpAddr,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.caps.table();
        if let Some(count) = open.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.address);
            }
        }
    }
}

impl Caps {
    pub(crate) fn new(total: usize, per_address: usize) -> Arc<Self> {
        Arc::new(Self {
            total,
            per_address,
            open: Mutex::default(),
            refused: AtomicU64::new(0),
        })
    }

    /// Returns the number of open connections.
    pub(crate) fn open(&self) -> usize {
        self.table().values().sum()
    }

    /// Returns the number of refused connections.
    pub(crate) fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    fn admit(self: &Arc<Self>, address: IpAddr) -> Option<Permit> {
        let mut open = self.table();
        let all: usize = open.values().sum();
        let mine = open.entry(address).or_default();
        if all >= self.total || *mine >= self.per_address {
            if *mine == 0 {
                open.remove(&address);
            }
            self.refused.fetch_add(1, Ordering::Relaxed);
            return None;
        }
        *mine += 1;
        let caps = Arc::clone(self);
        Some(Permit(Arc::new(Place { caps, address })))
    }

    fn table(&self) -> std::sync::MutexGuard<'_, HashMap<IpAddr, usize>> {
        // Counting cannot panic half-way.
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_limited_and_given_back() {
        let caps = Caps::new(3, 2);
        let [a, b] = ["127.0.0.1", "::1"].map(|text| text.parse().unwrap());
        let first = caps.admit(a).unwrap();
        let second = caps.admit(a);
        assert!(second.is_some() && caps.admit(a).is_none(), "per address");
        let third = caps.admit(b);
        assert!(third.is_some() && caps.admit(b).is_none(), "in all");
        assert_eq!((caps.open(), caps.refused()), (3, 2));
        let clone = first.clone();
        drop(first);
        assert_eq!(caps.open(), 3, "a link still holds it");
        drop(clone);
        assert!(caps.admit(b).is_some());
    }
}
