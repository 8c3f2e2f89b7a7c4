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
use crate::output;
use crate::views::Transfers;

pub(crate) use fetch::FetchOptions;
pub(crate) use share::ShareOptions;
pub(crate) use verify::VerifyOptions;

#[derive(Debug, Args)]
pub(crate) struct UnshareOptions {
    /// A link, or a content id
    #[arg(value_name = "LINK")]
    link: String,
    #[command(flatten)]
    target: Target,
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

/// Lists what the peer shares and fetches.
pub(super) async fn shares(target: &Target, json: bool) -> Result<(), Failure> {
    let connection = Connection::open(target).await?;
    let mut transfers: Transfers = connection
        .ask(Method::GET, "/api/v1/transfers", Vec::new())
        .await?
        .json()?;
    // A folder comes before its files.
    transfers.transfers.sort_by(|a, b| a.path.cmp(&b.path));
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
        // With a folder go its files, of which there may be very many.
        let ended = connection.ask_at_leisure(Method::DELETE, &query, Vec::new());
        ended.await?;
        match json {
            true => output::json(&serde_json::json!({ "content": link.content.to_string() })),
            false => output::line(&format!("{} is shared no more", link.content)),
        }
    }
}
