//! Folders that are shared no more.

use std::collections::BTreeSet;

use crate::process::{Home, Process};
use crate::transfers::{bytes, fetch, link, share, write};

/// The links of all that a peer shares.
fn shares(home: &Home, peer: &Process) -> BTreeSet<String> {
    let shares = home.json(&["shares", "--peer", peer.url()]).unwrap();
    let transfers = shares["transfers"].as_array().unwrap();
    let links = transfers.iter().map(|one| link(one).to_owned());
    // Without names: one content may have several.
    links
        .map(|link| link.split('?').next().unwrap().to_owned())
        .collect()
}

fn unshare(home: &Home, peer: &Process, link: &str) {
    home.json(&["unshare", link, "--peer", peer.url()]).unwrap();
}

#[test]
fn with_a_folder_go_its_files_but_for_those_that_are_shared_otherwise() {
    let home = Home::new();
    let mut peers = home.ring(2);
    for (path, length) in [
        ("album/only", 70_000),
        ("album/own", 80_000),
        ("album/both", 90_000),
        ("other/both", 90_000),
        ("other/more", 100_000),
    ] {
        write(&home.path(path), &bytes(length));
    }
    let album = share(&home, &peers[0], &home.path("album"));
    let other = share(&home, &peers[0], &home.path("other"));
    let own = share(&home, &peers[0], &home.path("album/own"));
    let all = shares(&home, &peers[0]);
    assert_eq!(all.len(), 6, "{all:?}");
    fetch(&home, &peers[1], link(&album), "got");
    assert_eq!(shares(&home, &peers[1]).len(), 4);

    unshare(&home, &peers[0], link(&album));
    let left = shares(&home, &peers[0]);
    assert_eq!(left.len(), 4, "the list and one file are gone: {left:?}");
    unshare(&home, &peers[1], link(&album));
    assert_eq!(shares(&home, &peers[1]), BTreeSet::new());
    assert!(home.path("got/album/only").is_file());

    let port = peers[0].port();
    peers[0].kill();
    peers[0] = home.peer("peer-0", port, None);
    home.wait_for_ring(&[&peers[0], &peers[1]]);
    assert_eq!(shares(&home, &peers[0]), left);
    unshare(&home, &peers[0], link(&other));
    let left: Vec<_> = shares(&home, &peers[0]).into_iter().collect();
    assert_eq!(left, [link(&own).split('?').next().unwrap()]);
}
