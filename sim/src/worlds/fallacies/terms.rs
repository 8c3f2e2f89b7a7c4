//! The terms of a run: what the levers make of the network and of each peer. They follow from the set-up and the seed.

use alloc::format;
use alloc::vec::Vec;
use core::time::Duration;

use crate::engine::network::Bandwidth;
use crate::worlds::fallacies::lever::Fallacy;
use crate::worlds::fallacies::price::Prices;
use crate::worlds::fallacies::setup::{QUORUM_EVERY, Setup};
use chordscope_core::base::features::Features;
use chordscope_core::base::id::{Id, Space};
use chordscope_core::base::rng::Rng;
use chordscope_core::node::api::Level;
use chordscope_core::node::config::{Config, Limits};
use chordscope_core::store::record::Name;
use chordscope_core::swarm::api::Limits as SwarmLimits;

/// The bits of ids: few enough that an id can be read.
const BITS: u8 = 16;
/// Bytes a second of a slow peer's line, each way.
pub const SLOW_LINE: u32 = 128_000;
/// The time that a slow peer's line adds to each message that it sends or gets.
pub const SLOW_DELAY: Duration = Duration::from_millis(150);
/// Records that a small peer has room for.
pub const SMALL_RECORDS: usize = 4;
/// The lifetime of a provider's entry.
const PROVIDER_LIFETIME: Duration = Duration::from_secs(30);
/// The number of times that an unanswered request is sent again. The shipped peer's streams lose nothing, and it needs none.
const RETRIES: u8 = 1;
/// The stream of the seed that the draws of a set-up come from.
const STREAM: u64 = 1;

/// A rule of an administrator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Policy {
    /// Keeps no records: its limit is 0.
    StoresNothing,
    /// Sends no segments: it has no slots.
    GivesNothing,
    /// Passes no lookups of others on; it answers only for what it owns.
    RelaysNothing,
}

impl Policy {
    /// All rules.
    pub const ALL: [Self; 3] = [Self::RelaysNothing, Self::GivesNothing, Self::StoresNothing];
    /// The rules of the other administrators, whose peers follow one another in turn: all three, and each one.
    const ADMINISTRATORS: [&[Self]; 4] = [
        &Self::ALL,
        &[Self::RelaysNothing],
        &[Self::GivesNothing],
        &[Self::StoresNothing],
    ];
}

/// The traits of a peer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traits {
    /// True if the peer lies: to each lookup that it should pass on it says that it is the owner, to each read that there is nothing, and
    /// in each segment that it sends a byte is wrong. It says that it has the whole file.
    pub is_liar: bool,
    /// The rules of its administrator; none where that is the one of most.
    pub policies: &'static [Policy],
    /// True if the peer is unlike the others: its line is slow ([`SLOW_LINE`], [`SLOW_DELAY`]), it is small ([`SMALL_RECORDS`]), and it
    /// speaks as release 0.1 does, without any of the core's [`Features`].
    pub is_other: bool,
}

impl Traits {
    /// Returns whether a rule is one of its administrator.
    pub fn has(&self, policy: Policy) -> bool {
        self.policies.contains(&policy)
    }
}

/// The part that a peer has in the transfer of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Has the file from the beginning.
    Seed,
    /// Fetches the file.
    Client,
    /// Says that it has the file, and lies.
    Liar,
    /// Takes no part.
    None,
}

/// The terms of a run.
#[derive(Clone, Debug)]
pub(super) struct Terms {
    pub(super) space: Space,
    /// The ids of peers, ascending.
    pub(super) ids: Vec<Id>,
    pub(super) traits: Vec<Traits>,
    pub(super) roles: Vec<Role>,
    pub(super) names: Vec<Name>,
    pub(super) loss_percent: u32,
    /// The latency of a message, at least and at most.
    pub(super) latency: (Duration, Duration),
    pub(super) line: Bandwidth,
    /// The length of a session in the mean, where sessions end.
    pub(super) session: Option<Duration>,
    pub(super) prices: Prices,
}

impl Terms {
    pub(super) fn of(setup: &Setup, seed: u64) -> Self {
        let levers = &setup.levers;
        let mut rng = Rng::from_seed(seed, STREAM);
        let space = Space::new(BITS).unwrap_or(Space::FULL);
        let ids = draw_ids(space, setup.peers, &mut rng);
        let (roles, traits) = draw_peers(setup, &mut rng);
        let mean = u64::from(levers.value(Fallacy::Latency)) * 1_000;
        let rate = levers.value(Fallacy::Bandwidth).saturating_mul(1_000);
        let median = u64::from(levers.value(Fallacy::Topology));
        Self {
            names: draw_names(space, setup.names),
            space,
            ids,
            traits,
            roles,
            loss_percent: levers.value(Fallacy::Reliable),
            latency: (
                Duration::from_micros(mean * 2 / 3),
                Duration::from_micros(mean * 4 / 3),
            ),
            line: Bandwidth {
                up: rate,
                down: rate,
            },
            // An exponential distribution's median is its mean times the logarithm of 2: 0.6931.
            session: (median > 0).then(|| Duration::from_millis(median * 1_443)),
            prices: Prices {
                sent: levers.value(Fallacy::Cost),
                received: match levers.lever(Fallacy::Cost).is_faced {
                    true => setup.received_price,
                    false => 0,
                },
            },
        }
    }

    /// The configuration of a peer's node: the shipped one, with its limits.
    pub(super) fn config(&self, peer: u16) -> Config {
        let traits = self.traits[usize::from(peer)];
        let is_other = traits.is_other;
        let shipped = match is_other {
            // Its groups of level `quorum` speak otherwise: it is in none of these.
            true => Config::without_groups(),
            false => Config::default(),
        };
        let mut limits = Limits::default();
        if is_other {
            limits.records = SMALL_RECORDS;
        }
        if traits.has(Policy::StoresNothing) {
            limits.records = 0;
        }
        Config {
            space: self.space,
            retries: RETRIES,
            provider_lifetime: PROVIDER_LIFETIME,
            limits,
            ..shipped
        }
    }

    /// The limits of a peer's swarm.
    pub(super) fn swarm_limits(&self, peer: u16) -> SwarmLimits {
        let shipped = SwarmLimits::default();
        let gives = !self.traits[usize::from(peer)].has(Policy::GivesNothing);
        SwarmLimits {
            slots: if gives { shipped.slots } else { 0 },
            ..shipped
        }
    }

    /// The features that a peer announces.
    pub(super) fn features(&self, peer: u16) -> Features {
        match self.traits[usize::from(peer)].is_other {
            true => Features::NONE,
            false => Features::ALL,
        }
    }

    /// The line of a peer.
    pub(super) fn line_of(&self, peer: u16) -> Bandwidth {
        let at_most = match self.traits[usize::from(peer)].is_other {
            true => SLOW_LINE,
            false => u32::MAX,
        };
        Bandwidth {
            up: self.line.up.min(at_most),
            down: self.line.down.min(at_most),
        }
    }

    /// The time that a peer's line adds to each message.
    pub(super) fn delay_of(&self, peer: u16) -> Duration {
        match self.traits[usize::from(peer)].is_other {
            true => SLOW_DELAY,
            false => Duration::ZERO,
        }
    }
}

/// The level at which a name is kept.
pub const fn level_of(name: u16) -> Level {
    match name % QUORUM_EVERY == QUORUM_EVERY - 1 {
        true => Level::Quorum,
        false => Level::One,
    }
}

/// So many of a hundred peers, to the nearest; one at least where the share is not 0.
fn share(peers: u16, percent: u32) -> usize {
    let count = (u32::from(peers) * percent + 50) / 100;
    count.max(u32::from(percent > 0)) as usize
}

/// The parts in the transfer and the traits of all peers.
fn draw_peers(setup: &Setup, rng: &mut Rng) -> (Vec<Role>, Vec<Traits>) {
    let order = shuffled(setup.peers, rng);
    let (first, others) = order.split_first().unwrap_or((&0, &[]));
    let mut roles = alloc::vec![Role::None; order.len()];
    let mut traits = alloc::vec![Traits::default(); order.len()];
    if setup.segments > 0 {
        roles[usize::from(*first)] = Role::Seed;
        for client in others.iter().take(setup.clients.into()) {
            roles[usize::from(*client)] = Role::Client;
        }
    }
    // Each lever has its own order, so that moving one moves no other. The first seed has none of these traits.
    let mut chosen = |fallacy| {
        let order = shuffled(setup.peers, rng).into_iter();
        let order = order.filter(|peer| peer != first).map(usize::from);
        let count = share(setup.peers, setup.levers.value(fallacy));
        (order.collect::<Vec<_>>(), count)
    };
    let (order, count) = chosen(Fallacy::Secure);
    // So that honest clients are the same ones whether there are liars or not.
    let mut others = order;
    others.retain(|peer| roles[*peer] == Role::None);
    for peer in others.into_iter().take(count) {
        traits[peer].is_liar = true;
        if setup.segments > 0 {
            roles[peer] = Role::Liar;
        }
    }
    let rules = Policy::ADMINISTRATORS.into_iter().cycle();
    let (order, count) = chosen(Fallacy::Administrator);
    // Clients and others in turn, so that some of those that give nothing have something to give.
    let (clients, others): (Vec<usize>, Vec<usize>) = order
        .into_iter()
        .partition(|peer| roles[*peer] == Role::Client);
    let most = clients.len().max(others.len());
    let in_turn = (0..most).flat_map(|at| [clients.get(at), others.get(at)]);
    for (peer, rules) in in_turn.flatten().copied().take(count).zip(rules) {
        traits[peer].policies = rules;
    }
    let (order, count) = chosen(Fallacy::Homogeneous);
    for peer in order.into_iter().take(count) {
        traits[peer].is_other = true;
    }
    (roles, traits)
}

fn draw_ids(space: Space, count: u16, rng: &mut Rng) -> Vec<Id> {
    let mut ids = Vec::new();
    while ids.len() < usize::from(count) {
        let mut bytes = [0; 20];
        rng.fill(&mut bytes);
        let id = space.truncate(bytes);
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    ids.sort_unstable();
    ids
}

/// Names whose keys are different from one another.
fn draw_names(space: Space, count: u16) -> Vec<Name> {
    let mut names: Vec<Name> = Vec::new();
    let candidates = (0_u32..).filter_map(|number| Name::new(format!("name {number}")).ok());
    for name in candidates {
        if names.len() == usize::from(count) {
            break;
        }
        let key = name.key(space);
        if names.iter().all(|other| other.key(space) != key) {
            names.push(name);
        }
    }
    names
}

fn shuffled(count: u16, rng: &mut Rng) -> Vec<u16> {
    let mut order: Vec<u16> = (0..count).collect();
    for at in (1..order.len()).rev() {
        let other = usize::try_from(rng.below(at as u64 + 1)).unwrap_or(0);
        order.swap(at, other);
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::worlds::fallacies::lever::Levers;

    #[test]
    fn switching_one_lever_changes_nothing_that_another_one_chose() {
        let terms = |levers| Terms::of(&Setup::usual(levers), 7);
        let all = terms(Levers::all(true));
        for fallacy in Fallacy::ALL {
            let one = terms(Levers::all(false).switched(fallacy, true));
            assert_eq!((&one.ids, &one.names), (&all.ids, &all.names));
            for (one, all) in one.traits.iter().zip(&all.traits) {
                let expected = Traits {
                    is_liar: all.is_liar && fallacy == Fallacy::Secure,
                    policies: match fallacy {
                        Fallacy::Administrator => all.policies,
                        _ => &[],
                    },
                    is_other: all.is_other && fallacy == Fallacy::Homogeneous,
                };
                assert_eq!(*one, expected);
            }
        }
    }

    #[test]
    fn shares_of_peers_are_counted_to_the_nearest_and_the_first_seed_is_like_all() {
        let terms = Terms::of(&Setup::usual(Levers::all(true)), 3);
        let count = |is: fn(&Traits) -> bool| terms.traits.iter().filter(|one| is(one)).count();
        assert_eq!(count(|one| one.is_liar), 3);
        assert_eq!(count(|one| !one.policies.is_empty()), 8);
        for policy in Policy::ALL {
            let with = terms.traits.iter().filter(|one| one.has(policy));
            assert_eq!(with.count(), 4, "{policy:?}");
        }
        assert_eq!(count(|one| one.is_other), 8);
        let seed = terms.roles.iter().position(|role| *role == Role::Seed);
        assert_eq!(terms.traits[seed.unwrap()], Traits::default());
        let clients = terms.roles.iter().filter(|role| **role == Role::Client);
        assert_eq!(clients.count(), 8);
        assert_eq!(
            [0, 1, 10, 50].map(|percent| share(32, percent)),
            [0, 1, 3, 16]
        );
        let keys: alloc::collections::BTreeSet<Id> = terms
            .names
            .iter()
            .map(|name| name.key(terms.space))
            .collect();
        assert_eq!(keys.len(), 40);
    }
}
