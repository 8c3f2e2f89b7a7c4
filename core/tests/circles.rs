//! Answers that lead nowhere: whatever hostile nodes say, a node asks a bounded number of questions.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::time::Duration;

use chordscope_core::base::contact::Contact;
use chordscope_core::base::id::{Id, Space};
use chordscope_core::base::identity::Signer;
use chordscope_core::base::rng::Rng;
use chordscope_core::base::time::Instant;
use chordscope_core::chord::message::{
    MAX_AVOID, Neighbours, NextHop, Request as Ask, Response as Answer,
};
use chordscope_core::chord::route::{Mode, Routing, Step};
use chordscope_core::message::{Message, Request, Response};
use chordscope_core::node::Node;
use chordscope_core::node::api::{Event, Output};
use chordscope_core::node::config::Config;

/// The limit on a lookup's steps where a few nodes answer anything: each is visited once before each of them that is given up.
const FEW: usize = 8 * (MAX_AVOID + 1);

fn contact(id: u64) -> Contact {
    let signer = Signer::stand_in(Id::from_u64(id));
    Contact::sign(Space::FULL, &signer, 0, 0, vec![]).unwrap()
}

/// A member between two hostile nodes, which answer at once.
struct World {
    node: Node,
    now: Instant,
    /// The number of steps that were asked, by lookup.
    steps: BTreeMap<u64, usize>,
    ended: usize,
}

impl World {
    fn new(me: u64, others: [u64; 2]) -> Self {
        let signer = Signer::stand_in(Id::from_u64(me));
        let config = Config {
            quorum: None,
            ..Config::default()
        };
        let mut node = Node::new(config, signer, contact(me), Rng::from_seed(me, 0));
        let [before, after] = others.map(contact);
        node.settle(Instant::ZERO, Some(before.clone()), &[after, before], &[]);
        Self {
            node,
            now: Instant::ZERO,
            steps: BTreeMap::new(),
            ended: 0,
        }
    }

    /// Answers every question at once, by this rule, until the node asks no more.
    fn settle(&mut self, mut answer: impl FnMut(&Contact, &Ask) -> Option<Answer>) {
        while let Some(output) = self.node.poll_output() {
            match output {
                Output::Send {
                    to,
                    message: Message::Request(number, Request::Chord(ask)),
                } => {
                    if let Ask::Step(question) = &ask {
                        *self.steps.entry(question.lookup).or_default() += 1;
                    }
                    if let Some(answer) = answer(&to, &ask) {
                        let answer = Message::Response(number, Response::Chord(answer));
                        self.node.handle_message(self.now, to, answer);
                    }
                }
                Output::Event(event) if matches!(*event, Event::LookupEnded(..)) => self.ended += 1,
                _ => {}
            }
        }
    }

    /// Runs on for so long.
    fn run(&mut self, length: Duration, mut answer: impl FnMut(&Contact, &Ask) -> Option<Answer>) {
        let end = self.now + length;
        self.settle(&mut answer);
        while let Some((due, _)) = self.node.poll_timeout().filter(|(due, _)| *due <= end) {
            self.now = self.now.max(due);
            self.node.handle_timeout(self.now);
            self.settle(&mut answer);
        }
    }

    fn most(&self) -> usize {
        self.steps.values().copied().max().unwrap_or_default()
    }
}

fn hop(step: Step) -> Answer {
    Answer::Step(Box::new(NextHop {
        step,
        neighbours: Neighbours::default(),
    }))
}

fn honest_otherwise(ask: &Ask) -> Option<Answer> {
    Some(match ask {
        Ask::Neighbours => Answer::Neighbours(Neighbours::default()),
        Ask::Ping => Answer::Pong,
        Ask::Step(_) => return None,
        Ask::Forward(_) => Answer::Forwarded,
    })
}

#[test]
fn two_nodes_that_name_each_other_are_asked_a_few_times() {
    let name: [fn(Contact) -> Step; 4] = [Step::Along, Step::Owner, Step::Back, |contact| {
        Step::Finger { row: 160, contact }
    }];
    for name in name {
        let mut world = World::new(1_000, [900, 2_000]);
        world.run(Duration::from_secs(120), |to, ask| match ask {
            Ask::Step(_) => {
                let other = if to.id() == Id::from_u64(900) {
                    2_000
                } else {
                    900
                };
                Some(hop(name(contact(other))))
            }
            ask => honest_otherwise(ask),
        });
        assert!(!world.steps.is_empty(), "it looks itself up");
        assert!(
            world.most() <= 2 * (MAX_AVOID + 1),
            "{} questions",
            world.most()
        );
    }
}

#[test]
fn whatever_a_few_nodes_answer_a_lookup_asks_a_bounded_number_of_questions() {
    for seed in 0..200 {
        let mut rng = Rng::from_seed(seed, 7);
        let crowd: Vec<u64> = (0..8).map(|_| rng.below(u64::MAX)).collect();
        let mut world = World::new(crowd[0], [crowd[1], crowd[2]]);
        for _ in 0..4 {
            let key = Id::from_u64(rng.below(u64::MAX));
            let begun = world
                .node
                .lookup(world.now, key, Routing::Finger, Mode::Iterative);
            assert!(begun.is_ok());
        }
        world.run(Duration::from_secs(60), |_, ask| match ask {
            Ask::Step(_) => {
                let other = contact(crowd[1 + usize::try_from(rng.below(7)).unwrap()]);
                match rng.below(8) {
                    0 => Some(Answer::NotMember),
                    1 => None,
                    2 | 3 => Some(hop(Step::Back(other))),
                    4 => Some(hop(Step::Owner(other))),
                    _ => Some(hop(Step::Along(other))),
                }
            }
            ask => honest_otherwise(ask),
        });
        assert!(
            world.most() <= FEW,
            "seed {seed}: {} questions",
            world.most()
        );
        assert_eq!(world.ended, 4, "seed {seed}: each lookup ends");
    }
}

#[test]
fn nodes_without_end_that_get_nearer_and_nearer_are_asked_as_many_times_as_a_path_is_long() {
    let mut world = World::new(1, [u64::MAX, u64::MAX - 1]);
    let mut next = 1_000;
    let key = Id::from_u64(u64::MAX - 9);
    let begun = world
        .node
        .lookup(world.now, key, Routing::Finger, Mode::Iterative);
    assert!(begun.is_ok());
    world.run(Duration::from_secs(60), |_, ask| match ask {
        Ask::Step(_) => {
            next += 1;
            Some(hop(Step::Along(contact(next))))
        }
        ask => honest_otherwise(ask),
    });
    assert!(world.most() <= 1_024, "{} questions", world.most());
    assert_eq!(world.ended, 1);
}
