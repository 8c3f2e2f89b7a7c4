//! The commands that talk to a running peer: `put`, `get`, `delete`, `lookup`, `status`, `peers`.

mod connection;
mod target;

use std::io::{IsTerminal, Read};

use chordscope_core::base::id::Space;
use chordscope_core::store::record::{MAX_VALUE, Name};
use clap::{Args, Subcommand};
use hyper::Method;
use serde::Serialize;

use crate::client::connection::{Answer, Connection};
use crate::failure::Failure;
use crate::http::{KEY_HEADER, LevelName, SEQUENCE_HEADER};
use crate::output;
use crate::views::{Lookup, Peers, Put, Status};

/// A question to a running peer.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Put a value under a name
    Put(PutOptions),
    /// Get the value of a name
    Get(GetOptions),
    /// Delete a name
    Delete(DeleteOptions),
    /// Find the peer responsible for a name or an id
    Lookup(LookupOptions),
    /// How the peer and its ring are
    Status(Target),
    /// The peers that it knows
    Peers(Target),
}

/// Which peer is asked.
#[derive(Debug, Args)]
pub(crate) struct Target {
    /// Ask the peer at this URL [default: the one on port 7340, or else the first that runs here]
    #[arg(long, value_name = "URL")]
    peer: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct PutOptions {
    name: String,
    /// The value, @FILE for a file's content, - for standard input; at most 64 KiB
    #[arg(value_name = "VALUE|@FILE|-", allow_hyphen_values = true)]
    value: String,
    #[command(flatten)]
    condition: Condition,
    #[command(flatten)]
    target: Target,
}

/// How much a put or delete promises, and on what condition it is done.
#[derive(Debug, Args)]
pub(crate) struct Condition {
    /// How many peers must agree
    #[arg(long, value_enum, default_value_t = LevelName::One)]
    level: LevelName,
    /// Only if the name has this sequence number, 0 for no such name; needs --level quorum
    #[arg(long, value_name = "N")]
    if_sequence: Option<u64>,
}

#[derive(Debug, Args)]
pub(crate) struct GetOptions {
    name: String,
    /// How many peers must agree
    #[arg(long, value_enum, default_value_t = LevelName::One)]
    level: LevelName,
    #[command(flatten)]
    target: Target,
}

#[derive(Debug, Args)]
pub(crate) struct DeleteOptions {
    name: String,
    #[command(flatten)]
    condition: Condition,
    #[command(flatten)]
    target: Target,
}

#[derive(Debug, Args)]
pub(crate) struct LookupOptions {
    /// A name, or an id as 40 hexadecimal digits
    #[arg(value_name = "NAME|ID")]
    what: String,
    /// Ask hop by hop, and show each with its address and round trip
    #[arg(long)]
    trace: bool,
    #[command(flatten)]
    target: Target,
}

#[derive(Serialize)]
struct Got {
    key: String,
    /// `null` when the value is no text.
    value: Option<String>,
    sequence: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    value_base64: Option<String>,
}

/// Asks and prints the answer.
pub(crate) async fn run(command: Command, json: bool) -> Result<(), Failure> {
    match command {
        Command::Put(options) => options.run(json).await,
        Command::Get(options) => get(&options, json).await,
        Command::Delete(options) => delete(&options, json).await,
        Command::Lookup(options) => options.run(json).await,
        Command::Status(target) => status(&target, json).await,
        Command::Peers(target) => peers(&target, json).await,
    }
}

impl PutOptions {
    async fn run(&self, json: bool) -> Result<(), Failure> {
        let path = self.condition.path(&self.name)?;
        let value = read_value(&self.value)?;
        let connection = Connection::open(&self.target).await?;
        let put: Put = connection.ask(Method::PUT, &path, value).await?.json()?;
        if json {
            return output::json(&put);
        }
        output::line(&format!(
            "put \"{}\": key {}, {}, sequence {}",
            self.name,
            put.key,
            copies(put.copies),
            put.sequence
        ))
    }
}

async fn get(options: &GetOptions, json: bool) -> Result<(), Failure> {
    let path = record_path(&options.name, options.level)?;
    let connection = Connection::open(&options.target).await?;
    let answer = connection.ask(Method::GET, &path, Vec::new()).await?;
    if json {
        let key = answer.header(KEY_HEADER)?.to_string();
        let sequence = answer.header(SEQUENCE_HEADER)?.parse();
        let sequence = sequence.map_err(|_| connection.nonsense())?;
        let text = std::str::from_utf8(&answer.body).map(str::to_string);
        let value_base64 = match &text {
            Ok(_) => None,
            Err(_) => Some(data_encoding::BASE64.encode(&answer.body)),
        };
        return output::json(&Got {
            key,
            value: text.ok(),
            sequence,
            value_base64,
        });
    }
    let text = std::str::from_utf8(&answer.body);
    match text {
        Ok(text) if std::io::stdout().is_terminal() => output::line(text),
        _ => output::bytes(&answer.body),
    }
}

async fn delete(options: &DeleteOptions, json: bool) -> Result<(), Failure> {
    let path = options.condition.path(&options.name)?;
    let connection = Connection::open(&options.target).await?;
    let answer = connection.ask(Method::DELETE, &path, Vec::new()).await?;
    let put: Put = answer.json()?;
    if json {
        return output::json(&put);
    }
    let copies = copies(put.copies);
    output::line(&format!("deleted \"{}\": told {copies}", options.name))
}

impl LookupOptions {
    async fn run(&self, json: bool) -> Result<(), Failure> {
        let is_id = self.what.len() == 40 && Space::FULL.parse(&self.what).is_ok();
        if !is_id {
            Name::new(self.what.as_str()).map_err(|error| Failure::usage("NAME", error))?;
        }
        let mode = if self.trace { "iterative" } else { "recursive" };
        let what = connection::escape(&self.what);
        let path = format!("/api/v1/lookup?mode={mode}&what={what}");
        let connection = Connection::open(&self.target).await?;
        let answer = connection.ask(Method::GET, &path, Vec::new()).await?;
        let lookup: Lookup = answer.json()?;
        if json {
            return output::json(&lookup);
        }
        output::line(&describe(&lookup, self.trace))
    }
}

fn describe(lookup: &Lookup, trace: bool) -> String {
    let mut text = format!("key   {}\nowner {}\n", lookup.key, lookup.owner);
    if trace {
        for (number, hop) in lookup.path.iter().enumerate() {
            let address = place(hop.address.as_deref(), hop.via.as_deref());
            let rtt = hop.rtt_ms.map(|rtt| format!("{rtt:.3} ms"));
            let rtt = rtt.unwrap_or_else(|| "-".to_string());
            text.push_str(&format!("{number:>5} {}  {address}  {rtt}\n", hop.id));
        }
    }
    let hops = if lookup.hops == 1 { "hop" } else { "hops" };
    text.push_str(&format!("{} {hops}, {:.3} ms", lookup.hops, lookup.ms));
    text
}

async fn read_status(connection: &Connection) -> Result<Status, Failure> {
    let path = "/api/v1/status";
    connection.ask(Method::GET, path, Vec::new()).await?.json()
}

async fn status(target: &Target, json: bool) -> Result<(), Failure> {
    let status = read_status(&Connection::open(target).await?).await?;
    if json {
        return output::json(&status);
    }
    let none = || "none".to_string();
    output::line(&format!(
        "id          {}\naddress     {}\nring        {}, {} members known\npredecessor {}\nsuccessors  {}\n\
         records     {}\nlinks       {}",
        status.id,
        status.address.unwrap_or_else(none),
        status.ring,
        status.members_known,
        status.predecessor.unwrap_or_else(none),
        match status.successors.is_empty() {
            true => none(),
            false => status.successors.join("\n            "),
        },
        status.records,
        status.links
    ))
}

async fn peers(target: &Target, json: bool) -> Result<(), Failure> {
    let connection = Connection::open(target).await?;
    let answer = connection
        .ask(Method::GET, "/api/v1/peers", Vec::new())
        .await?;
    let peers: Peers = answer.json()?;
    if json {
        return output::json(&peers);
    }
    if peers.peers.is_empty() {
        return output::line("it knows no other peer");
    }
    let mut text = String::new();
    for peer in peers.peers {
        let address = place(peer.address.as_deref(), peer.via.as_deref());
        let rtt = peer.rtt_ms.map(|rtt| format!("{rtt:.3} ms"));
        let rtt = rtt.unwrap_or_else(|| "-".to_string());
        let (id, link, roles) = (peer.id, peer.link, peer.roles.join(", "));
        text.push_str(&format!(
            "{id}  {address}  link {link:<4}  {rtt:>9}  {roles}\n"
        ));
    }
    output::line(&text)
}

fn copies(count: u8) -> String {
    match count {
        1 => "1 copy".to_string(),
        count => format!("{count} copies"),
    }
}

impl Condition {
    fn path(&self, name: &str) -> Result<String, Failure> {
        let path = record_path(name, self.level)?;
        match (self.if_sequence, self.level) {
            (None, _) => Ok(path),
            (Some(expected), LevelName::Quorum) => Ok(format!("{path}&if_sequence={expected}")),
            (Some(_), LevelName::One) => {
                let reason = "a condition needs --level quorum";
                Err(Failure::usage("--if-sequence", reason))
            }
        }
    }
}

fn record_path(name: &str, level: LevelName) -> Result<String, Failure> {
    let name = Name::new(name).map_err(|error| Failure::usage("NAME", error))?;
    let name = connection::escape(name.as_str());
    let level = level.name();
    Ok(format!("/api/v1/record?name={name}&level={level}"))
}

fn read_value(text: &str) -> Result<Vec<u8>, Failure> {
    let wrong = |error: &dyn std::fmt::Display| Failure::usage("VALUE", format!("{text}: {error}"));
    let mut value = Vec::new();
    // One byte more than allowed is enough to know that it is too long.
    let most = MAX_VALUE as u64 + 1;
    match (text, text.strip_prefix('@')) {
        ("-", _) => {
            let mut input = std::io::stdin().take(most);
            input
                .read_to_end(&mut value)
                .map_err(|error| wrong(&error))?;
        }
        (_, Some(path)) => {
            let file = std::fs::File::open(path).map_err(|error| wrong(&error))?;
            let mut input = file.take(most);
            input
                .read_to_end(&mut value)
                .map_err(|error| wrong(&error))?;
        }
        (text, None) => value.extend_from_slice(text.as_bytes()),
    }
    if value.len() > MAX_VALUE {
        let reason = chordscope_core::store::record::RecordError::Value;
        return Err(Failure::usage("VALUE", reason));
    }
    Ok(value)
}

impl Answer {
    fn json<T: serde::de::DeserializeOwned>(&self) -> Result<T, Failure> {
        serde_json::from_slice(&self.body).map_err(|_| self.nonsense())
    }
}

/// Where a node is reached.
fn place(address: Option<&str>, via: Option<&str>) -> String {
    match (address, via) {
        (Some(address), _) => address.to_string(),
        (None, Some(via)) => format!("through {via}"),
        (None, None) => "-".to_string(),
    }
}
