//! Rings that come back by themselves.

use crate::process::{Home, Process, eventually};

impl Home {
    /// Starts a peer with these addresses to join.
    fn joining(&self, name: &str, port: u16, join: &[&str]) -> Process {
        let data = self.path(name).display().to_string();
        let listen = format!("127.0.0.1:{port}");
        let mut arguments = vec!["peer", "--listen", &listen, "--data", &data];
        arguments.extend(join.iter().flat_map(|url| ["--join", url]));
        self.start(&arguments)
    }
}

#[test]
fn two_of_three_that_were_killed_come_back_while_the_third_stays_away() {
    let home = Home::new();
    let mut peers = home.ring(3);
    let put = home.json(&["put", "name", "value", "--peer", peers[0].url()]);
    assert_eq!(put.unwrap()["copies"], 3);
    let (first, ports) = (
        peers[0].url().to_owned(),
        [peers[1].port(), peers[2].port()],
    );
    peers.iter_mut().for_each(Process::kill);
    let back: Vec<Process> = (1..3)
        .map(|number| home.joining(&format!("peer-{number}"), ports[number - 1], &[&first]))
        .collect();
    home.wait_for_ring(&back.iter().collect::<Vec<_>>());
    for peer in &back {
        let got = eventually("the value", || {
            home.json(&["get", "name", "--peer", peer.url()])
        });
        assert_eq!(got["value"], "value");
    }
}

#[test]
fn a_peer_that_finds_nobody_of_its_ring_names_whom_it_waits_for() {
    let home = Home::new();
    let mut peers = home.ring(3);
    home.wait_for_groups(&peers.iter().collect::<Vec<_>>());
    let others = [&peers[0], &peers[2]].map(|peer| (peer.id().to_string(), peer.socket()));
    let (first, port) = (peers[0].url().to_owned(), peers[1].port());
    peers.iter_mut().for_each(Process::kill);
    let back = home.joining("peer-1", port, &[&first]);
    let at = ["--peer", back.url()];
    let status = home.json(&["status", at[0], at[1]]).unwrap();
    assert_eq!(status["ring"], "Outside");
    let waits = status["waits_for"].as_array().unwrap();
    let text = home.output(&["status", at[0], at[1]]).stdout;
    let text = String::from_utf8(text).unwrap();
    let name = ["name", at[0], at[1]];
    let said = [
        home.refusal(&[&["get"], &name[..]].concat(), 1),
        home.refusal(&[&["get"], &name[..], &["--level", "quorum"]].concat(), 1),
        home.refusal(&["put", "name", "1", "--level", "quorum", at[0], at[1]], 1),
        home.refusal(&["delete", "name", at[0], at[1]], 1),
        home.refusal(&["lookup", "name", at[0], at[1]], 1),
    ];
    for (id, address) in others {
        let one = serde_json::json!({"id": id, "address": address});
        assert!(waits.contains(&one), "{one} is not in {status}");
        let named = format!("{id} ({address})");
        assert!(text.contains(&named), "{text}");
        for said in &said {
            let words = "chordscope: the peer is in no ring yet; waiting for ";
            assert!(said.starts_with(words) && said.contains(&named), "{said}");
        }
    }
    assert!(text.contains("\nwaiting for "), "{text}");
    // It has neighbours that are away.
    let left = home.refusal(&["leave", at[0], at[1]], 1);
    let words = "chordscope: the peer is in no ring now, and can hand nothing over; waiting for ";
    assert!(left.starts_with(words), "{left}");
}

#[test]
fn fresh_peers_with_one_list_of_seeds_begin_together() {
    let home = Home::new();
    // Ports that are free: peers had them that have ended.
    let ports: Vec<u16> = {
        let peers = [0, 1, 2].map(|number| home.peer(&format!("before-{number}"), 0, None));
        peers.iter().map(Process::port).collect()
    };
    let urls: Vec<String> = ports
        .iter()
        .map(|port| format!("http://127.0.0.1:{port}"))
        .collect();
    let seeds: Vec<&str> = urls.iter().map(String::as_str).collect();
    let peers: Vec<Process> = (0..3)
        .map(|number| home.joining(&format!("peer-{number}"), ports[number], &seeds))
        .collect();
    eventually("all are linked and in no ring, and it is said so", || {
        let told = home
            .output(&["get", "name", "--peer", peers[0].url()])
            .stderr;
        let told = String::from_utf8(told).unwrap();
        let words = "no ring yet; waiting for 2 linked peers to be in a ring: where none is, the peer with the lowest id begins one";
        told.contains(words).then_some(())
    });
    home.wait_for_ring(&peers.iter().collect::<Vec<_>>());
    let put = home.json(&["put", "name", "value", "--peer", peers[2].url()]);
    assert_eq!(put.unwrap()["copies"], 3);
}
