//! The program of release 0.1 beside today's: `cargo xtask interop` builds it from the history, and names it in
//! `CHORDSCOPE_RELEASE_0_1`.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

use crate::process::{Home, Process, eventually};
use crate::transfers::{MIB, bytes, fetch, link, share, write};

/// The program of release 0.1.
struct Old(PathBuf);

/// A peer of either release, and what asks it: the program of the same release.
struct Member<'a> {
    home: &'a Home,
    old: Option<&'a Old>,
    process: Process,
}

impl Old {
    fn find() -> Self {
        let path = std::env::var_os("CHORDSCOPE_RELEASE_0_1");
        Self(path.expect("run `cargo xtask interop`").into())
    }

    /// The same command, to this program.
    fn command(&self, today: &Command) -> Command {
        let mut command = Command::new(&self.0);
        command.args(today.get_args());
        for (name, value) in today.get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        command
    }
}

impl<'a> Member<'a> {
    fn start(home: &'a Home, name: &str, old: Option<&'a Old>, join: Option<&Member<'_>>) -> Self {
        let data = home.path(name).display().to_string();
        let mut arguments = vec!["peer", "--json", "--listen", "127.0.0.1:0", "--data", &data];
        arguments.extend(
            join.into_iter()
                .flat_map(|one| ["--join", one.process.url()]),
        );
        let today = home.command(&arguments);
        let process = home.run(match old {
            Some(old) => old.command(&today),
            None => today,
        });
        Self { home, old, process }
    }

    fn json(&self, arguments: &[&str]) -> Option<Value> {
        let at = ["--json", "--peer", self.process.url()];
        let today = self.home.command(&[arguments, &at].concat());
        let mut command = match self.old {
            Some(old) => old.command(&today),
            None => today,
        };
        let output = command.output().unwrap();
        let told = || serde_json::from_slice(&output.stdout).unwrap();
        output.status.success().then(told)
    }

    /// Waits until it knows all others as its successors.
    fn knows(&self, all: &[&Member<'_>]) {
        eventually("the ring forms", || {
            let status = self.json(&["status"])?;
            let successors = status["successors"].as_array()?.clone();
            let is_known = |other: &&Member<'_>| {
                other.process.id() == self.process.id()
                    || successors.iter().any(|known| known == other.process.id())
            };
            (all.iter().all(is_known) && status["predecessor"].is_string()).then_some(())
        });
    }
}

/// Checks that each member gets at level one what each has put.
fn all_get_what_each_puts(all: &[&Member<'_>]) {
    for (number, member) in all.iter().enumerate() {
        for turn in 0..8 {
            let name = format!("name {turn} of {number}");
            let put = member.json(&["put", &name, &name]).unwrap();
            assert_eq!(put["copies"], 3, "{name}: {put}");
            for (reader, other) in all.iter().enumerate() {
                let got = other.json(&["get", &name]);
                let got = got.unwrap_or_else(|| panic!("{reader} has no {name}"));
                assert_eq!(got["value"], name.as_str(), "{reader}");
            }
        }
        let changed = all[(number + 1) % all.len()];
        let name = format!("name 0 of {number}");
        changed.json(&["put", &name, "changed"]).unwrap();
        for other in all {
            assert_eq!(other.json(&["get", &name]).unwrap()["value"], "changed");
        }
    }
}

/// Checks that one fetches a file and a folder that the other shares.
fn goes_from(home: &Home, one: &Member<'_>, other: &Member<'_>, name: &str) {
    let (file, folder) = (home.path(name), home.path(&format!("{name}-folder")));
    let content = bytes(3 * MIB + name.len());
    write(&file, &content);
    write(&folder.join("a/b"), &content[..100_000]);
    for path in [&file, &folder] {
        let shared = match one.old {
            Some(_) => one.json(&["share", path.to_str().unwrap()]).unwrap(),
            None => share(home, &one.process, path),
        };
        let into = format!("{name}-got");
        match other.old {
            Some(_) => {
                let into = home.path(&into);
                let words = ["fetch", link(&shared), "-o", into.to_str().unwrap()];
                other.json(&words).unwrap();
            }
            None => drop(fetch(home, &other.process, link(&shared), &into)),
        }
    }
    let got = home.path(&format!("{name}-got"));
    assert!(fs::read(got.join(name)).unwrap() == content);
    let part = got.join(format!("{name}-folder/a/b"));
    assert!(fs::read(part).unwrap() == content[..100_000]);
}

/// Checks that no member has closed a link because of what was said on it.
fn understand_one_another(all: &[&Member<'_>]) {
    for member in all {
        for reason in ["garbage", "bad_tag", "queue_full"] {
            let name = format!("chordscope_links_closed_total{{reason=\"{reason}\"}}");
            assert_eq!(member.process.metric(&name), 0, "{reason}");
        }
    }
}

#[test]
#[ignore = "takes the program of release 0.1: cargo xtask interop"]
fn release_0_1_joins_todays_peers_and_is_in_no_group_of_level_quorum() {
    let (home, old) = (Home::new(), Old::find());
    let first = Member::start(&home, "first", None, None);
    let second = Member::start(&home, "second", None, Some(&first));
    let guest = Member::start(&home, "guest", Some(&old), Some(&first));
    let all = [&first, &second, &guest];
    all.iter().for_each(|member| member.knows(&all));
    all_get_what_each_puts(&all);
    goes_from(&home, &first, &guest, "today");
    goes_from(&home, &guest, &second, "then");
    // Of three members, two are of today.
    eventually("both of today are the group", || {
        let at = ["--level", "quorum", "--peer", first.process.url()];
        let output = home.output(&[&["put", "agreed", "x"][..], &at].concat());
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(!text.contains("of 3"), "{text}");
        text.contains("acknowledged by 2 of 2").then_some(())
    });
    understand_one_another(&all);
}

#[test]
#[ignore = "takes the program of release 0.1: cargo xtask interop"]
fn todays_peers_join_a_ring_of_release_0_1() {
    let (home, old) = (Home::new(), Old::find());
    let first = Member::start(&home, "first", Some(&old), None);
    let second = Member::start(&home, "second", Some(&old), Some(&first));
    let guest = Member::start(&home, "guest", None, Some(&first));
    let all = [&first, &second, &guest];
    all.iter().for_each(|member| member.knows(&all));
    all_get_what_each_puts(&all);
    goes_from(&home, &second, &guest, "then");
    goes_from(&home, &guest, &first, "today");
    understand_one_another(&all);
    // The ring of release 0.1 has no lineage, and the guest founds none beside it.
    let put = ["put", "agreed", "x", "--level", "quorum"];
    assert!(guest.json(&put).is_none());
}
