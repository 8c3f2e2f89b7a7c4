//! `/api/v1/transfers`: what is shared and fetched.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Query, State};
use axum::http::StatusCode;
use axum::routing::{MethodRouter, get, post};
use chordscope_core::base::content::ContentId;
use chordscope_core::swarm::layout::MAX_SEGMENTS;
use chordscope_core::swarm::link::Link;
use chordscope_core::swarm::manifest::DIGEST;
use serde::Deserialize;

use super::{Failed, refused};
use crate::files::{Kind, Refused};
use crate::http::App;
use crate::views::{Fetching, Shared, Transfer, Transfers};

/// How long an answer may wait at most.
const MAX_WAIT: Duration = Duration::from_secs(10);

pub(super) fn route() -> MethodRouter<Arc<App>> {
    get(list).post(fetch).delete(stop)
}

/// `/api/v1/shares`: the values of a file's blocks or the digests of its segments come as the body, or a list of files.
pub(super) fn shares() -> MethodRouter<Arc<App>> {
    let most = MAX_SEGMENTS as usize * DIGEST;
    post(share).layer(DefaultBodyLimit::max(most))
}

impl From<Refused> for Failed {
    fn from(Refused(reason): Refused) -> Self {
        Self(StatusCode::CONFLICT, reason)
    }
}

#[derive(Deserialize)]
struct Sharing {
    name: String,
    /// The file; without it, the body is a list of files.
    path: Option<PathBuf>,
    /// The file's stamp when it was hashed.
    stamp: Option<String>,
    /// Whether it is shared as a file of a folder.
    #[serde(default)]
    part: bool,
}

async fn share(
    State(app): State<Arc<App>>,
    Query(asked): Query<Sharing>,
    body: Bytes,
) -> Result<Json<Shared>, Failed> {
    let stamp = asked.stamp.as_deref().map(str::parse).transpose();
    let stamp = stamp.map_err(|wrong: &str| Failed(StatusCode::BAD_REQUEST, wrong.into()))?;
    let link = match &asked.path {
        Some(path) => {
            let files = &app.files;
            let kind = if asked.part { Kind::Part } else { Kind::File };
            let values = body.as_chunks().0;
            files.share(path, &asked.name, values, stamp, kind).await?
        }
        None => app.files.share_list(&asked.name, body.to_vec()).await?,
    };
    Ok(Json(Shared::of(&link)))
}

#[derive(Deserialize)]
struct Wanted {
    link: String,
    folder: PathBuf,
}

async fn fetch(
    State(app): State<Arc<App>>,
    Query(wanted): Query<Wanted>,
) -> Result<Json<Fetching>, Failed> {
    let link = parse(&wanted.link)?;
    let path = app.files.fetch(&link, &wanted.folder).await?;
    Ok(Json(Fetching {
        content: link.content.to_string(),
        path: path.display().to_string(),
    }))
}

#[derive(Deserialize)]
struct Which {
    /// A link, or a content id; without it, all.
    link: Option<String>,
    /// For how many milliseconds the answer may wait for the end of the transfer of this link.
    wait: Option<u64>,
}

async fn list(
    State(app): State<Arc<App>>,
    Query(which): Query<Which>,
) -> Result<Json<Transfers>, Failed> {
    let contents = match &which.link {
        Some(link) => {
            let content = parse(link)?.content;
            if let Some(wait) = which.wait {
                let wait = Duration::from_millis(wait).min(MAX_WAIT);
                app.files.wait_for(content, wait).await;
            }
            vec![content]
        }
        None => app.files.contents(),
    };
    let mut transfers = Vec::new();
    for content in contents {
        if let Some(item) = app.files.item(content) {
            let mut transfer = Transfer::of(content, &item, app.files.view(content).await.as_ref());
            for part in &item.parts {
                if let Some(item) = app.files.item(*part) {
                    let view = app.files.view(*part).await;
                    transfer.add(&Transfer::of(*part, &item, view.as_ref()));
                }
            }
            transfer.sum_up(item.parts.len());
            transfers.push(transfer);
        }
    }
    Ok(Json(Transfers { transfers }))
}

async fn stop(
    State(app): State<Arc<App>>,
    Query(which): Query<Which>,
) -> Result<Json<Transfers>, Failed> {
    let content: ContentId = parse(which.link.as_deref().unwrap_or_default())?.content;
    if !app.files.give_up(content).await {
        let reason = "this is neither shared nor being fetched";
        return Err(Failed(StatusCode::NOT_FOUND, reason.to_string()));
    }
    Ok(Json(Transfers::default()))
}

fn parse(link: &str) -> Result<Link, Failed> {
    Link::parse(link).map_err(|error| refused(StatusCode::BAD_REQUEST, &error))
}
