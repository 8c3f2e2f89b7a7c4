//! Peers that are killed: hinted hand-off while all replicas of a name are away, and the next primary of a group.

#![allow(clippy::unwrap_used)]

use std::time::Duration;

use chordscope_core::base::content::ContentId;
use chordscope_core::base::id::{Id, Space};
use chordscope_core::node::api::{Level, StoreError};
use chordscope_core::peer::Plan;
use chordscope_core::store::record::Name;
use chordscope_core::store::record::label::providers_key;
use chordscope_sim::worlds::peers::{Conditions, Deed, Peers};

const PEERS: usize = 8;
/// A round of anti-entropy may be 5 s away, and a copy is unclaimed after three.
const SOON: Duration = Duration::from_secs(2);

fn name() -> Name {
    Name::new("counter").unwrap()
}

/// The members in the order in which they follow the name's key: its owner first.
fn from_owner(peers: &Peers) -> Vec<usize> {
    let key = name().key(Space::FULL);
    let id = |member: &usize| peers.peer(*member).unwrap().node().id();
    let mut members: Vec<usize> = (0..PEERS).collect();
    let behind = |id: Id| (id < key, id);
    members.sort_by_key(|member| behind(id(member)));
    members
}

fn are_members(peers: &Peers, members: &[usize]) -> bool {
    members.iter().all(|member| {
        let peer = peers.peer(*member);
        peer.is_some_and(|peer| peer.node().membership().is_member())
    })
}

/// The three holders of a name are killed at once, and start again after a while; two writers go on meanwhile, in turn, and for a
/// while after. How long are older versions than the last acknowledged read then?
fn stale_for(seed: u64, away: Duration, goes_on: Duration) -> Duration {
    let mut peers = Peers::ring(seed, Conditions::default(), PEERS, 0).unwrap();
    let order = from_owner(&peers);
    let (holders, writers) = (&order[..3], [order[PEERS - 2], order[PEERS - 3]]);
    let put = |peers: &mut Peers, writer: usize, number: u64| {
        peers.put(writer, name(), &number.to_be_bytes()).is_ok()
    };
    assert!(put(&mut peers, writers[0], 1));
    for holder in holders {
        peers.kill(*holder);
    }
    let back = peers.now() + away;
    let (mut acknowledged, mut starts, mut end) = (1, true, None);
    for number in 2.. {
        if starts && peers.now() >= back {
            starts = false;
            for holder in holders {
                peers.start(*holder);
                peers.find(*holder, Plan::Resume);
            }
        }
        if end.is_none() && are_members(&peers, holders) {
            end = Some(peers.now() + goes_on);
        }
        if end.is_some_and(|end| peers.now() >= end) {
            break;
        }
        let writer = writers[usize::try_from(number % 2).unwrap()];
        if put(&mut peers, writer, number) {
            acknowledged = number;
        }
        peers.run_for(Duration::from_millis(100));
    }
    let (begin, mut stale) = (peers.now(), Duration::ZERO);
    while peers.now() < begin + Duration::from_secs(8) {
        for member in [writers[0], writers[1], holders[0], holders[2]] {
            let read = peers.read(member, |peer, now| peer.get(now, name(), Level::One));
            let read = read.ok().flatten().and_then(|record| record.into_value());
            if read.as_deref() != Some(&acknowledged.to_be_bytes()[..]) {
                stale = peers.now().since(begin);
            }
        }
        peers.run_for(Duration::from_millis(300));
    }
    stale
}

#[test]
fn what_was_put_while_all_replicas_were_away_is_read_soon_after_they_are_back() {
    let mut slow = Vec::new();
    for seed in 1..=24 {
        for away in [100, 300, 700, 1_000, 2_500] {
            let goes_on = Duration::from_secs(seed % 3);
            let stale = stale_for(seed, Duration::from_millis(away), goes_on);
            if stale > SOON {
                slow.push((seed, away, stale));
            }
        }
    }
    assert_eq!(slow, [], "seed, milliseconds away, how long it was stale");
}

#[test]
fn a_put_while_all_who_may_have_an_earlier_version_are_away_says_that_it_may_be_lost() {
    let mut peers = Peers::ring(7, Conditions::default(), PEERS, 0).unwrap();
    let order = from_owner(&peers);
    // The writer is before the holders on the ring, and notices that they are gone.
    let (holders, author, writer) = (&order[..3], order[PEERS - 3], order[PEERS - 1]);
    for number in 1..=3_u64 {
        let written = peers.put(author, name(), &number.to_be_bytes()).unwrap();
        assert_eq!((written.sequence, written.may_be_lost), (number, false));
    }
    for holder in holders {
        peers.kill(*holder);
    }
    peers.run_for(Duration::from_secs(3));
    // That there is nothing cannot be told: not to a get, a delete or a condition.
    let away = |outcome| assert_eq!(outcome, Err(StoreError::Away));
    away(peers.get(writer, name()).map(drop));
    away(
        peers
            .write(writer, |peer, now| peer.delete(now, name(), Level::One))
            .map(drop),
    );
    for expected in [0, 3] {
        away(
            peers
                .write(writer, |peer, now| {
                    let value = Some(vec![9]);
                    peer.compare_and_set(now, name(), expected, value, Level::One)
                })
                .map(drop),
        );
    }
    let written = peers.put(writer, name(), b"newer").unwrap();
    assert_eq!((written.sequence, written.may_be_lost), (1, true));
    let page = include_str!("../../docs/running-a-peer.md");
    let said = "(`\"may_be_lost\": true` in JSON): it begins with version 1, unless this peer itself has put the name before, and if one of those peers has an earlier record of a greater version, that one stays once it is back";
    assert!(
        page.contains(said),
        "docs/running-a-peer.md does not say: {said}"
    );
    for holder in holders {
        peers.start(*holder);
        peers.find(*holder, Plan::Resume);
    }
    peers.run_for(Duration::from_secs(20));
    // So it is: the older record has the greater version.
    let stays = peers.get(writer, name()).unwrap().unwrap();
    assert_eq!(stays.into_value(), Some(3_u64.to_be_bytes().to_vec()));
    let written = peers.put(writer, name(), b"newer").unwrap();
    assert_eq!((written.sequence, written.may_be_lost), (4, false));
    let stays = peers.get(author, name()).unwrap().unwrap();
    assert_eq!(stays.into_value(), Some(b"newer".to_vec()));
}

#[test]
fn that_nobody_has_a_content_is_not_said_while_all_who_may_know_of_one_are_away() {
    let mut peers = Peers::ring(8, Conditions::default(), PEERS, 0).unwrap();
    let content = ContentId([7; 32]);
    let key = providers_key(Space::FULL, content);
    let id = |peers: &Peers, member: usize| peers.peer(member).unwrap().node().id();
    let mut order: Vec<usize> = (0..PEERS).collect();
    order.sort_by_key(|member| (id(&peers, *member) < key, id(&peers, *member)));
    let asker = order[PEERS - 1];
    assert_eq!(peers.providers(asker, content), Ok(Vec::new()));
    for holder in &order[..3] {
        peers.kill(*holder);
    }
    peers.run_for(Duration::from_secs(3));
    assert_eq!(peers.providers(asker, content), Err(StoreError::Away));
}

/// Peers, the one of them that is to die, and a name that it orders the writes of.
fn with_primary(seed: u64, count: usize) -> (Peers, usize, Name) {
    let mut peers = Peers::ring(seed, Conditions::default(), count, 0).unwrap();
    peers.run_for(Duration::from_secs(60));
    let primary = usize::try_from(seed).unwrap() % count;
    let ids: Vec<Id> = (0..count)
        .map(|at| peers.peer(at).unwrap().node().id())
        .collect();
    let owned = |name: &Name| {
        let key = name.key(Space::FULL);
        ids.iter().min_by_key(|id| (**id < key, **id)) == Some(&ids[primary])
    };
    let mut names = (0..).map(|number| Name::new(format!("{number}")).unwrap());
    let name = names.find(owned).unwrap();
    (peers, primary, name)
}

/// The time until a put at level quorum by a member is acknowledged.
fn put_takes(peers: &mut Peers, member: usize, name: &Name) -> Duration {
    let begun = peers.now();
    let written = peers.write(member, |peer, now| {
        peer.put(now, name.clone(), b"new".to_vec(), Level::Quorum)
    });
    assert_eq!(written.unwrap().sequence, 1);
    peers.now().since(begun)
}

/// Returns whether a peer still takes a node for a neighbour.
fn is_a_neighbour(peers: &Peers, node: Id) -> bool {
    let mut others = peers.running().filter(|(_, peer)| peer.node().id() != node);
    others.any(|(_, peer)| {
        let membership = peer.node().membership();
        let successors = membership.successors().entries().iter();
        let mut neighbours = successors.chain(membership.predecessor());
        neighbours.any(|other| other.id() == node)
    })
}

const COUNTS: [usize; 4] = [3, 4, 5, 8];

#[test]
fn soon_after_a_primary_was_killed_another_member_orders_its_range() {
    for seed in 0..20 {
        for count in COUNTS {
            let (mut peers, primary, name) = with_primary(seed, count);
            peers.kill(primary);
            let took = put_takes(&mut peers, (primary + 1) % count, &name);
            let most = Duration::from_millis(2_500);
            assert!(took < most, "seed {seed}, {count}: {took:?}");
        }
    }
}

/// A machine that hangs: its links stay, and nothing comes over them.
#[test]
fn a_primary_that_falls_silent_is_waited_for_once_and_not_at_all_when_the_ring_knows() {
    for seed in 0..10 {
        for count in COUNTS {
            let (mut peers, primary, name) = with_primary(seed, count);
            let node = peers.peer(primary).unwrap().node().id();
            peers.set_cheat(primary, Some(|_| Deed::Drop));
            let mut at_once = peers.clone();
            // A question to a primary is given up after four seconds, as it asks others in turn.
            let took = put_takes(&mut at_once, (primary + 1) % count, &name);
            let most = Duration::from_millis(5_500);
            assert!(took < most, "seed {seed}, {count}: {took:?}");
            let known = |peers: &Peers| !is_a_neighbour(peers, node);
            assert!(peers.run_until(Duration::from_secs(5), known));
            // Members look at their groups a little later.
            peers.run_for(Duration::from_secs(1));
            let took = put_takes(&mut peers, (primary + 1) % count, &name);
            let most = Duration::from_secs(2);
            assert!(took < most, "seed {seed}, {count}: {took:?} later");
        }
    }
}
