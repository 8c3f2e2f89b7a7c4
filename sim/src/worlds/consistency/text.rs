//! Set-ups and actions as text, in links and exported runs.
//!
//! `systems=one,quorum&bits=5&nodes=1,4,9&clients=Anna@4;Ben@9&names=book&copies=3&latency=20,40&loss=0&upkeep=250,400,800&giveup=1200&hold=300&shop=1`

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use crate::engine::malformed::Malformed;
use crate::engine::permalink::{
    Query, escape, numbers, read_latency, unescape, write_latency, wrong,
};
use crate::worlds::consistency::action::{Action, Deed};
use crate::worlds::consistency::setup::{Client, MAX_CLIENTS, MAX_NAMES, MAX_NODES, Setup, System};
use chordscope_core::base::id::{Id, Space};
use chordscope_core::store::record::Name;

/// The parameters of a set-up.
pub(super) const PARAMETERS: &str =
    "systems bits nodes clients names copies latency loss upkeep giveup hold shop";

/// Writes a set-up without its actions.
pub(super) fn write_setup(setup: &Setup) -> String {
    let join = |parts: Vec<String>, by: &str| parts.join(by);
    let show = |id: &Id| setup.space.show(*id);
    let systems = setup.systems.iter().map(|system| system.name().to_string());
    let clients = setup.clients.iter();
    let clients = clients.map(|client| format!("{}@{}", escape(&client.name), show(&client.node)));
    let names = setup.names.iter().map(|name| escape(name.as_str()));
    let [stabilize, fingers, repair] = setup.upkeep_ms;
    format!(
        "systems={}&bits={}&nodes={}&clients={}&names={}&copies={}&latency={}&loss={}&upkeep={stabilize},{fingers},{repair}&giveup={}&hold={}&shop={}",
        join(systems.collect(), ","),
        setup.space.bits(),
        join(setup.nodes.iter().map(show).collect(), ","),
        join(clients.collect(), ";"),
        join(names.collect(), ";"),
        setup.copies,
        write_latency(setup.latency),
        setup.loss_per_mille,
        setup.give_up_ms,
        setup.hold_ms,
        u8::from(setup.shop),
    )
}

/// Reads a set-up that is within all limits, of a query that may have other parts. What it does not say is as in [`Setup::lesson`].
///
/// # Errors
/// [`Malformed`] names the part that is wrong.
pub(super) fn read_setup(text: &str) -> Result<Setup, Malformed> {
    let query = Query::of(text);
    let mut setup = Setup::lesson();
    let systems = query.part("systems");
    let systems = systems.ok_or_else(|| wrong("systems", "is missing"))?;
    let system = |name: &str| {
        let known = System::ALL.into_iter().find(|system| system.name() == name);
        known.ok_or_else(|| {
            wrong(
                "systems",
                "must be of store, copies, messages, one and quorum",
            )
        })
    };
    let systems = systems.split(',').take(System::ALL.len() + 1).map(system);
    setup.systems = systems.collect::<Result<_, _>>()?;
    let bits = query.number("bits", setup.space.bits().into())?;
    let bits = u8::try_from(bits).map_err(|_| wrong("bits", "is too large"))?;
    setup.space = Space::new(bits).map_err(|error| wrong("bits", error))?;
    let space = setup.space;
    let id = |place: &str, text: &str| space.parse(text).map_err(|error| wrong(place, error));
    if let Some(nodes) = query.part("nodes") {
        let nodes = nodes.split(',').take(MAX_NODES + 1);
        setup.nodes = nodes
            .map(|node| id("nodes", node))
            .collect::<Result<_, _>>()?;
        setup.nodes.sort_unstable();
    }
    if let Some(clients) = query.part("clients") {
        let client = |text: &str| {
            let at = text.split_once('@');
            let (name, node) = at.ok_or_else(|| wrong("clients", "must be names @ nodes"))?;
            Ok(Client {
                name: unescape(name),
                node: id("clients", node)?,
            })
        };
        let clients = clients.split(';').take(MAX_CLIENTS + 1).map(client);
        setup.clients = clients.collect::<Result<_, Malformed>>()?;
    }
    if let Some(names) = query.part("names") {
        let name = |text| Name::new(unescape(text)).map_err(|error| wrong("names", error));
        let names = names.split(';').take(MAX_NAMES + 1).map(name);
        setup.names = names.collect::<Result<_, _>>()?;
    }
    if let Some(latency) = query.part("latency") {
        setup.latency = read_latency(latency)?;
    }
    if let Some(upkeep) = query.part("upkeep") {
        setup.upkeep_ms = match numbers(upkeep).as_slice() {
            [Some(stabilize), Some(fingers), Some(repair)] => [*stabilize, *fingers, *repair],
            _ => return Err(wrong("upkeep", "must be three numbers of milliseconds")),
        };
    }
    // A number that does not fit is out of range too, and refused as such.
    let number = |name, usual: u32| {
        let number = query.number(name, usual.into())?;
        Ok::<_, Malformed>(u32::try_from(number).unwrap_or(u32::MAX))
    };
    let copies = number("copies", setup.copies.into())?;
    setup.copies = u8::try_from(copies).unwrap_or(u8::MAX);
    let loss = number("loss", setup.loss_per_mille.into())?;
    setup.loss_per_mille = u16::try_from(loss).unwrap_or(u16::MAX);
    setup.give_up_ms = number("giveup", setup.give_up_ms)?;
    setup.hold_ms = number("hold", setup.hold_ms)?;
    setup.shop = number("shop", setup.shop.into())? > 0;
    setup.check()?;
    Ok(setup)
}

/// Writes an action.
pub(super) fn write_action(setup: &Setup, action: &Action) -> String {
    let show = |id: &Id| setup.space.show(*id);
    match action {
        Action::Call { client, name, deed } => {
            let deed = match deed {
                Deed::Get => "get".to_string(),
                Deed::Put(value) => format!("put,{}", escape(value)),
                Deed::Delete => "delete".to_string(),
                Deed::Swap(value) => format!("swap,{}", escape(value)),
            };
            format!("{client},{name},{deed}")
        }
        Action::Cut(nodes) => {
            let nodes: Vec<String> = nodes.iter().map(show).collect();
            format!("cut,{}", nodes.join("+"))
        }
        Action::Heal => "heal".to_string(),
        Action::Crash(id) => format!("crash,{}", show(id)),
        Action::Restart(id) => format!("restart,{}", show(id)),
        Action::LoseMessage => "lose".to_string(),
    }
}

/// Reads an action.
///
/// # Errors
/// The reason why it is none.
pub(super) fn read_action(setup: &Setup, text: &str) -> Result<Action, String> {
    let unknown = || format!("{text} is no action");
    let id = |text: &str| setup.space.parse(text).map_err(|error| error.to_string());
    let words: Vec<&str> = text.split(',').collect();
    let action = match words[..] {
        ["heal"] => Action::Heal,
        ["lose"] => Action::LoseMessage,
        ["cut", ""] => Action::Cut(Vec::new()),
        ["cut", nodes] => {
            let nodes = nodes.split('+').take(MAX_NODES).map(id);
            Action::Cut(nodes.collect::<Result<_, _>>()?)
        }
        ["crash", node] => Action::Crash(id(node)?),
        ["restart", node] => Action::Restart(id(node)?),
        [client, name, ref deed @ ..] => Action::Call {
            client: client.parse().map_err(|_| unknown())?,
            name: name.parse().map_err(|_| unknown())?,
            deed: match *deed {
                ["get"] => Deed::Get,
                ["put", value] => Deed::Put(unescape(value)),
                ["delete"] => Deed::Delete,
                ["swap", value] => Deed::Swap(unescape(value)),
                _ => return Err(unknown()),
            },
        },
        _ => return Err(unknown()),
    };
    action.check(setup).map_err(|error| error.to_string())?;
    Ok(action)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Timed;
    use crate::engine::network::Latency;
    use crate::engine::permalink::{read_actions, write_actions};
    use alloc::vec;
    use chordscope_core::base::time::Instant;

    #[test]
    fn a_set_up_is_read_as_it_was_written() {
        let mut rich = Setup::lesson();
        rich.systems = vec![System::Messages, System::Quorum, System::OneStore];
        rich.clients[0].name = "Ann & Co; 1@2".to_string();
        rich.names.push(Name::new("a;b=c").unwrap());
        (rich.copies, rich.latency) = (2, Latency::Exponential(30));
        (rich.loss_per_mille, rich.give_up_ms, rich.hold_ms) = (7, 900, 0);
        (rich.upkeep_ms, rich.shop) = ([100, 200, 300], true);
        for setup in [rich, Setup::lesson(), Setup::step(System::OneStore)] {
            let text = write_setup(&setup);
            assert_eq!(read_setup(&text), Ok(setup), "{text}");
        }
    }

    #[test]
    fn what_is_wrong_in_a_set_up_is_named() {
        let place = |text: &str| read_setup(text).unwrap_err().place;
        for (text, wrong) in [
            ("", "systems"),
            ("systems=two", "systems"),
            ("systems=one,one", "systems"),
            ("systems=one&bits=161", "bits"),
            ("systems=one&nodes=1,1", "nodes"),
            ("systems=one&nodes=1,99", "nodes"),
            ("systems=one&nodes=1,4", "clients"),
            ("systems=one&clients=Anna", "clients"),
            ("systems=one&names=", "names"),
            ("systems=one&copies=0", "copies"),
            ("systems=one&copies=300", "copies"),
            ("systems=one&latency=x", "latency"),
            ("systems=one&loss=1001", "loss"),
            ("systems=one&upkeep=1,2,3", "upkeep"),
            ("systems=one&upkeep=off", "upkeep"),
            ("systems=one&giveup=99", "giveup"),
            ("systems=one&hold=99999999999", "hold"),
        ] {
            assert_eq!(place(text), wrong, "{text}");
        }
    }

    #[test]
    fn actions_are_read_as_they_were_written() {
        let setup = Setup::lesson();
        let [one, four] = [1, 4].map(Id::from_u64);
        let call = |deed| Action::Call {
            client: 2,
            name: 0,
            deed,
        };
        let actions = [
            call(Deed::Get),
            call(Deed::Put("a, b;c:d".to_string())),
            call(Deed::Delete),
            call(Deed::Swap("ä".to_string())),
            Action::Cut(vec![one, four]),
            Action::Cut(Vec::new()),
            Action::Heal,
            Action::Crash(four),
            Action::Restart(four),
            Action::LoseMessage,
        ];
        let timed = (0..).zip(actions).map(|(at, action)| Timed {
            at: Instant::from_micros(at),
            action,
        });
        let timed: Vec<_> = timed.collect();
        let text = write_actions(&timed, |action| write_action(&setup, action));
        let read = |text: &str| read_actions(text, |action| read_action(&setup, action));
        assert_eq!(read(&text), Ok(timed), "{text}");
        for wrong in [
            "heal",
            "x:heal",
            "5:dance",
            "5:3,0,get",
            "5:0,1,get",
            "5:0,0,put",
            "5:0,0,put,",
            "5:cut,2",
            "5:crash",
            "5:crash,99",
        ] {
            let error = read(wrong).unwrap_err();
            assert_eq!(error.place, "do[0]", "{wrong}");
        }
    }
}
