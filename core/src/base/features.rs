//! Feature bits: a peer's capabilities beyond release 0.1, announced in its introduction.

use core::ops::BitOr;

/// A set of features, one bit each. Unknown bits are kept and mean nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Features(u64);

impl Features {
    /// No features: release 0.1, which says none.
    pub const NONE: Self = Self(0);
    /// Answers a request that it does not know with `Unsupported`, and understands that answer.
    pub const UNSUPPORTED: Self = Self(1);
    /// Groups of level `quorum` with a lineage, incarnations and operation identities.
    pub const LINEAGE: Self = Self(1 << 1);
    /// Fences of ranges of level `quorum` that were repaired by hand.
    pub const FENCES: Self = Self(1 << 2);
    /// Groups of level `quorum` whose primaries let a record live longer.
    pub const TOUCH: Self = Self(1 << 3);
    /// Copies of records whose life is over: tombstones.
    pub const TOMBSTONES: Self = Self(1 << 4);
    /// Primaries of groups that name the members which could not store something.
    pub const REFUSALS: Self = Self(1 << 5);
    /// Primaries of groups that say of how many members a write was acknowledged.
    pub const MEMBERS: Self = Self(1 << 6);
    /// Entries of groups that remember the lineage they were brought from.
    pub const ORIGINS: Self = Self(1 << 7);
    /// The features of this build.
    pub const ALL: Self = Self(
        Self::UNSUPPORTED.0
            | Self::LINEAGE.0
            | Self::FENCES.0
            | Self::TOUCH.0
            | Self::TOMBSTONES.0
            | Self::REFUSALS.0
            | Self::MEMBERS.0
            | Self::ORIGINS.0,
    );

    /// The set with these bits.
    pub const fn from_bits(bits: u64) -> Self {
        Self(bits)
    }

    /// The set as bits.
    pub const fn bits(self) -> u64 {
        self.0
    }

    /// Returns whether all of `others` are in the set.
    pub const fn has(self, others: Self) -> bool {
        self.0 & others.0 == others.0
    }

    /// Returns whether the set is empty.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }
}

impl BitOr for Features {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_has_its_own_features_and_ignores_unknown_bits() {
        let set = Features::from_bits(1 | 1 << 63);
        assert!(set.has(Features::UNSUPPORTED) && set.has(Features::NONE));
        assert!(!set.has(Features::UNSUPPORTED | Features::LINEAGE));
        assert!(Features::NONE.is_empty() && !set.is_empty());
    }
}
