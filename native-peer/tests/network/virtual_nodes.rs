//! Peers with several positions on the ring, as real processes.

use crate::process::{Home, Process, eventually, http};

const POSITIONS: usize = 3;

fn peer(home: &Home, name: &str, port: u16, join: Option<&Process>) -> Process {
    let data = home.path(name).display().to_string();
    let listen = format!("127.0.0.1:{port}");
    let mut arguments = vec!["peer", "--listen", &listen, "--data", &data];
    arguments.extend(["--virtual-nodes", "3"]);
    if let Some(other) = join {
        arguments.extend(["--join", other.url()]);
    }
    home.start(&arguments)
}

/// Waits until every position of each peer is in the ring, which is as large as all together.
fn wait_for_ring(home: &Home, peers: &[&Process]) {
    let others = peers.len() * POSITIONS - 1;
    for peer in peers {
        eventually("all positions know the ring", || {
            let status = home.json(&["status", "--peer", peer.url()])?;
            let positions = status["virtual_nodes"].as_array()?;
            let settled = positions
                .iter()
                .all(|one| ["Forming", "Safe"].contains(&one["ring"].as_str().unwrap()));
            let successors = status["successors"].as_array()?.len();
            (settled && positions.len() == POSITIONS && successors == others.min(12)).then_some(())
        });
    }
}

#[test]
fn a_peer_with_all_its_positions_may_die_and_come_back() {
    let home = Home::new();
    let first = peer(&home, "first", 0, None);
    let second = peer(&home, "second", 0, Some(&first));
    let third = peer(&home, "third", 0, Some(&first));
    let mut fourth = peer(&home, "fourth", 0, Some(&first));
    wait_for_ring(&home, &[&first, &second, &third, &fourth]);

    let key = |number: usize| format!("name {number}");
    for number in 0..12 {
        let name = key(number);
        eventually("three peers have it", || {
            let put = home.json(&["put", &name, "kept", "--peer", second.url()])?;
            (put["copies"] == 3).then_some(())
        });
    }
    let all_there = |via: &Process, when: &str| {
        for number in 0..12 {
            let got = eventually(when, || {
                home.json(&["get", &key(number), "--peer", via.url()])
            });
            assert_eq!(got["value"], "kept", "{when}");
        }
    };
    let port = fourth.port();
    fourth.kill();
    all_there(&first, "after one peer was killed");
    wait_for_ring(&home, &[&first, &second, &third]);
    fourth = peer(&home, "fourth", port, None);
    wait_for_ring(&home, &[&first, &second, &third, &fourth]);
    all_there(&fourth, "after it came back");
}

#[test]
fn status_and_metrics_show_every_position_and_others_are_not_there() {
    let home = Home::new();
    let peer = peer(&home, "peer", 0, None);
    wait_for_ring(&home, &[&peer]);
    let status = home.json(&["status", "--peer", peer.url()]).unwrap();
    let positions = status["virtual_nodes"].as_array().unwrap();
    assert_eq!(positions[0]["id"], status["id"]);
    let shown = home.output(&["status", "--peer", peer.url()]).stdout;
    let shown = String::from_utf8(shown).unwrap();
    let (_, metrics) = http(peer.port(), "GET /metrics", &[]);
    for one in positions {
        let id = one["id"].as_str().unwrap();
        assert!(shown.contains(id), "{shown}");
        let line = format!("chordscope_virtual_node_records{{id=\"{id}\"}}");
        assert!(metrics.contains(&line), "{metrics}");
    }
    let known = home.json(&["peers", "--peer", peer.url()]).unwrap();
    let known = known["peers"].as_array().unwrap();
    assert_eq!(known.len(), POSITIONS, "each knows the two others");
    let upgrade = [
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
        "Sec-WebSocket-Protocol: chordscope.v1",
    ];
    assert_eq!(http(peer.port(), "GET /ws/3", &upgrade).0, 404);
}
