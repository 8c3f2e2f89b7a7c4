//! `/api/v1/transfers`: what is shared and fetched.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::body::{Body, HttpBody};
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{MethodRouter, get, post};
use chordscope_core::swarm::api::TransferView;
use chordscope_core::swarm::layout::MAX_SEGMENTS;
use chordscope_core::swarm::link::Link;
use chordscope_core::swarm::manifest::DIGEST;
use http_body_util::{BodyExt, Limited};
use serde::Deserialize;
use tokio::time::timeout;

use super::{BODY_TIMEOUT, Failed, Parameters};
use crate::files::{Item, Kind, MAX_LIST, Refused};
use crate::http::App;
use crate::id_words::no_link;
use crate::views::{Fetching, Shared, Stopped, Transfer, Transfers};

/// The longest time that an answer may wait.
const MAX_WAIT: Duration = Duration::from_secs(10);

pub(super) fn route() -> MethodRouter<Arc<App>> {
    get(list).post(fetch).delete(stop)
}

/// `/api/v1/shares`: the values of a file's blocks or the digests of its segments come as the body, or a list of files.
pub(super) fn shares() -> MethodRouter<Arc<App>> {
    post(share)
}

/// The longest body.
const MAX_BODY: usize = {
    let (digests, list) = (MAX_SEGMENTS as usize * DIGEST, MAX_LIST as usize);
    if digests > list { digests } else { list }
};

/// All of a body.
async fn read(body: Body) -> Result<Vec<u8>, Failed> {
    let code = StatusCode::PAYLOAD_TOO_LARGE;
    if body.size_hint().lower() > MAX_BODY as u64 {
        let reason = "this is longer than a list of files or the digests of a file can be";
        return Err(Failed(code, reason.to_string()));
    }
    let (mut body, mut all) = (Limited::new(body, MAX_BODY), Vec::new());
    loop {
        match timeout(BODY_TIMEOUT, body.frame()).await {
            Ok(None) => return Ok(all),
            Ok(Some(Ok(frame))) => all.extend(frame.into_data().unwrap_or_default()),
            Ok(Some(Err(_))) => {
                let reason = "what is to be shared did not come to its end, or is too long";
                return Err(Failed(code, reason.to_string()));
            }
            Err(_) => {
                let reason = "what is to be shared took too long to arrive";
                return Err(Failed(StatusCode::REQUEST_TIMEOUT, reason.to_string()));
            }
        }
    }
}

impl From<Refused> for Failed {
    fn from(reason: Refused) -> Self {
        Self(StatusCode::CONFLICT, reason.to_string())
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Sharing {
    name: String,
    /// The file; without it, the body is a list of files.
    path: Option<PathBuf>,
    /// The file's stamp when it was hashed.
    stamp: Option<String>,
    /// True if the content is shared as a file of a folder.
    #[serde(default)]
    part: bool,
    /// True if the peer takes the file over.
    #[serde(default)]
    keep: bool,
}

async fn share(
    State(app): State<Arc<App>>,
    Parameters(asked): Parameters<Sharing>,
    body: Body,
) -> Result<Json<Shared>, Failed> {
    let is_list = asked.path.is_none();
    if is_list && (asked.stamp.is_some() || asked.part || asked.keep) {
        return Err(bad(
            "stamp, part and keep go with path: without it the body is a list of files",
        ));
    }
    if asked.part && asked.keep {
        return Err(bad(
            "say part or keep: a file of a folder stays where it is",
        ));
    }
    let body = read(body).await?;
    let stamp = asked.stamp.as_deref().map(str::parse).transpose();
    let stamp = stamp.map_err(|wrong: &str| Failed(StatusCode::BAD_REQUEST, wrong.into()))?;
    let (link, begun) = match &asked.path {
        Some(path) => {
            let files = &app.files;
            let kind = match (asked.part, asked.keep) {
                (true, _) => Kind::Part(None),
                (false, true) => Kind::Given,
                (false, false) => Kind::File,
            };
            let values = body.as_chunks().0;
            files.share(path, &asked.name, values, stamp, kind).await?
        }
        None => app.files.share_list(&asked.name, body).await?,
    };
    Ok(Json(Shared::of(&link, begun)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    link: String,
    folder: PathBuf,
}

async fn fetch(
    State(app): State<Arc<App>>,
    Parameters(wanted): Parameters<Wanted>,
) -> Result<Json<Fetching>, Failed> {
    let link = parse(&wanted.link)?;
    let (path, begun) = app.files.fetch(&link, &wanted.folder).await?;
    Ok(Json(Fetching {
        content: link.content.to_string(),
        path: path.display().to_string(),
        begun,
    }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Which {
    /// A link, or a content id; without it, all.
    link: Option<String>,
    /// The milliseconds for which the answer may wait for the end of the transfer of this link.
    wait: Option<u64>,
}

async fn list(
    State(app): State<Arc<App>>,
    Parameters(which): Parameters<Which>,
) -> Result<Json<Transfers>, Failed> {
    if which.link.is_none() && which.wait.is_some() {
        return Err(bad(
            "wait goes with link: it is the end of that one's transfer that is waited for",
        ));
    }
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
    let (files, mut transfers, mut parts) = (&app.files, Vec::new(), Vec::new());
    let see = |content, item: &Item, view: Option<&TransferView>| {
        transfers.push(Transfer::of(content, item, view));
        parts.push(Arc::clone(&item.parts));
    };
    files.look_at(&contents, see).await;
    for (transfer, parts) in transfers.iter_mut().zip(parts) {
        files
            .look_at(&parts, |_, item, view| transfer.add(item, view))
            .await;
        transfer.sum_up(parts.len());
    }
    Ok(Json(Transfers { transfers }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Unwanted {
    /// A link, or a content id.
    link: String,
    /// True if a complete content is shared on.
    #[serde(default)]
    unfinished: bool,
}

async fn stop(
    State(app): State<Arc<App>>,
    Parameters(unwanted): Parameters<Unwanted>,
) -> Result<Json<Stopped>, Failed> {
    let content = parse(&unwanted.link)?.content;
    let item = app.files.item(content);
    let ended = app.files.give_up(content, unwanted.unfinished).await;
    let Some((item, ended)) = item.zip(ended) else {
        let reason = "this is neither shared nor being fetched";
        return Err(Failed(StatusCode::NOT_FOUND, reason.to_string()));
    };
    Ok(Json(Stopped::of(&item, ended)))
}

fn parse(link: &str) -> Result<Link, Failed> {
    Link::parse(link).map_err(|error| bad(&no_link(link, error)))
}

fn bad(reason: &str) -> Failed {
    Failed(StatusCode::BAD_REQUEST, reason.to_string())
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use axum::body::Bytes;
    use futures_util::{StreamExt, stream};
    use tokio::time::sleep;

    use super::super::names;
    use super::*;
    use crate::manual::must_name;

    #[tokio::test(start_paused = true)]
    async fn a_body_that_stops_is_given_up_and_one_that_is_slow_is_not() {
        let piece = || Ok::<_, Infallible>(Bytes::from_static(b"some"));
        let stops = stream::iter([piece()]).chain(stream::pending());
        let Failed(code, reason) = read(Body::from_stream(stops)).await.unwrap_err();
        assert_eq!(code, StatusCode::REQUEST_TIMEOUT);
        assert_eq!(reason, "what is to be shared took too long to arrive");
        let slow = stream::iter(0..5).then(move |_| async move {
            sleep(BODY_TIMEOUT / 2).await;
            piece()
        });
        let all = read(Body::from_stream(slow)).await.unwrap_or_default();
        assert_eq!(all, b"some".repeat(5));
    }

    #[test]
    fn the_page_names_the_parameters() {
        must_name(&["GET transfers"], &names::<Which>());
        must_name(&["POST transfers"], &names::<Wanted>());
        must_name(&["DELETE transfers"], &names::<Unwanted>());
        must_name(&["POST shares"], &names::<Sharing>());
    }
}
