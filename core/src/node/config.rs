//! Settings of a node, each with a default and its reason.

use core::time::Duration;

use crate::base::id::Space;
use crate::base::rtt;
use crate::chord::membership::Variant;
use crate::chord::message::MAX_SUCCESSORS;
use crate::chord::route::Mode;
use crate::store::group::Patience;
use crate::store::group::part::Quorum;

/// The configuration of one node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// The address space; real rings use all 160 bits.
    pub space: Space,
    /// Length of the successor list, Zave's r. Four survive three neighbours failing within one stabilization.
    pub successors: u8,
    /// The number of nodes that keep each record: its owner and the next successors.
    pub copies: u8,
    /// The mode of lookups for records and fingers.
    pub mode: Mode,
    /// True if lookups use the successor list wherever it reaches farther than the fingers, and go to the key's owner
    /// where it is listed. Chord (ToN 2003) §IV-E.
    pub list_routing: bool,
    /// The number of nodes that a finger chooses from, by proximity neighbour selection: the one in its row and those that follow
    /// it. With 1 there is no choice. Chord (ToN 2003) §VI-C, Table IV.
    pub successors_per_finger: u8,
    /// The period of stabilization; `None` never.
    pub stabilize: Option<Duration>,
    /// True if a node that finds another one before its successor notifies it at once, instead of leaving that to the
    /// other's next stabilization (ours): of many nodes that join at one place each is told by the next.
    pub tell_predecessor: bool,
    /// The period in which a node refreshes one finger; `None` never.
    pub fingers: Option<Duration>,
    /// The period in which a node looks itself up from elsewhere, to find back together with nodes that it lost; `None` never. The
    /// longest pause between two requests to a node thought dead is 64 times as long: 16 minutes, as in MIT's implementation.
    pub ring_merge: Option<Duration>,
    /// The period of anti-entropy, in which a node compares its records with its successors'; `None` never.
    pub repair: Option<Duration>,
    /// The jitter of these pauses, in percent of their intervals either way, so that nodes do not march in step.
    pub jitter_percent: u8,
    /// The shortest wait for an answer. Longer ones come from measured round trips.
    pub min_rto: Duration,
    /// The time after which a lookup ends, found or not.
    pub lookup_deadline: Duration,
    /// The longest duration of a recursive lookup before the origin asks hop by hop itself.
    pub recursive_patience: Duration,
    /// The number of times that an unanswered request is sent again. Links that lose nothing need none.
    pub retries: u8,
    /// The membership rules.
    pub membership: &'static Variant,
    /// The node's part in level `quorum`; with `None` it is in no group, and asks those of others.
    pub quorum: Option<Quorum>,
    /// The random number of this node's store: drawn when it is begun, another one after it was lost or damaged. A member of
    /// a group whose store was lost has no vote before the others have taken it in again.
    pub incarnation: u64,
    /// The patience of groups: the time after which a member that is away is replaced by a node that is there.
    pub patience: Patience,
    /// The lifetime of records.
    pub lifetime: Duration,
    /// True if the records that this node puts are renewed while it runs.
    pub renew: bool,
    /// The lifetime of this node's entry as a provider of a content; it is renewed three times as often. At most half an hour.
    pub provider_lifetime: Duration,
    /// The limits of the node's memory.
    pub limits: Limits,
}

/// The limits on a node's memory. What exceeds one is refused, and shows as an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Requests that wait for their answer.
    pub requests: usize,
    /// Lookups under way that this node began.
    pub lookups: usize,
    /// Puts and gets under way that this node began.
    pub operations: usize,
    /// Contents that this node announces.
    pub announcements: usize,
    /// Records that are renewed.
    pub renewals: usize,
    /// Records that wait to be stored.
    pub storing: usize,
    /// Nodes thought dead that are asked after; the one lost first goes first.
    pub lost: usize,
    /// Neighbours with a known round-trip time.
    pub neighbours: usize,
    /// Records held.
    pub records: usize,
    /// Bytes of records held.
    pub record_bytes: usize,
}

impl Config {
    /// The choices of a node of a peer with so many positions, in a ring of such peers. A list of r entries from each of them
    /// holds at least r peers, so that as many failures are survived as without virtual nodes.
    pub fn for_virtual_nodes(count: u8) -> Self {
        let plain = Self::default();
        let successors = plain.successors.saturating_mul(count.max(1));
        Self {
            successors: successors.min(MAX_SUCCESSORS as u8),
            ..plain
        }
    }

    /// The choices of a node that is in no group of level `quorum`: with these alone, a program links no code for groups.
    pub fn without_groups() -> Self {
        Self {
            space: Space::FULL,
            successors: 4,
            copies: 3,
            mode: Mode::Recursive,
            list_routing: true,
            successors_per_finger: 4,
            stabilize: Some(Duration::from_secs(1)),
            tell_predecessor: true,
            fingers: Some(Duration::from_secs(2)),
            ring_merge: Some(Duration::from_secs(15)),
            repair: Some(Duration::from_secs(5)),
            jitter_percent: 25,
            min_rto: rtt::MIN,
            lookup_deadline: Duration::from_secs(10),
            recursive_patience: Duration::from_secs(2),
            retries: 0,
            membership: &Variant::CORRECTED,
            quorum: None,
            incarnation: 0,
            patience: Patience::default(),
            lifetime: Duration::from_secs(24 * 60 * 60),
            renew: true,
            provider_lifetime: Duration::from_secs(30 * 60),
            limits: Limits::default(),
        }
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            quorum: Some(Quorum::GROUPS),
            ..Self::without_groups()
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            requests: 4_096,
            lookups: 1_024,
            operations: 1_024,
            announcements: 5_120,
            renewals: 4_096,
            storing: 1_024,
            lost: 16,
            neighbours: 1_024,
            records: 65_536,
            record_bytes: 256 << 20,
        }
    }
}
