//! Forming of a ring that has just begun, until it is whole: each position has its place, and each range has its group of level
//! `quorum`.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::pin::pin;
use std::time::Duration;

use chordscope_core::base::contact::Contact;
use chordscope_core::base::id::{Id, Space};
use chordscope_core::chord::ideal::IdealRing;
use chordscope_core::peer::Peer;
use chordscope_core::store::group::configuration::{Configuration, Epoch, Member};
use futures_util::future::join_all;
use tokio::time::{Instant, sleep, timeout};

use crate::driver::Handle;
use crate::output;

/// The period in which a small ring is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(25);
/// The pause for each position, which counts where it comes to more, so that looking takes no more than a small part of a
/// processor.
const PAUSE_PER_POSITION: Duration = Duration::from_micros(500);
/// The period in which the progress of the ring is reported.
const TELL_EVERY: Duration = Duration::from_secs(5);
/// The time for which ranges may lack their groups once the ring is one: where a ring is begun again, majorities may be gone for
/// good.
const GROUPS_TIMEOUT: Duration = Duration::from_secs(30);

/// The state of one position, as it shows.
#[derive(Clone, Debug)]
struct Seen {
    id: Id,
    is_member: bool,
    predecessor: Option<Id>,
    successors: Vec<Id>,
    /// The limit of the list of successors.
    most: usize,
    /// The groups in which it has a vote, and that nothing follows yet as far as it knows.
    groups: Vec<Vote>,
}

/// A group, at a member of it.
#[derive(Clone, Debug)]
struct Vote {
    after: Id,
    upto: Id,
    epoch: Epoch,
    majority: usize,
}

/// The progress of a ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Progress {
    positions: usize,
    /// The number of them that have the neighbours of the finished ring.
    placed: usize,
    /// The number of ranges, one for each position, whose group has a majority that is up.
    served: usize,
}

impl Progress {
    const fn is_one_ring(self) -> bool {
        self.placed == self.positions
    }

    const fn is_whole(self) -> bool {
        self.is_one_ring() && self.served == self.positions
    }

    fn words(self) -> String {
        let Self {
            positions,
            placed,
            served,
        } = self;
        match self.is_one_ring() {
            false => format!("{placed} of {positions} have their place"),
            true => format!("{served} of {positions} ranges have their group at level quorum"),
        }
    }
}

/// Says every few seconds how far a ring is, however long it takes to look.
#[derive(Debug)]
pub(super) struct Teller {
    begun: Instant,
    /// The peers of the ring.
    peers: usize,
    started: Cell<usize>,
    seen: Cell<Option<Progress>>,
    /// The most positions that were seen in their places at a time.
    most_placed: Cell<usize>,
    /// True if nothing has happened since the last line.
    is_old: Cell<bool>,
}

impl Teller {
    /// Makes the state of a ring of so many peers, none of which runs yet.
    pub(super) fn new(peers: usize) -> Self {
        Self {
            begun: Instant::now(),
            peers,
            started: Cell::new(0),
            seen: Cell::new(None),
            most_placed: Cell::new(0),
            is_old: Cell::new(false),
        }
    }

    /// Takes note that so many peers run.
    pub(super) fn started(&self, peers: usize) {
        self.started.set(peers);
    }

    fn saw(&self, progress: Progress) {
        self.seen.set(Some(progress));
        self.is_old.set(false);
        let most = self.most_placed.get().max(progress.placed);
        self.most_placed.set(most);
    }

    /// Waits for what makes the ring, and says meanwhile how far it is.
    pub(super) async fn tell_during<T>(&self, work: impl Future<Output = T>) -> T {
        let mut work = pin!(work);
        loop {
            match timeout(TELL_EVERY, &mut work).await {
                Ok(done) => return done,
                Err(_) => {
                    let (line, seconds) = (self.line(), self.begun.elapsed().as_secs());
                    output::note(format_args!(
                        "chordscope: the ring forms: {line} after {seconds} s"
                    ));
                }
            }
        }
    }

    fn line(&self) -> String {
        let Some(progress) = self.seen.get() else {
            return format!("{} of {} peers run", self.started.get(), self.peers);
        };
        let mut line = progress.words();
        let most = self.most_placed.get();
        if progress.placed < most {
            line.push_str(&format!(" ({most} had it before)"));
        }
        if self.is_old.replace(true) {
            line.push_str(" as far as seen last, as the peers are busy,");
        }
        line
    }
}

/// Waits until the ring of these positions is whole. Once it is one ring, groups are awaited for a while only: it is said which are missing
/// then.
pub(super) async fn is_whole(positions: &[&Handle], teller: &Teller) {
    let mut one_since = None;
    loop {
        let seen = join_all(positions.iter().map(|position| position.look(see))).await;
        let progress = Progress {
            // One that is too busy to answer is not in its place.
            positions: positions.len(),
            ..judge(&seen.into_iter().flatten().collect::<Vec<_>>())
        };
        teller.saw(progress);
        if progress.is_whole() {
            return;
        }
        if !progress.is_one_ring() {
            one_since = None;
        } else if one_since.get_or_insert_with(Instant::now).elapsed() >= GROUPS_TIMEOUT {
            output::note(format_args!(
                "chordscope: warning: {}; `chordscope status` says who is missing",
                progress.words()
            ));
            return;
        }
        let count = u32::try_from(positions.len()).unwrap_or(u32::MAX);
        sleep(LOOK_EVERY.max(PAUSE_PER_POSITION * count)).await;
    }
}

fn see(peer: &Peer) -> Seen {
    let (id, membership) = (peer.node().id(), peer.node().membership());
    let list = membership.successors();
    let held = peer.node().groups().into_iter();
    let held = held.flat_map(|groups| groups.held());
    let groups = held.filter(|held| held.decided.is_none()).filter(|held| {
        held.group
            .member(id)
            .is_some_and(|member: &Member| member.votes)
    });
    Seen {
        id,
        is_member: membership.is_member(),
        predecessor: membership.predecessor().map(Contact::id),
        successors: list.entries().iter().map(Contact::id).collect(),
        most: usize::from(list.limit()),
        groups: groups.map(|held| Vote::of(&held.group)).collect(),
    }
}

impl Vote {
    const fn of(group: &Configuration) -> Self {
        Self {
            after: group.after,
            upto: group.upto,
            epoch: group.epoch,
            majority: group.majority(),
        }
    }
}

fn judge(seen: &[Seen]) -> Progress {
    let ids = seen.iter().map(|seen| seen.id);
    let ids: BTreeSet<Id> = ids.collect();
    let placed = match IdealRing::new(Space::FULL, ids.iter().copied().collect()) {
        Ok(ring) => seen.iter().filter(|seen| seen.has_its_place(&ring)).count(),
        Err(_) => 0,
    };
    // Each group once, with how many have a vote in it and know of nothing that follows it.
    let mut groups: BTreeMap<(Epoch, Id), (&Vote, usize)> = BTreeMap::new();
    for vote in seen.iter().flat_map(|seen| &seen.groups) {
        groups.entry((vote.epoch, vote.upto)).or_insert((vote, 0)).1 += 1;
    }
    let is_served = |key: Id| {
        // The newest: members that missed its decision may still hold what was before.
        let mut newest_first = groups.values().rev();
        let group = newest_first.find(|(vote, _)| key.is_within(vote.after, vote.upto));
        group.is_some_and(|(vote, votes)| *votes >= vote.majority)
    };
    Progress {
        positions: seen.len(),
        placed,
        served: ids.iter().filter(|id| is_served(**id)).count(),
    }
}

impl Seen {
    /// Returns whether its neighbours are those that it has in the finished ring.
    fn has_its_place(&self, ring: &IdealRing) -> bool {
        let before = Some(ring.predecessor(self.id)).filter(|before| *before != self.id);
        self.is_member
            && self
                .successors
                .iter()
                .copied()
                .eq(ring.successors(self.id, self.most))
            && self.predecessor == before
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: u64) -> Id {
        Id::from_u64(number)
    }

    fn vote(after: u64, upto: u64, round: u64) -> Vote {
        let epoch = Epoch {
            round,
            ..Epoch::default()
        };
        Vote {
            after: id(after),
            upto: id(upto),
            epoch,
            majority: 2,
        }
    }

    /// Three positions of one ring, with these groups.
    fn ring(groups: [&[Vote]; 3]) -> [Seen; 3] {
        let neighbours = [(10, [20, 30], 30), (20, [30, 10], 10), (30, [10, 20], 20)];
        let mut groups = groups.into_iter();
        neighbours.map(|(me, successors, before)| Seen {
            id: id(me),
            is_member: true,
            predecessor: Some(id(before)),
            successors: successors.map(id).to_vec(),
            most: 4,
            groups: groups.next().unwrap().to_vec(),
        })
    }

    #[test]
    fn a_ring_is_whole_once_each_has_its_place_and_each_range_a_majority() {
        let all = vote(30, 30, 1);
        let progress = |seen: &[Seen]| {
            let progress = judge(seen);
            assert_eq!(progress.positions, 3);
            (progress.placed, progress.served, progress.is_whole())
        };
        let one = [all.clone()];
        assert_eq!(progress(&ring([&one, &one, &[]])), (3, 3, true));
        assert_eq!(progress(&ring([&one, &[], &[]])), (3, 0, false));
        let mut apart = ring([&one, &one, &one]);
        apart[1].successors = vec![id(10)];
        assert_eq!(progress(&apart), (2, 3, false));
        apart[1].is_member = false;
        assert!(!judge(&apart).is_one_ring());
    }

    #[test]
    fn what_is_told_of_a_ring_is_true_of_what_was_seen() {
        let teller = Teller::new(8);
        teller.started(5);
        assert_eq!(teller.line(), "5 of 8 peers run");
        let mut progress = Progress {
            positions: 8,
            placed: 6,
            served: 0,
        };
        teller.saw(progress);
        assert_eq!(teller.line(), "6 of 8 have their place");
        assert_eq!(
            teller.line(),
            "6 of 8 have their place as far as seen last, as the peers are busy,"
        );
        progress.placed = 4;
        teller.saw(progress);
        assert_eq!(teller.line(), "4 of 8 have their place (6 had it before)");
        progress.placed = 8;
        progress.served = 3;
        teller.saw(progress);
        let served = "3 of 8 ranges have their group at level quorum";
        assert_eq!(teller.line(), served);
    }

    #[test]
    fn a_range_is_served_by_its_newest_group_alone() {
        let (all, [low, high]) = (vote(30, 30, 1), [vote(30, 10, 2), vote(10, 30, 2)]);
        let before = [all.clone()];
        let after = [low.clone(), high];
        // One member that knows what followed is not enough for it, and two that do not are not enough for what was.
        let split = ring([&before, &after, &before]);
        assert_eq!(judge(&split).served, 0);
        let split = ring([&before, &after, &[low]]);
        assert_eq!(judge(&split).served, 1, "the lower part");
        let split = ring([&before, &after, &after]);
        assert!(judge(&split).is_whole());
    }
}
