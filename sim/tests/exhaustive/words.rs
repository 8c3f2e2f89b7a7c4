//! Moves and states in words, for the story of a violation.

use chordscope_core::base::contact::Contact;
use chordscope_core::base::id::Id;

use crate::machines::{Node, id};
use crate::model::{Message, Model, Move, Parcel, State};

impl Model {
    pub(crate) fn tell(&self, step: Move) -> String {
        let show = |node: Node| number(id(node));
        match step {
            Move::Join(node, behind) => format!("{} joins behind {}", show(node), show(behind)),
            Move::Stabilize(node) => format!("{} stabilizes", show(node)),
            Move::Notify(from, to) => format!("{} notifies {}", show(from), show(to)),
            Move::Hint(node, of) => format!("{} hears of {}", show(node), show(of)),
            Move::Fail(node) => format!("{} fails", show(node)),
            Move::Leave(node) => format!("{} leaves", show(node)),
            Move::Doubt(number) | Move::Deliver(number) => {
                let Parcel { from, to, message } = self.parcel(number);
                let what = match message {
                    Message::Ask(query) => format!("asks ({query:?})"),
                    Message::Answer(query, word) => {
                        format!("answers ({query:?}) {:?} to", self.machines.word(word))
                    }
                    Message::Notify => "notifies".to_owned(),
                    Message::Farewell(_) => "says farewell to".to_owned(),
                };
                let doubt = match step {
                    Move::Doubt(_) => ", takes it for dead",
                    _ => "",
                };
                format!("{} {what} {}{doubt}", show(from), show(to))
            }
        }
    }

    /// Each member with its successors and its predecessor.
    pub(crate) fn show(&self, state: &State) -> String {
        let machines = (0..self.nodes).map(|node| self.machine(state, node));
        let lines = machines
            .filter(|machine| machine.is_member())
            .map(|member| {
                let entries = member.successors().entries().iter();
                let list: Vec<u64> = entries.map(|entry| number(entry.id())).collect();
                let before = member.predecessor().map(Contact::id).map(number);
                format!("{} -> {list:?} after {before:?}", number(member.me()))
            });
        lines.collect::<Vec<_>>().join("; ")
    }
}

fn number(id: Id) -> u64 {
    id.to_u64().unwrap()
}
