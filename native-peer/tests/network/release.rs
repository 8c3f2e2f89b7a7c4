//! Release 0.1 beside today's peers: a member that speaks as that release did, in `tests/release-0.1`.

use std::fs;

use serde_json::json;

use crate::process::{Home, eventually};
use crate::python::Member;

const NAMES: usize = 24;

#[test]
fn a_member_of_release_0_1_joins_puts_gets_fetches_serves_and_leaves() {
    let home = Home::new();
    let peers = home.ring(3);
    let urls: Vec<String> = peers.iter().map(|peer| peer.socket()).collect();
    let file = home.path("file");
    let bytes: Vec<u8> = (0..150_000_u32).map(|at| (at % 251) as u8).collect();
    fs::write(&file, bytes).unwrap();
    let share = ["share", file.to_str().unwrap(), "--peer", peers[1].url()];
    let link = home.json(&share).unwrap()["link"].clone();

    let mut arguments: Vec<&str> = urls.iter().map(String::as_str).collect();
    arguments.extend(["from-release-0.1", "hello", link.as_str().unwrap()]);
    let mut member = Member::start("release-0.1/member.py", &arguments);
    let joined = member.says();
    assert_eq!(joined["fetched"], 150_000);
    let id = joined["id"].as_str().unwrap().to_owned();
    let value = |peer: usize, name: &str| {
        let got = home.json(&["get", name, "--peer", peers[peer].url()])?;
        got["value"].as_str().map(str::to_owned)
    };
    for (peer, process) in peers.iter().enumerate().take(3) {
        assert_eq!(value(peer, "from-release-0.1").as_deref(), Some("hello"));
        eventually("the member is in the ring", || {
            let status = home.json(&["status", "--peer", process.url()])?;
            let successors = status["successors"].as_array()?;
            successors.contains(&json!(id)).then_some(())
        });
    }

    let names: Vec<String> = (0..NAMES).map(|number| format!("name-{number}")).collect();
    for (number, name) in names.iter().enumerate() {
        let peer = peers[number % 3].url();
        let put = home.json(&["put", name, &format!("value of {name}"), "--peer", peer]);
        assert_eq!(put.unwrap()["copies"], 3, "{name}");
    }
    for name in &names {
        assert_eq!(
            member.does(&format!("get {name}")),
            format!("value of {name}")
        );
    }
    // With three copies of each among four members it keeps about three quarters.
    assert!(member.does("held").as_u64().unwrap() > 0);

    assert_eq!(member.does("leave"), "left");
    assert!(member.ended());
    home.wait_for_ring(&peers.iter().collect::<Vec<_>>());
    for (number, name) in names.iter().enumerate() {
        let expected = format!("value of {name}");
        assert_eq!(value(number % 3, name), Some(expected));
    }
    assert_eq!(value(2, "from-release-0.1").as_deref(), Some("hello"));
    let refused: u64 = peers
        .iter()
        .map(|peer| peer.metric("chordscope_links_closed_total{reason=\"garbage\"}"))
        .sum();
    assert_eq!(refused, 0);
}
