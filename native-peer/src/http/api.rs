//! `/api/v1`: control as JSON, and an event stream.

mod quorum;
mod record;
mod transfers;

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{FromRequestParts, Query, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use chordscope_core::base::id::{Id, Space};
use chordscope_core::chord::route::Mode;
use chordscope_core::node::api::{LookupError, StoreError};
use chordscope_core::peer::Peer;
use chordscope_core::store::record::{Name, RecordError};
use futures_util::stream::{self, Stream};
use percent_encoding::percent_decode_str;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tokio::sync::broadcast::error::RecvError;

use crate::driver::Ended;
use crate::failure::{of_numbers, said_otherwise};
use crate::http::App;
use crate::id_words::{is_key, no_id};
use crate::views::{Leaving, Lookup, Outside, Peers, Refusal, Status, Store, VirtualNode};

pub(crate) use record::{EXPIRES_HEADER, KEY_HEADER, LevelName, SEQUENCE_HEADER, parse_author};

/// The timeout for a value to arrive, and for the next piece of what is longer.
const BODY_TIMEOUT: Duration = Duration::from_secs(10);

/// The library's messages about parameters, and the ones that replace them.
const WORDS: [(&str, &str); 6] = [
    ("missing field", "this needs the parameter"),
    (", there are no fields", ": this takes none"),
    ("unknown field", "there is no parameter"),
    ("duplicate field", "given twice: the parameter"),
    ("unknown variant", "there is no such value:"),
    (
        "provided string was not `true` or `false`",
        "say true or false",
    ),
];

/// Returns the routes that need no token.
pub(super) fn open() -> Router<Arc<App>> {
    Router::new().route("/status", get(status))
}

/// Returns the routes that need the token.
pub(super) fn control() -> Router<Arc<App>> {
    Router::new()
        .route("/peers", get(peers))
        .route("/record", record::route())
        .route("/transfers", transfers::route())
        .route("/shares", transfers::shares())
        .route("/lookup", get(lookup))
        .route("/quorum/repair", quorum::repair())
        .route("/leave", post(leave))
        .route("/quorum/adopt", quorum::adopt())
        .route("/events", get(events))
}

/// A refusal with its reason.
pub(super) fn refuse(code: StatusCode, reason: &str) -> Response {
    let error = reason.to_string();
    (code, Json(Refusal { error })).into_response()
}

/// The answer to a path of the interface that is none.
pub(super) async fn no_such_path() -> Response {
    refuse(StatusCode::NOT_FOUND, "the interface has no such path")
}

/// The answer to a method that a path does not take; the header `Allow` names those that it does.
pub(super) async fn no_such_method() -> Response {
    let reason = "this path does not take such a request";
    refuse(StatusCode::METHOD_NOT_ALLOWED, reason)
}

/// An error as an answer.
struct Failed(StatusCode, String);

/// A failure with an error's words.
fn refused(code: StatusCode, error: &dyn std::error::Error) -> Failed {
    Failed(code, error.to_string())
}

impl IntoResponse for Failed {
    fn into_response(self) -> Response {
        refuse(self.0, &self.1)
    }
}

impl From<Ended> for Failed {
    fn from(_: Ended) -> Self {
        let reason = "the peer is stopping, or too busy to answer";
        Self(StatusCode::SERVICE_UNAVAILABLE, reason.to_string())
    }
}

impl From<StoreError> for Failed {
    fn from(error: StoreError) -> Self {
        let code = match error {
            StoreError::Record(RecordError::Name | RecordError::Salt | RecordError::Level) => {
                StatusCode::BAD_REQUEST
            }
            StoreError::Record(RecordError::Value) => StatusCode::PAYLOAD_TOO_LARGE,
            // The disks of other peers: of its own it says why.
            StoreError::Record(RecordError::Storage) | StoreError::Unstored { .. } => {
                StatusCode::INSUFFICIENT_STORAGE
            }
            StoreError::Record(_) | StoreError::Mismatch(_) => StatusCode::CONFLICT,
            _ => StatusCode::SERVICE_UNAVAILABLE,
        };
        Self(code, error.to_string())
    }
}

impl From<LookupError> for Failed {
    fn from(error: LookupError) -> Self {
        Self(StatusCode::SERVICE_UNAVAILABLE, error.to_string())
    }
}

impl From<RecordError> for Failed {
    fn from(error: RecordError) -> Self {
        StoreError::from(error).into()
    }
}

// The parameters of a request, from the query of its address.

/// The names of the parameters that a type takes.
#[cfg(test)]
fn names<T: DeserializeOwned>() -> Vec<String> {
    let nothing = "http://peer/?=".parse().unwrap_or_default();
    let refused = Query::<T>::try_from_uri(&nothing).err();
    let source = refused.and_then(|error| Some(std::error::Error::source(&error)?.to_string()));
    let said = source.unwrap_or_default();
    let (_, expected) = said.split_once("expected").unwrap_or_default();
    let names = expected.split('`').skip(1).step_by(2);
    names.map(str::to_string).collect()
}

/// No parameters: whoever gives one expects something of it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

/// The parameters as their type says. What is not UTF-8 is refused: decoded by force, two names would be one.
struct Parameters<T>(T);

impl<T: DeserializeOwned, S: Sync> FromRequestParts<S> for Parameters<T> {
    type Rejection = Failed;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failed> {
        let bad = |reason: String| Failed(StatusCode::BAD_REQUEST, reason);
        let query = parts.uri.query().unwrap_or_default();
        if percent_decode_str(query).decode_utf8().is_err() {
            return Err(bad("a parameter is not UTF-8".into()));
        }
        match Query::try_from_uri(&parts.uri) {
            Ok(Query(parameters)) => Ok(Self(parameters)),
            Err(error) => {
                let source = std::error::Error::source(&error).map(ToString::to_string);
                let reason = source.unwrap_or_else(|| error.to_string());
                // A parameter without a name.
                let reason = reason.trim_start_matches(": ");
                Err(bad(of_numbers(&said_otherwise(reason, &WORDS))))
            }
        }
    }
}

// The requests.

/// The failure of a request to a peer that is in no ring, with what it waits for.
async fn outside(app: &App) -> Failed {
    let outside = app.driver.look(Outside::of).await.unwrap_or_default();
    let reason = format!("the peer is in no ring yet{}", outside.describe());
    Failed(StatusCode::SERVICE_UNAVAILABLE, reason)
}

/// An id as text.
fn parse_id(space: Space, text: &str) -> Result<Id, Failed> {
    let refuse = |error| Failed(StatusCode::BAD_REQUEST, no_id(space, text, error));
    space.parse(text).map_err(refuse)
}

async fn status(
    State(app): State<Arc<App>>,
    Parameters(Nothing {}): Parameters<Nothing>,
) -> Result<Json<Status>, Failed> {
    let now = app.clock.now();
    let dated = move |peer: &_| {
        let mut status = Status::of(peer);
        status.quorum.date(peer, now);
        status
    };
    let mut status = app.driver.look(dated).await?;
    for position in app.positions.iter().skip(1) {
        // One that has left already waits for nothing.
        if let Ok(other) = position.look(Status::of).await {
            status.add_departure(other);
        }
    }
    status.store = app.stores.first().map(|health| Store::of(health));
    if app.positions.len() > 1 {
        for (position, health) in app.positions.iter().zip(&app.stores) {
            let mut one = position.look(VirtualNode::of).await?;
            one.store = Some(Store::of(health));
            status.virtual_nodes.push(one);
        }
    }
    Ok(Json(status))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Going {
    /// True to leave even where no other peer takes over what this one keeps.
    #[serde(default)]
    force: bool,
}

/// Begins to leave the ring for good. The peer ends once others have taken over what it kept.
async fn leave(
    State(app): State<Arc<App>>,
    Parameters(going): Parameters<Going>,
) -> Result<Json<Leaving>, Failed> {
    for position in &app.positions {
        position.leave(going.force).await?;
    }
    Ok(Json(Leaving { leaving: true }))
}

async fn peers(
    State(app): State<Arc<App>>,
    Parameters(Nothing {}): Parameters<Nothing>,
) -> Result<Json<Peers>, Failed> {
    let mut all = Peers::default();
    for position in &app.positions {
        let unlinked = position.unlinked();
        let view = move |peer: &Peer| Peers::of(peer, &unlinked);
        all.add(position.look(view).await?);
    }
    Ok(Json(all))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    /// A name, or an id as 40 hexadecimal digits.
    what: String,
    #[serde(default)]
    mode: Mode,
}

async fn lookup(
    State(app): State<Arc<App>>,
    Parameters(asked): Parameters<Asked>,
) -> Result<Json<Lookup>, Failed> {
    let key = key_of(app.space, &asked.what)?;
    let report = match app.driver.lookup(key, asked.mode).await? {
        Err(LookupError::NotMember) => return Err(outside(&app).await),
        report => report?,
    };
    let view = move |peer: &Peer| Lookup::of(peer, &report);
    Ok(Json(app.driver.look(view).await?))
}

/// The key that a text stands for: an id as it is, or the digest of a name.
fn key_of(space: Space, text: &str) -> Result<Id, Failed> {
    if is_key(text) {
        return parse_id(space, text);
    }
    Ok(Name::new(text)?.key(space))
}

async fn events(
    State(app): State<Arc<App>>,
    Parameters(Nothing {}): Parameters<Nothing>,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let events = stream::unfold(app.driver.listen(), |mut notices| async move {
        let event = match notices.recv().await {
            Ok(notice) => {
                let data = serde_json::to_string(&notice).unwrap_or_default();
                Event::default().event(notice.event).data(data)
            }
            Err(RecvError::Lagged(missed)) => {
                Event::default().event("missed").data(missed.to_string())
            }
            Err(RecvError::Closed) => return None,
        };
        Some((Ok(event), notices))
    });
    Sse::new(events).keep_alive(KeepAlive::default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manual::must_name;

    #[test]
    fn the_page_names_the_parameters() {
        must_name(&["GET lookup"], &names::<Asked>());
        must_name(&["POST leave"], &names::<Going>());
    }
}
