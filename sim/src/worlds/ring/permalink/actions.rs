//! Actions in a link: `200000:lookup,1,26;2500000:insert,7`.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use crate::engine::malformed::Malformed;
use crate::engine::permalink::{escape, unescape, wrong};
use crate::engine::run::MAX_MILLIS;
use crate::worlds::ring::action::{Action, Timed, in_order};
use crate::worlds::ring::scenario::MAX_ACTIONS;
use chordscope_core::base::id::{Id, Space};
use chordscope_core::base::time::Instant;
use chordscope_core::chord::route::{Mode, Routing};

/// Actions as a link has them.
pub(super) fn write(space: Space, actions: &[Timed]) -> String {
    let actions: Vec<_> = actions
        .iter()
        .map(|timed| {
            let at = timed.at.as_micros();
            format!("{at}:{}", write_action(space, &timed.action))
        })
        .collect();
    actions.join(";")
}

/// An action without its time.
pub(super) fn write_action(space: Space, action: &Action) -> String {
    let show = |id: &Id| space.show(*id);
    match action {
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
        Action::Delete { from, name } => format!("delete,{},{}", show(from), escape(name)),
        Action::Swap {
            from,
            name,
            expected,
            value,
        } => {
            let (name, value) = (escape(name), escape(value));
            format!("swap,{},{name},{expected},{value}", show(from))
        }
        Action::Delay { message, millis } => format!("delay,{message},{millis}"),
        Action::Lose(message) => format!("lose,{message}"),
        Action::Split(nodes) => {
            let nodes: Vec<_> = nodes.iter().map(show).collect();
            format!("split,{}", nodes.join(","))
        }
        Action::Heal => "heal".to_string(),
        Action::Pause(node) => format!("pause,{}", show(node)),
        Action::Resume(node) => format!("resume,{}", show(node)),
        Action::Slow { node, millis } => format!("slow,{},{millis}", show(node)),
        Action::Corrupt(node) => format!("corrupt,{}", show(node)),
        Action::Misroute(node) => format!("misroute,{}", show(node)),
        Action::Mend(node) => format!("mend,{}", show(node)),
        Action::Restart(node) => format!("restart,{}", show(node)),
    }
}

/// Reads what [`write()`] wrote.
///
/// # Errors
/// [`Malformed`] names the action that is wrong.
pub(super) fn read(space: Space, text: &str) -> Result<Vec<Timed>, Malformed> {
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
    actions = in_order(actions);
    Ok(actions)
}

/// Reads the words of an action.
///
/// # Errors
/// The reason why it is none.
pub(super) fn read_action(space: Space, words: &[&str]) -> Result<Action, String> {
    let id = |text: &str| space.parse(text).map_err(|error| error.to_string());
    let number = |text: &str| text.parse::<u64>().map_err(|_| "no number".to_string());
    let delay = |text| u32::try_from(number(text)?).map_err(|_| "too long a delay".to_string());
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
        ["delete", from, name] => Action::Delete {
            from: id(from)?,
            name: unescape(name),
        },
        ["swap", from, name, expected, value] => Action::Swap {
            from: id(from)?,
            name: unescape(name),
            expected: number(expected)?,
            value: unescape(value),
        },
        ["delay", message, millis] => Action::Delay {
            message: number(message)?,
            millis: delay(millis)?,
        },
        ["lose", message] => Action::Lose(number(message)?),
        ["split", nodes @ ..] => {
            let nodes = nodes.iter().filter(|node| !node.is_empty());
            let nodes = nodes.map(|node| id(node));
            Action::Split(nodes.collect::<Result<_, _>>()?)
        }
        ["heal"] => Action::Heal,
        ["pause", node] => Action::Pause(id(node)?),
        ["resume", node] => Action::Resume(id(node)?),
        ["slow", node, millis] => Action::Slow {
            node: id(node)?,
            millis: delay(millis)?,
        },
        ["corrupt", node] => Action::Corrupt(id(node)?),
        ["misroute", node] => Action::Misroute(id(node)?),
        ["mend", node] => Action::Mend(id(node)?),
        ["restart", node] => Action::Restart(id(node)?),
        _ => return Err("there is no such action".to_string()),
    })
}
