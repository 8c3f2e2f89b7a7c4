//! A second implementation, which knows the protocol from docs/protocol.md alone, is a member of a ring of real peers.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::process::{Home, Process, eventually, eventually_or, http};
use crate::python::Member;
use crate::reader::Reader;

/// The time for which values are put and got while the member is there.
const A_MINUTE: Duration = Duration::from_secs(60);
/// The number of names in its range, and of those anywhere.
const NAMES: usize = 8;

/// Returns the key of a name, in hexadecimal digits.
fn key(name: &str) -> String {
    blake3::hash(name.as_bytes()).to_hex()[..40].to_owned()
}

/// Returns whether an id is in (after, upto].
fn is_within(after: &str, id: &str, upto: &str) -> bool {
    match after < upto {
        true => after < id && id <= upto,
        false => after < id || id <= upto,
    }
}

/// The text of a field.
fn text<'a>(status: &'a Value, field: &str) -> &'a str {
    status[field].as_str().unwrap()
}

/// Links that a peer has closed because a rule was broken, and not since the other side was gone or came anew.
fn closed_for_a_reason(peer: &Process) -> Vec<String> {
    let (_, metrics) = http(peer.port(), "GET /metrics", &[]);
    let closed = metrics.lines().filter(|line| {
        let is_one = line.starts_with("chordscope_links_closed_total{") && !line.ends_with(" 0");
        is_one && !line.contains("\"gone\"") && !line.contains("\"replaced\"")
    });
    closed.map(str::to_owned).collect()
}

/// Waits until the member has its place: one peer has it for its successor, and one for its predecessor.
fn wait_for_member(home: &Home, peers: &[Process], id: &str) {
    eventually("the member is in the ring", || {
        let (mut before, mut after) = (0, 0);
        for peer in peers {
            let status = home.json(&["status", "--peer", peer.url()])?;
            before += usize::from(status["successors"][0] == id);
            after += usize::from(status["predecessor"] == id);
        }
        (before == 1 && after == 1).then_some(())
    });
}

/// Puts a value at level quorum by one peer, and gets it by another.
fn agrees(home: &Home, name: &str, by: &Process, from: &Process) {
    let put = [
        "put",
        name,
        "agreed",
        "--level",
        "quorum",
        "--peer",
        by.url(),
    ];
    eventually("a put at level quorum", || home.json(&put));
    let get = ["get", name, "--level", "quorum", "--peer", from.url()];
    let got = eventually("a get at level quorum", || home.json(&get));
    assert_eq!(got["value"], "agreed");
}

/// The last value put under each name.
struct Traffic<'a> {
    home: &'a Home,
    last: BTreeMap<String, String>,
    turn: usize,
    begun: Instant,
}

impl<'a> Traffic<'a> {
    #[allow(clippy::disallowed_methods, reason = "a test may take a minute")]
    fn new(home: &'a Home, names: impl Iterator<Item = String>) -> Self {
        Self {
            home,
            last: names.map(|name| (name, String::new())).collect(),
            turn: 0,
            begun: Instant::now(),
        }
    }

    /// Goes on until so many thirds of the minute are over, and each name has had its turn.
    fn goes_on_for(&mut self, thirds: u32, peers: &[Process]) {
        while self.begun.elapsed() < A_MINUTE * thirds / 3 || self.turn < self.last.len() {
            self.goes_on(peers);
        }
    }

    /// Puts another value under the next name by one peer, and gets it by another.
    fn goes_on(&mut self, peers: &[Process]) {
        self.turn += 1;
        let names: Vec<&String> = self.last.keys().collect();
        let name = names[self.turn % names.len()].clone();
        let value = format!("{name}, for the {}th time", self.turn);
        let [by, from] = [self.turn, self.turn + 1].map(|turn| peers[turn % peers.len()].url());
        eventually("a put with three copies", || {
            let put = self.home.json(&["put", &name, &value, "--peer", by])?;
            (put["copies"] == 3).then_some(())
        });
        self.is_there(&name, &value, from);
        self.last.insert(name, value);
    }

    /// A member that answers late may be passed by: level one promises the newest value in the end.
    fn is_there(&self, name: &str, value: &str, peer: &str) {
        let what = format!("{value}, at {peer}");
        eventually_or(
            &what,
            || self.trouble_with(name, peer),
            || {
                let got = self.home.json(&["get", name, "--peer", peer])?;
                (got["value"] == value).then_some(())
            },
        );
    }

    /// Returns the words of a peer about a name.
    fn trouble_with(&self, name: &str, peer: &str) -> String {
        let asked: [&[&str]; 3] = [&["get", name], &["lookup", name, "--trace"], &["status"]];
        let told = asked.map(|words| {
            let words = [words, &["--json", "--peer", peer]].concat();
            format!("{words:?}: {:?}", self.home.output(&words))
        });
        told.join("\n")
    }

    fn is_all_there(&self, peers: &[Process]) {
        for (name, value) in &self.last {
            for peer in peers {
                self.is_there(name, value, peer.url());
            }
        }
    }
}

/// Checks that the member has the records of its range, and that it was asked all that a member is asked.
fn serves(member: &mut Member, id: &str, traffic: &Traffic<'_>) {
    let status = eventually("the member has all records of its range", || {
        let status = member.does("status");
        let (before, held) = (status["predecessor"].as_str()?, status["held"].as_array()?);
        let mut own = traffic.last.keys().map(|name| key(name));
        let has_all = own.all(|key| !is_within(before, &key, id) || held.contains(&json!(key)));
        has_all.then_some(status)
    });
    for asked in ["Forward", "Read", "Write"] {
        assert!(status["served"][asked].as_u64() > Some(0), "{status}");
    }
}

#[test]
fn a_member_written_from_the_page_serves_its_range_for_a_minute_and_leaves_and_nothing_is_lost() {
    let home = Home::new();
    let mut peers = home.ring(6);
    let urls: Vec<String> = peers.iter().map(Process::socket).collect();
    let urls: Vec<&str> = urls.iter().map(String::as_str).collect();
    let mut member = Member::start("client/member.py", &urls);
    let begun = member.says();
    let [id, address] = ["id", "address"].map(|field| text(&begun, field).to_owned());
    wait_for_member(&home, &peers, &id);

    let status = member.does("status");
    let before = text(&status, "predecessor").to_owned();
    let names = || (0_u32..).map(|number| format!("name-{number}"));
    let in_range = names().filter(|name| is_within(&before, &key(name), &id));
    let in_range: Vec<String> = in_range.take(NAMES).collect();
    let anywhere = names().take(NAMES).chain(in_range.clone());
    let mut traffic = Traffic::new(&home, anywhere);
    traffic.goes_on_for(1, &peers);

    // Level quorum goes on without it, also in its range.
    for name in &in_range[..2] {
        agrees(&home, name, &peers[0], &peers[1]);
        traffic.last.remove(name);
    }

    // A newcomer, and then the loss of both others who have the records of its range.
    let newcomer = home.peer("newcomer", 0, Some(&peers[0]));
    peers.push(newcomer);
    traffic.goes_on_for(2, &peers);
    let status = member.does("status");
    let next: Vec<&str> = (0..2)
        .map(|at| status["successors"][at].as_str().unwrap())
        .collect();
    let (mut lost, peers): (Vec<Process>, Vec<Process>) = peers
        .into_iter()
        .partition(|peer| next.contains(&peer.id()));
    lost.iter_mut().for_each(Process::kill);
    traffic.goes_on_for(3, &peers);

    serves(&mut member, &id, &traffic);
    let (name, value) = (&in_range[2], json!(traffic.last[&in_range[2]]));
    assert_eq!(Reader::json(&[&address, "get", name])["value"], value);
    assert_eq!(member.does(&format!("get {name}")), value);
    let steps = &member.does("status")["served"]["Step"];
    assert!(steps.as_u64() > Some(0), "the reader asks it hop by hop");
    assert!(member.does("put by-the-member its-own").as_u64() > Some(0));
    traffic
        .last
        .insert("by-the-member".to_owned(), "its-own".to_owned());

    assert_eq!(member.does("leave"), json!({"left": true}));
    assert!(member.ended());
    home.wait_for_ring(&peers.iter().collect::<Vec<_>>());
    traffic.is_all_there(&peers);
    for peer in &peers {
        assert_eq!(closed_for_a_reason(peer), [] as [String; 0]);
    }
}
