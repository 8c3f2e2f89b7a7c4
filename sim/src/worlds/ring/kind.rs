//! The kinds of messages, as a trace has them: each with a number that stands for it in digests, and what a log calls it.

use chordscope_core::chord::message::{Notice, Request as Ask, Response as Answer};
use chordscope_core::message::{Message, Request, Response};
use chordscope_core::store::group::message::{Request as GroupAsk, Response as GroupAnswer};
use chordscope_core::store::message::{Request as StoreAsk, Response as StoreAnswer};
use chordscope_core::swarm::message::Said;

/// The kind of a message. The numbers are those of the trace digest: a kind keeps its own, new kinds get new ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
#[expect(
    missing_docs,
    reason = "each is named like the message that it stands for"
)]
pub enum Kind {
    Neighbours = 0x01,
    Ping = 0x02,
    Step = 0x03,
    Forward = 0x04,
    NeighboursReply = 0x11,
    Pong = 0x12,
    StepReply = 0x13,
    Forwarded = 0x14,
    NotMember = 0x15,
    Unsupported = 0x16,
    Notify = 0x21,
    Found = 0x22,
    Leaving = 0x23,
    Read = 0x31,
    Write = 0x32,
    Offer = 0x33,
    Value = 0x41,
    NoValue = 0x42,
    Written = 0x43,
    Refused = 0x44,
    Wanted = 0x45,
    GroupRead = 0x51,
    GroupWrite = 0x52,
    Keep = 0x53,
    Confirm = 0x54,
    Prepare = 0x55,
    List = 0x56,
    Fetch = 0x57,
    Propose = 0x58,
    Stage = 0x59,
    GroupOffer = 0x5a,
    Give = 0x5b,
    Withdraw = 0x5c,
    Decided = 0x5d,
    Check = 0x5e,
    Meet = 0x5f,
    Stopping = 0x60,
    Fence = 0x61,
    Survey = 0x62,
    Touch = 0x63,
    Gather = 0x64,
    Bring = 0x65,
    GroupValue = 0x81,
    GroupNoValue = 0x82,
    GroupWritten = 0x83,
    Mismatch = 0x84,
    GroupRefused = 0x85,
    Elsewhere = 0x86,
    Unavailable = 0x87,
    Unknown = 0x88,
    Gone = 0x89,
    Closed = 0x8a,
    Done = 0x8b,
    Promise = 0x8c,
    Page = 0x8d,
    GroupEntry = 0x8e,
    Lacking = 0x8f,
    Followed = 0x90,
    Met = 0x91,
    Surveyed = 0x92,
    Superseded = 0x93,
    Unstored = 0x94,
    GivenUp = 0x95,
    Hello = 0xc1,
    Absent = 0xc2,
    Have = 0xc3,
    Interested = 0xc4,
    NotInterested = 0xc5,
    Choke = 0xc6,
    Unchoke = 0xc7,
    Segment = 0xc8,
    Cancel = 0xc9,
    Reject = 0xca,
    Digests = 0xcb,
}

impl Kind {
    /// The kind of a message.
    pub const fn of(message: &Message) -> Self {
        match message {
            Message::Request(_, Request::Chord(ask)) => match ask {
                Ask::Neighbours => Self::Neighbours,
                Ask::Ping => Self::Ping,
                Ask::Step(_) => Self::Step,
                Ask::Forward(_) => Self::Forward,
            },
            Message::Response(_, Response::Chord(answer)) => match answer {
                Answer::Neighbours(_) => Self::NeighboursReply,
                Answer::Pong => Self::Pong,
                Answer::Step(_) => Self::StepReply,
                Answer::Forwarded => Self::Forwarded,
                Answer::NotMember => Self::NotMember,
            },
            Message::Notice(notice) => match notice {
                Notice::Notify => Self::Notify,
                Notice::Found(_) => Self::Found,
                Notice::Leaving(_) => Self::Leaving,
            },
            Message::Request(_, Request::Store(ask)) => match ask {
                StoreAsk::Read(_) => Self::Read,
                StoreAsk::Write(_) => Self::Write,
                StoreAsk::Offer(_) => Self::Offer,
            },
            Message::Response(_, Response::Store(answer)) => match answer {
                StoreAnswer::Value(Some(_)) => Self::Value,
                StoreAnswer::Value(None) => Self::NoValue,
                StoreAnswer::Written => Self::Written,
                StoreAnswer::Refused(_) => Self::Refused,
                StoreAnswer::Wanted { .. } => Self::Wanted,
            },
            Message::Response(_, Response::Unsupported) => Self::Unsupported,
            Message::Request(_, Request::Group(ask)) => Self::of_group_request(ask),
            Message::Response(_, Response::Group(answer)) => Self::of_group_response(answer),
            Message::Swarm(message) => Self::of_swarm(&message.said),
        }
    }

    const fn of_group_request(ask: &GroupAsk) -> Self {
        match ask {
            GroupAsk::Read(..) => Self::GroupRead,
            GroupAsk::Write(..) => Self::GroupWrite,
            GroupAsk::Keep(_, Some(_)) => Self::Keep,
            GroupAsk::Keep(_, None) => Self::Confirm,
            GroupAsk::Prepare(..) => Self::Prepare,
            GroupAsk::List(..) => Self::List,
            GroupAsk::Fetch(..) => Self::Fetch,
            GroupAsk::Propose(..) => Self::Propose,
            GroupAsk::Stage(_) => Self::Stage,
            GroupAsk::Offer(..) => Self::GroupOffer,
            GroupAsk::Give(..) => Self::Give,
            GroupAsk::Withdraw(..) => Self::Withdraw,
            GroupAsk::Decided(..) => Self::Decided,
            GroupAsk::Check(_) => Self::Check,
            GroupAsk::Meet(_) => Self::Meet,
            GroupAsk::Stopping => Self::Stopping,
            GroupAsk::Fence(_) => Self::Fence,
            GroupAsk::Survey(..) => Self::Survey,
            GroupAsk::Touch(_) => Self::Touch,
            GroupAsk::Gather(..) => Self::Gather,
            GroupAsk::Bring(_) => Self::Bring,
        }
    }

    const fn of_group_response(answer: &GroupAnswer) -> Self {
        match answer {
            GroupAnswer::Value(Some(_)) => Self::GroupValue,
            GroupAnswer::Value(None) => Self::GroupNoValue,
            GroupAnswer::Written(_) => Self::GroupWritten,
            GroupAnswer::Mismatch(_) => Self::Mismatch,
            GroupAnswer::Refused(_) => Self::GroupRefused,
            GroupAnswer::Elsewhere(_) => Self::Elsewhere,
            GroupAnswer::Unavailable(_) => Self::Unavailable,
            GroupAnswer::Unknown => Self::Unknown,
            GroupAnswer::Gone(_) => Self::Gone,
            GroupAnswer::Closed(_) => Self::Closed,
            GroupAnswer::Done => Self::Done,
            GroupAnswer::Promise(_) => Self::Promise,
            GroupAnswer::Page(_) => Self::Page,
            GroupAnswer::Entry(_) => Self::GroupEntry,
            GroupAnswer::Lacking(_) => Self::Lacking,
            GroupAnswer::Followed(_) => Self::Followed,
            GroupAnswer::Met(_) => Self::Met,
            GroupAnswer::Surveyed(..) => Self::Surveyed,
            GroupAnswer::Superseded => Self::Superseded,
            GroupAnswer::Unstored(_) => Self::Unstored,
            GroupAnswer::GivenUp(_) => Self::GivenUp,
        }
    }

    const fn of_swarm(said: &Said) -> Self {
        match said {
            Said::Hello(_) => Self::Hello,
            Said::Absent => Self::Absent,
            Said::Have(_) => Self::Have,
            Said::Interested(true) => Self::Interested,
            Said::Interested(false) => Self::NotInterested,
            Said::Choked(true) => Self::Choke,
            Said::Choked(false) => Self::Unchoke,
            Said::Request(_) => Self::Segment,
            Said::Cancel(_) => Self::Cancel,
            Said::Reject(..) => Self::Reject,
            Said::Digests(_) => Self::Digests,
        }
    }

    /// The number that stands for it in digests.
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// Returns whether it acknowledges one hop of a recursive lookup, which moves the lookup no further.
    pub const fn is_acknowledgement(self) -> bool {
        matches!(self, Self::Forwarded)
    }

    /// Returns whether it is an answer to a request.
    pub const fn is_reply(self) -> bool {
        let number = self.number();
        // Responses about the ring, about records and about groups; and to who began a recursive lookup.
        matches!(number, 0x11..=0x1f | 0x41..=0x4f | 0x81..=0xbf) || matches!(self, Self::Found)
    }

    /// Returns its name in a log: by the names of the papers where they have one.
    #[expect(clippy::too_many_lines, reason = "a line a kind, and all in one place")]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Neighbours => "stabilize",
            Self::Ping => "ping",
            Self::Step | Self::Forward => "find_successor",
            Self::NeighboursReply => "neighbours",
            Self::Pong => "pong",
            Self::StepReply => "next hop",
            Self::Forwarded => "acknowledged",
            Self::NotMember => "not a member",
            Self::Unsupported => "unsupported",
            Self::Notify => "notify",
            Self::Found => "reply",
            Self::Leaving => "leaving",
            Self::Read => "read",
            Self::Write => "write",
            Self::Offer => "offer",
            Self::Value | Self::GroupValue => "value",
            Self::NoValue | Self::GroupNoValue => "no value",
            Self::Written | Self::GroupWritten => "written",
            Self::Refused | Self::GroupRefused => "refused",
            Self::Wanted => "wanted",
            Self::GroupRead => "quorum read",
            Self::GroupWrite => "quorum write",
            Self::Keep => "keep",
            Self::Confirm => "confirm",
            Self::Prepare => "prepare",
            Self::List => "list",
            Self::Fetch => "fetch",
            Self::Propose => "propose",
            Self::Stage => "stage",
            Self::GroupOffer => "group offer",
            Self::Give => "give",
            Self::Withdraw => "withdraw",
            Self::Decided => "decided",
            Self::Check => "check group",
            Self::Meet => "meet",
            Self::Stopping => "stopping",
            Self::Fence => "fence",
            Self::Survey => "survey",
            Self::Surveyed => "surveyed",
            Self::Touch => "touch",
            Self::Gather => "gather",
            Self::Bring => "bring",
            Self::GivenUp => "given up",
            Self::Superseded => "superseded",
            Self::Unstored => "unstored",
            Self::Met => "met",
            Self::Mismatch => "mismatch",
            Self::Elsewhere => "elsewhere",
            Self::Unavailable => "unavailable",
            Self::Unknown => "unknown group",
            Self::Gone => "gone",
            Self::Closed => "closed",
            Self::Done => "done",
            Self::Promise => "promise",
            Self::Page => "page",
            Self::GroupEntry => "entry",
            Self::Lacking => "lacking",
            Self::Followed => "followed",
            Self::Hello => "hello",
            Self::Absent => "absent",
            Self::Have => "have",
            Self::Interested => "interested",
            Self::NotInterested => "not interested",
            Self::Choke => "choke",
            Self::Unchoke => "unchoke",
            Self::Segment => "request segment",
            Self::Cancel => "cancel",
            Self::Reject => "reject",
            Self::Digests => "request digests",
        }
    }
}
