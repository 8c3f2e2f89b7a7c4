//! A deed as JSON has it: `{"insert": 7}`, `"heal"`.

use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use super::{read_id, write_id};
use crate::engine::json::{Fields, Json, number, object};
use crate::worlds::ring::action::Action;
use chordscope_core::base::id::{Id, Space};
use chordscope_core::chord::route::{Mode, Routing};

/// Writes a deed.
pub(super) fn write(space: Space, action: &Action) -> Json {
    let id = |id: &Id| write_id(space, *id);
    let text = |text: &String| Json::from(text.as_str());
    let (kind, value) = match action {
        Action::Lookup {
            from,
            key,
            routing,
            mode,
        } => {
            let fields = vec![
                ("from", id(from)),
                ("key", id(key)),
                ("routing", routing_name(*routing).into()),
                ("mode", mode_name(*mode).into()),
            ];
            ("lookup", object(fields))
        }
        Action::Put { from, name, value } => {
            let fields = vec![
                ("from", id(from)),
                ("name", text(name)),
                ("value", text(value)),
            ];
            ("put", object(fields))
        }
        Action::Get { from, name } => {
            let fields = vec![("from", id(from)), ("name", text(name))];
            ("get", object(fields))
        }
        Action::Delete { from, name } => {
            let fields = vec![("from", id(from)), ("name", text(name))];
            ("delete", object(fields))
        }
        Action::Swap {
            from,
            name,
            expected,
            value,
        } => {
            let fields = vec![
                ("from", id(from)),
                ("name", text(name)),
                ("expected", (*expected).into()),
                ("value", text(value)),
            ];
            ("swap", object(fields))
        }
        Action::Delay { message, millis } => {
            let fields = vec![("message", (*message).into()), ("ms", (*millis).into())];
            ("delay", object(fields))
        }
        Action::Slow { node, millis } => {
            let fields = vec![("node", id(node)), ("ms", (*millis).into())];
            ("slow", object(fields))
        }
        Action::Lose(message) => ("lose", (*message).into()),
        Action::Split(nodes) => ("split", nodes.iter().map(id).collect()),
        Action::Heal => return "heal".into(),
        Action::Insert(node) => ("insert", id(node)),
        Action::Remove(node) => ("remove", id(node)),
        Action::Crash(node) => ("crash", id(node)),
        Action::Pause(node) => ("pause", id(node)),
        Action::Resume(node) => ("resume", id(node)),
        Action::Corrupt(node) => ("corrupt", id(node)),
        Action::Misroute(node) => ("misroute", id(node)),
        Action::Mend(node) => ("mend", id(node)),
        Action::Restart(node) => ("restart", id(node)),
    };
    object(vec![(kind, value)])
}

const fn routing_name(routing: Routing) -> &'static str {
    match routing {
        Routing::Finger => "finger",
        Routing::Linear => "linear",
    }
}

const fn mode_name(mode: Mode) -> &'static str {
    match mode {
        Mode::Recursive => "recursive",
        Mode::Iterative => "iterative",
    }
}

/// Reads a deed.
///
/// # Errors
/// The reason why it is none.
pub(super) fn read(space: Space, value: Json) -> Result<Action, String> {
    if value == Json::from("heal") {
        return Ok(Action::Heal);
    }
    let Json::Object(object) = value else {
        return Err("must be an object of one field, or \"heal\"".into());
    };
    let mut entries = object.into_iter();
    let (Some((kind, value)), None) = (entries.next(), entries.next()) else {
        return Err("must be an object of one field".into());
    };
    let node = |make: fn(Id) -> Action| {
        let node = read_id(space, &value, "").map_err(|error| error.reason)?;
        Ok(make(node))
    };
    match &*kind {
        "insert" => node(Action::Insert),
        "remove" => node(Action::Remove),
        "crash" => node(Action::Crash),
        "pause" => node(Action::Pause),
        "resume" => node(Action::Resume),
        "corrupt" => node(Action::Corrupt),
        "misroute" => node(Action::Misroute),
        "mend" => node(Action::Mend),
        "restart" => node(Action::Restart),
        "lose" => match number(&value) {
            Some(message) => Ok(Action::Lose(message)),
            None => Err("lose: must be the number of a message".into()),
        },
        "split" => match value {
            Json::List(nodes) => {
                let nodes = nodes.iter().map(|node| read_id(space, node, "split"));
                let nodes: Result<Vec<Id>, _> = nodes.collect();
                nodes.map(Action::Split).map_err(|error| format!("{error}"))
            }
            _ => Err("split: must be a list of nodes".into()),
        },
        _ => read_fields(space, &kind, value),
    }
}

/// The deeds that have fields of their own.
const WITH_FIELDS: [&str; 7] = ["lookup", "put", "get", "delete", "swap", "delay", "slow"];

/// Reads one of these.
fn read_fields(space: Space, kind: &str, value: Json) -> Result<Action, String> {
    if !WITH_FIELDS.contains(&kind) {
        return Err(format!("unknown variant `{kind}`"));
    }
    let read = || {
        let mut fields = Fields::of(value, kind)?;
        let from = |fields: &mut Fields, name: &str| {
            let place = fields.place(name);
            read_id(space, &fields.need(name)?, &place)
        };
        let action = match kind {
            "lookup" => Action::Lookup {
                from: from(&mut fields, "from")?,
                key: from(&mut fields, "key")?,
                routing: match fields.text_or("routing", "finger")?.as_str() {
                    "finger" => Routing::Finger,
                    "linear" => Routing::Linear,
                    _ => return Ok(None),
                },
                mode: match fields.text_or("mode", "recursive")?.as_str() {
                    "recursive" => Mode::Recursive,
                    "iterative" => Mode::Iterative,
                    _ => return Ok(None),
                },
            },
            "put" => Action::Put {
                from: from(&mut fields, "from")?,
                name: fields.text("name")?,
                value: fields.text("value")?,
            },
            "get" => Action::Get {
                from: from(&mut fields, "from")?,
                name: fields.text("name")?,
            },
            "delete" => Action::Delete {
                from: from(&mut fields, "from")?,
                name: fields.text("name")?,
            },
            "swap" => Action::Swap {
                from: from(&mut fields, "from")?,
                name: fields.text("name")?,
                expected: fields.number("expected")?,
                value: fields.text("value")?,
            },
            "delay" => Action::Delay {
                message: fields.number("message")?,
                millis: fields.number("ms")?,
            },
            "slow" => Action::Slow {
                node: from(&mut fields, "node")?,
                millis: fields.number("ms")?,
            },
            _ => return Ok(None),
        };
        fields.end()?;
        Ok::<_, crate::engine::malformed::Malformed>(Some(action))
    };
    match read() {
        Ok(Some(action)) => Ok(action),
        Ok(None) if kind == "lookup" => Err(
            "lookup: routing is \"finger\" or \"linear\", mode \"recursive\" or \"iterative\""
                .into(),
        ),
        Ok(None) => Err(format!("unknown variant `{kind}`")),
        Err(error) => Err(format!("{error}")),
    }
}
