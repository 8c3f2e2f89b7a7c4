//! Puts, gets, deletions and lookups that the page has asked for, and their answers.

use std::collections::BTreeMap;

use chordscope_core::base::id::{Id, Space};
use chordscope_core::chord::route::{Mode, Routing};
use chordscope_core::node::api::{Event, Level, LookupId, OperationId, StoreError, Written};
use chordscope_core::peer::Peer;
use chordscope_core::store::record::{Name, Record, Subject};

use super::parts::Context;
use super::view;
use crate::live::talk::Answer;

/// The operations under way, each with the number of the command that it answers.
#[derive(Debug, Default)]
pub(super) struct Questions {
    operations: BTreeMap<OperationId, u32>,
    lookups: BTreeMap<LookupId, u32>,
    /// The seconds for which the record of the operation that ends next is held.
    lifetime: Option<(OperationId, u32)>,
}

impl Questions {
    /// Puts a value under a name. Returns the answer where that fails at once.
    pub(super) fn put(
        &mut self,
        context: &mut Context<'_>,
        number: u32,
        name: String,
        value: String,
    ) -> Option<Answer> {
        let (now, value) = (context.now, value.into_bytes());
        let name = Name::new(name).map_err(StoreError::from);
        let begun = name.and_then(|name| context.peer.put(now, name, value, Level::One));
        self.begun(number, begun)
    }

    /// Gets the value of a name or a key. Returns the answer where that fails at once.
    pub(super) fn get(
        &mut self,
        context: &mut Context<'_>,
        number: u32,
        name: String,
    ) -> Option<Answer> {
        let name = Name::new(name).map_err(StoreError::from);
        let begun = name.and_then(|name| context.peer.get(context.now, subject(name), Level::One));
        self.begun(number, begun)
    }

    /// Deletes a name. Returns the answer where that fails at once.
    pub(super) fn delete(
        &mut self,
        context: &mut Context<'_>,
        number: u32,
        name: String,
    ) -> Option<Answer> {
        let name = Name::new(name).map_err(StoreError::from);
        let begun = name.and_then(|name| context.peer.delete(context.now, name, Level::One));
        self.begun(number, begun)
    }

    /// Looks a key up. Returns the answer where that fails at once.
    pub(super) fn look_up(
        &mut self,
        context: &mut Context<'_>,
        number: u32,
        key: Id,
    ) -> Option<Answer> {
        let (now, peer) = (context.now, &mut *context.peer);
        // Asking hop by hop, the tab measures each of them itself.
        match peer.lookup(now, key, Routing::Finger, Mode::Iterative) {
            Ok(id) => {
                self.lookups.insert(id, number);
                None
            }
            Err(error) => Some(Answer::Failed(error.to_string())),
        }
    }

    fn begun(&mut self, number: u32, begun: Result<OperationId, StoreError>) -> Option<Answer> {
        match begun {
            Ok(id) => {
                self.operations.insert(id, number);
                None
            }
            Err(error) => Some(Answer::Failed(error.to_string())),
        }
    }

    /// Takes an event of the node in. Returns the answer that it is, and the number of its command.
    pub(super) fn on_event(&mut self, peer: &Peer, event: Event) -> Option<(u32, Answer)> {
        match event {
            Event::Lifetime(id, seconds) => {
                self.lifetime = Some((id, seconds));
                None
            }
            Event::PutEnded(id, outcome) => {
                let number = self.operations.remove(&id)?;
                Some((number, written(outcome, self.held(id))))
            }
            Event::GetEnded(id, outcome) => {
                let number = self.operations.remove(&id)?;
                Some((number, found(outcome, self.held(id))))
            }
            Event::LookupEnded(id, outcome) => {
                let number = self.lookups.remove(&id)?;
                let answer = match outcome {
                    Ok(report) => Answer::Path(view::path(peer, &report)),
                    Err(error) => Answer::Failed(error.to_string()),
                };
                Some((number, answer))
            }
            _ => None,
        }
    }

    /// Returns the seconds for which the record of an operation is held, if that was told.
    fn held(&mut self, operation: OperationId) -> Option<u32> {
        let told = self.lifetime.take_if(|(told, _)| *told == operation);
        told.map(|(_, seconds)| seconds)
    }
}

fn written(outcome: Result<Written, StoreError>, held: Option<u32>) -> Answer {
    match outcome {
        Ok(written) => Answer::Written {
            key: written.key,
            copies: written.copies,
            sequence: sequence(written.sequence),
            held,
        },
        // A tab deletes, and puts under no condition.
        Err(StoreError::Mismatch(0)) => Answer::NoSuchName,
        Err(error) => Answer::Failed(error.to_string()),
    }
}

fn found(outcome: Result<Option<Record>, StoreError>, held: Option<u32>) -> Answer {
    let record = match outcome {
        Ok(record) => record,
        Err(error) => return Answer::Failed(error.to_string()),
    };
    let found = record.and_then(|record| {
        let sequence = sequence(record.sequence());
        let value = record.into_value()?;
        Some(Answer::Found {
            value,
            sequence,
            held,
        })
    });
    found.unwrap_or(Answer::NoSuchName)
}

/// A sequence number as the page shows it.
fn sequence(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// The subject of a get: text that looks like a key is one.
fn subject(name: Name) -> Subject {
    match Space::FULL.parse(name.as_str()) {
        Ok(key) => Subject::Key(key),
        Err(_) => name.into(),
    }
}

#[cfg(test)]
mod tests {
    use chordscope_core::peer::api::Event as PeerEvent;

    use super::super::parts::fixture::Around;
    use super::*;

    /// The answers that the peer has by now.
    fn answers(around: &mut Around, questions: &mut Questions) -> Vec<(u32, Answer)> {
        let events = around.events().into_iter();
        let answer = |event| match event {
            PeerEvent::Node(event) => questions.on_event(&around.peer, event),
            _ => None,
        };
        events.filter_map(answer).collect()
    }

    fn name() -> String {
        "greeting".to_owned()
    }

    #[test]
    fn each_answer_carries_the_number_of_its_command() {
        let (mut around, mut questions) = (Around::alone(), Questions::default());
        let put = questions.put(&mut around.context(), 7, name(), "hello".to_owned());
        assert_eq!(put, None);
        let said = answers(&mut around, &mut questions);
        let [
            (
                7,
                Answer::Written {
                    copies: 1, held, ..
                },
            ),
        ] = said[..]
        else {
            panic!("{said:?}");
        };
        assert!(held.is_some_and(|seconds| seconds > 0));
        assert_eq!(questions.get(&mut around.context(), 8, name()), None);
        let said = answers(&mut around, &mut questions);
        let (number, Answer::Found { value, .. }) = &said[0] else {
            panic!("{said:?}");
        };
        assert_eq!((*number, value.as_slice()), (8, b"hello".as_slice()));
        let asked = questions.look_up(&mut around.context(), 9, Id::ZERO);
        assert_eq!(asked, None);
        let said = answers(&mut around, &mut questions);
        assert!(matches!(&said[..], [(9, Answer::Path(_))]), "{said:?}");
        assert!(questions.operations.is_empty() && questions.lookups.is_empty());
    }

    #[test]
    fn a_name_without_a_value_is_neither_got_nor_deleted() {
        let (mut around, mut questions) = (Around::alone(), Questions::default());
        questions.get(&mut around.context(), 1, name());
        questions.delete(&mut around.context(), 2, name());
        let said = answers(&mut around, &mut questions);
        assert_eq!(said, [(1, Answer::NoSuchName), (2, Answer::NoSuchName)]);
    }

    #[test]
    fn without_a_ring_every_question_fails_at_once() {
        let (mut around, mut questions) = (Around::new(), Questions::default());
        let context = &mut around.context();
        let answers = [
            questions.put(context, 1, name(), "hello".to_owned()),
            questions.get(context, 2, name()),
            questions.delete(context, 3, name()),
            questions.look_up(context, 4, Id::ZERO),
            questions.get(context, 5, "n".repeat(1_000)),
        ];
        for answer in answers {
            assert!(matches!(answer, Some(Answer::Failed(_))), "{answer:?}");
        }
        assert!(questions.operations.is_empty() && questions.lookups.is_empty());
    }

    #[test]
    fn a_get_takes_a_key_for_a_key_and_a_name_for_a_name() {
        let asked = |text: &str| subject(Name::new(text).unwrap());
        let key = "0123456789abcdef0123456789abcdef01234567";
        assert_eq!(asked(key), Subject::Key(Space::FULL.parse(key).unwrap()));
        assert!(matches!(asked(&key[1..]), Subject::Name(_)));
    }
}
