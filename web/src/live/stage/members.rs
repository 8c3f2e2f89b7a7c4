//! The number of members of the ring, as far as one member can tell.

use chordscope_core::base::id::{Id, Space};

use super::known;
use crate::live::talk::State;

/// So many deviations below the middle the number of members lies in one ring of ten thousand. Nothing is said of more members
/// than the tab knows that is less sure.
const SURE: f64 = 3.7;
/// The bounds that are told, in deviations: the number lies outside of them in fewer than one ring of a hundred.
const TOLD: f64 = 2.6;

/// The number of members of the ring, as far as the tab can tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Members {
    /// The tab knows them all.
    All,
    /// More than the tab knows: from about so many to about so many, by how close the nearest ones are.
    Between(u64, u64),
}

/// Returns the number of members of the ring: none where the tab may know them all, or not.
pub fn members(state: &State) -> Option<Members> {
    let before = state.predecessor?;
    let last = state.successors.last()?;
    let known = known(state, None);
    // Where the list of successors comes round to the predecessor, nobody is missing.
    if let Some(end) = state.successors.iter().position(|id| *id == before) {
        let mut all: Vec<Id> = state.successors[..=end].to_vec();
        all.push(state.id);
        all.sort();
        // A node beside these has just come or gone, and the list may not show it yet.
        return (all == known).then_some(Members::All);
    }
    let turn = |id| Space::FULL.turn(id);
    let span = (turn(*last) - turn(before)).rem_euclid(1.0).max(1e-12);
    let gaps = (state.successors.len() + 1) as f64;
    let is_more = |count: f64| count > known.len() as f64;
    let low = rounded(bound(gaps, -TOLD) / span, f64::floor);
    let high = rounded(bound(gaps, TOLD) / span, f64::ceil);
    let surely = is_more(bound(gaps, -SURE) / span) && is_more(low);
    surely.then_some(Members::Between(low as u64, high as u64))
}

/// Where so many gaps are next to each other, the number of nodes on the circle times the part of it that they take is about
/// gamma-distributed. Returns its quantile, so many standard deviations of the normal distribution from the middle, by the
/// approximation of Wilson and Hilferty.
fn bound(gaps: f64, deviations: f64) -> f64 {
    let ninth = 1.0 / (9.0 * gaps);
    let root = (1.0 - ninth + deviations * ninth.sqrt()).max(0.0);
    gaps * root * root * root
}

/// A number with one digit, which is all that it is worth.
fn rounded(number: f64, round: fn(f64) -> f64) -> f64 {
    let mut unit = 1.0;
    while number >= unit * 10.0 {
        unit *= 10.0;
    }
    round(number / unit) * unit
}

/// Returns the sentence that says how much of the ring the stage shows.
pub fn coverage(state: &State) -> String {
    let known = known(state, None).len();
    match members(state) {
        Some(Members::All) => format!("Shown: all {known} members."),
        Some(Members::Between(low, high)) => {
            format!("Shown: {known} of about {low} to {high} members, those that this tab knows.")
        }
        None if known == 1 => "Shown: this tab. It knows no other member.".to_owned(),
        None => {
            format!(
                "Shown: the {known} nodes that this tab knows, itself included. There may be more."
            )
        }
    }
}

#[cfg(test)]
mod tests;
