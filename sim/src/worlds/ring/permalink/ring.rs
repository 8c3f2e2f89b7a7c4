//! A scenario in a link: `bits=5&nodes=1,4,9&successors=2&latency=20,60&upkeep=2000,3000,8000`. Values equal to
//! those of [`Scenario::plain`] are left out.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::actions;
use crate::classic::Protocol;
use crate::engine::malformed::Malformed;
use crate::engine::network::{Bandwidth, Latency, Reorder};
use crate::engine::permalink::{
    Query, escape, numbers, read_latency, unescape, write_latency, wrong,
};
use crate::worlds::ring::scenario::{Scenario, Upkeep};
use chordscope_core::base::id::Space;
use chordscope_core::base::time::Instant;
use chordscope_core::store::record::Name;

/// All of a scenario but its actions and its seed.
///
/// # Errors
/// [`Malformed`] when the nodes make no ring.
pub(super) fn write(scenario: &Scenario) -> Result<String, Malformed> {
    let space = scenario.space;
    let plain = Scenario::plain(space, scenario.nodes.clone())?;
    let mut parts = Vec::new();
    for (name, text, usual) in [
        ("name", &scenario.name, &plain.name),
        ("title", &scenario.title, &plain.title),
        ("watch", &scenario.watch, &plain.watch),
    ] {
        if text != usual {
            parts.push(format!("{name}={}", escape(text)));
        }
    }
    let nodes: Vec<_> = scenario.nodes.iter().map(|id| space.show(*id)).collect();
    parts.push(format!("bits={}&nodes={}", space.bits(), nodes.join(",")));
    if !scenario.records.is_empty() {
        let names = scenario.records.iter().map(|name| escape(name.as_str()));
        parts.push(format!("records={}", names.collect::<Vec<_>>().join(",")));
    }
    if scenario.protocol == Protocol::Classic {
        parts.push("rules=classic".into());
    }
    for (name, value, usual) in [
        (
            "successors",
            scenario.successors.into(),
            plain.successors.into(),
        ),
        (
            "choices",
            scenario.successors_per_finger.into(),
            plain.successors_per_finger.into(),
        ),
        ("copies", scenario.copies.into(), plain.copies.into()),
        (
            "loss",
            scenario.loss_per_mille.into(),
            plain.loss_per_mille.into(),
        ),
        ("until", scenario.until.as_millis(), plain.until.as_millis()),
    ] {
        let (value, usual): (u64, u64) = (value, usual);
        if value != usual {
            parts.push(format!("{name}={value}"));
        }
    }
    parts.extend(write_network(scenario, plain.latency));
    if scenario.quorum {
        parts.push("quorum=1".into());
    }
    if scenario.upkeep != plain.upkeep {
        parts.push(match scenario.upkeep {
            Some(upkeep) => {
                let [stabilize, fingers, repair] = upkeep.millis();
                format!("upkeep={stabilize},{fingers},{repair}")
            }
            None => "upkeep=off".into(),
        });
    }
    Ok(parts.join("&"))
}

/// Returns the parameters that say what the network does to messages.
fn write_network(scenario: &Scenario, usual: Latency) -> impl Iterator<Item = String> {
    let latency =
        (scenario.latency != usual).then(|| format!("latency={}", write_latency(scenario.latency)));
    let reorder = scenario.reorder;
    let reorder = reorder.map(|it| format!("reorder={},{}", it.per_mille, it.extra_ms));
    let bandwidth = scenario.bandwidth;
    let bandwidth = bandwidth.map(|line| format!("bandwidth={},{}", line.up, line.down));
    [latency, reorder, bandwidth].into_iter().flatten()
}

/// Reads what [`write()`] wrote, and its actions.
///
/// # Errors
/// [`Malformed`] names the part that is wrong.
pub(super) fn read(query: Query<'_>) -> Result<Scenario, Malformed> {
    let Some(nodes) = query.part("nodes") else {
        return Err(wrong("link", "names neither a scenario nor nodes"));
    };
    let bits = u8::try_from(query.number("bits", 5)?).unwrap_or(0);
    let space = Space::new(bits).map_err(|e| wrong("bits", e))?;
    let nodes = nodes
        .split(',')
        .map(|id| space.parse(id).map_err(|e| wrong("nodes", e)))
        .collect::<Result<Vec<_>, _>>()?;
    let mut scenario = Scenario::plain(space, nodes)?;
    for (name, text) in [
        ("name", &mut scenario.name),
        ("title", &mut scenario.title),
        ("watch", &mut scenario.watch),
    ] {
        if let Some(part) = query.part(name) {
            *text = unescape(part);
        }
    }
    for name in query
        .part("records")
        .into_iter()
        .flat_map(|names| names.split(','))
    {
        let name = Name::new(unescape(name)).map_err(|error| wrong("records", error))?;
        scenario.records.push(name);
    }
    scenario.protocol = read_protocol(query)?;
    // A number that does not fit is out of range too, and refused as such.
    let small = |name, usual: u8| {
        let value = query.number(name, usual.into())?;
        Ok(u8::try_from(value).unwrap_or(u8::MAX))
    };
    scenario.successors = small("successors", scenario.successors)?;
    scenario.successors_per_finger = small("choices", scenario.successors_per_finger)?;
    scenario.copies = small("copies", scenario.copies)?;
    let loss = query.number("loss", scenario.loss_per_mille.into())?;
    scenario.loss_per_mille = u16::try_from(loss).unwrap_or(u16::MAX);
    let until = query.number("until", scenario.until.as_millis())?;
    scenario.until = Instant::from_millis(until);
    scenario.quorum = query.number("quorum", 0)? > 0;
    if let Some(text) = query.part("latency") {
        scenario.latency = read_latency(text)?;
    }
    if let Some(text) = query.part("reorder") {
        let [per_mille, extra_ms] = pair("reorder", text)?;
        scenario.reorder = Some(Reorder {
            per_mille: u16::try_from(per_mille).unwrap_or(u16::MAX),
            extra_ms,
        });
    }
    if let Some(text) = query.part("bandwidth") {
        let [up, down] = pair("bandwidth", text)?;
        scenario.bandwidth = Some(Bandwidth { up, down });
    }
    if let Some(text) = query.part("upkeep") {
        scenario.upkeep = read_upkeep(text)?;
    }
    if let Some(text) = query.part("do") {
        scenario.actions = actions::read(space, text)?;
    }
    scenario.check()
}

fn read_protocol(query: Query<'_>) -> Result<Protocol, Malformed> {
    match query.part("rules") {
        None | Some("corrected") => Ok(Protocol::Corrected),
        Some("classic") => Ok(Protocol::Classic),
        Some(_) => Err(wrong("rules", "must be corrected or classic")),
    }
}

fn pair(place: &str, text: &str) -> Result<[u32; 2], Malformed> {
    match numbers(text).as_slice() {
        [Some(one), Some(other)] => Ok([*one, *other]),
        _ => Err(wrong(place, "must be two numbers")),
    }
}

fn read_upkeep(text: &str) -> Result<Option<Upkeep>, Malformed> {
    match numbers(text).as_slice() {
        [Some(stabilize_ms), Some(fingers_ms), Some(repair_ms)] => Ok(Some(Upkeep {
            stabilize_ms: *stabilize_ms,
            fingers_ms: *fingers_ms,
            repair_ms: *repair_ms,
        })),
        _ if text == "off" => Ok(None),
        _ => Err(wrong(
            "upkeep",
            "must be three numbers of milliseconds, or off",
        )),
    }
}
