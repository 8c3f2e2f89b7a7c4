//! Records, renewals and groups as a node keeps them on disk, as bytes.

use alloc::vec::Vec;

use crate::store::group::{Control, Entry};
use crate::store::message::StoredRecord;
use crate::store::renewal::Renewal;
use crate::wire::cards::{Cards, DecodeError};
use crate::wire::codec::{decode, encode};
use crate::wire::groups::WireControl;

/// The bytes of a record and its remaining life, as kept on disk.
///
/// # Errors
/// [`DecodeError::TooLong`] never, as a record is bounded.
pub fn encode_copy(copy: &StoredRecord) -> Result<Vec<u8>, DecodeError> {
    encode(copy)
}

/// Reads a kept record. Its signature is checked when a node takes it in.
///
/// # Errors
/// [`DecodeError::Malformed`] when it is none.
pub fn decode_copy(bytes: &[u8]) -> Result<StoredRecord, DecodeError> {
    decode(bytes)
}

/// The bytes of a renewal, as kept on disk.
///
/// # Errors
/// [`DecodeError::TooLong`] never, as a renewal is bounded.
pub fn encode_renewal(renewal: &Renewal) -> Result<Vec<u8>, DecodeError> {
    encode(renewal)
}

/// Reads a kept renewal.
///
/// # Errors
/// [`DecodeError::Malformed`] when it is none.
pub fn decode_renewal(bytes: &[u8]) -> Result<Renewal, DecodeError> {
    decode(bytes)
}

/// The bytes of what a node remembers of its groups, as kept on disk.
///
/// # Errors
/// [`DecodeError::Malformed`] never.
pub fn encode_control(control: &Control) -> Result<Vec<u8>, DecodeError> {
    let bytes = postcard::to_allocvec(&WireControl::of(control));
    // Fences stand behind all else: a control without them ends before.
    let bytes = match control.fences.is_empty() {
        true => bytes,
        false => bytes.and_then(|bytes| postcard::to_extend(&control.fences, bytes)),
    };
    bytes.map_err(|_| DecodeError::Malformed)
}

/// Reads what a node remembered of its groups.
///
/// # Errors
/// [`DecodeError`] names what is wrong.
pub fn decode_control(bytes: &[u8], cards: &mut Cards) -> Result<Control, DecodeError> {
    let taken = postcard::take_from_bytes(bytes).map_err(|_| DecodeError::Malformed)?;
    let (control, rest): (WireControl, &[u8]) = taken;
    let fences = match rest.is_empty() {
        true => Vec::new(),
        false => match postcard::take_from_bytes(rest) {
            Ok((fences, [])) => fences,
            _ => return Err(DecodeError::Malformed),
        },
    };
    control.check(fences, cards)
}

/// The bytes of a group's entry, as kept on disk.
///
/// # Errors
/// [`DecodeError::TooLong`] never, as a record is bounded.
pub fn encode_entry(entry: &Entry) -> Result<Vec<u8>, DecodeError> {
    // An origin stands behind all else: an entry without one ends before.
    match entry.origin {
        None => encode(entry),
        Some(origin) => encode(&(entry, origin)),
    }
}

/// Reads a kept entry.
///
/// # Errors
/// [`DecodeError::Malformed`] when it is none.
pub fn decode_entry(bytes: &[u8]) -> Result<Entry, DecodeError> {
    let taken = postcard::take_from_bytes(bytes).map_err(|_| DecodeError::Malformed)?;
    let (mut entry, rest): (Entry, &[u8]) = taken;
    if !rest.is_empty() {
        entry.origin = Some(decode(rest)?);
    }
    Ok(entry)
}

#[cfg(test)]
mod tests {
    use alloc::vec;
    use core::time::Duration;

    use super::*;
    use crate::base::id::{Id, Space};
    use crate::base::identity::{Scheme, Signer};
    use crate::store::group::OperationTag;
    use crate::store::group::configuration::{Origin, Stamp};
    use crate::store::group::fence::Fence;
    use crate::store::record::{Name, Record};

    #[test]
    fn an_entry_is_kept_with_its_origin_and_read_without_one_as_it_was_before() {
        let (stamp, operation) = (Stamp::default(), OperationTag([1; 16]));
        let (name, life) = (Name::new("name").unwrap(), Duration::from_secs(60));
        let signer = Signer::ed25519([1; 32]);
        let record = Record::sign(&signer, name, Some(vec![7; 300]), 9, life).unwrap();
        let plain = Entry {
            stamp,
            operation,
            copy: StoredRecord::whole(record),
            origin: None,
        };
        let brought = Entry {
            origin: Some(Origin { lineage: 7, stamp }),
            ..plain.clone()
        };
        let bytes = encode_entry(&plain).unwrap();
        assert_eq!(
            Ok(&bytes),
            encode(&(stamp, operation, &plain.copy)).as_ref()
        );
        assert_eq!(decode_entry(&bytes), Ok(plain));
        let longer = encode_entry(&brought).unwrap();
        assert!(longer.starts_with(&bytes));
        assert_eq!(decode_entry(&longer), Ok(brought));
        for cut in bytes.len() + 1..longer.len() {
            assert_eq!(decode_entry(&longer[..cut]), Err(DecodeError::Malformed));
        }
        let trailing = [longer, vec![0]].concat();
        assert_eq!(decode_entry(&trailing), Err(DecodeError::Trailing));
    }

    #[test]
    fn a_control_without_fences_ends_before_them() {
        let fence = Fence {
            lineage: 1,
            after: Id::from_bytes([1; 20]),
            upto: Id::from_bytes([2; 20]),
            generation: 1,
            lost: vec![(Id::from_bytes([3; 20]), 4)],
        };
        let bare = Control::default();
        let fenced = Control {
            fences: vec![fence],
            ..Control::default()
        };
        let [short, long] = [&bare, &fenced].map(|control| encode_control(control).unwrap());
        assert!(long.starts_with(&short));
        let decode =
            |bytes: &[u8]| decode_control(bytes, &mut Cards::new(Space::FULL, Scheme::ED25519));
        assert_eq!((decode(&short), decode(&long)), (Ok(bare), Ok(fenced)));
        let trailing = [long, vec![0]].concat();
        assert_eq!(decode(&trailing), Err(DecodeError::Malformed));
    }
}
