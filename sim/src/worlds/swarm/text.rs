//! Set-ups and actions as text, in links and in exported runs.
//!
//! `len=1310720&latency=20000&pick=rarest&slots=5&way=swarm&first=262144,-,served.500&clients=7x262144,-;262144,-,at.5000000,rides`
//!
//! A client is its uplink and its downlink in bytes a second (`-` where that never limits anything), then what is unusual about it, in any
//! order: `at.` its arrival in microseconds, `but.` the one segment that it lacks when it comes, a conduct, a stay. `7x` stands for seven of
//! them.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::time::Duration;

use crate::engine::malformed::Malformed;
use crate::engine::permalink::{Query, wrong};
use crate::worlds::swarm::acting::Action;
use crate::worlds::swarm::conduct::Conduct;
use crate::worlds::swarm::line::micros;
use crate::worlds::swarm::setup::{
    Begins, Client, MAX_CLIENTS, Rates, Setup, SetupError, Stay, Way,
};
use chordscope_core::base::time::Instant;
use chordscope_core::swarm::picker::Order;

/// The conducts but the usual one, by their names.
const CONDUCTS: [(&str, Conduct); 5] = [
    ("rides", Conduct::FreeRides),
    ("corrupts", Conduct::Corrupts),
    ("stalls", Conduct::Stalls),
    ("boasts", Conduct::Boasts),
    ("stretches", Conduct::Stretches),
];

/// The parameters of a set-up.
pub(super) const PARAMETERS: &str = "len latency pick slots way first clients";

/// Writes a set-up without its seed and its actions.
pub(super) fn write_setup(setup: &Setup) -> String {
    let pick = match setup.order {
        Order::RarestFirst => "rarest".to_string(),
        Order::Random => "random".to_string(),
        Order::From(segment) => format!("from.{segment}"),
    };
    let way = match setup.way {
        Way::Swarm => "swarm".to_string(),
        Way::Server => "server".to_string(),
        Way::Cdn { proxies, rates } => format!("cdn,{proxies},{}", write_rates(rates)),
    };
    let first = write_member(Client {
        rates: setup.seed_rates,
        stay: setup.seed_stay,
        ..Client::default()
    });
    let mut clients: Vec<(usize, String)> = Vec::new();
    for client in &setup.clients {
        let text = write_member(*client);
        match clients.last_mut() {
            Some((count, last)) if *last == text => *count += 1,
            _ => clients.push((1, text)),
        }
    }
    let clients = clients.iter().map(|(count, text)| match count {
        1 => text.clone(),
        count => format!("{count}x{text}"),
    });
    format!(
        "len={}&latency={}&pick={pick}&slots={}&way={way}&first={first}&clients={}",
        setup.length,
        micros(setup.latency),
        setup.slots,
        clients.collect::<Vec<_>>().join(";")
    )
}

fn write_rates(rates: Rates) -> String {
    let down = rates
        .down
        .map_or_else(|| "-".to_string(), |down| down.to_string());
    format!("{},{down}", rates.up)
}

fn write_member(client: Client) -> String {
    let mut text = write_rates(client.rates);
    if client.arrives > Instant::ZERO {
        text += &format!(",at.{}", client.arrives.as_micros());
    }
    if let Begins::AllBut(segment) = client.begins {
        text += &format!(",but.{segment}");
    }
    let mut conducts = CONDUCTS.iter();
    if let Some((name, _)) = conducts.find(|(_, conduct)| *conduct == client.conduct) {
        text += &format!(",{name}");
    }
    match client.stay {
        Stay::Always => {}
        Stay::Until(at) => text += &format!(",until.{}", at.as_micros()),
        Stay::UntilHas(share) => text += &format!(",has.{share}"),
        Stay::UntilGave(segments) => text += &format!(",gave.{segments}"),
        Stay::UntilSent(share) => text += &format!(",sent.{share}"),
        Stay::UntilServed(share) => text += &format!(",served.{share}"),
    }
    text
}

/// Reads a set-up that is within all limits, of a query that may have other parts.
///
/// # Errors
/// [`Malformed`] names the part that is wrong.
pub(super) fn read_setup(text: &str) -> Result<Setup, Malformed> {
    let query = Query::of(text);
    let clients = query.part("clients");
    let clients = clients.ok_or_else(|| wrong("clients", "is missing"))?;
    let mut setup = Setup::of(query.number("len", 0)?, read_clients(clients)?);
    let latency = query.number("latency", micros(setup.latency))?;
    setup.latency = Duration::from_micros(latency);
    let slots = query.number("slots", setup.slots.into())?;
    setup.slots = slots
        .try_into()
        .map_err(|_| wrong("slots", SetupError::Slots))?;
    if let Some(pick) = query.part("pick") {
        setup.order = read_order(pick)?;
    }
    if let Some(way) = query.part("way") {
        setup.way = read_way(way)?;
    }
    if let Some(first) = query.part("first") {
        let first = read_member("first", first)?;
        setup.seed_rates = first.rates;
        setup.seed_stay = first.stay;
    }
    let checked = setup.checked();
    checked.map_err(|error| wrong(error.place(), error))
}

fn read_order(text: &str) -> Result<Order, Malformed> {
    match text {
        "rarest" => Ok(Order::RarestFirst),
        "random" => Ok(Order::Random),
        _ => {
            let segment = text.strip_prefix("from.").and_then(|of| of.parse().ok());
            let order = segment.map(Order::From);
            order.ok_or_else(|| wrong("pick", "must be rarest, random or from. and a segment"))
        }
    }
}

fn read_way(text: &str) -> Result<Way, Malformed> {
    let words: Vec<&str> = text.split(',').collect();
    let cdn = || wrong("way", "must be swarm, server, or cdn,PROXIES,UP,DOWN");
    match words[..] {
        ["swarm"] => Ok(Way::Swarm),
        ["server"] => Ok(Way::Server),
        ["cdn", proxies, up, down] => Ok(Way::Cdn {
            proxies: proxies.parse().map_err(|_| cdn())?,
            rates: read_rates("way", up, down)?,
        }),
        _ => Err(cdn()),
    }
}

fn read_clients(text: &str) -> Result<Vec<Client>, Malformed> {
    let mut clients = Vec::new();
    for part in text.split(';') {
        let (count, member) = match part.split_once('x').map(|(count, of)| (count.parse(), of)) {
            Some((Ok(count), member)) => (count, member),
            _ => (1_usize, part),
        };
        let client = read_member("clients", member)?;
        let room = MAX_CLIENTS.saturating_sub(clients.len());
        if count > room {
            return Err(wrong("clients", SetupError::Clients));
        }
        clients.extend(core::iter::repeat_n(client, count));
    }
    Ok(clients)
}

fn read_rates(place: &str, up: &str, down: &str) -> Result<Rates, Malformed> {
    let rate = |text: &str| text.parse().map_err(|_| wrong(place, SetupError::Rate));
    let down = match down {
        "-" => None,
        down => Some(rate(down)?),
    };
    Ok(Rates {
        up: rate(up)?,
        down,
    })
}

fn read_member(place: &str, text: &str) -> Result<Client, Malformed> {
    let mut words = text.split(',');
    let (Some(up), Some(down)) = (words.next(), words.next()) else {
        return Err(wrong(place, "a link has an uplink and a downlink"));
    };
    let mut client = Client {
        rates: read_rates(place, up, down)?,
        ..Client::default()
    };
    for word in words {
        let known = CONDUCTS.iter().find(|(name, _)| *name == word);
        if let Some((_, conduct)) = known {
            client.conduct = *conduct;
            continue;
        }
        let unknown = || wrong(place, format!("{word} is unknown"));
        let (name, value) = word.split_once('.').ok_or_else(unknown)?;
        let number: u64 = value.parse().map_err(|_| unknown())?;
        let at = Instant::from_micros(number);
        let share = u16::try_from(number).map_err(|_| wrong(place, SetupError::Share));
        match name {
            "at" => client.arrives = at,
            "but" => {
                let segment = u32::try_from(number);
                client.begins = Begins::AllBut(segment.map_err(|_| unknown())?);
            }
            "until" => client.stay = Stay::Until(at),
            "has" => client.stay = Stay::UntilHas(share?),
            "gave" => client.stay = Stay::UntilGave(share?),
            "served" => client.stay = Stay::UntilServed(share?),
            "sent" => {
                let share = u32::try_from(number);
                client.stay = Stay::UntilSent(share.map_err(|_| unknown())?);
            }
            _ => return Err(unknown()),
        }
    }
    Ok(client)
}

/// Writes an action.
pub(super) fn write_action(action: &Action) -> String {
    match action {
        Action::Join => "join".to_string(),
        Action::Leave(member) => format!("leave,{member}"),
        Action::Corrupt(member) => format!("corrupt,{member}"),
        Action::Mend(member) => format!("mend,{member}"),
    }
}

/// Reads an action.
///
/// # Errors
/// The reason why it is none.
pub(super) fn read_action(text: &str) -> Result<Action, String> {
    let (name, member) = text
        .split_once(',')
        .map_or((text, None), |(name, member)| (name, member.parse().ok()));
    match (name, member) {
        ("join", None) if text == "join" => Ok(Action::Join),
        ("leave", Some(member)) => Ok(Action::Leave(member)),
        ("corrupt", Some(member)) => Ok(Action::Corrupt(member)),
        ("mend", Some(member)) => Ok(Action::Mend(member)),
        _ => Err(format!("{text} is no action on a swarm")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Timed;
    use crate::engine::permalink::{read_actions, write_actions};

    /// A set-up with everything that a set-up can have.
    fn rich() -> Setup {
        let mut setup = Setup::new(10, 20).unwrap().with_uplinks(&[100_000, 70_000]);
        setup.length -= 77;
        setup.latency = Duration::from_micros(12_345);
        setup.order = Order::From(3);
        setup.slots = 2;
        setup.seed_rates.down = Some(90_000);
        setup.seed_stay = Stay::UntilSent(1_500);
        let stays = [
            Stay::Until(Instant::from_millis(9)),
            Stay::UntilHas(500),
            Stay::UntilGave(0),
            Stay::UntilServed(1_000),
        ];
        for (client, stay) in setup.clients.iter_mut().zip(stays) {
            client.stay = stay;
        }
        for (client, (_, conduct)) in setup.clients.iter_mut().zip(CONDUCTS) {
            client.conduct = conduct;
        }
        setup.clients[7].arrives = Instant::from_millis(1_000);
        setup.clients[7].begins = Begins::AllBut(19);
        setup
    }

    #[test]
    fn a_set_up_is_read_as_it_was_written() {
        let cdn = Way::Cdn {
            proxies: 2,
            rates: Rates {
                up: 50_000,
                down: Some(60_000),
            },
        };
        for way in [Way::Swarm, Way::Server, cdn] {
            for order in [Order::RarestFirst, Order::Random, Order::From(0)] {
                let setup = Setup {
                    way,
                    order,
                    ..rich()
                };
                let text = write_setup(&setup);
                assert_eq!(read_setup(&text), Ok(setup), "{text}");
            }
        }
    }

    #[test]
    fn members_that_are_alike_are_written_once() {
        let text = write_setup(&Setup::new(64, 8).unwrap());
        assert!(text.ends_with("&clients=64x262144,-"), "{text}");
        assert!(text.len() < 150, "{text}");
    }

    #[test]
    fn what_is_wrong_in_a_set_up_is_named() {
        let good = write_setup(&rich());
        let clients = good.rsplit_once("&clients=").unwrap().0;
        let place = |text: &str| read_setup(text).unwrap_err().place;
        assert_eq!(place(""), "clients");
        assert_eq!(place("clients=1,-"), "segments");
        assert_eq!(place("len=9&clients=1,-"), "rates");
        assert_eq!(place("len=9&clients=x,-"), "clients");
        for wrong in [
            "",
            "20000",
            "65x20000,-",
            "20000,-,dances",
            "20000,-,has.x",
            "20000,-,has.99999",
            "20000,-,sent.99999999999",
        ] {
            assert_eq!(place(&format!("{clients}&clients={wrong}")), "clients");
        }
        assert_eq!(place("len=9&way=cdn,1&clients=20000,-"), "way");
        assert_eq!(place("len=9&way=cdn,9,20000,-&clients=20000,-"), "proxies");
        assert_eq!(place("len=9&pick=x&clients=20000,-"), "pick");
        assert_eq!(place("len=9&slots=300&clients=20000,-"), "slots");
        assert_eq!(place("len=9&clients=20000,-,but.1"), "segment");
        assert_eq!(place("len=9&latency=99999999&clients=20000,-"), "latency");
    }

    #[test]
    fn actions_are_read_as_they_were_written() {
        let actions = [
            Action::Join,
            Action::Leave(0),
            Action::Corrupt(3),
            Action::Mend(3),
        ];
        let timed = (0..).zip(actions).map(|(at, action)| Timed {
            at: Instant::from_micros(at),
            action,
        });
        let timed: Vec<_> = timed.collect();
        let read = |text: &str| read_actions(text, read_action);
        let text = write_actions(&timed, write_action);
        assert_eq!(text, "0:join;1:leave,0;2:corrupt,3;3:mend,3");
        assert_eq!(read(&text), Ok(timed));
        assert_eq!(read(""), Ok(Vec::new()));
        for wrong in [
            "join",
            "x:join",
            "5:dance",
            "5:leave",
            "5:join,1",
            "5:leave,x",
        ] {
            assert_eq!(read(wrong).unwrap_err().place, "do[0]", "{wrong}");
        }
    }
}
