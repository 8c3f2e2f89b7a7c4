//! Permalinks as far as all worlds share them: the query of a URL, its limits, the behaviour number, times, text.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use crate::engine::Timed;
use crate::engine::behaviour::{self, BEHAVIOUR};
use crate::engine::malformed::Malformed;
use crate::engine::network::Latency;
use crate::engine::run::MAX_MILLIS;
use chordscope_core::base::time::Instant;

/// The longest link, in bytes: browsers and chat programs pass on that much.
pub const MAX_LENGTH: usize = 8_000;

/// The parameters of a link to a moment of a scenario; without the scenario's name, of any moment.
pub(crate) const OF_SCENARIO: &str = "s v seed do t sel";
/// The most letters of an unknown parameter's name that are shown.
const LONGEST_NAME: usize = 40;
/// The most actions of a link.
const MAX_ACTIONS: usize = 1_000;

/// The query of a URL.
#[derive(Clone, Copy)]
pub(crate) struct Query<'a>(&'a str);

impl<'a> Query<'a> {
    /// The query of a link: of a whole URL, of its fragment, or the query alone.
    pub(crate) fn of(link: &'a str) -> Self {
        Self(link.rsplit_once('?').map_or(link, |(_, query)| query))
    }

    pub(crate) fn part(self, name: &str) -> Option<&'a str> {
        let parts = self.0.split('&').filter_map(|part| part.split_once('='));
        let mut named = parts.filter(|(key, _)| *key == name);
        named.next().map(|(_, value)| value)
    }

    /// Refuses parameters that are none of these words, and such as come twice. `embed` says how a page is shown.
    pub(crate) fn check(self, known: &str) -> Result<(), Malformed> {
        let names = || {
            let parts = self.0.split('&').filter(|part| !part.is_empty());
            parts.map(|part| part.split_once('=').map_or(part, |(name, _)| name))
        };
        let is_known = |name: &str| name == "embed" || known.split(' ').any(|word| word == name);
        for name in names() {
            let reason = if !is_known(name) {
                "there is no parameter"
            } else if names().filter(|other| *other == name).count() > 1 {
                "given twice: the parameter"
            } else {
                continue;
            };
            let name: String = name.chars().take(LONGEST_NAME).collect();
            return Err(wrong("link", format!("{reason} `{name}`")));
        }
        Ok(())
    }

    pub(crate) fn number(self, name: &str, default: u64) -> Result<u64, Malformed> {
        let Some(text) = self.part(name) else {
            return Ok(default);
        };
        text.parse().map_err(|_| wrong(name, "must be a number"))
    }

    pub(crate) fn moment(self) -> Result<Option<Instant>, Malformed> {
        let micros = self.number("t", 0)?;
        if micros > MAX_MILLIS * 1_000 {
            return Err(wrong("t", "must be at most a day, in microseconds"));
        }
        let at = Instant::from_micros(micros);
        Ok(self.part("t").map(|_| at))
    }

    /// The behaviour of a link that carries no number of one. A run without actions was not recorded: it runs as it does in this release.
    pub(crate) fn unnumbered(self) -> u32 {
        match self.part("do") {
            Some(_) => behaviour::FIRST,
            None => BEHAVIOUR,
        }
    }
}

pub(crate) fn wrong(place: &str, reason: impl core::fmt::Display) -> Malformed {
    Malformed::new(place, &reason)
}

/// The numbers of a list; `None` for a word.
pub(crate) fn numbers(text: &str) -> Vec<Option<u32>> {
    text.split(',').map(|number| number.parse().ok()).collect()
}

/// Writes a latency in milliseconds: `20`, `20,60`, `mean,50` or `cube,80`.
pub(crate) fn write_latency(latency: Latency) -> String {
    match latency {
        Latency::Fixed(millis) => format!("{millis}"),
        Latency::Uniform(low, high) => format!("{low},{high}"),
        Latency::Exponential(mean) => format!("mean,{mean}"),
        Latency::Cube(edge) => format!("cube,{edge}"),
    }
}

/// Reads what [`write_latency`] wrote.
///
/// # Errors
/// [`Malformed`] where it is no latency.
pub(crate) fn read_latency(text: &str) -> Result<Latency, Malformed> {
    match numbers(text).as_slice() {
        [Some(millis)] => Ok(Latency::Fixed(*millis)),
        [Some(low), Some(high)] => Ok(Latency::Uniform(*low, *high)),
        [None, Some(mean)] if text.starts_with("mean,") => Ok(Latency::Exponential(*mean)),
        [None, Some(edge)] if text.starts_with("cube,") => Ok(Latency::Cube(*edge)),
        _ => Err(wrong(
            "latency",
            "must be one or two numbers of milliseconds, or one after mean or cube",
        )),
    }
}

/// Writes actions with their times: `1500000:leave,3;2750000:join`.
pub(crate) fn write_actions<A>(actions: &[Timed<A>], write: impl Fn(&A) -> String) -> String {
    let actions = actions.iter().map(|timed| {
        let at = timed.at.as_micros();
        format!("{at}:{}", write(&timed.action))
    });
    actions.collect::<Vec<_>>().join(";")
}

/// Reads actions with their times, in order of time.
///
/// # Errors
/// [`Malformed`] names the first one that is wrong.
pub(crate) fn read_actions<A>(
    text: &str,
    read: impl Fn(&str) -> Result<A, String>,
) -> Result<Vec<Timed<A>>, Malformed> {
    let mut actions = Vec::new();
    for (place, part) in text.split(';').filter(|part| !part.is_empty()).enumerate() {
        let wrong = |reason: String| wrong(&format!("do[{place}]"), reason);
        if place >= MAX_ACTIONS {
            return Err(wrong(format!("there are at most {MAX_ACTIONS} actions")));
        }
        let (at, action) = part.split_once(':').unwrap_or(("", part));
        let at = at.parse().map(Instant::from_micros);
        let at = at.map_err(|_| wrong("must begin with a time in microseconds".into()))?;
        let action = read(action).map_err(wrong)?;
        actions.push(Timed { at, action });
    }
    Timed::put_in_order(&mut actions);
    Ok(actions)
}

/// Percent-encodes all but letters, digits and a few harmless signs.
pub(crate) fn escape(text: &str) -> String {
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
pub(crate) fn unescape(text: &str) -> String {
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
