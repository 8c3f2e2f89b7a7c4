//! `quorum`: an operator's orders where level quorum cannot go on by itself: repair and adoption.

use std::io::{BufRead, IsTerminal, Write};
use std::time::Duration;

use chordscope_core::base::id::Space;
use chordscope_core::store::record::Name;
use clap::{Args, Subcommand};
use hyper::Method;
use tokio::time::sleep;

use crate::client::Target;
use crate::client::connection::{Connection, escape};
use crate::failure::Failure;
use crate::id_words::{is_key, no_lineage};
use crate::output::{self, count};
use crate::peer_url;
use crate::views::{Adoption, Range, Repaired, UNKNOWN_LINEAGE, parse_lineage};

/// The pause before asking again how an adoption stands.
const PAUSE: Duration = Duration::from_millis(250);
const ADOPT: &str = "/api/v1/quorum/adopt";

/// The repairs that an operator orders at level quorum.
#[derive(Debug, Subcommand)]
pub(crate) enum Quorum {
    /// Go on with a range whose majority is gone for good; writes that only the lost have acknowledged are gone with them
    #[command(after_help = WARNING)]
    Repair(RepairOptions),
    /// Give the peer's lineage up for another one of its ring: what is missing there is brought in, conflicts are exported
    Adopt(AdoptOptions),
}

/// The warning that an operator reads before a repair.
const WARNING: &str = "\
The peer that is asked must be a member of the range's group; all members that are not lost must be up. What it has is kept. Whatever \
the lost have acknowledged without it is gone. Make sure that the lost are down, and order a repair at one peer only: members that are \
cut off and run go on by themselves, and lose what they accept. If a lost peer starts again it serves nothing of the range: its \
records go to a file quorum-set-aside-N.jsonl in its data folder.";

#[derive(Debug, Args)]
pub(crate) struct RepairOptions {
    /// The range as `chordscope status` prints it, or a name or key that lies in it
    #[arg(value_name = "RANGE|NAME|KEY")]
    range: String,
    /// A member that is gone for good: its id, or its address as it is printed; several times, or with commas
    #[arg(
        long,
        required = true,
        value_name = "ID|ADDRESS",
        value_delimiter = ',',
        allow_negative_numbers = true
    )]
    lost: Vec<String>,
    /// Do not ask for confirmation
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    target: Target,
}

#[derive(Debug, Args)]
pub(crate) struct AdoptOptions {
    /// The lineage to adopt, as `chordscope status` shows it: 16 hexadecimal digits
    #[arg(value_name = "LINEAGE", allow_negative_numbers = true)]
    lineage: String,
    #[command(flatten)]
    target: Target,
}

impl Quorum {
    pub(super) async fn run(&self, json: bool) -> Result<(), Failure> {
        match self {
            Self::Repair(options) => options.run(json).await,
            Self::Adopt(options) => options.run(json).await,
        }
    }
}

impl RepairOptions {
    async fn run(&self, json: bool) -> Result<(), Failure> {
        check_range(&self.range)?;
        self.lost.iter().try_for_each(|lost| check_member(lost))?;
        self.confirm()?;
        let (range, lost) = (escape(&self.range), escape(&self.lost.join(",")));
        let path = format!("/api/v1/quorum/repair?range={range}&lost={lost}");
        let connection = Connection::open(&self.target).await?;
        // Records may have to move first; the peer itself gives up after a while.
        let answer = connection.ask_at_leisure(Method::POST, &path, Vec::new());
        let repaired: Repaired = answer.await?.json()?;
        match json {
            true => output::json(&repaired),
            false => output::line(&describe(&repaired)),
        }
    }

    fn confirm(&self) -> Result<(), Failure> {
        if self.yes {
            return Ok(());
        }
        if !std::io::stdin().is_terminal() {
            let reason = "a repair gives up what only the lost have: say that you mean it";
            return Err(Failure::usage("--yes", reason));
        }
        // Where the question cannot be shown, the answer is no.
        let mut stderr = std::io::stderr();
        let asked = write!(
            stderr,
            "Writes that only {} acknowledged will be gone. They must be down for good. Go on? [y/N] ",
            self.lost.join(", ")
        );
        let asked = asked.and_then(|()| stderr.flush());
        let mut answer = String::new();
        let read = std::io::stdin().lock().read_line(&mut answer);
        let yes = ["y", "yes"].contains(&answer.trim().to_lowercase().as_str());
        match asked.is_ok() && read.is_ok() && yes {
            true => Ok(()),
            false => Err(Failure::failed("nothing was done")),
        }
    }
}

/// Checks what can be seen without a peer.
fn check_range(text: &str) -> Result<(), Failure> {
    let usage = |reason: &dyn std::fmt::Display| Failure::usage("RANGE", reason);
    match Range::parse(Space::FULL, text) {
        Some(range) => range.map(drop).map_err(|error| usage(&error)),
        None if is_key(text) => Ok(()),
        None => Name::new(text).map(drop).map_err(|error| usage(&error)),
    }
}

/// Checks that a text can name a member: by its id, or its address.
fn check_member(text: &str) -> Result<(), Failure> {
    let text = text.trim();
    if text.is_empty() {
        let reason = "an empty name names no member: give its id or its address, as `chordscope status` prints it";
        return Err(Failure::usage("--lost", reason));
    }
    if Space::FULL.parse(text).is_ok() || peer_url::told("--lost", text).is_ok() {
        return Ok(());
    }
    let reason = format!(
        "\"{text}\" is neither an id, which has 40 hexadecimal digits, nor an address: give one as `chordscope status` prints it"
    );
    Err(Failure::usage("--lost", reason))
}

fn describe(repaired: &Repaired) -> String {
    let lost: Vec<&str> = repaired.lost.iter().map(|lost| lost.id.as_str()).collect();
    format!(
        "repaired {}: generation {}, given up: {}",
        repaired.range,
        repaired.generation,
        lost.join(", ")
    )
}

impl AdoptOptions {
    async fn run(&self, json: bool) -> Result<(), Failure> {
        if parse_lineage(&self.lineage).is_none() {
            let reason = no_lineage(&self.lineage);
            return Err(Failure::usage("LINEAGE", reason));
        }
        let connection = Connection::open(&self.target).await?;
        let path = format!("{ADOPT}?lineage={}", self.lineage);
        let answer = connection.ask(Method::POST, &path, Vec::new()).await?;
        let mut adoption: Adoption = answer.json()?;
        while adoption.running {
            sleep(PAUSE).await;
            let answer = connection.ask(Method::GET, ADOPT, Vec::new()).await?;
            adoption = answer.json()?;
        }
        if adoption.error.as_deref() == Some(UNKNOWN_LINEAGE) {
            return Err(Failure::failed(format!(
                "{UNKNOWN_LINEAGE}; the peer has its own still: `chordscope status` shows it, and those of its neighbours"
            )));
        }
        if let Some(error) = &adoption.error {
            let next = match &adoption.given_up_for {
                Some(other) => format!("the peers there are to keep it, or all to take {other}"),
                None => "say it again to go on".to_string(),
            };
            return Err(Failure::failed(format!(
                "the lineage was not adopted: {error}; the peer has its own still, records brought so far: {}; {next}{}",
                adoption.imported + adoption.present,
                exports(&adoption)
            )));
        }
        match json {
            true => output::json(&adoption),
            false => output::line(&format!(
                "adopted lineage {}: {} brought, {} there already, {}{}",
                adoption.lineage,
                count(adoption.imported, "record"),
                adoption.present,
                count(adoption.conflicts, "conflict"),
                exports(&adoption)
            )),
        }
    }
}

/// Returns the place of the exported conflicts, as the end of a line.
fn exports(adoption: &Adoption) -> String {
    match adoption.exports.as_slice() {
        [] => String::new(),
        files => format!("; conflicts are in {}", files.join(", ")),
    }
}
