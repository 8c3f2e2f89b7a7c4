//! The numbers that docs/running-a-peer.md gives: they are those of the code.

use std::collections::BTreeSet;

use chordscope_core::link::relay;
use chordscope_core::node::config;
use chordscope_core::peer;
use chordscope_core::store::group::Patience;
use chordscope_core::store::record::label::MAX_NAME;
use chordscope_core::store::record::{DEFAULT_LIFETIME, MAX_VALUE, SHORTEST_LIFETIME};
use chordscope_core::swarm::api;
use chordscope_core::swarm::collection::MAX_FILES;
use chordscope_core::swarm::layout::{BLOCK, MAX_SEGMENT, MAX_SEGMENTS};
use chordscope_core::swarm::manifest::DIGEST;

/// Checks that the page has these words; a line break is a space.
#[track_caller]
fn must_say(words: &str) {
    let page: Vec<&str> = include_str!("../../docs/running-a-peer.md")
        .split_whitespace()
        .collect();
    assert!(
        page.join(" ").contains(words),
        "docs/running-a-peer.md does not say: {words}"
    );
}

/// Checks that the page's rows of these requests name these parameters, and no others.
#[track_caller]
pub(crate) fn must_name(requests: &[&str], parameters: &[String]) {
    let mut named = BTreeSet::new();
    for request in requests {
        let start = format!("| `{request}` |");
        let page = include_str!("../../docs/running-a-peer.md").lines();
        let row = page.filter_map(|line| line.strip_prefix(&start)).next();
        let row = row.unwrap_or_else(|| panic!("docs/running-a-peer.md has no row of {request}"));
        let column = row.replace("\\|", " ");
        let column = column.split('|').next().unwrap_or_default();
        let words = column.split('`').skip(1).step_by(2);
        let name = |word: &str| Some(word.split_once('=')?.0.to_string());
        named.extend(words.filter_map(name));
    }
    let parameters: BTreeSet<String> = parameters.iter().cloned().collect();
    assert_eq!(named, parameters, "{requests:?}");
}

/// A number as the page writes it: 65,536.
fn number(value: usize) -> String {
    let digits = value.to_string();
    let mut written = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            written.push(',');
        }
        written.push(digit);
    }
    written
}

#[test]
fn the_page_has_the_limits_of_records() {
    must_say(&format!(
        "A value has at most {} KiB, a name 1 to {MAX_NAME} bytes",
        MAX_VALUE >> 10
    ));
    must_say(&format!(
        "`ttl=SECONDS` ({SHORTEST_LIFETIME} to {DEFAULT_LIFETIME})"
    ));
    let limits = config::Limits::default();
    must_say(&format!(
        "{} records at most. `--ttl",
        number(limits.renewals)
    ));
    must_say(&format!(
        "keeps at most {} records of {} MiB in all at each level",
        number(limits.records),
        limits.record_bytes >> 20
    ));
}

#[test]
fn the_page_says_when_members_that_are_gone_are_left_out_of_a_lineage_that_goes() {
    let silent = Patience::default().silent.as_secs();
    must_say(&format!(
        "the groups are left without it once nothing was heard of it for {silent} seconds"
    ));
}

#[test]
fn the_page_has_the_limits_of_files() {
    let limits = api::Limits::default();
    must_say(&format!(
        "{} files and folders by themselves, and {} files in folders, {} in one; a file has at most {} GiB",
        number(limits.transfers),
        number(limits.parts),
        number(MAX_FILES),
        (u64::from(MAX_SEGMENT) * u64::from(MAX_SEGMENTS)) >> 30
    ));
    must_say(&format!(
        "the files in folders the first {} are announced",
        number(limits.announced_parts)
    ));
    must_say(&format!(
        "Of files, at most {} MiB are arriving or wait to be written. Of {} GiB the peer remembers what their blocks come to ({} MiB)",
        limits.buffered >> 20,
        (limits.values * BLOCK as usize) >> 30,
        (limits.values * DIGEST) >> 20
    ));
}

#[test]
fn the_page_has_the_limits_of_relays_and_messages() {
    let limits = relay::Limits::default();
    must_say(&format!(
        "relays for at most {} tabs, {} circuits, {} of them over one link",
        limits.leases,
        number(limits.circuits),
        limits.circuits_per_link
    ));
    must_say(&format!(
        "receiver and {} MiB for all together",
        limits.bytes >> 20
    ));
    must_say(&format!(
        "or {} MiB for all: `chordscope_messages_lost_total`",
        peer::Limits::default().message_bytes >> 20
    ));
    must_say(&format!(
        "outlives the tab's connection by {} seconds",
        relay::LEASE_GRACE.as_secs()
    ));
}
