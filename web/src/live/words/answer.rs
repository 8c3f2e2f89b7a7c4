//! What came of the last question.

use super::{Spoken, Tone, millis, sentence, short, size, spoken};
use crate::input;
use crate::live::desk::{Desk, Question};
use crate::live::talk::Answer;

/// What came of the last question.
pub fn answer(desk: &Desk) -> Option<Spoken> {
    let (_, question) = desk.asked.as_ref()?;
    let answer = desk.answer.as_deref();
    let name = match question {
        Question::Join => return None,
        Question::Put(name)
        | Question::Get(name)
        | Question::Delete(name)
        | Question::LookUp(name) => name,
    };
    Some(match (question, answer) {
        (_, None) => spoken(Tone::Busy, "asking…", ""),
        (_, Some(Answer::Failed(why))) => spoken(Tone::Bad, sentence(why), ""),
        (_, Some(Answer::NoSuchName)) => spoken(
            Tone::Calm,
            match input::is_key(name) {
                true => "no such key",
                false => "no such name",
            },
            format!("Nothing is stored under “{name}” at level one."),
        ),
        (
            _,
            Some(Answer::Found {
                value,
                sequence,
                held,
            }),
        ) => spoken(
            Tone::Good,
            shown(value),
            format!(
                "“{name}”{}{}",
                version(*sequence),
                held_for(*held, "longer if it is renewed")
            ),
        ),
        (_, Some(Answer::Path(path))) => {
            let hops = path.hops.len().saturating_sub(1);
            let owner = path
                .hops
                .last()
                .map_or_else(String::new, |hop| short(hop.id));
            let unit = if hops == 1 { "hop" } else { "hops" };
            spoken(
                Tone::Good,
                format!("{owner} is responsible for {}", short(path.key)),
                format!("{hops} {unit}, {}", millis(path.took)),
            )
        }
        (
            Question::Delete(_),
            Some(Answer::Written {
                copies, sequence, ..
            }),
        ) => deleted(name, *copies, *sequence),
        (
            _,
            Some(Answer::Written {
                copies,
                sequence,
                held,
                ..
            }),
        ) => stored(name, *copies, *sequence, *held),
    })
}

fn stored(name: &str, copies: u8, sequence: u32, held: Option<u32>) -> Spoken {
    let unit = if copies == 1 { "replica" } else { "replicas" };
    let held = held_for(held, "renewed while this tab is open");
    spoken(
        Tone::Good,
        format!("stored: {copies} {unit}, version {sequence}"),
        format!("“{name}”{held}"),
    )
}

/// A tombstone is not told of as if it were a value. Level `quorum` may still have a record of the name.
fn deleted(name: &str, copies: u8, sequence: u32) -> Spoken {
    let unit = if copies == 1 { "node" } else { "nodes" };
    spoken(
        Tone::Good,
        "deleted at level one",
        format!("Version {sequence} of “{name}” says so at {copies} {unit}."),
    )
}

/// The version of a record, in the middle of a sentence: an immutable value has none.
fn version(sequence: u32) -> String {
    match sequence {
        0 => String::new(),
        sequence => format!(", version {sequence}"),
    }
}

/// How long a record is held, as the end of a sentence.
fn held_for(seconds: Option<u32>, renewal: &str) -> String {
    seconds.map_or_else(String::new, |seconds| {
        let time = match (seconds / 3_600, seconds / 60 % 60) {
            (0, 0) => format!("{seconds} s"),
            (0, minutes) => format!("{minutes} min"),
            (hours, 0) => format!("{hours} h"),
            (hours, minutes) => format!("{hours} h {minutes} min"),
        };
        format!(", held for {time}, {renewal}")
    })
}

/// A value, if it is text; otherwise its size.
fn shown(value: &[u8]) -> String {
    match std::str::from_utf8(value) {
        Ok(text) => text.to_owned(),
        Err(_) => format!("{}, not text", size(value.len() as u64)),
    }
}
