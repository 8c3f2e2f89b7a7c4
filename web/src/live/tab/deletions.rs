//! Deletions: a name is sought before it is deleted, so that nothing is written where there is none.

use std::collections::BTreeMap;

use chordscope_core::base::time::Instant;
use chordscope_core::node::api::{Level, OperationId, StoreError};
use chordscope_core::peer::Peer;
use chordscope_core::store::record::{Name, Record};

/// The names to delete that are being sought.
#[derive(Debug, Default)]
pub(super) struct Deletions(BTreeMap<OperationId, Name>);

impl Deletions {
    /// Seeks a name in order to delete it.
    pub(super) fn begin(
        &mut self,
        now: Instant,
        peer: &mut Peer,
        name: Name,
    ) -> Result<OperationId, StoreError> {
        let get = peer.get(now, name.clone(), Level::One)?;
        self.0.insert(get, name);
        Ok(get)
    }

    /// A get has ended. Returns the deletion that follows from it; none where the get was for its own sake or has found nothing:
    /// then its outcome is the answer.
    pub(super) fn go_on(
        &mut self,
        now: Instant,
        peer: &mut Peer,
        get: OperationId,
        outcome: &Result<Option<Record>, StoreError>,
    ) -> Option<Result<OperationId, StoreError>> {
        let name = self.0.remove(&get)?;
        let found = outcome.as_ref().ok()?.as_ref()?;
        found.value()?;
        Some(peer.delete(now, name, Level::One))
    }
}

#[cfg(test)]
mod tests {
    use chordscope_core::base::identity::Signer;
    use chordscope_core::node::api::{Event as NodeEvent, StorageEvent};
    use chordscope_core::peer::Config;
    use chordscope_core::peer::api::{Event, Output};

    use super::*;

    const NOW: Instant = Instant::ZERO;

    /// Deletes a name in a ring of one: how many records that wrote, and whether a get's outcome is the answer.
    fn delete(peer: &mut Peer, name: &str) -> (usize, bool) {
        settle(peer, &mut Deletions::default());
        let mut deletions = Deletions::default();
        let name = Name::new(name).unwrap();
        deletions.begin(NOW, peer, name).unwrap();
        settle(peer, &mut deletions)
    }

    fn settle(peer: &mut Peer, deletions: &mut Deletions) -> (usize, bool) {
        let (mut written, mut answered) = (0, false);
        while let Some(output) = peer.poll_output() {
            match output {
                Output::StoreRecord { token, .. } => {
                    written += 1;
                    peer.handle_storage(NOW, StorageEvent::Stored(token));
                }
                Output::Event(Event::Node(NodeEvent::GetEnded(id, outcome))) => {
                    let deletion = deletions.go_on(NOW, peer, id, &outcome);
                    answered = deletion.is_none();
                }
                _ => {}
            }
        }
        (written, answered)
    }

    #[test]
    fn a_name_that_does_not_exist_is_told_and_nothing_is_written() {
        let signer = Signer::ed25519([1; 32]);
        let mut peer = Peer::new(Config::default(), signer, Vec::new(), 1, [2; 32]).unwrap();
        peer.create(NOW);
        assert_eq!(delete(&mut peer, "nosuch"), (0, true));
        let name = Name::new("greeting").unwrap();
        peer.put(NOW, name, b"hello".to_vec(), Level::One).unwrap();
        assert_eq!(delete(&mut peer, "greeting"), (1, false));
        assert_eq!(delete(&mut peer, "greeting"), (0, true), "deleted already");
    }
}
