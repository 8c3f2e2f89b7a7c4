//! In programs without level `quorum` there is nothing to write or read about groups.

use serde::{Deserialize, Serialize};

use crate::store::group::message::{Request, Response};
use crate::wire::cards::{Cards, DecodeError};

#[derive(Serialize, Deserialize)]
pub(super) enum WireGroupRequest {}

#[derive(Serialize, Deserialize)]
pub(super) enum WireGroupResponse {}

impl WireGroupRequest {
    pub(super) const fn of(request: &Request) -> Self {
        match *request {}
    }

    pub(super) fn check(self, _: &mut Cards) -> Result<Request, DecodeError> {
        match self {}
    }
}

impl WireGroupResponse {
    pub(super) const fn of(response: &Response) -> Self {
        match *response {}
    }

    pub(super) fn check(self, _: &mut Cards) -> Result<Response, DecodeError> {
        match self {}
    }
}
