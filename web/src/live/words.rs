//! The sentences of the page. Here: the connection, ids, times and sizes.

mod answer;
mod file;

use chordscope_core::base::id::{Id, Space};

pub use self::answer::answer;
pub use self::file::{count, file, rate};
use crate::brief::shorten;
use crate::live::desk::Desk;
use crate::live::refusal::{Origin, explain};
use crate::live::talk::Connection;

/// The tone of a sentence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// Nothing is wrong, and nothing is done.
    Calm,
    /// Some work is under way.
    Busy,
    /// Done.
    Good,
    /// Gone wrong.
    Bad,
}

/// A sentence of weight, with more detail behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spoken {
    /// The tone.
    pub tone: Tone,
    /// The sentence.
    pub lead: String,
    /// The detail.
    pub rest: String,
}

fn spoken(tone: Tone, lead: impl Into<String>, rest: impl Into<String>) -> Spoken {
    let (lead, rest) = (lead.into(), rest.into());
    Spoken { tone, lead, rest }
}

/// Core says why in lower case. (Cases of all the world's letters would cost the page five kilobytes.)
fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|letter| letter.to_ascii_uppercase());
    let first = first.map(String::from).unwrap_or_default();
    format!("{first}{}.", letters.as_str().trim_end_matches('.'))
}

/// An id in full.
pub fn full(id: Id) -> String {
    Space::FULL.show(id)
}

/// An id, shortened.
pub fn short(id: Id) -> String {
    shorten(full(id))
}

/// The connection of the tab.
pub fn connection(desk: &Desk, origin: &Origin) -> Spoken {
    if let Some(why) = &desk.stopped {
        return spoken(Tone::Bad, why, "");
    }
    let Some(state) = &desk.state else {
        return spoken(Tone::Busy, "starting…", "The peer of this tab gets ready.");
    };
    match &state.connection {
        Connection::Outside => spoken(
            Tone::Calm,
            "not joined",
            "This tab is a peer without a ring.",
        ),
        Connection::Connecting(address) => {
            spoken(Tone::Busy, "connecting…", format!("Dialing {address}."))
        }
        Connection::Joining(address) => spoken(
            Tone::Busy,
            "joining…",
            format!("{address} has proved who it is; the ring looks for this tab’s place."),
        ),
        Connection::Joined { safe, relays } => spoken(
            if relays.is_empty() {
                Tone::Busy
            } else {
                Tone::Good
            },
            format!("joined as {}", full(state.id)),
            format!("{} {}", ring(*safe), through(relays)),
        ),
        Connection::Alone => spoken(
            Tone::Bad,
            "every peer is lost",
            "Trying again: this tab moves back to the ring as soon as one of its peers answers.",
        ),
        Connection::Leaving => spoken(
            Tone::Busy,
            "leaving…",
            "Records are handed over to the successor.",
        ),
        Connection::Refused(refusal) => {
            let why = explain(refusal, origin);
            spoken(Tone::Bad, format!("not joined. {}", why.what), why.help)
        }
    }
}

const fn ring(safe: bool) -> &'static str {
    match safe {
        true => "The ring is Safe: it survives neighbours failing.",
        false => "The ring is Forming: with few members, it stores fewer replicas.",
    }
}

fn through(relays: &[Id]) -> String {
    match relays {
        [] => {
            "No relay at the moment, so that others cannot reach this tab: looking for another one."
                .to_owned()
        }
        [one] => format!(
            "Others reach this tab through its relay {}; a second one is looked for.",
            short(*one)
        ),
        [one, other, ..] => format!(
            "Others reach this tab through its relays {} and {}",
            short(*one),
            short(*other)
        ),
    }
}

/// A time in milliseconds, to the tenth where that matters. (Writing floats would cost the page ten kilobytes.)
pub fn millis(micros: u32) -> String {
    match micros {
        0..10_000 => format!("{}.{} ms", micros / 1_000, micros % 1_000 / 100),
        _ => format!("{} ms", micros / 1_000),
    }
}

/// A number of bytes, in three digits.
pub fn size(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..10_000 => format!("{}.{} kB", bytes / 1_000, bytes % 1_000 / 100),
        10_000..1_000_000 => format!("{} kB", bytes / 1_000),
        1_000_000..10_000_000 => {
            format!("{}.{} MB", bytes / 1_000_000, bytes % 1_000_000 / 100_000)
        }
        10_000_000..1_000_000_000 => format!("{} MB", bytes / 1_000_000),
        1_000_000_000..10_000_000_000 => {
            format!(
                "{}.{} GB",
                bytes / 1_000_000_000,
                bytes % 1_000_000_000 / 100_000_000
            )
        }
        _ => format!("{} GB", bytes / 1_000_000_000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        assert_eq!(millis(0), "0.0 ms");
        assert_eq!(millis(9_990), "9.9 ms");
        assert_eq!(millis(45_678), "45 ms");
        assert_eq!(size(999), "999 B");
        assert_eq!(size(1_500), "1.5 kB");
        assert_eq!(size(45_000), "45 kB");
        assert_eq!(size(2_345_678), "2.3 MB");
        assert_eq!(size(45_000_000), "45 MB");
        assert_eq!(size(1_340_000_000), "1.3 GB");
        assert_eq!(size(45_000_000_000), "45 GB");
    }
}
