//! `share`, `shares`, `unshare`, `fetch` and `verify`.

mod fetch;
mod local;
mod share;
mod torrent;
mod verify;

use std::io::IsTerminal;

use chordscope_core::swarm::link::Link;
use clap::Args;
use hyper::Method;
use indicatif::{ProgressBar, ProgressStyle};

use crate::client::Target;
use crate::client::connection::Connection;
use crate::failure::Failure;
use crate::id_words::no_link;
use crate::output;
use crate::views::{Stopped, Transfer, Transfers};

pub(crate) use fetch::FetchOptions;
pub(crate) use share::ShareOptions;
pub(crate) use verify::VerifyOptions;

#[derive(Debug, Args)]
pub(crate) struct UnshareOptions {
    /// A link, or a content id
    #[arg(value_name = "LINK", allow_negative_numbers = true)]
    link: String,
    #[command(flatten)]
    target: Target,
}

fn parse(link: &str) -> Result<Link, Failure> {
    Link::parse(link).map_err(|error| Failure::usage("LINK", no_link(link, error)))
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

/// Lists what the peer shares and fetches.
pub(super) async fn shares(target: &Target, json: bool) -> Result<(), Failure> {
    let connection = Connection::open(target).await?;
    let mut transfers: Transfers = connection
        .ask(Method::GET, "/api/v1/transfers", Vec::new())
        .await?
        .json()?;
    // Folders, and what came by standard input, come before files.
    let order = |a: &Transfer, b: &Transfer| (!a.inner, a.shown()).cmp(&(!b.inner, b.shown()));
    transfers.transfers.sort_by(order);
    if json {
        return output::json(&transfers);
    }
    if transfers.transfers.is_empty() {
        return output::line("it shares and fetches nothing");
    }
    for one in transfers.transfers {
        let problem = one.problem.as_ref();
        let problem = problem.map_or_else(String::new, |problem| format!(": {problem}"));
        output::line(&format!(
            "{:<8} {}\n         {}{problem}",
            one.state,
            one.shown(),
            one.link
        ))?;
    }
    Ok(())
}

impl UnshareOptions {
    pub(super) async fn run(&self, json: bool) -> Result<(), Failure> {
        let link = parse(&self.link)?;
        let connection = Connection::open(&self.target).await?;
        let query = format!("/api/v1/transfers?link={}", link.content);
        // With a folder go its files, of which there may be very many.
        let ended = connection.ask_at_leisure(Method::DELETE, &query, Vec::new());
        let stopped: Stopped = ended.await?.json()?;
        let content = link.content.to_string();
        if json {
            return output::json(&serde_json::json!({ "content": content, "name": stopped.name }));
        }
        // A peer of release 0.1 does not say the name.
        let what = match stopped.name.as_str() {
            "" => content,
            name => format!("\"{name}\""),
        };
        output::line(&match stopped.fetching {
            true => format!("the fetch of {what} has ended"),
            false => format!("{what} is shared no more"),
        })
    }
}
