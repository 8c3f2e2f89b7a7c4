//! The known counterexamples to Chord as first published, step by step under both protocols.
//!
//! Sources: Zave, CCR 42(2), 2012, Fig. 2 to 8; IEEE TSE 43(12), 2017, Fig. 3 and 4. Six bits, two successors. Appendages out
//! of order (CCR, Fig. 3) are found by the search in `tests/exhaustive`.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;

use chordscope_core::base::contact::Contact;
use chordscope_core::base::id::{Id, Space};
use chordscope_core::base::identity::Signer;
use chordscope_core::chord::invariant::{Health, Property};
use chordscope_core::chord::membership::{Effect, Input, Membership};
use chordscope_sim::classic::Protocol;

#[derive(Clone, Copy, Debug)]
enum Step {
    /// The first joins behind the second.
    Join(u64, u64),
    Stabilize(u64),
    Fail(u64),
}
use Step::{Fail, Join, Stabilize};

struct Example {
    name: &'static str,
    /// The members of the stable ring at the start.
    start: &'static [u64],
    steps: &'static [Step],
    /// The property that the published protocol breaks for good.
    broken: Property,
}

const FOR_GOOD: [Example; 5] = [
    Example {
        name: "ConnectedAppendages, CCR Fig. 5: 7 joins with a dead successor and nothing else",
        start: &[5, 9, 22, 40],
        steps: &[Fail(9), Join(7, 5), Stabilize(5), Stabilize(7)],
        broken: Property::EveryNodeReachable,
    },
    Example {
        name: "AtLeastOneRing, CCR Fig. 6: 6 adopts 10, which is dead",
        start: &[6, 12],
        steps: &[Join(10, 6), Stabilize(10), Fail(10), Stabilize(6)],
        broken: Property::OneOrderedRing,
    },
    Example {
        name: "OrderedRing, CCR Fig. 7: three second successors are out of date",
        start: &[0, 18, 40],
        steps: &[
            Join(5, 0),
            Join(21, 18),
            Join(49, 40),
            Stabilize(5),
            Stabilize(21),
            Stabilize(49),
            Stabilize(0),
            Stabilize(18),
            Stabilize(40),
            Fail(5),
            Fail(21),
            Fail(49),
            Stabilize(0),
            Stabilize(18),
            Stabilize(40),
        ],
        broken: Property::OneOrderedRing,
    },
    Example {
        // The paper's lists may name their own node, which ends in two rings of one; here it ends in no ring.
        name: "AtMostOneRing, CCR Fig. 8: two second successors are out of date",
        start: &[25, 60],
        steps: &[
            Join(19, 60),
            Join(31, 25),
            Stabilize(19),
            Stabilize(31),
            Stabilize(25),
            Stabilize(60),
            Fail(19),
            Fail(31),
            Stabilize(25),
            Stabilize(60),
        ],
        broken: Property::OneOrderedRing,
    },
    Example {
        name: "Initialisation, TSE Fig. 3: two newcomers know the first node only, and it fails",
        start: &[48],
        steps: &[Join(62, 48), Join(37, 48), Fail(48)],
        broken: Property::OneOrderedRing,
    },
];

/// Machines whose questions are answered, and whose notifications arrive, at once.
struct Ring {
    protocol: Protocol,
    nodes: BTreeMap<u64, Membership>,
}

impl Ring {
    fn stable(members: &[u64], protocol: Protocol) -> Self {
        let mut nodes = BTreeMap::new();
        for (at, id) in members.iter().enumerate() {
            let others = members.iter().cycle().skip(at + 1).take(members.len() - 1);
            let others: Vec<Contact> = others.copied().map(contact).collect();
            let mut node = outside(*id, protocol);
            node.settle(others.last().cloned(), &others);
            nodes.insert(*id, node);
        }
        Self { protocol, nodes }
    }

    fn make(&mut self, step: Step) {
        match step {
            Join(id, behind) => {
                self.nodes.insert(id, outside(id, self.protocol));
                self.run(id, Input::Join(contact(behind)));
            }
            Stabilize(id) => self.run(id, Input::Stabilize),
            Fail(id) => drop(self.nodes.remove(&id).unwrap()),
        }
    }

    fn run(&mut self, id: u64, input: Input) {
        let Some(node) = self.nodes.get_mut(&id) else {
            return;
        };
        for effect in node.step(input) {
            match effect {
                Effect::Ask(query, to) => {
                    let asked = self.nodes.get(&number(to.id()));
                    let input = match asked.filter(|node| node.is_member()) {
                        Some(node) => Input::Answered(query, to, node.neighbours()),
                        None => Input::Failed(query, to),
                    };
                    self.run(id, input);
                }
                Effect::Notify(to) => self.run(number(to.id()), Input::Notified(contact(id))),
                _ => {}
            }
        }
    }

    /// Lets all members stabilize, often enough for any ring that can still heal.
    fn calm(&mut self) {
        for _ in 0..20 {
            for id in self.nodes.keys().copied().collect::<Vec<_>>() {
                self.run(id, Input::Stabilize);
            }
        }
    }

    fn health(&self) -> Health {
        Health::of(self.nodes.values())
    }

    fn successor(&self, id: u64) -> u64 {
        number(self.nodes[&id].successors().head().unwrap().id())
    }

    fn replay(start: &[u64], steps: &[Step], protocol: Protocol) -> Self {
        let mut ring = Self::stable(start, protocol);
        steps.iter().for_each(|step| ring.make(*step));
        ring
    }
}

fn outside(id: u64, protocol: Protocol) -> Membership {
    Membership::new(Id::from_u64(id), 2).under(protocol.rules())
}

fn contact(id: u64) -> Contact {
    let signer = Signer::stand_in(Id::from_u64(id));
    Contact::stand_in(Space::new(6).unwrap(), &signer, 0)
}

fn number(id: Id) -> u64 {
    id.to_u64().unwrap()
}

#[test]
fn the_published_protocol_breaks_rings_for_good() {
    for example in FOR_GOOD {
        let mut ring = Ring::replay(example.start, example.steps, Protocol::Classic);
        assert!(!ring.health().holds(example.broken), "{}", example.name);
        ring.calm();
        assert!(!ring.health().holds(example.broken), "{}", example.name);
    }
}

#[test]
fn the_corrected_protocol_holds_and_heals_where_the_published_one_breaks() {
    for example in FOR_GOOD {
        // One member to begin with is too few for any protocol: Zave 2017 §III begins with r + 1.
        let start = match example.start {
            [48] => &[10, 48, 55],
            start => start,
        };
        let mut ring = Ring::stable(start, Protocol::Corrected);
        for step in example.steps {
            let step = match (start.len(), *step) {
                (3, Join(62, _)) => Join(62, 55),
                (3, Join(37, _)) => Join(37, 10),
                (_, step) => step,
            };
            ring.make(step);
            for property in [Property::OneOrderedRing, Property::EveryNodeReachable] {
                let health = ring.health();
                assert!(health.holds(property), "{}: {step:?}", example.name);
            }
        }
        ring.calm();
        assert_eq!(ring.health(), Health::default(), "{}", example.name);
    }
}

/// CCR Fig. 2, OrderedMerges: harmful and repaired, under both protocols. For a while 8 does not know of 10.
#[test]
fn a_newcomer_may_merge_at_the_wrong_place_for_a_while() {
    for protocol in [Protocol::Classic, Protocol::Corrected] {
        let steps = [Join(8, 6), Join(10, 6), Stabilize(10), Stabilize(6)];
        let mut ring = Ring::replay(&[6, 16, 40], &steps, protocol);
        assert_eq!((ring.successor(6), ring.successor(10)), (10, 16));
        assert_eq!(ring.successor(8), 16, "10 lies between");
        ring.calm();
        assert_eq!(ring.health(), Health::default());
        assert_eq!(ring.successor(8), 10);
    }
}

/// CCR Fig. 4, ValidSuccessorList: 20 falls out of the published ring for a while. The corrected protocol asks the node that
/// it goes on with, and hears of 20 in the same step.
#[test]
fn a_member_falls_out_of_the_published_ring_when_a_stale_list_is_promoted() {
    for (protocol, goes_on_with) in [(Protocol::Classic, 25), (Protocol::Corrected, 20)] {
        let steps = [
            Join(13, 9),
            Stabilize(13),
            Join(20, 17),
            Stabilize(20),
            Stabilize(17),
            Stabilize(9),
            Fail(17),
            Stabilize(13),
        ];
        let mut ring = Ring::replay(&[9, 17, 25], &steps, protocol);
        assert_eq!(ring.successor(13), goes_on_with, "{protocol:?}");
        ring.calm();
        assert_eq!(ring.health(), Health::default());
        assert_eq!(ring.successor(13), 20);
    }
}

/// TSE Fig. 4: lists that an earlier trial of an invariant allowed. When 3 fails, 52 goes on with 45, whose list goes round
/// past 52; taken over as it is, that list is out of order. Here it is cut, and the ring heals.
#[test]
fn a_list_that_goes_round_past_its_new_owner_is_cut() {
    let mut ring = Ring::stable(&[3, 20, 31, 45, 52], Protocol::Corrected);
    for (id, before, list) in [(52, 45, [3, 45]), (45, 52, [20, 31])] {
        let node = ring.nodes.get_mut(&id).unwrap();
        node.settle(Some(contact(before)), &list.map(contact));
    }
    ring.make(Fail(3));
    ring.make(Stabilize(52));
    let entries = ring.nodes[&52].successors().entries().iter();
    assert_eq!(
        entries.map(Contact::id).map(number).collect::<Vec<_>>(),
        [45]
    );
    ring.calm();
    assert_eq!(ring.health(), Health::default());
}
