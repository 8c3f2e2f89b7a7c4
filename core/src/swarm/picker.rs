//! The picker: the choice of the segment to ask for next.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use crate::base::rng::Rng;
use crate::swarm::api::Why;
use crate::swarm::bitfield::Bitfield;

/// The number of segments that are picked at random, so that a newcomer soon has something that others want.
const RANDOM_FIRST: u32 = 4;
/// The length of the window, in segments, that a reader's next ones are looked for in, from the first that it lacks; what is
/// farther is picked by rarity.
const WINDOW: u32 = 16;

/// The order in which segments are wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// Rarest first: what is rare is soon less rare, and no node waits for one source at the end.
    #[default]
    RarestFirst,
    /// For a reader: from this segment on, in order.
    From(u32),
    /// Any. To compare with.
    Random,
}

/// The segments that are missing and not asked for, and how many sources have each.
#[derive(Clone, Debug)]
pub(super) struct Picker {
    sources: Vec<u16>,
    /// Rarity, a random number, segment.
    open: BTreeSet<(u16, u32, u32)>,
    salt: u32,
}

impl Picker {
    /// A picker for a file of which `have` is there.
    pub(super) fn new(have: &Bitfield, rng: &mut Rng) -> Self {
        let mut picker = Self {
            sources: alloc::vec![0; have.count() as usize],
            open: BTreeSet::new(),
            salt: rng.next_u64() as u32,
        };
        for index in (0..have.count()).filter(|index| !have.contains(*index)) {
            picker.open(index);
        }
        picker
    }

    /// Makes a segment one that is to be asked for (again).
    pub(super) fn open(&mut self, index: u32) {
        if let Some(entry) = self.entry(index) {
            self.open.insert(entry);
        }
    }

    /// Makes a segment one that was asked for, or is there.
    pub(super) fn close(&mut self, index: u32) {
        if let Some(entry) = self.entry(index) {
            self.open.remove(&entry);
        }
    }

    /// Returns whether every missing segment was asked for.
    pub(super) fn is_all_asked(&self) -> bool {
        self.open.is_empty()
    }

    /// Counts one more source of these segments.
    pub(super) fn gain(&mut self, segments: impl Iterator<Item = u32>) {
        segments.for_each(|index| self.count(index, u16::saturating_add));
    }

    /// Counts one source less of these segments.
    pub(super) fn lose(&mut self, segments: impl Iterator<Item = u32>) {
        segments.for_each(|index| self.count(index, u16::saturating_sub));
    }

    /// The segment to ask a source for that has these, and why; `refused` are left out.
    pub(super) fn pick(
        &self,
        order: Order,
        have: u32,
        theirs: &Bitfield,
        refused: impl Fn(u32) -> bool,
        rng: &mut Rng,
    ) -> Option<(u32, Why)> {
        let fits = |index: u32| theirs.contains(index) && !refused(index);
        let random = order == Order::Random || have < RANDOM_FIRST;
        match order {
            Order::From(first) => {
                let rest = first..theirs.count();
                let start = rest.into_iter().find(|index| self.is_open(*index));
                let start = start.unwrap_or_else(|| theirs.count());
                let mut window = start..theirs.count().min(start.saturating_add(WINDOW));
                let next = window.find(|index| self.is_open(*index) && fits(*index));
                let next = next.map(|index| (index, Why::Next));
                next.or_else(|| self.rarest(fits))
            }
            _ if random => {
                let count = u64::from(theirs.count());
                let start = rng.below(count) as u32;
                let around = (start..theirs.count()).chain(0..start);
                let any = around
                    .into_iter()
                    .find(|index| self.is_open(*index) && fits(*index));
                any.map(|index| (index, Why::Random))
            }
            _ => self.rarest(fits),
        }
    }

    fn rarest(&self, fits: impl Fn(u32) -> bool) -> Option<(u32, Why)> {
        let indices = self.open.iter().map(|(_, _, index)| *index);
        let rarest = indices.into_iter().find(|index| fits(*index));
        rarest.map(|index| (index, Why::Rarest))
    }

    /// Returns the number of sources of a segment.
    pub(super) fn copies(&self, index: u32) -> u16 {
        self.sources
            .get(index as usize)
            .copied()
            .unwrap_or_default()
    }

    /// Returns the number of open segments that fit and would have served for this reason as well as this one, itself included.
    pub(super) fn among(&self, index: u32, why: Why, fits: impl Fn(u32) -> bool) -> u32 {
        let copies = self.copies(index);
        let alike = match why {
            Why::Rarest => copies..=copies,
            Why::Random => 0..=u16::MAX,
            Why::Proof | Why::Next | Why::Offered | Why::Endgame => return 1,
        };
        let (first, last) = ((*alike.start(), 0, 0), (*alike.end(), u32::MAX, u32::MAX));
        let alike = self.open.range(first..=last);
        let alike = alike.filter(|(_, _, other)| *other != index && fits(*other));
        u32::try_from(alike.count()).map_or(u32::MAX, |others| others.saturating_add(1))
    }

    fn is_open(&self, index: u32) -> bool {
        self.entry(index)
            .is_some_and(|entry| self.open.contains(&entry))
    }

    fn count(&mut self, index: u32, change: fn(u16, u16) -> u16) {
        let is_open = self.is_open(index);
        self.close(index);
        if let Some(sources) = self.sources.get_mut(index as usize) {
            *sources = change(*sources, 1);
        }
        if is_open {
            self.open(index);
        }
    }

    fn entry(&self, index: u32) -> Option<(u16, u32, u32)> {
        let sources = self.sources.get(index as usize)?;
        // Murmur3's finalizer: equally rare segments come in another order at every peer.
        let mut random = index ^ self.salt;
        random = (random ^ (random >> 16)).wrapping_mul(0x85eb_ca6b);
        random = (random ^ (random >> 13)).wrapping_mul(0xc2b2_ae35);
        Some((*sources, random ^ (random >> 16), index))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picker(count: u32) -> (Picker, Rng) {
        let mut rng = Rng::from_seed(1, 0);
        (Picker::new(&Bitfield::none(count), &mut rng), rng)
    }

    #[test]
    fn the_rarest_segment_goes_first_and_nothing_is_picked_twice() {
        let (mut picker, mut rng) = picker(10);
        picker.gain([0, 1, 2, 3, 4, 5, 6, 7, 8, 9].into_iter());
        picker.gain([0, 1, 2, 4, 5, 6, 7, 8, 9].into_iter());
        let all = Bitfield::all(10);
        let first = picker.pick(Order::RarestFirst, 4, &all, |_| false, &mut rng);
        assert_eq!(first, Some((3, Why::Rarest)));
        let among = |index, why| picker.among(index, why, |index| index != 0);
        assert_eq!((picker.copies(3), among(3, Why::Rarest)), (1, 1));
        assert_eq!((picker.copies(4), among(4, Why::Rarest)), (2, 8));
        assert_eq!(among(4, Why::Random), 9);
        assert_eq!(among(4, Why::Offered), 1);
        let mut picked = BTreeSet::new();
        while let Some((index, _)) = picker.pick(Order::RarestFirst, 4, &all, |_| false, &mut rng) {
            picker.close(index);
            assert!(picked.insert(index));
        }
        assert_eq!(picked.len(), 10);
        assert!(picker.is_all_asked());
        picker.open(7);
        assert_eq!(
            picker.pick(Order::Random, 9, &all, |_| false, &mut rng),
            Some((7, Why::Random))
        );
        assert_eq!(
            picker.pick(Order::Random, 9, &all, |index| index == 7, &mut rng),
            None
        );
    }

    #[test]
    fn a_reader_gets_what_it_reads_next() {
        let (mut picker, mut rng) = picker(100);
        let all = Bitfield::all(100);
        picker.gain(all.iter());
        let mut order = Vec::new();
        for _ in 0..5 {
            let (next, why) = picker
                .pick(Order::From(40), 9, &all, |_| false, &mut rng)
                .unwrap();
            assert_eq!(why, Why::Next);
            picker.close(next);
            order.push(next);
        }
        assert_eq!(order, [40, 41, 42, 43, 44]);
    }

    #[test]
    fn peers_pick_equally_rare_segments_in_different_orders() {
        let firsts: BTreeSet<_> = (0..20)
            .map(|seed| {
                let mut rng = Rng::from_seed(seed, 0);
                let picker = Picker::new(&Bitfield::none(64), &mut rng);
                picker
                    .pick(
                        Order::RarestFirst,
                        9,
                        &Bitfield::all(64),
                        |_| false,
                        &mut rng,
                    )
                    .map(|(index, _)| index)
            })
            .collect();
        assert!(firsts.len() > 10, "{firsts:?}");
    }
}
