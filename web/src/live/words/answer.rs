//! Words for the answer to the last question.

use super::{Spoken, Tone, millis, sentence, short, size, spoken};
use crate::input;
use crate::live::desk::{Desk, Question};
use crate::live::talk::Answer;

/// The answer to the last question.
pub fn answer(desk: &Desk) -> Option<Spoken> {
    let (_, question) = desk.asked.as_ref()?;
    let answer = desk.answer.as_deref();
    let name = question.name()?;
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

/// The time for which a record is held, as the end of a sentence.
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

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use chordscope_core::base::id::Id;

    use super::*;
    use crate::live::talk::{Hop, Path};

    fn asked(question: Question, answer: Answer) -> Desk {
        Desk {
            asked: Some((1, question)),
            answer: Some(Rc::new(answer)),
            ..Desk::default()
        }
    }

    fn said(question: Question, value: Answer) -> String {
        let spoken = answer(&asked(question, value)).unwrap();
        format!("{} {}", spoken.lead, spoken.rest)
    }

    #[test]
    fn a_put_tells_replicas_and_version() {
        let written = Answer::Written {
            key: Id::ZERO,
            copies: 3,
            sequence: 7,
            held: Some(86_399),
        };
        let text = said(Question::Put("a".into()), written);
        let until = "held for 23 h 59 min, renewed while this tab is open";
        assert_eq!(text, format!("stored: 3 replicas, version 7 “a”, {until}"));
    }

    #[test]
    fn what_is_deleted_does_not_read_as_if_it_were_kept() {
        let written = |copies| Answer::Written {
            key: Id::ZERO,
            copies,
            sequence: 8,
            held: Some(86_400),
        };
        let gone = "deleted at level one Version 8 of “a” says so at";
        let question = || Question::Delete("a".into());
        assert_eq!(said(question(), written(3)), format!("{gone} 3 nodes."));
        assert_eq!(said(question(), written(1)), format!("{gone} 1 node."));
        let none = said(question(), Answer::NoSuchName);
        let absent = "no such name Nothing is stored under “a” at level one.";
        assert_eq!(none, absent);
    }

    #[test]
    fn a_get_tells_the_value_or_that_there_is_none() {
        let question = || Question::Get("a".into());
        let found = |value: &[u8]| Answer::Found {
            value: value.to_vec(),
            sequence: 1,
            held: None,
        };
        assert!(said(question(), found(b"hello")).starts_with("hello "));
        assert!(said(question(), found(&[0xff, 0xfe])).starts_with("2 B, not text"));
        assert!(said(question(), Answer::NoSuchName).starts_with("no such name"));
        let failed = Answer::Failed("the node is in no ring yet".into());
        assert_eq!(said(question(), failed), "The node is in no ring yet. ");
    }

    #[test]
    fn an_immutable_value_has_no_version_and_its_key_is_no_name() {
        let key = "0123456789abcdef0123456789abcdef01234567";
        let question = || Question::Get(key.into());
        let found = Answer::Found {
            value: b"hello".to_vec(),
            sequence: 0,
            held: None,
        };
        assert_eq!(said(question(), found), format!("hello “{key}”"));
        let none = said(question(), Answer::NoSuchName);
        assert!(none.starts_with("no such key"), "{none}");
    }

    #[test]
    fn a_lookup_tells_owner_and_hops() {
        let hop = |id| Hop {
            id: Id::from_u64(id),
            address: None,
            rtt: Some(400),
        };
        let path = Answer::Path(Path {
            key: Id::from_u64(9),
            hops: vec![hop(1), hop(5)],
            took: 1_234,
        });
        let text = said(Question::LookUp("a".into()), path);
        assert!(text.ends_with("1 hop, 1.2 ms"), "{text}");
    }
}
