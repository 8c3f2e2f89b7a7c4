//! The legend: the meanings of the shapes on the stage.

use yew::{Html, html};

use crate::scene::Carries;
use crate::scene::mark::Mark;

/// The lines of the legend of a simulated ring: each with the kinds of things that it explains.
pub const SIMULATED: [&[Mark]; 18] = [
    &[Mark::Origin],
    &[Mark::Visited],
    &[Mark::Owner],
    &[Mark::Selected],
    &[Mark::Joining, Mark::Leaving],
    &[Mark::Dead],
    &[Mark::Part, Mark::OwnerPart],
    &[Mark::Successor],
    &[Mark::Passing],
    &[Mark::WrongSuccessor],
    &[Mark::Finger, Mark::StaleFinger],
    &[Mark::StoredKey, Mark::TypedKey],
    &[Mark::SoughtKey],
    &[Mark::Hop],
    &[
        Mark::Message(Carries::Lookup, false),
        Mark::Message(Carries::Lookup, true),
    ],
    &[
        Mark::Message(Carries::OtherLookup, false),
        Mark::Message(Carries::OtherLookup, true),
    ],
    &[
        Mark::Message(Carries::Upkeep, false),
        Mark::Message(Carries::Upkeep, true),
    ],
    &[
        Mark::Message(Carries::Records, false),
        Mark::Message(Carries::Records, true),
    ],
];

/// The same of the ring as one member knows it.
pub const REAL: [&[Mark]; 11] = [
    &[Mark::Origin],
    &[Mark::Visited],
    &[Mark::Owner],
    &[Mark::Selected],
    &[Mark::Part],
    &[Mark::Successor],
    &[Mark::Finger],
    &[Mark::StoredKey],
    &[Mark::SoughtKey],
    &[Mark::Hop],
    &[
        Mark::Message(Carries::Lookup, false),
        Mark::Message(Carries::Lookup, true),
    ],
];

/// The legend in a corner of a stage. `asks` names the node that asks.
pub fn legend(asks: &'static str, lines: &'static [&'static [Mark]]) -> Html {
    let line = |marks: &&[Mark]| {
        let names: Vec<&str> = marks.iter().map(|mark| name(*mark, asks)).collect();
        let shape = |mark: &Mark| html! { <svg viewBox="0 0 16 16" aria-hidden="true">{shape(*mark)}</svg> };
        html! { <li>{names.join(", ")}{for marks.iter().map(shape)}</li> }
    };
    html! { <ul class="legend" aria-label="Legend">{for lines.iter().map(line)}</ul> }
}

const fn name(mark: Mark, asks: &'static str) -> &'static str {
    match mark {
        Mark::Origin => asks,
        Mark::Visited => "visited",
        Mark::Owner => "responsible",
        Mark::Selected => "selected",
        Mark::Joining => "joining",
        Mark::Leaving => "leaving",
        Mark::Dead => "dead",
        Mark::Part => "its range",
        Mark::OwnerPart => "the key’s",
        Mark::Successor => "successor",
        Mark::Passing => "skips a node",
        Mark::WrongSuccessor => "wrong successor",
        Mark::Finger => "finger",
        Mark::StaleFinger => "stale finger",
        Mark::StoredKey => "stored key",
        Mark::SoughtKey => "key looked up",
        Mark::TypedKey => "typed key",
        Mark::Hop => "path",
        Mark::Message(Carries::Lookup, false) => "lookup",
        Mark::Message(Carries::OtherLookup, false) => "other lookup",
        Mark::Message(Carries::Upkeep, false) => "stabilization",
        Mark::Message(Carries::Records, false) => "records",
        Mark::Message(_, true) => "reply",
    }
}

fn shape(mark: Mark) -> Html {
    let ring = |class: &'static str| html! { <circle {class} cx="8" cy="8" r="5.5" /> };
    let dot = |class: &'static str, r: &'static str| html! { <circle {class} cx="8" cy="8" {r} /> };
    let line = |class: &'static str, d: &'static str| html! { <path {class} {d} /> };
    let diamond = |class: &'static str| line(class, "M8 3l5 5-5 5-5-5z");
    match mark {
        Mark::Origin => ring("origin"),
        Mark::Visited => ring("visited"),
        Mark::Owner => ring("owner"),
        Mark::Selected => html! { <>{dot("node", "3.5")}{dot("selected", "6.5")}</> },
        Mark::Joining => ring("joining"),
        Mark::Leaving => html! { <>{ring("joining")}{line("node", "M2 14L14 2")}</> },
        Mark::Dead => html! { <>{dot("dead", "5")}{line("dead", "M2 14L14 2")}</> },
        Mark::Part => line("part", "M1 8H15"),
        Mark::OwnerPart => line("part own", "M1 8H15"),
        Mark::Successor => {
            html! { <>{line("successor", "M1 4Q8 12 12 9.5")}{line("arrow", "M15.5 7.5l-5 .2 2.400 4z")}</> }
        }
        Mark::Passing => line("passing", "M0 9H16"),
        Mark::WrongSuccessor => line("broken", "M0 9H16"),
        Mark::Finger => line("finger", "M1 3Q8 15 15 3"),
        Mark::StaleFinger => line("stale", "M1 3Q8 15 15 3"),
        Mark::StoredKey => diamond("key"),
        Mark::SoughtKey => diamond("sought"),
        Mark::TypedKey => diamond("typed"),
        Mark::Hop => line("hop", "M1 3Q8 15 15 3"),
        Mark::Message(Carries::Lookup, false) => dot("message", "4"),
        Mark::Message(Carries::Lookup, true) => dot("reply", "4"),
        Mark::Message(Carries::OtherLookup, false) => dot("message", "2.5"),
        Mark::Message(Carries::OtherLookup, true) => dot("reply small", "2.5"),
        Mark::Message(Carries::Upkeep, false) => dot("upkeep", "2.5"),
        Mark::Message(Carries::Upkeep, true) => dot("answer", "2.5"),
        Mark::Message(Carries::Records, false) => dot("value", "2.5"),
        Mark::Message(Carries::Records, true) => dot("held", "2.5"),
    }
}

#[cfg(test)]
mod tests;
