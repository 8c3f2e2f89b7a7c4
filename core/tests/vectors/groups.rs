//! Messages about groups, and in words.

use chordscope_core::base::id::Id;
use chordscope_core::message::{Message, Request as Ask, Response as Answer};
use chordscope_core::store::group::configuration::{
    Configuration, Epoch, GroupId, MAX_MEMBERS, Member, Next, Origin, Stamp,
};
use chordscope_core::store::group::fence::Fence;
use chordscope_core::store::group::message::{
    Acknowledged, Bring, Introduction, MAX_PAGE, Request, Response, Touch, Unstored, Write,
};
use chordscope_core::store::group::{Entry, OperationTag};
use chordscope_core::store::record::RecordError;
use serde_json::{Value, json};

use crate::cards::contact;
use crate::describe;
use crate::file::hex;
use crate::messages::KEY;
use crate::records::copy;

fn key() -> Id {
    Id::from_bytes(KEY)
}

fn epoch(round: u64) -> Epoch {
    Epoch {
        generation: 0,
        round,
        proposer: contact(1).id(),
    }
}

fn group() -> GroupId {
    let upto = Id::from_bytes([9; 20]);
    let epoch = epoch(300);
    GroupId { upto, epoch }
}

/// The first was given the group's state; of the others every second one was away.
fn members(count: usize) -> Vec<Member> {
    let member = |number| Member {
        contact: contact(number),
        incarnation: 0x1000 + u64::from(number),
        votes: number % 2 == 1,
    };
    (1..).take(count).map(member).collect()
}

fn tag() -> OperationTag {
    OperationTag([0xa5; 16])
}

fn parent() -> Configuration {
    Configuration {
        lineage: u64::MAX,
        after: Id::from_bytes([7; 20]),
        upto: group().upto,
        epoch: group().epoch,
        members: members(3),
    }
}

pub(crate) fn next(members_of_it: usize) -> Next {
    Next {
        epoch: epoch(301),
        members: members(members_of_it),
        split: None,
    }
}

fn fence() -> Fence {
    Fence {
        lineage: 7,
        after: Id::from_bytes([7; 20]),
        upto: Id::from_bytes([9; 20]),
        generation: 2,
        lost: members(2)
            .iter()
            .map(|it| (it.id(), it.incarnation))
            .collect(),
    }
}

fn halves() -> Next {
    Next {
        split: Some((Id::from_bytes([8; 20]), members(1))),
        ..next(2)
    }
}

fn entry() -> Box<Entry> {
    let (epoch, index) = (epoch(300), 5);
    Box::new(Entry {
        stamp: Stamp { epoch, index },
        operation: tag(),
        copy: copy("greeting", Some(b"hello"), 1, 60),
        origin: None,
    })
}

/// An entry that was brought from another lineage.
fn brought() -> Box<Entry> {
    let (epoch, index) = (epoch(299), 4);
    Box::new(Entry {
        origin: Some(Origin {
            lineage: 5,
            stamp: Stamp { epoch, index },
        }),
        ..*entry()
    })
}

fn bring(entry: Option<Box<Entry>>) -> Request {
    Request::Bring(Box::new(Bring {
        key: key(),
        from: 5,
        lineage: 7,
        entry,
    }))
}

pub(crate) fn page(length: usize) -> Vec<(Id, Stamp)> {
    vec![(key(), entry().stamp); length]
}

const fn introduction(lineage: Option<u64>) -> Introduction {
    Introduction {
        incarnation: 0x1001,
        lineage,
        settled: lineage.is_some(),
    }
}

pub(crate) fn ask(request: Request) -> Message {
    Message::Request(9, Ask::Group(Box::new(request)))
}

pub(crate) const fn answer(response: Response) -> Message {
    Message::Response(10, Answer::Group(response))
}

pub(crate) fn requests() -> Vec<(&'static str, Message)> {
    let write = |copy, expected, lineage| {
        let operation = tag();
        Request::Write(Box::new(Write {
            copy,
            expected,
            operation,
            lineage,
        }))
    };
    let value = copy("greeting", Some(b"hello"), 1, 60);
    let before = copy("greeting", Some(b"hello"), 1, 60).record.version();
    let group = group();
    let touch = |lineage| {
        Request::Touch(Box::new(Touch {
            key: key(),
            version: before,
            remaining: 86_400,
            lineage,
        }))
    };
    let fence_range = Request::Survey(7, fence().after, fence().upto);
    let all = vec![
        ("a quorum read", Request::Read(key(), None)),
        ("a quorum read in a lineage", Request::Read(key(), Some(7))),
        ("a quorum write of a new name", write(value, None, Some(7))),
        (
            "a quorum write in the place of another",
            write(copy("greeting", None, 2, 60), Some(before), None),
        ),
        ("does the epoch stand", Request::Keep(group, None)),
        ("keep this", Request::Keep(group, Some(entry()))),
        ("prepare", Request::Prepare(group, epoch(301))),
        ("list from the beginning", Request::List(group, None)),
        ("list on", Request::List(group, Some(key()))),
        ("fetch", Request::Fetch(group, key())),
        (
            "propose",
            Request::Propose(group, epoch(302), Box::new(next(3))),
        ),
        (
            "propose a split among the most members",
            Request::Propose(
                group,
                epoch(302),
                Box::new(Next {
                    split: halves().split,
                    ..next(MAX_MEMBERS)
                }),
            ),
        ),
        ("stage", Request::Stage(Box::new((parent(), halves())))),
        (
            "the longest group offer",
            Request::Offer(group, epoch(301), page(MAX_PAGE)),
        ),
        ("give", Request::Give(group, epoch(301), entry())),
        ("withdraw", Request::Withdraw(group, epoch(301))),
        ("decided", Request::Decided(group, Box::new(halves()))),
        ("what became of the group", Request::Check(group)),
        ("who is there", Request::Meet(introduction(None))),
        ("I stop", Request::Stopping),
        ("ranges were repaired", Request::Fence(vec![fence()])),
        ("which fences stand", fence_range),
        ("live on", touch(None)),
        ("live on in a lineage", touch(Some(7))),
    ];
    all.into_iter()
        .chain(of_adoptions())
        .map(|(name, one)| (name, ask(one)))
        .collect()
}

/// The requests of an adoption.
fn of_adoptions() -> [(&'static str, Request); 5] {
    let group = group();
    [
        ("gather", Request::Gather(key(), 7)),
        ("does the lineage stand", bring(None)),
        ("bring", bring(Some(entry()))),
        (
            "keep what was brought",
            Request::Keep(group, Some(brought())),
        ),
        (
            "give what was brought",
            Request::Give(group, epoch(301), brought()),
        ),
    ]
}

pub(crate) fn responses() -> Vec<(&'static str, Message)> {
    let value = || Some(Box::new(copy("greeting", Some(b"hello"), 1, 60)));
    let all = vec![
        ("a quorum's value", Response::Value(value())),
        ("a quorum's no value", Response::Value(None)),
        (
            "written at two",
            Response::Written(Acknowledged {
                by: 2,
                members: None,
            }),
        ),
        ("another is there", Response::Mismatch(value())),
        ("nothing is there", Response::Mismatch(None)),
        (
            "refused by the primary",
            Response::Refused(RecordError::Full),
        ),
        ("ask elsewhere", Response::Elsewhere(contact(2))),
        ("no majority", Response::Unavailable(vec![contact(2)])),
        (
            "no majority, whoever is missing",
            Response::Unavailable(Vec::new()),
        ),
        ("an unknown group", Response::Unknown),
        ("a group that is gone", Response::Gone(0x1001)),
        ("a later ballot", Response::Closed(epoch(303))),
        ("done", Response::Done),
        ("a first promise", Response::Promise(None)),
        (
            "a promise that tells",
            Response::Promise(Some(Box::new((epoch(301), next(3))))),
        ),
        ("the longest page", Response::Page(page(MAX_PAGE))),
        ("an entry", Response::Entry(Some(entry()))),
        ("no entry", Response::Entry(None)),
        ("lacking two", Response::Lacking(vec![key(); 2])),
        ("this followed", Response::Followed(Box::new(halves()))),
        (
            "a member of a lineage",
            Response::Met(introduction(Some(7))),
        ),
        (
            "the newest group, and the fences",
            Response::Surveyed(Some(epoch(301)), vec![fence()]),
        ),
        ("another version is there", Response::Superseded),
        (
            "a disk refuses, and another member is awaited",
            Response::Unstored(Box::new(Unstored {
                refused: vec![(contact(2), RecordError::Storage)],
                awaited: vec![contact(3)],
                is_final: false,
            })),
        ),
        (
            "an entry that was brought",
            Response::Entry(Some(brought())),
        ),
        ("a lineage that is given up", Response::GivenUp(5)),
        (
            "written at two of three",
            Response::Written(Acknowledged {
                by: 2,
                members: Some(3),
            }),
        ),
    ];
    all.into_iter()
        .map(|(name, one)| (name, answer(one)))
        .collect()
}

// In words.

fn say_epoch(epoch: Epoch) -> Value {
    json!({
        "generation": epoch.generation,
        "round": epoch.round,
        "proposer": describe::id(epoch.proposer),
    })
}

fn say_group(group: GroupId) -> Value {
    json!({ "upto": describe::id(group.upto), "epoch": say_epoch(group.epoch) })
}

fn say_stamp(stamp: Stamp) -> Value {
    json!({ "epoch": say_epoch(stamp.epoch), "index": stamp.index })
}

fn say_entry(entry: &Entry) -> Value {
    json!({
        "stamp": say_stamp(entry.stamp),
        "operation": hex(&entry.operation.0),
        "copy": describe::copy(&entry.copy),
    })
}

fn say_origin(entry: &Entry) -> Value {
    let origin = entry.origin.as_ref();
    origin
        .map(|origin| json!({ "lineage": origin.lineage, "stamp": say_stamp(origin.stamp) }))
        .into()
}

fn say_members(members: &[Member]) -> Value {
    let member = |member: &Member| {
        json!({
            "card": describe::contact(&member.contact),
            "incarnation": member.incarnation,
            "votes": member.votes,
        })
    };
    members.iter().map(member).collect()
}

fn say_introduction(who: Introduction) -> Value {
    json!({ "incarnation": who.incarnation, "lineage": who.lineage, "settled": who.settled })
}

fn say_fence(fence: &Fence) -> Value {
    let lost = |(node, incarnation): &(Id, u64)| json!([describe::id(*node), incarnation]);
    json!({
        "lineage": fence.lineage,
        "after": describe::id(fence.after),
        "upto": describe::id(fence.upto),
        "generation": fence.generation,
        "lost": fence.lost.iter().map(lost).collect::<Value>(),
    })
}

fn say_next(next: &Next) -> Value {
    let split = next.split.as_ref();
    json!({
        "epoch": say_epoch(next.epoch),
        "members": say_members(&next.members),
        "split": split.map(|(at, members)| json!([describe::id(*at), say_members(members)])),
    })
}

fn say_page(page: &[(Id, Stamp)]) -> Value {
    let one = |(key, stamp): &(Id, Stamp)| json!([describe::id(*key), say_stamp(*stamp)]);
    page.iter().map(one).collect()
}

fn say_parent(parent: &Configuration) -> Value {
    json!({
        "lineage": parent.lineage,
        "after": describe::id(parent.after),
        "upto": describe::id(parent.upto),
        "epoch": say_epoch(parent.epoch),
        "members": say_members(&parent.members),
    })
}

pub(crate) fn request(request: &Request) -> Value {
    match request {
        Request::Read(key, lineage) => json!({ "Read": [describe::id(*key), lineage] }),
        Request::Write(write) => json!({ "Write": [
            describe::copy(&write.copy),
            write.expected.as_ref().map(describe::version),
            hex(&write.operation.0),
            write.lineage,
        ]}),
        Request::Keep(group, Some(entry)) if entry.origin.is_some() => {
            json!({ "KeepBrought": [say_group(*group), say_entry(entry), say_origin(entry)] })
        }
        Request::Keep(group, entry) => {
            json!({ "Keep": [say_group(*group), entry.as_deref().map(say_entry)] })
        }
        Request::Prepare(group, ballot) => {
            json!({ "Prepare": [say_group(*group), say_epoch(*ballot)] })
        }
        Request::List(group, last) => {
            json!({ "List": [say_group(*group), last.map(describe::id)] })
        }
        Request::Fetch(group, key) => json!({ "Fetch": [say_group(*group), describe::id(*key)] }),
        Request::Propose(group, ballot, next) => {
            json!({ "Propose": [say_group(*group), say_epoch(*ballot), say_next(next)] })
        }
        Request::Stage(staged) => {
            json!({ "Stage": { "parent": say_parent(&staged.0), "next": say_next(&staged.1) } })
        }
        Request::Offer(group, epoch, page) => {
            json!({ "Offer": [say_group(*group), say_epoch(*epoch), say_page(page)] })
        }
        Request::Give(group, epoch, entry) if entry.origin.is_some() => {
            let (group, epoch) = (say_group(*group), say_epoch(*epoch));
            json!({ "GiveBrought": [group, epoch, say_entry(entry), say_origin(entry)] })
        }
        Request::Gather(key, lineage) => json!({ "Gather": [describe::id(*key), lineage] }),
        Request::Bring(bring) => json!({ "Bring": [
            describe::id(bring.key),
            bring.from,
            bring.lineage,
            bring.entry.as_deref().map(say_entry),
        ]}),
        Request::Give(group, epoch, entry) => {
            json!({ "Give": [say_group(*group), say_epoch(*epoch), say_entry(entry)] })
        }
        Request::Withdraw(group, epoch) => {
            json!({ "Withdraw": [say_group(*group), say_epoch(*epoch)] })
        }
        Request::Decided(group, next) => json!({ "Decided": [say_group(*group), say_next(next)] }),
        Request::Check(group) => json!({ "Check": say_group(*group) }),
        Request::Meet(who) => json!({ "Meet": say_introduction(*who) }),
        Request::Stopping => json!("Stopping"),
        Request::Fence(fences) => {
            json!({ "Fence": fences.iter().map(say_fence).collect::<Value>() })
        }
        Request::Survey(lineage, after, upto) => {
            json!({ "Survey": [lineage, describe::id(*after), describe::id(*upto)] })
        }
        Request::Touch(touch) => json!({ "Touch": [
            describe::id(touch.key),
            describe::version(&touch.version),
            touch.remaining,
            touch.lineage,
        ]}),
    }
}

pub(crate) fn response(response: &Response) -> Value {
    match response {
        Response::Value(held) => json!({ "Value": held.as_deref().map(describe::copy) }),
        Response::Written(Acknowledged { by, members }) => match members {
            None => json!({ "Written": by }),
            Some(members) => json!({ "Acknowledged": [by, members] }),
        },
        Response::Mismatch(held) => json!({ "Mismatch": held.as_deref().map(describe::copy) }),
        Response::Refused(why) => json!({ "Refused": format!("{why:?}") }),
        Response::Elsewhere(contact) => json!({ "Elsewhere": describe::contact(contact) }),
        Response::Unavailable(awaited) => {
            json!({ "Unavailable": awaited.iter().map(describe::contact).collect::<Value>() })
        }
        Response::Unknown => json!("Unknown"),
        Response::Gone(who) => json!({ "Gone": who }),
        Response::Closed(epoch) => json!({ "Closed": say_epoch(*epoch) }),
        Response::Done => json!("Done"),
        Response::Promise(before) => {
            let before = before.as_deref();
            let say = |(ballot, next): &(Epoch, Next)| json!([say_epoch(*ballot), say_next(next)]);
            json!({ "Promise": before.map(say) })
        }
        Response::Page(page) => json!({ "Page": say_page(page) }),
        Response::Entry(Some(entry)) if entry.origin.is_some() => {
            json!({ "EntryBrought": [say_entry(entry), say_origin(entry)] })
        }
        Response::GivenUp(lineage) => json!({ "GivenUp": lineage }),
        Response::Entry(entry) => json!({ "Entry": entry.as_deref().map(say_entry) }),
        Response::Lacking(keys) => json!({ "Lacking": describe::ids(keys) }),
        Response::Followed(next) => json!({ "Followed": say_next(next) }),
        Response::Met(who) => json!({ "Met": say_introduction(*who) }),
        Response::Surveyed(newest, fences) => {
            let fences: Value = fences.iter().map(say_fence).collect();
            json!({ "Surveyed": [newest.map(say_epoch), fences] })
        }
        Response::Superseded => json!("Superseded"),
        Response::Unstored(it) => {
            let refused = it.refused.iter();
            let refused = refused
                .map(|(member, error)| json!([describe::contact(member), format!("{error:?}")]));
            let awaited = it.awaited.iter().map(describe::contact);
            let (refused, awaited): (Value, Value) = (refused.collect(), awaited.collect());
            json!({ "Unstored": [refused, awaited, it.is_final] })
        }
    }
}
