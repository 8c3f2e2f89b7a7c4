//! `/api/v1`: control as JSON, and an event stream.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, HttpBody};
use axum::extract::{Query, State};
use axum::http::{HeaderName, StatusCode};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use chordscope_core::base::id::{Id, IdError, Space};
use chordscope_core::chord::route::Mode;
use chordscope_core::node::api::{Level, LookupError, StoreError, Written};
use chordscope_core::store::record::{MAX_VALUE, Name, RecordError};
use futures_util::stream::{self, Stream};
use serde::Deserialize;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::timeout;

use crate::driver::{Ended, Wish};
use crate::http::App;
use crate::views::{Lookup, Peers, Put, Refusal, Status};

/// Carries a record's key beside its value.
pub(crate) const KEY_HEADER: &str = "x-chordscope-key";
/// Carries a record's sequence number beside its value.
pub(crate) const SEQUENCE_HEADER: &str = "x-chordscope-sequence";

/// How long a value may take to arrive.
const BODY_PATIENCE: Duration = Duration::from_secs(10);

/// What anyone may see.
pub(super) fn open() -> Router<Arc<App>> {
    Router::new().route("/status", get(status))
}

/// What needs the token.
pub(super) fn control() -> Router<Arc<App>> {
    Router::new()
        .route("/peers", get(peers))
        .route("/record", get(read).put(write).delete(delete))
        .route("/lookup", get(lookup))
        .route("/events", get(events))
}

/// A refusal with its reason.
pub(super) fn refuse(code: StatusCode, reason: &str) -> Response {
    let error = reason.to_string();
    (code, Json(Refusal { error })).into_response()
}

/// An error as an answer.
struct Failed(StatusCode, String);

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
            StoreError::Record(RecordError::Name) => StatusCode::BAD_REQUEST,
            StoreError::Record(RecordError::Value) => StatusCode::PAYLOAD_TOO_LARGE,
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

impl From<IdError> for Failed {
    fn from(error: IdError) -> Self {
        Self(StatusCode::BAD_REQUEST, error.to_string())
    }
}

async fn status(State(app): State<Arc<App>>) -> Result<Json<Status>, Failed> {
    Ok(Json(app.driver.look(Status::of).await?))
}

async fn peers(State(app): State<Arc<App>>) -> Result<Json<Peers>, Failed> {
    Ok(Json(app.driver.look(Peers::of).await?))
}

#[derive(Deserialize)]
struct Named {
    name: String,
    #[serde(default)]
    level: LevelName,
    /// Put or delete only if this is the sequence number, 0 for no such name. Level `quorum`.
    if_sequence: Option<u64>,
}

/// The level of an operation, as the address and the command line name it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LevelName {
    /// Any peer that keeps the name accepts it; all of them have it in the end
    #[default]
    One,
    /// A majority of the peers that keep the name agree on one order; fails where there is none
    Quorum,
}

impl LevelName {
    /// The name of the level.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::One => "one",
            Self::Quorum => "quorum",
        }
    }
}

impl From<LevelName> for Level {
    fn from(level: LevelName) -> Self {
        match level {
            LevelName::One => Self::One,
            LevelName::Quorum => Self::Quorum,
        }
    }
}

impl Named {
    fn wish(&self) -> Result<Wish, Failed> {
        match (self.if_sequence, self.level) {
            (None, level) => Ok(Wish::Level(level.into())),
            (Some(expected), LevelName::Quorum) => Ok(Wish::IfSequence(expected)),
            (Some(_), LevelName::One) => Err(Failed(
                StatusCode::BAD_REQUEST,
                "if_sequence needs level=quorum".to_string(),
            )),
        }
    }
}

async fn read(State(app): State<Arc<App>>, Query(named): Query<Named>) -> Result<Response, Failed> {
    let name = Name::new(named.name)?;
    let key = app.space.show(name.key(app.space));
    let record = app.driver.get(name, named.level.into()).await??;
    let Some((value, sequence)) = record.and_then(|record| Some((record.value?, record.sequence)))
    else {
        return Err(no_such_name());
    };
    let headers = [
        (HeaderName::from_static(KEY_HEADER), key),
        (
            HeaderName::from_static(SEQUENCE_HEADER),
            sequence.to_string(),
        ),
    ];
    Ok((headers, value).into_response())
}

async fn write(
    State(app): State<Arc<App>>,
    Query(named): Query<Named>,
    body: Body,
) -> Result<Json<Put>, Failed> {
    let wish = named.wish()?;
    let name = Name::new(named.name)?;
    if body.size_hint().lower() > MAX_VALUE as u64 {
        return Err(RecordError::Value.into());
    }
    let reading = axum::body::to_bytes(body, MAX_VALUE);
    let value = timeout(BODY_PATIENCE, reading).await.map_err(|_| {
        let reason = "the value took too long to arrive";
        Failed(StatusCode::REQUEST_TIMEOUT, reason.to_string())
    })?;
    let value = value.map_err(|_| Failed::from(RecordError::Value))?;
    put(&app, name, Some(value.to_vec()), wish).await
}

async fn delete(
    State(app): State<Arc<App>>,
    Query(named): Query<Named>,
) -> Result<Json<Put>, Failed> {
    let wish = named.wish()?;
    let level = named.level.into();
    let name = Name::new(named.name)?;
    let record = app.driver.get(name.clone(), level).await??;
    if record.and_then(|record| record.value).is_none() {
        return Err(no_such_name());
    }
    put(&app, name, None, wish).await
}

async fn put(
    app: &App,
    name: Name,
    value: Option<Vec<u8>>,
    wish: Wish,
) -> Result<Json<Put>, Failed> {
    let written: Written = app.driver.put(name, value, wish).await??;
    let put = app.driver.look(move |peer| Put::of(peer, &written)).await?;
    Ok(Json(put))
}

fn no_such_name() -> Failed {
    Failed(StatusCode::NOT_FOUND, "there is no such name".to_string())
}

#[derive(Deserialize)]
struct Sought {
    /// A name, or an id as 40 hexadecimal digits.
    what: String,
    #[serde(default)]
    mode: Mode,
}

async fn lookup(
    State(app): State<Arc<App>>,
    Query(sought): Query<Sought>,
) -> Result<Json<Lookup>, Failed> {
    let key = key_of(app.space, &sought.what)?;
    let report = app.driver.lookup(key, sought.mode).await??;
    let view = move |peer: &chordscope_core::peer::Peer| Lookup::of(peer, &report);
    Ok(Json(app.driver.look(view).await?))
}

/// The key that a text stands for: an id as it is, or the digest of a name.
fn key_of(space: Space, text: &str) -> Result<Id, Failed> {
    if text.len() == 40 && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Ok(space.parse(text)?);
    }
    Ok(Name::new(text)?.key(space))
}

async fn events(State(app): State<Arc<App>>) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
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
