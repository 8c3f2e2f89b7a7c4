//! The numbers that docs/protocol.md gives: they are those of the code. A constant that a file keeps to itself is checked there.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::time::Duration;

use crate::base::address::MAX_ADDRESS_LENGTH;
use crate::base::contact::{MAX_ADDRESSES, MAX_VIRTUAL_NODES};
use crate::base::id::Space;
use crate::base::rtt;
use crate::chord::membership::MAX_JOIN_WALK;
use crate::chord::message::{MAX_AVOID, MAX_PATH, MAX_SUCCESSORS};
use crate::link::credit::{FIRST_WINDOW, FULL_WINDOW};
use crate::link::handshake::MAX_RING_NAME;
use crate::link::reason::CloseReason;
use crate::link::relay::{LEASE_GRACE, REACH_TIMEOUT};
use crate::link::session::TRAILER;
use crate::node::config::Config;
use crate::peer::{HANDSHAKE_TIMEOUT, MAX_DATA};
use crate::store::group::Patience;
use crate::store::group::configuration::MAX_MEMBERS;
use crate::store::group::message::MAX_PAGE;
use crate::store::message::MAX_OFFER;
use crate::store::record::label::{MAX_NAME, MAX_SALT};
use crate::store::record::providers::{MAX_PROVIDERS, MAX_PROVIDERS_BYTES, PROVIDER_LIFETIME};
use crate::store::record::{DEFAULT_LIFETIME, MAX_SEQUENCE_JUMP, MAX_VALUE, SHORTEST_LIFETIME};
use crate::swarm::api::Limits as SwarmLimits;
use crate::swarm::collection::{MAX_FILES, MAX_PATH as MAX_FILE_PATH};
use crate::swarm::layout::{BLOCK, MAX_SEGMENT, MAX_SEGMENTS};
use crate::wire::frame::{HEADER, MAX_FRAME, MAX_HANDSHAKE_FRAME, SUB_PROTOCOL};

/// Checks that the page has these words; a line break is a space.
pub(crate) fn must_say(words: &str) {
    let page: Vec<&str> = include_str!("../../docs/protocol.md")
        .split_whitespace()
        .collect();
    assert!(
        page.join(" ").contains(words),
        "docs/protocol.md does not say: {words}"
    );
}

/// A number as the page writes it: 65,536.
pub(crate) fn number(value: impl Into<u64>) -> String {
    let digits = value.into().to_string();
    let mut written = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            written.push(',');
        }
        written.push(digit);
    }
    written
}

fn size(value: usize) -> String {
    number(value as u64)
}

const fn minutes(duration: Duration) -> u64 {
    duration.as_secs() / 60
}

#[test]
fn the_page_has_every_reason_to_close_a_link() {
    for byte in 0..=u8::MAX {
        let reason = CloseReason::from_byte(byte);
        if reason.byte() == byte {
            let name = reason.as_str().replace('_', " ");
            must_say(&format!("| {} | *{name}* |", 4_000 + u16::from(byte)));
        }
    }
}

#[test]
fn the_page_has_the_limits_of_frames_cards_and_circuits() {
    must_say(&format!("sub-protocol `{SUB_PROTOCOL}`"));
    must_say(&format!(
        "fewer than {HEADER} bytes, and a frame out of turn are *garbage*. A frame has at most {} bytes, without the {TRAILER} of \
         its seal; a hello or proof at most {MAX_HANDSHAKE_FRAME}.",
        size(MAX_FRAME)
    ));
    let patience = HANDSHAKE_TIMEOUT.as_secs();
    must_say(&format!("the handshake took more than {patience} seconds"));
    must_say(&format!(
        "*handshake timeout* if the introductions take more than {patience} seconds"
    ));
    must_say(&format!("`index: u8` (below {MAX_VIRTUAL_NODES})"));
    must_say(&format!("(at most {MAX_RING_NAME} bytes; `main` unless"));
    must_say(&format!(
        "or /ws/1 to /ws/{}, at most {MAX_ADDRESS_LENGTH} bytes",
        MAX_VIRTUAL_NODES - 1
    ));
    must_say(&format!(
        "Addresses and relays are at most {MAX_ADDRESSES} together"
    ));
    must_say(&format!(
        "for `grace` seconds ({} here)",
        LEASE_GRACE.as_secs()
    ));
    must_say(&format!(
        "After {} seconds it gives up, as *unreachable*.",
        REACH_TIMEOUT.as_secs()
    ));
    must_say(&format!("may at first send {} bytes", number(FIRST_WINDOW)));
    must_say(&format!(
        "more than {} bytes could be sent",
        number(FULL_WINDOW)
    ));
    must_say(&format!("data frame is up to {} bytes", size(MAX_DATA)));
}

#[test]
fn the_page_says_how_long_a_node_waits_and_how_often_it_does_what() {
    let config = Config::default();
    let seconds = |period: Option<Duration>| period.unwrap_or_default().as_secs();
    must_say(&format!(
        "(at least {} ms), within {} ms and {} seconds, and for {} second before",
        rtt::SLACK.as_millis(),
        rtt::MIN.as_millis(),
        rtt::MAX.as_secs(),
        rtt::INITIAL.as_secs()
    ));
    assert_eq!(config.min_rto, rtt::MIN);
    assert_eq!(config.retries, 0);
    must_say(&format!(
        "each time up to {} % sooner or later: stabilization every second, a finger every {}, offers of records every {}, a look \
         from elsewhere every {}.",
        config.jitter_percent,
        seconds(config.fingers),
        seconds(config.repair),
        seconds(config.ring_merge)
    ));
    assert_eq!(seconds(config.stabilize), 1);
    must_say(&format!(
        "next two successors every {} seconds, and",
        seconds(config.repair)
    ));
    assert_eq!(config.copies, 2 + 1);
    let lookup = config.lookup_deadline.as_secs();
    must_say(&format!("or after {lookup} seconds, the lookup has failed"));
    // What is remembered of lookups goes with it.
    assert_eq!(lookup, 10);
    must_say("has taken a lookup over before, in the last ten seconds");
    assert_eq!(config.recursive_patience.as_secs(), 2);
    must_say("origin asks hop by hop after two seconds");
    assert_eq!(
        config.provider_lifetime.as_secs(),
        u64::from(PROVIDER_LIFETIME)
    );
    assert_eq!(minutes(config.provider_lifetime) / 3, 10);
    must_say("does so again every ten minutes");
    assert_eq!(config.lifetime.as_secs(), u64::from(DEFAULT_LIFETIME));
}

#[test]
fn the_page_has_the_limits_of_the_ring() {
    let config = Config::default();
    must_say(&format!(
        "without itself: {n} of them, and for a peer with n positions {n}n, at most {MAX_SUCCESSORS}",
        n = config.successors
    ));
    assert_eq!(
        Config::for_virtual_nodes(2).successors,
        2 * config.successors
    );
    assert_eq!(
        usize::from(Config::for_virtual_nodes(MAX_VIRTUAL_NODES - 1).successors),
        MAX_SUCCESSORS
    );
    must_say(&format!("whose row i (1 to {})", Space::FULL.bits()));
    must_say(&format!("{MAX_JOIN_WALK} times at most"));
    must_say(&format!(
        "At most {MAX_AVOID} nodes are avoided and {} questions asked",
        size(MAX_PATH)
    ));
    must_say(&format!("silent is avoided ({MAX_AVOID} times)"));
    must_say(&format!("avoid: seq of Id (at most {MAX_AVOID})"));
    must_say(&format!("path: seq of Id (at most {})", size(MAX_PATH)));
    must_say(&format!("path: seq of Id (at most {})", size(MAX_PATH + 1)));
    must_say(&format!(
        "successors: seq of Card (at most {MAX_SUCCESSORS})"
    ));
    must_say(&format!("({} of them; each after", config.limits.lost));
}

#[test]
fn the_page_has_the_limits_of_records_and_groups() {
    must_say(&format!("A value has at most {} bytes", size(MAX_VALUE)));
    must_say(&format!(
        "A lifetime is at most {} seconds; a sequence number is not more than {} ahead",
        number(DEFAULT_LIFETIME),
        number(MAX_SEQUENCE_JUMP)
    ));
    must_say(&format!(
        "A record is put to live for {SHORTEST_LIFETIME} seconds at least."
    ));
    must_say(&format!(
        "lifetime (4 bytes), at most {} seconds",
        number(PROVIDER_LIFETIME)
    ));
    must_say(&format!(
        "There are 1 to {MAX_PROVIDERS} entries, ordered by their cards' keys, one of each. They take at most {} bytes",
        size(MAX_PROVIDERS_BYTES)
    ));
    must_say(&format!(
        "Name(text (1 to {MAX_NAME} bytes)) | 1 Salt(bytes (at most {MAX_SALT}))"
    ));
    must_say(&format!(
        "Offer(seq of (Id, Version)) (at most {MAX_OFFER})"
    ));
    must_say(&format!("seq of Member (1 to {MAX_MEMBERS})"));
    must_say(&format!("seq of (Id, Stamp) (at most {MAX_PAGE})"));
    must_say(&format!("fewer than {MAX_PAGE} are the last"));
    let Patience {
        silent,
        stopped,
        declined,
    } = Patience::default();
    must_say(&format!(
        "a node that is there after {} seconds, and after `Stopping` in {} minutes",
        silent.as_secs(),
        minutes(stopped)
    ));
    must_say(&format!(
        "after {} seconds it may be met again",
        declined.as_secs()
    ));
}

#[test]
fn the_page_has_the_limits_of_files() {
    let limits = SwarmLimits::default();
    must_say(&format!(
        "announces the first {} only",
        size(limits.announced_parts)
    ));
    must_say(&format!(
        "at least {} and at most {}; only the last one may be shorter",
        number(BLOCK),
        number(MAX_SEGMENT)
    ));
    let gigabytes = (u64::from(MAX_SEGMENTS) * u64::from(MAX_SEGMENT)) >> 30;
    must_say(&format!(
        "at most {} segments: {gigabytes} GiB",
        number(MAX_SEGMENTS)
    ));
    must_say(&format!("or with {} open, gets `Reject`", limits.requests));
    must_say(&format!(
        "sorted by the path's bytes, at most {}. A list is refused whole if any path in it is longer than {} bytes",
        size(MAX_FILES),
        size(MAX_FILE_PATH)
    ));
}
