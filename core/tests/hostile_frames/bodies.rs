//! Bodies of frames of every kind, right ones and changed ones.

use std::sync::Arc;
use std::time::Duration;

use chordscope_core::base::contact::Contact;
use chordscope_core::base::content::ContentId;
use chordscope_core::base::id::{Id, Space};
use chordscope_core::chord::message::{
    Forward, Found, Neighbours, NextHop, Notice, Question, Request as Ask, Response as Answer,
};
use chordscope_core::chord::route::{Routing, Step};
use chordscope_core::link::relay_message::RelayMessage;
use chordscope_core::message::{Message, Request, Response};
use chordscope_core::store::message::{Request as Keep, StoredRecord};
use chordscope_core::store::record::{Name, Provider, Providers, Record, Salt};
use chordscope_core::wire::codec::{encode_contact, encode_message};
use chordscope_core::wire::frame::{FrameType, HEADER, MAX_FRAME};

use crate::FOES;
use crate::attack::Attack;
use crate::ends::{card, id_of, signer};

impl Attack {
    /// A foe, the peer itself, or nobody.
    pub(crate) fn any_id(&mut self) -> Id {
        match self.rng.below(8) {
            0 => self.peer.node().id(),
            1 => Id::from_bytes(self.rng.bytes32()[..20].try_into().unwrap()),
            foe => id_of(2 + foe % FOES),
        }
    }

    pub(crate) fn any_card(&mut self) -> Contact {
        let secret = 2 + self.rng.below(FOES);
        let version = 1 + self.rng.below(3);
        if self.chance(2) {
            return card(secret, version);
        }
        let relays = [card(2, 1), card(3, 1)];
        Contact::sign_relayed(Space::FULL, &signer(secret), 0, version, vec![], &relays).unwrap()
    }

    pub(crate) fn neighbours(&mut self) -> Neighbours {
        let predecessor = self.chance(2).then(|| self.any_card());
        let count = self.below(3);
        Neighbours {
            predecessor,
            successors: (0..count).map(|_| self.any_card()).collect(),
        }
    }

    pub(crate) fn any_message(&mut self) -> Message {
        let number = self.rng.below(64);
        let ask = |ask| Message::Request(number, Request::Chord(ask));
        let keep = |keep| Message::Request(number, Request::Store(keep));
        let answer = |answer| Message::Response(number, Response::Chord(answer));
        match self.rng.below(18) {
            0 => ask(Ask::Ping),
            1 => ask(Ask::Neighbours),
            2 => ask(Ask::Step(Box::new(Question {
                lookup: number,
                key: self.any_id(),
                routing: Routing::Finger,
                arrived: self.chance(2),
                avoid: vec![self.any_id()],
            }))),
            3 => ask(Ask::Forward(Arc::new(Forward {
                lookup: number,
                origin: self.any_card(),
                key: self.any_id(),
                routing: Routing::Linear,
                arrived: self.chance(2),
                path: vec![self.any_id(); self.below(1_024)],
            }))),
            4 => keep(Keep::Read(self.any_id())),
            5 | 6 => keep(Keep::Write(Box::new(self.any_copy()))),
            7 => {
                let version = self.any_copy().record.version();
                keep(Keep::Offer(vec![(self.any_id(), version); self.below(256)]))
            }
            8 => answer(Answer::Neighbours(self.neighbours())),
            9 => answer(Answer::Step(Box::new(NextHop {
                step: Step::Here,
                neighbours: self.neighbours(),
            }))),
            10 => answer(Answer::Step(Box::new(NextHop {
                step: Step::Along(self.any_card()),
                neighbours: Neighbours::default(),
            }))),
            11 => Message::Notice(Notice::Notify),
            12 => Message::Notice(Notice::Leaving(self.neighbours())),
            13..=16 => Message::Swarm(self.any_about()),
            _ => Message::Notice(Notice::Found(Box::new(Found {
                lookup: number,
                path: vec![self.any_id()],
                neighbours: self.neighbours(),
            }))),
        }
    }

    pub(crate) fn any_copy(&mut self) -> StoredRecord {
        let name = Name::new(format!("name {}", self.rng.below(8))).unwrap();
        let value = self.noise(30_000);
        let life = Duration::from_secs(60);
        let sequence = self.rng.below(4);
        let record = match self.rng.below(8) {
            0 => Record::immutable(value).unwrap(),
            1 => {
                let salt = Salt::new([0]).unwrap();
                Record::sign(&signer(2), salt, Some(value), sequence, life).unwrap()
            }
            2 | 3 => self.any_providers(),
            _ => Record::sign(&signer(2), name, Some(value), sequence, life).unwrap(),
        };
        StoredRecord {
            record,
            remaining: 60,
        }
    }

    fn any_providers(&mut self) -> Record {
        let content = ContentId([0; 32]);
        let entries = (0..self.rng.below(4)).map(|_| {
            let secret = self.rng.below(6);
            let contact = Contact::sign(Space::FULL, &signer(secret), 0, 1, vec![]).unwrap();
            let sequence = self.rng.below(4);
            let withdrawn = self.chance(4);
            Provider::sign(
                &signer(secret),
                &contact,
                content,
                sequence,
                withdrawn,
                1_800,
            )
        });
        let mut entries: Vec<Provider> = entries.collect();
        // Mostly as it should be.
        if !self.chance(4) {
            entries.sort_by_key(|entry| entry.card.key);
            entries.dedup_by_key(|entry| entry.card.key);
        }
        Record::Providers(Providers { content, entries })
    }

    pub(crate) fn any_relay_message(&mut self) -> RelayMessage {
        let circuit = match self.rng.below(12) {
            0 => u32::MAX,
            small => u32::try_from(small).unwrap(),
        };
        match self.rng.below(10) {
            0 | 1 => RelayMessage::Lease,
            2 => RelayMessage::Leased {
                grace: 30,
                circuits: 9,
            },
            3 => RelayMessage::Refused(18),
            4 => RelayMessage::Close { circuit, reason: 9 },
            5 => RelayMessage::Credit {
                circuit,
                bytes: [0, 1, 70_000, u32::MAX][self.below(4)],
            },
            6 if self.chance(3) => RelayMessage::Release,
            _ => RelayMessage::Open {
                // Odd ones are right on most links.
                circuit: circuit | 1,
                target: self.any_id(),
                relay: self.chance(4).then(|| self.any_id()),
            },
        }
    }

    /// A body for some type of frame.
    pub(crate) fn any_body(&mut self) -> (FrameType, Vec<u8>) {
        match self.rng.below(10) {
            0 | 1 => (FrameType::Relay, self.any_relay_message().encode()),
            2 => {
                let card = self.any_card();
                (FrameType::Introduction, encode_contact(&card).unwrap())
            }
            3 => (FrameType::Data, self.noise(1_000)),
            4 => (FrameType::Data, vec![0; self.below(MAX_FRAME - HEADER + 1)]),
            5 => (FrameType::Hello, self.noise(150)),
            6 | 7 => (FrameType::Block, self.any_block()),
            _ => {
                let message = self.any_message();
                (FrameType::Message, encode_message(&message).unwrap())
            }
        }
    }

    pub(crate) fn flip(&mut self, bytes: &mut Vec<u8>) {
        for _ in 0..=self.rng.below(3) {
            let at = self.below(bytes.len().max(1));
            match self.rng.below(4) {
                0 => bytes.truncate(at),
                1 => bytes.insert(at.min(bytes.len()), 0),
                _ => {
                    if let Some(byte) = bytes.get_mut(at) {
                        *byte ^= 1 << self.rng.below(8);
                    }
                }
            }
        }
    }
}
