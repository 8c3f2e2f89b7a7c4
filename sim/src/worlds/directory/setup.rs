//! The set-up of a world of directories: peers, titles, the network, and the choices of each kind.

use alloc::format;
use alloc::vec::Vec;
use core::time::Duration;

use crate::engine::Timed;
use crate::engine::malformed::Malformed;
use crate::engine::network::Latency;
use crate::engine::run::MAX_MILLIS;
use crate::models::kademlia;
use crate::worlds::directory::action::Action;
use chordscope_core::base::content::ContentId;
use chordscope_core::base::digest::Digest;
use chordscope_core::base::id::{Id, Space};
use chordscope_core::base::rng::Rng;
use chordscope_core::base::time::Instant;
use chordscope_core::chord::route::Mode;
use chordscope_core::node::config::Config as ChordConfig;

/// The most peers of a world of directories.
pub const MAX_PEERS: usize = 512;
/// The most titles.
pub const MAX_TITLES: u32 = 1_000;
/// The most trackers.
pub const MAX_TRACKERS: u8 = 16;
/// The most actions.
pub const MAX_ACTIONS: usize = 1_000;
/// The most replicas of a record in the ring.
pub const MAX_REPLICAS: u8 = 16;
/// The greatest k of Kademlia's buckets.
pub const MAX_K: usize = 64;
/// The greatest alpha of Kademlia's lookups.
pub const MAX_ALPHA: usize = 16;
/// The latest time of anything that is planned.
const LAST: Instant = Instant::from_millis(MAX_MILLIS);
/// The longest period of anything that is done again and again.
const DAY: Duration = Duration::from_millis(MAX_MILLIS);
/// The longest that a message may take.
const MAX_LATENCY: Duration = Duration::from_secs(10);
/// The time after which a question counts as unanswered, beyond the longest round trip.
const SLACK: Duration = Duration::from_millis(100);

/// A kind of directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// One machine knows everything.
    Central,
    /// Several machines; each title is listed by some of them.
    Trackers,
    /// The peers themselves, as a Chord ring: the core's nodes and its records of providers.
    Chord,
    /// The peers themselves, as a Kademlia network.
    Kademlia,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Self; 4] = [Self::Central, Self::Trackers, Self::Chord, Self::Kademlia];

    /// The kind's name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Central => "central directory",
            Self::Trackers => "trackers",
            Self::Chord => "Chord",
            Self::Kademlia => "Kademlia",
        }
    }

    pub(super) const fn index(self) -> usize {
        self as usize
    }
}

/// A world of directories to be simulated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setup {
    /// The address space of ring and Kademlia.
    pub space: Space,
    /// The peers, which are up from the beginning.
    pub peers: Vec<Id>,
    /// The number of regions; the peer of place i in ascending order of ids is in region i modulo their number. Machines are in none.
    pub regions: u16,
    /// The number of titles, from 0.
    pub titles: u32,
    /// The number of peers that have a title; which ones, the seed says.
    pub copies: u8,
    /// The number of trackers.
    pub trackers: u8,
    /// The number of trackers that list a title; which ones, the seed says.
    pub trackers_per_title: u8,
    /// The latency between any two, machines too.
    pub latency: Latency,
    /// The lifetime of what a directory of any kind knows. Peers say it again three times as often.
    pub lifetime: Duration,
    /// The mode of Chord's lookups.
    pub mode: Mode,
    /// The replicas of a record in the ring.
    pub replicas: u8,
    /// The period of Chord's stabilization; fingers are refreshed half as often. `None` never.
    pub stabilize: Option<Duration>,
    /// Kademlia's k.
    pub k: usize,
    /// Kademlia's alpha.
    pub alpha: usize,
    /// The time without a lookup after which Kademlia refreshes a bucket; `None` never.
    pub refresh: Option<Duration>,
    /// The period in which a random peer asks for a random title, of all kinds alike; `None` never.
    pub ask_every: Option<Duration>,
    /// The actions, in order of time.
    pub actions: Vec<Timed<Action>>,
}

/// A title: a content that some peers have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Title {
    /// The content's id.
    pub content: ContentId,
    /// Its key, in the ring as in Kademlia.
    pub key: Id,
    /// The peers that have it.
    pub holders: Vec<Id>,
    /// The trackers that list it.
    pub trackers: Vec<u8>,
}

impl Setup {
    /// So many peers at random places, 60 titles of two copies, four trackers of which two list each title, and the choices of the shipped
    /// peer and of Kademlia's paper, with a lifetime of two minutes.
    pub fn plain(peers: usize, seed: u64) -> Self {
        let mut rng = Rng::from_seed(seed, 0xd1);
        let mut ids: Vec<Id> = (0..peers)
            .map(|_| random_id(Space::FULL, &mut rng))
            .collect();
        ids.sort_unstable();
        Self {
            space: Space::FULL,
            peers: ids,
            regions: 4,
            titles: 60,
            copies: 2,
            trackers: 4,
            trackers_per_title: 2,
            latency: Latency::default(),
            lifetime: Duration::from_secs(120),
            mode: Mode::Iterative,
            replicas: 3,
            stabilize: Some(Duration::from_secs(1)),
            k: 20,
            alpha: 3,
            refresh: Some(Duration::from_secs(60)),
            ask_every: Some(Duration::from_millis(250)),
            actions: Vec::new(),
        }
    }

    /// Checks all limits.
    ///
    /// # Errors
    /// [`Malformed`] names the first limit that is broken.
    pub fn check(&self) -> Result<(), Malformed> {
        let wrong = |place: &str, reason: &str| Err(Malformed::new(place, &reason));
        if self.peers.is_empty() || self.peers.len() > MAX_PEERS {
            let reason = format!("must be 1 to {MAX_PEERS}");
            return wrong("peers", &reason);
        }
        if !self.peers.is_sorted_by(|one, next| one < next) {
            return wrong("peers", "must be in ascending order, each once");
        }
        if self.peers.iter().any(|id| !self.space.contains(*id)) {
            return wrong("peers", "must lie in the space");
        }
        if self.titles > MAX_TITLES {
            let reason = format!("must be at most {MAX_TITLES}");
            return wrong("titles", &reason);
        }
        if self.regions == 0 {
            return wrong("regions", "must be at least 1");
        }
        if self.trackers == 0 || self.trackers > MAX_TRACKERS {
            let reason = format!("must be 1 to {MAX_TRACKERS}");
            return wrong("trackers", &reason);
        }
        if self.copies == 0 {
            return wrong("copies", "must be at least 1");
        }
        if self.trackers_per_title == 0 {
            return wrong("each", "must be at least 1");
        }
        if self.latency.max() > MAX_LATENCY {
            return wrong("latency", "must be at most 10 seconds");
        }
        if !(Duration::from_secs(10)..=DAY).contains(&self.lifetime) {
            return wrong("life", "must be 10 seconds to a day");
        }
        if !(1..=MAX_REPLICAS).contains(&self.replicas) {
            return wrong("replicas", &format!("must be 1 to {MAX_REPLICAS}"));
        }
        if !(1..=MAX_K).contains(&self.k) {
            return wrong("k", &format!("must be 1 to {MAX_K}"));
        }
        if !(1..=MAX_ALPHA).contains(&self.alpha) {
            return wrong("alpha", &format!("must be 1 to {MAX_ALPHA}"));
        }
        for (place, period, least) in [
            ("upkeep", self.stabilize, 100),
            ("refresh", self.refresh, 1_000),
            ("ask", self.ask_every, 10),
        ] {
            let range = Duration::from_millis(least)..=DAY;
            if period.is_some_and(|period| !range.contains(&period)) {
                return wrong(place, &format!("must be {least} ms to a day"));
            }
        }
        let mut times = self.actions.iter().map(|timed| timed.at);
        if self.actions.len() > MAX_ACTIONS || times.any(|at| at > LAST) {
            let reason = format!("must be at most {MAX_ACTIONS}, all within a day");
            return wrong("actions", &reason);
        }
        Ok(())
    }

    /// The titles with their holders and trackers.
    pub(super) fn draw_titles(&self, seed: u64) -> Vec<Title> {
        let mut rng = Rng::from_seed(seed, 1);
        let machines: Vec<u8> = (0..self.trackers).collect();
        (0..self.titles)
            .map(|number| {
                let content = ContentId::of(&number.to_le_bytes());
                Title {
                    content,
                    key: self.key_of(content),
                    holders: choose(&self.peers, self.copies.into(), &mut rng),
                    trackers: choose(&machines, self.trackers_per_title.into(), &mut rng),
                }
            })
            .collect()
    }

    fn key_of(&self, content: ContentId) -> Id {
        // That of the ring's record of providers, so that both look up the same key.
        chordscope_core::store::record::label::providers_key(self.space, content)
    }

    /// The time after which a question counts as unanswered.
    pub(super) fn timeout(&self) -> Duration {
        2 * self.latency.max() + SLACK
    }

    pub(super) fn chord(&self) -> ChordConfig {
        ChordConfig {
            space: self.space,
            mode: self.mode,
            copies: self.replicas,
            stabilize: self.stabilize,
            fingers: self.stabilize.map(|every| 2 * every),
            provider_lifetime: self.lifetime,
            ..ChordConfig::without_groups()
        }
    }

    pub(super) fn kademlia(&self) -> kademlia::Config {
        kademlia::Config {
            k: self.k,
            alpha: self.alpha,
            timeout: self.timeout(),
            refresh: self.refresh,
            republish: self.lifetime / 3,
            lifetime: self.lifetime,
            deadline: Duration::from_secs(10),
            ..kademlia::Config::published(self.space)
        }
    }
}

/// The id of a directory machine on the network: number 0 is the central directory, the trackers follow.
pub fn machine(number: u8) -> Id {
    let mut digest = Digest::new("chordscope v1 directory machine");
    digest.absorb(&[number]);
    let bytes = digest.finish();
    let mut id = [0; 20];
    id.copy_from_slice(&bytes[..20]);
    Id::from_bytes(id)
}

pub(super) fn random_id(space: Space, rng: &mut Rng) -> Id {
    let mut bytes = [0; 20];
    rng.fill(&mut bytes);
    space.truncate(bytes)
}

/// So many of them at random, in their order.
pub(super) fn choose<T: Copy + Ord>(from: &[T], count: usize, rng: &mut Rng) -> Vec<T> {
    let mut left = from.to_vec();
    let mut chosen = Vec::new();
    while chosen.len() < count && !left.is_empty() {
        let at = usize::try_from(rng.below(left.len() as u64)).unwrap_or(0);
        chosen.push(left.swap_remove(at));
    }
    chosen.sort_unstable();
    chosen
}
