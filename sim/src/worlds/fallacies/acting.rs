//! Worlds of fallacies as the engine runs them.

use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

use crate::engine::chrome::{Charted, Mark};
use crate::engine::malformed::Malformed;
use crate::engine::trace::Entry;
use crate::engine::{Timed, World};
use crate::worlds::fallacies::action::{Action, Refusal};
use crate::worlds::fallacies::setup::Setup;
use crate::worlds::fallacies::trace::What;
use crate::worlds::fallacies::{COMING_BYTES, FallaciesWorld, PEER_BYTES};
use chordscope_core::base::time::Instant;

impl World for FallaciesWorld {
    type Setup = Setup;
    type Action = Action;
    type Refusal = Refusal;
    type What = What;

    fn begin(setup: &Arc<Setup>, seed: u64) -> Result<Self, Malformed> {
        Self::new(Arc::clone(setup), seed)
    }

    fn plan(setup: &Setup) -> &[Timed<Action>] {
        &setup.actions
    }

    fn now(&self) -> Instant {
        self.now
    }

    fn next_at(&self) -> Option<Instant> {
        self.next_at()
    }

    fn step_until(&mut self, end: Instant) -> bool {
        self.step_until(end)
    }

    fn rest_until(&mut self, to: Instant) {
        self.now = self.now.max(to);
    }

    fn act(&mut self, action: Action) -> Result<(), Refusal> {
        self.check(&action)?;
        self.record(What::Acted(action));
        // An operation that the core does not take has failed, and is counted as such: the action has been carried out.
        let _ = self.carry_out_action(action);
        Ok(())
    }

    fn take_trace(&mut self) -> Vec<Entry<What>> {
        self.trace.take()
    }

    fn events(&self) -> u64 {
        self.trace.count()
    }

    fn trace_digest(&self) -> [u8; 32] {
        self.digest.finish()
    }

    fn bytes(&self) -> usize {
        size_of::<Self>()
            + self.peers.len() * PEER_BYTES
            + (self.queue.len() + self.network.len()) * COMING_BYTES
            + self.work.bytes()
    }

    fn is_notable(what: &What) -> bool {
        what.is_notable()
    }

    fn describe(&self, action: &Action) -> String {
        action.describe()
    }
}

impl Charted for FallaciesWorld {
    fn chart(&self, entry: &Entry<What>) -> Option<Mark> {
        let (peer, name, category, since) = match entry.what {
            What::Acted(action) => {
                return Some(Mark {
                    row: "user".into(),
                    name: action.describe(),
                    category: "action",
                    since: None,
                });
            }
            What::Gone(peer) => (peer, "is gone".into(), "ring", None),
            What::Back(peer) => (peer, "is back".into(), "ring", None),
            What::Joined(peer) => (peer, "joins".into(), "ring", None),
            What::Began(number, peer, operation) => {
                let name = alloc::format!("begins {number}: {operation:?}");
                (peer, name, "operation", None)
            }
            What::Delivered(parcel) => {
                let name = alloc::format!("from peer {}", parcel.from);
                let since = Some((parcel.sent, parcel.number));
                (parcel.to, name, "message", since)
            }
            What::Lost(parcel) => {
                let name = alloc::format!("lost, to peer {}", parcel.to);
                (parcel.from, name, "message", None)
            }
            What::Refused { by, to, reason } => {
                let name = alloc::format!("refuses peer {to}: {reason:?}");
                (by, name, "refusal", None)
            }
            What::TimedOut { at, silent } => {
                let name = alloc::format!("no answer of peer {silent}");
                (at, name, "timeout", None)
            }
            What::Caught { by, liar } => (by, alloc::format!("bans peer {liar}"), "transfer", None),
            What::Complete(peer) => (peer, "has the whole file".into(), "transfer", None),
            What::Ended(number, peer, outcome) => {
                let name = alloc::format!("ends {number}: {outcome:?}");
                (peer, name, "operation", None)
            }
            What::Sent(_) => return None,
        };
        Some(Mark {
            row: alloc::format!("peer {peer}"),
            name,
            category,
            since,
        })
    }
}
