//! A scenario as JSON has it.

mod deed;

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;

use crate::classic::Protocol;
use crate::engine::json::{Fields, Json, number, object};
use crate::engine::malformed::Malformed;
use crate::engine::network::{Bandwidth, Latency, Reorder};
use crate::engine::run::MAX_MILLIS;
use crate::worlds::ring::action::{Timed, in_order};
use crate::worlds::ring::scenario::{Scenario, Upkeep};
use chordscope_core::base::id::{DECIMAL_BITS, Id, Space};
use chordscope_core::base::time::Instant;
use chordscope_core::store::record::Name;

/// Reads and checks a scenario.
pub(in crate::worlds::ring) fn read(value: Json, place: &str) -> Result<Scenario, Malformed> {
    let mut fields = Fields::of(value, place)?;
    let space = Space::new(fields.number("bits")?).map_err(|e| Malformed::new("bits", &e))?;
    let Json::List(nodes) = fields.need("nodes")? else {
        return Err(Malformed::new("nodes", &"must be a list"));
    };
    let nodes = nodes.iter().enumerate();
    let nodes = nodes.map(|(at, id)| read_id(space, id, &format!("nodes[{at}]")));
    let plain = Scenario::plain(space, nodes.collect::<Result<_, _>>()?)?;
    let until_ms = fields.number_or("until_ms", 20_000_u64)?;
    let scenario = Scenario {
        name: fields.text_or("name", "custom")?,
        title: fields.text_or("title", "")?,
        watch: fields.text_or("watch", "")?,
        records: read_records(fields.list("records")?)?,
        protocol: read_protocol(&fields.text_or("protocol", "corrected")?)?,
        successors: fields.number_or("successors", 2)?,
        successors_per_finger: fields.number_or("successors_per_finger", 1)?,
        copies: fields.number_or("copies", 2)?,
        latency: read_latency(fields.take("latency"))?,
        loss_per_mille: fields.number_or("loss_per_mille", 0)?,
        reorder: read_reorder(fields.take("reorder"))?,
        bandwidth: read_bandwidth(fields.take("bandwidth"))?,
        upkeep: read_upkeep(fields.take("upkeep"))?,
        quorum: fields.flag("quorum")?,
        seed: fields.number_or("seed", 1)?,
        until: Instant::from_millis(until_ms),
        actions: read_actions(space, until_ms, fields.list("actions")?)?,
        ..plain
    };
    fields.end()?;
    scenario.check()
}

fn read_records(records: Vec<Json>) -> Result<Vec<Name>, Malformed> {
    let records = records.iter().enumerate();
    let records = records.map(|(at, name)| {
        let name = match name {
            Json::Text(name) => name,
            _ => "",
        };
        Name::new(name).map_err(|error| Malformed::new(&format!("records[{at}]"), &error))
    });
    records.collect()
}

fn read_protocol(text: &str) -> Result<Protocol, Malformed> {
    match text {
        "corrected" => Ok(Protocol::Corrected),
        "classic" => Ok(Protocol::Classic),
        _ => Err(Malformed::new(
            "protocol",
            &"must be \"corrected\" or \"classic\"",
        )),
    }
}

fn read_latency(value: Option<Json>) -> Result<Latency, Malformed> {
    let Some(value) = value else {
        return Ok(Latency::default());
    };
    let single = |make: fn(u32) -> Latency, value: &Json| number(value).map(make);
    let latency = match &value {
        Json::Object(latency) => latency.as_slice(),
        _ => &[],
    };
    let read = match latency {
        [(kind, value)] => match (&**kind, value) {
            ("fixed", value) => single(Latency::Fixed, value),
            ("exponential", value) => single(Latency::Exponential, value),
            ("cube", value) => single(Latency::Cube, value),
            ("uniform", Json::List(bounds)) => match bounds.as_slice() {
                [low, high] => {
                    number(low).and_then(|low| Some(Latency::Uniform(low, number(high)?)))
                }
                _ => None,
            },
            _ => None,
        },
        _ => None,
    };
    read.ok_or_else(|| {
        let reason = "must be {\"fixed\": ms}, {\"uniform\": [ms, ms]}, {\"exponential\": ms} or {\"cube\": ms}";
        Malformed::new("latency", &reason)
    })
}

fn read_reorder(value: Option<Json>) -> Result<Option<Reorder>, Malformed> {
    let Some(value) = value else { return Ok(None) };
    let mut fields = Fields::of(value, "reorder")?;
    let reorder = Reorder {
        per_mille: fields.number("per_mille")?,
        extra_ms: fields.number("extra_ms")?,
    };
    fields.end().map(|()| Some(reorder))
}

fn read_bandwidth(value: Option<Json>) -> Result<Option<Bandwidth>, Malformed> {
    let Some(value) = value else { return Ok(None) };
    let mut fields = Fields::of(value, "bandwidth")?;
    let bandwidth = Bandwidth {
        up: fields.number("up")?,
        down: fields.number("down")?,
    };
    fields.end().map(|()| Some(bandwidth))
}

fn read_upkeep(value: Option<Json>) -> Result<Option<Upkeep>, Malformed> {
    let Some(value) = value else { return Ok(None) };
    let mut fields = Fields::of(value, "upkeep")?;
    let upkeep = Upkeep {
        stabilize_ms: fields.number("stabilize_ms")?,
        fingers_ms: fields.number("fingers_ms")?,
        repair_ms: fields.number("repair_ms")?,
    };
    fields.end().map(|()| Some(upkeep))
}

fn read_actions(space: Space, until_ms: u64, actions: Vec<Json>) -> Result<Vec<Timed>, Malformed> {
    let mut read = Vec::with_capacity(actions.len());
    for (at, value) in actions.into_iter().enumerate() {
        let place = format!("actions[{at}]");
        let mut fields = Fields::of(value, &place)?;
        let at_ms: u64 = fields.number("at_ms")?;
        if at_ms > until_ms.min(MAX_MILLIS) {
            let place = fields.place("at_ms");
            return Err(Malformed::new(&place, &"is after the end of the run"));
        }
        let action = deed::read(space, fields.need("do")?);
        let action = action.map_err(|reason| Malformed::new(&place, &reason))?;
        fields.end()?;
        let at = Instant::from_millis(at_ms);
        read.push(Timed { at, action });
    }
    Ok(in_order(read))
}

/// Writes a scenario. Fields that few scenarios set are left out where they have their default.
pub(super) fn write(scenario: &Scenario) -> Json {
    let space = scenario.space;
    let mut fields = Vec::new();
    let mut put = |name, value: Json| fields.push((name, value));
    put("name", scenario.name.as_str().into());
    put("title", scenario.title.as_str().into());
    put("watch", scenario.watch.as_str().into());
    put("bits", space.bits().into());
    let nodes = scenario.nodes.iter().map(|id| write_id(space, *id));
    put("nodes", nodes.collect());
    put(
        "records",
        scenario.records.iter().map(Name::as_str).collect(),
    );
    if scenario.protocol == Protocol::Classic {
        put("protocol", "classic".into());
    }
    put("successors", scenario.successors.into());
    if scenario.successors_per_finger != 1 {
        let behind = scenario.successors_per_finger;
        put("successors_per_finger", behind.into());
    }
    put("copies", scenario.copies.into());
    put("latency", write_latency(scenario.latency));
    put("loss_per_mille", scenario.loss_per_mille.into());
    if let Some(Reorder {
        per_mille,
        extra_ms,
    }) = scenario.reorder
    {
        let reorder = vec![
            ("per_mille", per_mille.into()),
            ("extra_ms", extra_ms.into()),
        ];
        put("reorder", object(reorder));
    }
    if let Some(Bandwidth { up, down }) = scenario.bandwidth {
        let bandwidth = vec![("up", up.into()), ("down", down.into())];
        put("bandwidth", object(bandwidth));
    }
    if let Some(upkeep) = scenario.upkeep {
        let [stabilize, fingers, repair] = upkeep.millis();
        let upkeep = vec![
            ("stabilize_ms", stabilize.into()),
            ("fingers_ms", fingers.into()),
            ("repair_ms", repair.into()),
        ];
        put("upkeep", object(upkeep));
    }
    put("quorum", scenario.quorum.into());
    put("seed", scenario.seed.into());
    put("until_ms", scenario.until.as_millis().into());
    let actions = scenario.actions.iter();
    let actions = actions.map(|timed| {
        let action = deed::write(space, &timed.action);
        object(vec![("at_ms", timed.at.as_millis().into()), ("do", action)])
    });
    put("actions", actions.collect());
    object(fields)
}

fn write_latency(latency: Latency) -> Json {
    let (kind, value) = match latency {
        Latency::Fixed(millis) => ("fixed", millis.into()),
        Latency::Uniform(low, high) => ("uniform", [low, high].into_iter().collect()),
        Latency::Exponential(mean) => ("exponential", mean.into()),
        Latency::Cube(edge) => ("cube", edge.into()),
    };
    object(vec![(kind, value)])
}

/// Reads an id: a number, or text.
fn read_id(space: Space, value: &Json, place: &str) -> Result<Id, Malformed> {
    let text = match value {
        Json::Number(_) => number::<u64>(value).map_or_else(String::new, |id| id.to_string()),
        Json::Text(text) => text.clone(),
        _ => return Err(Malformed::new(place, &"must be a number or a text")),
    };
    space
        .parse(&text)
        .map_err(|error| Malformed::new(place, &error))
}

fn write_id(space: Space, id: Id) -> Json {
    match id.to_u64() {
        Some(number) if space.bits() <= DECIMAL_BITS => number.into(),
        _ => space.show(id).into(),
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
            ("", "it is no JSON, as it is empty"),
            (
                &format!(
                    r#"{{"bits":5,"nodes":[1],"title":"{}"}}"#,
                    "x".repeat(8_001)
                ),
                "title: must be at most 8000 bytes",
            ),
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
