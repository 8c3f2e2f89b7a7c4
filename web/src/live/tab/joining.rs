//! The tab's way into a ring and out of it: the address that the user has named, and what became of it.

use std::fmt;
use std::time::Duration;

use chordscope_core::base::contact::{Address, ContactError};
use chordscope_core::base::time::Instant;
use chordscope_core::node::api::{Event as NodeEvent, JoinError};
use chordscope_core::peer::Plan;
use chordscope_core::peer::api::Event;

use super::parts::Context;
use super::view;
use crate::live::closeness::Closeness;
use crate::live::talk::{Cause, Connection, Refusal};

/// The longest time that a peer which is there may look for a place for this tab before the user is told, who may leave at any time.
const TIMEOUT: Duration = Duration::from_secs(30);

/// The state of the connection to a ring.
#[derive(Debug)]
pub(super) struct Joining {
    connection: Connection,
    /// The peer that the user has named, and when.
    named: Option<(Address, Instant)>,
    /// The end of the last connection: the reason if the tab does not get in.
    last_end: Option<Cause>,
}

/// The reason why a tab does not even try to join.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NotBegun {
    Address(ContactError),
    Join(JoinError),
}

impl fmt::Display for NotBegun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(error) => error.fmt(f),
            Self::Join(error) => error.fmt(f),
        }
    }
}

impl Joining {
    /// A tab outside of any ring.
    pub(super) const fn new() -> Self {
        Self {
            connection: Connection::Outside,
            named: None,
            last_end: None,
        }
    }

    pub(super) const fn connection(&self) -> &Connection {
        &self.connection
    }

    /// Whether the tab has left the ring, or is about to: links that end then were ended by it.
    pub(super) const fn is_leaving(&self) -> bool {
        matches!(
            self.connection,
            Connection::Outside | Connection::Leaving | Connection::Refused(_)
        )
    }

    /// Dials the peer at an address to join its ring.
    ///
    /// # Errors
    /// [`NotBegun`] where that is no address, or the tab is a member already.
    pub(super) fn join(
        &mut self,
        context: &mut Context<'_>,
        address: &str,
    ) -> Result<(), NotBegun> {
        let address = Address::parse_url(address).map_err(NotBegun::Address)?;
        if context.peer.node().membership().is_member() {
            return Err(NotBegun::Join(JoinError::Already));
        }
        self.last_end = None;
        self.connection = Connection::Connecting(address.to_string());
        self.named = Some((address.clone(), context.now));
        let plan = Plan::Join(vec![address]);
        context.peer.start(context.now, plan, Vec::new());
        Ok(())
    }

    /// Leaves the ring, or stops trying to join one.
    pub(super) fn leave(&mut self, context: &mut Context<'_>) {
        self.connection = match context.peer.node().membership().is_member() {
            true => Connection::Leaving,
            false => Connection::Outside,
        };
        context.peer.leave(context.now);
    }

    /// Whether an address may be dialed. Members of a ring name their own addresses, and could name one that only this machine
    /// reaches: nobody is dialed who is closer to it than the peer that the user has named.
    pub(super) fn may_dial(&self, address: &Address) -> bool {
        let closeness = |address: &Address| Closeness::of(address.url());
        let named = self.named.as_ref();
        named.is_some_and(|(named, _)| closeness(address) <= closeness(named))
    }

    /// Notes the end of a connection, or of an attempt to make one, if that has come.
    pub(super) fn ended(&mut self, cause: Option<Cause>) {
        self.last_end = cause.or_else(|| self.last_end.take());
    }

    /// Takes an event of the peer in. Returns whether the tab is out now, and ends every link.
    pub(super) fn on_event(&mut self, context: &mut Context<'_>, event: &Event) -> bool {
        match event {
            Event::LinkUp { .. } => {
                if let Connection::Connecting(address) = &self.connection {
                    self.connection = Connection::Joining(address.clone());
                }
            }
            Event::Node(NodeEvent::Joined) => self.joined(context),
            Event::Node(NodeEvent::JoinFailed) => self.not_joined(context),
            Event::Node(NodeEvent::Alone) => self.connection = Connection::Alone,
            Event::Node(NodeEvent::Left) => return self.left(),
            // Another node has found this ring of one.
            Event::Node(NodeEvent::Successors(list))
                if self.connection == Connection::Alone && !list.is_empty() =>
            {
                self.joined(context);
            }
            _ => {}
        }
        false
    }

    fn joined(&mut self, context: &mut Context<'_>) {
        // The user may have left meanwhile.
        self.connection = match self.is_leaving() {
            true => {
                context.peer.leave(context.now);
                Connection::Leaving
            }
            false => view::joined(context.peer),
        };
    }

    fn left(&mut self) -> bool {
        match self.connection {
            Connection::Leaving => self.connection = Connection::Outside,
            Connection::Outside | Connection::Refused(_) => {}
            // A ring of one is left for the one that is back.
            _ => {
                self.connection = Connection::Alone;
                return false;
            }
        }
        true
    }

    /// A first attempt that fails is told and not repeated: most likely the address or the peer’s options are wrong. A
    /// tab that was a member keeps trying, and so does one for a while whose peer is there: its ring may be mending itself.
    fn not_joined(&mut self, context: &mut Context<'_>) {
        let (Connection::Connecting(address) | Connection::Joining(address)) = &self.connection
        else {
            return;
        };
        let since = self.named.as_ref().map(|(_, since)| *since);
        let waited = context.now.since(since.unwrap_or(Instant::ZERO));
        if self.last_end.is_none() && waited < TIMEOUT {
            return;
        }
        let address = address.clone();
        let cause = self.last_end.take().unwrap_or(Cause::NoPlace);
        self.connection = Connection::Refused(Refusal { address, cause });
        context.peer.leave(context.now);
    }
}

#[cfg(test)]
mod tests {
    use super::super::parts::fixture::Around;
    use super::*;

    const URL: &str = "ws://192.168.0.1:7340/ws";

    fn connecting() -> (Around, Joining) {
        let (mut around, mut joining) = (Around::new(), Joining::new());
        joining.join(&mut around.context(), URL).unwrap();
        (around, joining)
    }

    fn told(around: &mut Around, joining: &mut Joining, event: NodeEvent) -> bool {
        joining.on_event(&mut around.context(), &Event::Node(event))
    }

    #[test]
    fn a_first_attempt_that_fails_is_told_with_its_cause_and_ends() {
        let (mut around, mut joining) = connecting();
        joining.ended(Some(Cause::Unreachable));
        assert!(!told(&mut around, &mut joining, NodeEvent::JoinFailed));
        let refusal = Refusal {
            address: URL.to_owned(),
            cause: Cause::Unreachable,
        };
        assert_eq!(*joining.connection(), Connection::Refused(refusal));
        assert!(told(&mut around, &mut joining, NodeEvent::Left));
        assert!(matches!(joining.connection(), Connection::Refused(_)));
    }

    #[test]
    fn a_ring_without_a_place_is_given_half_a_minute() {
        let (mut around, mut joining) = connecting();
        told(&mut around, &mut joining, NodeEvent::JoinFailed);
        assert_eq!(
            *joining.connection(),
            Connection::Connecting(URL.to_owned())
        );
        around.now += TIMEOUT;
        told(&mut around, &mut joining, NodeEvent::JoinFailed);
        let cause = match joining.connection() {
            Connection::Refused(refusal) => refusal.cause.clone(),
            other => panic!("{other:?}"),
        };
        assert_eq!(cause, Cause::NoPlace);
    }

    #[test]
    fn a_place_that_comes_after_the_user_has_left_is_given_back() {
        let (mut around, mut joining) = connecting();
        joining.leave(&mut around.context());
        assert_eq!(*joining.connection(), Connection::Outside);
        told(&mut around, &mut joining, NodeEvent::Joined);
        assert_eq!(*joining.connection(), Connection::Leaving);
        assert!(told(&mut around, &mut joining, NodeEvent::Left));
        assert_eq!(*joining.connection(), Connection::Outside);
    }

    #[test]
    fn a_member_that_loses_everybody_is_alone_until_its_ring_is_back() {
        let (mut around, mut joining) = connecting();
        told(&mut around, &mut joining, NodeEvent::Joined);
        assert!(matches!(joining.connection(), Connection::Joined { .. }));
        told(&mut around, &mut joining, NodeEvent::Alone);
        let ends = told(&mut around, &mut joining, NodeEvent::Left);
        assert_eq!((ends, joining.connection()), (false, &Connection::Alone));
        told(&mut around, &mut joining, NodeEvent::Joined);
        assert!(matches!(joining.connection(), Connection::Joined { .. }));
    }

    #[test]
    fn nobody_is_dialed_who_is_closer_than_the_named_peer() {
        let dials = |joining: &Joining, url: &str| {
            let address = Address::parse_url(url).unwrap();
            joining.may_dial(&address)
        };
        assert!(!dials(&Joining::new(), "wss://ring.example/ws"));
        let (_, joining) = connecting();
        assert!(dials(&joining, "wss://ring.example/ws"));
        assert!(dials(&joining, "ws://192.168.0.2:7340/ws"));
        assert!(!dials(&joining, "ws://127.0.0.1:7340/ws"));
    }

    #[test]
    fn a_member_joins_no_second_ring() {
        let (mut around, mut joining) = (Around::alone(), Joining::new());
        let said = joining.join(&mut around.context(), URL);
        assert_eq!(said, Err(NotBegun::Join(JoinError::Already)));
        let said = joining.join(&mut around.context(), "nonsense");
        assert_eq!(said, Err(NotBegun::Address(ContactError::Address)));
    }
}
