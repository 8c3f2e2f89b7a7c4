//! The eight fallacies of distributed computing as levers: each with what a prototype assumes, what a network has, a unit and a range.
//!
//! The list is Deutsch's (Sun, 1994), with Gosling's eighth.

use core::ops::RangeInclusive;

/// An assumption that does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fallacy {
    /// The network is reliable: no packet is lost.
    Reliable,
    /// Latency is zero: a message takes no time.
    Latency,
    /// Bandwidth is infinite: bytes take no time.
    Bandwidth,
    /// The network is secure: all peers tell the truth.
    Secure,
    /// Topology does not change: peers stay.
    Topology,
    /// There is one administrator: all peers have the same rules.
    Administrator,
    /// Transport cost is zero: nobody pays for bytes.
    Cost,
    /// The network is homogeneous: all peers are alike.
    Homogeneous,
}

/// The unit of a lever's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Unit {
    /// Packets lost in a hundred.
    PercentOfPackets,
    /// Milliseconds one way, in the mean.
    Milliseconds,
    /// Kilobytes (1,000 bytes) a second of each line, each way.
    KilobytesASecond,
    /// Peers in a hundred.
    PercentOfPeers,
    /// Seconds of a session in the median; 0 where sessions do not end.
    Seconds,
    /// Cents for a gigabyte (10^9 bytes).
    CentsAGigabyte,
}

impl Fallacy {
    /// All eight, in the order of the list.
    pub const ALL: [Self; 8] = [
        Self::Reliable,
        Self::Latency,
        Self::Bandwidth,
        Self::Secure,
        Self::Topology,
        Self::Administrator,
        Self::Cost,
        Self::Homogeneous,
    ];

    /// The sentence, as it is known.
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::Reliable => "The network is reliable",
            Self::Latency => "Latency is zero",
            Self::Bandwidth => "Bandwidth is infinite",
            Self::Secure => "The network is secure",
            Self::Topology => "Topology doesn’t change",
            Self::Administrator => "There is one administrator",
            Self::Cost => "Transport cost is zero",
            Self::Homogeneous => "The network is homogeneous",
        }
    }

    /// The name in links and tables of numbers.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Reliable => "reliable",
            Self::Latency => "latency",
            Self::Bandwidth => "bandwidth",
            Self::Secure => "secure",
            Self::Topology => "topology",
            Self::Administrator => "administrator",
            Self::Cost => "cost",
            Self::Homogeneous => "homogeneous",
        }
    }

    /// The fallacy of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.name() == name)
    }

    /// The unit of its value.
    pub const fn unit(self) -> Unit {
        match self {
            Self::Reliable => Unit::PercentOfPackets,
            Self::Latency => Unit::Milliseconds,
            Self::Bandwidth => Unit::KilobytesASecond,
            Self::Secure | Self::Administrator | Self::Homogeneous => Unit::PercentOfPeers,
            Self::Topology => Unit::Seconds,
            Self::Cost => Unit::CentsAGigabyte,
        }
    }

    /// The value while it is assumed. Latency and bandwidth are those of one room, since nothing is faster than that: 1 ms and 1 Gbit/s.
    pub const fn assumed(self) -> u32 {
        match self {
            Self::Latency => 1,
            Self::Bandwidth => 125_000,
            Self::Reliable
            | Self::Secure
            | Self::Topology
            | Self::Administrator
            | Self::Cost
            | Self::Homogeneous => 0,
        }
    }

    /// The value while it is faced, unless the lever is moved: that of homes and their lines.
    pub const fn usual(self) -> u32 {
        match self {
            Self::Reliable => 5,
            Self::Latency => 60,
            Self::Bandwidth => 250,
            Self::Secure => 10,
            Self::Topology => 90,
            Self::Administrator | Self::Homogeneous => 25,
            Self::Cost => 8,
        }
    }

    /// The values that a lever may have.
    pub const fn range(self) -> RangeInclusive<u32> {
        match self {
            Self::Reliable => 0..=30,
            Self::Latency => 1..=500,
            Self::Bandwidth => 32..=125_000,
            Self::Secure | Self::Administrator | Self::Homogeneous => 0..=50,
            Self::Topology => 0..=3_600,
            Self::Cost => 0..=1_000,
        }
    }

    const fn index(self) -> usize {
        self as usize
    }
}

/// One of the eight levers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lever {
    /// True if the assumption is faced: then the value holds, otherwise that of [`Fallacy::assumed`].
    pub is_faced: bool,
    /// The value while it is faced.
    pub value: u32,
}

/// All eight levers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Levers([Lever; 8]);

impl Levers {
    /// All eight switched alike, with their usual values.
    pub fn all(is_faced: bool) -> Self {
        Self(Fallacy::ALL.map(|fallacy| Lever {
            is_faced,
            value: fallacy.usual(),
        }))
    }

    /// A lever.
    pub const fn lever(&self, of: Fallacy) -> Lever {
        self.0[of.index()]
    }

    /// Returns the value that holds in a run.
    pub const fn value(&self, of: Fallacy) -> u32 {
        let lever = self.lever(of);
        match lever.is_faced {
            true => lever.value,
            false => of.assumed(),
        }
    }

    /// The same with one lever switched.
    #[must_use]
    pub const fn switched(mut self, of: Fallacy, is_faced: bool) -> Self {
        self.0[of.index()].is_faced = is_faced;
        self
    }

    /// The same with one lever moved, which faces the assumption. The value is not checked against the range.
    #[must_use]
    pub const fn moved(mut self, of: Fallacy, value: u32) -> Self {
        self.0[of.index()] = Lever {
            is_faced: true,
            value,
        };
        self
    }

    /// Returns the first lever whose value is out of its range.
    pub fn out_of_range(&self) -> Option<Fallacy> {
        let mut all = Fallacy::ALL.into_iter();
        all.find(|of| !of.range().contains(&self.lever(*of).value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_holds_only_while_its_assumption_is_faced() {
        for fallacy in Fallacy::ALL {
            let assumed = Levers::all(false);
            assert_eq!(assumed.value(fallacy), fallacy.assumed());
            let faced = assumed.switched(fallacy, true);
            assert_eq!(faced.value(fallacy), fallacy.usual());
            for other in Fallacy::ALL.into_iter().filter(|other| *other != fallacy) {
                assert_eq!(faced.value(other), other.assumed());
            }
            assert_eq!(faced.switched(fallacy, false), assumed);
            assert_eq!(assumed.moved(fallacy, 3).value(fallacy), 3);
        }
    }

    #[test]
    fn usual_and_assumed_values_are_in_range_and_names_are_read_back() {
        assert_eq!(Levers::all(true).out_of_range(), None);
        for fallacy in Fallacy::ALL {
            let range = fallacy.range();
            assert!(range.contains(&fallacy.assumed()) && range.contains(&fallacy.usual()));
            assert_ne!(fallacy.assumed(), fallacy.usual());
            assert_eq!(Fallacy::named(fallacy.name()), Some(fallacy));
            let beyond = Levers::all(false).moved(fallacy, range.end() + 1);
            assert_eq!(beyond.out_of_range(), Some(fallacy));
        }
        assert_eq!(Fallacy::named("Reliable"), None);
    }
}
