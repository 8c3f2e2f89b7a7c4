//! Set-ups and actions as text, in links and in exported runs.
//!
//! `members=32&names=40&segments=32&fetch=8&length=60000&ask=100,250,500&received=0&reliable=5!&latency=60&…`
//!
//! Times are in milliseconds; of the pauses of lookups, gets and puts, `-` stands for none. A lever is its value while it is faced; `!` says that
//! it is.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::time::Duration;

use crate::engine::malformed::Malformed;
use crate::engine::permalink::{Query, wrong};
use crate::worlds::fallacies::action::Action;
use crate::worlds::fallacies::lever::{Fallacy, Levers};
use crate::worlds::fallacies::setup::Setup;
use chordscope_core::base::id::Id;

/// The parameters of a set-up.
pub(super) const PARAMETERS: &str = "members names segments fetch length ask received reliable latency bandwidth secure topology administrator cost homogeneous";

/// Writes a set-up without its actions.
pub(super) fn write_setup(setup: &Setup) -> String {
    let pause = |pause: Option<Duration>| {
        pause.map_or_else(|| "-".to_string(), |pause| pause.as_millis().to_string())
    };
    let levers = Fallacy::ALL.map(|of| {
        let lever = setup.levers.lever(of);
        let faced = if lever.is_faced { "!" } else { "" };
        format!("{}={}{faced}", of.name(), lever.value)
    });
    format!(
        "members={}&names={}&segments={}&fetch={}&length={}&ask={},{},{}&received={}&{}",
        setup.peers,
        setup.names,
        setup.segments,
        setup.clients,
        setup.length.as_millis(),
        pause(setup.lookup_every),
        pause(setup.get_every),
        pause(setup.put_every),
        setup.received_price,
        levers.join("&")
    )
}

/// Reads a set-up that is within all limits, of a query that may have other parts. What is not in it is as usual.
///
/// # Errors
/// [`Malformed`] names the part that is wrong.
pub(super) fn read_setup(text: &str) -> Result<Setup, Malformed> {
    let query = Query::of(text);
    let usual = Setup::usual(Levers::all(false));
    let small = |place: &str, usual: u16| {
        let number = query.number(place, usual.into())?;
        u16::try_from(number).map_err(|_| wrong(place, "too large"))
    };
    let large = |place: &str, usual: u32| {
        let number = query.number(place, usual.into())?;
        u32::try_from(number).map_err(|_| wrong(place, "too large"))
    };
    let millis = u64::try_from(usual.length.as_millis()).unwrap_or(u64::MAX);
    let mut setup = Setup {
        peers: small("members", usual.peers)?,
        names: small("names", usual.names)?,
        segments: large("segments", usual.segments)?,
        clients: small("fetch", usual.clients)?,
        length: Duration::from_millis(query.number("length", millis)?),
        received_price: large("received", usual.received_price)?,
        ..usual
    };
    if let Some(pauses) = query.part("ask") {
        let pauses: Vec<&str> = pauses.split(',').collect();
        let [lookup, get, put] = pauses[..] else {
            return Err(wrong("ask", "must be three pauses"));
        };
        setup.lookup_every = read_pause(lookup)?;
        setup.get_every = read_pause(get)?;
        setup.put_every = read_pause(put)?;
    }
    for of in Fallacy::ALL {
        let Some(text) = query.part(of.name()) else {
            continue;
        };
        let (value, is_faced) = match text.strip_suffix('!') {
            Some(value) => (value, true),
            None => (text, false),
        };
        let value = value.parse();
        let value =
            value.map_err(|_| wrong(of.name(), "must be a number, with ! if it is faced"))?;
        setup.levers = setup.levers.moved(of, value).switched(of, is_faced);
    }
    setup.check()?;
    Ok(setup)
}

fn read_pause(text: &str) -> Result<Option<Duration>, Malformed> {
    match text {
        "-" => Ok(None),
        text => {
            let millis = text.parse();
            let millis = millis.map_err(|_| wrong("ask", "must be milliseconds, or - for none"))?;
            Ok(Some(Duration::from_millis(millis)))
        }
    }
}

/// Writes an action.
pub(super) fn write_action(action: &Action) -> String {
    match action {
        Action::Lookup { peer, key } => {
            // Keys of such a ring are small.
            format!("lookup,{peer},{}", key.to_u64().unwrap_or(0))
        }
        Action::Get { peer, name } => format!("get,{peer},{name}"),
        Action::Put { peer, name } => format!("put,{peer},{name}"),
        Action::Crash(peer) => format!("crash,{peer}"),
        Action::Return(peer) => format!("return,{peer}"),
    }
}

/// Reads an action.
///
/// # Errors
/// The reason why it is none.
pub(super) fn read_action(text: &str) -> Result<Action, String> {
    let unknown = || format!("{text} is no action on a world of fallacies");
    let words: Vec<&str> = text.split(',').collect();
    let number = |text: &str| text.parse::<u16>().map_err(|_| unknown());
    match words[..] {
        ["lookup", peer, key] => {
            let key = key.parse().map_err(|_| unknown())?;
            Ok(Action::Lookup {
                peer: number(peer)?,
                key: Id::from_u64(key),
            })
        }
        ["get", peer, name] => Ok(Action::Get {
            peer: number(peer)?,
            name: number(name)?,
        }),
        ["put", peer, name] => Ok(Action::Put {
            peer: number(peer)?,
            name: number(name)?,
        }),
        ["crash", peer] => Ok(Action::Crash(number(peer)?)),
        ["return", peer] => Ok(Action::Return(number(peer)?)),
        _ => Err(unknown()),
    }
}
