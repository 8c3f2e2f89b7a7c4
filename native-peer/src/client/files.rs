//! `share`, `shares`, `unshare`, `fetch` and `verify`.

use std::fs;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::time::Duration;

use chordscope_core::base::content::ContentId;
use chordscope_core::swarm::collection::{Collection, File};
use chordscope_core::swarm::link::Link;
use chordscope_core::swarm::manifest::Manifest;
use clap::Args;
use hyper::Method;
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use tokio::signal::ctrl_c;
use tokio::time::{Instant, sleep};

use crate::client::Target;
use crate::client::connection::{Connection, escape};
use crate::clock::Clock;
use crate::failure::Failure;
use crate::files::{Place, Stamp, manifest_of};
use crate::output;
use crate::views::{Fetching, Shared, Transfer, Transfers};

/// How often a fetch is looked after.
const LOOK: Duration = Duration::from_millis(100);
/// How long nothing may come before the command says that it still waits.
const QUIET: Duration = Duration::from_secs(30);

#[derive(Debug, Args)]
pub(crate) struct ShareOptions {
    /// Files and folders; they stay where they are
    #[arg(value_name = "PATH", required = true)]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    target: Target,
}

#[derive(Debug, Args)]
pub(crate) struct UnshareOptions {
    /// A link, or a content id
    #[arg(value_name = "LINK")]
    link: String,
    #[command(flatten)]
    target: Target,
}

#[derive(Debug, Args)]
pub(crate) struct FetchOptions {
    /// A link, or a content id
    #[arg(value_name = "LINK")]
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

#[derive(Debug, Args)]
pub(crate) struct VerifyOptions {
    /// A file or a folder
    #[arg(value_name = "PATH")]
    path: PathBuf,
    /// A link, or a content id
    #[arg(value_name = "LINK")]
    link: String,
}

/// What a fetch came to.
#[derive(Serialize)]
struct Fetched {
    content: String,
    path: String,
    bytes: u64,
    ms: u64,
}

fn parse(link: &str) -> Result<Link, Failure> {
    Link::parse(link).map_err(|error| Failure::usage("LINK", error))
}

fn bar(length: u64, what: &str, json: bool) -> ProgressBar {
    if json || !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = "{bar:32} {bytes:>10} of {total_bytes:<10} {msg}";
    // The template is well formed.
    let style =
        ProgressStyle::with_template(style).unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(length)
        .with_style(style)
        .with_message(what.to_string())
}

impl ShareOptions {
    pub(super) async fn run(&self, json: bool) -> Result<(), Failure> {
        let connection = Connection::open(&self.target).await?;
        for path in &self.paths {
            let wrong = |error: &dyn std::fmt::Display| {
                Failure::usage("PATH", format!("{}: {error}", path.display()))
            };
            let whole = fs::canonicalize(path).map_err(|error| wrong(&error))?;
            let name = whole.file_name().and_then(|name| name.to_str());
            let name = name.ok_or_else(|| wrong(&"this has no name that is text"))?;
            let shared = match whole.is_dir() {
                true => share_folder(&connection, &whole, name, json).await?,
                false => share_file(&connection, &whole, name, json).await?,
            };
            match json {
                true => output::json(&shared)?,
                false => output::line(&shared.link)?,
            }
        }
        Ok(())
    }
}

/// A file's digests, and its stamp if nobody has written to it while it was hashed.
fn hash(path: &Path, json: bool) -> Result<(Manifest, Option<Stamp>), Failure> {
    let fail = |error: std::io::Error| Failure::failed(format!("{}: {error}", path.display()));
    let place = Place::open(path).map_err(fail)?;
    let bar = bar(place.layout().length(), "hashed", json);
    let manifest = manifest_of(&place, |bytes| bar.inc(bytes)).map_err(fail)?;
    bar.finish_and_clear();
    let stamp = place.stamp().filter(|_| place.changes() == 0);
    Ok((manifest, stamp))
}

async fn share_file(
    connection: &Connection,
    path: &Path,
    name: &str,
    json: bool,
) -> Result<Shared, Failure> {
    let (manifest, stamp) = hash(path, json)?;
    let text = path.to_str();
    let text =
        text.ok_or_else(|| Failure::failed(format!("{}: the path is no text", path.display())))?;
    let digests = match manifest.encode() {
        [] => manifest.content().0.to_vec(),
        digests => digests.to_vec(),
    };
    let mut query = format!("/api/v1/shares?name={}&path={}", escape(name), escape(text));
    if let Some(stamp) = stamp {
        query += &format!("&stamp={stamp}");
    }
    connection.ask(Method::POST, &query, digests).await?.json()
}

async fn share_folder(
    connection: &Connection,
    folder: &Path,
    name: &str,
    json: bool,
) -> Result<Shared, Failure> {
    let mut files = Vec::new();
    for path in walk(folder)? {
        let below = path.strip_prefix(folder).unwrap_or(&path);
        let parts: Option<Vec<&str>> = below.iter().map(|part| part.to_str()).collect();
        let parts = parts
            .ok_or_else(|| Failure::failed(format!("{}: the path is no text", path.display())))?;
        let shared = share_file(connection, &path, parts.last().unwrap_or(&name), json).await?;
        let content = ContentId::parse(&shared.content);
        files.push(File {
            path: parts.join("/"),
            content: content.ok_or_else(|| connection.nonsense())?,
            length: shared.bytes,
        });
    }
    let list = Collection::new(files).map_err(Failure::failed)?;
    let query = format!("/api/v1/shares?name={}", escape(name));
    connection
        .ask(Method::POST, &query, list.encode())
        .await?
        .json()
}

/// All files below a folder, in order. Links are not followed: they may lead anywhere.
fn walk(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let (mut files, mut open) = (Vec::new(), vec![folder.to_path_buf()]);
    while let Some(folder) = open.pop() {
        let fail =
            |error: std::io::Error| Failure::failed(format!("{}: {error}", folder.display()));
        for entry in fs::read_dir(&folder).map_err(fail)? {
            let entry = entry.map_err(fail)?;
            let kind = entry.file_type().map_err(fail)?;
            if kind.is_dir() {
                open.push(entry.path());
            } else if kind.is_file() {
                files.push(entry.path());
            }
        }
    }
    files.sort();
    Ok(files)
}

/// Lists what the peer shares and fetches.
pub(super) async fn shares(target: &Target, json: bool) -> Result<(), Failure> {
    let connection = Connection::open(target).await?;
    let transfers: Transfers = connection
        .ask(Method::GET, "/api/v1/transfers", Vec::new())
        .await?
        .json()?;
    if json {
        return output::json(&transfers);
    }
    if transfers.transfers.is_empty() {
        return output::line("it shares and fetches nothing");
    }
    for one in transfers.transfers {
        let problem = one
            .problem
            .map(|problem| format!(": {problem}"))
            .unwrap_or_default();
        output::line(&format!(
            "{:<8} {}\n         {}{problem}",
            one.state, one.path, one.link
        ))?;
    }
    Ok(())
}

impl UnshareOptions {
    pub(super) async fn run(&self, json: bool) -> Result<(), Failure> {
        let link = parse(&self.link)?;
        let connection = Connection::open(&self.target).await?;
        let query = format!("/api/v1/transfers?link={}", link.content);
        connection.ask(Method::DELETE, &query, Vec::new()).await?;
        match json {
            true => output::json(&serde_json::json!({ "content": link.content.to_string() })),
            false => output::line(&format!("{} is shared no more", link.content)),
        }
    }
}

impl FetchOptions {
    pub(super) async fn run(&self, json: bool) -> Result<(), Failure> {
        let link = parse(&self.link)?;
        let folder =
            std::path::absolute(&self.output).map_err(|error| Failure::usage("--output", error))?;
        let folder = folder
            .to_str()
            .ok_or_else(|| Failure::usage("--output", "the path is no text"))?;
        let connection = Connection::open(&self.target).await?;
        let clock = Clock::start();
        let query = format!(
            "/api/v1/transfers?link={}&folder={}",
            escape(&link.to_string()),
            escape(folder)
        );
        let fetching: Fetching = connection
            .ask(Method::POST, &query, Vec::new())
            .await?
            .json()?;
        if self.detach {
            return match json {
                true => output::json(&fetching),
                false => output::line(&fetching.path),
            };
        }
        let patience = self
            .timeout
            .map(|seconds| Duration::from_secs(seconds.into()));
        let follow = follow(&connection, &link, patience, json);
        let followed = tokio::select! {
            followed = follow => followed?,
            _ = ctrl_c() => Followed::GivenUp("cancelled".to_string()),
        };
        let transfer = match followed {
            Followed::Ended(transfer) => transfer,
            Followed::GivenUp(reason) => {
                let query = format!("/api/v1/transfers?link={}", link.content);
                let _ = connection.ask(Method::DELETE, &query, Vec::new()).await;
                return Err(Failure::failed(format!(
                    "{reason}; what had come was thrown away"
                )));
            }
        };
        if let Some(problem) = transfer.problem {
            return Err(Failure::failed(problem));
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
}

/// How a fetch went.
enum Followed {
    Ended(Box<Transfer>),
    /// Why it is not waited for any more.
    GivenUp(String),
}

/// Shows how a fetch gets on, until it has ended, or nothing has come for too long.
async fn follow(
    connection: &Connection,
    link: &Link,
    patience: Option<Duration>,
    json: bool,
) -> Result<Followed, Failure> {
    let bar = bar(link.length.unwrap_or_default(), "", json);
    let query = format!("/api/v1/transfers?link={}", link.content);
    let (mut received, mut came, mut has_said) = (0, Instant::now(), false);
    loop {
        let all: Transfers = connection
            .ask(Method::GET, &query, Vec::new())
            .await?
            .json()?;
        let Some(transfer) = all.transfers.into_iter().next() else {
            bar.finish_and_clear();
            return Err(Failure::failed("the fetch was cancelled"));
        };
        if transfer.problem.is_some() || transfer.state != "fetching" {
            bar.finish_and_clear();
            return Ok(Followed::Ended(Box::new(transfer)));
        }
        if transfer.received_bytes != received {
            (received, came, has_said) = (transfer.received_bytes, Instant::now(), false);
        }
        let quiet = came.elapsed();
        if patience.is_some_and(|patience| quiet >= patience) {
            bar.finish_and_clear();
            let (seconds, limit) = (quiet.as_secs(), transfer.limit);
            let reason = format!("nothing has come for {seconds} s: {limit}");
            return Ok(Followed::GivenUp(reason));
        }
        if quiet >= QUIET && !has_said {
            has_said = true;
            let limit = &transfer.limit;
            bar.suspend(|| eprintln!("chordscope: still waiting: {limit}; Ctrl-C cancels"));
        }
        bar.set_length(transfer.bytes.or(link.length).unwrap_or_default());
        bar.set_position(transfer.bytes_here);
        bar.set_message(format!(
            "{}/s from {} peers, segment {} of {}; limit: {}",
            indicatif::BinaryBytes(transfer.down),
            transfer
                .peers
                .iter()
                .filter(|peer| peer.segments > 0)
                .count(),
            transfer.segments_here,
            transfer.segments,
            transfer.limit
        ));
        sleep(LOOK).await;
    }
}

impl VerifyOptions {
    pub(super) fn run(&self, json: bool) -> Result<(), Failure> {
        let link = parse(&self.link)?;
        let content = match self.path.is_dir() {
            true => folder_id(&self.path, json)?,
            false => hash(&self.path, json)?.0.content(),
        };
        if content != link.content {
            let path = self.path.display();
            return Err(Failure::failed(format!(
                "{path} is not what the link means: it is {content}"
            )));
        }
        match json {
            true => output::json(&serde_json::json!({ "content": content.to_string() })),
            false => output::line(&format!("{} is what the link means", self.path.display())),
        }
    }
}

/// The id that a folder would have if it were shared.
fn folder_id(folder: &Path, json: bool) -> Result<ContentId, Failure> {
    let mut files = Vec::new();
    for path in walk(folder)? {
        let (manifest, _) = hash(&path, json)?;
        let below = path.strip_prefix(folder).unwrap_or(&path);
        let parts: Vec<_> = below.iter().map(|part| part.to_string_lossy()).collect();
        files.push(File {
            path: parts.join("/"),
            content: manifest.content(),
            length: manifest.layout().length(),
        });
    }
    let list = Collection::new(files).map_err(Failure::failed)?;
    Ok(ContentId::of(&list.encode()))
}
