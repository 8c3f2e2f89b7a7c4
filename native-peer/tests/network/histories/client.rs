//! A client: asks one peer over HTTP, or another while that one is down, one operation after another.

use std::collections::BTreeMap;
use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use chordscope_core::base::rng::Rng;
use serde_json::Value;

use super::told::{Access, Name, Told, unsure};
use chordscope_sim::checks::linearizable::Operation;
use chordscope_sim::checks::register::{Act, Asked, Outcome};

/// The time that a peer gets to answer: it gives an operation up after ten seconds.
const TIMEOUT: Duration = Duration::from_secs(25);
/// The value of a lock, whoever takes it.
const MINE: u32 = 1;

pub(super) struct Client {
    number: u32,
    rng: Rng,
    home: usize,
    /// Counts values of its own.
    values: u32,
    /// The lineage of each peer, in one of its lives.
    lineages: BTreeMap<usize, (u32, Option<String>)>,
    /// The last outcome that the client heard of.
    latest: Outcome,
}

/// The outcome of a request.
enum Answer {
    /// No server listened: the request has not arrived.
    Nobody,
    /// The request may have arrived.
    Lost,
    Came {
        code: u16,
        sequence: Option<u64>,
        body: Vec<u8>,
    },
}

impl Client {
    pub(super) fn new(seed: u64, number: u32, home: usize) -> Self {
        Self {
            number,
            rng: Rng::from_seed(seed, 0x5e50 + u64::from(number)),
            home,
            values: 0,
            lineages: BTreeMap::new(),
            latest: Outcome::Unsure,
        }
    }

    /// Asks and asks until all is over.
    pub(super) fn run(&mut self, told: &Told) {
        loop {
            let mut slots: Vec<usize> = (0..5).collect();
            let ahead = usize::try_from(self.rng.below(5)).unwrap();
            slots.rotate_left(ahead);
            slots.insert(0, self.home);
            let Some(slot) = told.first_up(&slots) else {
                return;
            };
            let drawn = usize::try_from(self.rng.below(Name::DRAWN.len() as u64)).unwrap();
            let name = told.current(Name::DRAWN[drawn]);
            let done = match name {
                Name::Counter(_) => self.count(told, slot, name),
                Name::Lock(_) if self.rng.chance(1, 4) => self.ask(told, slot, name, Asked::Get),
                Name::Lock(_) => self.ask(told, slot, name, Asked::Swap(0, MINE)),
                Name::Text(_) | Name::Big(_) => self.write_or_read(told, slot, name),
            };
            if done.is_err() {
                told.rest();
            }
        }
    }

    fn count(&mut self, told: &Told, slot: usize, name: Name) -> Result<(), String> {
        self.ask(told, slot, name, Asked::Get)?;
        let (value, sequence) = match self.latest {
            Outcome::Got(got) => got.unwrap_or_default(),
            _ => return Ok(()),
        };
        self.ask(told, slot, name, Asked::Swap(sequence, value + 1))
    }

    fn write_or_read(&mut self, told: &Told, slot: usize, name: Name) -> Result<(), String> {
        self.values += 1;
        let value = self.number * 100_000 + self.values;
        let asked = match self.rng.below(10) {
            0..4 => Asked::Get,
            4..8 => Asked::Put(Some(value)),
            8 => Asked::Put(None),
            _ => match self.latest {
                Outcome::Got(Some((_, sequence))) | Outcome::Mismatch(sequence) => {
                    Asked::Swap(sequence, value)
                }
                _ => Asked::Swap(0, value),
            },
        };
        self.ask(told, slot, name, asked)
    }

    /// Carries out one operation, and notes its outcome; returns the reason, if that is not known or nothing was done.
    pub(super) fn ask(
        &mut self,
        told: &Told,
        slot: usize,
        name: Name,
        asked: Asked,
    ) -> Result<(), String> {
        let Some(access) = told.access(slot) else {
            return Err("the peer is down".to_string());
        };
        let before = self.lineage(slot, &access);
        let start = told.now();
        let answer = request(&access, name, asked);
        let end = told.now();
        let (act, why) = match read(name, asked, answer) {
            Ok(act) => (act, Ok(())),
            Err(Fault::Nothing(why)) => {
                told.ended();
                return Err(why);
            }
            Err(Fault::Unsure(why)) => (Act(asked, Outcome::Unsure), Err(why)),
            Err(Fault::Nonsense(what)) => {
                told.hear_nonsense(format!("{name} at {}: {what}", access.port));
                (Act(asked, Outcome::Unsure), Err(what))
            }
        };
        // In which lineage it was done: that of the peer, if it was the same before and after.
        self.lineages.remove(&slot);
        let after = status(&access);
        let lineage = match &after {
            Ok(after) => before.filter(|before| after.as_ref() == Some(before)),
            Err(_) => before.filter(|_| !access.is_fickle),
        };
        if let Ok(after) = after {
            self.lineages.insert(slot, (access.life, after));
        }
        let Act(asked, outcome) = act;
        let is_sure = outcome != Outcome::Unsure && lineage.is_some();
        self.latest = if is_sure { outcome } else { Outcome::Unsure };
        match (is_sure, asked) {
            (true, _) => told.hear(lineage, name, Operation { act, start, end }),
            (false, Asked::Get) => told.ended(),
            (false, _) => told.hear(lineage, name, unsure(asked, start)),
        }
        match why {
            Ok(()) if !is_sure => Err("the peer's lineage is not known".to_string()),
            why => why,
        }
    }

    fn lineage(&mut self, slot: usize, access: &Access) -> Option<String> {
        match self.lineages.get(&slot) {
            Some((life, lineage)) if *life == access.life => lineage.clone(),
            _ => {
                let lineage = status(access).ok()?;
                self.lineages.insert(slot, (access.life, lineage.clone()));
                lineage
            }
        }
    }
}

/// The effect of an operation that was not answered as it should be.
enum Fault {
    /// The operation has done nothing.
    Nothing(String),
    Unsure(String),
    /// A peer never says this.
    Nonsense(String),
}

fn read(name: Name, asked: Asked, answer: Answer) -> Result<Act, Fault> {
    let (code, sequence, body) = match answer {
        Answer::Nobody => return Err(Fault::Nothing("nobody listens".to_string())),
        Answer::Lost => return Err(Fault::Unsure("no answer".to_string())),
        Answer::Came {
            code,
            sequence,
            body,
        } => (code, sequence, body),
    };
    let text = || String::from_utf8_lossy(&body[..body.len().min(200)]).into_owned();
    let strange = || Fault::Nonsense(format!("{asked:?} gave {code}: {}", text()));
    match (code, asked) {
        (200, Asked::Get) => {
            let got = name.number(&body).zip(sequence);
            let got = got.ok_or_else(strange)?;
            Ok(Act(asked, Outcome::Got(Some(got))))
        }
        // To delete it looks first.
        (404, Asked::Get | Asked::Put(None)) => Ok(Act(Asked::Get, Outcome::Got(None))),
        (200, _) => {
            let put: Value = serde_json::from_slice(&body).map_err(|_| strange())?;
            let sequence = put["sequence"].as_u64().ok_or_else(strange)?;
            Ok(Act(asked, Outcome::Written(sequence)))
        }
        (409, Asked::Swap(..)) => {
            let text = text();
            let found = text.split("version ").nth(1);
            let digits = found.map(|found| {
                let digits = found.chars().take_while(char::is_ascii_digit);
                digits.collect::<String>()
            });
            match digits.and_then(|digits| digits.parse().ok()) {
                Some(found) => Ok(Act(asked, Outcome::Mismatch(found))),
                None if text.contains("no such") => Ok(Act(asked, Outcome::Mismatch(0))),
                None => Err(strange()),
            }
        }
        (503, _) if text().contains("in no ring yet") => Err(Fault::Nothing(text())),
        (503, _) => Err(Fault::Unsure(text())),
        _ => Err(strange()),
    }
}

fn request(access: &Access, name: Name, asked: Asked) -> Answer {
    let (method, condition, value) = match asked {
        Asked::Get => ("GET", String::new(), String::new()),
        Asked::Put(Some(value)) => ("PUT", String::new(), name.value(value)),
        Asked::Put(None) => ("DELETE", String::new(), String::new()),
        Asked::Swap(expected, value) => {
            ("PUT", format!("&if_sequence={expected}"), name.value(value))
        }
    };
    let path = format!("/api/v1/record?name={name}&level=quorum{condition}");
    speak(access, method, &path, value.as_bytes())
}

/// The peer's lineage, once it has one.
pub(super) fn status(access: &Access) -> Result<Option<String>, ()> {
    let whole = whole_status(access).ok_or(())?;
    Ok(whole["quorum"]["lineage"].as_str().map(str::to_string))
}

/// Returns a peer's whole status.
pub(super) fn whole_status(access: &Access) -> Option<Value> {
    match speak(access, "GET", "/api/v1/status", &[]) {
        Answer::Came {
            code: 200, body, ..
        } => serde_json::from_slice(&body).ok(),
        _ => None,
    }
}

/// Asks the peer to leave for good.
pub(super) fn leave(access: &Access) {
    let _ = speak(access, "POST", "/api/v1/leave", &[]);
}

fn speak(access: &Access, method: &str, path: &str, body: &[u8]) -> Answer {
    let address = SocketAddr::from(([127, 0, 0, 1], access.port));
    let Ok(mut stream) = TcpStream::connect_timeout(&address, TIMEOUT) else {
        return Answer::Nobody;
    };
    let talk = |stream: &mut TcpStream| -> io::Result<Vec<u8>> {
        stream.set_read_timeout(Some(TIMEOUT))?;
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nAuthorization: Bearer {}\r\n\
             Content-Length: {}\r\n\r\n",
            access.token,
            body.len()
        );
        stream.write_all(&[head.as_bytes(), body].concat())?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer)?;
        Ok(answer)
    };
    let answer = talk(&mut stream).unwrap_or_default();
    let Some(end) = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n") else {
        return Answer::Lost;
    };
    let head = String::from_utf8_lossy(&answer[..end]).to_ascii_lowercase();
    let header = |name: &str| {
        let mut lines = head.lines();
        let value = lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
        value.and_then(|value| value.parse::<u64>().ok())
    };
    let body = answer[end + 4..].to_vec();
    let code = head.split(' ').nth(1).and_then(|code| code.parse().ok());
    match code.zip(header("content-length")) {
        Some((code, length)) if length == body.len() as u64 => Answer::Came {
            code,
            sequence: header("x-chordscope-sequence"),
            body,
        },
        _ => Answer::Lost,
    }
}
