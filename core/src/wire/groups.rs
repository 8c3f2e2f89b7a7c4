//! Messages of groups, as they are serialized, and the state of groups that a node saves.

use alloc::boxed::Box;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::base::contact::{Card, Contact};
use crate::base::id::Id;
use crate::store::group::configuration::{
    Configuration, Epoch, GroupId, MAX_MEMBERS, Member, Next, Origin, Stamp,
};
use crate::store::group::fence::{Fence, MAX_FENCES, MAX_LOST};
use crate::store::group::message::{
    Acknowledged, Bring, Introduction, MAX_PAGE, Request, Response, Touch, Unstored, Write,
};
use crate::store::group::{Control, Entry, Held, Lineage, MAX_GROUPS, OperationTag, Staged};
use crate::store::message::StoredRecord;
use crate::store::record::{RecordError, Version};
use crate::wire::cards::{Cards, DecodeError};
use crate::wire::codec::{card, limit};

#[derive(Serialize, Deserialize)]
pub(super) enum WireGroupRequest {
    Read(Id, Option<u64>),
    Write(
        Box<StoredRecord>,
        Option<Version>,
        OperationTag,
        Option<u64>,
    ),
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
    Meet(WireIntroduction),
    Stopping,
    Fence(Vec<Fence>),
    Survey(u64, Id, Id),
    Touch(Id, Version, u32, Option<u64>),
    Gather(Id, u64),
    Bring(Id, u64, u64, Option<Box<Entry>>),
    KeepBrought(GroupId, Box<Entry>, Origin),
    GiveBrought(GroupId, Epoch, Box<Entry>, Origin),
}

#[derive(Serialize, Deserialize)]
pub(super) struct WireIntroduction {
    incarnation: u64,
    lineage: Option<u64>,
    settled: bool,
}

#[derive(Serialize, Deserialize)]
struct WireMember {
    card: Card,
    incarnation: u64,
    votes: bool,
}

#[derive(Serialize, Deserialize)]
pub(super) enum WireGroupResponse {
    Value(Option<Box<StoredRecord>>),
    Written(u8),
    Mismatch(Option<Box<StoredRecord>>),
    Refused(RecordError),
    Elsewhere(Card),
    Unavailable(Vec<Card>),
    Unknown,
    Gone(u64),
    Closed(Epoch),
    Done,
    Promise(Option<(Epoch, WireNext)>),
    Page(Vec<(Id, Stamp)>),
    Entry(Option<Box<Entry>>),
    Lacking(Vec<Id>),
    Followed(WireNext),
    Met(WireIntroduction),
    Surveyed(Option<Epoch>, Vec<Fence>),
    Superseded,
    Unstored(Vec<(Card, RecordError)>, Vec<Card>, bool),
    Acknowledged(u8, u8),
    EntryBrought(Box<Entry>, Origin),
    GivenUp(u64),
}

#[derive(Serialize, Deserialize)]
pub(super) struct WireNext {
    epoch: Epoch,
    members: Vec<WireMember>,
    split: Option<(Id, Vec<WireMember>)>,
}

#[derive(Serialize, Deserialize)]
struct WireConfiguration {
    lineage: u64,
    after: Id,
    upto: Id,
    epoch: Epoch,
    members: Vec<WireMember>,
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
    incarnation: u64,
    floor: Epoch,
    round: u64,
    lineage: Option<(u64, bool)>,
    held: Vec<WireHeld>,
    staged: Vec<WireStaged>,
    skipped: Vec<GroupId>,
}

fn wired(members: &[Member]) -> Vec<WireMember> {
    let member = |member: &Member| WireMember {
        card: card(&member.contact),
        incarnation: member.incarnation,
        votes: member.votes,
    };
    members.iter().map(member).collect()
}

fn checked(members: Vec<WireMember>, cards: &mut Cards) -> Result<Vec<Member>, DecodeError> {
    let member = |member: WireMember| {
        Ok(Member {
            contact: cards.check(member.card)?,
            incarnation: member.incarnation,
            votes: member.votes,
        })
    };
    limit(members, MAX_MEMBERS)?
        .into_iter()
        .map(member)
        .collect()
}

fn limited(fences: Vec<Fence>) -> Result<Vec<Fence>, DecodeError> {
    match fences.iter().all(|fence| fence.lost.len() <= MAX_LOST) {
        true => limit(fences, MAX_FENCES),
        false => Err(DecodeError::TooMany),
    }
}

impl WireIntroduction {
    const fn of(who: Introduction) -> Self {
        Self {
            incarnation: who.incarnation,
            lineage: who.lineage,
            settled: who.settled,
        }
    }

    const fn check(self) -> Introduction {
        Introduction {
            incarnation: self.incarnation,
            lineage: self.lineage,
            settled: self.settled,
        }
    }
}

impl WireGroupRequest {
    /// The number of known variants: those from this number on are unknown.
    pub(super) const KNOWN: u32 = 22;
}

impl WireNext {
    fn of(next: &Next) -> Self {
        let split = next.split.as_ref();
        Self {
            epoch: next.epoch,
            members: wired(&next.members),
            split: split.map(|(at, members)| (*at, wired(members))),
        }
    }

    fn check(self, cards: &mut Cards) -> Result<Next, DecodeError> {
        let split = match self.split {
            Some((at, members)) => Some((at, checked(members, cards)?)),
            None => None,
        };
        Ok(Next {
            epoch: self.epoch,
            members: checked(self.members, cards)?,
            split,
        })
    }
}

impl WireConfiguration {
    fn of(group: &Configuration) -> Self {
        Self {
            lineage: group.lineage,
            after: group.after,
            upto: group.upto,
            epoch: group.epoch,
            members: wired(&group.members),
        }
    }

    fn check(self, cards: &mut Cards) -> Result<Configuration, DecodeError> {
        Ok(Configuration {
            lineage: self.lineage,
            after: self.after,
            upto: self.upto,
            epoch: self.epoch,
            members: checked(self.members, cards)?,
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
            Request::Read(key, lineage) => Self::Read(*key, *lineage),
            Request::Write(write) => Self::Write(
                Box::new(write.copy.clone()),
                write.expected,
                write.operation,
                write.lineage,
            ),
            Request::Keep(group, entry) => match entry.as_deref().and_then(brought) {
                Some((entry, origin)) => Self::KeepBrought(*group, entry, origin),
                None => Self::Keep(*group, entry.clone()),
            },
            Request::Prepare(group, ballot) => Self::Prepare(*group, *ballot),
            Request::List(group, last) => Self::List(*group, *last),
            Request::Fetch(group, key) => Self::Fetch(*group, *key),
            Request::Propose(group, ballot, next) => {
                Self::Propose(*group, *ballot, WireNext::of(next))
            }
            Request::Stage(staged) => Self::Stage(WireStaged::of(&staged.0, &staged.1)),
            Request::Offer(group, epoch, keys) => Self::Offer(*group, *epoch, keys.clone()),
            Request::Give(group, epoch, entry) => match brought(entry) {
                Some((entry, origin)) => Self::GiveBrought(*group, *epoch, entry, origin),
                None => Self::Give(*group, *epoch, entry.clone()),
            },
            Request::Withdraw(group, epoch) => Self::Withdraw(*group, *epoch),
            Request::Decided(group, next) => Self::Decided(*group, WireNext::of(next)),
            Request::Check(group) => Self::Check(*group),
            Request::Meet(who) => Self::Meet(WireIntroduction::of(*who)),
            Request::Stopping => Self::Stopping,
            Request::Fence(fences) => Self::Fence(fences.clone()),
            Request::Survey(lineage, after, upto) => Self::Survey(*lineage, *after, *upto),
            Request::Touch(touch) => {
                Self::Touch(touch.key, touch.version, touch.remaining, touch.lineage)
            }
            Request::Gather(key, lineage) => Self::Gather(*key, *lineage),
            Request::Bring(bring) => {
                Self::Bring(bring.key, bring.from, bring.lineage, bring.entry.clone())
            }
        }
    }

    pub(super) fn check(self, cards: &mut Cards) -> Result<Request, DecodeError> {
        Ok(match self {
            Self::Read(key, lineage) => Request::Read(key, lineage),
            Self::Write(copy, expected, operation, lineage) => Request::Write(Box::new(Write {
                copy: *copy,
                expected,
                operation,
                lineage,
            })),
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
            Self::Meet(who) => Request::Meet(who.check()),
            Self::Stopping => Request::Stopping,
            Self::Fence(fences) => Request::Fence(limited(fences)?),
            Self::Survey(lineage, after, upto) => Request::Survey(lineage, after, upto),
            Self::Touch(key, version, remaining, lineage) => Request::Touch(Box::new(Touch {
                key,
                version,
                remaining,
                lineage,
            })),
            Self::Gather(key, lineage) => Request::Gather(key, lineage),
            Self::Bring(key, from, lineage, entry) => Request::Bring(Box::new(Bring {
                key,
                from,
                lineage,
                entry,
            })),
            Self::KeepBrought(group, entry, origin) => {
                Request::Keep(group, Some(brought_from(entry, origin)))
            }
            Self::GiveBrought(group, epoch, entry, origin) => {
                Request::Give(group, epoch, brought_from(entry, origin))
            }
        })
    }
}

impl WireGroupResponse {
    pub(super) fn of(response: &Response) -> Self {
        match response {
            Response::Value(copy) => Self::Value(copy.clone()),
            Response::Written(Acknowledged { by, members }) => match members {
                Some(members) => Self::Acknowledged(*by, *members),
                None => Self::Written(*by),
            },
            Response::Mismatch(copy) => Self::Mismatch(copy.clone()),
            Response::Refused(error) => Self::Refused(*error),
            Response::Elsewhere(contact) => Self::Elsewhere(card(contact)),
            Response::Unavailable(awaited) => Self::Unavailable(awaited.iter().map(card).collect()),
            Response::Unknown => Self::Unknown,
            Response::Gone(who) => Self::Gone(*who),
            Response::Closed(epoch) => Self::Closed(*epoch),
            Response::Done => Self::Done,
            Response::Promise(accepted) => Self::Promise(
                accepted
                    .as_ref()
                    .map(|accepted| (accepted.0, WireNext::of(&accepted.1))),
            ),
            Response::Page(keys) => Self::Page(keys.clone()),
            Response::Entry(entry) => match entry.as_deref().and_then(brought) {
                Some((entry, origin)) => Self::EntryBrought(entry, origin),
                None => Self::Entry(entry.clone()),
            },
            Response::GivenUp(lineage) => Self::GivenUp(*lineage),
            Response::Lacking(keys) => Self::Lacking(keys.clone()),
            Response::Followed(next) => Self::Followed(WireNext::of(next)),
            Response::Met(who) => Self::Met(WireIntroduction::of(*who)),
            Response::Surveyed(newest, fences) => Self::Surveyed(*newest, fences.clone()),
            Response::Superseded => Self::Superseded,
            Response::Unstored(unstored) => {
                let refused = unstored.refused.iter();
                Self::Unstored(
                    refused
                        .map(|(member, error)| (card(member), *error))
                        .collect(),
                    unstored.awaited.iter().map(card).collect(),
                    unstored.is_final,
                )
            }
        }
    }

    pub(super) fn check(self, cards: &mut Cards) -> Result<Response, DecodeError> {
        Ok(match self {
            Self::Value(copy) => Response::Value(copy),
            Self::Written(by) => Response::Written(Acknowledged { by, members: None }),
            Self::Acknowledged(by, members) => Response::Written(Acknowledged {
                by,
                members: Some(members),
            }),
            Self::Mismatch(copy) => Response::Mismatch(copy),
            Self::Refused(error) => Response::Refused(error),
            Self::Elsewhere(card) => Response::Elsewhere(cards.check(card)?),
            Self::Unavailable(awaited) => Response::Unavailable(members_of(awaited, cards)?),
            Self::Unknown => Response::Unknown,
            Self::Gone(who) => Response::Gone(who),
            Self::Closed(epoch) => Response::Closed(epoch),
            Self::Done => Response::Done,
            Self::Promise(None) => Response::Promise(None),
            Self::Promise(Some((ballot, next))) => {
                Response::Promise(Some(Box::new((ballot, next.check(cards)?))))
            }
            Self::Page(keys) => Response::Page(limit(keys, MAX_PAGE)?),
            Self::Entry(entry) => Response::Entry(entry),
            Self::EntryBrought(entry, origin) => Response::Entry(Some(brought_from(entry, origin))),
            Self::GivenUp(lineage) => Response::GivenUp(lineage),
            Self::Lacking(keys) => Response::Lacking(limit(keys, MAX_PAGE)?),
            Self::Followed(next) => Response::Followed(Box::new(next.check(cards)?)),
            Self::Met(who) => Response::Met(who.check()),
            Self::Surveyed(newest, fences) => Response::Surveyed(newest, limited(fences)?),
            Self::Superseded => Response::Superseded,
            Self::Unstored(refused, awaited, is_final) => {
                let refused = limit(refused, MAX_MEMBERS)?.into_iter();
                let refused = refused.map(|(card, error)| Ok((cards.check(card)?, error)));
                Response::Unstored(Box::new(Unstored {
                    refused: refused.collect::<Result<_, DecodeError>>()?,
                    awaited: members_of(awaited, cards)?,
                    is_final,
                }))
            }
        })
    }
}

/// An entry that was brought from another lineage, and its origin, which is serialized behind it.
fn brought(entry: &Entry) -> Option<(Box<Entry>, Origin)> {
    entry.origin.map(|origin| (Box::new(entry.clone()), origin))
}

fn brought_from(mut entry: Box<Entry>, origin: Origin) -> Box<Entry> {
    entry.origin = Some(origin);
    entry
}

/// The members of a group that an answer names.
fn members_of(list: Vec<Card>, cards: &mut Cards) -> Result<Vec<Contact>, DecodeError> {
    let list = limit(list, MAX_MEMBERS)?.into_iter();
    list.map(|card| cards.check(card)).collect()
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
            incarnation: control.incarnation,
            floor: control.floor,
            round: control.round,
            lineage: control
                .lineage
                .map(|lineage| (lineage.number, lineage.written)),
            held: held.collect(),
            staged: staged
                .map(|staged| WireStaged::of(&staged.parent, &staged.next))
                .collect(),
            skipped: control.skipped.clone(),
        }
    }

    pub(super) fn check(
        self,
        fences: Vec<Fence>,
        cards: &mut Cards,
    ) -> Result<Control, DecodeError> {
        let mut control = Control {
            fences: limited(fences)?,
            incarnation: self.incarnation,
            floor: self.floor,
            round: self.round,
            lineage: self
                .lineage
                .map(|(number, written)| Lineage { number, written }),
            skipped: limit(self.skipped, MAX_GROUPS)?,
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
