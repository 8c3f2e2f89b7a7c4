//! Identifiers and the arithmetic of the circle they lie on.

mod text;

use core::fmt;

use serde::de::{Error, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The largest width of an identifier, in bits.
pub const MAX_BITS: u8 = 160;

/// Widths up to this one are written as decimal numbers: a JSON number holds them exactly.
pub const DECIMAL_BITS: u8 = 53;

/// A position on the ring: a 160-bit unsigned integer. How much of it is in use is the [`Space`]'s business.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id([u64; 3]); // most significant limb first; the first holds 32 bits

impl Id {
    /// The position at the top of the circle.
    pub const ZERO: Self = Self([0; 3]);

    /// A small identifier.
    pub const fn from_u64(value: u64) -> Self {
        Self([0, 0, value])
    }

    /// The identifier with these big-endian bytes.
    pub fn from_bytes(bytes: [u8; 20]) -> Self {
        let mut limbs = [0_u64; 3];
        for (index, byte) in bytes.iter().enumerate() {
            let limb = (index + 4) / 8;
            limbs[limb] = limbs[limb] << 8 | u64::from(*byte);
        }
        Self(limbs)
    }

    /// The big-endian bytes of the identifier.
    pub fn to_bytes(self) -> [u8; 20] {
        let mut bytes = [0; 20];
        bytes[..4].copy_from_slice(&self.0[0].to_be_bytes()[4..]);
        bytes[4..12].copy_from_slice(&self.0[1].to_be_bytes());
        bytes[12..].copy_from_slice(&self.0[2].to_be_bytes());
        bytes
    }

    /// The identifier as a number, if it fits in 64 bits.
    pub const fn to_u64(self) -> Option<u64> {
        match self.0 {
            [0, 0, low] => Some(low),
            _ => None,
        }
    }

    /// Returns the number of bits that the identifier takes as a number; 0 for zero.
    pub const fn bit_length(self) -> u8 {
        let [high, mid, low] = self.0;
        let length = match (high, mid) {
            (0, 0) => 64 - low.leading_zeros(),
            (0, _) => 128 - mid.leading_zeros(),
            _ => 192 - high.leading_zeros(),
        };
        length as u8
    }

    /// Returns whether the identifier lies in `(after, upto]` going clockwise. `(a, a]` is the whole circle.
    ///
    /// ```
    /// use chordscope_core::base::id::Id;
    /// let [a, b, key] = [28, 4, 1].map(Id::from_u64);
    /// assert!(key.is_within(a, b));
    /// ```
    pub fn is_within(self, after: Self, upto: Self) -> bool {
        self == upto || self.is_between(after, upto)
    }

    /// Returns whether the identifier lies in `(after, before)` going clockwise. `(a, a)` is everything but `a`.
    /// Zave 2017, §III, `between`.
    pub fn is_between(self, after: Self, before: Self) -> bool {
        if after < before {
            after < self && self < before
        } else {
            after < self || self < before
        }
    }

    /// 64 bits that are different for different ids, but for rare chance: a key of hash tables.
    pub const fn mixed(self) -> u64 {
        let [high, mid, low] = self.0;
        // The odd number nearest to 2^64 divided by the golden ratio spreads what is close. Knuth, TAOCP 3, §6.4.
        (high ^ mid ^ low).wrapping_mul(0x9e37_79b9_7f4a_7c15)
    }

    const fn wrapping_add(self, rhs: Self) -> Self {
        let (low, carry) = self.0[2].overflowing_add(rhs.0[2]);
        let (mid, carry_a) = self.0[1].overflowing_add(rhs.0[1]);
        let (mid, carry_b) = mid.overflowing_add(carry as u64);
        let high = self.0[0]
            .wrapping_add(rhs.0[0])
            .wrapping_add((carry_a | carry_b) as u64);
        Self([high, mid, low])
    }

    const fn wrapping_neg(self) -> Self {
        Self([!self.0[0], !self.0[1], !self.0[2]]).wrapping_add(Self::from_u64(1))
    }

    const fn power_of_two(exponent: u8) -> Self {
        match exponent {
            0..64 => Self([0, 0, 1 << exponent]),
            64..128 => Self([0, 1 << (exponent - 64), 0]),
            _ => Self([1 << (exponent - 128), 0, 0]),
        }
    }

    const fn and(self, mask: Self) -> Self {
        Self([
            self.0[0] & mask.0[0],
            self.0[1] & mask.0[1],
            self.0[2] & mask.0[2],
        ])
    }
}

impl fmt::Debug for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.to_u64() {
            Some(small) => write!(f, "{small}"),
            None => f.write_str(&text::hex(*self)),
        }
    }
}

impl Serialize for Id {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.to_bytes().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_tuple(20, Bytes)
    }
}

/// Reads an id's bytes one by one. (As an array they would be read by twenty copies of the same code.)
struct Bytes;

impl<'de> Visitor<'de> for Bytes {
    type Value = Id;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("20 bytes")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut bytes: A) -> Result<Id, A::Error> {
        let mut id = [0; 20];
        for (index, byte) in id.iter_mut().enumerate() {
            let next = bytes.next_element()?;
            *byte = next.ok_or_else(|| A::Error::invalid_length(index, &self))?;
        }
        Ok(Id::from_bytes(id))
    }
}

/// The address space of a ring: `2^bits` positions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Space {
    bits: u8,
}

impl Space {
    /// The space that real rings use.
    pub const FULL: Self = Self { bits: MAX_BITS };

    /// A space of `2^bits` positions.
    ///
    /// # Errors
    /// [`IdError::Bits`] unless `bits` is in `1..=160`.
    pub const fn new(bits: u8) -> Result<Self, IdError> {
        if bits == 0 || bits > MAX_BITS {
            return Err(IdError::Bits);
        }
        Ok(Self { bits })
    }

    /// The width of an identifier, in bits: also the number of rows of a finger table.
    pub const fn bits(self) -> u8 {
        self.bits
    }

    const fn mask(self) -> Id {
        if self.bits == MAX_BITS {
            return Id([u32::MAX as u64, u64::MAX, u64::MAX]);
        }
        Id::power_of_two(self.bits).wrapping_add(Id([u64::MAX; 3]))
    }

    /// Returns whether the identifier lies in this space.
    pub fn contains(self, id: Id) -> bool {
        id <= self.mask()
    }

    /// The low bits of 20 bytes of digest.
    pub fn truncate(self, digest: [u8; 20]) -> Id {
        Id::from_bytes(digest).and(self.mask())
    }

    /// Returns the start of row `row` (from 1) of node `node`'s finger table: `node + 2^(row-1)`. Chord (ToN 2003) §IV-D.
    ///
    /// Rows beyond the table's end give the last row's start.
    pub const fn finger_start(self, node: Id, row: u8) -> Id {
        let row = if row > self.bits { self.bits } else { row };
        node.wrapping_add(Id::power_of_two(row.saturating_sub(1)))
            .and(self.mask())
    }

    /// The position after `id`, going round.
    pub const fn next(self, id: Id) -> Id {
        id.wrapping_add(Id::from_u64(1)).and(self.mask())
    }

    /// The position before `id`, going round.
    pub const fn previous(self, id: Id) -> Id {
        self.distance(Id::from_u64(1), id)
    }

    /// Returns the clockwise distance from `from` to `to`.
    pub const fn distance(self, from: Id, to: Id) -> Id {
        to.wrapping_add(from.wrapping_neg()).and(self.mask())
    }

    /// The middle of `(after, upto]`, going clockwise. `(a, a]` is the whole circle.
    pub const fn middle(self, after: Id, upto: Id) -> Id {
        let [high, mid, low] = self.distance(after, upto).0;
        let half = match (high, mid, low) {
            (0, 0, 0) => Id::power_of_two(self.bits - 1),
            _ => Id([high >> 1, high << 63 | mid >> 1, mid << 63 | low >> 1]),
        };
        after.wrapping_add(half).and(self.mask())
    }

    /// Returns the share of the circle that lies before the identifier, in units of 2^-64.
    pub const fn share(self, id: Id) -> u64 {
        let [high, mid, low] = id.0;
        match self.bits {
            0..=64 => low << (64 - self.bits),
            65..=128 => (((mid as u128) << 64 | low as u128) >> (self.bits - 64)) as u64,
            _ => (((high as u128) << 64 | mid as u128) >> (self.bits - 128)) as u64,
        }
    }

    /// Returns the identifier's place on the circle, `0.0..1.0` clockwise from the top. For drawing, never for deciding.
    pub fn turn(self, id: Id) -> f64 {
        let [high, mid, low] = id.0.map(|limb| limb as f64);
        let two_64 = 18_446_744_073_709_551_616.0;
        let [high_all, mid_all, low_all] = self.mask().0.map(|limb| limb as f64);
        let whole = (high_all * two_64 + mid_all) * two_64 + low_all + 1.0;
        ((high * two_64 + mid) * two_64 + low) / whole
    }
}

/// The reason why a text or a number is no identifier of a space.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum IdError {
    /// The width is not in `1..=160`.
    Bits,
    /// The text is no number.
    Malformed,
    /// The number is not below `2^bits`.
    OutOfRange,
}

impl fmt::Display for IdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bits => "the number of bits must be from 1 to 160",
            Self::Malformed => "an id is a decimal number, or 0x and hexadecimal digits",
            Self::OutOfRange => "the id is outside the ring's address space",
        })
    }
}

impl core::error::Error for IdError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn space(bits: u8) -> Space {
        Space::new(bits).unwrap()
    }

    #[test]
    fn the_middle_of_an_arc_lies_half_way_round() {
        let space = Space::new(5).unwrap();
        let middle = |after, upto| space.middle(Id::from_u64(after), Id::from_u64(upto));
        for (after, upto, expected) in [(0, 8, 4), (28, 4, 0), (3, 3, 19), (30, 31, 30)] {
            assert_eq!(
                middle(after, upto),
                Id::from_u64(expected),
                "({after}, {upto}]"
            );
        }
        let (high, low) = (Id([1, 0, 0]), Id::default());
        assert_eq!(Space::FULL.middle(low, high), Id([0, 1 << 63, 0]));
    }

    #[test]
    fn intervals_wrap_across_the_top() {
        let id = Id::from_u64;
        assert!(id(1).is_within(id(28), id(4)));
        assert!(id(4).is_within(id(28), id(4)));
        assert!(!id(28).is_within(id(28), id(4)));
        assert!(!id(4).is_between(id(28), id(4)));
        assert!(id(9).is_within(id(9), id(9)), "(a, a] is the whole circle");
        assert!(!id(9).is_between(id(9), id(9)));
    }

    #[test]
    fn finger_starts_of_the_lesson() {
        let starts: alloc::vec::Vec<_> = (1..=5)
            .map(|row| {
                space(5)
                    .finger_start(Id::from_u64(21), row)
                    .to_u64()
                    .unwrap()
            })
            .collect();
        assert_eq!(starts, [22, 23, 25, 29, 5]);
    }

    #[test]
    fn arithmetic_carries_through_every_limb() {
        let top = Id::from_bytes([0xff; 20]);
        assert_eq!(Space::FULL.next(top), Id::ZERO);
        assert_eq!(Space::FULL.distance(top, Id::ZERO), Id::from_u64(1));
        assert_eq!(space(1).next(Id::from_u64(1)), Id::ZERO);
        for bits in 1..=MAX_BITS {
            let space = space(bits);
            assert_eq!(space.next(space.mask()), Id::ZERO);
            assert!(!space.contains(Id::power_of_two(bits.min(159))) || bits == 160);
            let half = space.finger_start(Id::ZERO, bits);
            assert_eq!(space.turn(half), 0.5, "{bits} bits");
        }
    }

    #[test]
    fn text_and_identifier_are_the_same_thing() {
        for bits in [1, 5, 52, 53, 54, 64, 127, 128, 129, 159, 160] {
            let space = space(bits);
            for row in 1..=bits {
                let id = space.finger_start(Id::ZERO, row);
                assert_eq!(space.parse(&space.show(id)), Ok(id), "{bits} bits");
            }
        }
        assert_eq!(space(5).show(Id::from_u64(26)), "26");
        assert_eq!(
            Space::FULL.show(Id::from_u64(26)),
            alloc::format!("{:040x}", 26)
        );
        assert_eq!(space(5).parse("0x1a"), Ok(Id::from_u64(26)));
        assert_eq!(Space::FULL.parse("26"), Ok(Id::from_u64(26)));
    }

    #[test]
    fn what_is_no_identifier_is_refused() {
        assert_eq!(Space::new(0), Err(IdError::Bits));
        assert_eq!(Space::new(161), Err(IdError::Bits));
        assert_eq!(space(5).parse("32"), Err(IdError::OutOfRange));
        assert_eq!(space(5).parse(""), Err(IdError::Malformed));
        assert_eq!(space(5).parse("-1"), Err(IdError::Malformed));
        assert_eq!(space(5).parse("é"), Err(IdError::Malformed));
        assert_eq!(Space::FULL.parse(&"9".repeat(60)), Err(IdError::OutOfRange));
        assert_eq!(Space::FULL.parse(&"g".repeat(40)), Err(IdError::Malformed));
    }

    #[test]
    fn bytes_go_there_and_back() {
        let mut bytes = [0; 20];
        for (index, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::try_from(index).unwrap();
        }
        assert_eq!(Id::from_bytes(bytes).to_bytes(), bytes);
    }
}
