//! The interface between the tab's driver and its parts: the context of a call, and the events that come from outside.

use std::fmt;
use std::rc::Rc;

use chordscope_core::base::time::Instant;
use chordscope_core::peer::Peer;
use chordscope_core::peer::api::LinkId;

use super::sockets::Heard;
use super::transfers;
use crate::live::talk::Command;

/// The context of a call to a part.
pub(super) struct Context<'a> {
    pub(super) now: Instant,
    pub(super) peer: &'a mut Peer,
}

impl<'a> Context<'a> {
    pub(super) const fn new(now: Instant, peer: &'a mut Peer) -> Self {
        Self { now, peer }
    }
}

/// An event for the tab's driver.
#[derive(Debug)]
pub(super) enum Event {
    /// The peer runs, and the page has heard nothing of it yet.
    Started,
    /// A command of the page, and the number that its answer carries.
    Command(u32, Command),
    /// News of a socket.
    Socket(LinkId, Heard),
    /// The peer's next deadline.
    Due,
    /// The moment to look what has left over the sockets.
    Drained,
    /// The end of a job of the transfers.
    Transfers(transfers::Event),
    /// The moment to publish the state.
    StateDue,
}

/// The way of events to the driver, for timers, sockets and jobs.
#[derive(Clone)]
pub(super) struct Inbox(Rc<dyn Fn(Event)>);

impl Inbox {
    pub(super) fn new(take: impl Fn(Event) + 'static) -> Self {
        Self(Rc::new(take))
    }

    /// Hands an event to the driver, which carries out at once all that follows from it.
    pub(super) fn tell(&self, event: Event) {
        (self.0)(event);
    }
}

impl fmt::Debug for Inbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Inbox")
    }
}

/// Surroundings for tests of a part, instead of a driver.
#[cfg(test)]
pub(super) mod fixture {
    use chordscope_core::base::identity::Signer;
    use chordscope_core::node::api::StorageEvent;
    use chordscope_core::peer::Config;
    use chordscope_core::peer::api::{Event as PeerEvent, Output};

    use super::*;

    /// A tab's peer and its time.
    pub(in crate::live::tab) struct Around {
        pub(in crate::live::tab) now: Instant,
        pub(in crate::live::tab) peer: Peer,
    }

    impl Around {
        /// A tab in no ring.
        pub(in crate::live::tab) fn new() -> Self {
            let signer = Signer::ed25519([1; 32]);
            let config = Config::relayed();
            Self {
                now: Instant::ZERO,
                peer: Peer::new(config, signer, Vec::new(), 1, [2; 32]).unwrap(),
            }
        }

        /// A tab in a ring of one.
        pub(in crate::live::tab) fn alone() -> Self {
            let mut around = Self::new();
            around.peer.create(around.now);
            around
        }

        pub(in crate::live::tab) fn context(&mut self) -> Context<'_> {
            Context::new(self.now, &mut self.peer)
        }

        /// Lets the peer store all that it has to. Returns its other outputs.
        pub(in crate::live::tab) fn settle(&mut self) -> Vec<Output> {
            let mut others = Vec::new();
            while let Some(output) = self.peer.poll_output() {
                match output {
                    Output::StoreRecord { token, .. } => {
                        let stored = StorageEvent::Stored(token);
                        self.peer.handle_storage(self.now, stored);
                    }
                    other => others.push(other),
                }
            }
            others
        }

        /// The events among what the peer puts out.
        pub(in crate::live::tab) fn events(&mut self) -> Vec<PeerEvent> {
            let outputs = self.settle().into_iter();
            let event = |output| match output {
                Output::Event(event) => Some(event),
                _ => None,
            };
            outputs.filter_map(event).collect()
        }
    }
}
