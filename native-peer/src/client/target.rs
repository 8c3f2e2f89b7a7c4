//! The peer that a command talks to, and the token that it needs.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

use axum::http::uri::Authority;
use clap::Args;

use crate::data;
use crate::failure::Failure;
use crate::peer_url;

/// The port of the first peer on a machine.
const FIRST_PORT: u16 = 7340;
/// The longest time of a look whether a peer listens on this machine.
const LOOK_TIMEOUT: Duration = Duration::from_millis(200);

/// The option that names the peer to ask.
#[derive(Debug, Args)]
pub(crate) struct Target {
    /// Ask the peer at this URL [default: that of CHORDSCOPE_PEER; or else the one on port 7340, or the first that runs here]
    #[arg(long, value_name = "URL")]
    peer: Option<String>,
}

/// The address to connect to, and the one to show.
#[derive(Debug)]
pub(super) struct Place {
    /// Host and port.
    pub(super) authority: String,
    pub(super) token: Option<String>,
}

impl Target {
    /// The peer that the user means, with the token if it is the user's own.
    pub(super) fn place(&self) -> Result<Place, Failure> {
        let (named_by, url) = match (&self.peer, variable("CHORDSCOPE_PEER")) {
            (Some(url), _) => ("--peer", url.clone()),
            (None, Some(url)) => ("CHORDSCOPE_PEER", url),
            (None, None) => ("--peer", format!("ws://127.0.0.1:{}", local_port())),
        };
        let authority = peer_url::with_port(&peer_url::dialed(named_by, &url)?);
        let named: Option<Authority> = authority.parse().ok();
        // A token must not go to another machine that happens to use the same port.
        let local = named.filter(|named| is_local(named.host()));
        let token = local.and_then(|local| data::find_token(local.port_u16()?));
        Ok(Place {
            authority,
            token: variable("CHORDSCOPE_TOKEN").or(token),
        })
    }
}

/// A variable of the environment, if it is set to something.
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

fn is_local(host: &str) -> bool {
    let literal = host.trim_start_matches('[').trim_end_matches(']');
    match literal.parse::<IpAddr>() {
        Ok(address) => address.is_loopback(),
        Err(_) => host.eq_ignore_ascii_case("localhost"),
    }
}

/// The first peer that runs on this machine. Entries of killed peers stay behind, so that each is tried.
fn local_port() -> u16 {
    let mut ports = data::registered_ports();
    ports.sort_by_key(|port| (*port != FIRST_PORT, *port));
    let listens = |port: &u16| {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, *port));
        TcpStream::connect_timeout(&address, LOOK_TIMEOUT).is_ok()
    };
    ports.into_iter().find(listens).unwrap_or(FIRST_PORT)
}
