//! Nothing in the lesson says what is not so: each number of its text is measured here, by simulated nodes or from the ideal ring, and each
//! of its links leads to a run.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test")]

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::sync::Arc;

use chordscope_core::base::id::{Id, Space};
use chordscope_core::base::time::Instant;
use chordscope_core::chord::ideal::IdealRing;
use chordscope_core::chord::route::Routing;
use chordscope_sim::experiment::{News, path_length, swarm_compare};
use chordscope_sim::worlds::ring::RingWorld;
use chordscope_sim::worlds::ring::builtin;
use chordscope_sim::worlds::{consistency, directory, ring, swarm};
use chordscope_web::lesson::article::PAGE;
use chordscope_web::page::is_page;

/// The lesson's ring.
const NODES: [u64; 9] = [1, 4, 9, 11, 14, 18, 20, 21, 28];
const END: Instant = Instant::from_millis(120_000);

fn id(id: u64) -> Id {
    Id::from_u64(id)
}

fn space() -> Space {
    Space::new(5).unwrap()
}

fn ideal() -> IdealRing {
    IdealRing::new(space(), NODES.map(id).to_vec()).unwrap()
}

fn joined(ids: &[Id], between: &str) -> String {
    let shown: Vec<String> = ids.iter().map(|id| space().show(*id)).collect();
    shown.join(between)
}

/// The run of a scenario, at its end.
fn run(name: &str) -> RingWorld {
    let scenario = Arc::new(builtin::named(name).unwrap());
    let mut world = RingWorld::new(Arc::clone(&scenario), scenario.seed).unwrap();
    for timed in scenario.actions.iter().cloned() {
        world.run_until(timed.at);
        world.act(timed.action).unwrap();
    }
    world.run_until(END);
    world
}

/// The way of the lookup that a scenario makes.
fn path(name: &str) -> Vec<Id> {
    run(name).lookups().first().unwrap().path.clone()
}

/// The numbers of the ring's figures.
fn of_the_ring(facts: &mut BTreeMap<&str, String>) {
    let mut ring = ideal();
    facts.insert("addresses", (1_u64 << space().bits()).to_string());
    let first = space().next(ring.predecessor(id(28)));
    facts.insert("arc-28", format!("{} to 28", space().show(first)));

    let linear = path("linear-26");
    let finger = path("lesson-26");
    assert_eq!(linear, ring.path(id(1), id(26), Routing::Linear));
    assert_eq!(finger, ring.path(id(1), id(26), Routing::Finger));
    facts.insert("linear-path", joined(&linear, " → "));
    facts.insert("linear-hops", (linear.len() - 1).to_string());
    facts.insert("finger-path", joined(&finger, " → "));
    facts.insert("finger-hops", (finger.len() - 1).to_string());
    facts.insert("exercise-path", joined(&path("lesson-12"), " → "));
    let before = ring.predecessor(id(26));
    let left: Vec<String> = finger[..finger.len() - 1]
        .iter()
        .map(|node| {
            space()
                .distance(*node, before)
                .to_u64()
                .unwrap()
                .to_string()
        })
        .collect();
    let (last, others) = left.split_last().unwrap();
    facts.insert("distances", format!("{} and {last}", others.join(", ")));

    let world = run("insert-7");
    let newcomer = world.node(id(7)).unwrap();
    let rows = newcomer.fingers().rows();
    let table: Vec<Id> = rows.map(|(_, _, node)| node.unwrap().id()).collect();
    facts.insert("table-7", joined(&table, ", "));
    facts.insert(
        "rows",
        (NODES.len() * usize::from(space().bits())).to_string(),
    );
    let changes = ring.insert(id(7)).unwrap();
    facts.insert("rows-changed", changes.len().to_string());
    let cells = |cells: [String; 5]| {
        let cells: String = cells.map(|cell| format!("<td>{cell}</td>")).concat();
        format!("<tr>{cells}</tr>")
    };
    let show = |id: Id| space().show(id);
    let rows: Vec<String> = changes
        .iter()
        .map(|change| {
            let node = world.node(change.node).unwrap();
            let now = node.fingers().get(change.row).unwrap().id();
            assert_eq!(now, change.new, "the run comes to it");
            cells([
                show(change.node),
                change.row.to_string(),
                show(change.start),
                show(change.old),
                show(now),
            ])
        })
        .collect();
    facts.insert("changes", rows.concat());
    facts.insert("arc-7", format!("({}, 7]", show(ring.predecessor(id(7)))));
}

/// The numbers of rings of other sizes.
fn of_the_experiments(facts: &mut BTreeMap<&str, String>) {
    // As `chordscope sim experiment path-length` prints them.
    let sizes = path_length::PAPER.map(|row| row.nodes);
    let rows = path_length::run(1, &sizes, &mut |_| true);
    let mean = |nodes: u32| {
        rows.iter()
            .find(|row| row.nodes == nodes)
            .unwrap()
            .mean_hops
    };
    for (name, nodes) in [
        ("hops-64", 64),
        ("hops-1024", 1_024),
        ("hops-16384", 16_384),
    ] {
        facts.insert(name, format!("{:.2}", mean(nodes)));
    }
    // From 64 to 16,384 there are eight doublings.
    let doubling = (mean(16_384) - mean(64)) / 8.0;
    assert!((0.48..0.52).contains(&doubling), "{doubling}");
    // From 1,024 nodes to the node before a key: 0 to 1,023 steps, each as likely.
    facts.insert("linear-1024", (1_024 / 2).to_string());

    let mut compared = None;
    let heard = swarm_compare::measure(1, &[64], &mut |news| {
        if let News::Row(row) = news {
            compared = Some(row);
        }
        ControlFlow::Continue(())
    });
    assert!(heard.is_continue());
    let row = compared.unwrap();
    let thousands = |seconds: f64| match seconds.round() as u64 {
        small @ ..1_000 => small.to_string(),
        large => format!("{},{:03}", large / 1_000, large % 1_000),
    };
    facts.insert("server-64", thousands(row.server_seconds));
    facts.insert("cdn-64", thousands(row.cdn_seconds));
    facts.insert("swarm-64", thousands(row.swarm_seconds));
    facts.insert("bound-64", format!("{:.1}", row.swarm_bound));

    facts.insert("copies-64", format!("{:.2}", row.seed_copies));
}

/// The facts as the text has them, each with its name.
fn told() -> Vec<(&'static str, &'static str)> {
    let parts = PAGE.split("data-fact=\"").skip(1);
    let parts = parts.map(|part| {
        let (name, rest) = part.split_once("\">").unwrap();
        let end = match name {
            "changes" => "</tbody>",
            _ => "</span>",
        };
        (name, rest.split_once(end).unwrap().0)
    });
    parts.collect()
}

#[test]
fn every_number_of_the_lesson_is_measured() {
    let mut facts = BTreeMap::new();
    of_the_ring(&mut facts);
    of_the_experiments(&mut facts);
    let wrong: Vec<_> = told()
        .into_iter()
        .filter(|(name, text)| facts.get(name).is_none_or(|fact| fact != text))
        .map(|(name, text)| format!("{name}: \"{text}\" is {:?}", facts.get(name)))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let told: BTreeSet<&str> = told().into_iter().map(|(name, _)| name).collect();
    let unused: Vec<_> = facts.keys().filter(|name| !told.contains(*name)).collect();
    assert!(unused.is_empty(), "{unused:?}");
}

#[test]
fn every_link_of_the_lesson_leads_somewhere() {
    let links: Vec<&str> = PAGE
        .split("href=\"")
        .skip(1)
        .map(|rest| rest.split('"').next().unwrap())
        .collect();
    let (mut pages, mut runs) = (0, 0);
    for link in links {
        if let Some(part) = link.strip_prefix('#') {
            assert!(PAGE.contains(&format!("id=\"{part}\"")), "{link}");
        }
        let Some(hash) = link.strip_prefix("./#") else {
            continue;
        };
        pages += 1;
        assert!(is_page(&format!("#{hash}")), "{link}");
        let Some((page, query)) = hash.split_once('?') else {
            continue;
        };
        runs += 1;
        let opened = match page {
            "/ring" => ring::permalink::Permalink::parse(query).map(drop),
            "/swarm" => swarm::permalink::Permalink::parse(query).map(drop),
            "/directory" => directory::permalink::Permalink::parse(query).map(drop),
            "/cap" => consistency::permalink::Permalink::parse(query).map(drop),
            other => panic!("{other}"),
        };
        assert!(opened.is_ok(), "{link}: {opened:?}");
    }
    assert!(pages > runs && runs >= 9, "{pages} {runs}");
}

#[test]
fn each_figure_has_words_and_a_link_to_its_run() {
    let figures: Vec<&str> = PAGE.split("<figure>").skip(1).collect();
    assert!((5..=8).contains(&figures.len()), "{}", figures.len());
    for figure in figures {
        let figure = figure.split("</figure>").next().unwrap();
        assert!(figure.starts_with("<figcaption>"), "{figure}");
        assert_eq!(figure.matches("<a href=\"./#/").count(), 1, "{figure}");
    }
}

#[test]
fn it_takes_about_as_long_as_it_says() {
    let text = PAGE.split_once("<article").unwrap().1;
    let words: usize = text
        .split('<')
        .filter_map(|part| part.split_once('>'))
        .map(|(_, text)| text.split_whitespace().count())
        .sum();
    // 140 to 160 words a minute, with a look at each figure.
    let minutes = 13;
    assert!((minutes * 120..=minutes * 160).contains(&words), "{words}");
}
