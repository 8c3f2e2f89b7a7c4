//! Set-ups and actions as text, in links and in exported runs.
//!
//! `bits=160&peers=<ids>&regions=4&titles=60&copies=2&trackers=4&each=2&latency=20,80&life=120000&mode=iterative&replicas=3&upkeep=1000&k=20&alpha=3&refresh=60000&ask=250`
//!
//! Times are in milliseconds; `-` stands for never. A part that is left out is that of [`Setup::plain`].

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::time::Duration;

use crate::engine::malformed::Malformed;
use crate::engine::permalink::{Query, read_latency, write_latency, wrong};
use crate::worlds::directory::action::{Action, Part};
use crate::worlds::directory::setup::{MAX_PEERS, Setup};
use chordscope_core::base::id::{Id, Space};
use chordscope_core::chord::route::Mode;

/// The parameters of a set-up.
pub(super) const PARAMETERS: &str = "bits peers regions titles copies trackers each latency life mode replicas upkeep k alpha refresh ask";

/// Writes a set-up without its seed and its actions.
pub(super) fn write_setup(setup: &Setup) -> String {
    let peers = setup.peers.iter().map(|id| setup.space.show(*id));
    let mode = match setup.mode {
        Mode::Iterative => "iterative",
        Mode::Recursive => "recursive",
    };
    format!(
        "bits={}&peers={}&regions={}&titles={}&copies={}&trackers={}&each={}&latency={}&life={}&mode={mode}&replicas={}&upkeep={}&k={}&alpha={}&refresh={}&ask={}",
        setup.space.bits(),
        peers.collect::<Vec<_>>().join(","),
        setup.regions,
        setup.titles,
        setup.copies,
        setup.trackers,
        setup.trackers_per_title,
        write_latency(setup.latency),
        setup.lifetime.as_millis(),
        setup.replicas,
        write_period(setup.stabilize),
        setup.k,
        setup.alpha,
        write_period(setup.refresh),
        write_period(setup.ask_every),
    )
}

fn write_period(period: Option<Duration>) -> String {
    period.map_or_else(|| "-".to_string(), |one| one.as_millis().to_string())
}

/// Reads a set-up that is within all limits, of a query that may have other parts.
///
/// # Errors
/// [`Malformed`] names the part that is wrong.
pub(super) fn read_setup(text: &str) -> Result<Setup, Malformed> {
    let query = Query::of(text);
    let peers = query.part("peers");
    let peers = peers.ok_or_else(|| wrong("peers", "is missing"))?;
    // A number that does not fit is out of range too, and refused as such.
    let small = |name, usual: u8| {
        let value = query.number(name, usual.into())?;
        Ok::<u8, Malformed>(u8::try_from(value).unwrap_or(u8::MAX))
    };
    let bits = small("bits", Space::FULL.bits())?;
    let space = Space::new(bits).map_err(|error| wrong("bits", error))?;
    let ids = peers.split(',').take(MAX_PEERS + 1);
    let ids = ids.map(|id| space.parse(id).map_err(|error| wrong("peers", error)));
    let usual = Setup::plain(0, 0);
    let period = |name, usual: Option<Duration>| match query.part(name) {
        None => Ok(usual),
        Some("-") => Ok(None),
        Some(_) => Ok(Some(Duration::from_millis(query.number(name, 0)?))),
    };
    let life = query.part("life").map(|_| query.number("life", 0));
    let setup = Setup {
        space,
        peers: ids.collect::<Result<Vec<Id>, _>>()?,
        regions: u16::try_from(query.number("regions", usual.regions.into())?).unwrap_or(u16::MAX),
        titles: u32::try_from(query.number("titles", usual.titles.into())?).unwrap_or(u32::MAX),
        copies: small("copies", usual.copies)?,
        trackers: small("trackers", usual.trackers)?,
        trackers_per_title: small("each", usual.trackers_per_title)?,
        latency: query
            .part("latency")
            .map_or(Ok(usual.latency), read_latency)?,
        lifetime: life
            .transpose()?
            .map_or(usual.lifetime, Duration::from_millis),
        mode: match query.part("mode") {
            None | Some("iterative") => Mode::Iterative,
            Some("recursive") => Mode::Recursive,
            Some(_) => return Err(wrong("mode", "must be iterative or recursive")),
        },
        replicas: small("replicas", usual.replicas)?,
        stabilize: period("upkeep", usual.stabilize)?,
        k: usize::from(small("k", u8::try_from(usual.k).unwrap_or(u8::MAX))?),
        alpha: usize::from(small(
            "alpha",
            u8::try_from(usual.alpha).unwrap_or(u8::MAX),
        )?),
        refresh: period("refresh", usual.refresh)?,
        ask_every: period("ask", usual.ask_every)?,
        actions: Vec::new(),
    };
    setup.check()?;
    Ok(setup)
}

/// Writes an action.
pub(super) fn write_action(space: Space, action: &Action) -> String {
    match action {
        Action::Ask { peer, title } => format!("ask,{},{title}", space.show(*peer)),
        Action::Find { peer, key } => format!("find,{},{}", space.show(*peer), space.show(*key)),
        Action::TakeOut(part) => format!("out,{}", write_part(space, *part)),
        Action::PutBack(part) => format!("back,{}", write_part(space, *part)),
    }
}

fn write_part(space: Space, part: Part) -> String {
    match part {
        Part::Directory => "directory".to_string(),
        Part::Tracker(number) => format!("tracker.{number}"),
        Part::Peer(id) => format!("peer.{}", space.show(id)),
        Part::Peers(count) => format!("peers.{count}"),
        Part::Region(region) => format!("region.{region}"),
    }
}

/// Reads an action.
///
/// # Errors
/// The reason why it is none.
pub(super) fn read_action(space: Space, text: &str) -> Result<Action, String> {
    let id = |text: &str| space.parse(text).map_err(|error| error.to_string());
    let words: Vec<&str> = text.split(',').collect();
    let unknown = || format!("{text} is no action on directories");
    Ok(match words[..] {
        ["ask", peer, title] => Action::Ask {
            peer: id(peer)?,
            title: title.parse().map_err(|_| unknown())?,
        },
        ["find", peer, key] => Action::Find {
            peer: id(peer)?,
            key: id(key)?,
        },
        ["out", part] => Action::TakeOut(read_part(space, part).ok_or_else(unknown)?),
        ["back", part] => Action::PutBack(read_part(space, part).ok_or_else(unknown)?),
        _ => return Err(unknown()),
    })
}

fn read_part(space: Space, text: &str) -> Option<Part> {
    if text == "directory" {
        return Some(Part::Directory);
    }
    let (name, value) = text.split_once('.')?;
    Some(match name {
        "tracker" => Part::Tracker(value.parse().ok()?),
        "peer" => Part::Peer(space.parse(value).ok()?),
        "peers" => Part::Peers(value.parse().ok()?),
        "region" => Part::Region(value.parse().ok()?),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Timed;
    use crate::engine::network::Latency;
    use crate::engine::permalink::{read_actions, write_actions};
    use chordscope_core::base::time::Instant;

    /// A set-up in which nothing is as usual.
    fn rich() -> Setup {
        Setup {
            space: Space::new(16).unwrap(),
            peers: [3, 900, 60_000].map(Id::from_u64).to_vec(),
            regions: 2,
            titles: 7,
            copies: 1,
            trackers: 3,
            trackers_per_title: 1,
            latency: Latency::Cube(40),
            lifetime: Duration::from_secs(90),
            mode: Mode::Recursive,
            replicas: 2,
            stabilize: None,
            k: 5,
            alpha: 2,
            refresh: None,
            ask_every: None,
            actions: Vec::new(),
        }
    }

    #[test]
    fn a_set_up_is_read_as_it_was_written() {
        for setup in [rich(), Setup::plain(24, 714)] {
            let text = write_setup(&setup);
            assert_eq!(read_setup(&text), Ok(setup), "{text}");
        }
        let plain = Setup::plain(1, 5);
        let peers = format!("peers={}", plain.space.show(plain.peers[0]));
        assert_eq!(read_setup(&peers), Ok(plain));
    }

    #[test]
    fn what_is_wrong_in_a_set_up_is_named() {
        let place = |text: &str| read_setup(text).unwrap_err().place;
        assert_eq!(place(""), "peers");
        assert_eq!(place("peers="), "peers");
        assert_eq!(place("peers=9,5"), "peers");
        assert_eq!(place("bits=0&peers=5"), "bits");
        for (part, named) in [
            ("bits=999", "bits"),
            ("bits=2", "peers"),
            ("regions=0", "regions"),
            ("titles=1001", "titles"),
            ("copies=0", "copies"),
            ("trackers=17", "trackers"),
            ("each=0", "each"),
            ("latency=x", "latency"),
            ("latency=99999999", "latency"),
            ("life=9999", "life"),
            ("life=99999999", "life"),
            ("mode=x", "mode"),
            ("replicas=0", "replicas"),
            ("upkeep=1", "upkeep"),
            ("k=0", "k"),
            ("k=900", "k"),
            ("alpha=0", "alpha"),
            ("refresh=1", "refresh"),
            ("ask=1", "ask"),
        ] {
            assert_eq!(place(&format!("{part}&peers=5,900")), named, "{part}");
        }
        let many: Vec<String> = (0..=MAX_PEERS).map(|id| id.to_string()).collect();
        assert_eq!(place(&format!("peers={}", many.join(","))), "peers");
    }

    #[test]
    fn actions_are_read_as_they_were_written() {
        let space = Space::new(16).unwrap();
        let peer = Id::from_u64(900);
        let parts = [
            Part::Directory,
            Part::Tracker(3),
            Part::Peer(peer),
            Part::Peers(8),
            Part::Region(1),
        ];
        let ask = Action::Ask { peer, title: 5 };
        let key = Id::from_u64(7);
        let mut actions = alloc::vec![ask, Action::Find { peer, key }];
        actions.extend(parts.map(Action::TakeOut));
        actions.extend(parts.map(Action::PutBack));
        let timed = (0..).zip(actions).map(|(at, action)| Timed {
            at: Instant::from_micros(at),
            action,
        });
        let timed: Vec<_> = timed.collect();
        let text = write_actions(&timed, |action| write_action(space, action));
        let read = |text: &str| read_actions(text, |action| read_action(space, action));
        assert!(text.starts_with("0:ask,900,5;1:find,900,7;2:out,directory;3:out,tracker.3"));
        assert_eq!(read(&text), Ok(timed));
        assert_eq!(read(""), Ok(Vec::new()));
        for wrong in [
            "out,directory",
            "x:out,directory",
            "5:dance",
            "5:out,moon",
            "5:out,tracker.x",
            "5:out,tracker.300",
            "5:ask,900",
            "5:find,900,70000",
        ] {
            let error = read(wrong).unwrap_err();
            assert_eq!(error.place, "do[0]", "{wrong}");
        }
    }
}
