//! Views of level `quorum`.

use std::fmt;
use std::path::Path;

use chordscope_core::base::contact::Contact;
use chordscope_core::base::id::{Id, Space};
use chordscope_core::base::time::Instant;
use chordscope_core::node::adopting::{Adoption as Standing, AdoptionState};
use chordscope_core::peer::Peer;
use chordscope_core::store::group::fence::Fence;
use chordscope_core::store::group::{Groups, Held};
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use super::url;
use crate::driver::export_path;
use crate::id_words::no_id;

/// A peer's view of level `quorum`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Quorum {
    /// The founding that its groups descend from, as 16 hexadecimal digits.
    pub(crate) lineage: Option<String>,
    /// The lineages of its neighbours that are others.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) other_lineages: Vec<String>,
    /// The number of groups that it is a member of.
    pub(crate) groups: usize,
    /// The members of these groups that are away.
    pub(crate) awaited: Vec<Awaited>,
    /// The ranges of these groups that wait for them.
    #[serde(default)]
    pub(crate) waiting: Vec<Waiting>,
    /// The ranges that were repaired by hand, in the whole ring as far as the peer knows.
    #[serde(default)]
    pub(crate) repaired: Vec<Repaired>,
    /// The number of places in these groups without a vote: a member that was away, or has lost its store, is given what it lacks
    /// first.
    #[serde(default)]
    pub(crate) without_vote: usize,
}

/// The keys behind one and up to another: `(AFTER, UPTO]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Range {
    pub(crate) after: Id,
    pub(crate) upto: Id,
}

impl Range {
    /// Reads what [`Range`] shows; `None` where a text is no range at all.
    pub(crate) fn parse(space: Space, text: &str) -> Option<Result<Self, String>> {
        let inner = text.trim().strip_prefix('(')?.strip_suffix(']')?;
        let (after, upto) = inner.split_once(',')?;
        let read = |id: &str| {
            let read = space.parse(id);
            read.map_err(|error| no_id(space, id, error))
        };
        let both = [after, upto].map(read);
        Some(match both {
            [Ok(after), Ok(upto)] => Ok(Self { after, upto }),
            [Err(error), _] | [_, Err(error)] => Err(error),
        })
    }
}

/// Ids in full: the text is there to be given back.
impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [after, upto] = [self.after, self.upto].map(|id| Space::FULL.show(id));
        write!(f, "({after}, {upto}]")
    }
}

/// A node at level quorum.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Awaited {
    pub(crate) id: String,
    /// The address at which it was.
    pub(crate) address: Option<String>,
    /// The seconds for which it has been away, as far as the peer that tells of it has seen that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) away_s: Option<u64>,
}

impl Awaited {
    pub(crate) fn of(contact: &Contact) -> Self {
        Self {
            id: Space::FULL.show(contact.id()),
            address: url(contact),
            away_s: None,
        }
    }

    /// Notes for how long it has been away.
    pub(crate) fn date(&mut self, groups: &Groups, now: Instant) {
        let id = Space::FULL.parse(&self.id).ok();
        let since = id.and_then(|id| groups.away_since(id));
        self.away_s = since.map(|since| now.since(since).as_secs());
    }

    /// The id, where it was, and for how long it has been away.
    pub(crate) fn describe(&self) -> String {
        let mut text = self.id.clone();
        if let Some(address) = &self.address {
            text.push_str(&format!(" ({address})"));
        }
        if let Some(seconds) = self.away_s {
            let seconds = i64::try_from(seconds).unwrap_or(i64::MAX);
            let time = SignedDuration::from_secs(seconds);
            text.push_str(&format!(" for {time:#}"));
        }
        text
    }
}

/// A range that waits for a member of its group.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Waiting {
    /// `(AFTER, UPTO]`, as `quorum repair` takes it.
    pub(crate) range: String,
    /// The number of times that it was repaired by hand.
    pub(crate) generation: u32,
    pub(crate) members: usize,
    /// The members that are away.
    pub(crate) awaited: Vec<Awaited>,
    /// True if the group has no majority without them.
    pub(crate) blocked: bool,
}

impl Waiting {
    /// The ranges of this peer that wait for absent members, each once: an earlier group of a range may still be held beside the one
    /// that follows it.
    pub(crate) fn all(groups: &Groups) -> Vec<Self> {
        let away: Vec<Id> = groups.awaited().iter().map(Contact::id).collect();
        let open = groups.held().filter(|held| held.decided.is_none());
        let mut all = Vec::new();
        for one in open.filter_map(|held| Self::of(held, &away)) {
            one.add_to(&mut all);
        }
        all
    }

    /// Adds it to these; where the range is among them, what is awaited for it there.
    fn add_to(self, all: &mut Vec<Self>) {
        let like = |one: &&mut Self| one.range == self.range;
        let Some(one) = all.iter_mut().find(like) else {
            all.push(self);
            return;
        };
        for member in self.awaited {
            if !one.awaited.contains(&member) {
                one.awaited.push(member);
            }
        }
        one.generation = one.generation.max(self.generation);
        one.members = one.members.max(self.members);
        one.blocked |= self.blocked;
    }

    fn of(held: &Held, away: &[Id]) -> Option<Self> {
        let group = &held.group;
        let awaited = group.members.iter().filter(|m| away.contains(&m.id()));
        let awaited: Vec<Awaited> = awaited.map(|m| Awaited::of(&m.contact)).collect();
        let there = group.voters().filter(|voter| !away.contains(&voter.id()));
        let (after, upto) = (group.after, group.upto);
        (!awaited.is_empty()).then(|| Self {
            range: Range { after, upto }.to_string(),
            generation: group.epoch.generation,
            members: group.members.len(),
            awaited,
            blocked: there.count() < group.majority(),
        })
    }
}

/// A range that was repaired by hand.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Repaired {
    /// `(AFTER, UPTO]`; adjoining ranges are told of as one.
    pub(crate) range: String,
    pub(crate) lineage: String,
    /// The number of times that it was repaired.
    pub(crate) generation: u32,
    /// The members that were given up.
    pub(crate) lost: Vec<Lost>,
}

/// A member that was given up.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Lost {
    pub(crate) id: String,
    /// The incarnation of its store, as 16 hexadecimal digits.
    pub(crate) incarnation: String,
}

impl Repaired {
    pub(crate) fn of(fence: &Fence) -> Self {
        let (after, upto) = (fence.after, fence.upto);
        let lost = fence.lost.iter().map(|(id, incarnation)| Lost {
            id: Space::FULL.show(*id),
            incarnation: format!("{incarnation:016x}"),
        });
        Self {
            range: Range { after, upto }.to_string(),
            lineage: show_lineage(fence.lineage),
            generation: fence.generation,
            lost: lost.collect(),
        }
    }
}

/// The state of the adoption of a lineage, at all positions of a peer together.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Adoption {
    /// The lineage that is adopted.
    pub(crate) lineage: String,
    /// True while the adoption goes on at a position.
    pub(crate) running: bool,
    /// The reason why it failed at a position, which has its lineage still.
    pub(crate) error: Option<String>,
    /// The lineage for which that one is itself being given up, where it failed for that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) given_up_for: Option<String>,
    /// The number of records that were brought into the lineage.
    pub(crate) imported: u64,
    /// The number that were there already.
    pub(crate) present: u64,
    /// The number that were exported, as something else is in their place.
    pub(crate) conflicts: u64,
    /// The files that these are in.
    pub(crate) exports: Vec<String>,
}

/// The error for a lineage that no group has.
pub(crate) const UNKNOWN_LINEAGE: &str =
    "no such lineage is known: no group of it was found in the ring";

/// A lineage as it is shown.
pub(crate) fn show_lineage(number: u64) -> String {
    format!("{number:016x}")
}

/// The error for a lineage that is itself given up for another one.
pub(crate) fn given_up(lineage: u64, other: u64) -> String {
    let [lineage, other] = [lineage, other].map(show_lineage);
    format!("lineage {lineage} is itself being given up for {other}")
}

/// The error for groups of the own lineage that cannot be read or left, with the members that are awaited.
pub(crate) fn held_by(awaited: &[Contact]) -> String {
    let awaited: Vec<String> = awaited
        .iter()
        .map(|member| Awaited::of(member).describe())
        .collect();
    let awaited = match awaited.is_empty() {
        true => String::new(),
        false => format!("; awaited: {}", awaited.join(", ")),
    };
    format!(
        "the groups of the peer's own lineage could not be read or left in time{awaited}. Start the peers that are away; where a majority of a range is gone for good, as `chordscope status` says, go on with `chordscope quorum repair RANGE --lost ID,ID`. Then give this order again"
    )
}

/// The error for a lineage of which no group has said in time that it stands.
pub(crate) fn unanswered(lineage: u64) -> String {
    format!(
        "no group of lineage {} has said in time that it stands: give this order again once its peers are there",
        show_lineage(lineage)
    )
}

/// A lineage as it was shown.
pub(crate) fn parse_lineage(text: &str) -> Option<u64> {
    let digits = text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    digits.then(|| u64::from_str_radix(text, 16).ok())?
}

impl Quorum {
    /// Notes for how long the members that are awaited have been away.
    pub(crate) fn date(&mut self, peer: &Peer, now: Instant) {
        let Some(groups) = peer.node().groups() else {
            return;
        };
        let ranges = self.waiting.iter_mut();
        let waiting = ranges.flat_map(|range| &mut range.awaited);
        for one in self.awaited.iter_mut().chain(waiting) {
            one.date(groups, now);
        }
    }

    pub(super) fn of(peer: &Peer) -> Self {
        let node = peer.node();
        let Some(groups) = node.groups() else {
            return Self::default();
        };
        let awaited = groups.awaited().into_iter();
        Self {
            lineage: groups.lineage().map(|lineage| show_lineage(lineage.number)),
            other_lineages: groups
                .other_lineages()
                .into_iter()
                .map(show_lineage)
                .collect(),
            groups: groups.held().filter(|held| held.decided.is_none()).count(),
            awaited: awaited.map(|member| Awaited::of(&member)).collect(),
            waiting: Waiting::all(groups),
            repaired: groups.fences().iter().map(Repaired::of).collect(),
            without_vote: groups.without_vote(),
        }
    }
}

impl Adoption {
    /// Makes the state of an adoption of this lineage, before any position has been asked.
    pub(crate) fn of(lineage: u64) -> Self {
        Self {
            lineage: show_lineage(lineage),
            ..Self::default()
        }
    }

    /// Adds how it stands at a position, whose folder this is.
    pub(crate) fn add(&mut self, standing: &Standing, folder: &Path) {
        match &standing.state {
            AdoptionState::Running => self.running = true,
            AdoptionState::Failed(error) => self.error = Some(error.to_string()),
            AdoptionState::Held(awaited) => self.error = Some(held_by(awaited)),
            AdoptionState::Unanswered => self.error = Some(unanswered(standing.to)),
            AdoptionState::Unknown => {
                self.error = Some(UNKNOWN_LINEAGE.to_string());
            }
            AdoptionState::GivenUp(other) => {
                self.error = Some(given_up(standing.to, *other));
                self.given_up_for = Some(show_lineage(*other));
            }
            AdoptionState::Done => {}
        }
        self.imported += standing.imported;
        self.present += standing.present;
        self.conflicts += standing.conflicts;
        if let Some(from) = standing.from.filter(|_| standing.conflicts > 0) {
            let path = export_path(folder, from);
            self.exports.push(path.display().to_string());
        }
    }
}

#[cfg(test)]
mod tests {
    use chordscope_core::base::contact::Address;
    use chordscope_core::base::identity::Signer;

    use super::*;

    #[test]
    fn an_adoption_that_cannot_end_names_who_is_awaited_and_the_way_on() {
        let mut adoption = Adoption::of(7);
        let standing = |state| Standing {
            from: Some(5),
            to: 7,
            state,
            imported: 0,
            present: 0,
            conflicts: 0,
        };
        let signer = Signer::ed25519([7; 32]);
        let address = Address::parse_url("ws://127.0.0.1:7341").unwrap();
        let gone = Contact::sign(Space::FULL, &signer, 0, 1, vec![address]).unwrap();
        let id = Space::FULL.show(gone.id());
        adoption.add(&standing(AdoptionState::Held(vec![gone])), Path::new("x"));
        let said = adoption.error.take().unwrap();
        assert!(said.contains(&format!("; awaited: {id} (")), "{said}");
        let way =
            "go on with `chordscope quorum repair RANGE --lost ID,ID`. Then give this order again";
        assert!(said.ends_with(way), "{said}");
        adoption.add(&standing(AdoptionState::Unanswered), Path::new("x"));
        let said = adoption.error.unwrap();
        assert!(
            said.starts_with("no group of lineage 0000000000000007 has said"),
            "{said}"
        );
    }

    #[test]
    fn a_range_is_read_as_it_is_shown() {
        let [after, upto] = [7, 9].map(Id::from_u64);
        let range = Range { after, upto };
        let parse = |text: &str| Range::parse(Space::FULL, text);
        assert_eq!(parse(&range.to_string()), Some(Ok(range)));
        for other in ["a name", "(a name]", "(1, 2)", ""] {
            assert_eq!(parse(other), None, "{other}");
        }
        assert!(parse("(xyz, 12]").is_some_and(|range| range.is_err()));
    }

    #[test]
    fn a_range_of_two_groups_is_told_once_with_all_whom_it_waits_for() {
        let awaited = |id: &str| Awaited {
            id: id.to_string(),
            address: None,
            away_s: None,
        };
        let waiting = |range: &str, id: &str, blocked| Waiting {
            range: range.to_string(),
            generation: 0,
            members: 3,
            awaited: vec![awaited("1"), awaited(id)],
            blocked,
        };
        let mut all = Vec::new();
        for one in [
            waiting("(1, 2]", "7", false),
            waiting("(2, 1]", "7", false),
            waiting("(1, 2]", "8", true),
        ] {
            one.add_to(&mut all);
        }
        assert_eq!(all.len(), 2);
        assert_eq!(all[0].awaited, ["1", "7", "8"].map(awaited));
        assert!(all[0].blocked && !all[1].blocked);
    }

    #[test]
    fn who_is_awaited_is_told_with_its_address_and_for_how_long() {
        let mut one = Awaited {
            id: "7".to_string(),
            address: None,
            away_s: None,
        };
        assert_eq!(one.describe(), "7");
        one.address = Some("ws://a:1/ws".to_string());
        one.away_s = Some(75);
        assert_eq!(one.describe(), "7 (ws://a:1/ws) for 1m 15s");
    }

    #[test]
    fn lineages_are_read_as_they_are_shown() {
        for number in [0, 7, u64::MAX] {
            assert_eq!(parse_lineage(&show_lineage(number)), Some(number));
        }
        for odd in [
            "",
            "7",
            "+000000000000007",
            "000000000000000g",
            "00000000000000007",
        ] {
            assert_eq!(parse_lineage(odd), None, "{odd}");
        }
    }
}
