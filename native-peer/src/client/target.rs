//! Which peer a command talks to, and the token it needs.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

use chordscope_core::base::contact::Address;

use crate::client::Target;
use crate::data;
use crate::failure::Failure;
use crate::peer_url;

/// The port of the first peer on a machine.
const FIRST_PORT: u16 = 7340;
/// How long a look whether somebody listens on this machine may take.
const LOOK_TIMEOUT: Duration = Duration::from_millis(200);

/// Where to connect, and what to show.
#[derive(Debug)]
pub(super) struct Place {
    /// Host and port.
    pub(super) authority: String,
    pub(super) token: Option<String>,
}

impl Place {
    /// A peer anywhere, to whom no token is sent.
    pub(super) fn of(address: &Address) -> Self {
        Self {
            authority: with_port(address.authority()),
            token: None,
        }
    }
}

impl Target {
    /// The peer that the user means, with the token if it is the user's own.
    pub(super) fn place(&self) -> Result<Place, Failure> {
        let (named_by, url) = match (&self.peer, variable("CHORDSCOPE_PEER")) {
            (Some(url), _) => ("--peer", url.clone()),
            (None, Some(url)) => ("CHORDSCOPE_PEER", url),
            (None, None) => ("--peer", format!("ws://127.0.0.1:{}", local_port())),
        };
        let place = Place::of(&peer_url::dialed(named_by, &url)?);
        let (host, port) = place.authority.rsplit_once(':').unwrap_or_default();
        // A token must not go to another machine that happens to use the same port.
        let token = match port.parse() {
            Ok(port) if is_local(host) => data::find_token(port),
            _ => None,
        };
        Ok(Place {
            token: variable("CHORDSCOPE_TOKEN").or(token),
            ..place
        })
    }
}

/// A variable of the environment, if it is set to something.
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

fn with_port(host: &str) -> String {
    let name_end = host.rfind(']').unwrap_or(0);
    match host[name_end..].contains(':') {
        true => host.to_string(),
        false => format!("{host}:80"),
    }
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
