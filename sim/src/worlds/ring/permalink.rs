//! A moment of a run as the query of a URL: behaviour, scenario, seed, actions, time, selection.
//!
//! `v=3&s=lesson-26&seed=1&do=200000:lookup,1,26;2500000:insert,7&t=2750000&sel=21`
//!
//! A ring that is no built-in scenario is written out: `bits=5&nodes=1,4,9&latency=20,60&loss=10`.
//! Times are in microseconds, so that a link shows exactly the moment it was made at.

mod actions;
mod exported;
mod ring;

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use crate::engine::behaviour::{self, BEHAVIOUR};
use crate::engine::malformed::Malformed;
use crate::engine::permalink::{MAX_LENGTH, OF_SCENARIO, Query, wrong};
use crate::worlds::ring::History;
use crate::worlds::ring::builtin;
use crate::worlds::ring::scenario::Scenario;
use chordscope_core::base::id::Id;
use chordscope_core::base::time::Instant;

/// The content of a permalink.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Permalink {
    /// The behaviour that it was recorded with.
    pub behaviour: u32,
    /// The scenario, with the link's actions.
    pub scenario: Scenario,
    /// The seed.
    pub seed: u64,
    /// The time to show; `None` where the link names the run alone.
    pub at: Option<Instant>,
    /// The node that is selected.
    pub selected: Option<Id>,
}

impl Permalink {
    /// The link to the present moment of a run.
    ///
    /// # Errors
    /// [`Malformed`] when the run is too long for a link.
    pub fn of(history: &History, selected: Option<Id>) -> Result<String, Malformed> {
        let space = history.world().space();
        let scenario = history.setup();
        let mut parts = alloc::vec![format!("v={BEHAVIOUR}")];
        let known = builtin::named(&scenario.name).filter(|known| known == scenario);
        let named = match known {
            Some(known) => {
                parts.push(format!("s={}", known.name));
                known.actions
            }
            None => {
                parts.push(ring::write(scenario)?);
                Vec::new()
            }
        };
        parts.push(format!("seed={}", history.seed()));
        if history.actions() != named {
            parts.push(format!("do={}", actions::write(space, history.actions())));
        }
        parts.push(format!("t={}", history.now().as_micros()));
        if let Some(selected) = selected {
            parts.push(format!("sel={}", space.show(selected)));
        }
        let link = parts.join("&");
        if link.len() > MAX_LENGTH {
            return Err(wrong("link", "this run is too long to share as a link"));
        }
        Ok(link)
    }

    /// Reads a link: a whole URL, its fragment, or the query alone.
    ///
    /// # Errors
    /// [`Malformed`] names the part that is wrong.
    pub fn parse(link: &str) -> Result<Self, Malformed> {
        if link.len() > 2 * MAX_LENGTH {
            return Err(wrong("link", "too long"));
        }
        let query = Query::of(link);
        let mut scenario = match query.part("s") {
            Some(name) => {
                builtin::named(name).ok_or_else(|| wrong("s", "there is no such scenario"))?
            }
            None => ring::read(query)?,
        };
        let space = scenario.space;
        if let (Some(_), Some(actions)) = (query.part("s"), query.part("do")) {
            scenario.actions = actions::read(space, actions)?;
        }
        let at = query.moment()?;
        let selected = match query.part("sel") {
            Some(text) => Some(space.parse(text).map_err(|e| wrong("sel", e))?),
            None => None,
        };
        match query.part("s") {
            Some(_) => query.check(OF_SCENARIO)?,
            None => query.check(&format!("{OF_SCENARIO} {}", ring::PARAMETERS))?,
        }
        let behaviour = query.number("v", query.unnumbered().into())?;
        let behaviour = u32::try_from(behaviour).map_err(|_| wrong("v", "too large"))?;
        Ok(Self {
            behaviour,
            seed: query.number("seed", scenario.seed)?,
            at,
            selected,
            scenario,
        })
    }

    /// Returns the caveat for the run when it was recorded with another behaviour.
    pub fn caveat(&self) -> Option<String> {
        behaviour::caveat(self.behaviour)
    }

    /// The run that the link shows, at its time; without one at its beginning.
    ///
    /// # Errors
    /// [`Malformed`] when the nodes make no ring.
    pub fn open(self) -> Result<History, Malformed> {
        let mut history = History::new(self.scenario, self.seed)?;
        history.advance_to(self.at.unwrap_or(Instant::ZERO));
        Ok(history)
    }
}

/// The built-in scenarios: a line each, as a link has them.
pub(super) fn read_scenarios(lines: &str) -> Vec<Scenario> {
    let read = |line| ring::read(Query::of(line)).ok();
    lines.lines().filter_map(read).collect()
}

/// A scenario as a line for [`read_scenarios`].
///
/// # Errors
/// [`Malformed`] when it is not such as a link can carry.
#[cfg(all(test, feature = "scenario-files"))]
pub(super) fn write_scenario(scenario: &Scenario) -> Result<String, Malformed> {
    let ring = ring::write(scenario)?;
    let actions = actions::write(scenario.space, &scenario.actions);
    Ok(format!("{ring}&do={actions}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::classic::Protocol;
    use crate::engine::network::{Bandwidth, Latency, Reorder};
    use crate::worlds::ring::action::{Action, Timed};
    use alloc::string::ToString;
    use alloc::vec;
    use chordscope_core::base::id::Space;
    use chordscope_core::store::record::Name;

    #[test]
    fn a_link_leads_back_to_the_same_moment() {
        let mut history = History::new(builtin::named("lesson-26").unwrap(), 1).unwrap();
        history.advance_to(Instant::from_millis(1_500));
        history.act(Action::Insert(Id::from_u64(7))).unwrap();
        history.advance_to(Instant::from_millis(2_000));
        let put = Action::Put {
            from: Id::from_u64(1),
            name: "a, b; c & ü".to_string(),
            value: "50 %".to_string(),
        };
        history.act(put).unwrap();
        let nodes = [4, 9].map(Id::from_u64).to_vec();
        history.act(Action::Split(nodes)).unwrap();
        history.advance_to(Instant::from_millis(2_500));
        history.act(Action::Heal).unwrap();
        history.advance_to(Instant::from_millis(2_750));
        let link = Permalink::of(&history, Some(Id::from_u64(21))).unwrap();
        let url = format!("https://example.org/a/#/ring?{link}");
        let permalink = Permalink::parse(&url).unwrap();
        assert_eq!(permalink.selected, Some(Id::from_u64(21)));
        let again = permalink.open().unwrap();
        assert_eq!(again.world().digest(), history.world().digest());
        assert_eq!(again.actions(), history.actions());
    }

    #[test]
    fn a_link_carries_the_behaviour_it_was_recorded_with() {
        let history = History::new(builtin::named("lesson-26").unwrap(), 1).unwrap();
        let link = Permalink::of(&history, None).unwrap();
        let mine = Permalink::parse(&link).unwrap();
        assert_eq!((mine.behaviour, mine.caveat()), (BEHAVIOUR, None));
        let other = link.replace(&format!("v={BEHAVIOUR}"), "v=99");
        let caveat = Permalink::parse(&other).unwrap().caveat().unwrap();
        assert!(
            caveat.starts_with("Recorded with behaviour 99, may run differently"),
            "{caveat}"
        );
        let (_, without) = link.split_once('&').unwrap();
        let old = format!("{without}&do=5:insert,7");
        let old = Permalink::parse(&old).unwrap();
        assert_eq!(old.behaviour, 1);
        assert!(old.caveat().is_some());
    }

    #[test]
    fn a_link_without_recorded_actions_is_of_this_release() {
        for link in [
            "s=sixteen",
            "s=sixteen&sel=30",
            "s=lesson-26&t=10000000",
            "s=lesson-26&seed=1&t=0",
            "bits=5&nodes=1,4",
            "https://example.org/#/ring?s=sixteen",
        ] {
            let plain = Permalink::parse(link).unwrap();
            assert_eq!(
                (plain.behaviour, plain.caveat()),
                (BEHAVIOUR, None),
                "{link}"
            );
        }
        for link in [
            "s=lesson-26&do=5:insert,7",
            "bits=5&nodes=1,4&do=5:insert,7",
        ] {
            assert_eq!(Permalink::parse(link).unwrap().behaviour, 1, "{link}");
        }
    }

    #[test]
    fn a_link_without_a_time_names_no_moment_and_opens_at_the_beginning() {
        let at = |link| Permalink::parse(link).unwrap().at;
        assert_eq!(at("s=insert-7&t=0"), Some(Instant::ZERO));
        assert_eq!(at("s=insert-7"), None);
        let opened = Permalink::parse("s=insert-7").unwrap().open().unwrap();
        assert_eq!(opened.now(), Instant::ZERO);
    }

    #[test]
    fn a_ring_of_ones_own_has_a_link_too() {
        let space = Space::new(160).unwrap();
        let nodes = (1..4)
            .map(|row| space.finger_start(Id::ZERO, row * 40))
            .collect();
        let history = History::new(Scenario::plain(space, nodes).unwrap(), 9).unwrap();
        let link = Permalink::of(&history, None).unwrap();
        let again = Permalink::parse(&link).unwrap();
        assert_eq!(&again.scenario, history.setup());
        assert_eq!(again.seed, 9);
    }

    #[test]
    fn every_parameter_of_a_ring_of_ones_own_is_in_its_link() {
        let mut scenario = Scenario::plain(
            Space::new(8).unwrap(),
            vec![1, 90, 200].into_iter().map(Id::from_u64).collect(),
        )
        .unwrap();
        scenario.title = "Lost & found, 5 % of it".to_string();
        scenario.records = vec![Name::new("anna, ben").unwrap()];
        scenario.successors = 3;
        scenario.successors_per_finger = 4;
        scenario.protocol = Protocol::Classic;
        scenario.copies = 1;
        scenario.loss_per_mille = 50;
        scenario.quorum = true;
        scenario.reorder = Some(Reorder {
            per_mille: 30,
            extra_ms: 200,
        });
        scenario.bandwidth = cfg!(feature = "bandwidth").then_some(Bandwidth {
            up: 1_000,
            down: 4_000,
        });
        scenario.upkeep = None;
        scenario.until = Instant::from_millis(5_000);
        let node = Id::from_u64(90);
        let actions = [
            Action::Pause(node),
            Action::Resume(node),
            Action::Slow { node, millis: 300 },
            Action::Corrupt(node),
            Action::Misroute(node),
            Action::Mend(node),
            Action::Restart(node),
            Action::Crash(node),
        ];
        let at = Instant::from_millis(700);
        scenario.actions = actions.map(|action| Timed { at, action }).into();
        for latency in [
            Latency::Fixed(20),
            Latency::Uniform(20, 30),
            Latency::Exponential(50),
            Latency::Cube(70),
        ] {
            scenario.latency = latency;
            let history = History::new(scenario.clone(), 1).unwrap();
            let again = Permalink::parse(&Permalink::of(&history, None).unwrap()).unwrap();
            assert_eq!(again.scenario, scenario);
        }
    }

    #[test]
    fn a_broken_link_is_named() {
        let place = |link: &str| Permalink::parse(link).unwrap_err().place;
        assert_eq!(place(""), "link");
        assert_eq!(place("s=nothing"), "s");
        assert_eq!(place("bits=5&nodes=1,1"), "nodes");
        assert_eq!(place("bits=5&nodes=1,32"), "nodes");
        assert_eq!(place("bits=500&nodes=1"), "bits");
        assert_eq!(place("bits=5&nodes=1&successors=0"), "successors");
        assert_eq!(place("bits=5&nodes=1&copies=999"), "copies");
        assert_eq!(place("bits=5&nodes=1&loss=1001"), "loss_per_mille");
        assert_eq!(place("bits=5&nodes=1&latency=1,x"), "latency");
        assert_eq!(place("bits=5&nodes=1&upkeep=1"), "upkeep");
        assert_eq!(place("bits=5&nodes=1&choices=0"), "successors_per_finger");
        assert_eq!(place("bits=5&nodes=1&reorder=5"), "reorder");
        assert_eq!(place("bits=5&nodes=1&reorder=1001,5"), "reorder.per_mille");
        assert_eq!(place("bits=5&nodes=1&bandwidth=9,5000"), "bandwidth");
        assert_eq!(place("s=lesson-26&do=5:pause,99"), "do[0]");
        assert_eq!(place("s=lesson-26&do=5:slow,1,x"), "do[0]");
        assert_eq!(place("bits=5&nodes=1&until=99999999999"), "until_ms");
        assert_eq!(place("s=lesson-26&t=x"), "t");
        assert_eq!(place("s=lesson-26&v=x"), "v");
        assert_eq!(place("s=lesson-26&v=4294967296"), "v");
        assert_eq!(place("s=lesson-26&do=5:dance"), "do[0]");
        assert_eq!(place("s=lesson-26&do=insert"), "do[0]");
        assert_eq!(place("s=lesson-26&sel=99"), "sel");
        let said = |link: &str| Permalink::parse(link).unwrap_err().to_string();
        for (link, reason) in [
            (
                "s=lesson-26&seed=1&seed=2",
                "given twice: the parameter `seed`",
            ),
            (
                "bits=5&nodes=1&nodes=2",
                "given twice: the parameter `nodes`",
            ),
            ("s=lesson-26&sed=2", "there is no parameter `sed`"),
            ("s=lesson-26&nodes=2", "there is no parameter `nodes`"),
            (
                "bits=5&nodes=1&clients=2",
                "there is no parameter `clients`",
            ),
            ("s=lesson-26&5", "there is no parameter `5`"),
        ] {
            assert_eq!(said(link), format!("link: {reason}"));
        }
        let long = said(&format!("s=lesson-26&{}=2", "x".repeat(4_000)));
        assert!(long.len() < 100, "{long}");
        for shown in ["embed&s=lesson-26", "s=lesson-26&embed=1&", "?&s=lesson-26"] {
            assert!(Permalink::parse(shown).is_ok(), "{shown}");
        }
    }
}
