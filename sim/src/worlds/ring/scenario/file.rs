//! A scenario as JSON has it, before and after it is checked.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::convert::Infallible;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::classic::Protocol;
use crate::engine::history::export::Portable;
use crate::engine::malformed::Malformed;
use crate::engine::network::{Bandwidth, Latency, Reorder};
use crate::engine::run::MAX_MILLIS;
use crate::worlds::ring::RingWorld;
use crate::worlds::ring::action::{Action, Timed};
use crate::worlds::ring::scenario::{Scenario, Upkeep};
use chordscope_core::base::id::{Id, Space};
use chordscope_core::base::time::Instant;
use chordscope_core::store::record::Name;

/// An id as JSON has it: a number, or text.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(untagged)]
enum IdText {
    Number(u64),
    Text(String),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    #[serde(default = "unnamed")]
    name: String,
    #[serde(default)]
    title: String,
    #[serde(default)]
    watch: String,
    bits: u8,
    nodes: Vec<IdText>,
    #[serde(default)]
    records: Vec<String>,
    #[serde(default, skip_serializing_if = "is_corrected")]
    protocol: Protocol,
    #[serde(default = "two")]
    successors: u8,
    #[serde(default = "small_one", skip_serializing_if = "is_one")]
    successors_per_finger: u8,
    #[serde(default = "two")]
    copies: u8,
    #[serde(default)]
    latency: Latency,
    #[serde(default)]
    loss_per_mille: u16,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reorder: Option<Reorder>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    bandwidth: Option<Bandwidth>,
    #[serde(default)]
    upkeep: Option<Upkeep>,
    #[serde(default)]
    quorum: bool,
    #[serde(default = "one")]
    seed: u64,
    #[serde(default = "twenty_seconds")]
    until_ms: u64,
    #[serde(default)]
    actions: Vec<TimedText>,
}

fn unnamed() -> String {
    "custom".to_string()
}

fn is_corrected(protocol: &Protocol) -> bool {
    *protocol == Protocol::Corrected
}

const fn small_one() -> u8 {
    1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes it so")]
const fn is_one(value: &u8) -> bool {
    *value == 1
}

const fn one() -> u64 {
    1
}

const fn two() -> u8 {
    2
}

const fn twenty_seconds() -> u64 {
    20_000
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct TimedText {
    at_ms: u64,
    #[serde(rename = "do")]
    action: Action<IdText>,
}

impl File {
    pub(super) fn check(self) -> Result<Scenario, Malformed> {
        let space = Space::new(self.bits).map_err(|e| Malformed::new("bits", &e))?;
        let nodes = self
            .nodes
            .iter()
            .enumerate()
            .map(|(at, id)| id.read(space, &format!("nodes[{at}]")))
            .collect::<Result<Vec<_>, _>>()?;
        let plain = Scenario::plain(space, nodes)?;
        let records = self
            .records
            .iter()
            .enumerate()
            .map(|(at, name)| {
                Name::new(name.as_str())
                    .map_err(|error| Malformed::new(&format!("records[{at}]"), &error))
            })
            .collect::<Result<Vec<_>, _>>()?;
        let mut actions = Vec::with_capacity(self.actions.len());
        for (at, timed) in self.actions.into_iter().enumerate() {
            let place = format!("actions[{at}]");
            if timed.at_ms > self.until_ms.min(MAX_MILLIS) {
                let place = format!("{place}.at_ms");
                return Err(Malformed::new(&place, &"is after the end of the run"));
            }
            actions.push(Timed {
                at: Instant::from_millis(timed.at_ms),
                action: timed.action.try_map(|id| id.read(space, &place))?,
            });
        }
        actions.sort_by_key(|timed| timed.at);
        let scenario = Scenario {
            name: self.name,
            title: self.title,
            watch: self.watch,
            records,
            protocol: self.protocol,
            successors: self.successors,
            successors_per_finger: self.successors_per_finger,
            copies: self.copies,
            latency: self.latency,
            loss_per_mille: self.loss_per_mille,
            reorder: self.reorder,
            bandwidth: self.bandwidth,
            upkeep: self.upkeep,
            quorum: self.quorum,
            seed: self.seed,
            until: Instant::from_millis(self.until_ms),
            actions,
            ..plain
        };
        scenario.check()
    }

    pub(super) fn of(scenario: &Scenario) -> Self {
        let id = |id: &Id| IdText::of(scenario.space, *id);
        Self {
            name: scenario.name.clone(),
            title: scenario.title.clone(),
            watch: scenario.watch.clone(),
            bits: scenario.space.bits(),
            nodes: scenario.nodes.iter().map(id).collect(),
            records: scenario
                .records
                .iter()
                .map(|name| name.as_str().to_string())
                .collect(),
            protocol: scenario.protocol,
            successors: scenario.successors,
            successors_per_finger: scenario.successors_per_finger,
            copies: scenario.copies,
            latency: scenario.latency,
            loss_per_mille: scenario.loss_per_mille,
            reorder: scenario.reorder,
            bandwidth: scenario.bandwidth,
            upkeep: scenario.upkeep,
            quorum: scenario.quorum,
            seed: scenario.seed,
            until_ms: scenario.until.as_millis(),
            actions: scenario
                .actions
                .iter()
                .map(|timed| TimedText::of(scenario.space, timed))
                .collect(),
        }
    }
}

impl Portable for RingWorld {
    const WORLD: &'static str = "ring";

    fn write_setup(setup: &Scenario) -> Value {
        let mut file = File::of(setup);
        file.actions.clear();
        serde_json::to_value(file).unwrap_or_default()
    }

    fn read_setup(value: Value) -> Result<Scenario, Malformed> {
        let file: File = serde_json::from_value(value).map_err(|e| Malformed::new("setup", &e))?;
        file.check()
    }

    fn set_plan(setup: &mut Scenario, plan: Vec<Timed>) {
        setup.actions = plan;
    }

    fn write_action(setup: &Scenario, action: &Action) -> Value {
        let text = TimedText::name(setup.space, action);
        serde_json::to_value(text).unwrap_or_default()
    }

    fn read_action(setup: &Scenario, value: Value) -> Result<Action, String> {
        let action: Action<IdText> = serde_json::from_value(value).map_err(|e| e.to_string())?;
        let action = action.try_map(|id| id.read(setup.space, ""));
        action.map_err(|error| error.reason)
    }
}

impl TimedText {
    fn of(space: Space, timed: &Timed) -> Self {
        Self {
            at_ms: timed.at.as_millis(),
            action: Self::name(space, &timed.action),
        }
    }

    fn name(space: Space, action: &Action) -> Action<IdText> {
        let text = |id| Ok::<_, Infallible>(IdText::of(space, id));
        let Ok(action) = action.clone().try_map(text);
        action
    }
}

impl IdText {
    fn read(&self, space: Space, place: &str) -> Result<Id, Malformed> {
        let text = match self {
            Self::Number(number) => number.to_string(),
            Self::Text(text) => text.clone(),
        };
        space
            .parse(&text)
            .map_err(|error| Malformed::new(place, &error))
    }

    fn of(space: Space, id: Id) -> Self {
        match id.to_u64() {
            Some(number) if space.bits() <= chordscope_core::base::id::DECIMAL_BITS => {
                Self::Number(number)
            }
            _ => Self::Text(space.show(id)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::worlds::ring::scenario::MAX_JSON;

    fn refusal(text: &str) -> String {
        Scenario::from_json(text).unwrap_err().to_string()
    }

    #[test]
    fn a_wrong_scenario_is_refused_with_the_place_and_the_reason() {
        for (text, part) in [
            (
                r#"{"bits":5,"nodes":[1,4],"colour":3}"#,
                "unknown field `colour`",
            ),
            (r#"{"bits":0,"nodes":[1]}"#, "bits: "),
            (r#"{"bits":5,"nodes":[]}"#, "nodes: "),
            (
                r#"{"bits":5,"nodes":[1,1]}"#,
                "nodes: node 1 is in the ring already",
            ),
            (r#"{"bits":5,"nodes":[1,32]}"#, "nodes[1]: "),
            (r#"{"bits":5,"nodes":[1],"successors":0}"#, "successors: "),
            (
                r#"{"bits":5,"nodes":[1],"until_ms":99999999999}"#,
                "until_ms: ",
            ),
            (r#"{"bits":5,"nodes":[1],"records":[""]}"#, "records[0]: "),
            (
                r#"{"bits":5,"nodes":[1],"actions":[{"at_ms":99999999999,"do":{"insert":2}}]}"#,
                "actions[0].at_ms: ",
            ),
            (
                r#"{"bits":5,"nodes":[1],"actions":[{"at_ms":1,"do":{"insert":99}}]}"#,
                "actions[0]: ",
            ),
            (
                r#"{"bits":5,"nodes":[1],"latency":{"exponential":80001}}"#,
                "latency: ",
            ),
            (
                r#"{"bits":5,"nodes":[1],"bandwidth":{"up":999,"down":5000}}"#,
                "bandwidth: ",
            ),
            (
                r#"{"bits":5,"nodes":[1],"reorder":{"per_mille":5,"extra_ms":3600001}}"#,
                "reorder.extra_ms: ",
            ),
            (
                r#"{"bits":5,"nodes":[1],"actions":[{"at_ms":1,"do":{"pause":99}}]}"#,
                "actions[0]: ",
            ),
            ("", "EOF"),
            (&" ".repeat(MAX_JSON + 1), "at most 16 MiB"),
        ] {
            let refusal = refusal(text);
            assert!(refusal.contains(part), "{text}: {refusal}");
        }
    }

    #[test]
    fn ids_are_numbers_or_text() {
        let text = r#"{"bits":160,"nodes":["00000000000000000000000000000000000000ff", 4]}"#;
        let scenario = Scenario::from_json(text).unwrap();
        assert_eq!(scenario.nodes, [Id::from_u64(4), Id::from_u64(255)]);
        assert_eq!(Scenario::from_json(&scenario.to_json()), Ok(scenario));
    }

    #[cfg(feature = "bandwidth")]
    #[test]
    fn every_fault_is_in_the_file_and_nothing_of_it_when_there_is_none() {
        let text = r#"{"bits":5,"nodes":[1,4,9],"until_ms":20000,"successors_per_finger":4,
            "reorder":{"per_mille":50,"extra_ms":200},"bandwidth":{"up":4000,"down":8000},"latency":{"cube":60},
            "actions":[{"at_ms":1,"do":{"pause":4}},{"at_ms":2,"do":{"resume":4}},{"at_ms":3,"do":{"corrupt":4}},
            {"at_ms":4,"do":{"slow":{"node":4,"ms":300}}},{"at_ms":5,"do":{"misroute":4}},{"at_ms":6,"do":{"mend":4}},
            {"at_ms":7,"do":{"restart":4}}]}"#;
        let scenario = Scenario::from_json(text).unwrap();
        assert_eq!(scenario.actions.len(), 7);
        assert_eq!(Scenario::from_json(&scenario.to_json()), Ok(scenario));
        let plain = Scenario::from_json(r#"{"bits":5,"nodes":[1,4,9]}"#).unwrap();
        for word in ["reorder", "bandwidth", "per_finger"] {
            assert!(!plain.to_json().contains(word), "{word}");
        }
    }
}
