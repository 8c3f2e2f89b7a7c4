//! The saved state of groups in release 0.1: without lineages, incarnations and operation tags.
//!
//! Stores of that release are read as those of incarnation 0, which is what its groups' members count as: all members of a group that is
//! taken over this way keep their votes.

use alloc::vec::Vec;

use serde::Deserialize;

use crate::base::contact::Card;
use crate::base::id::Id;
use crate::store::group::configuration::{Configuration, Epoch, MAX_MEMBERS, Member, Next, Stamp};
use crate::store::group::{Control, Entry, Held, Lineage, MAX_GROUPS, OperationTag, Staged};
use crate::store::message::StoredRecord;
use crate::wire::cards::{Cards, DecodeError};
use crate::wire::codec::limit;

/// The incarnation of every store of release 0.1.
pub const INCARNATION: u64 = 0;

#[derive(Deserialize)]
struct OldEpoch(u64, Id);

#[derive(Deserialize)]
struct OldNext(OldEpoch, Vec<Card>, Option<(Id, Vec<Card>)>);

#[derive(Deserialize)]
struct OldConfiguration(u64, Id, Id, OldEpoch, Vec<Card>);

#[derive(Deserialize)]
struct OldHeld(
    OldConfiguration,
    OldEpoch,
    Option<(OldEpoch, OldNext)>,
    Option<OldNext>,
);

#[derive(Deserialize)]
struct OldStaged(OldConfiguration, OldNext);

#[derive(Deserialize)]
struct OldControl(OldEpoch, u64, Vec<OldHeld>, Vec<OldStaged>);

#[derive(Deserialize)]
struct OldEntry((OldEpoch, u64), StoredRecord);

/// Reads what a node of release 0.1 remembered of its groups.
///
/// # Errors
/// [`DecodeError`] names what is wrong.
pub fn decode_control(bytes: &[u8], cards: &mut Cards) -> Result<Control, DecodeError> {
    let OldControl(floor, round, held, staged) =
        postcard::from_bytes(bytes).map_err(|_| DecodeError::Malformed)?;
    let mut control = Control {
        incarnation: INCARNATION,
        floor: floor.read(),
        round,
        ..Control::default()
    };
    for OldHeld(group, promised, accepted, decided) in limit(held, MAX_GROUPS)? {
        let accepted = match accepted {
            Some((ballot, next)) => Some((ballot.read(), next.check(cards)?)),
            None => None,
        };
        let decided = decided.map(|next| next.check(cards)).transpose()?;
        control.held.push(Held {
            group: group.check(cards)?,
            promised: promised.read(),
            accepted,
            decided,
        });
    }
    for OldStaged(parent, next) in limit(staged, MAX_GROUPS)? {
        let (parent, next) = (parent.check(cards)?, next.check(cards)?);
        control.staged.push(Staged { parent, next });
    }
    let groups = control.held.iter().map(|held| held.group.lineage);
    let staged = control.staged.iter().map(|staged| staged.parent.lineage);
    // It is not known whether anything was written: as if it was, it is never given up.
    let written = true;
    control.lineage = groups
        .chain(staged)
        .next()
        .map(|number| Lineage { number, written });
    Ok(control)
}

/// Reads an entry as release 0.1 kept it.
///
/// # Errors
/// [`DecodeError::Malformed`] when it is none.
pub fn decode_entry(bytes: &[u8]) -> Result<Entry, DecodeError> {
    let read = postcard::take_from_bytes(bytes);
    let (OldEntry((epoch, index), copy), rest) = read.map_err(|_| DecodeError::Malformed)?;
    if !rest.is_empty() {
        return Err(DecodeError::Trailing);
    }
    let epoch = epoch.read();
    Ok(Entry {
        stamp: Stamp { epoch, index },
        operation: OperationTag::default(),
        copy,
        origin: None,
    })
}

impl OldEpoch {
    const fn read(self) -> Epoch {
        Epoch {
            generation: 0,
            round: self.0,
            proposer: self.1,
        }
    }
}

impl OldNext {
    fn check(self, cards: &mut Cards) -> Result<Next, DecodeError> {
        let split = match self.2 {
            Some((at, list)) => Some((at, members(list, cards)?)),
            None => None,
        };
        Ok(Next {
            epoch: self.0.read(),
            members: members(self.1, cards)?,
            split,
        })
    }
}

impl OldConfiguration {
    fn check(self, cards: &mut Cards) -> Result<Configuration, DecodeError> {
        let Self(lineage, after, upto, epoch, list) = self;
        Ok(Configuration {
            lineage,
            after,
            upto,
            epoch: epoch.read(),
            members: members(list, cards)?,
        })
    }
}

fn members(list: Vec<Card>, cards: &mut Cards) -> Result<Vec<Member>, DecodeError> {
    let member = |card| {
        Ok(Member {
            contact: cards.check(card)?,
            incarnation: INCARNATION,
            votes: true,
        })
    };
    limit(list, MAX_MEMBERS)?.into_iter().map(member).collect()
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use super::*;
    use crate::base::contact::Contact;
    use crate::base::id::Space;
    use crate::base::identity::{Scheme, Signer};
    use crate::store::record::{Name, Record};
    use core::time::Duration;

    #[test]
    fn a_store_of_release_0_1_is_read_as_incarnation_0_of_its_ring_s_lineage() {
        let signer = Signer::ed25519([7; 32]);
        let contact = Contact::sign(Space::FULL, &signer, 0, 1, Vec::new()).unwrap();
        let (id, card) = (contact.id(), contact.card().clone());
        let epoch = (3_u64, id);
        let group = (9_u64, id, id, epoch, vec![card]);
        let held = vec![(group, epoch, None::<((u64, Id), ())>, None::<()>)];
        let staged: Vec<()> = Vec::new();
        let bytes = postcard::to_allocvec(&((1_u64, id), 4_u64, held, staged)).unwrap();
        let mut cards = Cards::new(Space::FULL, Scheme::ED25519);
        let control = decode_control(&bytes, &mut cards).unwrap();
        assert_eq!((control.incarnation, control.round), (INCARNATION, 4));
        let written = true;
        assert_eq!(control.lineage, Some(Lineage { number: 9, written }));
        let group = &control.held[0].group;
        assert_eq!(
            group
                .member(id)
                .map(|member| (member.votes, member.incarnation)),
            Some((true, 0))
        );

        let name = Name::new("a").unwrap();
        let life = Duration::from_secs(60);
        let record = Record::sign(&signer, name, Some(vec![1]), 1, life).unwrap();
        let copy = StoredRecord {
            record,
            remaining: 60,
        };
        let bytes = postcard::to_allocvec(&((epoch, 5_u64), &copy)).unwrap();
        let entry = decode_entry(&bytes).unwrap();
        assert_eq!(
            (entry.stamp.index, entry.stamp.epoch.round, entry.copy),
            (5, 3, copy)
        );
    }
}
