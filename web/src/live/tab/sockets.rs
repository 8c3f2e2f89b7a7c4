//! The sockets behind the peer's links: dialing, what goes out and comes in, and how each of them ends.

use std::collections::BTreeMap;

use chordscope_core::base::contact::Address;
use chordscope_core::link::reason::CloseReason;
use chordscope_core::peer::api::LinkId;

use super::parts::Context;
use crate::live::talk::Cause;

/// The bytes that may wait to be sent over one socket. The core hands on much less than this to a link that takes what it is sent.
const MAX_QUEUED: usize = 2 << 20;
/// The number of looks, a millisecond apart, at a socket of which nothing leaves: a browser's buffer empties in jerks. From then on
/// the pause doubles, this many times at most: to 128 ms.
const QUICK_LOOKS: u32 = 32;
const DOUBLINGS: u32 = 7;
/// The code that a browser gives for a connection that was lost without a close frame (RFC 6455 §7.1.5).
const LOST: u16 = 1_006;

/// A means to open sockets.
pub(super) trait Dialer {
    type Socket: Socket;

    /// Opens a socket; none if the browser does not even try. What becomes of it comes as [`Heard`].
    fn dial(&self, link: LinkId, address: &Address) -> Option<Self::Socket>;
}

/// A socket of the browser. It ends when dropped.
pub(super) trait Socket {
    /// Ends the wait for it to open.
    fn opened(&mut self);
    /// Sends a frame; `false` where it is closed already.
    fn send(&self, frame: &[u8]) -> bool;
    /// The number of bytes that were sent and have not left yet.
    fn queued(&self) -> usize;
    /// Closes it behind what is queued, with this reason for the other side.
    fn close(self, reason: CloseReason);
}

/// News of a socket.
#[derive(Debug)]
pub(super) enum Heard {
    /// The socket is open.
    Opened,
    /// A frame has come.
    Frame(Vec<u8>),
    /// Something has come that no peer sends.
    Wrong(CloseReason),
    /// The socket is closed, or never opened; with the code and the words of the other side.
    Closed(u16, String),
    /// The socket has not opened in good time.
    Overdue,
}

/// All sockets of a tab.
#[derive(Debug)]
pub(super) struct Sockets<D: Dialer> {
    dialer: D,
    links: BTreeMap<LinkId, Link<D::Socket>>,
    last: u64,
}

#[derive(Debug)]
struct Link<S> {
    socket: S,
    address: Address,
    is_open: bool,
    /// The bytes handed to the socket of which it is not known yet that they have left.
    waiting: usize,
    /// The number of looks in a row at which none had left.
    vain_looks: u32,
}

impl<S: Socket> Link<S> {
    /// The milliseconds until it is looked next whether bytes have left.
    fn pause(&self) -> u32 {
        1 << self.vain_looks.saturating_sub(QUICK_LOOKS).min(DOUBLINGS)
    }
}

impl<D: Dialer> Sockets<D> {
    pub(super) const fn new(dialer: D) -> Self {
        Self {
            dialer,
            links: BTreeMap::new(),
            last: 0,
        }
    }

    /// Opens a socket. Returns the cause if that fails at once.
    pub(super) fn dial(&mut self, context: &mut Context<'_>, address: Address) -> Option<Cause> {
        self.last += 1;
        let id = LinkId(self.last);
        let Some(socket) = self.dialer.dial(id, &address) else {
            return Some(refuse(context, &address, Cause::Unreachable));
        };
        let link = Link {
            socket,
            address,
            is_open: false,
            waiting: 0,
            vain_looks: 0,
        };
        self.links.insert(id, link);
        None
    }

    /// Sends a frame. A link over which too much waits already is broken.
    pub(super) fn send(&mut self, context: &mut Context<'_>, id: LinkId, frame: &[u8]) {
        let Some(link) = self.links.get_mut(&id) else {
            return;
        };
        if link.socket.queued().saturating_add(frame.len()) > MAX_QUEUED {
            let peer = &mut *context.peer;
            return peer.handle_broken(context.now, id, CloseReason::QueueFull);
        }
        // A socket that has just closed says so itself.
        if link.socket.send(frame) {
            if link.waiting == 0 {
                link.vain_looks = 0;
            }
            link.waiting += frame.len();
        }
    }

    /// Closes a socket that the peer is done with. Returns the cause, unless it had ended already.
    pub(super) fn close(&mut self, id: LinkId, reason: CloseReason) -> Option<Cause> {
        let link = self.links.remove(&id)?;
        link.socket.close(reason);
        Some(Cause::Broken(reason.to_string()))
    }

    /// Closes every socket, also those that are not open yet.
    pub(super) fn hang_up(&mut self, context: &mut Context<'_>) {
        let (now, reason) = (context.now, CloseReason::Leaving);
        for (id, link) in std::mem::take(&mut self.links) {
            match link.is_open {
                true => context.peer.handle_broken(now, id, reason),
                false => context.peer.handle_dial_failed(now, &link.address),
            }
            link.socket.close(reason);
        }
    }

    /// Tells the peer what has left over each link.
    pub(super) fn tell_written(&mut self, context: &mut Context<'_>) {
        for (id, link) in &mut self.links {
            let left = link.waiting.saturating_sub(link.socket.queued());
            if left > 0 {
                link.waiting -= left;
                link.vain_looks = 0;
                context.peer.handle_written(context.now, *id, left);
            }
        }
    }

    /// The time to look again was there: sockets of which nothing has left are looked at more seldom.
    pub(super) fn looked(&mut self) {
        for link in self.links.values_mut() {
            let is_stalled = link.waiting > 0 && link.socket.queued() >= link.waiting;
            if is_stalled {
                link.vain_looks = link.vain_looks.saturating_add(1);
            }
        }
    }

    /// The milliseconds until it is to be looked again whether bytes have left; none where it is known of all.
    pub(super) fn next_look(&self) -> Option<u32> {
        let writing = self.links.values().filter(|link| link.waiting > 0);
        writing.map(Link::pause).min()
    }

    /// Tells the peer the news of a socket. Returns the cause if that is its end.
    pub(super) fn heard(
        &mut self,
        context: &mut Context<'_>,
        id: LinkId,
        heard: Heard,
    ) -> Option<Cause> {
        let (now, peer) = (context.now, &mut *context.peer);
        let link = self.links.get_mut(&id)?;
        match heard {
            Heard::Opened => {
                link.is_open = true;
                link.socket.opened();
                peer.handle_dialed(now, id, &link.address);
                None
            }
            Heard::Frame(frame) => {
                peer.handle_frame(now, id, frame);
                None
            }
            Heard::Wrong(reason) => {
                peer.handle_broken(now, id, reason);
                Some(Cause::Broken(reason.to_string()))
            }
            Heard::Closed(code, words) => self.closed(context, id, code, words),
            Heard::Overdue => {
                let link = self.links.remove(&id)?;
                // Otherwise it might still open, with nobody to use it.
                link.socket.close(CloseReason::HandshakeTimeout);
                Some(refuse(context, &link.address, Cause::Silent))
            }
        }
    }

    fn closed(
        &mut self,
        context: &mut Context<'_>,
        id: LinkId,
        code: u16,
        words: String,
    ) -> Option<Cause> {
        let link = self.links.remove(&id)?;
        let is_lost = code == LOST;
        match (link.is_open, is_lost) {
            (true, true) => context.peer.handle_closed(context.now, id),
            (true, false) => {
                let peer = &mut *context.peer;
                peer.handle_goodbye(context.now, id, code, &words);
            }
            // The browser says no more of anything that failed before it was open.
            (false, true) => return Some(refuse(context, &link.address, Cause::Unreachable)),
            (false, false) => context.peer.handle_dial_failed(context.now, &link.address),
        }
        Some(Cause::Closed(code, words))
    }
}

/// Tells the peer that an address was dialed in vain. Returns the cause.
pub(super) fn refuse(context: &mut Context<'_>, address: &Address, cause: Cause) -> Cause {
    context.peer.handle_dial_failed(context.now, address);
    cause
}

#[cfg(test)]
mod tests {
    use std::cell::{Cell, RefCell};
    use std::rc::Rc;

    use chordscope_core::peer::Plan;
    use chordscope_core::peer::api::{Event, Output};

    use super::super::parts::fixture::Around;
    use super::*;

    /// Sockets in memory, with one buffer for all.
    #[derive(Clone, Debug, Default)]
    struct Pretended {
        refuses: bool,
        buffer: Rc<Cell<usize>>,
        closed: Rc<RefCell<Vec<CloseReason>>>,
    }

    impl Dialer for Pretended {
        type Socket = Self;

        fn dial(&self, _: LinkId, _: &Address) -> Option<Self> {
            (!self.refuses).then(|| self.clone())
        }
    }

    impl Socket for Pretended {
        fn opened(&mut self) {}

        fn send(&self, frame: &[u8]) -> bool {
            self.buffer.set(self.buffer.get() + frame.len());
            true
        }

        fn queued(&self) -> usize {
            self.buffer.get()
        }

        fn close(self, reason: CloseReason) {
            self.closed.borrow_mut().push(reason);
        }
    }

    const FIRST: LinkId = LinkId(1);

    /// A tab that joins through the peer of an address, and has dialed it.
    fn dialed(pretended: &Pretended) -> (Around, Sockets<Pretended>, Option<Cause>) {
        let mut around = Around::new();
        let address = Address::parse_url("ws://127.0.0.1:7340").unwrap();
        let plan = Plan::Join(vec![address.clone()]);
        around.peer.start(around.now, plan, Vec::new());
        assert_eq!(around.settle(), [Output::Dial(address.clone())]);
        let mut sockets = Sockets::new(pretended.clone());
        let cause = sockets.dial(&mut around.context(), address);
        (around, sockets, cause)
    }

    /// The same, with the socket open and the first frame of the handshake sent.
    fn opened(pretended: &Pretended) -> (Around, Sockets<Pretended>) {
        let (mut around, mut sockets, cause) = dialed(pretended);
        assert_eq!(cause, None);
        let context = &mut around.context();
        assert_eq!(sockets.heard(context, FIRST, Heard::Opened), None);
        for output in around.settle() {
            if let Output::Send { link, frame } = output {
                sockets.send(&mut around.context(), link, &frame);
            }
        }
        (around, sockets)
    }

    fn closed(code: u16, words: &str) -> Heard {
        Heard::Closed(code, words.to_owned())
    }

    #[test]
    fn a_socket_that_never_opens_tells_why() {
        let refused = Pretended {
            refuses: true,
            ..Pretended::default()
        };
        let (_, sockets, cause) = dialed(&refused);
        assert_eq!(cause, Some(Cause::Unreachable));
        assert!(sockets.links.is_empty());
        let said = Cause::Closed(4_008, "full".to_owned());
        for (heard, expected) in [
            (closed(LOST, ""), Cause::Unreachable),
            (closed(4_008, "full"), said),
            (Heard::Overdue, Cause::Silent),
        ] {
            let (mut around, mut sockets, _) = dialed(&Pretended::default());
            let cause = sockets.heard(&mut around.context(), FIRST, heard);
            assert_eq!(cause, Some(expected));
            assert!(sockets.links.is_empty());
        }
    }

    #[test]
    fn a_socket_that_is_overdue_does_not_open_any_more() {
        let pretended = Pretended::default();
        let (mut around, mut sockets, _) = dialed(&pretended);
        sockets.heard(&mut around.context(), FIRST, Heard::Overdue);
        assert_eq!(*pretended.closed.borrow(), [CloseReason::HandshakeTimeout]);
    }

    #[test]
    fn the_peer_hears_how_an_open_socket_ended() {
        for (heard, reason) in [
            (closed(LOST, ""), CloseReason::Gone),
            (
                closed(CloseReason::Leaving.code(), "it leaves"),
                CloseReason::Leaving,
            ),
        ] {
            let (mut around, mut sockets) = opened(&Pretended::default());
            let cause = sockets.heard(&mut around.context(), FIRST, heard);
            assert!(matches!(cause, Some(Cause::Closed(..))));
            let events = around.events();
            let is_end = |event: &Event| matches!(event, Event::LinkDown { reason: is, .. } if *is == reason);
            assert!(events.iter().any(is_end), "{events:?}");
            assert!(sockets.links.is_empty());
        }
    }

    #[test]
    fn nothing_is_said_of_a_socket_that_was_closed_before() {
        let pretended = Pretended::default();
        let (mut around, mut sockets) = opened(&pretended);
        let cause = sockets.close(FIRST, CloseReason::Idle);
        assert_eq!(cause, Some(Cause::Broken(CloseReason::Idle.to_string())));
        assert_eq!(sockets.close(FIRST, CloseReason::Idle), None);
        let late = sockets.heard(&mut around.context(), FIRST, closed(LOST, ""));
        assert_eq!(late, None);
        assert_eq!(*pretended.closed.borrow(), [CloseReason::Idle]);
    }

    #[test]
    fn bytes_are_waited_for_until_they_have_left() {
        let pretended = Pretended::default();
        let (mut around, mut sockets) = opened(&pretended);
        let sent = pretended.buffer.get();
        assert!(sent > 0, "a handshake begins with a frame of the dialer");
        sockets.tell_written(&mut around.context());
        assert_eq!(sockets.next_look(), Some(1));
        pretended.buffer.set(1);
        sockets.tell_written(&mut around.context());
        assert_eq!(sockets.links[&FIRST].waiting, 1);
        pretended.buffer.set(0);
        sockets.tell_written(&mut around.context());
        assert_eq!(sockets.next_look(), None);
    }

    #[test]
    fn a_socket_of_which_nothing_leaves_is_looked_at_more_and_more_seldom() {
        let pretended = Pretended::default();
        let (mut around, mut sockets) = opened(&pretended);
        let mut pauses = Vec::new();
        for _ in 0..QUICK_LOOKS + 9 {
            sockets.looked();
            sockets.tell_written(&mut around.context());
            pauses.extend(sockets.next_look());
        }
        let (quick, slow) = pauses.split_at(QUICK_LOOKS as usize);
        assert!(quick.iter().all(|pause| *pause == 1), "{quick:?}");
        assert_eq!(slow, [2, 4, 8, 16, 32, 64, 128, 128, 128]);
        let queued = pretended.buffer.get();
        pretended.buffer.set(queued - 1);
        sockets.looked();
        sockets.tell_written(&mut around.context());
        assert_eq!(sockets.next_look(), Some(1));
    }

    #[test]
    fn a_socket_that_takes_nothing_any_more_is_broken() {
        let pretended = Pretended::default();
        let (mut around, mut sockets) = opened(&pretended);
        pretended.buffer.set(MAX_QUEUED - 1);
        sockets.send(&mut around.context(), FIRST, b"ab");
        let close = Output::Close {
            link: FIRST,
            reason: CloseReason::QueueFull,
        };
        assert!(around.settle().contains(&close));
    }

    #[test]
    fn a_tab_that_leaves_hangs_up_on_everybody() {
        let pretended = Pretended::default();
        let (mut around, mut sockets) = opened(&pretended);
        let other = Address::parse_url("ws://127.0.0.1:7341").unwrap();
        sockets.dial(&mut around.context(), other);
        sockets.hang_up(&mut around.context());
        assert!(sockets.links.is_empty());
        assert_eq!(*pretended.closed.borrow(), [CloseReason::Leaving; 2]);
    }
}
