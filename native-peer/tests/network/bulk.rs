//! Many large values at a time.

use chordscope_core::base::id::{Id, Space};
use chordscope_core::chord::ideal::IdealRing;
use chordscope_core::store::record::Name;

use crate::process::{Home, eventually};

const VALUES: usize = 80;

#[test]
fn a_peer_that_was_away_is_given_large_values_and_no_link_ends_for_it() {
    let home = Home::new();
    let mut peers = home.ring(4);
    let ids = peers
        .iter()
        .map(|peer| Space::FULL.parse(peer.id()).unwrap());
    let ids: Vec<Id> = ids.collect();
    peers[3].kill();
    home.wait_for_ring(&peers.iter().take(3).collect::<Vec<_>>());
    let file = home.path("value");
    std::fs::write(&file, [7; 60_000]).unwrap();
    let file = format!("@{}", file.display());
    for number in 0..VALUES {
        let name = format!("name {number}");
        let put = home.json(&["put", &name, &file, "--peer", peers[0].url()]);
        assert_eq!(put.unwrap()["copies"], 3, "{name}");
    }

    let port = peers[3].port();
    peers[3] = home.peer("peer-3", port, Some(&peers[0]));
    let ring = IdealRing::new(Space::FULL, ids.clone()).unwrap();
    let is_kept = |number: &usize| {
        let name = Name::new(format!("name {number}")).unwrap();
        let owner = ring.successor(name.key(Space::FULL));
        owner == ids[3] || ring.successors(owner, 2).contains(&ids[3])
    };
    let wanted = (0..VALUES).filter(is_kept).count() as u64;
    eventually("the values come back", || {
        (peers[3].metric("chordscope_records{level=\"one\"}") >= wanted).then_some(())
    });
    for peer in &peers {
        for reason in ["queue_full", "bad_tag"] {
            let metric = format!("chordscope_links_closed_total{{reason=\"{reason}\"}}");
            assert_eq!(peer.metric(&metric), 0, "{reason} at {}", peer.url());
        }
        assert_eq!(peer.metric("chordscope_messages_lost_total"), 0);
    }
}
