//! The commands that talk to a running peer: `put`, `get`, `delete`, `lookup`, `share`, `fetch`, `status`, `peers`,
//! `quorum`, `leave`.

mod connection;
mod files;
mod quorum;
mod record;
mod target;

use std::time::Duration;

use chordscope_core::store::record::Name;
use clap::{Args, Subcommand};
use hyper::Method;
use tokio::time::{Instant, sleep, timeout};

use crate::client::connection::Connection;
use crate::client::files::{FetchOptions, ShareOptions, UnshareOptions, VerifyOptions};
use crate::client::quorum::Quorum;
use crate::client::record::{DeleteOptions, GetOptions, PutOptions};
pub(crate) use crate::client::target::Target;
use crate::failure::Failure;
use crate::id_words::is_key;
use crate::output::{self, count};
use crate::views::{self, Awaited, Leaving, Lookup, Peers, Sought, Status, Store, Waiting};

/// The timeout of a departure: longer than the peer tries itself.
const LEAVE_TIMEOUT: Duration = Duration::from_secs(75);
/// The wait before the command says what a departure waits for.
const LEAVE_QUIET: Duration = Duration::from_secs(2);
/// The pause before asking again whether it has left.
const LEAVE_PAUSE: Duration = Duration::from_millis(200);

/// The greatest number of ranges without a majority that are printed.
const MAX_SHOWN: usize = 8;

/// A request to a running peer.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Put a value under a name, under a salt of the peer's own, or under the key that follows from it
    Put(PutOptions),
    /// Get the value of a name, of a key, or of an author
    Get(GetOptions),
    /// Delete a name, or a record of the peer's own
    Delete(DeleteOptions),
    /// Find the peer responsible for a name or an id
    Lookup(LookupOptions),
    /// Share files and folders, and print a link for each
    Share(ShareOptions),
    /// List the contents that the peer shares and fetches
    Shares(Target),
    /// Share something no more, or end its fetch
    Unshare(UnshareOptions),
    /// Fetch the file or folder of a link
    Fetch(FetchOptions),
    /// Check a file or a folder against a link; needs no peer
    Verify(VerifyOptions),
    /// Show the state of the peer and of its ring
    Status(Target),
    /// Repair a range without a majority, or adopt another lineage (level quorum)
    #[command(subcommand, arg_required_else_help = true)]
    Quorum(Quorum),
    /// Have the peer hand over what it keeps, give up its place in the ring for good, and end
    Leave(LeaveOptions),
    /// List the peers that it knows
    Peers(Target),
}

#[derive(Debug, Args)]
pub(crate) struct LeaveOptions {
    /// Leave even where nobody is there to take over what the peer keeps
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    target: Target,
}

#[derive(Debug, Args)]
pub(crate) struct LookupOptions {
    /// A name, or an id as 40 hexadecimal digits
    #[arg(value_name = "NAME|ID")]
    what: String,
    /// Look up iteratively, and show each hop with its address and round trip
    #[arg(long)]
    trace: bool,
    #[command(flatten)]
    target: Target,
}

/// Asks and prints the answer.
pub(crate) async fn run(command: Command, json: bool) -> Result<(), Failure> {
    match command {
        Command::Put(options) => options.run(json).await,
        Command::Get(options) => options.run(json).await,
        Command::Delete(options) => options.run(json).await,
        Command::Lookup(options) => options.run(json).await,
        Command::Share(options) => options.run(json).await,
        Command::Shares(target) => files::shares(&target, json).await,
        Command::Unshare(options) => options.run(json).await,
        Command::Fetch(options) => options.run(json).await,
        Command::Verify(options) => options.run(json),
        Command::Status(target) => status(&target, json).await,
        Command::Quorum(quorum) => quorum.run(json).await,
        Command::Leave(options) => options.run(json).await,
        Command::Peers(target) => peers(&target, json).await,
    }
}

impl LeaveOptions {
    async fn run(&self, json: bool) -> Result<(), Failure> {
        let connection = Connection::open(&self.target).await?;
        let status = read_status(&connection).await?;
        if let Some(outside) = status.outside().filter(|_| !self.force) {
            return Err(Failure::failed(format!(
                "the peer is in no ring now, and can hand nothing over{}: try again once it is in one, or say --force",
                outside.describe()
            )));
        }
        if status.successors.is_empty() && !self.force {
            return Err(Failure::failed(
                "the peer is alone: no other peer could take over what it keeps. Stop it with Ctrl-C to start it again \
                 later, or say --force",
            ));
        }
        let path = format!("/api/v1/leave?force={}", self.force);
        let answer = connection.ask(Method::POST, &path, Vec::new()).await?;
        let leaving: Leaving = answer.json()?;
        match timeout(LEAVE_TIMEOUT, self.wait_until_gone()).await {
            Ok(gone) => gone?,
            Err(_) => {
                return Err(Failure::failed(
                    "the peer is still handing over what it keeps: see `chordscope status`",
                ));
            }
        }
        match json {
            true => output::json(&leaving),
            false => output::line(&format!("peer {} has left the ring", status.id)),
        }
    }

    /// Waits until the peer has ended, which it does when others have taken over. After a while it is said what is missing.
    async fn wait_until_gone(&self) -> Result<(), Failure> {
        let began = Instant::now();
        let mut has_said = false;
        while let Ok(connection) = Connection::open(&self.target).await {
            let Ok(status) = read_status(&connection).await else {
                break;
            };
            match (status.leaving, status.stayed) {
                (None, Some(why)) => {
                    return Err(Failure::failed(format!(
                        "{why}: it has not left, and goes on as before. Try again later, stop it with Ctrl-C to start it \
                         again later, or say --force"
                    )));
                }
                (Some(leaving), _) if !has_said && began.elapsed() >= LEAVE_QUIET => {
                    has_said = true;
                    let waits = leaving.describe();
                    output::note(format_args!("chordscope: it has not left yet: {waits}"));
                }
                _ => {}
            }
            sleep(LEAVE_PAUSE).await;
        }
        Ok(())
    }
}

impl LookupOptions {
    async fn run(&self, json: bool) -> Result<(), Failure> {
        if !is_key(&self.what) {
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
    let hops = count(lookup.hops, "hop");
    text.push_str(&format!("{hops}, {:.3} ms", lookup.ms));
    text
}

pub(in crate::client) async fn read_status(connection: &Connection) -> Result<Status, Failure> {
    let path = "/api/v1/status";
    connection.ask(Method::GET, path, Vec::new()).await?.json()
}

async fn status(target: &Target, json: bool) -> Result<(), Failure> {
    let status = read_status(&Connection::open(target).await?).await?;
    if json {
        return output::json(&status);
    }
    let none = || "none".to_string();
    let mut positions = String::new();
    for (number, one) in status.virtual_nodes.iter().enumerate() {
        let (id, ring) = (&one.id, &one.ring);
        let (records, links) = (count(one.records, "record"), count(one.links, "link"));
        let line = format!("\nposition {number:<3}{id}, {ring}, {records}, {links}");
        positions.push_str(&line);
    }
    let mut going = String::new();
    if let Some(leaving) = &status.leaving {
        going = format!("\nleaving     {}", leaving.describe());
    } else if let Some(why) = &status.stayed {
        going = format!("\nhas stayed  {why}");
    }
    let mut awaited: Vec<String> = status.waits_for.iter().map(Sought::describe).collect();
    if awaited.is_empty() {
        awaited.extend(status.outside().and_then(|outside| outside.waits_for()));
    }
    let mut waiting = String::new();
    for (number, one) in awaited.iter().enumerate() {
        let label = if number == 0 { "waiting for" } else { "" };
        waiting.push_str(&format!("\n{label:<12}{one}"));
    }
    let store = status.store.as_ref().map_or_else(none, describe_store);
    let quorum = describe_quorum(&status.quorum);
    output::line(&format!(
        "id          {}\naddress     {}\nring        {}, {} known{waiting}\npredecessor {}\nsuccessors  {}\n\
         records     {}\nquorum      {quorum}\nstore       {store}\nlinks       {}{going}{positions}",
        status.id,
        status.address.unwrap_or_else(none),
        status.ring,
        count(status.members_known, "member"),
        status.predecessor.unwrap_or_else(none),
        match status.successors.is_empty() {
            true => none(),
            false => status.successors.join("\n            "),
        },
        status.records,
        status.links
    ))
}

/// A peer's part in level quorum: the members that are awaited, the ranges that cannot go on, and those that were repaired by hand.
fn describe_quorum(quorum: &views::Quorum) -> String {
    let Some(lineage) = &quorum.lineage else {
        return "no group yet".to_string();
    };
    let groups = count(quorum.groups, "group");
    let mut text = format!("{groups} of lineage {lineage}");
    if quorum.without_vote > 0 {
        let count = quorum.without_vote;
        text.push_str(&format!("; places without a vote: {count}"));
    }
    let awaited: Vec<String> = quorum.awaited.iter().map(Awaited::describe).collect();
    if !awaited.is_empty() {
        text.push_str(&format!("; awaited: {}", awaited.join(", ")));
    }
    let mut line = |line: String| text.push_str(&format!("\n            {line}"));
    let blocked: Vec<&Waiting> = quorum
        .waiting
        .iter()
        .filter(|range| range.blocked)
        .collect();
    for range in blocked.iter().take(MAX_SHOWN) {
        line(format!(
            "no majority for {}, generation {}",
            range.range, range.generation
        ));
    }
    if blocked.len() > MAX_SHOWN {
        let more = count(blocked.len() - MAX_SHOWN, "more range");
        line(format!("and for {more}: see --json"));
    }
    for other in &quorum.other_lineages {
        line(format!(
            "neighbours have lineage {other}: see `chordscope quorum adopt`"
        ));
    }
    for repaired in &quorum.repaired {
        let lost: Vec<&str> = repaired.lost.iter().map(|lost| lost.id.as_str()).collect();
        let (range, generation, lost) = (&repaired.range, repaired.generation, lost.join(", "));
        line(format!(
            "repaired {range}: generation {generation}, given up: {lost}"
        ));
    }
    text
}

/// A store's incarnation, and what is the matter with it.
fn describe_store(store: &Store) -> String {
    let mut text = format!("incarnation {}", store.incarnation);
    if let Some(why) = &store.why {
        text.push_str(&format!(", new at this start: {why}"));
    }
    if store.set_aside > 0 {
        text.push_str(&format!(", {} damaged set aside", store.set_aside));
    }
    if let Some(reason) = &store.refusing {
        text.push_str(&format!("\n            {reason}"));
    }
    text
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
        let why = peer.unlinked.map(|why| format!("  ({why})"));
        text.push_str(&format!(
            "{id}  {address}  link {link:<4}  {rtt:>9}  {roles}{}\n",
            why.unwrap_or_default()
        ));
    }
    output::line(&text)
}

/// Returns the way to a node, in words: its address, or the relay.
fn place(address: Option<&str>, via: Option<&str>) -> String {
    match (address, via) {
        (Some(address), _) => address.to_string(),
        (None, Some(via)) => format!("through {via}"),
        (None, None) => "-".to_string(),
    }
}
