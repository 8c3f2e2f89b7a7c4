//! The rules as first published, with their faults, to compare with the corrected ones. Peers do not have them.
//!
//! Sources: Stoica et al., SIGCOMM 2001, Fig. 7 (join, stabilize, notify); ToN 11(1), 2003, §IV-E (successor lists,
//! departures); Zave, CCR 42(2), 2012, which names the steps stabilize, rectify, reconcile, update and flush.
//!
//! The differences: pointers are adopted without asking whether they live, a newcomer begins with one
//! successor, a list that lost its head has a hole until the next stabilization fills it, and a live predecessor is
//! told from a dead one by a check of its own.

use alloc::vec::Vec;

use chordscope_core::base::contact::Contact;
use chordscope_core::chord::membership::{Effect, Input, Membership, Query, Variant};
use chordscope_core::chord::successors::Neighbours;

/// The membership rules of a simulated ring.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Protocol {
    /// As Zave corrected them in 2017.
    #[default]
    Corrected,
    /// As first published in 2001, with their faults.
    Classic,
}

impl Protocol {
    /// Returns these rules as the core takes them.
    pub const fn rules(self) -> &'static Variant {
        const CLASSIC: Variant = Variant::new("classic", step);
        match self {
            Self::Corrected => &Variant::CORRECTED,
            Self::Classic => &CLASSIC,
        }
    }
}

/// Takes one transition. Creating, leaving, and finding the place of a newcomer are as in the corrected rules.
fn step(node: &mut Membership, input: Input, fx: &mut Vec<Effect>) {
    match input {
        Input::Create | Input::Join(_) | Input::Failed(Query::Join, _) | Input::Leave => {
            Variant::CORRECTED.step(node, input, fx);
        }
        Input::Answered(Query::Join, ..) => place(node, input, fx),
        Input::Stabilize if node.is_member() => stabilize(node, fx),
        Input::Notified(notifier) if node.is_member() => rectify(node, notifier, fx),
        Input::Left(left, theirs) if node.is_member() => neighbour_left(node, &left, &theirs, fx),
        Input::Answered(Query::FromSuccessor, head, theirs) => adopt(node, head, &theirs, fx),
        Input::Failed(Query::FromSuccessor, dead) => update(node, &dead, fx),
        Input::Failed(Query::Liveness, dead) => flush(node, &dead, fx),
        _ => {}
    }
}

/// SIGCOMM 2001, Fig. 7, join: the successor alone, dead or alive, and no predecessor.
fn place(node: &mut Membership, answered: Input, fx: &mut Vec<Effect>) {
    Variant::CORRECTED.step(node, answered, fx);
    if node.is_member() {
        let pointers = node.pointers();
        *pointers.predecessor = None;
        if let Some(head) = pointers.successors.head().cloned() {
            pointers.successors.adopt(&head, &[]);
        }
    }
}

fn stabilize(node: &mut Membership, fx: &mut Vec<Effect>) {
    let pointers = node.pointers();
    if pointers.stabilizing.is_some() {
        return;
    }
    if let Some(before) = &*pointers.predecessor {
        fx.push(Effect::Ask(Query::Liveness, before.clone()));
    }
    match (pointers.successors.head().cloned(), &*pointers.predecessor) {
        (Some(head), _) => {
            *pointers.stabilizing = Some((Query::FromSuccessor, head.id()));
            fx.push(Effect::Ask(Query::FromSuccessor, head));
        }
        // A ring of one is its own successor, and its own predecessor lies in between.
        (None, Some(companion)) => {
            let companion = companion.clone();
            take_list(node, &companion, &[], fx);
            notify(node, fx);
        }
        (None, None) => {}
    }
}

/// Stabilize: a better successor is taken unasked, in place of the first. Otherwise reconcile: the successor's list.
fn adopt(node: &mut Membership, head: Contact, theirs: &Neighbours, fx: &mut Vec<Effect>) {
    if node.pointers().stabilizing.take() != Some((Query::FromSuccessor, head.id())) {
        return;
    }
    let me = node.me();
    let better = theirs
        .predecessor
        .as_ref()
        .filter(|candidate| candidate.id() != me && candidate.id().is_between(me, head.id()));
    match better {
        Some(candidate) => {
            let entries = node.successors().entries().iter();
            let tail: Vec<Contact> = entries.skip(1).cloned().collect();
            take_list(node, candidate, &tail, fx);
        }
        None => take_list(node, &head, &theirs.successors, fx),
    }
    notify(node, fx);
}

/// Update: the next entry moves up, dead or alive. The last one stays, as there is no other.
fn update(node: &mut Membership, dead: &Contact, fx: &mut Vec<Effect>) {
    let pointers = node.pointers();
    let asked = pointers.stabilizing.take() == Some((Query::FromSuccessor, dead.id()));
    let others = pointers.successors.entries().len() > 1;
    if asked && others && pointers.successors.remove(dead.id()) {
        fx.push(Effect::SuccessorsChanged);
    }
}

/// Flush: a dead predecessor is dropped. ToN 2003, Fig. 6, check_predecessor.
fn flush(node: &mut Membership, dead: &Contact, fx: &mut Vec<Effect>) {
    if node.predecessor().map(Contact::id) == Some(dead.id()) {
        set_predecessor(node, None, fx);
    }
}

/// SIGCOMM 2001, Fig. 7, notify: only a nearer node, or any where there is none.
fn rectify(node: &mut Membership, notifier: Contact, fx: &mut Vec<Effect>) {
    let me = node.me();
    let nearer = node
        .predecessor()
        .is_none_or(|before| notifier.id().is_between(before.id(), me));
    if nearer && notifier.id() != me {
        set_predecessor(node, Some(notifier), fx);
    }
}

/// A neighbour's departure. ToN 2003 §IV-E: its predecessor and the last of its list are taken over unseen.
fn neighbour_left(
    node: &mut Membership,
    left: &Contact,
    theirs: &Neighbours,
    fx: &mut Vec<Effect>,
) {
    let me = node.me();
    if node.predecessor().map(Contact::id) == Some(left.id()) {
        let before = theirs.predecessor.clone();
        set_predecessor(node, before.filter(|before| before.id() != me), fx);
    }
    let pointers = node.pointers();
    let entries = pointers.successors.entries().iter();
    let kept: Vec<Contact> = entries
        .filter(|entry| entry.id() != left.id())
        .chain(theirs.successors.last())
        .cloned()
        .collect();
    if pointers.successors.entries().contains(left) {
        pointers.successors.replace(&kept);
        fx.push(Effect::SuccessorsChanged);
    }
    if pointers
        .stabilizing
        .is_some_and(|(_, asked)| asked == left.id())
    {
        *pointers.stabilizing = None;
    }
}

fn take_list(node: &mut Membership, head: &Contact, tail: &[Contact], fx: &mut Vec<Effect>) {
    if node.pointers().successors.adopt(head, tail) {
        fx.push(Effect::SuccessorsChanged);
    }
}

fn set_predecessor(node: &mut Membership, new: Option<Contact>, fx: &mut Vec<Effect>) {
    let old = core::mem::replace(node.pointers().predecessor, new);
    fx.push(Effect::PredecessorChanged(old));
}

fn notify(node: &Membership, fx: &mut Vec<Effect>) {
    fx.extend(node.successors().head().cloned().map(Effect::Notify));
}
