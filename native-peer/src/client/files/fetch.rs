//! `fetch`: has the peer fetch a file or folder, and waits for its end.

use std::path::PathBuf;
use std::time::Duration;

use chordscope_core::swarm::link::Link;
use clap::Args;
use hyper::Method;
use serde::Serialize;
use tokio::time::Instant;

use super::{bar, parse};
use crate::client::Target;
use crate::client::connection::{Connection, escape};
use crate::clock::Clock;
use crate::failure::Failure;
use crate::output;
use crate::regular_file::is_standard_output;
use crate::signals;
use crate::views::{Fetching, Stopped, Transfer, Transfers};

/// The period in which a fetch is looked after. Its end is told at once.
const LOOK: Duration = Duration::from_millis(100);
/// The factor by which the peer is left alone longer than it took to sum up a fetch: of a folder with very many files that takes
/// its time.
const REST: u32 = 10;
/// The longest pause between two looks.
const LONGEST_LOOK: Duration = Duration::from_secs(5);
/// The time without any bytes after which the command says that it still waits.
const QUIET: Duration = Duration::from_secs(30);
/// The wait before the command says that it looks for peers.
const LOOKING: Duration = Duration::from_secs(2);

#[derive(Debug, Args)]
pub(crate) struct FetchOptions {
    /// A link, or a content id
    #[arg(value_name = "LINK", allow_negative_numbers = true)]
    link: String,
    /// The folder to put it in
    #[arg(short, long, value_name = "DIR", default_value = ".")]
    output: PathBuf,
    /// Leave it to the peer, and do not wait
    #[arg(long)]
    detach: bool,
    /// Cancel when nothing has come for so long [default: wait]
    #[arg(long, value_name = "SECONDS", conflicts_with = "detach", value_parser = clap::value_parser!(u32).range(1..))]
    timeout: Option<u32>,
    #[command(flatten)]
    target: Target,
}

/// The result of a fetch.
#[derive(Serialize)]
struct Fetched {
    content: String,
    path: String,
    bytes: u64,
    ms: u64,
}

impl FetchOptions {
    pub(in crate::client) async fn run(&self, json: bool) -> Result<(), Failure> {
        let link = parse(&self.link)?;
        if is_standard_output(&self.output) {
            let reason = "- is standard output, and files go into a folder: ./- is one of this name; \
                          /files/CONTENT_ID of a peer is a content as it arrives";
            return Err(Failure::usage("--output", reason));
        }
        let folder =
            std::path::absolute(&self.output).map_err(|error| Failure::usage("--output", error))?;
        let folder = folder
            .to_str()
            .ok_or_else(|| Failure::usage("--output", "the path is no text"))?;
        // From here on Ctrl-C does not end the command before the peer has heard of it; a second one does.
        let mut stop = signals::stop()?;
        stop.clone().exit_at_once_when_asked_again();
        let connection = Connection::open(&self.target).await?;
        let clock = Clock::start();
        let query = format!(
            "/api/v1/transfers?link={}&folder={}",
            escape(&link.to_string()),
            escape(folder)
        );
        // The peer may have to read, or copy, what is there already.
        let fetching: Fetching = connection
            .ask_at_leisure(Method::POST, &query, Vec::new())
            .await?
            .json()?;
        if self.detach {
            return match json {
                true => output::json(&serde_json::json!({
                    "content": fetching.content,
                    "path": fetching.path,
                })),
                false => output::line(&fetching.path),
            };
        }
        let patience = self
            .timeout
            .map(|seconds| Duration::from_secs(seconds.into()));
        let follow = follow(&connection, &link, patience, json);
        let followed = tokio::select! {
            followed = follow => followed?,
            () = stop.asked() => Followed::GivenUp("cancelled".to_string()),
        };
        let transfer = match followed {
            Followed::Ended(transfer) => *transfer,
            Followed::GivenUp(reason) => self.cancel(&link, &fetching, &reason).await?,
        };
        if let Some(problem) = transfer.problem {
            return Err(Failure::failed(problem));
        }
        if let Some(note) = wrong_length(&link, transfer.bytes) {
            output::note(format_args!("chordscope: {note}"));
        }
        let fetched = Fetched {
            content: fetching.content,
            path: fetching.path,
            bytes: transfer.bytes.unwrap_or_default(),
            ms: clock.now().as_millis(),
        };
        match json {
            true => output::json(&fetched),
            false => output::line(&fetched.path),
        }
    }

    /// Ends the fetch at the peer, and says what became of it once the peer has confirmed that. It may have finished meanwhile.
    async fn cancel(
        &self,
        link: &Link,
        fetching: &Fetching,
        reason: &str,
    ) -> Result<Transfer, Failure> {
        let fail = |what: String| Err(Failure::failed(format!("{reason}; {what}")));
        let id = link.content;
        if !fetching.begun {
            return fail(format!(
                "the peer goes on with this fetch, which was under way before: `chordscope unshare {id}` ends it"
            ));
        }
        let stopped = async {
            // The other connection waits for an answer.
            let connection = Connection::open(&self.target).await?;
            let query = format!("/api/v1/transfers?link={id}&unfinished=true");
            let ended = connection.ask_at_leisure(Method::DELETE, &query, Vec::new());
            let answer = ended.await?;
            let stopped: Stopped = answer.json()?;
            if !stopped.complete {
                return Ok((stopped, None));
            }
            let query = format!("/api/v1/transfers?link={id}");
            let answer = connection.ask(Method::GET, &query, Vec::new()).await?;
            let all: Transfers = answer.json()?;
            Ok((stopped, all.transfers.into_iter().next()))
        };
        let path = &fetching.path;
        match stopped.await {
            Ok((_, Some(transfer))) => Ok(transfer),
            Ok((Stopped { kept: 0, .. }, None)) => {
                fail("what had come was thrown away".to_string())
            }
            Ok((Stopped { kept: 1, .. }, None)) => {
                fail(format!("the one file that is whole stays in {path}"))
            }
            Ok((Stopped { kept, .. }, None)) => {
                fail(format!("the {kept} files that are whole stay in {path}"))
            }
            Err::<_, Failure>(error) => fail(format!(
                "but the peer has not confirmed it ({error}): `chordscope unshare {id}` ends the fetch if it goes on"
            )),
        }
    }
}

/// The line for a link that tells another length than its content has; the content id alone binds.
fn wrong_length(link: &Link, found: Option<u64>) -> Option<String> {
    // That of a folder's link is the length of its list.
    let (told, found) = link.length.zip(found).filter(|_| !link.is_collection)?;
    (told != found).then(|| {
        let found = output::count(found, "byte");
        format!(
            "the link's length is wrong: len={told}, and the content has {found}; it is what the content id means"
        )
    })
}

/// The end of a fetch, as the command saw it.
enum Followed {
    Ended(Box<Transfer>),
    /// The command waits no longer, for this reason.
    GivenUp(String),
}

/// The time without progress, and the line about it.
struct Quiet {
    received: u64,
    came: Instant,
    has_said: bool,
    has_said_looking: bool,
}

impl Quiet {
    fn new() -> Self {
        Self {
            received: 0,
            came: Instant::now(),
            has_said: false,
            has_said_looking: false,
        }
    }

    /// Takes in how the fetch stands.
    fn hear(&mut self, transfer: &Transfer) {
        if transfer.received_bytes != self.received {
            self.received = transfer.received_bytes;
            self.came = Instant::now();
            self.has_said = false;
        }
    }

    /// The line for a fetch to which nothing comes.
    fn note(&mut self, transfer: &Transfer) -> Option<String> {
        let (quiet, limit) = (self.came.elapsed(), &transfer.limit);
        let is_looking = self.received == 0 && transfer.peers.is_empty();
        if quiet >= QUIET && !self.has_said {
            self.has_said = true;
            return Some(format!("still waiting: {limit}; Ctrl-C cancels"));
        }
        if quiet >= LOOKING && is_looking && !self.has_said_looking {
            self.has_said_looking = true;
            return Some("looking for peers that have it; Ctrl-C cancels".to_string());
        }
        None
    }
}

/// Shows how a fetch gets on, until it has ended, or nothing has come for too long.
async fn follow(
    connection: &Connection,
    link: &Link,
    patience: Option<Duration>,
    json: bool,
) -> Result<Followed, Failure> {
    let bar = bar(link.length.unwrap_or_default(), "", json);
    let mut wait = Duration::ZERO;
    let mut quiet = Quiet::new();
    loop {
        let query = format!(
            "/api/v1/transfers?link={}&wait={}",
            link.content,
            wait.as_millis()
        );
        let asked = Instant::now();
        let all: Transfers = connection
            .ask(Method::GET, &query, Vec::new())
            .await?
            .json()?;
        let took = asked.elapsed().saturating_sub(wait);
        wait = (took * REST).clamp(LOOK, LONGEST_LOOK);
        let Some(transfer) = all.transfers.into_iter().next() else {
            bar.finish_and_clear();
            return Err(Failure::failed("the fetch was cancelled"));
        };
        if transfer.problem.is_some() || transfer.state != "fetching" {
            bar.finish_and_clear();
            return Ok(Followed::Ended(Box::new(transfer)));
        }
        quiet.hear(&transfer);
        let since = quiet.came.elapsed();
        if patience.is_some_and(|patience| since >= patience) {
            bar.finish_and_clear();
            let (seconds, limit) = (since.as_secs(), transfer.limit);
            let reason = format!("nothing has come for {seconds} s: {limit}");
            return Ok(Followed::GivenUp(reason));
        }
        if let Some(note) = quiet.note(&transfer) {
            bar.suspend(|| output::note(format_args!("chordscope: {note}")));
        }
        bar.set_length(transfer.bytes.or(link.length).unwrap_or_default());
        bar.set_position(transfer.bytes_here);
        bar.set_message(format!(
            "{}/s from {}, segment {} of {}; limit: {}",
            indicatif::BinaryBytes(transfer.down),
            output::count(
                transfer
                    .peers
                    .iter()
                    .filter(|peer| peer.segments > 0)
                    .count(),
                "peer"
            ),
            transfer.segments_here,
            transfer.segments,
            transfer.limit
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_that_tells_another_length_than_its_content_has_is_told_of() {
        let id = "0".repeat(64);
        let told = |fields: &str, found| {
            let link = Link::parse(&format!("chordscope:{id}?{fields}")).unwrap();
            wrong_length(&link, found)
        };
        assert_eq!(
            told("len=5", Some(1)).as_deref(),
            Some(
                "the link's length is wrong: len=5, and the content has 1 byte; it is what the content id means"
            )
        );
        assert_eq!(told("len=5", Some(5)), None);
        assert_eq!(told("len=5", None), None);
        assert_eq!(told("n=name", Some(5)), None);
        assert_eq!(told("len=5&c=1", Some(99)), None);
    }

    #[tokio::test(start_paused = true)]
    async fn it_is_said_soon_that_nobody_was_found_and_later_that_it_still_waits() {
        let mut transfer = Transfer {
            limit: "nobody found who has it".into(),
            ..Transfer::default()
        };
        let mut quiet = Quiet::new();
        let mut said = |transfer: &Transfer| {
            quiet.hear(transfer);
            quiet.note(transfer)
        };
        let pass = |seconds| tokio::time::advance(Duration::from_secs(seconds));
        pass(1).await;
        assert_eq!(said(&transfer), None);
        pass(1).await;
        let looking = "looking for peers that have it; Ctrl-C cancels";
        assert_eq!(said(&transfer).as_deref(), Some(looking));
        pass(20).await;
        assert_eq!(said(&transfer), None);
        pass(20).await;
        let waiting = "still waiting: nobody found who has it; Ctrl-C cancels";
        assert_eq!(said(&transfer).as_deref(), Some(waiting));
        transfer.received_bytes = 1;
        assert_eq!(said(&transfer), None);
        pass(10).await;
        assert_eq!(said(&transfer), None);
        pass(20).await;
        assert_eq!(said(&transfer).as_deref(), Some(waiting));
    }
}
