//! Members that only relays reach: names that they own are put and got, whoever dies.

use serde_json::Value;

use crate::process::{Home, Process, eventually};
use crate::reader::Reader;
use crate::tab::Tab;

/// Peers and tabs in one ring.
struct Ring {
    home: Home,
    peers: Vec<Process>,
    tabs: Vec<Tab>,
}

impl Ring {
    /// Three peers and two tabs, all of which know one another.
    fn new() -> Self {
        let home = Home::new();
        let peers = home.ring(3);
        let urls: Vec<&str> = peers.iter().map(Process::url).collect();
        let tabs = vec![Tab::join(&urls), Tab::join(&[urls[1], urls[2], urls[0]])];
        let ring = Self { home, peers, tabs };
        for peer in &ring.peers {
            eventually("the peers know the tabs", || {
                let status = ring.home.json(&["status", "--peer", peer.url()])?;
                let known = status["successors"].as_array()?.len();
                (known == 4 && status["ring"] == "Safe").then_some(())
            });
        }
        ring
    }

    /// Returns so many names that a tab owns.
    fn names(&self, tab: usize, count: usize) -> Vec<String> {
        let peers = self.peers.iter().map(Process::id);
        let ids = peers.chain(self.tabs.iter().map(|tab| tab.id.as_str()));
        let ids: Vec<&str> = ids.collect();
        let owner = |name: &String| {
            let key = blake3::hash(name.as_bytes()).to_hex();
            let behind = ids.iter().filter(|id| **id >= &key[..40]).min();
            **behind.or_else(|| ids.iter().min()).unwrap() == self.tabs[tab].id
        };
        let names = (0..).map(|number| format!("name {number}")).filter(owner);
        names.take(count).collect()
    }

    fn put(&self, name: &str, value: &str) {
        let path = self.home.path("value");
        std::fs::write(&path, value).unwrap();
        let file = format!("@{}", path.display());
        let at = self.peers[0].url();
        let put = self.home.json(&["put", name, &file, "--peer", at]).unwrap();
        assert_eq!(put["copies"], 3, "{name}: {put}");
    }

    /// By the command line, and by a reader that knows nobody but the entry.
    fn is_there(&self, entry: &Process, name: &str, value: &str) {
        let got = self.home.output(&["get", name, "--peer", entry.url()]);
        let error = String::from_utf8_lossy(&got.stderr).into_owned();
        assert_eq!(got.stdout, value.as_bytes(), "{name}: {error}");
        let got = Reader::json(&[&entry.socket(), "get", name]);
        assert_eq!(got["value"], value, "{name}");
    }

    /// The peer of this id, taken out of the ring's.
    fn take(&mut self, id: &str) -> Process {
        let at = self.peers.iter().position(|peer| peer.id() == id).unwrap();
        self.peers.remove(at)
    }
}

#[test]
fn a_name_of_a_tab_is_put_found_and_got_like_any_other() {
    let ring = Ring::new();
    let tab = &ring.tabs[0].id;
    let name = &ring.names(0, 1)[0];
    ring.put(name, "hello");
    let relays = ring.tabs[0].relays();
    for peer in &ring.peers {
        let via = |hop: &Value| {
            let mut relays = ring
                .peers
                .iter()
                .filter(|peer| relays.contains(&peer.ready["id"].as_str().unwrap().to_owned()));
            relays.any(|relay| hop["via"] == relay.socket())
        };
        let found = ring
            .home
            .json(&["lookup", name, "--trace", "--peer", peer.url()]);
        let found = found.unwrap();
        assert_eq!(found["owner"], **tab);
        let last = found["path"].as_array().unwrap().last().unwrap();
        assert_eq!(last["id"], **tab);
        assert_eq!(last["address"], Value::Null);
        assert!(via(last), "{last}");
        let found = Reader::json(&[&peer.socket(), "lookup", name]);
        let last = found["path"].as_array().unwrap().last().unwrap();
        assert_eq!(found["owner"], **tab);
        assert!(via(last), "{last}");
        ring.is_there(peer, name, "hello");
    }
    let shown = ring
        .home
        .output(&["lookup", name, "--trace", "--peer", ring.peers[0].url()]);
    let shown = String::from_utf8(shown.stdout).unwrap();
    assert!(shown.contains("through ws://"), "{shown}");
}

#[test]
fn a_reader_gives_credit_for_more_than_the_first_window() {
    let ring = Ring::new();
    let large = "60 KiB, ".repeat(60 * 1024 / 8);
    let names = ring.names(0, 6);
    for name in &names {
        ring.put(name, &large);
    }
    let entry = ring.peers[0].socket();
    let mut arguments = vec![entry.as_str(), "get"];
    arguments.extend(names.iter().map(String::as_str));
    let got = Reader::lines(&arguments);
    assert_eq!(got.len(), 6);
    assert!(got.iter().all(|got| got["value"] == large));
}

#[test]
fn a_tab_whose_relay_is_killed_keeps_its_names() {
    let mut ring = Ring::new();
    let names = ring.names(0, 3);
    for name in &names {
        ring.put(name, name);
    }
    let relay = ring.tabs[0].relays().remove(0);
    ring.take(&relay).kill();
    for peer in &ring.peers {
        for name in &names {
            ring.is_there(peer, name, name);
        }
    }
    ring.tabs[0].wait_for_relays(&[&relay]);
    let found = eventually("the tab is found again", || {
        let at = ring.peers[0].url();
        let found = ring.home.json(&["lookup", &names[0], "--peer", at])?;
        (found["owner"] == ring.tabs[0].id).then_some(found)
    });
    let last = found["path"].as_array().unwrap().last().unwrap();
    assert_ne!(last["via"], Value::Null, "{found}");
    for name in &names {
        ring.is_there(&ring.peers[1], name, name);
    }
}

#[test]
fn nothing_acknowledged_is_lost_when_a_tab_goes_without_a_word() {
    let mut ring = Ring::new();
    let names = ring.names(0, 3);
    for name in &names {
        ring.put(name, name);
    }
    drop(ring.tabs.remove(0));
    for peer in &ring.peers {
        for name in &names {
            ring.is_there(peer, name, name);
        }
    }
}
