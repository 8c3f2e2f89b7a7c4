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
    home.wait_for_ring(&peers.iter().collect::<Vec<_>>());
    let put = home.json(&["put", "name", "value", "--peer", peers[2].url()]);
    assert_eq!(put.unwrap()["copies"], 3);
}
