//! Bytes in messages and on disk: a length and the bytes themselves, moved at once and not one by one.
//!
//! The format is that of a sequence of bytes; only the work is less.

use alloc::vec::Vec;
use core::fmt;

use serde::de::{Error, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

pub(crate) fn serialize<S: Serializer>(bytes: &[u8], to: S) -> Result<S::Ok, S::Error> {
    to.serialize_bytes(bytes)
}

pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
    from.deserialize_byte_buf(Reader)
}

/// The same, where there may be none.
pub(crate) mod optional {
    use super::{Deserialize, Deserializer, Reader, Serialize, Serializer, Vec};

    struct Given<'a>(&'a [u8]);

    impl Serialize for Given<'_> {
        fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
            to.serialize_bytes(self.0)
        }
    }

    struct Taken(Vec<u8>);

    impl<'de> Deserialize<'de> for Taken {
        fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
            from.deserialize_byte_buf(Reader).map(Self)
        }
    }

    pub(crate) fn serialize<S: Serializer>(
        bytes: &Option<Vec<u8>>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        bytes.as_deref().map(Given).serialize(to)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<Vec<u8>>, D::Error> {
        let taken = Option::<Taken>::deserialize(from)?;
        Ok(taken.map(|Taken(bytes)| bytes))
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Vec<u8>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("bytes")
    }

    fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Vec<u8>, E> {
        Ok(bytes.to_vec())
    }

    fn visit_byte_buf<E: Error>(self, bytes: Vec<u8>) -> Result<Vec<u8>, E> {
        Ok(bytes)
    }

    /// Formats without bytes of their own write a list of numbers.
    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Vec<u8>, A::Error> {
        let mut bytes = Vec::new();
        while let Some(byte) = list.next_element()? {
            bytes.push(byte);
        }
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use super::*;

    #[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
    struct Moved {
        #[serde(with = "super")]
        one: Vec<u8>,
        #[serde(with = "super::optional")]
        other: Option<Vec<u8>>,
    }

    #[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
    struct Listed {
        one: Vec<u8>,
        other: Option<Vec<u8>>,
    }

    #[test]
    fn the_format_is_that_of_a_list_of_bytes() {
        for (one, other) in [
            (vec![], None),
            (vec![0, 255], Some(vec![])),
            (vec![7; 300], Some(vec![1; 70_000])),
        ] {
            let listed = Listed {
                one: one.clone(),
                other: other.clone(),
            };
            let moved = Moved { one, other };
            let bytes = postcard::to_allocvec(&listed).unwrap();
            assert_eq!(postcard::to_allocvec(&moved).unwrap(), bytes);
            assert_eq!(postcard::from_bytes::<Moved>(&bytes).unwrap(), moved);
            let cut = postcard::from_bytes::<Moved>(&bytes[..bytes.len() - 1]);
            assert!(cut.is_err());
        }
    }
}
