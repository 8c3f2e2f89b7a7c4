//! `/api/v1/quorum`: repairing a range whose majority is gone for good, and giving a lineage up for another one.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{MethodRouter, get, post};
use chordscope_core::base::contact::{Address, Contact};
use chordscope_core::base::id::{Id, Space};
use chordscope_core::node::adopting::AdoptError;
use chordscope_core::node::api::StoreError;
use chordscope_core::peer::Peer;
use chordscope_core::store::group::fence::Fence;
use chordscope_core::store::group::repair::RepairError;
use serde::Deserialize;

use super::{Failed, Nothing, Parameters, key_of, outside, refused};
use crate::http::App;
use crate::id_words::no_lineage;
use crate::views::{Adoption, Range, Repaired, parse_lineage};

pub(super) fn repair() -> MethodRouter<Arc<App>> {
    post(repair_range)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Order {
    /// A range as `/api/v1/status` tells it, or a name or id that lies in it.
    range: String,
    /// The members that are gone for good: ids, or the addresses where they were, with commas between them.
    lost: String,
}

impl From<RepairError> for Failed {
    fn from(error: RepairError) -> Self {
        let code = match error {
            RepairError::NoGroup => StatusCode::NOT_FOUND,
            RepairError::NotMember(_) | RepairError::Itself => StatusCode::BAD_REQUEST,
            RepairError::Unfinished => StatusCode::SERVICE_UNAVAILABLE,
            RepairError::Storage => StatusCode::INSUFFICIENT_STORAGE,
            _ => StatusCode::CONFLICT,
        };
        let reason = match error {
            RepairError::NotMember(id) => {
                format!("{} is no member of the group", Space::FULL.show(id))
            }
            RepairError::Repaired(id, generation) => format!(
                "the range is repaired already: generation {generation} stands, and {} was given up",
                Space::FULL.show(id)
            ),
            RepairError::Present(id) => {
                format!("{} is there, and not lost", Space::FULL.show(id))
            }
            RepairError::Away(id) => format!(
                "{} is away: start it, or give it up as well",
                Space::FULL.show(id)
            ),
            error => error.to_string(),
        };
        Self(code, reason)
    }
}

async fn repair_range(
    State(app): State<Arc<App>>,
    Parameters(order): Parameters<Order>,
) -> Result<Json<Repaired>, Failed> {
    let range = Range::parse(app.space, &order.range).transpose();
    let range = range.map_err(|reason| Failed(StatusCode::BAD_REQUEST, reason))?;
    let key = match range {
        Some(range) => range.upto,
        None => key_of(app.space, &order.range)?,
    };
    let lost: Vec<String> = order
        .lost
        .split(',')
        .map(|text| text.trim().into())
        .collect();
    if lost.iter().any(String::is_empty) {
        let reason =
            "lost: an empty name names no member: give ids or addresses, with commas between them";
        return Err(Failed(StatusCode::BAD_REQUEST, reason.to_string()));
    }
    // One of the peer's positions is in the group, if any is.
    for position in &app.positions {
        let lost = lost.clone();
        let found = position.look(move |peer| find(peer, range, key, &lost));
        if let Some(members) = found.await? {
            let repaired = match position.repair(key, members?).await? {
                Err(StoreError::NotMember) => return Err(outside(&app).await),
                repaired => repaired?,
            };
            let fence: Fence = repaired?;
            return Ok(Json(Repaired::of(&fence)));
        }
    }
    Err(RepairError::NoGroup.into())
}

/// The members that are meant, if the peer is in a group of the key.
fn find(
    peer: &Peer,
    range: Option<Range>,
    key: Id,
    lost: &[String],
) -> Option<Result<Vec<Id>, Failed>> {
    let groups = peer.node().groups()?.held();
    let open = groups.filter(|held| held.decided.is_none() && held.group.covers(key));
    let group = &open.max_by_key(|held| held.group.epoch)?.group;
    let (after, upto) = (group.after, group.upto);
    if range.is_some_and(|range| range != Range { after, upto }) {
        let now = Range { after, upto };
        let reason = format!("the range is another one now: {now}");
        return Some(Err(Failed(StatusCode::CONFLICT, reason)));
    }
    let is_at =
        |address: &Address, text: &str| address.url() == text || address.authority() == text;
    let member = |text: &String| {
        let id = peer.node().space().parse(text).ok();
        let mut members = group.members.iter().map(|member| &member.contact);
        let at = members.find(|contact| contact.addresses().iter().any(|it| is_at(it, text)));
        id.or_else(|| at.map(Contact::id)).ok_or_else(|| {
            let reason = format!(
                "\"{text}\" is neither a member's address nor an id, which has 40 hexadecimal digits"
            );
            Failed(StatusCode::BAD_REQUEST, reason)
        })
    };
    Some(lost.iter().map(member).collect())
}

/// The lineage to adopt.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    /// 16 hexadecimal digits.
    lineage: String,
}

pub(super) fn adopt() -> MethodRouter<Arc<App>> {
    get(standing).post(begin)
}

impl From<AdoptError> for Failed {
    fn from(error: AdoptError) -> Self {
        let code = match error {
            AdoptError::NotMember => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::CONFLICT,
        };
        refused(code, &error)
    }
}

/// Begins at each position that has another lineage. What is under way already goes on.
async fn begin(
    State(app): State<Arc<App>>,
    Parameters(wanted): Parameters<Wanted>,
) -> Result<Json<Adoption>, Failed> {
    let lineage = parse_lineage(&wanted.lineage)
        .ok_or_else(|| Failed(StatusCode::BAD_REQUEST, no_lineage(&wanted.lineage)))?;
    let (mut begun, mut refusal) = (false, AdoptError::Own);
    for position in &app.positions {
        match position.adopt(lineage).await? {
            Ok(()) => begun = true,
            // The others say nothing of the user's wish.
            Err(AdoptError::Own) => {}
            Err(error) => refusal = error,
        }
    }
    match (begun, refusal) {
        (true, _) => Ok(Json(stands(&app, lineage).await?)),
        (false, AdoptError::NotMember) => Err(outside(&app).await),
        (false, refusal) => Err(refusal.into()),
    }
}

/// Returns the state of the last adoption.
async fn standing(
    State(app): State<Arc<App>>,
    Parameters(Nothing {}): Parameters<Nothing>,
) -> Result<Json<Adoption>, Failed> {
    let mut last = None;
    for position in &app.positions {
        let to = position.look(|peer| peer.node().adoption().map(|one| one.to));
        last = to.await?.or(last);
    }
    let nothing = "no lineage has been adopted since the peer was started";
    let lineage = last.ok_or_else(|| Failed(StatusCode::NOT_FOUND, nothing.to_string()))?;
    Ok(Json(stands(&app, lineage).await?))
}

async fn stands(app: &App, lineage: u64) -> Result<Adoption, Failed> {
    let mut all = Adoption::of(lineage);
    for (position, folder) in app.positions.iter().zip(&app.folders) {
        let of_this = move |peer: &Peer| {
            let adoption = peer.node().adoption();
            adoption.filter(|one| one.to == lineage).cloned()
        };
        if let Some(one) = position.look(of_this).await? {
            all.add(&one, folder);
        }
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::super::names;
    use super::*;
    use crate::manual::must_name;

    #[test]
    fn the_page_names_the_parameters() {
        must_name(&["POST quorum/repair"], &names::<Order>());
        must_name(&["POST quorum/adopt"], &names::<Wanted>());
    }
}
