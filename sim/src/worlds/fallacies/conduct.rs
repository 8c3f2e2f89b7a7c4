//! The conduct of liars and of peers under other administrators: what they say in place of what the core would have them say.

use alloc::boxed::Box;
use alloc::sync::Arc;

use chordscope_core::base::contact::Contact;
use chordscope_core::base::id::Id;
use chordscope_core::chord::message::{
    Found, Neighbours, Notice, Request as Ask, Response as Answer,
};
use chordscope_core::chord::route::Step;
use chordscope_core::message::{Message, Request, Response};
use chordscope_core::store::message::Response as StoreAnswer;
use chordscope_core::swarm::message::Block;

/// The deed of a liar with a message.
#[derive(Clone, Debug)]
pub(super) enum Lie {
    /// Says this instead, to whom it was meant for.
    Says(Message),
    /// Tells the origin of a lookup that it is the owner. The lookup goes no further; its own node is to think that it does.
    Claims {
        /// The origin.
        origin: Contact,
        /// The claim.
        message: Message,
        /// The message that its node takes for the answer of the next one.
        answer: Message,
    },
}

/// Returns what a liar makes of a message that the core would send.
pub(super) fn lie(me: &Contact, message: Message) -> Lie {
    match message {
        Message::Request(number, Request::Chord(Ask::Forward(forward)))
            if forward.origin.id() != me.id() =>
        {
            let found = Found {
                lookup: forward.lookup,
                path: forward.path.clone(),
                neighbours: Neighbours::default(),
            };
            Lie::Claims {
                origin: forward.origin.clone(),
                message: Message::Notice(Notice::Found(Box::new(found))),
                answer: Message::Response(number, Response::Chord(Answer::Forwarded)),
            }
        }
        Message::Response(number, Response::Chord(Answer::Step(mut hop))) => {
            hop.step = Step::Here;
            hop.neighbours = Neighbours::default();
            Lie::Says(Message::Response(
                number,
                Response::Chord(Answer::Step(hop)),
            ))
        }
        Message::Response(number, Response::Store(StoreAnswer::Value(Some(_)))) => {
            let nothing = Response::Store(StoreAnswer::Value(None));
            Lie::Says(Message::Response(number, nothing))
        }
        honest => Lie::Says(honest),
    }
}

/// Returns the refusal of a peer that passes no lookups of others on; `None` where it takes the message.
pub(super) fn refusal_to_relay(me: Id, message: &Message) -> Option<Message> {
    let number = match message {
        Message::Request(number, Request::Chord(Ask::Forward(forward)))
            if !forward.arrived && forward.origin.id() != me =>
        {
            *number
        }
        Message::Request(number, Request::Chord(Ask::Step(question))) if !question.arrived => {
            *number
        }
        _ => return None,
    };
    let refusal = Response::Chord(Answer::NotMember);
    Some(Message::Response(number, refusal))
}

/// The block with one byte of it changed.
pub(super) fn corrupt(block: &Block) -> Block {
    let mut bytes = block.bytes().to_vec();
    if let Some(byte) = bytes.last_mut() {
        *byte ^= 1;
    }
    Block {
        range: 0..bytes.len(),
        whole: Arc::new(bytes),
        value: None,
        ..block.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;
    use chordscope_core::base::id::Space;
    use chordscope_core::base::identity::Signer;
    use chordscope_core::chord::message::Forward;
    use chordscope_core::chord::route::Routing;

    fn contact(id: u64) -> Contact {
        Contact::stand_in(Space::FULL, &Signer::stand_in(Id::from_u64(id)), 1)
    }

    fn forward(origin: u64, arrived: bool) -> Message {
        let forward = Forward {
            lookup: 7,
            origin: contact(origin),
            key: Id::from_u64(99),
            routing: Routing::Finger,
            arrived,
            path: vec![Id::from_u64(origin), Id::from_u64(2)],
        };
        Message::Request(5, Request::Chord(Ask::Forward(Arc::new(forward))))
    }

    #[test]
    fn a_liar_claims_the_key_of_a_lookup_that_it_should_pass_on_but_not_of_its_own() {
        let me = contact(2);
        let Lie::Claims {
            origin, message, ..
        } = lie(&me, forward(1, false))
        else {
            panic!("it passes it on");
        };
        assert_eq!(origin.id(), Id::from_u64(1));
        let Message::Notice(Notice::Found(found)) = message else {
            panic!("{message:?}");
        };
        assert_eq!((found.lookup, found.path.len()), (7, 2));
        assert!(matches!(lie(&me, forward(2, false)), Lie::Says(_)));
    }

    #[test]
    fn who_relays_nothing_still_answers_for_what_it_owns_and_asks_for_itself() {
        let me = Id::from_u64(2);
        assert!(refusal_to_relay(me, &forward(1, false)).is_some());
        assert!(refusal_to_relay(me, &forward(1, true)).is_none());
        assert!(refusal_to_relay(me, &forward(2, false)).is_none());
        let ping = Message::Request(5, Request::Chord(Ask::Ping));
        assert!(refusal_to_relay(me, &ping).is_none());
    }
}
