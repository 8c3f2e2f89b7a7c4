//! The open links of a peer, by number, and the connections on their way to become some.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use chordscope_core::base::contact::Address;
use chordscope_core::link::reason::CloseReason;
use chordscope_core::peer::api::LinkId;
use futures_util::future::join_all;
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::handle::{Input, Open};
use crate::address_space::AddressSpace;
use crate::links::{self, Inbox, Inside, Outbox};

/// The longest time for neighbours to hear that this peer has left.
const GOODBYE_TIMEOUT: Duration = Duration::from_secs(1);

/// The links, and what new ones need.
pub(super) struct Sockets {
    open: HashMap<LinkId, Outbox>,
    next: u64,
    inputs: mpsc::Sender<Input>,
    /// The number of times that links had to wait because they brought too many small frames.
    waits: Arc<AtomicU64>,
    /// The address space that contacts may be in; addresses that the user has named may be anywhere.
    within: AddressSpace,
    /// The peers that are reached in memory.
    inside: Inside,
}

impl Sockets {
    pub(super) fn new(
        inputs: mpsc::Sender<Input>,
        waits: Arc<AtomicU64>,
        (within, inside): (AddressSpace, Inside),
    ) -> Self {
        Self {
            open: HashMap::new(),
            next: 0,
            inputs,
            waits,
            within,
            inside,
        }
    }

    /// Numbers an open connection, and begins to read from it.
    pub(super) fn open(&mut self, open: Open) -> LinkId {
        self.next += 1;
        let link = LinkId(self.next);
        let outbox = open(Inbox {
            link,
            inputs: self.inputs.clone(),
            waits: Arc::clone(&self.waits),
        });
        self.open.insert(link, outbox);
        link
    }

    /// Connects to an address; what comes of it is an input.
    pub(super) fn dial(&self, address: Address, is_named: bool) {
        let (inputs, inside) = (self.inputs.clone(), self.inside.clone());
        let within = match is_named {
            true => AddressSpace::Loopback,
            false => self.within,
        };
        tokio::spawn(async move {
            let open = links::dial(&address, within, &inside).await;
            let _ = inputs.send(Input::Dialed(address, open)).await;
        });
    }

    /// Queues a frame; `false` when too much waits for its link already.
    pub(super) fn send(&self, link: LinkId, frame: Vec<u8>) -> bool {
        let outbox = self.open.get(&link);
        outbox.is_none_or(|outbox| outbox.send(frame))
    }

    /// Says goodbye, and ends a link.
    pub(super) fn close(&mut self, link: LinkId, reason: CloseReason) {
        if let Some(outbox) = self.open.remove(&link) {
            outbox.close(reason);
        }
    }

    /// Forgets a link that has ended. Returns whether it was still known.
    pub(super) fn forget(&mut self, link: LinkId) -> bool {
        self.open.remove(&link).is_some()
    }

    /// Ends all links, and waits until the neighbours have heard why.
    pub(super) async fn close_all(&mut self, reason: CloseReason) {
        let ends: Vec<_> = self
            .open
            .drain()
            .map(|(_, link)| link.close(reason))
            .collect();
        let _ = timeout(GOODBYE_TIMEOUT, join_all(ends)).await;
    }
}
