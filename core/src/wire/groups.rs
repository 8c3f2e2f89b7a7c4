//! What is said about groups, as it is serialized, and what a node saves of them.

use alloc::boxed::Box;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::base::contact::{Card, Contact};
use crate::base::id::Id;
use crate::store::group::configuration::{Configuration, Epoch, GroupId, MAX_MEMBERS, Next, Stamp};
use crate::store::group::message::{MAX_PAGE, Request, Response};
use crate::store::group::{Control, Entry, Held, MAX_GROUPS, Staged};
use crate::store::message::Copy;
use crate::store::record::{RecordError, Version};
use crate::wire::cards::{Cards, DecodeError};
use crate::wire::vocabulary::{card, limit};

#[derive(Serialize, Deserialize)]
pub(super) enum WireGroupRequest {
    Read(Id),
    Write(Box<Copy>, Option<Version>),
    Keep(GroupId, Option<Box<Entry>>),
    Prepare(GroupId, Epoch),
    List(GroupId, Option<Id>),
    Fetch(GroupId, Id),
    Propose(GroupId, Epoch, WireNext),
    Stage(WireStaged),
    Offer(GroupId, Epoch, Vec<(Id, Stamp)>),
    Give(GroupId, Epoch, Box<Entry>),
    Withdraw(GroupId, Epoch),
    Decided(GroupId, WireNext),
    Check(GroupId),
}

#[derive(Serialize, Deserialize)]
pub(super) enum WireGroupResponse {
    Value(Option<Box<Copy>>),
    Written(u8),
    Mismatch(Option<Box<Copy>>),
    Refused(RecordError),
    Elsewhere(Card),
    Unavailable,
    Unknown,
    Gone,
    Closed(Epoch),
    Done,
    Promise(Option<(Epoch, WireNext)>),
    Page(Vec<(Id, Stamp)>),
    Entry(Option<Box<Entry>>),
    Lacking(Vec<Id>),
    Followed(WireNext),
}

#[derive(Serialize, Deserialize)]
pub(super) struct WireNext {
    epoch: Epoch,
    members: Vec<Card>,
    split: Option<(Id, Vec<Card>)>,
}

#[derive(Serialize, Deserialize)]
struct WireConfiguration {
    ring: u64,
    after: Id,
    upto: Id,
    epoch: Epoch,
    members: Vec<Card>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct WireStaged {
    parent: WireConfiguration,
    next: WireNext,
}

#[derive(Serialize, Deserialize)]
struct WireHeld {
    group: WireConfiguration,
    promised: Epoch,
    accepted: Option<(Epoch, WireNext)>,
    decided: Option<WireNext>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct WireControl {
    floor: Epoch,
    round: u64,
    held: Vec<WireHeld>,
    staged: Vec<WireStaged>,
}

fn contacts(members: Vec<Card>, cards: &mut Cards) -> Result<Vec<Contact>, DecodeError> {
    let members = limit(members, MAX_MEMBERS)?.into_iter();
    members.map(|card| cards.check(card)).collect()
}

impl WireNext {
    fn of(next: &Next) -> Self {
        let split = next.split.as_ref();
        Self {
            epoch: next.epoch,
            members: next.members.iter().map(card).collect(),
            split: split.map(|(at, members)| (*at, members.iter().map(card).collect())),
        }
    }

    fn check(self, cards: &mut Cards) -> Result<Next, DecodeError> {
        let split = match self.split {
            Some((at, members)) => Some((at, contacts(members, cards)?)),
            None => None,
        };
        Ok(Next {
            epoch: self.epoch,
            members: contacts(self.members, cards)?,
            split,
        })
    }
}

impl WireConfiguration {
    fn of(group: &Configuration) -> Self {
        Self {
            ring: group.ring,
            after: group.after,
            upto: group.upto,
            epoch: group.epoch,
            members: group.members.iter().map(card).collect(),
        }
    }

    fn check(self, cards: &mut Cards) -> Result<Configuration, DecodeError> {
        Ok(Configuration {
            ring: self.ring,
            after: self.after,
            upto: self.upto,
            epoch: self.epoch,
            members: contacts(self.members, cards)?,
        })
    }
}

impl WireStaged {
    fn of(parent: &Configuration, next: &Next) -> Self {
        Self {
            parent: WireConfiguration::of(parent),
            next: WireNext::of(next),
        }
    }

    fn check(self, cards: &mut Cards) -> Result<(Configuration, Next), DecodeError> {
        Ok((self.parent.check(cards)?, self.next.check(cards)?))
    }
}

impl WireGroupRequest {
    pub(super) fn of(request: &Request) -> Self {
        match request {
            Request::Read(key) => Self::Read(*key),
            Request::Write(copy, expected) => Self::Write(copy.clone(), *expected),
            Request::Keep(group, entry) => Self::Keep(*group, entry.clone()),
            Request::Prepare(group, ballot) => Self::Prepare(*group, *ballot),
            Request::List(group, last) => Self::List(*group, *last),
            Request::Fetch(group, key) => Self::Fetch(*group, *key),
            Request::Propose(group, ballot, next) => {
                Self::Propose(*group, *ballot, WireNext::of(next))
            }
            Request::Stage(staged) => Self::Stage(WireStaged::of(&staged.0, &staged.1)),
            Request::Offer(group, epoch, keys) => Self::Offer(*group, *epoch, keys.clone()),
            Request::Give(group, epoch, entry) => Self::Give(*group, *epoch, entry.clone()),
            Request::Withdraw(group, epoch) => Self::Withdraw(*group, *epoch),
            Request::Decided(group, next) => Self::Decided(*group, WireNext::of(next)),
            Request::Check(group) => Self::Check(*group),
        }
    }

    pub(super) fn check(self, cards: &mut Cards) -> Result<Request, DecodeError> {
        Ok(match self {
            Self::Read(key) => Request::Read(key),
            Self::Write(copy, expected) => Request::Write(copy, expected),
            Self::Keep(group, entry) => Request::Keep(group, entry),
            Self::Prepare(group, ballot) => Request::Prepare(group, ballot),
            Self::List(group, last) => Request::List(group, last),
            Self::Fetch(group, key) => Request::Fetch(group, key),
            Self::Propose(group, ballot, next) => {
                Request::Propose(group, ballot, Box::new(next.check(cards)?))
            }
            Self::Stage(staged) => Request::Stage(Box::new(staged.check(cards)?)),
            Self::Offer(group, epoch, keys) => Request::Offer(group, epoch, limit(keys, MAX_PAGE)?),
            Self::Give(group, epoch, entry) => Request::Give(group, epoch, entry),
            Self::Withdraw(group, epoch) => Request::Withdraw(group, epoch),
            Self::Decided(group, next) => Request::Decided(group, Box::new(next.check(cards)?)),
            Self::Check(group) => Request::Check(group),
        })
    }
}

impl WireGroupResponse {
    pub(super) fn of(response: &Response) -> Self {
        match response {
            Response::Value(copy) => Self::Value(copy.clone()),
            Response::Written(copies) => Self::Written(*copies),
            Response::Mismatch(copy) => Self::Mismatch(copy.clone()),
            Response::Refused(error) => Self::Refused(*error),
            Response::Elsewhere(contact) => Self::Elsewhere(card(contact)),
            Response::Unavailable => Self::Unavailable,
            Response::Unknown => Self::Unknown,
            Response::Gone => Self::Gone,
            Response::Closed(epoch) => Self::Closed(*epoch),
            Response::Done => Self::Done,
            Response::Promise(accepted) => Self::Promise(
                accepted
                    .as_ref()
                    .map(|accepted| (accepted.0, WireNext::of(&accepted.1))),
            ),
            Response::Page(keys) => Self::Page(keys.clone()),
            Response::Entry(entry) => Self::Entry(entry.clone()),
            Response::Lacking(keys) => Self::Lacking(keys.clone()),
            Response::Followed(next) => Self::Followed(WireNext::of(next)),
        }
    }

    pub(super) fn check(self, cards: &mut Cards) -> Result<Response, DecodeError> {
        Ok(match self {
            Self::Value(copy) => Response::Value(copy),
            Self::Written(copies) => Response::Written(copies),
            Self::Mismatch(copy) => Response::Mismatch(copy),
            Self::Refused(error) => Response::Refused(error),
            Self::Elsewhere(card) => Response::Elsewhere(cards.check(card)?),
            Self::Unavailable => Response::Unavailable,
            Self::Unknown => Response::Unknown,
            Self::Gone => Response::Gone,
            Self::Closed(epoch) => Response::Closed(epoch),
            Self::Done => Response::Done,
            Self::Promise(None) => Response::Promise(None),
            Self::Promise(Some((ballot, next))) => {
                Response::Promise(Some(Box::new((ballot, next.check(cards)?))))
            }
            Self::Page(keys) => Response::Page(limit(keys, MAX_PAGE)?),
            Self::Entry(entry) => Response::Entry(entry),
            Self::Lacking(keys) => Response::Lacking(limit(keys, MAX_PAGE)?),
            Self::Followed(next) => Response::Followed(Box::new(next.check(cards)?)),
        })
    }
}

impl WireControl {
    pub(super) fn of(control: &Control) -> Self {
        let held = control.held.iter().map(|held| WireHeld {
            group: WireConfiguration::of(&held.group),
            promised: held.promised,
            accepted: held
                .accepted
                .as_ref()
                .map(|(ballot, next)| (*ballot, WireNext::of(next))),
            decided: held.decided.as_ref().map(WireNext::of),
        });
        let staged = control.staged.iter();
        Self {
            floor: control.floor,
            round: control.round,
            held: held.collect(),
            staged: staged
                .map(|staged| WireStaged::of(&staged.parent, &staged.next))
                .collect(),
        }
    }

    pub(super) fn check(self, cards: &mut Cards) -> Result<Control, DecodeError> {
        let mut control = Control {
            floor: self.floor,
            round: self.round,
            ..Control::default()
        };
        for held in limit(self.held, MAX_GROUPS)? {
            let accepted = match held.accepted {
                Some((ballot, next)) => Some((ballot, next.check(cards)?)),
                None => None,
            };
            let decided = held.decided.map(|next| next.check(cards)).transpose()?;
            control.held.push(Held {
                group: held.group.check(cards)?,
                promised: held.promised,
                accepted,
                decided,
            });
        }
        for staged in limit(self.staged, MAX_GROUPS)? {
            let (parent, next) = staged.check(cards)?;
            control.staged.push(Staged { parent, next });
        }
        Ok(control)
    }
}
