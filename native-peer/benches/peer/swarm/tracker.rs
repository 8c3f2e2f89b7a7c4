//! A minimal BitTorrent tracker (BEP 3, BEP 23): it tells every peer of every other.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;

use crate::Outcome;
use crate::swarm::child::TIMEOUT;

type Ports = Arc<(Mutex<BTreeSet<u16>>, Condvar)>;

/// A tracker on loopback, for as long as this program runs.
pub(crate) struct Tracker {
    url: String,
    ports: Ports,
}

impl Tracker {
    pub(crate) fn start() -> Outcome<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let url = format!("http://{}/announce", listener.local_addr()?);
        let ports = Ports::default();
        let known = Arc::clone(&ports);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                // A peer that hangs up asks again.
                let _ = answer(stream, &known);
            }
        });
        Ok(Self { url, ports })
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Waits until the peer on this port has announced itself.
    pub(crate) fn wait_for(&self, port: u16) -> Outcome<()> {
        let (known, changed) = &*self.ports;
        let known = known.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = changed.wait_timeout_while(known, TIMEOUT, |known| !known.contains(&port));
        match waited {
            Ok((_, waited)) if !waited.timed_out() => Ok(()),
            _ => Err("a peer does not announce itself".into()),
        }
    }
}

fn answer(mut stream: TcpStream, ports: &Ports) -> Outcome<()> {
    let mut lines = BufReader::new(stream.try_clone()?).lines();
    let first = lines.next().ok_or("nothing was asked")??;
    while lines.next().ok_or("the request does not end")??.len() > 1 {}
    let port = first
        .split(['?', '&', ' '])
        .find_map(|part| part.strip_prefix("port="));
    let port: u16 = port.ok_or("no port was named")?.parse()?;
    let (known, changed) = &**ports;
    let mut peers = Vec::new();
    {
        let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
        for other in known.iter().filter(|other| **other != port) {
            peers.extend([127, 0, 0, 1]);
            peers.extend(other.to_be_bytes());
        }
        known.insert(port);
    }
    changed.notify_all();
    let mut body = format!("d8:intervali2e5:peers{}:", peers.len()).into_bytes();
    body.extend(peers);
    body.push(b'e');
    let head = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: ";
    write!(stream, "{head}{}\r\n\r\n", body.len())?;
    Ok(stream.write_all(&body)?)
}
