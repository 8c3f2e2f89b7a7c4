//! Leases and circuits as a relay, and as the end of a circuit, sees them.

use chordscope_core::base::id::Id;
use chordscope_core::chord::message::Request as Ask;
use chordscope_core::link::relay_message::RelayMessage;
use chordscope_core::link::session::{Role, TRAILER};
use chordscope_core::peer::{MAX_DATA, Reach};
use chordscope_core::wire::codec::encode_message;
use chordscope_core::wire::frame::{FrameType, HEADER, MAX_FRAME, MAX_HANDSHAKE_FRAME};
use serde_json::{Value, json};

use crate::caller::{PEER, RING};
use crate::describe;
use crate::file::{hex, pin};
use crate::messages::ask;
use crate::play::{Far, Play, id_of};

const STRANGER: u8 = 21;
const TAB: u8 = 22;
const NOBODY: u8 = 23;
/// The links of the two.
const S: usize = 0;
const T: usize = 1;
const FIRST: usize = 262_144;
const MOST: u32 = 1_048_576;

const fn open(circuit: u32, target: Id) -> RelayMessage {
    RelayMessage::Open {
        circuit,
        target,
        relay: None,
    }
}

fn over(circuit: u32, target: u8, relay: u8) -> RelayMessage {
    RelayMessage::Open {
        circuit,
        target: id_of(target),
        relay: Some(id_of(relay)),
    }
}

const fn close(circuit: u32, reason: u8) -> RelayMessage {
    RelayMessage::Close { circuit, reason }
}

const fn credit(circuit: u32, bytes: u32) -> RelayMessage {
    RelayMessage::Credit { circuit, bytes }
}

/// A frame of so many bytes on a circuit: nothing that its end could make sense of.
fn noise(circuit: u32, length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    bytes[2..HEADER].copy_from_slice(&circuit.to_le_bytes());
    bytes
}

/// A relay with a link to a stranger and one to a tab that has its lease.
fn relay(name: &str) -> Play {
    let mut play = Play::new(name, Reach::Direct);
    play.begins(Role::Responder, STRANGER);
    play.begins(Role::Responder, TAB);
    play.says(T, RelayMessage::Lease);
    play
}

/// The same, with a circuit from stranger to tab: number 1 at the one, 2 at the other.
fn carried(name: &str) -> Play {
    let mut play = relay(name);
    play.says(S, open(1, id_of(TAB)));
    play
}

/// The same, and the tab has lost its link.
fn waiting(name: &str) -> Play {
    let mut play = relay(name);
    play.ends(T);
    play.says(S, open(1, id_of(TAB)));
    assert!(play.then().is_empty());
    play
}

fn carrying() -> Vec<Value> {
    let mut both = carried("frames, credit and an end go on, whatever they are");
    both.sends(S, &noise(1, HEADER));
    both.sends(T, &noise(2, 1_000));
    both.says(T, credit(2, 1_000));
    both.says(S, credit(1, 0));
    both.sends(S, &noise(1, MAX_FRAME + TRAILER));
    both.says(S, close(1, 12));
    both.sends(T, &noise(2, 1_000));
    both.says(T, credit(2, 1_000));
    both.says(T, close(2, 0));
    both.sends(S, &noise(1, 7));
    let mut unknown = carried("an end for a reason that nobody knows");
    unknown.says(T, close(2, 200));
    let mut lost = carried("the opener's link ends");
    lost.ends(S);
    let mut dialed = Play::new(
        "a relay opens odd numbers where it has dialed",
        Reach::Direct,
    );
    dialed.begins(Role::Responder, TAB);
    dialed.begins(Role::Initiator, STRANGER);
    dialed.says(0, RelayMessage::Lease);
    dialed.says(0, open(1, id_of(STRANGER)));
    dialed.says(0, open(3, id_of(STRANGER)));
    dialed.says(1, open(2, id_of(TAB)));
    let mut far = relay("a lease is asked for twice, and given back");
    far.says(T, RelayMessage::Lease);
    far.says(S, over(7, TAB, PEER));
    far.says(T, RelayMessage::Release);
    far.says(S, open(9, id_of(TAB)));
    let mut unasked = relay("answers that nobody has asked for");
    unasked.says(
        S,
        RelayMessage::Leased {
            grace: 1,
            circuits: 1,
        },
    );
    unasked.says(S, RelayMessage::Refused(18));
    unasked.says(S, RelayMessage::Release);
    unasked.says(S, close(99, 0));
    unasked.says(S, credit(99, u32::MAX));
    [both, unknown, lost, dialed, far, unasked]
        .map(Play::vector)
        .into()
}

fn numbers() -> Vec<Value> {
    let bad = |name, before: &[u32], number| {
        let mut play = relay(name);
        for number in before {
            play.says(S, open(*number, id_of(TAB)));
        }
        play.says(S, open(number, id_of(TAB)));
        play.closed(S, "garbage")
    };
    let mut again = carried("the number of a circuit that has ended");
    again.says(S, close(1, 0));
    again.says(S, open(1, id_of(TAB)));
    vec![
        bad("a number of the wrong parity", &[], 2),
        bad("number 0", &[], 0),
        bad("a number twice", &[3], 3),
        bad("a smaller number", &[3, 7], 5),
        again.closed(S, "garbage"),
    ]
}

fn refused() -> Vec<Value> {
    let bad = |name, on, message, circuit| {
        let mut play = relay(name);
        play.says(on, message);
        play.refused(on, circuit, 15)
    };
    let nobody = id_of(NOBODY);
    let mut tab = Play::new("who does not relay grants no lease", Reach::Relayed);
    tab.begins(Role::Responder, STRANGER);
    tab.says(S, RelayMessage::Lease);
    let mut through = Play::new("who does not relay carries no circuit", Reach::Relayed);
    through.begins(Role::Responder, STRANGER);
    through.says(S, open(1, nobody));
    vec![
        bad(
            "a target that is not the relay's tab",
            S,
            open(1, nobody),
            1,
        ),
        bad("another relay, for a stranger", S, over(1, TAB, NOBODY), 1),
        bad(
            "a target that a tab's relay cannot find",
            T,
            open(1, nobody),
            1,
        ),
        bad(
            "another relay that cannot be found",
            T,
            over(1, STRANGER, NOBODY),
            1,
        ),
        tab.vector(),
        through.refused(S, 1, 15),
    ]
}

fn too_many() -> Vec<Value> {
    let mut leases = relay("a lease too many");
    for secret in [24, 25] {
        let link = leases.begins(Role::Responder, secret);
        leases.says(link, RelayMessage::Lease);
    }
    let mut relayed = carried("a circuit too many over one link");
    for circuit in [3, 5, 7] {
        relayed.says(S, open(circuit, id_of(TAB)));
    }
    let mut own = relay("a circuit too many to the peer itself");
    for circuit in [1, 3, 5] {
        own.reaches(S, circuit, 31, RING);
    }
    let me = id_of(PEER);
    own.says(S, open(7, me));
    let own = own.refused(S, 7, 17);
    vec![leases.vector(), relayed.refused(S, 7, 17), own]
}

fn patience() -> Vec<Value> {
    let mut back = waiting("a tab comes back to a circuit that waits for it");
    back.sends(S, &noise(1, MAX_HANDSHAKE_FRAME));
    back.says(S, credit(1, 5));
    back.begins(Role::Responder, TAB);
    back.sends(2, &noise(2, 100));
    let mut late = waiting("a tab does not come back");
    late.sends(S, &noise(1, 100));
    late.waits(4);
    assert!(late.then().is_empty());
    late.waits(1);
    let mut lapsed = relay("a lease that has lapsed");
    lapsed.ends(T);
    lapsed.waits(30);
    lapsed.says(S, open(1, id_of(TAB)));
    let mut given_up = waiting("a circuit that waits is given up by its opener");
    given_up.says(S, close(1, 0));
    given_up.begins(Role::Responder, TAB);
    let mut more = waiting("a second frame before there is a way");
    more.sends(S, &noise(1, 100));
    more.sends(S, &noise(1, 100));
    let mut long = waiting("a first frame of 513 bytes before there is a way");
    long.sends(S, &noise(1, MAX_HANDSHAKE_FRAME + 1));
    vec![
        back.vector(),
        late.refused(S, 1, 15),
        lapsed.refused(S, 1, 15),
        given_up.vector(),
        more.closed(S, "garbage"),
        long.closed(S, "garbage"),
    ]
}

fn broken() -> Vec<Value> {
    let mut never = relay("a frame on a circuit that never was");
    never.sends(S, &noise(1, 100));
    let mut higher = carried("a frame on a circuit that is yet to be");
    higher.sends(S, &noise(3, 100));
    let mut mine = carried("a frame on a circuit that the relay is yet to open");
    mine.sends(T, &noise(4, 100));
    let mut long = carried("a frame on a circuit that is too long");
    long.sends(S, &noise(1, MAX_FRAME + TRAILER + 1));
    let mut beyond = carried("a byte beyond the credit");
    for _ in 0..4 {
        beyond.sends(S, &noise(1, FIRST / 4));
    }
    beyond.sends(S, &noise(1, HEADER));
    let mut other = carried("credit is each circuit's own");
    other.says(S, open(3, id_of(TAB)));
    for _ in 0..4 {
        other.sends(S, &noise(1, FIRST / 4));
    }
    other.sends(S, &noise(3, 100));
    other.says(T, credit(4, 100));
    other.sends(T, &noise(2, 100));
    other.says(T, credit(2, 50));
    other.sends(S, &noise(1, 50));
    other.sends(S, &noise(1, HEADER));
    let mut over = carried("credit beyond the limit");
    over.says(T, credit(2, MOST - 262_144));
    over.says(T, credit(2, 1));
    let mut wide = carried("as much credit as can be said");
    wide.says(S, credit(1, u32::MAX));
    vec![
        never.closed(S, "garbage"),
        higher.closed(S, "garbage"),
        mine.closed(T, "garbage"),
        long.closed(S, "too large"),
        beyond.closed(S, "credit"),
        other.closed(S, "credit"),
        over.closed(T, "credit"),
        wide.closed(S, "credit"),
    ]
}

/// A relay and a circuit to it.
fn begun(name: &str) -> (Play, Far) {
    let mut play = relay(name);
    let far = play.reaches(S, 5, 31, RING);
    (play, far)
}

/// The same, up to the introductions.
fn introduced(name: &str) -> (Play, Far) {
    let (mut play, mut far) = begun(name);
    far.introduces_itself(&mut play);
    assert!(play.then().is_empty());
    (play, far)
}

fn ping() -> Vec<u8> {
    encode_message(&ask(Ask::Ping)).unwrap()
}

fn conversation() -> Value {
    let (mut play, mut far) = introduced("a conversation over a circuit");
    play.sends(S, &far.sealed(FrameType::Message, &ping()));
    assert_eq!(play.then().len(), 1, "it answers");
    play.sends(S, &far.sealed(FrameType::Data, b"any bytes"));
    play.sends(S, &far.sealed(FrameType::Data, b""));
    let newer = far.card(10);
    play.sends(S, &far.sealed(FrameType::Introduction, &newer));
    play.sends(S, &far.sealed(FrameType::Message, &ping()));
    play.says(S, close(5, 12));
    play.sends(S, &far.sealed(FrameType::Message, &ping()));
    assert!(play.then().is_empty());
    play.vector()
}

/// A frame whose byte here is another than was sealed.
fn flipped(far: &mut Far, at: usize) -> Vec<u8> {
    let mut frame = far.sealed(FrameType::Message, &ping());
    let at = at.min(frame.len() - 1);
    frame[at] ^= 1;
    frame
}

/// Returns the frames that end a circuit whose handshake is over, and no link.
fn ends() -> Vec<Value> {
    type Frame = fn(&mut Far) -> Vec<u8>;
    let cases: [(&str, u8, Frame); 8] = [
        ("a relay message on a circuit", 1, |far| {
            far.sealed(FrameType::Relay, &RelayMessage::Lease.encode())
        }),
        ("a flipped bit in a body on a circuit", 5, |far| {
            flipped(far, HEADER)
        }),
        ("a flipped bit in a tag on a circuit", 5, |far| {
            flipped(far, usize::MAX)
        }),
        ("a frame sealed with the circuit's number", 5, |far| {
            far.sealed_too_late(FrameType::Message, &ping())
        }),
        ("an introduction that is not newer", 1, |far| {
            let card = far.card(9);
            far.sealed(FrameType::Introduction, &card)
        }),
        ("no message on a circuit", 1, |far| {
            far.sealed(FrameType::Message, b"")
        }),
        ("a hello after the introduction", 1, |far| {
            far.sealed(FrameType::Hello, b"")
        }),
        ("data of 65,537 bytes", 2, |far| {
            far.sealed(FrameType::Data, &[0; MAX_DATA + 1])
        }),
    ];
    let ended = |(name, why, send): (&str, u8, Frame)| {
        let (mut play, mut far) = introduced(name);
        play.sends(S, &send(&mut far));
        play.refused(S, 5, why)
    };
    cases.map(ended).into()
}

/// Returns the frames that end a circuit in its handshake.
fn no_handshake() -> Vec<Value> {
    let mut all = Vec::new();
    for (name, secret, ring, why) in [
        ("a hello of another ring on a circuit", 31, "other", 6),
        ("the peer's own key on a circuit", PEER, RING, 7),
    ] {
        let mut play = relay(name);
        let far = play.reaches(S, 5, secret, ring);
        far.says_hello(&mut play);
        all.push(play.refused(S, 5, why));
    }
    let (mut early, far) = begun("no hello first on a circuit");
    early.sends(S, &far.numbered(vec![2, 0, 0, 0, 0, 0, 1]));
    all.push(early.refused(S, 5, 1));
    let (mut silent, _) = begun("a handshake on a circuit that takes more than 5 seconds");
    silent.waits(5);
    all.push(silent.refused(S, 5, 3));
    all
}

#[test]
fn circuits_are_carried_and_closed_like_this() {
    let groups = [
        carrying(),
        numbers(),
        refused(),
        too_many(),
        patience(),
        broken(),
        vec![conversation()],
        ends(),
        no_handshake(),
    ];
    pin(
        "circuits.json",
        "A peer, what is done to it step by step, and what it does then.",
        groups.concat(),
    );
}

#[test]
fn relay_messages_are_these_bytes() {
    let target = id_of(TAB);
    let messages = [
        ("a lease", RelayMessage::Lease),
        (
            "leased",
            RelayMessage::Leased {
                grace: 30,
                circuits: u16::MAX,
            },
        ),
        ("refused", RelayMessage::Refused(18)),
        ("a release", RelayMessage::Release),
        ("a circuit", open(1, target)),
        ("a circuit over another relay", over(u32::MAX, TAB, PEER)),
        ("an end", close(300, 255)),
        ("credit", credit(1, MOST)),
    ];
    let mut vectors: Vec<Value> = Vec::new();
    for (name, message) in messages {
        let bytes = message.encode();
        assert_eq!(RelayMessage::decode(&bytes), Ok(message), "{name}");
        let decoded = describe::relay_message(&message);
        vectors.push(json!({ "name": name, "decoded": decoded, "hex": hex(&bytes) }));
    }
    let opened = open(1, target).encode();
    let bad: [(&str, &[u8], &str); 8] = [
        ("nothing", &[], "malformed"),
        ("no such relay message", &[7], "malformed"),
        ("a byte too many", &[0, 0], "trailing"),
        (
            "a lease of 65,536 seconds",
            &[1, 0x80, 0x80, 4, 0],
            "malformed",
        ),
        ("no reason", &[2], "malformed"),
        (
            "a number of 33 bits",
            &[6, 0xff, 0xff, 0xff, 0xff, 0x1f, 0],
            "malformed",
        ),
        ("a target cut short", &opened[..12], "malformed"),
        (
            "a relay that is neither there nor not",
            &[&opened[..22], &[2]].concat(),
            "malformed",
        ),
    ];
    for (name, bytes, why) in bad {
        assert!(RelayMessage::decode(bytes).is_err(), "{name}");
        vectors.push(json!({ "name": name, "hex": hex(bytes), "refused": why }));
    }
    pin(
        "relay_messages.json",
        "Bodies of relay message frames, and refused.",
        vectors,
    );
}
