//! `/api/v1/record`: records of all kinds but providers, by name, by author and salt, or by key.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::body::{Body, HttpBody};
use axum::extract::State;
use axum::http::{HeaderName, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get};
use chordscope_core::base::contact::Contact;
use chordscope_core::base::identity::PublicKey;
use chordscope_core::node::api::{Level, StoreError, Written};
use chordscope_core::node::renewal::Keeping;
use chordscope_core::peer::Peer;
use chordscope_core::store::record::{
    DEFAULT_LIFETIME, Label, MAX_VALUE, Name, RecordError, SHORTEST_LIFETIME, Salt, Subject,
};
use data_encoding::HEXLOWER_PERMISSIVE;
use serde::Deserialize;
use tokio::time::timeout;

use super::{BODY_TIMEOUT, Failed, Parameters, outside, parse_id};
use crate::driver::{Held, Wish};
use crate::http::App;
use crate::id_words::{KEY_AS_NAME, is_key, no_author};
use crate::views::{Awaited, Put};

/// Carries a record's key beside its value.
pub(crate) const KEY_HEADER: &str = "x-chordscope-key";
/// Carries how many seconds a record is held from now on, unless it is renewed.
pub(crate) const EXPIRES_HEADER: &str = "x-chordscope-expires-in";
/// Carries the number of a record's version beside its value.
pub(crate) const SEQUENCE_HEADER: &str = "x-chordscope-sequence";

pub(super) fn route() -> MethodRouter<Arc<App>> {
    get(read).put(write).delete(delete)
}

/// The parameters of a request to get a record.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Sought {
    /// A name.
    name: Option<String>,
    /// Instead of a name: a record of the peer's own.
    kind: Option<Kind>,
    /// Instead of a name: the author of a signed record, as 64 hexadecimal digits.
    author: Option<String>,
    /// The salt, which selects one of the author's signed records.
    salt: Option<String>,
    /// Instead of a name: a record's key, as 40 hexadecimal digits.
    key: Option<String>,
    level: LevelName,
}

/// The parameters of a request to put or delete a record.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Asked {
    /// A name.
    name: Option<String>,
    /// Instead of a name: a record of the peer's own, or, to put, a value on its own account.
    kind: Option<Kind>,
    /// The salt, which selects one of the peer's own records.
    salt: Option<String>,
    level: Option<LevelName>,
    /// Put or delete only if this is the version, 0 for no such record.
    if_sequence: Option<u64>,
    /// The lifetime in seconds of a record that is put; a day unless it is said.
    ttl: Option<u32>,
    /// False if the peer is not to renew the record while it runs; by default it does.
    renew: Option<bool>,
}

/// A record that has no name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Signed,
    Immutable,
}

/// The level of an operation, as the address and the command line name it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LevelName {
    /// Any replica answers, and takes a new record; all of them have the newest in the end (eventually consistent)
    #[default]
    One,
    /// A majority of the replica group agrees on one order (linearizable); fails where there is no majority
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

/// The record that a put writes.
enum Target {
    Label(Label),
    Immutable,
}

impl Asked {
    fn level(&self) -> Level {
        self.level.unwrap_or_default().into()
    }

    fn wish(&self) -> Wish {
        Wish {
            level: self.level(),
            if_sequence: self.if_sequence,
            keeping: self.keeping(),
        }
    }

    fn keeping(&self) -> Keeping {
        let lifetime = self.ttl.unwrap_or(DEFAULT_LIFETIME);
        Keeping {
            lifetime: Duration::from_secs(lifetime.into()),
            renew: self.renew.unwrap_or(true),
        }
    }

    fn salt(&self) -> Result<Salt, RecordError> {
        Salt::new(self.salt.as_deref().unwrap_or_default())
    }

    /// Returns the record that is to be written.
    fn target(&self) -> Result<Target, Failed> {
        let allowed = SHORTEST_LIFETIME..=DEFAULT_LIFETIME;
        if self.ttl.is_some_and(|seconds| !allowed.contains(&seconds)) {
            return Err(bad(
                "a record lives for two seconds at least and a day at most: ttl is 2 to 86400",
            ));
        }
        let ordered = self.level() == Level::Quorum || self.if_sequence.is_some();
        match (&self.name, self.kind, &self.salt) {
            // A get by the command line would take it for a key.
            (Some(name), None, None) if is_key(name) => Err(bad(KEY_AS_NAME)),
            (Some(name), None, None) => Ok(Target::Label(Name::new(name.as_str())?.into())),
            (None, Some(Kind::Signed), _) => Ok(Target::Label(self.salt()?.into())),
            (None, Some(Kind::Immutable), None) if ordered => Err(RecordError::Level.into()),
            (None, Some(Kind::Immutable), None) => Ok(Target::Immutable),
            _ => Err(bad(
                "say name, or kind=signed with a salt, or kind=immutable",
            )),
        }
    }
}

impl Sought {
    fn salt(&self) -> Result<Salt, RecordError> {
        Salt::new(self.salt.as_deref().unwrap_or_default())
    }

    /// Returns the subject that is to be read.
    async fn subject(&self, app: &App) -> Result<Subject, Failed> {
        let has_salt = self.author.is_some() || self.kind == Some(Kind::Signed);
        if self.salt.is_some() && !has_salt {
            return Err(bad("a salt goes with author or with kind=signed"));
        }
        match (&self.name, &self.author, &self.key) {
            (None, None, None) if self.kind == Some(Kind::Signed) => {
                let salt = self.salt()?;
                let me = app.driver.look(|peer| peer.node().contact().card().key);
                Ok(Subject::Signed(me.await?, salt))
            }
            _ if self.kind.is_some() => Err(bad(
                "what is read by kind is a record of the peer's own: kind=signed with a salt",
            )),
            // Nothing can be put under such a name.
            (Some(name), None, None) if is_key(name) => {
                Err(bad(&format!("{KEY_AS_NAME}: say key={name}")))
            }
            (Some(name), None, None) => Ok(Name::new(name.as_str())?.into()),
            (None, Some(author), None) => {
                let author = parse_author(author).ok_or_else(|| bad(&no_author(author)))?;
                Ok(Subject::Signed(author, self.salt()?))
            }
            (None, None, Some(key)) => Ok(Subject::Key(parse_id(app.space, key)?)),
            _ => Err(bad("say one of name, author and key")),
        }
    }
}

/// The public key of these 64 hexadecimal digits.
pub(crate) fn parse_author(text: &str) -> Option<PublicKey> {
    let bytes = HEXLOWER_PERMISSIVE.decode(text.as_bytes()).ok()?;
    bytes.try_into().ok().map(PublicKey)
}

fn bad(reason: &str) -> Failed {
    Failed(StatusCode::BAD_REQUEST, reason.to_string())
}

fn no_such(name: Option<&String>) -> Failed {
    let what = if name.is_some() { "name" } else { "record" };
    Failed(StatusCode::NOT_FOUND, format!("there is no such {what}"))
}

async fn read(
    State(app): State<Arc<App>>,
    Parameters(sought): Parameters<Sought>,
) -> Result<Response, Failed> {
    let subject = sought.subject(&app).await?;
    let key = app.space.show(subject.key(app.space));
    let got = app.driver.get(subject, sought.level.into()).await?;
    let (record, held) = explained(&app, got).await?;
    let sequence = record.as_ref().map(|record| record.sequence());
    let Some((value, sequence)) = record.and_then(|it| it.into_value()).zip(sequence) else {
        return Err(no_such(sought.name.as_ref()));
    };
    let headers = [
        (HeaderName::from_static(KEY_HEADER), key),
        (
            HeaderName::from_static(SEQUENCE_HEADER),
            sequence.to_string(),
        ),
    ];
    let mut answer = (headers, value).into_response();
    if let Some(seconds) = held {
        answer.headers_mut().insert(EXPIRES_HEADER, seconds.into());
    }
    Ok(answer)
}

async fn write(
    State(app): State<Arc<App>>,
    Parameters(asked): Parameters<Asked>,
    body: Body,
) -> Result<Json<Put>, Failed> {
    let target = asked.target()?;
    if body.size_hint().lower() > MAX_VALUE as u64 {
        return Err(RecordError::Value.into());
    }
    let reading = axum::body::to_bytes(body, MAX_VALUE);
    let value = timeout(BODY_TIMEOUT, reading).await.map_err(|_| {
        let reason = "the value took too long to arrive";
        Failed(StatusCode::REQUEST_TIMEOUT, reason.to_string())
    })?;
    let value = value
        .map_err(|_| Failed::from(RecordError::Value))?
        .to_vec();
    let renew = asked.keeping().renew;
    match target {
        Target::Label(label) => {
            let signed = matches!(label, Label::Salt(_));
            let written = app.driver.put(label, Some(value), asked.wish()).await?;
            answer(&app, written, signed, renew).await
        }
        Target::Immutable => {
            let written = app.driver.put_immutable(value, asked.keeping()).await?;
            answer(&app, written, false, renew).await
        }
    }
}

async fn delete(
    State(app): State<Arc<App>>,
    Parameters(asked): Parameters<Asked>,
) -> Result<Json<Put>, Failed> {
    let Target::Label(label) = asked.target()? else {
        return Err(bad("nobody can delete an immutable value: it runs out"));
    };
    let signed = matches!(label, Label::Salt(_));
    match app.driver.put(label, None, asked.wish()).await? {
        Err(StoreError::Mismatch(0)) => Err(no_such(asked.name.as_ref())),
        written => answer(&app, written, signed, asked.keeping().renew).await,
    }
}

/// The outcome of an operation, or the cause of its failure. An error of the peer's own disk is the likelier cause, and the one that its user can mend.
async fn explained<T>(app: &App, outcome: Result<T, StoreError>) -> Result<T, Failed> {
    let error = match outcome {
        Ok(outcome) => return Ok(outcome),
        Err(StoreError::NotMember) => return Err(outside(app).await),
        Err(error) => error,
    };
    Err(match (&error, app.refusing()) {
        (StoreError::Record(RecordError::Storage) | StoreError::Unavailable, Some(reason)) => {
            Failed(
                StatusCode::INSUFFICIENT_STORAGE,
                format!("{error}: {reason}"),
            )
        }
        (StoreError::Unstored { .. }, Some(reason)) => Failed(
            StatusCode::INSUFFICIENT_STORAGE,
            format!("{error}; this peer has {reason}"),
        ),
        (StoreError::NoMajority(_), Some(reason)) => Failed(
            StatusCode::INSUFFICIENT_STORAGE,
            format!("this peer's part of the name's group cannot be written: {reason}"),
        ),
        (StoreError::NoMajority(awaited), None) if !awaited.is_empty() => {
            no_majority(app, awaited).await
        }
        _ => error.into(),
    })
}

/// The failure of an operation at level quorum without a majority, with who is awaited, and for how long where this peer knows it.
async fn no_majority(app: &App, awaited: &[Contact]) -> Failed {
    let mut awaited: Vec<Awaited> = awaited.iter().map(Awaited::of).collect();
    let now = app.clock.now();
    let describe = move |peer: &Peer| {
        if let Some(groups) = peer.node().groups() {
            awaited.iter_mut().for_each(|one| one.date(groups, now));
        }
        awaited.iter().map(Awaited::describe).collect::<Vec<_>>()
    };
    let described = app.driver.look(describe).await;
    let reason = StoreError::NoMajority(Vec::new());
    let awaited = described.unwrap_or_default().join(", ");
    Failed(
        StatusCode::SERVICE_UNAVAILABLE,
        format!("{reason}; awaited: {awaited}"),
    )
}

/// The answer to a put or delete.
async fn answer(
    app: &App,
    outcome: Result<Held<Written>, StoreError>,
    signed: bool,
    renews: bool,
) -> Result<Json<Put>, Failed> {
    let (written, held) = explained(app, outcome).await.map_err(|failed| {
        // A holder keeps in memory what its disk refuses, and writes it when there is room.
        match failed.0 == StatusCode::INSUFFICIENT_STORAGE {
            true => Failed(
                failed.0,
                format!("{}; the write may still take effect", failed.1),
            ),
            false => failed,
        }
    })?;
    let view = move |peer: &_| Put {
        expires_in_s: held,
        renewed: renews,
        ..Put::of(peer, &written, signed)
    };
    Ok(Json(app.driver.look(view).await?))
}

#[cfg(test)]
mod tests {
    use super::super::names;
    use super::*;
    use crate::manual::must_name;

    #[test]
    fn the_page_names_the_parameters() {
        must_name(&["GET record"], &names::<Sought>());
        must_name(&["PUT record", "DELETE record"], &names::<Asked>());
    }
}
