//! Clients that do not keep to the protocol are dropped with a reason, and the ring goes on.

use std::io::Read;
use std::sync::Arc;
use std::time::Duration;

use chordscope_core::base::contact::{Address, Contact};
use chordscope_core::base::id::Space;
use chordscope_core::base::identity::{Scheme, Signer};
use chordscope_core::base::rng::Rng;
use chordscope_core::chord::message::{Neighbours, Notice, Request as Ask, Response as Answer};
use chordscope_core::link::handshake::{Handshake, Progress};
use chordscope_core::link::reason::CloseReason;
use chordscope_core::link::session::{Role, Session};
use chordscope_core::message::{Message as RingMessage, Request, Response};
use chordscope_core::wire::codec::{Cards, decode_message, encode_contact, encode_message};
use chordscope_core::wire::frame::{Frame, FrameType, SUB_PROTOCOL};
use futures_util::{SinkExt, StreamExt};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::runtime::Runtime;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Message, protocol::CloseFrame};
use tokio_tungstenite::{WebSocketStream, client_async};

use crate::process::{Home, Process, eventually};

/// The longest wait for a peer to drop a link, which takes five to ten seconds of silence, or no time.
const TIMEOUT: Duration = Duration::from_secs(45);

struct Client {
    socket: WebSocketStream<TcpStream>,
}

impl Client {
    async fn connect(port: u16) -> Self {
        Self::connect_from(port, None).await
    }

    /// Connects as a page of this origin does.
    async fn connect_from(port: u16, origin: Option<&str>) -> Self {
        let stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        let url = format!("ws://127.0.0.1:{port}/ws");
        let mut request = url.into_client_request().unwrap();
        let protocol = SUB_PROTOCOL.parse().unwrap();
        request
            .headers_mut()
            .insert("sec-websocket-protocol", protocol);
        if let Some(origin) = origin {
            let origin = origin.parse().unwrap();
            request.headers_mut().insert("origin", origin);
        }
        let (socket, _) = client_async(request, stream).await.unwrap();
        Self { socket }
    }

    async fn send(&mut self, bytes: &[u8]) {
        // The peer may have closed already.
        let _ = self.socket.send(Message::binary(bytes.to_vec())).await;
    }

    async fn say(&mut self, session: &mut Session, message: &RingMessage) {
        let body = encode_message(message).unwrap();
        let frame = Frame::on_link(FrameType::Message, &body).encode();
        self.send(&session.seal(frame)).await;
    }

    async fn receive(&mut self) -> Vec<u8> {
        match self.socket.next().await {
            Some(Ok(Message::Binary(bytes))) => bytes.to_vec(),
            other => panic!("{other:?}"),
        }
    }

    /// The reason that the peer gives for closing.
    async fn closed(mut self) -> CloseFrame {
        let closed = async {
            while let Some(message) = self.socket.next().await {
                if let Ok(Message::Close(Some(frame))) = message {
                    return frame;
                }
            }
            panic!("closed without a reason");
        };
        tokio::time::timeout(TIMEOUT, closed).await.unwrap()
    }

    /// An honest handshake; gives the session and what was sent.
    async fn shake_hands(&mut self, signer: &Signer) -> (Session, [Vec<u8>; 2]) {
        let mut rng = Rng::from_seed(1, 0);
        let (mut handshake, hello) =
            Handshake::start(Role::Initiator, signer, 0, "main", false, &mut rng);
        self.send(&hello).await;
        let theirs = self.receive().await;
        let Ok(Progress::Reply(proof)) = handshake.handle(signer, &theirs) else {
            panic!("no hello came");
        };
        self.send(&proof).await;
        let theirs = self.receive().await;
        let Ok(Progress::Done { session, .. }) = handshake.handle(signer, &theirs) else {
            panic!("no proof came");
        };
        (session, [hello, proof])
    }
}

fn drops(peer: &Process, reason: CloseReason) -> u64 {
    let name = reason.as_str();
    peer.metric(&format!(
        "chordscope_links_closed_total{{reason=\"{name}\"}}"
    ))
}

/// Lets a client misbehave at a peer of a ring; it must be dropped for this reason, and the ring must go on.
fn dropped<F: Future<Output = Client>>(reason: CloseReason, misbehave: impl Fn(u16) -> F) {
    let home = Home::new();
    let peers = home.ring(3);
    let before = drops(&peers[0], reason);
    let port = peers[0].port();
    let frame = Runtime::new().unwrap().block_on(async {
        let client = misbehave(port).await;
        client.closed().await
    });
    assert_eq!(u16::from(frame.code), reason.code(), "{frame}");
    assert_eq!(frame.reason.as_str(), reason.to_string());
    assert!(drops(&peers[0], reason) > before);
    let put = home
        .json(&["put", "name", "value", "--peer", peers[1].url()])
        .unwrap();
    // A disk that stalls may cost one acknowledgement in time; two survive any one death.
    assert_eq!(put["copies"], 3, "{put}");
    home.wait_for_ring(&peers.iter().collect::<Vec<_>>());
}

#[test]
fn a_page_from_elsewhere_is_told_why_it_is_turned_away() {
    let home = Home::new();
    let first = home.peer("first", 0, None);
    let second = home.peer("second", 0, Some(&first));
    let first_page = first.url().to_string();
    let second_page = second.url().to_string();
    let cases = [
        (&first, "https://evil.example", false),
        (&first, "null", false),
        (&first, &first_page, true),
        (&second, &second_page, true),
        // A tab that came from the first finds its second relay here; nobody told the first of the second.
        (&second, &first_page, true),
        (&first, &second_page, false),
    ];
    for (peer, origin, welcome) in cases {
        let (port, before) = (peer.port(), refused_origins(peer));
        let first_word = Runtime::new().unwrap().block_on(async {
            let mut client = Client::connect_from(port, Some(origin)).await;
            client.socket.next().await
        });
        match first_word {
            Some(Ok(Message::Binary(_))) => assert!(welcome, "{origin}"),
            Some(Ok(Message::Close(Some(frame)))) => {
                assert!(!welcome, "{origin}");
                assert_eq!(u16::from(frame.code), CloseReason::OriginRefused.code());
                assert_eq!(refused_origins(peer), before + 1);
            }
            other => panic!("{origin}: {other:?}"),
        }
    }
}

#[test]
fn a_peer_in_public_dials_no_private_address_that_a_member_names() {
    let home = Home::new();
    // The address is what others are told; it listens on loopback as all peers here do.
    let peer = home.start(&[
        "peer",
        "--listen",
        "127.0.0.1:0",
        "--advertise",
        "ws://203.0.113.7:7340",
        "--data",
        home.path("public").to_str().unwrap(),
    ]);
    eventually("it has begun a ring", || {
        let status = home.json(&["status", "--peer", peer.url()])?;
        (status["ring"] == "Forming").then_some(())
    });
    let target = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    target.set_nonblocking(true).unwrap();
    let named = format!("ws://{}", target.local_addr().unwrap());
    let me = Space::FULL.parse(peer.id()).unwrap();
    Runtime::new().unwrap().block_on(async {
        let mut client = Client::connect(peer.port()).await;
        let signer = Signer::ed25519([7; 32]);
        let (mut session, _) = client.shake_hands(&signer).await;
        let address = Address::parse_url(&named).unwrap();
        let sign = |signer: &Signer| {
            Contact::sign(Space::FULL, signer, 0, 1, vec![address.clone()]).unwrap()
        };
        let contact = sign(&signer);
        let introduction = encode_contact(&contact).unwrap();
        let frame = Frame::on_link(FrameType::Introduction, &introduction).encode();
        client.send(&session.seal(frame)).await;
        client
            .say(&mut session, &RingMessage::Notice(Notice::Notify))
            .await;
        // Asked for its neighbours, it names one that would be the peer's next, at the private address.
        let other = (8..).map(|secret| sign(&Signer::ed25519([secret; 32])));
        let between = |other: &Contact| other.id().is_between(me, contact.id());
        let predecessor = other.into_iter().find(between);
        assert!(predecessor.is_some());
        let mut cards = Cards::new(Space::FULL, Scheme::ED25519);
        let mut answers = 0;
        loop {
            let bytes = client.receive().await;
            let frame = Frame::decode(session.open(&bytes).unwrap()).unwrap();
            if frame.kind != FrameType::Message {
                continue;
            }
            match decode_message(frame.body, &mut cards).unwrap() {
                RingMessage::Request(number, Request::Chord(Ask::Neighbours)) => {
                    let neighbours = Neighbours {
                        predecessor: predecessor.clone(),
                        successors: Arc::default(),
                    };
                    let answer = Response::Chord(Answer::Neighbours(neighbours));
                    client
                        .say(&mut session, &RingMessage::Response(number, answer))
                        .await;
                    answers += 1;
                }
                // The first answer made this one its successor. With the second it has tried the other in vain, and comes back.
                RingMessage::Notice(Notice::Notify) if answers == 2 => break,
                _ => {}
            }
        }
    });
    let nobody = target.accept().err().map(|error| error.kind());
    assert_eq!(nobody, Some(std::io::ErrorKind::WouldBlock));
}

fn refused_origins(peer: &Process) -> u64 {
    peer.metric("chordscope_requests_refused_total{reason=\"origin\"}")
}

#[test]
fn garbage_is_dropped() {
    dropped(CloseReason::Flag, |port| async move {
        let mut client = Client::connect(port).await;
        client.send(b"GET / HTTP/1.1").await;
        client
    });
}

#[test]
fn text_is_dropped() {
    dropped(CloseReason::Text, |port| async move {
        let mut client = Client::connect(port).await;
        let _ = client.socket.send(Message::text("hello")).await;
        client
    });
}

#[test]
fn a_long_frame_before_the_handshake_is_dropped() {
    dropped(CloseReason::TooLarge, |port| async move {
        let mut client = Client::connect(port).await;
        client.send(&[0x10; 513]).await;
        client
    });
}

#[test]
fn a_frame_beyond_the_limit_is_dropped_at_any_time() {
    dropped(CloseReason::TooLarge, |port| async move {
        let mut client = Client::connect(port).await;
        client.shake_hands(&Signer::ed25519([7; 32])).await;
        client.send(&vec![0; 100 * 1024]).await;
        client
    });
}

#[test]
fn a_frame_without_the_right_tag_is_dropped() {
    dropped(CloseReason::BadTag, |port| async move {
        let mut client = Client::connect(port).await;
        client.shake_hands(&Signer::ed25519([7; 32])).await;
        client.send(&[0; 100]).await;
        client
    });
}

#[test]
fn a_claimed_key_without_its_secret_is_dropped() {
    dropped(CloseReason::ForgedIdentity, |port| async move {
        let mut client = Client::connect(port).await;
        let (claimed, own) = (Signer::ed25519([7; 32]), Signer::ed25519([8; 32]));
        let mut rng = Rng::from_seed(1, 0);
        let (mut handshake, hello) =
            Handshake::start(Role::Initiator, &claimed, 0, "main", false, &mut rng);
        client.send(&hello).await;
        let theirs = client.receive().await;
        let Ok(Progress::Reply(proof)) = handshake.handle(&own, &theirs) else {
            panic!("no hello came");
        };
        client.send(&proof).await;
        client
    });
}

#[test]
fn an_introduction_as_somebody_else_is_dropped() {
    dropped(CloseReason::WrongCard, |port| async move {
        let mut client = Client::connect(port).await;
        let (mut session, _) = client.shake_hands(&Signer::ed25519([7; 32])).await;
        let other = Signer::ed25519([8; 32]);
        let contact = Contact::sign(Space::FULL, &other, 0, 1, Vec::new()).unwrap();
        let body = encode_contact(&contact).unwrap();
        let frame = Frame::on_link(FrameType::Introduction, &body).encode();
        client.send(&session.seal(frame)).await;
        client
    });
}

#[test]
fn a_recorded_handshake_is_dropped() {
    dropped(CloseReason::ForgedIdentity, |port| async move {
        let mut honest = Client::connect(port).await;
        let (_, recorded) = honest.shake_hands(&Signer::ed25519([7; 32])).await;
        let mut client = Client::connect(port).await;
        for frame in recorded {
            client.send(&frame).await;
        }
        client
    });
}

#[test]
fn each_broken_rule_is_told_by_name() {
    fn sealed(session: &mut Session, kind: FrameType, body: &[u8]) -> Vec<u8> {
        session.seal(Frame::on_link(kind, body).encode())
    }
    let home = Home::new();
    let peer = home.peer("peer", 0, None);
    let signer = Signer::ed25519([7; 32]);
    let contact = Contact::sign(Space::FULL, &signer, 0, 1, Vec::new()).unwrap();
    let card = encode_contact(&contact).unwrap();
    let cases = [
        (
            CloseReason::FrameType,
            Frame::on_link(FrameType::Hello, b"").encode(),
            0,
        ),
        (
            CloseReason::OutOfTurn,
            Frame::on_link(FrameType::Proof, &[0; 64]).encode(),
            0,
        ),
        (CloseReason::EarlyCircuit, b"\x01\0\x07\0\0\0".to_vec(), 0),
        (CloseReason::Hello, b"\x01\0\0\0\0\0".to_vec(), 0),
        (CloseReason::ShortFrame, b"\x01\0".to_vec(), 0),
        (CloseReason::BeforeIntroduction, vec![], 1),
        (CloseReason::Message, b"\x7f".to_vec(), 2),
        (CloseReason::StaleCard, card.clone(), 3),
        (CloseReason::RelayMessage, b"\x7f".to_vec(), 4),
        (CloseReason::Block, b"short".to_vec(), 5),
    ];
    for (reason, mut bytes, stage) in cases {
        if reason == CloseReason::FrameType {
            bytes[0] = 0x7f;
        }
        let frame = Runtime::new().unwrap().block_on(async {
            let mut client = Client::connect(peer.port()).await;
            if stage > 0 {
                let (mut session, _) = client.shake_hands(&signer).await;
                if stage > 1 {
                    let frame = sealed(&mut session, FrameType::Introduction, &card);
                    client.send(&frame).await;
                }
                let kind = match stage {
                    3 => FrameType::Introduction,
                    4 => FrameType::Relay,
                    5 => FrameType::Block,
                    _ => FrameType::Message,
                };
                bytes = sealed(&mut session, kind, &bytes);
            }
            client.send(&bytes).await;
            client.closed().await
        });
        assert_eq!(u16::from(frame.code), 4_001, "{reason}: {frame}");
        assert_eq!(frame.reason.as_str(), reason.to_string());
        assert_eq!(drops(&peer, reason), 1, "{reason}");
    }
    assert_eq!(drops(&peer, CloseReason::Garbage), 0);
}

#[test]
fn each_broken_rule_of_websockets_is_told_by_name() {
    let home = Home::new();
    let peer = home.peer("peer", 0, None);
    let long_ping = [&[0x89, 0xfe, 0, 126, 0, 0, 0, 0][..], &[0; 126]].concat();
    let cases: [(CloseReason, &[u8]); 8] = [
        (CloseReason::Unmasked, b"\x82\x05hello"),
        (CloseReason::Opcode, b"\x83\x80\0\0\0\0"),
        (CloseReason::Opcode, b"\x8b\x80\0\0\0\0"),
        (CloseReason::ReservedBit, b"\xc2\x80\0\0\0\0"),
        (CloseReason::ControlFrame, b"\x09\x80\0\0\0\0"),
        (CloseReason::ControlFrame, &long_ping),
        (CloseReason::Fragment, b"\x80\x80\0\0\0\0"),
        (CloseReason::Fragment, b"\x02\x80\0\0\0\0\x82\x80\0\0\0\0"),
    ];
    for (reason, bytes) in cases {
        let before = drops(&peer, reason);
        let frame = Runtime::new().unwrap().block_on(async {
            let mut client = Client::connect(peer.port()).await;
            client.socket.get_mut().write_all(bytes).await.unwrap();
            client.closed().await
        });
        assert_eq!(u16::from(frame.code), 4_001, "{reason}: {frame}");
        assert_eq!(frame.reason.as_str(), reason.to_string());
        assert_eq!(drops(&peer, reason), before + 1, "{reason}");
    }
    assert_eq!(drops(&peer, CloseReason::WebSocket), 0);
}

#[test]
fn a_close_frame_is_answered_and_its_reason_logged_and_counted() {
    let home = Home::new();
    let log = home.path("log");
    let data = home.path("peer").display().to_string();
    let mut command = home.command(&[
        "peer",
        "--listen",
        "127.0.0.1:0",
        "--data",
        &data,
        "-v",
        "--json",
    ]);
    command.stderr(std::fs::File::create(&log).unwrap());
    let peer = home.run(command);
    let by_others = |reason: &str| {
        peer.metric(&format!(
            "chordscope_links_closed_by_others_total{{reason=\"{reason}\"}}"
        ))
    };
    let gone = drops(&peer, CloseReason::Gone);
    for (code, text, label, after_handshake) in [
        (4_012, "this node leaves the ring", "leaving", false),
        (4_005, "a frame's tag is wrong", "bad_tag", true),
        (1_000, "", "other", true),
        (4_999, "of a later version", "other", false),
    ] {
        let before = by_others(label);
        let answer = Runtime::new().unwrap().block_on(async {
            let mut client = Client::connect(peer.port()).await;
            if after_handshake {
                client.shake_hands(&Signer::ed25519([7; 32])).await;
            }
            let frame = CloseFrame {
                code: code.into(),
                reason: text.into(),
            };
            client.socket.close(Some(frame)).await.unwrap();
            client.closed().await
        });
        assert_eq!(u16::from(answer.code), code, "{answer}");
        eventually("the close is counted", || {
            (by_others(label) == before + 1).then_some(())
        });
        let said = match text {
            "" => format!("link closed by the other side, {code}"),
            text => format!("link closed by the other side, {code} \"{text}\""),
        };
        eventually("the close is logged", || {
            let log = std::fs::read_to_string(&log).unwrap();
            log.contains(&said).then_some(())
        });
    }
    assert_eq!(drops(&peer, CloseReason::Gone), gone);
}

#[test]
fn silence_is_dropped() {
    dropped(CloseReason::HandshakeTimeout, |port| async move {
        // One that says nothing at all, not even HTTP, goes as well.
        let mut silent = std::net::TcpStream::connect(("127.0.0.1", port)).unwrap();
        silent.set_read_timeout(Some(TIMEOUT)).unwrap();
        let silence = tokio::task::spawn_blocking(move || silent.read(&mut [0; 512]));
        let client = Client::connect(port).await;
        assert!(silence.await.unwrap().is_ok(), "still open");
        client
    });
}

#[test]
fn many_connections_at_once_do_not_stop_a_peer() {
    let home = Home::new();
    let peer = home.peer("peer", 0, None);
    let port = peer.port();
    let held: Vec<_> = (0..500)
        .map_while(|_| std::net::TcpStream::connect(("127.0.0.1", port)).ok())
        .collect();
    // While all others are open, one is turned away: it is closed without a byte.
    let mut last = held.last().unwrap();
    last.set_read_timeout(Some(TIMEOUT)).unwrap();
    assert!(!matches!(last.read(&mut [0; 16]), Ok(1..)));
    drop(held);
    eventually("it answers again", || {
        home.json(&["put", "name", "value", "--peer", peer.url()])
    });
    assert!(peer.metric("chordscope_connections_refused_total") > 0);
}
