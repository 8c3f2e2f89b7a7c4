//! The parameters of a request, from the query of its address.

use axum::extract::{FromRequestParts, Query};
use axum::http::StatusCode;
use axum::http::request::Parts;
use percent_encoding::percent_decode_str;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::Failed;
use crate::failure::{of_numbers, said_otherwise};

/// The library's messages about parameters, and the ones that replace them.
const WORDS: [(&str, &str); 5] = [
    ("missing field", "this needs the parameter"),
    ("unknown field", "there is no parameter"),
    ("duplicate field", "given twice: the parameter"),
    ("unknown variant", "there is no such value:"),
    (
        "provided string was not `true` or `false`",
        "say true or false",
    ),
];

/// The names of the parameters that a type takes.
#[cfg(test)]
pub(super) fn names<T: DeserializeOwned>() -> Vec<String> {
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
pub(super) struct Nothing {}

/// The parameters as their type says. What is not UTF-8 is refused: decoded by force, two names would be one.
pub(super) struct Parameters<T>(pub(super) T);

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
                Err(bad(of_numbers(&said_otherwise(&reason, &WORDS))))
            }
        }
    }
}
