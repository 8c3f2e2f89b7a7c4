//! A moment of a run as the query of a URL: scenario, seed, actions, time, selection.
//!
//! `s=lesson-26&seed=1&do=200000:lookup,1,26;2500000:insert,7&t=2750000&sel=21`
//!
//! Times are in microseconds, so that a link shows exactly the moment it was made at.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use crate::base::id::{Id, Space};
use crate::base::time::Instant;
use crate::chord::route::{Mode, Routing};
use crate::sim::action::{Action, Timed};
use crate::sim::builtin;
use crate::sim::history::History;
use crate::sim::scenario::{MAX_ACTIONS, MAX_MILLIS, Scenario, ScenarioError};

/// The longest link, in bytes: browsers and chat programs pass on that much.
pub const MAX_LENGTH: usize = 8_000;

/// What a link says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Permalink {
    /// The scenario, with the link's actions.
    pub scenario: Scenario,
    /// The seed.
    pub seed: u64,
    /// The time to show.
    pub at: Instant,
    /// The node that is selected.
    pub selected: Option<Id>,
}

impl Permalink {
    /// The link to the present moment of a run.
    ///
    /// # Errors
    /// [`ScenarioError`] when the run has too much in it for a link.
    pub fn of(history: &History, selected: Option<Id>) -> Result<String, ScenarioError> {
        let space = history.space();
        let scenario = history.scenario();
        let mut parts = Vec::new();
        match builtin::named(&scenario.name).filter(|known| known == scenario) {
            Some(known) => parts.push(format!("s={}", known.name)),
            None => {
                let nodes: Vec<_> = scenario.nodes.iter().map(|id| space.show(*id)).collect();
                parts.push(format!("bits={}&nodes={}", space.bits(), nodes.join(",")));
            }
        }
        parts.push(format!("seed={}", history.world().seed()));
        if history.actions() != scenario.actions {
            let actions: Vec<_> = history
                .actions()
                .iter()
                .map(|timed| write_action(space, timed))
                .collect();
            parts.push(format!("do={}", actions.join(";")));
        }
        parts.push(format!("t={}", history.now().as_micros()));
        if let Some(selected) = selected {
            parts.push(format!("sel={}", space.show(selected)));
        }
        let link = parts.join("&");
        if link.len() > MAX_LENGTH {
            return Err(wrong("link", "this run has too much in it for a link"));
        }
        Ok(link)
    }

    /// Reads a link: a whole URL, its fragment, or the query alone.
    ///
    /// # Errors
    /// [`ScenarioError`] names the part that is wrong.
    pub fn parse(link: &str) -> Result<Self, ScenarioError> {
        if link.len() > 2 * MAX_LENGTH {
            return Err(wrong("link", "too long"));
        }
        let query = link.rsplit_once('?').map_or(link, |(_, query)| query);
        let part = |name: &str| {
            query
                .split('&')
                .filter_map(|part| part.split_once('='))
                .find(|(key, _)| *key == name)
                .map(|(_, value)| value)
        };
        let number = |name: &str, default: u64| match part(name) {
            Some(text) => text
                .parse::<u64>()
                .map_err(|_| wrong(name, "must be a number")),
            None => Ok(default),
        };
        let mut scenario = match (part("s"), part("nodes")) {
            (Some(name), _) => {
                builtin::named(name).ok_or_else(|| wrong("s", "there is no such scenario"))?
            }
            (None, Some(nodes)) => custom(number("bits", 5)?, nodes)?,
            (None, None) => return Err(wrong("link", "names neither a scenario nor nodes")),
        };
        let space = scenario.space;
        if let Some(actions) = part("do") {
            scenario.actions = read_actions(space, actions)?;
        }
        let at = number("t", 0)?;
        if at > MAX_MILLIS * 1_000 {
            return Err(wrong("t", "must be at most a day, in microseconds"));
        }
        let selected = match part("sel") {
            Some(text) => Some(space.parse(text).map_err(|e| wrong("sel", e))?),
            None => None,
        };
        Ok(Self {
            seed: number("seed", scenario.seed)?,
            at: Instant::from_micros(at),
            selected,
            scenario,
        })
    }

    /// The run that the link shows, at its time.
    ///
    /// # Errors
    /// [`ScenarioError`] when the nodes make no ring.
    pub fn open(self) -> Result<History, ScenarioError> {
        let mut history = History::new(self.scenario, self.seed)?;
        history.advance_to(self.at);
        Ok(history)
    }
}

fn wrong(place: &str, reason: impl core::fmt::Display) -> ScenarioError {
    ScenarioError::new(place, &reason)
}

fn custom(bits: u64, nodes: &str) -> Result<Scenario, ScenarioError> {
    let bits = u8::try_from(bits).unwrap_or(0);
    let space = Space::new(bits).map_err(|e| wrong("bits", e))?;
    let nodes = nodes
        .split(',')
        .map(|id| space.parse(id).map_err(|e| wrong("nodes", e)))
        .collect::<Result<Vec<_>, _>>()?;
    Scenario::plain(space, nodes)
}

fn write_action(space: Space, timed: &Timed) -> String {
    let show = |id: &Id| space.show(*id);
    let text = match &timed.action {
        Action::Lookup {
            from,
            key,
            routing,
            mode,
        } => {
            let linear = match routing {
                Routing::Finger => "",
                Routing::Linear => ",linear",
            };
            let iterative = match mode {
                Mode::Recursive => "",
                Mode::Iterative => ",iterative",
            };
            format!("lookup,{},{}{linear}{iterative}", show(from), show(key))
        }
        Action::Insert(node) => format!("insert,{}", show(node)),
        Action::Remove(node) => format!("remove,{}", show(node)),
        Action::Crash(node) => format!("crash,{}", show(node)),
        Action::Put { from, name, value } => {
            format!("put,{},{},{}", show(from), escape(name), escape(value))
        }
        Action::Get { from, name } => format!("get,{},{}", show(from), escape(name)),
        Action::Delay { message, millis } => format!("delay,{message},{millis}"),
        Action::Lose(message) => format!("lose,{message}"),
        Action::Split(nodes) => {
            let nodes: Vec<_> = nodes.iter().map(show).collect();
            format!("split,{}", nodes.join(","))
        }
        Action::Heal => "heal".to_string(),
    };
    format!("{}:{text}", timed.at.as_micros())
}

fn read_actions(space: Space, text: &str) -> Result<Vec<Timed>, ScenarioError> {
    let mut actions = Vec::new();
    for (index, part) in text.split(';').filter(|part| !part.is_empty()).enumerate() {
        let place = format!("do[{index}]");
        if index >= MAX_ACTIONS {
            return Err(wrong(&place, "too many actions"));
        }
        let timed = part
            .split_once(':')
            .and_then(|(at, action)| Some((at.parse::<u64>().ok()?, action)));
        let (at, action) = timed.ok_or_else(|| wrong(&place, "must be time:action"))?;
        if at > MAX_MILLIS * 1_000 {
            return Err(wrong(&place, "the time must be at most a day"));
        }
        let words: Vec<&str> = action.split(',').collect();
        actions.push(Timed {
            at: Instant::from_micros(at),
            action: read_action(space, &words).map_err(|reason| wrong(&place, reason))?,
        });
    }
    actions.sort_by_key(|timed| timed.at);
    Ok(actions)
}

fn read_action(space: Space, words: &[&str]) -> Result<Action, String> {
    let id = |text: &str| space.parse(text).map_err(|error| error.to_string());
    let number = |text: &str| text.parse::<u64>().map_err(|_| "no number".to_string());
    Ok(match words {
        ["lookup", from, key, options @ ..] => {
            let known = |option: &&str| ["linear", "iterative"].contains(option);
            if !options.iter().all(known) {
                return Err("a lookup may be linear or iterative".to_string());
            }
            Action::Lookup {
                from: id(from)?,
                key: id(key)?,
                routing: match options.contains(&"linear") {
                    true => Routing::Linear,
                    false => Routing::Finger,
                },
                mode: match options.contains(&"iterative") {
                    true => Mode::Iterative,
                    false => Mode::Recursive,
                },
            }
        }
        ["insert", node] => Action::Insert(id(node)?),
        ["remove", node] => Action::Remove(id(node)?),
        ["crash", node] => Action::Crash(id(node)?),
        ["put", from, name, value] => Action::Put {
            from: id(from)?,
            name: unescape(name),
            value: unescape(value),
        },
        ["get", from, name] => Action::Get {
            from: id(from)?,
            name: unescape(name),
        },
        ["delay", message, millis] => Action::Delay {
            message: number(message)?,
            millis: u32::try_from(number(millis)?).map_err(|_| "too long a delay".to_string())?,
        },
        ["lose", message] => Action::Lose(number(message)?),
        ["split", nodes @ ..] => Action::Split(
            nodes
                .iter()
                .map(|node| id(node))
                .collect::<Result<_, _>>()?,
        ),
        ["heal"] => Action::Heal,
        _ => return Err("there is no such action".to_string()),
    })
}

/// Percent-encodes all but letters, digits and a few harmless signs.
fn escape(text: &str) -> String {
    let mut escaped = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            escaped.push_str(&format!("%{byte:02X}"));
        }
    }
    escaped
}

/// Undoes [`escape`]; what is no escape stands for itself.
fn unescape(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((byte, after)) = rest.split_first() {
        let hex = |digit: &u8| char::from(*digit).to_digit(16);
        let escaped = match after {
            [high, low, ..] if *byte == b'%' => hex(high).zip(hex(low)),
            _ => None,
        };
        match escaped {
            Some((high, low)) => {
                bytes.push(u8::try_from(high * 16 + low).unwrap_or(b'?'));
                rest = &after[2..];
            }
            None => {
                bytes.push(*byte);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn a_ring_of_ones_own_has_a_link_too() {
        let space = Space::new(160).unwrap();
        let nodes = (1..4)
            .map(|row| space.finger_start(Id::ZERO, row * 40))
            .collect();
        let history = History::new(Scenario::plain(space, nodes).unwrap(), 9).unwrap();
        let link = Permalink::of(&history, None).unwrap();
        let again = Permalink::parse(&link).unwrap();
        assert_eq!(&again.scenario, history.scenario());
        assert_eq!(again.seed, 9);
    }

    #[test]
    fn a_broken_link_is_named() {
        let place = |link: &str| Permalink::parse(link).unwrap_err().place;
        assert_eq!(place(""), "link");
        assert_eq!(place("s=nothing"), "s");
        assert_eq!(place("bits=5&nodes=1,1"), "nodes");
        assert_eq!(place("bits=5&nodes=1,32"), "nodes");
        assert_eq!(place("bits=500&nodes=1"), "bits");
        assert_eq!(place("s=lesson-26&t=x"), "t");
        assert_eq!(place("s=lesson-26&do=5:dance"), "do[0]");
        assert_eq!(place("s=lesson-26&do=insert"), "do[0]");
        assert_eq!(place("s=lesson-26&sel=99"), "sel");
    }
}
